import { type Pipeline, type Step, scopeChain, stepsOf, type Variable } from "../model.ts";
import type { EditFix, Problem, Rule } from "../rule.ts";
import type { Edit } from "../text.ts";
import { usesVariable } from "../usage.ts";
import { listed } from "../wording.ts";

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
    const steps = [...stepsOf(pipeline)].map(({ step }) => step);
    for (const variable of pipeline.scope.variables) {
      if (!variable.secrets.some((use) => use.kind === "named")) continue;
      const users = steps.filter((step) => usesVariable(step, variable.name));
      if (users.length < steps.length) yield problem(pipeline, variable, users);
    }
  },
};

function problem(pipeline: Pipeline, variable: Variable, users: readonly Step[]): Problem {
  const { name } = variable;
  const who =
    users.length === 0 ? "no step of this file names it" : `only ${listed(users.map((step) => step.label))} uses it`;
  const cure =
    users.length === 0
      ? "Hand it to the one step that needs it, or remove it."
      : "Move it there, so that nothing else can leak it.";
  const fix = moveFix(pipeline, variable, users);
  return {
    span: variable.span,
    message: `Every step of ${pipeline.scope.label} can read ${name}, but ${users.length > 1 ? who.replace(/uses it$/, "use it") : who}. ${cure}`,
    related: users.map((step) => ({ span: step.span, message: `${name} is used here` })),
    ...(fix === undefined ? {} : { fixes: [fix] }),
  };
}

/** Takes the variable away and hands it to each step that uses it. None where a step has no place for it. */
function moveFix({ scope, text }: Pipeline, variable: Variable, users: readonly Step[]): EditFix | undefined {
  const written = text.slice(variable.span.start, variable.span.end);
  if (users.length === 0 || written.includes("\n")) return undefined;
  const needing = users.filter(
    (step) =>
      !scopeChain(step.scope).some(
        (each) => each !== scope && each.variables.some(({ name }) => name === variable.name),
      ),
  );
  const added = needing.flatMap(({ scope: { slot } }): readonly Edit[] => {
    return slot === undefined
      ? []
      : [{ span: { start: slot.at, end: slot.at }, text: `${slot.before}${written}${slot.after}` }];
  });
  const gone = scope.variables.length === 1 && scope.removal !== undefined ? scope.removal : variable.removal;
  if (gone === undefined || added.length < needing.length) return undefined;
  const target = users.length === 1 ? (users[0]?.label ?? "the step") : `the ${users.length} steps`;
  return {
    title: `Move ${variable.name} to ${target} that names it`.replace(/steps that names/, "steps that name"),
    edits: [{ span: gone, text: "" }, ...added],
  };
}
