import type { Rule } from "../rule.ts";
import { broadSecretGroup } from "./broad-secret-group.ts";
import { broadTokenPermissions } from "./broad-token-permissions.ts";
import { dumpedSecrets } from "./dumped-secrets.ts";
import { dynamicSecret } from "./dynamic-secret.ts";
import { hardcodedSecret } from "./hardcoded-secret.ts";
import { ineffectiveSuppression } from "./ineffective-suppression.ts";
import { ineffectiveVerification } from "./ineffective-verification.ts";
import { inheritedSecrets } from "./inherited-secrets.ts";
import { jobWideSecret } from "./job-wide-secret.ts";
import { persistedCredentials } from "./persisted-credentials.ts";
import { pipelineWideSecret } from "./pipeline-wide-secret.ts";
import { scriptInjection } from "./script-injection.ts";
import { secretOnCommandLine } from "./secret-on-command-line.ts";
import { secretToUntrustedCode } from "./secret-to-untrusted-code.ts";
import { unpinnedAction } from "./unpinned-action.ts";
import { unpinnedBundle } from "./unpinned-bundle.ts";
import { unpinnedImage } from "./unpinned-image.ts";
import { unpinnedInclude } from "./unpinned-include.ts";
import { unpinnedOrb } from "./unpinned-orb.ts";
import { unpinnedPackage } from "./unpinned-package.ts";
import { unpinnedPipe } from "./unpinned-pipe.ts";
import { unpinnedPlugin } from "./unpinned-plugin.ts";
import { unpinnedRemoteScript } from "./unpinned-remote-script.ts";
import { unpinnedTask } from "./unpinned-task.ts";
import { unverifiedDownload } from "./unverified-download.ts";

/** Every rule, in the order of the documentation. */
export const RULES: readonly Rule[] = [
  unpinnedRemoteScript,
  unverifiedDownload,
  ineffectiveVerification,
  unpinnedAction,
  unpinnedImage,
  unpinnedInclude,
  unpinnedTask,
  unpinnedPlugin,
  unpinnedPipe,
  unpinnedOrb,
  unpinnedBundle,
  unpinnedPackage,
  pipelineWideSecret,
  jobWideSecret,
  secretOnCommandLine,
  scriptInjection,
  hardcodedSecret,
  broadSecretGroup,
  ineffectiveSuppression,
  inheritedSecrets,
  dumpedSecrets,
  dynamicSecret,
  persistedCredentials,
  broadTokenPermissions,
  secretToUntrustedCode,
];
