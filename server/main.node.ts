import { fileURLToPath } from "node:url";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { startServer } from "./lsp/server.ts";
import { createResolver } from "./resolvers/network.ts";
import { createScriptStore } from "./workspace/script-store.ts";
import { createUriFiles } from "./workspace/uri-files.ts";

// The language server as a process of its own: `--node-ipc` for VS Code, `--stdio` for other editors.
startServer(createConnection(ProposedFeatures.all), {
  files: createUriFiles(),
  resolver: createResolver,
  scripts: (folder) => createScriptStore(fileURLToPath(folder)),
});
