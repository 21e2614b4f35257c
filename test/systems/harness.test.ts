import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf, stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { harness } from "../../server/core/systems/harness.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";

const PATH = ".harness/build.yaml";
const DIGEST = "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d";
const COMMIT = "11bd71901bbe5b1630ceea73d27597364c9af683";
const SCRIPT_HASH = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

/** A pipeline of one stage with these items of steps, each indented by ten columns. */
function pipeline(steps: string, head = ""): string {
  return `pipeline:
  identifier: build
${head}  stages:
    - stage:
        name: Build
        spec:
          platform: { os: Linux }
          execution:
            steps:
${steps}`;
}

function read(text: string): Pipeline {
  return harness.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

const CASES: readonly (readonly [behaviour: string, rule: string, marked: string])[] = [
  [
    "reads the commands of steps, groups, parallel steps, services and steps of a rollback",
    "unpinned-remote-script",
    `pipeline:
  identifier: build
  stages:
    - stage:
        spec:
          serviceDependencies:
            - { name: db, type: Service, spec: { image: x, entrypoint: [sh, -c], args: ["curl -s https://a.example/x | sh"] } }
#                                                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          execution:
            steps:
              - step: { name: a, type: Run, spec: { command: "curl -s https://b.example/x | sh" } }
#                                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              - parallel:
                  - step: { name: b, type: Run, spec: { command: "curl -s https://c.example/x | sh" } }
#                                                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              - stepGroup:
                  steps:
                    - step: { name: c, type: Background, spec: { command: "curl -s https://d.example/x | sh" } }
#                                                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            rollbackSteps:
              - step: { name: d, type: Run, spec: { command: "curl -s https://e.example/x | sh" } }
#                                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - parallel:
        - stage:
            spec:
              execution:
                steps:
                  - step: { name: e, type: RunTests, spec: { preCommand: "curl -s https://f.example/x | sh", args: test } }
#                                                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                  - step:
                      name: f
                      type: ShellScript
                      spec: { shell: Bash, source: { type: Inline, spec: { script: "curl -s https://g.example/x | sh" } } }
#                                                                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "reads templates of steps, of groups, of stages and of pipelines",
    "unpinned-remote-script",
    `template:
  identifier: t
  versionLabel: "1"
  type: Step
  spec: { type: Run, spec: { shell: Sh, command: "curl -s https://a.example/x | sh" } }
#                                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "reads a template of a stage",
    "unpinned-remote-script",
    `template:
  identifier: t
  versionLabel: "1"
  type: Stage
  spec:
    spec:
      execution:
        steps: [{ step: { name: a, type: Run, spec: { command: "curl -s https://a.example/x | sh" } } }]
#                                                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "leaves alone what is no code, and code in other languages",
    "unpinned-remote-script",
    pipeline(`              - step:
                  name: curl -s https://a.example/x | sh
                  type: Run
                  description: curl -s https://a.example/x | sh
                  spec: { shell: Python, command: "print('curl -s https://a.example/x | sh')" }
              - step: { type: Http, spec: { requestBody: "curl -s https://a.example/x | sh" } }
`),
  ],
  [
    "keeps files from one step to the next",
    "unverified-download",
    pipeline(`              - step: { name: a, type: Run, spec: { command: "curl -so i.sh https://a.example/i.sh" } }
#                                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              - step: { name: b, type: Run, spec: { command: sh i.sh } }
`),
  ],
  [
    "takes a check on the way",
    "unverified-download",
    pipeline(`              - step: { name: a, type: Run, spec: { command: "curl -so i.sh https://a.example/i.sh" } }
              - step:
                  name: b
                  type: Run
                  spec:
                    command: |
                      echo "${SCRIPT_HASH}  i.sh" | sha256sum -c
                      sh i.sh
`),
  ],
  [
    "keeps no file from one stage to the other",
    "unverified-download",
    `pipeline:
  identifier: build
  stages:
    - stage: { spec: { execution: { steps: [{ step: { type: Run, spec: { command: "curl -so i.sh https://a.example/i.sh" } } }] } } }
    - stage: { spec: { execution: { steps: [{ step: { type: Run, spec: { command: sh i.sh } } }] } } }
`,
  ],
  [
    "names the images of steps, of plugins and of what runs in the background",
    "unpinned-image",
    pipeline(`              - step:
                  type: Run
                  spec:
                    image: node:22
#                          ^^^^^^^
                    command: npm ci
              - step: { type: Plugin, spec: { image: plugins/slack, settings: { channel: ci } } }
#                                                    ^^^^^^^^^^^^^
              - step: { type: Background, spec: { image: "postgres:16" } }
#                                                         ^^^^^^^^^^^
              - step: { type: Run, spec: { image: "node@${DIGEST}", command: npm ci } }
`),
  ],
  [
    "says nothing of an image that only the run knows",
    "unpinned-image",
    pipeline(`              - step: { type: Run, spec: { image: <+input>, command: make } }
              - step: { type: Run, spec: { image: "acme/build:<+pipeline.sequenceId>", command: make } }
`),
  ],
  [
    "names actions whose version can move",
    "unpinned-action",
    pipeline(`              - step:
                  type: Action
                  spec:
                    uses: acme/setup@v1
#                         ^^^^^^^^^^^^^
              - step: { type: Action, spec: { uses: acme/setup@${COMMIT} } }
              - step: { type: Run, spec: { uses: acme/setup@v1, command: make } }
`),
  ],
  [
    "cannot tell what the label of a template stands for",
    "unpinned-include",
    pipeline(`              - step: { name: a, template: { templateRef: org.scan, versionLabel: v1 } }
`),
  ],
  [
    "finds text of strangers that the product puts into a command",
    "script-injection",
    pipeline(`              - step:
                  type: Run
                  spec:
                    shell: Bash
                    command: |-
                      echo "<+codebase.prTitle>"
#                           ^^^^^^^^^^^^^^^^^^^
                      echo "<+codebase.commitSha>" "<+pipeline.name>"
`),
  ],
  [
    "finds a secret that the product puts into a command",
    "secret-on-command-line",
    pipeline(`              - step:
                  type: Run
                  spec:
                    command: |
                      ./deploy --token <+secrets.getValue("deploy_token")>
#                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                      ./deploy --stage <+stage.name>
`),
  ],
  [
    "says so where every stage has a secret",
    "pipeline-wide-secret",
    pipeline(
      `              - step: { type: Run, spec: { command: make test } }
              - step: { type: Run, spec: { command: './deploy "$TOKEN"' } }
`,
      `  variables:
    - { name: TOKEN, type: Secret, value: deploy_token }
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - { name: MODE, type: String, value: fast }
`,
    ),
  ],
  [
    "finds a password in plain text",
    "hardcoded-secret",
    pipeline(`              - step:
                  type: Run
                  spec:
                    command: |
                      git push https://deploy:Tr4in-Kettle-92@git.acme.dev/site.git HEAD:main
#                                             ^^^^^^^^^^^^^^^
                      git push https://deploy:<+secrets.getValue("p")>@git.acme.dev/site.git HEAD:main
`),
  ],
];

describe("Harness", () => {
  for (const [behaviour, rule, marked] of CASES) it(behaviour, () => check(rule, PATH, marked));

  it("claims pipelines and templates by their shape, also in its folder, and nothing else", () => {
    const claims = (path: string, text: string) => harness.claims(path, parseYaml(text));
    const own = "pipeline: {identifier: a, stages: [{stage: {spec: {}}}]}\n";
    assert.equal(claims(".harness/a.yaml", own), 2);
    assert.equal(claims("x/.harness/orgs/default/a.yaml", own), 2);
    assert.equal(claims("ci/a.yaml", own), 1);
    assert.equal(claims("a.yaml", "template: {identifier: a, versionLabel: '1', type: Step, spec: {}}\n"), 1);
    assert.equal(claims(".harness/service.yaml", "service: {identifier: a}\n"), 0);
    assert.equal(claims("a.yaml", "pipeline: {identifier: a, stages: [build, test]}\n"), 0);
    assert.equal(claims("a.yaml", "pipeline: {stages: [{stage: {spec: {}}}]}\n"), 0);
    assert.equal(claims("a.yaml", "pipeline: {test: {image: a, commands: [b]}}\n"), 0);
    assert.equal(claims("a.yaml", "template: {identifier: a, versionLabel: '1', type: Letter, spec: {}}\n"), 0);
  });

  it("pins a script, an image and an action where they stand", () => {
    const run = (rest: string) =>
      pipeline(`              - step:\n                  type: Run\n                  spec:\n${rest}`);
    const script = (command: string) =>
      run(`                    image: x@${DIGEST}\n                    command: ${command}\n`);
    check(
      "unpinned-remote-script",
      PATH,
      script(`curl -s https://a.example/x | sh\n#                            ${"^".repeat(32)}`),
      {
        answers: [{ kind: "scriptHash", sha256: SCRIPT_HASH, finalUrl: "https://a.example/x", text: "foo" }],
        fixed: script(`|
                      curl -fsSL https://a.example/x -o /tmp/a-x.sh
                      echo "${SCRIPT_HASH}  /tmp/a-x.sh" | sha256sum -c - || exit 1
                      sh /tmp/a-x.sh`),
      },
    );
    const image = (name: string) => run(`                    image: ${name}\n                    command: make\n`);
    check("unpinned-image", PATH, image("ruby:3\n#                          ^^^^^^"), {
      answers: [{ kind: "imageDigest", digest: DIGEST, platforms: 1 }],
      fixed: image(`ruby:3@${DIGEST}`),
    });
    const action = (uses: string) =>
      `${pipeline(`              - step:\n                  type: Action\n                  spec:\n                    uses: ${uses}`)}\n`;
    check("unpinned-action", PATH, action("acme/setup@v1.2.3\n#                         ^^^^^^^^^^^^^^^^^"), {
      answers: [{ kind: "commit", commit: COMMIT, refKind: "tag", versionTag: "v1.2.3" }],
      fixed: action(`acme/setup@${COMMIT} # v1.2.3`),
    });
  });

  it("gives a step the secrets that it names itself, of its stage and of the pipeline", () => {
    const text = `pipeline:
  identifier: a
  variables: [{name: A, type: Secret, value: one}, {name: B, type: String, value: '<+secrets.getValue("two")>'}]
  stages:
    - stage:
        variables: [{name: C, type: Secret, value: <+input>}, {name: D, type: Secret, value: account.three}]
        spec:
          execution:
            steps:
              - step: {type: Run, spec: {envVariables: {E: '<+secrets.getValue("four")>'}, command: make}}
              - step: {type: Plugin, spec: {image: x, settings: {password: '<+secrets.getValue("five")>'}}}
    - stage: {spec: {execution: {steps: [{step: {type: Run, spec: {command: make}}}]}}}
`;
    const reach = [...stepsOf(read(text))].map(({ step }) => reachOfStep(step).map(({ name }) => name));
    assert.deepEqual(reach, [
      ["four", "account.three", "one", "two"],
      ["five", "account.three", "one", "two"],
      ["one", "two"],
    ]);
  });

  it("knows the shell of a step and the system of its stage, and what may fail", () => {
    const steps = (step: string, infrastructure = "{platform: {os: Linux}") => {
      const stage = `${infrastructure}, execution: {steps: [{step: ${step}}]}}`;
      const [found] = [...stepsOf(read(`pipeline: {identifier: a, stages: [{stage: {spec: ${stage}}}]}`))];
      const { shell, operatingSystems } = found?.step.scripts[0] ?? {};
      return [shell?.language, shell?.errexit, operatingSystems, found?.step.tolerated];
    };
    assert.deepEqual(steps("{type: Run, spec: {command: a}}"), ["sh", undefined, ["linux"], false]);
    assert.deepEqual(steps("{type: Run, spec: {shell: Bash, command: a}}"), ["bash", undefined, ["linux"], false]);
    const windows = "{infrastructure: {spec: {os: Windows}}";
    assert.deepEqual(steps("{type: Run, spec: {shell: Pwsh, command: a}}", windows), [
      "powershell",
      undefined,
      ["windows"],
      false,
    ]);
    const script = "{type: ShellScript, spec: {source: {spec: {script: a}}}}";
    assert.deepEqual(steps(script, "{environment: {}"), ["bash", false, [], false]);
    const ignored = "failureStrategies: [{onFailure: {errors: [AllErrors], action: {type: Ignore}}}]";
    assert.deepEqual(steps(`{type: Run, ${ignored}, spec: {command: a}}`), ["sh", undefined, ["linux"], true]);
    assert.deepEqual(steps("{type: Run, spec: {shell: <+input>, command: a}}"), [
      "unknown",
      undefined,
      ["linux"],
      false,
    ]);
  });

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const text of [
      "",
      "pipeline",
      "pipeline: {stages: {a: b}}",
      "pipeline: {variables: [1, {name: [a]}], stages: [1, {stage: 2}, {parallel: 3}, {stage: {spec: [a]}}]}",
      "pipeline: {stages: [{stage: {spec: {execution: {steps: [1, {step: 2}, {stepGroup: 3}, {step: {spec: [4]}}]}}}}]}",
      "template: {type: Step, spec: 3}",
      "template: {type: Stage, spec: [a]}",
      "template: {type: [x], spec: {}}",
    ])
      assert.deepEqual([...referencesOf(read(text))], [], text);
  });
});
