import { type CredentialUse, credentialUses } from "../git-use.ts";
import type { Areas, Job, Permissions, Permit, Pipeline, Step } from "../model.ts";
import type { EditFix, Problem, Rule } from "../rule.ts";
import type { Edit, Span } from "../text.ts";
import { listed } from "../wording.ts";

/** A token of the run that may do more than the jobs need. One finding for a file, because one decision heals it. */
export const broadTokenPermissions: Rule = {
  id: "broad-token-permissions",
  severity: "information",
  summary: "The token of the run may do more than the jobs need.",
  why:
    "Each run gets a token, and every action in it can use that token without being handed it. " +
    "Where the file does not say what it may do, the settings of the repository decide, and in many repositories it may write to everything. " +
    "A token that can only read is worth little to whoever tampers with a step.",
  examples: [
    {
      title: "Reading is enough for tests, and the job that publishes says that it writes",
      path: ".github/workflows/ci.yml",
      bad: `on: push

jobs:
#^^^
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: make test
  release:
    runs-on: ubuntu-latest
    needs: test
    steps:
      - uses: actions/checkout@v4
      - run: make dist
      - uses: softprops/action-gh-release@v2
        with:
          files: dist/*
`,
      good: `on: push

permissions:
  contents: read

jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: make test
  release:
    runs-on: ubuntu-latest
    needs: test
    permissions:
      contents: write
    steps:
      - uses: actions/checkout@v4
      - run: make dist
      - uses: softprops/action-gh-release@v2
        with:
          files: dist/*
`,
    },
    {
      title: "A right to write moves to the job that uses it",
      path: ".github/workflows/review.yml",
      bad: `on: pull_request
permissions:
#^^^^^^^^^^
  contents: read
  pull-requests: write
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: make test
  label:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/labeler@v5
`,
      good: `on: pull_request
permissions:
  contents: read
  pull-requests: read
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: make test
  label:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      pull-requests: write
    steps:
      - uses: actions/labeler@v5
`,
    },
    {
      title: "What an unknown action does with the token is for its user to say",
      path: ".github/workflows/bump.yml",
      bad: `on: workflow_dispatch
permissions: write-all
#^^^^^^^^^^^^^^^^^^^^^
jobs:
  bump:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/next-version@v1
`,
    },
    {
      title: "Each job has what it needs",
      path: ".github/workflows/pages.yml",
      bad: `on: push
permissions: {}
jobs:
  deploy:
    runs-on: ubuntu-latest
    permissions:
      pages: write
      id-token: write
    steps:
      - uses: actions/deploy-pages@v4
`,
    },
  ],
  check: function* (pipeline) {
    const { permit, permissions } = pipeline.scope;
    if (permit === undefined) return;
    const uses = credentialUses(pipeline);
    const all = pipeline.jobs.map((job): Wanting => ({ job, reached: isReached(job), needs: needsOf(job, uses) }));
    const inheriting = all.filter(({ job }) => job.scope.permissions === undefined);
    const found =
      (permissions && everything(permit, permissions, inheriting)) ??
      all.map(everythingToOne).find((problem) => problem !== undefined) ??
      (permissions === undefined
        ? nothingSaid(pipeline, permit, inheriting)
        : tooWide(permit, permissions, inheriting));
    if (found !== undefined) yield found;
  },
};

/** A job with what it needs of the token; `undefined` where nobody can tell. */
interface Wanting {
  readonly job: Job;
  /** True where something in the job gets the token. */
  readonly reached: boolean;
  readonly needs: Areas | undefined;
}

function isReached({ token, steps }: Job): boolean {
  return token !== undefined || steps.some((step) => step.token !== undefined);
}

function needsOf({ token, steps }: Job, uses: ReadonlyMap<Step, CredentialUse>): Areas | undefined {
  const needs: Record<string, Areas[string]> = { ...token?.areas };
  let kept = false;
  for (const step of steps) {
    const use = uses.get(step);
    if ((step.token && step.token.areas === undefined) || (kept && use?.unknown)) return undefined;
    const pushed: Areas = use?.writes ? { contents: "write" } : use?.reads ? { contents: "read" } : {};
    for (const areas of [step.token?.areas ?? {}, pushed])
      for (const [area, access] of Object.entries(areas)) if (needs[area] !== "write") needs[area] = access;
    kept ||= step.checkout?.keepsCredentials === true;
  }
  return needs;
}

/** One word at the top that grants every right. */
function everything(permit: Permit, permissions: Permissions, jobs: readonly Wanting[]): Problem | undefined {
  if (!("all" in permissions.grants) || permissions.grants.all !== "write" || jobs.length === 0) return undefined;
  return problem(
    permit.span,
    "Every step of this file can change everything in the repository with the run's token. Name the rights that the jobs need, so that a step which is tampered with cannot do more.",
    narrowed(permit, jobs),
  );
}

function everythingToOne({ job, needs }: Wanting): Problem | undefined {
  const { permissions, permit } = job.scope;
  if (permissions === undefined || permit === undefined) return undefined;
  if (!("all" in permissions.grants) || permissions.grants.all !== "write") return undefined;
  return problem(
    permit.span,
    "Every step of this job can change everything in the repository with the run's token. Name the rights that the job needs, so that a step which is tampered with cannot do more.",
    needs && permit.edits(withCode(needs)),
  );
}

function nothingSaid({ jobs }: Pipeline, permit: Permit, inheriting: readonly Wanting[]): Problem | undefined {
  const first = inheriting.find(({ reached }) => reached);
  if (first === undefined) return undefined;
  const some = inheriting.length < jobs.length;
  // What no setting hands out, no job of this file can have used so far.
  const known = inheriting.map((each) => ({ ...each, needs: each.needs && without(each.needs, "id-token") }));
  return problem(
    some ? (first.job.scope.permit?.span ?? first.job.span) : permit.span,
    `Nothing says what the run's token may do in ${some ? `job “${first.job.id}”` : "these jobs"}, so the repository's settings decide, and in many repositories they let it write to everything. Let it read the code, and give more to the jobs that need more.`,
    narrowed(permit, known),
  );
}

/** Rights to write that every job has and not every job needs. */
function tooWide(permit: Permit, { grants }: Permissions, jobs: readonly Wanting[]): Problem | undefined {
  if ("all" in grants || jobs.length < 2) return undefined;
  const writes = Object.keys(grants.areas).filter((area) => grants.areas[area] === "write");
  const moved = writes.filter((area) => !jobs.every((each) => wants(each, area)));
  const idle = jobs.filter((each) => moved.some((area) => !wants(each, area))).map(({ job }) => `“${job.id}”`);
  if (moved.length === 0) return undefined;
  return problem(
    permit.span,
    `The run's token may write to ${listed(moved)} in every job, but ${listed(idle)} ${idle.length === 1 ? "does" : "do"} not need that. Move the right to the jobs that do, so that no other step can use it.`,
    moves(permit, grants.areas, moved, jobs),
  );
}

/** True where a job may use a right to write. */
function wants({ job, needs }: Wanting, area: string): boolean {
  if (needs === undefined || needs[area] === "write") return true;
  return area === "id-token" && job.steps.some(({ scripts }) => scripts.some(({ text }) => ASKS.test(text)));
}

/** Scripts that may ask for a token of OpenID Connect. */
const ASKS =
  /ID_TOKEN|oidc|provenance|cosign|sigstore|attest|slsa|\b(?:npm|pnpm|yarn)[ \t]+publish|\btwine\b|\buv[ \t]+publish/i;

function moves(
  permit: Permit,
  granted: Areas,
  moved: readonly string[],
  jobs: readonly Wanting[],
): readonly Edit[] | undefined {
  const lowered = (areas: readonly string[]): Areas => ({
    ...granted,
    ...Object.fromEntries(areas.map((area) => [area, "read"] as const)),
  });
  return joined([
    permit.edits(lowered(moved)),
    ...jobs
      .filter((each) => moved.some((area) => wants(each, area)))
      .map((each) => each.job.scope.permit?.edits(lowered(moved.filter((area) => !wants(each, area))))),
  ]);
}

/** What all jobs read at the top, and at each job that writes what it needs. */
function narrowed(permit: Permit, jobs: readonly Wanting[]): readonly Edit[] | undefined {
  const reads: Record<string, "read"> = {};
  const edits: (readonly Edit[] | undefined)[] = [];
  for (const { job, needs } of jobs) {
    if (needs === undefined) return undefined;
    if (Object.values(needs).includes("write")) edits.push(job.scope.permit?.edits(withCode(needs)));
    else for (const area of Object.keys(needs)) reads[area] = "read";
  }
  return joined([permit.edits(withCode(reads)), ...edits]);
}

/** Reading the code is what a run can always do in the open, so nothing is won by forbidding it. */
function withCode(areas: Areas): Areas {
  return { contents: "read", ...areas };
}

function without(areas: Areas, left: string): Areas {
  return Object.fromEntries(Object.entries(areas).filter(([area]) => area !== left));
}

function joined(parts: readonly (readonly Edit[] | undefined)[]): readonly Edit[] | undefined {
  const edits = parts.filter((part) => part !== undefined);
  return edits.length < parts.length ? undefined : edits.flat();
}

function problem(span: Span, message: string, edits: readonly Edit[] | undefined): Problem {
  const fix: EditFix | undefined = edits && { title: "Grant each job the rights that it needs", edits };
  return { span, message, ...(fix && { fixes: [fix] }) };
}
