import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { generatedFiles } from "../scripts/docs.ts";

const project = new URL("../", import.meta.url);

describe("generated text", () => {
  for (const { path, text } of generatedFiles()) {
    it(`in ${path} is what \`npm run docs\` would write`, () => {
      assert.equal(readFileSync(new URL(path, project), "utf8"), text);
    });
  }

  it("has no page of a rule that is gone", () => {
    const pages = readdirSync(new URL("docs/rules/", project)).map((name) => `docs/rules/${name}`);
    const generated = generatedFiles().map(({ path }) => path);
    assert.deepEqual(
      pages.filter((page) => !generated.includes(page)),
      [],
    );
  });
});
