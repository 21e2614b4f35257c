import assert from "node:assert/strict";
import { TextDocumentEdit, type TextEdit } from "vscode-languageserver-protocol/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { useSessions } from "./session.ts";
import { codecov, rangeOf, workflow } from "./workflows.ts";

const uri = "file:///nowhere/.github/workflows/ci.yml";

describe("silencing in the editor", () => {
  const start = useSessions();

  for (const title of ["Ignore unpinned-remote-script here", "Ignore unpinned-remote-script in this file"]) {
    it(`is a fix that comes last and takes the finding away: ${title}`, async () => {
      const session = await start();
      session.open(uri, workflow());
      const fixes = await session.fixes(uri, rangeOf(workflow(), codecov));
      const fix = fixes.find((each) => each.title === title);
      assert.ok(fix && fixes[0] !== fix && fix.isPreferred !== true);
      const [change] = fix.edit?.documentChanges ?? [];
      assert.ok(TextDocumentEdit.is(change));
      const document = TextDocument.create(uri, "yaml", 1, workflow());
      session.change(uri, TextDocument.applyEdits(document, change.edits as TextEdit[]));
      assert.deepEqual(await session.pull(uri), []);
    });
  }

  it("tells of a comment that silences nothing, and removes it", async () => {
    const text = workflow("make # pipewarden: ignore[unpinned-remote-script]");
    const session = await start();
    session.open(uri, text);
    const [diagnostic] = await session.pull(uri);
    assert.equal(diagnostic?.code, "ineffective-suppression");
    const fixes = await session.fixes(uri, rangeOf(text, "pipewarden"));
    assert.deepEqual(
      fixes.map((each) => each.title),
      ["Remove the comment"],
    );
  });
});
