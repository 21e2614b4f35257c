import { pipelineOf, type SourceFile } from "./analyze.ts";
import type { Context } from "./context.ts";
import { localFiles, pullsOf, type RemoteExecution, remoteExecutions, settledDownloads } from "./flow.ts";
import { type Hide, hiderOf } from "./hidden-values.ts";
import type { Job, Pipeline, Reference, ReferenceKind, Script, Step } from "./model.ts";
import { HOLE, type Origin, originOfDownload, originOfPull, originOfReference } from "./origin.ts";
import { partsOf } from "./pulled.ts";
import { type Reach, type ReachedSecret, reachOf, reachOfScope } from "./reach.ts";
import { placeIn } from "./remote.ts";
import type { Span } from "./text.ts";

/** A part of a file of the repository. */
export interface Place {
  /** From the repository's root. */
  readonly path: string;
  readonly span: Span;
}

/** A secret within reach, and the place that grants it. */
export interface GrantedSecret extends Omit<ReachedSecret, "path" | "span"> {
  /** Absent for what the system hands out by itself. */
  readonly place: Place | undefined;
}

/** One step, or what stands beside the steps such as the image of a job, with all the code that runs there and what that can take. */
export interface StepCode {
  /** Where it is declared. */
  readonly place: Place;
  /** Name of the CI system. */
  readonly system: string;
  /** How a person would call it: "step “Upload coverage”". */
  readonly label: string;
  /** Id of its job; absent for what belongs to the whole file. */
  readonly job?: string;
  /** What its processes can read. */
  readonly now: readonly GrantedSecret[];
  /** What it could take besides by tampering with what later steps of the job run. */
  readonly later: readonly GrantedSecret[];
  /** Own code: where the file holds it, and the files of the repository that it runs. */
  readonly own: readonly Place[];
  readonly foreign: readonly ForeignCode[];
}

/** Code that somebody else keeps. */
export interface ForeignCode {
  readonly kind: ForeignKind;
  /** As the file names it, with a {@link HOLE} for what only the run knows. */
  readonly text: string;
  /** Where it runs, or where it is named. */
  readonly place: Place;
  /** Where a command fetches it, if that is another command than the one that runs it. */
  readonly fetched?: Place;
  readonly origin: Origin;
  /** mutable: whoever keeps it decides what runs. pinned and checked: it cannot be altered unseen. */
  readonly state: "mutable" | "pinned" | "checked" | "unknown";
  /** What a pin names: "commit 11bd719…", "digest sha256:…", "version 1.2.3"; absent unless pinned. */
  readonly pin?: string;
}

/** package: from a registry, by its name. script: whatever a command fetches from an address and runs. */
export type ForeignKind = ReferenceKind | "package" | "script";

/**
 * Every step of a file, and of the files of the repository that it pulls in, with the code that runs there; `undefined` where it is no
 * CI file. Total, and asks nothing.
 */
export function stepCodeOf(file: SourceFile, context: Context): readonly StepCode[] | undefined {
  const pipeline = pipelineOf(file, context);
  return pipeline && stepCodeIn(pipeline);
}

/** The same of a pipeline that was read. */
export function stepCodeIn(pipeline: Pipeline): readonly StepCode[] {
  const parts = partsOf(pipeline);
  const hide = hiderOf(parts.map((part) => part.pipeline));
  return parts
    .flatMap((part) => stepsOf({ root: pipeline.path, pipeline: part.pipeline }))
    .map((step) => withoutCredentials(step, hide));
}

/** The step as a report may name it: an address can hold a password. */
function withoutCredentials(step: StepCode, hide: Hide): StepCode {
  const foreign = step.foreign.map((code) => {
    const { text, origin, pin } = code;
    const { title, owner, names, versions } = origin;
    const named = {
      ...origin,
      title: hide(title),
      ...(owner !== undefined && { owner: hide(owner) }),
      names: names.map(hide),
      versions: versions.map(hide),
    };
    return { ...code, text: hide(text), origin: named, ...(pin !== undefined && { pin: hide(pin) }) };
  });
  return { ...step, label: hide(step.label), foreign };
}

/** One of the files that an analysis comes to. */
interface Part {
  /** The analysed file. */
  readonly root: string;
  readonly pipeline: Pipeline;
}

function stepsOf(part: Part): readonly StepCode[] {
  const scripts = groupedByStep(part.pipeline);
  return [...ofFile(part), ...part.pipeline.jobs.flatMap((job) => ofJob(part, job, scripts))];
}

/** Code of the whole file: an include can define or change every job, so all that any of them can read is within its reach. */
function ofFile(part: Part): readonly StepCode[] {
  const { pipeline } = part;
  const inSteps = new Set(pipeline.jobs.flatMap(({ steps }) => steps.flatMap(spansOf)));
  const now = granted(part, [
    reachOfScope(pipeline.scope),
    ...pipeline.jobs.flatMap((job) => job.steps.map((step) => reachOf(job, step).now)),
  ]);
  return pipeline.references
    .filter(({ span }) => !inSteps.has(span.start))
    .map((reference) => ({
      ...common(pipeline, `${NAMES[reference.kind]} “${shown(reference)}”`, reference.span),
      now,
      later: [],
      own: [],
      foreign: foreignIn(pipeline, [reference]),
    }));
}

function spansOf({ references }: Step): readonly number[] {
  return references.map(({ span }) => span.start);
}

const NAMES: { readonly [K in ReferenceKind]: string } = {
  action: "action",
  workflow: "workflow",
  image: "image",
  include: "include",
  orb: "orb",
  pipe: "pipe",
  plugin: "plugin",
  task: "task",
  bundle: "bundle",
};

function ofJob(part: Part, job: Job, scripts: Scripts): readonly StepCode[] {
  const { pipeline } = part;
  const reaches = job.steps.map((step) => reachOf(job, step));
  // Every process of the job runs inside of its image. A service has an environment of its own.
  const inside = [reachOfScope(job.scope), ...reaches.map(({ now }) => now)];
  const beside = job.references.map(
    (reference): StepCode => ({
      ...common(pipeline, `${NAMES[reference.kind]} “${shown(reference)}” of job “${job.id}”`, reference.span),
      job: job.id,
      now: granted(part, reference.scope.level === "service" ? [reachOfScope(reference.scope)] : inside),
      later: [],
      own: [],
      foreign: foreignIn(pipeline, [reference]),
    }),
  );
  const steps = job.steps.map((step, index): StepCode => {
    const { now = [], later = [] } = reaches[index] ?? {};
    const { own = [], foreign = [] } = scripts.get(step) ?? {};
    const text = step.scripts.map((script) => inFile(pipeline, script, { start: 0, end: script.text.length }));
    return {
      ...common(pipeline, step.label, step.span),
      job: job.id,
      now: granted(part, [now]),
      later: granted(part, [later]),
      own: [...text, ...own],
      foreign: [...foreignIn(pipeline, step.references), ...foreign],
    };
  });
  return [...beside, ...steps];
}

function common(
  { path, systemName }: Pipeline,
  label: string,
  span: Span,
): Pick<StepCode, "place" | "system" | "label"> {
  return { place: { path, span }, system: systemName, label };
}

function shown(reference: Reference): string {
  return originOfReference(reference)?.title ?? reference.text;
}

function foreignIn(pipeline: Pipeline, references: readonly Reference[]): readonly ForeignCode[] {
  return references.flatMap((reference) => ofReference(pipeline, reference));
}

function ofReference(pipeline: Pipeline, reference: Reference): readonly ForeignCode[] {
  const { kind, text, span, target } = reference;
  const origin = originOfReference(reference);
  if (origin === undefined) return [];
  const isNamed = target.kind !== "repository" || text.includes(target.repo) || /[$<{]/.test(text);
  const named = isNamed ? text.trim() : [origin.title, target.ref ?? ""].filter((part) => part !== "").join("@");
  const code = { kind, text: named, place: { path: pipeline.path, span }, origin };
  return [
    target.pin === "pinned"
      ? { ...code, state: "pinned", pin: pinOf(reference, origin) }
      : { ...code, state: target.pin },
  ];
}

function pinOf({ target, text }: Reference, { versions }: Origin): string {
  if (target.kind === "repository") return `commit ${target.ref}`;
  const last = versions.at(-1) ?? "";
  if (target.kind === "image" || last.startsWith("sha256:")) return `digest ${last}`;
  return target.kind === "address" ? "the content of its address" : `version ${last === "" ? text : last}`;
}

/** What the scripts of each step run. */
type Scripts = ReadonlyMap<Step, { readonly own: Place[]; readonly foreign: ForeignCode[] }>;

function groupedByStep(pipeline: Pipeline): Scripts {
  const steps = new Map<Step, { readonly own: Place[]; readonly foreign: ForeignCode[] }>();
  const at = (step: Step) => {
    const known = steps.get(step) ?? { own: [], foreign: [] };
    steps.set(step, known);
    return known;
  };
  for (const { step, path } of localFiles(pipeline)) at(step).own.push({ path, span: { start: 0, end: 0 } });
  for (const remote of remoteExecutions(pipeline)) at(remote.step).foreign.push(...ofExecution(pipeline, remote));
  for (const { step, script, use } of pullsOf(pipeline)) {
    const origin = originOfPull(use);
    const place = inFile(pipeline, script, use.command);
    const code = { kind: use.kind, text: readable(use.text), place, origin };
    const version = origin.versions.at(-1);
    const pin =
      use.kind === "image" ? `digest ${version}` : version === undefined ? "an exact version" : `version ${version}`;
    at(step).foreign.push(use.pin === "pinned" ? { ...code, state: "pinned", pin } : { ...code, state: use.pin });
  }
  for (const { step, download, from, by } of settledDownloads(pipeline)) {
    if (download.hidden) continue;
    const place = inFile(pipeline, from, download.span);
    const code = { kind: "script", text: readable(download.url), place, origin: originOfDownload(download) } as const;
    at(step).foreign.push(
      by === "checked"
        ? { ...code, state: "checked" }
        : { ...code, state: "pinned", pin: "the content of its address" },
    );
  }
  return new Map([...steps].map(([step, { own, foreign }]) => [step, { own, foreign: distinct(foreign) }]));
}

function ofExecution(pipeline: Pipeline, { script, execution, downloads }: RemoteExecution): readonly ForeignCode[] {
  const place = inFile(pipeline, script, execution.span);
  return downloads.flatMap(({ download, script: from }): ForeignCode[] => {
    if (download.hidden) return [];
    const fetched = inFile(pipeline, from, download.span);
    const origin = originOfDownload(download);
    return [{ kind: "script", text: readable(download.url), place, fetched, origin, state: "mutable" }];
  });
}

function readable(text: string): string {
  return text.replace(/‹[\d.]*›/g, HOLE);
}

function inFile(pipeline: Pipeline, script: Script, span: Span): Place {
  return { path: pipeline.path, ...placeIn(script, span) };
}

/** A command that a script comes to several times runs one thing. */
function distinct(codes: readonly ForeignCode[]): ForeignCode[] {
  const seen = new Set<string>();
  return codes.filter(({ kind, text, place, state }) => {
    const key = JSON.stringify([kind, text, place.path, place.span.start, state]);
    return !seen.has(key) && seen.add(key);
  });
}

/** The secrets of several reaches with their places, each name once. */
function granted({ root }: Part, reaches: readonly Reach[]): readonly GrantedSecret[] {
  return eachOnce(
    reaches.flat().map(({ path = root, span, ...secret }) => ({
      ...secret,
      place: span === undefined ? undefined : { path, span },
    })),
  );
}

/** Each name once, as it came first. */
export function eachOnce(secrets: readonly GrantedSecret[]): readonly GrantedSecret[] {
  const names = new Map<string, GrantedSecret>();
  for (const secret of secrets) if (!names.has(secret.name)) names.set(secret.name, secret);
  return [...names.values()];
}
