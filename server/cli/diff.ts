import { credentialsIn, withoutValues } from "../core/index.ts";
import type { TextChange } from "../pins/draft.ts";
import { printable } from "./printable.ts";

/**
 * The unified diff of a text and its changes, as `git apply` and `patch` take it. Nothing is compared: the changes are known.
 *
 * @param before `undefined` where the file is new
 * @param changes in order, with spans of `before`
 */
export function unifiedDiff(path: string, before: string | undefined, changes: readonly TextChange[]): string {
  const lines = linesOf(before ?? "");
  const hunks = hunksOf(blocksOf(before ?? "", lines, changes), lines);
  const head = `--- ${before === undefined ? "/dev/null" : `a/${path}`}\n+++ b/${path}\n`;
  return hunks.length === 0 ? "" : head + hunks.join("");
}

/** A diff as a person sees it: with no credential that stands in its lines, and no character that steers a terminal. */
export function forTerminal(diff: string): string {
  const lines = withoutValues(diff, diff, credentialsIn(diff)).split("\n");
  return lines.map(printable).join("\n");
}

/** Lines that take the place of others: from index `start`, `removed` many. */
interface Block {
  readonly start: number;
  readonly removed: number;
  readonly added: readonly string[];
}

const CONTEXT = 3;

/** Lines with their line ends. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** What each group of changes that share lines makes of those lines. */
function blocksOf(text: string, lines: readonly string[], changes: readonly TextChange[]): readonly Block[] {
  const starts: number[] = [];
  for (let at = 0, index = 0; index < lines.length; at += lines[index++]?.length ?? 0) starts.push(at);
  const lineAt = (offset: number) =>
    Math.max(
      0,
      starts.findLastIndex((start) => start <= offset),
    );
  const groups: { from: number; to: number; changes: TextChange[] }[] = [];
  for (const change of changes) {
    const [from, to] = [lineAt(change.span.start), lineAt(change.span.end)];
    const last = groups.at(-1);
    if (last !== undefined && from <= last.to) {
      last.to = to;
      last.changes.push(change);
    } else groups.push({ from, to, changes: [change] });
  }
  return groups.map(({ from, to, changes: own }) => {
    const [start, end] = [starts[from] ?? 0, starts[to + 1] ?? text.length];
    let [added, at] = ["", start];
    for (const { span, text: more } of own) {
      added += text.slice(at, span.start) + more;
      at = span.end;
    }
    return trimmed({ start: from, removed: to + 1 - from, added: linesOf(added + text.slice(at, end)) }, lines);
  });
}

/** The block without the lines at its borders that stay as they are. */
function trimmed({ start, removed, added }: Block, lines: readonly string[]): Block {
  const old = lines.slice(start, start + removed);
  const least = Math.min(old.length, added.length);
  let [head, tail] = [0, 0];
  while (head < least && old[head] === added[head]) head++;
  while (tail < least - head && old[old.length - 1 - tail] === added[added.length - 1 - tail]) tail++;
  return { start: start + head, removed: old.length - head - tail, added: added.slice(head, added.length - tail) };
}

/** Blocks that are near each other share a hunk. */
function hunksOf(blocks: readonly Block[], lines: readonly string[]): readonly string[] {
  const groups: Block[][] = [];
  for (const block of blocks) {
    const last = groups.at(-1)?.at(-1);
    if (last !== undefined && block.start - (last.start + last.removed) <= 2 * CONTEXT) groups.at(-1)?.push(block);
    else groups.push([block]);
  }
  let growth = 0;
  return groups.map((group) => {
    const text = hunk(group, lines, growth);
    growth += group.reduce((sum, { removed, added }) => sum + added.length - removed, 0);
    return text;
  });
}

function hunk(blocks: readonly Block[], lines: readonly string[], growth: number): string {
  const [first] = blocks;
  const last = blocks.at(-1);
  if (first === undefined || last === undefined) return "";
  const from = Math.max(0, first.start - CONTEXT);
  const to = Math.min(lines.length, last.start + last.removed + CONTEXT);
  let [body, at, grown] = ["", from, 0];
  for (const { start, removed, added } of blocks) {
    body += marked(" ", lines.slice(at, start)) + marked("-", lines.slice(start, start + removed)) + marked("+", added);
    at = start + removed;
    grown += added.length - removed;
  }
  body += marked(" ", lines.slice(at, to));
  const [old, now] = [range(from, to - from), range(from + growth, to - from + grown)];
  return `@@ -${old} +${now} @@\n${body}`;
}

/** Counted from 1; a range without lines names the line before it. */
function range(start: number, count: number): string {
  return `${count === 0 ? start : start + 1},${count}`;
}

function marked(mark: string, lines: readonly string[]): string {
  return lines
    .map((line) => (line.endsWith("\n") ? `${mark}${line}` : `${mark}${line}\n\\ No newline at end of file\n`))
    .join("");
}
