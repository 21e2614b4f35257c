import type { Pipeline, Reference, ReferenceKind } from "./model.ts";
import { pinFixesFor } from "./pinning.ts";
import type { Policy } from "./policy.ts";
import { mutableCalls } from "./reach.ts";
import type { Problem, Severity } from "./rule.ts";
import { graveTheftSentence, judged } from "./severity.ts";

/** What a rule about one kind of reference says. */
interface Wording {
  /** How bad it is before reach and trust are looked at. */
  severity(reference: Reference): Severity;
  /** @param theft what the code could take, as a sentence with a blank in front, or nothing */
  message(reference: Reference, theft: string): string;
}

/** A problem for each reference of a kind that somebody else can move, with what its code can read and how to pin it. */
export function* unpinnedReferences(
  pipeline: Pipeline,
  policy: Policy,
  kind: ReferenceKind,
  { severity, message }: Wording,
): Iterable<Problem> {
  for (const call of mutableCalls(pipeline, kind)) {
    const { reference } = call;
    yield {
      span: reference.span,
      message: message(reference, graveTheftSentence(call)),
      ...judged(call, severity(reference), policy),
      fixes: pinFixesFor(reference, pipeline.text),
    };
  }
}
