import { type Stats, statSync } from "node:fs";
import path from "node:path";
import type { Context } from "../core/index.ts";
import { type Configuration, readConfiguration } from "../workspace/configuration.ts";
import { type DiscoverOptions, discover } from "../workspace/discover.ts";
import { patternTest } from "../workspace/globs.ts";
import { createNamedTest } from "../workspace/named.ts";
import { isWithin, slashed } from "../workspace/paths.ts";
import { readText, reasonOf } from "../workspace/read-file.ts";
import { contextFor, createRepositories } from "../workspace/repository.ts";
import type { Notice } from "./report.ts";

/** Which files a person means. */
export interface FileRequest {
  /** Files and folders as the person named them; none means the current folder. */
  readonly paths: readonly string[];
  /** Patterns as in a .gitignore file. */
  readonly exclude: readonly string[];
  /** Absolute path of the folder that `paths` start from. */
  readonly cwd: string;
}

/** A file that was read, with its repository. It may be no CI file. */
export interface ReadFile {
  /** Absolute path. */
  readonly file: string;
  /** True where a person named this very file, so that nothing is left out in silence. */
  readonly isNamed: boolean;
  /** Absolute path of the repository's root. */
  readonly root: string;
  /** Path from the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly context: Context;
  readonly configuration: Configuration;
  /** True for files, by their absolute paths, that this one may run and about which the person wants to hear nothing. */
  isLeftOut(file: string): boolean;
}

/** What a request comes to. */
export interface Walk {
  /** Absolute path of the folder that paths are shown from. */
  readonly base: string;
  /** The files one by one, each once. */
  readonly files: AsyncIterable<ReadFile>;
}

/**
 * Finds and reads the files of a request. What was named is read whole; without a name, ignored and vendored files of the current
 * folder are left out. Never rejects for what it meets in the file system: that is added to `notices`.
 */
export function walk({ paths, exclude, cwd }: FileRequest, notices: Notice[]): Walk {
  const named = (paths.length === 0 ? ["."] : paths).map((each) => path.resolve(cwd, each));
  const targets = named.flatMap((each) => targetAt(each, notices));
  const [first] = targets;
  const base = targets.length === 1 && named.length === 1 && first?.isFolder ? first.path : cwd;
  const isExcluded = patternTest(exclude);
  const { read, isNamed } = createReader(notices);
  async function* files(): AsyncGenerator<ReadFile> {
    const seen = new Set<string>();
    for (const target of targets) {
      const from = target.isFolder ? target.path : cwd;
      const isLeftOut = (file: string) => isWithin(from, file) && isExcluded(slashed(path.relative(from, file)));
      for await (const file of filesOf(target, { respectIgnore: paths.length === 0, exclude, isNamed }, notices)) {
        if (seen.has(file) || (!target.isFolder && isLeftOut(file))) continue;
        seen.add(file);
        const content = read(file, !target.isFolder);
        if (content !== undefined) yield { ...content, isLeftOut };
      }
    }
  }
  return { base, files: files() };
}

/** What is said of a named file that no system claims. */
export const NO_CI_FILE = "Is no CI file that Pipewarden knows.";

/** A whole sentence from the end of one: "does not exist" becomes "Does not exist.". */
function sentence(end: string): string {
  return `${end.charAt(0).toUpperCase()}${end.slice(1)}.`;
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
  options: Pick<DiscoverOptions, "respectIgnore" | "exclude" | "isNamed">,
  notices: Notice[],
): AsyncGenerator<string> {
  if (!isFolder) return yield folder;
  const onUnreadable = (unreadable: string, reason: string) =>
    notices.push({ file: unreadable, message: sentence(reason), failure: unreadable === folder });
  yield* discover(folder, { ...options, onUnreadable });
}

interface Reader {
  read(file: string, isNamed: boolean): Omit<ReadFile, "isLeftOut"> | undefined;
  /** True for files, by their absolute paths, that the settings of their repository give to a CI system. */
  isNamed(file: string): boolean;
}

/** Reads files one by one and keeps what it learned about their repositories. */
function createReader(notices: Notice[]): Reader {
  const repositories = createRepositories();
  const worlds = new Map<string, { readonly context: Context; readonly configuration: Configuration }>();
  const worldOf = (root: string) => {
    const known = worlds.get(root);
    if (known !== undefined) return known;
    const world = { context: contextFor(root), configuration: readConfiguration(root) };
    worlds.set(root, world);
    for (const { path: file, line, message } of world.configuration.problems)
      notices.push({ file, line, message, failure: false });
    return world;
  };
  const read: Reader["read"] = (file, isNamed) => {
    const repository = repositories.repositoryOf(file);
    const world = worldOf(repository.root);
    if (!isNamed && world.configuration.excludes(repository.path)) return undefined;
    const content = readText(file);
    if ("unreadable" in content) {
      notices.push({ file, message: sentence(content.unreadable), failure: isNamed });
      return undefined;
    }
    return { file, isNamed, ...repository, text: content.text, ...world };
  };
  return { read, isNamed: createNamedTest(undefined, repositories) };
}
