import type { Context } from "./context.ts";
import type { ReferenceKind } from "./model.ts";
import type { Settings } from "./settings.ts";

/** What a person decided about code of others. Rules ask it; they do not know where it comes from. */
export interface Policy {
  /**
   * True where code of this repository, "owner/name", is as good as one's own.
   *
   * @param kind what the code is called as: each kind has makers of its own. Absent: an action
   */
  trusts(repo: string, kind?: ReferenceKind): boolean;
  /** True where what this host sends is as good as one's own. */
  trustsHost(host: string): boolean;
}

/** The makers of a system already run its machines. */
const MAKERS: Readonly<Partial<Record<ReferenceKind, readonly string[]>>> = {
  action: ["actions/*", "github/*"],
  workflow: ["actions/*", "github/*"],
  orb: ["circleci/*"],
  pipe: ["atlassian/*"],
  plugin: ["buildkite-plugins/*"],
};

/**
 * The policy of a repository: the makers of the system and the repository's own owner are trusted unless a setting says otherwise. Patterns
 * are `owner/name` and `owner/*`, and for hosts `host.example` and `*.host.example`; `!` in front takes trust away; the last one that fits
 * decides.
 */
export function policyOf({ trusted = [] }: Settings, { remote }: Context): Policy {
  const owner = remote?.repo.split("/", 1)[0];
  const patterns = [...(owner === undefined ? [] : [`${owner}/*`]), ...trusted];
  return {
    trusts: (repo, kind = "action") => {
      const fitting = [...(MAKERS[kind] ?? []), ...patterns].findLast((pattern) =>
        fits(pattern.replace(/^!/, "").toLowerCase(), repo.toLowerCase()),
      );
      return fitting !== undefined && !fitting.startsWith("!");
    },
    trustsHost: (host) => {
      const fitting = trusted.findLast((pattern) =>
        isHost(pattern.replace(/^!/, "").toLowerCase(), host.toLowerCase()),
      );
      return fitting !== undefined && !fitting.startsWith("!");
    },
  };
}

function fits(pattern: string, repo: string): boolean {
  return pattern === repo || pattern === "*" || (pattern.endsWith("/*") && repo.startsWith(pattern.slice(0, -1)));
}

function isHost(pattern: string, host: string): boolean {
  if (host === "" || pattern.includes("/") || !pattern.includes(".")) return false;
  return pattern === host || (pattern.startsWith("*.") && host.endsWith(pattern.slice(1)));
}
