import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import { maskCircleCi, maskNone } from "../masking.ts";
import type { AmbientSecret, Job, OperatingSystem, Pipeline, Reference, Scope, Step, Target } from "../model.ts";
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
  type YamlNode,
  type YamlScalar,
} from "../yaml.ts";
import { removal } from "../yaml-edit.ts";
import { itemRemoval } from "../yaml-list-edit.ts";
import { bareStep, type Dialect, firstLine, linesOf, scopeOf, scriptOf } from "./reading.ts";
import {
  argumentsOf,
  bind,
  type CircleReader,
  environmentScope,
  namespaceOf,
  type Place,
  parameterIn,
  readCall,
  readSteps,
} from "./reading-circleci.ts";
import { readPhases } from "./reading-circleci-1.ts";
import { commandOf } from "./reading-command.ts";
import { imageReference } from "./reading-container.ts";
import { type Call, type NamedFile, pullNamed } from "./reading-pulled.ts";
import type { System } from "./system.ts";

/**
 * CircleCI: pipelines, orbs, the parts that an orb or a pipeline is packed from, and `circle.yml` of version 1.
 * Source: circleci.com/docs, "Configuration reference", "Orbs" and "Environment variables".
 */
export const circleCi: System = {
  id: "circleci",
  name: "CircleCI",
  globs: [".circleci/**/*.{yml,yaml}", "circle.yml", "src/@orb.{yml,yaml}", "src/{commands,jobs,executors}/*.yml"],
  claims: (path, { documents: [root] }) => {
    if (/(?:^|\/)(?:\.circleci\/config\.ya?ml|circle\.yml|src\/@orb\.ya?ml)$/.test(path)) return 2;
    const signs = SIGNS.filter((sign) => sign(root)).length;
    if (/(?:^|\/)\.circleci\/.*\.ya?ml$/.test(path)) return signs > 0 || isPart(root) ? 2 : 0;
    if (/(?:^|\/)src\/(?:commands|jobs|executors)\/[^/]+\.yml$/.test(path) && isPart(root)) return 1;
    const version = /^2(?:\.[01])?$/.test(text(get(root, "version")) ?? "") ? 1 : 0;
    return signs > 0 && signs + version > 1 ? 1 : 0;
  },
  read: (file, yaml, context, call) => readFile(file, yaml, context, call),
};

/** What the top level looks like, each a key with a content that no other YAML format has below it. */
const SIGNS: readonly ((root: YamlNode | undefined) => boolean)[] = [
  (root) => entries(get(root, "jobs")).some(({ value }) => isPart(value) && get(value, "steps")?.kind === "sequence"),
  (root) => entries(get(root, "workflows")).some(({ value }) => get(value, "jobs")?.kind === "sequence"),
  (root) => entries(get(root, "orbs")).some(({ value }) => /^[\w-]+\/[\w-]+@\S+$/.test(text(value) ?? "")),
  (root) => entries(get(root, "commands")).some(({ value }) => isPart(value)),
  (root) => entries(get(root, "executors")).some(({ value }) => isPart(value)),
];

/** True for what stands under the name of a job, a command or an executor: machines, or steps that run something. */
function isPart(node: YamlNode | undefined): boolean {
  const known = /^(?:run|checkout|when|unless|setup_remote_docker|restore_cache|attach_workspace)$/;
  return (
    items(get(node, "docker")).some((each) => get(each, "image") !== undefined) ||
    get(node, "macos", "xcode") !== undefined ||
    get(node, "machine", "image") !== undefined ||
    items(get(node, "steps")).some((step) => known.test(text(step) ?? entries(step)[0]?.key ?? ""))
  );
}

/** Source: circleci.com/docs, "Using OpenID Connect tokens in jobs" and "Introduction to environment variables". */
const AMBIENT: readonly AmbientSecret[] = [
  { name: "CIRCLE_OIDC_TOKEN", kind: "token" },
  { name: "every variable configured in the project's settings", kind: "settings" },
];

interface Definitions {
  readonly jobs: Map<string, YamlEntry>;
  readonly commands: Map<string, YamlEntry>;
  readonly executors: Map<string, YamlEntry>;
}

interface Reader extends Definitions, Omit<CircleReader, "commands"> {
  readonly scope: Scope;
  readonly uses: ReadonlyMap<string, readonly Use[]>;
}

/** A job as a workflow names it, with what the workflow adds to it. */
interface Use {
  readonly name: string;
  readonly span: Span;
  readonly node: YamlNode | undefined;
}

function readFile(
  file: SourceFile,
  { documents: [root] }: YamlFile,
  context: Context,
  call: Call | undefined,
): Pipeline {
  const version = text(get(root, "version"));
  const mask = version === undefined || version === "2.1" ? maskCircleCi : maskNone;
  const dialect: Dialect = { mask, secretsIn: settingsVariable };
  const source = { level: "pipeline", label: "the whole pipeline", parent: undefined, key: "environment" } as const;
  const scope = scopeOf(file, { ...source, owner: get(root, "machine"), ambient: AMBIENT }, dialect);
  const definitions: Definitions = { jobs: new Map(), commands: new Map(), executors: new Map() };
  const orbs = define(file, definitions, root, "", scope);
  const workflows = [...entries(get(root, "workflows")), ...entries(get(root, "job-groups"))];
  const uses = new Map<string, Use[]>();
  for (const use of workflows.flatMap(({ value }) => items(get(value, "jobs")).flatMap(readUse))) {
    const known = uses.get(use.name);
    if (known === undefined) uses.set(use.name, [use]);
    else known.push(use);
  }
  const seen = { names: new Set<string>(), steps: 0 };
  const reader: Reader = { ...definitions, file, dialect, scope, uses, seen };
  const jobs = [...readJobs(reader, root), ...readPhases(file, root, scope, dialect)];
  const spare = [...definitions.executors].filter(([name]) => !seen.names.has(name));
  const images = spare.flatMap(([, { value }]) => readContainers(reader, get(value, "docker"), scope).references);
  const { id: system, name: systemName } = circleCi;
  const references = [...orbs, ...images];
  const pulled = pullNamed(readFile, file, continuations(file, root), context, call);
  return { system, systemName, path: file.path, text: file.text, jobs, references, scope, pulled };
}

/**
 * The files that a setup pipeline goes on with, by the orbs `continuation` and `path-filtering`. Source: circleci.com/docs, "Dynamic
 * configuration"; the orbs' own parameters.
 */
function continuations({ text: document }: SourceFile, root: YamlNode | undefined): readonly NamedFile[] {
  if (text(get(root, "setup")) !== "true" || !/configuration_path|config-path|mapping/.test(document)) return [];
  const calls = [...entriesBelow(get(root, "jobs")), ...entriesBelow(get(root, "workflows"))];
  return calls.flatMap(({ key, value }): readonly NamedFile[] => {
    const written = scalar(value);
    if (written === undefined) return [];
    const span = written.map.toDocument({ start: 0, end: written.text.length });
    const message = "The pipeline goes on with it here";
    if (key === "configuration_path" || key === "config-path") return [{ path: written.text, span, message }];
    // Each line of a mapping can name a file of its own behind the parameter and its value.
    const lines = key === "mapping" ? written.text.split("\n") : [];
    return lines.flatMap((line) => {
      const path = /^\s*\S+\s+\S+\s+\S+\s+(\S+\.ya?ml)\s*$/.exec(line)?.[1];
      return path === undefined ? [] : [{ path, span, message }];
    });
  });
}

function entriesBelow(node: YamlNode | undefined, depth = 0): readonly YamlEntry[] {
  if (node === undefined || depth > 8) return [];
  const own = entries(node);
  const below = [...items(node), ...own.flatMap(({ value }) => value ?? [])];
  return [...own, ...below.flatMap((each) => entriesBelow(each, depth + 1))];
}

/** Collects what a file, or an orb that is written in it, defines; gives the orbs that it fetches. */
function define(
  file: SourceFile,
  into: Definitions,
  root: YamlNode | undefined,
  prefix: string,
  scope: Scope,
): readonly Reference[] {
  for (const kind of ["jobs", "commands", "executors"] as const)
    for (const entry of entries(get(root, kind))) into[kind].set(`${prefix}${entry.key}`, entry);
  return entries(get(root, "orbs")).flatMap(({ key, value }) => {
    if (value?.kind === "map") return define(file, into, value, `${prefix}${key}/`, scope);
    const written = scalar(value);
    return written === undefined ? [] : [orbReference(file, written, scope)];
  });
}

/** Source: circleci.com/docs, "Orb concepts" and "URL orbs": only the full version number of a published orb never changes. */
function orbReference(file: SourceFile, written: YamlScalar, scope: Scope): Reference {
  const name = written.text.trimEnd();
  const at = name.lastIndexOf("@");
  const address = /^https?:\/\//.test(name);
  const fixed = address ? name.split("/").some(isCommitId) : /@\d+\.\d+\.\d+$/.test(name);
  const pin = fixed ? "pinned" : name.includes("<<") ? "unknown" : "mutable";
  const target: Target = address ? { kind: "address", url: name, pin } : { kind: "other", pin };
  const version = written.map.toDocument({ start: at + 1, end: name.length });
  const block = written.style === "literal" || written.style === "folded";
  const repin = address || at < 0 || block ? undefined : repinOf(file.text, written.span, version);
  const span = written.map.toDocument({ start: 0, end: name.length });
  const range = /@(\d+(?:\.\d+)?)$/.exec(name)?.[1] ?? "";
  const list = { kind: "orb", name: name.slice(0, at) } as const;
  const versions =
    repin === undefined || pin !== "mutable" ? {} : { versions: { list, range, slot: version, before: "" } };
  return { kind: "orb", text: name, span, target, scope, repin, ...versions };
}

function readUse(item: YamlNode): readonly Use[] {
  if (item.kind === "scalar") return [{ name: item.text, span: item.span, node: undefined }];
  const [use] = entries(item);
  return use === undefined ? [] : [{ name: use.key, span: use.keySpan, node: use.value }];
}

/** The jobs of the file, those of orbs that a workflow adds something to, and code that no job of the file uses. */
function readJobs(reader: Reader, root: YamlNode | undefined): readonly Job[] {
  const jobs = [...reader.jobs].map(([name, entry]) => readJob(reader, name, entry));
  const called = [...reader.uses].flatMap(([name, uses]) => {
    const use = uses.find(({ node }) => node !== undefined && get(node, "type") === undefined);
    return use === undefined || reader.jobs.has(name)
      ? []
      : [readJob(reader, name, { keySpan: use.span, value: undefined })];
  });
  const spare = [...reader.commands].filter(([name]) => !reader.seen.names.has(name));
  const commands = spare.map(([name, entry]) => readCommand(reader, name, entry));
  const part = get(root, "steps");
  const alone = part === undefined ? [] : [readJob(reader, "steps", { keySpan: part.span, value: root })];
  return [...jobs, ...called, ...commands, ...alone];
}

type Defined = Pick<YamlEntry, "keySpan" | "value">;

function readJob(reader: Reader, name: string, { keySpan, value: job }: Defined): Job {
  const uses = reader.uses.get(name) ?? [];
  const executors = executorsOf(reader, name, job, uses);
  const [executor] = executors.known;
  const outer = executor
    ? environmentScope(reader, "job", `executor “${executor.name}”`, reader.scope, executor.node)
    : reader.scope;
  const own = environmentScope(reader, "job", `job “${name}”`, outer, job);
  const scope: Scope = { ...own, ambient: [...contextsOf(reader.file, uses), ...keysOf(get(job, "steps"))] };
  const machine = (key: string): YamlNode | undefined => get(job, key) ?? get(executor?.node, key);
  const place: Place = {
    scope,
    namespace: namespaceOf(name),
    arguments: new Map(),
    within: [],
    shell: scalar(machine("shell")),
    image: text(get(machine("docker"), 0, "image")) ?? "",
    operatingSystems: operatingSystemsOf(machine, executors.names),
    root: text(machine("working_directory")) ?? ROOT,
  };
  const outside: Place = { ...place, namespace: "" };
  const calls = uses.map(({ node }) => argumentsOf(node, outside));
  const inside: Place = { ...place, arguments: bind(get(job, "parameters"), calls, place) };
  const containers = [get(job, "docker"), ...executors.known.map(({ node }) => get(node, "docker"))].map((node) =>
    readContainers(reader, node, scope),
  );
  const added = (key: string): readonly Step[] =>
    uses.flatMap(({ node }) => readSteps(reader, get(node, key), outside));
  return {
    id: name,
    span: firstLine(reader.file, keySpan),
    scope,
    steps: [
      ...containers.flatMap(({ steps }) => steps),
      ...added("pre-steps"),
      ...(job === undefined ? uses.flatMap(({ node }) => readCall(reader, name, keySpan, node, outside)) : []),
      ...readSteps(reader, get(job, "steps"), inside),
      ...added("post-steps"),
    ],
    references: containers.flatMap(({ references }) => references),
  };
}

/** Where CircleCI checks a repository out that does not say otherwise. */
const ROOT = "~/project";

/** A command that no job of the file uses: what it runs is known, and where is not. */
function readCommand(reader: Reader, name: string, { keySpan, value }: Defined): Job {
  const { scope } = reader;
  const place: Place = {
    scope,
    namespace: namespaceOf(name),
    arguments: new Map(),
    within: [name],
    shell: undefined,
    image: "",
    operatingSystems: [],
    root: ROOT,
  };
  const inside: Place = { ...place, arguments: bind(get(value, "parameters"), [], place) };
  const steps = readSteps(reader, get(value, "steps"), inside);
  return { id: `command “${name}”`, span: firstLine(reader.file, keySpan), scope, steps, references: [] };
}

interface Executors {
  readonly names: readonly string[];
  /** Those that the file defines. */
  readonly known: readonly { readonly name: string; readonly node: YamlNode | undefined }[];
}

/** The executor that a job names, or all that the job's parameter can stand for. */
function executorsOf(reader: Reader, job: string, node: YamlNode | undefined, uses: readonly Use[]): Executors {
  const written = get(node, "executor");
  const name = text(written) ?? text(get(written, "name"));
  const parameter = parameterIn(name);
  const values =
    parameter === undefined
      ? [name]
      : [
          ...uses.map((use) => text(get(use.node, parameter))),
          ...uses.flatMap((use) => linesOf(get(use.node, "matrix", "parameters", parameter)).map((each) => each.text)),
          text(get(node, "parameters", parameter, "default")),
        ];
  const names = [...new Set(values.flatMap((each) => each ?? []))];
  const known = names.flatMap((each) => {
    const full = `${namespaceOf(job)}${each}`;
    const entry = reader.executors.get(full);
    if (entry !== undefined) reader.seen.names.add(full);
    return entry === undefined ? [] : [{ name: each, node: entry.value }];
  });
  return { names, known };
}

/** Every step of a job has the variables of the contexts that a workflow gives to the job. */
function contextsOf({ text: document }: SourceFile, uses: readonly Use[]): readonly AmbientSecret[] {
  return uses.flatMap((use) =>
    linesOf(get(use.node, "context")).flatMap((written): readonly AmbientSecret[] => {
      const { text: name, span } = written;
      const portable = { removal: contextRemoval(document, use, written), texts: {} };
      return name === "" ? [] : [{ name: `every variable of the context “${name}”`, kind: "settings", span, portable }];
    }),
  );
}

/** A job that has nothing but the context is its name alone without it. */
function contextRemoval(document: string, { node, span }: Use, written: YamlScalar): Span | undefined {
  const holder = entry(node, "context");
  if (node?.kind !== "map" || node.alias !== undefined || node.anchored || holder === undefined) return undefined;
  const isList = holder.value?.kind === "sequence";
  const isLast = !isList || items(holder.value).length === 1;
  if (holder.merged) return undefined;
  if (isLast && node.entries.length === 1) {
    const all = { start: span.end, end: node.span.end };
    return /^:[^#&]*$/.test(document.slice(all.start, all.end)) ? all : undefined;
  }
  return isList ? itemRemoval(document, node, holder, written) : removal(document, node, holder);
}

/** Source: circleci.com/docs, `add_ssh_keys`: without fingerprints it adds every key of the project. */
function keysOf(steps: YamlNode | undefined): readonly AmbientSecret[] {
  return items(steps).flatMap((step): readonly AmbientSecret[] => {
    const entry = entries(step).find(({ key }) => key === "add_ssh_keys");
    if (text(step) !== "add_ssh_keys" && entry === undefined) return [];
    const span = entry?.keySpan ?? step.span;
    return items(get(entry?.value, "fingerprints")).length > 0
      ? [{ name: "the SSH keys that the job adds", kind: "named", span }]
      : [
          {
            name: "every SSH key of the project",
            kind: "settings",
            span,
            narrower: "the fingerprints of the keys that it needs",
          },
        ];
  });
}

function operatingSystemsOf(
  machine: (key: string) => YamlNode | undefined,
  executors: readonly string[],
): readonly OperatingSystem[] {
  const image = text(get(machine("machine"), "image")) ?? "";
  const size = text(machine("resource_class")) ?? "";
  if (/windows/i.test(image) || [size, ...executors].some((name) => /^win(?:dows)?(?:[/.-]|$)/i.test(name)))
    return ["windows"];
  if (machine("macos") !== undefined || executors.some((name) => /macos/i.test(name))) return ["macos"];
  return machine("docker") === undefined && machine("machine") === undefined ? [] : ["linux"];
}

const NO_ESCAPES = /(?!)/g;

/** The containers of a job, with what they start with. The steps run in the first one; the others see what their own entries say. */
function readContainers(
  reader: Pick<Reader, "file" | "dialect">,
  containers: YamlNode | undefined,
  job: Scope,
): Pick<Job, "references" | "steps"> {
  const { file, dialect } = reader;
  const all = items(containers).map((container, index) => {
    const label = `container “${text(get(container, "image")) ?? "?"}”`;
    const scope = environmentScope(reader, "service", label, index === 0 ? job : undefined, container);
    const setting = { operatingSystems: ["linux"], unit: `${label} ${container.span.start}`, scratch: "/tmp" } as const;
    const start = [get(container, "entrypoint"), get(container, "command")].flatMap((node) => node ?? []);
    const lists = start.flatMap((node) => items(node).flatMap((word) => scalar(word) ?? []));
    const list = lists.map((word) => ({ scalar: word }));
    const shell = { language: "sh", errexit: false, pipefail: false } as const;
    const scripts = [
      ...start.flatMap((node) =>
        node.kind === "scalar" ? [scriptOf(file, node, dialect, { ...setting, shell })] : [],
      ),
      ...[commandOf(file, list, dialect, setting, NO_ESCAPES) ?? []].flat(),
    ];
    const span = firstLine(file, container.span);
    const step = bareStep({ label: `the start of ${label}`, span, scope, scripts });
    return { references: imageReference(get(container, "image"), scope), steps: scripts.length > 0 ? [step] : [] };
  });
  return { references: all.flatMap((each) => each.references), steps: all.flatMap((each) => each.steps) };
}

/** A value that is nothing but a variable is one of the project or of a context. */
function settingsVariable(written: YamlScalar): ReturnType<Dialect["secretsIn"]> {
  const [, braced, bare] = /^\$(?:\{(\w+)\}|(\w+))$/.exec(written.text.trim()) ?? [];
  const name = braced ?? bare;
  if (name === undefined || /^(?:CIRCLE_|CI$|HOME$|PATH$|PWD$)/.test(name)) return [];
  return [{ name, kind: "settings", span: written.span }];
}
