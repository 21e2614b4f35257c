import { codeSpan, printable, prose } from "../core/index.ts";
import type { Spot } from "./inventory.ts";

// A report as data: what it says stands in one place, how it is written as text or Markdown in another.

/** A piece of a line. A bare string is prose of ours or a label; whatever comes from a file may stand in any of them. */
export type Inline =
  | string
  | { readonly code: string }
  | { readonly strong: string }
  | { readonly spot: Spot }
  | { readonly file: Spot };

/** An entry of a list with what belongs to it. */
export interface Item {
  readonly line: readonly Inline[];
  readonly items?: readonly Item[];
}

/** A part of a document, with the content under its kind. */
export type Block =
  | { readonly title: readonly Inline[] }
  | { readonly heading: readonly Inline[] }
  | { readonly paragraph: readonly Inline[] }
  | { readonly list: readonly Item[] };

/** How places are shown. */
export interface PlaceNames {
  /** Name of a spot's file for a person. */
  shown(spot: Spot): string;
  /** Address that leads to a spot; absent where none does. */
  link?(spot: Spot): string | undefined;
}

/** The report for a terminal. Nothing in it can steer one. */
export function toText(blocks: readonly Block[], names: PlaceNames): string {
  const line = (inlines: readonly Inline[]) => printable(inlines.map((each) => plain(each, names)).join(""));
  const parts = blocks.map((block) => {
    if ("title" in block) return line(block.title);
    if ("heading" in block) return line(block.heading);
    if ("paragraph" in block) return line(block.paragraph);
    return itemLines(block.list, (item) => line(item.line)).join("\n");
  });
  // A list stands below its heading without an empty line.
  const isBelow = (index: number) => "heading" in (blocks[index - 1] ?? {}) && "list" in (blocks[index] ?? {});
  return `${parts.map((part, index) => (index === 0 ? part : `${isBelow(index) ? "\n" : "\n\n"}${part}`)).join("")}\n`;
}

/** The report as Markdown. Whatever comes from a file is shown as it stands there: no markup, link or command of it takes effect. */
export function toMarkdown(blocks: readonly Block[], names: PlaceNames): string {
  const line = (inlines: readonly Inline[]) => inlines.map((each) => marked(each, names)).reduce(beside, "");
  const parts = blocks.map((block) => {
    if ("title" in block) return `# ${line(block.title)}`;
    if ("heading" in block) return `## ${line(block.heading)}`;
    if ("paragraph" in block) return line(block.paragraph);
    return itemLines(block.list, (item) => line(item.line)).join("\n");
  });
  return `${parts.join("\n\n")}\n`;
}

/** Back quotes that touch would be one fence. */
function beside(before: string, after: string): string {
  return before.endsWith("`") && after.startsWith("`") ? `${before} ${after}` : before + after;
}

function itemLines(items: readonly Item[], line: (item: Item) => string, depth = 0): readonly string[] {
  return items.flatMap((item) => [
    `${"  ".repeat(depth)}- ${line(item)}`,
    ...itemLines(item.items ?? [], line, depth + 1),
  ]);
}

function plain(inline: Inline, { shown }: PlaceNames): string {
  if (typeof inline === "string") return inline;
  if ("code" in inline) return inline.code;
  if ("strong" in inline) return inline.strong;
  return "file" in inline ? shown(inline.file) : place(inline.spot, shown);
}

function place(spot: Spot, shown: PlaceNames["shown"]): string {
  return `${shown(spot)}:${spot.line}`;
}

function marked(inline: Inline, { shown, link }: PlaceNames): string {
  if (typeof inline === "string") return prose(inline);
  if ("code" in inline) return codeSpan(inline.code);
  if ("strong" in inline) return `**${prose(inline.strong)}**`;
  const spot = "file" in inline ? inline.file : inline.spot;
  const address = link?.(spot);
  const text = "file" in inline ? shown(spot) : place(spot, shown);
  return address === undefined
    ? codeSpan(text)
    : `[${prose(text)}](<${address.replace(/[<>\\\s]/g, encodeURIComponent)}>)`;
}
