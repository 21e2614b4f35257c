import { Memo } from "../memo.ts";
import {
  commandOrigins,
  fetched,
  leaveFunction,
  leaveShell,
  pathsOf,
  printed,
  programOrigins,
  report,
  runFile,
  runNested,
  storeAt,
} from "./actions.ts";
import { parseBashWord } from "./bash.ts";
import { isBuildTool, readBuild } from "./builds.ts";
import { type Block, type Command, type Redirect, staticText, type Word } from "./command.ts";
import { isFetcher, isImmutable, isLocal, readFetch } from "./downloads.ts";
import { KEPT, mayDump, noteDump } from "./environment-dumps.ts";
import { type Action, FILE_COMMANDS } from "./file-programs.ts";
import { isImageTool, readBuiltImages, readImages } from "./images.ts";
import { isInterpreter, isShell, readInterpreter } from "./interpreters.ts";
import { isLoader, loadedThrough, readLoads } from "./loads.ts";
import { readOneLiner } from "./one-liners.ts";
import { installsProject, isPackageTool, readPackages } from "./packages.ts";
import { parsePowerShellWord } from "./powershell.ts";
import {
  type Download,
  fileAt,
  join,
  resolvePath,
  type State,
  type Value,
  withFile,
  withFolder,
  withOptions,
  withProgramFolder,
  withVariable,
  withVerdict,
} from "./state.ts";
import {
  bounded,
  type Call,
  concatValues,
  done,
  downloadBy,
  freshExits,
  type Io,
  leaveSubshell,
  type Outcome,
  outputOf,
  outputs,
  type Run,
  SILENCE,
  type Stream,
  succeeds,
  symbol,
  textValue,
} from "./trace.ts";
import { verifies } from "./verification.ts";
import { performWindows } from "./windows-programs.ts";
import { isSystemProgram, isWrapper, nameOf, optionValue, programName, unwrap } from "./wrappers.ts";

/** What a command line does to the state. Unknown commands pass on what they read. */
export function perform(call: Call, state: State): Outcome {
  const { language = "shell" } = call.io;
  const [program] = call.words;
  const { pulls, builds, dumps } = rolesOf(programName(program));
  if (pulls && isSystemProgram(program)) notePulls(call);
  if (builds) noteBuild(call, state);
  if (dumps || call.run.dumps.length > 0) noteDump(call, state.shell.folder);
  return language === "shell" ? performShell(call, state) : performWindows(call, state, language, performShell);
}

function performShell(call: Call, state: State): Outcome {
  const [program] = call.words;
  const body = program?.known ? state.shell.functions.get(program.text) : undefined;
  if (body !== undefined) return callFunction(call, body, state);
  const known = isSystemProgram(program);
  const roles = rolesOf(programName(program));
  if (roles.loads) noteLoads(call, state, readLoads(programName(program), call.words.slice(1)));
  const { action, fetches: fetching, interprets: interpreting } = roles;
  const own = known ? (action?.(call, state) ?? verifies(call, state)) : executes(call, state);
  return (
    own ??
    (fetching ? fetches(call, state) : undefined) ??
    (interpreting ? interprets(call, state) : undefined) ??
    executes(call, state) ??
    verifies(call, state) ??
    passes(call, state)
  );
}

/** Which of the tables have something to say about a program. Most programs are in none. */
interface Roles {
  readonly action: Action | undefined;
  readonly pulls: boolean;
  readonly builds: boolean;
  readonly dumps: boolean;
  readonly loads: boolean;
  readonly fetches: boolean;
  readonly interprets: boolean;
  /** True where none of the tables knows it, so that it passes on what it reads. */
  readonly none: boolean;
}

/** By name; the unit of the weight is that of text. */
const ROLES = new Memo<Roles>(200_000);

function rolesOf(name: string): Roles {
  const known = ROLES.get(name);
  if (known !== undefined) return known;
  const action = COMMANDS.get(name);
  const pulls = isPackageTool(name) || isImageTool(name);
  const builds = isBuildTool(name);
  const dumps = mayDump(name);
  const fetching = isFetcher(name);
  const interpreting = isInterpreter(name);
  const loads = isLoader(name);
  const runsOther = isWrapper(name) || RUNS_PROJECT.test(name);
  const none =
    action === undefined && !loads && !pulls && !builds && !dumps && !fetching && !interpreting && !runsOther;
  const roles = { action, pulls, builds, dumps, loads, fetches: fetching, interprets: interpreting, none };
  ROLES.set(name, roles, name.length);
  return roles;
}

/**
 * What a command line does of which no table knows the program, or which only prints to where nobody listens, while nothing was fetched
 * yet: two thirds of all commands, which are not worth a look at their words. `undefined` where it takes that look.
 */
export function performIdle(command: Command, state: State, io: Io, run: Run): Outcome | undefined {
  const { verdicts, programs } = state.world;
  const { dumps } = run;
  if (verdicts.size > 0 || programs.size > 0 || io.stdin.origins.length > 0 || dumps.length > 0) return undefined;
  if (io.language !== undefined && io.language !== "shell") return undefined;
  const text = staticText(command.words[0]);
  if (text === undefined || text.includes("/") || text.includes("\\") || command.assignments.length > 0)
    return undefined;
  if (state.shell.functions.size > 0 && state.shell.functions.has(text)) return undefined;
  const name = nameOf(text);
  const prints = io.unheard === true && run.script.handover.logged !== true && (name === "echo" || name === "printf");
  if (!prints && !rolesOf(name).none) return undefined;
  if (!command.redirects.every(isHarmless) || !command.words.every(isPassive)) return undefined;
  if (prints) return succeeds(state);
  return io.unheard === true ? done(state) : outputs(state, passed(name, io.stdin));
}

/** `2>&1`, `2>/dev/null`: nothing is read or written that matters. */
function isHarmless({ operator, descriptor, target }: Redirect): boolean {
  if (operator === ">&") return /^\d$/.test(staticText(target) ?? "");
  return descriptor === 2 && /^>>?$/.test(operator) && staticText(target) === "/dev/null";
}

/** True for a word whose expansion runs nothing. */
function isPassive({ parts }: Word): boolean {
  for (const part of parts) {
    if (part.kind === "substitution" || part.kind === "process" || part.kind === "unknown") return false;
    if (part.kind === "variable" && part.operand !== undefined) return false;
  }
  return true;
}

/** Notes downloaded code that a program loads besides the one that it runs. */
function noteLoads(call: Call, state: State, files: readonly Value[]): void {
  for (const file of files) runFile(call, file, state, programName(call.words[0]));
}

/** Notes downloaded code that a variable in the environment of programs makes them load. */
export function noteLoaded(call: Call, state: State, variable: string, value: Value): void {
  for (const file of loadedThrough(variable, value)) runFile(call, file, state, variable);
}

/** Packages and images that a command line fetches by name. */
function notePulls({ words, run }: Call): void {
  if (installsProject(words)) run.project.installed = true;
  // A tool that the project itself depends on runs from where that was installed.
  const packages = readPackages(words).filter(({ shadowed }) => !(shadowed && run.project.installed));
  for (const use of [...packages, ...readImages(words)]) run.pulls.push({ script: run.index, use });
  for (const name of readBuiltImages(words)) run.built.add(name);
}

/** The Dockerfile that a command line builds an image from. Kaniko is a program of its own image. */
function noteBuild({ words, run }: Call, state: State): void {
  const [program] = words;
  if (!isSystemProgram(program) && program?.text !== "/kaniko/executor") return;
  const use = readBuild(words, state.shell.folder);
  if (use !== undefined) run.builds.push({ script: run.index, use });
}

const COMMANDS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ...FILE_COMMANDS,
  ["cd", changeFolder],
  ["pushd", changeFolder],
  ["set", setOptions],
  ["trap", setTrap],
  ["exit", leaveShell],
  ["return", leaveFunction],
  ["true", (_call, state) => succeeds(state)],
  [":", (_call, state) => succeeds(state)],
  ["false", (_call, state) => ({ success: undefined, failure: state, output: SILENCE })],
  ["export", declare],
  ["local", declare],
  ["declare", declare],
  ["readonly", declare],
  ["typeset", declare],
  ["unset", unset],
  ["read", readVariable],
  ["mapfile", readVariable],
  ["readarray", readVariable],
  ["echo", echo],
  ["printf", printFormatted],
  ["pwd", (call, state) => outputs(state, { text: state.shell.folder, known: false, start: call.command.span.start })],
  ["mktemp", (call, state) => outputs(state, { text: symbol(call.run), known: false })],
  ["eval", evaluate],
  ["source", sourceFile],
  [".", sourceFile],
  ["git", cloneRepository],
  ["xargs", runArguments],
  ["find", runFound],
  ["parallel", runArguments],
  ["at", runLater],
  ["batch", runLater],
  ["ssh", runRemotely],
  ["docker", runContainer],
  ["podman", runContainer],
  ["kubectl", runContainer],
  ["su", runAsUser],
  ["dpkg", installPackage],
  ["rpm", installPackage],
  ["apt", installPackage],
  ["apt-get", installPackage],
  ["yum", installPackage],
  ["dnf", installPackage],
  ["apk", installPackage],
  ["installer", installPackage],
  ["msiexec", installPackage],
  ["pip", installPackage],
  ["pip3", installPackage],
  ["npm", installPackage],
  ["gem", installPackage],
  ["make", buildWith],
  ["gmake", buildWith],
]);

function callFunction(call: Call, body: Block, state: State): Outcome {
  let inner = state;
  for (const [index, word] of call.words.entries()) if (index > 0) inner = withVariable(inner, `${index}`, word);
  const returns = freshExits();
  const outcome = call.run.engine.runBlock(call, body, inner, { ...call.io, depth: call.io.depth + 4, returns });
  return {
    ...outcome,
    success: join(outcome.success, returns.success),
    failure: join(outcome.failure, returns.failure),
  };
}

function changeFolder({ words, run }: Call, state: State): Outcome {
  const target = words.slice(1).find(({ text }) => !/^-[LPe@]+$/.test(text) && text !== "--");
  const folder =
    target === undefined || target.text === "-" ? symbol(run) : resolvePath(state.shell.folder, target.text);
  return { success: withFolder(state, folder), failure: state, output: SILENCE };
}

function setOptions({ words }: Call, state: State): Outcome {
  const options: { errexit?: boolean; pipefail?: boolean } = {};
  for (const [index, { text }] of words.entries()) {
    if (index === 0 || !/^[-+]\w/.test(text)) continue;
    const on = text.startsWith("-");
    if (text.includes("e")) options.errexit = on;
    if (!text.includes("o")) continue;
    if (words[index + 1]?.text === "errexit") options.errexit = on;
    if (words[index + 1]?.text === "pipefail") options.pipefail = on;
  }
  return succeeds(withOptions(state, options));
}

/** A trap on ERR that exits does what errexit does. */
function setTrap({ words }: Call, state: State): Outcome {
  const exits = words.slice(2).some(({ text }) => text === "ERR") && /\bexit\b/.test(words[1]?.text ?? "");
  return succeeds(exits ? withOptions(state, { errexit: true }) : state);
}

function declare(call: Call, state: State): Outcome {
  const { words } = call;
  const exports = /^(?:export|declare|typeset)$/.test(words[0]?.text ?? "");
  const after = words.slice(1).reduce((before, word) => {
    const equals = word.text.indexOf("=");
    const set =
      equals <= 0
        ? before
        : withVariable(before, word.text.slice(0, equals), { ...word, text: word.text.slice(equals + 1) });
    const name = equals < 0 ? word.text : word.text.slice(0, equals);
    const value = exports ? set.shell.variables.get(name) : undefined;
    if (value !== undefined) noteLoaded(call, set, name, value);
    return /^PATH=/.test(word.text) ? extendPath(set, word.text.slice(5)) : set;
  }, state);
  return succeeds(after);
}

/** A folder of downloaded files that is put in front of PATH makes its programs commands. */
function extendPath(state: State, path: string): State {
  return path.split(":").reduce((before, folder) => {
    return withProgramFolder(before, resolvePath(before.shell.folder, folder));
  }, state);
}

function unset({ words }: Call, state: State): Outcome {
  const names = words.slice(1).filter(({ text }) => !text.startsWith("-"));
  return succeeds(names.reduce((before, { text, span }) => withVariable(before, text, textValue("", span)), state));
}

function readVariable({ words, io }: Call, state: State): Outcome {
  const names = words.slice(1).filter(({ text }) => /^[A-Za-z_]\w*$/.test(text));
  const { origins, digests } = io.stdin;
  const after = names.reduce((before, { text, span }) => {
    return withVariable(before, text, {
      text: `$${text}`,
      known: false,
      origins,
      digests,
      whole: origins.length > 0,
      span,
    });
  }, state);
  return done(after);
}

function echo(call: Call, state: State): Outcome {
  return printed(
    call,
    state,
    call.words.slice(1).filter(({ text }) => !/^-[neE]+$/.test(text)),
  );
}

/** `printf '%s  %s\n' A B` is filled in; other formats only tell where their values come from. */
function printFormatted(call: Call, state: State): Outcome {
  const [format, ...values] = call.words.slice(1).filter(({ text }) => text !== "--");
  if (format === undefined) return succeeds(state);
  let next = 0;
  const text = format.text
    .replace(/\\n/g, "\n")
    .replace(/%[sb]/g, () => values[next++]?.text ?? "")
    .replace(/\n$/, "");
  const joined = concatValues([format, ...values], call.command.span);
  const filled = { ...joined, ...bounded(text, joined.known) };
  const whole = values.length > 0 && /^(?:%[sb])?(?:\\n)?$/.test(format.text) && values.every((value) => value.whole);
  const { origins, digests, known } = filled;
  return succeeds(state, { origins: whole ? origins : [], digests, whole, text: filled.text, known, start: undefined });
}

/** `eval` joins its arguments and runs them in this shell. */
function evaluate(call: Call, state: State): Outcome {
  const code = call.words.slice(1);
  const { whole, origins } = concatValues(code, call.command.span);
  if (whole) report(call, state, origins, "direct", "eval");
  const program = code.length === 1 ? nestedProgram(call, code[0]) : undefined;
  return program === undefined
    ? done(state)
    : call.run.engine.runBlock(call, program, state, { ...call.io, depth: call.io.depth + 1 });
}

function sourceFile(call: Call, state: State): Outcome {
  const file = call.words[1];
  if (file === undefined) return done(state);
  if (/^(?:\/dev\/stdin|\/proc\/self\/fd\/0|-)$/.test(file.text))
    report(call, state, call.io.stdin.origins, "direct", "source");
  else if (!runFile(call, file, state, "source")) return call.run.engine.runLocal(call, state) ?? done(state);
  return done(state);
}

/** `git clone` brings a repository; what it holds is code of somebody else unless a commit id fixes it. */
function cloneRepository(call: Call, state: State): Outcome | undefined {
  const args = call.words
    .slice(1)
    .filter(({ text }, index, all) => !/^-[cC]$/.test(text) && !/^-[cC]$/.test(all[index - 1]?.text ?? ""));
  if (args[0]?.text !== "clone") return undefined;
  const operands = args
    .slice(1)
    .filter(
      ({ text }, index, all) =>
        !text.startsWith("-") &&
        !/^(?:-b|--branch|--depth|-o|--origin|--reference|-j|--jobs|--filter|-c|--config|--shallow-since)$/.test(
          all[index - 1]?.text ?? "",
        ),
    );
  const [url, target] = operands;
  if (url === undefined || !/:\/\/|^[\w.-]+@[\w.-]+:/.test(url.text) || isLocal(url.text)) return done(state);
  const name = url.text
    .replace(/\/+$/, "")
    .replace(/\.git$/, "")
    .replace(/^.*[/:]/, "");
  const download = downloadBy(call, { tool: "git", hidden: false, url: url.text, known: url.known });
  const folder = resolvePath(state.shell.folder, target?.text ?? name);
  const cloned = withFile(withVerdict(state, [download], false), folder, {
    origins: [download],
    digests: [],
    folder: true,
    text: undefined,
  });
  return { success: cloned, failure: state, output: SILENCE };
}

/** `xargs CMD`: what it reads becomes arguments. */
function runArguments(call: Call, state: State): Outcome {
  const rest = call.words.slice(1);
  const start = rest.findIndex(
    ({ text }, index) =>
      !text.startsWith("-") &&
      !/^-[IEdLnPs]$|^--(?:max-args|max-procs|delimiter|replace)$/.test(rest[index - 1]?.text ?? ""),
  );
  if (start < 0) return outputs(state, call.io.stdin);
  const { origins, digests, text, known } = call.io.stdin;
  const added: Value = {
    text: text ?? symbol(call.run),
    known,
    origins,
    digests,
    whole: origins.length > 0,
    span: call.command.span,
  };
  const token = placeholderOf(rest.slice(0, start));
  const inner = rest.slice(start);
  const filled = inner.map((word) => (word.text === token ? { ...added, span: word.span } : word));
  return runInner(call, token === undefined ? [...inner, added] : filled, state);
}

/** The word that xargs puts in the place of: that of `-I{}`, `-I {}`, `-i`, `--replace`. */
function placeholderOf(options: readonly Value[]): string | undefined {
  for (const [index, { text }] of options.entries()) {
    if (/^(?:-I|--replace=)./.test(text)) return text.replace(/^(?:-I|--replace=)/, "");
    if (text === "-I") return options[index + 1]?.text;
    if (/^(?:-i|--replace)$/.test(text)) return "{}";
  }
  return undefined;
}

function runFound(call: Call, state: State): Outcome {
  const start = call.words.findIndex(({ text }) => /^-(?:exec|execdir|ok)$/.test(text));
  if (start < 0) return done(state);
  const end = call.words.findIndex(({ text }, index) => index > start && (text === ";" || text === "+"));
  return runInner(call, call.words.slice(start + 1, end < 0 ? undefined : end), state);
}

/** Another machine runs the rest of the line, or what it reads. */
function runRemotely(call: Call, state: State): Outcome {
  const rest = call.words.slice(1);
  const host = rest.findIndex(
    ({ text }, index) => !text.startsWith("-") && !/^-[bcDeFIiJLlmOopQRSWw]$/.test(rest[index - 1]?.text ?? ""),
  );
  const inner = host < 0 ? [] : rest.slice(host + 1);
  if (inner.length > 0) return runText(elsewhere(call), inner, state);
  report(call, state, call.io.stdin.origins, "direct", "ssh");
  return done(state);
}

const CONTAINER_VALUED =
  /^(?:-[uvewphlcam]|--(?:env|user|volume|workdir|name|network|entrypoint|mount|publish|label|platform|env-file|hostname|add-host|memory|cpus|gpus|ipc|cap-add|device|namespace|container|detach-keys|restart|security-opt|ulimit|shm-size|tmpfs|link|log-driver|pull))$/;

/** `docker exec CONTAINER CMD`, `docker run IMAGE CMD`, `kubectl exec POD -- CMD`. */
function runContainer(call: Call, state: State): Outcome | undefined {
  const args = call.words.slice(1).filter(({ text }) => text !== "container" && text !== "compose");
  if (!/^(?:exec|run)$/.test(args[0]?.text ?? "")) return undefined;
  const rest = args.slice(1);
  const target = rest.findIndex(
    ({ text }, index) => !text.startsWith("-") && !CONTAINER_VALUED.test(rest[index - 1]?.text ?? ""),
  );
  const behind = target < 0 ? [] : rest.slice(target + 1);
  const dashes = programName(call.words[0]) === "kubectl" ? behind.findIndex(({ text }) => text === "--") : -1;
  const inner = behind.slice(dashes + 1);
  return inner.length === 0 ? done(state) : runInner(elsewhere(call), inner, state);
}

/** On another machine and in a container the environment is another one. */
function elsewhere(call: Call): Call {
  return { ...call, io: { ...call.io, output: KEPT } };
}

/** `at now`: a shell runs later what it reads. */
function runLater(call: Call, state: State): Outcome {
  const file = optionValue(call.words.slice(1), /^-f$/);
  if (file !== undefined) runFile(call, file, state, "at");
  else report(call, state, call.io.stdin.origins, "direct", "at");
  return done(state);
}

/** `su -c TEXT`. */
function runAsUser(call: Call, state: State): Outcome {
  const at = call.words.findIndex(({ text }) => /^(?:-\w*c|--command)$/.test(text));
  if (at < 0) {
    report(call, state, call.io.stdin.origins, "direct", "su");
    return done(state);
  }
  return runText(call, call.words.slice(at + 1, at + 2), state);
}

/** The command line behind a program that runs it. */
function runInner(call: Call, words: readonly Value[], state: State): Outcome {
  const outcome = perform({ ...call, words: unwrap(words).words, io: { ...call.io, depth: call.io.depth + 1 } }, state);
  return leaveSubshell(state, outcome, freshExits());
}

/** Words that another shell reads as text: one word is a script of its own, several are a command line. */
function runText(call: Call, words: readonly Value[], state: State): Outcome {
  const [only] = words;
  if (words.length > 1 || only === undefined) return runInner(call, words, state);
  if (only.whole) report(call, state, only.origins, "direct", programName(call.words[0]));
  return runNested(call, nestedProgram(call, only), state, call.io.stdin);
}

/** Installers run the scripts inside of a package, and put its programs where they are found. */
function installPackage(call: Call, state: State): Outcome | undefined {
  const args = call.words.slice(1);
  const files = args.filter(({ text }) => /[/.]/.test(text) && !/^-/.test(text));
  const origins = files.flatMap((file) => pathsOf(file, state).flatMap((path) => fileAt(state, path)?.origins ?? []));
  if (origins.length === 0) return call.run.engine.runLocal(call, state);
  report(call, state, origins, "file", programName(call.words[0]));
  return done(state);
}

/** `make` in a downloaded folder, or with a downloaded file. */
function buildWith(call: Call, state: State): Outcome {
  const args = call.words.slice(1);
  const file = optionValue(args, /^-f$|^--file$|^--makefile$/);
  if (file?.text === "-") report(call, state, call.io.stdin.origins, "direct", "make");
  else if (file !== undefined) runFile(call, file, state, "make");
  const folder = resolvePath(state.shell.folder, optionValue(args, /^-C$|^--directory$/)?.text ?? ".");
  report(call, state, folderOrigins(state, folder), "file", "make");
  return call.run.engine.runLocal(call, state) ?? done(state);
}

/** What a folder below the start of the job holds, where it was downloaded as a whole. */
function folderOrigins(state: State, folder: string): readonly Download[] {
  const named = ["GNUmakefile", "makefile", "Makefile"].flatMap(
    (name) => state.world.files.get(resolvePath(folder, name))?.origins ?? [],
  );
  if (named.length > 0 || folder === ".") return named;
  const file = fileAt(state, `${folder}/Makefile`);
  return file?.folder ? file.origins : [];
}

/** A command that fetches: its content goes to standard output or into a file. */
function fetches(call: Call, state: State): Outcome | undefined {
  const fetch = readFetch(call.words);
  return fetch && fetched(call, fetch, state);
}

/** A command that runs code given by standard input, by an argument or by a file. */
function interprets(call: Call, state: State): Outcome | undefined {
  const { words, io } = call;
  const name = programName(words[0]);
  const code = readInterpreter(words);
  switch (code?.from) {
    case undefined:
      return undefined;
    case "stdin":
      report(call, state, io.stdin.origins, "direct", name);
      return isShell(name) ? runNested(call, stdinProgram(call), state, SILENCE) : done(state);
    case "file":
      if (/^https?:\/\//i.test(code.word.text)) return runAddress(call, code.word, state, name);
      return runFile(call, code.word, state, name)
        ? done(state)
        : (call.run.engine.runLocal(call, state) ?? done(state));
    case "text":
      if (/^(?:pwsh|powershell)$/.test(name)) return runPowerShell(call, code.word, state);
      if (code.language === "other") {
        const scripted = runOneLiner(call, state);
        if (scripted !== undefined) return scripted;
      }
      if (code.word.whole) report(call, state, code.word.origins, "direct", name);
      return code.language === "shell" ? runNested(call, nestedProgram(call, code.word), state, io.stdin) : done(state);
    case "nothing":
      return done(state);
  }
}

/** `pwsh -Command TEXT` in another shell. */
function runPowerShell(call: Call, word: Value, state: State): Outcome {
  if (word.whole) report(call, state, word.origins, "direct", programName(call.words[0]));
  const written = call.command.words.find(({ span }) => span.start === word.span.start && span.end === word.span.end);
  const program = written && parsePowerShellWord(call.run.script.text, written);
  if (program === undefined) return done(state);
  const exits = freshExits();
  const io: Io = {
    stdin: call.io.stdin,
    tolerant: false,
    depth: call.io.depth + 1,
    exits,
    language: "powershell",
    ...outputOf(call.io),
  };
  return leaveSubshell(
    state,
    call.run.engine.runBlock(call, program, withOptions(state, { errexit: false }), io),
    exits,
  );
}

/** `deno run https://…`: the interpreter fetches its program itself. */
function runAddress(call: Call, url: Value, state: State, runner: string): Outcome {
  if (isLocal(url.text) || isImmutable(url.text)) return done(state);
  const download = downloadBy(call, { tool: runner, url: url.text, known: url.known, hidden: false });
  const after = withVerdict(state, [download], false);
  report(call, after, [download], "direct", runner);
  return done(after);
}

/** Code in the text of an argument that fetches by itself. */
function runOneLiner(call: Call, state: State): Outcome | undefined {
  const { command, words } = call;
  const found = readOneLiner(words);
  if (found === undefined) return undefined;
  const tool = programName(words[0]);
  const made = found.urls
    .filter((url) => !isLocal(url) && !isImmutable(url))
    .map((url) => downloadBy(call, { tool, url, known: true, hidden: false }));
  const after = withVerdict(state, made, false);
  if (found.executes) report(call, after, made, "direct", tool);
  const stored = found.file === undefined ? after : storeAt(after, found.file, made);
  return outputs(stored, { origins: found.prints ? made : [], start: command.span.start });
}

/** A here-document or here-string that a shell reads as its program. */
function stdinProgram({ command, run }: Call): Block | undefined {
  const here = command.redirects.findLast(({ operator }) => operator === "<<" || operator === "<<<");
  return here?.target === undefined ? undefined : parseBashWord(run.script.text, here.target, run.script.holes);
}

/** The program in the text of an argument: only what stands in this script can be read, not what a variable brings. */
function nestedProgram({ command, run }: Call, word: Value | undefined): Block | undefined {
  const written = command.words.find(
    ({ span }) => word !== undefined && span.start === word.span.start && span.end === word.span.end,
  );
  return written && parseBashWord(run.script.text, written, run.script.holes);
}

/** A program named by its path, or by a name under which a download was put where commands are found. */
function executes(call: Call, state: State): Outcome | undefined {
  const program = call.words[0];
  if (program === undefined) return undefined;
  if (/[/\\]/.test(program.text)) {
    const origins = pathsOf(program, state).flatMap((path) => programOrigins(call, state, path));
    if (origins.length === 0) return call.run.engine.runLocal(call, state);
    report(call, state, origins, "file", program.text);
    return done(state);
  }
  const origins = program.known ? commandOrigins(state, program.text) : [];
  if (origins.length === 0)
    return RUNS_PROJECT.test(programName(program)) ? call.run.engine.runLocal(call, state) : undefined;
  report(call, state, origins, "file", program.text);
  return done(state);
}

/** Commands that run scripts which the project's own files name. */
const RUNS_PROJECT = /^(?:yarn|yarnpkg|pnpm|bun|corepack|mingw32-make)$/;

/** Any other command: what it reads may be what it writes. */
function passes({ words, io }: Call, state: State): Outcome {
  return outputs(state, passed(programName(words[0]), io.stdin));
}

function passed(name: string, stdin: Stream): Stream {
  const cut = EXTRACTORS.has(name);
  // What is picked out of downloaded data is data: nobody calls a version number a script.
  return {
    ...stdin,
    whole: stdin.whole && !cut,
    text: cut ? undefined : stdin.text,
    known: stdin.known && !TRANSFORMERS.has(name),
  };
}

/** Commands that cut a piece out of what they read. */
const EXTRACTORS = new Set(
  "jq yq grep egrep fgrep rg cut awk gawk mawk head tail wc sort uniq tr sed xmllint gron".split(" "),
);
/** Commands that write something else than they read. */
const TRANSFORMERS = new Set("sed tr awk base64 xxd envsubst gunzip gzip zcat xz bzip2 zstd openssl".split(" "));
