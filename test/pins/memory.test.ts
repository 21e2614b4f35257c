import assert from "node:assert/strict";
import fc from "fast-check";
import { EMPTY_CONTEXT, type PinnedPlace, pinsOf } from "../../server/core/index.ts";
import { createPinMemory, type Note } from "../../server/pins/memory.ts";
import type { VerifiedPin } from "../../server/pins/verify.ts";

const COMMIT = "11bd71901bbe5b1630ceea73d27597364c9af683";

function pinOf(url = `https://github.com/acme/x`): PinnedPlace {
  const uses = url.replace("https://github.com/", "");
  const text = `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: ${uses}@${COMMIT} # v1.0.0\n`;
  const [pin] = pinsOf({ path: ".github/workflows/ci.yml", text }, EMPTY_CONTEXT);
  assert.ok(pin);
  return pin;
}

function noteOf(text?: string): Note & { text: string | undefined } {
  const note = {
    text,
    read: async () => note.text,
    write: async (written: string) => {
      note.text = written;
    },
  };
  return note;
}

function verdictOn(pin: PinnedPlace, message: string, verdict: VerifiedPin["verdict"] = "held"): VerifiedPin {
  return { pin, verdict, message } as VerifiedPin;
}

describe("the memory of verifications", () => {
  it("keeps the last verdict on a pin over sessions, and no answer changes nothing", async () => {
    const note = noteOf();
    const memory = createPinMemory(note);
    const pin = pinOf();
    await memory.note([verdictOn(pin, "first")], "2026-01-01");
    await memory.note([verdictOn(pin, "second", "moved")], "2026-01-02");
    await memory.note([verdictOn(pin, "no network", "unanswered")], "2026-01-03");
    const next = createPinMemory(note);
    await next.loaded();
    assert.deepEqual(next.recall(pin), { day: "2026-01-02", message: "second" });
    assert.equal(next.recall(pinOf("https://github.com/acme/y")), undefined);
  });

  it("takes over what another window noted later", async () => {
    const note = noteOf();
    const [one, other] = [createPinMemory(note), createPinMemory(note)];
    const [x, y] = [pinOf(), pinOf("https://github.com/acme/y")];
    await one.note([verdictOn(x, "old")], "2026-01-01");
    await other.note([verdictOn(x, "new")], "2026-01-02");
    await one.note([verdictOn(y, "y")], "2026-01-02");
    assert.equal(one.recall(x)?.message, "new");
  });

  it("writes down no address that may hold a password", async () => {
    const note = noteOf();
    const memory = createPinMemory(note);
    for (const subject of ["https://me:secret@example.com/x", "https://example.com/x?token=secret"])
      await memory.note([verdictOn({ ...pinOf(), subject }, subject)], "2026-01-01");
    assert.equal(note.text, "[]");
  });

  it("takes any other text for no note", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        const memory = createPinMemory(noteOf(text));
        await memory.loaded();
        assert.equal(memory.recall(pinOf()), undefined);
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});
