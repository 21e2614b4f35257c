import { type Left, leftBehind } from "./left-behind.ts";
import {
  type AmbientSecret,
  canWrite,
  type Job,
  type Pipeline,
  type Reference,
  type ReferenceKind,
  type Scope,
  type ScopeLevel,
  type SecretKind,
  type SecretUse,
  type Step,
  scopeChain,
} from "./model.ts";
import type { Span } from "./text.ts";

/** One secret that a process can read, and the place that granted it. */
export interface ReachedSecret {
  readonly name: string;
  readonly kind: SecretKind;
  /** Of a login: what it was made from. */
  readonly from?: SecretKind;
  /** How a person would call the scope that grants it: "the whole workflow". */
  readonly scope: string;
  readonly level: ScopeLevel;
  /** The file that grants it, from the repository's root; absent for the analysed file. */
  readonly path?: string;
  /** Where the document grants it; absent for what the system hands out by itself. */
  readonly span: Span | undefined;
  /** True where the secret is a token that the file lets change something. */
  readonly writes?: boolean;
  /** True for a token that no line of the file hands over: the system does. */
  readonly implied?: true;
  /** As in {@link SecretUse}. */
  readonly extent?: SecretUse["extent"];
}

/** What a step can take. */
export interface StepReach {
  /** What its own process can read: environment, inputs, files, logins. Decides the severity. */
  readonly now: Reach;
  /** What it could take by tampering with what later steps of its job run, without what is in `now`. */
  readonly later: Reach;
}

/** The secrets that a process can read, innermost grant first, each name once. */
export type Reach = readonly ReachedSecret[];

/**
 * Everything that a step can take, with what earlier steps of its job left behind. Logins that a script of the repository makes, which
 * a step only calls, are not seen; those of a local action are.
 *
 * @param step one of the job's steps
 */
export function reachOf(job: Job, step: Step): StepReach {
  const { before, holders, reaches } = sharingOf(job);
  const known = reaches.get(step);
  if (known !== undefined) return known;
  const now = nowOf(job, step, before.get(step) ?? []);
  const names = new Set(now.map(({ name }) => name));
  const at = job.steps.indexOf(step);
  const own = [...holders].flatMap(([name, list]): Reach => {
    const next = names.has(name) || isBeside(step) ? undefined : list.find((holder) => holder.at > at);
    return next === undefined ? [] : [next.secret];
  });
  // What runs in place of a step comes before whatever comes after that step.
  const around = job.within === undefined ? [] : reachOf(job.within.job, job.within.step).later;
  const later = unique([...own, ...around.filter(({ name }) => !names.has(name))]);
  const reach = { now, later };
  reaches.set(step, reach);
  return reach;
}

/** What the processes of a step can read without what earlier steps of its job left behind: its own secrets and those around it. */
export function reachOfStep(step: Step): Reach {
  return unique([...ownOf(step), ...grantedAround(step)]);
}

/** What code can take that runs at several places. */
export function reachOfAll(reaches: readonly StepReach[]): StepReach {
  const now = unique(reaches.flatMap((each) => each.now));
  const names = new Set(now.map(({ name }) => name));
  return { now, later: unique(reaches.flatMap((each) => each.later)).filter(({ name }) => !names.has(name)) };
}

/** What anything that runs directly in a scope can read. */
export function reachOfScope(scope: Scope): Reach {
  return unique(scopeChain(scope).flatMap(grantsOf));
}

/** A reference with what the code behind it can take. */
export interface Call {
  readonly reference: Reference;
  /** The step that runs it; absent for what belongs to a job or the whole file. */
  readonly step?: Step;
  readonly reach: StepReach;
}

/** Every reference of these kinds that somebody else can move, in the order of `referencesOf`. Of others nobody asks for the reach. */
export function* mutableCalls(pipeline: Pipeline, ...kinds: readonly ReferenceKind[]): Iterable<Call> {
  const isWanted = ({ kind, target }: Reference): boolean => target.pin === "mutable" && kinds.includes(kind);
  const beside = (reference: Reference): Call => ({
    reference,
    reach: { now: reachOfScope(reference.scope), later: [] },
  });
  yield* pipeline.references.filter(isWanted).map(beside);
  for (const job of pipeline.jobs) {
    yield* job.references.filter(isWanted).map(beside);
    for (const step of job.steps)
      for (const reference of step.references.filter(isWanted)) yield { reference, step, reach: reachOf(job, step) };
  }
}

/** The secrets of a reach that the file itself names, as they are or in the login that was made from them. */
export function namedSecrets(reach: Reach): Reach {
  return reach.filter(({ kind, from, extent }) => (kind === "named" || from === "named") && extent !== "computed");
}

/**
 * The secrets that make a finding graver: those that the file names, and a token that the file lets change something. What the settings
 * hold and what the system hands out by itself is told and raises nothing.
 */
export function raising(reach: Reach): Reach {
  const named = new Set(namedSecrets(reach));
  return reach.filter((secret) => named.has(secret) || (secret.writes === true && secret.implied !== true));
}

/** What the steps of one job hand to each other. */
interface Sharing {
  /** For each step, what the earlier ones left where it can read it. */
  readonly before: ReadonlyMap<Step, readonly Left[]>;
  /** For each name, the steps that have it of their own, in order. */
  readonly holders: ReadonlyMap<string, readonly Holder[]>;
  readonly reaches: Map<Step, StepReach>;
}

interface Holder {
  readonly at: number;
  readonly secret: ReachedSecret;
}

const SHARED = new WeakMap<Job, Sharing>();

/** What the steps of one job may leave to each other, and how many names they may have of their own: more than anybody can read. */
const MAX_KEPT = 200;
const MAX_HOLDERS = 1000;

/** Computed once for each job, however many findings ask. */
function sharingOf(job: Job): Sharing {
  const known = SHARED.get(job);
  if (known !== undefined) return known;
  const before = new Map<Step, readonly Left[]>();
  const holders = new Map<string, Holder[]>();
  const { within } = job;
  let kept: readonly Left[] = (within && sharingOf(within.job).before.get(within.step)) ?? [];
  for (const [at, step] of job.steps.entries()) {
    const { left, removed } = leftBehind(step);
    if (isBeside(step)) continue;
    before.set(step, kept);
    if (removed.length > 0) kept = kept.filter(({ key }) => !removed.includes(key));
    const names = new Set(kept.map(({ secret, place }) => `${place} ${secret.name}`));
    const added = left.filter(({ secret, place }) => !names.has(`${place} ${secret.name}`));
    if (added.length > 0 && kept.length < MAX_KEPT) kept = [...kept, ...added].slice(0, MAX_KEPT);
    if (!isTamperable(job, step)) continue;
    for (const secret of [...ownOf(step), ...left.map((each) => each.secret)]) {
      const list = holders.get(secret.name);
      if (list !== undefined) list.push({ at, secret });
      else if (holders.size < MAX_HOLDERS) holders.set(secret.name, [{ at, secret }]);
    }
  }
  const sharing: Sharing = { before, holders, reaches: new Map() };
  SHARED.set(job, sharing);
  return sharing;
}

/** A service runs beside the steps: it has no part in what they leave to each other. */
function isBeside({ scope }: Step): boolean {
  return scope.level === "service";
}

/** Where steps share nothing but the work tree, code that none of it comes from is out of the reach of earlier steps. */
function isTamperable({ shares }: Job, { scripts, inputs }: Step): boolean {
  return shares !== "files" || scripts.length > 0 || inputs.length === 0;
}

/** What earlier steps left stands behind the step's own secrets and in front of those of the scopes around it. */
function nowOf(job: Job, step: Step, kept: readonly Left[]): Reach {
  // A container sees the work tree and the variables, and has a home of its own.
  const apart =
    job.shares === "files" || step.references.some(({ kind, target }) => kind === "image" || target.kind === "image");
  const own = unique([...ownOf(step), ...inherited(job, step)]);
  const around = unique([...own, ...grantedAround(step)]).slice(own.length);
  const names = new Set([...own, ...around].map(({ name }) => name));
  const left = kept.flatMap(({ place, secret }) =>
    (place === "home" && apart) || names.has(secret.name) ? [] : [secret],
  );
  return unique([...own, ...left, ...around]);
}

/** What the step has and its job has not: what its lines name, its environment, and what its job hands to the workflow that it calls. */
function ownOf(step: Step): Reach {
  const uses = [...step.inputs.flatMap((input) => input.secrets), ...step.secrets];
  const inner = scopeChain(step.scope).filter(isInner);
  return unique([...uses.map((use) => granted(use, step.scope)), ...inner.flatMap(grantsOf)]);
}

/**
 * What the scopes around a step hand to it. A called workflow gets none of their variables.
 * Source: docs.github.com, "Reusing workflow configurations", limitations of `env`.
 */
function grantedAround(step: Step): Reach {
  const outer = scopeChain(step.scope).filter((scope) => !isInner(scope));
  const isCall = step.references.some(({ kind }) => kind === "workflow");
  return outer.flatMap((scope) => (isCall ? grantsOf({ ...scope, variables: [] }) : grantsOf(scope)));
}

/** What a job hands to the workflow that it calls where it hands over everything. */
function inherited({ inheritance }: Job, { scope, references }: Step): Reach {
  if (inheritance === undefined || !references.some(({ kind }) => kind === "workflow")) return [];
  const { what, span } = inheritance;
  return [{ name: what, kind: "named", ...grantedBy(scope), span, extent: "whole" }];
}

function isInner({ level }: Scope): boolean {
  return level === "step" || level === "service";
}

function grantsOf(scope: Scope): Reach {
  return [
    ...scope.variables.flatMap((variable) =>
      variable.secrets.map((use) => granted({ ...use, span: variable.span }, scope)),
    ),
    ...scope.ambient.map((secret) => ambient(secret, scope)),
  ];
}

function granted({ name, kind, span, extent }: SecretUse, scope: Scope): ReachedSecret {
  return {
    name,
    kind,
    ...grantedBy(scope),
    span,
    ...(kind === "token" && canWrite(scope) && { writes: true }),
    ...(extent !== undefined && { extent }),
  };
}

function ambient({ name, kind, span, writes }: AmbientSecret, scope: Scope): ReachedSecret {
  return {
    name,
    kind,
    ...grantedBy(scope),
    span,
    ...(writes === true && { writes }),
    ...(kind === "token" && { implied: true }),
  };
}

function grantedBy({ label, level, path }: Scope): Pick<ReachedSecret, "scope" | "level" | "path"> {
  return { scope: label, level, ...(path === undefined ? {} : { path }) };
}

function unique(reach: Reach): Reach {
  const names = new Set<string>();
  return reach.filter((secret) => !names.has(secret.name) && names.add(secret.name));
}
