import { existsSync, readFileSync } from "node:fs";
import { run } from "./cli/run.ts";

// The same way leads to the manifest from server/ and from dist/.
const manifest: { readonly version: string } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
);
const { NO_COLOR, TERM, GITHUB_WORKSPACE } = process.env;

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // Whoever closes the pipe, as `head` does, has read enough.
    if (error.code === "EPIPE") process.exit();
    if (stream === process.stdout)
      process.stderr.write(`pipewarden: the report could not be written: ${error.message}\n`);
    process.exit(2);
  });
}

try {
  process.exitCode = await run(process.argv.slice(2), {
    version: manifest.version,
    cwd: process.cwd(),
    githubWorkspace: GITHUB_WORKSPACE || undefined,
    colours: process.stdout.isTTY === true && !NO_COLOR && TERM !== "dumb",
    isTerminal: process.stdout.isTTY === true,
    serve: () => import(languageServer()),
    interruption: () => {
      const controller = new AbortController();
      process.once("SIGINT", () => controller.abort());
      return controller.signal;
    },
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  });
} catch (error) {
  // Node's own exit code for this would say "findings".
  process.stderr.write(
    `pipewarden: this is a mistake in Pipewarden: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exitCode = 2;
}

/** In dist/ the bundle that VS Code starts too, in the sources the file itself. Other commands do not load it. */
function languageServer(): string {
  const bundle = new URL("server.cjs", import.meta.url);
  return (existsSync(bundle) ? bundle : new URL("main.node.ts", import.meta.url)).href;
}
