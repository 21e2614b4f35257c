import type { ScalarMap, ScalarStyle } from "./script.ts";
import type { Span } from "./text.ts";

/**
 * A node of a YAML document. Aliases are already followed: the node is the anchored one, with the place of the alias added, so
 * the same anchored node has the same span however it is reached.
 */
export type YamlNode = YamlMap | YamlSequence | YamlScalar;

interface YamlBase {
  /** The node as written, without its anchor and tag; of an aliased node the place of the anchored one. */
  readonly span: Span;
  /** Place of the `*alias` that the node was reached through. */
  readonly alias?: Span;
  readonly anchored: boolean;
  /** An explicit tag: local ones as written (`!reference`), those of the YAML schemas in full (`tag:yaml.org,2002:str`). */
  readonly tag?: string;
}

/** A mapping, with its entries in their order. */
export interface YamlMap extends YamlBase {
  readonly kind: "map";
  /** Every pair as written, duplicates and `<<` included. `entries()` gives the effective ones. */
  readonly entries: readonly YamlEntry[];
  /** Written as `{ … }`, or as one pair within `[ … ]`. */
  readonly flow: boolean;
}

/** A key and what stands behind it. */
export interface YamlEntry {
  /** The key as a string: scalars as they are read, other keys as they are written. */
  readonly key: string;
  readonly keySpan: Span;
  /** Undefined where nothing is written, and for an alias that is unknown or leads back to its own node. */
  readonly value: YamlNode | undefined;
  /** From the start of the key to the end of what is written as its value (of an alias: the alias), without a trailing comment. */
  readonly span: Span;
  /** Came in through `<<`. */
  readonly merged: boolean;
}

/** A list. */
export interface YamlSequence extends YamlBase {
  readonly kind: "sequence";
  /** Aliases that lead nowhere are left out; an item with nothing written is an empty scalar. */
  readonly items: readonly YamlNode[];
  readonly flow: boolean;
}

/** A single value: its text as YAML reads it, with a map back to the document. */
export interface YamlScalar extends YamlBase {
  readonly kind: "scalar";
  /** The string that it stands for. Numbers, booleans and null stay as they are written. */
  readonly text: string;
  readonly style: ScalarStyle;
  /** Written inside of `{ … }` or `[ … ]`. */
  readonly inFlow: boolean;
  /** From the text back to the document, computed on first use. */
  readonly map: ScalarMap;
}

/** The node under a path of keys and indices. */
export function get(node: YamlNode | undefined, ...path: readonly (string | number)[]): YamlNode | undefined {
  let current = node;
  for (const part of path) current = typeof part === "number" ? items(current)[part] : entry(current, part)?.value;
  return current;
}

/**
 * The effective entry of a key. A map's own entries win over merged ones, and of duplicate keys the LAST one wins, as in most
 * loaders.
 */
export function entry(node: YamlNode | undefined, key: string): YamlEntry | undefined {
  for (const map of layers(node)) {
    for (let i = map.entries.length - 1; i >= 0; i--) {
      const candidate = map.entries[i];
      if (candidate?.key === key && !isMerge(candidate))
        return map === node ? candidate : { ...candidate, merged: true };
    }
  }
  return undefined;
}

/** The effective entries of a map, each key once: its own in the order they are written, then what `<<` adds. [] unless a map. */
export function entries(node: YamlNode | undefined): readonly YamlEntry[] {
  if (node?.kind !== "map") return [];
  const found = new Set<string>();
  const effective: YamlEntry[] = [];
  for (const map of layers(node)) {
    const own: YamlEntry[] = [];
    for (let i = map.entries.length - 1; i >= 0; i--) {
      const candidate = map.entries[i];
      if (!candidate || isMerge(candidate) || found.has(candidate.key)) continue;
      found.add(candidate.key);
      own.push(map === node ? candidate : { ...candidate, merged: true });
    }
    for (const winner of own.reverse()) effective.push(winner);
  }
  return effective;
}

/** The items of a sequence; [] for everything else. */
export function items(node: YamlNode | undefined): readonly YamlNode[] {
  return node?.kind === "sequence" ? node.items : [];
}

/** The node where it is a scalar. */
export function scalar(node: YamlNode | undefined): YamlScalar | undefined {
  return node?.kind === "scalar" ? node : undefined;
}

/** The string of a scalar. */
export function text(node: YamlNode | undefined): string | undefined {
  return node?.kind === "scalar" ? node.text : undefined;
}

/** The map itself, then what it merges, nearest first: earlier maps win over later ones. Each map once, so cycles end. */
function* layers(node: YamlNode | undefined): Generator<YamlMap> {
  const seen = new Set<readonly YamlEntry[] | readonly YamlNode[]>();
  const open: YamlNode[] = node?.kind === "map" ? [node] : [];
  for (let next = open.pop(); next; next = open.pop()) {
    if (next.kind === "scalar" || seen.has(next.kind === "map" ? next.entries : next.items)) continue;
    if (next.kind === "map") {
      seen.add(next.entries);
      yield next;
      for (let i = next.entries.length - 1; i >= 0; i--) {
        const merge = next.entries[i];
        if (merge?.value && isMerge(merge)) open.push(merge.value);
      }
    } else {
      seen.add(next.items);
      for (let i = next.items.length - 1; i >= 0; i--) {
        const merged = next.items[i];
        if (merged?.kind === "map") open.push(merged);
      }
    }
  }
}

/** Only a plain `<<` merges: a quoted one is longer. */
function isMerge({ key, keySpan }: YamlEntry): boolean {
  return key === "<<" && keySpan.end - keySpan.start === 2;
}
