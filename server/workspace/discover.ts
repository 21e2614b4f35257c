import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { type PathTest, patternTest, systemPathTest } from "./globs.ts";
import { type IgnoreRules, ignoreRulesFor, ignoreRulesOf, withGitignore } from "./ignored.ts";
import { isWithin, slashed } from "./paths.ts";
import { errorCode, reasonOf } from "./read-file.ts";

/** Which files of a folder are left out. */
export interface DiscoverOptions {
  /** Leaves out what .gitignore files ignore, and folders called `node_modules` and `vendor`. */
  readonly respectIgnore: boolean;
  /** Patterns as in a .gitignore file, relative to the folder. */
  readonly exclude?: readonly string[];
  /** True for the absolute paths of further files that are looked for, whatever their names are. */
  readonly isNamed?: PathTest;
  /** Only what lies at or below this absolute path is looked for; what leaves it out from above holds all the same. */
  readonly within?: string;
  /** The walk ends after so many files. */
  readonly limit?: number;
  /** The walk ends when it is aborted. */
  readonly signal?: AbortSignal;
  /** Told of folders that cannot be listed, with the end of a sentence about each; the walk goes on. */
  readonly onUnreadable?: (folder: string, reason: string) => void;
}

/**
 * Absolute paths of all files below a folder that may be CI files: every .yml and .yaml file, whatever a system's globs name, and what
 * the options add. The order is stable. `.git` folders are never entered.
 *
 * Links to folders are not followed, as git does not: so the walk ends, stays inside, and comes to each file once. A link to a file
 * counts where the file lies within the folder.
 */
export async function* discover(folder: string, options: DiscoverOptions): AsyncGenerator<string> {
  const walk = startWalk(path.resolve(folder), options);
  const open: Folder[] = [{ path: walk.root, rules: options.respectIgnore ? ignoreRulesFor(walk.root) : undefined }];
  let found = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const entries = await list(walk, next.path);
    const rules = rulesIn(next, walk, entries);
    const inner: Folder[] = [];
    for (const entry of entries) {
      if (options.signal?.aborted || found >= (options.limit ?? Number.POSITIVE_INFINITY)) return;
      const entryPath = path.join(next.path, entry.name);
      if (!walk.isOnTheWay(entryPath)) continue;
      if (entry.isDirectory()) {
        if (!isSkipped(walk, rules, entry.name, `${entryPath}/`)) inner.push({ path: entryPath, rules });
      } else if (walk.isCandidate(entryPath) && !isSkipped(walk, rules, entry.name, entryPath)) {
        if (!entry.isFile() && !(entry.isSymbolicLink() && (await leadsToFileWithin(walk.root, entryPath)))) continue;
        found++;
        yield entryPath;
      }
    }
    for (const each of inner.reverse()) open.push(each);
  }
}

interface Folder {
  readonly path: string;
  /** The rules that hold for its entries, its own .gitignore file left out. */
  readonly rules: IgnoreRules | undefined;
}

interface Walk {
  readonly root: string;
  readonly options: DiscoverOptions;
  readonly isCandidate: PathTest;
  readonly isExcluded: PathTest;
  /** True for what lies at, below or above the part that is looked for. */
  readonly isOnTheWay: PathTest;
}

function startWalk(root: string, options: DiscoverOptions): Walk {
  const isSystemPath = systemPathTest();
  return {
    root,
    options,
    isCandidate: (file) =>
      /\.ya?ml$/i.test(file) || isSystemPath(slashed(path.relative(root, file))) || options.isNamed?.(file) === true,
    isExcluded: patternTest(options.exclude ?? []),
    isOnTheWay: onTheWayTo(options.within),
  };
}

function onTheWayTo(within: string | undefined): PathTest {
  if (within === undefined) return () => true;
  const target = path.resolve(within);
  return (entryPath) => isWithin(target, entryPath) || isWithin(entryPath, target);
}

/** Sorted by name. What vanishes while we walk is no news, unless it is the folder that was asked for. */
async function list(walk: Walk, folder: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const vanished = errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR";
    if (!vanished || folder === walk.root) walk.options.onUnreadable?.(folder, reasonOf(error));
    return [];
  }
}

/** A repository inside of another one is a world of its own: the rules of the outer one end there. */
function rulesIn(folder: Folder, walk: Walk, entries: readonly Dirent[]): IgnoreRules | undefined {
  if (folder.rules === undefined || folder.path === walk.root) return folder.rules;
  const has = (name: string) => entries.some((entry) => entry.name === name);
  const rules = has(".git") ? ignoreRulesOf(folder.path) : folder.rules;
  return has(".gitignore") ? withGitignore(rules, folder.path) : rules;
}

function isSkipped(walk: Walk, rules: IgnoreRules | undefined, name: string, entryPath: string): boolean {
  if (name === ".git" || (rules !== undefined && (name === "node_modules" || name === "vendor"))) return true;
  return walk.isExcluded(relative(walk.root, entryPath)) || (rules?.ignores(relative(rules.root, entryPath)) ?? false);
}

async function leadsToFileWithin(root: string, link: string): Promise<boolean> {
  try {
    const [realRoot, target] = await Promise.all([realpath(root), realpath(link)]);
    return isWithin(realRoot, target) && (await stat(target)).isFile();
  } catch {
    return false;
  }
}

/** The way from a folder to an entry below it, with forward slashes; the slash at the end of a folder stays. */
function relative(root: string, entryPath: string): string {
  return slashed(entryPath.slice(root.endsWith(path.sep) ? root.length : root.length + 1));
}
