import { existsSync, readdirSync, realpathSync } from "node:fs";
import path from "node:path";
import type { Context } from "../core/index.ts";
import { exactSystemPathTest, patternTest } from "./globs.ts";
import { isWithin, slashed } from "./paths.ts";
import { readText } from "./read-file.ts";

/** Where a file belongs: the root of its repository, absolute, and its way from there with forward slashes. */
export interface RepositoryPath {
  readonly root: string;
  readonly path: string;
}

/** Finds the repository of a file, and remembers it. */
export interface Repositories {
  /**
   * The repository of a file, by its absolute path: the nearest folder around it that holds `.git` (a folder, or a file as in work
   * trees), else the folder above a path where CI files lie, such as the one above `.github`, else its own folder.
   */
  repositoryOf(absolutePath: string): RepositoryPath;
}

const isCiPath = exactSystemPathTest();

/** Remembers what it learned about folders, at most `limit` of them. A `.git` that comes or goes needs a new one. */
export function createRepositories(limit = 20_000): Repositories {
  const roots = new Map<string, string | undefined>();

  const gitRootOf = (folder: string): string | undefined => {
    if (roots.has(folder)) return roots.get(folder);
    const parent = path.dirname(folder);
    const root = existsSync(path.join(folder, ".git")) ? folder : parent === folder ? undefined : gitRootOf(parent);
    if (roots.size >= limit) roots.clear();
    roots.set(folder, root);
    return root;
  };

  return {
    repositoryOf: (absolutePath) => {
      const file = path.resolve(absolutePath);
      const root = gitRootOf(path.dirname(file)) ?? folderAboveCiPath(file) ?? path.dirname(file);
      return { root, path: slashed(path.relative(root, file)) };
    },
  };
}

/** Larger files that a pipeline names are not read. */
const maxContextFileBytes = 1024 * 1024;

/** A glob that would have to look at more entries than this finds only what came before. */
const maxListedEntries = 20_000;

/**
 * What the analysis of a file may read besides it: the files below a repository's root, as they are at that moment. Paths that lead out
 * of the root, also by links, are absent, and so are files that are larger than 1 MiB or no UTF-8. `overlay` gives the text of a file
 * that is open in an editor, by its absolute path.
 */
export function contextFor(root: string, overlay?: (absolutePath: string) => string | undefined): Context {
  const remote = remoteOf(root);
  return {
    ...(remote === undefined ? {} : { remote }),
    read: (file) => {
      const absolute = pathWithin(root, file);
      return absolute === undefined ? undefined : (overlay?.(absolute) ?? readWithin(root, absolute));
    },
    list: (glob) => listBelow(root, glob),
  };
}

/** The address of the remote "origin", read from git's own file: no git is run. */
function remoteOf(root: string): Context["remote"] {
  const config = readText(path.join(root, ".git", "config"), maxContextFileBytes);
  const section = "text" in config ? /\[remote "origin"\][^[]*/.exec(config.text)?.[0] : undefined;
  const url = /^\s*url\s*=\s*(\S+)/m.exec(section ?? "")?.[1] ?? "";
  const [, host, repo] = /^(?:\w+:\/\/)?(?:[^@/]*@)?([\w.-]+)(?::\d+)?[/:]([\w.~/-]+?)(?:\.git)?\/?$/.exec(url) ?? [];
  return host === undefined || repo === undefined || !host.includes(".")
    ? undefined
    : { host: host.toLowerCase(), repo };
}

function folderAboveCiPath(file: string): string | undefined {
  const parts = slashed(file).split("/");
  for (let start = 1; start < parts.length; start++) {
    if (AT_THE_ROOT.test(parts[start] ?? "") || isCiPath(parts.slice(start).join("/")))
      return path.resolve(`${parts.slice(0, start).join("/")}/`);
  }
  return undefined;
}

/** Folders that git hosts and CI products look for at the root of a repository alone, with more in them than pipelines. */
const AT_THE_ROOT = /^\.(?:github|gitlab|gitea|forgejo|circleci|buildkite)$/;

function pathWithin(root: string, file: string): string | undefined {
  if (file.includes("\0") || path.isAbsolute(file)) return undefined;
  const absolute = path.resolve(root, file);
  return isWithin(root, absolute) ? absolute : undefined;
}

function readWithin(root: string, absolute: string): string | undefined {
  if (!reallyWithin(root, absolute)) return undefined;
  const file = readText(absolute, maxContextFileBytes);
  return "text" in file ? file.text : undefined;
}

/** True where the path exists and lies within the root when every link is followed. */
function reallyWithin(root: string, absolute: string): boolean {
  try {
    return isWithin(realpathSync(root), realpathSync(absolute));
  } catch {
    return false;
  }
}

/** Walks no deeper than the glob's first wildcard demands: what stands before it is the folder to start from. */
function listBelow(root: string, glob: string): readonly string[] {
  const anchored = glob.replace(/^\/+/, "");
  const isMeant = patternTest([`/${anchored}`]);
  const start = anchored.split("/").slice(0, -1);
  const wild = start.findIndex((part) => /[*?[\\]/.test(part));
  const base = pathWithin(root, start.slice(0, wild < 0 ? undefined : wild).join("/"));
  if (base === undefined || !reallyWithin(root, base)) return [];
  const found: string[] = [];
  const open = [base];
  let looked = 0;
  for (let folder = open.pop(); folder !== undefined && looked < maxListedEntries; folder = open.pop()) {
    for (const entry of entriesOf(folder)) {
      looked++;
      const entryPath = path.join(folder, entry.name);
      if (entry.isDirectory() && entry.name !== ".git") open.push(entryPath);
      if (entry.isFile() && isMeant(slashed(path.relative(root, entryPath))))
        found.push(slashed(path.relative(root, entryPath)));
    }
  }
  return found.sort();
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
