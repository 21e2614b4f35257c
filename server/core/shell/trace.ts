import type { Hole } from "../masking.ts";
import type { Handover, Shell } from "../model.ts";
import type { Span } from "../text.ts";
import type { BuildUse } from "./builds.ts";
import type { Block, Command } from "./command.ts";
import type { ImageUse } from "./images.ts";
import type { LocalPart, LocalProgram, Notation } from "./local-program.ts";
import type { PackageUse } from "./packages.ts";
import { type Download, join, joinProvenance, type Provenance, type State, union, type Value } from "./state.ts";

// The vocabulary of one trace: what goes into it, what comes out, and what its parts hand each other.

/** One script of a job, in the order in which the job runs them. */
export interface FlowScript {
  readonly text: string;
  readonly holes: readonly Hole[];
  readonly program: Block;
  readonly shell: Shell;
  /** Scripts with equal units are one process after another in the same shell. */
  readonly unit: string;
  /** The working directory, as {@link resolvePath} reads it. */
  readonly folder: string;
  readonly handover: Handover;
  /** Environment variables with what the pipeline says of their values. */
  readonly environment: ReadonlyMap<string, string>;
  /** True where the system ends the process when this script fails, though the shell has no errexit. */
  readonly checked?: boolean;
  /** True where a failure of this script does not keep the next one from running. */
  readonly tolerated: boolean;
  /** True where it runs although an earlier one failed. */
  readonly always: boolean;
}

/** A place where downloaded content runs as code. */
export interface Execution {
  /** Index of the script in which it runs. */
  readonly script: number;
  /** The offending command in that script's text. */
  readonly span: Span;
  /** The command that runs it. */
  readonly command: Command;
  /** What runs there, each a different act of fetching. None of them names its content by its address, and none was verified. */
  readonly downloads: readonly Download[];
  /** direct: straight into an interpreter. file: stored first, then run. */
  readonly via: "direct" | "file";
  /** The program that runs it, such as "bash"; the file's own name where it runs by itself. */
  readonly runner: string;
  /** Checks that look at what runs and do not keep a changed one from running. */
  readonly checks: readonly Check[];
}

/** What a script fetches by the name of a package or image. */
export interface Pull {
  readonly script: number;
  readonly use: PackageUse | ImageUse;
}

/** A command of a script that builds an image from a Dockerfile. */
export interface ImageBuild {
  readonly script: number;
  readonly use: BuildUse;
}

/** A script in a file of the repository that a script of the job runs. Its number goes on where those of the job end. */
export interface LocalScript {
  readonly number: number;
  /** From the repository's root. */
  readonly path: string;
  /** Offsets are those of the file. */
  readonly text: string;
  readonly holes: readonly Hole[];
  readonly program: Block;
  readonly shell: Shell;
  /** The script of the job that it was run from. */
  readonly caller: number;
  readonly notation: Notation;
  readonly part: LocalPart;
}

/** What one job does with code from elsewhere. */
export interface Trace {
  readonly locals: readonly LocalScript[];
  readonly executions: readonly Execution[];
  readonly pulls: readonly Pull[];
  readonly builds: readonly ImageBuild[];
  /** Names, in one form for all spellings, of images that the job makes itself. */
  readonly built: ReadonlySet<string>;
  readonly digests: readonly DigestCheck[];
  readonly settled: readonly Settled[];
  readonly dumps: readonly EnvironmentDump[];
}

/** A download that nobody can alter unseen. */
export interface Settled {
  /** Index of the script in which it runs, or in which it is fetched. */
  readonly script: number;
  readonly download: Download;
  /** checked: compared with something fixed on every way to where it runs. address: its address names its content. */
  readonly by: "checked" | "address";
}

/** A command that prints every variable of its environment; once for each end that its output comes to. */
export interface EnvironmentDump {
  readonly script: number;
  /** The printing command. */
  readonly span: Span;
  readonly destination: Destination;
}

/**
 * Where the output of a command ends up. encoded: in the log, in a form that no system knows for a secret. nowhere: it stays inside of the
 * script, or only a part of it is left.
 */
export type Destination =
  | { readonly to: "log" | "encoded" | "nowhere" }
  | { readonly to: "sent"; readonly by: string }
  /** The path is a symbolic one, as {@link resolvePath} makes it. */
  | { readonly to: "file"; readonly path: string };

/** A place where a downloaded file is compared with a digest that is written out, whatever comes of the comparison. */
export interface DigestCheck {
  readonly script: number;
  /** The comparing command. */
  readonly span: Span;
  /** 64, 96 or 128 lower-case hex digits, as SHA-256, SHA-384 and SHA-512 have them. */
  readonly digest: string;
  /** The file as the check names it, with symbols for what is unknown; `undefined` where it names none. */
  readonly file: string | undefined;
  readonly downloads: readonly Download[];
}

/** A command that looks like a verification. */
export interface Check {
  readonly script: number;
  readonly span: Span;
  readonly downloads: readonly Download[];
  readonly flaw: Flaw;
}

/**
 * Why a check does not protect. ignored: its result stops nothing. printed: nothing is compared. other-file: it names another file.
 * same-host: the expected value comes from where the file came from. self: the file is compared with itself. late: it comes after the run.
 * empty: the expected value is empty. weak: what is looked at is no digest of the whole content.
 */
export type Flaw = "ignored" | "printed" | "other-file" | "same-host" | "self" | "late" | "empty" | "weak";

/** The bookkeeping of one trace: the only thing in it that changes. */
export interface Run {
  readonly script: FlowScript;
  readonly index: number;
  readonly executions: Execution[];
  readonly settled: Settled[];
  /** Downloads that became programs, though nobody has seen them run. */
  readonly prepared: Execution[];
  /** Downloads that were verified on some way. */
  readonly verified: Set<Download>;
  readonly checks: Check[];
  readonly pulls: Pull[];
  readonly builds: ImageBuild[];
  readonly digests: DigestCheck[];
  readonly dumps: EnvironmentDump[];
  /** Names of images that the job builds itself. */
  readonly built: Set<string>;
  /** True once the job has installed the project's own dependencies. */
  readonly project: { installed: boolean };
  readonly budget: { nodes: number; symbols: number; downloads: number };
  /** The files of the repository that were run so far, and how many scripts there are in all. */
  readonly locals: LocalScript[];
  readonly count: { scripts: number };
  readonly engine: Engine;
  /** What the repository's own programs say, by the call that runs them. */
  readonly programs: Map<string, readonly LocalProgram[]>;
  /** Calls that are being followed: one that leads to itself is not followed again. */
  readonly open: readonly string[];
  /** Text of a file of the repository, by its path from the root. */
  readonly read: (path: string) => string | undefined;
}

/** Where a shell or a function can end before its last command. */
export interface Exits {
  success: State | undefined;
  failure: State | undefined;
}

/** What a node runs in. */
export interface Io {
  readonly stdin: Stream;
  /** Where the output ends up; absent: in the log. */
  readonly output?: Destination;
  /** The same for a program inside of a word; absent: nowhere. */
  readonly captured?: Destination;
  /** True where a failure does not end the shell although errexit is on: in conditions and in front of `&&` and `||`. */
  readonly tolerant: boolean;
  readonly depth: number;
  /** Where `exit` leads to. */
  readonly exits: Exits;
  /** Where `return` leads to. */
  readonly returns?: Exits;
  /** The shell whose commands these are; absent: one that bash.ts reads. */
  readonly language?: "shell" | "powershell" | "cmd";
  /** True where nobody reads what it prints. */
  readonly unheard?: boolean;
  /** How often the loops around it are read: those inside of them are read less often. */
  readonly rounds?: number;
  /** How the command before this one ended: what `$?` tells. Set anew by the block while it is read. */
  readonly status?: { last: Outcome | undefined };
}

/** What flows through a pipe or out of a command. */
export interface Stream extends Provenance {
  /** False where the content was cut out of what was downloaded. */
  readonly whole: boolean;
  /** The text without the final newline, with symbols for what is unknown; `undefined` where nothing of it is known. */
  readonly text: string | undefined;
  /** True where `text` holds no symbol. */
  readonly known: boolean;
  /** Where the part of the pipe begins that the content comes from. */
  readonly start: number | undefined;
}

/**
 * How a node can end: the state after success and after failure, `undefined` where it cannot end that way. `spared` is a failure that
 * errexit overlooks, such as that of a left operand of `&&`.
 */
export interface Outcome {
  readonly success: State | undefined;
  readonly failure: State | undefined;
  readonly spared?: State | undefined;
  readonly output: Stream;
}

/** What the tables of commands ask of the interpreter. */
export interface Engine {
  /** Runs a program in the shell of a call. */
  runBlock(call: Call, block: Block, state: State, io: Io): Outcome;
  /** Performs another command line in the place of a call's own. */
  perform(call: Call, words: readonly Value[], state: State): Outcome;
  /** Runs a program of the repository. `undefined` where the command line runs none, or where it cannot be read. */
  runLocal(call: Call, state: State): Outcome | undefined;
}

/** A command line on its way through the tables of what commands do. */
export interface Call {
  readonly command: Command;
  /** Program and arguments, wrappers taken off. */
  readonly words: readonly Value[];
  readonly io: Io;
  readonly run: Run;
}

/** The output of what prints nothing that matters. */
export const SILENCE: Stream = {
  origins: [],
  digests: [],
  whole: true,
  text: undefined,
  known: false,
  start: undefined,
};

/** Ends either way, with the state as it is and no output. */
export function done(state: State): Outcome {
  return { success: state, failure: state, output: SILENCE };
}

/** Ends with success only. */
export function succeeds(state: State, output: Stream = SILENCE): Outcome {
  return { success: state, failure: undefined, output };
}

/** Ends either way, with an output. */
export function outputs(state: State, output: Partial<Stream>): Outcome {
  return { success: state, failure: state, output: { ...SILENCE, ...output } };
}

/** Every way in which it can fail. */
export function failed({ failure, spared }: Outcome): State | undefined {
  return join(failure, spared);
}

/** What may hold afterwards, however it ends. */
export function ended(outcome: Outcome): State | undefined {
  return join(outcome.success, failed(outcome));
}

/** One of two things happens. */
export function either(a: Outcome, b: Outcome): Outcome {
  return {
    success: join(a.success, b.success),
    failure: join(a.failure, b.failure),
    spared: join(a.spared, b.spared),
    output: concat(a.output, b.output),
  };
}

/** The longest text that is kept of a value or an output: what a script doubles a few dozen times would fit into no memory. */
const LONGEST_TEXT = 100_000;

/** A text as it can be kept. What was cut off is not known. */
export function bounded(text: string, known: boolean): Pick<Value, "text" | "known"> {
  return { text: text.slice(0, LONGEST_TEXT), known: known && text.length <= LONGEST_TEXT };
}

/** Output after output. */
export function concat(a: Stream, b: Stream): Stream {
  if (a === SILENCE) return b;
  if (b === SILENCE) return a;
  const both =
    a.text !== undefined && b.text !== undefined
      ? bounded(`${a.text}\n${b.text}`, a.known && b.known)
      : { text: a.text ?? b.text, known: false };
  return { ...joinProvenance(a, b), whole: a.whole && b.whole, ...both, start: a.start ?? b.start };
}

/** What a process that starts inside of another one takes over of its ways out. */
export function outputOf({ output }: Io): Pick<Io, "output"> {
  return output === undefined ? {} : { output };
}

/** A new place for `exit` to lead to. */
export function freshExits(): Exits {
  return { success: undefined, failure: undefined };
}

/** What a subshell leaves behind: files, but none of its variables; an `exit` in it ends the subshell alone. */
export function leaveSubshell(before: State, outcome: Outcome, exits: Exits): Outcome {
  const keep = (state: State | undefined): State | undefined => {
    return state === undefined || state.shell === before.shell ? state : { shell: before.shell, world: state.world };
  };
  return {
    success: keep(join(outcome.success, exits.success)),
    failure: keep(join(failed(outcome), exits.failure)),
    output: outcome.output,
  };
}

/** The act of a command line that fetches something. */
export function downloadBy(
  { command, run }: Pick<Call, "command" | "run">,
  what: Pick<Download, "tool" | "url" | "known" | "hidden">,
): Download {
  return { id: `${run.budget.downloads++}`, command, span: command.span, script: run.index, ...what };
}

/** A name for text that nobody knows, different from every other. */
export function symbol(run: Run): string {
  return `‹${run.index}.${run.budget.symbols++}›`;
}

/** Known text of the script itself. */
export function textValue(text: string, span: Span): Value {
  return { text, known: true, origins: [], digests: [], whole: false, span };
}

/** Values side by side. The result is whole only where nothing stands beside what was downloaded. */
export function concatValues(values: readonly Value[], span: Span, between = " "): Value {
  const filled = values.filter((value) => value.text !== "");
  const [only] = filled;
  if (filled.length === 1 && only !== undefined) return { ...only, span };
  const text = filled.map((value) => value.text).join(between);
  return {
    ...bounded(
      text,
      filled.every((value) => value.known),
    ),
    origins: filled.reduce<readonly Download[]>((all, value) => union(all, value.origins), []),
    digests: filled.reduce<readonly Download[]>((all, value) => union(all, value.digests), []),
    whole: filled.length > 0 && filled.every((value) => value.whole && value.origins.length > 0),
    span,
  };
}
