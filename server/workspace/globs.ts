import ignore from "ignore";
import picomatch from "picomatch";
import { SYSTEMS } from "../core/index.ts";

/** Says whether a path is meant. Paths are relative, with forward slashes; a folder's path ends with a slash. */
export type PathTest = (path: string) => boolean;

/**
 * A test for patterns as a .gitignore file has them: one without a slash holds at any depth, one that matches a folder holds for
 * everything in it, `!` takes back, the last match decides. An empty list means nothing.
 */
export function patternTest(patterns: readonly string[]): PathTest {
  const tame = patterns.filter(isTame);
  if (tame.length === 0) return () => false;
  const rules = ignore({ ignorecase: ignoresCase }).add(tame);
  return (path) => path !== "" && rules.ignores(path);
}

/**
 * True for the paths where the files of a CI system usually lie. Unlike the patterns of {@link patternTest}, the globs of the
 * systems are our own, so the faster and richer matcher, which a hostile glob can stall, may read them.
 */
export function systemPathTest(): PathTest {
  return picomatch(
    SYSTEMS.flatMap((system) => system.globs.map((glob) => `**/${withoutAnyDepth(glob)}`)),
    { dot: true, windows: false },
  );
}

/** True for a path that one of the systems' globs matches from the first to the last character, with no folder before it. */
export function exactSystemPathTest(): PathTest {
  return picomatch(
    SYSTEMS.flatMap((system) => system.globs.map(withoutAnyDepth)),
    { dot: true, windows: false },
  );
}

/** A pattern of {@link patternTest} that means `name` itself, whatever characters it has. */
export function literalPattern(name: string): string {
  return name.replace(/[\\[\]*?!# ]/g, "\\$&");
}

/** The file systems of Windows and macOS take names in either case, and git does there too. */
const ignoresCase = process.platform === "win32" || process.platform === "darwin";

/** The opened folder may be hostile, and a chain of `**` takes time exponential in the depth of the path that it is tried on. */
function isTame(pattern: string): boolean {
  return pattern.length <= 1000 && (pattern.match(/\*\*/g)?.length ?? 0) <= 4;
}

function withoutAnyDepth(glob: string): string {
  return glob.replace(/^(\*\*\/|\/)+/, "");
}
