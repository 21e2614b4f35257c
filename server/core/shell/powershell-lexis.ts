import type { Span } from "../text.ts";
import type { Block, Word } from "./command.ts";
import type { Close, Structure } from "./powershell-structure.ts";
import type { Yield } from "./powershell-yield.ts";
import type { Source } from "./source.ts";

// The characters of PowerShell: where tokens begin and end, what escapes and variables mean. Source: about_Parsing, about_Special_Characters,
// about_Variables, about_Scopes, about_Environment_Variables.

/** What the readers of one text share. */
export interface Context {
  readonly source: Source;
  readonly structure: Structure;
  /** Reads the statements of a range. */
  block(start: number, end: number, depth: number): Block;
  /** Reads the statement at a cursor, as a value where it is one. */
  statement(cursor: Cursor): Yield;
}

/** A reader's place in a range of the text. The only thing that changes while reading. */
export interface Cursor {
  readonly context: Context;
  readonly text: string;
  at: number;
  readonly end: number;
  readonly depth: number;
}

/** Programs nested deeper than this are left out: it keeps the call stack short. */
export const MAX_DEPTH = 200;

/** A cursor for a range inside of another one's. */
export function inside({ context, text, depth }: Cursor, start: number, end: number): Cursor {
  return { context, text, at: start, end: Math.max(start, end), depth: depth + 1 };
}

/** The place of a part of the cursor's text in the script. */
export function locate({ context }: Cursor, start: number, end: number): Span {
  return context.source.locate(start, end);
}

/** Where the bracket or quote at an offset ends, within the range of the cursor. */
export function closeOf({ context, end }: Cursor, open: number): Close | undefined {
  const close = context.structure.get(open);
  return close && { inner: Math.min(close.inner, end), outer: Math.min(close.outer, end) };
}

/** Moves over spaces, line continuations and `<# … #>`. */
export function skipBlanks(cursor: Cursor): void {
  cursor.at = afterBlanks(cursor, cursor.at);
}

/** The offset behind spaces, line continuations and `<# … #>`. */
export function afterBlanks(cursor: Cursor, from: number): number {
  const { text, end } = cursor;
  let at = from;
  while (at < end) {
    const char = text[at] ?? "";
    if (char === " ") at++;
    else if (char === "`" && /^\r?\n/.test(text.slice(at + 1, at + 3))) at += text[at + 1] === "\r" ? 3 : 2;
    else if (BLANK.test(char)) at++;
    else if (char === "<" && text[at + 1] === "#") at = closeOf(cursor, at)?.outer ?? at + 2;
    else break;
  }
  return Math.min(at, end);
}

/** Moves over everything that can stand between statements: blanks, line breaks, comments, and marks where they are allowed. */
export function skipSpace(cursor: Cursor, marks = ""): void {
  cursor.at = afterSpace(cursor, cursor.at, marks);
}

/** The offset behind everything that can stand between statements, as {@link skipSpace} moves. */
export function afterSpace(cursor: Cursor, from: number, marks = ""): number {
  const { text, end } = cursor;
  for (let at = afterBlanks(cursor, from); ; at = afterBlanks(cursor, at)) {
    const char = text[at] ?? "";
    if (at >= end) return end;
    if (char === "#") at = lineEnd(cursor, at);
    else if (char === "\n" || char === "\r" || marks.includes(char)) at++;
    else return at;
  }
}

const BLANK = /[ \t\f\v\u00a0\u0085\ufeff\u2000-\u200a\u3000]/;

/** The offset at which the line ends, within the range of the cursor. */
export function lineEnd({ text, end }: Cursor, at: number): number {
  LINE.lastIndex = at;
  return Math.min(LINE.exec(text)?.index ?? end, end);
}

const LINE = /[\r\n]/g;

/** The match of a sticky pattern at an offset, within the cursor's range. */
export function match({ text, end }: Cursor, pattern: RegExp, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found !== null && found.index + found[0].length <= end ? found : undefined;
}

/** A variable as it is written: its name in lower case, without a scope; `env:` stays. */
export interface VariableToken {
  readonly name: string;
  readonly end: number;
}

/** Reads `$name`, `${name}`, `$env:name`, `$scope:name`, `$_`, `$$`, `$?`, `$^`. */
export function readVariableToken(cursor: Cursor, at: number): VariableToken | undefined {
  const found = match(cursor, VARIABLE, at);
  if (found === undefined) return undefined;
  const written = found[1] ?? found[2] ?? "";
  const name = written.replace(SCOPE, "").toLowerCase();
  return { name: name === "psitem" ? "_" : name, end: at + found[0].length };
}

const VARIABLE = /\$(?:\{([^{}\n]*)\}|((?:\w+:(?=[\p{L}\p{N}_]))?[\p{L}\p{N}_]+|[$?^]))/uy;
const SCOPE = /^(?:global|local|script|private|using|variable|workflow):/i;

/** The text of an escape at a backtick, and where it ends. Source: about_Special_Characters. */
export function readEscape({ text, end }: Cursor, at: number): { readonly value: string; readonly end: number } {
  const char = text[at + 1];
  if (char === undefined || at + 1 >= end) return { value: "", end: Math.min(at + 1, end) };
  const unicode = char === "u" ? /^u\{([0-9a-fA-F]{1,6})\}/.exec(text.slice(at + 1, Math.min(at + 10, end))) : null;
  const code = Number.parseInt(unicode?.[1] ?? "", 16);
  if (unicode !== null && code <= 0x10ffff)
    return { value: String.fromCodePoint(code), end: at + 1 + unicode[0].length };
  const width = char.length + ((text.codePointAt(at + 1) ?? 0 > 0xffff) ? 0 : 0);
  return { value: ESCAPES.get(char) ?? char, end: at + 1 + width };
}

const ESCAPES: ReadonlyMap<string, string> = new Map(
  Object.entries({ "0": "\0", a: "\x07", b: "\b", e: "\x1b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" }),
);

/** The word that starts at an offset, in lower case, where it could be a keyword. */
export function keywordAt(cursor: Cursor, at: number): string | undefined {
  return match(cursor, KEYWORD, at)?.[0].toLowerCase();
}

const KEYWORD = /[A-Za-z]+(?![\w\-.\\/:])/y;

/** From an offset to the cursor. */
export function spanFrom(cursor: Cursor, start: number): Span {
  return locate(cursor, start, cursor.at);
}

/** A range as a word of plain text. */
export function textWord(cursor: Cursor, start: number, end: number): Word {
  const span = locate(cursor, start, end);
  return { span, parts: [{ kind: "text", span, value: cursor.text.slice(start, end), quoted: false }] };
}

/** Moves behind the keyword. */
export function enter(cursor: Cursor, keyword: string): number {
  const start = cursor.at;
  cursor.at += keyword.length;
  return start;
}
