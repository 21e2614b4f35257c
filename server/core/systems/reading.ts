import type { Masking } from "../masking.ts";
import type { OperatingSystem, Scope, Script, ScriptChange, SecretUse, Shell, Slot, Step, Variable } from "../model.ts";
import { rewriteAsLiteral } from "../script.ts";
import type { Edit, Span } from "../text.ts";
import { entries, get, type YamlEntry, type YamlNode, type YamlScalar } from "../yaml.ts";
import { childInsertion, insertion, removal } from "../yaml-edit.ts";

// What the systems share when they turn YAML into the model.

/** The file that is being read. */
export interface Reading {
  readonly path: string;
  readonly text: string;
}

/** How a system writes expressions and secrets. */
export interface Dialect {
  readonly mask: Masking;
  /** The secrets that a scalar's text names, with spans of the document. */
  secretsIn(scalar: YamlScalar): readonly SecretUse[];
}

/** What a script needs besides its text. */
export interface ScriptSetting {
  readonly shell: Shell;
  readonly operatingSystems: readonly OperatingSystem[];
  readonly unit: string;
  readonly scratch: string;
  readonly folder?: string;
  readonly handover?: Script["handover"];
  readonly checked?: boolean;
}

/** The script in a scalar: its text masked, with the way back to the document. */
export function scriptOf(reading: Reading, scalar: YamlScalar, dialect: Dialect, setting: ScriptSetting): Script {
  const { text, holes } = dialect.mask(scalar.text);
  return {
    text,
    holes,
    folder: ".",
    handover: {},
    ...setting,
    span: scalar.span,
    toDocument: (span) => scalar.map.toDocument(span),
    rewrite: (changes) => rewriteScalar(reading.text, scalar, changes),
  };
}

/** In the scalar's own notation where that can hold the new text, else as a literal block. */
function rewriteScalar(
  document: string,
  scalar: YamlScalar,
  changes: readonly ScriptChange[],
): readonly Edit[] | undefined {
  if (scalar.anchored || !scalar.map.exact) return undefined;
  const inPlace = scalar.style === "folded" ? [] : changes.map(({ span, text }) => scalar.map.edit(span, text));
  const edits = inPlace.filter((edit) => edit !== undefined);
  if (edits.length === changes.length) return edits;
  const sorted = [...changes].sort((a, b) => b.span.start - a.span.start || b.span.end - a.span.end);
  const value = sorted.reduce(
    (text, change) => text.slice(0, change.span.start) + change.text + text.slice(change.span.end),
    scalar.text,
  );
  // A shell does not mind a final newline, and `|` is what people write.
  const lines = value.endsWith("\n") ? value : `${value}\n`;
  const literal = rewriteAsLiteral(document, scalar, indentationOf(document, scalar.span.start), lines);
  return literal && [literal];
}

/** Columns of what the scalar belongs to: its key, or the dash of its list item. */
function indentationOf(document: string, offset: number): number {
  const line = document.slice(document.lastIndexOf("\n", offset - 1) + 1, offset);
  const dashes = /^[ \t]*(?:-[ \t]+)*/.exec(line)?.[0] ?? "";
  return dashes.length < line.length ? dashes.length : dashes.lastIndexOf("-");
}

/** A variable or input from a mapping's entry. */
export function variableOf(reading: Reading, map: YamlNode, entry: YamlEntry, dialect: Dialect): Variable {
  const { value } = entry;
  return {
    name: entry.key,
    span: entry.span,
    nameSpan: entry.keySpan,
    value: value?.kind === "scalar" ? value.text : undefined,
    secrets: secretsBelow(value, dialect),
    removal: map.kind === "map" && !entry.merged ? removal(reading.text, map, entry) : undefined,
  };
}

/** The entries of a mapping as variables. Merged ones belong to where they are written and are listed as well. */
export function variablesOf(reading: Reading, map: YamlNode | undefined, dialect: Dialect): readonly Variable[] {
  return map === undefined ? [] : entries(map).map((entry) => variableOf(reading, map, entry, dialect));
}

/** As {@link variablesOf}, where a value can be `{secure: …}`: a text that only the product can decrypt. */
export function sealedVariablesOf(reading: Reading, map: YamlNode | undefined, dialect: Dialect): readonly Variable[] {
  const values = new Map(entries(map).map(({ key, value }) => [key, value]));
  return variablesOf(reading, map, dialect).map((variable) => {
    if (get(values.get(variable.name), "secure") === undefined) return variable;
    return { ...variable, secrets: [{ name: variable.name, kind: "named", span: variable.span }] };
  });
}

/**
 * The variables of a job that stands for several, of which each gets one of the rows. What the rows do not agree on has no value that
 * the file tells.
 */
export function alternatives(rows: readonly (readonly Variable[])[]): readonly Variable[] {
  const variables = rows.flat();
  const values = new Map<string, Set<string | undefined>>();
  for (const { name, value } of variables) values.set(name, (values.get(name) ?? new Set()).add(value));
  return variables.map((variable) =>
    values.get(variable.name)?.size === 1 ? variable : { ...variable, value: undefined },
  );
}

/** Every secret that stands somewhere in a node. */
export function secretsBelow(node: YamlNode | undefined, dialect: Dialect): readonly SecretUse[] {
  return scalarsBelow(node).flatMap((scalar) => dialect.secretsIn(scalar));
}

/** Every scalar in a node, keys left out. */
export function scalarsBelow(node: YamlNode | undefined): readonly YamlScalar[] {
  if (node === undefined) return [];
  if (node.kind === "scalar") return [node];
  const children = node.kind === "map" ? node.entries.map((entry) => entry.value) : node.items;
  return children.flatMap(scalarsBelow);
}

/** What a scope is made from: the mapping that owns it and the key of its variables. */
export interface ScopeSource {
  readonly level: Scope["level"];
  readonly label: string;
  readonly parent: Scope | undefined;
  readonly owner: YamlNode | undefined;
  readonly key: string;
  readonly ambient?: Scope["ambient"];
}

/** The scope of a mapping such as a job, from its key for variables such as `env`. */
export function scopeOf(reading: Reading, source: ScopeSource, dialect: Dialect): Scope {
  const { level, label, parent, owner, key, ambient = [] } = source;
  const holder = owner === undefined ? undefined : entries(owner).find((entry) => entry.key === key);
  const variables = variablesOf(reading, holder?.value, dialect);
  return {
    level,
    label,
    parent,
    variables,
    ambient,
    removal:
      holder !== undefined && owner?.kind === "map" && !holder.merged
        ? removal(reading.text, owner, holder)
        : undefined,
    slot: slotOf(reading, owner, holder, key),
  };
}

function slotOf(
  reading: Reading,
  owner: YamlNode | undefined,
  holder: YamlEntry | undefined,
  key: string,
): Slot | undefined {
  if (owner?.kind !== "map" || holder?.merged) return undefined;
  if (holder === undefined) return childInsertion(reading.text, owner, key);
  const { value } = holder;
  return value?.kind === "map" && value.alias === undefined && !value.anchored
    ? insertion(reading.text, value)
    : undefined;
}

/** The edit that puts a word such as `false` in the place of a scalar, in its quotes; `undefined` where others share the scalar. */
export function wordEdit(scalar: YamlScalar, word: string): { readonly span: Span; readonly text: string } | undefined {
  if (scalar.alias !== undefined || scalar.anchored) return undefined;
  if (scalar.style === "plain") return { span: scalar.span, text: word };
  return scalar.map.edit({ start: 0, end: scalar.text.length }, word);
}

/** A scope that has no place for variables in the file. */
export function bareScope(scope: Pick<Scope, "level" | "label" | "parent"> & Partial<Scope>): Scope {
  return { variables: [], ambient: [], removal: undefined, slot: undefined, ...scope };
}

/** A step with nothing in it but what is given. */
export function bareStep(step: Pick<Step, "label" | "span" | "scope"> & Partial<Step>): Step {
  return {
    scripts: [],
    references: [],
    inputs: [],
    secrets: [],
    reads: [],
    tolerated: false,
    always: false,
    ...step,
  };
}

/** The strings of a list, of lists in it, or of the one string that stands in place of a list. */
export function linesOf(node: YamlNode | undefined, depth = 0): readonly YamlScalar[] {
  if (node === undefined || depth > 10 || node.kind === "map") return [];
  return node.kind === "scalar" ? [node] : node.items.flatMap((each) => linesOf(each, depth + 1));
}

/** The span of the first line of a node: enough to show which step is meant. */
export function firstLine(reading: Reading, span: Span): Span {
  const newline = reading.text.indexOf("\n", span.start);
  const end = newline < 0 ? span.end : Math.min(span.end, newline);
  return { start: span.start, end: reading.text.slice(span.start, end).trimEnd().length + span.start };
}
