import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FileChangeType } from "vscode-languageserver-protocol/node";
import { pipewarden } from "../cli/command-line.ts";
import { useFolders } from "../support/folder.ts";
import { uriOf, useSessions } from "./session.ts";
import { workflow } from "./workflows.ts";

describe("a baseline in the editor", () => {
  const start = useSessions();
  const makeFolder = useFolders();
  const files = { ".git/HEAD": "", ".github/workflows/ci.yml": workflow() };

  it("is what the command line writes, and hides what it accepts as soon as it is there", async () => {
    const folder = makeFolder(files);
    const ci = uriOf(folder, ".github", "workflows", "ci.yml");
    const session = await start({ folders: [folder] });
    session.open(ci, workflow());
    assert.equal((await session.pull(ci)).length, 1);
    const made =
      await session.connection.sendRequest<readonly { uri: string; text: string; count: number }[]>(
        "pipewarden/baselines",
      );
    const [baseline] = made;
    assert.ok(baseline && made.length === 1);
    assert.equal(baseline.count, 1);
    writeFileSync(fileURLToPath(baseline.uri), baseline.text);
    session.fileChanged(baseline.uri, FileChangeType.Created);
    assert.deepEqual(await session.pull(ci), []);
    const range = { start: { line: 0, character: 0 }, end: { line: 30, character: 0 } };
    assert.deepEqual(await session.fixes(ci, range), []);
    assert.match((await pipewarden(["scan"], folder)).out, /1 accepted before\.$/m);
    session.change(ci, `# above\n${workflow()}`);
    assert.deepEqual(await session.pull(ci), []);
    session.change(ci, workflow().replace("codecov.io", "other.example"));
    assert.equal((await session.pull(ci)).length, 1);
  });

  it("makes the client ask anew for what is open when it changes", async () => {
    const folder = makeFolder(files);
    const ci = uriOf(folder, ".github", "workflows", "ci.yml");
    const session = await start({ folders: [folder] });
    session.open(ci, workflow());
    await session.pull(ci);
    session.pullWorkspace();
    const [baseline] =
      await session.connection.sendRequest<readonly { uri: string; text: string }[]>("pipewarden/baselines");
    assert.ok(baseline);
    writeFileSync(fileURLToPath(baseline.uri), baseline.text);
    session.fileChanged(baseline.uri, FileChangeType.Created);
    await session.until(() => session.refreshes.length > 0);
  });
});
