import { existsSync } from "node:fs";
import path from "node:path";
import { literalPattern, type PathTest, patternTest } from "./globs.ts";
import { readText } from "./read-file.ts";

/** What the .gitignore files from a repository's root down to one folder say. */
export interface IgnoreRules {
  /** Absolute path of the repository's root. */
  readonly root: string;
  /** Every pattern, rewritten as if it stood in the root's file, outermost file first. */
  readonly patterns: readonly string[];
  /** Takes paths from the root. */
  readonly ignores: PathTest;
}

/** The rules that reach a folder from above and from its own .gitignore file. */
export function ignoreRulesFor(folder: string): IgnoreRules {
  const chain = foldersFromRepositoryRoot(folder);
  const start = ignoreRulesOf(chain[0] ?? folder);
  return chain.reduce((rules, each) => withGitignore(rules, each), start);
}

/** No rules yet, for a repository with this root. */
export function ignoreRulesOf(root: string): IgnoreRules {
  return { root, patterns: [], ignores: () => false };
}

/** The rules together with those of a folder's own .gitignore file, where it has one. */
export function withGitignore(rules: IgnoreRules, folder: string): IgnoreRules {
  const file = readText(path.join(folder, ".gitignore"));
  if ("unreadable" in file) return rules;
  const prefix = path.relative(rules.root, folder).split(path.sep).filter(Boolean).map(literalPattern);
  const added = file.text.split(/\r?\n/).flatMap((line) => {
    const pattern = fromRoot(line, prefix);
    return pattern === undefined ? [] : [pattern];
  });
  const patterns = [...rules.patterns, ...added];
  return { root: rules.root, patterns, ignores: patternTest(patterns) };
}

/**
 * A pattern of a nested file as the root's file would have to say it. Only with all patterns in one list can a nested file take back
 * what a file above it ignores. Source of the rule for slashes: the manual page of gitignore.
 */
function fromRoot(line: string, prefix: readonly string[]): string | undefined {
  const negated = line.startsWith("!");
  const pattern = negated ? line.slice(1) : line;
  if (pattern.trim() === "" || line.startsWith("#")) return undefined;
  if (prefix.length === 0) return line;
  const anchored = /\/./.test(pattern);
  const rest = anchored ? pattern.replace(/^\//, "") : `**/${pattern}`;
  return `${negated ? "!" : ""}/${prefix.join("/")}/${rest}`;
}

/** The folder and those around it up to the nearest repository root, outermost first; the folder alone outside of a repository. */
function foldersFromRepositoryRoot(folder: string): readonly string[] {
  const chain: string[] = [];
  for (let each = folder; ; each = path.dirname(each)) {
    chain.unshift(each);
    if (existsSync(path.join(each, ".git"))) return chain;
    if (path.dirname(each) === each) return [folder];
  }
}
