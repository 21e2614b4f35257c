import type { Context } from "../core/index.ts";
import type { ScriptStore } from "../pins/scripts.ts";
import type { Resolver } from "../resolvers/resolver.ts";

/** What the server needs from the machine it runs on. The folder lsp/ itself opens no file and no socket. */
export interface Runtime {
  readonly files: Files;
  /** A resolver with a person's network settings. Called only after a click on a fix, or a command, that asks; one for each. */
  resolver(options: NetworkOptions): Resolver;
  /** Texts of pinned scripts, in a folder of our own, by its URI. */
  scripts(folder: string): ScriptStore;
}

/** The person's files. Every file and folder is named by its URI; other schemes than `file` are simply not there. */
export interface Files {
  /** Name of the file at a repository's root that holds its settings. */
  readonly settingsFile: string;
  /** The repository that a file belongs to; `undefined` for a document that is no file of this machine. */
  locate(uri: string): Place | undefined;
  /** The text of a file, without a byte order mark; `undefined` where it is missing, no text in UTF-8, or too large. */
  read(uri: string): Promise<string | undefined>;
  /** The files of a folder that may be CI files, at any depth, one by one as they are found. */
  discover(folder: string): AsyncIterable<string>;
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
