import { fail } from "node:assert/strict";
import { Refusal } from "../../server/resolvers/resolver.ts";

/** The refusal that a promise rejects with, as "code: message"; fails where it answers or throws something else. */
export async function refused(promise: Promise<unknown>): Promise<string> {
  try {
    fail(`answered ${JSON.stringify(await promise)}`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return `${error.code}: ${error.message}`;
  }
}
