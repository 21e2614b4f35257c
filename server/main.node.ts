import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parentPort } from "node:worker_threads";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { serveCrew } from "./lsp/crew.ts";
import { startServer } from "./lsp/server.ts";
import { createResolver } from "./resolvers/network.ts";
import { openKeptReports } from "./workspace/kept-reports.ts";
import { createNote } from "./workspace/note.ts";
import { createScriptStore } from "./workspace/script-store.ts";
import { startThread, threadCount, threadPort, threadProgram } from "./workspace/threads.ts";
import { createUriFiles } from "./workspace/uri-files.ts";

// The language server as a process of its own: `--node-ipc` for VS Code, `--stdio` for other editors. As a thread it looks at many
// files, so that the process has time for keystrokes; one bundle for both keeps the extension small.
if (parentPort !== null) serveCrew(threadPort(parentPort), createUriFiles());
else {
  startServer(createConnection(ProposedFeatures.all), {
    files: createUriFiles(),
    resolver: createResolver,
    scripts: (folder) => createScriptStore(fileURLToPath(folder)),
    pinNote: (folder) => createNote(path.join(fileURLToPath(folder), "pins.json")),
    threads: threadCount,
    startThread,
    openKept: (folder, workspace) => openKeptReports(fileURLToPath(folder), JSON.stringify(workspace), buildOf()),
  });
}

/** Names this build of the program by the content of what analyses files. */
function buildOf(): string {
  const programs = [process.argv[1] ?? "", threadProgram() ?? ""].filter((file) => file !== "");
  const hash = createHash("sha256");
  for (const program of programs) hash.update(readFileSync(program));
  return hash.digest("hex");
}
