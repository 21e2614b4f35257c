import assert from "node:assert/strict";
import { check, type Files, findingsOf, readMarks } from "../check.ts";

const RULE = "job-wide-secret";
const GITHUB = ".github/workflows/x.yml";
const CHECKOUT = "      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8";

/** A workflow with one job, whose lines are given. */
function workflow(...job: readonly string[]): string {
  return `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n${job.join("\n")}\n`;
}

interface Case {
  readonly shows: string;
  readonly path: string;
  readonly text: string;
  readonly fixed?: string;
  readonly files?: Files;
}

const FOUND: readonly Case[] = [
  {
    shows: "the step that names the variable gets it, next to what it has",
    path: GITHUB,
    text: workflow(
      "    env:",
      "      KEY: ${{ secrets.KEY }} # of the shop",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      CHECKOUT,
      "      - env:",
      "          MODE: fast",
      '        run: ./deploy "$KEY"',
    ),
    fixed: workflow(
      "    steps:",
      CHECKOUT,
      "      - env:",
      "          MODE: fast",
      "          KEY: ${{ secrets.KEY }} # of the shop",
      '        run: ./deploy "$KEY"',
    ),
  },
  {
    shows: "two steps that name it both get it",
    path: GITHUB,
    text: workflow(
      "    env:",
      "      A: 1",
      "      KEY: ${{ secrets.KEY }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      "      - run: npm ci",
      '      - run: curl -H "$KEY" https://a.example',
      '      - run: curl -H "$KEY" https://b.example',
    ),
    fixed: workflow(
      "    env:",
      "      A: 1",
      "    steps:",
      "      - run: npm ci",
      '      - run: curl -H "$KEY" https://a.example',
      "        env:",
      "          KEY: ${{ secrets.KEY }}",
      '      - run: curl -H "$KEY" https://b.example',
      "        env:",
      "          KEY: ${{ secrets.KEY }}",
    ),
  },
  {
    shows: "two variables come to one new environment",
    path: GITHUB,
    text: workflow(
      "    env:",
      "      NAME: ${{ secrets.NAME }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^^^",
      '      WORD: "${{ secrets.WORD }}"',
      "#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      "      - run: npm ci",
      '      - run: curl -u "$NAME:$WORD" https://a.example',
    ),
    fixed: workflow(
      "    steps:",
      "      - run: npm ci",
      '      - run: curl -u "$NAME:$WORD" https://a.example',
      "        env:",
      "          NAME: ${{ secrets.NAME }}",
      '          WORD: "${{ secrets.WORD }}"',
    ),
  },
  {
    shows: "braces are quoted where the step's environment is in braces",
    path: GITHUB,
    text: workflow(
      "    env:",
      "      KEY: ${{ secrets.KEY }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      "      - run: npm ci",
      "      - { run: 'curl -H \"$KEY\" https://a.example', env: { A: b } }",
    ),
    fixed: workflow(
      "    steps:",
      "      - run: npm ci",
      "      - { run: 'curl -H \"$KEY\" https://a.example', env: { A: b, KEY: '${{ secrets.KEY }}' } }",
    ),
  },
  {
    shows: "an expression of the step is a use",
    path: GITHUB,
    text: workflow(
      "    env:",
      "      KEY: ${{ secrets.KEY }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      CHECKOUT,
      "      - uses: acme/deploy@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
      "        with: { key: '${{ env.KEY }}' }",
    ),
    fixed: workflow(
      "    steps:",
      CHECKOUT,
      "      - uses: acme/deploy@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
      "        with: { key: '${{ env.KEY }}' }",
      "        env:",
      "          KEY: ${{ secrets.KEY }}",
    ),
  },
  {
    shows: "a script of the repository that names the variable is a use",
    path: GITHUB,
    files: { "ci/release.sh": 'curl -H "$KEY" https://a.example\n' },
    text: workflow(
      "    env:",
      "      KEY: ${{ secrets.KEY }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      "      - run: npm ci",
      "      - run: bash ci/release.sh",
    ),
    fixed: workflow(
      "    steps:",
      "      - run: npm ci",
      "      - run: bash ci/release.sh",
      "        env:",
      "          KEY: ${{ secrets.KEY }}",
    ),
  },
  {
    shows: "a script of the repository that does not name it needs none",
    path: GITHUB,
    files: { "ci/lint.sh": "shellcheck ci/*.sh\n" },
    text: workflow(
      "    env:",
      "      KEY: ${{ secrets.KEY }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      "      - run: bash ci/lint.sh",
      '      - run: curl -H "$KEY" https://a.example',
    ),
    fixed: workflow(
      "    steps:",
      "      - run: bash ci/lint.sh",
      '      - run: curl -H "$KEY" https://a.example',
      "        env:",
      "          KEY: ${{ secrets.KEY }}",
    ),
  },
  {
    shows: "an action that nobody can look into keeps what it may read",
    path: GITHUB,
    text: workflow(
      "    env:",
      "      KEY: ${{ secrets.KEY }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      CHECKOUT,
      "      - uses: acme/tool@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
      '      - run: curl -H "$KEY" https://a.example',
    ),
    fixed: workflow(
      "    steps:",
      CHECKOUT,
      "      - uses: acme/tool@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
      "        env:",
      "          KEY: ${{ secrets.KEY }}",
      '      - run: curl -H "$KEY" https://a.example',
      "        env:",
      "          KEY: ${{ secrets.KEY }}",
    ),
  },
  {
    shows: "an uploader that reads its token by itself keeps it, and others lose it",
    path: GITHUB,
    text: workflow(
      "    env:",
      "      CODECOV_TOKEN: ${{ secrets.CODECOV_TOKEN }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      CHECKOUT,
      "      - run: npm test",
      "      - run: bash <(curl -s https://codecov.io/bash)",
    ),
    fixed: workflow(
      "    steps:",
      CHECKOUT,
      "      - run: npm test",
      "      - run: bash <(curl -s https://codecov.io/bash)",
      "        env:",
      "          CODECOV_TOKEN: ${{ secrets.CODECOV_TOKEN }}",
    ),
  },
  {
    shows: "a configuration of npm that names the variable makes every call of npm a use",
    path: GITHUB,
    files: { ".npmrc": "//registry.npmjs.org/:_authToken=${NPM_TOKEN}\n" },
    text: workflow(
      "    env:",
      "      NPM_TOKEN: ${{ secrets.NPM_TOKEN }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      CHECKOUT,
      "      - run: npm ci",
      "      - run: npm publish",
    ),
    fixed: workflow(
      "    steps:",
      CHECKOUT,
      "      - run: npm ci",
      "        env:",
      "          NPM_TOKEN: ${{ secrets.NPM_TOKEN }}",
      "      - run: npm publish",
      "        env:",
      "          NPM_TOKEN: ${{ secrets.NPM_TOKEN }}",
    ),
  },
  {
    shows: "a step with a value of its own does not need the job's",
    path: GITHUB,
    text: workflow(
      "    env:",
      "      KEY: ${{ secrets.KEY }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      "      - run: npm ci",
      '      - { run: echo "$KEY" > x, env: { KEY: none } }',
      '      - run: curl -H "$KEY" https://a.example',
    ),
    fixed: workflow(
      "    steps:",
      "      - run: npm ci",
      '      - { run: echo "$KEY" > x, env: { KEY: none } }',
      '      - run: curl -H "$KEY" https://a.example',
      "        env:",
      "          KEY: ${{ secrets.KEY }}",
    ),
  },
  {
    shows: "a secret of its own name in an input is no use of the variable",
    path: GITHUB,
    text: workflow(
      "    env:",
      "      KEY: ${{ secrets.KEY }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      "      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
      "        with: { ssh-key: '${{ secrets.KEY }}' }",
      '      - run: curl -H "$KEY" https://a.example',
    ),
    fixed: workflow(
      "    steps:",
      "      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
      "        with: { ssh-key: '${{ secrets.KEY }}' }",
      '      - run: curl -H "$KEY" https://a.example',
      "        env:",
      "          KEY: ${{ secrets.KEY }}",
    ),
  },
  {
    shows: "where the job's own text needs the variable, it is found and stays",
    path: GITHUB,
    text: workflow(
      "    env:",
      "      KEY: ${{ secrets.KEY }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^",
      "    outputs: { key: '${{ env.KEY }}' }",
      "    steps:",
      "      - run: npm ci",
      '      - run: curl -H "$KEY" https://a.example',
    ),
  },
  {
    shows: "where an anchor shares the variables, they stay",
    path: GITHUB,
    text: `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    env: &shared
      KEY: \${{ secrets.KEY }}
#     ^^^^^^^^^^^^^^^^^^^^^^^
    steps:
      - run: npm ci
      - run: curl -H "$KEY" https://a.example
  b:
    runs-on: ubuntu-latest
    env: *shared
    steps:
      - run: curl -H "$KEY" https://b.example
`,
  },
  {
    shows: "where no step names it, nobody knows where it belongs",
    path: GITHUB,
    text: workflow(
      "    env:",
      "      KEY: ${{ secrets.KEY }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      CHECKOUT,
      "      - run: npm ci",
    ),
  },
  {
    shows: "the environment of a job's container",
    path: GITHUB,
    text: workflow(
      "    container:",
      "      image: node@sha256:1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7",
      "      env:",
      "        KEY: ${{ secrets.KEY }}",
      "#       ^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      "      - run: npm ci",
      '      - run: curl -H "$KEY" https://a.example',
    ),
    fixed: workflow(
      "    container:",
      "      image: node@sha256:1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7",
      "    steps:",
      "      - run: npm ci",
      '      - run: curl -H "$KEY" https://a.example',
      "        env:",
      "          KEY: ${{ secrets.KEY }}",
    ),
  },
  {
    shows: "a job of Gitea",
    path: ".gitea/workflows/x.yml",
    text: workflow(
      "    env:",
      "      KEY: ${{ secrets.KEY }}",
      "#     ^^^^^^^^^^^^^^^^^^^^^^^",
      "    steps:",
      "      - run: npm ci",
      '      - run: curl -H "$KEY" https://a.example',
    ),
    fixed: workflow(
      "    steps:",
      "      - run: npm ci",
      '      - run: curl -H "$KEY" https://a.example',
      "        env:",
      "          KEY: ${{ secrets.KEY }}",
    ),
  },
  {
    shows: "a variable of an Azure job that is made of a secret",
    path: "azure-pipelines.yml",
    text: `jobs:
  - job: a
    variables:
      DEPLOY_KEY: $(deployKey)
#     ^^^^^^^^^^^^^^^^^^^^^^^^
    steps:
      - script: npm ci
      - bash: curl -H "$DEPLOY_KEY" https://a.example
`,
  },
  {
    shows: "the template of all steps of a Tekton task",
    path: "task.yaml",
    text: `apiVersion: tekton.dev/v1
kind: Task
metadata: {name: t}
spec:
  stepTemplate:
    env:
      - name: KEY
#       ^^^^^^^^^
        valueFrom: {secretKeyRef: {name: shop, key: key}}
  steps:
    - name: install
      image: node@sha256:1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7
      script: npm ci
    - name: deploy
      image: node@sha256:1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7
      script: curl -H "$KEY" https://a.example
`,
  },
];

const SILENT: readonly Case[] = [
  {
    shows: "a job with one step",
    path: GITHUB,
    text: workflow("    env: { KEY: '${{ secrets.KEY }}' }", "    steps:", "      - run: npm ci"),
  },
  {
    shows: "every step needs it",
    path: GITHUB,
    text: workflow(
      "    env: { KEY: '${{ secrets.KEY }}' }",
      "    steps:",
      '      - run: ./check "$KEY"',
      '      - run: ./deploy "$KEY"',
    ),
  },
  {
    shows: "every step is code that may read it",
    path: GITHUB,
    text: workflow(
      "    env: { KEY: '${{ secrets.KEY }}' }",
      "    steps:",
      "      - run: pytest tests",
      "      - uses: acme/tool@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
    ),
  },
  {
    shows: "every step runs a tool of the cloud that the keys are for",
    path: GITHUB,
    text: workflow(
      "    env: { AWS_ACCESS_KEY_ID: '${{ secrets.AWS_ACCESS_KEY_ID }}' }",
      "    steps:",
      "      - run: terraform init",
      "      - run: terraform apply -auto-approve",
      "      - run: aws s3 sync site s3://example",
    ),
  },
  {
    shows: "a password that is written out for a service of a test",
    path: GITHUB,
    text: workflow(
      "    env: { DB_PASSWORD: test }",
      "    services:",
      "      db:",
      "        image: postgres@sha256:1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7",
      "        env: { POSTGRES_PASSWORD: test }",
      "    steps:",
      "      - run: npm ci",
      '      - run: psql "$DB_PASSWORD"',
    ),
  },
  {
    shows: "the job's own token, which another rule looks at",
    path: GITHUB,
    text: workflow(
      "    env: { GH_TOKEN: '${{ github.token }}' }",
      "    steps:",
      "      - run: npm ci",
      "      - run: gh release list",
    ),
  },
  {
    shows: "a secret of the whole workflow, which another rule looks at",
    path: GITHUB,
    text: `on: push
env: { KEY: '\${{ secrets.KEY }}' }
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: npm ci
      - run: curl -H "$KEY" https://a.example
`,
  },
  {
    shows: "a variable of the repository that is no secret",
    path: GITHUB,
    text: workflow(
      "    env: { REGION: '${{ vars.REGION }}' }",
      "    steps:",
      "      - run: npm ci",
      '      - run: ./deploy "$REGION"',
    ),
  },
  {
    shows: "a job of GitLab, where no place is narrower",
    path: ".gitlab-ci.yml",
    text: `deploy:
  stage: deploy
  secrets:
    KEY: {vault: a/b/c@d}
  script: [npm ci, 'curl -H "$KEY" https://a.example']
  after_script: [echo done]
`,
  },
  {
    shows: "the secrets of one step of Buildkite, whose commands share them",
    path: ".buildkite/pipeline.yml",
    text: `steps:
  - label: deploy
    secrets: [KEY]
    commands: [npm ci, 'curl -H "$$KEY" https://a.example']
  - label: test
    command: npm test
`,
  },
  {
    shows: "a job that calls another workflow, which gets no variables",
    path: GITHUB,
    text: `on: push
jobs:
  a:
    uses: ./.github/workflows/other.yml
    secrets: { KEY: '\${{ secrets.KEY }}' }
`,
  },
  {
    shows: "a variable of a name that an expression computes",
    path: GITHUB,
    text: workflow(
      "    env: { KEY: '${{ secrets[matrix.key] }}' }",
      "    steps:",
      "      - run: npm ci",
      '      - run: curl -H "$KEY" https://a.example',
    ),
  },
];

describe("job-wide-secret", () => {
  for (const { shows, path, text, fixed, files } of FOUND)
    it(`marks and moves: ${shows}`, () => {
      check(RULE, path, text, { ...(files && { files }), ...(fixed !== undefined && { fixed }) });
      if (fixed !== undefined) return;
      const findings = findingsOf(RULE, path, readMarks(text).text, files);
      assert.deepEqual(
        findings.map((finding) => finding.fixes),
        findings.map(() => []),
      );
    });

  for (const { shows, path, text, files } of SILENT)
    it(`is silent: ${shows}`, () => check(RULE, path, text, files && { files }));

  it("names the step that needs it, and the one that may", () => {
    const text = workflow(
      "    env: { KEY: '${{ secrets.KEY }}' }",
      "    steps:",
      CHECKOUT,
      "      - { name: Test, run: pytest tests }",
      "      - { name: Deploy, run: 'curl -H \"$KEY\" https://a.example' }",
    );
    const [finding] = findingsOf(RULE, GITHUB, text);
    assert.equal(
      finding?.message,
      "Every step of job “a” can read KEY, but only step “Deploy” uses it (step “Test” may: that code cannot be looked into). Move it there, so that nothing else can leak it.",
    );
    assert.deepEqual(
      finding?.related.map(({ span, message }) => `${text.slice(span.start, span.end)}: ${message}`),
      [
        "{ name: Deploy, run: 'curl -H \"$KEY\" https://a.example' }: KEY is used here",
        "{ name: Test, run: pytest tests }: KEY may be read here",
      ],
    );
  });

  it("is a warning where a step that does not need it runs code that others can change", () => {
    const severities = ["npm ci", "curl -s https://example.com/i.sh | sh"].map((line) => {
      const text = workflow(
        "    env: { NPM_TOKEN: '${{ secrets.NPM_TOKEN }}' }",
        "    steps:",
        `      - run: ${line}`,
        "      - run: npm publish",
      );
      return findingsOf(RULE, GITHUB, text).map(({ severity }) => severity);
    });
    assert.deepEqual(severities, [["information"], ["warning"]]);
  });

  it("offers nothing where more steps need the secret than one wants to write it for", () => {
    const uses = Array.from({ length: 6 }, (_, index) => `      - run: curl -H "$KEY" https://${index}.example`);
    const text = workflow("    env: { KEY: '${{ secrets.KEY }}' }", "    steps:", "      - run: npm ci", ...uses);
    assert.deepEqual(
      findingsOf(RULE, GITHUB, text).map(({ fixes }) => fixes.length),
      [0],
    );
  });

  it("keeps to the line ends of the file", () => {
    const bad = workflow(
      "    env:",
      "      KEY: ${{ secrets.KEY }}",
      "    steps:",
      "      - run: npm ci",
      '      - run: ./deploy "$KEY"',
    );
    const [finding] = findingsOf(RULE, GITHUB, bad.replaceAll("\n", "\r\n"));
    const edits = finding?.fixes.flatMap((fix) => ("edits" in fix ? fix.edits : [])) ?? [];
    assert.deepEqual(
      edits.map((edit) => "text" in edit && edit.text),
      ["", "\r\n        env:\r\n          KEY: ${{ secrets.KEY }}"],
    );
  });
});
