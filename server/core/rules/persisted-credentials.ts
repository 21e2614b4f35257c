import { remoteExecutions } from "../flow.ts";
import { type CredentialUse, credentialUses } from "../git-use.ts";
import { type Checkout, type Job, type Pipeline, type Reference, type Step, scopeChain } from "../model.ts";
import type { Policy } from "../policy.ts";
import type { Problem, Rule } from "../rule.ts";

/**
 * A checkout that leaves its credential on the disk while code of others runs. Nearly every checkout leaves one, so it is told only where
 * somebody is there to take it: code that nobody pinned, or an artifact of the whole work tree. Where a later step needs the credential
 * there is nothing to change, and where it may read the same code alone there is nothing to win.
 */
export const persistedCredentials: Rule = {
  id: "persisted-credentials",
  severity: "information",
  summary: "A checkout leaves its credential on the disk, where code of others can read it.",
  why:
    "The credential of the checkout stays in a file until the job ends, so every later step can read it, push with it, and send it away. " +
    "Most jobs fetch nothing after the checkout and lose nothing without it.",
  examples: [
    {
      title: "A script from the network runs after the checkout",
      path: ".github/workflows/test.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
#             ^^^^^^^^^^^^^^^^^^^
      - run: make test
      - run: bash <(curl -s https://reports.example.com/upload.sh)
`,
      good: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - run: make test
      - run: bash <(curl -s https://reports.example.com/upload.sh)
`,
    },
    {
      title: "An option that asks for it",
      path: "azure-pipelines.yml",
      bad: `steps:
  - checkout: self
    persistCredentials: true
#                       ^^^^
  - script: curl -sL https://reports.example.com/install.sh | bash
`,
      good: `steps:
  - checkout: self
    persistCredentials: false
  - script: curl -sL https://reports.example.com/install.sh | bash
`,
    },
    {
      title: "A job that pushes needs the credential",
      path: ".github/workflows/bump.yml",
      bad: `on: workflow_dispatch
jobs:
  bump:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: acme/next-version@v1
      - run: git commit -am "Next version" && git push
`,
    },
  ],
  check: function* (pipeline, policy) {
    const uses = credentialUses(pipeline);
    const remote = new Set(remoteExecutions(pipeline).map(({ step }) => step));
    for (const job of pipeline.jobs) {
      for (const [index, { checkout, scope, inputs }] of job.steps.entries()) {
        if (checkout?.keepsCredentials !== true) continue;
        const own = inputs.some(({ secrets }) => secrets.some(({ kind }) => kind === "named"));
        if (!own && readsCodeAlone(scopeChain(scope))) continue;
        yield* problems(job, index, checkout, { uses, remote, pipeline, policy });
      }
    }
  },
};

interface Knowledge {
  readonly uses: ReadonlyMap<Step, CredentialUse>;
  /** Steps that run downloaded code. */
  readonly remote: ReadonlySet<Step>;
  readonly pipeline: Pipeline;
  readonly policy: Policy;
}

/** True where the token can do nothing but read the code, which lies on the disk anyway. */
function readsCodeAlone(scopes: ReturnType<typeof scopeChain>): boolean {
  const grants = scopes.find(({ permissions }) => permissions !== undefined)?.permissions?.grants;
  if (grants === undefined) return false;
  if ("all" in grants) return grants.all === "none";
  const more = Object.entries(grants.areas).filter(([, access]) => access !== "none");
  return more.every(([area, access]) => area === "id-token" || (area === "contents" && access === "read"));
}

function* problems(
  job: Job,
  index: number,
  checkout: Checkout,
  { uses, remote, policy }: Knowledge,
): Iterable<Problem> {
  const later = job.steps.slice(index + 1);
  const use = later.flatMap((step) => uses.get(step) ?? []);
  if (use.some(({ reads, writes }) => reads || writes)) return;
  const taker = later.find((step) => remote.has(step) || step.references.some((each) => foreign(each, policy)));
  const uploader = checkout.inTree ? later.find(({ uploadsTree }) => uploadsTree === true) : undefined;
  const first = taker ?? uploader;
  if (first === undefined) return;
  const { drop } = checkout;
  const sure = drop !== undefined && use.every(({ unknown }) => !unknown);
  const who = taker
    ? `and ${first.label}, which runs code that nobody pinned, can read it`
    : `and ${first.label} puts it into an artifact with the rest of the work tree`;
  const cure =
    drop === undefined
      ? "Let the checkout keep no credential"
      : sure
        ? `No later step seems to need it: set ${drop.text}`
        : `Set ${drop.text} if no later step needs it`;
  yield {
    span: checkout.span,
    message: `This checkout leaves its credential on the disk, ${who}. ${cure}.`,
    related: [{ span: first.span, message: taker ? "This code could take it" : "This would publish it" }],
    ...(sure && { fixes: [{ title: `Set ${drop.text}`, edits: drop.edits }] }),
  };
}

/** Code of others whose version somebody can move. */
function foreign({ kind, target, text }: Reference, policy: Policy): boolean {
  if (target.pin !== "mutable") return false;
  if (target.kind === "repository") return (kind === "action" || kind === "task") && !policy.trusts(target.repo);
  // Names with a dot are those of extensions; the others come with the system.
  return kind === "task" ? /\..*@/.test(text) : kind === "plugin" || kind === "image";
}
