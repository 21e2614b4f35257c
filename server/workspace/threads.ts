import { existsSync, realpathSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { type MessagePort, Worker } from "node:worker_threads";

/** So many threads look at files. A third one would read no faster from one disk, and each takes tens of megabytes. */
export const threadCount = Math.min(2, availableParallelism());

/**
 * A heap of this size reads the largest file that is read at all; only what is needed of it is taken. The space for what is young is
 * always taken: a fourth of the usual one makes a scan 5 % slower and the server 40 MB smaller.
 */
const LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 4 };

/** Starts a thread with the server's program; `undefined` where the host does not let us. */
export function startThread() {
  const program = threadProgram();
  if (program === undefined) return undefined;
  try {
    const worker = new Worker(program, { resourceLimits: LIMITS });
    // Whoever waits for the thread keeps the process alive; the thread alone does not.
    worker.unref();
    return {
      post: (message: unknown) => worker.postMessage(message),
      stop: () => void worker.terminate(),
      listen: (hear: (message: unknown) => void) => {
        worker.on("message", hear);
        worker.on("error", () => {});
        worker.on("exit", () => hear(undefined));
      },
    };
  } catch {
    return undefined;
  }
}

/** The other side of {@link startThread}. */
export function threadPort(port: MessagePort) {
  return {
    post: (message: unknown) => port.postMessage(message),
    listen: (hear: (message: unknown) => void) => void port.on("message", hear),
  };
}

/** The server's own program, which serves as a thread's too: in dist/ the bundle, in the sources the file itself; `undefined` where neither is there. */
export function threadProgram(): string | undefined {
  try {
    const folder = path.dirname(realpathSync(process.argv[1] ?? ""));
    return ["server.cjs", "main.node.ts"].map((name) => path.join(folder, name)).find((file) => existsSync(file));
  } catch {
    return undefined;
  }
}
