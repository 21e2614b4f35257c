import type { ForeignCode, GrantedSecret, Loss } from "../core/index.ts";
import type { Inline } from "./document.ts";
import type { LocatedStep } from "./inventory.ts";

// Words that both reports use.

/** What to do about variables that no file lists. */
export const SETTINGS = "no file lists them, so go through the settings and revoke what is there.";

/** True for what a person can revoke because its name is known: not for tokens of a run, and not for what no file lists. */
export function isRevocable({ secret }: Loss<LocatedStep>): boolean {
  return secret.kind === "named" || (secret.kind === "login" && secret.from !== "token" && secret.from !== "settings");
}

/** The name of a secret; where a phrase stands for secrets whose names no file has, that phrase. */
export function nameOf({ name }: GrantedSecret): Inline {
  return name.includes(" ") ? name : { code: name };
}

/** "1 step", "2 steps". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** "a", "a and b", "a, b and c": all of them. */
export function listOf(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** The pieces with commas between them. */
export function join(pieces: readonly Inline[]): readonly Inline[] {
  return pieces.flatMap((piece, index) => (index === 0 ? [piece] : [", ", piece]));
}

/** Where a step stands, what it is called, and its job. */
export function stepLine(step: LocatedStep): readonly Inline[] {
  const { label, job, place } = step;
  const of = job === undefined || label.includes(`job “${job}”`) ? "" : ` of job “${job}”`;
  return [{ spot: step.spotOf(place) }, ` ${label}${of}`];
}

/** What the state of code means to a person. */
export function stateOf({ state, pin }: ForeignCode): string {
  switch (state) {
    case "mutable":
      return "not pinned";
    case "pinned":
      return `pinned to ${pin ?? "its content"}`;
    case "checked":
      return "checked before it runs";
    case "unknown":
      return "cannot tell whether pinned";
  }
}
