import type { Hole } from "../masking.ts";

/** The variables of a makefile, as they are written there. */
export interface MakeVariables {
  readonly values: ReadonlyMap<string, string>;
  /** How many references may still be expanded: variables that name each other twice grow without end. */
  readonly budget: { left: number };
}

/** What `$@`, `$<`, `$^` and their kin stand for in a recipe. */
export interface Automatic {
  readonly target: string;
  readonly prerequisites: readonly string[];
}

/** The text with the variables of the makefile filled in. What is a function or not defined stays as it is written. */
export function expandMake(text: string, variables: MakeVariables, depth = 0): string {
  if (depth > MAX_DEPTH || !text.includes("$")) return text;
  return text.replace(/\$\$|\$[({]([\w.-]+)[)}]|\$(\w)/g, (written, long?: string, short?: string) => {
    if (written === "$$") return "$";
    const value = variables.values.get(long ?? short ?? "");
    if (value === undefined || value.length > MAX_VALUE || variables.budget.left-- <= 0) return written;
    return expandMake(value, variables, depth + 1);
  });
}

const MAX_DEPTH = 12;
const MAX_VALUE = 2000;

/** A line of a recipe as its shell gets it. */
export interface MaskedLine {
  /** As long as the line. */
  readonly text: string;
  /** With spans of the file. */
  readonly holes: readonly Hole[];
  readonly tolerated: boolean;
}

/**
 * Masks what make replaces in a line of a recipe, and blanks what it takes away. `$$` is one `$` of the shell: behind a blank it is ` $`, of
 * `$$( … )` the blank goes behind the bracket, and elsewhere, where a blank would split a word, the shell's variable becomes a hole that names it.
 *
 * @param start offset of the line in the file
 * @param context takes the values of the variables that the line names
 * @param first true where `@`, `-` and `+` in front of the command belong to make
 */
export function maskMake(
  line: string,
  start: number,
  context: { readonly variables: MakeVariables; readonly used: Map<string, string> },
  automatic: Automatic,
  first: boolean,
): MaskedLine {
  const head = first ? headOf(line, context.variables) : "";
  const holes: Hole[] = [];
  let text = head.replace(/[^\n]/g, " ");
  for (let at = head.length; at < line.length; ) {
    const piece = pieceAt(line, at, context, automatic);
    if (piece.hole !== undefined)
      holes.push({ span: { start: start + at, end: start + at + piece.text.length }, ambiguous: false, ...piece.hole });
    text += piece.text;
    at += piece.text.length;
  }
  return { text, holes, tolerated: /-/.test(head.replace(/\$[({].*?[)}]/g, "")) };
}

/**
 * `@`, `-`, `+` and blanks, and variables in their place, such as `$(Q)`: those that hold nothing else, and those of an unknown value that the
 * command's name follows directly.
 */
function headOf(line: string, variables: MakeVariables): string {
  let head = "";
  for (;;) {
    const rest = line.slice(head.length, head.length + 200);
    const plain = /^[\s@+-]+/.exec(rest)?.[0] ?? "";
    const [reference = "", long, short] = /^\$(?:[({]([\w.-]+)[)}]|([A-Za-z]))/.exec(rest.slice(plain.length)) ?? [];
    const written = variables.values.get(long ?? short ?? "");
    const value = written === undefined ? undefined : expandMake(written, variables);
    const glued = /\w/.test(rest[plain.length + reference.length] ?? "");
    const silent = value === undefined || value.includes("$") ? glued : /^[\s@+-]*$/.test(value);
    if (reference === "" || !silent) return head + plain;
    head += plain + reference;
  }
}

interface Piece {
  /** What stands in the place of as many characters of the line. */
  readonly text: string;
  readonly hole?: { readonly text: string; readonly variable?: string };
}

function pieceAt(
  line: string,
  at: number,
  { variables, used }: { readonly variables: MakeVariables; readonly used: Map<string, string> },
  automatic: Automatic,
): Piece {
  const char = line.charAt(at);
  // A blank behind the backslash would be what it escapes.
  if (char === "\\" && line.startsWith("\r\n", at + 1)) return { text: " \\" };
  if (char === "\r") return { text: " " };
  if (char === "\n") return { text: line[at + 1] === "\t" ? "\n " : "\n" };
  if (char !== "$" || /^\s?$/.test(line.charAt(at + 1))) return { text: char };
  if (line[at + 1] === "$") return shellDollar(line, at);
  const end = referenceEnd(line, at);
  const written = line.slice(at, end);
  const name = /^\$[({]([^\s]+)[)}]$/.exec(written)?.[1] ?? written.slice(1);
  const mask = `X${"_".repeat(end - at - 1)}`;
  const known = automaticValue(name, automatic);
  if (known !== undefined) return { text: mask, hole: { text: known } };
  if (!/^[A-Za-z_][\w.-]*$/.test(name)) return { text: mask, hole: { text: written } };
  if (variables.values.has(name)) used.set(name, expandMake(written, variables));
  else if (name === "MAKE") used.set(name, "make");
  return { text: mask, hole: { text: written, variable: name } };
}

function shellDollar(line: string, at: number): Piece {
  const rest = line.slice(at + 2, at + 102);
  const bracket = /^\({1,2}/.exec(rest)?.[0];
  if (bracket !== undefined) return { text: `$${bracket} ` };
  const [written, name] = /^(?:(\d|[A-Za-z_]\w*|[@*#?!-])|\{\w+[^{}]*\}|\$\$)/.exec(rest) ?? [];
  if (written === undefined || /\s/.test(line[at - 1] ?? " ")) return { text: " $" };
  const variable = name ?? /^\{(\w+)\}$/.exec(written)?.[1];
  const text = variable === undefined ? `$${written}` : `$${variable}`;
  return { text: `X${"_".repeat(written.length + 1)}`, hole: variable === undefined ? { text } : { text, variable } };
}

/** Where the reference that starts at a `$` ends. */
function referenceEnd(line: string, at: number): number {
  const open = line.charAt(at + 1);
  const close = open === "(" ? ")" : open === "{" ? "}" : undefined;
  if (close === undefined) return at + 2;
  let depth = 0;
  for (let end = at + 1; end < line.length; end++) {
    if (line[end] === open) depth++;
    else if (line[end] === close && --depth === 0) return end + 1;
  }
  return line.length;
}

/** `$@`, `$<`, `$^`, `$+`, `$?`, and with D or F their folders or file names. The stem of a pattern is not known. */
function automaticValue(name: string, { target, prerequisites }: Automatic): string | undefined {
  const [, symbol = "", part] = /^([@<^+?])([DF])?$/.exec(name) ?? [];
  if (symbol === "") return undefined;
  const names = symbol === "@" ? [target] : symbol === "<" ? prerequisites.slice(0, 1) : prerequisites;
  const cut = part === "D" ? /(?:\/[^/]*|^[^/]*)$/ : part === "F" ? /^.*\// : undefined;
  const values = names.map((each) => (cut === undefined ? each : each.replace(cut, "") || "."));
  return values.length === 0 ? undefined : values.join(" ");
}
