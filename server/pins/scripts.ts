import type { Resolver } from "../resolvers/resolver.ts";

/** Texts of downloaded scripts under their SHA-256 in hex, kept so that a later difference can be shown. They are data and never run. */
export interface ScriptStore {
  /**
   * The text with a digest of 64, 96 or 128 hex digits, by SHA-256, -384 or -512; `undefined` where the text was never kept, or is no
   * longer what was kept. Never rejects.
   */
  read(digest: string): Promise<string | undefined>;
  /** Keeps a text. Where that fails, a later difference cannot be shown and nothing else is lost: so it never rejects. */
  write(sha256: string, text: string): Promise<void>;
}

/** A store for those who have no place to keep anything. */
export const NO_SCRIPTS: ScriptStore = { read: async () => undefined, write: async () => {} };

/** The resolver, whose scripts are kept as they come. What is no text, such as an archive, is not. */
export function keepingScripts(resolver: Resolver, store: ScriptStore): Resolver {
  return {
    resolve: async (question, options) => {
      const answer = await resolver.resolve(question, options);
      if (answer.kind === "scriptHash" && answer.text !== "") await store.write(answer.sha256, answer.text);
      return answer;
    },
  };
}
