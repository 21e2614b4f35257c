import type { Span } from "../core/index.ts";

/**
 * A span as lines and columns, counted from 1 in UTF-16 units, the end exclusive; and as an offset and a length. A byte order mark at
 * the start of the file counts nowhere, as in editors.
 */
export interface Region {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly charOffset: number;
  readonly charLength: number;
}

/** A function from spans of the text to regions. Lines end as in editors: with \n, \r\n or \r. */
export function regionsOf(text: string): (span: Span) => Region {
  const markLength = text.startsWith("\uFEFF") ? 1 : 0;
  const lineStarts = [markLength, ...[...text.matchAll(/\r\n|\r|\n/g)].map((end) => end.index + end[0].length)];
  return (span) => {
    const start = Math.max(span.start, markLength);
    const end = Math.max(span.end, start);
    const [startLine, endLine] = [lineOf(start, lineStarts), lineOf(end, lineStarts)];
    return {
      startLine,
      startColumn: start - (lineStarts[startLine - 1] ?? 0) + 1,
      endLine,
      endColumn: end - (lineStarts[endLine - 1] ?? 0) + 1,
      charOffset: start - markLength,
      charLength: end - start,
    };
  };
}

/** Number of the last line that starts at or before the offset, from 1. */
function lineOf(offset: number, lineStarts: readonly number[]): number {
  let [low, high] = [0, lineStarts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}
