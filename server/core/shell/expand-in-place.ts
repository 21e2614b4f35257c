import type { Hole } from "../masking.ts";
import type { ScriptChange, ShellLanguage } from "../model.ts";
import type { Span } from "../text.ts";
import { parseBash } from "./bash.ts";
import {
  type Block,
  blocksOf,
  type Command,
  type Condition,
  type Node,
  type Part,
  programsOf,
  type Redirect,
  staticText,
  type Word,
} from "./command.ts";
import { literalsIn } from "./literals.ts";
import { parsePowerShell } from "./powershell.ts";

// An environment variable in the place of a piece of a script's text, written so that the word around it becomes what it was with the
// variable's value in that place, whatever the value holds.

/** Code whose pieces are to be replaced. */
export interface Code {
  /** With its expressions masked. */
  readonly text: string;
  readonly holes: readonly Hole[];
  readonly shell: { readonly language: ShellLanguage };
}

/** A way to write the variable. */
export interface Expansion {
  readonly changes: readonly ScriptChange[];
  /** True where a second program reads the word as code: the value is no longer code of this script, and it is code of that one. */
  readonly code: boolean;
}

/**
 * The changes of the script that put the value of an environment variable in the place of `span`, which is a masked expression or a
 * variable of the script. `undefined` where the place does not allow it: in a comment, in quoted here-documents, in the name of a program,
 * in a list of a loop that the expression may have been several words of, and in languages whose quoting is not known here.
 */
export function expandInPlace(code: Code, span: Span, name: string): Expansion | undefined {
  const { language } = code.shell;
  if (language === "python" || language === "javascript") return literalExpansion(code, language, span, name);
  const windows = language === "powershell";
  if (!windows && !POSIX.has(language)) return undefined;
  const site = sitesOf(code).get(key(span));
  if (site === undefined) return undefined;
  const changes = windows ? inPowerShell(code.text, site, span, name) : inPosix(code, site, span, name);
  return changes && { changes, code: site.code };
}

const POSIX: ReadonlySet<ShellLanguage> = new Set(["bash", "sh", "zsh", "ksh"]);

type Role = "program" | "argument" | "value" | "list" | "pattern" | "document";

/** Where a part of a word stands. */
interface Site {
  readonly word: Word;
  readonly role: Role;
  readonly code: boolean;
}

const SITES = new WeakMap<Code, ReadonlyMap<string, Site>>();

/** Every part of a word that is an expression or a variable, by its place. Computed once for each script. */
function sitesOf(code: Code): ReadonlyMap<string, Site> {
  const known = SITES.get(code);
  if (known !== undefined) return known;
  const sites = new Map<string, Site>();
  const parse = code.shell.language === "powershell" ? parsePowerShell : parseBash;
  collectBlock(parse(code.text, code.holes), { text: code.text, sites, code: false });
  SITES.set(code, sites);
  return sites;
}

interface Collecting {
  readonly text: string;
  readonly sites: Map<string, Site>;
  /** True where the output of what is being read is a program. */
  readonly code: boolean;
}

function key({ start, end }: Span): string {
  return `${start}:${end}`;
}

function collectBlock(block: Block, into: Collecting): void {
  for (const { node } of block.statements) collectNode(node, into);
}

function collectNode(node: Node, into: Collecting): void {
  switch (node.kind) {
    case "command":
      collectCommand(node, into);
      return;
    case "chain":
      for (const each of node.operands) collectNode(each, into);
      return;
    case "pipe":
      node.stages.forEach((stage, index) => {
        const read = node.stages.slice(index + 1).some((each) => each.kind === "command" && runsCode(each.words));
        collectNode(stage, read ? { ...into, code: true } : into);
      });
      return;
    case "loop":
      for (const each of node.values ?? []) collectWord(each, "list", false, into);
      break;
    case "case":
      collectWord(node.subject, "value", false, into);
      for (const { patterns } of node.arms) for (const each of patterns) collectWord(each, "pattern", false, into);
      break;
    case "test":
      if (node.condition !== undefined) collectCondition(node.condition, into);
  }
  for (const block of blocksOf(node)) collectBlock(block, into);
  if ("redirects" in node) for (const each of node.redirects) collectRedirect(each, [], into);
}

function collectCommand({ assignments, words, redirects }: Command, into: Collecting): void {
  for (const { value, elements } of assignments)
    for (const each of [...(value === undefined ? [] : [value]), ...elements]) collectWord(each, "value", false, into);
  words.forEach((word, index) => {
    collectWord(word, index === 0 ? "program" : "argument", takesCode(words.slice(0, index)), into);
  });
  for (const each of redirects) collectRedirect(each, words, into);
}

function collectRedirect({ operator, target, span }: Redirect, words: readonly Word[], into: Collecting): void {
  if (target === undefined) return;
  if (operator !== "<<") {
    collectWord(target, "value", operator === "<<<" && runsCode(words), into);
    return;
  }
  const quoted = /^\d*<<-?[ \t]*[^\s]*['"\\]/.test(into.text.slice(span.start, span.start + 80));
  if (!quoted) collectWord(target, "document", runsCode(words), into);
}

function collectCondition(condition: Condition, into: Collecting): void {
  if (condition.kind === "unary") collectWord(condition.operand, "value", false, into);
  else if (condition.kind === "not") collectCondition(condition.operand, into);
  else if (condition.kind === "logical") for (const each of condition.operands) collectCondition(each, into);
  else {
    collectWord(condition.left, "value", false, into);
    const pattern = /^(?:=|==|!=|=~)$/.test(condition.operator);
    collectWord(condition.right, pattern ? "pattern" : "value", false, into);
  }
}

function collectWord(word: Word, role: Role, code: boolean, into: Collecting): void {
  for (const part of word.parts) {
    if (part.kind === "hole" || part.kind === "variable")
      into.sites.set(key(part.span), { word, role, code: code || into.code });
    // What is quoted within backticks is unquoted twice.
    if (part.kind === "substitution" && into.text[part.span.start] === "`") continue;
    if (part.kind === "substitution" || part.kind === "process" || part.kind === "unknown") {
      const inner = code ? { ...into, code } : into;
      for (const program of programsOf({ span: part.span, parts: [part] })) collectBlock(program, inner);
    }
  }
}

/** Programs that take code in every argument, or that hand their arguments to a shell elsewhere. */
const EVALUATING =
  /^(?:eval|ssh|su|runuser|trap|g?sed|[gmn]?awk|watch|parallel|expect|iex|invoke-expression|invoke-command|icm)$/;

const INTERPRETER =
  /^(?:(?:ba|da|a|z|k|mk|fi|c|tc)?sh|pwsh|powershell|cmd|python[\d.]*|pypy[\d.]*|node|nodejs|deno|bun|perl|ruby|php|lua|rscript|osascript|psql|mysql|mariadb|sqlite3|script)$/;

const CODE_OPTION = /^-[a-z]*[cer]$|^--(?:eval|command|execute|code|print)$|^[-/](?:c|k|command|encodedcommand)$/;

/** True where the word behind these is code of another program. */
function takesCode(words: readonly Word[]): boolean {
  const names = words.map(programName);
  if (names.some((name) => EVALUATING.test(name))) return true;
  const at = names.findIndex((name) => INTERPRETER.test(name));
  return at >= 0 && words.slice(at + 1).some((word) => CODE_OPTION.test((staticText(word) ?? "").toLowerCase()));
}

/** True where a command may run what it reads. */
function runsCode(words: readonly Word[]): boolean {
  return words.map(programName).some((name) => EVALUATING.test(name) || INTERPRETER.test(name));
}

function programName(word: Word): string {
  const name = (staticText(word) ?? "").replace(/^.*[/\\]/s, "").toLowerCase();
  return name.endsWith(".exe") ? name.slice(0, -4) : name;
}

type Quotes = "none" | "single" | "double";

/**
 * How the text of a word is quoted at one of its parts; `undefined` where that is not told from the text in front of it, such as behind a
 * dollar that would become a part of the variable.
 */
function quotesAt(text: string, { span, parts }: Word, at: number, windows: boolean): Quotes | undefined {
  const inner = new Map(parts.filter((part) => isSkipped(part, at)).map((part) => [part.span.start, part.span.end]));
  let quotes: Quotes = "none";
  let dollar = false;
  for (let index = span.start; index < at; index++) {
    const end = inner.get(index);
    const char = text[index];
    if (end !== undefined && end > index) index = end - 1;
    else if (char === (windows ? "`" : "\\") && quotes !== "single") index++;
    else if ((char === "'" && quotes !== "double") || (char === '"' && quotes !== "single")) {
      // Bash's $'…' and $"…" have rules of their own.
      if (quotes === "none" && dollar && !windows) return undefined;
      quotes = quotes === "none" ? (char === "'" ? "single" : "double") : "none";
    }
    dollar = end === undefined && char === "$" && quotes !== "single";
    if (index >= at) return undefined;
  }
  return dollar ? undefined : quotes;
}

/** Programs within a word have quotes of their own. */
function isSkipped(part: Part, before: number): boolean {
  return part.kind !== "text" && part.kind !== "glob" && part.span.end <= before;
}

function inPosix(code: Code, { word, role }: Site, span: Span, name: string): readonly ScriptChange[] | undefined {
  const { text } = code;
  const before = text[span.start - 1] ?? "";
  const bare = variable(text[span.end] ?? "", name, code.shell.language === "zsh");
  if (role === "document") return before === "\\" || before === "$" ? undefined : [{ span, text: bare }];
  if (role === "program") return undefined;
  switch (quotesAt(text, word, span.start, false)) {
    case "double":
      return [{ span, text: bare }];
    case "none":
      return role === "list" || role === "pattern" ? undefined : [{ span, text: `"$${name}"` }];
    case "single":
      return [outsideQuotes(text, span, `"$${name}"`)];
    default:
      return undefined;
  }
}

/** `$NAME`, in braces where what follows would be read as a part of it. */
function variable(next: string, name: string, zsh: boolean): string {
  return /[\w[]/.test(next) || (zsh && next === ":") ? `\${${name}}` : `$${name}`;
}

/** The quotes end in front of a piece and start again behind it, where there is something left to quote. */
function outsideQuotes(text: string, { start, end }: Span, piece: string): ScriptChange {
  const first = text[start - 1] === "'";
  const last = text[end] === "'";
  return {
    span: { start: first ? start - 1 : start, end: last ? end + 1 : end },
    text: `${first ? "" : "'"}${piece}${last ? "" : "'"}`,
  };
}

function inPowerShell(
  text: string,
  { word, role }: Site,
  span: Span,
  name: string,
): readonly ScriptChange[] | undefined {
  if (role === "program" || /^@['\u2018-\u201b]/.test(text.slice(word.span.start, word.span.start + 2)))
    return undefined;
  const braced = /[\w:.[({?]/.test(text[span.end] ?? "") ? `\${env:${name}}` : `$env:${name}`;
  switch (quotesAt(text, word, span.start, true)) {
    case "double":
      return [{ span, text: braced }];
    case "none":
      return bareInPowerShell(text, word, role, span, name);
    case "single":
      return singleInPowerShell(text, word, span, braced);
    default:
      return undefined;
  }
}

/** The whole word gets quotes, because a word that starts with a dash may not expand what is in it. Elsewhere bare text is code. */
function bareInPowerShell(
  text: string,
  word: Word,
  role: Role,
  span: Span,
  name: string,
): readonly ScriptChange[] | undefined {
  const lead = text.slice(word.span.start, span.start);
  const rest = text.slice(span.end, word.span.end);
  if (role !== "argument" || !/^[\w%+=:./\\-]*$/.test(lead + rest)) return undefined;
  return [{ span: word.span, text: `"${lead}\${env:${name}}${rest}"`.replace(/\$\{(env:\w+)\}"/, '$$$1"') }];
}

/** The string becomes one that expands variables, where nothing else in it would change by that. */
function singleInPowerShell(text: string, word: Word, span: Span, braced: string): readonly ScriptChange[] | undefined {
  const lead = text.slice(word.span.start, span.start);
  const rest = text.slice(span.end, word.span.end);
  if (!/^'[^'"`$\u2018-\u201f]*$/.test(lead) || !/^[^'"`$\u2018-\u201f]*'$/.test(rest)) return undefined;
  return [{ span: word.span, text: `"${lead.slice(1)}${braced}${rest.slice(0, -1)}"` }];
}

/** A string literal becomes an expression that reads the variable. */
function literalExpansion(
  { text }: Code,
  language: "python" | "javascript",
  span: Span,
  name: string,
): Expansion | undefined {
  const literal = literalsIn(text, language).find(({ inner }) => inner.start <= span.start && span.end <= inner.end);
  if (literal === undefined) return undefined;
  const { outer, inner, quote } = literal;
  const read = language === "python" ? `os.environ["${name}"]` : `process.env.${name}`;
  if (language === "python" && !/^import (?:\w+, *)*os\b/m.test(text.slice(0, span.start))) return undefined;
  if (text[span.start - 1] === "\\") return undefined;
  if (quote === "`" && (inner.start < span.start || span.end < inner.end))
    return text[span.start - 1] === "$" ? undefined : { changes: [{ span, text: `\${${read}}` }], code: false };
  const lead = inner.start < span.start ? `${text.slice(outer.start, span.start)}${quote} + ` : "";
  const rest = span.end < inner.end ? ` + ${quote}${text.slice(span.end, outer.end)}` : "";
  const joined = lead + rest === "" ? read : `(${lead}${read}${rest})`;
  return { changes: [{ span: outer, text: joined }], code: false };
}
