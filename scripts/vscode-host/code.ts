import path from "node:path";
import { parseArgs } from "node:util";
import { endWanted, launchBrowser, startServer, workbenchUrl } from "./host.ts";
import { installHost } from "./install.ts";

// Stands in for the `code` executable when @vscode/test-electron runs tests: it understands the arguments of the desktop
// VS Code that matter there, runs the tests in the embedded VS Code, passes on what they print, and ends with their exit code.
// The executable to name is `code` beside this file. VSCODE_HOST_TIMEOUT_S: when it gives up, in seconds, default 300.
const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  // Arguments for Electron such as --no-sandbox mean nothing here.
  strict: false,
  options: {
    extensionDevelopmentPath: { type: "string", multiple: true },
    extensionTestsPath: { type: "string" },
    "user-data-dir": { type: "string" },
    "extensions-dir": { type: "string" },
    "disable-workspace-trust": { type: "boolean" },
  },
});

const [tests] = paths(values.extensionTestsPath);
if (tests === undefined) {
  console.error("This stand-in for VS Code only runs tests: name them with --extensionTestsPath.");
  process.exit(2);
}
const [userDataDir] = paths(values["user-data-dir"]);
const [extensionsDir] = paths(values["extensions-dir"]);

const host = installHost();
const server = await startServer(host, {
  ...(userDataDir !== undefined && { userDataDir }),
  ...(extensionsDir !== undefined && { extensionsDir }),
  trustEveryFolder: values["disable-workspace-trust"] === true,
  allowTests: true,
});
const browser = await launchBrowser(host);
const page = await browser.newPage();

const code = await new Promise<number>((end) => {
  const fail = (code: number, reason: string) => {
    console.error(`${reason}\n${server.output()}`);
    end(code);
  };
  const timeoutS = Number(process.env.VSCODE_HOST_TIMEOUT_S ?? 300);
  setTimeout(() => fail(124, `The tests gave no result within ${timeoutS} s.`), timeoutS * 1000).unref();
  endWanted().then(() => end(130));
  page.on("crash", () => fail(125, "The browser page of the embedded VS Code crashed."));
  runTests(end).catch((error) => fail(1, String(error)));
});
await browser.close();
await server.stop();
process.exit(code);

/** Opens the workbench; the two functions are those that VS Code calls when tests run in a browser. */
async function runTests(end: (code: number) => void): Promise<void> {
  await page.exposeFunction("codeAutomationExit", end);
  await page.exposeFunction("codeAutomationLog", (level: string, args: readonly unknown[]) => {
    (level === "error" ? console.error : console.log)(...args);
  });
  const underDevelopment = paths(values.extensionDevelopmentPath);
  const [workspace] = paths(positionals);
  await page.goto(workbenchUrl(server, { underDevelopment, ...(tests && { tests }), ...(workspace && { workspace }) }));
}

function paths(value: unknown): string[] {
  return [value].flat().flatMap((item) => (typeof item === "string" ? [path.resolve(item)] : []));
}
