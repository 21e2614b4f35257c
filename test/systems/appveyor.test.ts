import assert from "node:assert/strict";
import fc from "fast-check";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import type { Pipeline, Step } from "../../server/core/model.ts";
import { appveyor } from "../../server/core/systems/appveyor.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";
import { type Pair, tellsApart } from "../support/pairs.ts";
import { reachOf, stepOf } from "../support/steps.ts";

const PATH = "appveyor.yml";
const SHA = "568a04821935cc92de7b4b05ea6fa9f6bf8a0592";
const HASH = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";

function read(text: string): Pipeline {
  return appveyor.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

const SETTINGS = "every variable configured in the project's settings (settings, pipeline)";

describe("AppVeyor", () => {
  it("claims its file names at any depth, files with its keys, and nothing else", () => {
    const claims = (path: string, text: string) => appveyor.claims(path, parseYaml(text));
    assert.equal(claims("appveyor.yml", ""), 2);
    assert.equal(claims("vendor/x/.appveyor.yml", "x"), 2);
    assert.equal(claims("ci/windows.yml", "build_script: [a]\ntest_script: [b]\n"), 1);
    assert.equal(claims("ci/list.yml", "- clone_folder: c\\x\n  install: [{ps: b}]\n  skip_tags: true\n"), 1);
    for (const [path, text] of [
      ["my-appveyor.yml", ""],
      ["travis.yml", "language: go\ninstall: [a]\nscript: [b]\nbefore_deploy: [c]\nafter_deploy: [d]\n"],
      ["values.yaml", "image: x\ninit: [a]\ninstall: [b]\nenvironment: {A: b}\n"],
      ["translations.yml", "before_build: x\n"],
      ["off.yml", "clone_folder: x\nskip_tags: true\n"],
      ["pubspec.yaml", "name: x\nversion: 1.0.0\nenvironment: {sdk: x}\n"],
      ["compose.yml", "services: {a: {image: b, environment: {A: b}}}\n"],
      ["gitlab.yml", "test: {script: [a], stage: b}\nimage: x\n"],
      ["list.yml", "- a\n- b\n"],
      ["empty.yml", ""],
    ] as const)
      assert.equal(claims(path, text), 0, path);
  });

  it("reads every phase, as a string, a list and a map, for each of its shells", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `image: Ubuntu
init:
  - curl -s https://a.example/x | sh
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
install: curl -s https://b.example/x | sh
#        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
before_build:
  - sh: curl -s https://c.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
build_script:
  - ps: iex (irm https://d.example/x)
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
after_build:
  - pwsh: irm https://e.example/x | iex
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
before_package:
  ps: iwr -useb https://f.example/x | iex
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
before_test:
  - sh: |
      echo
      curl -s https://g.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
test_script: [{sh: curl -s https://h.example/x | sh}]
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
after_test: 'curl -s https://i.example/x | sh'
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
before_deploy: curl -s https://j.example/x | sh
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
deploy_script: curl -s https://k.example/x | sh
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
after_deploy: curl -s https://l.example/x | sh
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
on_success: curl -s https://m.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
on_failure: curl -s https://n.example/x | sh
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
on_finish: curl -s https://o.example/x | sh
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
for:
  - branches: {only: [main]}
    install: curl -s https://p.example/x | sh
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
    check(
      "unpinned-remote-script",
      PATH,
      `install:
  - curl -s https://a.example/x | bash
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - cmd: powershell -Command "irm https://b.example/x | iex"
#                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("reads a list of configurations, each for its branches", () => {
    const text = `- branches: {only: [main]}
  environment: {A: {secure: x}}
  install: curl -s https://a.example/x | bash
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
-
  install: curl -s https://b.example/x | bash
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`;
    check("unpinned-remote-script", PATH, text);
    const pipeline = read(text.replace(/^#.*\n/gm, ""));
    assert.deepEqual(reachOf(pipeline, "phase “install” of job “main”"), ["A (named, group)", SETTINGS]);
    assert.deepEqual(reachOf(pipeline, "phase “install” of job “2”"), [SETTINGS]);
  });

  it("reports once what anchors and several jobs bring to several places", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `image: Ubuntu
install: &setup
  - curl -s https://a.example/x | sh
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
test_script: *setup
for:
  - {branches: {only: [a]}, on_finish: *setup}
  - {branches: {only: [b]}}
`,
    );
  });

  it("keeps directory, environment and files over phases and shells, as all of them live as long as the job", () => {
    check(
      "unverified-download",
      PATH,
      `environment: {VERSION: 1.2.3}
install:
  - cd tools
  - appveyor DownloadFile https://a.example/t-%VERSION%.exe -FileName t.exe
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - cd ..
build_script:
  - ps: .\\tools\\t.exe
`,
    );
  });

  it("knows shell, machine and place for downloads of each line", () => {
    const lines = (head: string) => {
      const [job] = read(`${head}install: [a, {cmd: b}, {sh: c}, {ps: d}, {pwsh: e}, {other: f}]\n`).jobs;
      return job?.steps[0]?.scripts.map(
        ({ text, shell, operatingSystems, scratch }) =>
          `${text} ${shell.language} ${shell.errexit} ${operatingSystems.join("+")} ${scratch}`,
      );
    };
    assert.deepEqual(lines(""), [
      "a cmd true windows %TEMP%",
      "b cmd true windows %TEMP%",
      "c bash true linux /tmp",
      "d powershell true windows $env:TEMP",
      "e powershell true windows $env:TEMP",
    ]);
    assert.deepEqual(lines("image: Ubuntu2204\n")?.slice(0, 4), [
      "a bash true linux /tmp",
      "b cmd true windows %TEMP%",
      "c bash true linux /tmp",
      "d powershell true linux /tmp",
    ]);
    const first = (head: string) => lines(head)?.[0];
    assert.equal(first("image: macOS\n"), "a bash true macos /tmp");
    assert.equal(first("image: [Visual Studio 2022, Ubuntu]\n"), "a cmd true windows %TEMP%");
    assert.equal(first("environment: {APPVEYOR_BUILD_WORKER_IMAGE: Ubuntu}\n"), "a bash true linux /tmp");
    assert.equal(first("environment: {matrix: [{appveyor_build_worker_image: Ubuntu}]}\n"), "a bash true linux /tmp");
  });

  it("takes what an entry of for does not say from the configuration, and its machine from the jobs it is for", () => {
    const pipeline = read(`environment:
  matrix: [{job_name: Win, appveyor_build_worker_image: Visual Studio 2022}, {job_name: Lin, appveyor_build_worker_image: Ubuntu}]
install: [a]
test_script: [b]
for:
  - {matrix: {only: [{job_name: Lin}]}, test_script: [c]}
  - {matrix: {only: [{image: Ubuntu}]}}
  - {branches: {only: [main]}, image: macOS}
`);
    assert.deepEqual(
      pipeline.jobs.map(({ id, steps }) => {
        const scripts = steps.flatMap((step) => step.scripts);
        return `${id}: ${scripts.map(({ text, shell }) => `${text} ${shell.language}`).join(", ")}`;
      }),
      ["job: a cmd, b cmd", "Lin: a bash, c bash", "2: a bash, b bash", "main: a bash, b bash"],
    );
    assert.deepEqual(
      pipeline.jobs[1]?.steps.map(({ label }) => label),
      ["phase “install” of job “Lin”", "phase “test_script” of job “Lin”"],
    );
  });

  it("ends the job with an exception of one item, before the next one runs", () => {
    check(
      "ineffective-verification",
      PATH,
      `install:
  - ps: iwr https://a.example/i.ps1 -OutFile i.ps1
  - ps: if ((Get-FileHash i.ps1).Hash -ne '${HASH}') { throw 'hash' }
  - ps: ./i.ps1
`,
    );
  });

  it("runs the handlers of failures after failures", () => {
    const [job] = read("install: a\non_success: b\non_failure: c\non_finish: d\n").jobs;
    assert.deepEqual(
      job?.steps.map(({ label, always }) => `${label} ${always}`),
      ["phase “install” false", "phase “on_success” false", "phase “on_failure” true", "phase “on_finish” true"],
    );
  });

  it("gives each scope its variables and secrets", () => {
    const pipeline = read(`environment:
  A: {secure: a}
  PATHS: c:\\x;%PATH%
  global: {B: {secure: b}, PLAIN: one}
  matrix: [{C: {secure: c}, V: 1}, {V: 2, W: 3}]
install: x
deploy:
  - {provider: NuGet, api_key: {secure: d}, artifact: x}
  - provider: S3
    secret_access_key: $(AWS_KEY)
notifications: [{provider: Slack, auth_token: {secure: e}}]
for:
  - {branches: {only: [main]}, environment: {D: {secure: f}}}
`);
    const whole = ["A (named, pipeline)", "B (named, pipeline)", SETTINGS];
    assert.deepEqual(reachOf(pipeline, "phase “install”"), ["C (named, job)", ...whole]);
    assert.deepEqual(reachOf(pipeline, "phase “install” of job “main”"), [
      "D (named, job)",
      "C (named, job)",
      ...whole,
    ]);
    assert.equal(reachOf(pipeline, "the deployment by “NuGet”")[0], "api_key (named, job)");
    assert.equal(reachOf(pipeline, "the notification by “Slack”")[0], "auth_token (named, job)");
    const values = (step: Step) => step.scope.variables.map(({ name, value }) => `${name}=${value}`);
    assert.deepEqual(values(stepOf(pipeline, "phase “install”")), ["C=undefined", "V=undefined", "V=undefined", "W=3"]);
    assert.deepEqual(
      pipeline.scope.variables.map(({ name, value }) => `${name}=${value}`),
      ["A=undefined", "PATHS=undefined", "B=undefined", "PLAIN=one"],
    );
  });

  it("speaks of a secret of the whole build, and moves it where only a special job needs it", () => {
    check(
      "pipeline-wide-secret",
      PATH,
      `environment:
  CI: true
  NUGET_KEY: {secure: abc==}
# ^^^^^^^^^^^^^^^^^^^^^^^^^^
install: nuget restore
for:
  - branches: {only: [main]}
    after_build: nuget push *.nupkg -ApiKey %NUGET_KEY%
`,
      {
        fixed: `environment:
  CI: true
install: nuget restore
for:
  - branches: {only: [main]}
    after_build: nuget push *.nupkg -ApiKey %NUGET_KEY%
    environment:
      NUGET_KEY: {secure: abc==}
`,
      },
    );
    check(
      "pipeline-wide-secret",
      PATH,
      `environment: {KEY: {secure: abc==}}
#             ^^^^^^^^^^^^^^^^^^^^
install: x
deploy: {provider: NuGet, api_key: $(KEY)}
`,
    );
  });

  it("takes no image of a machine for a reference to code", () => {
    assert.deepEqual(read("image: Ubuntu\nservices: docker\ninstall: x\n").references, []);
    check("unpinned-image", PATH, "image: [Visual Studio 2022, Ubuntu]\ninstall: x\n");
  });

  describe("tells bad from good", () => {
    const pairs: readonly Pair[] = [
      [
        "PowerShell that runs what it reads",
        "unpinned-remote-script",
        `install:
  - ps: iex ((New-Object Net.WebClient).DownloadString('https://a.example/i.ps1'))
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `install:
  - ps: $text = (New-Object Net.WebClient).DownloadString('https://a.example/i.txt'); Write-Host $text
`,
      ],
      [
        "a branch or a commit",
        "unpinned-remote-script",
        `on_finish:
  - ps: iex (irm https://raw.githubusercontent.com/appveyor/ci/master/scripts/enable-rdp.ps1)
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `on_finish:
  - ps: iex (irm https://raw.githubusercontent.com/appveyor/ci/${SHA}/scripts/enable-rdp.ps1)
`,
      ],
      [
        "a program that is checked in PowerShell",
        "unverified-download",
        `install:
  - ps: |
      iwr https://a.example/t.ps1 -OutFile t.ps1
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      ./t.ps1
`,
        `install:
  - ps: |
      iwr https://a.example/t.ps1 -OutFile t.ps1
      if ((Get-FileHash t.ps1).Hash -ne '${HASH.toUpperCase()}') { throw 'hash' }
      ./t.ps1
`,
      ],
      [
        "AppVeyor's own download command",
        "unverified-download",
        `install:
  - appveyor DownloadFile https://win.a.example/ -FileName init.exe
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - init.exe -y
`,
        `install:
  - appveyor DownloadFile https://win.a.example/data.json -FileName data.json
  - type data.json
`,
      ],
      [
        "its PowerShell form, with an archive",
        "unverified-download",
        `install:
  - ps: Start-FileDownload 'https://a.example/p.zip' 'p.zip'
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - 7z x p.zip -op
  - p\\p.exe
`,
        `install:
  - ps: Start-FileDownload 'https://a.example/p.zip' 'p.zip'
  - 7z x p.zip -op
  - q\\q.exe
`,
      ],
      [
        "curl in cmd",
        "unverified-download",
        `install:
  - curl -sSfL https://a.example/i.exe -o i.exe
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - i.exe /S
`,
        `install:
  - curl -sSfL https://a.example/data.csv -o data.csv
  - python tools\\import.py data.csv
`,
      ],
      [
        "an address of a variable",
        "unpinned-remote-script",
        `environment: {REF: main}
install:
  - ps: iex (irm "https://raw.githubusercontent.com/o/r/$env:REF/i.ps1")
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `environment: {REF: ${SHA}}
install:
  - ps: iex (irm "https://raw.githubusercontent.com/o/r/$env:REF/i.ps1")
`,
      ],
      [
        "a step of another shell that runs the file",
        "unverified-download",
        `install:
  - ps: iwr https://a.example/i.ps1 -OutFile i.ps1
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - cmd: powershell -File i.ps1
`,
        `install:
  - ps: iwr https://a.example/i.ps1 -OutFile i.ps1
  - cmd: powershell -File other.ps1
`,
      ],
      [
        "bash on Linux",
        "unpinned-remote-script",
        `image: Ubuntu
install: bash <(curl -s https://a.example/i.sh)
#        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `image: Ubuntu
install: diff <(curl -s https://a.example/i.sh) i.sh
`,
      ],
      [
        "a check in an item of its own",
        "unverified-download",
        `image: Ubuntu
install:
  - curl -fsSLo t https://a.example/t
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - chmod +x t && ./t
`,
        `image: Ubuntu
install:
  - curl -fsSLo t https://a.example/t
  - echo "${HASH}  t" | sha256sum -c -
  - chmod +x t && ./t
`,
      ],
      [
        "the machine itself",
        "unpinned-remote-script",
        `test_script:
  - ps: iex (irm http://a.example:9000/run)
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `test_script:
  - ps: iex (irm http://localhost:9000/run)
`,
      ],
      [
        "text about a script",
        "unpinned-remote-script",
        `install:
  - ps: irm https://a.example/i.ps1 | iex
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `install:
  - ps: Write-Host 'Run irm https://a.example/i.ps1 | iex'
`,
      ],
      [
        "a secret of all scripts or of a provider",
        "pipeline-wide-secret",
        `environment:
  KEY: {secure: x}
# ^^^^^^^^^^^^^^^^
install: a
test_script: b
`,
        `install: a
test_script: b
deploy: {provider: NuGet, api_key: {secure: x}}
`,
      ],
      [
        "an image of a tag or of a digest",
        "unpinned-image",
        `image: Ubuntu
test_script:
  - docker run --rm acme/tool:1 lint
#   ^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `image: Ubuntu
test_script:
  - docker run --rm acme/tool@sha256:${HASH} lint
`,
      ],
      [
        "a package of any version or of one",
        "unpinned-package",
        `install:
  - pip install acme-tool
#   ^^^^^^^^^^^^^^^^^^^^^
`,
        `install:
  - pip install acme-tool==1.2.3
`,
      ],
      [
        "a special job",
        "unpinned-remote-script",
        `for:
  - matrix: {only: [{image: Ubuntu}]}
    install: curl -s https://a.example/i.sh | sh
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
        `for:
  - matrix: {only: [{image: Ubuntu}]}
    install: sh i.sh
`,
      ],
    ];
    tellsApart(PATH, pairs);
  });

  it("leaves out what has the wrong shape", () => {
    for (const text of [
      "",
      "just text",
      "- a\n- [b]",
      "environment: 1\ninstall: {a: b}\ndeploy: off\nfor: 3\nimage: {a: b}",
      "environment: [{A: b}]\nfor: [[x], {environment: y, matrix: {only: [z]}}]\nnotifications: x",
      "install: [[a], {ps: [b]}, {ps: {c: d}}, !tag e]\ndeploy: [1, {provider: [x]}]",
      "environment: {matrix: {A: b}, global: [c]}\ninstall: &a [*a, x]",
    ])
      assert.equal(read(text).system, "appveyor");
  });

  it("never throws, whatever stands under its keys", () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom("x", "Ubuntu", "off", ""),
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("secure", "matrix", "only", "global", "ps", "image", "provider"), tie("any"), {
          maxKeys: 3,
        }),
      ),
    })).any;
    const keys = fc.constantFrom("environment", "for", "install", "deploy", "notifications", "image", "on_finish");
    fc.assert(
      fc.property(fc.dictionary(keys, value, { maxKeys: 5 }), (file) => {
        assert.equal(read(JSON.stringify(file)).system, "appveyor");
      }),
      { seed: 6, numRuns: 300 },
    );
  });
});
