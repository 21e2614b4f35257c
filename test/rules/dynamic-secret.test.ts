import assert from "node:assert/strict";
import { pipelineOf } from "../../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { check, findingsOf } from "../check.ts";

const RULE = "dynamic-secret";
const PATH = ".github/workflows/x.yml";

/** A workflow whose only step has a variable of this value, underlined where `~` encloses it. */
function workflow(value: string, { on = "push", strategy = "" } = {}): string {
  const line = `          V: ${value.replaceAll("~", "")}`;
  const [before = "", underlined] = `          V: ${value}`.split("~");
  const mark = underlined === undefined ? "" : `#${" ".repeat(before.length - 1)}${"^".repeat(underlined.length)}\n`;
  return `on: ${on}\njobs:\n  a:\n    runs-on: x\n${strategy}    steps:\n      - run: x\n        env:\n${line}\n${mark}`;
}

const MATRIX = "    strategy: {matrix: {stage: [DEV, PROD], site: [{key: A}, {key: B}]}}\n";
const CHOICE = "{workflow_dispatch: {inputs: {stage: {type: choice, options: [DEV, PROD]}, free: {type: string}}}}";

/** Each with what decides the name. */
const COMPUTED: readonly (readonly [why: string, text: string])[] = [
  ["an input that anybody fills in", workflow("${{ ~secrets[inputs.free]~ }}", { on: CHOICE })],
  [
    "an input of a called workflow",
    workflow("${{ ~secrets[inputs.name]~ }}", { on: "{workflow_call: {inputs: {name: {type: string}}}}" }),
  ],
  [
    "an input that a caller fills in, whatever a person may choose",
    workflow("${{ ~secrets[inputs.stage]~ }}", {
      on: "{workflow_call: {inputs: {stage: {type: string}}}, workflow_dispatch: {inputs: {stage: {type: choice, options: [A]}}}}",
    }),
  ],
  ["the name of the branch", workflow("${{ ~secrets[github.ref_name]~ }}")],
  ["a name that is put together", workflow("${{ ~secrets[format('{0}_TOKEN', github.actor)]~ }}")],
  ["one of several of which one is open", workflow("${{ ~secrets[github.ref == 'x' && 'A' || inputs.b]~ }}")],
  ["a variable of the environment", workflow("${{ ~secrets[env.NAME]~ }}")],
  ["a variable of the settings", workflow("${{ ~secrets[vars['NAME']]~ }}")],
  [
    "a matrix that another job makes",
    workflow("${{ ~secrets[matrix.name]~ }}", {
      strategy: '    strategy: {matrix: "${{ fromJSON(needs.a.outputs.m) }}"}\n',
    }),
  ],
  [
    "a matrix with a computed value in it",
    workflow("${{ ~secrets[matrix.name]~ }}", { strategy: '    strategy: {matrix: {name: [A, "${{ inputs.x }}"]}}\n' }),
  ],
  ["a matrix without that value", workflow("${{ ~secrets[matrix.other]~ }}", { strategy: MATRIX })],
  ["a name inside of another expression", workflow("${{ fromJSON(~secrets[inputs.x]~).key }}")],
  ["a name in a quoted value", workflow("'x ${{ ~SECRETS [ inputs.x ]~ }}'")],
  [
    "an input of a step",
    `on: push
jobs:
  a:
    runs-on: x
    steps:
      - uses: acme/x@11bd71901bbe5b1630ceea73d27597364c9af683
        with:
          token: \${{ secrets[inputs.x] }}
#                    ^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "the text of a script",
    `on: push
jobs:
  a:
    runs-on: x
    steps:
      - run: |
          ./x "\${{ secrets[inputs.x] }}"
#                  ^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "the list for a called workflow",
    `on: push
jobs:
  a:
    uses: ./.github/workflows/x.yml
    secrets:
      TOKEN: \${{ secrets[inputs.x] }}
#                ^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "the environment of everything",
    `on: push
env:
  TOKEN: \${{ secrets[inputs.x] }}
#            ^^^^^^^^^^^^^^^^^
jobs:
  a: {runs-on: x, steps: [{run: x}]}
  b: {runs-on: x, steps: [{run: x}]}
`,
  ],
];

const KNOWN: readonly (readonly [why: string, text: string, names: readonly string[]])[] = [
  ["a literal", workflow("${{ secrets['A-B'] }}"), ["A-B"]],
  ["a property", workflow("${{ secrets.A }}"), ["A"]],
  ["a matrix that is written out", workflow("${{ secrets[matrix.stage] }}", { strategy: MATRIX }), ["DEV", "PROD"]],
  ["a part of a matrix", workflow("${{ secrets[matrix.site.key] }}", { strategy: MATRIX }), ["A", "B"]],
  [
    "a matrix of its own combinations",
    workflow("${{ secrets[matrix.s] }}", { strategy: "    strategy: {matrix: {include: [{s: A}, {s: B}]}}\n" }),
    ["A", "B"],
  ],
  [
    "a matrix in a pattern",
    workflow("${{ secrets[format('{0}_{1}', matrix.stage, 'KEY')] }}", { strategy: MATRIX }),
    ["DEV_KEY", "PROD_KEY"],
  ],
  ["one of two", workflow("${{ secrets[github.ref == 'x' && 'A' || 'B'] }}"), ["A", "B"]],
  ["a choice", workflow("${{ secrets[inputs.stage] }}", { on: CHOICE }), ["DEV", "PROD"]],
  [
    "a choice by its older name",
    workflow("${{ secrets[github.event.inputs.stage] }}", { on: CHOICE }),
    ["DEV", "PROD"],
  ],
  ["another context with such a name", workflow("${{ inputs.secrets[inputs.x] }}"), []],
  ["a string", workflow("${{ format('secrets[inputs.x]') }}"), []],
  ["no expression", workflow("secrets[inputs.x]"), []],
  ["a variable of a shell", workflow("x").replace("run: x", 'run: echo "${secrets[x]}"'), []],
];

describe("a dynamic secret", () => {
  for (const [why, text] of COMPUTED) {
    it(`is found: ${why}`, () => {
      check(RULE, PATH, text);
      check(RULE, ".gitea/workflows/x.yml", text.replace("acme/x@", "https://gitea.example/acme/x@"));
    });
  }

  for (const [why, text, names] of KNOWN) {
    it(`is none: ${why}`, () => {
      check(RULE, PATH, text);
      const pipeline = pipelineOf({ path: PATH, text }, EMPTY_CONTEXT);
      const [first] = pipeline === undefined ? [] : [...stepsOf(pipeline)];
      assert.deepEqual(first && reachOfStep(first.step).map(({ name }) => name), names);
    });
  }

  it("is a note that guesses nothing and offers no fix", () => {
    const [finding] = findingsOf(RULE, PATH, workflow("${{ secrets[inputs.free] }}"));
    assert.equal(finding?.severity, "information");
    assert.match(finding.message, /^Which secret secrets\[inputs\.free\] is, only the run knows/);
    assert.deepEqual(finding.fixes, []);
  });
});
