import { credentialUses } from "../git-use.ts";
import { type Checkout, type Job, type Pipeline, type Script, type Step, scopeChain } from "../model.ts";
import { namedSecrets, type Reach, reachOf, reachOfAll, type StepReach } from "../reach.ts";
import type { Problem, Rule, Severity } from "../rule.ts";
import { listed, theft } from "../wording.ts";

/**
 * Code that strangers send, run where secrets are. Of the systems that are read only those with GitHub's notation say in the file that
 * they do this; the others keep secrets from such code, or hand them over by a setting that no file shows.
 */
export const secretToUntrustedCode: Rule = {
  id: "secret-to-untrusted-code",
  severity: "warning",
  summary: "Code that strangers can send in a pull request runs with secrets within reach.",
  why:
    "Some events run with the repository's secrets although anybody can cause them. Where such a run checks out what the stranger sent and " +
    "builds it, the stranger's code is what runs: a changed build script reads every secret there, and a token that can write changes the repository.",
  examples: [
    {
      title: "The build of a pull request has a token that can write",
      path: ".github/workflows/preview.yml",
      bad: `on: pull_request_target
permissions:
  contents: write
jobs:
  preview:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          ref: \${{ github.event.pull_request.head.sha }}
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - run: npm ci && npm run build
`,
      good: `on: pull_request_target
permissions:
  contents: write
jobs:
  preview:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          ref: \${{ github.event.pull_request.head.sha }}
          persist-credentials: false
      - run: npm ci && npm run build
`,
    },
    {
      title: "A comment starts tests with a key",
      path: ".github/workflows/test-on-demand.yml",
      bad: `on: issue_comment
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          ref: refs/pull/\${{ github.event.issue.number }}/merge
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - run: make integration-test
        env:
          API_KEY: \${{ secrets.API_KEY }}
`,
    },
    {
      title: "A pull request from elsewhere comes without secrets",
      path: ".github/workflows/test.yml",
      bad: `on: pull_request
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          ref: \${{ github.event.pull_request.head.sha }}
      - run: npm ci && npm test
        env:
          API_KEY: \${{ secrets.API_KEY }}
`,
    },
    {
      title: "Code that nothing runs is text",
      path: ".github/workflows/label.yml",
      bad: `on: pull_request_target
jobs:
  label:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          ref: \${{ github.event.pull_request.head.sha }}
      - run: wc -l README.md
        env:
          TOKEN: \${{ secrets.LABELS }}
`,
    },
  ],
  check: function* (pipeline) {
    for (const job of pipeline.jobs)
      for (const [index, { checkout }] of job.steps.entries())
        if (checkout?.foreign === true) yield* problems(pipeline, job, index, checkout);
  },
};

function* problems(pipeline: Pipeline, job: Job, index: number, checkout: Checkout): Iterable<Problem> {
  const runs = runningSteps(job, index, checkout);
  const reach = reachOfAll(runs.map((step) => reachOf(job, step)));
  const severity = severityOf(job, reach);
  const [first] = runs;
  if (first === undefined || severity === undefined) return;
  const fix = dropFix(pipeline, job, checkout, reach);
  yield {
    span: checkout.foreignSpan ?? checkout.span,
    message: message(pipeline, checkout, first, reach),
    severity: checkout.guard === undefined ? severity : "information",
    related: runs.map(({ span }) => ({ span, message: "This runs what was checked out" })),
    reach: reach.now,
    reachLater: reach.later,
    ...(fix && { fixes: [fix] }),
  };
}

/** Steps that run what a checkout brought, until another one takes its place. */
function runningSteps(job: Job, index: number, { folder, foreignSpan }: Checkout): readonly Step[] {
  const after = job.steps.slice(index + 1);
  const next = after.findIndex(({ checkout, scripts }) => checkout?.folder === folder && scripts.length === 0);
  const own = job.steps[index];
  const later = (next < 0 ? after : after.slice(0, next)).filter((step) => runs(step, folder, 0));
  return own !== undefined && runs(own, folder, foreignSpan?.end ?? 0) ? [own, ...later] : later;
}

/** @param from offset of the document from which on a script is looked at */
function runs({ scripts, references }: Step, folder: string, from: number): boolean {
  const local = references.some(
    ({ target, text }) =>
      target.kind === "local" && !text.startsWith("$") && `${target.path}/`.startsWith(slashed(folder)),
  );
  return local || scripts.some((script) => builds(script, folder, from));
}

function slashed(folder: string): string {
  return folder === "" ? "" : `${folder}/`;
}

function builds(script: Script, folder: string, from: number): boolean {
  const there = folder === "" || script.folder.includes(folder) || script.text.includes(folder);
  if (!there) return false;
  return [...script.text.matchAll(BUILDS)].some(
    ({ index, 0: found }) => script.toDocument({ start: index, end: index + found.length }).start >= from,
  );
}

/** Commands that run code of the work tree, or do what a file in it tells them. */
const BUILDS =
  /(?:^|(?<=[\s;&|(]))(?:g?make|just|task|rake|npx|tox|nox|pytest|mvnw?|gradlew?|sbt|bazel|ant|mix|(?:npm|pnpm|bun)[ \t]+(?:ci|i|install|run|test|t|start|exec|build|pack|publish|rebuild)|yarn|pip3?[ \t]+install[ \t]+(?:[^\n;&|]*[ \t])?(?:-[er][ \t]?|\.)|(?:python3?|node|ruby|perl|php|deno|bash|sh|zsh|source|pwsh)[ \t]+(?:-[\w-]+[ \t]+)*(?!-)[\w./-]+\.\w+|poetry[ \t]+(?:install|run)|uv[ \t]+(?:sync|run|pip)|cargo[ \t]+(?:build|test|run|check|clippy|bench|doc|nextest|install|publish)|go[ \t]+(?:test|run|generate|build|install|vet)|dotnet[ \t]+(?:build|test|run|restore|publish|pack)|bundle[ \t]+(?:install|exec)|composer[ \t]+(?:install|update|run)|cmake|swift[ \t]+(?:build|test|run)|docker[ \t]+(?:build|compose|buildx)|docker-compose|terraform[ \t]+(?:init|plan|apply)|pre-commit|phpunit|vendor\/bin\/\S+|\.{1,2}\/[\w.-])/gm;

/** What can be taken decides; nothing is said where nothing can. */
function severityOf(job: Job, { now, later }: StepReach): Severity | undefined {
  if (counts(now)) return "error";
  const granted = scopeChain(job.scope).some(({ permissions }) => permissions !== undefined);
  // What a token may do that the file says nothing about is up to the repository's settings.
  const token = !granted && now.some(({ kind, from }) => kind === "token" || from === "token");
  return counts(later) || token ? "warning" : undefined;
}

function counts(reach: Reach): boolean {
  return namedSecrets(reach).length > 0 || reach.some(({ writes }) => writes === true);
}

function message({ openTriggers = [] }: Pipeline, { guard }: Checkout, first: Step, { now, later }: StepReach): string {
  const taken = theft(counts(now) || !counts(later) ? now : later);
  const events = listed(openTriggers.map(({ name }) => name));
  const what = `Anybody can send this code in a pull request, and under ${events} ${first.label} runs it with ${taken} within reach.`;
  return guard === undefined
    ? `${what} Build it under pull_request, where there are no secrets, and leave what needs them to a second workflow.`
    : `${what} Nothing but ${guard} keeps it out: look at every line first, or build it where there are no secrets.`;
}

/** Where all that can be taken is the credential that the checkout leaves, and nothing else uses that. */
function dropFix(pipeline: Pipeline, job: Job, { drop }: Checkout, { now, later }: StepReach) {
  if (drop === undefined || later.length > 0) return undefined;
  if (!now.every(({ kind, from }) => kind === "login" && from === "token")) return undefined;
  const uses = credentialUses(pipeline);
  const needed = job.steps.some((step) => {
    const use = step.checkout === undefined ? uses.get(step) : undefined;
    return use !== undefined && (use.reads || use.writes || use.unknown);
  });
  return needed ? undefined : { title: `Set ${drop.text}`, edits: drop.edits };
}
