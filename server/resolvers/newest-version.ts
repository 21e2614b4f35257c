import type { NewestVersionAnswer, Question } from "../core/index.ts";
import type { GitOptions } from "./git.ts";
import { type HttpOptions, httpRequest, statusRefusal } from "./http.ts";
import { member, parseJson, textMember } from "./json.ts";
import { listRefs } from "./repository.ts";
import { Refusal, type ResolveOptions } from "./resolver.ts";
import { newestVersion } from "./version-tag.ts";

type VersionQuestion = Extract<Question, { kind: "newestVersion" }>;

/**
 * The newest exact version of something whose system has no hashes. Rejects with a {@link Refusal}.
 *
 * @param list how the references of a repository are listed
 */
export async function answerNewestVersion(
  { list: source, range }: VersionQuestion,
  options: GitOptions & HttpOptions & ResolveOptions = {},
  list: typeof listRefs = listRefs,
): Promise<NewestVersionAnswer> {
  const names =
    source.kind === "orb" ? await versionsOfOrb(source.name, range, options) : await tagsOf(source, options, list);
  const version = newestVersion(names, range);
  if (version !== undefined) return { kind: "newestVersion", version };
  const what = source.kind === "orb" ? `The orb ${source.name}` : `${source.repo} on ${source.host}`;
  const within = range === "" ? "" : ` that begins with ${range}`;
  throw new Refusal("not-found", `${what} has no released version${within}.`);
}

async function tagsOf(
  { host, repo }: Extract<VersionQuestion["list"], { kind: "tags" }>,
  options: GitOptions & HttpOptions & ResolveOptions,
  list: typeof listRefs,
): Promise<readonly string[]> {
  const refs = await list({ host, repo, everything: false }, options);
  return [...refs.keys()].flatMap((name) => (name.startsWith(TAGS) ? name.slice(TAGS.length) : []));
}

const TAGS = "refs/tags/";

/** CircleCI's own command line asks the same, and it needs no credentials for public orbs. Source: CircleCI-Public/circleci-cli, api/api.go. */
const ORBS = "https://circleci.com/graphql-unstable";

/** `volatile` is the newest release of all. What a range stands for is said even where more versions came since than are listed. */
const QUERY =
  "query($ref: String!, $count: Int!) { orbVersion(orbVersionRef: $ref) { version orb { versions(count: $count) { version } } } }";
const MOST_VERSIONS = 100;

async function versionsOfOrb(
  name: string,
  range: string,
  options: HttpOptions & ResolveOptions,
): Promise<readonly string[]> {
  const variables = { ref: `${name}@${range === "" ? "volatile" : range}`, count: MOST_VERSIONS };
  const response = await httpRequest(ORBS, {
    ...options,
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query: QUERY, variables }),
  });
  if (response.status !== 200) throw statusRefusal(ORBS, response);
  const data = member(parseJson(Buffer.from(response.body).toString("utf8")), "data");
  const found = member(data, "orbVersion");
  if (found === null) throw new Refusal("not-found", missing(name, range));
  const listed = member(member(found, "orb"), "versions");
  const version = textMember(found, "version");
  if (version === undefined) {
    throw new Refusal("content", "circleci.com answered with something else than the versions of an orb.");
  }
  return [version, ...(Array.isArray(listed) ? listed.flatMap((each) => textMember(each, "version") ?? []) : [])];
}

function missing(name: string, range: string): string {
  const what = range === "" ? `released orb ${name}` : `release of the orb ${name} that begins with ${range}`;
  return `CircleCI shows no ${what} to everybody; it may be private or have another name.`;
}
