import { RULES } from "./rules/index.ts";
import { SYSTEMS } from "./systems/index.ts";

/** What a setting's value looks like. */
export type Shape =
  | { readonly kind: "flag"; readonly fallback: boolean }
  | { readonly kind: "count"; readonly fallback: number }
  | { readonly kind: "text"; readonly fallback: string }
  /** A list of texts. `of` is what each is to a person: "as in a .gitignore file". */
  | { readonly kind: "list"; readonly of: string }
  /** One of a few words for each of some names. */
  | {
      readonly kind: "words";
      readonly names: readonly Name[];
      readonly words: readonly Name[];
      readonly of: string;
      readonly noun: string;
    }
  /** A list of texts for each of some names; without `names` the names are patterns. `items`: what the texts can be. */
  | {
      readonly kind: "lists";
      readonly names?: readonly Name[];
      readonly items?: readonly Name[];
      readonly of: string;
      /** What a person calls a name or an item that has to be a known one. */
      readonly noun: string;
    };

/** A word that can be written, with what it means. */
export interface Name {
  readonly name: string;
  readonly meaning: string;
}

/** Name of the baseline, from a repository's root, where the settings say nothing. */
export const USUAL_BASELINE = ".pipewarden-baseline.json";

/** One setting, the same in an editor and in a repository's settings file. */
export interface Setting {
  /** The way to it, with dots: "network.enabled". An editor puts "pipewarden." in front of it. */
  readonly key: string;
  readonly shape: Shape;
  /** Markdown, one or two sentences. */
  readonly meaning: string;
  /** Who can say it: a repository, or the person alone. */
  readonly where: "both" | "editor";
  /** For an editor: "machine" where an opened folder must not decide it. */
  readonly scope: "resource" | "machine";
}

const SEVERITIES: readonly Name[] = [
  { name: "error", meaning: "Shown as an error." },
  { name: "warning", meaning: "Shown as a warning." },
  { name: "information", meaning: "Shown as information." },
  { name: "hint", meaning: "Shown as a hint, with dots under the text." },
  { name: "off", meaning: "The rule is switched off." },
];

const RULE_NAMES: readonly Name[] = RULES.map(({ id, summary }) => ({ name: id, meaning: summary }));

/** Every setting. The reader, the schema, the editor's settings, completion and the documentation all come from here. */
export const SETTINGS: readonly Setting[] = [
  {
    key: "rules",
    shape: { kind: "words", names: RULE_NAMES, words: SEVERITIES, of: "a rule's id and its severity", noun: "rule" },
    meaning:
      "Severity of each rule, or `off`. What a repository's `.pipewarden.yml` says about a rule goes before an editor's setting.",
    where: "both",
    scope: "resource",
  },
  {
    key: "exclude",
    shape: { kind: "list", of: "as in a .gitignore file" },
    meaning: "Files that are left alone: patterns as in a `.gitignore` file, from the repository's root.",
    where: "both",
    scope: "resource",
  },
  {
    key: "ignore",
    shape: {
      kind: "lists",
      items: RULE_NAMES,
      of: "a pattern of files and the rules that are silent there",
      noun: "rule",
    },
    meaning:
      "Rules that are silent in some files, such as those that cannot hold a comment: for each pattern of files a list of rules.",
    where: "both",
    scope: "resource",
  },
  {
    key: "requireReason",
    shape: { kind: "flag", fallback: false },
    meaning: "Whether a comment that silences a finding has to say why. One without a reason silences nothing then.",
    where: "both",
    scope: "resource",
  },
  {
    key: "baseline",
    shape: { kind: "text", fallback: USUAL_BASELINE },
    meaning:
      "The file with the findings that were accepted, from the repository's root: they are not shown. Where it does not exist everything is shown.",
    where: "both",
    scope: "resource",
  },
  {
    key: "trusted",
    shape: { kind: "list", of: "of owners or hosts, such as “acme/*”, “!actions/*” or “*.example.com”" },
    meaning:
      "Whose code is as good as your own: actions and reusable workflows of `acme/*` or `acme/deploy`, scripts from `downloads.example.com` or `*.example.com`. Their findings are information. `actions/*`, `github/*` and the repository's own owner are trusted; `!actions/*` takes trust away.",
    where: "both",
    scope: "resource",
  },
  {
    key: "globs",
    shape: {
      kind: "lists",
      names: SYSTEMS.map(({ id, name }) => ({ name: id, meaning: name })),
      of: "a CI system and the files that are its own",
      noun: "system",
    },
    meaning:
      "Files in YAML that belong to a CI system although neither their path nor their content tells, by the system's id.",
    where: "both",
    scope: "resource",
  },
  {
    key: "network.enabled",
    shape: { kind: "flag", fallback: true },
    meaning:
      "Whether fixes and commands may ask the network, such as for a commit or a script, when you call them. Nothing else ever does. Fixes that need no network work without it. A repository can switch it off, not on.",
    where: "both",
    scope: "resource",
  },
  {
    key: "network.allowedHosts",
    shape: { kind: "list", of: "of hosts" },
    meaning:
      "Hosts that a fix may ask although their address is private, such as `git.example.com`, `*.example.com` or `10.0.0.5:8443`. Public hosts need no entry.",
    where: "editor",
    scope: "machine",
  },
  {
    key: "scan.enabled",
    shape: { kind: "flag", fallback: true },
    meaning: "Whether all pipelines of the workspace are shown, opened or not. Without it only open files are.",
    where: "editor",
    scope: "resource",
  },
  {
    key: "scan.ignored",
    shape: { kind: "flag", fallback: false },
    meaning:
      "Whether files are looked at too that `.gitignore` files leave out, or that lie in folders called `node_modules` or `vendor`.",
    where: "editor",
    scope: "resource",
  },
  {
    key: "scan.limit",
    shape: { kind: "count", fallback: 20_000 },
    meaning:
      "So many CI files of a workspace folder are looked at, and of YAML files whose path does not tell that they are pipelines at most 2,000; the others when they are opened.",
    where: "editor",
    scope: "resource",
  },
];

/** The JSON schema (draft-07) of a setting's value. */
export function schemaOf({ shape, meaning }: Setting): Readonly<Record<string, unknown>> {
  const described = { markdownDescription: meaning, description: meaning.replaceAll("`", "") };
  switch (shape.kind) {
    case "flag":
      return { type: "boolean", default: shape.fallback, ...described };
    case "count":
      return { type: "integer", minimum: 0, default: shape.fallback, ...described };
    case "text":
      return { type: "string", default: shape.fallback, ...described };
    case "list":
      return { type: "array", items: { type: "string", minLength: 1 }, default: [], ...described };
    case "words":
      return { type: "object", default: {}, ...propertiesOf(shape.names, wordSchema(shape.words)), ...described };
    case "lists": {
      const item = shape.items === undefined ? { type: "string", minLength: 1 } : wordSchema(shape.items);
      const list = { type: "array", items: item };
      const properties = shape.names === undefined ? { additionalProperties: list } : propertiesOf(shape.names, list);
      return { type: "object", default: {}, ...properties, ...described };
    }
  }
}

/** The JSON schema (draft-07) of a repository's settings file. A key without a value is as good as none. */
export function settingsSchema(): Readonly<Record<string, unknown>> {
  const properties: Record<string, unknown> = {};
  const groups = new Map<string, Record<string, unknown>>();
  for (const setting of SETTINGS.filter(({ where }) => where === "both")) {
    const [first = "", second] = setting.key.split(".");
    const schema = orNothing(schemaOf(setting));
    if (second === undefined) properties[first] = schema;
    else {
      const group = groups.get(first) ?? {};
      groups.set(first, group);
      group[second] = schema;
      properties[first] = orNothing({ type: "object", properties: group, additionalProperties: false });
    }
  }
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Settings of Pipewarden for a repository",
    type: ["object", "null"],
    properties,
    additionalProperties: false,
  };
}

function orNothing(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...schema, type: [schema.type, "null"] };
}

function propertiesOf(names: readonly Name[], schema: Readonly<Record<string, unknown>>) {
  const entries = names.map(({ name, meaning }) => [name, { ...schema, description: meaning }] as const);
  return { properties: Object.fromEntries(entries), additionalProperties: false };
}

function wordSchema(words: readonly Name[]) {
  return { type: "string", enum: words.map(({ name }) => name), enumDescriptions: words.map(({ meaning }) => meaning) };
}
