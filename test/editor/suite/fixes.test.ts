import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as vscode from "vscode";
import { codecovScript } from "../codecov-script.ts";
import {
  attempts,
  choose,
  closeEditors,
  eventually,
  findingOn,
  findings,
  openFile,
  quickFix,
  ruleOf,
} from "./editor.ts";

const workflow = ".github/workflows/ci.yml";
const command = "bash <(curl -s https://codecov.io/bash)";
const sha256 = createHash("sha256").update(codecovScript).digest("hex");

describe("fixes in VS Code", () => {
  afterEach(closeEditors);

  it("pin the script in one step that one undo takes back", async () => {
    const { document } = await openFile(workflow);
    const before = document.getText();
    const { range } = await findingOn(document, "unpinned-remote-script", command);
    await choose(await quickFix(document.uri, range, /^Pin /));
    await eventually(
      () => document.getText(),
      (text) => text.includes(sha256),
    );
    assert.ok(!document.getText().includes(command));
    assert.ok((await attempts()).includes("codecov.io:443"), "the proxy was asked");
    await findings(document.uri, (all) => all.every((finding) => ruleOf(finding) !== "unpinned-remote-script"));
    await vscode.commands.executeCommand("undo");
    assert.equal(document.getText(), before);
  });

  it("pin the script in GitLab's dialect with its arguments", async () => {
    const { document } = await openFile(".gitlab-ci.yml");
    const piped = 'curl -s https://codecov.io/bash | bash -s -- -t "$CODECOV_TOKEN"';
    const { range } = await findingOn(document, "unpinned-remote-script", piped);
    await choose(await quickFix(document.uri, range, /^Pin /));
    await eventually(
      () => document.getText(),
      (text) => text.includes(sha256),
    );
    assert.match(document.getText(), /bash \S*codecov\S* -t "\$CODECOV_TOKEN"/);
    await findings(document.uri, (all) => all.every((finding) => ruleOf(finding) !== "unpinned-remote-script"));
  });

  it("pin a download in the script that a pipeline runs, where it stands", async () => {
    const { document } = await openFile("ci/report.sh");
    const before = document.getText();
    const { range } = await findingOn(document, "unverified-download", "curl -s https://codecov.io/bash -o codecov.sh");
    await choose(await quickFix(document.uri, range, /^Pin /));
    await eventually(
      () => document.getText(),
      (text) => text.includes(sha256),
    );
    await findings(document.uri, (all) => all.length === 0);
    assert.ok(!(await openFile(".gitlab-ci.yml")).document.isDirty, "the pipeline stays as it is");
    await openFile("ci/report.sh");
    await vscode.commands.executeCommand("undo");
    assert.equal(document.getText(), before);
  });

  it("pin an action to the commit of its tag, with the most exact version", async () => {
    const { document } = await openFile(workflow);
    const { range } = await findingOn(document, "unpinned-action", "actions/checkout@v4");
    const { line } = range.start;
    await choose(await quickFix(document.uri, range, /^Pin /));
    await eventually(
      () => document.lineAt(line).text,
      (text) => /^ {6}- uses: actions\/checkout@[0-9a-f]{40} # v4\.2\.2$/.test(text),
    );
  });

  it("move a secret to the only step that uses it, without the network", async () => {
    const { document } = await openFile(workflow);
    const name = "AWS_SECRET_ACCESS_KEY";
    const isOnIt = (finding: vscode.Diagnostic) =>
      ruleOf(finding) === "pipeline-wide-secret" && document.getText(finding.range).includes(name);
    const finding = (await findings(document.uri, (all) => all.some(isOnIt))).find(isOnIt);
    assert.ok(finding);
    const before = await attempts();
    await choose(await quickFix(document.uri, finding.range, /^Move AWS_SECRET_ACCESS_KEY /));
    const step = document.getText().slice(document.getText().indexOf("- name: Put the shop online"));
    assert.ok(step.includes(`env:\n          ${name}: \${{ secrets.${name} }}`), step);
    await findings(document.uri, (all) => !all.some(isOnIt));
    assert.deepEqual(await attempts(), before);
  });

  it("leave the file as it is when the script is not there", async () => {
    const editor = await openFile(workflow);
    const { document } = editor;
    const { range } = await findingOn(document, "unpinned-remote-script", command);
    await editor.edit((edit) => edit.replace(range, command.replace("/bash)", "/missing)")));
    const finding = await findingOn(document, "unpinned-remote-script", command.replace("/bash)", "/missing)"));
    const before = document.getText();
    const action = await quickFix(document.uri, finding.range, /^Pin /);
    await choose(action).catch(() => undefined);
    assert.equal(document.getText(), before);
  });
});
