import type { NoFix } from "../rule.ts";
import { type Part, programsOf, staticText, type Word } from "./command.ts";
import type { PinFile } from "./pin-file.ts";
import { type PinSite, refuse, written } from "./pin-site.ts";
import { lastName } from "./windows-commands.ts";

// Files as PowerShell and cmd name them.

/**
 * The file that a piece of a command line of PowerShell or cmd names. The working folder in front of a name (`$pwd\`, `%CD%\`) says nothing and
 * is left out; variables stay, so that the check names what the download does.
 */
export function windowsFile(site: PinSite, word: Word, from: number, folder?: PinFile): PinFile | NoFix {
  const language = site.shell.language === "cmd" ? "cmd" : "powershell";
  const computed = language === "powershell" && from === 0 ? joinedPath(site, word) : undefined;
  if (computed !== undefined) return computed;
  const parts = withoutWorkingFolder(word.parts, from);
  const pieces = parts.map((part) => pieceOf(site, part));
  const own = pieces.every((piece) => piece !== undefined) ? pieces.join("") : "";
  const path = folder === undefined || /^(?:[\\/]|[A-Za-z]:|[$%])/.test(own) ? own : `${folder.quoted}/${own}`;
  if (own === "" || /["\n]/.test(path)) {
    return refuse("The name of the downloaded file is computed; give the download a plain file name, then pin it.");
  }
  const varies = parts.some((part) => part.kind !== "text") || /[$%]/.test(folder?.quoted ?? "");
  const [only] = parts;
  const alone = language === "powershell" && parts.length === 1 && only?.kind === "variable" && folder === undefined;
  const name = alone ? written(site, only.span) : quotedPath(path, varies, language);
  return { word: name, quoted: path.replaceAll("\\", "/"), language };
}

/** A path as a word. */
export function quotedPath(path: string, varies: boolean, language: "powershell" | "cmd"): string {
  if (!varies && /^[\w.+\\/:~][\w.+\\/:~-]*$/.test(path)) return path;
  if (language === "cmd" || varies) return `"${path}"`;
  const quoted = `'${path.replaceAll("'", "''")}'`;
  return /[[\]*?]/.test(path) ? `-LiteralPath ${quoted}` : quoted;
}

/** `(Join-Path $env:TEMP x.ps1)`: what only puts a path together can be said twice. */
function joinedPath(site: PinSite, word: Word): PinFile | undefined {
  const [part] = word.parts;
  if (part?.kind !== "substitution" || word.parts.length > 1) return undefined;
  const { statements } = part.body;
  const command = statements.length === 1 ? statements[0]?.node : undefined;
  if (command?.kind !== "command" || command.words.flatMap((each) => [...programsOf(each)]).length > 0)
    return undefined;
  if (!/^(?:join-path|\[(?:system\.)?io\.path\]::combine)$/i.test(staticText(command.words[0]) ?? "")) return undefined;
  const source = written(site, word.span);
  const call = source.startsWith("(") ? source : `(${source})`;
  const name = staticText(command.words.at(-1)) ?? "";
  return { word: call, quoted: `$()/${lastName(name)}`, language: "powershell" };
}

function withoutWorkingFolder(parts: readonly Part[], from: number): readonly Part[] {
  const [first, second, ...rest] = parts;
  if (first?.kind === "text" && from > 0) return [{ ...first, value: first.value.slice(from) }, ...parts.slice(1)];
  const folder = first?.kind === "variable" && first.operator === undefined && /^(?:pwd|cd)$/i.test(first.name);
  if (!folder || second?.kind !== "text" || !/^[\\/]/.test(second.value)) return parts;
  return [{ ...second, value: second.value.replace(/^[\\/]+/, "") }, ...rest];
}

function pieceOf(site: PinSite, part: Part): string | undefined {
  switch (part.kind) {
    case "text":
      return /[$`"%]/.test(part.value) ? undefined : part.value;
    case "hole":
      return part.text;
    case "variable": {
      const source = written(site, part.span);
      return part.operator === "." ? `$(${source})` : source;
    }
    default:
      return undefined;
  }
}

/** True where a text names the file: by the last part of its path where that is known, with or without its ending. */
export function namesFile(text: string, file: PinFile): boolean {
  const last = file.quoted.split("/").at(-1) ?? file.quoted;
  const key = /[$%]/.test(last) ? file.quoted : last;
  const [, stem = key, ending = ""] = /^(.+?)(\.(?:exe|bat|cmd|com|ps1|msi))?$/i.exec(key) ?? [];
  const literal = (piece: string): string => piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = new RegExp(`(?<![\\w.-])${literal(stem)}(?:${literal(ending)})?(?![\\w-])`, "i");
  return pattern.test(text.replace(/["']/g, "").replaceAll("\\", "/"));
}
