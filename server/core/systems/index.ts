import { matchesGlob } from "../glob.ts";
import type { YamlFile } from "../yaml.ts";
import { appveyor } from "./appveyor.ts";
import { argoWorkflows } from "./argo-workflows.ts";
import { azurePipelines } from "./azure-pipelines.ts";
import { bitbucketPipelines } from "./bitbucket-pipelines.ts";
import { buildkite } from "./buildkite.ts";
import { circleCi } from "./circleci.ts";
import { cirrus } from "./cirrus.ts";
import { cloudBuild } from "./cloud-build.ts";
import { codebuild } from "./codebuild.ts";
import { codefresh } from "./codefresh.ts";
import { drone } from "./drone.ts";
import { giteaActions } from "./gitea-actions.ts";
import { githubActions } from "./github-actions.ts";
import { gitlabCi } from "./gitlab-ci.ts";
import { harness } from "./harness.ts";
import { semaphore } from "./semaphore.ts";
import type { System } from "./system.ts";
import { tekton } from "./tekton.ts";
import { travisCi } from "./travis-ci.ts";
import { woodpecker } from "./woodpecker.ts";

/** Every CI system that Pipewarden reads. */
export const SYSTEMS: readonly System[] = [
  appveyor,
  argoWorkflows,
  azurePipelines,
  bitbucketPipelines,
  buildkite,
  circleCi,
  cirrus,
  cloudBuild,
  codebuild,
  codefresh,
  drone,
  giteaActions,
  githubActions,
  gitlabCi,
  harness,
  semaphore,
  tekton,
  travisCi,
  woodpecker,
];

/**
 * The system that a file belongs to: what a person says about its path wins, then a claim by path, then one by content; `undefined` where
 * nobody claims it.
 *
 * @param globs patterns of paths by the system's id
 */
export function systemFor(
  path: string,
  yaml: YamlFile,
  globs: Readonly<Record<string, readonly string[]>> = {},
): System | undefined {
  const chosen = systemNamed(path, globs);
  if (chosen !== undefined) return chosen;
  let likely: System | undefined;
  for (const system of SYSTEMS) {
    const strength = system.claims(path, yaml);
    if (strength === 2) return system;
    if (strength === 1) likely ??= system;
  }
  return likely;
}

/** The system that a person gives a path to, whatever its name and content are; `undefined` for every path that nobody speaks of. */
export function systemNamed(path: string, globs: Readonly<Record<string, readonly string[]>> = {}): System | undefined {
  return SYSTEMS.find(({ id }) => globs[id]?.some((glob) => matchesGlob(glob, path)));
}
