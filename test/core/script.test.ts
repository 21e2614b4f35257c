import assert from "node:assert/strict";
import fc from "fast-check";
import { isScalar } from "yaml";
import { type DocumentEdit, mapScalar, rewriteAsLiteral, type ScalarMap } from "../../server/core/script.ts";
import { get, parseYaml, scalar, type YamlNode, type YamlScalar } from "../../server/core/yaml.ts";
import { checkMap, scalarsOf, yamlDocuments } from "./scalars.ts";
import { isSound, shapesOf } from "./shape.ts";
import { yamlTrees } from "./trees.ts";

describe("the map of a scalar", () => {
  it("has the parser's value and the origin of each character, for 50,000 scalars of all styles", function () {
    this.timeout(120_000);
    const styles = new Map<string, number>();
    fc.assert(
      fc.property(yamlDocuments(), (text) => {
        for (const found of scalarsOf(text)) {
          styles.set(found.style, (styles.get(found.style) ?? 0) + 1);
          checkMap(text, found);
        }
      }),
      { seed: 20260801, numRuns: 20_000 },
    );
    const counts = [...styles.values()];
    assert.ok(counts.length === 5 && Math.min(...counts) > 4000, "every style is met often");
    assert.ok(counts.reduce((sum, count) => sum + count, 0) >= 50_000, String(counts));
  });

  it("skips the indentation of literal blocks", () => {
    const { text, map } = runOf("run: |\n    echo a\n    echo b\n");
    assert.equal(map.indent, 4);
    assert.equal(slice(text, map, "echo b"), "echo b");
    assert.equal(slice(text, map, "a\necho"), "a\n    echo");
    assert.equal(slice(text, map, "echo a\n"), "echo a\n");
  });

  it("gives one span for each physical line", () => {
    const { text, map } = runOf("run: >\n  curl\n  -fsSL x\n\n  | sh\n");
    const lines = map.toDocumentLines({ start: 0, end: map.value.length });
    assert.deepEqual(
      lines.map((line) => text.slice(line.start, line.end)),
      ["curl", "-fsSL x", "| sh"],
    );
  });

  it("takes an escape as a whole", () => {
    const { text, map } = runOf('run: "a\\x41\\u00e9\\U0001F600 b"\n');
    assert.equal(map.value, "aAé😀 b");
    assert.equal(slice(text, map, "Aé"), "\\x41\\u00e9");
    assert.equal(slice(text, map, "😀"), "\\U0001F600");
    assert.equal(map.toValue(text.indexOf("41")), 1);
  });

  it("knows line breaks that a quoted scalar joins away", () => {
    const { text, map } = runOf('run: "curl \\\n     -o x"\n');
    assert.equal(map.value, "curl -o x");
    assert.equal(slice(text, map, "curl"), "curl");
    assert.equal(slice(text, map, "-o x"), "-o x");
  });

  it("knows what the parser takes for a header in broken text", () => {
    const text = "- >- | x-,\n  b\n";
    const found = scalarsOf(text).find(({ style }) => style === "literal");
    assert.ok(found);
    assert.equal(found.text, "b");
    checkMap(text, found);
  });

  it("gives a place for text in an empty scalar", () => {
    const { text, map } = runOf("run: ''\n");
    const { start, end } = map.toDocument({ start: 0, end: 0 });
    assert.deepEqual([text.slice(0, start), text.slice(end)], ["run: '", "'\n"]);
  });

  it("gives the whole scalar where its value is not the parser's", () => {
    const source = "run: |\n  a\n";
    const found = scalar(get(parseYaml(source).documents[0], "run"));
    assert.ok(found);
    const written = {
      ...found,
      span: found.span,
      style: found.style,
      inFlow: false,
      header: "|",
      body: 7,
      parentIndent: 0,
    };
    const map = mapScalar(source, written, "another value");
    assert.equal(map.exact, false);
    assert.deepEqual(map.toDocument({ start: 0, end: 1 }), found.span);
    assert.equal(map.toValue(found.span.start + 4), undefined);
    assert.equal(map.edit({ start: 0, end: 1 }, "b"), undefined);
  });
});

describe("an edit of a scalar", () => {
  it("indents new lines of a literal block", () => {
    assert.equal(edited("run: |\n   a\n   b\n", "b", "c\n\nd"), "run: |\n   a\n   c\n\n   d\n");
  });

  it("keeps CRLF", () => {
    assert.equal(edited("run: |\r\n  a\r\n  b\r\n", "a\n", "c\nd\n"), "run: |\r\n  c\r\n  d\r\n  b\r\n");
  });

  it("takes whole lines away", () => {
    assert.equal(edited("run: |\n  a\n  b\nx: y\n", "b\n", ""), "run: |\n  a\nx: y\n");
    assert.equal(edited("run: |\n  a\n\n  b\n", "a\n", ""), "run: |\n\n  b\n");
  });

  it("adds a line behind the last one", () => {
    assert.equal(editedAt("run: |\n  a\nx: y\n", 2, 2, "b\n"), "run: |\n  a\n  b\nx: y\n");
    assert.equal(editedAt("run: |\n  a", 2, 2, "b\n"), "run: |\n  a\n  b\n");
  });

  it("escapes what quotes need", () => {
    assert.equal(edited("run: 'a b'\n", "b", "it's"), "run: 'a it''s'\n");
    assert.equal(edited('run: "a b"\n', "b", '"\\\n'), 'run: "a \\"\\\\\\n"\n');
  });

  it("declines what a style cannot hold", () => {
    for (const text of ["a: b", "a #b", "a\nb", "- a", "", " a", "true", "12", "[a"])
      assert.equal(edited("run: old\n", "old", text), undefined);
    assert.equal(edited("{run: old}\n", "old", "a, b"), undefined);
    assert.equal(edited("run: 'old'\n", "old", "a\nb"), undefined);
    assert.equal(edited("run: >\n  old\n", "old", "a\nb"), undefined);
    assert.equal(edited("run: |\n  old\n", "old\n", "new"), undefined);
    assert.equal(edited("run: |\n  old\n  b\n", "old", "  old"), undefined);
    assert.equal(edited("--- |\nold\n", "old", "---"), undefined);
  });

  it("changes that value and nothing else, in all kinds of documents", function () {
    this.timeout(120_000);
    checkChanges(({ text, found, start, end, added }) => {
      const edit = found.map.edit({ start, end }, added);
      if (!edit) return false;
      const value = found.text.slice(0, start) + added + found.text.slice(end);
      checkChange(text, edit, found, value);
      return true;
    });
  });
});

describe("a rewrite as a literal block", () => {
  it("takes the place of a plain scalar and leaves its comment", () => {
    assert.equal(
      rewritten("- run: curl x | sh # why\n  if: y\n", 2, "a\nb"),
      "- run: |- # why\n    a\n    b\n  if: y\n",
    );
  });

  it("ends the value as asked", () => {
    assert.equal(rewritten("run: x\n", 0, "a\n"), "run: |\n  a\n");
    assert.equal(rewritten("run: x\n\nif: y\n", 0, "a\n\n"), "run: |+\n  a\n\nif: y\n");
    assert.equal(rewritten("run: x", 0, "a\n\n"), "run: |+\n  a\n\n");
    assert.equal(rewritten("run: x\n\n\nif: y\n", 0, "a\n\n"), undefined);
  });

  it("indents by the step of the file", () => {
    const text = "jobs:\n    a:\n        script: x\n";
    assert.equal(
      rewritten(text, 8, "b\nc\n", "jobs", "a", "script"),
      "jobs:\n    a:\n        script: |\n            b\n            c\n",
    );
  });

  it("stays in its column on a line of its own", () => {
    assert.equal(rewritten("run:\n    x\nif: y\n", -1, "a\nb\n"), "run:\n    |\n    a\n    b\nif: y\n");
  });

  it("says where the text begins if it begins with spaces", () => {
    assert.equal(rewritten("run: x\n", 0, "  a\nb\n"), "run: |2\n    a\n  b\n");
  });

  it("replaces folded and quoted scalars over several lines", () => {
    assert.equal(rewritten('run: "a\n   b" # c\nx: y\n', 0, "a\n"), "run: | # c\n  a\nx: y\n");
    assert.equal(rewritten("run: >- # c\n    a\n    b\nx: y\n", 0, "a\n"), "run: | # c\n    a\nx: y\n");
  });

  it("declines in flow collections, keys with ?, and above deeper comments", () => {
    assert.equal(rewritten("{run: x}\n", 0, "a\n"), undefined);
    assert.equal(rewritten("? run\n: x\n", 0, "a\n"), undefined);
    assert.equal(rewritten("run: x\n    # deep\nif: y\n", 0, "a\n"), undefined);
    assert.equal(rewritten("run: x\n", 0, "\n"), undefined);
  });

  it("changes that value and nothing else, in all kinds of documents", function () {
    this.timeout(120_000);
    checkChanges(({ text, found, parent, added }) => {
      const edit = rewriteAsLiteral(text, found, parent, added);
      if (edit) checkChange(text, edit, found, added);
      return edit !== undefined;
    });
  });
});

function runOf(text: string): { readonly text: string; readonly map: ScalarMap } {
  const found = scalar(get(parseYaml(text).documents[0], "run"));
  assert.ok(found);
  return { text, map: found.map };
}

/** What the document has for the first occurrence of a part of the value. */
function slice(text: string, map: ScalarMap, part: string): string {
  const start = map.value.indexOf(part);
  const span = map.toDocument({ start, end: start + part.length });
  return text.slice(span.start, span.end);
}

function apply(text: string, edit: DocumentEdit): string {
  return text.slice(0, edit.span.start) + edit.text + text.slice(edit.span.end);
}

/** The document after the first occurrence of `part` in the value of `run` was replaced. */
function edited(text: string, part: string, by: string): string | undefined {
  const found = scalarsOf(text)[0];
  assert.ok(found);
  const start = found.map.value.indexOf(part);
  return editedAt(text, start, start + part.length, by);
}

function editedAt(text: string, start: number, end: number, by: string): string | undefined {
  const edit = scalarsOf(text)[0]?.map.edit({ start, end }, by);
  return edit && apply(text, edit);
}

/** The document after the scalar at a path, or else the only `run`, became a literal block. */
function rewritten(text: string, parent: number, value: string, ...path: readonly string[]): string | undefined {
  const root = parseYaml(text).documents[0];
  const found = scalar(get(root, ...(path.length > 0 ? path : root?.kind === "sequence" ? [0, "run"] : ["run"])));
  assert.ok(found);
  const edit = rewriteAsLiteral(text, found, parent, value);
  return edit && apply(text, edit);
}

interface Attempt {
  readonly text: string;
  readonly found: YamlScalar;
  /** The column of the scalar's key or dash. */
  readonly parent: number;
  readonly start: number;
  readonly end: number;
  readonly added: string;
}

/** Runs random changes on sound documents; `attempt` says whether there was an edit. Most documents give one. */
function checkChanges(attempt: (change: Attempt) => boolean): void {
  let count = 0;
  const line = fc.constantFrom(
    "a",
    "echo b",
    " ",
    "  x",
    "",
    "# c",
    ": ",
    "a: b",
    "'",
    '"',
    "\\n",
    "\\",
    "é",
    "\t",
    "- x",
    "---",
    "|",
    "{a}",
    "😀",
    "1",
  );
  const lines = fc.array(line, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("\n"));
  const added = fc.oneof(
    line,
    lines,
    lines.map((text) => `${text}\n`),
    lines.map((text) => `${text}\n\n`),
  );
  fc.assert(
    fc.property(
      fc.oneof(yamlTrees(), yamlDocuments()),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      added,
      (text, pick, from, to, by) => {
        // An alias would change with its anchor, and the column of a `? key` is no matter of this test.
        if (/[*?]|^\s*:|\r(?!\n)/m.test(text) || !isSound(text)) return;
        const found = scalarsWithParents(text);
        const [chosen, parent] = found[pick % Math.max(1, found.length)] ?? [];
        if (!chosen || parent === undefined) return;
        const [start = 0, end = 0] = [from, to]
          .map((at) => boundary(chosen.text, at % (chosen.text.length + 1)))
          .sort((a, b) => a - b);
        if (attempt({ text, found: chosen, parent, start, end, added: by })) count++;
      },
    ),
    { seed: 20260802, numRuns: 4_000 },
  );
  assert.ok(count > 700, `only ${count} edits`);
}

/** Not between the halves of a character. */
function boundary(text: string, at: number): number {
  return /[\udc00-\udfff]/.test(text.charAt(at)) ? at - 1 : at;
}

function scalarsWithParents(text: string): readonly (readonly [YamlScalar, number])[] {
  const found: [YamlScalar, number][] = [];
  const columnOf = (offset: number, pattern: RegExp): number => {
    const start = offset > 0 ? text.lastIndexOf("\n", offset - 1) + 1 : 0;
    return pattern.exec(text.slice(start, offset).replace("\ufeff", ""))?.[0].length ?? 0;
  };
  const visit = (node: YamlNode | undefined, parent: number): void => {
    if (node?.kind === "scalar") found.push([node, parent]);
    else if (node?.kind === "sequence") for (const item of node.items) visit(item, columnOf(node.span.start, /^.*/));
    else if (node) for (const entry of node.entries) visit(entry.value, columnOf(entry.keySpan.start, /^ *(?:- +)*/));
  };
  for (const document of parseYaml(text).documents) visit(document, -1);
  return found;
}

/** The document is sound after the edit, the scalar has the new value, and every other node is what it was. */
function checkChange(text: string, edit: DocumentEdit, found: YamlScalar, value: string): void {
  const after = apply(text, edit);
  const expected = shapesOf(text, (node, shape) =>
    isScalar(node) && node.range?.[0] === found.span.start ? value : shape,
  );
  assert.deepEqual(shapesOf(after), expected, JSON.stringify(after));
  assert.ok(isSound(after), JSON.stringify(after));
}
