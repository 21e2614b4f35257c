import assert from "node:assert/strict";
import { check, findingsOf, readMarks } from "../check.ts";

const RULE = "script-injection";
const GITHUB = ".github/workflows/x.yml";

/** A workflow with one step, whose lines are given. */
function workflow(on: string, ...step: readonly string[]): string {
  return `on: ${on}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${step.join("\n")}\n`;
}

/** [what it shows, path, marked text, the text after the fix where there is one] */
type Case = readonly [string, string, string, string?];

const CASES: readonly Case[] = [
  [
    "a bare expression gets quotes",
    GITHUB,
    workflow(
      "issues",
      `      - run: ./label \${{ github.event.issue.title }} --now`,
      "#                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      "issues",
      `      - run: ./label "$ISSUE_TITLE" --now`,
      "        env:",
      `          ISSUE_TITLE: \${{ github.event.issue.title }}`,
    ),
  ],
  [
    "two of one line go into one environment, one after the other",
    GITHUB,
    workflow(
      "[issues]",
      "      - name: Both # one",
      "        env: { A: b }",
      `        run: echo "\${{ github.event.issue.title }} - \${{ github.event.issue.body }}"`,
      "#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
      "#                                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      "[issues]",
      "      - name: Both # one",
      `        env: { A: b, ISSUE_TITLE: '\${{ github.event.issue.title }}', ISSUE_BODY: '\${{ github.event.issue.body }}' }`,
      `        run: echo "$ISSUE_TITLE - $ISSUE_BODY"`,
    ),
  ],
  [
    "single quotes end in front of the variable and start again behind it",
    GITHUB,
    workflow(
      "{ issue_comment: { types: [created] } }",
      `      - run: "curl -d '{\\"text\\": \\"\${{ github.event.comment.body }}\\"}' https://example.com"`,
      "#                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      "{ issue_comment: { types: [created] } }",
      `      - run: "curl -d '{\\"text\\": \\"'\\"$COMMENT_BODY\\"'\\"}' https://example.com"`,
      "        env:",
      `          COMMENT_BODY: \${{ github.event.comment.body }}`,
    ),
  ],
  [
    "a here-document that the shell expands",
    GITHUB,
    workflow(
      "pull_request_target",
      "      - run: |",
      "          cat <<EOF > body.md",
      `          \${{ github.event.pull_request.body }}`,
      "#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
      "          EOF",
    ),
    workflow(
      "pull_request_target",
      "      - run: |",
      "          cat <<EOF > body.md",
      "          $PULL_REQUEST_BODY",
      "          EOF",
      "        env:",
      `          PULL_REQUEST_BODY: \${{ github.event.pull_request.body }}`,
    ),
  ],
  [
    "a here-document that it does not expand has no fix",
    GITHUB,
    workflow(
      "pull_request_target",
      "      - run: |",
      "          cat <<'EOF' > body.md",
      `          \${{ github.event.pull_request.body }}`,
      "#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
      "          EOF",
    ),
  ],
  [
    "code of another shell stays code, so there is no fix",
    GITHUB,
    workflow(
      "issues",
      `      - run: bash -c "echo \${{ github.event.issue.title }}"`,
      "#                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
  ],
  [
    "what is piped into a shell stays code, so there is no fix",
    GITHUB,
    workflow(
      "issues",
      `      - run: echo "\${{ github.event.issue.title }}" | sh`,
      "#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
  ],
  [
    "a comment that is itself the command has no fix",
    GITHUB,
    workflow(
      "issue_comment",
      `      - run: \${{ github.event.comment.body }}`,
      "#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
  ],
  [
    "a variable that has the expression already is used, and its name is not given twice",
    GITHUB,
    workflow(
      "issues",
      `      - run: echo "\${{ github.event.issue.title }}" "$TITLE"`,
      "#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
      "        env:",
      `          TITLE: \${{ github.event.issue.title }}`,
    ),
    workflow(
      "issues",
      `      - run: echo "$TITLE" "$TITLE"`,
      "        env:",
      `          TITLE: \${{ github.event.issue.title }}`,
    ),
  ],
  [
    "a name that the script uses for something else is left to it",
    GITHUB,
    workflow(
      "issues",
      "      - run: |",
      "          ISSUE_TITLE=none",
      `          echo "\${{ github.event.issue.title }} $ISSUE_TITLE"`,
      "#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      "issues",
      "      - run: |",
      "          ISSUE_TITLE=none",
      `          echo "$ISSUE_TITLE_2 $ISSUE_TITLE"`,
      "        env:",
      `          ISSUE_TITLE_2: \${{ github.event.issue.title }}`,
    ),
  ],
  [
    "an expression that reads a variable of the environment",
    GITHUB,
    workflow(
      "issues",
      "      - env:",
      `          TITLE: \${{ github.event.issue.title }}`,
      `        run: echo "\${{ env.TITLE }}"`,
      "#                  ^^^^^^^^^^^^^^^^",
    ),
    workflow(
      "issues",
      "      - env:",
      `          TITLE: \${{ github.event.issue.title }}`,
      `        run: echo "$TITLE"`,
    ),
  ],
  [
    "PowerShell reads it with env:",
    GITHUB,
    workflow(
      "workflow_run",
      "      - shell: pwsh",
      "        run: |",
      `          Write-Host "on \${{ github.event.workflow_run.head_branch }}.zip"`,
      "#                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
      `          ./notify.ps1 --branch=\${{ github.event.workflow_run.head_branch }}`,
      "#                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
      `          ./notify.ps1 'on \${{ github.event.workflow_run.head_branch }}'`,
      "#                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      "workflow_run",
      "      - shell: pwsh",
      "        run: |",
      `          Write-Host "on \${env:WORKFLOW_RUN_HEAD_BRANCH}.zip"`,
      `          ./notify.ps1 "--branch=$env:WORKFLOW_RUN_HEAD_BRANCH"`,
      `          ./notify.ps1 "on $env:WORKFLOW_RUN_HEAD_BRANCH"`,
      "        env:",
      `          WORKFLOW_RUN_HEAD_BRANCH: \${{ github.event.workflow_run.head_branch }}`,
    ),
  ],
  [
    "cmd has no way to quote a variable, so there is no fix",
    GITHUB,
    workflow(
      "issues",
      "      - shell: cmd",
      `        run: echo \${{ github.event.issue.title }}`,
      "#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
  ],
  [
    "Python reads it from os.environ where it has os",
    GITHUB,
    workflow(
      "issues",
      "      - shell: python",
      "        run: |",
      "          import os",
      `          title = '\${{ github.event.issue.title }}' # '`,
      "#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
      `          print("Title: \${{ github.event.issue.title }}!")`,
      "#                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      "issues",
      "      - shell: python",
      "        run: |",
      "          import os",
      `          title = os.environ["ISSUE_TITLE"] # '`,
      `          print(("Title: " + os.environ["ISSUE_TITLE"] + "!"))`,
      "        env:",
      `          ISSUE_TITLE: \${{ github.event.issue.title }}`,
    ),
  ],
  [
    "a formatted string of Python has no fix",
    GITHUB,
    workflow(
      "issues",
      "      - shell: python",
      "        run: |",
      "          import os",
      `          print(f"\${{ github.event.issue.title }}")`,
      "#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
  ],
  [
    "a template of JavaScript",
    GITHUB,
    workflow(
      "issue_comment",
      "      - uses: actions/github-script@f28e40c7f34bde8b3046d885e986cb6290c5673b",
      "        with:",
      "          script: |",
      `            const body = \`Thanks! \${{ github.event.comment.body }}\`;`,
      "#                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      "issue_comment",
      "      - uses: actions/github-script@f28e40c7f34bde8b3046d885e986cb6290c5673b",
      "        with:",
      "          script: |",
      "            const body = `Thanks! ${process.env.COMMENT_BODY}`;",
      "        env:",
      `          COMMENT_BODY: \${{ github.event.comment.body }}`,
    ),
  ],
  [
    "the whole event, written out",
    GITHUB,
    workflow(
      "issues",
      `      - run: echo '\${{ toJSON(github.event) }}'`,
      "#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow("issues", `      - run: echo "$EVENT"`, "        env:", `          EVENT: \${{ toJSON(github.event) }}`),
  ],
  [
    "the branch of a pull request, with something for other events",
    GITHUB,
    workflow(
      "[push, pull_request]",
      `      - run: git checkout \${{ github.head_ref || github.ref_name }}`,
      "#                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      "[push, pull_request]",
      `      - run: git checkout "$HEAD_REF"`,
      "        env:",
      `          HEAD_REF: \${{ github.head_ref || github.ref_name }}`,
    ),
  ],
  [
    "an action, wherever it may be called",
    "action.yml",
    `name: x
runs:
  using: composite
  steps:
    - shell: bash
      run: echo "\${{ github.event.pull_request.title }}"
#                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    `name: x
runs:
  using: composite
  steps:
    - shell: bash
      run: echo "$PULL_REQUEST_TITLE"
      env:
        PULL_REQUEST_TITLE: \${{ github.event.pull_request.title }}
`,
  ],
  [
    "the context of Gitea",
    ".gitea/workflows/x.yml",
    workflow(
      "issues",
      `      - run: echo "\${{ gitea.event.issue.title }}"`,
      "#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      "issues",
      `      - run: echo "$ISSUE_TITLE"`,
      "        env:",
      `          ISSUE_TITLE: \${{ gitea.event.issue.title }}`,
    ),
  ],
  [
    "a variable that Azure puts in is in the environment as well",
    "azure-pipelines.yml",
    `steps:
  - bash: echo "$(Build.SourceVersionMessage)" > notes
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - pwsh: Write-Host '$(System.PullRequest.SourceBranch)'
#                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    `steps:
  - bash: echo "$BUILD_SOURCEVERSIONMESSAGE" > notes
  - pwsh: Write-Host "$env:SYSTEM_PULLREQUEST_SOURCEBRANCH"
`,
  ],
  [
    "what Drone puts in is left to the shell by a second dollar",
    ".drone.yml",
    `kind: pipeline
type: docker
name: default
steps:
  - name: notify
    image: alpine:3.20
    commands:
      - echo \${DRONE_COMMIT_MESSAGE} \${DRONE_BRANCH} $DRONE_COMMIT_MESSAGE $\${DRONE_COMMIT_MESSAGE}
#            ^^^^^^^^^^^^^^^^^^^^^^^
      - echo "\${DRONE_PULL_REQUEST_TITLE}s"
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    `kind: pipeline
type: docker
name: default
steps:
  - name: notify
    image: alpine:3.20
    commands:
      - echo "$$DRONE_COMMIT_MESSAGE" \${DRONE_BRANCH} $DRONE_COMMIT_MESSAGE $\${DRONE_COMMIT_MESSAGE}
      - echo "$$\{DRONE_PULL_REQUEST_TITLE}s"
`,
  ],
  [
    "what the upload to Buildkite puts in",
    ".buildkite/pipeline.yml",
    `steps:
  - label: Notify
    command:
      - ./notify --branch $BUILDKITE_BRANCH --text "\${BUILDKITE_MESSAGE}"
#                         ^^^^^^^^^^^^^^^^^
#                                                   ^^^^^^^^^^^^^^^^^^^^
      - ./notify "$$BUILDKITE_MESSAGE" "\\$BUILDKITE_BRANCH"
`,
    `steps:
  - label: Notify
    command:
      - ./notify --branch "$$BUILDKITE_BRANCH" --text "$$BUILDKITE_MESSAGE"
      - ./notify "$$BUILDKITE_MESSAGE" "\\$BUILDKITE_BRANCH"
`,
  ],
  [
    "a pipeline value of CircleCI",
    ".circleci/config.yml",
    `version: 2.1
jobs:
  a:
    docker:
      - image: cimg/base:2024.01
    steps:
      - run: git checkout << pipeline.git.branch >>
#                         ^^^^^^^^^^^^^^^^^^^^^^^^^
      - run:
          command: echo "<< pipeline.trigger_parameters.github_app.commit_message >>"
#                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    `version: 2.1
jobs:
  a:
    docker:
      - image: cimg/base:2024.01
    steps:
      - run: git checkout "$CIRCLE_BRANCH"
      - run:
          command: echo "$GITHUB_APP_COMMIT_MESSAGE"
          environment:
            GITHUB_APP_COMMIT_MESSAGE: << pipeline.trigger_parameters.github_app.commit_message >>
`.replaceAll("GITHUB_APP_COMMIT_MESSAGE", "VALUE_GITHUB_APP_COMMIT_MESSAGE"),
  ],
  [
    "a parameter of CircleCI that is given the branch",
    ".circleci/config.yml",
    `version: 2.1
commands:
  say:
    parameters: { branch: { type: string } }
    steps:
      - run: echo "<< parameters.branch >>"
#                  ^^^^^^^^^^^^^^^^^^^^^^^
jobs:
  a:
    docker:
      - image: cimg/base:2024.01
    steps:
      - say: { branch: << pipeline.git.branch >> }
`,
  ],
  [
    "arguments of Cloud Build that a shell reads, and no others",
    "cloudbuild.yaml",
    `steps:
  - name: ubuntu
    entrypoint: bash
    args: ["-c", "git checkout $_HEAD_BRANCH && echo $$_HEAD_BRANCH"]
#                              ^^^^^^^^^^^^^
  - name: gcr.io/cloud-builders/docker
    args: ["build", "-t", "x:$BRANCH_NAME", "."]
  - name: ubuntu
    script: echo "$_HEAD_BRANCH"
`,
  ],
  [
    "a parameter of Tekton that Pipelines-as-Code fills in",
    ".tekton/pull.yaml",
    `apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: { name: pull }
spec:
  params:
    - { name: branch, value: "{{ source_branch }}" }
    - { name: revision, value: "{{ revision }}" }
  pipelineSpec:
    tasks:
      - name: one
        params:
          - { name: ref, value: $(params.branch) }
          - { name: sha, value: $(params.revision) }
        taskSpec:
          steps:
            - image: alpine@sha256:1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7
              script: |
                git checkout $(params.ref) $(params.sha)
#                            ^^^^^^^^^^^^^
                echo "{{ body.pull_request.title }} {{ body.repository.name }}"
#                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
];

const HARMLESS: readonly (readonly [string, string, string])[] = [
  ["a number", GITHUB, workflow("issues", `      - run: echo \${{ github.event.issue.number }}`)],
  [
    "a comparison",
    GITHUB,
    workflow("issues", `      - run: echo \${{ contains(github.event.issue.title, 'x') && 'yes' || 'no' }}`),
  ],
  [
    "a choice by a title",
    GITHUB,
    workflow("issues", `      - run: echo \${{ github.event.issue.title && 'titled' || github.sha }}`),
  ],
  [
    "an input of a person with write access",
    GITHUB,
    workflow("workflow_dispatch", `      - run: echo \${{ inputs.name }}`),
  ],
  ["a branch that was pushed to", GITHUB, workflow("push", `      - run: echo \${{ github.ref_name }}`)],
  ["an event that does not happen", GITHUB, workflow("push", `      - run: echo \${{ github.head_ref }}`)],
  [
    "a name of the step, which is no script",
    GITHUB,
    workflow("issues", `      - name: \${{ github.event.issue.title }}`, "        run: make"),
  ],
  ["an output of a step", GITHUB, workflow("issues", `      - run: echo \${{ steps.a.outputs.title }}`)],
  [
    "a pull request of the same repository",
    GITHUB,
    workflow(
      "pull_request",
      "      - if: github.event.pull_request.head.repo.full_name == github.repository",
      `        run: echo \${{ github.head_ref }}`,
    ),
  ],
  [
    "an input of an action that runs no script",
    GITHUB,
    workflow(
      "issues",
      "      - uses: actions/checkout@f28e40c7f34bde8b3046d885e986cb6290c5673b",
      `        with: { ref: "\${{ github.head_ref }}" }`,
    ),
  ],
  [
    "a variable of GitLab, which the shell reads itself",
    ".gitlab-ci.yml",
    `a:\n  script:\n    - echo "$CI_COMMIT_MESSAGE"\n`,
  ],
  ["a variable of Travis", ".travis.yml", `language: c\nscript:\n  - echo $TRAVIS_COMMIT_MESSAGE\n`],
  ["the number of a build of Azure", "azure-pipelines.yml", "steps:\n  - bash: echo $(Build.BuildId)\n"],
  [
    "a branch of Woodpecker's own",
    ".woodpecker.yml",
    'steps:\n  - name: a\n    image: alpine\n    commands:\n      - echo "${CI_COMMIT_SHA} ${CI_COMMIT_BRANCH}"\n',
  ],
  ["an expression that is not closed", GITHUB, workflow("issues", `      - run: echo \${{ github.event.issue.title`)],
];

describe("script-injection", () => {
  it("finds what comes from forks too where a condition lets them in beside the own repository", () => {
    const condition = (written: string) =>
      findingsOf(
        RULE,
        GITHUB,
        workflow("pull_request_target", `      - if: ${written}`, `        run: echo "\${{ github.head_ref }}"`),
      ).length;
    assert.equal(condition("github.event.pull_request.head.repo.fork == false"), 0);
    assert.equal(condition("always() && github.event.pull_request.head.repo.fork == false"), 0);
    assert.equal(condition("always() || github.event.pull_request.head.repo.fork == false"), 1);
  });

  for (const [title, path, marked, fixed] of CASES)
    it(title, () => {
      check(RULE, path, marked, fixed === undefined ? {} : { fixed });
      const { text } = readMarks(marked);
      const fixes = findingsOf(RULE, path, text).flatMap((finding) => finding.fixes);
      if (fixed === undefined) assert.deepEqual(fixes, []);
    });

  for (const [title, path, text] of HARMLESS) it(`says nothing about ${title}`, () => check(RULE, path, text));

  const severityOf = (on: string, expression: string, ...more: readonly string[]): string | undefined => {
    const text = workflow(on, `      - run: echo "\${{ ${expression} }}"`, ...more);
    return findingsOf(RULE, GITHUB, text)[0]?.severity;
  };

  it("is a warning where a stranger's run has secrets, and information where it has none", () => {
    assert.equal(severityOf("pull_request_target", "github.head_ref"), "warning");
    assert.equal(severityOf("[pull_request, pull_request_target]", "github.head_ref"), "warning");
    assert.equal(severityOf("push", "github.event.head_commit.message"), "warning");
    assert.equal(severityOf("pull_request", "github.head_ref"), "information");
    assert.equal(severityOf("workflow_call", "github.head_ref"), "information");
    const asked = "        if: contains(fromJSON('[\"OWNER\"]'), github.event.comment.author_association)";
    assert.equal(severityOf("issue_comment", "github.event.comment.body", asked), "information");
  });
});
