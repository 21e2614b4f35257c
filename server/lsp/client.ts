import {
  type ClientCapabilities,
  CodeActionKind,
  type InitializeParams,
  type ServerCapabilities,
  TextDocumentSyncKind,
} from "vscode-languageserver";
import { APPLY_FIX } from "./apply-fix.ts";
import { FIX_ALL } from "./fix-all.ts";
import { PIN_FILE, PIN_WORKSPACE } from "./pin-everything.ts";
import { SCAN_WORKSPACE, STOP_SCAN } from "./scan-progress.ts";
import { UPDATE_PIN, VERIFY_PINS } from "./verify-pins.ts";

/** What is known about the client from its first message. */
export interface Client {
  readonly capabilities: ClientCapabilities;
  /** True where it asks for diagnostics by itself; others are sent them. */
  readonly pulls: boolean;
  readonly documentChanges: boolean;
  readonly folders: readonly string[];
  /** False where the client says `{ trusted: false }` in its initialization options. */
  readonly trusted: boolean;
  /** The initialization option `settings`, for clients that cannot be asked: `{ pipewarden: {…}, http: {…} }`. */
  readonly settings: unknown;
  /** The initialization option `storage`: URI of a folder in which the server may keep the texts of pinned scripts, and reports on files. */
  readonly storage: string | undefined;
  /** The initialization option `hover`: what the client's hovers can do, and what they have already. Of others nothing is expected. */
  readonly hover: HoverAbilities;
  /** The initialization option `status`: true where the client wants to be told how it stands. */
  readonly wantsStatus: boolean;
}

/** What the editor can show in a hover. */
export interface HoverAbilities {
  /** True where a link in a hover can be a command of ours. */
  readonly commandLinks: boolean;
  /** True where the messages of diagnostics stand in the same hover. */
  readonly showsMessages: boolean;
}

/** Reads the client's first message. */
export function readClient({
  capabilities,
  initializationOptions,
  workspaceFolders,
  rootUri,
}: InitializeParams): Client {
  return {
    capabilities,
    pulls: capabilities.textDocument?.diagnostic !== undefined,
    documentChanges: capabilities.workspace?.workspaceEdit?.documentChanges === true,
    folders: workspaceFolders?.map(({ uri }) => uri) ?? (rootUri ? [rootUri] : []),
    trusted: initializationOptions?.trusted !== false,
    settings: initializationOptions?.settings,
    storage: typeof initializationOptions?.storage === "string" ? initializationOptions.storage : undefined,
    hover: {
      commandLinks: initializationOptions?.hover?.commandLinks === true,
      showsMessages: initializationOptions?.hover?.showsMessages === true,
    },
    wantsStatus: initializationOptions?.status === true,
  };
}

/** What the server offers to such a client. */
export function capabilitiesFor({ pulls }: Client): ServerCapabilities {
  return {
    textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
    completionProvider: {},
    hoverProvider: true,
    codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, FIX_ALL] },
    executeCommandProvider: {
      commands: [APPLY_FIX, PIN_FILE, PIN_WORKSPACE, VERIFY_PINS, UPDATE_PIN, SCAN_WORKSPACE, STOP_SCAN],
    },
    workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
    // No document has to be asked for again because another one changed: the server knows the dependents and says so.
    ...(pulls && {
      diagnosticProvider: { identifier: "pipewarden", interFileDependencies: false, workspaceDiagnostics: true },
    }),
  };
}
