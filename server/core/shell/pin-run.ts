import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import { contains } from "../text.ts";
import type { Node } from "./command.ts";
import { type Anchor, anchorOf, goesElsewhere } from "./pin-anchor.ts";
import { type Consumer, interpreterOf, type Run, runOf, teeFile } from "./pin-consumer.ts";
import { baseName, downloadChanges, joinedLines } from "./pin-download.ts";
import { type PinFile, scratchFile } from "./pin-file.ts";
import { checkLine, type Layout, layoutOf, quotingOf } from "./pin-guard.ts";
import { fileName } from "./pin-name.ts";
import { commandsOf, variablesOf } from "./pin-path.ts";
import { isAlone, type Plan, UNREACHED } from "./pin-plan.ts";
import { insert, isRefusal, type PinSite, refuse, rewritten } from "./pin-site.ts";

/** What is known of the content. */
export interface Known {
  /** 64 lower-case hex digits over the bytes that the download saves. */
  readonly sha256: string;
  /** Another address of the same bytes that cannot change, such as one at a commit id. */
  readonly url?: string;
  /** The content: a script that asks where it lies (`BASH_SOURCE`, `dirname $0`) is still fed through standard input. */
  readonly text?: string;
  /** True where the file runs in another script, in front of which {@link checkBefore} puts the check. */
  readonly checkedElsewhere?: boolean;
}

/** The content goes straight to a reader: download and check in front of it, and the file in the place of the fetch. */
export function pinRun(site: PinSite, plan: Plan, known: Known): readonly ScriptChange[] | NoFix {
  const consumer = consumerOf(plan);
  if (isRefusal(consumer)) return consumer;
  const anchor = anchorOf(site, plan.path, usesOf(plan, consumer));
  if (isRefusal(anchor)) return anchor;
  const layout = layoutOf(site, anchor);
  if (isRefusal(layout)) return layout;
  const exact = /BASH_SOURCE|dirname[^\n]{0,20}\$\{?0\b|readlink[^\n]{0,40}\$\{?0\b|\$\{0[%#]/.test(known.text ?? "");
  const files = filesOf(site, plan, consumer, anchor);
  if (isRefusal(files)) return files;
  const place = { site, unit: plan.unit, path: plan.path, exact };
  const reader = files.teed ? { ...consumer, reader: files.teed } : consumer;
  const run = runOf(place, reader, files.run);
  return isRefusal(run) ? run : guarded(site, plan, known, { anchor, layout, run, file: files.guard });
}

/** Variables that the guard needs. */
function usesOf({ downloads }: Plan, consumer: Consumer): ReadonlySet<string> {
  const tee = consumer.kind === "pipe" && consumer.reader.kind === "command" ? consumer.reader.words : [];
  const words = downloads.flatMap(({ command }) => [
    ...command.words,
    ...command.assignments.flatMap(({ value }) => value ?? []),
  ]);
  return new Set(variablesOf(baseName(tee[0]) === "tee" ? [...words, ...tee] : words));
}

function consumerOf({ path, unit }: Plan): Consumer | NoFix {
  const last = path.at(-1);
  if (last?.kind === "stage" && last.node.stages.length > 1) {
    const reader = last.node.stages[last.index + 1];
    if (last.index > 0)
      return refuse(
        "The download reads from a pipe, so its content is made by more than the address; download the file alone, then pin it.",
      );
    return reader === undefined ? { kind: "around" } : { kind: "pipe", pipe: last.node, reader };
  }
  const [word, statement] = path.slice(-2);
  const only =
    word?.kind === "word" &&
    statement?.kind === "statement" &&
    isAlone(statement.block.statements) &&
    statement.statement.node.span.start === unit.start;
  return only ? { kind: "word", step: word } : { kind: "around" };
}

/** The file as the guard names it and as the reader names it, which may stand in a string. */
interface Files {
  readonly guard: PinFile;
  readonly run: PinFile;
  /** The reader behind a `tee`, which the download makes superfluous. */
  readonly teed: Node | undefined;
}

function filesOf(site: PinSite, plan: Plan, consumer: Consumer, anchor: Anchor): Files | NoFix {
  const tee = consumer.kind === "pipe" && !changesFolder(site, anchor) ? teeFile(site, consumer.pipe) : undefined;
  if (tee !== undefined && consumer.kind === "pipe") return { guard: tee, run: tee, teed: consumer.pipe.stages[2] };
  const strings = plan.path.filter((step) => step.kind === "string");
  const around = quotingOf(site, anchor.path);
  if (isRefusal(around)) return around;
  if (strings.length > 1) return refuse(UNREACHED);
  const quoting = strings[0]?.quote || "none";
  const { outside, inside } = scratchFile(site, nameOf(site, plan, consumer), quoting);
  return { guard: around.level === "none" ? outside : inside, run: inside, teed: undefined };
}

/** True where a command between the guard and the fetch goes to another folder. */
function changesFolder(site: PinSite, { span }: Anchor): boolean {
  return [...commandsOf(site)].some(({ command }) => contains(span, command.span) && goesElsewhere(command));
}

function nameOf(site: PinSite, { downloads }: Plan, consumer: Consumer): string {
  const parts = downloads[0]?.url.word.parts ?? [];
  const url = parts
    .map((part) => (part.kind === "text" ? part.value : ""))
    .join("")
    .slice(downloads[0]?.url.from ?? 0);
  const used = (name: string) => site.text.includes(`${site.scratch}/${name}`) || site.text.includes(`/tmp/${name}`);
  const taken = [...(site.taken ?? [])];
  for (;;) {
    const name = fileName(url, interpreterOf(consumer), taken);
    if (!used(name)) return name;
    taken.push(name);
  }
}

interface Guard {
  readonly anchor: Anchor;
  readonly layout: Layout;
  readonly run: Run;
  readonly file: PinFile;
}

/** Download and check, then the run. A download that is the first thing in its statement stays where it is. */
function guarded(
  site: PinSite,
  plan: Plan,
  known: Known,
  { anchor, layout, run, file }: Guard,
): readonly ScriptChange[] {
  const { unit, inner, downloads } = plan;
  const { before, separator, after, quoting } = layout;
  const check = separator + checkLine(site, known.sha256, file, quoting) + separator;
  const here = unit.start === anchor.span.start && run.fetch.span.start === unit.start;
  const gap = here ? gapBehind(site, inner.end, run.fetch.span.end) : " ";
  const download = downloads.flatMap((each) => {
    const last = each.command.words.at(-1)?.span.end === inner.end;
    return downloadChanges(site, each, { file, url: known.url, gap: last ? gap : " " });
  });
  const rest = [...run.changes, ...(after ? [after] : [])];
  if (here) {
    const opening = { span: { start: unit.start, end: inner.start }, text: "" };
    const closing = { span: { start: inner.end, end: run.fetch.span.end }, text: check + run.fetch.text };
    return [before, opening, ...download, closing, ...rest];
  }
  const joined = downloads.flatMap(({ command }) => joinedLines(site, command));
  const text = rewritten(site, inner, [...download, ...joined]);
  return [before, insert(before.span.end, text + check), apart(site, run.fetch), ...rest];
}

/** A command that is continued on the next line goes on so. */
function gapBehind({ text }: PinSite, start: number, end: number): string {
  return /^[ \t]*\\\n[ \t]*/.exec(text.slice(start, end))?.[0] ?? " ";
}

/** `$( (a) | …` must not become `$((a)`, which is arithmetic. */
function apart({ text }: PinSite, change: ScriptChange): ScriptChange {
  const { start, end } = change.span;
  const opens = text[start - 1] === "(" && (change.text === "" ? text[end] === "(" : change.text.startsWith("("));
  return opens ? { ...change, text: ` ${change.text}` } : change;
}
