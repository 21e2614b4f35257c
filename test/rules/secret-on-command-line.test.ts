import assert from "node:assert/strict";
import { check, findingsOf, fixAll, readMarks } from "../check.ts";

const RULE = "secret-on-command-line";
const GITHUB = ".github/workflows/x.yml";
const AZURE = "azure-pipelines.yml";

/** A workflow with one step, whose lines are given. */
function workflow(...step: readonly string[]): string {
  return `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${step.join("\n")}\n`;
}

/** [what it shows, path, marked text, the text after the fix where there is one] */
type Case = readonly [string, string, string, string?];

const CASES: readonly Case[] = [
  [
    "a part of a bare word",
    GITHUB,
    workflow(
      `      - run: npm config set //registry.npmjs.org/:_authToken=\${{ secrets.NPM_TOKEN }} # login`,
      "#                                                            ^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      `      - run: npm config set //registry.npmjs.org/:_authToken="$NPM_TOKEN" # login`,
      "        env:",
      `          NPM_TOKEN: \${{ secrets.NPM_TOKEN }}`,
    ),
  ],
  [
    "text that would become a part of the name",
    GITHUB,
    workflow(
      `      - run: echo "\${{ secrets.KEY }}_\${{ secrets.KEY }}[0]" > key`,
      "#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow(`      - run: echo "\${KEY}_\${KEY}[0]" > key`, "        env:", `          KEY: \${{ secrets.KEY }}`),
  ],
  [
    "an assignment of the same name",
    GITHUB,
    workflow(
      "      - run: |",
      `          export TOKEN=\${{ secrets.TOKEN }}`,
      "#                      ^^^^^^^^^^^^^^^^^^^^",
      "          ./deploy",
    ),
    workflow(
      "      - run: |",
      `          export TOKEN="$TOKEN_2"`,
      "          ./deploy",
      "        env:",
      `          TOKEN_2: \${{ secrets.TOKEN }}`,
    ),
  ],
  [
    "JSON in single quotes",
    GITHUB,
    workflow(
      `      - run: 'curl -d ''{"key":"\${{ secrets.KEY }}"}'' https://example.com'`,
      "#                               ^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      `      - run: 'curl -d ''{"key":"''"$KEY"''"}'' https://example.com'`,
      "        env:",
      `          KEY: \${{ secrets.KEY }}`,
    ),
  ],
  [
    "a folded script becomes a literal one",
    GITHUB,
    workflow(
      "      - run: >-",
      "          ./deploy",
      `          --key \${{ secrets.KEY }}`,
      "#               ^^^^^^^^^^^^^^^^^^",
      "        name: Deploy",
    ),
    workflow(
      "      - run: |",
      `          ./deploy --key "$KEY"`,
      "        name: Deploy",
      "        env:",
      `          KEY: \${{ secrets.KEY }}`,
    ),
  ],
  [
    "an environment in flow notation",
    GITHUB,
    workflow(
      `      - { run: "./deploy \${{ secrets.KEY }}", env: { A: b } }`,
      "#                        ^^^^^^^^^^^^^^^^^^",
    ),
    workflow(`      - { run: "./deploy \\"$KEY\\"", env: { A: b, KEY: '\${{ secrets.KEY }}' } }`),
  ],
  [
    "an environment that comes from an anchor is not touched, so there is no fix",
    GITHUB,
    `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: make
        env: &shared
          A: b
      - run: ./deploy \${{ secrets.KEY }}
#                     ^^^^^^^^^^^^^^^^^^
        env: *shared
`,
  ],
  [
    "a secret that a variable of the job has already",
    GITHUB,
    `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    env:
      PASSWORD: \${{ secrets.KEY }}
    steps:
      - run: ./deploy \${{ secrets.KEY }}
#                     ^^^^^^^^^^^^^^^^^^
`,
    `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    env:
      PASSWORD: \${{ secrets.KEY }}
    steps:
      - run: ./deploy "$PASSWORD"
`,
  ],
  [
    "a secret that is chosen by an expression",
    GITHUB,
    workflow(
      `      - run: ./deploy --key="\${{ github.ref == 'refs/heads/main' && secrets.LIVE || secrets.TEST }}"`,
      "#                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      `      - run: ./deploy --key="$LIVE"`,
      "        env:",
      `          LIVE: \${{ github.ref == 'refs/heads/main' && secrets.LIVE || secrets.TEST }}`,
    ),
  ],
  [
    "a name that programs give a meaning to",
    GITHUB,
    workflow(`      - run: ./deploy "\${{ secrets.home }}"`, "#                      ^^^^^^^^^^^^^^^^^^^"),
    workflow(`      - run: ./deploy "$VALUE_HOME"`, "        env:", `          VALUE_HOME: \${{ secrets.home }}`),
  ],
  [
    "PowerShell on Windows",
    GITHUB,
    `on: push
jobs:
  a:
    runs-on: windows-latest
    steps:
      - run: .\\deploy.ps1 -Key \${{ secrets.KEY }}
#                              ^^^^^^^^^^^^^^^^^^
`,
    `on: push
jobs:
  a:
    runs-on: windows-latest
    steps:
      - run: .\\deploy.ps1 -Key "$env:KEY"
        env:
          KEY: \${{ secrets.KEY }}
`,
  ],
  [
    "bare code of PowerShell has no fix",
    GITHUB,
    workflow(
      "      - shell: pwsh",
      `        run: $key = \${{ secrets.KEY }}`,
      "#                   ^^^^^^^^^^^^^^^^^^",
    ),
  ],
  [
    "a script of actions/github-script",
    GITHUB,
    workflow(
      "      - uses: actions/github-script@f28e40c7f34bde8b3046d885e986cb6290c5673b",
      "        with:",
      `          script: await login('\${{ secrets.KEY }}')`,
      "#                              ^^^^^^^^^^^^^^^^^^",
    ),
    workflow(
      "      - uses: actions/github-script@f28e40c7f34bde8b3046d885e986cb6290c5673b",
      "        with:",
      "          script: await login(process.env.KEY)",
      "        env:",
      `          KEY: \${{ secrets.KEY }}`,
    ),
  ],
  [
    "the name of a program",
    GITHUB,
    workflow(`      - run: \${{ secrets.SCRIPT }}`, "#            ^^^^^^^^^^^^^^^^^^^^^"),
  ],
  [
    "words of a loop",
    GITHUB,
    workflow(
      `      - run: for host in \${{ secrets.HOSTS }}; do echo "$host"; done`,
      "#                        ^^^^^^^^^^^^^^^^^^^^",
    ),
  ],
  [
    "a workflow of Forgejo",
    ".forgejo/workflows/x.yml",
    workflow(`      - run: ./deploy "\${{ secrets.KEY }}"`, "#                      ^^^^^^^^^^^^^^^^^^"),
    workflow(`      - run: ./deploy "$KEY"`, "        env:", `          KEY: \${{ secrets.KEY }}`),
  ],
  [
    "an action",
    "action.yml",
    `name: x
runs:
  using: composite
  steps:
    - run: ./deploy "\${{ secrets.KEY }}"
#                    ^^^^^^^^^^^^^^^^^^
      shell: bash
`,
    `name: x
runs:
  using: composite
  steps:
    - run: ./deploy "$KEY"
      shell: bash
      env:
        KEY: \${{ secrets.KEY }}
`,
  ],
  [
    "a script of Azure",
    AZURE,
    `steps:
  - script: |
      docker login -u x -p $(registryPassword) registry.example.com
#                          ^^^^^^^^^^^^^^^^^^^
      docker push registry.example.com/x
    displayName: Push # all
`,
    `steps:
  - script: |
      docker login -u x -p "$REGISTRY_PASSWORD" registry.example.com
      docker push registry.example.com/x
    displayName: Push # all
    env:
      REGISTRY_PASSWORD: $(registryPassword)
`,
  ],
  [
    "PowerShell of Azure, in a task with an environment",
    AZURE,
    `steps:
  - task: PowerShell@2
    env:
      A: b
    inputs:
      targetType: inline
      script: Invoke-RestMethod https://example.com -Token $(apiToken)
#                                                          ^^^^^^^^^^^
`,
    `steps:
  - task: PowerShell@2
    env:
      A: b
      API_TOKEN: $(apiToken)
    inputs:
      targetType: inline
      script: Invoke-RestMethod https://example.com -Token "$env:API_TOKEN"
`,
  ],
  [
    "cmd of Azure has no fix",
    AZURE,
    `pool: { vmImage: windows-latest }
steps:
  - script: deploy.exe $(apiToken)
#                      ^^^^^^^^^^^
`,
  ],
];

const HARMLESS: readonly (readonly [string, string, string])[] = [
  [
    "the environment of a step",
    GITHUB,
    workflow(`      - run: ./deploy "$KEY"`, "        env:", `          KEY: \${{ secrets.KEY }}`),
  ],
  ["an input of an action", GITHUB, workflow("      - uses: ./deploy", `        with: { key: "\${{ secrets.KEY }}" }`)],
  ["the token of the run", GITHUB, workflow(`      - run: ./deploy "\${{ secrets.GITHUB_TOKEN }}"`)],
  ["a variable that is no secret", GITHUB, workflow(`      - run: ./deploy "\${{ vars.KEY }}"`)],
  ["a condition", GITHUB, workflow(`      - if: \${{ !cancelled() }}`, "        run: ./deploy")],
  ["a command of the shell in Azure", AZURE, "steps:\n  - bash: echo $(pwd)\n"],
  ["a variable that Azure sets", AZURE, "steps:\n  - bash: echo $(Build.SourcesDirectory)\n"],
  [
    "a variable of the file in Azure",
    AZURE,
    "variables: { accessToken: none }\nsteps:\n  - bash: echo $(accessToken)\n",
  ],
  ["the environment in Azure", AZURE, "steps:\n  - bash: ./deploy $KEY\n    env: { KEY: $(apiKey) }\n"],
  ["a variable of the shell in GitLab", ".gitlab-ci.yml", 'a:\n  script:\n    - ./deploy --token "$DEPLOY_TOKEN"\n'],
  [
    "a secret of Drone",
    ".drone.yml",
    "kind: pipeline\nname: a\nsteps:\n  - name: a\n    image: alpine\n    environment: { KEY: { from_secret: key } }\n    commands: [./deploy $KEY]\n",
  ],
  ["a secret of Buildkite", ".buildkite/pipeline.yml", 'steps:\n  - command: ./deploy "$$KEY"\n    secrets: [KEY]\n'],
  [
    "a parameter of CircleCI",
    ".circleci/config.yml",
    "version: 2.1\njobs:\n  a:\n    parameters: { key: { type: string } }\n    docker: [{ image: alpine }]\n    steps: [{ run: echo << parameters.key >> }]\n",
  ],
  [
    "a variable of Cloud Build",
    "cloudbuild.yaml",
    "steps:\n  - name: bash\n    entrypoint: bash\n    args: [-c, ./deploy $$KEY]\n    secretEnv: [KEY]\n",
  ],
  ["a word in another language than the shell's", GITHUB, workflow("      - run: echo 'secrets.KEY'")],
];

describe("secret-on-command-line", () => {
  for (const [title, path, marked, fixed] of CASES)
    it(title, () => {
      check(RULE, path, marked, fixed === undefined ? {} : { fixed });
      const { text } = readMarks(marked);
      const fixes = findingsOf(RULE, path, text).flatMap((finding) => finding.fixes);
      assert.equal(fixes.length > 0, fixed !== undefined);
    });

  for (const [title, path, text] of HARMLESS) it(`says nothing about ${title}`, () => check(RULE, path, text));

  it("keeps Windows line breaks", () => {
    const text = workflow(`      - run: ./deploy \${{ secrets.KEY }}`, "        name: x").replaceAll("\n", "\r\n");
    const fixed = workflow(
      `      - run: ./deploy "$KEY"`,
      "        name: x",
      "        env:",
      `          KEY: \${{ secrets.KEY }}`,
    ).replaceAll("\n", "\r\n");
    assert.equal(fixAll(RULE, GITHUB, text, []), fixed);
  });
});
