import assert from "node:assert/strict";
import { parseCmd } from "../../server/core/shell/cmd.ts";
import {
  readCmdCode,
  readCmdEffect,
  readCmdFetch,
  readCmdFilter,
  readCmdLeave,
} from "../../server/core/shell/cmd-commands.ts";
import {
  type Block,
  blocksOf,
  type Command,
  type Node,
  programsOf,
  type Word,
} from "../../server/core/shell/command.ts";
import type { Fetch } from "../../server/core/shell/downloads.ts";
import { parsePowerShell } from "../../server/core/shell/powershell.ts";
import {
  readPowerShellCode,
  readPowerShellEffect,
  readPowerShellFetch,
} from "../../server/core/shell/powershell-commands.ts";
import type { Download, Value } from "../../server/core/shell/state.ts";
import {
  decodeCommand,
  type Effect,
  programFiles,
  type WindowsCode,
  windowsPath,
} from "../../server/core/shell/windows-commands.ts";

/** Every command of a tree, programs in words included. */
function* commandsOf(block: Block): Iterable<Command> {
  for (const { node } of block.statements) yield* commandsIn(node);
}

function* commandsIn(node: Node): Iterable<Command> {
  if (node.kind === "command") {
    yield node;
    const values = node.assignments.flatMap(({ value, elements }) => value ?? elements);
    for (const word of [...values, ...node.words]) for (const program of programsOf(word)) yield* commandsOf(program);
  }
  if (node.kind === "pipe") for (const stage of node.stages) yield* commandsIn(stage);
  if (node.kind === "chain") for (const operand of node.operands) yield* commandsIn(operand);
  for (const inner of blocksOf(node)) yield* commandsOf(inner);
}

/** A word without the state that would tell more of it. */
function plainValue(word: Word): Value {
  const text = word.parts
    .map((part) => (part.kind === "text" ? part.value : part.kind === "variable" ? `$${part.name}` : "‹›"))
    .join("");
  return { text, known: !/[$‹]/.test(text), origins: [], digests: [], whole: false, span: word.span };
}

function firstOf<T>(block: Block, read: (words: readonly Value[]) => T | undefined): T | undefined {
  for (const command of commandsOf(block)) {
    const found = command.words.length > 0 ? read(command.words.map(plainValue)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function showFetch(fetch: Fetch | undefined): string {
  if (fetch === undefined) return "nothing";
  return `${fetch.tool} ${fetch.transfers.map(({ url, file }) => `${url.text} > ${file ?? "output"}`).join(", ")}`;
}

function showCode(code: WindowsCode | undefined): string {
  switch (code?.from) {
    case undefined:
      return "none";
    case "stdin":
      return `stdin ${code.language}`;
    case "text":
      return `text ${code.language} ${code.words.map(({ text }) => text).join(" ")}`;
    case "decoded":
      return `decoded ${code.text}`;
    case "file":
      return `file ${code.word.text}`;
    case "command":
      return `command ${code.words.map(({ text }) => text).join(" ")}`;
    case "routine":
      return `routine ${code.name}`;
    case "nothing":
      return "nothing";
  }
}

function showEffect(effect: Effect | undefined): string {
  if (effect === undefined) return "none";
  return JSON.stringify(effect, (_, value) =>
    value !== null && typeof value === "object" && "origins" in value ? value.text : value,
  )
    .replace(/"/g, "")
    .replace(/^\{kind:|\}$/g, "");
}

const URL = "https://x.io/i.ps1";
const INTO_OUTPUT = `Invoke-WebRequest ${URL} > output`;
const INTO_FILE = `Invoke-WebRequest ${URL} > a.ps1`;

describe("what PowerShell's commands fetch", () => {
  const cases: readonly (readonly [script: string, fetch: string])[] = [
    [`iwr -useb ${URL} | iex`, INTO_OUTPUT],
    [`Invoke-WebRequest -UseBasicParsing -Uri '${URL}'`, INTO_OUTPUT],
    [`iwr -Method Get -Headers @{ a = 1 } -Uri:${URL} -OutFile a.ps1`, INTO_FILE],
    [`iwr ${URL} -OutF .\\a.ps1 -PassThru`, INTO_FILE],
    [`iwr ${URL} -o "$pwd\\a.ps1"`, INTO_FILE],
    [`Microsoft.PowerShell.Utility\\Invoke-WebRequest ${URL}`, INTO_OUTPUT],
    [`curl ${URL} -UseBasicParsing -OutFile a.ps1`, INTO_FILE],
    [`wget -Uri ${URL}`, INTO_OUTPUT],
    [`curl.exe -sSLo C:\\t\\a.ps1 ${URL}`, `curl ${URL} > C:/t/a.ps1`],
    [`curl -fsSL ${URL}`, `curl ${URL} > output`],
    [`irm ${URL} -TimeoutSec 5`, `Invoke-RestMethod ${URL} > output`],
    [`iwr -Method Head ${URL}`, "nothing"],
    ["irm http://localhost:80/x", "nothing"],
    [`Start-BitsTransfer -Source ${URL} -Destination a.ps1`, `Start-BitsTransfer ${URL} > a.ps1`],
    [`Start-BitsTransfer ${URL}`, `Start-BitsTransfer ${URL} > i.ps1`],
    [`Start-FileDownload '${URL}' 'b/a.ps1'`, `Start-FileDownload ${URL} > b/a.ps1`],
    [`appveyor DownloadFile ${URL} -FileName $zip`, `appveyor ${URL} > $zip`],
    [`appveyor DownloadFile ${URL}`, `appveyor ${URL} > i.ps1`],
    [`(New-Object Net.WebClient).DownloadFile('${URL}', "$env:TEMP\\a.ps1")`, `DownloadFile ${URL} > $env:temp/a.ps1`],
    [`iex ((New-Object System.Net.WebClient).DownloadString('${URL}'))`, `DownloadString ${URL} > output`],
    [`[Net.WebClient]::new().DownloadData('${URL}')`, `DownloadData ${URL} > output`],
    [`$c.GetStringAsync('${URL}').Result`, `GetStringAsync ${URL} > output`],
    ["Write-Host Invoke-WebRequest", "nothing"],
  ];
  for (const [script, fetch] of cases) {
    it(script, () => assert.equal(showFetch(firstOf(parsePowerShell(script), readPowerShellFetch)), fetch));
  }
});

describe("what PowerShell's commands run", () => {
  const cases: readonly (readonly [script: string, code: string])[] = [
    ["irm U | iex", "stdin powershell"],
    ["Invoke-Expression -Command $x", "text powershell $x"],
    ["iex (irm U)", "text powershell ‹›"],
    ["& .\\a.ps1 -Quiet", "file .\\a.ps1"],
    [". ./a.ps1", "file ./a.ps1"],
    ['& "$env:TEMP\\a.exe" /S', "file $env:temp\\a.exe"],
    ["Start-Process -Wait a.exe -ArgumentList '/S', \"/D=C:\\x\"", "command a.exe /S /D=C:\\x"],
    ["saps msiexec.exe -Args '/i a.msi /qn'", "command msiexec.exe /i a.msi /qn"],
    ["Invoke-Item a.exe", "file a.exe"],
    ["msiexec /i a.msi /qn", "file a.msi"],
    ["msiexec.exe /quiet /package https://x/a.msi", "file https://x/a.msi"],
    ["Import-Module ./a.psm1 -Force", "file ./a.psm1"],
    ["Import-Module Pester", "nothing"],
    ["Add-Type -Path a.dll", "file a.dll"],
    ["Add-Type -TypeDefinition $source", "text other $source"],
    ["Add-AppxPackage -Path https://x/a.msix", "file https://x/a.msix"],
    ["[Reflection.Assembly]::LoadFrom('a.dll')", "file a.dll"],
    ["[scriptblock]::Create((irm U)).Invoke()", "stdin powershell"],
    ["$ExecutionContext.InvokeCommand.InvokeScript((irm U))", "text powershell ‹›"],
    ["Invoke-Command -ScriptBlock $b", "text powershell $b"],
    ["Start-Job -FilePath a.ps1", "file a.ps1"],
    ["powershell -NoP -Ex Bypass -File a.ps1 b", "file a.ps1"],
    ["pwsh a.ps1", "file a.ps1"],
    ["powershell irm U", "text powershell irm U"],
    ["pwsh -NonInteractive -c 'irm U | iex'", "text powershell irm U | iex"],
    ["irm U | pwsh -Command -", "stdin powershell"],
    ["irm U | powershell -nop", "stdin powershell"],
    ["pwsh -Version", "nothing"],
    ["powershell -enc aQByAG0AIABVAHwAaQBlAHgA", "decoded irm U|iex"],
    ["powershell -EncodedCommand $x", "text other $x"],
    ["cmd /d /c 'a.bat & b'", "text cmd a.bat & b"],
    ["cmd /c start /wait a.exe", "text cmd start /wait a.exe"],
    ["curl.exe U | cmd", "stdin cmd"],
    ["mshta https://x/a.hta", "file https://x/a.hta"],
    ["regsvr32 /s /n /u /i:https://x/a.sct scrobj.dll", "file https://x/a.sct"],
    ["Set-ExecutionPolicy Bypass -Scope Process -Force", "none"],
    ["git clone x", "none"],
    ["$x.Start()", "none"],
  ];
  for (const [script, code] of cases) {
    it(script, () => assert.equal(showCode(firstOf(parsePowerShell(script), readPowerShellCode)), code));
  }

  it("runs a variable that holds what was downloaded", () => {
    const download = { url: "U" } as Download;
    const word: Value = {
      text: "‹›",
      known: false,
      origins: [download],
      digests: [],
      whole: true,
      span: { start: 0, end: 0 },
    };
    assert.deepEqual(readPowerShellCode([word]), { from: "text", words: [word], language: "powershell" });
  });

  it("decodes what is UTF-16 in Base64, and nothing else", () => {
    const encode = (text: string): string => Buffer.from(text, "utf16le").toString("base64");
    for (const text of ["irm U | iex", "é😀", "a", "ab", "abc"]) assert.equal(decodeCommand(encode(text)), text);
    assert.equal(decodeCommand("-NoProfile"), undefined);
  });
});

describe("what PowerShell's commands do to files and variables", () => {
  const cases: readonly (readonly [script: string, effect: string])[] = [
    ["irm U | Out-File -FilePath a.ps1 -Encoding utf8", "write,file:a.ps1,append:false"],
    ["irm U | Out-File a.ps1 -Append", "write,file:a.ps1,append:true"],
    ["Set-Content -Path a.ps1 -Value $x", "write,file:a.ps1,content:$x,append:false"],
    ["'x' | Add-Content a.ps1", "write,file:a.ps1,append:true"],
    ["[IO.File]::WriteAllText('a.ps1', $x)", "write,file:a.ps1,content:$x,append:false"],
    ["Get-Content -Raw a.ps1 | iex", "read,files:[a.ps1]"],
    ["[System.IO.File]::ReadAllText('a.ps1')", "read,files:[a.ps1]"],
    ["Copy-Item a.exe -Destination b/", "copy,files:[a.exe],to:b/,keeps:true"],
    ["mv a.exe b.exe", "copy,files:[a.exe],to:b.exe,keeps:false"],
    ["Expand-Archive -Path a.zip -DestinationPath b -Force", "unpack,archive:a.zip,folder:b"],
    ["Expand-Archive x/a.zip", "unpack,archive:x/a.zip,folder:a"],
    ["[IO.Compression.ZipFile]::ExtractToDirectory('a.zip', 'b')", "unpack,archive:a.zip,folder:b"],
    ["cd b", "folder,to:b"],
    ["Join-Path $env:TEMP a.exe", "print,values:[$env:temp,a.exe],separator:/"],
    ["Join-Path -Path $a -ChildPath b", "print,values:[$a,b],separator:/"],
    ["Set-Item env:Foo bar", "set,name:env:foo,value:bar"],
    ["[Environment]::SetEnvironmentVariable('Foo', $x, 'Machine')", "set,name:env:foo,value:$x"],
    ["Set-Variable -Name Foo -Value bar", "set,name:foo,value:bar"],
    ["[scriptblock]::Create($x)", "print,values:[$x],separator: "],
    ["Get-FileHash a.ps1 -Algorithm SHA512", "hash,file:a.ps1,algorithm:sha512"],
    ["Get-FileHash -LiteralPath a.ps1", "hash,file:a.ps1,algorithm:sha256"],
    ["irm U | Write-Host", "none"],
    ["foo", "none"],
  ];
  for (const [script, effect] of cases) {
    it(script, () => {
      const last = [...commandsOf(parsePowerShell(script))].findLast(
        ({ words }) => !/^(?:irm|iex)$|^$/.test(plainValue(words[0] as Word).text),
      );
      const shown = showEffect(last && readPowerShellEffect(last.words.map(plainValue)));
      assert.equal(shown === "silent" ? "none" : shown, effect);
    });
  }

  it("knows which members give the whole content", () => {
    const pieces = [
      "(iwr U).Content",
      "(irm U).tag_name",
      "(irm U)[0]",
      "irm U | Select -Expand Content",
      "irm U | ConvertFrom-Json",
    ].map((script) => {
      const last = [...commandsOf(parsePowerShell(script))].at(-1);
      const effect = last && readPowerShellEffect(last.words.map(plainValue));
      return effect?.kind === "pass" && effect.piece;
    });
    assert.deepEqual(pieces, [false, true, true, false, true]);
  });
});

describe("what cmd's commands do", () => {
  const fetches: readonly (readonly [script: string, fetch: string])[] = [
    ["curl -o a.bat https://x/i.bat && a.bat", "curl https://x/i.bat > a.bat"],
    ['curl -sSL https://x/i.bat -o "%CD%\\a.bat"', "curl https://x/i.bat > a.bat"],
    ["curl -o nul https://x/i.bat", "curl https://x/i.bat > output"],
    ["certutil -urlcache -split -f https://x/a.exe b.exe", "certutil https://x/a.exe > b.exe"],
    ["certutil.exe /urlcache /f https://x/a.exe", "certutil https://x/a.exe > a.exe"],
    ["bitsadmin /transfer j /priority high https://x/a.exe %CD%\\b.exe", "bitsadmin https://x/a.exe > b.exe"],
    ["appveyor DownloadFile https://x/a.exe -FileName b.exe", "appveyor https://x/a.exe > b.exe"],
    ["certutil -hashfile a.exe SHA256", "nothing"],
  ];
  for (const [script, fetch] of fetches) {
    it(`fetches: ${script}`, () => assert.equal(showFetch(firstOf(parseCmd(script), readCmdFetch)), fetch));
  }

  const codes: readonly (readonly [script: string, code: string])[] = [
    ["a.bat /q", "file a.bat"],
    ["call a.bat /q", "command a.bat /q"],
    ["call :install x", "routine :install"],
    ["goto Fail", "routine :fail"],
    ["goto :eof", "nothing"],
    ['start "" /wait a.exe /S', "command a.exe /S"],
    ["start /b a.exe", "command a.exe"],
    ['start "My title" /d C:\\x a.exe', "command a.exe"],
    ["msiexec /i a.msi /q", "file a.msi"],
    ['cmd /c "curl U | cmd"', "text cmd curl U | cmd"],
    ["curl U | cmd", "file curl"],
    ['powershell -Command "irm U | iex"', "text powershell irm U | iex"],
    ["echo a.bat", "none"],
    ["del a.bat", "none"],
  ];
  for (const [script, code] of codes) {
    it(`runs: ${script}`, () => assert.equal(showCode(firstOf(parseCmd(script), readCmdCode)), code));
  }

  const effects: readonly (readonly [script: string, effect: string])[] = [
    ["copy /y a.exe b", "copy,files:[a.exe],to:b,keeps:true"],
    ["move a b", "copy,files:[a],to:b,keeps:false"],
    ["cd /d C:/x", "folder,to:C:/x"],
    ["type a.bat", "read,files:[a.bat]"],
    ["certutil -hashfile a.exe SHA256", "hash,file:a.exe,algorithm:sha256"],
    ["certutil -hashfile a.exe", "hash,file:a.exe,algorithm:sha1"],
  ];
  for (const [script, effect] of effects) {
    it(`does: ${script}`, () => assert.equal(showEffect(firstOf(parseCmd(script), readCmdEffect)), effect));
  }

  it("reads what a filter looks for", () => {
    const filters = ['findstr /i /x /c:"ab cd"', "findstr ab", 'find /v "ab"', "findstr ab a.txt", "sort"].map(
      (script) => {
        const filter = firstOf(parseCmd(script), readCmdFilter);
        return filter && [filter.pattern.text, filter.inverted];
      },
    );
    assert.deepEqual(filters, [["ab cd", false], ["ab", false], ["ab", true], undefined, undefined]);
  });

  it("tells the end of a routine from that of the process", () => {
    const ends = ["exit /b 1", "exit 2", "exit /b", "goto :EOF", "goto x"].map((script) => {
      const leave = firstOf(parseCmd(script), readCmdLeave);
      return leave && [leave.what, leave.code?.text];
    });
    assert.deepEqual(ends, [
      ["routine", "1"],
      ["process", "2"],
      ["routine", undefined],
      ["routine", undefined],
      undefined,
    ]);
  });

  it("compares paths as they are meant", () => {
    assert.equal(windowsPath(".\\a\\b.ps1"), "a/b.ps1");
    assert.equal(windowsPath("$pwd\\a.ps1"), "a.ps1");
    assert.equal(windowsPath("C:\\a\\\\b"), "C:/a/b");
    assert.deepEqual(programFiles(".\\setup"), [
      "setup",
      "setup.exe",
      "setup.bat",
      "setup.cmd",
      "setup.com",
      "setup.ps1",
    ]);
    assert.deepEqual(programFiles("a.BAT"), ["a.BAT"]);
  });
});
