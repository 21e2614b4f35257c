import { isCommitId } from "../reference.ts";

/** A file of a git repository at a ref that can move, as a web address. */
export interface GitAddress {
  /** The host to ask for the ref. */
  readonly host: string;
  /** Path of the repository on that host. */
  readonly repo: string;
  readonly ref: string;
  /** The same file at a commit. */
  at(commit: string): string;
}

/**
 * Reads an address of a raw file on GitHub, GitLab or Bitbucket; `undefined` where it is none or already names a commit.
 * Source: the address forms that these hosts serve raw files under. A branch whose name holds a slash cannot be told from a folder, so only
 * `refs/heads/` and `refs/tags/` forms may hold one.
 */
export function movableGitAddress(url: string): GitAddress | undefined {
  for (const { form, host } of FORMS) {
    const [, before = "", repo = "", between = "", ref = "", after = ""] = form.exec(url) ?? [];
    if (ref === "" || isCommitId(ref)) continue;
    const site = host ?? /^https:\/\/([^/]+)/i.exec(url)?.[1]?.toLowerCase() ?? "";
    return {
      host: site,
      repo,
      ref: ref.replace(/^refs\/(?:heads|tags)\//, ""),
      at: (commit) => `${before}${repo}${between}${commit}${after}`,
    };
  }
  return undefined;
}

/**
 * Other https addresses of the same file at the same commit, for an address that names its commit: what a delivery network serves, or a host
 * under one of its names, can be compared with what the repository holds. None for any other address.
 * Source: the address forms of github.com and of jsDelivr (jsdelivr.com, "GitHub"); those of GitLab.
 */
export function sameFileOfCommit(url: string): readonly string[] {
  for (const form of FIXED) {
    const [, repo = "", commit = "", path = ""] = form.exec(url) ?? [];
    if (!isCommitId(commit)) continue;
    const addresses = [
      `https://raw.githubusercontent.com/${repo}/${commit}/${path}`,
      `https://github.com/${repo}/raw/${commit}/${path}`,
      `https://cdn.jsdelivr.net/gh/${repo}@${commit}/${path}`,
    ];
    return addresses.filter((address) => address !== url);
  }
  const [, before = "", commit = "", path = ""] =
    /^(https:\/\/[^/?#]+\/[^?#]+?\/-\/)raw\/([0-9a-f]+)\/([^?#]+)$/i.exec(url) ?? [];
  return isCommitId(commit) ? [`${before}raw/${commit}/${path}?inline=false`] : [];
}

const FIXED = [
  /^https:\/\/raw\.githubusercontent\.com\/([^/]+\/[^/]+)\/([0-9a-f]+)\/([^?#]+)$/i,
  /^https:\/\/github\.com\/([^/]+\/[^/]+)\/raw\/([0-9a-f]+)\/([^?#]+)$/i,
  /^https:\/\/cdn\.jsdelivr\.net\/gh\/([^/]+\/[^/@]+)@([0-9a-f]+)\/([^?#]+)$/i,
];

const REF = "(refs/(?:heads|tags)/[^/]+|[^/]+)";

const FORMS: readonly { readonly form: RegExp; readonly host: string | undefined }[] = [
  {
    form: new RegExp(String.raw`^(https://raw\.githubusercontent\.com/)([^/]+/[^/]+)(/)${REF}(/.+)$`, "i"),
    host: "github.com",
  },
  { form: new RegExp(String.raw`^(https://github\.com/)([^/]+/[^/]+)(/raw/)${REF}(/.+)$`, "i"), host: undefined },
  { form: new RegExp(`^(https://[^/]+/)(.+?)(/-/raw/)${REF}(/.+)$`, "i"), host: undefined },
  { form: new RegExp(String.raw`^(https://bitbucket\.org/)([^/]+/[^/]+)(/raw/)${REF}(/.+)$`, "i"), host: undefined },
];
