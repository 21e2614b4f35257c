import { equal } from "node:assert/strict";
import { mostExactTag } from "../../server/resolvers/version-tag.ts";

describe("The most exact version tag", () => {
  const cases = [
    ["is the full version", ["v4", "v4.2.2", "v4.2"], "v4", "v4.2.2"],
    ["may lack the v", ["4", "4.2.2"], "4", "4.2.2"],
    ["is none where no tag is a version", ["latest", "stable", "nightly-build"], "latest", undefined],
    ["is none where there is no tag", [], "main", undefined],
    ["is a stable version before a pre-release", ["v4.2.2", "v4.3.0-rc.1"], "v4", "v4.2.2"],
    ["is a pre-release before a partial version", ["v4", "v4.3.0-rc.1"], "v4", "v4.3.0-rc.1"],
    ["is the higher pre-release, numbers compared as numbers", ["v1.0.0-rc.2", "v1.0.0-rc.10"], "v1", "v1.0.0-rc.10"],
    ["knows that a word is higher than a number in a pre-release", ["v1.0.0-1", "v1.0.0-alpha"], "v1", "v1.0.0-alpha"],
    ["is the higher of two full versions, numbers compared as numbers", ["v1.9.0", "v1.10.0"], "v1", "v1.10.0"],
    [
      "reads numbers of any length",
      ["v1.0.20240101000000", "v1.0.99999999999999999999"],
      "v1",
      "v1.0.99999999999999999999",
    ],
    ["ignores build metadata in the order", ["v1.0.0+5", "v0.9.0"], "v1", "v1.0.0+5"],
    [
      "keeps to the family that was asked for",
      ["cli/v1.2.3", "web/v9.0.0", "v9.9.9", "cli/v1"],
      "cli/v1",
      "cli/v1.2.3",
    ],
    ["keeps to a family that ends in a hyphen", ["codeql-bundle-v2.20.0", "v3.28.0", "v3"], "v3", "v3.28.0"],
    ["is partial where the family has no full one", ["v3", "codeql-bundle-v2.20.0"], "v3", "v3"],
    ["has no family for a branch", ["pkg@2.0.0", "v1.0.0"], "main", "v1.0.0"],
    ["takes a family for want of better", ["pkg@2.0.0"], "main", "pkg@2.0.0"],
    ["may have a fourth number", ["1.2.3", "1.2.3.4"], "1", "1.2.3.4"],
    ["may be a date", ["2024.01.15", "2024"], "2024", "2024.01.15"],
  ] as const;
  for (const [name, tags, asked, expected] of cases) {
    it(name, () => {
      equal(mostExactTag(tags, asked), expected);
      equal(mostExactTag([...tags].reverse(), asked), expected, "must not depend on the order of the tags");
    });
  }
});
