import type {
  Checkout,
  Narrowing,
  OperatingSystem,
  Reference,
  ReferenceKind,
  Scope,
  Shell,
  Step,
  Target,
  Variable,
} from "../model.ts";
import { isCommitId, readImage } from "../reference.ts";
import { scalar, text, type YamlNode, type YamlScalar } from "../yaml.ts";
import {
  bareScope,
  bareStep,
  type Dialect,
  firstLine,
  type Reading,
  type ScriptSetting,
  scalarsBelow,
  scopeOf,
  scriptOf,
  wordEdit,
} from "./reading.ts";
import { field, fields, listOf, pairs, pairVariables } from "./reading-azure.ts";
import { pullBuild, pullTemplate, type Templates } from "./reading-azure-templates.ts";
import { type Meanings, withPasted } from "./reading-pasted.ts";

// The steps of Azure Pipelines: scripts, tasks that run code, and templates of steps.

/** What a file declares for all its jobs. */
export interface AzureReader {
  readonly templates: Templates;
  readonly file: Reading;
  readonly dialect: Dialect;
  /** `resources.containers` by their names. */
  readonly containers: ReadonlyMap<string, YamlNode>;
  /** Names of `resources.repositories`. */
  readonly repositories: ReadonlySet<string>;
  /** True where the file can be a part of another one, which then declares more. */
  readonly template: boolean;
}

/** What the steps of one job share. */
export interface Host {
  readonly scope: Scope;
  readonly operatingSystems: readonly OperatingSystem[];
}

/** The steps of a list, those that it hands to templates included. */
export function readSteps(reader: AzureReader, steps: readonly YamlNode[], host: Host): readonly Step[] {
  return steps.flatMap((step) => readStep(reader, step, host));
}

function readStep(reader: AzureReader, step: YamlNode, host: Host): readonly Step[] {
  const { file, dialect } = reader;
  const label = labelOf(step);
  const template = scalar(field(step, "template"));
  const inputs = field(step, template ? "parameters" : "inputs");
  const scope: Scope = {
    ...scopeOf(file, { level: "step", label, parent: host.scope, owner: step, key: "env" }, dialect),
    variables: pairVariables(file, field(step, "env"), dialect),
    ambient: [...principal(inputs), ...vaultOf(file, text(field(step, "task")) ?? "", inputs)],
  };
  const code = [...scriptsOf(step, host), ...taskCode(step, host)];
  const task = scalar(field(step, "task"));
  const written = code.map((each) => each.written);
  const handed = template ? stepsIn(inputs) : [];
  const references = [
    ...(template ? templateReference(reader, template, scope) : []),
    ...(task ? [reference("task", task, { kind: "other", pin: taskPin(task.text) }, scope)] : []),
    ...fields(step, "checkout").flatMap((each) => checkoutReference(scalar(each), scope)),
    ...containerReference(reader, field(step, "target", "container") ?? scalar(field(step, "target")), scope),
  ];
  const checkout = checkoutOf(step);
  if (template === undefined && code.length + references.length === 0 && checkout === undefined) return [];
  const setting = settingOf(step, host);
  const scripts = code.map(({ written: script, shell }) =>
    scriptOf(file, script, dialect, { ...setting, shell, scratch: scratchOf(shell), handover: { logged: true } }),
  );
  const result = bareStep({
    label,
    span: firstLine(file, step.span),
    scope,
    scripts,
    ...withPasted(file.text, scripts, strangersText),
    references,
    ...(checkout !== undefined && { checkout }),
    ...(task !== undefined && leavesGit(task.text, written) && { git: "none" }),
    inputs: inputsOf(reader, inputs, written, template !== undefined),
    secrets: written.flatMap((each) => dialect.secretsIn(each)),
    reads: readsIn(step),
    tolerated: /^true$/i.test(text(field(step, "continueOnError")) ?? ""),
    always: /\b(?:always|failed|succeededorfailed|canceled)\s*\(/i.test(text(field(step, "condition")) ?? ""),
  });
  if (/^Docker@/i.test(task?.text ?? "")) pullBuild(reader.templates, result);
  if (template !== undefined) {
    const parameters = pairVariables(file, inputs, dialect);
    const use = { step: result, span: result.span, scope: host.scope, parameters, machines: host.operatingSystems };
    pullTemplate(reader.templates, file, template, use);
  }
  return [result, ...readSteps(reader, handed, host)];
}

/** Source: learn.microsoft.com, "Use predefined variables": those that authors of commits and pull requests choose. */
const STRANGERS: ReadonlyMap<string, string> = new Map([
  ["build.sourceversionmessage", "the message of the commit"],
  ["build.sourceversionauthor", "the name of the commit's author"],
  ["build.requestedfor", "the name of whoever caused the run"],
  ["system.pullrequest.sourcebranch", "the name of the pull request's branch"],
]);

const strangersText: Meanings = (expression) => {
  const [, macro, indexed] = /^\$(?:\(([\w.]+)\)|[{[]+\s*variables\['([\w.]+)'\]\s*[}\]]+)$/.exec(expression) ?? [];
  const name = macro ?? indexed ?? "";
  const what = STRANGERS.get(name.toLowerCase());
  return what === undefined ? undefined : { what, variable: name.toUpperCase().replaceAll(".", "_") };
};

function labelOf(step: YamlNode): string {
  const keys = ["displayName", "name", "task", "template", "script", "bash", "pwsh", "powershell", "checkout"];
  const found = keys.flatMap((key) => text(field(step, key)) ?? []).find((each) => each.trim() !== "") ?? "";
  const first = found.trim().split("\n", 1)[0] ?? "";
  return `step “${first.length > 60 ? `${first.slice(0, 59)}…` : first}”`;
}

/** The lists of steps in the parameters of a template. */
function stepsIn(parameters: YamlNode | undefined): readonly YamlNode[] {
  return pairs(parameters).flatMap(({ value }) => {
    const list = listOf(value);
    return list.some((item) => isStep(item) || callsTemplate(item)) ? list : [];
  });
}

/** True for an item of a list that stands for the content of another file. */
export function callsTemplate(node: YamlNode): boolean {
  return /\.ya?ml(?:@|$)/.test(text(field(node, "template"))?.trim() ?? "");
}

/** True for an item of a list that only a list of steps can have. */
export function isStep(node: YamlNode): boolean {
  return pairs(node).some(
    ({ key, value }) => STEP.test(key) && value?.kind === "scalar" && (key !== "task" || /[@$]/.test(value.text)),
  );
}

const STEP = /^(?:script|bash|pwsh|powershell|task|checkout|download|downloadBuild|publish|getPackage|reviewApp)$/;

/** What is handed to a task or template. Code is no input, and neither are steps. */
function inputsOf(
  { file, dialect }: AzureReader,
  inputs: YamlNode | undefined,
  code: readonly YamlScalar[],
  template: boolean,
): readonly Variable[] {
  const values = pairs(inputs);
  return pairVariables(file, inputs, dialect)
    .filter((_, index) => {
      const value = values[index]?.value;
      return !code.some((each) => each === value) && !(template && listOf(value).some(isStep));
    })
    .map((variable) => {
      const { value, name, span } = variable;
      if (!CONNECTION.test(name) || value === undefined || value === "") return variable;
      return { ...variable, secrets: [{ name: `the service connection “${value}”`, kind: "named", span }] };
    });
}

/** Inputs that hand the credentials of a service connection to the code of a task. */
const CONNECTION = /^(?:azureSubscription|connectedServiceName(?:ARM)?|sshEndpoint|awsCredentials)$/i;

/** Source: learn.microsoft.com, "AzureCLI@2", `addSpnToEnvironment`. */
function principal(inputs: YamlNode | undefined): Scope["ambient"] {
  const asked = pairs(inputs).find(({ key }) => /^addSpnToEnvironment$/i.test(key));
  if (asked === undefined || !/^true$/i.test(text(asked.value) ?? "")) return [];
  return [{ name: "the credentials of the service connection", kind: "named", span: asked.span }];
}

/**
 * A step that reads all that a key vault holds: its filter says `*`, which is also what it says where nobody wrote one.
 * Source: learn.microsoft.com, "AzureKeyVault@2", `SecretsFilter`; and "About keys, secrets, and certificates" for what names can be.
 */
function vaultOf(file: Reading, task: string, inputs: YamlNode | undefined): Scope["ambient"] {
  if (!/^AzureKeyVault@/i.test(task.trim())) return [];
  const input = (name: RegExp): YamlScalar | undefined =>
    scalar(pairs(inputs).find(({ key }) => name.test(key))?.value);
  const filter = input(/^SecretsFilter$/i);
  const vault = input(/^(?:KeyVaultName|ConnectedServiceName|azureSubscription)$/i);
  const place = filter ?? vault;
  if (place === undefined || !/^\s*(?:\*\s*)?$/.test(filter?.text ?? "*")) return [];
  const what = `every secret of the key vault “${input(/^KeyVaultName$/i)?.text ?? "?"}”`;
  const narrowed: Narrowing = (names) => {
    const held = names.filter((each) => /^[A-Za-z\d-]{1,127}$/.test(each));
    const writable = filter !== undefined && filter.text !== "" && !filter.anchored && filter.alias === undefined;
    return held.length < names.length || held.length === 0 || !writable
      ? undefined
      : [
          {
            span: filter.span,
            text: file.text[filter.span.start] === '"' ? `"${held.join(",")}"` : `'${held.join(",")}'`,
          },
        ];
  };
  return [{ name: what, kind: "named", span: place.span, extent: "whole", narrowed }];
}

/** Code in a step, and how it runs. */
interface Code {
  readonly written: YamlScalar;
  readonly shell: Shell;
}

/** Source: learn.microsoft.com, "steps.script", "steps.bash", "steps.powershell", "steps.pwsh": none of the first two runs with errexit. */
function scriptsOf(step: YamlNode, host: Host): readonly Code[] {
  const stops = !/^(?:silently)?continue$/i.test(text(field(step, "errorActionPreference")) ?? "");
  const found = (key: string, shell: Shell): readonly Code[] =>
    fields(step, key).flatMap((value) => (value.kind === "scalar" ? [{ written: value, shell }] : []));
  return [
    ...found("script", scriptShell(host)),
    ...found("bash", BASH),
    ...found("powershell", { ...POWERSHELL, errexit: stops }),
    ...found("pwsh", { ...POWERSHELL, errexit: stops }),
  ];
}

const BASH: Shell = { language: "bash", errexit: false, pipefail: false };
const CMD: Shell = { language: "cmd", errexit: false, pipefail: undefined };
const POWERSHELL: Shell = { language: "powershell", errexit: true, pipefail: undefined };
const PYTHON: Shell = { language: "python", errexit: undefined, pipefail: undefined };

/** cmd on Windows, bash everywhere else. */
function scriptShell({ operatingSystems }: Host): Shell {
  return operatingSystems.length > 0 && operatingSystems.every((system) => system === "windows") ? CMD : BASH;
}

type Inputs = (name: string) => string;

/** The inputs of a task that hold code, when they count, and what runs them. Source: the task reference on learn.microsoft.com. */
const TASKS: readonly {
  readonly task: RegExp;
  readonly code: readonly string[];
  /** False where the inputs say that the code is in a file. */
  inline(input: Inputs): boolean;
  shell(input: Inputs, host: Host): Shell;
}[] = [
  { task: /^cmdline$/, code: ["script"], inline: () => true, shell: (_, host) => scriptShell(host) },
  { task: /^bash$/, code: ["script"], inline: isInline, shell: () => BASH },
  { task: /^powershell$/, code: ["script", "inlineScript"], inline: isInline, shell: powershell },
  {
    task: /^pythonscript$/,
    code: ["script"],
    inline: (input) => /^inline$/i.test(input("scriptSource")),
    shell: () => PYTHON,
  },
  { task: /^azurecli$/, code: ["inlineScript", "script"], inline: isInline, shell: azureShell },
  { task: /^azurepowershell$/, code: ["Inline"], inline: isInline, shell: powershell },
  {
    task: /^ssh$/,
    code: ["commands", "inline"],
    inline: (input) => !/^script$/i.test(input("runOptions")),
    shell: () => BASH,
  },
  {
    task: /^(?:powershellontargetmachines|awspowershellmodulescript)$/,
    code: ["InlineScript"],
    inline: () => true,
    shell: powershell,
  },
  { task: /^awsshellscript$/, code: ["inlineScript"], inline: () => true, shell: () => BASH },
  { task: /^azurermwebappdeployment$/, code: ["InlineScript"], inline: () => true, shell: siteShell },
];

/** True where an input says that the script is inline, or none says that it is a file. */
function isInline(input: Inputs): boolean {
  const said = `${input("targetType")}${input("scriptLocation")}${input("scriptType")}`;
  return /inline/i.test(said) || (!/file|path/i.test(said) && input("filePath") + input("scriptPath") === "");
}

function powershell(input: Inputs): Shell {
  return { ...POWERSHELL, errexit: !/^(?:silently)?continue$/i.test(input("errorActionPreference")) };
}

function azureShell(input: Inputs, host: Host): Shell {
  const type = input("scriptType").toLowerCase();
  if (type === "bash") return BASH;
  if (type === "batch") return CMD;
  return type.startsWith("ps") ? POWERSHELL : scriptShell(host);
}

function siteShell(input: Inputs): Shell {
  return /linux/i.test(`${input("WebAppKind")}${input("appType")}`) ? BASH : CMD;
}

function taskCode(step: YamlNode, host: Host): readonly Code[] {
  const name = text(field(step, "task"))?.replace(/@.*$/s, "").replace(/^.*\./s, "").toLowerCase();
  const task = TASKS.find((each) => each.task.test(name ?? ""));
  if (task === undefined) return [];
  const inputs = pairs(field(step, "inputs"));
  const input: Inputs = (key) => text(inputs.find((pair) => same(pair.key, key))?.value) ?? "";
  if (!task.inline(input)) return [];
  return inputs
    .filter(({ key }) => task.code.some((each) => same(key, each)))
    .flatMap(({ value }) => (value?.kind === "scalar" ? [{ written: value, shell: task.shell(input, host) }] : []));
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Every step is a process of its own. Its folder is the root of the repository unless it says another one. */
function settingOf(step: YamlNode, { operatingSystems }: Host): Omit<ScriptSetting, "shell" | "scratch"> {
  const inputs = pairs(field(step, "inputs"));
  const input = inputs.find(({ key }) => /^(?:workingDirectory|workingFolder|cwd)$/i.test(key))?.value;
  const folder = text(field(step, "workingDirectory") ?? input) ?? "";
  return { operatingSystems, unit: `step ${step.span.start}`, folder: folder.replace(ROOT, ".") || "." };
}

const ROOT = /^\$\((?:Build\.SourcesDirectory|Build\.Repository\.LocalPath|System\.DefaultWorkingDirectory)\)/i;

function scratchOf({ language }: Shell): string {
  if (language === "powershell") return "$env:AGENT_TEMPDIRECTORY";
  return language === "cmd" ? "%AGENT_TEMPDIRECTORY%" : "$AGENT_TEMPDIRECTORY";
}

/** Names of the variables that the expressions of a step read. */
function readsIn(step: YamlNode): readonly string[] {
  const names = scalarsBelow(step).flatMap(({ text: written }) =>
    [...written.matchAll(/\$\(([\w.-]+)\)|\bvariables(?:\.(\w+)|\['([^']+)'\])/g)].flatMap(
      ([, macro, property, index]) => macro ?? property ?? index ?? [],
    ),
  );
  return [...new Set(names)];
}

/** Source: learn.microsoft.com, "Task versions": what is not written of a version is whatever is the newest. */
function taskPin(task: string): "pinned" | "mutable" | "unknown" {
  if (/\$[{([]/.test(task)) return "unknown";
  return /@\d+\.\d+\.\d+$/.test(task.trim()) ? "pinned" : "mutable";
}

/**
 * A checkout that keeps its credential, which is what it does only on request. Others leave nothing that a later step could use.
 * Source: learn.microsoft.com, "steps.checkout".
 */
function checkoutOf(step: YamlNode): Checkout | undefined {
  const kept = pairs(step).find(({ key }) => key === "persistCredentials")?.value;
  if (field(step, "checkout") === undefined || kept?.kind !== "scalar" || !/^true$/i.test(kept.text)) return undefined;
  const edit = wordEdit(kept, "false");
  const drop = edit && { text: "persistCredentials: false", edits: [edit] };
  const folder = text(field(step, "path")) ?? "";
  return { span: kept.span, folder, foreign: false, keepsCredentials: true, inTree: true, ...(drop && { drop }) };
}

/** True for a task of the product itself that does not run files of the repository: none of those uses git's credential. */
function leavesGit(task: string, code: readonly YamlScalar[]): boolean {
  const [name = ""] = task.split("@");
  return !name.includes(".") && (code.length > 0 || !RUNS_FILES.test(name));
}

const RUNS_FILES =
  /^(?:Bash|PowerShell|PythonScript|ShellScript|BatchScript|AzureCLI|AzurePowerShell|CmdLine|Git\w*)$/i;

/**
 * `git://Project/Repository@ref` and its kin. Whether a commit may stand there is not documented, so that nothing is put there.
 * Source: learn.microsoft.com, "steps.checkout".
 */
function checkoutReference(written: YamlScalar | undefined, scope: Scope): readonly Reference[] {
  const [, type = "", repo = "", ref] =
    /^(git|github|bitbucket):\/\/([^@\s]+)(?:@(\S+))?$/.exec(written?.text ?? "") ?? [];
  return written === undefined || repo === ""
    ? []
    : [{ ...reference("include", written, repositoryTarget(type, repo, ref), scope), instead: DECLARED }];
}

const DECLARED =
  "Declare the repository under resources, where its ref can be a full commit id, and check it out by its alias.";

/** A repository of one of the services that Azure knows. */
export function repositoryTarget(type: string, repo: string, ref: string | undefined): Target {
  const host = type === "github" ? "github.com" : type === "bitbucket" ? "bitbucket.org" : "";
  const fixed = ref !== undefined && isCommitId(ref);
  const pin = fixed ? "pinned" : /\$[{([]/.test(`${repo}${ref ?? ""}`) ? "unknown" : "mutable";
  return { kind: "repository", host, repo, path: "", ref, pin };
}

/**
 * `path@alias`: the alias stands for a repository that the file declares, and that is where its version is written. Without an alias it
 * is a file of the same repository.
 */
export function templateReference(
  { repositories }: Pick<AzureReader, "repositories">,
  written: YamlScalar,
  scope: Scope,
): readonly Reference[] {
  const [, path = "", alias = "self"] = /^([^@]*)(?:@(.*))?$/s.exec(written.text.trim()) ?? [];
  if (repositories.has(alias)) return [];
  const local = alias === "self" && !/\$[{([]/.test(path);
  return [
    reference(
      "include",
      written,
      local ? { kind: "local", path, pin: "pinned" } : { kind: "other", pin: "unknown" },
      scope,
    ),
  ];
}

/** An image as it is written. The name of a container that the file declares stands for the image there. */
export function containerReference(
  { containers, template }: Pick<AzureReader, "containers" | "template">,
  node: YamlNode | undefined,
  parent: Scope | undefined,
): readonly Reference[] {
  const written = scalar(node) ?? scalar(field(node, "image"));
  if (written === undefined || written.text === "" || containers.has(written.text)) return [];
  // In a template a bare word can be the name of a container that another file declares. On the host itself there is none.
  if (node?.kind === "scalar" && (written.text === "host" || (template && /^[\w.-]+$/.test(written.text)))) return [];
  const scope = parent ?? bareScope({ level: "service", label: `container “${written.text}”`, parent: undefined });
  return [reference("image", written, readImage(written.text.trim()), scope)];
}

function reference(kind: ReferenceKind, written: YamlScalar, target: Target, scope: Scope): Reference {
  const span = written.map.toDocument({ start: 0, end: written.text.length });
  return { kind, text: written.text, span, target, scope, repin: undefined };
}
