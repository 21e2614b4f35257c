import type { Hole } from "../masking.ts";
import { cover, type Span } from "../text.ts";
import {
  afterBlanks,
  type Context,
  type Cursor,
  isEnd,
  lineEnd,
  locate,
  MAX_DEPTH,
  match,
  readRedirect,
  readRedirects,
  readText,
  readWord,
  skipBlanks,
  spanFrom,
  textWord,
} from "./cmd-words.ts";
import type { Assignment, Block, Command, Condition, If, Node, Redirect, Statement, Word } from "./command.ts";
import { type Source, sourceOfScript, sourceOfWord } from "./source.ts";

// A tolerant reader of cmd.exe's language. What the command model has no form for is put into these:
//
// - `%NAME%`, `!NAME!`: a "variable" part, the name in lower case; `%NAME:~0,2%` has the operator ":~0,2". `%1`, `%*`, `%~dp0`: the names "1",
//   "*", "0", the last with the operator "~dp". `%%i` in a loop: the name "%i".
// - `set NAME=value` is a command with an assignment; `set /p NAME=<file` assigns what the file holds: a substitution of the command `type`
//   (a word with an empty span, because nobody wrote it) that reads the file.
// - `if` is an If with a Test: the operators are "==" and "!=" (also for EQU and NEQ), "-lt" "-le" "-gt" "-ge", and unary "exist",
//   "defined", "errorlevel". `for` is a Loop; `for /f` over a command has a substitution as its value, over files one of `type`.
// - `a && b || c` groups as cmd does: `&&` binds tighter than `||`, and `&` ends a statement.
// - A label starts a routine that reaches to the next label: a FunctionDefinition named ":label", in front of everything else, and the command
//   `call :label` (its first word not written) in its place, because control also falls into it.
// - `call`, `goto`, `exit` and `start` are commands. `@` and comments leave nothing.
//
// Source: the help of cmd.exe (`if /?`, `for /?`, `set /?`) and the rules that its parser is known to follow: quotes reach to the end of their
// line at most, `^` takes the meaning from the next character.

/**
 * Reads a batch script, or lines for cmd.exe. Never throws: broken text gives what could be read. Linear in the length of the text.
 *
 * @param text the script with its expressions masked
 * @param holes the masked expressions, with spans into `text`
 */
export function parseCmd(text: string, holes: readonly Hole[] = []): Block {
  return parse(sourceOfScript(text, holes));
}

/**
 * Reads the command line that a word holds as text, such as the argument of `cmd /c`. Parts of the word that are not text stay parts.
 * Spans index the same text as the word's. `undefined` for a word without text.
 *
 * @param text the script text that the word's spans index, in whatever shell
 */
export function parseCmdWord(text: string, word: Word): Block | undefined {
  const source = sourceOfWord(text, word);
  return source && parse(source);
}

function parse(source: Source): Block {
  const { text } = source;
  const quotes: number[] = [];
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes.push(at);
  const context: Context = { source, text, quotes };
  return readScript({ context, text, at: 0, end: text.length, groups: 0, depth: 0, loop: false, escaped: false });
}

/** A script, split into routines at its labels. */
function readScript(cursor: Cursor): Block {
  const start = cursor.at;
  const routines: Statement[] = [];
  const first = readStatements(cursor);
  const calls: Statement[] = [];
  for (let label = readLabel(cursor); label !== undefined; label = readLabel(cursor)) {
    const from = cursor.at;
    const statements = readStatements(cursor);
    const body: Block = { kind: "block", span: locate(cursor, from, cursor.at), statements };
    const span = cover(label.span, body.span);
    routines.push(statementOf({ kind: "function", span, name: nameOf(label).toLowerCase(), body }));
    calls.push(statementOf(commandOf(label.span, [implied("call", label.span.start), label])));
  }
  return { kind: "block", span: locate(cursor, start, cursor.end), statements: [...routines, ...first, ...calls] };
}

function statementOf(node: Node): Statement {
  return { span: node.span, node, background: false };
}

function commandOf(span: Span, words: readonly Word[], redirects: readonly Redirect[] = []): Command {
  return { kind: "command", span, assignments: [], words, redirects };
}

/** A word of text that the script does not hold: its span is empty. */
function implied(value: string, at: number): Word {
  const span = { start: at, end: at };
  return { span, parts: [{ kind: "text", span, value, quoted: false }] };
}

function nameOf({ parts }: Word): string {
  return parts.map((part) => (part.kind === "text" ? part.value : "")).join("");
}

const LABEL = /:([^\s:;,=+&|<>()]+)[^\r\n]*/y;

/** A label at the cursor, where a line starts. */
function readLabel(cursor: Cursor): Word | undefined {
  const found = match(cursor, LABEL, cursor.at);
  if (found === undefined) return undefined;
  const start = cursor.at;
  cursor.at = start + found[0].length;
  return textWord(cursor, start, start + 1 + (found[1] ?? "").length);
}

/** Reads statements up to a label, or up to the bracket that ends a group. */
function readStatements(cursor: Cursor): readonly Statement[] {
  const statements: Statement[] = [];
  for (;;) {
    skipLines(cursor);
    if (cursor.at >= cursor.end) return statements;
    const char = cursor.text[cursor.at];
    if (char === ")") {
      if (cursor.groups > 0) return statements;
      cursor.at++;
      continue;
    }
    if (char === ":") {
      if (cursor.groups === 0 && match(cursor, LABEL, cursor.at)) return statements;
      skipLine(cursor);
      continue;
    }
    const before = cursor.at;
    for (const statement of readSequence(cursor)) statements.push(statement);
    if (cursor.at === before) cursor.at++;
  }
}

/** Moves to the next command: over blanks, line breaks, the marks that cmd skips, and `&` without a command in front of it. */
function skipLines(cursor: Cursor): void {
  while (cursor.at < cursor.end) {
    const length = match(cursor, /[\s,;=@&]+|\^\r?\n/y, cursor.at)?.[0].length;
    if (length === undefined) return;
    cursor.at += length;
  }
}

function skipLine(cursor: Cursor): void {
  cursor.at = lineEnd(cursor, cursor.at);
}

/** `a & b & c` on one line. */
function readSequence(cursor: Cursor): readonly Statement[] {
  const statements: Statement[] = [];
  for (;;) {
    const node = readOr(cursor);
    if (node !== undefined) statements.push(statementOf(node));
    skipBlanks(cursor);
    if (readOperator(cursor, "&") === undefined) return statements;
  }
}

/** Moves behind an operator where it comes next. */
function readOperator(cursor: Cursor, ...operators: readonly string[]): string | undefined {
  let at = afterBlanks(cursor, cursor.at);
  if (cursor.escaped && cursor.text[at] === "^") at++;
  const found = match(cursor, cursor.escaped ? /\^?&\^?&|\^?\|\^?\||[&|]/y : /&&|\|\||[&|]/y, at)?.[0];
  const operator = found?.replace(/\^/g, "");
  if (found === undefined || operator === undefined || !operators.includes(operator)) return undefined;
  cursor.at = at + found.length;
  return operator;
}

function readOr(cursor: Cursor): Node | undefined {
  return readOperands(cursor, "||", readAnd);
}

function readAnd(cursor: Cursor): Node | undefined {
  return readOperands(cursor, "&&", readPipe);
}

function readOperands(cursor: Cursor, mark: "&&" | "||", read: (cursor: Cursor) => Node | undefined): Node | undefined {
  const operands: Node[] = [];
  do {
    const operand = read(cursor);
    if (operand !== undefined) operands.push(operand);
  } while (readOperator(cursor, mark) !== undefined);
  const [first] = operands;
  const last = operands.at(-1);
  if (first === undefined || last === undefined || operands.length === 1) return first;
  return { kind: "chain", span: cover(first.span, last.span), operands, operators: operands.slice(1).map(() => mark) };
}

function readPipe(cursor: Cursor): Node | undefined {
  const stages: Node[] = [];
  do {
    const stage = readCommand(cursor);
    if (stage !== undefined) stages.push(stage);
  } while (readOperator(cursor, "|") !== undefined);
  const [first] = stages;
  const last = stages.at(-1);
  if (first === undefined || last === undefined || stages.length === 1) return first;
  return { kind: "pipe", span: cover(first.span, last.span), stages, negated: false };
}

const KEYWORD = /(?:rem|if|for|set)(?=$|[\s"(/,;=])/iy;

/** Reads a command, a group, `if` or `for`; `undefined` where there is none. */
function readCommand(cursor: Cursor): Node | undefined {
  cursor.at += match(cursor, /(?:[ \t,;=@]|\^\r?\n)*/y, cursor.at)?.[0].length ?? 0;
  const { at, text } = cursor;
  if (at >= cursor.end || isEnd(cursor, at)) return undefined;
  if (text[at] === "(") return readGroup(cursor);
  switch (match(cursor, KEYWORD, at)?.[0].toLowerCase()) {
    case "rem":
      skipLine(cursor);
      return undefined;
    case "if":
      return readIf(cursor);
    case "for":
      return readFor(cursor) ?? readSimple(cursor);
    case "set":
      return readSet(cursor) ?? readSimple(cursor);
    default:
      return readSimple(cursor);
  }
}

/** `( … )`. */
function readGroup(cursor: Cursor): Node {
  const start = cursor.at;
  const inner: Cursor = { ...cursor, at: start + 1, groups: cursor.groups + 1, depth: cursor.depth + 1 };
  const statements = inner.depth > MAX_DEPTH ? skipRest(inner) : readStatements(inner);
  const body: Block = { kind: "block", span: locate(cursor, start + 1, inner.at), statements };
  cursor.at = Math.min(inner.at + 1, cursor.end);
  const redirects = readRedirects(cursor);
  return { kind: "group", span: spanFrom(cursor, start), subshell: false, body, redirects };
}

function skipRest(cursor: Cursor): readonly Statement[] {
  cursor.at = cursor.end;
  return [];
}

/** The rest of the line, or the group, that belongs to `if`, `else` and `do`. */
function readBody(cursor: Cursor, loop = cursor.loop): Block {
  skipBlanks(cursor);
  const start = cursor.at;
  const inner: Cursor = { ...cursor, depth: cursor.depth + 1, loop };
  const grouped = cursor.text[start] === "(" && start < cursor.end;
  let statements: readonly Statement[] = [];
  if (inner.depth > MAX_DEPTH) skipLine(inner);
  else if (grouped) statements = [statementOf(readGroup(inner))];
  else statements = readSequence(inner);
  cursor.at = inner.at;
  const [only] = statements;
  if (only?.node.kind === "group" && grouped && only.node.redirects.length === 0) return only.node.body;
  return { kind: "block", span: spanFrom(cursor, start), statements };
}

function readIf(cursor: Cursor): Node {
  const start = cursor.at;
  const branches: If["branches"][number][] = [];
  let otherwise: Block | undefined;
  for (;;) {
    cursor.at += 2;
    const condition = readCondition(cursor);
    branches.push({ condition, body: readBody(cursor) });
    const next = match(cursor, /(?:[ \t]|\^\r?\n)*else\b(?:[ \t]|\^\r?\n)*/iy, cursor.at);
    if (next === undefined) break;
    cursor.at += next[0].length;
    if (match(cursor, /if(?=[\s"(/])/iy, cursor.at)) continue;
    otherwise = readBody(cursor);
    break;
  }
  return { kind: "if", span: spanFrom(cursor, start), branches, otherwise, redirects: [] };
}

const COMPARISONS: ReadonlyMap<string, string> = new Map(
  Object.entries({ "==": "==", equ: "==", neq: "!=", lss: "-lt", leq: "-le", gtr: "-gt", geq: "-ge" }),
);

function readCondition(cursor: Cursor): Block {
  skipBlanks(cursor);
  const start = cursor.at;
  let negated = false;
  for (let option = match(cursor, OPTION, cursor.at); option !== undefined; option = match(cursor, OPTION, cursor.at)) {
    if (/^not/i.test(option[0])) negated = !negated;
    cursor.at += option[0].length;
  }
  const test = readTest(cursor);
  const span = spanFrom(cursor, start);
  const condition: Condition | undefined = negated && test !== undefined ? { kind: "not", operand: test } : test;
  return { kind: "block", span, statements: [statementOf({ kind: "test", span, condition, redirects: [] })] };
}

const OPTION = /(?:not|\/i)(?=\s)[ \t]*/iy;

/** `undefined` where it is not written to its end. */
function readTest(cursor: Cursor): Condition | undefined {
  const unary = match(cursor, /(exist|defined|errorlevel|cmdextversion)[ \t]+/iy, cursor.at);
  if (unary !== undefined) {
    cursor.at += unary[0].length;
    return { kind: "unary", operator: (unary[1] ?? "").toLowerCase(), operand: readWord(cursor, false) };
  }
  const left = readWord(cursor, true);
  skipBlanks(cursor);
  const operator = match(cursor, /==|(?:equ|neq|lss|leq|gtr|geq)(?=\s)/iy, cursor.at)?.[0].toLowerCase();
  if (operator === undefined) return undefined;
  cursor.at += operator.length;
  skipBlanks(cursor);
  return { kind: "binary", operator: COMPARISONS.get(operator) ?? operator, left, right: readWord(cursor, true) };
}

const FOR = /for((?:[ \t]+\/[dlrf](?:[ \t]+(?:"[^"\r\n]*"|[^%\s(]+))?)*)[ \t]+%%?(\w)[ \t]+in[ \t]*(?=\()/iy;

/** `for %%i in (…) do …`; `undefined` where the head is broken. */
function readFor(cursor: Cursor): Node | undefined {
  const start = cursor.at;
  const head = match(cursor, FOR, start);
  if (head === undefined) return undefined;
  const open = start + head[0].length;
  const [, options = "", name = ""] = head;
  const close = closeOfSet(cursor, open);
  const set: Cursor = { ...cursor, at: open + 1, end: close };
  const values = /\/f\b/i.test(options) ? readLines(set, options) : readValues(set);
  cursor.at = cursor.text[close] === ")" && close < cursor.end ? close + 1 : close;
  cursor.at += match(cursor, /\s*do\b/iy, cursor.at)?.[0].length ?? 0;
  const body = readBody(cursor, true);
  const loop = { kind: "loop", condition: undefined, until: false, redirects: [] } as const;
  return { ...loop, span: spanFrom(cursor, start), variable: `%${name}`, values, body };
}

/** Where the set of a loop ends: behind the quote that ends a command, else at the next bracket outside of quotes, else with the line. */
function closeOfSet(cursor: Cursor, open: number): number {
  const { text, end } = cursor;
  const first = afterBlanks(cursor, open + 1);
  const quote = text[first];
  const line = lineEnd(cursor, open);
  if (quote === "'" || quote === "`") {
    const command = text.slice(first + 1, line).search(quote === "'" ? /'\s*\)/ : /`\s*\)/);
    if (command >= 0) return text.indexOf(")", first + 1 + command);
  }
  let quoted = false;
  for (let at = open + 1; at < end; at++) {
    const char = text[at];
    if (char === '"') quoted = !quoted;
    else if (char === "\n") quoted = false;
    else if (!quoted && char === "^") at++;
    else if (!quoted && char === ")") return at;
  }
  return line;
}

function readValues(cursor: Cursor): readonly Word[] {
  const words: Word[] = [];
  for (;;) {
    cursor.at += match(cursor, /[\s,;=]*/y, cursor.at)?.[0].length ?? 0;
    if (cursor.at >= cursor.end) return words;
    const before = cursor.at;
    words.push(readWord(cursor, false, SET_BLANK));
    if (cursor.at === before) cursor.at++;
  }
}

const SET_BLANK = /[\s,;=]/;

/** What `for /f` takes lines from: a command in quotes, a text, or files. */
function readLines(cursor: Cursor, options: string): readonly Word[] {
  const { text } = cursor;
  const start = afterBlanks(cursor, cursor.at);
  const command = /usebackq/i.test(options) ? "`" : "'";
  const plain = /usebackq/i.test(options) ? "'" : '"';
  const quote = text[start];
  const closing = text.lastIndexOf(command, cursor.end - 1);
  const last = closing > start ? closing : cursor.end;
  const span = locate(cursor, start, Math.max(start, Math.min(last + 1, cursor.end)));
  if (quote === command && last > start && cursor.depth < MAX_DEPTH) {
    const inner: Cursor = { ...cursor, at: start + 1, end: last, groups: 0, depth: cursor.depth + 1, escaped: true };
    const statements = readStatements(inner);
    const body: Block = { kind: "block", span: locate(cursor, start + 1, last), statements };
    return [{ span, parts: [{ kind: "substitution", span, body, quoted: false }] }];
  }
  cursor.at = start;
  const words = readValues(cursor);
  if (quote === plain) return words;
  return words.map((word) => substitution(word.span, commandOf(word.span, [implied("type", word.span.start), word])));
}

function substitution(span: Span, node: Node): Word {
  const body: Block = { kind: "block", span, statements: [{ span: node.span, node, background: false }] };
  return { span, parts: [{ kind: "substitution", span, body, quoted: true }] };
}

const SET = /set((?:[ \t]+\/[ap])?)[ \t]*(?:("?)([^\s"=&|<>^][^"=&|<>\r\n^]*))([-+*/%]?=)/iy;

/** `set NAME=value`; `undefined` for forms that print. */
function readSet(cursor: Cursor): Node | undefined {
  const start = cursor.at;
  const found = match(cursor, SET, start);
  if (found === undefined) return undefined;
  const [head, option = "", quote, name = "", operator = ""] = found;
  const from = start + head.length;
  const end = commandEnd(cursor, from, quote === '"');
  const lastQuote = quote === '"' ? cursor.text.lastIndexOf('"', end - 1) : -1;
  const to = lastQuote >= from ? lastQuote : end;
  const value = readText({ ...cursor, at: from, end: to }, quote === '"');
  cursor.at = end;
  const redirects = readRedirects(cursor);
  const span = spanFrom(cursor, start);
  const word = setValue(option.trim().toLowerCase(), value, redirects, span);
  const append = operator.length > 1;
  const assignment: Assignment = { span, name: name.trim().toLowerCase(), value: word, elements: [], append };
  const kept = option.trim() === "" ? redirects : [];
  return { ...commandOf(span, [], kept), assignments: [assignment] };
}

/** `/a` computes a number, `/p` reads a line of what stands behind `<`. */
function setValue(option: string, value: Word, redirects: readonly Redirect[], span: Span): Word {
  if (option === "/a") return { span: value.span, parts: [{ kind: "unknown", span: value.span, programs: [] }] };
  if (option !== "/p") return value;
  return substitution(span, commandOf(span, [implied("type", span.start)], redirects));
}

/** Where a command ends that takes the rest of the line as text. */
function commandEnd(cursor: Cursor, from: number, inQuotes: boolean): number {
  const { text, end } = cursor;
  let quoted = inQuotes;
  let at = from;
  for (; at < end; at++) {
    const char = text[at] ?? "";
    if (char === "\n" || char === "\r") break;
    if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === "^" && !(cursor.escaped && /[&|]/.test(text[at + 1] ?? " "))) at += text[at + 1] === "\r" ? 2 : 1;
    else if (char === "<" || char === ">" || isEnd(cursor, at)) break;
  }
  return Math.min(at, end);
}

/** Names of commands that need no blank behind them. */
const GLUED =
  /(?:echo(?=[.:([/\\+,;=])|(?:cd|chdir)(?=[.\\/])|(?:call|goto)(?=:)|(?:exit|del|erase|rd|rmdir|md|mkdir|copy|move|start|type|dir)(?=\/))/iy;

function readSimple(cursor: Cursor): Node | undefined {
  const start = cursor.at;
  const words: Word[] = [];
  const redirects: Redirect[] = [];
  const glued = match(cursor, GLUED, start)?.[0].length;
  if (glued !== undefined) {
    cursor.at = start + glued;
    words.push(textWord(cursor, start, cursor.at));
  }
  for (let at = afterBlanks(cursor, cursor.at); !isEnd(cursor, at); at = afterBlanks(cursor, cursor.at)) {
    cursor.at = at;
    const redirect = readRedirect(cursor);
    if (redirect !== undefined) redirects.push(redirect);
    else {
      const word = readWord(cursor, false);
      if (word.parts.length > 0) words.push(word);
    }
    if (cursor.at === at) cursor.at++;
  }
  if (words.length === 0 && redirects.length === 0) return undefined;
  return commandOf(spanFrom(cursor, start), words, redirects);
}
