import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import * as vscode from "vscode";
import { BREACH_DIALECTS, pinnedText } from "../../support/breach-dialects.ts";
import { codecovScript } from "../codecov-script.ts";
import {
  choose,
  closeEditors,
  eventually,
  fileUri,
  findingOn,
  findings,
  openFile,
  quickFix,
  ruleOf,
} from "./editor.ts";

const rule = "unpinned-remote-script";
const sha256 = createHash("sha256").update(codecovScript).digest("hex");
const SEVERITIES = { error: vscode.DiagnosticSeverity.Error, warning: vscode.DiagnosticSeverity.Warning } as const;

describe("the breach in VS Code", () => {
  // The workspace holds GitHub's and GitLab's dialect. The others join it, each in a folder of its own as in a folder full of clones.
  before(() => {
    const extension = vscode.extensions.getExtension("pipewarden.pipewarden");
    assert.ok(extension);
    cpSync(path.join(extension.extensionPath, "samples/dialects"), fileUri("dialects").fsPath, { recursive: true });
  });
  after(() => rmSync(fileUri("dialects").fsPath, { recursive: true }));
  afterEach(closeEditors);

  for (const [system, dialect] of Object.entries(BREACH_DIALECTS)) {
    const { folder, file, found, severity, reads } = dialect;

    it(`is underlined and pinned by one click in the dialect of ${system}`, async () => {
      const { document } = await openFile(folder === "breach" ? file : path.posix.join(folder, file));
      const before = document.getText();
      const finding = await findingOn(document, rule, found);
      assert.equal(finding.severity, SEVERITIES[severity]);
      const granted = (finding.relatedInformation ?? []).map(({ message }) => message).join("\n");
      for (const secret of reads) assert.ok(granted.includes(nameOf(secret)), `${secret} in: ${granted}`);
      await choose(await quickFix(document.uri, finding.range, /^Pin /));
      const wanted = pinnedText(before, dialect, sha256);
      await eventually(
        () => document.getText(),
        (text) => text !== before,
      );
      assert.equal(document.getText(), wanted);
      await findings(document.uri, (all) => all.every((each) => ruleOf(each) !== rule));
    });
  }
});

/** The secret of "SECRET of the whole build". */
function nameOf(secret: string): string {
  return secret.slice(0, secret.lastIndexOf(" of "));
}
