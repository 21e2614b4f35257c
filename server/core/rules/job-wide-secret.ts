import { remoteExecutions } from "../flow.ts";
import { type Pipeline, type Scope, type Step, scopesOf } from "../model.ts";
import { type WideSecret, wideProblem, wideSecrets } from "../narrowing.ts";
import type { Policy } from "../policy.ts";
import type { Problem, Rule } from "../rule.ts";

/** A secret that a whole job, stage or group can read though only some of its steps use it. */
export const jobWideSecret: Rule = {
  id: "job-wide-secret",
  severity: "information",
  summary: "A secret stands in the environment of a whole job although only some of its steps use it.",
  why:
    "Every step of the job can read it, and so can every action and every downloaded script that they run. " +
    "A step that installs or builds something is where tampered code most often runs, and it needs no secret.",
  examples: [
    {
      title: "The token moves to the step that publishes",
      path: ".github/workflows/release.yml",
      bad: `on: push
jobs:
  release:
    runs-on: ubuntu-latest
    env:
      CI: "true"
      NPM_TOKEN: \${{ secrets.NPM_TOKEN }}
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    steps:
      - run: npm ci
      - name: Publish
        run: npm publish --//registry.npmjs.org/:_authToken="$NPM_TOKEN"
`,
      good: `on: push
jobs:
  release:
    runs-on: ubuntu-latest
    env:
      CI: "true"
    steps:
      - run: npm ci
      - name: Publish
        run: npm publish --//registry.npmjs.org/:_authToken="$NPM_TOKEN"
        env:
          NPM_TOKEN: \${{ secrets.NPM_TOKEN }}
`,
    },
    {
      title: "A tool that reads the variable by itself gets it too",
      path: ".github/workflows/deploy.yml",
      bad: `on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    env: { AWS_SECRET_ACCESS_KEY: "\${{ secrets.AWS_SECRET_ACCESS_KEY }}" }
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with: { persist-credentials: false }
      - run: aws s3 sync site s3://example
`,
      good: `on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with: { persist-credentials: false }
      - run: aws s3 sync site s3://example
        env:
          AWS_SECRET_ACCESS_KEY: "\${{ secrets.AWS_SECRET_ACCESS_KEY }}"
`,
    },
    {
      title: "A secret that every step of the job uses is where it belongs",
      path: ".github/workflows/deploy.yml",
      bad: `on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    env:
      TOKEN: \${{ secrets.TOKEN }}
    steps:
      - run: ./check --token "$TOKEN"
      - run: ./deploy --token "$TOKEN"
`,
    },
  ],
  check: function* (pipeline, policy) {
    for (const scope of scopesOf(pipeline)) {
      if (!WIDE.has(scope.level) || scope.path !== pipeline.scope.path) continue;
      for (const secret of wideSecrets(pipeline, scope)) {
        if (secret.idle.length > 0 && isDivisible(scope, secret)) yield problem(pipeline, policy, secret);
      }
    }
  },
};

const WIDE: ReadonlySet<Scope["level"]> = new Set(["stage", "group", "job"]);

/** Some systems have no narrower place than a job: there every job with two phases would be found for good. */
function isDivisible(scope: Scope, { steps }: WideSecret): boolean {
  return steps.length > 1 && steps.some(({ step }) => step.scope !== scope);
}

function problem(pipeline: Pipeline, policy: Policy, secret: WideSecret): Problem {
  const found = wideProblem(pipeline, secret);
  const executing = new Set(remoteExecutions(pipeline).map(({ step }) => step));
  const isGrave = secret.idle.some((step) => executing.has(step) || callsForeign(step, policy));
  return isGrave ? { ...found, severity: "warning" } : found;
}

/** True where a step calls code of others by a name that they can move. */
function callsForeign({ references }: Step, policy: Policy): boolean {
  return references.some(({ kind, target }) => {
    const name = target.kind === "repository" ? target.repo : "";
    return kind !== "image" && target.pin === "mutable" && !policy.trusts(name, kind);
  });
}
