import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import { type Block, staticText } from "./command.ts";
import type { StatementStep, Step } from "./pin-path.ts";
import { indentAt, insert, isRefusal, lineBefore, type PinSite, refuse } from "./pin-site.ts";

// Where lines can be added to a script of PowerShell. `exit` ends the whole script wherever it stands, so that only the language's own
// places for statements count: a script, and what stands in braces.

/** A statement in front of which others may be put. */
export interface PowerShellPlace {
  readonly path: readonly Step[];
  readonly step: StatementStep;
}

const RETRIED =
  "The condition of a loop asks for the script again and again; download and verify the file once in front of the loop, then pin it.";
const LATE =
  "The download is the condition of an `elseif`, which is asked only after others failed; turn it into an `if` of its own within `else`, then pin it.";
const BEHIND_CONDITION =
  "The download runs only where the command in front of `&&` or `||` went so; put it into the braces of an `if`, then pin it.";
const SCRIPT_BLOCK =
  "The command stands in a script block that another command runs, perhaps elsewhere; write it as a command of this script, then pin it.";
/** Said of a download within the text of `pwsh -Command`. */
export const NESTED =
  "The command stands in text that another PowerShell reads, where a change could alter its quoting; write it as a command of a PowerShell script of its own, then pin it.";
const NOWHERE =
  "The download stands where no check can be put in front of it; write it as a command on a line of its own, then pin it.";

/**
 * Climbs from a command to the statement in front of which its download goes: out of brackets, substitutions and the start of a `try`, whose
 * `catch` must not swallow a failed download, but not over a condition.
 */
export function placeOf(site: PinSite, path: readonly Step[]): PowerShellPlace | NoFix {
  for (let index = path.length - 1; index >= 0; index--) {
    const step = path[index];
    if (step?.kind === "string") return refuse(NESTED);
    if (step?.kind === "operand" && step.index > 0 && !isTry(site, path[index + 1])) return refuse(BEHIND_CONDITION);
    if (step?.kind !== "statement") continue;
    const stops = stopsAt(site, path, index);
    if (isRefusal(stops)) return stops;
    if (!stops) continue;
    const parameters = step.statement.node.kind === "command" && staticText(step.statement.node.words[0]) === "param";
    return parameters ? refuse(NOWHERE) : { path: path.slice(0, index + 1), step };
  }
  return refuse(NOWHERE);
}

function stopsAt(site: PinSite, path: readonly Step[], index: number): boolean | NoFix {
  const step = path[index];
  const above = path[index - 1];
  if (step?.kind !== "statement" || above === undefined) return true;
  switch (above.kind) {
    case "condition":
      if (above.node.kind === "loop") return refuse(RETRIED);
      return above.branch > 0 ? refuse(LATE) : false;
    case "word":
      if (above.form === "unknown") return refuse(SCRIPT_BLOCK);
      return step.index > 0;
    case "string":
      return refuse(NESTED);
    case "body":
      if (above.node.kind !== "group") return true;
      if (!isBraced(site, above.node.body)) return step.index > 0;
      return step.index > 0 || !startsTry(site, path, index - 1);
    default:
      return true;
  }
}

/** A group stands in braces or in a bracket: `( … )`, `$( … )`. */
function isBraced({ text }: PinSite, { span }: Block): boolean {
  return text[span.start - 1] === "{";
}

/** True for the body of a `try`, given the index of its step: what a chain tries first, of which the `catch` blocks are the others. */
function startsTry(site: PinSite, path: readonly Step[], index: number): boolean {
  const chain = path[index - 1];
  return isTry(site, path[index]) && chain?.kind === "operand" && chain.index === 0;
}

/** `try` and `catch` make a chain of groups in braces. */
function isTry(site: PinSite, step: Step | undefined): boolean {
  return step?.kind === "body" && step.node.kind === "group" && isBraced(site, step.node.body);
}

/** Where a file's check goes: directly behind a statement. */
export function placeBehind(
  site: PinSite,
  path: readonly Step[],
  isUsed: (text: { readonly start: number; readonly end: number }) => boolean,
): PowerShellPlace | NoFix {
  let found: PowerShellPlace | undefined;
  for (let index = path.length - 1; index >= 0; index--) {
    const step = path[index];
    if (step?.kind === "string") return refuse(NESTED);
    if (step?.kind === "operand" && step.index > 0 && !isTry(site, path[index + 1])) return refuse(BEHIND_CONDITION);
    if (step?.kind !== "statement") continue;
    const stops = stopsAt(site, path, index);
    if (isRefusal(stops)) return stops;
    const above = path[index - 1];
    const border = above?.kind === "body" && (above.node.kind === "loop" || isTry(site, above));
    if (!stops && !border) continue;
    found ??= { path: path.slice(0, index + 1), step };
    if (step.block.statements.slice(step.index + 1).some(({ span }) => isUsed(span)))
      return { path: path.slice(0, index + 1), step };
    if (!border) return above === undefined ? { path: path.slice(0, index + 1), step } : found;
  }
  return found ?? refuse(NOWHERE);
}

/** How added lines are set apart. */
export interface PowerShellLayout {
  /** Makes room in front of the first line; its end is where they begin. */
  readonly before: ScriptChange;
  readonly separator: string;
  /** Puts the closing brace on a line of its own. */
  readonly after: readonly ScriptChange[];
}

/** New lines in front of a statement, which gets a line of its own if it shares one. */
export function layoutOf(site: PinSite, { path, step }: PowerShellPlace): PowerShellLayout {
  const { text } = site;
  const { block, index, statement } = step;
  const { start } = statement.span;
  if (staysOneLine(site, path)) return { before: insert(start, ""), separator: "; ", after: [] };
  const indent = indentAt(text, start);
  if (lineBefore(text, start).trim() === "") return { before: insert(start, ""), separator: `\n${indent}`, after: [] };
  const first = block.statements[0]?.span.start ?? start;
  const opened = path.length > 1 && lineBefore(text, first).trim() !== "" && !text.slice(first, start).includes("\n");
  const separator = `\n${indent}${opened ? unitOf(indent) : ""}`;
  const previous = block.statements[index - 1]?.span.end ?? start;
  const apart = index > 0 && /^[ \t;]*$/.test(text.slice(previous, start));
  const from = apart ? previous : start - (/[ \t]*$/.exec(text.slice(0, start))?.[0].length ?? 0);
  const end = block.statements.at(-1)?.span.end ?? statement.span.end;
  const closing = opened && /^[ \t;]*$/.test(text.slice(end, block.span.end)) && !text.slice(start, end).includes("\n");
  return {
    before: { span: { start: from, end: start }, text: separator },
    separator,
    after: closing ? [{ span: { start: end, end: block.span.end }, text: `\n${indent}` }] : [],
  };
}

/** A check directly behind a statement. */
export function behind(site: PinSite, { path, step }: PowerShellPlace, check: string): ScriptChange {
  const { text } = site;
  const { block, index, statement } = step;
  const { start, end } = statement.span;
  const next = block.statements[index + 1]?.span.start ?? text.length;
  const gap = text.slice(end, next);
  const first = block.statements[0]?.span.start ?? start;
  const opened = path.length > 1 && lineBefore(text, first).trim() !== "";
  if (staysOneLine(site, path) || (opened && !text.slice(first, next).includes("\n"))) return insert(end, `; ${check}`);
  const indent = indentAt(text, start) + (opened && !text.slice(first, start).includes("\n") ? unitOf("") : "");
  if (/^[ \t]*;[ \t;]*$/.test(gap) && next < text.length)
    return { span: { start: end, end: next }, text: `\n${indent}${check}\n${indent}` };
  const rest = /^[ \t;]*(?:#[^\n]*)?(?=\n|$)/.exec(text.slice(end))?.[0];
  if (rest === undefined) return insert(end, `; ${check}`);
  return insert(rest.includes("#") || rest.includes(";") ? end + rest.length : end, `\n${indent}${check}`);
}

/** True where no line may be added: by the host's will, or in a substitution, which may stand in a text. */
export function staysOneLine(site: PinSite, path: readonly Step[]): boolean {
  return site.lineOnly === true || path.some((step) => step.kind === "word");
}

/** One more level of indentation. */
function unitOf(indent: string): string {
  return indent.endsWith("\t") ? "\t" : "  ";
}
