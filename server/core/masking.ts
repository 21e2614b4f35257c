import type { Span } from "./text.ts";

/** An expression of the CI product within a script: something that is known only when the pipeline runs. */
export interface Hole {
  /** In the script's text. */
  readonly span: Span;
  /** As written, such as "${{ secrets.X }}". */
  readonly text: string;
  /** True where a shell could mean the same characters: `$(name)` is an Azure variable or a command. */
  readonly ambiguous: boolean;
  /** The environment variable whose value the expression is, where it is nothing else: NAME of `${{ env.NAME }}`. */
  readonly variable?: string;
}

/** A script that a shell parser can read. */
export interface Masked {
  /**
   * As long as the script, and the same outside of the holes. A hole is `X` and underscores, line breaks in it included: a
   * part of a word before the mask is a part of that word after it.
   */
  readonly text: string;
  /** In order, not overlapping. */
  readonly holes: readonly Hole[];
}

/** Takes the text of a script, gives it with the expressions of one CI product masked. Linear in the length of the script. */
export type Masking = (text: string) => Masked;

/** For scripts without expressions. */
export const maskNone: Masking = (text) => ({ text, holes: [] });

/**
 * GitHub, Gitea, Forgejo: `${{ … }}` to the first `}}` outside of `'…'`, as the readers of GitHub's runner and language server
 * have it. Where it is not closed before the next one opens, to the end of the line.
 */
export const maskGitHub: Masking = (text) => mask(text, /\$\{\{/g, (at) => hole(templateExpression(text, at)));

/** GitLab: `$[[ … ]]` on one line. `$NAME` is left to the shell, which expands it. */
export const maskGitLab: Masking = (text) => {
  const close = finder(text, "]]");
  const lineBreak = finder(text, "\n");
  return mask(text, /\$\[\[/g, (at) => hole(onLine(at, close(at + 3), 2, lineBreak(at))));
};

/**
 * Azure: `${{ … }}` as in GitHub; `$(name)` where it is one bare word and the script has no function of that name, because
 * Azure leaves what is no variable to the shell; `$[ … ]` where it starts with one of Azure's contexts.
 */
export const maskAzure: Masking = (text) => {
  const functions = functionNames(text);
  return mask(text, /\$(?:\{\{|\(|\[)/g, (at) => {
    if (text[at + 1] === "{") return hole(templateExpression(text, at));
    if (text[at + 1] === "[") return hole(match(azureRuntime, text, at));
    const span = match(azureMacro, text, at);
    const name = span ? text.slice(span.start + 2, span.end - 1) : "";
    return functions.has(name) ? undefined : hole(span, !name.includes("."));
  });
};

/**
 * CircleCI 2.1: `<< pipeline.x >>`, `<< parameters.x >>` and the like on one line. `<<# x >>`, `<<^ x >>` and `<</ x >>` around a
 * section become spaces, and `\<<` is the `<<` of a real here-document. No other `<<` is touched.
 */
export const maskCircleCi: Masking = (text) => {
  const close = finder(text, ">>");
  const lineBreak = finder(text, "\n");
  return mask(text, /\\<<|<<<|<</g, (at) => {
    if (text[at] === "\\") return { start: at, end: at + 3, replacement: " <<" };
    if (text[at + 2] === "<") return { start: at, end: at + 3, replacement: "<<<" };
    const section = match(circleSection, text, at);
    if (!section && !match(circleName, text, at)) return undefined;
    const span = onLine(at, close(at + 2), 2, lineBreak(at));
    return section && span ? { ...span, replacement: " ".repeat(span.end - span.start) } : hole(span);
  });
};

/** Tekton: `$(params.x)`, `$(workspaces["x"].path)` and its other variables; every other `$( … )` belongs to the shell. */
export const maskParentheses: Masking = (text) => mask(text, /\$\(/g, (at) => hole(match(tektonVariable, text, at)));

/** Argo: `{{ … }}` on one line. */
export const maskBraces: Masking = (text) => {
  const close = finder(text, "}}");
  const lineBreak = finder(text, "\n");
  return mask(text, /\{\{/g, (at) => hole(onLine(at, close(at + 2), 2, lineBreak(at))));
};

/** Harness: `<+ … >` on one line, which may hold others. */
export const maskAngles: Masking = (text) => {
  const outermost = new Map(angleExpressions(text).map((span) => [span.start, span]));
  return mask(text, /<\+/g, (at) => hole(outermost.get(at)));
};

/** A part of the script to be replaced by text of the same length; without a replacement it is a hole. */
interface Piece extends Span {
  readonly replacement?: string;
  readonly ambiguous?: boolean;
}

/** `read` gives the piece that starts at a match of `trigger`, or undefined where there is none. */
function mask(text: string, trigger: RegExp, read: (at: number) => Piece | undefined): Masked {
  const parts: string[] = [];
  const holes: Hole[] = [];
  let done = 0;
  for (let found = trigger.exec(text); found; found = trigger.exec(text)) {
    const piece = read(found.index);
    trigger.lastIndex = piece ? piece.end : found.index + 1;
    if (!piece) continue;
    const { start, end, replacement, ambiguous = false } = piece;
    parts.push(text.slice(done, start), replacement ?? `X${"_".repeat(end - start - 1)}`);
    const written = text.slice(start, end);
    const variable = environmentRead.exec(written)?.[1];
    if (replacement === undefined)
      holes.push({ span: { start, end }, text: written, ambiguous, ...(variable && { variable }) });
    done = end;
  }
  parts.push(text.slice(done));
  return { text: parts.join(""), holes };
}

function hole(span: Span | undefined, ambiguous = false): Piece | undefined {
  return span && { ...span, ambiguous };
}

/** Where a sticky pattern matches at an offset. */
function match(pattern: RegExp, text: string, at: number): Span | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found ? { start: at, end: at + found[0].length } : undefined;
}

/** The next occurrence of `token` at or behind offsets that only grow, -1 where there is none: one pass over the text in all. */
function finder(text: string, token: string): (from: number) => number {
  let found = -2;
  return (from) => {
    if (found !== -1 && found < from) found = text.indexOf(token, from);
    return found;
  };
}

/** From `start` to behind a closing mark of some length at `close`, if that comes before the line ends. */
function onLine(start: number, close: number, length: number, lineBreak: number): Span | undefined {
  if (close === -1 || (lineBreak !== -1 && lineBreak < close)) return undefined;
  return { start, end: close + length };
}

function templateExpression(text: string, start: number): Span {
  let quoted = false;
  for (let at = start + 3; at < text.length; at++) {
    const char = text[at];
    if (char === "'") quoted = !quoted;
    else if (!quoted && char === "}" && text[at + 1] === "}") return { start, end: at + 2 };
    else if (!quoted && char === "$" && text.startsWith("${{", at)) break;
  }
  const lineBreak = text.indexOf("\n", start);
  const end = lineBreak === -1 ? text.length : lineBreak;
  return { start, end: text[end - 1] === "\r" ? end - 1 : end };
}

/** Names of the functions that a script defines: `name() …` and `function name …`. */
function functionNames(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [, name] of text.matchAll(/(?<![\w.-])([\w.-]+)[ \t]*\([ \t]*\)/g)) if (name) names.add(name);
  for (const [, name] of text.matchAll(/\bfunction[ \t]+([\w.-]+)/g)) if (name) names.add(name);
  return names;
}

const environmentRead = /^\$\{\{\s*env\.(\w+)\s*\}\}$/;

const azureMacro = /\$\([\w.-]+\)/y;

const azureRuntime =
  /\$\[[ \t]{0,9}(?:variables|parameters|pipeline|resources|dependencies|stageDependencies)\b(?:\['[^'\n]{0,200}'\]|[^\]\n'[]){0,200}\]/y;

const circleSection = /<<[#^/]/y;

const circleName = /<<[ \t]{0,9}(?:not[ \t]{1,9})?(?:parameters|pipeline|matrix|orb|executor|job)\./y;

const tektonVariable =
  /\$\((?:params|workspaces|results|tasks|context|steps?|resources|inputs|outputs|credentials)[.[][\w.\-[\]"'*]*\)/y;

/** The outermost closed `<+ … >` of every line. */
function angleExpressions(text: string): readonly Span[] {
  const spans: Span[] = [];
  let open: number[] = [];
  for (const { 0: token, index } of text.matchAll(/<\+|>|\n/g)) {
    if (token === "\n") open = [];
    else if (token === "<+") open.push(index);
    else {
      const start = open.pop();
      if (start === undefined) continue;
      while ((spans.at(-1)?.start ?? -1) > start) spans.pop();
      spans.push({ start, end: index + 1 });
    }
  }
  return spans;
}
