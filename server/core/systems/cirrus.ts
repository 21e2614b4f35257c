import type { SourceFile } from "../analyze.ts";
import { maskNone } from "../masking.ts";
import type { Job, OperatingSystem, Pipeline, Reference, Scope, Script, Shell, Step } from "../model.ts";
import { shellLanguage } from "../shell/shell-line.ts";
import { entries, get, items, scalar, text, type YamlEntry, type YamlFile, type YamlNode } from "../yaml.ts";
import {
  alternatives,
  bareStep,
  type Dialect,
  firstLine,
  linesOf,
  type ScopeSource,
  type ScriptSetting,
  scopeOf,
  scriptOf,
  variablesOf,
} from "./reading.ts";
import { constant, imageReference, namesIn } from "./reading-container.ts";
import type { System } from "./system.ts";

/**
 * Cirrus CI. Its service ended in June 2026; the files are still there, and its command line still runs them.
 * Source: cirrus-ci.org, "Writing Tasks", "Supported Computing Services" and "Docker Pipe".
 */
export const cirrus: System = {
  id: "cirrus",
  name: "Cirrus CI",
  globs: [".cirrus.{yml,yaml}"],
  claims: (path, { documents: [root] }) => (/(?:^|\/)\.cirrus\.ya?ml$/.test(path) ? 2 : isPipeline(root) ? 1 : 0),
  read: (file, yaml) => readFile(file, yaml),
};

const TASK = /^(?:\w+_)?(?:task|pipe|docker_builder)$/;
const MACHINE = /^(?:\w+_)?(?:container|instance)$/;
const SCRIPT = /^(?:\w+_)?script$/;

/** A task with a script, and a machine for it in the task or for all of them. */
function isPipeline(root: YamlNode | undefined): boolean {
  const machine = (node: YamlNode | undefined): boolean =>
    entries(node).some(({ key, value }) => MACHINE.test(key) && value?.kind === "map");
  const scripted = (node: YamlNode): boolean => entries(node).some(({ key }) => SCRIPT.test(key));
  return tasksIn(root).some(({ value }) => scripted(value) && (machine(value) || machine(root)));
}

interface Task extends YamlEntry {
  readonly value: YamlNode;
}

/** Tasks may all have the same key: here the last one does not win. */
function tasksIn(root: YamlNode | undefined): readonly Task[] {
  if (root?.kind !== "map") return [];
  return root.entries.flatMap((entry) => {
    const { key, value } = entry;
    return TASK.test(key) && value?.kind === "map" ? [{ ...entry, value }] : [];
  });
}

/** `ENCRYPTED[…]` in the place of a value: only runs of people with write access get the text. */
const DIALECT: Dialect = {
  mask: maskNone,
  secretsIn: (written) =>
    /^ENCRYPTED\[/.test(written.text.trim()) ? [{ name: "", kind: "named", span: written.span }] : [],
};

function readFile(file: SourceFile, { documents: [root] }: YamlFile): Pipeline {
  const source = { level: "pipeline", label: "the whole file", parent: undefined, owner: root, key: "env" } as const;
  const scope = scopeIn(file, source);
  return {
    system: cirrus.id,
    systemName: cirrus.name,
    path: file.path,
    text: file.text,
    jobs: tasksIn(root).map((task) => readTask({ file, root }, scope, task)),
    references: machinesIn(root).flatMap((machine) => imagesOf(machine, scope)),
    scope,
  };
}

/** The scope of a task: its variables, and those of its alternatives. An encrypted value has no name but that of its variable. */
function scopeIn(file: SourceFile, source: ScopeSource): Scope {
  const scope = scopeOf(file, source, DIALECT);
  const { owner } = source;
  const maps = [...items(get(owner, "env", "matrix")), ...items(get(owner, "matrix")).map((row) => get(row, "env"))];
  const rows = maps.map((map) => variablesOf(file, map, DIALECT).map((each) => ({ ...each, removal: undefined })));
  const own = scope.variables.filter(({ name }) => name !== "matrix");
  const variables = [...own, ...alternatives(rows)].map((each) => ({
    ...each,
    value: each.secrets.length > 0 ? undefined : constant(each.value),
    secrets: each.secrets.map((secret) => ({ ...secret, name: each.name })),
  }));
  return { ...scope, variables };
}

interface Host {
  readonly file: SourceFile;
  readonly root: YamlNode | undefined;
}

/** A task with its alternatives: each is a task of its own to the product, written once. */
function readTask({ file, root }: Host, parent: Scope, { key, keySpan, value: task }: Task): Job {
  const id = text(get(task, "name")) ?? text(get(task, "alias")) ?? (key.replace(/_?(?:task|pipe)$/, "") || key);
  const label = `task “${id}”`;
  const scope = scopeIn(file, { level: "job", label, parent, owner: task, key: "env" });
  const own = machinesIn(task);
  const machines = own.length > 0 ? own : machinesIn(root);
  const setting = settingOf(key, machines, shellName(task) ?? shellName(root));
  const rows = items(get(task, "matrix"));
  const ofRows = rows.flatMap((row) => {
    const other = machinesIn(row).length > 0 || shellName(row) !== undefined;
    const named = shellName(row) ?? shellName(task) ?? shellName(root);
    const all = machinesIn(row).length > 0 ? machinesIn(row) : machines;
    return readInstructions(file, scope, row, other ? settingOf(key, all, named) : setting);
  });
  // Each step of a pipe is a container of its own that gets the files of the one before.
  const pipe = items(get(task, "steps")).map((step) => ({ step, scope: pipeScope(file, scope, step) }));
  return {
    id,
    span: firstLine(file, keySpan),
    scope,
    steps: [
      ...readInstructions(file, scope, task, setting),
      ...ofRows,
      ...pipe.flatMap((each) => readInstructions(file, each.scope, each.step, settingOf("pipe", [], shellName(task)))),
    ],
    references: [
      ...own.flatMap((machine) => imagesOf(machine, scope)),
      ...rows.flatMap((row) => machinesIn(row).flatMap((machine) => imagesOf(machine, scope))),
      ...pipe.flatMap((each) => imageReference(get(each.step, "image"), each.scope)),
    ],
    ...(pipe.length > 0 && { shares: "files" as const }),
  };
}

function pipeScope(file: SourceFile, parent: Scope, step: YamlNode): Scope {
  const label = `container “${text(get(step, "image")) ?? "?"}”`;
  return scopeIn(file, { level: "group", label, parent, owner: step, key: "env" });
}

/** Instructions that run whatever happened before. */
const ALWAYS = ["always", "on_failure"];

/** Every key that ends in `script`, in order: each is a process of its own, with the files that the ones before left. */
function readInstructions(
  file: SourceFile,
  parent: Scope,
  owner: YamlNode,
  setting: Setting,
  always = false,
): readonly Step[] {
  if (owner.kind !== "map") return [];
  // Two instructions of one name are two instructions.
  const written = [
    ...owner.entries.filter(({ key }) => key !== "<<"),
    ...entries(owner).filter(({ merged }) => merged),
  ];
  return written.flatMap(({ key, span, value }): readonly Step[] => {
    if (value === undefined) return [];
    if (SCRIPT.test(key)) return [instruction(file, parent, key, span.start, value, setting, always)];
    if (/^(?:\w+_)?cache$/.test(key) || key === "on_success")
      return readInstructions(file, parent, value, setting, always);
    return ALWAYS.includes(key) ? readInstructions(file, parent, value, setting, true) : [];
  });
}

function instruction(
  file: SourceFile,
  parent: Scope,
  key: string,
  start: number,
  value: YamlNode,
  setting: Setting,
  always: boolean,
): Step {
  const label = `step “${key}”`;
  const lines = linesOf(value);
  const scripts = lines.map((line): Script => scriptOf(file, line, DIALECT, { ...setting, unit: `${start}` }));
  // An instruction has no environment of its own.
  const scope = parent;
  // What stays in the background does not fail the task.
  const tolerated = key.endsWith("background_script");
  const span = firstLine(file, { start, end: value.span.end });
  return bareStep({ label, span, scope, scripts, reads: namesIn(value), tolerated, always });
}

/** What a task runs on: the mapping, and the key that says what it is. */
interface Machine {
  readonly key: string;
  readonly node: YamlNode;
}

/** The machines of a task or of the whole file, alternatives included, and the container of a worker of one's own. */
function machinesIn(owner: YamlNode | undefined): readonly Machine[] {
  const named = entries(owner).flatMap(({ key, value }) =>
    MACHINE.test(key) && value?.kind === "map" ? [{ key, node: value }] : [],
  );
  const isolated = entries(get(owner, "persistent_worker", "isolation")).flatMap(({ key, value }) =>
    value?.kind === "map" ? [{ key, node: value }] : [],
  );
  return [...named, ...isolated].flatMap((machine) => [
    machine,
    ...items(get(machine.node, "matrix")).map((node) => ({ key: machine.key, node })),
  ]);
}

/**
 * Images of containers. What an instance names is an image of a cloud, but for those of macOS, which lie in registries of containers
 * where they have a path.
 */
function imagesOf({ key, node }: Machine, scope: Scope): readonly Reference[] {
  const named = [get(node, "image") ?? []].flat().flatMap((image) => [image, ...items(get(image, "matrix"))]);
  const container = /container$/.test(key);
  const images = named.filter((image) => container || (isMac(key) && /\//.test(text(image) ?? "")));
  const services = items(get(node, "additional_containers")).flatMap((each) => get(each, "image") ?? []);
  return [...images, ...services].flatMap((image) => imageReference(image, scope));
}

function isMac(key: string): boolean {
  return /^(?:macos_instance|osx_instance|tart|vetu|parallels)$/.test(key);
}

type Setting = Omit<ScriptSetting, "unit">;

/** `direct` runs the lines without a shell, so nothing in them is read as one. */
function settingOf(key: string, machines: readonly Machine[], named: string | undefined): Setting {
  const systems = new Set(machines.flatMap((machine) => systemOf(machine)));
  const operatingSystems: readonly OperatingSystem[] =
    machines.length === 0 && /(?:pipe|docker_builder)$/.test(key) ? ["linux"] : [...systems];
  const windows = operatingSystems.length > 0 && operatingSystems.every((system) => system === "windows");
  const own = named === undefined ? undefined : shellLanguage(named.replace(/^.*[/\\]/, "").replace(/\.exe$/i, ""));
  const language = named === undefined ? (windows ? "cmd" : "sh") : (own ?? "unknown");
  // The script has `set -e`, and `pipefail` where the machine has a bash, which the file does not tell.
  const posix = /^(?:sh|bash|zsh|ksh)$/.test(language);
  const shell: Shell = { language, errexit: posix ? true : undefined, pipefail: undefined };
  const scratch = language === "powershell" ? "$env:TEMP" : language === "cmd" ? "%TEMP%" : "/tmp";
  return { shell, operatingSystems, scratch };
}

function systemOf({ key, node }: Machine): readonly OperatingSystem[] {
  const platform = text(get(node, "platform")) ?? "";
  if (/windows/.test(key) || /windows/i.test(platform)) return ["windows"];
  if (isMac(key) || /darwin|macos/i.test(platform)) return ["macos"];
  return /container$/.test(key) || /linux/i.test(platform) ? ["linux"] : [];
}

function shellName(owner: YamlNode | undefined): string | undefined {
  return scalar(get(owner, "env", "CIRRUS_SHELL"))?.text;
}
