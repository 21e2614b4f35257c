import { hostsOfMaker, isBelow, ownersOfMaker } from "./makers.ts";
import { HOLE, originOfAddress } from "./origin.ts";
import type { ForeignCode, ForeignKind } from "./step-code.ts";

/** Somebody or something that code comes from, as a person asks for it. */
export interface Party {
  /** As it was asked for. */
  readonly text: string;
  /** A path, lower case, without scheme and version: "codecov.io", "tj-actions", "tj-actions/changed-files", "npm:cowsay". */
  readonly name: string;
  /** The tag, branch, commit, digest or version that is meant, lower case; absent where all are. */
  readonly version?: string;
  /** The only kind of code that is meant. */
  readonly kind?: ForeignKind;
}

/** A party that code of a workspace comes from. */
export interface KnownParty {
  /** What {@link readParty} takes. */
  readonly text: string;
  readonly kind: "host" | "owner" | ForeignKind;
  /** In how many steps code of it runs that it could alter. */
  readonly steps: number;
}

/**
 * Reads a host, an owner, a repository or an image with or without a version, a package, or an address; with a word such as
 * `image:` in front only code of that kind. `undefined` where the text names nothing.
 */
export function readParty(text: string): Party | undefined {
  const written = text.trim().slice(0, MAX_LENGTH);
  const [, word = "", rest = ""] = /^([a-z]+):(?!\/\/)(.+)$/i.exec(written) ?? [];
  const kind = KINDS.get(word.toLowerCase());
  if (kind !== undefined || word === "host" || word === "owner" || word === "url") {
    const inner = readParty(rest);
    return inner && { ...inner, text: written, ...(kind !== undefined && { kind }) };
  }
  if (/^docker:\/\//i.test(written)) return readParty(`image:${written.slice("docker://".length)}`);
  if (/^[a-z][\w+.-]*:\/\/|^[\w-]+@[^/]+:/i.test(written)) {
    const [name = ""] = originOfAddress(written).names;
    return name === "" ? undefined : { text: written, name };
  }
  const { name, version } = split(written.replace(/^pip:/i, "pypi:"));
  const path = name.replace(/\/+$/, "").toLowerCase();
  if (path === "") return undefined;
  return { text: written, name: path, ...(version !== undefined && { version: version.toLowerCase() }) };
}

/** No name of anybody is longer. */
const MAX_LENGTH = 1000;

const KINDS: ReadonlyMap<string, ForeignKind> = new Map(
  (
    ["action", "workflow", "image", "include", "orb", "pipe", "plugin", "task", "bundle", "package", "script"] as const
  ).map((kind) => [kind, kind]),
);

/** `name@version`, `name==1.2`, and `name:tag` where the word in front is not that of a registry. */
function split(text: string): { readonly name: string; readonly version: string | undefined } {
  const [, name = text, at, equal] = /^((?:\w+:)?@?[^@=]+)(?:@(.+)|==(.+))?$/s.exec(text) ?? [];
  const version = at ?? equal;
  const [, image, tag] = /^((?:.*\/)?[^/:]+):([\w][\w.-]*)$/.exec(name) ?? [];
  const isRegistry = /^(?:npm|jsr|pypi|cargo|gem|go|nuget|composer|psgallery|deno)$/i.test(image ?? "");
  if (image === undefined || isRegistry) return { name, version };
  return { name: image, version: version ?? tag };
}

/**
 * How code stands to a party. from: it comes from there. exact: the party names the very content that is pinned. maybe: only the
 * run knows. none: it comes from elsewhere, or names another version.
 */
export type Relation = "from" | "exact" | "maybe" | "none";

/** Says whether code comes from a party. */
export function relationTo(party: Party, { kind, origin, state }: ForeignCode): Relation {
  if (party.kind !== undefined && party.kind !== kind) return "none";
  const found = origin.names.map((name) => comparePaths(party.name, name));
  if (!found.includes("from")) return found.includes("maybe") ? "maybe" : "none";
  const { version } = party;
  if (version === undefined) return "from";
  const isHeld = state === "pinned" || state === "checked";
  const isMeant = (each: string | undefined) =>
    each === version || (/^[0-9a-f]{7,}$/.test(version) && each?.startsWith(version) === true);
  if (isHeld) return state === "pinned" && isMeant(origin.versions.at(-1)) ? "exact" : "from";
  if (origin.versions.some(isMeant)) return "from";
  return origin.versions.length === 0 || origin.versions.some((each) => each.includes(HOLE)) ? "maybe" : "none";
}

/** Whether the path of some code lies at or below the party's. Whoever has a host has those below it and those of its maker. */
function comparePaths(party: string, code: string): Relation {
  const [wanted, given] = [party.split("/"), code.split("/")];
  const [host = ""] = given;
  if (wanted.length === 1 && party.includes(".") && !host.includes(HOLE))
    return hostsOfMaker(party).some((each) => isBelow(host, each)) ? "from" : "none";
  for (const [index, part] of wanted.entries()) {
    const own = given[index];
    if (own === undefined) return "none";
    if (own.includes(HOLE)) return mayBe(own, part) ? "maybe" : "none";
    if (own !== part) return "none";
  }
  return "from";
}

/** True where text with holes can become another one: what stands around the holes has to fit. */
function mayBe(text: string, other: string): boolean {
  const [first = "", ...rest] = text.split(HOLE);
  return other.startsWith(first) && other.endsWith(rest.at(-1) ?? "");
}

/** Names of the same maker's accounts among those that code comes from: where a host is in doubt, these are worth a look too. */
export function relatedOwners(party: Party, codes: readonly ForeignCode[]): readonly string[] {
  const owners = new Set(ownersOfMaker(party.name).map((each) => each.toLowerCase()));
  const found = codes.flatMap(({ origin }) => (origin.owner === undefined ? [] : [origin.owner]));
  return [...new Set(found.filter((each) => owners.has(each.toLowerCase())))];
}

/** Every party that code of some steps comes from, those of the most steps first. */
export function partiesOf(steps: readonly { readonly foreign: readonly ForeignCode[] }[]): readonly KnownParty[] {
  const parties = new Map<string, { text: string; kind: KnownParty["kind"]; steps: number }>();
  for (const { foreign } of steps) {
    const own = new Map<string, { text: string; kind: KnownParty["kind"]; count: number }>();
    for (const { kind, origin, state } of foreign) {
      const { host, owner, title } = origin;
      const count = state === "mutable" ? 1 : 0;
      const add = (text: string, as: KnownParty["kind"]) => {
        const key = `${as} ${text.toLowerCase()}`;
        own.set(key, { text, kind: as, count: Math.max(count, own.get(key)?.count ?? 0) });
      };
      if (title.startsWith(HOLE)) continue;
      if (host !== undefined) add(host, "host");
      if (owner !== undefined) add(owner, "owner");
      if (!title.includes(HOLE)) add(title, kind);
    }
    for (const [key, { text, kind, count }] of own) {
      const known = parties.get(key) ?? { text, kind, steps: 0 };
      parties.set(key, { ...known, steps: known.steps + count });
    }
  }
  return [...parties.values()].sort((a, b) => b.steps - a.steps || (a.text < b.text ? -1 : 1));
}
