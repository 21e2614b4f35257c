import type { Hole } from "../masking.ts";
import type { Span } from "../text.ts";
import type { LocalPart, LocalProgram } from "./local-program.ts";
import { type Automatic, expandMake, type MakeVariables, maskMake } from "./makefile-expressions.ts";
import { readShellLine, shellOptions } from "./shell-line.ts";

/**
 * What a makefile runs for some targets: the recipes of their prerequisites, then their own, each line in a shell of its own. Files that it
 * includes, pattern rules and `$(shell …)` are not followed. `undefined` where its recipes are in no shell's language.
 *
 * Source: GNU make 4.4 manual; `.ONESHELL`, `.POSIX` and `SHELL` as it has them.
 *
 * @param targets none means the makefile's own goal
 * @param overrides variables of the command line, which win over those of the file
 */
export function readMakefile(
  text: string,
  targets: readonly string[],
  overrides: ReadonlyMap<string, string>,
): Omit<LocalProgram, "path" | "notation" | "folder"> | undefined {
  const file = readStructure(text);
  const variables: MakeVariables = {
    values: new Map([...file.variables, ...overrides]),
    budget: { left: MAX_REFERENCES },
  };
  const shell = readShellLine(expandMake("$(SHELL)", variables)) ?? (variables.values.has("SHELL") ? undefined : SH);
  if (shell === undefined) return undefined;
  const rules = rulesByTarget(file.rules, variables);
  const flags = shellOptions(expandMake("$(.SHELLFLAGS)", variables).split(/\s+/));
  const used = new Map<string, string>();
  const writer: Writer = {
    text,
    file,
    variables,
    used,
    blanks: text.replace(/[^\n]/g, " "),
    left: MAX_TEXT,
    lines: MAX_LINES,
  };
  const goals = targets.length > 0 ? targets.map((name) => name.replace(/^\.\/+/, "")) : goalOf(file, variables);
  const parts = orderOf(goals, rules).flatMap((target) => {
    const own = rules.get(target);
    return own === undefined
      ? []
      : recipesOf(own, target).flatMap((recipe) => write(writer, recipe, rules.has(".ONESHELL")));
  });
  return {
    language: shell.language,
    errexit: shell.errexit || flags.errexit || rules.has(".POSIX"),
    pipefail: shell.pipefail || flags.pipefail,
    variables: used,
    parts,
  };
}

const MAX_REFERENCES = 5000;
const SH = { language: "sh", errexit: false, pipefail: false } as const;

/** A rule as it is written. */
interface Rule {
  readonly targets: string;
  readonly prerequisites: string;
  /** `target:: …`: every such rule of a target counts. */
  readonly double: boolean;
  /** The lines of its recipe without what marks them as such; one may go on over several physical lines. */
  readonly lines: Span[];
}

interface Structure {
  readonly rules: readonly Rule[];
  readonly variables: ReadonlyMap<string, string>;
  /** Lines of `define NAME … endef`. */
  readonly macros: ReadonlyMap<string, readonly Span[]>;
}

function readStructure(text: string): Structure {
  const rules: Rule[] = [];
  const variables = new Map<string, string>();
  const macros = new Map<string, readonly Span[]>();
  let rule: Rule | undefined;
  let macro: Span[] | undefined;
  for (const line of logicalLines(text)) {
    const written = text.slice(line.start, line.end);
    if (macro !== undefined) {
      if (/^\s*endef\b/.test(written)) macro = undefined;
      else macro.push(line);
      continue;
    }
    if (written.startsWith("\t") && rule !== undefined) {
      rule.lines.push({ start: line.start + 1, end: line.end });
      continue;
    }
    const plain = joined(written);
    if (plain === "" || /^(?:ifn?eq|ifn?def|else|endif)\b/.test(plain)) continue;
    rule = undefined;
    const [, defined] = /^(?:override\s+)?define\s+([^\s=:?+]+)/.exec(plain) ?? [];
    if (defined !== undefined) {
      macro = [];
      macros.set(defined, macro);
    } else if (!assign(plain, variables)) {
      rule = readRule(written, plain, line.start);
      if (rule !== undefined) rules.push(rule);
    }
  }
  return { rules, variables, macros };
}

/** Lines of the file, joined where an odd number of backslashes ends them; without their line breaks. */
function* logicalLines(text: string): Iterable<Span> {
  let start = 0;
  for (const { index } of text.matchAll(/\n|$/g)) {
    const end = text[index - 1] === "\r" ? index - 1 : index;
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\" && end - 1 - backslashes >= start) backslashes++;
    if (backslashes % 2 === 1 && index < text.length) continue;
    yield { start, end };
    start = index + 1;
  }
}

/** A logical line as make reads it outside of a recipe: in one piece and without its comment. */
function joined(written: string): string {
  return written
    .replace(/\\\r?\n/g, " ")
    .replace(/(^|[^\\])#[\s\S]*/, "$1")
    .replaceAll("\\#", "#")
    .trim();
}

const ASSIGNMENT = /^(?:(?:export|override|private)\s+)*([^\s:#=!?+]+)\s*(=|:{1,3}=|\?=|\+=|!=)\s*(.*)$/s;

/** Notes a variable. True for lines that are no rule. */
function assign(plain: string, variables: Map<string, string>): boolean {
  const [, name, operator, value = ""] = ASSIGNMENT.exec(plain) ?? [];
  if (name === undefined)
    return /^(?:-?include|sinclude|vpath|export|unexport|undefine|-?load)\b/.test(plain) && !/^\S+\s*:/.test(plain);
  const old = variables.get(name);
  if (operator === "+=" && old !== undefined) variables.set(name, `${old} ${value}`);
  else if (operator === "!=") variables.set(name, `$(shell ${value})`);
  else if (operator !== "?=" || old === undefined) variables.set(name, value);
  return true;
}

function readRule(written: string, plain: string, start: number): Rule | undefined {
  const colon = outside(plain, ":");
  if (colon < 0 || plain[colon + 1] === "=") return undefined;
  const double = plain[colon + 1] === ":";
  const behind = plain.slice(colon + (double ? 2 : 1));
  // `target: NAME = value` sets a variable for the target alone.
  if (/^\s*(?:(?:export|override|private)\s+)*[\w.-]+\s*(?::{1,3}|[?+!])?=/.test(behind)) return undefined;
  const semicolon = outside(behind, ";");
  const inline = semicolon < 0 ? -1 : outside(written, ";");
  return {
    targets: plain.slice(0, colon).replace(/&$/, ""),
    prerequisites: (semicolon < 0 ? behind : behind.slice(0, semicolon)).replace(/\|/g, " "),
    double,
    lines: inline < 0 ? [] : [{ start: start + inline + 1, end: start + written.length }],
  };
}

/** The first place of a character outside of `$( … )` and `${ … }`, -1 where there is none. */
function outside(text: string, char: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "$" && /[({]/.test(text[at + 1] ?? "")) {
      depth++;
      at++;
    } else if (depth > 0 && /[)}]/.test(text[at] ?? "")) depth--;
    else if (depth === 0 && text[at] === char) return at;
  }
  return -1;
}

/** A rule with its names expanded. */
interface NamedRule extends Rule {
  readonly names: readonly string[];
}

function rulesByTarget(rules: readonly Rule[], variables: MakeVariables): ReadonlyMap<string, readonly NamedRule[]> {
  const found = new Map<string, NamedRule[]>();
  for (const rule of rules) {
    // `a b: %: %.c` is a static pattern rule: what stands in front of the second colon tells which of the targets are meant.
    const names = namesIn(rule.prerequisites.slice(outside(rule.prerequisites, ":") + 1), variables);
    for (const target of namesIn(rule.targets, variables)) {
      const known = found.get(target);
      if (known === undefined) found.set(target, [{ ...rule, names }]);
      else known.push({ ...rule, names });
    }
  }
  return found;
}

/** File names of a list. A pattern is no name. */
function namesIn(list: string, variables: MakeVariables): readonly string[] {
  return expandMake(list, variables)
    .split(/\s+/)
    .flatMap((name) => (name === "" || name.includes("%") ? [] : [name.replace(/^\.\/+/, "")]));
}

/** `.DEFAULT_GOAL`, else the first target that does not start with a dot. */
function goalOf(file: Structure, variables: MakeVariables): readonly string[] {
  const named = namesIn("$(.DEFAULT_GOAL)", variables);
  if (named.length === 1 && file.variables.has(".DEFAULT_GOAL")) return named;
  for (const rule of file.rules) {
    const first = namesIn(rule.targets, variables).find((name) => !/^\.[^/]*$/.test(name));
    if (first !== undefined) return [first];
  }
  return [];
}

/** Targets in the order in which they are made: each once, its prerequisites before it. */
function orderOf(goals: readonly string[], rules: ReadonlyMap<string, readonly NamedRule[]>): readonly string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  const open: { readonly target: string; readonly ready: boolean }[] = [];
  const push = (targets: readonly string[]): void => {
    for (const target of [...targets].reverse()) open.push({ target, ready: false });
  };
  push(goals);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { target, ready } = next;
    if (ready) order.push(target);
    if (ready || seen.has(target)) continue;
    seen.add(target);
    open.push({ target, ready: true });
    push((rules.get(target) ?? []).flatMap(({ names }) => names).filter((name) => !seen.has(name)));
  }
  return order;
}

/** The lines of a recipe, and what its automatic variables stand for. */
interface Recipe {
  readonly lines: readonly Span[];
  readonly automatic: Automatic;
}

/** Of several recipes for a target the last one counts, unless their rules have two colons. */
function recipesOf(rules: readonly NamedRule[], target: string): readonly Recipe[] {
  const filled = rules.filter(({ lines }) => lines.length > 0);
  const counting = filled.every(({ double }) => double) ? filled : filled.slice(-1);
  return counting.map(({ lines, names, double }) => {
    const prerequisites = [...new Set([...names, ...(double ? [] : rules.flatMap((rule) => rule.names))])];
    return { lines, automatic: { target, prerequisites } };
  });
}

interface Writer {
  readonly text: string;
  readonly file: Structure;
  readonly variables: MakeVariables;
  /** Values of the variables that the parts name. */
  readonly used: Map<string, string>;
  /** The file with everything but its line breaks blanked. */
  readonly blanks: string;
  /** Characters that may still be written: parts are as long as what stands in front of them. */
  left: number;
  /** Lines that may still be looked at, those of a macro at each of its uses. */
  lines: number;
}

const MAX_TEXT = 4_000_000;
const MAX_LINES = 5000;

function write(writer: Writer, { lines, automatic }: Recipe, oneShell: boolean): readonly LocalPart[] {
  const all = lines.flatMap((line) => expandMacro(writer, line));
  const groups = oneShell ? [all] : all.map((line) => [line]);
  return groups.flatMap((group) => {
    const part = writePart(writer, group, automatic);
    return part === undefined ? [] : [part];
  });
}

function writePart(writer: Writer, lines: readonly Span[], automatic: Automatic): LocalPart | undefined {
  const [first] = lines;
  const last = lines.at(-1);
  if (first === undefined || last === undefined || writer.left < last.end) return undefined;
  writer.left -= last.end;
  const holes: Hole[] = [];
  let text = "";
  let tolerated = false;
  for (const [index, line] of lines.entries()) {
    // A macro's lines can lie in front of those that name it: such a recipe has no place in the order of the file.
    if (line.start < text.length) return undefined;
    const masked = maskMake(writer.text.slice(line.start, line.end), line.start, writer, automatic, index === 0);
    text += writer.blanks.slice(text.length, line.start) + masked.text;
    holes.push(...masked.holes);
    tolerated ||= masked.tolerated;
  }
  return text.trim() === "" ? undefined : { text, holes, tolerated };
}

/** A line that is nothing but `$(NAME)` or `$(call NAME,…)` of a `define` stands for the lines of that. */
function expandMacro(writer: Writer, line: Span, within: readonly string[] = []): readonly Span[] {
  if (writer.lines-- <= 0) return [];
  const written = writer.text.slice(line.start, line.end);
  const [, name = ""] = /^[\s@+-]*\$[({](?:call\s+)?([\w.-]+)\s*(?:,.*)?[)}]\s*$/s.exec(written) ?? [];
  const body = within.includes(name) ? undefined : writer.file.macros.get(name);
  return body === undefined ? [line] : body.flatMap((each) => expandMacro(writer, each, [...within, name]));
}
