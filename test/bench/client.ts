import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import {
  ConfigurationRequest,
  createProtocolConnection,
  DiagnosticRefreshRequest,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  DocumentDiagnosticRequest,
  ExitNotification,
  InitializedNotification,
  InitializeRequest,
  type ProtocolConnection,
  RegistrationRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  WorkDoneProgress,
  WorkDoneProgressCreateRequest,
  type WorkspaceDiagnosticReport,
  WorkspaceDiagnosticRequest,
} from "vscode-languageserver-protocol/node";

/** A client of the server as it ships, which measures and keeps nothing of what the server says. */
export interface BenchClient {
  open(uri: string, text: string): void;
  /** Replaces the whole of a document by a text. */
  change(uri: string, text: string): void;
  /** Milliseconds until the diagnostics of an open document are here. */
  pull(uri: string): Promise<number>;
  /** Asks for the workspace's diagnostics. Resolves when the scan says that it is over; counts files with findings. */
  scan(): Promise<{ readonly ms: number; readonly files: number }>;
  /**
   * Resident memory of the server's process now and at its highest, in bytes, and the milliseconds that all its threads together have
   * worked. Linux alone tells; elsewhere not a number.
   */
  use(): { readonly now: number; readonly peak: number; readonly cpuMs: number };
  stop(): Promise<void>;
}

/** As client/extension.node.ts starts the server. */
const NODE_OPTIONS = ["--max-semi-space-size=4", "--max-old-space-size=512"];

/** Starts dist/server.cjs. `startMs` is the time until it has answered that it is ready. */
export async function startClient(
  folder: string | undefined,
  storage: string | undefined,
): Promise<BenchClient & { readonly startMs: number }> {
  const startedMs = performance.now();
  const program = path.join(import.meta.dirname, "../../dist/server.cjs");
  const server = spawn(process.execPath, [...NODE_OPTIONS, program, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  const connection = createProtocolConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  );
  const over = listen(connection);
  connection.listen();
  await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    rootUri: null,
    capabilities: {
      workspace: { configuration: true, workspaceFolders: true, diagnostics: { refreshSupport: true } },
      textDocument: { diagnostic: {}, publishDiagnostics: { relatedInformation: true } },
      window: { workDoneProgress: true },
    },
    workspaceFolders: folder === undefined ? [] : [{ uri: pathToFileURL(folder).href, name: "bench" }],
    initializationOptions: storage === undefined ? {} : { storage: pathToFileURL(storage).href },
  });
  await connection.sendNotification(InitializedNotification.type, {});
  const startMs = performance.now() - startedMs;
  const versions = new Map<string, number>();
  return {
    startMs,
    open: (uri, text) => {
      versions.set(uri, 1);
      const textDocument = { uri, languageId: "yaml", version: 1, text };
      void connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument });
    },
    change: (uri, text) => {
      const version = (versions.get(uri) ?? 0) + 1;
      versions.set(uri, version);
      const textDocument = { uri, version };
      void connection.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument,
        contentChanges: [{ text }],
      });
    },
    pull: async (uri) => {
      const askedMs = performance.now();
      await connection.sendRequest(DocumentDiagnosticRequest.type, { textDocument: { uri } });
      return performance.now() - askedMs;
    },
    scan: async () => {
      const askedMs = performance.now();
      const found = new Set<string>();
      connection.onProgress(
        WorkspaceDiagnosticRequest.partialResult,
        "bench",
        ({ items }: WorkspaceDiagnosticReport) => {
          for (const { uri } of items) found.add(uri);
        },
      );
      connection
        .sendRequest(WorkspaceDiagnosticRequest.type, { previousResultIds: [], partialResultToken: "bench" })
        .catch(() => {});
      await over;
      return { ms: performance.now() - askedMs, files: found.size };
    },
    use: () => useOf(server),
    stop: async () => {
      const exited = once(server, "exit");
      await connection.sendRequest(ShutdownRequest.type);
      await connection.sendNotification(ExitNotification.type);
      await exited;
      connection.dispose();
    },
  };
}

/** Answers what the server asks. Resolves when the scan's progress ends. */
function listen(connection: ProtocolConnection): Promise<void> {
  connection.onRequest(ConfigurationRequest.type, ({ items }) => items.map(() => null));
  connection.onRequest(RegistrationRequest.type, () => {});
  connection.onRequest(DiagnosticRefreshRequest.type, () => {});
  return new Promise((resolve) => {
    connection.onRequest(WorkDoneProgressCreateRequest.type, ({ token }) => {
      connection.onProgress(WorkDoneProgress.type, token, ({ kind }) => {
        if (kind === "end") resolve();
      });
    });
  });
}

function useOf({ pid }: ChildProcess) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const bytes = (key: string) => 1024 * Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
    // Source: proc(5). Fields 14 and 15 of stat are user and system time in hundredths of a second; the name in field 2 may hold spaces.
    const times = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ").slice(11, 13) ?? [];
    const cpuMs = times.reduce((sum, ticks) => sum + 10 * Number(ticks), 0);
    return { now: bytes("VmRSS"), peak: bytes("VmHWM"), cpuMs };
  } catch {
    return { now: Number.NaN, peak: Number.NaN, cpuMs: Number.NaN };
  }
}
