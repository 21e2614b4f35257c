import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { Memo } from "../../server/core/memo.ts";
import { Table } from "../../server/core/shell/table.ts";

// The first two of each pair have the same 32-bit FNV-1a hash, so that they share a place however deep one looks.
const COLLIDING = ["costarring", "liquid", "declinate", "macallums", "altarage", "zinke"];

const keys = fc.oneof(fc.constantFrom(...COLLIDING, "", "A", "PATH"), fc.string({ maxLength: 3 }));
const entries = fc.array(fc.tuple(keys, fc.nat(3)), { maxLength: 60 });

function contents(table: Table<number>): ReadonlyMap<string, number> {
  return new Map(table.entries());
}

describe("tables that share what is equal", () => {
  it("hold what a map holds", () => {
    fc.assert(
      fc.property(entries, keys, (pairs, other) => {
        const [table, map] = [Table.of(pairs), new Map(pairs)];
        equal(table.size, map.size);
        deepEqual(sorted(contents(table)), sorted(map));
        for (const key of [...map.keys(), other]) {
          equal(table.get(key), map.get(key));
          equal(table.has(key), map.has(key));
        }
      }),
    );
  });

  it("stay as they were when an entry is added to a copy", () => {
    fc.assert(
      fc.property(entries, keys, (pairs, key) => {
        const table = Table.of(pairs);
        const before = sorted(contents(table));
        table.with(key, 9);
        deepEqual(sorted(contents(table)), before);
      }),
    );
  });

  it("join as maps do, whatever past they share", () => {
    fc.assert(
      fc.property(entries, entries, entries, (past, mine, theirs) => {
        const common = Table.of(past);
        const add = (table: Table<number>, pairs: readonly (readonly [string, number])[]) =>
          pairs.reduce((all, [key, value]) => all.with(key, value), table);
        const [a, b] = [add(common, mine), add(common, theirs)];
        const expected = new Map(contents(a));
        for (const [key, value] of contents(b)) {
          const own = expected.get(key);
          expected.set(key, own === undefined || own === value ? value : 10 * own + value);
        }
        const joined = a.join(b, (own, other) => 10 * own + other);
        equal(joined.size, expected.size);
        deepEqual(sorted(contents(joined)), sorted(expected));
      }),
    );
  });

  it("are the same table where nothing changes", () => {
    fc.assert(
      fc.property(entries, (pairs) => {
        const table = Table.of(pairs);
        equal(table.join(table, Math.max), table);
        for (const [key, value] of table.entries()) equal(table.with(key, value), table);
        const more = table.with("one more", 1);
        equal(table.join(more, Math.max), more);
        equal(more.join(table, Math.max), more);
      }),
    );
  });
});

describe("results that are kept", () => {
  it("are found again, and are never more than the limit", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(40), fc.nat(30)), { maxLength: 200 }), (sets) => {
        const memo = new Memo<number>(100);
        for (const [key, weight] of sets) {
          memo.set(`${key}`, weight, weight);
          if (weight <= 50) equal(memo.get(`${key}`), weight);
        }
        const kept = Array.from({ length: 41 }, (_, key) => memo.get(`${key}`) ?? 0);
        const last = new Map(sets);
        for (const [key, weight] of kept.entries()) if (weight > 0) equal(last.get(key) === undefined, false);
      }),
    );
  });

  it("make room for newer ones", () => {
    const memo = new Memo<string>(10);
    memo.set("old", "1", 5);
    memo.set("new", "2", 5);
    memo.set("newest", "3", 5);
    deepEqual([memo.get("old"), memo.get("newest")], [undefined, "3"]);
  });
});

function sorted(map: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
