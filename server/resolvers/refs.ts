import { shownUrl } from "./http.ts";
import { Refusal } from "./resolver.ts";

/** What a reference of a remote repository points to. Ids are hex in lower case. */
export interface RemoteRef {
  readonly id: string;
  /** Of an annotated tag: the object that it leads to at last, which is a commit but for odd tags. */
  readonly peeled?: string;
}

/** References by their full name, such as "refs/tags/v1". */
export type RemoteRefs = ReadonlyMap<string, RemoteRef>;

/** A repository on a git host, and how much of it is asked for. */
export interface RefQuery {
  /** Host name, with a port where it is not 443. */
  readonly host: string;
  /** Path of the repository on the host, without a leading slash. */
  readonly repo: string;
  /** False asks for tags and branches only, true for every reference that the host shows. */
  readonly everything: boolean;
}

/** Largest listing that is read: about a million references. */
export const MAX_REF_BYTES = 64 * 1024 * 1024;

/** The refusal of a repository that a host does not show without credentials. Hosts do not say whether it exists. */
export function privateRepositoryRefusal(repository: URL): Refusal {
  return new Refusal(
    "authentication",
    `${shownUrl(repository)} does not exist or is private, and no credentials that ${repository.host} accepts are at hand.`,
  );
}

/** The refusal of a repository that a host says it does not have. */
export function missingRepositoryRefusal(repository: URL): Refusal {
  return new Refusal("not-found", `${shownUrl(repository)} was not found; it may be private or have another name.`);
}

/** The refusal of an address behind which something answers that is not git. */
export function notARepositoryRefusal(repository: URL): Refusal {
  return new Refusal(
    "content",
    `${shownUrl(repository)} is not a git repository: the host answered with something else.`,
  );
}

/** Adds one listed reference; a name that ends in `^{}` tells where the annotated tag before it leads. */
export function addRef(refs: Map<string, RemoteRef>, id: string, name: string): void {
  if (!name.endsWith("^{}")) {
    refs.set(name, { id });
    return;
  }
  const tag = refs.get(name.slice(0, -3));
  if (tag !== undefined) refs.set(name.slice(0, -3), { ...tag, peeled: id });
}
