// The physical lines of a document, for edits that have to look like the rest of it.

/** Offset of the first character of the line that holds `offset`. */
export function lineStart(text: string, offset: number): number {
  return offset > 0 ? text.lastIndexOf("\n", offset - 1) + 1 : 0;
}

/** Offset of the line break, `\n` or `\r\n`, that ends the line of `offset`; the text's length where there is none. */
export function lineEnd(text: string, offset: number): number {
  const feed = text.indexOf("\n", offset);
  if (feed === -1) return text.length;
  return feed > offset && text[feed - 1] === "\r" ? feed - 1 : feed;
}

/** The kind of line break that ends the line of `offset`; on the last line the one before it. */
export function lineBreakOf(text: string, offset: number): "\n" | "\r\n" {
  const next = text.indexOf("\n", offset);
  const feed = next === -1 ? text.lastIndexOf("\n") : next;
  return feed > 0 && text[feed - 1] === "\r" ? "\r\n" : "\n";
}

/** What follows from the start of a line on: blank lines, and the first other line. */
export interface Following {
  readonly lines: number;
  /** Columns of the widest blank line. */
  readonly widest: number;
  /** Start of the first line that is not blank; the text's length where there is none. */
  readonly next: number;
  /** Its indentation and the first character behind that, "" at the end of the text. */
  readonly indent: number;
  readonly char: string;
}

/** The blank lines from `start`, which is the start of a line. */
export function blankLinesAt(text: string, start: number): Following {
  let lines = 0;
  let widest = 0;
  let line = start;
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\n") {
      lines++;
      widest = Math.max(widest, at - line);
      line = at + 1;
    } else if (char !== " " && !(char === "\r" && text[at + 1] === "\n"))
      return { lines, widest, next: line, indent: at - line, char };
  }
  return { lines, widest: Math.max(widest, text.length - line), next: text.length, indent: 0, char: "" };
}

/**
 * By how many columns the YAML around `offset` indents what belongs to a key: seen at the lines that hold it, not more than two
 * hundred lines above. 2 where nothing shows it.
 */
export function indentationStep(text: string, offset: number): number {
  let start = lineStart(text, offset);
  let indent = indentationAt(text, start);
  for (let i = 0; i < 200 && start > 0; i++) {
    start = lineStart(text, start - 1);
    const own = indentationAt(text, start);
    if (own >= indent || /[#\r\n]/.test(text.charAt(start + own))) continue;
    const dashes = /^(?:-[ ]+)*/.exec(text.slice(start + own, start + own + 40))?.[0].length ?? 0;
    const step = indent - own - dashes;
    if (step >= 2 && step <= 8) return step;
    indent = own;
  }
  return 2;
}

function indentationAt(text: string, start: number): number {
  let at = start;
  while (text[at] === " ") at++;
  return at - start;
}
