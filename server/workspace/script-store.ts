import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { ScriptStore } from "../pins/scripts.ts";

/** Bytes of texts that a store keeps: years of what one person pins, and little for a disk. */
const MAX_BYTES = 20 * 1024 * 1024;

/**
 * A store of texts in a folder of our own, by its absolute path. The folder is made when something is kept. Where the texts grow over
 * `maxBytes`, those that nobody has pinned, verified or looked at for the longest time go.
 */
export function createScriptStore(folder: string, maxBytes = MAX_BYTES): ScriptStore {
  return {
    read: async (digest) => {
      try {
        const file = digest.length === 64 ? scriptFile(folder, digest) : await fileWith(folder, digest);
        const text = await readFile(file, "utf8");
        if (hashOf(text, digest.length) !== digest) return undefined;
        await utimes(file, new Date(), new Date()).catch(() => {});
        return text;
      } catch {
        return undefined;
      }
    },
    write: async (sha256, text) => {
      if (hashOf(text) !== sha256 || Buffer.byteLength(text) > maxBytes) return;
      const file = scriptFile(folder, sha256);
      const unfinished = `${file}.${randomUUID()}`;
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFile(unfinished, text, { mode: 0o600 });
        await rename(unfinished, file);
        await removeOldest(folder, maxBytes);
      } catch {
        await rm(unfinished, { force: true }).catch(() => {});
      }
    },
  };
}

/** The file whose text has a digest of another length: there are few files, and few who ask for such a digest. */
async function fileWith(folder: string, digest: string): Promise<string> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    if (/^[0-9a-f]{64}\.txt$/.test(name) && hashOf(await readFile(file, "utf8"), digest.length) === digest) return file;
  }
  throw new Error("No text has this digest.");
}

/** Removes texts, the oldest first, and what an end of the program left unfinished, until the others fit. */
async function removeOldest(folder: string, maxBytes: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}\.txt/.test(name));
  const files = await Promise.all(
    names.map(async (name) => {
      const file = path.join(folder, name);
      // Another window may have removed it meanwhile.
      const { size, mtimeMs } = await stat(file).catch(() => ({ size: 0, mtimeMs: 0 }));
      return { file, size, mtimeMs };
    }),
  );
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { file, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
    if (total <= maxBytes) return;
    await rm(file, { force: true });
    total -= size;
  }
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

/** @param digits 64, 96 or 128, as SHA-256, SHA-384 and SHA-512 have them */
function hashOf(text: string, digits = 64): string {
  return createHash(`sha${digits * 4}`)
    .update(text)
    .digest("hex");
}
