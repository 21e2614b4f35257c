import { cover } from "../text.ts";
import type { Block } from "./command.ts";
import { type Fetch, isImmutable } from "./downloads.ts";
import {
  type Download,
  fileAt,
  filesLike,
  holdsPrograms,
  isVerified,
  join,
  resolvePath,
  type State,
  store,
  union,
  type Value,
  withExport,
  withFile,
  withOptions,
  withProgramFolder,
  withVerdict,
} from "./state.ts";
import {
  type Call,
  concatValues,
  done,
  downloadBy,
  type Execution,
  failed,
  freshExits,
  leaveSubshell,
  type Outcome,
  outputOf,
  SILENCE,
  type Stream,
  succeeds,
  textValue,
} from "./trace.ts";

// What commands of all shells come down to: something is fetched, stored, unpacked, copied or run.

/** What a fetch leaves behind: content on standard output, or files. */
export function fetched(call: Call, fetch: Fetch, state: State): Outcome {
  const { command, words } = call;
  let after = state;
  const streamed: Download[] = [];
  const made: Download[] = [];
  for (const { url, file, inside, folder = false } of fetch.transfers) {
    const download = downloadBy(call, { tool: fetch.tool, hidden: false, url: url.text, known: url.known });
    const isFixed = isImmutable(url.text);
    if (isFixed) call.run.settled.push({ script: call.run.index, download, by: "address" });
    const origins = isFixed ? [] : [download];
    made.push(...origins);
    if (file === undefined) streamed.push(...origins);
    else if (folder) after = unpack(after, origins, file, [], url.text);
    else after = storeAt(after, file, origins);
    if (inside !== undefined) after = storeAt(after, inside, origins);
  }
  after = withVerdict(after, made, false);
  // aria2 compares by itself, and ends with an error that leaves the file where it is.
  const checked =
    fetch.tool === "aria2c" && words.some(({ text }) => /^--checksum=(?:md5|sha-\d+)=[0-9a-f]{32,}$/i.test(text));
  const output: Stream = { ...SILENCE, origins: streamed, start: command.span.start };
  return { success: checked ? withVerdict(after, made, true) : after, failure: after, output };
}

/** Prints values side by side, as `echo` does. Downloaded content comes out where nothing else is printed with it. */
export function printed(call: Call, state: State, values: readonly Value[], between?: string): Outcome {
  const { origins, digests, whole, text, known } = concatValues(values, call.command.span, between);
  const output = { origins: whole ? origins : [], digests, whole, text, known, start: undefined };
  return succeeds(afterPrinting(call, state, text), output);
}

/**
 * After a line for the log: on Azure Pipelines some lines are commands to the system. (Source: Microsoft, "Logging commands".)
 */
function afterPrinting({ io, run }: Call, state: State, text: string): State {
  if (run.script.handover.logged !== true || (io.output !== undefined && io.output.to !== "log")) return state;
  return text.split("\n").reduce((before, line) => {
    const [, folder] = /^\s*##vso\[task\.prependpath[^\]]*\](.+)$/i.exec(line) ?? [];
    if (folder !== undefined) return withProgramFolder(before, resolvePath(before.shell.folder, folder.trim()));
    const [, name, value] = /^\s*##vso\[task\.setvariable[^\]]*\bvariable=([\w.-]+)[^\]]*\](.*)$/i.exec(line) ?? [];
    if (name === undefined || value === undefined) return before;
    const known = !/[$‹]/.test(value);
    return withExport(before, name.replace(/\W/g, "_").toUpperCase(), {
      ...textValue(value, { start: 0, end: 0 }),
      known,
    });
  }, state);
}

/** Ends the shell with the status that the first argument gives: nothing behind it runs in this shell. */
export function leaveShell({ words, io }: Call, state: State): Outcome {
  const well = words[1] === undefined || words[1].text === "0";
  if (well) io.exits.success = join(io.exits.success, state);
  else io.exits.failure = join(io.exits.failure, state);
  return { success: undefined, failure: undefined, output: SILENCE };
}

/** Outside of a function `return` is an error message, not a stop. */
export function leaveFunction({ words, io }: Call, state: State): Outcome {
  if (io.returns === undefined) return done(state);
  const status = words[1];
  if (status === undefined || status.text === "0") io.returns.success = join(io.returns.success, state);
  else io.returns.failure = join(io.returns.failure, state);
  if (status !== undefined && !status.known) io.returns.success = join(io.returns.success, state);
  return { success: undefined, failure: undefined, output: SILENCE };
}

/** Gives a copy at `target`, or in it where it is a folder, what is known of the file at `source`. The source is a whole path, the target may be relative. */
export function copyFile(state: State, source: string, target: string): State {
  const file = fileAt(state, source);
  if (file === undefined) return state;
  const name = source.replace(/^.*\//, "");
  const copy = { ...file, folder: state.world.files.get(source)?.folder ?? false };
  const inside = resolvePath(state.shell.folder, `${target}/${name}`);
  return store(store(state, resolvePath(state.shell.folder, target), copy), inside, copy);
}

/** What was in the archive lies in the folder; the members that the command line names are known by name. */
export function unpack(
  state: State,
  origins: readonly Download[],
  folder: string,
  members: readonly Value[],
  archive: string | undefined,
): State {
  if (origins.length === 0) return state;
  const into = resolvePath(state.shell.folder, folder);
  const filled = withFile(state, into, { origins, digests: [], folder: true, text: archive });
  const named = members.reduce((before, { text }) => {
    const path = resolvePath(into, text.replace(/^.*\*\//, ""));
    return withFile(before, path, { origins, digests: [], folder: false, text: undefined });
  }, filled);
  return holdsPrograms(into) ? withProgramFolder(named, into) : named;
}

/** A program in a shell of its own: what it sets is gone with it, and its errexit is not ours. */
export function runNested(call: Call, program: Block | undefined, state: State, stdin: Stream): Outcome {
  if (program === undefined) return done(state);
  const exits = freshExits();
  const errexit = call.words.some(({ text }) => /^-[a-z]*e/.test(text));
  const inner = withOptions(state, { errexit, pipefail: false });
  const outcome = call.run.engine.runBlock(call, program, inner, {
    stdin,
    tolerant: false,
    depth: call.io.depth + 1,
    exits,
    ...outputOf(call.io),
  });
  return leaveSubshell(state, { ...outcome, failure: failed(outcome), spared: undefined }, exits);
}

/** Of a folder that is the job's own work tree as well, only what the archive is named after is surely from the archive. */
export function programOrigins({ run }: Call, state: State, path: string): readonly Download[] {
  const file = fileAt(state, path);
  if (file === undefined || !file.folder || state.world.files.get(".") !== file) return file?.origins ?? [];
  if (run.read(path) !== undefined) return [];
  return file.origins.filter(({ url }) => related(`${url} ${file.text ?? ""}`, path));
}

/** True where a path shares a word with the name of what was fetched: `tool-1.2.tar.gz` and `./tool-1.2/bin/x`. */
function related(source: string, path: string): boolean {
  const known = new Set(
    source
      .replace(/\w+:\/\/[^/\s]*/g, "")
      .toLowerCase()
      .split(WORD_BREAK),
  );
  const host = (/^\w+:\/\/([^/\s]*)/.exec(source)?.[1] ?? "").toLowerCase().split(WORD_BREAK);
  for (const word of host) if (word.length > 2) known.add(word);
  return path
    .toLowerCase()
    .split(WORD_BREAK)
    .some((word) => known.has(word) && !COMMON.has(word));
}

const WORD_BREAK = /[^a-z0-9$]+|(?<=[a-z])(?=\d)/;
/** Words that name no product. */
const COMMON = new Set([
  "",
  ..."bin sh com org io www linux x 86 64 amd arm darwin release releases download latest main master tar gz zip v".split(
    " ",
  ),
]);

/** Runs a file as code: a process substitution's output, or what was stored under its path. False where nothing of it was downloaded. */
export function runFile(call: Call, file: Value, state: State, runner: string): boolean {
  const stored =
    file.origins.length > 0 ? [] : pathsOf(file, state).flatMap((path) => programOrigins(call, state, path));
  report(call, state, file.origins, "direct", runner);
  report(call, state, stored, "file", runner);
  return file.origins.length > 0 || stored.length > 0;
}

/** Notes that downloaded content runs here, unless it was verified on every way to here. */
export function report(
  call: Call,
  state: State,
  origins: readonly Download[],
  via: Execution["via"],
  runner: string,
): void {
  const downloads = unsettled(call, state, origins);
  if (downloads.length === 0) return;
  const { command, io, run } = call;
  const start = via === "direct" && io.stdin.origins === origins ? io.stdin.start : undefined;
  const span = start === undefined ? command.span : cover({ start, end: start }, command.span);
  const checks = run.checks.filter((check) => check.downloads.some((download) => downloads.includes(download)));
  run.executions.push({ script: run.index, span, command, downloads, via, runner, checks });
}

/** Notes that downloaded content is made a program here: it counts unless it is verified anywhere, or seen to run elsewhere. */
export function prepare(call: Call, state: State, origins: readonly Download[], runner: string): void {
  const { command, run } = call;
  const downloads = unsettled(call, state, origins);
  if (downloads.length === 0) return;
  run.prepared.push({ script: run.index, span: command.span, command, downloads, via: "file", runner, checks: [] });
}

/** The downloads that nothing has verified. Of the others it is noted that they may run here. */
function unsettled({ run }: Call, state: State, origins: readonly Download[]): readonly Download[] {
  const all = union([], origins);
  for (const download of all)
    if (isVerified(state, download)) run.settled.push({ script: run.index, download, by: "checked" });
  return all.filter((download) => !isVerified(state, download));
}

/** What a command is, where a download was put into a folder that is searched for commands under that name or a like one. */
export function commandOrigins(state: State, name: string): readonly Download[] {
  const { programs } = state.world;
  if (programs.size === 0) return [];
  const like = programs.entries().flatMap(([file, origins]) => {
    return file.startsWith("*") ? origins.filter(({ url }) => related(`${url} ${file}`, name)) : [];
  });
  return programs.get(name) ?? like;
}

/** The downloads that a file came from, by all the paths that its name may stand for. */
export function originsOf(file: Value, state: State): readonly Download[] {
  return pathsOf(file, state).reduce<readonly Download[]>(
    (all, path) => union(all, fileAt(state, path)?.origins ?? []),
    file.origins,
  );
}

/** The paths that a word means: a glob those that it matches. */
export function pathsOf(file: Value, state: State): readonly string[] {
  const path = resolvePath(state.shell.folder, file.text);
  const found = /[*?]/.test(path) ? filesLike(state, path) : [];
  return found.length > 0 ? found : [path];
}

/** Puts downloaded content at a path, which may be relative to the current folder. */
export function storeAt(state: State, path: string, origins: readonly Download[]): State {
  return store(state, resolvePath(state.shell.folder, path), { origins, digests: [], folder: false, text: undefined });
}
