import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import { contains } from "../text.ts";
import { type Command, staticText, type Word } from "./command.ts";
import {
  baseName,
  downloadChanges,
  followsRedirects,
  quotedUrl,
  readDownload,
  requestObstacle,
} from "./pin-download.ts";
import { namedFile, type PinFile } from "./pin-file.ts";
import { commandsOf } from "./pin-path.ts";
import { INSTALLER, readPowerShellDownload } from "./pin-powershell-download.ts";
import { insert, isRefusal, type PinSite, refuse } from "./pin-site.ts";
import { namesFile, quotedPath } from "./pin-windows-file.ts";
import { lastName } from "./windows-commands.ts";

/** A download as a command line of cmd asks for it. */
export interface CmdDownload {
  readonly command: Command;
  /** The command of this script: that of `powershell -Command "…"`, where the download stands in its text. */
  readonly holder: Command;
  readonly nested: boolean;
  readonly url: Word;
  /** The file that it writes; `undefined` for standard output. */
  readonly file: PinFile | undefined;
  readonly followsRedirects: boolean;
  /** Why the content cannot be asked for by its address alone. */
  readonly request: NoFix | undefined;
  /** Changes that make it write a file, and fail on an error of the server; of one that already writes a file only the latter. */
  into(file: PinFile | undefined, url: string | undefined): readonly ScriptChange[] | NoFix;
}

/** Reads a fetching command line, or says why its content cannot be named by one hash. */
export function readCmdDownload(site: PinSite, command: Command): CmdDownload | NoFix {
  const holder = holderOf(site, command);
  if (holder !== undefined) return readNested(site, command, holder);
  const name = baseName(command.words[0]);
  if (name === "curl" || name === "wget") return readProgram(site, command);
  if (name === "certutil") return readOperands(site, command, command.words.slice(1).filter(isOperand));
  if (name === "bitsadmin") return readOperands(site, command, bitsOperands(command));
  return refuse(name === "msiexec" ? INSTALLER : UNKNOWN_TOOL);
}

const UNKNOWN_TOOL =
  "Only downloads by curl, certutil, bitsadmin and PowerShell can be pinned automatically; download the file with curl, then pin it.";

/** The command whose text holds the download. */
function holderOf(site: PinSite, { span }: Command): Command | undefined {
  const around = commandsOf(site).filter(({ command }) => {
    const same = command.span.start === span.start && command.span.end === span.end;
    return !same && contains(command.span, span) && /^(?:powershell|pwsh)$/.test(baseName(command.words[0]));
  });
  return around.at(-1)?.command;
}

function readNested(site: PinSite, command: Command, holder: Command): CmdDownload | NoFix {
  const own = { ...site, shell: { ...site.shell, language: "powershell" } } as const;
  const download = readPowerShellDownload(own, command);
  if (isRefusal(download)) return download;
  const file = download.file && fileForCmd(download.file);
  if (isRefusal(file)) return file;
  if (download.file !== undefined) {
    const { text } = site;
    const rest = text.slice(holder.span.start, command.span.start) + text.slice(command.span.end, holder.span.end);
    if (namesFile(rest, download.file)) {
      return refuse(
        "The file is downloaded and used within one call of PowerShell, where no check fits between; use one call for each, then pin the download.",
      );
    }
  }
  return {
    ...download,
    holder,
    nested: true,
    file,
    into(to, url) {
      if (to !== undefined) return refuse(UNKNOWN_TOOL);
      return url !== undefined && quotedUrl(url, "powershell") !== url
        ? refuse(UNKNOWN_TOOL)
        : download.into(undefined, url);
    },
  };
}

/** `$env:TEMP\x` is `%TEMP%\x`. */
function fileForCmd({ quoted }: PinFile): PinFile | NoFix {
  const path = quoted.replaceAll("/", "\\").replace(/\$env:(\w+)/gi, "%$1%");
  if (/[$"()]/.test(path))
    return refuse("Only PowerShell knows the name of the file; give the download a plain file name, then pin it.");
  return { word: quotedPath(path, path.includes("%"), "cmd"), quoted: path.replaceAll("\\", "/"), language: "cmd" };
}

function readProgram(site: PinSite, command: Command): CmdDownload | NoFix {
  const download = readDownload(site, command);
  if (isRefusal(download)) return download;
  const flags = download.line.options.filter(({ name }) => name !== "--url");
  const usual = download.tool === "curl" && flags.every(({ name }) => /^-[sSfL#]$/.test(name));
  const [first] = flags;
  return {
    command,
    holder: command,
    nested: false,
    url: download.url.word,
    file: download.file,
    followsRedirects: followsRedirects(command),
    request: requestObstacle(download),
    into(file, url) {
      const oneWord = first !== undefined && flags.every(({ word }) => word === first.word);
      if (file === undefined || !usual || !oneWord) return downloadChanges(site, download, { file, url, gap: " " });
      const follows = flags.some(({ name }) => name === "-L") ? "L" : "";
      const address = downloadChanges(site, download, { file: undefined, url, gap: " " }).filter(
        ({ span }) => url !== undefined && span.start === download.url.word.span.start,
      );
      return [{ span: first.word.span, text: `-fsS${follows}o ${file.word}` }, ...address];
    },
  };
}

/** certutil and bitsadmin, which go by the place of a word: address, then file. */
function readOperands(site: PinSite, command: Command, operands: readonly Word[]): CmdDownload | NoFix {
  const [url, target, more] = operands;
  if (url === undefined || more !== undefined) return refuse(UNKNOWN_TOOL);
  const own = lastName(staticText(url) ?? "");
  const named: PinFile = { word: quotedPath(own, false, "cmd"), quoted: own, language: "cmd" };
  const file = target === undefined ? named : namedFile(site, target, 0);
  if (isRefusal(file)) return file;
  return {
    command,
    holder: command,
    nested: false,
    url,
    file,
    followsRedirects: true,
    request: own === "" && target === undefined ? refuse(UNKNOWN_TOOL) : undefined,
    into: (to, address) => [
      ...(address === undefined ? [] : [{ span: url.span, text: quotedUrl(address, "cmd") }]),
      ...(to === undefined ? [] : [insert(command.span.end, ` ${to.word}`)]),
    ],
  };
}

function isOperand(word: Word): boolean {
  return !/^[-/](?!\/)/.test(staticText(word) ?? "");
}

/** `bitsadmin /transfer NAME [/download] [/priority P] U F`. */
function bitsOperands({ words }: Command): readonly Word[] {
  return words.slice(3).filter((word, index) => {
    const before = staticText(words[index + 2]) ?? "";
    return isOperand(word) && !/^[-/](?:priority|aclflags)$/i.test(before);
  });
}
