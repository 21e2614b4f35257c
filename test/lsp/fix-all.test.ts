import assert from "node:assert/strict";
import { type CodeAction, TextDocumentEdit, type TextEdit } from "vscode-languageserver-protocol/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { type Session, useSessions } from "./session.ts";
import { workflow } from "./workflows.ts";

const uri = "file:///nowhere/.github/workflows/ci.yml";

describe("fixing everything that needs no network", () => {
  const start = useSessions();
  const ask = (session: Session, ...only: readonly string[]) =>
    session.connection.sendRequest<CodeAction[]>("textDocument/codeAction", {
      textDocument: { uri },
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
      context: { diagnostics: [], only },
    });
  const two = `permissions: {}\nenv:\n  A_TOKEN: \${{ secrets.A_TOKEN }}\n  B_TOKEN: \${{ secrets.B_TOKEN }}\n${workflow("npm ci # pipewarden: ignore[unpinned-action]")}\
      - run: npm publish --token "$A_TOKEN"
      - run: deploy "$B_TOKEN"
      - uses: acme/tool@v4
`;

  it("is one edit of the file that leaves nothing to fix, and asks nobody", async () => {
    const session = await start();
    assert.ok(JSON.stringify(session.initialized.capabilities.codeActionProvider).includes("source.fixAll.pipewarden"));
    session.open(uri, two);
    const [action, ...others] = await ask(session, "source.fixAll");
    assert.deepEqual(others, []);
    assert.equal(action?.kind, "source.fixAll.pipewarden");
    const [change, ...more] = action.edit?.documentChanges ?? [];
    assert.ok(TextDocumentEdit.is(change) && more.length === 0);
    const after = TextDocument.applyEdits(TextDocument.create(uri, "yaml", 1, two), change.edits as TextEdit[]);
    session.change(uri, after);
    const codes = (await session.pull(uri)).map(({ code }) => code);
    assert.deepEqual(codes, ["unpinned-action"]);
    assert.match(after, /acme\/tool@v4/);
    assert.deepEqual(await ask(session, "source.fixAll.pipewarden"), []);
  });

  it("is offered only where its kind is asked for", async () => {
    const session = await start();
    session.open(uri, two);
    assert.deepEqual(await ask(session, "source.organizeImports"), []);
    assert.equal((await ask(session, "source")).length, 1);
    const quick = await ask(session, "quickfix");
    assert.ok(quick.every(({ kind }) => kind === "quickfix"));
  });

  it("does nothing to a file that is no pipeline", async () => {
    const session = await start();
    session.open(uri.replace(".github/workflows/ci", "values"), "a: 1\n");
    assert.deepEqual(await ask(session, "source.fixAll"), []);
  });
});
