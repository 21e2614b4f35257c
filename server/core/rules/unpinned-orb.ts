import type { Reference } from "../model.ts";
import type { Rule } from "../rule.ts";
import { unpinnedReferences } from "../unpinned.ts";
import { shortened } from "../wording.ts";

/** CircleCI orbs and their like that are named by a range of versions. */
export const unpinnedOrb: Rule = {
  id: "unpinned-orb",
  severity: "warning",
  summary: "An orb is named by a range of versions, so a new release runs unseen.",
  why:
    "An orb is code that runs in your jobs with what they can read. A range such as `@5`, `@volatile` or a development version takes whatever its owner publishes next; " +
    "an exact version cannot be published a second time.",
  examples: [
    {
      title: "A range of versions becomes its newest exact one",
      path: ".circleci/config.yml",
      bad: `version: 2.1
orbs:
  node: circleci/node@5
#       ^^^^^^^^^^^^^^^
jobs:
  build:
    docker: [{image: "cimg/base@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d"}]
    steps: [checkout]
`,
      good: `version: 2.1
orbs:
  node: circleci/node@5.2.0
jobs:
  build:
    docker: [{image: "cimg/base@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d"}]
    steps: [checkout]
`,
      answers: [{ kind: "newestVersion", version: "5.2.0" }],
    },
    {
      title: "An exact version is fine",
      path: ".circleci/config.yml",
      bad: `version: 2.1
orbs:
  node: circleci/node@5.2.0
jobs:
  build:
    docker: [{image: "cimg/base@sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d"}]
    steps: [checkout]
`,
    },
  ],
  check: (pipeline, policy) => unpinnedReferences(pipeline, policy, "orb", { severity: () => "warning", message }),
};

function message({ text, target }: Reference, theft: string): string {
  const written = shortened(text);
  const moves =
    target.kind === "image" ? "can be moved to something else" : "stands for whatever version fits it at that moment";
  return `${written} ${moves}, and its code runs in your jobs.${theft} Name one exact version, such as ${written.replace(/@.*$/, "")}@1.2.3.`;
}
