import { maskNone } from "../masking.ts";
import type {
  OperatingSystem,
  Reference,
  Scope,
  Script,
  SecretUse,
  Shell,
  ShellLanguage,
  Step,
  Variable,
} from "../model.ts";
import { readImage } from "../reference.ts";
import { readShellLine, shellLanguage } from "../shell/shell-line.ts";
import type { Span } from "../text.ts";
import { entries, get, items, scalar, text, type YamlNode } from "../yaml.ts";
import {
  bareStep,
  type Dialect,
  firstLine,
  linesOf,
  type Reading,
  type ScriptSetting,
  scalarsBelow,
  scopeOf,
  variablesOf,
} from "./reading.ts";
import { commandOf, DOUBLED_DOLLAR, escapedScriptOf } from "./reading-command.ts";
import { BRACED, meaningsOf, withPasted } from "./reading-pasted.ts";

// Steps that are containers with commands or settings: the notation of Drone, which Woodpecker took over.

/** The reference to a container image that a scalar names; none for everything else. */
export function imageReference(node: YamlNode | undefined, scope: Scope): readonly Reference[] {
  const written = scalar(node);
  if (written === undefined || written.text.trim() === "") return [];
  const span = written.map.toDocument({ start: 0, end: written.text.length });
  return [{ kind: "image", text: written.text, span, target: readImage(written.text.trim()), scope, repin: undefined }];
}

/** The items `NAME=value` of a list as variables. A value that has to be put together first is unknown. */
export function assignmentsOf(node: YamlNode | undefined): readonly Variable[] {
  return items(node).flatMap((item): readonly Variable[] => {
    const written = scalar(item);
    const at = written?.text.indexOf("=") ?? -1;
    if (written === undefined || at < 1) return [];
    return [
      {
        name: written.text.slice(0, at),
        span: written.map.toDocument({ start: 0, end: written.text.length }),
        nameSpan: written.map.toDocument({ start: 0, end: at }),
        value: constant(written.text.slice(at + 1)),
        secrets: [],
        removal: undefined,
      },
    ];
  });
}

/** The text of a variable that holds no other variable. */
export function constant(value: string | undefined): string | undefined {
  return value?.includes("$") ? undefined : value;
}

/** Names of the variables that the texts below a node are put together from: `$NAME` and `${NAME…`. */
export function namesIn(node: YamlNode | undefined): readonly string[] {
  const names = scalarsBelow(node).flatMap((each) =>
    [...each.text.matchAll(/\$\{?([A-Za-z_]\w*)/g)].flatMap(([, name]) => name ?? []),
  );
  return [...new Set(names)];
}

/** What the containers of one pipeline share. */
export interface ContainerHost {
  readonly file: Reading;
  readonly scope: Scope;
  readonly operatingSystems: readonly OperatingSystem[];
  /** True where the pipeline runs on the machine itself and `image` is at most a shell; `undefined` where the file does not tell. */
  readonly bare: boolean | undefined;
}

/** A container as it is declared. */
export interface Container {
  readonly name: string | undefined;
  readonly span: Span;
  readonly node: YamlNode;
}

/**
 * The containers of a list, or of a mapping by their names, which both products once had; whatever else stands there is left out.
 * Source: docs.drone.io, "Steps"; woodpecker-ci.org, "Workflow syntax".
 */
export function containersIn(node: YamlNode | undefined): readonly Container[] {
  const listed = items(node).map((item) => ({ name: text(get(item, "name")), span: item.span, node: item }));
  const keyed = entries(node).flatMap(({ key, keySpan, value }) =>
    value === undefined ? [] : [{ name: key, span: keySpan, node: value }],
  );
  return [...listed, ...keyed].filter((container) => container.node.kind === "map");
}

const DIALECT: Dialect = { mask: maskNone, secretsIn: () => [] };

/** A container as a step of the job. */
export function readContainer(
  host: ContainerHost,
  kind: "step" | "service" | "clone step",
  { name, span, node }: Container,
): Step {
  const { file } = host;
  const label = `${kind} “${name ?? text(get(node, "image")) ?? "?"}”`;
  const level = kind === "service" ? "service" : "step";
  const own = scopeOf(file, { level, label, parent: host.scope, owner: node, key: "environment" }, DIALECT);
  const environment = get(node, "environment");
  const scope = {
    ...own,
    variables: [
      ...withSecrets(own.variables, environment).map((each) => ({ ...each, value: constant(each.value) })),
      ...assignmentsOf(environment),
      ...listedSecrets(get(node, "secrets")),
    ],
  };
  const settings = get(node, "settings");
  const scripts = readScripts(host, node);
  return bareStep({
    label,
    span: firstLine(file, span),
    scope,
    scripts,
    ...withPasted(file.text, scripts, STRANGERS, BRACED),
    references: isShell(host, text(get(node, "image")))
      ? []
      : imageReference(get(node, "image"), scope).map((each) => (isPlugin(node) ? { ...each, kind: "plugin" } : each)),
    inputs: withSecrets(variablesOf(file, settings, DIALECT), settings),
    reads: [...namesIn(environment), ...namesIn(settings)],
    tolerated: text(get(node, "failure")) === "ignore",
    always: runsAfterFailure(get(node, "when")),
  });
}

/** A container that is told what to do by settings runs its own code. Source: docs.drone.io, "Plugins"; woodpecker-ci.org, "Plugins". */
function isPlugin(node: YamlNode): boolean {
  return get(node, "settings") !== undefined && get(node, "commands") === undefined;
}

/**
 * What authors of pull requests write. Both products replace `${NAME}` in the file's text, quotes around it or not.
 * Source: docs.drone.io, "Variable substitution"; woodpecker-ci.org, "Environment variables", "String substitution".
 */
const STRANGERS = meaningsOf(
  {
    DRONE_COMMIT_MESSAGE: "the message of the commit",
    DRONE_COMMIT_AUTHOR_NAME: "the name of the commit's author",
    DRONE_COMMIT_AUTHOR_EMAIL: "the address of the commit's author",
    DRONE_PULL_REQUEST_TITLE: "the title of the pull request",
    DRONE_SOURCE_BRANCH: "the name of the pull request's branch",
    CI_COMMIT_MESSAGE: "the message of the commit",
    CI_COMMIT_AUTHOR: "the name of the commit's author",
    CI_COMMIT_AUTHOR_EMAIL: "the address of the commit's author",
    CI_COMMIT_SOURCE_BRANCH: "the name of the pull request's branch",
    CI_PREV_COMMIT_MESSAGE: "the message of the commit before",
  },
  true,
);

/** `from_secret: name`, at any depth below a variable. */
function withSecrets(variables: readonly Variable[], map: YamlNode | undefined): readonly Variable[] {
  const values = new Map(entries(map).map(({ key, value }) => [key, value]));
  return variables.map((variable) => ({ ...variable, secrets: secretsFrom(values.get(variable.name)) }));
}

function secretsFrom(node: YamlNode | undefined): readonly SecretUse[] {
  if (node?.kind === "sequence") return node.items.flatMap(secretsFrom);
  return entries(node).flatMap(({ key, value }) => {
    const name = key === "from_secret" ? scalar(value) : undefined;
    if (name === undefined) return secretsFrom(value);
    // Variables are put into the whole file before it is read, so into names of secrets as well.
    const computed = /(?<!\$)\$\{/.test(name.text) && { extent: "computed" as const };
    return [{ name: name.text, span: name.span, kind: "named" as const, ...computed }];
  });
}

/**
 * `secrets: [name, {source: name, target: variable}]` of Drone 0.8 and Woodpecker 2: the variable is the name in capitals.
 * Source: woodpecker-ci.org, documentation of version 2, "Secrets".
 */
function listedSecrets(node: YamlNode | undefined): readonly Variable[] {
  return items(node).flatMap((item): readonly Variable[] => {
    const written = scalar(item) ?? scalar(get(item, "source"));
    if (written === undefined) return [];
    const span = written.map.toDocument({ start: 0, end: written.text.length });
    const name = (text(get(item, "target")) ?? written.text).toUpperCase();
    const secrets = [{ name: written.text, span, kind: "named" as const }];
    return [{ name, span, nameSpan: span, value: undefined, secrets, removal: undefined }];
  });
}

/** All commands of a container are one process; without commands its entry point and the arguments of that are. */
function readScripts(host: ContainerHost, node: YamlNode): readonly Script[] {
  const { file } = host;
  const setting = {
    operatingSystems: host.operatingSystems,
    unit: `${node.span.start}`,
    folder: text(get(node, "directory")) ?? ".",
  };
  const shell = shellOf(host, node);
  const all: ScriptSetting = { ...setting, shell, scratch: shell.language === "powershell" ? "$env:TEMP" : "/tmp" };
  const commands = linesOf(get(node, "commands"));
  if (commands.length > 0)
    return commands.map((command) => escapedScriptOf(file, command, DIALECT, all, DOUBLED_DOLLAR));
  const words = [...linesOf(get(node, "entrypoint")), ...linesOf(get(node, "command"))].map((each) => ({
    scalar: each,
  }));
  return [commandOf(file, words, DIALECT, all, DOUBLED_DOLLAR) ?? []].flat();
}

/**
 * `/bin/sh -e`, PowerShell on Windows, and in Woodpecker what an entry point that runs `$CI_SCRIPT` says. On the machine itself the image
 * is the shell. Source: woodpecker-ci.org, "Workflow syntax", `entrypoint` and "Local backend".
 */
function shellOf(host: ContainerHost, node: YamlNode): Shell {
  const { operatingSystems } = host;
  const image = text(get(node, "image"));
  const entry = linesOf(get(node, "entrypoint"))
    .map((each) => each.text)
    .join(" ");
  const custom = entry === "" ? undefined : readShellLine(entry.replace(/^[\s\S]*\|/, ""));
  if (custom !== undefined) return custom;
  const local: ShellLanguage | undefined = isShell(host, image)
    ? shellLanguage((image ?? "").replace(/^.*[/\\]/, ""))
    : undefined;
  const windows = operatingSystems.length > 0 && operatingSystems.every((system) => system === "windows");
  const language = local ?? (windows ? "powershell" : "sh");
  return { language, errexit: true, pipefail: language === "powershell" ? undefined : false };
}

/** Where the file does not tell, an image without tag that is named as a shell most likely is one. */
function isShell({ bare }: ContainerHost, image: string | undefined): boolean {
  return bare ?? /^(?:bash|sh|dash|zsh|fish|nu|pwsh|powershell|cmd)(?:\.exe)?$/.test(image ?? "");
}

/** `when` is one condition or a list of them. */
function runsAfterFailure(when: YamlNode | undefined): boolean {
  const conditions = when?.kind === "sequence" ? when.items : [when];
  return conditions.some((condition) => scalarsBelow(get(condition, "status")).some((each) => each.text === "failure"));
}
