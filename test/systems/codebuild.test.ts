import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf, stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { codebuild } from "../../server/core/systems/codebuild.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";

const PATH = "buildspec.yml";
const COMMIT = "11bd71901bbe5b1630ceea73d27597364c9af683";
const HASH = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

function read(text: string): Pipeline {
  return codebuild.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

/** A buildspec whose install phase has these commands. */
function install(commands: string): string {
  return `version: 0.2
phases:
  install:
    commands:
${commands}`;
}

describe("AWS CodeBuild", () => {
  it("claims its file name, build specifications of any name, and nothing else", () => {
    const claims = (path: string, text: string) => codebuild.claims(path, parseYaml(text));
    assert.equal(claims("a/buildspec.yml", ""), 2);
    assert.equal(claims("buildspec_debug.yml", "version: 0.2\nphases: {build: {commands: [x]}}\n"), 1);
    assert.equal(claims("x.yml", "version: '0.1'\nphases: {post_build: {commands: [x]}}\n"), 1);
    assert.equal(claims("x.yml", "version: 0.2\nbatch: {build-list: [{identifier: a}]}\n"), 1);
    assert.equal(claims("appspec.yml", "version: 0.0\nos: linux\nhooks: {}\n"), 0);
    assert.equal(claims("x.yml", "version: 0.2\nphases: {test: {commands: [x]}}\n"), 0);
    assert.equal(claims("x.yml", "phases: {build: {commands: [x]}}\n"), 0);
    assert.equal(claims("docker-compose.yml", "version: '3'\nservices: {a: {image: b}}\n"), 0);
    assert.equal(claims("openapi.yml", "openapi: 3.1.0\ninfo: {version: 0.2}\npaths: {}\n"), 0);
  });

  it("reads commands, finally and steps of every phase", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `version: 0.2
phases:
  install:
    commands: curl -s https://a.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  pre_build:
    commands:
      - curl -s https://b.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    finally:
      - curl -s https://c.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  build:
    steps:
      - run: curl -s https://d.example/\${{ inputs.x }} | sh
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  post_build:
    commands:
      - |
        echo
        curl -s https://e.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  other:
    commands: [curl -s https://f.example/x | sh]
`,
    );
  });

  it("runs all phases in one shell, in the order of the product, and in version 0.1 each command in its own", () => {
    const text = (version: string, mark: string) => `version: ${version}
phases:
  build:
    commands:
      - eval "$CODE"
${mark}  install:
    commands:
      - CODE=$(curl -s https://a.example/x)
`;
    check("unpinned-remote-script", PATH, text("0.2", "#       ^^^^^^^^^^^^\n"));
    check("unpinned-remote-script", PATH, text("0.1", ""));
  });

  it("knows the shell that the file names", () => {
    const shellOf = (env: string) =>
      [...stepsOf(read(`version: 0.2\nenv: {${env}}\nphases: {build: {commands: [x]}}\n`))][0]?.step.scripts[0];
    assert.deepEqual(shellOf("")?.shell, { language: "sh", errexit: true, pipefail: false });
    assert.equal(shellOf("shell: bash")?.shell.language, "bash");
    assert.equal(shellOf("shell: powershell.exe")?.shell.language, "powershell");
    assert.equal(shellOf("shell: powershell.exe")?.scratch, "$env:TEMP");
    assert.deepEqual(shellOf("shell: cmd.exe")?.operatingSystems, ["windows"]);
  });

  it("names actions with the place for a pin, and the images of batches but not those of AWS", () => {
    check(
      "unpinned-action",
      PATH,
      `version: 0.2
phases:
  build:
    steps:
      - name: Scan
        uses: acme/scan@v1
#             ^^^^^^^^^^^^
        with: {level: high}
      - uses: acme/scan@${COMMIT}
`,
      {
        answers: [{ kind: "commit", commit: COMMIT, refKind: "tag", versionTag: "v1.2.0" }],
        fixed: `version: 0.2
phases:
  build:
    steps:
      - name: Scan
        uses: acme/scan@${COMMIT} # v1.2.0
        with: {level: high}
      - uses: acme/scan@${COMMIT}
`,
      },
    );
    check(
      "unpinned-image",
      PATH,
      `version: 0.2
batch:
  build-list:
    - identifier: a
      env: {image: public.ecr.aws/acme/build:1}
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - identifier: b
      env: {image: aws/codebuild/standard:7.0}
  build-graph:
    - identifier: c
      env: {image: "acme/build@sha256:${HASH}"}
  build-matrix:
    dynamic:
      env:
        image: [acme/one, acme/two:2]
#               ^^^^^^^^
#                         ^^^^^^^^^^
`,
    );
  });

  it("gives every command the secrets of the file, the role, and the repository where git gets them", () => {
    const pipeline = read(`version: 0.2
env:
  variables: {PLAIN: x, MADE: "$PLAIN"}
  secrets-manager: {DB: "prod/db:password"}
  parameter-store: {KEY: /prod/key}
  git-credential-helper: yes
phases: {build: {commands: [x]}}
`);
    const [first] = [...stepsOf(pipeline)];
    assert.ok(first);
    assert.deepEqual(
      reachOfStep(first.step).map(({ name, kind }) => `${name}: ${kind}`),
      [
        "DB: named",
        "KEY: named",
        "the credentials of the build's role: token",
        "the credentials of the source repository: token",
      ],
    );
    assert.deepEqual(
      pipeline.scope.variables.map(({ name, value }) => [name, value]),
      [
        ["PLAIN", "x"],
        ["MADE", undefined],
        ["DB", undefined],
        ["KEY", undefined],
      ],
    );
  });

  it("marks a secret that all phases have though one uses it", () => {
    check(
      "pipeline-wide-secret",
      PATH,
      `version: 0.2
env:
  secrets-manager:
    DB: prod/db:password
#   ^^^^^^^^^^^^^^^^^^^^
phases:
  install: {commands: [make]}
  build: {commands: [./migrate "$DB"]}
`,
    );
  });

  const pairs: readonly (readonly [title: string, rule: string, bad: string, good: string])[] = [
    [
      "a script in a pipe",
      "unpinned-remote-script",
      `      - curl -sL https://a.example/i.sh | bash
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      `      - curl -sL https://a.example/i.sh | grep -c bash
`,
    ],
    [
      "a script in a process substitution",
      "unpinned-remote-script",
      `      - bash <(curl -sL https://a.example/i.sh) --yes
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      `      - diff <(curl -sL https://a.example/list) list
`,
    ],
    [
      "a command substitution",
      "unpinned-remote-script",
      `      - eval "$(wget -qO- https://a.example/env)"
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      `      - eval "$(aws ecr get-login --no-include-email)"
`,
    ],
    [
      "a script at an address that can move",
      "unpinned-remote-script",
      `      - curl -s https://raw.githubusercontent.com/o/r/main/i.sh | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      `      - curl -s https://raw.githubusercontent.com/o/r/${COMMIT}/i.sh | sh
`,
    ],
    [
      "an address in quotes",
      "unpinned-remote-script",
      `      - "curl -s 'https://a.example/x' | python3 -"
#        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      `      - "curl -s 'https://a.example/x' | python3 -m json.tool"
`,
    ],
    [
      "code that nobody can read",
      "unpinned-remote-script",
      `      - echo ZWNobyBoaQo= | base64 -d | sh
#                           ^^^^^^^^^^^^^^
`,
      `      - echo ZWNobyBoaQo= | base64 -d > note.txt
`,
    ],
    [
      "a file from one command to the next",
      "unverified-download",
      `      - curl -so i.sh https://a.example/i.sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - bash i.sh
`,
      `      - curl -so i.sh https://a.example/i.sh
      - echo "${HASH}  i.sh" | sha256sum -c -
      - bash i.sh
`,
    ],
    [
      "a program that is made executable",
      "unverified-download",
      `      - curl -sLo kubectl https://a.example/kubectl && chmod +x kubectl
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - ./kubectl version
`,
      `      - curl -sLo table https://a.example/table.csv
      - sort table
`,
    ],
    [
      "a program in a folder of programs",
      "unverified-download",
      `      - wget -O /usr/local/bin/tool https://a.example/tool
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - chmod +x /usr/local/bin/tool
      - tool --all
`,
      `      - wget -O /tmp/logo.png https://a.example/logo.png
      - chmod +r /tmp/logo.png
      - make
`,
    ],
    [
      "an archive that is unpacked and run",
      "unverified-download",
      `      - curl -sL https://a.example/t.tgz | tar xz
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - ./t/install.sh
`,
      `      - aws s3 cp s3://bucket/report.zip .
      - unzip report.zip -d report
`,
    ],
    [
      "a check that nobody waits for",
      "ineffective-verification",
      `      - curl -so i.sh https://a.example/i.sh
      - echo "${HASH}  i.sh" | sha256sum -c - || true
#                                                                                       ^^^^^^^^^^^^^^
      - bash i.sh
`,
      `      - curl -so i.sh https://a.example/i.sh
      - echo "${HASH}  i.sh" | sha256sum -c - || exit 1
      - bash i.sh
`,
    ],
    [
      "an image of a script",
      "unpinned-image",
      `      - docker run --rm acme/lint:2 .
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      `      - docker run --rm acme/lint:2@sha256:${HASH} .
`,
    ],
    [
      "an image that is fetched",
      "unpinned-image",
      `      - docker pull acme/base
#       ^^^^^^^^^^^^^^^^^^^^^
`,
      `      - docker pull $REPOSITORY_URI:latest
      - docker build -t acme/app . && docker run acme/app
`,
    ],
    [
      "a package in whatever version",
      "unpinned-package",
      `      - npx --yes cowsay hello
#       ^^^^^^^^^^^^^^^^
`,
      `      - npx --yes cowsay@1.6.0 hello
      - npm ci
`,
    ],
    [
      "a Python package in whatever version",
      "unpinned-package",
      `      - pip3 install --upgrade awscli
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      `      - pip3 install awscli==1.40.0
      - pip3 install -r requirements.txt
`,
    ],
  ];
  for (const [title, rule, bad, good] of pairs) {
    it(`finds ${title}, and not its harmless sibling`, () => {
      check(rule, PATH, install(bad));
      check(rule, PATH, install(good));
    });
  }

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const text of [
      "",
      "version",
      "phases: [install]",
      "phases: {install: 3, build: {commands: {a: b}, steps: [1, {uses: [x]}, {run: {}}], finally: [[a], {b: c}]}}",
      "env: [a]\nphases: {build: {commands: [!x y]}}",
      "env: {variables: [a], secrets-manager: b, parameter-store: [c], shell: {d: e}}",
      "batch: {build-list: 3, build-graph: [4, {env: {image: [[]]}}], build-matrix: [5], build-fanout: {env: 6}}",
    ]) {
      assert.deepEqual([...referencesOf(read(text))], [], text);
    }
  });
});
