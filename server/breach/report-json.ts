import type { Drill, DrilledStep, ForeignCode, GrantedSecret, Loss, Place } from "../core/index.ts";
import type { PlaceNames } from "./document.ts";
import type { LocatedStep } from "./inventory.ts";

// The reports for a script, as plain objects. Lines and columns count from 1 in UTF-16 units.

/** What a drill found. */
export function drillToJson({ party, exposed, held, unknown, losses, related }: Drill<LocatedStep>, names: PlaceNames) {
  const drilled = ({ step, codes }: DrilledStep<LocatedStep>) => ({
    ...stepToJson(step, names),
    codes: codes.map((code) => codeToJson(step, code, names)),
  });
  return {
    party: { asked: party.text, name: party.name, version: party.version, kind: party.kind },
    exposed: exposed.map(drilled),
    revoke: losses.map((loss) => lossToJson(loss, names)),
    unknown: unknown.map(drilled),
    held: held.map(drilled),
    related,
  };
}

/** Which code reaches which secret: the secrets with the steps that reach them, and all steps with their code. */
export function secretsToJson(secrets: readonly Loss<LocatedStep>[], steps: readonly LocatedStep[], names: PlaceNames) {
  return {
    secrets: secrets.map((secret) => lossToJson(secret, names)),
    steps: steps.map((step) => ({
      ...stepToJson(step, names),
      own: [...new Set(step.own.map((place) => names.shown(step.spotOf(place))))],
      codes: step.foreign.map((code) => codeToJson(step, code, names)),
    })),
  };
}

function stepToJson(step: LocatedStep, names: PlaceNames) {
  return {
    ...placeToJson(step, step.place, names),
    step: step.label,
    job: step.job,
    system: step.system,
    now: step.now.map((secret) => secretToJson(step, secret, names)),
    later: step.later.map((secret) => secretToJson(step, secret, names)),
  };
}

function codeToJson(step: LocatedStep, { kind, text, place, origin, state, pin }: ForeignCode, names: PlaceNames) {
  const { host, owner, versions } = origin;
  return { ...placeToJson(step, place, names), kind, text, host, owner, versions, state, pin };
}

function secretToJson(step: LocatedStep, secret: GrantedSecret, names: PlaceNames) {
  const { name, kind, scope, level, place, writes } = secret;
  return {
    name,
    kind,
    scope,
    level,
    writes,
    grantedAt: place === undefined ? undefined : placeToJson(step, place, names),
  };
}

function lossToJson({ secret: { name, kind }, systems, now, later }: Loss<LocatedStep>, names: PlaceNames) {
  const where = (step: LocatedStep) => ({ ...placeToJson(step, step.place, names), step: step.label, job: step.job });
  return { name, kind, systems, now: now.map(where), later: later.map(where) };
}

function placeToJson(step: LocatedStep, place: Place, { shown }: PlaceNames) {
  const spot = step.spotOf(place);
  return { path: shown(spot), line: spot.line, column: spot.column };
}
