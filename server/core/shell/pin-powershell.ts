import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import { contains, type Span } from "../text.ts";
import { type Command, staticText } from "./command.ts";
import type { PinDialect } from "./pin-dialect.ts";
import type { PinFile } from "./pin-file.ts";
import { fileName } from "./pin-name.ts";
import { commandsOf, pathTo, type Step } from "./pin-path.ts";
import { addressObstacle } from "./pin-plan.ts";
import { type PowerShellDownload, readPowerShellDownload } from "./pin-powershell-download.ts";
import { behind, layoutOf, NESTED, placeBehind, placeOf, staysOneLine } from "./pin-powershell-place.ts";
import type { Known } from "./pin-run.ts";
import { indentAt, insert, isRefusal, type PinSite, refuse, rewritten } from "./pin-site.ts";
import { namesFile, quotedPath } from "./pin-windows-file.ts";
import { lastName } from "./windows-commands.ts";

/**
 * PowerShell: the download goes to a file, `Get-FileHash` is compared with what was pinned, and the file's text stands where the fetch was, so
 * that scope, arguments and `exit` stay as they are and no execution policy comes into play. The check ends with `exit`, because a `throw` can
 * be caught, and is ignored where errors are silenced.
 */
export const POWERSHELL: PinDialect = {
  urlOf(site, fetch) {
    const download = readPowerShellDownload(site, fetch);
    const text = isRefusal(download) ? undefined : staticText(download.url);
    return text === undefined || /^[a-z][\w+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  },
  obstacle(site, fetch, url) {
    const changes = POWERSHELL.pin(site, fetch, { sha256: "0".repeat(64) });
    if (isRefusal(changes)) return changes;
    const download = readPowerShellDownload(site, fetch);
    return isRefusal(download) ? download : (addressObstacle(download.url, url) ?? download.request);
  },
  pin(site, fetch, known) {
    const download = readPowerShellDownload(site, fetch);
    if (isRefusal(download)) return download;
    const path = pathTo(site, fetch.span);
    if (path === undefined) return refuse(NESTED);
    const { file } = download;
    return file === undefined ? pinText(site, path, download, known) : pinFile(site, path, download, file, known);
  },
  fileOf(site, fetch) {
    const download = readPowerShellDownload(site, fetch);
    return isRefusal(download) ? undefined : download.file;
  },
  checkBefore(site, run, file, sha256) {
    const own = checkedHere(site, run, file);
    if (isRefusal(own)) return own;
    const path = pathTo(site, run.span);
    const place = path === undefined ? refuse(NESTED) : placeOf(site, path);
    if (isRefusal(place)) return place;
    const { before, separator, after } = layoutOf(site, place);
    return [before, insert(before.span.end, checkLine(own, sha256, nameOf(own, "")) + separator), ...after];
  },
  followsRedirects(site, fetch) {
    const download = readPowerShellDownload(site, fetch);
    return isRefusal(download) || download.followsRedirects;
  },
};

/** The only gate: a missing file has no hash and stops the script as well. */
function checkLine({ word }: PinFile, sha256: string, name: string): string {
  const said = name.replaceAll("'", "''");
  return `if ((Get-FileHash ${word}).Hash -ne '${sha256}') { Write-Host 'SHA-256 mismatch: ${said}'; exit 1 }`;
}

/** How the check calls what it looked at. */
function nameOf({ quoted }: PinFile, url: string): string {
  const name = quoted.split("/").at(-1) ?? "";
  return /[$()]/.test(name) ? lastName(url) || "the downloaded file" : name;
}

/** The file as a script that only runs it names it. */
function checkedHere(site: PinSite, run: Command, file: PinFile): PinFile | NoFix {
  if (file.language !== "powershell" && /[$%]/.test(file.quoted)) {
    return refuse("Another shell names the file by a variable; name it by a plain path, then pin it.");
  }
  const moves = commandsOf(site).some(
    ({ command }) => command.span.end <= run.span.start && MOVES.test(staticText(command.words[0]) ?? ""),
  );
  if (moves && !/^(?:[$/]|[A-Za-z]:)/.test(file.quoted)) {
    return refuse(
      "The script goes to another folder before it runs the file; name the file by its whole path, then pin it.",
    );
  }
  if (file.language === "powershell") return file;
  return { word: quotedPath(file.quoted, false, "powershell"), quoted: file.quoted, language: "powershell" };
}

const MOVES = /^(?:set-location|sl|cd|chdir|push-location|pushd|pop-location|popd)$/i;

/** The content goes straight to a reader: download and check in front of the statement, and the file's text in the place of the fetch. */
function pinText(
  site: PinSite,
  path: readonly Step[],
  download: PowerShellDownload,
  known: Known,
): readonly ScriptChange[] | NoFix {
  const place = placeOf(site, path);
  if (isRefusal(place)) return place;
  const { name, file } = scratchFile(site, download);
  const swap = swapOf(site, path, download);
  if (isRefusal(swap)) return swap;
  const raw = download.gives === "lines" ? "" : " -Raw";
  // Windows PowerShell reads a file without a byte order mark in the machine's own code page.
  const encoding = isAscii(known.text ?? "") ? "" : " -Encoding UTF8";
  const read = `Get-Content${raw}${encoding} ${file.word}`;
  const text = swap.bracketed ? `(${read})` : read;
  const { before, separator, after } = layoutOf(site, place);
  const check = separator + checkLine(file, known.sha256, lastName(addressPath(download)) || name) + separator;
  const into = download.into(file, known.url);
  const { span } = download;
  const here = span.start === place.step.statement.span.start && swap.span.start === span.start && !swap.bracketed;
  if (here && swap.span.end === span.end)
    return [before, ...into, insert(span.end, check + text), ...swap.drops, ...after];
  return [
    before,
    insert(before.span.end, rewritten(site, span, into) + check),
    { span: swap.span, text },
    ...swap.drops,
    ...after,
  ];
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}

/** The address without its scheme and host, as far as it is known. */
function addressPath({ url }: PowerShellDownload): string {
  const text = url.parts.map((part) => (part.kind === "text" ? part.value : "")).join("");
  return text.replace(/^[a-z][\w+.-]*:\/\/[^/?#]*\/?/i, "");
}

/** A file in the folder for downloads. */
function scratchFile(site: PinSite, { url }: PowerShellDownload): { readonly name: string; readonly file: PinFile } {
  const address = url.parts.map((part) => (part.kind === "text" ? part.value : "")).join("");
  const folder = scratchFolder(site);
  const taken = [...(site.taken ?? [])];
  for (;;) {
    const name = fileName(address, "powershell", taken);
    const path = `${folder}${name}`;
    if (new RegExp(`[\\\\/]${name.replaceAll(/[.+]/g, "\\$&")}(?![\\w.-])`).test(site.text)) {
      taken.push(name);
      continue;
    }
    const word = quotedPath(path, path.includes("$"), "powershell");
    return { name, file: { word, quoted: path.replaceAll("\\", "/"), language: "powershell" } };
  }
}

/** With the separator behind it. A forward slash works on all systems; `TEMP` is a variable of Windows alone. */
function scratchFolder({ scratch, operatingSystems }: PinSite): string {
  const variable = /^\$(?:env:)?(\w+)$/i.exec(scratch)?.[1];
  if (variable !== undefined) return `$env:${variable}${variable === "TEMP" ? "\\" : "/"}`;
  return operatingSystems.includes("windows") || scratch.startsWith("%") ? "$env:TEMP\\" : `${scratch}/`;
}

/** What the file's text takes the place of. */
interface Swap {
  readonly span: Span;
  readonly bracketed: boolean;
  /** What only took the text out of the response. */
  readonly drops: readonly ScriptChange[];
}

function swapOf(site: PinSite, path: readonly Step[], download: PowerShellDownload): Swap | NoFix {
  const { text } = site;
  const { span } = download;
  const bracketed = !(
    /(?:^|[({;|=\n&]|\$\()[ \t`]*$/.test(text.slice(0, span.start)) && ENDS.test(text.slice(span.end))
  );
  const swap: Swap = { span, bracketed, drops: [] };
  const member = /^\s*\)(?:\?)?\.(\w+)(\(?)/.exec(text.slice(span.end));
  const name = member?.[1]?.toLowerCase() ?? "";
  if (member === null) {
    if (download.gives !== "response") return /^\s*\)\s*\[/.test(text.slice(span.end)) ? refuse(RESPONSE) : swap;
    return inPipe(site, path, swap) ?? (isTextWanted(site, path, span) ? swap : refuse(RESPONSE));
  }
  if (download.gives === "response") {
    if (name !== "content" || member[2] === "(") return refuse(RESPONSE);
    const end = span.end + member[0].length;
    const dropped = { start: end - ".content".length, end };
    return { ...swap, drops: [{ span: dropped, text: "" }] };
  }
  return TEXT_MEMBERS.test(name) ? swap : refuse(RESPONSE);
}

/** What may follow a command without brackets around it. */
const ENDS = /^[ \t]*(?:$|[)};|\n#]|[0-9*]?>)/;

const TEXT_MEMBERS = /^(?:trim|trimstart|trimend|replace|tostring|substring|split|toupper|tolower)$/;

const RESPONSE =
  "The command gives an object of which only a part is run; save the download with -OutFile and run that file, then pin it.";

/** `iwr U | iex`, `iwr U | Select-Object -ExpandProperty Content | iex`. */
function inPipe({ text }: PinSite, path: readonly Step[], swap: Swap): Swap | undefined {
  const step = path.at(-1);
  if (step?.kind !== "stage") return undefined;
  const [next, after] = step.node.stages.slice(step.index + 1);
  if (next?.kind !== "command") return undefined;
  const written = text.slice(next.span.start, next.span.end);
  if (/^(?:iex|invoke-expression)$/i.test(staticText(next.words[0]) ?? "")) return swap;
  const takes = /^(?:select(?:-object)?\s+-exp\w*|%|foreach(?:-object)?)\s+content$/i.test(written);
  if (!takes || after === undefined) return undefined;
  return { ...swap, drops: [{ span: { start: next.span.start, end: after.span.start }, text: "" }] };
}

/** True where the response is read as text: an argument of `iex`, of `[scriptblock]::Create`, or within a text. */
function isTextWanted({ text }: PinSite, path: readonly Step[], span: Span): boolean {
  const word = path.findLast((step) => step.kind === "word");
  if (word === undefined || !contains(word.span, span)) return false;
  const first = word.holder.kind === "command" ? (staticText(word.holder.words[0]) ?? "") : "";
  return (
    /^(?:iex|invoke-expression|\[scriptblock\]::create)$/i.test(first) || /^"/.test(text.slice(word.word.span.start))
  );
}

/** The download writes a file already: only the check is missing. */
function pinFile(
  site: PinSite,
  path: readonly Step[],
  download: PowerShellDownload,
  file: PinFile,
  known: Known,
): readonly ScriptChange[] | NoFix {
  const { text } = site;
  if (isCompared(site, download.command, file)) {
    return refuse("The file's hash is already looked at; let a wrong one stop the step with `exit 1`.");
  }
  const changes = download.into(undefined, known.url);
  if (known.checkedElsewhere) return changes;
  const check = checkLine(file, known.sha256, nameOf(file, addressPath(download)));
  const chain = path.at(-1);
  if (chain?.kind === "operand" && chain.index === 0 && chain.node.operators[0] === "&&") {
    const place = placeOf(site, path);
    if (isRefusal(place)) return place;
    const [first, second] = chain.node.operands;
    const gap = { start: first?.span.end ?? 0, end: second?.span.start ?? 0 };
    const indent = indentAt(text, chain.node.span.start);
    const separator = staysOneLine(site, place.path) ? "; " : `\n${indent}`;
    return [...changes, { span: gap, text: separator + check + separator }];
  }
  const place = placeBehind(site, path, ({ start, end }) => namesFile(text.slice(start, end), file));
  if (isRefusal(place)) return place;
  if (place.step.statement.background)
    return refuse(
      "The download runs in the background, so the file may not be there yet; take the & away, then pin it.",
    );
  return [...changes, behind(site, place, check)];
}

/** True where a later command already asks for the file's hash. */
function isCompared(site: PinSite, { span }: Command, file: PinFile): boolean {
  return commandsOf(site).some(({ command }) => {
    if (command.span.start < span.end || !/^get-filehash$/i.test(staticText(command.words[0]) ?? "")) return false;
    return namesFile(site.text.slice(command.span.start, command.span.end), file);
  });
}
