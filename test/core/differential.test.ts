import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Script } from "../../server/core/model.ts";
import { parseBash } from "../../server/core/shell/bash.ts";
import { type Block, blocksOf, type Node, programsOf, type Word } from "../../server/core/shell/command.ts";
import { SYSTEMS, systemFor } from "../../server/core/systems/index.ts";
import { parseYaml } from "../../server/core/yaml.ts";

/** The parts of the second parser that are used. It has no types of its own. */
interface Mvdan {
  readonly syntax: {
    NewParser(...options: unknown[]): { Parse(source: string, name: string): unknown };
    NodeType(node: unknown): string;
    Walk(node: unknown, visit: (node: unknown) => boolean): void;
  };
}

interface CallExpression {
  readonly Args: readonly { Pos(): { Offset(): number } }[];
}

const CORPUS = fileURLToPath(new URL("../../../shared/corpus/files/", import.meta.url));
const { syntax }: Mvdan = createRequire(import.meta.url)("mvdan-sh");

describe("the shell reader against a second parser", () => {
  it("finds the same commands in every shell script of the corpus", function () {
    if (!existsSync(CORPUS)) {
      console.log("      the corpus is not here, so there is nothing to compare");
      this.skip();
    }
    const scripts = readdirSync(CORPUS, { recursive: true, encoding: "utf8" })
      .filter((file) => /\.ya?ml$/.test(file))
      .flatMap(shellScripts);
    assert.ok(scripts.length > 200, `only ${scripts.length} scripts`);
    // Positions inside of escaped backticks index a decoded text: there the reader gives the place of the whole substitution.
    const comparable = scripts.filter(({ script }) => !/`[^`]*\\[^`]*`/.test(script.text));
    assert.ok(comparable.length > scripts.length * 0.98);
    const different = comparable.filter(({ script }) => {
      const expected = commandsOfSecondParser(script.text);
      return expected !== undefined && JSON.stringify(expected) !== JSON.stringify(commandsOf(script.text));
    });
    assert.deepEqual(
      different.map(({ file, script }) => `${file}: ${script.text}`),
      [],
    );
  });

  it("differs where the commands differ", () => {
    assert.notDeepEqual(commandsOfSecondParser("a; b"), commandsOf("a; c; b"));
    assert.deepEqual(commandsOf("a | b && c $(d)"), [0, 4, 9, 13]);
  });
});

function shellScripts(file: string): readonly { readonly file: string; readonly script: Script }[] {
  const text = readFileSync(`${CORPUS}${file}`, "utf8");
  const yaml = parseYaml(text);
  const system = systemFor(file, yaml) ?? SYSTEMS[0];
  const pipeline = system?.read({ path: file, text }, yaml, { read: () => undefined, list: () => [] });
  const scripts = pipeline?.jobs.flatMap((job) => job.steps.flatMap((step) => step.scripts)) ?? [];
  return scripts.filter(({ shell }) => /^(?:bash|sh)$/.test(shell.language)).map((script) => ({ file, script }));
}

/** Offsets of the first words of all simple commands, in order; `undefined` where the second parser refuses the script. */
function commandsOfSecondParser(text: string): readonly number[] | undefined {
  const starts: number[] = [];
  try {
    syntax.Walk(syntax.NewParser().Parse(text, "script"), (node) => {
      if (node === null || syntax.NodeType(node) !== "CallExpr") return true;
      const first = (node as CallExpression).Args[0];
      if (first !== undefined) starts.push(utf16(text, first.Pos().Offset()));
      return true;
    });
  } catch {
    return undefined;
  }
  return starts.sort((a, b) => a - b);
}

/** The second parser counts bytes of UTF-8. */
function utf16(text: string, bytes: number): number {
  return Buffer.from(text, "utf8").subarray(0, bytes).toString("utf8").length;
}

/** Builtins that the second parser takes for clauses of their own. */
const CLAUSES = /^(?:declare|local|export|readonly|typeset|nameref|let)$/;

function commandsOf(text: string): readonly number[] {
  const starts: number[] = [];
  const word = (each: Word): void => {
    for (const program of programsOf(each)) block(program);
  };
  const block = ({ statements }: Block): void => {
    for (const statement of statements) visit(statement.node);
  };
  const visit = (node: Node): void => {
    if (node.kind === "command") {
      const [name] = node.words;
      if (name !== undefined && !CLAUSES.test(text.slice(name.span.start, name.span.end))) starts.push(name.span.start);
      node.words.forEach(word);
      for (const { value, elements } of node.assignments) [...(value ? [value] : []), ...elements].forEach(word);
    }
    if (node.kind === "pipe") node.stages.forEach(visit);
    if (node.kind === "chain") node.operands.forEach(visit);
    if (node.kind === "loop") node.values?.forEach(word);
    if (node.kind === "case") {
      word(node.subject);
      node.arms.flatMap((arm) => arm.patterns).forEach(word);
    }
    if (node.kind === "test") wordsOfCondition(node.condition).forEach(word);
    if ("redirects" in node) for (const { target } of node.redirects) if (target) word(target);
    blocksOf(node).forEach(block);
  };
  block(parseBash(text));
  return [...new Set(starts)].sort((a, b) => a - b);
}

function wordsOfCondition(condition: Extract<Node, { kind: "test" }>["condition"]): readonly Word[] {
  switch (condition?.kind) {
    case "unary":
      return [condition.operand];
    case "binary":
      return [condition.left, condition.right];
    case "logical":
      return condition.operands.flatMap(wordsOfCondition);
    case "not":
      return wordsOfCondition(condition.operand);
    default:
      return [];
  }
}
