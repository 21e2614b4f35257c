import { type Party, relatedOwners, relationTo } from "./party.ts";
import { eachOnce, type ForeignCode, type GrantedSecret, type StepCode } from "./step-code.ts";

// Who would have run what, and what that could have taken. Steps are those of any number of files; what else a caller knows about
// them stays with them.

/** What would have happened if a party had been altered. */
export interface Drill<S extends StepCode> {
  readonly party: Party;
  /** Steps that would have run its code. */
  readonly exposed: readonly DrilledStep<S>[];
  /** Steps with code of it that cannot be altered unseen. */
  readonly held: readonly DrilledStep<S>[];
  /** Steps of which only the run knows whether code of it comes, or in which version. */
  readonly unknown: readonly DrilledStep<S>[];
  /** What the exposed steps could have taken, what they could read at once first. */
  readonly losses: readonly Loss<S>[];
  /** Accounts of the same maker that code comes from as well. */
  readonly related: readonly string[];
}

/** A step with the code in it that comes from the party. */
export interface DrilledStep<S extends StepCode> {
  readonly step: S;
  readonly codes: readonly ForeignCode[];
}

/** A secret with the steps that could have taken it. */
export interface Loss<S extends StepCode> {
  readonly secret: GrantedSecret;
  /** Names of the CI systems that hold it. */
  readonly systems: readonly string[];
  /** Steps whose own processes could read it. */
  readonly now: readonly S[];
  /** Steps that could have taken it by tampering with later ones, and could not read it at once. */
  readonly later: readonly S[];
}

/**
 * Plays through that a party was altered.
 *
 * @param storeOf names the place that keeps a step's secrets, such as its repository: equal names in one place are one secret
 */
export function breachDrill<S extends StepCode>(
  party: Party,
  steps: readonly S[],
  storeOf: (step: S) => string,
): Drill<S> {
  const [exposed, held, unknown]: [DrilledStep<S>[], DrilledStep<S>[], DrilledStep<S>[]] = [[], [], []];
  for (const step of steps) {
    const groups = { exposed: [] as ForeignCode[], held: [] as ForeignCode[], unknown: [] as ForeignCode[] };
    for (const code of step.foreign) {
      const verdict = verdictOn(party, code);
      if (verdict !== undefined) groups[verdict].push(code);
    }
    if (groups.exposed.length > 0) exposed.push({ step, codes: groups.exposed });
    if (groups.held.length > 0) held.push({ step, codes: groups.held });
    if (groups.unknown.length > 0) unknown.push({ step, codes: groups.unknown });
  }
  const codes = steps.flatMap(({ foreign }) => foreign);
  return {
    party,
    exposed,
    held,
    unknown,
    losses: lossesOf(
      exposed.map(({ step }) => step),
      storeOf,
    ),
    related: relatedOwners(party, codes),
  };
}

function verdictOn(party: Party, code: ForeignCode): "exposed" | "held" | "unknown" | undefined {
  const isHeld = code.state === "pinned" || code.state === "checked";
  switch (relationTo(party, code)) {
    case "none":
      return undefined;
    case "maybe":
      return isHeld ? undefined : "unknown";
    case "exact":
      return "exposed";
    case "from":
      return isHeld ? "held" : code.state === "unknown" ? "unknown" : "exposed";
  }
}

/** Every secret that some steps can read or take later, each once, those that a file names first. */
export function lossesOf<S extends StepCode>(steps: readonly S[], storeOf: (step: S) => string): readonly Loss<S>[] {
  const losses = new Map<string, { secret: GrantedSecret; systems: Set<string>; now: Set<S>; later: Set<S> }>();
  for (const how of ["now", "later"] as const) {
    for (const step of steps) {
      for (const secret of step[how]) {
        const key = JSON.stringify([storeOf(step), secret.name]);
        const loss = losses.get(key) ?? { secret, systems: new Set(), now: new Set(), later: new Set() };
        losses.set(key, loss);
        loss.systems.add(step.system);
        if (how === "now" || !loss.now.has(step)) loss[how].add(step);
      }
    }
  }
  return [...losses.values()]
    .map(({ secret, systems, now, later }) => ({ secret, systems: [...systems], now: [...now], later: [...later] }))
    .sort((a, b) => rankOf(a.secret) - rankOf(b.secret) || Number(b.now.length > 0) - Number(a.now.length > 0));
}

function rankOf({ kind }: GrantedSecret): number {
  return ["named", "login", "settings", "token"].indexOf(kind);
}

/**
 * Brings together what several files say about one step: a file that others pull in stands for itself and for each of them. What
 * they hand over is within its reach as well.
 *
 * @param fileOf names the file at a path of a step's repository, the same for the same file
 */
export function mergedSteps<S extends StepCode>(
  steps: readonly S[],
  fileOf: (step: S, path: string) => string,
): readonly S[] {
  const groups = new Map<string, S[]>();
  for (const step of steps) {
    const { path, span } = step.place;
    const key = JSON.stringify([fileOf(step, path), span.start, step.label]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [step]);
    else group.push(step);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || group.length === 1) return group;
    const now = eachOnce(group.flatMap((step) => step.now));
    const names = new Set(now.map(({ name }) => name));
    return [
      {
        ...first,
        now,
        later: eachOnce(group.flatMap((step) => step.later)).filter(({ name }) => !names.has(name)),
        own: distinct(group.flatMap(({ own }) => own)),
        foreign: distinct(group.flatMap(({ foreign }) => foreign)),
      },
    ];
  });
}

function distinct<T>(all: readonly T[]): readonly T[] {
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
}
