import type { NoFix } from "../rule.ts";
import type { Span } from "../text.ts";
import { type Command, type Node, type Statement, staticText } from "./command.ts";
import { commandsOf, nodesOf, type OperandStep, type StatementStep, type Step } from "./pin-path.ts";
import { isRefusal, type PinSite, refuse } from "./pin-site.ts";

/** Where a guard goes: in front of a statement of a list, or into braces around an operand of `&&` and `||`. */
export interface Anchor {
  /** The way down to it, itself the last step. */
  readonly path: readonly Step[];
  readonly step: StatementStep | OperandStep;
  /** The statement or the operands. */
  readonly span: Span;
}

/**
 * Climbs from a command to the place where a failing check stops the step and nothing is fetched that was not fetched before: out of pipes,
 * substitutions and subshells, whose `exit` ends only themselves, but not over a condition.
 *
 * @param path the way down to the command
 * @param uses variables that the guard needs; what sets them stays in front of it
 */
export function anchorOf(site: PinSite, path: readonly Step[], uses: ReadonlySet<string>): Anchor | NoFix {
  const climb: Climb = { site, path, uses };
  let stop = naturalStop(climb, path.length - 1);
  while (!isRefusal(stop)) {
    const border = borderAbove(climb, stop);
    if (border === undefined || !mayPass(climb, border, stop)) break;
    stop = naturalStop(climb, path[border]?.kind === "statement" ? border : border - 1);
  }
  if (isRefusal(stop)) return stop;
  const step = path[stop];
  if (step?.kind !== "statement" && step?.kind !== "operand") return refuse(NOWHERE);
  return anchorAt(path.slice(0, stop + 1), step);
}

/** The place at the end of a path. Operands up to `last` are kept together. */
export function anchorAt(path: readonly Step[], step: StatementStep | OperandStep, last?: number): Anchor {
  if (step.kind === "statement") return { path, step, span: step.statement.span };
  const { operands, span } = step.node;
  return {
    path,
    step,
    span: {
      start: operands[step.index]?.span.start ?? span.start,
      end: operands[last ?? step.index]?.span.end ?? span.end,
    },
  };
}

/** Said where no line can be added. */
export const NOWHERE =
  "The download stands where no check can be put in front of it; write it as a command on a line of its own, then pin it.";

const RETRIED =
  "The condition asks for the script again and again, so a failing check would be retried or hidden; download and verify the file once before it (curl --retry retries a download).";

const LATE =
  "The download is the condition of an `elif`, which is asked only after others failed; turn it into an `if` of its own within `else`, then pin it.";

interface Climb {
  readonly site: PinSite;
  readonly path: readonly Step[];
  readonly uses: ReadonlySet<string>;
}

/** Index of the step at which the structure of the script alone asks to stop. */
function naturalStop(climb: Climb, from: number): number | NoFix {
  const { path } = climb;
  for (let index = from; index >= 0; index--) {
    const step = path[index];
    const above = path[index - 1];
    if (step?.kind === "operand" && step.index > 0) return index;
    if (step?.kind !== "statement") continue;
    if (above === undefined) return index;
    if (above.kind === "condition") {
      if (above.node.kind === "loop") return refuse(RETRIED);
      if (above.branch > 0) return refuse(LATE);
      if (step.index > 0) return index;
      continue;
    }
    const border =
      above.kind === "word" || above.kind === "string" || (above.kind === "body" && isSubshell(above.node));
    if (!border || !mayPass(climb, index - 1, index)) return index;
  }
  return refuse(NOWHERE);
}

/** Index of the nearest step above that has a shell of its own, which is all that `exit` ends. */
function borderAbove({ site, path }: Climb, below: number): number | undefined {
  const index = path.findLastIndex((step, at) => at < below && isBorder(site, step));
  return index < 0 ? undefined : index;
}

function isBorder(site: PinSite, step: Step): boolean {
  switch (step.kind) {
    case "word":
    case "string":
      return true;
    case "stage":
      return step.node.stages.length > 1;
    case "statement":
      return step.statement.background;
    case "body":
      return isSubshell(step.node) || (step.node.kind === "function" && isCalledApart(site, step.node.name));
    default:
      return false;
  }
}

function isSubshell(node: Node): boolean {
  return node.kind === "group" && node.subshell;
}

/** True where what follows the path's place runs in a shell of its own, so that `exit` there does not end the script. */
export function runsApart(site: PinSite, path: readonly Step[]): boolean {
  return path.some((step) => isBorder(site, step));
}

function isCalledApart(site: PinSite, name: string): boolean {
  for (const { path, command } of commandsOf(site)) {
    if (staticText(command.words[0]) !== name) continue;
    if (path.some((step) => step.kind !== "body" && isBorder(site, step))) return true;
    if (path.some((step) => step.kind === "body" && isSubshell(step.node))) return true;
  }
  return false;
}

/** True where what stands below the border may be fetched before it: no condition between, nothing that has to happen first. */
function mayPass({ site, path, uses }: Climb, border: number, stop: number): boolean {
  for (const step of path.slice(border + 1, stop + 1)) {
    if (
      step.kind === "operand" &&
      !step.node.operands
        .slice(0, step.index)
        .every((node, at) => step.node.operators[at] === "&&" && isPreparation(node))
    )
      return false;
    if (
      step.kind === "statement" &&
      !step.block.statements.slice(0, step.index).every(({ node }) => isPreparation(node) || isMessage(node))
    )
      return false;
    if (step.kind === "body" && (step.node.kind === "if" || step.node.kind === "case")) return false;
  }
  if (uses.size === 0) return true;
  const top = path[border];
  if (top?.kind !== "body" || top.node.kind !== "function") return !assignsAny(site, path, border, uses);
  const argument = [...uses].some((name) => /^(?:\d+|[@*#])$/.test(name));
  return !argument && !assignsBehind(site, top.node.span.start, uses);
}

const PREPARATION = /^(?:cd|pushd|mkdir|export|set|shopt|umask|unset|local|declare|typeset|readonly|:|true)$/;
const MESSAGE = /^(?:echo|printf|ls|pwd|date|sleep)$/;

function isPreparation(node: Node): boolean {
  return node.kind === "command" && (node.words.length === 0 || PREPARATION.test(staticText(node.words[0]) ?? ""));
}

function isMessage(node: Node): boolean {
  return node.kind === "command" && MESSAGE.test(staticText(node.words[0]) ?? "");
}

/** True for a command after which the working directory is another one. */
export function goesElsewhere({ words }: Command): boolean {
  return /^(?:cd|pushd|popd)$/.test(staticText(words[0]) ?? "");
}

/** True for a statement between a download and its use that can neither run nor change the file, nor leave the folder. */
export function isHarmless({ node, background }: Statement): boolean {
  if (background || node.kind !== "command") return false;
  const words = [
    ...node.words,
    ...node.assignments.flatMap(({ value, elements }) => (value ? [value, ...elements] : elements)),
  ];
  const calm = words.every(({ parts }) =>
    parts.every(({ kind }) => kind === "text" || kind === "variable" || kind === "hole"),
  );
  const name = staticText(node.words[0]) ?? "";
  return (
    calm &&
    node.redirects.length === 0 &&
    (node.words.length === 0 || MESSAGE.test(name) || /^(?:mkdir|export|set|umask|:|true)$/.test(name))
  );
}

/** True where one of the names gets its value below the border. */
function assignsAny(site: PinSite, path: readonly Step[], border: number, uses: ReadonlySet<string>): boolean {
  const above = path.slice(0, border + 1);
  for (const step of path.slice(border)) {
    if (
      step.kind === "body" &&
      step.node.kind === "loop" &&
      step.node.variable !== undefined &&
      uses.has(step.node.variable)
    )
      return true;
  }
  for (const { path: other, command } of commandsOf(site)) {
    const below = above.every((step, at) => sameStep(step, other[at]));
    if (below && assignedBy(command).some((name) => uses.has(name))) return true;
  }
  return false;
}

/** True where one of the names gets its value behind an offset: what a function reads is set before its call, not its definition. */
function assignsBehind(site: PinSite, offset: number, uses: ReadonlySet<string>): boolean {
  for (const { command } of commandsOf(site)) {
    if (command.span.start >= offset && assignedBy(command).some((name) => uses.has(name))) return true;
  }
  return [...nodesOf(site.program)].some(
    (node) => node.kind === "loop" && node.span.start >= offset && uses.has(node.variable ?? ""),
  );
}

/** A border that is a stage stands for all stages of its pipe. */
function sameStep(a: Step, b: Step | undefined): boolean {
  if (a.kind === "statement") return b?.kind === "statement" && b.statement === a.statement;
  if (a.kind === "word" || a.kind === "string") return b?.kind === a.kind && b.word.span.start === a.word.span.start;
  return b !== undefined && "node" in b && b.node === a.node;
}

function assignedBy({ assignments, words }: Command): readonly string[] {
  const names = assignments.map(({ name }) => name);
  const texts = words
    .slice(1)
    .map((word) => /^[A-Za-z_]\w*/.exec(word.parts[0]?.kind === "text" ? word.parts[0].value : "")?.[0] ?? "");
  const declares = /^(?:export|local|declare|typeset|readonly|read|mapfile|readarray|unset|getopts)$/.test(
    staticText(words[0]) ?? "",
  );
  return declares ? [...names, ...texts] : names;
}
