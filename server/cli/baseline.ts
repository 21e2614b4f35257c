import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Accepted, readBaseline, writeBaseline } from "../baseline/baseline.ts";
import { type Settings, USUAL_BASELINE } from "../core/index.ts";
import { isWithin, slashed } from "../workspace/paths.ts";
import { readText, reasonOf } from "../workspace/read-file.ts";
import { printable } from "./printable.ts";
import { type Notice, type Report, type Result, shownPath } from "./report.ts";
import type { Terminal } from "./terminal.ts";

/** Which baseline a person wants: that of each repository's settings, none, or a file, from the current folder. */
export type BaselineChoice = "usual" | "none" | { readonly file: string };

/** A repository whose files were read. */
export interface ReadRoot {
  readonly settings: Settings;
  /** Paths from the root of the CI files that were read. */
  readonly paths: ReadonlySet<string>;
  /** True where every CI file of it was looked for. */
  readonly isWhole: boolean;
}

/** A baseline, and what it would be today. */
export interface Baseline {
  /** Absolute path. */
  readonly file: string;
  /** Fingerprints of what it accepts. */
  readonly known: ReadonlySet<string>;
  /** What it accepts and nobody finds any more. */
  readonly gone: readonly Accepted[];
  /** What it would hold if it were written now. What was not looked at stays as it is. */
  readonly now: readonly Accepted[];
}

/** A result with the repository that it lies in. `isSilent`: something else than a baseline silences it. */
export type RootedResult = Pick<Result, "rule" | "file" | "fingerprint"> & {
  readonly root: string;
  readonly isSilent: boolean;
};

/** The baselines of a scan. What is wrong with their files is added to `notices`; such a file accepts nothing. */
export function baselinesOf(
  choice: BaselineChoice,
  cwd: string,
  roots: ReadonlyMap<string, ReadRoot>,
  results: readonly RootedResult[],
  isWritten: boolean,
  notices: Notice[],
): readonly Baseline[] {
  if (choice === "none") return [];
  const files = new Map<string, string[]>();
  for (const [root, { settings }] of roots) {
    const file = fileOf(choice, cwd, root, settings);
    if (file !== undefined) files.set(file, [...(files.get(file) ?? []), root]);
  }
  return [...files].map(([file, members]) => {
    const own = results.filter(({ root }) => members.includes(root));
    const read = readAccepted(file, choice !== "usual" && !isWritten, notices);
    const found = new Set(own.map(({ fingerprint }) => fingerprint));
    const isSeen = ({ path: at }: Accepted) =>
      members.some((root) => roots.get(root)?.isWhole === true || roots.get(root)?.paths.has(at) === true);
    const missing = read.filter(({ fingerprint }) => !found.has(fingerprint));
    const now = own.filter(({ isSilent }) => !isSilent).map(acceptedOf);
    return {
      file,
      known: new Set(read.map(({ fingerprint }) => fingerprint)),
      gone: missing.filter(isSeen),
      now: [...now, ...missing.filter((each) => !isSeen(each))],
    };
  });
}

/** Writes what the baselines would be today, and says so. False where one could not be written. */
export function writeBaselines(baselines: readonly Baseline[], report: Report, terminal: Terminal): boolean {
  const written = baselines.map(({ file, now, gone }) => {
    const name = printable(shownPath(report, file));
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, writeBaseline(now));
      const dropped = gone.length === 0 ? "" : ` ${gone.length} that are gone were dropped.`;
      terminal.out(`${name} accepts ${now.length} ${now.length === 1 ? "finding" : "findings"}.${dropped}\n`);
      return true;
    } catch (error) {
      terminal.err(`pipewarden: ${name} could not be written: it ${reasonOf(error)}.\n`);
      return false;
    }
  });
  return written.every((isDone) => isDone);
}

function fileOf(
  choice: BaselineChoice,
  cwd: string,
  root: string,
  { baseline = USUAL_BASELINE }: Settings,
): string | undefined {
  if (typeof choice === "object") return path.resolve(cwd, choice.file);
  const file = path.resolve(root, baseline);
  // The settings of an opened repository must not lead out of it.
  return baseline !== "" && isWithin(root, file) ? file : undefined;
}

function readAccepted(file: string, isNeeded: boolean, notices: Notice[]): readonly Accepted[] {
  const content = readText(file);
  if ("unreadable" in content) {
    if (isNeeded || content.unreadable !== "does not exist")
      notices.push({ file, message: `The baseline ${content.unreadable}.`, failure: isNeeded });
    return [];
  }
  const read = readBaseline(content.text);
  if ("accepted" in read) return read.accepted;
  notices.push({ file, message: `The file ${read.wrong}, so everything is shown.`, failure: isNeeded });
  return [];
}

function acceptedOf({ rule, root, file, fingerprint }: RootedResult): Accepted {
  return { path: slashed(path.relative(root, file)), rule: rule.id, fingerprint };
}
