/** Work that is done one piece after the other, each key at most once in the line. */
export interface Queue<T> {
  /** Lines up a piece of work, in front of everything where it is urgent. A key that waits already takes the new item. */
  add(key: string, item: T, urgent?: boolean): void;
  /** Resolves when the key neither waits nor is under way. What waits is done before everything else that does. */
  done(key: string): Promise<void>;
  /** True while anything waits or is under way. */
  isBusy(): boolean;
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>;
}

/**
 * A queue that hands each item to `work`. A key that is added while its work is under way is worked on again afterwards, so the
 * last state of things is always the one that was looked at. `work` must not reject.
 */
export function createQueue<T extends NonNullable<unknown>>(work: (item: T) => Promise<void>): Queue<T> {
  const urgent = new Map<string, T>();
  const waiting = new Map<string, T>();
  const running: { all: Promise<void> | undefined; key: string | undefined; step: Promise<void> } = {
    all: undefined,
    key: undefined,
    step: Promise.resolve(),
  };

  async function run(): Promise<void> {
    for (let next = take(urgent, waiting); next !== undefined; next = take(urgent, waiting)) {
      running.key = next.key;
      running.step = work(next.item);
      await running.step;
    }
    running.key = undefined;
    running.all = undefined;
  }

  return {
    add: (key, item, first = false) => {
      const hurried = first || urgent.has(key);
      waiting.delete(key);
      (hurried ? urgent : waiting).set(key, item);
      running.all ??= Promise.resolve().then(run);
    },
    done: async (key) => {
      const item = waiting.get(key);
      if (item !== undefined) urgent.set(key, item);
      waiting.delete(key);
      while (urgent.has(key) || waiting.has(key) || running.key === key) await running.step;
    },
    isBusy: () => running.all !== undefined,
    idle: () => running.all ?? Promise.resolve(),
  };
}

function take<T>(...lines: readonly Map<string, T>[]): { readonly key: string; readonly item: T } | undefined {
  for (const line of lines) {
    for (const [key, item] of line) {
      line.delete(key);
      return { key, item };
    }
  }
  return undefined;
}
