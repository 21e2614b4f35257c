import assert from "node:assert/strict";
import path from "node:path";
import { DEFAULT_SETTINGS } from "../../server/core/index.ts";
import { readConfiguration } from "../../server/workspace/configuration.ts";
import { useFolders } from "../support/folder.ts";

describe("readConfiguration", () => {
  const makeFolder = useFolders();
  const read = (text: string | Uint8Array) => {
    const folder = makeFolder({ ".pipewarden.yml": text });
    const { problems, ...rest } = readConfiguration(folder);
    assert.ok(problems.every((problem) => problem.path === path.join(folder, ".pipewarden.yml")));
    return { ...rest, problems: problems.map(({ line, message }) => `${line}: ${message}`) };
  };

  it("holds the defaults where there is no file, or an empty one", () => {
    assert.deepEqual(readConfiguration(makeFolder()).settings, DEFAULT_SETTINGS);
    assert.deepEqual(read("# nothing yet\n").problems, []);
    assert.deepEqual(read("rules:\nexclude:\n").problems, []);
  });

  it("reads severities and what to leave out", () => {
    const { settings, excludes, problems } = read(
      "rules:\n  unpinned-action: off\nexclude:\n  - third-party/\n  - '*.gen.yml'\n",
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(settings.rules, { "unpinned-action": "off" });
    assert.deepEqual(["a/third-party/x.yml", "a.gen.yml", "a.yml"].map(excludes), [true, true, false]);
  });

  it("tells of what is wrong at its line, and holds the default there", () => {
    const { settings, problems } = read(
      "rule: {}\nrules:\n  unpinned-acton: off\n  unpinned-action: loud\n  unpinned-remote-script: hint\nexclude: a\n",
    );
    assert.deepEqual(settings.rules["unpinned-action"], undefined);
    assert.deepEqual(settings.rules["unpinned-remote-script"], "hint");
    assert.deepEqual(
      problems.map((problem) => problem.slice(0, 40)),
      [
        "1: There is no setting “rule”. There are",
        "3: There is no rule “unpinned-acton”. Th",
        "4: The value of “unpinned-action” must b",
        "6: Expected a list of patterns as in a .",
      ],
    );
  });

  it("tells of a file that cannot be read or has the wrong shape", () => {
    assert.deepEqual(read(Buffer.from([0xff, 0xfe, 0])).problems, [
      "1: .pipewarden.yml is UTF-16 text; only UTF-8 is read; the defaults hold.",
    ]);
    assert.equal(read("- a\n- b\n").problems.length, 1);
    assert.equal(read("rules: [a]\n").problems.length, 1);
    assert.equal(read("a: 1\n---\nb: 2\n").problems.length, 2);
  });

  it("prefers what is open in an editor", () => {
    const folder = makeFolder({ ".pipewarden.yml": "rules: {unpinned-action: off}" });
    assert.deepEqual(readConfiguration(folder, () => "").settings, DEFAULT_SETTINGS);
  });
});
