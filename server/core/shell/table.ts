/**
 * A map from strings that is a value: what changes it makes another one, and the two share all that is equal. So a copy costs a few small
 * arrays however large the table is, and two tables with a common past are joined by looking at nothing but what differs between them.
 * (A hash array mapped trie, after Phil Bagwell: Ideal Hash Trees, 2001.)
 */
export class Table<V> {
  static readonly #none = new Table<never>(undefined);
  readonly #root: Node<V> | undefined;

  private constructor(root: Node<V> | undefined) {
    this.#root = root;
  }

  /** The table without entries. */
  static empty<V>(): Table<V> {
    return Table.#none;
  }

  /** A table of these entries; of equal keys the last one counts. */
  static of<V>(entries: Iterable<readonly [string, V]>): Table<V> {
    let table = Table.empty<V>();
    for (const [key, value] of entries) table = table.with(key, value);
    return table;
  }

  get size(): number {
    return this.#root?.size ?? 0;
  }

  get(key: string): V | undefined {
    return this.#root === undefined ? undefined : leafOf(this.#root, key)?.value;
  }

  has(key: string): boolean {
    return this.#root !== undefined && leafOf(this.#root, key) !== undefined;
  }

  /** The table with this entry in the place of one of the same key. Itself where it has just that entry. */
  with(key: string, value: V): Table<V> {
    const root = this.#root;
    const old = root === undefined ? undefined : leafOf(root, key);
    if (old !== undefined && old.value === value) return this;
    const leaf: Leaf<V> = { nodes: undefined, size: 1, hash: hashOf(key), key, value, next: undefined };
    return new Table(root === undefined ? leaf : merge(root, leaf, 0, (_, theirs) => theirs));
  }

  /**
   * The entries of both tables. Where both have a key and not the same value, `both` chooses. One of the two tables itself where the
   * result is equal to it.
   */
  join(other: Table<V>, both: (mine: V, theirs: V) => V): Table<V> {
    if (this.#root === undefined || this.#root === other.#root) return other;
    if (other.#root === undefined) return this;
    const root = merge(this.#root, other.#root, 0, both);
    if (root === other.#root) return other;
    return root === this.#root ? this : new Table(root);
  }

  /** Every entry, in an order that depends on nothing but the keys. */
  entries(): readonly (readonly [string, V])[] {
    const found: (readonly [string, V])[] = [];
    if (this.#root !== undefined) collect(this.#root, found);
    return found;
  }
}

/** An entry. Keys of one hash are a chain. */
interface Leaf<V> {
  readonly nodes: undefined;
  /** How many entries it and the rest of the chain hold. */
  readonly size: number;
  readonly hash: number;
  readonly key: string;
  readonly value: V;
  readonly next: Leaf<V> | undefined;
}

/** `mask` has a bit for each of 32 slots that is taken; the nodes stand in the order of the bits. */
interface Branch<V> {
  readonly nodes: readonly Node<V>[];
  readonly mask: number;
  /** How many entries lie below. */
  readonly size: number;
}

type Node<V> = Leaf<V> | Branch<V>;

const BITS = 5;
const SLOTS = (1 << BITS) - 1;

/** FNV-1a over the UTF-16 units, spread so that the lowest bits depend on all of them. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return hash ^ (hash >>> 15);
}

function leafOf<V>(root: Node<V>, key: string): Leaf<V> | undefined {
  const hash = hashOf(key);
  let node: Node<V> | undefined = root;
  for (let shift = 0; node?.nodes !== undefined; shift += BITS) {
    const bit = 1 << ((hash >>> shift) & SLOTS);
    node = (node.mask & bit) === 0 ? undefined : node.nodes[indexOf(node.mask, bit)];
  }
  let leaf = node;
  while (leaf !== undefined && (leaf.hash !== hash || leaf.key !== key)) leaf = leaf.next;
  return leaf;
}

/** How many slots below a bit are taken. */
function indexOf(mask: number, bit: number): number {
  let bits = mask & (bit - 1);
  bits -= (bits >>> 1) & 0x55555555;
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Both nodes in one; one of the two where it is equal to the result. They lie at the same place of their tables, `shift` bits deep. */
function merge<V>(a: Node<V>, b: Node<V>, shift: number, both: (mine: V, theirs: V) => V): Node<V> {
  if (a === b) return b;
  if (a.nodes === undefined && b.nodes === undefined && a.hash === b.hash) return mergeChains(a, b, both);
  const [aMask, aNodes] = a.nodes === undefined ? [slotOf(a, shift), [a]] : [a.mask, a.nodes];
  const [bMask, bNodes] = b.nodes === undefined ? [slotOf(b, shift), [b]] : [b.mask, b.nodes];
  const mask = aMask | bMask;
  const nodes: Node<V>[] = [];
  let [fromA, fromB, size] = [0, 0, 0];
  let equalsA = a.nodes !== undefined && mask === aMask;
  let equalsB = b.nodes !== undefined && mask === bMask;
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    const bit = rest & -rest;
    const mine = (aMask & bit) === 0 ? undefined : aNodes[fromA++];
    const theirs = (bMask & bit) === 0 ? undefined : bNodes[fromB++];
    const node = mine === undefined ? theirs : theirs === undefined ? mine : merge(mine, theirs, shift + BITS, both);
    if (node === undefined) continue;
    equalsA &&= node === mine;
    equalsB &&= node === theirs;
    size += node.size;
    nodes.push(node);
  }
  return equalsB ? b : equalsA ? a : { nodes, mask, size };
}

function slotOf(leaf: Leaf<unknown>, shift: number): number {
  return 1 << ((leaf.hash >>> shift) & SLOTS);
}

function mergeChains<V>(a: Leaf<V>, b: Leaf<V>, both: (mine: V, theirs: V) => V): Leaf<V> {
  if (a.key !== b.key || a.next !== undefined || b.next !== undefined) {
    let chain = a;
    for (let leaf: Leaf<V> | undefined = b; leaf !== undefined; leaf = leaf.next) chain = withLeaf(chain, leaf, both);
    return chain;
  }
  const value = a.value === b.value ? b.value : both(a.value, b.value);
  return value === b.value ? b : value === a.value ? a : { ...b, value };
}

function withLeaf<V>(chain: Leaf<V>, { key, value, hash }: Leaf<V>, both: (mine: V, theirs: V) => V): Leaf<V> {
  let merged = value;
  let rest: Leaf<V> | undefined;
  for (let leaf: Leaf<V> | undefined = chain; leaf !== undefined; leaf = leaf.next) {
    if (leaf.key !== key) rest = { ...leaf, next: rest, size: 1 + (rest?.size ?? 0) };
    else if (leaf.value !== value) merged = both(leaf.value, value);
  }
  return { nodes: undefined, size: 1 + (rest?.size ?? 0), hash, key, value: merged, next: rest };
}

function collect<V>(node: Node<V>, found: (readonly [string, V])[]): void {
  if (node.nodes !== undefined) for (const each of node.nodes) collect(each, found);
  else
    for (let leaf: Leaf<V> | undefined = node; leaf !== undefined; leaf = leaf.next) found.push([leaf.key, leaf.value]);
}
