import type { ExtensionContext } from "vscode";
import { LanguageClient, TransportKind } from "vscode-languageclient/node";
import { type Extension, startClient } from "./client.ts";

/** Called by VS Code on the desktop and on remote machines, where the server is a child process. */
export function activate(context: ExtensionContext): Promise<Extension> {
  // Without these, what is young takes up to 48 MB before it is looked at, and the heap may grow fourfold before it is cleaned.
  const options = { execArgv: ["--max-semi-space-size=4", "--max-old-space-size=512"] };
  const server = { module: context.asAbsolutePath("dist/server.cjs"), transport: TransportKind.ipc, options };
  return startClient(context, (options) => new QuietLanguageClient("pipewarden", "Pipewarden", server, options));
}

/** A client whose errors go to the output alone: its own messages would stand beside ours and name no way out. */
class QuietLanguageClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}
