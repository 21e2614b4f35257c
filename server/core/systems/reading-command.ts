import { maskNone } from "../masking.ts";
import type { Script, ScriptChange, Shell } from "../model.ts";
import { readShellLine, shellLanguage, shellOptions } from "../shell/shell-line.ts";
import { contains, cover, type Edit, type Span } from "../text.ts";
import type { YamlScalar } from "../yaml.ts";
import { type Dialect, type Reading, type ScriptSetting, scriptOf } from "./reading.ts";

// Code that a shell does not get as it is written: escaped against a substitution, or as a list of words.

/** The character that goes before a shell sees the text is the first group; what matches without it stays. */
export type Escapes = RegExp;

/** `$$` where the product puts its own values in the place of `$NAME`. */
export const DOUBLED_DOLLAR: Escapes = /(\$)\$/g;

/**
 * The script in a scalar, as the shell gets it: `$$NAME` is `$NAME` there. What is unescaped looks the same: the product puts a value in
 * its place, and whoever knows that value knows it as a variable of a scope.
 */
export function escapedScriptOf(
  reading: Reading,
  scalar: YamlScalar,
  dialect: Dialect,
  setting: ScriptSetting,
  escapes: Escapes,
): Script {
  const script = scriptOf(reading, scalar, { ...dialect, mask: maskNone }, setting);
  const { text: plain, written } = withoutEscapes(scalar.text, escapes);
  const { text, holes } = dialect.mask(plain);
  return {
    ...script,
    text,
    holes,
    toDocument: (span) => script.toDocument(written(span)),
    rewrite: (changes) =>
      script.rewrite(
        changes.map(({ span, text: added, forShell }) => ({
          span: written(span),
          text: withEscapes(added, forShell ? "" : scalar.text),
        })),
      ),
  };
}

interface Unescaped {
  readonly text: string;
  /** The span of the written text. An escape belongs to the character behind it. */
  written(span: Span): Span;
}

function withoutEscapes(text: string, escapes: Escapes): Unescaped {
  const gone = [...text.matchAll(escapes)].flatMap(({ 1: character, index }) =>
    character === undefined ? [] : [index],
  );
  const kept = gone.map((at, index) => text.slice((gone[index - 1] ?? -1) + 1, at));
  const place = (offset: number): number => {
    let low = 0;
    let high = gone.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((gone[middle] ?? 0) - middle < offset) low = middle + 1;
      else high = middle;
    }
    return offset + low;
  };
  return {
    text: `${kept.join("")}${text.slice((gone.at(-1) ?? -1) + 1)}`,
    written: ({ start, end }) => ({ start: place(start), end: place(end) }),
  };
}

/** New text of a script, with its variables escaped, except those that the product fills in elsewhere in the script. */
function withEscapes(text: string, script: string): string {
  const filled = new Set([...script.matchAll(/(?<![$\\])\$\{?([A-Za-z_]\w*)/g)].map(([, name]) => name));
  return text.replace(/\$(?!\()(?:\{?([A-Za-z_]\w*))?/g, (found, name) => (filled.has(name) ? found : `$${found}`));
}

/** The shell that the first line of a script names, or another one where it names none. */
export function shebangShell(script: string, otherwise: Shell): Shell {
  const line = /^#!(.*)/.exec(script)?.[1];
  if (line === undefined) return otherwise;
  const language = /\bpython/.test(line) ? "python" : /\bnode\b/.test(line) ? "javascript" : "other";
  return readShellLine(line) ?? { language, errexit: undefined, pipefail: undefined };
}

/** One word of a command line: a scalar, or a part of its text. */
export interface Word {
  readonly scalar: YamlScalar;
  readonly part?: Span;
}

/**
 * A command line that is written as a list of words. Where a shell gets code as one of them, as in `[sh, -c, code]`, that is the
 * script; else all the words are, quoted where they have to be. `undefined` without words.
 */
export function commandOf(
  reading: Reading,
  words: readonly Word[],
  dialect: Dialect,
  setting: Omit<ScriptSetting, "shell">,
  escapes: Escapes,
): Script | undefined {
  const inline = inlineCode(words.map(({ scalar, part }) => scalar.text.slice(part?.start, part?.end)));
  const code = inline && words[inline.index]?.scalar;
  if (code) return escapedScriptOf(reading, code, dialect, { ...setting, shell: inline.shell }, escapes);
  const [first, ...others] = words;
  return first && joined(reading, [first, ...others], dialect, setting, escapes);
}

/** Where a shell's code stands among the words that start it. */
function inlineCode([program = "", ...args]: readonly string[]):
  | { readonly index: number; readonly shell: Shell }
  | undefined {
  const name = program.replace(/^.*[/\\]/, "").replace(/\.exe$/i, "");
  const language = shellLanguage(name.toLowerCase());
  if (language === undefined) return undefined;
  const windows = language === "powershell" || language === "cmd";
  const flag = windows ? /^[-/](?:c|command)$/i : /^-[A-Za-z]*c[A-Za-z]*$/;
  const at = args.findIndex((arg) => flag.test(arg));
  const options = args.slice(0, at + 1);
  const valued = (index: number): boolean => /^-[A-Za-z]*o$/.test(options[index - 1] ?? "");
  if (at < 0 || options.some((option, index) => !/^[-+/]/.test(option) && !valued(index))) return undefined;
  const shell = windows
    ? { errexit: false, pipefail: undefined }
    : shellOptions([...options, ...args.slice(at + 1, at + 2)]);
  return { index: at + (!windows && args[at]?.includes("o") ? 3 : 2), shell: { language, ...shell } };
}

/** A word in the text of the joined command line. */
interface Piece extends Span {
  readonly scalar: YamlScalar;
  /** The same characters stand in the scalar: no quotes, no escapes. */
  readonly bare: boolean;
  /** The document span of a span of the joined text. */
  place(span: Span): Span;
}

const SAFE = /^[\w@%+=:,./-]+$/;

function joined(
  reading: Reading,
  words: readonly [Word, ...Word[]],
  dialect: Dialect,
  setting: Omit<ScriptSetting, "shell">,
  escapes: Escapes,
): Script {
  const [{ scalar }] = words;
  const pieces: Piece[] = [];
  let line = "";
  for (const word of words) {
    const { text: quoted, ...piece } = pieceOf(word, line === "" ? 0 : line.length + 1, escapes);
    pieces.push(piece);
    line = line === "" ? quoted : `${line} ${quoted}`;
  }
  const toDocument = (span: Span): Span => {
    const touched = pieces.filter(({ start, end }) => start <= span.end && span.start <= end);
    const inside = touched.filter(({ start, end }) => start < span.end && span.start < end);
    const spans = (inside.length > 0 ? inside : touched).map((piece) => piece.place(span));
    return spans.length > 0 ? spans.reduce(cover) : scalar.span;
  };
  const { text, holes } = dialect.mask(line);
  const script = scriptOf(reading, scalar, dialect, {
    ...setting,
    shell: { language: "sh", errexit: true, pipefail: false },
  });
  const list: Script = {
    ...script,
    text,
    holes,
    span: words.map((word) => word.scalar.span).reduce(cover),
    toDocument,
    rewrite: (changes) => {
      const edits = changes.map((change) => editPiece(pieces, change));
      return edits.every((edit) => edit !== undefined) ? edits : undefined;
    },
  };
  LISTS.add(list);
  return list;
}

const LISTS = new WeakSet<Script>();

/** True for words that go to their program as they are, without a shell that reads them. */
export function isWordList(script: Script): boolean {
  return LISTS.has(script);
}

function pieceOf({ scalar, part }: Word, start: number, escapes: Escapes): Piece & { readonly text: string } {
  const from = part?.start ?? 0;
  const raw = scalar.text.slice(from, part?.end);
  const { text: value, written } = withoutEscapes(raw, escapes);
  const bare = value === raw && SAFE.test(value);
  const quote = bare ? "" : /["\\`!]|\$\(/.test(value) || !value.includes("$") ? "'" : '"';
  const linear = quote !== "'" || !value.includes("'");
  const text = bare ? value : `${quote}${linear ? value : value.replaceAll("'", "'\\''")}${quote}`;
  const clamp = (offset: number): number => Math.min(Math.max(offset - start - quote.length, 0), value.length);
  const place = (span: Span): Span => {
    const inner = linear ? written({ start: clamp(span.start), end: clamp(span.end) }) : { start: 0, end: raw.length };
    return scalar.map.toDocument({ start: from + inner.start, end: from + inner.end });
  };
  return { start, end: start + text.length, scalar, bare, place, text };
}

/** A change within one word, which stays one word. */
function editPiece(pieces: readonly Piece[], { span, text }: ScriptChange): Edit | undefined {
  const piece = pieces.find((each) => contains(each, span));
  if (piece === undefined || !piece.bare || piece.scalar.anchored || !SAFE.test(text)) return undefined;
  const { start, end } = piece.place(span);
  const from = piece.scalar.map.toValue(start);
  const to = piece.scalar.map.toValue(end);
  return from === undefined || to === undefined ? undefined : piece.scalar.map.edit({ start: from, end: to }, text);
}
