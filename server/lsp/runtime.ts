import type { Context, Settings } from "../core/index.ts";
import type { Note } from "../pins/memory.ts";
import type { ScriptStore } from "../pins/scripts.ts";
import type { Resolver } from "../resolvers/resolver.ts";

/** What the server needs from the machine it runs on. The folder lsp/ itself opens no file and no socket. */
export interface Runtime {
  readonly files: Files;
  /** A resolver with a person's network settings. Called only after a click on a fix, or a command, that asks; one for each. */
  resolver(options: NetworkOptions): Resolver;
  /** Texts of pinned scripts, in a folder of our own, by its URI. */
  scripts(folder: string): ScriptStore;
  /** The note in which the last verdicts on pins are kept, in a folder of our own, by its URI. */
  pinNote(folder: string): Note;
  /** How many threads may look at files beside the one that serves the protocol. */
  readonly threads: number;
  /** Starts a thread that carries out orders; `undefined` where the host has none to start. */
  startThread(): Thread | undefined;
  /**
   * What earlier sessions found out about files, in a folder of our own, by its URI. It is empty where another build of the program,
   * or another workspace, of which `folders` are the URIs, has written it.
   */
  openKept(folder: string, folders: readonly string[]): Promise<Kept>;
}

/** Another thread. What goes there and comes back is plain data; what it means is said in orders.ts. */
export interface Thread {
  post(message: unknown): void;
  /** Ends it at once. */
  stop(): void;
  /** Called with each message, and once with `undefined` when the thread is gone, for whatever reason. */
  listen(hear: (message: unknown) => void): void;
}

/** Reports of earlier sessions. No text of a file is among them. */
export interface Kept {
  /** What is kept of a file: the traces that the analysis left, by which it can be told whether it still holds, and the report. */
  find(uri: string): { readonly traces: string; readonly report: string } | undefined;
  /** Keeps the newest report on a file in the place of an older one; both without a line break. */
  keep(uri: string, traces: string, report: string): void;
  /** Writes what is kept of the wanted files, and forgets it. Never rejects: what cannot be written is found out again. */
  close(isWanted: (uri: string) => boolean): Promise<void>;
}

/** The person's files. Every file and folder is named by its URI; other schemes than `file` are simply not there. */
export interface Files {
  /** Name of the file at a repository's root that holds its settings. */
  readonly settingsFile: string;
  /** The repository that a file belongs to; `undefined` for a document that is no file of this machine. */
  locate(uri: string): Place | undefined;
  /** A `locate` for many files at one moment: what lies around several of them is looked up once. */
  locator(): Files["locate"];
  /**
   * Size and time of a file: two equal stamps mean the same text. `undefined` where that cannot be said, because the file was changed
   * so lately that a further change could bear the same time.
   */
  stamp(uri: string): string | undefined;
  /** The text of a file, without a byte order mark; `undefined` where it is missing, no text in UTF-8, or too large. */
  read(uri: string): Promise<string | undefined>;
  /**
   * The files of a folder that may be CI files, at any depth, one by one as they are found; only those at or below `within`. `globs` are
   * the person's: files of other names that belong to a CI system. `ignored` takes in what ignore files leave out, and vendored folders.
   */
  discover(folder: string, within?: string, globs?: Settings["globs"], ignored?: boolean): AsyncIterable<string>;
  /** True for a file that such globs, or those of its repository, give to a CI system. */
  isNamed(uri: string, globs?: Settings["globs"]): boolean;
  /** True where a path tells that a file is a CI file. */
  looksLikeCi(uri: string): boolean;
  /** A test for patterns as a .gitignore file has them. Paths are relative, with forward slashes. */
  patternTest(patterns: readonly string[]): (path: string) => boolean;
}

/** Where a file lies. */
export interface Place {
  /** URI of the repository's root, with a slash at its end. */
  readonly root: string;
  /** Path from the root, with forward slashes. */
  readonly path: string;
  /** What is on disk around the file, as of now. */
  readonly context: Context;
}

/** How a person wants the network to be used. Empty means: whatever the environment says. */
export interface NetworkOptions {
  readonly proxy: string;
  /** Comma-separated. */
  readonly noProxy: string;
  readonly strictSsl: boolean;
  /** Hosts that may have a private address. */
  readonly allowedHosts: readonly string[];
}
