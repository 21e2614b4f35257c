import type { SourceFile } from "./analyze.ts";
import { type Build, type BuildArgument, readDockerfile, WHAT_RUN_SEES } from "./docker-build.ts";
import { builtImages, type ImageBuild, imageBuilds } from "./flow.ts";
import { type Pipeline, type Pulled, type Script, type SecretUse, type Step, scopeChain } from "./model.ts";
import { placeIn } from "./remote.ts";
import { repositoryPath } from "./shell/repository-path.ts";
import type { Value } from "./shell/state.ts";
import { entries, get, items, parseYaml, text, type YamlNode } from "./yaml.ts";

/** Builds of one pipeline that are looked at. */
const MAX_BUILDS = 100;

const BUILDS = new WeakMap<Pipeline, readonly Pulled[]>();

/** The Dockerfiles of the repository that the scripts of a pipeline build images from. Read once, however often it is asked. */
export function buildsOf(pipeline: Pipeline): readonly Pulled[] {
  const known = BUILDS.get(pipeline);
  if (known !== undefined) return known;
  const services = new Map<string, readonly Service[]>();
  const found = imageBuilds(pipeline)
    .slice(0, MAX_BUILDS)
    .flatMap((build) => readBuilt(pipeline, build, services))
    .slice(0, MAX_BUILDS);
  BUILDS.set(pipeline, found);
  return found;
}

/** What a Compose file says of one image that it builds. */
interface Service {
  readonly paths: readonly string[];
  readonly context: string;
  /** The arguments of the build. */
  readonly args: YamlNode | undefined;
}

function readBuilt(
  pipeline: Pipeline,
  { step, script, use }: ImageBuild,
  services: Map<string, readonly Service[]>,
): readonly Pulled[] {
  const args = new Map(use.args.map((word) => argumentIn(step, script, word)));
  const secrets = new Map(use.secrets.flatMap((word) => secretIn(step, script, word)));
  const by = { ...placeIn(script, use.command), message: `Built by ${step.label}; ${WHAT_RUN_SEES}` };
  const { system, systemName, readFile = () => undefined } = pipeline;
  const build: Build = { system, systemName, args, secrets, context: use.context, built: builtImages(pipeline) };
  const read = (paths: readonly string[], own: Build): readonly Pulled[] => {
    const found = firstFile(pipeline, paths);
    return found === undefined ? [] : [{ pipeline: { ...readDockerfile(found.path, found.text, own), readFile }, by }];
  };
  const compose = firstFile(pipeline, use.compose ?? []);
  if (compose === undefined) return read(use.paths, build);
  const composed = services.get(compose.path) ?? servicesIn(compose);
  services.set(compose.path, composed);
  return composed.flatMap(({ paths, context, args: own }) =>
    read(paths, { ...build, context, args: new Map([...composedArguments(own, step), ...args]) }),
  );
}

function firstFile({ readFile }: Pipeline, paths: readonly string[]): SourceFile | undefined {
  for (const path of paths) {
    const text = readFile?.(path);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}

/** Services of one Compose file that are looked at. */
const MAX_SERVICES = 50;

/** Larger Compose files are generated ones. In UTF-16 units. */
const MAX_LENGTH = 256 * 1024;

/** What a Compose file builds. Source: docs.docker.com, "Compose Build Specification". */
function servicesIn(file: SourceFile): readonly Service[] {
  const [root] = file.text.length > MAX_LENGTH ? [] : parseYaml(file.text).documents;
  const folder = /^(.*)\//.exec(file.path)?.[1] ?? ".";
  return entries(get(root, "services"))
    .slice(0, MAX_SERVICES)
    .flatMap(({ value }) => {
      const build = get(value, "build");
      const around = repositoryPath(text(build) ?? text(get(build, "context")) ?? ".", folder);
      if (build === undefined || around === undefined || get(build, "dockerfile_inline") !== undefined) return [];
      const path = repositoryPath(text(get(build, "dockerfile")) ?? "Dockerfile", around);
      return path === undefined ? [] : [{ paths: [path], context: around, args: get(build, "args") }];
    });
}

/** `NAME: value`, `- NAME=value`, and `- NAME` for the variable of that name. */
function composedArguments(node: YamlNode | undefined, step: Step): Build["args"] {
  const listed = items(node).flatMap((item) => {
    const [, name, value] = /^(\w+)(?:=(.*))?$/s.exec(text(item) ?? "") ?? [];
    return name === undefined ? [] : [[name, value] as const];
  });
  const all = [...listed, ...entries(node).map(({ key, value }) => [key, text(value)] as const)];
  return new Map(
    all.map(([name, value]) => {
      const used = value === undefined ? [name] : [...value.matchAll(/\$\{?(\w+)/g)].map(([, each = ""]) => each);
      const secrets = used.flatMap((each) => secretsOf(step, each));
      return [name, { value: value?.includes("$") ? undefined : value, secrets }];
    }),
  );
}

/** `NAME=value`, or `NAME` for the variable of that name. */
function argumentIn(step: Step, script: Script, word: Value): readonly [string, BuildArgument] {
  const equals = word.text.indexOf("=");
  const name = equals < 0 ? word.text : word.text.slice(0, equals);
  const secrets = [...secretsNamed(step, script, word), ...(equals < 0 ? secretsOf(step, name) : [])];
  const value = equals < 0 || !word.known || /[$‹]/.test(word.text) ? undefined : word.text.slice(equals + 1);
  return [name, { value, secrets }];
}

/** `id=NAME,env=VARIABLE`: without a variable and a file it is the variable that is called as the secret. */
function secretIn(step: Step, script: Script, word: Value): readonly (readonly [string, readonly SecretUse[]])[] {
  const fields = new Map(
    word.text.split(",").map((field) => [field.replace(/=.*$/s, ""), field.replace(/^[^=]*=/s, "")]),
  );
  const id = fields.get("id");
  if (id === undefined) return [];
  const file = fields.get("src") ?? fields.get("source");
  const variable = fields.get("env") ?? (file === undefined ? id : undefined);
  const known = variable === undefined ? [] : secretsOf(step, variable);
  const content: SecretUse = { name: `the build secret “${id}”`, kind: "named", span: script.toDocument(word.span) };
  return [[id, known.length > 0 ? known : [content]]];
}

/** The secrets that a word of a command line holds, in its expressions and in the variables that it names. */
function secretsNamed(step: Step, script: Script, word: Value): readonly SecretUse[] {
  const place = script.toDocument(word.span);
  const written =
    script.path === undefined
      ? step.secrets.filter(({ span }) => place.start <= span.start && span.end <= place.end)
      : [];
  const names = [...word.text.matchAll(/\$(?:env:)?\{?(?:env:)?(\w+)|%(\w+)%/gi)].map(
    ([, shell, batch]) => shell ?? batch ?? "",
  );
  return [...written, ...names.flatMap((name) => secretsOf(step, name))];
}

function secretsOf(step: Step, name: string): readonly SecretUse[] {
  for (const { variables } of scopeChain(step.scope)) {
    const variable = variables.find((each) => each.name === name);
    if (variable !== undefined) return variable.secrets;
  }
  return [];
}
