import assert from "node:assert/strict";
import fc from "fast-check";
import {
  analyze,
  DEFAULT_SETTINGS,
  EMPTY_CONTEXT,
  type HoverOptions,
  hoverMarkdown,
  subjectsAt,
} from "../../server/core/index.ts";

const CI = ".github/workflows/ci.yml";
const COMMIT = "11bd71901bbe5b1630ceea73d27597364c9af683";
const SHA256 = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";

interface Asked extends Partial<HoverOptions> {
  readonly path?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** The file under the cursor; the CI file unless given. */
  readonly at?: string;
}

/** What a hover says at the first occurrence of a text; "" where it says nothing. */
function hover(text: string, on: string, { path = CI, files = {}, at = path, ...options }: Asked = {}): string {
  const file = { path, text };
  const context = { ...EMPTY_CONTEXT, read: (name: string) => files[name] };
  const offset = (at === path ? text : (files[at] ?? "")).indexOf(on) + 1;
  assert.ok(offset > 0, on);
  const findings = analyze(file, context, DEFAULT_SETTINGS).findings.filter(
    ({ path: own, span }) => own === at && span.start <= offset && offset <= span.end,
  );
  const subjects = subjectsAt(file, context, { path: at, offset });
  return hoverMarkdown(subjects, findings, { recall: () => undefined, showsMessages: false, ...options }) ?? "";
}

/** A workflow whose steps are lines of YAML. Its first job can read a secret. */
function workflow(...steps: readonly string[]): string {
  const lines = steps.map((step) => `      - ${step}\n`).join("");
  return `on: push
permissions: {}
jobs:
  test:
    runs-on: ubuntu-24.04
    env:
      NPM_TOKEN: \${{ secrets.NPM_TOKEN }}
    steps:
${lines}`;
}

function has(text: string, ...parts: readonly string[]): void {
  for (const part of parts) assert.ok(text.includes(part), `${part}\n--- is not in ---\n${text}`);
}

describe("a hover", () => {
  it("on a line that is found says what runs, what it could take now and later, what to do, and where to read more", () => {
    const text = workflow(
      "name: Upload\n        run: curl -s https://example.com/install.sh | sh",
      "name: Publish\n        run: npm publish\n        env:\n          DEPLOY_KEY: ${{ secrets.DEPLOY_KEY }}",
    );
    has(
      hover(text, "curl -s"),
      "**Code from the network** `https://example.com/install.sh`, run by step “Upload”",
      "| `NPM_TOKEN` | now, while it runs | job “test” |",
      "| `DEPLOY_KEY` | later, by changing what later steps run | step “Publish” |",
      "**What to do:** the quick fix “Pin",
      "[unpinned-remote-script](https://github.com/pipewarden/pipewarden/blob/main/docs/rules/unpinned-remote-script.md)",
    );
  });

  it("leaves out what the editor shows beside it", () => {
    const text = workflow(
      "run: curl -s https://example.com/install.sh | sh",
      "run: npm publish\n        env:\n          DEPLOY_KEY: ${{ secrets.DEPLOY_KEY }}",
    );
    const own = hover(text, "curl -s", { showsMessages: true });
    const all = hover(text, "curl -s");
    const { findings } = analyze({ path: CI, text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
    const start = (findings.find(({ rule }) => rule.id === "unpinned-remote-script")?.message ?? "?").slice(0, 12);
    has(all, start);
    assert.ok(!own.includes(start) && !own.includes("docs/rules"), own);
    assert.ok(!own.includes("NPM_TOKEN"), "the editor lists what is related to a message");
    has(own, "| `DEPLOY_KEY` | later", "**What to do:**");
  });

  it("on a pinned action says to what, what the comment calls it, and that it was not verified yet", () => {
    const text = workflow(`uses: actions/checkout@${COMMIT} # v4.2.2`);
    const link = "command:pipewarden.verifyPins?x";
    has(
      hover(text, "actions/checkout", { checkNow: link }),
      `**Action** \`actions/checkout@${COMMIT}\``,
      "Pinned to this commit, which the comment beside it calls `v4.2.2`: nobody can change it unseen.",
      "Not verified yet whether that still holds.",
      `[Check now](${link}) · [actions/checkout on github.com](https://github.com/actions/checkout)`,
    );
    assert.ok(!hover(text, "actions/checkout").includes("Check now"), "an editor without command links");
  });

  it("says what the last verification said, with its day", () => {
    const text = workflow(`uses: actions/checkout@${COMMIT} # v4.2.2`);
    const recall: HoverOptions["recall"] = ({ subject, expected, label }) => ({
      day: "2026-03-04",
      message: `${label} of ${subject} is ${expected.slice(0, 7)}.`,
    });
    has(hover(text, "actions/checkout", { recall }), "Verified on 2026-03-04: v4.2.2 of actions/checkout is 11bd719.");
  });

  it("on an action of the lock file says the commit that it is held to, and the actions that it runs", () => {
    const text = workflow("uses: acme/build@v1");
    const lock = `version: 'v0.0.2'
workflows:
    '${CI}':
        - 'acme/build@v1'
dependencies:
    'acme/build@v1':
        ref: 'v1'
        commit: 'sha1-${COMMIT}'
        uses:
            - 'actions/cache@v4'
            - 'acme/missing@v2'
    'actions/cache@v4':
        ref: 'v4'
        commit: 'sha1-${"ab".repeat(20)}'
`;
    const files = { ".github/workflows/actions.lock": lock };
    has(
      hover(text, "acme/build", { files }),
      `The lock file \`.github/workflows/actions.lock\` holds it to commit \`${COMMIT}\`.`,
      "It runs `actions/cache@v4` (`abababababab`), `acme/missing@v2` (not locked).",
    );
    const other = { ".github/workflows/actions.lock": lock.replace(CI, ".github/workflows/other.yml") };
    assert.ok(!hover(text, "acme/build", { files: other }).includes("lock file"), "the workflow is not listed");
    for (const broken of ["", "workflows: [", "dependencies: 3", lock.replace("sha1-", "md5-")])
      assert.ok(
        !hover(text, "acme/build", { files: { ".github/workflows/actions.lock": broken } }).includes("lock file"),
      );
  });

  it("on a download that is checked says so, at the address and at the digits", () => {
    const run = `run: |
          curl -fsSL https://example.com/i.sh -o i.sh
          echo "${SHA256}  i.sh" | sha256sum -c - || exit 1
          bash i.sh`;
    for (const place of ["https://example.com", SHA256])
      has(
        hover(workflow(run), place),
        "`https://example.com/i.sh`",
        "Compared with a known content before it runs: anything else stops the step.",
        "Not verified yet",
      );
  });

  it("on the command that fetches what another line runs says what that is", () => {
    const run = "run: |\n          curl -fsSL https://example.com/i.sh -o i.sh\n          bash i.sh";
    has(hover(workflow(run), "https://example.com"), "`https://example.com/i.sh`", "| `NPM_TOKEN` |");
  });

  it("on images, includes and packages says what they are", () => {
    const gitlab = `image: node:22@sha256:${SHA256}
include:
  - remote: https://example.com/ci.yml
build:
  script:
    - npx cowsay@1.5.0 hi
`;
    const on = (text: string) => hover(gitlab, text, { path: ".gitlab-ci.yml" });
    has(on("node:22"), "**Container image**", "Pinned to this digest: nobody");
    has(on("https://example.com/ci.yml"), "**Included configuration** `https://example.com/ci.yml`");
    has(on("cowsay"), "**Package**", "Pinned to version `1.5.0`.");
  });

  it("on a file of the repository, and on an address that nothing runs, says that there is nothing to pin", () => {
    has(hover(workflow("uses: ./.github/actions/setup"), "./.github"), "comes with the commit that runs");
    const text = workflow("run: curl -s https://example.com/data.json | jq .name");
    has(hover(text, "https://example.com"), "`https://example.com/data.json`: nothing that Pipewarden can see");
    assert.equal(hover(workflow("run: echo done # curl https://example.com/x"), "https://example.com"), "");
  });

  it("in a script that a pipeline runs says the same", () => {
    const files = { "ci/upload.sh": "#!/bin/bash\ncurl -s https://example.com/install.sh | sh\n" };
    const said = hover(workflow("run: bash ci/upload.sh"), "curl -s", { files, at: "ci/upload.sh" });
    has(said, "`https://example.com/install.sh`, run by step", "| `NPM_TOKEN` |");
  });

  it("in a Dockerfile that a pipeline builds says the same", () => {
    const files = { Dockerfile: `FROM node:22@sha256:${SHA256}\nRUN curl -s https://example.com/i.sh | sh\n` };
    const on = (text: string) => hover(workflow("run: docker build ."), text, { files, at: "Dockerfile" });
    has(on("node:22"), "**Container image**", "Pinned to this digest: nobody");
    has(on("curl"), "`https://example.com/i.sh`");
  });

  it("on a finding that is not about code of others says why it matters and what to do", () => {
    const text =
      "on: issues\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo ${{ github.event.issue.title }}\n";
    has(hover(text, "github.event"), "[script-injection](", "**What to do:**");
  });

  it("is not there where nothing is to be said", () => {
    const text = workflow("run: npm test");
    assert.equal(hover(text, "npm test"), "");
    assert.equal(hover("a: 1\n", "a", { path: "values.yml" }), "");
  });

  it("gives no effect to anything that a file says", () => {
    const hostile =
      "](command:workbench.action.quit) ![x](https://evil.example/x.png) <img src=x> `` | $(icon) [a](b) **b**";
    const text = workflow(
      `name: ${JSON.stringify(hostile)}\n        run: curl -s https://example.com/i.sh | sh\n        env:\n          A: \${{ secrets.X }}`,
      `uses: "acme/x\`](command:workbench.action.quit)@v1"`,
    );
    for (const place of ["curl -s", "acme/x"]) assertHarmless(hover(text, place));
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 40 }),
        fc.constantFrom("`", "](", "<b>", "|", "\\", "\n", "&#x5d;"),
        (a, b) => {
          const name = JSON.stringify(`${a}${b}](command:x)${b}${a}`);
          assertHarmless(hover(workflow(`name: ${name}\n        run: curl -s https://e.example/i.sh | sh`), "curl"));
        },
      ),
      { seed: 7, numRuns: 100 },
    );
  });

  it("does not repeat a credential that stands in the file", () => {
    const text = workflow("run: curl -s https://user:hunter2secret@example.com/i.sh | sh");
    assert.ok(!hover(text, "curl -s").includes("hunter2secret"), hover(text, "curl -s"));
  });

  it("is short where very many secrets are within reach", () => {
    const env = Array.from({ length: 300 }, (_, i) => `  KEY_${i}: \${{ secrets.KEY_${i} }}\n`).join("");
    const said = hover(`env:\n${env}${workflow("run: curl -s https://example.com/i.sh | sh")}`, "curl -s");
    assert.ok(said.length < 4000, String(said.length));
    has(said, "more");
  });
});

/** No link but our own ones, no markup but our own: outside of code spans every mark is escaped. */
function assertHarmless(markdown: string): void {
  const bare = withoutCode(markdown).replace(/\\[!-/:-@[-`{-~]/g, "");
  const targets = [...bare.matchAll(/\]\(([^)]*)\)/g)].map(([, target = ""]) => target);
  for (const target of targets) assert.match(target, /^https:\/\/github\.com\//, markdown);
  assert.doesNotMatch(bare, /[<>&]|!\[/, markdown);
}

/** Code spans as CommonMark reads them: a run of back quotes up to the next run of the same length. */
function withoutCode(markdown: string): string {
  return markdown.replace(/\\`/g, "").replace(/(?<!`)(`+)(?!`)([\s\S]*?[^`])\1(?!`)/g, "");
}
