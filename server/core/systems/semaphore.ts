import type { SourceFile } from "../analyze.ts";
import { maskNone } from "../masking.ts";
import type {
  AmbientSecret,
  Job,
  OperatingSystem,
  Pipeline,
  Reference,
  Scope,
  Script,
  Shell,
  Step,
  Variable,
} from "../model.ts";
import { get, items, scalar, text, type YamlFile, type YamlNode } from "../yaml.ts";
import { bareScope, bareStep, type Dialect, firstLine, linesOf, type ScriptSetting, scriptOf } from "./reading.ts";
import { constant, imageReference } from "./reading-container.ts";
import type { System } from "./system.ts";

/** Semaphore. Source: docs.semaphore.io, "Pipeline YAML", "Jobs", "Secrets" and "OpenID Connect". */
export const semaphore: System = {
  id: "semaphore",
  name: "Semaphore",
  globs: [".semaphore/*.{yml,yaml}"],
  claims: (path, { documents: [root] }) => {
    if (/(?:^|\/)\.semaphore\/semaphore\.ya?ml$/.test(path)) return 2;
    if (!isPipeline(root)) return 0;
    return /(?:^|\/)\.semaphore\//.test(path) ? 2 : 1;
  },
  read: (file, yaml) => readFile(file, yaml),
};

/** The one version that there is, next to blocks of jobs with commands. */
function isPipeline(root: YamlNode | undefined): boolean {
  const jobs = items(get(root, "blocks")).flatMap((block) => items(get(block, "task", "jobs")));
  const isJob = (job: YamlNode) => ["commands", "commands_file"].some((key) => get(job, key) !== undefined);
  return text(get(root, "version")) === "v1.0" && jobs.some(isJob);
}

const DIALECT: Dialect = { mask: maskNone, secretsIn: () => [] };

/** Every job has it, whether it asks for it or not. */
const AMBIENT: readonly AmbientSecret[] = [{ name: "SEMAPHORE_OIDC_TOKEN", kind: "token" }];

function readFile(file: SourceFile, { documents: [root] }: YamlFile): Pipeline {
  const whole = { level: "pipeline", label: "the whole pipeline", parent: undefined } as const;
  const common = get(root, "global_job_config");
  const scope = bareScope({
    ...whole,
    variables: variablesOf(get(common, "env_vars")),
    ambient: [...AMBIENT, ...groupsOf(get(common, "secrets"))],
  });
  const agent = get(root, "agent");
  const host: Host = { file, scope, agent, common };
  // What holds for all jobs does not hold for those that run after the pipeline.
  const after: Host = { ...host, scope: bareScope({ ...whole, ambient: AMBIENT }), common: undefined };
  return {
    system: semaphore.id,
    systemName: semaphore.name,
    path: file.path,
    text: file.text,
    jobs: [
      ...items(get(root, "blocks")).flatMap((block) => readTask(host, get(block, "task"))),
      ...readTask(after, get(root, "after_pipeline", "task")),
    ],
    references: imagesOf(agent, scope),
    scope,
  };
}

interface Host {
  readonly file: SourceFile;
  readonly scope: Scope;
  /** The machine and the containers of tasks that name none. */
  readonly agent: YamlNode | undefined;
  /** What comes before and after the commands of every job. */
  readonly common: YamlNode | undefined;
}

function readTask(host: Host, task: YamlNode | undefined): readonly Job[] {
  return items(get(task, "jobs")).flatMap((job, index) =>
    job.kind === "map" && task !== undefined ? [readJob(host, task, job, index)] : [],
  );
}

/** The commands of a job, with what comes before and after them, run one after the other in one session. */
function readJob({ file, scope: parent, agent, common }: Host, task: YamlNode, job: YamlNode, index: number): Job {
  const id = text(get(job, "name")) ?? `${index + 1}`;
  const label = `job “${id}”`;
  const own = get(task, "agent");
  const rows = items(get(job, "matrix")).flatMap((row) => matrixVariable(row));
  const scope = bareScope({
    level: "job",
    label,
    parent,
    variables: [...variablesOf(get(task, "env_vars")), ...variablesOf(get(job, "env_vars")), ...rows],
    ambient: [...groupsOf(get(task, "secrets")), ...containerGroups(own ?? agent)],
  });
  const setting = settingOf(own ?? agent);
  const part = (owner: YamlNode | undefined, name: string, flags: Partial<Step> = {}): readonly Step[] => {
    const lines = linesOf(get(owner, "commands"));
    if (owner === undefined || lines.length === 0) return [];
    const scripts = lines.map((line): Script => scriptOf(file, line, DIALECT, setting));
    return [bareStep({ label: name, span: firstLine(file, owner.span), scope, scripts, ...flags })];
  };
  const around = (key: "prologue" | "epilogue") => [common, task].map((each) => get(each, key));
  const epilogues = around("epilogue").toReversed();
  return {
    id,
    span: firstLine(file, job.span),
    scope,
    steps: [
      ...around("prologue").flatMap((each) => part(each, `prologue of ${label}`)),
      ...part(job, label),
      ...epilogues.flatMap((each) => [
        // A failure here does not fail the job.
        ...part(get(each, "always"), `epilogue of ${label}`, { always: true, tolerated: true }),
        ...part(get(each, "on_pass"), `epilogue of ${label}`, { tolerated: true }),
        ...part(get(each, "on_fail"), `epilogue of ${label}`, { always: true, tolerated: true }),
      ]),
    ],
    references: imagesOf(own, scope),
  };
}

/** Each command is run for itself, in a bash that knows what the ones before it did, until one of them fails. */
const BASH: Shell = { language: "bash", errexit: false, pipefail: false };

function settingOf(agent: YamlNode | undefined): ScriptSetting {
  const image = text(get(agent, "machine", "os_image")) ?? "";
  const type = text(get(agent, "machine", "type")) ?? "";
  const contained = items(get(agent, "containers")).length > 0;
  const mac = /^macos/.test(image) || /^a\d-/.test(type);
  // A machine of one's own, whose type starts with `s1-`, can be anything.
  const operatingSystems: readonly OperatingSystem[] = contained
    ? ["linux"]
    : mac
      ? ["macos"]
      : /^ubuntu/.test(image) || /^[ef]\d-/.test(type)
        ? ["linux"]
        : [];
  return { shell: BASH, operatingSystems, unit: "session", scratch: "/tmp", checked: true };
}

function imagesOf(agent: YamlNode | undefined, scope: Scope): readonly Reference[] {
  return items(get(agent, "containers")).flatMap((container) => imageReference(get(container, "image"), scope));
}

/** A list of `{name, value}`. It has no place for a fix that moves variables from map to map. */
function variablesOf(list: YamlNode | undefined): readonly Variable[] {
  return items(list).flatMap((item): readonly Variable[] => {
    const name = scalar(get(item, "name"));
    if (name === undefined) return [];
    const value = constant(text(get(item, "value")));
    return [{ name: name.text, span: item.span, nameSpan: name.span, value, secrets: [], removal: undefined }];
  });
}

/** `{env_var, values}`: each job gets one of the values, so none of them is known. */
function matrixVariable(row: YamlNode): readonly Variable[] {
  const name = scalar(get(row, "env_var"));
  if (name === undefined) return [];
  return [{ name: name.text, span: row.span, nameSpan: name.span, value: undefined, secrets: [], removal: undefined }];
}

/** A secret is a group of variables and files that is handed over whole. */
function groupsOf(list: YamlNode | undefined): readonly AmbientSecret[] {
  return items(list).flatMap((item): readonly AmbientSecret[] => {
    const name = scalar(get(item, "name"));
    if (name === undefined) return [];
    return [{ name: `every value of the secret “${name.text}”`, kind: "settings", span: name.span }];
  });
}

/** Jobs run in the first container; the others are services. */
function containerGroups(agent: YamlNode | undefined): readonly AmbientSecret[] {
  return groupsOf(get(agent, "containers", 0, "secrets"));
}
