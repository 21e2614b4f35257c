import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type LocalCall,
  type LocalProgram,
  readLocalCall,
  readLocalProgram,
} from "../../server/core/shell/local-program.ts";
import { textValue } from "../../server/core/shell/trace.ts";

function call(words: readonly string[], folder = "."): LocalCall | undefined {
  return readLocalCall(
    words.map((word) => textValue(word, { start: 0, end: 0 })),
    folder,
  );
}

/** The path or script that a command line with plain words runs. */
function target(line: string, folder = "."): string | undefined {
  const found = call(line.split(" "), folder);
  if (found?.how === "make") return [found.file ?? found.folder, ...found.targets].join(" ");
  return found?.how === "npm-script" ? `${found.folder} ${found.script}` : found?.path;
}

function programs(files: Readonly<Record<string, string>>, line: string): readonly LocalProgram[] {
  const found = call(line.split(" "));
  return found === undefined ? [] : readLocalProgram(found, (path) => files[path]);
}

/** The code of all parts, without blanks around it. */
function codes(files: Readonly<Record<string, string>>, line: string): readonly string[] {
  return programs(files, line).flatMap(({ parts }) => parts.map(({ text }) => text.trim()));
}

describe("calls of local programs", () => {
  const files: readonly (readonly [string, string])[] = [
    ["./ci/x.sh --fast", "ci/x.sh"],
    ["ci/x.sh", "ci/x.sh"],
    ["bash scripts/x.sh -e", "scripts/x.sh"],
    ["/usr/bin/bash x.sh", "x.sh"],
    ["sh -e x.sh", "x.sh"],
    ["bash -o pipefail -- x.sh", "x.sh"],
    [". x.sh", "x.sh"],
    ["source ./a/../x.sh", "x.sh"],
    ["$GITHUB_WORKSPACE/ci/x.sh", "ci/x.sh"],
    ["bash $CI_PROJECT_DIR/ci/x.sh", "ci/x.sh"],
    ["$(Build.SourcesDirectory)\\x.ps1", "x.ps1"],
    ["$env:github_workspace/x.ps1", "x.ps1"],
    ["%APPVEYOR_BUILD_FOLDER%\\x.bat", "x.bat"],
    ["$PWD/x.sh", "x.sh"],
    ["pwsh -NoProfile -ExecutionPolicy Bypass -File ci/x.ps1", "ci/x.ps1"],
    ["powershell -NoP -Exec Bypass -F ci/x.ps1", "ci/x.ps1"],
    ["pwsh ci/x.ps1 -Fast", "ci/x.ps1"],
    ["pwsh -c ./x.ps1", "x.ps1"],
    ["Import-Module ./ci/x.psm1", "ci/x.psm1"],
    [".\\x.ps1", "x.ps1"],
    ["x.bat", "x.bat"],
    ["call ci\\x.cmd", "ci/x.cmd"],
    ["cmd /d /c x.bat all", "x.bat"],
    ["python3 x.py", "x.py"],
  ];
  for (const [line, path] of files) it(`reads the file of ${line}`, () => assert.equal(target(line), path));

  it("reads an expression of the product", () => {
    assert.deepEqual(call(["${{ github.workspace }}/x.sh"]), {
      how: "file",
      path: "x.sh",
      sourced: false,
      errexit: false,
      pipefail: false,
    });
  });

  it("counts paths from the working directory", () => {
    assert.equal(target("./x.sh", "sub"), "sub/x.sh");
    assert.equal(target("bash ../x.sh", "sub"), "x.sh");
    assert.equal(target("bash $PWD/x.sh", "sub"), "sub/x.sh");
    assert.equal(target("./x.sh", "$GITHUB_WORKSPACE/sub"), "sub/x.sh");
    assert.equal(target("$GITHUB_WORKSPACE/x.sh", "/tmp"), "x.sh");
  });

  it("tells the interpreter with its options, and what is sourced", () => {
    const rest = { how: "file", path: "x.sh", sourced: false, errexit: false, pipefail: false };
    assert.deepEqual(call(["bash", "-eo", "pipefail", "x.sh", "-o"]), {
      ...rest,
      interpreter: "bash",
      errexit: true,
      pipefail: true,
    });
    assert.deepEqual(call(["."].concat("x.sh")), { ...rest, sourced: true });
  });

  const elsewhere = [
    "../x.sh",
    "a/../../x.sh",
    "/opt/x.sh",
    "C:\\x.bat",
    "~/x.sh",
    "$X/y.sh",
    "$GITHUB_WORKSPACE_2/y.sh",
    "./ci/*.sh",
    "bash ‹0.1›",
    "bash -c x",
    "bash -s x",
    "bash",
    "curl x",
    "call :label",
    "deno run https://x.io/a.ts",
    "make -n upload",
    "make -C /src upload",
    "npm ci --ignore-scripts",
    "npm install x",
    "npm install -g x",
    "npm run x -w p",
    "npm run",
    "pnpm -r run x",
    "yarn add x",
    "bun test",
    "bun run x.ts",
  ];
  for (const line of elsewhere)
    it(`runs nothing known of the repository: ${line}`, () => assert.equal(target(line), undefined));

  it("runs nothing from a folder outside of the repository", () => assert.equal(target("./x.sh", "/tmp"), undefined));

  const made: readonly (readonly [string, string])[] = [
    ["make", "."],
    ["make upload", ". upload"],
    ["make -j 4 -C a -C b x y", "a/b x y"],
    ["gmake --directory=a -f ci/Makefile x", "a/ci/Makefile x"],
    ["make -j4 V=1 x", ". x"],
    ["$(MAKE) x", ". x"],
    ["npm run x", ". x"],
    ["npm run-script x --prefix web", "web x"],
    ["npm --silent t -- --watch", ". test"],
    ["npm start", ". start"],
    ["npm ci", ". install"],
    ["yarn", ". install"],
    ["yarn x --flag", ". x"],
    ["yarn --cwd web run x", "web x"],
    ["pnpm -C web build", "web build"],
    ["pnpm run x", ". x"],
    ["pnpm test", ". test"],
    ["bun run x", ". x"],
    ["corepack yarn x", ". x"],
  ];
  for (const [line, script] of made) it(`reads the target of ${line}`, () => assert.equal(target(line), script));
});

describe("local script files", () => {
  const languages: readonly (readonly [string, string, string, string | undefined])[] = [
    ["./x", "x", "#!/usr/bin/env bash\nls", "bash"],
    ["./x", "x", "#! /bin/sh -e\r\nls", "sh -e"],
    ["./x", "x", "#!/usr/bin/env -S bash -eo pipefail\nls", "bash -e pipefail"],
    ["./x", "x", "#!/bin/busybox ash\nls", "sh"],
    ["./x", "x", "#!/usr/bin/env nix-shell\n#!nix-shell -i bash -p curl\nls", "bash"],
    ["./x", "x", "#!/usr/bin/env pwsh\nls", "powershell"],
    ["./x.sh", "x.sh", "#!/usr/bin/env python3\nprint()", undefined],
    ["./x", "x", "ls", "sh"],
    ["./x.bash", "x.bash", "ls", "bash"],
    ["./x.zsh", "x.zsh", "ls", "zsh"],
    ["./x.ps1", "x.ps1", "ls", "powershell"],
    ["x.bat", "x.bat", "dir", "cmd"],
    ["./x.py", "x.py", "print()", undefined],
    ["./x.run", "x.run", "ls", undefined],
    ["python3 x.py", "x.py", "print()", undefined],
    ["bash x", "x", "#!/bin/sh -e\nls", "bash"],
    ["sh -e x", "x", "#!/bin/bash\nls", "sh -e"],
    [". ./x", "x", "#!/bin/sh -e\nls", "sh"],
    [". ./.env", ".env", "A=1", "bash"],
    [". ./x.ps1", "x.ps1", "ls", "powershell"],
  ];
  for (const [line, path, text, expected] of languages) {
    it(`reads ${JSON.stringify(text)} in ${line} as ${expected ?? "nothing"}`, () => {
      const [program] = programs({ [path]: text }, line);
      const shell = program && [
        program.language,
        ...(program.errexit ? ["-e"] : []),
        ...(program.pipefail ? ["pipefail"] : []),
      ];
      assert.equal(shell?.join(" "), expected);
      if (program !== undefined) assert.deepEqual(program.parts, [{ text, holes: [], tolerated: false }]);
    });
  }

  it("leaves out what is missing, binary or too long", () => {
    assert.deepEqual(programs({}, "./x.sh"), []);
    assert.deepEqual(programs({ "x.sh": "a\0b" }, "./x.sh"), []);
    assert.deepEqual(programs({ "x.sh": "a".repeat(256 * 1024 + 1) }, "./x.sh"), []);
    assert.equal(programs({ "x.sh": "a".repeat(256 * 1024) }, "./x.sh").length, 1);
  });
});

describe("makefiles", () => {
  function recipe(text: string, line = "make"): readonly string[] {
    return codes({ Makefile: text }, line);
  }

  it("runs the first target where none is named", () => {
    assert.deepEqual(recipe(".PHONY: b\nb:\n\techo b\na:\n\techo a\n"), ["echo b"]);
    assert.deepEqual(recipe(".DEFAULT_GOAL := a\nb:\n\techo b\na:\n\techo a\n"), ["echo a"]);
  });

  it("runs prerequisites first, each once, and ends where they go in a circle", () => {
    const text = "all: b c\n\techo all\nb: d\n\techo b\nc: d all\n\techo c\nd:\n\techo d\n";
    assert.deepEqual(recipe(text, "make all"), ["echo d", "echo b", "echo c", "echo all"]);
  });

  it("runs nothing for a target that the file does not know", () => {
    assert.deepEqual(recipe("a:\n\techo a\n", "make b"), []);
  });

  it("prefers GNUmakefile, and reads the file that is named", () => {
    const files = { GNUmakefile: "a:\n\techo 1\n", Makefile: "a:\n\techo 2\n", "x/y.mk": "a:\n\techo 3\n" };
    assert.deepEqual(codes(files, "make"), ["echo 1"]);
    assert.deepEqual(codes(files, "make -C x -f y.mk"), ["echo 3"]);
    assert.equal(programs(files, "make -C x -f y.mk")[0]?.folder, "x");
  });

  it("runs each line in a shell of its own, continued ones in one", () => {
    assert.deepEqual(recipe("a:\n\techo 1\n\n# c\n\techo 2 \\\n\t  3\n"), ["echo 1", "echo 2 \\\n   3"]);
    assert.deepEqual(recipe("a: ; echo 1\n\techo 2\n"), ["echo 1", "echo 2"]);
    assert.deepEqual(recipe(".ONESHELL:\na:\n\tx=1\n# c\n\techo $$x\n"), ["x=1\n   \n echo  $x"]);
  });

  it("takes the marks in front of a command away, and knows which lines may fail", () => {
    const [program] = programs(
      { Makefile: "Q = @\na:\n\t@-echo 1\n\t$(Q)echo 2\n\t$(AT)echo 3\n\t+ echo 4\n" },
      "make",
    );
    assert.deepEqual(
      program?.parts.map(({ text, tolerated, holes }) => [text.trim(), tolerated, holes.length]),
      [
        ["echo 1", true, 0],
        ["echo 2", false, 0],
        ["echo 3", false, 0],
        ["echo 4", false, 0],
      ],
    );
  });

  it("gives the shell its dollars back", () => {
    assert.deepEqual(recipe("a:\n\techo $$A $$(uname) V=$$(date) $$((1+2))\n"), [
      "echo  $A $( uname) V=$( date) $(( 1+2))",
    ]);
    const [program] = programs({ Makefile: 'a:\n\tcurl x/$$V/$${W}.sh "$${X%.*}"\n' }, "make");
    assert.deepEqual(
      program?.parts[0]?.holes.map(({ text, variable }) => [text, variable]),
      [
        ["$V", "V"],
        ["$W", "W"],
        ["${X%.*}", undefined],
      ],
    );
  });

  it("masks its variables and tells their values", () => {
    const text =
      "V := 1.2\nURL ?= https://x.io/$(V)/i.sh # new\nURL += -f\nbin/x: i.sh | d\n\tcurl ${URL} -o $@ $(A) $< $(B:.c=.o)\n";
    const [program] = programs({ Makefile: text }, "make bin/x V=2");
    const [part] = program?.parts ?? [];
    assert.equal(part?.text.trim(), "curl X_____ -o X_ X___ X_ X_________");
    assert.deepEqual(
      part?.holes.map(({ span, text: value, variable }) => [text.slice(span.start, span.end), value, variable]),
      [
        ["${URL}", "${URL}", "URL"],
        ["$@", "bin/x", undefined],
        ["$(A)", "$(A)", "A"],
        ["$<", "i.sh", undefined],
        ["$(B:.c=.o)", "$(B:.c=.o)", undefined],
      ],
    );
    assert.deepEqual([...(program?.variables ?? [])], [["URL", "https://x.io/2/i.sh -f"]]);
  });

  it("finds targets that are named by variables", () => {
    const text = "BIN := ./bin\nall: $(BIN)/x\n$(BIN)/x:\n\techo $(@F) $(@D)\n";
    assert.deepEqual(
      programs({ Makefile: text }, "make")[0]?.parts[0]?.holes.map((hole) => hole.text),
      ["x", "bin"],
    );
  });

  it("reads the shell that the file sets", () => {
    const shell = (text: string) => {
      const [program] = programs({ Makefile: `${text}\na:\n\techo a\n` }, "make a");
      return program && [program.language, program.errexit, program.pipefail];
    };
    assert.deepEqual(shell(""), ["sh", false, false]);
    assert.deepEqual(shell("SHELL := /usr/bin/env bash\n.SHELLFLAGS = -eu -o pipefail -c"), ["bash", true, true]);
    assert.deepEqual(shell("export SHELL = /bin/bash -e"), ["bash", true, false]);
    assert.deepEqual(shell(".POSIX:"), ["sh", true, false]);
    assert.deepEqual(shell("SHELL = python3"), undefined);
  });

  it("runs the lines of a macro for a line that only names it", () => {
    const text = "define get\n@curl $(1) \\\n| sh\n@echo done\nendef\na:\n\t$(call get,x)\n";
    assert.deepEqual(recipe(text), ["curl X___ \\\n| sh", "echo done"]);
  });

  it("ends where macros name each other", () => {
    const text = "define m\n$(n)\n$(n)\nendef\ndefine n\n$(m)\necho\nendef\na:\n\t$(m)\n";
    assert.deepEqual(recipe(text), ["X___", "echo", "X___", "echo"]);
  });

  it("takes the last recipe of a target, and all of those with two colons", () => {
    assert.deepEqual(recipe("a:\n\techo 1\na: b\na:\n\techo 2\nb:\n\techo b\n"), ["echo b", "echo 2"]);
    assert.deepEqual(recipe("a::\n\techo 1\na::\n\techo 2\n"), ["echo 1", "echo 2"]);
  });

  it("takes no variable of a target for a prerequisite, and no pattern for a target", () => {
    assert.deepEqual(
      recipe("%.o: %.c\n\tcc\na: X = b\na: x.o\n\techo a\nb:\n\techo b\nc d: %: %.c\n\techo c\n", "make a d"),
      ["echo a", "echo c"],
    );
  });

  it("stays small where the file is made to make it large", () => {
    const names = Array.from({ length: 30 }, (_, index) => `V${index} = $(V${index + 1})$(V${index + 1})`);
    const lines = "\techo $(V0)\n".repeat(2000);
    const [program] = programs({ Makefile: `${names.join("\n")}\na:\n${lines}` }, "make");
    const size = (program?.parts ?? []).reduce((sum, { text }) => sum + text.length, 0);
    assert.ok(size > 0 && size <= 4_000_000);
    assert.ok((program?.variables.get("V0") ?? "").length < 100_000);
  });
});

describe("scripts of package.json", () => {
  function scripts(all: Readonly<Record<string, string>>): string {
    return JSON.stringify({ name: "x", scripts: all }, undefined, "\t");
  }

  it("runs what comes before and after a script", () => {
    const files = { "package.json": scripts({ postx: "echo 3", x: "echo 2", prex: "echo 1", y: "echo 4" }) };
    assert.deepEqual(codes(files, "npm run x"), ["echo 1", "echo 2", "echo 3"]);
    assert.deepEqual(codes(files, "npm run z"), []);
  });

  it("runs the life cycle of an installation", () => {
    const files = { "package.json": scripts({ prepare: "echo 2", postinstall: "echo 1", test: "echo 3" }) };
    assert.deepEqual(codes(files, "npm ci"), ["echo 1", "echo 2"]);
  });

  it("looks in the folders above", () => {
    const [program] = programs({ "a/package.json": scripts({ x: "ls" }) }, "npm run x --prefix a/b/c");
    assert.deepEqual([program?.path, program?.folder, program?.language], ["a/package.json", "a", "sh"]);
  });

  it("keeps quotes around the same words", () => {
    const written: readonly (readonly [string, string])[] = [
      ['bash -c "$(curl -fsSL https://x.io)"', 'bash -c  "$(curl -fsSL https://x.io)" '],
      ['A="b" "$D"/x.sh', 'A=""b"" ""$D""/x.sh'],
      ['curl -H"X: y" z', 'curl -H" X: y"  z'],
      ['echo "" "a b"', 'echo  ""   "a b" '],
      ['echo \\"q\\"', 'echo  \\" q \\" '],
      ["echo a\\b", "echo a \\b"],
    ];
    for (const [script, expected] of written)
      assert.equal(codes({ "package.json": scripts({ x: script }) }, "npm run x")[0], expected.trim());
  });

  it("keeps an operator of escaped characters together", () => {
    const text = '{"scripts":{"x":"a \\u0026\\u0026 b"}}';
    assert.deepEqual(codes({ "package.json": text }, "npm run x"), ["a      &&      b"]);
  });

  it("reads nothing from what is no package.json", () => {
    for (const text of ["", "[]", '{"scripts":[]}', '{"scripts":{"x":1}}', '{"scripts":{"x":', "{".repeat(10_000)])
      assert.deepEqual(codes({ "package.json": text }, "npm run x"), []);
  });
});

describe("the parts of a local program", () => {
  const options = { seed: 7, numRuns: 300 };

  function check(file: string, { parts }: LocalProgram, escapes: RegExp): void {
    const free = new Set<number>();
    for (const { 0: written, index } of file.matchAll(escapes))
      for (let at = index; at < index + written.length; at++) free.add(at);
    for (const { text, holes } of parts) {
      assert.ok(text.length <= file.length);
      for (const { span } of holes) {
        assert.match(text.slice(span.start, span.end), /^X_*$/);
        for (let at = span.start; at < span.end; at++) free.add(at);
      }
      for (let at = 0; at < text.length; at++) {
        if (free.has(at)) continue;
        if (/\S/.test(text.charAt(at)) || file[at] === "\n") assert.equal(text[at], file[at], `${file}\n${at}`);
      }
    }
  }

  it("lie at the offsets of a makefile", () => {
    const piece = fc.constantFrom(
      ..."a: b|all:|.ONESHELL:|\n|\t|\\|\\\n|\r\n|$|$$|$$(|$$A|$${A}|$(|)|$(A)|${B|}|$@|@|-|A = b|A := $(A)|define m\n|\nendef|$(call m,x)|#|;|'|\"|ifdef A| |echo|x/".split(
        "|",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const file = `all: a b\n\techo\n${pieces.join("")}`;
        for (const program of programs({ Makefile: file }, "make all b")) check(file, program, /\$\$\({0,2}|\\\r\n/g);
      }),
      options,
    );
  });

  it("lie at the offsets of package.json, and say the same", () => {
    const piece = fc.constantFrom(..."a|b c|\"|'|\\|$(|)|$A| |\n|\t|&&|\u{1f600}|\u0001|é|https://x.io".split("|"));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.boolean(), (pieces, tabs) => {
        const script = pieces.join("");
        const file = JSON.stringify({ scripts: { x: script } }, undefined, tabs ? "\t" : 2);
        const [program] = programs({ "package.json": file }, "npm run x");
        assert.ok(program);
        check(file, program, /\\(?:u[\da-f]{4}|.)/g);
        const bare = (text: string) => text.replace(/\s/g, "").replace(/"+/g, '"');
        assert.equal(bare(program.parts[0]?.text ?? ""), bare(script));
      }),
      options,
    );
  });

  it("are the whole of a script file", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(!text.startsWith("#!") && !text.includes("\0"));
        const [program] = programs({ "x.sh": `\ufeff${text}` }, "./x.sh");
        assert.equal(program?.parts[0]?.text, ` ${text}`);
      }),
      options,
    );
  });
});
