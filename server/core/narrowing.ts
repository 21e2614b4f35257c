import { lineEnd, lineStart } from "./lines.ts";
import { type Pipeline, type Portable, type Scope, type Step, scopeChain, type Variable } from "./model.ts";
import { partsOf } from "./pulled.ts";
import type { EditFix, Problem, Related } from "./rule.ts";
import type { Edit, Span } from "./text.ts";
import { type Usage, usageOf } from "./usage.ts";
import { listed } from "./wording.ts";

// How a secret that stands in a wide scope comes to the steps that need it, and to no others.

/** A secret of a scope, with what every step in the scope does with it. */
export interface WideSecret {
  readonly variable: Variable;
  readonly scope: Scope;
  readonly steps: readonly StepUse[];
  /** Steps whose text has the name. */
  readonly named: readonly Step[];
  /** Steps that may read it though they do not name it. */
  readonly possible: readonly Step[];
  /** Steps of which only somebody who knows the repository's own programs can say whether they read it. */
  readonly opaque: readonly Step[];
  /** Steps that do not need it. */
  readonly idle: readonly Step[];
}

/** One step, and how sure it is that it needs the secret. */
export interface StepUse {
  readonly step: Step;
  readonly usage: Usage;
}

/** The secrets among a scope's variables that not every step in the scope names. */
export function* wideSecrets(pipeline: Pipeline, scope: Scope): Iterable<WideSecret> {
  const secret = scope.variables.filter((variable) => isSecret(scope, variable));
  if (secret.length === 0) return;
  const within = stepsWithin(pipeline, scope);
  for (const variable of secret) {
    const steps = within
      .filter(({ step }) => !isReplaced(step, scope, variable))
      .map(({ part, step }) => ({ step, usage: usageOf(part, step, variable.name, pipeline.readFile) }));
    const of = (wanted: Usage) => steps.flatMap(({ step, usage }) => (usage === wanted ? [step] : []));
    const named = of("named");
    if (named.length === steps.length) continue;
    yield { variable, scope, steps, named, possible: of("possible"), opaque: of("opaque"), idle: of("none") };
  }
}

/**
 * A secret that the file names, or a variable of the settings that the whole pipeline gets under a name which says that it is one: services
 * and further pipelines get that too. In a job it is nothing that the steps would not have without it.
 */
function isSecret({ level }: Scope, { name, secrets }: Variable): boolean {
  return secrets.some(({ kind, extent }) => {
    const isNamed = kind === "named" || (kind === "settings" && level === "pipeline" && soundsSecret(name));
    return isNamed && extent === undefined;
  });
}

function soundsSecret(name: string): boolean {
  return (
    /(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY)(?:_|$)/i.test(name) &&
    !/(?:NAME|PATH|FILE|URL|URI|ID|DIR|TYPE|VERSION)$/i.test(name)
  );
}

interface Within {
  readonly part: Pipeline;
  readonly step: Step;
}

const WITHIN = new WeakMap<Pipeline, ReadonlyMap<Scope, readonly Within[]>>();

/** The steps whose environment has the scope's variables, also those of other files. A called workflow gets none. */
function stepsWithin(pipeline: Pipeline, scope: Scope): readonly Within[] {
  const known = WITHIN.get(pipeline);
  if (known !== undefined) return known.get(scope) ?? [];
  const within = new Map<Scope, Within[]>();
  for (const { pipeline: part } of partsOf(pipeline)) {
    for (const job of part.jobs) {
      // What runs in the place of a step is looked at with that step.
      if (job.within !== undefined && part !== pipeline) continue;
      for (const step of job.steps) {
        if (step.references.some(({ kind }) => kind === "workflow")) continue;
        for (const each of scopeChain(step.scope)) {
          const steps = within.get(each);
          if (steps === undefined) within.set(each, [{ part, step }]);
          else steps.push({ part, step });
        }
      }
    }
  }
  WITHIN.set(pipeline, within);
  return within.get(scope) ?? [];
}

/** True where a scope further in gives the variable another value. */
function isReplaced({ scope: inner }: Step, scope: Scope, { name }: Variable): boolean {
  const chain = scopeChain(inner);
  return chain.slice(0, chain.indexOf(scope)).some(({ variables }) => variables.some((each) => each.name === name));
}

/** What is wrong with such a secret, in the words of every rule that finds one, with the fix where there is one. */
export function wideProblem(pipeline: Pipeline, secret: WideSecret): Problem {
  const { variable, scope, named, steps } = secret;
  const possible = steps.flatMap(({ step, usage }) => (usage === "possible" || usage === "opaque" ? [step] : []));
  const { name } = variable;
  const fixes = moveFixes(pipeline, secret);
  const none = scope.level === "pipeline" ? "no step of this file names it" : "none of them names it";
  const users = named.length === 0 ? none : `only ${listed(labels(named))} ${named.length > 1 ? "use" : "uses"} it`;
  const others = possible.length === 0 ? "" : ` (${listed(labels(possible))} may: that code cannot be looked into)`;
  return {
    span: variable.span,
    message: `Every step of ${scope.label} can read ${name}, but ${users}${others}. ${cure(secret, possible)}`,
    related: [
      ...named.map((step) => relatedTo(pipeline, step, `${name} is used here`)),
      ...possible.map((step) => relatedTo(pipeline, step, `${name} may be read here`)),
    ],
    ...(fixes.length > 0 && { fixes }),
  };
}

function cure({ variable, scope: wide, steps, named }: WideSecret, possible: readonly Step[]): string {
  const narrow = steps.some(
    ({ step: { scope } }) => scope !== wide && (scope.level === "step" || scope.slot !== undefined),
  );
  if (!narrow)
    return "This system hands it to every step of a job: fetch it in the command that needs it, or remove it.";
  if (named.length === 0)
    return possible.length === 0
      ? "Hand it to the one step that needs it, or remove it."
      : "Hand it to the steps that need it, or remove it.";
  return variable.secrets.some(({ kind }) => kind === "named")
    ? "Move it there, so that nothing else can leak it."
    : "Move it there: services and further pipelines get it as well now.";
}

function labels(steps: readonly Step[]): readonly string[] {
  return [...new Set(steps.map(({ label }) => label))];
}

function relatedTo({ path: own }: Pipeline, { scope: { path }, span }: Step, message: string): Related {
  return { ...(path !== undefined && path !== own && { path }), span, message };
}

/** To so many steps a secret is handed one by one; beyond that, a person has to say what is meant. */
const MAX_TARGETS = 5;

/**
 * Takes the secret away from its scope and hands it to each step that needs it or may need it. Where some of those are programs of the
 * repository, a second fix leaves them out: its owner knows whether they read it. None where a step has no place for it, where others
 * share one of the places, and where something else in the file names the variable.
 */
function moveFixes(pipeline: Pipeline, { named, possible, opaque, idle, ...secret }: WideSecret): readonly EditFix[] {
  if (idle.length === 0) return [];
  const wide = moveFix(pipeline, secret, { targets: [...named, ...possible, ...opaque], others: idle });
  const narrow =
    named.length > 0 && opaque.length > 0
      ? moveFix(pipeline, secret, { targets: [...named, ...possible], others: [...idle, ...opaque] })
      : undefined;
  const { name } = secret.variable;
  const isSure = possible.length === 0 && opaque.length === 0;
  const titled = (move: Move | undefined, end: string): readonly EditFix[] =>
    move === undefined ? [] : [{ title: `Move ${name} to ${move.to} ${end}`, edits: move.edits }];
  const names = wide?.count === 1 ? "that names it" : "that name it";
  return [
    ...titled(wide, isSure ? names : "that may need it"),
    ...titled(narrow, "and not to the repository's own programs"),
  ];
}

interface Move {
  /** The steps, to a person. */
  readonly to: string;
  readonly count: number;
  readonly edits: readonly Edit[];
}

function moveFix(
  pipeline: Pipeline,
  secret: Pick<WideSecret, "variable" | "scope" | "steps">,
  { targets, others }: { readonly targets: readonly Step[]; readonly others: readonly Step[] },
): Move | undefined {
  const { variable, scope } = secret;
  const { text } = pipeline;
  if (targets.length === 0 || targets.length > MAX_TARGETS) return undefined;
  if (scope.path !== pipeline.scope.path || targets.some((step) => step.scope.path !== scope.path)) return undefined;
  if (targets.some((step) => step.scope === scope)) return undefined;
  const gone =
    variable.portable === undefined && scope.variables.length === 1 && scope.removal !== undefined
      ? scope.removal
      : (variable.portable ?? variable).removal;
  if (gone === undefined || hasAnchor(text.slice(gone.start, gone.end)) || isShared(pipeline, secret)) return undefined;
  // What stands in a list of secrets is no variable that other text of the file could read.
  if (variable.portable === undefined && isMentionedElsewhere(pipeline, secret, targets, gone)) return undefined;
  const added = insertions(text, variable, targets);
  if (added === undefined || added.some(({ span }) => gone.start < span.start && span.start < gone.end))
    return undefined;
  const getting = new Set(targets.map((step) => step.scope));
  if (others.every((step) => scopeChain(step.scope).some((each) => getting.has(each)))) return undefined;
  if (isSharedPlace(pipeline, getting, added)) return undefined;
  const to = targets.length === 1 ? (targets[0]?.label ?? "the step") : `the ${targets.length} steps`;
  return { to, count: targets.length, edits: [{ span: gone, text: "" }, ...added] };
}

type Insertion = Extract<Edit, { readonly span: Span }>;

/** True where a step that is not meant is written at the same place, through an anchor. */
function isSharedPlace(pipeline: Pipeline, getting: ReadonlySet<Scope>, added: readonly Insertion[]): boolean {
  const { places } = layoutOf(pipeline);
  return added.some(({ span }) => [...(places.get(span.start) ?? [])].some((scope) => !getting.has(scope)));
}

/** One insertion for each place: steps of one job can have the job's place in common. */
function insertions(text: string, variable: Variable, targets: readonly Step[]): readonly Insertion[] | undefined {
  const places = new Map<number, Insertion>();
  for (const { scope } of targets) {
    const edit =
      variable.portable === undefined ? ownInsertion(text, variable, scope) : shelved(variable.portable, scope);
    if (edit === undefined) return undefined;
    places.set(edit.span.start, edit);
  }
  return [...places.values()];
}

/** The insertion of what is portable into a scope; `undefined` where the scope has no place for it. */
export function shelved({ texts }: Portable, { shelves = {} }: Scope): Insertion | undefined {
  for (const [notation, written] of Object.entries(texts)) {
    const slot = shelves[notation];
    if (slot !== undefined)
      return { span: { start: slot.at, end: slot.at }, text: `${slot.before}${written}${slot.after}` };
  }
  return undefined;
}

/** The entry as it is written, its comment included, in the notation of the place. */
function ownInsertion(text: string, { span, nameSpan, value }: Variable, { slot }: Scope): Insertion | undefined {
  const written = text.slice(span.start, span.end);
  // An alias may stand in front of its anchor then, and several lines have the indentation of their place.
  if (slot === undefined || written.includes("\n") || /[\s:][*&][\w-]/.test(written)) return undefined;
  const inFlow = slot.between.includes(",");
  const [comment = ""] = /^[ \t]+#.*/.exec(text.slice(span.end, lineEnd(text, span.end))) ?? [];
  const entry = inFlow ? flowEntry(text, written, nameSpan, value) : `${written}${comment.trimEnd()}`;
  if (entry === undefined) return undefined;
  return { span: { start: slot.at, end: slot.at }, text: `${slot.before}${entry}${slot.after}` };
}

/** Braces and commas have to be quoted within `{ … }`. */
function flowEntry(text: string, written: string, name: Span, value: string | undefined): string | undefined {
  if (value === undefined || !written.endsWith(value)) return written;
  if (!/[[\]{},]/.test(value)) return written;
  return `${text.slice(name.start, name.end)}: '${value.replaceAll("'", "''")}'`;
}

function hasAnchor(text: string): boolean {
  return /(?:^|[\s:[{,-])&[\w-]/.test(text);
}

/** What the laws of a move ask of a whole pipeline, computed once for all its secrets. */
interface Layout {
  /** The scopes of its file that have a variable at an offset. */
  readonly holders: ReadonlyMap<number, ReadonlySet<Scope>>;
  /** The scopes of steps that can be given something at an offset. */
  readonly places: ReadonlyMap<number, ReadonlySet<Scope>>;
  /** Its own steps, in the order of the text. */
  readonly steps: readonly Step[];
}

const LAYOUTS = new WeakMap<Pipeline, Layout>();

function layoutOf(pipeline: Pipeline): Layout {
  const known = LAYOUTS.get(pipeline);
  if (known !== undefined) return known;
  const holders = new Map<number, Set<Scope>>();
  const places = new Map<number, Set<Scope>>();
  const seen = new Set<Scope>();
  const add = (to: Map<number, Set<Scope>>, offset: number, scope: Scope): unknown =>
    to.set(offset, (to.get(offset) ?? new Set()).add(scope));
  for (const { pipeline: part } of partsOf(pipeline)) {
    const scopes = part.jobs.flatMap((job) => [
      job.scope,
      ...job.steps.map((step) => step.scope),
      ...job.references.map((reference) => reference.scope),
    ]);
    const outer = [part.scope, ...part.references.map((reference) => reference.scope)];
    for (const each of [...outer, ...scopes].flatMap(scopeChain)) {
      if (seen.has(each) || each.path !== pipeline.scope.path) continue;
      seen.add(each);
      for (const { span } of each.variables) add(holders, span.start, each);
    }
    for (const { scope } of part.jobs.flatMap((job) => job.steps)) {
      if (scope.path !== pipeline.scope.path) continue;
      for (const slot of [scope.slot, ...Object.values(scope.shelves ?? {})])
        if (slot !== undefined) add(places, slot.at, scope);
    }
  }
  const steps = pipeline.jobs.flatMap((job) => job.steps).sort((a, b) => a.span.start - b.span.start);
  const layout = { holders, places, steps };
  LAYOUTS.set(pipeline, layout);
  return layout;
}

/** True where another scope has the same lines, through an anchor or a template that several jobs extend. */
function isShared(pipeline: Pipeline, { variable, scope }: Pick<WideSecret, "variable" | "scope">): boolean {
  const holders = layoutOf(pipeline).holders.get(variable.span.start) ?? new Set();
  return [...holders].some((each) => each !== scope);
}

/** True where something names the variable that is neither the variable itself nor one of the steps that get it. */
function isMentionedElsewhere(
  pipeline: Pipeline,
  { variable, steps }: Pick<WideSecret, "variable" | "steps">,
  targets: readonly Step[],
  gone: Span,
): boolean {
  const { text } = pipeline;
  const getting = new Set(targets);
  const inScope = new Set(steps.map(({ step }) => step));
  const all = layoutOf(pipeline).steps;
  return mentions(text, variable.name).some((index) => {
    if (gone.start <= index && index < gone.end) return false;
    const line = lineStart(text, index);
    if (/(?:^|\s)#/.test(text.slice(line, index))) return false;
    const around = stepsAt(text, all, index);
    if (around.length === 0) return true;
    // Where the step has a value of its own, or another scope's, the name is not this one.
    return around.every((step) => !getting.has(step) && inScope.has(step));
  });
}

/** Where a name stands as a whole word; `secrets.NAME` is a name in the store. */
function mentions(text: string, name: string): readonly number[] {
  const found: number[] = [];
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
    if (/\w/.test(text.charAt(at - 1)) || /\w/.test(text.charAt(at + name.length))) continue;
    if (!/\b(?:secrets|vars|inputs)\.$/.test(text.slice(Math.max(0, at - 9), at))) found.push(at);
  }
  return found;
}

/** The steps whose lines a place is in: from where a step starts to the next line that is indented less. */
function stepsAt(text: string, steps: readonly Step[], index: number): readonly Step[] {
  const last = lastBefore(steps, index);
  const start = steps[last]?.span.start;
  if (start === undefined) return [];
  const column = start - lineStart(text, start);
  const first = lineStart(text, index);
  const indent = /^ */.exec(text.slice(first, index))?.[0].length ?? 0;
  if (first > start && (indent < column || (indent === column && isKeyOfJob(text, start)))) return [];
  let from = last;
  while (steps[from - 1]?.span.start === start) from--;
  return steps.slice(from, last + 1);
}

/** The index of the last step that starts at an offset or in front of it; -1 where none does. */
function lastBefore(steps: readonly Step[], index: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle]?.span.start ?? 0) <= index) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** True where a step is known by the key of its job and not by a dash: what is next to that key belongs to another job. */
function isKeyOfJob(text: string, start: number): boolean {
  return !/-\s+$/.test(text.slice(lineStart(text, start), start));
}
