import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, symlinkSync } from "node:fs";
import path from "node:path";
import { type FileText, readText } from "../../server/workspace/read-file.ts";
import { useFolders, withoutPrivileges } from "../support/folder.ts";

describe("readText", () => {
  const makeFolder = useFolders();
  const read = (content: string | Uint8Array, maxBytes?: number): FileText =>
    readText(path.join(makeFolder({ file: content }), "file"), maxBytes);

  it("reads UTF-8 and keeps a byte order mark", () => {
    assert.deepEqual(read("\uFEFFa: ü😀"), { text: "\uFEFFa: ü😀" });
    assert.deepEqual(read(""), { text: "" });
  });

  it("reads a file of the largest size and none above it", () => {
    assert.deepEqual(read("x".repeat(200_000), 200_000), { text: "x".repeat(200_000) });
    assert.deepEqual(read("x".repeat(2 * 1024 * 1024 + 1)), { unreadable: "is larger than 2 MiB" });
  });

  it("gives a reason for what is no UTF-8 text", () => {
    assert.deepEqual(read(Buffer.from("\uFEFFa: b", "utf16le")), { unreadable: "is UTF-16 text; only UTF-8 is read" });
    assert.deepEqual(read(Buffer.from("a: ü", "latin1")), { unreadable: "is not UTF-8 text" });
    assert.deepEqual(read("a\0b"), { unreadable: "is a binary file" });
  });

  it("gives a reason for what is no file", () => {
    const folder = makeFolder();
    symlinkSync("loop", path.join(folder, "loop"));
    assert.deepEqual(readText(folder), { unreadable: "is no regular file" });
    assert.deepEqual(readText(path.join(folder, "missing")), { unreadable: "does not exist" });
    assert.deepEqual(readText(path.join(folder, "loop")), {
      unreadable: "is a symbolic link that leads back to itself",
    });
  });

  it("does not wait for the writer of a named pipe", () => {
    const pipe = path.join(makeFolder(), "pipe");
    execFileSync("mkfifo", [pipe]);
    assert.deepEqual(readText(pipe), { unreadable: "is no regular file" });
  });

  it("gives a reason for a file that permissions guard", async () => {
    const folder = makeFolder({ file: "a" });
    chmodSync(folder, 0o755);
    chmodSync(path.join(folder, "file"), 0o000);
    const text = await withoutPrivileges(async () => readText(path.join(folder, "file")));
    assert.deepEqual(text, { unreadable: "cannot be read: permission denied" });
  });
});
