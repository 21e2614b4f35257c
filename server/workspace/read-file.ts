import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** Text of a file, or why there is none, as the end of a sentence that starts with the file's name: "is larger than 2 MiB". */
export type FileText = { readonly text: string } | { readonly unreadable: string };

/** CI systems refuse far smaller files; a larger one is no CI file that a person wrote. */
const maxCiFileBytes: number = 2 * 1024 * 1024;

/**
 * Reads a UTF-8 file of at most `maxBytes` bytes. A byte order mark stays in the text, so that offsets are those of the file. Never
 * throws and never blocks: what is no regular file has no text.
 */
export function readText(path: string, maxBytes: number = maxCiFileBytes): FileText {
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      return fstatSync(file).isFile()
        ? decode(readBytes(file, maxBytes + 1), maxBytes)
        : { unreadable: "is no regular file" };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return { unreadable: reasonOf(error) };
  }
}

/** Why a call of the file system failed, as the end of a sentence that starts with the file's or folder's name. */
export function reasonOf(error: unknown): string {
  const code = errorCode(error);
  return REASONS.get(code ?? "") ?? `cannot be read (${code ?? String(error)})`;
}

/** The code of a system error: "ENOENT". */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "does not exist"],
  ["ENOTDIR", "does not exist"],
  ["EACCES", "cannot be read: permission denied"],
  ["EPERM", "cannot be read: permission denied"],
  ["EISDIR", "is a folder"],
  ["ELOOP", "is a symbolic link that leads back to itself"],
  ["ENXIO", "is no regular file"],
]);

/** At most `limit` bytes from the start. The size that the file system tells is not trusted: the file may grow meanwhile. */
function readBytes(file: number, limit: number): Buffer {
  const chunks: Buffer[] = [];
  for (let total = 0; total < limit; ) {
    const chunk = Buffer.allocUnsafe(Math.min(64 * 1024, limit - total));
    const length = readSync(file, chunk, 0, chunk.length, null);
    if (length === 0) break;
    chunks.push(chunk.subarray(0, length));
    total += length;
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Buffer, maxBytes: number): FileText {
  if (bytes.length > maxBytes) return { unreadable: `is larger than ${maxBytes / 1024 / 1024} MiB` };
  if (isUtf16(bytes)) return { unreadable: "is UTF-16 text; only UTF-8 is read" };
  if (bytes.includes(0)) return { unreadable: "is a binary file" };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { unreadable: "is not UTF-8 text" };
  }
}

function isUtf16(bytes: Buffer): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}
