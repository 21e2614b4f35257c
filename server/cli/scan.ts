import { createHash } from "node:crypto";
import { type Stats, statSync } from "node:fs";
import path from "node:path";
import { analyze, type Context, type Edit, type Finding, type Fix } from "../core/index.ts";
import { type Configuration, readConfiguration } from "../workspace/configuration.ts";
import { discover } from "../workspace/discover.ts";
import { patternTest } from "../workspace/globs.ts";
import { isWithin, slashed } from "../workspace/paths.ts";
import { readText, reasonOf } from "../workspace/read-file.ts";
import { contextFor, createRepositories } from "../workspace/repository.ts";
import { type Region, regionsOf } from "./lines.ts";
import type { Change, Notice, Report, Result } from "./report.ts";

export interface ScanRequest {
  /** Files and folders as the person named them; none means the current folder. */
  readonly paths: readonly string[];
  /** Patterns as in a .gitignore file. */
  readonly exclude: readonly string[];
  /** Absolute path of the folder that `paths` start from. */
  readonly cwd: string;
}

/**
 * Reads and analyses the files of a request. What was named is read whole; without a name, ignored and vendored files of the
 * current folder are left out. Never rejects for what it meets in the file system.
 */
export async function scan({ paths, exclude, cwd }: ScanRequest): Promise<Report> {
  const named = (paths.length === 0 ? ["."] : paths).map((each) => path.resolve(cwd, each));
  const notices: Notice[] = [];
  const targets = named.flatMap((each) => targetAt(each, notices));
  const [first] = targets;
  const base = targets.length === 1 && named.length === 1 && first?.isFolder ? first.path : cwd;
  const desk = createDesk(notices);
  const seen = new Set<string>();
  const isExcluded = patternTest(exclude);
  for (const target of targets) {
    for await (const file of filesOf(target, { respectIgnore: paths.length === 0, exclude }, notices)) {
      if (seen.has(file) || (!target.isFolder && isWithin(cwd, file) && isExcluded(slashed(path.relative(cwd, file)))))
        continue;
      seen.add(file);
      desk.read(file, !target.isFolder);
    }
  }
  return { base, ciFiles: desk.ciFiles(), results: withFingerprints(desk.drafts()), notices };
}

interface Target {
  readonly path: string;
  readonly isFolder: boolean;
}

function targetAt(file: string, notices: Notice[]): readonly Target[] {
  try {
    const stats: Stats = statSync(file);
    return [{ path: file, isFolder: stats.isDirectory() }];
  } catch (error) {
    notices.push({ file, message: sentence(reasonOf(error)), failure: true });
    return [];
  }
}

async function* filesOf(
  { path: folder, isFolder }: Target,
  options: { readonly respectIgnore: boolean; readonly exclude: readonly string[] },
  notices: Notice[],
): AsyncGenerator<string> {
  if (!isFolder) return yield folder;
  const onUnreadable = (unreadable: string, reason: string) =>
    notices.push({ file: unreadable, message: sentence(reason), failure: unreadable === folder });
  yield* discover(folder, { ...options, onUnreadable });
}

/** A result before equal ones are numbered. */
type Draft = Omit<Result, "fingerprint"> & { readonly identity: string };

interface Desk {
  /** Analyses a file. `isNamed`: a person named this very file, so nothing is left out in silence. */
  read(file: string, isNamed: boolean): void;
  ciFiles(): number;
  drafts(): readonly Draft[];
}

/** Analyses files one by one and keeps what it learned about their repositories. */
function createDesk(notices: Notice[]): Desk {
  const repositories = createRepositories();
  const worlds = new Map<string, { readonly context: Context; readonly configuration: Configuration }>();
  const drafts = new Map<string, Draft>();
  const claimed = new Set<string>();

  const worldOf = (root: string) => {
    const known = worlds.get(root);
    if (known !== undefined) return known;
    const world = { context: contextFor(root), configuration: readConfiguration(root) };
    worlds.set(root, world);
    for (const { path: file, line, message } of world.configuration.problems)
      notices.push({ file, line, message, failure: false });
    return world;
  };

  return {
    ciFiles: () => claimed.size,
    drafts: () => [...drafts.values()],
    read: (file, isNamed) => {
      const repository = repositories.repositoryOf(file);
      const { context, configuration } = worldOf(repository.root);
      if (!isNamed && configuration.excludes(repository.path)) return;
      const content = readText(file);
      if ("unreadable" in content) {
        notices.push({ file, message: sentence(content.unreadable), failure: isNamed });
        return;
      }
      try {
        const { system, findings } = analyze(
          { path: repository.path, text: content.text },
          context,
          configuration.settings,
        );
        if (system !== undefined) claimed.add(file);
        else if (isNamed) notices.push({ file, message: "Is no CI file that Pipewarden knows.", failure: false });
        const textAt = (other: string) => (other === repository.path ? content.text : context.read(other));
        for (const draft of draftsOf(findings, repository.root, repository.path, textAt)) {
          const key = JSON.stringify([draft.rule.id, draft.file, draft.region.charOffset, draft.region.charLength]);
          if (!drafts.has(key)) drafts.set(key, draft);
        }
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        notices.push({
          file,
          message: `Could not be analysed, which is a mistake in Pipewarden: ${cause}`,
          failure: true,
        });
      }
    },
  };
}

/** Findings with their places in lines and columns; `own` is the analysed file's path in the repository. */
function draftsOf(
  findings: readonly Finding[],
  root: string,
  own: string,
  textAt: (file: string) => string | undefined,
): readonly Draft[] {
  const tables = new Map<string, ReturnType<typeof regionsOf>>();
  const regions = (file: string) => {
    const table = tables.get(file) ?? regionsOf(textAt(file) ?? "");
    tables.set(file, table);
    return table;
  };
  const absolute = (file: string) => path.join(root, file);
  return findings.map((finding) => ({
    rule: finding.rule,
    severity: finding.severity,
    message: finding.message,
    file: absolute(finding.path),
    region: regions(finding.path)(finding.span),
    related: finding.related.map(({ path: file = finding.path, span, message }) => ({
      file: absolute(file),
      region: regions(file)(span),
      message,
    })),
    reach: finding.reach?.map((secret) => ({ ...secret, region: secret.span && regions(own)(secret.span) })),
    fixes: finding.fixes.flatMap((fix) => offlineFix(fix, (edit) => changeOf(edit, own, absolute, regions))),
    identity: JSON.stringify([
      finding.rule.id,
      finding.path,
      (textAt(finding.path) ?? "").slice(finding.span.start, finding.span.end).replace(/\s+/g, " "),
    ]),
  }));
}

function offlineFix(fix: Fix, change: (edit: Edit) => Change): Result["fixes"] {
  return "edits" in fix ? [{ title: fix.title, changes: fix.edits.map(change) }] : [];
}

function changeOf(
  edit: Edit,
  own: string,
  absolute: (file: string) => string,
  regions: (file: string) => (span: Finding["span"]) => Region,
): Change {
  if ("create" in edit) return { file: absolute(edit.path), region: undefined, text: edit.create };
  const file = edit.path ?? own;
  return { file: absolute(file), region: regions(file)(edit.span), text: edit.text };
}

/** Equal findings of a file are told apart by their order, so that a finding keeps its fingerprint when lines move. */
function withFingerprints(drafts: readonly Draft[]): readonly Result[] {
  const counts = new Map<string, number>();
  return drafts.map(({ identity, ...result }) => {
    const count = counts.get(identity) ?? 0;
    counts.set(identity, count + 1);
    return { ...result, fingerprint: createHash("sha256").update(`${identity}#${count}`).digest("hex") };
  });
}

/** A whole sentence from the end of one: "does not exist" becomes "Does not exist.". */
function sentence(end: string): string {
  return `${end.charAt(0).toUpperCase()}${end.slice(1)}.`;
}
