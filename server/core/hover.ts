import { LOCK_FILE, type LockedAction, lockedAction } from "./actions-lock.ts";
import { pipelineOf, type SourceFile } from "./analyze.ts";
import type { Context } from "./context.ts";
import { pageOf } from "./explain.ts";
import { hiderOf } from "./hidden-values.ts";
import { codeSpan, prose } from "./markdown.ts";
import { type Pipeline, type Reference, referencesOf } from "./model.ts";
import { originOfAddress } from "./origin.ts";
import { type PinnedPlace, pinsIn } from "./pins.ts";
import { partsOf } from "./pulled.ts";
import type { Finding } from "./rule.ts";
import { eachOnce, type ForeignCode, type GrantedSecret, type Place, type StepCode, stepCodeIn } from "./step-code.ts";
import type { Span } from "./text.ts";
import { listed } from "./wording.ts";

/** Something under the cursor that a person may want to know about: code of others, code of the same repository, or an address. */
export type HoverSubject =
  | {
      readonly kind: "foreign";
      /** In the file that was asked about. */
      readonly span: Span;
      readonly code: ForeignCode;
      /** What the steps that run it are called. */
      readonly steps: readonly string[];
      readonly now: readonly GrantedSecret[];
      /** Without what is in `now`. */
      readonly later: readonly GrantedSecret[];
      /** Where it can be asked again whether the pin holds. */
      readonly pin: PinnedPlace | undefined;
      /** What the repository's lock file holds it to. */
      readonly locked: LockedAction | undefined;
    }
  | { readonly kind: "own"; readonly span: Span; readonly text: string }
  /** An address whose content nothing runs, as far as can be seen. */
  | { readonly kind: "data"; readonly span: Span; readonly text: string };

/** What the last verification said of a pin, on which day as YYYY-MM-DD. */
export interface Recalled {
  readonly day: string;
  /** One or two plain sentences. */
  readonly message: string;
}

/** How a hover is written. */
export interface HoverOptions {
  /** `undefined` for a pin that nobody has verified. */
  recall(pin: PinnedPlace): Recalled | undefined;
  /** Address of a link that verifies the pins of the file; absent where the editor can follow none. */
  readonly checkNow?: string;
  /** True where the editor shows the messages of findings beside the hover, with the places that are related to them. */
  readonly showsMessages: boolean;
}

/**
 * What stands at an offset of a file: the narrowest subjects. Total, and asks nothing.
 *
 * @param file the CI file, and `place` the file that is asked about, which may be one that the CI file runs
 */
export function subjectsAt(
  file: SourceFile,
  context: Context,
  place: { readonly path: string; readonly offset: number },
): readonly HoverSubject[] {
  const pipeline = pipelineOf(file, context);
  if (pipeline === undefined) return [];
  const steps = stepCodeIn(pipeline);
  const found = narrowest([...foreignAt(pipeline, steps, context, place), ...ownAt(pipeline, place)]);
  return found.length > 0 ? found : addressesAt(pipeline, steps, context, place);
}

interface Asked {
  readonly path: string;
  readonly offset: number;
}

function foreignAt(
  pipeline: Pipeline,
  steps: readonly StepCode[],
  context: Context,
  asked: Asked,
): readonly HoverSubject[] {
  const pins = pinsIn(pipeline);
  const here = pins.filter(({ path, span }) => path === asked.path && holds(span, asked.offset));
  return steps.flatMap((step) =>
    step.foreign.flatMap((code): HoverSubject[] => {
      const pin = pins.find((each) => isPinOf(each, code));
      const spans = [code.place, ...(code.fetched === undefined ? [] : [code.fetched])]
        .filter(({ path, span }) => path === asked.path && holds(span, asked.offset))
        .map(({ span }) => span);
      // The digits of a hash may stand in another line than the command that fetches what they are about.
      const [span = pin !== undefined && here.includes(pin) ? pin.span : undefined] = spans;
      if (span === undefined) return [];
      const { label, now, later } = step;
      return [
        { kind: "foreign", span, code, steps: [label], now, later, pin, locked: lockOf(code, context, pipeline) },
      ];
    }),
  );
}

/** A hash is about an address, wherever that stands; everything else is pinned where it is named. */
function isPinOf(
  { kind, path, span, subject }: PinnedPlace,
  { place, text, origin, kind: what }: ForeignCode,
): boolean {
  if (kind === "hash")
    return what === "script" ? subject === text || subject === origin.title : path === place.path && text === subject;
  return path === place.path && place.span.start <= span.start && span.end <= place.span.end;
}

function lockOf({ kind, text, place }: ForeignCode, context: Context, { system }: Pipeline): LockedAction | undefined {
  if (system !== "github-actions" || (kind !== "action" && kind !== "workflow")) return undefined;
  const lock = context.read(LOCK_FILE);
  return lock === undefined ? undefined : lockedAction(lock, place.path, text);
}

/** References to files of the same repository. */
function ownAt(pipeline: Pipeline, { path, offset }: Asked): readonly HoverSubject[] {
  const isOwn = ({ target, span }: Reference) => target.kind === "local" && holds(span, offset);
  return partsOf(pipeline)
    .filter((part) => part.pipeline.path === path)
    .flatMap((part) => [...referencesOf(part.pipeline)].filter(isOwn))
    .map(({ span, text }) => ({ kind: "own", span, text }));
}

/** Addresses that a command of a script fetches and that nothing runs. */
function addressesAt(
  pipeline: Pipeline,
  steps: readonly StepCode[],
  context: Context,
  { path, offset }: Asked,
): readonly HoverSubject[] {
  const isInScript = ({ path: own, span }: Place) =>
    own === path && (holds(span, offset) || (span.end === 0 && path !== pipeline.path));
  if (!steps.some(({ own }) => own.some(isInScript))) return [];
  const text = path === pipeline.path ? pipeline.text : (context.read(path) ?? "");
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const newline = text.indexOf("\n", offset);
  const line = text.slice(start, newline < 0 ? text.length : newline);
  const hide = hiderOf(partsOf(pipeline).map((part) => part.pipeline));
  return [...line.slice(0, MAX_LINE).matchAll(/https?:\/\/[^\s"'`<>|;&()]+/gi)]
    .map((match) => ({ start: start + match.index, end: start + match.index + match[0].length, url: match[0] }))
    .filter((url) => holds(url, offset) && isFetching(line.slice(0, url.start - start)))
    .map(({ url, ...span }) => ({ kind: "data", span, text: hide(originOfAddress(url).title) }));
}

/** What lies behind it in a line is not looked at: lines that long are no commands. */
const MAX_LINE = 10_000;

/** True for what stands in front of an address that a command fetches: no comment, and no mere mention. */
function isFetching(before: string): boolean {
  const fetches = /\b(?:curl|wget|aria2c|iwr|irm|invoke-webrequest|invoke-restmethod)\b/i.test(before);
  return fetches && !/(?:^|\s)#/.test(before);
}

function holds({ start, end }: Span, offset: number): boolean {
  return start <= offset && offset <= end;
}

/** Those with the smallest span, what is said twice once. */
function narrowest(subjects: readonly HoverSubject[]): readonly HoverSubject[] {
  const length = Math.min(...subjects.map(({ span }) => span.end - span.start));
  return subjects.filter(({ span }) => span.end - span.start === length);
}

/**
 * A hover in Markdown about subjects and findings at one place, from all pipelines that come there; `undefined` where there is nothing
 * to say. Nothing that a file says has an effect as markup, and no value of a secret is in it.
 */
export function hoverMarkdown(
  subjects: readonly HoverSubject[],
  findings: readonly Finding[],
  options: HoverOptions,
): string | undefined {
  const distinct = together(subjects);
  const todo = toDo(findings);
  const isLast = (index: number) => index === Math.min(distinct.length, MOST) - 1;
  // What to do stands above the table: an editor shows the first lines of a long hover.
  const parts = distinct
    .slice(0, MOST)
    .map((subject, index) => describe(subject, findings, isLast(index) ? todo : [], options));
  const messages = options.showsMessages ? [] : [...new Set(findings.map(({ message }) => prose(message)))];
  const isAboutCode = distinct.some(({ kind }) => kind === "foreign");
  const alone = isAboutCode
    ? []
    : distinctRules(findings)
        .slice(0, MOST)
        .map((finding) => describeFinding(finding, options));
  const blocks = [...messages, ...parts, ...alone, ...(isAboutCode ? [] : todo), ...links(findings, options)];
  const text = blocks.filter((block) => block !== "").join("\n\n");
  // A user and a password in an address are no part of what it names.
  return text === "" ? undefined : text.replace(/([a-z]:\/\/)[^\s/@`]+@/gi, "$1");
}

/** Of one place nobody reads about more things than these. */
const MOST = 3;

/** What several steps or pipelines run at one place is one subject, with what each of them could lose. */
function together(subjects: readonly HoverSubject[]): readonly HoverSubject[] {
  const known = new Map<string, HoverSubject>();
  for (const subject of subjects) {
    const key = JSON.stringify(subject.kind === "foreign" ? [subject.code.kind, subject.code.text] : [subject.kind]);
    const other = known.get(key);
    if (other === undefined || other.kind !== "foreign" || subject.kind !== "foreign") {
      known.set(key, other ?? subject);
      continue;
    }
    const now = eachOnce([...other.now, ...subject.now]);
    const names = new Set(now.map(({ name }) => name));
    const later = eachOnce([...other.later, ...subject.later]).filter(({ name }) => !names.has(name));
    known.set(key, { ...other, now, later, steps: [...new Set([...other.steps, ...subject.steps])] });
  }
  return [...known.values()];
}

function describe(
  subject: HoverSubject,
  findings: readonly Finding[],
  todo: readonly string[],
  options: HoverOptions,
): string {
  if (subject.kind === "own")
    return `${codeSpan(subject.text)} lies in this repository and comes with the commit that runs, so there is nothing to pin.`;
  if (subject.kind === "data")
    return `${codeSpan(subject.text)}: nothing that Pipewarden can see in this pipeline runs what comes from here, so there is nothing to pin.`;
  const { code, steps, locked } = subject;
  const by = steps.filter((label) => !label.includes(code.origin.title));
  const title = `**${KINDS[code.kind]}** ${codeSpan(code.text)}${by.length === 0 ? "" : `, run by ${prose(listed(by))}`}`;
  const isSaid = findings.length > 0 && code.state === "mutable";
  return [
    title,
    [...(isSaid ? [] : [stateOf(subject)]), ...lockLines(locked), ...pinLines(subject, options)].join(" "),
    ...todo,
    linksOf(subject, options),
    theftOf(subject, findings, options),
  ]
    .filter((block) => block !== "")
    .join("\n\n");
}

/** The table of secrets; of those that the editor lists beside the hover, with the message of a finding, no more. */
function theftOf(
  { now, later }: Extract<HoverSubject, { kind: "foreign" }>,
  findings: readonly Finding[],
  { showsMessages }: HoverOptions,
): string {
  const told = new Set(showsMessages ? findings.flatMap(({ reach = [] }) => reach.map(({ name }) => name)) : []);
  const isNews = ({ name }: GrantedSecret) => !told.has(name);
  if (told.size > 0 && !now.some(isNews) && !later.some(isNews)) return "";
  return theftTable(now.filter(isNews), later.filter(isNews));
}

const KINDS: { readonly [K in ForeignCode["kind"]]: string } = {
  action: "Action",
  workflow: "Called workflow",
  image: "Container image",
  include: "Included configuration",
  orb: "Orb",
  pipe: "Pipe",
  plugin: "Plugin",
  task: "Task",
  bundle: "Bundle of tasks",
  package: "Package",
  script: "Code from the network",
};

function stateOf({
  code: { state, pin, text },
  pin: place,
  locked,
}: Extract<HoverSubject, { kind: "foreign" }>): string {
  switch (state) {
    case "pinned": {
      const [what = "", value] = (pin ?? "its content").split(/ (?=[^ ]+$)/);
      // The title has the digits already.
      const isShown = value !== undefined && what !== "version" && text.includes(value);
      const isPlain = value === undefined || !/^(?:commit|digest|version)$/.test(what);
      const shown = isShown ? `this ${what}` : isPlain ? prose(pin ?? "its content") : `${what} ${codeSpan(value)}`;
      const named = place?.kind === "commit" && place.label !== undefined ? place.label : undefined;
      const calls = named === undefined ? "" : `, which the comment beside it calls ${codeSpan(named)}`;
      return pin?.includes("version")
        ? `Pinned to ${shown}.`
        : `Pinned to ${shown}${calls}: nobody can change it unseen.`;
    }
    case "checked":
      return "Compared with a known content before it runs: anything else stops the step.";
    case "mutable":
      return locked === undefined ? "Not pinned: whoever keeps it can change what runs here at any time." : "";
    case "unknown":
      return "Only the run knows which version this is, so nobody can tell from here whether it can change.";
  }
}

function lockLines(locked: LockedAction | undefined): readonly string[] {
  if (locked === undefined) return [];
  const uses = locked.uses.slice(0, MOST_NESTED).map(({ text, commit }) => {
    return `${codeSpan(text)} (${commit === undefined ? "not locked" : codeSpan(commit.slice(0, 12))})`;
  });
  const rest = locked.uses.length > MOST_NESTED ? ` and ${locked.uses.length - MOST_NESTED} more` : "";
  const nested = uses.length === 0 ? "" : ` It runs ${uses.join(", ")}${rest}.`;
  return [`The lock file ${codeSpan(LOCK_FILE)} holds it to commit ${codeSpan(locked.commit)}.${nested}`];
}

const MOST_NESTED = 8;

/** What is known of the pin, and since when. */
function pinLines({ pin }: Extract<HoverSubject, { kind: "foreign" }>, { recall }: HoverOptions): readonly string[] {
  if (!isCheckable(pin)) return [];
  const known = recall(pin);
  const said =
    known === undefined
      ? "Not verified yet whether that still holds."
      : `Verified on ${known.day}: ${prose(known.message)}`;
  return [said];
}

/** True where it can be asked whether the pin still holds. */
function isCheckable(pin: PinnedPlace | undefined): pin is PinnedPlace {
  return pin !== undefined && (pin.ask !== undefined || pin.alive !== undefined);
}

function linksOf(subject: Extract<HoverSubject, { kind: "foreign" }>, { checkNow }: HoverOptions): string {
  const check = isCheckable(subject.pin) && checkNow !== undefined ? [`[Check now](${checkNow})`] : [];
  return [...check, ...pageOfSubject(subject)].join(" · ");
}

function theftTable(now: readonly GrantedSecret[], later: readonly GrantedSecret[]): string {
  if (now.length + later.length === 0) return "No secret is within its reach.";
  const rows = [
    ...now.map((secret) => rowOf(secret, "now, while it runs")),
    ...later.map((secret) => rowOf(secret, "later, by changing what later steps run")),
  ];
  const rest = rows.length > MOST_ROWS ? [`\nand ${rows.length - MOST_ROWS} more`] : [];
  return ["| It could take | When | Granted by |", "|:---|:---|:---|", ...rows.slice(0, MOST_ROWS), ...rest].join("\n");
}

const MOST_ROWS = 12;

function rowOf({ name, scope }: Pick<GrantedSecret, "name" | "scope">, when: string): string {
  // A name with spaces in it is a phrase for what no file lists.
  const shown = name.includes(" ") ? prose(name) : codeSpan(name).replace(/\|/g, "\\|");
  return `| ${shown} | ${when} | ${prose(scope).replace(/(?<!\\)\|/g, "\\|")} |`;
}

/** Several pipelines may find the same in a script that they run. */
function distinctRules(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.toReversed().map((finding) => [finding.rule.id, finding])).values()].reverse();
}

/** A finding that is not about code of others. */
function describeFinding({ rule, reach = [], reachLater = [] }: Finding, { showsMessages }: HoverOptions): string {
  const now = showsMessages ? [] : reach;
  const granted = (secrets: typeof reach) => secrets.map((secret) => ({ ...secret, place: undefined }));
  const table = now.length + reachLater.length === 0 ? "" : theftTable(granted(now), granted(reachLater));
  return [rule.why, table].filter((block) => block !== "").join("\n\n");
}

function toDo(findings: readonly Finding[]): readonly string[] {
  const titles = [...new Set(findings.flatMap(({ fixes }) => fixes.slice(0, 1).map(({ title }) => title)))];
  return titles.length === 0 ? [] : [`**What to do:** the quick fix “${prose(titles[0] ?? "")}”.`];
}

function links(findings: readonly Finding[], { showsMessages }: HoverOptions): readonly string[] {
  const rules = showsMessages ? [] : [...new Set(findings.map(({ rule }) => rule))];
  return rules.length === 0 ? [] : [rules.map((rule) => `[${rule.id}](${pageOf(rule)})`).join(" · ")];
}

/** A link to the repository where the name is a plain one on a plain host: nothing else may get into an address. */
function pageOfSubject(subject: HoverSubject): readonly string[] {
  if (subject.kind !== "foreign" || !["action", "workflow"].includes(subject.code.kind)) return [];
  const { host = "", names } = subject.code.origin;
  const name =
    names[0]
      ?.slice(host.length + 1)
      .split("/")
      .slice(0, 2)
      .join("/") ?? "";
  if (!/^[\w-]+(?:\.[\w-]+)+$/.test(host) || !/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(name)) return [];
  return [`[${prose(name)} on ${prose(host)}](https://${host}/${name})`];
}
