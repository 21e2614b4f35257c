import { type Scope, type Script, type ScriptChange, type Step, scopeChain } from "./model.ts";
import { expandInPlace } from "./shell/expand-in-place.ts";
import { contains, type Edit, type Span } from "./text.ts";

/** A piece of a script whose text the product puts in before a shell reads it. */
export interface Pasted {
  /** In the script's text: a masked expression, or a variable that the product replaces. */
  readonly span: Span;
  /** As written, such as `${{ secrets.TOKEN }}`. */
  readonly expression: string;
  /** What a variable for it could be called; whatever no name can hold is taken out. */
  readonly name: string;
  /** The variable that holds the same text in any case, so that none has to be added. */
  readonly variable?: string;
}

/** How a script reads variables of its step in the place of what was pasted into it. */
export interface ThroughEnvironment {
  readonly edits: readonly Edit[];
  /** The variables, in the order of the pieces, each once. */
  readonly names: readonly string[];
  /** True where another program takes a piece as code even now, such as the argument of `bash -c`. */
  readonly code: boolean;
}

/**
 * The edits that bring each piece into the script through an environment variable of the step, quoted for its shell. A variable that has
 * the value already is used. `undefined` where the step has no place for a variable, and where the script has no way to write it there.
 */
export function throughEnvironment(
  step: Step,
  script: Script,
  pieces: readonly Pasted[],
): ThroughEnvironment | undefined {
  if (script.path !== undefined) return undefined;
  const { slot } = step.scope;
  const added = new Map<string, { readonly name: string; readonly entry: string }>();
  const changes: ScriptChange[] = [];
  const names: string[] = [];
  let code = false;
  for (const piece of pieces) {
    const held = heldVariable(step.scope, script, piece);
    const known =
      piece.variable ?? held ?? variableWith(step.scope, piece.expression) ?? added.get(piece.expression)?.name;
    // A variable next to the one that it is made of could be set before that one is.
    if (known === undefined && /\benv\s*[.[]/.test(piece.expression)) return undefined;
    const name =
      known ??
      freeName(
        step,
        piece.name,
        [...added.values()].map((each) => each.name),
      );
    const expansion = expandInPlace(script, piece.span, name);
    if (expansion === undefined) return undefined;
    code ||= expansion.code;
    names.push(name);
    changes.push(...expansion.changes.map((change) => ({ ...change, forShell: true })));
    if (known !== undefined) continue;
    const value = slot && yamlValue(piece.expression, slot.between.includes(","));
    if (value === undefined) return undefined;
    added.set(piece.expression, { name, entry: `${name}: ${value}` });
  }
  if (overlap(changes)) return undefined;
  const edits = script.rewrite(changes);
  if (edits === undefined) return undefined;
  const entries = [...added.values()].map(({ entry }) => entry);
  if (entries.length === 0 || slot === undefined) return { edits, names: [...new Set(names)], code };
  const { at, before, between, after } = slot;
  if (edits.some((edit) => "span" in edit && edit.span.start < at && at < edit.span.end)) return undefined;
  const insertion = { span: { start: at, end: at }, text: `${before}${entries.join(between)}${after}` };
  return { edits: [...edits, insertion], names: [...new Set(names)], code };
}

/** The piece of a script's text that lies at a span of the document: an expression, or the same characters as they are written. */
export function pieceAt(document: string, script: Script, span: Span): Span | undefined {
  const same = (piece: Span): boolean => {
    const place = script.toDocument(piece);
    return place.start === span.start && place.end === span.end;
  };
  if (script.path !== undefined || !contains(script.span, span)) return undefined;
  const hole = script.holes.find((each) => same(each.span));
  if (hole !== undefined) return hole.span;
  const written = document.slice(span.start, span.end);
  for (let at = script.text.indexOf(written); at >= 0 && written !== ""; at = script.text.indexOf(written, at + 1)) {
    const piece = { start: at, end: at + written.length };
    if (same(piece)) return piece;
  }
  return undefined;
}

/** The variable that an expression reads and does nothing else, such as NAME of `${{ env.NAME }}`. */
function heldVariable(scope: Scope, { holes }: Script, { span, expression }: Pasted): string | undefined {
  const name = holes.find((hole) => hole.span.start === span.start)?.variable;
  const defined = scopeChain(scope).some(({ variables }) => variables.some((variable) => variable.name === name));
  return defined && /\benv\./.test(expression) ? name : undefined;
}

/** The variable that has an expression as its value and that no scope further in replaces. */
function variableWith(scope: Scope, expression: string): string | undefined {
  const hidden = new Set<string>();
  for (const { variables } of scopeChain(scope)) {
    const found = variables.find(({ name, value }) => value?.trim() === expression && !hidden.has(name));
    if (found !== undefined && /^[A-Za-z_]\w*$/.test(found.name)) return found.name;
    for (const { name } of variables) hidden.add(name);
  }
  return undefined;
}

/** A name that neither the scopes nor the step's own text uses, and that no program reads for another purpose. */
function freeName(step: Step, wanted: string, taken: readonly string[]): string {
  const words = wanted
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .toUpperCase()
    .replace(/[^A-Z\d]+/g, "_")
    .replace(/^_+|_+$/g, "");
  const base = words === "" || /^\d/.test(words) || RESERVED.test(words) ? `VALUE_${words}`.replace(/_$/, "") : words;
  const used = new Set(
    scopeChain(step.scope).flatMap(({ variables }) => variables.map(({ name }) => name.toUpperCase())),
  );
  for (const each of taken) used.add(each);
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}_${number}`;
    if (!used.has(name) && !namesVariable(step, name)) return name;
  }
}

/** True where the step's code sets or reads a variable of the name, or an expression of it does. The word alone is no use of it. */
function namesVariable(step: Step, name: string): boolean {
  const read = new RegExp(`\\benv\\s*(?:\\.|\\[)\\W{0,9}${name}\\b`, "i");
  const values = [...step.inputs, ...step.scope.variables].map(({ value }) => value ?? "");
  const holes = step.scripts.flatMap((script) => script.holes.map(({ text }) => text));
  const used = new RegExp(
    `[$%!]\\{?(?:env:)?${name}(?!\\w)|(?<!\\w)${name}\\s{0,9}\\+?=|` +
      `\\b(?:export|local|declare|typeset|readonly|unset|read|for|printenv|getenv|environ|env)\\b[^\\n;|&]{0,80}(?<!\\w)${name}(?!\\w)`,
    "i",
  );
  return step.scripts.some(({ text }) => used.test(text)) || [...values, ...holes].some((text) => read.test(text));
}

/** What systems and programs give a meaning to: shells, loaders, and the names that products keep for themselves. */
const RESERVED =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|IFS|ENV|BASH_ENV|TERM|LANG|LC_.*|TZ|TMP|TMPDIR|TEMP|CI|UID|EUID|HOSTNAME|EDITOR|PAGER|DISPLAY|MAIL|PS\d|RANDOM|SECONDS|LD_.*|DYLD_.*|NODE_OPTIONS|PYTHONPATH|GIT_.*|HTTPS?_PROXY|NO_PROXY|(?:GITHUB|RUNNER|ACTIONS|GITEA|FORGEJO|SYSTEM|BUILD|AGENT)(?:_.*)?)$/;

/** An expression as a YAML value; `undefined` for what has several lines. */
function yamlValue(expression: string, flow: boolean): string | undefined {
  if (/[\n\r\t]/.test(expression)) return undefined;
  const plain = /^[$<{]/.test(expression) && !/^\{|: | #|:$/.test(expression) && !(flow && /[{}[\],]/.test(expression));
  return plain ? expression : `'${expression.replaceAll("'", "''")}'`;
}

function overlap(changes: readonly ScriptChange[]): boolean {
  const sorted = [...changes].sort((a, b) => a.span.start - b.span.start);
  return sorted.some((change, index) => (sorted[index + 1]?.span.start ?? change.span.end) < change.span.end);
}
