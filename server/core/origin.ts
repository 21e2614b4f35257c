import type { Reference, Target } from "./model.ts";
import type { Download } from "./shell/dataflow.ts";
import type { ImageUse } from "./shell/images.ts";
import type { PackageUse } from "./shell/packages.ts";

/** Where code comes from: the names under which a person may ask for it. */
export interface Origin {
  /** As a person calls it, without a version: "tj-actions/changed-files", "https://codecov.io/bash", "ghcr.io/acme/lint". */
  readonly title: string;
  /** The host that serves it, lower case; absent where the file does not tell. */
  readonly host?: string;
  /** Who publishes it there: the account, organisation or namespace. */
  readonly owner?: string;
  /**
   * Paths, lower case, from the widest to the narrowest part: "github.com/tj-actions/changed-files". Each is a name of the same thing.
   * What only the run knows is a {@link HOLE} in it.
   */
  readonly names: readonly string[];
  /** Tags, branches, commits, digests or versions that are written, lower case. */
  readonly versions: readonly string[];
}

/** Stands for text that only the run knows. */
export const HOLE = "…";

/** Where a reference comes from; `undefined` for code of the same repository. */
export function originOfReference({ kind, text, target }: Reference): Origin | undefined {
  switch (target.kind) {
    case "local":
      return undefined;
    case "repository":
      return ofRepository(target);
    case "image":
      return ofImage(target.name, text);
    case "address":
      return originOfAddress(target.url);
    case "other":
      return ofName(kind, text);
  }
}

/** Where a download comes from. */
export function originOfDownload({ url }: Pick<Download, "url">): Origin {
  return originOfAddress(url);
}

/** Where a package or an image of a script comes from. */
export function originOfPull(use: PackageUse | ImageUse): Origin {
  if (use.kind === "package") return ofPackage(use);
  return use.target.kind === "image" ? ofImage(use.target.name, use.text) : plain(withHoles(use.text), []);
}

/** Where content behind an address comes from. On hosts of repositories the owner's name is a name of it as well. */
export function originOfAddress(url: string): Origin {
  const written = withHoles(url);
  const path = written
    .replace(/^(?:git\+)?[a-z][\w+.-]*:\/\//i, "")
    .replace(/^[^@/?#]*@(?=[^/])/, "")
    .replace(/^([^/:]+):(?=[^/\d])/, "$1/")
    .replace(/[?#].*$/s, "")
    .replace(/\/+$/, "");
  const [authority = "", ...folders] = path.split("/");
  const host = authority.replace(/:\d+$/, "").toLowerCase();
  const name = [host, ...folders].join("/").toLowerCase();
  const hosted = repositoryOf(host, folders);
  const shown = written.replace(/^([a-z][\w+.-]*:\/\/)[^@/?#]*@/i, "$1");
  return {
    title: shown,
    ...(isHost(host) && { host }),
    ...(hosted !== undefined && { owner: hosted.repo.split("/")[0] ?? "" }),
    names: [name, ...(hosted === undefined ? [] : namesOf(hosted.host, hosted.repo, hosted.path))],
    versions: hosted?.version === undefined ? [] : [hosted.version.toLowerCase()],
  };
}

/** What every spelling of "only the run knows this" comes to. */
function withHoles(text: string): string {
  return text
    .slice(0, MAX_LENGTH)
    .replace(/‹[\d.]*›|\$\{\{.*?\}\}|<<.*?>>|\$\(.*?\)|\$\{[^}]*\}|\$\w+|%\w+%|\{\{.*?\}\}/gs, HOLE);
}

/** No address is longer, and hostile text costs no more than that. */
const MAX_LENGTH = 2000;

function isHost(text: string): boolean {
  return /^[\w-]+(?:\.[\w-]+)+$/.test(text);
}

function namesOf(host: string, repo: string, path: string): readonly string[] {
  const own = [repo, path].filter((part) => part !== "").join("/");
  // A name that begins with what only the run knows could be anybody's; with the host in front it is not.
  const all = host === "" ? [own] : own.startsWith(HOLE) ? [`${host}/${own}`] : [`${host}/${own}`, own];
  return all.map((name) => name.toLowerCase());
}

function ofRepository({ host, repo, path, ref }: Extract<Target, { kind: "repository" }>): Origin {
  const name = withHoles(repo);
  const [owner = ""] = name.split("/", 1);
  return {
    title: host === "" || host === "github.com" ? name : `${host}/${name}`,
    ...(host !== "" && { host: host.toLowerCase() }),
    ...(name.includes("/") && !owner.includes(HOLE) && { owner }),
    names: namesOf(host, name, withHoles(path)),
    versions: ref === undefined || ref === "" ? [] : [withHoles(ref).toLowerCase()],
  };
}

/** `node` is `docker.io/library/node`. Source: the reference grammar of the OCI distribution specification, and Docker's defaults. */
function ofImage(name: string, text: string): Origin {
  const written = withHoles(name);
  const [first = "", ...rest] = written.split("/");
  const named = rest.length > 0 && /[.:]|^localhost$/.test(first);
  const path = named ? rest.join("/") : written.replace(/^library\//, "");
  const host = named ? first.replace(/:\d+$/, "").toLowerCase() : "docker.io";
  const [owner = "", ...below] = path.split("/");
  const [, version] = /(?:@|:)([^/@:]+)(?:@sha\d+:[0-9a-f]+)?\s*$/i.exec(withHoles(text)) ?? [];
  const [, digest] = /@(sha\d+:[0-9a-f]+)\s*$/i.exec(text) ?? [];
  if (first.includes(HOLE)) return plain(written, []);
  return {
    title: written,
    host,
    ...(below.length > 0 && !owner.includes(HOLE) && { owner }),
    names: namesOf(host, path, ""),
    versions: [version, digest].flatMap((each) => (each === undefined ? [] : [each.toLowerCase()])),
  };
}

/** Orbs, tasks and whatever else is named and not addressed: `namespace/name@version`. */
function ofName(kind: Reference["kind"], text: string): Origin {
  const [, name = text, version] = /^(.+?)@([^@/]+)$/s.exec(withHoles(text).trim()) ?? [];
  const [owner = "", ...below] = name.split("/");
  const hasOwner = kind === "orb" && below.length > 0 && !owner.includes(HOLE);
  return { ...plain(name, version === undefined ? [] : [version]), ...(hasOwner && { owner }) };
}

function ofPackage({ manager, text, source }: PackageUse): Origin {
  const written = withHoles(text);
  if (/:\/\/|^[\w-]+@[^/]+:/.test(written)) return originOfAddress(written);
  const [, repo] = /^(?:github:|gh:)?([\w.-]+\/[\w.-]+?)(?:\.git)?(?:[#@].*)?$/.exec(written) ?? [];
  if (source === "remote" && repo !== undefined) return originOfAddress(`https://github.com/${repo}`);
  const [ecosystem, host] = registryOf(manager, written);
  const { name, version } = splitPackage(written.replace(/^(?:npm|jsr):/, ""));
  // A Go package's name is its address, and the first part of it the host.
  const isAddress = ecosystem === "go" && isHost(name.split("/")[0] ?? "");
  const address = isAddress ? originOfAddress(`https://${name}`) : undefined;
  const [scope = "", ...below] = name.split("/");
  const names = [`${host}/${name}`, `${ecosystem}:${name}`, name].map((each) => each.toLowerCase());
  return {
    title: `${ecosystem}:${name}`,
    host: address?.host ?? host,
    ...(address?.owner !== undefined && { owner: address.owner }),
    ...(ecosystem === "npm" && scope.startsWith("@") && below.length > 0 && { owner: scope }),
    names: name.startsWith(HOLE) ? [HOLE] : [...names, ...(address?.names ?? [])],
    versions: version === undefined ? [] : [version.toLowerCase()],
  };
}

/** `name@1.2.3`, `@scope/name@1.2.3`, `name==1.2.3`, `name[extra]>=1`. */
function splitPackage(text: string): { readonly name: string; readonly version: string | undefined } {
  const [, name = text, at, equal] =
    /^(@?[^@=<>~![\s]+)(?:\[[^\]]*\])?(?:@(.+)|===?\s*([\w.+!-]+)|[<>~!=].*)?$/s.exec(text.trim()) ?? [];
  return { name, version: at ?? equal };
}

/** The short name of a registry, and its host. */
function registryOf(manager: string, text: string): readonly [ecosystem: string, host: string] {
  if (text.startsWith("jsr:")) return ["jsr", "jsr.io"];
  if (text.startsWith("npm:")) return ["npm", "registry.npmjs.org"];
  const [program = ""] = manager.toLowerCase().split(" ");
  const found = REGISTRIES.find(([programs]) => programs.test(program));
  return found === undefined ? [program, program] : [found[1], found[2]];
}

const REGISTRIES: readonly (readonly [programs: RegExp, ecosystem: string, host: string])[] = [
  [/^(?:npx|npm|pnpm|pnpx|yarn|yarnpkg|bun|bunx|corepack)$/, "npm", "registry.npmjs.org"],
  [/^(?:pip[\d.]*|pipx|uv|uvx|poetry|pdm|rye|hatch|pipenv|python[\d.]*)$/, "pypi", "pypi.org"],
  [/^cargo/, "cargo", "crates.io"],
  [/^gem$/, "gem", "rubygems.org"],
  [/^go$/, "go", "proxy.golang.org"],
  [/^(?:dotnet|dnx)$/, "nuget", "nuget.org"],
  [/^composer$/, "composer", "packagist.org"],
  [/^(?:install-)/, "psgallery", "powershellgallery.com"],
  [/^deno$/, "deno", "deno.land"],
];

function plain(name: string, versions: readonly string[]): Origin {
  return { title: name, names: [name.toLowerCase()], versions: versions.map((each) => each.toLowerCase()) };
}

/** A repository in an address, with what follows it. */
interface Hosted {
  readonly host: string;
  readonly repo: string;
  readonly path: string;
  readonly version: string | undefined;
}

/** Source: the address forms that these hosts serve repositories, raw files, archives and releases under. */
function repositoryOf(host: string, folders: readonly string[]): Hosted | undefined {
  const [first = "", second = "", third = "", ...rest] = folders;
  const name = (text: string) => text.replace(/\.git$/, "").replace(/@.*$/, "");
  if (host === "cdn.jsdelivr.net" && first === "gh" && third !== "") {
    const version = third.split("@")[1];
    return { host: "github.com", repo: `${second}/${name(third)}`, path: rest.join("/"), version };
  }
  if (host === "api.github.com" && first === "repos" && third !== "")
    return { host: "github.com", repo: `${second}/${third}`, path: "", version: undefined };
  if (first === "" || second === "" || !SITES.has(host)) return undefined;
  const repo = `${first}/${name(second)}`;
  const site = { host: SITES.get(host) ?? host, repo };
  if (host === "raw.githubusercontent.com") {
    const long = third === "refs" && rest.length > 2;
    return { ...site, path: (long ? rest.slice(2) : rest).join("/"), version: long ? rest[1] : third || undefined };
  }
  if (third === "raw" || third === "blob" || third === "archive" || third === "tree")
    return { ...site, path: rest.slice(1).join("/"), version: rest[0]?.replace(/\.(?:tar\.gz|zip)$/, "") };
  if (third === "releases" && rest[0] === "download") return { ...site, path: "", version: rest[1] };
  return { ...site, path: "", version: undefined };
}

/** Hosts whose addresses begin with owner and name, and where those repositories lie. */
const SITES: ReadonlyMap<string, string> = new Map([
  ["github.com", "github.com"],
  ["raw.githubusercontent.com", "github.com"],
  ["codeload.github.com", "github.com"],
  ["gist.githubusercontent.com", "gist.github.com"],
  ["gist.github.com", "gist.github.com"],
  ["gitlab.com", "gitlab.com"],
  ["bitbucket.org", "bitbucket.org"],
  ["codeberg.org", "codeberg.org"],
]);
