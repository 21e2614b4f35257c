import type { Rule } from "../rule.ts";
import { pipelineWideSecret } from "./pipeline-wide-secret.ts";
import { unpinnedAction } from "./unpinned-action.ts";
import { unpinnedRemoteScript } from "./unpinned-remote-script.ts";

/** Every rule, in the order of the documentation. */
export const RULES: readonly Rule[] = [unpinnedRemoteScript, unpinnedAction, pipelineWideSecret];
