import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import { maskGitLab } from "../masking.ts";
import type {
  AmbientSecret,
  Job,
  OperatingSystem,
  Pin,
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
import { type Dialect, firstLine, scopeOf, scriptOf, variableOf } from "./reading.ts";
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
  read: (file, yaml, context) => readFile(file, yaml, context),
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

function readFile(file: SourceFile, { documents }: YamlFile, { remote }: Context): Pipeline {
  const root = documents.at(-1);
  const defined = new Set(entries(get(root, "variables")).map(({ key }) => key));
  const dialect: Dialect = { mask: maskGitLab, secretsIn: (written) => settingsVariable(written, defined) };
  const scope = scopeOf(
    file,
    {
      level: "pipeline",
      label: "the whole pipeline",
      parent: undefined,
      owner: root,
      key: "variables",
      ambient: AMBIENT,
    },
    dialect,
  );
  const includes: Includes = { text: file.text, host: remote?.host ?? "gitlab.com", scope };
  const reader: Reader = { file, root, dialect, includes };
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
  return {
    system: gitlabCi.id,
    systemName: gitlabCi.name,
    path: file.path,
    text: file.text,
    jobs: ordered.map((entry) => readJob(reader, scope, entry)),
    references: [...includeReferences(get(root, "include"), includes), ...shared],
    scope,
  };
}

interface Reader {
  readonly file: SourceFile;
  readonly root: YamlNode | undefined;
  readonly dialect: Dialect;
  readonly includes: Includes;
}

function readJob(reader: Reader, pipeline: Scope, { key, keySpan, value: job }: YamlEntry): Job {
  const { file, root, dialect } = reader;
  const own = scopeOf(
    file,
    { level: "job", label: `job “${key}”`, parent: pipeline, owner: job, key: "variables" },
    dialect,
  );
  const scope: Scope = {
    ...own,
    variables: [...own.variables, ...inheritedVariables(reader, job), ...secretVariables(reader, job)],
  };
  const shell = shellOf(reader, job);
  const operatingSystems: readonly OperatingSystem[] =
    shell.language === "powershell" ? ["windows"] : /macos/i.test(tagsOf(reader, job)) ? ["macos"] : ["linux"];
  const inherited = (name: string): YamlNode | undefined =>
    lookup(reader, job, name) ?? get(root, "default", name) ?? get(root, name);
  const read = (name: string, unit: string): readonly Script[] =>
    flatten(reader, inherited(name)).map((line) =>
      scriptOf(file, line, dialect, { shell, operatingSystems, unit, scratch: "/tmp" }),
    );
  const main = [
    ...read("before_script", "main"),
    ...flatten(reader, lookup(reader, job, "script")).map((line) =>
      scriptOf(file, line, dialect, { shell, operatingSystems, unit: "main", scratch: "/tmp" }),
    ),
  ];
  const step = (label: string, scripts: readonly Script[], always: boolean): Step => ({
    label,
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
  const after = read("after_script", "after");
  return {
    id: key,
    span: firstLine(file, keySpan),
    scope,
    steps: [
      step(`job “${key}”`, main, false),
      ...(after.length > 0 ? [step(`after_script of job “${key}”`, after, true)] : []),
    ],
    references: [
      ...imageReferences(get(job, "image"), scope),
      ...serviceReferences(get(job, "services"), scope),
      ...includeReferences(get(job, "trigger", "include"), { ...reader.includes, scope }),
    ],
    ...forwarded(lookup(reader, job, "trigger")),
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

/** A key of a job as `extends` hands it down: the job's own first, then the templates', the last one named first. Cycles end. */
function lookup(
  reader: Reader,
  job: YamlNode | undefined,
  key: string,
  seen: ReadonlySet<string> = new Set(),
): YamlNode | undefined {
  const own = get(job, key);
  if (own !== undefined) return own;
  for (const name of parentsOf(job).reverse()) {
    if (seen.has(name)) continue;
    const found = lookup(reader, get(reader.root, name), key, new Set([...seen, name]));
    if (found !== undefined) return found;
  }
  return undefined;
}

function parentsOf(job: YamlNode | undefined): string[] {
  const written = get(job, "extends");
  return written?.kind === "sequence"
    ? items(written).flatMap((each) => text(each) ?? [])
    : [text(written) ?? []].flat();
}

/** Variables of the templates that the job extends and does not set itself. */
function inheritedVariables(reader: Reader, job: YamlNode | undefined): readonly Variable[] {
  const seen = new Set(entries(get(job, "variables")).map(({ key }) => key));
  const visited = new Set<string>();
  const collect = (node: YamlNode | undefined): readonly Variable[] =>
    parentsOf(node)
      .reverse()
      .flatMap((name) => {
        if (visited.has(name)) return [];
        visited.add(name);
        const parent = get(reader.root, name);
        const map = get(parent, "variables");
        const own = entries(map).filter(({ key }) => !seen.has(key) && seen.add(key));
        return [
          ...own.map((entry) => variableOf(reader.file, map as YamlNode, entry, reader.dialect)),
          ...collect(parent),
        ];
      });
  return collect(job);
}

/** `secrets:` fetches from a store into a variable, `id_tokens:` makes a signed token: both are in the job's environment. */
function secretVariables(reader: Reader, job: YamlNode | undefined): readonly Variable[] {
  const { file, root, dialect } = reader;
  const named = (map: YamlNode | undefined, kind: SecretUse["kind"]): readonly Variable[] =>
    map === undefined
      ? []
      : entries(map).map((entry) => {
          const variable = variableOf(file, map, entry, dialect);
          return { ...variable, value: undefined, secrets: [{ name: entry.key, kind, span: entry.keySpan }] };
        });
  return [
    ...named(lookup(reader, job, "secrets"), "named"),
    ...named(lookup(reader, job, "id_tokens") ?? get(root, "default", "id_tokens"), "token"),
  ];
}

/** Lines of a script: a string, a list, lists in lists, and `!reference [job, key]` to another job's lines. */
function flatten(reader: Reader, node: YamlNode | undefined, depth = 0): readonly YamlScalar[] {
  if (node === undefined || depth > 10) return [];
  if (node.kind === "scalar") return [node];
  if (node.kind === "map") return [];
  if (node.tag === "!reference") {
    const path = node.items.flatMap((each) => text(each) ?? []);
    return flatten(reader, get(reader.root, ...path), depth + 1);
  }
  return node.items.flatMap((each) => flatten(reader, each, depth + 1));
}

/** The runner decides the shell, not the file: its tags and its image are the best hint there is. GitLab runs every list with errexit. */
function shellOf(reader: Reader, job: YamlNode | undefined): Shell {
  const image = lookup(reader, job, "image") ?? get(reader.root, "default", "image") ?? get(reader.root, "image");
  const name = text(image) ?? text(get(image, "name")) ?? "";
  if (/windows|powershell|servercore|nanoserver/i.test(name) || /windows/i.test(tagsOf(reader, job))) {
    return { language: "powershell", errexit: true, pipefail: undefined };
  }
  return { language: "bash", errexit: true, pipefail: !/alpine|busybox/i.test(name) };
}

function tagsOf(reader: Reader, job: YamlNode | undefined): string {
  const tags = lookup(reader, job, "tags") ?? get(reader.root, "default", "tags");
  return items(tags)
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
