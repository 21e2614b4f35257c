import { type Batch, examineBatch, type Found, type OnFound, type Outcome, type Way, walkFolder } from "./orders.ts";
import type { Files, Runtime, Thread } from "./runtime.ts";

/** Those who look at many files: threads, or where there are none this one, which then does it in slices. */
export interface Crew {
  /** So many batches are best under way at a time. */
  readonly width: number;
  /** What came of each file of the batch, in its order. */
  examine(batch: Batch): Promise<readonly Outcome[]>;
  /** Walks through a folder until `onFound` returns false. */
  walk(way: Way, onFound: OnFound): Promise<void>;
  /** Ends the threads, which give back what memory they took. They start anew with the next order. */
  rest(): void;
}

/** What a thread is told. `stop` ends the walk with that id. */
type Message =
  | { readonly id: number; readonly kind: "examine"; readonly batch: Batch }
  | { readonly id: number; readonly kind: "walk"; readonly way: Way }
  | { readonly id: number; readonly kind: "stop" };

/** What it says: a part of what it found, and at last the result, or why there is none. */
type Answer =
  | { readonly id: number; readonly found: readonly Found[] }
  | { readonly id: number; readonly outcomes: readonly Outcome[] }
  | { readonly id: number; readonly error: string };

/** Carries out orders that another thread gives. The two sides of this are in one file, so that they agree. */
export function serveCrew(thread: Pick<Thread, "post" | "listen">, files: Files): void {
  const stopped = new Set<number>();
  const answer = (message: Answer) => thread.post(message);
  const obey = async (order: Message): Promise<void> => {
    if (order.kind === "stop") {
      stopped.add(order.id);
      return;
    }
    const { id } = order;
    try {
      if (order.kind === "examine") return answer({ id, outcomes: await examineBatch(order.batch, files) });
      await walkFolder(order.way, files, (found) => {
        answer({ id, found });
        return !stopped.has(id);
      });
      answer({ id, outcomes: [] });
    } catch (error) {
      answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  };
  thread.listen((message) => {
    if (isMessage(message)) void obey(message);
  });
}

/** A crew of as many threads as the machine is good for. Where one does not start, or ends early, this thread does its work. */
export function createCrew({ files, threads, startThread }: Pick<Runtime, "files" | "threads" | "startThread">): Crew {
  const hands: Hand[] = [];
  const own = createOwnHand(files);
  const state = { canStart: threads > 0 };

  /** The hand with the least to do. */
  function next(): Hand {
    const free = hands.find((hand) => hand.load() === 0);
    if (free !== undefined) return free;
    if (state.canStart && hands.length < threads) {
      const hand = hire();
      if (hand !== undefined) return hand;
      state.canStart = false;
    }
    return hands.toSorted((a, b) => a.load() - b.load())[0] ?? own;
  }

  function hire(): Hand | undefined {
    const thread = startThread();
    if (thread === undefined) return undefined;
    const hand = createHand(thread, () => {
      hands.splice(hands.indexOf(hand), 1);
      state.canStart = false;
    });
    hands.push(hand);
    return hand;
  }

  /** Where a thread ends under the work, the work is done here. */
  async function withHand<T>(work: (hand: Hand) => Promise<T | typeof GONE>): Promise<T> {
    const result = await work(next());
    if (result !== GONE) return result;
    const again = await work(own);
    if (again === GONE) throw new Error("The files could not be looked at.");
    return again;
  }

  return {
    get width() {
      // A second one for each thread, so that none waits while this one takes in what the first has brought.
      return 2 * (state.canStart ? threads : hands.length) || 1;
    },
    examine: (batch) => withHand((hand) => hand.examine(batch)),
    walk: async (way, onFound) => {
      await withHand((hand) => hand.walk(way, onFound));
    },
    rest: () => {
      for (const hand of hands.splice(0)) hand.dismiss();
    },
  };
}

/** The thread ended before the work was done. */
const GONE = Symbol("gone");

/** One that carries out orders. */
interface Hand {
  /** How many orders are under way. */
  load(): number;
  examine(batch: Batch): Promise<readonly Outcome[] | typeof GONE>;
  walk(way: Way, onFound: OnFound): Promise<readonly Outcome[] | typeof GONE>;
  dismiss(): void;
}

function createOwnHand(files: Files): Hand {
  return {
    load: () => 0,
    examine: (batch) => examineBatch(batch, files),
    walk: async (way, onFound) => {
      await walkFolder(way, files, onFound);
      return [];
    },
    dismiss: () => {},
  };
}

function createHand(thread: Thread, onGone: () => void): Hand {
  const waiting = new Map<number, (answer: Answer | typeof GONE) => void>();
  const state = { lastId: 0, isDismissed: false };
  const post = (message: Message) => thread.post(message);
  thread.listen((answer) => {
    if (isAnswer(answer)) return waiting.get(answer.id)?.(answer);
    if (!state.isDismissed) onGone();
    for (const hear of waiting.values()) hear(GONE);
    waiting.clear();
  });

  function order(toMessage: (id: number) => Message, onFound: OnFound): Promise<readonly Outcome[] | typeof GONE> {
    const id = ++state.lastId;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        waiting.delete(id);
        settle();
      };
      waiting.set(id, (answer) => {
        if (answer === GONE) resolve(GONE);
        else if ("outcomes" in answer) end(() => resolve(answer.outcomes));
        else if ("error" in answer) end(() => reject(new Error(answer.error)));
        else if (!onFound(answer.found)) post({ id, kind: "stop" });
      });
      post(toMessage(id));
    });
  }

  return {
    load: () => waiting.size,
    examine: (batch) =>
      order(
        (id) => ({ id, kind: "examine", batch }),
        () => true,
      ),
    walk: (way, onFound) => order((id) => ({ id, kind: "walk", way }), onFound),
    dismiss: () => {
      state.isDismissed = true;
      thread.stop();
    },
  };
}

function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "kind" in value;
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === "object" && value !== null && "id" in value;
}
