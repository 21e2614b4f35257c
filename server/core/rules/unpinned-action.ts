import { LOCK_FILE, lockedAction } from "../actions-lock.ts";
import type { Pipeline, Reference, Target } from "../model.ts";
import { pinFixesFor } from "../pinning.ts";
import type { Policy } from "../policy.ts";
import { type Call, mutableCalls } from "../reach.ts";
import type { Problem, Rule } from "../rule.ts";
import { graveTheftSentence, judged } from "../severity.ts";

/** Actions and reusable workflows that are named by a tag, a branch or a short commit id. */
export const unpinnedAction: Rule = {
  id: "unpinned-action",
  severity: "warning",
  summary: "An action or reusable workflow is named by a version that its owner can move.",
  why:
    "A tag or branch is a name, not a content: whoever can push to that repository, or steals the right to, decides what your pipeline runs next time. " +
    "In 2025 moved tags of one popular action printed the secrets of thousands of repositories; those pinned to a full commit id were not affected.",
  examples: [
    {
      title: "A tag becomes the commit that it stands for",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/setup-tool@v4 # the fast one
#             ^^^^^^^^^^^^^^^^^^
      - uses: ./.github/actions/local
      - uses: $/.github/actions/local
      - uses: acme/other@8f4b7f84864484a7bf31766abe9204da3cbe65b3 # v1.0.0
`,
      good: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/setup-tool@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2 # the fast one
      - uses: ./.github/actions/local
      - uses: $/.github/actions/local
      - uses: acme/other@8f4b7f84864484a7bf31766abe9204da3cbe65b3 # v1.0.0
`,
      answers: [
        { kind: "commit", commit: "11bd71901bbe5b1630ceea73d27597364c9af683", refKind: "tag", versionTag: "v4.2.2" },
      ],
    },
    {
      title: "A reusable workflow on a branch",
      path: ".github/workflows/release.yml",
      bad: `on: push
jobs:
  release:
    uses: acme/flows/.github/workflows/release.yml@main
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      good: `on: push
jobs:
  release:
    uses: acme/flows/.github/workflows/release.yml@11bd71901bbe5b1630ceea73d27597364c9af683 # main
`,
      answers: [{ kind: "commit", commit: "11bd71901bbe5b1630ceea73d27597364c9af683", refKind: "branch" }],
    },
    {
      title: "Full commit ids, and code of the same repository, are fine",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/setup-tool@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
      - uses: acme/setup-tool/sub@f4c75cfd619ee645a925356805475834a2b522230d12af902fe25c75cfd61901
      - uses: ./.github/actions/local
      - uses: $/.github/actions/local
`,
    },
    {
      title: "GitHub's lock file holds an action to a commit",
      path: ".github/workflows/locked.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/setup-tool@v4
`,
      files: {
        ".github/workflows/actions.lock": `version: v0.0.2
workflows:
  .github/workflows/locked.yml:
    - acme/setup-tool@v4
dependencies:
  acme/setup-tool@v4:
    commit: sha1-11bd71901bbe5b1630ceea73d27597364c9af683
`,
      },
    },
  ],
  check: function* (pipeline, policy) {
    for (const call of mutableCalls(pipeline, "action", "workflow")) {
      const { target, text } = call.reference;
      if (target.kind === "repository" && !isLocked(pipeline, text)) yield problem(call, target, policy, pipeline.text);
    }
  },
};

/** True where GitHub's lock file holds the action to a commit: the runner takes that, whatever the tag points to. */
function isLocked({ path, readFile }: Pipeline, action: string): boolean {
  const lock = path.startsWith(WORKFLOWS) ? readFile?.(LOCK_FILE) : undefined;
  return lock !== undefined && lockedAction(lock, path, action) !== undefined;
}

const WORKFLOWS = ".github/workflows/";

type Repository = Extract<Target, { kind: "repository" }>;

function problem(call: Call, target: Repository, policy: Policy, document: string): Problem {
  const { reference } = call;
  return {
    span: reference.span,
    message: message(reference, target, graveTheftSentence(call)),
    ...judged(call, "warning", policy),
    fixes: pinFixesFor(reference, document),
  };
}

function message({ kind }: Reference, { repo, ref }: Repository, theft: string): string {
  const what = kind === "workflow" ? "workflow" : "action";
  if (ref === undefined || ref === "")
    return `This ${what} of ${repo} has no version, so whatever its owner publishes next is what runs.${theft} Add the full commit id of the version you want.`;
  if (/^[0-9a-f]{4,39}$/i.test(ref))
    return `${ref} is only the beginning of a commit id, and another commit can begin with it too.${theft} Write all 40 digits, so that ${repo} stays what you reviewed.`;
  return `The owner of ${repo} can move ${ref} to other code at any time, and this pipeline would run it unseen.${theft} Pin the ${what} to the full commit id that ${ref} stands for today.`;
}
