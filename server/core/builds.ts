import { type BuildArgument, readDockerfile, WHAT_RUN_SEES } from "./docker-build.ts";
import { builtImages, type ImageBuild, imageBuilds } from "./flow.ts";
import { type Pipeline, type Pulled, type Script, type SecretUse, type Step, scopeChain } from "./model.ts";
import { placeIn } from "./remote.ts";
import type { Value } from "./shell/state.ts";

/** Builds of one pipeline that are looked at. */
const MAX_BUILDS = 100;

/** The Dockerfiles of the repository that the scripts of a pipeline build images from. */
export function buildsOf(pipeline: Pipeline): readonly Pulled[] {
  return imageBuilds(pipeline)
    .slice(0, MAX_BUILDS)
    .flatMap((build) => readBuilt(pipeline, build));
}

function readBuilt(pipeline: Pipeline, { step, script, use }: ImageBuild): readonly Pulled[] {
  for (const path of use.paths) {
    const text = pipeline.readFile?.(path);
    if (text === undefined) continue;
    const { system, systemName } = pipeline;
    const args = new Map(use.args.map((word) => argumentIn(step, script, word)));
    const secrets = new Map(use.secrets.flatMap((word) => secretIn(step, script, word)));
    const message = `Built by ${step.label}; ${WHAT_RUN_SEES}`;
    return [
      {
        pipeline: readDockerfile(path, text, { system, systemName, args, secrets, built: builtImages(pipeline) }),
        by: { ...placeIn(script, use.command), message },
      },
    ];
  }
  return [];
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
