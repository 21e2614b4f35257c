import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import { cover, type Span } from "../text.ts";
import { type Command, staticText, type Word } from "./command.ts";
import {
  downloadChanges,
  followsRedirects,
  MADE_PER_REQUEST,
  NEEDS_CREDENTIAL,
  OTHER_ANSWER,
  quotedUrl,
  readDownload,
  requestObstacle,
  SEVERAL_FILES,
} from "./pin-download.ts";
import { namedFile, type PinFile } from "./pin-file.ts";
import { insert, isRefusal, type PinSite, refuse, written } from "./pin-site.ts";
import { CMDLET_ONLY, WEB } from "./powershell-commands.ts";
import type { Value } from "./state.ts";
import { bind, type Parameters } from "./windows-commands.ts";
import { programName } from "./wrappers.ts";

/** A download as a command of PowerShell asks for it. */
export interface PowerShellDownload {
  readonly command: Command;
  /** The command without its redirections. */
  readonly span: Span;
  readonly url: Word;
  /** The file that it writes; `undefined` where it gives its content to what stands around it. */
  readonly file: PinFile | undefined;
  /** Gives text, an object of which the text is a part, or the lines that a program prints. */
  readonly gives: "text" | "response" | "lines";
  readonly followsRedirects: boolean;
  /** Why the content cannot be asked for by its address alone. */
  readonly request: NoFix | undefined;
  /** Changes that make it write a file, and fail on an error of the server; of one that already writes a file only the latter. */
  into(file: PinFile | undefined, url: string | undefined): readonly ScriptChange[];
}

/** Reads a fetching command, or says why its content cannot be named by one hash. */
export function readPowerShellDownload(site: PinSite, command: Command): PowerShellDownload | NoFix {
  const [first] = command.words;
  const member = /^\.(\w+)$/.exec(staticText(first) ?? "")?.[1]?.toLowerCase();
  if (first === undefined) return refuse(UNKNOWN_TOOL);
  if (member !== undefined) return readMember(site, command, first, member);
  const values = command.words.map((word) => asValue(site, word));
  const name = programName(values[0]);
  if (command.words.some(({ parts }) => parts.some((part) => part.kind === "variable" && part.operator === "@")))
    return refuse("The parameters stand in a variable; write them into the command itself, then pin it.");
  if (/^(?:curl|wget)$/.test(name)) {
    const program = /\.exe$/i.test(staticText(first) ?? "") || !values.some(({ text }) => CMDLET_ONLY.test(text));
    if (program) return readProgram(site, command);
  }
  if (/^(?:invoke-webrequest|iwr|curl|wget)$/.test(name)) return readWeb(site, command, values, "response");
  if (/^(?:invoke-restmethod|irm)$/.test(name)) return readWeb(site, command, values, "text");
  if (name === "start-bitstransfer") return readBits(site, command, values);
  return refuse(name === "msiexec" ? INSTALLER : UNKNOWN_TOOL);
}

const UNKNOWN_TOOL =
  "Only downloads by Invoke-WebRequest, Invoke-RestMethod, Start-BitsTransfer, WebClient and curl.exe can be pinned automatically; download the file with Invoke-WebRequest -OutFile, then pin it.";

/** Said of a program that downloads by itself what it installs. */
export const INSTALLER =
  "The installer downloads the package by itself; download it to a file first and install that file, then pin the download.";

function asValue(site: PinSite, word: Word): Value {
  const text = staticText(word);
  const { span } = word;
  return { text: text ?? written(site, span), known: text !== undefined, origins: [], digests: [], whole: false, span };
}

/** `(New-Object Net.WebClient).DownloadString('U')`, `$client.DownloadFile('U', 'f')`. */
function readMember(site: PinSite, command: Command, name: Word, member: string): PowerShellDownload | NoFix {
  const [, url, target, more] = command.words;
  const into = member === "downloadfile";
  if ((member !== "downloadstring" && !into) || url === undefined || more !== undefined) return refuse(UNKNOWN_TOOL);
  if (into !== (target !== undefined)) return refuse(UNKNOWN_TOOL);
  const file = target && namedFile(site, target, 0);
  if (isRefusal(file)) return file;
  const owner = /^\$(\w+)$/.exec(site.text.slice(command.span.start, name.span.start))?.[1];
  const headers =
    owner !== undefined && new RegExp(`\\$${owner}\\.(?:Headers|Credentials|UseDefault)`, "i").test(site.text);
  return {
    command,
    span: command.span,
    url,
    file,
    gives: "text",
    followsRedirects: true,
    request: headers ? refuse(OTHER_ANSWER) : undefined,
    into: (to, address) => [
      ...addressChange(site, url, address),
      ...(to === undefined ? [] : [{ span: name.span, text: ".DownloadFile" }, insert(url.span.end, `, ${to.word}`)]),
    ],
  };
}

function addressChange(site: PinSite, url: Word, address: string | undefined): readonly ScriptChange[] {
  if (address === undefined) return [];
  const quote = /^["']/.exec(site.text.slice(url.span.start))?.[0];
  const plain = quotedUrl(address, "powershell");
  const text = quote === undefined || plain !== address ? plain : quote + address + quote;
  return [{ span: url.span, text }];
}

/** curl.exe and the like: what POSIX-like shells call so. */
function readProgram(site: PinSite, command: Command): PowerShellDownload | NoFix {
  const download = readDownload(site, command);
  if (isRefusal(download)) return download;
  return {
    command,
    span: wordsOf(command),
    url: download.url.word,
    file: download.file,
    gives: "lines",
    followsRedirects: followsRedirects(command),
    request: requestObstacle(download),
    into: (file, url) => downloadChanges(site, download, { file, url, gap: " " }),
  };
}

function readWeb(
  site: PinSite,
  command: Command,
  values: readonly Value[],
  gives: "text" | "response",
): PowerShellDownload | NoFix {
  const bound = bind(values.slice(1), WEB);
  const method = bound.get("method")?.text ?? "";
  const headers = bound.get("headers")?.text;
  const request =
    ["body", "form", "infile", "custommethod"].some((name) => bound.has(name)) || !/^(?:get)?$/i.test(method);
  const secret =
    SECRETS.some((name) => bound.has(name)) || /authorization|cookie|token|key|secret|^\$/i.test(headers ?? "");
  const obstacle = request
    ? refuse(MADE_PER_REQUEST)
    : secret
      ? refuse(NEEDS_CREDENTIAL)
      : headers !== undefined || bound.has("useragent")
        ? refuse(OTHER_ANSWER)
        : undefined;
  const follows = bound.get("maximumredirection")?.text !== "0";
  return cmdlet(site, command, bound, { url: "uri", file: "outfile", gives, follows, obstacle, option: "-OutFile" });
}

const SECRETS =
  "credential usedefaultcredentials websession authentication token certificate certificatethumbprint proxyusedefaultcredentials".split(
    " ",
  );

function readBits(site: PinSite, command: Command, values: readonly Value[]): PowerShellDownload | NoFix {
  const bound = bind(values.slice(1), BITS);
  if (bound.has("asynchronous"))
    return refuse(
      "The download runs in the background, so the file may not be there yet; take -Asynchronous away, then pin it.",
    );
  const obstacle = bound.has("credential") ? refuse(NEEDS_CREDENTIAL) : undefined;
  const names = { url: "source", file: "destination", option: "-Destination" };
  const result = cmdlet(site, command, bound, { ...names, gives: "text", follows: true, obstacle });
  return !isRefusal(result) && result.file === undefined
    ? refuse("The command does not name the file; name it with -Destination, then pin it.")
    : result;
}

const BITS: Parameters = {
  positional: ["source", "destination"],
  valued:
    "description displayname priority retryinterval retrytimeout credential transfertype proxyusage proxylist transferpolicy".split(
      " ",
    ),
  switches: ["asynchronous", "suspended", "dynamic"],
};

/** What the parameters of a cmdlet are called, and what they say. */
interface Cmdlet {
  readonly url: string;
  readonly file: string;
  readonly option: string;
  readonly gives: "text" | "response";
  readonly follows: boolean;
  readonly obstacle: NoFix | undefined;
}

function cmdlet(
  site: PinSite,
  command: Command,
  bound: ReadonlyMap<string, Value>,
  { url: urlName, file: fileName, option, gives, follows, obstacle }: Cmdlet,
): PowerShellDownload | NoFix {
  const url = wordAt(command, bound.get(urlName));
  if (url === undefined || /^[-\u2013-\u2015]/.test(site.text[url.span.start] ?? ""))
    return refuse("The command names no address of its own; name it behind -Uri, then pin it.");
  if (/^https?:[^,]*,\s*https?:/i.test(staticText(url) ?? "")) return refuse(SEVERAL_FILES);
  const target = wordAt(command, bound.get(fileName));
  const glued = target === undefined ? 0 : (/^[-\u2013-\u2015]\w+:/.exec(staticText(target) ?? "")?.[0].length ?? 0);
  const file = target && namedFile(site, target, glued);
  if (isRefusal(file)) return file;
  const span = wordsOf(command);
  return {
    command,
    span,
    url,
    file,
    gives,
    followsRedirects: follows,
    request: obstacle,
    into: (to, address) => [
      ...addressChange(site, url, address),
      ...(to === undefined ? [] : [insert(span.end, ` ${option} ${to.word}`)]),
    ],
  };
}

function wordAt({ words }: Command, value: Value | undefined): Word | undefined {
  return value && words.find(({ span }) => span.start === value.span.start && span.end === value.span.end);
}

function wordsOf({ words, span }: Command): Span {
  return words.reduce((whole, word) => cover(whole, word.span), words[0]?.span ?? span);
}
