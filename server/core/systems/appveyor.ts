import type { SourceFile } from "../analyze.ts";
import { maskNone } from "../masking.ts";
import type { AmbientSecret, Job, OperatingSystem, Pipeline, Scope, Script, Shell, Step, Variable } from "../model.ts";
import { entries, entry, get, items, scalar, text, type YamlFile, type YamlNode, type YamlScalar } from "../yaml.ts";
import {
  alternatives,
  bareStep,
  type Dialect,
  firstLine,
  linesOf,
  scalarsBelow,
  scopeOf,
  scriptOf,
  sealedVariablesOf,
} from "./reading.ts";
import { type Meaning, type StrangersTexts, withPasted } from "./reading-pasted.ts";
import type { System } from "./system.ts";

/**
 * AppVeyor.
 * Source: appveyor.com/docs, "appveyor.yml reference", "Build configuration", "Branches and tags", "Getting started with AppVeyor for Linux".
 */
export const appveyor: System = {
  id: "appveyor",
  name: "AppVeyor",
  globs: ["{appveyor,.appveyor}.{yml,yaml}"],
  claims: (path, { documents: [root] }) => {
    if (/(?:^|\/)\.?appveyor\.ya?ml$/.test(path)) return 2;
    const [first] = configurationsOf(root);
    const runs = PHASES.some((phase) => phase !== "deploy" && commandsIn(get(first, phase)).length > 0);
    return runs && SIGNS.filter((key) => get(first, key) !== undefined).length >= 2 ? 1 : 0;
  },
  read: (file, yaml) => readFile(file, yaml),
};

/** Keys that no other YAML format has at its top. */
const SIGNS = [
  "before_build",
  "build_script",
  "after_build",
  "before_package",
  "before_test",
  "test_script",
  "after_test",
  "deploy_script",
  "on_finish",
  "clone_folder",
  "shallow_clone",
  "skip_tags",
  "skip_non_tags",
  "assembly_info",
  "dotnet_csproj",
  "max_jobs",
];

/** In the order in which they run; `deploy` is a list of providers. */
const PHASES = [
  "init",
  "install",
  "before_build",
  "build_script",
  "after_build",
  "before_package",
  "before_test",
  "test_script",
  "after_test",
  "before_deploy",
  "deploy",
  "deploy_script",
  "after_deploy",
  "on_success",
  "on_failure",
  "on_finish",
];

/** The file is one configuration, or a list of them with a branch each. */
function configurationsOf(root: YamlNode | undefined): readonly YamlNode[] {
  return root?.kind === "map" ? [root] : items(root);
}

const AMBIENT: readonly AmbientSecret[] = [
  { name: "every variable configured in the project's settings", kind: "settings" },
];

/** Nothing in a script is interpolated, and a value `{secure: …}` is read where it can stand. */
const DIALECT: Dialect = { mask: maskNone, secretsIn: () => [] };

function readFile(file: SourceFile, { documents: [root] }: YamlFile): Pipeline {
  const several = root?.kind === "sequence";
  const scope = environmentScope(
    file,
    { level: "pipeline", label: "the whole build", parent: undefined, ambient: AMBIENT },
    several ? undefined : root,
  );
  const jobs = configurationsOf(root).flatMap((configuration, index): readonly Job[] => {
    const name = several ? nameOf(configuration, index) : undefined;
    const around = several
      ? environmentScope(file, { level: "group", label: `the build of “${name}”`, parent: scope }, configuration)
      : scope;
    const reader: Reader = { file, root: configuration, scope: around };
    const special = items(get(configuration, "for"));
    return [
      readJob(reader, configuration, name),
      ...special.map((node, at) => readJob(reader, node, nameOf(node, at))),
    ];
  });
  return {
    system: appveyor.id,
    systemName: appveyor.name,
    path: file.path,
    text: file.text,
    // A line that several jobs run is reported for the first of them, so those with more secrets come first.
    jobs: jobs.sort((a, b) => secretsOf(b.scope) - secretsOf(a.scope)),
    references: [],
    scope,
  };
}

/** By its job, else by its branches. */
function nameOf(node: YamlNode, index: number): string {
  const jobs = items(get(node, "matrix", "only")).flatMap((each) => text(get(each, "job_name")) ?? []);
  const branches = linesOf(get(node, "branches", "only")).map((branch) => branch.text);
  return (jobs.length > 0 ? jobs : branches).join(", ") || `${index + 1}`;
}

/** The variables that `environment` gives to all jobs: its own and those of `global`, not those of `matrix`. */
function environmentScope(
  file: SourceFile,
  place: Pick<Scope, "level" | "label" | "parent"> & Partial<Pick<Scope, "ambient">>,
  owner: YamlNode | undefined,
): Scope {
  const environment = get(owner, "environment");
  const own = variablesIn(file, environment).filter(({ name, value }) => {
    return value !== undefined || (name !== "global" && name !== "matrix");
  });
  const scope = scopeOf(file, { ...place, owner, key: "environment" }, DIALECT);
  const shared = variablesIn(file, get(environment, "global"));
  const alone = entry(environment, "global") === undefined && entry(environment, "matrix") === undefined;
  return { ...scope, variables: [...own, ...shared], removal: alone ? scope.removal : undefined };
}

/** A value with a variable in it is not known before the build. */
function variablesIn(file: SourceFile, map: YamlNode | undefined): readonly Variable[] {
  return sealedVariablesOf(file, map, DIALECT).map((variable) =>
    /%\w+%|\$\(|\$env:/i.test(variable.value ?? "") ? { ...variable, value: undefined } : variable,
  );
}

interface Reader {
  readonly file: SourceFile;
  /** The configuration whose keys hold where a job has none of its own. */
  readonly root: YamlNode;
  readonly scope: Scope;
}

/** The jobs of a configuration, or those that one entry of its `for` changes. */
function readJob({ file, root, scope: around }: Reader, node: YamlNode, name: string | undefined): Job {
  const rows = [root, ...(node === root ? [] : [node])].flatMap((each) => items(get(each, "environment", "matrix")));
  const own = node === root ? undefined : node;
  const label = name === undefined ? (rows.length > 1 ? "the jobs of the matrix" : "the job") : `job “${name}”`;
  const inner = environmentScope(file, { level: "job", label, parent: around }, own);
  const scope: Scope = {
    ...inner,
    variables: [...inner.variables, ...alternatives(rows.map((row) => variablesIn(file, row)))],
  };
  const systems = systemsOf(root, node);
  const of = name === undefined ? "" : ` of job “${name}”`;
  const steps = [...PHASES, "notifications"].flatMap((phase): readonly Step[] => {
    const found = entry(node, phase) ?? entry(root, phase);
    if (found === undefined) return [];
    const at = { span: firstLine(file, found.keySpan), scope };
    if (phase === "deploy" || phase === "notifications") return readProviders(file, found.value, phase, at, of);
    const scripts = commandsIn(found.value).flatMap((command) => readCommand(file, command, systems));
    const always = phase === "on_failure" || phase === "on_finish";
    if (scripts.length === 0) return [];
    const commands = scripts.filter(({ shell }) => shell.language === "cmd");
    const pasted = withPasted(file.text, commands, strangersText, EXPANDED);
    return [bareStep({ ...at, label: `phase “${phase}”${of}`, scripts, always, ...pasted })];
  });
  const span = node === root ? steps[0]?.span : node.span;
  return { id: name ?? "job", span: firstLine(file, span ?? root.span), scope, steps, references: [] };
}

/** cmd replaces variables before it looks for commands, so that an ampersand in a value begins one. */
const EXPANDED = /%\w+(?::[^%\n]*)?%/g;

/** Source: appveyor.com/docs, "Environment variables". What a branch of one's own is called is no stranger's choice. */
const STRANGERS: StrangersTexts = {
  APPVEYOR_REPO_COMMIT_MESSAGE: "the message of the commit",
  APPVEYOR_REPO_COMMIT_MESSAGE_EXTENDED: "the message of the commit",
  APPVEYOR_REPO_COMMIT_AUTHOR: "the name of the commit's author",
  APPVEYOR_REPO_COMMIT_AUTHOR_EMAIL: "the address of the commit's author",
  APPVEYOR_PULL_REQUEST_TITLE: "the title of the pull request",
  APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH: "the name of the pull request's branch",
};

function strangersText(expression: string): Meaning | undefined {
  const name = /^%(\w+)/.exec(expression)?.[1]?.toUpperCase() ?? "";
  const what = Object.hasOwn(STRANGERS, name) ? STRANGERS[name] : undefined;
  return what === undefined ? undefined : { what };
}

/** What AppVeyor does by itself with credentials of the file. */
function readProviders(
  file: SourceFile,
  node: YamlNode | undefined,
  phase: string,
  at: Pick<Step, "span" | "scope">,
  of: string,
): readonly Step[] {
  const providers = node?.kind === "map" ? [node] : items(node);
  return providers.flatMap((provider) => {
    const name = text(get(provider, "provider"));
    if (name === undefined) return [];
    const label = `the ${phase === "deploy" ? "deployment" : "notification"} by “${name}”${of}`;
    return [bareStep({ ...at, label, inputs: sealedVariablesOf(file, provider, DIALECT) })];
  });
}

/** One entry of a phase: a line, with the key that says which shell it is for. */
interface Command {
  readonly engine: string | undefined;
  readonly written: YamlScalar;
}

function commandsIn(node: YamlNode | undefined): readonly Command[] {
  const list = node?.kind === "sequence" ? node.items : node === undefined ? [] : [node];
  return list.flatMap((item): readonly Command[] => {
    const line = scalar(item);
    if (line !== undefined) return [{ engine: undefined, written: line }];
    return entries(item).flatMap(({ key, value }) => linesOf(value).map((written) => ({ engine: key, written })));
  });
}

/**
 * All shells of a job live as long as it does, and share their environment and directory. What fails ends the job: a line for cmd or sh by
 * its exit code, PowerShell by an exception.
 */
function readCommand(
  file: SourceFile,
  { engine, written }: Command,
  systems: readonly OperatingSystem[],
): readonly Script[] {
  const windows = systems.includes("windows");
  const others = systems.filter((system) => system !== "windows");
  const setting = (shell: Shell, operatingSystems: readonly OperatingSystem[], scratch: string): readonly Script[] => {
    return [scriptOf(file, written, DIALECT, { shell, operatingSystems, scratch, unit: "job", checked: true })];
  };
  const used = engine ?? (windows ? "cmd" : "sh");
  if (used === "cmd") return setting({ language: "cmd", errexit: true, pipefail: undefined }, ["windows"], "%TEMP%");
  if (used === "sh")
    return setting(
      { language: "bash", errexit: true, pipefail: false },
      others.length > 0 ? others : ["linux"],
      "/tmp",
    );
  if (used === "ps" || used === "pwsh")
    return setting(
      { language: "powershell", errexit: true, pipefail: undefined },
      systems,
      windows ? "$env:TEMP" : "/tmp",
    );
  return [];
}

/** From the images of the jobs: those that an entry of `for` is for, else all that the configuration names. Windows without any. */
function systemsOf(root: YamlNode, node: YamlNode): readonly OperatingSystem[] {
  const rows = items(get(root, "environment", "matrix"));
  const meant = items(get(node, "matrix", "only"));
  const names = meant.flatMap((each) => text(get(each, "job_name")) ?? []);
  const chosen = rows.filter((row) => names.includes(text(get(row, "job_name")) ?? ""));
  const candidates = [
    [get(node, "image"), ...meant.flatMap(imagesOfRow), ...chosen.flatMap(imagesOfRow)],
    [get(root, "image"), get(root, "os"), ...imagesOfRow(get(root, "environment")), ...rows.flatMap(imagesOfRow)],
  ];
  const images = candidates.map((nodes) => nodes.flatMap(scalarsBelow)).find((found) => found.length > 0) ?? [];
  const systems = images.map(({ text: image }): OperatingSystem => {
    if (/^(?:ubuntu|linux|previous ubuntu)/i.test(image)) return "linux";
    return /^(?:previous )?macos/i.test(image) ? "macos" : "windows";
  });
  return systems.length === 0 ? ["windows"] : [...new Set(systems)];
}

function imagesOfRow(row: YamlNode | undefined): readonly YamlNode[] {
  return entries(row).flatMap(({ key, value }) =>
    /^(?:image|appveyor_build_worker_image)$/i.test(key) && value !== undefined ? [value] : [],
  );
}

function secretsOf({ variables }: Scope): number {
  return variables.filter(({ secrets }) => secrets.length > 0).length;
}
