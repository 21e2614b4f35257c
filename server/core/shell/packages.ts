import type { Pin } from "../model.ts";
import type { Span } from "../text.ts";
import { fromProgram, optionStyle, readOptions, withSymbols } from "./options.ts";
import { NODE_READERS } from "./package-node.ts";
import { OTHER_READERS } from "./package-others.ts";
import { type PackageReader, withoutUser } from "./package-pins.ts";
import { PYTHON_READERS, readPip, uvRun } from "./package-python.ts";
import type { Value } from "./state.ts";
import { programName } from "./wrappers.ts";

export { installsProject } from "./package-node.ts";

// The command lines that fetch a package and run its code, now or as a tool of a later line. What a lock file, a requirements file, a
// manifest or the distribution's own signed archive decides is not read: nothing in the command line names it.

/** A package that a command line fetches in order to run code of it. */
export interface PackageUse {
  readonly kind: "package";
  /** What fetches it, as a person would call it: "npx", "pip", "cargo". */
  readonly manager: string;
  /** The package as the command line names it, without credentials. */
  readonly text: string;
  /** The word that names it, in the script text. */
  readonly span: Span;
  /** From the program to that word. */
  readonly command: Span;
  /** pinned: an exact version of a registry that keeps versions, or a full commit id. */
  readonly pin: Pin;
  /** registry: a published package. remote: code straight from a repository or an address. */
  readonly source: "registry" | "remote";
  /** True where its code runs at once, false where it is installed for later. */
  readonly runs: boolean;
  /** True where the project's own dependency of that name, once it is installed, runs instead and nothing is fetched. */
  readonly shadowed: boolean;
  /** Why it can change, as the end of a sentence that began with its name; "" unless mutable. */
  readonly why: string;
  /** What to write instead, with `<version>` or `<commit>` to be filled in; "" unless mutable. */
  readonly exact: string;
}

/** Reads a command line, wrappers taken off. Never throws; what is no fetch of a package gives nothing. */
export function readPackages(words: readonly Value[]): readonly PackageUse[] {
  return readNested(words, MAX_DEPTH);
}

/** True for a program whose command lines can fetch packages, or run another command line that does. */
export function isPackageTool(name: string): boolean {
  return readerOf(name) !== undefined || RUNS_ANOTHER.test(name);
}

/** The programs that {@link innerCommand} knows. */
const RUNS_ANOTHER =
  /^(?:(?:python|pypy)[\d.]*|py|sage|bundle|corepack|uv|conda|mamba|micromamba|pipenv|poetry|pdm|rye|hatch)$/;

const MAX_DEPTH = 8;

function readNested(words: readonly Value[], depth: number): readonly PackageUse[] {
  const [program, ...args] = words;
  if (program === undefined || depth === 0) return [];
  const name = programName(program);
  const own = (readerOf(name)?.(args.map(withSymbols)) ?? []).map(({ word, ...found }): PackageUse => {
    const text = withoutUser(word.text);
    return { kind: "package", ...found, text, span: word.span, command: fromProgram(program, word) };
  });
  const inner = innerCommand(name, args);
  return inner === undefined ? own : [...own, ...readNested(inner, depth - 1)];
}

function readerOf(name: string): PackageReader | undefined {
  const reader = NODE_READERS.get(name) ?? PYTHON_READERS.get(name) ?? OTHER_READERS.get(name);
  return reader ?? (/^pip[\d.]*$/.test(name) ? readPip : undefined);
}

/** The command line that another one runs in an environment of its own, as in `poetry run pip install x`; `undefined` where there is none. */
function innerCommand(name: string, args: readonly Value[]): readonly Value[] | undefined {
  const [first, ...rest] = args;
  const command = first?.text ?? "";
  if (/^(?:(?:python|pypy)[\d.]*|py)$/.test(name)) return moduleCommand(args);
  if (name === "sage")
    return first !== undefined && /^--?pip$/.test(command) ? [{ ...first, text: "pip" }, ...rest] : undefined;
  if (name === "bundle") return command === "exec" ? rest : undefined;
  if (name === "corepack") return /^(?:npm|npx|pnpm|pnpx|yarn)$/.test(command) ? args : undefined;
  if (name === "uv") return uvRun(args);
  if (/^(?:conda|mamba|micromamba)$/.test(name))
    return command === "run" ? readOptions(rest, CONDA).operands : undefined;
  return /^(?:pipenv|poetry|pdm|rye|hatch)$/.test(name) && command === "run" ? rest : undefined;
}

const CONDA = optionStyle("-n --name -p --prefix --cwd", { leading: true });

/** `python3 -m pip install x`. */
function moduleCommand(args: readonly Value[]): readonly Value[] | undefined {
  for (let index = 0; args[index]?.text.startsWith("-"); index++) {
    const { text = "" } = args[index] ?? {};
    if (/^-[a-zA-Z]*m$/.test(text)) return args.slice(index + 1);
    if (/^-[WX]$/.test(text)) index++;
  }
  return undefined;
}
