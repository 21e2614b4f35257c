import { setImmediate } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { configurationFile } from "./configuration.ts";
import { discover } from "./discover.ts";
import { patternTest, systemPathTest } from "./globs.ts";
import { slashed } from "./paths.ts";
import { readText } from "./read-file.ts";
import { contextFor, createRepositories } from "./repository.ts";

/** The files of this machine as the language server wants them: named by `file` URIs. Other URIs name nothing here. */
export function createUriFiles() {
  const isCiPath = systemPathTest();
  return {
    settingsFile: configurationFile,
    patternTest,
    locate: (uri: string) => {
      const file = toPath(uri);
      if (file === undefined) return undefined;
      // Made anew each time, so that a repository that comes or goes is noticed.
      const { root, path } = createRepositories().repositoryOf(file);
      return { root: folderUri(root), path, context: contextFor(root) };
    },
    read: async (uri: string) => {
      // A scan reads one file after the other; in between, requests have to get their turn.
      await setImmediate();
      const file = toPath(uri);
      const read = file === undefined ? undefined : readText(file);
      // Editors hide a byte order mark, and the columns of the first line count without it.
      return read !== undefined && "text" in read ? read.text.replace(/^\uFEFF/u, "") : undefined;
    },
    discover: (folder: string) => discoverUris(toPath(folder)),
    looksLikeCi: (uri: string) => isCiPath(slashed(toPath(uri) ?? "").replace(/^\//u, "")),
  };
}

async function* discoverUris(folder: string | undefined): AsyncGenerator<string> {
  if (folder === undefined) return;
  for await (const file of discover(folder, { respectIgnore: true })) yield pathToFileURL(file).href;
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
