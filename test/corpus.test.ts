import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { analyze } from "../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../server/core/context.ts";
import { DEFAULT_SETTINGS } from "../server/core/settings.ts";
import { SYSTEMS } from "../server/core/systems/index.ts";
import { parseYaml } from "../server/core/yaml.ts";

const quiet = path.join(import.meta.dirname, "corpus/quiet");

/** Paths with forward slashes, as a repository has them. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, "/"))
    .sort();
}

describe("files that only look like pipelines", () => {
  const files = filesBelow(quiet);

  it("are at least sixty, and not empty", () => {
    assert.ok(files.length >= 60, `${files.length}`);
    for (const file of files) {
      const { documents } = parseYaml(readFileSync(path.join(quiet, file), "utf8"));
      assert.ok(documents.length > 0, file);
    }
  });

  for (const file of files) {
    it(`are claimed by no system: ${file}`, () => {
      const text = readFileSync(path.join(quiet, file), "utf8");
      const yaml = parseYaml(text);
      const claims = SYSTEMS.filter((system) => system.claims(file, yaml) > 0).map(({ id }) => id);
      assert.deepEqual(claims, []);
      const { system, findings, asked } = analyze({ path: file, text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
      assert.deepEqual({ system, findings, asked }, { system: undefined, findings: [], asked: [] });
    });
  }
});
