import type { SourceFile } from "../analyze.ts";
import { maskAngles } from "../masking.ts";
import type {
  Job,
  OperatingSystem,
  Pipeline,
  Reference,
  Scope,
  Script,
  SecretUse,
  Shell,
  Step,
  Variable,
} from "../model.ts";
import { readActionReference, repinOf } from "../reference.ts";
import { get, items, scalar, text, type YamlFile, type YamlNode, type YamlScalar } from "../yaml.ts";
import {
  bareScope,
  bareStep,
  type Dialect,
  firstLine,
  linesOf,
  type ScriptSetting,
  scopeOf,
  scriptOf,
  secretsBelow,
  variablesOf,
} from "./reading.ts";
import { commandOf, DOUBLED_DOLLAR } from "./reading-command.ts";
import { imageReference } from "./reading-container.ts";
import { type Meanings, withPasted } from "./reading-pasted.ts";
import type { System } from "./system.ts";

/**
 * Harness: pipelines, and templates of steps, stages and pipelines.
 * Source: developer.harness.io, "Use Run steps", "Background step settings", "Use the GitHub Action step", "Plugin step", "Shell Script
 * step", "CI codebase variables reference", "Use secrets".
 */
export const harness: System = {
  id: "harness",
  name: "Harness",
  globs: [".harness/**/*.{yml,yaml}"],
  claims: (path, { documents: [root] }) => {
    if (!isPipeline(root) && !isTemplate(root)) return 0;
    return /(?:^|\/)\.harness\//.test(path) ? 2 : 1;
  },
  read: (file, yaml) => readFile(file, yaml),
};

/** `pipeline` is a key of many formats; only this one has stages that are called `stage` in it. */
function isPipeline(root: YamlNode | undefined): boolean {
  const pipeline = get(root, "pipeline");
  const stages = stagesIn(get(pipeline, "stages"));
  return text(get(pipeline, "identifier")) !== undefined && stages.some((stage) => get(stage, "spec") !== undefined);
}

function isTemplate(root: YamlNode | undefined): boolean {
  const template = get(root, "template");
  const named = ["identifier", "versionLabel", "spec"].every((key) => get(template, key) !== undefined);
  return named && /^(?:Step|StepGroup|Stage|Pipeline)$/.test(text(get(template, "type")) ?? "");
}

/** Expressions are put into a command as they are. Source: "CI codebase variables reference". */
const TEXTS: Readonly<Record<string, string>> = {
  "codebase.prTitle": "the title of the pull request",
  "codebase.commitMessage": "the message of the commit",
  "codebase.sourceBranch": "the name of the pull request's branch",
  "codebase.branch": "the name of the branch",
  "codebase.gitUser": "the name of the commit's author",
  "trigger.prTitle": "the title of the pull request",
  "trigger.sourceBranch": "the name of the pull request's branch",
  "trigger.branch": "the name of the branch",
};

const STRANGERS: Meanings = (expression) => {
  const name = /^<\+([\w.]+)>$/.exec(expression)?.[1] ?? "";
  return Object.hasOwn(TEXTS, name) ? { what: TEXTS[name] ?? "" } : undefined;
};

/** `<+secrets.getValue("name")>`; with a name that is an expression, only the run knows it. */
function secretsIn({ text: written, map }: YamlScalar): readonly SecretUse[] {
  return [...written.matchAll(/<\+secrets\.getValue\((["']?)([^"')]*)\1\)[^>\n]*>/g)].map((found): SecretUse => {
    const { index, 0: whole, 1: quote, 2: name = "" } = found;
    const span = map.toDocument({ start: index, end: index + whole.length });
    return { name, kind: "named", span, ...(quote === "" && { extent: "computed" as const }) };
  });
}

const DIALECT: Dialect = { mask: maskAngles, secretsIn };

function readFile(file: SourceFile, { documents: [root] }: YamlFile): Pipeline {
  const template = get(root, "template");
  const type = text(get(template, "type"));
  const spec = get(template, "spec");
  const owner = get(root, "pipeline") ?? (type === "Pipeline" ? spec : undefined);
  const scope = bareScope({
    level: "pipeline",
    label: "the whole pipeline",
    parent: undefined,
    variables: listedVariables(get(owner, "variables")),
  });
  const host: Host = { file, scope };
  const step = type === "Step" || type === "StepGroup" ? template : undefined;
  const called = templateReference(owner, scope);
  return {
    system: harness.id,
    systemName: harness.name,
    path: file.path,
    text: file.text,
    jobs: [
      ...stagesIn(get(owner, "stages")).map((stage) => readStage(host, stage)),
      ...(type === "Stage" && template !== undefined && spec !== undefined
        ? [readStage(host, spec, nameOf(template))]
        : []),
      ...(step === undefined || spec === undefined ? [] : [readStepTemplate(host, step, spec, type === "StepGroup")]),
    ],
    references: called,
    scope,
  };
}

interface Host {
  readonly file: SourceFile;
  readonly scope: Scope;
}

/** Items `- stage: …`, and those in groups `- parallel: […]`. */
function stagesIn(list: YamlNode | undefined, depth = 0): readonly YamlNode[] {
  if (depth > 10) return [];
  return items(list).flatMap((item) => [
    ...[get(item, "stage") ?? []].flat(),
    ...stagesIn(get(item, "parallel"), depth + 1),
  ]);
}

function nameOf(node: YamlNode): string {
  return text(get(node, "name")) ?? text(get(node, "identifier")) ?? "?";
}

/** A stage runs on one machine, or in one pod: its steps share the work tree. */
function readStage({ file, scope: parent }: Host, stage: YamlNode, name = nameOf(stage)): Job {
  const label = `stage “${name}”`;
  const spec = get(stage, "spec");
  const variables = [...listedVariables(get(stage, "variables")), ...listedVariables(get(stage, "pipelineVariables"))];
  const scope = bareScope({ level: "job", label, parent, variables });
  const setting = settingOf(spec);
  const execution = get(spec, "execution");
  return {
    id: name,
    span: firstLine(file, stage.span),
    scope,
    steps: [
      ...items(get(spec, "serviceDependencies")).map((service) => readStep({ file, scope }, setting, service)),
      ...stepsIn({ file, scope }, setting, get(execution, "steps")),
      ...stepsIn({ file, scope }, setting, get(execution, "rollbackSteps")).map((step) => ({ ...step, always: true })),
    ],
    references: templateReference(stage, scope),
    shares: "files",
  };
}

function readStepTemplate({ file, scope: parent }: Host, template: YamlNode, spec: YamlNode, isGroup: boolean): Job {
  const name = nameOf(template);
  const scope = bareScope({ level: "job", label: `template “${name}”`, parent });
  const setting = settingOf(undefined);
  const host = { file, scope };
  const steps = isGroup ? stepsIn(host, setting, get(spec, "steps")) : [readStep(host, setting, spec, name)];
  return { id: name, span: firstLine(file, template.span), scope, steps, references: [], shares: "files" };
}

type Setting = Pick<ScriptSetting, "operatingSystems">;

/** Source: "Set up build infrastructure": the cloud's machines and those with Docker name their system, a cluster is one of Linux. */
function settingOf(spec: YamlNode | undefined): Setting {
  const written = [get(spec, "platform", "os"), get(spec, "infrastructure", "spec", "os")].map(
    (each) => text(each) ?? "",
  );
  const os = written.find((each) => each !== "")?.toLowerCase() ?? "";
  const known: OperatingSystem | undefined = (["linux", "macos", "windows"] as const).find((each) => each === os);
  return { operatingSystems: known === undefined ? [] : [known] };
}

/** Items `- step`, `- stepGroup` and `- parallel`. */
function stepsIn(host: Host, setting: Setting, list: YamlNode | undefined, depth = 0): readonly Step[] {
  if (depth > 10) return [];
  return items(list).flatMap((item) => {
    const step = get(item, "step");
    const group = get(item, "stepGroup");
    return [
      ...(step?.kind === "map" ? [readStep(host, setting, step)] : []),
      ...stepsIn(host, setting, get(group, "steps"), depth + 1),
      ...stepsIn(host, setting, get(item, "parallel"), depth + 1),
    ];
  });
}

function readStep({ file, scope: parent }: Host, setting: Setting, step: YamlNode, name = nameOf(step)): Step {
  const type = text(get(step, "type")) ?? "";
  const label = `step “${name}”`;
  const spec = get(step, "spec");
  const level = type === "Background" || type === "Service" ? "service" : "step";
  const own = scopeOf(file, { level, label, parent, owner: spec, key: "envVariables" }, DIALECT);
  const scope = { ...own, variables: own.variables.map((each) => ({ ...each, value: known(each.value) })) };
  const listed = type === "ShellScript" ? listedVariables(get(spec, "environmentVariables")) : [];
  const scripts = scriptsOf(file, setting, type, spec);
  return bareStep({
    label,
    span: firstLine(file, step.span),
    scope: { ...scope, variables: [...scope.variables, ...listed] },
    scripts,
    ...withPasted(file.text, scripts, STRANGERS),
    references: [
      ...imageReference(get(spec, "image"), scope),
      ...(type === "Action" ? actionReference(file, get(spec, "uses"), scope) : []),
      ...templateReference(step, scope),
    ],
    inputs: [...variablesOf(file, get(spec, "settings"), DIALECT), ...variablesOf(file, get(spec, "with"), DIALECT)],
    secrets: CODE.flatMap((key) => secretsBelow(get(spec, key), DIALECT)).concat(
      secretsBelow(get(spec, "source", "spec", "script"), DIALECT),
    ),
    tolerated: level === "service" || ignoresFailure(step),
  });
}

/** Keys with code, in the order in which they run. */
const CODE = ["preCommand", "command", "entrypoint", "args", "postCommand"];

function known(value: string | undefined): string | undefined {
  return value === undefined || /<\+|\$/.test(value) ? undefined : value;
}

/** Source: "Define a failure strategy on stages and steps". */
function ignoresFailure(step: YamlNode): boolean {
  return items(get(step, "failureStrategies")).some((each) =>
    /^(?:Ignore|MarkAsSuccess)$/.test(text(get(each, "onFailure", "action", "type")) ?? ""),
  );
}

/** The script of `ShellScript`, the command of all others, which a shell gets that the step names; else the entry point. */
function scriptsOf(
  file: SourceFile,
  { operatingSystems }: Setting,
  type: string,
  spec: YamlNode | undefined,
): readonly Script[] {
  if (spec === undefined) return [];
  const shell = shellOf(type, text(get(spec, "shell")));
  const scratch = shell.language === "powershell" ? "$env:TEMP" : "/tmp";
  const setting: ScriptSetting = { shell, operatingSystems, unit: `${spec.span.start}`, scratch };
  const code = type === "ShellScript" ? get(spec, "source", "spec", "script") : undefined;
  const lines = [code, ...["preCommand", "command", "postCommand"].map((key) => get(spec, key))].flatMap(
    (node) => scalar(node) ?? [],
  );
  if (lines.length > 0) return lines.map((line) => scriptOf(file, line, DIALECT, setting));
  const words = [...linesOf(get(spec, "entrypoint")), ...linesOf(get(spec, "args"))].map((each) => ({ scalar: each }));
  return [commandOf(file, words, DIALECT, setting, DOUBLED_DOLLAR) ?? []].flat();
}

/**
 * Whether a failing line ends a `Run` step is nowhere written; it does not end a `ShellScript`.
 * Source: "Pipeline success on failure" in the knowledge base.
 */
function shellOf(type: string, named: string | undefined): Shell {
  const isDeployment = type === "ShellScript";
  const errexit = isDeployment ? false : undefined;
  switch (named) {
    case "Powershell":
    case "PowerShell":
    case "Pwsh":
      return { language: "powershell", errexit, pipefail: undefined };
    case "Python":
      return { language: "python", errexit: undefined, pipefail: undefined };
    case "Bash":
    case "Sh":
    case undefined: {
      const language = named === "Bash" || (named === undefined && isDeployment) ? "bash" : "sh";
      return { language, errexit, pipefail: false };
    }
    default:
      return { language: "unknown", errexit: undefined, pipefail: undefined };
  }
}

/** `owner/name@ref`, as in GitHub Actions. */
function actionReference(file: SourceFile, node: YamlNode | undefined, scope: Scope): readonly Reference[] {
  const written = scalar(node);
  if (written === undefined || written.text === "") return [];
  const unknown = written.text.includes("<+");
  const target = unknown
    ? ({ kind: "other", pin: "unknown" } as const)
    : readActionReference(written.text, "github.com");
  const span = written.map.toDocument({ start: 0, end: written.text.length });
  const at = written.text.indexOf("@") + 1;
  const block = written.style === "literal" || written.style === "folded";
  const version = written.map.toDocument({ start: at, end: written.text.length });
  const repin = at === 0 || block || unknown ? undefined : repinOf(file.text, written.span, version);
  return [{ kind: "action", text: written.text, span, target, scope, repin }];
}

/** A template on the server, or one of the repository that the server finds by its name: what a version label stands for, it decides. */
function templateReference(owner: YamlNode | undefined, scope: Scope): readonly Reference[] {
  const written = scalar(get(owner, "template", "templateRef"));
  if (written === undefined) return [];
  const span = written.map.toDocument({ start: 0, end: written.text.length });
  return [
    { kind: "include", text: written.text, span, target: { kind: "other", pin: "unknown" }, scope, repin: undefined },
  ];
}

/** A list of `{name, type, value}`. The text of a variable of type `Secret` is the name of one. */
function listedVariables(list: YamlNode | undefined): readonly Variable[] {
  return items(list).flatMap((item): readonly Variable[] => {
    const name = scalar(get(item, "name"));
    if (name === undefined) return [];
    const value = scalar(get(item, "value"));
    const sealed = text(get(item, "type")) === "Secret" && value !== undefined && !value.text.startsWith("<+");
    const secrets: readonly SecretUse[] = sealed
      ? [{ name: value.text, kind: "named", span: value.span }]
      : secretsBelow(value, DIALECT);
    const plain = sealed || secrets.length > 0 ? undefined : known(value?.text);
    return [{ name: name.text, span: item.span, nameSpan: name.span, value: plain, secrets, removal: undefined }];
  });
}
