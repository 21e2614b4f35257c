import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import { type Masking, maskBraces, maskParentheses } from "../masking.ts";
import type {
  AmbientSecret,
  Job,
  Pipeline,
  Pulled,
  Reference,
  Scope,
  Script,
  Shell,
  Step,
  Target,
  Variable,
} from "../model.ts";
import { isCommitId, readImage, repinOf } from "../reference.ts";
import { isImmutable } from "../shell/downloads.ts";
import { shellOptions } from "../shell/shell-line.ts";
import { contains } from "../text.ts";
import {
  entries,
  get,
  items,
  parseYaml,
  scalar,
  text,
  type YamlFile,
  type YamlNode,
  type YamlScalar,
} from "../yaml.ts";
import { bareScope, bareStep, type Dialect, firstLine, scalarsBelow, scriptOf } from "./reading.ts";
import { commandOf, type Escapes, shebangShell } from "./reading-command.ts";
import { imageReference } from "./reading-container.ts";
import { type Meaning, type Meanings, withPasted } from "./reading-pasted.ts";
import { type Call, localReferences, pullIn, pullNamed, type ReadFile, type Trail, trailOf } from "./reading-pulled.ts";
import type { System } from "./system.ts";

/**
 * Tekton: tasks, pipelines, their runs, step actions, and the runs in templates of triggers.
 * Source: tekton.dev/docs/pipelines, and pipelinesascode.com for the annotations of Pipelines-as-Code.
 */
export const tekton: System = {
  id: "tekton",
  name: "Tekton",
  globs: [".tekton/**/*.{yml,yaml}"],
  apiGroup: "tekton.dev",
  claims: (path, { documents }) => {
    if (![...objectsIn(documents)].some((object) => READERS.has(text(get(object, "kind")) ?? ""))) return 0;
    return /(?:^|\/)\.tekton\//.test(path) ? 2 : 1;
  },
  read: (file, yaml, context, call) => readFile(file, yaml, context, call),
};

/** What every pod has, whatever the file says. Source: tekton.dev/docs/pipelines/auth. */
const AMBIENT: readonly AmbientSecret[] = [
  { name: "the token of the service account", kind: "token" },
  { name: "every credential linked to the service account", kind: "settings" },
];

/** Tekton's own variables, and those that Pipelines-as-Code or Helm fill in before Tekton sees the file. */
const maskTekton: Masking = (script) => {
  const own = maskParentheses(script);
  const all = maskBraces(own.text);
  const outside = own.holes.filter(({ span }) => !all.holes.some((hole) => contains(hole.span, span)));
  return { text: all.text, holes: [...outside, ...all.holes].sort((a, b) => a.span.start - b.span.start) };
};

const DIALECT: Dialect = { mask: maskTekton, secretsIn: () => [] };

function readFile(source: SourceFile, { documents }: YamlFile, context: Context, call: Call | undefined): Pipeline {
  const file: Host = { ...source, context, trail: trailOf(source, call), pulled: [] };
  const scope = bareScope({ level: "pipeline", label: "the whole file", parent: undefined, ambient: AMBIENT });
  const objects = [...objectsIn(documents)];
  const references = objects.flatMap((object) => annotatedReferences(object, scope));
  const jobs = objects.flatMap((object) => READERS.get(text(get(object, "kind")) ?? "")?.(file, object, scope) ?? []);
  const fetched = pullNamed(readFile, source, localReferences(references, "Fetched here"), context, call);
  const { id: system, name: systemName } = tekton;
  const { path, text: document, pulled } = file;
  return { system, systemName, path, text: document, jobs, references, scope, pulled: [...pulled, ...fetched] };
}

/** The file that is read, with what it has pulled in so far. */
interface Host extends SourceFile {
  readonly context: Context;
  readonly trail: Trail;
  readonly pulled: Pulled[];
}

/** Files of `.tekton` that are looked at for one name. */
const MAX_CANDIDATES = 200;

/**
 * A task or a pipeline that is called by its name lies in some file of `.tekton`, where Pipelines-as-Code finds it. Its steps have what
 * the run gives to its pods. Source: pipelinesascode.com, "Resolver".
 */
function pullObject(pod: Pod, called: YamlNode | undefined, kind: "Task" | "Pipeline"): void {
  const { path, context, trail, pulled } = pod.file;
  const name = scalar(get(called, "name"));
  const [, folder] = /^((?:.*\/)?\.tekton)\//.exec(path) ?? [];
  if (name === undefined || folder === undefined || get(called, "resolver") !== undefined) return;
  const listed = ["yaml", "yml"].flatMap((ending) => context.list(`${folder}/**/*.${ending}`));
  const isIn = (each: string) => each !== path && (context.read(each)?.includes(name.text) ?? false);
  const read: ReadFile = (file, { documents }, around, call) => {
    const host: Host = { ...file, context: around, trail: call.trail, pulled: [] };
    const scope = bareScope({ level: "pipeline", label: "the whole file", parent: call.scope });
    const inner: Pod = { ...pod, file: host, scope };
    const object = [...objectsIn(documents)].find((each) => isNamed(each, kind, name.text));
    const spec = get(object, "spec");
    const jobs =
      object === undefined
        ? []
        : kind === "Task"
          ? [readTask(inner, name.text, object, spec)]
          : readPipeline(inner, spec);
    const { id: system, name: systemName } = tekton;
    return { system, systemName, path: file.path, text: file.text, jobs, references: [], scope, pulled: host.pulled };
  };
  const holds = (each: string) => {
    const documents = isIn(each) ? parseYaml(context.read(each) ?? "").documents : [];
    return [...objectsIn(documents)].some((object) => isNamed(object, kind, name.text));
  };
  const found = listed.slice(0, MAX_CANDIDATES).find(holds);
  if (found === undefined) return;
  const by = { span: name.span, message: `The ${kind.toLowerCase()} is called here` };
  pulled.push(...pullIn(read, { paths: [found], by, scope: pod.scope, inputs: [] }, trail, context));
}

function isNamed(object: YamlNode, kind: string, name: string): boolean {
  return text(get(object, "kind")) === kind && nameOf(object) === name;
}

/** Every Tekton object of a file, those inside of lists and of templates of triggers included. */
function* objectsIn(nodes: readonly YamlNode[]): Iterable<YamlNode> {
  for (const node of nodes) {
    if (/^(?:triggers\.)?tekton\.dev\/v1(?:alpha1|beta1)?$/.test(text(get(node, "apiVersion")) ?? "")) yield node;
    yield* objectsIn(items(get(node, "items")));
    yield* objectsIn(items(get(node, "spec", "resourcetemplates")));
  }
}

type ObjectReader = (file: Host, object: YamlNode, parent: Scope) => readonly Job[];

const READERS: ReadonlyMap<string, ObjectReader> = new Map<string, ObjectReader>([
  ["Task", readTaskObject],
  ["ClusterTask", readTaskObject],
  ["StepAction", readStepAction],
  ["TaskRun", readTaskRun],
  ["Pipeline", (file, object, parent) => readPipeline(podOf(file, undefined, parent), get(object, "spec"))],
  ["PipelineRun", readPipelineRun],
  ["CustomRun", () => []],
  ["TriggerTemplate", () => []],
]);

/** What a run adds to the pods of its tasks. */
interface Pod {
  readonly file: Host;
  readonly scope: Scope;
  readonly volumes: readonly YamlNode[];
  /** The secrets behind workspaces, by the name of the workspace. */
  readonly workspaces: ReadonlyMap<string, AmbientSecret>;
  /** Parameters that are given texts of strangers, by their names. */
  readonly given: Given;
}

function podOf(file: Host, run: YamlNode | undefined, scope: Scope): Pod {
  const template = get(run, "spec", "podTemplate") ?? get(run, "spec", "taskRunTemplate", "podTemplate");
  const label = `the run “${nameOf(run)}”`;
  const variables = variablesOf(get(template, "env"));
  return {
    file,
    scope: variables.length === 0 ? scope : bareScope({ level: "group", label, parent: scope, variables }),
    volumes: items(get(template, "volumes")),
    workspaces: new Map(
      items(get(run, "spec", "workspaces")).flatMap((each) => {
        const [secret] = volumeSecrets(each);
        return secret === undefined ? [] : [[text(get(each, "name")) ?? "", secret] as const];
      }),
    ),
    given: givenBy(get(run, "spec", "params"), new Map()),
  };
}

type Given = ReadonlyMap<string, Meaning>;

/** The parameters of a call whose values are texts of strangers, by what the caller itself was given. */
function givenBy(params: YamlNode | undefined, outer: Given): Given {
  const meanings = strangersText(outer);
  return new Map(
    items(params).flatMap((each) => {
      const value = text(get(each, "value")) ?? "";
      const [meaning] = maskTekton(value).holes.flatMap((hole) => meanings(hole.text) ?? []);
      return meaning === undefined ? [] : [[text(get(each, "name")) ?? "", meaning] as const];
    }),
  );
}

/** Source: pipelinesascode.com, "Authoring PipelineRuns": dynamic variables, and `body` with the event. */
function strangersText(given: Given): Meanings {
  return (expression) => {
    const [, parameter, index] =
      /^\$\((?:inputs\.)?params(?:\.([\w.-]+)|\[["']([^"']+)["']\])\)$/.exec(expression) ?? [];
    if (parameter !== undefined || index !== undefined) return given.get(parameter ?? index ?? "");
    const name = /^\{\{\s*([\w.]+)\s*\}\}$/.exec(expression)?.[1] ?? "";
    if (name === "source_branch") return { what: "the name of the pull request's branch" };
    if (name === "trigger_comment") return { what: "the text of the comment" };
    return /^body\..*\b(?:title|body|message|description|ref|label|name|email)$/.test(name) &&
      !/\b(?:repository|organization|sender|base)\b/.test(name)
      ? { what: "a text of the event" }
      : undefined;
  };
}

function nameOf(object: YamlNode | undefined): string {
  return text(get(object, "metadata", "name")) ?? text(get(object, "metadata", "generateName")) ?? "";
}

function readTaskObject(file: Host, object: YamlNode, parent: Scope): readonly Job[] {
  return [readTask(podOf(file, undefined, parent), nameOf(object), object, get(object, "spec"))];
}

function readTaskRun(file: Host, object: YamlNode, parent: Scope): readonly Job[] {
  const pod = podOf(file, object, parent);
  return [readTask(pod, nameOf(object), object, get(object, "spec", "taskSpec"), get(object, "spec", "taskRef"))];
}

function readStepAction(file: Host, object: YamlNode, parent: Scope): readonly Job[] {
  const spec = get(object, "spec");
  const none = { volumes: [], workspaces: new Map(), folder: undefined, sidecar: false, given: new Map() };
  const container: Container = { file, parent, ...none };
  const steps = spec === undefined ? [] : [readContainer(container, spec, `step action “${nameOf(object)}”`)];
  return [{ id: nameOf(object), span: firstLine(file, object.span), scope: parent, steps, references: [] }];
}

function readPipelineRun(file: Host, object: YamlNode, parent: Scope): readonly Job[] {
  const pod = podOf(file, object, parent);
  const called = get(object, "spec", "pipelineRef");
  const references = remoteReference(file, called, pod.scope);
  pullObject(pod, called, "Pipeline");
  const call = { id: nameOf(object), span: firstLine(file, object.span), scope: pod.scope, steps: [], references };
  return [...(references.length > 0 ? [call] : []), ...readPipeline(pod, get(object, "spec", "pipelineSpec"))];
}

/** One job for each task, `finally` included. A task hands its own names to the workspaces of the run. */
function readPipeline(pod: Pod, spec: YamlNode | undefined): readonly Job[] {
  return [...items(get(spec, "tasks")), ...items(get(spec, "finally"))].flatMap((task) => {
    const workspaces = items(get(task, "workspaces")).flatMap((each) => {
      const name = text(get(each, "name")) ?? "";
      const secret = pod.workspaces.get(text(get(each, "workspace")) ?? name);
      return secret === undefined ? [] : [[name, secret] as const];
    });
    const inner: Pod = { ...pod, workspaces: new Map(workspaces), given: givenBy(get(task, "params"), pod.given) };
    const called = get(task, "taskRef") ?? get(task, "pipelineRef");
    return [
      readTask(inner, text(get(task, "name")) ?? "", task, get(task, "taskSpec"), called),
      ...readPipeline(inner, get(task, "pipelineSpec")),
    ];
  });
}

/** @param owner the part of the document that declares the task */
function readTask(pod: Pod, id: string, owner: YamlNode, spec: YamlNode | undefined, called?: YamlNode): Job {
  const { file } = pod;
  pullObject(pod, called, "Task");
  const steps = items(get(spec, "steps"));
  const sidecars = items(get(spec, "sidecars"));
  const template = get(spec, "stepTemplate");
  const volumes = [...pod.volumes, ...items(get(spec, "volumes"))];
  // A workspace that a step asks for is in the steps that ask for it alone.
  const isolated = new Set([...steps, ...sidecars].flatMap((each) => workspaceNames(each)));
  const shared = [...pod.workspaces].filter(([name]) => !isolated.has(name)).map(([, secret]) => secret);
  const scope = bareScope({
    level: "job",
    label: `task “${id}”`,
    parent: pod.scope,
    variables: variablesOf(get(template, "env")),
    ambient: [...containerSecrets(template, volumes), ...shared],
  });
  const folder = text(get(template, "workingDir"));
  const container = { file, parent: scope, volumes, workspaces: pod.workspaces, folder, given: pod.given };
  const read = (node: YamlNode, index: number, kind: "step" | "sidecar"): Step => {
    const name = text(get(node, "name"));
    const label = name === undefined ? `${kind} ${index + 1} of task “${id}”` : `${kind} “${name}”`;
    return readContainer({ ...container, sidecar: kind === "sidecar" }, node, label);
  };
  return {
    id,
    span: firstLine(file, owner.span),
    scope,
    steps: [
      ...sidecars.map((node, index) => read(node, index, "sidecar")),
      ...steps.map((node, index) => read(node, index, "step")),
    ],
    references: [...remoteReference(file, called, scope), ...imageReference(get(template, "image"), scope)],
    shares: "files",
  };
}

interface Container {
  readonly file: SourceFile;
  readonly parent: Scope;
  readonly volumes: readonly YamlNode[];
  readonly workspaces: Pod["workspaces"];
  /** The working directory of containers that name none. */
  readonly folder: string | undefined;
  readonly sidecar: boolean;
  readonly given: Given;
}

function readContainer(host: Container, node: YamlNode, label: string): Step {
  const { file, parent, volumes, workspaces, sidecar } = host;
  const own = workspaceNames(node).flatMap((name) => workspaces.get(name) ?? []);
  const scope = bareScope({
    level: sidecar ? "service" : "step",
    label,
    parent,
    variables: variablesOf(get(node, "env")),
    ambient: [...containerSecrets(node, volumes), ...own],
  });
  const scripts = scriptsOf(host, node);
  return bareStep({
    label,
    span: firstLine(file, node.span),
    scope,
    scripts,
    ...withPasted(file.text, scripts, strangersText(host.given)),
    references: [...imageReference(get(node, "image"), scope), ...remoteReference(file, get(node, "ref"), scope)],
    tolerated: sidecar || text(get(node, "onError")) === "continue",
  });
}

function workspaceNames(container: YamlNode): readonly string[] {
  return items(get(container, "workspaces")).flatMap((each) => text(get(each, "name")) ?? []);
}

/** A list of `{name, value | valueFrom}`. It has no place for a fix that moves variables from map to map. */
function variablesOf(list: YamlNode | undefined): readonly Variable[] {
  return items(list).flatMap((item) => {
    const name = scalar(get(item, "name"));
    if (name === undefined) return [];
    const value = text(get(item, "value"));
    const source = get(item, "valueFrom", "secretKeyRef");
    const secret = [text(get(source, "name")), text(get(source, "key"))].filter((part) => part !== undefined).join("/");
    return {
      name: name.text,
      span: item.span,
      nameSpan: name.span,
      value: value === undefined || isTemplate(value) ? undefined : value,
      secrets: source === undefined ? [] : [{ name: secret, kind: "named", span: item.span }],
      removal: undefined,
    };
  });
}

function isTemplate(value: string): boolean {
  return /\$\(|\{\{/.test(value);
}

/** Secrets that a container gets whole: as variables, and as files. */
function containerSecrets(container: YamlNode | undefined, volumes: readonly YamlNode[]): readonly AmbientSecret[] {
  const groups = items(get(container, "envFrom")).flatMap((each) => {
    return wholeSecret(get(each, "secretRef", "name")).map((secret) => ({ ...secret, extent: "whole" as const }));
  });
  const mounted = new Set(items(get(container, "volumeMounts")).map((each) => text(get(each, "name"))));
  return [...groups, ...volumes.filter((each) => mounted.has(text(get(each, "name")))).flatMap(volumeSecrets)];
}

function volumeSecrets(volume: YamlNode): readonly AmbientSecret[] {
  const projected = items(get(volume, "projected", "sources")).map((each) => get(each, "secret", "name"));
  return [get(volume, "secret", "secretName"), ...projected].flatMap(wholeSecret);
}

function wholeSecret(name: YamlNode | undefined): readonly AmbientSecret[] {
  return name?.kind === "scalar" ? [{ name: `every key of “${name.text}”`, kind: "named", span: name.span }] : [];
}

/** What a container runs: its script, the script that its command hands to a shell, or the command itself. */
function scriptsOf({ file, folder }: Container, node: YamlNode): readonly Script[] {
  const setting = {
    operatingSystems: ["linux"],
    unit: `${node.span.start}`,
    scratch: "/tmp",
    folder: folderOf(text(get(node, "workingDir")) ?? folder),
  } as const;
  const written = scalar(get(node, "script"));
  if (written !== undefined) return [scriptOf(file, written, DIALECT, { ...setting, ...interpreterOf(written.text) })];
  const words = (key: string) => items(get(node, key)).flatMap((each) => scalar(each) ?? []);
  const command = words("command").map((word) => ({ scalar: word }));
  const [option, code] = words("args");
  // Without a command the image says what runs; what takes `-c` is a shell.
  if (command.length === 0 && code !== undefined && /^-[A-Za-z]*c$/.test(option?.text ?? "")) {
    const shell: Shell = { language: "sh", ...shellOptions([option?.text ?? ""]) };
    return [scriptOf(file, code, DIALECT, { ...setting, shell })];
  }
  const whole = [...command, ...words("args").map((word) => ({ scalar: word }))];
  const script = command.length === 0 ? undefined : commandOf(file, whole, DIALECT, setting, ESCAPES);
  return script === undefined ? [] : [script];
}

/** Source: kubernetes.io, "Define a Command and Arguments for a Container": `$$(NAME)` is `$(NAME)`. */
const ESCAPES: Escapes = /(\$)\$(?=\()/g;

/** Tasks work in a workspace that holds the repository; where in it, the path says. */
function folderOf(workingDir: string | undefined): string {
  return (workingDir ?? "").replace(/^(?:\$\(workspaces\.[\w-]+\.path\)|\/workspace\/[\w-]+)\/?/, "") || ".";
}

/** Source: tekton.dev/docs/pipelines/tasks, "Running scripts within Steps". A script without `#!` gets `set -e` in front of it. */
function interpreterOf(
  written: string,
): { readonly shell: Shell } & Partial<Pick<Script, "operatingSystems" | "scratch">> {
  const script = written.trimStart();
  const windows = /^#!win\b[ \t]*(.*)/.exec(script)?.[1]?.trim();
  if (windows === undefined) return { shell: shebangShell(script, { language: "sh", errexit: true, pipefail: false }) };
  const shell: Shell =
    windows === ""
      ? { language: "cmd", errexit: false, pipefail: undefined }
      : { ...shebangShell(`#!${windows}`, POWERSHELL), errexit: false, pipefail: undefined };
  return { shell, operatingSystems: ["windows"], scratch: shell.language === "cmd" ? "%TEMP%" : "$env:TEMP" };
}

const POWERSHELL: Shell = { language: "powershell", errexit: false, pipefail: undefined };

/** Source: tekton.dev/docs/pipelines: the pages of the resolvers. A name without a resolver is an object of the cluster. */
function remoteReference(file: SourceFile, ref: YamlNode | undefined, scope: Scope): readonly Reference[] {
  const params = new Map(
    items(get(ref, "params") ?? get(ref, "resource")).map((each) => [
      text(get(each, "name")) ?? "",
      get(each, "value"),
    ]),
  );
  const bundle = scalar(get(ref, "bundle")) ?? scalar(params.get("bundle"));
  if (bundle !== undefined) return [reference("bundle", bundle, readImage(bundle.text), scope)];
  switch (text(get(ref, "resolver"))) {
    case "git":
      return gitReference(file, params, scope);
    case "hub": {
      const version = params.get("version");
      const written = scalar(version) ?? scalar(params.get("name"));
      const pin = version === undefined ? "mutable" : versionPin(text(version));
      return written === undefined ? [] : [reference("task", written, { kind: "other", pin }, scope)];
    }
    case "http": {
      const url = scalar(params.get("url"));
      return url === undefined
        ? []
        : [reference("include", url, addressTarget(url.text, text(params.get("digest"))), scope)];
    }
    default:
      return [];
  }
}

function gitReference(
  file: SourceFile,
  params: ReadonlyMap<string, YamlNode | undefined>,
  scope: Scope,
): readonly Reference[] {
  const url = scalar(params.get("url"));
  const repository = url ?? scalar(params.get("repo"));
  if (repository === undefined) return [];
  const revision = params.get("revision");
  const written = scalar(revision);
  const pin = written === undefined ? (revision === undefined ? "mutable" : "unknown") : refPin(written.text);
  const server = text(params.get("serverURL"))?.replace(/^https?:\/\/|\/+$/g, "");
  const place = url === undefined ? undefined : gitPlace(url.text);
  const named = [text(params.get("org")), repository.text].filter((part) => part !== undefined).join("/");
  const target: Target = {
    kind: "repository",
    host: place?.host ?? server ?? "",
    repo: place?.repo ?? named,
    path: text(params.get("pathInRepo"))?.replace(/^\//, "") ?? "",
    ref: written?.text,
    pin,
  };
  const found = reference("include", written ?? repository, target, scope);
  if (written === undefined || written.style === "literal" || written.style === "folded") return [found];
  return [{ ...found, repin: repinOf(file.text, written.span, found.span) }];
}

function refPin(ref: string): Target["pin"] {
  return isCommitId(ref) ? "pinned" : isTemplate(ref) ? "unknown" : "mutable";
}

/** `https://host/owner/name.git`, `ssh://git@host/owner/name` and `git@host:owner/name`. */
function gitPlace(url: string): { readonly host: string; readonly repo: string } | undefined {
  const [, host, repo] =
    /^(?:https?|ssh|git):\/\/(?:[^@/\s]+@)?([^/\s]+)\/([^\s]+?)(?:\.git)?\/?$/.exec(url) ??
    /^[^@/\s]+@([^:/\s]+):([^\s]+?)(?:\.git)?\/?$/.exec(url) ??
    [];
  return host === undefined || repo === undefined || isTemplate(url) ? undefined : { host, repo };
}

/** The catalog keeps an exact version as it is; `>= 0.5.0` and no version at all are whatever is newest. */
function versionPin(version: string | undefined): Target["pin"] {
  if (version === undefined || isTemplate(version)) return "unknown";
  return /^v?\d[\w.+-]*$/.test(version) ? "pinned" : "mutable";
}

function addressTarget(url: string, digest: string | undefined): Target {
  const hashed = digest !== undefined && /^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/i.test(digest);
  const unknown = isTemplate(url) || (digest !== undefined && isTemplate(digest));
  return { kind: "address", url, pin: hashed || isImmutable(url) ? "pinned" : unknown ? "unknown" : "mutable" };
}

/** Tasks and pipelines that Pipelines-as-Code fetches: a list in brackets inside of a string. */
function annotatedReferences(object: YamlNode, scope: Scope): readonly Reference[] {
  const named = entries(get(object, "metadata", "annotations")).filter(({ key }) =>
    /^pipelinesascode\.tekton\.dev\/(?:task|pipeline)(?:-\d+)?$/.test(key),
  );
  return named.flatMap(({ value }) =>
    scalarsBelow(value).flatMap((written) =>
      [...written.text.matchAll(/\{\{[^}]*\}\}[^\s,[\]]*|[^\s,[\]]+/g)].map(({ index, 0: item }) => {
        const span = written.map.toDocument({ start: index, end: index + item.length });
        return { ...annotatedReference(item), text: item, span, scope, repin: undefined };
      }),
    ),
  );
}

function annotatedReference(item: string): Pick<Reference, "kind" | "target"> {
  if (isTemplate(item)) return { kind: "include", target: { kind: "other", pin: "unknown" } };
  if (/^https?:\/\//.test(item)) return { kind: "include", target: addressTarget(item, undefined) };
  if (/^\.|\.ya?ml$/.test(item)) {
    return { kind: "include", target: { kind: "local", path: item.replace(/^\.\//, ""), pin: "pinned" } };
  }
  const [, version] = /^(?:[\w-]+:\/\/)?[^:]+:(.+)$/.exec(item) ?? [];
  return { kind: "task", target: { kind: "other", pin: version === undefined ? "mutable" : versionPin(version) } };
}

function reference(kind: Reference["kind"], written: YamlScalar, target: Target, scope: Scope): Reference {
  const span = written.map.toDocument({ start: 0, end: written.text.length });
  return { kind, text: written.text, span, target, scope, repin: undefined };
}
