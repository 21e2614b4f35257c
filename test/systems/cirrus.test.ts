import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf, stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { cirrus } from "../../server/core/systems/cirrus.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";

const PATH = ".cirrus.yml";
const DIGEST = "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d";
const SCRIPT_HASH = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

function read(text: string): Pipeline {
  return cirrus.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

const CASES: readonly (readonly [behaviour: string, rule: string, marked: string])[] = [
  [
    "reads every task, though all of them have the same key",
    "unpinned-remote-script",
    `task:
  test_script: curl -s https://a.example/x | sh
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
task:
  test_script: curl -s https://b.example/x | sh
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
lint_task:
  script: curl -s https://c.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "reads scripts that are a text, a list, a block, in the background, of a cache, and after the others",
    "unpinned-remote-script",
    `task:
  a_script:
    - curl -s https://a.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  b_script: |
    curl -s https://b.example/x | sh
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  c_background_script: curl -s https://c.example/x | sh
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  node_modules_cache:
    folder: node_modules
    fingerprint_script: cat package-lock.json
    populate_script: curl -s https://d.example/x | sh
#                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  on_failure:
    report_script: curl -s https://e.example/x | sh
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  always:
    upload_script: curl -s https://f.example/x | sh
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  on_success:
    tag_script: curl -s https://g.example/x | sh
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "leaves alone what is no script",
    "unpinned-remote-script",
    `task:
  name: curl -s https://a.example/x | sh
  only_if: $CIRRUS_BRANCH == 'main'
  description: { script: curl -s https://a.example/x | sh }
  env: { test_script: curl -s https://a.example/x | sh }
other:
  test_script: curl -s https://a.example/x | sh
`,
  ],
  [
    "runs the lines of an instruction in one shell, and each instruction in its own",
    "unpinned-remote-script",
    `task:
  a_script:
    - CODE=$(curl -s https://a.example/x)
    - eval "$CODE"
#     ^^^^^^^^^^^^
  b_script:
    - eval "$CODE"
`,
  ],
  [
    "keeps files from one instruction to the next, and takes a check on the way",
    "unverified-download",
    `task:
  get_script: curl -so i.sh https://a.example/i.sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  run_script: sh i.sh
task:
  get_script: curl -so j.sh https://a.example/j.sh
  check_script: echo "${SCRIPT_HASH}  j.sh" | sha256sum -c
  run_script: sh j.sh
`,
  ],
  [
    "keeps no file from one task to the other",
    "unverified-download",
    `task:
  get_script: curl -so i.sh https://a.example/i.sh
task:
  run_script: sh i.sh
`,
  ],
  [
    "keeps files from one container of a pipe to the next",
    "unverified-download",
    `pipe:
  steps:
    - image: alpine
      get_script: wget -qO /usr/local/bin/t https://a.example/t
    - image: alpine
      get_script: wget -qO t https://a.example/t
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - image: debian
      run_script: chmod +x t && ./t
`,
  ],
  [
    "names the images of containers of the file, of tasks, of their alternatives, of pipes and of services",
    "unpinned-image",
    `container:
  image: debian:12
#        ^^^^^^^^^
task:
  arm_container:
    image: node:latest
#          ^^^^^^^^^^^
    additional_containers:
      - name: db
        image: postgres:16
#              ^^^^^^^^^^^
  test_script: make
task:
  container:
    matrix:
      - image: ruby:3.2
#              ^^^^^^^^
      - image: ruby@${DIGEST}
  test_script: make
task:
  matrix:
    - container: { image: "golang:1.22" }
#                          ^^^^^^^^^^^
    - windows_container: { image: cirrusci/windowsservercore }
#                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^
  test_script: make
pipe:
  steps:
    - image: squidfunk/mkdocs
#            ^^^^^^^^^^^^^^^^
      build_script: mkdocs build
task:
  persistent_worker: { isolation: { container: { image: alpine } } }
#                                                       ^^^^^^
  test_script: make
`,
  ],
  [
    "takes the image of an instance for one of a cloud, that of a Mac for a reference where it has a path",
    "unpinned-image",
    `task:
  freebsd_instance: { image: freebsd-14-0-release-amd64, image_family: freebsd-14-0 }
  test_script: make
task:
  compute_engine_instance: { image_project: acme, image: family/ci-worker, platform: linux }
  test_script: make
task:
  macos_instance: { image: ghcr.io/acme/macos-base:latest }
#                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  test_script: make
task:
  macos_instance: { image: catalina-base }
  test_script: make
`,
  ],
  [
    "says nothing of an image that only the run knows",
    "unpinned-image",
    `task:
  container: { image: "node:$VERSION" }
  env: { matrix: [{ VERSION: "20" }, { VERSION: "22" }] }
  test_script: make
`,
  ],
  [
    "says so where every task has a secret that one of them uses",
    "pipeline-wide-secret",
    `env:
  CI: "true"
  TOKEN: ENCRYPTED[!abc!]
# ^^^^^^^^^^^^^^^^^^^^^^^
task:
  test_script: make test
task:
  deploy_script: ./deploy "$TOKEN"
`,
  ],
  [
    "has nothing against a secret of the task that uses it",
    "pipeline-wide-secret",
    `task:
  test_script: make test
task:
  env: { TOKEN: "ENCRYPTED[abc]" }
  deploy_script: ./deploy "$TOKEN"
`,
  ],
  [
    "tells a credential in plain text from an encrypted one",
    "hardcoded-secret",
    `task:
  env:
    GOOD: ENCRYPTED[0123456789abcdef0123456789abcdef]
  test_script: git push https://deploy:Tr4in-Kettle-92@git.acme.dev/site.git HEAD:main
#                                      ^^^^^^^^^^^^^^^
`,
  ],
  [
    "finds tools that are installed from wherever they are newest",
    "unpinned-package",
    `task:
  container: { image: node@${DIGEST} }
  install_script: npx cowsay hello
#                 ^^^^^^^^^^
  lint_script: npx cowsay@1.6.0 hello
`,
  ],
  [
    "reads PowerShell where the task asks for it",
    "unpinned-remote-script",
    `task:
  windows_container: { image: x }
  env: { CIRRUS_SHELL: powershell }
  test_script: iex (iwr https://a.example/x.ps1)
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "reads what anchors bring in, once",
    "unpinned-remote-script",
    `setup_template: &SETUP
  setup_script: curl -s https://a.example/x | sh
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
a_task:
  <<: *SETUP
  test_script: make
b_task:
  <<: *SETUP
`,
  ],
];

describe("Cirrus CI", () => {
  for (const [behaviour, rule, marked] of CASES) it(behaviour, () => check(rule, PATH, marked));

  it("claims its file name at any depth, tasks with a machine and a script, and nothing else", () => {
    const claims = (path: string, text: string) => cirrus.claims(path, parseYaml(text));
    assert.equal(claims("a/.cirrus.yml", ""), 2);
    assert.equal(claims("ci/base.yml", "container: {image: a}\ntask: {test_script: make}\n"), 1);
    assert.equal(claims("ci/base.yml", "lint_task: {macos_instance: {image: a}, script: make}\n"), 1);
    assert.equal(claims("x.yml", "task: {script: make}\n"), 0);
    assert.equal(claims("x.yml", "task: {container: {image: a}, command: make}\n"), 0);
    assert.equal(claims("x.yml", "tasks: {build: {container: {image: a}, script: make}}\n"), 0);
    assert.equal(claims("x.yml", "container: {image: a}\ntask: a title\n"), 0);
  });

  it("pins an image and a script where they stand", () => {
    check("unpinned-image", PATH, `task:\n  container:\n    image: node:22\n#          ^^^^^^^\n  a_script: make\n`, {
      answers: [{ kind: "imageDigest", digest: DIGEST, platforms: 1 }],
      fixed: `task:\n  container:\n    image: node:22@${DIGEST}\n  a_script: make\n`,
    });
    check(
      "unpinned-remote-script",
      PATH,
      `task:
  container: { image: x@${DIGEST} }
  a_script: curl -s https://a.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      {
        answers: [{ kind: "scriptHash", sha256: SCRIPT_HASH, finalUrl: "https://a.example/x", text: "foo" }],
        fixed: `task:
  container: { image: x@${DIGEST} }
  a_script: |
    curl -fsSL https://a.example/x -o /tmp/a-x.sh
    echo "${SCRIPT_HASH}  /tmp/a-x.sh" | sha256sum -c - || exit 1
    sh /tmp/a-x.sh
`,
      },
    );
  });

  it("gives the code of a task the secrets of the file and of the task", () => {
    const text = `env: {A: "ENCRYPTED[x]"}
task:
  env: {B: "ENCRYPTED[!x!]", PLAIN: y, matrix: [{C: "ENCRYPTED[x]"}, {D: z}]}
  test_script: make
task:
  test_script: make
`;
    const reach = [...stepsOf(read(text))].map(({ step }) => reachOfStep(step).map(({ name }) => name));
    assert.deepEqual(reach, [["B", "C", "A"], ["A"]]);
  });

  it("knows the shell and the system of each machine", () => {
    const shells = (text: string) => {
      const { shell, operatingSystems } = [...stepsOf(read(text))][0]?.step.scripts[0] ?? {};
      return [shell?.language, shell?.errexit, operatingSystems];
    };
    assert.deepEqual(shells("task: {container: {image: a}, script: x}"), ["sh", true, ["linux"]]);
    assert.deepEqual(shells("task: {macos_instance: {image: a}, script: x}"), ["sh", true, ["macos"]]);
    assert.deepEqual(shells("task: {freebsd_instance: {image: a}, script: x}"), ["sh", true, []]);
    assert.deepEqual(shells("task: {windows_container: {image: a}, script: x}"), ["cmd", undefined, ["windows"]]);
    assert.deepEqual(shells("task: {env: {CIRRUS_SHELL: /bin/bash}, script: x}"), ["bash", true, []]);
    assert.deepEqual(shells("task: {env: {CIRRUS_SHELL: direct}, script: x}"), ["unknown", undefined, []]);
    assert.deepEqual(shells("docker_builder: {script: x}"), ["sh", true, ["linux"]]);
  });

  it("tells what may fail and what runs after a failure", () => {
    const text = "task: {a_background_script: x, b_script: x, always: {c_script: x}, on_failure: {d_script: x}}\n";
    const steps = [...stepsOf(read(text))].map(({ step }) => [step.tolerated, step.always]);
    assert.deepEqual(steps, [
      [true, false],
      [false, false],
      [false, true],
      [false, true],
    ]);
  });

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const text of [
      "",
      "task",
      "task:",
      "task: [a, {script: x}]",
      "task: {container: 3, script: {a: b}, matrix: [1, {container: [x]}], env: [x]}",
      "pipe: {steps: [1, {image: [x]}, [y]]}",
      "task:\n  <<: *nowhere\n  script:\n    - !x\n    -",
      "env: {matrix: 3}\ntask: {always: [x], on_failure: y, a_cache: {folder: x}}",
    ])
      assert.deepEqual([...referencesOf(read(text))], [], text);
  });
});
