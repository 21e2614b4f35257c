import type { Block, Part, Word } from "./command.ts";
import {
  type Cursor,
  closeOf,
  inside,
  locate,
  MAX_DEPTH,
  match,
  readEscape,
  readVariableToken,
  skipBlanks,
  skipSpace,
} from "./powershell-lexis.ts";
import { DOUBLE_QUOTES, SINGLE_QUOTES } from "./powershell-structure.ts";
import { bodyWord, type Entry, printedBy, toWord, unknownWord, type Yield } from "./powershell-yield.ts";
import { nextPiece, Parts, pieceAt } from "./source.ts";

// Strings, variables, brackets and bare words of PowerShell. Source: about_Quoting_Rules, about_Parsing, about_Hash_Tables.

/** These parts as a word that reaches from an offset to the cursor. */
export function word(cursor: Cursor, start: number, parts: readonly Part[]): Yield {
  return { kind: "word", word: { span: locate(cursor, start, cursor.at), parts } };
}

/** Puts the cursor at an offset, or at the end of its range, and behind the space there. */
export function skipSpaceTo(cursor: Cursor, at: number): void {
  cursor.at = Math.min(at, cursor.end);
  skipSpace(cursor);
}

/** A word without text, where something is missing. */
export function emptyWord(cursor: Cursor): Yield {
  return word(cursor, cursor.at, []);
}

/** Reads a string. */
export function readQuoted(cursor: Cursor): Yield {
  const start = cursor.at;
  const parts = new Parts(cursor.context.source);
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
  else if (SINGLE_QUOTES.includes(char))
    addSingle(cursor, parts, start, start + 1, close.inner, close.outer, /['\u2018-\u201b]{2}/g);
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
    const escaped = readEscape(cursor, at);
    parts.text(at, Math.min(escaped.end, end), escaped.value, true);
    return escaped.end;
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
export function readDollar(cursor: Cursor): Yield {
  const start = cursor.at;
  if (cursor.text[start + 1] === "(" && closeOf(cursor, start + 1)) return readBrackets(cursor, start, start + 1);
  const variable = readVariableToken(cursor, start);
  if (variable === undefined) return readToken(cursor);
  cursor.at = variable.end;
  return word(cursor, start, [variablePart(cursor, start, variable.end, variable.name)]);
}

/** `@( … )`, `@{ … }`, `@'…'@`, `@"…"@`, `@name`. */
export function readAt(cursor: Cursor): Yield {
  const start = cursor.at;
  const next = cursor.text[start + 1] ?? "";
  if (closeOf(cursor, start)) return readHere(cursor);
  if (next === "(" && closeOf(cursor, start + 1)) {
    const value = readBrackets(cursor, start, start + 1);
    return value.kind === "word"
      ? { kind: "list", span: value.word.span, items: value.word.parts.length ? [value.word] : [] }
      : value;
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
  const parts = new Parts(cursor.context.source);
  if (last <= first) parts.text(start, close.outer, "", true);
  else if (SINGLE_QUOTES.includes(text[start + 1] ?? " "))
    addSingle(cursor, parts, first, first, last, last, undefined);
  else addExpandable(cursor, parts, first, last, false);
  cursor.at = close.outer;
  return word(cursor, start, parts.done());
}

/** `( … )`, `$( … )`, `@( … )`: a value where that is all they hold, else statements. `open` is the offset of the bracket. */
export function readBrackets(cursor: Cursor, start: number, open: number): Yield {
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

/** `{ … }` as a value: a program that somebody may run. */
export function readScriptBlock(cursor: Cursor): Yield {
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
    const key = toWord(readKey(inner));
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

function readKey(cursor: Cursor): Yield {
  const start = cursor.at;
  const char = cursor.text[start] ?? "";
  if (SINGLE_QUOTES.includes(char) || DOUBLE_QUOTES.includes(char)) return readQuoted(cursor);
  if (char === "$") return readDollar(cursor);
  const name = match(cursor, /[\p{L}\p{N}_.-]+/uy, start)?.[0] ?? "";
  cursor.at = start + name.length;
  const parts = new Parts(cursor.context.source);
  if (name !== "") parts.text(start, cursor.at, name, false);
  return word(cursor, start, parts.done());
}

function keyName(key: Word): string {
  return key.parts
    .map((part) => (part.kind === "text" ? part.value : ""))
    .join("")
    .toLowerCase();
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

/** True where the cursor stands before more of the same word. */
export function continues({ text, at, end }: Cursor): boolean {
  return at < end && !TERMINATOR.test(text[at] ?? " ") && !/^`\r?\n/.test(text.slice(at, at + 3));
}

/** Reads a bare word: up to a blank or a mark that ends it, with the strings, variables and programs in it. */
export function readToken(cursor: Cursor): Yield {
  const start = cursor.at;
  const { text, context, end } = cursor;
  const parts = new Parts(cursor.context.source);
  while (continues(cursor)) {
    const { at } = cursor;
    const char = text[at] ?? "";
    const piece = pieceAt(context.source, at);
    if (piece !== undefined) {
      parts.add(piece.part(false));
      cursor.at = Math.min(piece.end, end);
    } else if (char === "`") {
      const escaped = readEscape(cursor, at);
      parts.text(at, escaped.end, escaped.value, false);
      cursor.at = Math.min(escaped.end, end);
    } else if (SINGLE_QUOTES.includes(char) || DOUBLE_QUOTES.includes(char)) addQuoted(cursor, parts);
    else if (char === "$") addDollar(cursor, parts);
    else {
      RUN.lastIndex = at;
      const length = RUN.exec(text)?.[0].length ?? 1;
      const stop = Math.min(at + Math.max(1, length), nextPiece(context.source, at, end));
      parts.text(at, stop, text.slice(at, stop), false);
      cursor.at = stop;
    }
  }
  return word(cursor, start, parts.done());
}

const TERMINATOR = /[\s(){},;|&>]/;
const RUN = /[^\s`'"$(){},;|&>\u2018-\u201e]+/y;

function addDollar(cursor: Cursor, parts: Parts): void {
  const { at } = cursor;
  const variable = readVariableToken(cursor, at);
  if (variable !== undefined) {
    parts.add(variablePart(cursor, at, variable.end, variable.name));
    cursor.at = variable.end;
  } else if (cursor.text[at + 1] === "(" && closeOf(cursor, at + 1))
    parts.add(...toWord(readBrackets(cursor, at, at + 1)).parts);
  else {
    parts.text(at, at + 1, "$", false);
    cursor.at = at + 1;
  }
}
