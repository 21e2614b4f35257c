import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { gitlabCi } from "../../server/core/systems/gitlab-ci.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";

const PATH = ".gitlab-ci.yml";

function read(text: string): Pipeline {
  return gitlabCi.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

describe("GitLab CI", () => {
  it("claims its file names, files with the keys of its jobs, and nothing else", () => {
    const claims = (path: string, text: string) => gitlabCi.claims(path, parseYaml(text));
    assert.equal(claims(".gitlab-ci.yml", ""), 2);
    assert.equal(claims("group/project/.gitlab-ci.yml", ""), 2);
    assert.equal(claims("ci/test.gitlab-ci.yaml", ""), 2);
    assert.equal(claims("ci/publish.yml", "publish:\n  stage: x\n  script: [y]\n"), 1);
    assert.equal(claims("values.yml", "server:\n  image: x\n  script: y\n"), 0);
    assert.equal(claims("deployment.yml", "apiVersion: v1\nkind: Pod\nspec: {}\n"), 0);
  });

  it("reads scripts as strings, lists, lists in lists and references", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `.shared:
  script:
    - curl -s https://a.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
one:
  script: curl -s https://b.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
two:
  script:
    - !reference [.shared, script]
    - [echo, 'curl -s https://c.example/x | sh']
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  after_script:
    - |
      echo
      curl -s https://d.example/$[[ inputs.name ]] | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("reads code in every place where GitLab runs some: hooks, all parts of a script, functions, and what containers start with", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `default:
  hooks:
    pre_get_sources_script:
      - curl -s https://a.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
one:
  before_script: [curl -s https://b.example/x | sh]
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  script:
    - curl -s https://c.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  after_script:
    - curl -s https://d.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  services:
    - name: redis
      entrypoint: [sh, -c]
      command: ["curl -s https://e.example/x | sh"]
#                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
two:
  image: {name: node, entrypoint: [""]}
  run:
    - name: fetch
      script: curl -s https://f.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - name: lint
      step: gitlab.com/acme/lint@v1
.three: &three
  script:
    - curl -s https://g.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
three: *three
`,
    );
  });

  it("knows which process a line belongs to: hooks, functions and after_script have their own", () => {
    const pipeline = read(`one:
  hooks: {pre_get_sources_script: [a]}
  before_script: [b]
  script: [c]
  after_script: [d]
two:
  run: [{name: x, script: e}, {name: y, script: f}]
`);
    assert.deepEqual(
      pipeline.jobs.map(({ steps }) => steps.map(({ scripts }) => scripts.map(({ text, unit }) => `${text} ${unit}`))),
      [
        [["a hooks"], ["b main", "c main"], ["d after"]],
        [[], ["e run 1"], ["f run 2"]],
      ],
    );
  });

  it("names what a job runs of others: images, services, includes, child pipelines and functions, each with its pin", () => {
    const sha = "568a04821935cc92de7b4b05ea6fa9f6bf8a0592";
    const pipeline = read(`include:
  - https://ci.example.com/a.yml
  - remote: https://ci.example.com/b.yml
    integrity: sha256-ABCD
  - {project: acme/kit, file: /c.yml}
  - {project: acme/kit, ref: ${sha}, file: /d.yml}
  - {project: $KIT, ref: v1, file: /e.yml}
  - component: gitlab.com/acme/scan/sast@~latest
  - component: gitlab.com/acme/scan/sast@${sha}
  - {template: Auto-DevOps.gitlab-ci.yml}
  - {local: /f.yml}
default:
  image: node:22
  services: [redis, {name: "postgres:17@sha256:${sha.padEnd(64, "0")}"}]
one:
  image: {name: $IMAGE}
  script: [x]
two:
  trigger:
    include:
      - {project: acme/kit, ref: main, file: /g.yml}
three:
  run:
    - {name: a, step: gitlab.com/acme/lint@v1}
    - {name: b, step: gitlab.com/acme/kit/-/lint@${sha}}
    - {name: c, step: ./local}
`);
    assert.deepEqual(
      [...referencesOf(pipeline)].map(({ kind, text, target }) => `${kind} ${text} ${target.pin}`),
      [
        "include https://ci.example.com/a.yml mutable",
        "include https://ci.example.com/b.yml pinned",
        "include acme/kit mutable",
        `include ${sha} pinned`,
        "include v1 unknown",
        "include gitlab.com/acme/scan/sast@~latest mutable",
        `include gitlab.com/acme/scan/sast@${sha} pinned`,
        "image node:22 mutable",
        "image redis mutable",
        `image postgres:17@sha256:${sha.padEnd(64, "0")} pinned`,
        "image $IMAGE unknown",
        "include main mutable",
        "action gitlab.com/acme/lint@v1 mutable",
        `action gitlab.com/acme/kit/-/lint@${sha} pinned`,
      ],
    );
  });

  it("knows the shell from the image and from the tags of the runner", () => {
    const pipeline = read(`a: {script: [x]}
b: {image: "alpine:3.20", script: [x]}
c: {image: mcr.microsoft.com/windows/servercore, script: [x]}
d: {tags: [windows-2022], script: [x]}
e: {tags: [macos], script: [x]}
`);
    assert.deepEqual(
      pipeline.jobs.map(({ steps: [step] }) => {
        const [script] = step?.scripts ?? [];
        return `${script?.shell.language} ${script?.shell.pipefail} ${script?.operatingSystems}`;
      }),
      [
        "bash true linux",
        "bash false linux",
        "powershell undefined windows",
        "powershell undefined windows",
        "bash true macos",
      ],
    );
  });

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const text of [
      "",
      "- a\n- [b]",
      "one: [x]\ntwo: 3\ninclude: 1\nvariables: [a]\ndefault: x",
      "one: {script: {a: b}, image: [x], services: y, hooks: [a], run: b, trigger: [c], secrets: d, extends: {e: f}}",
      "one: {run: [a, [b], {step: [c]}, {script: {d: e}}], services: [{entrypoint: a, command: {b: c}}, [d]]}",
      "include: [[a], {remote: [b]}, {project: {c: d}}, {component: x@}]\none: {script: !reference x}",
      "one: &a {extends: *a, script: [*a]}\n{% if x %}\n{{ .y }}: {script: [z]}",
    ])
      assert.equal(read(text).system, "gitlab-ci");
  });

  it("reports once, where it is written, what default, extends and anchors bring into several jobs", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `default:
  before_script:
    - curl -s https://a.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
.base: &base
  script:
    - curl -s https://b.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
one:
  <<: *base
two:
  extends: .base
`,
    );
  });

  it("follows a download from one line of the script to the next", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `one:
  before_script:
    - CODE=$(curl -s https://a.example/x)
  script:
    - eval "$CODE"
#     ^^^^^^^^^^^^
`,
    );
  });

  it("gives a job the variables of the file, of itself and of what it extends, and says what the settings add", () => {
    const pipeline = read(`variables: {A: $UI_SECRET, B: $CI_COMMIT_SHA, C: plain}
.base:
  variables: {D: $OTHER}
one:
  extends: .base
  id_tokens: {ID: {aud: x}}
  secrets: {DB: {vault: a/b/c@d}}
  script: [x]
`);
    const step = pipeline.jobs[0]?.steps[0];
    assert.ok(step);
    assert.deepEqual(
      reachOfStep(step).map(({ name, kind }) => `${name} ${kind}`),
      [
        "OTHER settings",
        "DB named",
        "ID token",
        "UI_SECRET settings",
        "CI_JOB_TOKEN token",
        "every variable configured in the project's settings settings",
      ],
    );
  });

  it("lets an exit end the script without errexit, and a list that fails in front go on with it", () => {
    const hash = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
    const lines = (...check: readonly string[]) => `one:
  script:
    - set +e
    - wget -q https://a.example/t
${check.join("\n")}
    - bash t
`;
    check("ineffective-verification", PATH, lines(`    - echo "${hash}  t" | sha256sum -c - || exit 1`));
    const mark = "#                                                                                  ^^^^^^^^^^^^^^";
    check("ineffective-verification", PATH, lines(`    - echo "${hash}  t" | sha256sum -c -`, mark));
    check(
      "ineffective-verification",
      PATH,
      lines("    - set -e", `    - echo "${hash}  t" | sha256sum -c - && ls`, mark),
    );
  });

  it("follows extends through eleven levels, and through no chain or web without end", () => {
    const chain = (levels: number) => [
      ".t0: {image: a, variables: {TOKEN: $SECRET}}",
      ...Array.from({ length: levels - 1 }, (_, i) => `.t${i + 1}: {extends: .t${i}}`),
      `job: {extends: .t${levels - 1}, script: [b]}`,
    ];
    const variablesOf = (lines: readonly string[]) => {
      const { jobs } = read(lines.join("\n"));
      return jobs.find(({ id }) => id === "job")?.scope.variables.map(({ name }) => name);
    };
    assert.deepEqual(variablesOf(chain(11)), ["TOKEN"]);
    assert.deepEqual(variablesOf(chain(12)), []);
    assert.deepEqual(variablesOf(chain(1000)), []);
    const web = Array.from({ length: 60 }, (_, i) => {
      return `.w${i}: {extends: [${Array.from({ length: i }, (_, k) => `.w${k}`).join(", ")}], variables: {A${i}: b}}`;
    });
    assert.equal(variablesOf([...web, "job: {extends: .w59, script: [b]}"])?.length, 60);
  });

  it("ends at circular extends and references", () => {
    const pipeline = read(`a: {extends: b, script: [!reference [b, script]]}
b: {extends: a, script: [!reference [a, script]]}
`);
    assert.equal(pipeline.jobs.length, 2);
  });
});
