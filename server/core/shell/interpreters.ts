import type { Value } from "./state.ts";
import { programName } from "./wrappers.ts";

/** Where an interpreter takes its program from. */
export type Code =
  /** Standard input is the program. */
  | { readonly from: "stdin" }
  /** The text of an argument is the program. */
  | { readonly from: "text"; readonly word: Value; readonly language: CodeLanguage }
  /** A file is the program. */
  | { readonly from: "file"; readonly word: Value }
  /** A module or command of its own: whatever it reads is data. */
  | { readonly from: "nothing" };

/** Whether this program's code can be read as a shell's. */
export type CodeLanguage = "shell" | "other";

/** How a command line runs code; `undefined` where its program is no interpreter. */
export function readInterpreter(words: readonly Value[]): Code | undefined {
  const name = programName(words[0]);
  const args = words.slice(1);
  if (SHELLS.test(name)) return readShell(args);
  const style = STYLES.find(({ names }) => names.test(name));
  return style && readScripting(args, style);
}

/** True for a program that can run code which its arguments or its input hold. */
export function isInterpreter(name: string): boolean {
  return SHELLS.test(name) || STYLES.some(({ names }) => names.test(name));
}

/** True for names of shells that read the command model's own language. */
export function isShell(name: string): boolean {
  return SHELLS.test(name);
}

const SHELLS = /^(?:ba|da|a|z|k|mk|pdk|ya|rba|c|tc|fi)?sh$/;
const SHELL_VALUED = /^(?:[-+][oO]|--rcfile|--init-file)$/;

function readShell(args: readonly Value[]): Code {
  let command = false;
  let stdin = false;
  for (let index = 0; index < args.length; index++) {
    const word = args[index];
    if (word === undefined) break;
    const { text } = word;
    if (text === "--" || text === "-") return programOf(args[index + 1], command, stdin);
    if (SHELL_VALUED.test(text)) index++;
    else if (/^-[A-Za-z]+$/.test(text)) {
      command ||= text.includes("c");
      stdin ||= text.includes("s");
      if (/[oO]$/.test(text)) index++;
    } else if (!/^(?:--\w[\w-]*|\+[A-Za-z]+)$/.test(text) || !word.known) return programOf(word, command, stdin);
  }
  return { from: command ? "nothing" : "stdin" };
}

function programOf(word: Value | undefined, command: boolean, stdin: boolean): Code {
  if (command) return word === undefined ? { from: "nothing" } : { from: "text", word, language: "shell" };
  if (stdin || word === undefined || word.text === "/dev/stdin" || word.text === "/proc/self/fd/0")
    return { from: "stdin" };
  return { from: "file", word };
}

/** How a family of scripting languages reads its command line. */
interface Style {
  readonly names: RegExp;
  /** Options whose value is the program. Short ones may be combined (`-ne`). */
  readonly code: RegExp;
  /** Options that name a module or do something else: what follows is data. */
  readonly nothing: RegExp;
  /** Options that take a value in the next word. */
  readonly valued: RegExp;
  /** Options whose value is the program's file. */
  readonly file: RegExp;
}

const NEVER = /^\b$/;

const STYLES: readonly Style[] = [
  {
    names: /^(?:python|pypy)[\d.]*$/,
    code: /^-[bBdEhiIOqsSuvx]*c$/,
    nothing: /^(?:-[bBdEiIOqsSuvx]*m|-V+|--version|-h|--help)$/,
    valued: /^-[WX]$/,
    file: NEVER,
  },
  {
    names: /^(?:node|nodejs|bun|deno)$/,
    code: /^(?:-e|--eval|-p|-pe|--print)$/,
    nothing: /^(?:-v|--version|-h|--help|-c|--check|--test|x|add|install|i|fmt|lint|task|eval)$/,
    valued: /^(?:-r|--require|--import|--loader)$/,
    file: NEVER,
  },
  { names: /^perl[\d.]*$/, code: /^-[a-zA-Z0]*[eE]$/, nothing: /^(?:-v|-V|--version)$/, valued: NEVER, file: NEVER },
  {
    names: /^(?:ruby[\d.]*|jruby)$/,
    code: /^-[a-zA-Z0]*e$/,
    nothing: /^(?:-v|--version|-h|--help)$/,
    valued: /^-[rIC]$/,
    file: NEVER,
  },
  {
    names: /^php[\d.]*$/,
    code: /^(?:-r|--run)$/,
    nothing: /^(?:-v|--version|-m|-i|-S)$/,
    valued: /^-[dc]$/,
    file: /^(?:-f|--file)$/,
  },
  { names: /^(?:lua[\d.]*|luajit)$/, code: /^-e$/, nothing: /^-v$/, valued: /^-l$/, file: NEVER },
  { names: /^(?:rscript|r)$/, code: /^-e$/, nothing: /^--version$/, valued: NEVER, file: /^-f$/ },
  { names: /^(?:tclsh[\d.]*|expect|wish)$/, code: /^-c$/, nothing: NEVER, valued: NEVER, file: /^-f$/ },
  {
    names: /^(?:osascript|groovy|scala|julia|elixir|swift|kotlinc)$/,
    code: /^-e$/,
    nothing: /^--?version$/,
    valued: NEVER,
    file: NEVER,
  },
  // The code of a virtual machine. What stands behind `-jar` is the program; a class is looked for on the class path, which is loaded code.
  {
    names: /^javaw?$/,
    code: NEVER,
    nothing: /^--?(?:version|help|list-modules)$|^-(?:\?|h|X)$/,
    valued: /^(?:-cp|-classpath|--class-path|-p|--module-path|--add-modules|--add-opens|--add-exports|--add-reads)$/,
    file: /^-jar$/,
  },
  { names: /^(?:dotnet|mono)$/, code: NEVER, nothing: /^(?:[a-z][a-z-]*|--.*)$/, valued: NEVER, file: /^exec$/ },
  {
    names: /^(?:wasmtime|wasmer|iwasm|wasmedge)$/,
    code: NEVER,
    nothing: /^--version$/,
    valued: /^--dir$/,
    file: NEVER,
  },
  {
    names: /^ansible-playbook$/,
    code: NEVER,
    nothing: /^--(?:version|syntax-check|list-\w+)$/,
    valued: /^(?:-[ieutlf]|--(?:inventory|extra-vars|user|tags|limit|forks|vault-password-file))$/,
    file: NEVER,
  },
  {
    names: /^(?:pwsh|powershell)$/,
    code: /^-(?:c|command|encodedcommand|e|ec|enc)$/i,
    nothing: /^-(?:version|help)$/i,
    valued: /^-(?:executionpolicy|ep|ex|version|inputformat|outputformat|windowstyle|w)$/i,
    file: /^-(?:f|file)$/i,
  },
];

function readScripting(args: readonly Value[], style: Style): Code {
  for (let index = 0; index < args.length; index++) {
    const word = args[index];
    if (word === undefined) break;
    const { text } = word;
    const next = args[index + 1];
    if (style.code.test(text))
      return next === undefined ? { from: "nothing" } : { from: "text", word: next, language: "other" };
    if (style.file.test(text)) return next === undefined ? { from: "nothing" } : { from: "file", word: next };
    if (style.nothing.test(text)) return { from: "nothing" };
    if (style.valued.test(text)) index++;
    else if (text === "-" || text === "--" || text === "/dev/stdin") return { from: "stdin" };
    else if (text === "run" && index === 0) continue;
    else if (!text.startsWith("-") || text.startsWith("‹") || !word.known) return { from: "file", word };
  }
  return { from: "stdin" };
}
