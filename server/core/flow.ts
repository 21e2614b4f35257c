import {
  type Job,
  type Pipeline,
  type Scope,
  type Script,
  type ShellLanguage,
  type Step,
  scopeChain,
} from "./model.ts";
import { parseBash } from "./shell/bash.ts";
import { parseCmd } from "./shell/cmd.ts";
import type { Block } from "./shell/command.ts";
import {
  type DigestCheck,
  type Download,
  type Execution,
  type FlowScript,
  type LocalScript,
  traceJob,
} from "./shell/dataflow.ts";
import type { ImageUse } from "./shell/images.ts";
import type { PackageUse } from "./shell/packages.ts";
import { parsePowerShell } from "./shell/powershell.ts";

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

interface Flow {
  readonly executions: readonly RemoteExecution[];
  readonly pulls: readonly Pull[];
  readonly checked: readonly CheckedDownload[];
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

/** Computed once for each pipeline, however many rules ask. */
function flowOf(pipeline: Pipeline): Flow {
  const known = FLOWS.get(pipeline);
  if (known !== undefined) return known;
  const programs = new Map<string, Block>();
  const flows = pipeline.jobs.map((job) => traceOf(job, programs, pipeline.readFile ?? (() => undefined)));
  const flow = {
    executions: flows.flatMap(({ executions }) => executions),
    pulls: flows.flatMap(({ pulls }) => pulls),
    checked: flows.flatMap(({ checked }) => checked),
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

/** @param programs what scripts say, by their place: a script that several jobs share is read once */
function traceOf(job: Job, programs: Map<string, Block>, read: (path: string) => string | undefined): Flow {
  const placed = job.steps.flatMap((step) => {
    const environment = environmentOf(step.scope);
    return step.scripts.flatMap((script) => place(step, script, environment, programs));
  });
  const { executions, pulls, digests, locals } = traceJob(
    placed.map(({ flow }) => flow),
    read,
  );
  const scripts: Scripts = (number) => {
    const own = placed[number];
    if (own !== undefined) return { step: own.step, script: own.script, program: own.flow.program };
    const local = locals.find((each) => each.number === number);
    const step = local && placed[local.caller]?.step;
    return local && step && { step, script: localScript(local), program: local.program };
  };
  return {
    executions: executions.flatMap((execution) => remoteExecution(job, scripts, execution)),
    pulls: pulls.flatMap(({ script, use }) => {
      const at = scripts(script);
      return at === undefined ? [] : [{ step: at.step, script: at.script, use }];
    }),
    checked: digests.flatMap((check) => checkedDownload(scripts, check)),
  };
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

function localScript({ path, text, holes, shell, number }: LocalScript): Script {
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
    span: { start: 0, end: text.length },
    toDocument: (span) => span,
    rewrite: (changes) => changes.map(({ span, text: added }) => ({ path, span, text: added })),
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

function place(
  step: Step,
  script: Script,
  environment: ReadonlyMap<string, string>,
  programs: Map<string, Block>,
): readonly Placed[] {
  const { text, holes, shell, unit, folder, handover } = script;
  const reader = READERS[shell.language];
  if (reader === undefined) return [];
  const key = `${script.span.start}:${script.span.end}`;
  const program = programs.get(key) ?? reader(text, holes);
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
        tolerated: step.tolerated,
        always: step.always,
      },
    },
  ];
}

/** Variables of a scope and of all around it, the inner ones winning. */
function environmentOf(scope: Scope): ReadonlyMap<string, string> {
  const variables = scopeChain(scope)
    .reverse()
    .flatMap((each) => each.variables);
  return new Map(
    variables.flatMap(({ name, value, secrets }) =>
      value === undefined || secrets.length > 0 ? [] : [[name, value] as const],
    ),
  );
}
