import type { Inheritance, Reference } from "../model.ts";
import type { Policy } from "../policy.ts";
import type { EditFix, Problem, Rule } from "../rule.ts";
import { listed } from "../wording.ts";

/** A job that hands every secret to the workflow that it calls. */
export const inheritedSecrets: Rule = {
  id: "inherited-secrets",
  severity: "information",
  summary: "A called workflow is handed every secret, whatever it needs.",
  why:
    "Each step of the called workflow, and each action in it, can be handed any secret of the repository, those included that are added next " +
    "year. A list shows what it needs and keeps it at that.",
  examples: [
    {
      title: "The called workflow needs one secret",
      path: ".github/workflows/release.yml",
      bad: `on: push
jobs:
  release:
    uses: ./.github/workflows/publish.yml
    secrets: inherit
#   ^^^^^^^^^^^^^^^^
`,
      good: `on: push
jobs:
  release:
    uses: ./.github/workflows/publish.yml
    secrets:
      NPM_TOKEN: \${{ secrets.NPM_TOKEN }}
`,
      files: {
        ".github/workflows/publish.yml": `on:
  workflow_call:
    secrets:
      NPM_TOKEN: {required: true}
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: npm publish
        env:
          NODE_AUTH_TOKEN: \${{ secrets.NPM_TOKEN }}
`,
      },
    },
    {
      title: "A workflow of somebody else that can be moved",
      path: ".github/workflows/release.yml",
      bad: `on: push
jobs:
  release:
    uses: acme/flows/.github/workflows/release.yml@v2
    secrets: inherit
#   ^^^^^^^^^^^^^^^^
`,
    },
    {
      title: "A workflow of the same repository whose file is not at hand",
      path: ".github/workflows/release.yml",
      bad: `on: push
jobs:
  release:
    uses: ./.github/workflows/publish.yml
    secrets: inherit
#   ^^^^^^^^^^^^^^^^
`,
    },
    {
      title: "Secrets that are listed are fine",
      path: ".github/workflows/release.yml",
      bad: `on: push
jobs:
  release:
    uses: acme/flows/.github/workflows/release.yml@11bd71901bbe5b1630ceea73d27597364c9af683 # v2
    secrets:
      NPM_TOKEN: \${{ secrets.NPM_TOKEN }}
`,
    },
  ],
  check: function* (pipeline, policy) {
    for (const { inheritance } of pipeline.jobs) if (inheritance) yield problem(inheritance, policy);
  },
};

function problem(inheritance: Inheritance, policy: Policy): Problem {
  const { span, workflow } = inheritance;
  const moved = workflow !== undefined && isMovedByOthers(workflow, policy);
  const fix = listFix(inheritance);
  return {
    span,
    message: message(inheritance, moved),
    severity: moved ? "warning" : "information",
    ...(workflow && { related: [{ span: workflow.span, message: "The workflow that is called" }] }),
    ...(fix && { fixes: [fix] }),
  };
}

/** The worst of all: others decide what runs with everything. */
function isMovedByOthers({ target }: Reference, policy: Policy): boolean {
  return target.kind === "repository" && target.pin === "mutable" && !policy.trusts(target.repo);
}

function message({ what, needs, workflow, ...inheritance }: Inheritance, moved: boolean): string {
  if (needs.known && needs.names.length === 0)
    return `The called workflow is handed ${what} and needs none. Remove this line, so that nothing added to it later can take one.`;
  if (needs.known) {
    const able = inheritance.narrowed(needs.names) === undefined ? "Declare these there and list" : "List";
    return `The called workflow is handed ${what} and needs ${listed(needs.names, 6)} alone. ${able} what it needs, so that nothing added to it later can take more.`;
  }
  const owner = workflow?.target.kind === "repository" ? workflow.target.repo : undefined;
  if (moved)
    return `The owner of ${owner} can change this workflow at any time, and it is handed ${what}. Pin it to a commit, and list the secrets that it needs.`;
  switch (needs.why) {
    case "elsewhere":
      return `What is called here is handed ${what}, and which of them it needs cannot be told from this repository. Hand over no more than it asks for.`;
    case "unreadable":
      return `The called workflow is handed ${what}, and its file could not be read, so what it needs cannot be told. List what it needs instead.`;
    case "computed":
      return `The called workflow is handed ${what} and computes which of them it takes, so what it needs cannot be told. List what it can take instead.`;
    case "environment":
      return `The called workflow is handed ${what}. It takes some from an environment, which no list can do, so this may have to stay: then take care of what runs in it.`;
  }
}

function listFix({ needs, narrowed }: Inheritance): EditFix | undefined {
  const edits = needs.known ? narrowed(needs.names) : undefined;
  if (!needs.known || edits === undefined) return undefined;
  const title = needs.names.length === 0 ? "Hand over no secret" : `Hand over ${listed(needs.names)} alone`;
  return { title, edits };
}
