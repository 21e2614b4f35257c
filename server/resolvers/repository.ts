import { isAllowedHost, isPrivateHost, privateAddressRefusal } from "./address.ts";
import { type GitOptions, listWithGit } from "./git.ts";
import type { HttpOptions } from "./http.ts";
import type { RefQuery, RemoteRefs } from "./refs.ts";
import { Refusal, type ResolveOptions } from "./resolver.ts";
import { listOverHttp } from "./smart-http.ts";

/**
 * The references of a repository, asked over https with the machine's git, or without it where no git is found. Rejects with a
 * {@link Refusal}.
 *
 * A company's own git host usually has a private address, so the address behind a name is not judged here as it is for
 * scripts; a literal private address or a name such as localhost is refused all the same unless the host is allowed. What is
 * sent is a fixed path below the repository, and credentials only by git's own helpers for that very host.
 */
export async function listRefs(
  query: RefQuery,
  options: GitOptions & HttpOptions & ResolveOptions,
): Promise<RemoteRefs> {
  const url = repositoryUrl(query);
  if (isPrivateHost(url.hostname) && !isAllowedHost(url, options.allowedHosts)) {
    throw privateAddressRefusal(url.hostname, undefined, undefined);
  }
  return (await listWithGit(url, query, options)) ?? (await listOverHttp(url, options));
}

/** The clone address of a repository. Rejects what is not a plain host name and path, so that nothing else can be smuggled in. */
function repositoryUrl({ host, repo }: RefQuery): URL {
  const plainHost = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/iu.test(host);
  const plainPath = repo.split("/").every((part) => /^[\w.~@%+-]+$/u.test(part) && !/^(?:\.{1,2}|-.*)$/u.test(part));
  const text = `https://${host}/${repo}${isCloneAddress(repo) ? "" : ".git"}`;
  if (!plainHost || !plainPath || !URL.canParse(text)) {
    throw new Refusal("invalid", "The host or the repository is not a plain name, so nothing was asked.");
  }
  return new URL(text);
}

/** Azure Repos has no `.git` at the end of its addresses and takes it for a part of the name. */
function isCloneAddress(repo: string): boolean {
  return repo.endsWith(".git") || /(?:^|\/)_git\//u.test(repo);
}
