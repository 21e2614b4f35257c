import assert from "node:assert/strict";
import { regionsOf } from "../../server/cli/lines.ts";

describe("regionsOf", () => {
  const startOf = (text: string, offset: number) => {
    const { startLine, startColumn } = regionsOf(text)({ start: offset, end: offset });
    return `${startLine}:${startColumn}`;
  };

  it("counts lines and columns from 1, up to the end of the text", () => {
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((offset) => startOf("ab\nc", offset)),
      ["1:1", "1:2", "1:3", "2:1", "2:2"],
    );
    assert.equal(startOf("", 0), "1:1");
    assert.equal(startOf("a\n", 2), "2:1");
  });

  it("takes every line end that editors take", () => {
    assert.deepEqual(
      [1, 3, 4, 6].map((offset) => startOf("a\r\nb\r\nc", offset)),
      ["1:2", "2:1", "2:2", "3:1"],
    );
    assert.deepEqual(
      [2, 4].map((offset) => startOf("a\rb\nc", offset)),
      ["2:1", "3:1"],
    );
  });

  it("counts UTF-16 units", () => {
    assert.equal(startOf("😀é\tx", 4), "1:5");
  });

  it("gives the end of a span over lines", () => {
    assert.deepEqual(regionsOf("ab\ncd\n")({ start: 1, end: 5 }), {
      startLine: 1,
      startColumn: 2,
      endLine: 2,
      endColumn: 3,
      charOffset: 1,
      charLength: 4,
    });
  });

  it("passes over a byte order mark", () => {
    assert.deepEqual(regionsOf("\uFEFFab")({ start: 0, end: 2 }), {
      startLine: 1,
      startColumn: 1,
      endLine: 1,
      endColumn: 2,
      charOffset: 0,
      charLength: 1,
    });
  });
});
