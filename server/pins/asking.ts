import type { Answer, EditFix, Fix, NoFix, Question } from "../core/index.ts";
import { Refusal, type Resolver } from "../resolvers/resolver.ts";

/** Asks a resolver, each question once; rejects with a refusal as the resolver does, and at once where the person has cancelled. */
export type Ask = (resolver: Resolver, question: Question) => Promise<Answer>;

/** A question with its answer; `undefined` where it was refused. */
export interface Exchange {
  readonly question: Question;
  readonly answer: Answer | undefined;
}

/** A person does not wait longer for many questions than for one, and no host is pressed by a few. */
const PARALLEL = 6;

/** Makes a way to ask that remembers answers and refusals, and asks so many questions at a time. */
export function createAsk(signal: AbortSignal | undefined, parallel = PARALLEL): Ask {
  const known = new Map<Resolver, Map<string, Promise<Answer>>>();
  const turns = createTurns(parallel);
  return (resolver, question) => {
    const answers = known.get(resolver) ?? new Map<string, Promise<Answer>>();
    known.set(resolver, answers);
    const key = JSON.stringify(Object.entries(question).sort());
    const answer = answers.get(key) ?? turns(() => askOnce(resolver, question, signal));
    answers.set(key, answer);
    return answer;
  };
}

/** Throws the refusal of a person who has cancelled. */
export function stopIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Refusal("cancelled", "Cancelled; nothing was changed.");
}

/** A fix followed through its questions to its edits, or to why there are none. A refused question is such a reason; cancelling is not. */
export async function followFix(
  fix: Fix,
  resolver: Resolver,
  ask: Ask,
): Promise<{ readonly end: EditFix | NoFix; readonly exchanges: readonly Exchange[] }> {
  const exchanges: Exchange[] = [];
  let current: Fix | NoFix = fix;
  while ("ask" in current) {
    const question: Question = current.ask;
    try {
      const answer = await ask(resolver, question);
      exchanges.push({ question, answer });
      current = current.next(answer);
    } catch (error) {
      exchanges.push({ question, answer: undefined });
      return { end: { refused: reasonIn(error) }, exchanges };
    }
  }
  return { end: current, exchanges };
}

/** What a refusal says. Everything else is thrown on: a person who cancels, and errors. */
export function reasonIn(error: unknown): string {
  if (error instanceof Refusal && error.code !== "cancelled") return error.message;
  throw error;
}

async function askOnce(resolver: Resolver, question: Question, signal: AbortSignal | undefined): Promise<Answer> {
  stopIfCancelled(signal);
  const answer = await resolver.resolve(question, signal === undefined ? {} : { signal });
  stopIfCancelled(signal);
  return answer;
}

/** Lets so many pieces of work run at a time; the others wait for their turn, in order. */
function createTurns(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  const state = { running: 0 };
  return async (work) => {
    if (state.running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else state.running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) state.running--;
      else next();
    }
  };
}
