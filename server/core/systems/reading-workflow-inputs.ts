import type { Shell } from "../model.ts";
import { get, scalar, text, type YamlNode, type YamlScalar } from "../yaml.ts";

// Code that actions get as an input. Left out are those that run it on another machine, or in a container without the step's environment:
// what is known of a step holds for neither.

/** Code that a step hands to the action which it calls. */
export interface InputCode {
  readonly written: YamlScalar;
  readonly shell: Shell;
  /** Where downloads belong, if not where those of the other scripts of a workflow do. */
  readonly scratch?: string;
}

interface CodeAction {
  /** Owner and name, in lower case. */
  readonly action: RegExp;
  readonly inputs: readonly string[];
  readonly shell: (step: YamlNode) => Shell | undefined;
  readonly scratch?: string;
}

const JAVASCRIPT: Shell = { language: "javascript", errexit: undefined, pipefail: undefined };
const POWERSHELL: Shell = { language: "powershell", errexit: true, pipefail: undefined };
const LINES: Shell = { language: "sh", errexit: true, pipefail: false };

/** Source: the readme and the code of each action. */
const ACTIONS: readonly CodeAction[] = [
  { action: /^actions\/github-script$/, inputs: ["script"], shell: () => JAVASCRIPT },
  // Runs bash in a container of its own, which gets the environment and the work tree.
  {
    action: /^azure\/cli$/,
    inputs: ["inlineScript"],
    shell: () => ({ language: "bash", errexit: true, pipefail: true }),
    scratch: "/tmp",
  },
  { action: /^azure\/powershell$/, inputs: ["inlineScript"], shell: () => POWERSHELL },
  { action: /^nick-(?:fields|invision)\/retry$/, inputs: ["command"], shell: retryShell },
  // Both run one line after the other, until one of them fails.
  { action: /^reactivecircus\/android-emulator-runner$/, inputs: ["script"], shell: () => LINES },
  { action: /^cloudflare\/wrangler-action$/, inputs: ["preCommands", "postCommands"], shell: () => LINES },
];

/** The code among the inputs of a step, in the order in which it runs. */
export function inputCode(step: YamlNode): readonly InputCode[] {
  const [, called = ""] = /^(?:https:\/\/[^/]+\/)?([^/@\s]+\/[^/@\s]+)@/.exec(text(get(step, "uses")) ?? "") ?? [];
  const found = ACTIONS.find(({ action }) => action.test(called.toLowerCase()));
  const shell = found?.shell(step);
  if (found === undefined || shell === undefined) return [];
  return found.inputs.flatMap((input) => {
    const written = scalar(get(step, "with", input));
    return written === undefined ? [] : [{ written, shell, ...(found.scratch && { scratch: found.scratch }) }];
  });
}

/** Bash, unless an input says otherwise. */
function retryShell(step: YamlNode): Shell | undefined {
  const named = text(get(step, "with", "shell")) ?? "bash";
  if (named === "bash" || named === "sh") return { language: named, errexit: false, pipefail: false };
  if (named === "pwsh" || named === "powershell") return { ...POWERSHELL, errexit: false };
  return named === "cmd" ? { language: "cmd", errexit: false, pipefail: undefined } : undefined;
}
