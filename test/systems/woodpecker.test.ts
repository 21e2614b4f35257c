import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf, stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { woodpecker } from "../../server/core/systems/woodpecker.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check, findingsOf } from "../check.ts";

const PATH = ".woodpecker.yml";
const DIGEST = "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d";

function read(text: string): Pipeline {
  return woodpecker.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

describe("Woodpecker", () => {
  it("claims its files and folder, workflows of any name, and nothing else", () => {
    const claims = (path: string, text: string) => woodpecker.claims(path, parseYaml(text));
    assert.equal(claims(".woodpecker.yaml", ""), 2);
    assert.equal(claims("a/.woodpecker/test.yml", ""), 2);
    assert.equal(claims(".crow/test.yaml", ""), 2);
    assert.equal(claims(".woodpecker/sub/test.yml", "a: b"), 0);
    assert.equal(claims("ci.yml", "steps: [{name: a, image: b, commands: [c]}]\n"), 1);
    assert.equal(claims("ci.yml", "when: {event: push}\nsteps: {a: {image: b, settings: {c: d}}}\n"), 1);
    assert.equal(claims("ci.yml", "pipeline: {a: {image: b, commands: [c]}}\n"), 1);
    assert.equal(claims("ci.yml", "steps: [{name: a, image: b}]\n"), 0);
    assert.equal(claims("codefresh.yml", "version: '1.0'\nsteps: {a: {image: b, commands: [c]}}\n"), 0);
    assert.equal(claims("step.yml", "steps: {a: {title: t, image: b, commands: [c]}}\n"), 0);
    assert.equal(claims("vela.yml", "version: '1'\nsteps: [{name: a, image: b, commands: [c]}]\n"), 0);
    assert.equal(claims("cloudbuild.yml", "steps: [{name: gcr.io/a/b, args: [c]}]\n"), 0);
    assert.equal(claims("x.yml", "kind: pipeline\nsteps: [{name: a, image: b, commands: [c]}]\n"), 0);
    assert.equal(claims("docker-compose.yml", "services: {a: {image: b, command: c}}\n"), 0);
    assert.equal(claims("harness.yml", "pipeline: {identifier: a, stages: [{stage: {name: b}}]}\n"), 0);
  });

  it("reads code in steps, services and entry points, as lists and as mappings", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `steps:
  - name: a
    image: x
    commands:
      - curl -s https://a.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - |
        echo
        curl -s https://b.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - name: b
    image: x
    entrypoint: [/bin/sh, -c, "curl -s https://c.example/x | sh"]
#                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
services:
  db:
    image: x
    commands: curl -s https://d.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("reports once, where it is written, what anchors bring into several steps", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `variables:
  - &install curl -s https://a.example/x | sh
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - &all
    commands:
      - curl -s https://b.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
steps:
  one:
    image: x
    commands: [*install]
  two:
    image: x
    commands:
      - *install
  three:
    <<: *all
    image: x
`,
    );
    check(
      "unpinned-image",
      PATH,
      `variables:
  - &go golang:1.24
#       ^^^^^^^^^^^
steps:
  - {name: a, image: *go}
  - {name: b, image: *go}
`,
    );
  });

  it("names images, but not the shells that the local backend calls images", () => {
    check(
      "unpinned-image",
      PATH,
      `clone:
  - name: git
    image: woodpeckerci/plugin-git
#          ^^^^^^^^^^^^^^^^^^^^^^^
steps:
  - name: a
    image: node:22
#          ^^^^^^^
  - {name: b, image: "node:22@${DIGEST}"}
  - {name: c, image: "node:\${VERSION}"}
  - {name: d, image: pwsh, commands: [x]}
  - {name: e, image: bash, commands: [x]}
  - {name: f, image: "bash:5", commands: [x]}
#                     ^^^^^^
`,
    );
    check(
      "unpinned-image",
      PATH,
      `labels: {backend: local}
steps:
  - {name: a, image: bash, commands: [x]}
`,
    );
  });

  it("knows the shell from the entry point, the platform and the local backend", () => {
    const shellOf = (text: string) => [...stepsOf(read(text))][0]?.step.scripts[0]?.shell;
    const step = (rest: string) => `steps: [{name: a, image: x, commands: [y]${rest}}]\n`;
    assert.deepEqual(shellOf(step("")), { language: "sh", errexit: true, pipefail: false });
    const entry = 'entrypoint: [/bin/bash, -c, "echo $CI_SCRIPT | base64 -d | /bin/bash -eo pipefail"]';
    assert.deepEqual(shellOf(step(`, ${entry}`)), { language: "bash", errexit: true, pipefail: true });
    assert.equal(shellOf(`labels: {platform: windows/amd64}\n${step("")}`)?.language, "powershell");
    assert.equal(shellOf(`labels: {backend: local}\n${step("").replace("x", "bash")}`)?.language, "bash");
  });

  it("gives a step the secrets of its environment, its settings and the old list", () => {
    const pipeline = read(`steps:
  - name: a
    image: x
    environment: {A: {from_secret: one}, B: plain}
    settings: {password: {from_secret: two}}
  - name: b
    image: x
    secrets: [three]
services:
  - name: c
    image: x
    environment: {C: {from_secret: four}}
`);
    const reach = [...stepsOf(pipeline)].map(({ step }) =>
      reachOfStep(step).map((each) => `${each.name} ${each.level}`),
    );
    assert.deepEqual(reach, [["four service"], ["two step", "one step"], ["three step"]]);
  });

  it("raises the severity where the step has a secret", () => {
    const text = `steps:
  - name: a
    image: x
    environment: {A: {from_secret: one}}
    commands: [curl -s https://a.example/x | sh]
`;
    const [finding] = findingsOf("unpinned-remote-script", PATH, text);
    assert.deepEqual([finding?.severity, finding?.reach?.map(({ name }) => name)], ["error", ["one"]]);
  });

  it("starts a step in its directory", () => {
    check(
      "unverified-download",
      PATH,
      `steps:
  - name: a
    image: x
    directory: web/
    commands:
      - curl -so i.sh https://a.example/i.sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - name: b
    image: x
    commands: [sh web/i.sh]
`,
    );
  });

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const text of [
      "",
      "steps",
      "steps: [1, [2], {image: [x], commands: {a: b}}]",
      "steps: {a: b, c: [d], e: {environment: 3, secrets: x, settings: 4, when: [5, {status: {}}]}}",
      "labels: [a]\nsteps: !x {a: !y}",
      "clone: 3\nservices: 4\npipeline: 5",
    ]) {
      assert.deepEqual([...referencesOf(read(text))], [], text);
    }
  });
});
