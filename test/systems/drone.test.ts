import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf, stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { drone } from "../../server/core/systems/drone.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";

const PATH = ".drone.yml";
const DIGEST = "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d";

function read(text: string): Pipeline {
  return drone.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

function reachOf(text: string): readonly (readonly string[])[] {
  return [...stepsOf(read(text))].map(({ step }) => reachOfStep(step).map(({ name, level }) => `${name} ${level}`));
}

describe("Drone", () => {
  it("claims its file name at any depth, documents that are pipelines of its own, and nothing else", () => {
    const claims = (path: string, text: string) => drone.claims(path, parseYaml(text));
    assert.equal(claims("a/.drone.yml", ""), 2);
    assert.equal(claims("ci/x.yml", "kind: pipeline\ntype: docker\nsteps: []\n"), 1);
    assert.equal(claims("ci/x.yml", "kind: secret\nname: x\n---\nkind: pipeline\nsteps: [{image: a}]\n"), 1);
    assert.equal(claims("x.yml", "kind: pipeline\nspec: {stages: []}\n"), 0);
    assert.equal(claims("x.yml", "kind: secret\ntype: docker\n"), 0);
    assert.equal(claims("x.yml", "kind: Pipeline\napiVersion: tekton.dev/v1\nsteps: [{image: a}]\n"), 0);
    assert.equal(claims("pod.yml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: a}]}\n"), 0);
    assert.equal(claims("docker-compose.yml", "services: {a: {image: b, command: c}}\n"), 0);
  });

  it("reads code in steps and services of every pipeline, in commands, entry points and their arguments", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `kind: pipeline
name: one
steps:
  - name: test
    image: x
    commands:
      - curl -s https://a.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
---
kind: pipeline
name: two
steps:
  - name: test
    image: x
    commands: curl -s https://b.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
services:
  - name: db
    image: x
    entrypoint: [/bin/sh, -c]
    command: ["curl -s https://c.example/x | sh"]
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
---
kind: signature
hmac: curl -s https://d.example/x | sh
`,
    );
  });

  it("reads the mappings of versions before 1.0", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `pipeline:
  test:
    image: a
    commands:
      - curl -s https://a.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
    check(
      "unpinned-image",
      PATH,
      `clone:
  git:
    image: plugins/git
#          ^^^^^^^^^^^
build:
  image: golang:1.5
#        ^^^^^^^^^^
  commands: [make]
compose:
  db:
    image: postgres
#          ^^^^^^^^
publish:
  docker:
    repo: acme/app
`,
    );
  });

  it("keeps nothing outside of the work tree for the next step, which is another container", () => {
    check(
      "unverified-download",
      PATH,
      `kind: pipeline
steps:
  - name: a
    commands:
      - curl -so /usr/bin/tool https://a.example/tool
      - curl -so bin/other https://a.example/other
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - name: b
    commands:
      - tool --version
      - /usr/bin/tool
      - ./bin/other
`,
    );
  });

  it("runs the commands of a step in one shell that stops at a failure, and keeps files for the next step", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `kind: pipeline
steps:
  - name: a
    commands:
      - CODE=$(curl -s https://a.example/x)
      - eval "$CODE"
#       ^^^^^^^^^^^^
  - name: b
    commands:
      - eval "$CODE"
`,
    );
    check(
      "unverified-download",
      PATH,
      `kind: pipeline
steps:
  - name: a
    commands:
      - curl -so i.sh https://a.example/i.sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - name: b
    commands:
      - sh i.sh
  - name: c
    commands:
      - curl -so j.sh https://a.example/j.sh
      - echo "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  j.sh" | sha256sum -c
      - sh j.sh
`,
    );
  });

  it("knows the shells of Windows and of pipelines on the machine", () => {
    const shells = (text: string) => {
      const { scripts } = [...stepsOf(read(text))][0]?.step ?? {};
      return [scripts?.[0]?.shell.language, scripts?.[0]?.operatingSystems, scripts?.[0]?.scratch];
    };
    const steps = "steps: [{name: a, image: x, commands: [y]}]";
    assert.deepEqual(shells(`kind: pipeline\n${steps}\n`), ["sh", ["linux"], "/tmp"]);
    assert.deepEqual(shells(`kind: pipeline\nplatform: {os: windows}\n${steps}\n`), [
      "powershell",
      ["windows"],
      "$env:TEMP",
    ]);
    assert.deepEqual(shells(`kind: pipeline\ntype: exec\nplatform: {os: darwin}\n${steps}\n`), [
      "sh",
      ["macos"],
      "/tmp",
    ]);
  });

  it("names the images of clones, services and steps, those of plugins as plugins, and none of a pipeline on the machine", () => {
    check(
      "unpinned-image",
      PATH,
      `kind: pipeline
type: docker
clone: {depth: 50}
steps:
  - name: test
    image: golang:1.24
#          ^^^^^^^^^^^
  - name: publish
    image: plugins/docker
    settings: {repo: acme/app}
  - {name: fine, image: "golang:1.24@${DIGEST}"}
  - {name: unknown, image: "golang:\${VERSION}"}
services:
  - name: db
    image: postgres:16
#          ^^^^^^^^^^^
---
kind: pipeline
type: exec
steps:
  - {name: host, image: golang, commands: [make]}
`,
    );
    const [load] = referencesOf(read("kind: template\nload: plugin.yaml\ndata: {}\n"));
    assert.deepEqual([load?.kind, load?.text, load?.target.pin], ["include", "plugin.yaml", "unknown"]);
  });

  it("gives a step the secrets that it names itself and no other", () => {
    const text = `kind: pipeline
environment: {PLAIN: x}
steps:
  - name: a
    environment: &e {A: {from_secret: one}}
    settings: {password: {from_secret: two}, nested: [{x: {from_secret: three}}]}
  - name: b
    environment:
      <<: *e
  - name: c
    secrets: [four, {source: five, target: FIFTH}]
    environment: [MODE=fast]
  - name: d
`;
    assert.deepEqual(reachOf(text), [
      ["two step", "three step", "one step"],
      ["one step"],
      ["four step", "five step"],
      [],
    ]);
    const names = [...stepsOf(read(text))].map(({ step }) => step.scope.variables.map(({ name }) => name));
    assert.deepEqual(names, [["A"], ["A"], ["MODE", "FOUR", "FIFTH"], []]);
  });

  it("takes $$ for the dollar that the shell gets, in findings and in fixes", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `kind: pipeline
steps:
  - name: a
    commands:
      - URL=https://a.example/x; curl -s $\${URL} | sh -s $$1
#                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      {
        answers: [
          {
            kind: "scriptHash",
            sha256: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
            finalUrl: "https://a.example/x",
            text: "foo",
          },
        ],
        fixed: `kind: pipeline
steps:
  - name: a
    commands:
      - |
        URL=https://a.example/x
        curl -fsSL $\${URL} -o /tmp/script.sh
        echo "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  /tmp/script.sh" | sha256sum -c - || exit 1
        sh /tmp/script.sh $$1
`,
      },
    );
  });

  it("tells which steps may fail and which run after a failure", () => {
    const steps = [
      ...stepsOf(
        read(`kind: pipeline
steps:
  - {name: a, failure: ignore}
  - {name: b, when: {status: [success, failure]}}
  - {name: c, when: {status: {include: [failure]}}}
  - {name: d, when: {status: success}}
`),
      ),
    ].map(({ step }) => [step.tolerated, step.always]);
    assert.deepEqual(steps, [
      [true, false],
      [false, true],
      [false, true],
      [false, false],
    ]);
  });

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const text of [
      "",
      "kind",
      "kind: [pipeline]",
      "kind: pipeline\nsteps: 3",
      "kind: pipeline\nsteps: [1, [2], {commands: {a: b}}, {environment: 7, settings: [x], secrets: {a: b}}]",
      "kind: pipeline\nsteps:\n  - !x\n  -",
      "pipeline: {a: b, c: [d]}\nservices: x",
      "kind: template\nload: [a]",
      "--- \n...\n---\n&a [*a]",
    ]) {
      assert.deepEqual([...referencesOf(read(text))], [], text);
    }
  });
});
