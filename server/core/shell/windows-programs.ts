import {
  commandOrigins,
  copyFile,
  fetched,
  leaveFunction,
  leaveShell,
  originsOf,
  printed,
  report,
  runFile,
  storeAt,
  unpack,
} from "./actions.ts";
import { readCmdCode, readCmdEffect, readCmdFetch, readCmdFilter, readCmdLeave } from "./cmd-commands.ts";
import type { Block } from "./command.ts";
import { parseNested } from "./nested-program.ts";
import { parsePowerShellCode } from "./powershell.ts";
import { readPowerShellCode, readPowerShellEffect, readPowerShellFetch } from "./powershell-commands.ts";
import { fileAt, join, resolvePath, type State, union, type Value, withFolder, withVariable } from "./state.ts";
import {
  type Call,
  concatValues,
  done,
  freshExits,
  type Io,
  leaveSubshell,
  type Outcome,
  outputs,
  SILENCE,
  succeeds,
  symbol,
} from "./trace.ts";
import { comparison, notePrinted } from "./verification.ts";
import { type Effect, type NestedLanguage, programFiles, type WindowsCode, windowsPath } from "./windows-commands.ts";
import { programName } from "./wrappers.ts";

/**
 * What a command line of PowerShell or cmd does to the state. Their own commands come first, then the programs that all shells share.
 *
 * @param others what the same words do in another shell
 */
export function performWindows(
  call: Call,
  state: State,
  language: "powershell" | "cmd",
  others: (call: Call, state: State) => Outcome,
): Outcome {
  const left = leaves(call, state, language);
  if (left !== undefined) return left;
  const routine = state.shell.functions.get((call.words[0]?.text ?? "").toLowerCase());
  if (routine !== undefined) return callRoutine(call, routine, state);
  const filtered = language === "cmd" ? filters(call, state) : undefined;
  if (filtered !== undefined) return filtered;
  const fetch = language === "cmd" ? readCmdFetch(call.words) : readPowerShellFetch(call.words);
  if (fetch !== undefined) return fetched(call, fetch, state);
  const effect = language === "cmd" ? readCmdEffect(call.words) : readPowerShellEffect(call.words);
  if (effect !== undefined) return applyEffect(call, effect, state);
  const code = language === "cmd" ? readCmdCode(call.words) : readPowerShellCode(call.words);
  const shared = SHARED.test(programName(call.words[0]));
  if (code === undefined || (shared && code.from === "file"))
    return others({ ...call, words: call.words.map(withForwardSlashes) }, state);
  return runCode(call, code, state, language);
}

/** A path as the other tables read it. */
function withForwardSlashes(word: Value): Value {
  return word.text.includes("\\") && word.origins.length === 0
    ? { ...word, text: word.text.replace(/\\+/g, "/") }
    : word;
}

/** Programs that other shells know better than cmd, to which every name is a file. */
const SHARED =
  /^(?:(?:ba|da|z|k)?sh|python[\d.]*|py|node|perl|ruby|php|deno|bun|git|tar|unzip|7z|docker|npm|npx|pip3?|make|curl|wget|sha256sum|openssl|gpg|xargs|echo)$/;

/** `exit`, `return`, `throw`, `goto :eof`. */
function leaves(call: Call, state: State, language: "powershell" | "cmd"): Outcome | undefined {
  const { words, io } = call;
  if (language === "cmd") {
    const leave = readCmdLeave(words);
    if (leave === undefined) return undefined;
    const inner = { ...call, words: leave.code === undefined ? words.slice(0, 1) : [...words.slice(0, 1), leave.code] };
    return leave.what === "routine" && io.returns !== undefined
      ? leaveFunction(inner, state)
      : leaveShell(inner, state);
  }
  switch ((words[0]?.text ?? "").toLowerCase()) {
    case "exit":
      return leaveShell(call, state);
    case "return":
      return io.returns === undefined
        ? leaveShell({ ...call, words: words.slice(0, 1) }, state)
        : leaveFunction({ ...call, words: words.slice(0, 1) }, state);
    case "throw":
      if (io.tolerant) return { success: undefined, failure: state, output: SILENCE };
      io.exits.failure = join(io.exits.failure, state);
      return { success: undefined, failure: undefined, output: SILENCE };
    case "param":
      return succeeds(declareParameters(call, state));
    default:
      return undefined;
  }
}

/** `param($a = 1)`: what the caller has not set gets its default. */
function declareParameters({ command, words }: Call, state: State): State {
  return command.words.reduce((before, { parts }, index) => {
    const [part] = parts;
    const value = words[index];
    const fresh =
      part?.kind === "variable" &&
      part.operator === "=" &&
      value !== undefined &&
      !before.shell.variables.has(part.name);
    return fresh ? withVariable(before, part.name, value) : before;
  }, state);
}

function callRoutine(call: Call, body: Block, state: State): Outcome {
  const inner = call.words.slice(1).reduce((before, word, index) => withVariable(before, `${index + 1}`, word), state);
  const returns = freshExits();
  const outcome = call.run.engine.runBlock(call, body, inner, { ...call.io, depth: call.io.depth + 4, returns });
  return {
    ...outcome,
    success: join(outcome.success, returns.success),
    failure: join(outcome.failure, returns.failure),
  };
}

function applyEffect(call: Call, effect: Effect, state: State): Outcome {
  const { io, command, run } = call;
  const pathOf = (file: Value): string => windowsPath(file.text);
  switch (effect.kind) {
    case "write": {
      const { origins } = effect.content ?? io.stdin;
      return outputs(storeAt(state, pathOf(effect.file), origins), effect.content === undefined ? io.stdin : {});
    }
    case "read": {
      const origins = effect.files.flatMap((file) => originsOf({ ...file, text: pathOf(file) }, state));
      return outputs(state, { origins: union([], origins), start: command.span.start });
    }
    case "copy": {
      const target = pathOf(effect.to);
      return done(
        effect.files.reduce(
          (before, file) => copyFile(before, resolvePath(before.shell.folder, pathOf(file)), target),
          state,
        ),
      );
    }
    case "remove":
      return done(effect.files.reduce((before, file) => storeAt(before, pathOf(file), []), state));
    case "unpack": {
      const archive = { ...effect.archive, text: pathOf(effect.archive) };
      const folder = effect.folder === undefined ? "." : pathOf(effect.folder);
      return done(unpack(state, originsOf(archive, state), folder, [], archive.text));
    }
    case "folder":
      return succeeds(
        withFolder(state, effect.to === undefined ? symbol(run) : resolvePath(state.shell.folder, pathOf(effect.to))),
      );
    case "set":
      return succeeds(effect.value === undefined ? state : withVariable(state, effect.name, effect.value));
    case "print":
      return printed(call, state, effect.values, effect.separator);
    case "hash": {
      const digests = originsOf({ ...effect.file, text: pathOf(effect.file) }, state);
      notePrinted(call, digests);
      return outputs(state, { digests });
    }
    case "pass":
      return outputs(state, { ...io.stdin, whole: io.stdin.whole && !effect.piece });
    case "silent":
      return done(state);
  }
}

/** `certutil -hashfile f SHA256 | findstr HASH`. */
function filters({ words, io, command, run }: Call, state: State): Outcome | undefined {
  const filter = readCmdFilter(words);
  if (filter === undefined) return undefined;
  if (io.stdin.digests.length === 0) return outputs(state, { ...io.stdin, whole: false });
  const digest: Value = {
    text: "",
    known: false,
    origins: [],
    digests: io.stdin.digests,
    whole: false,
    span: command.span,
  };
  return comparison(state, filter.inverted ? "!=" : "=", digest, filter.pattern, { io, run, span: command.span });
}

function runCode(call: Call, code: WindowsCode, state: State, language: "powershell" | "cmd"): Outcome {
  const { io, words, command, run } = call;
  const runner = words[0]?.text ?? "";
  switch (code.from) {
    case "stdin":
      report(call, state, io.stdin.origins, "direct", runner);
      return done(state);
    case "text": {
      const whole = concatValues(code.words, command.span);
      if (whole.whole) report(call, state, whole.origins, "direct", runner);
      const written = command.words.filter(({ span }) =>
        code.words.some((word) => word.span.start === span.start && word.span.end === span.end),
      );
      return runProgram(
        call,
        parseNested(run.script.text, written, code.language, run.script.holes),
        code.language,
        state,
      );
    }
    case "decoded":
      return runProgram(
        call,
        code.language === "powershell" ? parsePowerShellCode(code.text, code.span) : undefined,
        code.language,
        state,
      );
    case "file":
      return runWindowsFile(call, code.word, state, runner);
    case "command": {
      const [file] = code.words;
      const stored =
        file && programFiles(file.text).some((path) => fileAt(state, resolvePath(state.shell.folder, path)));
      return stored ? runWindowsFile(call, file, state, file.text) : call.run.engine.perform(call, code.words, state);
    }
    case "routine": {
      const body = state.shell.functions.get(code.name);
      return body === undefined ? done(state) : callRoutine(call, body, state);
    }
    case "nothing":
      return language === "cmd" ? done(state) : outputs(state, io.stdin);
  }
}

/** Code that stands in an argument: in this shell where the language is the same, else in one of its own. */
function runProgram(call: Call, program: Block | undefined, language: NestedLanguage, state: State): Outcome {
  if (program === undefined || language === "other") return done(state);
  const io: Io = { ...call.io, stdin: SILENCE, depth: call.io.depth + 1, language };
  if (language === call.io.language) return call.run.engine.runBlock(call, program, state, io);
  const exits = freshExits();
  return leaveSubshell(state, call.run.engine.runBlock(call, program, state, { ...io, tolerant: false, exits }), exits);
}

/** The first of the files that the name can mean and that was downloaded. */
function runWindowsFile(call: Call, file: Value, state: State, runner: string): Outcome {
  if (file.origins.length > 0) report(call, state, file.origins, "direct", runner);
  for (const path of programFiles(file.text)) {
    const known = fileAt(state, resolvePath(state.shell.folder, path));
    if (known !== undefined && runFile(call, { ...file, text: path, origins: [] }, state, runner)) return done(state);
  }
  if (!/[/\\]/.test(file.text)) report(call, state, commandOrigins(state, file.text), "file", runner);
  return call.run.engine.runLocal(call, state) ?? done(state);
}
