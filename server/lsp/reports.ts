import type { Diagnostic } from "vscode-languageserver";
import { mergeDiagnostics } from "./convert.ts";
import { NO_ITEMS, unpack } from "./packed.ts";
import { isInside, uriKey } from "./uri.ts";

/** What an editor shows in one file. */
export interface FileReport {
  readonly uri: string;
  /** Version of the open document; `null` where the text was read from disk. */
  readonly version: number | null;
  readonly items: Diagnostic[];
}

/** What the analysis of one CI file found, there and in the files that it runs. Plain data, so that it can cross threads and be kept. */
export interface Report {
  readonly uri: string;
  /** One for the CI file, and one for each other file with a finding. */
  readonly parts: readonly Part[];
  /** Keys of the files that the analysis looked at, each once: when one of them changes, the report is out of date. */
  readonly asked: readonly string[];
  /** What makes the report out of date when it comes or goes. Absent where there is nothing. */
  readonly lists?: Lists;
}

/** The files of a repository that globs mean, as a context lists them. */
export interface Lists {
  /** URI of the repository's root, with a slash at its end. */
  readonly root: string;
  readonly globs: readonly string[];
}

/** Says for the keys of files and folders whether they are, or may hold, what is listed. */
export type ListTest = (lists: Lists) => (key: string) => boolean;

/** What one analysis found in one file. */
export interface Part {
  readonly uri: string;
  /** Version of the open document; `null` where the text was read from disk. */
  readonly version: number | null;
  /** A list of diagnostics as `pack` writes it. */
  readonly items: string;
}

/** The last report on each CI file, and what they say together about each file: several pipelines may run the same script. */
export interface Reports {
  /** Takes the newest report on a CI file; `undefined` is none. Returns the URIs of the files that now show, or showed, something for it. */
  put(uri: string, report: Report | undefined): readonly string[];
  /** Everything that was found in a file. `own` stands for the last report on that very file. */
  on(uri: string, own?: Report): FileReport;
  /** All files in which something was found. */
  all(): readonly FileReport[];
  /** The CI files with findings in a file. */
  reporters(uri: string): readonly string[];
  /**
   * The CI files whose analysis looked at the file with that key. Of what comes or goes also those that looked at a file in the folder of
   * that name, and those that list files among which it may be.
   */
  askers(key: string, comesOrGoes?: boolean): readonly string[];
}

/** No reports yet. */
export function createReports(listTest: ListTest): Reports {
  const reports = new Map<string, Report>();
  const byFile = new Map<string, Map<string, Part>>();
  // Lists rather than sets: most have one entry, and there are several for each file of a workspace.
  const byAsked = new Map<string, string[]>();
  const listing = new Map<string, ReturnType<ListTest>>();

  function remove(key: string, { parts, asked }: Report): void {
    reports.delete(key);
    listing.delete(key);
    for (const { uri } of parts) {
      const group = byFile.get(uriKey(uri));
      group?.delete(key);
      if (group?.size === 0) byFile.delete(uriKey(uri));
    }
    for (const each of asked) {
      const group = byAsked.get(each) ?? [];
      const place = group.indexOf(key);
      if (place >= 0) group.splice(place, 1);
      if (group.length === 0) byAsked.delete(each);
    }
  }

  function add(key: string, report: Report): void {
    reports.set(key, report);
    if (report.lists !== undefined) listing.set(key, listTest(report.lists));
    for (const part of report.parts) getOrMake(byFile, uriKey(part.uri), () => new Map()).set(key, part);
    for (const each of report.asked) getOrMake(byAsked, each, () => []).push(key);
  }

  function on(uri: string, own?: Report): FileReport {
    const key = uriKey(uri);
    const parts = new Map(byFile.get(key));
    const part = own?.parts.find((each) => uriKey(each.uri) === key);
    if (part !== undefined) parts.set(key, part);
    return together(
      uri,
      [...parts].sort(byKey).map(([, each]) => each),
    );
  }

  const uriOf = (key: string) => reports.get(key)?.uri ?? key;
  return {
    put: (uri, report) => {
      const key = uriKey(uri);
      const before = reports.get(key);
      if (before !== undefined) remove(key, before);
      if (report !== undefined) add(key, report);
      const touched = [...(before?.parts ?? []), ...(report?.parts ?? [])].filter(hasItems);
      return [...new Map(touched.map((part) => [uriKey(part.uri), part.uri])).values()];
    },
    on,
    all: () =>
      [...byFile.values()].flatMap((group) => {
        const [first] = [...group.values()].filter(hasItems);
        return first === undefined ? [] : [on(first.uri)];
      }),
    reporters: (uri) =>
      [...(byFile.get(uriKey(uri)) ?? [])].sort(byKey).flatMap(([key, part]) => (hasItems(part) ? [uriOf(key)] : [])),
    askers: (key, comesOrGoes = false) => {
      const asked = comesOrGoes ? [...byAsked.keys()].filter((each) => each === key || isInside(each, key)) : [key];
      const found = new Set(asked.flatMap((each) => [...(byAsked.get(each) ?? [])]));
      if (comesOrGoes) for (const [each, lists] of listing) if (lists(key)) found.add(each);
      return [...found].filter((each) => each !== key).map(uriOf);
    },
  };
}

/** The parts as one. Its version is the oldest: what was said about an older text must not pass for news about the newest. */
function together(uri: string, parts: readonly Part[]): FileReport {
  const versions = parts.map(({ version }) => version);
  const known = versions.filter((version) => version !== null);
  return {
    uri,
    version: known.length === 0 || known.length < versions.length ? null : Math.min(...known),
    items: mergeDiagnostics(parts.map((part) => unpack(part.items, part.uri))),
  };
}

function hasItems({ items }: Part): boolean {
  return items !== NO_ITEMS;
}

/** The order of reports must not depend on which file was looked at last. */
function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}
