import type { Reference } from "./model.ts";
import type { Policy } from "./policy.ts";
import { type Call, type Reach, raising } from "./reach.ts";
import type { Problem, Severity } from "./rule.ts";
import { theft } from "./wording.ts";

// The one place that says how bad it is that code can change, given what that code can read.

/**
 * Whose code it is, and what keeps it as it is.
 * download: content from the network that nothing checks. foreign: a reference to somebody else's code by a name that can move.
 * trusted: such a reference to code of the repository's own owner or of the system's makers. image: a container image. shipped: what
 * the system itself installs, such as a task of its own, which has no hash to be pinned by.
 */
export type Origin = "download" | "foreign" | "trusted" | "image" | "shipped";

interface Degrees {
  /** Where nothing can be taken that counts: this at most, however grave the rule is. */
  readonly calm?: Severity;
  /** Where {@link raising} names something that can be taken. Absent: as if it named nothing. */
  readonly grave?: Severity;
}

const TABLE: Readonly<Record<Origin, Degrees>> = {
  download: { grave: "error" },
  foreign: { grave: "error" },
  trusted: { calm: "information", grave: "warning" },
  image: { grave: "warning" },
  shipped: {},
};

/**
 * How bad code is that can change.
 *
 * @param usual the severity of the rule
 * @param now what the code's own process can read
 */
export function severityOf(origin: Origin, usual: Severity, now: Reach): Severity {
  const { calm, grave } = TABLE[origin];
  if (grave !== undefined && raising(now).length > 0) return grave;
  return calm === undefined || RANK[usual] > RANK[calm] ? usual : calm;
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, information: 2, hint: 3 };

/**
 * What a rule about references says of one of them, besides what it is called.
 *
 * A login that an earlier step of the job left counts where the code runs on the job's machine: whoever moves an action's tag chooses
 * how the action runs as well, so that nothing keeps it from reading files. Only an image is kept from them, by its container.
 */
export function judged(
  call: Call,
  usual: Severity,
  policy: Policy,
): Pick<Problem, "severity" | "reach" | "reachLater"> {
  const { now, later } = call.reach;
  return { severity: severityOf(originOf(call.reference, policy), usual, now), reach: now, reachLater: later };
}

function originOf(reference: Reference, policy: Policy): Origin {
  const { kind, text, target } = reference;
  if (kind === "image" || (kind === "plugin" && target.kind === "image")) return "image";
  // A task of a marketplace is named by its publisher, one of the system by a single word.
  if (kind === "task" && target.kind === "other") return /^[^@]*\./.test(text.trim()) ? "foreign" : "shipped";
  const name = target.kind === "repository" ? target.repo : kind === "orb" ? text.trim().replace(/@.*$/s, "") : "";
  return policy.trusts(name, kind) ? "trusted" : "foreign";
}

/** " It could take NPM_TOKEN and 2 more.", or nothing. */
export function theftSentence(reach: Reach): string {
  const taken = theft(reach);
  return taken === "" ? "" : ` It could take ${taken}.`;
}

/** As {@link theftSentence}, where nothing is said of what raises nothing: for findings that are many. */
export function graveTheftSentence({ reach }: Call): string {
  return theftSentence(raising(reach.now));
}
