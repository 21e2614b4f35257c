import { readdirSync } from "node:fs";
import path from "node:path";
import Mocha from "mocha";
import { hostObstacle, installHost } from "../../scripts/vscode-host/install.ts";

// Runs the mocha suite of ./ui, which looks at the workbench of the embedded VS Code, with the extension as it was built last.

const obstacle = hostObstacle();
if (obstacle === undefined) await run();
else console.log(`Skipped. ${obstacle}`);

async function run(): Promise<void> {
  installHost();
  const mocha = new Mocha({ timeout: 120_000, forbidOnly: process.env.CI !== undefined });
  const folder = path.join(import.meta.dirname, "ui");
  for (const name of readdirSync(folder).sort()) if (name.endsWith(".test.ts")) mocha.addFile(path.join(folder, name));
  await mocha.loadFilesAsync();
  mocha.run((failures) => {
    process.exitCode = failures > 0 ? 1 : 0;
  });
}
