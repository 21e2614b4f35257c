import { Memo } from "./memo.ts";
import type { Job, Pipeline, Scope, Script, Step } from "./model.ts";
import type { BuildUse } from "./shell/builds.ts";
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
  type Trace,
  traceJob,
} from "./shell/dataflow.ts";
import type { ImageUse } from "./shell/images.ts";
import { rewriteLocal, spanInFile } from "./shell/local-rewrite.ts";
import type { PackageUse } from "./shell/packages.ts";
import { holesKey, isReadable, readScript } from "./shell/read-script.ts";
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

/** A command of a script that builds an image from a Dockerfile of the repository. */
export interface ImageBuild {
  readonly step: Step;
  readonly script: Script;
  readonly use: BuildUse;
}

interface Flow {
  readonly builds: readonly ImageBuild[];
  readonly built: ReadonlySet<string>;
  readonly locals: readonly { readonly step: Step; readonly text: string }[];
  readonly executions: readonly RemoteExecution[];
  readonly pulls: readonly Pull[];
  readonly checked: readonly CheckedDownload[];
  readonly settled: readonly SettledDownload[];
  readonly files: readonly LocalFile[];
  readonly dumps: readonly Dump[];
}

/** What all jobs of a pipeline do. */
interface PipelineFlow extends Omit<Flow, "locals"> {
  readonly texts: ReadonlyMap<Step, readonly string[]>;
}

const FLOWS = new WeakMap<Pipeline, PipelineFlow>();

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
  return flowOf(pipeline).texts;
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

/** Every command of a pipeline's scripts that builds an image from a Dockerfile of the repository. */
export function imageBuilds(pipeline: Pipeline): readonly ImageBuild[] {
  return flowOf(pipeline).builds;
}

/** Names, in one form for all spellings, of images that the scripts of a pipeline make themselves. */
export function builtImages(pipeline: Pipeline): ReadonlySet<string> {
  return flowOf(pipeline).built;
}

/** Computed once for each pipeline, however many rules ask. */
function flowOf(pipeline: Pipeline): PipelineFlow {
  const known = FLOWS.get(pipeline);
  if (known !== undefined) return known;
  const environments = new Map<Scope, Environment>();
  const flows = pipeline.jobs.map((job) => traceOf(job, environments, pipeline.readFile ?? (() => undefined)));
  const texts = new Map<Step, string[]>();
  for (const { step, text } of flows.flatMap(({ locals }) => locals)) {
    const known = texts.get(step);
    if (known === undefined) texts.set(step, [text]);
    else known.push(text);
  }
  const flow = {
    texts,
    builds: flows.flatMap(({ builds }) => builds),
    built: new Set(flows.flatMap(({ built }) => [...built])),
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

/** A script that is followed, with its place in the job. */
interface Placed {
  readonly step: Step;
  readonly script: Script;
  readonly environment: Environment;
  /** As the step has it, or a step around it. */
  readonly tolerated: boolean;
  readonly always: boolean;
  /** The job of another file that the step belongs to; absent for the steps of the traced job itself. */
  readonly foreign?: Job;
}

/** What a scope and those around it say of variables. */
interface Environment {
  readonly values: ReadonlyMap<string, string>;
  /** The same for all that say the same. */
  readonly key: string;
}

/** What a job's scripts do, and the files of the repository that this depends on. */
interface Traced {
  readonly scripts: readonly FlowScript[];
  readonly trace: Trace;
  readonly asked: ReadonlyMap<string, string | undefined>;
}

/**
 * What was found out about jobs, by all that it depends on but files. While somebody types, all jobs but one are as they were, and the
 * jobs of a workspace repeat each other. The unit of the weight is a UTF-16 unit of the key, which all scripts are part of.
 */
const TRACED = new Memo<Traced>(300_000);

type Read = (path: string) => string | undefined;

function tracedJob({ shares }: Job, placed: readonly Placed[], read: Read): Traced {
  const apart = shares === "files";
  const key = `${apart} ${keyOf(placed)}`;
  const known = TRACED.get(key);
  if (known !== undefined && [...known.asked].every(([path, text]) => read(path) === text)) return known;
  const asked = new Map<string, string | undefined>();
  const scripts = placed.flatMap(flowScript);
  const trace = traceJob(
    scripts,
    (path) => {
      const text = read(path);
      asked.set(path, text);
      return text;
    },
    apart,
  );
  const traced = { scripts, trace, asked };
  TRACED.set(key, traced, key.length);
  return traced;
}

/** Everything about scripts that {@link traceJob} looks at. */
function keyOf(placed: readonly Placed[]): string {
  const parts: (string | undefined)[] = [];
  let last: Placed | undefined;
  for (const each of placed) {
    const { script, environment, tolerated, always } = each;
    const { text, holes, shell, unit, folder, handover, checked } = script;
    if (environment !== last?.environment) parts.push("variables", environment.key);
    if (unit !== last?.script.unit) parts.push("process");
    parts.push(
      `${shell.language} ${shell.errexit} ${shell.pipefail} ${checked} ${tolerated} ${always}`,
      folder,
      handover.path,
      handover.environment,
      handover.sourced,
      `${handover.logged}`,
      text,
    );
    if (holes.length > 0) parts.push(holesKey(holes));
    last = each;
  }
  return parts.join("\0");
}

function flowScript({ script, environment, tolerated, always }: Placed): readonly FlowScript[] {
  const { text, holes, shell, unit, folder, handover, checked } = script;
  const program = programOf(script);
  if (program === undefined) return [];
  const { values } = environment;
  const flow = { text, holes, shell, unit, folder, handover, environment: values, program, tolerated, always };
  return [checked === true ? { ...flow, checked } : flow];
}

function traceOf(job: Job, environments: Map<Scope, Environment>, read: Read): Flow {
  const placed = placedSteps(job.steps, environments);
  const homes = new Set(placed.map(({ foreign }) => foreign));
  if (homes.size === 0 || (homes.size === 1 && !homes.has(undefined))) return NO_FLOW;
  const { scripts: flows, trace } = tracedJob(job, placed, read);
  const { executions, pulls, builds, built, digests, settled, dumps, locals } = trace;
  const made = new Map<number, ReturnType<Scripts>>();
  const scriptAt: Scripts = (number) => {
    const own = placed[number];
    const program = flows[number]?.program;
    if (own !== undefined && program !== undefined) return { step: own.step, script: own.script, program };
    const local = locals.find((each) => each.number === number);
    const step = local && placed[local.caller]?.step;
    return local && step && { step, script: localScript(local, read(local.path) ?? ""), program: local.program };
  };
  // Whoever compares two scripts asks whether they are one.
  const scripts: Scripts = (number) => {
    if (!made.has(number)) made.set(number, scriptAt(number));
    return made.get(number);
  };
  // Where a script stands: in the job itself, or in a file that runs in the place of a step.
  const homeOf = (number: number): Job | undefined =>
    placed[placed[number] === undefined ? (locals.find((each) => each.number === number)?.caller ?? -1) : number]
      ?.foreign;
  // What happens within one such file is found there; what goes from file to file is found here.
  const isOwn = (number: number): boolean => homeOf(number) === undefined;
  const isHere = ({ script, downloads }: Execution): boolean =>
    isOwn(script) || downloads.some((download) => homeOf(download.script) !== homeOf(script));
  return {
    locals: locals.flatMap(({ caller, text }) => {
      const own = placed[caller];
      return own === undefined || own.foreign !== undefined ? [] : [{ step: own.step, text }];
    }),
    built,
    builds: builds.flatMap(({ script, use }) => {
      const at = isOwn(script) ? scripts(script) : undefined;
      return at === undefined ? [] : [{ step: at.step, script: at.script, use }];
    }),
    executions: executions.filter(isHere).flatMap((execution) => {
      return remoteExecution(homeOf(execution.script) ?? job, scripts, execution);
    }),
    pulls: pulls.flatMap(({ script, use }) => {
      const at = isOwn(script) ? scripts(script) : undefined;
      return at === undefined ? [] : [{ job, step: at.step, script: at.script, use }];
    }),
    checked: digests.filter(({ script }) => isOwn(script)).flatMap((check) => checkedDownload(scripts, check)),
    settled: settled.flatMap(({ script, download, by }) => {
      const [at, from] = isOwn(script) ? [scripts(script), scripts(download.script)] : [];
      return at === undefined || from === undefined
        ? []
        : [{ step: at.step, script: at.script, download, from: from.script, by }];
    }),
    files: filesOf(locals, placed),
    dumps: dumpsAt(
      job,
      scripts,
      dumps.filter(({ script }) => isOwn(script)),
    ),
  };
}

/** The scripts of steps, those of files that run in the place of a step where that step stands. */
function placedSteps(
  steps: readonly Step[],
  environments: Map<Scope, Environment>,
  around?: { readonly step: Step; readonly job: Job },
): readonly Placed[] {
  const placed: Placed[] = [];
  for (const step of steps) {
    const inner = (step.runs ?? []).flatMap((job) => placedSteps(job.steps, environments, { step, job }));
    if (placed.length + inner.length > MAX_PLACED) break;
    placed.push(...(around === undefined ? inner : inner.map((each) => inPlaceOf(around.step, each))));
    if (step.scripts.length === 0) continue;
    const environment = environmentOf(step.scope, environments);
    for (const script of step.scripts) {
      if (!isReadable(script.shell.language)) continue;
      const { tolerated, always } = step;
      const own = { step, environment, tolerated, always };
      if (around === undefined) placed.push({ ...own, script });
      else placed.push(inPlaceOf(around.step, { ...own, script: inFile(script, step), foreign: around.job }));
    }
  }
  return placed;
}

/** More scripts than any job has, those of the files that it pulls in included. */
const MAX_PLACED = 20_000;

/** A step of another file stops the job where the step that it stands for does, and runs where that does. */
function inPlaceOf({ tolerated, always }: Step, placed: Placed): Placed {
  return { ...placed, tolerated: tolerated || placed.tolerated, always: always || placed.always };
}

/** A script of another file, with the path that its places and edits need here. */
function inFile(script: Script, { scope, span }: Step): Script {
  const { path = scope.path } = script;
  if (path === undefined) return script;
  return {
    ...script,
    path,
    unit: `${path} ${span.start} ${script.unit}`,
    rewrite: (changes) => script.rewrite(changes)?.map((edit) => ({ ...edit, path })),
  };
}

/** A file is run once by each step, however many of its parts the step comes to. */
function filesOf(locals: readonly LocalScript[], placed: readonly Placed[]): readonly LocalFile[] {
  const files = new Map<Step, Set<string>>();
  for (const { caller, path } of locals) {
    const { step, foreign } = placed[caller] ?? {};
    if (step !== undefined && foreign === undefined) files.set(step, (files.get(step) ?? new Set()).add(path));
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

/** The commands of a script; `undefined` where nothing here reads its language. */
export function programOf({ text, holes, shell }: Script): Block | undefined {
  return readScript(shell.language, text, holes);
}

const NO_FLOW: Flow = {
  builds: [],
  built: new Set(),
  locals: [],
  executions: [],
  pulls: [],
  checked: [],
  settled: [],
  dumps: [],
  files: [],
};
const NO_VARIABLES: Environment = { values: new Map(), key: "" };

/** Variables of a scope and of all around it, the inner ones winning. A scope without variables has those of the one around it. */
function environmentOf(scope: Scope | undefined, known: Map<Scope, Environment>): Environment {
  if (scope === undefined) return NO_VARIABLES;
  const made = known.get(scope);
  if (made !== undefined) return made;
  const around = environmentOf(scope.parent, known);
  const own = scope.variables.flatMap(({ name, value, secrets }) => {
    return value === undefined || secrets.length > 0 ? [] : [[name, value] as const];
  });
  const environment = own.length === 0 ? around : withVariables(around, own);
  known.set(scope, environment);
  return environment;
}

function withVariables(around: Environment, own: readonly (readonly [string, string])[]): Environment {
  const values = new Map([...around.values, ...own]);
  return { values, key: [...values].flat().join("\u0001") };
}
