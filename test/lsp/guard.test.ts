import assert from "node:assert/strict";
import { createGuard } from "../../server/lsp/guard.ts";

describe("a guard", () => {
  it("returns what the work returns", async () => {
    const guard = createGuard(assert.fail);
    assert.equal(await guard("count", 0, async () => 1), 1);
  });

  it("returns the innocent value where the work throws, and logs each error once", async () => {
    const logged: string[] = [];
    const guard = createGuard((message) => logged.push(message));
    const error = new Error("broken");
    for (let time = 0; time < 3; time++) {
      assert.equal(
        await guard("count", 0, () => {
          throw error;
        }),
        0,
      );
    }
    await guard("count", 0, () => Promise.reject("another"));
    assert.equal(logged.length, 2);
    assert.match(logged[0] ?? "", /could not count.*\n.*broken/u);
  });
});
