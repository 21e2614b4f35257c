import { lineEnd, lineStart } from "./lines.ts";
import { type Name, SETTINGS, type Setting, type Shape } from "./settings-table.ts";
import type { Span } from "./text.ts";

// Help for who writes a settings file. The text is half written then, so what is looked at is lines and how far they are indented, and no YAML.

/** Something that can be written at a place. */
export interface SettingsWord {
  /** What is shown, and what is typed to find it. */
  readonly word: string;
  /** Plain text, one or two sentences. */
  readonly meaning: string;
  /** What it replaces: what stands there of the word. */
  readonly span: Span;
  readonly text: string;
}

/** What can be written at an offset of a settings file. Empty where nobody can know. */
export function completeSettings(text: string, offset: number): readonly SettingsWord[] {
  const start = lineStart(text, offset);
  const before = text.slice(start, offset);
  const [, indent = "", dash = "", key, typed = ""] =
    /^([ ]*)(-[ ]+)?(?:([^\s:#'"]+):[ ]+)?([^\s:#,[\]]*)$/.exec(before) ?? [];
  if (!/^[^#'"]*$/.test(before)) return [];
  const inList = /^[ ]*([^\s:#'"]+):[ ]*\[(?:[^\]]*[,[ ])?([^\s,[\]]*)$/.exec(before);
  if (inList !== null) {
    const around = wayTo(text, start, /^ */.exec(before)?.[0].length ?? 0);
    return words([...around, inList[1] ?? ""], "item", inList[2] ?? "", offset);
  }
  const way = wayTo(text, start, indent.length + dash.length);
  if (key === undefined && before !== `${indent}${dash}${typed}`) return [];
  if (key !== undefined) return words([...way, key], "value", typed, offset);
  return words(way, dash === "" ? "key" : "item", typed, offset);
}

/** Markdown about the setting, or the name in one, at an offset of a settings file, with its place. */
export function explainSetting(
  text: string,
  offset: number,
): { readonly markdown: string; readonly span: Span } | undefined {
  const start = lineStart(text, offset);
  const line = text.slice(start, lineEnd(text, offset));
  const [, indent = "", key = ""] = /^([ ]*)([^\s:#'"-][^\s:#'"]*):/.exec(line) ?? [];
  const span = { start: start + indent.length, end: start + indent.length + key.length };
  if (key === "" || offset < span.start || offset > span.end) return undefined;
  const way = [...wayTo(text, start, indent.length), key];
  const setting = SETTINGS.find((each) => each.key === way.join("."));
  if (setting !== undefined) return { markdown: `**${setting.key}**\n\n${setting.meaning}`, span };
  const around = SETTINGS.find((each) => each.key === way.slice(0, -1).join("."));
  const name = around && namesOf(around.shape).find((each) => each.name === key);
  return name && { markdown: `**${name.name}**\n\n${name.meaning}`, span };
}

/** The keys that a line stands below, outermost first. */
function wayTo(text: string, start: number, indent: number): readonly string[] {
  const way: string[] = [];
  let open = indent;
  for (let at = start; at > 0 && open > 0; ) {
    at = lineStart(text, at - 1);
    const [, own = "", key] = /^([ ]*)([^\s:#'"-][^\s:#'"]*):/.exec(text.slice(at, lineEnd(text, at))) ?? [];
    if (key === undefined || own.length >= open) continue;
    way.unshift(key);
    open = own.length;
  }
  return way;
}

function words(
  way: readonly string[],
  place: "key" | "value" | "item",
  typed: string,
  offset: number,
): readonly SettingsWord[] {
  const span = { start: offset - typed.length, end: offset };
  const prefix = way.map((part) => `${part}.`).join("");
  const exact = SETTINGS.find(({ key }) => key === way.join("."));
  if (place === "key" && exact === undefined) return keysBelow(prefix, way.length * 2, span);
  const [setting, inner] =
    exact === undefined ? [SETTINGS.find(({ key }) => key === way.slice(0, -1).join(".")), true] : [exact, false];
  const shape = setting?.shape;
  if (setting === undefined || shape === undefined || setting.where !== "both") return [];
  const plain = (names: readonly Name[]) =>
    names.map(({ name, meaning }) => ({ word: name, meaning, span, text: name }));
  if (place === "key" && !inner) return plain(namesOf(shape)).map((each) => ({ ...each, text: `${each.text}: ` }));
  if (place === "value" && !inner && shape.kind === "flag") return plain(FLAGS);
  if (place === "value" && inner && shape.kind === "words") return plain(shape.words);
  if (place === "item" && inner && shape.kind === "lists") return plain(shape.items ?? []);
  return [];
}

const FLAGS: readonly Name[] = [
  { name: "true", meaning: "Yes." },
  { name: "false", meaning: "No." },
];

/** The settings below a prefix, or the groups that they stand in, with what has to follow on the next line. */
function keysBelow(prefix: string, indent: number, span: Span): readonly SettingsWord[] {
  const below = SETTINGS.filter(({ key, where }) => where === "both" && key.startsWith(prefix));
  const found = new Map<string, SettingsWord>();
  for (const setting of below) {
    const word = setting.key.slice(prefix.length).split(".", 1)[0] ?? "";
    const isWhole = setting.key === prefix + word;
    const next = isWhole ? opening(setting, indent) : `\n${" ".repeat(indent + 2)}`;
    if (!found.has(word))
      found.set(word, { word, meaning: setting.meaning.replaceAll("`", ""), span, text: `${word}:${next}` });
  }
  return [...found.values()];
}

function opening({ shape }: Setting, indent: number): string {
  if (shape.kind === "list") return `\n${" ".repeat(indent + 2)}- `;
  return shape.kind === "words" || shape.kind === "lists" ? `\n${" ".repeat(indent + 2)}` : " ";
}

function namesOf(shape: Shape): readonly Name[] {
  return shape.kind === "words" || shape.kind === "lists" ? (shape.names ?? []) : [];
}
