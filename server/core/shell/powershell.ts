import type { Hole } from "../masking.ts";
import { cover, type Span } from "../text.ts";
import { type Block, type Case, type Command, type Node, type Statement, staticText, type Word } from "./command.ts";
import { readArgument, readExpression, readItem, typeEnd } from "./powershell-expressions.ts";
import {
  afterBlanks,
  afterSpace,
  type Context,
  type Cursor,
  closeOf,
  enter,
  inside,
  keywordAt,
  locate,
  MAX_DEPTH,
  match,
  readVariableToken,
  skipBlanks,
  skipSpace,
  spanFrom,
  textWord,
} from "./powershell-lexis.ts";
import { readChain } from "./powershell-pipelines.ts";
import { structureOf } from "./powershell-structure.ts";
import { readBody } from "./powershell-words.ts";
import { implied, LOOP, toConditionBlock, toNode, toWord, toWords, type Yield } from "./powershell-yield.ts";
import { type Source, sourceAt, sourceOfScript, sourceOfWord } from "./source.ts";

// A tolerant reader of PowerShell, 5.1 and 7. What the command model has no form for is put into these:
//
// - A value in place of a command is printed: `'x' | iex` is a pipe whose first stage is the command `Write-Output` (a word with an empty
//   span, because nobody wrote it) with the value as its argument. `( … )`, `$( … )` and `@( … )` with commands in them are a Group, and a
//   "substitution" part where they are arguments. A bracket around nothing but a value is that value.
// - What is taken out of a value is a pipe from the value: `(New-Object Net.WebClient).DownloadString('U')` has the stages
//   Group{New-Object …} and the command `.DownloadString` with the argument `U`; `(iwr U).Content` has the stages Group{iwr U} and
//   `.Content`. The name keeps its dot, so that `.Start()` is not the command `start`; the command's span covers the value as well.
//   `[index]` is a command named as written. `[Type]::Name( … )` is a command of that name with its arguments.
// - A plain property of a variable, `$r.Content`, is one "variable" part: name "r", operator ".", operand `Content`.
//   `$p = @{ Uri = 'U' }` assigns `p` and `p.uri`; `$p.Uri = 'U'` assigns `p.uri`; `@p` is the variable `p` with the operator "@".
// - Comparisons are Test nodes with the operator in lower case without its case rule: `-ceq` is "-eq". A bare value that decides is unary
//   "-n". `-replace`, `-split` and `-join` are a pipe from their left side into a command of that name. `a + b` is a word with the parts of
//   both; `'{0}' -f $a` is filled in. `c ? a : b` and `a ?? b` are an If.
// - `$x = V` is a command with an assignment; where V is no word it is one "substitution" part; a list has elements. Variable names are in
//   lower case without a scope, `env:path` for the environment. PowerShell splits no variable: they count as quoted.
// - `& X args` is the command X, `. X` the command `.`, `& { … }` a Group; its arguments are assigned in front of its body.
//   `| ForEach-Object { … }` is a Loop with the variable `_` and without values: it runs through what it reads.
// - `try A catch B finally C` is Group{ Chain(A || B); C }: where A fails B follows. `switch` is a Case; so is `trap`, which may not happen.
// - A function's body, and a script, starts with the command `param` where there are parameters: its arguments are variables, with the
//   operator "=" and the default as operand where there is one. Names of functions are in lower case.
// - `return`, `throw`, `exit`, `break`, `continue` are commands; a pipe behind them is their argument.
// - `-EncodedCommand` and the like are text until {@link parsePowerShellCode} reads it.
//
// Source: about_* help of PowerShell 7.4; the tokenizer's rules where the help is silent.

/**
 * Reads PowerShell. Never throws: broken text gives what could be read. Linear in the length of the text.
 *
 * @param text the script with its expressions masked
 * @param holes the masked expressions, with spans into `text`
 */
export function parsePowerShell(text: string, holes: readonly Hole[] = []): Block {
  return parse(sourceOfScript(text, holes));
}

/**
 * Reads the program that a word holds as text, such as the argument of `iex` or `pwsh -Command`. Variables and substitutions of the word stay
 * parts: one that stands where the program has a command's name is code. Spans index the same text as the word's. `undefined` for a word
 * without text.
 *
 * @param text the script text that the word's spans index, in whatever shell
 */
export function parsePowerShellWord(text: string, word: Word): Block | undefined {
  const source = sourceOfWord(text, word);
  return source && parse(source);
}

/** Reads decoded code, such as that of `-EncodedCommand`. All of it lies at one span. */
export function parsePowerShellCode(code: string, span: Span): Block {
  return parse(sourceAt(code, span));
}

function parse(source: Source): Block {
  const { text } = source;
  const context: Context = {
    source,
    structure: structureOf(text),
    block: (start, end, depth) => readBlock({ context, text, at: start, end, depth }),
    statement: readStatement,
  };
  return context.block(0, text.length, 0);
}

function readBlock(cursor: Cursor): Block {
  const start = cursor.at;
  const statements: Statement[] = [];
  for (skipSpace(cursor, ";)}"); cursor.at < cursor.end; skipSpace(cursor, ";)}")) {
    const before = cursor.at;
    const node = toNode(readStatement(cursor));
    const background = readBackground(cursor);
    if (cursor.at === before) cursor.at++;
    else statements.push({ span: node.span, node, background });
  }
  return { kind: "block", span: locate(cursor, start, Math.max(start, cursor.end)), statements };
}

/** `&` behind a pipe sends it into the background. */
function readBackground(cursor: Cursor): boolean {
  const at = afterBlanks(cursor, cursor.at);
  if (at >= cursor.end || cursor.text[at] !== "&" || cursor.text[at + 1] === "&") return false;
  cursor.at = at + 1;
  return true;
}

/** Reads one statement. What is nested too deep is left out. */
function readStatement(cursor: Cursor): Yield {
  if (cursor.depth > MAX_DEPTH) return skipRest(cursor);
  const label = cursor.text[cursor.at] === ":" ? match(cursor, /:[A-Za-z_]\w*(?=\s)/y, cursor.at) : undefined;
  if (label !== undefined) {
    cursor.at += label[0].length;
    skipSpace(cursor);
  }
  skipAttributes(cursor);
  const keyword = keywordAt(cursor, cursor.at);
  const node = keyword === undefined ? undefined : STATEMENTS.get(keyword)?.(cursor, keyword);
  return node === undefined ? readChain(cursor) : { kind: "node", span: node.span, node };
}

function skipRest(cursor: Cursor): Yield {
  const span = locate(cursor, cursor.at, cursor.end);
  cursor.at = cursor.end;
  return { kind: "word", word: { span, parts: [] } };
}

/** Attributes of a script in front of its `param`. */
function skipAttributes(cursor: Cursor): void {
  let at = cursor.at;
  if (cursor.text[at] !== "[") return;
  for (let end = typeEnd(cursor, at); cursor.text[at] === "[" && end !== undefined; end = typeEnd(cursor, at))
    at = afterSpace(cursor, end);
  if (at > cursor.at && keywordAt(cursor, at) === "param") cursor.at = at;
}

/** Reads a statement whose keyword the cursor stands at; `undefined` where the word is no keyword here. */
type StatementReader = (cursor: Cursor, keyword: string) => Node | undefined;

const STATEMENTS: ReadonlyMap<string, StatementReader> = new Map<string, StatementReader>([
  ["if", readIf],
  ["elseif", readIf],
  ["foreach", readForEach],
  ["for", readFor],
  ["while", readWhile],
  ["do", readDo],
  ["switch", readSwitch],
  ["try", readTry],
  ["trap", readTrap],
  ["function", readFunction],
  ["filter", readFunction],
  ["workflow", readFunction],
  ["configuration", readFunction],
  ["class", readClass],
  ["enum", readClass],
  ["param", readParam],
  ...[
    "begin",
    "process",
    "end",
    "clean",
    "dynamicparam",
    "data",
    "parallel",
    "sequence",
    "inlinescript",
    "else",
    "catch",
    "finally",
  ].map((name): [string, StatementReader] => [name, readNamedBlock]),
]);

/** `{ … }` behind the cursor; an empty block where it is missing. */
function readBraces(cursor: Cursor): Block {
  const at = afterSpace(cursor, cursor.at);
  if (at < cursor.end && cursor.text[at] === "{") return readBody(cursor, at);
  return { kind: "block", span: locate(cursor, cursor.at, cursor.at), statements: [] };
}

/** A cursor for what stands in the round brackets behind the cursor, which moves behind them. */
function readRound(cursor: Cursor): Cursor | undefined {
  const at = afterSpace(cursor, cursor.at);
  const close = at < cursor.end && cursor.text[at] === "(" ? closeOf(cursor, at) : undefined;
  if (close === undefined) return undefined;
  cursor.at = close.outer;
  const inner = inside(cursor, at + 1, close.inner);
  skipSpace(inner);
  return inner;
}

function readConditionBlock(cursor: Cursor): Block {
  const inner = readRound(cursor);
  return inner === undefined
    ? { kind: "block", span: spanFrom(cursor, cursor.at), statements: [] }
    : toConditionBlock(readStatement(inner));
}

/** Moves behind one of the keywords where it comes next, over line breaks. */
function readNext(cursor: Cursor, ...keywords: readonly string[]): string | undefined {
  const at = afterSpace(cursor, cursor.at);
  const keyword = keywordAt(cursor, at);
  if (keyword === undefined || !keywords.includes(keyword)) return undefined;
  cursor.at = at + keyword.length;
  return keyword;
}

function readIf(cursor: Cursor, keyword: string): Node {
  const start = enter(cursor, keyword);
  const branches = [{ condition: readConditionBlock(cursor), body: readBraces(cursor) }];
  let otherwise: Block | undefined;
  for (let next = readNext(cursor, "elseif", "else"); next !== undefined; next = readNext(cursor, "elseif", "else")) {
    if (next === "elseif" || readNext(cursor, "if") !== undefined)
      branches.push({ condition: readConditionBlock(cursor), body: readBraces(cursor) });
    else {
      otherwise = readBraces(cursor);
      break;
    }
  }
  return { kind: "if", span: spanFrom(cursor, start), branches, otherwise, redirects: [] };
}

/** `foreach ($x in …) { … }`; without the bracket it is the command. */
function readForEach(cursor: Cursor, keyword: string): Node | undefined {
  const start = cursor.at;
  const behind = afterSpace(
    cursor,
    start + keyword.length + (match(cursor, /\s+-parallel\b/iy, start + keyword.length)?.[0].length ?? 0),
  );
  if (cursor.text[behind] !== "(") return undefined;
  cursor.at = behind;
  const inner = readRound(cursor);
  if (inner === undefined) return undefined;
  const variable = readVariableToken(inner, inner.at);
  inner.at = afterSpace(inner, variable?.end ?? inner.at);
  inner.at = afterSpace(inner, inner.at + (match(inner, /in\b/iy, inner.at)?.[0].length ?? 0));
  const values = inner.at < inner.end ? toWords(readStatement(inner)) : [];
  const body = readBraces(cursor);
  return { ...LOOP, span: spanFrom(cursor, start), variable: variable?.name, values, body };
}

/** `for (first; condition; step) { … }`: what comes first belongs to the condition, and the step to the body. */
function readFor(cursor: Cursor, keyword: string): Node {
  const start = enter(cursor, keyword);
  const inner = readRound(cursor);
  const head = inner === undefined ? undefined : inner.context.block(inner.at, inner.end, inner.depth);
  const body = readBraces(cursor);
  const steps = head?.statements.slice(2) ?? [];
  const condition = head && { ...head, statements: head.statements.slice(0, 2) };
  const span = steps.reduce((whole, step) => cover(whole, step.span), body.span);
  return {
    ...LOOP,
    span: spanFrom(cursor, start),
    condition,
    body: { ...body, span, statements: [...body.statements, ...steps] },
  };
}

function readWhile(cursor: Cursor, keyword: string): Node {
  const start = enter(cursor, keyword);
  const condition = readConditionBlock(cursor);
  const body = readBraces(cursor);
  return { ...LOOP, span: spanFrom(cursor, start), condition, body };
}

function readDo(cursor: Cursor, keyword: string): Node | undefined {
  if (cursor.text[afterSpace(cursor, cursor.at + keyword.length)] !== "{") return undefined;
  const start = enter(cursor, keyword);
  const body = readBraces(cursor);
  const next = readNext(cursor, "while", "until");
  const condition = next === undefined ? undefined : readConditionBlock(cursor);
  return { ...LOOP, span: spanFrom(cursor, start), condition, until: next === "until", body };
}

function readSwitch(cursor: Cursor, keyword: string): Node {
  const start = enter(cursor, keyword);
  let subject: Word | undefined;
  for (
    let at = afterSpace(cursor, cursor.at);
    cursor.text[at] === "-" && at < cursor.end;
    at = afterSpace(cursor, cursor.at)
  ) {
    cursor.at = at;
    const option = readItem(cursor);
    if (!/^-f/i.test(staticText(option) ?? "")) continue;
    skipBlanks(cursor);
    subject = readItem(cursor);
  }
  const inner = readRound(cursor);
  if (inner !== undefined) subject = toWord(readStatement(inner));
  const empty: Word = { span: spanFrom(cursor, cursor.at), parts: [] };
  const arms = readArms(cursor);
  return { kind: "case", span: spanFrom(cursor, start), subject: subject ?? empty, arms, redirects: [] };
}

function readArms(cursor: Cursor): Case["arms"] {
  const open = afterSpace(cursor, cursor.at);
  const close = open < cursor.end && cursor.text[open] === "{" ? closeOf(cursor, open) : undefined;
  if (close === undefined) return [];
  cursor.at = close.outer;
  const inner = inside(cursor, open + 1, close.inner);
  const arms: { readonly patterns: readonly Word[]; readonly body: Block }[] = [];
  for (skipSpace(inner, ";)}"); inner.at < inner.end; skipSpace(inner, ";)}")) {
    const before = inner.at;
    const pattern = readArgument(inner);
    arms.push({ patterns: [pattern], body: readBraces(inner) });
    if (inner.at === before) inner.at++;
  }
  return arms;
}

function readTry(cursor: Cursor, keyword: string): Node {
  const start = enter(cursor, keyword);
  const body = groupOf(readBraces(cursor));
  const handlers: { readonly patterns: readonly Word[]; readonly body: Block }[] = [];
  while (readNext(cursor, "catch") !== undefined)
    handlers.push({ patterns: readTypes(cursor), body: readBraces(cursor) });
  const [handler] = handlers;
  let guarded: Node = body;
  if (handler !== undefined) {
    const span = spanFrom(cursor, start);
    const last = handlers.at(-1)?.body.span ?? handler.body.span;
    const operand = handlers.length === 1 ? groupOf(handler.body) : caseOf(cover(handler.body.span, last), handlers);
    guarded = { kind: "chain", span, operands: [body, operand], operators: ["||"] };
  }
  if (readNext(cursor, "finally") === undefined) return guarded;
  const last = groupOf(readBraces(cursor));
  const span = spanFrom(cursor, start);
  const statements = [guarded, last].map((node) => ({ span: node.span, node, background: false }));
  return groupOf({ kind: "block", span, statements });
}

function groupOf(body: Block): Node {
  return { kind: "group", span: body.span, subshell: false, body, redirects: [] };
}

/** One of several things happens, or none of them. */
function caseOf(span: Span, arms: Case["arms"]): Case {
  const whole = arms.reduce((all, arm) => arm.patterns.reduce((each, word) => cover(each, word.span), all), span);
  return {
    kind: "case",
    span: whole,
    subject: { span: { start: whole.start, end: whole.start }, parts: [] },
    arms,
    redirects: [],
  };
}

/** Types of errors: `[A], [B]`. */
function readTypes(cursor: Cursor): readonly Word[] {
  const types: Word[] = [];
  for (let at = afterSpace(cursor, cursor.at, ","); cursor.text[at] === "["; at = afterSpace(cursor, cursor.at, ",")) {
    const end = typeEnd(cursor, at);
    if (end === undefined) break;
    types.push(textWord(cursor, at, end));
    cursor.at = end;
  }
  return types;
}

function readTrap(cursor: Cursor, keyword: string): Node {
  const start = enter(cursor, keyword);
  const patterns = readTypes(cursor);
  const body = readBraces(cursor);
  return caseOf(spanFrom(cursor, start), [{ patterns, body }]);
}

function readFunction(cursor: Cursor, keyword: string): Node | undefined {
  const found = match(cursor, /[A-Za-z]+[ \t]+([^\s({;|&)}]+)/y, cursor.at);
  if (found === undefined) return undefined;
  const start = enter(cursor, keyword);
  cursor.at = start + found[0].length;
  const name = (found[1] ?? "").replace(/^(?:global|local|script|private):/i, "").toLowerCase();
  const at = afterSpace(cursor, cursor.at);
  const parameters =
    cursor.text[at] === "(" && at < cursor.end
      ? readParameters(cursor, at, implied("param", locate(cursor, at, at).start))
      : undefined;
  const body = readBraces(cursor);
  const statements = parameters === undefined ? [] : [{ span: parameters.span, node: parameters, background: false }];
  const span = parameters === undefined ? body.span : cover(parameters.span, body.span);
  const whole: Block = { ...body, span, statements: [...statements, ...body.statements] };
  return { kind: "function", span: spanFrom(cursor, start), name, body: whole };
}

function readParam(cursor: Cursor, keyword: string): Node | undefined {
  const start = cursor.at;
  const open = afterSpace(cursor, start + keyword.length);
  if (cursor.text[open] !== "(" || closeOf(cursor, open) === undefined) return undefined;
  return readParameters(cursor, open, textWord(cursor, start, start + keyword.length));
}

/** `( [type] $name = default, … )` as the arguments of the command `param`. */
function readParameters(cursor: Cursor, open: number, name: Word): Command {
  const close = closeOf(cursor, open) ?? { inner: open + 1, outer: open + 1 };
  cursor.at = close.outer;
  const inner = inside(cursor, open + 1, close.inner);
  const words: Word[] = [name];
  for (skipSpace(inner, ",;)}"); inner.at < inner.end; skipSpace(inner, ",;)}")) {
    const before = inner.at;
    inner.at = typeEnd(inner, inner.at) ?? inner.at;
    const variable = readVariableToken(inner, inner.at);
    if (variable !== undefined) words.push(readParameter(inner, variable.name, variable.end));
    if (inner.at === before) inner.at++;
  }
  const span = cover(name.span, locate(cursor, open, cursor.at));
  return { kind: "command", span, assignments: [], words, redirects: [] };
}

function readParameter(cursor: Cursor, name: string, end: number): Word {
  const start = cursor.at;
  cursor.at = end;
  const equals = afterSpace(cursor, end);
  let operand: Word | undefined;
  if (cursor.text[equals] === "=" && equals < cursor.end) {
    cursor.at = equals + 1;
    skipSpace(cursor);
    operand = toWord(readExpression(cursor, false));
  }
  const span = spanFrom(cursor, start);
  const operator = operand && "=";
  return { span, parts: [{ kind: "variable", span, name, quoted: true, operator, operand }] };
}

/** Classes and enumerations: what they hold runs when it is called. */
function readClass(cursor: Cursor, keyword: string): Node | undefined {
  const found = match(cursor, /[A-Za-z]+[ \t]+(\w+)[^{}\n;|=]{0,200}(?=\s*\{)/y, cursor.at);
  if (found === undefined) return undefined;
  const start = enter(cursor, keyword);
  cursor.at = start + found[0].length;
  const body = readBraces(cursor);
  return { kind: "function", span: spanFrom(cursor, start), name: `${keyword}:${found[1]?.toLowerCase()}`, body };
}

/** `begin { … }` and the like. */
function readNamedBlock(cursor: Cursor, keyword: string): Node | undefined {
  if (cursor.text[afterSpace(cursor, cursor.at + keyword.length)] !== "{") return undefined;
  const start = enter(cursor, keyword);
  const body = readBraces(cursor);
  return { kind: "group", span: spanFrom(cursor, start), subshell: false, body, redirects: [] };
}
