import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import { maskGitHub, maskNone } from "../masking.ts";
import type { AmbientSecret, OperatingSystem, Pipeline, Reference, Scope, Shell, Step, Variable } from "../model.ts";
import { readActionReference, repinOf } from "../reference.ts";
import { readShellLine } from "../shell/shell-line.ts";
import {
  entries,
  get,
  items,
  scalar,
  text,
  type YamlEntry,
  type YamlFile,
  type YamlNode,
  type YamlScalar,
} from "../yaml.ts";
import {
  bareStep,
  type Dialect,
  firstLine,
  linesOf,
  scalarsBelow,
  scopeOf,
  scriptOf,
  variablesOf,
  wordEdit,
} from "./reading.ts";
import { constant, imageReference } from "./reading-container.ts";
import { type Call, type NamedFile, pullNamed } from "./reading-pulled.ts";
import type { System } from "./system.ts";

/** AWS CodeBuild. Source: docs.aws.amazon.com/codebuild, "Build specification reference", "Batch build buildspec reference". */
export const codebuild: System = {
  id: "codebuild",
  name: "AWS CodeBuild",
  globs: ["buildspec.{yml,yaml}", "buildspec[-_.]*.{yml,yaml}"],
  claims: (path, { documents: [root] }) => {
    if (/(?:^|\/)buildspec\.ya?ml$/.test(path)) return 2;
    const versioned = /^0\.[12]$/.test(text(get(root, "version")) ?? "");
    return versioned && (phasesOf(root).length > 0 || batchItems(root).length > 0) ? 1 : 0;
  },
  read: (file, yaml, context, call) => readFile(file, yaml, context, call),
};

const PHASES = ["install", "pre_build", "build", "post_build"];

const DIALECT: Dialect = { mask: maskNone, secretsIn: () => [] };

/** The phases in the order in which they run. */
function phasesOf(root: YamlNode | undefined): readonly YamlEntry[] {
  const phases = entries(get(root, "phases"));
  return PHASES.flatMap((name) => phases.find(({ key, value }) => key === name && value?.kind === "map") ?? []);
}

function readFile(
  file: SourceFile,
  { documents: [root] }: YamlFile,
  context: Context,
  call: Call | undefined,
): Pipeline {
  const scope = environmentScope(file, root);
  const images = batchItems(root).flatMap((item) => scalarsBelow(get(item, "env", "image")));
  const references = images
    // What AWS itself provides has names with `aws/codebuild/` in front and no digest.
    // What CodeBuild brings along, and what lies in the account's own private registry, comes from whoever runs the build.
    .filter((image) => !/^(?:aws\/codebuild\/|\d{12}\.dkr\.ecr\.)/.test(image.text))
    .flatMap((image) => imageReference(image, scope));
  const setting: Setting = {
    shell: shellOf(root),
    operatingSystems: operatingSystemsOf(root),
    shared: text(get(root, "version")) !== "0.1",
  };
  const job = {
    id: "build",
    span: firstLine(file, get(root, "phases")?.span ?? { start: 0, end: 0 }),
    scope,
    steps: [...sourceStep(root, scope), ...phasesOf(root).flatMap((phase) => readPhase(file, scope, phase, setting))],
    references: [],
  };
  return {
    system: codebuild.id,
    systemName: codebuild.name,
    path: file.path,
    text: file.text,
    jobs: [job],
    references,
    scope,
    pulled: pullNamed(readFile, file, buildspecsOf(root), context, call),
  };
}

/** The builds of a batch that have a buildspec of their own. */
function buildspecsOf(root: YamlNode | undefined): readonly NamedFile[] {
  return batchItems(root)
    .flatMap((item) => scalarsBelow(get(item, "buildspec")))
    .filter(({ text: path }) => /^[^\s:]+\.ya?ml$/.test(path))
    .map(({ text: path, span }) => ({ path, span, message: "A build of this batch" }));
}

/** Whatever stands in `env` is in the environment of all phases, and there is no narrower place. */
function environmentScope(file: SourceFile, root: YamlNode | undefined): Scope {
  const env = get(root, "env");
  const git: readonly AmbientSecret[] = /^(?:yes|true|on)$/i.test(text(get(env, "git-credential-helper")) ?? "")
    ? [{ name: "the credentials of the source repository", kind: "token" }]
    : [];
  const source = {
    level: "pipeline",
    label: "the whole build",
    parent: undefined,
    owner: env,
    key: "variables",
    ambient: [{ name: "the credentials of the build's role", kind: "token" } as const, ...git],
  } as const;
  const own = scopeOf(file, source, DIALECT);
  const variables = [
    ...own.variables.map((each) => ({ ...each, value: constant(each.value) })),
    ...secretVariables(file, get(env, "secrets-manager")),
    ...secretVariables(file, get(env, "parameter-store")),
  ];
  return { ...own, variables, removal: own.variables.length === variables.length ? own.removal : undefined };
}

/** The download of the source, where the file asks to keep its credential for git. Source: the buildspec reference, `git-credential-helper`. */
function sourceStep(root: YamlNode | undefined, scope: Scope): readonly Step[] {
  const asked = scalar(get(root, "env", "git-credential-helper"));
  if (asked === undefined || !/^(?:yes|true|on)$/i.test(asked.text)) return [];
  const edit = wordEdit(asked, "no");
  const drop = edit && { text: "git-credential-helper: no", edits: [edit] };
  const checkout = {
    span: asked.span,
    folder: "",
    foreign: false,
    keepsCredentials: true,
    inTree: false,
    ...(drop && { drop }),
  };
  return [bareStep({ label: "the download of the source", span: asked.span, scope, checkout })];
}

function secretVariables(file: SourceFile, map: YamlNode | undefined): readonly Variable[] {
  return variablesOf(file, map, DIALECT).map((variable) => ({
    ...variable,
    value: undefined,
    secrets: [{ name: variable.name, kind: "named", span: variable.nameSpan }],
  }));
}

/** The builds of a batch: those of lists and graphs, and the fixed and the changing part of a matrix. */
function batchItems(root: YamlNode | undefined): readonly YamlNode[] {
  const batch = get(root, "batch");
  const matrix = [get(batch, "build-matrix", "static"), get(batch, "build-matrix", "dynamic")];
  const listed = [...items(get(batch, "build-list")), ...items(get(batch, "build-graph"))];
  return [...listed, ...matrix.flatMap((part) => part ?? []), ...[get(batch, "build-fanout") ?? []].flat()];
}

interface Setting {
  readonly shell: Shell;
  readonly operatingSystems: readonly OperatingSystem[];
  /** Version 0.2 runs all commands in one shell, 0.1 each in its own. */
  readonly shared: boolean;
}

/** A command that fails ends its phase. */
function shellOf(root: YamlNode | undefined): Shell {
  const named = readShellLine(text(get(root, "env", "shell")) ?? "");
  const language = named?.language ?? (operatingSystemsOf(root).includes("windows") ? "powershell" : "sh");
  const posix = language !== "powershell" && language !== "cmd";
  return { language, errexit: true, pipefail: posix ? false : undefined };
}

function operatingSystemsOf(root: YamlNode | undefined): readonly OperatingSystem[] {
  const shell = text(get(root, "env", "shell")) ?? "";
  const machines = batchItems(root).flatMap((item) => scalarsBelow(get(item, "env")).map((each) => each.text));
  return /powershell|cmd\.exe/i.test(shell) || machines.some((each) => /^WINDOWS_|windows/i.test(each))
    ? ["windows"]
    : ["linux"];
}

/** Its commands, its actions, and `finally`, which runs also after a failure. */
function readPhase(
  file: SourceFile,
  scope: Scope,
  { key, keySpan, value }: YamlEntry,
  setting: Setting,
): readonly Step[] {
  const onFailure = text(get(value, "on-failure")) ?? "ABORT";
  const { shell, operatingSystems, shared } = setting;
  const scratch = shell.language === "powershell" ? "$env:TEMP" : shell.language === "cmd" ? "%TEMP%" : "/tmp";
  const commands = (name: string, label: string, always: boolean): readonly Step[] => {
    const scripts = linesOf(get(value, name)).map((line) => {
      const unit = shared ? "shell" : `${line.span.start}`;
      return scriptOf(file, line, DIALECT, { shell, operatingSystems, unit, scratch });
    });
    const step = bareStep({ label, span: keySpan, scope, scripts, tolerated: onFailure === "CONTINUE", always });
    return scripts.length === 0 ? [] : [step];
  };
  return [
    ...commands("commands", `phase “${key}”`, false),
    ...items(get(value, "steps")).flatMap((step, index) => readAction(file, scope, step, `${key}.${index}`)),
    ...commands("finally", `finally of phase “${key}”`, true),
  ];
}

/** A step in the notation of GitHub Actions. Source: docs.aws.amazon.com/codebuild, "GitHub Actions runner in a buildspec". */
function readAction(file: SourceFile, parent: Scope, step: YamlNode, unit: string): readonly Step[] {
  if (step.kind !== "map") return [];
  const dialect: Dialect = { mask: maskGitHub, secretsIn: () => [] };
  const label = `step “${text(get(step, "name")) ?? text(get(step, "uses")) ?? text(get(step, "run")) ?? "?"}”`;
  const scope = scopeOf(file, { level: "step", label, parent, owner: step, key: "env" }, dialect);
  const run = scalar(get(step, "run"));
  const setting = { operatingSystems: ["linux"] as const, unit, scratch: "$RUNNER_TEMP" };
  const shell: Shell = { language: "bash", errexit: true, pipefail: false };
  const scripts = run === undefined ? [] : [scriptOf(file, run, dialect, { ...setting, shell })];
  const references = actionReference(file, scalar(get(step, "uses")), scope);
  const inputs = variablesOf(file, get(step, "with"), dialect);
  return [bareStep({ label, span: firstLine(file, step.span), scope, scripts, references, inputs })];
}

function actionReference(file: SourceFile, written: YamlScalar | undefined, scope: Scope): readonly Reference[] {
  if (written === undefined || written.text.trim() === "") return [];
  const { map, text: value } = written;
  const target = readActionReference(value.trim(), "github.com");
  const version = value.lastIndexOf("@") + 1;
  const repin =
    version === 0 || map.style === "literal" || map.style === "folded"
      ? undefined
      : repinOf(file.text, written.span, map.toDocument({ start: version, end: value.trimEnd().length }));
  const span = map.toDocument({ start: 0, end: value.length });
  return [{ kind: target.kind === "image" ? "image" : "action", text: value, span, target, scope, repin }];
}
