/** The caller's snapshot of the repository around the analysed file. The core never waits: what is not loaded is absent. */
export interface Context {
  /** Text of a file, by its path from the repository's root with forward slashes; `undefined` where it is missing or not loaded. */
  read(path: string): string | undefined;
  /** Paths from the repository's root that match a glob. */
  list(glob: string): readonly string[];
  /** Where the repository lies, as its remote names it: the host, and the path on it such as "owner/name"; absent where that is not known. */
  readonly remote?: { readonly host: string; readonly repo: string };
}

/** A context that holds nothing. */
export const EMPTY_CONTEXT: Context = { read: () => undefined, list: () => [] };
