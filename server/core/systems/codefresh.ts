import type { SourceFile } from "../analyze.ts";
import { maskGitHub } from "../masking.ts";
import type {
  AmbientSecret,
  Job,
  Pipeline,
  Reference,
  Scope,
  Script,
  SecretUse,
  Shell,
  Step,
  Target,
  Variable,
} from "../model.ts";
import { entries, get, items, scalar, text, type YamlFile, type YamlNode, type YamlScalar } from "../yaml.ts";
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
import { assignmentsOf, constant, imageReference } from "./reading-container.ts";
import { type Meanings, withPasted } from "./reading-pasted.ts";
import type { System } from "./system.ts";

/**
 * Codefresh. Source: codefresh.io/docs, "Codefresh YAML for pipeline definitions", the pages of the steps, "Hooks in pipelines", "Service
 * containers" and "Variables in pipelines".
 */
export const codefresh: System = {
  id: "codefresh",
  name: "Codefresh",
  globs: ["codefresh.{yml,yaml}", ".codefresh/**/*.{yml,yaml}"],
  claims: (path, { documents: [root] }) => {
    if (/(?:^|\/)codefresh\.ya?ml$/.test(path)) return 2;
    if (!isPipeline(root)) return 0;
    return /(?:^|\/)\.codefresh\//.test(path) ? 2 : 1;
  },
  read: (file, yaml) => readFile(file, yaml),
};

/** Types of steps that the product brings along. */
const BUILT_IN =
  /^(?:freestyle|build|push|push-tag|git-clone|composition|launch-composition|deploy|approval|pending-approval|parallel|integration-test)$/;

/** The one version that there is, and steps by their names that say what they are. */
function isPipeline(root: YamlNode | undefined): boolean {
  const steps = entries(get(root, "steps")).map(({ value }) => value);
  if (!/^1(?:\.0)?$/.test(text(get(root, "version")) ?? "") || steps.length === 0) return false;
  const own = steps.some((step) => {
    const typed = /^(?:[\w-]+\/)?[\w-]+(?::[\w.-]+)?$/.test(text(get(step, "type")) ?? "");
    const freestyle = get(step, "image") !== undefined && get(step, "commands")?.kind === "sequence";
    return (
      freestyle || (typed && (BUILT_IN.test(text(get(step, "type")) ?? "") || get(step, "arguments") !== undefined))
    );
  });
  return own && steps.every((step) => step?.kind === "map" && get(step, "uses") === undefined);
}

/** Source: "Variables in pipelines": what is configured for the pipeline, its project or the account gets into every step. */
const AMBIENT: readonly AmbientSecret[] = [
  { name: "every variable configured in the pipeline, its project or shared configurations", kind: "settings" },
];

const DIALECT: Dialect = { mask: maskGitHub, secretsIn: secretsIn };

/** `${{NAME}}` of a variable that the product does not set, and `${{secrets.STORE.KEY}}`. */
function secretsIn({ text: written, map }: YamlScalar): readonly SecretUse[] {
  return [...written.matchAll(/\$\{\{\s*([\w.-]+)\s*\}\}/g)].flatMap(
    ({ index, 0: found, 1: name = "" }): readonly SecretUse[] => {
      const span = map.toDocument({ start: index, end: index + found.length });
      if (name.startsWith("secrets.")) return [{ name: name.slice("secrets.".length), kind: "named", span }];
      const own = /^[A-Z][A-Z\d_]*$/.test(name) && !/^(?:CF_|CI$)/.test(name);
      return own ? [{ name, kind: "settings", span }] : [];
    },
  );
}

/** Source: "Variables in pipelines". In these two only quotes are escaped, and the shell still expands `$(…)`. */
const TEXTS: Readonly<Record<string, string>> = {
  CF_COMMIT_MESSAGE: "the message of the commit",
  CF_PULL_REQUEST_TITLE: "the title of the pull request",
  CF_BRANCH: "the name of the branch",
  CF_COMMIT_AUTHOR: "the name of the commit's author",
  CF_PULL_REQUEST_HEAD_BRANCH: "the name of the pull request's branch",
};

const STRANGERS: Meanings = (expression) => {
  const [, name = ""] = /^\$\{\{\s*(\w+)\s*\}\}$/.exec(expression) ?? [];
  return Object.hasOwn(TEXTS, name) ? { what: TEXTS[name] ?? "", variable: name } : undefined;
};

function readFile(file: SourceFile, { documents: [root] }: YamlFile): Pipeline {
  const scope = bareScope({ level: "pipeline", label: "the whole pipeline", parent: undefined, ambient: AMBIENT });
  const services = servicesOf(get(root, "services"), scope);
  const job: Job = {
    id: "pipeline",
    span: firstLine(file, get(root, "steps")?.span ?? { start: 0, end: 0 }),
    scope,
    steps: [
      ...stepsIn(file, scope, get(root, "steps")),
      ...entries(get(root, "hooks")).flatMap(({ key, value }) => hook(file, scope, `hook “${key}”`, value)),
    ],
    references: [],
    shares: "files",
  };
  return {
    system: codefresh.id,
    systemName: codefresh.name,
    path: file.path,
    text: file.text,
    jobs: [job],
    references: services,
    scope,
  };
}

/** Steps by name; those of type `parallel`, and old ones with `steps` alone, hold others. */
function stepsIn(file: SourceFile, parent: Scope, steps: YamlNode | undefined, depth = 0): readonly Step[] {
  if (depth > 10) return [];
  return entries(steps).flatMap(({ key, keySpan, value }) => {
    if (value?.kind !== "map") return [];
    if (get(value, "steps") !== undefined) return stepsIn(file, parent, get(value, "steps"), depth + 1);
    const label = `step “${text(get(value, "title")) ?? key}”`;
    const hooks = entries(get(value, "hooks")).flatMap((each) =>
      hook(file, parent, `hook “${each.key}” of ${label}`, each.value),
    );
    return [readStep(file, parent, value, label, keySpan, false), ...hooks];
  });
}

/** What runs around a step or the pipeline: `exec`, or steps. Those at the end run after a failure too. */
function hook(file: SourceFile, parent: Scope, label: string, node: YamlNode | undefined): readonly Step[] {
  const exec = get(node, "exec") ?? node;
  const inner = get(exec, "steps") ?? get(node, "steps");
  if (inner !== undefined) return stepsIn(file, parent, inner, 1);
  if (exec?.kind !== "map" || ["image", "commands", "type"].every((key) => get(exec, key) === undefined)) return [];
  return [readStep(file, parent, exec, label, exec.span, !/on_elected|on_success/.test(label))];
}

function readStep(
  file: SourceFile,
  parent: Scope,
  node: YamlNode,
  label: string,
  span: YamlNode["span"],
  always: boolean,
): Step {
  const scope = scopeIn(file, parent, node, label);
  const given = get(node, "arguments");
  // A typed step of the product takes the same keys as arguments.
  const typed = entries(given).length > 0 && given !== undefined;
  const body = typed && get(node, "image") === undefined ? given : node;
  const scripts = scriptsOf(file, body, `${node.span.start}`);
  const composition = get(body, "composition") ?? get(node, "composition");
  return bareStep({
    label,
    span: firstLine(file, span),
    scope,
    scripts,
    ...withPasted(file.text, scripts, STRANGERS),
    references: [
      ...typeReference(get(node, "type"), scope),
      ...imageReference(get(body, "image"), scope),
      ...servicesOf(get(composition, "services") ?? composition, scope),
      ...servicesOf(get(node, "services"), scope),
    ],
    inputs: variablesOf(file, given, DIALECT),
    secrets: ["commands", "cmd", "entry_point"].flatMap((key) => secretsBelow(get(body, key), DIALECT)),
    tolerated: text(get(node, "fail_fast")) === "false",
    always,
  });
}

/** `environment` is a list of `NAME=value`, or a mapping. */
function scopeIn(file: SourceFile, parent: Scope, node: YamlNode, label: string): Scope {
  const own = scopeOf(file, { level: "step", label, parent, owner: node, key: "environment" }, DIALECT);
  const listed = [get(node, "environment"), get(node, "arguments", "environment")].flatMap((list) =>
    assignmentsOf(list).map(
      (each): Variable => ({
        ...each,
        secrets: secretsBelow(itemAt(list, each.span.start), DIALECT),
      }),
    ),
  );
  const keyed = own.variables.map((each) => ({ ...each, value: constant(each.value) }));
  return { ...own, variables: [...keyed, ...listed] };
}

/** The item around an offset: with quotes it starts before its text. */
function itemAt(list: YamlNode | undefined, offset: number): YamlNode | undefined {
  return items(list).find(({ span }) => span.start <= offset && offset <= span.end);
}

/** The commands are one script with `set -e`. Without commands the entry point gets its arguments. */
function scriptsOf(file: SourceFile, node: YamlNode, unit: string): readonly Script[] {
  const language = /bash/.test(text(get(node, "shell")) ?? "") ? "bash" : "sh";
  const shell: Shell = { language, errexit: true, pipefail: false };
  const directory = text(get(node, "working_directory")) ?? ".";
  const setting: ScriptSetting = {
    shell,
    operatingSystems: ["linux"],
    unit,
    scratch: "/tmp",
    folder: directory.includes("$") ? "." : directory,
  };
  const commands = linesOf(get(node, "commands"));
  if (commands.length > 0) return commands.map((command) => scriptOf(file, command, DIALECT, setting));
  const words = [...linesOf(get(node, "entry_point")), ...linesOf(get(node, "cmd"))].map((each) => ({ scalar: each }));
  return [commandOf(file, words, DIALECT, setting, DOUBLED_DOLLAR) ?? []].flat();
}

/** Services by name, directly or below `composition`. */
function servicesOf(node: YamlNode | undefined, scope: Scope): readonly Reference[] {
  const composition = get(node, "composition");
  const all = composition === undefined ? node : (get(composition, "services") ?? composition);
  return entries(all).flatMap(({ value }) => imageReference(get(value, "image"), scope));
}

/**
 * `owner/name:version`. Without a version it is the newest one; whether an owner can replace what a version stands for, the documentation
 * does not say.
 */
function typeReference(node: YamlNode | undefined, scope: Scope): readonly Reference[] {
  const written = scalar(node);
  if (written === undefined || written.text === "" || BUILT_IN.test(written.text)) return [];
  const known = /^(?:[\w.-]+\/)?[\w.-]+$/.test(written.text);
  const target: Target = { kind: "other", pin: known ? "mutable" : "unknown" };
  const span = written.map.toDocument({ start: 0, end: written.text.length });
  return [{ kind: "plugin", text: written.text, span, target, scope, repin: undefined }];
}
