import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import { lineEnd, lineStart } from "../lines.ts";
import { maskBraces, maskNone } from "../masking.ts";
import type {
  Job,
  OperatingSystem,
  Pipeline,
  Reference,
  Scope,
  Script,
  SecretUse,
  Shell,
  Slot,
  Target,
  Variable,
} from "../model.ts";
import { isCommitId, repinOf } from "../reference.ts";
import type { Span } from "../text.ts";
import {
  entries,
  entry,
  get,
  items,
  scalar,
  text,
  type YamlEntry,
  type YamlFile,
  type YamlMap,
  type YamlNode,
  type YamlScalar,
} from "../yaml.ts";
import { childInsertion, insertion, removal } from "../yaml-edit.ts";
import { itemInsertion, itemRemoval } from "../yaml-list-edit.ts";
import { bareStep, type Dialect, firstLine, linesOf, scalarsBelow, scopeOf } from "./reading.ts";
import { commandOf, type Escapes, escapedScriptOf } from "./reading-command.ts";
import { constant, imageReference, namesIn } from "./reading-container.ts";
import { BRACED_OR_BARE, meaningsOf, withPasted } from "./reading-pasted.ts";
import { type Call, type NamedFile, pullNamed } from "./reading-pulled.ts";
import type { System } from "./system.ts";

const PIPELINE = /(?:^|\/)(?:\.?buildkite\/pipeline[^/]*|buildkite)\.(?:ya?ml|json)$/;
const FOLDER = /(?:^|\/)\.buildkite\/.+\.(?:ya?ml|json)$/;

/** Buildkite. Source: buildkite.com/docs/pipelines, "Defining steps", "Command step", "Using plugins", "Environment variables". */
export const buildkite: System = {
  id: "buildkite",
  name: "Buildkite",
  globs: [".buildkite/**/*.{yml,yaml,json}", "buildkite/pipeline*.{yml,yaml,json}", "buildkite.{yml,yaml,json}"],
  claims: (path, { documents: [root] }) => {
    if (PIPELINE.test(path)) return 2;
    if (FOLDER.test(path)) return root?.kind === "sequence" || get(root, "steps") !== undefined ? 2 : 0;
    return isPipeline(root) ? 1 : 0;
  },
  read: (file, yaml, context, call) => readFile(file, yaml, context, call),
};

const FOREIGN = [
  "jobs",
  "stages",
  "pool",
  "version",
  "kind",
  "apiVersion",
  "image",
  "runs",
  "pipelines",
  "trigger",
  "pr",
];
const STEP_KEYS = ["label", "agents", "artifact_paths", "concurrency_group", "soft_fail", "depends_on", "key", "group"];

/** Steps with something of its own to run, next to keys that say how. A bare list could be tasks of Ansible. */
function isPipeline(root: YamlNode | undefined): boolean {
  const steps = items(get(root, "steps"));
  const has = (keys: readonly string[]): number =>
    keys.filter((key) => steps.some((step) => get(step, key) !== undefined)).length;
  const foreign = FOREIGN.some((key) => get(root, key) !== undefined) || has(["name", "uses", "script", "image"]) > 0;
  const code = ["command", "commands"].filter((key) => steps.some((step) => linesOf(get(step, key)).length > 0)).length;
  const own = [isPlugged, isTrigger, isQuestion].filter((test) => steps.some(test)).length;
  return !foreign && code + own > 0 && code + own + has(STEP_KEYS) > 1;
}

function isPlugged(step: YamlNode): boolean {
  return pluginsOf(get(step, "plugins")).length > 0;
}

/** A form has items with a trigger too. */
function isTrigger(step: YamlNode): boolean {
  return text(get(step, "trigger")) !== undefined && ["build", "async"].some((key) => get(step, key) !== undefined);
}

/** A form has items with an `input` too, but none that have fields of their own. */
function isQuestion(step: YamlNode): boolean {
  const asks = get(step, "block") !== undefined || get(step, "input") !== undefined;
  return asks && items(get(step, "fields")).some((field) => get(field, "key") !== undefined);
}

/** `$$` and `\$` keep a dollar from the substitution at the upload; a doubled backslash stays as it is. */
const ESCAPES: Escapes = /\\\\|([$\\])\$/g;

/** What steps share. */
interface Host {
  readonly file: SourceFile;
  readonly scope: Scope;
  readonly dialect: Dialect;
  readonly agents: YamlNode | undefined;
}

function readFile(
  file: SourceFile,
  { documents: [root] }: YamlFile,
  context: Context,
  call: Call | undefined,
): Pipeline {
  const defined = new Set(entries(get(root, "env")).map(({ key }) => key));
  const dialect: Dialect = { mask: maskNone, secretsIn: (written) => agentVariable(written, defined) };
  // The job's own token, for artifacts, meta-data and uploads of further steps.
  const ambient = [{ name: "BUILDKITE_AGENT_ACCESS_TOKEN", kind: "token" }] as const;
  const own = scopeOf(
    file,
    { level: "pipeline", label: "the whole pipeline", parent: undefined, owner: root, key: "env", ambient },
    dialect,
  );
  const scope = withSecrets(file, own, root);
  const steps = root?.kind === "sequence" ? root : get(root, "steps");
  const jobs = readSteps({ file, scope, dialect, agents: get(root, "agents") }, steps);
  return {
    system: buildkite.id,
    systemName: buildkite.name,
    path: file.path,
    text: file.text,
    jobs,
    references: imageReference(get(root, "image"), scope),
    scope,
    pulled: pullNamed(readFile, file, jobs.flatMap(uploadsOf), context, call),
  };
}

/** The pipelines that a step adds. They get nothing of the step. Source: buildkite.com/docs/agent, `buildkite-agent pipeline upload`. */
function uploadsOf({ steps }: Job): readonly NamedFile[] {
  return steps.flatMap(({ label, scripts }) =>
    scripts.flatMap((script) =>
      [...script.text.matchAll(UPLOAD)].map(({ 0: command, 1: path = "", index: start }) => {
        const span = script.toDocument({ start, end: start + command.length });
        return { path, span, message: `Uploaded by ${label}` };
      }),
    ),
  );
}

const UPLOAD =
  /\bbuildkite-agent[ \t]+pipeline[ \t]+upload(?:[ \t]+--?[\w-]+(?:=\S+)?){0,9}[ \t]+["']?([\w./-]+\.(?:ya?ml|json))\b/g;

/** A value that is nothing but a variable of the agent, put in at the upload. */
function agentVariable(written: YamlScalar, defined: ReadonlySet<string>): readonly SecretUse[] {
  const [, braced, plain] = /^\$(?:\{(\w+)\}|(\w+))$/.exec(written.text.trim()) ?? [];
  const name = braced ?? plain;
  if (name === undefined || defined.has(name) || /^(?:BUILDKITE|CI)(?:_|$)/.test(name)) return [];
  return [{ name, kind: "settings", span: written.span }];
}

/** What whoever pushes or opens a pull request writes. The upload of the pipeline puts it in. */
const STRANGERS = meaningsOf(
  {
    BUILDKITE_MESSAGE: "the message of the build",
    BUILDKITE_BRANCH: "the name of the branch",
    BUILDKITE_BUILD_AUTHOR: "the name of the commit's author",
    BUILDKITE_BUILD_AUTHOR_EMAIL: "the address of the commit's author",
  },
  true,
);

/** `secrets`: names, or variables with names. They are no part of `env`: they move to the `secrets` of another place. */
function withSecrets(file: SourceFile, scope: Scope, owner: YamlNode | undefined): Scope {
  const node = get(owner, "secrets");
  const holder = entry(owner, "secrets");
  const map = owner?.kind === "map" ? owner : undefined;
  const listed = items(node).flatMap((item) => {
    const written = scalar(item);
    if (written === undefined) return [];
    const removed = map && holder && itemRemoval(file.text, map, holder, item);
    return [{ name: written.text, span: written.span, nameSpan: written.span, written, removed }];
  });
  const keyed = entries(node).flatMap(({ key, keySpan, span, value }, index, all) => {
    const written = scalar(value);
    if (written === undefined) return [];
    const isOwn = node?.kind === "map" && node.alias === undefined && !node.anchored && all[index]?.merged === false;
    const alone = all.length === 1 && map && holder ? removal(file.text, map, holder) : undefined;
    const own = all[index] && isOwn ? (alone ?? removal(file.text, node, all[index])) : undefined;
    return [{ name: key, span, nameSpan: keySpan, written, removed: own }];
  });
  const secrets = [...listed, ...keyed].map(({ written, removed, ...place }): Variable => {
    // What the upload puts in is known to it alone.
    const computed = /(?<![\\$])\$[\w{]/.test(written.text) && { extent: "computed" as const };
    const use = { name: written.text, kind: "named", span: written.span, ...computed } as const;
    const pair = /^\w+$/.test(written.text) ? { "secrets as a mapping": `${place.name}: ${written.text}` } : undefined;
    const texts =
      place.name === written.text && node?.kind === "sequence"
        ? { "secrets as a list": place.name, ...pair }
        : { ...pair, ...(place.name === written.text && { "secrets as a list": place.name }) };
    const portable = { removal: removed, texts };
    return { ...place, value: undefined, secrets: [use], removal: undefined, portable };
  });
  const plain = scope.variables.map((each) => ({ ...each, value: constant(each.value) }));
  return {
    ...scope,
    variables: [...plain, ...secrets],
    removal: secrets.length === 0 ? scope.removal : undefined,
    shelves: shelvesOf(file, map),
  };
}

/** Where a step can be handed a secret: what it has already is written in one of two notations. */
function shelvesOf({ path, text: document }: SourceFile, owner: YamlMap | undefined): Readonly<Record<string, Slot>> {
  // Names would have to be quoted in JSON, which nobody writes by hand.
  if (owner === undefined || path.endsWith(".json")) return {};
  const held = get(owner, "secrets");
  const list = held?.kind === "map" ? undefined : itemInsertion(document, owner, "secrets");
  const own = held?.kind === "map" && held.alias === undefined && !held.anchored ? held : undefined;
  const map = held === undefined ? childInsertion(document, owner, "secrets") : own && insertion(document, own);
  return { ...(list && { "secrets as a list": list }), ...(map && { "secrets as a mapping": map }) };
}

/** Each step is a job on an agent of its own; those of a group stand where the group stands. */
function readSteps(host: Host, steps: YamlNode | undefined): readonly Job[] {
  return items(steps).flatMap((item) => {
    const inner = get(item, "steps");
    if (inner === undefined) return readStep(host, nested(item));
    const label = `group “${text(get(item, "group")) ?? text(get(item, "label")) ?? "?"}”`;
    const source = { level: "group", label, parent: host.scope, owner: item, key: "env" } as const;
    return readSteps({ ...host, scope: scopeOf(host.file, source, host.dialect) }, inner);
  });
}

/** `- command: { command: …, label: … }` is an old way to write a step. */
function nested(item: YamlNode): YamlNode {
  const inner = ["command", "commands", "script"].map((key) => get(item, key)).find((each) => each?.kind === "map");
  return inner ?? item;
}

function readStep(host: Host, step: YamlNode): readonly Job[] {
  const { file } = host;
  const plugins = pluginsOf(get(step, "plugins"));
  const code = ["command", "commands", "script"].flatMap((key) => linesOf(get(step, key)));
  if (code.length === 0 && plugins.length === 0) return [];
  const id = text(get(step, "label")) ?? text(get(step, "name")) ?? text(get(step, "key")) ?? code[0]?.text ?? "step";
  const label = `step “${shortened(id.trim().split("\n", 1)[0] ?? "")}”`;
  const source = { level: "step", label, parent: host.scope, owner: step, key: "env" } as const;
  const scope = withSecrets(file, scopeOf(file, source, host.dialect), step);
  const dialect: Dialect = { ...host.dialect, mask: get(step, "matrix") === undefined ? maskNone : maskBraces };
  const setting = settingOf(get(step, "agents") ?? host.agents, plugins);
  const scripts = code.map((line) => escapedScriptOf(file, line, dialect, { ...setting, unit: "step" }, ESCAPES));
  const all = [...scripts, ...plugins.flatMap((plugin) => pluginScripts(file, plugin, setting, dialect))];
  const tolerated = (scalar(get(step, "soft_fail"))?.text ?? String(get(step, "soft_fail") !== undefined)) !== "false";
  const read = bareStep({
    label,
    span: firstLine(file, step.span),
    scope,
    scripts: all,
    ...withPasted(file.text, all, STRANGERS, BRACED_OR_BARE),
    references: [
      ...imageReference(get(step, "image"), scope),
      ...plugins.flatMap((plugin) => pluginReferences(file, plugin, scope)),
    ],
    reads: [...namesIn(get(step, "env")), ...plugins.flatMap(({ config }) => passedNames(config))],
    tolerated,
    always: text(get(step, "allow_dependency_failure")) === "true",
  });
  return [{ id, span: read.span, scope, steps: [read], references: [] }];
}

function shortened(name: string): string {
  return name.length > 60 ? `${name.slice(0, 59)}…` : name;
}

interface Setting {
  readonly shell: Shell;
  readonly operatingSystems: readonly OperatingSystem[];
  readonly scratch: string;
}

/**
 * `/bin/bash -e -c`, on Windows `CMD.exe`, and `/bin/sh -e -c` in the container of the docker plugin. Only the tags of the agent tell its
 * system. Source: buildkite.com/docs/agent, `--shell`; github.com/buildkite-plugins/docker-buildkite-plugin, `shell`.
 */
function settingOf(agents: YamlNode | undefined, plugins: readonly Plugin[]): Setting {
  const tags = scalarsBelow(agents)
    .map((each) => each.text)
    .join(" ");
  if (/windows/i.test(tags)) {
    const shell: Shell = { language: "cmd", errexit: false, pipefail: undefined };
    return { shell, operatingSystems: ["windows"], scratch: "%TEMP%" };
  }
  const contained = plugins.some(({ name }) => name === "docker");
  const mac = /mac|darwin/i.test(tags);
  return {
    shell: { language: contained ? "sh" : "bash", errexit: true, pipefail: false },
    operatingSystems: contained || /linux|ubuntu|debian/i.test(tags) ? ["linux"] : mac ? ["macos"] : [],
    scratch: "/tmp",
  };
}

/** A plugin as a step names it. */
interface Plugin {
  /** As written: `docker#v5.13.0`. */
  readonly text: string;
  /** Without owner, version and the ending that all plugins have: `docker`. */
  readonly name: string;
  /** With its quotes, and of a key with the colon. */
  readonly outer: Span;
  readonly config: YamlNode | undefined;
  /** The document span of a span of the text. */
  place(span: Span): Span;
}

/** A list of names, of maps with a name each, or one map. */
function pluginsOf(node: YamlNode | undefined): readonly Plugin[] {
  if (node?.kind === "sequence") return node.items.flatMap(pluginsOf);
  if (node?.kind === "map") return entries(node).map(keyedPlugin);
  if (node === undefined || node.text.trim() === "") return [];
  const { span, map } = node;
  return [
    { text: node.text, name: nameOf(node.text), outer: span, config: undefined, place: (part) => map.toDocument(part) },
  ];
}

function keyedPlugin({ key, keySpan, value }: YamlEntry): Plugin {
  const quoted = keySpan.end - keySpan.start === key.length + 2;
  const start = keySpan.start + (quoted ? 1 : 0);
  const plain = quoted || keySpan.end - keySpan.start === key.length;
  const place = (part: Span): Span => (plain ? { start: start + part.start, end: start + part.end } : keySpan);
  const outer = { start: keySpan.start, end: keySpan.end + (value === undefined ? 0 : 1) };
  return { text: key, name: nameOf(key), outer, config: value, place };
}

function nameOf(written: string): string {
  const address = written.replace(/#.*$/s, "").replace(/\.git(?:\/.*)?$/, "");
  return address.replace(/^.*\//s, "").replace(/-buildkite-plugin$/, "");
}

function pluginReferences(file: SourceFile, plugin: Plugin, scope: Scope): readonly Reference[] {
  const { text: written, outer } = plugin;
  const span = plugin.place({ start: 0, end: written.length });
  const at = written.indexOf("#") + 1;
  const found = at === 0 ? undefined : repinOf(file.text, outer, plugin.place({ start: at, end: written.length }));
  // JSON has no comments, and one at the end of a line speaks for the whole line.
  const line = file.text.slice(lineStart(file.text, outer.start), lineEnd(file.text, outer.end));
  const alone = !file.path.endsWith(".json") && (line.match(/[^\s#]#[^\s#]/g)?.length ?? 0) < 2;
  const repin = found && !alone ? { ...found, comment: undefined } : found;
  const own: Reference = { kind: "plugin", text: written, span, target: pluginTarget(written), scope, repin };
  return [own, ...imagesOf(plugin).flatMap((image) => imageReference(image, scope))];
}

/** Images that the plugins which run containers are told to run. */
function imagesOf({ name, config }: Plugin): readonly YamlNode[] {
  if (name === "docker") return [get(config, "image") ?? []].flat();
  return name === "kubernetes" ? containersOf(config).flatMap((container) => get(container, "image") ?? []) : [];
}

/** Maps with an image, at any depth. */
function containersOf(node: YamlNode | undefined): readonly YamlNode[] {
  if (node === undefined || node.kind === "scalar") return [];
  const children = node.kind === "sequence" ? node.items : entries(node).map(({ value }) => value);
  return [...(get(node, "image") === undefined ? [] : [node]), ...children.flatMap(containersOf)];
}

/** What runs in those containers in the place of the step's own command. */
function pluginScripts(
  file: SourceFile,
  { name, config, outer }: Plugin,
  { operatingSystems, scratch }: Setting,
  dialect: Dialect,
): readonly Script[] {
  const containers = name === "docker" ? [config] : name === "kubernetes" ? containersOf(config) : [];
  return containers.flatMap((container, index) => {
    const words = ["entrypoint", "command", "args"].flatMap((key) => items(get(container, key)));
    const scalars = words.flatMap((word) => (word.kind === "scalar" ? [{ scalar: word }] : []));
    const setting = { operatingSystems, scratch, unit: `${outer.start}.${index}` };
    return [commandOf(file, scalars, dialect, setting, ESCAPES) ?? []].flat();
  });
}

/** Variables that a container gets from the step: `environment: [NAME]`. */
function passedNames(config: YamlNode | undefined): readonly string[] {
  return items(get(config, "environment")).flatMap((item) => /^\w+$/.exec(text(item) ?? "")?.[0] ?? []);
}

/** Source: buildkite.com/docs/pipelines/integrations/plugins/using, "Plugin sources". */
function pluginTarget(written: string): Target {
  if (written.includes("$")) return { kind: "other", pin: "unknown" };
  if (/^\.{0,2}\//.test(written)) return { kind: "local", path: written.replace(/^\.\//, ""), pin: "pinned" };
  const [address = "", ref] = written.split("#", 2);
  if (address.startsWith("zip+"))
    return { kind: "other", pin: /^sha256:[0-9a-f]{64}$/i.test(ref ?? "") ? "pinned" : "mutable" };
  if (address.startsWith("file:")) return { kind: "other", pin: "unknown" };
  const place = placeOf(address);
  if (place === undefined) return { kind: "other", pin: "unknown" };
  return { kind: "repository", ...place, ref, pin: ref !== undefined && isCommitId(ref) ? "pinned" : "mutable" };
}

/** `docker`, `owner/name`, `github.com/owner/name`, and the addresses that git takes, with a folder behind `.git/`. */
function placeOf(address: string): { readonly host: string; readonly repo: string; readonly path: string } | undefined {
  const [, short] = /^([\w.-]+)$/.exec(address) ?? [];
  if (short !== undefined) return placeOf(`buildkite-plugins/${short}`);
  const [, owner, name] = /^([\w-]+)\/([\w.-]+)$/.exec(address) ?? [];
  if (name !== undefined) return { host: "github.com", repo: `${owner}/${name}-buildkite-plugin`, path: "" };
  const [, url, scp, known, rest = ""] =
    /^(?:(?:https?|ssh|git):\/\/(?:[^@/]*@)?([^/:@]+)(?::\d+)?\/|[\w-]+@([^:/]+):|(github\.com|bitbucket\.org|gitlab\.com)\/)(.+)$/.exec(
      address,
    ) ?? [];
  const host = url ?? scp ?? known;
  if (host === undefined) return undefined;
  const [, repo = rest, path = ""] =
    /^(.+?)\.git(?:\/(.*))?$/.exec(rest) ?? /^([^/]+\/[^/]+)(?:\/(.*))?$/.exec(rest) ?? [];
  return { host, repo, path };
}
