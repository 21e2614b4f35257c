import type { Value } from "./state.ts";
import { STORAGE_FETCHERS } from "./storage-downloads.ts";
import { programName } from "./wrappers.ts";

/** What a fetching command line asks for. */
export interface Fetch {
  readonly tool: string;
  /** Each address with the place of its content: a file, or standard output. */
  readonly transfers: readonly Transfer[];
}

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

/** Options of a command line, read by the tool's own rules. */
interface Options {
  /** Values per option name; an option without a value has "". */
  readonly values: ReadonlyMap<string, readonly Value[]>;
  readonly operands: readonly Value[];
}

interface Grammar {
  /** Letters of short options that take a value. */
  readonly short: string;
  /** Names of long options that take a value in the next word. */
  readonly long: ReadonlySet<string>;
}

/** Reads `-abc value`, `-ovalue`, `--name value`, `--name=value`, `--`. */
function readOptions(args: readonly Value[], grammar: Grammar): Options {
  const values = new Map<string, Value[]>();
  const operands: Value[] = [];
  const add = (name: string, value: Value) => values.set(name, [...(values.get(name) ?? []), value]);
  for (let index = 0; index < args.length; index++) {
    const arg = args[index];
    if (arg === undefined) break;
    const { text } = arg;
    const rest = (from: number): Value => ({ ...arg, text: text.slice(from) });
    if (text === "--") {
      operands.push(...args.slice(index + 1));
      break;
    }
    if (text.startsWith("--")) {
      const equals = text.indexOf("=");
      const name = equals < 0 ? text : text.slice(0, equals);
      if (equals >= 0) add(name, rest(equals + 1));
      else if (grammar.long.has(name)) add(name, args[++index] ?? rest(text.length));
      else add(name, rest(text.length));
    } else if (text.startsWith("-") && text.length > 1) {
      for (let at = 1; at < text.length; at++) {
        const letter = `-${text[at]}`;
        if (!grammar.short.includes(text[at] ?? "")) {
          add(letter, rest(text.length));
          continue;
        }
        add(letter, at + 1 < text.length ? rest(at + 1) : (args[++index] ?? rest(text.length)));
        break;
      }
    } else operands.push(arg);
  }
  return { values, operands };
}

// Options that take a value, from the manuals of curl 8 and GNU Wget 1.25.
const CURL: Grammar = {
  short: "AbcCdDeEFhHKmoPQrtTuUwxXyYz",
  long: new Set(
    (
      "user-agent cookie cookie-jar continue-at data data-ascii data-binary data-raw data-urlencode dump-header referer cert cert-type " +
      "form form-string header config max-time output output-dir quote range telnet-option upload-file user proxy-user write-out proxy " +
      "request speed-limit speed-time time-cond cacert capath ciphers connect-timeout connect-to retry retry-delay retry-max-time " +
      "max-redirs max-filesize limit-rate proto proto-default proto-redir resolve interface dns-servers doh-url url json key key-type " +
      "pass pinnedpubkey noproxy oauth2-bearer netrc-file aws-sigv4 stderr trace trace-ascii tls-max tls13-ciphers unix-socket " +
      "local-port keepalive-time happy-eyeballs-timeout-ms expect100-timeout create-file-mode engine etag-compare etag-save preproxy " +
      "proxy-cacert proxy-cert proxy-header request-target socks5 socks5-hostname url-query variable rate parallel-max"
    )
      .split(" ")
      .map((name) => `--${name}`),
  ),
};
const WGET: Grammar = {
  short: "aABDeGiIlnoOPQRtTUwX",
  long: new Set(
    (
      "append-output base bind-address body-data body-file ca-certificate ca-directory certificate compression config connect-timeout " +
      "crl-file cut-dirs default-page directory-prefix dns-timeout domains exclude-directories exclude-domains execute header " +
      "http-password http-user include-directories input-file level limit-rate load-cookies local-encoding max-redirect method output-document " +
      "output-file password post-data post-file prefer-family private-key progress quota read-timeout referer reject remote-encoding " +
      "report-speed restrict-file-names retry-on-http-error save-cookies secure-protocol start-pos timeout tries user user-agent wait waitretry"
    )
      .split(" ")
      .map((name) => `--${name}`),
  ),
};

function readCurl(args: readonly Value[]): readonly Transfer[] {
  const { values, operands } = readOptions(args, CURL);
  const urls = [...operands, ...(values.get("--url") ?? [])];
  const outputs = [...(values.get("-o") ?? []), ...(values.get("--output") ?? [])];
  const remoteNames = (values.get("-O")?.length ?? 0) + (values.get("--remote-name")?.length ?? 0);
  const everyRemoteName = values.has("--remote-name-all");
  const folder = values.get("--output-dir")?.at(-1)?.text;
  if (values.has("-I") || values.has("--head") || values.has("-T") || values.has("--upload-file")) return [];
  return urls.map((url, index) => {
    const output = outputs[index];
    const remoteName = everyRemoteName || index < remoteNames ? lastPathPart(url.text) : undefined;
    const file = output === undefined ? remoteName : output.text === "-" ? undefined : output.text;
    return { url, file: file === "/dev/stdout" ? undefined : inFolder(folder, file) };
  });
}

function readWget(args: readonly Value[]): readonly Transfer[] {
  const { values, operands } = readOptions(args, WGET);
  const output = [...(values.get("-O") ?? []), ...(values.get("--output-document") ?? [])].at(-1)?.text;
  const folder = [...(values.get("-P") ?? []), ...(values.get("--directory-prefix") ?? [])].at(-1)?.text;
  if (values.has("--spider")) return [];
  return operands.map((url) => {
    if (output !== undefined) return { url, file: output === "-" || output === "/dev/stdout" ? undefined : output };
    return { url, file: inFolder(folder, lastPathPart(url.text) ?? "index.html") };
  });
}

function readBsdFetch(args: readonly Value[]): readonly Transfer[] {
  const { values, operands } = readOptions(args, { short: "BhioSTwN", long: new Set(["--output"]) });
  const output = [...(values.get("-o") ?? []), ...(values.get("--output") ?? [])].at(-1)?.text;
  return operands.map((url) => ({ url, file: output === "-" ? undefined : (output ?? lastPathPart(url.text)) }));
}

function readAria2(args: readonly Value[]): readonly Transfer[] {
  const { values, operands } = readOptions(args, {
    short: "doisxjkltM",
    long: new Set(["--dir", "--out", "--checksum"]),
  });
  const output = [...(values.get("-o") ?? []), ...(values.get("--out") ?? [])].at(-1)?.text;
  const folder = [...(values.get("-d") ?? []), ...(values.get("--dir") ?? [])].at(-1)?.text;
  return operands.map((url) => ({ url, file: inFolder(folder, output ?? lastPathPart(url.text)) }));
}

function readHttpie(args: readonly Value[]): readonly Transfer[] {
  const { values, operands } = readOptions(args, {
    short: "opsa",
    long: new Set(["--output", "--print", "--style", "--auth"]),
  });
  const output = [...(values.get("-o") ?? []), ...(values.get("--output") ?? [])].at(-1)?.text;
  const download = values.has("-d") || values.has("--download");
  const url = operands.find((operand) => !/^[A-Z]+$/.test(operand.text));
  return url === undefined ? [] : [{ url, file: output ?? (download ? lastPathPart(url.text) : undefined) }];
}

function readLwp(args: readonly Value[]): readonly Transfer[] {
  const { operands } = readOptions(args, { short: "mbtipcHCo", long: new Set() });
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
