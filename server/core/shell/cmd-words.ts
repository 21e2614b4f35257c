import type { Span } from "../text.ts";
import type { Part, Redirect, Word } from "./command.ts";
import { nextPiece, Parts, pieceAt, type Source } from "./source.ts";

// Words, variables and redirections of cmd.exe. Source: the rules that its parser is known to follow.

/** What the readers of one text share. */
export interface Context {
  readonly source: Source;
  readonly text: string;
  /** Offsets of all double quotes. */
  readonly quotes: readonly number[];
}

/** A reader's place, and where it stands. */
export interface Cursor {
  readonly context: Context;
  readonly text: string;
  at: number;
  readonly end: number;
  /** How many brackets are open around it: outside of them `)` is text. */
  readonly groups: number;
  /** How deep the reader's own calls are nested. */
  readonly depth: number;
  /** True in the body of a loop, where `%%i` is a variable. */
  readonly loop: boolean;
  /** True in a command in quotes, where `^|` is a pipe. */
  readonly escaped: boolean;
}

/** Programs nested deeper than this are left out: it keeps the call stack short. */
export const MAX_DEPTH = 200;

/** The place of a part of the cursor's text in the script. */
export function locate({ context }: Cursor, start: number, end: number): Span {
  return context.source.locate(start, end);
}

/** The place in the script from an offset to where the cursor stands. */
export function spanFrom(cursor: Cursor, start: number): Span {
  return locate(cursor, start, cursor.at);
}

/** A part of the cursor's text as a word that stands for itself. */
export function textWord(cursor: Cursor, start: number, end: number): Word {
  const span = locate(cursor, start, end);
  return { span, parts: [{ kind: "text", span, value: cursor.text.slice(start, end), quoted: false }] };
}

/** The match of a sticky pattern at an offset, within the cursor's range. */
export function match({ text, end }: Cursor, pattern: RegExp, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found !== null && found.index + found[0].length <= end ? found : undefined;
}

/** Moves the cursor behind blanks and what counts as such. */
export function skipBlanks(cursor: Cursor): void {
  cursor.at = afterBlanks(cursor, cursor.at);
}

/** The offset behind blanks and what counts as such. */
export function afterBlanks(cursor: Cursor, from: number): number {
  const { text, end } = cursor;
  let at = from;
  while (at < end) {
    const char = text[at];
    if (char === " " || char === "\t" || char === "\v" || char === "\f" || char === "\u00a0") at++;
    else if (char === "^" && /^\r?\n/.test(text.slice(at + 1, at + 3))) at += text[at + 1] === "\r" ? 3 : 2;
    else break;
  }
  return Math.min(at, end);
}

/** The offset at which the line ends, within the range of the cursor. */
export function lineEnd({ text, end }: Cursor, at: number): number {
  LINE.lastIndex = at;
  return Math.min(LINE.exec(text)?.index ?? end, end);
}

const LINE = /[\r\n]/g;

/** True where a command ends at an offset. */
export function isEnd({ text, end, groups, escaped }: Cursor, at: number): boolean {
  const char = text[at] ?? "\n";
  if (at >= end || char === "\n" || char === "\r" || char === "&" || char === "|") return true;
  if (escaped && char === "^" && /[&|]/.test(text[at + 1] ?? " ")) return true;
  return char === ")" && groups > 0;
}

/** A range as one word: blanks belong to it, and quotes do not. */
export function readText(cursor: Cursor, quoted: boolean): Word {
  const start = cursor.at;
  const parts = new Parts(cursor.context.source);
  let inQuotes = quoted;
  while (cursor.at < cursor.end) {
    if (cursor.text[cursor.at] === '"' && !pieceAt(cursor.context.source, cursor.at)) {
      inQuotes = !inQuotes;
      cursor.at++;
    } else addPiece(cursor, parts, inQuotes, true);
  }
  return { span: spanFrom(cursor, start), parts: parts.done() };
}

/** Reads the redirections that stand at the cursor, one behind another; [] where none does. */
export function readRedirects(cursor: Cursor): readonly Redirect[] {
  const redirects: Redirect[] = [];
  for (let at = afterBlanks(cursor, cursor.at); at < cursor.end; at = afterBlanks(cursor, cursor.at)) {
    const inner: Cursor = { ...cursor, at };
    const redirect = readRedirect(inner);
    if (redirect === undefined) break;
    cursor.at = inner.at;
    redirects.push(redirect);
  }
  return redirects;
}

const REDIRECT = /([0-9])?(>>?|<)(?:&([0-9]))?/y;

/** Reads one redirection; `undefined` where none stands at the cursor, which then stays. */
export function readRedirect(cursor: Cursor): Redirect | undefined {
  const start = cursor.at;
  if (!/[0-9<>]/.test(cursor.text[start] ?? " ")) return undefined;
  const found = match(cursor, REDIRECT, start);
  if (found === undefined) return undefined;
  const [written, from, mark = ">", to] = found;
  cursor.at = start + written.length;
  const operator = to === undefined ? (mark === "<" || mark === ">>" ? mark : ">") : mark === "<" ? "<&" : ">&";
  let target: Word | undefined = to === undefined ? undefined : textWord(cursor, cursor.at - 1, cursor.at);
  const at = afterBlanks(cursor, cursor.at);
  if (to === undefined && !isEnd(cursor, at)) {
    cursor.at = at;
    target = readWord(cursor, false);
  }
  return { span: spanFrom(cursor, start), operator, descriptor: from === undefined ? undefined : Number(from), target };
}

/**
 * Reads a word: up to a blank or a mark outside of quotes.
 *
 * @param compared true where `==` ends it as well
 * @param blank what counts as a blank
 */
export function readWord(cursor: Cursor, compared: boolean, blank = /\s/): Word {
  const start = cursor.at;
  const { text, context } = cursor;
  const parts = new Parts(context.source);
  let quoted = false;
  while (cursor.at < cursor.end) {
    const { at } = cursor;
    const char = text[at] ?? "";
    if (pieceAt(context.source, at)) addPiece(cursor, parts, quoted, quoted);
    else if (char === "\n" || char === "\r") break;
    else if (char === '"') {
      quoted = !quoted;
      cursor.at++;
      if (quoted && text[at + 1] === '"') parts.text(at, at + 2, "", true);
    } else if (quoted && char === "\\" && isEscapedQuote(cursor, at)) {
      parts.text(at, at + 2, '"', true);
      cursor.at = at + 2;
    } else if (quoted) addPiece(cursor, parts, true, true);
    else if (blank.test(char) || isEnd(cursor, at) || char === "<" || char === ">") break;
    else if (compared && text.startsWith("==", at)) break;
    else if (char === "^" && /^\r?\n/.test(text.slice(at + 1, at + 3))) break;
    else addPiece(cursor, parts, false, false);
  }
  return { span: spanFrom(cursor, start), parts: parts.done() };
}

/**
 * `\"` in quotes is a quote to the program that is called, but a quote's end to cmd: `"C:\x\" y`. It counts as the first where a word goes on
 * behind it, or where the quotes of the line would not pair up otherwise.
 */
function isEscapedQuote(cursor: Cursor, at: number): boolean {
  const { text, context } = cursor;
  if (text[at + 1] !== '"') return false;
  if (!/[\s&|<>)]/.test(text[at + 2] ?? " ")) return true;
  const { quotes } = context;
  const rest = firstFrom(quotes, lineEnd(cursor, at)) - firstFrom(quotes, at + 2);
  return rest % 2 === 1;
}

/** The index of the first number that is not below another, in ascending order. */
function firstFrom(numbers: readonly number[], least: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? least) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

const VARIABLES = {
  named: /%([^%\s:=~*"&|<>^0-9][^%:\r\n"&|<>]{0,100})(:[^%\r\n]{0,200})?%/y,
  delayed: /!([A-Za-z_][\w.()-]*)(:[^!\r\n]{0,200})?!/y,
  loop: /%%?(~[fdpnxsatz]*)?([A-Za-z])(?![A-Za-z]*%)/iy,
  numbered: /%(~[fdpnxsatz]*)?([0-9*])/iy,
};

/**
 * Adds what stands at the cursor, which is no quote and no end: an expression, a variable, an escape, or text up to the next mark.
 *
 * @param blanks true where blanks are text
 */
function addPiece(cursor: Cursor, parts: Parts, quoted: boolean, blanks: boolean): void {
  const { text, at, end, context } = cursor;
  const char = text[at] ?? "";
  const piece = pieceAt(context.source, at);
  const variable = char === "%" || char === "!" ? readVariable(cursor, at, quoted) : undefined;
  if (piece !== undefined) {
    parts.add(piece.part(quoted));
    cursor.at = Math.min(piece.end, end);
  } else if (variable !== undefined) parts.add(variable);
  else if (char === "^" && !quoted) {
    const lineBreak = /^\r?\n/.exec(text.slice(at + 1, at + 3))?.[0];
    cursor.at = Math.min(at + 1 + (lineBreak?.length ?? 1), end);
    parts.text(at, cursor.at, lineBreak === undefined ? (text[at + 1] ?? "") : "", quoted);
  } else if (text.startsWith("%%", at) && at + 2 <= end) {
    cursor.at = at + 2;
    parts.text(at, cursor.at, "%", quoted);
  } else {
    const run = blanks ? TEXT_RUN : WORD_RUN;
    run.lastIndex = at;
    const stop = at + (run.exec(text)?.[0].length ?? 1);
    cursor.at = Math.min(stop, nextPiece(context.source, at + 1, end));
    parts.text(at, cursor.at, text.slice(at, cursor.at), quoted);
  }
}

const TEXT_RUN = /[^%!^"\\\r\n]+/y;
const WORD_RUN = /[^\s%!^"&|<>()=,;]+/y;

function readVariable(cursor: Cursor, at: number, quoted: boolean): Part | undefined {
  const made = (found: RegExpExecArray, name: string, operator: string | undefined): Part => {
    cursor.at = at + found[0].length;
    return { kind: "variable", span: locate(cursor, at, cursor.at), name, quoted, operator, operand: undefined };
  };
  const loop = cursor.loop ? match(cursor, VARIABLES.loop, at) : undefined;
  if (loop !== undefined) return made(loop, `%${loop[2]}`, loop[1]);
  if (cursor.text[at + 1] === "%") return undefined;
  const named = match(cursor, VARIABLES.named, at) ?? match(cursor, VARIABLES.delayed, at);
  if (named !== undefined) return made(named, (named[1] ?? "").toLowerCase(), named[2]);
  const numbered = match(cursor, VARIABLES.numbered, at);
  return numbered && made(numbered, numbered[2] ?? "", numbered[1]);
}
