/**
 * Results that are kept because they may be asked for again. Which ones are kept is decided by their number and size alone, so that
 * memory stays bounded; a result depends on nothing but its key, so it makes no difference but time whether it was kept.
 */
export class Memo<V> {
  readonly #limit: number;
  #young = new Map<string, Kept<V>>();
  #old: ReadonlyMap<string, Kept<V>> = new Map();
  #weight = 0;

  /** @param limit what may be kept at most, in the unit in which {@link set} is told the weights */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young.value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old.value, old.weight);
    return old?.value;
  }

  /** Keeps a result, and lets go of those that were kept longest where it gets too much. */
  set(key: string, value: V, weight: number): void {
    if (weight > this.#limit / 2) return;
    if (this.#weight + weight > this.#limit / 2) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#weight = 0;
    }
    this.#young.set(key, { value, weight });
    this.#weight += weight;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#weight = 0;
  }
}

interface Kept<V> {
  readonly value: V;
  readonly weight: number;
}
