import type { Reference } from "../model.ts";
import type { Rule } from "../rule.ts";
import { unpinnedReferences } from "../unpinned.ts";
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
      title: "The image of a plugin keeps its tag and gets the digest",
      path: ".drone.yml",
      bad: `kind: pipeline
type: docker
name: release
steps:
  - name: publish
    image: plugins/s3:1.5
#          ^^^^^^^^^^^^^^
    settings: {bucket: site}
`,
      good: `kind: pipeline
type: docker
name: release
steps:
  - name: publish
    image: plugins/s3:1.5@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d
    settings: {bucket: site}
`,
      answers: [
        {
          kind: "imageDigest",
          digest: "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d",
          platforms: 1,
        },
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
  check: (pipeline, policy) =>
    unpinnedReferences(pipeline, policy, "plugin", {
      severity: ({ target }) => (target.kind === "image" ? "information" : "warning"),
      message,
    }),
};

function message({ text, target }: Reference, theft: string): string {
  if (target.kind === "image") {
    const { name, tag } = target;
    const moves =
      tag === undefined
        ? "names no version, so whatever was pushed last"
        : `is a tag that whoever can push to ${shortened(name)} can move, and what it then stands for`;
    return `${shortened(text)} ${moves} runs with the settings of this step.${theft} Name it by its digest: @sha256:….`;
  }
  const { ref } = target.kind === "repository" ? target : { ref: undefined };
  if (ref === undefined)
    return `${shortened(text)} names no version, so whatever is newest runs around this step.${theft} Name a full commit id or digest.`;
  return `The owner of ${shortened(text.replace(/#[^#]*$/, ""))} can move ${shortened(ref)} to other code at any time, and it runs around this step.${theft} Name the full commit id that it stands for today.`;
}
