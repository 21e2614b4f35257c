import { type Access, type AmbientSecret, changesSomething, type Permissions } from "../model.ts";
import { entries, entry, text, type YamlNode } from "../yaml.ts";

// What GitHub's notation says about the token that every job gets.

/**
 * The `permissions` of a workflow or of a job, whose own ones replace those of the workflow. Naming one area sets all others to "none".
 * Source: docs.github.com, "Workflow syntax for GitHub Actions", `permissions`.
 */
export function permissionsOf(owner: YamlNode | undefined): Permissions | undefined {
  const written = entry(owner, "permissions");
  if (written === undefined) return undefined;
  const { span, value } = written;
  const all = /^(read|write)-all$/.exec(text(value)?.trim() ?? "")?.[1];
  if (all !== undefined) return { span, grants: { all: all === "read" ? "read" : "write" } };
  if (value?.kind !== "map") return undefined;
  const areas = entries(value).map(({ key, value: access }) => [key, accessOf(text(access))] as const);
  return { span, grants: areas.length === 0 ? { all: "none" } : { areas: Object.fromEntries(areas) } };
}

function accessOf(written: string | undefined): Access {
  return written === "read" || written === "write" ? written : "none";
}

/** The token of a job, as everything that the system hands it to can read it. */
export function tokenOf(name: string, permissions: Permissions | undefined): AmbientSecret {
  return {
    name,
    kind: "token",
    ...(permissions !== undefined && { span: permissions.span }),
    ...(permissions !== undefined && changesSomething(permissions) && { writes: true }),
  };
}

/**
 * The credential to ask for a token of OpenID Connect, which stands in the environment of each step of a job that may. What can be changed
 * with such a token is known to those who trust it, and to nobody here.
 * Source: docs.github.com, "OpenID Connect reference", `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
 */
export function identityOf(permissions: Permissions | undefined): readonly AmbientSecret[] {
  if (permissions === undefined) return [];
  const { grants, span } = permissions;
  const granted = "all" in grants ? grants.all === "write" : grants.areas["id-token"] === "write";
  return granted ? [{ name: "the job's OpenID Connect token", kind: "token", span }] : [];
}
