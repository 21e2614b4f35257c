import { type Masking, maskAzure } from "../masking.ts";
import type { SecretKind, SecretUse, Variable } from "../model.ts";
import { entries, items, text, type YamlEntry, type YamlMap, type YamlNode, type YamlScalar } from "../yaml.ts";
import { type Dialect, type Reading, scalarsBelow, variableOf } from "./reading.ts";

// How Azure Pipelines writes lists, mappings, variables and secrets.

/** An entry with the mapping that it is written in. */
export interface Pair extends YamlEntry {
  readonly owner: YamlMap;
}

/** `${{ if … }}:`, `${{ else }}:`, `${{ each x in y }}:`, `${{ insert }}:` stand where a key stands, and what is below them belongs outside. */
export const DIRECTIVE = /^\$\{\{.*\}\}$/s;

const PAIRS = new WeakMap<YamlMap, readonly Pair[]>();

/** The entries of a mapping, those of its directives behind its own: of `if` and `else` both. Computed once for each mapping. */
export function pairs(node: YamlNode | undefined): readonly Pair[] {
  if (node?.kind !== "map") return [];
  const known = PAIRS.get(node);
  if (known !== undefined) return known;
  const own = entries(node).filter(({ key }) => !DIRECTIVE.test(key));
  const directed = node.entries.filter(({ key }) => DIRECTIVE.test(key));
  const all = [...own.map((entry) => ({ ...entry, owner: node })), ...directed.flatMap(({ value }) => pairs(value))];
  PAIRS.set(node, all);
  return all;
}

/** The value of a key; where directives give several, the first. */
export function field(node: YamlNode | undefined, ...path: readonly string[]): YamlNode | undefined {
  let current = node;
  for (const key of path) current = pairs(current).find((pair) => pair.key === key)?.value;
  return current;
}

/** Every value of a key. */
export function fields(node: YamlNode | undefined, key: string): readonly YamlNode[] {
  return pairs(node).flatMap((pair) => (pair.key === key ? (pair.value ?? []) : []));
}

/** The items of a list, those of its directives in their place. */
export function listOf(node: YamlNode | undefined): readonly YamlNode[] {
  if (node?.kind === "map" && isDirected(node)) return node.entries.flatMap(({ value }) => listOf(value));
  return items(node).flatMap((item) => {
    if (item.kind !== "map" || !isDirected(item)) return [item];
    return item.entries.flatMap(({ value }) => (value?.kind === "map" && !isDirected(value) ? [value] : listOf(value)));
  });
}

function isDirected(node: YamlMap): boolean {
  return node.entries.length > 0 && node.entries.every(({ key }) => DIRECTIVE.test(key));
}

/** The entries of a mapping as variables. */
export function pairVariables(reading: Reading, node: YamlNode | undefined, dialect: Dialect): readonly Variable[] {
  return pairs(node).map((pair) => variableOf(reading, pair.owner, pair, dialect));
}

/** The names that a file gives to variables, by their lower case: Azure does not tell cases apart. */
export interface Names {
  /** The name as the file first writes it, and the values that it gets somewhere. */
  readonly variables: ReadonlyMap<string, { readonly name: string; readonly values: readonly string[] }>;
  /** Variables that the file itself calls secret: of a key vault, or set as secret by a script. */
  readonly secrets: ReadonlySet<string>;
}

/** Collects the names of a whole file, whatever their scopes: who asks wants to know which names nothing in the file explains. */
export function namesIn(root: YamlNode | undefined): Names {
  const variables = new Map<string, { name: string; values: string[] }>();
  const secrets = new Set<string>();
  const declare = (name: string, value: string | undefined): void => {
    const known = variables.get(name.toLowerCase()) ?? { name, values: [] };
    if (value !== undefined) known.values.push(value);
    variables.set(name.toLowerCase(), known);
  };
  const visit = (node: YamlNode | undefined): void => {
    if (node?.kind === "sequence") node.items.forEach(visit);
    for (const { key, value } of pairs(node)) {
      if (key === "variables") {
        for (const pair of pairs(value)) declare(pair.key, text(pair.value));
        for (const item of listOf(value)) declare(text(field(item, "name")) ?? "", text(field(item, "value")));
      }
      if (key === "matrix")
        for (const leg of pairs(value)) for (const pair of pairs(leg.value)) declare(pair.key, text(pair.value));
      if (key.toLowerCase() === "secretsfilter")
        for (const name of (text(value) ?? "").split(",")) secrets.add(name.trim().toLowerCase());
      visit(value);
    }
  };
  visit(root);
  for (const { text: written } of scalarsBelow(root)) {
    for (const [, name = "", settings = ""] of written.matchAll(SET_VARIABLE)) {
      if (/issecret=true/i.test(settings)) secrets.add(name.toLowerCase());
      else declare(name, undefined);
    }
  }
  return { variables, secrets };
}

/** Source: learn.microsoft.com, "Logging commands": `##vso[task.setvariable variable=NAME;issecret=true]value`. */
const SET_VARIABLE = /##vso\[task\.setvariable\s+variable=([\w.-]{1,200})([^\]\n]{0,200})\]/g;

/** The notation of one file. */
export function dialectOf(names: Names): Dialect {
  const kinds = kindsOf(names);
  return { mask: maskNamed(names), secretsIn: (written) => secretsIn(kinds, written) };
}

/** A hole that is nothing but a variable of the file stands for that variable. */
function maskNamed({ variables }: Names): Masking {
  return (script) => {
    const { text: masked, holes } = maskAzure(script);
    const named = holes.map((hole) => {
      const name =
        VARIABLE.exec(hole.text)
          ?.slice(1)
          .find((each) => each !== undefined) ?? "";
      const known = variables.get(name.toLowerCase());
      return known === undefined ? hole : { ...hole, variable: known.name };
    });
    return { text: masked, holes: named };
  };
}

const VARIABLE =
  /^(?:\$\(([\w.-]+)\)|\$\{\{\s*variables(?:\.([\w.-]+)|\['([^']+)'\])\s*\}\}|\$\[\s*variables(?:\.([\w.-]+)|\['([^']+)'\])\s*\])$/;

/**
 * Secret variables are in no environment: whoever wants one names it, as `$(name)`. The job's own token is one of them. A name that
 * nothing in the file explains comes from the settings of the pipeline, from a group or from a vault; what it is called tells whether it
 * is a secret. Source: learn.microsoft.com, "Define variables" and "Set secret variables".
 */
function secretsIn(kinds: Kinds, written: YamlScalar): readonly SecretUse[] {
  if (!written.text.includes("$(")) return [];
  return maskAzure(written.text).holes.flatMap(({ text: whole, span }) => {
    const name = /^\$\(([\w.-]+)\)$/.exec(whole)?.[1] ?? "";
    const kind = name === "" ? undefined : kinds(name);
    // What does not sound like a secret can be a command of a script as well, unless it is all of a value.
    if (kind === undefined || (kind === "settings" && whole !== written.text.trim())) return [];
    return [{ name, kind, span: written.map.toDocument(span) }];
  });
}

/** What a name stands for; `undefined` where it is no secret. */
type Kinds = (name: string) => SecretKind | undefined;

function kindsOf(names: Names): Kinds {
  const known = new Map<string, SecretKind | undefined>();
  return (name) => {
    if (!known.has(name)) known.set(name, kindOf(names, name));
    return known.get(name);
  };
}

function kindOf({ variables, secrets }: Names, name: string): SecretKind | undefined {
  const key = name.toLowerCase();
  if (key === "system.accesstoken") return "token";
  if (secrets.has(key)) return "named";
  if (variables.has(key) || PREDEFINED.test(name) || CMDLET.test(name)) return undefined;
  return soundsSecret(name) ? "named" : "settings";
}

/** Source: learn.microsoft.com, "Use predefined variables". */
const PREDEFINED =
  /^(?:agent|build|system|pipeline|environment|release|strategy|resources|checks|common|task|deployment|endpoint|rev|date)(?:[.:]|$)|^TF_BUILD$/i;

/** Commands of PowerShell, which are written as a macro is. */
const CMDLET = /^(?:get|new|convertto|convertfrom|read|invoke|import|export|select|test|join|split|resolve)-[a-z]+$/i;

function soundsSecret(name: string): boolean {
  if (/cache|public|(?:name|path|file|ur[li]|id|dir|folder|type|version|count)$/i.test(name)) return false;
  return (
    /token|secret|passw|passphrase|credential|connection_?string|(?:api|access|private|account|signing)[._-]?key/i.test(
      name,
    ) ||
    /(?:^|[._-])(?:pat|pwd|key|sas|auth|cert)(?:$|[._-])/i.test(name.replace(/^pwd$/i, "")) ||
    /[a-z\d](?:Pat|PAT|Pwd|Key|Sas|SAS|Auth|Cert)(?![a-z])/.test(name)
  );
}
