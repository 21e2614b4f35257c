import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf, stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { semaphore } from "../../server/core/systems/semaphore.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";

const PATH = ".semaphore/semaphore.yml";
const DIGEST = "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d";
const SCRIPT_HASH = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

function read(text: string): Pipeline {
  return semaphore.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

const CASES: readonly (readonly [behaviour: string, rule: string, marked: string])[] = [
  [
    "reads the commands of jobs, prologues and epilogues, of the file and of its blocks, and after the pipeline",
    "unpinned-remote-script",
    `version: v1.0
global_job_config:
  prologue:
    commands:
      - curl -s https://a.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  epilogue:
    always:
      commands:
        - curl -s https://b.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
blocks:
  - name: Test
    task:
      prologue:
        commands:
          - curl -s https://c.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      jobs:
        - name: Unit
          commands:
            - curl -s https://d.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      epilogue:
        on_pass:
          commands:
            - curl -s https://e.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        on_fail:
          commands:
            - curl -s https://f.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
after_pipeline:
  task:
    jobs:
      - name: Report
        commands:
          - curl -s https://g.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "leaves alone what is no command",
    "unpinned-remote-script",
    `version: v1.0
name: curl -s https://a.example/x | sh
blocks:
  - name: curl -s https://a.example/x | sh
    run: { when: "curl -s https://a.example/x | sh" }
    task:
      env_vars: [{ name: HELP, value: "curl -s https://a.example/x | sh" }]
      jobs: [{ name: a, commands: [make] }]
promotions:
  - name: curl -s https://a.example/x | sh
    pipeline_file: deploy.yml
`,
  ],
  [
    "keeps variables from one command to the next, and from the prologue to the job",
    "unpinned-remote-script",
    `version: v1.0
blocks:
  - task:
      prologue: { commands: ['CODE=$(curl -s https://a.example/x)'] }
      jobs:
        - commands:
            - eval "$CODE"
#             ^^^^^^^^^^^^
            - OTHER=$(curl -s https://b.example/x)
            - eval "$OTHER"
#             ^^^^^^^^^^^^^
`,
  ],
  [
    "keeps no variable and no file from one job to the other",
    "unverified-download",
    `version: v1.0
blocks:
  - task:
      jobs:
        - commands: [curl -so i.sh https://a.example/i.sh]
        - commands: [sh i.sh]
`,
  ],
  [
    "finds a file that the prologue fetches and the job runs",
    "unverified-download",
    `version: v1.0
blocks:
  - task:
      prologue: { commands: [curl -so i.sh https://a.example/i.sh] }
#                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      jobs: [{ commands: [sh i.sh] }]
`,
  ],
  [
    "takes a check whose failure ends the job",
    "unverified-download",
    `version: v1.0
blocks:
  - task:
      jobs:
        - commands:
            - curl -so i.sh https://a.example/i.sh
            - echo "${SCRIPT_HASH}  i.sh" | sha256sum -c
            - sh i.sh
`,
  ],
  [
    "does not take a check whose failure nobody sees",
    "ineffective-verification",
    `version: v1.0
blocks:
  - task:
      jobs:
        - commands:
            - curl -so i.sh https://a.example/i.sh
            - echo "${SCRIPT_HASH}  i.sh" | sha256sum -c || true
#                                                                                             ^^^^^^^^^^^^
            - sh i.sh
`,
  ],
  [
    "names the images of containers of the pipeline and of a block",
    "unpinned-image",
    `version: v1.0
agent:
  machine: { type: e1-standard-2, os_image: ubuntu2204 }
  containers:
    - name: main
      image: ruby:3.2
#            ^^^^^^^^
    - name: db
      image: postgres@${DIGEST}
blocks:
  - task:
      agent:
        containers: [{ name: main, image: node }]
#                                         ^^^^
      jobs: [{ commands: [make] }]
`,
  ],
  [
    "takes the image of a machine for what the service offers",
    "unpinned-image",
    `version: v1.0
agent: { machine: { type: a1-standard-4, os_image: macos-xcode14 } }
blocks: [{ task: { jobs: [{ commands: [make] }] } }]
`,
  ],
  [
    "says so where every job has a whole secret",
    "broad-secret-group",
    `version: v1.0
global_job_config:
  secrets:
    - name: production
#           ^^^^^^^^^^
blocks:
  - task: { jobs: [{ name: test, commands: [make test] }] }
  - task: { jobs: [{ name: deploy, commands: [./deploy] }] }
`,
  ],
  [
    "says so where three blocks name the same secret",
    "broad-secret-group",
    `version: v1.0
blocks:
  - task:
      secrets: [{ name: production }]
#                       ^^^^^^^^^^
      jobs: [{ commands: [a] }]
  - task: { secrets: [{ name: production }], jobs: [{ commands: [b] }] }
  - task: { secrets: [{ name: production }], jobs: [{ commands: [c] }] }
`,
  ],
  [
    "has nothing against a secret of the block that needs it",
    "broad-secret-group",
    `version: v1.0
blocks:
  - task: { jobs: [{ name: test, commands: [make test] }] }
  - task: { secrets: [{ name: production }], jobs: [{ commands: [a] }, { commands: [b] }, { commands: [c] }] }
`,
  ],
  [
    "finds a password in plain text",
    "hardcoded-secret",
    `version: v1.0
blocks:
  - task:
      jobs:
        - commands:
            - git push https://deploy:Tr4in-Kettle-92@git.acme.dev/site.git HEAD:main
#                                     ^^^^^^^^^^^^^^^
            - git push "https://deploy:$PASSWORD@git.acme.dev/site.git" HEAD:main
`,
  ],
  [
    "finds tools that are installed from wherever they are newest",
    "unpinned-package",
    `version: v1.0
blocks:
  - task:
      jobs:
        - commands:
            - npx cowsay hello
#             ^^^^^^^^^^
            - npx cowsay@1.6.0 hello
`,
  ],
  [
    "reads the commands as a bash, whatever the machine",
    "unpinned-remote-script",
    `version: v1.0
agent: { machine: { type: s1-ours } }
blocks:
  - task:
      jobs:
        - commands:
            - bash <(curl -s https://a.example/x)
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            - bash <(cat ci/x.sh)
`,
  ],
];

describe("Semaphore", () => {
  for (const [behaviour, rule, marked] of CASES) it(behaviour, () => check(rule, PATH, marked));

  it("claims its file name, pipelines in its folder and of any name, and nothing else", () => {
    const claims = (path: string, text: string) => semaphore.claims(path, parseYaml(text));
    const jobs = "blocks: [{task: {jobs: [{commands: [a]}]}}]\n";
    const pipeline = `version: v1.0\n${jobs}`;
    assert.equal(claims("a/.semaphore/semaphore.yml", ""), 2);
    assert.equal(claims(".semaphore/deploy.yaml", pipeline), 2);
    assert.equal(claims(".semaphore/settings.yml", "a: b\n"), 0);
    assert.equal(claims("ci/nightly.yml", pipeline), 1);
    assert.equal(claims("x.yml", `version: v2.0\n${jobs}`), 0);
    assert.equal(claims("x.yml", "version: v1.0\nblocks: [{type: text}]\n"), 0);
    assert.equal(claims("x.yml", jobs), 0);
  });

  it("pins a script and an image where they stand", () => {
    const head =
      "version: v1.0\nagent: {machine: {type: e1-standard-2}}\nblocks:\n  - task:\n      jobs:\n        - commands:\n";
    check(
      "unpinned-remote-script",
      PATH,
      `${head}            - curl -s https://a.example/x | bash
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            - make
`,
      {
        answers: [{ kind: "scriptHash", sha256: SCRIPT_HASH, finalUrl: "https://a.example/x", text: "foo" }],
        fixed: `${head}            - |
              curl -fsSL https://a.example/x -o /tmp/a-x.sh
              echo "${SCRIPT_HASH}  /tmp/a-x.sh" | sha256sum -c - || exit 1
              bash /tmp/a-x.sh
            - make
`,
      },
    );
    const image = (name: string) => `version: v1.0\nagent:\n  containers:\n    - image: ${name}\nblocks: []\n`;
    check("unpinned-image", PATH, image("ruby:3\n#            ^^^^^^"), {
      answers: [{ kind: "imageDigest", digest: DIGEST, platforms: 1 }],
      fixed: image(`ruby:3@${DIGEST}`),
    });
  });

  it("gives each job the secrets of the file, of its block and of its container, and none to what runs afterwards", () => {
    const text = `version: v1.0
global_job_config: {secrets: [{name: all}]}
blocks:
  - task: {jobs: [{commands: [a]}]}
  - task:
      secrets: [{name: deploy}]
      agent: {containers: [{image: a, secrets: [{name: own}]}, {image: b, secrets: [{name: service}]}]}
      jobs: [{commands: [a]}]
after_pipeline: {task: {jobs: [{commands: [a]}]}}
`;
    const groups = [...stepsOf(read(text))].map(({ step }) =>
      reachOfStep(step).flatMap(({ name }) => /“(.*)”/.exec(name)?.[1] ?? []),
    );
    assert.deepEqual(groups, [["all"], ["deploy", "own", "all"], []]);
    assert.ok([...stepsOf(read(text))].every(({ step }) => reachOfStep(step).some(({ kind }) => kind === "token")));
  });

  it("knows the variables of the file, of a block, of a job and of its matrix", () => {
    const text = `version: v1.0
global_job_config: {env_vars: [{name: A, value: "1"}]}
blocks:
  - task:
      env_vars: [{name: B, value: "2"}]
      jobs: [{env_vars: [{name: C, value: $B}], matrix: [{env_var: D, values: [x]}], commands: [a]}]
`;
    const [job] = read(text).jobs;
    assert.deepEqual(
      job?.scope.variables.map(({ name, value }) => [name, value]),
      [
        ["B", "2"],
        ["C", undefined],
        ["D", undefined],
      ],
    );
    assert.deepEqual(
      job?.scope.parent?.variables.map(({ name, value }) => [name, value]),
      [["A", "1"]],
    );
  });

  it("knows the system that a job runs on where the file tells", () => {
    const systems = (agent: string) =>
      [...stepsOf(read(`agent: ${agent}\nblocks: [{task: {jobs: [{commands: [a]}]}}]\n`))][0]?.step.scripts[0]
        ?.operatingSystems;
    assert.deepEqual(systems("{machine: {type: e1-standard-2}}"), ["linux"]);
    assert.deepEqual(systems("{machine: {type: a1-standard-4, os_image: macos-xcode15}}"), ["macos"]);
    assert.deepEqual(systems("{machine: {type: s1-ours}, containers: [{image: a}]}"), ["linux"]);
    assert.deepEqual(systems("{machine: {type: s1-ours}}"), []);
  });

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const text of [
      "",
      "blocks",
      "blocks: {task: {jobs: []}}",
      "blocks: [1, [2], {task: 3}, {task: {jobs: [4, [5], {commands: {a: b}}]}}]",
      "agent: {containers: [1, {image: [x]}]}\nglobal_job_config: [a]",
      "blocks: [{task: {secrets: [a, {name: [b]}], env_vars: {a: b}, jobs: [{matrix: [1], commands: x}]}}]",
      "blocks:\n  - task:\n      jobs:\n        - commands:\n            - !x\n            -",
    ])
      assert.deepEqual([...referencesOf(read(text))], [], text);
  });
});
