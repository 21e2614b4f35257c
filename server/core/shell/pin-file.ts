import type { NoFix } from "../rule.ts";
import type { Part, Word } from "./command.ts";
import { type PinSite, refuse } from "./pin-site.ts";
import { windowsFile } from "./pin-windows-file.ts";

/** A file as a script names it. */
export interface PinFile {
  /** As a word of a command. */
  readonly word: string;
  /** As it stands between double quotes, where variables are still replaced. */
  readonly quoted: string;
  /** The shell whose words these are, where it is none of the POSIX-like ones; there `quoted` is the path with forward slashes. */
  readonly language?: "powershell" | "cmd";
}

/** How the text around a place is quoted: the text of a script, or a string that another shell reads as a script. */
export type Quoting = "none" | "'" | '"';

/**
 * A file in the folder for downloads. Inside of a string of single quotes the inner shell may not have the variable (`sudo` takes it away),
 * so there the folder is a literal one.
 */
export function scratchFile(
  site: PinSite,
  name: string,
  quoting: Quoting,
): { readonly outside: PinFile; readonly inside: PinFile } {
  const folder = quoting === "'" && site.scratch.includes("$") ? "/tmp" : site.scratch;
  const path = `${folder}/${name}`;
  if (PLAIN.test(path)) return { outside: { word: path, quoted: path }, inside: { word: path, quoted: path } };
  const outside = { word: `"${path}"`, quoted: path };
  return { outside, inside: quoting === '"' ? { word: `'${path}'`, quoted: path } : outside };
}

/** The file that a piece of a command line names. */
export function namedFile(site: PinSite, word: Word, from: number, folder?: PinFile): PinFile | NoFix {
  const { language } = site.shell;
  if (language === "powershell" || language === "cmd") return windowsFile(site, word, from, folder);
  const quoted = betweenQuotes(site, word, from);
  if (quoted === undefined || quoted === "") {
    return refuse("The name of the downloaded file is computed; give the download a plain file name, then pin it.");
  }
  const path = folder === undefined || quoted.startsWith("/") ? quoted : `${folder.quoted}/${quoted}`;
  return { word: PLAIN.test(path) ? path : `"${path}"`, quoted: path };
}

/** Text that a shell takes as it is, without quotes. */
const PLAIN = /^[\w./+-]+$/;

/** The text of a word as it stands between double quotes; `undefined` where it holds programs or patterns. */
function betweenQuotes(site: PinSite, word: Word, from: number): string | undefined {
  let skip = from;
  let result = "";
  for (const [index, part] of word.parts.entries()) {
    const piece =
      part.kind === "text"
        ? escaped(part.value.slice(skip), !part.quoted && index === 0)
        : pieceOf(site, part, word.parts[index + 1]);
    if (part.kind === "text") skip = Math.max(0, skip - part.value.length);
    if (piece === undefined) return undefined;
    result += piece;
  }
  return result;
}

function escaped(text: string, home: boolean): string | undefined {
  if (text.includes("\\") || text.includes("\n")) return undefined;
  return text
    .replace(home ? /^~(?=\/)/ : /^\b$/, "\u0000")
    .replace(/["$`]/g, "\\$&")
    .replace("\u0000", "$HOME");
}

function pieceOf(site: PinSite, part: Part, next: Part | undefined): string | undefined {
  if (part.kind === "hole") return part.text;
  if (part.kind !== "variable" || !/^\w+$/.test(part.name)) return undefined;
  if (part.operator !== undefined) {
    const source = site.text.slice(part.span.start, part.span.end);
    return /["'`\\]|\$\(/.test(source) ? undefined : source;
  }
  const joined = next?.kind === "text" && /^\w/.test(next.value);
  return joined ? `\${${part.name}}` : `$${part.name}`;
}

/** True where a text names the file: by its path, or by the last part of it where that is known. */
export function mentions(text: string, file: PinFile): boolean {
  const plain = plainVariables(file.quoted);
  const last = plain.split("/").at(-1) ?? plain;
  const key = /[$`]/.test(last) ? plain : last;
  const pattern = new RegExp(`(?<![\\w.-])${key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`);
  return pattern.test(plainVariables(text));
}

function plainVariables(text: string): string {
  return text.replace(/["']/g, "").replace(/\$\{(\w+)\}/g, "$$$1");
}
