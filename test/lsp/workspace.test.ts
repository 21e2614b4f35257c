import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { FileChangeType } from "vscode-languageserver-protocol/node";
import { useFolders } from "../support/folder.ts";
import { type Session, uriOf, useSessions } from "./session.ts";
import { codecov, rangeOf, workflow } from "./workflows.ts";

const ci = ".github/workflows/ci.yml";

for (const pulls of [true, false]) {
  describe(`the workspace's diagnostics for a client that ${pulls ? "asks for them" : "has to be sent them"}`, () => {
    const start = useSessions();
    const folder = useFolders();

    const startIn = async (folders: readonly string[], settings?: () => unknown): Promise<Session> => {
      const session = await start({ folders, pulls, ...(settings && { settings }) });
      if (pulls) session.pullWorkspace();
      return session;
    };
    const shown = (session: Session, uri: string) => session.reported.get(uri)?.length;

    it("cover every CI file of every folder, opened or not, at any depth", async () => {
      const [one, two] = [folder({ [ci]: workflow() }), folder({ [`clones/tool/${ci}`]: workflow() })];
      const session = await startIn([one, two]);
      await session.until(() => shown(session, uriOf(one, ci)) === 1);
      await session.until(() => shown(session, uriOf(two, "clones/tool", ci)) === 1);
      assert.deepEqual(session.reported.get(uriOf(one, ci))?.[0]?.range, rangeOf(workflow(), codecov));
    });

    it("leave out what the repository ignores, and files that are no text", async () => {
      const root = folder({
        ".git/HEAD": "",
        ".gitignore": "ignored/\n",
        [`ignored/${ci}`]: workflow(),
        [`node_modules/tool/${ci}`]: workflow(),
        ".github/workflows/binary.yml": Buffer.from([0, 1, 2, 0xff]),
        ".github/workflows/latin.yml": Buffer.concat([Buffer.from(workflow()), Buffer.from([0x23, 0xe9])]),
        [ci]: workflow(),
      });
      const session = await startIn([root]);
      await session.until(() => shown(session, uriOf(root, ci)) === 1);
      assert.deepEqual([...session.reported.keys()], [uriOf(root, ci)]);
    });

    it("follow files that are changed, made and deleted on disk", async () => {
      const root = folder({ [ci]: workflow() });
      const file = path.join(root, ci);
      const session = await startIn([root]);
      await session.until(() => shown(session, uriOf(file)) === 1);

      writeFileSync(file, workflow("make"));
      session.fileChanged(uriOf(file), FileChangeType.Changed);
      await session.until(() => shown(session, uriOf(file)) === 0);

      const other = path.join(root, "team", ci);
      mkdirSync(path.dirname(other), { recursive: true });
      writeFileSync(other, workflow());
      session.fileChanged(uriOf(other), FileChangeType.Created);
      await session.until(() => shown(session, uriOf(other)) === 1);

      rmSync(other);
      session.fileChanged(uriOf(other), FileChangeType.Deleted);
      await session.until(() => shown(session, uriOf(other)) === 0);
    });

    it("drop the files of a folder that is deleted as a whole", async () => {
      const root = folder({ [`team/${ci}`]: workflow() });
      const session = await startIn([root]);
      await session.until(() => shown(session, uriOf(root, "team", ci)) === 1);
      rmSync(path.join(root, "team"), { recursive: true });
      session.fileChanged(uriOf(root, "team"), FileChangeType.Deleted);
      await session.until(() => shown(session, uriOf(root, "team", ci)) === 0);
    });

    it("find the files of a folder that is new as a whole", async () => {
      const root = folder({ "README.md": "" });
      const session = await startIn([root]);
      const team = path.join(root, "team");
      mkdirSync(path.join(team, ".github/workflows"), { recursive: true });
      writeFileSync(path.join(team, ci), workflow());
      session.fileChanged(uriOf(team), FileChangeType.Created);
      await session.until(() => shown(session, uriOf(team, ci)) === 1);
    });

    it("follow folders that are added and removed", async () => {
      const [one, two] = [folder({ [ci]: workflow() }), folder({ [ci]: workflow() })];
      const session = await startIn([one]);
      await session.until(() => shown(session, uriOf(one, ci)) === 1);
      const event = {
        added: [{ uri: uriOf(two), name: "two" }],
        removed: [{ uri: uriOf(one), name: "one" }],
      };
      await session.connection.sendNotification("workspace/didChangeWorkspaceFolders", { event });
      await session.until(() => shown(session, uriOf(two, ci)) === 1 && shown(session, uriOf(one, ci)) === 0);
    });

    it("go back to what is on disk when a document is closed without saving", async () => {
      const root = folder({ [ci]: workflow("make") });
      const session = await startIn([root]);
      const uri = uriOf(root, ci);
      session.open(uri, workflow("make"));
      session.change(uri, workflow());
      if (pulls) assert.equal((await session.pull(uri)).length, 1);
      else await session.until(() => shown(session, uri) === 1);
      session.close(uri);
      await session.until(() => shown(session, uri) === 0);
    });

    it("forget a document outside of the workspace when it is closed", async () => {
      const [root, elsewhere] = [folder({ [ci]: workflow("make") }), folder({ [ci]: workflow() })];
      const session = await startIn([root]);
      const uri = uriOf(elsewhere, ci);
      session.open(uri, workflow());
      if (pulls) assert.equal((await session.pull(uri)).length, 1);
      else await session.until(() => shown(session, uri) === 1);
      session.close(uri);
      await session.until(() => shown(session, uri) === 0);
    });

    it("obey the settings of each folder, and follow them", async () => {
      const [one, two] = [folder({ [ci]: workflow() }), folder({ [ci]: workflow() })];
      const off = { rules: { "unpinned-remote-script": "off" } };
      const chosen = new Map<string | undefined, unknown>([[uriOf(two), off]]);
      const session = await start({
        folders: [one, two],
        pulls,
        settings: (section, scope) => (section === "pipewarden" ? chosen.get(scope) : null),
      });
      if (pulls) session.pullWorkspace();
      await session.until(() => shown(session, uriOf(one, ci)) === 1);
      assert.equal(shown(session, uriOf(two, ci)), undefined);
      chosen.set(uriOf(one), off).delete(uriOf(two));
      await session.connection.sendNotification("workspace/didChangeConfiguration", { settings: null });
      await session.until(() => shown(session, uriOf(one, ci)) === 0 && shown(session, uriOf(two, ci)) === 1);
    });

    it("follow the repository's settings file", async () => {
      const root = folder({ ".git/HEAD": "", [ci]: workflow() });
      const session = await startIn([root]);
      await session.until(() => shown(session, uriOf(root, ci)) === 1);
      const settings = path.join(root, ".pipewarden.yml");
      writeFileSync(settings, "exclude:\n  - .github/\n");
      session.fileChanged(uriOf(settings), FileChangeType.Created);
      await session.until(() => shown(session, uriOf(root, ci)) === 0);
      rmSync(settings);
      session.fileChanged(uriOf(settings), FileChangeType.Deleted);
      await session.until(() => shown(session, uriOf(root, ci)) === 1);
    });

    it("cover files of other names that settings give to a CI system, also those that are new", async () => {
      const script = "job:\n  script:\n    - curl -s https://a.example/x | sh\n";
      const root = folder({ ".git/HEAD": "", "ci/a.tpl": script, "mine/a.txt": script, "ci/other.txt": script });
      const session = await startIn([root], () => ({ globs: { "gitlab-ci": ["mine/*.txt"] } }));
      await session.until(() => shown(session, uriOf(root, "mine/a.txt")) === 1);
      assert.equal(shown(session, uriOf(root, "ci/a.tpl")), undefined);

      const settings = path.join(root, ".pipewarden.yml");
      writeFileSync(settings, "globs: {gitlab-ci: ['ci/*.tpl', 'mine/*.txt']}\n");
      session.fileChanged(uriOf(settings), FileChangeType.Created);
      await session.until(() => shown(session, uriOf(root, "ci/a.tpl")) === 1);

      writeFileSync(path.join(root, "ci/b.tpl"), script);
      session.fileChanged(uriOf(root, "ci/b.tpl"), FileChangeType.Created);
      await session.until(() => shown(session, uriOf(root, "ci/b.tpl")) === 1);

      rmSync(settings);
      session.fileChanged(uriOf(settings), FileChangeType.Deleted);
      await session.until(() => shown(session, uriOf(root, "ci/a.tpl")) === 0);
      assert.equal(shown(session, uriOf(root, "ci/other.txt")), undefined);
    });

    it("watch every file, since any may be a script that a pipeline runs", async () => {
      const session = await startIn([folder()]);
      const isWatcher = ({ method }: { method: string }) => method === "workspace/didChangeWatchedFiles";
      await session.until(() => session.registrations.some(isWatcher));
      const options = session.registrations.find(isWatcher)?.registerOptions;
      assert.deepEqual(options, { watchers: [{ globPattern: "**/*" }] });
    });
  });
}

describe("diagnostics that are sent", () => {
  const start = useSessions();

  it("come for open documents with their version, and end when the finding does", async () => {
    const session = await start({ pulls: false });
    assert.equal(session.initialized.capabilities.diagnosticProvider, undefined);
    const uri = "untitled:.github/workflows/ci.yml";
    session.open(uri, workflow());
    await session.until(() => session.reported.get(uri)?.length === 1);
    session.change(uri, workflow("make"));
    await session.until(() => session.reported.get(uri)?.length === 0);
  });
});

describe("the workspace's diagnostics for a client that cannot take them in parts", () => {
  const start = useSessions();
  const folder = useFolders();

  it("are answered as a whole", async () => {
    const root = folder({ [ci]: workflow() });
    const session = await start({ folders: [root] });
    const report = await session.connection.sendRequest("workspace/diagnostic", { previousResultIds: [] });
    assert.deepEqual(
      (report as { items: { uri: string; items: unknown[] }[] }).items.map(({ uri, items }) => [uri, items.length]),
      [[uriOf(root, ci), 1]],
    );
  });
});
