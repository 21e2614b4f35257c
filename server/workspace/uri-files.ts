import { statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Context } from "../core/index.ts";
import { configurationFile } from "./configuration.ts";
import { discover } from "./discover.ts";
import { patternTest, systemPathTest } from "./globs.ts";
import { createNamedTest, type Globs } from "./named.ts";
import { slashed } from "./paths.ts";
import { readText } from "./read-file.ts";
import { contextFor, createRepositories, type Repositories } from "./repository.ts";

/** The files of this machine as the language server wants them: named by `file` URIs. Other URIs name nothing here. */
export function createUriFiles() {
  const isCiPath = systemPathTest();
  return {
    settingsFile: configurationFile,
    patternTest,
    // Made anew each time, so that a repository that comes or goes is noticed.
    locate: (uri: string) => locate(uri, createRepositories(), contextFor),
    locator: () => {
      const repositories = createRepositories();
      const contexts = remembering((root: string) => contextFor(root));
      return (uri: string) => locate(uri, repositories, contexts);
    },
    stamp: (uri: string) => stampOf(toPath(uri)),
    read: async (uri: string) => {
      // A scan reads one file after the other; in between, requests have to get their turn.
      await setImmediate();
      const file = toPath(uri);
      const read = file === undefined ? undefined : readText(file);
      // Editors hide a byte order mark, and the columns of the first line count without it.
      return read !== undefined && "text" in read ? read.text.replace(/^\uFEFF/u, "") : undefined;
    },
    discover: (folder: string, within?: string, globs?: Globs, ignored?: boolean) =>
      discoverUris(toPath(folder), within && toPath(within), globs, ignored),
    isNamed: (uri: string, globs?: Globs) => {
      const file = toPath(uri);
      return file !== undefined && createNamedTest(globs)(file);
    },
    looksLikeCi: (uri: string) => isCiPath(slashed(toPath(uri) ?? "").replace(/^\//u, "")),
  };
}

function locate(uri: string, repositories: Repositories, contextOf: (root: string) => Context) {
  const file = toPath(uri);
  if (file === undefined) return undefined;
  const { root, path } = repositories.repositoryOf(file);
  return { root: folderUri(root), path, context: contextOf(root) };
}

function remembering<V>(make: (key: string) => V): (key: string) => V {
  const known = new Map<string, V>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}

/** File systems tell the time in steps, of two seconds at most: FAT's. */
const COARSEST_STEP_MS = 2_000;

function stampOf(file: string | undefined): string | undefined {
  if (file === undefined) return "";
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return "";
    if (Math.abs(Date.now() - stats.mtimeMs) < COARSEST_STEP_MS) return undefined;
    return `${stats.size} ${stats.mtimeMs}`;
  } catch {
    return "";
  }
}

async function* discoverUris(
  folder: string | undefined,
  within: string | undefined,
  globs: Globs,
  ignored: boolean | undefined,
): AsyncGenerator<string> {
  if (folder === undefined) return;
  const options = {
    respectIgnore: ignored !== true,
    isNamed: createNamedTest(globs),
    ...(within !== undefined && { within }),
  };
  for await (const file of discover(folder, options)) yield pathToFileURL(file).href;
}

function folderUri(folder: string): string {
  const { href } = pathToFileURL(folder);
  return href.endsWith("/") ? href : `${href}/`;
}

function toPath(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}
