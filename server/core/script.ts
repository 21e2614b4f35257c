import { blankLinesAt, indentationStep, lineBreakOf, lineEnd, lineStart } from "./lines.ts";
import { blockHeader, type ScalarStyle, type Segment, traceScalar, type WrittenScalar } from "./scalar-trace.ts";
import type { Span } from "./text.ts";

export type { ScalarStyle, Segment, WrittenScalar } from "./scalar-trace.ts";

/**
 * A scalar's value with an exact map back to the document. Spans of the value and of the document are half-open UTF-16 offsets.
 * Where the map is not exact, everything degrades to the whole scalar.
 */
export interface ScalarMap {
  readonly value: string;
  /** True where every character's origin is known. */
  readonly exact: boolean;
  /** The scalar as written: with its quotes, or with the header of a block. */
  readonly outer: Span;
  readonly style: ScalarStyle;
  /** Columns of indentation that a block scalar's lines lose; 0 for the other styles. */
  readonly indent: number;
  /** They tile the value; empty where the map is not exact. */
  readonly segments: readonly Segment[];
  /**
   * The hull in the document of a span of the value. Its end never jumps over the next line's indentation, and its start
   * always does. An empty span gives an empty one at the place where text would be inserted.
   */
  toDocument(span: Span): Span;
  /** The same as one span for each physical line that holds a part of it, without indentation and line breaks; never empty. */
  toDocumentLines(span: Span): readonly Span[];
  /** Where an offset of the document lies in the value; inside an escape, the escaped character. Outside of it undefined. */
  toValue(offset: number): number | undefined;
  /**
   * The edit of the document that replaces a span of the value by `text`, which is indented or escaped as the style needs.
   * Undefined where this style cannot hold the new value, or where it could mean something else to a YAML reader.
   */
  edit(span: Span, text: string): DocumentEdit | undefined;
}

/** Replaces a span of the document. */
export interface DocumentEdit {
  readonly span: Span;
  readonly text: string;
}

/**
 * The map of a scalar of `document`. `value` is what the YAML parser made of it: where the rebuilt value differs, the map is
 * not exact, so that a change in the parser can never misplace a finding.
 */
export function mapScalar(document: string, scalar: WrittenScalar, value: string): ScalarMap {
  const trace = traceScalar(document, scalar);
  const exact = trace.value === value;
  const places: Places = { document, scalar, value, segments: exact ? trace.segments : [], indent: trace.indent };
  return {
    value,
    exact,
    outer: scalar.span,
    style: scalar.style,
    indent: trace.indent,
    segments: places.segments,
    toDocument: (span) => (exact ? hull(places, clamp(span, value.length)) : scalar.span),
    toDocumentLines: (span) =>
      exact ? hullByLine(places, clamp(span, value.length)) : linesWithin(document, scalar.span),
    toValue: (offset) => (exact ? valueOffset(places, offset) : undefined),
    edit: (span, text) => (exact ? editScalar(places, clamp(span, value.length), text) : undefined),
  };
}

/** A scalar that is to become a literal block. */
export interface LiteralTarget {
  readonly span: Span;
  readonly style: ScalarStyle;
  readonly inFlow: boolean;
  /** Of a block scalar its own indentation is kept. */
  readonly map: { readonly indent: number };
}

/**
 * The edit that writes a scalar's value anew as a `|` block. `parentIndent` is the column of the key or of the dash that the
 * scalar belongs to, -1 where it is not known. A comment behind the scalar, its anchor and its tag stay. Undefined inside of flow collections, for values
 * that no block can hold, and where lines behind the scalar would become a part of it.
 */
export function rewriteAsLiteral(
  document: string,
  scalar: LiteralTarget,
  parentIndent: number,
  newValue: string,
): DocumentEdit | undefined {
  const content = newValue.replace(/\n+$/, "");
  if (!hasRoom(document, scalar) || !fitsBlock(content) || unprintable.test(newValue)) return undefined;
  const block = scalar.style === "literal" || scalar.style === "folded";
  const written = block ? scalar.span.start + blockHeader(document, scalar.span.start).length : scalar.span.end;
  const headEnd = lineEnd(document, written);
  const comment = document.slice(written, headEnd).trimEnd();
  if (!/^(?:[ \t]+#.*)?$/.test(comment)) return undefined;
  const parent = Math.max(0, parentIndent);
  const indent = literalIndent(document, scalar, parent, block);
  const end = block ? scalar.span.end : headEnd;
  const ending = literalEnding(
    document,
    { end, newline: block && document[end - 1] === "\n" },
    indent,
    newValue.length - content.length,
  );
  const indicator = /^\n* /.test(content) ? indent - parent : 0;
  if (!ending || indicator > 9 || (indicator > 0 && parentIndent < 0)) return undefined;
  const lineBreak = lineBreakOf(document, scalar.span.start);
  const body = content.split("\n").map((line) => lineBreak + (line === "" ? "" : " ".repeat(indent) + line));
  const header = `|${indicator || ""}${ending.chomp}${comment}`;
  const text = header + body.join("") + lineBreak.repeat(ending.breaks);
  return { span: { start: scalar.span.start, end }, text };
}

/** The indentation of a block stays; below a scalar that stands on a line of its own there is its own column; else one step. */
function literalIndent(document: string, { span, map }: LiteralTarget, parent: number, block: boolean): number {
  if (block && map.indent > parent) return map.indent;
  const column = span.start - lineStart(document, span.start);
  if (column > parent && /^ +$/.test(document.slice(span.start - column, span.start))) return column;
  return parent + indentationStep(document, span.start);
}

/** A block can stand here: behind white space, in block notation, and not as a part of a `? key` pair. */
function hasRoom(document: string, scalar: LiteralTarget): boolean {
  const before = document.slice(lineStart(document, scalar.span.start), scalar.span.start);
  return !scalar.inFlow && !isUnwritten(scalar) && !/^\s*[?:]\s|[^\s\ufeff]$/.test(before);
}

function fitsBlock(content: string): boolean {
  return /[^ \n]/.test(content) && !endsInSpaces.test(content);
}

/**
 * The chomping sign for a value with `count` line breaks at its end, and how many breaks to write behind the last line.
 * `newline`: the block that is replaced ended in a line break of its own.
 */
function literalEnding(
  document: string,
  { end, newline }: { readonly end: number; readonly newline: boolean },
  indent: number,
  count: number,
): { readonly chomp: string; readonly breaks: number } | undefined {
  const atEnd = !newline && end === document.length;
  const blank = blankLinesAt(
    document,
    newline || atEnd ? end : lineEnd(document, end) + lineBreakOf(document, end).length,
  );
  if (blank.widest > indent || blank.char === "\t" || (blank.char !== "" && blank.indent >= indent)) return undefined;
  const own = newline ? 1 : 0;
  if (count < 2) return { chomp: count === 0 ? "-" : "", breaks: own };
  if (atEnd) return { chomp: "+", breaks: count };
  return blank.lines < count ? { chomp: "+", breaks: own + count - 1 - blank.lines } : undefined;
}

interface Places {
  readonly document: string;
  readonly scalar: WrittenScalar;
  readonly value: string;
  readonly segments: readonly Segment[];
  readonly indent: number;
}

function clamp(span: Span, length: number): Span {
  const start = Math.min(Math.max(span.start, 0), length);
  return { start, end: Math.min(Math.max(span.end, start), length) };
}

function hull(places: Places, { start, end }: Span): Span {
  const from = startInDocument(places, start);
  return { start: from, end: end > start ? endInDocument(places, end) : from };
}

/** The segment of the value's character at `offset`. */
function segmentAt(places: Places, offset: number): Segment | undefined {
  return places.segments[lastIndex(places.segments, (segment) => segment.v <= offset)];
}

/** Index of the last element that `holds` for, where it holds for a prefix of `all`; -1 where it holds for none. */
function lastIndex<T>(all: readonly T[], holds: (element: T) => boolean): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const element = all[middle];
    if (element !== undefined && holds(element)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Where the character at `offset` of the value begins; at the end of the value where the last one ends. */
function startInDocument(places: Places, offset: number): number {
  if (offset >= places.value.length) return endInDocument(places, offset);
  const segment = segmentAt(places, offset);
  if (!segment) return emptyPlace(places.scalar);
  return segment.linear ? segment.d + offset - segment.v : segment.d;
}

/** Where the character in front of `offset` of the value ends. */
function endInDocument(places: Places, offset: number): number {
  const segment = segmentAt(places, offset - 1);
  if (!segment) return places.segments[0]?.d ?? emptyPlace(places.scalar);
  return segment.linear ? segment.d + offset - segment.v : segment.d + segment.dl;
}

/** Where the text of an empty scalar would stand. */
function emptyPlace({ style, span, body }: WrittenScalar): number {
  if (style === "single" || style === "double") return Math.min(span.start + 1, span.end);
  return Math.min(body, span.end);
}

function hullByLine(places: Places, span: Span): readonly Span[] {
  const lines: { start: number; end: number }[] = [];
  const first = Math.max(
    0,
    lastIndex(places.segments, (segment) => segment.v <= span.start),
  );
  for (let i = first; i < places.segments.length; i++) {
    const segment = places.segments[i];
    if (!segment || segment.v >= span.end) break;
    const from = Math.max(span.start, segment.v);
    const to = Math.min(span.end, segment.v + segment.vl);
    const start = segment.linear ? segment.d + from - segment.v : segment.d;
    const end = segment.linear ? segment.d + to - segment.v : segment.d + segment.dl;
    if (to <= from || end <= start || hasBreak(places.document, start, end)) continue;
    const previous = lines.at(-1);
    if (previous && !hasBreak(places.document, previous.end, start)) previous.end = end;
    else lines.push({ start, end });
  }
  return lines.length > 0 ? lines : [hull(places, span)];
}

function hasBreak(document: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (document[i] === "\n") return true;
  return false;
}

/** The parts of a span of the document on its physical lines, without indentation and blank lines; at least one. */
function linesWithin(document: string, span: Span): readonly Span[] {
  const lines: Span[] = [];
  let start = span.start;
  for (const line of document.slice(span.start, span.end).split("\n")) {
    const text = line.trim();
    const from = start + line.indexOf(text);
    if (text !== "") lines.push({ start: from, end: from + text.length });
    start += line.length + 1;
  }
  return lines.length > 0 ? lines : [span];
}

function valueOffset(places: Places, offset: number): number | undefined {
  const segment = places.segments[lastIndex(places.segments, (candidate) => candidate.d <= offset)];
  if (!segment) return offset === emptyPlace(places.scalar) && places.value === "" ? 0 : undefined;
  if (offset === segment.d + segment.dl) return segment.v + (segment.dl === 0 ? 0 : segment.vl);
  if (offset > segment.d + segment.dl) return undefined;
  return segment.linear ? segment.v + offset - segment.d : segment.v;
}

/** What no block, plain or single quoted scalar should hold: control characters, and line breaks other than line feeds. */
const unprintable = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/;

/** Whether a last line of nothing but spaces is content depends on the reader: `yaml` compares it with the first line. */
const endsInSpaces = /(?:^|\n) +\n*$/;

function editScalar(places: Places, span: Span, text: string): DocumentEdit | undefined {
  const { value, scalar } = places;
  if (isUnwritten(scalar)) return undefined;
  const newValue = value.slice(0, span.start) + text + value.slice(span.end);
  const edit = isBlock(scalar) ? editBlock(places, span, text) : editFlow(places, span, text);
  return edit && readsAs(places, edit, newValue) ? edit : undefined;
}

/** An empty scalar of which only an anchor or a tag is written: text behind that could become a part of it. */
function isUnwritten({ span }: { readonly span: Span }): boolean {
  return span.start === span.end;
}

function isBlock({ style }: WrittenScalar): boolean {
  return style === "literal" || style === "folded";
}

/** The rebuilt value of the edited scalar is the judge. What the parser takes as the scalar's end has to be clear before. */
function readsAs({ document, scalar }: Places, edit: DocumentEdit, value: string): boolean {
  const { start, end } = scalar.span;
  const text = document.slice(start, edit.span.start) + edit.text + document.slice(edit.span.end, end);
  if (scalar.style === "plain" && !staysPlain(text, value, scalar.inFlow)) return false;
  if (!isBlock(scalar) && /\n(?:---|\.\.\.)/.test(text)) return false;
  const moved = { ...scalar, span: { start: 0, end: text.length }, body: scalar.body - start };
  return traceScalar(text, moved).value === value;
}

/** Whether a plain scalar stays one scalar, and a string where it was one. */
function staysPlain(written: string, value: string, inFlow: boolean): boolean {
  if (value !== value.trim() || value === "" || notStrings.test(value)) return false;
  if (/(?:^|[ \t\r\n])#|:(?:[ \t\r\n]|$)|^(?:---|\.\.\.)|\n%/.test(written)) return false;
  if (inFlow && /[,[\]{}]/.test(written)) return false;
  return /^(?:[^-?:,[\]{}#&*!|>'"%@`\s]|[-?:]\S)/.test(written);
}

/** Plain text that some YAML reader takes for a number, a date, a truth value or nothing (YAML 1.1 and 1.2). */
const notStrings =
  /^(?:[-+]?[.\d][\d_.,:eE+-]*|[-+]?0[xob][\da-f_]+|\d{4}-\d\d?-\d\d?.*|[-+]?\.(?:inf|nan)|true|false|yes|no|on|off|y|n|null|~|<<|=)$/i;

function editFlow(places: Places, span: Span, text: string): DocumentEdit | undefined {
  const { style } = places.scalar;
  if (style !== "double" && (text.includes("\n") || unprintable.test(text))) return undefined;
  // Text on a line that was blank could be indented less than the scalar has to be.
  if (isBreakAt(places, span.start) && (span.start === 0 || isBreakAt(places, span.start - 1))) return undefined;
  const written = style === "double" ? escapeDouble(text) : style === "single" ? text.replaceAll("'", "''") : text;
  return { span: replacedSpan(places, span), text: written };
}

function escapeDouble(text: string): string {
  return text.replace(/[\\"\0-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]|\p{Surrogate}/gu, (char) => {
    if (char === "\\" || char === '"') return `\\${char}`;
    if (char === "\n") return "\\n";
    if (char === "\t") return "\\t";
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** New lines get the block's indentation; so does the first one where it starts on a line without it. */
function editBlock(places: Places, span: Span, text: string): DocumentEdit | undefined {
  const { document, scalar, value, indent, segments } = places;
  const joined = text.includes("\n") && scalar.style === "folded";
  const remains = value.slice(0, span.start) + text + value.slice(span.end);
  if (joined || unprintable.test(text) || !/[^\n]/.test(value) || !/[^\n]/.test(remains)) return undefined;
  if (indent === 0 && /(?:^|\n)(?:---|\.\.\.)/.test(remains)) return undefined;
  if (blockHeader(document, scalar.span.start).indent === 0 && /^\n* /.test(remains)) return undefined;
  if (endsInSpaces.test(remains) || blankLinesAt(document, scalar.span.end).widest > indent) return undefined;
  const place = replacedSpan(places, span);
  const pad = " ".repeat(indent);
  const lineBreak = lineBreakOf(document, scalar.span.start);
  const following = value.charAt(span.end);
  const lines = (span.start === value.length && segments.at(-1)?.dl === 0 ? `\n${text}` : text).split("\n");
  const written = lines.map((line, index) => {
    if (index === 0) return line;
    const bare = line === "" && (index < lines.length - 1 || following === "" || following === "\n");
    return lineBreak + (bare ? "" : pad) + line;
  });
  const start = lineStart(document, place.start);
  const bare = /^ *$/.test(document.slice(start, place.start));
  const result = written.join("");
  if (document[place.end - 1] === "\n" && place.end > place.start && !result.endsWith("\n")) {
    // Whole lines go: their indentation must not be left in front of what follows.
    if (result === "" && bare) return { span: { start, end: place.end }, text: "" };
    if (span.end === value.length) return undefined;
  }
  const next = lines.length > 1 || lines[0] !== "" ? lines[0] : following;
  const missing = next && next !== "\n" && bare ? Math.max(0, indent - (place.start - start)) : 0;
  return { span: place, text: " ".repeat(missing) + result };
}

/**
 * The span of the document to replace. It holds the indentation behind a line break that goes, and none behind one that stays.
 * Text put in front of a line break goes directly behind the text before it.
 */
function replacedSpan(places: Places, { start, end }: Span): Span {
  const touches = start > 0 && isBreakAt(places, start) && !isBreakAt(places, start - 1);
  const from = touches ? endInDocument(places, start) : startInDocument(places, start);
  if (end === start) return { start: from, end: from };
  const to = isBreakAt(places, end - 1) ? startInDocument(places, end) : endInDocument(places, end);
  return { start: from, end: Math.max(from, to) };
}

/** Whether the value's character at `offset` stands for a line break of the document. */
function isBreakAt(places: Places, offset: number): boolean {
  if (offset >= places.value.length) return false;
  const segment = segmentAt(places, offset);
  return (
    segment !== undefined &&
    !segment.linear &&
    (segment.dl === 0 || hasBreak(places.document, segment.d, segment.d + segment.dl))
  );
}
