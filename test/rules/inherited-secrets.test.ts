import assert from "node:assert/strict";
import { pipelineOf } from "../../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { objection, withEdits } from "../../server/core/fix.ts";
import { reachOf } from "../../server/core/reach.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import { check, type Files, findingsOf } from "../check.ts";

const RULE = "inherited-secrets";
const PATH = ".github/workflows/caller.yml";
const CALLED = ".github/workflows/called.yml";

/** A workflow with one job that calls another one. */
function caller(rest: string, uses = "./.github/workflows/called.yml"): string {
  return `on: push\njobs:\n  a:\n    uses: ${uses}\n${rest}`;
}

const INHERITS = caller("    secrets: inherit\n#   ^^^^^^^^^^^^^^^^\n");

/** A called workflow with one step whose environment holds `V`. */
function called(value: string, { on = "{workflow_call: {secrets: {A: {}, B: {}}}}", job = "" } = {}): string {
  return `on: ${on}\njobs:\n  b:\n    runs-on: x\n${job}    steps:\n      - run: x\n        env:\n          V: ${value}\n`;
}

/** What the one finding in a text says. */
function said(text: string, files: Files = {}): { readonly severity: string; readonly message: string } {
  const [finding, ...others] = findingsOf(RULE, PATH, text, files).filter(({ path }) => path === PATH);
  assert.ok(finding !== undefined && others.length === 0, text);
  return finding;
}

const LISTED: readonly {
  readonly name: string;
  readonly marked: string;
  readonly fixed: string;
  readonly files: Files;
}[] = [
  {
    name: "what the called workflow declares, whether a step uses it or not",
    marked: INHERITS,
    fixed: caller("    secrets:\n      A: ${{ secrets.A }}\n      B: ${{ secrets.B }}\n"),
    files: { [CALLED]: called("${{ secrets.A }}") },
  },
  {
    name: "nothing where nothing is needed but the token that every job has",
    marked: INHERITS,
    fixed: caller(""),
    files: { [CALLED]: called("${{ secrets.GITHUB_TOKEN }}", { on: "workflow_call" }) },
  },
  {
    name: "with the comment in its place",
    marked: caller("    secrets: inherit # all of them\n#   ^^^^^^^^^^^^^^^^\n    with: {x: 1}\n"),
    fixed: caller(
      "    secrets: # all of them\n      A: ${{ secrets.A }}\n      B: ${{ secrets.B }}\n    with: {x: 1}\n",
    ),
    files: { [CALLED]: called("x") },
  },
  {
    name: "as deep as the file is indented, with its line breaks",
    marked:
      "on: push\r\njobs:\r\n    a:\r\n        uses: ./.github/workflows/called.yml\r\n        secrets: 'inherit'\r\n#       ^^^^^^^^^^^^^^^^^^\n",
    fixed:
      "on: push\r\njobs:\r\n    a:\r\n        uses: ./.github/workflows/called.yml\r\n        secrets:\r\n            A: ${{ secrets.A }}\r\n",
    files: { [CALLED]: called("${{ secrets.A }}", { on: "{workflow_call: {secrets: {A: {required: true}}}}" }) },
  },
  {
    name: "in braces where the job is",
    marked: `on: push
jobs: {a: {uses: ./.github/workflows/called.yml, secrets: inherit}}
#                                                ^^^^^^^^^^^^^^^^
`,
    fixed: `on: push
jobs: {a: {uses: ./.github/workflows/called.yml, secrets: { A: "\${{ secrets.A }}", B: "\${{ secrets.B }}" }}}
`,
    files: { [CALLED]: called("x") },
  },
  {
    name: "what a workflow needs that the called one hands everything to",
    marked: INHERITS,
    fixed: caller("    secrets:\n      A: ${{ secrets.A }}\n      B: ${{ secrets.B }}\n"),
    files: {
      [CALLED]:
        "on: {workflow_call: {secrets: {A: {}, B: {}}}}\njobs: {c: {uses: ./.github/workflows/deep.yml, secrets: inherit}}\n",
      ".github/workflows/deep.yml": called("${{ secrets.B }}${{ secrets.A }}", { on: "workflow_call" }),
    },
  },
  {
    name: "what a circle of calls needs",
    marked: INHERITS,
    fixed: caller("    secrets:\n      A: ${{ secrets.A }}\n"),
    files: {
      [CALLED]:
        "on: {workflow_call: {secrets: {A: {}}}}\njobs: {c: {uses: ./.github/workflows/called.yml, secrets: inherit}}\n",
    },
  },
  {
    name: "names that a matrix of the called workflow writes out",
    marked: INHERITS,
    fixed: caller("    secrets:\n      A: ${{ secrets.A }}\n      B: ${{ secrets.B }}\n"),
    files: { [CALLED]: called("${{ secrets[matrix.s] }}", { job: "    strategy: {matrix: {s: [A, B]}}\n" }) },
  },
];

/** Calls whose needs nobody can tell, with what the message has to say. */
const UNKNOWN: readonly {
  readonly name: string;
  readonly text: string;
  readonly files?: Files;
  readonly why: RegExp;
}[] = [
  { name: "a file that is not there", text: INHERITS, why: /could not be read/ },
  { name: "a file that is broken", text: INHERITS, files: { [CALLED]: "on: [[\n  x" }, why: /could not be read/ },
  {
    name: "a called workflow that takes all of them",
    text: INHERITS,
    files: { [CALLED]: called("${{ toJSON(secrets) }}") },
    why: /computes which of them/,
  },
  {
    name: "a called workflow that computes a name",
    text: INHERITS,
    files: { [CALLED]: called("${{ secrets[inputs.x] }}") },
    why: /computes which of them/,
  },
  {
    name: "a called workflow with the secrets of an environment",
    text: INHERITS,
    files: { [CALLED]: called("${{ secrets.A }}", { job: "    environment: production\n" }) },
    why: /takes some from an environment/,
  },
  {
    name: "a called workflow that hands everything to another repository",
    text: INHERITS,
    files: {
      [CALLED]: "on: workflow_call\njobs: {c: {uses: acme/x/.github/workflows/y.yml@v1, secrets: inherit}}\n",
    },
    why: /cannot be told from this repository/,
  },
  {
    name: "a pinned workflow of another repository",
    text: caller(
      "    secrets: inherit\n#   ^^^^^^^^^^^^^^^^\n",
      "acme/x/.github/workflows/y.yml@11bd71901bbe5b1630ceea73d27597364c9af683",
    ),
    why: /cannot be told from this repository/,
  },
  {
    name: "a workflow whose name is computed",
    text: caller("    secrets: inherit\n#   ^^^^^^^^^^^^^^^^\n", "acme/x/.github/workflows/y.yml@${{ inputs.ref }}"),
    why: /cannot be told from this repository/,
  },
];

describe("inherited secrets", () => {
  for (const { name, marked, fixed, files } of LISTED) {
    it(`are listed: ${name}`, () => check(RULE, PATH, marked, { fixed, files }));
  }

  for (const { name, text, files = {}, why } of UNKNOWN) {
    it(`stay, at a calm level, for ${name}`, () => {
      check(RULE, PATH, text, { files });
      const { severity, message } = said(text.replace(/^#.*\n/gm, ""), files);
      assert.equal(severity, "information");
      assert.match(message, why);
      assert.ok(findingsOf(RULE, PATH, text, files).every(({ fixes, path }) => path !== PATH || fixes.length === 0));
    });
  }

  it("are worst where others can move what is called, and one's own where the makers are trusted", () => {
    const text = (uses: string) => caller("    secrets: inherit\n", uses);
    assert.equal(said(text("acme/x/.github/workflows/y.yml@v1")).severity, "warning");
    assert.match(said(text("acme/x/.github/workflows/y.yml@v1")).message, /owner of acme\/x can change/);
    assert.equal(said(text("actions/x/.github/workflows/y.yml@v1")).severity, "information");
  });

  it("are found in Gitea's and Forgejo's workflows as well", () => {
    check(
      RULE,
      ".forgejo/workflows/x.yml",
      `on: push
jobs:
  a:
    uses: ./.forgejo/workflows/called.yml
    secrets: inherit
#   ^^^^^^^^^^^^^^^^
`,
      {
        files: { ".forgejo/workflows/called.yml": called("${{ secrets.A }}${{ secrets.FORGEJO_TOKEN }}") },
        fixed: `on: push
jobs:
  a:
    uses: ./.forgejo/workflows/called.yml
    secrets:
      A: \${{ secrets.A }}
      B: \${{ secrets.B }}
`,
      },
    );
  });

  it("are the variables of a run that GitLab forwards to another project", () => {
    check(
      RULE,
      ".gitlab-ci.yml",
      `deploy:
  trigger:
    project: acme/deploy
    forward:
      pipeline_variables: true
#     ^^^^^^^^^^^^^^^^^^^^^^^^
      yaml_variables: false
child:
  trigger:
    include: ci/child.yml
    forward: {pipeline_variables: true}
other:
  trigger:
    project: acme/deploy
    forward: {pipeline_variables: false}
`,
    );
  });

  it("are not what is listed, absent, or of a step", () => {
    check(RULE, PATH, caller("    secrets:\n      A: ${{ secrets.A }}\n"));
    check(RULE, PATH, caller(""));
    check(
      RULE,
      PATH,
      "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: a/b@v1\n        with: {secrets: inherit}\n",
    );
    check(RULE, PATH, "on: push\njobs:\n  inherit:\n    runs-on: x\n    steps: [{run: x}]\n");
  });

  describe("where the called workflow uses what it does not declare", () => {
    const text = caller("    secrets: inherit\n");
    const uses = "${{ secrets.A }}${{ secrets.N }}";
    const cases: readonly (readonly [on: string, declared: string | undefined])[] = [
      [
        "\n  workflow_call:\n",
        "\n  workflow_call:\n    secrets:\n      A: { required: false }\n      N: { required: false }\n",
      ],
      [
        "\n  workflow_call:\n    secrets:\n      A:\n        required: true\n",
        "\n  workflow_call:\n    secrets:\n      A:\n        required: true\n      N: { required: false }\n",
      ],
      [
        "\n  workflow_call:\n    inputs:\n      x: {type: string}\n",
        "\n  workflow_call:\n    inputs:\n      x: {type: string}\n    secrets:\n      A: { required: false }\n      N: { required: false }\n",
      ],
      ["workflow_call", undefined],
      ["[push, workflow_call]", undefined],
    ];
    for (const [on, declared] of cases) {
      it(
        declared === undefined
          ? `there is no fix: ${JSON.stringify(on)}`
          : `the fix declares it: ${JSON.stringify(on)}`,
        () => {
          const before = called(uses, { on }).replace("\n\n", "\n");
          const context = { ...EMPTY_CONTEXT, read: (path: string) => (path === CALLED ? before : undefined) };
          const [finding] = findingsOf(RULE, PATH, text, { [CALLED]: before });
          const [fix] = finding?.fixes ?? [];
          assert.ok(finding !== undefined);
          if (declared === undefined) {
            assert.equal(fix, undefined);
            assert.match(finding.message, /needs A and N alone. Declare these there/);
            return;
          }
          assert.ok(fix !== undefined && "edits" in fix);
          const after = withEdits({ path: PATH, text }, fix.edits, context);
          assert.equal(after.file.text, caller("    secrets:\n      A: ${{ secrets.A }}\n      N: ${{ secrets.N }}\n"));
          assert.equal(after.context.read(CALLED), called(uses, { on: declared }).replace("\n\n", "\n"));
          assert.equal(objection({ path: PATH, text }, finding, fix, context, DEFAULT_SETTINGS), undefined);
        },
      );
    }
  });

  it("are in reach of what is called, and listed ones are all that is left", () => {
    const files: Files = { [CALLED]: called("${{ secrets.A }}", { on: "{workflow_call: {secrets: {A: {}}}}" }) };
    const context = { ...EMPTY_CONTEXT, read: (path: string) => files[path] };
    const reach = (text: string) =>
      (pipelineOf({ path: PATH, text }, context)?.jobs ?? []).flatMap((job) =>
        job.steps.flatMap((step) => reachOf(job, step).now.map(({ name, kind }) => `${name} ${kind}`)),
      );
    const text = caller("    secrets: inherit\n");
    assert.deepEqual(reach(text), ["every secret that this workflow can have named"]);
    const [fix] = findingsOf(RULE, PATH, text, files).flatMap(({ fixes }) => fixes);
    assert.ok(fix !== undefined && "edits" in fix);
    assert.deepEqual(reach(withEdits({ path: PATH, text }, fix.edits, context).file.text), ["A named"]);
  });
});
