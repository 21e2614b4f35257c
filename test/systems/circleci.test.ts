import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { withoutMarks } from "../../server/core/explain.ts";
import { type Pipeline, referencesOf } from "../../server/core/model.ts";
import { reachOfScope, reachOfStep } from "../../server/core/reach.ts";
import { circleCi } from "../../server/core/systems/circleci.ts";
import { systemFor } from "../../server/core/systems/index.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";

const PATH = ".circleci/config.yml";
const COMMIT = "11bd71901bbe5b1630ceea73d27597364c9af683";

function read(text: string, path = PATH): Pipeline {
  return circleCi.read({ path, text }, parseYaml(text), EMPTY_CONTEXT);
}

/** The marked text has the problem, and the same text with the content's commit in every address has none. */
function pair(marked: string, path = PATH): void {
  check("unpinned-remote-script", path, marked);
  const pinned = `https://raw.githubusercontent.com/acme/tool/${COMMIT}/`;
  check("unpinned-remote-script", path, withoutMarks(marked).replaceAll(/https:\/\/\w\.example\//g, pinned));
}

describe("CircleCI", () => {
  it("claims its paths, the content of pipelines and orbs, and nothing else", () => {
    const claims = (path: string, text: string) => circleCi.claims(path, parseYaml(text));
    assert.equal(claims(".circleci/config.yml", ""), 2);
    assert.equal(claims("clones/x/.circleci/config.yaml", "version: 2.1"), 2);
    assert.equal(claims("old/circle.yml", "test: {override: [make]}"), 2);
    assert.equal(claims("orb/src/@orb.yml", "version: 2.1"), 2);
    assert.equal(claims(".circleci/continue.yml", "jobs: {a: {docker: [{image: x}], steps: [checkout]}}"), 2);
    assert.equal(claims(".circleci/src/commands/a.yml", "steps: [{run: make}]"), 2);
    assert.equal(claims("src/commands/a.yml", "steps: [{run: make}]"), 1);
    assert.equal(claims("src/jobs/a.yml", "docker: [{image: x}]\nsteps: [checkout]"), 1);
    assert.equal(claims("ci.yml", "version: 2.1\norbs: {node: circleci/node@5}"), 1);
    assert.equal(
      claims("ci.yml", "jobs: {a: {machine: {image: x}, steps: [checkout]}}\nworkflows: {w: {jobs: [a]}}"),
      1,
    );
    assert.equal(claims(".circleci/docker-compose.yml", "version: '2.1'\nservices: {a: {image: b}}"), 0);
    assert.equal(claims(".circleci/kind.yaml", "kind: Cluster\nnodes: [{role: worker}]"), 0);
    assert.equal(claims("docker-compose.yml", "version: '2'\nservices: {a: {image: b}}"), 0);
    assert.equal(claims("src/jobs/mail.yml", "queue: mail\nsteps: [render, send]"), 0);
    assert.equal(claims("values.yml", "jobs: {cleanup: {image: x, steps: 3}}\nversion: 2"), 0);
    assert.equal(claims("pubspec.yaml", "name: x\nexecutables: {y: z}\nversion: 2.1.0"), 0);
  });

  it("loses no file to another system", () => {
    const texts = {
      "ci/a.yml": "version: 2.1\njobs:\n  a:\n    docker: [{image: x}]\n    steps: [checkout, {run: make}]\n",
      "circle.yml": "dependencies: {override: [make]}\n",
      ".github/workflows/a.yml": "on: push\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n",
    };
    const found = Object.entries(texts).map(([path, text]) => systemFor(path, parseYaml(text))?.id);
    assert.deepEqual(found, ["circleci", "circleci", "github-actions"]);
  });

  it("reads run as a string and as a mapping, and deploy", () => {
    pair(`version: 2.1
jobs:
  a:
    docker: [{image: x}]
    steps:
      - run: curl -s https://a.example/x | sh
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - run:
          name: Install
          command: |
            set -x
            curl -s https://b.example/x | bash
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - deploy: {command: wget -qO- https://c.example/x | sh}
#                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
  });

  it("reads the steps of conditions", () => {
    pair(`version: 2.1
jobs:
  a:
    machine: true
    steps:
      - when:
          condition: << pipeline.parameters.x >>
          steps:
            - run: curl -s https://a.example/x | sh
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - unless:
          condition: true
          steps:
            - when:
                condition: true
                steps: [{run: curl -s https://b.example/x | sh}]
#                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
  });

  it("reads commands, used or not, and reports once what several jobs use", () => {
    pair(`version: 2.1
commands:
  install:
    steps:
      - run: curl -s https://a.example/x | sh
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - setup
  setup:
    steps:
      - run: curl -s https://b.example/x | sh
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  unused:
    steps:
      - run: curl -s https://c.example/x | sh
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
jobs:
  a: {machine: true, steps: [install]}
  b: {machine: true, steps: [{install: {}}]}
`);
  });

  it("follows a file from the steps of a command to the steps of the job", () => {
    const marked = `version: 2.1
commands:
  fetch:
    steps:
      - run: curl -so tool https://a.example/tool
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
jobs:
  a:
    machine: true
    steps:
      - fetch
      - run: ls
      - run: chmod +x tool && ./tool
`;
    check("unverified-download", PATH, marked);
    const verified = withoutMarks(marked).replace("run: ls", `run: echo "${"a".repeat(64)}  tool" | sha256sum -c`);
    check("unverified-download", PATH, verified);
  });

  it("reads the steps that a workflow puts around jobs, of the file and of orbs", () => {
    pair(`version: 2.1
orbs: {node: circleci/node@5.2.0}
jobs:
  a: {machine: true, steps: [checkout]}
workflows:
  w:
    jobs:
      - a:
          pre-steps:
            - run: curl -s https://a.example/x | sh
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - node/test:
          post-steps:
            - run: curl -s https://b.example/x | sh
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
  });

  it("reads orbs that are written in the file, and those that are files of their own", () => {
    pair(`version: 2.1
orbs:
  own:
    commands:
      install:
        steps: [{run: curl -s https://a.example/x | sh}]
#                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    jobs:
      test:
        docker: [{image: x}]
        steps:
          - install
          - run: curl -s https://b.example/x | sh
#                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
    pair(
      `description: Installs a tool
steps:
  - run: curl -s https://a.example/x | sh
#        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      "src/commands/install.yml",
    );
  });

  it("finds the commands of an orb in the file by the names that the orb has for them", () => {
    const { jobs } = read(`version: 2.1
commands: {install: {steps: [{run: {name: outer, command: x}}]}}
orbs:
  own:
    commands: {install: {steps: [{run: {name: inner, command: x}}]}}
    jobs: {test: {machine: true, steps: [install]}}
jobs: {a: {machine: true, steps: [install, own/install]}}
`);
    const labels = jobs.map(({ id, steps }) => [id, ...steps.map(({ label }) => label)]);
    assert.deepEqual(labels, [
      ["a", "step “outer”", "step “inner”"],
      ["own/test", "step “inner”"],
    ]);
  });

  it("reads steps and lines that are given as parameters, where they are written", () => {
    pair(`version: 2.1
commands:
  around:
    parameters:
      after: {type: steps, default: [{run: curl -s https://a.example/x | sh}]}
#                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    steps: [{steps: << parameters.after >>}]
  line:
    parameters: {code: {type: string}}
    steps:
      - run: |
          set -x
          << parameters.code >>
jobs:
  a:
    machine: true
    steps:
      - around
      - around: {after: [{run: curl -s https://b.example/x | sh}]}
#                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - line: {code: curl -s https://c.example/x | sh}
#                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - other/orb: {steps: [{run: curl -s https://d.example/x | sh}]}
#                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
  });

  it("gives the parameters of a job what workflows give, and the default where one does not", () => {
    pair(`version: 2.1
jobs:
  a:
    machine: true
    parameters:
      setup: {type: steps, default: [{run: curl -s https://a.example/x | sh}]}
#                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    steps: [{steps: << parameters.setup >>}]
workflows:
  w:
    jobs:
      - a
      - a: {setup: [{run: curl -s https://b.example/x | sh}]}
#                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
  });

  it("reads anchors and merge keys", () => {
    pair(`version: 2
defaults: &defaults
  docker: [{image: x}]
  steps:
    - run: &install
        name: Install
        command: curl -s https://a.example/x | sh
#                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
jobs:
  a:
    <<: *defaults
  b:
    docker: [{image: x}]
    steps:
      - run: *install
      - run:
          <<: *install
          name: Again
`);
  });

  it("takes an expression for unknown text, and an escaped here-document for what it is", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `version: 2.1
jobs:
  a:
    machine: true
    steps:
      - run: curl -s << pipeline.parameters.url >> | sh
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - run: |
          cat \\<<EOF
          curl -s https://a.example/x | sh
          EOF
      - run: |
          bash \\<<EOF
          curl -s https://a.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          EOF
`,
    );
  });

  it("reads here-documents of version 2 as they are written", () => {
    pair(`version: 2
jobs:
  a:
    machine: true
    steps:
      - run: |
          bash <<EOF
          curl -s https://a.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          EOF
`);
  });

  it("reads what containers start with", () => {
    pair(`version: 2.1
jobs:
  a:
    docker:
      - image: x
        entrypoint: [sh, -c, "curl -s https://a.example/x | sh"]
#                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - image: y
        command: curl -s https://b.example/x | sh
#                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    steps: [checkout]
`);
  });

  it("reads the phases of version 1, with commands that are keys", () => {
    pair(
      `machine:
  pre:
    - curl -s https://a.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
dependencies:
  override:
    - |
      echo
      curl -s https://b.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
test:
  post:
    - curl -s https://c.example/x | sh:
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        timeout: 300
    - "curl -s https://d.example/x | sh": {parallel: true}
#      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
deployment:
  production:
    branch: master
    commands:
      - curl -s https://e.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      "circle.yml",
    );
  });

  it("keeps the files of version 1 from phase to phase, and no working directory from line to line", () => {
    check(
      "unverified-download",
      "circle.yml",
      `machine: {environment: {VERSION: "1.2"}}
dependencies:
  override:
    - cd elsewhere
    - curl -so tool https://a.example/$VERSION/tool
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
test:
  override:
    - chmod +x tool && ./tool
`,
    );
  });

  it("reads images of jobs and executors with what is known of their content", () => {
    const marked = `version: 2.1
executors:
  used: {docker: [{image: cimg/go:1.24}]}
#                         ^^^^^^^^^^^^
  spare: {docker: [{image: cimg/ruby:3.4}]}
#                          ^^^^^^^^^^^^^
  machine: {machine: {image: ubuntu-2404:current}}
jobs:
  a: {executor: used, steps: [checkout]}
  b: {executor: {name: used}, steps: [checkout]}
  c:
    docker:
      - image: cimg/node:lts
#              ^^^^^^^^^^^^^
      - image: cimg/node:lts@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d
      - image: cimg/go:<< parameters.version >>
    steps: [checkout]
`;
    check("unpinned-image", PATH, marked);
  });

  it("reads orbs: only the full version of a published orb and a commit in an address are fixed", () => {
    const pins = [
      ...referencesOf(
        read(`version: 2.1
orbs:
  a: circleci/node@5.2.0
  b: circleci/node@5.2
  c: circleci/node@volatile
  d: acme/orb@dev:first
  e: circleci/node@<< pipeline.parameters.v >>
  f: https://raw.githubusercontent.com/acme/orbs/main/orb.yml
  g: https://raw.githubusercontent.com/acme/orbs/${COMMIT}/orb.yml
  h: {orbs: {i: acme/inner@1}}
`),
      ),
    ].map(({ kind, target }) => `${kind} ${target.kind} ${target.pin}`);
    assert.deepEqual(pins, [
      "orb other pinned",
      "orb other mutable",
      "orb other mutable",
      "orb other mutable",
      "orb other unknown",
      "orb address mutable",
      "orb address pinned",
      "orb other mutable",
    ]);
  });

  it("says where the version of an orb stands", () => {
    const text = 'version: 2.1\norbs:\n  node: "circleci/node@5" # tests\n';
    const [orb] = read(text).references;
    assert.equal(orb && text.slice(orb.span.start, orb.span.end), "circleci/node@5");
    assert.equal(orb?.repin && text.slice(orb.repin.version.start, orb.repin.version.end), "5");
  });

  it("knows the shell from the step, the job, the executor and the machine, in this order", () => {
    const { jobs } = read(`version: 2.1
orbs: {win: circleci/windows@5.0.0}
executors:
  plain: {shell: /bin/sh, docker: [{image: x}]}
jobs:
  a:
    executor: plain
    shell: /bin/bash -eu
    steps: [{run: x}, {run: {command: x, shell: /bin/bash -o pipefail -c}}, {run: {command: x, shell: python3}}]
  b: {executor: plain, steps: [{run: x}]}
  c: {docker: [{image: x}], steps: [{run: x}]}
  d: {docker: [{image: "alpine:3"}], steps: [{run: x}]}
  e: {macos: {xcode: "16"}, steps: [{run: x}]}
  f: {executor: win/default, steps: [{run: x}, {run: {command: x, shell: bash.exe}}]}
`);
    const shells = jobs.map(({ steps }) =>
      steps.flatMap(({ scripts }) =>
        scripts.map(({ shell: { language, errexit, pipefail } }) => `${language} ${errexit} ${pipefail}`),
      ),
    );
    assert.deepEqual(shells, [
      ["bash true false", "bash false true", "python undefined undefined"],
      ["sh false false"],
      ["bash true true"],
      ["sh true true"],
      ["bash true true"],
      ["powershell undefined undefined", "bash false false"],
    ]);
    assert.deepEqual(
      jobs.map(({ steps }) => steps[0]?.scripts[0]?.operatingSystems),
      [["linux"], ["linux"], ["linux"], ["linux"], ["macos"], ["windows"]],
    );
  });

  it("gives every step a process of its own and the folder that it names below the repository", () => {
    const [job] = read(`version: 2
jobs:
  a:
    working_directory: /builds
    machine: true
    steps: [{run: x}, {run: {command: x, working_directory: /builds/sub}}, {run: {command: x, working_directory: /tmp}}]
`).jobs;
    const scripts = job?.steps.flatMap((step) => step.scripts) ?? [];
    assert.equal(new Set(scripts.map(({ unit }) => unit)).size, 3);
    assert.deepEqual(
      scripts.map(({ folder }) => folder),
      [".", "./sub", "/tmp"],
    );
  });

  it("runs a step after a failure where it says so", () => {
    const [job] = read("version: 2\njobs: {a: {steps: [{run: x}, {run: {command: x, when: on_fail}}]}}\n").jobs;
    assert.deepEqual(
      job?.steps.map(({ always }) => always),
      [false, true],
    );
  });

  it("gives a step the project's variables, the contexts and keys of its job, and no other job's", () => {
    const pipeline = read(`version: 2.1
jobs:
  a:
    docker: [{image: x, environment: {C: d}}]
    environment: {A: b}
    steps:
      - add_ssh_keys
      - run: {command: x, environment: {E: f}}
      - orb/call: {token: "\${API_TOKEN}", plain: x, branch: $CIRCLE_BRANCH}
  b: {docker: [{image: x}, {image: y}], steps: [{run: x}, {add_ssh_keys: {fingerprints: ["1"]}}]}
workflows:
  w:
    jobs:
      - a: {context: [deploy, npm]}
      - b: {context: other}
`);
    const reach = pipeline.jobs.map(({ steps }) =>
      steps.map((step) => reachOfStep(step).map(({ name, level, kind }) => `${level} ${kind} ${name}`)),
    );
    const everywhere = [
      "pipeline token CIRCLE_OIDC_TOKEN",
      "pipeline settings every variable configured in the project's settings",
    ];
    const inA = [
      "job settings every variable of the context “deploy”",
      "job settings every variable of the context “npm”",
      "job settings every SSH key of the project",
      ...everywhere,
    ];
    const inB = [
      "job settings every variable of the context “other”",
      "job named the SSH keys that the job adds",
      ...everywhere,
    ];
    assert.deepEqual(reach, [[inA, ["step settings API_TOKEN", ...inA]], [inB]]);
    const scope = pipeline.jobs[0]?.steps[0]?.scope;
    assert.deepEqual(
      scope?.variables.map(({ name }) => name),
      ["E"],
    );
    assert.deepEqual(
      scope?.parent?.variables.map(({ name }) => name),
      ["A"],
    );
    const services = pipeline.jobs[1]?.references.map((image) => reachOfScope(image.scope).length);
    assert.deepEqual(services, [4, 0]);
  });

  it("shows where a context is named", () => {
    const text = "version: 2.1\njobs: {a: {steps: [{run: x}]}}\nworkflows: {w: {jobs: [{a: {context: prod}}]}}\n";
    const [secret] = read(text).jobs[0]?.scope.ambient ?? [];
    assert.equal(secret?.span && text.slice(secret.span.start, secret.span.end), "prod");
  });

  it("follows an executor that is a parameter", () => {
    const { jobs } = read(`version: 2.1
executors: {one: {docker: [{image: a}]}, two: {docker: [{image: b}]}}
jobs:
  a:
    parameters: {os: {type: executor, default: one}}
    executor: << parameters.os >>
    steps: [{run: x}]
workflows: {w: {jobs: [{a: {matrix: {parameters: {os: [one, two]}}}}]}}
`);
    assert.deepEqual(
      jobs[0]?.references.map(({ text }) => text),
      ["a", "b"],
    );
  });

  it("ends at commands that use themselves or multiply", () => {
    const levels = Array.from({ length: 40 }, (_, i) => `  c${i}: {steps: [c${i + 1}, c${i + 1}]}`).join("\n");
    const pipeline = read(`version: 2.1
commands:
  loop: {steps: [loop, {run: x}]}
${levels}
jobs: {a: {steps: [loop, c0]}}
`);
    assert.ok(pipeline.jobs.length > 0);
  });

  it("reads wrong shapes and half-typed files without an exception", () => {
    for (const text of [
      "",
      "version",
      "- a",
      "jobs: 3",
      "jobs: [1]\nworkflows: [2]\ncommands: 3\nexecutors: x\norbs: [y]",
      "jobs:\n  a:",
      "jobs: {a: {steps: {run: x}, docker: {image: y}, environment: z}}",
      "jobs: {a: {steps: [1, [2], {run: [x]}, {run: {command: {a: b}}}, {when: 3}, {}], docker: [3, {image: []}]}}",
      "workflows: {w: {jobs: {a: b}}, v: {jobs: [[], {}, {a: 3}, {b: {context: {c: d}, pre-steps: 4}}]}}",
      "machine: 3\ntest: {override: {a: b}, pre: [[x], {}], post: x}\ndeployment: [a]",
      "orbs: {a: {commands: 3, orbs: {b: [c]}}}",
      "jobs: &a {b: *a, <<: *a}",
    ])
      assert.doesNotThrow(() => [...referencesOf(read(text))]);
    const whole =
      "version: 2.1\norbs: {n: a/b@1}\njobs:\n  a:\n    docker: [{image: x}]\n    steps:\n      - run: {command: y}\n";
    for (let end = 0; end < whole.length; end++) read(whole.slice(0, end));
  });
});
