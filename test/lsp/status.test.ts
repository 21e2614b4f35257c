import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { FileChangeType } from "vscode-languageserver-protocol/node";
import { useFolders } from "../support/folder.ts";
import { type SessionOptions, uriOf, useSessions } from "./session.ts";
import { codecov, workflow } from "./workflows.ts";

const ci = ".github/workflows/ci.yml";

interface Status {
  readonly findings: number;
  readonly files: number;
  readonly scan?: { readonly done: number; readonly total: number };
}

describe("how it stands, told to a client that wants to know", () => {
  const start = useSessions();
  const folder = useFolders();

  /** A session with what it was told, the newest last. */
  async function startTold(options: SessionOptions = {}) {
    const session = await start({ initializationOptions: { status: true }, ...options });
    const told: Status[] = [];
    const waiting = new Set<() => void>();
    session.connection.onNotification("pipewarden/status", (status: Status) => {
      told.push(status);
      for (const look of waiting) look();
    });
    const until = (wanted: (status: Status | undefined) => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (wanted(told.at(-1))) resolve();
        };
        waiting.add(look);
        look();
      });
    return { session, told, until };
  }

  it("is the number of findings and files, as they come and go", async () => {
    const root = folder({ [ci]: workflow(), ".github/workflows/b.yml": workflow(), "values.yml": "a: 1\n" });
    const { session, until } = await startTold({ folders: [root] });
    session.pullWorkspace();
    await until((status) => status?.files === 2 && status.scan === undefined);
    const uri = uriOf(root, ci);
    session.open(uri, workflow());
    session.change(uri, "on: push\npermissions: {}\njobs: {}\n");
    assert.deepEqual(await session.pull(uri), []);
    await until((status) => status?.files === 1);
    session.close(uri);
    await until((status) => status?.files === 2);
  });

  it("says how far a scan is, and that it is over", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`p${index}/${ci}`, workflow(`echo ${index} | ${codecov}`)]),
    );
    const { session, told, until } = await startTold({ folders: [folder(files)] });
    session.pullWorkspace();
    await until((status) => status?.files === 300 && status.scan === undefined);
    assert.ok(told.some(({ scan }) => scan !== undefined && scan.done < scan.total));
    assert.ok(told.length < 100, `${told.length} notifications for 300 files`);
  });

  it("does not count an untitled document that was closed", async () => {
    const { session, told, until } = await startTold();
    session.pullWorkspace();
    session.open("untitled:Untitled-1", workflow());
    assert.ok((await session.pull("untitled:Untitled-1")).length > 0);
    await until((status) => status?.files === 1);
    session.close("untitled:Untitled-1");
    await until((status) => status?.files === 0);
    assert.equal(told.at(-1)?.findings, 0);
  });

  it("does not count the files of a folder that was removed, though they had been open", async () => {
    const root = folder({ [`a/${ci}`]: workflow(), [`b/${ci}`]: workflow() });
    const { session, until } = await startTold({ folders: [root] });
    session.pullWorkspace();
    await until((status) => status?.files === 2 && status.scan === undefined);
    const uri = uriOf(root, "b", ci);
    session.open(uri, workflow());
    await session.pull(uri);
    session.close(uri);
    rmSync(path.join(root, "b"), { recursive: true });
    session.fileChanged(uriOf(root, "b"), FileChangeType.Deleted);
    await until((status) => status?.files === 1);
  });

  it("is told to nobody else", async () => {
    const { session, told } = await startTold({ initializationOptions: {} });
    session.open("untitled:Untitled-1", workflow());
    await session.pull("untitled:Untitled-1");
    await session.pull("untitled:Untitled-1");
    assert.deepEqual(told, []);
  });
});
