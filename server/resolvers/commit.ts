import type { CommitAnswer, Question } from "../core/index.ts";
import type { GitOptions } from "./git.ts";
import type { HttpOptions } from "./http.ts";
import type { RemoteRef, RemoteRefs } from "./refs.ts";
import { listRefs } from "./repository.ts";
import { Refusal, type ResolveOptions } from "./resolver.ts";
import { mostExactTag } from "./version-tag.ts";

type CommitQuestion = Extract<Question, { kind: "commit" }>;

/**
 * The commit that a reference points to, by one listing of the repository's references. Rejects with a {@link Refusal}.
 *
 * A full commit id is its own answer even where no reference leads to it. A short one must begin exactly one listed commit.
 * A tag goes before a branch of the same name, as on GitHub; names from "refs/" on and "HEAD" are understood.
 *
 * @param list how the references are listed
 */
export async function answerCommit(
  question: CommitQuestion,
  options: GitOptions & HttpOptions & ResolveOptions = {},
  list: typeof listRefs = listRefs,
): Promise<CommitAnswer> {
  refuseStrangeRef(question.ref);
  const { host, repo, ref } = question;
  const refs = await list({ host, repo, everything: isOutsideTagsAndBranches(ref) }, options);
  const found = findRef(refs, ref);
  if (found === undefined) throw notFound(question);
  const tags = [...refs].flatMap(([name, target]) =>
    name.startsWith(TAGS) && commitOf(target) === found.commit ? name.slice(TAGS.length) : [],
  );
  const versionTag = mostExactTag(tags, ref.replace(/^(?:refs\/)?(?:tags|heads)\//u, ""));
  return { kind: "commit", ...found, ...(versionTag === undefined ? {} : { versionTag }) };
}

const TAGS = "refs/tags/";
const HEADS = "refs/heads/";

/** What git-check-ref-format refuses, what could be taken for an option, and invisible characters, which could fake a message. */
function refuseStrangeRef(ref: string): void {
  const strange = /^-|[\p{Cc}\p{Cf}\s~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|\.lock$/u.test(ref);
  if (ref === "" || ref.length > 1024 || strange) {
    throw new Refusal("invalid", "The reference is not a name that git accepts, so nothing was asked.");
  }
}

function isOutsideTagsAndBranches(ref: string): boolean {
  return ref === "HEAD" || (ref.startsWith("refs/") && !ref.startsWith(TAGS) && !ref.startsWith(HEADS));
}

function findRef(refs: RemoteRefs, ref: string): Pick<CommitAnswer, "commit" | "refKind" | "listed"> | undefined {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/iu.test(ref)) {
    const commit = peel(refs, ref.toLowerCase());
    const listed = [...refs.values()].some((target) => commitOf(target) === commit);
    return { commit, refKind: "commit", ...(listed ? { listed } : {}) };
  }
  for (const name of [ref, TAGS + ref, HEADS + ref, `refs/${ref}`]) {
    const target = refs.get(name);
    if (target !== undefined) return { commit: commitOf(target), refKind: name.startsWith(TAGS) ? "tag" : "branch" };
  }
  const commit = /^[0-9a-f]{7,}$/iu.test(ref) ? uniqueCommit(refs, ref.toLowerCase()) : undefined;
  return commit === undefined ? undefined : { commit, refKind: "commit" };
}

/** A full id may be that of an annotated tag instead of its commit. */
function peel(refs: RemoteRefs, id: string): string {
  for (const target of refs.values()) if (target.id === id) return commitOf(target);
  return id;
}

function uniqueCommit(refs: RemoteRefs, start: string): string | undefined {
  const commits = new Set([...refs.values()].map(commitOf).filter((id) => id.startsWith(start)));
  return commits.size === 1 ? [...commits][0] : undefined;
}

function commitOf(target: RemoteRef): string {
  return target.peeled ?? target.id;
}

function notFound({ host, repo, ref }: CommitQuestion): Refusal {
  const message = /^[0-9a-f]{7,39}$/iu.test(ref)
    ? `No tag or branch of ${repo} on ${host} tells which commit "${ref}" is; write the full commit id.`
    : `${repo} on ${host} has no tag or branch named "${ref}".`;
  return new Refusal("not-found", message);
}
