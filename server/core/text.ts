/** A half-open range of UTF-16 offsets into one text. The only notion of position in the core. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * A replacement of one span by a text. Without `path` it applies to the analysed file; with `create` it makes a new file.
 * Spans of one fix never overlap.
 */
export type Edit =
  | { readonly path?: string; readonly span: Span; readonly text: string }
  | { readonly path: string; readonly create: string };

/** True where `inner` lies within `outer`, borders included. */
export function contains(outer: Span, inner: Span): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

/** The smallest span that covers both. */
export function cover(a: Span, b: Span): Span {
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

/** `text` with every edit of the analysed file applied. Edits for other files are ignored. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const own = edits.flatMap((edit) => ("span" in edit && edit.path === undefined ? [edit] : []));
  own.sort((a, b) => b.span.start - a.span.start || b.span.end - a.span.end);
  return own.reduce(
    (result, { span, text: added }) => result.slice(0, span.start) + added + result.slice(span.end),
    text,
  );
}
