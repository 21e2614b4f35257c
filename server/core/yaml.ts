import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
} from "yaml";
import { mapScalar, type ScalarMap, type ScalarStyle, type WrittenScalar } from "./script.ts";
import type { Span } from "./text.ts";
import { text as textOf, type YamlEntry, type YamlNode, type YamlScalar } from "./yaml-node.ts";

export * from "./yaml-edit.ts";
export * from "./yaml-node.ts";

/** What could be read of a text, and the text itself. Documents without content are left out; offsets count from the text's start. */
export interface YamlFile {
  readonly documents: readonly YamlNode[];
  readonly text: string;
}

/**
 * Reads YAML, broken or not, and never throws. Every scalar is a string (the failsafe schema), duplicate keys stay, and nothing
 * is unfolded, so that a file full of aliases costs what its length costs. Who follows all nodes in turn, aliases included,
 * visits at most a million of them and goes a bounded depth: an alias that would lead further is undefined.
 */
export function parseYaml(text: string): YamlFile {
  const reading: Reading = { text, anchors: new Map(), unfolded: 0 };
  const documents: YamlNode[] = [];
  for (const { contents } of parseDocuments(text)) {
    reading.anchors.clear();
    const node =
      isNode(contents) && !isUnwritten(contents) ? wrap(reading, contents, { inFlow: false, depth: 0 }) : undefined;
    if (node) documents.push(node);
  }
  return { documents, text };
}

/** The parser has no errors to throw, but it calls itself, and thousands of nested brackets overflow its stack. */
function parseDocuments(text: string): readonly Document.Parsed[] {
  try {
    const parsed = parseAllDocuments(text, {
      schema: "failsafe",
      merge: false,
      resolveKnownTags: false,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "silent",
      keepSourceTokens: true,
    });
    return Array.isArray(parsed) ? parsed : [];
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

interface Reading {
  readonly text: string;
  /** Undefined while the anchored node is being read: an alias inside of it would have no end. */
  readonly anchors: Map<string, Anchored | undefined>;
  /** Nodes so far, those behind aliases counted at every alias. */
  unfolded: number;
}

interface Anchored {
  readonly node: YamlNode;
  /** Nodes that a walk through it meets. */
  readonly size: number;
}

interface Place {
  readonly inFlow: boolean;
  readonly depth: number;
}

const maxUnfolded = 1_000_000;
const maxDepth = 200;

function wrap(reading: Reading, node: Node, place: Place): YamlNode | undefined {
  if (isAlias(node)) return follow(reading, node.source, spanOf(node));
  if (place.depth > maxDepth) return undefined;
  const anchor = "anchor" in node && typeof node.anchor === "string" ? node.anchor : undefined;
  const before = reading.unfolded++;
  if (anchor === undefined) return wrapContent(reading, node, place, false);
  reading.anchors.set(anchor, undefined);
  const wrapped = wrapContent(reading, node, place, true);
  if (wrapped) reading.anchors.set(anchor, { node: wrapped, size: reading.unfolded - before });
  return wrapped;
}

function follow(reading: Reading, name: string, alias: Span): YamlNode | undefined {
  const target = reading.anchors.get(name);
  if (!target || reading.unfolded + target.size > maxUnfolded) return undefined;
  reading.unfolded += target.size;
  return throughAlias(target.node, alias);
}

function throughAlias(target: YamlNode, alias: Span): YamlNode {
  return target instanceof LazyScalar ? target.through(alias) : { ...target, alias };
}

function wrapContent(reading: Reading, node: Node, place: Place, anchored: boolean): YamlNode | undefined {
  const common = { anchored, ...(node.tag !== undefined && { tag: node.tag }) };
  if (isScalar(node)) return new LazyScalar(written(reading.text, node, { inFlow: place.inFlow, ...common }));
  if (!isMap(node) && !isSeq(node)) return undefined;
  const flow = node.flow === true;
  const inside = { inFlow: place.inFlow || flow, depth: place.depth + 1 };
  if (isMap(node)) {
    const entries = node.items.map((pair) => wrapPair(reading, pair, inside));
    const span = collectionSpan(node, entries[0]?.span, entries.at(-1)?.span);
    return { kind: "map", span, entries, flow, ...common };
  }
  const items: YamlNode[] = [];
  const spans: Span[] = [];
  for (const item of node.items) {
    const wrapped = isNode(item) ? wrap(reading, item, inside) : undefined;
    if (wrapped) items.push(wrapped);
    if (isNode(item)) spans.push(writtenSpan(item, wrapped));
  }
  return { kind: "sequence", span: collectionSpan(node, spans[0], spans.at(-1)), items, flow, ...common };
}

function wrapPair(reading: Reading, pair: Pair, place: Place): YamlEntry {
  const key = isNode(pair.key) ? pair.key : undefined;
  const wrappedKey = key && wrap(reading, key, place);
  const colon = colonAfter(pair);
  const keySpan = key ? writtenSpan(key, wrappedKey) : { start: Math.max(0, colon - 1), end: Math.max(0, colon - 1) };
  const written = isNode(pair.value) && !isUnwritten(pair.value) ? pair.value : undefined;
  const value = written && wrap(reading, written, place);
  const end = written ? writtenSpan(written, value).end : keySpan.end;
  return {
    key: textOf(wrappedKey) ?? reading.text.slice(keySpan.start, keySpan.end),
    keySpan,
    value,
    span: { start: keySpan.start, end: Math.max(end, colon) },
    merged: false,
  };
}

/** Offset behind the colon of a pair, 0 where it has none. */
function colonAfter(pair: Pair): number {
  const colon = pair.srcToken?.sep?.find((token) => token.type === "map-value-ind");
  return colon ? colon.offset + 1 : 0;
}

/** The span of what is written at this place: of an alias the alias itself. */
function writtenSpan(node: Node, wrapped: YamlNode | undefined): Span {
  return isAlias(node) || !wrapped ? spanOf(node) : wrapped.span;
}

/**
 * `yaml` counts the comments and line breaks behind a block collection as its own, so its end is that of its last element. In
 * broken text the first element can stand in front of the collection.
 */
function collectionSpan(node: Node & { flow?: boolean }, first: Span | undefined, last: Span | undefined): Span {
  const { start, end } = spanOf(node);
  if (!first || !last) return { start, end };
  return { start: Math.min(start, first.start), end: Math.max(start, last.end, node.flow === true ? end : 0) };
}

function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
}

/** Nothing stands where `yaml` puts this scalar: the value of `key:`. An anchor or a tag makes it something. */
function isUnwritten(node: Node): boolean {
  const { start, end } = spanOf(node);
  return isScalar(node) && start === end && node.anchor === undefined && node.tag === undefined;
}

/** A scalar that computes its map when somebody asks: most are never asked. */
class LazyScalar implements YamlScalar {
  readonly kind = "scalar";
  readonly span: Span;
  readonly text: string;
  readonly style: ScalarStyle;
  readonly inFlow: boolean;
  readonly anchored: boolean;
  declare readonly tag?: string;
  declare readonly alias?: Span;
  readonly #written: Written;
  #map: ScalarMap | undefined;

  constructor(written: Written, alias?: Span) {
    this.span = written.span;
    this.text = written.value;
    this.style = written.style;
    this.inFlow = written.inFlow;
    this.anchored = written.anchored;
    if (written.tag !== undefined) this.tag = written.tag;
    if (alias !== undefined) this.alias = alias;
    this.#written = written;
  }

  get map(): ScalarMap {
    this.#map ??= mapScalar(this.#written.document, this.#written, this.text);
    return this.#map;
  }

  through(alias: Span): LazyScalar {
    return new LazyScalar(this.#written, alias);
  }
}

interface Written extends WrittenScalar {
  readonly document: string;
  readonly value: string;
  readonly anchored: boolean;
  readonly tag?: string;
}

function written(document: string, node: Scalar, common: Pick<Written, "inFlow" | "anchored" | "tag">): Written {
  const span = spanOf(node);
  const token = node.srcToken;
  const block = token?.type === "block-scalar" ? token : undefined;
  const head = block?.props.map((prop) => ("source" in prop ? prop.source : "")) ?? [];
  return {
    document,
    span,
    style: styleOf(node),
    value: node.source ?? "",
    header: head[0] ?? "",
    body: span.start + head.join("").length,
    parentIndent: block?.indent ?? 0,
    ...common,
  };
}

function styleOf(node: Scalar): ScalarStyle {
  switch (node.type) {
    case "BLOCK_LITERAL":
      return "literal";
    case "BLOCK_FOLDED":
      return "folded";
    case "QUOTE_DOUBLE":
      return "double";
    case "QUOTE_SINGLE":
      return "single";
    default:
      return "plain";
  }
}
