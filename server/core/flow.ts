import type { Job, Pipeline, Scope, Script, ShellLanguage, Step } from "./model.ts";
import { parseBash } from "./shell/bash.ts";
import { parseCmd } from "./shell/cmd.ts";
import type { Block } from "./shell/command.ts";
import {
  type Destination,
  type DigestCheck,
  type Download,
  type EnvironmentDump,
  type Execution,
  type FlowScript,
  type LocalScript,
  type Settled,
  traceJob,
} from "./shell/dataflow.ts";
import type { ImageUse } from "./shell/images.ts";
import { rewriteLocal, spanInFile } from "./shell/local-rewrite.ts";
import type { PackageUse } from "./shell/packages.ts";
import { parsePowerShell } from "./shell/powershell.ts";
import type { Span } from "./text.ts";

/** A place where downloaded content runs, with the step and the script it happens in. */
export interface RemoteExecution {
  readonly job: Job;
  readonly step: Step;
  readonly script: Script;
  readonly program: Block;
  readonly execution: Execution;
  /** What runs, each with the script that fetched it. */
  readonly downloads: readonly {
    readonly download: Download;
    readonly script: Script;
    readonly program: Block;
    readonly step: Step;
  }[];
  /** The script that a check of the execution stands in, by the number that the check carries. */
  scriptOf(index: number): Script | undefined;
}

/** A package or image that a script fetches by name. */
export interface Pull {
  readonly job: Job;
  readonly step: Step;
  readonly script: Script;
  readonly use: PackageUse | ImageUse;
}

/** A place where a downloaded file is compared with a SHA-256 that is written out. */
export interface CheckedDownload {
  /** The script that the check stands in. */
  readonly script: Script;
  readonly check: DigestCheck;
  readonly download: Download;
  readonly from: { readonly script: Script; readonly program: Block };
}

/** A download that nobody can alter unseen: it is compared with something fixed before it runs, or its address names its content. */
export interface SettledDownload {
  readonly step: Step;
  /** The script in which it runs, or in which it is fetched. */
  readonly script: Script;
  readonly download: Download;
  /** The script that fetches it. */
  readonly from: Script;
  readonly by: Settled["by"];
}

/** A file of the repository that a step runs as a script. */
export interface LocalFile {
  readonly step: Step;
  /** From the repository's root. */
  readonly path: string;
}

/** A command that prints every variable of its environment. */
export interface Dump {
  readonly job: Job;
  readonly step: Step;
  readonly script: Script;
  /** The command in the script's text. */
  readonly span: Span;
  /** Where its output ends up, one for each way that it takes. */
  readonly destinations: readonly Destination[];
}

interface Flow {
  readonly locals: readonly { readonly step: Step; readonly text: string }[];
  readonly executions: readonly RemoteExecution[];
  readonly pulls: readonly Pull[];
  readonly checked: readonly CheckedDownload[];
  readonly settled: readonly SettledDownload[];
  readonly files: readonly LocalFile[];
  readonly dumps: readonly Dump[];
}

const FLOWS = new WeakMap<Pipeline, Flow>();

/** Everything downloaded that runs as code in a pipeline. */
export function remoteExecutions(pipeline: Pipeline): readonly RemoteExecution[] {
  return flowOf(pipeline).executions;
}

/** Everything that the scripts of a pipeline fetch by the name of a package or image. */
export function pullsOf(pipeline: Pipeline): readonly Pull[] {
  return flowOf(pipeline).pulls;
}

/** Every download of a pipeline that its scripts compare with a SHA-256, as often as they do. */
export function checkedDownloads(pipeline: Pipeline): readonly CheckedDownload[] {
  return flowOf(pipeline).checked;
}

/** The texts of the repository's own programs that the scripts of each step run, as far as they can be read. */
export function localTexts(pipeline: Pipeline): ReadonlyMap<Step, readonly string[]> {
  const texts = new Map<Step, string[]>();
  for (const { step, text } of flowOf(pipeline).locals) texts.set(step, [...(texts.get(step) ?? []), text]);
  return texts;
}

/** Every download of a pipeline that nobody can alter unseen, as often as a script fetches or runs it. */
export function settledDownloads(pipeline: Pipeline): readonly SettledDownload[] {
  return flowOf(pipeline).settled;
}

/** Every file of the repository that the scripts of a pipeline run, each once for each step. */
export function localFiles(pipeline: Pipeline): readonly LocalFile[] {
  return flowOf(pipeline).files;
}

/** Every command of a pipeline that prints its environment, wherever that ends up. */
export function environmentDumps(pipeline: Pipeline): readonly Dump[] {
  return flowOf(pipeline).dumps;
}

/** Computed once for each pipeline, however many rules ask. */
function flowOf(pipeline: Pipeline): Flow {
  const known = FLOWS.get(pipeline);
  if (known !== undefined) return known;
  const shared: Known = { programs: new Map(), environments: new Map() };
  const flows = pipeline.jobs.map((job) => traceOf(job, shared, pipeline.readFile ?? (() => undefined)));
  const flow = {
    locals: flows.flatMap(({ locals }) => locals),
    executions: flows.flatMap(({ executions }) => executions),
    pulls: flows.flatMap(({ pulls }) => pulls),
    checked: flows.flatMap(({ checked }) => checked),
    settled: flows.flatMap(({ settled }) => settled),
    files: flows.flatMap(({ files }) => files),
    dumps: flows.flatMap(({ dumps }) => dumps),
  };
  FLOWS.set(pipeline, flow);
  return flow;
}

/** A script with its place in the job. */
interface Placed {
  readonly step: Step;
  readonly script: Script;
  readonly flow: FlowScript;
}

/** What the jobs of a pipeline have in common and is worked out once. */
interface Known {
  /** What scripts say, by their place: several jobs may share one. */
  readonly programs: Map<string, Block>;
  readonly environments: Map<Scope, ReadonlyMap<string, string>>;
}

function traceOf(job: Job, shared: Known, read: (path: string) => string | undefined): Flow {
  const placed = job.steps.flatMap((step) => {
    if (step.scripts.length === 0) return [];
    const environment = environmentOf(step.scope, shared.environments);
    return step.scripts.flatMap((script) => place(step, script, environment, shared.programs));
  });
  const { executions, pulls, digests, settled, dumps, locals } = traceJob(
    placed.map(({ flow }) => flow),
    read,
  );
  const scripts: Scripts = (number) => {
    const own = placed[number];
    if (own !== undefined) return { step: own.step, script: own.script, program: own.flow.program };
    const local = locals.find((each) => each.number === number);
    const step = local && placed[local.caller]?.step;
    return local && step && { step, script: localScript(local, read(local.path) ?? ""), program: local.program };
  };
  return {
    locals: locals.flatMap(({ caller, text }) => {
      const step = placed[caller]?.step;
      return step === undefined ? [] : [{ step, text }];
    }),
    executions: executions.flatMap((execution) => remoteExecution(job, scripts, execution)),
    pulls: pulls.flatMap(({ script, use }) => {
      const at = scripts(script);
      return at === undefined ? [] : [{ job, step: at.step, script: at.script, use }];
    }),
    checked: digests.flatMap((check) => checkedDownload(scripts, check)),
    settled: settled.flatMap(({ script, download, by }) => {
      const [at, from] = [scripts(script), scripts(download.script)];
      return at === undefined || from === undefined
        ? []
        : [{ step: at.step, script: at.script, download, from: from.script, by }];
    }),
    files: filesOf(locals, placed),
    dumps: dumpsAt(job, scripts, dumps),
  };
}

/** A file is run once by each step, however many of its parts the step comes to. */
function filesOf(locals: readonly LocalScript[], placed: readonly Placed[]): readonly LocalFile[] {
  const files = new Map<Step, Set<string>>();
  for (const { caller, path } of locals) {
    const step = placed[caller]?.step;
    if (step !== undefined) files.set(step, (files.get(step) ?? new Set()).add(path));
  }
  return [...files].flatMap(([step, paths]) => [...paths].map((path) => ({ step, path })));
}

/** A command that is read on several ways through its script is one, with all its ends. */
function dumpsAt(job: Job, scripts: Scripts, found: readonly EnvironmentDump[]): readonly Dump[] {
  const dumps = new Map<string, Dump>();
  for (const { script: number, span, destination } of found) {
    const at = scripts(number);
    if (at === undefined) continue;
    const key = `${number}:${span.start}:${span.end}`;
    const destinations = [...(dumps.get(key)?.destinations ?? []), destination];
    dumps.set(key, { job, step: at.step, script: at.script, span, destinations });
  }
  return [...dumps.values()];
}

/** The script of a number, in the job or in a file that the job runs. */
type Scripts = (
  number: number,
) => { readonly step: Step; readonly script: Script; readonly program: Block } | undefined;

function remoteExecution(job: Job, scripts: Scripts, execution: Execution): readonly RemoteExecution[] {
  const at = scripts(execution.script);
  if (at === undefined) return [];
  const downloads = execution.downloads.flatMap((download) => {
    const from = scripts(download.script);
    return from === undefined ? [] : [{ download, ...from }];
  });
  return [{ job, ...at, execution, downloads, scriptOf: (number) => scripts(number)?.script }];
}

function checkedDownload(scripts: Scripts, check: DigestCheck): readonly CheckedDownload[] {
  const at = scripts(check.script);
  return check.downloads.flatMap((download) => {
    const from = scripts(download.script);
    return at === undefined || from === undefined ? [] : [{ script: at.script, check, download, from }];
  });
}

/** @param file the text of the file that the script stands in */
function localScript(local: LocalScript, file: string): Script {
  const { path, text, holes, shell, number, notation } = local;
  return {
    path,
    text,
    holes,
    shell,
    operatingSystems: [],
    unit: `local ${number}`,
    scratch: "/tmp",
    folder: ".",
    handover: {},
    lineOnly: notation !== "script",
    span: { start: 0, end: text.length },
    toDocument: (span) => spanInFile(local, file, span),
    rewrite: (changes) => rewriteLocal(local, file, changes),
  };
}

/** The reader of each shell. Scripts of other languages are not followed. */
const READERS: Readonly<Partial<Record<ShellLanguage, typeof parseBash>>> = {
  bash: parseBash,
  sh: parseBash,
  zsh: parseBash,
  ksh: parseBash,
  unknown: parseBash,
  powershell: parsePowerShell,
  cmd: parseCmd,
};

const PROGRAMS = new WeakMap<Script, Block>();

/** The commands of a script; `undefined` where nothing here reads its language. Read once for each script. */
export function programOf(script: Script): Block | undefined {
  const known = PROGRAMS.get(script);
  const program = known ?? READERS[script.shell.language]?.(script.text, script.holes);
  if (known === undefined && program !== undefined) PROGRAMS.set(script, program);
  return program;
}

function place(
  step: Step,
  script: Script,
  environment: ReadonlyMap<string, string>,
  programs: Map<string, Block>,
): readonly Placed[] {
  const { text, holes, shell, unit, folder, handover } = script;
  const key = `${script.path ?? ""}:${script.span.start}:${script.span.end}`;
  const program = programs.get(key) ?? programOf(script);
  if (program === undefined) return [];
  programs.set(key, program);
  return [
    {
      step,
      script,
      flow: {
        text,
        holes,
        shell,
        unit,
        folder,
        handover,
        environment,
        program,
        ...(script.checked === true && { checked: true }),
        tolerated: step.tolerated,
        always: step.always,
      },
    },
  ];
}

const NO_VARIABLES: ReadonlyMap<string, string> = new Map();

/** Variables of a scope and of all around it, the inner ones winning. A scope without variables has those of the one around it. */
function environmentOf(scope: Scope | undefined, known: Known["environments"]): ReadonlyMap<string, string> {
  if (scope === undefined) return NO_VARIABLES;
  const made = known.get(scope);
  if (made !== undefined) return made;
  const around = environmentOf(scope.parent, known);
  const own = scope.variables.flatMap(({ name, value, secrets }) => {
    return value === undefined || secrets.length > 0 ? [] : [[name, value] as const];
  });
  const environment = own.length === 0 ? around : new Map([...around, ...own]);
  known.set(scope, environment);
  return environment;
}
