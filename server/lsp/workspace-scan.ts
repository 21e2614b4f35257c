import { createQueue } from "./queue.ts";
import { createReports, type FileReport, type Report } from "./reports.ts";
import type { Files } from "./runtime.ts";
import { isInside, uriKey } from "./uri.ts";

/** Takes reports as they come. */
export type Sink = (reports: readonly FileReport[]) => void;

/** Keeps reports on every CI file of the workspace folders and on those that are open elsewhere, and says when one changes. */
export interface WorkspaceScan {
  /** Begins to look at files. Does nothing the second time. */
  start(): void;
  addFolder(folder: string): void;
  removeFolder(folder: string): void;
  /** A file was changed on disk. */
  changed(uri: string): void;
  /** A file or a folder is new on disk. */
  made(uri: string): void;
  /** A file or a folder is no longer there. */
  deleted(uri: string): void;
  /** What a person typed, or closed, is to be looked at before everything else, and reported even if nothing is found. */
  touched(uri: string): void;
  /** Takes a report on an open document that was made elsewhere; `undefined` where it is no CI file. */
  learn(uri: string, report: Report | undefined): void;
  /** Looks again at the CI files whose analysis looked at a file: at once where a person typed in it, else in their turn. */
  lookAtDependents(uri: string, how: "typed" | "changed" | "come or gone"): void;
  /** Resolves when every CI file whose analysis looked at a file has been looked at again, if that was to be done. */
  examined(uri: string): Promise<void>;
  /** What is known of a file, all CI files that run it together. `own` stands for the last report on that very file. */
  on(uri: string, own?: Report): FileReport;
  /** The CI files that have findings in a file. */
  reporters(uri: string): readonly string[];
  /** Looks at every known file again. */
  again(): void;
  /** Hands over what is known, then what comes. Returns the way to end it. */
  subscribe(sink: Sink): () => void;
  /** What is known once everything has been looked at. */
  settled(): Promise<readonly FileReport[]>;
}

/** What the scan uses. */
export interface ScanParts {
  readonly files: Files;
  /**
   * Reports on a file; `undefined` where there is nothing that can be analysed. `isListed` is false for a file that lies where no
   * CI file is looked for.
   */
  examine(uri: string, isListed: boolean): Promise<Report | undefined>;
  /** Runs work, and logs an error in it. */
  guard(what: string, work: () => Promise<void>): Promise<void>;
}

/** A file that the walk through a folder came upon. */
interface Entry {
  readonly uri: string;
  /** Keys of the workspace folders whose walk found it. Empty for a document that is only open. */
  readonly folders: Set<string>;
}

/**
 * Of the YAML files whose path does not tell that they are CI files, so many of each folder are looked at. Other files of a large
 * workspace are looked at when they are opened.
 */
const MAX_OTHERS = 2_000;

/** Files that matter by themselves; the others of which one hears may be folders. */
const MATTERS = /\.ya?ml$|\/\.gitignore$/iu;

/** A scan of folders that are still to be named. One file is read and analysed at a time, so the server stays answerable. */
export function createWorkspaceScan({ files, examine, guard }: ScanParts): WorkspaceScan {
  const folders = new Map<string, string>();
  const entries = new Map<string, Entry>();
  const reports = createReports();
  const sinks = new Set<Sink>();
  const state = { isStarted: false };
  // Files to report on even where nothing was found and nothing had been: the client may know more than it was told here.
  const loud = new Set<string>();
  const walks = createQueue<string>((folder) => guard(`walk through ${folder}`, () => walk(folder)));
  const arrivals = createQueue<string>((uri) => guard(`look around ${uri}`, () => arrive(uri)));
  const exams = createQueue<string>((uri) => guard(`look at ${uri}`, () => look(uri)));

  async function walk(folder: string): Promise<void> {
    const folderKey = uriKey(folder);
    const seen = new Set<string>();
    let others = 0;
    for await (const uri of files.discover(folder)) {
      if (!folders.has(folderKey)) return;
      const looksLikeCi = files.looksLikeCi(uri);
      if (!looksLikeCi && ++others > MAX_OTHERS) continue;
      seen.add(uriKey(uri));
      meet(uri, folderKey, looksLikeCi);
    }
    for (const [key, entry] of entries) {
      if (entry.folders.has(folderKey) && !seen.has(key)) leave(key, entry, folderKey);
    }
  }

  /** What is new may be a folder. Whether the settings and ignore files leave it out is known to a walk from the top alone. */
  async function arrive(uri: string): Promise<void> {
    const around = [...folders].filter(([folderKey]) => isInside(uriKey(uri), folderKey));
    if (!state.isStarted || around.length === 0) return;
    if (!MATTERS.test(uri) && !(await holdsFiles(uri))) return;
    for (const [folderKey, folder] of around) walks.add(folderKey, folder);
  }

  async function holdsFiles(folder: string): Promise<boolean> {
    for await (const _ of files.discover(folder)) return true;
    return false;
  }

  function meet(uri: string, folderKey: string, isUrgent: boolean): void {
    const known = entries.get(uriKey(uri));
    const entry = known ?? { uri, folders: new Set<string>() };
    if (entry.folders.size === 0) exams.add(uriKey(uri), entry.uri, isUrgent);
    entry.folders.add(folderKey);
    entries.set(uriKey(uri), entry);
  }

  function leave(key: string, entry: Entry, folderKey: string): void {
    entry.folders.delete(folderKey);
    if (entry.folders.size === 0) exams.add(key, entry.uri);
  }

  async function look(uri: string): Promise<void> {
    const key = uriKey(uri);
    const isLoud = loud.delete(key);
    const isListed = (entries.get(key)?.folders.size ?? 0) > 0;
    const report = await examine(uri, isListed);
    const entry = entries.get(key) ?? { uri, folders: new Set<string>() };
    if (report === undefined && entry.folders.size === 0) entries.delete(key);
    else entries.set(key, entry);
    learn(uri, report, isLoud ? [uri] : []);
  }

  function learn(uri: string, report: Report | undefined, toTell: readonly string[] = []): void {
    for (const each of new Set([...toTell, ...reports.put(uri, report)])) {
      const news = [reports.on(each)];
      for (const sink of sinks) sink(news);
    }
  }

  return {
    start: () => {
      if (!state.isStarted) for (const [key, folder] of folders) walks.add(key, folder);
      state.isStarted = true;
    },
    addFolder: (folder) => {
      folders.set(uriKey(folder), folder);
      if (state.isStarted) walks.add(uriKey(folder), folder);
    },
    removeFolder: (folder) => {
      const folderKey = uriKey(folder);
      folders.delete(folderKey);
      for (const [key, entry] of entries) if (entry.folders.has(folderKey)) leave(key, entry, folderKey);
    },
    changed: (uri) => {
      const key = uriKey(uri);
      const entry = entries.get(key);
      if (entry !== undefined && entry.folders.size > 0) exams.add(key, entry.uri);
      else if (MATTERS.test(uri)) arrivals.add(key, uri);
    },
    made: (uri) => {
      const key = uriKey(uri);
      const entry = entries.get(key);
      if (entry !== undefined && entry.folders.size > 0) exams.add(key, entry.uri);
      else arrivals.add(key, uri);
    },
    deleted: (uri) => {
      const key = uriKey(uri);
      for (const [each, entry] of entries) {
        if (each !== key && !isInside(each, key)) continue;
        entry.folders.clear();
        exams.add(each, entry.uri);
      }
    },
    touched: (uri) => {
      loud.add(uriKey(uri));
      exams.add(uriKey(uri), uri, true);
    },
    learn: (uri, report) => learn(uri, report),
    lookAtDependents: (uri, how) => {
      for (const each of reports.askers(uriKey(uri), how === "come or gone"))
        exams.add(uriKey(each), each, how === "typed");
    },
    examined: async (uri) => {
      for (const each of reports.askers(uriKey(uri))) await exams.done(uriKey(each));
    },
    on: reports.on,
    reporters: reports.reporters,
    again: () => {
      for (const [key, { uri }] of entries) exams.add(key, uri);
    },
    subscribe: (sink) => {
      sinks.add(sink);
      sink(reports.all());
      return () => sinks.delete(sink);
    },
    settled: async () => {
      await arrivals.idle();
      await walks.idle();
      await exams.idle();
      return reports.all();
    },
  };
}
