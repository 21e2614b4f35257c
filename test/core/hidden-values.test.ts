import { strict as assert } from "node:assert";
import { analyze, DEFAULT_SETTINGS, EMPTY_CONTEXT, stepCodeOf } from "../../server/core/index.ts";

/** All that is said about a GitLab file that includes an address. */
function said(address: string): string {
  const text = `include:
  - remote: ${address}
fetch:
  stage: build
  script:
    - curl -s ${address} | sh
`;
  const file = { path: ".gitlab-ci.yml", text };
  const { findings } = analyze(file, EMPTY_CONTEXT, DEFAULT_SETTINGS);
  assert.deepEqual(
    findings.map(({ rule }) => rule.id).filter((id) => id !== "hardcoded-secret"),
    ["unpinned-include", "unpinned-remote-script"],
  );
  const told = findings.flatMap(({ message, related, fixes }) => [
    message,
    ...related,
    ...fixes.map(({ title }) => title),
  ]);
  return JSON.stringify([told, stepCodeOf(file, EMPTY_CONTEXT)?.map(({ label, foreign }) => [label, foreign])]);
}

describe("what an address holds in the place of a secret", () => {
  for (const [what, address] of Object.entries({
    "a password, also where the host could be an example": "https://bob:S3cretXyz9@host.acme.io/a.yml",
    "a password without a name": "https://:S3cretXyz9@acme.io/a.yml",
    "a token in a parameter": "'https://acme.io/a.yml?ref=1&private_token=S3cretXyz9'",
    "a signature of a storage account": "'https://acme.blob.core.windows.net/c/a.yml?sv=2024-11-04&sig=S3cretXyz9'",
  })) {
    it(`is in no message, title or report: ${what}`, () => {
      const all = said(address);
      assert.ok(!all.includes("S3cretXyz9"), all);
    });
  }

  it("leaves what names no secret as it is", () => {
    assert.ok(said("https://acme.io/a.yml?version=2.1.0").includes("https://acme.io/a.yml?version=2.1.0"));
  });
});
