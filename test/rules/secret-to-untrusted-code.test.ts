import assert from "node:assert/strict";
import { findingsOf, fixAll } from "../check.ts";

const RULE = "secret-to-untrusted-code";
const WORKFLOW = ".github/workflows/ci.yml";
const HEAD = "{uses: actions/checkout@v4, with: {ref: '${{ github.event.pull_request.head.sha }}'}}";
const BARE = "{uses: actions/checkout@v4, with: {ref: '${{ github.head_ref }}', persist-credentials: false}}";
const KEY = "{run: make test, env: {KEY: '${{ secrets.KEY }}'}}";

interface Case {
  readonly on?: string;
  readonly top?: string;
  readonly job?: string;
  readonly steps: readonly string[];
}

function workflow({ on = "pull_request_target", top = "", job = "", steps }: Case): string {
  const lines = steps.map((step) => `      - ${step}\n`).join("");
  return `on: ${on}\n${top}jobs:\n  a:\n    runs-on: ubuntu-latest\n${job}    steps:\n${lines}`;
}

function severity(text: string, path = WORKFLOW): string {
  const found = findingsOf(RULE, path, text);
  assert.ok(found.length <= 1);
  return found[0]?.severity ?? "silent";
}

const READING = "permissions: {contents: read}\n";
const WRITING = "permissions: {contents: write}\n";

const CASES: readonly (readonly [string, string, Case])[] = [
  ["a secret of the step that builds", "error", { steps: [HEAD, KEY] }],
  ["a secret of the job", "error", { job: "    env: {KEY: '${{ secrets.KEY }}'}\n", steps: [BARE, "run: npm ci"] }],
  [
    "a secret of the workflow",
    "error",
    { top: "env: {KEY: '${{ secrets.KEY }}'}\n", steps: [BARE, "run: ./build.sh"] },
  ],
  ["a token that can write, left by the checkout", "error", { top: WRITING, steps: [HEAD, "run: npm test"] }],
  ["a token that can write, which a local action gets", "error", { top: WRITING, steps: [BARE, "uses: ./.github/x"] }],
  ["a token whose rights the settings decide", "warning", { steps: [HEAD, "run: make"] }],
  [
    "a secret of a later step",
    "warning",
    { steps: [BARE, "run: make", "{run: echo, env: {KEY: '${{ secrets.KEY }}'}}"] },
  ],
  [
    "a secret that the checkout was handed",
    "error",
    {
      top: READING,
      steps: [HEAD.replace("with: {", "with: {token: '${{ secrets.PAT }}', "), "run: pip install -r requirements.txt"],
    },
  ],
  [
    "a fork's repository",
    "error",
    {
      steps: [
        "{uses: actions/checkout@v4, with: {repository: '${{ github.event.pull_request.head.repo.full_name }}'}}",
        KEY,
      ],
    },
  ],
  [
    "the head of a run",
    "error",
    {
      on: "{workflow_run: {workflows: [ci]}}",
      steps: ["{uses: actions/checkout@v4, with: {ref: '${{ github.event.workflow_run.head_sha }}'}}", KEY],
    },
  ],
  [
    "gh pr checkout, and a build in the same script",
    "error",
    {
      on: "issue_comment",
      steps: ['{run: "gh pr checkout 1; make", env: {KEY: "${{ secrets.KEY }}"}}'],
    },
  ],
  [
    "a fetch of the pull request",
    "error",
    {
      on: "issue_comment",
      steps: ['run: "git fetch origin pull/$N/head && git checkout FETCH_HEAD"', KEY],
    },
  ],
  [
    "a label that lets it in",
    "information",
    {
      job: "    if: contains(github.event.pull_request.labels.*.name, 'ok')\n",
      steps: [HEAD, KEY],
    },
  ],
  ["an environment that lets it in", "information", { job: "    environment: review\n", steps: [HEAD, KEY] }],
  [
    "the role of who comments",
    "information",
    {
      on: "issue_comment",
      job: "    if: github.event.comment.author_association == 'OWNER'\n",
      steps: ["run: gh pr checkout 1", KEY],
    },
  ],
  ["nothing to take: the token reads, and no secret is there", "silent", { top: READING, steps: [HEAD, "run: make"] }],
  ["no credential left and no secret", "silent", { steps: [BARE, "run: npm ci && npm test"] }],
  ["code of the base", "silent", { steps: ["uses: actions/checkout@v4", KEY] }],
  ["code that nothing runs", "silent", { steps: [HEAD, "{run: cat README.md, env: {KEY: '${{ secrets.KEY }}'}}"] }],
  ["a build before the checkout", "silent", { top: READING, steps: [KEY, HEAD] }],
  [
    "a build before it in the same script",
    "silent",
    {
      on: "issue_comment",
      steps: ['{run: "make; gh pr checkout 1", env: {KEY: "${{ secrets.KEY }}"}}'],
    },
  ],
  [
    "a fork's code kept out by a condition",
    "silent",
    {
      job: "    if: github.event.pull_request.head.repo.full_name == github.repository\n",
      steps: [HEAD, KEY],
    },
  ],
  ["a pull request without secrets", "silent", { on: "pull_request", steps: [HEAD, KEY] }],
  ["the base again in its place", "silent", { top: READING, steps: [HEAD, "uses: actions/checkout@v4", KEY] }],
  [
    "code in a folder that nothing looks into",
    "silent",
    {
      top: READING,
      steps: [HEAD.replace("with: {", "with: {path: pr, "), KEY],
    },
  ],
  [
    "code in a folder that is built",
    "error",
    {
      top: READING,
      steps: [HEAD.replace("with: {", "with: {path: pr, "), "{run: make -C pr, env: {KEY: '${{ secrets.KEY }}'}}"],
    },
  ],
];

describe("secret-to-untrusted-code", () => {
  for (const [name, expected, each] of CASES)
    it(`says ${expected} to ${name}`, () => assert.equal(severity(workflow(each)), expected));

  it("holds for Gitea and Forgejo, whose every step has the token", () => {
    assert.equal(severity(workflow({ steps: [BARE, "run: make"] }), ".forgejo/workflows/ci.yml"), "warning");
    assert.equal(severity(workflow({ steps: [BARE, KEY] }), ".gitea/workflows/ci.yml"), "error");
    assert.equal(severity(workflow({ on: "pull_request", steps: [BARE, KEY] }), ".gitea/workflows/ci.yml"), "silent");
  });

  it("says nothing of the systems whose settings decide what strangers' code gets", () => {
    const drone =
      "kind: pipeline\ntype: docker\nname: a\nsteps:\n  - name: b\n    image: alpine\n    environment: {KEY: {from_secret: key}}\n    commands: [make]\ntrigger: {event: [pull_request]}\n";
    assert.equal(severity(drone, ".drone.yml"), "silent");
    const woodpecker =
      "when: {event: pull_request}\nsteps:\n  - name: b\n    image: alpine\n    environment: {KEY: {from_secret: key}}\n    commands: [make]\n";
    assert.equal(severity(woodpecker, ".woodpecker.yml"), "silent");
  });

  it("names what is within reach, the event, and the step that runs the code", () => {
    const [found] = findingsOf(RULE, WORKFLOW, workflow({ steps: [BARE, KEY] }));
    assert.match(found?.message ?? "", /under pull_request_target step “make test” runs it with KEY within reach/);
    assert.deepEqual(
      found?.reach?.map(({ name }) => name),
      ["KEY"],
    );
    assert.equal(found?.related.length, 1);
  });

  it("drops the credential where that is all there is to take and nothing needs it", () => {
    const before = workflow({ steps: [HEAD, "run: npm ci"] });
    const after = before.replace("head.sha }}'}", "head.sha }}', persist-credentials: false}");
    assert.equal(fixAll(RULE, WORKFLOW, before, []), after);
    const windows = before.replaceAll("\n", "\r\n");
    assert.equal(fixAll(RULE, WORKFLOW, windows, []), after.replaceAll("\n", "\r\n"));
    const fixes = (steps: readonly string[]) => findingsOf(RULE, WORKFLOW, workflow({ steps }))[0]?.fixes.length;
    assert.equal(fixes([HEAD, KEY]), 0);
    assert.equal(fixes([HEAD, "run: npm ci", "run: git push"]), 0);
    assert.equal(fixes([`&head ${HEAD}`, "run: npm ci"]), 0);
  });
});
