import assert from "node:assert/strict";
import { policyOf } from "../../server/core/policy.ts";

const context = { read: () => undefined, list: () => [] };

describe("trust in the code of others", () => {
  it("holds for the makers of the system and for the repository's own owner, and for nobody else", () => {
    const policy = policyOf({ rules: {} }, { ...context, remote: { host: "github.com", repo: "Acme/shop" } });
    assert.deepEqual(
      ["actions/checkout", "acme/deploy", "acmes/deploy", "other/x"].map((repo) => policy.trusts(repo)),
      [true, true, false, false],
    );
  });

  it("has other makers for each kind of code", () => {
    const policy = policyOf({ rules: {} }, context);
    const trusted = (name: string) =>
      (["action", "workflow", "orb", "pipe", "plugin", "include"] as const).filter((kind) => policy.trusts(name, kind));
    assert.deepEqual(["actions/x", "circleci/node", "atlassian/scp", "buildkite-plugins/docker"].map(trusted), [
      ["action", "workflow"],
      ["orb"],
      ["pipe"],
      ["plugin"],
    ]);
  });

  it("can be given and taken away, the last pattern that fits deciding", () => {
    const policy = policyOf({ rules: {}, trusted: ["other/*", "!other/bad", "!actions/*", "actions/cache"] }, context);
    assert.deepEqual(
      ["other/x", "other/bad", "actions/checkout", "actions/cache"].map((repo) => policy.trusts(repo)),
      [true, false, false, true],
    );
  });
});
