import assert from "node:assert/strict";
import fc from "fast-check";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf, stepsOf } from "../../server/core/model.ts";
import { reachOfScope } from "../../server/core/reach.ts";
import { bitbucketPipelines } from "../../server/core/systems/bitbucket-pipelines.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check, findingsOf } from "../check.ts";
import { type Pair, tellsApart } from "../support/pairs.ts";
import { reachOf, stepOf } from "../support/steps.ts";

const PATH = "bitbucket-pipelines.yml";
const SHA = "568a04821935cc92de7b4b05ea6fa9f6bf8a0592";
const HASH = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";

function read(text: string): Pipeline {
  return bitbucketPipelines.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

const SETTINGS = "every variable configured in the settings of the repository or its workspace (settings, pipeline)";

describe("Bitbucket Pipelines", () => {
  it("claims its file name at any depth, files with pipelines of steps, and nothing else", () => {
    const claims = (path: string, text: string) => bitbucketPipelines.claims(path, parseYaml(text));
    assert.equal(claims("bitbucket-pipelines.yml", ""), 2);
    assert.equal(claims("vendor/x/bitbucket-pipelines.yml", "x"), 2);
    assert.equal(claims("ci/x.yml", "pipelines: {default: [{step: {script: [a]}}]}\n"), 1);
    assert.equal(claims("ci/y.yml", "pipelines: {branches: {main: [{parallel: [{step: {script: [a]}}]}]}}\n"), 1);
    assert.equal(
      claims(".bitbucket/shared-pipelines.yml", "definitions: {pipelines: {a: [{step: {script: [b]}}]}}\n"),
      1,
    );
    for (const [path, text] of [
      ["my-bitbucket-pipelines.yml", ""],
      ["otel.yaml", "service: {pipelines: {traces: {receivers: [otlp]}}}\npipelines: {default: [a]}\n"],
      ["jfrog.yml", "pipelines: [{name: a, steps: [{name: b, type: Bash}]}]\n"],
      ["openapi.yaml", "openapi: 3.0.0\npaths: {}\ndefinitions: {steps: [{step: {script: [a]}}]}\n"],
      ["swagger.yaml", "definitions: {pipelines: {type: object, properties: {step: {type: string}}}}\n"],
      ["compose.yml", "services: {a: {image: b}}\n"],
      ["gitlab.yml", "a: {script: [b], stage: c}\n"],
      ["argo.yml", "kind: Pipeline\nspec: {steps: [{step: {script: [a]}}]}\n"],
      ["list.yml", "- pipelines: {default: [{step: {script: [a]}}]}\n"],
      ["empty.yml", ""],
    ] as const)
      assert.equal(claims(path, text), 0, path);
  });

  it("reads the steps of every kind of pipeline, in parallel and in stages, with what runs after them", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `pipelines:
  default:
    - step:
        script:
          - curl -s https://a.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        after-script:
          - curl -s https://b.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - parallel:
        - step: {script: [curl -s https://c.example/x | sh]}
#                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - parallel:
        fail-fast: true
        steps:
          - step: {script: ["curl -s https://d.example/x | sh"]}
#                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - stage:
        steps:
          - step:
              script:
                - |
                  echo
                  curl -s https://e.example/x | sh
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  branches: {main: [{step: {script: [curl -s https://f.example/x | sh]}}]}
#                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  tags: {'v*': [{step: {script: [curl -s https://g.example/x | sh]}}]}
#                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  pull-requests: {'**': [{step: {script: [curl -s https://h.example/x | sh]}}]}
#                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  custom:
    nightly:
      - variables: [{name: X}]
      - step: {script: [curl -s https://i.example/x | sh]}
#                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
definitions:
  pipelines:
    shared: [{step: {script: [curl -s https://j.example/x | sh]}}]
#                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  steps:
    - step: {script: [curl -s https://k.example/x | sh]}
#                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    - build: {script: [curl -s https://l.example/x | sh]}
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("reports once, as a part of the pipeline that runs it, what anchors define", () => {
    const text = `definitions:
  steps:
    - step: &build
        name: Build
        script:
          - &setup curl -s https://a.example/x | sh
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          - make
pipelines:
  default:
    - step: *build
  branches:
    main:
      - step:
          <<: *build
          deployment: production
      - step: {name: Other, script: [*setup]}
`;
    check("unpinned-remote-script", PATH, text);
    assert.deepEqual(
      read(text.replace(/^#.*\n/gm, "")).jobs.map(({ id }) => id),
      ["step “Build”", "step “Build”", "step “Other”"],
    );
  });

  it("runs all lines of a list in one shell, and what is after them in another", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `pipelines:
  default:
    - step:
        script:
          - CODE=$(curl -s https://a.example/x)
          - pipe: acme/tool:1.0.0
          - eval "$CODE"
#           ^^^^^^^^^^^^
        after-script:
          - eval "$CODE"
`,
    );
    check(
      "unverified-download",
      PATH,
      `pipelines:
  default:
    - step:
        script:
          - curl -fsSLo x https://a.example/x
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        after-script:
          - sh x
    - step:
        script:
          - sh x
`,
    );
  });

  it("knows the shell from the image and from the labels of the runner", () => {
    const setting = (keys: string) => {
      const [job] = read(`image: {name: alpine:3}\npipelines: {default: [{step: {${keys}script: [x]}}]}\n`).jobs;
      const [script] = job?.steps[0]?.scripts ?? [];
      return [script?.shell.language, script?.operatingSystems.join(), script?.scratch, script?.shell.errexit];
    };
    assert.deepEqual(setting(""), ["sh", "linux", "/tmp", true]);
    assert.deepEqual(setting("image: node:22, "), ["bash", "linux", "/tmp", true]);
    assert.deepEqual(setting("runs-on: [self.hosted, windows], "), ["powershell", "windows", "$env:TEMP", true]);
    assert.deepEqual(setting("image: x, runs-on: macos, "), ["bash", "macos", "/tmp", true]);
  });

  it("gives a step the settings, its deployment's and its stage's variables, and its token", () => {
    const pipeline = read(`pipelines:
  default:
    - step: {name: Build, script: [a]}
    - stage:
        name: Live
        deployment: production
        steps: [{step: {name: Release, oidc: true, script: [b]}}]
    - step: {name: Stage, deployment: staging, script: [c], after-script: [d]}
`);
    assert.deepEqual(reachOf(pipeline, "step “Build”"), [SETTINGS]);
    assert.deepEqual(reachOf(pipeline, "step “Release”"), [
      "BITBUCKET_STEP_OIDC_TOKEN (token, job)",
      "every variable of the deployment environment “production” (settings, stage)",
      SETTINGS,
    ]);
    assert.deepEqual(reachOf(pipeline, "after-script of step “Stage”"), [
      "every variable of the deployment environment “staging” (settings, job)",
      SETTINGS,
    ]);
    assert.deepEqual(
      [...stepsOf(pipeline)].map(({ step }) => step.always),
      [false, false, false, true],
    );
  });

  it("gives a pipe the variables that it is given, and says which come from the settings", () => {
    const pipeline = read(`pipelines:
  custom:
    deploy:
      - variables: [{name: REGION}]
      - step:
          script:
            - pipe: acme/s3:1.2.3
              variables: {KEY: $KEY, SECRET: "\${SECRET}", REGION: $REGION, BUILD: $BITBUCKET_BUILD_NUMBER, BUCKET: x}
`);
    assert.deepEqual(reachOf(pipeline, "pipe “acme/s3”"), ["KEY (settings, job)", "SECRET (settings, job)", SETTINGS]);
    assert.deepEqual(
      stepOf(pipeline, "pipe “acme/s3”").inputs.map(({ name }) => name),
      ["KEY", "SECRET", "REGION", "BUILD", "BUCKET"],
    );
  });

  it("asks for a protected tag where an import can name no commit", () => {
    for (const ref of ["main", "v1.2.0", "1.2"]) {
      const [finding] = findingsOf(
        "unpinned-include",
        PATH,
        `pipelines: {custom: {a: {import: "ci-shared:${ref}:a"}}}\n`,
      );
      assert.match(finding?.message ?? "", /Bitbucket takes no commit id here, so name a tag/, ref);
      assert.doesNotMatch(finding?.message ?? "", /full commit id/, ref);
      assert.deepEqual(finding?.fixes, []);
    }
  });

  it("reads images, pipes and imports, each with its pin and place", () => {
    const text = `image: node:22
definitions:
  services:
    docker: {memory: 2048}
    db:
      image: {name: "postgres:16@sha256:${HASH}", username: $USER}
      variables: {PASSWORD: $DB_PASSWORD}
  imports:
    shared: ci-shared:main
    files: ci-shared:v1:ci/pipelines.yml
    local: .bitbucket/shared-pipelines.yml
pipelines:
  default: {import: build@shared}
  custom:
    nightly: {import: ci-shared:main:nightly}
    deploy:
      - step:
          image: $BUILD_IMAGE
          script:
            - pipe: acme/s3:1.2
            - pipe: docker://acme/s3:1.2
            - pipe: docker://acme/s3@sha256:${HASH}
            - pipe: acme/s3
            - pipe: $PIPE
`;
    const pipeline = read(text);
    const found = [...referencesOf(pipeline)].map(({ kind, text: written, span, target }) => {
      assert.equal(text.slice(span.start, span.end), written);
      const named = target.kind === "repository" ? ` ${target.host} ${target.repo} ${target.path} ${target.ref}` : "";
      return `${kind} ${target.kind}${named} ${target.pin}`;
    });
    assert.deepEqual(found, [
      "image image mutable",
      "image image pinned",
      "include repository  ci-shared  main mutable",
      "include repository  ci-shared ci/pipelines.yml v1 mutable",
      "include local pinned",
      "include repository  ci-shared  main mutable",
      "image image unknown",
      "pipe repository bitbucket.org acme/s3  1.2 mutable",
      "image image mutable",
      "image image pinned",
      "pipe repository bitbucket.org acme/s3  undefined mutable",
      "pipe other unknown",
    ]);
    const service = pipeline.references[1]?.scope;
    assert.ok(service);
    assert.deepEqual(
      reachOfScope(service).map(({ name, level }) => `${name} ${level}`),
      ["DB_PASSWORD service", "every variable configured in the settings of the repository or its workspace pipeline"],
    );
  });

  describe("tells bad from good", () => {
    const pairs: readonly Pair[] = [
      [
        "an installer in a pipe of the shell",
        "unpinned-remote-script",
        `pipelines:
  default:
    - step:
        script:
          - curl -s https://cli.example/i.sh | bash
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `pipelines:
  default:
    - step:
        script:
          - curl -s https://cli.example/i.sh | tee i.sh
`,
      ],
      [
        "a branch or a commit",
        "unpinned-remote-script",
        `pipelines:
  default:
    - step:
        script:
          - curl -s https://raw.githubusercontent.com/o/r/main/i.sh | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `pipelines:
  default:
    - step:
        script:
          - curl -s https://raw.githubusercontent.com/o/r/${SHA}/i.sh | sh
`,
      ],
      [
        "Python that runs what it reads",
        "unpinned-remote-script",
        `pipelines:
  default:
    - step:
        script: ["python3 -c 'import urllib.request as u;exec(u.urlopen(\\"https://x.example/a.py\\").read())'"]
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `pipelines:
  default:
    - step:
        script: [python3 ci/a.py]
`,
      ],
      [
        "a download with and without a check",
        "unverified-download",
        `pipelines:
  default:
    - step:
        script:
          - curl https://sh.example/up > setup.sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          - chmod +x setup.sh
          - yes | ./setup.sh
`,
        `pipelines:
  default:
    - step:
        script:
          - curl https://sh.example/up > setup.sh
          - echo "${HASH}  setup.sh" | sha256sum -c -
          - chmod +x setup.sh
          - yes | ./setup.sh
`,
      ],
      [
        "a check that nobody heeds",
        "ineffective-verification",
        `pipelines:
  default:
    - step:
        script:
          - curl -so t https://a.example/t
          - echo "${HASH}  t" | sha256sum -c - || true
#                                                                                        ^^^^^^^^^^^^^^
          - sh t
`,
        `pipelines:
  default:
    - step:
        script:
          - curl -so t https://a.example/t
          - echo "${HASH}  t" | sha256sum -c -
          - sh t
`,
      ],
      [
        "the next step, which has files of its own",
        "unverified-download",
        `pipelines:
  default:
    - step:
        script:
          - curl -so t https://a.example/t
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          - sh t
`,
        `pipelines:
  default:
    - step: {script: [curl -so t https://a.example/t]}
    - step: {script: [sh t]}
`,
      ],
      [
        "the image of the file",
        "unpinned-image",
        `image: node
#      ^^^^
pipelines: {default: [{step: {script: [x]}}]}
`,
        `image: node:22.12.0@sha256:${HASH}
pipelines: {default: [{step: {script: [x]}}]}
`,
      ],
      [
        "the image of a step",
        "unpinned-image",
        `pipelines:
  default:
    - step:
        image: {name: registry.example.com/ci/build:latest}
#                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        script: [x]
`,
        `pipelines:
  default:
    - step:
        image: {name: "registry.example.com/ci/build@sha256:${HASH}"}
        script: [x]
`,
      ],
      [
        "the image of a service",
        "unpinned-image",
        `definitions:
  services:
    db: {image: postgres:16}
#               ^^^^^^^^^^^
`,
        `definitions:
  services:
    db: {image: $DB_IMAGE}
    docker: {type: docker}
`,
      ],
      [
        "the image of a pipe",
        "unpinned-image",
        `pipelines:
  default:
    - step:
        script:
          - pipe: docker://acme/s3:1
#                 ^^^^^^^^^^^^^^^^^^
`,
        `pipelines:
  default:
    - step:
        script:
          - pipe: docker://acme/s3@sha256:${HASH}
`,
      ],
      [
        "an image that a script runs",
        "unpinned-image",
        `pipelines:
  default:
    - step:
        services: [docker]
        script: [docker run acme/lint]
#                ^^^^^^^^^^^^^^^^^^^^
`,
        `pipelines:
  default:
    - step:
        services: [docker]
        script: [docker build -t lint ., docker run lint]
`,
      ],
      [
        "a pipeline of another repository or of this one",
        "unpinned-include",
        `pipelines:
  custom:
    nightly:
      import: ci-shared:main:nightly
#             ^^^^^^^^^^^^^^^^^^^^^^
`,
        `definitions: {imports: {own: .bitbucket/own-pipelines.yml}}
pipelines:
  custom:
    nightly:
      import: nightly@own
`,
      ],
      [
        "a package of any version or of one",
        "unpinned-package",
        `pipelines:
  default:
    - step: {script: [pip install acme-tool]}
#                     ^^^^^^^^^^^^^^^^^^^^^
`,
        `pipelines:
  default:
    - step: {script: [pip install acme-tool==1.2.3]}
`,
      ],
      [
        "PowerShell on a runner with Windows",
        "unpinned-remote-script",
        `pipelines:
  default:
    - step:
        runs-on: [self.hosted, windows]
        script: [irm https://a.example/i.ps1 | iex]
#                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `pipelines:
  default:
    - step:
        runs-on: [self.hosted, windows]
        script: [irm https://a.example/i.json | Out-Null]
`,
      ],
      [
        "a key that is no script",
        "unpinned-remote-script",
        `pipelines:
  default:
    - step: {name: curl https://a.example/x | sh, script: [curl https://a.example/x | sh]}
#                                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `pipelines:
  default:
    - step: {name: curl https://a.example/x | sh, script: [make]}
`,
      ],
    ];
    tellsApart(PATH, pairs);
  });

  it("leaves out what has the wrong shape", () => {
    for (const text of [
      "",
      "just text",
      "- a",
      "image: [a]\npipelines: x\ndefinitions: [b]",
      "pipelines: {default: {step: x}, branches: [a], custom: {a: {import: [b]}}}",
      "pipelines: {default: [{step: {script: x}}, {step: {script: [{pipe: [a]}, [b], {c: d}]}}, 1, {stage: 2}]}",
      "definitions: {services: [a], imports: {b: [c]}, steps: {d: {script: [!tag e, {pipe: ''}]}}}",
      "pipelines: &a {default: [*a, {parallel: {steps: *a}}]}",
    ])
      assert.equal(read(text).system, "bitbucket-pipelines");
  });

  it("never throws, whatever stands under its keys", () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom("x", "a:b:c", "docker://x", "$A", ""),
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom(
            "step",
            "script",
            "parallel",
            "stage",
            "steps",
            "pipe",
            "image",
            "name",
            "variables",
            "import",
          ),
          tie("any"),
          { maxKeys: 3 },
        ),
      ),
    })).any;
    const keys = fc.constantFrom("pipelines", "definitions", "image", "options");
    fc.assert(
      fc.property(fc.dictionary(keys, value, { maxKeys: 4 }), (file) => {
        assert.equal(read(JSON.stringify(file)).system, "bitbucket-pipelines");
      }),
      { seed: 6, numRuns: 300 },
    );
  });
});
