import assert from "node:assert/strict";
import type { CompletionItem, Hover } from "vscode-languageserver-protocol/node";
import { useFolders } from "../support/folder.ts";
import { uriOf, useSessions } from "./session.ts";
import { workflow } from "./workflows.ts";

const uri = "file:///nowhere/.pipewarden.yml";

describe("a repository's settings file in the editor", () => {
  const start = useSessions();
  const makeFolder = useFolders();

  it("shows what is wrong at the key", async () => {
    const session = await start();
    session.open(uri, "rules:\n  unpinned-acton: off\nnetwork: {enabled: maybe}\n");
    assert.deepEqual(
      (await session.pull(uri)).map(({ range: { start: at, end }, code }) => [
        at.line,
        at.character,
        end.character,
        code,
      ]),
      [
        [1, 2, 16, "settings"],
        [2, 19, 24, "settings"],
      ],
    );
    session.change(uri, "rules:\n  unpinned-action: off\n");
    assert.deepEqual(await session.pull(uri), []);
  });

  it("is also looked at where it is not open", async () => {
    const folder = makeFolder({ ".pipewarden.yml": "rule: {}\n", ".git/HEAD": "" });
    const session = await start({ folders: [folder] });
    session.pullWorkspace();
    await session.until(() => session.reported.get(uriOf(folder, ".pipewarden.yml"))?.length === 1);
  });

  it("is completed and explained, and no other file is", async () => {
    const session = await start();
    session.open(uri, "rules:\n  unpinned-action: \n");
    const ask = <R>(method: string, of: string, line: number, character: number) =>
      session.connection.sendRequest<R>(method, { textDocument: { uri: of }, position: { line, character } });
    const items = await ask<CompletionItem[]>("textDocument/completion", uri, 1, 19);
    assert.deepEqual(
      items.map(({ label }) => label),
      ["error", "warning", "information", "hint", "off"],
    );
    const hover = await ask<Hover>("textDocument/hover", uri, 1, 4);
    assert.match(JSON.stringify(hover.contents), /unpinned-action/);
    const other = "file:///nowhere/.github/workflows/ci.yml";
    session.open(other, workflow());
    assert.deepEqual(await ask<CompletionItem[]>("textDocument/completion", other, 0, 0), []);
  });

  it("switches the network off for who would ask it", async () => {
    const folder = makeFolder({
      ".pipewarden.yml": "network: {enabled: false}\n",
      ".github/workflows/ci.yml": workflow(),
      ".git/HEAD": "",
    });
    const session = await start({ folders: [folder] });
    const ci = uriOf(folder, ".github", "workflows", "ci.yml");
    session.open(ci, workflow());
    const [fix] = (
      await session.fixes(ci, { start: { line: 0, character: 0 }, end: { line: 20, character: 0 } })
    ).filter(({ command }) => command);
    assert.ok(fix);
    await session.execute(fix);
    assert.equal(session.messages.length, 1);
    assert.match(session.messages[0] ?? "", /network\.enabled/);
  });
});

describe("wrong settings of the editor", () => {
  const start = useSessions();

  it("are told once, by their key, and the default holds", async () => {
    const session = await start({
      settings: (section) => (section === "pipewarden" ? { rules: { "unpinned-remote-script": "loud" } } : {}),
    });
    const ci = "file:///nowhere/.github/workflows/ci.yml";
    session.open(ci, workflow());
    assert.equal((await session.pull(ci)).length, 1);
    await session.pull(ci);
    assert.equal(session.messages.length, 1);
    assert.match(session.messages[0] ?? "", /pipewarden\.rules\.unpinned-remote-script/);
  });

  it("are none where Neovim says [] for a table without anything in it", async () => {
    const session = await start({ settings: (section) => (section === "pipewarden" ? [] : null) });
    const ci = "file:///nowhere/.github/workflows/ci.yml";
    session.open(ci, workflow());
    assert.equal((await session.pull(ci)).length, 1);
    assert.deepEqual(session.messages, []);
  });
});
