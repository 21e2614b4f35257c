import type { Severity } from "./rule.ts";
import { RULES } from "./rules/index.ts";
import type { Span } from "./text.ts";
import { entries, items, parseYaml, scalar, type YamlEntry, type YamlNode } from "./yaml.ts";

/** What a person may choose. Absent keys mean the defaults. */
export interface Settings {
  /** Severity per rule id; "off" switches the rule off. */
  readonly rules: Readonly<Record<string, Severity | "off">>;
  /** Which files are left alone: patterns as in a .gitignore file, from the repository's root. For those who look for files. */
  readonly exclude?: readonly string[];
  /** Whose actions and workflows are as good as one's own: `owner/name`, `owner/*`; `!` in front takes trust away. */
  readonly trusted?: readonly string[];
  /** True where a comment that silences a finding has to say why. */
  readonly requireReason?: boolean;
}

export const DEFAULT_SETTINGS: Settings = { rules: {} };

/** Something wrong in a settings file; where it stands, the default holds. */
export interface SettingsProblem {
  readonly span: Span;
  /** What is wrong and what is possible, in one or two sentences. */
  readonly message: string;
}

/**
 * Settings from untyped input, such as an editor's configuration. Wrong values are dropped, so that the defaults hold there.
 */
export function readSettings(input: unknown): Settings {
  const { rules, exclude, trusted }: Record<string, unknown> = isRecord(input) ? input : {};
  return {
    rules: Object.fromEntries(Object.entries(isRecord(rules) ? rules : {}).filter(isRuleSetting)),
    ...(Array.isArray(exclude) && { exclude: exclude.filter((each) => typeof each === "string") }),
    ...(Array.isArray(trusted) && { trusted: trusted.filter((each) => typeof each === "string") }),
  };
}

/** Settings from the text of a settings file, with what is wrong in it. Wrong keys and values are dropped, as above. */
export function parseSettings(text: string): {
  readonly settings: Settings;
  readonly problems: readonly SettingsProblem[];
} {
  const [root, another] = parseYaml(text).documents;
  if (root === undefined) return { settings: DEFAULT_SETTINGS, problems: [] };
  const problems: SettingsProblem[] = [];
  const settings: { rules: Settings["rules"]; exclude?: readonly string[]; trusted?: readonly string[] } = {
    rules: {},
  };
  if (root.kind !== "map") problems.push({ span: root.span, message: `Expected keys and values here: ${KEYS}.` });
  if (another !== undefined)
    problems.push({ span: another.span, message: "Only the first document of the file is read." });
  for (const entry of entries(root)) {
    if (entry.key === "rules") settings.rules = rulesOf(entry, problems);
    else if (entry.key === "exclude") settings.exclude = patternsOf(entry, FILES, problems);
    else if (entry.key === "trusted") settings.trusted = patternsOf(entry, OWNERS, problems);
    else problems.push({ span: entry.keySpan, message: `There is no setting “${entry.key}”. There are ${KEYS}.` });
  }
  return { settings, problems };
}

const KEYS = "“rules”, “exclude” and “trusted”";
const FILES = "as in a .gitignore file";
const OWNERS = "of owners, such as “acme/*” or “!actions/*”";

const SEVERITIES: ReadonlySet<unknown> = new Set(["error", "warning", "information", "hint", "off"] satisfies (
  | Severity
  | "off"
)[]);

function isRuleSetting(entry: [string, unknown]): entry is [string, Severity | "off"] {
  return SEVERITIES.has(entry[1]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function rulesOf({ value, span }: YamlEntry, problems: SettingsProblem[]): Settings["rules"] {
  if (!isEmpty(value) && value?.kind !== "map") {
    problems.push({
      span: value?.span ?? span,
      message: "Expected a rule's id and its severity on each line, such as “unpinned-action: off”.",
    });
  }
  const chosen = entries(value).map((entry): [string, unknown] => [entry.key, scalar(entry.value)?.text]);
  for (const { key, keySpan, ...entry } of entries(value)) {
    if (!RULES.some((rule) => rule.id === key)) {
      const ids = RULES.map((rule) => rule.id).join(", ");
      problems.push({ span: keySpan, message: `There is no rule “${key}”. The rules are ${ids}.` });
    } else if (!SEVERITIES.has(scalar(entry.value)?.text)) {
      problems.push({
        span: entry.value?.span ?? keySpan,
        message: `The severity of “${key}” must be one of ${[...SEVERITIES].join(", ")}.`,
      });
    }
  }
  return Object.fromEntries(chosen.filter(isRuleSetting));
}

function patternsOf({ value, span }: YamlEntry, kind: string, problems: SettingsProblem[]): readonly string[] {
  if (!isEmpty(value) && value?.kind !== "sequence") {
    problems.push({ span: value?.span ?? span, message: `Expected a list of patterns ${kind}.` });
  }
  return items(value).flatMap((item) => {
    const pattern = scalar(item)?.text;
    if (pattern) return [pattern];
    problems.push({ span: item.span, message: `Expected a pattern ${kind}.` });
    return [];
  });
}

function isEmpty(value: YamlNode | undefined): boolean {
  return value === undefined || (value.kind === "scalar" && ["", "null", "~"].includes(value.text));
}
