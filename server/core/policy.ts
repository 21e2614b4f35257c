import type { Context } from "./context.ts";
import type { Settings } from "./settings.ts";

/** What a person decided about code of others. Rules ask it; they do not know where it comes from. */
export interface Policy {
  /** True where code of this repository, "owner/name", is as good as one's own. */
  trusts(repo: string): boolean;
}

/** The makers of a system already run its machines. */
const TRUSTED = ["actions/*", "github/*"];

/**
 * The policy of a repository: the makers of the system and the repository's own owner are trusted unless a setting says otherwise. Patterns
 * are `owner/name` and `owner/*`; `!` in front takes trust away; the last one that fits decides.
 */
export function policyOf({ trusted = [] }: Settings, { remote }: Context): Policy {
  const owner = remote?.repo.split("/", 1)[0];
  const patterns = [...TRUSTED, ...(owner === undefined ? [] : [`${owner}/*`]), ...trusted];
  return {
    trusts: (repo) => {
      const fitting = patterns.findLast((pattern) => fits(pattern.replace(/^!/, "").toLowerCase(), repo.toLowerCase()));
      return fitting !== undefined && !fitting.startsWith("!");
    },
  };
}

function fits(pattern: string, repo: string): boolean {
  return pattern === repo || pattern === "*" || (pattern.endsWith("/*") && repo.startsWith(pattern.slice(0, -1)));
}
