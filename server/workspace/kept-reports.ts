import { createHash, randomUUID } from "node:crypto";
import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { finished } from "node:stream/promises";

/** So many workspaces are remembered; a file of 10,000 reports takes about 20 MB. */
const MAX_WORKSPACES = 10;

/** A larger file is not worth the memory that reading it takes. */
const MAX_BYTES = 256 * 1024 * 1024;

const ENDING = ".reports";

/**
 * Opens what earlier sessions found out about a workspace: one file below `folder`, an absolute path, that nobody but its owner can
 * read. Its first line names the build of the program that wrote it, and each other line is a file's URI, the traces and the
 * report, with tabs in between. What cannot be read is not there, and what cannot be written is given up: this never rejects.
 *
 * @param workspace names the workspace; any text
 * @param build names the build of the program: another one may find other things
 */
export async function openKeptReports(folder: string, workspace: string, build: string) {
  const name = createHash("sha256").update(workspace).digest("hex").slice(0, 32);
  const file = path.join(folder, `${name}${ENDING}`);
  const unfinished = `${file}.${randomUUID()}`;
  const read = await readLimited(file);
  const lines = linesOf(read, build);
  const bytes = lines.size === 0 ? Buffer.alloc(0) : read;
  const replaced = new Set<string>();
  const state: { out: WriteStream | undefined } = { out: undefined };
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => {});

  const begin = () => {
    const out = createWriteStream(unfinished, { mode: 0o600 });
    // What goes wrong is noticed at the end; until then an unheard error would end the process.
    out.on("error", () => {});
    out.write(`${build}\n`);
    state.out = out;
    return out;
  };

  return {
    find: (uri: string) => {
      const line = lines.get(uri);
      if (line === undefined || replaced.has(uri)) return undefined;
      const [, traces, report] = bytes.toString("utf8", line.start, line.end).split("\t");
      return traces === undefined || report === undefined ? undefined : { traces, report };
    },
    keep: (uri: string, traces: string, report: string) => {
      replaced.add(uri);
      (state.out ?? begin()).write(`${uri}\t${traces}\t${report}\n`);
    },
    close: async (isWanted: (uri: string) => boolean) => {
      const others = [...lines].filter(([uri]) => !replaced.has(uri) && isWanted(uri));
      if (state.out === undefined && others.length === lines.size) return;
      try {
        const out = state.out ?? begin();
        for (const [, { start, end }] of others) out.write(bytes.subarray(start, end + 1));
        out.end();
        await finished(out);
        await rename(unfinished, file);
        await forgetOldest(folder);
      } catch {
        await rm(unfinished, { force: true }).catch(() => {});
      }
    },
  };
}

/** Where a line lies in the file, in bytes; its line break is at `end`. */
interface Line {
  readonly start: number;
  readonly end: number;
}

async function readLimited(file: string): Promise<Buffer> {
  try {
    return (await stat(file)).size > MAX_BYTES ? Buffer.alloc(0) : await readFile(file);
  } catch {
    return Buffer.alloc(0);
  }
}

/** The lines by URI. A last line without a line break was not written to its end. */
function linesOf(bytes: Buffer, build: string): ReadonlyMap<string, Line> {
  const lines = new Map<string, Line>();
  const head = bytes.indexOf(10);
  if (bytes.toString("utf8", 0, Math.max(head, 0)) !== build) return lines;
  for (
    let start = head + 1, end = bytes.indexOf(10, start);
    end >= 0;
    start = end + 1, end = bytes.indexOf(10, start)
  ) {
    const tab = bytes.indexOf(9, start);
    if (tab >= 0 && tab < end) lines.set(bytes.toString("utf8", start, tab), { start, end });
  }
  return lines;
}

async function forgetOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ENDING));
  const files = await Promise.all(
    names.map(async (name) => ({ file: path.join(folder, name), age: -(await stat(path.join(folder, name))).mtimeMs })),
  );
  const oldest = files.sort((a, b) => a.age - b.age).slice(MAX_WORKSPACES);
  await Promise.all(oldest.map(({ file }) => rm(file, { force: true })));
}
