import assert from "node:assert/strict";
import { useFolders } from "../support/folder.ts";
import { breach, pipewarden } from "./command-line.ts";

describe("the command line without the network", () => {
  const makeFolder = useFolders();

  it("refuses what needs it, with one message", async () => {
    const folder = makeFolder({ ".github/workflows/ci.yml": breach });
    for (const command of ["fix", "verify"]) {
      const { code, out, err } = await pipewarden([command, "--offline"], folder);
      assert.deepEqual([code, out], [2, ""]);
      assert.equal(
        err,
        `pipewarden: --offline forbids to ask the network, and ${command} can do nothing without it.\n`,
      );
    }
    assert.equal((await pipewarden(["scan", "--offline"], folder)).code, 1);
  });

  it("asks nothing for a repository whose settings forbid it", async () => {
    const folder = makeFolder({ ".github/workflows/ci.yml": breach, ".pipewarden.yml": "network: {enabled: false}\n" });
    const { out } = await pipewarden(["fix", "--dry-run"], folder);
    assert.equal(out, "");
    const { err } = await pipewarden(["fix", "--dry-run"], folder);
    assert.match(err, /network\.enabled in \.pipewarden\.yml forbids to ask the network/);
  });
});
