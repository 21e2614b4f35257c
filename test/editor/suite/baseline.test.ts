import assert from "node:assert/strict";
import * as vscode from "vscode";
import { attempts, closeEditors, fileUri, findings, openFile } from "./editor.ts";

describe("a baseline in VS Code", () => {
  const baseline = ".pipewarden-baseline.json";

  afterEach(async () => {
    await vscode.workspace.fs.delete(fileUri(baseline)).then(undefined, () => undefined);
    await closeEditors();
  });

  it("takes today's findings by a command, hides them, and shows them again when it is gone", async () => {
    const { document } = await openFile(".github/workflows/ci.yml");
    const before = await findings(document.uri, (all) => all.length > 0);
    await vscode.commands.executeCommand("pipewarden.acceptFindings");
    await findings(document.uri, (all) => all.length === 0);
    await findings(fileUri(".gitlab-ci.yml"), (all) => all.length === 0);
    await vscode.workspace.fs.delete(fileUri(baseline));
    await findings(document.uri, (all) => all.length === before.length);
    assert.deepEqual(await attempts(), []);
  });
});
