import type { Span } from "../text.ts";
import {
  type Block,
  type Command,
  type Condition,
  type Node,
  type Part,
  programsOf,
  type Test,
  type Word,
} from "./command.ts";

// What PowerShell's expressions come down to in the command model.

/** What a stretch of PowerShell yields, in the form that says most about it. */
export type Yield =
  | { readonly kind: "word"; readonly word: Word }
  | { readonly kind: "list"; readonly span: Span; readonly items: readonly Word[] }
  | { readonly kind: "table"; readonly span: Span; readonly entries: readonly Entry[] }
  /** The output of one node. */
  | { readonly kind: "node"; readonly span: Span; readonly node: Node }
  /** The output of the statements in brackets. */
  | { readonly kind: "block"; readonly span: Span; readonly body: Block };

/** `name = value` of a hash table, the name in lower case. */
export interface Entry {
  readonly name: string;
  readonly value: Word;
}

/** Names the command that an expression in place of a command comes down to: it prints its value. */
const PRINT = "Write-Output";

/** The place in the script of what was read. */
export function spanOf(value: Yield): Span {
  return value.kind === "word" ? value.word.span : value.span;
}

/** A value as one word. */
export function toWord(value: Yield): Word {
  const span = spanOf(value);
  switch (value.kind) {
    case "word":
      return value.word;
    case "list":
      return listWord(span, value.items);
    case "table":
      return unknownWord(
        span,
        value.entries.map((entry) => entry.value),
      );
    case "node":
      return substitution(span, blockOf(value.node, span));
    case "block":
      return substitution(span, value.body);
  }
}

/** A value as the words of a list. */
export function toWords(value: Yield): readonly Word[] {
  return value.kind === "list" ? value.items : [toWord(value)];
}

/** A value as something that runs and writes it. */
export function toNode(value: Yield): Node {
  switch (value.kind) {
    case "node":
      return value.node;
    case "block":
      return { kind: "group", span: value.span, subshell: false, body: value.body, redirects: [] };
    case "list":
      return print(value.span, value.items);
    default:
      return print(spanOf(value), [toWord(value)]);
  }
}

/** A value as something that is true or false. */
export function toCondition(value: Yield): Condition {
  const node = value.kind === "node" ? value.node : value.kind === "block" ? onlyNode(value.body) : undefined;
  if (node?.kind === "test" && node.condition !== undefined) return node.condition;
  return { kind: "unary", operator: "-n", operand: toWord(value) };
}

/** A value as the condition of `if` and `while`: what decides is a test, or what a command writes. */
export function toConditionBlock(value: Yield): Block {
  if (value.kind === "block") return value.body;
  if (value.kind === "node") return blockOf(value.node, value.span);
  const span = spanOf(value);
  return blockOf(test(span, toCondition(value)), span);
}

/** A single command as a block. */
export function blockOf(node: Node, span: Span): Block {
  return { kind: "block", span, statements: [{ span: node.span, node, background: false }] };
}

/** A word of text that the script does not hold: its span is empty. */
export function implied(value: string, at: number): Word {
  const span = { start: at, end: at };
  return { span, parts: [{ kind: "text", span, value, quoted: false }] };
}

function onlyNode(body: Block): Node | undefined {
  const [first, second] = body.statements;
  return second === undefined ? first?.node : undefined;
}

function print(span: Span, words: readonly Word[]): Command {
  return { kind: "command", span, assignments: [], words: [implied(PRINT, span.start), ...words], redirects: [] };
}

/** A condition as a command of its own. */
export function test(span: Span, condition: Condition): Test {
  return { kind: "test", span, condition, redirects: [] };
}

/** A word that is the output of a block. */
export function substitution(span: Span, body: Block): Word {
  return { span, parts: [{ kind: "substitution", span, body, quoted: true }] };
}

/** A word that only the run knows; the programs in the words that it is made of are kept. */
export function unknownWord(span: Span, words: readonly Word[]): Word {
  return { span, parts: [{ kind: "unknown", span, programs: words.flatMap((word) => [...programsOf(word)]) }] };
}

/** `a,b` as one argument: its items with commas between them. */
export function listWord(span: Span, items: readonly Word[]): Word {
  const parts: Part[] = [];
  for (const [index, item] of items.entries()) {
    const before = items[index - 1]?.span.end;
    if (before !== undefined)
      parts.push({
        kind: "text",
        span: { start: before, end: Math.max(before, item.span.start) },
        value: ",",
        quoted: false,
      });
    parts.push(...item.parts);
  }
  return { span, parts };
}

/** The same value in brackets, behind a cast and the like. */
export function widen(value: Yield, span: Span): Yield {
  return value.kind === "word" ? { kind: "word", word: { ...value.word, span } } : { ...value, span };
}

/** A simple command of these words. */
export function command(span: Span, words: readonly Word[]): Command {
  return { kind: "command", span, assignments: [], words, redirects: [] };
}

/** A pipeline of these stages. */
export function pipe(stages: readonly Node[], span: Span): Node {
  return { kind: "pipe", span, stages, negated: false };
}

/** The stages of a value that a pipe computes; else the value as the first stage. */
export function stagesOf(value: Yield): readonly Node[] {
  const node = toNode(value);
  return node.kind === "pipe" && !node.negated ? node.stages : [node];
}

/** The words that a block prints where it does nothing else. */
export function printedBy(body: Block): readonly Word[] | undefined {
  if (body.statements.length === 0) return [];
  const node = onlyNode(body);
  if (node?.kind !== "command" || node.redirects.length > 0 || node.assignments.length > 0) return undefined;
  const [name, ...words] = node.words;
  return name !== undefined && name.span.start === name.span.end ? words : undefined;
}

/** What a block yields as a word: the value that it prints, where it does nothing else. */
export function bodyWord(body: Block): Word {
  const printed = printedBy(body);
  if (printed === undefined) return substitution(body.span, body);
  const [only] = printed;
  return printed.length === 1 && only !== undefined ? only : listWord(body.span, printed);
}

/** A loop without a head. */
export const LOOP = {
  kind: "loop",
  variable: undefined,
  values: undefined,
  condition: undefined,
  until: false,
  redirects: [],
} as const;
