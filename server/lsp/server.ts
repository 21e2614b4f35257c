import { type Connection, TextDocuments } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { serveChanges } from "./changes.ts";
import { type Client, capabilitiesFor, readClient } from "./client.ts";
import { examineFile, serveDiagnostics } from "./diagnostics.ts";
import { serveFixes } from "./fixes.ts";
import { createGuard, type Guard } from "./guard.ts";
import type { Runtime } from "./runtime.ts";
import { createSettings, type SettingsStore } from "./settings.ts";
import { createSources, type Sources } from "./source.ts";
import { uriKey } from "./uri.ts";
import { createWorkspaceScan, type WorkspaceScan } from "./workspace-scan.ts";

/** Everything that the features of one session share. */
export interface Session {
  readonly connection: Connection;
  readonly runtime: Runtime;
  readonly client: Client;
  readonly documents: TextDocuments<TextDocument>;
  /** Workspace folders by key. */
  readonly folders: Map<string, string>;
  readonly settings: SettingsStore;
  readonly sources: Sources;
  readonly scan: WorkspaceScan;
  /** Of each open document the keys of the files that its last analysis looked at. */
  readonly asked: Map<string, ReadonlySet<string>>;
  readonly guard: Guard;
  /** Resolves when the client is ready for requests. */
  readonly initialized: Promise<void>;
}

/** Serves one client until the connection ends. */
export function startServer(connection: Connection, runtime: Runtime): void {
  connection.onInitialize((params) => {
    const client = readClient(params);
    const session = createSession(connection, runtime, client);
    serveDiagnostics(session);
    serveFixes(session);
    serveChanges(session);
    session.documents.listen(connection);
    return { capabilities: capabilitiesFor(client), serverInfo: { name: "Pipewarden" } };
  });
  connection.listen();
}

function createSession(connection: Connection, runtime: Runtime, client: Client): Session {
  const guard = createGuard((message) => connection.console.error(message));
  const documents = new TextDocuments(TextDocument);
  const folders = new Map(client.folders.map((uri) => [uriKey(uri), uri]));
  const settings = createSettings(connection, client, () => [...folders.values()]);
  const sources = createSources(documents, runtime.files, settings);
  const scan = createWorkspaceScan({
    files: runtime.files,
    // A client that pulls asks for its open documents itself.
    examine: (uri, isListed) => examineFile(uri, sources, (isOpen) => isListed || (isOpen && !client.pulls)),
    guard: (what, work) => guard(what, undefined, work),
  });
  for (const uri of client.folders) scan.addFolder(uri);
  const asked = new Map<string, ReadonlySet<string>>();
  const initialized = new Promise<void>((resolve) => connection.onInitialized(() => resolve()));
  return { connection, runtime, client, documents, folders, settings, sources, scan, asked, guard, initialized };
}
