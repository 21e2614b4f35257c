import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf, stepsOf } from "../../server/core/model.ts";
import { reachOfScope, reachOfStep } from "../../server/core/reach.ts";
import { tekton } from "../../server/core/systems/tekton.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check, findingsOf } from "../check.ts";

const PATH = ".tekton/ci.yaml";
const COMMIT = "11bd71901bbe5b1630ceea73d27597364c9af683";
const HEX = "beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d";

function read(text: string, path = PATH): Pipeline {
  return tekton.read({ path, text }, parseYaml(text), EMPTY_CONTEXT);
}

/** A task with the given lines, and the marks under them, as the items of its steps. */
function task(steps: string): string {
  return `apiVersion: tekton.dev/v1
kind: Task
metadata: {name: build}
spec:
  steps:
${steps.replace(/^#?(?!$)/gm, (mark) => `${mark}    `)}`;
}

function reachOf(pipeline: Pipeline): readonly (readonly string[])[] {
  return [...stepsOf(pipeline)].map(({ step }) =>
    reachOfStep(step)
      .filter(({ kind }) => kind === "named")
      .map(({ name, level }) => `${name} ${level}`),
  );
}

describe("Tekton", () => {
  it("claims objects of Tekton wherever they lie, and no other object of Kubernetes", () => {
    const claims = (path: string, text: string) => tekton.claims(path, parseYaml(text));
    const object = (apiVersion: string, kind: string) => `apiVersion: ${apiVersion}\nkind: ${kind}\nspec: {}\n`;
    for (const kind of ["Task", "ClusterTask", "Pipeline", "TaskRun", "PipelineRun", "StepAction", "CustomRun"])
      assert.equal(claims("deploy/x.yaml", object("tekton.dev/v1beta1", kind)), 1, kind);
    assert.equal(claims("a/.tekton/x.yaml", object("tekton.dev/v1", "PipelineRun")), 2);
    assert.equal(claims("x.yml", object("triggers.tekton.dev/v1alpha1", "TriggerTemplate")), 1);
    assert.equal(claims("x.yml", `${object("v1", "ConfigMap")}---\n${object("tekton.dev/v1", "Task")}`), 1);
    assert.equal(
      claims("x.yml", `apiVersion: v1\nkind: List\nitems:\n  - apiVersion: tekton.dev/v1\n    kind: Task\n`),
      1,
    );
    for (const [apiVersion, kind] of [
      ["v1", "Pod"],
      ["argoproj.io/v1alpha1", "Workflow"],
      ["operator.tekton.dev/v1alpha1", "TektonConfig"],
      ["tekton.dev/v2", "Task"],
      ["example.dev/v1", "Task"],
      ["triggers.tekton.dev/v1beta1", "EventListener"],
    ] as const) {
      assert.equal(claims(".tekton/x.yaml", object(apiVersion, kind)), 0, `${apiVersion} ${kind}`);
    }
    assert.equal(claims(".tekton/x.yaml", ""), 0);
  });

  it("finds a remote script in the steps of tasks, pipelines, runs, step actions, sidecars and templates of triggers", () => {
    check(
      "unpinned-remote-script",
      "tekton/all.yaml",
      `apiVersion: tekton.dev/v1
kind: Task
spec:
  steps:
    - image: alpine
      script: |
        #!/bin/bash
        curl -s https://a.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  sidecars:
    - image: alpine
      script: curl -s https://b.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
---
apiVersion: tekton.dev/v1beta1
kind: Pipeline
spec:
  tasks:
    - name: one
      taskSpec:
        steps:
          - script: curl -s https://c.example/x | sh
#                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  finally:
    - name: two
      taskSpec:
        steps:
          - script: curl -s https://d.example/x | sh
#                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
---
apiVersion: tekton.dev/v1
kind: TaskRun
spec:
  taskSpec:
    steps:
      - script: curl -s https://e.example/x | sh
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
---
apiVersion: tekton.dev/v1beta1
kind: StepAction
spec:
  image: alpine
  script: curl -s https://f.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
---
apiVersion: triggers.tekton.dev/v1beta1
kind: TriggerTemplate
spec:
  resourcetemplates:
    - apiVersion: tekton.dev/v1
      kind: PipelineRun
      spec:
        pipelineSpec:
          tasks:
            - name: three
              pipelineSpec:
                tasks:
                  - taskSpec:
                      steps:
                        - script: curl -s https://g.example/x | sh
#                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("finds it in the code that a command hands to a shell, and in a command itself", () => {
    check(
      "unpinned-remote-script",
      PATH,
      task(`- command: [/bin/sh, -c]
  args: ["curl -s https://a.example/x | sh"]
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- command: ["bash", "-ec", "curl -s https://b.example/x | sh", "--", "$(params.x)"]
#                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- args: ["-c", "curl -s https://c.example/x | sh"]
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- command: [echo]
  args: ["-c", "curl -s https://d.example/x | sh"]
- args: ["curl -s https://e.example/x | sh"]
`),
    );
    check(
      "unverified-download",
      PATH,
      task(`- command: [wget, -O, /workspace/tool, https://a.example/tool]
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- script: |
    chmod +x /workspace/tool
    /workspace/tool
`),
    );
  });

  it("takes Tekton's variables, and those that are filled in before, for unknown text, and leaves the shell its own", () => {
    check(
      "unpinned-remote-script",
      PATH,
      task(`- script: |
    curl -s "$(params.url)" | sh
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    curl -s {{ repo_url }}/x | sh
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    eval "$(curl -s https://a.example/x)"
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    echo "$(tasks.a.results.b) $(context.taskRun.name)" | sh
`),
    );
    const script = read(task("- script: echo $(params.a) {{ b.$(params.c) }} $(date)\n")).jobs[0]?.steps[0]?.scripts[0];
    assert.deepEqual(
      script?.holes.map(({ text }) => text.length),
      [11, 19],
    );
    assert.match(script.text, /^echo X_{10} X_{18} \$\(date\)$/);
  });

  it("follows a file from step to step of a task, and no variable", () => {
    check(
      "unverified-download",
      PATH,
      task(`- script: curl -sLo tool https://a.example/tool
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
- script: |
    chmod +x tool
    ./tool
`),
    );
    check(
      "unpinned-remote-script",
      PATH,
      task(`- script: CODE=$(curl -s https://a.example/x)
- script: eval "$CODE"
`),
    );
  });

  it("knows the shell from the first line of the script, and where nothing stops at an error", () => {
    const shells = read(
      task(`- script: x
- script: "#!/usr/bin/env bash\\nx"
- script: "\\n#!/bin/bash -eo pipefail\\nx"
- script: "#!/usr/bin/env python3\\nx"
- script: "#!win pwsh -File\\nx"
- script: "#!win\\nx"
- command: [bash, -eo, pipefail, -c, x]
- command: [make, all]
`),
    ).jobs[0]?.steps.map(({ scripts: [script] }) => [
      script?.shell.language,
      script?.shell.errexit,
      script?.shell.pipefail,
      script?.operatingSystems[0],
      script?.scratch,
    ]);
    assert.deepEqual(shells, [
      ["sh", true, false, "linux", "/tmp"],
      ["bash", false, false, "linux", "/tmp"],
      ["bash", true, true, "linux", "/tmp"],
      ["python", undefined, undefined, "linux", "/tmp"],
      ["powershell", false, undefined, "windows", "$env:TEMP"],
      ["cmd", false, undefined, "windows", "%TEMP%"],
      ["bash", true, true, "linux", "/tmp"],
      ["sh", true, false, "linux", "/tmp"],
    ]);
  });

  it("takes a workspace for the repository, and a step's own folder before the template's", () => {
    const folders = read(`apiVersion: tekton.dev/v1
kind: Task
spec:
  stepTemplate: {workingDir: $(workspaces.source.path)/app}
  steps:
    - script: x
    - {script: x, workingDir: /workspace/source}
    - {script: x, workingDir: $(workspaces.source.path)/a/b}
`).jobs[0]?.steps.map(({ scripts: [script] }) => script?.folder);
    assert.deepEqual(folders, ["app", ".", "a/b"]);
  });

  it("tells which steps go on after a failure", () => {
    const steps = read(`apiVersion: tekton.dev/v1
kind: Task
spec:
  steps: [{script: x}, {script: x, onError: continue}, {script: x, onError: stopAndFail}]
  sidecars: [{name: proxy, script: x}]
`).jobs[0]?.steps;
    assert.deepEqual(
      steps?.map(({ label, tolerated }) => [label, tolerated]),
      [
        ["sidecar “proxy”", true],
        ["step 1 of task “”", false],
        ["step 2 of task “”", true],
        ["step 3 of task “”", false],
      ],
    );
  });

  it("gives a step the secrets of its own variables, groups and volumes, and those of every step", () => {
    const pipeline = read(`apiVersion: tekton.dev/v1
kind: Task
metadata: {name: build}
spec:
  volumes:
    - {name: keys, secret: {secretName: ssh}}
    - {name: both, projected: {sources: [{secret: {name: a}}, {configMap: {name: b}}, {secret: {name: c}}]}}
    - {name: cache, emptyDir: {}}
  stepTemplate:
    env:
      - {name: ALL, valueFrom: {secretKeyRef: {name: prod, key: all}}}
      - {name: PLAIN, value: x}
      - {name: FIELD, valueFrom: {fieldRef: {fieldPath: x}}}
    envFrom: [{secretRef: {name: shared}}, {configMapRef: {name: plain}}]
  steps:
    - name: one
      script: x
      env:
        - name: TOKEN
          valueFrom: {secretKeyRef: {name: prod, key: push-token}}
      volumeMounts: [{name: keys, mountPath: /k}, {name: cache, mountPath: /c}]
    - name: two
      script: x
      envFrom: [{secretRef: {name: own}}]
      volumeMounts: [{name: both, mountPath: /b}]
`);
    assert.deepEqual(reachOf(pipeline), [
      ["prod/push-token step", "every key of “ssh” step", "prod/all job", "every key of “shared” job"],
      [
        "every key of “own” step",
        "every key of “a” step",
        "every key of “c” step",
        "prod/all job",
        "every key of “shared” job",
      ],
    ]);
    const [first] = pipeline.jobs[0]?.steps ?? [];
    assert.ok(first);
    assert.deepEqual(
      reachOfStep(first)
        .filter(({ kind }) => kind !== "named")
        .map(({ name }) => name),
      ["the token of the service account", "every credential linked to the service account"],
    );
    const value = (name: string) => pipeline.jobs[0]?.scope.variables.find((each) => each.name === name)?.value;
    assert.deepEqual([value("PLAIN"), value("FIELD")], ["x", undefined]);
  });

  it("gives the secrets that a run binds to the tasks, and isolated ones to the steps that ask for them", () => {
    const pipeline = read(`apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {generateName: ci-}
spec:
  taskRunTemplate:
    podTemplate:
      env: [{name: KEY, valueFrom: {secretKeyRef: {name: run, key: k}}}]
  workspaces:
    - {name: auth, secret: {secretName: git}}
    - {name: docker, secret: {secretName: registry}}
    - {name: source, emptyDir: {}}
  pipelineSpec:
    tasks:
      - name: clone
        workspaces: [{name: basic, workspace: auth}, {name: source}]
        taskSpec: {steps: [{script: x}]}
      - name: push
        workspaces: [{name: docker}]
        taskSpec:
          steps:
            - {script: x}
            - {script: x, workspaces: [{name: docker, mountPath: /d}]}
      - name: other
        taskSpec: {steps: [{script: x}]}
`);
    assert.deepEqual(reachOf(pipeline), [
      ["every key of “git” job", "run/k group"],
      ["run/k group"],
      ["every key of “registry” step", "run/k group"],
      ["run/k group"],
    ]);
    assert.deepEqual(
      reachOf(
        read(`apiVersion: tekton.dev/v1
kind: TaskRun
spec:
  podTemplate: {volumes: [{name: v, secret: {secretName: s}}]}
  workspaces: [{name: w, secret: {secretName: t}}]
  taskSpec: {steps: [{script: x, volumeMounts: [{name: v, mountPath: /v}]}]}
`),
      ),
      [["every key of “s” step", "every key of “t” job"]],
    );
  });

  it("reads images and what the resolvers fetch, and says what is pinned", () => {
    const resolver = (name: string, params: Readonly<Record<string, string>>) =>
      `{resolver: ${name}, params: [${Object.entries(params)
        .map(([key, value]) => `{name: ${key}, value: ${value}}`)
        .join(", ")}]}`;
    const url = "https://github.com/acme/tasks.git";
    const cases: readonly (readonly [ref: string, expected: readonly (string | undefined)[] | undefined])[] = [
      ["{name: in-cluster}", undefined],
      ["{resolver: cluster, params: [{name: name, value: x}]}", undefined],
      [
        resolver("git", { url, revision: "main", pathInRepo: "/a.yaml" }),
        ["include", "main", "mutable", "github.com|acme/tasks|a.yaml"],
      ],
      [resolver("git", { url, revision: COMMIT }), ["include", COMMIT, "pinned", "github.com|acme/tasks|"]],
      [resolver("git", { url, revision: "11bd719" }), ["include", "11bd719", "mutable", "github.com|acme/tasks|"]],
      [resolver("git", { url }), ["include", url, "mutable", "github.com|acme/tasks|"]],
      [
        resolver("git", { url, revision: '"$(params.v)"' }),
        ["include", "$(params.v)", "unknown", "github.com|acme/tasks|"],
      ],
      [resolver("git", { url, revision: "{{ revision }}" }), ["include", url, "unknown", "github.com|acme/tasks|"]],
      [
        resolver("git", { url: "git@git.example.com:a/b/c.git", revision: "v1" }),
        ["include", "v1", "mutable", "git.example.com|a/b/c|"],
      ],
      [
        resolver("git", { url: "https://u:p@git.example.com:8443/a/b", revision: "v1" }),
        ["include", "v1", "mutable", "git.example.com:8443|a/b|"],
      ],
      [resolver("git", { org: "acme", repo: "tasks", revision: "v1" }), ["include", "v1", "mutable", "|acme/tasks|"]],
      [
        resolver("git", { org: "acme", repo: "tasks", revision: "v1", serverURL: "https://git.example.com/" }),
        ["include", "v1", "mutable", "git.example.com|acme/tasks|"],
      ],
      [
        resolver("bundles", { bundle: "ghcr.io/acme/b:1.0", name: "x", kind: "task" }),
        ["bundle", "ghcr.io/acme/b:1.0", "mutable", "image"],
      ],
      [
        resolver("bundles", { bundle: `ghcr.io/acme/b@sha256:${HEX}` }),
        ["bundle", `ghcr.io/acme/b@sha256:${HEX}`, "pinned", "image"],
      ],
      ["{name: x, bundle: ghcr.io/acme/b}", ["bundle", "ghcr.io/acme/b", "mutable", "image"]],
      [resolver("hub", { name: "git-clone", version: '"0.9"' }), ["task", "0.9", "pinned", "other"]],
      [resolver("hub", { name: "git-clone", version: '">= 0.5.0"' }), ["task", ">= 0.5.0", "mutable", "other"]],
      [resolver("hub", { name: "git-clone" }), ["task", "git-clone", "mutable", "other"]],
      [
        resolver("http", { url: "https://a.example/t.yaml" }),
        ["include", "https://a.example/t.yaml", "mutable", "address"],
      ],
      [
        resolver("http", { url: "https://a.example/t.yaml", digest: `sha256:${HEX}` }),
        ["include", "https://a.example/t.yaml", "pinned", "address"],
      ],
      [
        resolver("http", { url: "https://a.example/t.yaml", digest: "md5" }),
        ["include", "https://a.example/t.yaml", "mutable", "address"],
      ],
    ];
    for (const [ref, expected] of cases) {
      for (const document of [
        `apiVersion: tekton.dev/v1\nkind: Pipeline\nspec: {tasks: [{name: a, taskRef: ${ref}}]}\n`,
        `apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec: {pipelineRef: ${ref}}\n`,
        `apiVersion: tekton.dev/v1\nkind: TaskRun\nspec: {taskRef: ${ref}}\n`,
        `apiVersion: tekton.dev/v1\nkind: Task\nspec: {steps: [{ref: ${ref}}]}\n`,
      ]) {
        const found = [...referencesOf(read(document))].map(({ kind, text, target }) => [
          kind,
          text,
          target.pin,
          target.kind === "repository" ? `${target.host}|${target.repo}|${target.path}` : target.kind,
        ]);
        assert.deepEqual(found, expected === undefined ? [] : [expected], document);
      }
    }
  });

  it("pins a revision and a bundle in their place", () => {
    const pipeline = (revision: string) => `apiVersion: tekton.dev/v1
kind: Pipeline
spec:
  tasks:
    - name: clone
      taskRef:
        resolver: git
        params:
          - name: url
            value: https://github.com/acme/tasks
          - name: revision
            value: ${revision}
          - {name: pathInRepo, value: clone.yaml}
`;
    check("unpinned-include", PATH, pipeline('"main"\n#                   ^^^^'), {
      fixed: pipeline(`"${COMMIT}" # main`),
      answers: [{ kind: "commit", commit: COMMIT, refKind: "branch" }],
    });
    const run = (bundle: string) => `apiVersion: tekton.dev/v1
kind: TaskRun
spec:
  taskRef:
    resolver: bundles
    params: [{name: bundle, value: ${bundle}
`;
    check("unpinned-bundle", PATH, run("ghcr.io/acme/b:1.0}]\n#                                  ^^^^^^^^^^^^^^^^^^"), {
      fixed: run(`ghcr.io/acme/b:1.0@sha256:${HEX}}]`),
      answers: [{ kind: "imageDigest", digest: `sha256:${HEX}`, platforms: 1 }],
    });
  });

  it("gives what a task calls the reach of the task's pod", () => {
    const [reference] = referencesOf(
      read(`apiVersion: tekton.dev/v1
kind: PipelineRun
spec:
  workspaces: [{name: w, secret: {secretName: s}}]
  pipelineSpec:
    tasks:
      - name: a
        workspaces: [{name: w}]
        taskRef: {resolver: git, params: [{name: url, value: "https://a.example/b/c"}]}
`),
    );
    assert.ok(reference);
    assert.equal(reachOfScope(reference.scope)[0]?.name, "every key of “s”");
  });

  it("reads the tasks that Pipelines-as-Code fetches", () => {
    const text = `apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  annotations:
    pipelinesascode.tekton.dev/on-event: "[pull_request]"
    pipelinesascode.tekton.dev/task: "[git-clone, buildah:0.6, maven:latest]"
    pipelinesascode.tekton.dev/task-1: "[https://a.example/t.yaml, .tekton/x.yaml, {{ repo_url }}/t.yaml]"
    pipelinesascode.tekton.dev/pipeline: https://raw.githubusercontent.com/acme/t/${COMMIT}/p.yaml
`;
    const found = [...referencesOf(read(text))];
    assert.deepEqual(
      found.map(({ kind, span, target }) => [kind, text.slice(span.start, span.end), target.kind, target.pin]),
      [
        ["task", "git-clone", "other", "mutable"],
        ["task", "buildah:0.6", "other", "pinned"],
        ["task", "maven:latest", "other", "mutable"],
        ["include", "https://a.example/t.yaml", "address", "mutable"],
        ["include", ".tekton/x.yaml", "local", "pinned"],
        ["include", "{{ repo_url }}/t.yaml", "other", "unknown"],
        ["include", `https://raw.githubusercontent.com/acme/t/${COMMIT}/p.yaml`, "address", "pinned"],
      ],
    );
  });

  it("reports once what an anchor brings to several tasks", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `apiVersion: tekton.dev/v1
kind: Pipeline
spec:
  tasks:
    - name: one
      taskSpec: &shared
        steps:
          - script: curl -s https://a.example/x | sh
#                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - name: two
      taskSpec: *shared
    - name: three
      taskSpec:
        <<: *shared
`,
    );
  });

  it("reads wrong shapes and templates of Helm without an exception", () => {
    for (const spec of [
      "3",
      "[1]",
      "{steps: {script: x}}",
      "{steps: [1, [2], {script: [x]}, {command: x, args: {}}, {env: {A: b}}, {env: [1, {value: x}]}]}",
      "{volumes: x, stepTemplate: [], sidecars: 1, workspaces: [1]}",
      "{tasks: [1, {taskSpec: 2}, {taskRef: [x]}, {taskRef: {resolver: git, params: 1}}], finally: x}",
      "{pipelineSpec: {tasks: {}}, pipelineRef: x, podTemplate: 1, taskRunTemplate: []}",
      "{resourcetemplates: {a: b}}",
      "{steps: [{image: {{ .Values.image }}, script: !custom x}]}",
    ]) {
      for (const kind of ["Task", "Pipeline", "TaskRun", "PipelineRun", "StepAction", "TriggerTemplate", "[x]"])
        assert.deepEqual(
          [...referencesOf(read(`apiVersion: tekton.dev/v1\nkind: ${kind}\nspec: ${spec}\n`))],
          [],
          spec,
        );
    }
    assert.deepEqual(read("").jobs, []);
    assert.doesNotThrow(() =>
      findingsOf(
        "unpinned-remote-script",
        PATH,
        `{{- if .Values.ci }}\napiVersion: tekton.dev/v1\nkind: Task\nspec:\n  steps:\n    - image: "{{ .Values.image }}"\n      script: |\n        curl {{ .Values.url }} | sh\n{{- end }}\n`,
      ),
    );
  });

  const PAIRS: readonly (readonly [title: string, rule: string, bad: string, good: string])[] = [
    [
      "an installer",
      "unpinned-remote-script",
      '- script: "wget -qO- https://get.example/i.sh | sh"',
      `- script: |
    wget -qO /tmp/i.sh https://get.example/i.sh
    echo "${HEX}  /tmp/i.sh" | sha256sum -c -
    sh /tmp/i.sh`,
    ],
    [
      "a check that a script with its own first line does not stop at",
      "ineffective-verification",
      `- script: |
    #!/usr/bin/env bash
    curl -sLo /tmp/i.sh https://get.example/i.sh
    echo "${HEX}  /tmp/i.sh" | sha256sum -c -
    sh /tmp/i.sh`,
      `- script: |
    #!/usr/bin/env bash
    set -euo pipefail
    curl -sLo /tmp/i.sh https://get.example/i.sh
    echo "${HEX}  /tmp/i.sh" | sha256sum -c -
    sh /tmp/i.sh`,
    ],
    [
      "a process substitution",
      "unpinned-remote-script",
      `- script: |
    #!/bin/bash
    bash <(curl -s https://get.example/i.sh)`,
      `- script: |
    #!/bin/bash
    diff <(curl -s https://get.example/list) list`,
    ],
    [
      "the code of a command",
      "unpinned-remote-script",
      '- command: ["/bin/bash", "-c", "curl -sL https://get.example/i.sh | bash -s -- -y"]',
      '- command: ["/bin/bash", "-c", "curl -sL https://get.example/version | jq ."]',
    ],
    [
      "an address from a parameter",
      "unpinned-remote-script",
      '- script: curl -s "$(params.installer)" | sh',
      '- script: curl -s "$(params.installer)" -o "$(workspaces.source.path)/notes.txt"',
    ],
    [
      "a branch and a commit of a repository",
      "unpinned-remote-script",
      "- script: curl -s https://raw.githubusercontent.com/acme/tool/main/i.sh | sh",
      `- script: curl -s https://raw.githubusercontent.com/acme/tool/${COMMIT}/i.sh | sh`,
    ],
    [
      "a binary of the step before",
      "unverified-download",
      `- command: [curl, -fsSLo, /workspace/tool, https://dl.example/tool]
- script: chmod +x /workspace/tool && /workspace/tool`,
      `- command: [curl, -fsSLo, /workspace/data.json, https://dl.example/data.json]
- script: cat /workspace/data.json`,
    ],
    [
      "an archive",
      "unverified-download",
      `- script: |
    wget -q https://dl.example/tool.tar.gz
    tar xzf tool.tar.gz
    ./tool/bin/tool`,
      `- script: |
    wget -q https://dl.example/tool.tar.gz
    echo "${HEX}  tool.tar.gz" | sha256sum -c -
    tar xzf tool.tar.gz
    ./tool/bin/tool`,
    ],
    [
      "a check in a step whose failure is let through",
      "ineffective-verification",
      `- script: curl -sLo /workspace/tool https://dl.example/tool
- onError: continue
  script: echo "${HEX}  /workspace/tool" | sha256sum -c -
- script: chmod +x /workspace/tool && /workspace/tool`,
      `- script: curl -sLo /workspace/tool https://dl.example/tool
- script: echo "${HEX}  /workspace/tool" | sha256sum -c -
- script: chmod +x /workspace/tool && /workspace/tool`,
    ],
    ["an image with a tag", "unpinned-image", "- image: alpine:3.20", `- image: alpine:3.20@sha256:${HEX}`],
    ["an image without a tag", "unpinned-image", "- image: ghcr.io/acme/tool", "- image: $(params.image)"],
    [
      "an image that a script runs",
      "unpinned-image",
      "- script: docker run --rm acme/lint:2 .",
      "- script: docker build -t app . && docker run --rm app",
    ],
    [
      "an image that a command runs",
      "unpinned-image",
      "- command: [docker, run, --rm, 'acme/lint:2']",
      `- command: [docker, run, --rm, 'acme/lint@sha256:${HEX}']`,
    ],
    [
      "a package without a version",
      "unpinned-package",
      "- script: npx release-tool publish",
      "- script: npm ci && npm test",
    ],
    ["a package in a command", "unpinned-package", "- command: [npx, -y, release-tool]", "- command: [npm, ci]"],
    [
      "a package from a branch",
      "unpinned-package",
      "- script: pip install git+https://github.com/acme/tool@main",
      `- script: pip install git+https://github.com/acme/tool@${COMMIT}`,
    ],
  ];

  for (const [title, rule, bad, good] of PAIRS) {
    it(`tells bad from good: ${title}`, () => {
      assert.equal(findingsOf(rule, PATH, task(bad)).length, 1, bad);
      assert.deepEqual(findingsOf(rule, PATH, task(good)), [], good);
    });
  }
});
