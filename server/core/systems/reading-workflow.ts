import type { SourceFile } from "../analyze.ts";
import { maskGitHub } from "../masking.ts";
import {
  type AmbientSecret,
  type Checkout,
  type Handover,
  type Job,
  type OperatingSystem,
  type Pipeline,
  type Reference,
  type ReferenceKind,
  type Scope,
  type SecretUse,
  type Shell,
  type Step,
  scopeChain,
  type TokenNeed,
  type Variable,
} from "../model.ts";
import { readActionReference, readImage, repinOf } from "../reference.ts";
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
import { type Dialect, firstLine, scalarsBelow, scopeOf, scriptOf, secretsBelow, variablesOf } from "./reading.ts";
import { inheritanceOf } from "./reading-called-workflow.ts";
import { EVERY_SECRET, secretReader, valuesIn } from "./reading-expressions.ts";
import { type Audience, eventsOf, injectionsIn } from "./reading-strangers.ts";
import { actionNeed, scriptNeed } from "./reading-workflow-actions.ts";
import { inputCode } from "./reading-workflow-inputs.ts";
import { jobPermit, workflowPermit } from "./reading-workflow-permit.ts";
import {
  actionAdmission,
  calledSecrets,
  type Puller,
  pullAction,
  pullBuild,
  pullContainer,
  pullerOf,
  pullWorkflow,
  type Surroundings,
} from "./reading-workflow-pulled.ts";
import { identityOf, permissionsOf, tokenOf } from "./reading-workflow-token.ts";
import {
  type Admission,
  actionCheckout,
  admissionOf,
  openTriggersOf,
  scriptCheckout,
} from "./reading-workflow-trust.ts";
import type { System } from "./system.ts";

// The notation of GitHub Actions, which other products read as well.

/** What the products that read this notation do not have in common. */
export interface WorkflowProduct {
  /** Where `owner/name` lies; "" where the settings of the server decide. */
  readonly host: string;
  /** Names of the context that has the job's token as `.token`. */
  readonly contexts: readonly string[];
  /** Names of the job's token among the secrets; the first one stands for the context's. */
  readonly tokens: readonly string[];
  /** What every step has in its environment, whatever the file says. */
  readonly ambient: readonly AmbientSecret[];
  /** True where `permissions` says what the token may do, and where the token gets to actions alone. */
  readonly permissions: boolean;
  /** What the names of the environment files start with, such as `GITHUB` of `$GITHUB_ENV`, the usual one first. */
  readonly prefixes: readonly string[];
  /** The shell of a step that names none, where it does not run on Windows. */
  defaultShell(container: boolean): Shell;
}

/** True for a workflow: what starts it, and a job with its machine or with the workflow that it calls. */
export function isWorkflow(root: YamlNode | undefined): boolean {
  const jobs = entries(get(root, "jobs"));
  const distinctive = jobs.some(
    ({ value }) => get(value, "runs-on") !== undefined || /\.ya?ml@/.test(text(get(value, "uses")) ?? ""),
  );
  return entry(root, "on") !== undefined && distinctive;
}

/** True for the metadata of an action. */
export function isAction(root: YamlNode | undefined): boolean {
  return get(root, "runs", "using") !== undefined;
}

/**
 * Reads a workflow or a composite action.
 * Source: docs.github.com, "Workflow syntax for GitHub Actions" and "Metadata syntax for GitHub Actions".
 */
export function readWorkflow(
  file: SourceFile,
  { documents: [root] }: YamlFile,
  { id, name }: Pick<System, "id" | "name">,
  product: WorkflowProduct,
  surroundings: Surroundings,
): Pipeline {
  const { call } = surroundings;
  const dialect: Dialect = {
    mask: maskGitHub,
    secretsIn: calledSecrets(secretReader(product, valuesIn(root, undefined)), root, call),
  };
  const puller = pullerOf(file, surroundings, (other, yaml, around) =>
    readWorkflow(other, yaml, { id, name }, product, around),
  );
  const named = { system: id, systemName: name };
  const reader: Reader = { file, root, product, dialect, puller, named };
  pullContainer(puller, file, root, named);
  const granted = product.permissions ? permissionsOf(root) : undefined;
  const source = {
    level: "pipeline",
    label: "the whole workflow",
    parent: call?.scope,
    owner: root,
    key: "env",
  } as const;
  const permit = product.permissions ? workflowPermit(file.text, root) : undefined;
  const scope: Scope = {
    ...scopeOf(file, { ...source, ambient: product.ambient }, dialect),
    ...(granted !== undefined && { permissions: granted }),
    ...(permit !== undefined && { permit }),
  };
  const composite = get(root, "runs", "steps");
  const jobs =
    composite === undefined
      ? entries(get(root, "jobs")).map(({ key, keySpan, value }) => readJob(reader, scope, key, keySpan, value))
      : [readComposite(reader, scope, composite)];
  return {
    system: id,
    systemName: name,
    path: file.path,
    text: file.text,
    jobs,
    references: imageReference(get(root, "runs", "image"), scope),
    scope,
    openTriggers: openTriggersOf(root),
    pulled: puller.pulled,
  };
}

interface Reader {
  readonly file: SourceFile;
  readonly root: YamlNode | undefined;
  readonly product: WorkflowProduct;
  readonly dialect: Dialect;
  readonly puller: Puller;
  readonly named: Pick<Pipeline, "system" | "systemName">;
}

function readComposite(reader: Reader, scope: Scope, steps: YamlNode): Job {
  const host: StepHost = {
    ...reader,
    scope,
    defaultShell: undefined,
    operatingSystems: [],
    container: false,
    folder: ".",
    admission: actionAdmission(reader.puller),
    audience: { events: undefined, conditions: [], contexts: reader.product.contexts },
  };
  return {
    id: text(get(reader.root, "name")) ?? "action",
    span: firstLine(reader.file, steps.span),
    scope,
    steps: readSteps(host, steps),
    references: [],
  };
}

function readJob(whole: Reader, pipeline: Scope, id: string, span: Span, job: YamlNode | undefined): Job {
  const { file, root, product, puller } = whole;
  const { context, call: outer } = puller;
  const secretsIn = calledSecrets(secretReader(product, valuesIn(root, job)), root, outer);
  const dialect: Dialect = { ...whole.dialect, secretsIn };
  const reader: Reader = { ...whole, dialect };
  const granted = product.permissions ? permissionsOf(job) : undefined;
  const permit = product.permissions ? jobPermit(file.text, span, job) : undefined;
  const source = { level: "job", label: `job “${id}”`, parent: pipeline, owner: job, key: "env" } as const;
  const scope: Scope = {
    ...scopeOf(file, { ...source, ambient: identityOf(granted ?? pipeline.permissions) }, dialect),
    ...(granted !== undefined && { permissions: granted }),
    ...(permit !== undefined && { permit }),
  };
  const container = get(job, "container");
  const image = container?.kind === "map" ? get(container, "image") : container;
  const inside =
    container === undefined
      ? scope
      : scopeOf(
          file,
          { level: "job", label: `the container of job “${id}”`, parent: scope, owner: container, key: "env" },
          dialect,
        );
  // A service gets its own variables and none of the job's.
  const services = entries(get(job, "services")).flatMap(({ key, value }) => {
    const beside = {
      level: "service",
      label: `service “${key}”`,
      parent: undefined,
      owner: value,
      key: "env",
    } as const;
    return imageReference(get(value, "image"), scopeOf(file, beside, dialect));
  });
  const host: StepHost = {
    ...reader,
    scope: inside,
    defaultShell: scalar(get(job, "defaults", "run", "shell") ?? get(root, "defaults", "run", "shell")),
    operatingSystems: operatingSystemsOf(job),
    container: container !== undefined,
    admission: admissionOf(root, job),
    folder:
      text(get(job, "defaults", "run", "working-directory") ?? get(root, "defaults", "run", "working-directory")) ??
      ".",
    audience: {
      events: eventsOf(get(root, "on")),
      conditions: [text(get(job, "if")) ?? ""],
      contexts: reader.product.contexts,
    },
  };
  const called = actionReference(reader, "workflow", scalar(get(job, "uses")), scope);
  const inheritance = inheritanceOf({ file, names: product, context }, job, called[0]);
  const call: Step = {
    label: `the call of job “${id}”`,
    span,
    scope,
    scripts: [],
    references: called,
    inputs: [...variablesOf(file, get(job, "with"), dialect), ...variablesOf(file, get(job, "secrets"), dialect)],
    secrets: inheritance ? [{ name: EVERY_SECRET, kind: "named", span: inheritance.span, extent: "whole" }] : [],
    reads: readsIn(get(job, "with")),
    ...(product.permissions && { token: {} }),
    tolerated: false,
    always: false,
  };
  pullWorkflow(reader.puller, job, id, call);
  const steps = [...(called.length > 0 ? [call] : []), ...readSteps(host, get(job, "steps"))];
  const references = [...imageReference(image, inside), ...services];
  const fetched = [container, get(job, "services")].flatMap((each) => secretsBelow(each, dialect));
  const token: TokenNeed = { areas: { packages: "read" } };
  return {
    id,
    span,
    scope,
    steps,
    references,
    ...(fetched.some(({ kind }) => kind === "token") && { token }),
    ...(inheritance !== undefined && { inheritance }),
  };
}

/** What the steps of one job share. */
interface StepHost extends Reader {
  readonly scope: Scope;
  readonly defaultShell: YamlScalar | undefined;
  readonly operatingSystems: readonly OperatingSystem[];
  readonly container: boolean;
  /** The working directory of steps that name none. */
  readonly folder: string;
  readonly admission: Admission;
  /** Whose texts come to the job. */
  readonly audience: Audience;
}

/** Steps in order; those inside of `parallel` stand where their group stands. */
function readSteps(host: StepHost, steps: YamlNode | undefined): readonly Step[] {
  return items(steps).flatMap((step, index) => {
    const group = get(step, "parallel");
    return group === undefined ? [readStep(host, step, `${steps?.span.start}.${index}`)] : readSteps(host, group);
  });
}

function readStep(host: StepHost, step: YamlNode, unit: string): Step {
  const { file, dialect } = host;
  const label = labelOf(step);
  const run = scalar(get(step, "run"));
  const called = scalar(get(step, "uses"));
  const ambient = called === undefined || called.text.startsWith("docker://") ? [] : tokensOf(host);
  const scope = scopeOf(file, { level: "step", label, parent: host.scope, owner: step, key: "env", ambient }, dialect);
  const references = actionReference(host, "action", called, scope);
  const checkout = checkoutOf(host, step, references, run);
  const inputs = variablesOf(file, get(step, "with"), dialect);
  const secrets = others(step).flatMap(({ value }) => secretsBelow(value, dialect));
  const handed = [scope.variables, inputs].flat().flatMap((variable) => variable.secrets);
  const folder = text(get(step, "working-directory")) ?? host.folder;
  const shell = shellOf(scalar(get(step, "shell")) ?? host.defaultShell, host);
  const setting = {
    shell,
    operatingSystems: host.operatingSystems,
    unit,
    scratch: "$RUNNER_TEMP",
    handover: handoverOf(host.product, run?.text ?? ""),
    folder,
  };
  const handedCode = inputCode(step);
  const code = [...(run === undefined ? [] : [run]), ...handedCode.map(({ written }) => written)];
  const conditions = [...host.audience.conditions, text(get(step, "if")) ?? ""];
  const injections = code.flatMap((each) => injectionsIn(each, scope, { ...host.audience, conditions }));
  const result: Step = {
    label,
    span: firstLine(file, step.span),
    scope,
    scripts: [
      ...(run === undefined ? [] : [scriptOf(file, run, dialect, setting)]),
      ...handedCode.map(({ written, ...own }, index) =>
        scriptOf(file, written, dialect, { ...setting, ...own, unit: index === 0 ? unit : `${unit} ${index}` }),
      ),
    ],
    references,
    inputs,
    ...(checkout !== undefined && { checkout }),
    ...needsOf(host, references, inputs, [...handed, ...secrets], run),
    secrets,
    reads: readsIn(step),
    ...(injections.length > 0 && { injections }),
    tolerated: (text(get(step, "continue-on-error")) ?? "false") !== "false",
    always: /\b(?:always|failure|cancelled)\s*\(/.test(text(get(step, "if")) ?? ""),
  };
  pullAction(host.puller, result, host.admission);
  pullBuild(host.puller, result, host.named);
  return result;
}

/** An action can take the job's token without being handed it: an input of its own may have it as its default. */
function tokensOf({ product, scope }: StepHost): readonly AmbientSecret[] {
  const [name] = product.tokens;
  if (!product.permissions || name === undefined) return [];
  return [tokenOf(name, scopeChain(scope).find(({ permissions }) => permissions !== undefined)?.permissions)];
}

/** Since version 4 hidden files stay out unless somebody asks for them. Source: the readme of actions/upload-artifact. */
function uploadsTree(called: Reference | undefined, inputs: readonly Variable[]): boolean {
  const input = (key: string): string => inputs.find(({ name }) => name === key)?.value?.trim() ?? "";
  const all = /^(?:\.\/?|\*{1,2}|\.?\/?\*\*\/\*|\$\{\{\s*github\.workspace\s*\}\}\/?)$/.test(input("path"));
  const hidden = input("include-hidden-files") === "true" || /@v?[1-3](?:\.\d+)*$/.test(called?.text ?? "");
  return all && hidden;
}

function others(step: YamlNode): readonly YamlEntry[] {
  return entries(step).filter(({ key }) => key !== "env" && key !== "with");
}

/** What a step needs of the job's token and of git, from the table of actions and from the commands of its script. */
function needsOf(
  { product, scope }: StepHost,
  [called]: readonly Reference[],
  inputs: readonly Variable[],
  secrets: readonly SecretUse[],
  run: YamlScalar | undefined,
): Pick<Step, "git" | "token" | "uploadsTree"> {
  const { target } = called ?? {};
  const action = target?.kind === "repository" ? `${target.repo}${target.path && `/${target.path}`}` : undefined;
  const known = action === undefined ? undefined : actionNeed(action, inputs);
  const around = scopeChain(scope).flatMap(({ variables }) => variables.flatMap((variable) => variable.secrets));
  const named = [...secrets, ...around].some(({ kind }) => kind === "token");
  const areas = run === undefined ? known?.areas : scriptNeed(run.text);
  const gets = product.permissions && (named || (called !== undefined && called.kind !== "image"));
  return {
    ...(known !== undefined && { git: known.git }),
    ...(gets && { token: areas === undefined ? {} : { areas } }),
    ...(action?.toLowerCase() === "actions/upload-artifact" && { uploadsTree: uploadsTree(called, inputs) }),
  };
}

/** The makers' own action, and the copies of it that other forges host; or a script that fetches what strangers sent. */
function checkoutOf(
  { file, admission }: StepHost,
  step: YamlNode,
  [called]: readonly Reference[],
  run: YamlScalar | undefined,
): Checkout | undefined {
  if (run !== undefined) return scriptCheckout(run, step, admission);
  const action = called?.target.kind === "repository" ? called.target : undefined;
  const known = action?.repo.toLowerCase() === "actions/checkout" && action.path === "";
  return known ? actionCheckout(file.text, step, admission) : undefined;
}

/** The environment files by the name that the script uses. Source: docs.github.com, "Workflow commands": environment files. */
function handoverOf({ prefixes: [first = "", ...others] }: WorkflowProduct, script: string): Handover {
  const prefix = others.find((each) => script.includes(`${each}_ENV`) || script.includes(`${each}_PATH`)) ?? first;
  return { path: `$${prefix}_PATH`, environment: `$${prefix}_ENV` };
}

function labelOf(step: YamlNode): string {
  const named = text(get(step, "name")) ?? text(get(step, "id")) ?? text(get(step, "uses"))?.replace(/@.*$/s, "");
  const first = (named ?? text(get(step, "run")) ?? "").trim().split("\n", 1)[0] ?? "";
  return `step “${first.length > 60 ? `${first.slice(0, 59)}…` : first}”`;
}

/** Source: docs.github.com, `jobs.<job_id>.steps[*].shell`, the table of what each keyword runs. */
function shellOf(written: YamlScalar | undefined, { operatingSystems, container, product }: StepHost): Shell {
  const command = written?.text.trim() ?? "";
  if (command === "") {
    const windows = operatingSystems.length > 0 && operatingSystems.every((system) => system === "windows");
    return windows && !container
      ? { language: "powershell", errexit: true, pipefail: undefined }
      : product.defaultShell(container);
  }
  const [program = "", ...options] = command.split(/\s+/);
  const name = program
    .replace(/^.*[/\\]/, "")
    .replace(/\.exe$/i, "")
    .toLowerCase();
  const custom = options.length > 0;
  const flags = options.filter((option) => /^-\w+$/.test(option)).join("");
  const errexit = !custom || flags.includes("e");
  switch (name) {
    case "bash":
    case "zsh":
    case "ksh":
      return { language: name, errexit, pipefail: name === "bash" && (!custom || options.includes("pipefail")) };
    case "sh":
    case "dash":
    case "ash":
      return { language: "sh", errexit, pipefail: false };
    case "pwsh":
    case "powershell":
      return { language: "powershell", errexit: true, pipefail: undefined };
    case "cmd":
      return { language: "cmd", errexit: false, pipefail: undefined };
    case "python":
    case "python3":
      return { language: "python", errexit: undefined, pipefail: undefined };
    case "node":
      return { language: "javascript", errexit: undefined, pipefail: undefined };
    default: {
      const inner = /\b(bash|sh|zsh)\b/.exec(command)?.[1];
      return {
        language: inner === "bash" || inner === "sh" || inner === "zsh" ? inner : "other",
        errexit: inner ? errexit : undefined,
        pipefail: undefined,
      };
    }
  }
}

/** From `runs-on`; a matrix value is looked up where the matrix is written out. */
function operatingSystemsOf(job: YamlNode | undefined): readonly OperatingSystem[] {
  const written = scalarsBelow(get(job, "runs-on")).map(({ text: value }) => value);
  const names = written.flatMap((value) => {
    const key = /^\$\{\{\s*matrix\.([\w-]+)\s*\}\}$/.exec(value.trim())?.[1];
    return key === undefined ? [value] : matrixValues(job, key);
  });
  const systems = names.flatMap((name): OperatingSystem[] => {
    if (/windows/i.test(name)) return ["windows"];
    if (/macos|darwin/i.test(name)) return ["macos"];
    return /ubuntu|linux|debian|alpine|docker|lxc/i.test(name) ? ["linux"] : [];
  });
  return [...new Set(systems)];
}

function matrixValues(job: YamlNode | undefined, key: string): readonly string[] {
  const matrix = get(job, "strategy", "matrix");
  const included = items(get(matrix, "include")).map((each) => get(each, key));
  return [...items(get(matrix, key)), ...included].flatMap((value) => text(value) ?? []);
}

function actionReference(
  { file, product }: Reader,
  kind: ReferenceKind,
  written: YamlScalar | undefined,
  scope: Scope,
): readonly Reference[] {
  if (written === undefined || written.text.trim() === "") return [];
  const value = written.text;
  const target = readActionReference(value.trim(), product.host);
  const at = value.lastIndexOf("@");
  const version = at < 0 ? undefined : written.map.toDocument({ start: at + 1, end: value.trimEnd().length });
  const repin =
    version === undefined || written.map.style === "literal" || written.map.style === "folded"
      ? undefined
      : repinOf(file.text, written.span, version);
  return [
    {
      kind: target.kind === "image" ? "image" : kind,
      text: value,
      span: written.map.toDocument({ start: 0, end: value.length }),
      target,
      scope,
      repin,
    },
  ];
}

function imageReference(node: YamlNode | undefined, scope: Scope): readonly Reference[] {
  const written = scalar(node);
  if (written === undefined || written.text === "" || /(?:^|\/)Dockerfile(?:\.[^/]*)?$/i.test(written.text)) return [];
  const name = written.text.replace(/^docker:\/\//, "");
  const span = written.map.toDocument({ start: 0, end: written.text.length });
  return [{ kind: "image", text: written.text, span, target: readImage(name), scope, repin: undefined }];
}

/** Names of environment variables that the expressions of a node read: `env.NAME`. */
function readsIn(node: YamlNode | undefined): readonly string[] {
  const names = scalarsBelow(node).flatMap((each) => {
    if (!each.text.includes("${{") && !/\benv\./.test(each.text)) return [];
    return [...each.text.matchAll(/\benv\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*'([^']+)'\s*\])/g)].flatMap(
      (match) => match[1] ?? match[2] ?? [],
    );
  });
  return [...new Set(names)];
}
