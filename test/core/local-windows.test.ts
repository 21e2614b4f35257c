import { deepEqual } from "node:assert/strict";
import { analyze, DEFAULT_SETTINGS, EMPTY_CONTEXT, type Finding } from "../../server/core/index.ts";

// Scripts of PowerShell and cmd in the repository that a pipeline runs, and what shells of different kinds hand each other.

const U = "https://x.example/tool";
const HASH = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";

describe("scripts of PowerShell and cmd in the repository", () => {
  const FETCH = `param($x)\niwr ${U}.ps1 -OutFile t.ps1\n./t.ps1\n`;
  for (const [shell, run] of [
    ["pwsh", "./ci/x.ps1"],
    ["pwsh", "& .\\ci\\x.ps1 -Fast"],
    ["pwsh", ". ./ci/x.ps1"],
    ["pwsh", "cd ci\n./x.ps1"],
    ["powershell", "& $env:GITHUB_WORKSPACE/ci/x.ps1"],
    ["bash", "pwsh -NoProfile -File ci/x.ps1"],
    ["bash", "pwsh ci/x.ps1"],
    ["cmd", "powershell -ExecutionPolicy Bypass -File ci\\x.ps1"],
  ] as const) {
    it(`are followed from ${shell}: ${run.replace("\n", " ⏎ ")}`, () => {
      deepEqual(found(shell, run, { "ci/x.ps1": FETCH }), ["ci/x.ps1:2 unverified-download"]);
    });
  }

  for (const [shell, run] of [
    ["cmd", "call ci\\x.bat"],
    ["cmd", "ci\\x.bat --all"],
    ["cmd", "cmd /c ci\\x.bat"],
    ["pwsh", ".\\ci\\x.bat"],
    ["pwsh", "cmd /c ci\\x.bat"],
  ] as const) {
    it(`are followed from ${shell}: ${run}`, () => {
      const files = { "ci/x.bat": `@echo off\ncurl -o t.exe ${U}.exe\nt.exe /S\n` };
      deepEqual(found(shell, run, files), ["ci/x.bat:2 unverified-download"]);
    });
  }

  it("name what runs straight", () => {
    deepEqual(found("pwsh", "./x.ps1", { "x.ps1": `irm ${U} | iex\n` }), ["x.ps1:1 unpinned-remote-script"]);
  });

  it("are silent where they check", () => {
    const checked = `iwr ${U} -OutFile t.exe\nif ((Get-FileHash t.exe).Hash -ne '${HASH}') { throw 'changed' }\n./t.exe\n`;
    deepEqual(found("pwsh", "./x.ps1", { "x.ps1": checked }), []);
    const batch = `curl -fo t.exe ${U}\ncertutil -hashfile t.exe SHA256 | findstr /i /x /c:"${HASH}" >nul || exit /b 1\nt.exe\n`;
    deepEqual(found("cmd", "call x.bat", { "x.bat": batch }), []);
  });

  it("leave files for the lines behind them", () => {
    deepEqual(found("pwsh", "./get.ps1\n./t.exe", { "get.ps1": `iwr ${U} -OutFile t.exe\n` }), [
      "get.ps1:1 unverified-download",
    ]);
  });

  it("go on behind a batch file that another one calls, with what it set", () => {
    const files = { "get.bat": `set TOOL=t.exe\ncurl -o t.exe ${U}\nexit /b 0\n` };
    deepEqual(found("cmd", "call get.bat\n%TOOL% /S", files), ["get.bat:2 unverified-download"]);
  });

  it("end where they call each other in circles", () => {
    const files = { "a.bat": "call b.bat\n", "b.bat": `call a.bat\ncurl -o t.exe ${U}\nt.exe\n` };
    deepEqual(found("cmd", "call a.bat", files), ["b.bat:2 unverified-download"]);
  });

  it("are read with the addresses that a step's environment names", () => {
    const text = `on: push
jobs:
  a:
    runs-on: windows-latest
    env:
      TOOL_URL: ${U}.exe
    steps:
      - run: ./x.ps1
        shell: bash
      - run: ./x.ps1
        shell: pwsh
`;
    const { findings } = analyzed(text, { "x.ps1": "iwr $env:Tool_Url -OutFile t.exe\n./t.exe\n" });
    deepEqual(
      findings.map(({ message }) => message.includes(U)),
      [true],
    );
  });
});

describe("variables on their way from shell to shell", () => {
  it("go from cmd to PowerShell and back on AppVeyor, whose lines share their environment", () => {
    for (const lines of [
      [`cmd: set ADDRESS=${U}`, "ps: iwr $env:ADDRESS -OutFile t.exe", "cmd: t.exe"],
      [`ps: $env:ADDRESS = '${U}'`, "cmd: curl -o t.exe %ADDRESS%", "ps: ./t.exe"],
    ]) {
      const text = `build_script:\n${lines.map((line) => `  - ${line}\n`).join("")}test: off\n`;
      const { findings } = analyze({ path: "appveyor.yml", text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
      const [first] = remote(findings);
      deepEqual([first?.rule.id, first?.message.includes(U)], ["unverified-download", true], lines.join(" ⏎ "));
    }
  });

  it("go to later steps of CircleCI through $BASH_ENV, folders of programs too", () => {
    const steps = [
      `mkdir bin && curl -sL ${U} -o bin/tool && echo 'export PATH=./bin:$PATH' >> "$BASH_ENV"`,
      "tool --version",
    ];
    const text = `version: 2.1\njobs:\n  a:\n    docker: [{image: 'x@sha256:${HASH}'}]\n    steps:\n${steps.map((step) => `      - run: ${step}\n`).join("")}`;
    const { findings } = analyze({ path: ".circleci/config.yml", text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
    deepEqual(
      remote(findings).map(({ rule }) => rule.id),
      ["unverified-download"],
    );
  });

  it("go to later steps of Azure Pipelines through the log, folders of programs too", () => {
    const inPath = [`curl -sL ${U} -o tools/tool`, 'echo "##vso[task.prependpath]tools"', "tool --version"];
    const inVariable = [`echo "##vso[task.setvariable variable=address]${U}"`, 'curl -sL "$ADDRESS" | bash'];
    for (const [lines, rule] of [
      [inPath, "unverified-download"],
      [inVariable, "unpinned-remote-script"],
    ] as const) {
      const text = `steps:\n${lines.map((line) => `  - bash: |\n      ${line}\n`).join("")}`;
      const { findings } = analyze({ path: "azure-pipelines.yml", text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
      const [first] = remote(findings);
      deepEqual([first?.rule.id, first?.message.includes(U)], [rule, true], lines.join(" ⏎ "));
    }
  });
});

function found(shell: string, run: string, files: Readonly<Record<string, string>>): readonly string[] {
  const text = `on: push\njobs:\n  a:\n    runs-on: windows-latest\n    steps:\n      - shell: ${shell}\n        run: |\n          ${run.replaceAll("\n", "\n          ")}\n`;
  return analyzed(text, files).findings.map(({ path, rule, span }) => {
    const line = (files[path] ?? text).slice(0, span.start).split("\n").length;
    return `${path}:${line} ${rule.id}`;
  });
}

function analyzed(text: string, files: Readonly<Record<string, string>>): { readonly findings: readonly Finding[] } {
  const context = { ...EMPTY_CONTEXT, read: (path: string) => files[path] };
  return {
    findings: remote(analyze({ path: ".github/workflows/ci.yml", text }, context, DEFAULT_SETTINGS).findings),
  };
}

function remote(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ rule }) =>
    /^(?:unpinned-remote-script|unverified-download|ineffective-verification)$/.test(rule.id),
  );
}
