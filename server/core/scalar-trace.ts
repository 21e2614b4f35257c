import type { Span } from "./text.ts";

/** How a scalar is written: without quotes, in single or double quotes, or as a `|` or `>` block. */
export type ScalarStyle = "plain" | "single" | "double" | "literal" | "folded";

/**
 * `value[v, v + vl)` came from `document[d, d + dl)`. Linear segments match character for character (`vl === dl`); the others
 * (escapes, doubled quotes, line breaks) stand for their characters only as a whole. A final line break that the document does
 * not have has `dl` 0.
 */
export interface Segment {
  readonly v: number;
  readonly vl: number;
  readonly d: number;
  readonly dl: number;
  readonly linear: boolean;
}

/** Where a scalar lies in its document, as the parser found it. */
export interface WrittenScalar {
  /** The scalar as written: with its quotes, or with the header of a block. */
  readonly span: Span;
  readonly style: ScalarStyle;
  /** Of a block scalar: what the parser took for `|` and its indicators, in broken text more than these. Otherwise "". */
  readonly header: string;
  /** Of a block scalar: offset of the first character behind the header line. Otherwise the start of the span. */
  readonly body: number;
  /** Of a block scalar: the indentation that an indicator such as the 2 in `|2` is added to. Otherwise 0. */
  readonly parentIndent: number;
  /** Written inside of `{ … }` or `[ … ]`. */
  readonly inFlow: boolean;
}

/** A scalar's value, rebuilt with the origin of every character. */
export interface Trace {
  readonly value: string;
  /** They tile the value in order, and their places in the document never go backwards. */
  readonly segments: readonly Segment[];
  /** Columns of indentation that a block scalar's lines lose; 0 for the other styles. */
  readonly indent: number;
}

/**
 * Rebuilds the value of a scalar from the text it is written in, as `yaml` 2.9.1 does in its resolve-block-scalar and
 * resolve-flow-scalar modules, and notes where each character came from. Total: text that is no scalar of that style still
 * gives some value, which the caller compares with the parser's.
 */
export function traceScalar(text: string, scalar: WrittenScalar): Trace {
  const trail: Trail = { text, value: "", segments: [] };
  const { start, end } = scalar.span;
  const inner = Math.max(start + 1, end - 1);
  let indent = 0;
  if (scalar.style === "plain") traceFolding(trail, start, end, copy);
  else if (scalar.style === "single") traceFolding(trail, start + 1, inner, copyDoublingQuotes);
  else if (scalar.style === "double") traceDouble(trail, start, end);
  else indent = traceBlock(trail, scalar);
  return { value: trail.value, segments: trail.segments, indent };
}

/** The header of a block scalar that starts at `start`: its length, the indentation digit (0 for none) and the chomping sign. */
export function blockHeader(text: string, start: number): BlockHeader {
  let end = start + 1;
  while (end < text.length && !" \t\r\n#".includes(text.charAt(end))) end++;
  return readHeader(text.slice(start, end));
}

function readHeader(header: string): BlockHeader {
  let indent = 0;
  let chomp: BlockHeader["chomp"] = "";
  for (const char of header.slice(1)) {
    if (chomp === "" && (char === "-" || char === "+")) chomp = char;
    else if (indent === 0 && /[1-9]/.test(char)) indent = Number(char);
  }
  return { indent, chomp, length: header.length };
}

export interface BlockHeader {
  readonly indent: number;
  readonly chomp: "" | "-" | "+";
  readonly length: number;
}

interface Trail {
  readonly text: string;
  readonly segments: Segment[];
  value: string;
}

type Copy = (trail: Trail, start: number, end: number) => void;

function copy(trail: Trail, start: number, end: number): void {
  if (end <= start) return;
  trail.segments.push({ v: trail.value.length, vl: end - start, d: start, dl: end - start, linear: true });
  trail.value += trail.text.slice(start, end);
}

function atom(trail: Trail, value: string, start: number, end: number): void {
  trail.segments.push({ v: trail.value.length, vl: value.length, d: start, dl: end - start, linear: false });
  trail.value += value;
}

function copyDoublingQuotes(trail: Trail, start: number, end: number): void {
  let from = start;
  for (;;) {
    const quote = trail.text.indexOf("''", from);
    if (quote === -1 || quote + 2 > end) break;
    copy(trail, from, quote);
    atom(trail, "'", quote, quote + 2);
    from = quote + 2;
  }
  copy(trail, from, end);
}

/** A physical line: its content without the line break, and where the next one begins. */
interface Line {
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

function linesOf(text: string, start: number, end: number): readonly Line[] {
  const lines: Line[] = [];
  let from = start;
  for (;;) {
    const feed = text.indexOf("\n", from);
    if (feed === -1 || feed >= end) break;
    const stop = feed > from && text[feed - 1] === "\r" ? feed - 1 : feed;
    lines.push({ start: from, end: stop, next: feed + 1 });
    from = feed + 1;
  }
  lines.push({ start: from, end, next: end });
  return lines;
}

/** `separators` for the breaks that end `lines`: where several breaks gave fewer characters, the first one stands for the surplus. */
function separate(trail: Trail, separators: string, lines: readonly Line[]): void {
  let line = 0;
  for (let i = 0; i < separators.length; i++) {
    const first = lines[line];
    line = Math.max(line, lines.length - separators.length + i);
    const last = lines[line];
    if (first && last) atom(trail, separators.charAt(i), first.end, last.next);
    line++;
  }
}

/** Plain and single quoted text: one line break is a space, n of them are n - 1 line breaks, and white space around them goes. */
function traceFolding(trail: Trail, start: number, end: number, copyText: Copy): void {
  const lines = linesOf(trail.text, start, end);
  let pending: Line[] = [];
  lines.forEach((line, index) => {
    const last = index === lines.length - 1;
    const from = index === 0 ? line.start : skipBlanks(trail.text, line.start, line.end);
    const to = last ? line.end : trimBlanks(trail.text, from, line.end);
    if (index === 0 || last || to > from) {
      separate(trail, pending.length > 1 ? "\n".repeat(pending.length - 1) : " ".repeat(pending.length), pending);
      pending = [];
      copyText(trail, from, to);
    }
    pending.push(line);
  });
}

function skipBlanks(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && (text[at] === " " || text[at] === "\t")) at++;
  return at;
}

function trimBlanks(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && (text[at - 1] === " " || text[at - 1] === "\t")) at--;
  return at;
}

/** Double quoted text. `end` is behind the closing quote; as in `yaml` the last character of an unclosed scalar is lost. */
function traceDouble(trail: Trail, start: number, end: number): void {
  const { text } = trail;
  let at = start + 1;
  while (at < end - 1) {
    const char = text[at];
    if (char === "\\") at = traceEscape(trail, at, end);
    else if (char === " " || char === "\t") {
      const to = skipBlanks(text, at, end);
      if (!isBreak(text, to, end)) copy(trail, at, to);
      at = to;
    } else if (char === "\r" && at + 2 === end && text[at + 1] === "\n") at = end;
    else if (isBreak(text, at, end)) at = traceFold(trail, at, end);
    else {
      let to = at + 1;
      while (to < end - 1 && !"\\ \t\r\n".includes(text.charAt(to))) to++;
      copy(trail, at, to);
      at = to;
    }
  }
}

function isBreak(text: string, at: number, end: number): boolean {
  return at < end && (text[at] === "\n" || (text[at] === "\r" && at + 1 < end && text[at + 1] === "\n"));
}

/** The line break at `at` and every blank line behind it. Gives the offset of the next text. */
function traceFold(trail: Trail, at: number, end: number): number {
  const { text } = trail;
  const lines: Line[] = [];
  let next = at;
  while (isBreak(text, next, end)) {
    const after = next + (text[next] === "\r" ? 2 : 1);
    lines.push({ start: next, end: next, next: after });
    next = skipBlanks(text, after, end);
  }
  separate(trail, lines.length > 1 ? "\n".repeat(lines.length - 1) : " ", lines);
  return next;
}

/** The escape whose backslash is at `at`. Gives the offset behind it. */
function traceEscape(trail: Trail, at: number, end: number): number {
  const { text } = trail;
  const next = at + 1 < end ? text.charAt(at + 1) : "";
  if (isBreak(text, at + 1, end)) return skipBlanks(text, at + (next === "\r" ? 3 : 2), end);
  const length = codeLengths.get(next);
  if (length !== undefined) {
    const to = Math.min(at + 2 + length, end);
    const digits = text.slice(at + 2, to);
    const code = digits.length === length && /^[0-9a-fA-F]+$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
    if (code !== undefined && code <= 0x10ffff) atom(trail, String.fromCodePoint(code), at, to);
    else copy(trail, at, to);
    return at + 2 + length;
  }
  const to = Math.min(at + 2, end);
  const escaped = escapes.get(next);
  if (escaped === undefined) copy(trail, at, to);
  else atom(trail, escaped, at, to);
  return at + 2;
}

/** Hex digits behind `\x`, `\u` and `\U` (YAML 1.2.2, section 5.7). */
const codeLengths: ReadonlyMap<string, number> = new Map([
  ["x", 2],
  ["u", 4],
  ["U", 8],
]);

/** The one-character escapes of double quoted scalars (YAML 1.2.2, section 5.7). */
const escapes: ReadonlyMap<string, string> = new Map([
  ["0", "\0"],
  ["a", "\x07"],
  ["b", "\b"],
  ["e", "\x1b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["N", "\u0085"],
  ["_", "\u00a0"],
  ["L", "\u2028"],
  ["P", "\u2029"],
  [" ", " "],
  ['"', '"'],
  ["/", "/"],
  ["\\", "\\"],
  ["\t", "\t"],
]);

/** A line of a block scalar. `text` is where its leading spaces end. */
interface BlockLine extends Line {
  readonly text: number;
  readonly blank: boolean;
}

/** Literal and folded blocks. Gives the indentation that was taken off. */
function traceBlock(trail: Trail, { span, style, header: written, body, parentIndent }: WrittenScalar): number {
  const header = readHeader(written);
  const lines = blockLines(trail.text, body, span.end);
  let chomped = lines.length;
  while (chomped > 0 && lines[chomped - 1]?.blank) chomped--;
  if (chomped === 0) {
    if (header.chomp === "+") for (const line of lines.slice(0, Math.max(1, lines.length - 1))) endLine(trail, line);
    return parentIndent + header.indent;
  }
  const { indent, first } = blockIndent(lines, header.indent, parentIndent);
  for (let i = chomped; i < lines.length; i++) {
    const line = lines[i];
    if (line && line.text - line.start > indent) chomped = i + 1;
  }
  for (const line of lines.slice(0, first)) {
    copy(trail, line.start + indent, line.text);
    atom(trail, "\n", line.text, line.next);
  }
  const content = lines.slice(first, chomped);
  if (style === "literal") traceLiteralLines(trail, content, indent);
  else traceFoldedLines(trail, content, indent);
  traceChomping(trail, header.chomp, lines.slice(chomped - 1));
  return indent;
}

function blockLines(text: string, start: number, end: number): readonly BlockLine[] {
  if (start >= end) return [];
  return linesOf(text, start, end).map((line) => {
    let at = line.start;
    while (at < line.end && text[at] === " ") at++;
    // A carriage return at the very end of the text has no line feed behind it, and still belongs to the break.
    const stop = line.end > at && line.next === line.end && text[line.end - 1] === "\r" ? line.end - 1 : line.end;
    return { start: line.start, end: stop, next: line.next, text: at, blank: at === stop };
  });
}

/** Columns to take off, and the index of the first line that is not blank. There is one. */
function blockIndent(
  lines: readonly BlockLine[],
  indicated: number,
  parentIndent: number,
): { indent: number; first: number } {
  const first = lines.findIndex((line) => !line.blank);
  const line = lines[first];
  if (indicated > 0 || !line) return { indent: parentIndent + indicated, first };
  return { indent: line.text - line.start, first };
}

function copyBlockLine(trail: Trail, line: BlockLine, indent: number): void {
  copy(trail, Math.min(line.start + indent, line.text), line.end);
}

function endLine(trail: Trail, line: Line): void {
  atom(trail, "\n", line.end, line.next);
}

function traceLiteralLines(trail: Trail, lines: readonly BlockLine[], indent: number): void {
  lines.forEach((line, index) => {
    const previous = lines[index - 1];
    if (previous) endLine(trail, previous);
    copyBlockLine(trail, line, indent);
  });
}

/** Line breaks fold as in plain text, except around lines that are indented further. */
function traceFoldedLines(trail: Trail, lines: readonly BlockLine[], indent: number): void {
  let pending: BlockLine[] = [];
  let afterDeeper = false;
  for (const line of lines) {
    const deeper = line.text - line.start > indent || trail.text[line.text] === "\t";
    if (deeper || !line.blank) {
      const kept = deeper || afterDeeper || pending.length === 0;
      separate(trail, kept ? "\n".repeat(pending.length) : "\n".repeat(pending.length - 1) || " ", pending);
      copyBlockLine(trail, line, indent);
      pending = [];
      afterDeeper = deeper;
    }
    pending.push(line);
  }
}

/** The line breaks at the end. `lines` starts with the last line of the content. */
function traceChomping(trail: Trail, chomp: string, lines: readonly BlockLine[]): void {
  if (chomp === "-") return;
  const kept = chomp === "+" ? Math.max(1, lines.length - 1) : 1;
  for (const line of lines.slice(0, kept)) endLine(trail, line);
}
