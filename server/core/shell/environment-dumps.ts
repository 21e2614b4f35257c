import { type Command, type Node, type Redirect, staticText, type Word } from "./command.ts";
import { resolvePath, type Value } from "./state.ts";
import { type Call, type Destination, textValue } from "./trace.ts";
import { isSystemProgram, programName, unwrap } from "./wrappers.ts";

// Commands that print every variable of their environment, and where that ends up.

/** Where output goes that nothing takes: anybody who reads the log sees it. */
export const LOG: Destination = { to: "log" };

/** Where output goes that nobody gets to see, such as into a variable or to a program that swallows it. */
export const KEPT: Destination = { to: "nowhere" };

/** Notes a command that prints the whole environment, and one that shows or sends a file that holds it. */
export function noteDump({ command, words, io, run }: Call, folder: string): void {
  const { output: destination = LOG, language = "shell" } = io;
  if (!isSystemProgram(words[0]) && language !== "powershell") return;
  if (dumps(words, language) && !clears(command)) {
    const path =
      destination.to === "file" ? { ...destination, path: resolvePath(folder, destination.path) } : destination;
    if (destination.to !== "nowhere") run.dumps.push({ script: run.index, span: command.span, destination: path });
  }
  if (run.dumps.length === 0) return;
  const name = programName(words[0]);
  const shown = PRINTERS.test(name) ? destination : carriesFiles(name) ? sentBy(name) : KEPT;
  if (shown.to === "nowhere" || shown.to === "file") return;
  const mentioned = new Set(
    words
      .slice(1)
      .flatMap((word) => pathsIn(word.text))
      .map((path) => resolvePath(folder, path)),
  );
  for (const dump of [...run.dumps]) {
    if (dump.destination.to !== "file" || !mentioned.has(dump.destination.path)) continue;
    run.dumps.push({ ...dump, destination: shown });
  }
}

/**
 * Where the output of a stage of a pipe ends up behind the stages that follow it. What picks something out or counts, and what is not
 * known, ends it: nobody can tell whether a secret is left.
 *
 * @param last where the output of the last stage goes
 */
export function destinationOf(rest: readonly Node[], last: Destination): Destination {
  let encoded = false;
  for (const stage of rest) {
    if (stage.kind !== "command") return KEPT;
    const words = unwrap(stage.words.map(wordValue)).words;
    const name = programName(words[0]);
    if (readsFromPipe(name, words)) return sentBy(name);
    const written = fileOf(name, words);
    if (written !== undefined) return { to: "file", path: written };
    if (ENCODERS.test(name)) encoded = true;
    else if (!passesAll(name, words)) return KEPT;
    const redirected = redirectedTo(stage.redirects, undefined);
    if (redirected !== undefined) return redirected;
  }
  return encoded && last.to === "log" ? { to: "encoded" } : last;
}

/** Where redirections send the output; `otherwise` where they say nothing of it. */
export function redirectedTo<Otherwise extends Destination | undefined>(
  redirects: readonly Redirect[],
  otherwise: Otherwise,
): Destination | Otherwise {
  const target = redirects.findLast(
    ({ operator, descriptor }) => /^(?:>|>>|>\||&>|&>>)$/.test(operator) && (descriptor ?? 1) === 1,
  )?.target;
  if (target === undefined) return otherwise;
  const path = staticText(target);
  if (path === undefined || /^(?:\/dev\/null|nul|\$null)$/i.test(path)) return KEPT;
  if (/^\/dev\/(?:tcp|udp)\//.test(path)) return sentBy("the shell");
  return /^(?:\/dev\/(?:stdout|stderr|tty|fd\/[12])|con)$/i.test(path) ? LOG : { to: "file", path };
}

/** Where the output of a program ends up that stands inside of the words of a command. */
export function captureOf(command: Command, output: Destination): Destination {
  if (!command.words.some(({ parts }) => parts.some(({ kind }) => kind === "substitution"))) return KEPT;
  const words = unwrap(command.words.map(wordValue)).words;
  const name = programName(words[0]);
  if (/^(?:echo|printf|write-host|write-output|write-information)$/.test(name))
    return redirectedTo(command.redirects, output);
  return /^(?:curl|wget|http|https|invoke-webrequest|iwr|invoke-restmethod|irm)$/.test(name) ? sentBy(name) : KEPT;
}

function sentBy(program: string): Destination {
  return { to: "sent", by: program };
}

function wordValue(word: Word): Value {
  const text = staticText(word);
  return text === undefined ? { ...textValue("$", word.span), known: false } : textValue(text, word.span);
}

/** Source: the manuals of env, printenv and of the built-in commands of shells, cmd and PowerShell. */
function dumps(words: readonly Value[], language: "shell" | "powershell" | "cmd"): boolean {
  const name = programName(words[0]);
  if (!DUMPERS.test(name)) return false;
  const args = words.slice(1).map(({ text }) => text);
  if (language === "cmd" && name === "set") return args.length === 0;
  if (language === "powershell" && /^(?:get-childitem|gci|ls|dir|get-item|gi)$/.test(name)) {
    return (
      args.some((arg) => /^env:[\\/]?\*?$/i.test(arg)) &&
      args.every((arg) => /^(?:env:.*|-(?:literal)?path)$/i.test(arg))
    );
  }
  if (name.startsWith("[")) return true;
  switch (name) {
    case "env":
      return args.every(
        (arg, index) =>
          /^(?:-0|--null|-u|--unset(?:=.*)?|[A-Za-z_]\w*=.*)$/s.test(arg) ||
          /^(?:-u|--unset)$/.test(args[index - 1] ?? ""),
      );
    case "printenv":
      return args.every((arg) => /^(?:-0|--null)$/.test(arg));
    case "set":
      return language === "shell" && args.length === 0;
    case "export":
    case "declare":
    case "typeset":
      return language === "shell" && (args.length === 0 || (args.length === 1 && /^-[px]+$/.test(args[0] ?? "")));
    case "cat":
    case "strings":
      return args.some((arg) => /^\/proc\/(?:self|thread-self|\$\$|\$PPID)\/environ$/.test(arg));
    default:
      return false;
  }
}

/** True for a program that can print the whole environment. */
export function mayDump(name: string): boolean {
  return DUMPERS.test(name);
}

const DUMPERS =
  /^(?:env|printenv|set|export|declare|typeset|cat|strings|get-childitem|gci|ls|dir|get-item|gi|\[(?:system\.)?environment\]::getenvironmentvariables)$/;

/** `sudo` hands on none of the variables that the system set, unless it is told to. */
function clears({ words }: Command): boolean {
  const texts = words.map((word) => staticText(word) ?? "");
  const at = texts.findIndex((text) => /^(?:sudo|doas|su|runuser)$/.test(text));
  return at >= 0 && !texts.slice(at).some((text) => /^(?:-[A-Za-z]*E[A-Za-z]*|--preserve-env)$/.test(text));
}

/** Commands whose output holds all that they read. */
function passesAll(name: string, words: readonly Value[]): boolean {
  const args = words.slice(1).map(({ text }) => text);
  if (/^(?:grep|egrep|fgrep)$/.test(name))
    return args.some((arg) => /^(?:-[A-Za-z]*v[A-Za-z]*|--invert-match)$/.test(arg));
  if (/^(?:format-table|ft|format-list|fl)$/.test(name))
    return args.every((arg) => /^-(?:autosize|wrap|auto)$/i.test(arg));
  return PASSING.test(name);
}

const PASSING =
  /^(?:cat|sort|tee|less|more|column|nl|tac|fold|fmt|expand|sort-object|out-string|out-host|out-default|write-host|write-output|convertto-json)$/;

/** What comes out is the same in a form that no system knows for a secret. */
const ENCODERS = /^(?:base64|base32|basenc|xxd|od|hexdump|hd|rev|gzip|bzip2|xz|openssl|gpg)$/;

const PRINTERS = /^(?:cat|less|more|tac|nl|sort|type|get-content|gc)$/;

/** The file that a command of PowerShell writes what it reads to. */
function fileOf(name: string, words: readonly Value[]): string | undefined {
  if (!/^(?:out-file|set-content|add-content)$/.test(name)) return undefined;
  const args = words.slice(1).map(({ text }) => text);
  const option = args.findIndex((arg) => /^-(?:file|literal)?path$/i.test(arg));
  return option >= 0 ? args[option + 1] : args.find((arg) => !arg.startsWith("-"));
}

/** Commands that send what they read from a pipe to another machine. */
function readsFromPipe(name: string, words: readonly Value[]): boolean {
  const args = words.slice(1).map(({ text }) => text);
  if (/^(?:nc|ncat|netcat|socat|telnet|ssh|mail|mailx|sendmail)$/.test(name)) return true;
  if (name === "curl")
    return args.some(
      (arg, index) => /@-$/.test(arg) || (arg === "-" && /^(?:-[A-Za-z]*T|--upload-file)$/.test(args[index - 1] ?? "")),
    );
  if (name === "wget") return args.some((arg) => /^--(?:post|body)-file=(?:-|\/dev\/stdin)$/.test(arg));
  return /^(?:aws|gsutil|gcloud|gh|rclone)$/.test(name) && args.includes("-");
}

/** Commands that take files of the machine to another one. */
function carriesFiles(name: string): boolean {
  return /^(?:curl|wget|scp|sftp|rsync|aws|gsutil|gcloud|az|azcopy|rclone|gh|jf|jfrog|mc|buildkite-agent|appveyor|push-appveyorartifact|artifact)$/.test(
    name,
  );
}

/** What a word can mean as a path: `@file`, `name=@file`, `--option=file`, `file`. */
function pathsIn(text: string): readonly string[] {
  return [text, text.replace(/^.*@/s, ""), text.replace(/^.*=@?/s, "")].filter((path) => path !== "");
}
