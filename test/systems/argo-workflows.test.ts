import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf, stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { argoWorkflows } from "../../server/core/systems/argo-workflows.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";

const PATH = "ci/build.yaml";
const DIGEST = "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d";
const SCRIPT_HASH = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
const HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n";

function read(text: string): Pipeline {
  return argoWorkflows.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

const CASES: readonly (readonly [behaviour: string, rule: string, marked: string])[] = [
  [
    "reads scripts, and commands that hand code to a shell, in every kind of container",
    "unpinned-remote-script",
    `${HEAD}spec:
  templates:
    - name: a
      script:
        image: alpine
        command: [sh]
        source: |
          curl -s https://a.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - name: b
      container:
        image: alpine
        command: [sh, -c]
        args: ["curl -s https://b.example/x | sh"]
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      initContainers:
        - name: init
          image: alpine
          command: [sh, -c, "curl -s https://c.example/x | sh"]
#                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      sidecars:
        - name: side
          image: alpine
          command: [bash, -ec, "curl -s https://d.example/x | sh"]
#                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - name: c
      containerSet:
        containers:
          - name: one
            image: alpine
            command: [sh, -c]
            args: ["curl -s https://e.example/x | sh"]
#                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - name: d
      steps:
        - - name: inside
            inline:
              script: { image: alpine, command: [sh], source: "curl -s https://f.example/x | sh" }
#                                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - name: e
      dag:
        tasks:
          - name: inside
            inline:
              script: { image: alpine, command: [sh], source: "curl -s https://g.example/x | sh" }
#                                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "reads cron workflows, templates of workflows, and the workflows of a sensor's triggers",
    "unpinned-remote-script",
    `apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
spec:
  workflowSpec:
    templates:
      - name: a
        script: { image: alpine, command: [sh], source: "curl -s https://a.example/x | sh" }
#                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
---
apiVersion: argoproj.io/v1alpha1
kind: ClusterWorkflowTemplate
spec:
  templates:
    - name: a
      script: { image: alpine, command: [sh], source: "curl -s https://b.example/x | sh" }
#                                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
---
apiVersion: argoproj.io/v1alpha1
kind: Sensor
spec:
  triggers:
    - template:
        argoWorkflow:
          source:
            resource:
              apiVersion: argoproj.io/v1alpha1
              kind: Workflow
              spec:
                templates:
                  - script: { image: alpine, command: [sh], source: "curl -s https://c.example/x | sh" }
#                                                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "leaves alone what is no code, and code in other languages",
    "unpinned-remote-script",
    `${HEAD}metadata: { annotations: { description: "curl -s https://a.example/x | sh" } }
spec:
  templates:
    - name: a
      container: { image: alpine, command: [echo, "curl -s https://a.example/x | sh"] }
    - name: b
      script: { image: python, command: [python], source: "print('curl -s https://a.example/x | sh')" }
    - name: c
      resource: { action: create, manifest: "curl -s https://a.example/x | sh" }
`,
  ],
  [
    "reads a pod's containers in order, with the files that they share",
    "unverified-download",
    `${HEAD}spec:
  templates:
    - name: a
      initContainers:
        - { name: get, image: alpine, command: [sh, -c, "curl -so i.sh https://a.example/i.sh"] }
#                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      container: { image: alpine, command: [sh, -c, "sh i.sh"] }
`,
  ],
  [
    "keeps no file from one pod to the other",
    "unverified-download",
    `${HEAD}spec:
  templates:
    - name: a
      container: { image: alpine, command: [sh, -c, "curl -so i.sh https://a.example/i.sh"] }
    - name: b
      container: { image: alpine, command: [sh, -c, "sh i.sh"] }
`,
  ],
  [
    "takes a check that ends the script where the options of the shell say so",
    "ineffective-verification",
    `${HEAD}spec:
  templates:
    - name: a
      script:
        image: alpine
        command: [bash, -e]
        source: |
          curl -so i.sh https://a.example/i.sh
          echo "${SCRIPT_HASH}  i.sh" | sha256sum -c
          sh i.sh
    - name: b
      script:
        image: alpine
        command: [bash]
        source: |
          curl -so i.sh https://a.example/i.sh
          echo "${SCRIPT_HASH}  i.sh" | sha256sum -c
#${" ".repeat(89)}^^^^^^^^^^^^
          sh i.sh
`,
  ],
  [
    "names the images of all containers",
    "unpinned-image",
    `${HEAD}spec:
  templateDefaults:
    container:
      image: alpine:3
#            ^^^^^^^^
  templates:
    - name: a
      container: { image: "node:22", command: [npm, ci] }
#                          ^^^^^^^
      sidecars: [{ name: db, image: postgres }]
#                                   ^^^^^^^^
    - name: b
      script: { image: "golang@${DIGEST}", command: [sh], source: make }
`,
  ],
  [
    "says nothing of an image that a parameter names",
    "unpinned-image",
    `${HEAD}spec:
  templates:
    - name: a
      inputs: { parameters: [{ name: image }] }
      container: { image: "{{inputs.parameters.image}}", command: [make] }
    - name: b
      container: { image: "golang:{{workflow.parameters.version}}", command: [make] }
`,
  ],
  [
    "does not take a parameter for the address of a script that can be pinned",
    "unpinned-remote-script",
    `${HEAD}spec:
  templates:
    - name: a
      script:
        image: alpine
        command: [sh]
        source: |
          echo {{inputs.parameters.a}}
          curl -s https://a.example/{{inputs.parameters.f}} | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "finds tools that are installed from wherever they are newest",
    "unpinned-package",
    `${HEAD}spec:
  templates:
    - name: a
      container: { image: node, command: [npx, cowsay, hello] }
#                                         ^^^^^^^^^^^
    - name: b
      container: { image: node, command: [npx, cowsay@1.6.0, hello] }
`,
  ],
  [
    "finds a password in plain text",
    "hardcoded-secret",
    `${HEAD}spec:
  templates:
    - name: a
      script:
        image: alpine
        command: [sh]
        source: git push https://deploy:Tr4in-Kettle-92@git.acme.dev/site.git HEAD:main
#                                       ^^^^^^^^^^^^^^^
`,
  ],
];

describe("Argo Workflows", () => {
  for (const [behaviour, rule, marked] of CASES) it(behaviour, () => check(rule, PATH, marked));

  it("claims objects of its own, wherever they lie, and no others of Argo", () => {
    const claims = (path: string, text: string) => argoWorkflows.claims(path, parseYaml(text));
    const object = (kind: string, spec: string) => `apiVersion: argoproj.io/v1alpha1\nkind: ${kind}\nspec: ${spec}\n`;
    assert.equal(claims("a.yaml", object("Workflow", "{templates: []}")), 1);
    assert.equal(claims(".argo/a.yaml", object("WorkflowTemplate", "{templates: []}")), 2);
    assert.equal(claims("a.yaml", object("Workflow", "{workflowTemplateRef: {name: x}}")), 1);
    assert.equal(claims("a.yaml", object("CronWorkflow", "{workflowSpec: {templates: []}}")), 1);
    assert.equal(claims("a.yaml", `a: b\n---\n${object("Workflow", "{templates: []}")}`), 1);
    assert.equal(claims("a.yaml", object("Application", "{source: {}}")), 0);
    assert.equal(claims("a.yaml", object("Rollout", "{template: {spec: {containers: []}}}")), 0);
    assert.equal(claims("a.yaml", object("AnalysisTemplate", "{metrics: [], templates: []}")), 0);
    assert.equal(claims("a.yaml", object("Workflow", "{templates: {a: b}}")), 0);
    assert.equal(claims("a.yaml", object("Sensor", "{triggers: [{template: {http: {url: x}}}]}")), 0);
    assert.equal(claims(".argo/a.yaml", "a: b\n"), 0);
    assert.equal(claims("a.yaml", "apiVersion: v1\nkind: Workflow\nspec: {templates: []}\n"), 0);
  });

  it("pins a script and an image where they stand", () => {
    const script = (source: string) => `${HEAD}spec:
  templates:
    - name: a
      script:
        image: x@${DIGEST}
        command: [sh]
        source: ${source}
`;
    check(
      "unpinned-remote-script",
      PATH,
      script(`curl -s https://a.example/x | sh\n#               ${"^".repeat(32)}`),
      {
        answers: [{ kind: "scriptHash", sha256: SCRIPT_HASH, finalUrl: "https://a.example/x", text: "foo" }],
        fixed: script(`|
          curl -fsSL https://a.example/x -o /tmp/a-x.sh
          echo "${SCRIPT_HASH}  /tmp/a-x.sh" | sha256sum -c - || exit 1
          sh /tmp/a-x.sh`),
      },
    );
    const image = (name: string) => `${HEAD}spec:\n  templates:\n    - container:\n        image: ${name}\n`;
    check("unpinned-image", PATH, image("ruby:3\n#              ^^^^^^"), {
      answers: [{ kind: "imageDigest", digest: DIGEST, platforms: 1 }],
      fixed: image(`ruby:3@${DIGEST}`),
    });
  });

  it("gives a container the keys that it names, whole secrets, mounted ones, and what holds for all", () => {
    const text = `${HEAD}spec:
  templateDefaults: {container: {envFrom: [{secretRef: {name: everywhere}}]}}
  volumes: [{name: v, secret: {secretName: mounted}}, {name: w, secret: {secretName: unused}}]
  templates:
    - name: a
      container:
        image: x
        env: [{name: K, valueFrom: {secretKeyRef: {name: prod, key: token}}}, {name: P, value: x}]
        envFrom: [{secretRef: {name: whole}}, {configMapRef: {name: plain}}]
        volumeMounts: [{name: v, mountPath: /s}]
        command: [make]
    - name: b
      container: {image: x, command: [make]}
`;
    const reach = [...stepsOf(read(text))].map(({ step }) => reachOfStep(step).map(({ name }) => name));
    const common = ["every key of “everywhere”", "the token of the service account"];
    assert.deepEqual(reach, [["prod/token", "every key of “whole”", "every key of “mounted”", ...common], common]);
  });

  it("knows the interpreter of a script", () => {
    const shells = (script: string) => {
      const { shell } =
        [...stepsOf(read(`${HEAD}spec: {templates: [{script: ${script}}]}\n`))][0]?.step.scripts[0] ?? {};
      return [shell?.language, shell?.errexit];
    };
    assert.deepEqual(shells("{command: [sh], source: a}"), ["sh", false]);
    assert.deepEqual(shells("{command: [/bin/bash, -e], source: a}"), ["bash", true]);
    assert.deepEqual(shells("{command: [python3], source: a}"), ["python", undefined]);
    assert.deepEqual(shells("{command: [node], source: a}"), ["javascript", undefined]);
    assert.deepEqual(shells('{source: "#!/bin/sh\\na"}'), ["sh", false]);
    assert.deepEqual(shells("{source: a}"), ["unknown", undefined]);
  });

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const spec of [
      "",
      "3",
      "[a]",
      "{templates: {a: b}}",
      "{templates: [1, [2], {container: 3}, {script: [4]}, {container: {image: [x], env: {a: b}, command: 7}}]}",
      "{templates: [{steps: [1, [2, {inline: 3}]]}, {dag: {tasks: x}}, {containerSet: []}, {sidecars: x}]}",
      "{templateDefaults: 3, volumes: {a: b}, templates: [{initContainers: [1]}]}",
    ])
      assert.deepEqual([...referencesOf(read(`${HEAD}spec: ${spec}\n`))], [], spec);
    assert.deepEqual(
      [...referencesOf(read("kind: Sensor\napiVersion: argoproj.io/v1alpha1\nspec: {triggers: [1, {}]}"))],
      [],
    );
  });
});
