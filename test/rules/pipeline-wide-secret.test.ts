import assert from "node:assert/strict";
import { check, type Files, findingsOf, fixAll, readMarks } from "../check.ts";

const RULE = "pipeline-wide-secret";
const GITHUB = ".github/workflows/x.yml";
const BUILDKITE = ".buildkite/pipeline.yml";
const CLOUD_BUILD = "cloudbuild.yaml";
const GITLAB = ".gitlab-ci.yml";

interface Case {
  readonly shows: string;
  readonly path: string;
  readonly text: string;
  readonly fixed?: string;
  readonly files?: Files;
}

const FOUND: readonly Case[] = [
  {
    shows: "the steps of two jobs",
    path: GITHUB,
    text: `on: push
env:
  KEY: \${{ secrets.KEY }}
# ^^^^^^^^^^^^^^^^^^^^^^^
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: npm ci
      - run: curl -H "$KEY" https://a.example
  b:
    runs-on: ubuntu-latest
    steps:
      - run: curl -H "$KEY" https://b.example
`,
    fixed: `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: npm ci
      - run: curl -H "$KEY" https://a.example
        env:
          KEY: \${{ secrets.KEY }}
  b:
    runs-on: ubuntu-latest
    steps:
      - run: curl -H "$KEY" https://b.example
        env:
          KEY: \${{ secrets.KEY }}
`,
  },
  {
    shows: "a local action that uses the variable in the place of its step",
    path: GITHUB,
    files: {
      ".github/actions/deploy/action.yml":
        'name: d\nruns:\n  using: composite\n  steps:\n    - run: curl -H "$KEY" https://a.example\n      shell: bash\n',
    },
    text: `on: push
env:
  KEY: \${{ secrets.KEY }}
# ^^^^^^^^^^^^^^^^^^^^^^^
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: npm ci
      - uses: ./.github/actions/deploy
`,
    fixed: `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: npm ci
      - uses: ./.github/actions/deploy
        env:
          KEY: \${{ secrets.KEY }}
`,
  },
  {
    shows: "a step that several jobs have through an anchor gets it once",
    path: GITHUB,
    text: `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    env:
      OTHER: 1
    steps:
      - &deploy { run: 'curl -H "$KEY" https://a.example' }
      - run: npm ci
  b:
    runs-on: ubuntu-latest
    steps: [*deploy]
env:
  KEY: \${{ secrets.KEY }}
# ^^^^^^^^^^^^^^^^^^^^^^^
`,
    fixed: `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    env:
      OTHER: 1
    steps:
      - &deploy { run: 'curl -H "$KEY" https://a.example', env: { KEY: '\${{ secrets.KEY }}' } }
      - run: npm ci
  b:
    runs-on: ubuntu-latest
    steps: [*deploy]
`,
  },
  {
    shows: "a list of secrets in Buildkite, one after the other",
    path: BUILDKITE,
    text: `secrets:
  - KEY # for the shop
#   ^^^
  - WORD
#   ^^^^
steps:
  - label: install
    command: npm ci
  - label: deploy
    command: curl -u "$$KEY:$$WORD" https://a.example
`,
    fixed: `steps:
  - label: install
    command: npm ci
  - label: deploy
    command: curl -u "$$KEY:$$WORD" https://a.example
    secrets:
      - KEY
      - WORD
`,
  },
  {
    shows: "a mapping of secrets in Buildkite, into a list that the step has",
    path: BUILDKITE,
    text: `secrets: { KEY: KEY }
#          ^^^^^^^^
steps:
  - command: npm ci
  - command: curl -u "$$KEY:$$WORD" https://a.example
    secrets: [WORD]
`,
    fixed: `steps:
  - command: npm ci
  - command: curl -u "$$KEY:$$WORD" https://a.example
    secrets: [WORD, KEY]
`,
  },
  {
    shows: "a secret that Buildkite knows by another name stays where the step has a list",
    path: BUILDKITE,
    text: `secrets: { KEY: PROD_KEY }
#          ^^^^^^^^^^^^^
steps:
  - command: npm ci
  - command: curl -u "$$KEY:$$WORD" https://a.example
    secrets: [WORD]
`,
  },
  {
    shows: "a secret that Buildkite knows by another name moves to a new mapping",
    path: BUILDKITE,
    text: `secrets:
  KEY: PROD_KEY
# ^^^^^^^^^^^^^
steps:
  - command: npm ci
  - command: curl -H "$$KEY" https://a.example
`,
    fixed: `steps:
  - command: npm ci
  - command: curl -H "$$KEY" https://a.example
    secrets:
      KEY: PROD_KEY
`,
  },
  {
    shows: "a plugin of Buildkite keeps what it may read",
    path: BUILDKITE,
    text: `secrets: [KEY]
#         ^^^
steps:
  - command: npm ci
  - plugins: [acme/deploy#v1]
  - command: curl -H "$$KEY" https://a.example
`,
    fixed: `steps:
  - command: npm ci
  - plugins: [acme/deploy#v1]
    secrets:
      - KEY
  - command: curl -H "$$KEY" https://a.example
    secrets:
      - KEY
`,
  },
  {
    shows: "the options of Cloud Build",
    path: CLOUD_BUILD,
    text: `steps:
  - name: node
    entrypoint: npm
    args: [ci]
  - name: node
    entrypoint: bash
    args: [-c, 'curl -H "$$KEY" https://a.example']
options:
  secretEnv: [KEY]
#             ^^^
availableSecrets:
  secretManager: [{versionName: projects/p/secrets/k/versions/1, env: KEY}]
`,
    fixed: `steps:
  - name: node
    entrypoint: npm
    args: [ci]
  - name: node
    entrypoint: bash
    args: [-c, 'curl -H "$$KEY" https://a.example']
    secretEnv:
      - KEY
availableSecrets:
  secretManager: [{versionName: projects/p/secrets/k/versions/1, env: KEY}]
`,
  },
  {
    shows: "the options of Cloud Build, one of which no step names",
    path: CLOUD_BUILD,
    text: `steps:
  - name: node
    entrypoint: npm
    args: [ci]
  - name: node
    entrypoint: bash
    args: [-c, 'curl -H "$$KEY" https://a.example']
options:
  logging: NONE
  secretEnv: [KEY, OTHER]
#             ^^^
#                  ^^^^^
`,
    fixed: `steps:
  - name: node
    entrypoint: npm
    args: [ci]
  - name: node
    entrypoint: bash
    args: [-c, 'curl -H "$$KEY" https://a.example']
    secretEnv:
      - KEY
options:
  logging: NONE
  secretEnv: [OTHER]
`,
  },
  {
    shows: "a variable of the settings that GitLab hands to everything again",
    path: GITLAB,
    text: `variables:
  DB_PASSWORD: $PROD_DB_PASSWORD
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  MODE: fast
test:
  stage: test
  script: [npm ci]
migrate:
  stage: deploy
  script: ['./migrate "$DB_PASSWORD"']
`,
    fixed: `variables:
  MODE: fast
test:
  stage: test
  script: [npm ci]
migrate:
  stage: deploy
  script: ['./migrate "$DB_PASSWORD"']
  variables:
    DB_PASSWORD: $PROD_DB_PASSWORD
`,
  },
  {
    shows: "AppVeyor's sealed value, for which no phase has a place",
    path: "appveyor.yml",
    text: `environment:
  KEY: {secure: abc==}
# ^^^^^^^^^^^^^^^^^^^^
install: npm ci
build_script: curl -H %KEY% https://a.example
`,
  },
  {
    shows: "Travis's sealed value, for which no phase has a place",
    path: ".travis.yml",
    text: `language: node_js
env:
  global:
    - KEY: {secure: abc==}
#     ^^^^^^^^^^^^^^^^^^^^
install: npm ci
script: curl -H "$KEY" https://a.example
`,
  },
  {
    shows: "the store of CodeBuild, for which no phase has a place",
    path: "buildspec.yml",
    text: `version: 0.2
env:
  secrets-manager:
    KEY: prod/key
#   ^^^^^^^^^^^^^
phases:
  install: {commands: [npm ci]}
  build: {commands: ['curl -H "$KEY" https://a.example']}
`,
  },
  {
    shows: "what no step of the file names",
    path: GITHUB,
    text: `on: push
env: { KEY: "\${{ secrets.KEY }}" }
#      ^^^^^^^^^^^^^^^^^^^^^^^^^
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: npm ci
`,
  },
];

const SILENT: readonly Case[] = [
  {
    shows: "a variable of the settings whose name is none of a secret",
    path: GITLAB,
    text: "variables: {IMAGE: $REGISTRY_IMAGE}\na: {stage: a, script: [npm ci]}\nb: {stage: b, script: ['docker push $IMAGE']}\n",
  },
  {
    shows: "variables of GitLab that only files use that include this one",
    path: GITLAB,
    text: "variables: {DB_PASSWORD: $PROD_DB_PASSWORD}\na: {stage: a, script: [npm ci]}\n",
  },
  {
    shows: "secrets of Buildkite that stand in their step",
    path: BUILDKITE,
    text: 'steps:\n  - command: npm ci\n  - command: curl -H "$$KEY" https://a.example\n    secrets: [KEY]\n',
  },
  {
    shows: "secrets of Cloud Build that stand in their step",
    path: CLOUD_BUILD,
    text: "steps:\n  - {name: node, entrypoint: npm, args: [ci]}\n  - {name: node, entrypoint: bash, args: [-c, 'curl $$KEY'], secretEnv: [KEY]}\n",
  },
  {
    shows: "a value that is written out",
    path: GITHUB,
    text: 'on: push\nenv: { DB_PASSWORD: test }\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: npm ci\n      - run: psql "$DB_PASSWORD"\n',
  },
  {
    shows: "Drone, whose steps name their secrets themselves",
    path: ".drone.yml",
    text: "kind: pipeline\ntype: docker\nname: a\nenvironment: {MODE: fast}\nsteps:\n  - {name: a, image: node, commands: [npm ci]}\n  - {name: b, image: node, commands: ['echo $KEY > x'], environment: {KEY: {from_secret: key}}}\n",
  },
];

describe("pipeline-wide-secret", () => {
  for (const { shows, path, text, fixed, files } of FOUND)
    it(`marks and moves: ${shows}`, () => {
      const plain = readMarks(text).text;
      const others = findingsOf(RULE, path, plain, files).filter(({ fixes }) => fixes.length === 0);
      if (fixed === undefined) {
        check(RULE, path, text, files && { files });
        assert.equal(others.length, readMarks(text).marks.length);
      } else if (others.length === 0) check(RULE, path, text, { fixed, ...(files && { files }) });
      else {
        check(RULE, path, text, files && { files });
        assert.equal(fixAll(RULE, path, plain, [], files), fixed);
      }
    });

  for (const { shows, path, text, files } of SILENT)
    it(`is silent: ${shows}`, () => check(RULE, path, text, files && { files }));

  it("says of systems without a narrower place what can be done", () => {
    const text =
      "version: 0.2\nenv: {secrets-manager: {KEY: prod/key}}\nphases:\n  install: {commands: [npm ci]}\n  build: {commands: ['echo $KEY > x']}\n";
    assert.equal(
      findingsOf(RULE, "buildspec.yml", text)[0]?.message,
      "Every step of the whole build can read KEY, but only phase “build” uses it. This system hands it to every step of a job: fetch it in the command that needs it, or remove it.",
    );
  });

  it("is calm about a variable of the settings, and where nothing is known of any step", () => {
    const gitlab =
      "variables: {DB_PASSWORD: $STORED}\na: {stage: a, script: [npm ci]}\nb: {stage: b, script: ['psql $DB_PASSWORD']}\n";
    const github = (line: string) =>
      `on: push\nenv: { KEY: "\${{ secrets.KEY }}" }\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ${line}\n`;
    const severities = (path: string, text: string) => findingsOf(RULE, path, text).map(({ severity }) => severity);
    assert.deepEqual(severities(GITLAB, gitlab), ["information"]);
    assert.deepEqual(severities(GITHUB, github("pytest")), ["information"]);
    assert.deepEqual(severities(GITHUB, github("npm ci")), ["warning"]);
    assert.match(
      findingsOf(RULE, GITLAB, gitlab)[0]?.message ?? "",
      /services and further pipelines get it as well now\.$/,
    );
  });

  it("offers to leave out the programs of the repository, behind the fix that keeps what they may read", () => {
    const text = `on: push
env: { KEY: "\${{ secrets.KEY }}" }
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: npm ci
      - { name: Test, run: pytest tests }
      - { name: Deploy, run: 'curl -H "$KEY" https://a.example' }
`;
    assert.deepEqual(
      findingsOf(RULE, GITHUB, text).flatMap(({ fixes }) => fixes.map(({ title }) => title)),
      [
        "Move KEY to the 2 steps that may need it",
        "Move KEY to step “Deploy” and not to the repository's own programs",
      ],
    );
  });
});
