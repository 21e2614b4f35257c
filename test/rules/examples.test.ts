import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { RULES } from "../../server/core/rules/index.ts";
import { check } from "../check.ts";

describe("every rule", () => {
  it("is listed in the index, and its file is its id", () => {
    const files = readdirSync(new URL("../../server/core/rules/", import.meta.url)).filter(
      (name) => name !== "index.ts",
    );
    assert.deepEqual(RULES.map((rule) => `${rule.id}.ts`).sort(), files.sort());
  });

  for (const rule of RULES) {
    describe(rule.id, () => {
      it("says what it finds and why it matters, and shows a bad and a good file", () => {
        assert.match(rule.summary, /^[A-Z].*\.$/);
        assert.match(rule.why, /^[A-Z][\s\S]{60,}\.$/);
        assert.ok(rule.examples.some((example) => /^#\s*\^/m.test(example.bad)));
        assert.ok(rule.examples.some((example) => !/^#\s*\^/m.test(example.bad)));
      });
      for (const example of rule.examples) {
        it(example.title, () => {
          const { good, answers, files } = example;
          check(rule.id, example.path, example.bad, {
            ...(good === undefined ? {} : { fixed: good }),
            ...(answers === undefined ? {} : { answers }),
            ...(files === undefined ? {} : { files }),
          });
        });
      }
    });
  }
});
