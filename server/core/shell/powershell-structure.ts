/** Where something that was opened ends. `inner` is the offset of the closing mark, `outer` the one behind it; equal where it is missing. */
export interface Close {
  readonly inner: number;
  readonly outer: number;
}

/** For each offset of `(`, `{`, `'`, `"`, `@'`, `@"` and `<#` that opens something: where it ends. */
export type Structure = ReadonlyMap<number, Close>;

/** The characters that PowerShell takes for a single quote. */
export const SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b";

/** The characters that PowerShell takes for a double quote. */
export const DOUBLE_QUOTES = '"\u201c\u201d\u201e';

/**
 * Pairs the brackets and quotes of a PowerShell text in one pass, so that a reader never has to go back. In half-typed text a quote
 * without a partner ends with its line, and so does a round bracket; a curly one reaches to the end. Source for the quotes: about_Quoting_Rules,
 * and the typographic quotes that PowerShell's tokenizer takes for the plain ones.
 */
export function structureOf(text: string): Structure {
  const short = new Set<number>();
  const lookups: Lookups = { lineEnd: lineEnds(text), singleEnd: singleEnds(text) };
  for (let round = 0; ; round++) {
    const pass = scan(text, short, lookups);
    const culprit = round < MAX_ROUNDS ? culpritOf(text, pass) : undefined;
    if (culprit === undefined) return pass.closes;
    short.add(culprit);
  }
}

const MAX_ROUNDS = 8;

/** A stretch of code, or a string with code in it. */
interface Frame {
  readonly kind: "code" | "string" | "here";
  /** The offset of what opened it; -1 for the whole text. */
  readonly open: number;
  /** Offsets of open brackets. The first of a frame inside a string is that of `$(`. */
  readonly brackets: number[];
  /** How many of them are curly. */
  curly: number;
}

/** What one pass over the text has found. */
interface Pass {
  readonly closes: Map<number, Close>;
  /** Strings that hold a line break. */
  readonly long: number[];
  /** Offsets of quotes without a partner. */
  readonly open: number[];
}

interface Scan extends Pass, Lookups {
  readonly text: string;
  readonly short: ReadonlySet<number>;
  readonly frames: Frame[];
  /** The next offset of a mark at or behind an offset that only grows; -1 where there is none. */
  find(mark: string, from: number): number;
}

/** What a text looks up again and again, computed once. */
interface Lookups {
  /** Where the line of an offset ends. */
  lineEnd(at: number): number;
  /** The offset of the quote that ends the string at a single quote; `undefined` where there is none. */
  singleEnd(at: number): number | undefined;
}

const CODE = /[`#<(){}@$'"\u2018-\u201e]|--%/g;
const STRING = /[`$"\u201c-\u201e]/g;
const HERE = /\n["\u201c-\u201e]@|\$\(|`/g;

function scan(text: string, short: ReadonlySet<number>, lookups: Lookups): Pass {
  const frames = [code(-1)];
  const state: Scan = { text, short, closes: new Map(), long: [], open: [], frames, find: finder(text), ...lookups };
  let at = 0;
  while (at < text.length) {
    const frame = frames.at(-1);
    if (frame === undefined) break;
    const next = frame.kind === "code" ? CODE : frame.kind === "string" ? STRING : HERE;
    next.lastIndex = at;
    const found = next.exec(text);
    if (found === null) break;
    const read = frame.kind === "code" ? readCode : frame.kind === "string" ? readString : readHere;
    at = read(state, frame, found.index, found[0]);
  }
  for (const [index, frame] of frames.entries()) leaveOpen(state, frame, frames[index + 1]);
  return state;
}

function code(open: number): Frame {
  return { kind: "code", open, brackets: [], curly: 0 };
}

/** Handles a mark in code; gives the offset to go on from. */
function readCode(state: Scan, frame: Frame, at: number, mark: string): number {
  const { text, closes, find, lineEnd } = state;
  if (mark === "--%") return startsToken(text, at) ? stopParsingEnd(text, at, lineEnd(at)) : at + 3;
  if (mark === "`") return at + 2;
  if (mark === "#") return startsToken(text, at) ? lineEnd(at) : at + 1;
  if (mark === "<") return text[at + 1] === "#" ? close(closes, at, find("#>", at + 2), 2, lineEnd(at)) : at + 1;
  if (mark === "@") return openHere(state, at);
  if (mark === "$") return text[at + 1] === "{" ? bracedNameEnd(text, at) : at + 1;
  if (SINGLE_QUOTES.includes(mark)) return readSingle(state, at);
  if (DOUBLE_QUOTES.includes(mark)) return openDouble(state, at);
  if (mark === "(" || mark === "{") {
    frame.brackets.push(at);
    if (mark === "{") frame.curly++;
    return at + 1;
  }
  return closeBracket(state, frame, at, mark);
}

/** A round bracket closes only a round one; a curly one also leaves the round ones in it behind. */
function closeBracket({ text, closes, frames, lineEnd }: Scan, frame: Frame, at: number, mark: string): number {
  const { brackets } = frame;
  const top = brackets.at(-1);
  if (top === undefined) return at + 1;
  if (mark === ")" && text[top] !== "(") return at + 1;
  if (mark === "}" && frame.curly === 0) return at + 1;
  for (let open = brackets.pop(); open !== undefined; open = brackets.pop()) {
    const partner = text[open] === (mark === ")" ? "(" : "{");
    if (partner) {
      if (mark === "}") frame.curly--;
      closes.set(open, { inner: at, outer: at + 1 });
      break;
    }
    const end = Math.min(lineEnd(open), at);
    closes.set(open, { inner: end, outer: end });
  }
  if (brackets.length === 0 && frame.open >= 0) frames.pop();
  return at + 1;
}

/** `'…'`, in which two quotes are one. */
function readSingle(state: Scan, at: number): number {
  const end = state.short.has(at) ? undefined : state.singleEnd(at);
  if (end === undefined) {
    if (!state.short.has(at)) state.open.push(at);
    return endShort(state, at, SINGLE_QUOTES);
  }
  noteLong(state, at, end);
  return close(state.closes, at, end, 1, end);
}

function openDouble(state: Scan, at: number): number {
  if (state.short.has(at)) return endShort(state, at, DOUBLE_QUOTES);
  state.frames.push({ kind: "string", open: at, brackets: [], curly: 0 });
  return at + 1;
}

/** A quote that has no partner: its string ends at the next quote of the line, or with the line. */
function endShort({ text, closes, lineEnd }: Scan, at: number, quotes: string): number {
  const end = lineEnd(at);
  for (let index = at + 1; index < end; index++) {
    if (quotes.includes(text[index] ?? " ")) return close(closes, at, index, 1, end);
  }
  return close(closes, at, -1, 1, end);
}

function readString(state: Scan, frame: Frame, at: number, mark: string): number {
  const { text, closes, frames } = state;
  if (mark === "`") return at + 2;
  if (mark === "$") return enterCode(state, at);
  if (DOUBLE_QUOTES.includes(text[at + 1] ?? " ")) return at + 2;
  frames.pop();
  noteLong(state, frame.open, at);
  return close(closes, frame.open, at, 1, text.length);
}

function readHere(state: Scan, frame: Frame, at: number, mark: string): number {
  const { closes, frames } = state;
  if (mark === "`") return at + 2;
  if (mark === "$(") return enterCode(state, at);
  frames.pop();
  closes.set(frame.open, { inner: at, outer: at + mark.length });
  return at + mark.length;
}

/** `$(` and `${` in a string. */
function enterCode({ text, frames, short }: Scan, at: number): number {
  if (text[at + 1] === "{") return bracedNameEnd(text, at);
  if (text[at + 1] !== "(" || short.has(at + 1)) return at + 1;
  frames.push({ ...code(at + 1), brackets: [at + 1] });
  return at + 2;
}

/** `@'` and `@"` with nothing behind them on their line open a text of lines, which a line that starts with the quote and `@` ends. */
function openHere(state: Scan, at: number): number {
  const { text, closes, frames, find, lineEnd } = state;
  const quote = text[at + 1] ?? " ";
  const single = SINGLE_QUOTES.includes(quote);
  if ((!single && !DOUBLE_QUOTES.includes(quote)) || !HERE_START.test(text.slice(at + 2, at + 200))) return at + 1;
  if (!single) {
    if (state.short.has(at)) return close(closes, at, -1, 2, lineEnd(at));
    frames.push({ kind: "here", open: at, brackets: [], curly: 0 });
    return at + 2;
  }
  const end = find(`\n${quote}@`, at + 2);
  if (end < 0) return close(closes, at, -1, 2, lineEnd(at));
  closes.set(at, { inner: end, outer: end + 3 });
  return end + 3;
}

const HERE_START = /^[ \t]*\r?\n/;

/** Notes an end and gives the offset behind it: a mark of some length at `at`, or `otherwise` where `at` is -1. */
function close(closes: Map<number, Close>, open: number, at: number, length: number, otherwise: number): number {
  const end = at < 0 ? { inner: otherwise, outer: otherwise } : { inner: at, outer: at + length };
  closes.set(open, end);
  return end.outer;
}

function noteLong({ long, lineEnd }: Scan, start: number, end: number): void {
  if (lineEnd(start) < end) long.push(start);
}

/** Ends what is still open. Code that a text of lines holds is to blame for it, not the text. */
function leaveOpen({ text, closes, open, lineEnd }: Scan, frame: Frame, inside: Frame | undefined): void {
  for (const bracket of frame.brackets) {
    const end = text[bracket] === "(" ? lineEnd(bracket) : text.length;
    closes.set(bracket, { inner: end, outer: end });
  }
  if (frame.open < 0) return;
  if (frame.kind !== "here" || inside === undefined) open.push(frame.open);
  if (frame.kind !== "code") closes.set(frame.open, { inner: text.length, outer: text.length });
}

/**
 * Which quote to end with its line, so that the rest of the text is read as it was meant. A string over several lines whose end is followed
 * by a word has most likely taken the next string's start for its end; otherwise it is the quote that was left over.
 */
function culpritOf(text: string, { closes, long, open }: Pass): number | undefined {
  const [first] = open;
  if (first === undefined) return undefined;
  const suspect = long.find(
    (start) => start < first && /[\w$./\\:-]/.test(text[closes.get(start)?.outer ?? -1] ?? " "),
  );
  return suspect ?? first;
}

/** True where a mark starts a token: `a#b` is one word. */
function startsToken(text: string, at: number): boolean {
  return at === 0 || /[\s(){};,|&='"]/.test(text[at - 1] ?? " ");
}

/** `--%` hands over the rest of the line, up to a pipe. */
function stopParsingEnd(text: string, at: number, lineEnd: number): number {
  const pipe = text.slice(at, lineEnd).indexOf("|");
  return pipe < 0 ? lineEnd : at + pipe;
}

function bracedNameEnd(text: string, at: number): number {
  BRACED_NAME.lastIndex = at;
  return at + (BRACED_NAME.exec(text)?.[0].length ?? 1);
}

const BRACED_NAME = /\$\{[^{}\n]*\}/y;

/** Looks up where the line of an offset ends, in front of its break. */
function lineEnds(text: string): (at: number) => number {
  const ends: number[] = [];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) ends.push(at);
  return (at) => {
    const end = ends[firstFrom(ends, at)] ?? text.length;
    return end > at && text[end - 1] === "\r" ? end - 1 : end;
  };
}

/** Looks up where a single-quoted string ends: in the next row of quotes in which they do not pair up. */
function singleEnds(text: string): (at: number) => number | undefined {
  const rows = [...text.matchAll(/['\u2018-\u201b]+/g)].map(({ 0: row, index }) => ({
    last: index + row.length - 1,
    odd: row.length % 2 === 1,
  }));
  const lasts = rows.map(({ last }) => last);
  const odd = rows.filter((row) => row.odd).map(({ last }) => last);
  return (at) => {
    const own = lasts[firstFrom(lasts, at)] ?? at;
    return (own - at) % 2 === 1 ? own : odd[firstFrom(odd, own + 1)];
  };
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

/** Looks up the next offset of a mark, with one pass over the text for each mark. */
function finder(text: string): (mark: string, from: number) => number {
  const found = new Map<string, number>();
  return (mark, from) => {
    const known = found.get(mark) ?? -2;
    if (known === -1 || known >= from) return known;
    const next = text.indexOf(mark, from);
    found.set(mark, next);
    return next;
  };
}
