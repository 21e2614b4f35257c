import { hasOption, lastOption, type OptionStyle, optionStyle, optionValues, readOptions } from "./options.ts";
import { CURL as CURL_OPTIONS, type Grammar, WGET as WGET_OPTIONS } from "./pin-options.ts";
import type { Value } from "./state.ts";
import { STORAGE_FETCHERS } from "./storage-downloads.ts";
import { programName } from "./wrappers.ts";

/** What a fetching command line asks for. */
export interface Fetch {
  readonly tool: string;
  /** Each address with the place of its content: a file, or standard output. */
  readonly transfers: readonly Transfer[];
}

/** An address, and where its content goes. */
export interface Transfer {
  readonly url: Value;
  /** The file as the command line names it; `undefined` for standard output. Starts with `/`-less names relative to the working directory. */
  readonly file: string | undefined;
  /** Where the content may lie as well, because only the disk tells whether `file` is a folder. */
  readonly inside?: string;
  /** True where `file` is a folder, and all that lies below it may have been fetched. */
  readonly folder?: boolean;
}

/** Reads a command line; `undefined` where it fetches nothing from another machine. */
export function readFetch(words: readonly Value[]): Fetch | undefined {
  const tool = programName(words[0]);
  const transfers = FETCHERS.get(tool)?.(words.slice(1)) ?? [];
  const remote = transfers.filter(({ url }) => !isLocal(url.text));
  return remote.length === 0 ? undefined : { tool, transfers: remote };
}

/** True for a program that can fetch from another machine. */
export function isFetcher(name: string): boolean {
  return FETCHERS.has(name);
}

/** True for addresses on this machine: content that the pipeline itself serves. */
export function isLocal(url: string): boolean {
  if (/^file:/i.test(url)) return true;
  const host = hostOf(url);
  return host !== undefined && /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])$/i.test(host);
}

/** The host of an address, lower case, without port and user; `undefined` where it is not known. */
export function hostOf(url: string): string | undefined {
  const host = /^(?:[a-z][\w+.-]*:\/\/)?(?:[^@/?#]*@)?(\[[^\]]*\]|[^:/?#]+)/i.exec(url)?.[1]?.toLowerCase();
  return host === undefined || /[$‹`]/.test(host) ? undefined : host;
}

/**
 * True where the address itself names its content: it carries a full commit id or digest, so that what lies behind it cannot change.
 */
export function isImmutable(url: string): boolean {
  if (!/^https:\/\//i.test(url)) return false;
  const path = url.replace(/^https:\/\/[^/]*/i, "").replace(/[?#].*$/s, "");
  return /(?:^|[/@:=])(?:[0-9a-f]{40}|[0-9a-f]{64})(?=$|[/:]|\.(?:tar\.gz|tgz|zip)$)/i.test(path);
}

type Reader = (args: readonly Value[]) => readonly Transfer[];

const FETCHERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ...STORAGE_FETCHERS,
  ["curl", readCurl],
  ["wget", readWget],
  ["wget2", readWget],
  ["fetch", readBsdFetch],
  ["aria2c", readAria2],
  ["http", readHttpie],
  ["https", readHttpie],
  ["xh", readHttpie],
  ["lwp-request", readLwp],
  ["get", readLwp],
  ["lynx", readDumpTool],
  ["links", readDumpTool],
  ["w3m", readDumpTool],
]);

// The options of curl and Wget are those that pin-options.ts has from their manuals.
const CURL = styleOf(CURL_OPTIONS);
const WGET = styleOf(WGET_OPTIONS);
const BSD_FETCH = optionStyle("-B -h -i -o -S -T -w -N --output");
const ARIA2 = optionStyle("-d -o -i -s -x -j -k -l -t -M --dir --out --checksum");
const HTTPIE = optionStyle("-o -p -s -a --output --print --style --auth");
const LWP = optionStyle("-m -b -t -i -p -c -H -C -o");

function styleOf({ short, long }: Grammar): OptionStyle {
  return { valued: new Set([...[...short].map((letter) => `-${letter}`), ...long]) };
}

function readCurl(args: readonly Value[]): readonly Transfer[] {
  const options = readOptions(args, CURL);
  if (hasOption(options, "-I", "--head", "-T", "--upload-file")) return [];
  const urls = [...options.operands, ...optionValues(options, "--url")];
  const outputs = optionValues(options, "-o", "--output");
  const remoteNames = optionValues(options, "-O", "--remote-name").length;
  const everyRemoteName = hasOption(options, "--remote-name-all");
  const folder = lastOption(options, "--output-dir")?.text;
  return urls.map((url, index) => {
    const output = outputs[index];
    const remoteName = everyRemoteName || index < remoteNames ? lastPathPart(url.text) : undefined;
    const file = output === undefined ? remoteName : output.text === "-" ? undefined : output.text;
    return { url, file: file === "/dev/stdout" ? undefined : inFolder(folder, file) };
  });
}

function readWget(args: readonly Value[]): readonly Transfer[] {
  const options = readOptions(args, WGET);
  if (hasOption(options, "--spider")) return [];
  const output = lastOption(options, "-O", "--output-document")?.text;
  const folder = lastOption(options, "-P", "--directory-prefix")?.text;
  return options.operands.map((url) => {
    if (output !== undefined) return { url, file: output === "-" || output === "/dev/stdout" ? undefined : output };
    return { url, file: inFolder(folder, lastPathPart(url.text) ?? "index.html") };
  });
}

function readBsdFetch(args: readonly Value[]): readonly Transfer[] {
  const options = readOptions(args, BSD_FETCH);
  const output = lastOption(options, "-o", "--output")?.text;
  return options.operands.map((url) => ({
    url,
    file: output === "-" ? undefined : (output ?? lastPathPart(url.text)),
  }));
}

function readAria2(args: readonly Value[]): readonly Transfer[] {
  const options = readOptions(args, ARIA2);
  const output = lastOption(options, "-o", "--out")?.text;
  const folder = lastOption(options, "-d", "--dir")?.text;
  return options.operands.map((url) => ({ url, file: inFolder(folder, output ?? lastPathPart(url.text)) }));
}

function readHttpie(args: readonly Value[]): readonly Transfer[] {
  const options = readOptions(args, HTTPIE);
  const output = lastOption(options, "-o", "--output")?.text;
  const download = hasOption(options, "-d", "--download");
  const url = options.operands.find((operand) => !/^[A-Z]+$/.test(operand.text));
  return url === undefined ? [] : [{ url, file: output ?? (download ? lastPathPart(url.text) : undefined) }];
}

function readLwp(args: readonly Value[]): readonly Transfer[] {
  const { operands } = readOptions(args, LWP);
  return operands.filter(({ text }) => /^\w+:\/\//.test(text)).map((url) => ({ url, file: undefined }));
}

function readDumpTool(args: readonly Value[]): readonly Transfer[] {
  if (!args.some(({ text }) => /^-?-(?:dump|source|dump_source)$/.test(text))) return [];
  return args.filter(({ text }) => /^\w+:\/\//.test(text)).map((url) => ({ url, file: undefined }));
}

/** The file name that a download of this address gets by itself. */
function lastPathPart(url: string): string | undefined {
  const path = url.replace(/^[a-z][\w+.-]*:\/\//i, "").replace(/[?#].*$/s, "");
  const slash = path.lastIndexOf("/");
  return slash < 0 || slash === path.length - 1 ? undefined : path.slice(slash + 1);
}

function inFolder(folder: string | undefined, file: string | undefined): string | undefined {
  return folder === undefined || file === undefined || file.startsWith("/") ? file : `${folder}/${file}`;
}
