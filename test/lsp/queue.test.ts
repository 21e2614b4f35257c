import assert from "node:assert/strict";
import { createQueue } from "../../server/lsp/queue.ts";

describe("a queue", () => {
  it("does one piece of work after the other, urgent ones first, each key once", async () => {
    const done: string[] = [];
    const queue = createQueue<string>(async (item) => {
      done.push(`begin ${item}`);
      await Promise.resolve();
      done.push(`end ${item}`);
    });
    queue.add("a", "a1");
    queue.add("b", "b");
    queue.add("a", "a2");
    queue.add("c", "c", true);
    await queue.idle();
    assert.deepEqual(done, ["begin c", "end c", "begin b", "end b", "begin a2", "end a2"]);
  });

  it("works again on a key that was added while its work was under way", async () => {
    const done: string[] = [];
    const queue = createQueue<string>(async (item) => {
      if (done.push(item) === 1) queue.add("a", "later");
    });
    queue.add("a", "first");
    await queue.idle();
    assert.deepEqual(done, ["first", "later"]);
    queue.add("a", "at last");
    await queue.idle();
    assert.deepEqual(done, ["first", "later", "at last"]);
  });

  it("tells when the work on a key is done, and prefers it for that", async () => {
    const done: string[] = [];
    const queue = createQueue<string>(async (item) => {
      await new Promise(setImmediate);
      done.push(item);
    });
    for (const item of ["a", "b", "c"]) queue.add(item, item);
    await queue.done("c");
    assert.deepEqual(done, ["c"]);
    queue.add("a", "a, added while it was under way");
    await queue.done("a");
    assert.deepEqual(done, ["c", "a", "a, added while it was under way"]);
    await queue.done("unknown");
    await queue.done("b");
    assert.deepEqual(done.slice(3), ["b"]);
  });
});
