import { readFileSync } from "node:fs";

/**
 * The names of the files in a zip archive, sorted. Throws where the file is none. Source: the central directory of PKWARE's APPNOTE.TXT
 * 4.3.12; archives beyond 65,535 files are not read.
 */
export function namesInZip(file: string): readonly string[] {
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (end < 0) throw new Error(`${file} is no zip archive.`);
  const count = bytes.readUInt16LE(end + 10);
  let place = bytes.readUInt32LE(end + 16);
  const names: string[] = [];
  for (let index = 0; index < count; index++) {
    const [name, extra, comment] = [28, 30, 32].map((field) => bytes.readUInt16LE(place + field));
    names.push(bytes.toString("utf8", place + 46, place + 46 + (name ?? 0)));
    place += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return names.sort();
}
