import type { Bulk, Examined } from "./bulk.ts";
import type { Found, Way } from "./orders.ts";
import { createQueue } from "./queue.ts";
import { createReports, type FileReport, type ListTest, type Report } from "./reports.ts";
import type { Files } from "./runtime.ts";
import type { FolderSettings } from "./settings.ts";
import { createListTest } from "./source.ts";
import { isInside, uriKey } from "./uri.ts";

/** Takes reports as they come. */
export type Sink = (reports: readonly FileReport[]) => void;

/** Keeps reports on every CI file of the workspace folders and on those that are open elsewhere, and says when one changes. */
export interface WorkspaceScan {
  /** Begins to look at files. Does nothing the second time. */
  start(): void;
  /** Looks through the folders anew, and at every known file again. */
  again(): void;
  /** Resolves when what a finished scan found is kept for the next session. Of an unfinished one nothing is waited for. */
  kept(): Promise<void>;
  /** Looks no further. What was found stays, and files that are opened or changed are looked at all the same. */
  stop(): void;
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
  lookAtDependents(uri: string, how: Happening): void;
  /** Resolves when every CI file whose analysis looked at a file has been looked at again, if that was to be done. */
  examined(uri: string): Promise<void>;
  /** What is known of a file, all CI files that run it together. `own` stands for the last report on that very file. */
  on(uri: string, own?: Report): FileReport;
  /** The CI files that have findings in a file. */
  reporters(uri: string): readonly string[];
  /** The CI files whose analysis looked at a file. */
  readers(uri: string): readonly string[];
  /** Looks again at every known file of a folder, at any depth. */
  againBelow(folder: string): void;
  /** Walks again through what of a folder lies in the workspace: settings have changed that say what is looked for. */
  walkBelow(folder: string): void;
  /** Hands over what is known, then what comes. Returns the way to end it. */
  subscribe(sink: Sink): () => void;
  /** What is known once everything has been looked at. */
  settled(): Promise<readonly FileReport[]>;
}

/** What happened to a file or folder. */
export type Happening = "typed" | "changed" | "come or gone";

/** How far the scan is. */
export interface ScanState {
  /** Files that were looked at since there was last nothing to do. */
  readonly done: number;
  /** Those that are still to be looked at included, as far as they are known. */
  readonly total: number;
  /** True while folders are walked through, so that more files may come. */
  readonly isWalking: boolean;
  /** True where nothing is left to do. */
  readonly isOver: boolean;
}

/** What the scan uses. */
export interface ScanParts {
  readonly files: Files;
  /**
   * Reports on a file; `undefined` where there is nothing that can be analysed. `isListed` is false for a file that lies where no
   * CI file is looked for.
   */
  examine(uri: string, isListed: boolean): Promise<Report | undefined>;
  /** Looks at many files. */
  readonly bulk: Bulk;
  isOpen(uri: string): boolean;
  /** What a person has chosen for a workspace folder. */
  chosen(folder: string): Promise<FolderSettings["scan"] & Pick<Way, "globs">>;
  /** Runs work, and logs an error in it. */
  guard(what: string, work: () => Promise<void>): Promise<void>;
  onState?(state: ScanState): void;
  /** Called where a folder has more files than are looked at: CI files by their path, or other files in YAML. */
  onLimit?(folder: string, limit: number, kind: "CI files" | "others"): void;
}

/** A file that the walk through a folder came upon. */
interface Entry {
  readonly uri: string;
  /** Keys of the workspace folders whose walk found it. Empty for a document that is only open. */
  readonly folders: Set<string>;
}

/** Files that are looked at together. */
interface Flight {
  /** Those whose report is still wanted: not looked at, and not to be looked at, by other means since. */
  readonly keys: Set<string>;
  /** What happened since the take-off, by key. A report that depends on it is old. */
  readonly happened: { readonly key: string; readonly how: Happening }[];
  /** Resolves when it is over, however. */
  landed: Promise<void>;
}

/**
 * Of the YAML files whose path does not tell that they are CI files, so many of each folder are looked at. Other files of a large
 * workspace are looked at when they are opened.
 */
const MAX_OTHERS = 2_000;

/** So many files are looked at together. */
const FLIGHT = 64;

/** For fewer files than these nobody is called to help. */
const FEW = 16;

/** Files that matter by themselves; the others of which one hears may be folders. */
const MATTERS = /\.ya?ml$|\/\.gitignore$/iu;

/**
 * A scan of folders that are still to be named. Many files are looked at together, beside this thread; few, and what a person waits
 * for, one at a time on it. The server stays answerable either way.
 */
export function createWorkspaceScan(parts: ScanParts): WorkspaceScan {
  const { files, examine, bulk, isOpen, chosen, guard, onState, onLimit } = parts;
  const folders = new Map<string, string>();
  const entries = new Map<string, Entry>();
  const listTest = createListTest(files);
  const reports = createReports(listTest);
  const sinks = new Set<Sink>();
  // What is to be looked at in its turn: CI files by their path first.
  const lines = [new Map<string, string>(), new Map<string, string>()] as const;
  const flights = new Set<Flight>();
  const state = { isStarted: false, isStopped: false, isCalled: false, isUsed: false, done: 0 };
  // Files to report on even where nothing was found and nothing had been: the client may know more than it was told here.
  const loud = new Set<string>();
  const walks = createQueue<Way>((way) => guard(`walk through ${way.within ?? way.folder}`, () => walk(way)));
  const arrivals = createQueue<string>((uri) => guard(`look around ${uri}`, () => arrive(uri)));
  const exams = createQueue<string>((uri) => guard(`look at ${uri}`, () => look(uri)));
  const rests = createQueue<true>(() =>
    guard("keep what was found", () => bulk.rest((uri) => entries.has(uriKey(uri)))),
  );

  async function walk({ folder, within }: Way): Promise<void> {
    const folderKey = uriKey(folder);
    const { enabled, ignored, limit, globs } = await chosen(folder);
    const isGoing = () => folders.has(folderKey) && !state.isStopped;
    const seen = new Set<string>();
    const counts = { ci: 0, others: 0 };
    state.isUsed = true;
    const take = ({ uri, looksLikeCi }: Found) => {
      if (looksLikeCi ? ++counts.ci > limit : ++counts.others > Math.min(limit, MAX_OTHERS)) return;
      seen.add(uriKey(uri));
      meet(uri, folderKey, looksLikeCi);
    };
    const onFound = (found: readonly Found[]) => {
      if (isGoing()) found.forEach(take);
      return isGoing();
    };
    const way = { folder, ignored, ...(within !== undefined && { within }), ...(globs !== undefined && { globs }) };
    if (enabled) await bulk.walk(way, onFound);
    if (!isGoing()) return;
    if (counts.ci > limit) onLimit?.(folder, limit, "CI files");
    else if (counts.others > Math.min(limit, MAX_OTHERS)) onLimit?.(folder, Math.min(limit, MAX_OTHERS), "others");
    const withinKey = within === undefined ? folderKey : uriKey(within);
    // Where the walk was ended, nothing is known of what it did not come to.
    for (const [key, entry] of entries) {
      const isMissed = entry.folders.has(folderKey) && !seen.has(key);
      if (isMissed && (within === undefined || key === withinKey || isInside(key, withinKey)))
        leave(key, entry, folderKey);
    }
  }

  /** What is new may be a folder. Whether ignore files leave it out is known to a walk that comes from the top. */
  async function arrive(uri: string): Promise<void> {
    const around = [...folders].filter(([folderKey]) => isInside(uriKey(uri), folderKey));
    if (!state.isStarted || around.length === 0) return;
    const matters = MATTERS.test(uri) || files.looksLikeCi(uri);
    if (
      !matters &&
      !(await isWanted(
        uri,
        around.map(([, folder]) => folder),
      ))
    )
      return;
    const within = uri.endsWith("/.gitignore") ? uri.slice(0, uri.lastIndexOf("/")) : uri;
    for (const [folderKey, folder] of around) walks.add(`${folderKey} ${within}`, { folder, within });
    void walks.idle().then(callSoon);
  }

  /** True for a file that settings name, and for a folder with files in it that may be CI files. */
  async function isWanted(uri: string, around: readonly string[]): Promise<boolean> {
    for (const folder of around) {
      const { globs, ignored } = await chosen(folder);
      if (files.isNamed(uri, globs)) return true;
      for await (const _ of files.discover(uri, undefined, globs, ignored)) return true;
    }
    return false;
  }

  function meet(uri: string, folderKey: string, looksLikeCi: boolean): void {
    const key = uriKey(uri);
    const known = entries.get(key);
    const entry = known ?? { uri, folders: new Set<string>() };
    if (entry.folders.size === 0) lineUp(key, entry.uri, looksLikeCi);
    entry.folders.add(folderKey);
    entries.set(key, entry);
  }

  function leave(key: string, entry: Entry, folderKey: string): void {
    entry.folders.delete(folderKey);
    if (entry.folders.size === 0) forget(key, entry);
  }

  /** The file is no longer there, or in no folder; where it is open it is still looked at. */
  function forget(key: string, entry: Entry): void {
    if (isOpen(entry.uri)) {
      examineSoon(key, entry.uri);
      return;
    }
    drop(key);
    entries.delete(key);
    tell(reports.put(entry.uri, undefined));
  }

  /** The file will be looked at, or is, by other means. */
  function drop(key: string): void {
    for (const line of lines) line.delete(key);
    for (const flight of flights) flight.keys.delete(key);
  }

  function examineSoon(key: string, uri: string, isUrgent = false): void {
    drop(key);
    exams.add(key, uri, isUrgent);
  }

  function lineUp(key: string, uri: string, looksLikeCi = files.looksLikeCi(uri)): void {
    drop(key);
    lines[looksLikeCi ? 0 : 1].set(key, uri);
    callSoon();
  }

  /** Everything that happens at one moment is waited for, so that it is known whether that is much. */
  function callSoon(): void {
    if (state.isCalled) return;
    state.isCalled = true;
    queueMicrotask(() => {
      state.isCalled = false;
      call();
    });
  }

  function call(): void {
    const isQuiet = flights.size === 0 && !walks.isBusy();
    if (isQuiet && waiting() < FEW) {
      for (const line of lines) for (const [key, uri] of line) examineSoon(key, uri);
    }
    while (waiting() > 0 && flights.size < bulk.width) takeOff(takeFrom(lines, FLIGHT));
    sayState();
  }

  function takeOff(group: ReadonlyMap<string, string>): void {
    state.isUsed = true;
    const flight: Flight = { keys: new Set(group.keys()), happened: [], landed: Promise.resolve() };
    flights.add(flight);
    flight.landed = guard(`look at ${group.size} files`, async () => {
      try {
        const uris = [...group.values()];
        const examined = await bulk.examine(uris);
        land(flight, uris, examined);
      } finally {
        flights.delete(flight);
        state.done += group.size;
        callSoon();
      }
    });
  }

  function land({ keys, happened }: Flight, uris: readonly string[], examined: readonly Examined[]): void {
    const news = new Set<string>();
    for (const [index, uri] of uris.entries()) {
      const key = uriKey(uri);
      const result = examined[index];
      if (result === undefined || !keys.has(key)) continue;
      if ("error" in result) {
        void guard(`look at ${uri}`, () => Promise.reject(new Error(result.error)));
        continue;
      }
      for (const each of [...reports.put(uri, result.report), ...(loud.delete(key) ? [uri] : [])]) news.add(each);
      const { report } = result;
      if (report !== undefined && happened.some((event) => concerns(event, report, listTest))) examineSoon(key, uri);
    }
    tell([...news]);
  }

  async function look(uri: string): Promise<void> {
    const key = uriKey(uri);
    const isLoud = loud.delete(key);
    const isListed = (entries.get(key)?.folders.size ?? 0) > 0;
    const report = await examine(uri, isListed);
    const entry = entries.get(key) ?? { uri, folders: new Set<string>() };
    if (report === undefined && entry.folders.size === 0) entries.delete(key);
    else entries.set(key, entry);
    tell([...new Set([...(isLoud ? [uri] : []), ...reports.put(uri, report)])]);
  }

  function tell(uris: readonly string[]): void {
    if (uris.length === 0) return;
    const news = uris.map((uri) => reports.on(uri));
    for (const sink of sinks) sink(news);
  }

  function waiting(): number {
    return lines[0].size + lines[1].size;
  }

  function isBusy(): boolean {
    return flights.size > 0 || waiting() > 0 || walks.isBusy();
  }

  function sayState(): void {
    const isOver = !isBusy();
    const inFlight = [...flights].reduce((sum, { keys }) => sum + keys.size, 0);
    onState?.({ done: state.done, total: state.done + inFlight + waiting(), isWalking: walks.isBusy(), isOver });
    if (!isOver) return;
    state.done = 0;
    if (state.isUsed) rests.add("rest", true);
    state.isUsed = false;
  }

  function walkSoon(folder: string): void {
    state.isStopped = false;
    walks.add(uriKey(folder), { folder });
    void walks.idle().then(callSoon);
  }

  /** Looks again at known files, without those that are only open: they are asked for by themselves. */
  function lineUpAll(isWanted: (key: string) => boolean): void {
    for (const [key, { uri, folders: around }] of entries) {
      if (!isWanted(key)) continue;
      if (around.size > 0 && !isOpen(uri)) lineUp(key, uri);
      else examineSoon(key, uri);
    }
  }

  return {
    start: () => {
      if (!state.isStarted) for (const folder of folders.values()) walkSoon(folder);
      state.isStarted = true;
    },
    again: () => {
      lineUpAll(() => true);
      if (state.isStarted) for (const folder of folders.values()) walkSoon(folder);
    },
    kept: () => rests.idle(),
    stop: () => {
      state.isStopped = true;
      for (const line of lines) line.clear();
      for (const { keys } of flights) keys.clear();
      callSoon();
    },
    addFolder: (folder) => {
      folders.set(uriKey(folder), folder);
      if (state.isStarted) walkSoon(folder);
    },
    removeFolder: (folder) => {
      const folderKey = uriKey(folder);
      folders.delete(folderKey);
      for (const [key, entry] of entries) if (entry.folders.has(folderKey)) leave(key, entry, folderKey);
    },
    changed: (uri) => {
      const key = uriKey(uri);
      const entry = entries.get(key);
      if (entry !== undefined && entry.folders.size > 0) lineUp(key, entry.uri);
      else if (MATTERS.test(uri)) arrivals.add(key, uri);
    },
    made: (uri) => {
      const key = uriKey(uri);
      const entry = entries.get(key);
      if (entry !== undefined && entry.folders.size > 0) lineUp(key, entry.uri);
      else arrivals.add(key, uri);
    },
    deleted: (uri) => {
      const key = uriKey(uri);
      for (const [each, entry] of entries) {
        if (each !== key && !isInside(each, key)) continue;
        entry.folders.clear();
        forget(each, entry);
      }
    },
    touched: (uri) => {
      loud.add(uriKey(uri));
      examineSoon(uriKey(uri), uri, true);
    },
    learn: (uri, report) => {
      drop(uriKey(uri));
      tell(reports.put(uri, report));
    },
    lookAtDependents: (uri, how) => {
      const event = { key: uriKey(uri), how };
      for (const flight of flights) flight.happened.push(event);
      for (const each of reports.askers(event.key, how === "come or gone")) {
        if (how === "typed") examineSoon(uriKey(each), each, true);
        else lineUp(uriKey(each), each);
      }
    },
    examined: async (uri) => {
      for (const each of reports.askers(uriKey(uri))) {
        const key = uriKey(each);
        if (lines.some((line) => line.has(key))) examineSoon(key, each, true);
        for (const flight of flights) if (flight.keys.has(key)) await flight.landed;
        await exams.done(key);
      }
    },
    on: reports.on,
    reporters: reports.reporters,
    readers: (uri) => reports.askers(uriKey(uri)),
    againBelow: (folder) => {
      lineUpAll((key) => isInside(key, uriKey(folder)));
    },
    walkBelow: (below) => {
      if (!state.isStarted || state.isStopped) return;
      const key = uriKey(below);
      for (const [folderKey, folder] of folders) {
        if (folderKey === key || isInside(folderKey, key)) walkSoon(folder);
        else if (isInside(key, folderKey)) walks.add(`${folderKey} ${below}`, { folder, within: below });
      }
      void walks.idle().then(callSoon);
    },
    subscribe: (sink) => {
      sinks.add(sink);
      sink(reports.all());
      return () => sinks.delete(sink);
    },
    settled: async () => {
      await arrivals.idle();
      await walks.idle();
      while (state.isCalled || flights.size > 0) {
        await Promise.resolve();
        for (const { landed } of flights) await landed;
      }
      await exams.idle();
      return reports.all();
    },
  };
}

/** True where an analysis has to be done again after what happened. */
function concerns({ key, how }: Flight["happened"][number], { asked, lists }: Report, listTest: ListTest): boolean {
  if (how !== "come or gone") return asked.includes(key);
  const isAsked = asked.some((each) => each === key || isInside(each, key));
  return isAsked || (lists !== undefined && listTest(lists)(key));
}

/** Takes so many from the lines, the first line first. */
function takeFrom(lines: readonly Map<string, string>[], count: number): ReadonlyMap<string, string> {
  const taken = new Map<string, string>();
  for (const line of lines) {
    for (const [key, uri] of line) {
      if (taken.size === count) return taken;
      line.delete(key);
      taken.set(key, uri);
    }
  }
  return taken;
}
