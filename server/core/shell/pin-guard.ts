import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import { type Anchor, NOWHERE } from "./pin-anchor.ts";
import type { PinFile, Quoting } from "./pin-file.ts";
import type { StatementStep, Step } from "./pin-path.ts";
import { indentAt, insert, isRefusal, lineBefore, type PinSite, refuse } from "./pin-site.ts";

/** How the guard's lines are set apart from each other and from what surrounds them. */
export interface Layout {
  /** Makes room in front of the first line; its end is where the guard begins. */
  readonly before: ScriptChange;
  readonly separator: string;
  /** Closes the braces. */
  readonly after: ScriptChange | undefined;
  readonly quoting: Quoting;
}

/** Block form, line form or braces, as the place asks for. */
export function layoutOf(site: PinSite, anchor: Anchor): Layout | NoFix {
  const quoting = quotingOf(site, anchor.path);
  if (isRefusal(quoting)) return quoting;
  const { path, step, span } = anchor;
  const oneLine = staysOneLine(site, quoting.level, span.start);
  if (step.kind === "statement") {
    const room = oneLine
      ? { before: insert(span.start, ""), separator: "; " }
      : roomBefore(site.text, step, path.length > 1);
    return { ...room, after: undefined, quoting: quoting.level };
  }
  if (hasHereDocument(site.text.slice(span.start, span.end))) {
    return refuse(
      "A here-document follows the command, so no check can be put around it; write the download on a line of its own, then pin it.",
    );
  }
  const indent = indentAt(site.text, span.start);
  const inner = `\n${indent}${unitOf(indent)}`;
  return {
    before: insert(span.start, oneLine ? "{ " : `{${inner}`),
    separator: oneLine ? "; " : inner,
    after: insert(span.end, oneLine ? "; }" : `\n${indent}}`),
    quoting: quoting.level,
  };
}

/** True where no line may be added at an offset: a string, or a line behind which a here-document begins. */
export function staysOneLine(site: PinSite, quoting: Quoting, offset: number): boolean {
  return site.lineOnly === true || quoting !== "none" || hasHereDocument(lineBefore(site.text, offset));
}

/** New lines in front of a statement, which gets a line of its own if it shares one. */
function roomBefore(
  text: string,
  { block, index, statement }: StatementStep,
  nested: boolean,
): Pick<Layout, "before" | "separator"> {
  const { start } = statement.span;
  const indent = indentAt(text, start);
  if (lineBefore(text, start).trim() === "") return { before: insert(start, ""), separator: `\n${indent}` };
  const first = block.statements[0]?.span.start ?? start;
  const opened = nested && lineBefore(text, first).trim() !== "" && !text.slice(first, start).includes("\n");
  const separator = `\n${indent}${opened ? unitOf(indent) : ""}`;
  const from =
    index > 0
      ? (block.statements[index - 1]?.span.end ?? start)
      : start - (/[ \t]*$/.exec(text.slice(0, start))?.[0].length ?? 0);
  return { before: { span: { start: from, end: start }, text: separator }, separator };
}

/** One more level of indentation. */
function unitOf(indent: string): string {
  return indent.endsWith("\t") ? "\t" : "  ";
}

function hasHereDocument(text: string): boolean {
  return /(?<!<)<<(?!<)/.test(text);
}

/** How the text at the end of a path is quoted, or why it cannot be changed. */
export function quotingOf(site: PinSite, path: readonly Step[]): { readonly level: Quoting } | NoFix {
  const strings = path.filter((step) => step.kind === "string");
  const [string] = strings;
  const backticks = path.some((step) => step.kind === "word" && site.text[step.span.start] === "`");
  if (strings.length > 1 || string?.quote === "" || backticks) return refuse(NOWHERE);
  return { level: string?.quote || "none" };
}

/** The check line: the only gate, and so with an exit of its own. `echo` and two spaces are what every checksum tool reads. */
export function checkLine(site: PinSite, sha256: string, file: PinFile, quoting: Quoting): string {
  const tool = site.operatingSystems.includes("macos") ? "shasum -a 256" : "sha256sum";
  const quote = quoting === '"' ? "'" : '"';
  return `echo ${quote}${sha256}  ${file.quoted}${quote} | ${tool} -c - || exit 1`;
}
