import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Note } from "../pins/memory.ts";

/** A note in a file of our own, by its absolute path. Its folder is made when something is kept. */
export function createNote(file: string): Note {
  return {
    read: () => readFile(file, "utf8").catch(() => undefined),
    write: async (text) => {
      const unfinished = `${file}.${randomUUID()}`;
      try {
        await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
        await writeFile(unfinished, text, { mode: 0o600 });
        await rename(unfinished, file);
      } catch {
        await rm(unfinished, { force: true }).catch(() => {});
      }
    },
  };
}
