import type { Reference } from "../model.ts";
import { pinFixesFor } from "../pinning.ts";
import { callsOf } from "../reach.ts";
import type { Rule } from "../rule.ts";
import { graveTheftSentence, judged } from "../severity.ts";
import { shortened } from "../wording.ts";

/** Plugins that are named by a tag or a branch. */
export const unpinnedPlugin: Rule = {
  id: "unpinned-plugin",
  severity: "warning",
  summary: "A plugin is named by a version that its owner can move.",
  why:
    "A plugin runs before, around and after the commands of a step, with everything that they can read. A tag or branch is a name that its owner puts on other code at will; " +
    "a full commit id is the code itself.",
  examples: [
    {
      title: "A tag becomes the commit that it stands for",
      path: ".buildkite/pipeline.yml",
      bad: `steps:
  - command: make test
    plugins:
      - docker#v5.0.0:
#       ^^^^^^^^^^^^^
          image: acme/build@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d
`,
      good: `steps:
  - command: make test
    plugins:
      - docker#11bd71901bbe5b1630ceea73d27597364c9af683: # v5.0.0
          image: acme/build@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d
`,
      answers: [
        { kind: "commit", commit: "11bd71901bbe5b1630ceea73d27597364c9af683", refKind: "tag", versionTag: "v5.0.0" },
      ],
    },
    {
      title: "A commit is fine",
      path: ".buildkite/pipeline.yml",
      bad: `steps:
  - command: make test
    plugins:
      - docker#11bd71901bbe5b1630ceea73d27597364c9af683:
          image: acme/build@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d
`,
    },
  ],
  check: function* (pipeline, policy) {
    for (const call of callsOf(pipeline)) {
      const { reference } = call;
      const { kind, span, target } = reference;
      if (kind !== "plugin" || target.pin !== "mutable") continue;
      yield {
        span,
        message: message(reference, graveTheftSentence(call)),
        ...judged(call, "warning", policy),
        fixes: pinFixesFor(reference, pipeline.text),
      };
    }
  },
};

function message({ text, target }: Reference, theft: string): string {
  const { ref } = target.kind === "repository" ? target : { ref: undefined };
  if (ref === undefined)
    return `${shortened(text)} names no version, so whatever is newest runs around this step.${theft} Name a full commit id or digest.`;
  return `The owner of ${shortened(text)} can move ${shortened(ref)} to other code at any time, and it runs around this step.${theft} Name the full commit id that it stands for today.`;
}
