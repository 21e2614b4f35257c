import assert from "node:assert/strict";
import { analyze } from "../../server/core/analyze.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";

function findings(files: Readonly<Record<string, string>>, run: string): readonly string[] {
  const text = `on: push\nenv: {NPM_TOKEN: "\${{ secrets.NPM_TOKEN }}"}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - name: Upload\n        run: ${run}\n`;
  const context = { read: (path: string) => files[path], list: () => [] };
  const { findings: all } = analyze({ path: ".github/workflows/ci.yml", text }, context, DEFAULT_SETTINGS);
  return all
    .filter(({ rule }) => rule.id !== "pipeline-wide-secret")
    .map(({ rule, path, span, reach = [], related }) => {
      const place = (files[path] ?? text).slice(span.start, span.end);
      return [rule.id, path, place, reach.map(({ name }) => name), related.at(-1)?.message].flat().join(" | ");
    });
}

const COMMAND = "curl -s https://x.example/i.sh | bash";
const FOUND = `${COMMAND} | NPM_TOKEN | Run by step “Upload”`;

describe("scripts of the repository that a pipeline runs", () => {
  const shell = { "ci/upload.sh": `#!/bin/bash\nset -e\n${COMMAND}\n` };
  for (const run of [
    "./ci/upload.sh",
    "bash ci/upload.sh",
    "sh -e ci/upload.sh x",
    ". ci/upload.sh",
    "cd ci && ./upload.sh",
  ]) {
    it(`are followed: ${run}`, () =>
      assert.deepEqual(findings(shell, run), [`unpinned-remote-script | ci/upload.sh | ${FOUND}`]));
  }

  it("are followed through make and npm, with the finding where the line is", () => {
    const makefile = { Makefile: `all: build\nbuild:\n\techo\nupload: build\n\t@${COMMAND}\n` };
    assert.deepEqual(findings(makefile, "make upload"), [`unpinned-remote-script | Makefile | ${FOUND}`]);
    assert.deepEqual(findings(makefile, "make"), []);
    const manifest = { "package.json": `{"scripts": {"upload": "${COMMAND}"}}` };
    assert.deepEqual(findings(manifest, "npm run upload"), [`unpinned-remote-script | package.json | ${FOUND}`]);
  });

  it("may run what the pipeline has downloaded, and the other way round", () => {
    const runs = { "run.sh": "bash i.sh" };
    assert.match(
      findings(runs, '"curl -so i.sh https://x.example/i.sh && sh run.sh"')[0] ?? "",
      /^unverified-download \| \.github/,
    );
    const fetches = { "get.sh": "curl -so i.sh https://x.example/i.sh" };
    assert.match(findings(fetches, '"sh get.sh; bash i.sh"')[0] ?? "", /^unverified-download \| get\.sh/);
  });

  it("end where they run each other in a circle, and where they are missing", () => {
    assert.deepEqual(findings({ "a.sh": "./b.sh", "b.sh": "./a.sh" }, "./a.sh"), []);
    assert.deepEqual(findings({}, "./a.sh"), []);
  });
});
