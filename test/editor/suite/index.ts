import { appendFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { format } from "node:util";
import Mocha from "mocha";
import * as vscode from "vscode";
import { eventually } from "./editor.ts";

/**
 * VS Code calls this in its extension host. It runs every `*.test.cjs` beside this file and rejects when one of them failed.
 * The report goes to the file that EDITOR_SUITE_REPORT names, since VS Code writes much of its own to the console.
 */
export async function run(): Promise<void> {
  process.setSourceMapsEnabled(true);
  const report = process.env.EDITOR_SUITE_REPORT;
  if (report !== undefined) {
    Mocha.reporters.Base.consoleLog = (...line: unknown[]) => appendFileSync(report, `${format(...line)}\n`);
  }
  const mocha = new Mocha({ timeout: 60_000, forbidOnly: process.env.CI !== undefined });
  for (const name of readdirSync(__dirname).sort()) {
    if (name.endsWith(".test.cjs")) mocha.addFile(path.join(__dirname, name));
  }
  mocha.rootHooks({ beforeAll: activation });
  await mocha.loadFilesAsync();
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} test(s) failed in VS Code.`);
}

/** The open folder holds pipelines: that alone has to wake the extension. */
async function activation(): Promise<void> {
  await eventually(
    () => ({ active: vscode.extensions.getExtension("pipewarden.pipewarden")?.isActive }),
    ({ active }) => active === true,
  );
}
