import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { analyze, applyEdits, DEFAULT_SETTINGS, EMPTY_CONTEXT, type Finding } from "../../server/core/index.ts";
import { answered } from "../check.ts";
import { useFolders } from "../support/folder.ts";

const PATH = ".github/workflows/ci.yml";
const SCRIPT = "Set-Content -Path ran.txt -Value ran\n";
const HASH = createHash("sha256").update(SCRIPT).digest("hex");
const FILE = '"$env:RUNNER_TEMP/example-install.ps1"';
const checked = (file: string, name = "install.ps1") =>
  `if ((Get-FileHash ${file}).Hash -ne '${HASH}') { Write-Host 'SHA-256 mismatch: ${name}'; exit 1 }`;

/** The text of each form before and after. */
const PAIRS: readonly (readonly [before: string, after: string])[] = [
  [
    "iwr https://example.com/install.ps1 -UseBasicParsing | iex",
    `iwr https://example.com/install.ps1 -UseBasicParsing -OutFile ${FILE}\n${checked(FILE)}\nGet-Content -Raw ${FILE} | iex`,
  ],
  [
    "irm 'https://example.com/install.ps1' | Invoke-Expression",
    `irm 'https://example.com/install.ps1' -OutFile ${FILE}\n${checked(FILE)}\nGet-Content -Raw ${FILE} | Invoke-Expression`,
  ],
  [
    "iex (irm https://example.com/install.ps1)",
    `irm https://example.com/install.ps1 -OutFile ${FILE}\n${checked(FILE)}\niex (Get-Content -Raw ${FILE})`,
  ],
  [
    "iex ((New-Object System.Net.WebClient).DownloadString('https://example.com/install.ps1'))",
    `(New-Object System.Net.WebClient).DownloadFile('https://example.com/install.ps1', ${FILE})\n${checked(FILE)}\niex (Get-Content -Raw ${FILE})`,
  ],
  [
    "& ([scriptblock]::Create((irm https://example.com/install.ps1))) -Version 1.2 -Quiet",
    `irm https://example.com/install.ps1 -OutFile ${FILE}\n${checked(FILE)}\n& ([scriptblock]::Create((Get-Content -Raw ${FILE}))) -Version 1.2 -Quiet`,
  ],
  [
    "Set-ExecutionPolicy Bypass -Scope Process -Force; iex ((New-Object System.Net.WebClient).DownloadString('https://example.com/install.ps1'))",
    `Set-ExecutionPolicy Bypass -Scope Process -Force\n(New-Object System.Net.WebClient).DownloadFile('https://example.com/install.ps1', ${FILE})\n${checked(FILE)}\niex (Get-Content -Raw ${FILE})`,
  ],
  [
    "Invoke-WebRequest https://example.com/install.ps1 -OutFile install.ps1; ./install.ps1 -Quiet",
    `Invoke-WebRequest https://example.com/install.ps1 -OutFile install.ps1\n${checked("install.ps1")}\n./install.ps1 -Quiet`,
  ],
  [
    "Invoke-WebRequest https://example.com/setup.exe -OutFile setup.exe\nStart-Process -Wait ./setup.exe /S",
    `Invoke-WebRequest https://example.com/setup.exe -OutFile setup.exe\n${checked("setup.exe", "setup.exe")}\nStart-Process -Wait ./setup.exe /S`,
  ],
  [
    "Start-BitsTransfer -Source https://example.com/setup.exe -Destination setup.exe\n& .\\setup.exe /S",
    `Start-BitsTransfer -Source https://example.com/setup.exe -Destination setup.exe\n${checked("setup.exe", "setup.exe")}\n& .\\setup.exe /S`,
  ],
  [
    "if ($env:CI) {\n  irm https://example.com/install.ps1 | iex\n}",
    `if ($env:CI) {\n  irm https://example.com/install.ps1 -OutFile ${FILE}\n  ${checked(FILE)}\n  Get-Content -Raw ${FILE} | iex\n}`,
  ],
];

describe("pinning a fetch of PowerShell in a workflow", () => {
  for (const [before, after] of PAIRS) {
    it(`rewrites ${before.replaceAll("\n", "⏎")}`, () => {
      assert.equal(pinned(before), workflow(after));
      assert.deepEqual(remote(workflow(after)), [], "nothing is left to find");
    });
  }

  it("makes a block of a single line", () => {
    const text = workflow("X").replace(/\|\n\s+X/, "irm https://example.com/install.ps1 | iex");
    assert.equal(pinnedText(text), workflow(PAIRS[2]?.[1].replace(/iex \((.*)\)$/, "$1 | iex") ?? ""));
  });

  it("pins an address on a branch at its commit", () => {
    const commit = "568a04821935cc92de7b4b05ea6fa9f6bf8a0592";
    const after = pinned("irm https://raw.githubusercontent.com/acme/tool/main/i.ps1 | iex");
    assert.ok(after.includes(`irm https://raw.githubusercontent.com/acme/tool/${commit}/i.ps1 -OutFile`), after);
  });

  describe("in PowerShell itself", () => {
    const folder = useFolders();
    for (const [before, after] of PAIRS.filter(([text]) => /^(?:irm|iex \(irm|& \()/.test(text))) {
      it(`runs the pinned content and no other: ${before}`, function () {
        if (spawnSync("pwsh", ["-NoProfile", "-Command", "exit 0"]).status !== 0) {
          console.log("        pwsh is not here, so no PowerShell has run this");
          this.skip();
        }
        for (const [content, code] of [
          [SCRIPT, 0],
          [`${SCRIPT}# altered`, 1],
        ] as const) {
          const root = folder({ served: content });
          const stub = "Remove-Item Alias:irm\nfunction irm($Uri, $OutFile) { Copy-Item served $OutFile }\n";
          writeFileSync(path.join(root, "step.ps1"), `$ErrorActionPreference = 'stop'\n${stub}${after}`);
          const env = { ...process.env, RUNNER_TEMP: root };
          const { status } = spawnSync("pwsh", ["-NoProfile", "-File", "step.ps1"], { cwd: root, env });
          assert.equal(status, code);
          const ran = code === 0 ? "ran" : undefined;
          assert.equal(textOf(path.join(root, "ran.txt")), ran);
        }
      });
    }
  });
});

function workflow(script: string): string {
  const lines = script.split("\n").map((line) => `          ${line}\n`);
  return `on: push\njobs:\n  a:\n    runs-on: windows-2022\n    steps:\n      - shell: pwsh\n        run: |\n${lines.join("")}`;
}

function remote(text: string): readonly Finding[] {
  return analyze({ path: PATH, text }, EMPTY_CONTEXT, DEFAULT_SETTINGS).findings.filter(({ rule }) =>
    /^(?:unpinned-remote-script|unverified-download)$/.test(rule.id),
  );
}

function pinned(script: string): string {
  return pinnedText(workflow(script));
}

function pinnedText(text: string): string {
  const [finding, ...others] = remote(text);
  const [fix] = finding?.fixes ?? [];
  assert.ok(fix !== undefined && others.length === 0, finding?.message);
  const commit = "568a04821935cc92de7b4b05ea6fa9f6bf8a0592";
  const { edits } = answered(fix, [
    { kind: "commit", commit, refKind: "branch" },
    { kind: "scriptHash", sha256: HASH, finalUrl: "https://elsewhere.example.com/", text: SCRIPT },
  ]);
  return applyEdits(
    text,
    edits.flatMap((edit) => ("span" in edit ? [edit] : [])),
  );
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
