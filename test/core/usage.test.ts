import assert from "node:assert/strict";
import { pipelineOf } from "../../server/core/analyze.ts";
import { stepsOf } from "../../server/core/model.ts";
import { type Usage, usageOf, usageOfUnknown } from "../../server/core/usage.ts";
import type { Files } from "../check.ts";

/** What one step of a workflow does with a variable. */
function usage(step: string, name: string, files: Files = {}): Usage {
  const text = `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - ${step}\n`;
  const context = { read: (path: string) => files[path], list: () => [] };
  const pipeline = pipelineOf({ path: ".github/workflows/x.yml", text }, context);
  const [found] = pipeline ? [...stepsOf(pipeline)] : [];
  assert.ok(pipeline && found, text);
  return usageOf(pipeline, found.step, name);
}

const run = (line: string) => `run: |\n          ${line}`;

const LINES: readonly (readonly [Usage, string, string])[] = [
  ["named", "KEY", 'echo "$KEY"'],
  ["named", "KEY", `python3 -c "import os; os.environ['KEY']"`],
  ["named", "KEY", "docker run -e KEY app"],
  ["none", "KEY", "echo $MY_KEY $KEY_2"],
  ["none", "KEY", "npm ci"],
  ["none", "KEY", "cargo build --release"],
  ["none", "KEY", "python -m pip install tox"],
  ["none", "KEY", "node -e 'console.log(1)'"],
  ["none", "KEY", "echo make; echo ./deploy"],
  ["none", "KEY", "curl -fsSL https://example.com/i.sh | bash -s -- -b bin"],
  ["none", "KEY", 'sh -c "$(curl -fsSL https://example.com/i.sh)"'],
  ["opaque", "KEY", "make release"],
  ["opaque", "KEY", "npm test"],
  ["opaque", "KEY", "cd app && ./gradlew check"],
  ["opaque", "KEY", "if pytest; then echo fine; fi"],
  ["opaque", "KEY", "bash ci/deploy.sh"],
  ["opaque", "KEY", "python3 tools/report.py"],
  ["possible", "KEY", "printenv > .env"],
  ["possible", "KEY", "env | sort"],
  ["possible", "KEY", "sudo -E apt-get update"],
  ["possible", "AWS_SECRET_ACCESS_KEY", "aws s3 sync site s3://example"],
  ["possible", "AWS_SECRET_ACCESS_KEY", "terraform -chdir=infra apply"],
  ["possible", "GOOGLE_APPLICATION_CREDENTIALS", "gcloud run deploy"],
  ["possible", "ARM_CLIENT_SECRET", "terraform plan"],
  ["possible", "GH_TOKEN", "gh release create v1"],
  ["possible", "NODE_AUTH_TOKEN", "npm ci"],
  ["possible", "NPM_TOKEN", "npm --workspace a publish"],
  ["none", "NPM_TOKEN", "npm ci"],
  ["none", "NPM_TOKEN", "npm test"],
  ["possible", "CODECOV_TOKEN", "bash <(curl -s https://codecov.io/bash)"],
  ["possible", "CODECOV_TOKEN", "codecov upload-process"],
  ["none", "CODECOV_TOKEN", "make test"],
  ["possible", "TWINE_PASSWORD", "twine upload dist/*"],
  ["possible", "CARGO_REGISTRY_TOKEN", "cargo publish"],
  ["none", "CARGO_REGISTRY_TOKEN", "cargo test"],
  ["possible", "SENTRY_AUTH_TOKEN", "sentry-cli releases new x"],
  ["possible", "ACME_API_KEY", "acme deploy"],
  ["none", "ACME_API_KEY", "deploy --to staging"],
];

const CALLS: readonly (readonly [Usage, string, string])[] = [
  ["none", "KEY", "actions/checkout@v4"],
  ["none", "KEY", "actions/setup-node@v4"],
  ["possible", "NODE_AUTH_TOKEN", "actions/setup-node@v4"],
  ["possible", "AWS_ACCESS_KEY_ID", "aws-actions/configure-aws-credentials@v4"],
  ["none", "KEY", "aws-actions/configure-aws-credentials@v4"],
  ["possible", "CODECOV_TOKEN", "codecov/codecov-action@v4"],
  ["possible", "KEY", "acme/tool@v1"],
  ["possible", "KEY", "./.github/actions/missing"],
  ["possible", "KEY", "docker://acme/tool:1"],
];

describe("what a step does with a variable", () => {
  for (const [expected, name, line] of LINES)
    it(`is ${expected} for ${name} and \`${line}\``, () => assert.equal(usage(run(line), name), expected));

  for (const [expected, name, action] of CALLS)
    it(`is ${expected} for ${name} and ${action}`, () => assert.equal(usage(`uses: ${action}`, name), expected));

  it("is told by what it runs of the repository", () => {
    assert.equal(usage(run("bash ci/x.sh"), "KEY", { "ci/x.sh": "echo $KEY\n" }), "named");
    assert.equal(usage(run("bash ci/x.sh"), "KEY", { "ci/x.sh": "echo fine\n" }), "none");
    assert.equal(usage(run("bash ci/x.sh"), "KEY", { "ci/x.sh": "pytest\n" }), "opaque");
    assert.equal(usage(run("npm test"), "KEY", { "package.json": '{"scripts": {"test": "eslint ."}}' }), "none");
  });

  it("is told by files that a tool fills with variables", () => {
    assert.equal(usage(run("npm ci"), "KEY", { ".npmrc": "//npm.example/:_authToken=${KEY}\n" }), "possible");
    assert.equal(usage(run("npm ci"), "KEY", { ".npmrc": "//npm.example/:_authToken=${KEY_2}\n" }), "none");
  });

  it("is told by an action of the repository", () => {
    const action = (line: string) => ({
      ".github/actions/a/action.yml": `name: a\nruns:\n  using: composite\n  steps:\n    - run: ${line}\n      shell: bash\n`,
    });
    assert.equal(usage("uses: ./.github/actions/a", "KEY", action("echo $KEY")), "named");
    assert.equal(usage("uses: ./.github/actions/a", "KEY", action("pytest")), "opaque");
    assert.equal(usage("uses: ./.github/actions/a", "KEY", action("npm ci")), "none");
  });

  it("is told for variables whose names stand in no file", () => {
    const unknown = (line: string) => {
      const text = `jobs:\n  - job: a\n    variables: {mode: fast}\n    steps:\n      - bash: |\n          ${line}\n`;
      const pipeline = pipelineOf({ path: "azure-pipelines.yml", text }, { read: () => undefined, list: () => [] });
      const [found] = pipeline ? [...stepsOf(pipeline)] : [];
      assert.ok(pipeline && found);
      return usageOfUnknown(pipeline, found.step);
    };
    const lines = ['echo "$(mode)" $MODE', "x=1; echo $x $HOME", "echo $KEY", "echo $(key)", "docker push a/b", "make"];
    assert.deepEqual(lines.map(unknown), ["none", "none", "named", "named", "possible", "possible"]);
  });
});
