import { entries, get, items, text, type YamlNode } from "../yaml.ts";
import { isAction, isWorkflow, readWorkflow, type WorkflowProduct } from "./reading-workflow.ts";
import type { System } from "./system.ts";

const WORKFLOW = /(?:^|\/)\.(?:gitea|forgejo)\/workflows\/.+\.ya?ml$/;
const ACTION = /(?:^|\/)\.(?:gitea|forgejo)\/(?:.+\/)?action\.ya?ml$/;

/**
 * Gitea Actions and Forgejo Actions, which read GitHub's notation and run it with a runner of their own.
 * Source: docs.gitea.com, "Compared to GitHub Actions"; forgejo.org, "Forgejo Actions | Reference".
 */
export const giteaActions: System = {
  id: "gitea-actions",
  name: "Gitea and Forgejo Actions",
  globs: [".gitea/workflows/**/*.{yml,yaml}", ".forgejo/workflows/**/*.{yml,yaml}"],
  claims: (path, { documents: [root] }) => {
    if (WORKFLOW.test(path)) return 2;
    if (ACTION.test(path)) return isAction(root) ? 2 : 0;
    return isWorkflow(root) && usesAddress(root) ? 1 : 0;
  },
  read: (file, yaml, context, call) => readWorkflow(file, yaml, giteaActions, PRODUCT, { context, call }),
};

const PRODUCT: WorkflowProduct = {
  // `DEFAULT_ACTIONS_URL` of the server.
  host: "",
  contexts: ["gitea", "forgejo", "forge", "github"],
  tokens: ["GITHUB_TOKEN", "GITEA_TOKEN", "FORGEJO_TOKEN"],
  // The runner puts the job's token into the environment of every step.
  ambient: [{ name: "GITHUB_TOKEN", kind: "token" }],
  permissions: false,
  prefixes: ["GITHUB", "FORGEJO", "GITEA"],
  // Bash with pipefail, or sh where the image has no bash.
  defaultShell: (container) => ({ language: "bash", errexit: true, pipefail: container ? undefined : true }),
};

/** True where an action is named by its whole address, which GitHub does not take. */
function usesAddress(root: YamlNode | undefined): boolean {
  return entries(get(root, "jobs")).some(({ value: job }) =>
    [job, ...items(get(job, "steps"))].some((each) => /^https?:\/\//.test(text(get(each, "uses")) ?? "")),
  );
}
