import fc from "fast-check";

/**
 * Sound YAML documents of nested maps and sequences in all notations: compact items, flow collections on one line or several,
 * block scalars with every chomping, comments and blank lines in all places, anchors and tags, two indentation steps, CRLF,
 * byte order marks, and files that do not end in a line break. No aliases.
 */
export function yamlTrees(): fc.Arbitrary<string> {
  const trees = fc.letrec<{ node: Tree; map: Collection; sequence: Collection; scalar: Tree }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3, depthSize: "small", withCrossShrink: true },
      tie("scalar"),
      tie("map"),
      tie("sequence"),
    ),
    scalar: fc.record({ kind: fc.constant("scalar" as const), look: fc.nat(scalars.length + blocks.length - 1) }),
    map: fc.record({ kind: fc.constant("map" as const), look: fc.nat(11), children: children(tie("node")) }),
    sequence: fc.record({ kind: fc.constant("sequence" as const), look: fc.nat(11), children: children(tie("node")) }),
  }));
  return fc
    .tuple(
      trees.map,
      fc.constantFrom(2, 4),
      fc.constantFrom("\n", "\n", "\r\n"),
      fc.boolean(),
      fc.constantFrom("", "", "\ufeff", "---\n"),
    )
    .map(([tree, step, lineBreak, final, start]) => {
      const text = tree.children.length === 0 ? "{}\n" : mapLines({ ...tree, look: 0 }, 0, step, "");
      return (start + (final ? text : text.replace(/\n+$/, ""))).replace(/\n/g, lineBreak);
    });
}

interface Child {
  readonly value: Tree;
  readonly trivia: number;
}

type Tree =
  | { readonly kind: "scalar"; readonly look: number }
  | { readonly kind: "map" | "sequence"; readonly look: number; readonly children: readonly Child[] };

type Collection = Exclude<Tree, { kind: "scalar" }>;

function children(value: fc.Arbitrary<Tree>): fc.Arbitrary<readonly Child[]> {
  return fc.array(fc.record({ value, trivia: fc.nat(15) }), { maxLength: 4 });
}

const scalars = [
  "",
  "a",
  "curl x | sh",
  "'it''s'",
  '"a\\tb"',
  "1",
  "~",
  "&s v",
  "!t w",
  "!!str",
  "x#y",
  "http://x/",
  "'a: b, {c}'",
];

const blocks = ["|", "|-", "|+", ">", ">-", ">+", "|2", "|+2", "| # c"];

/** What follows `key:` or `-`, its line break included. `indent` is the column of the key or of the dash. */
function value(tree: Tree, indent: number, step: number, comment: string): string {
  const plain = scalars[tree.look];
  if (tree.kind === "scalar")
    return plain === undefined ? block(tree.look, indent) : `${plain && " "}${plain}${comment}\n`;
  if (tree.children.length === 0) return `${tree.kind === "map" ? " {}" : " []"}${comment}\n`;
  if (tree.look < 3) return ` ${flow(tree, tree.look === 2 ? `\n${" ".repeat(indent + step)}` : " ")}${comment}\n`;
  const anchor = tree.look === 3 ? " &m" : "";
  if (tree.kind === "map")
    return `${anchor}${comment}\n${mapLines(tree, indent + step, step, " ".repeat(indent + step))}`;
  return `${anchor}${comment}\n${sequenceLines(tree, indent + 2, step)}`;
}

function block(look: number, indent: number): string {
  const header = blocks[look - scalars.length] ?? "|";
  const pad = " ".repeat(indent + 2);
  const first = header.includes("2") ? "  deep" : "first";
  const blank = look % 2 === 0 ? "\n" : "";
  return ` ${header}\n${pad}${first}\n${blank}${pad}# no comment: {\n${look % 3 === 0 ? "\n\n" : ""}`;
}

/** `before` is what stands in front of the first key: the indentation, or nothing behind a dash. */
function mapLines(tree: Collection, indent: number, step: number, before: string): string {
  const pad = " ".repeat(indent);
  return tree.children
    .map((child, index) => {
      const above = index > 0 && child.trivia % 5 === 1 ? `${pad}# above\n` : "";
      const key = child.trivia % 7 === 2 ? `"k ${index}"` : `k${index}`;
      return (
        above +
        (index === 0 ? before : pad) +
        key +
        ":" +
        value(child.value, indent, step, commentOf(child)) +
        below(child)
      );
    })
    .join("");
}

function sequenceLines(tree: Collection, indent: number, step: number): string {
  const pad = " ".repeat(indent);
  return tree.children
    .map((child) => {
      const { value: item } = child;
      const compact = item.kind === "map" && item.children.length > 0 && item.look > 5;
      const text = compact ? ` ${mapLines(item, indent + 2, step, "")}` : value(item, indent, step, commentOf(child));
      return `${pad}-${text}${below(child)}`;
    })
    .join("");
}

function commentOf({ trivia }: Child): string {
  return trivia % 4 === 3 ? " # trailing" : "";
}

function below({ trivia }: Child): string {
  if (trivia % 6 === 4) return "\n";
  return trivia === 9 ? "# at the margin\n" : "";
}

function flow(tree: Tree, gap: string): string {
  if (tree.kind === "scalar") return flowScalars[tree.look % flowScalars.length] ?? "x";
  const parts = tree.children.map(({ value: child }, index) => {
    const inner = flow(child, " ");
    return tree.kind === "map" ? `k${index}: ${inner}` : inner;
  });
  const comma = tree.look % 2 === 1 && parts.length > 0 ? "," : "";
  const [open, close] = tree.kind === "map" ? "{}" : "[]";
  const space = tree.look > 1 && parts.length > 0 ? gap : "";
  return `${open}${space}${parts.join(`,${gap}`)}${comma}${space}${close}`;
}

const flowScalars = ["a", "'b, c'", '"d}"', "e f", "1", "~", "&n g", "!t h"];
