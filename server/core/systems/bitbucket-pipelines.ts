import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import { maskNone } from "../masking.ts";
import type {
  AmbientSecret,
  Job,
  OperatingSystem,
  Pipeline,
  Reference,
  Scope,
  Script,
  SecretUse,
  Shell,
  Step,
  Target,
} from "../model.ts";
import { readImage } from "../reference.ts";
import { entries, get, items, scalar, text, type YamlFile, type YamlNode, type YamlScalar } from "../yaml.ts";
import {
  bareScope,
  bareStep,
  type Dialect,
  firstLine,
  scalarsBelow,
  scopeOf,
  scriptOf,
  variablesOf,
} from "./reading.ts";
import { type Call, localReferences, pullNamed } from "./reading-pulled.ts";
import type { System } from "./system.ts";

/**
 * Bitbucket Pipelines, and the files with pipelines that others import.
 * Source: support.atlassian.com/bitbucket-cloud, the pages on bitbucket-pipelines.yml, and the JSON schema of the file.
 */
export const bitbucketPipelines: System = {
  id: "bitbucket-pipelines",
  name: "Bitbucket Pipelines",
  globs: ["bitbucket-pipelines.{yml,yaml}", ".bitbucket/*pipelines.{yml,yaml}"],
  claims: (path, { documents: [root] }) => {
    if (/(?:^|\/)bitbucket-pipelines\.ya?ml$/.test(path)) return 2;
    const lists = [get(root, "pipelines"), get(root, "definitions", "pipelines")].flatMap((pipelines) =>
      entries(pipelines).flatMap(({ value }) => [value, ...entries(value).map((inner) => inner.value)]),
    );
    return lists.some((list) => items(list).some(isItem)) ? 1 : 0;
  },
  read: (file, yaml, context, call) => readFile(file, yaml, context, call),
};

/** True for what stands in the list of a pipeline: a step with its script, or steps that run one after the other or side by side. */
function isItem(node: YamlNode): boolean {
  const group = get(node, "parallel");
  const steps = [get(node, "stage", "steps"), get(group, "steps"), group].flatMap((list) => items(list));
  return [node, ...steps].some((each) => get(each, "step", "script")?.kind === "sequence");
}

const AMBIENT: readonly AmbientSecret[] = [
  { name: "every variable configured in the settings of the repository or its workspace", kind: "settings" },
];

function readFile(
  file: SourceFile,
  { documents: [root] }: YamlFile,
  context: Context,
  call: Call | undefined,
): Pipeline {
  const scope = bareScope({ level: "pipeline", label: "the whole file", parent: undefined, ambient: AMBIENT });
  const pipelines = get(root, "pipelines");
  const definitions = get(root, "definitions");
  const chosen = new Set(chosenNames(pipelines));
  const dialect: Dialect = { mask: maskNone, secretsIn: (written) => settingsVariable(written, chosen) };
  const reader: Reader = { file, image: get(root, "image"), dialect };
  const running = [...stepsIn(pipelines, scope)];
  const used = new Set(running.map(({ node }) => node.span.start));
  // What is defined for the sake of its anchor is read where the alias stands, and here where no alias does.
  const defined = [...stepsIn(definitions, scope)].filter(({ node }) => !used.has(node.span.start));
  const services = entries(get(definitions, "services")).flatMap(({ key, value }) => {
    const source = {
      level: "service",
      label: `service “${key}”`,
      parent: scope,
      owner: value,
      key: "variables",
    } as const;
    return imageReferences(get(value, "image"), scopeOf(file, source, dialect));
  });
  const sources = entries(get(definitions, "imports")).flatMap(({ value }) =>
    importReferences(scalar(value), true, scope),
  );
  const imports = [...importsIn(pipelines), ...importsIn(get(definitions, "pipelines"))];
  return {
    system: bitbucketPipelines.id,
    systemName: bitbucketPipelines.name,
    path: file.path,
    text: file.text,
    jobs: [...running, ...defined].map((step) => readStep(reader, step)),
    references: [
      ...imageReferences(reader.image, scope),
      ...services,
      ...sources,
      ...imports.flatMap((node) => importReferences(scalar(node), false, scope)),
    ],
    scope,
    pulled: pullNamed(readFile, file, localReferences(sources, "Imported here"), context, call),
  };
}

interface Reader {
  readonly file: SourceFile;
  /** The image of steps that name none. */
  readonly image: YamlNode | undefined;
  readonly dialect: Dialect;
}

interface PlacedStep {
  readonly node: YamlNode;
  readonly parent: Scope;
}

/** Every map with a script below a node: in lists of pipelines, in parallel groups and stages, and in definitions. */
function* stepsIn(node: YamlNode | undefined, parent: Scope, depth = 0): Iterable<PlacedStep> {
  if (node === undefined || depth > 12) return;
  for (const item of items(node)) yield* stepsIn(item, parent, depth + 1);
  if (get(node, "script")?.kind === "sequence") {
    yield { node, parent };
    return;
  }
  for (const { key, value } of entries(node)) {
    if (key === "services" || key === "caches") continue;
    yield* stepsIn(value, key === "stage" ? stageScope(value, parent) : parent, depth + 1);
  }
}

function stageScope(stage: YamlNode | undefined, parent: Scope): Scope {
  const deployment = deploymentSecrets(stage);
  const name = text(get(stage, "name")) ?? text(get(stage, "deployment"));
  if (deployment.length === 0) return parent;
  return bareScope({ level: "stage", label: `stage “${name}”`, parent, ambient: deployment });
}

/** A deployment environment has variables of its own, for the steps that name it. */
function deploymentSecrets(node: YamlNode | undefined): readonly AmbientSecret[] {
  const environment = text(get(node, "deployment"));
  if (environment === undefined) return [];
  return [{ name: `every variable of the deployment environment “${environment}”`, kind: "settings" }];
}

/** Each step is a container of its own, so what is a step to the product is a job to the model. */
function readStep(reader: Reader, { node, parent }: PlacedStep): Job {
  const { file, dialect } = reader;
  const label = labelOf(node);
  const token: AmbientSecret = { name: "BITBUCKET_STEP_OIDC_TOKEN", kind: "token" };
  const ambient = [...deploymentSecrets(node), ...(text(get(node, "oidc")) === "true" ? [token] : [])];
  const scope = bareScope({ level: "job", label, parent, ambient });
  const span = firstLine(file, node.span);
  const setting = settingOf(reader, node);
  const part = (key: string, name: string, always: boolean): readonly Step[] => {
    const lines = items(get(node, key));
    const scripts = lines.flatMap((line): readonly Script[] => {
      const written = scalar(line);
      return written === undefined ? [] : [scriptOf(file, written, dialect, { ...setting, unit: key })];
    });
    const own = bareStep({ label: name, span, scope, scripts, always });
    const pipes = lines.flatMap((line) => readPipe(reader, line, scope, always));
    return [...(scripts.length > 0 ? [own] : []), ...pipes];
  };
  return {
    id: label,
    span,
    scope,
    steps: [...part("script", label, false), ...part("after-script", `after-script of ${label}`, true)],
    references: imageReferences(get(node, "image"), scope),
  };
}

function labelOf(step: YamlNode): string {
  const first = items(get(step, "script"))
    .map((line) => text(line) ?? text(get(line, "pipe")) ?? "")
    .find((line) => line !== "");
  const name = (text(get(step, "name")) ?? first ?? "").trim().split("\n", 1)[0] ?? "";
  return `step “${name.length > 60 ? `${name.slice(0, 59)}…` : name}”`;
}

/** Docker runs the lines unless the labels of a runner of one's own say otherwise. All lines of a list share a shell with errexit. */
function settingOf(
  { image }: Reader,
  step: YamlNode,
): Pick<Script, "shell" | "scratch"> & { readonly operatingSystems: readonly OperatingSystem[] } {
  const labels = scalarsBelow(get(step, "runs-on")).map((label) => label.text.toLowerCase());
  if (labels.includes("windows")) {
    const shell: Shell = { language: "powershell", errexit: true, pipefail: undefined };
    return { shell, operatingSystems: ["windows"], scratch: "$env:TEMP" };
  }
  const named = get(step, "image") ?? image;
  const name = text(named) ?? text(get(named, "name")) ?? "";
  const language = /alpine|busybox/i.test(name) ? "sh" : "bash";
  const operatingSystem = labels.includes("macos") ? "macos" : "linux";
  const shell: Shell = { language, errexit: true, pipefail: false };
  return { shell, operatingSystems: [operatingSystem], scratch: "/tmp" };
}

/**
 * A pipe is a container that gets the variables it is given. What it is given where the file says nothing is up to the pipe: its
 * metadata can name any variable of the step as a default.
 */
function readPipe({ file, dialect }: Reader, node: YamlNode, scope: Scope, always: boolean): readonly Step[] {
  const written = scalar(get(node, "pipe"));
  if (written === undefined || written.text === "") return [];
  const target = pipeTarget(written.text);
  const label = `pipe “${written.text.replace(/^docker:\/\//, "").replace(/[:@].*$/s, "")}”`;
  const kind = target.kind === "image" ? "image" : "pipe";
  const references = [{ ...reference(kind, written, target, scope), ...versionsOf(written, target) }];
  const inputs = variablesOf(file, get(node, "variables"), dialect);
  return [bareStep({ label, span: firstLine(file, node.span), scope, references, inputs, always })];
}

/** `account/name:version` is a tag of the pipe's repository, `docker://image` an image. */
function pipeTarget(written: string): Target {
  if (written.startsWith("docker://")) return readImage(written.slice("docker://".length));
  const [, repo, ref] = /^([^/:\s]+\/[^/:\s]+)(?::(\S+))?$/.exec(written) ?? [];
  if (repo === undefined || written.includes("$")) return { kind: "other", pin: "unknown" };
  return { kind: "repository", host: "bitbucket.org", repo, path: "", ref, pin: "mutable" };
}

/** A pipe without an exact version: `account/name`, a range such as `:1`, a word such as `:latest`, a branch. */
function versionsOf({ text: name, map }: YamlScalar, target: Target): Pick<Reference, "versions"> {
  if (target.kind !== "repository" || EXACT.test(target.ref ?? "")) return {};
  const { host, repo, ref = "" } = target;
  const [range = ""] = /^\d+(?:\.\d+)?$/.exec(ref) ?? [];
  const slot = map.toDocument({ start: repo.length, end: name.trimEnd().length });
  return { versions: { list: { kind: "tags", host, repo }, range, slot, before: ":" } };
}

const EXACT = /^v?\d+\.\d+\.\d+/;

/** The values of `import:` of all pipelines. */
function importsIn(node: YamlNode | undefined, depth = 0): readonly YamlNode[] {
  return depth > 3
    ? []
    : entries(node).flatMap(({ key, value }) =>
        key === "import" && value !== undefined ? [value] : importsIn(value, depth + 1),
      );
}

/**
 * `repository:ref:pipeline`, or of a source `repository:ref[:file]` or a file of this repository. No ref can be a commit. A pipeline
 * `name@source` of a source that the file declares is no reference of its own.
 */
function importReferences(written: YamlScalar | undefined, source: boolean, scope: Scope): readonly Reference[] {
  if (written === undefined || written.text === "") return [];
  const [repo = "", ref, rest = ""] = written.text.split(":");
  if (ref === undefined) {
    const local: Target = { kind: "local", path: repo.replace(/^\.?\//, ""), pin: "pinned" };
    return source ? [reference("include", written, local, scope)] : [];
  }
  const target: Target = { kind: "repository", host: "", repo, path: source ? rest : "", ref, pin: "mutable" };
  return [{ ...reference("include", written, target, scope), instead: NO_COMMIT }];
}

/** Source: the JSON schema of the file, `import`: "a tag or branch". */
const NO_COMMIT =
  "Bitbucket takes no commit id here, so name a tag and have the settings of that repository protect it.";

/** Names that who starts a custom pipeline gives values to. */
function chosenNames(pipelines: YamlNode | undefined): readonly string[] {
  return entries(get(pipelines, "custom")).flatMap(({ value }) =>
    items(value).flatMap((item) => items(get(item, "variables")).flatMap((each) => text(get(each, "name")) ?? [])),
  );
}

/** A value that is nothing but a variable which the product does not set comes from the settings. */
function settingsVariable(written: YamlScalar, chosen: ReadonlySet<string>): readonly SecretUse[] {
  const [, name = ""] = /^\$\{?(\w+)\}?$/.exec(written.text.trim()) ?? [];
  if (name === "" || chosen.has(name) || name.startsWith("BITBUCKET_")) return [];
  return [{ name, kind: "settings", span: written.span }];
}

function imageReferences(node: YamlNode | undefined, scope: Scope): readonly Reference[] {
  const written = scalar(node) ?? scalar(get(node, "name"));
  if (written === undefined || written.text === "") return [];
  return [reference("image", written, readImage(written.text), scope)];
}

function reference(kind: Reference["kind"], written: YamlScalar, target: Target, scope: Scope): Reference {
  const span = written.map.toDocument({ start: 0, end: written.text.length });
  return { kind, text: written.text, span, target, scope, repin: undefined };
}
