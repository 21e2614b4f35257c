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

/**
 * The same, and what was listed before is remembered, refusals too. Who cancels takes the listing from nobody else who waits for it.
 */
export function listOnce(): typeof listRefs {
  const listings = new Map<string, Promise<RemoteRefs>>();
  const list: typeof listRefs = async (query, options) => {
    const key = JSON.stringify([query.host.toLowerCase(), query.repo, query.everything]);
    const known = listings.get(key);
    const listing = known ?? listRefs(query, options);
    listings.set(key, listing);
    try {
      return await unlessCancelled(listing, options.signal);
    } catch (error) {
      const isOther = error instanceof Refusal && error.code === "cancelled" && options.signal?.aborted !== true;
      if (!isOther) throw error;
      if (listings.get(key) === listing) listings.delete(key);
      return await list(query, options);
    }
  };
  return list;
}

/** Stops waiting when the signal says so, whoever the work belongs to. */
async function unlessCancelled<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const stop = new AbortController();
  const cancelled = new Promise<never>((_, reject) => {
    const onAbort = () => reject(new Refusal("cancelled", "Cancelled; nothing was changed."));
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true, signal: stop.signal });
  });
  try {
    return await Promise.race([work, cancelled]);
  } finally {
    stop.abort();
  }
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
