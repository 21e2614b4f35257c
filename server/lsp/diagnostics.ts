import {
  type CancellationToken,
  type Diagnostic,
  DocumentDiagnosticReportKind,
  type FullDocumentDiagnosticReport,
  type PublishDiagnosticsParams,
  type WorkspaceDiagnosticReport,
} from "vscode-languageserver";
import { examineFile } from "./examine.ts";
import type { FileReport } from "./reports.ts";
import type { Session } from "./server.ts";
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

/** Makes the client ask again for its open documents. One that does not ask is sent what is new. */
export function refresh({ connection, client, guard }: Session): void {
  if (!client.pulls || client.capabilities.workspace?.diagnostics?.refreshSupport !== true) return;
  void guard("have the diagnostics refreshed", undefined, () => connection.languages.diagnostics.refresh());
}

function answerPulls(session: Session): void {
  const { connection, documents, sources, scan, guard } = session;
  const answers = new Map<string, string>();
  connection.languages.diagnostics.on(({ textDocument: { uri } }) =>
    guard("answer with diagnostics", full([]), async () => {
      // What is to be said about a script is known to the pipelines alone, whether or not the client asks about the workspace.
      if (!(await sources.mayBePipeline(uri))) scan.start();
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
    const isNews = ({ uri, items }: FileReport) => {
      const answer = answers.get(uriKey(uri));
      return answer !== undefined && answer !== JSON.stringify(items);
    };
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
