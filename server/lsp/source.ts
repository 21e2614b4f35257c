import { TextDocument } from "vscode-languageserver-textdocument";
import { type Context, EMPTY_CONTEXT, parseSettings, type Settings, type SourceFile } from "../core/index.ts";
import type { Files, Place } from "./runtime.ts";
import type { FolderSettings, SettingsStore } from "./settings.ts";
import { pathOf, rootOf, uriBelow, uriKey } from "./uri.ts";

/** Everything that an analysis needs, taken at one moment: nothing in it changes any more. */
export interface Source {
  readonly uri: string;
  /** Version of the open document; `null` where the text was read from disk. */
  readonly version: number | null;
  /** The text with its lines. */
  readonly document: TextDocument;
  readonly file: SourceFile;
  /** The repository around the file, with open documents in the place of what is on disk. */
  readonly context: Context;
  /** The repository's own settings, and the person's for what the repository says nothing about. */
  readonly settings: Settings;
  readonly network: FolderSettings["network"];
  /** The URI of a path of the same repository. */
  uriOf(path: string): string;
  /** Version of the open document with that URI; `null` where none is open. */
  versionOf(uri: string): number | null;
}

/** Where sources come from. */
export interface Sources {
  /**
   * The open document, else the file on disk; `undefined` where there is neither, where the text cannot be analysed, and where
   * the settings leave the file out.
   */
  find(uri: string): Promise<Source | undefined>;
  isOpen(uri: string): boolean;
}

/** Texts above this many UTF-16 units are left alone: no CI system accepts such a file, and the editor must not freeze. */
export const MAX_TEXT_LENGTH = 2 * 1024 * 1024;

/** Sources from the open documents and the files behind them. */
export function createSources(open: OpenDocuments, files: Files, settings: SettingsStore): Sources {
  return {
    isOpen: (uri) => byKey(open.all()).has(uriKey(uri)),
    find: async (uri) => {
      const chosen = await settings.for(uri);
      const isOpen = byKey(open.all()).has(uriKey(uri));
      const stored = isOpen ? undefined : await files.read(uri);
      const documents = byKey(open.all().map(snapshot));
      const own = documents.get(uriKey(uri));
      if (own !== undefined) return sourceOf(own, own.version, documents, files, chosen);
      if (stored === undefined) return undefined;
      return sourceOf(TextDocument.create(uri, "yaml", 0, stored), null, documents, files, chosen);
    },
  };
}

interface OpenDocuments {
  all(): readonly TextDocument[];
}

function byKey(documents: readonly TextDocument[]): ReadonlyMap<string, TextDocument> {
  return new Map(documents.map((document) => [uriKey(document.uri), document]));
}

/** The document store changes its documents in place, so a source takes the text as it is now. */
function snapshot(document: TextDocument): TextDocument {
  return TextDocument.create(document.uri, document.languageId, document.version, document.getText());
}

function sourceOf(
  document: TextDocument,
  version: number | null,
  documents: ReadonlyMap<string, TextDocument>,
  files: Files,
  { core, network }: FolderSettings,
): Source | undefined {
  const text = document.getText();
  if (text.length > MAX_TEXT_LENGTH || text.includes("\0")) return undefined;
  const { root, path, context: stored } = files.locate(document.uri) ?? elsewhere(document.uri);
  const uriOf = (other: string) => (other === path ? document.uri : uriBelow(root, other));
  const context: Context = {
    read: (other) => documents.get(uriKey(uriOf(other)))?.getText() ?? stored.read(other),
    list: (glob) => stored.list(glob),
  };
  const settings = merge(core, parseSettings(context.read(files.settingsFile) ?? "").settings);
  if (files.patternTest(settings.exclude)(path)) return undefined;
  const versionOf = (uri: string) => documents.get(uriKey(uri))?.version ?? null;
  return { uri: document.uri, version, document, file: { path, text }, context, settings, network, uriOf, versionOf };
}

/** A document of another world, such as an untitled one, is known by its own path and has nothing around it. */
function elsewhere(uri: string): Place {
  return { root: rootOf(uri), path: pathOf(uri), context: EMPTY_CONTEXT };
}

/** Where the repository says something it wins: its editors and its command line must not disagree. */
function merge(person: Settings, repository: Settings): Required<Settings> {
  return {
    rules: { ...person.rules, ...repository.rules },
    exclude: [...(person.exclude ?? []), ...(repository.exclude ?? [])],
    trusted: [...(person.trusted ?? []), ...(repository.trusted ?? [])],
  };
}
