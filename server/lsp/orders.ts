import { createHash } from "node:crypto";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Settings } from "../core/index.ts";
import { examineFile } from "./examine.ts";
import type { Report } from "./reports.ts";
import type { Files, Place } from "./runtime.ts";
import type { FolderSettings } from "./settings.ts";
import { createSources, YAML_NAME } from "./source.ts";
import { uriBelow, uriKey } from "./uri.ts";

// What a thread is asked to do, and the doing. Orders and what comes of them are plain data.

/** Files to analyse. */
export interface Batch {
  readonly files: readonly BatchFile[];
  /** The settings of the files, each once. */
  readonly settings: readonly FolderSettings[];
  /** The documents that are open, which stand in the place of what is on disk. */
  readonly open: readonly OpenDocument[];
}

/** A file to analyse, as a thread is told of it. */
export interface BatchFile {
  readonly uri: string;
  /** Place in the batch's list of settings. */
  readonly settings: number;
  /** The traces of a report that is kept, if one is. */
  readonly traces: string | undefined;
}

/** A document that an editor has open, as a thread is told of it. */
export interface OpenDocument {
  readonly uri: string;
  readonly languageId: string;
  readonly version: number;
  readonly text: string;
}

/** What came of one file of a batch. */
export type Outcome =
  | { readonly kind: "as kept" }
  | {
      readonly kind: "new";
      readonly report: Report | undefined;
      /** By these it can be told later whether the report still holds; `undefined` where that cannot be. */
      readonly traces: string | undefined;
    }
  /** The analysis failed, with that stack. */
  | { readonly kind: "failed"; readonly error: string };

/** A file that a walk came upon. */
export interface Found {
  readonly uri: string;
  /** True where its path tells that it is a CI file. */
  readonly looksLikeCi: boolean;
}

/** Everything that the analysis of a file depended on. */
interface Traces {
  /** A hash of the settings. */
  readonly settings: string;
  /** The repository's root and remote. */
  readonly place: string;
  /** The stamps of the files that were read, or were not there, by URI. */
  readonly stamps: Readonly<Record<string, string>>;
  /** The lists of files that were asked for: a glob, and a hash of what it gave. */
  readonly lists: readonly (readonly [glob: string, found: string])[];
}

/** Analyses the files of a batch one after the other. Where the report that is kept of a file still holds, it is not even read. */
export async function examineBatch({ files: asked, settings, open }: Batch, files: Files): Promise<readonly Outcome[]> {
  const documents = open.map(({ uri, languageId, version, text }) =>
    TextDocument.create(uri, languageId, version, text),
  );
  const openKeys = new Set(open.map(({ uri }) => uriKey(uri)));
  const here: Files = { ...files, locate: files.locator() };
  const hashes = settings.map((each) => hashOf(JSON.stringify(each.core)));
  const outcomes: Outcome[] = [];
  for (const { uri, settings: index, traces } of asked) {
    const [chosen, hash] = [settings[index], hashes[index]];
    if (chosen === undefined || hash === undefined) continue;
    try {
      if (traces !== undefined && holds(traces, hash, uri, here, openKeys)) {
        outcomes.push({ kind: "as kept" });
        continue;
      }
      const recorder = createRecorder(here, hash);
      const sources = createSources({ all: () => documents }, recorder.files, { for: async () => chosen });
      const report = await examineFile(uri, sources, () => true);
      outcomes.push({ kind: "new", report, traces: recorder.traces(openKeys) });
    } catch (error) {
      outcomes.push({ kind: "failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
  return outcomes;
}

/** What a walk finds is handed on after so many files, or so many milliseconds. */
const LOT = 64;
const LOT_MS = 100;

/** Takes what a walk finds, lot by lot. The walk ends where it returns false. */
export type OnFound = (found: readonly Found[]) => boolean;

/** A folder that is to be walked through; the whole of it unless `within` is given. */
export interface Way {
  readonly folder: string;
  readonly within?: string;
  /** Files of any name that the person gives to a CI system. */
  readonly globs?: Settings["globs"];
  /** True where files that ignore files leave out, and vendored ones, are looked for too. */
  readonly ignored?: boolean;
}

/** Walks through a folder, or what of it lies within another one. */
export async function walkFolder(
  { folder, within, globs, ignored }: Way,
  files: Files,
  onFound: OnFound,
): Promise<void> {
  let lot: Found[] = [];
  let handedOn = performance.now();
  for await (const uri of files.discover(folder, within, globs, ignored)) {
    // What is found although it is not called like YAML is found because a path or a setting says what it is.
    lot.push({ uri, looksLikeCi: files.looksLikeCi(uri) || !YAML_NAME.test(uri) });
    if (lot.length < LOT && performance.now() - handedOn < LOT_MS) continue;
    if (!onFound(lot)) return;
    lot = [];
    handedOn = performance.now();
  }
  onFound(lot);
}

function holds(text: string, settings: string, uri: string, files: Files, openKeys: ReadonlySet<string>): boolean {
  const traces = readTraces(text);
  if (traces === undefined || traces.settings !== settings) return false;
  const place = files.locate(uri);
  if (place === undefined || traces.place !== nameOf(place)) return false;
  for (const [each, stamp] of Object.entries(traces.stamps))
    if (openKeys.has(uriKey(each)) || files.stamp(each) !== stamp) return false;
  return traces.lists.every(([glob, found]) => hashOf(JSON.stringify(place.context.list(glob))) === found);
}

/** `undefined` for a text that is damaged. */
function readTraces(text: string): Traces | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Files that write down what they are asked for. */
function createRecorder(files: Files, settings: string) {
  const stamps: Record<string, string | undefined> = {};
  const lists = new Map<string, string>();
  const state: { place: string | undefined } = { place: undefined };
  // Before the file is read: what is written to it in between makes the stamp old and not wrong.
  const note = (uri: string) => {
    if (!(uri in stamps)) stamps[uri] = files.stamp(uri);
  };
  const recorded: Files = {
    ...files,
    read: (uri) => {
      note(uri);
      return files.read(uri);
    },
    locate: (uri) => {
      const place = files.locate(uri);
      if (place === undefined) return undefined;
      state.place = nameOf(place);
      const { context, root } = place;
      return {
        ...place,
        context: {
          ...context,
          read: (path) => {
            note(uriBelow(root, path));
            return context.read(path);
          },
          list: (glob) => {
            const found = context.list(glob);
            lists.set(glob, hashOf(JSON.stringify(found)));
            return found;
          },
        },
      };
    },
  };
  return {
    files: recorded,
    traces: (openKeys: ReadonlySet<string>): string | undefined => {
      const isSure = Object.entries(stamps).every(([uri, stamp]) => stamp !== undefined && !openKeys.has(uriKey(uri)));
      return state.place === undefined || !isSure
        ? undefined
        : JSON.stringify({ settings, place: state.place, stamps, lists: [...lists] });
    },
  };
}

function nameOf({ root, context: { remote } }: Place): string {
  return JSON.stringify([root, remote ?? null]);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}
