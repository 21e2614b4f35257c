// Every rule in every system. A cell is the smallest file in which the rule finds the one place that is marked, or the reason why nobody
// can write such a file.

/** A file of one system with one mark under what the rule finds, or why the system has no such thing. */
export type Cell = string | { readonly cannot: string };

/** By the id of a rule, then by the id of a system. */
export type Table = Readonly<Record<string, Readonly<Record<string, Cell>>>>;

const DIGEST = "sha256:1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";

/** A file of each system that runs a script. */
const SCRIPT_FILES: Readonly<Record<string, string>> = {
  appveyor: `image: Ubuntu
install:
  - sh: |
      SCRIPT
`,
  "azure-pipelines": `steps:
  - bash: |
      SCRIPT
`,
  "argo-workflows": `apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: build}
spec:
  templates:
    - name: build
      script:
        image: node@${DIGEST}
        command: [bash]
        source: |
          SCRIPT
`,
  "bitbucket-pipelines": `image: node@${DIGEST}
pipelines:
  default:
    - step:
        script:
          - |
            SCRIPT
`,
  buildkite: `steps:
  - command: |
      SCRIPT
`,
  circleci: `version: 2.1
jobs:
  build:
    machine: {image: "ubuntu-2404:2025.09.1"}
    steps:
      - run: |
          SCRIPT
`,
  cirrus: `test_task:
  test_script: |
    SCRIPT
`,
  "cloud-build": `steps:
  - name: node@${DIGEST}
    script: |
      #!/usr/bin/env bash
      SCRIPT
`,
  codebuild: `version: 0.2
phases:
  build:
    commands:
      - |
        SCRIPT
`,
  codefresh: `version: "1.0"
steps:
  build:
    image: node@${DIGEST}
    commands:
      - |
        SCRIPT
`,
  drone: `kind: pipeline
type: docker
name: default
steps:
  - name: build
    image: node@${DIGEST}
    commands:
      - |
        SCRIPT
`,
  "gitea-actions": `on: push
jobs:
  build:
    runs-on: docker
    steps:
      - run: |
          SCRIPT
`,
  "github-actions": `on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - run: |
          SCRIPT
`,
  "gitlab-ci": `build:
  script:
    - |
      SCRIPT
`,
  harness: `pipeline:
  identifier: build
  stages:
    - stage:
        name: build
        type: CI
        spec:
          execution:
            steps:
              - step:
                  name: build
                  type: Run
                  spec:
                    shell: Bash
                    command: |
                      SCRIPT
`,
  semaphore: `version: v1.0
agent: {machine: {type: e1-standard-2}}
blocks:
  - name: build
    task:
      jobs:
        - name: build
          commands:
            - |
              SCRIPT
`,
  tekton: `apiVersion: tekton.dev/v1
kind: Task
metadata: {name: build}
spec:
  steps:
    - name: build
      image: node@${DIGEST}
      script: |
        SCRIPT
`,
  "travis-ci": `script:
  - |
    SCRIPT
`,
  woodpecker: `steps:
  - name: build
    image: node@${DIGEST}
    commands:
      - |
        SCRIPT
`,
};

/** Where each system looks for its file. */
export const PATHS: Readonly<Record<string, string>> = {
  appveyor: "appveyor.yml",
  "argo-workflows": ".argo/workflow.yaml",
  "azure-pipelines": "azure-pipelines.yml",
  "bitbucket-pipelines": "bitbucket-pipelines.yml",
  buildkite: ".buildkite/pipeline.yml",
  circleci: ".circleci/config.yml",
  cirrus: ".cirrus.yml",
  "cloud-build": "cloudbuild.yaml",
  codebuild: "buildspec.yml",
  codefresh: "codefresh.yml",
  drone: ".drone.yml",
  "gitea-actions": ".gitea/workflows/ci.yml",
  "github-actions": ".github/workflows/ci.yml",
  "gitlab-ci": ".gitlab-ci.yml",
  harness: ".harness/pipeline.yaml",
  semaphore: ".semaphore/semaphore.yml",
  tekton: ".tekton/task.yaml",
  "travis-ci": ".travis.yml",
  woodpecker: ".woodpecker.yml",
};

/** The same script in every system. Its lines may be marked. */
function inScripts(script: string): Readonly<Record<string, Cell>> {
  const systems = Object.entries(SCRIPT_FILES);
  return Object.fromEntries(systems.map(([system, file]) => [system, filled(file, script)]));
}

function filled(file: string, script: string): string {
  const [, indent = ""] = /^( *)SCRIPT$/m.exec(file) ?? [];
  const lines = script.split("\n").map((line) => (/^ *\^+$/.test(line) ? `#${indent.slice(1)}${line}` : indent + line));
  return file.replace(/^ *SCRIPT$/m, () => lines.join("\n"));
}

/** One reason for several systems. */
function cannot(systems: string, reason: string): Readonly<Record<string, Cell>> {
  return Object.fromEntries(systems.split(" ").map((system) => [system, { cannot: reason }]));
}

export const TABLE: Table = {
  "unpinned-remote-script": inScripts(`curl -s https://example.com/install.sh | sh
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^`),

  "unverified-download": inScripts(`curl -sO https://example.com/install.sh
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
sh install.sh`),

  "ineffective-verification": inScripts(`curl -sO https://example.com/install.sh
curl -s https://example.com/install.sh.sha256 | sha256sum -c -
                                                ^^^^^^^^^^^^^^
sh install.sh`),

  "unpinned-action": {
    codebuild: `version: 0.2
phases:
  build:
    steps:
      - uses: acme/lint@v1
#             ^^^^^^^^^^^^
`,
    "gitea-actions": `on: push
jobs:
  build:
    runs-on: docker
    steps:
      - uses: https://code.forgejo.org/acme/lint@v1
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    "github-actions": `on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: acme/lint@v1
#             ^^^^^^^^^^^^
`,
    "gitlab-ci": `lint:
  stage: test
  run:
    - name: lint
      step: gitlab.com/acme/lint@v1
#           ^^^^^^^^^^^^^^^^^^^^^^^
`,
    harness: `pipeline:
  identifier: build
  stages:
    - stage:
        name: build
        type: CI
        spec:
          execution:
            steps:
              - step:
                  name: lint
                  type: Action
                  spec:
                    uses: acme/lint@v1
#                         ^^^^^^^^^^^^
`,
    ...cannot("azure-pipelines", "Calls tasks and templates, which unpinned-task and unpinned-include look at."),
    ...cannot("bitbucket-pipelines", "Calls pipes and imports, which unpinned-pipe and unpinned-include look at."),
    ...cannot("buildkite", "Calls plugins, which unpinned-plugin looks at."),
    ...cannot("circleci", "Calls orbs, which unpinned-orb looks at."),
    ...cannot(
      "argo-workflows cirrus cloud-build drone semaphore woodpecker",
      "Calls nothing but images, which unpinned-image looks at.",
    ),
    ...cannot(
      "tekton",
      "Calls tasks through resolvers, which unpinned-task, unpinned-bundle and unpinned-include look at.",
    ),
    ...cannot("codefresh", "Calls steps of a catalog, which unpinned-plugin looks at."),
    ...cannot("appveyor travis-ci", "Has no key that runs code kept elsewhere as a step."),
  },

  "unpinned-image": {
    appveyor: `image: Ubuntu
install:
  - sh: docker run --rm node:22 npm test
#       ^^^^^^^^^^^^^^^^^^^^^^^
`,
    "argo-workflows": `apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: build}
spec:
  templates:
    - name: build
      script:
        image: node:22
#              ^^^^^^^
        command: [sh]
        source: npm test
`,
    "azure-pipelines": `container: node:22
#          ^^^^^^^
steps:
  - script: npm test
`,
    "bitbucket-pipelines": `image: node:22
#      ^^^^^^^
pipelines:
  default:
    - step: {script: [npm test]}
`,
    buildkite: `steps:
  - command: npm test
    plugins:
      - docker#568a04821935cc92de7b4b05ea6fa9f6bf8a0592:
          image: node:22
#                ^^^^^^^
`,
    circleci: `version: 2.1
jobs:
  build:
    docker:
      - image: cimg/node:22.12
#              ^^^^^^^^^^^^^^^
    steps: [{run: npm test}]
`,
    cirrus: `test_task:
  container: {image: node:22}
#                    ^^^^^^^
  script: npm test
`,
    "cloud-build": `steps:
  - name: node:22
#         ^^^^^^^
    script: npm test
`,
    codebuild: `version: 0.2
batch:
  build-list:
    - identifier: test
      env:
        image: node:22
#              ^^^^^^^
phases:
  build:
    commands: [npm test]
`,
    codefresh: `version: '1.0'
steps:
  build:
    image: node:22
#          ^^^^^^^
    commands: [npm test]
`,
    drone: `kind: pipeline
type: docker
name: default
steps:
  - name: build
    image: node:22
#          ^^^^^^^
    commands: [npm test]
`,
    "gitea-actions": `on: push
jobs:
  build:
    runs-on: docker
    container: node:22
#              ^^^^^^^
    steps:
      - run: npm test
`,
    "github-actions": `on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    container: node:22
#              ^^^^^^^
    steps:
      - run: npm test
`,
    "gitlab-ci": `image: node:22
#      ^^^^^^^
build:
  script: [npm test]
`,
    harness: `pipeline:
  identifier: build
  stages:
    - stage:
        name: build
        type: CI
        spec:
          execution:
            steps:
              - step:
                  name: test
                  type: Run
                  spec: {image: node:22, shell: Sh, command: npm test}
#                               ^^^^^^^
`,
    semaphore: `version: v1.0
agent:
  machine: {type: e1-standard-2}
  containers: [{name: main, image: node:22}]
#                                  ^^^^^^^
blocks:
  - name: build
    task:
      jobs: [{name: build, commands: [npm test]}]
`,
    tekton: `apiVersion: tekton.dev/v1
kind: Task
metadata: {name: build}
spec:
  steps:
    - name: build
      image: node:22
#            ^^^^^^^
      script: npm test
`,
    "travis-ci": `script: docker run --rm node:22 npm test
#       ^^^^^^^^^^^^^^^^^^^^^^^
`,
    woodpecker: `steps:
  - name: build
    image: node:22
#          ^^^^^^^
    commands: [npm test]
`,
  },

  "unpinned-include": {
    "azure-pipelines": `resources:
  repositories:
    - repository: templates
#                 ^^^^^^^^^
      type: github
      name: acme/templates
      ref: refs/heads/main
jobs:
  - template: build.yml@templates
`,
    "bitbucket-pipelines": `pipelines:
  custom:
    nightly:
      import: ci-shared:main:nightly
#             ^^^^^^^^^^^^^^^^^^^^^^
`,
    "gitlab-ci": `include:
  - remote: https://ci.example.com/base.yml
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
build:
  script: [make]
`,
    tekton: `apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: build}
spec:
  tasks:
    - name: clone
      taskRef:
        resolver: git
        params:
          - {name: url, value: https://github.com/acme/tasks}
          - {name: revision, value: main}
#                                   ^^^^
          - {name: pathInRepo, value: clone.yaml}
`,
    "travis-ci": `import: acme/ci:node.yml@main
#       ^^^^^^^^^^^^^^^^^^^^^
script: make
`,
    ...cannot(
      "github-actions gitea-actions",
      "Calls workflows of other repositories, which unpinned-action looks at; no file takes in another.",
    ),
    ...cannot("circleci", "Takes in orbs, which unpinned-orb looks at, also those behind an address."),
    ...cannot(
      "drone",
      "Can load a template by its name on the server, and nobody can tell from here whether that changes.",
    ),
    ...cannot(
      "buildkite",
      "Can start another pipeline, which then runs by itself with its own settings; no file takes in another.",
    ),
    ...cannot(
      "argo-workflows",
      "Names templates of its own cluster, which have no versions; a repository among its artifacts is mostly what it works on.",
    ),
    ...cannot("cirrus", "Takes in modules by a file of another language, .cirrus.star, which is no YAML."),
    ...cannot(
      "harness",
      "Names templates by a version label of its own server, and nobody can tell from here whether that changes.",
    ),
    ...cannot(
      "appveyor cloud-build codebuild codefresh semaphore woodpecker",
      "No file takes in another one from elsewhere.",
    ),
  },

  "unpinned-task": {
    "azure-pipelines": `steps:
  - task: CmdLine@2
#         ^^^^^^^^^
    inputs: {script: make}
`,
    tekton: `apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: build}
spec:
  tasks:
    - name: clone
      taskRef:
        resolver: hub
        params:
          - {name: name, value: git-clone}
          - {name: version, value: '>= 0.5.0'}
#                                   ^^^^^^^^
`,
    ...cannot(
      "appveyor argo-workflows bitbucket-pipelines buildkite circleci cirrus cloud-build codebuild codefresh drone gitea-actions github-actions gitlab-ci harness semaphore travis-ci woodpecker",
      "Has no tasks that an organization or a catalog keeps under versions.",
    ),
  },

  "unpinned-plugin": {
    buildkite: `steps:
  - command: make
    plugins:
      - docker#v5.13.0:
#       ^^^^^^^^^^^^^^
          image: node@${DIGEST}
`,
    codefresh: `version: '1.0'
steps:
  deploy:
    type: acme/deployer
#         ^^^^^^^^^^^^^
    arguments: {to: production}
`,
    "travis-ci": `script: make
deploy:
  provider: npm
  edge:
    source: acme/dpl
#           ^^^^^^^^
    branch: main
`,
    ...cannot("drone harness woodpecker", "Calls its plugins by their images, which unpinned-image looks at."),
    ...cannot(
      "appveyor argo-workflows azure-pipelines bitbucket-pipelines circleci cirrus cloud-build codebuild gitea-actions github-actions gitlab-ci semaphore tekton",
      "Has no plugins that run around a step.",
    ),
  },

  "unpinned-pipe": {
    "bitbucket-pipelines": `pipelines:
  default:
    - step:
        script:
          - pipe: atlassian/aws-s3-deploy:1
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    ...cannot(
      "appveyor argo-workflows azure-pipelines buildkite circleci cirrus cloud-build codebuild codefresh drone gitea-actions github-actions gitlab-ci harness semaphore tekton travis-ci woodpecker",
      "Pipes are a thing of Bitbucket alone.",
    ),
  },

  "unpinned-orb": {
    circleci: `version: 2.1
orbs:
  node: circleci/node@5
#       ^^^^^^^^^^^^^^^
jobs:
  build:
    machine: true
    steps: [{run: make}]
`,
    ...cannot(
      "appveyor argo-workflows azure-pipelines bitbucket-pipelines buildkite cirrus cloud-build codebuild codefresh drone gitea-actions github-actions gitlab-ci harness semaphore tekton travis-ci woodpecker",
      "Orbs are a thing of CircleCI alone.",
    ),
  },

  "unpinned-bundle": {
    tekton: `apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: build}
spec:
  tasks:
    - name: clone
      taskRef:
        resolver: bundles
        params:
          - {name: bundle, value: registry.example.com/tasks:1.0}
#                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          - {name: name, value: clone}
`,
    ...cannot(
      "appveyor argo-workflows azure-pipelines bitbucket-pipelines buildkite circleci cirrus cloud-build codebuild codefresh drone gitea-actions github-actions gitlab-ci harness semaphore travis-ci woodpecker",
      "Bundles of tasks are a thing of Tekton alone.",
    ),
  },

  "unpinned-package": inScripts(`npx semantic-release@latest
^^^^^^^^^^^^^^^^^^^^^^^^^^^`),

  "pipeline-wide-secret": {
    appveyor: `environment:
  API_KEY: {secure: abc==}
# ^^^^^^^^^^^^^^^^^^^^^^^^
build_script: make
after_build: ./deploy $API_KEY
`,
    "azure-pipelines": `variables:
  API_KEY: $(apiKeySecret)
# ^^^^^^^^^^^^^^^^^^^^^^^^
steps:
  - bash: make
  - bash: ./deploy "$API_KEY"
`,
    buildkite: `secrets: [API_KEY]
#         ^^^^^^^
steps:
  - command: make
  - command: ./deploy "$$API_KEY"
`,
    cirrus: `env:
  API_KEY: ENCRYPTED[abcdef]
# ^^^^^^^^^^^^^^^^^^^^^^^^^^
test_task:
  script: make
deploy_task:
  script: ./deploy "$API_KEY"
`,
    "cloud-build": `steps:
  - name: node
    script: make
  - name: node
    script: ./deploy "$API_KEY"
options:
  secretEnv: [API_KEY]
#             ^^^^^^^
availableSecrets:
  secretManager:
    - {versionName: projects/p/secrets/api/versions/1, env: API_KEY}
`,
    codebuild: `version: 0.2
env:
  secrets-manager:
    API_KEY: prod/api:key
#   ^^^^^^^^^^^^^^^^^^^^^
phases:
  build: {commands: [make]}
  post_build: {commands: [./deploy "$API_KEY"]}
`,
    "gitea-actions": `on: push
env:
  API_KEY: \${{ secrets.API_KEY }}
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
jobs:
  build:
    runs-on: docker
    steps:
      - run: make
      - run: ./deploy "$API_KEY"
`,
    "github-actions": `on: push
env:
  API_KEY: \${{ secrets.API_KEY }}
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - run: make
      - run: ./deploy "$API_KEY"
`,
    "gitlab-ci": `variables:
  API_KEY: $PRODUCTION_API_KEY
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
build:
  script: [make]
deploy:
  script: [./deploy "$API_KEY"]
`,
    harness: `pipeline:
  identifier: build
  variables:
    - {name: API_KEY, type: Secret, value: api_key}
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  stages:
    - stage:
        name: build
        type: CI
        spec:
          execution:
            steps:
              - step: {name: test, type: Run, spec: {shell: Sh, command: make}}
              - step: {name: push, type: Run, spec: {shell: Sh, command: ./push}}
`,
    ...cannot(
      "bitbucket-pipelines",
      "Names no secret for all steps: the variables of the settings are in each of them, whatever the file says.",
    ),
    ...cannot(
      "circleci",
      "Names no secret for all jobs: those of the project are in each of them, and a context is named by each job.",
    ),
    ...cannot(
      "drone",
      "Takes plain text alone in the environment of the whole pipeline; each step names its own secrets.",
    ),
    ...cannot(
      "argo-workflows",
      "Has no environment for all of a file: the defaults of templates belong to one workflow, which job-wide-secret looks at.",
    ),
    ...cannot(
      "codefresh",
      "Names no secret for all steps: the variables of the pipeline are in each of them, whatever the file says.",
    ),
    ...cannot("semaphore", "Hands over secrets as groups, which broad-secret-group looks at."),
    ...cannot(
      "tekton",
      "Has no environment for all tasks of a file: a template of steps belongs to one task, which job-wide-secret looks at.",
    ),
    ...cannot("travis-ci", "Encrypts the name together with the value, so that nobody can tell which steps use it."),
    ...cannot("woodpecker", "Has no environment for the whole workflow; each step names its own secrets."),
  },

  "job-wide-secret": {
    "argo-workflows": `apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: build}
spec:
  templateDefaults:
    container:
      env:
        - {name: API_KEY, valueFrom: {secretKeyRef: {name: api, key: key}}}
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  templates:
    - name: build
      container: {image: node, command: [npm, ci]}
    - name: deploy
      container: {image: node, command: [sh, -c, './deploy "$API_KEY"']}
`,
    "azure-pipelines": `jobs:
  - job: build
    variables:
      API_KEY: $(apiKeySecret)
#     ^^^^^^^^^^^^^^^^^^^^^^^^
    steps:
      - bash: npm ci
      - bash: ./deploy "$API_KEY"
`,
    cirrus: { cannot: "The instructions of a task share its environment, and none of them has one of its own." },
    "gitea-actions": `on: push
jobs:
  build:
    runs-on: docker
    env:
      API_KEY: \${{ secrets.API_KEY }}
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    steps:
      - run: npm ci
      - run: ./deploy "$API_KEY"
`,
    "github-actions": `on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    env:
      API_KEY: \${{ secrets.API_KEY }}
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    steps:
      - run: npm ci
      - run: ./deploy "$API_KEY"
`,
    harness: `pipeline:
  identifier: build
  stages:
    - stage:
        name: build
        type: CI
        variables:
          - {name: API_KEY, type: Secret, value: api_key}
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        spec:
          execution:
            steps:
              - step: {name: test, type: Run, spec: {shell: Sh, command: npm ci}}
              - step: {name: push, type: Run, spec: {shell: Sh, command: './push <+stage.variables.API_KEY>'}}
`,
    tekton: `apiVersion: tekton.dev/v1
kind: Task
metadata: {name: build}
spec:
  stepTemplate:
    env:
      - {name: API_KEY, valueFrom: {secretKeyRef: {name: api, key: key}}}
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  steps:
    - {name: build, image: node, script: npm ci}
    - {name: deploy, image: node, script: './deploy "$API_KEY"'}
`,
    ...cannot(
      "circleci",
      "The variables of the project and of contexts are in every step of a job, so that naming one again gives nothing more.",
    ),
    ...cannot(
      "appveyor codebuild travis-ci",
      "Runs all phases of a job in one environment, so that no part of it can have less.",
    ),
    ...cannot(
      "bitbucket-pipelines",
      "Names no secret for a stage or a group of steps but by the deployment environment, whose variables the settings hold.",
    ),
    ...cannot("buildkite", "Every step is a job of its own, and what all of them have is up to pipeline-wide-secret."),
    ...cannot(
      "cloud-build",
      "Has one job; a secret is named by a step or for all of them, which pipeline-wide-secret looks at.",
    ),
    ...cannot("codefresh", "Has one job; a secret is named by a step, or comes from the settings to all of them."),
    ...cannot("drone woodpecker", "Every step names its own secrets; a job has none."),
    ...cannot("gitlab-ci", "Gives all lines of a job the same variables, so that no part of it can have less."),
    ...cannot("semaphore", "Hands over secrets as groups to whole jobs, which run in one session."),
  },

  "secret-on-command-line": {
    "azure-pipelines": `steps:
  - bash: ./deploy '$(apiKey)'
#                   ^^^^^^^^^
`,
    codefresh: `version: '1.0'
steps:
  build:
    image: node@${DIGEST}
    commands:
      - ./deploy '\${{secrets.shop.API_KEY}}'
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    "gitea-actions": `on: push
jobs:
  build:
    runs-on: docker
    steps:
      - run: ./deploy '\${{ secrets.API_KEY }}'
#                      ^^^^^^^^^^^^^^^^^^^^^^
`,
    "github-actions": `on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - run: ./deploy '\${{ secrets.API_KEY }}'
#                      ^^^^^^^^^^^^^^^^^^^^^^
`,
    harness: `pipeline:
  identifier: build
  stages:
    - stage:
        name: build
        type: CI
        spec:
          execution:
            steps:
              - step:
                  name: deploy
                  type: Run
                  spec:
                    shell: Sh
                    command: ./deploy '<+secrets.getValue("api_key")>'
#                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    ...cannot(
      "appveyor bitbucket-pipelines cirrus codebuild semaphore travis-ci",
      "Leaves variables to the shell, so that no value becomes a part of the script's text.",
    ),
    ...cannot(
      "buildkite",
      "Puts in variables of the agent that uploads the pipeline, and the file does not tell which of them are secrets; those under “secrets” are not there yet.",
    ),
    ...cannot("circleci", "Puts in parameters and values of the pipeline, and a secret is neither of them."),
    ...cannot(
      "cloud-build",
      "Puts in substitutions, and a secret is none: it gets to the step as a variable of the shell.",
    ),
    ...cannot("drone woodpecker", "Puts in what is known of the build before a step gets its secrets."),
    ...cannot("gitlab-ci", "Puts in inputs of a file alone; variables are left to the shell."),
    ...cannot(
      "argo-workflows tekton",
      "Puts in parameters and results, and a secret is neither: it gets to the step as a variable or a file.",
    ),
  },

  "script-injection": {
    appveyor: `install:
  - cmd: notify.exe "%APPVEYOR_REPO_COMMIT_MESSAGE%"
#                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    "azure-pipelines": `steps:
  - bash: ./notify '$(Build.SourceVersionMessage)'
#                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    buildkite: `steps:
  - command: ./notify '\${BUILDKITE_MESSAGE}'
#                      ^^^^^^^^^^^^^^^^^^^^
`,
    circleci: `version: 2.1
jobs:
  build:
    machine: true
    steps:
      - run: ./notify '<< pipeline.git.branch >>'
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    "cloud-build": `steps:
  - name: node
    entrypoint: bash
    args: [-c, "./notify '$_HEAD_BRANCH'"]
#                         ^^^^^^^^^^^^^
`,
    codefresh: `version: '1.0'
steps:
  build:
    image: node@${DIGEST}
    commands:
      - ./notify '\${{CF_COMMIT_MESSAGE}}'
#                 ^^^^^^^^^^^^^^^^^^^^^^
`,
    drone: `kind: pipeline
type: docker
name: default
steps:
  - name: notify
    image: node
    commands:
      - ./notify '\${DRONE_COMMIT_MESSAGE}'
#                 ^^^^^^^^^^^^^^^^^^^^^^^
`,
    "gitea-actions": `on: issues
jobs:
  build:
    runs-on: docker
    steps:
      - run: ./notify '\${{ github.event.issue.title }}'
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    "github-actions": `on: issues
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - run: ./notify '\${{ github.event.issue.title }}'
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    harness: `pipeline:
  identifier: build
  stages:
    - stage:
        name: build
        type: CI
        spec:
          execution:
            steps:
              - step:
                  name: notify
                  type: Run
                  spec:
                    shell: Sh
                    command: ./notify '<+codebase.prTitle>'
#                                      ^^^^^^^^^^^^^^^^^^^
`,
    tekton: `apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: build}
spec:
  pipelineSpec:
    tasks:
      - name: notify
        taskSpec:
          steps:
            - {name: notify, image: node, script: "./notify '{{ source_branch }}'"}
#                                                            ^^^^^^^^^^^^^^^^^^^
`,
    woodpecker: `steps:
  - name: notify
    image: node
    commands:
      - ./notify '\${CI_COMMIT_MESSAGE}'
#                 ^^^^^^^^^^^^^^^^^^^^
`,
    ...cannot(
      "argo-workflows",
      "Puts in parameters, and the file does not tell whether a stranger or a colleague chooses their values.",
    ),
    ...cannot(
      "bitbucket-pipelines cirrus codebuild semaphore travis-ci",
      "Leaves variables to the shell, so that no text of a stranger becomes a part of the script.",
    ),
    ...cannot(
      "gitlab-ci",
      "Puts in inputs of a file alone, which its includer or whoever may start a pipeline chooses; variables are left to the shell.",
    ),
  },

  "hardcoded-secret": inScripts(`git push https://deploy:Tr4in-Kettle-92@git.acme.dev/site.git HEAD:main
                        ^^^^^^^^^^^^^^^`),

  "broad-secret-group": {
    "azure-pipelines": `variables:
  - group: production
#          ^^^^^^^^^^
jobs:
  - job: test
    steps: [{script: npm test}]
  - job: push
    steps: [{script: ./push}]
`,
    circleci: `version: 2.1
jobs:
  build: &job
    machine: true
    steps: [{run: make}]
  test: *job
  push: *job
workflows:
  all:
    jobs:
      - build: {context: production}
#                        ^^^^^^^^^^
      - test: {context: production}
      - push: {context: production}
`,
    semaphore: `version: v1.0
agent: {machine: {type: e1-standard-2}}
global_job_config:
  secrets: [{name: production}]
#                  ^^^^^^^^^^
blocks:
  - name: build
    task:
      jobs:
        - {name: test, commands: [make]}
        - {name: push, commands: [./push]}
`,
    ...cannot(
      "appveyor travis-ci",
      "Keeps no groups: the variables of the settings are in every job, and the others stand in the file one by one.",
    ),
    ...cannot(
      "bitbucket-pipelines",
      "Gives the variables of a deployment environment to one step or stage of a pipeline, and all others to every step, whatever the file says.",
    ),
    ...cannot(
      "buildkite cirrus cloud-build codebuild drone gitea-actions github-actions harness woodpecker",
      "Names each secret by itself; what has to be said of one for all steps is up to pipeline-wide-secret.",
    ),
    ...cannot(
      "gitlab-ci",
      "Chooses in the settings which variables belong to an environment; the file names what is deployed to, and no group of secrets.",
    ),
    ...cannot(
      "codefresh",
      "Chooses in the settings which shared configurations a pipeline has; they are in every step, whatever the file says.",
    ),
    ...cannot(
      "argo-workflows tekton",
      "Hands over a whole Secret in one container or the template of one task, which dumped-secrets looks at.",
    ),
  },

  "ineffective-suppression": inScripts(`# pipewarden: ignore[unpinned-package] The version is in the lock file.
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
make`),

  "inherited-secrets": {
    "gitea-actions": `on: push
jobs:
  release:
    uses: acme/flows/.gitea/workflows/release.yml@568a04821935cc92de7b4b05ea6fa9f6bf8a0592
    secrets: inherit
#   ^^^^^^^^^^^^^^^^
`,
    "github-actions": `on: push
jobs:
  release:
    uses: acme/flows/.github/workflows/release.yml@568a04821935cc92de7b4b05ea6fa9f6bf8a0592
    secrets: inherit
#   ^^^^^^^^^^^^^^^^
`,
    "gitlab-ci": `deploy:
  trigger:
    project: acme/deploy
    forward:
      pipeline_variables: true
#     ^^^^^^^^^^^^^^^^^^^^^^^^
`,
    ...cannot(
      "azure-pipelines",
      "Templates are a part of the pipeline that names them, so that there is nothing to hand over.",
    ),
    ...cannot(
      "buildkite cloud-build codefresh semaphore",
      "A pipeline that is started from another one has the secrets of its own settings alone.",
    ),
    ...cannot(
      "circleci",
      "Commands and jobs of an orb run in the pipeline's own jobs; what starts another pipeline hands over parameters alone.",
    ),
    ...cannot(
      "bitbucket-pipelines",
      "A pipeline that is imported runs with the variables of the repository that imports it, and the file has no word on which.",
    ),
    ...cannot(
      "argo-workflows tekton",
      "A task that is called gets what its own steps name and what the run binds to it by name.",
    ),
    ...cannot(
      "harness",
      "A template runs as a part of the pipeline that names it, so that there is nothing to hand over.",
    ),
    ...cannot(
      "appveyor cirrus codebuild drone travis-ci woodpecker",
      "No file calls a pipeline of another one, so that there is nothing to hand over.",
    ),
  },

  "dumped-secrets": {
    appveyor: `image: Ubuntu
environment: {API_KEY: {secure: abc==}}
install:
  - sh: env | sort
#       ^^^
`,
    "argo-workflows": `apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: build}
spec:
  templates:
    - name: build
      script:
        image: node@${DIGEST}
        command: [sh]
        envFrom:
          - secretRef: {name: production}
#                             ^^^^^^^^^^
        source: make
`,
    "azure-pipelines": `steps:
  - task: AzureKeyVault@2
    inputs:
      KeyVaultName: shop
      SecretsFilter: '*'
#                    ^^^
`,
    buildkite: `steps:
  - command: env | sort
#            ^^^
    secrets: [API_KEY]
`,
    cirrus: `test_task:
  env: {API_KEY: 'ENCRYPTED[abcdef]'}
  script: env | sort
#         ^^^
`,
    "cloud-build": `steps:
  - name: node
    script: env | sort
#           ^^^
    secretEnv: [API_KEY]
availableSecrets:
  secretManager:
    - {versionName: projects/p/secrets/api/versions/1, env: API_KEY}
`,
    codebuild: `version: 0.2
env:
  secrets-manager: {API_KEY: 'prod/api:key'}
phases:
  build:
    commands:
      - env | sort
#       ^^^
`,
    codefresh: `version: '1.0'
steps:
  build:
    image: node@${DIGEST}
    environment:
      - API_KEY=\${{secrets.shop.API_KEY}}
    commands:
      - env | sort
#       ^^^
`,
    drone: `kind: pipeline
type: docker
name: default
steps:
  - name: build
    image: node
    environment: {API_KEY: {from_secret: api_key}}
    commands:
      - env | sort
#       ^^^
`,
    "gitea-actions": `on: push
jobs:
  build:
    runs-on: docker
    steps:
      - run: ./deploy
        env:
          ALL: \${{ toJSON(secrets) }}
#                  ^^^^^^^^^^^^^^^
`,
    "github-actions": `on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - run: ./deploy
        env:
          ALL: \${{ toJSON(secrets) }}
#                  ^^^^^^^^^^^^^^^
`,
    "gitlab-ci": `build:
  secrets:
    API_KEY: {vault: production/api/key@shop, file: false}
  script:
    - env | sort
#     ^^^
`,
    harness: `pipeline:
  identifier: build
  stages:
    - stage:
        name: build
        type: CI
        spec:
          execution:
            steps:
              - step:
                  name: deploy
                  type: Run
                  spec:
                    shell: Sh
                    envVariables: {API_KEY: '<+secrets.getValue("api_key")>'}
                    command: env | sort
#                            ^^^
`,
    tekton: `apiVersion: tekton.dev/v1
kind: Task
metadata: {name: build}
spec:
  steps:
    - name: build
      image: node
      envFrom:
        - secretRef: {name: production}
#                           ^^^^^^^^^^
      script: make
`,
    "travis-ci": `env: {global: [{secure: abc==}]}
script:
  - env | sort
#   ^^^
`,
    woodpecker: `steps:
  - name: build
    image: node
    environment: {API_KEY: {from_secret: api_key}}
    commands:
      - env | sort
#       ^^^
`,
    ...cannot(
      "bitbucket-pipelines",
      "Keeps all secrets in the settings, so that nobody can tell from the file whether a printed environment holds one.",
    ),
    ...cannot(
      "semaphore",
      "Hands over secrets as groups of the settings, so that nobody can tell from the file what a printed environment holds.",
    ),
    ...cannot(
      "circleci",
      "Keeps all secrets in contexts and in the settings, so that nobody can tell from the file whether a printed environment holds one.",
    ),
  },

  "dynamic-secret": {
    buildkite: `steps:
  - command: ./deploy
    secrets: ['$KEY_NAME']
#             ^^^^^^^^^^^
`,
    drone: `kind: pipeline
type: docker
name: default
steps:
  - name: build
    image: node
    environment: {API_KEY: {from_secret: '\${DRONE_BRANCH}_key'}}
#                                        ^^^^^^^^^^^^^^^^^^^^^
    commands: [make]
`,
    "gitea-actions": `on: push
jobs:
  build:
    runs-on: docker
    steps:
      - run: ./deploy
        env:
          API_KEY: \${{ secrets[matrix.key] }}
#                      ^^^^^^^^^^^^^^^^^^^
`,
    "github-actions": `on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - run: ./deploy
        env:
          API_KEY: \${{ secrets[matrix.key] }}
#                      ^^^^^^^^^^^^^^^^^^^
`,
    harness: `pipeline:
  identifier: build
  stages:
    - stage:
        name: build
        type: CI
        spec:
          execution:
            steps:
              - step:
                  name: deploy
                  type: Run
                  spec:
                    shell: Sh
                    envVariables: {API_KEY: '<+secrets.getValue(pipeline.variables.key)>'}
#                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                    command: ./deploy
`,
    woodpecker: `steps:
  - name: build
    image: node
    environment: {API_KEY: {from_secret: '\${CI_COMMIT_BRANCH}_key'}}
#                                        ^^^^^^^^^^^^^^^^^^^^^^^^^
    commands: [make]
`,
    ...cannot(
      "azure-pipelines",
      "A macro of a computed name looks the same for secrets and for plain variables, so that nobody can tell whether it is one.",
    ),
    ...cannot("appveyor cirrus travis-ci", "Has secrets as encrypted values in the file, and no names to compute."),
    ...cannot("bitbucket-pipelines", "Keeps all secrets in the settings and names none of them in the file."),
    ...cannot(
      "circleci",
      "Names contexts alone, which can be computed: a context is a group in any case, told with its expression.",
    ),
    ...cannot(
      "cloud-build",
      "A substitution in the path of a secret is a setting of the trigger; the step names the one variable that it gets.",
    ),
    ...cannot(
      "codefresh",
      "An expression cannot stand inside of another one, so that no name of a secret is computed.",
    ),
    ...cannot("semaphore", "Takes the names of its secrets as they are written."),
    ...cannot("codebuild", "Puts nothing into the names of secrets under “env”."),
    ...cannot("gitlab-ci", "Names under “secrets” what the job gets; whatever the path in the store, it is that one."),
    ...cannot(
      "argo-workflows tekton",
      "A parameter that names a Secret is how a task is written for others to use; the step gets the one key that it names.",
    ),
  },

  "persisted-credentials": {
    "azure-pipelines": `steps:
  - checkout: self
    persistCredentials: true
#                       ^^^^
  - bash: curl -s https://example.com/i.sh | sh
`,
    codebuild: `version: 0.2
env:
  git-credential-helper: yes
#                        ^^^
phases:
  build:
    commands:
      - curl -s https://example.com/i.sh | sh
`,
    "gitea-actions": `on: push
jobs:
  build:
    runs-on: docker
    steps:
      - uses: actions/checkout@v4
#             ^^^^^^^^^^^^^^^^^^^
      - uses: acme/lint@v1
`,
    "github-actions": `on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
#             ^^^^^^^^^^^^^^^^^^^
      - uses: acme/lint@v1
`,
    ...cannot(
      "appveyor argo-workflows bitbucket-pipelines buildkite circleci cirrus cloud-build codefresh drone gitlab-ci harness semaphore tekton travis-ci woodpecker",
      "Fetches the repository by its own settings; the file has no word on whether a credential stays behind.",
    ),
  },

  "broad-token-permissions": {
    "github-actions": `on: push
permissions: write-all
#^^^^^^^^^^^^^^^^^^^^^
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - run: make
`,
    ...cannot(
      "gitea-actions",
      "Has ignored “permissions” for long, and which versions of its servers heed it is not settled.",
    ),
    ...cannot("gitlab-ci", "Limits its token by settings of the projects; the file has no word on it."),
    ...cannot(
      "azure-pipelines",
      "Limits its token by settings of the organization and the project; the file has no word on it.",
    ),
    ...cannot(
      "bitbucket-pipelines buildkite circleci semaphore",
      "Makes a token that names the run to others, and what they let it do is up to them.",
    ),
    ...cannot(
      "argo-workflows cloud-build codebuild tekton",
      "Runs as a service account or a role; what that may do is written where it is kept.",
    ),
    ...cannot(
      "appveyor cirrus codefresh drone harness travis-ci woodpecker",
      "Has no token of a run whose rights a file could name.",
    ),
  },

  "secret-to-untrusted-code": {
    "gitea-actions": `on: pull_request_target
jobs:
  build:
    runs-on: docker
    steps:
      - uses: actions/checkout@v4
        with:
          ref: \${{ github.event.pull_request.head.sha }}
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - run: make
        env:
          API_KEY: \${{ secrets.API_KEY }}
`,
    "github-actions": `on: pull_request_target
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
        with:
          ref: \${{ github.event.pull_request.head.sha }}
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - run: make
        env:
          API_KEY: \${{ secrets.API_KEY }}
`,
    ...cannot(
      "appveyor azure-pipelines bitbucket-pipelines circleci cirrus semaphore travis-ci",
      "Withholds secrets from pull requests of forks, unless a setting says otherwise that no file shows.",
    ),
    ...cannot(
      "argo-workflows buildkite cloud-build codebuild codefresh harness",
      "Which pull requests are built is a setting, or a filter of the trigger, that no file shows.",
    ),
    ...cannot("drone woodpecker", "Which events may have a secret is a setting of the secret that no file shows."),
    ...cannot(
      "gitlab-ci",
      "Runs merge requests of a fork in the fork, without the variables of the parent, unless one of its members starts them.",
    ),
    ...cannot(
      "tekton",
      "Whose pull requests start a run is up to who may approve them on the server, which no file shows.",
    ),
  },
};
