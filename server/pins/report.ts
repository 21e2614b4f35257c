import type { PinOutcome } from "./pin-all.ts";
import { isChange, type Verdict, type VerifiedPin } from "./verify.ts";
import { counted } from "./wording.ts";

// What pinning and verifying came to, in words: the same in the editor's output and on the command line.

/** One line for each finding, below the name of its file. `shown` gives that name. */
export function pinLines(outcomes: readonly PinOutcome[], shown: (outcome: PinOutcome) => string): readonly string[] {
  return byFile(outcomes, shown, ({ line, what, to }) =>
    "pinned" in to ? entry(line, "pinned", `${what} → ${to.pinned}`) : entry(line, "left", `${what}: ${to.left}`),
  );
}

/** "Pinned 5 of 7 references; 2 were left as they are." */
export function pinSummary(outcomes: readonly PinOutcome[]): string {
  const left = outcomes.filter(({ to }) => "left" in to).length;
  const all = outcomes.length;
  if (all === 0) return "Everything is pinned already.";
  if (left === 0) return `Pinned ${counted(all, "reference")}.`;
  if (left === all) return `Pinned none of ${counted(all, "reference")}.`;
  return `Pinned ${all - left} of ${counted(all, "reference")}; ${left} ${left === 1 ? "was" : "were"} left as ${left === 1 ? "it is" : "they are"}.`;
}

/** The outcomes where some files were not changed after all, each with the reason. */
export function withdrawn(
  outcomes: readonly PinOutcome[],
  reasons: ReadonlyMap<string, string>,
): readonly PinOutcome[] {
  return outcomes.map((outcome) => {
    const left = "pinned" in outcome.to ? reasons.get(outcome.id) : undefined;
    return left === undefined ? outcome : { ...outcome, to: { left } };
  });
}

/** One line for each pin, below the name of its file. */
export function verifyLines(pins: readonly VerifiedPin[], shown: (pin: VerifiedPin) => string): readonly string[] {
  return byFile(pins, shown, ({ line, verdict, message }) => entry(line, WORDS[verdict], message));
}

/** "3 of 12 pins changed: 1 moved, 2 gone." */
export function verifySummary(pins: readonly VerifiedPin[]): string {
  const count = (verdict: Verdict) => pins.filter((pin) => pin.verdict === verdict).length;
  const changed = pins.filter(({ verdict }) => isChange(verdict)).length;
  const unanswered = count("unanswered");
  const open = unanswered === 0 ? "" : ` ${counted(unanswered, "pin")} could not be asked about.`;
  if (pins.length === 0) return "There is no pin to verify.";
  if (unanswered === pins.length) return `None of ${counted(pins.length, "pin")} could be asked about.`;
  if (changed === 0) return `No pin changed, of ${pins.length}.${open}`;
  const kinds = (["changed", "moved", "mislabelled", "gone"] as const).flatMap((verdict) =>
    count(verdict) === 0 ? [] : [`${count(verdict)} ${WORDS[verdict]}`],
  );
  return `${changed} of ${counted(pins.length, "pin")} ${changed === 1 ? "is" : "are"} not as pinned: ${kinds.join(", ")}.${open}`;
}

const WORDS: { readonly [V in Verdict]: string } = {
  held: "as pinned",
  behind: "behind",
  moved: "moved",
  mislabelled: "mislabelled",
  changed: "changed",
  gone: "gone",
  unknown: "cannot tell",
  unanswered: "no answer",
};

function byFile<T extends { readonly id: string }>(
  items: readonly T[],
  shown: (item: T) => string,
  line: (item: T) => string,
): readonly string[] {
  const files = new Map<string, string[]>();
  for (const item of items) {
    const lines = files.get(item.id) ?? [shown(item)];
    files.set(item.id, [...lines, line(item)]);
  }
  return [...files.values()].flat();
}

function entry(line: number, word: string, text: string): string {
  return `${String(line).padStart(6)}  ${word.padEnd(11)}  ${text}`;
}
