import type { Reference } from "../model.ts";
import type { Rule } from "../rule.ts";
import { unpinnedReferences } from "../unpinned.ts";
import { shortened } from "../wording.ts";

/** Tasks of the system or of a marketplace that are named by a range of versions. */
export const unpinnedTask: Rule = {
  id: "unpinned-task",
  severity: "hint",
  summary: "A task is named by a range of versions.",
  why:
    "A major version such as `@2` takes whatever minor version is newest on the day of the run. There is no hash to pin a task to; an exact version at least keeps a release that you have not seen out of the pipeline, " +
    "where the organization still has it.",
  examples: [
    {
      title: "A major version",
      path: "azure-pipelines.yml",
      bad: `pool: {vmImage: ubuntu-24.04}
steps:
  - task: NodeTool@0
#         ^^^^^^^^^^
    inputs: {versionSpec: 22.12.0}
`,
    },
    {
      title: "An exact version is fine",
      path: "azure-pipelines.yml",
      bad: `pool: {vmImage: ubuntu-24.04}
steps:
  - task: NodeTool@0.245.1
    inputs: {versionSpec: 22.12.0}
`,
    },
  ],
  check: (pipeline, policy) => unpinnedReferences(pipeline, policy, "task", { severity: () => "hint", message }),
};

function message({ text, target }: Reference, theft: string): string {
  const range =
    target.kind === "repository" ? "a ref that can move" : text.includes("@") ? "a range of versions" : "no version";
  return `${shortened(text)} names ${range}, so a new release of the task runs unseen.${theft} A task has no hash: name its exact version, which the log of the last run shows, where your organization keeps it.`;
}
