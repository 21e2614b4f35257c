import type { YamlFile } from "../yaml.ts";
import { githubActions } from "./github-actions.ts";
import { gitlabCi } from "./gitlab-ci.ts";
import type { System } from "./system.ts";

/** Every CI system that Pipewarden reads. */
export const SYSTEMS: readonly System[] = [githubActions, gitlabCi];

/** The system that a file belongs to: a claim by path wins over one by content; `undefined` where nobody claims it. */
export function systemFor(path: string, yaml: YamlFile): System | undefined {
  const claims = SYSTEMS.map((system) => ({ system, strength: system.claims(path, yaml) }));
  return claims.filter(({ strength }) => strength > 0).sort((a, b) => b.strength - a.strength)[0]?.system;
}
