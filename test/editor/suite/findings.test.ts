import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as vscode from "vscode";
import { attempts, closeEditors, fileUri, findingOn, findings, openFile, ruleOf } from "./editor.ts";

const command = "bash <(curl -s https://codecov.io/bash)";
const download = "curl -s https://codecov.io/bash -o codecov.sh";
const gitlabCommand = 'curl -s https://codecov.io/bash | bash -s -- -t "$CODECOV_TOKEN"';

describe("Pipewarden in VS Code", () => {
  afterEach(closeEditors);

  it("underlines the Codecov command alone, and names the secrets it can read", async () => {
    const { document } = await openFile(".github/workflows/ci.yml");
    const finding = await findingOn(document, "unpinned-remote-script", command);
    const said = [finding.message, ...(finding.relatedInformation ?? []).map(({ message }) => message)].join("\n");
    for (const secret of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "NPM_TOKEN", "CODECOV_TOKEN"]) {
      assert.ok(said.includes(secret), `${secret} in: ${said}`);
    }
  });

  it("underlines actions that a tag names, and secrets that every step can read", async () => {
    const { document } = await openFile(".github/workflows/ci.yml");
    await findingOn(document, "unpinned-action", "actions/checkout@v4");
    await findings(document.uri, (all) => all.some((finding) => ruleOf(finding) === "pipeline-wide-secret"));
  });

  it("underlines GitLab's dialect of the same mistake", async () => {
    const { document } = await openFile(".gitlab-ci.yml");
    await findingOn(document, "unpinned-remote-script", gitlabCommand);
  });

  it("reports files that nobody opened", async () => {
    for (const file of [".gitlab-ci.yml", ".github/actions/setup/action.yml"]) {
      await findings(fileUri(file), (all) => all.some((finding) => ruleOf(finding) === "unpinned-remote-script"));
    }
    await findings(fileUri("ci/report.sh"), (all) => all.length === 1);
  });

  it("underlines the line of a script that a pipeline runs, and names the step", async () => {
    const { document } = await openFile("ci/report.sh");
    assert.equal(document.languageId, "shellscript");
    const { relatedInformation = [] } = await findingOn(document, "unverified-download", download);
    const step = relatedInformation.find(({ message }) => message.startsWith("Run by "));
    assert.equal(step?.location.uri.fsPath, fileUri(".gitlab-ci.yml").fsPath);
  });

  it("follows what is typed in such a script, and in the pipeline that runs it", async () => {
    const editor = await openFile("ci/report.sh");
    const { document } = editor;
    const { range } = await findingOn(document, "unverified-download", download);
    await editor.edit((edit) => edit.insert(new vscode.Position(1, 0), "# é😀\n"));
    const { range: moved } = await findingOn(document, "unverified-download", download);
    assert.equal(moved.start.line, range.start.line + 1);
    const pipeline = await vscode.window.showTextDocument(
      await vscode.workspace.openTextDocument(fileUri(".gitlab-ci.yml")),
      vscode.ViewColumn.Beside,
    );
    const call = "./ci/report.sh";
    const at = pipeline.document.positionAt(pipeline.document.getText().indexOf(call));
    await pipeline.edit((edit) => edit.replace(new vscode.Range(at, at.translate(0, call.length)), "make"));
    await findings(document.uri, (all) => all.length === 0);
    await vscode.commands.executeCommand("undo");
    await findingOn(document, "unverified-download", download);
  });

  it("says nothing about a script that no pipeline runs", async () => {
    const uri = fileUri("ci/unused.sh");
    writeFileSync(uri.fsPath, `#!/bin/sh\n${gitlabCommand}\n`);
    await openFile("ci/unused.sh");
    const { document } = await openFile("ci/report.sh");
    await findingOn(document, "unverified-download", download);
    assert.deepEqual(await findings(uri, () => true), []);
    rmSync(uri.fsPath);
  });

  it("says nothing about YAML that is no pipeline", async () => {
    const silent = ["deploy/kubernetes.yml", "docker-compose.yml"];
    for (const file of silent) await openFile(file);
    // The server answers in order: once it has followed a later edit, it has looked at these files too.
    const editor = await openFile(".gitlab-ci.yml");
    const { range } = await findingOn(editor.document, "unpinned-remote-script", gitlabCommand);
    await editor.edit((edit) => edit.replace(range, "echo nothing"));
    await findings(editor.document.uri, (all) => all.every((finding) => ruleOf(finding) !== "unpinned-remote-script"));
    for (const file of silent) assert.deepEqual(await findings(fileUri(file), () => true), []);
  });

  it("follows what is typed", async () => {
    const editor = await openFile(".github/workflows/ci.yml");
    const { document } = editor;
    const { range } = await findingOn(document, "unpinned-remote-script", command);
    await editor.edit((edit) => edit.replace(range, "echo nothing"));
    await findings(document.uri, (all) => all.every((finding) => ruleOf(finding) !== "unpinned-remote-script"));
    await vscode.commands.executeCommand("undo");
    await findingOn(document, "unpinned-remote-script", command);
  });

  it("follows files that change on disk while they are closed", async () => {
    const uri = fileUri(".github/workflows/nightly.yml");
    writeFileSync(uri.fsPath, workflowOf("curl -s https://codecov.io/bash | bash"));
    await findings(uri, (all) => all.some((finding) => ruleOf(finding) === "unpinned-remote-script"));
    writeFileSync(uri.fsPath, workflowOf("make"));
    await findings(uri, (all) => all.length === 0);
    writeFileSync(uri.fsPath, workflowOf("curl -s https://codecov.io/bash | bash"));
    await findings(uri, (all) => all.length > 0);
    rmSync(uri.fsPath);
    await findings(uri, (all) => all.length === 0);
  });

  it("finds pipelines in folders that are new", async () => {
    const uri = fileUri("team/.github/workflows/nightly.yml");
    mkdirSync(path.dirname(uri.fsPath), { recursive: true });
    writeFileSync(uri.fsPath, workflowOf("curl -s https://codecov.io/bash | bash"));
    await findings(uri, (all) => all.some((finding) => ruleOf(finding) === "unpinned-remote-script"));
  });

  // The files of tests run in the order of their names: before this one, nobody has clicked anything.
  it("asks the network nothing", async () => {
    await openFile(".gitlab-ci.yml");
    for (const [file, rule, text] of [
      [".github/workflows/ci.yml", "unpinned-remote-script", command],
      ["ci/report.sh", "unverified-download", download],
    ] as const) {
      const { document } = await openFile(file);
      const { range } = await findingOn(document, rule, text);
      await vscode.commands.executeCommand("vscode.executeHoverProvider", document.uri, range.start);
      await vscode.commands.executeCommand("vscode.executeCodeActionProvider", document.uri, range, "quickfix", 100);
    }
    assert.deepEqual(await attempts(), []);
  });
});

function workflowOf(run: string): string {
  return `on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: ${run}\n`;
}
