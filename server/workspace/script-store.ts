import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { ScriptStore } from "../pins/scripts.ts";

/** A store of texts in a folder of our own, by its absolute path. The folder is made when something is kept. */
export function createScriptStore(folder: string): ScriptStore {
  return {
    read: async (sha256) => {
      try {
        const text = await readFile(scriptFile(folder, sha256), "utf8");
        return hashOf(text) === sha256 ? text : undefined;
      } catch {
        return undefined;
      }
    },
    write: async (sha256, text) => {
      if (hashOf(text) !== sha256) return;
      const file = scriptFile(folder, sha256);
      const unfinished = `${file}.${randomUUID()}`;
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFile(unfinished, text, { mode: 0o600 });
        await rename(unfinished, file);
      } catch {
        await rm(unfinished, { force: true }).catch(() => {});
      }
    },
  };
}

/** The file in which a store keeps a text. Its ending says that it is to be read and not to be run. */
export function scriptFile(folder: string, sha256: string): string {
  return path.join(folder, `${sha256}.txt`);
}

/** Where the command line keeps texts: below the folder that the system has for caches. Source: the XDG base directory specification. */
export function scriptCache(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { XDG_CACHE_HOME = "", LOCALAPPDATA = "" } = env;
  const own = process.platform === "win32" ? LOCALAPPDATA : path.join(homedir(), ".cache");
  return path.join(path.isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : own || homedir(), "pipewarden", "scripts");
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
