import { maskGitHub } from "../masking.ts";
import { type Injection, type Scope, scopeChain } from "../model.ts";
import { entries, items, text, type YamlNode, type YamlScalar } from "../yaml.ts";
import { type ReadValue, textSources } from "./reading-expression-text.ts";
import { keepsForksOut } from "./reading-workflow-trust.ts";

// Text that people without write access choose, in the workflows of GitHub, Gitea and Forgejo.

/** Such a text: where it is found, which events bring it, and what a person calls it. */
interface Stranger {
  readonly path: readonly string[];
  readonly events: readonly string[];
  readonly what: string;
}

const ISSUE = ["issues", "issue_comment"];
const PULL_REQUEST = ["pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"];
const COMMENT = ["issue_comment", "pull_request_review_comment", "commit_comment", "discussion_comment"];
const DISCUSSION = ["discussion", "discussion_comment"];
const HEAD_REF = ["pull_request", "pull_request_target"];

/**
 * Source: docs.github.com, "Secure use reference", "Understanding the risk of script injections", and "Webhook events and payloads". The
 * names of branches are on it because git lets them hold quotes, dollars and semicolons.
 */
const STRANGERS: readonly Stranger[] = (
  [
    ["github.event.issue.title", ISSUE, "the title of the issue"],
    ["github.event.issue.body", ISSUE, "the text of the issue"],
    ["github.event.pull_request.title", PULL_REQUEST, "the title of the pull request"],
    ["github.event.pull_request.body", PULL_REQUEST, "the text of the pull request"],
    ["github.event.pull_request.head.ref", PULL_REQUEST, "the name of the pull request's branch"],
    ["github.event.pull_request.head.label", PULL_REQUEST, "the name of the pull request's branch"],
    ["github.event.pull_request.head.repo.default_branch", PULL_REQUEST, "the name of a branch of the fork"],
    ["github.event.pull_request.head.repo.description", PULL_REQUEST, "the description of the fork"],
    ["github.event.pull_request.head.repo.homepage", PULL_REQUEST, "the home page of the fork"],
    ["github.event.changes.title.from", [...ISSUE, ...PULL_REQUEST], "the former title"],
    ["github.event.changes.body.from", [...ISSUE, ...PULL_REQUEST, ...COMMENT], "the former text"],
    ["github.event.comment.body", COMMENT, "the text of the comment"],
    ["github.event.review.body", ["pull_request_review"], "the text of the review"],
    ["github.event.discussion.title", DISCUSSION, "the title of the discussion"],
    ["github.event.discussion.body", DISCUSSION, "the text of the discussion"],
    ["github.event.pages.*.page_name", ["gollum"], "the name of a wiki page"],
    ["github.event.commits.*.message", ["push"], "the message of a commit"],
    ["github.event.commits.*.author.name", ["push"], "the name of a commit's author"],
    ["github.event.commits.*.author.email", ["push"], "the address of a commit's author"],
    ["github.event.head_commit.message", ["push"], "the message of the commit"],
    ["github.event.head_commit.author.name", ["push"], "the name of the commit's author"],
    ["github.event.head_commit.author.email", ["push"], "the address of the commit's author"],
    ["github.event.head_commit.committer.name", ["push"], "the name of the committer"],
    ["github.event.head_commit.committer.email", ["push"], "the address of the committer"],
    ["github.event.workflow_run.head_branch", ["workflow_run"], "the name of a branch of the run before"],
    ["github.event.workflow_run.display_title", ["workflow_run"], "the title of the run before"],
    ["github.event.workflow_run.head_commit.message", ["workflow_run"], "the message of the commit"],
    ["github.event.workflow_run.head_commit.author.name", ["workflow_run"], "the name of the commit's author"],
    ["github.event.workflow_run.head_commit.author.email", ["workflow_run"], "the address of the commit's author"],
    ["github.event.workflow_run.head_repository.description", ["workflow_run"], "the description of the fork"],
    ["github.event.workflow_run.pull_requests.*.head.ref", ["workflow_run"], "the name of the pull request's branch"],
    ["github.head_ref", HEAD_REF, "the name of the pull request's branch"],
  ] as const
).map(([path, events, what]) => ({ path: path.split("."), events, what }));

/** Events whose runs have neither secrets nor a token that can write, where the pull request comes from a fork. */
const WITHOUT_SECRETS = /^pull_request(?:_review|_review_comment)?$/;

/** What starts a workflow; `undefined` where the file does not tell: an action, and what other workflows call. */
export type Events = ReadonlySet<string> | undefined;

/** The events of a workflow from what stands behind `on`. */
export function eventsOf(on: YamlNode | undefined): Events {
  const names =
    on?.kind === "map" ? entries(on).map(({ key }) => key) : [on, ...items(on)].flatMap((each) => text(each) ?? []);
  return names.length === 0 || names.includes("workflow_call") ? undefined : new Set(names);
}

/** What decides whether a stranger's text comes to a step. */
export interface Audience {
  readonly events: Events;
  /** Conditions of the job and of the step. */
  readonly conditions: readonly string[];
  /** Names of the context that is called `github` at GitHub. */
  readonly contexts: readonly string[];
}

/**
 * The expressions in code that a stranger can choose the text of, by themselves or as a variable of the environment that holds one.
 * None for what no event of the workflow can bring, and none where a condition keeps forks out.
 */
export function injectionsIn(code: YamlScalar, scope: Scope, audience: Audience): readonly Injection[] {
  if (!code.text.includes("${{") || audience.conditions.some(keepsForksOut)) return [];
  return maskGitHub(code.text).holes.flatMap(({ text: written, span }) => {
    const own = written.endsWith("}}") ? textSources(written) : [];
    const held = own.flatMap(({ path }) => (path.length === 2 && path[0] === "env" ? [path[1] ?? ""] : []));
    const found = strangerIn([...own, ...held.flatMap((name) => sourcesOf(scope, name))], audience);
    if (found === undefined) return [];
    const place = code.map.toDocument(span);
    return [{ span: place, what: found.what, privileged: isPrivileged(found, audience) }];
  });
}

/** A condition on who acts is one that its author has thought about. */
const ASKS_WHO =
  /\bauthor_association\b|\bgithub\.(?:actor|triggering_actor)\b|\b(?:sender|user|author)\.(?:login|type|email|name)\b/;

function isPrivileged({ events }: Stranger, audience: Audience): boolean {
  const reaching = events.filter((event) => audience.events?.has(event));
  const asked = audience.conditions.some((condition) => ASKS_WHO.test(condition));
  return !asked && reaching.some((event) => !WITHOUT_SECRETS.test(event));
}

/** What the innermost variable of a name holds. */
function sourcesOf(scope: Scope, name: string): readonly ReadValue[] {
  const found = scopeChain(scope)
    .flatMap(({ variables }) => variables)
    .find((variable) => variable.name.toLowerCase() === name);
  return maskGitHub(found?.value ?? "").holes.flatMap((hole) => textSources(hole.text));
}

/** The worst of the texts that are read and that an event of the workflow can bring. */
function strangerIn(values: readonly ReadValue[], audience: Audience): Stranger | undefined {
  const { events } = audience;
  const found = values.flatMap(({ path: [context = "", ...rest], whole }) => {
    const path = [audience.contexts.includes(context) ? "github" : context, ...rest];
    return STRANGERS.filter(
      (stranger) =>
        (whole ? path.length <= stranger.path.length : path.length === stranger.path.length) &&
        path.every((name, index) => name === stranger.path[index] || name === "*" || stranger.path[index] === "*") &&
        (events === undefined || stranger.events.some((event) => events.has(event))),
    ).map((stranger) =>
      whole && path.length < stranger.path.length ? { ...stranger, what: "the event with all its texts" } : stranger,
    );
  });
  return found.find((each) => isPrivileged(each, audience)) ?? found[0];
}
