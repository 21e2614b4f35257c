import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pinFetch } from "../../server/core/shell/pin.ts";
import { applyEdits } from "../../server/core/text.ts";
import { execute } from "../support/execute.ts";
import { sha256, unverified, WINDOWS_PAIRS, windowsSite } from "../support/pin.ts";

const SERVED = 'param($Version, [switch]$Quiet, [switch]$UseMSI)\nWrite-Output "ran $Version $Quiet $UseMSI"\n';

/** Stand-ins that copy from a folder, so that no test needs a network. Aliases such as `irm` lead to functions before cmdlets. */
const TOOLS = `
function Invoke-RestMethod {
  param([Parameter(Position = 0)] $Uri, $OutFile, [switch] $UseBasicParsing)
  $source = Join-Path $env:SERVED (Split-Path -Leaf $Uri)
  if ($OutFile) { Copy-Item $source $OutFile } else { Get-Content -Raw $source }
}
function Invoke-WebRequest {
  param([Parameter(Position = 0)] $Uri, $OutFile, [switch] $UseBasicParsing)
  Invoke-RestMethod @PSBoundParameters
}
`;

/** Pairs whose downloads have a stand-in, and whose files PowerShell runs on every system. */
const EXECUTED =
  "ps-iwr-iex ps-irm-iex ps-iex-irm ps-scriptblock ps-iex-block-args ps-outfile-run ps-try-catch ps-if ps-oneline".split(
    " ",
  );

describe("a pinned script of PowerShell, executed where pwsh is installed", () => {
  const root = mkdtempSync(path.join(tmpdir(), "pipewarden-pwsh-"));

  before(function () {
    if (spawnSync("pwsh", ["-NoProfile", "-Command", "exit 0"]).status !== 0) {
      console.log("      pwsh is not installed here, so no shell runs the PowerShell fixes");
      this.skip();
    }
    for (const [folder, text] of [
      ["right", SERVED],
      ["tampered", `Write-Output tampered\n${SERVED}`],
    ] as const) {
      mkdirSync(path.join(root, folder));
      writeFileSync(path.join(root, folder, "install.ps1"), text);
    }
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  for (const id of EXECUTED) {
    it(`${id} does the same with the right content and nothing with another one`, async function () {
      this.timeout(60_000);
      const pair = WINDOWS_PAIRS.find((each) => each.id === id);
      assert.ok(pair);
      const text = pair.before.join("\n");
      const site = windowsSite(text, "powershell", { lineOnly: pair.lineOnly === true });
      const [fetch] = unverified(site);
      const changes = fetch && pinFetch(site, fetch.command, { sha256: sha256(SERVED) });
      assert.ok(changes && !("refused" in changes));
      const pinned = applyEdits(text, changes);
      const before = await run(text, "right");
      assert.match(before.stdout, /^ran .*\nend$/m, before.stderr);
      assert.deepEqual(await run(pinned, "right"), before, pinned);
      const tampered = await run(pinned, "tampered");
      assert.match(tampered.stdout, /SHA-256 mismatch/);
      assert.doesNotMatch(tampered.stdout, /tampered|^ran|^end/m, pinned);
      assert.notEqual(tampered.code, 0);
    });
  }

  /** A script in a folder of its own, below one whose name has a blank. */
  async function run(text: string, served: "right" | "tampered") {
    const folder = mkdtempSync(path.join(root, "a step-"));
    writeFileSync(path.join(folder, "step.ps1"), `${TOOLS}${text}\nWrite-Output end\n`);
    const env = { ...process.env, SERVED: path.join(root, served), RUNNER_TEMP: folder };
    return execute("pwsh", ["-NoProfile", "-NonInteractive", "-File", "step.ps1"], { cwd: folder, env });
  }
});
