import type { Pin } from "../model.ts";
import { isCommitId } from "../reference.ts";
import { isImmutable, isLocal } from "./downloads.ts";
import type { Value } from "./state.ts";

// Whether the text that names a package fixes what comes. An exact version counts as fixed where the registry keeps it from being
// replaced: npm, PyPI, crates.io, RubyGems, JSR, NuGet, Packagist's releases and Go's checksum database do.

/** What a package's name says about what it brings. */
export interface Judgement {
  readonly pin: Pin;
  /** registry: the newest release of a published package. remote: code straight from a repository or an address. */
  readonly source: "registry" | "remote";
  /** Why it can change, as the end of a sentence that began with its name; "" where nothing can, or nobody knows. */
  readonly why: string;
  /** What to write instead, as the end of a sentence; `<version>` and `<commit>` are for the person to fill in. */
  readonly exact: string;
}

/** True where a part of the text is known only when the pipeline runs. */
function isUncertain(text: string): boolean {
  return /[$‹`]/.test(text);
}

/** True where the word has unknown parts that do not show in its text, such as a default that may be overridden. */
function isHidden(word: Value): boolean {
  return !word.known && !isUncertain(word.text);
}

/** A word that names a package, with what fetches it. */
export interface Found extends Judgement {
  readonly manager: string;
  readonly word: Value;
  readonly runs: boolean;
  readonly shadowed: boolean;
}

/** Reads the arguments of one program. */
export type PackageReader = (args: readonly Value[]) => readonly Found[];

/** Each word with what its manager says about it; words that name nothing remote are left out. */
export function found(
  manager: string,
  words: readonly Value[],
  judge: (word: Value) => Judgement | undefined,
  { runs = false, shadowed = false }: { readonly runs?: boolean; readonly shadowed?: boolean } = {},
): readonly Found[] {
  return words.flatMap((word) => {
    const judgement = judge(word);
    return judgement === undefined ? [] : [{ ...judgement, manager, word, runs, shadowed }];
  });
}

const UNKNOWN = { pin: "unknown", why: "", exact: "" } as const;
const FIXED = { pin: "pinned", why: "", exact: "" } as const;

const EXACT = /^=?v?\d+\.\d+\.\d+(?:[-+.][\w.+-]+)?$/;

/**
 * A package of a registry.
 *
 * @param word where the name stands
 * @param version the version or what stands in its place, `undefined` where none is written
 * @param exact the form that fixes it
 * @param pattern what an exact version looks like in this registry
 */
export function judgeVersion(
  word: Value,
  version: string | undefined,
  exact: string,
  pattern: RegExp = EXACT,
): Judgement {
  const source = "registry";
  if (isHidden(word) || isUncertain(version || word.text)) return { ...UNKNOWN, source };
  if (version === undefined || version === "")
    return { pin: "mutable", source, why: "without a version that is whatever was published last", exact };
  if (pattern.test(version)) return { ...FIXED, source };
  const named = /^[\w.-]+$/.test(version) && /[a-z]/i.test(version) && !/^v?[\d.]+(?:\.x)?$/i.test(version);
  return {
    pin: "mutable",
    source,
    why: named
      ? `${version} is whatever was published last under that name`
      : `${version} takes any later release of it`,
    exact,
  };
}

/**
 * Code of a repository.
 *
 * @param word where the address stands
 * @param address the address without the ref
 * @param ref commit, tag or branch, `undefined` where none is written
 */
export function judgeRepository(
  word: Value,
  address: string,
  ref: string | undefined,
  exact: string,
): Judgement | undefined {
  const source = "remote";
  const bare = withoutUser(address);
  if (isLocal(bare.replace(/^\w+\+/, ""))) return undefined;
  if (isHidden(word) || isUncertain(ref || bare)) return { ...UNKNOWN, source };
  const mutable = (why: string): Judgement => ({ pin: "mutable", source, why, exact });
  if (ref === undefined || ref === "") return mutable("without a commit id that is whatever was pushed last");
  if (isCommitId(ref)) return { ...FIXED, source };
  if (/^[0-9a-f]{7,39}$/i.test(ref)) return mutable(`${ref} is only the beginning of a commit id`);
  return mutable(`${ref} is a branch or tag that its owner can move`);
}

/** A file behind an address; `undefined` where the address is on this machine. */
export function judgeAddress(
  word: Value,
  address: string,
  exact = "an address that carries a full commit id",
): Judgement | undefined {
  const source = "remote";
  const bare = withoutUser(address);
  if (isLocal(bare)) return undefined;
  if (/#(?:[^#]*&)?sha(?:256|384|512)[=-]/i.test(bare) || isImmutable(bare) || VERSIONED.test(bare))
    return { ...FIXED, source };
  if (isHidden(word) || isUncertain(bare)) return { ...UNKNOWN, source };
  return { pin: "mutable", source, why: "what lies at that address can change at any time", exact };
}

/** Addresses below which a registry never replaces a file. */
const VERSIONED = new RegExp(
  String.raw`^https://(?:registry\.npmjs\.org/.+/-/[^/]+-\d+\.\d+\.\d+[^/]*\.tgz$|files\.pythonhosted\.org/packages/` +
    String.raw`|deno\.land/(?:std|x/[^/@]+)@v?\d+\.\d+\.\d+|jsr\.io/@[^/]+/[^/]+/\d+\.\d+\.\d+` +
    String.raw`|(?:esm\.sh|unpkg\.com|cdn\.jsdelivr\.net/npm)/(?:@[^/]+/)?[^/@]+@\d+\.\d+\.\d+)`,
  "i",
);

/** The address without the name and password in it; the `git@` of ssh, which is no secret, stays. */
export function withoutUser(address: string): string {
  return address.replace(/^([a-z][\w+.-]*:\/\/)(?!git@)[^/]*@/i, "$1");
}

const NODE_LOCAL = /^(?:[./~\\]|[A-Za-z]:[\\/]|(?:file|link|portal|workspace|patch):)/;
const NODE_HOSTED = /^(?:git\+|git:|git@|ssh:|github:|gitlab:|bitbucket:|gist:)/;
const NODE_REPOSITORY = /^https?:\/\/(?:[^/]*@)?(?:github\.com|gitlab\.com|bitbucket\.org)\/[^/]+\/[^/#]+(?:#.*)?$/i;

/** A package as npm, pnpm, Yarn and Bun name it; `undefined` where it lies on this machine. Source: npm's "package-spec". */
export function judgeNode(word: Value, text = word.text): Judgement | undefined {
  const address = /:\/\//.test(text);
  if (NODE_LOCAL.test(text) || (!address && /\.(?:tgz|tar\.gz|tar)$/i.test(text))) return undefined;
  const hosted = NODE_HOSTED.test(text);
  const [, alias] = /^(?:@[^/@]+\/)?[^/@:]+@(?:npm:)?([^@/:]+:.*|(?:@[^/@]+\/)?[^/@]+@.*)$/s.exec(text) ?? [];
  if (alias !== undefined && !hosted) return judgeNode(word, alias);
  const [where = "", ref] = split(text, "#");
  if (hosted || NODE_REPOSITORY.test(text) || /^[\w.-]+\/[\w.-]+$/.test(where))
    return judgeRepository(word, where, ref, `${withoutUser(where)}#<commit>`);
  if (address) return judgeAddress(word, text, "the published package with an exact version");
  const [, name, version] = /^(@[^/@]+\/[^/@]+|[^/@]+)(?:@(.*))?$/s.exec(text) ?? [];
  return name === undefined ? undefined : judgeVersion(word, version, `${name}@<version>`);
}

/** A requirement of pip and uv; `undefined` where it lies on this machine. Source: PEP 440, PEP 508 and pip's "VCS Support". */
export function judgePython(word: Value, text = word.text): Judgement | undefined {
  const [, direct] = /^[\w.-]+(?:\[[^\]]*\])?\s*@\s*([a-z][\w+.-]*:\/\/.*)$/is.exec(text) ?? [];
  if (direct !== undefined) return judgePython(word, direct);
  if (/^(?:git|hg|svn|bzr)\+/i.test(text)) return judgePythonRepository(word, text);
  if (/^(?:https?|ftp|file):\/\/.*\.py$/i.test(text)) return judgeAddress(word, text);
  if (/^(?:https?|ftp|file):\/\//i.test(text))
    return judgeAddress(word, text, "the published package with an exact version");
  if (/^[.~]|[/\\]|\.(?:whl|zip|tar\.gz|tgz|tar\.bz2|py)$/i.test(text)) return undefined;
  const [requirement = ""] = text.split(";", 1);
  const [, name, at, version] =
    /^([^\s=<>!~@[]+(?:\[[^\]]*\])?)(?:\s*(@)?\s*((?:===?|[<>!~@]).*|[^\s=<>!~].*))?$/s.exec(requirement.trim()) ?? [];
  if (name === undefined) return undefined;
  const clauses = version?.split(",").map((clause) => clause.trim());
  const fixed = clauses?.find((clause) => /^===?\s*[^\s*]+$/.test(clause));
  const exact = at === undefined ? `${name}==<version>` : `${name}@<version>`;
  return judgeVersion(word, fixed?.replace(/^===?\s*/, "") ?? version, exact, fixed === undefined ? /^v?\d/ : /./);
}

function judgePythonRepository(word: Value, text: string): Judgement | undefined {
  const [address = ""] = text.split("#", 1);
  const [, where, ref] = /^([a-z][\w+.-]*:\/\/[^/]*\/[^@]*)(?:@(.*))?$/is.exec(withoutUser(address)) ?? [];
  return where === undefined ? undefined : judgeRepository(word, where, ref, `${where}@<commit>`);
}

/** A Go package with its `@version`; `undefined` without one, where go.mod and go.sum decide. Source: "Go Modules Reference". */
export function judgeGo(word: Value): Judgement | undefined {
  const [name, version] = split(word.text, "@");
  if (version === undefined || /^[./]/.test(word.text)) return undefined;
  const release = /^v\d+(?:\.\d+){0,2}(?:[-+].*)?$|^(?:latest|upgrade|patch)$/.test(version) || isUncertain(version);
  const exact = `${name}@<version>`;
  if (release) return judgeVersion(word, version, exact, /^v\d+\.\d+\.\d+(?:[-+].*)?$/);
  return /^[0-9a-f]{12,}$/.test(version)
    ? { ...FIXED, source: "remote" }
    : judgeRepository(word, `https://${name}`, version, exact);
}

/** `https:`, `npm:` and `jsr:` specifiers of Deno; `undefined` for files. */
export function judgeDeno(word: Value): Judgement | undefined {
  const { text } = word;
  if (/^https?:\/\//i.test(text)) return judgeAddress(word, text, "an address that carries an exact version");
  const [, name, version] = /^((?:npm|jsr):\/?(?:@[^/@]+\/)?[^/@]+)(?:@([^/]+))?/.exec(text) ?? [];
  return name === undefined ? undefined : judgeVersion(word, version, `${name}@<version>`);
}

/** The text in front of the last mark and the text behind it, `undefined` where there is none. */
function split(text: string, mark: string): readonly [string, string | undefined] {
  const at = text.lastIndexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
