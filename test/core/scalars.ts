import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { parseYaml, type YamlNode, type YamlScalar } from "../../server/core/yaml.ts";

/**
 * YAML documents that are mostly scalars of every style: indentation indicators, chomping, comments in headers, CRLF, tabs,
 * nesting, anchors and tags, escapes good and bad, unclosed quotes, and text that is no YAML at all.
 */
export function yamlDocuments(): fc.Arbitrary<string> {
  const soup = fc.array(fragment(), { maxLength: 25 }).map((parts) => parts.join(""));
  const structure = fc.integer({ min: 0, max: 9 }).chain(structured);
  return fc
    .tuple(
      fc.oneof({ weight: 12, arbitrary: structure }, { weight: 1, arbitrary: soup }),
      fc.constantFrom("\n", "\n", "\r\n", "mixed"),
      fc.boolean(),
      fc.constantFrom("", "", "", "\ufeff", "---\n", "%YAML 1.1\n---\n"),
    )
    .map(([text, lineBreak, finalBreak, start]) => {
      const whole = start + (finalBreak ? text : text.replace(/\n$/, ""));
      if (lineBreak === "mixed") return whole.replace(/\n/g, (_, offset: number) => (offset % 3 === 0 ? "\r\n" : "\n"));
      return whole.replace(/\n/g, lineBreak);
    });
}

/** Every scalar that is written in a text, keys left out. */
export function scalarsOf(text: string): readonly YamlScalar[] {
  const found: YamlScalar[] = [];
  const visit = (node: YamlNode | undefined) => {
    if (!node || node.alias) return;
    if (node.kind === "scalar") found.push(node);
    else if (node.kind === "sequence") node.items.forEach(visit);
    else for (const entry of node.entries) visit(entry.value);
  };
  parseYaml(text).documents.forEach(visit);
  return found;
}

/** Throws where the map of a scalar breaks one of its laws. The oracle for the value is `yaml` itself. */
export function checkMap(text: string, scalar: YamlScalar): void {
  const { map } = scalar;
  assert.equal(map.value, scalar.text);
  assert.ok(map.exact, "the rebuilt value differs from the parser's");
  let v = 0;
  let d = map.outer.start;
  map.segments.forEach((segment, index) => {
    assert.equal(segment.v, v, "segments tile the value");
    assert.ok(segment.vl > 0 && segment.dl >= 0 && segment.d >= d, "segments go forward");
    if (index > 0) checkGap(text.slice(d, segment.d), scalar);
    v += segment.vl;
    d = segment.d + segment.dl;
    const written = text.slice(segment.d, d);
    const value = map.value.slice(segment.v, v);
    if (segment.linear) assert.equal(written, value);
    else assert.equal(value, decode(written, value, scalar));
  });
  assert.equal(v, map.value.length);
  assert.ok(d <= map.outer.end, "segments stay within the scalar");
  checkPositions(text, scalar);
}

function checkGap(gap: string, scalar: YamlScalar): void {
  if (scalar.style === "double") assert.match(gap, /^(?:[ \t]|\\\r?\n)*$/);
  else if (scalar.style === "plain" || scalar.style === "single") assert.match(gap, /^[ \t]*$/);
  else assert.match(gap, /^ *$/);
}

/** What an atom has to stand for, found out in another way. Of line breaks only their number is looked at. */
function decode(written: string, value: string, { style }: YamlScalar): string {
  if (!/^(?:[ \t]*\r?\n)*\r?$/.test(written)) {
    return String(parse(style === "single" ? `'${written}'` : `"${written}"`, { schema: "failsafe" }));
  }
  const breaks = written.split("\n").length - 1;
  assert.ok(breaks <= (style === "literal" ? 1 : 2), `${breaks} line breaks for one character`);
  return value === " " && breaks === 1 && style !== "literal" ? " " : "\n";
}

function checkPositions(text: string, { map, style }: YamlScalar): void {
  const whole = map.toDocument({ start: 0, end: map.value.length });
  for (const { v, vl, linear } of map.segments) {
    for (let offset = v; offset < v + vl; offset += linear ? 1 : vl) {
      const span = map.toDocument({ start: offset, end: offset + (linear ? 1 : vl) });
      assert.ok(whole.start <= span.start && span.start <= span.end && span.end <= whole.end);
      assert.equal(map.toValue(span.start), offset, "there and back");
    }
  }
  const lines = map.toDocumentLines({ start: 0, end: map.value.length });
  let end = 0;
  for (const line of lines) {
    assert.ok(end <= line.start && line.start <= line.end);
    if (lines.length > 1) assert.ok(!text.slice(line.start, line.end).includes("\n"), "one line each");
    if (end > 0) assert.ok(text.slice(end, line.start).includes("\n"), "one for each line");
    end = line.end;
  }
  if (style === "literal" || style === "plain") {
    const words = (parts: readonly string[]) => parts.join(" ").split(/\s+/).filter(Boolean);
    assert.deepEqual(words(lines.map((line) => text.slice(line.start, line.end))), words([map.value]));
  }
}

function structured(shape: number): fc.Arbitrary<string> {
  const nested = shape % 2 === 0 ? 0 : shape - 2 > 0 ? shape - 2 : 2;
  const pad = " ".repeat(nested);
  const parents = nested > 0 ? "p:\n" : "";
  const entry = (name: string) => scalarText(nested).map((scalar) => `${pad}${name}: ${scalar}\n`);
  if (shape < 4)
    return fc.tuple(entry("a"), gap(), entry("b"), gap(), entry("c")).map((parts) => parents + parts.join(""));
  const dashed = scalarText(nested).map((scalar) => `${pad}- ${scalar}\n`);
  if (shape < 6) return fc.tuple(dashed, gap(), dashed, gap(), dashed).map((parts) => parents + parts.join(""));
  const step = fc
    .tuple(scalarText(nested + 2), scalarText(nested + 2))
    .map(([first, second]) => `${pad}- run: ${first}\n${pad}  with: ${second}\n`);
  if (shape < 8) return fc.tuple(step, gap(), step).map((parts) => parents + parts.join(""));
  const flow = fc
    .tuple(flowText(nested), flowText(nested), flowText(nested), fc.constantFrom(", ", ",", ",\n   "))
    .map(([a, b, c, comma]) => `${parents}${pad}- [${a}${comma}${b}]\n${pad}- {k: ${c}${comma}l: ${a}}\n`);
  if (shape === 8) return fc.tuple(flow, fc.constant("")).map((parts) => parts.join(""));
  return fc.oneof(
    scalarText(-1).map((scalar) => `${scalar}\n`),
    scalarText(2).map((scalar) => `- - ${scalar}\n`),
    fc.tuple(scalarText(0), scalarText(0)).map(([a, b]) => `? ${a}\n: ${b}\n`),
  );
}

function gap(): fc.Arbitrary<string> {
  return fc.constantFrom("", "", "", "\n", "# c\n", "    # deep\n", "  \n\n");
}

/** A scalar within a node at this indentation, with what may stand before and behind it. */
function scalarText(parent: number): fc.Arbitrary<string> {
  const properties = fc.constantFrom("", "", "", "", "&x ", "!!str ", "!local &y ", "&z\n        ");
  const behind = fc.constantFrom("", "", "", " # c", " ", "\t");
  return fc.oneof(
    { weight: 3, arbitrary: blockText(parent) },
    { weight: 2, arbitrary: fc.tuple(properties, flowText(parent), behind).map((parts) => parts.join("")) },
    { weight: 1, arbitrary: fc.tuple(properties, blockText(parent)).map((parts) => parts.join("")) },
  );
}

function blockText(parent: number): fc.Arbitrary<string> {
  const digit = fc.constantFrom("", "", "", "", "1", "2", "3", "4", "5", "6", "7", "8", "9");
  const header = fc
    .tuple(fc.constantFrom("|", ">"), digit, fc.constantFrom("", "", "-", "+"), fc.boolean())
    .map(([style, indent, chomp, swap]) => style + (swap ? chomp + indent : indent + chomp));
  const rest = fc.constantFrom("", "", "", " ", " # comment", "\t# c", " x", "#c");
  const line = fc.tuple(
    fc.constantFrom(0, 0, 0, 0, 1, 2, 4, -1),
    fc.oneof(lineText(), lineText(), lineText(), fc.constant("")),
  );
  const base = fc.integer({ min: 1, max: 4 });
  return fc.tuple(header, rest, base, fc.array(line, { maxLength: 7 })).map(([start, end, more, lines]) => {
    const written = Number(/[1-9]/.exec(start)?.[0] ?? more);
    const indent = Math.max(0, parent) + written;
    return [start + end, ...lines.map(([extra, text]) => " ".repeat(Math.max(0, indent + extra)) + text)].join("\n");
  });
}

function flowText(parent: number): fc.Arbitrary<string> {
  const fold = fc
    .tuple(fc.constantFrom("\n", "\n", "\n\n", " \n", "\n\t\n", "\n  \n \n", "\\\n"), fc.constantFrom(1, 2, 4, 0))
    .map(([lineBreak, more]) => lineBreak + " ".repeat(Math.max(0, parent + more)));
  const multiline = (line: fc.Arbitrary<string>) =>
    fc
      .array(fc.tuple(line, fc.oneof({ weight: 3, arbitrary: fc.constant("") }, { weight: 1, arbitrary: fold })), {
        maxLength: 4,
      })
      .map((parts) => parts.flat().join(""));
  const closing = (quote: string) => fc.constantFrom(quote, quote, quote, quote, quote, quote, quote, "");
  return fc.oneof(
    multiline(lineText()),
    fc
      .tuple(multiline(lineText().map((text) => text.replaceAll("'", "''"))), closing("'"))
      .map(([text, end]) => `'${text}${end}`),
    fc.tuple(multiline(quotedLine()), closing('"')).map(([text, end]) => `"${text}${end}`),
  );
}

function lineText(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(" ")),
    fc.array(fc.oneof(fc.constantFrom(...words), fragment()), { maxLength: 5 }).map((parts) => parts.join("")),
  );
}

function quotedLine(): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constantFrom(...words),
    fc.constantFrom(...escapes),
    fc.constantFrom(" ", "  ", "\t", "'", "#", ": "),
  );
  return fc.array(piece, { maxLength: 6 }).map((parts) => parts.join(""));
}

function fragment(): fc.Arbitrary<string> {
  return fc.constantFrom(...words, ...escapes, ...marks);
}

const words = [
  "a",
  "é",
  "😀",
  "curl -fsSL https://x.test/i.sh",
  "| sh",
  "echo",
  "$X",
  "${{ a }}",
  "true",
  "3.10",
  "x:y",
  "'",
  '"',
];

const escapes = [
  ..."0abefnrtvNLP_/\t".split("").map((letter) => `\\${letter}`),
  ...[
    "\\ ",
    '\\"',
    "\\\\",
    "\\x41",
    "\\u00e9",
    "\\u2028",
    "\\ud83d",
    "\\U0001F600",
    "\\U00110000",
    "\\x4",
    "\\uZZZZ",
    "\\q",
    "\\",
  ],
];

const marks = [
  ...[
    " ",
    "  ",
    "\t",
    "\n",
    "\n  ",
    "\n\n",
    "\r",
    ":",
    ": ",
    "#",
    " #",
    "- ",
    "-",
    "? ",
    ",",
    "[",
    "]",
    "{",
    "}",
    "&x",
    "*x",
    "!",
    "!t ",
  ],
  ...["|", ">", "%", "@", "`", "---", "...", "''", "key: ", "\nkey: ", "~", "<<", "\u0085", "\u00a0"],
];
