import { strict as assert } from "node:assert";
import { analyze, DEFAULT_SETTINGS, EMPTY_CONTEXT } from "../../server/core/index.ts";

/** The findings' rules in a job whose script has these lines. */
function rulesIn(shell: string, lines: readonly string[]): readonly string[] {
  const text = `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - shell: ${shell}
        run: |
${lines.map((line) => `          ${line}\n`).join("")}`;
  const { findings } = analyze({ path: ".github/workflows/a.yml", text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
  return findings.map(({ rule }) => rule.id);
}

const FETCH = "curl -s https://example.com/install.sh | sh";

const DOUBLED: Readonly<Record<string, string>> = {
  "a variable": 'A="$A$A"',
  "a list of words": 'A="$A $A"',
  "an appended variable": "A+=$A",
  "the output of two commands": 'A=$(echo "$A"; echo "$A")',
  "a filled format": 'A=$(printf \'%s%s\' "$A" "$A")',
};

describe("text that a script doubles", () => {
  for (const [what, line] of Object.entries(DOUBLED)) {
    it(`has no limit that an analysis would fail at: ${what}`, () => {
      const lines = ["A=abc", ...Array.from({ length: 80 }, () => line), FETCH];
      assert.deepEqual(
        rulesIn("bash", lines).filter((id) => id === "unpinned-remote-script"),
        ["unpinned-remote-script"],
      );
    });
  }

  it("is cut off in PowerShell as well", () => {
    const lines = [
      '$A = "abc"',
      ...Array.from({ length: 80 }, () => '$A = "$A$A"'),
      "irm https://example.com/i.ps1 | iex",
    ];
    assert.ok(rulesIn("pwsh", lines).includes("unpinned-remote-script"));
  });

  it("is cut off in cmd as well", () => {
    const lines = [
      "set A=abc",
      ...Array.from({ length: 80 }, () => "set A=%A%%A%"),
      "curl -o a.cmd https://example.com/a.cmd && call a.cmd",
    ];
    assert.ok(rulesIn("cmd", lines).includes("unverified-download"));
  });
});
