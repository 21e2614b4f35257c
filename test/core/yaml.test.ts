import assert from "node:assert/strict";
import fc from "fast-check";
import { isMap } from "yaml";
import type { Slot } from "../../server/core/model.ts";
import {
  childInsertion,
  entries,
  entry,
  get,
  insertion,
  items,
  parseYaml,
  removal,
  scalar,
  text,
  type YamlMap,
  type YamlNode,
} from "../../server/core/yaml.ts";
import { yamlDocuments } from "./scalars.ts";
import { isSound, type Shape, shapesOf } from "./shape.ts";
import { yamlTrees } from "./trees.ts";

describe("reading YAML", () => {
  it("follows paths of keys and indices, and gives undefined for wrong shapes", () => {
    const root = rootOf("jobs:\n  a:\n    steps:\n      - run: x\n");
    assert.equal(text(get(root, "jobs", "a", "steps", 0, "run")), "x");
    for (const path of [
      ["jobs", 0],
      ["jobs", "a", "steps", 1],
      ["jobs", "a", "steps", "run"],
      ["nope", "a"],
    ]) {
      assert.equal(get(root, ...path), undefined);
    }
    assert.equal(scalar(root), undefined);
    assert.deepEqual([...items(root), ...entries(get(root, "jobs", "a", "steps"))], []);
  });

  it("keeps numbers, truth values and null as they are written", () => {
    const source = "on: yes\nv: 3.10\nn: ~\nh: 0x10\n";
    assert.deepEqual(pairs(source), ["on=yes", "v=3.10", "n=~", "h=0x10"]);
    assert.deepEqual(pairs(`%YAML 1.1\n---\n${source}`), pairs(source));
  });

  it("gives undefined where nothing is written, and a scalar where a tag is", () => {
    const root = rootOf("a:\nb: !x\nc: []\n");
    assert.equal(get(root, "a"), undefined);
    assert.equal(text(get(root, "b")), "");
  });

  it("places entries from the key to the end of the value", () => {
    const source = "\ufeffa: 1 # c\nb:\n  - x\n  # d\nc: |\n  y\n\nd:\n";
    const written = entries(rootOf(source)).map(({ span }) => source.slice(span.start, span.end));
    assert.deepEqual(written, ["a: 1", "b:\n  - x", "c: |\n  y\n", "d:"]);
  });

  it("reads every document of a file, with offsets of the file", () => {
    const source = "---\na: 1\n---\n# nothing\n---\n- b\n...\n";
    const { documents } = parseYaml(source);
    assert.deepEqual(
      documents.map(({ span }) => source.slice(span.start, span.end)),
      ["a: 1", "- b"],
    );
  });

  it("shows tags", () => {
    const found = get(rootOf("script:\n  - !reference [.a, script]\n"), "script", 0);
    assert.equal(found?.tag, "!reference");
    assert.deepEqual(items(found).map(text), [".a", "script"]);
  });

  it("takes the last of several equal keys", () => {
    const root = rootOf("a: 1\nb: 2\na: 3\n");
    assert.equal(text(entry(root, "a")?.value), "3");
    assert.deepEqual(pairs("a: 1\nb: 2\na: 3\n"), ["b=2", "a=3"]);
    assert.equal(root?.kind === "map" && root.entries.length, 3);
  });

  it("takes the text of a key that is no scalar", () => {
    assert.deepEqual(pairs("? [a, b]\n: c\n"), ["[a, b]=c"]);
  });
});

describe("aliases and merges", () => {
  it("gives the anchored node and the place of the alias", () => {
    const source = "a: &x\n  k: v\nb: *x\n";
    const root = rootOf(source);
    const [anchored, aliased] = [get(root, "a"), get(root, "b")];
    assert.deepEqual(aliased?.span, anchored?.span);
    assert.deepEqual([anchored?.anchored, anchored?.alias], [true, undefined]);
    assert.equal(source.slice(aliased?.alias?.start, aliased?.alias?.end), "*x");
    const scalars = rootOf("a: &x |\n  y\nb: *x\n");
    assert.deepEqual(scalar(get(scalars, "b"))?.map.toDocument({ start: 0, end: 1 }), { start: 10, end: 11 });
  });

  it("takes the anchor that was last set, in that document", () => {
    assert.deepEqual(pairs("a: &x 1\nb: *x\nc: &x 2\nd: *x\n"), ["a=1", "b=1", "c=2", "d=2"]);
    assert.equal(get(parseYaml("a: &x 1\n---\nb: *x\n").documents[1], "b"), undefined);
  });

  it("gives undefined for aliases that are unknown or lead back to themselves", () => {
    const root = rootOf("a: &x\n  b: *x\n  c: [*x, *nope, d]\ne: *nope\n");
    assert.equal(get(root, "a", "b"), undefined);
    assert.deepEqual(items(get(root, "a", "c")).map(text), ["d"]);
    assert.equal(get(root, "e"), undefined);
  });

  it("merges maps and lists of maps, own keys and earlier maps first", () => {
    const source = "x: &x {a: x, b: x}\ny: &y {a: y, c: y, <<: {d: z}}\nm:\n  b: own\n  <<: [*y, *x]\nn:\n  <<: *x\n";
    const merged = get(rootOf(source), "m");
    assert.deepEqual(
      entries(merged).map((found) => `${found.key}=${text(found.value)}${found.merged ? "*" : ""}`),
      ["b=own", "a=y*", "c=y*", "d=z*"],
    );
    assert.equal(text(get(merged, "d")), "z");
    assert.equal(entry(merged, "c")?.merged, true);
    assert.equal(entry(merged, "<<"), undefined);
    assert.equal(entries(get(rootOf('m: {"<<": {a: b}}\n'), "m"))[0]?.key, "<<");
  });

  it("lets a walk over a file of nested aliases come to an end", () => {
    const nested = (open: string, close: string) =>
      Array.from(
        { length: 40 },
        (_, i) => `a${i}: &a${i} ${open}${i > 0 ? `*a${i - 1}, `.repeat(9) : "{k: v}"}${close}\n`,
      ).join("");
    const source = nested("[", "]");
    let count = 0;
    const walk = (node: YamlNode | undefined): void => {
      count++;
      if (node?.kind === "map") for (const { value } of node.entries) walk(value);
      items(node).forEach(walk);
    };
    walk(rootOf(source));
    assert.ok(count > 1000 && count <= 1_000_100);
    const merging = rootOf(nested("{own: 1, <<: [", "]}"));
    for (let i = 0; i < 40; i++) assert.ok(entries(get(merging, `a${i}`)).length <= 2);
    assert.equal(text(get(merging, "a3", "k")), "v");
  });
});

describe("broken YAML", () => {
  it("never throws, and everything lies within the text and within its parent", () => {
    const piece = fc.constantFrom(
      "a:",
      " b",
      "\n",
      "\n  ",
      "- ",
      "? ",
      ": ",
      "[",
      "]",
      "{",
      "}",
      ",",
      '"',
      "'",
      "|",
      "&x ",
      "*x",
      "!t ",
      "#",
      "<<: ",
      "---\n",
      "\t",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          yamlDocuments(),
          fc.array(piece, { maxLength: 30 }).map((parts) => parts.join("")),
        ),
        (source) => {
          for (const document of parseYaml(source).documents) checkSpans(document, { start: 0, end: source.length });
        },
      ),
      { seed: 20260804, numRuns: 5000 },
    );
  });

  it("reads what stands before the error", () => {
    assert.equal(text(get(rootOf("a:\n  run: x\nb: [1, \n"), "a", "run")), "x");
  });

  it("gives up on nesting that no stack can hold", () => {
    for (const part of ["[", "{a: ", "- ", "[a: "]) {
      let node: YamlNode | undefined = rootOf(part.repeat(3000));
      let depth = 0;
      for (; node; depth++) node = items(node)[0] ?? (node.kind === "map" ? node.entries[0]?.value : undefined);
      assert.ok(depth < 300);
    }
  });
});

describe("taking an entry out of a map", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["a: 1\nx: 2 # gone\nb: 3\n", "whole lines", "a: 1\nb: 3\n"],
    ["a: 1\n# stays\nx:\n  - 2\n\nb: 3\n", "comments above and blank lines below stay", "a: 1\n# stays\n\nb: 3\n"],
    ["a: 1\nx: 2", "at the end of the file", "a: 1\n"],
    ["a: 1\r\nx: |\r\n  2\r\nb: 3\r\n", "CRLF", "a: 1\r\nb: 3\r\n"],
    ["\ufeffx: 1\na: 2\n", "behind a byte order mark", "\ufeffa: 2\n"],
    ["- x: 1 # gone\n  a: 2\n", "behind a dash", "- a: 2\n"],
    ["- x: 1\n\n  # about a\n  a: 2\n", "behind a dash with a comment below", "- # about a\n  a: 2\n"],
    ["- - x: |\n      1\n    a: 2\n", "behind two dashes", "- - a: 2\n"],
    ["- x: 1\n- 2\n", "alone behind a dash", "- \n- 2\n"],
    ["a: |+\n  1\nx: 2\n\nb: 3\n", "below a block that would keep the blank line", "a: |+\n  1\nb: 3\n"],
    ["{x: 1, a: 2}\n", "first in braces", "{a: 2}\n"],
    ["{ a: 1, x: 2 }\n", "last in braces", "{ a: 1 }\n"],
    ["{ a: 1, x: 2, }\n", "last in braces with a comma", "{ a: 1, }\n"],
    ["{x: 1}\n", "alone in braces", "{}\n"],
    ["{\n  a: 1,\n  x: 2, # gone\n  b: 3\n}\n", "on a line of its own in braces", "{\n  a: 1,\n  b: 3\n}\n"],
    ["{\n  a: 1, # stays\n  x: 2\n}\n", "below a comment in braces", "{\n  a: 1, # stays\n  \n}\n"],
  ];
  for (const [source, name, expected] of cases) {
    it(name, () => {
      const [map, found] = holderOf(source, "x");
      const span = removal(source, map, found);
      assert.ok(span);
      assert.equal(source.slice(0, span.start) + source.slice(span.end), expected);
    });
  }

  it("declines where other things stand on its lines", () => {
    for (const source of [
      "[x: 1]\n",
      "? x\n: 1\n",
      "&a x: 1\nb: 2\n",
      "{x: 1\n",
      "a: |\n  1\nx: 2\n   # deep\nb: 3\n",
    ]) {
      const [map, found] = holderOf(source, "x");
      assert.equal(removal(source, map, found), undefined, source);
    }
    const [, merged] = holderOf("a: &a {x: 1}\nb: {<<: *a}\n", "x");
    const other = get(rootOf("a: &a {x: 1}\nb: {<<: *a}\n"), "b");
    assert.equal(other?.kind === "map" && removal("a: &a {x: 1}\nb: {<<: *a}\n", other, merged), undefined);
  });
});

describe("adding entries to a map", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["m:\n  a: 1 # c\n\n# d\nn: 2\n", "behind the last line", "m:\n  a: 1 # c\n  X: 1\n  Y: 2\n\n# d\nn: 2\n"],
    ["m:\n  a: 1", "at the end of the file", "m:\n  a: 1\n  X: 1\n  Y: 2"],
    ["m:\r\n    a:\r\n", "CRLF", "m:\r\n    a:\r\n    X: 1\r\n    Y: 2\r\n"],
    ["m:\n  a: |\n    1\n\nn: 2\n", "behind a block", "m:\n  a: |\n    1\n  X: 1\n  Y: 2\n\nn: 2\n"],
    [
      "m:\n  a: |+\n    1\n\nn: 2\n",
      "behind a block that keeps blank lines",
      "m:\n  a: |+\n    1\n\n  X: 1\n  Y: 2\nn: 2\n",
    ],
    ["- m:\n  - a: 1\n", "behind a dash", "- m:\n  - a: 1\n    X: 1\n    Y: 2\n"],
    ["m: {}\n", "to empty braces", "m: { X: 1, Y: 2 }\n"],
    ["m: { }\n", "to braces with a space", "m: { X: 1, Y: 2 }\n"],
    ["m: {a: 1}\n", "in braces", "m: {a: 1, X: 1, Y: 2}\n"],
    ["m: {a: 1,}\n", "behind a comma in braces", "m: {a: 1, X: 1, Y: 2}\n"],
    ["m: {\n    a: 1\n  }\n", "in braces over several lines", "m: {\n    a: 1,\n    X: 1,\n    Y: 2\n  }\n"],
  ];
  for (const [source, name, expected] of cases) {
    it(name, () => {
      const root = rootOf(source);
      const map = get(root, "m") ?? get(root, 0, "m", 0);
      const target = map?.kind === "sequence" ? map.items[0] : map;
      assert.ok(target?.kind === "map");
      assert.equal(insert(source, insertion(source, target), ["X: 1", "Y: 2"]), expected);
    });
  }

  it("adds a map under a new key, indented as its neighbours are", () => {
    const child = (source: string, key = "env") => {
      const map = get(rootOf(source), "m");
      assert.ok(map?.kind === "map");
      return insert(source, childInsertion(source, map, key), ["X: 1", "Y: 2"]);
    };
    assert.equal(child("m:\n  a: 1\n"), "m:\n  a: 1\n  env:\n    X: 1\n    Y: 2\n");
    assert.equal(child("m:\n    a: 1\n"), "m:\n    a: 1\n    env:\n        X: 1\n        Y: 2\n");
    assert.equal(child("m:\n  a:\n     b: 1\n"), "m:\n  a:\n     b: 1\n  env:\n     X: 1\n     Y: 2\n");
    assert.equal(child("m: {a: 1}\n"), "m: {a: 1, env: { X: 1, Y: 2 }}\n");
    assert.equal(child("m: {}\n", "a b"), 'm: { "a b": { X: 1, Y: 2 } }\n');
  });

  it("declines where there is no room", () => {
    for (const source of ["m: [a: 1]\n", "m: {a: 1\n"]) {
      const map = get(rootOf(source), "m", 0) ?? get(rootOf(source), "m");
      assert.ok(map?.kind === "map");
      assert.equal(insertion(source, map), undefined);
    }
  });
});

describe("changes of maps", () => {
  it("leave everything else as it was, in all kinds of documents", function () {
    this.timeout(120_000);
    let count = 0;
    fc.assert(
      fc.property(
        fc.oneof({ weight: 3, arbitrary: yamlTrees() }, { weight: 1, arbitrary: yamlDocuments() }),
        fc.nat(),
        fc.nat(),
        (source, pick, which) => {
          if (/[*?]|^\s*:|\r(?!\n)/m.test(source) || !isSound(source)) return;
          const found = mapsOf(source);
          const map = found[pick % Math.max(1, found.length)];
          if (!map) return;
          count += checkRemoval(source, map, which % Math.max(1, map.entries.length));
          const added: readonly Shape[] = [
            ["X", "1"],
            ["Y", "2"],
          ];
          checkInsertion(source, map, insertion(source, map), (pairs) => [...pairs, ...added]);
          checkInsertion(source, map, childInsertion(source, map, "new"), (pairs) => [...pairs, ["new", added]]);
        },
      ),
      { seed: 20260805, numRuns: 4000 },
    );
    assert.ok(count > 1500, `only ${count} removals`);
  });
});

function rootOf(source: string): YamlNode | undefined {
  return parseYaml(source).documents[0];
}

/** The effective entries of the first document as `key=value`. */
function pairs(source: string): readonly string[] {
  return entries(rootOf(source)).map(({ key, value }) => `${key}=${text(value)}`);
}

function checkSpans(node: YamlNode, outer: { readonly start: number; readonly end: number }): void {
  assert.ok(outer.start <= node.span.start && node.span.start <= node.span.end && node.span.end <= outer.end);
  if (node.kind === "sequence") for (const item of node.items) if (!item.alias) checkSpans(item, node.span);
  if (node.kind !== "map") return;
  for (const { keySpan, span, value } of node.entries) {
    assert.ok(
      node.span.start <= span.start &&
        span.start <= keySpan.start &&
        keySpan.end <= span.end &&
        span.end <= node.span.end,
    );
    if (value && !value.alias) checkSpans(value, span);
  }
}

/** Every map that is written in a text, and is no whole document of one entry. */
function mapsOf(source: string): readonly YamlMap[] {
  const found: YamlMap[] = [];
  const { documents } = parseYaml(source);
  const visit = (node: YamlNode | undefined): void => {
    if (!node || node.alias || node.kind === "scalar") return;
    if (node.kind === "sequence") node.items.forEach(visit);
    else {
      if (node.entries.length !== 1 || !documents.includes(node)) found.push(node);
      for (const { value } of node.entries) visit(value);
    }
  };
  documents.forEach(visit);
  return found;
}

/** The map that has a key, and its entry. */
function holderOf(source: string, key: string): readonly [YamlMap, ReturnType<typeof entries>[number]] {
  for (const map of mapsWithRoot(source)) {
    const found = map.entries.find((candidate) => candidate.key === key);
    if (found) return [map, found];
  }
  throw new Error(`no ${key}`);
}

function mapsWithRoot(source: string): readonly YamlMap[] {
  const root = rootOf(source);
  return root?.kind === "map" ? [root, ...mapsOf(source)] : mapsOf(source);
}

function insert(source: string, slot: Slot | undefined, added: readonly string[]): string | undefined {
  return slot && source.slice(0, slot.at) + slot.before + added.join(slot.between) + slot.after + source.slice(slot.at);
}

/** The pairs of one map changed, everything else as it was. */
function checkPairs(
  source: string,
  after: string,
  map: YamlMap,
  change: (pairs: readonly Shape[]) => readonly Shape[],
): void {
  const expected = shapesOf(source, (node, shape) => {
    const here = isMap(node) && node.range?.[0] === map.span.start && (node.flow === true) === map.flow;
    return here && typeof shape !== "string" ? change(shape) : shape;
  });
  assert.deepEqual(shapesOf(after), expected, JSON.stringify(after));
  assert.ok(isSound(after), JSON.stringify(after));
}

/** The number of removals that were checked: none where it was declined. */
function checkRemoval(source: string, map: YamlMap, index: number): number {
  const found = map.entries[index];
  const span = found && removal(source, map, found);
  if (!span) return 0;
  checkPairs(source, source.slice(0, span.start) + source.slice(span.end), map, (pairs) => pairs.toSpliced(index, 1));
  return 1;
}

function checkInsertion(
  source: string,
  map: YamlMap,
  slot: Slot | undefined,
  change: (pairs: readonly Shape[]) => readonly Shape[],
): void {
  const after = insert(source, slot, ["X: 1", "Y: 2"]);
  if (after !== undefined) checkPairs(source, after, map, change);
}
