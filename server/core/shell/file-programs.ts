import { copyFile, originsOf, pathsOf, prepare, storeAt, unpack } from "./actions.ts";
import { fileAt, resolvePath, type State, union, withVerdict } from "./state.ts";
import { type Call, done, downloadBy, type Outcome, outputs } from "./trace.ts";
import { optionValue, programName } from "./wrappers.ts";

// The programs of a POSIX system that bring content from one file to another, or between files and streams.

/** What a program does to the state; `undefined` where this command line is none that it knows. */
export type Action = (call: Call, state: State) => Outcome | undefined;

/** By the program's name. */
export const FILE_COMMANDS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["cat", concatenate],
  ["tee", splitStream],
  ["cp", copyFiles],
  ["mv", copyFiles],
  ["ln", copyFiles],
  ["install", copyFiles],
  ["rm", removeFiles],
  ["chmod", makeExecutable],
  ["tar", unpackTar],
  ["bsdtar", unpackTar],
  ["unzip", unpackZip],
  ["7z", unpackSevenZip],
  ["7za", unpackSevenZip],
  ["base64", decode],
  ["base32", decode],
  ["xxd", decode],
  ["gunzip", decompress],
  ["bunzip2", decompress],
  ["unxz", decompress],
]);

function concatenate({ words, io, command, run }: Call, state: State): Outcome {
  const files = words.slice(1).filter(({ text }) => !text.startsWith("-") || text === "-");
  if (files.length === 0) return outputs(state, io.stdin);
  const found = files.map((file) => fileAt(state, resolvePath(state.shell.folder, file.text)));
  const origins = files.flatMap((file) => (file.text === "-" ? io.stdin.origins : originsOf(file, state)));
  const digests = found.flatMap((file) => file?.digests ?? []);
  const [only] = files;
  const text =
    found[0]?.text ??
    (files.length === 1 && only?.known && origins.length === 0
      ? run.read(resolvePath(state.shell.folder, only.text))
      : undefined);
  return outputs(state, {
    origins: union([], origins),
    digests,
    text,
    known: text !== undefined,
    start: command.span.start,
  });
}

function splitStream(call: Call, state: State): Outcome {
  const { words, io } = call;
  for (const part of call.command.words.flatMap((word) => word.parts)) {
    if (part.kind === "process" && part.direction === "out") call.run.engine.runBlock(call, part.body, state, io);
  }
  const files = words.slice(1).filter(({ text }) => !text.startsWith("-"));
  return outputs(
    files.reduce((before, file) => storeAt(before, file.text, io.stdin.origins), state),
    io.stdin,
  );
}

function copyFiles({ words }: Call, state: State): Outcome {
  const args = words.slice(1);
  const named = optionValue(args, /^-t$|^--target-directory$/);
  const operands = args.filter((arg, index) => {
    return !arg.text.startsWith("-") && arg !== named && !/^-[mogS]$/.test(args[index - 1]?.text ?? "");
  });
  const target = named ?? operands.at(-1);
  if (target === undefined) return done(state);
  const sources = named === undefined ? operands.slice(0, -1) : operands;
  const after = sources.reduce((before, source) => {
    return pathsOf(source, before).reduce((each, path) => copyFile(each, path, target.text), before);
  }, state);
  return done(after);
}

/** A file that becomes a program is meant to run, though nobody here sees where. */
function makeExecutable(call: Call, state: State): Outcome {
  const [mode, ...files] = call.words
    .slice(1)
    .filter(({ text }) => !/^-[a-zA-Z-]/.test(text) || /^-[rwx]+$/.test(text));
  const executable = mode !== undefined && /\+[rws]*x|^[0-7]*[1357][0-7]{0,2}$|=[rws]*x/.test(mode.text);
  if (executable)
    prepare(
      call,
      state,
      files.flatMap((file) => originsOf(file, state)),
      "chmod",
    );
  return done(state);
}

function removeFiles({ words }: Call, state: State): Outcome {
  const files = words.slice(1).filter(({ text }) => !text.startsWith("-"));
  return done(files.reduce((before, file) => storeAt(before, file.text, []), state));
}

function unpackTar(call: Call, state: State): Outcome {
  const args = call.words.slice(1);
  const [bundle] = args;
  const flags = args.flatMap(({ text }, index) => (index === 0 || text.startsWith("-") ? [text] : [])).join(" ");
  if (bundle === undefined || !/(?:^|\s)-?[a-zA-Z]*x|--extract|--get/.test(flags)) return done(state);
  const bundled = /^-?[a-zA-Z]*f[a-zA-Z]*$/.test(bundle.text) ? args[1] : undefined;
  const archive = bundled ?? optionValue(args.slice(1), /^-[a-zA-Z]*f$|^--file$/) ?? optionValue(args, /^--file$/);
  const folder = optionValue(args, /^-[a-zA-Z]*C$|^--(?:directory|cd)$/);
  const streamed = archive === undefined || archive.text === "-";
  const origins = streamed ? union(call.io.stdin.origins, archive?.origins ?? []) : originsOf(archive, state);
  const members = args.slice(1).filter(({ text }, index) => {
    return (
      !text.startsWith("-") &&
      args[index + 1] !== archive &&
      args[index + 1] !== folder &&
      !/^--(?!.*=)|^-[a-zA-Z]*C$/.test(args[index]?.text ?? "")
    );
  });
  return done(unpack(state, origins, folder?.text ?? ".", members, archive?.text));
}

function unpackZip({ words }: Call, state: State): Outcome {
  const args = words.slice(1);
  if (args.some(({ text }) => /^-[a-z]*[lpt]/.test(text))) return done(state);
  const folder = optionValue(args, /^-[a-z]*d$/);
  const [archive, ...members] = args.filter((arg) => !arg.text.startsWith("-") && arg !== folder);
  if (archive === undefined) return done(state);
  return done(unpack(state, originsOf(archive, state), folder?.text ?? ".", members, archive.text));
}

function unpackSevenZip({ words }: Call, state: State): Outcome {
  const args = words.slice(1);
  if (!/^[xe]$/.test(args[0]?.text ?? "")) return done(state);
  const folder = args.find(({ text }) => text.startsWith("-o"))?.text.slice(2) ?? ".";
  const [archive, ...members] = args.slice(1).filter(({ text }) => !text.startsWith("-"));
  return archive === undefined
    ? done(state)
    : done(unpack(state, originsOf(archive, state), folder, members, archive.text));
}

/** Decoded text is code that nobody could read in the script. */
function decode(call: Call, state: State): Outcome | undefined {
  const args = call.words.slice(1);
  if (!args.some(({ text }) => /^(?:-[a-zA-Z]*[dD]|--decode|-r)$/.test(text))) return undefined;
  const files = args.filter(({ text }) => !text.startsWith("-"));
  const fetched = files.length === 0 ? call.io.stdin.origins : files.flatMap((file) => originsOf(file, state));
  if (fetched.length > 0) return outputs(state, { ...call.io.stdin, origins: fetched, text: undefined });
  const hidden = downloadBy(call, { tool: programName(call.words[0]), url: "", known: false, hidden: true });
  return outputs(withVerdict(state, [hidden], false), { origins: [hidden] });
}

/** `gunzip x.gz` leaves `x`. */
function decompress({ words, io }: Call, state: State): Outcome {
  const files = words.slice(1).filter(({ text }) => !text.startsWith("-"));
  if (files.length === 0 || words.some(({ text }) => /^-[a-z]*c/.test(text))) {
    const origins = files.length === 0 ? io.stdin.origins : files.flatMap((file) => originsOf(file, state));
    return outputs(state, { ...io.stdin, origins, text: undefined });
  }
  return done(
    files.reduce(
      (before, file) => storeAt(before, file.text.replace(/\.(?:gz|bz2|xz|zst|Z)$/, ""), originsOf(file, before)),
      state,
    ),
  );
}
