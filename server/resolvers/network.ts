import type { Answer, Question } from "../core/index.ts";
import { answerCommit } from "./commit.ts";
import type { GitOptions } from "./git.ts";
import type { HttpOptions } from "./http.ts";
import { answerImageDigest } from "./image-digest.ts";
import type { ResolveOptions, Resolver } from "./resolver.ts";
import { answerScriptHash } from "./script-hash.ts";

/** Everything that a person can set about the network. */
export type NetworkOptions = HttpOptions & GitOptions;

/** The resolver that asks the real network. It keeps no state: questions may be asked at the same time. */
export function createResolver(options: NetworkOptions = {}): Resolver {
  return {
    resolve: (question, { signal } = {}) => ask(question, signal === undefined ? options : { ...options, signal }),
  };
}

/** One line for each kind of question. */
const ANSWERS: { readonly [Kind in Question["kind"]]: Ask<Kind> } = {
  commit: answerCommit,
  scriptHash: answerScriptHash,
  imageDigest: answerImageDigest,
};

type Ask<Kind extends Question["kind"]> = (
  question: Extract<Question, { kind: Kind }>,
  options: NetworkOptions & ResolveOptions,
) => Promise<Extract<Answer, { kind: Kind }>>;

function ask<Kind extends Question["kind"]>(
  question: Extract<Question, { kind: Kind }>,
  options: NetworkOptions & ResolveOptions,
): Promise<Answer> {
  const kind: Kind = question.kind;
  return ANSWERS[kind](question, options);
}
