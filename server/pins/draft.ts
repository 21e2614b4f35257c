import { applyEdits, type Span } from "../core/index.ts";

/** A text that is edited step by step, and what all the steps together change in the text that it began as. */
export interface Draft {
  /** What it began as; `undefined` for a file that is new. */
  readonly before: string | undefined;
  readonly text: string;
  /** What the text is made of, in order. */
  readonly pieces: readonly Piece[];
}

/** Replaces a span of a text. */
export interface TextChange {
  readonly span: Span;
  readonly text: string;
}

/** A part of the first text, or text that came in. */
type Piece = { readonly start: number; readonly end: number } | { readonly added: string };

/** A text before its first edit; of a new file there is none. */
export function draftOf(before: string | undefined): Draft {
  const text = before ?? "";
  return { before, text, pieces: [{ start: 0, end: text.length }] };
}

/** The draft after one more edit. Spans are those of its present text and do not overlap. */
export function edited(draft: Draft, edits: readonly TextChange[]): Draft {
  const fromTheEnd = [...edits].sort((a, b) => b.span.start - a.span.start || b.span.end - a.span.end);
  const pieces = fromTheEnd.reduce(replaced, draft.pieces);
  return { before: draft.before, text: applyEdits(draft.text, edits), pieces };
}

/** The fewest changes that lead from the first text to the present one, in order. Their spans are those of the first text. */
export function changesOf({ before = "", pieces }: Draft): readonly TextChange[] {
  const changes: TextChange[] = [];
  let at = 0;
  let added = "";
  for (const piece of [...pieces, { start: before.length, end: before.length }]) {
    if ("added" in piece) added += piece.added;
    else {
      if (piece.start > at || added !== "") changes.push({ span: { start: at, end: piece.start }, text: added });
      at = piece.end;
      added = "";
    }
  }
  return changes;
}

/** Where an offset of the present text lay in the first one; of text that came in, where it came in. */
export function originalOffset({ pieces }: Draft, offset: number): number {
  let rest = offset;
  let at = 0;
  for (const piece of pieces) {
    const length = lengthOf(piece);
    if (rest < length) return "added" in piece ? at : piece.start + rest;
    if (!("added" in piece)) at = piece.end;
    rest -= length;
  }
  return at;
}

/** A span of a text after edits of that text. What the edits replace inside of it stays inside. */
export function shifted(span: Span, edits: readonly TextChange[]): Span {
  let { start, end } = span;
  for (const edit of edits) {
    const growth = edit.text.length - (edit.span.end - edit.span.start);
    if (edit.span.end <= span.start) start += growth;
    if (edit.span.start < span.end) end += growth;
  }
  return { start, end: Math.max(start, end) };
}

function replaced(pieces: readonly Piece[], { span, text }: TextChange): readonly Piece[] {
  const before = cut(pieces, 0, span.start);
  const after = cut(pieces, span.end, Number.POSITIVE_INFINITY);
  return text === "" ? [...before, ...after] : [...before, { added: text }, ...after];
}

/** The part of the pieces between two offsets of the text that they make. */
function cut(pieces: readonly Piece[], start: number, end: number): readonly Piece[] {
  const kept: Piece[] = [];
  let at = 0;
  for (const piece of pieces) {
    const from = Math.max(start - at, 0);
    const to = Math.min(end - at, lengthOf(piece));
    if (to > from) {
      if ("added" in piece) kept.push({ added: piece.added.slice(from, to) });
      else kept.push({ start: piece.start + from, end: piece.start + to });
    }
    at += lengthOf(piece);
  }
  return kept;
}

function lengthOf(piece: Piece): number {
  return "added" in piece ? piece.added.length : piece.end - piece.start;
}
