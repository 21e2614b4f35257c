import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Finding } from "../server/core/rule.ts";
import { answered, marksOf, readMarks } from "./check.ts";

const project = path.resolve(import.meta.dirname, "..");
const copy = path.join(project, "out/contributing");

describe("the examples of CONTRIBUTING.md", function () {
  this.timeout(120_000);

  before(() => {
    rmSync(copy, { recursive: true, force: true });
    cpSync(path.join(project, "server/core"), path.join(copy, "server/core"), { recursive: true });
    cpSync(path.join(project, "tsconfig.base.json"), path.join(copy, "tsconfig.base.json"));
    const text = readFileSync(path.join(project, "CONTRIBUTING.md"), "utf8");
    for (const [, file = "", code = ""] of text.matchAll(/^`(server\/[\w/.-]+)`:\n\n```ts\n([\s\S]*?)^```$/gm))
      writeFileSync(path.join(copy, file), code);
    list("rules/index.ts", "insecureDownload", "./insecure-download.ts");
    list("systems/index.ts", "acmeCi", "./acme-ci.ts");
  });

  it("compile", () => {
    const compiler = path.join(project, "node_modules/typescript/bin/tsc");
    const run = spawnSync(process.execPath, [compiler, "-b", path.join(copy, "server/core")], { encoding: "utf8" });
    assert.equal(run.stdout, "");
    assert.equal(run.status, 0);
  });

  it("are a rule whose examples hold", async () => {
    const { analyze, applyEdits, DEFAULT_SETTINGS, EMPTY_CONTEXT, RULES } = await core();
    const rule = RULES.find(({ id }) => id === "insecure-download");
    assert.equal(rule?.examples.length, 2);
    for (const { path: file, bad, good, answers = [] } of rule?.examples ?? []) {
      const { text, marks } = readMarks(bad);
      const all = analyze({ path: file, text }, EMPTY_CONTEXT, DEFAULT_SETTINGS).findings;
      const findings: readonly Finding[] = all.filter((finding) => finding.rule === rule);
      assert.deepEqual(marksOf(text, findings), marks);
      const fixes = findings.flatMap((finding) => finding.fixes);
      const fixed = fixes.map((fix) => applyEdits(text, answered(fix, answers).edits));
      assert.deepEqual(fixed, good === undefined ? [] : [good]);
    }
  });

  it("are a system of which the other rules speak", async () => {
    const { analyze, DEFAULT_SETTINGS, EMPTY_CONTEXT } = await core();
    const text = `env:
  KEY: ((deploy_key))
jobs:
  test:
    commands:
      - curl -s https://example.com/install.sh | sh
      - ./deploy "$KEY"
`;
    const { system, findings } = analyze({ path: "shop/.acme-ci.yml", text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
    assert.equal(system, "acme-ci");
    assert.deepEqual(
      findings.map(({ rule, reach }) => [rule.id, reach?.map(({ name }) => name)]),
      [["unpinned-remote-script", ["deploy_key"]]],
    );
  });
});

describe("the diff of CONTRIBUTING.md", () => {
  it("is made of lines that its files have, in this order", () => {
    const text = readFileSync(path.join(project, "CONTRIBUTING.md"), "utf8");
    const [, diff = ""] = /^```diff\n([\s\S]*?)^```$/m.exec(text) ?? [];
    const files = diff.split(/^diff --git a\/\S+ b\//m).slice(1);
    assert.equal(files.length, 2);
    for (const file of files) {
      const [name = "", ...shown] = file.trimEnd().split("\n");
      const lines = readFileSync(path.join(project, name), "utf8").split("\n");
      let from = 0;
      for (const line of shown.filter((each) => each !== "…")) {
        assert.match(line, /^[+ ]/);
        const at = lines.indexOf(line.slice(1), from);
        assert.ok(at >= from, `${name} has no line “${line.slice(1)}” behind line ${from}`);
        from = at + 1;
      }
    }
  });

  it("shows a system that is there, and every line of the list that it needs", () => {
    const text = readFileSync(path.join(project, "CONTRIBUTING.md"), "utf8");
    const index = readFileSync(path.join(project, "server/core/systems/index.ts"), "utf8");
    const [, name = "?"] = /^\+export const (\w+): System/m.exec(text) ?? [];
    const needed = index.split("\n").filter((line) => new RegExp(`\\b${name}\\b`).test(line));
    assert.equal(needed.length, 2);
    for (const line of needed) assert.ok(text.includes(`\n+${line}\n`), line);
  });
});

/** The index's own line for one more rule or system. */
function list(index: string, name: string, from: string): void {
  const file = path.join(copy, "server/core", index);
  const text = readFileSync(file, "utf8");
  const listed = text.replace(/^(export const [A-Z]+: .*? = \[)/m, `$1${name}, `);
  assert.notEqual(listed, text);
  writeFileSync(file, `import { ${name} } from "${from}";\n${listed}`);
}

function core(): Promise<typeof import("../server/core/index.ts")> {
  return import(pathToFileURL(path.join(copy, "server/core/index.ts")).href);
}
