import assert from "node:assert/strict";
import * as vscode from "vscode";
import { closeEditors, eventually, fileUri } from "./editor.ts";

/** The report that is open under a title, once it is. */
async function reportOn(title: string): Promise<vscode.TextDocument> {
  const documents = await eventually(
    () => vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === "pipewarden-report"),
    (open) => open.some(({ uri }) => uri.path === `/${title}.md`),
  );
  return documents.find(({ uri }) => uri.path === `/${title}.md`) ?? assert.fail("the report went away");
}

describe("reports in VS Code", () => {
  afterEach(async () => {
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    await closeEditors();
  });

  it("play through a breach in a read-only document whose links lead to the lines", async () => {
    await vscode.commands.executeCommand("pipewarden.breachDrill", "codecov.io");
    const document = await reportOn("Breach drill codecov.io");
    const text = document.getText();
    for (const secret of ["CODECOV_TOKEN", "NPM_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
      assert.ok(text.includes(`- \`${secret}\` (GitHub Actions): read by `), text);
    assert.match(text, /every variable configured in the project's settings \(GitLab CI\)/);
    assert.equal(vscode.workspace.fs.isWritableFileSystem(document.uri.scheme), undefined);
    const target = fileUri(".github/workflows/ci.yml");
    const links = await eventually(
      () => vscode.commands.executeCommand<vscode.DocumentLink[]>("vscode.executeLinkProvider", document.uri, 100),
      (found) => found.some((link) => link.target?.toString(true).includes("ci.yml")),
    );
    const link = links.find((each) => each.target?.path === target.path && each.target.fragment.startsWith("L30"));
    assert.ok(link, `a link to the line: ${links.map((each) => each.target?.toString()).join("\n")}`);
  });

  it("are made anew each time", async () => {
    await vscode.commands.executeCommand("pipewarden.breachDrill", "nobody.example");
    const document = await reportOn("Breach drill nobody.example");
    assert.match(document.getText(), /No step is known that would have run altered code of/);
    const edit = new vscode.WorkspaceEdit();
    const uri = fileUri(".github/workflows/ci.yml");
    const workflow = await vscode.workspace.openTextDocument(uri);
    const at = workflow.getText().indexOf("codecov.io");
    edit.replace(uri, new vscode.Range(workflow.positionAt(at), workflow.positionAt(at + 10)), "nobody.example");
    assert.ok(await vscode.workspace.applyEdit(edit));
    await vscode.window.showTextDocument(workflow);
    await vscode.commands.executeCommand("pipewarden.breachDrill", "nobody.example");
    await eventually(
      () => document.getText(),
      (text) => /1 step in 1 file would have run code of/.test(text),
    );
    await vscode.window.showTextDocument(workflow);
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  });

  it("map every secret to the code that reaches it", async () => {
    await vscode.commands.executeCommand("pipewarden.secretsMap");
    assert.match((await reportOn("Map of secrets")).getText(), /## `NPM_TOKEN` \(GitHub Actions\)/);
  });
});
