import { type Job, ownScopes, type Pipeline, type Scope, type SecretUse, type Step, type Variable } from "./model.ts";

/**
 * True where a step names an environment variable: in an expression, in a script of whatever shell, or in an input. Names are compared as
 * whole words, so that a use is rather seen once too often than overlooked. What runs in the step's place, such as a local action, counts.
 */
export function usesVariable(step: Step, name: string): boolean {
  if (step.reads.includes(name)) return true;
  const word = new RegExp(`(?<![A-Za-z0-9_])${name.replace(/[^\w]/g, "\\$&")}(?![A-Za-z0-9_])`);
  const texts = [
    ...step.scripts.flatMap(({ text, holes }) => [text, ...holes.map((hole) => hole.text)]),
    ...step.inputs.map((input) => input.value ?? ""),
    ...step.scope.variables.filter((variable) => variable.name !== name).map((variable) => variable.value ?? ""),
  ];
  const inside = (step.runs ?? []).flatMap(({ steps }) => steps);
  return texts.some((text) => word.test(text)) || inside.some((each) => usesVariable(each, name));
}

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
