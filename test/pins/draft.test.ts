import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { applyEdits } from "../../server/core/index.ts";
import { changesOf, type Draft, draftOf, edited, originalOffset, shifted } from "../../server/pins/draft.ts";

const span = (start: number, end = start) => ({ start, end });

describe("A draft", () => {
  it("has no changes before its first edit", () => {
    deepEqual(changesOf(draftOf("abc")), []);
    deepEqual(changesOf(draftOf("")), []);
  });

  it("joins edits that meet, and keeps apart what does not", () => {
    const one = edited(draftOf("0123456789"), [
      { span: span(2, 4), text: "ab" },
      { span: span(4), text: "c" },
      { span: span(8, 9), text: "" },
    ]);
    const two = edited(one, [{ span: span(3, 4), text: "X" }]);
    equal(two.text, "01aXc45679");
    deepEqual(changesOf(two), [
      { span: span(2, 4), text: "aXc" },
      { span: span(8, 9), text: "" },
    ]);
  });

  it("knows where its text lay before", () => {
    const draft = edited(draftOf("abcdef"), [{ span: span(1, 3), text: "12345" }]);
    deepEqual(
      [0, 1, 5, 6, 7, 8, 99].map((offset) => originalOffset(draft, offset)),
      [0, 1, 1, 3, 4, 5, 6],
    );
  });

  it("of a new file inserts the whole text", () => {
    const draft = edited(draftOf(undefined), [{ span: span(0), text: "new\n" }]);
    deepEqual([draft.before, draft.text, changesOf(draft)], [undefined, "new\n", [{ span: span(0), text: "new\n" }]]);
  });

  it("is its first text with its changes, whatever was edited", () => {
    const edit = fc.tuple(fc.nat(40), fc.nat(6), fc.stringMatching(/^[a-c]{0,4}$/));
    fc.assert(
      fc.property(fc.stringMatching(/^[x-z]{0,40}$/), fc.array(edit, { maxLength: 8 }), (text, edits) => {
        let draft: Draft = draftOf(text);
        for (const [at, length, added] of edits) {
          const start = Math.min(at, draft.text.length);
          draft = edited(draft, [{ span: span(start, Math.min(start + length, draft.text.length)), text: added }]);
        }
        const changes = changesOf(draft);
        equal(applyEdits(text, changes), draft.text);
        for (const [each, change] of changes.entries())
          equal(change.span.start > (changes[each - 1]?.span.end ?? -1), true, "they are in order and never touch");
      }),
      { seed: 20260903 },
    );
  });
});

describe("A span", () => {
  it("moves with what is edited in front of it, and grows with what is edited inside", () => {
    deepEqual(shifted(span(5, 9), [{ span: span(1, 3), text: "" }]), span(3, 7));
    deepEqual(shifted(span(5, 9), [{ span: span(5), text: "ab" }]), span(7, 11));
    deepEqual(shifted(span(5, 9), [{ span: span(6, 8), text: "abcd" }]), span(5, 11));
    deepEqual(shifted(span(5, 9), [{ span: span(9), text: "ab" }]), span(5, 9));
    deepEqual(shifted(span(5, 9), [{ span: span(12, 14), text: "" }]), span(5, 9));
  });
});
