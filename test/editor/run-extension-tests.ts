import { once } from "node:events";
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { runTests } from "@vscode/test-electron";
import { build } from "esbuild";
import { copySample } from "../../scripts/sample.ts";
import { quietSettings } from "../../scripts/vscode-host/host.ts";
import { hostObstacle, installHost, projectRoot } from "../../scripts/vscode-host/install.ts";
import { startSampleInternet } from "./internet.ts";

// Runs the mocha suite of ./suite inside the extension host of a real VS Code, on a copy of the sample workspace, with the
// extension as it was built last. The report is printed; what VS Code itself logs is kept in out/editor-suite/vscode.log.

const output = path.join(projectRoot, "out/editor-suite");
const report = path.join(output, "report.txt");
const log = path.join(output, "vscode.log");

await bundleSuite();
const executable = vscodeExecutable();
const sample = copySample();
const profile = mkdtempSync(path.join(tmpdir(), "pipewarden-profile-"));
mkdirSync(path.join(profile, "User"));
writeFileSync(path.join(profile, "User/settings.json"), JSON.stringify(quietSettings));
const internet = await startSampleInternet();
const attempts = createServer((socket) => socket.end(JSON.stringify(internet.network.connections)));
await once(attempts.listen(0, "127.0.0.1"), "listening");
const chatter = createWriteStream(log);
try {
  await runTests({
    ...(executable !== undefined && { vscodeExecutablePath: executable }),
    extensionDevelopmentPath: projectRoot,
    extensionTestsPath: path.join(output, "index.cjs"),
    launchArgs: [sample.folder, "--disable-extensions", `--user-data-dir=${profile}`],
    extensionTestsEnv: {
      ...internet.network.env,
      EDITOR_SUITE_REPORT: report,
      EDITOR_SUITE_ATTEMPTS_PORT: String((attempts.address() as AddressInfo).port),
    },
    stdout: chatter,
    stderr: chatter,
  });
} catch (error) {
  process.exitCode = 1;
  console.error(
    `${error instanceof Error ? error.message : error}. What VS Code logged: ${path.relative(projectRoot, log)}`,
  );
} finally {
  console.log(existsSync(report) ? readFileSync(report, "utf8") : "The tests did not start.");
  chatter.end();
  attempts.close();
  await internet.close();
  rmSync(profile, { recursive: true, force: true });
  sample.remove();
}

/**
 * Which VS Code runs the tests. VSCODE_EXECUTABLE names one. Else PIPEWARDEN_VSCODE chooses: "download" lets test-electron fetch
 * the desktop VS Code (on Linux it needs a display), "embedded" takes the one from the npm registry. Unset: the embedded one
 * where it runs, because it needs neither a display nor a host beside the registry, and the desktop one elsewhere.
 */
function vscodeExecutable(): string | undefined {
  const { VSCODE_EXECUTABLE, PIPEWARDEN_VSCODE } = process.env;
  if (VSCODE_EXECUTABLE !== undefined) return VSCODE_EXECUTABLE;
  if ((PIPEWARDEN_VSCODE ?? (hostObstacle() === undefined ? "embedded" : "download")) === "download") return undefined;
  installHost();
  return path.join(projectRoot, "scripts/vscode-host/code");
}

/** The extension host loads JavaScript only: one CommonJS file for the entry and one for each file of tests. */
async function bundleSuite(): Promise<void> {
  rmSync(output, { recursive: true, force: true });
  const suite = path.join(import.meta.dirname, "suite");
  await build({
    entryPoints: readdirSync(suite).flatMap((name) =>
      /^index\.ts$|\.test\.ts$/.test(name) ? [path.join(suite, name)] : [],
    ),
    outdir: output,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    sourcemap: "inline",
    external: ["vscode", "mocha"],
    logLevel: "warning",
  });
}
