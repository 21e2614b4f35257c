import type { Severity } from "./rule.ts";
import { SETTINGS, type Setting, type Shape } from "./settings-table.ts";
import type { Span } from "./text.ts";
import { parseYaml, type YamlNode } from "./yaml.ts";

/** What a person may choose. Absent keys mean the defaults. What each means stands in settings-table.ts. */
export interface Settings {
  /** Severity per rule id; "off" switches the rule off. */
  readonly rules: Readonly<Record<string, Severity | "off">>;
  /** Which files are left alone: patterns as in a .gitignore file, from the repository's root. For those who look for files. */
  readonly exclude?: readonly string[];
  /** Rules that are silent in some files: ids by pattern. */
  readonly ignore?: Readonly<Record<string, readonly string[]>>;
  /** True where a comment that silences a finding has to say why. */
  readonly requireReason?: boolean;
  /** Where the accepted findings stand, from the repository's root. For those who read files. */
  readonly baseline?: string;
  /** Whose code is as good as one's own: `owner/name`, `owner/*`, hosts; `!` in front takes trust away. */
  readonly trusted?: readonly string[];
  /** Files of a system: patterns by the system's id. */
  readonly globs?: Readonly<Record<string, readonly string[]>>;
  /** For those who ask the network. */
  readonly network?: { readonly enabled?: boolean };
}

/** What holds where nobody has set anything. */
export const DEFAULT_SETTINGS: Settings = { rules: {} };

/** Something wrong in a settings file; where it stands, the default holds. */
export interface SettingsProblem {
  readonly span: Span;
  /** What is wrong and what is possible, in one or two sentences. */
  readonly message: string;
}

/** Something wrong in an editor's settings; the default holds there. */
export interface WrongSetting {
  /** The way to it, such as "rules.unpinned-action". */
  readonly key: string;
  readonly message: string;
}

/**
 * Settings from untyped input, such as an editor's configuration, with what is wrong in it. Wrong values are dropped, so that the
 * defaults hold there. Keys that a repository cannot say are checked, but are no part of the result.
 */
export function checkSettings(input: unknown): {
  readonly settings: Settings;
  readonly problems: readonly WrongSetting[];
} {
  const { values, problems } = readTree(treeOfJson(input, ""), SETTINGS);
  return { settings: settingsOf(values), problems: problems.map(({ at, message }) => ({ key: at, message })) };
}

/** The same without what is wrong. */
export function readSettings(input: unknown): Settings {
  return checkSettings(input).settings;
}

/** Settings from the text of a settings file, with what is wrong in it. Wrong keys and values are dropped, as above. */
export function parseSettings(text: string): {
  readonly settings: Settings;
  readonly problems: readonly SettingsProblem[];
} {
  const [root, another] = parseYaml(text).documents;
  if (root === undefined) return { settings: DEFAULT_SETTINGS, problems: [] };
  const known = SETTINGS.filter(({ where }) => where === "both");
  const { values, problems } = readTree(treeOfYaml(root, root.span), known);
  const second = another && { span: another.span, message: "Only the first document of the file is read." };
  return {
    settings: settingsOf(values),
    problems: [...problems.map(({ at, message }) => ({ span: at, message })), ...(second ? [second] : [])],
  };
}

/** A value whose notation no longer matters. `P` is what a place is: a span of a text, or the way to a key. */
type Tree<P> =
  | { readonly kind: "map"; readonly at: P; readonly entries: readonly TreeEntry<P>[] }
  | { readonly kind: "list"; readonly at: P; readonly items: readonly Tree<P>[] }
  | { readonly kind: "text"; readonly at: P; readonly text: string }
  | { readonly kind: "flag"; readonly at: P; readonly flag: boolean }
  | { readonly kind: "count"; readonly at: P; readonly count: number }
  | { readonly kind: "nothing"; readonly at: P };

interface TreeEntry<P> {
  readonly key: string;
  readonly keyAt: P;
  readonly value: Tree<P>;
}

function treeOfJson(value: unknown, at: string): Tree<string> {
  if (typeof value === "string") return { kind: "text", at, text: value };
  if (typeof value === "boolean") return { kind: "flag", at, flag: value };
  if (typeof value === "number") return { kind: "count", at, count: value };
  if (Array.isArray(value)) return { kind: "list", at, items: value.map((item) => treeOfJson(item, at)) };
  if (typeof value !== "object" || value === null) return { kind: "nothing", at };
  const entries = Object.entries(value).map(([key, inner]) => {
    const way = at === "" ? key : `${at}.${key}`;
    return { key, keyAt: way, value: treeOfJson(inner, way) };
  });
  return { kind: "map", at, entries };
}

/** Every scalar of YAML is read as text, so what it stands for is seen by how it is written. */
function treeOfYaml(node: YamlNode | undefined, around: Span): Tree<Span> {
  if (node === undefined) return { kind: "nothing", at: around };
  const at = node.alias ?? node.span;
  if (node.kind === "sequence") return { kind: "list", at, items: node.items.map((item) => treeOfYaml(item, at)) };
  if (node.kind === "map") {
    const entries = node.entries.map(({ key, keySpan, value }) => ({
      key,
      keyAt: keySpan,
      value: treeOfYaml(value, keySpan),
    }));
    return { kind: "map", at, entries };
  }
  const { text, style } = node;
  if (style === "plain" && /^(?:~|null|Null|NULL|)$/.test(text)) return { kind: "nothing", at };
  if (style === "plain" && /^(?:true|false)$/i.test(text)) return { kind: "flag", at, flag: /^true$/i.test(text) };
  if (style === "plain" && /^\d{1,15}$/.test(text)) return { kind: "count", at, count: Number(text) };
  return { kind: "text", at, text };
}

interface Problem<P> {
  readonly at: P;
  readonly message: string;
}

/** The values by the way to them, such as "network.enabled". */
type Values = ReadonlyMap<string, unknown>;

function readTree<P>(
  tree: Tree<P>,
  known: readonly Setting[],
): { readonly values: Values; readonly problems: readonly Problem<P>[] } {
  const values = new Map<string, unknown>();
  const problems: Problem<P>[] = [];
  const readGroup = (group: Tree<P>, prefix: string): void => {
    const names = [
      ...new Set(known.filter(({ key }) => key.startsWith(prefix)).map(({ key }) => nextPart(key, prefix))),
    ];
    const { at } = group;
    if (group.kind !== "map") {
      if (group.kind !== "nothing") problems.push({ at, message: `Expected keys and values here: ${quoted(names)}.` });
      return;
    }
    for (const { key, keyAt, value } of group.entries) {
      const setting = known.find((each) => each.key === prefix + key);
      if (setting !== undefined) {
        const read = readValue(value, setting.shape, problems);
        if (read !== undefined) values.set(setting.key, read);
      } else if (names.includes(key)) readGroup(value, `${prefix}${key}.`);
      else problems.push({ at: keyAt, message: strange(prefix + key, names) });
    }
  };
  readGroup(tree, "");
  return { values, problems };
}

function nextPart(key: string, prefix: string): string {
  return key.slice(prefix.length).split(".", 1)[0] ?? "";
}

function strange(key: string, names: readonly string[]): string {
  return SETTINGS.some((each) => each.key === key || each.key.startsWith(`${key}.`))
    ? `“${key}” is a setting of the editor: a repository cannot decide it.`
    : `There is no setting “${key}”. There are ${quoted(names)}.`;
}

/** The value, what is wrong with it left out; `undefined` where nothing of it can be used. */
function readValue<P>(tree: Tree<P>, shape: Shape, problems: Problem<P>[]): unknown {
  if (tree.kind === "nothing") return undefined;
  const refuse = (message: string) => void problems.push({ at: tree.at, message });
  switch (shape.kind) {
    case "flag":
      return tree.kind === "flag" ? tree.flag : refuse("Expected true or false.");
    case "count":
      if (tree.kind === "count" && Number.isInteger(tree.count) && tree.count >= 0) return tree.count;
      return refuse("Expected a whole number that is not negative.");
    case "text":
      return tree.kind === "text" ? tree.text : refuse("Expected a text.");
    case "list":
      return readList(tree, `patterns ${shape.of}`, undefined, problems);
    case "words":
    case "lists":
      return readNames(tree, shape, problems);
  }
}

function readNames<P>(
  tree: Tree<P>,
  shape: Extract<Shape, { kind: "words" | "lists" }>,
  problems: Problem<P>[],
): Readonly<Record<string, unknown>> | undefined {
  if (tree.kind !== "map") {
    problems.push({ at: tree.at, message: `Expected ${shape.of} on each line.` });
    return undefined;
  }
  const found: [string, unknown][] = [];
  for (const { key, keyAt, value } of tree.entries) {
    if (shape.names !== undefined && !shape.names.some(({ name }) => name === key))
      problems.push({ at: keyAt, message: `There is no ${shape.noun} “${key}”. There are ${listed(shape.names)}.` });
    const read =
      shape.kind === "words"
        ? readWord(value, key, shape.words, problems)
        : readList(value, shape.items === undefined ? "texts" : `${shape.noun}s`, shape.items, problems);
    if (read !== undefined) found.push([key, read]);
  }
  return Object.fromEntries(found);
}

function readWord<P>(
  tree: Tree<P>,
  key: string,
  words: readonly { readonly name: string }[],
  problems: Problem<P>[],
): string | undefined {
  const word = tree.kind === "text" ? tree.text : undefined;
  if (words.some(({ name }) => name === word)) return word;
  problems.push({ at: tree.at, message: `The value of “${key}” must be one of ${listed(words)}.` });
  return undefined;
}

function readList<P>(
  tree: Tree<P>,
  what: string,
  possible: readonly { readonly name: string }[] | undefined,
  problems: Problem<P>[],
): readonly string[] | undefined {
  if (tree.kind === "nothing") return undefined;
  if (tree.kind !== "list") {
    problems.push({ at: tree.at, message: `Expected a list of ${what}.` });
    return undefined;
  }
  return tree.items.flatMap((item) => {
    const text = item.kind === "text" && item.text !== "" ? item.text : undefined;
    if (text === undefined) problems.push({ at: item.at, message: `Expected a list of ${what}.` });
    else if (possible !== undefined && !possible.some(({ name }) => name === text))
      problems.push({
        at: item.at,
        message: `There is none called “${text}” among the ${what}. There are ${listed(possible)}.`,
      });
    return text === undefined ? [] : [text];
  });
}

function settingsOf(values: Values): Settings {
  const settings: Record<string, unknown> = { rules: {} };
  for (const { key, where } of SETTINGS) {
    if (where !== "both" || !values.has(key)) continue;
    const [first = "", second] = key.split(".");
    settings[first] = second === undefined ? values.get(key) : { [second]: values.get(key) };
  }
  return settings as unknown as Settings;
}

/** Where the repository says something it wins: its editors and its command line must not disagree. Lists are put together. */
export function mergeSettings(person: Settings, repository: Settings): Settings {
  const network = person.network?.enabled !== false && repository.network?.enabled !== false;
  return {
    ...person,
    ...repository,
    rules: { ...person.rules, ...repository.rules },
    exclude: [...(person.exclude ?? []), ...(repository.exclude ?? [])],
    trusted: [...(person.trusted ?? []), ...(repository.trusted ?? [])],
    ignore: { ...person.ignore, ...repository.ignore },
    globs: { ...person.globs, ...repository.globs },
    network: { enabled: network },
  };
}

function quoted(names: readonly string[]): string {
  const all = names.map((name) => `“${name}”`);
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

function listed(names: readonly { readonly name: string }[]): string {
  return names.map(({ name }) => name).join(", ");
}
