import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { copySample } from "./sample.ts";
import { endWanted, startServer, workbenchUrl } from "./vscode-host/host.ts";
import { hostObstacle, installHost, projectRoot } from "./vscode-host/install.ts";

// `npm start [-- <folder>]`: prints what Pipewarden finds in a folder, then opens the folder in VS Code with the extension as it
// was built last: in the person's own VS Code where `code` is on PATH, else in the embedded one, whose address it prints and
// which lives until Ctrl+C. Without a folder it takes a copy of the sample workspace, so that one can fix and break it freely.
// `npm start -- --embedded [<folder>]` takes the embedded one in any case.
const { values, positionals } = parseArgs({ options: { embedded: { type: "boolean" } }, allowPositionals: true });
const [named, ...superfluous] = positionals;
if (superfluous.length > 0) stop("One folder at most: npm start -- <folder>");
const sample = named === undefined ? copySample() : undefined;
const folder = sample?.folder ?? path.resolve(process.env.INIT_CWD ?? "", named ?? "");
if (!existsSync(folder) || !statSync(folder).isDirectory()) stop(`There is no folder ${folder}.`);

printFindings();
if (values.embedded || !openedInOwnVscode()) await openEmbedded();

function printFindings(): void {
  const commandLine = path.join(projectRoot, "dist/cli.js");
  if (!existsSync(commandLine)) stop("Pipewarden is not built yet: run npm start, or npm run build first.");
  console.log(`What Pipewarden finds in ${folder}\n`);
  spawnSync(process.execPath, [commandLine, "scan"], { cwd: folder, stdio: "inherit" });
  console.log("");
}

/** Whether `code` is on PATH and took the folder. */
function openedInOwnVscode(): boolean {
  const trust = sample === undefined ? [] : ["--disable-workspace-trust"];
  const run = ownVscode([
    "--new-window",
    `--extensionDevelopmentPath=${projectRoot}`,
    ...trust,
    folder,
    ...firstPipeline(),
  ]);
  if (run.status === 0) {
    console.log(
      "Your VS Code is opening the folder. No window? npm start -- --embedded shows it in a browser instead.",
    );
    return true;
  }
  if (run.error === undefined)
    console.log(`Your own VS Code did not open: ${run.stderr.trim() || `code ${run.status}`}`);
  return false;
}

function ownVscode(args: readonly string[]): SpawnSyncReturns<string> {
  // On Windows `code` is a batch file, which only a shell can start.
  if (process.platform === "win32")
    return spawnSync(`code ${args.map((arg) => `"${arg}"`).join(" ")}`, { shell: true, encoding: "utf8" });
  return spawnSync("code", args, { encoding: "utf8" });
}

async function openEmbedded(): Promise<void> {
  const obstacle = hostObstacle();
  if (obstacle !== undefined) {
    stop(
      `${obstacle} Install VS Code, put its command code on PATH (in VS Code: Shell Command: Install 'code' command in PATH), and run npm start again.`,
    );
  }
  const server = await startServer(installHost(), {
    extensions: [projectRoot],
    trustEveryFolder: sample !== undefined,
  });
  const [openFile] = firstPipeline();
  const address = workbenchUrl(server, {
    workspace: folder,
    ...(openFile !== undefined && { openFile }),
  });
  console.log(`VS Code with Pipewarden is at\n\n  ${address}\n\nOpen it in a browser on this machine. Ctrl+C ends it.`);
  if (process.env.DISPLAY || process.env.WAYLAND_DISPLAY) {
    spawn("xdg-open", [address], { stdio: "ignore", detached: true })
      .on("error", () => undefined)
      .unref();
  }
  await endWanted();
  await server.stop();
  sample?.remove();
  process.exit();
}

/** The file that is opened first, none where the folder has no GitHub workflow of the usual name. */
function firstPipeline(): string[] {
  return [path.join(folder, ".github/workflows/ci.yml")].filter((file) => existsSync(file));
}

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}
