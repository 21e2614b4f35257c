import type { SourceFile } from "../analyze.ts";
import { maskGitHub } from "../masking.ts";
import type {
  Handover,
  Job,
  OperatingSystem,
  Pipeline,
  Reference,
  ReferenceKind,
  Scope,
  SecretUse,
  Shell,
  Step,
} from "../model.ts";
import { readActionReference, readImage, repinOf } from "../reference.ts";
import type { Span } from "../text.ts";
import { entries, entry, get, items, scalar, text, type YamlFile, type YamlNode, type YamlScalar } from "../yaml.ts";
import { type Dialect, firstLine, scalarsBelow, scopeOf, scriptOf, secretsBelow, variablesOf } from "./reading.ts";
import type { System } from "./system.ts";

const WORKFLOW = /(?:^|\/)\.github\/workflows\/[^/]+\.ya?ml$/;
const ACTION = /(?:^|\/)action\.ya?ml$/;

/**
 * GitHub Actions: workflows and composite actions.
 * Source: docs.github.com, "Workflow syntax for GitHub Actions" and "Metadata syntax for GitHub Actions".
 */
export const githubActions: System = {
  id: "github-actions",
  name: "GitHub Actions",
  globs: [".github/workflows/*.{yml,yaml}", "action.{yml,yaml}"],
  claims: (path, { documents: [root] }) => {
    if (WORKFLOW.test(path)) return 2;
    if (ACTION.test(path)) return get(root, "runs", "using") === undefined ? 0 : 2;
    const jobs = entries(get(root, "jobs"));
    const distinctive = jobs.some(
      ({ value }) => get(value, "runs-on") !== undefined || /@/.test(text(get(value, "uses")) ?? ""),
    );
    return entry(root, "on") !== undefined && distinctive ? 1 : 0;
  },
  read: (file, yaml) => readFile(file, yaml),
};

const DIALECT: Dialect = { mask: maskGitHub, secretsIn };

function readFile(file: SourceFile, { documents: [root] }: YamlFile): Pipeline {
  const scope = scopeOf(
    file,
    { level: "pipeline", label: "the whole workflow", parent: undefined, owner: root, key: "env" },
    DIALECT,
  );
  const composite = get(root, "runs", "steps");
  const jobs =
    composite === undefined
      ? entries(get(root, "jobs")).map(({ key, keySpan, value }) => readJob(file, root, scope, key, keySpan, value))
      : [];
  return {
    system: githubActions.id,
    systemName: githubActions.name,
    path: file.path,
    text: file.text,
    jobs: composite === undefined ? jobs : [readComposite(file, root, scope, composite)],
    references: imageReference(get(root, "runs", "image"), scope),
    scope,
  };
}

function readComposite(file: SourceFile, root: YamlNode | undefined, scope: Scope, steps: YamlNode): Job {
  const host: StepHost = { file, scope, defaultShell: undefined, operatingSystems: [], container: false, folder: "." };
  return {
    id: text(get(root, "name")) ?? "action",
    span: firstLine(file, steps.span),
    scope,
    steps: readSteps(host, steps),
    references: [],
  };
}

function readJob(
  file: SourceFile,
  root: YamlNode | undefined,
  pipeline: Scope,
  id: string,
  span: Span,
  job: YamlNode | undefined,
): Job {
  const scope = scopeOf(
    file,
    { level: "job", label: `job “${id}”`, parent: pipeline, owner: job, key: "env" },
    DIALECT,
  );
  const container = get(job, "container");
  const image = container?.kind === "map" ? get(container, "image") : container;
  const inside =
    container === undefined
      ? scope
      : scopeOf(
          file,
          { level: "job", label: `the container of job “${id}”`, parent: scope, owner: container, key: "env" },
          DIALECT,
        );
  const services = entries(get(job, "services")).flatMap(({ value }) => imageReference(get(value, "image"), scope));
  const host: StepHost = {
    file,
    scope: inside,
    defaultShell: scalar(get(job, "defaults", "run", "shell") ?? get(root, "defaults", "run", "shell")),
    operatingSystems: operatingSystemsOf(job),
    container: container !== undefined,
    folder:
      text(get(job, "defaults", "run", "working-directory") ?? get(root, "defaults", "run", "working-directory")) ??
      ".",
  };
  const called = actionReference(file, "workflow", scalar(get(job, "uses")), scope);
  const call: Step = {
    label: `the call of job “${id}”`,
    span,
    scope,
    scripts: [],
    references: called,
    inputs: [...variablesOf(file, get(job, "with"), DIALECT), ...variablesOf(file, get(job, "secrets"), DIALECT)],
    secrets: [],
    reads: readsIn(get(job, "with")),
    tolerated: false,
    always: false,
  };
  const steps = [...(called.length > 0 ? [call] : []), ...readSteps(host, get(job, "steps"))];
  return { id, span, scope, steps, references: [...imageReference(image, scope), ...services] };
}

/** What the steps of one job share. */
interface StepHost {
  readonly file: SourceFile;
  readonly scope: Scope;
  readonly defaultShell: YamlScalar | undefined;
  readonly operatingSystems: readonly OperatingSystem[];
  readonly container: boolean;
  /** The working directory of steps that name none. */
  readonly folder: string;
}

/** Source: docs.github.com, "Workflow commands": environment files. */
const HANDOVER: Handover = { path: "$GITHUB_PATH", environment: "$GITHUB_ENV" };

/** Steps in order; those inside of `parallel` stand where their group stands. */
function readSteps(host: StepHost, steps: YamlNode | undefined): readonly Step[] {
  return items(steps).flatMap((step, index) => {
    const group = get(step, "parallel");
    return group === undefined ? [readStep(host, step, `${steps?.span.start}.${index}`)] : readSteps(host, group);
  });
}

function readStep(host: StepHost, step: YamlNode, unit: string): Step {
  const { file } = host;
  const label = labelOf(step);
  const scope = scopeOf(file, { level: "step", label, parent: host.scope, owner: step, key: "env" }, DIALECT);
  const run = scalar(get(step, "run"));
  const folder = text(get(step, "working-directory")) ?? host.folder;
  const shell = shellOf(scalar(get(step, "shell")) ?? host.defaultShell, host);
  const setting = {
    shell,
    operatingSystems: host.operatingSystems,
    unit,
    scratch: "$RUNNER_TEMP",
    handover: HANDOVER,
    folder,
  };
  const others = entries(step).filter(({ key }) => key !== "env" && key !== "with");
  return {
    label,
    span: firstLine(file, step.span),
    scope,
    scripts: run === undefined ? [] : [scriptOf(file, run, DIALECT, setting)],
    references: actionReference(file, "action", scalar(get(step, "uses")), scope),
    inputs: variablesOf(file, get(step, "with"), DIALECT),
    secrets: others.flatMap(({ value }) => secretsBelow(value, DIALECT)),
    reads: readsIn(step),
    tolerated: (text(get(step, "continue-on-error")) ?? "false") !== "false",
    always: /\b(?:always|failure|cancelled)\s*\(/.test(text(get(step, "if")) ?? ""),
  };
}

function labelOf(step: YamlNode): string {
  const named = text(get(step, "name")) ?? text(get(step, "id")) ?? text(get(step, "uses"))?.replace(/@.*$/s, "");
  const first = (named ?? text(get(step, "run")) ?? "").trim().split("\n", 1)[0] ?? "";
  return `step “${first.length > 60 ? `${first.slice(0, 59)}…` : first}”`;
}

/** Source: docs.github.com, `jobs.<job_id>.steps[*].shell`, the table of what each keyword runs. */
function shellOf(written: YamlScalar | undefined, { operatingSystems, container }: StepHost): Shell {
  const command = written?.text.trim() ?? "";
  if (command === "") {
    if (container) return { language: "sh", errexit: true, pipefail: false };
    if (operatingSystems.length > 0 && operatingSystems.every((system) => system === "windows"))
      return { language: "powershell", errexit: true, pipefail: undefined };
    return { language: "bash", errexit: true, pipefail: false };
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
    return /ubuntu|linux|debian|alpine/i.test(name) ? ["linux"] : [];
  });
  return [...new Set(systems)];
}

function matrixValues(job: YamlNode | undefined, key: string): readonly string[] {
  const matrix = get(job, "strategy", "matrix");
  const included = items(get(matrix, "include")).map((each) => get(each, key));
  return [...items(get(matrix, key)), ...included].flatMap((value) => text(value) ?? []);
}

function actionReference(
  file: SourceFile,
  kind: ReferenceKind,
  written: YamlScalar | undefined,
  scope: Scope,
): readonly Reference[] {
  if (written === undefined || written.text.trim() === "") return [];
  const value = written.text;
  const target = readActionReference(value.trim(), "github.com");
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
  if (written === undefined || written.text === "" || written.text === "Dockerfile") return [];
  const name = written.text.replace(/^docker:\/\//, "");
  const span = written.map.toDocument({ start: 0, end: written.text.length });
  return [{ kind: "image", text: written.text, span, target: readImage(name), scope, repin: undefined }];
}

/** Expressions with the strings in them taken out, each with its place in the text. */
function expressionsIn(value: string): readonly { readonly code: string; readonly start: number }[] {
  return maskGitHub(value).holes.map(({ span, text: written }) => ({ code: written, start: span.start }));
}

/** `secrets.NAME`, `secrets['NAME']` and the token that every job gets. */
function secretsIn(written: YamlScalar): readonly SecretUse[] {
  if (!written.text.includes("${{")) return [];
  return expressionsIn(written.text).flatMap(({ code, start }) => {
    const uses = code.matchAll(/\bsecrets\s*(?:\.\s*([A-Za-z_][\w-]*)|\[\s*'([^']+)'\s*\])|\bgithub\s*\.\s*token\b/gi);
    return [...uses].map((use): SecretUse => {
      const name = use[1] ?? use[2] ?? "GITHUB_TOKEN";
      const from = start + use.index;
      const kind = name.toUpperCase() === "GITHUB_TOKEN" ? "token" : "named";
      return { name, kind, span: written.map.toDocument({ start: from, end: from + use[0].length }) };
    });
  });
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
