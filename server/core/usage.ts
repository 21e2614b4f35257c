import { localTexts } from "./flow.ts";
import { actionReads, readsByItself, runsOpaqueCode } from "./known-readers.ts";
import { Memo } from "./memo.ts";
import {
  type Job,
  ownScopes,
  type Pipeline,
  type Reference,
  type Scope,
  type SecretUse,
  type Step,
  scopeChain,
  type Variable,
} from "./model.ts";

/**
 * How sure it is that a step needs a variable. named: its text, or that of a program of the repository that it runs, has the name.
 * possible: code of others that cannot be looked at gets it, or a tool that reads a variable of this name by itself. opaque: a program of
 * the repository gets it that is not read here, such as a test in another language. none: none of these.
 */
export type Usage = "named" | "possible" | "opaque" | "none";

/** The surest of several. */
export function surest(all: readonly Usage[]): Usage {
  return (["named", "possible", "opaque"] as const).find((each) => all.includes(each)) ?? "none";
}

/**
 * What is known of a step's use of an environment variable. Total: what cannot be read counts as possible or opaque.
 *
 * @param pipeline the file that the step stands in
 * @param read gives the text of a file of the repository
 */
export function usageOf(pipeline: Pipeline, step: Step, name: string, read = pipeline.readFile): Usage {
  return usage(step, name, localTexts(pipeline).get(step) ?? [], read ?? (() => undefined), 0);
}

/** How many local actions may lie within each other until nobody looks further. */
const MAX_DEPTH = 10;

function usage(
  step: Step,
  name: string,
  locals: readonly string[],
  read: (path: string) => string | undefined,
  depth: number,
): Usage {
  const word = wordOf(name);
  if (usesVariable(step, name) || locals.some((text) => word.test(text))) return "named";
  const inner = (step.runs ?? []).flatMap(({ steps }) => steps);
  if (inner.length > 0) {
    if (depth > MAX_DEPTH) return "possible";
    return surest(inner.map((each) => usage(each, name, [], read, depth + 1)));
  }
  const own = step.scripts.map(({ text }) => text);
  const code = [...own, ...locals];
  const tools = readsByItself(name);
  if (code.some((text) => tools.reads(text, read))) return "possible";
  if (calls(step).some((called) => called === undefined || actionReads(called, name))) return "possible";
  return !tools.alone && runsOpaqueCode(own, locals) ? "opaque" : "none";
}

/** What a step calls besides its own scripts; `undefined` for what has no name. An image that runs the step's own lines is no call. */
function calls({ scope, scripts, references, inputs, checkout }: Step): readonly (Reference | undefined)[] {
  if (checkout !== undefined) return [];
  // A deployment of the system's own has settings, and no environment apart from its job's.
  const isBuiltIn = scope.level !== "step" && inputs.length > 0;
  if (references.length === 0) return scripts.length === 0 && !isBuiltIn ? [undefined] : [];
  return references.filter(({ kind }) => kind !== "image" || scripts.length === 0);
}

/**
 * As {@link usageOf}, of whatever nothing in the file sets: variables of a group whose names stand elsewhere.
 */
export function usageOfUnknown(pipeline: Pipeline, step: Step): Usage {
  const set = new Set(
    scopeChain(step.scope).flatMap(({ variables }) => variables.map(({ name }) => name.toUpperCase())),
  );
  const locals = localTexts(pipeline).get(step) ?? [];
  const values = [...step.inputs, ...step.scope.variables].map(({ value }) => value ?? "");
  const holes = step.scripts.flatMap((script) => script.holes.filter(({ variable }) => variable === undefined));
  const texts = [...step.scripts.map(({ text }) => text), ...locals];
  const given = [...values, ...holes.map(({ text }) => text)].some((text) => namesUnknown(text, set));
  if (given || texts.some((text) => namesUnknown(text, assignedIn(text, set)))) return "named";
  const own = step.scripts.map(({ text }) => text);
  if (runsOpaqueCode(own, locals) || texts.some((text) => CLIENTS.test(text))) return "possible";
  return calls(step).some((called) => called === undefined || actionReads(called, undefined)) ? "possible" : "none";
}

/** Programs that look for credentials in variables of whatever name their configuration says. */
const CLIENTS = /\b(?:docker|aws|az|gcloud|kubectl|helm|terraform|npm|yarn|pnpm|gh)\b/;

/** A variable of the environment or a macro that is in none of the sets and that no system sets by itself. */
function namesUnknown(text: string, known: ReadonlySet<string>): boolean {
  const found = text.matchAll(/\$\(([A-Za-z_][\w-]*)\)|\$\{?(?:env:)?([A-Za-z_]\w*)|%([A-Za-z_]\w*)%/g);
  return [...found].some(([, macro, variable, percent]) => {
    const name = (macro ?? variable ?? percent ?? "").toUpperCase();
    return !known.has(name) && !SYSTEM.test(name);
  });
}

function assignedIn(text: string, known: ReadonlySet<string>): ReadonlySet<string> {
  const assigned = text.matchAll(
    /(?:^|[\s;&|(])(?:set\s+|export\s+|local\s+|read\s+(?:-\w+\s+)*|for\s+|\$(?:env:)?)?([A-Za-z_]\w*)(?=\s*=|\s+in\b)/gm,
  );
  return new Set([...known, ...[...assigned].map(([, name = ""]) => name.toUpperCase())]);
}

/** Variables that shells and systems set. */
const SYSTEM =
  /^(?:PATH|HOME|USER|PWD|OLDPWD|SHELL|LANG|TERM|TMP|TEMP|TMPDIR|HOSTNAME|CI|IFS|RANDOM|SECONDS|LINENO|GLOBAL|TRUE|FALSE|NULL|_|(?:BUILD|SYSTEM|AGENT|PIPELINE|TF_BUILD|CIRCLE|BASH|GITHUB|RUNNER|GITLAB|BUILDKITE|DRONE|APPVEYOR|TRAVIS)(?:_\w*)?)$/;

/**
 * True where a step names an environment variable: in an expression, in a script of whatever shell, or in an input. Names are compared as
 * whole words, so that a use is rather seen once too often than overlooked. What runs in the step's place, such as a local action, counts.
 */
function usesVariable(step: Step, name: string): boolean {
  if (step.reads.includes(name)) return true;
  const word = wordOf(name);
  const texts = [
    ...step.scripts.flatMap(({ text, holes }) => [text, ...holes.map((hole) => hole.text)]),
    ...step.inputs.map((input) => input.value ?? ""),
    ...step.scope.variables.filter((variable) => variable.name !== name).map((variable) => variable.value ?? ""),
  ];
  const inside = (step.runs ?? []).flatMap(({ steps }) => steps);
  return texts.some((text) => word.test(text)) || inside.some((each) => usesVariable(each, name));
}

/** The name as a whole word. `secrets.NAME` is the name of a secret in its store and no use of a variable. */
function wordOf(name: string): RegExp {
  const known = WORDS.get(name);
  if (known !== undefined) return known;
  const written = name.replace(/[^\w]/g, "\\$&");
  const word = new RegExp(`(?<![A-Za-z0-9_]|\\b(?:secrets|vars|inputs|outputs)\\.)${written}(?![A-Za-z0-9_])`);
  WORDS.set(name, word, 1);
  return word;
}

/** By the names of variables, which are asked for again at every step. */
const WORDS = new Memo<RegExp>(2000);

/** A place that names a secret, with the job that it belongs to; none for what belongs to the whole file. */
export interface PlacedUse {
  readonly use: SecretUse;
  readonly job: Job | undefined;
  /** The variable or input whose value it stands in. */
  readonly variable: Variable | undefined;
  /** The scope that the variable belongs to; absent for inputs. */
  readonly scope: Scope | undefined;
}

/** Every place of the analysed file that names a secret, each once, though jobs may share it. */
export function* secretUses(pipeline: Pipeline): Iterable<PlacedUse> {
  const scopes = new Set<Scope>();
  for (const job of pipeline.jobs) {
    for (const scope of [job.scope, ...job.steps.map((step) => step.scope)].flatMap((each) =>
      ownScopes(pipeline, each),
    )) {
      if (scopes.has(scope)) continue;
      scopes.add(scope);
      yield* variableUses(scope === pipeline.scope ? undefined : job, scope.variables, scope);
    }
    for (const step of job.steps) {
      yield* variableUses(job, step.inputs, undefined);
      for (const use of step.secrets) yield { use, job, variable: undefined, scope: undefined };
    }
  }
  if (!scopes.has(pipeline.scope)) yield* variableUses(undefined, pipeline.scope.variables, pipeline.scope);
}

function* variableUses(
  job: Job | undefined,
  variables: readonly Variable[],
  scope: Scope | undefined,
): Iterable<PlacedUse> {
  for (const variable of variables) for (const use of variable.secrets) yield { use, job, variable, scope };
}
