import type { PinnedPlace, Recalled } from "../core/index.ts";
import type { VerifiedPin } from "./verify.ts";

/** A text that is kept from one session to the next. Neither call rejects. */
export interface Note {
  /** `undefined` where nothing is kept. */
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
}

/** For those who have no place to keep anything. */
export const NO_NOTE: Note = { read: async () => undefined, write: async () => {} };

/** What the last verifications said of pins, so that it can be told without asking anybody. */
export interface PinMemory {
  /** Resolves when it is known what earlier sessions kept. */
  loaded(): Promise<void>;
  recall(pin: PinnedPlace): Recalled | undefined;
  /** Keeps the verdicts of a day, YYYY-MM-DD, in the place of older ones. What was not answered changes nothing. */
  note(pins: readonly VerifiedPin[], day: string): Promise<void>;
}

/** More pins than a workspace has; the oldest verdicts go first. */
const MOST = 5_000;

/** A memory behind which a note lies. What is no note of ours is no note. */
export function createPinMemory(note: Note): PinMemory {
  const verdicts = new Map<string, Recalled>();
  const state: { reading: Promise<void> | undefined } = { reading: undefined };
  const read = async () => {
    for (const [key, recalled] of readNote(await note.read())) {
      const known = verdicts.get(key);
      if (known === undefined || known.day < recalled.day) verdicts.set(key, recalled);
    }
  };
  const loaded = () => {
    state.reading ??= read();
    return state.reading;
  };
  return {
    loaded,
    recall: (pin) => verdicts.get(keyOf(pin)),
    note: async (pins, day) => {
      // Another window may have noted something meanwhile.
      await read();
      for (const { pin, verdict, message } of pins) {
        if (verdict === "unanswered" || mayHoldSecret(pin)) continue;
        verdicts.delete(keyOf(pin));
        verdicts.set(keyOf(pin), { day, message });
      }
      for (const key of [...verdicts.keys()].slice(0, Math.max(0, verdicts.size - MOST))) verdicts.delete(key);
      await note.write(JSON.stringify([...verdicts].map(([key, { day: on, message }]) => [key, on, message])));
    },
  };
}

/** What is asked about, and not where it stands: the same pin in another file has the same verdict. */
function keyOf({ kind, subject, expected, label = "", ask, alive }: PinnedPlace): string {
  const question = alive ?? ask;
  const host = question?.kind === "commit" ? question.host : "";
  return JSON.stringify([kind, host, subject, expected, label]);
}

/** An address can hold a password, and such a one is written nowhere. */
function mayHoldSecret({ subject }: PinnedPlace): boolean {
  return /:\/\/[^/]*@|\?/.test(subject);
}

function readNote(text: string | undefined): readonly (readonly [string, Recalled])[] {
  const entries = text === undefined ? [] : parsed(text);
  return !Array.isArray(entries)
    ? []
    : entries.flatMap((entry) => {
        if (!Array.isArray(entry)) return [];
        const [key, day, message] = entry;
        if (typeof key !== "string" || typeof message !== "string" || !/^\d{4}-\d\d-\d\d$/.test(String(day))) return [];
        return [[key, { day: String(day), message }] as const];
      });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
