import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import type { Build } from "../docker-build.ts";
import {
  type Pipeline,
  type Pulled,
  type Reference,
  type Scope,
  type SecretUse,
  type Step,
  scopeChain,
  type Variable,
} from "../model.ts";
import { repositoryPath } from "../shell/repository-path.ts";
import { entries, get, scalar, text, type YamlNode } from "../yaml.ts";
import { type Dialect, secretsBelow } from "./reading.ts";
import { type Call, pullDockerfile, pullIn, type ReadFile, type Trail, trailOf } from "./reading-pulled.ts";
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

/**
 * The Dockerfile of an action that is a container. Its RUN sees nothing of the step. Source: docs.github.com, "Metadata syntax for GitHub
 * Actions", `runs.image`.
 */
export function pullContainer(puller: Puller, file: SourceFile, root: YamlNode | undefined, product: Product): void {
  const image = scalar(get(root, "runs", "image"));
  if (text(get(root, "runs", "using")) !== "docker" || image === undefined || /^docker:\/\//.test(image.text)) return;
  const slash = file.path.lastIndexOf("/");
  const context = slash < 0 ? "." : file.path.slice(0, slash);
  const path = repositoryPath(image.text, context);
  const build = { ...product, context, args: new Map(), secrets: new Map() };
  const by = { span: image.span, message: "Built for this action" };
  if (path !== undefined) puller.pulled.push(...pullDockerfile([path], by, build, puller.trail, puller.context));
}

type Product = Pick<Pipeline, "system" | "systemName">;

/** The Dockerfile that Docker's own action builds. Source: github.com/docker/build-push-action, README, inputs. */
export function pullBuild(puller: Puller, step: Step, product: Product): void {
  const [action] = step.references;
  if (action?.target.kind !== "repository" || !/^docker\/build-push-action$/i.test(action.target.repo)) return;
  const input = (name: string) => step.inputs.find((each) => each.name.toLowerCase() === name);
  const context =
    input("context")
      ?.value?.trim()
      .replace(/^\{\{defaultContext\}\}:?/, "") || ".";
  const file = input("file")?.value?.trim();
  const around = repositoryPath(context, ".");
  const path = file ? repositoryPath(file, ".") : around && repositoryPath("Dockerfile", around);
  if (path === undefined || (context.includes("://") && !file)) return;
  const args = pairsIn(step, input("build-args"));
  const secrets = [...pairsIn(step, input("secrets")), ...pairsIn(step, input("secret-envs"))];
  const build: Build = {
    ...product,
    context: around,
    args: new Map(
      args.map(([name, value, uses]) => [name, { value: value.includes("$") ? undefined : value, secrets: uses }]),
    ),
    secrets: new Map(secrets.map(([name, , uses]) => [name, uses])),
  };
  const by = { span: step.span, message: `Built by ${step.label}` };
  puller.pulled.push(...pullDockerfile([path], by, build, puller.trail, puller.context));
}

/** The lines `NAME=value` of an input, with the secrets in each. */
function pairsIn(
  { scope }: Step,
  input: Variable | undefined,
): readonly (readonly [string, string, readonly SecretUse[]])[] {
  return (input?.value ?? "").split("\n").flatMap((line) => {
    const [, name, value = ""] = /^\s*"?([\w.-]+)=(.*?)"?\s*$/.exec(line) ?? [];
    if (name === undefined || input === undefined) return [];
    const named = input.secrets.filter(
      (use) => value.includes(use.name) || (use.kind === "token" && /token/i.test(value)),
    );
    const variables = [...value.matchAll(/\benv\.(\w+)/g)].map(([, used = ""]) => used);
    const around = [...variables, ...(/^\w+$/.test(value) ? [value] : [])].flatMap(
      (used) =>
        scopeChain(scope)
          .flatMap((each) => each.variables)
          .find((each) => each.name === used)?.secrets ?? [],
    );
    return [[name, value, [...named, ...around]] as const];
  });
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
