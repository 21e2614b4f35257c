import type { Fetch } from "./downloads.ts";
import type { Value } from "./state.ts";
import { type Effect, readWindowsCode, readWindowsFetch, type WindowsCode } from "./windows-commands.ts";
import { programName } from "./wrappers.ts";

// What the commands of cmd.exe mean to the data flow. Words are those of parseCmd's commands, expanded. Source: the help of each command.

/** What a command line fetches; `undefined` where that is nothing. Files are paths as windowsPath makes them. */
export function readCmdFetch(words: readonly Value[]): Fetch | undefined {
  return readWindowsFetch(words);
}

/**
 * What a command line runs as code; `undefined` for the commands of cmd itself. Any other name may be a file of the working folder (see
 * programFiles), so the tables of other shells' programs (`bash x.sh`, `git clone`) come first.
 */
export function readCmdCode(words: readonly Value[]): WindowsCode | undefined {
  const [first] = words;
  if (first === undefined) return undefined;
  const name = programName(first);
  const args = words.slice(1);
  if (name === "call" || name === "goto") return readCall(args, name);
  if (name === "start") return readStart(args);
  const known = readWindowsCode(words);
  if (known !== undefined) return known;
  if (BUILTINS.has(name)) return undefined;
  return first.origins.length > 0 ? { from: "text", words: [first], language: "cmd" } : { from: "file", word: first };
}

/** The commands that cmd itself has. Source: `help`. */
const BUILTINS = new Set(
  (
    "assoc break cd chdir cls color copy date del dir dpath echo endlocal erase exit ftype if for goto md mkdir mklink move path pause popd prompt pushd rd rem " +
    "ren rename rmdir set setlocal shift time title type ver verify vol"
  ).split(" "),
);

/** `call :label`, `call f.bat`, `call PROGRAM`, `goto label`. */
function readCall(args: readonly Value[], name: string): WindowsCode {
  const [target] = args;
  if (target === undefined) return { from: "nothing" };
  const label = name === "goto" ? `:${target.text.replace(/^:/, "")}` : target.text;
  if (!label.startsWith(":")) return { from: "command", words: args };
  return /^:eof$/i.test(label) ? { from: "nothing" } : { from: "routine", name: label.toLowerCase() };
}

/** `start ["title"] [/wait …] PROGRAM ARGS`. A first word that names no file is a title where a word that does comes behind it. */
function readStart(args: readonly Value[]): WindowsCode {
  const rest = withoutStartOptions(args);
  const [title, ...behind] = rest;
  const named = /[/\\.]/.test(title?.text ?? "");
  const inner = withoutStartOptions(behind);
  const words = title?.text === "" || (!named && /[/\\.]/.test(inner[0]?.text ?? "")) ? inner : rest;
  return words.length === 0 ? { from: "nothing" } : { from: "command", words };
}

function withoutStartOptions(args: readonly Value[]): readonly Value[] {
  let index = 0;
  for (let text = args[0]?.text; text !== undefined && /^\/[a-z]/i.test(text); text = args[index]?.text)
    index += /^\/(?:d|node|affinity)$/i.test(text) ? 2 : 1;
  return args.slice(index);
}

/** What a command line does to files, variables and its output; `undefined` where the tables do not know it. */
export function readCmdEffect(words: readonly Value[]): Effect | undefined {
  return EFFECTS.get(programName(words[0]))?.(words.slice(1));
}

type EffectReader = (args: readonly Value[]) => Effect | undefined;

function operands(args: readonly Value[]): readonly Value[] {
  return args.filter(({ text }) => !/^[-/][a-z]/i.test(text) || text.slice(1).includes("/"));
}

function copies(args: readonly Value[], keeps: boolean): Effect | undefined {
  const all = operands(args);
  const to = all.at(-1);
  const files = all.slice(0, -1).filter(({ text }) => text !== "+");
  return to === undefined || files.length === 0 ? undefined : { kind: "copy", files, to, keeps };
}

const copyReader: EffectReader = (args) => copies(args, true);
const moveReader: EffectReader = (args) => copies(args, false);
const removeReader: EffectReader = (args) => ({ kind: "remove", files: operands(args) });
const folderReader: EffectReader = (args) => ({ kind: "folder", to: operands(args)[0] });

const EFFECTS: ReadonlyMap<string, EffectReader> = new Map<string, EffectReader>([
  ["echo", (args) => ({ kind: "print", values: args, separator: " " })],
  ["type", (args) => ({ kind: "read", files: operands(args) })],
  ["copy", copyReader],
  ["xcopy", copyReader],
  ["robocopy", copyReader],
  ["move", moveReader],
  ["ren", moveReader],
  ["rename", moveReader],
  ["del", removeReader],
  ["erase", removeReader],
  ["rd", removeReader],
  ["rmdir", removeReader],
  ["cd", folderReader],
  ["chdir", folderReader],
  ["pushd", folderReader],
  ["popd", () => ({ kind: "folder", to: undefined })],
  ["certutil", readHashFile],
  ["findstr", () => ({ kind: "pass", piece: true })],
  ["find", () => ({ kind: "pass", piece: true })],
  ["more", () => ({ kind: "pass", piece: false })],
  ["sort", () => ({ kind: "pass", piece: false })],
  ["expand", readExpand],
]);

/** `certutil -hashfile FILE [ALGORITHM]`. */
function readHashFile(args: readonly Value[]): Effect | undefined {
  if (!/^[-/]hashfile$/i.test(args[0]?.text ?? "")) return undefined;
  const [file, algorithm] = operands(args.slice(1));
  return file && { kind: "hash", file, algorithm: algorithm?.text.toLowerCase() ?? "sha1" };
}

/** `expand x.cab -F:* FOLDER`. */
function readExpand(args: readonly Value[]): Effect | undefined {
  const [archive, folder] = operands(args);
  return archive && { kind: "unpack", archive, folder };
}

/** What `findstr` and `find` look for in what they read. */
export interface Filter {
  readonly pattern: Value;
  /** True where they look for lines without it. */
  readonly inverted: boolean;
}

/** Reads a filter of standard input: `findstr /i /x /c:"H"`, `findstr H`, `find "H"`; `undefined` for others, and where files are searched. */
export function readCmdFilter(words: readonly Value[]): Filter | undefined {
  const name = programName(words[0]);
  if (name !== "findstr" && name !== "find") return undefined;
  const args = words.slice(1);
  const glued = args.find(({ text }) => /^\/c:./is.test(text));
  const [first, second] = args.filter(({ text }) => !/^\/[a-z]/i.test(text));
  const file = glued === undefined ? second : first;
  const pattern = glued === undefined ? first : { ...glued, text: glued.text.slice(3) };
  if (pattern === undefined || file !== undefined) return undefined;
  return { pattern, inverted: args.some(({ text }) => /^\/(?:[a-z]*v[a-z]*)$/i.test(text)) };
}

/** How `exit` and `goto :eof` end what runs. */
export interface Leave {
  /** routine: `exit /b` and `goto :eof`, which end a called routine and, outside of one, the script. */
  readonly what: "process" | "routine";
  /** The exit code as it is written; `undefined` where the last one stays. */
  readonly code: Value | undefined;
}

/** Reads a command line as an end; `undefined` where it is none. */
export function readCmdLeave(words: readonly Value[]): Leave | undefined {
  const name = programName(words[0]);
  const args = words.slice(1);
  if (name === "goto") return /^:eof$/i.test(args[0]?.text ?? "") ? { what: "routine", code: undefined } : undefined;
  if (name !== "exit") return undefined;
  const routine = args.some(({ text }) => /^\/b$/i.test(text));
  return { what: routine ? "routine" : "process", code: args.find(({ text }) => !text.startsWith("/")) };
}
