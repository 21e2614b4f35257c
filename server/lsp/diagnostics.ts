import {
  type CancellationToken,
  type Diagnostic,
  DocumentDiagnosticReportKind,
  type FullDocumentDiagnosticReport,
  type PublishDiagnosticsParams,
  type WorkspaceDiagnosticReport,
} from "vscode-languageserver";
import { analyze } from "../core/index.ts";
import { toDiagnostic } from "./convert.ts";
import type { Session } from "./server.ts";
import type { Source, Sources } from "./source.ts";
import { uriKey } from "./uri.ts";

/** What was found in one file. */
export interface Report {
  readonly uri: string;
  /** Version of the open document; `null` where the text was read from disk. */
  readonly version: number | null;
  readonly items: Diagnostic[];
  /** Keys of the files that the analysis looked at: when one of them changes, the report is out of date. */
  readonly asked: ReadonlySet<string>;
}

/**
 * Answers a client that asks for diagnostics, and sends them to one that does not. For an asking client open documents are one
 * request each, and everything else is one request that stays open for the whole session: every change of a file is sent as a
 * further part of its answer, so nobody polls. Such a client shows its own answer for a document where it has both.
 */
export function serveDiagnostics(session: Session): void {
  if (session.client.pulls) answerPulls(session);
  else push(session);
}

/** Analyses a file, open or not; `undefined` where it is not wanted, is left out or cannot be read. */
export async function examineFile(
  uri: string,
  sources: Sources,
  isWanted: (isOpen: boolean) => boolean,
): Promise<Report | undefined> {
  const source = await sources.find(uri);
  return source === undefined || !isWanted(source.version !== null) ? undefined : examine(source);
}

/** The report on a file where nothing can be found. */
export function nothingFound(uri: string): Report {
  return { uri, version: null, items: [], asked: new Set() };
}

function examine(source: Source): Report {
  const { findings, asked } = analyze(source.file, source.context, source.settings);
  const own = findings.filter((finding) => finding.path === source.file.path);
  return {
    uri: source.uri,
    version: source.version,
    items: own.map((finding) => toDiagnostic(finding, source)),
    asked: new Set(asked.map((path) => uriKey(source.uriOf(path)))),
  };
}

function answerPulls(session: Session): void {
  const { connection, sources, scan, asked, guard } = session;
  connection.languages.diagnostics.on(({ textDocument: { uri } }) =>
    guard("answer with diagnostics", full([]), async () => {
      const report = await examineFile(uri, sources, () => true);
      if (sources.isOpen(uri)) asked.set(uriKey(uri), report?.asked ?? new Set());
      // A client throws away what it asked about a document that it closed meanwhile, so it is told once more.
      else scan.touched(uri);
      return full(report?.items ?? []);
    }),
  );

  const shutdown = new Promise<void>((resolve) => connection.onShutdown(() => resolve()));
  connection.languages.diagnostics.onWorkspace((_params, token, _progress, parts) =>
    guard("answer with the workspace's diagnostics", { items: [] }, async () => {
      scan.start();
      if (parts === undefined) return toWorkspaceReport(await scan.settled());
      const stop = scan.subscribe((reports) => parts.report(toWorkspaceReport(reports)));
      await Promise.race([cancelled(token), shutdown]);
      stop();
      return { items: [] };
    }),
  );
}

function push({ connection, scan, guard, initialized }: Session): void {
  void guard("send diagnostics", undefined, async () => {
    await initialized;
    scan.subscribe((reports) => {
      for (const report of reports)
        void guard("send diagnostics", undefined, () => connection.sendDiagnostics(toPush(report)));
    });
    scan.start();
  });
}

function toPush({ uri, version, items }: Report): PublishDiagnosticsParams {
  return { uri, diagnostics: items, ...(version !== null && { version }) };
}

function full(items: Diagnostic[]): FullDocumentDiagnosticReport {
  return { kind: DocumentDiagnosticReportKind.Full, items };
}

function toWorkspaceReport(reports: readonly Report[]): WorkspaceDiagnosticReport {
  return { items: reports.map(({ uri, version, items }) => ({ ...full(items), uri, version })) };
}

function cancelled(token: CancellationToken): Promise<void> {
  return new Promise((resolve) => token.onCancellationRequested(() => resolve()));
}
