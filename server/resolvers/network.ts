import type { Answer, Question } from "../core/index.ts";
import { answerCommit } from "./commit.ts";
import type { GitOptions } from "./git.ts";
import type { HttpOptions } from "./http.ts";
import { answerImageDigest } from "./image-digest.ts";
import { answerNewestVersion } from "./newest-version.ts";
import { listOnce } from "./repository.ts";
import type { ResolveOptions, Resolver } from "./resolver.ts";
import { answerScriptHash } from "./script-hash.ts";

/** Everything that a person can set about the network. */
export type NetworkOptions = HttpOptions & GitOptions;

/**
 * The resolver that asks the real network. Questions may be asked at the same time. One resolver serves one act of a person: it
 * lists the references of a repository once, however many questions there are about it.
 */
export function createResolver(options: NetworkOptions = {}): Resolver {
  const answers: Answers = {
    commit: (question, asked) => answerCommit(question, asked, list),
    scriptHash: answerScriptHash,
    imageDigest: answerImageDigest,
    newestVersion: (question, asked) => answerNewestVersion(question, asked, list),
  };
  const list = listOnce();
  return {
    resolve: (question, { signal } = {}) =>
      ask(answers, question, signal === undefined ? options : { ...options, signal }),
  };
}

/** One line for each kind of question. */
type Answers = { readonly [Kind in Question["kind"]]: Ask<Kind> };

type Ask<Kind extends Question["kind"]> = (
  question: Extract<Question, { kind: Kind }>,
  options: NetworkOptions & ResolveOptions,
) => Promise<Extract<Answer, { kind: Kind }>>;

function ask<Kind extends Question["kind"]>(
  answers: Answers,
  question: Extract<Question, { kind: Kind }>,
  options: NetworkOptions & ResolveOptions,
): Promise<Answer> {
  const kind: Kind = question.kind;
  return answers[kind](question, options);
}
