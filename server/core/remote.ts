import type { RemoteExecution } from "./flow.ts";
import { Memo } from "./memo.ts";
import type { Script, Step } from "./model.ts";
import type { Policy } from "./policy.ts";
import type { Answer, Question } from "./question.ts";
import type { Fix, NoFix, Related } from "./rule.ts";
import type { Block, Command } from "./shell/command.ts";
import type { Download } from "./shell/dataflow.ts";
import { hostOf } from "./shell/downloads.ts";
import { movableGitAddress } from "./shell/git-address.ts";
import {
  checkBefore,
  downloadedFile,
  followsRedirects,
  type PinSite,
  pinFetch,
  pinnedUrl,
  pinObstacle,
} from "./shell/pin.ts";
import { vendorOf } from "./shell/vendors.ts";
import type { Span } from "./text.ts";
import { listed, shortened } from "./wording.ts";

// What the rules about downloaded code have in common: what they say and how it is pinned.

/** Where a download was made: the script that holds the command, as the flow found it. */
export type Fetched = RemoteExecution["downloads"][number];

/** True where all of it comes from hosts that a person trusts, on a way where nobody can change it. */
export function isTrusted(downloads: readonly { readonly download: Download }[], policy: Policy): boolean {
  const isOwn = ({ download: { url } }: { readonly download: Download }) =>
    /^https:/i.test(url) && policy.trustsHost(hostOf(url) ?? "");
  return downloads.length > 0 && downloads.every(isOwn);
}

/** The addresses of downloads, each once, short enough for a message. */
export function addresses(downloads: readonly { readonly download: Download }[]): string {
  return listed([...new Set(downloads.map(({ download }) => shortened(download.url)))]);
}

/** A place in a script, in whatever file that lies. */
export function placeIn(script: Script, span: Span): { readonly path?: string; readonly span: Span } {
  return { span: script.toDocument(span), ...(script.path === undefined ? {} : { path: script.path }) };
}

/** The step that runs a file of the repository, as a related place of a finding in that file. */
export function callers(script: Script, step: Step): readonly Related[] {
  if (script.path === undefined) return [];
  const { path } = step.scope;
  return [{ span: step.span, message: `Run by ${step.label}`, ...(path !== undefined && { path }) }];
}

/** Where the lines of texts begin: each finding of a long script asks. The unit of the weight is one of the text. */
const LINE_STARTS = new Memo<readonly number[]>(1_000_000);

/** One-based line of an offset, for a message that names another line. */
export function lineOf(text: string, offset: number): number {
  const starts = LINE_STARTS.get(text) ?? lineStarts(text);
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return Math.max(1, low);
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  LINE_STARTS.set(text, starts, text.length);
  return starts;
}

/**
 * One fix for each fetch that can be pinned by its content.
 *
 * @param run where the download runs, when that is another script: the check then belongs there
 */
export function pinFixes(downloads: readonly Fetched[], run?: RemoteExecution): readonly Fix[] {
  return downloads.flatMap((fetched) => {
    const place = placeOf(fetched, run);
    const url = addressOf(place, fetched.download);
    if (url === undefined || !/^https:/i.test(url) || obstacleOf(place, url) !== undefined) return [];
    return [pinFix(`Pin ${shortened(url.replace(/^https:\/\/(?:[^@/?#]*@)?/, ""), 60)} by its SHA-256`, url, place)];
  });
}

/** Why a fetch cannot be pinned by a fix, and what to do instead; `undefined` where a fix does it. */
function obstacle(downloads: readonly Fetched[]): string | undefined {
  return downloads.flatMap((fetched) => {
    const place = placeOf(fetched, undefined);
    return obstacleOf(place, addressOf(place, fetched.download)) ?? [];
  })[0];
}

/** What to do, as the last sentence of a message: the maker's own better way, why there is no fix, or what the fix does. */
export function cureFor(downloads: readonly Fetched[], fixes: readonly Fix[], otherwise: string): string {
  const advice = downloads.flatMap(({ download }) => vendorOf(download.url)?.advice ?? [])[0];
  return advice ?? (fixes.length === 0 ? obstacle(downloads) : undefined) ?? otherwise;
}

/** Where a fix changes the document. */
interface Place {
  readonly site: PinSite;
  readonly script: Script;
  readonly command: Command;
  /** Where the file runs, when that is in another script. */
  readonly run: { readonly site: PinSite; readonly script: Script; readonly command: Command } | undefined;
}

function placeOf({ download, script, program }: Fetched, run: RemoteExecution | undefined): Place {
  const apart = run !== undefined && run.script !== script && run.script.unit !== script.unit;
  const elsewhere = apart && script.checksItself !== true;
  return {
    site: siteOf(script, program),
    script,
    command: download.command,
    run: elsewhere
      ? { site: siteOf(run.script, run.program), script: run.script, command: run.execution.command }
      : undefined,
  };
}

function siteOf({ text, holes, shell, operatingSystems, scratch, lineOnly = false }: Script, program: Block): PinSite {
  return { text, holes, program, shell, operatingSystems, scratch, lineOnly };
}

/** The address that the command names, or that the data flow knows its variables to make. */
function addressOf({ site, command }: Place, download: Download): string | undefined {
  return pinnedUrl(site, command) ?? (download.known && /^https?:/i.test(download.url) ? download.url : undefined);
}

function obstacleOf({ site, command }: Place, url: string | undefined): string | undefined {
  return pinObstacle(site, command, url)?.refused;
}

/** An address on a branch or tag is first moved to the commit behind it: a hash of a moving file would break the next build. */
function pinFix(title: string, url: string, place: Place): Fix {
  const git = pinnedUrl(place.site, place.command) === undefined ? undefined : movableGitAddress(url);
  if (git === undefined) {
    return { title, ask: { kind: "scriptHash", url }, next: (answer) => pinned(title, url, url, answer, place) };
  }
  const ask: Question = { kind: "commit", host: git.host, repo: git.repo, ref: git.ref };
  return {
    title: `${title}, at today's commit of ${git.ref}`,
    ask,
    next: (answer) => {
      if (answer.kind !== "commit") return UNEXPECTED;
      const fixed = git.at(answer.commit);
      return { title, ask: { kind: "scriptHash", url: fixed }, next: (hash) => pinned(title, url, fixed, hash, place) };
    },
  };
}

const UNEXPECTED: NoFix = { refused: "The answer does not fit the question, so nothing was changed." };

function pinned(title: string, written: string, url: string, answer: Answer, place: Place): Fix | NoFix {
  if (answer.kind !== "scriptHash") return UNEXPECTED;
  const { site, script, command, run } = place;
  if (answer.finalUrl !== url && !followsRedirects(site, command)) {
    const host = hostOf(written) ?? written;
    return {
      refused: `${host} redirects to another address, and the command does not follow redirects: it runs an empty script today. Check the address first.`,
    };
  }
  const known = { sha256: answer.sha256, text: answer.text, ...(url === written ? {} : { url }) };
  const changes = pinFetch(site, command, { ...known, ...(run === undefined ? {} : { checkedElsewhere: true }) });
  if ("refused" in changes) return changes;
  const file = run === undefined ? undefined : downloadedFile(site, command);
  const checks = run === undefined || file === undefined ? [] : checkBefore(run.site, run.command, file, answer.sha256);
  if ("refused" in checks) return checks;
  const download = script.rewrite(changes);
  const check = checks.length === 0 ? [] : run?.script.rewrite(checks);
  if (download === undefined || check === undefined) return { refused: NO_ROOM };
  return { title, edits: [...download, ...check] };
}

const NO_ROOM =
  "The pinned form needs several lines, and this place cannot hold them. Write the script as a block first.";
