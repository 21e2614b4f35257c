import { cover, type Span } from "../text.ts";
import type { Block, Command, Condition, Node, Part, Test, Word } from "./command.ts";
import { programsOf } from "./command.ts";
import {
  afterBlanks,
  afterSpace,
  type Cursor,
  closeOf,
  inside,
  locate,
  MAX_DEPTH,
  match,
  Parts,
  readEscape,
  readVariableToken,
  skipBlanks,
  skipSpace,
} from "./powershell-lexis.ts";
import { DOUBLE_QUOTES, SINGLE_QUOTES } from "./powershell-structure.ts";
import { nextPiece, pieceAt } from "./source.ts";

// Expressions and arguments of PowerShell. Source: about_Operators, about_Operator_Precedence, about_Parsing, about_Methods.

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
      return unknownWord(span, value.entries.map((entry) => entry.value));
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

function test(span: Span, condition: Condition): Test {
  return { kind: "test", span, condition, redirects: [] };
}

function substitution(span: Span, body: Block): Word {
  return { span, parts: [{ kind: "substitution", span, body, quoted: true }] };
}

function unknownWord(span: Span, words: readonly Word[]): Word {
  return { span, parts: [{ kind: "unknown", span, programs: words.flatMap((word) => [...programsOf(word)]) }] };
}

/** `a,b` as one argument: its items with commas between them. */
function listWord(span: Span, items: readonly Word[]): Word {
  const parts: Part[] = [];
  for (const [index, item] of items.entries()) {
    const before = items[index - 1]?.span.end;
    if (before !== undefined)
      parts.push({ kind: "text", span: { start: before, end: Math.max(before, item.span.start) }, value: ",", quoted: false });
    parts.push(...item.parts);
  }
  return { span, parts };
}

function word(cursor: Cursor, start: number, parts: readonly Part[]): Yield {
  return { kind: "word", word: { span: locate(cursor, start, cursor.at), parts } };
}

/** The same value in brackets, behind a cast and the like. */
function widen(value: Yield, span: Span): Yield {
  return value.kind === "word" ? { kind: "word", word: { ...value.word, span } } : { ...value, span };
}

/**
 * Reads an expression.
 *
 * @param commas false where a comma ends it, as between the arguments of a method
 */
export function readExpression(cursor: Cursor, commas = true): Yield {
  const start = cursor.at;
  let left = readBinary(cursor, 0, commas);
  for (;;) {
    const at = afterBlanks(cursor, cursor.at);
    if (at >= cursor.end || cursor.text[at] !== "?") return left;
    if (cursor.text[at + 1] === "?") {
      if (cursor.text[at + 2] === "=") return left;
      skipSpaceTo(cursor, at + 2);
      const right = readBinary(cursor, 0, commas);
      const span = locate(cursor, start, cursor.at);
      const operands = [toNode(left), toNode(right)];
      left = { kind: "node", span, node: { kind: "chain", span, operands, operators: ["||"] } };
    } else left = readTernary(cursor, start, left, at, commas);
  }
}

function readTernary(cursor: Cursor, start: number, left: Yield, at: number, commas: boolean): Yield {
  skipSpaceTo(cursor, at + 1);
  const yes = readBinary(cursor, 0, commas);
  const colon = afterSpace(cursor, cursor.at);
  let otherwise: Block | undefined;
  if (colon < cursor.end && cursor.text[colon] === ":") {
    skipSpaceTo(cursor, colon + 1);
    const no = readBinary(cursor, 0, commas);
    otherwise = blockOf(toNode(no), spanOf(no));
  }
  const span = locate(cursor, start, cursor.at);
  const branches = [{ condition: toConditionBlock(left), body: blockOf(toNode(yes), spanOf(yes)) }];
  return { kind: "node", span, node: { kind: "if", span, branches, otherwise, redirects: [] } };
}

function skipSpaceTo(cursor: Cursor, at: number): void {
  cursor.at = Math.min(at, cursor.end);
  skipSpace(cursor);
}

/** An operator between two values: its name in lower case without the letter for the case rule, as in `-ceq`. */
interface Operator {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** From the loosest to the tightest. The comma binds tighter than all of them. */
const LEVELS: readonly ReadonlySet<string>[] = [
  new Set(["-and", "-or", "-xor"]),
  new Set(["-band", "-bor", "-bxor"]),
  new Set(
    (
      "-eq -ne -gt -ge -lt -le -like -notlike -match -notmatch -contains -notcontains -in -notin -is -isnot -as " +
      "-replace -split -join -shl -shr"
    ).split(" "),
  ),
  new Set(["+", "-"]),
  new Set(["*", "/", "%"]),
  new Set(["-f"]),
  new Set([".."]),
];
/** Operators that make something else out of the text on their left. */
const TRANSFORMS = new Set(["-replace", "-split", "-join"]);

function readBinary(cursor: Cursor, level: number, commas: boolean): Yield {
  const names = LEVELS[level];
  if (names === undefined) return readList(cursor, commas);
  const start = cursor.at;
  let left = readBinary(cursor, level + 1, commas);
  for (let operator = nextOperator(cursor, names); operator !== undefined; operator = nextOperator(cursor, names)) {
    const operands = [left];
    const { name } = operator;
    for (let next: Operator | undefined = operator; next?.name === name; next = nextOperator(cursor, names)) {
      operator = next;
      skipSpaceTo(cursor, next.end);
      operands.push(readBinary(cursor, level + 1, commas));
      if (!ASSOCIATIVE.has(name)) break;
    }
    left = combine(cursor, operator, operands, locate(cursor, start, cursor.at));
  }
  return left;
}

/** Operators that take a row of operands at once. */
const ASSOCIATIVE = new Set(["-and", "-or", "+"]);

function nextOperator(cursor: Cursor, names: ReadonlySet<string>): Operator | undefined {
  const start = afterBlanks(cursor, cursor.at);
  const { text } = cursor;
  const char = text[start] ?? "";
  if (start >= cursor.end || !OPERATOR_START.test(char)) return undefined;
  const word = match(cursor, OPERATOR, start);
  const name = word?.[1]?.toLowerCase();
  if (name !== undefined) return names.has(`-${name}`) ? { name: `-${name}`, start, end: start + (word?.[0].length ?? 0) } : undefined;
  if (char === "." && text[start + 1] !== ".") return undefined;
  if (text[start + 1] === "=" || (char === "*" && text[start + 1] === ">")) return undefined;
  if (/[-\u2013-\u2015]/.test(char) && /[\p{L}\p{N}_]/u.test(text[start + 1] ?? "") && !/\d/.test(text[start + 1] ?? "")) return undefined;
  const symbol = char === "." ? ".." : /[\u2013-\u2015]/.test(char) ? "-" : char;
  return names.has(symbol) ? { name: symbol, start, end: start + symbol.length } : undefined;
}

const OPERATOR_START = /[-.+*/%\u2013-\u2015]/;
const OPERATOR =
  /[-\u2013-\u2015](?:[ci]?(eq|ne|gt|ge|lt|le|like|notlike|match|notmatch|contains|notcontains|in|notin|replace|split)|(and|or|xor|band|bor|bxor|is|isnot|as|join|shl|shr|f))(?![\w-])/iy;

function combine(cursor: Cursor, { name, start, end }: Operator, operands: readonly Yield[], span: Span): Yield {
  const [left, right] = operands;
  if (left === undefined || right === undefined) return left ?? emptyWord(cursor);
  const made = (node: Node): Yield => ({ kind: "node", span, node });
  if (name === "-and" || name === "-or") {
    const operator = name === "-and" ? "&&" : "||";
    return made(test(span, { kind: "logical", operator, operands: operands.map(toCondition) }));
  }
  if (name === "+") return add(operands, span);
  if (name === "-f") return format(toWord(left), toWords(right), span);
  if (name === "-as") return widen(left, span);
  if (TRANSFORMS.has(name)) return made(transform(cursor, left, start, end, name, toWords(right), span));
  if (LEVELS[2]?.has(name) || name === "-xor")
    return made(test(span, { kind: "binary", operator: name, left: toWord(left), right: toWord(right) }));
  return { kind: "word", word: unknownWord(span, operands.map(toWord)) };
}

/** Texts and lists side by side. */
function add(operands: readonly Yield[], span: Span): Yield {
  if (operands[0]?.kind === "list") return { kind: "list", span, items: operands.flatMap(toWords) };
  return { kind: "word", word: { span, parts: operands.flatMap((operand) => toWord(operand).parts) } };
}

/** `'{0}/x' -f $a`: the values stand where the text has their numbers. */
function format(left: Word, values: readonly Word[], span: Span): Yield {
  if (left.parts.some((part) => part.kind !== "text"))
    return { kind: "word", word: unknownWord(span, [left, ...values]) };
  const text = left.parts.map((part) => (part.kind === "text" ? part.value : "")).join("");
  const parts: Part[] = [];
  const literal = (value: string): void => {
    const unescaped = value.replace(/\{\{|\}\}/g, (pair) => pair.slice(1));
    if (unescaped !== "") parts.push({ kind: "text", span: left.span, value: unescaped, quoted: true });
  };
  let done = 0;
  for (const found of text.matchAll(/(?<!\{)\{(\d{1,3})(?:[,:][^{}]*)?\}/g)) {
    literal(text.slice(done, found.index));
    parts.push(...(values[Number(found[1])]?.parts ?? []));
    done = found.index + found[0].length;
  }
  literal(text.slice(done));
  return { kind: "word", word: { span, parts } };
}

/** What reads a text and writes another: a pipe into a command that is named by the operator. */
function transform(
  cursor: Cursor,
  left: Yield,
  start: number,
  end: number,
  name: string,
  words: readonly Word[],
  span: Span,
): Node {
  const place = locate(cursor, start, end);
  const operator: Word = { span: place, parts: [{ kind: "text", span: place, value: name, quoted: false }] };
  return pipe([...stagesOf(left), command(span, [operator, ...words])], span);
}

function command(span: Span, words: readonly Word[]): Command {
  return { kind: "command", span, assignments: [], words, redirects: [] };
}

function pipe(stages: readonly Node[], span: Span): Node {
  return { kind: "pipe", span, stages, negated: false };
}

/** The stages of a value that a pipe computes; else the value as the first stage. */
export function stagesOf(value: Yield): readonly Node[] {
  const node = toNode(value);
  return node.kind === "pipe" && !node.negated ? node.stages : [node];
}

function readList(cursor: Cursor, commas: boolean): Yield {
  const start = cursor.at;
  const first = readUnary(cursor);
  if (!commas) return first;
  const items: Word[] = [];
  for (let comma = afterBlanks(cursor, cursor.at); comma < cursor.end && cursor.text[comma] === ","; ) {
    if (items.length === 0) items.push(toWord(first));
    skipSpaceTo(cursor, comma + 1);
    items.push(toWord(readUnary(cursor)));
    comma = afterBlanks(cursor, cursor.at);
  }
  return items.length === 0 ? first : { kind: "list", span: locate(cursor, start, cursor.at), items };
}

/** Something in front of a value. */
interface Prefix {
  readonly start: number;
  readonly end: number;
  readonly kind: "not" | "cast" | "list" | "transform" | "number";
  readonly name: string;
}

const PREFIX = /[-\u2013-\u2015](?:(not)|(bnot)|[ci]?(split)|(join))(?![\w-])|!|\+\+|--|[+\u2013-\u2015,-]/iy;

function readUnary(cursor: Cursor): Yield {
  const prefixes: Prefix[] = [];
  skipBlanks(cursor);
  for (let next = readPrefix(cursor); next !== undefined; next = readPrefix(cursor)) {
    prefixes.push(next);
    cursor.at = next.end;
    skipBlanks(cursor);
  }
  let value = readPostfix(cursor, readPrimary(cursor));
  for (const prefix of prefixes.reverse()) {
    const span = locate(cursor, prefix.start, cursor.at);
    value = applyPrefix(cursor, prefix, value, span);
  }
  return value;
}

function readPrefix(cursor: Cursor): Prefix | undefined {
  const start = cursor.at;
  if (cursor.text[start] === "[") {
    const end = typeEnd(cursor, start);
    if (end === undefined || cursor.text.startsWith("::", end)) return undefined;
    return startsValue(cursor, afterBlanks(cursor, end)) ? { start, end, kind: "cast", name: "" } : undefined;
  }
  if (match(cursor, NUMBER, start)) return undefined;
  const found = match(cursor, PREFIX, start);
  if (found === undefined) return undefined;
  const [written = "", not, , split, join] = found;
  const end = start + written.length;
  if (not !== undefined || written === "!") return { start, end, kind: "not", name: "-not" };
  if (split !== undefined || join !== undefined)
    return { start, end, kind: "transform", name: `-${(split ?? join ?? "").toLowerCase()}` };
  return { start, end, kind: written === "," ? "list" : "number", name: written };
}

function applyPrefix(cursor: Cursor, { kind, name, start, end }: Prefix, value: Yield, span: Span): Yield {
  switch (kind) {
    case "not":
      return { kind: "node", span, node: test(span, { kind: "not", operand: toCondition(value) }) };
    case "cast":
      return widen(value, span);
    case "list":
      return { kind: "list", span, items: [toWord(value)] };
    case "transform":
      return { kind: "node", span, node: transform(cursor, value, start, end, name, [], span) };
    case "number":
      return { kind: "word", word: unknownWord(span, [toWord(value)]) };
  }
}

/** True where a value follows a type in brackets: then the type is a cast. */
function startsValue(cursor: Cursor, at: number): boolean {
  if (at >= cursor.end) return false;
  const char = cursor.text[at] ?? "";
  return /[$'"(@{[\d\u2018-\u201e]/.test(char) || match(cursor, /[-+!](?=[$\d([]|not\b|join\b|split\b)/iy, at) !== undefined;
}

const NUMBER =
  /[+-]?(?:0x[\da-f]+|(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?)[dlun]{0,2}(?:[kmgtp]b)?(?=$|[\s;|&(){},\]+*%=<>!/]|\.\.|-[\d\s$])/iy;

/** Reads a value without operators around it. */
function readPrimary(cursor: Cursor): Yield {
  const start = cursor.at;
  const { text } = cursor;
  if (start >= cursor.end) return emptyWord(cursor);
  const char = text[start] ?? "";
  if (pieceAt(cursor.context.source, start)) return readToken(cursor);
  if (SINGLE_QUOTES.includes(char) || DOUBLE_QUOTES.includes(char)) return readQuoted(cursor);
  if (char === "$") return readDollar(cursor);
  if (char === "@") return readAt(cursor);
  if (char === "(") return readBrackets(cursor, start, start);
  if (char === "{") return readScriptBlock(cursor);
  if (char === "[") return readTypeLiteral(cursor);
  const number = match(cursor, NUMBER, start);
  if (number === undefined) return readToken(cursor);
  cursor.at = start + number[0].length;
  const parts = new Parts(cursor);
  parts.text(start, cursor.at, number[0], false);
  return word(cursor, start, parts.done());
}

function emptyWord(cursor: Cursor): Yield {
  return word(cursor, cursor.at, []);
}

/** Reads a string. */
function readQuoted(cursor: Cursor): Yield {
  const start = cursor.at;
  const parts = new Parts(cursor);
  addQuoted(cursor, parts);
  return word(cursor, start, parts.done());
}

/** Adds the string at the cursor. A quote that opens nothing is text. */
function addQuoted(cursor: Cursor, parts: Parts): void {
  const start = cursor.at;
  const char = cursor.text[start] ?? "";
  const close = closeOf(cursor, start);
  cursor.at = close?.outer ?? start + 1;
  if (close === undefined) parts.text(start, start + 1, char, false);
  else if (SINGLE_QUOTES.includes(char)) addSingle(cursor, parts, start, start + 1, close.inner, close.outer, /['\u2018-\u201b]{2}/g);
  else addExpandable(cursor, parts, start + 1, close.inner, true);
  if (close !== undefined && close.inner <= start + 1) parts.text(start, close.outer, "", true);
}

/** Adds text in which only doubled quotes are special. Its part has the quotes in its span where no expression is in it. */
function addSingle(
  cursor: Cursor,
  parts: Parts,
  outerStart: number,
  start: number,
  end: number,
  outerEnd: number,
  doubled: RegExp | undefined,
): void {
  const { source } = cursor.context;
  const plain = (from: number, to: number): string => {
    const written = cursor.text.slice(from, to);
    return doubled === undefined ? written : written.replace(doubled, (pair) => pair.slice(1));
  };
  let done = start;
  for (let at = nextPiece(source, start, end); at < end; at = nextPiece(source, done, end)) {
    const piece = pieceAt(source, at);
    if (piece === undefined) break;
    if (at > done) parts.text(done, at, plain(done, at), true);
    parts.add(piece.part(true));
    done = Math.min(piece.end, end);
  }
  if (done === start) parts.text(outerStart, outerEnd, plain(start, end), true);
  else if (done < end) parts.text(done, end, plain(done, end), true);
}

/** Adds text with variables and programs in it. In lines of text (`@"`) a quote is only a quote. */
function addExpandable(cursor: Cursor, parts: Parts, start: number, end: number, quotes: boolean): void {
  const { text, context } = cursor;
  let at = start;
  while (at < end) {
    const piece = pieceAt(context.source, at);
    if (piece !== undefined) {
      parts.add(piece.part(true));
      at = piece.end;
      continue;
    }
    const stop = nextPiece(context.source, at, end);
    EXPANDABLE.lastIndex = at;
    const next = Math.min(EXPANDABLE.exec(text)?.index ?? stop, stop);
    if (next > at) parts.text(at, next, text.slice(at, next), true);
    at = next < stop ? addSpecial(cursor, parts, next, end, quotes) : next;
  }
}

const EXPANDABLE = /[`$"\u201c-\u201e]/g;

function addSpecial(cursor: Cursor, parts: Parts, at: number, end: number, quotes: boolean): number {
  const char = cursor.text[at];
  if (char === "`") {
    const escape = readEscape(cursor, at);
    parts.text(at, Math.min(escape.end, end), escape.value, true);
    return escape.end;
  }
  if (char !== "$") {
    const width = quotes && DOUBLE_QUOTES.includes(cursor.text[at + 1] ?? " ") ? 2 : 1;
    parts.text(at, Math.min(at + width, end), char ?? "", true);
    return at + width;
  }
  const inner = inside(cursor, at, end);
  if (cursor.text[at + 1] === "(" && closeOf(inner, at + 1)) {
    parts.add(...toWord(readBrackets(inner, at, at + 1)).parts);
    return inner.at;
  }
  const variable = readVariableToken(inner, at);
  if (variable === undefined) {
    parts.text(at, at + 1, "$", true);
    return at + 1;
  }
  parts.add(variablePart(cursor, at, variable.end, variable.name));
  return variable.end;
}

function variablePart(cursor: Cursor, start: number, end: number, name: string): Part {
  const span = locate(cursor, start, end);
  return { kind: "variable", span, name, quoted: true, operator: undefined, operand: undefined };
}

/** `$name` and `$( … )`. */
function readDollar(cursor: Cursor): Yield {
  const start = cursor.at;
  if (cursor.text[start + 1] === "(" && closeOf(cursor, start + 1)) return readBrackets(cursor, start, start + 1);
  const variable = readVariableToken(cursor, start);
  if (variable === undefined) return readToken(cursor);
  cursor.at = variable.end;
  return word(cursor, start, [variablePart(cursor, start, variable.end, variable.name)]);
}

/** `@( … )`, `@{ … }`, `@'…'@`, `@"…"@`, `@name`. */
function readAt(cursor: Cursor): Yield {
  const start = cursor.at;
  const next = cursor.text[start + 1] ?? "";
  if (closeOf(cursor, start)) return readHere(cursor);
  if (next === "(" && closeOf(cursor, start + 1)) {
    const value = readBrackets(cursor, start, start + 1);
    return value.kind === "word" ? { kind: "list", span: value.word.span, items: value.word.parts.length ? [value.word] : [] } : value;
  }
  if (next === "{" && closeOf(cursor, start + 1)) return readTable(cursor);
  const splat = match(cursor, /@(\w+)(?=$|[\s;|&)},])/y, start);
  if (splat === undefined) return readToken(cursor);
  cursor.at = start + splat[0].length;
  const part = variablePart(cursor, start, cursor.at, (splat[1] ?? "").toLowerCase());
  return word(cursor, start, [part.kind === "variable" ? { ...part, operator: "@" } : part]);
}

/** Lines of text between `@"` and `"@`. */
function readHere(cursor: Cursor): Yield {
  const { text, at: start } = cursor;
  const close = closeOf(cursor, start) ?? { inner: start, outer: start + 1 };
  const lineBreak = text.indexOf("\n", start);
  const first = Math.min(lineBreak < 0 ? close.inner : lineBreak + 1, close.outer);
  const last = Math.max(first, text[close.inner - 1] === "\r" ? close.inner - 1 : close.inner);
  const parts = new Parts(cursor);
  if (last <= first) parts.text(start, close.outer, "", true);
  else if (SINGLE_QUOTES.includes(text[start + 1] ?? " ")) addSingle(cursor, parts, first, first, last, last, undefined);
  else addExpandable(cursor, parts, first, last, false);
  cursor.at = close.outer;
  return word(cursor, start, parts.done());
}

/** `( … )`, `$( … )`, `@( … )`: a value where that is all they hold, else statements. `open` is the offset of the bracket. */
function readBrackets(cursor: Cursor, start: number, open: number): Yield {
  const close = closeOf(cursor, open) ?? { inner: open + 1, outer: open + 1 };
  cursor.at = Math.max(close.outer, open + 1);
  const span = locate(cursor, start, cursor.at);
  if (cursor.depth >= MAX_DEPTH) return { kind: "word", word: unknownWord(span, []) };
  const body = cursor.context.block(open + 1, close.inner, cursor.depth + 1);
  const printed = printedBy(body);
  if (printed === undefined) return { kind: "block", span, body };
  const [only] = printed;
  return printed.length === 1 && only !== undefined
    ? { kind: "word", word: { span, parts: only.parts } }
    : { kind: "list", span, items: printed };
}

/** The words that a block prints where it does nothing else. */
function printedBy(body: Block): readonly Word[] | undefined {
  if (body.statements.length === 0) return [];
  const node = onlyNode(body);
  if (node?.kind !== "command" || node.redirects.length > 0 || node.assignments.length > 0) return undefined;
  const [name, ...words] = node.words;
  return name !== undefined && name.span.start === name.span.end ? words : undefined;
}

/** `{ … }` as a value: a program that somebody may run. */
function readScriptBlock(cursor: Cursor): Yield {
  const start = cursor.at;
  const body = readBody(cursor, start);
  const span = locate(cursor, start, cursor.at);
  return { kind: "word", word: { span, parts: [{ kind: "unknown", span, programs: [body] }] } };
}

/** Reads `{ … }` at an offset and moves behind it. */
export function readBody(cursor: Cursor, open: number): Block {
  const close = closeOf(cursor, open) ?? { inner: open + 1, outer: open + 1 };
  cursor.at = Math.max(close.outer, open + 1);
  if (cursor.depth >= MAX_DEPTH) return { kind: "block", span: locate(cursor, open, cursor.at), statements: [] };
  return cursor.context.block(open + 1, close.inner, cursor.depth + 1);
}

/** `@{ name = value; … }`. */
function readTable(cursor: Cursor): Yield {
  const start = cursor.at;
  const close = closeOf(cursor, start + 1) ?? { inner: start + 2, outer: start + 2 };
  cursor.at = close.outer;
  const span = locate(cursor, start, cursor.at);
  const entries: Entry[] = [];
  if (cursor.depth >= MAX_DEPTH) return { kind: "table", span, entries };
  const inner = inside(cursor, start + 2, close.inner);
  for (skipSpace(inner, ";,"); inner.at < inner.end; skipSpace(inner, ";,)}")) {
    const before = inner.at;
    const key = toWord(readPrimary(inner));
    skipBlanks(inner);
    if (inner.text[inner.at] === "=" && inner.at < inner.end) {
      skipSpaceTo(inner, inner.at + 1);
      const end = statementEnd(inner);
      const body = inner.context.block(inner.at, end, inner.depth);
      entries.push({ name: keyName(key), value: bodyWord(body) });
      inner.at = end;
    }
    if (inner.at === before) inner.at++;
  }
  return { kind: "table", span, entries };
}

function keyName(key: Word): string {
  return key.parts.map((part) => (part.kind === "text" ? part.value : "")).join("").toLowerCase();
}

function bodyWord(body: Block): Word {
  const printed = printedBy(body);
  if (printed === undefined) return substitution(body.span, body);
  const [only] = printed;
  return printed.length === 1 && only !== undefined ? only : listWord(body.span, printed);
}

/** Where the statement at the cursor ends: at a line break or semicolon outside of brackets and strings. */
function statementEnd(cursor: Cursor): number {
  const { text, end } = cursor;
  let at = cursor.at;
  while (at < end) {
    const char = text[at] ?? "";
    if (char === ";" || char === "\n") return at;
    if (char === "`") at += 2;
    else at = Math.max(closeOf(cursor, at)?.outer ?? 0, at + 1);
  }
  return end;
}

/** `[type]` that is no cast: a word, or the owner of a static member. */
function readTypeLiteral(cursor: Cursor): Yield {
  const start = cursor.at;
  const end = typeEnd(cursor, start) ?? start + 1;
  cursor.at = end;
  const parts = new Parts(cursor);
  parts.text(start, end, cursor.text.slice(start, end), false);
  return word(cursor, start, parts.done());
}

/** Where `[type]` or an attribute such as `[Parameter(…)]` ends; `undefined` where it is neither. */
export function typeEnd(cursor: Cursor, start: number): number | undefined {
  const { text } = cursor;
  const end = Math.min(cursor.end, start + MAX_TYPE);
  let depth = 0;
  for (let at = start; at < end; ) {
    const char = text[at] ?? "";
    if (char === "]" && --depth === 0) return at + 1;
    if (char === "[") depth++;
    if (char === "(" || char === "'" || char === '"') {
      const close = closeOf(cursor, at);
      if (close === undefined) return undefined;
      at = Math.max(close.outer, at + 1);
      continue;
    }
    if (!/[\w\s.,+`&*[\]/=$-]/.test(char) || char === "\n") return undefined;
    at++;
  }
  return undefined;
}

const MAX_TYPE = 500;

const MEMBER = /\??(\.|::)([\p{L}_][\p{L}\p{N}_]*)/uy;

/** Reads what is taken out of a value: `.name`, `.Method( … )`, `::Name`, `[index]`. Each reads the value before it, as in a pipe. */
export function readPostfix(cursor: Cursor, base: Yield): Yield {
  const owner = isType(base) ? readStatic(cursor, base) : readProperties(cursor, base);
  const stages: Node[] = [];
  for (let step = readStep(cursor); step !== undefined; step = readStep(cursor)) {
    if (stages.length === 0) for (const stage of stagesOf(owner)) stages.push(stage);
    stages.push(command(cover(spanOf(base), step.span), step.words));
  }
  if (stages.length === 0) return owner;
  const span = stages.at(-1)?.span ?? spanOf(owner);
  return { kind: "node", span, node: pipe(stages, span) };
}

/** A step from a value to something in it: the words of a command. */
interface Step {
  readonly span: Span;
  readonly words: readonly Word[];
}

function readStep(cursor: Cursor): Step | undefined {
  const { text, at: start, end } = cursor;
  if (start >= end) return undefined;
  if (text[start] === "[") return readIndex(cursor);
  const name = readMemberName(cursor);
  if (name === undefined) return undefined;
  const words = [name, ...readArguments(cursor)];
  return { span: locate(cursor, start, cursor.at), words };
}

/** `.name` with the dot in front, so that no method is taken for a command of the same name. */
function readMemberName(cursor: Cursor): Word | undefined {
  const { text, at: start } = cursor;
  const member = match(cursor, MEMBER, start);
  const parts = new Parts(cursor);
  if (member !== undefined) {
    cursor.at = start + member[0].length;
    parts.text(start, cursor.at, `${member[1]}${member[2]}`, false);
  } else {
    const mark = match(cursor, /\.(?=["'$])|::(?=["'$])/y, start)?.[0];
    if (mark === undefined) return undefined;
    parts.text(start, start + mark.length, mark, false);
    cursor.at = start + mark.length;
    const name = text[cursor.at] === "$" ? readDollar(cursor) : readQuoted(cursor);
    parts.add(...toWord(name).parts);
  }
  return { span: locate(cursor, start, cursor.at), parts: parts.done() };
}

/** The arguments of a method, or the script block that stands for them; none where neither follows. */
function readArguments(cursor: Cursor): readonly Word[] {
  const open = cursor.at;
  const close = open < cursor.end ? closeOf(cursor, open) : undefined;
  const mark = cursor.text[open];
  if (close === undefined || (mark !== "(" && mark !== "{")) return [];
  if (mark === "{") return [toWord(readScriptBlock(cursor))];
  cursor.at = Math.max(close.outer, open + 1);
  if (cursor.depth >= MAX_DEPTH) return [];
  const inner = inside(cursor, open + 1, close.inner);
  const words: Word[] = [];
  for (skipSpace(inner, ","); inner.at < inner.end; skipSpace(inner, ",;)}")) {
    const before = inner.at;
    words.push(toWord(readExpression(inner, false)));
    if (inner.at === before) inner.at++;
  }
  return words;
}

/** `[index]`: the word is what is written, and the index follows where it is more than text. */
function readIndex(cursor: Cursor): Step | undefined {
  const { text, at: start } = cursor;
  if (cursor.depth >= MAX_DEPTH) return undefined;
  const inner = inside(cursor, start + 1, cursor.end);
  skipSpace(inner);
  const index = toWord(readExpression(inner));
  skipSpace(inner);
  cursor.at = text[inner.at] === "]" && inner.at < inner.end ? inner.at + 1 : Math.max(inner.at, start + 1);
  const span = locate(cursor, start, cursor.at);
  const name: Word = { span, parts: [{ kind: "text", span, value: text.slice(start, cursor.at), quoted: false }] };
  return { span, words: index.parts.some((part) => part.kind !== "text") ? [name, index] : [name] };
}

/** `[Type]::Name` and `[Type]::Name( … )`: a command of that name. */
function readStatic(cursor: Cursor, base: Yield): Yield {
  const start = cursor.at;
  const member = match(cursor, /::[\p{L}_][\p{L}\p{N}_]*/uy, start);
  if (member === undefined) return base;
  cursor.at = start + member[0].length;
  const name = cover(spanOf(base), locate(cursor, start, cursor.at));
  const value = typeName(base) + member[0];
  const words: readonly Word[] = [{ span: name, parts: [{ kind: "text", span: name, value, quoted: false }] }];
  const args = readArguments(cursor);
  const span = cover(name, locate(cursor, start, cursor.at));
  return { kind: "node", span, node: command(span, [...words, ...args]) };
}

/** Plain properties of a variable, `$x.a.b`: the variable with the operator `.` and their names; `++` and `--` behind it say nothing. */
function readProperties(cursor: Cursor, base: Yield): Yield {
  const [part] = base.kind === "word" && base.word.parts.length === 1 ? base.word.parts : [];
  if (part?.kind !== "variable" || part.operator !== undefined) return base;
  const start = cursor.at;
  const names: string[] = [];
  for (let next = match(cursor, PROPERTY, start); next !== undefined; next = match(cursor, PROPERTY, cursor.at)) {
    names.push(next[1] ?? "");
    cursor.at += next[0].length;
  }
  const span = cover(spanOf(base), locate(cursor, start, cursor.at));
  if (names.length === 0) {
    cursor.at += match(cursor, /\+\+|--/y, start)?.[0].length ?? 0;
    return base;
  }
  const place = locate(cursor, start, cursor.at);
  const operand: Word = { span: place, parts: [{ kind: "text", span: place, value: names.join("."), quoted: true }] };
  return { kind: "word", word: { span, parts: [{ ...part, span, operator: ".", operand }] } };
}

const PROPERTY = /\??\.([\p{L}_][\p{L}\p{N}_]*)(?![\p{L}\p{N}_]|[({])/uy;

function isType(value: Yield): boolean {
  return typeName(value).startsWith("[");
}

function typeName(value: Yield): string {
  const [part] = value.kind === "word" && value.word.parts.length === 1 ? value.word.parts : [];
  return part?.kind === "text" && !part.quoted ? part.value : "";
}

/** Reads an argument of a command. Items with commas between them are one argument. */
export function readArgument(cursor: Cursor): Word {
  const start = cursor.at;
  const items = [readItem(cursor)];
  for (let comma = afterBlanks(cursor, cursor.at); comma < cursor.end && cursor.text[comma] === ","; ) {
    skipSpaceTo(cursor, comma + 1);
    items.push(readItem(cursor));
    comma = afterBlanks(cursor, cursor.at);
  }
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : listWord(locate(cursor, start, cursor.at), items);
}

function readItem(cursor: Cursor): Word {
  const start = cursor.at;
  const value = readElement(cursor);
  const joined = cursor.text[start] === "$" || /^[-\u2013-\u2015][\p{L}_][\p{L}\p{N}_]*:$/u.test(cursor.text.slice(start, start + 60));
  if (!joined) return toWord(value);
  return toWord(value);
}
