import type { Job, Pipeline, Pulled, Step } from "./model.ts";

/**
 * A pipeline whose steps know the jobs of the files that run in their place, such as a local action, and whose jobs know the step in whose
 * place they run: what one leaves behind, the other can read. Files that become a part of the pipeline in another way stay as they are.
 */
export function framed(pipeline: Pipeline): Pipeline {
  return withPlaces(withRuns(pipeline), undefined);
}

/** From the inside out: each step with the jobs that run in its place. */
function withRuns(pipeline: Pipeline): Pipeline {
  const { jobs, pulled } = pipeline;
  if (pulled === undefined || pulled.length === 0) return pipeline;
  const inner = pulled.map((each) => ({ ...each, pipeline: withRuns(each.pipeline) }));
  const runs = new Map<Step, readonly Job[]>();
  for (const { step, pipeline: file } of inner) if (step !== undefined) runs.set(step, file.jobs);
  if (runs.size === 0) return { ...pipeline, pulled: inner };
  const made = new Map<Step, Step>();
  const stepOf = (step: Step): Step => {
    const own = runs.get(step);
    if (own === undefined) return step;
    const result = { ...step, runs: own };
    made.set(step, result);
    return result;
  };
  const all = jobs.map((job) => ({ ...job, steps: job.steps.map(stepOf) }));
  const found = inner.map(({ step, ...each }): Pulled => {
    const known = step && (made.get(step) ?? step);
    return known === undefined ? each : { ...each, step: known };
  });
  return { ...pipeline, jobs: all, pulled: found };
}

/** From the outside in: each job with the place that it runs in. */
function withPlaces(pipeline: Pipeline, within: Job["within"]): Pipeline {
  const jobs = within === undefined ? pipeline.jobs : pipeline.jobs.map((job) => ({ ...job, within }));
  const places = new Map(jobs.flatMap((job) => job.steps.map((step) => [step, { job, step }] as const)));
  const pulled = pipeline.pulled?.map((each) => {
    const place = each.step && places.get(each.step);
    return { ...each, pipeline: withPlaces(each.pipeline, place) };
  });
  return { ...pipeline, jobs, ...(pulled !== undefined && { pulled }) };
}
