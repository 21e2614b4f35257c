import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import type { Pipeline } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { githubActions } from "../../server/core/systems/github-actions.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";

const PATH = ".github/workflows/ci.yml";

function read(text: string, path = PATH): Pipeline {
  return githubActions.read({ path, text }, parseYaml(text), EMPTY_CONTEXT);
}

describe("GitHub Actions", () => {
  it("claims workflows at any depth, action files with runs, and nothing else", () => {
    const claims = (path: string, text: string) => githubActions.claims(path, parseYaml(text));
    assert.equal(claims(".github/workflows/a.yml", ""), 2);
    assert.equal(claims("clones/x/.github/workflows/a.yaml", "on: push"), 2);
    assert.equal(claims(".github/workflows/nested/a.yml", "on: push"), 0);
    assert.equal(claims("tools/action.yml", "runs:\n  using: composite\n"), 2);
    assert.equal(claims("action.yml", "name: x\n"), 0);
    assert.equal(claims("copy.yml", "on: push\njobs:\n  a:\n    runs-on: x\n"), 1);
    assert.equal(claims("docker-compose.yml", "services:\n  a:\n    image: b\n"), 0);
  });

  it("finds a remote script inside of parallel steps, background steps and composite actions", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - parallel:
          - run: curl -s https://a.example/x | sh
#                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          - background: true
            run: |
              set -x
              curl -s https://b.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
    check(
      "unpinned-remote-script",
      "action.yml",
      `runs:
  using: composite
  steps:
    - run: curl -s https://a.example/x | sh
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      shell: bash
`,
    );
  });

  it("reads the code that steps hand to actions, and none that runs on another machine", () => {
    const sha = "568a04821935cc92de7b4b05ea6fa9f6bf8a0592";
    check(
      "unpinned-remote-script",
      ".github/workflows/ci.yml",
      `on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: Azure/CLI@${sha}
        with:
          inlineScript: curl -s https://a.example/x | sh
#                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - uses: azure/powershell@${sha}
        with: {inlineScript: iex (irm https://b.example/x)}
#                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - uses: nick-fields/retry@${sha}
        with:
          command: curl -s https://c.example/x | sh
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - uses: nick-fields/retry@${sha}
        with: {shell: pwsh, command: irm https://d.example/x | iex}
#                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - uses: nick-fields/retry@${sha}
        with: {shell: python, command: curl -s https://e.example/x | sh}
      - uses: reactivecircus/android-emulator-runner@${sha}
        with:
          script: |
            ./gradlew check
            curl -s https://f.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - uses: cloudflare/wrangler-action@${sha}
        with:
          preCommands: curl -s https://g.example/x | sh
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          postCommands: curl -s https://h.example/x | sh
#                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - uses: appleboy/ssh-action@${sha}
        with: {script: curl -s https://i.example/x | sh}
`,
    );
  });

  it("pins a script in the code that a step hands to an action", () => {
    const file = (code: string) => `on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: azure/cli@568a04821935cc92de7b4b05ea6fa9f6bf8a0592
        with:
          inlineScript: |
${code}
`;
    const sha256 = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
    const url = "https://example.com/install.sh";
    check(
      "unpinned-remote-script",
      ".github/workflows/ci.yml",
      file(`            curl -s ${url} | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            az group list`),
      {
        answers: [{ kind: "scriptHash", sha256, finalUrl: url, text: "" }],
        fixed: file(`            curl -fsSL ${url} -o /tmp/example-install.sh
            echo "${sha256}  /tmp/example-install.sh" | sha256sum -c - || exit 1
            sh /tmp/example-install.sh
            az group list`),
      },
    );
  });

  it("reads every way to write the script, with the squiggle on the command alone", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: "echo \\u00e9 \\"x\\"; curl -s https://a.example/x | sh; echo"
#                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - run: 'echo ''x''; curl -s https://a.example/x | sh'
#                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - run: >-
          echo 😀 &&
          curl -s https://a.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - {run: curl -s https://a.example/x | sh}
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("takes an expression for unknown text, and an unknown address for a remote one", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: curl -s "\${{ inputs.url }}" | sh
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - run: echo "\${{ 'curl x | sh' }}"
`,
    );
  });

  it("knows the shell of a step from the step, the job, the workflow and the machine, in this order", () => {
    const pipeline = read(`on: push
defaults: {run: {shell: sh}}
jobs:
  a:
    runs-on: ubuntu-latest
    defaults: {run: {shell: bash}}
    steps: [{run: x}, {run: x, shell: 'bash {0}'}, {run: x, shell: pwsh}]
  b:
    runs-on: ubuntu-latest
    steps: [{run: x}]
`);
    const shells = pipeline.jobs.map((job) => job.steps.map((step) => step.scripts[0]?.shell));
    assert.deepEqual(shells, [
      [
        { language: "bash", errexit: true, pipefail: true },
        { language: "bash", errexit: false, pipefail: false },
        { language: "powershell", errexit: true, pipefail: undefined },
      ],
      [{ language: "sh", errexit: true, pipefail: false }],
    ]);
    const machines = read(`on: push
jobs:
  w: {runs-on: windows-2022, steps: [{run: x}]}
  c: {runs-on: ubuntu-latest, container: alpine, steps: [{run: x}]}
  m:
    runs-on: \${{ matrix.os }}
    strategy: {matrix: {os: [macos-14, ubuntu-24.04]}}
    steps: [{run: x}]
`).jobs.map((job) => job.steps[0]?.scripts[0]);
    assert.deepEqual(
      machines.map((script) => script?.shell.language),
      ["powershell", "sh", "bash"],
    );
    assert.deepEqual(machines[2]?.operatingSystems, ["macos", "linux"]);
  });

  it("gives a step the secrets of its own text, its job, its container and the workflow, and no other step's", () => {
    const pipeline = read(`on: push
env: {A: "\${{ secrets.A }}", PLAIN: x}
jobs:
  a:
    runs-on: ubuntu-latest
    container: {image: x, env: {C: "\${{ secrets.C }}"}}
    env: {B: "\${{ secrets['B'] }}"}
    steps:
      - run: echo \${{ secrets.E }} \${{ github.token }}
        env: {D: "\${{ format('{0}', secrets.D) }}"}
      - uses: x/y@v1
        with: {token: "\${{ secrets.F }}"}
`);
    const reach = pipeline.jobs[0]?.steps.map((step) => reachOfStep(step).map(({ name, level }) => `${name} ${level}`));
    assert.deepEqual(reach, [
      ["E step", "GITHUB_TOKEN step", "D step", "C job", "B job", "A pipeline"],
      ["F step", "GITHUB_TOKEN step", "C job", "B job", "A pipeline"],
    ]);
  });

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const text of [
      "",
      "on",
      "jobs: 3",
      "jobs: [1]",
      "jobs:\n  a:",
      "jobs:\n  a: {steps: {run: x}}",
      "jobs: {a: {steps: [1, [2], {run: [x]}]}}",
    ]) {
      assert.deepEqual(read(text).references, []);
    }
  });
});
