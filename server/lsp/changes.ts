import {
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  DidChangeWorkspaceFoldersNotification,
  FileChangeType,
  WatchKind,
} from "vscode-languageserver";
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
  const { documents, client, scan, asked } = session;
  documents.onDidChangeContent(({ document: { uri } }) => {
    if (!client.pulls) scan.touched(uri);
    lookAtDependents(session, uri);
  });
  documents.onDidClose(({ document: { uri } }) => {
    asked.delete(uriKey(uri));
    scan.touched(uri);
    lookAtDependents(session, uri);
  });
}

function serveFiles(session: Session): void {
  const { connection, client, scan, guard, initialized } = session;
  connection.onDidChangeWatchedFiles(({ changes }) => {
    for (const { uri, type } of changes) {
      if (type === FileChangeType.Deleted) scan.deleted(uri);
      else scan.changed(uri);
      lookAtDependents(session, uri);
    }
  });
  if (client.capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration !== true) return;
  // Editors report a folder that is made, moved or deleted as one event, without the files in it.
  const watchers = [
    { globPattern: "**/*", kind: WatchKind.Create | WatchKind.Delete },
    { globPattern: "**/*.{yml,yaml}", kind: WatchKind.Change },
    { globPattern: "**/.gitignore", kind: WatchKind.Change },
  ];
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
      lookAtEverything(session);
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
 * Files whose analysis looked at this one are analysed again: those on disk by the scan, the open ones by the client. On a settings
 * file everything depends.
 */
function lookAtDependents(session: Session, uri: string): void {
  const key = uriKey(uri);
  if (key.endsWith(`/${session.runtime.files.settingsFile}`)) lookAtEverything(session);
  session.scan.lookAtDependents(key);
  if ([...session.asked].some(([document, asked]) => document !== key && asked.has(key))) refresh(session);
}

function lookAtEverything(session: Session): void {
  session.scan.again();
  refresh(session);
}

/** Makes the client ask again for its open documents. One that does not ask is served by the scan. */
function refresh({ connection, client, guard }: Session): void {
  if (!client.pulls || client.capabilities.workspace?.diagnostics?.refreshSupport !== true) return;
  void guard("have the diagnostics refreshed", undefined, () => connection.languages.diagnostics.refresh());
}
