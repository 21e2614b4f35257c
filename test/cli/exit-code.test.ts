import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { useFolders } from "../support/folder.ts";
import { breach, clean, mild, pipewarden, projectRoot } from "./command-line.ts";

describe("the exit code", () => {
  const makeFolder = useFolders();
  const workflow = ".github/workflows/ci.yml";
  const codeFor = async (args: readonly string[], files: Readonly<Record<string, string>>) => {
    const { code, err } = await pipewarden(args, makeFolder(files));
    return [code, err];
  };

  it("is 0 where nothing is found, and where there is no CI file", async () => {
    assert.deepEqual(await codeFor(["scan"], { [workflow]: clean }), [0, ""]);
    assert.deepEqual(await codeFor(["scan"], {}), [0, ""]);
  });

  it("is 1 from warnings on, unless told otherwise", async () => {
    assert.deepEqual(await codeFor(["scan"], { [workflow]: mild }), [1, ""]);
    assert.deepEqual(await codeFor(["scan", "--fail-on", "error"], { [workflow]: mild }), [0, ""]);
    assert.deepEqual(await codeFor(["scan", "--fail-on", "error"], { [workflow]: breach }), [1, ""]);
    assert.deepEqual(await codeFor(["scan", "--fail-on=never"], { [workflow]: breach }), [0, ""]);
  });

  it("does not change the report", async () => {
    const folder = makeFolder({ [workflow]: breach });
    const [strict, lax] = await Promise.all(
      ["hint", "never"].map((each) => pipewarden(["scan", "--fail-on", each], folder)),
    );
    assert.equal(strict?.out, lax?.out);
  });

  for (const [args, reason] of [
    [[], "without a command"],
    [["frobnicate"], "no command “frobnicate”"],
    [["scan", "--frob"], "Unknown option '--frob'."],
    [["scan", "--format", "xml"], "no format “xml”"],
    [["scan", "--fail-on", "fatal"], "--fail-on cannot be “fatal”"],
    [["scan", ""], "cannot be empty"],
    [["lsp"], "lsp needs --stdio"],
    [["lsp", "--stdio", "ci.yml"], "lsp takes no path"],
  ] as const) {
    it(`is 2 with the reason for: pipewarden ${args.join(" ")}`, async () => {
      const { code, out, err } = await pipewarden(args, makeFolder());
      assert.deepEqual([code, out], [2, ""]);
      assert.ok(err.includes(reason), err);
      assert.ok(err.includes("Usage: pipewarden scan"));
    });
  }

  it("is 2 for a named path that does not exist, and the rest is scanned", async () => {
    const { code, out, err } = await pipewarden(["scan", "missing", workflow], makeFolder({ [workflow]: breach }));
    assert.deepEqual([code, err], [2, "pipewarden: missing: Does not exist.\n"]);
    assert.ok(out.includes("[unpinned-remote-script]"));
  });

  it("is 2 for a named file that cannot be read", async () => {
    const { code, err } = await pipewarden(["scan", "ci.yml"], makeFolder({ "ci.yml": "a\0" }));
    assert.deepEqual([code, err], [2, "pipewarden: ci.yml: Is a binary file.\n"]);
  });

  it("is 2 where the report cannot be written", async () => {
    const { code, err } = await pipewarden(
      ["scan", "--output", "no/such/folder/r.txt"],
      makeFolder({ [workflow]: clean }),
    );
    assert.deepEqual([code, err], [2, "pipewarden: no/such/folder/r.txt could not be written: it does not exist.\n"]);
  });

  it("is 0 for help and version", async () => {
    const help = await pipewarden(["scan", "--help"], projectRoot);
    assert.deepEqual([help.code, help.out.slice(0, 23), help.err], [0, "Usage: pipewarden scan ", ""]);
    const { version } = JSON.parse(readFileSync(path.join(projectRoot, "package.json"), "utf8"));
    assert.deepEqual(await pipewarden(["--version"], makeFolder()), { code: 0, out: `${version}\n`, err: "" });
  });
});
