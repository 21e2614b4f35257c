import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import type { Span } from "../text.ts";
import type { StatementStep, Step } from "./pin-path.ts";
import { indentAt, insert, lineBefore, type PinSite, refuse } from "./pin-site.ts";

// Where lines can be added to a script of cmd. A line ends a command, and with it the body of an `if` or `for` without brackets: there,
// and where no line may be added, `&` stands between commands.

/** The statement that a check belongs to, and how commands are put beside it. */
export interface CmdPlace {
  readonly step: StatementStep;
  /** Where the first added command goes, and what makes room for it. */
  readonly before: ScriptChange;
  readonly separator: string;
  readonly newline: boolean;
  /** The operand that runs only under a condition: what is added goes into brackets around it. */
  readonly around: Span | undefined;
  /** True where the statement is the whole script, which may then be one chain of `&&`. */
  readonly whole: boolean;
  readonly chain: boolean;
  /** True in a `:label` routine, which `exit /b` would only return from. */
  readonly routine: boolean;
}

/** What ends the script where a check fails. */
export function exitOf({ routine }: CmdPlace): string {
  return routine ? " || exit 1" : " || exit /b 1";
}

/** Finds the place for what belongs to a command, given the way down to it. */
export function placeOf(site: PinSite, path: readonly Step[]): CmdPlace | NoFix {
  const { text } = site;
  const at = path.findLastIndex((step) => step.kind === "statement");
  const step = path[at];
  const above = path[at - 1];
  if (step?.kind !== "statement" || path.some((each) => OUT_OF_REACH.has(each.kind))) return refuse(NOWHERE);
  const condition = path.slice(at).find((each) => each.kind === "operand" && each.index > 0);
  const operand = condition?.kind === "operand" ? condition.node.operands[condition.index] : undefined;
  const { start, end } = step.statement.span;
  const ownLine = lineBefore(text, start).replace(/[@\s]/g, "") === "";
  const top = above === undefined || (above.kind === "body" && above.node.kind === "function");
  const newline = site.lineOnly !== true && operand === undefined && (top || ownLine);
  const separator = newline ? `\n${indentAt(text, start)}` : " & ";
  const previous = /&[ \t]*@?$/.exec(text.slice(0, start))?.[0];
  const blanks = previous === undefined ? 0 : (/[ \t]*&[ \t]*@?$/.exec(text.slice(0, start))?.[0].length ?? 0);
  const before =
    operand !== undefined
      ? insert(operand.span.start, "( ")
      : newline && !ownLine && previous !== undefined
        ? { span: { start: start - blanks, end: start }, text: separator }
        : insert(start, "");
  return {
    step,
    before,
    separator,
    newline,
    around: operand?.span,
    whole: text.slice(0, start).trim() === "" && text.slice(end).trim() === "",
    chain:
      site.lineOnly === true && !path.some((each) => each.kind === "operand" && each.node.operators.includes("||")),
    routine: path.some((each) => each.kind === "body" && each.node.kind === "function"),
  };
}

const OUT_OF_REACH: ReadonlySet<Step["kind"]> = new Set(["word", "string", "condition"]);

const NOWHERE =
  "The download stands where no check can be put beside it; write it as a command on a line of its own, then pin it.";

/** Commands in front of what runs, or behind it where it only downloads; in brackets where a condition stands in front. */
export function joined(
  { before, separator, around }: CmdPlace,
  first: readonly string[],
  last: readonly string[] | undefined,
): readonly ScriptChange[] {
  const text = first.map((line) => line + separator).join("");
  const closing =
    around === undefined ? [] : [insert(around.end, `${(last ?? []).map((line) => separator + line).join("")} )`)];
  return [before, insert(before.span.end, text), ...closing];
}
