import {
  type Answer,
  type CommitAnswer,
  type Context,
  type PinnedPlace,
  pinsOf,
  type ScriptHashAnswer,
  type SourceFile,
  sameFileOfCommit,
} from "../core/index.ts";
import { Refusal, type Resolver } from "../resolvers/resolver.ts";
import { type Ask, createAsk, reasonIn, stopIfCancelled } from "./asking.ts";
import type { ScriptStore } from "./scripts.ts";

/** A file whose pins are to be looked at again. */
export interface VerifyTarget {
  readonly file: SourceFile;
  readonly context: Context;
  readonly resolver: Resolver;
  /** Names a file of the repository around this one, by its path from the root: the same name for the same file in every target. */
  identify(path: string): string;
  /** True for paths that the settings leave out. */
  isExcluded(path: string): boolean;
}

export interface VerifyOptions {
  /** Aborted when the person cancels; the promise then rejects with the refusal "cancelled". */
  readonly signal?: AbortSignal | undefined;
  /** Where the texts lie that scripts had when they were pinned. */
  readonly scripts: ScriptStore;
  onProgress?(done: number, total: number): void;
}

/** A pin, and what the world says about it now. */
export interface VerifiedPin {
  readonly pin: PinnedPlace;
  readonly target: VerifyTarget;
  /** What {@link VerifyTarget.identify} calls the file. */
  readonly id: string;
  /** From 1. */
  readonly line: number;
  readonly verdict: Verdict;
  /** One or two plain sentences: what is so, and what to do. */
  readonly message: string;
  /** What the name or address beside the pin stands for today, written as a pin; absent where that was not answered. */
  readonly now?: string;
  /** Of a script that changed: the text that was pinned, where it is known, and today's. Neither is ever run. */
  readonly texts?: { readonly before: string | undefined; readonly after: string };
  /** What makes the pin fit what the world says now, for a person to decide. */
  readonly update?: PinUpdate;
}

/** Another pin for the same thing: what {@link PinnedPlace.update} takes. */
export interface PinUpdate {
  readonly title: string;
  readonly to: string;
  /** Another name beside it. */
  readonly label?: string;
}

/**
 * held: as pinned. behind: the branch of the comment has gone on, as branches do. moved: a tag stands for something else than it did.
 * mislabelled: the comment names another version than the pin. changed: a script has another content. gone: what was pinned, or the name
 * beside it, is no longer there. unknown: the answers do not tell. unanswered: there was no answer.
 */
export type Verdict = "held" | "behind" | "moved" | "mislabelled" | "changed" | "gone" | "unknown" | "unanswered";

/** True for verdicts that a person should look at. */
export function isChange(verdict: Verdict): boolean {
  return verdict === "moved" || verdict === "mislabelled" || verdict === "changed" || verdict === "gone";
}

/**
 * Asks again about every pin of the targets and says what is no longer as it was. Nothing is changed. By target, then by place; a pin
 * that several targets share comes once. Rejects where the person cancels.
 */
export async function verifyPins(
  targets: readonly VerifyTarget[],
  { signal, scripts, onProgress }: VerifyOptions,
): Promise<readonly VerifiedPin[]> {
  const ask = createAsk(signal);
  const places = new Map<string, { readonly pin: PinnedPlace; readonly target: VerifyTarget }>();
  for (const target of targets) {
    await new Promise((resolve) => setTimeout(resolve));
    stopIfCancelled(signal);
    for (const pin of pinsOf(target.file, target.context)) {
      const key = JSON.stringify([target.identify(pin.path), pin.span.start, pin.subject]);
      if (!places.has(key) && !target.isExcluded(pin.path)) places.set(key, { pin, target });
    }
  }
  const count = { done: 0 };
  return Promise.all(
    [...places.values()].map(async ({ pin, target }) => {
      const finding = await JUDGES[pin.kind](pin, (question) => ask(target.resolver, question), scripts);
      onProgress?.(++count.done, places.size);
      return { pin, target, id: target.identify(pin.path), line: lineOf(pin, target), ...finding };
    }),
  );
}

type Judgement = Pick<VerifiedPin, "verdict" | "message" | "now" | "texts" | "update">;

type Question = NonNullable<PinnedPlace["ask"]>;

type AskHere = (question: Question) => ReturnType<Ask>;

const JUDGES: {
  readonly [Kind in PinnedPlace["kind"]]: (pin: PinnedPlace, ask: AskHere, scripts: ScriptStore) => Promise<Judgement>;
} = { commit: judgeCommit, digest: judgeDigest, hash: judgeHash };

/** An answer, or why there is none. */
type Reply<Kind extends Answer["kind"]> =
  | { readonly answer: Extract<Answer, { kind: Kind }> }
  | { readonly refused: string; readonly isMissing: boolean };

async function replyOf<Kind extends Answer["kind"]>(
  kind: Kind,
  question: Question,
  ask: AskHere,
): Promise<Reply<Kind>> {
  try {
    const answer = await ask(question);
    if (!isOfKind(answer, kind)) throw new Error(`A ${question.kind} question was answered with a ${answer.kind}.`);
    return { answer };
  } catch (error) {
    const refused = reasonIn(error);
    return { refused, isMissing: error instanceof Refusal && error.code === "not-found" };
  }
}

function isOfKind<Kind extends Answer["kind"]>(answer: Answer, kind: Kind): answer is Extract<Answer, { kind: Kind }> {
  return answer.kind === kind;
}

async function judgeCommit(pin: PinnedPlace, ask: AskHere): Promise<Judgement> {
  const { alive, ask: named, label = "" } = pin;
  if (alive === undefined) return UNKNOWABLE;
  const own = await replyOf("commit", alive, ask);
  if ("refused" in own) return { verdict: "unanswered", message: own.refused };
  const reply = named === undefined ? undefined : await replyOf("commit", named, ask);
  // A comment in plain words is no name, and nothing is missing where no name is found.
  const isPlainWord = reply !== undefined && "refused" in reply && reply.isMissing && !VERSION.test(label);
  if (reply === undefined || isPlainWord) return judgeUnnamed(pin, own.answer);
  if ("answer" in reply) return judgeNamed(pin, own.answer, reply.answer);
  return reply.isMissing ? missingLabel(pin, own.answer.versionTag) : { verdict: "unanswered", message: reply.refused };
}

function judgeUnnamed({ subject }: PinnedPlace, { versionTag, listed }: CommitAnswer): Judgement {
  if (versionTag !== undefined) return { verdict: "held", message: `This is ${versionTag} of ${subject}.` };
  if (listed) return { verdict: "held", message: `A tag or branch of ${subject} leads to this commit.` };
  return {
    verdict: "unknown",
    message: `No tag or branch of ${subject} leads to exactly this commit and no comment says which version it is, so it cannot be judged. Write the version behind it, such as "# v1.2.3".`,
  };
}

/** @param own what the pinned commit is, and `now` what the name in the comment stands for */
function judgeNamed(pin: PinnedPlace, own: CommitAnswer, now: CommitAnswer): Judgement {
  const { subject, expected, label = "" } = pin;
  const today = short(now.commit);
  const update = updateOf(pin, `Update ${subject} to today's commit of ${label}`, now.commit, now.versionTag ?? label);
  if (now.commit === own.commit) {
    return { verdict: "held", message: `${label} of ${subject} is this commit.`, now: now.commit };
  }
  if (now.refKind === "branch") {
    const message = `The branch ${label} of ${subject} has gone on to ${today} since. The pin holds ${short(expected)}.`;
    return { verdict: "behind", message, now: now.commit, ...update };
  }
  if (own.versionTag !== undefined && !own.versionTag.startsWith(`${label}.`)) {
    return {
      verdict: "mislabelled",
      message: `The comment says ${label}, but this commit of ${subject} is ${own.versionTag}, and ${label} is ${today}. Find out which of the two was meant.`,
      now: now.commit,
      ...updateOf(pin, `Write ${own.versionTag} behind the commit of ${subject}`, expected, own.versionTag),
    };
  }
  const rest =
    own.versionTag === undefined
      ? "Somebody moved the tag, or the comment was never true; find out which before you update the pin."
      : `The pinned commit is ${own.versionTag}.`;
  const message = `${label} of ${subject} no longer stands for the pinned commit but for ${today}. ${rest}`;
  return { verdict: "moved", message, now: now.commit, ...update };
}

const VERSION = /^v?\d/;

function missingLabel(pin: PinnedPlace, versionTag: string | undefined): Judgement {
  const { subject, expected, label } = pin;
  if (versionTag === undefined) {
    return {
      verdict: "gone",
      message: `${subject} has no ${label}, which the comment names. Somebody took the tag away, or the comment was never true; find out which.`,
    };
  }
  if (versionTag.replace(/^v/, "") === label?.replace(/^v/, "")) {
    return { verdict: "held", message: `This is ${versionTag} of ${subject}.` };
  }
  return {
    verdict: "mislabelled",
    message: `The comment says ${label}, which ${subject} does not have; this commit is ${versionTag}.`,
    ...updateOf(pin, `Write ${versionTag} behind the commit of ${subject}`, expected, versionTag),
  };
}

async function judgeDigest(pin: PinnedPlace, ask: AskHere): Promise<Judgement> {
  const { alive, ask: named, subject, expected } = pin;
  if (alive === undefined) return UNKNOWABLE;
  const reply = named === undefined ? undefined : await replyOf("imageDigest", named, ask);
  if (reply !== undefined && "refused" in reply && !reply.isMissing)
    return { verdict: "unanswered", message: reply.refused };
  const current = reply !== undefined && "answer" in reply ? reply.answer.digest : undefined;
  if (current === expected) return { verdict: "held", message: `${subject} is this digest.`, now: current };
  const own = await replyOf("imageDigest", alive, ask);
  if ("refused" in own && !own.isMissing) return { verdict: "unanswered", message: own.refused };
  const update =
    current === undefined ? {} : { now: current, ...updateOf(pin, `Update ${subject} to today's digest`, current) };
  if ("refused" in own) {
    const today = current === undefined ? "" : ` ${subject} is ${current.slice(0, SHORT_DIGEST)}… today.`;
    return {
      verdict: "gone",
      message: `The registry no longer has the pinned digest of ${subject}, so the pipeline cannot pull it.${today}`,
      ...update,
    };
  }
  if (reply === undefined) return { verdict: "held", message: `The registry still has this digest of ${subject}.` };
  if (current === undefined) {
    return {
      verdict: "gone",
      message: `The registry has the pinned digest, but no longer ${subject}: the tag was taken away. Find out whether the image is still kept up.`,
    };
  }
  return {
    verdict: "moved",
    message: `${subject} stands for another digest today, ${current.slice(0, SHORT_DIGEST)}…; the registry still has the pinned one, and the pipeline pulls that.`,
    ...update,
  };
}

/** "sha256:" and twelve digits. */
const SHORT_DIGEST = 19;

async function judgeHash(pin: PinnedPlace, ask: AskHere, scripts: ScriptStore): Promise<Judgement> {
  if (pin.ask === undefined) return UNKNOWABLE;
  const reply = await replyOf("scriptHash", pin.ask, ask);
  if ("refused" in reply) {
    const verdict = reply.isMissing ? "gone" : "unanswered";
    return { verdict, message: reply.refused };
  }
  const { text } = reply.answer;
  const now = digestAs(pin.expected, reply.answer);
  if (now === undefined) return UNKNOWN_DIGEST;
  if (now === pin.expected) return { verdict: "held", message: `${pin.subject} has this content.`, now };
  const before = text === "" ? undefined : ((await scripts.read(pin.expected)) ?? (await textOfCommit(pin, ask)));
  const advice =
    text === ""
      ? "It is no text, so there is no difference to show."
      : before === undefined
        ? "The old text is not known on this machine; read the new one before you update the pin."
        : "Look at the difference before you update the pin.";
  return {
    verdict: "changed",
    message: `${pin.subject} no longer has the content that is pinned, so the pipeline stops there. ${advice}`,
    now,
    ...(text === "" ? {} : { texts: { before, after: text } }),
    ...updateOf(pin, `Update the pin to today's content of ${pin.subject}`, now),
  };
}

/** The digest of an answer by the algorithm of another digest, which its length tells. */
function digestAs(other: string, { sha256, sha384, sha512 }: ScriptHashAnswer): string | undefined {
  return [sha256, sha384, sha512].find((digest) => digest?.length === other.length);
}

/**
 * The text that was pinned, where the address names its commit: the same file of the same commit is fetched again by the other addresses
 * that its host has for it. Nothing but the pinned content is taken.
 */
async function textOfCommit({ subject, expected }: PinnedPlace, ask: AskHere): Promise<string | undefined> {
  for (const url of sameFileOfCommit(subject)) {
    const reply = await replyOf("scriptHash", { kind: "scriptHash", url }, ask);
    if ("answer" in reply && reply.answer.text !== "" && digestAs(expected, reply.answer) === expected) {
      return reply.answer.text;
    }
  }
  return undefined;
}

const UNKNOWN_DIGEST: Judgement = {
  verdict: "unknown",
  message: "The content was not hashed by the algorithm of this pin, so it cannot be judged.",
};

const UNKNOWABLE: Judgement = {
  verdict: "unknown",
  message: "Only the pipeline knows the address, so it cannot be asked from here.",
};

function updateOf(pin: PinnedPlace, title: string, to: string, label?: string): Pick<Judgement, "update"> {
  const edits = pin.update(to, label);
  if (edits === undefined || edits.length === 0) return {};
  return { update: { title, to, ...(label === undefined ? {} : { label }) } };
}

function short(commit: string): string {
  return commit.slice(0, 12);
}

function lineOf({ path, span }: PinnedPlace, { file, context }: VerifyTarget): number {
  const text = path === file.path ? file.text : (context.read(path) ?? "");
  return text.slice(0, span.start).split(/\r\n|\r|\n/).length;
}
