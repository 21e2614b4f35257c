import type { Span } from "../text.ts";
import { report } from "./actions.ts";
import type {
  Block,
  Case,
  Chain,
  Command,
  Condition,
  If,
  Loop,
  Node,
  Part,
  Pipe,
  Redirect,
  Statement,
  Word,
} from "./command.ts";
import { staticText } from "./command.ts";
import { captureOf, destinationOf, KEPT, LOG, redirectedTo } from "./environment-dumps.ts";
import { type LocalPart, type LocalProgram, readLocalCall, readLocalProgram } from "./local-program.ts";
import { noteLoaded, perform, performIdle } from "./programs.ts";
import { readScript } from "./read-script.ts";
import {
  type Download,
  EMPTY_WORLD,
  fileAt,
  join,
  joinProvenance,
  NOWHERE,
  resolvePath,
  type ShellState,
  type State,
  store,
  treeOf,
  union,
  type Value,
  type WorldState,
  withExport,
  withFile,
  withFunction,
  withProgramFolder,
  withVariable,
} from "./state.ts";
import { Table } from "./table.ts";
import {
  type Call,
  concat,
  concatValues,
  done,
  type Engine,
  type Execution,
  either,
  ended,
  type FlowScript,
  failed,
  freshExits,
  type Io,
  type LocalScript,
  leaveSubshell,
  type Outcome,
  outputOf,
  type Pull,
  type Run,
  SILENCE,
  type Stream,
  symbol,
  type Trace,
  textValue,
} from "./trace.ts";
import { comparison, subjectMatches } from "./verification.ts";
import { windowsPath } from "./windows-commands.ts";
import { unwrap } from "./wrappers.ts";

export type { Download } from "./state.ts";
export type {
  Check,
  Destination,
  DigestCheck,
  EnvironmentDump,
  Execution,
  Flaw,
  FlowScript,
  LocalScript,
  Settled,
  Trace,
} from "./trace.ts";

/**
 * Follows downloaded content through the scripts of one job and tells where it runs unverified. Abstract interpretation: every command is
 * read with what may be known before it, both its success and its failure are followed, and files outlive the processes that write them.
 * A check counts where every way from it to the run goes through its success. Never throws; bounded, so that hostile scripts cost no more
 * than honest ones.
 *
 * @param read text of a file of the repository, by its path from the root
 * @param apart true where each process is a container of its own that shares nothing but the work tree with those before it
 */
export function traceJob(
  scripts: readonly FlowScript[],
  read: (path: string) => string | undefined = () => undefined,
  apart = false,
): Trace {
  const executions: Execution[] = [];
  const prepared: Execution[] = [];
  const verified = new Set<Download>();
  const checks: Run["checks"] = [];
  const pulls: Pull[] = [];
  const builds: Run["builds"] = [];
  const digests: Run["digests"] = [];
  const settled: Run["settled"] = [];
  const dumps: Run["dumps"] = [];
  const built = new Set<string>();
  const project = { installed: false };
  const locals: LocalScript[] = [];
  const count = { scripts: scripts.length };
  const programs: Run["programs"] = new Map();
  const budget = { nodes: MAX_NODES, symbols: 0, downloads: 0 };
  const environments: Environments = new Map();
  let healthy: State | undefined;
  let broken: State | undefined;
  let left: State | undefined;
  for (const [index, script] of scripts.entries()) {
    const before: State | undefined = (script.always ? join(healthy, broken) : healthy) ?? broken;
    const same = index > 0 && scripts[index - 1]?.unit === script.unit;
    const found = before?.world ?? EMPTY_WORLD;
    const world = apart && !same ? treeOf(found) : found;
    const state: State =
      before === undefined || !same
        ? { shell: freshShell(script, world, environments), world }
        : { ...before, shell: continued(script, scripts[index - 1], before.shell) };
    const exits = freshExits();
    const run: Run = {
      script,
      index,
      executions,
      prepared,
      verified,
      checks,
      pulls,
      builds,
      digests,
      settled,
      dumps,
      built,
      project,
      budget,
      locals,
      count,
      programs,
      engine: ENGINE,
      open: [],
      read,
    };
    const outcome = runBlock(
      script.program,
      state,
      { stdin: SILENCE, tolerant: false, unheard: true, depth: 0, exits, language: dialectOf(script.shell.language) },
      run,
    );
    const failure = join(failed(outcome), exits.failure);
    // What ends a process early goes on behind the last script of the process.
    left = join(left, join(exits.success, script.tolerated ? failure : undefined));
    broken = join(broken, failure);
    if (scripts[index + 1]?.unit === script.unit) {
      healthy = afterPart(script, outcome, state);
      continue;
    }
    healthy = join(outcome.success, left);
    left = undefined;
  }
  return {
    locals,
    executions: unique([...executions, ...unseen(prepared, executions, verified)]),
    builds,
    built,
    pulls: pulls.filter(({ use }) => use.kind !== "image" || !built.has(use.name)),
    digests,
    settled,
    dumps,
  };
}

/** What became a program, was verified nowhere, and was not seen to run. */
function unseen(
  prepared: readonly Execution[],
  executions: readonly Execution[],
  verified: ReadonlySet<Download>,
): readonly Execution[] {
  const seen = new Set(executions.flatMap(({ downloads }) => downloads));
  return prepared.filter(({ downloads }) =>
    downloads.every((download) => !seen.has(download) && !verified.has(download)),
  );
}

/** With what the next script of the same process begins: none behind an exit, and none where a failure ends the process. */
function afterPart(script: FlowScript, outcome: Outcome, before: State): State | undefined {
  if (script.checked === true) return outcome.success;
  const { errexit } = (ended(outcome) ?? before).shell;
  return errexit ? join(outcome.success, outcome.spared) : ended(outcome);
}

/** A process keeps its options, except where the system runs its next script with others. */
function continued(script: FlowScript, previous: FlowScript | undefined, shell: State["shell"]): State["shell"] {
  const options = optionsOf(script);
  const [from, to] = [dialectOf(previous?.shell.language ?? "sh"), dialectOf(script.shell.language)];
  if (from !== to) return { ...translated(shell, from, to), ...options };
  const before = previous === undefined ? undefined : optionsOf(previous);
  const same = before?.errexit === options.errexit && before.pipefail === options.pipefail;
  return same ? shell : { ...shell, ...options };
}

/** What another kind of shell sees of a shell's state: the variables, by the names that it gives to those of the environment. */
function translated(shell: ShellState, from: Dialect, to: Dialect): ShellState {
  if (from === to) return shell;
  let variables = Table.empty<Value>();
  for (const [name, value] of shell.variables.entries()) {
    if (from === "powershell" && !name.startsWith("env:")) continue;
    const bare = from === "powershell" ? name.slice(4) : name;
    // Names of the environment have lost their case in PowerShell and cmd; other shells' scripts write them in capitals.
    const there = to === "shell" ? bare.toUpperCase() : environmentName(to, bare);
    variables = variables.with(there, value);
  }
  return { ...shell, variables, functions: NO_FUNCTIONS };
}

/** PowerShell keeps the environment in a drive of its own, and neither it nor cmd minds the case of names. */
function environmentName(dialect: Dialect, name: string): string {
  return dialect === "shell" ? name : dialect === "cmd" ? name.toLowerCase() : `env:${name.toLowerCase()}`;
}

/** A failing program does not end a script of PowerShell or cmd; what ends them says so itself. */
function optionsOf({ shell }: FlowScript): { readonly errexit: boolean; readonly pipefail: boolean } {
  const { errexit = false, pipefail = false } = dialectOf(shell.language) === "shell" ? shell : {};
  return { errexit, pipefail };
}

const MAX_NODES = 60_000;
const MAX_DEPTH = 24;

type Dialect = NonNullable<Io["language"]>;

function dialectOf(language: FlowScript["shell"]["language"]): Dialect {
  return language === "powershell" || language === "cmd" ? language : "shell";
}

const NOTHING: Value = textValue("", { start: 0, end: 0 });

/** What the variables of an environment say, for scripts that share it. */
type Environments = Map<FlowScript["environment"], Table<Value>>;

function freshShell(script: FlowScript, { exports }: WorldState, environments: Environments): State["shell"] {
  const dialect = dialectOf(script.shell.language);
  const environment = environments.get(script.environment) ?? environmentValues(script.environment);
  environments.set(script.environment, environment);
  const { errexit, pipefail } = optionsOf(script);
  const folder = resolvePath(".", windowsPath(script.folder));
  if (dialect === "shell" && exports.size === 0)
    return { variables: environment, functions: NO_FUNCTIONS, folder, errexit, pipefail };
  let variables = Table.empty<Value>();
  for (const [name, value] of [...exports.entries(), ...environment.entries()])
    variables = variables.with(environmentName(dialect, name), value);
  return { variables, functions: NO_FUNCTIONS, folder, errexit, pipefail };
}

const NO_FUNCTIONS: State["shell"]["functions"] = Table.empty();

function environmentValues(environment: FlowScript["environment"]): Table<Value> {
  return Table.of(
    [...environment].map(([name, text]) => [name, { ...NOTHING, text, known: !/\$\{\{|\$\[\[|<<|\$\(/.test(text) }]),
  );
}

function runBlock(block: Block, state: State, io: Io, run: Run): Outcome {
  let before = state;
  let outcome: Outcome = { success: state, failure: undefined, output: SILENCE };
  let output = SILENCE;
  const status = { last: io.status?.last };
  const inner: Io = block.statements.length > 1 ? { ...io, status } : io;
  for (const statement of block.statements) {
    outcome = runStatement(statement, before, inner, run);
    if (io.unheard !== true) output = concat(output, outcome.output);
    const next = afterStatement(statement, outcome, before, io);
    if (next === undefined) return { success: undefined, failure: undefined, output };
    status.last = outcome;
    before = next;
  }
  if (outcome.failure !== undefined && before.shell.errexit && !io.tolerant)
    return { ...outcome, failure: undefined, output };
  return { ...outcome, output };
}

function runStatement(statement: Statement, state: State, io: Io, run: Run): Outcome {
  const outcome = runNode(statement.node, state, io, run);
  if (!statement.background) return outcome;
  return {
    success: { shell: state.shell, world: (ended(outcome) ?? state).world },
    failure: undefined,
    output: outcome.output,
  };
}

/** With errexit a failure ends the shell, except behind `!` and where somebody looks at the status. */
function afterStatement({ node }: Statement, outcome: Outcome, before: State, io: Io): State | undefined {
  const exempt = io.tolerant || (node.kind === "pipe" && node.negated);
  const errexit = (outcome.success ?? outcome.failure ?? before).shell.errexit;
  if (!errexit || exempt) return ended(outcome);
  io.exits.failure = join(io.exits.failure, outcome.failure);
  return join(outcome.success, outcome.spared);
}

function runNode(node: Node, state: State, around: Io, run: Run): Outcome {
  if (run.budget.nodes-- <= 0 || around.depth > MAX_DEPTH) return done(state);
  // What goes into a file is heard.
  const written = around.unheard === true && "redirects" in node && node.redirects.length > 0;
  const io: Io = written ? { ...around, unheard: false } : around;
  switch (node.kind) {
    case "command":
      return runCommand(node, state, io, run);
    case "pipe":
      return runPipe(node, state, io, run);
    case "chain":
      return runChain(node, state, io, run);
    case "group": {
      const inner = withRedirects(node.redirects, state, io, run);
      if (!node.subshell) return writeTo(node.redirects, runBlock(node.body, state, inner, run), run);
      const exits = freshExits();
      return writeTo(
        node.redirects,
        leaveSubshell(state, runBlock(node.body, state, { ...inner, exits }, run), exits),
        run,
      );
    }
    case "if":
      return writeTo(node.redirects, runIf(node, state, withRedirects(node.redirects, state, io, run), run), run);
    case "loop":
      return writeTo(node.redirects, runLoop(node, state, withRedirects(node.redirects, state, io, run), run), run);
    case "case":
      return writeTo(node.redirects, runCase(node, state, withRedirects(node.redirects, state, io, run), run), run);
    case "function":
      return { success: withFunction(state, node.name, node.body), failure: undefined, output: SILENCE };
    case "test":
      return node.condition === undefined ? done(state) : runCondition(node.condition, state, io, run);
  }
}

function runPipe(pipe: Pipe, state: State, io: Io, run: Run): Outcome {
  const { pipefail } = state.shell;
  const [only] = pipe.stages;
  let stream = io.stdin;
  let world = state.world;
  let failure: State | undefined;
  let outcome: Outcome = done(state);
  if (pipe.stages.length === 1 && only !== undefined)
    outcome = runNode(only, state, pipe.negated ? tolerating(io) : io, run);
  else {
    for (const [index, stage] of pipe.stages.entries()) {
      const last = index === pipe.stages.length - 1;
      const exits = freshExits();
      const output = last ? io.output : destinationOf(pipe.stages.slice(index + 1), io.output ?? LOG);
      const tolerant = io.tolerant || pipe.negated;
      const unheard = last && io.unheard === true;
      const inner: Io = { ...io, stdin: stream, exits, tolerant, unheard, ...(output && { output }) };
      outcome = leaveSubshell(state, runNode(stage, { ...state, world }, inner, run), exits);
      stream = outcome.output;
      const tainted = stream.origins.length > 0 || stream.digests.length > 0;
      if (tainted && stream.start === undefined) stream = { ...stream, start: stage.span.start };
      if (!last && pipefail) failure = join(failure, outcome.failure);
      const next = pipefail && !last ? outcome.success : ended(outcome);
      if (next === undefined) break;
      world = next.world;
    }
    outcome = { success: outcome.success, failure: join(failure, outcome.failure), output: stream };
  }
  return pipe.negated ? { success: failed(outcome), failure: outcome.success, output: outcome.output } : outcome;
}

function runChain(chain: Chain, state: State, io: Io, run: Run): Outcome {
  const [first, ...rest] = chain.operands;
  if (first === undefined) return done(state);
  let outcome = runNode(first, state, tolerating(io), run);
  for (const [index, operand] of rest.entries()) {
    const and = chain.operators[index] === "&&";
    const from = and ? outcome.success : failed(outcome);
    if (from === undefined) continue;
    const last = index === rest.length - 1;
    const next = runNode(operand, from, last ? io : tolerating(io), run);
    outcome = {
      success: and ? next.success : join(outcome.success, next.success),
      failure: next.failure,
      spared: and ? join(next.spared, failed(outcome)) : next.spared,
      output: concat(outcome.output, next.output),
    };
  }
  return outcome;
}

function runIf(node: If, state: State, io: Io, run: Run): Outcome {
  let before: State | undefined = state;
  let result: Outcome = { success: undefined, failure: undefined, output: SILENCE };
  for (const { condition, body } of node.branches) {
    if (before === undefined) return result;
    const test = runBlock(condition, before, tolerating(io), run);
    result = { ...result, output: concat(result.output, test.output) };
    if (test.success !== undefined) result = either(result, runBlock(body, test.success, io, run));
    before = failed(test);
  }
  if (before === undefined) return result;
  const otherwise =
    node.otherwise === undefined
      ? { success: before, failure: undefined, output: SILENCE }
      : runBlock(node.otherwise, before, io, run);
  return either(result, otherwise);
}

/** A loop's body is read once with each value that the file tells, a few at most. */
function runLoop(loop: Loop, state: State, io: Io, run: Run): Outcome {
  let before = state;
  if (loop.condition !== undefined) {
    const test = runBlock(loop.condition, state, tolerating(io), run);
    const entered = loop.until ? failed(test) : test.success;
    before = entered ?? ended(test) ?? state;
  }
  const { values, state: expanded } = expandAll(loop.values ?? [], before, io, run);
  let after: State | undefined = loop.condition === undefined && values.length > 0 ? undefined : expanded;
  let from = expanded;
  let output = SILENCE;
  const rounds = Math.max(1, Math.floor(MAX_ROUNDS / (io.rounds ?? 1)));
  const inner: Io = { ...io, rounds: (io.rounds ?? 1) * Math.min(rounds, Math.max(1, values.length)) };
  for (const value of values.length === 0 ? [undefined] : values.slice(0, rounds)) {
    const piped = loop.variable === "_" && loop.values === undefined ? pipedItem(io.stdin, loop.span, run) : value;
    const start = loop.variable === undefined || piped === undefined ? from : withVariable(from, loop.variable, piped);
    const outcome = runBlock(loop.body, start, inner, run);
    output = concat(output, outcome.output);
    const end = ended(outcome);
    after = join(after, end);
    if (end === undefined) break;
    from = end;
  }
  return { success: after, failure: after, output };
}

/** What `ForEach-Object` hands to its block. */
function pipedItem({ origins, digests, text, known, whole }: Stream, span: Span, run: Run): Value {
  return {
    text: text ?? symbol(run),
    known: known && text !== undefined,
    origins,
    digests,
    whole: whole && origins.length > 0,
    span,
  };
}

const MAX_ROUNDS = 8;

/** An arm whose pattern holds a whole digest is entered only by the right content. */
function runCase(node: Case, state: State, io: Io, run: Run): Outcome {
  const { values, state: after } = expand(node.subject, state, io, run);
  const subject = values[0] ?? textValue("", node.subject.span);
  let result: Outcome | undefined;
  let open = true;
  for (const { patterns, body } of node.arms) {
    const verified = patterns.every((pattern) => subjectMatches(subject, expand(pattern, after, io, run).values[0]));
    const entered = verified ? subjectVerified(after, subject) : after;
    const outcome = runBlock(body, entered, io, run);
    result = result === undefined ? outcome : either(result, outcome);
    open &&= !patterns.some((pattern) => run.script.text.slice(pattern.span.start, pattern.span.end) === "*");
  }
  const none: Outcome = { success: after, failure: undefined, output: SILENCE };
  return result === undefined ? none : open ? either(result, none) : result;
}

function subjectVerified(state: State, subject: Value): State {
  return comparison(state, "=", subject, undefined, undefined).success ?? state;
}

function runCondition(condition: Condition, state: State, io: Io, run: Run): Outcome {
  switch (condition.kind) {
    case "not": {
      const { success, failure, output } = runCondition(condition.operand, state, io, run);
      return { success: failure, failure: success, output };
    }
    case "logical": {
      let outcome: Outcome =
        condition.operator === "&&"
          ? { success: state, failure: undefined, output: SILENCE }
          : { success: undefined, failure: state, output: SILENCE };
      for (const operand of condition.operands) {
        const and = condition.operator === "&&";
        const from = and ? outcome.success : outcome.failure;
        if (from === undefined) break;
        const next = runCondition(operand, from, io, run);
        outcome = and
          ? { success: next.success, failure: join(outcome.failure, next.failure), output: SILENCE }
          : { success: join(outcome.success, next.success), failure: next.failure, output: SILENCE };
      }
      return outcome;
    }
    case "unary":
      return done(expand(condition.operand, state, io, run).state);
    case "binary": {
      const left = expand(condition.left, state, io, run);
      const right = expand(condition.right, left.state, io, run);
      return comparison(right.state, condition.operator, left.values[0], right.values[0], {
        io,
        run,
        span: condition.left.span,
      });
    }
  }
}

/** The same where a failure does not end the shell. */
function tolerating(io: Io): Io {
  return io.tolerant ? io : { ...io, tolerant: true };
}

function runCommand(command: Command, state: State, io: Io, run: Run): Outcome {
  const idle = performIdle(command, state, io, run);
  if (idle !== undefined) return idle;
  const captured = captureOf(command, io.output ?? LOG);
  const around: Io = captured === (io.captured ?? KEPT) ? io : { ...io, captured };
  const { values: words, state: before } = expandAll(command.words, state, around, run);
  const inner = withRedirects(command.redirects, before, io, run);
  if (words.length === 0) return writeTo(command.redirects, assign(command, before, inner, run), run);
  const after = command.assignments.length === 0 ? before : afterPrefixes(command, before, io, run);
  const { words: bare, assignments } = unwrap(words);
  const call: Call = { command, words: bare, io: inner, run };
  noteEnvironment(call, after, assignments);
  return writeTo(command.redirects, perform(call, after), run);
}

/** Variables in front of a command line that make the program load code, such as LD_PRELOAD. */
function noteEnvironment(call: Call, state: State, assignments: readonly Value[]): void {
  const { command, io, run } = call;
  for (const { name, value } of command.assignments) {
    const [text] = value === undefined ? [] : expand(value, state, io, run).values;
    if (text !== undefined) noteLoaded(call, state, name, text);
  }
  for (const word of assignments) {
    const equals = word.text.indexOf("=");
    noteLoaded(call, state, word.text.slice(0, equals), { ...word, text: word.text.slice(equals + 1) });
  }
}

function afterPrefixes({ assignments }: Command, state: State, io: Io, run: Run): State {
  const prefixes = assignments.flatMap(({ value, elements }) => (value === undefined ? elements : [value]));
  return expandAll(prefixes, state, io, run).state;
}

const ENGINE: Engine = {
  runBlock: ({ run }, block, state, io) => runBlock(block, state, io, run),
  perform: (call, words, state) => {
    return perform({ ...call, words: unwrap(words).words, io: { ...call.io, depth: call.io.depth + 1 } }, state);
  },
  runLocal,
};

/** Follows a command line into a file of the repository that it runs. */
function runLocal(caller: Call, state: State): Outcome | undefined {
  const { words, io, run } = caller;
  const call = io.depth > MAX_DEPTH ? undefined : readLocalCall(words, state.shell.folder);
  if (call === undefined) return undefined;
  if (call.how === "npm-script") {
    // The scripts of a downloaded package.json are code of whoever wrote that.
    const path = resolvePath(call.folder, "package.json");
    const fed = state.world.files.get(path)?.origins ?? [];
    if (fed.length > 0) {
      report(caller, state, fed, "file", caller.words[0]?.text ?? "npm");
      return done(state);
    }
  }
  const key = JSON.stringify({ ...call, overrides: undefined });
  if (run.open.includes(key)) return undefined;
  const programs = run.programs.get(key) ?? readLocalProgram(call, run.read);
  run.programs.set(key, programs);
  const inner: Run = { ...run, open: [...run.open, key] };
  const sourced = call.how === "file" && call.sourced;
  let outcome: Outcome | undefined;
  for (const program of programs) {
    for (const part of program.parts) {
      // What runs in parts, such as a makefile's recipe, ends with the first part that fails.
      const from = outcome === undefined ? state : outcome.success;
      if (from === undefined) return outcome;
      const next = runPart(program, part, sourced, from, io, inner);
      outcome = next === undefined ? outcome : { ...next, failure: join(outcome?.failure, next.failure) };
    }
  }
  return outcome;
}

function runPart(
  program: LocalProgram,
  part: LocalPart,
  sourced: boolean,
  state: State,
  io: Io,
  run: Run,
): Outcome | undefined {
  const { errexit, pipefail, variables } = program;
  const local = localScript(program, part, run);
  if (local === undefined) return undefined;
  const script: FlowScript = {
    ...run.script,
    text: part.text,
    holes: part.holes,
    program: local.program,
    shell: local.shell,
  };
  const inner: Run = { ...run, script, index: local.number };
  const [from, language] = [io.language ?? "shell", dialectOf(program.language)];
  // A batch file that another one names runs in the shell of that one.
  if (from === language && (sourced || language === "cmd")) return runSourced(local, state, io, inner);
  const exits = freshExits();
  const place = { start: 0, end: 0 };
  const before = [...variables].reduce((each, [name, text]) => withVariable(each, name, textValue(text, place)), state);
  const shell = {
    ...translated(before.shell, from, language),
    errexit,
    pipefail,
    folder: program.folder ?? state.shell.folder,
    functions: NO_FUNCTIONS,
  };
  const way: Io = { stdin: io.stdin, tolerant: false, depth: io.depth + 1, exits, language, ...outputOf(io) };
  const inside = runBlock(local.program, { ...before, shell }, way, inner);
  const outcome = leaveSubshell(state, inside, exits);
  return part.tolerated ? { ...outcome, success: ended(outcome), failure: undefined } : outcome;
}

/** A file whose commands the caller's own shell runs: `return` and `exit /b` leave the file alone. */
function runSourced({ program }: LocalScript, state: State, io: Io, run: Run): Outcome {
  const returns = freshExits();
  const outcome = runBlock(program, state, { ...io, depth: io.depth + 1, returns }, run);
  return {
    ...outcome,
    success: join(outcome.success, returns.success),
    failure: join(outcome.failure, returns.failure),
  };
}

/** The part under its number. One that runs several times is one script. */
function localScript(
  { path, notation, language, errexit, pipefail }: LocalProgram,
  part: LocalPart,
  run: Run,
): LocalScript | undefined {
  const caller = run.locals.find((each) => each.number === run.index)?.caller ?? run.index;
  const known = run.locals.find((each) => each.part === part && each.caller === caller);
  if (known !== undefined) return known;
  const { text, holes } = part;
  const program = readScript(language, text, holes);
  if (program === undefined) return undefined;
  const number = run.count.scripts++;
  const shell = { language, errexit, pipefail };
  const script: LocalScript = { number, path, text, holes, program, shell, caller, notation, part };
  run.locals.push(script);
  return script;
}

/** The status of a plain assignment is that of its last command substitution. */
function assign(command: Command, state: State, io: Io, run: Run): Outcome {
  let after = state;
  let status: Outcome | undefined;
  for (const { name, value, elements, append } of command.assignments) {
    const expanded = value === undefined ? expandAll(elements, after, io, run) : expand(value, after, io, run);
    const merged = concatValues(expanded.values, command.span);
    const old = append ? expanded.state.shell.variables.get(name) : undefined;
    const joined = old === undefined ? merged : concatValues([old, merged], command.span, "");
    const whole: Value = { ...joined, setAt: { script: run.index, span: command.span } };
    after = withVariable(expanded.state, name, whole);
    const set = (before: State | undefined): State | undefined => before && withVariable(before, name, whole);
    if (expanded.status !== undefined)
      status = { success: set(expanded.status.success), failure: set(failed(expanded.status)), output: SILENCE };
  }
  return status ?? { success: after, failure: undefined, output: SILENCE };
}

/** What redirections make the standard input and output of a node. */
function withRedirects(redirects: readonly Redirect[], state: State, io: Io, run: Run): Io {
  if (redirects.length === 0) return io;
  const output = redirectedTo(redirects, io.output);
  const inner = withStdin(redirects, state, io, run);
  return output === undefined ? inner : { ...inner, output };
}

/** What redirections make the standard input of a node. */
function withStdin(redirects: readonly Redirect[], state: State, io: Io, run: Run): Io {
  if (redirects.length === 0) return io;
  const last = redirects.findLast(
    ({ operator, descriptor }) => /^(?:<|<>|<<|<<<)$/.test(operator) && (descriptor ?? 0) === 0,
  );
  if (last?.target === undefined) return io;
  const value = expand(last.target, state, io, run).values[0] ?? textValue("", last.span);
  if (last.operator === "<<" || last.operator === "<<<") {
    const { digests, known } = value;
    return {
      ...io,
      stdin: {
        origins: value.whole ? value.origins : [],
        digests,
        whole: true,
        text: value.text,
        known,
        start: undefined,
      },
    };
  }
  const file = fileAt(state, resolvePath(state.shell.folder, value.text));
  const provenance = joinProvenance(value, file ?? NOWHERE);
  return {
    ...io,
    stdin: { ...provenance, whole: true, text: file?.text, known: file?.text !== undefined, start: undefined },
  };
}

/** Sends the output of a node into the file that its redirections name. */
function writeTo(redirects: readonly Redirect[], outcome: Outcome, run: Run): Outcome {
  if (redirects.length === 0) return outcome;
  const target = redirects.findLast(
    ({ operator, descriptor }) => /^(?:>|>>|>\||&>|&>>)$/.test(operator) && (descriptor ?? 1) === 1,
  )?.target;
  if (target === undefined) return outcome;
  const io: Io = { stdin: SILENCE, tolerant: true, depth: MAX_DEPTH, exits: freshExits() };
  const { origins, digests, text } = outcome.output;
  const [reader] = target.parts;
  if (reader?.kind === "process" && reader.direction === "out") {
    const from = ended(outcome);
    if (from !== undefined) substitute(reader.body, from, { ...io, depth: 1, stdin: outcome.output }, run);
    return { ...outcome, output: SILENCE };
  }
  const write = (state: State | undefined): State | undefined => {
    const path = state && expand(target, state, io, run).values[0]?.text;
    if (state === undefined || path === undefined || path === "/dev/null") return state;
    const { handover } = run.script;
    if (path === handover.path || path === handover.environment)
      return handOver(state, path === handover.path, outcome.output);
    if (path === handover.sourced) return handOverSettings(state, outcome.output);
    return store(state, resolvePath(state.shell.folder, path), { origins, digests, folder: false, text: noted(text) });
  };
  const success = write(outcome.success);
  return {
    success,
    failure: outcome.failure === outcome.success ? success : write(outcome.failure),
    spared: write(outcome.spared),
    output: SILENCE,
  };
}

/** Lines written to a file that the system reads after the step: folders of programs, or variables. */
function handOver(state: State, path: boolean, { text = "", known, origins, digests }: Stream): State {
  return text.split("\n").reduce((before, line) => {
    if (path) return withProgramFolder(before, resolvePath(before.shell.folder, line.trim()));
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return before;
    return withExport(before, name, { ...textValue(value, { start: 0, end: 0 }), known, origins, digests });
  }, state);
}

/** Lines that every shell of a later step reads as commands: those that set variables count. */
function handOverSettings(state: State, { text = "", known, origins, digests }: Stream): State {
  return text.split(/[\n;]/).reduce((before, line) => {
    const [, name, value] = /^\s*(?:export\s+)?([A-Za-z_]\w*)=["']?(.*?)["']?\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return before;
    if (name !== "PATH")
      return withExport(before, name, { ...textValue(value, { start: 0, end: 0 }), known, origins, digests });
    return value.split(":").reduce((each, folder) => withProgramFolder(each, resolvePath(".", folder)), before);
  }, state);
}

/** Only short texts are remembered: a list of digests, an address. */
function noted(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= 2000 ? text : undefined;
}

interface Expanded {
  readonly values: readonly Value[];
  readonly state: State;
  /** How the last command substitution ended, where the word is nothing else. */
  readonly status?: Outcome;
}

function expandAll(words: readonly Word[], state: State, io: Io, run: Run): Expanded {
  let after = state;
  const values: Value[] = [];
  for (const word of words) {
    const [only] = word.parts;
    if (word.parts.length === 1 && only?.kind === "text") {
      values.push(textValue(only.value, word.span));
      continue;
    }
    const expanded = expand(word, after, io, run);
    after = expanded.state;
    values.push(...expanded.values);
  }
  return { values, state: after };
}

/** The values that a word expands to. Programs inside it run on the way. */
function expand(word: Word, state: State, io: Io, run: Run): Expanded {
  const [only] = word.parts;
  if (word.parts.length === 1 && only?.kind === "text") return { values: [textValue(only.value, word.span)], state };
  if (only?.kind === "variable" && only.operator === "@") return { values: splat(only.name, word.span, state), state };
  let after = state;
  let status: Outcome | undefined;
  const pieces: Value[] = [];
  for (const part of word.parts) {
    const expanded = expandPart(part, after, io, run);
    after = expanded.state;
    status = expanded.status ?? status;
    pieces.push(expanded.value);
  }
  const rest = status === undefined ? {} : { status };
  const [piece] = pieces;
  if (
    word.parts.length === 1 &&
    (only?.kind === "variable" || only?.kind === "hole") &&
    !only.quoted &&
    piece?.known &&
    /\S\s+\S/.test(piece.text)
  ) {
    const split = piece.text.trim().split(/\s+/);
    const span = piece.setAt?.script === run.index ? piece.setAt.span : word.span;
    return { values: split.map((each) => ({ ...piece, text: each, span })), state: after, ...rest };
  }
  return { values: [concatValues(pieces, word.span, "")], state: after, ...rest };
}

interface ExpandedPart {
  readonly value: Value;
  readonly state: State;
  readonly status?: Outcome;
}

function expandPart(part: Part, state: State, io: Io, run: Run): ExpandedPart {
  switch (part.kind) {
    case "text":
    case "glob":
      return { value: textValue(part.value, part.span), state };
    case "hole": {
      const named = part.variable === undefined ? undefined : state.shell.variables.get(part.variable);
      return {
        value:
          named === undefined ? { ...textValue(part.text, part.span), known: false } : { ...named, span: part.span },
        state,
      };
    }
    case "variable":
      return expandVariable(part, state, io, run);
    case "substitution": {
      const outcome = substitute(part.body, state, io, run);
      const { output } = outcome;
      const tainted = output.origins.length > 0;
      const text = output.text !== undefined && !tainted ? output.text.trim() : symbol(run);
      const value: Value = {
        text,
        known: output.text !== undefined && output.known && !tainted,
        origins: output.origins,
        digests: output.digests,
        whole: output.whole && tainted,
        span: part.span,
      };
      return { value, state: ended(outcome) ?? state, status: outcome };
    }
    case "process": {
      const outcome = substitute(part.body, state, { ...io, stdin: SILENCE }, run);
      const { origins, digests, text, known } = part.direction === "in" ? outcome.output : SILENCE;
      const value: Value = { text: symbol(run), known: false, origins, digests, whole: true, span: part.span };
      // The list of a check is read through the file name of the substitution, so its text is kept under that name.
      const after = ended(outcome) ?? state;
      return {
        value,
        state:
          text === undefined || !known
            ? after
            : withFile(after, value.text, { origins, digests, folder: false, text: noted(text) }),
      };
    }
    case "unknown": {
      const after = part.programs.reduce(
        (before, program) => ended(substitute(program, before, io, run)) ?? before,
        state,
      );
      return { value: { ...textValue(symbol(run), part.span), known: false }, state: after };
    }
  }
}

/** Bash switches errexit off inside of a command substitution; sh does not. */
function substitute(body: Block, state: State, io: Io, run: Run): Outcome {
  const exits = freshExits();
  const errexit = state.shell.errexit && run.script.shell.language !== "bash";
  const inner: State = { ...state, shell: { ...state.shell, errexit } };
  const way: Io = { ...io, unheard: false, depth: io.depth + 1, exits, output: io.captured ?? KEPT, captured: KEPT };
  const outcome = runBlock(body, inner, way, run);
  return leaveSubshell(state, outcome, exits);
}

function expandVariable(part: Extract<Part, { kind: "variable" }>, state: State, io: Io, run: Run): ExpandedPart {
  const { span, operator } = part;
  if (operator === ".") return expandProperty(part, state);
  const value = state.shell.variables.get(part.name);
  const operand = part.operand === undefined ? undefined : expand(part.operand, state, io, run);
  const after = operand?.state ?? state;
  const fallback = operand?.values[0];
  if (operator === undefined) {
    return {
      value: value === undefined ? { ...textValue(`$${part.name}`, span), known: false } : { ...value, span },
      state: after,
    };
  }
  const defaulting = /^:?[-=?]$/.test(operator);
  if (defaulting && value !== undefined && value.text !== "") return { value: { ...value, span }, state: after };
  if (defaulting && fallback !== undefined && operator !== "?" && operator !== ":?")
    return { value: { ...fallback, known: false, span }, state: after };
  const written = run.script.text.slice(span.start, span.end);
  const { origins = [], digests = [], whole = false } = value ?? {};
  // The elements of an array, or one of them, are still nothing but what was read into it.
  return {
    value: { ...textValue(written, span), known: false, origins, digests, whole: whole && operator === "[" },
    state: after,
  };
}

/** `$r.Content`: an entry of a table where one is known, else what the value itself comes from. */
function expandProperty({ name, operand, span }: Extract<Part, { kind: "variable" }>, state: State): ExpandedPart {
  const property = staticText(operand)?.toLowerCase() ?? "";
  const entry = state.shell.variables.get(`${name}.${property}`);
  if (entry !== undefined) return { value: { ...entry, span }, state };
  const { origins = [], digests = [], whole = false } = state.shell.variables.get(name) ?? {};
  const content = /^(?:content|rawcontent|hash|path|value)$/.test(property);
  return {
    value: { ...textValue(`$${name}.${property}`, span), known: false, origins, digests, whole: whole && content },
    state,
  };
}

/** `@p` hands over the entries of a table as named arguments. */
function splat(name: string, span: Span, state: State): readonly Value[] {
  const entries = state.shell.variables.entries().filter(([key]) => key.startsWith(`${name}.`));
  return entries.flatMap(([key, value]) => [textValue(`-${key.slice(name.length + 1)}`, span), { ...value, span }]);
}

/** The same command, read twice on two ways through the script, is one execution. */
function unique(executions: readonly Execution[]): readonly Execution[] {
  const seen = new Map<string, Execution>();
  for (const execution of executions) {
    const key = `${execution.script}:${execution.span.start}:${execution.span.end}:${execution.via}`;
    const known = seen.get(key);
    const merged = known && {
      ...known,
      downloads: [...known.downloads, ...execution.downloads],
      checks: [...known.checks, ...execution.checks],
    };
    seen.set(key, merged ?? execution);
  }
  return [...seen.values()].map((execution) => ({ ...execution, downloads: byCommand(execution.downloads) }));
}

function byCommand(downloads: readonly Download[]): readonly Download[] {
  const seen = new Set<string>();
  const inOrder = union([], downloads).toSorted((a, b) => Number(a.id) - Number(b.id));
  return inOrder.filter(({ script, span, url }) => {
    const key = `${script}:${span.start}:${url}`;
    return !seen.has(key) && seen.add(key);
  });
}
