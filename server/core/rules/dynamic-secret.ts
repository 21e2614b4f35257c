import type { Problem, Rule } from "../rule.ts";
import { secretUses } from "../usage.ts";

/** A secret whose name is computed while the pipeline runs. */
export const dynamicSecret: Rule = {
  id: "dynamic-secret",
  severity: "information",
  summary: "The name of a secret is computed, so the file does not tell which secret it is.",
  why:
    "Whoever can choose a part of the name can choose another secret, nobody can see in the file which secrets the job needs, and the machine is " +
    "handed all of them, because the system cannot tell either.",
  examples: [
    {
      title: "An input decides which secret it is",
      path: ".github/workflows/deploy.yml",
      bad: `on:
  workflow_call:
    inputs:
      environment: {type: string, required: true}
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: ./deploy.sh
        env:
          TOKEN: \${{ secrets[format('{0}_TOKEN', inputs.environment)] }}
#                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    },
    {
      title: "Names that the file itself decides are fine",
      path: ".github/workflows/deploy.yml",
      bad: `on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        secret: [STAGING_TOKEN, PRODUCTION_TOKEN]
    steps:
      - run: ./deploy.sh
        env:
          TOKEN: \${{ secrets[matrix.secret] }}
          OTHER: \${{ secrets['OTHER-NAME'] }}
          STAGE: \${{ secrets[github.ref == 'refs/heads/main' && 'MAIN_KEY' || 'BRANCH_KEY'] }}
`,
    },
  ],
  check: function* (pipeline) {
    for (const { use } of secretUses(pipeline)) if (use.extent === "computed") yield problem(use.name, use.span);
  },
};

function problem(name: string, span: Problem["span"]): Problem {
  return {
    span,
    message:
      `Which secret ${name} is, only the run knows, so nobody can tell from this file what the code here can read. ` +
      "Name each secret that it can be, or hand over the one that the caller has chosen.",
  };
}
