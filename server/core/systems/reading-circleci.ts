import type { OperatingSystem, Scope, Shell, Step } from "../model.ts";
import { readShellLine } from "../shell/shell-line.ts";
import type { Span } from "../text.ts";
import { entries, get, items, scalar, text, type YamlEntry, type YamlNode, type YamlScalar } from "../yaml.ts";
import {
  bareScope,
  bareStep,
  type Dialect,
  firstLine,
  type Reading,
  type ScriptSetting,
  scopeOf,
  scriptOf,
  variableOf,
  variablesOf,
} from "./reading.ts";
import { type Meanings, withPasted } from "./reading-pasted.ts";

// The steps of CircleCI's jobs and commands, with what parameters put into them.

/** What a file of CircleCI defines, and how far the reading of it is. */
export interface CircleReader {
  readonly file: Reading;
  readonly dialect: Dialect;
  /** By name; those of an orb that is written in the file carry its name and a slash in front. */
  readonly commands: ReadonlyMap<string, YamlEntry>;
  /** Names of the commands and executors that something uses, and how many steps and calls there are so far. */
  readonly seen: { readonly names: Set<string>; steps: number };
}

/** What the steps of one job or command share. */
export interface Place {
  readonly scope: Scope;
  /** What the names of the definitions around it start with. */
  readonly namespace: string;
  readonly arguments: Arguments;
  /** The commands that are being expanded: one within itself would have no end. */
  readonly within: readonly string[];
  readonly shell: YamlScalar | undefined;
  /** The image that the steps run in, "" where the file does not tell. */
  readonly image: string;
  readonly operatingSystems: readonly OperatingSystem[];
  /** Where the repository lies on the machine. */
  readonly root: string;
}

/** What a parameter can stand for, each with the place whose names it uses. */
export type Arguments = ReadonlyMap<string, readonly { readonly node: YamlNode; readonly place: Place }[]>;

/** What a call hands over. */
export function argumentsOf(call: YamlNode | undefined, place: Place): Arguments {
  return new Map(entries(call).flatMap(({ key, value }) => (value ? [[key, [{ node: value, place }]] as const] : [])));
}

/** The values of declared parameters: what the calls hand over, and the default where one of them does not. */
export function bind(parameters: YamlNode | undefined, calls: readonly Arguments[], place: Place): Arguments {
  return new Map(
    entries(parameters).map(({ key, value }) => {
      const fallback = get(value, "default");
      const values = calls.flatMap((each) => each.get(key) ?? []);
      const missing = calls.length === 0 || calls.some((each) => !each.has(key));
      return [key, fallback !== undefined && missing ? [...values, { node: fallback, place }] : values];
    }),
  );
}

/** The name of the parameter that a text is, where it is nothing else. */
export function parameterIn(written: string | undefined): string | undefined {
  return /^<<\s*parameters\.([\w-]+)\s*>>$/.exec(written?.trim() ?? "")?.[1];
}

/** The name of a definition without that of the orb it belongs to, and the rest. */
export function namespaceOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** Variables of a job, an executor, a step or a container: a mapping, or a list of mappings. */
export function environmentScope(
  { file, dialect }: Pick<CircleReader, "file" | "dialect">,
  level: Scope["level"],
  label: string,
  parent: Scope | undefined,
  owner: YamlNode | undefined,
): Scope {
  const scope = scopeOf(file, { level, label, parent, owner, key: "environment" }, dialect);
  const list = items(get(owner, "environment"));
  return list.length === 0 ? scope : { ...scope, variables: list.flatMap((map) => variablesOf(file, map, dialect)) };
}

/** Commands that use commands multiply: behind so many steps, none is expanded that has been read before. */
const MAX_STEPS = 5000;

/** Steps in order, those of the file's own commands in the place of the call. */
export function readSteps(reader: CircleReader, steps: YamlNode | undefined, place: Place): readonly Step[] {
  return items(steps).flatMap((step) => {
    const [written] = entries(step);
    if (step.kind === "scalar") return readCall(reader, step.text, step.span, undefined, place);
    if (written === undefined) return [];
    const { key, keySpan, value } = written;
    if (key === "run" || key === "deploy") return readRun(reader, step, value, place);
    if (key === "when" || key === "unless") return readSteps(reader, get(value, "steps"), place);
    if (key === "steps") return readGivenSteps(reader, value, place);
    return readCall(reader, key, keySpan, value, place);
  });
}

/** `steps: << parameters.name >>`: the steps that the parameter was given. */
function readGivenSteps(reader: CircleReader, value: YamlNode | undefined, place: Place): readonly Step[] {
  const given = place.arguments.get(parameterIn(text(value)) ?? "") ?? [];
  return given.flatMap((each) => readSteps(reader, each.node, { ...each.place, within: place.within }));
}

/** A command of the file is what it consists of; one of an orb is a call, with the steps that are handed to it. */
export function readCall(
  reader: CircleReader,
  name: string,
  span: Span,
  value: YamlNode | undefined,
  place: Place,
): readonly Step[] {
  const full = `${place.namespace}${name}`;
  const command = reader.commands.get(full)?.value;
  if (command !== undefined) {
    if (place.within.includes(full)) return [];
    if (reader.seen.names.has(full) && reader.seen.steps > MAX_STEPS) return readHanded(reader, value, place);
    reader.seen.names.add(full);
    reader.seen.steps++;
    const inner: Place = { ...place, namespace: namespaceOf(full), within: [...place.within, full] };
    const bound = bind(get(command, "parameters"), [argumentsOf(value, place)], inner);
    return readSteps(reader, get(command, "steps"), { ...inner, arguments: bound });
  }
  if (!name.includes("/")) return [];
  const { file, dialect, seen } = reader;
  seen.steps++;
  const given = entries(value).filter(({ key }) => !USE_KEYS.has(key));
  const inputs = value === undefined ? [] : given.map((entry) => variableOf(file, value, entry, dialect));
  const label = `step “${name}”`;
  const scope = bareScope({ level: "step", label, parent: place.scope });
  const call = bareStep({ label, span: firstLine(file, span), scope, inputs });
  return [call, ...readHanded(reader, value, place)];
}

/** The steps in what is handed to a call. */
function readHanded(reader: CircleReader, value: YamlNode | undefined, place: Place): readonly Step[] {
  return entries(value).flatMap((entry) => (USE_KEYS.has(entry.key) ? [] : readSteps(reader, entry.value, place)));
}

/** Keys of a job in a workflow that are no parameters of the job. */
const USE_KEYS = new Set(["pre-steps", "post-steps", "context", "requires", "filters", "matrix", "type", "name"]);

function readRun(reader: CircleReader, step: YamlNode, run: YamlNode | undefined, place: Place): readonly Step[] {
  const { file, dialect, seen } = reader;
  const command = scalar(run) ?? scalar(get(run, "command"));
  if (command === undefined) return [];
  const name = text(get(run, "name")) ?? command.text.trim().split("\n", 1)[0] ?? "";
  const label = `step “${name.length > 60 ? `${name.slice(0, 59)}…` : name}”`;
  const shell = shellOf(scalar(get(run, "shell")) ?? place.shell, place);
  const setting: ScriptSetting = {
    shell,
    operatingSystems: place.operatingSystems,
    unit: `step ${seen.steps++}`,
    scratch: shell.language === "powershell" ? "$env:TEMP" : shell.language === "cmd" ? "%TEMP%" : "/tmp",
    folder: folderIn(place.root, text(get(run, "working_directory"))),
    // CircleCI documents the file as the way to hand variables on; bash alone reads it.
    handover: shell.language === "bash" ? { sourced: "$BASH_ENV" } : {},
  };
  // A line that is nothing but a parameter is code, and it stands where the parameter is given.
  const parameters = command.text.split("\n").flatMap((line) => parameterIn(line) ?? []);
  const given = parameters.flatMap((parameter) => place.arguments.get(parameter) ?? []);
  const code = [command, ...given.flatMap(({ node }) => scalar(node) ?? [])];
  const scripts = code.map((each) => scriptOf(file, each, dialect, setting));
  return [
    bareStep({
      label,
      span: firstLine(file, step.span),
      scope: environmentScope(reader, "step", label, place.scope, run),
      scripts,
      ...withPasted(file.text, scripts, strangersText(place.arguments)),
      always: /^(?:always|on_fail)$/.test(text(get(run, "when")) ?? ""),
    }),
  ];
}

/** Source: circleci.com/docs, "Pipeline values and parameters": those that authors of commits and pull requests choose. */
const STRANGERS: readonly (readonly [RegExp, string])[] = [
  [/^pipeline\.git\.branch$/, "the name of the branch"],
  [/^pipeline\.trigger_parameters\.\w+\.branch$/, "the name of the branch"],
  [/^pipeline\.trigger_parameters\.\w+\.commit_(?:title|message)$/, "the message of the commit"],
  [/^pipeline\.trigger_parameters\.\w+\.commit_author_\w+$/, "the commit's author"],
  [/^pipeline\.event\.github\.pull_request\.(?:title|body)$/, "the text of the pull request"],
  [/^pipeline\.event\.github\.pull_request\.head\.(?:ref|label)$/, "the name of the pull request's branch"],
  [/^pipeline\.event\.github\.(?:comment|review|issue)\.(?:title|body)$/, "the text of a comment"],
  [/^pipeline\.event\.github\.head_commit\.message$/, "the message of the commit"],
];

/** A pipeline value, or a parameter that is given one. */
function strangersText(given: Arguments): Meanings {
  return (expression) => {
    const parameter = parameterIn(expression);
    if (parameter === undefined) return pipelineText(expression);
    const values = (given.get(parameter) ?? []).flatMap(({ node }) => pipelineText(text(node) ?? "") ?? []);
    return values[0] && { what: values[0].what };
  };
}

const pipelineText: Meanings = (expression) => {
  const name = /^<<\s*([\w.]+)\s*>>$/.exec(expression.trim())?.[1] ?? "";
  const what = STRANGERS.find(([pattern]) => pattern.test(name))?.[1];
  return what === undefined
    ? undefined
    : { what, ...(name === "pipeline.git.branch" && { variable: "CIRCLE_BRANCH" }) };
};

/** The working directory of a step: the repository, a folder below it, or somewhere else. */
function folderIn(root: string, folder = root): string {
  return `${folder}/`.startsWith(`${root}/`) ? `.${folder.slice(root.length)}` : folder;
}

/** Source: circleci.com/docs, "Default shell options". A shell that is named runs with the options that are named with it. */
function shellOf(written: YamlScalar | undefined, { operatingSystems, image }: Place): Shell {
  if (written !== undefined && !written.text.includes("<<")) {
    const language = /^\s*\S*python/.test(written.text) ? "python" : "other";
    return readShellLine(written.text) ?? { language, errexit: undefined, pipefail: undefined };
  }
  if (operatingSystems.includes("windows")) return { language: "powershell", errexit: undefined, pipefail: undefined };
  // The images of Alpine have no bash: `sh` is started there, with the same options.
  return { language: /alpine|busybox|^docker(?::|$)/.test(image) ? "sh" : "bash", errexit: true, pipefail: true };
}
