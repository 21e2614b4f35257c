import { pathToFileURL } from "node:url";

// Runs the module that the first argument names, and ends its whole process group once standard input closes. The starter
// holds the other end of that pipe, so nothing outlives the starter, whatever ends it.
process.argv.splice(1, 1);
process.stdin.on("close", () => process.kill(-process.pid, "SIGKILL")).resume();
await import(pathToFileURL(process.argv[1] ?? "").href);
