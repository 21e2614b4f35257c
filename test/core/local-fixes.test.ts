import assert from "node:assert/strict";
import { analyze } from "../../server/core/analyze.ts";
import { objection, withEdits } from "../../server/core/fix.ts";
import type { Finding } from "../../server/core/rule.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import { answered } from "../check.ts";

const COMMAND = "curl -s https://x.example/i.sh | bash";
const SHA256 = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
const CHECK = (file: string) => `echo "${SHA256}  ${file}" | sha256sum -c - || exit 1`;
const PINNED = `curl -fsSL https://x.example/i.sh -o /tmp/x-i.sh; ${CHECK("/tmp/x-i.sh")}; bash /tmp/x-i.sh`;

/** The only file of the repository after the first fix of the only finding in it, which must be sound. */
function fixed(run: string, path: string, text: string): string {
  const file = { path: ".gitlab-ci.yml", text: `a:\n  script: ${run}\n` };
  const context = { read: (each: string) => (each === path ? text : undefined), list: () => [] };
  const found: readonly Finding[] = analyze(file, context, DEFAULT_SETTINGS).findings;
  assert.deepEqual(
    found.map((finding) => finding.path),
    [path],
  );
  const [finding] = found;
  const [fix] = finding?.fixes ?? [];
  assert.ok(finding && fix);
  const edits = answered(fix, [
    { kind: "scriptHash", sha256: SHA256, finalUrl: "https://x.example/i.sh", text: "echo\n" },
  ]);
  assert.equal(objection(file, finding, edits, context, DEFAULT_SETTINGS), undefined);
  return withEdits(file, edits.edits, context).context.read(path) ?? "";
}

describe("fixes in files of the repository", () => {
  it("add lines to a script", () => {
    const script = `#!/bin/sh\nif true; then\n  ${COMMAND}\nfi\n`;
    assert.equal(fixed("./ci.sh", "ci.sh", script), script.replace(COMMAND, PINNED.replaceAll("; ", "\n  ")));
  });

  describe("stay on the line of a makefile's recipe,", () => {
    for (const [what, before, after] of [
      ["with make's prefix in front", `@${COMMAND}`, `@${PINNED}`],
      ["within a command of the shell", `if true; then ${COMMAND}; fi`, `if true; then ${PINNED}; fi`],
      [
        "with the variables of make and of the shell as they were",
        `${COMMAND} -s -- $$HOME $(X)`,
        `${PINNED} $$HOME $(X)`,
      ],
    ] as const) {
      it(what, () =>
        assert.equal(fixed("make up", "Makefile", `up:\n\t${before}\n\techo\n`), `up:\n\t${after}\n\techo\n`),
      );
    }

    it("also where the check belongs in front of another line", () =>
      assert.equal(
        fixed("make up", "Makefile", 'up:\n\tcurl -so i.sh https://x.example/i.sh\n\tbash i.sh "$$A" \\\n\t  x\n'),
        `up:\n\tcurl -fso i.sh https://x.example/i.sh\n\t${CHECK("i.sh")}; bash i.sh "$$A" \\\n\t  x\n`,
      ));
  });

  describe("keep a package.json what it is,", () => {
    for (const [what, before, after] of [
      ["with text behind the command", `${COMMAND} && echo 1`, `${PINNED} && echo 1`],
      ["with quotes that go along", `${COMMAND} -s -- "a b" '\t'`, `${PINNED} "a b" '\t'`],
      [
        "with quotes at the border of the command",
        'curl -so i.sh "https://x.example/i.sh" && bash i.sh "$B"',
        `curl -fso i.sh "https://x.example/i.sh"; ${CHECK("i.sh")}; bash i.sh "$B"`,
      ],
      ["with backslashes", `echo \\\\"a\\\\"; ${COMMAND}`, `echo \\\\"a\\\\"; ${PINNED}`],
    ] as const) {
      it(what, () => {
        const text = fixed("npm run up", "package.json", JSON.stringify({ scripts: { up: before } }, undefined, 2));
        assert.deepEqual(JSON.parse(text), { scripts: { up: after } });
      });
    }
  });

  it("mark the whole of a command that ends with an escape", () => {
    const text = JSON.stringify({ scripts: { up: 'X="y" curl -s "https://x.example/i.sh" | sh -s "a" "b c"; echo' } });
    const file = { path: ".gitlab-ci.yml", text: "a:\n  script: npm run up\n" };
    const context = { read: (path: string) => (path === "package.json" ? text : undefined), list: () => [] };
    const [finding] = analyze(file, context, DEFAULT_SETTINGS).findings;
    assert.equal(
      text.slice(finding?.span.start, finding?.span.end),
      'X=\\"y\\" curl -s \\"https://x.example/i.sh\\" | sh -s \\"a\\" \\"b c\\"',
    );
  });
});
