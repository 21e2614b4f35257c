import assert from "node:assert/strict";
import fc from "fast-check";
import { parseCmd } from "../../server/core/shell/cmd.ts";
import { parseNested } from "../../server/core/shell/nested-program.ts";
import { parsePowerShell } from "../../server/core/shell/powershell.ts";
import { checkSpans, HOLE, holesIn, itReads, render, wordsOf } from "./command-tree.ts";

/** Scripts and the trees that they are read as. */
const WRITTEN: readonly (readonly [script: string, tree: string])[] = [
  // Commands
  [
    "@echo off\ncurl -o install.bat https://x && install.bat",
    "echo off; (curl -o install.bat https://x && install.bat)",
  ],
  [
    "certutil -urlcache -split -f https://x setup.exe & setup.exe /S",
    "certutil -urlcache -split -f https://x setup.exe; setup.exe /S",
  ],
  [
    'bitsadmin /transfer j https://x %CD%\\a.exe && "%CD%\\a.exe" /S',
    '(bitsadmin /transfer j https://x $cd\\a.exe && $cd"\\\\a.exe" /S)',
  ],
  [
    '@"%SystemRoot%\\System32\\powershell.exe" -Command "iex ((New-Object Net.WebClient).DownloadString(\'U\'))" && SET "PATH=%PATH%;%P%\\bin"',
    '($systemroot"\\\\System32\\\\powershell.exe" -Command "iex ((New-Object Net.WebClient).DownloadString(\'U\'))" && path=$path";"$p"\\\\bin")',
  ],
  [
    'certutil -hashfile f SHA256 | findstr /i /x /c:"13" >nul || exit /b 1',
    '(<certutil -hashfile f SHA256 | findstr /i /x /c:"13" >nul> || exit /b 1)',
  ],
  ["a || b && c || d", "(a || (b && c) || d)"],
  [
    'curl -o "%TEMP%\\a b.exe" "https://x/?a=1&b=2" & "%TEMP%\\a b.exe" /S',
    'curl -o $temp"\\\\a b.exe" "https://x/?a=1&b=2"; $temp"\\\\a b.exe" /S',
  ],
  ['echo a ^& b ^\n c "d ^ e"', 'echo a & b c "d ^ e"'],
  ["type x < y | more >> z 2>&1", "<type x <y | more >>z 2>&1>"],
  ["( a & b ) > log.txt | c", "<{a; b} >log.txt | c>"],
  ["exit/b 1\ncd..\necho.\necho(foo\ncall:lbl", "exit /b 1; cd ..; echo .; echo (foo; call :lbl"],
  [
    'powershell -Command "& { iex \\"irm \'U\'\\" ; x }" & foo',
    'powershell -Command "& { iex \\"irm \'U\'\\" ; x }"; foo',
  ],
  ['cd "C:\\foo\\" & copy "a" b ""', 'cd "C:\\\\foo\\\\"; copy "a" b ""'],
  ['start "" /wait setup.exe /S', 'start "" /wait setup.exe /S'],
  ["curl -o a.exe ^\n  https://x ^\n  && a.exe", "(curl -o a.exe https://x && a.exe)"],
  // Variables
  [
    '%~dp0\\x.bat %1 %* !FOO! 100%% "%ProgramFiles(x86)%\\y" %V:~0,2% %V:a=b%',
    '$0{~dp}\\x.bat $1 $* $foo 100% $programfiles(x86)"\\\\y" $v{:~0,2} $v{:a=b}',
  ],
  [
    'set X=https://x/y z\nset "Y=a b" & echo %Y%\nset /p V=<ver.txt\nset /a N=1+2\nset X\nset Z=',
    'x=https://x/y z; y="a b"; echo $y; v=$(‹type› <ver.txt); n=?[]; set X; z=∅',
  ],
  // if and for
  [
    "if not exist foo.exe (\n  curl -o foo.exe https://x\n  foo.exe\n) else (\n  echo hi\n)",
    "if [test!(exist foo.exe)]{curl -o foo.exe https://x; foo.exe} else {echo hi}",
  ],
  [
    'if NOT "%TARGET%" == "x86_64" rustup target add %TARGET% & foo',
    'if [test!($target == "x86_64")]{rustup target add $target; foo}',
  ],
  ["if defined D set PATH=C:\\m\\%D%\\bin;%PATH%", "if [test(defined D)]{path=C:\\m\\$d\\bin;$path}"],
  ["if /i %errorlevel% neq 0 exit /b %errorlevel%", "if [test($errorlevel != 0)]{exit /b $errorlevel}"],
  ["if errorlevel 1 goto fail", "if [test(errorlevel 1)]{goto fail}"],
  ["IF a==b (x) ELSE if c==d (y) else z", "if [test(a == b)]{x} [test(c == d)]{y} else {z}"],
  ["if exist x if not exist y z", "if [test(exist x)]{if [test!(exist y)]{z}}"],
  [
    'for %%i in (a b "c d") do curl -O https://x/%%i && call %%i',
    'loop %i in a b "c d" {(curl -O https://x/$%i && call $%i)}',
  ],
  [
    "for /f \"tokens=*\" %%a in ('curl -s https://x ^| findstr y') do %%a",
    "loop %a in $(<curl -s https://x | findstr y>) {$%a}",
  ],
  ['for /f "usebackq delims==" %%a in (`curl "https://x"`) do set V=%%a', 'loop %a in $(curl "https://x") {v=$%a}'],
  ["for /f %%a in (list.txt) do call %%a", "loop %a in $(‹type› list.txt) {call $%a}"],
  [
    "for /l %%n in (1,1,3) do (\n  for /r . %%j in (*.zip) do 7z x %%~nj\n)",
    "loop %n in 1 1 3 {loop %j in *.zip {7z x $%j{~n}}}",
  ],
  // Labels and comments
  [
    ":main\ncall :install a\ngoto :eof\n:install\ncurl -o x.bat %1\ncall x.bat\nexit /b 0",
    "function :main {call :install a; goto :eof}; function :install {curl -o x.bat $1; call x.bat; exit /b 0}; ‹call› :main; ‹call› :install",
  ],
  ["rem curl x | y\n:: foo & bar\nREM\na", "a"],
  ["( \n  a\n  :: comment\n  rem b )\n  c\n)", "{a; c}"],
];

/** Scripts that somebody is still typing, or got wrong. */
const HALF_TYPED: readonly (readonly [script: string, tree: string])[] = [
  ["if exist x (\n  curl U", "if [test(exist x)]{curl U}"],
  ["a | | b", "<a | b>"],
  ["a &&\nb", "a; b"],
  ['echo "abc\nb', 'echo "abc"; b'],
  ["for", "for"],
  ["for %%i in (\na", "loop %i in  {}; a"],
  ["for %%i in (a b)\nc", "loop %i in a b {}; c"],
  ["for /f %%a in ('curl U\nb", "loop %a in $(curl U) {}; b"],
  ["if", "if [test]{}"],
  ["if exist\na", "if [test]{}; a"],
  ["if a==", "if [test(a == ∅)]{}"],
  ["if a==b (c", "if [test(a == b)]{c}"],
  ['set "', "set"],
  ['set "X=a\nb', 'x="a"; b'],
  [")\na", "a"],
  ["a ) b", "a ) b"],
  ["a >\nb", "a >; b"],
  ["a ^", "a ∅"],
  ["%", "%"],
  ["%X\na", "%X; a"],
  [":\na", "a"],
  ["call", "call"],
  ["( ( a )\nb", "{{a}; b}"],
  ["@", ""],
];

describe("the reader of cmd", () => {
  itReads(parseCmd, "reads", WRITTEN);
  itReads(parseCmd, "reads what is there of", HALF_TYPED);

  it("reads lines that end in CRLF", () => {
    const script = "curl U ^\r\n -o a\r\nif exist a (\r\n  a\r\n)\r\nset X=1\r\nb";
    assert.equal(render(parseCmd(script)), "curl U -o a; if [test(exist a)]{a}; x=1; b");
  });

  it("keeps expressions as holes", () => {
    const script = `curl -o "${HOLE}.bat" https://${HOLE}/x & ${HOLE} & set "V=a${HOLE}" & if "${HOLE}"=="b" c`;
    const block = parseCmd(script, holesIn(script));
    const hole = "⟦${{ x }}⟧";
    assert.equal(
      render(block),
      `curl -o ${hole}".bat" https://${hole}/x; ${hole}; v="a"${hole}; if [test(${hole} == "b")]{c}`,
    );
    checkSpans(block, script);
  });

  it("tells for each word where it is written", () => {
    const script = 'curl -o "%T%\\a b" U 2>nul && ("c d" /e) || f^\n g';
    const words = wordsOf(parseCmd(script)).map(({ span }) => script.slice(span.start, span.end));
    assert.deepEqual(words, ["curl", "-o", '"%T%\\a b"', "U", '"c d"', "/e", "f", "g"]);
  });

  it("reads the program in another shell's words, to the character where nothing is escaped", () => {
    const script = 'cmd /c "curl -o a.bat U && a.bat"; cmd /c start /wait b.exe';
    const words = wordsOf(parsePowerShell(script));
    const programs = [words.slice(2, 3), words.slice(5)].map((each) => parseNested(script, each, "cmd"));
    assert.deepEqual(
      programs.map((block) => block && render(block)),
      ["(curl -o a.bat U && a.bat)", "start /wait b.exe"],
    );
    const spans = programs
      .flatMap((block) => (block ? wordsOf(block) : []))
      .map(({ span }) => script.slice(span.start, span.end));
    assert.deepEqual(spans, ["curl", "-o", "a.bat", "U", "a.bat", "start", "/wait", "b.exe"]);
  });

  it("reads a PowerShell program that is not in quotes", () => {
    const script = "powershell -Command iex ((New-Object Net.WebClient).DownloadString('U'))";
    const block = parseNested(script, wordsOf(parseCmd(script)).slice(2), "powershell");
    assert.ok(block);
    assert.equal(render(block), 'iex $(<{New-Object Net.WebClient} | .DownloadString "U">)');
    checkSpans(block, script);
  });

  it("takes neither offence at any 20,000 texts nor puts a span outside of another", () => {
    let spans = 0;
    const tokens = [
      "curl",
      "call",
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
      "%",
      "%%",
      "%i",
      "%%i",
      "%X%",
      "!X!",
      "!",
      "^",
      "^\n",
      "^|",
      '"',
      "'",
      "`",
      "rem ",
      "::",
      ":lbl",
      ":",
      "if ",
      "not ",
      "exist ",
      "else ",
      "==",
      "equ ",
      "for ",
      "in ",
      "do ",
      "/f ",
      "set ",
      'set "',
      "/p ",
      "/a ",
      "=",
      ",",
      ">",
      ">>",
      "2>&1",
      "<",
      "@",
      "echo.",
      "exit/b",
      "https://x/y?a=1",
      '\\"',
      "\\",
      "\r\n",
      HOLE,
      "é",
      "1",
      "for %%i in (",
      "for /f %%a in ('",
      "') do ",
      "if a==b ",
      "goto :eof",
      "\t",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...tokens), { maxLength: 40, size: "max" }), (pieces) => {
        const text = pieces.join("");
        spans += checkSpans(parseCmd(text, holesIn(text)), text);
      }),
      { seed: 20260803, numRuns: 20_000 },
    );
    assert.ok(spans > 200_000, `only ${spans} spans`);
  });

  const hostile: readonly (readonly [string, string])[] = [
    ["open brackets", "(".repeat(10_000)],
    ["groups in groups", `${"(".repeat(5000)}${")".repeat(5000)}`],
    ["conditions on one line", "if a==b ".repeat(2000)],
    ["a long row of else if", `if a==b (x)${" else if a==b (x)".repeat(1500)}`],
    ["loops on one line", "for %%i in (a) do ".repeat(1500)],
    ["commands in commands", "for /f %%i in ('".repeat(2000)],
    ["quotes", '"'.repeat(10_001)],
    ["percent signs", "%a".repeat(5000)],
    ["carets", "^".repeat(10_000)],
    ["a long line", `foo ${"arg ".repeat(2500)}`],
    ["pipes", "a|".repeat(5000)],
    ["labels", ":a\nb\n".repeat(3000)],
    ["10,000 lines", 'curl -o "%TEMP%\\f.bat" https://x && call f.bat > nul 2>&1\n'.repeat(10_000)],
  ];
  for (const [name, text] of hostile) {
    it(`reads ${name} in one go`, () => {
      checkSpans(parseCmd(text), text);
    });
  }
});
