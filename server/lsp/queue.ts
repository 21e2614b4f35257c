/** Work that is done one piece after the other, each key at most once in the line. */
export interface Queue<T> {
  /** Lines up a piece of work, in front of everything where it is urgent. A key that waits already takes the new item. */
  add(key: string, item: T, urgent?: boolean): void;
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>;
}

/**
 * A queue that hands each item to `work`. A key that is added while its work is under way is worked on again afterwards, so the
 * last state of things is always the one that was looked at. `work` must not reject.
 */
export function createQueue<T>(work: (item: T) => Promise<void>): Queue<T> {
  const urgent = new Map<string, T>();
  const waiting = new Map<string, T>();
  const running: { all: Promise<void> | undefined } = { all: undefined };

  async function run(): Promise<void> {
    for (let item = take(urgent, waiting); item !== undefined; item = take(urgent, waiting)) await work(item.value);
    running.all = undefined;
  }

  return {
    add: (key, item, first = false) => {
      const hurried = first || urgent.has(key);
      waiting.delete(key);
      (hurried ? urgent : waiting).set(key, item);
      running.all ??= Promise.resolve().then(run);
    },
    idle: () => running.all ?? Promise.resolve(),
  };
}

function take<T>(...lines: readonly Map<string, T>[]): { readonly value: T } | undefined {
  for (const line of lines) {
    for (const [key, value] of line) {
      line.delete(key);
      return { value };
    }
  }
  return undefined;
}
