import type { Reference } from "../model.ts";
import type { Rule } from "../rule.ts";
import { unpinnedReferences } from "../unpinned.ts";
import { shortened } from "../wording.ts";

/** Pipeline code that is taken over from another repository or address by a name that can move. */
export const unpinnedInclude: Rule = {
  id: "unpinned-include",
  severity: "warning",
  summary: "A pipeline takes over jobs or templates of another repository or address that can change at any time.",
  why:
    "What is included becomes part of this pipeline and runs with everything that its jobs can read. " +
    "Whoever can push to that place changes this pipeline without a change in this repository that somebody could review.",
  examples: [
    {
      title: "A branch, a tag, an address",
      path: ".gitlab-ci.yml",
      bad: `include:
  - remote: https://ci.example.com/base.yml
#           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - project: acme/ci-kit
    ref: v5
#        ^^
    file: [/lint.yml, /test.yml]
  - component: $CI_SERVER_FQDN/acme/scan/sast@1.4.0
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      good: `include:
  - remote: https://ci.example.com/base.yml
    integrity: 'sha256-LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564='
  - project: acme/ci-kit
    ref: 11bd71901bbe5b1630ceea73d27597364c9af683 # v5.2.0
    file: [/lint.yml, /test.yml]
  - component: $CI_SERVER_FQDN/acme/scan/sast@11bd71901bbe5b1630ceea73d27597364c9af683 # v5.2.0
`,
      answers: [
        {
          kind: "scriptHash",
          sha256: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
          finalUrl: "https://ci.example.com/base.yml",
          text: "foo",
        },
        {
          kind: "commit",
          commit: "11bd71901bbe5b1630ceea73d27597364c9af683",
          refKind: "tag",
          versionTag: "v5.2.0",
        },
      ],
    },
    {
      title: "Commits, checked content, files of the same repository and templates of the instance are fine",
      path: ".gitlab-ci.yml",
      bad: `include:
  - local: /ci/build.yml
  - template: Jobs/SAST.gitlab-ci.yml
  - project: acme/ci-kit
    ref: 11bd71901bbe5b1630ceea73d27597364c9af683
    file: /lint.yml
  - remote: https://ci.example.com/base.yml
    integrity: 'sha256-LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564='
`,
    },
  ],
  check: (pipeline, policy) => unpinnedReferences(pipeline, policy, "include", { severity: () => "warning", message }),
};

function message({ target, text, instead }: Reference, theft: string): string {
  if (target.kind === "address") {
    return `Whatever ${shortened(target.url)} serves at that moment becomes part of this pipeline.${theft} Add the SHA-256 of the content that you reviewed.`;
  }
  if (target.kind !== "repository") {
    return `${shortened(text)} can change without a change here, and this pipeline would run it unseen.${theft} Name a full commit id.`;
  }
  const { repo, ref } = target;
  if (ref === undefined || ref === "")
    return `Whatever is newest in ${repo} becomes part of this pipeline.${theft} ${instead ?? "Add the full commit id of the version that you reviewed."}`;
  if (/^(?:~latest|\d+(?:\.\d+)?)$/.test(ref)) {
    return `${ref} stands for a range of versions, so a new release of ${repo} becomes part of this pipeline unseen.${theft} ${instead ?? "Name the full commit id of one release."}`;
  }
  return `The owner of ${repo} can move ${shortened(ref)} to other code at any time, and it would become part of this pipeline unseen.${theft} ${instead ?? "Name the full commit id that it stands for today."}`;
}
