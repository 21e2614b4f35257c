import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import { type Build, readDockerfile, WHAT_RUN_SEES } from "../docker-build.ts";
import type { Job, Pipeline, Pulled, Reference, Scope, Step, Variable } from "../model.ts";
import { repositoryPath } from "../shell/repository-path.ts";
import type { Span } from "../text.ts";
import { parseYaml, type YamlFile, type YamlNode } from "../yaml.ts";

// How files of the repository become a part of the pipeline that names them.

/** What a file gets from the place that pulls it in. */
export interface Call {
  /** The scope around all that the file says; `undefined` where the place hands no variables on. */
  readonly scope: Scope | undefined;
  /** The named values that expressions of the file can read. */
  readonly inputs: readonly Variable[];
  /** Names, in capitals, of the secrets that it gets; absent where it can name every secret there is. */
  readonly secrets?: ReadonlySet<string>;
  readonly trail: Trail;
}

/** The way from the analysed file to the one that is being read, and what may still be read. */
export interface Trail {
  /** The files on the way, that one included: none of them is pulled in again, so that circles end. */
  readonly paths: readonly string[];
  readonly budget: { files: number; nodes: number };
  /** What was parsed already, by path; `undefined` for what is missing. */
  readonly parsed: Map<string, Parsed | undefined>;
}

interface Parsed {
  readonly file: SourceFile;
  readonly yaml: YamlFile;
  readonly nodes: number;
}

/** A place that names a file. */
export interface Calling extends Omit<Call, "trail"> {
  /** Paths from the root of the repository, of which the first that is there counts. */
  readonly paths: readonly string[];
  readonly by: Pulled["by"];
}

/** Reads a file as its system does. */
export type ReadFile = (file: SourceFile, yaml: YamlFile, context: Context, call: Call) => Pipeline;

/** Files in a row that pull each other in. GitHub allows 10 of them, GitLab 100, which nobody has. */
const MAX_DEPTH = 12;

/** Files of one pipeline, each counted as often as it is named. GitLab allows 150 of them, Azure Pipelines 100. */
const MAX_FILES = 200;

/** YAML nodes of all these files together. */
const MAX_NODES = 1_000_000;

/** The trail that reading a file goes on: that of the call, or a new one where the file is the analysed one. */
export function trailOf(file: SourceFile, call: Call | undefined): Trail {
  return call?.trail ?? { paths: [file.path], budget: { files: MAX_FILES, nodes: MAX_NODES }, parsed: new Map() };
}

/** The file that a place names, read as a part of the pipeline; nothing where it is missing, on the way already, or one too many. */
export function pullIn(read: ReadFile, calling: Calling, trail: Trail, context: Context): readonly Pulled[] {
  const { paths, by, ...handed } = calling;
  const found = parsedFile(paths, trail, context);
  if (found === undefined) return [];
  const { file, yaml } = found;
  const pipeline = read(file, yaml, context, { ...handed, trail: { ...trail, paths: [...trail.paths, file.path] } });
  return [{ pipeline: { ...inPlace(pipeline, handed.scope), readFile: context.read }, by }];
}

/** A file that is named by its path from the root of the repository. */
export interface NamedFile {
  readonly path: string;
  readonly span: Span;
  /** What the place does with it: "Imported here". */
  readonly message: string;
}

/**
 * The files that a pipeline names and hands nothing to but what is in `around`, each read as the system reads its own files.
 *
 * @param call that of the pipeline which names them
 */
export function pullNamed(
  read: ReadFile,
  from: SourceFile,
  names: readonly NamedFile[],
  context: Context,
  call: Call | undefined,
  around?: Scope,
): readonly Pulled[] {
  if (names.length === 0) return [];
  const trail = trailOf(from, call);
  return names.flatMap(({ path: written, span, message }) => {
    const path = repositoryPath(written.trim().replace(/^\/+/, ""), ".");
    const calling = { paths: path === undefined ? [] : [path], by: { span, message }, scope: around, inputs: [] };
    return pullIn(read, calling, trail, context);
  });
}

/** The files of the repository among references. */
export function localReferences(references: readonly Reference[], message: string): readonly NamedFile[] {
  return references.flatMap(({ kind, target, span }) =>
    kind === "include" && target.kind === "local" ? [{ path: target.path, span, message }] : [],
  );
}

/** The Dockerfile that a place builds; nothing where it is missing, or one too many. */
export function pullDockerfile(
  paths: readonly string[],
  by: Pulled["by"],
  build: Build,
  { budget }: Trail,
  { read }: Context,
): readonly Pulled[] {
  for (const path of paths) {
    const text = budget.files > 0 ? read(path) : undefined;
    if (text === undefined) continue;
    budget.files--;
    return [
      {
        pipeline: { ...readDockerfile(path, text, build), readFile: read },
        by: { ...by, message: `${by.message}; ${WHAT_RUN_SEES}` },
      },
    ];
  }
  return [];
}

/** The first file that is there, where the trail and what is left to be read allow it. */
export function parsedFile(
  paths: readonly string[],
  trail: Trail,
  context: Context,
): Pick<Parsed, "file" | "yaml"> | undefined {
  const { budget } = trail;
  for (const path of paths) {
    if (trail.paths.includes(path)) return undefined;
    if (budget.files <= 0 || trail.paths.length > MAX_DEPTH) return undefined;
    const found = parsed(path, trail, context);
    if (found === undefined) continue;
    budget.files--;
    budget.nodes -= found.nodes;
    return budget.nodes < 0 ? undefined : found;
  }
  return undefined;
}

function parsed(path: string, { parsed: known, budget }: Trail, context: Context): Parsed | undefined {
  if (known.has(path)) return known.get(path);
  const text = context.read(path);
  const yaml = text === undefined ? undefined : parseYaml(text);
  const found = text === undefined || yaml === undefined ? undefined : { file: { path, text }, yaml };
  const result = found && { ...found, nodes: nodesIn(found.yaml, budget.nodes) };
  known.set(path, result);
  return result;
}

/** How many nodes a walk through a file meets, aliases followed; it need not be known beyond the limit. */
function nodesIn({ documents }: YamlFile, limit: number): number {
  const open: YamlNode[] = [...documents];
  let count = 0;
  for (let node = open.pop(); node !== undefined && count <= limit; node = open.pop()) {
    count++;
    if (node.kind === "sequence") open.push(...node.items);
    if (node.kind === "map") for (const { value } of node.entries) if (value !== undefined) open.push(value);
  }
  return count;
}

/** The pipeline of a pulled file, with scopes that know their file. Those of the place that pulls it in stay what they are. */
function inPlace(pipeline: Pipeline, around: Scope | undefined): Pipeline {
  const scopes = new Map<Scope, Scope>();
  const scopeOf = (scope: Scope): Scope => {
    if (scope === around) return scope;
    const known = scopes.get(scope);
    if (known !== undefined) return known;
    const made = { ...scope, path: scope.path ?? pipeline.path, parent: scope.parent && scopeOf(scope.parent) };
    scopes.set(scope, made);
    return made;
  };
  const referenceOf = (reference: Reference): Reference => ({ ...reference, scope: scopeOf(reference.scope) });
  const steps = new Map<Step, Step>();
  const stepOf = (step: Step): Step => {
    const known = steps.get(step);
    if (known !== undefined) return known;
    const made = { ...step, scope: scopeOf(step.scope), references: step.references.map(referenceOf) };
    steps.set(step, made);
    return made;
  };
  const jobOf = (job: Job): Job => ({
    ...job,
    scope: scopeOf(job.scope),
    references: job.references.map(referenceOf),
    steps: job.steps.map(stepOf),
  });
  const pulledIn = ({ pipeline: inner, by, step }: Pulled): Pulled => {
    return { pipeline: placed(inner), by, ...(step !== undefined && { step: stepOf(step) }) };
  };
  const placed = (part: Pipeline): Pipeline => ({
    ...part,
    scope: scopeOf(part.scope),
    jobs: part.jobs.map(jobOf),
    references: part.references.map(referenceOf),
    ...(part.pulled && { pulled: part.pulled.map(pulledIn) }),
  });
  return placed(pipeline);
}
