import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { stepsOf } from "../../server/core/model.ts";
import { githubActions } from "../../server/core/systems/github-actions.ts";
import { parseYaml } from "../../server/core/yaml.ts";

const PATH = ".github/workflows/x.yml";

/** What the variable `V` of the only step says: `name kind extent`, or the text of the place with `text`. */
function usesOf(value: string, { head = "on: push", job = "", text = false } = {}): readonly string[] {
  const document = `${head}\njobs:\n  a:\n    runs-on: x\n${job}    steps:\n      - run: x\n        env:\n          V: ${value}\n`;
  const pipeline = githubActions.read({ path: PATH, text: document }, parseYaml(document), EMPTY_CONTEXT);
  const [found] = [...stepsOf(pipeline)];
  return (found?.step.scope.variables[0]?.secrets ?? []).map(({ name, kind, extent = "one", span }) =>
    text ? document.slice(span.start, span.end) : `${name} ${kind} ${extent}`,
  );
}

const MATRIX = "    strategy: {matrix: {name: [A_KEY, B_KEY], target: [{env: DEV}, {env: PROD}]}}\n";

describe("secrets in expressions", () => {
  it("are single ones by their names, however they are written", () => {
    assert.deepEqual(usesOf("${{ secrets.A }}${{ SECRETS [ 'B' ] }}${{ secrets . C-D }}"), [
      "A named one",
      "B named one",
      "C-D named one",
    ]);
    assert.deepEqual(usesOf("${{ secrets.GITHUB_TOKEN || github.token }}"), [
      "GITHUB_TOKEN token one",
      "GITHUB_TOKEN token one",
    ]);
  });

  it("are all of them where the context stands by itself", () => {
    const whole = ["every secret that this workflow can have named whole"];
    for (const code of ["toJSON(secrets)", "toJson( secrets )", "join(secrets.*)", "secrets", "secrets[*]"]) {
      assert.deepEqual(usesOf(`\${{ ${code} }}`), whole, code);
    }
    assert.deepEqual(usesOf("${{ fromJSON(toJSON(secrets)).A }}", { text: true }), ["toJSON(secrets)"]);
    assert.deepEqual(usesOf("${{ join(secrets.*, ',') }}", { text: true }), ["secrets.*"]);
  });

  it("are not what only looks like the context", () => {
    for (const code of [
      "inputs.secrets",
      "my-secrets.A",
      "'secrets.A'",
      "format('toJSON(secrets)')",
      "secrets_A",
      "env.secrets",
    ])
      assert.deepEqual(usesOf(`\${{ ${code} }}`), [], code);
    assert.deepEqual(usesOf("toJSON(secrets)"), []);
    assert.deepEqual(usesOf('"secrets.A ${{ vars.secrets }}"'), []);
  });

  it("are computed where only the run knows the name", () => {
    for (const code of [
      "secrets[inputs.x]",
      "secrets[format('{0}_KEY', github.ref_name)]",
      "secrets[env['x']]",
      "secrets[matrix.a",
    ])
      assert.deepEqual(usesOf(`\${{ ${code} }}`), [`${code}${code.endsWith("a") ? " }}" : ""} named computed`], code);
  });

  it("are known where the file decides the name", () => {
    const both = ["A_KEY named one", "B_KEY named one"];
    assert.deepEqual(usesOf("${{ secrets[matrix.name] }}", { job: MATRIX }), both);
    assert.deepEqual(usesOf("${{ secrets[format('{0}_KEY', matrix.target.env)] }}", { job: MATRIX }), [
      "DEV_KEY named one",
      "PROD_KEY named one",
    ]);
    assert.deepEqual(usesOf("${{ secrets[github.ref == 'x' && 'A_KEY' || 'B_KEY'] }}"), both);
    const head = "on: {workflow_dispatch: {inputs: {k: {type: choice, options: [A_KEY, B_KEY]}}}}";
    assert.deepEqual(usesOf("${{ secrets[inputs.k] }}", { head }), both);
    const called = `${head.slice(0, -1)}, workflow_call: {inputs: {k: {type: string}}}}`;
    assert.deepEqual(usesOf("${{ secrets[inputs.k] }}", { head: called }), ["secrets[inputs.k] named computed"]);
    const open = '    strategy: {matrix: {name: "${{ fromJSON(needs.a.outputs.b) }}"}}\n';
    assert.deepEqual(usesOf("${{ secrets[matrix.name] }}", { job: open }), ["secrets[matrix.name] named computed"]);
  });

  it("end at some length where nobody closes the bracket", () => {
    const uses = usesOf(`"\${{ ${"secrets[".repeat(2000)} }}"`);
    assert.equal(uses.length, 2000);
    assert.ok(uses.every((use) => use.endsWith(" named computed") && use.length < 120));
  });
});
