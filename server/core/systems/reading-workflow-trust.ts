import type { Checkout, Trigger } from "../model.ts";
import type { Span } from "../text.ts";
import {
  childInsertion,
  entries,
  entry,
  get,
  insertion,
  items,
  scalar,
  text,
  type YamlEntry,
  type YamlNode,
  type YamlScalar,
} from "../yaml.ts";
import { wordEdit } from "./reading.ts";

// Whose code a workflow of GitHub's notation runs: events that strangers cause, checkouts of what they sent, and what keeps them out.

/**
 * Events that somebody without write access can cause, and whose runs have the secrets of the repository. A `pull_request` is none of
 * them: from a fork it comes without secrets. Source: docs.github.com, "Events that trigger workflows" and "Securely using
 * pull_request_target".
 */
const OPEN = new Set([
  "pull_request_target",
  "workflow_run",
  "issue_comment",
  "issues",
  "discussion",
  "discussion_comment",
  "fork",
  "watch",
]);

/** The open events among those that start a workflow, in the order of the file. */
export function openTriggersOf(root: YamlNode | undefined): readonly Trigger[] {
  return events(get(root, "on")).filter(({ name }) => OPEN.has(name));
}

interface Event extends Trigger {
  /** The types of activity that start the workflow; [] for those that start it by default. */
  readonly types: readonly string[];
}

function events(on: YamlNode | undefined): readonly Event[] {
  const listed = on?.kind === "scalar" ? [on] : items(on).flatMap((each) => scalar(each) ?? []);
  return [
    ...listed.map(({ text: name, span }) => ({ name, span, types: [] })),
    ...entries(on).map(({ key, keySpan, value }) => ({
      name: key,
      span: keySpan,
      types: typesOf(get(value, "types")),
    })),
  ];
}

function typesOf(node: YamlNode | undefined): readonly string[] {
  return [...(scalar(node) === undefined ? [] : [node]), ...items(node)].flatMap((each) => text(each) ?? []);
}

/** How much stands between a stranger's code and a job. */
type Trust =
  /** Nothing. */
  | { readonly kind: "open" }
  /** Somebody with write access has to do something first, such as set a label. */
  | { readonly kind: "guarded"; readonly by: string }
  /** Code of strangers does not get here. */
  | { readonly kind: "own" };

const OPEN_DOOR: Trust = { kind: "open" };
const OWN: Trust = { kind: "own" };

/** What a workflow says about a job before the job's steps begin. */
export interface Admission {
  readonly triggers: readonly Trigger[];
  readonly trust: Trust;
}

/** What the jobs of a workflow have in common: their names, and the events that strangers can cause. */
interface Doors {
  readonly jobs: ReadonlyMap<string, YamlNode | undefined>;
  readonly open: readonly Event[];
  readonly names: ReadonlySet<string>;
  /** What was read of each job by itself, filled as it is asked for. */
  readonly guards: Map<YamlNode, Guard>;
}

/** What a job says of itself, apart from the jobs that it needs. */
interface Guard {
  readonly trusts: readonly Trust[];
  readonly needed: readonly YamlNode[];
}

const DOORS = new WeakMap<YamlNode, Doors>();

/** Computed once for each workflow, however many jobs it has. */
function doorsOf(root: YamlNode | undefined): Doors {
  const known = root && DOORS.get(root);
  if (known !== undefined) return known;
  const jobs = new Map(entries(get(root, "jobs")).map(({ key, value }) => [key, value]));
  const open = events(get(root, "on")).filter(({ name }) => OPEN.has(name));
  const doors = { jobs, open, names: new Set(open.map(({ name }) => name)), guards: new Map() };
  if (root !== undefined) DOORS.set(root, doors);
  return doors;
}

/** What keeps strangers' code out of each job: its own conditions and environment, those of the jobs that it needs, and the types of the events. */
export function admissionOf(root: YamlNode | undefined, job: YamlNode | undefined): Admission {
  const doors = doorsOf(root);
  const { open } = doors;
  const labelled = open.every(({ types }) => types.length > 0 && types.every((type) => type === "labeled"));
  const trusts: Trust[] = open.length > 0 && labelled ? [{ kind: "guarded", by: "a label" }] : [];
  const seen = new Set<YamlNode>();
  const ahead = job === undefined ? [] : [job];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const guard = guardOf(next, doors);
    trusts.push(...guard.trusts);
    for (const needed of guard.needed) if (!seen.has(needed)) ahead.push(needed);
  }
  return { triggers: open, trust: trusts.reduce(strictest, OPEN_DOOR) };
}

/** Read once for each job, however many others need it. */
function guardOf(job: YamlNode, { jobs, names, guards }: Doors): Guard {
  const known = guards.get(job);
  if (known !== undefined) return known;
  const trusts = [conditionTrust(get(job, "if"), names)];
  if (get(job, "environment") !== undefined) trusts.push({ kind: "guarded", by: "the rules of an environment" });
  const guard = { trusts, needed: typesOf(get(job, "needs")).flatMap((name) => jobs.get(name) ?? []) };
  guards.set(job, guard);
  return guard;
}

/** The trust that an `if` gives to what it stands in front of. */
function conditionTrust(node: YamlNode | undefined, open: ReadonlySet<string>): Trust {
  return trustIn(text(node) ?? "", (leaf) => leafTrust(leaf, open));
}

/** The trust that a whole condition gives, from that of each comparison in it. */
function trustIn(condition: string, trustOfLeaf: (leaf: string) => Trust): Trust {
  const written = condition.replace(/^\s*\$\{\{|\}\}\s*$/g, "");
  return written.length > 4000 ? OPEN_DOOR : trustOf(written, trustOfLeaf, 0);
}

function trustOf(condition: string, trustOfLeaf: (leaf: string) => Trust, depth: number): Trust {
  const deeper = (part: string): Trust => trustOf(part, trustOfLeaf, depth + 1);
  const ways = splitOutside(condition, "||");
  if (depth > 20) return OPEN_DOOR;
  if (ways.length > 1) return ways.map(deeper).reduce(laxest, OWN);
  const parts = splitOutside(condition, "&&");
  if (parts.length > 1) return parts.map(deeper).reduce(strictest, OPEN_DOOR);
  const inner = /^\s*\(([\s\S]*)\)\s*$/.exec(condition)?.[1];
  return inner === undefined ? trustOfLeaf(condition) : deeper(inner);
}

/** Splits at an operator that stands in no brackets and in no string. */
function splitOutside(condition: string, operator: "&&" | "||"): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < condition.length; at++) {
    const char = condition.charAt(at);
    if (char === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (char === "(" || char === "[") depth++;
    else if (char === ")" || char === "]") depth--;
    else if (depth === 0 && condition.startsWith(operator, at)) {
      parts.push(condition.slice(start, at));
      start = at + operator.length;
      at++;
    }
  }
  return [...parts, condition.slice(start)];
}

function leafTrust(leaf: string, open: ReadonlySet<string>): Trust {
  const event = /\bevent_name\s*(==|!=)\s*'(\w+)'/.exec(leaf);
  if (event) {
    const others = [...open].filter((name) => (event[1] === "==") === (name === event[2]));
    return others.length === 0 ? OWN : OPEN_DOOR;
  }
  if (/\bworkflow_run\s*\.\s*event\s*(?:==\s*'(?!pull_request|issue|discussion)|!=\s*'pull_request')/.test(leaf))
    return OWN;
  if (asksForOwnRepository(leaf)) return OWN;
  if (/\bpull_request\s*\.\s*merged\b(?!_)/.test(leaf) && !/!\s*github|==\s*false/.test(leaf)) return OWN;
  if (/\blabels?\s*[.[]/.test(leaf) && !/^\s*!/.test(leaf)) return { kind: "guarded", by: "a label" };
  if (/\bauthor_association\b/.test(leaf)) return { kind: "guarded", by: "the author's role" };
  if (/\b(?:actor|sender\s*\.\s*login|user\s*\.\s*login)\b/.test(leaf) && !/!=|^\s*!/.test(leaf))
    return { kind: "guarded", by: "the name of who asks" };
  return OPEN_DOOR;
}

/** True for a comparison that holds where the branch lies in the repository itself, and in no fork. */
function asksForOwnRepository(leaf: string): boolean {
  return [
    /\bhead(?:_repository|\s*\.\s*repo)\s*\.\s*fork\s*(?:==\s*false|!=\s*true)/,
    /^\s*!\s*[\w.]*\bhead(?:_repository|\.repo)\.fork\s*$/,
    /\bhead(?:_repository|\s*\.\s*repo)\s*\.\s*(?:full_name|id|owner|name)\b[^!]*==/,
    /==[^!]*\bhead(?:_repository|\.repo)\.(?:full_name|id|owner)\b/,
  ].some((pattern) => pattern.test(leaf));
}

/** True where an `if` lets nothing through that comes from a fork, neither code nor text. */
export function keepsForksOut(condition: string): boolean {
  const leaf = (written: string): Trust => (asksForOwnRepository(written) ? OWN : OPEN_DOOR);
  return trustIn(condition, leaf).kind === "own";
}

const RANK = { open: 0, guarded: 1, own: 2 };

function strictest(a: Trust, b: Trust): Trust {
  return RANK[b.kind] > RANK[a.kind] ? b : a;
}

function laxest(a: Trust, b: Trust): Trust {
  return RANK[b.kind] < RANK[a.kind] ? b : a;
}

/**
 * What a step that calls `actions/checkout` does. Since version 6 the credential lies beside the work tree instead of in it; later steps
 * find it either way. Source: the readme of actions/checkout, `persist-credentials`.
 */
export function actionCheckout(document: string, step: YamlNode, admission: Admission): Checkout {
  const inputs = get(step, "with");
  const persisted = entry(inputs, "persist-credentials");
  const value = scalar(persisted?.value);
  // An expression may be either, and that is for its author to know.
  const keeps = value === undefined ? persisted === undefined : /^true$/i.test(value.text.trim());
  const edit = keeps ? droppingEdit(document, step, persisted, value) : undefined;
  const asked = (keeps && persisted?.value) || get(step, "uses") || step;
  return {
    span: asked.span,
    folder: (text(get(inputs, "path")) ?? "").replace(/^\.\/?|\/$/g, ""),
    ...whoseCode([get(inputs, "ref"), get(inputs, "repository")], step, admission),
    keepsCredentials: keeps,
    inTree: keeps && !/@v?(?:[6-9]|\d\d)(?:\.\d+)*$/.test(text(get(step, "uses")) ?? ""),
    ...(edit !== undefined && { drop: { text: "persist-credentials: false", edits: [edit] } }),
  };
}

function droppingEdit(
  document: string,
  step: YamlNode,
  persisted: YamlEntry | undefined,
  value: YamlScalar | undefined,
) {
  if (step.kind !== "map" || step.alias !== undefined || step.anchored) return undefined;
  if (value !== undefined) {
    return persisted?.merged === false ? wordEdit(value, "false") : undefined;
  }
  const inputs = entry(step, "with");
  const map = inputs?.value;
  const shared = inputs?.merged === true || map?.alias !== undefined || map?.anchored === true;
  if (shared || (map !== undefined && map.kind !== "map")) return undefined;
  if (inputs !== undefined && map === undefined) return undefined;
  const slot = map === undefined ? childInsertion(document, step, "with") : insertion(document, map);
  if (slot === undefined) return undefined;
  return { span: { start: slot.at, end: slot.at }, text: `${slot.before}persist-credentials: false${slot.after}` };
}

/** What a script of a step does that brings the code of a pull request: `gh pr checkout`, or a fetch of `pull/N/head`. */
export function scriptCheckout(run: YamlScalar, step: YamlNode, admission: Admission): Checkout | undefined {
  const found = PULLED.exec(run.text);
  if (found === null || admission.triggers.length === 0) return undefined;
  const span = run.map.toDocument({ start: found.index, end: found.index + found[0].length });
  return { span, folder: "", ...admitted(span, step, admission), keepsCredentials: false, inTree: false };
}

const PULLED =
  /\bgh[ \t]+pr[ \t]+checkout\b[^\n;&|]*|\bgit\b[^\n;&|]*\b(?:fetch|pull)\b[^\n;&|]*\bpull\/[^\n;&|]*\/(?:head|merge)\b[^\n;&|]*/;

type Whose = Pick<Checkout, "foreign" | "foreignSpan" | "guard">;

function whoseCode(inputs: readonly (YamlNode | undefined)[], step: YamlNode, admission: Admission): Whose {
  const names = new Set(admission.triggers.map(({ name }) => name));
  for (const input of inputs) {
    const written = scalar(input);
    if (written !== undefined && namesHead(written.text, names))
      return admitted(written.map.toDocument({ start: 0, end: written.text.length }), step, admission);
  }
  return { foreign: false };
}

function admitted(foreignSpan: Span, step: YamlNode, admission: Admission): Whose {
  const open = new Set(admission.triggers.map(({ name }) => name));
  const trust = strictest(admission.trust, conditionTrust(get(step, "if"), open));
  if (trust.kind === "own") return { foreign: false };
  return { foreign: true, foreignSpan, ...(trust.kind === "guarded" && { guard: trust.by }) };
}

/** True where a reference or repository is that of the pull request which caused the event. */
function namesHead(written: string, open: ReadonlySet<string>): boolean {
  const request = open.has("pull_request_target") || open.has("issue_comment");
  if (request && /\bpull_request\s*\.\s*(?:head\s*\.|merge_commit_sha\b)|\bhead_ref\b/.test(written)) return true;
  if (request && /\brefs\/pull\/|(?:^|\s)pull\//.test(written) && written.includes("${{")) return true;
  if (open.has("workflow_run") && /\bworkflow_run\s*\.\s*(?:head_(?!commit\.message)|pull_requests\b)/.test(written))
    return true;
  return open.has("issue_comment") && /\b(?:steps|needs)\.[\w.-]+\.outputs\.[\w-]*head[_-]?(?:sha|ref)\b/.test(written);
}
