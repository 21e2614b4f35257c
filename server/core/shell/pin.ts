import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import type { Command } from "./command.ts";
import { anchorOf, goesElsewhere } from "./pin-anchor.ts";
import { CMD } from "./pin-cmd.ts";
import type { PinDialect } from "./pin-dialect.ts";
import {
  downloadChanges,
  followsRedirects as followsByItself,
  quotedUrl,
  readDownload,
  requestObstacle,
} from "./pin-download.ts";
import type { PinFile } from "./pin-file.ts";
import { checkLine, layoutOf } from "./pin-guard.ts";
import { checkChanges, checkPlace } from "./pin-insert.ts";
import { valueText } from "./pin-options.ts";
import { commandsOf, pathTo } from "./pin-path.ts";
import { addressObstacle, loopObstacle, type Plan, planOf, UNREACHED } from "./pin-plan.ts";
import { POWERSHELL } from "./pin-powershell.ts";
import { type Known, pinRun } from "./pin-run.ts";
import { insert, isRefusal, merged, type PinSite, refuse } from "./pin-site.ts";

export type { PinFile } from "./pin-file.ts";
export type { Known } from "./pin-run.ts";
export type { PinSite } from "./pin-site.ts";

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
  return dialectOf(site).obstacle(site, fetch, url);
}

/**
 * The address whose bytes have to be hashed: the static text of the one address of the command, with the scheme that curl and wget add.
 * `undefined` where it has none or more than one, or where it is not static.
 */
export function pinnedUrl(site: PinSite, fetch: Command): string | undefined {
  return dialectOf(site).urlOf(site, fetch);
}

/**
 * Changes to the script text that make a fetch download to a file, verify it and run the file; what ran keeps its arguments, environment,
 * redirections and place. They do not overlap or touch, and masked expressions that they move are written out.
 * Refuses where no such change keeps what the script does.
 */
export function pinFetch(site: PinSite, fetch: Command, known: Known): readonly ScriptChange[] | NoFix {
  const changes = dialectOf(site).pin(site, fetch, known);
  return isRefusal(changes) ? changes : merged(changes);
}

/** The file that a fetch writes, `undefined` where it writes to standard output. */
export function downloadedFile(site: PinSite, fetch: Command): PinFile | undefined {
  return dialectOf(site).fileOf(site, fetch);
}

/** True where the command follows a redirect to another address: wget and the commands of Windows always do, curl with -L. */
export function followsRedirects(site: PinSite, fetch: Command): boolean {
  return dialectOf(site).followsRedirects(site, fetch);
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
  const changes = dialectOf(site).checkBefore(site, run, file, sha256);
  return isRefusal(changes) ? changes : merged(changes);
}

function dialectOf({ shell }: PinSite): PinDialect {
  return shell.language === "powershell" ? POWERSHELL : shell.language === "cmd" ? CMD : POSIX;
}

const POSIX: PinDialect = {
  urlOf(site, fetch) {
    const download = readDownload(site, fetch);
    const text = isRefusal(download) ? undefined : valueText(download.url);
    return text === undefined || /^[a-z][\w+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  },
  obstacle(site, fetch, url) {
    const plan = planOf(site, fetch);
    if (isRefusal(plan)) return plan;
    const [download] = plan.downloads;
    const changes = changesOf(site, plan, { sha256: "0".repeat(64) });
    if (isRefusal(changes)) return changes;
    return addressObstacle(download?.url.word, url) ?? (download && requestObstacle(download));
  },
  pin(site, fetch, known) {
    const plan = planOf(site, fetch);
    return isRefusal(plan) ? plan : changesOf(site, plan, known);
  },
  fileOf(site, fetch) {
    const download = readDownload(site, fetch);
    return isRefusal(download) ? undefined : download.file;
  },
  checkBefore(site, run, file, sha256) {
    if (file.language !== undefined && /[$%]/.test(file.quoted))
      return refuse("Another shell names the file by a variable; name it by a plain path, then pin it.");
    const path = pathTo(site, run.span);
    if (/^[^/$]/.test(file.quoted) && changesFolderBefore(site, run)) {
      return refuse(
        "The script goes to another folder before it runs the file; name the file by its whole path, then pin it.",
      );
    }
    const anchor = path && anchorOf(site, path, new Set(file.quoted.match(/(?<=\$\{?)\w+/g)));
    if (anchor === undefined) return refuse(UNREACHED);
    if (isRefusal(anchor)) return anchor;
    const layout = layoutOf(site, anchor);
    if (isRefusal(layout)) return layout;
    const check = checkLine(site, sha256, file, layout.quoting) + layout.separator;
    return [layout.before, insert(layout.before.span.end, check), ...(layout.after ? [layout.after] : [])];
  },
  followsRedirects: (_, fetch) => followsByItself(fetch),
};

function changesFolderBefore(site: PinSite, { span }: Command): boolean {
  return [...commandsOf(site)].some(({ command }) => command.span.end <= span.start && goesElsewhere(command));
}

function changesOf(site: PinSite, plan: Plan, known: Known): readonly ScriptChange[] | NoFix {
  const loop = loopObstacle(plan);
  if (loop !== undefined) return loop;
  const quoted = plan.path.some((step) => step.kind === "string");
  if (quoted && known.url !== undefined && quotedUrl(known.url, site.shell.language) !== known.url)
    return refuse(UNREACHED);
  const [download] = plan.downloads;
  return download?.file === undefined ? pinRun(site, plan, known) : pinFile(site, plan, download.file, known);
}

/** The download writes a file already: only the check is missing. */
function pinFile(
  site: PinSite,
  { downloads, path }: Plan,
  file: PinFile,
  known: Known,
): readonly ScriptChange[] | NoFix {
  const [download] = downloads;
  const address = valueText(download?.url);
  if (download?.ownName && known.url !== undefined && lastPart(known.url) !== lastPart(address ?? "")) {
    return refuse("The pinned address would give the file another name; name the file in the command, then pin it.");
  }
  const changes = downloads.flatMap((each) =>
    downloadChanges(site, each, { file: undefined, url: known.url, gap: " " }),
  );
  if (known.checkedElsewhere) return changes;
  const place = checkPlace(site, path, file);
  if (isRefusal(place)) return place;
  const check = checkChanges(site, place, file, known.sha256);
  return isRefusal(check) ? check : [...changes, ...check];
}

function lastPart(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/^.*\//s, "");
}
