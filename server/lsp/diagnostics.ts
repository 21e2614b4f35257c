import {
  type CancellationToken,
  type Diagnostic,
  DocumentDiagnosticReportKind,
  type FullDocumentDiagnosticReport,
  type PublishDiagnosticsParams,
  type WorkspaceDiagnosticReport,
} from "vscode-languageserver";
import { analyze, type Finding } from "../core/index.ts";
import { toDiagnostic } from "./convert.ts";
import type { FileReport, Report } from "./reports.ts";
import type { Session } from "./server.ts";
import { settingsDiagnostics } from "./settings-file.ts";
import type { Source, Sources } from "./source.ts";
import { uriKey } from "./uri.ts";

/**
 * Answers a client that asks for diagnostics, and sends them to one that does not. For an asking client open documents are one
 * request each, and everything else is one request that stays open for the whole session: every change of a file is sent as a
 * further part of its answer, so nobody polls. Such a client shows its own answer for a document where it has both.
 */
export function serveDiagnostics(session: Session): void {
  if (session.client.pulls) answerPulls(session);
  else push(session);
}

/** Analyses a CI file, open or not; `undefined` where it is none, is not wanted, is left out or cannot be read. */
export async function examineFile(
  uri: string,
  sources: Sources,
  isWanted: (isOpen: boolean) => boolean,
): Promise<Report | undefined> {
  if (!sources.mayBePipeline(uri)) return undefined;
  const source = await sources.find(uri);
  return source === undefined || !isWanted(source.version !== null) ? undefined : examine(source);
}

/** Makes the client ask again for its open documents. One that does not ask is sent what is new. */
export function refresh({ connection, client, guard }: Session): void {
  if (!client.pulls || client.capabilities.workspace?.diagnostics?.refreshSupport !== true) return;
  void guard("have the diagnostics refreshed", undefined, () => connection.languages.diagnostics.refresh());
}

function examine(source: Source): Report {
  const { findings, asked, listed } = analyze(source.file, source.context, source.settings);
  const paths = new Set([source.file.path, ...findings.map(({ path }) => path)]);
  const settings = settingsDiagnostics(source);
  if (settings.length > 0) {
    const parts = [{ uri: source.uri, version: source.version, items: [...settings] }];
    return { uri: source.uri, parts, asked: new Set() };
  }
  return {
    uri: source.uri,
    parts: [...paths].flatMap((path) => partOf(source, path, findings)),
    asked: new Set(asked.map((path) => uriKey(source.uriOf(path)))),
    ...(listed.length > 0 && { lists: source.listTest(listed) }),
  };
}

function partOf(source: Source, path: string, findings: readonly Finding[]): FileReport[] {
  const document = source.documentAt(path);
  if (document === undefined || source.isExcluded(path)) return [];
  const own = findings.filter((finding) => finding.path === path);
  const items = own.map((finding) => toDiagnostic(finding, document, source));
  return [{ uri: document.uri, version: source.versionOf(document.uri), items }];
}

function answerPulls(session: Session): void {
  const { connection, documents, sources, scan, guard } = session;
  const answers = new Map<string, string>();
  connection.languages.diagnostics.on(({ textDocument: { uri } }) =>
    guard("answer with diagnostics", full([]), async () => {
      // What is to be said about a script is known to the pipelines alone, whether or not the client asks about the workspace.
      if (!sources.mayBePipeline(uri)) scan.start();
      await scan.examined(uri);
      const report = await examineFile(uri, sources, () => true);
      const { items } = scan.on(uri, report);
      if (sources.isOpen(uri)) {
        answers.set(uriKey(uri), JSON.stringify(items));
        scan.learn(uri, report);
      } else {
        // A client throws away what it asked about a document that it closed meanwhile, so it is told once more.
        scan.touched(uri);
      }
      return full(items);
    }),
  );
  // The client's own answer for an open document goes before what it is told about the workspace, so it has to ask anew.
  scan.subscribe((reports) => {
    const isNews = ({ uri, items }: FileReport) =>
      (answers.get(uriKey(uri)) ?? JSON.stringify(items)) !== JSON.stringify(items);
    if (reports.some(isNews)) refresh(session);
  });
  documents.onDidClose(({ document }) => answers.delete(uriKey(document.uri)));

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

function toPush({ uri, version, items }: FileReport): PublishDiagnosticsParams {
  return { uri, diagnostics: items, ...(version !== null && { version }) };
}

function full(items: Diagnostic[]): FullDocumentDiagnosticReport {
  return { kind: DocumentDiagnosticReportKind.Full, items };
}

function toWorkspaceReport(reports: readonly FileReport[]): WorkspaceDiagnosticReport {
  return { items: reports.map(({ uri, version, items }) => ({ ...full(items), uri, version })) };
}

function cancelled(token: CancellationToken): Promise<void> {
  return new Promise((resolve) => token.onCancellationRequested(() => resolve()));
}
