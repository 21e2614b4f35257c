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

const NOTHING: YamlFile = { documents: [], text: "" };

/**
 * True for a text that a glance tells to be objects of Kubernetes of which no system has any, so that nobody has to read it as YAML: of
 * the files in a repository that are no pipelines, these are often most. What a person says about the path, or the path alone, goes
 * before that. Keys of the top level stand at the start of a line, where no text within a value can be.
 */
export function isForeignObject(
  path: string,
  text: string,
  globs: Readonly<Record<string, readonly string[]>> = {},
): boolean {
  if (!/^apiVersion:/m.test(text) || SYSTEMS.some(({ apiGroup }) => apiGroup && text.includes(apiGroup))) return false;
  const documents = text.split(/^---(?=\s|$)/m).filter((document) => /^[ \t]*[^#%\s]/m.test(document));
  const isObject = (document: string) => /^apiVersion:[ \t]*\S/m.test(document) && /^kind:[ \t]*\S/m.test(document);
  const named = () =>
    systemNamed(path, globs) !== undefined || SYSTEMS.some((system) => system.claims(path, NOTHING) > 0);
  return documents.length > 0 && documents.every(isObject) && !named();
}
