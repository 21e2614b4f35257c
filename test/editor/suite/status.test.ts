import assert from "node:assert/strict";
import * as vscode from "vscode";
import { closeEditors, eventually, openFile } from "./editor.ts";

interface Status {
  readonly text: string;
  readonly detail: string;
  readonly isBusy: boolean;
  readonly isError: boolean;
  readonly command: { readonly command: string };
}

async function status(): Promise<Status> {
  const extension = vscode.extensions.getExtension<{ status(): Status }>("pipewarden.pipewarden");
  assert.ok(extension);
  return (await extension.activate()).status();
}

function findingsOn(uri: vscode.Uri): number {
  return vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "pipewarden").length;
}

/** What the status has to say of everything that VS Code shows. */
function total(): string {
  const all = vscode.languages
    .getDiagnostics()
    .map(([, found]) => found.filter(({ source }) => source === "pipewarden").length)
    .filter((count) => count > 0);
  return `${all.reduce((sum, count) => sum + count, 0)} findings in ${all.length} files altogether`;
}

describe("the status in VS Code", () => {
  afterEach(closeEditors);

  it("counts the findings of the file and of the workspace, and leads to the Problems panel", async () => {
    const { document } = await openFile(".github/workflows/ci.yml");
    const said = await eventually(status, ({ text }) => /^Pipewarden: \d+ findings here$/.test(text));
    assert.equal(said.text, `Pipewarden: ${findingsOn(document.uri)} findings here`);
    // VS Code's watcher does not always tell of the folders that tests before this one removed.
    await vscode.commands.executeCommand("pipewarden.scanWorkspace");
    await eventually(status, ({ detail, isBusy }) => !isBusy && detail === total());
    const { isError, command } = await status();
    assert.deepEqual([isError, command.command], [false, "workbench.actions.view.problems"]);
  });

  it("follows the editor that is active, and what is typed", async () => {
    await openFile("deploy/kubernetes.yml");
    await eventually(status, ({ text }) => text === "Pipewarden: no findings here");
    const editor = await openFile(".github/workflows/ci.yml");
    await eventually(status, ({ text }) => /: \d+ findings here/.test(text));
    const all = new vscode.Range(0, 0, editor.document.lineCount, 0);
    const emptied = new vscode.WorkspaceEdit();
    emptied.replace(editor.document.uri, all, "on: push\npermissions: {}\njobs: {}\n");
    assert.equal(await vscode.workspace.applyEdit(emptied), true);
    await eventually(status, ({ text }) => text === "Pipewarden: no findings here");
    await vscode.commands.executeCommand("undo");
  });

  it("says that the server starts, and then again what is found", async () => {
    await openFile(".github/workflows/ci.yml");
    await eventually(status, ({ text }) => /: \d+ findings here/.test(text));
    const restarted = vscode.commands.executeCommand("pipewarden.restart");
    await eventually(status, ({ text, isBusy }) => text === "Pipewarden is starting" && isBusy);
    await restarted;
    await eventually(status, ({ text, detail }) => /: \d+ findings here/.test(text) && !detail.startsWith("0 "));
  });
});

describe("commands in VS Code", () => {
  afterEach(closeEditors);

  it("are all there that the manifest lists", async () => {
    const extension = vscode.extensions.getExtension("pipewarden.pipewarden");
    const listed: readonly { readonly command: string }[] = extension?.packageJSON.contributes.commands ?? [];
    const known = await vscode.commands.getCommands(true);
    assert.ok(listed.length > 8);
    for (const { command } of listed) assert.ok(known.includes(command), command);
    const own = known.filter((id) => id.startsWith("pipewarden."));
    const internal = own.filter((id) => !listed.some(({ command }) => command === id) && !id.endsWith(".focus"));
    assert.deepEqual(internal.sort(), ["pipewarden.applyFix", "pipewarden.updatePin"]);
  });

  it("open a sample that lies on no disk and is checked at once", async () => {
    await vscode.commands.executeCommand("pipewarden.openSample");
    const document = vscode.window.activeTextEditor?.document;
    assert.ok(document?.isUntitled);
    await eventually(
      () => findingsOn(document.uri),
      (count) => count > 3,
    );
  });
});

describe("hovers in VS Code", () => {
  afterEach(closeEditors);

  it("have a table of secrets, and links that may run one command of ours and no other", async () => {
    const commit = "11bd71901bbe5b1630ceea73d27597364c9af683";
    const content = `on: push\njobs:\n  a:\n    runs-on: x\n    env:\n      KEY: \${{ secrets.KEY }}\n    steps:\n      - uses: actions/checkout@${commit} # v4.2.2\n`;
    const document = await vscode.workspace.openTextDocument({ language: "yaml", content });
    await vscode.window.showTextDocument(document);
    const at = document.positionAt(content.indexOf("actions/checkout"));
    const hovers = await eventually(
      () => vscode.commands.executeCommand<vscode.Hover[]>("vscode.executeHoverProvider", document.uri, at),
      (found) => found.length > 0,
    );
    const contents = hovers.flatMap((hover) => hover.contents);
    const ours = contents.find((each) => each instanceof vscode.MarkdownString && each.value.includes("**Action**"));
    assert.ok(ours instanceof vscode.MarkdownString, JSON.stringify(contents));
    assert.match(ours.value, /\| `KEY` \| now, while it runs \|/);
    assert.match(ours.value, /\[Check now\]\(command:pipewarden\.verifyPins\?/);
    assert.deepEqual(ours.isTrusted, { enabledCommands: ["pipewarden.verifyPins"] });
    assert.ok(!ours.supportHtml);
  });

  it("are there in a script that a pipeline runs", async () => {
    const { document } = await openFile("ci/report.sh");
    const at = document.positionAt(document.getText().indexOf("https://codecov.io"));
    const said = async () => {
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
        "vscode.executeHoverProvider",
        document.uri,
        at,
      );
      return hovers.flatMap(({ contents }) => contents.map((each) => (typeof each === "string" ? each : each.value)));
    };
    const ours = await eventually(said, (all) => all.some((each) => each.includes("Code from the network")));
    assert.match(ours.join("\n"), /run by job “coverage”[\s\S]*the quick fix “Pin/);
  });
});
