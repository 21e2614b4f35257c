import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import { maskGitLab } from "../masking.ts";
import {
  type AmbientSecret,
  type Job,
  type OperatingSystem,
  type Pin,
  type Pipeline,
  type Pulled,
  type Reference,
  type Scope,
  type Script,
  type SecretUse,
  type Shell,
  type Step,
  scopeChain,
  type Target,
  type Variable,
} from "../model.ts";
import { isCommitId, readImage, repinOf } from "../reference.ts";
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
import { insertion } from "../yaml-edit.ts";
import { bareScope, type Dialect, firstLine, type ScriptSetting, scopeOf, scriptOf, variableOf } from "./reading.ts";
import { commandOf } from "./reading-command.ts";
import {
  type Document,
  definitionsOf,
  documentOf,
  includedPaths,
  inOrder,
  type Line,
  linesIn,
  lookup,
  MAX_LEVELS,
  type Part,
  parentsOf,
  partAt,
} from "./reading-gitlab.ts";
import { type Call, pullIn, type Trail, trailOf } from "./reading-pulled.ts";
import type { System } from "./system.ts";

/**
 * GitLab CI/CD pipelines and the files that they include.
 * Source: docs.gitlab.com, "CI/CD YAML syntax reference".
 */
export const gitlabCi: System = {
  id: "gitlab-ci",
  name: "GitLab CI",
  globs: [".gitlab-ci.{yml,yaml}", "*.gitlab-ci.{yml,yaml}", ".gitlab/ci/**/*.{yml,yaml}"],
  claims: (path, { documents }) => {
    if (/(?:^|\/)[^/]*\.gitlab-ci\.ya?ml$/.test(path)) return 2;
    const root = documents.at(-1);
    const jobs = entries(root).filter(({ key }) => !RESERVED.has(key));
    const running = jobs.filter(({ value }) => isCode(get(value, "script")));
    const distinctive = running.some(({ value }) => JOB_KEYS.some((key) => get(value, key) !== undefined));
    return distinctive || (get(root, "stages")?.kind === "sequence" && running.length > 0) ? 1 : 0;
  },
  read: (file, yaml, context, call) => readFile(file, yaml, context, call),
};

/** A single word under `script` is rather the name of a file. */
function isCode(script: YamlNode | undefined): boolean {
  return script?.kind === "sequence" || /\S\s+\S/.test(text(script) ?? "");
}

/** Top-level keys that are no jobs. */
const RESERVED = new Set([
  "default",
  "include",
  "stages",
  "variables",
  "workflow",
  "spec",
  "image",
  "services",
  "cache",
  "before_script",
  "after_script",
]);
/** Keys that, next to `script`, no other YAML format uses in this way. */
const JOB_KEYS = [
  "stage",
  "extends",
  "before_script",
  "after_script",
  "rules",
  "only",
  "needs",
  "artifacts",
  "tags",
  "allow_failure",
];

const AMBIENT: readonly AmbientSecret[] = [
  { name: "CI_JOB_TOKEN", kind: "token" },
  { name: "every variable configured in the project's settings", kind: "settings" },
];

function readFile(file: SourceFile, yaml: YamlFile, context: Context, call: Call | undefined): Pipeline {
  const trail = trailOf(file, call);
  const main = documentOf(file, yaml, context, trail);
  const documents = inOrder(main);
  const defined = new Set([
    ...documents.flatMap(({ root }) => entries(get(root, "variables")).map(({ key }) => key)),
    ...(call?.scope ? scopeChain(call.scope) : []).flatMap(({ variables }) => variables.map(({ name }) => name)),
  ]);
  const dialect: Dialect = { mask: maskGitLab, secretsIn: (written) => settingsVariable(written, defined) };
  const scopes = scopesOf(documents, dialect, call?.scope);
  const world: World = { context, trail, documents, dialect, scopes, host: context.remote?.host ?? "gitlab.com" };
  return readDocument(world, main);
}

/** What the files of one configuration have in common. */
interface World {
  readonly context: Context;
  /** The file that includes the others, then those, the ones that win first. */
  readonly documents: readonly Document[];
  readonly dialect: Dialect;
  readonly scopes: ReadonlyMap<Document, Scope>;
  /** The GitLab instance: projects and components lie on the one that runs the pipeline. */
  readonly host: string;
  readonly trail: Trail;
}

/** The variables of each file are in every job, those of the files that win innermost. */
function scopesOf(
  documents: readonly Document[],
  dialect: Dialect,
  around: Scope | undefined,
): ReadonlyMap<Document, Scope> {
  const scopes = new Map<Document, Scope>();
  let parent = around;
  for (const document of documents.toReversed()) {
    const { file, root, by } = document;
    const source = { level: "pipeline", label: "the whole pipeline", parent, owner: root, key: "variables" } as const;
    const scope = scopeOf(
      file,
      { ...source, ambient: by === undefined && around === undefined ? AMBIENT : [] },
      dialect,
    );
    parent = by === undefined ? scope : { ...scope, path: file.path };
    scopes.set(document, parent);
  }
  return scopes;
}

/** One file of the configuration. Its jobs are read as the whole configuration makes them. */
function readDocument(world: World, own: Document): Pipeline {
  const { file, root } = own;
  const innermost = world.documents[0] ?? own;
  const scope =
    world.scopes.get(own) ?? bareScope({ level: "pipeline", label: "the whole pipeline", parent: undefined });
  const around = world.scopes.get(innermost) ?? scope;
  const reader: Reader = { ...world, own, pulled: [], includes: { text: file.text, host: world.host, scope } };
  // A hidden job is a template: the jobs that extend it come first, so that what is said of its lines is said of real jobs.
  const declared = entries(root).filter(({ key, value }) => !RESERVED.has(key) && value?.kind === "map");
  const ordered = [
    ...declared.filter(({ key }) => !key.startsWith(".")),
    ...declared.filter(({ key }) => key.startsWith(".")),
  ];
  const shared = [
    ...imageReferences(get(root, "image") ?? get(root, "default", "image"), scope),
    ...serviceReferences(get(root, "services") ?? get(root, "default", "services"), scope),
  ];
  const jobs = ordered.map((entry) => readJob(reader, around, entry));
  const included = own.includes.flatMap((each): readonly Pulled[] =>
    each.by === undefined ? [] : [{ pipeline: readDocument(world, each), by: each.by }],
  );
  return {
    system: gitlabCi.id,
    systemName: gitlabCi.name,
    path: file.path,
    text: file.text,
    jobs,
    references: [...includeReferences(get(root, "include"), reader.includes), ...shared],
    scope,
    pulled: [...included, ...reader.pulled],
    readFile: world.context.read,
  };
}

interface Reader extends World {
  readonly own: Document;
  readonly includes: Includes;
  /** The child pipelines of the file. */
  readonly pulled: Pulled[];
}

function readJob(reader: Reader, pipeline: Scope, { key, keySpan, value: job }: YamlEntry): Job {
  const { documents, dialect, own: document } = reader;
  const { file } = document;
  const others = definitionsOf(documents, key).filter(({ at }) => at !== document);
  const parts: readonly Part[] = job === undefined ? others : [{ node: job, at: document }, ...others];
  const label = `job “${key}”`;
  const inherited = [...inheritedVariables(reader, parts), ...secretVariables(reader, parts)];
  const parent = elsewhereScope(reader, label, inherited, pipeline);
  const own = scopeOf(file, { level: "job", label, parent, owner: job, key: "variables" }, dialect);
  const here = inherited.flatMap(({ at, variable }) => (at === document ? [variable] : []));
  const scope: Scope = { ...own, ...pathOf(reader, document), variables: [...own.variables, ...here] };
  const shell = shellOf(reader, parts);
  const operatingSystems: readonly OperatingSystem[] =
    shell.language === "powershell" ? ["windows"] : /macos/i.test(tagsOf(reader, parts)) ? ["macos"] : ["linux"];
  const read = (part: Part | undefined, unit: string): readonly Script[] =>
    linesIn(documents, part).map((line) => scriptIn(reader, line, { shell, operatingSystems, unit, scratch: "/tmp" }));
  const anywhere = (name: string): Part | undefined =>
    lookup(documents, parts, name) ?? partAt(documents, "default", name) ?? partAt(documents, name);
  const main = [...read(anywhere("before_script"), "main"), ...read(lookup(documents, parts, "script"), "main")];
  const step = (name: string, scripts: readonly Script[], always: boolean): Step => ({
    label: name,
    span: keySpan,
    scope,
    scripts,
    references: [],
    inputs: [],
    secrets: [],
    reads: [],
    tolerated: false,
    always,
  });
  const after = read(anywhere("after_script"), "after");
  const hooks = anywhere("hooks");
  const before = read(partOf(hooks, "pre_get_sources_script"), "hooks");
  const functions = lookup(documents, parts, "run");
  const trigger = lookup(documents, parts, "trigger");
  pullChildren(reader, get(job, "trigger", "include"), label, scope);
  return {
    id: key,
    span: firstLine(file, keySpan),
    scope,
    steps: [
      ...startSteps(reader, parts, step),
      ...(before.length > 0 ? [step(`hooks of ${label}`, before, false)] : []),
      step(label, main, false),
      ...items(functions?.node).map((each, index): Step => {
        const scripts = read(partOf(functions && { ...functions, node: each }, "script"), `run ${index + 1}`);
        const name = `function “${text(get(each, "name")) ?? index + 1}” of ${label}`;
        return {
          ...step(name, scripts, false),
          references: functions?.at === document ? functionReference(reader.includes, each, scope) : [],
        };
      }),
      ...(after.length > 0 ? [step(`after_script of ${label}`, after, true)] : []),
    ],
    references: [
      ...imageReferences(get(job, "image"), scope),
      ...serviceReferences(get(job, "services"), scope),
      ...includeReferences(get(job, "trigger", "include"), { ...reader.includes, scope }),
    ],
    ...(trigger?.at === document ? forwarded(trigger.node) : {}),
  };
}

/** What the containers of a job start with instead of what their images say. */
function startSteps(
  reader: Reader,
  job: readonly Part[],
  step: (name: string, scripts: readonly Script[], always: boolean) => Step,
): readonly Step[] {
  const { documents, own, dialect } = reader;
  const places = ["image", "services"].flatMap((key) => {
    return lookup(documents, job, key) ?? partAt(documents, "default", key) ?? partAt(documents, key) ?? [];
  });
  const containers = places.flatMap(({ node, at }) =>
    (node.kind === "sequence" ? node.items : [node]).map((each) => ({ node: each, at })),
  );
  return containers.flatMap(({ node, at }): readonly Step[] => {
    const words = ["entrypoint", "command"].flatMap((key) =>
      items(get(node, key)).flatMap((each) => scalar(each) ?? []),
    );
    if (at !== own || !words.some((word) => word.text !== "")) return [];
    const setting = { operatingSystems: ["linux"], unit: `start ${node.span.start}`, scratch: "/tmp" } as const;
    const script = commandOf(
      at.file,
      words.map((word) => ({ scalar: word })),
      dialect,
      setting,
      NO_ESCAPES,
    );
    return script === undefined
      ? []
      : [step(`the start of container “${text(get(node, "name")) ?? "?"}”`, [script], false)];
  });
}

/** The list of words goes to the container as it is. */
const NO_ESCAPES = /(?!)/g;

/** What stands under a key of a part, in the same file. */
function partOf(part: Part | undefined, key: string): Part | undefined {
  const node = get(part?.node, key);
  return part && node && { node, at: part.at };
}

/** An entry of `run` that calls a function kept in a git repository. Source: docs.gitlab.com, "CI/CD functions". */
function functionReference({ text: document }: Includes, item: YamlNode, scope: Scope): readonly Reference[] {
  const written = scalar(get(item, "step") ?? get(item, "func"));
  const [, host, repo, path = "", ref] =
    /^([\w-]+(?:\.[\w-]+)+(?::\d+)?)\/([^@\s]+?)(?:\/-\/([^@\s]+))?@(\S+)$/.exec(written?.text ?? "") ?? [];
  if (written === undefined || host === undefined || repo === undefined || ref === undefined) return [];
  const pin = isCommitId(ref) ? "pinned" : ref.includes("$") ? "unknown" : "mutable";
  const target: Target = { kind: "repository", host, repo, path, ref, pin };
  const version = written.map.toDocument({ start: written.text.length - ref.length, end: written.text.length });
  return [{ ...reference("action", written, target, scope), repin: repinOf(document, written.span, version) }];
}

/** Child pipelines get the variables of the job that starts them. Source: docs.gitlab.com, `trigger:forward`. */
function pullChildren(reader: Reader, include: YamlNode | undefined, label: string, scope: Scope): void {
  const { context, own } = reader;
  const trail = { ...reader.trail, paths: [...reader.trail.paths, own.file.path] };
  for (const { path, span } of includedPaths(include, context)) {
    const calling = { paths: [path], by: { span, message: `Started by ${label}` }, scope, inputs: [] };
    reader.pulled.push(...pullIn(readFile, calling, trail, context));
  }
}

/** The file of a document, where that is not the one that is read. */
function pathOf({ documents }: Pick<Reader, "documents">, at: Document): { readonly path?: string } {
  return at === documents[0] ? {} : { path: at.file.path };
}

/** A line as a script, which may stand in another file of the configuration than the job. */
function scriptIn(reader: Reader, { line, at }: Line, setting: ScriptSetting): Script {
  const script = scriptOf(at.file, line, reader.dialect, setting);
  if (at === reader.own) return script;
  const { path } = at.file;
  return {
    ...script,
    path,
    rewrite: (changes) => script.rewrite(changes)?.map((edit) => ({ ...edit, path })),
  };
}

/**
 * A pipeline of another project that gets whatever values the run was started with, by hand, by a schedule or by the API.
 * Source: docs.gitlab.com, "CI/CD YAML syntax reference", `trigger:forward`.
 */
function forwarded(trigger: YamlNode | undefined): Pick<Job, "inheritance"> {
  const said = entry(get(trigger, "forward"), "pipeline_variables");
  if (said?.value === undefined || text(said.value) !== "true" || get(trigger, "project") === undefined) return {};
  return {
    inheritance: {
      span: said.span,
      valueSpan: said.value.span,
      workflow: undefined,
      what: "every variable that the run was started with",
      needs: { known: false, why: "elsewhere" },
      narrowed: () => undefined,
    },
  };
}

/** A variable with the file that it stands in. */
interface Inherited {
  readonly variable: Variable;
  readonly at: Document;
}

/** Variables of the templates that the job extends, and of its parts in other files, where the job does not set them itself. */
function inheritedVariables({ documents, dialect }: Reader, job: readonly Part[]): readonly Inherited[] {
  const seen = new Set<string>();
  const visited = new Set<string>();
  const of = (parts: readonly Part[], level: number): readonly Inherited[] => [
    ...parts.flatMap(({ node, at }, index) => {
      const map = get(node, "variables");
      const own = entries(map).filter(({ key }) => !seen.has(key) && seen.add(key));
      if (map === undefined || (level === 0 && index === 0)) return [];
      return own.map((each) => ({ variable: variableOf(at.file, map, each, dialect), at }));
    }),
    ...parentsOf(parts).flatMap((name) => {
      if (visited.has(name) || level >= MAX_LEVELS) return [];
      visited.add(name);
      return of(definitionsOf(documents, name), level + 1);
    }),
  ];
  return of(job, 0);
}

/** `secrets:` fetches from a store into a variable, `id_tokens:` makes a signed token: both are in the job's environment. */
function secretVariables({ documents, dialect }: Reader, job: readonly Part[]): readonly Inherited[] {
  const named = (part: Part | undefined, kind: SecretUse["kind"]): readonly Inherited[] =>
    part === undefined
      ? []
      : entries(part.node).map((entry) => {
          const variable = variableOf(part.at.file, part.node, entry, dialect);
          const secrets = [{ name: entry.key, kind, span: entry.keySpan }];
          return { variable: { ...variable, value: undefined, secrets }, at: part.at };
        });
  const tokens = lookup(documents, job, "id_tokens") ?? partAt(documents, "default", "id_tokens");
  return [...named(lookup(documents, job, "secrets"), "named"), ...named(tokens, "token")];
}

/** The variables that a job has from other files, a scope for each of those. */
function elsewhereScope(reader: Reader, label: string, inherited: readonly Inherited[], around: Scope): Scope {
  const files = new Set(inherited.map(({ at }) => at).filter((at) => at !== reader.own));
  return [...files].reverse().reduce((parent, file) => {
    const variables = inherited.flatMap(({ variable, at }) => (at === file ? [variable] : []));
    return bareScope({ level: "job", label, parent, variables, ...pathOf(reader, file) });
  }, around);
}

/** The runner decides the shell, not the file: its tags and its image are the best hint there is. GitLab runs every list with errexit. */
function shellOf(reader: Reader, job: readonly Part[]): Shell {
  const { documents } = reader;
  const image = lookup(documents, job, "image") ?? partAt(documents, "default", "image") ?? partAt(documents, "image");
  const name = text(image?.node) ?? text(get(image?.node, "name")) ?? "";
  if (/windows|powershell|servercore|nanoserver/i.test(name) || /windows/i.test(tagsOf(reader, job))) {
    return { language: "powershell", errexit: true, pipefail: undefined };
  }
  return { language: "bash", errexit: true, pipefail: !/alpine|busybox/i.test(name) };
}

function tagsOf({ documents }: Reader, job: readonly Part[]): string {
  const tags = lookup(documents, job, "tags") ?? partAt(documents, "default", "tags");
  return items(tags?.node)
    .flatMap((each) => text(each) ?? [])
    .join(" ");
}

/** A value that is nothing but a variable which no line of the file sets comes from the project's settings. */
function settingsVariable(written: YamlScalar, defined: ReadonlySet<string>): readonly SecretUse[] {
  const name = /^\$(?:\{(\w+)\}|(\w+))$/
    .exec(written.text.trim())
    ?.slice(1)
    .find((each) => each !== undefined);
  if (name === undefined || defined.has(name) || /^(?:CI|GITLAB|FF|CHAT|TRIGGER_PAYLOAD)(?:_|$)/.test(name)) return [];
  return [{ name, kind: "settings", span: written.span }];
}

function imageReferences(node: YamlNode | undefined, scope: Scope): readonly Reference[] {
  const written = scalar(node) ?? scalar(get(node, "name"));
  if (written === undefined || written.text === "") return [];
  return [reference("image", written, readImage(written.text), scope)];
}

function serviceReferences(node: YamlNode | undefined, scope: Scope): readonly Reference[] {
  return items(node).flatMap((each) => imageReferences(each, scope));
}

/** What an include needs to know besides its own lines. */
interface Includes {
  readonly text: string;
  /** The GitLab instance: projects and components lie on the one that runs the pipeline. */
  readonly host: string;
  readonly scope: Scope;
}

function includeReferences(node: YamlNode | undefined, includes: Includes): readonly Reference[] {
  const list = node?.kind === "sequence" ? node.items : node === undefined ? [] : [node];
  return list.flatMap((each) => includeReference(each, includes));
}

/** Source: docs.gitlab.com, `include`: what each kind accepts as a version. */
function includeReference(node: YamlNode, includes: Includes): readonly Reference[] {
  const { scope } = includes;
  const bare = scalar(node);
  if (bare !== undefined)
    return /^https?:\/\//.test(bare.text) ? [reference("include", bare, remoteTarget(bare.text), scope)] : [];
  const remote = scalar(get(node, "remote"));
  if (remote !== undefined) return [remoteInclude(node, remote, includes)];
  const component = scalar(get(node, "component"));
  if (component !== undefined) return [componentInclude(component, includes)];
  const project = scalar(get(node, "project"));
  return project === undefined ? [] : [projectInclude(node, project, includes)];
}

function remoteTarget(url: string, pin?: Pin): Extract<Target, { kind: "address" }> {
  return { kind: "address", url, pin: pin ?? (/[$]/.test(url) ? "unknown" : "mutable") };
}

function remoteInclude(node: YamlNode, remote: YamlScalar, { text: document, scope }: Includes): Reference {
  const integrity = scalar(get(node, "integrity"));
  const target = remoteTarget(remote.text, integrity?.text ? "pinned" : undefined);
  const place = integrity?.map.toDocument({ start: 0, end: integrity.text.length });
  const found = reference("include", remote, place === undefined ? target : { ...target, integrity: place }, scope);
  return integrity === undefined ? withAddition(found, document, node, "integrity") : found;
}

function componentInclude(component: YamlScalar, { text: document, host, scope }: Includes): Reference {
  const [, at = "", repo = "", path = "", ref] = /^([^/]+)\/(.+)\/([^/@]+)(?:@(.*))?$/.exec(component.text) ?? [];
  const own = /^\$(?:CI_SERVER_FQDN|CI_SERVER_HOST|\{CI_SERVER_FQDN\}|\{CI_SERVER_HOST\})$/.test(at);
  const pin =
    ref === undefined ? "mutable" : isCommitId(ref) ? "pinned" : /[$]/.test(`${repo}${ref}`) ? "unknown" : "mutable";
  const target: Target = { kind: "repository", host: own ? host : at, repo, path, ref, pin };
  const found = reference("include", component, target, scope);
  if (ref === undefined) return found;
  const start = component.text.length - ref.length;
  const version = component.map.toDocument({ start, end: component.text.length });
  return { ...found, repin: repinOf(document, component.span, version) };
}

function projectInclude(node: YamlNode, project: YamlScalar, { text: document, host, scope }: Includes): Reference {
  const ref = scalar(get(node, "ref"));
  const unknown = /[$]/.test(`${project.text}${ref?.text ?? ""}`);
  const pin = ref !== undefined && isCommitId(ref.text) ? "pinned" : unknown ? "unknown" : "mutable";
  const target: Target = {
    kind: "repository",
    host,
    repo: project.text.replace(/^\//, ""),
    path: "",
    ref: ref?.text,
    pin,
  };
  const found = reference("include", ref ?? project, target, scope);
  if (ref === undefined) return withAddition(found, document, node, "ref");
  return { ...found, repin: repinOf(document, ref.span, ref.map.toDocument({ start: 0, end: ref.text.length })) };
}

function withAddition(found: Reference, document: string, node: YamlNode, key: string): Reference {
  const slot = node.kind === "map" && node.alias === undefined ? insertion(document, node) : undefined;
  return slot === undefined ? found : { ...found, addition: { key, slot } };
}

function reference(kind: Reference["kind"], written: YamlScalar, target: Target, scope: Scope): Reference {
  return {
    kind,
    text: written.text,
    span: written.map.toDocument({ start: 0, end: written.text.length }),
    target,
    scope,
    repin: undefined,
  };
}
