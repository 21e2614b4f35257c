import assert from "node:assert/strict";
import { useFolders } from "../support/folder.ts";
import { sarifChecker } from "../support/sarif-schema.ts";
import { clean, pipewarden } from "./command-line.ts";

describe("what comments silence", () => {
  const makeFolder = useFolders();
  const wrongIn = sarifChecker();
  const comment = "      # pipewarden: ignore[unpinned-action] our own\n";
  const files = {
    ".github/workflows/ci.yml": `${clean}${comment}      - uses: acme/a@v1\n      - uses: acme/b@v1\n      - run: ./a.sh\n`,
    "a.sh": "#!/bin/sh\ncurl -s https://a.example/i.sh | sh # pipewarden: ignore[unpinned-remote-script]\n",
  };

  it("is counted, and does not change the exit code", async () => {
    const { out, code } = await pipewarden(["scan"], makeFolder(files));
    assert.match(out, /^1 warning in 1 file; 1 CI file read\. 2 suppressed\.$/m);
    assert.equal(code, 1);
    const silent = { ".github/workflows/ci.yml": `${clean}${comment}      - uses: acme/a@v1\n` };
    const quiet = await pipewarden(["scan"], makeFolder(silent));
    assert.equal(quiet.out, "Nothing to report in 1 CI file. 1 suppressed.\n");
    assert.equal(quiet.code, 0);
  });

  it("stands in the JSON report beside the findings, with its reason", async () => {
    const { out } = await pipewarden(["scan", "--format", "json"], makeFolder(files));
    const { findings, suppressed } = JSON.parse(out);
    assert.deepEqual(
      suppressed.map((each: Record<string, unknown>) => [each.path, each.rule, each.reason]),
      [
        [".github/workflows/ci.yml", "unpinned-action", "our own"],
        ["a.sh", "unpinned-remote-script", ""],
      ],
    );
    assert.equal(findings.length, 1);
  });

  it("is left out of SARIF, or marked as suppressed where it is asked for", async () => {
    const folder = makeFolder(files);
    const scan = async (...args: readonly string[]) => {
      const { out } = await pipewarden(["scan", "--format", "sarif", ...args], folder);
      const log = JSON.parse(out);
      assert.deepEqual(wrongIn(log), []);
      return log.runs[0].results.map((result: { suppressions?: unknown }) => result.suppressions);
    };
    assert.deepEqual(await scan(), [undefined]);
    assert.deepEqual(await scan("--show-suppressed"), [
      [],
      [{ kind: "inSource", justification: "our own" }],
      [{ kind: "inSource" }],
    ]);
  });

  it("does not number the others anew", async () => {
    const fingerprints = async (text: string) => {
      const folder = makeFolder({ ".github/workflows/ci.yml": text });
      const { out } = await pipewarden(["scan", "--format", "json"], folder);
      return JSON.parse(out).findings.map((each: { fingerprint: string }) => each.fingerprint);
    };
    const both = await fingerprints(`${clean}      - uses: acme/a@v1\n      - uses: acme/a@v1\n`);
    const second = await fingerprints(`${clean}${comment}      - uses: acme/a@v1\n      - uses: acme/a@v1\n`);
    assert.deepEqual(second, both.slice(1));
  });
});
