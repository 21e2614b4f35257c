import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { pipelineOf } from "../../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import type { Step } from "../../server/core/model.ts";
import { fixAll } from "../check.ts";
import { execute } from "../support/execute.ts";

const PATH = ".github/workflows/x.yml";
const EXPRESSION = `\${{ github.event.issue.title }}`;

/** A piece of a word: how it is written, and what the shell makes of it where the expression's value is put in. */
interface Piece {
  readonly written: string;
  value(title: string): string;
}

const plain = (written: string, value: string): Piece => ({ written, value: () => value });

const PIECES: readonly Piece[] = [
  plain("a-b/c:", "a-b/c:"),
  plain("x_", "x_"),
  plain("\\$", "$"),
  plain('"two words"', "two words"),
  plain("'it is $5'", "it is $5"),
  plain('"$(printf \'%s\' "in \'it")"', "in 'it"),
  plain('""', ""),
  { written: EXPRESSION, value: (title) => title },
  { written: `"${EXPRESSION}"`, value: (title) => title },
  { written: `"<${EXPRESSION}>"`, value: (title) => `<${title}>` },
  { written: `"${EXPRESSION}_x [${EXPRESSION}[0]"`, value: (title) => `${title}_x [${title}[0]` },
  { written: `'${EXPRESSION}'`, value: (title) => title },
  { written: `'{"a": "${EXPRESSION}", "b": "$HOME"}'`, value: (title) => `{"a": "${title}", "b": "$HOME"}` },
  { written: `'${EXPRESSION} and ${EXPRESSION}'`, value: (title) => `${title} and ${title}` },
  { written: `"$(printf '%s.' ${EXPRESSION})"`, value: (title) => `${title}.` },
  { written: `"$(printf '%s.' "${EXPRESSION}")"`, value: (title) => `${title}.` },
];

const words = fc
  .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 4 })
  .filter((pieces) => /^["'a-z\\$]/.test(pieces[0]?.written ?? ""));

const LINES: readonly ((word: string) => string)[] = [
  (word) => `printf '%s|' ${word}`,
  (word) => `value=${word}; printf '%s|' "$value"`,
  (word) => `if [ -n ${word}x ]; then printf '%s|' ${word}; fi`,
  (word) => `{ printf '%s|' ${word}; } 2> /dev/null`,
  (word) => `printf '%s|' ${word} | cat`,
];

const TITLES: readonly string[] = [
  "plain",
  "",
  "two  words",
  `it's "quoted" and \`ticked\``,
  "$HOME $(echo no) ${x} $$",
  "back\\slash \\n \\",
  "line one\nline two",
  "* ? [a] ~ ! # ; & | < > (x) {a,b}",
  "-n",
  "ünï — 日本",
];

function workflow(script: string, style: "block" | "last", lineBreak: string): string {
  const lines = script.split("\n").map((line) => `          ${line}`);
  const name = "      - name: One # keep";
  const head = ["# first", "on: issues", "jobs:", "  a:", "    runs-on: ubuntu-latest", "    steps:"];
  const step =
    style === "block"
      ? [name, "        run: |", ...lines, "        shell: bash   # end"]
      : [name, "        run: |", ...lines];
  return [...head, ...step, "", "      - run: make", ""].join(lineBreak);
}

function firstStep(text: string): Step {
  const step = pipelineOf({ path: PATH, text }, EMPTY_CONTEXT)?.jobs[0]?.steps[0];
  assert.ok(step);
  return step;
}

/** The environment that the product would give to the step. */
function environmentOf(step: Step, title: string): Record<string, string> {
  const own = step.scope.variables.map(({ name, value }) => {
    assert.equal(value, EXPRESSION);
    return [name, title] as const;
  });
  return { PATH: process.env.PATH ?? "", HOME: "/home/x", LC_ALL: "C.UTF-8", ...Object.fromEntries(own) };
}

/** Shells of POSIX's kind that this machine has. */
const shells = ["bash", "dash", "zsh"].filter((shell) => spawnSync(shell, ["-c", "exit 0"]).status === 0);
const suite = process.platform === "win32" ? describe.skip : describe;

suite("an expression that comes through the environment", () => {
  it("is tried in at least one shell", () => assert.notEqual(shells.length, 0));

  it("gives the same words to programs as its value in that place, whatever the value holds", async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(words, fc.constantFrom(...LINES)), { minLength: 1, maxLength: 12 }),
        fc.constantFrom("block" as const, "last" as const),
        fc.constantFrom("\n", "\r\n"),
        async (lines, style, lineBreak) => {
          const code = lines.map(([pieces, line]) => line(pieces.map(({ written }) => written).join("")));
          const fixed = fixAll("script-injection", PATH, workflow(code.join("\n"), style, lineBreak), []);
          const step = firstStep(fixed);
          const [script] = step.scripts;
          assert.ok(script);
          assert.ok(!script.text.includes("X___") && script.holes.length === 0, script.text);
          for (const title of TITLES) {
            // What stands in a substitution loses the line breaks at its end, and no title ends in one.
            const expected = lines.map(([pieces]) => `${pieces.map((piece) => piece.value(title)).join("")}|`).join("");
            for (const shell of shells) {
              const { stdout } = await execute(shell, ["-c", script.text], { env: environmentOf(step, title) });
              assert.equal(stdout, expected, `${shell}\n${script.text}`);
            }
          }
        },
      ),
      { numRuns: 8 },
    );
  });

  it("leaves every other line of the file as it is", () => {
    fc.assert(
      fc.property(
        fc.array(words, { minLength: 1, maxLength: 6 }),
        fc.constantFrom("block" as const, "last" as const),
        fc.constantFrom("\n", "\r\n"),
        (all, style, lineBreak) => {
          const code = all.map((pieces) => `echo ${pieces.map(({ written }) => written).join("")}`);
          const text = workflow(code.join("\n"), style, lineBreak);
          const fixed = fixAll("script-injection", PATH, text, []);
          const added = ["        env:", `          ISSUE_TITLE: ${EXPRESSION}`];
          const kept = fixed.split(lineBreak).filter((line) => !added.includes(line));
          const before = text.split(lineBreak);
          assert.equal(kept.length, before.length, fixed);
          for (const [index, line] of before.entries()) if (!line.includes(EXPRESSION)) assert.equal(kept[index], line);
          assert.equal(fixed.replaceAll(lineBreak, "").includes("\n"), false);
        },
      ),
    );
  });
});
