import assert from "node:assert/strict";
import { policyOf } from "../../server/core/policy.ts";

const context = { read: () => undefined, list: () => [] };

describe("trust in the code of others", () => {
  it("holds for the makers of the system and for the repository's own owner, and for nobody else", () => {
    const policy = policyOf({ rules: {} }, { ...context, remote: { host: "github.com", repo: "Acme/shop" } });
    assert.deepEqual(["actions/checkout", "acme/deploy", "acmes/deploy", "other/x"].map(policy.trusts), [
      true,
      true,
      false,
      false,
    ]);
  });

  it("can be given and taken away, the last pattern that fits deciding", () => {
    const policy = policyOf({ rules: {}, trusted: ["other/*", "!other/bad", "!actions/*", "actions/cache"] }, context);
    assert.deepEqual(["other/x", "other/bad", "actions/checkout", "actions/cache"].map(policy.trusts), [
      true,
      false,
      false,
      true,
    ]);
  });
});
