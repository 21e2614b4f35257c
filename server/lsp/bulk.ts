import type { TextDocument } from "vscode-languageserver-textdocument";
import { type Crew, createCrew } from "./crew.ts";
import { type OnFound, type Outcome, type Way, walkFolder } from "./orders.ts";
import type { Report } from "./reports.ts";
import type { Kept, Runtime } from "./runtime.ts";
import type { FolderSettings, SettingsStore } from "./settings.ts";

/** Looks at many files: with threads, and with what earlier sessions found out about files that have not changed since. */
export interface Bulk {
  /** So many calls of `examine` are best under way at a time. */
  readonly width: number;
  /** What came of each file, in the same order. */
  examine(uris: readonly string[]): Promise<readonly Examined[]>;
  /** Walks through a folder, or what of it lies within another one, until `onFound` returns false. */
  walk(way: Way, onFound: OnFound): Promise<void>;
  /** There is nothing more to look at for now: ends the threads, and keeps the reports on the files that are still wanted. */
  rest(isWanted: (uri: string) => boolean): Promise<void>;
}

/** A report, `undefined` where there is nothing that can be analysed; or why there is none. */
export type Examined = { readonly report: Report | undefined } | { readonly error: string };

/** What the analysis of many files needs from around it. */
export interface BulkParts {
  readonly runtime: Pick<Runtime, "files" | "threads" | "startThread">;
  readonly settings: Pick<SettingsStore, "for">;
  readonly documents: { all(): readonly TextDocument[] };
  /** Opens what earlier sessions found out; `undefined` where nothing is to be kept. */
  openKept(): Promise<Kept | undefined>;
}

/** Nothing is started or opened before there is something to look at. */
export function createBulk({ runtime, settings, documents, openKept }: BulkParts): Bulk {
  const crew: Crew = createCrew(runtime);
  const state: { kept: Promise<Kept | undefined> | undefined } = { kept: undefined };

  async function examine(uris: readonly string[]): Promise<readonly Examined[]> {
    state.kept ??= openKept().catch(() => undefined);
    const opened = await state.kept;
    const known = uris.map((uri) => opened?.find(uri));
    const chosen = await Promise.all(uris.map((uri) => settings.for(uri)));
    const distinct: readonly FolderSettings[] = [...new Set(chosen)];
    const outcomes = await crew.examine({
      files: uris.map((uri, index) => ({
        uri,
        settings: chosen[index] === undefined ? -1 : distinct.indexOf(chosen[index]),
        traces: known[index]?.traces,
      })),
      settings: distinct,
      open: documents.all().map((document) => ({
        uri: document.uri,
        languageId: document.languageId,
        version: document.version,
        text: document.getText(),
      })),
    });
    return uris.map((uri, index) => read(outcomes[index], uri, known[index]?.report, opened));
  }

  function read(
    outcome: Outcome | undefined,
    uri: string,
    report: string | undefined,
    opened: Kept | undefined,
  ): Examined {
    if (outcome === undefined) return { error: `Nothing came of ${uri}.` };
    if (outcome.kind === "failed") return { error: outcome.error };
    if (outcome.kind === "as kept") return { report: report === undefined ? undefined : JSON.parse(report) };
    if (outcome.report !== undefined && outcome.traces !== undefined)
      opened?.keep(uri, outcome.traces, JSON.stringify(outcome.report));
    return { report: outcome.report };
  }

  return {
    get width() {
      return crew.width;
    },
    examine,
    walk: (way, onFound) =>
      way.within === undefined ? crew.walk(way, onFound) : walkFolder(way, runtime.files, onFound),
    rest: async (isWanted) => {
      const opened = state.kept;
      state.kept = undefined;
      crew.rest();
      await (await opened)?.close(isWanted);
    },
  };
}
