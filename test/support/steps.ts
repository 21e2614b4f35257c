import assert from "node:assert/strict";
import { type Pipeline, type Step, stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";

/** The first step with a label. */
export function stepOf(pipeline: Pipeline, label: string): Step {
  const found = [...stepsOf(pipeline)].find(({ step }) => step.label === label);
  assert.ok(found, `no ${label}`);
  return found.step;
}

/** What that step can read, each as "NAME (kind, level)". */
export function reachOf(pipeline: Pipeline, label: string): readonly string[] {
  return reachOfStep(stepOf(pipeline, label)).map(({ name, kind, level }) => `${name} (${kind}, ${level})`);
}
