import assert from "node:assert/strict";
import { DidChangeWorkspaceFoldersNotification, ExecuteCommandRequest } from "vscode-languageserver-protocol/node";
import { type Session, useSessions } from "./session.ts";
import { codecov, workflow } from "./workflows.ts";

const DRILL = "pipewarden/breachDrill";
const virtual = "memfs:/repo";
const ci = `${virtual}/.github/workflows/ci.yml`;

async function addVirtualFolder({ connection }: Session): Promise<void> {
  const event = { added: [{ uri: virtual, name: "repo" }], removed: [] };
  await connection.sendNotification(DidChangeWorkspaceFoldersNotification.type, { event });
}

describe("a workspace that lies on no disk", () => {
  const start = useSessions();

  it("is what is open of it: documents are checked, and drills and reports know them", async () => {
    const session = await start();
    await addVirtualFolder(session);
    session.open(ci, workflow());
    assert.deepEqual(
      (await session.pull(ci)).map(({ code }) => code).filter((code) => code === "unpinned-remote-script"),
      ["unpinned-remote-script"],
    );
    const report: { markdown: string } = await session.connection.sendRequest(DRILL, { party: "codecov.io" });
    assert.match(report.markdown, /1 step in 1 file would have run code of/);
    assert.deepEqual(session.logs, []);
  });

  it("says so where that is why nothing was found", async () => {
    const session = await start();
    await addVirtualFolder(session);
    const sees = /Of a virtual workspace Pipewarden sees only the documents that are open\.$/;
    for (const command of ["pipewarden.pinWorkspace", "pipewarden.verifyPins"]) {
      await session.connection.sendRequest(ExecuteCommandRequest.type, { command, arguments: [] });
      const count = session.messages.length;
      assert.match(session.messages[count - 1] ?? "", sees, command);
    }
    assert.equal(await session.connection.sendRequest(DRILL, { party: "codecov.io" }), null);
    assert.match(session.messages.at(-1) ?? "", sees);
  });

  it("may be none at all: then it is the documents that are open", async () => {
    const session = await start();
    session.open("untitled:Untitled-1", workflow(codecov));
    const report: { markdown: string } = await session.connection.sendRequest(DRILL, { party: "codecov.io" });
    assert.match(report.markdown, /1 step in 1 file would have run code of/);
    session.close("untitled:Untitled-1");
    assert.equal(await session.connection.sendRequest(DRILL, { party: "codecov.io" }), null);
    assert.doesNotMatch(session.messages.at(-1) ?? "", /virtual/);
  });
});
