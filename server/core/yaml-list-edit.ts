import { lineBreakOf, lineEnd, lineStart } from "./lines.ts";
import type { Slot } from "./model.ts";
import type { Span } from "./text.ts";
import { childInsertion, insertion, removal } from "./yaml-edit.ts";
import type { YamlEntry, YamlMap, YamlNode } from "./yaml-node.ts";

// The smallest edits of lists, as yaml-edit.ts has them of maps.

/**
 * The smallest span that takes one item out of the list that is an entry's value: its line or lines in block notation, the item with a
 * comma in flow notation, and the whole entry where it is the only item. Undefined where other places share the list.
 */
export function itemRemoval(document: string, owner: YamlMap, entry: YamlEntry, item: YamlNode): Span | undefined {
  const list = entry.value;
  if (list?.kind !== "sequence" || entry.merged || isShared(list) || isShared(item)) return undefined;
  if (list.items.length === 1) return removal(document, owner, entry);
  const index = list.items.indexOf(item);
  if (index < 0) return undefined;
  if (!list.flow) return lineOf(document, item.span);
  const [previous, next] = [list.items[index - 1], list.items[index + 1]];
  const span = next
    ? { start: item.span.start, end: next.span.start }
    : { start: previous?.span.end ?? item.span.start, end: item.span.end };
  const gap = document.slice(next ? item.span.end : span.start, next ? span.end : item.span.start);
  return /^\s*,\s*$/.test(gap) ? span : undefined;
}

/** How to add an item to the list under a key of a map, which need not have the key yet. Undefined where there is no room. */
export function itemInsertion(document: string, owner: YamlMap, key: string): Slot | undefined {
  const entry = owner.entries.find((each) => each.key === key);
  if (entry === undefined) return newList(document, owner, key);
  const list = entry.value;
  const last = list?.kind === "sequence" ? list.items.at(-1) : undefined;
  if (list === undefined || last === undefined || entry.merged || isShared(list)) return undefined;
  const { end } = last.alias ?? last.span;
  if (list.kind === "sequence" && list.flow)
    return /^\s*\]/.test(document.slice(end)) ? { at: end, before: ", ", between: ", ", after: "" } : undefined;
  const line = lineOf(document, last.alias ?? last.span);
  if (line === undefined || document[end - 1] === "\n") return undefined;
  const between = `${lineBreakOf(document, end)}${" ".repeat(dashColumn(document, last.alias ?? last.span))}- `;
  return { at: lineEnd(document, end), before: between, between, after: "" };
}

function newList(document: string, owner: YamlMap, key: string): Slot | undefined {
  if (owner.flow) {
    const slot = insertion(document, owner);
    return slot && { ...slot, before: `${slot.before}${key}: [`, between: ", ", after: `]${slot.after}` };
  }
  const slot = childInsertion(document, owner, key);
  return slot && { ...slot, before: `${slot.before}- `, between: `${slot.between}- ` };
}

/** The lines of an item with its dash; undefined where something else stands on them. */
function lineOf(document: string, { start, end }: Span): Span | undefined {
  const first = lineStart(document, start);
  if (!/^ *- +$/.test(document.slice(first, start)) || document[end - 1] === "\n") return undefined;
  const last = lineEnd(document, end);
  if (!/^(?:[ \t]+#.*|[ \t]*)$/.test(document.slice(end, last))) return undefined;
  return { start: first, end: Math.min(document.length, last + lineBreakOf(document, last).length) };
}

function dashColumn(document: string, { start }: Span): number {
  const first = lineStart(document, start);
  return document.slice(first, start).indexOf("-");
}

function isShared(node: YamlNode): boolean {
  return node.anchored || node.alias !== undefined;
}
