import { contains, type Span } from "../text.ts";
import { parseBashWord } from "./bash.ts";
import {
  type Block,
  blocksOf,
  type Case,
  type Chain,
  type Command,
  type Condition,
  type FunctionDefinition,
  type Group,
  type If,
  type Loop,
  type Node,
  type Pipe,
  type Redirect,
  type Statement,
  staticText,
  type Word,
} from "./command.ts";
import type { PinSite } from "./pin-site.ts";

/** One step of the way from a program down to a command. */
export type Step = StatementStep | OperandStep | StageStep | ConditionStep | BodyStep | WordStep | StringStep;

export interface StatementStep {
  readonly kind: "statement";
  readonly block: Block;
  readonly index: number;
  readonly statement: Statement;
}

export interface OperandStep {
  readonly kind: "operand";
  readonly node: Chain;
  readonly index: number;
}

export interface StageStep {
  readonly kind: "stage";
  readonly node: Pipe;
  readonly index: number;
}

/** Into what an `if` or a loop asks; `branch` counts the `elif`s. */
export interface ConditionStep {
  readonly kind: "condition";
  readonly node: If | Loop;
  readonly branch: number;
}

/** Into what a compound command runs; `branch` tells the `if` branch, -1 elsewhere. */
export interface BodyStep {
  readonly kind: "body";
  readonly node: Group | If | Loop | Case | FunctionDefinition;
  readonly branch: number;
}

/** Into a program that computes a word or a part of it. */
export interface WordStep {
  readonly kind: "word";
  readonly holder: Node;
  readonly word: Word;
  /** Among the words of the holding command; -1 for assignments, redirections and the words of compound commands. */
  readonly index: number;
  readonly redirect: Redirect | undefined;
  readonly form: "substitution" | "process" | "unknown";
  readonly span: Span;
  /** True where the program is all that the word holds. */
  readonly whole: boolean;
}

/** Into a program that stands as text in a word: `sh -c '…'`. */
export interface StringStep {
  readonly kind: "string";
  readonly holder: Command;
  readonly word: Word;
  readonly index: number;
  readonly quote: "'" | '"' | "";
}

export interface Found {
  /** Outermost step first. */
  readonly path: readonly Step[];
  readonly command: Command;
}

/**
 * The way down to a command, found by its span; `undefined` where nothing that this program runs stands there with exact positions, such as
 * in a here-document or in a string with escapes.
 */
export function pathTo(site: PinSite, span: Span): readonly Step[] | undefined {
  const found = indexOf(site).bySpan.get(`${span.start}:${span.end}`) ?? first(walk(site, span), span);
  if (found === undefined) return undefined;
  const { path, command } = found;
  const [program] = command.words;
  const exact = program !== undefined && (command.words.length === 1 || program.span.end < command.span.end);
  return exact ? path : undefined;
}

function first(commands: Iterable<Found>, { start, end }: Span): Found | undefined {
  for (const found of commands) if (found.command.span.start === start && found.command.span.end === end) return found;
  return undefined;
}

/** The commands of a program, worked out once: every finding of a script asks for them. */
interface Index {
  readonly commands: readonly Found[];
  /** By `start:end`; the first where several share a span. */
  readonly bySpan: ReadonlyMap<string, Found>;
}

const INDICES = new WeakMap<Block, Index>();

function indexOf(site: PinSite): Index {
  const known = INDICES.get(site.program);
  if (known !== undefined) return known;
  const commands = [...walk(site)];
  const bySpan = new Map(
    commands.toReversed().map((found) => [`${found.command.span.start}:${found.command.span.end}`, found] as const),
  );
  const index = { commands, bySpan };
  INDICES.set(site.program, index);
  return index;
}

/** Every command of a program, in order, those of substitutions and of `-c` strings included. */
export function commandsOf(site: PinSite): readonly Found[] {
  return indexOf(site).commands;
}

/** @param wanted words around this span are read as programs too, whatever command they belong to */
function* walk(site: PinSite, wanted?: Span): Iterable<Found> {
  const way: Walk = {
    program(command, index) {
      const word = command.words[index];
      if (word === undefined) return undefined;
      const around =
        wanted !== undefined &&
        contains(word.span, wanted) &&
        word.span.end - word.span.start > wanted.end - wanted.start;
      const option = staticText(command.words[index - 1]) ?? "";
      return around || /^-[A-Za-z]*c$/.test(option) ? parseBashWord(site.text, word, site.holes) : undefined;
    },
    quote: (word) => /^["']/.exec(site.text.slice(word.span.start))?.[0] as "'" | '"' | undefined,
  };
  yield* inBlock(site.program, [], way);
}

interface Walk {
  program(command: Command, index: number): Block | undefined;
  quote(word: Word): "'" | '"' | undefined;
}

function* inBlock(block: Block, path: readonly Step[], walk: Walk): Iterable<Found> {
  for (const [index, statement] of block.statements.entries()) {
    yield* inNode(statement.node, [...path, { kind: "statement", block, index, statement }], walk);
  }
}

function* inNode(node: Node, path: readonly Step[], walk: Walk): Iterable<Found> {
  switch (node.kind) {
    case "command":
      return yield* inCommand(node, path, walk);
    case "pipe":
      for (const [index, stage] of node.stages.entries())
        yield* inNode(stage, [...path, { kind: "stage", node, index }], walk);
      return;
    case "chain":
      for (const [index, operand] of node.operands.entries())
        yield* inNode(operand, [...path, { kind: "operand", node, index }], walk);
      return;
    case "group":
    case "function":
      yield* inBlock(node.body, [...path, { kind: "body", node, branch: -1 }], walk);
      break;
    case "if":
      for (const [branch, { condition, body }] of node.branches.entries()) {
        yield* inBlock(condition, [...path, { kind: "condition", node, branch }], walk);
        yield* inBlock(body, [...path, { kind: "body", node, branch }], walk);
      }
      if (node.otherwise)
        yield* inBlock(node.otherwise, [...path, { kind: "body", node, branch: node.branches.length }], walk);
      break;
    case "loop":
      for (const word of node.values ?? [])
        yield* inWord(word, { holder: node, index: -1, redirect: undefined }, path, walk);
      if (node.condition) yield* inBlock(node.condition, [...path, { kind: "condition", node, branch: 0 }], walk);
      yield* inBlock(node.body, [...path, { kind: "body", node, branch: -1 }], walk);
      break;
    case "case":
      yield* inWord(node.subject, { holder: node, index: -1, redirect: undefined }, path, walk);
      for (const arm of node.arms) yield* inBlock(arm.body, [...path, { kind: "body", node, branch: -1 }], walk);
      break;
    case "test":
      for (const word of wordsOf(node.condition))
        yield* inWord(word, { holder: node, index: -1, redirect: undefined }, path, walk);
      break;
  }
  if ("redirects" in node) yield* inRedirects(node, node.redirects, path, walk);
}

function* inCommand(command: Command, path: readonly Step[], walk: Walk): Iterable<Found> {
  yield { path, command };
  for (const { value, elements } of command.assignments) {
    for (const word of value ? [value, ...elements] : elements)
      yield* inWord(word, { holder: command, index: -1, redirect: undefined }, path, walk);
  }
  for (const [index, word] of command.words.entries()) {
    yield* inWord(word, { holder: command, index, redirect: undefined }, path, walk);
    const program = index > 0 ? walk.program(command, index) : undefined;
    if (program === undefined) continue;
    yield* inBlock(
      program,
      [...path, { kind: "string", holder: command, word, index, quote: walk.quote(word) ?? "" }],
      walk,
    );
  }
  yield* inRedirects(command, command.redirects, path, walk);
}

function* inRedirects(
  holder: Node,
  redirects: readonly Redirect[],
  path: readonly Step[],
  walk: Walk,
): Iterable<Found> {
  for (const redirect of redirects)
    if (redirect.target) yield* inWord(redirect.target, { holder, index: -1, redirect }, path, walk);
}

function* inWord(
  word: Word,
  place: Pick<WordStep, "holder" | "index" | "redirect">,
  path: readonly Step[],
  walk: Walk,
): Iterable<Found> {
  const whole = word.parts.length === 1;
  for (const part of word.parts) {
    const step = { kind: "word", ...place, word, span: part.span } as const;
    if (part.kind === "substitution" || part.kind === "process")
      yield* inBlock(part.body, [...path, { ...step, form: part.kind, whole }], walk);
    if (part.kind === "unknown")
      for (const body of part.programs)
        yield* inBlock(body, [...path, { ...step, form: "unknown", whole: false }], walk);
    if (part.kind === "variable" && part.operand)
      yield* inWord(part.operand, { ...place, index: -1, redirect: undefined }, path, walk);
  }
}

function wordsOf(condition: Condition | undefined): readonly Word[] {
  switch (condition?.kind) {
    case undefined:
      return [];
    case "unary":
      return [condition.operand];
    case "binary":
      return [condition.left, condition.right];
    case "logical":
      return condition.operands.flatMap(wordsOf);
    case "not":
      return wordsOf(condition.operand);
  }
}

/** Names of the variables in words. */
export function variablesOf(words: readonly Word[]): readonly string[] {
  return words.flatMap(({ parts }) =>
    parts.flatMap((part) =>
      part.kind === "variable" ? [part.name, ...variablesOf(part.operand ? [part.operand] : [])] : [],
    ),
  );
}

/** Every node of a block, outermost first. */
export function* nodesOf(block: Block): Iterable<Node> {
  for (const { node } of block.statements) yield* below(node);
}

function* below(node: Node): Iterable<Node> {
  yield node;
  if (node.kind === "pipe") for (const stage of node.stages) yield* below(stage);
  if (node.kind === "chain") for (const operand of node.operands) yield* below(operand);
  for (const block of blocksOf(node)) yield* nodesOf(block);
}

/** True where redirections give a command something to read. */
export function readsFile(redirects: readonly Redirect[]): boolean {
  return redirects.some(({ operator, descriptor }) => operator.startsWith("<") && (descriptor ?? 0) === 0);
}
