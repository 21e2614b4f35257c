import type { Hole } from "../masking.ts";
import type { Span } from "../text.ts";
import type { Part, Word } from "./command.ts";

// What the scanners of PowerShell and cmd read: a text, the pieces of it that are no text of the language, and where it all lies.

/** A text on its way through a scanner. Offsets into it are the scanner's own until {@link Source.locate} turns them into the script's. */
export interface Source {
  readonly text: string;
  /** Masked expressions, and parts of a word around the text. In order, not overlapping; in `text` each is `X` and underscores. */
  readonly pieces: readonly Piece[];
  /** The span in the script of a half-open range of `text`. */
  locate(start: number, end: number): Span;
}

/** A range of a source that stands for something else than its characters. */
export interface Piece extends Span {
  /** The part of a word that it is, given whether it stands in quotes. */
  part(quoted: boolean): Part;
}

/** A script with its expressions masked. */
export function sourceOfScript(text: string, holes: readonly Hole[]): Source {
  const pieces = holes.map(({ span, text: written, variable }) => ({
    ...span,
    part: (quoted: boolean): Part => ({ kind: "hole", span, text: written, quoted, variable }),
  }));
  return { text, pieces, locate: (start, end) => ({ start, end }) };
}

/**
 * The program that a word holds as text. Parts that are not text (`$( … )`, `$x`) stay what they are, wherever they turn up in the program.
 * Spans index the script of the word: to the character where the text stands there as it is, else those of the part that holds it.
 * `undefined` for a word without text.
 *
 * @param script the script text that the word's spans index
 */
export function sourceOfWord(script: string, word: Word): Source | undefined {
  if (word.parts.every((part) => part.kind !== "text")) return undefined;
  const segments: Segment[] = [];
  const pieces: Piece[] = [];
  let text = "";
  for (const part of word.parts) {
    const start = text.length;
    if (part.kind === "text") {
      text += part.value;
      segments.push({ start, from: verbatim(script, part.value, part.span), span: part.span });
      continue;
    }
    text += `X${"_".repeat(Math.max(0, part.span.end - part.span.start - 1))}`;
    segments.push({ start, from: part.span.start, span: part.span });
    pieces.push({ start, end: text.length, part: () => part });
  }
  return { text, pieces, locate: (start, end) => locate(segments, start, end) };
}

/** A source of decoded text: everything in it lies at one span. */
export function sourceAt(text: string, span: Span): Source {
  return { text, pieces: [], locate: () => span };
}

/** The piece that starts at an offset. */
export function pieceAt({ pieces }: Source, start: number): Piece | undefined {
  const piece = pieces[indexFrom(pieces, start)];
  return piece?.start === start ? piece : undefined;
}

/** Where the next piece starts at or behind an offset; `end` where there is none before it. */
export function nextPiece({ pieces }: Source, from: number, end: number): number {
  return Math.min(pieces[indexFrom(pieces, from)]?.start ?? end, end);
}

/** Collects the parts of a word. Text side by side becomes one part. */
export class Parts {
  readonly #source: Source;
  readonly #parts: Part[] = [];
  #text = "";
  #start = -1;
  #end = -1;
  #quoted = false;

  constructor(source: Source) {
    this.#source = source;
  }

  text(start: number, end: number, value: string, quoted: boolean): void {
    if (this.#start >= 0 && this.#quoted !== quoted) this.#flush();
    if (this.#start < 0) {
      this.#start = start;
      this.#text = "";
      this.#quoted = quoted;
    }
    this.#text += value;
    this.#end = end;
  }

  add(...parts: readonly Part[]): void {
    this.#flush();
    for (const part of parts) this.#parts.push(part);
  }

  /** The parts so far. */
  done(): readonly Part[] {
    this.#flush();
    return this.#parts;
  }

  #flush(): void {
    if (this.#start < 0) return;
    const span = this.#source.locate(this.#start, this.#end);
    this.#parts.push({ kind: "text", span, value: this.#text, quoted: this.#quoted });
    this.#start = -1;
  }
}

/** The index of the first piece that starts at or behind an offset. */
function indexFrom(pieces: readonly Piece[], offset: number): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pieces[middle]?.start ?? offset) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Text of a source from `start` on, and where the script has it: from `from` on character by character, or somewhere within `span`. */
interface Segment {
  readonly start: number;
  readonly from: number | undefined;
  readonly span: Span;
}

/** Where the script has a text as it is: at the span's start, or behind a quote. */
function verbatim(script: string, value: string, { start, end }: Span): number | undefined {
  return [start, start + 1].find((from) => from + value.length <= end && script.startsWith(value, from));
}

function locate(segments: readonly Segment[], start: number, end: number): Span {
  const first = segmentAt(segments, start);
  const last = end > start ? segmentAt(segments, end - 1) : first;
  const from = first.from === undefined ? first.span.start : first.from + start - first.start;
  const behind = last.from === undefined ? last.span.end : last.from + end - last.start;
  const to = end > start ? Math.min(behind, last.span.end) : from;
  return { start: from, end: Math.max(from, to) };
}

function segmentAt(segments: readonly Segment[], offset: number): Segment {
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((segments[middle]?.start ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return segments[low] ?? { start: 0, from: 0, span: { start: 0, end: 0 } };
}
