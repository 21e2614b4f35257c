import assert from "node:assert/strict";
import fc from "fast-check";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf } from "../../server/core/model.ts";
import { travisCi } from "../../server/core/systems/travis-ci.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";
import { type Pair, tellsApart } from "../support/pairs.ts";
import { reachOf } from "../support/steps.ts";

const PATH = ".travis.yml";
const SHA = "568a04821935cc92de7b4b05ea6fa9f6bf8a0592";
const HASH = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";

function read(text: string): Pipeline {
  return travisCi.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

const SETTINGS = "every variable configured in the repository's settings (settings, pipeline)";

describe("Travis CI", () => {
  it("claims its file at any depth, files with its keys, and nothing else", () => {
    const claims = (path: string, text: string) => travisCi.claims(path, parseYaml(text));
    assert.equal(claims(".travis.yml", ""), 2);
    assert.equal(claims("vendor/github.com/a/b/.travis.yml", "x"), 2);
    assert.equal(claims("ci/node.yml", "language: node_js\nbefore_install: npm i -g npm\n"), 1);
    assert.equal(claims("ci/release.yml", "dist: jammy\ndeploy:\n  - provider: script\n    script: ./release\n"), 1);
    assert.equal(claims("ci/matrix.yml", "script: make\njobs: {include: [{os: osx}]}\nafter_success: x\n"), 1);
    for (const [path, text] of [
      ["de.yml", "language: Sprache\ninstall: Installieren\nscript: Skript\n"],
      ["task.yml", "language: python\nscript: main.py\n"],
      ["values.yaml", "os: linux\nscript: run\nimage: {repository: x}\n"],
      ["mkdocs.yml", "site_name: x\ntheme: {name: material, language: en}\n"],
      ["pubspec.yaml", "name: x\nenvironment: {sdk: ^3.0.0}\ndependencies: {}\n"],
      ["gitlab.yml", "before_script: [a]\nafter_script: [b]\ntest: {script: [c]}\n"],
      ["woodpecker.yml", "matrix: {include: [{A: 1}]}\nsteps: {a: {image: x, commands: [y]}}\n"],
      ["other.yml", "install: [a]\nbuild_script: [b]\ntest_script: [c]\ndeploy: {provider: NuGet}\n"],
      ["compose.yml", "services: {a: {image: b, deploy: {replicas: 1}}}\n"],
      ["list.yml", "- language: go\n- script: x\n"],
      ["empty.yml", ""],
    ] as const)
      assert.equal(claims(path, text), 0, path);
  });

  it("reads every phase, as a string, a list and a list in it, of the file and of its jobs", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `before_install: curl -s https://a.example/x | sh
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
install:
  - curl -s https://b.example/x | sh
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
before_script:
  - - curl -s https://c.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
script:
  - |
    echo
    curl -s https://d.example/x | sh
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
before_cache: ["curl -s https://e.example/x | sh"]
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
after_success: 'curl -s https://f.example/x | sh'
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
after_failure: curl -s https://g.example/x | sh
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
before_deploy: curl -s https://h.example/x | sh
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
deploy:
  - provider: script
    script: curl -s https://i.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - provider: heroku
    run: [curl -s https://j.example/x | sh]
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
after_deploy: curl -s https://k.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
after_script: curl -s https://l.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
addons:
  coverity_scan:
    build_command_prepend: curl -s https://m.example/x | sh
#                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
jobs:
  include:
    - install: curl -s https://n.example/x | sh
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      deploy: {provider: script, script: curl -s https://o.example/x | sh}
#                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("reads the old name of jobs, a list right under it, and what anchors bring into several", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `matrix:
  include:
    - &one
      stage: lint
      script: curl -s https://a.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - <<: *one
      env: A=1
    - *one
`,
    );
    check(
      "unpinned-remote-script",
      PATH,
      `jobs:
  - script: curl -s https://a.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("keeps directories, variables and files from phase to phase, as all of them are one process", () => {
    check(
      "unverified-download",
      PATH,
      `before_install:
  - export NAME=tool
  - mkdir bin && cd bin
install: curl -fsSLo $NAME https://a.example/tool
#        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
script: ../bin/tool
`,
    );
  });

  it("takes the phases that a job does not name from the file", () => {
    const pipeline = read(`install: [a]
script: [b]
jobs:
  include: [{name: one, script: [c]}, {stage: two, install: skip}, {env: "A=1 B=2"}, {}]
`);
    assert.deepEqual(
      pipeline.jobs.map(({ id, steps }) => `${id}: ${steps.flatMap((step) => step.scripts.map(({ text }) => text))}`),
      ["job: a,b", "one: a,c", "two: skip,b", "A=1 B=2: a,b", "4: a,b"],
    );
    assert.deepEqual(
      pipeline.jobs[1]?.steps.map(({ label }) => label),
      ["phase “install” of job “one”", "phase “script” of job “one”"],
    );
  });

  it("knows the shell, the machines, and what runs after a failure", () => {
    const pipeline = read(`os: [linux, osx]
script: a
after_failure: b
after_script: c
jobs: {include: [{os: windows}]}
`);
    const [matrix, windows] = pipeline.jobs;
    const [script] = matrix?.steps[0]?.scripts ?? [];
    assert.deepEqual(script?.shell, { language: "bash", errexit: false, pipefail: false });
    assert.deepEqual([script?.unit, script?.scratch, script?.folder], ["job", "/tmp", "."]);
    assert.deepEqual(script?.operatingSystems, ["linux", "macos"]);
    assert.deepEqual(windows?.steps[0]?.scripts[0]?.operatingSystems, ["windows"]);
    assert.deepEqual(
      matrix?.steps.map(({ label, always }) => `${label} ${always}`),
      ["phase “script” false", "phase “after_failure” true", "phase “after_script” true"],
    );
  });

  it("ends the job with a failing command before script, and goes on in script and within a command", () => {
    const good = `echo "${HASH}  t" | sha256sum -c -`;
    const bad = "#                                                                                ^^^^^^^^^^^^^^";
    check("ineffective-verification", PATH, `install:\n  - wget -q https://a.example/t\n  - ${good}\n  - bash t\n`);
    check(
      "ineffective-verification",
      PATH,
      `script:\n  - wget -q https://a.example/t\n  - ${good}\n${bad}\n  - bash t\n`,
    );
    check(
      "ineffective-verification",
      PATH,
      `script:\n  - wget -q https://a.example/t\n  - ${good} || exit 1\n  - bash t\n`,
    );
    check(
      "ineffective-verification",
      PATH,
      `install:\n  - |\n    wget -q https://a.example/t\n    ${good}\n${bad}\n    bash t\n`,
    );
    check(
      "ineffective-verification",
      PATH,
      `install:\n  - set -e\n  - |\n    wget -q https://a.example/t\n    ${good}\n    bash t\n`,
    );
  });

  it("reads variables as bash does, and knows no value on which the rows of the matrix disagree", () => {
    const variables = (text: string) =>
      read(text).jobs[0]?.scope.variables.map(({ name, value }) => `${name}=${value}`) ?? [];
    assert.deepEqual(variables(`script: x\nenv: A=1  B="x 'y' \\"z" C='$D' E=$F G="a"'b'\\ c H= I=\n`), [
      "A=1",
      `B=x 'y' "z`,
      "C=$D",
      "E=undefined",
      "G=ab c",
      "H=",
      "I=",
    ]);
    assert.deepEqual(variables("script: x\nenv: [A=1 B=1, A=1 B=2]\n"), ["A=1", "B=undefined", "A=1", "B=undefined"]);
    assert.deepEqual(variables("script: x\nenv: {global: [Z=1], jobs: [A=1]}\n"), ["A=1"]);
    assert.deepEqual(variables("script: x\nenv: {global: [Z=1], matrix: [A=2]}\n"), ["A=2"]);
    assert.deepEqual(variables("script: x\nenv: {A: 1, B: two}\n"), ["A=1", "B=two"]);
    const scope = read("script: x\nenv: {global: [Z=1, {Y: 2}]}\n").scope;
    assert.deepEqual(
      scope.variables.map(({ name, value }) => `${name}=${value}`),
      ["Z=1", "Y=2"],
    );
  });

  it("uses the values of variables for addresses", () => {
    check(
      "unverified-download",
      PATH,
      `env: {global: [V=1.2.3], jobs: [OS=linux]}
install:
  - curl -fsSLo tool https://raw.githubusercontent.com/o/r/$REF/tool
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - bash tool
jobs: {include: [{env: REF=${SHA}}]}
`,
    );
    check(
      "unverified-download",
      PATH,
      `env: {global: [REF=${SHA}]}
install:
  - curl -fsSLo tool https://raw.githubusercontent.com/o/r/$REF/tool
  - bash tool
`,
    );
  });

  it("gives each scope its secrets, those without a name as what the file says of them", () => {
    const text = `env:
  global:
    - secure: "abc"
    - PLAIN=1
    - TOKEN: {secure: "def"}
  jobs:
    - A=1
    - secure: "ghi"
script: x
deploy: {provider: npm, api_token: {secure: "jkl"}, email: a@b.example}
jobs:
  include: [{name: one, script: y, env: [{secure: "1"}, {secure: "2"}]}]
`;
    const pipeline = read(text);
    const whole = ["TOKEN (named, pipeline)", "an encrypted variable of the whole build (named, pipeline)", SETTINGS];
    assert.deepEqual(reachOf(pipeline, "phase “script”"), [
      "an encrypted variable of the jobs of the matrix (named, job)",
      ...whole,
    ]);
    assert.deepEqual(reachOf(pipeline, "phase “script” of job “one”"), [
      "2 encrypted variables of job “one” (named, job)",
      ...whole,
    ]);
    assert.equal(reachOf(pipeline, "the deployment by “npm”")[0], "api_token (named, job)");
    const spans = pipeline.scope.ambient.flatMap(({ span }) =>
      span === undefined ? [] : text.slice(span.start, span.end),
    );
    assert.deepEqual(spans, ['"abc"']);
  });

  it("counts what add-ons put into the environment, and not what they keep to themselves", () => {
    const pipeline = read(`script: x
addons:
  sonarcloud: {organization: a, token: {secure: b}}
  jwt: {secure: c}
  coverity_scan: {notification_email: {secure: d}}
`);
    assert.deepEqual(reachOf(pipeline, "phase “script”"), [
      "token of the add-on sonarcloud (named, pipeline)",
      "the secret of the add-on jwt (named, pipeline)",
      SETTINGS,
    ]);
  });

  it("reports a line that several jobs share with the reach of the one that has more to lose", () => {
    const pipeline = read(`install: x
jobs: {include: [{name: plain}, {name: secret, env: {secure: x}}]}
`);
    assert.deepEqual(
      pipeline.jobs.map(({ id }) => id),
      ["secret", "job", "plain"],
    );
  });

  it("reads imports and the source of another deployment tool, each with its pin and place", () => {
    const text = `import:
  - acme/ci:go.yml@v1 # shared
  - source: "acme/ci:node.yml@${SHA}"
    mode: deep_merge
  - acme/ci:all.yml
  - ci/local.yml
  - ci/other.yml@main
script: x
deploy:
  - {provider: npm, edge: true}
  - provider: s3
    edge:
      source: acme/dpl
      branch: next
  - {provider: pages, edge: false}
`;
    const found = [...referencesOf(read(text))].map(({ kind, text: written, span, target, repin }) => {
      assert.equal(text.slice(span.start, span.end), written);
      const ref = target.kind === "repository" ? `${target.repo} ${target.path} ${target.ref}` : "";
      const version = repin && text.slice(repin.version.start, repin.version.end);
      return `${kind} ${target.kind} ${ref} ${target.pin} ${version}`;
    });
    assert.deepEqual(found, [
      "include repository acme/ci go.yml v1 mutable v1",
      `include repository acme/ci node.yml ${SHA} pinned ${SHA}`,
      "include repository acme/ci all.yml undefined mutable undefined",
      "include local  pinned undefined",
      "include local  pinned undefined",
      "plugin repository acme/dpl  next mutable undefined",
    ]);
    assert.deepEqual(
      [...referencesOf(read("import: acme/ci:go.yml@v1\n"))].map(({ text: written }) => written),
      ["acme/ci:go.yml@v1"],
    );
  });

  it("pins an import to the commit behind its ref", () => {
    check(
      "unpinned-include",
      PATH,
      `import:
  - acme/ci:go.yml@v1 # shared
#   ^^^^^^^^^^^^^^^^^
  - ci/local.yml
`,
      {
        fixed: `import:
  - acme/ci:go.yml@${SHA} # v1.0.0 # shared
  - ci/local.yml
`,
        answers: [{ kind: "commit", commit: SHA, refKind: "tag", versionTag: "v1.0.0" }],
      },
    );
  });

  describe("tells bad from good", () => {
    const pairs: readonly Pair[] = [
      [
        "an uploader at the end",
        "unpinned-remote-script",
        `after_success:
  - bash <(curl -s https://codecov.io/bash) -t x
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `after_success:
  - curl -fsSLo u https://codecov.io/bash && echo "${HASH}  u" | sha256sum -c - && bash u
`,
      ],
      [
        "an installer on a branch or at a commit",
        "unpinned-remote-script",
        `install: curl -sSL https://raw.githubusercontent.com/o/r/master/i.sh | bash -s -- -b bin
#        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `install: curl -sSL https://raw.githubusercontent.com/o/r/${SHA}/i.sh | bash -s -- -b bin
`,
      ],
      [
        "a check that stands in an item of its own",
        "unverified-download",
        `install:
  - wget -q https://a.example/t.tgz
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - tar xzf t.tgz
  - ./t/configure
`,
        `install:
  - wget -q https://a.example/t.tgz
  - echo "${HASH}  t.tgz" | sha256sum -c -
  - tar xzf t.tgz
  - ./t/configure
`,
      ],
      [
        "a check whose failure nobody heeds",
        "ineffective-verification",
        `install:
  - wget -q https://a.example/t
  - echo "${HASH}  t" | sha256sum -c - || true
#                                                                                ^^^^^^^^^^^^^^
  - bash t
`,
        `install:
  - wget -q https://a.example/t
  - echo "${HASH}  t" | sha256sum -c -
  - bash t
`,
      ],
      [
        "a script that folds over lines",
        "unpinned-remote-script",
        `before_install:
  - curl -sSfL https://a.example/i.sh | sh -s --
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    -b $(go env GOPATH)/bin v1
`,
        `before_install:
  - curl -sSfL https://a.example/data.json |
    jq .name
`,
      ],
      [
        "a deployment",
        "unpinned-remote-script",
        `deploy:
- provider: script
  script: curl -sL https://a.example/release | bash
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `deploy:
- provider: script
  script: ./release.sh
`,
      ],
      [
        "text or code",
        "unpinned-remote-script",
        `script:
  - eval "$(curl -s https://a.example/env)"
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `script:
  - echo "$(curl -s https://a.example/env)"
`,
      ],
      [
        "a key or a script",
        "unpinned-remote-script",
        `before_install:
  - wget -qO- https://a.example/k | sudo bash
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `before_install:
  - wget -qO- https://a.example/k | sudo apt-key add -
`,
      ],
      [
        "a host on the way or the machine itself",
        "unpinned-remote-script",
        `script:
  - curl -s http://a.example:8080/x | sh
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `script:
  - curl -s http://127.0.0.1:8080/x | sh
`,
      ],
      [
        "a variable of the matrix or of the network",
        "unpinned-remote-script",
        `script:
  - SETUP=$(curl -s https://a.example/x)
  - eval "$SETUP"
#   ^^^^^^^^^^^^^
`,
        `env: SETUP="CC=gcc-8"
script:
  - eval "$SETUP"
`,
      ],
      [
        "an image of a tag or of a digest",
        "unpinned-image",
        `services: docker
script: docker run acme/tool:1 lint
#       ^^^^^^^^^^^^^^^^^^^^^^
`,
        `services: docker
script: docker run acme/tool:1@sha256:${HASH} lint
`,
      ],
      [
        "an import of a branch or of a commit",
        "unpinned-include",
        `import: acme/ci:a.yml@main
#       ^^^^^^^^^^^^^^^^^^
`,
        `import: acme/ci:a.yml@${SHA}
`,
      ],
      [
        "an import of the newest, or of this repository",
        "unpinned-include",
        `import:
  - source: acme/ci:a.yml
#           ^^^^^^^^^^^^^
`,
        `import:
  - source: ci/a.yml
`,
      ],
      [
        "a secret of all jobs or of one",
        "pipeline-wide-secret",
        `env:
  global:
    TOKEN: {secure: x}
#   ^^^^^^^^^^^^^^^^^^
install: make deps
script: make test
`,
        `install: make deps
jobs:
  include:
    - script: ./publish
      env: {TOKEN: {secure: x}}
`,
      ],
      [
        "a package of any version or of one",
        "unpinned-package",
        `script: npx semantic-release
#       ^^^^^^^^^^^^^^^^^^^^
`,
        `script: npx semantic-release@24.2.0
`,
      ],
      [
        "a download in one job and a tool of the same name in another",
        "unverified-download",
        `jobs:
  include:
    - install: curl -fsSLo tool https://a.example/tool
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      script: sh tool
`,
        `jobs:
  include:
    - install: curl -fsSLo tool https://a.example/tool
    - script: sh tool
`,
      ],
    ];
    tellsApart(PATH, pairs);
  });

  it("leaves out what has the wrong shape", () => {
    for (const text of [
      "",
      "just text",
      "- a\n- b",
      "env: 1\nscript: {a: b}\ndeploy: x\njobs: 3\nimport: [[], {source: []}, '']",
      "env: {global: {secure: [x]}, jobs: {a: {b: c}}}\njobs: {include: x}\nmatrix: [[script]]",
      "jobs: {include: {script: x}}\naddons: []\nos: {a: b}\nscript: !tag [a, !b c]",
      "deploy: [1, {edge: []}, {edge: {source: []}}]\nscript: &a [*a, x]",
    ])
      assert.equal(read(text).system, "travis-ci");
  });

  it("never throws, whatever stands under its keys", () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom("x", "A=1 B='", "secure", "osx", ""),
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom("secure", "include", "global", "jobs", "script", "provider", "edge"),
          tie("any"),
          {
            maxKeys: 3,
          },
        ),
      ),
    })).any;
    const keys = fc.constantFrom("env", "jobs", "matrix", "script", "install", "deploy", "import", "os", "addons");
    fc.assert(
      fc.property(fc.dictionary(keys, value, { maxKeys: 5 }), (file) => {
        assert.equal(read(JSON.stringify(file)).system, "travis-ci");
      }),
      { seed: 6, numRuns: 300 },
    );
  });
});
