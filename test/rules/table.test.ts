import assert from "node:assert/strict";
import { analyze } from "../../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { RULES } from "../../server/core/rules/index.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import { SYSTEMS } from "../../server/core/systems/index.ts";
import { check, readMarks } from "../check.ts";
import { PATHS, TABLE } from "./table.ts";

describe("every rule in every system", () => {
  it("has a row for each rule and no other", () => {
    assert.deepEqual(Object.keys(TABLE).sort(), RULES.map(({ id }) => id).sort());
  });

  for (const { id: rule } of RULES) {
    describe(rule, () => {
      const row = TABLE[rule] ?? {};

      it("has a cell for each system and no other", () => {
        assert.deepEqual(Object.keys(row).sort(), SYSTEMS.map(({ id }) => id).sort());
      });

      for (const [system, cell] of Object.entries(row)) {
        if (typeof cell !== "string") {
          it(`says why there is nothing to find in ${system}`, () => assert.match(cell.cannot, /^[A-Z].{30,}\.$/));
          continue;
        }
        it(`finds the one marked place in ${system}`, () => {
          const path = PATHS[system] ?? "";
          const { text, marks } = readMarks(cell);
          assert.equal(marks.length, 1);
          assert.equal(analyze({ path, text }, EMPTY_CONTEXT, DEFAULT_SETTINGS).system, system);
          check(rule, path, cell);
        });
      }
    });
  }
});
