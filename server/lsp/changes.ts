import {
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  DidChangeWorkspaceFoldersNotification,
  FileChangeType,
} from "vscode-languageserver";
import { refresh } from "./diagnostics.ts";
import type { Session } from "./server.ts";
import { uriKey } from "./uri.ts";

/** Keeps the session right as documents, files, settings and folders change. */
export function serveChanges(session: Session): void {
  serveDocuments(session);
  serveFiles(session);
  serveSettings(session);
  serveFolders(session);
}

function serveDocuments(session: Session): void {
  const { documents, client, scan, sources, guard } = session;
  documents.onDidChangeContent(({ document: { uri } }) => {
    lookAtDependents(session, uri, "typed");
    if (client.pulls) return;
    void guard("look at what was typed", undefined, async () => {
      if (await sources.mayBePipeline(uri)) scan.touched(uri);
    });
  });
  documents.onDidClose(({ document: { uri } }) => {
    lookAtDependents(session, uri, "typed");
    scan.touched(uri);
  });
}

function serveFiles(session: Session): void {
  const { connection, client, scan, guard, initialized } = session;
  connection.onDidChangeWatchedFiles(({ changes }) => {
    for (const { uri, type } of changes) {
      if (type === FileChangeType.Changed) scan.changed(uri);
      else if (type === FileChangeType.Deleted) scan.deleted(uri);
      else scan.made(uri);
      lookAtDependents(session, uri, type === FileChangeType.Changed ? "changed" : "come or gone");
    }
  });
  if (client.capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration !== true) return;
  // Any file may be a script that a pipeline runs; and editors report a folder that is made, moved or deleted as one event.
  const watchers = [{ globPattern: "**/*" }];
  void guard("watch files", undefined, async () => {
    await initialized;
    await connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
  });
}

function serveSettings(session: Session): void {
  const { connection, client, settings, guard, initialized } = session;
  connection.onDidChangeConfiguration(({ settings: pushed }) => {
    void guard("read the settings", undefined, async () => {
      if (!(await settings.reload(pushed))) return;
      session.scan.again();
      refresh(session);
    });
  });
  if (client.capabilities.workspace?.didChangeConfiguration?.dynamicRegistration !== true) return;
  void guard("watch the settings", undefined, async () => {
    await initialized;
    await connection.client.register(DidChangeConfigurationNotification.type, { section: "pipewarden" });
  });
}

function serveFolders({ connection, folders, scan }: Session): void {
  connection.onNotification(DidChangeWorkspaceFoldersNotification.type, ({ event }) => {
    for (const { uri } of event.removed) {
      folders.delete(uriKey(uri));
      scan.removeFolder(uri);
    }
    for (const { uri } of event.added) {
      folders.set(uriKey(uri), uri);
      scan.addFolder(uri);
    }
  });
}

/**
 * CI files whose analysis looked at this one are analysed again, and the client hears of what that changes. On a settings file
 * everything depends.
 */
function lookAtDependents(session: Session, uri: string, how: "typed" | "changed" | "come or gone"): void {
  const name = `/${session.runtime.files.settingsFile}`;
  if (uriKey(uri).endsWith(name)) {
    const folder = uri.slice(0, uri.lastIndexOf("/"));
    session.scan.againBelow(folder);
    // It may name files that nobody has looked at.
    if (how !== "typed") session.scan.walkBelow(folder);
    refresh(session);
  }
  session.scan.lookAtDependents(uri, how);
}
