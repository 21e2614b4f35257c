import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDocument } from "yaml";
import { EMPTY_CONTEXT, pinsOf } from "../../server/core/index.ts";
import { maskGitHub } from "../../server/core/masking.ts";
import {
  checkBefore,
  downloadedFile,
  followsRedirects,
  type Known,
  type PinSite,
  pinFetch,
  pinnedUrl,
  pinObstacle,
} from "../../server/core/shell/pin.ts";
import { commandsOf } from "../../server/core/shell/pin-path.ts";
import { applyEdits } from "../../server/core/text.ts";
import { judge } from "../pins/laws.ts";
import { siteOf, unverified, WINDOWS_PAIRS, windowsSite } from "../support/pin.ts";

const HASH = "a".repeat(64);
const PS1 = "https://example.com/install.ps1";
const BAT = "https://example.com/install.bat";

type Language = "powershell" | "cmd";

describe("pinning a download of PowerShell and cmd", () => {
  describe("gives the text that was agreed on", () => {
    for (const { id, language, lineOnly = false, before, after } of WINDOWS_PAIRS) {
      it(id, () => {
        const site = windowsSite(before.join("\n"), language, { lineOnly });
        const text = pinned(site, {});
        assert.equal(text, after.join("\n").replaceAll("<hash>", HASH));
        assert.deepEqual(unverified(windowsSite(text, language)), [], "the flow knows the check");
      });
    }
  });

  describe("fits every way to write a script into YAML", () => {
    const hosts: Readonly<Record<string, (text: string) => string>> = {
      plain: (text) => ` ${text}`,
      "single quotes": (text) => ` '${text.replaceAll("'", "''")}'`,
      "double quotes": (text) => ` ${JSON.stringify(text)}`,
      "a literal block": (text) => ` |\n          ${text.replaceAll("\n", "\n          ")}`,
      "a literal block with a comment": (text) => ` |- # why\n            ${text.replaceAll("\n", "\n            ")}\n`,
      "a folded block": (text) => ` >\n          ${text.replaceAll("\n", "\n\n          ")}`,
      "a flow mapping": (text) => ` ${JSON.stringify(text)}}`,
    };
    for (const { id, language, lineOnly, before, after } of WINDOWS_PAIRS) {
      if (lineOnly) continue;
      for (const [form, host] of Object.entries(hosts)) {
        const text = before.join("\n");
        if (!canHold(form, text)) continue;
        for (const lineBreak of ["\n", "\r\n"]) {
          it(`${id} in ${form}${lineBreak === "\n" ? "" : " with CRLF"}`, async () => {
            const opening =
              form === "a flow mapping"
                ? `{shell: ${SHELLS[language]}, run:`
                : `shell: ${SHELLS[language]}\n        run:`;
            const file = `on: push\njobs:\n  job:\n    runs-on: windows-latest\n    steps:\n      - ${opening}${host(text)}\n`;
            const judged = await judge({ path: ".github/workflows/ci.yml", text: file.replaceAll("\n", lineBreak) });
            assert.deepEqual([judged.pinned, judged.left], [1, 0]);
            const run = parseDocument(judged.text).getIn(["jobs", "job", "steps", 0, "run"]);
            const hash = /[0-9a-f]{64}/.exec(judged.text)?.[0] ?? "";
            const expected = after.join("\n").replaceAll("<hash>", hash);
            const pins = pinsOf({ path: ".github/workflows/ci.yml", text: judged.text }, EMPTY_CONTEXT);
            assert.deepEqual(
              pins.map((pin) => pin.expected),
              [hash],
              "the pin can be checked again",
            );
            assert.equal(String(run).trimEnd(), expected);
          });
        }
      }
    }
  });

  describe("is refused with a reason and a way out", () => {
    for (const [language, text, reason] of [
      [
        "powershell",
        `powershell -ExecutionPolicy ByPass -c "irm ${PS1} | iex"`,
        /another PowerShell reads.*of its own/,
      ],
      ["powershell", "irm $url | iex", /known only when the pipeline runs.*write it out/],
      ["powershell", `irm "https://example.com/\${{ matrix.v }}/x.ps1" | iex`, /matrix/],
      ["powershell", "irm https://example.com/releases/latest/download/x.ps1 | iex", /next release/],
      ["powershell", `a && irm ${PS1} | iex`, /braces of an `if`/],
      ["powershell", `while (irm ${PS1} | iex) { }`, /in front of the loop/],
      ["powershell", `if (a) { } elseif (irm ${PS1} | iex) { }`, /elseif/],
      ["powershell", `Invoke-Command -ComputerName h -ScriptBlock { irm ${PS1} | iex }`, /script block/],
      ["powershell", `irm ${PS1} -Headers @{ Authorization = "x" } | iex`, /credential/],
      ["powershell", `irm ${PS1} -Headers @{ Accept = "text/plain" } | iex`, /request headers/],
      ["powershell", `irm ${PS1} -Method Post -Body x | iex`, /each request/],
      ["powershell", `$p = @{ Uri = "${PS1}" }; irm @p | iex`, /parameters stand in a variable/],
      ["powershell", `$r = iwr ${PS1}\niex $r.Content`, /-OutFile/],
      ["powershell", `iex ((New-Object Net.WebClient).DownloadData("${PS1}"))`, /Invoke-WebRequest -OutFile/],
      ["powershell", `iwr ${PS1} -OutFile $(New-TemporaryFile)`, /computed/],
      ["powershell", `iwr ${PS1} -OutFile f.ps1\nGet-FileHash f.ps1\n./f.ps1`, /already looked at.*exit 1/],
      ["powershell", `iwr ${PS1} -OutFile f.ps1 &\n./f.ps1`, /background/],
      ["cmd", `powershell -c "irm ${PS1} | iex"`, /-ExecutionPolicy Bypass/],
      ["cmd", `powershell -ep Bypass -c "irm ${PS1} | iex; x"`, /another program reads/],
      ["cmd", `powershell -c "iwr ${PS1} -OutFile x.ps1; ./x.ps1"`, /one call of PowerShell/],
      ["cmd", `for /f %%i in ('curl -s ${BAT}') do %%i`, /save it with -o/],
      ["cmd", `curl -o f.bat ${BAT}\ncertutil -hashfile f.bat SHA256\nf.bat`, /already looked at.*exit \/b 1/],
      ["cmd", `curl -H "Authorization: x" -o f.bat ${BAT} && f.bat`, /credential/],
    ] as const) {
      it(text.replaceAll("\n", "⏎"), () => {
        const site = windowsSite(text, language, { mask: maskGitHub });
        const { refused = "" } = pinObstacle(site, firstFetch(site)) ?? {};
        assert.match(refused, reason);
        assert.ok(refused.endsWith("."));
      });
    }

    it("where another shell holds PowerShell as text", () => {
      const site = siteOf(`pwsh -c "irm ${PS1} | iex"`);
      const [fetch] = unverified(site);
      assert.match((fetch && pinObstacle(site, fetch.command)?.refused) ?? "", /PowerShell script of its own/);
    });

    it("where a program downloads by itself what it installs", () => {
      for (const language of ["powershell", "cmd"] as const) {
        const site = windowsSite("msiexec /i https://example.com/tool.msi /qn", language);
        const command = commandsOf(site)[0]?.command;
        assert.match((command && pinObstacle(site, command)?.refused) ?? "", /download it to a file first/);
      }
    });
  });

  describe("puts the file where the text was, in PowerShell", () => {
    shows("the content of a response in brackets", "iex (iwr U -UseBasicParsing).Content", [
      "iwr U -UseBasicParsing -OutFile F",
      "CHECK F",
      "iex (Get-Content -Raw F)",
    ]);
    shows("a property that a stage takes out", "iwr U | Select-Object -ExpandProperty Content | iex", [
      "iwr U -OutFile F",
      "CHECK F",
      "Get-Content -Raw F | iex",
    ]);
    shows("a variable that is run later", "$s = irm U # get\niex $s", [
      "irm U -OutFile F",
      "CHECK F",
      "$s = Get-Content -Raw F # get",
      "iex $s",
    ]);
    shows("an argument without brackets gets some", "$c = New-Object Net.WebClient\niex $c.DownloadString('U')", [
      "$c = New-Object Net.WebClient",
      "$c.DownloadFile('U', F)",
      "CHECK F",
      "iex (Get-Content -Raw F)",
    ]);
    shows("the lines of a program", "curl.exe -sS U | Out-String | iex", [
      "curl.exe -fsSL U -o F",
      "CHECK F",
      "Get-Content F | Out-String | iex",
    ]);
    shows("a file that another command writes", "irm U > f.ps1; ./f.ps1", [
      "irm U -OutFile F",
      "CHECK F",
      "Get-Content -Raw F > f.ps1; ./f.ps1",
    ]);
    shows("continued lines", "irm `\n  U `\n  -UseBasicParsing | iex", [
      "irm `",
      "  U `",
      "  -UseBasicParsing -OutFile F",
      "CHECK F",
      "Get-Content -Raw F | iex",
    ]);
    shows("a function keeps its guard in its braces", "function Get-It { irm U | iex }\nGet-It", [
      "function Get-It {",
      "  irm U -OutFile F",
      "  CHECK F",
      "  Get-Content -Raw F | iex",
      "}",
      "Get-It",
    ]);
    shows("what a try does first stays first", "try {\n\tSet-Up\n\tirm U | iex\n} catch { }", [
      "try {",
      "\tSet-Up",
      "\tirm U -OutFile F",
      "\tCHECK F",
      "\tGet-Content -Raw F | iex",
      "} catch { }",
    ]);
    shows("a condition asks for the file", "if (irm U | iex) { a } else { b }", [
      "irm U -OutFile F",
      "CHECK F",
      "if (Get-Content -Raw F | iex) { a } else { b }",
    ]);

    it("reads text that is not ASCII as what it is, which Windows PowerShell would not", () => {
      const site = windowsSite(`irm ${PS1} | iex`, "powershell");
      assert.match(pinned(site, { text: "'ä'" }), /\nGet-Content -Raw -Encoding UTF8 "\$env:RUNNER_TEMP\/\S+" \| iex$/);
      assert.doesNotMatch(pinned(site, { text: "'a'" }), /Encoding/);
    });

    it("takes the folder that the system has", () => {
      const last = (options: Partial<PinSite>) =>
        pinned(windowsSite(`irm ${PS1} | iex`, "powershell", options), {})
          .split("\n")
          .at(-1);
      assert.equal(last({ scratch: "$env:TEMP" }), 'Get-Content -Raw "$env:TEMP\\example-install.ps1" | iex');
      assert.equal(
        last({ scratch: "$env:AGENT_TEMPDIRECTORY" }),
        'Get-Content -Raw "$env:AGENT_TEMPDIRECTORY/example-install.ps1" | iex',
      );
      assert.equal(
        last({ scratch: "/tmp", operatingSystems: ["linux"] }),
        "Get-Content -Raw /tmp/example-install.ps1 | iex",
      );
      assert.equal(last({ scratch: "/tmp" }), 'Get-Content -Raw "$env:TEMP\\example-install.ps1" | iex');
    });

    it("moves to another address of the same bytes", () => {
      const url = "https://example.com/0123456789abcdef/install.ps1?a=1&b=2";
      const first = (text: string) => pinned(windowsSite(text, "powershell"), { url }).split("\n")[0];
      assert.equal(first(`irm ${PS1} -OutFile x.ps1; ./x.ps1`), `irm '${url}' -OutFile x.ps1`);
      assert.equal(first(`$c.DownloadFile("${PS1}", "x.ps1"); ./x.ps1`), `$c.DownloadFile('${url}', "x.ps1")`);
    });

    it("writes masked expressions as they were, also where they move", () => {
      const text = 'iex (irm "https://example.com/${{ inputs.v }}/install.ps1")';
      const site = windowsSite(text, "powershell", { mask: maskGitHub, scratch: "/tmp", operatingSystems: ["linux"] });
      assert.equal(
        pinned(site, {}, text).split("\n")[0],
        'irm "https://example.com/${{ inputs.v }}/install.ps1" -OutFile /tmp/example-install.ps1',
      );
    });
  });

  describe("checks a file that PowerShell downloads itself", () => {
    shows(
      "behind a try that swallows a failure, where the file is used",
      "try {\n  iwr U -OutFile f.ps1\n} catch { }\n./f.ps1",
      ["try {", "  iwr U -OutFile f.ps1", "} catch { }", "CHECK f.ps1", "./f.ps1"],
    );
    shows(
      "behind a loop that tries again",
      "foreach ($i in 1..3) { try { iwr U -OutFile f.ps1; break } catch { sleep 5 } }\n./f.ps1",
      ["foreach ($i in 1..3) { try { iwr U -OutFile f.ps1; break } catch { sleep 5 } }", "CHECK f.ps1", "./f.ps1"],
    );
    shows("in the braces of a condition", "if ($x) { iwr U -OutFile f.ps1 }; ./f.ps1", [
      "if ($x) { iwr U -OutFile f.ps1; CHECK f.ps1 }; ./f.ps1",
    ]);
    shows("in the place of &&", "iwr U -OutFile f.ps1 && ./f.ps1", ["iwr U -OutFile f.ps1", "CHECK f.ps1", "./f.ps1"]);
    shows("behind a comment, by the variable that names it", "iwr U -OutFile $f # get\n& $f", [
      "iwr U -OutFile $f # get",
      "CHECK $f",
      "& $f",
    ]);
    shows("by a path that is put together", "iwr U -OutFile (Join-Path $d x.ps1)\n& (Join-Path $d x.ps1)", [
      "iwr U -OutFile (Join-Path $d x.ps1)",
      "CHECK (Join-Path $d x.ps1)",
      "& (Join-Path $d x.ps1)",
    ]);
    shows("before it is unpacked", "iwr U -OutFile a.zip; Expand-Archive a.zip -DestinationPath d; ./d/setup.exe", [
      "iwr U -OutFile a.zip",
      "CHECK a.zip",
      "Expand-Archive a.zip -DestinationPath d; ./d/setup.exe",
    ]);

    it("in another script that runs it, in whatever shell", () => {
      const site = windowsSite(`iwr ${PS1} -OutFile out/x.ps1`, "powershell");
      const file = downloadedFile(site, firstFetch(site));
      assert.ok(file);
      const changes = pinFetch(site, firstFetch(site), { sha256: HASH, checkedElsewhere: true });
      assert.deepEqual(changes, []);
      const check = (other: PinSite) => {
        const run = commandsOf(other).at(-1)?.command;
        return run && applied(other, checkBefore(other, run, file, HASH));
      };
      assert.equal(check(windowsSite("a; ./out/x.ps1", "powershell")), `a\n${shown("CHECK out/x.ps1")}\n./out/x.ps1`);
      assert.equal(
        check(windowsSite("pwsh out\\x.ps1", "cmd")),
        `certutil -hashfile out\\x.ps1 SHA256 | findstr /i /x /c:"${HASH}" >nul || exit /b 1\npwsh out\\x.ps1`,
      );
      assert.match(
        check(siteOf("pwsh out/x.ps1")) ?? "",
        /^echo "a+ {2}out\/x\.ps1" \| sha256sum -c - \|\| exit 1\npwsh/,
      );
      assert.match(check(windowsSite("cd d; ./x.ps1", "powershell")) ?? "", /another folder/);
    });
  });

  describe("keeps the structure of a cmd script", () => {
    shows("a body without brackets ends with its line", "if not exist f.bat curl -o f.bat B\nf.bat", [
      "if not exist f.bat curl -fo f.bat B & CHECK f.bat || exit /b 1",
      "f.bat",
    ]);
    shows("a body in brackets has lines", "if not exist f.bat (\n  curl -o f.bat B\n  f.bat\n)", [
      "if not exist f.bat (",
      "  curl -fo f.bat B",
      "  CHECK f.bat || exit /b 1",
      "  f.bat",
      ")",
    ]);
    shows("a condition keeps what stands behind it together", "where t || curl -o f.bat B && f.bat", [
      "where t || ( curl -fo f.bat B & CHECK f.bat || exit /b 1 & f.bat )",
    ]);
    shows("a routine ends the script, not only itself", "call :get\ngoto :eof\n:get\ncurl -o f.bat B\nf.bat", [
      "call :get",
      "goto :eof",
      ":get",
      "curl -fo f.bat B",
      "CHECK f.bat || exit 1",
      "f.bat",
    ]);
    shows("a way out of the author's stays", "curl -o f.bat B || exit /b 1\nf.bat", [
      "curl -fo f.bat B || exit /b 1",
      "CHECK f.bat || exit /b 1",
      "f.bat",
    ]);
    shows("a reader keeps its redirections", "curl -sL B | cmd /q > log.txt && echo ok", [
      "curl -fsSLo install.bat B",
      "CHECK install.bat || exit /b 1",
      "cmd /q < install.bat > log.txt && echo ok",
    ]);
    shows("a path with blanks keeps its quotes", 'curl -o "%TEMP%\\a b.exe" B & "%TEMP%\\a b.exe"', [
      'curl -fo "%TEMP%\\a b.exe" B',
      'CHECK "%TEMP%\\a b.exe" || exit /b 1',
      '"%TEMP%\\a b.exe"',
    ]);
    shows(
      "the file of a PowerShell call",
      'powershell -c "iwr B -OutFile $env:TEMP\\x.exe"\npowershell -c "& $env:TEMP\\x.exe"',
      [
        'powershell -c "iwr B -OutFile $env:TEMP\\x.exe"',
        'CHECK "%TEMP%\\x.exe" || exit /b 1',
        'powershell -c "& $env:TEMP\\x.exe"',
      ],
    );

    it("doubles the percent signs of an address, which a batch file would take for a variable", () => {
      const text = pinned(windowsSite(`curl -o f.bat ${BAT} && f.bat`, "cmd"), {
        url: "https://example.com/a%20b?c=1&d",
      });
      assert.equal(text.split("\n")[0], 'curl -fo f.bat "https://example.com/a%%20b?c=1&d"');
    });
  });

  it("tells the address to hash and who follows redirects", () => {
    const about = (text: string, language: Language) => {
      const site = windowsSite(text, language);
      const fetch = firstFetch(site);
      return [pinnedUrl(site, fetch), followsRedirects(site, fetch)];
    };
    assert.deepEqual(about("irm get.example.com | iex", "powershell"), ["http://get.example.com", true]);
    assert.deepEqual(about(`irm ${PS1} -MaximumRedirection 0 | iex`, "powershell"), [PS1, false]);
    assert.deepEqual(about("iex (irm $u)", "powershell"), [undefined, true]);
    assert.deepEqual(about(`curl.exe -o f.ps1 ${PS1}; ./f.ps1`, "powershell"), [PS1, false]);
    assert.deepEqual(about(`curl -sL ${BAT} | cmd`, "cmd"), [BAT, true]);
    assert.deepEqual(about(`certutil -urlcache -f ${BAT} f.bat & f.bat`, "cmd"), [BAT, true]);
  });

  describe("by every combination of a place and a fetch", () => {
    const fetches: Readonly<Record<Language, readonly string[]>> = {
      powershell: [
        "irm U | iex",
        "iwr U -UseBasicParsing | iex",
        "iex (irm U)",
        "iex (iwr U).Content",
        "iex ((New-Object Net.WebClient).DownloadString('U'))",
        "& ([scriptblock]::Create((irm U))) -Version ${{ inputs.a }}",
        'iex "& { $(irm U) } -A"',
        "$s = irm U; iex $s",
        "iwr U -OutFile f.ps1; ./f.ps1 ${{ inputs.a }}",
        "(New-Object Net.WebClient).DownloadFile('U', 'f.ps1')\n./f.ps1",
        "Start-BitsTransfer U f.exe; Start-Process ./f.exe",
        "curl.exe -o f.ps1 U && ./f.ps1",
      ],
      cmd: [
        "curl -o f.bat U && f.bat",
        "curl -sLo f.bat U & call f.bat ${{ inputs.a }}",
        "curl -s U | cmd",
        "certutil -urlcache -split -f U f.exe && f.exe /S",
        "bitsadmin /transfer j U %CD%\\f.exe & f.exe",
        'powershell -c "iwr U -OutFile f.ps1" && powershell -File f.ps1',
        'powershell -ep bypass -c "irm U | iex"',
      ],
    };
    const places: Readonly<Record<Language, readonly string[]>> = {
      powershell: [
        "@",
        "a; @; b # c",
        "if ($a) {\n  @\n}",
        "if ($a) { @ }",
        "if ($a) { b; @; c } else { d }",
        "try { @ } catch { b }",
        "try {\n  a\n  @\n} catch { b } finally { c }",
        "function f {\n\t@\n}\nf",
        "foreach ($x in 1..2) { @ }",
        "& { @ }",
        "switch ($a) { 'b' { @ } }",
        "Write-Host ${{ inputs.c }}\n\n@\n",
      ],
      cmd: [
        "@",
        "a & @",
        "if exist x (\n  @\n)",
        "if exist x @",
        "where t || @",
        "@echo off\ncall :get\ngoto :eof\n:get\n@",
        "echo ${{ inputs.c }}\n\n@\n",
      ],
    };
    const combination = fc.constantFrom<Language>("powershell", "cmd").chain((language) =>
      fc.record({
        language: fc.constant(language),
        fetch: fc.constantFrom(...fetches[language]),
        place: fc.constantFrom(...places[language]),
        lineOnly: fc.boolean(),
      }),
    );

    interface Combination {
      readonly language: Language;
      readonly fetch: string;
      readonly place: string;
      readonly lineOnly: boolean;
    }

    const check = ({ language, fetch, place, lineOnly }: Combination) => {
      const before = place.replace(/@(?!echo)/, () => fetch).replaceAll(/\bU\b/g, PS1);
      const options = { mask: maskGitHub, lineOnly };
      const site = windowsSite(before, language, options);
      fc.pre(unverified(site).length === 1);
      const changes = pinFetch(site, firstFetch(site), { sha256: HASH });
      if ("refused" in changes) return fc.pre(false);
      let last = -1;
      for (const { span } of changes) {
        const apart = last < span.start && span.start <= span.end && span.end <= before.length;
        assert.ok(apart, "changes are in order and apart");
        last = span.end;
        for (const hole of site.holes) {
          const outside = hole.span.end <= span.start || span.end <= hole.span.start;
          const whole = span.start <= hole.span.start && hole.span.end <= span.end;
          assert.ok(outside || whole, "no expression is cut");
        }
      }
      const after = applyEdits(before, changes);
      for (const { text } of site.holes)
        assert.equal(after.split(text).length, before.split(text).length, `${text} is kept`);
      if (lineOnly) assert.equal(after.split("\n").length, before.split("\n").length, "no line is added");
      assert.deepEqual(unverified(windowsSite(after, language, options)), [], `nothing runs unverified: ${after}`);
    };

    it("changes the least, keeps every expression, and leaves nothing unverified", () => {
      fc.assert(fc.property(combination, check), { seed: 11, numRuns: 400 });
    });
  });
});

/** True where a form of YAML can hold a text as it is. */
function canHold(form: string, text: string): boolean {
  if (form === "plain") return !/^[@&]|\n|: | #/.test(text);
  return form !== "single quotes" || !text.includes("\n");
}

const SHELLS = { powershell: "pwsh", cmd: "cmd" } as const;

/** A test with `U` or `B` for the address, `F` for the file of a fetch without one, and `CHECK F` for its check. */
function shows(behaviour: string, before: string, after: readonly string[]): void {
  const cmd = /\bB\b/.test(before);
  it(behaviour, () => {
    const site = windowsSite(before.replaceAll(/\bU\b/g, PS1).replaceAll(/\bB\b/g, BAT), cmd ? "cmd" : "powershell");
    assert.equal(pinned(site, {}), after.map((line) => shown(line)).join("\n"));
  });
}

/** The words of {@link shows} written out. */
function shown(line: string): string {
  return line
    .replace(/CHECK (.*?)(?= \|\| exit)/, `certutil -hashfile $1 SHA256 | findstr /i /x /c:"${HASH}" >nul`)
    .replace(/CHECK ((?:\([^)]*\)|\S)+)/, (_, file: string) => {
      const name = file === "F" || file === "$f" ? "install.ps1" : (/[\w.]+(?=\)?$)/.exec(file)?.[0] ?? "");
      return `if ((Get-FileHash ${file}).Hash -ne '${HASH}') { Write-Host 'SHA-256 mismatch: ${name}'; exit 1 }`;
    })
    .replaceAll(/\bF\b/g, '"$env:RUNNER_TEMP/example-install.ps1"')
    .replaceAll(/\bU\b/g, PS1)
    .replaceAll(/\bB\b/g, BAT);
}

/** The pinned script, or the reason for a refusal. */
function pinned(site: PinSite, known: Partial<Known>, text: string = site.text): string {
  return applied(site, pinFetch(site, firstFetch(site), { sha256: HASH, ...known }), text);
}

function applied(site: PinSite, changes: ReturnType<typeof pinFetch>, text: string = site.text): string {
  return "refused" in changes ? changes.refused : applyEdits(text, changes);
}

/** The download that runs unverified, or the only thing in the script that looks like one. */
function firstFetch(site: PinSite) {
  const [found] = unverified(site);
  if (found !== undefined) return found.command;
  const command = commandsOf(site).findLast(({ command: { span } }) =>
    /https?:/.test(site.text.slice(span.start, span.end)),
  );
  assert.ok(command, `no fetch in ${site.text}`);
  return command.command;
}
