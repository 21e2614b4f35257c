import { isMap, isScalar, isSeq, type Node, parseAllDocuments } from "yaml";
import { parseYaml, type YamlNode } from "../../server/core/yaml.ts";

/** The structure of a text as `yaml` itself has it: a string, a list of items, or a list of key and value pairs. */
export type Shape = string | readonly Shape[];

/** A node of `yaml` and its shape, to be replaced by another one. */
export type Change = (node: Node, shape: Shape) => Shape;

/** The shapes of all documents of a text. What is empty is left out of the list of documents. */
export function shapesOf(text: string, change: Change = (_, shape) => shape): readonly Shape[] {
  return read(text)
    .map(({ contents }) => shapeOf(contents, change))
    .filter((shape) => shape.length > 0);
}

/** Whether `yaml` finds nothing wrong with a text. It does not mind all quotes that nobody closed; those are found here. */
export function isSound(text: string): boolean {
  if (read(text).some((document) => document.errors.length > 0)) return false;
  const closed = (node: YamlNode | undefined): boolean => {
    if (!node || node.alias) return true;
    if (node.kind === "sequence") return node.items.every(closed);
    if (node.kind === "map") return node.entries.every((entry) => closed(entry.value));
    const written = text.slice(node.span.start, node.span.end);
    if (node.style === "single") return /^'(?:[^']|'')*'$/.test(written);
    return node.style !== "double" || /^"(?:[^"\\]|\\[\s\S])*"$/.test(written);
  };
  return parseYaml(text).documents.every(closed);
}

function read(text: string) {
  const parsed = parseAllDocuments(text, { schema: "failsafe", uniqueKeys: false, logLevel: "silent" });
  return Array.isArray(parsed) ? parsed : [];
}

function shapeOf(node: unknown, change: Change): Shape {
  if (isScalar(node)) return change(node, node.source ?? "");
  if (isSeq(node)) {
    const items = node.items.map((item) => shapeOf(item, change));
    return orNothing(change(node, items));
  }
  if (!isMap(node)) return "";
  const pairs = node.items.map((pair) => [shapeOf(pair.key, change), shapeOf(pair.value, change)]);
  return orNothing(change(node, pairs));
}

/** A collection that lost its last element is as good as nothing: `key:` and `key: {}` are the same here. */
function orNothing(shape: Shape): Shape {
  return shape.length === 0 ? "" : shape;
}
