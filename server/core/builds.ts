import type { Pipeline, Pulled } from "./model.ts";

/** The Dockerfiles of the repository that the scripts of a pipeline build images from. */
export function buildsOf(_pipeline: Pipeline): readonly Pulled[] {
  return [];
}
