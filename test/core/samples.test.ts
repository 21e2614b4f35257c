import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Analysis, analyze } from "../../server/core/analyze.ts";
import type { Finding } from "../../server/core/rule.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import { SYSTEMS } from "../../server/core/systems/index.ts";
import { applyEdits } from "../../server/core/text.ts";
import { answered } from "../check.ts";
import { BREACH_DIALECTS, pinnedText } from "../support/breach-dialects.ts";

const samples = path.join(import.meta.dirname, "../../samples");
const sha256 = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
const answers = [{ kind: "scriptHash", sha256, finalUrl: "https://codecov.io/bash", text: "#!/bin/bash\n" }] as const;

describe("the samples", () => {
  it("tell the breach in the dialect of fourteen systems, each in one file", () => {
    const systems = new Set(SYSTEMS.map(({ id }) => id));
    const dialects = Object.keys(BREACH_DIALECTS);
    assert.equal(dialects.length, 14);
    assert.ok(dialects.every((id) => systems.has(id)));
    const folders = readdirSync(path.join(samples, "dialects"), { withFileTypes: true });
    const told = Object.entries(BREACH_DIALECTS).filter(([, { folder }]) => folder !== "breach");
    assert.deepEqual(
      folders.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort(),
      told.map(([id]) => id).sort(),
    );
  });

  for (const [id, dialect] of Object.entries(BREACH_DIALECTS)) {
    const { folder, file, severity, found, reads, readsLater } = dialect;

    it(`show what Codecov's script could have read, no more and no less: ${id}`, () => {
      const text = read(folder, file) ?? "";
      const analysis = analysisOf(folder, file, text);
      assert.equal(analysis.system, id);
      const [finding, ...others] = onCodecov(analysis, file);
      assert.deepEqual(others, []);
      assert.ok(finding);
      assert.equal(text.slice(finding.span.start, finding.span.end), found);
      assert.equal(finding.severity, severity);
      assert.deepEqual(scoped(finding.reach), reads);
      assert.deepEqual(scoped(finding.reachLater), readsLater);
    });

    it(`are healed by the first fix, which leaves all other lines as they are: ${id}`, () => {
      const text = read(folder, file) ?? "";
      const [fix] = onCodecov(analysisOf(folder, file, text), file)[0]?.fixes ?? [];
      assert.ok(fix);
      const fixed = applyEdits(text, answered(fix, answers).edits);
      assert.equal(fixed, pinnedText(text, dialect, sha256));
      assert.deepEqual(onCodecov(analysisOf(folder, file, fixed), file), []);
    });
  }
});

function read(folder: string, name: string): string | undefined {
  try {
    return readFileSync(path.join(samples, folder, name), "utf8");
  } catch {
    return undefined;
  }
}

function analysisOf(folder: string, file: string, text: string): Analysis {
  const context = { read: (name: string) => read(folder, name), list: () => [] };
  return analyze({ path: file, text }, context, DEFAULT_SETTINGS);
}

/** What is found about Codecov's script in the file itself. */
function onCodecov({ findings }: Analysis, file: string): readonly Finding[] {
  return findings.filter(
    ({ rule, path: at, message }) =>
      rule.id === "unpinned-remote-script" && at === file && message.includes("codecov.io/bash"),
  );
}

function scoped(reach: Finding["reach"]): readonly string[] | undefined {
  return reach?.map(({ name, scope }) => `${name} of ${scope}`);
}
