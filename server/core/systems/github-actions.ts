import { isAction, isWorkflow, readWorkflow, type WorkflowProduct } from "./reading-workflow.ts";
import type { System } from "./system.ts";

const WORKFLOW = /(?:^|\/)\.github\/workflows\/[^/]+\.ya?ml$/;
const ACTION = /(?:^|\/)action\.ya?ml$/;

/**
 * GitHub Actions: workflows and composite actions.
 * Source: docs.github.com, "Workflow syntax for GitHub Actions" and "Metadata syntax for GitHub Actions".
 */
export const githubActions: System = {
  id: "github-actions",
  name: "GitHub Actions",
  globs: [".github/workflows/*.{yml,yaml}", "action.{yml,yaml}"],
  claims: (path, { documents: [root] }) => {
    if (WORKFLOW.test(path)) return 2;
    if (ACTION.test(path)) return isAction(root) ? 2 : 0;
    return isWorkflow(root) ? 1 : 0;
  },
  read: (file, yaml, context, call) => readWorkflow(file, yaml, githubActions, PRODUCT, { context, call }),
};

const PRODUCT: WorkflowProduct = {
  host: "github.com",
  contexts: ["github"],
  tokens: ["GITHUB_TOKEN"],
  ambient: [],
  permissions: true,
  prefixes: ["GITHUB"],
  // Source: docs.github.com, `jobs.<job_id>.steps[*].shell`: bash without pipefail, and sh in a container.
  defaultShell: (container) => ({ language: container ? "sh" : "bash", errexit: true, pipefail: false }),
};
