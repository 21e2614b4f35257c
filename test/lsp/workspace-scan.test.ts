import assert from "node:assert/strict";
import type { Bulk, Examined } from "../../server/lsp/bulk.ts";
import { walkFolder } from "../../server/lsp/orders.ts";
import { pack } from "../../server/lsp/packed.ts";
import type { Report } from "../../server/lsp/reports.ts";
import type { Files } from "../../server/lsp/runtime.ts";
import { createWorkspaceScan, type WorkspaceScan } from "../../server/lsp/workspace-scan.ts";

const ci = "file:///w/.github/workflows/ci.yml";
const action = "file:///w/action/action.yml";

describe("a scan of the workspace", () => {
  it("looks again at a file when one that it had looked at changes, is deleted, or is made", async () => {
    const { scan, looked } = startScan([ci], { [ci]: [action] });
    await scan.settled();
    assert.deepEqual(looked, [ci]);
    scan.lookAtDependents(action, "changed");
    await scan.settled();
    assert.deepEqual(looked, [ci, ci]);
    scan.lookAtDependents("file:///w/other.yml", "changed");
    await scan.settled();
    assert.deepEqual(looked, [ci, ci]);
  });

  it("looks again at the files that had looked into a folder that comes or goes, and at no other", async () => {
    const other = "file:///w/.github/workflows/other.yml";
    const { scan, looked } = startScan([ci, other], { [ci]: ["file:///w/ci/upload.sh"], [other]: [action] });
    await scan.settled();
    for (const [uri, how] of [
      ["file:///w/ci", "changed"],
      ["file:///w/c", "come or gone"],
      ["file:///w/ci/upload.sh/x", "come or gone"],
      [ci, "typed"],
    ] as const)
      scan.lookAtDependents(uri, how);
    await scan.settled();
    assert.deepEqual(looked, [ci, other]);
    scan.lookAtDependents("file:///w/ci", "come or gone");
    await scan.settled();
    assert.deepEqual(looked, [ci, other, ci]);
  });

  it("prefers files whose path tells that they are CI files", async () => {
    const { scan, looked } = startScan(["file:///w/a.yml", "file:///w/b.yml", ci]);
    await scan.settled();
    assert.deepEqual(looked, [ci, "file:///w/a.yml", "file:///w/b.yml"]);
  });

  it("looks at CI files alone where there are very many other ones", async () => {
    const others = Array.from({ length: 3_000 }, (_, index) => `file:///w/${index}.yml`);
    const { scan, looked } = startScan([...others, ci]);
    await scan.settled();
    assert.equal(looked.length, 2_001);
    assert.equal(looked.includes(ci), true);
  });

  it("goes on after a file that it failed on", async () => {
    const { scan, failures } = startScan(["file:///w/bad.yml", ci]);
    const reports = await scan.settled();
    assert.deepEqual(
      reports.map(({ uri }) => uri),
      [ci],
    );
    assert.deepEqual(failures, ["look at file:///w/bad.yml"]);
  });

  it("keeps a file of two folders until both are gone", async () => {
    const { scan } = startScan([ci]);
    scan.addFolder("file:///w/.github");
    await scan.settled();
    scan.removeFolder("file:///w");
    assert.equal((await scan.settled()).length, 1);
    scan.removeFolder("file:///w/.github");
    assert.equal((await scan.settled()).length, 0);
  });

  it("does not begin before it is told to", async () => {
    const { scan, looked } = startScan([ci], {}, false);
    scan.changed(ci);
    await scan.settled();
    assert.deepEqual(looked, []);
    scan.start();
    scan.start();
    await scan.settled();
    assert.deepEqual(looked, [ci]);
  });
});

/** A scan of file:///w, where each file has one finding, and those with "bad" in their name cannot be looked at. */
function startScan(uris: readonly string[], asked: Readonly<Record<string, readonly string[]>> = {}, start = true) {
  const looked: string[] = [];
  const failures: string[] = [];
  const look = async (uri: string) => {
    looked.push(uri);
    await new Promise(setImmediate);
    if (uri.includes("bad")) throw new Error("bad");
    return reportOn(uri, asked[uri]);
  };
  const files = fakeFiles(uris);
  const bulk: Bulk = {
    width: 1,
    examine: async (group) => {
      const examined: Examined[] = [];
      for (const uri of group)
        examined.push(
          await look(uri).then(
            (report) => ({ report }),
            (error: unknown) => ({ error: String(error) }),
          ),
        );
      return examined;
    },
    walk: (way, onFound) => walkFolder(way, files, onFound),
    rest: async () => {},
  };
  const scan: WorkspaceScan = createWorkspaceScan({
    files,
    examine: async (uri, isListed) => {
      const report = await look(uri);
      return isListed ? report : undefined;
    },
    bulk,
    isOpen: () => false,
    chosen: async () => ({ enabled: true, ignored: false, limit: 20_000 }),
    guard: (what, work) =>
      work().catch(() => {
        failures.push(what);
      }),
  });
  scan.addFolder("file:///w");
  if (start) scan.start();
  return { scan, looked, failures };
}

function reportOn(uri: string, asked: readonly string[] = []): Report {
  const start = { line: 0, character: 0 };
  const items = pack([{ range: { start, end: start }, message: "" }], uri);
  return { uri, parts: [{ uri, version: null, items }], asked };
}

function fakeFiles(uris: readonly string[]): Files {
  return {
    settingsFile: ".pipewarden.yml",
    locate: () => undefined,
    locator: () => () => undefined,
    stamp: () => undefined,
    read: async () => undefined,
    discover: async function* () {
      yield* uris;
    },
    isNamed: () => false,
    looksLikeCi: (uri) => uri.includes("/workflows/"),
    patternTest: () => () => false,
  };
}
