import { type Job, type Pipeline, type Scope, type Script, type Step, scopeChain } from "./model.ts";
import { parseBash } from "./shell/bash.ts";
import type { Block } from "./shell/command.ts";
import { type Download, type Execution, type FlowScript, traceJob } from "./shell/dataflow.ts";

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

const TRACES = new WeakMap<Pipeline, readonly RemoteExecution[]>();

/** Everything downloaded that runs as code in a pipeline. Computed once for each pipeline, however many rules ask. */
export function remoteExecutions(pipeline: Pipeline): readonly RemoteExecution[] {
  const known = TRACES.get(pipeline);
  if (known !== undefined) return known;
  const found = pipeline.jobs.flatMap(traceOf);
  TRACES.set(pipeline, found);
  return found;
}

interface Placed {
  readonly step: Step;
  readonly script: Script;
  readonly flow: FlowScript;
}

function traceOf(job: Job): readonly RemoteExecution[] {
  const placed = job.steps.flatMap((step) => {
    const environment = environmentOf(step.scope);
    return step.scripts.flatMap((script) => place(step, script, environment));
  });
  return traceJob(placed.map(({ flow }) => flow)).flatMap((execution) => {
    const at = placed[execution.script];
    if (at === undefined) return [];
    const downloads = execution.downloads.flatMap((download) => {
      const from = placed[download.script];
      return from === undefined ? [] : [{ download, script: from.script, program: from.flow.program, step: from.step }];
    });
    return [
      {
        job,
        step: at.step,
        script: at.script,
        program: at.flow.program,
        execution,
        downloads,
        scriptOf: (index) => placed[index]?.script,
      },
    ];
  });
}

const POSIX = new Set(["bash", "sh", "zsh", "ksh", "unknown"]);

function place(step: Step, script: Script, environment: ReadonlyMap<string, string>): readonly Placed[] {
  const { text, holes, shell, unit, folder, handover } = script;
  if (!POSIX.has(shell.language)) return [];
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
        program: parseBash(text, holes),
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
