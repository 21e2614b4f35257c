import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import type { Span } from "../text.ts";
import { type Command, type Node, type Pipe, programsOf, staticText, type Word } from "./command.ts";
import { baseName, gapsOf } from "./pin-download.ts";
import { namedFile, type PinFile } from "./pin-file.ts";
import { leadingText } from "./pin-options.ts";
import { nodesOf, readsFile, type Step, type WordStep } from "./pin-path.ts";
import { indentAt, insert, isRefusal, lineBefore, type PinSite, refuse } from "./pin-site.ts";

/** How the command that ran the content reads the file instead. */
export interface Run {
  /** What stands in for the fetch: a span that holds it, and its new text. */
  readonly fetch: ScriptChange;
  /** Changes behind it. */
  readonly changes: readonly ScriptChange[];
}

/** The reader of a download's standard output. */
export type Consumer =
  | { readonly kind: "pipe"; readonly pipe: Pipe; readonly reader: Node }
  | { readonly kind: "word"; readonly step: WordStep }
  /** Something around it reads: a group, a function. */
  | { readonly kind: "around" };

/** What stands around the fetch. */
export interface RunPlace {
  readonly site: PinSite;
  /** The fetching command, or the group of alternatives in which it stands. */
  readonly unit: Span;
  /** The way down to the unit. */
  readonly path: readonly Step[];
  /** True where the content asks how it is run (`BASH_SOURCE`, `$0`), so that only the same way of reading it will do. */
  readonly exact: boolean;
}

/**
 * The cheapest reader that does the same: the file as argument of a shell, `< file` for other programs, `cat file` where neither is equal.
 */
export function runOf(place: RunPlace, consumer: Consumer, file: PinFile): Run | NoFix {
  const inPlace: Run = { fetch: { span: place.unit, text: `cat ${file.word}` }, changes: [] };
  if (consumer.kind === "around") return inPlace;
  return consumer.kind === "pipe"
    ? pipeRun(place, consumer.reader, file, inPlace)
    : (wordRun(place, consumer.step, file) ?? inPlace);
}

/** The file that `curl U | tee f | …` writes: the download can write it itself. */
export function teeFile(site: PinSite, pipe: Pipe): PinFile | undefined {
  const [, tee, reader] = pipe.stages;
  if (reader === undefined || tee?.kind !== "command" || tee.words.length !== 2 || tee.redirects.length > 0)
    return undefined;
  const [name, word] = tee.words;
  if (baseName(name) !== "tee" || word === undefined || /^(?:-|\/dev\/)/.test(leadingText(word))) return undefined;
  const file = namedFile(site, word, 0);
  return isRefusal(file) ? undefined : file;
}

/** The interpreter that the content is for, as far as the reader names it: it gives the file its ending. */
export function interpreterOf(consumer: Consumer): string | undefined {
  if (consumer.kind === "around") return undefined;
  const commands = consumer.kind === "pipe" ? consumer.pipe.stages.slice(1) : [consumer.step.holder];
  for (const node of commands) {
    if (node.kind !== "command") continue;
    if (UNPACKER.test(baseName(node.words[0]))) return undefined;
    const name = node.words.map(baseName).find((word) => INTERPRETER.test(word));
    if (name !== undefined) return name.replace(/^(?:source|\.|eval)$/, "sh");
  }
  return undefined;
}

const INTERPRETER =
  /^(?:(?:ba|da|a|z|k|mk)?sh|(?:python|pypy)[\d.]*|node(?:js)?|ruby[\d.]*|perl[\d.]*|php[\d.]*|source|\.|eval)$/;
const UNPACKER = /^(?:tar|gtar|bsdtar|gunzip|gzip|zcat|bunzip2|bzip2|xz|unxz|xzcat|zstd|unzip|bsdcat|cpio|base64)$/;
const SHELL = /^(?:(?:ba|da|a|z|k|mk)sh|sh|ksh93)$/;

function pipeRun(place: RunPlace, reader: Node, file: PinFile, inPlace: Run): Run | NoFix {
  const { site, unit, path } = place;
  const fetch: ScriptChange = { span: { start: unit.start, end: reader.span.start }, text: "" };
  if (reader.kind === "group" && reader.subshell && !readsFile(reader.redirects)) {
    return { fetch, changes: [insert(reader.span.end, ` < ${file.word}`)] };
  }
  if (reader.kind !== "command") return inPlace;
  if (readsFile(reader.redirects))
    return refuse(
      "The command behind the pipe reads a file of its own, so the download is not what it runs; take one of the two away.",
    );
  const own = place.exact || isFed(path) || staticText(reader.words[0]) === "exec";
  const argument = own ? undefined : shellArgument(reader, file);
  if (argument === undefined && needsCat(site, reader)) return inPlace;
  const end = reader.words.at(-1)?.span.end ?? reader.span.end;
  const changes = argument ?? [insert(end, ` < ${file.word}`)];
  return { fetch, changes: [...changes, ...unindented(site, reader, fetch.span.start, changes)] };
}

/** True within a loop or group that is fed by a pipe or a redirection: a script on its own must not eat that data. */
function isFed(path: readonly Step[]): boolean {
  return path.some(
    (step) =>
      (step.kind === "stage" && step.index > 0) ||
      (step.kind === "body" && "redirects" in step.node && readsFile(step.node.redirects)),
  );
}

/** `bash -s -- a` becomes `bash file a`. */
function shellArgument({ words }: Command, file: PinFile): readonly ScriptChange[] | undefined {
  const at = shellIndex(words);
  const shell = at === undefined ? undefined : words[at];
  if (at === undefined || shell === undefined) return undefined;
  const options = shellOptions(words.slice(at + 1));
  if (options === undefined || options.command) return undefined;
  const { dropped, kept, rewritten, stdin, operand } = options;
  if (operand !== undefined && !stdin) {
    return staticText(operand) === "/dev/stdin" ? [{ span: operand.span, text: file.word }] : undefined;
  }
  const lastKept = kept.at(-1) ?? shell;
  const tail = dropped.filter(({ span }) => span.start > lastKept.span.start);
  const others = dropped.filter(({ span }) => span.start < lastKept.span.start);
  const removed = others.map((word) => ({
    span: { start: words[words.indexOf(word) - 1]?.span.end ?? word.span.start, end: word.span.end },
    text: "",
  }));
  const first = tail[0];
  const placed = first
    ? { span: { start: first.span.start, end: tail.at(-1)?.span.end ?? first.span.end }, text: file.word }
    : insert(lastKept.span.end, ` ${file.word}`);
  return [...removed, ...rewritten, placed];
}

interface ShellOptions {
  /** Words that only say that standard input is the script. */
  readonly dropped: readonly Word[];
  readonly kept: readonly Word[];
  /** `-es` becomes `-e`. */
  readonly rewritten: readonly ScriptChange[];
  readonly stdin: boolean;
  readonly command: boolean;
  readonly operand: Word | undefined;
}

/** Reads the options of a shell; `undefined` where one is not known. */
function shellOptions(words: readonly Word[]): ShellOptions | undefined {
  const dropped: Word[] = [];
  const kept: Word[] = [];
  const rewritten: ScriptChange[] = [];
  const done = (operand: Word | undefined, command: boolean) => ({ dropped, kept, rewritten, stdin, command, operand });
  let stdin = false;
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    const text = staticText(word);
    if (word === undefined) break;
    if (text === undefined) {
      const lead = leadingText(word);
      return /^[-+]/.test(lead) || (lead === "" && !stdin) ? undefined : done(word, false);
    }
    if (text === "--" || text === "-") {
      dropped.push(word);
      return done(words[index + 1], false);
    }
    if (!/^[-+]./.test(text)) return done(word, false);
    if (text === "-s") {
      dropped.push(word);
      stdin = true;
    } else if (/^-[A-Za-z]*c[A-Za-z]*$/.test(text)) return done(undefined, true);
    else if (/^(?:[-+][abefhklmnptuvxBCEHPT]+|--(?:login|norc|noprofile|posix|restricted|verbose|no-rcs))$/.test(text))
      kept.push(word);
    else if (/^-[abefhklmnptuvxBCEHPT]*s[abefhklmnptuvxBCEHPT]*$/.test(text)) {
      rewritten.push({ span: word.span, text: text.replace("s", "") });
      kept.push(word);
      stdin = true;
    } else if (
      /^[-+][abefhklmnptuvxBCEHPT]*[oO]$|^--(?:rcfile|init-file)$/.test(text) &&
      words[index + 1] !== undefined
    ) {
      kept.push(word, ...words.slice(index + 1, index + 2));
      index++;
    } else return undefined;
  }
  return done(undefined, false);
}

/** Index of the shell's name, where nothing but `sudo` as root, `env` and the like stands in front of it. */
function shellIndex(words: readonly Word[]): number | undefined {
  let wrapper = "";
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === undefined) return undefined;
    const name = baseName(word);
    const text = leadingText(word);
    if (SHELL.test(name)) return index;
    if (/^(?:sudo|doas|env|command|exec|nohup|time)$/.test(name)) wrapper = name;
    else if (wrapper === "") return undefined;
    else if (/^[A-Za-z_]\w*=/.test(text)) continue;
    else if (staticText(word) === undefined) return undefined;
    else if (
      wrapper === "sudo" &&
      /^(?:-[EHnkPB]+|--preserve-env(?:=[\w,]+)?|--set-home|--non-interactive|--|-uroot|--user=root)$/.test(text)
    )
      continue;
    else if (wrapper === "sudo" && /^(?:-[EHnkPB]*u|--user)$/.test(text) && staticText(words[index + 1]) === "root")
      index++;
    else if (wrapper === "env" && /^(?:-|-i|--ignore-environment|--|-u\w+|--unset=\w+)$/.test(text)) continue;
    else if (wrapper === "env" && /^-i?u$/.test(text)) index++;
    else return undefined;
  }
  return undefined;
}

/** Programs of the shell itself, which a redirection would run in the script's own shell. */
const BUILTIN =
  /^(?:\.|source|read|eval|mapfile|readarray|export|declare|local|typeset|readonly|set|cd|pushd|exit|return|exec|trap|unset|while|for)$/;

/** True where `< file` would be another thing than the pipe: words that are computed first, and commands of the shell itself. */
function needsCat(site: PinSite, { words, assignments }: Command): boolean {
  const [first] = words;
  const name = staticText(first);
  if (first === undefined || name === undefined || BUILTIN.test(name)) return true;
  const all = [...words, ...assignments.flatMap(({ value, elements }) => (value ? [value, ...elements] : elements))];
  if (all.some((word) => [...programsOf(word)].length > 0)) return true;
  return [...nodesOf(site.program)].some((node) => node.kind === "function" && node.name === name);
}

/** Continued lines of a command that moves to the left follow it. */
function unindented(
  site: PinSite,
  command: Command,
  to: number,
  changes: readonly ScriptChange[],
): readonly ScriptChange[] {
  const { text } = site;
  const own = lineBefore(text, command.span.start);
  if (!text.slice(to, command.span.start).includes("\n") || !/^[ \t]*(?:\|[ \t]*)?$/.test(own)) return [];
  const shift = indentAt(text, command.span.start).length - indentAt(text, to).length;
  return gapsOf(command).flatMap((span) => {
    const gap = text.slice(span.start, span.end);
    const moved = gap.replace(/\n[ \t]*/g, (line) => line.slice(0, 1) + line.slice(1 + Math.max(0, shift)));
    const free = changes.every((change) => change.span.end <= span.start || change.span.start >= span.end);
    return shift > 0 && moved !== gap && free ? [{ span, text: moved }] : [];
  });
}

/** The file in the place of a substitution; `undefined` where only `cat` within it is the same. */
function wordRun(place: RunPlace, step: WordStep, file: PinFile): Run | undefined {
  const { redirect, holder } = step;
  if (step.form === "process") return { fetch: { span: step.span, text: file.word }, changes: [] };
  if (step.form !== "substitution" || !step.whole || holder.kind === "function") return undefined;
  if (redirect?.operator === "<<<") return hereString(step, redirect.span, file, place.site.text);
  if (holder.kind !== "command" || step.index < 0 || place.exact) return undefined;
  return commandString(holder.words, step.index, file);
}

function hereString({ holder }: WordStep, span: Span, file: PinFile, text: string): Run {
  const words = holder.kind === "command" ? holder.words : [];
  const [name, input] = words;
  if (input === undefined || !/^(?:source|\.)$/.test(staticText(name) ?? "") || staticText(input) !== "/dev/stdin") {
    return { fetch: { span, text: `< ${file.word}` }, changes: [] };
  }
  const start = span.start - (/[ \t]*$/.exec(text.slice(0, span.start))?.[0].length ?? 0);
  return { fetch: { span: { start, end: span.end }, text: "" }, changes: [{ span: input.span, text: file.word }] };
}

/** `sh -ec "$(…)" name a` becomes `sh -e file a`. A flag in the place of the name never reached the script: it stays where it is. */
function commandString(words: readonly Word[], index: number, file: PinFile): Run | undefined {
  const at = shellIndex(words);
  const option = words[index - 1];
  const program = words[index];
  const letters = /^-([abefhklmnptuvxBCEHPT]*)c([abefhklmnptuvxBCEHPT]*)$/.exec(staticText(option) ?? "");
  if (at === undefined || at >= index - 1 || option === undefined || program === undefined || letters === null)
    return undefined;
  const before = shellOptions(words.slice(at + 1, index - 1));
  if (
    before === undefined ||
    before.command ||
    before.dropped.length > 0 ||
    before.operand !== undefined ||
    before.stdin
  )
    return undefined;
  const name = words[index + 1];
  const nameText = staticText(name);
  if (name !== undefined && (nameText === undefined || /^-(?!-?$)/.test(nameText))) return undefined;
  const kept = `${letters[1]}${letters[2]}`;
  const span = { start: option.span.start, end: (name ?? program).span.end };
  return { fetch: { span, text: kept === "" ? file.word : `-${kept} ${file.word}` }, changes: [] };
}
