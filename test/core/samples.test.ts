import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { analyze } from "../../server/core/analyze.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";

const folder = path.join(import.meta.dirname, "../../samples/breach");

/** For each file, what the step that runs Codecov's script could have read: all of it, and nothing else. */
const READ: Readonly<Record<string, readonly string[]>> = {
  ".github/workflows/ci.yml": [
    "CODECOV_TOKEN of step “Upload coverage”",
    "GITHUB_TOKEN of the credential that step “actions/checkout” left on the disk",
    "NPM_TOKEN of job “test”",
    "AWS_ACCESS_KEY_ID of the whole workflow",
    "AWS_SECRET_ACCESS_KEY of the whole workflow",
  ],
  ".gitlab-ci.yml": [
    "CI_JOB_TOKEN of the whole pipeline",
    "every variable configured in the project's settings of the whole pipeline",
  ],
};

describe("the sample workspace", () => {
  for (const [file, expected] of Object.entries(READ))
    it(`shows what Codecov's script could have read, no more and no less: ${file}`, () => {
      const read = (name: string) => {
        try {
          return readFileSync(path.join(folder, name), "utf8");
        } catch {
          return undefined;
        }
      };
      const { findings } = analyze({ path: file, text: read(file) ?? "" }, { read, list: () => [] }, DEFAULT_SETTINGS);
      const [found, ...others] = findings.filter(
        ({ rule, path: at, message }) =>
          rule.id === "unpinned-remote-script" && at === file && message.includes("codecov.io/bash"),
      );
      assert.deepEqual(others, []);
      assert.deepEqual(
        found?.reach?.map(({ name, scope }) => `${name} of ${scope}`),
        expected,
      );
      assert.deepEqual(found?.reachLater, []);
    });
});
