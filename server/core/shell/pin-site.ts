import type { Hole } from "../masking.ts";
import type { OperatingSystem, ScriptChange, Shell } from "../model.ts";
import type { NoFix } from "../rule.ts";
import { contains, type Span } from "../text.ts";
import type { Block } from "./command.ts";

/** Where a fetch stands: the script around it and the machine that runs it. Every span indexes `text`. */
export interface PinSite {
  /** The script with its expressions masked. */
  readonly text: string;
  readonly holes: readonly Hole[];
  readonly program: Block;
  readonly shell: Shell;
  /** The systems it may run on; empty where nobody knows. */
  readonly operatingSystems: readonly OperatingSystem[];
  /** The folder for downloads as this shell spells it: `$RUNNER_TEMP`, `/tmp`. */
  readonly scratch: string;
  /** True where no line may be added to the text. */
  readonly lineOnly?: boolean;
  /** File names that other pins of this script already use. */
  readonly taken?: readonly string[];
}

/** A refusal with its one sentence. */
export function refuse(refused: string): NoFix {
  return { refused };
}

/** True for a refusal, false for whatever a function gives instead. */
export function isRefusal(result: unknown): result is NoFix {
  return typeof result === "object" && result !== null && "refused" in result;
}

/** What the author wrote at a span: masked expressions come back as they were. */
export function written({ text, holes }: PinSite, { start, end }: Span): string {
  let result = "";
  let at = start;
  for (const hole of holes) {
    if (!contains({ start, end }, hole.span)) continue;
    result += text.slice(at, hole.span.start) + hole.text;
    at = hole.span.end;
  }
  return result + text.slice(at, end);
}

/** What the author wrote at a span, with changes inside of it applied: text to be moved elsewhere. */
export function rewritten(site: PinSite, { start, end }: Span, changes: readonly ScriptChange[]): string {
  let result = "";
  let at = start;
  for (const { span, text } of sorted(changes)) {
    result += written(site, { start: at, end: span.start }) + text;
    at = span.end;
  }
  return result + written(site, { start: at, end });
}

/** The same changes in order, with those that touch joined, so that no two begin or end at one place. */
export function merged(changes: readonly ScriptChange[]): readonly ScriptChange[] {
  const result: ScriptChange[] = [];
  for (const change of sorted(changes)) {
    if (change.text === "" && change.span.start === change.span.end) continue;
    const last = result.at(-1);
    if (last === undefined || last.span.end < change.span.start) result.push(change);
    else
      result[result.length - 1] = {
        span: { start: last.span.start, end: change.span.end },
        text: last.text + change.text,
      };
  }
  return result;
}

/** By place; an insertion stands in front of what replaces the text at the same place. */
function sorted(changes: readonly ScriptChange[]): readonly ScriptChange[] {
  return [...changes].sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
}

/** An insertion. */
export function insert(at: number, text: string): ScriptChange {
  return { span: { start: at, end: at }, text };
}

/** The blanks at the start of the physical line that holds an offset. */
export function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? "";
}

/** What stands between the start of the physical line and an offset. */
export function lineBefore(text: string, offset: number): string {
  return text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
}
