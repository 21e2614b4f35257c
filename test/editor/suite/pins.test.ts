import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as vscode from "vscode";
import { codecovScript } from "../codecov-script.ts";
import { closeEditors, eventually, openFile } from "./editor.ts";

const workflow = ".github/workflows/ci.yml";
const sha256 = createHash("sha256").update(codecovScript).digest("hex");

describe("pins in VS Code", () => {
  afterEach(closeEditors);

  it("are all made by one command for the file that is open, and one undo takes them back", async () => {
    const { document } = await openFile(workflow);
    const before = document.getText();
    await vscode.commands.executeCommand("pipewarden.pinFile");
    await eventually(
      () => document.getText(),
      (text) => text.includes(sha256) && /actions\/checkout@[0-9a-f]{40} # v4\.2\.2/.test(text),
    );
    await vscode.commands.executeCommand("undo");
    assert.equal(document.getText(), before);
  });

  it("that changed are listed with the pin that fits today, and the text is shown as a read-only document", async () => {
    const { document } = await openFile(workflow);
    await vscode.commands.executeCommand("pipewarden.pinFile");
    await eventually(
      () => document.getText(),
      (text) => text.includes(sha256),
    );
    const edit = new vscode.WorkspaceEdit();
    const start = document.positionAt(document.getText().indexOf(sha256));
    edit.replace(document.uri, new vscode.Range(start, start.translate(0, 64)), "0".repeat(64));
    assert.ok(await vscode.workspace.applyEdit(edit));

    const changed = await vscode.commands.executeCommand<readonly Changed[]>("pipewarden.verifyPins");
    await vscode.commands.executeCommand("workbench.action.closeQuickOpen");
    const script = changed.find(({ subject }) => subject === "https://codecov.io/bash");
    assert.deepEqual([script?.verdict, script?.texts], ["changed", { after: sha256 }]);
    const uri = vscode.Uri.from({ scheme: "pipewarden-script", path: "/bash", query: sha256 });
    const shown = await vscode.workspace.openTextDocument(uri);
    assert.equal(shown.getText(), codecovScript);
    assert.equal(vscode.workspace.fs.isWritableFileSystem(uri.scheme), undefined);

    await vscode.commands.executeCommand("pipewarden.updatePin", script?.update);
    await eventually(
      () => document.getText(),
      (text) => text.includes(sha256) && !text.includes("0".repeat(64)),
    );
  });
});

interface Changed {
  readonly subject: string;
  readonly verdict: string;
  readonly texts?: { readonly after: string };
  readonly update?: unknown;
}
