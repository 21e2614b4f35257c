import path from "node:path";
import { DEFAULT_SETTINGS, parseSettings, type Settings } from "../core/index.ts";
import { type PathTest, patternTest } from "./globs.ts";
import { readText } from "./read-file.ts";

/** Name of the file at a repository's root that holds the repository's settings. */
export const configurationFile = ".pipewarden.yml";

/** What a repository's own settings file says. */
export interface Configuration {
  readonly settings: Settings;
  /** True for files that the settings leave out; takes paths from the repository's root with forward slashes. */
  readonly excludes: PathTest;
  readonly problems: readonly ConfigurationProblem[];
}

/** Something wrong in a settings file; the defaults hold there. */
export interface ConfigurationProblem {
  /** Absolute path of the settings file. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** The settings of the repository with this root; without a settings file the defaults. Never throws. `overlay` as for a context. */
export function readConfiguration(root: string, overlay?: (absolutePath: string) => string | undefined): Configuration {
  const file = path.join(root, configurationFile);
  const open = overlay?.(file);
  const read = open === undefined ? readText(file) : { text: open };
  if ("unreadable" in read) {
    const missing = read.unreadable === "does not exist";
    const problems = missing
      ? []
      : [{ path: file, line: 1, message: `${configurationFile} ${read.unreadable}; the defaults hold.` }];
    return { settings: DEFAULT_SETTINGS, excludes: () => false, problems };
  }
  const { settings, problems } = parseSettings(read.text);
  return {
    settings,
    excludes: patternTest(settings.exclude ?? []),
    problems: problems.map(({ span, message }) => ({ path: file, line: lineAt(read.text, span.start), message })),
  };
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split(/\r\n|\r|\n/).length;
}
