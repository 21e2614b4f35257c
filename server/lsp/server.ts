import { type Connection, TextDocuments } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { createPinMemory, NO_NOTE, type PinMemory } from "../pins/memory.ts";
import { keepingScripts, NO_SCRIPTS, type ScriptStore } from "../pins/scripts.ts";
import { serveBreach } from "./breach.ts";
import { createBulk } from "./bulk.ts";
import { serveChanges } from "./changes.ts";
import { type Client, capabilitiesFor, readClient } from "./client.ts";
import { serveDiagnostics } from "./diagnostics.ts";
import { examineFile } from "./examine.ts";
import { serveFixes } from "./fixes.ts";
import { createGuard, type Guard } from "./guard.ts";
import { serveHover } from "./hover.ts";
import type { NetworkOptions, Runtime } from "./runtime.ts";
import { sayingProgress } from "./scan-progress.ts";
import { createSettings, type SettingsStore } from "./settings.ts";
import { serveSettingsFile } from "./settings-file.ts";
import { createSources, type Sources } from "./source.ts";
import { createStatusReporter, NO_STATUS } from "./status.ts";
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
  /** Where the texts of pinned scripts are kept. */
  readonly scripts: ScriptStore;
  /** What the last verifications said of pins. */
  readonly pinMemory: PinMemory;
  readonly guard: Guard;
  /** Resolves when the client is ready for requests. */
  readonly initialized: Promise<void>;
}

/** Serves one client until the connection ends. */
export function startServer(connection: Connection, runtime: Runtime): void {
  connection.onInitialize((params) => {
    const client = readClient(params);
    const session = createSession(connection, runtime, client);
    connection.onShutdown(() => session.scan.kept());
    serveDiagnostics(session);
    serveFixes(session);
    serveHover(session);
    serveBreach(session);
    serveChanges(session);
    serveSettingsFile(session);
    session.documents.listen(connection);
    return { capabilities: capabilitiesFor(client), serverInfo: { name: "Pipewarden" } };
  });
  connection.listen();
}

function createSession(connection: Connection, machine: Runtime, client: Client): Session {
  const scripts = client.storage === undefined ? NO_SCRIPTS : machine.scripts(client.storage);
  const pinMemory = createPinMemory(client.storage === undefined ? NO_NOTE : machine.pinNote(client.storage));
  const runtime = {
    ...machine,
    resolver: (options: NetworkOptions) => keepingScripts(machine.resolver(options), scripts),
  };
  const guard = createGuard((message) => connection.console.error(message));
  const documents = new TextDocuments(TextDocument);
  const folders = new Map(client.folders.map((uri) => [uriKey(uri), uri]));
  const settings = createSettings(connection, client, () => [...folders.values()]);
  const sources = createSources(documents, runtime.files, settings);
  const progress = sayingProgress(connection);
  const status = client.wantsStatus ? createStatusReporter(connection) : NO_STATUS;
  const scan = createWorkspaceScan({
    files: runtime.files,
    examine: (uri, isListed) => examineFile(uri, sources, (isOpen) => isListed || isOpen),
    bulk: createBulk({
      runtime,
      settings,
      documents,
      openKept: async () =>
        client.storage === undefined ? undefined : runtime.openKept(client.storage, [...folders.values()].sort()),
    }),
    isOpen: sources.isOpen,
    chosen: async (folder) => {
      const { scan, core } = await settings.for(folder);
      return { ...scan, ...(core.globs !== undefined && { globs: core.globs }) };
    },
    guard: (what, work) => guard(what, undefined, work),
    onState: (state) => {
      progress.onState(state);
      status.onState(state);
    },
    onLimit: progress.onLimit,
  });
  status.follow(scan);
  for (const uri of client.folders) scan.addFolder(uri);
  const initialized = new Promise<void>((resolve) => connection.onInitialized(() => resolve()));
  return {
    connection,
    runtime,
    client,
    documents,
    folders,
    settings,
    sources,
    scan,
    scripts,
    pinMemory,
    guard,
    initialized,
  };
}
