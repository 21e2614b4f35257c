import { blankLinesAt, indentationStep, lineBreakOf, lineEnd, lineStart } from "./lines.ts";
import type { Slot } from "./model.ts";
import { blockHeader } from "./scalar-trace.ts";
import type { Span } from "./text.ts";
import type { YamlEntry, YamlMap, YamlNode, YamlScalar } from "./yaml-node.ts";

/**
 * The smallest span of the document that takes one entry out of its map and leaves everything else as it was. In block notation
 * these are the entry's lines with its own trailing comment, in flow notation it goes with a comma. Comments above the entry
 * stay. Undefined where the entry is not this map's own, and where something else stands on its lines.
 */
export function removal(document: string, map: YamlMap, entry: YamlEntry): Span | undefined {
  const index = indexOf(map, entry);
  const own = map.entries[index];
  if (!own) return undefined;
  return map.flow ? flowRemoval(document, map, index) : blockRemoval(document, map, index, own);
}

/** How to add entries at the end of a map. Undefined where there is no room: `[a: b]`, and brackets that nobody closed. */
export function insertion(document: string, map: YamlMap): Slot | undefined {
  return map.flow ? flowInsertion(document, map) : blockInsertion(document, map);
}

/** How to add entries to a new map, under a key that a map does not have yet. Undefined as for `insertion`. */
export function childInsertion(document: string, map: YamlMap, key: string): Slot | undefined {
  const slot = insertion(document, map);
  const written = /^[A-Za-z_][\w-]*$/.test(key) ? key : JSON.stringify(key);
  if (!slot) return undefined;
  if (map.flow) return { ...slot, before: `${slot.before}${written}: { `, between: ", ", after: ` }${slot.after}` };
  const deeper = slot.between + " ".repeat(childStep(document, map));
  return { ...slot, before: `${slot.before}${written}:${deeper}`, between: deeper };
}

/** Index of an entry among those that are written in a map, by its place; -1 where it is not there. */
function indexOf(map: YamlMap, entry: YamlEntry): number {
  let low = 0;
  let high = map.entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((map.entries[middle]?.keySpan.start ?? 0) < entry.keySpan.start) low = middle + 1;
    else high = middle;
  }
  return map.entries[low]?.keySpan.start === entry.keySpan.start ? low : -1;
}

function blockRemoval(document: string, map: YamlMap, index: number, { span }: YamlEntry): Span | undefined {
  const start = lineStart(document, span.start);
  const before = document.slice(start, span.start).replace("\ufeff", "");
  const end = endOfEntry(document, span);
  if (end === undefined) return undefined;
  if (/^ *$/.test(before)) return wholeLines(document, map, index, { start: span.start - before.length, end });
  if (index > 0 || !/^ *(?:-[ \t]+)+$/.test(before)) return undefined;
  // The dash stays, and what comes next in the map moves up to it: the next key, or the comment above that.
  const next = skipSpace(document, end);
  const last = map.entries.length === 1;
  return { start: span.start, end: last ? Math.max(span.start, trimLineBreak(document, end)) : next };
}

/** The lines themselves, unless a block scalar above would take what follows them as its own: blank lines go, a comment forbids it. */
function wholeLines(document: string, map: YamlMap, index: number, lines: Span): Span | undefined {
  const above = lastScalar(map.entries[index - 1]?.value);
  if (above?.style !== "literal" && above?.style !== "folded") return lines;
  const following = blankLinesAt(document, lines.end);
  const { indent } = above.map;
  if (following.char === "\t" || (following.char === "#" && following.indent >= indent)) return undefined;
  const taken = blockHeader(document, above.span.start).chomp === "+" || following.widest > indent;
  return taken ? { start: lines.start, end: following.next } : lines;
}

/** What is written last in a node, where that is a scalar. */
function lastScalar(node: YamlNode | undefined): YamlScalar | undefined {
  let last = node;
  while (last && last.alias === undefined) {
    if (last.kind === "scalar") return last;
    last = last.kind === "map" ? last.entries.at(-1)?.value : last.items.at(-1);
  }
  return undefined;
}

/** Behind the entry's last line, its line break included. Undefined where more than a comment follows on that line. */
function endOfEntry(document: string, span: Span): number | undefined {
  if (span.end > span.start && document[span.end - 1] === "\n") return span.end;
  const end = lineEnd(document, span.end);
  if (!/^(?:[ \t]+#.*|[ \t]*)$/.test(document.slice(span.end, end))) return undefined;
  return Math.min(document.length, end + lineBreakOf(document, end).length);
}

function trimLineBreak(document: string, end: number): number {
  if (document[end - 1] !== "\n") return end;
  return document[end - 2] === "\r" ? end - 2 : end - 1;
}

function skipSpace(document: string, start: number): number {
  let at = start;
  while (at < document.length && " \t\r\n".includes(document.charAt(at))) at++;
  return at;
}

/** The text in front of a key on its line. */
function prefixOf(document: string, entry: YamlEntry): string {
  return document.slice(lineStart(document, entry.keySpan.start), entry.keySpan.start).replace("\ufeff", "");
}

function blockInsertion(document: string, map: YamlMap): Slot | undefined {
  const last = map.entries.at(-1);
  const column = columnOf(document, map);
  if (!last || column === undefined || endOfEntry(document, last.span) === undefined) return undefined;
  const { end } = last.span;
  const lineBreak = lineBreakOf(document, end > 0 && document[end - 1] === "\n" ? end - 1 : end);
  const pad = " ".repeat(column);
  const between = lineBreak + pad;
  if (document[end - 1] === "\n") return { at: end, before: pad, between, after: lineBreak };
  // A line of spaces at the very end of the text: a line break behind it would be a part of the scalar.
  if (/\n +$/.test(document.slice(Math.max(last.span.start, lineStart(document, end) - 1), end))) return undefined;
  return { at: lineEnd(document, end), before: between, between, after: "" };
}

/** The column of a block map's keys; undefined where other things than spaces and dashes stand in front of them. */
function columnOf(document: string, map: YamlMap): number | undefined {
  for (const entry of [map.entries[0], map.entries.at(-1)]) {
    const prefix = entry && prefixOf(document, entry);
    if (prefix !== undefined && /^ *(?:- +)*$/.test(prefix)) return prefix.length;
  }
  return undefined;
}

/** By how much the keys below a key of this map are indented: as its other keys have it, else as the document has it. */
function childStep(document: string, map: YamlMap): number {
  const column = columnOf(document, map) ?? 0;
  for (const { value } of map.entries) {
    if (value?.kind !== "map" || value.flow || value.alias) continue;
    const step = (columnOf(document, value) ?? 0) - column;
    if (step >= 2 && step <= 8) return step;
  }
  return indentationStep(document, map.span.start);
}

/** Where the closing brace of a map is, and the trailing comma if there is one. Undefined for what is no complete `{ … }`. */
function flowEnd(
  document: string,
  map: YamlMap,
): { readonly brace: number; readonly comma: number | undefined } | undefined {
  const brace = map.span.end - 1;
  if (document[map.span.start] !== "{" || document[brace] !== "}") return undefined;
  const last = map.entries.at(-1);
  const next = skipComments(document, last ? last.span.end : map.span.start + 1);
  if (next === brace) return { brace, comma: undefined };
  return last && document[next] === "," && skipComments(document, next + 1) === brace
    ? { brace, comma: next }
    : undefined;
}

/** Offset of the next text that is neither white space nor a comment. */
function skipComments(document: string, start: number): number {
  let at = skipSpace(document, start);
  while (document[at] === "#" && at > 0 && " \t\n".includes(document.charAt(at - 1)))
    at = skipSpace(document, lineEnd(document, at));
  return at;
}

function flowRemoval(document: string, map: YamlMap, index: number): Span | undefined {
  const end = flowEnd(document, map);
  const own = map.entries[index];
  const previous = map.entries[index - 1];
  if (!end || !own) return undefined;
  const { start } = own.span;
  const comma = previous && skipComments(document, previous.span.end);
  if (comma !== undefined && document[comma] !== ",") return undefined;
  const lead = comma === undefined ? map.span.start + 1 : comma + 1;
  if (skipComments(document, lead) !== start) return undefined;
  const next = skipComments(document, own.span.end);
  const bare = comma !== undefined && skipSpace(document, lead) === start;
  if (document[next] === ",") {
    if (index < map.entries.length - 1) return { start, end: afterComma(document, next + 1) };
    return { start: bare ? lead : start, end: next + 1 };
  }
  return next === end.brace ? { start: bare ? comma : start, end: own.span.end } : undefined;
}

/** The next entry, or the comment above it; a comment on the comma's own line goes. */
function afterComma(document: string, start: number): number {
  const end = lineEnd(document, start);
  return skipSpace(document, /^[ \t]+#/.test(document.slice(start, end)) ? end : start);
}

function flowInsertion(document: string, map: YamlMap): Slot | undefined {
  const end = flowEnd(document, map);
  const last = map.entries.at(-1);
  if (!end) return undefined;
  const start = map.span.start + 1;
  if (!last) return { at: start, before: " ", between: ", ", after: /\s/.test(document.charAt(start)) ? "" : " " };
  const prefix = prefixOf(document, last);
  const ownLine = /^[ \t]*$/.test(prefix) && lineStart(document, last.keySpan.start) > map.span.start;
  const gap = ownLine ? lineBreakOf(document, map.span.start) + prefix : " ";
  if (end.comma !== undefined) return { at: end.comma + 1, before: gap, between: `,${gap}`, after: "" };
  return { at: last.span.end, before: `,${gap}`, between: `,${gap}`, after: "" };
}
