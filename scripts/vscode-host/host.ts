import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Browser, chromium, type LaunchOptions } from "playwright-core";
import type { Host } from "./install.ts";

/** How a server is started. Folders are absolute; those that are not given lie in a temporary folder that {@link VscodeServer.stop} removes. */
export interface ServerOptions {
  readonly userDataDir?: string;
  readonly extensionsDir?: string;
  /** Folders of extensions that are there as if they were installed. */
  readonly extensions?: readonly string[];
  /** User settings, on top of {@link quietSettings} and of a settings file that is already in `userDataDir`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Environment of the server, and so of the extension host and of the language server. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Opens every folder as trusted, without asking the person. Default: false. */
  readonly trustEveryFolder?: boolean;
  /**
   * Lets the address name tests and extensions under development. VS Code 1.139 does so only with its test driver, and with the
   * driver it shows no notification: not for people. Default: false.
   */
  readonly allowTests?: boolean;
}

/** A running VS Code server on loopback. */
export interface VscodeServer {
  /** `127.0.0.1:PORT`, also the authority of its `vscode-remote:` addresses. */
  readonly authority: string;
  /** Who wants to talk to the server must know it: a page that some other site opened cannot. */
  readonly token: string;
  /** Everything that the server wrote so far. */
  output(): string;
  /** Ends the server with all its processes and removes its temporary folder. May be called more than once. */
  stop(): Promise<void>;
}

/** What the workbench shows. Paths are absolute. */
export interface WorkbenchContent {
  /** A folder, or a `.code-workspace` file. */
  readonly workspace?: string;
  readonly openFile?: string;
  /** Only of a server that allows tests: folders of extensions under development. */
  readonly underDevelopment?: readonly string[];
  /** Likewise: the module whose `run()` the extension host calls; its outcome arrives at the page's function `codeAutomationExit`. */
  readonly tests?: string;
}

/**
 * Settings that keep VS Code silent about everything that is not ours: no welcome page, no experiments, no requests of its own.
 * Saving is left to the person, as on the desktop; in a browser VS Code would save by itself.
 */
export const quietSettings: Readonly<Record<string, unknown>> = {
  "chat.disableAIFeatures": true,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "git.openRepositoryInParentFolders": "never",
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "window.commandCenter": false,
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

/** Starts VS Code's server on a free port of 127.0.0.1. Rejects with the server's own words when it does not come up. */
export async function startServer(host: Host, options: ServerOptions = {}): Promise<VscodeServer> {
  const temporary = mkdtempSync(path.join(tmpdir(), "vscode-host-"));
  const token = randomBytes(16).toString("hex");
  writeFileSync(path.join(temporary, "token"), token, { mode: 0o600 });
  // The empty gallery keeps it from asking an extension registry; the runtime folder keeps its sockets apart from other servers'.
  const env = { ...(options.env ?? process.env), EXTENSIONS_GALLERY: "{}", XDG_RUNTIME_DIR: temporary };
  // It leads a process group (detached), so that one signal reaches the extension host and the language server too.
  const server = spawn(host.node, serverArguments(host, options, temporary), { env, stdio: "pipe", detached: true });
  const gone = once(server, "close").catch(() => undefined);
  let output = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (data: string) => {
      output += data;
    });
  }
  const stop = async () => {
    signalGroup(server, "SIGTERM");
    await Promise.race([gone, delay(3000, undefined, { ref: false })]);
    signalGroup(server, "SIGKILL");
    rmSync(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  const port = await portOf(server, () => output).catch(async (error) => {
    await stop();
    throw error;
  });
  return { authority: `127.0.0.1:${port}`, token, output: () => output, stop };
}

/**
 * Resolves when this process shall end: Ctrl+C, a polite signal, or its starter is gone. npm hands a signal on to its shell, and
 * the shell to nobody.
 */
export function endWanted(): Promise<void> {
  const starter = process.ppid;
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
    setInterval(() => process.ppid !== starter && resolve(), 1000).unref();
  });
}

/** The address at which a browser shows the workbench of `server` with `content`. */
export function workbenchUrl(server: VscodeServer, content: WorkbenchContent): string {
  const remote = (file: string) => `vscode-remote://${server.authority}${encodeURI(file)}`;
  const payload = [
    ...(content.underDevelopment ?? []).map((folder) => ["extensionDevelopmentPath", remote(folder)]),
    ...(content.tests === undefined ? [] : [["extensionTestsPath", remote(content.tests)]]),
    ...(content.openFile === undefined ? [] : [["openFile", remote(content.openFile)]]),
    ["skipWelcome", "true"],
    ["skipReleaseNotes", "true"],
  ];
  const query = new URLSearchParams({ tkn: server.token });
  if (content.workspace === undefined) query.set("ew", "true");
  else query.set(content.workspace.endsWith(".code-workspace") ? "workspace" : "folder", content.workspace);
  query.set("payload", JSON.stringify(payload));
  return `http://${server.authority}/?${query}`;
}

/** Starts a headless Chromium that reaches loopback only. */
export function launchBrowser({ chromium: { executable, env } }: Host, options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: executable,
    env: { ...process.env, ...env },
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"],
      ...["--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"],
    ],
    ...options,
  });
}

function serverArguments(host: Host, options: ServerOptions, temporary: string): string[] {
  const userDataDir = options.userDataDir ?? path.join(temporary, "user");
  writeSettings(userDataDir, options.settings ?? {});
  const extensionsDir = options.extensionsDir ?? path.join(temporary, "extensions");
  mkdirSync(extensionsDir, { recursive: true });
  for (const folder of options.extensions ?? []) symlinkSync(folder, path.join(extensionsDir, path.basename(folder)));
  return [
    path.join(import.meta.dirname, "leash.ts"),
    path.join(host.vscode, "out/server-main.js"),
    ...["--host", "127.0.0.1", "--port", "0", "--connection-token-file", path.join(temporary, "token")],
    ...["--server-data-dir", path.join(temporary, "server"), "--user-data-dir", userDataDir],
    ...["--extensions-dir", extensionsDir, "--accept-server-license-terms", "--force-disable-user-env"],
    ...["--telemetry-level", "off", "--disable-telemetry", "--disable-experiments"],
    ...(options.allowTests ? ["--enable-smoke-test-driver"] : []),
    ...(options.trustEveryFolder ? ["--disable-workspace-trust"] : []),
  ];
}

function writeSettings(userDataDir: string, settings: Readonly<Record<string, unknown>>): void {
  const file = path.join(userDataDir, "User/settings.json");
  const present: object = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ ...quietSettings, ...present, ...settings }, undefined, 2));
}

function portOf(server: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.stdout?.on("data", () => {
      const port = /agent listening on (\d+)/.exec(output())?.[1];
      if (port !== undefined) resolve(port);
    });
    server.once("error", reject);
    server.once("close", () => reject(new Error(`VS Code's server ended before it was ready.\n${output()}`)));
  });
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
