import type { Pipeline } from "../model.ts";
import { type WideSecret, wideProblem, wideSecrets } from "../narrowing.ts";
import type { Rule } from "../rule.ts";

/** A secret that the whole pipeline can read though only some steps use it. */
export const pipelineWideSecret: Rule = {
  id: "pipeline-wide-secret",
  severity: "warning",
  summary: "A secret stands in the environment of the whole pipeline although only some steps use it.",
  why:
    "Every step of every job can read it, and so can every action and every downloaded script that they run. " +
    "What a step does not have, nobody can steal from it.",
  examples: [
    {
      title: "The token moves to the step that publishes",
      path: ".github/workflows/release.yml",
      bad: `on: push
env:
  CI: "true"
  NPM_TOKEN: \${{ secrets.NPM_TOKEN }}
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
jobs:
  release:
    runs-on: ubuntu-latest
    steps:
      - run: npm ci
      - name: Publish
        run: npm publish --//registry.npmjs.org/:_authToken="$NPM_TOKEN"
`,
      good: `on: push
env:
  CI: "true"
jobs:
  release:
    runs-on: ubuntu-latest
    steps:
      - run: npm ci
      - name: Publish
        run: npm publish --//registry.npmjs.org/:_authToken="$NPM_TOKEN"
        env:
          NPM_TOKEN: \${{ secrets.NPM_TOKEN }}
`,
    },
    {
      title: "A secret that every step uses is where it belongs",
      path: ".github/workflows/deploy.yml",
      bad: `on: push
env:
  TOKEN: \${{ secrets.TOKEN }}
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: ./deploy --token "$TOKEN"
`,
    },
  ],
  check: function* (pipeline) {
    for (const secret of wideSecrets(pipeline, pipeline.scope)) {
      if (!isTooWide(pipeline, secret)) continue;
      const found = wideProblem(pipeline, secret);
      yield isCalm(secret) ? { ...found, severity: "information" } : found;
    }
  },
};

/**
 * What no step names is too wide wherever it is read, unless steps of other files can name it: where the value comes from the settings, or
 * the file is a part of another one. Where some step names it, one has to be left that neither does nor calls others' code that may read it.
 */
function isTooWide({ scope }: Pipeline, { variable, named, opaque, idle }: WideSecret): boolean {
  if (named.length > 0) return idle.length + opaque.length > 0;
  return scope.path === undefined && variable.secrets.some(({ kind }) => kind === "named");
}

/** What the settings hold reaches every step anyway; and where code that nobody can look into runs in each of them, nothing is sure. */
function isCalm({ variable, named, idle }: WideSecret): boolean {
  return variable.secrets.every(({ kind }) => kind !== "named") || (named.length === 0 && idle.length === 0);
}
