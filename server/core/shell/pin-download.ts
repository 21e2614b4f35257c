import type { ScriptChange, ShellLanguage } from "../model.ts";
import type { NoFix } from "../rule.ts";
import type { Span } from "../text.ts";
import { type Command, staticText, type Word } from "./command.ts";
import { namedFile, type PinFile } from "./pin-file.ts";
import {
  type CommandLine,
  CURL,
  leadingText,
  type Option,
  type OptionValue,
  readOptions,
  valueText,
  WGET,
} from "./pin-options.ts";
import { insert, isRefusal, type PinSite, refuse } from "./pin-site.ts";

/** A download as a command line asks for it. */
export interface Download {
  readonly tool: "curl" | "wget";
  readonly command: Command;
  /** The word that names the tool. */
  readonly name: Word;
  readonly line: CommandLine;
  readonly url: OptionValue;
  /** The file that it writes; `undefined` for standard output. */
  readonly file: PinFile | undefined;
  /** True where the tool takes the file's name from the address. */
  readonly ownName: boolean;
}

type Request = Omit<Download, "file" | "ownName">;

/** Reads a fetching command line, or says why its content cannot be named by one hash. */
export function readDownload(site: PinSite, command: Command): Download | NoFix {
  const at = command.words.findIndex((word) => toolName(word) !== undefined);
  const name = command.words[at];
  const tool = name && toolName(name);
  if (name === undefined || tool === undefined) {
    return refuse(
      "Only downloads by curl and wget can be pinned automatically; download the file with curl, then pin it.",
    );
  }
  if (command.words.slice(0, at).some((word) => ELSEWHERE.test(baseName(word)))) return refuse(OTHER_MACHINE);
  const line = readOptions(command.words.slice(at + 1), tool === "curl" ? CURL : WGET);
  const urls = [...line.operands.map((word) => ({ word, from: 0 })), ...valuesOf(line, "--url")];
  const [url] = urls;
  if (has(line, CONFIG[tool]))
    return refuse("The address stands in another file; name it in the command, then pin it.");
  if (url === undefined) return refuse("The command names no address; name it in the command, then pin it.");
  if (urls.length > 1 || has(line, ["--next", "-:"]) || (tool === "curl" && hasGlob(line, url))) {
    return refuse(SEVERAL_FILES);
  }
  if (has(line, SERVER_NAMED[tool])) {
    return refuse(
      "The server chooses the file name; name the file with -o (curl) or -O (wget), then verify that name.",
    );
  }
  if (has(line, PARTIAL[tool])) {
    return refuse(
      "The command keeps something else than the plain content of one address; download just the file, then pin it.",
    );
  }
  const request = { tool, command, name, line, url };
  const file = targetOf(site, request);
  if (isRefusal(file)) return file;
  if (file === undefined && has(line, ["-w", "--write-out"])) {
    return refuse("The command mixes text of its own into the content; take --write-out away, then pin it.");
  }
  const ownName =
    file !== undefined && outputValue(request) === undefined && redirectTarget(site, command) === undefined;
  return { ...request, file, ownName };
}

/** Said where a request carries data. */
export const MADE_PER_REQUEST =
  "The server makes this script for each request, so no hash fits it; save the generated script in the repository and run that.";

/** Said where a request carries a credential. */
export const NEEDS_CREDENTIAL =
  "The address answers only with a credential, which is never sent to find the hash; take the SHA-256 of the file by hand and verify it.";

/** Said where a request carries headers. */
export const OTHER_ANSWER =
  "The server may answer this request with another file than a plain one; take the request headers away, then pin it.";

/** Said where one command fetches several files. */
export const SEVERAL_FILES =
  "The command downloads several files and one hash fits only one; split it into one command per address, then pin each.";

/** Why the content cannot be asked for by its address alone; `undefined` where it can. */
export function requestObstacle({ tool, line }: Download): NoFix | undefined {
  const method = valueText(
    [...valuesOf(line, "-X"), ...valuesOf(line, "--request"), ...valuesOf(line, "--method")].at(-1),
  );
  if (has(line, BODY[tool]) || (method !== undefined && method.toUpperCase() !== "GET")) {
    return refuse(MADE_PER_REQUEST);
  }
  const headers = [...valuesOf(line, "-H"), ...valuesOf(line, "--header")];
  if (has(line, SECRET[tool]) || headers.some(isSecretHeader)) {
    return refuse(NEEDS_CREDENTIAL);
  }
  if (headers.length > 0 || has(line, IDENTITY[tool])) return refuse(OTHER_ANSWER);
  return undefined;
}

/** True where the command follows a redirect to another address: wget always does, curl with -L. */
export function followsRedirects(command: Command): boolean {
  const at = command.words.findIndex((word) => toolName(word) !== undefined);
  const name = command.words[at];
  const tool = name && toolName(name);
  const line = readOptions(command.words.slice(at + 1), tool === "curl" ? CURL : WGET);
  if (tool === "wget") return valueText(valuesOf(line, "--max-redirect").at(-1)) !== "0";
  return has(line, ["-L", "--location", "--location-trusted"]);
}

/** What a download line becomes. */
export interface DownloadChange {
  /** Where standard output goes from now on; `undefined` where the command already writes a file. */
  readonly file: PinFile | undefined;
  /** Another address for the same content. */
  readonly url: string | undefined;
  /** Blanks in front of an option that is added at the end. */
  readonly gap: string;
}

/** Changes that make a download write a file and fail on an error of the server. Everything else of it stays. */
export function downloadChanges(site: PinSite, download: Download, change: DownloadChange): readonly ScriptChange[] {
  const { command, url } = download;
  const address = change.url === undefined ? [] : [replaceValue(site, url, quotedUrl(change.url, site.shell.language))];
  if (change.file === undefined) return [...failChanges(site, download, false), ...address];
  const output = outputOption(download);
  if (output !== undefined)
    return [...failChanges(site, download, false), ...address, redirectOutput(site, output, change.file)];
  const end = command.words.at(-1)?.span.end ?? command.span.end;
  const option = download.tool === "curl" ? "-o" : "-O";
  return [...failChanges(site, download, true), ...address, insert(end, `${change.gap}${option} ${change.file.word}`)];
}

/** The same command on one line: every continued line joined. */
export function joinedLines(site: PinSite, command: Command): readonly ScriptChange[] {
  return gapsOf(command).flatMap((span) =>
    site.text.slice(span.start, span.end).includes("\n") ? [{ span, text: " " }] : [],
  );
}

/** The blanks between the pieces of a command. */
export function gapsOf(command: Command): readonly Span[] {
  const pieces = [
    ...command.assignments,
    ...command.words,
    ...command.redirects.filter(({ operator }) => operator !== "<<"),
  ];
  pieces.sort((a, b) => a.span.start - b.span.start);
  return pieces.slice(1).map(({ span }, index) => ({ start: pieces[index]?.span.end ?? span.start, end: span.start }));
}

/** The last part of a word's path, lower case: the program that it names. */
export function baseName(word: Word | undefined): string {
  return (/[^/\\]*$/.exec(staticText(word) ?? "")?.[0] ?? "").replace(/\.exe$/i, "").toLowerCase();
}

/** Programs that run a command on another machine, in a container or over words that they read. */
export const ELSEWHERE =
  /^(?:ssh|docker|podman|nerdctl|kubectl|oc|lxc|lxc-attach|incus|vagrant|wsl|chroot|nsenter|multipass|gcloud|az|aws|heroku|adb|limactl|systemd-nspawn|machinectl|xargs|parallel)$/;

export const OTHER_MACHINE =
  "The download runs on another machine or in a container, where neither the file nor the checksum tool is sure; verify the script here and send the file, such as `ssh host bash -s < file`.";

const CONFIG = { curl: ["-K", "--config"], wget: ["-i", "--input-file"] };
const SERVER_NAMED = { curl: ["-J", "--remote-header-name"], wget: ["--content-disposition"] };
const PARTIAL = {
  curl: ["-r", "--range", "-C", "--continue-at", "-I", "--head", "-i", "--include", "-T", "--upload-file"],
  wget: [
    "-c",
    "--continue",
    "--start-pos",
    "-r",
    "--recursive",
    "-m",
    "--mirror",
    "-p",
    "--page-requisites",
    "-b",
    "--background",
    "--spider",
  ],
};
const BODY = {
  curl: [
    "-d",
    "--data",
    "--data-ascii",
    "--data-binary",
    "--data-raw",
    "--data-urlencode",
    "--json",
    "-F",
    "--form",
    "--form-string",
    "--url-query",
  ],
  wget: ["--post-data", "--post-file", "--body-data", "--body-file"],
};
const SECRET = {
  curl: [
    "-u",
    "--user",
    "-n",
    "--netrc",
    "--netrc-file",
    "--netrc-optional",
    "--oauth2-bearer",
    "-b",
    "--cookie",
    "-E",
    "--cert",
    "--aws-sigv4",
  ],
  wget: [
    "--user",
    "--password",
    "--http-user",
    "--http-password",
    "--ask-password",
    "--use-askpass",
    "--load-cookies",
    "--certificate",
  ],
};
const IDENTITY = { curl: ["-A", "--user-agent", "-e", "--referer"], wget: ["-U", "--user-agent", "--referer"] };

function toolName(word: Word): "curl" | "wget" | undefined {
  const name = baseName(word);
  return name === "curl" || name === "wget" ? name : undefined;
}

function has(line: CommandLine, names: readonly string[]): boolean {
  return line.options.some(({ name }) => names.includes(name));
}

function valuesOf(line: CommandLine, name: string): readonly OptionValue[] {
  return line.options.flatMap((option) => (option.name === name && option.value ? [option.value] : []));
}

/** curl reads `{a,b}` and `[1-9]` in an address as several addresses. */
function hasGlob(line: CommandLine, url: OptionValue): boolean {
  const globs = url.word.parts.some((part) => part.kind === "text" && /\{[^}]*,|\[[^\]]*-/.test(part.value));
  return globs && !has(line, ["-g", "--globoff"]);
}

function isSecretHeader(value: OptionValue): boolean {
  const text = valueText(value);
  return (
    text === undefined || /^\s*(?:(?:proxy-)?authorization|cookie|[\w-]*(?:token|key|secret)[\w-]*)\s*:/i.test(text)
  );
}

/** The file that the command line itself names for the content. */
function targetOf(site: PinSite, request: Request): PinFile | undefined | NoFix {
  const redirected = redirectTarget(site, request.command);
  if (redirected !== undefined) return redirected;
  const { tool, line } = request;
  const folderValue = [
    ...valuesOf(line, "--output-dir"),
    ...valuesOf(line, "-P"),
    ...valuesOf(line, "--directory-prefix"),
  ].at(-1);
  const folder = folderValue && namedFile(site, folderValue.word, folderValue.from);
  if (isRefusal(folder)) return folder;
  const output = outputValue(request);
  if (output !== undefined)
    return isStdout(valueText(output))
      ? undefined
      : namedFile(site, output.word, output.from, tool === "curl" ? folder : undefined);
  const ownName = tool === "wget" || has(line, ["-O", "--remote-name", "--remote-name-all"]);
  return ownName ? remoteName(site, request, folder) : undefined;
}

function redirectTarget(site: PinSite, command: Command): PinFile | undefined | NoFix {
  const redirect = command.redirects.findLast(
    ({ operator, descriptor }) => /^(?:>>?|>\||&>>?)$/.test(operator) && (descriptor ?? 1) === 1,
  );
  if (redirect?.target === undefined || isSink(site, redirect.target)) return undefined;
  if (redirect.operator !== ">" && redirect.operator !== ">|") {
    return refuse(
      "The content is added to other text, so no hash fits the file; write the download to a file of its own, then pin it.",
    );
  }
  return isStdout(staticText(redirect.target)) ? undefined : namedFile(site, redirect.target, 0);
}

/** True for what takes everything and keeps nothing. */
function isSink({ text }: PinSite, { span }: Word): boolean {
  return /^(?:\/dev\/null|nul|\$null)$/i.test(text.slice(span.start, span.end));
}

/** The name that the tool takes from the address. */
function remoteName(site: PinSite, { tool, url }: Request, folder: PinFile | undefined): PinFile | NoFix {
  const parts = url.word.parts;
  const at = parts.findLastIndex((part) => part.kind === "text" && part.value.includes("/"));
  const last = parts[at];
  const unnamed = refuse(
    "The address does not tell the file's name; name the file with -o (curl) or -O (wget), then pin it.",
  );
  if (last?.kind !== "text") return unnamed;
  const rest = parts
    .slice(at + 1)
    .map((part) => (part.kind === "text" ? { ...part, value: part.value.replace(/[?#].*$/s, "") } : part));
  const query = /[?#]/.test(
    parts
      .slice(at)
      .map((part) => (part.kind === "text" ? part.value : ""))
      .join(""),
  );
  const tail = last.value.replace(/[?#].*$/s, "").replace(/^.*\//s, "");
  if (query && (tool === "wget" || rest.length > 0)) return unnamed;
  if (tail === "" && rest.length === 0) return unnamed;
  return namedFile(site, { ...url.word, parts: [{ ...last, value: tail, quoted: true }, ...rest] }, 0, folder);
}

function outputValue({ tool, line }: Request): OptionValue | undefined {
  return line.options.findLast(({ name }) => OUTPUT[tool].includes(name))?.value;
}

function outputOption({ tool, line }: Download): Option | undefined {
  return line.options.findLast(({ name, value }) => OUTPUT[tool].includes(name) && isStdout(valueText(value)));
}

const OUTPUT = { curl: ["-o", "--output"], wget: ["-O", "--output-document"] };

function isStdout(name: string | undefined): boolean {
  return name === "-" || name === "/dev/stdout";
}

function redirectOutput(site: PinSite, { value, name }: Option, file: PinFile): ScriptChange {
  const separate = value?.word !== undefined && value.from > 0 && !name.startsWith("--");
  return value === undefined ? insert(0, "") : replaceValue(site, value, separate ? ` ${file.word}` : file.word);
}

/** Replaces a value. A quoted option word is written anew as a whole, because its offsets are not those of its text. */
function replaceValue(site: PinSite, { word, from }: OptionValue, text: string): ScriptChange {
  const before = leadingText(word).slice(0, from);
  if (site.text.startsWith(before, word.span.start))
    return { span: { start: word.span.start + from, end: word.span.end }, text };
  return { span: word.span, text: before + text };
}

/** `-f`: an error page is no content. A curl with none but harmless flags gets the usual ones. */
function failChanges(site: PinSite, download: Download, usual: boolean): readonly ScriptChange[] {
  const { tool, line, name } = download;
  if (tool === "wget") return [];
  const flags = line.options.filter(({ name: option }) => option !== "--url");
  if (usual && flags.every(({ name: option }) => /^-[sSfL#]$/.test(option))) return usualFlags(site, name, flags);
  if (has(line, ["-f", "--fail", "--fail-with-body"])) return [];
  const cluster = flags.find(
    ({ word, at, name: option }) =>
      at === 1 && isPlainCluster(word, line) && site.text.startsWith(option, word.span.start),
  );
  if (cluster !== undefined) return [insert(cluster.word.span.start + 1, "f")];
  if (!flags.some(({ name: option }) => option.startsWith("--"))) return [insert(name.span.end, " -f")];
  const output = flags.find(({ name: option }) => option === "--output");
  return [output ? insert(output.word.span.start, "--fail ") : insert(name.span.end, " --fail")];
}

function usualFlags(site: PinSite, name: Word, flags: readonly Option[]): readonly ScriptChange[] {
  const words = [...new Set(flags.map(({ word }) => word))];
  const [first, ...others] = words;
  if (first === undefined) return [insert(name.span.end, " -fsSL")];
  const removed = others.map(({ span }) => ({
    span: { start: blankBefore(site.text, span.start), end: span.end },
    text: "",
  }));
  return site.text.slice(first.span.start, first.span.end) === "-fsSL"
    ? removed
    : [{ span: first.span, text: "-fsSL" }, ...removed];
}

function blankBefore(text: string, offset: number): number {
  return offset - (/[ \t]*$/.exec(text.slice(0, offset))?.[0].length ?? 0);
}

/** Short options of which at most the last, an output, has a value. */
function isPlainCluster(word: Word, line: CommandLine): boolean {
  return line.options.every((option) => option.word !== word || option.value === undefined || option.name === "-o");
}

/** An address as a word: in quotes where the shell would read more into it. */
export function quotedUrl(url: string, language: ShellLanguage): string {
  if (language === "cmd") {
    const doubled = url.replaceAll("%", "%%");
    return /^[\w.:/@%+~-]+$/.test(doubled) ? doubled : `"${doubled.replaceAll('"', "%%22")}"`;
  }
  return /^[\w.:/@%+,=~-]+$/.test(url) ? url : `'${url.replaceAll("'", "%27")}'`;
}
