import { cover, type Span } from "../text.ts";
import { type Block, type If, type Node, type Part, staticText, type Word } from "./command.ts";
import {
  afterBlanks,
  afterSpace,
  type Cursor,
  closeOf,
  inside,
  locate,
  MAX_DEPTH,
  match,
  readVariableToken,
  skipBlanks,
  skipSpace,
} from "./powershell-lexis.ts";
import { DOUBLE_QUOTES, SINGLE_QUOTES } from "./powershell-structure.ts";
import {
  continues,
  emptyWord,
  readAt,
  readBrackets,
  readDollar,
  readQuoted,
  readScriptBlock,
  readToken,
  skipSpaceTo,
  word,
} from "./powershell-words.ts";
import {
  blockOf,
  command,
  listWord,
  pipe,
  spanOf,
  stagesOf,
  test,
  toCondition,
  toConditionBlock,
  toNode,
  toWord,
  toWords,
  unknownWord,
  widen,
  type Yield,
} from "./powershell-yield.ts";
import { Parts, pieceAt } from "./source.ts";

// Expressions and arguments of PowerShell. Source: about_Operators, about_Operator_Precedence, about_Parsing, about_Methods.

/**
 * Reads an expression.
 *
 * @param commas false where a comma ends it, as between the arguments of a method
 */
export function readExpression(cursor: Cursor, commas = true): Yield {
  const start = cursor.at;
  const branches: If["branches"][number][] = [];
  let last = readBinary(cursor, 0, commas);
  for (let mark = choiceMark(cursor); mark !== undefined; mark = choiceMark(cursor)) {
    const condition = mark === "?" ? toConditionBlock(last) : anything(last);
    const value = mark === "?" ? readBinary(cursor, 0, commas) : last;
    branches.push({ condition, body: blockOf(toNode(value), spanOf(value)) });
    if (mark === "?" && !skipColon(cursor)) break;
    last = readBinary(cursor, 0, commas);
  }
  if (branches.length === 0) return last;
  const span = locate(cursor, start, cursor.at);
  const otherwise = blockOf(toNode(last), spanOf(last));
  return { kind: "node", span, node: { kind: "if", span, branches, otherwise, redirects: [] } };
}

/** Moves behind `?` or `??`. */
function choiceMark(cursor: Cursor): "?" | "??" | undefined {
  const at = afterBlanks(cursor, cursor.at);
  const found = cursor.text[at] === "?" ? match(cursor, /\?\??(?![=.[])/y, at) : undefined;
  if (found === undefined) return undefined;
  skipSpaceTo(cursor, found.index + found[0].length);
  return found[0] === "?" ? "?" : "??";
}

function skipColon(cursor: Cursor): boolean {
  const colon = afterSpace(cursor, cursor.at);
  if (colon >= cursor.end || cursor.text[colon] !== ":") return false;
  skipSpaceTo(cursor, colon + 1);
  return true;
}

/** A condition of which nothing is known: whether a value is there. */
function anything(value: Yield): Block {
  const span = { start: spanOf(value).start, end: spanOf(value).start };
  return blockOf({ kind: "test", span, condition: undefined, redirects: [] }, span);
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
/** A row of comparisons makes no sense; longer ones are not followed, so that the tree stays flat. */
const MAX_ROW = 50;

function readBinary(cursor: Cursor, level: number, commas: boolean): Yield {
  const names = LEVELS[level];
  if (names === undefined) return readList(cursor, commas);
  const start = cursor.at;
  const first = readBinary(cursor, level + 1, commas);
  let last = nextOperator(cursor, names);
  if (last === undefined) return first;
  let operands = [first];
  for (let next: Operator | undefined = last, row = 0; next !== undefined; next = nextOperator(cursor, names), row++) {
    if (operands.length > 1 && endsRow(level, last.name, next.name, row))
      operands = [combine(cursor, last, operands, locate(cursor, start, cursor.at))];
    last = next;
    skipSpaceTo(cursor, next.end);
    operands.push(readBinary(cursor, level + 1, commas));
  }
  return combine(cursor, last, operands, locate(cursor, start, cursor.at));
}

/** True where the next operator takes what the last one made, rather than being one more of a row. */
function endsRow(level: number, last: string, next: string, row: number): boolean {
  if (level === 0) return (last !== next || last === "-xor") && row < 10 * MAX_ROW;
  if (level === 2 || level === 5) return TRANSFORMS.has(last) || row < MAX_ROW;
  return false;
}

function nextOperator(cursor: Cursor, names: ReadonlySet<string>): Operator | undefined {
  const start = afterBlanks(cursor, cursor.at);
  const { text } = cursor;
  const char = text[start] ?? "";
  if (start >= cursor.end || !OPERATOR_START.test(char)) return undefined;
  const found = match(cursor, OPERATOR, start);
  const name = (found?.[1] ?? found?.[2])?.toLowerCase();
  if (name !== undefined)
    return names.has(`-${name}`) ? { name: `-${name}`, start, end: start + (found?.[0].length ?? 0) } : undefined;
  if (char === "." && text[start + 1] !== ".") return undefined;
  if (text[start + 1] === "=" || (char === "*" && text[start + 1] === ">")) return undefined;
  if (/[-+\u2013-\u2015]/.test(char) && (text[start + 1] === char || /[\p{L}_]/u.test(text[start + 1] ?? "")))
    return undefined;
  const symbol = char === "." ? ".." : /[\u2013-\u2015]/.test(char) ? "-" : char;
  return names.has(symbol) ? { name: symbol, start, end: start + symbol.length } : undefined;
}

const OPERATOR_START = /[-.+*/%\u2013-\u2015]/;
const OPERATOR =
  /[-\u2013-\u2015](?:[ci]?(eq|ne|gt|ge|lt|le|like|notlike|match|notmatch|contains|notcontains|in|notin|replace|split)|(and|or|xor|band|bor|bxor|is|isnot|as|join|shl|shr|f))(?![\w-])/iy;

function combine(cursor: Cursor, { name, start, end }: Operator, operands: readonly Yield[], span: Span): Yield {
  const [left, right, more] = operands;
  if (left === undefined || right === undefined) return left ?? emptyWord(cursor);
  const made = (node: Node): Yield => ({ kind: "node", span, node });
  if (name === "-and" || name === "-or") {
    const operator = name === "-and" ? "&&" : "||";
    return made(test(span, { kind: "logical", operator, operands: operands.map(toCondition) }));
  }
  if (more !== undefined && name !== "+") return { kind: "word", word: unknownWord(span, operands.map(toWord)) };
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

const PREFIX_START = /[-![+,\u2013-\u2015]/;

function readUnary(cursor: Cursor): Yield {
  const prefixes: Prefix[] = [];
  skipBlanks(cursor);
  if (!PREFIX_START.test(cursor.text[cursor.at] ?? " ")) return readPostfix(cursor, readPrimary(cursor));
  for (let next = readPrefix(cursor); next !== undefined; next = readPrefix(cursor)) {
    prefixes.push(next);
    cursor.at = next.end;
    skipBlanks(cursor);
  }
  let value = readPostfix(cursor, readPrimary(cursor));
  for (const prefix of simplified(prefixes).reverse())
    value = applyPrefix(cursor, prefix, value, locate(cursor, prefix.start, cursor.at));
  return value;
}

/** Without what says nothing when it is said again: `!!`, casts of casts. */
function simplified(prefixes: readonly Prefix[]): Prefix[] {
  const result: Prefix[] = [];
  for (const prefix of prefixes) {
    const before = result.at(-1);
    if (before?.kind === "not" && prefix.kind === "not") result.pop();
    else if (before?.kind !== prefix.kind || prefix.kind === "transform") result.push(prefix);
  }
  return result.slice(0, MAX_ROW);
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
  return (
    /[$'"(@{[\d\u2018-\u201e]/.test(char) || match(cursor, /[-+!](?=[$\d([]|not\b|join\b|split\b)/iy, at) !== undefined
  );
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
  const parts = new Parts(cursor.context.source);
  parts.text(start, cursor.at, number[0], false);
  return word(cursor, start, parts.done());
}

/** `[type]` that is no cast: a word, or the owner of a static member. */
function readTypeLiteral(cursor: Cursor): Yield {
  const start = cursor.at;
  const end = typeEnd(cursor, start) ?? start + 1;
  cursor.at = end;
  const parts = new Parts(cursor.context.source);
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
    if (!/[\w \t.,+`&*[\]]/.test(char)) return undefined;
    at++;
  }
  return undefined;
}

const MAX_TYPE = 500;

const MEMBER = /\??(\.|::)([\p{L}_][\p{L}\p{N}_]*)/uy;

/** Reads what is taken out of a value: `.name`, `.Method( … )`, `::Name`, `[index]`. Each reads the value before it, as in a pipe. */
function readPostfix(cursor: Cursor, base: Yield): Yield {
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
  const name = /[.?:]/.test(text[start] ?? " ") ? readMemberName(cursor) : undefined;
  if (name === undefined) return undefined;
  const words = [name, ...readArguments(cursor)];
  return { span: locate(cursor, start, cursor.at), words };
}

/** `.name` with the dot in front, so that no method is taken for a command of the same name. */
function readMemberName(cursor: Cursor): Word | undefined {
  const { text, at: start } = cursor;
  const member = match(cursor, MEMBER, start);
  const parts = new Parts(cursor.context.source);
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
  const index = toWord(readExpression(inner));
  skipBlanks(inner);
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

/** Reads one item of an argument: a value with what is taken out of it, or a bare word with values in it. */
export function readItem(cursor: Cursor): Word {
  const { text, at: start } = cursor;
  const char = text[start] ?? "";
  if (!VALUE_START.test(char)) return readParameter(cursor);
  const value = toWord(readPostfix(cursor, readPrimary(cursor)));
  return char === "$" && continues(cursor) ? joined(cursor, start, value, toWord(readToken(cursor))) : value;
}

const VALUE_START = /[$'"(@{\u2018-\u201e]/;

/** `-Name:( … )` is one argument. */
function readParameter(cursor: Cursor): Word {
  const start = cursor.at;
  const name = toWord(readToken(cursor));
  const glued = /[({@]/.test(cursor.text[cursor.at] ?? " ") && closeOf(cursor, cursor.at) !== undefined;
  return glued && /^[-\u2013-\u2015]\w{1,60}:$/.test(staticText(name) ?? "")
    ? joined(cursor, start, name, readItem(cursor))
    : name;
}

function joined(cursor: Cursor, start: number, first: Word, rest: Word): Word {
  return { span: locate(cursor, start, cursor.at), parts: [...first.parts, ...rest.parts] };
}

/** True where a stage of a pipe at the cursor is a value and no command. */
export function startsExpression(cursor: Cursor): boolean {
  const { text, at } = cursor;
  const char = text[at] ?? "";
  const next = text[at + 1] ?? "";
  if (char === "$") return readVariableToken(cursor, at) !== undefined || closeOf(cursor, at + 1) !== undefined;
  if (char === "@")
    return closeOf(cursor, at) !== undefined || (/[({]/.test(next) && closeOf(cursor, at + 1) !== undefined);
  if (char === "[") return typeEnd(cursor, at) !== undefined;
  if (/['"({\u2018-\u201e]/.test(char)) return closeOf(cursor, at) !== undefined;
  return match(cursor, NUMBER, at) !== undefined || match(cursor, EXPRESSION_PREFIX, at) !== undefined;
}

const EXPRESSION_PREFIX =
  /[-\u2013-\u2015](?:not|bnot|[ci]?split|join)(?![\w-])|!|(?:\+\+|--|[-+,][ \t]*)(?=[$(['"])/iy;
