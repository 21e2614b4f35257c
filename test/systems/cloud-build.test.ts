import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf, stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { cloudBuild } from "../../server/core/systems/cloud-build.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check, findingsOf } from "../check.ts";

const PATH = "cloudbuild.yaml";
const DIGEST = "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d";

function read(text: string): Pipeline {
  return cloudBuild.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

describe("Google Cloud Build", () => {
  it("claims its file names, builds of any name, and nothing else", () => {
    const claims = (path: string, text: string) => cloudBuild.claims(path, parseYaml(text));
    assert.equal(claims("a/cloudbuild.yaml", ""), 2);
    assert.equal(claims("cloudbuild.json", ""), 2);
    assert.equal(claims("deploy.cloudbuild.yaml", ""), 2);
    assert.equal(claims("build.yaml", "steps: [{name: gcr.io/a/b, args: [c]}]\n"), 1);
    assert.equal(claims("build.yaml", "steps: [{name: ubuntu, args: [c]}]\nsubstitutions: {_A: b}\n"), 1);
    assert.equal(claims("build.yaml", "steps: [{name: 'node:22', entrypoint: npm}]\n"), 1);
    assert.equal(claims("build.yaml", "steps: [{name: ubuntu, args: [c]}]\n"), 0);
    assert.equal(claims("azure-pipelines.yml", "steps: [{script: make, name: 'a/b'}]\n"), 0);
    assert.equal(claims("tasks.yml", "steps: [{name: Say it/twice, displayName: x, args: [y]}]\n"), 0);
    assert.equal(claims("ci.yml", "steps: [{name: a/b, image: c, commands: [d]}]\n"), 0);
    assert.equal(claims("t.yaml", "kind: Task\nsteps: [{name: a/b, args: [c]}]\n"), 0);
    assert.equal(claims("wf.yaml", "steps: [[{name: a/b, template: c}]]\n"), 0);
  });

  it("reads scripts, code among the arguments, and command lines that are spread over keys", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `steps:
  - name: ubuntu
    script: |
      echo
      curl -s https://a.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - name: ubuntu
    entrypoint: bash
    args: ['-c', 'curl -s https://b.example/x | sh']
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - name: ubuntu
    entrypoint: /bin/bash
    args:
      - -eEuo
      - pipefail
      - -c
      - |
        curl -s https://c.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - name: ubuntu
    args: [bash, -ceu, "curl -s https://d.example/x | sh"]
#                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - name: ubuntu
    args: [timeout, "10", bash, -c, "curl -s https://e.example/x | sh"]
#                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("takes a builder of Google's for the program of its name, and follows files from step to step", () => {
    check(
      "unverified-download",
      PATH,
      `steps:
  - name: gcr.io/cloud-builders/curl
#                               ^^^^
    args: [-so, i.sh, "https://a.example/i.sh"]
  - name: ubuntu
    entrypoint: bash
    args: [i.sh]
  - name: gcr.io/cloud-builders/wget:1
    args: ["https://a.example/data.csv"]
`,
    );
    check(
      "unpinned-image",
      PATH,
      `steps:
  - name: docker@${DIGEST}
    args:
      - run
      - acme/tool:1
      - ./go
  - name: docker@${DIGEST}
    args: [run, acme/tool@${DIGEST}, ./go]
`.replace(/^ {2}- name: (docker.*)$/m, (line) => `${line}\n#         ${"^".repeat(line.length - 10)}`),
      {
        answers: [{ kind: "imageDigest", digest: DIGEST, platforms: 1 }],
        fixed: `steps:
  - name: docker@${DIGEST}
    args:
      - run
      - acme/tool:1@${DIGEST}
      - ./go
  - name: docker@${DIGEST}
    args: [run, acme/tool@${DIGEST}, ./go]
`,
      },
    );
  });

  it("names the image of every step, and leaves open what a substitution names", () => {
    check(
      "unpinned-image",
      PATH,
      `steps:
  - name: gcr.io/cloud-builders/docker
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    args: [build, -t, "gcr.io/$PROJECT_ID/app", .]
  - name: gcr.io/$PROJECT_ID/app
  - name: node:22@${DIGEST}
  - {name: 'busybox:1.36', args: [ls]}
#           ^^^^^^^^^^^^
images: ["gcr.io/$PROJECT_ID/app"]
`,
    );
  });

  it("knows that a script without a first line for its shell runs on after a failure", () => {
    const shells = [
      ...stepsOf(
        read(`steps:
  - {name: a, script: x}
  - {name: a, script: "#!/bin/bash -e\\nx"}
  - {name: a, script: "#!/usr/bin/env python3\\nx"}
  - {name: a, entrypoint: bash, args: [-euo, pipefail, -c, x]}
  - {name: a, entrypoint: sh, args: [-c, x]}
`),
      ),
    ].map(({ step }) => step.scripts[0]?.shell);
    assert.deepEqual(shells, [
      { language: "sh", errexit: false, pipefail: false },
      { language: "bash", errexit: true, pipefail: false },
      { language: "python", errexit: undefined, pipefail: undefined },
      { language: "bash", errexit: true, pipefail: true },
      { language: "sh", errexit: false, pipefail: false },
    ]);
  });

  it("puts substitutions in, and takes $$ for the shell's own dollar", () => {
    const text = `steps:
  - name: ubuntu
    entrypoint: bash
    args:
      - -c
      - |
        FILE=$(basename $_URL)
        curl -s $_URL -o $$FILE
        bash $\${FILE}
substitutions: {_URL: "https://a.example/i.sh", _OTHER: "$_URL"}
`;
    const [found] = findingsOf("unverified-download", PATH, text);
    assert.match(found?.message ?? "", /^https:\/\/a\.example\/i\.sh is downloaded here and run in line 9/);
    assert.equal(text.slice(found?.span.start, found?.span.end), "curl -s $_URL -o $$FILE");
  });

  it("fixes what stands in an argument, with the dollars of substitutions left alone and those of the shell doubled", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `steps:
  - name: ubuntu
    entrypoint: bash
    args:
      - -c
      - curl -fsSL $_URL | bash -s $$1 $_MODE
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
substitutions: {_URL: "https://a.example/i.sh"}
`,
      {
        answers: [
          {
            kind: "scriptHash",
            sha256: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
            finalUrl: "https://a.example/i.sh",
            text: "foo",
          },
        ],
        fixed: `steps:
  - name: ubuntu
    entrypoint: bash
    args:
      - -c
      - |
        curl -fsSL $_URL -o /tmp/script.sh
        echo "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  /tmp/script.sh" | sha256sum -c - || exit 1
        bash /tmp/script.sh $$1 $_MODE
substitutions: {_URL: "https://a.example/i.sh"}
`,
      },
    );
  });

  it("gives a step the secrets that it lists and those of all steps", () => {
    const pipeline = read(`steps:
  - {name: a, secretEnv: [ONE], env: ["A=1", "B=$_B", bad]}
  - {name: b}
options: {secretEnv: [ALL], env: [C=2]}
availableSecrets:
  secretManager: [{versionName: projects/p/secrets/s/versions/latest, env: ONE}]
`);
    const token = "the token of the build's service account pipeline";
    const reach = [...stepsOf(pipeline)].map(({ step }) =>
      reachOfStep(step).map((each) => `${each.name} ${each.level}`),
    );
    assert.deepEqual(reach, [
      ["ONE step", "ALL pipeline", token],
      ["ALL pipeline", token],
    ]);
    const variables = [...stepsOf(pipeline)][0]?.step.scope.variables.map(({ name, value }) => [name, value]);
    assert.deepEqual(variables, [
      ["A", "1"],
      ["B", undefined],
      ["ONE", undefined],
    ]);
  });

  it("marks a secret that every step gets though one uses it", () => {
    check(
      "pipeline-wide-secret",
      PATH,
      `steps:
  - {name: a, args: [npm, ci]}
  - {name: b, entrypoint: bash, args: [-c, "deploy --key $$API_KEY"]}
options: {secretEnv: [API_KEY]}
#                     ^^^^^^^
`,
    );
  });

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const text of [
      "",
      "steps",
      "steps: {name: a}",
      "steps: [1, [2], {name: [x], args: {a: b}, script: [y]}, {args: [[a], {b: c}, 3]}]",
      "steps: [{env: {A: b}, secretEnv: x, entrypoint: {a: b}, args: [-c]}]",
      "steps: [{entrypoint: bash, args: [-c]}, {entrypoint: bash}, {entrypoint: bash, args: [-o, -c, x, y]}]",
      "substitutions: [a]\noptions: [b]\nsteps: !x [!y {name: !z}]",
    ]) {
      assert.deepEqual([...referencesOf(read(text))], [], text);
    }
  });
});
