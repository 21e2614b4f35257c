import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { withoutMarks } from "../../server/core/explain.ts";
import { type Pipeline, referencesOf, type Script, stepsOf } from "../../server/core/model.ts";
import { reachOfScope, reachOfStep } from "../../server/core/reach.ts";
import { azurePipelines } from "../../server/core/systems/azure-pipelines.ts";
import { systemFor } from "../../server/core/systems/index.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check, findingsOf } from "../check.ts";
import { type Pair, tellsApart } from "../support/pairs.ts";

const PATH = "azure-pipelines.yml";
const COMMIT = "11bd71901bbe5b1630ceea73d27597364c9af683";
const HASH = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";

function read(text: string): Pipeline {
  return azurePipelines.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

function scriptsOf(text: string): readonly Script[] {
  return [...stepsOf(read(text))].flatMap(({ step }) => step.scripts);
}

/** The marked text has the problem, and the same text with the content's commit in every address has none. */
function pair(marked: string): void {
  check("unpinned-remote-script", PATH, marked);
  const pinned = `https://raw.githubusercontent.com/acme/tool/${COMMIT}/`;
  check("unpinned-remote-script", PATH, withoutMarks(marked).replaceAll(/https:\/\/\w\.example\//g, pinned));
}

describe("Azure Pipelines", () => {
  it("claims its paths, the content of pipelines and templates, and nothing else", () => {
    const claims = (path: string, text: string) => azurePipelines.claims(path, parseYaml(text));
    assert.equal(claims("azure-pipelines.yml", ""), 2);
    assert.equal(claims("clones/x/azure-pipelines-release.yaml", ""), 2);
    assert.equal(claims(".azuredevops/build.yml", "steps: [{bash: make}]"), 2);
    assert.equal(claims(".vsts-ci.yml", "jobs: [{job: a}]"), 2);
    assert.equal(claims("ci/build.yml", "trigger: none\nsteps: [{script: make}]"), 1);
    assert.equal(claims("ci/build.yml", "jobs: [{job: a, pool: {vmImage: x}, condition: always()}]"), 1);
    assert.equal(claims("ci/build.yml", "jobs:\n- job:\n  displayName: a\n"), 1);
    assert.equal(claims("ci/build.yml", "steps:\n- ${{ if eq(1, 2) }}:\n  - task: Bash@3\n"), 1);
    assert.equal(claims("ci/build.yml", "stages: [{template: /eng/x.yml, parameters: {a: b}}]"), 1);
    assert.equal(claims("ci/build.yml", "extends: {template: v1/x.yml@t}\nresources: {repositories: []}"), 1);
    assert.equal(claims("ci/vars.yml", "parameters: [{name: a}]\nvariables: [{group: prod}]"), 1);
    assert.equal(claims(".azuredevops/dependabot.yml", "version: 2\nupdates: [{directory: /}]"), 0);
    assert.equal(claims("pipeline.yml", "steps: [{command: make, label: x}, wait, {trigger: deploy}]"), 0);
    assert.equal(claims("cloudbuild.yaml", "steps: [{name: golang, script: make}]\noptions: {}"), 0);
    assert.equal(claims("concourse.yml", "resources: [{name: r}]\njobs: [{name: a, plan: [{task: b}]}]"), 0);
    assert.equal(claims("openapi.yml", "openapi: 3.0.0\npaths: {}\nparameters: []"), 0);
    assert.equal(claims("values.yml", "pool: {size: 3}\njobs: [{name: a, schedule: b}]\nresources: {}"), 0);
    assert.equal(claims("playbook.yml", "- hosts: all\n  tasks: [{script: x}]"), 0);
    assert.equal(claims("deployment.yml", "apiVersion: v1\nkind: Pod\nspec: {steps: [{script: x}]}"), 0);
  });

  it("loses no file to another system", () => {
    const texts = {
      "ci/a.yml": "trigger: [main]\npool: {vmImage: ubuntu-latest}\nsteps:\n- script: make\n  displayName: Build\n",
      "ci/b.yml": "parameters: {x: ''}\nsteps:\n- bash: make\n",
      ".buildkite/pipeline.yml": "steps:\n- command: make\n  label: x\n",
    };
    const found = Object.entries(texts).map(([path, text]) => systemFor(path, parseYaml(text))?.id);
    assert.deepEqual(found, ["azure-pipelines", "azure-pipelines", "buildkite"]);
  });

  it("reads scripts at the top, in jobs and in stages", () => {
    pair(`steps:
- script: curl -s https://a.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- bash: |
    set -x
    curl -s https://b.example/x | bash
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
    pair(`jobs:
- job: a
  steps:
  - bash: "echo \\"x\\"; curl -s https://a.example/x | sh"
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
    pair(`stages:
- stage: a
  jobs:
  - job: b
    steps: [{script: curl -s https://a.example/x | sh}]
#                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
  });

  it("reads every hook of a deployment, those for a failure as steps that run after one", () => {
    const marked = `jobs:
- deployment: a
  strategy:
    runOnce:
      deploy:
        steps:
        - bash: curl -s https://a.example/x | sh
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      on:
        failure:
          steps: [{bash: curl -s https://b.example/x | sh}]
#                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- deployment: b
  strategy:
    canary:
      preDeploy: {steps: [{bash: curl -s https://c.example/x | sh}]}
#                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      routeTraffic: {steps: [{bash: curl -s https://d.example/x | sh}]}
#                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`;
    pair(marked);
    const [first] = read(withoutMarks(marked)).jobs;
    assert.deepEqual(
      first?.steps.map(({ always }) => always),
      [false, true],
    );
  });

  it("reads what directives put into lists and mappings, on every branch", () => {
    pair(`steps:
- \${{ if eq(variables.x, 'y') }}:
  - bash: curl -s https://a.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- \${{ else }}:
  - \${{ each version in parameters.versions }}:
    - script: curl -s https://b.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- displayName: Either
  \${{ if parameters.one }}:
    bash: curl -s https://c.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  \${{ else }}:
    bash: curl -s https://d.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
    pair(`jobs:
  \${{ if parameters.one }}:
  - job: a
    steps: [{bash: curl -s https://a.example/x | sh}]
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
  });

  it("reads the code of tasks, whatever the case of their names", () => {
    pair(`steps:
- task: Bash@3
  inputs:
    targetType: inline
    script: curl -s https://a.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- task: CmdLine@2
  inputs: {script: curl -s https://b.example/x | sh}
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- task: azurecli@2
  inputs:
    ScriptType: bash
    ScriptLocation: inlineScript
    InlineScript: |
      curl -s https://c.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- task: SSH@0
  inputs: {runOptions: inline, inline: curl -s https://d.example/x | sh}
#                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- task: acme.tools.runner.AWSShellScript@1
  inputs: {inlineScript: curl -s https://e.example/x | sh}
#                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
  });

  it("reads PowerShell and the commands of Windows", () => {
    pair(`pool: {vmImage: windows-2022}
steps:
- pwsh: irm https://a.example/x.ps1 | iex
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- task: PowerShell@2
  inputs: {targetType: inline, script: "iex (irm https://b.example/x.ps1)"}
#                                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- script: powershell -c "irm https://c.example/x.ps1 | iex"
#                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
  });

  it("takes the code of a task for nothing where the task runs a file", () => {
    const scripts = scriptsOf(`steps:
- task: Bash@3
  inputs: {targetType: filePath, filePath: x.sh, script: unused}
- task: AzureCLI@2
  inputs: {scriptType: bash, scriptLocation: scriptPath, scriptPath: x.sh, inlineScript: unused}
- task: PowerShell@2
  inputs: {filePath: x.ps1, script: unused}
- task: PythonScript@0
  inputs: {scriptPath: x.py, script: unused}
`);
    assert.deepEqual(scripts, []);
  });

  it("reads the steps, jobs and stages that are handed to templates, and the defaults of parameters", () => {
    pair(`extends:
  template: v1/pipeline.yml@templates
  parameters:
    settings: {pool: {os: linux}}
    stages:
    - stage: a
      jobs:
      - template: job.yml
        parameters:
          preSteps:
          - bash: curl -s https://a.example/x | sh
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
    pair(`parameters:
- name: setup
  type: stepList
  default:
  - bash: curl -s https://a.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
steps:
- template: steps.yml
  parameters:
    after:
    - template: more.yml
    - bash: curl -s https://b.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- \${{ parameters.setup }}
`);
    pair(`parameters: {jobs: [{job: a, steps: [{script: curl -s https://a.example/x | sh}]}]}
#                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
jobs: [{template: a.yml}]
`);
  });

  it("takes macros and expressions for unknown text, and those of the file's own variables for their values", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `variables: {commit: ${COMMIT}, branch: main}
steps:
- bash: curl -s $(SomeAddress) | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^
- bash: curl -s \${{ parameters.address }} | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- bash: curl -s https://raw.githubusercontent.com/acme/tool/$(branch)/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- bash: curl -s https://raw.githubusercontent.com/acme/tool/$(Commit)/x | sh
- bash: curl -s https://raw.githubusercontent.com/acme/tool/\${{ variables.commit }}/x | sh
- bash: curl -s https://raw.githubusercontent.com/acme/tool/$COMMIT/x | sh
- bash: sh -c "$(curl -s https://a.example/x)"
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("follows a file from step to step through the agent's folders", () => {
    const marked = `steps:
- script: curl -so $(Agent.TempDirectory)/tool https://a.example/tool
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- script: ls
- bash: chmod +x $(Agent.TempDirectory)/tool && $(Agent.TempDirectory)/tool
`;
    check("unverified-download", PATH, marked);
    const verified = `set -e\n    echo "${"a".repeat(64)}  $(Agent.TempDirectory)/tool" | sha256sum -c`;
    check("unverified-download", PATH, withoutMarks(marked).replace("script: ls", `script: |\n    ${verified}`));
  });

  it("runs bash without errexit, so that a check that nobody looks at is none", () => {
    const found = (start: string): number =>
      findingsOf(
        "ineffective-verification",
        PATH,
        `steps:
- bash: |
    ${start}
    curl -so tool https://a.example/tool
    echo "${"a".repeat(64)}  tool" | sha256sum -c
    chmod +x tool
    ./tool
`,
      ).length;
    assert.deepEqual([found("set -e"), found("ls")], [0, 1]);
  });

  it("knows what runs a script from its key, its task and the machine", () => {
    const found = scriptsOf(`pool: {vmImage: ubuntu-latest}
variables: {image: windows-2022}
jobs:
- job: a
  steps: [script: x, bash: x, pwsh: x, {powershell: x, errorActionPreference: continue}]
- job: b
  pool: {vmImage: $(image)}
  steps: [script: x, bash: x, {task: CmdLine@2, inputs: {script: x}}]
- job: c
  strategy: {matrix: {one: {os: windows-2022}, two: {os: macos-14}}}
  pool: {vmImage: $(os)}
  steps:
  - script: x
  - {task: PowerShell@2, inputs: {targetType: inline, script: x}}
  - {task: PythonScript@0, inputs: {scriptSource: inline, script: x}}
  - {task: AzureCLI@2, inputs: {scriptType: batch, scriptLocation: inlineScript, inlineScript: x}}
  - {task: AzurePowerShell@5, inputs: {ScriptType: InlineScript, Inline: x}}
`).map(({ shell, operatingSystems, scratch }) => [shell.language, shell.errexit, operatingSystems.join(), scratch]);
    const [temp, windows] = ["$AGENT_TEMPDIRECTORY", "$env:AGENT_TEMPDIRECTORY"];
    assert.deepEqual(found, [
      ["bash", false, "linux", temp],
      ["bash", false, "linux", temp],
      ["powershell", true, "linux", windows],
      ["powershell", false, "linux", windows],
      ["cmd", false, "windows", "%AGENT_TEMPDIRECTORY%"],
      ["bash", false, "windows", temp],
      ["cmd", false, "windows", "%AGENT_TEMPDIRECTORY%"],
      ["bash", false, "windows,macos", temp],
      ["powershell", true, "windows,macos", windows],
      ["python", undefined, "windows,macos", temp],
      ["cmd", false, "windows,macos", "%AGENT_TEMPDIRECTORY%"],
      ["powershell", true, "windows,macos", windows],
    ]);
  });

  it("gives every step a process of its own, in the folder that it names", () => {
    const scripts = scriptsOf(`steps:
- bash: x
- {bash: x, workingDirectory: $(Build.SourcesDirectory)/sub}
- {task: Bash@3, inputs: {targetType: inline, script: x, workingDirectory: other}}
`);
    assert.equal(new Set(scripts.map(({ unit }) => unit)).size, 3);
    assert.deepEqual(
      scripts.map(({ folder }) => folder),
      [".", "./sub", "other"],
    );
  });

  it("knows which steps tolerate a failure, and which run after one", () => {
    const [job] = read(`steps:
- {bash: x, continueOnError: true}
- {bash: x, condition: "and(always(), eq(1, 1))"}
- {bash: x, condition: succeeded()}
`).jobs;
    assert.deepEqual(
      job?.steps.map(({ tolerated, always }) => [tolerated, always]),
      [
        [true, false],
        [false, true],
        [false, false],
      ],
    );
  });

  it("reads images of containers, services, resources and steps, and no name of a container", () => {
    check(
      "unpinned-image",
      PATH,
      `pool: {vmImage: ubuntu-latest}
resources:
  containers:
  - container: tools
    image: acme/tools:1
#          ^^^^^^^^^^^^
  - container: fixed
    image: acme/tools@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d
jobs:
- job: a
  container: tools
  services:
    cache: redis
#          ^^^^^
    database: {image: postgres:16}
#                     ^^^^^^^^^^^
  steps:
  - {bash: x, target: host}
  - bash: x
    target: {container: node:22}
#                       ^^^^^^^
- job: b
  container: {image: ubuntu:24.04, env: {A: b}}
#                    ^^^^^^^^^^^^
  steps: [{bash: x}]
- job: c
  container: $[ variables.image ]
  steps: [{bash: x}]
`,
    );
  });

  it("takes a bare word in a template for the name of a container that its caller declares", () => {
    check("unpinned-image", PATH, "parameters: {x: ''}\njobs: [{job: a, container: linux, steps: [{bash: x}]}]\n");
  });

  it("reads repositories of templates with their versions, and says each once", () => {
    const references = [
      ...referencesOf(
        read(`resources:
  repositories:
  - {repository: self, clean: true}
  - {repository: a, type: github, name: acme/templates, ref: refs/tags/v1}
  - {repository: b, type: github, name: acme/templates, ref: ${COMMIT}}
  - {repository: c, name: Project/templates}
  - {repository: d, type: git, name: x, ref: $(ref)}
variables: [{template: vars.yml}]
jobs:
- template: job.yml@a
- template: job.yml@unknown
- template: job.yml@self
`),
      ),
    ].map(({ kind, text, target }) => `${kind} ${text} ${target.kind} ${target.pin}`);
    assert.deepEqual(references, [
      "include a repository mutable",
      "include b repository pinned",
      "include c repository mutable",
      "include d repository unknown",
      "include vars.yml local pinned",
      "include job.yml@unknown other unknown",
      "include job.yml@self local pinned",
    ]);
  });

  it("pins a repository of templates where its version is written, or where it would be", () => {
    const text = (versions: readonly [string, string]): string => `resources:
  repositories:
  - repository: one
    type: github
    name: acme/one${versions[0]}
  - repository: two
    type: github
    name: acme/two${versions[1]}
`;
    check(
      "unpinned-include",
      PATH,
      text(["", "\n    ref: refs/tags/v1"]).replaceAll(/: (one|two)\n/g, ": $1\n#               ^^^\n"),
      {
        fixed: text([`\n    ref: ${COMMIT}`, `\n    ref: ${COMMIT} # refs/tags/v1`]),
        answers: [{ kind: "commit", commit: COMMIT, refKind: "branch" }],
      },
    );
  });

  it("reads tasks and repositories that steps fetch: a task without all of its version moves", () => {
    const references = [
      ...referencesOf(
        read(`steps:
- checkout: self
- checkout: git://Project/Repo@refs/tags/v1
- checkout: github://acme/tool@${COMMIT}
- task: NodeTool@0
- task: acme.tools.deploy.deploy@2.1.3
- task: \${{ parameters.task }}@1
`),
      ),
    ].map(({ kind, target }) => `${kind} ${target.kind} ${target.pin}`);
    assert.deepEqual(references, [
      "include repository mutable",
      "include repository pinned",
      "task other mutable",
      "task other pinned",
      "task other unknown",
    ]);
  });

  it("gives a step the secrets that it names, and no secret variable of a scope around it", () => {
    const text = `variables: {plain: x, NPM_TOKEN: ""}
steps:
- bash: ./publish --key $(SigningKey) --in $(Build.SourcesDirectory) --size $(size) --at $(pwd) --as $(plain)
- {bash: ./upload, env: {TOKEN: $(CODECOV_TOKEN), JOB: $(System.AccessToken), OTHER: $(regional), NPM: $(NPM_TOKEN)}}
- bash: |
    get_token() { cat token; }
    ./login "$(get_token)"
- pwsh: Set-Content key "$(Get-Credential)"
- task: acme.x.y.deploy@1
  inputs: {azureSubscription: prod, password: $(DeployPassword), where: "$(Agent.TempDirectory)"}
`;
    const reach = read(text).jobs[0]?.steps.map((step) => reachOfStep(step).map(({ name, kind }) => `${kind} ${name}`));
    assert.deepEqual(reach, [
      ["named SigningKey"],
      ["named CODECOV_TOKEN", "token System.AccessToken", "settings regional"],
      [],
      [],
      ["named the service connection “prod”", "named DeployPassword"],
    ]);
  });

  it("believes the file about what is secret: names of a vault, and variables that scripts set", () => {
    const text = `steps:
- task: AzureKeyVault@2
  inputs: {azureSubscription: x, KeyVaultName: y, SecretsFilter: "Signer, Other"}
- bash: |
    echo "##vso[task.setvariable variable=made;issecret=true]$x"
    echo "##vso[task.setvariable variable=ApiToken]$x"
- {bash: x, env: {A: $(signer), B: $(made), C: $(ApiToken)}}
`;
    const step = read(text).jobs[0]?.steps.at(-1);
    assert.deepEqual(step && reachOfStep(step).map(({ name, kind }) => `${kind} ${name}`), [
      "named signer",
      "named made",
    ]);
  });

  it("gives scopes their groups, vaults and tokens, with the place that asks for them", () => {
    const text = `variables: [{group: everywhere}, {name: a, value: b}]
stages:
- stage: s
  variables: [{group: here}]
  jobs:
  - job: a
    variables:
    - \${{ if eq(1, 1) }}:
      - group: mine
    steps:
    - checkout: self
      persistCredentials: true
    - task: AzureKeyVault@2
      inputs: {azureSubscription: x, KeyVaultName: kv}
    - bash: x
  - job: b
    steps: [{bash: x}]
`;
    const { jobs } = read(text);
    const reach = jobs.map(({ scope }) =>
      reachOfScope(scope).map(
        ({ level, kind, name, span }) => `${level} ${kind} ${name} ${text.slice(span?.start, span?.end)}`,
      ),
    );
    const around = [
      "stage settings every variable of the group “here” here",
      "pipeline settings every variable of the group “everywhere” everywhere",
    ];
    assert.deepEqual(reach, [
      [
        "job settings every variable of the group “mine” mine",
        "job token System.AccessToken persistCredentials: true",
        "job settings every secret of the key vault “kv” AzureKeyVault@2",
        ...around,
      ],
      around,
    ]);
  });

  it("hands the environment of a container to the steps in it, and the job's to no service", () => {
    const text = `variables: {A: $(a_token)}
resources: {containers: [{container: tools, image: x, env: {B: $(b_token)}}]}
jobs:
- job: a
  container: tools
  services: {db: {image: y, env: {C: $(c_token)}}}
  steps: [{bash: x}]
`;
    const [job] = read(text).jobs;
    const [step] = job?.steps ?? [];
    assert.deepEqual(step && reachOfStep(step).map(({ name }) => name), ["b_token", "a_token"]);
    assert.deepEqual(
      job?.references.map(({ scope }) => reachOfScope(scope).map(({ name }) => name)),
      [["c_token"]],
    );
  });

  it("offers no move of a variable that macros name to an environment where they do not look", () => {
    const text = "variables:\n  KEY: $(signing_key)\nsteps:\n- bash: ./sign $(KEY)\n- bash: ls\n";
    const [finding] = findingsOf("pipeline-wide-secret", PATH, text);
    assert.equal(finding && text.slice(finding.span.start, finding.span.end), "KEY: $(signing_key)");
    assert.deepEqual(finding?.fixes, []);
  });

  it("reads variables in both notations, under their own name and that of the environment", () => {
    const names = (text: string) => read(text).scope.variables.map(({ name, value }) => `${name}=${value}`);
    assert.deepEqual(names("variables: {goVersion: 1.2, A: b}"), ["goVersion=1.2", "GOVERSION=1.2", "A=b"]);
    assert.deepEqual(names("variables: [{name: vm.image, value: x}, {group: y}, {template: z.yml}]"), [
      "vm.image=x",
      "VM_IMAGE=x",
    ]);
    assert.deepEqual(names("variables:\n- name: A\n  ${{ if x }}:\n    value: one\n  ${{ else }}:\n    value: two\n"), [
      "A=undefined",
      "A=undefined",
    ]);
  });

  describe("tells bad from good", () => {
    const pairs: readonly Pair[] = [
      [
        "a script from an address, or one of the repository",
        "unpinned-remote-script",
        `steps:
- bash: curl -s https://a.example/i.sh | bash
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `steps:
- bash: ./ci/i.sh
`,
      ],
      [
        "what runs, or what is only read",
        "unpinned-remote-script",
        `steps:
- script: curl -s https://a.example/i.sh | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `steps:
- script: curl -s https://a.example/status.json | jq .ok
`,
      ],
      [
        "a branch or a commit",
        "unpinned-remote-script",
        `steps:
- bash: bash <(curl -s https://raw.githubusercontent.com/acme/tool/main/i.sh)
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `steps:
- bash: bash <(curl -s https://raw.githubusercontent.com/acme/tool/${COMMIT}/i.sh)
`,
      ],
      [
        "PowerShell that runs what it reads",
        "unpinned-remote-script",
        `steps:
- pwsh: iex (irm https://a.example/i.ps1)
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `steps:
- pwsh: (irm https://a.example/state.json).state
`,
      ],
      [
        "the code of a task",
        "unpinned-remote-script",
        `steps:
- task: AzureCLI@2
  inputs:
    scriptType: bash
    scriptLocation: inlineScript
    inlineScript: curl -s https://a.example/i.sh | bash
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `steps:
- task: AzureCLI@2
  inputs:
    scriptType: bash
    scriptLocation: scriptPath
    scriptPath: ci/i.sh
    inlineScript: curl -s https://a.example/i.sh | bash
`,
      ],
      [
        "a hook of a deployment",
        "unpinned-remote-script",
        `jobs:
- deployment: site
  strategy:
    canary:
      postRouteTraffic:
        steps:
        - bash: wget -qO- https://a.example/i.sh | sh
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `jobs:
- deployment: site
  strategy:
    canary:
      postRouteTraffic:
        steps:
        - bash: wget -qO- https://a.example/health
`,
      ],
      [
        "a program with and without its SHA-256",
        "unverified-download",
        `steps:
- bash: |
    curl -sLo tool https://a.example/tool
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    chmod +x tool
`,
        `steps:
- bash: |
    curl -sLo tool https://a.example/tool
    echo "${HASH}  tool" | sha256sum -c - || exit 1
    chmod +x tool
`,
      ],
      [
        "a file from one step to the next",
        "unverified-download",
        `steps:
- bash: curl -sLo $(Agent.TempDirectory)/i.sh https://a.example/i.sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- bash: sh $(Agent.TempDirectory)/i.sh
`,
        `steps:
- bash: curl -sLo $(Agent.TempDirectory)/i.json https://a.example/i.json
- bash: cat $(Agent.TempDirectory)/i.json
`,
      ],
      [
        "a check that stops the step, and one after which bash goes on",
        "ineffective-verification",
        `steps:
- bash: |
    curl -sLo i.sh https://a.example/i.sh
    echo "${HASH}  i.sh" | sha256sum -c -
#                                                                                   ^^^^^^^^^^^^^^
    sh i.sh
`,
        `steps:
- bash: |
    set -e
    curl -sLo i.sh https://a.example/i.sh
    echo "${HASH}  i.sh" | sha256sum -c -
    sh i.sh
`,
      ],
      [
        "a container by its tag or its digest",
        "unpinned-image",
        `resources:
  containers:
  - container: build
    image: acme/build:3
#          ^^^^^^^^^^^^
steps:
- bash: make
`,
        `resources:
  containers:
  - container: build
    image: acme/build:3@sha256:${HASH}
steps:
- bash: make
`,
      ],
      [
        "a repository of templates by its branch or its commit",
        "unpinned-include",
        `resources:
  repositories:
  - repository: shared
#               ^^^^^^
    type: github
    name: acme/templates
extends:
  template: all.yml@shared
`,
        `resources:
  repositories:
  - repository: shared
    type: github
    name: acme/templates
    ref: ${COMMIT}
extends:
  template: all.yml@shared
`,
      ],
      [
        "a task by a part of its version or all of it",
        "unpinned-task",
        `steps:
- task: acme.tools.lint.lint@2
#       ^^^^^^^^^^^^^^^^^^^^^^
`,
        `steps:
- task: acme.tools.lint.lint@2.4.1
`,
      ],
      [
        "a package without and with its version",
        "unpinned-package",
        `steps:
- script: npx release-tool@latest
#         ^^^^^^^^^^^^^^^^^^^^^^^
`,
        `steps:
- script: npx release-tool@4.1.2
`,
      ],
      [
        "a group for all jobs, or for the one that needs it",
        "broad-secret-group",
        `variables:
- group: production
#        ^^^^^^^^^^
jobs:
- job: test
  steps: [{bash: make test}]
- job: push
  steps: [{bash: make push}]
`,
        `jobs:
- job: test
  steps: [{bash: make test}]
- job: push
  variables:
  - group: production
  steps: [{bash: make push}]
`,
      ],
      [
        "a secret in the script's text or in its environment",
        "secret-on-command-line",
        `steps:
- bash: ./deploy '$(deployKey)'
#                 ^^^^^^^^^^^^
`,
        `steps:
- bash: ./deploy "$KEY"
  env: {KEY: $(deployKey)}
`,
      ],
      [
        "the message of a commit in the script's text or in its environment",
        "script-injection",
        `steps:
- bash: ./notify '$(Build.SourceVersionMessage)'
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `steps:
- bash: ./notify "$BUILD_SOURCEVERSIONMESSAGE"
`,
      ],
      [
        "all of a vault, or what the steps need of it",
        "dumped-secrets",
        `steps:
- task: AzureKeyVault@2
  inputs: {KeyVaultName: shop, SecretsFilter: '*'}
#                                             ^^^
`,
        `steps:
- task: AzureKeyVault@2
  inputs: {KeyVaultName: shop, SecretsFilter: db-password}
`,
      ],
      [
        "a credential that stays where code of others runs, or does not",
        "persisted-credentials",
        `steps:
- checkout: self
  persistCredentials: true
#                     ^^^^
- bash: curl -s https://a.example/i.sh | sh
`,
        `steps:
- checkout: self
- bash: curl -s https://a.example/i.sh | sh
`,
      ],
      [
        "a password in plain text, or one that the system fills in",
        "hardcoded-secret",
        `steps:
- bash: git push https://ci:Tr4in-Kettle-92@git.acme.dev/site.git
#                           ^^^^^^^^^^^^^^^
`,
        `steps:
- bash: git push "https://ci:$PASSWORD@git.acme.dev/site.git"
  env: {PASSWORD: $(password)}
`,
      ],
    ];
    tellsApart(PATH, pairs);
  });

  it("reads wrong shapes and half-typed files without an exception", () => {
    for (const text of [
      "",
      "steps",
      "- a",
      "steps: 3\njobs: x\nstages: {a: b}\nextends: []\nresources: [1]\nvariables: 4\nparameters: x\npool: [1]",
      "steps: [1, [2], {}, {bash: [x]}, {task: {a: b}}, {script: }, {template: [x]}, {task: Bash@3, inputs: [1]}]",
      "jobs: [1, {job: [x], steps: {bash: y}}, {deployment: a, strategy: b}, {job: c, container: [d], services: [e]}]",
      "stages: [{stage: , jobs: }, {stage: {a: b}, variables: [[], {name: [x]}, {group: {y: z}}]}]",
      "${{ if x }}: y\nsteps:\n- ${{ if x }}:\n- ${{ each }}: [a]\n- ${{ insert }}: {bash: x}\n",
      "resources: {repositories: [1, {repository: [x]}, {name: y}], containers: [{image: z}], packages: [[]]}",
      "trigger:\n- {{ branch }}\npool:\n  {{ pool }}\nsteps:\n- script: x\n",
      "steps: &a [*a, {bash: x, <<: *a}]",
    ])
      assert.doesNotThrow(() => [...referencesOf(read(text))]);
    const whole =
      "variables: {a: $(b)}\njobs:\n- job: a\n  steps:\n  - ${{ if x }}:\n    - task: Bash@3\n      inputs: {script: y}\n";
    for (let end = 0; end < whole.length; end++) read(whole.slice(0, end));
  });
});
