import { deepEqual, ok } from "node:assert/strict";
import { findingsOf } from "../check.ts";

// The kinds of reference of which few real files are labelled: many ways to write each, mutable and pinned.

const COMMIT = "568a04821935cc92de7b4b05ea6fa9f6bf8a0592";
const LONG_COMMIT = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
const DIGEST = `sha256:${LONG_COMMIT}`;
const INTEGRITY = "sha256-LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=";

/** What the place says when it is mutable, and when it is pinned. Everything around it is in `file`. */
interface Place {
  readonly path: string;
  file(written: string): string;
  readonly pairs: readonly (readonly [bad: string, good: string])[];
}

const gitlab = (file: Place["file"], ...pairs: Place["pairs"]): Place => ({ path: ".gitlab-ci.yml", file, pairs });
const azure = (file: Place["file"], ...pairs: Place["pairs"]): Place => ({ path: "azure-pipelines.yml", file, pairs });
const buildkite = (file: Place["file"], ...pairs: Place["pairs"]): Place => ({
  path: ".buildkite/pipeline.yml",
  file,
  pairs,
});
const circleci = (file: Place["file"], ...pairs: Place["pairs"]): Place => ({
  path: ".circleci/config.yml",
  file,
  pairs,
});
const tekton = (file: Place["file"], ...pairs: Place["pairs"]): Place => ({ path: ".tekton/run.yaml", file, pairs });

const azureRepository = (type: string, name: string) => (ref: string) =>
  `resources:\n  repositories:\n  - repository: kit\n    type: ${type}\n    name: ${name}\n    endpoint: x\n${ref === "" ? "" : `    ref: ${ref}\n`}extends: {template: a.yml@kit}\n`;

const KINDS: Readonly<Record<string, readonly Place[]>> = {
  "unpinned-include": [
    gitlab(
      (remote) => `include:\n  - remote: ${remote}\n`,
      ["https://ci.example.com/a.yml", `https://ci.example.com/a.yml\n    integrity: '${INTEGRITY}'`],
      ["'https://ci.example.com/v1.2.3/a.yml'", `'https://ci.example.com/v1.2.3/a.yml'\n    integrity: ${INTEGRITY}`],
      [
        "https://gitlab.com/acme/ci/-/raw/main/a.yml",
        `https://gitlab.com/acme/ci/-/raw/${COMMIT}/a.yml\n    integrity: '${INTEGRITY}'`,
      ],
    ),
    gitlab(
      (ref) => `include:\n  - project: acme/ci-kit\n    file: /lint.yml\n    ${ref}\n`,
      ["ref: main", `ref: ${COMMIT}`],
      ["ref: v1.2.3", `ref: ${COMMIT} # v1.2.3`],
      ["ref: '568a048'", `ref: '${COMMIT}'`],
      ["rules: [{if: $X}]", `rules: [{if: $X}]\n    ref: ${LONG_COMMIT}`],
    ),
    gitlab(
      (component) => `include:\n  - component: ${component}\n`,
      ["gitlab.com/acme/scan/sast@~latest", `gitlab.com/acme/scan/sast@${COMMIT}`],
      ["gitlab.com/acme/scan/sast@1.2", `gitlab.com/acme/scan/sast@${COMMIT} # 1.2.0`],
      ["$CI_SERVER_FQDN/acme/scan/sast@main", `$CI_SERVER_FQDN/acme/scan/sast@${COMMIT}`],
    ),
    gitlab(
      (ref) =>
        `deploy:\n  stage: deploy\n  trigger:\n    include:\n      - {project: acme/child, file: a.yml, ref: ${ref}}\n`,
      ["main", COMMIT],
    ),
    azure(azureRepository("github", "acme/kit"), ["refs/tags/v1", COMMIT], ["refs/heads/main", COMMIT], ["", COMMIT]),
    azure(azureRepository("git", "Project/kit"), ["refs/tags/v1", COMMIT]),
    {
      path: ".travis.yml",
      file: (name) => `import:\n  - source: ${name}\nscript: make\n`,
      pairs: [
        ["acme/ci:a.yml@main", `acme/ci:a.yml@${COMMIT}`],
        ["acme/ci:a.yml", `acme/ci:a.yml@${COMMIT}`],
      ],
    },
    {
      path: "bitbucket-pipelines.yml",
      file: (name) =>
        `definitions: {imports: {own: .bitbucket/own.yml}}\npipelines: {custom: {a: {import: "${name}"}}}\n`,
      pairs: [["ci-shared:v1:a", "a@own"]],
    },
    tekton(
      (revision) =>
        `apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: a}\nspec:\n  taskRef:\n    resolver: git\n    params:\n      - {name: url, value: https://github.com/acme/tasks.git}\n      - {name: revision, value: ${revision}}\n      - {name: pathInRepo, value: a.yaml}\n`,
      ["main", COMMIT],
      ["v1.2.3", COMMIT],
    ),
  ],
  "unpinned-orb": [
    circleci(
      (name) => `version: 2.1\norbs:\n  a: ${name}\njobs: {}\n`,
      ["circleci/node@5", "circleci/node@5.2.0"],
      ["circleci/node@5.2", "circleci/node@5.2.1"],
      ["circleci/node@volatile", "circleci/node@5.2.0"],
      ["acme/own@dev:first", "acme/own@0.0.1"],
      ["acme/own@dev:568a048", "acme/own@10.20.30"],
      ['"circleci/aws-cli@4"', '"circleci/aws-cli@4.1.3"'],
      ["'circleci/aws-cli@4.1'", "'circleci/aws-cli@4.1.3'"],
      ["circleci/node@5 # 5.2.0", "circleci/node@5.2.0 # 5"],
      ["&orb circleci/node@5", "&orb circleci/node@5.2.0"],
      ["!!str circleci/node@5", "!!str circleci/node@5.2.0"],
      ["codecov/codecov@3", "codecov/codecov@3.2.4"],
      ["circleci/node", "circleci/node@5.2.0"],
      [
        "https://raw.githubusercontent.com/acme/orbs/main/a.yml",
        `https://raw.githubusercontent.com/acme/orbs/${COMMIT}/a.yml`,
      ],
      [
        "https://raw.githubusercontent.com/acme/orbs/v1.2.3/a.yml",
        `https://raw.githubusercontent.com/acme/orbs/${COMMIT}/a.yml`,
      ],
    ),
    circleci(
      (name) => `version: 2.1\norbs: {a: {orbs: {b: ${name}}, jobs: {}}}\njobs: {}\n`,
      ["acme/inner@1", "acme/inner@1.0.0"],
    ),
    {
      path: "src/@orb.yml",
      file: (name) => `version: 2.1\norbs:\n  a: ${name}\n`,
      pairs: [["acme/a@2", "acme/a@2.0.0"]],
    },
  ],
  "unpinned-pipe": [
    {
      path: "bitbucket-pipelines.yml",
      file: (name) =>
        `pipelines:\n  default:\n    - step:\n        script:\n          - pipe: ${name}\n            variables: {A: $B}\n`,
      pairs: [
        ["atlassian/aws-s3-deploy:1", `docker://bitbucketpipelines/aws-s3-deploy@${DIGEST}`],
        ["atlassian/aws-s3-deploy:1.1", `docker://bitbucketpipelines/aws-s3-deploy:1.1.0@${DIGEST}`],
        ["atlassian/aws-s3-deploy:1.1.0", `docker://bitbucketpipelines/aws-s3-deploy:1.1.0@${DIGEST}`],
        ["atlassian/aws-s3-deploy", `docker://docker.io/bitbucketpipelines/aws-s3-deploy@${DIGEST}`],
        ["acme/deploy:latest", `docker://acme/deploy:latest@${DIGEST}`],
        ["acme/deploy:master", `docker://registry.example.com/acme/deploy@${DIGEST}`],
        ["acme/deploy:v2.0.0", `docker://registry.example.com:5000/acme/deploy:v2@${DIGEST}`],
        ["'acme/deploy:2.0.0'", `'docker://acme/deploy@${DIGEST}'`],
        ['"acme/deploy:2"', `"docker://acme/deploy@${DIGEST}"`],
        ["acme/deploy:2.0.0 # why", `docker://acme/deploy@${DIGEST} # 2.0.0`],
        ["&pipe acme/deploy:2", `&pipe docker://acme/deploy@${DIGEST}`],
        ["acme/a.b-c_d:0.1.0", `docker://acme/a.b-c_d@${DIGEST}`],
      ],
    },
    ...["branches: {main: STEPS}", "custom: {a: STEPS}", "pull-requests: {'**': STEPS}", "tags: {'v*': STEPS}"].map(
      (shape): Place => ({
        path: "bitbucket-pipelines.yml",
        file: (name) => `pipelines:\n  ${shape.replace("STEPS", `[{step: {script: [make, {pipe: "${name}"}]}}]`)}\n`,
        pairs: [["acme/deploy:1", `docker://acme/deploy@${DIGEST}`]],
      }),
    ),
  ],
  "unpinned-plugin": [
    buildkite(
      (name) => `steps:\n  - command: make\n    plugins:\n      - ${name}:\n          a: b\n`,
      ["docker#v5.0.0", `docker#${COMMIT}`],
      ["docker-compose#v5", `docker-compose#${COMMIT}`],
      ["docker#main", `docker#${COMMIT}`],
      ["docker", `docker#${COMMIT}`],
      ["acme/tool#v1.0.0", `acme/tool#${COMMIT}`],
      ['"acme/tool#v1.0.0"', `"acme/tool#${COMMIT}"`],
      ["https://github.com/acme/tool.git#v1.0.0", `https://github.com/acme/tool.git#${COMMIT}`],
      ["ssh://git@git.example.com/acme/tool.git#v1", `ssh://git@git.example.com/acme/tool.git#${COMMIT}`],
    ),
    buildkite(
      (name) => `steps:\n  - command: make\n    plugins:\n      - ${name}\n`,
      ["docker-login#v3.0.0", `docker-login#${COMMIT}`],
      ["acme/tool#1.0.0", `acme/tool#${LONG_COMMIT}`],
    ),
    buildkite(
      (name) => `steps:\n  - command: make\n    plugins:\n      ${name}: {a: b}\n`,
      ["docker#v5.0.0", `docker#${COMMIT}`],
    ),
    {
      path: ".drone.yml",
      file: (name) =>
        `kind: pipeline\ntype: docker\nname: a\nsteps:\n  - name: publish\n    image: ${name}\n    settings: {repo: a}\n`,
      pairs: [
        ["plugins/docker", `plugins/docker@${DIGEST}`],
        ["plugins/docker:20", `plugins/docker:20@${DIGEST}`],
        ["acme/drone-deploy:latest", `acme/drone-deploy@${DIGEST}`],
      ],
    },
    {
      path: ".woodpecker.yml",
      file: (name) => `steps:\n  publish:\n    image: ${name}\n    settings: {repo: a}\n`,
      pairs: [
        ["woodpeckerci/plugin-docker-buildx", `woodpeckerci/plugin-docker-buildx@${DIGEST}`],
        ["codeberg.org/acme/plugin:2.1.0", `codeberg.org/acme/plugin:2.1.0@${DIGEST}`],
      ],
    },
  ],
  "unpinned-task": [
    azure(
      (name) => `pool: {vmImage: ubuntu-24.04}\nsteps:\n- task: ${name}\n  inputs: {a: b}\n`,
      ["NodeTool@0", "NodeTool@0.245.1"],
      ["Npm@1", "Npm@1.2.3"],
      ["Docker@2.1", "Docker@2.1.0"],
      ["'UsePythonVersion@0'", "'UsePythonVersion@0.248.0'"],
      ['"CopyFiles@2"', '"CopyFiles@2.0.1"'],
      ["acme.tools.acme-build.Build@3", "acme.tools.acme-build.Build@3.0.12"],
      [
        "SonarSource.sonarqube.15B84CA1-B62F-4A2A-A403-89B77A063157.SonarQubePrepare@6",
        "SonarSource.sonarqube.15B84CA1-B62F-4A2A-A403-89B77A063157.SonarQubePrepare@6.1.0",
      ],
      ["333b11bd-d341-40d9-afcf-b32d5ce6f23b@2", "333b11bd-d341-40d9-afcf-b32d5ce6f23b@2.1.0"],
      ["NuGetCommand@2 # restore", "NuGetCommand@2.228.0 # restore"],
      ["PublishBuildArtifacts@1", "PublishBuildArtifacts@1.200.0"],
      ["&t DotNetCoreCLI@2", "&t DotNetCoreCLI@2.247.0"],
    ),
    azure((name) => `jobs:\n- job: a\n  steps:\n  - task: ${name}\n`, ["Maven@4", "Maven@4.2.0"]),
    azure(
      (name) =>
        `stages:\n- stage: a\n  jobs:\n  - deployment: b\n    environment: c\n    strategy: {runOnce: {deploy: {steps: [{task: "${name}"}]}}}\n`,
      ["AzureWebApp@1", "AzureWebApp@1.2.3"],
    ),
    azure((name) => `steps:\n- \${{ if eq(variables.a, 'b') }}:\n  - task: ${name}\n`, ["Gradle@3", "Gradle@3.0.0"]),
    azure(
      (name) => `parameters: []\nsteps:\n- task: ${name}\n  condition: always()\n`,
      ["PublishTestResults@2", "PublishTestResults@2.1.1"],
    ),
  ],
  "unpinned-bundle": [
    ...(["TaskRun", "PipelineRun"] as const).map((kind) =>
      tekton(
        (image) =>
          `apiVersion: tekton.dev/v1\nkind: ${kind}\nmetadata: {name: a}\nspec:\n  ${kind === "TaskRun" ? "taskRef" : "pipelineRef"}:\n    resolver: bundles\n    params:\n      - {name: bundle, value: ${image}}\n      - {name: name, value: lint}\n      - {name: kind, value: task}\n`,
        ["ghcr.io/acme/tasks:v1", `ghcr.io/acme/tasks:v1@${DIGEST}`],
        ["ghcr.io/acme/tasks", `ghcr.io/acme/tasks@${DIGEST}`],
        ["'ghcr.io/acme/tasks:latest'", `'ghcr.io/acme/tasks:latest@${DIGEST}'`],
        ['"registry.example.com:5000/tasks:0.1"', `"registry.example.com:5000/tasks:0.1@${DIGEST}"`],
        ["acme/tasks:1.2.3", `acme/tasks@${DIGEST}`],
      ),
    ),
    tekton(
      (image) =>
        `apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: a}\nspec:\n  tasks:\n    - name: lint\n      taskRef:\n        resolver: bundles\n        params:\n          - name: bundle\n            value: ${image}\n          - {name: name, value: lint}\n`,
      ["quay.io/acme/tasks:v1", `quay.io/acme/tasks:v1@${DIGEST}`],
      ["quay.io/acme/tasks", `quay.io/acme/tasks@${DIGEST}`],
      ["quay.io/acme/tasks:main # why", `quay.io/acme/tasks:main@${DIGEST} # why`],
    ),
    tekton(
      (image) =>
        `apiVersion: tekton.dev/v1beta1\nkind: TaskRun\nmetadata: {name: a}\nspec:\n  taskRef:\n    name: lint\n    bundle: ${image}\n`,
      ["docker.io/acme/tasks:v1", `docker.io/acme/tasks:v1@${DIGEST}`],
      ["acme/tasks", `acme/tasks@${DIGEST}`],
    ),
  ],
  "unpinned-package": [
    {
      path: ".github/workflows/ci.yml",
      file: (command) => `on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: ${command}\n`,
      pairs: [
        ["npx --yes cowsay", "npx --yes cowsay@1.6.0"],
        ["npx cowsay@latest", "npx cowsay@1.6.0"],
        ["npx -p typescript tsc", "npx -p typescript@5.9.2 tsc"],
        ["npx cowsay@^1", "npx cowsay@1.6.0"],
        ["pnpm dlx create-vite", "pnpm dlx create-vite@5.0.0"],
        ["yarn dlx create-vite@next", "yarn dlx create-vite@5.0.0"],
        ["bunx cowsay", "bunx cowsay@1.6.0"],
        ["npm install -g cowsay", "npm install -g cowsay@1.6.0"],
        ["npm i -g cowsay@1", "npm i -g cowsay@1.6.0"],
        ["pip install black", "pip install black==24.1.0"],
        ["pip install 'black>=24'", "pip install 'black==24.1.0'"],
        ["python3 -m pip install --user black", "python3 -m pip install --user black==24.1.0"],
        ["pipx run black .", "pipx run black==24.1.0 ."],
        ["pipx install black", "pipx install black==24.1.0"],
        ["uvx ruff check", "uvx ruff@0.5.0 check"],
        ["go install example.com/tool@latest", "go install example.com/tool@v1.2.3"],
        ["go run example.com/tool@main", "go run example.com/tool@v1.2.3"],
        ["gem install rake", "gem install rake -v 13.0.0"],
        ["cargo install ripgrep", "cargo install ripgrep --version 14.0.0 --locked"],
      ],
    },
  ],
};

describe("References that few real files have", () => {
  for (const [rule, places] of Object.entries(KINDS)) {
    const pairs = places.flatMap(({ path, file, pairs: own }) =>
      own.map(([bad, good]) => ({ path, name: bad === "" ? "none" : bad, bad: file(bad), good: file(good) })),
    );

    describe(`${rule}, mutable and pinned`, () => {
      it("has at least fifteen pairs", () => ok(pairs.length >= 15, `${pairs.length}`));
      for (const { path, name, bad, good } of pairs) {
        it(`${name} in ${path}`, () => {
          const found = findingsOf(rule, path, bad);
          deepEqual([found.length, bad], [1, bad]);
          deepEqual([findingsOf(rule, path, good).map(({ message }) => message), good], [[], good]);
        });
      }
    });
  }
});

describe("actions that GitHub's lock file knows", () => {
  const WORKFLOW = ".github/workflows/ci.yml";
  const lock = (commit: string, listed = "acme/setup@v4", workflow = WORKFLOW) =>
    `version: v0.0.2\nworkflows:\n  ${workflow}:\n    - ${listed}\ndependencies:\n  acme/setup@v4:\n    commit: ${commit}\n`;
  const text = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: acme/setup@v4\n";
  const found = (file: string) =>
    findingsOf("unpinned-action", WORKFLOW, text, { ".github/workflows/actions.lock": file }).length;

  it("are held to a commit there", () => deepEqual(found(lock(`sha1-${COMMIT}`)), 0));

  for (const [what, file] of [
    ["with no commit", lock("v4")],
    ["for another workflow", lock(`sha1-${COMMIT}`, "acme/setup@v4", ".github/workflows/other.yml")],
    ["by another version", lock(`sha1-${COMMIT}`, "acme/setup@v3")],
    ["in a file that is broken", "workflows: [\n"],
    ["in a file that is empty", ""],
  ] as const) {
    it(`are not held to anything ${what}`, () => deepEqual(found(file), 1));
  }
});
