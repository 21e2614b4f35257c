import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import {
  type ApplyWorkspaceEditParams,
  ApplyWorkspaceEditRequest,
  type ApplyWorkspaceEditResult,
  type ClientCapabilities,
  type CodeAction,
  CodeActionRequest,
  ConfigurationRequest,
  createProtocolConnection,
  type Diagnostic,
  DiagnosticRefreshRequest,
  DidChangeTextDocumentNotification,
  DidChangeWatchedFilesNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  DocumentDiagnosticRequest,
  ExecuteCommandRequest,
  ExitNotification,
  type FileChangeType,
  InitializedNotification,
  InitializeRequest,
  type InitializeResult,
  LogMessageNotification,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  type Range,
  RegistrationRequest,
  ShowMessageNotification,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  TextDocumentEdit,
  WorkDoneProgress,
  type WorkDoneProgressBegin,
  WorkDoneProgressCreateRequest,
  type WorkspaceDiagnosticReport,
  WorkspaceDiagnosticRequest,
} from "vscode-languageserver-protocol/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { server as serverBundle } from "../../scripts/build.ts";

/** What the other side of a session is like. */
export interface SessionOptions {
  /** Absolute paths of the workspace folders. */
  readonly folders?: readonly string[];
  /** False is a client that has to be sent diagnostics. */
  readonly pulls?: boolean;
  /** Answers `workspace/configuration`; nothing is set unless given. */
  readonly settings?: (section: string, scopeUri: string | undefined) => unknown;
  readonly initializationOptions?: unknown;
  /** What the client can do, in the place of what VS Code can. `pulls` then says nothing. */
  readonly capabilities?: ClientCapabilities;
  readonly env?: Readonly<Record<string, string>>;
  /** Called before an edit is applied; what it returns is the answer instead. */
  readonly onEdit?: (edit: ApplyWorkspaceEditParams) => ApplyWorkspaceEditResult | undefined;
  readonly onProgress?: (begin: WorkDoneProgressBegin, token: string | number) => void;
}

/** A client of the real server, which runs as a process of its own. It keeps documents as an editor does. */
export interface Session {
  readonly connection: ProtocolConnection;
  readonly initialized: InitializeResult;
  /** Texts of the messages that were shown, in order. */
  readonly messages: readonly string[];
  readonly logs: readonly string[];
  readonly edits: readonly ApplyWorkspaceEditParams[];
  /** Titles of the progress that was shown. */
  readonly progress: readonly string[];
  /** How far it was said to be: percentage and message. */
  readonly progressReports: readonly string[];
  readonly registrations: readonly { readonly method: string; readonly registerOptions?: unknown }[];
  /** How often the server had the diagnostics refreshed. */
  readonly refreshes: readonly true[];
  /** What the server said without being asked, per URI: pushed, or as a part of the workspace's report. */
  readonly reported: ReadonlyMap<string, readonly Diagnostic[]>;
  open(uri: string, text: string, languageId?: string): void;
  /** Replaces a range of an open document, the whole of it unless given. */
  change(uri: string, text: string, range?: Range): void;
  close(uri: string): void;
  text(uri: string): string;
  version(uri: string): number;
  pull(uri: string): Promise<readonly Diagnostic[]>;
  /** Asks for the workspace's diagnostics; what comes is in {@link reported}. */
  pullWorkspace(): void;
  fixes(uri: string, range: Range): Promise<readonly CodeAction[]>;
  execute(action: CodeAction): Promise<unknown>;
  fileChanged(uri: string, type: FileChangeType): void;
  /** Resolves when the condition holds; it is looked at whenever the server has said something. */
  until(condition: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** The server as it ships, bundled for the tests alone: it starts three times as fast as its sources. */
const bundle = path.join(import.meta.dirname, "../../out/lsp/server.cjs");

/** Starts sessions and ends them after each test of the suite it is called in. */
export function useSessions(): (options?: SessionOptions) => Promise<Session> {
  const started: Session[] = [];
  before(() => build({ ...serverBundle, outfile: bundle }));
  afterEach(async () => {
    for (const session of started.splice(0)) await session.stop();
  });
  return async (options = {}) => {
    const session = await startSession(options);
    started.push(session);
    return session;
  };
}

/** The URI of a path. */
export function uriOf(...parts: readonly string[]): string {
  return pathToFileURL(path.join(...parts)).href;
}

async function startSession(options: SessionOptions): Promise<Session> {
  const server = spawn(process.execPath, ["--enable-source-maps", bundle, "--stdio"], {
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const connection = createProtocolConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  );
  const heard = listen(connection);
  const documents = new Map<string, TextDocument>();
  const session: Omit<Session, "initialized"> = {
    ...heard,
    connection,
    ...documentCalls(connection, documents),
    ...askingCalls(connection, heard.onReport),
    stop: () => stop(connection, server),
  };
  answer(connection, options, heard, session, documents);
  connection.listen();
  const initialized = await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    rootUri: null,
    capabilities: options.capabilities ?? capabilities(options.pulls ?? true),
    workspaceFolders: (options.folders ?? []).map((folder) => ({ uri: uriOf(folder), name: path.basename(folder) })),
    initializationOptions: options.initializationOptions,
  });
  await connection.sendNotification(InitializedNotification.type, {});
  return { ...session, initialized };
}

/** Collects what the server says. */
function listen(connection: ProtocolConnection) {
  const waiting = new Set<() => void>();
  const heard = {
    messages: [] as string[],
    logs: [] as string[],
    edits: [] as ApplyWorkspaceEditParams[],
    progress: [] as string[],
    progressReports: [] as string[],
    registrations: [] as { method: string; registerOptions?: unknown }[],
    refreshes: [] as true[],
    reported: new Map<string, readonly Diagnostic[]>(),
  };
  const notice = () => {
    for (const look of waiting) look();
  };
  const onReport = ({ items }: WorkspaceDiagnosticReport) => {
    for (const item of items) if (item.kind === "full") heard.reported.set(item.uri, item.items);
    notice();
  };
  connection.onNotification(ShowMessageNotification.type, ({ message }) => {
    heard.messages.push(message);
    notice();
  });
  connection.onNotification(LogMessageNotification.type, ({ message }) => {
    heard.logs.push(message);
    notice();
  });
  connection.onNotification(PublishDiagnosticsNotification.type, ({ uri, diagnostics }) => {
    heard.reported.set(uri, diagnostics);
    notice();
  });
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!condition()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { ...heard, onReport, notice, until };
}

type Heard = ReturnType<typeof listen>;

/** Answers what the server asks. */
function answer(
  connection: ProtocolConnection,
  options: SessionOptions,
  heard: Heard,
  session: Pick<Session, "change">,
  documents: ReadonlyMap<string, TextDocument>,
): void {
  connection.onRequest(ConfigurationRequest.type, ({ items }) =>
    items.map(({ section = "", scopeUri }) => options.settings?.(section, scopeUri) ?? null),
  );
  connection.onRequest(RegistrationRequest.type, ({ registrations }) => {
    heard.registrations.push(...registrations);
    heard.notice();
  });
  connection.onRequest(DiagnosticRefreshRequest.type, () => {
    heard.refreshes.push(true);
    heard.notice();
  });
  connection.onRequest(WorkDoneProgressCreateRequest.type, ({ token }) => {
    connection.onProgress(WorkDoneProgress.type, token, (value) => {
      if (value.kind === "begin") heard.progress.push(value.title);
      if (value.kind === "report") heard.progressReports.push(`${value.percentage} ${value.message}`);
      if (value.kind === "begin") options.onProgress?.(value, token);
      heard.notice();
    });
  });
  connection.onRequest(ApplyWorkspaceEditRequest.type, (params) => {
    heard.edits.push(params);
    const result = options.onEdit?.(params) ?? apply(params, documents, session);
    heard.notice();
    return result;
  });
}

/** Applies an edit as an editor does: all of it, or nothing where a version is another one. */
function apply(
  { edit }: ApplyWorkspaceEditParams,
  documents: ReadonlyMap<string, TextDocument>,
  { change }: Pick<Session, "change">,
): ApplyWorkspaceEditResult {
  const unversioned = Object.entries(edit.changes ?? {}).map(([uri, edits]) => ({
    textDocument: { uri, version: null },
    edits,
  }));
  const changes = [...(edit.documentChanges ?? []), ...unversioned].filter(TextDocumentEdit.is);
  const isOld = ({ textDocument }: TextDocumentEdit) =>
    textDocument.version !== null && textDocument.version !== documents.get(textDocument.uri)?.version;
  if (changes.some(isOld)) return { applied: false, failureReason: "the document has another version" };
  for (const { textDocument, edits } of changes) {
    const document = documents.get(textDocument.uri);
    if (document !== undefined) change(textDocument.uri, TextDocument.applyEdits(document, edits.filter(hasText)));
  }
  return { applied: true };
}

function hasText<T extends object>(edit: T): edit is Extract<T, { newText: string }> {
  return "newText" in edit;
}

function documentCalls(connection: ProtocolConnection, documents: Map<string, TextDocument>) {
  const get = (uri: string) => {
    const document = documents.get(uri);
    if (document === undefined) throw new Error(`${uri} is not open`);
    return document;
  };
  return {
    open: (uri: string, text: string, languageId = "yaml") => {
      documents.set(uri, TextDocument.create(uri, languageId, 1, text));
      const textDocument = { uri, languageId, version: 1, text };
      void connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument });
    },
    change: (uri: string, text: string, range?: Range) => {
      const version = get(uri).version + 1;
      const contentChanges = [range === undefined ? { text } : { text, range }];
      TextDocument.update(get(uri), contentChanges, version);
      const textDocument = { uri, version };
      void connection.sendNotification(DidChangeTextDocumentNotification.type, { textDocument, contentChanges });
    },
    close: (uri: string) => {
      documents.delete(uri);
      void connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri } });
    },
    text: (uri: string) => get(uri).getText(),
    version: (uri: string) => get(uri).version,
    fileChanged: (uri: string, type: FileChangeType) => {
      void connection.sendNotification(DidChangeWatchedFilesNotification.type, { changes: [{ uri, type }] });
    },
  };
}

function askingCalls(connection: ProtocolConnection, onReport: (report: WorkspaceDiagnosticReport) => void) {
  return {
    pull: async (uri: string) => {
      const report = await connection.sendRequest(DocumentDiagnosticRequest.type, { textDocument: { uri } });
      return report.kind === "full" ? report.items : [];
    },
    pullWorkspace: () => {
      const partialResultToken = "workspace";
      connection.onProgress(WorkspaceDiagnosticRequest.partialResult, partialResultToken, onReport);
      const params = { previousResultIds: [], partialResultToken };
      // It is answered when the session ends, or never.
      connection.sendRequest(WorkspaceDiagnosticRequest.type, params).then(onReport, () => {});
    },
    fixes: async (uri: string, range: Range) => {
      const params = { textDocument: { uri }, range, context: { diagnostics: [] } };
      const actions = await connection.sendRequest(CodeActionRequest.type, params);
      return (actions ?? []).filter((action): action is CodeAction => "kind" in action);
    },
    execute: ({ command }: CodeAction) => {
      if (command === undefined) throw new Error("The fix has no command.");
      const { command: name, arguments: args = [] } = command;
      return connection.sendRequest(ExecuteCommandRequest.type, { command: name, arguments: args });
    },
  };
}

function capabilities(pulls: boolean): ClientCapabilities {
  return {
    workspace: {
      applyEdit: true,
      workspaceEdit: { documentChanges: true },
      configuration: true,
      workspaceFolders: true,
      didChangeConfiguration: { dynamicRegistration: true },
      didChangeWatchedFiles: { dynamicRegistration: true },
      diagnostics: { refreshSupport: true },
    },
    textDocument: {
      ...(pulls && { diagnostic: {} }),
      publishDiagnostics: { relatedInformation: true },
      codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix"] } } },
    },
    window: { workDoneProgress: true },
  };
}

async function stop(connection: ProtocolConnection, server: ChildProcess): Promise<void> {
  const exited = server.exitCode === null ? once(server, "exit") : undefined;
  if (exited !== undefined) {
    await connection.sendRequest(ShutdownRequest.type);
    await connection.sendNotification(ExitNotification.type);
    await exited;
  }
  connection.dispose();
}
