import { TextDocument } from "vscode-languageserver-textdocument";
import {
  type Context,
  EMPTY_CONTEXT,
  mergeSettings,
  parseSettings,
  type Settings,
  type SourceFile,
  systemNamed,
} from "../core/index.ts";
import type { ListTest } from "./reports.ts";
import type { Files, Place } from "./runtime.ts";
import type { FolderSettings, SettingsStore } from "./settings.ts";
import { pathBelow, pathOf, rootOf, uriBelow, uriKey } from "./uri.ts";

/** Everything that an analysis needs, taken at one moment: nothing in it changes any more. */
export interface Source {
  readonly uri: string;
  /** Version of the open document; `null` where the text was read from disk. */
  readonly version: number | null;
  /** The text with its lines. */
  readonly document: TextDocument;
  readonly file: SourceFile;
  /** True for the file that holds the repository's settings. */
  readonly isSettings: boolean;
  /** The repository around the file, with open documents in the place of what is on disk. */
  readonly context: Context;
  /** The repository's own settings, and the person's for what the repository says nothing about. */
  readonly settings: Settings;
  readonly network: FolderSettings["network"];
  /** True for paths of the repository that the settings leave out. */
  isExcluded(path: string): boolean;
  /** URI of the repository's root, with a slash at its end. */
  readonly root: string;
  /** The URI of a path of the same repository, as the client writes it where that document is open. */
  uriOf(path: string): string;
  /** The path of a URI of the same repository; `undefined` for other ones. */
  pathOf(uri: string): string | undefined;
  /** The text of a path of the same repository with its lines; `undefined` where there is no such file. */
  documentAt(path: string): TextDocument | undefined;
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
  /** False for what can be no CI file, so that its text need not be looked at: scripts that the client has open beside the CI files. */
  mayBePipeline(uri: string): Promise<boolean>;
}

/** Texts above this many UTF-16 units are left alone: no CI system accepts such a file, and the editor must not freeze. */
const MAX_TEXT_LENGTH = 2 * 1024 * 1024;

/** Sources from the open documents and the files behind them. */
export function createSources(open: OpenDocuments, files: Files, settings: Pick<SettingsStore, "for">): Sources {
  const sources: Sources = {
    isOpen: (uri) => byKey(open.all()).has(uriKey(uri)),
    mayBePipeline: async (uri) => {
      if (YAML_NAME.test(uriKey(uri)) || files.looksLikeCi(uri)) return true;
      if (YAML_LANGUAGES.test(byKey(open.all()).get(uriKey(uri))?.languageId ?? "")) return true;
      const source = await sources.find(uri);
      return source !== undefined && systemNamed(source.file.path, source.settings.globs) !== undefined;
    },
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
  return sources;
}

/** URIs of files that are called like YAML. */
export const YAML_NAME = /\.ya?ml$/iu;

/** Other extensions give CI files a language of their own; some editors put the dialect behind a dot. */
const YAML_LANGUAGES = /^(?:yaml(?:\..*)?|github-actions-workflow|azure-pipelines)$/u;

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
  const place = files.locate(document.uri) ?? elsewhere(document.uri);
  const { root, path } = place;
  const uriOf = (other: string) => {
    const uri = uriBelow(root, other);
    return other === path ? document.uri : (documents.get(uriKey(uri))?.uri ?? uri);
  };
  const documentAt = remembering((other: string) => {
    if (other === path) return document;
    const uri = uriOf(other);
    const stored = () => place.context.read(other)?.replace(/^\uFEFF/u, "");
    const read = documents.get(uriKey(uri))?.getText() ?? stored();
    return read === undefined ? undefined : TextDocument.create(uri, "plaintext", 0, read);
  });
  const context: Context = { ...place.context, read: (other) => documentAt(other)?.getText() };
  const settings = mergeSettings(core, parseSettings(context.read(files.settingsFile) ?? "").settings);
  const isExcluded = files.patternTest(settings.exclude ?? []);
  if (isExcluded(path)) return undefined;
  return {
    uri: document.uri,
    version,
    document,
    file: { path, text },
    isSettings: path === files.settingsFile,
    context,
    settings,
    network: { ...network, enabled: settings.network?.enabled !== false },
    isExcluded,
    root,
    uriOf,
    pathOf: (uri) => pathBelow(root, uri) ?? (uriKey(uri) === uriKey(document.uri) ? path : undefined),
    documentAt,
    versionOf: (uri) => documents.get(uriKey(uri))?.version ?? null,
  };
}

/** True for files that the globs mean, as {@link Context.list} has them, and for folders that may hold some. */
export function createListTest(files: Pick<Files, "patternTest">): ListTest {
  return ({ root, globs }) => {
    const isMeant = files.patternTest(globs.map((glob) => `/${glob.replace(/^\/+/u, "")}`));
    const folders = globs.map((glob) => glob.replace(/^\/+/u, "").replace(/[^/]*[*?[\\].*$/su, ""));
    return (key) => {
      const other = pathBelow(root, key);
      if (other === undefined) return false;
      const isFolder = !/\.[^/]*$/u.test(other);
      const isAround = (folder: string) => folder.startsWith(`${other}/`) || (isFolder && other.startsWith(folder));
      return isMeant(other) || folders.some(isAround);
    };
  };
}

/** The function, asked once for each argument: a file that changes on disk must not be two files to one source. */
function remembering<V>(read: (key: string) => V): (key: string) => V {
  const known = new Map<string, { readonly value: V }>();
  return (key) => {
    const answer = known.get(key) ?? { value: read(key) };
    known.set(key, answer);
    return answer.value;
  };
}

/** A document of another world, such as an untitled one, is known by its own path and has nothing around it. */
function elsewhere(uri: string): Place {
  return { root: rootOf(uri), path: pathOf(uri), context: EMPTY_CONTEXT };
}
