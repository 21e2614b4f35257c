import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import type { Span } from "../text.ts";
import { type Command, type Node, type Statement, staticText } from "./command.ts";
import { type Consumer, interpreterOf, type Run, runOf, teeFile } from "./pin-consumer.ts";
import {
  baseName,
  type Download,
  downloadChanges,
  ELSEWHERE,
  joinedLines,
  OTHER_MACHINE,
  readDownload,
  requestObstacle,
} from "./pin-download.ts";
import { mentions, type PinFile, scratchFile } from "./pin-file.ts";
import { type Anchor, anchorOf, checkLine, type Layout, layoutOf, quotingOf, variablesOf } from "./pin-guard.ts";
import { checkChanges, checkPlace, fileDownloadChanges, isChecked } from "./pin-insert.ts";
import { fileName } from "./pin-name.ts";
import { valueText } from "./pin-options.ts";
import { pathTo, type Step } from "./pin-path.ts";
import { insert, isRefusal, merged, type PinSite, refuse, rewritten } from "./pin-site.ts";

export { followsRedirects } from "./pin-download.ts";
export type { PinFile } from "./pin-file.ts";
export type { PinSite } from "./pin-site.ts";

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

/**
 * Why a fetch cannot be pinned automatically, told before anybody asks the network; `undefined` where it can.
 *
 * @param url the address, where more of it is known than the script's own text tells
 */
export function pinObstacle(
  site: PinSite,
  fetch: Command,
  url: string | undefined = pinnedUrl(site, fetch),
): NoFix | undefined {
  const plan = planOf(site, fetch);
  if (isRefusal(plan)) return plan;
  const [download] = plan.downloads;
  const changes = changesOf(site, plan, { sha256: "0".repeat(64) });
  if (isRefusal(changes)) return changes;
  return addressObstacle(plan, url) ?? (download && requestObstacle(download));
}

/**
 * The address whose bytes have to be hashed: the static text of the one address of the command, with the scheme that curl and wget add.
 * `undefined` where it has none or more than one, or where it is not static.
 */
export function pinnedUrl(site: PinSite, fetch: Command): string | undefined {
  const download = readDownload(site, fetch);
  const text = isRefusal(download) ? undefined : valueText(download.url);
  return text === undefined || /^[a-z][\w+.-]*:\/\//i.test(text) ? text : `http://${text}`;
}

/**
 * Changes to the script text that make a fetch download to a file, verify it and run the file; what ran keeps its arguments, environment,
 * redirections and place. They do not overlap or touch, and masked expressions that they move are written out.
 * Refuses where no such change keeps what the script does.
 */
export function pinFetch(site: PinSite, fetch: Command, known: Known): readonly ScriptChange[] | NoFix {
  const plan = planOf(site, fetch);
  if (isRefusal(plan)) return plan;
  const changes = changesOf(site, plan, known);
  return isRefusal(changes) ? changes : merged(changes);
}

/** The file that a fetch writes, `undefined` where it writes to standard output. */
export function downloadedFile(site: PinSite, fetch: Command): PinFile | undefined {
  const download = readDownload(site, fetch);
  return isRefusal(download) ? undefined : download.file;
}

/**
 * Changes that check a file in front of the command that runs it, for a file that an earlier step of the job downloaded.
 *
 * @param file what {@link downloadedFile} gave for the download
 */
export function checkBefore(
  site: PinSite,
  run: Command,
  file: PinFile,
  sha256: string,
): readonly ScriptChange[] | NoFix {
  const path = pathTo(site, run.span);
  const anchor = path && anchorOf(site, path, new Set(file.quoted.match(/(?<=\$\{?)\w+/g)));
  if (anchor === undefined) return refuse(UNREACHED);
  if (isRefusal(anchor)) return anchor;
  const layout = layoutOf(site, anchor);
  if (isRefusal(layout)) return layout;
  const check = checkLine(site, sha256, file, layout.quoting) + layout.separator;
  return merged([layout.before, insert(layout.before.span.end, check), ...(layout.after ? [layout.after] : [])]);
}

const UNREACHED =
  "The command stands in text that another program reads, where a change could alter its quoting; write it as a command of this script, then pin it.";

/** A fetch with what stands around it. */
interface Plan {
  /** The way down to the unit. */
  readonly path: readonly Step[];
  /** The fetch with its alternatives: `(curl U || wget U)`. */
  readonly unit: Span;
  /** The same without parentheses. */
  readonly inner: Span;
  readonly downloads: readonly Download[];
}

const LANGUAGES = ["bash", "sh", "zsh", "ksh", "unknown"];

function planOf(site: PinSite, fetch: Command): Plan | NoFix {
  if (!LANGUAGES.includes(site.shell.language))
    return refuse("Only scripts of POSIX-like shells can be pinned this way; verify the download by hand.");
  const download = readDownload(site, fetch);
  if (isRefusal(download)) return download;
  const path = pathTo(site, fetch.span);
  if (path === undefined) return refuse(isHereDocument(site, fetch.span) ? OTHER_MACHINE : UNREACHED);
  const string = stringObstacle(path, download);
  if (string !== undefined) return string;
  if (download.file !== undefined) {
    if (isChecked(site, fetch.span, download.file)) {
      return refuse(
        "The file is already compared with a checksum; let a failing check stop the step, such as with `|| exit 1`.",
      );
    }
    return { path, unit: fetch.span, inner: fetch.span, downloads: [download] };
  }
  return withAlternatives(site, path, download);
}

/** A string is a program of this machine where a shell of this user reads it. */
function stringObstacle(path: readonly Step[], { command }: Download): NoFix | undefined {
  const step = path.find((each) => each.kind === "string");
  if (step === undefined) return undefined;
  const before = step.holder.words.slice(0, step.index);
  const names = before.map(baseName);
  if (names.some((name) => ELSEWHERE.test(name))) return refuse(OTHER_MACHINE);
  const option = staticText(before.at(-1)) ?? "";
  const shell = names.some((name) => /^(?:ba|da|a|z|k|mk)?sh$/.test(name)) && /^-[a-z]*c$/.test(option);
  if (!shell || names.some((name) => /^(?:su|runuser|gosu|su-exec)$/.test(name)) || names.includes("-u")) {
    return refuse(
      "Another user or program reads the command as text, so the file may not be readable there; write the command as one of this script, then pin it.",
    );
  }
  const fixed = [...command.words, ...command.redirects.flatMap(({ target }) => target ?? [])].every(
    (word) => staticText(word) !== undefined,
  );
  return fixed && command.assignments.length === 0 ? undefined : refuse(UNREACHED);
}

function isHereDocument(site: PinSite, span: Span): boolean {
  return /<<-?\s*["'\\]?\w/.test(site.text.slice(0, span.start));
}

/** Takes in the other ways to fetch the same address, and the parentheses around them. */
function withAlternatives(site: PinSite, path: readonly Step[], download: Download): Plan {
  const { command } = download;
  let plan: Plan = { path, unit: command.span, inner: command.span, downloads: [download] };
  const last = path.at(-1);
  if (last?.kind === "operand") {
    const downloads = last.node.operands.flatMap((node) => alternative(site, node, download));
    const same =
      downloads.length === last.node.operands.length && last.node.operators.every((operator) => operator === "||");
    if (!same) return plan;
    plan = { path: path.slice(0, -1), unit: last.node.span, inner: last.node.span, downloads };
  }
  const [body, statement] = plan.path.slice(-2);
  const alone = body?.kind === "body" && statement?.kind === "statement" && isAlone(statement.block.statements);
  if (!alone || body.node.kind !== "group" || body.node.redirects.length > 0) return plan;
  return { ...plan, path: plan.path.slice(0, -2), unit: body.node.span };
}

function alternative(site: PinSite, node: Node, { url }: Download): readonly Download[] {
  const download = node.kind === "command" ? readDownload(site, node) : undefined;
  if (download === undefined || isRefusal(download) || download.file !== undefined) return [];
  return valueText(download.url) !== undefined && valueText(download.url) === valueText(url) ? [download] : [];
}

function isAlone(statements: readonly Statement[]): boolean {
  return statements.length === 1 && statements[0]?.background === false;
}

/** Why the address names no fixed content. */
function addressObstacle({ downloads }: Plan, url: string | undefined): NoFix | undefined {
  const word = downloads[0]?.url.word;
  if (url === undefined && word !== undefined) {
    const holes = word.parts.flatMap((part) => (part.kind === "hole" ? [part.text] : []));
    if (holes.some((text) => /\bmatrix\b/.test(text))) {
      return refuse(
        "One line stands for several files here; put the SHA-256 beside the version in the matrix and verify that.",
      );
    }
    return refuse(
      "The address is known only when the pipeline runs; write it out, or keep the address and its SHA-256 side by side as two variables.",
    );
  }
  if (url !== undefined && !/^https?:\/\//i.test(url))
    return refuse("Only http and https addresses can be pinned; download the file from one of these.");
  if (url !== undefined && /^[^?#]*[/._-]latest(?:[/._?#-]|$)/i.test(url)) {
    return refuse(
      "The address is meant to change, so a hash would break with the next release; put a version into the address, then pin it.",
    );
  }
  if (url !== undefined && /^https?:\/\/[^/?#]*@/i.test(url)) {
    return refuse(
      "The address holds a credential, which is never sent to find the hash; take the SHA-256 of the file by hand and verify it.",
    );
  }
  return undefined;
}

function changesOf(site: PinSite, plan: Plan, known: Known): readonly ScriptChange[] | NoFix {
  const [download] = plan.downloads;
  const names = new Set(variablesOf(download ? [download.url.word] : []));
  if (
    plan.path.some((step) => step.kind === "body" && step.node.kind === "loop" && names.has(step.node.variable ?? ""))
  ) {
    return refuse(
      "The loop fetches several files and one hash fits only one; write one download per address, then pin each.",
    );
  }
  return download?.file === undefined ? pinRun(site, plan, known) : pinFile(site, plan, download.file, known);
}

/** The download writes a file already: only the check is missing. */
function pinFile(site: PinSite, plan: Plan, file: PinFile, known: Known): readonly ScriptChange[] | NoFix {
  const [download] = plan.downloads;
  const same =
    known.url === undefined ||
    lastPart(known.url) === lastPart(valueText(download?.url) ?? known.url) ||
    download?.line.options.some(({ name }) => /^-[oO]$|^--output/.test(name) && name !== "-O");
  if (same === false)
    return refuse("The pinned address would give the file another name; name the file in the command, then pin it.");
  const changes = fileDownloadChanges(site, plan.downloads, known.url);
  if (known.checkedElsewhere) return changes;
  const place = checkPlace(site, plan.path, file);
  if (isRefusal(place)) return place;
  const check = checkChanges(site, place, file, known.sha256);
  return isRefusal(check) ? check : [...changes, ...check];
}

function lastPart(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/^.*\//s, "");
}

/** The content goes straight to a reader: download and check in front of it, and the file in the place of the fetch. */
function pinRun(site: PinSite, plan: Plan, known: Known): readonly ScriptChange[] | NoFix {
  const consumer = consumerOf(plan);
  if (isRefusal(consumer)) return consumer;
  const uses = new Set(
    plan.downloads.flatMap(({ command }) =>
      variablesOf([...command.words, ...command.assignments.flatMap(({ value }) => value ?? [])]),
    ),
  );
  const anchor = anchorOf(site, plan.path, uses);
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
  const tee = consumer.kind === "pipe" ? teeFile(site, consumer.pipe) : undefined;
  if (tee !== undefined && consumer.kind === "pipe") return { guard: tee, run: tee, teed: consumer.pipe.stages[2] };
  const strings = plan.path.filter((step) => step.kind === "string");
  const around = quotingOf(site, anchor.path);
  if (isRefusal(around)) return around;
  if (strings.length > 1) return refuse(UNREACHED);
  const quoting = strings[0]?.quote || "none";
  const { outside, inside } = scratchFile(site, nameOf(site, plan, consumer), quoting);
  return { guard: around.level === "none" ? outside : inside, run: inside, teed: undefined };
}

function nameOf(site: PinSite, { downloads }: Plan, consumer: Consumer): string {
  const parts = downloads[0]?.url.word.parts ?? [];
  const url = parts
    .map((part) => (part.kind === "text" ? part.value : ""))
    .join("")
    .slice(downloads[0]?.url.from ?? 0);
  const used = (name: string) => mentions(site.text, { word: name, quoted: `${site.scratch}/${name}` });
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
  return [before, insert(before.span.end, text + check), run.fetch, ...rest];
}

/** A command that is continued on the next line goes on so. */
function gapBehind({ text }: PinSite, start: number, end: number): string {
  return /^[ \t]*\\\n[ \t]*/.exec(text.slice(start, end))?.[0] ?? " ";
}
