import { isShell, readInterpreter } from "./interpreters.ts";
import { hasOption, lastOption, optionStyle, optionValues, readOptions } from "./options.ts";
import { installsProject } from "./package-node.ts";
import { repositoryPath } from "./repository-path.ts";
import { type ShellLine, shellOptions } from "./shell-line.ts";
import type { Value } from "./state.ts";
import { isSystemProgram, programName } from "./wrappers.ts";

/** A command line that runs code from a file of the repository. Paths count from the repository's root. */
export type LocalCall = FileCall | MakeCall | ScriptCall;

/** `./ci/x.sh`, `bash ci/x.sh`, `. ci/x.sh`. */
export interface FileCall extends Omit<ShellLine, "language"> {
  readonly how: "file";
  readonly path: string;
  /** The program that reads the file, lower case and without a folder: "bash" in `bash x.sh`. Absent where the file runs by itself. */
  readonly interpreter?: string;
  /** True where the caller's own shell runs it. */
  readonly sourced: boolean;
}

/** `make -C dir upload`. */
export interface MakeCall {
  readonly how: "make";
  /** Where make runs. */
  readonly folder: string;
  /** The makefile, where the command line names one. */
  readonly file?: string;
  /** As they are named; none means the makefile's own first target. */
  readonly targets: readonly string[];
  /** Variables that the command line sets: they win over those of the makefile. */
  readonly overrides: ReadonlyMap<string, string>;
}

/** `npm run x`. "install" stands for `npm ci` and the like as well, which run the scripts of the project's own life cycle. */
export interface ScriptCall {
  readonly how: "npm-script";
  /** Where the search for package.json starts. */
  readonly folder: string;
  readonly script: string;
}

/**
 * Reads a command line; `undefined` where it runs no file of the repository, or where it is not known which. Whether the file exists is not
 * asked here.
 *
 * @param words the program and its arguments, wrappers such as `sudo` taken off
 * @param folder the working directory as the flow knows it, "." for the repository's root
 */
export function readLocalCall(words: readonly Value[], folder: string): LocalCall | undefined {
  const [program, ...args] = words;
  if (program === undefined) return undefined;
  const reader = isSystemProgram(program) ? READERS.get(programName(program)) : undefined;
  if (reader !== undefined) return reader(args, folder, words);
  if (/^\$[({]MAKE[)}]$/.test(program.text)) return readMake(args, folder);
  if (isSystemProgram(program) && readInterpreter(words) !== undefined) return readInterpreted(words, folder);
  const named = /[/\\]/.test(program.text) || /\.(?:bat|cmd)$/i.test(program.text);
  return named ? fileCall(program, folder, {}) : undefined;
}

type Reader = (args: readonly Value[], folder: string, words: readonly Value[]) => LocalCall | undefined;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["source", readSourced],
  [".", readSourced],
  ["import-module", readSourced],
  ["ipmo", readSourced],
  ["call", (args, folder) => readLocalCall(args, folder)],
  ["cmd", readCmd],
  ["corepack", (args, folder) => readLocalCall(args, folder)],
  ["make", readMake],
  ["gmake", readMake],
  ["mingw32-make", readMake],
  ["npm", readNpm],
  ["pnpm", readOtherManager],
  ["yarn", readOtherManager],
  ["yarnpkg", readOtherManager],
  ["bun", readBun],
]);

function fileCall(word: Value, folder: string, rest: Partial<FileCall>): FileCall | undefined {
  const path = repositoryPath(word.text, folder);
  return path === undefined
    ? undefined
    : { how: "file", path, sourced: false, errexit: false, pipefail: false, ...rest };
}

function readSourced(args: readonly Value[], folder: string): FileCall | undefined {
  const file = args.find(({ text }) => text !== "--" && !/^-(?:name|force|global)$/i.test(text));
  return file && fileCall(file, folder, { sourced: true });
}

/** `cmd /d /c x.bat`. A text with spaces is a command line of its own, which the caller reads as such. */
function readCmd(args: readonly Value[], folder: string): LocalCall | undefined {
  const at = args.findIndex(({ text }) => /^\/[ck]$/i.test(text));
  return at < 0 ? undefined : readLocalCall(args.slice(at + 1), folder);
}

function readInterpreted(words: readonly Value[], folder: string): FileCall | undefined {
  const interpreter = programName(words[0]);
  const file = /^(?:pwsh|powershell)$/.test(interpreter) ? powerShellFile(words) : interpretedFile(words);
  if (file === undefined) return undefined;
  const before = words.slice(1, words.indexOf(file)).map(({ text }) => text);
  return fileCall(file, folder, { interpreter, ...(isShell(interpreter) ? shellOptions(before) : {}) });
}

function interpretedFile(words: readonly Value[]): Value | undefined {
  const code = readInterpreter(words);
  return code?.from === "file" ? code.word : undefined;
}

/** The file of `-File`, whose name may be shortened as that of every option, or a lone script name behind `-Command`. */
function powerShellFile(words: readonly Value[]): Value | undefined {
  for (const [index, { text }] of words.entries()) {
    if (index === 0) continue;
    if (/^-(?:f|fi|fil|file)$/i.test(text)) return words[index + 1];
    if (/^-(?:e|en|enc|ec|encoded\w*)$/i.test(text)) return undefined;
    if (/^-(?:c|com\w*)$/i.test(text)) return lone(words[index + 1]);
    if (/\.ps1$/i.test(text)) return lone(words[index]);
  }
  return interpretedFile(words);
}

function lone(word: Value | undefined): Value | undefined {
  return word !== undefined && /^[^\s;|&'"`(){}@]+\.ps1$/i.test(word.text) ? word : undefined;
}

// Options of GNU make 4.4 that take a value.
const MAKE = optionStyle(
  "-C --directory -f --file --makefile -I --include-dir -o --old-file --assume-old -W --what-if --new-file --assume-new -E --eval",
);

function readMake(args: readonly Value[], start: string): MakeCall | undefined {
  const jobs = /^(?:-[A-Za-z]*[jl]|--jobs|--load-average|--max-load)$/;
  const own = args.filter(({ text }, index) => !/^[\d.]+$/.test(text) || !jobs.test(args[index - 1]?.text ?? ""));
  const options = readOptions(own, MAKE);
  const idle = "-n --just-print --dry-run --recon -q --question -t --touch -v --version -h --help".split(" ");
  if (hasOption(options, ...idle)) return undefined;
  const folder = optionValues(options, "-C", "--directory").reduce<string | undefined>(
    (before, { text }) => before && repositoryPath(text, before),
    repositoryPath(".", start),
  );
  const named = optionValues(options, "-f", "--file", "--makefile")[0];
  const file = folder && named && repositoryPath(named.text, folder);
  if (folder === undefined || (named !== undefined && file === undefined)) return undefined;
  const overrides = new Map<string, string>();
  const targets: string[] = [];
  for (const { text } of options.operands) {
    const [, name, value = ""] = /^([\w.-]+)(?:[?+]|:{1,3})?=(.*)$/s.exec(text) ?? [];
    if (name === undefined) targets.push(text);
    else overrides.set(name, value);
  }
  return { how: "make", folder, ...(file === undefined ? {} : { file }), targets, overrides };
}

const VALUED =
  "--prefix -C --cwd --dir --workspace -w --filter -F --loglevel --registry --userconfig --cache --script-shell --config --shell";
const NPM = optionStyle(VALUED);
const LEADING = optionStyle(VALUED.replace(" -w ", " "), { leading: true });

/** npm reads its options wherever they stand in front of `--`. What runs in other packages of a workspace is not known. */
function readNpm(args: readonly Value[], folder: string, words: readonly Value[]): ScriptCall | undefined {
  const options = readOptions(args, NPM);
  if (hasOption(options, "-w", "--workspace", "--workspaces", "--ws")) return undefined;
  const [command = "", script] = options.operands.map(({ text }) => text);
  const place = lastOption(options, "--prefix", "-C")?.text;
  if (/^(?:run|run-script|rum|urn)$/.test(command)) return scriptCall(script, folder, place);
  if (/^(?:t|tst|test)$/.test(command)) return scriptCall("test", folder, place);
  if (/^(?:start|stop|restart)$/.test(command)) return scriptCall(command, folder, place);
  return installs(words) ? scriptCall("install", folder, place) : undefined;
}

/** pnpm and Yarn run a script by its bare name where they have no command of that name; what stands behind the name belongs to the script. */
function readOtherManager(args: readonly Value[], folder: string, words: readonly Value[]): ScriptCall | undefined {
  const outer = readOptions(args, LEADING);
  const [command, ...rest] = outer.operands;
  const run = /^run(?:-script)?$/.test(command?.text ?? "");
  const inner = run ? readOptions(rest, LEADING) : outer;
  const elsewhere = ["-r", "--recursive", "--filter", "-F"] as const;
  if (hasOption(outer, ...elsewhere) || hasOption(inner, ...elsewhere)) return undefined;
  const place = lastOption(outer, "--cwd", "--dir", "-C")?.text;
  if (run) return scriptCall(inner.operands[0]?.text, folder, place);
  if (installs(words)) return scriptCall("install", folder, place);
  if (command === undefined || OTHER_COMMANDS.has(command.text)) return undefined;
  return scriptCall(command.text === "t" ? "test" : command.text, folder, place);
}

/** `bun test` and `bun build` are bun's own. */
function readBun(args: readonly Value[], folder: string, words: readonly Value[]): ScriptCall | undefined {
  const [command] = readOptions(args, LEADING).operands;
  if (/^(?:test|build|x|repl|pm|a|rm|[^.]*\.[^.]*)$/.test(command?.text ?? "")) return undefined;
  const call = readOtherManager(args, folder, words);
  // `bun run x.ts` runs the file.
  return call !== undefined && /[./]/.test(call.script) ? undefined : call;
}

function installs(words: readonly Value[]): boolean {
  return installsProject(words) && !words.some(({ text }) => /^--(?:ignore-scripts|mode=skip-build)/.test(text));
}

function scriptCall(script: string | undefined, start: string, place: string | undefined): ScriptCall | undefined {
  const folder = repositoryPath(place ?? ".", start);
  return script === undefined || folder === undefined ? undefined : { how: "npm-script", folder, script };
}

// Commands of pnpm 10 and Yarn 1 and 4 that are not the name of a script.
const OTHER_COMMANDS = new Set(
  (
    "add audit bin cache config create dedupe deploy dlx doctor env exec fetch global help import info init i install link list ll ln licenses " +
    "login logout ls node npm outdated owner pack patch patch-commit plugin prune publish rebuild recursive rb remove rm root self-update set " +
    "setup stage store tag team uninstall unlink unplug up update upgrade upgrade-interactive version versions why workspace workspaces"
  ).split(" "),
);
