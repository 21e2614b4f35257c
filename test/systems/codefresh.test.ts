import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf, stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { codefresh } from "../../server/core/systems/codefresh.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";

const PATH = "codefresh.yml";
const DIGEST = "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d";
const SCRIPT_HASH = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

function read(text: string): Pipeline {
  return codefresh.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

const CASES: readonly (readonly [behaviour: string, rule: string, marked: string])[] = [
  [
    "reads the commands of steps, of steps within steps, of typed steps and of hooks",
    "unpinned-remote-script",
    `version: '1.0'
hooks:
  on_finish:
    exec:
      image: alpine
      commands:
        - curl -s https://a.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
steps:
  test:
    image: node
    commands:
      - curl -s https://b.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hooks:
      on_fail:
        image: alpine
        commands:
          - curl -s https://c.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  both:
    type: parallel
    steps:
      one:
        image: node
        commands:
          - curl -s https://d.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  typed:
    type: freestyle
    arguments:
      image: node
      commands:
        - curl -s https://e.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
  [
    "reads entry points and their arguments where there are no commands",
    "unpinned-remote-script",
    `version: '1.0'
steps:
  one:
    image: alpine
    entry_point: [/bin/sh, -c]
    cmd: ["curl -s https://a.example/x | sh"]
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  two:
    image: alpine
    cmd: [echo, "curl -s https://a.example/x | sh"]
`,
  ],
  [
    "leaves alone what is no command",
    "unpinned-remote-script",
    `version: '1.0'
steps:
  a:
    title: curl -s https://a.example/x | sh
    description: curl -s https://a.example/x | sh
    image: alpine
    environment: [HELP=curl -s https://a.example/x | sh]
    when: { condition: { all: { x: "curl -s https://a.example/x | sh" } } }
`,
  ],
  [
    "runs the commands of a step in one shell, and each step in its own",
    "unpinned-remote-script",
    `version: '1.0'
steps:
  a:
    image: alpine
    commands:
      - CODE=$(curl -s https://a.example/x)
      - eval "$CODE"
#       ^^^^^^^^^^^^
  b:
    image: alpine
    commands:
      - eval "$CODE"
`,
  ],
  [
    "keeps files of the shared volume from one step to the next",
    "unverified-download",
    `version: '1.0'
steps:
  a:
    image: alpine
    commands:
      - curl -so i.sh https://a.example/i.sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  b: { image: alpine, commands: [sh i.sh] }
`,
  ],
  [
    "takes a check in a later step",
    "unverified-download",
    `version: '1.0'
steps:
  a: { image: alpine, commands: [curl -so i.sh https://a.example/i.sh] }
  b:
    image: alpine
    commands:
      - echo "${SCRIPT_HASH}  i.sh" | sha256sum -c
      - sh i.sh
`,
  ],
  [
    "ends the step where a check fails",
    "ineffective-verification",
    `version: '1.0'
steps:
  a:
    image: alpine
    commands:
      - curl -so i.sh https://a.example/i.sh
      - echo "${SCRIPT_HASH}  i.sh" | sha256sum -c
      - sh i.sh
`,
  ],
  [
    "names the images of steps, of services and of compositions",
    "unpinned-image",
    `version: '1.0'
services:
  composition:
    cache: { image: "redis:7" }
#                    ^^^^^^^
steps:
  a:
    image: node:22
#          ^^^^^^^
    commands: [npm ci]
    services:
      composition:
        db:
          image: postgres
#                ^^^^^^^^
  b:
    type: composition
    composition:
      version: '2'
      services:
        app:
          image: acme/app:latest
#                ^^^^^^^^^^^^^^^
  c:
    image: node@${DIGEST}
    commands: [npm ci]
`,
  ],
  [
    "says nothing of an image that an earlier step built or that a variable names",
    "unpinned-image",
    `version: '1.0'
steps:
  build_image: { type: build, image_name: acme/app, tag: latest }
  test: { image: "\${{build_image}}", commands: [make test] }
  lint: { image: "golang:\${{GO_VERSION}}", commands: [make lint] }
`,
  ],
  [
    "says so where a step of the marketplace has no version",
    "unpinned-plugin",
    `version: '1.0'
steps:
  deploy:
    type: acme/deployer
#         ^^^^^^^^^^^^^
    arguments: { token: "\${{PROD_TOKEN}}" }
  notify:
    type: slack-notifier
#         ^^^^^^^^^^^^^^
    arguments: { text: done }
`,
  ],
  [
    "cannot tell whether a version moves, and says nothing of the product's own types",
    "unpinned-plugin",
    `version: '1.0'
steps:
  clone: { type: git-clone, repo: acme/app, revision: main }
  deploy: { type: "acme/deployer:1.4.2", arguments: { a: b } }
  wait: { type: pending-approval }
  push: { type: push, candidate: "\${{clone}}" }
`,
  ],
  [
    "finds text of strangers that the product puts into a command",
    "script-injection",
    `version: '1.0'
steps:
  a:
    image: alpine
    commands:
      - echo "\${{CF_COMMIT_MESSAGE}}"
#             ^^^^^^^^^^^^^^^^^^^^^^
      - echo "\${{CF_PULL_REQUEST_TITLE}}"
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^
      - echo "$CF_COMMIT_MESSAGE" "\${{CF_COMMIT_MESSAGE_ESCAPED}}" "\${{CF_REVISION}}"
`,
  ],
  [
    "finds a secret that the product puts into a command",
    "secret-on-command-line",
    `version: '1.0'
steps:
  a:
    image: alpine
    commands:
      - ./deploy --token \${{secrets.vault.deploy}}
#                        ^^^^^^^^^^^^^^^^^^^^^^^^^
      - ./deploy --revision \${{CF_REVISION}}
`,
  ],
  [
    "finds a password in plain text",
    "hardcoded-secret",
    `version: '1.0'
steps:
  a:
    image: alpine
    commands:
      - git push https://deploy:Tr4in-Kettle-92@git.acme.dev/site.git HEAD:main
#                               ^^^^^^^^^^^^^^^
      - git push https://deploy:\${{PASSWORD}}@git.acme.dev/site.git HEAD:main
`,
  ],
  [
    "finds tools that are installed from wherever they are newest",
    "unpinned-package",
    `version: '1.0'
steps:
  a:
    image: node
    commands:
      - npx cowsay hello
#       ^^^^^^^^^^
      - npx cowsay@1.6.0 hello
`,
  ],
];

describe("Codefresh", () => {
  for (const [behaviour, rule, marked] of CASES) it(behaviour, () => check(rule, PATH, marked));

  it("claims its file name, pipelines in its folder and of any name, and nothing else", () => {
    const claims = (path: string, text: string) => codefresh.claims(path, parseYaml(text));
    assert.equal(claims("a/codefresh.yml", ""), 2);
    assert.equal(claims(".codefresh/ci.yml", "version: '1.0'\nsteps: {a: {image: b, commands: [c]}}\n"), 2);
    assert.equal(claims(".codefresh/values.yml", "a: b\n"), 0);
    assert.equal(claims("ci/x.yml", "version: '1.0'\nsteps: {a: {image: b, commands: [c]}}\n"), 1);
    assert.equal(claims("ci/x.yml", "version: '1.0'\nsteps: {a: {type: git-clone, repo: b}}\n"), 1);
    assert.equal(claims("ci/x.yml", "version: 1.0\nsteps: {a: {type: 'o/s:1.2', arguments: {b: c}}}\n"), 1);
    assert.equal(claims("x.yml", "version: '1.0'\nsteps: {a: {image: photo.png, text: c}}\n"), 0);
    assert.equal(claims("x.yml", "version: '1.0'\nsteps: {a: {type: form}}\n"), 0);
    assert.equal(claims("x.yml", "version: '1.0'\nsteps: [{image: b, commands: [c]}]\n"), 0);
    assert.equal(claims("x.yml", "version: '3'\nservices: {a: {image: b, command: c}}\n"), 0);
    assert.equal(claims("x.yml", "steps: {a: {image: b, commands: [c]}}\n"), 0);
  });

  it("pins a script and an image where they stand", () => {
    const head = `version: '1.0'\nsteps:\n  a:\n    image: x@${DIGEST}\n    commands:\n`;
    check(
      "unpinned-remote-script",
      PATH,
      `${head}      - curl -s https://a.example/x | sh\n#       ${"^".repeat(32)}\n`,
      {
        answers: [{ kind: "scriptHash", sha256: SCRIPT_HASH, finalUrl: "https://a.example/x", text: "foo" }],
        fixed: `${head}      - |
        curl -fsSL https://a.example/x -o /tmp/a-x.sh
        echo "${SCRIPT_HASH}  /tmp/a-x.sh" | sha256sum -c - || exit 1
        sh /tmp/a-x.sh
`,
      },
    );
    const image = (name: string) => `version: '1.0'\nsteps:\n  a:\n    image: ${name}\n    commands: [make]\n`;
    check("unpinned-image", PATH, image("ruby:3\n#          ^^^^^^"), {
      answers: [{ kind: "imageDigest", digest: DIGEST, platforms: 1 }],
      fixed: image(`ruby:3@${DIGEST}`),
    });
  });

  it("gives every step what is configured outside of the file, and a step what it names itself", () => {
    const text = `version: '1.0'
steps:
  a:
    image: x
    environment: ["A=\${{secrets.vault.one}}", B=plain, "C=\${{PROD_TOKEN}}"]
    commands: [make]
  b: {image: x, environment: {D: "\${{secrets.vault.two}}"}, commands: [make]}
  c: {type: "o/s:1.0.0", arguments: {token: "\${{PROD_TOKEN}}", ref: "\${{CF_REVISION}}"}}
`;
    const reach = [...stepsOf(read(text))].map(({ step }) => reachOfStep(step).map(({ name }) => name));
    const all = "every variable configured in the pipeline, its project or shared configurations";
    assert.deepEqual(reach, [
      ["vault.one", "PROD_TOKEN", all],
      ["vault.two", all],
      ["PROD_TOKEN", all],
    ]);
  });

  it("knows the shell of a step, what may fail and what runs after a failure", () => {
    const text = `version: '1.0'
hooks: {on_finish: {exec: {image: x, commands: [a]}}, on_elected: {exec: {image: x, commands: [a]}}}
steps:
  a: {image: x, shell: bash, fail_fast: false, commands: [a]}
  b: {image: x, commands: [a]}
`;
    const steps = [...stepsOf(read(text))].map(({ step }) => [
      step.scripts[0]?.shell.language,
      step.tolerated,
      step.always,
    ]);
    assert.deepEqual(steps, [
      ["bash", true, false],
      ["sh", false, false],
      ["sh", false, true],
      ["sh", false, false],
    ]);
  });

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const text of [
      "",
      "steps",
      "steps: [a, {image: x}]",
      "steps: {a: 3, b: [c], d: {image: [x], commands: {a: b}, environment: 7, type: [x]}}",
      "hooks: {on_finish: {exec: [a]}, on_fail: 3}\nservices: {composition: [x]}",
      "steps: {a: {type: parallel, steps: 3}, b: {arguments: [x], cmd: {a: b}}}",
      "steps:\n  a:\n    commands:\n      - !x\n      -",
    ])
      assert.deepEqual([...referencesOf(read(text))], [], text);
  });
});
