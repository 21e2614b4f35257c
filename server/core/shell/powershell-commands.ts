import type { Fetch, Transfer } from "./downloads.ts";
import type { Value } from "./state.ts";
import {
  bind,
  type Effect,
  fetchOf,
  type Parameters,
  readWindowsCode,
  readWindowsFetch,
  splitWords,
  transferTo,
  type WindowsCode,
  windowsPath,
} from "./windows-commands.ts";
import { programName } from "./wrappers.ts";

// What PowerShell's commands mean to the data flow. Words are those of parsePowerShell's commands, expanded; members are commands such as
// `.DownloadString` and `[scriptblock]::Create`. Arguments that are splatted (`@p`) have to be put in place before: `-Uri`, its value.
// Source: the reference of PowerShell 7.4 and 5.1, and of .NET's WebClient and HttpClient.

/** What a command line fetches; `undefined` where that is nothing. Files are paths as windowsPath makes them. */
export function readPowerShellFetch(words: readonly Value[]): Fetch | undefined {
  const name = nameOf(words[0]);
  const fetcher = FETCHERS.get(name);
  if (fetcher === undefined) return readWindowsFetch(words);
  // In PowerShell 7 and with `.exe` these are the programs: only the parameters tell.
  const program =
    /^(?:curl|wget)$/.test(name) &&
    (/\.exe$/i.test(words[0]?.text ?? "") || !words.some(({ text }) => CMDLET_ONLY.test(text)));
  if (program) {
    const fetch = readWindowsFetch(words);
    if (fetch !== undefined) return fetch;
  }
  return fetchOf(fetcher.tool, fetcher.read(words.slice(1)));
}

/** Parameters that tell the cmdlet from a program of the same name. */
export const CMDLET_ONLY =
  /^[-\u2013-\u2015](?:uri?|outf\w*|useb\w*|method|headers?|body|in\w*|usedefault\w*|timeoutsec|maximum\w*|skip\w*)(?::.*)?$/i;

/** Parameters of Invoke-WebRequest and Invoke-RestMethod. */
export const WEB: Parameters = {
  positional: ["uri"],
  valued: (
    "outfile method headers body contenttype credential useragent websession sessionvariable timeoutsec maximumredirection maximumretrycount " +
    "retryintervalsec proxy proxycredential infile form authentication token sslprotocol httpversion certificate certificatethumbprint custommethod " +
    "connectiontimeoutseconds operationtimeoutseconds statuscodevariable responseheadersvariable transferencoding maximumfollowrellink"
  ).split(" "),
  switches: (
    "usebasicparsing usedefaultcredentials disablekeepalive skipcertificatecheck resume skiphttperrorcheck allowinsecureredirect noproxy " +
    "preserveauthorizationonredirect skipheadervalidation allowunencryptedauthentication followrellink proxyusedefaultcredentials " +
    "preservehttpmethodonredirect"
  ).split(" "),
};

/** Methods of .NET that fetch. */
const INTO_FILE = ["DownloadFile", "DownloadFileAsync", "DownloadFileTaskAsync"];
const INTO_OUTPUT = (
  "DownloadString DownloadStringAsync DownloadStringTaskAsync DownloadData DownloadDataAsync DownloadDataTaskAsync OpenRead OpenReadTaskAsync " +
  "GetStringAsync GetByteArrayAsync GetStreamAsync GetAsync"
).split(" ");
const REQUESTS = ["[net.webrequest]", "[system.net.webrequest]", "[net.httpwebrequest]", "[system.net.httpwebrequest]"];

interface Fetcher {
  /** How a message calls it. */
  readonly tool: string;
  read(args: readonly Value[]): readonly Transfer[];
}

const FETCHERS: ReadonlyMap<string, Fetcher> = new Map<string, Fetcher>([
  ...["invoke-webrequest", "iwr", "curl", "wget"].map((name): [string, Fetcher] => [
    name,
    { tool: "Invoke-WebRequest", read: readWeb },
  ]),
  ...["invoke-restmethod", "irm"].map((name): [string, Fetcher] => [
    name,
    { tool: "Invoke-RestMethod", read: readWeb },
  ]),
  ["start-bitstransfer", { tool: "Start-BitsTransfer", read: readBits }],
  ["start-filedownload", { tool: "Start-FileDownload", read: readFileDownload }],
  ...INTO_FILE.map((tool): [string, Fetcher] => [
    `.${tool.toLowerCase()}`,
    { tool, read: ([url, file]) => transferTo(url, file) },
  ]),
  ...INTO_OUTPUT.map((tool): [string, Fetcher] => [`.${tool.toLowerCase()}`, { tool, read: readAddress }]),
  ...REQUESTS.map((type): [string, Fetcher] => [`${type}::create`, { tool: "WebRequest", read: readAddress }]),
]);

function readAddress([url]: readonly Value[]): readonly Transfer[] {
  return url === undefined ? [] : [{ url, file: undefined }];
}

function readWeb(args: readonly Value[]): readonly Transfer[] {
  const bound = bind(args, WEB);
  const url = bound.get("uri");
  const file = bound.get("outfile");
  if (url === undefined || /^head$/i.test(bound.get("method")?.text ?? "")) return [];
  return [{ url, file: file === undefined ? undefined : windowsPath(file.text) }];
}

function readBits(args: readonly Value[]): readonly Transfer[] {
  const bound = bind(args, {
    positional: ["source", "destination"],
    valued:
      "description displayname priority retryinterval retrytimeout credential transfertype proxyusage proxylist transferpolicy".split(
        " ",
      ),
    switches: ["asynchronous", "suspended", "dynamic"],
  });
  return transferTo(bound.get("source"), bound.get("destination"));
}

function readFileDownload(args: readonly Value[]): readonly Transfer[] {
  const bound = bind(args, { positional: ["url", "filename"], valued: ["timeout"], switches: [] });
  return transferTo(bound.get("url"), bound.get("filename"));
}

/** The name of a command as the tables have it: lower case, without a module or `.exe`; a member with its dot. */
function nameOf(word: Value | undefined): string {
  const text = word?.text ?? "";
  return /^(?:\.[A-Za-z_]|\[)/.test(text) ? text.toLowerCase() : programName(word);
}

/** What a command line runs as code; `undefined` where it runs none that a file or another program brings. */
export function readPowerShellCode(words: readonly Value[]): WindowsCode | undefined {
  const [first] = words;
  if (first === undefined) return undefined;
  const args = words.slice(1);
  const known = RUNNERS.get(nameOf(first))?.(args) ?? readWindowsCode(words);
  if (known !== undefined) return known;
  if (first.origins.length > 0) return { from: "text", words: [first], language: "powershell" };
  if (/^(?:\.[A-Za-z_]\w*$|\[)/.test(first.text)) return undefined;
  return /[/\\]/.test(first.text) ? { from: "file", word: first } : undefined;
}

type Runner = (args: readonly Value[]) => WindowsCode | undefined;

const LOADERS = ["[reflection.assembly]", "[system.reflection.assembly]"].flatMap((type) =>
  ["loadfrom", "loadfile", "unsafeloadfrom"].map((name) => `${type}::${name}`),
);

const RUNNERS: ReadonlyMap<string, Runner> = new Map<string, Runner>([
  ...["invoke-expression", "iex"].map((name): [string, Runner] => [name, (args) => textOf(args, "command")]),
  ...["invoke-command", "icm", "start-job", "sajb", "start-threadjob"].map((name): [string, Runner] => [
    name,
    readBlock,
  ]),
  ...["start-process", "saps", "start"].map((name): [string, Runner] => [name, readStartProcess]),
  ...["invoke-item", "ii"].map((name): [string, Runner] => [name, (args) => fileOf(bindPath(args))]),
  ...["import-module", "ipmo"].map((name): [string, Runner] => [name, readModule]),
  [
    "using",
    ([kind, file]) =>
      /^(?:module|assembly)$/i.test(kind?.text ?? "") ? fileOf(isFile(file) ? file : undefined) : undefined,
  ],
  ["add-type", readAddType],
  ...["add-appxpackage", "add-appxprovisionedpackage", "install-package", "add-windowspackage"].map(
    (name): [string, Runner] => [name, readPackage],
  ),
  [
    ".",
    ([file]) =>
      file === undefined
        ? undefined
        : file.origins.length > 0
          ? { from: "text", words: [file], language: "powershell" }
          : { from: "file", word: file },
  ],
  ...[".invoke", ".invokereturnasis", ".invokewithcontext", ".begininvoke"].map((name): [string, Runner] => [
    name,
    () => ({ from: "stdin", language: "powershell" }),
  ]),
  ...[".invokescript", ".addscript"].map((name): [string, Runner] => [
    name,
    (args) => textOf(args.slice(0, 1), "script"),
  ]),
  ...LOADERS.map((name): [string, Runner] => [name, ([file]) => fileOf(file)]),
  ...["[reflection.assembly]::load", "[system.reflection.assembly]::load"].map((name): [string, Runner] => [
    name,
    (args) => (args[0] === undefined ? undefined : { from: "text", words: args.slice(0, 1), language: "other" }),
  ]),
]);

/** The text of a parameter, or what is read where it is missing. */
function textOf(args: readonly Value[], parameter: string): WindowsCode {
  const word = bind(args, { positional: [parameter], valued: [], switches: [] }).get(parameter);
  return word === undefined
    ? { from: "stdin", language: "powershell" }
    : { from: "text", words: [word], language: "powershell" };
}

function fileOf(word: Value | undefined): WindowsCode {
  return word === undefined ? { from: "nothing" } : { from: "file", word };
}

const PATH: Parameters = {
  positional: ["path"],
  valued: ["literalpath", "filter", "include", "exclude", "credential"],
  switches: [],
};

function bindPath(args: readonly Value[]): Value | undefined {
  const bound = bind(args, PATH);
  return bound.get("literalpath") ?? bound.get("path");
}

/** `-ScriptBlock { … }`, which the reader has read already, or made from text; `-FilePath f`. */
function readBlock(args: readonly Value[]): WindowsCode {
  const bound = bind(args, {
    positional: ["scriptblock"],
    valued: "filepath computername session argumentlist name credential initializationscript inputobject jobname".split(
      " ",
    ),
    switches: ["asjob", "hidecomputername", "nonewscope"],
  });
  const block = bound.get("scriptblock");
  if (bound.has("filepath")) return fileOf(bound.get("filepath"));
  return block === undefined ? { from: "nothing" } : { from: "text", words: [block], language: "powershell" };
}

/** `Start-Process FILE -ArgumentList ARGS`: a command line of its own. */
function readStartProcess(args: readonly Value[]): WindowsCode {
  const bound = bind(args, {
    positional: ["filepath", "argumentlist"],
    valued:
      "args workingdirectory verb windowstyle credential redirectstandardoutput redirectstandarderror redirectstandardinput environment".split(
        " ",
      ),
    switches: ["wait", "nonewwindow", "loaduserprofile", "usenewenvironment"],
  });
  const file = bound.get("filepath");
  if (file === undefined) return { from: "nothing" };
  return { from: "command", words: [file, ...splitWords(bound.get("argumentlist") ?? bound.get("args"))] };
}

function isFile(word: Value | undefined): boolean {
  return word !== undefined && (/[/\\]/.test(word.text) || /\.(?:psm1|psd1|ps1|dll)$/i.test(word.text));
}

/** A module is code where it is named by its file. */
function readModule(args: readonly Value[]): WindowsCode {
  const bound = bind(args, {
    positional: ["name"],
    valued:
      "function cmdlet variable alias prefix requiredversion minimumversion maximumversion scope argumentlist assembly fullyqualifiedname".split(
        " ",
      ),
    switches: [
      "global",
      "ascustomobject",
      "noclobber",
      "disablenamechecking",
      "skipeditioncheck",
      "usewindowspowershell",
    ],
  });
  const name = bound.get("name");
  return fileOf(isFile(name) ? name : undefined);
}

/** `Add-Type -Path x.dll`; the source text of `-TypeDefinition` is C#. */
function readAddType(args: readonly Value[]): WindowsCode {
  const bound = bind(args, {
    positional: ["typedefinition"],
    valued:
      "path literalpath assemblyname memberdefinition name namespace referencedassemblies language outputassembly outputtype".split(
        " ",
      ),
    switches: ["ignorewarnings"],
  });
  const file = bound.get("path") ?? bound.get("literalpath");
  const source = bound.get("typedefinition") ?? bound.get("memberdefinition");
  if (file !== undefined) return { from: "file", word: file };
  return source === undefined ? { from: "nothing" } : { from: "text", words: [source], language: "other" };
}

function readPackage(args: readonly Value[]): WindowsCode | undefined {
  const bound = bind(args, {
    positional: ["path"],
    valued: ["packagepath", "source", "name", "providername"],
    switches: ["online"],
  });
  const file = bound.get("packagepath") ?? bound.get("path");
  return file !== undefined && (/:\/\//.test(file.text) || /\.\w{3,10}$/.test(file.text))
    ? { from: "file", word: file }
    : undefined;
}

/** What a command line does to files, variables and its output; `undefined` where the tables do not know it. */
export function readPowerShellEffect(words: readonly Value[]): Effect | undefined {
  const name = nameOf(words[0]);
  if (name.startsWith("[") && !name.includes("::")) return { kind: "pass", piece: true };
  const known = EFFECTS.get(name.replace(/^\[system\./, "["))?.(words.slice(1));
  return known ?? (/^\.[a-z_]\w*$/.test(name) ? { kind: "pass", piece: !CONTENT.has(name) } : undefined);
}

/** Members that give what they are taken from, all of it or in another form. */
const CONTENT = new Set(
  (
    ".content .rawcontent .tostring .trim .trimstart .trimend .replace .result .readtoend .getresponse .getresponsestream .getawaiter .getresult .readasstringasync " +
    ".getstring .responsetext .toarray .path .fullname .hash .tolower .toupper .tolowerinvariant .toupperinvariant .value .expandstring .wait"
  ).split(" "),
);

type EffectReader = (args: readonly Value[]) => Effect | undefined;

/** One reader under several names. */
function each(names: string, read: EffectReader): readonly [string, EffectReader][] {
  return names.split(" ").map((name) => [name, read]);
}

const EFFECTS: ReadonlyMap<string, EffectReader> = new Map<string, EffectReader>([
  ...each("write-output echo write", (args) => ({
    kind: "print",
    values: args.filter(({ text }) => !/^-(?:noenumerate|inputobject)$/i.test(text)),
    separator: " ",
  })),
  ...each(
    "write-host out-null write-verbose write-warning write-error write-debug write-information out-default out-host",
    () => ({ kind: "silent" }),
  ),
  ...each("out-file tee-object tee", (args) => writes(args, ["filepath"], undefined)),
  ...each("set-content sc", (args) => writes(args, ["path", "value"], false)),
  ...each("add-content ac", (args) => writes(args, ["path", "value"], true)),
  ...each("new-item ni", (args) => writes(args, ["path", "value"], false)),
  ...each(
    "[io.file]::writealltext [io.file]::writeallbytes [io.file]::writealllines",
    ([file, content]) => file && { kind: "write", file, content, append: false },
  ),
  ...each(
    "[io.file]::appendalltext [io.file]::appendalllines",
    ([file, content]) => file && { kind: "write", file, content, append: true },
  ),
  ...each("get-content gc cat type", (args) => ({ kind: "read", files: pathsOf(args) })),
  ...each("[io.file]::readalltext [io.file]::readallbytes [io.file]::readalllines", (args) => ({
    kind: "read",
    files: args.slice(0, 1),
  })),
  ...each("copy-item copy cp cpi", (args) => copies(args, "destination", true)),
  ...each("move-item move mv mi", (args) => copies(args, "destination", false)),
  ...each("rename-item ren rni", (args) => copies(args, "newname", false)),
  ...each("[io.file]::copy", ([file, to]) => file && to && { kind: "copy", files: [file], to, keeps: true }),
  ...each("[io.file]::move", ([file, to]) => file && to && { kind: "copy", files: [file], to, keeps: false }),
  ...each("remove-item del erase rm rd ri rmdir", (args) => ({ kind: "remove", files: pathsOf(args) })),
  ...each("expand-archive", readExpandArchive),
  ...each(
    "[io.compression.zipfile]::extracttodirectory",
    ([archive, folder]) => archive && { kind: "unpack", archive, folder },
  ),
  ...each("set-location sl cd chdir push-location pushd", (args) => ({ kind: "folder", to: bindPath(args) })),
  ...each("pop-location popd", () => ({ kind: "folder", to: undefined })),
  ...each("set-variable sv new-variable nv", readSetVariable),
  ...each("set-item si", readSetItem),
  ...each(
    "[environment]::setenvironmentvariable",
    ([name, value]) => name && { kind: "set", name: `env:${name.text.toLowerCase()}`, value },
  ),
  ...each("join-path", readJoinPath),
  ...each("[io.path]::combine [io.path]::join", (args) => ({ kind: "print", values: args, separator: "/" })),
  ...each("resolve-path rvpa convert-path get-item gi get-childitem gci dir ls get-command gcm", (args) => {
    const path = bindPath(args);
    return path && { kind: "print", values: [path], separator: " " };
  }),
  ...each("[scriptblock]::create [string]::join [convert]::tostring [regex]::unescape", (args) => ({
    kind: "print",
    values: args.slice(-1),
    separator: " ",
  })),
  ...each("[text.encoding]::utf8 [text.encoding]::unicode", () => ({ kind: "silent" })),
  ...each("get-filehash", readFileHash),
  ...each("out-string -join -replace sort-object sort", () => ({ kind: "pass", piece: false })),
  ...each("select-object select", readSelect),
  ...each("foreach-object foreach %", ([member]) => ({
    kind: "pass",
    piece: !CONTENT.has(`.${member?.text.toLowerCase()}`),
  })),
  ...each(
    "convertfrom-json convertfrom-csv convertfrom-stringdata convertto-json select-string sls where-object where ? measure-object -split select-xml",
    () => ({ kind: "pass", piece: true }),
  ),
]);

function pathsOf(args: readonly Value[]): readonly Value[] {
  const bound = bind(args, {
    ...PATH,
    valued: [...PATH.valued, "delimiter", "totalcount", "tail", "readcount", "stream"],
    switches: ["raw", "wait", "asbytestream"],
  });
  const path = bound.get("literalpath") ?? bound.get("path");
  return path === undefined ? [] : splitList(path);
}

/** `a,b` as two values. */
function splitList(value: Value): readonly Value[] {
  return value.text.split(",").map((text) => ({ ...value, text: text.trim() }));
}

function writes(
  args: readonly Value[],
  positional: readonly string[],
  append: boolean | undefined,
): Effect | undefined {
  const bound = bind(args, {
    positional,
    valued: "literalpath encoding width inputobject value itemtype name type stream variable".split(" "),
    switches: ["append", "noclobber", "asbytestream"],
  });
  const file = bound.get("filepath") ?? bound.get("path") ?? bound.get("literalpath");
  if (file === undefined || /^dir/i.test((bound.get("itemtype") ?? bound.get("type"))?.text ?? "")) return undefined;
  return {
    kind: "write",
    file,
    content: bound.get("value") ?? bound.get("inputobject"),
    append: append ?? bound.has("append"),
  };
}

function copies(args: readonly Value[], target: string, keeps: boolean): Effect | undefined {
  const bound = bind(args, {
    positional: ["path", target],
    valued: ["literalpath", "filter", "include", "exclude", "tosession", "fromsession"],
    switches: ["container"],
  });
  const path = bound.get("path") ?? bound.get("literalpath");
  const to = bound.get(target);
  return path && to && { kind: "copy", files: splitList(path), to, keeps };
}

function readExpandArchive(args: readonly Value[]): Effect | undefined {
  const bound = bind(args, { positional: ["path", "destinationpath"], valued: ["literalpath"], switches: [] });
  const archive = bound.get("literalpath") ?? bound.get("path");
  if (archive === undefined) return undefined;
  const own = { ...archive, text: archive.text.replace(/^.*[/\\]/s, "").replace(/\.zip$/i, "") };
  return { kind: "unpack", archive, folder: bound.get("destinationpath") ?? own };
}

function readSetVariable(args: readonly Value[]): Effect | undefined {
  const bound = bind(args, {
    positional: ["name", "value"],
    valued: "scope description option visibility include exclude".split(" "),
    switches: [],
  });
  const name = bound.get("name");
  return name && { kind: "set", name: name.text.toLowerCase(), value: bound.get("value") };
}

/** `Set-Item env:X v`. */
function readSetItem(args: readonly Value[]): Effect | undefined {
  const bound = bind(args, { positional: ["path", "value"], valued: ["literalpath"], switches: [] });
  const [, drive = "", name = ""] =
    /^(env|variable):[/\\]?(.+)$/i.exec((bound.get("path") ?? bound.get("literalpath"))?.text ?? "") ?? [];
  if (name === "") return undefined;
  return { kind: "set", name: `${/^env$/i.test(drive) ? "env:" : ""}${name.toLowerCase()}`, value: bound.get("value") };
}

function readJoinPath(args: readonly Value[]): Effect {
  const bound = bind(args, {
    positional: ["path", "childpath", "additionalchildpath"],
    valued: ["credential"],
    switches: ["resolve"],
  });
  const values = ["path", "childpath", "additionalchildpath"].flatMap((name) => bound.get(name) ?? []);
  return { kind: "print", values, separator: "/" };
}

function readFileHash(args: readonly Value[]): Effect | undefined {
  const bound = bind(args, { positional: ["path"], valued: ["algorithm", "literalpath", "inputstream"], switches: [] });
  const file = bound.get("path") ?? bound.get("literalpath");
  return file && { kind: "hash", file, algorithm: bound.get("algorithm")?.text.toLowerCase() ?? "sha256" };
}

/** `Select-Object -ExpandProperty Content`. */
function readSelect(args: readonly Value[]): Effect {
  const bound = bind(args, {
    positional: ["property"],
    valued: ["expandproperty", "excludeproperty", "first", "last", "skip", "index"],
    switches: ["unique", "wait"],
  });
  const expanded = bound.get("expandproperty");
  return { kind: "pass", piece: expanded === undefined || !CONTENT.has(`.${expanded.text.toLowerCase()}`) };
}
