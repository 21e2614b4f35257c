import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import type { Pulled, Reference, Scope, SecretUse, Step } from "../model.ts";
import { repositoryPath } from "../shell/repository-path.ts";
import { entries, get, text, type YamlNode } from "../yaml.ts";
import { type Dialect, secretsBelow } from "./reading.ts";
import { type Call, pullIn, type ReadFile, type Trail, trailOf } from "./reading-pulled.ts";
import { type Admission, admissionOf } from "./reading-workflow-trust.ts";

// The files of the repository that a workflow of GitHub's notation pulls in: its own actions, and workflows that it calls.

/** What a file of the notation is read with besides its text. */
export interface Surroundings {
  readonly context: Context;
  /** Absent for the analysed file. */
  readonly call?: Call | undefined;
  /** What keeps strangers' code out of the job that runs the steps of an action; absent for all other files. */
  readonly admission?: Admission;
}

/** How a file pulls in others, and what it has pulled in so far. */
export interface Puller extends Surroundings {
  readonly trail: Trail;
  readonly pulled: Pulled[];
  /** Reads a file of the same product. */
  read(file: SourceFile, yaml: Parameters<ReadFile>[1], surroundings: Surroundings): ReturnType<ReadFile>;
}

/** A file that has pulled in nothing yet. */
export function pullerOf(file: SourceFile, surroundings: Surroundings, read: Puller["read"]): Puller {
  return { ...surroundings, trail: trailOf(file, surroundings.call), pulled: [], read };
}

/** The admission of the steps of an action. */
export function actionAdmission({ admission }: Surroundings): Admission {
  return admission ?? admissionOf(undefined, undefined);
}

/**
 * An action of the repository runs in the environment of the step that uses it, and its expressions read what the step hands to it. It
 * gets no secret by itself. Source: docs.github.com, "Metadata syntax for GitHub Actions", `runs` for composite actions, and "Contexts
 * reference", context availability.
 */
export function pullAction(puller: Puller, step: Step, admission: Admission): void {
  const folder = localPath(step.references);
  if (folder === undefined) return;
  const paths = ["action.yml", "action.yaml"].map((name) => (folder === "." ? name : `${folder}/${name}`));
  // What the system hands to any action is for those alone that cannot be read.
  const scope: Scope = { ...step.scope, ambient: [] };
  const by = { span: step.span, message: `Run by ${step.label}` };
  const read: ReadFile = (file, yaml, context, call) => puller.read(file, yaml, { context, call, admission });
  const found = pullIn(read, { paths, by, scope, inputs: step.inputs }, puller.trail, puller.context);
  puller.pulled.push(...found.map((each) => ({ ...each, step })));
}

/**
 * A workflow that a job calls gets no variable of the caller, and of its secrets those that the job names, or all of them.
 * Source: docs.github.com, "Reuse workflows", limitations and `jobs.<job_id>.secrets`.
 */
export function pullWorkflow(puller: Puller, job: YamlNode | undefined, id: string, step: Step): void {
  const path = localPath(step.references);
  if (path === undefined) return;
  const handed = get(job, "secrets");
  const inherited = text(handed) === "inherit" ? puller.call?.secrets : namesOf(handed);
  const by = { span: step.span, message: `Called by job “${id}”` };
  const read: ReadFile = (file, yaml, context, call) => puller.read(file, yaml, { context, call });
  const calling = {
    paths: [path],
    by,
    scope: undefined,
    inputs: step.inputs,
    ...(inherited && { secrets: inherited }),
  };
  puller.pulled.push(...pullIn(read, calling, puller.trail, puller.context));
}

/** The file or folder that `uses` names; the paths of both kinds count from the root of the repository. */
function localPath([called]: readonly Reference[]): string | undefined {
  return called?.target.kind === "local" ? repositoryPath(called.target.path, ".") : undefined;
}

function namesOf(secrets: YamlNode | undefined): ReadonlySet<string> {
  return new Set(entries(secrets).map(({ key }) => key.toUpperCase()));
}

/** The secrets that a text names, where another file hands some of them on: by their own names, and behind inputs. */
export function calledSecrets(
  secretsIn: Dialect["secretsIn"],
  root: YamlNode | undefined,
  call: Call | undefined,
): Dialect["secretsIn"] {
  if (call === undefined) return secretsIn;
  const isAction = get(root, "runs") !== undefined;
  const inputs = inputSecrets(secretsIn, root, call);
  const { secrets: handed } = call;
  const isHanded = ({ kind, name, extent }: SecretUse): boolean => {
    if (kind !== "named") return true;
    if (isAction || handed === undefined) return !isAction;
    return extent === undefined ? handed.has(name.toUpperCase()) : handed.size > 0;
  };
  return (written) => {
    const own = secretsIn(written).filter(isHanded);
    if (inputs.size === 0 || !written.text.includes("inputs")) return own;
    const named = [...written.text.matchAll(/\binputs\s*(?:\.\s*([A-Za-z_][\w-]*)|\[\s*'([^']+)'\s*\])/gi)];
    const behind = named.flatMap(({ 0: found, 1: name, 2: indexed, index }) => {
      const span = written.map.toDocument({ start: index, end: index + found.length });
      return (inputs.get((name ?? indexed ?? "").toLowerCase()) ?? []).map((use) => ({ ...use, span }));
    });
    return [...own, ...behind];
  };
}

/** By the lower-case names of inputs, what they are given, or else their defaults. */
function inputSecrets(
  secretsIn: Dialect["secretsIn"],
  root: YamlNode | undefined,
  { inputs }: Call,
): ReadonlyMap<string, readonly SecretUse[]> {
  const dialect = { mask: (code: string) => ({ text: code, holes: [] }), secretsIn };
  const defaults = entries(get(root, "inputs")).map(({ key, value }) => {
    return [key.toLowerCase(), secretsBelow(get(value, "default"), dialect)] as const;
  });
  const given = inputs.map(({ name, secrets }) => [name.toLowerCase(), secrets] as const);
  const known = new Map([...defaults, ...given]);
  return new Map([...known].filter(([, secrets]) => secrets.length > 0));
}
