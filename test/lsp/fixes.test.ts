import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import {
  type CodeAction,
  TextDocumentEdit,
  WorkDoneProgressCancelNotification,
} from "vscode-languageserver-protocol/node";
import { useFolders } from "../support/folder.ts";
import { answers, startNetwork, type TestNetwork } from "../support/network.ts";
import { type Session, type SessionOptions, uriOf, useSessions } from "./session.ts";
import { codecov, rangeOf, workflow } from "./workflows.ts";

const script = "#!/bin/bash\necho uploaded\n";
const sha256 = createHash("sha256").update(script).digest("hex");
const uri = "file:///nowhere/.github/workflows/ci.yml";

describe("fixes", () => {
  const start = useSessions();
  const folder = useFolders();
  let network: TestNetwork;

  before(async () => {
    network = await startNetwork();
  });
  beforeEach(() => {
    network.forget();
    network.site("codecov.io", answers.text(script));
  });
  after(() => network.close());

  const startOnline = (options: SessionOptions = {}) => start({ env: network.env, ...options });
  const fixOf = async (session: Session, of = uri, text = session.text(of)): Promise<CodeAction> => {
    const fixes = await session.fixes(of, rangeOf(text, codecov));
    const asking = fixes.find(({ command }) => command !== undefined);
    assert.ok(asking, "there is a fix that asks");
    return asking;
  };

  it("are listed without the network, the first one preferred", async () => {
    const session = await startOnline();
    session.open(uri, workflow());
    await session.pull(uri);
    const fixes = await session.fixes(uri, rangeOf(workflow(), "curl"));
    assert.ok(fixes.length > 0);
    assert.equal(fixes[0]?.isPreferred, true);
    for (const { kind, diagnostics } of fixes) {
      assert.equal(kind, "quickfix");
      assert.deepEqual(diagnostics?.[0]?.range, rangeOf(workflow(), codecov));
    }
    assert.deepEqual(await session.fixes(uri, rangeOf(workflow(), "on: push")), []);
    assert.deepEqual(network.connections, []);
  });

  it("are not listed where something else is asked for", async () => {
    const session = await startOnline();
    session.open(uri, workflow());
    const params = { textDocument: { uri }, range: rangeOf(workflow(), codecov) };
    const context = { diagnostics: [], only: ["refactor"] };
    assert.deepEqual(await session.connection.sendRequest("textDocument/codeAction", { ...params, context }), []);
  });

  it("that know their edits carry them with the document's version", async () => {
    const text = `env:\n  NPM_TOKEN: \${{ secrets.NPM_TOKEN }}\n${workflow("npm ci")}      - run: npm publish --token "$NPM_TOKEN"\n`;
    const session = await startOnline();
    session.open(uri, `${text}\n`);
    session.change(uri, text);
    const [fix] = await session.fixes(uri, rangeOf(text, "NPM_TOKEN"));
    const [change] = fix?.edit?.documentChanges ?? [];
    assert.ok(TextDocumentEdit.is(change));
    assert.deepEqual(change.textDocument, { uri, version: 2 });
  });

  it("that ask pin the script in one edit, with progress", async () => {
    const session = await startOnline();
    session.open(uri, workflow());
    const fix = await fixOf(session);
    await session.execute(fix);
    assert.deepEqual(session.messages, []);
    assert.deepEqual([...new Set(network.connections)], ["codecov.io:443"]);
    assert.equal(session.edits.length, 1);
    assert.deepEqual(session.progress, [fix.title]);
    assert.ok(session.text(uri).includes(sha256));
    assert.deepEqual(await session.pull(uri), []);
  });

  it("that ask need nothing of the editor but that it applies edits", async () => {
    const session = await startOnline({ capabilities: { workspace: { applyEdit: true } } });
    session.open(uri, workflow());
    await session.until(() => session.reported.get(uri)?.length === 1);
    await session.execute(await fixOf(session));
    assert.deepEqual(session.messages, []);
    assert.deepEqual(session.progress, []);
    assert.ok(session.edits[0]?.edit.changes?.[uri]);
    assert.ok(session.text(uri).includes(sha256));
    await session.until(() => session.reported.get(uri)?.length === 0);
  });

  it("use the proxy that is set in the editor", async () => {
    const session = await start({
      env: { ...network.env, HTTPS_PROXY: "", https_proxy: "" },
      settings: (section) => (section === "http" ? { proxy: network.proxyUrl } : null),
    });
    session.open(uri, workflow());
    await session.execute(await fixOf(session));
    assert.deepEqual(session.messages, []);
    assert.ok(session.text(uri).includes(sha256));
  });

  it("of a file that is not open are applied to what is on disk", async () => {
    const root = folder({ ".github/workflows/ci.yml": workflow() });
    const session = await startOnline({ onEdit: () => ({ applied: true }) });
    const file = uriOf(root, ".github/workflows/ci.yml");
    await session.execute(await fixOf(session, file, workflow()));
    assert.deepEqual(session.messages, []);
    const [change] = session.edits[0]?.edit.documentChanges ?? [];
    assert.ok(TextDocumentEdit.is(change));
    assert.deepEqual(change.textDocument, { uri: file, version: null });
  });

  it("may be chosen in a document that was closed since, as the list of problems does", async () => {
    const root = folder({ ".github/workflows/ci.yml": workflow() });
    const file = uriOf(root, ".github/workflows/ci.yml");
    const session = await startOnline({ onEdit: () => ({ applied: true }) });
    session.open(file, workflow());
    const fix = await fixOf(session, file);
    session.close(file);
    await session.execute(fix);
    assert.deepEqual(session.messages, []);
    assert.equal(session.edits.length, 1);
  });

  describe("are refused with the reason, and nothing is changed,", () => {
    const refuses = async (session: Session, fix: CodeAction, reason: RegExp, of = uri) => {
      const before = session.text(of);
      await session.execute(fix);
      assert.equal(session.messages.length, 1);
      assert.match(session.messages[0] ?? "", reason);
      assert.equal(session.text(of), before);
    };

    it("when the document has changed since they were listed", async () => {
      const session = await startOnline();
      session.open(uri, workflow());
      const fix = await fixOf(session);
      session.change(uri, `# note\n${workflow()}`);
      await refuses(session, fix, /changed since/u);
      assert.deepEqual(network.connections, []);
    });

    it("when the file on disk has changed since they were listed", async () => {
      const root = folder({ ".github/workflows/ci.yml": workflow() });
      const file = uriOf(root, ".github/workflows/ci.yml");
      const session = await startOnline();
      const fix = await fixOf(session, file, workflow());
      writeFileSync(path.join(root, ".github/workflows/ci.yml"), `${workflow()}# note\n`);
      await session.execute(fix);
      assert.match(session.messages[0] ?? "", /changed since/u);
      assert.deepEqual(session.edits, []);
    });

    it("when the document is edited while the network is asked", async () => {
      const session = await startOnline();
      network.site("codecov.io", (request, response) => {
        session.change(uri, `# note\n${workflow()}`);
        answers.text(script)(request, response);
      });
      session.open(uri, workflow());
      await session.execute(await fixOf(session));
      assert.equal(session.messages.length, 1);
      assert.match(session.messages[0] ?? "", /edited while/u);
      assert.equal(session.text(uri), `# note\n${workflow()}`);
      assert.deepEqual(session.edits, []);
    });

    it("when the editor does not take the edit", async () => {
      const session = await startOnline({ onEdit: () => ({ applied: false, failureReason: "it is read-only" }) });
      session.open(uri, workflow());
      await refuses(session, await fixOf(session), /did not take the edit.*it is read-only/u);
    });

    it("when the script is not there", async () => {
      network.site("codecov.io", answers.text("gone", 404));
      const session = await startOnline();
      session.open(uri, workflow());
      await refuses(session, await fixOf(session), /404/u);
      assert.deepEqual(session.edits, []);
    });

    it("when the workspace is not trusted, until it is", async () => {
      const session = await startOnline({ initializationOptions: { trusted: false } });
      session.open(uri, workflow());
      const fix = await fixOf(session);
      await refuses(session, fix, /trusted workspaces/u);
      assert.deepEqual(network.connections, []);
      await session.connection.sendNotification("pipewarden/workspaceTrusted");
      await session.execute(fix);
      assert.ok(session.text(uri).includes(sha256));
    });

    it("when the network is switched off", async () => {
      const session = await startOnline({
        settings: (section) => (section === "pipewarden" ? { network: { enabled: false } } : null),
      });
      session.open(uri, workflow());
      await refuses(session, await fixOf(session), /pipewarden\.network\.enabled/u);
      assert.deepEqual(network.connections, []);
    });

    it("when the command is called with something else", async () => {
      const session = await startOnline();
      session.open(uri, workflow());
      const command = { title: "", command: "pipewarden.applyFix", arguments: [{ uri, version: "1" }] };
      await refuses(session, { title: "", command }, /error in Pipewarden/u);
      assert.equal(session.logs.length, 1);
    });
  });

  it("can be cancelled: nothing is changed and nothing is said", async () => {
    const session: Session = await startOnline({
      onProgress: ({ cancellable }, token) => {
        assert.equal(cancellable, true);
        void session.connection.sendNotification(WorkDoneProgressCancelNotification.type, { token });
      },
    });
    network.site("codecov.io", answers.hang());
    session.open(uri, workflow());
    await session.execute(await fixOf(session));
    assert.deepEqual(session.messages, []);
    assert.deepEqual(session.edits, []);
    assert.equal(session.text(uri), workflow());
  });
});
