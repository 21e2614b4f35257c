import assert from "node:assert/strict";
import { check, findingsOf, fixAll } from "../check.ts";

const RULE = "broad-token-permissions";
const WORKFLOW = ".github/workflows/ci.yml";

const CODE = "uses: actions/checkout@v4";
const RELEASE = "uses: softprops/action-gh-release@v2";
const UNKNOWN = "uses: acme/tool@v1";

interface Jobs {
  readonly [id: string]: { readonly permissions?: string; readonly steps: readonly string[] };
}

function workflow(top: string, jobs: Jobs): string {
  const written = Object.entries(jobs).map(([id, { permissions, steps }]) => {
    const granted = permissions === undefined ? "" : `    permissions: ${permissions}\n`;
    return `  ${id}:\n    runs-on: x\n${granted}    steps:\n${steps.map((step) => `      - ${step}\n`).join("")}`;
  });
  return `on: push\n${top}jobs:\n${written.join("")}`;
}

/** "silent", "told" without a fix, or the permissions that the fix leaves: those of the workflow, then those of each job. */
function verdict(text: string, path = WORKFLOW): string {
  const found = findingsOf(RULE, path, text);
  assert.ok(found.length <= 1, "one finding for a file");
  if (found.length === 0) return "silent";
  if (found[0]?.fixes.length === 0) return "told";
  const after = fixAll(RULE, path, text, []);
  assert.deepEqual(findingsOf(RULE, path, after), [], after);
  return [...after.matchAll(/permissions:((?: .*)?(?:\n +[\w-]+: (?:read|write|none)$)*)/gm)]
    .map(([, block = ""]) =>
      block
        .trim()
        .replace(/\s*\n\s*/g, ", ")
        .replace(/^\{\s*|\s*\}$/g, ""),
    )
    .join(" | ");
}

const READ = { steps: [CODE, "run: make test"] };
const WRITE = { steps: [CODE, RELEASE] };

const CASES: readonly (readonly [string, string, Jobs, string])[] = [
  ["a job that only reads", "", { a: READ }, "contents: read"],
  ["a job that writes says so itself", "", { a: READ, b: WRITE }, "contents: read | contents: write"],
  ["a push of a script writes", "", { a: { steps: [CODE, "run: git push"] } }, "contents: read | contents: write"],
  ["an unknown action may need anything", "", { a: READ, b: { steps: [UNKNOWN] } }, "told"],
  ["so may a local one", "", { a: { steps: [CODE, "uses: ./x"] } }, "told"],
  [
    "so may a script that has the token",
    "",
    {
      a: { steps: [CODE, "{run: ./x.sh, env: {T: '${{ github.token }}'}}"] },
    },
    "told",
  ],
  ["so may a script of a telling name behind a checkout", "", { a: { steps: [CODE, "run: npm run release"] } }, "told"],
  [
    "commands of gh say what they need",
    "",
    {
      a: { steps: ["{run: gh release create v1, env: {GH_TOKEN: '${{ github.token }}'}}"] },
    },
    "contents: read | contents: write",
  ],
  ["gh api says nothing", "", { a: { steps: ["{run: gh api /x, env: {GH_TOKEN: '${{ github.token }}'}}"] } }, "told"],
  [
    "what is read is read at the top",
    "",
    { a: { steps: [CODE, "uses: dorny/paths-filter@v3"] } },
    "contents: read, pull-requests: read",
  ],
  [
    "an action with a credential of its own needs none",
    "",
    {
      a: { steps: [CODE, "{uses: peaceiris/actions-gh-pages@v4, with: {github_token: '${{ secrets.PAT }}'}}"] },
    },
    "contents: read",
  ],
  [
    "no setting hands out identities",
    "",
    { a: { steps: ["uses: aws-actions/configure-aws-credentials@v4"] } },
    "contents: read",
  ],
  ["jobs that say it themselves are left alone", "", { a: { ...READ, permissions: "{contents: read}" } }, "silent"],
  ["the others get theirs at the top", "", { a: { ...READ, permissions: "{}" }, b: READ }, "contents: read | "],
  ["jobs that the token does not get to need nothing", "", { a: { steps: ["run: make"] } }, "silent"],
  [
    "what is said at the top holds for all",
    "permissions: {contents: read}\n",
    { a: READ, b: { steps: [UNKNOWN] } },
    "silent",
  ],
  ["everything is too much", "permissions: write-all\n", { a: READ }, "contents: read"],
  [
    "everything but what is needed",
    "permissions: write-all\n",
    { a: READ, b: WRITE },
    "contents: read | contents: write",
  ],
  ["everything for unknown code", "permissions: write-all\n", { a: { steps: [UNKNOWN] } }, "told"],
  ["everything for one job", "permissions: {}\n", { a: { ...WRITE, permissions: "write-all" } }, " | contents: write"],
  ["reading everything is no writing", "permissions: read-all\n", { a: READ }, "silent"],
  [
    "a right to write that one of two jobs uses",
    "permissions: {contents: write}\n",
    { a: READ, b: WRITE },
    "contents: read | contents: write",
  ],
  ["a right to write that both use", "permissions: {contents: write}\n", { a: WRITE, b: WRITE }, "silent"],
  ["a right to write of the only job", "permissions: {contents: write}\n", { a: READ }, "silent"],
  [
    "a right that unknown code may use stays with it",
    "permissions: {contents: write, packages: write}\n",
    {
      a: READ,
      b: { steps: [UNKNOWN] },
    },
    "contents: read, packages: read | contents: write, packages: write",
  ],
  [
    "the right to an identity is no right to read one",
    "permissions: {contents: read, id-token: write}\n",
    {
      a: READ,
      b: { steps: ["uses: aws-actions/configure-aws-credentials@v4"] },
    },
    "contents: read, id-token: none | contents: read, id-token: write",
  ],
  [
    "a script may ask for an identity",
    "permissions: {id-token: write}\n",
    {
      a: { steps: ["run: npm publish --provenance"] },
      b: { steps: ["run: cosign sign x"] },
    },
    "silent",
  ],
];

describe("broad-token-permissions", () => {
  for (const [name, top, jobs, expected] of CASES)
    it(`knows ${name}`, () => assert.equal(verdict(workflow(top, jobs)).replace(/\n +/g, ", "), expected));

  it("says nothing where others decide, or nobody can", () => {
    const text = workflow("", { a: READ });
    assert.equal(verdict(text.replace("on: push", "on: workflow_call")), "silent");
    assert.equal(verdict(text.replace("on: push", "on: {workflow_call: {inputs: {}}}")), "silent");
    assert.equal(verdict(text.replace("on: push", "on: [push, workflow_call]")), "told");
    assert.equal(verdict(text, ".forgejo/workflows/ci.yml"), "silent");
    assert.equal(verdict("runs: {using: composite, steps: [{uses: actions/checkout@v4}]}\n", "action.yml"), "silent");
    assert.equal(verdict(workflow("permissions: [odd]\n", { a: READ })), "silent");
  });

  it("keeps what a private image needs, and gives no fix to a call of a workflow", () => {
    const image = "    container: {image: ghcr.io/o/i, credentials: {username: u, password: '${{ github.token }}'}}\n";
    const text = workflow("", { a: READ }).replace("    steps", `${image}    steps`);
    assert.equal(verdict(text), "contents: read, packages: read");
    assert.equal(verdict("on: push\njobs:\n  a: {uses: o/r/.github/workflows/x.yml@v1}\n"), "told");
  });

  it("marks one place of a file", () => {
    check(
      RULE,
      WORKFLOW,
      "on: push\njobs:\n#^^^\n  a: {runs-on: x, steps: [{uses: o/r@v1}]}\n  b: {runs-on: x, steps: [{uses: o/r@v1}]}\n",
    );
    check(
      RULE,
      WORKFLOW,
      `on: push
jobs:
  a: {runs-on: x, permissions: {}, steps: [{uses: o/r@v1}]}
  b: {runs-on: x, steps: [{uses: o/r@v1}]}
# ^
  c: {runs-on: x, steps: [{uses: o/r@v1}]}
`,
    );
  });

  it("keeps notation, comments, blank lines and line breaks", () => {
    const pairs: readonly (readonly [string, string])[] = [
      [
        "name: CI\non: push\n\n# What is done\njobs:\n    a:\n        runs-on: x\n        steps:\n            - uses: actions/checkout@v4\n",
        "name: CI\non: push\n\npermissions:\n    contents: read\n\n# What is done\njobs:\n    a:\n        runs-on: x\n        steps:\n            - uses: actions/checkout@v4\n",
      ],
      [
        "{on: push, jobs: {a: {runs-on: x, steps: [{uses: actions/checkout@v4}]}}}\n",
        "{on: push, jobs: {a: {runs-on: x, steps: [{uses: actions/checkout@v4}]}}, permissions: { contents: read }}\n",
      ],
      [
        "on: push\njobs:\n  a: {runs-on: x, steps: [{uses: softprops/action-gh-release@v2}]}\n",
        "on: push\npermissions:\n  contents: read\njobs:\n  a: {runs-on: x, steps: [{uses: softprops/action-gh-release@v2}], permissions: { contents: write }}\n",
      ],
      [
        "on: push\npermissions: 'write-all' # for now\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n",
        "on: push\npermissions:\n  contents: read # for now\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n",
      ],
      [
        'on: push\npermissions:\n  # for the release\n  contents: "write" # !\njobs:\n  a:\n    runs-on: x\n    # One\n    steps:\n      - uses: softprops/action-gh-release@v2\n  b:\n    runs-on: x\n    steps: [{uses: actions/checkout@v4}]\n',
        'on: push\npermissions:\n  # for the release\n  contents: "read" # !\njobs:\n  a:\n    runs-on: x\n    permissions:\n      contents: write\n    # One\n    steps:\n      - uses: softprops/action-gh-release@v2\n  b:\n    runs-on: x\n    steps: [{uses: actions/checkout@v4}]\n',
      ],
    ];
    for (const [before, after] of pairs) {
      assert.equal(fixAll(RULE, WORKFLOW, before, []), after);
      assert.equal(fixAll(RULE, WORKFLOW, before.replaceAll("\n", "\r\n"), []), after.replaceAll("\n", "\r\n"));
    }
  });

  it("has no fix where an anchor shares the job or the rights", () => {
    const job = "{runs-on: x, steps: [{uses: softprops/action-gh-release@v2}]}";
    assert.equal(verdict(`on: push\njobs:\n  a: &a ${job}\n  b: *a\n`), "told");
    const shared = "permissions: &p {contents: write}\n";
    assert.equal(verdict(workflow(shared, { a: READ, b: WRITE })), "told");
  });
});
