import { parentPort } from "node:worker_threads";
import { serveCrew } from "./lsp/crew.ts";
import { threadPort } from "./workspace/threads.ts";
import { createUriFiles } from "./workspace/uri-files.ts";

// A thread of the language server that looks at many files, so that the server itself has time for keystrokes.
if (parentPort !== null) serveCrew(threadPort(parentPort), createUriFiles());
