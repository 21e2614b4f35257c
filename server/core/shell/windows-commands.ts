import type { Span } from "../text.ts";
import { type Fetch, isLocal, readFetch, type Transfer } from "./downloads.ts";
import type { Value } from "./state.ts";
import { programName } from "./wrappers.ts";

// What PowerShell and cmd have in common: Windows programs, paths, and the words in which their commands are told to the data flow.

/** The language of a program within a program. "shell": one that parseBash reads. */
export type NestedLanguage = "powershell" | "cmd" | "shell" | "other";

/** What a command line runs as code. */
export type WindowsCode =
  /** What it reads. */
  | { readonly from: "stdin"; readonly language: NestedLanguage }
  /** These words, with blanks between them. */
  | { readonly from: "text"; readonly words: readonly Value[]; readonly language: NestedLanguage }
  /** A text that an argument holds in another coding; it lies at `span`. */
  | { readonly from: "decoded"; readonly text: string; readonly span: Span; readonly language: NestedLanguage }
  /** A file, an installer package, or what lies behind an address. */
  | { readonly from: "file"; readonly word: Value }
  /** Another command line. */
  | { readonly from: "command"; readonly words: readonly Value[] }
  /** A routine of the same batch script, named as its FunctionDefinition is: ":label". */
  | { readonly from: "routine"; readonly name: string }
  /** A program whose own arguments and input are data. */
  | { readonly from: "nothing" };

/** What a command line does to files, variables and its output. Paths are as they are written: see {@link windowsPath}. */
export type Effect =
  /** Stores `content`, or what it reads where that is `undefined`. */
  | { readonly kind: "write"; readonly file: Value; readonly content: Value | undefined; readonly append: boolean }
  /** Writes what is in files. */
  | { readonly kind: "read"; readonly files: readonly Value[] }
  | { readonly kind: "copy"; readonly files: readonly Value[]; readonly to: Value; readonly keeps: boolean }
  | { readonly kind: "remove"; readonly files: readonly Value[] }
  /** Unpacks into a folder, or into the working one. */
  | { readonly kind: "unpack"; readonly archive: Value; readonly folder: Value | undefined }
  /** Changes the working folder; to an unknown one where `to` is `undefined`. */
  | { readonly kind: "folder"; readonly to: Value | undefined }
  /** Sets a variable, named as the readers name it. */
  | { readonly kind: "set"; readonly name: string; readonly value: Value | undefined }
  /** Prints values side by side; `separator` stands between them. */
  | { readonly kind: "print"; readonly values: readonly Value[]; readonly separator: string }
  /** Prints the digest of a file. */
  | { readonly kind: "hash"; readonly file: Value; readonly algorithm: string }
  /** Prints what it reads, or a piece of it where `piece` is true. */
  | { readonly kind: "pass"; readonly piece: boolean }
  /** Prints nothing that comes from what it reads. */
  | { readonly kind: "silent" };

/**
 * A path with forward slashes, without `./` and without the working folder in front (`$pwd\x`, `%CD%\x`, which expand to `$pwd` and `$cd`).
 * Letters keep their case, so that the paths of other shells' steps compare.
 */
export function windowsPath(text: string): string {
  return text.replace(/\\+/g, "/").replace(/^(?:\$(?:pwd|cd)\/|\.\/)+/i, "");
}

/** The files that a program's name can mean in the working folder, best first: `setup` is `setup.exe` too. The names are paths. */
export function programFiles(text: string): readonly string[] {
  const path = windowsPath(text);
  return /\.[a-z0-9]{1,4}$/i.test(path) ? [path] : [path, ...EXTENSIONS.map((ending) => path + ending)];
}

const EXTENSIONS = [".exe", ".bat", ".cmd", ".com", ".ps1"];

/** Addresses that a command line of a Windows program fetches, in either shell; `undefined` for others. */
export function readWindowsFetch(words: readonly Value[]): Fetch | undefined {
  const tool = programName(words[0]);
  const transfers = FETCHERS.get(tool)?.(words.slice(1));
  const fetch = transfers === undefined ? readFetch(words) : fetchOf(tool, transfers);
  return fetch && { ...fetch, transfers: fetch.transfers.map(withWindowsPath) };
}

function withWindowsPath({ url, file }: Transfer): Transfer {
  const path = file === undefined ? undefined : windowsPath(file);
  return { url, file: /^(?:nul|\$null)$/i.test(path ?? "") ? undefined : path };
}

/** A fetch of what is not on this machine. */
export function fetchOf(tool: string, transfers: readonly Transfer[]): Fetch | undefined {
  const remote = transfers.filter(({ url }) => !isLocal(url.text));
  return remote.length === 0 ? undefined : { tool, transfers: remote };
}

const FETCHERS: ReadonlyMap<string, (args: readonly Value[]) => readonly Transfer[]> = new Map([
  ["certutil", readCertutil],
  ["bitsadmin", readBitsadmin],
  ["appveyor", readAppVeyor],
]);

/** `certutil -urlcache -split -f U F`. */
function readCertutil(args: readonly Value[]): readonly Transfer[] {
  if (!args.some(({ text }) => /^[-/](?:urlcache|url|verifyctl)$/i.test(text))) return [];
  const [url, file] = args.filter(({ text }) => !/^[-/](?!\/)/.test(text));
  return url === undefined ? [] : [{ url, file: windowsPath(file?.text ?? lastName(url.text)) }];
}

/** `bitsadmin /transfer NAME [options] U F …`, `bitsadmin /addfile NAME U F`. */
function readBitsadmin(args: readonly Value[]): readonly Transfer[] {
  if (!/^[-/](?:transfer|addfile)$/i.test(args[0]?.text ?? "")) return [];
  const operands = args.slice(2).filter(({ text }, index, all) => {
    return !/^[-/][a-z]+$/i.test(text) && !/^[-/](?:priority|aclflags)$/i.test(all[index - 1]?.text ?? "");
  });
  return operands.flatMap((url, index) => {
    const file = operands[index + 1];
    return index % 2 === 1 || file === undefined ? [] : [{ url, file: windowsPath(file.text) }];
  });
}

/** `appveyor DownloadFile U [-FileName F]`. */
function readAppVeyor(args: readonly Value[]): readonly Transfer[] {
  if (args[0]?.text.toLowerCase() !== "downloadfile") return [];
  const bound = bind(args.slice(1), { positional: ["url", "filename"], valued: ["timeout"], switches: [] });
  return transferTo(bound.get("url"), bound.get("filename"));
}

/** A transfer into a file, which is named by the address where nobody names it. */
export function transferTo(url: Value | undefined, file: Value | undefined): readonly Transfer[] {
  return url === undefined ? [] : [{ url, file: windowsPath(file?.text ?? lastName(url.text)) }];
}

/** The last part of an address's path. */
export function lastName(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/^.*[/\\]/s, "");
}

/** The parameters of a cmdlet: those without a name in their order, others with a value, and those without one. All in lower case. */
export interface Parameters {
  readonly positional: readonly string[];
  readonly valued: readonly string[];
  readonly switches: readonly string[];
}

/** Parameters that every cmdlet has, and some that many have. Source: about_CommonParameters. */
const COMMON: Parameters = {
  positional: [],
  valued:
    "erroraction ea warningaction wa informationaction errorvariable warningvariable outvariable ov outbuffer pipelinevariable encoding".split(
      " ",
    ),
  switches: "verbose vb debug db whatif wi confirm cf force passthru recurse nonewline".split(" "),
};

/**
 * The values of a cmdlet's parameters by their full names. `-Name value`, `-Name:value`, values in order, and names cut short: the first
 * that the letters begin is meant. A switch has its own word as its value.
 */
export function bind(args: readonly Value[], parameters: Parameters): ReadonlyMap<string, Value> {
  const bound = new Map<string, Value>();
  const operands: Value[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index];
    if (arg === undefined) break;
    const [, written, , glued] = /^[-\u2013-\u2015]([a-z]\w*)(:(.*))?$/is.exec(arg.text) ?? [];
    if (written === undefined) {
      operands.push(arg);
      continue;
    }
    const name = written.toLowerCase();
    const full = fullName(name, parameters);
    if (glued !== undefined) bound.set(full ?? name, { ...arg, text: glued });
    else if (isSwitch(name, full, parameters, args[index + 1])) bound.set(full ?? name, arg);
    else {
      const value = args[++index];
      if (value !== undefined) bound.set(full ?? name, value);
    }
  }
  const free = parameters.positional.filter((name) => !bound.has(name));
  for (const [index, name] of free.entries()) {
    const operand = operands[index];
    if (operand !== undefined) bound.set(name, operand);
  }
  return bound;
}

function fullName(name: string, { positional, valued, switches }: Parameters): string | undefined {
  const known = [...positional, ...valued, ...switches, ...COMMON.valued, ...COMMON.switches];
  return known.includes(name) ? name : known.find((each) => each.startsWith(name));
}

/** A name that nobody knows takes the next word, unless that is a name as well. */
function isSwitch(
  name: string,
  full: string | undefined,
  { positional, valued, switches }: Parameters,
  next: Value | undefined,
): boolean {
  if (full === undefined) return /^[-\u2013-\u2015][a-z]/i.test(next?.text ?? "");
  return (switches.includes(full) || COMMON.switches.includes(full)) && ![...positional, ...valued].includes(name);
}

/** Code that a Windows program runs, whichever shell calls it; `undefined` for other programs. */
export function readWindowsCode(words: readonly Value[]): WindowsCode | undefined {
  return RUNNERS.get(programName(words[0]))?.(words.slice(1), words);
}

type Runner = (args: readonly Value[], words: readonly Value[]) => WindowsCode | undefined;

const RUNNERS: ReadonlyMap<string, Runner> = new Map<string, Runner>([
  ["powershell", readPowerShell],
  ["pwsh", readPowerShell],
  ["powershell_ise", readPowerShell],
  ["cmd", readCmd],
  ["msiexec", (args) => fileBehind(args, /^[-/](?:i|package|a|p|update|j[um]?)$/i)],
  ["wusa", firstFile],
  ["regsvr32", readRegsvr32],
  ["rundll32", firstFile],
  ["mshta", firstFile],
  ["wscript", firstFile],
  ["cscript", firstFile],
  ["installutil", firstFile],
  ["regasm", firstFile],
  ["dism", (args) => fileBehind(args, /^[-/](?:packagepath|image)$/i)],
]);

/** Runs the first argument that is no option. */
function firstFile(args: readonly Value[]): WindowsCode {
  const word = args.find(({ text }) => !/^[-/](?!\/)/.test(text));
  return word === undefined
    ? { from: "nothing" }
    : { from: "file", word: { ...word, text: word.text.replace(/,.*$/s, "") } };
}

/** Runs the argument behind an option, or glued to it: `/package:f`. */
function fileBehind(args: readonly Value[], option: RegExp): WindowsCode {
  const index = args.findIndex(({ text }) => option.test(text));
  const word = index < 0 ? undefined : args[index + 1];
  const glued = args.find(({ text }) => /^[-/][a-z]+[:=]./i.test(text) && option.test(text.replace(/[:=].*$/s, "")));
  if (word !== undefined) return { from: "file", word };
  return glued === undefined
    ? { from: "nothing" }
    : { from: "file", word: { ...glued, text: glued.text.replace(/^[^:=]*[:=]/, "") } };
}

/** `regsvr32 /i:U scrobj.dll` runs what lies behind the address. */
function readRegsvr32(args: readonly Value[]): WindowsCode {
  const address = args.find(({ text }) => /^[-/]i:./i.test(text));
  return address === undefined ? firstFile(args) : { from: "file", word: { ...address, text: address.text.slice(3) } };
}

/** `cmd [/d /s /q …] /c COMMAND`; without a command it reads one. Source: `cmd /?`. */
function readCmd(args: readonly Value[]): WindowsCode {
  const index = args.findIndex(({ text }) => /^\/[ckr]/i.test(text));
  const option = args[index];
  if (option === undefined) return { from: "stdin", language: "cmd" };
  const glued = option.text.length > 2 ? [{ ...option, text: option.text.slice(2) }] : [];
  const words = [...glued, ...args.slice(index + 1)].filter(({ text }) => text !== "--%");
  return words.length === 0 ? { from: "nothing" } : { from: "text", words, language: "cmd" };
}

const POWERSHELL_VALUED =
  /^(?:ex\w*|ep|v|version|in\w*|o\w*|w|wi\w*|configurationname|custompipename|settings\w*|psconsolefile|wo\w*|wd)$/;

/** Options of powershell.exe and pwsh, which may be cut short. Source: about_PowerShell_exe, about_Pwsh. */
function readPowerShell(args: readonly Value[], words: readonly Value[]): WindowsCode {
  const modern = programName(words[0]) === "pwsh";
  for (let index = 0; index < args.length; index++) {
    const arg = args[index];
    if (arg === undefined) break;
    const option = /^(?:--?|\/|[\u2013-\u2015])([a-z]+)$/i.exec(arg.text)?.[1]?.toLowerCase();
    const rest = args.slice(index + 1);
    if (arg.text === "-") return { from: "stdin", language: "powershell" };
    if (option === undefined)
      return modern ? { from: "file", word: arg } : { from: "text", words: args.slice(index), language: "powershell" };
    if ("command".startsWith(option) || option === "commandwithargs" || option === "cwa") return commandOf(rest);
    if ("file".startsWith(option))
      return rest[0] === undefined
        ? { from: "nothing" }
        : rest[0].text === "-"
          ? { from: "stdin", language: "powershell" }
          : { from: "file", word: rest[0] };
    if (option === "ec" || "encodedcommand".startsWith(option)) return encoded(rest[0]);
    if (option === "version" && modern) return { from: "nothing" };
    if (/^(?:help|h)$/.test(option)) return { from: "nothing" };
    if (POWERSHELL_VALUED.test(option) || "encodedarguments".startsWith(option)) index++;
  }
  return { from: "stdin", language: "powershell" };
}

function commandOf(words: readonly Value[]): WindowsCode {
  if (words.length === 0) return { from: "nothing" };
  return words[0]?.text === "-"
    ? { from: "stdin", language: "powershell" }
    : { from: "text", words, language: "powershell" };
}

function encoded(word: Value | undefined): WindowsCode {
  const text = word === undefined || !word.known ? undefined : decodeCommand(word.text);
  if (word === undefined) return { from: "nothing" };
  if (text === undefined) return { from: "text", words: [word], language: "other" };
  return { from: "decoded", text, span: word.span, language: "powershell" };
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Decodes the argument of `-EncodedCommand`, which is UTF-16LE in Base64; `undefined` where it is not. */
export function decodeCommand(text: string): string | undefined {
  const digits = text.replace(/=+$/, "");
  if (!/^[A-Za-z0-9+/]{3,}$/.test(digits)) return undefined;
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const digit of digits) {
    bits = ((bits << 6) | BASE64.indexOf(digit)) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push((bits >> count) & 0xff);
  }
  const units: string[] = [];
  for (let index = 0; index + 1 < bytes.length; index += 2)
    units.push(String.fromCharCode((bytes[index] ?? 0) | ((bytes[index + 1] ?? 0) << 8)));
  return units.join("");
}

/** Words of one argument that another program splits again: `"/i x.msi"`, `'/i','x.msi'`. */
export function splitWords(value: Value | undefined): readonly Value[] {
  if (value === undefined) return [];
  return [...value.text.matchAll(/"([^"]*)"|([^\s",]+)/g)].map(([, quoted, bare]) => ({
    ...value,
    text: quoted ?? bare ?? "",
  }));
}
