import type { NoFix } from "../rule.ts";
import type { Span } from "../text.ts";
import { type Command, type Node, type Statement, staticText, type Word } from "./command.ts";
import { baseName, type Download, ELSEWHERE, OTHER_MACHINE, readDownload } from "./pin-download.ts";
import { isChecked } from "./pin-insert.ts";
import { valueText } from "./pin-options.ts";
import { pathTo, type Step, variablesOf } from "./pin-path.ts";
import { NESTED } from "./pin-powershell-place.ts";
import { isRefusal, type PinSite, refuse } from "./pin-site.ts";

/** A fetch with what stands around it. */
export interface Plan {
  /** The way down to the unit. */
  readonly path: readonly Step[];
  /** The fetch with its alternatives: `(curl U || wget U)`. */
  readonly unit: Span;
  /** The same without parentheses. */
  readonly inner: Span;
  readonly downloads: readonly Download[];
}

/** Said where a change could alter how the text around it is read. */
export const UNREACHED =
  "The command stands in text that another program reads, where a change could alter its quoting; write it as a command of this script, then pin it.";

const LANGUAGES = ["bash", "sh", "zsh", "ksh", "unknown"];

/** Commands that only the text of `pwsh -Command "…"` can have in a script of these shells. */
const POWERSHELL_NAME = /^(?:irm|iwr|invoke-webrequest|invoke-restmethod|start-bitstransfer|\.download\w+)$/;

/** Finds the fetch in the script, or says why it has no place there at which it can be changed. */
export function planOf(site: PinSite, fetch: Command): Plan | NoFix {
  if (!LANGUAGES.includes(site.shell.language))
    return refuse("Only scripts of POSIX-like shells, PowerShell and cmd can be pinned; verify the download by hand.");
  if (POWERSHELL_NAME.test(baseName(fetch.words[0]))) return refuse(NESTED);
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

/** True for a list of one statement that somebody waits for. */
export function isAlone(statements: readonly Statement[]): boolean {
  return statements.length === 1 && statements[0]?.background === false;
}

/**
 * Why the address names no fixed content; `undefined` where it does.
 *
 * @param word the address as the command writes it
 * @param url the address as far as it is known
 */
export function addressObstacle(word: Word | undefined, url: string | undefined): NoFix | undefined {
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

/** Why one hash cannot stand for what a loop fetches. */
export function loopObstacle({ downloads, path }: Plan): NoFix | undefined {
  const names = new Set(variablesOf(downloads.map(({ url }) => url.word)));
  const varies = path.some(
    (step) => step.kind === "body" && step.node.kind === "loop" && names.has(step.node.variable ?? ""),
  );
  if (!varies) return undefined;
  return refuse(
    "The loop fetches several files and one hash fits only one; write one download per address, then pin each.",
  );
}
