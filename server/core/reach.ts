import {
  type AmbientSecret,
  type Job,
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
  /** How a person would call the scope that grants it: "the whole workflow". */
  readonly scope: string;
  readonly level: ScopeLevel;
  /** Where the document grants it; absent for what the system hands out by itself. */
  readonly span: Span | undefined;
  /** True where the secret is a token that the file lets change something. */
  readonly writes?: boolean;
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

/** Everything that a step can take, with what earlier steps of its job left behind. */
export function reachOf(_job: Job, step: Step): StepReach {
  return { now: reachOfStep(step), later: [] };
}

/** What the processes of a step can read: its own secrets and those of every scope around it. */
export function reachOfStep(step: Step): Reach {
  const own = [...step.inputs.flatMap((input) => input.secrets), ...step.secrets];
  return unique([...own.map((use) => granted(use, step.scope)), ...reachOfScope(step.scope)]);
}

/** What anything that runs directly in a scope can read. */
export function reachOfScope(scope: Scope): Reach {
  return unique(
    scopeChain(scope).flatMap((each) => [
      ...each.variables.flatMap((variable) =>
        variable.secrets.map((use) => granted({ ...use, span: variable.span }, each)),
      ),
      ...each.ambient.map((secret) => ambient(secret, each)),
    ]),
  );
}

/** The secrets of a reach that the file itself names: those that decide severity. */
export function namedSecrets(reach: Reach): Reach {
  return reach.filter((secret) => secret.kind === "named");
}

function granted(use: SecretUse, scope: Scope): ReachedSecret {
  return { name: use.name, kind: use.kind, scope: scope.label, level: scope.level, span: use.span };
}

function ambient(secret: AmbientSecret, scope: Scope): ReachedSecret {
  return { name: secret.name, kind: secret.kind, scope: scope.label, level: scope.level, span: secret.span };
}

function unique(reach: Reach): Reach {
  const names = new Set<string>();
  return reach.filter((secret) => !names.has(secret.name) && names.add(secret.name));
}
