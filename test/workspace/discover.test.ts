import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type DiscoverOptions, discover } from "../../server/workspace/discover.ts";
import { createNamedTest } from "../../server/workspace/named.ts";
import { useFolders, withoutPrivileges } from "../support/folder.ts";

describe("discover", () => {
  const makeFolder = useFolders();

  it("finds YAML files at any depth, hidden folders too, in a stable order", async () => {
    const folder = makeFolder({
      "b.yml": "",
      "a.yaml": "",
      "c.txt": "",
      ".github/workflows/ci.yml": "",
      "x/y/z.YML": "",
    });
    assert.deepEqual(await found(folder), ["a.yaml", "b.yml", ".github/workflows/ci.yml", "x/y/z.YML"]);
  });

  it("leaves out what was installed or vendored, and .git, where ignored files are left out", async () => {
    const folder = makeFolder({ "node_modules/a.yml": "", "x/vendor/a.yml": "", ".git/a.yml": "", "a.yml": "" });
    assert.deepEqual(await found(folder), ["a.yml"]);
  });

  it("reads everything but .git where ignored files are not left out", async () => {
    const folder = makeFolder({
      "node_modules/a.yml": "",
      "vendor/a.yml": "",
      ".git/a.yml": "",
      ".gitignore": "b.yml",
      "b.yml": "",
    });
    assert.deepEqual(await found(folder, { respectIgnore: false }), ["b.yml", "node_modules/a.yml", "vendor/a.yml"]);
  });

  it("agrees with git about nested .gitignore files, negations, anchors and odd names", async () => {
    const names = [
      "a.yml",
      "keep.yml",
      "sub/a.yml",
      "sub/keep.yml",
      "sub/deep/a.yml",
      "sub/[x] #1/a.yml",
      "sub/[x] #1/b.yml",
    ];
    const more = [
      "logs/a.yml",
      "sub/logs/a.yml",
      "sub/logs/deep/a.yml",
      "out/a.yml",
      "sub/out/a.yml",
      "!odd.yml",
      "#odd.yml",
    ];
    const folder = makeFolder({
      ...Object.fromEntries([...names, ...more].map((name) => [name, ""])),
      ".gitignore": "a.yml\r\n/out/\nlogs/\n# comment\n\n\\!odd.yml\nsub/deep\n",
      "sub/.gitignore": "!a.yml\n!logs/\nkeep.yml\n!/deep\n",
      "sub/[x] #1/.gitignore": "/b.yml\n",
      "sub/logs/.gitignore": "deep/*\n",
    });
    execFileSync("git", ["init", "-q", folder]);
    const list = ["ls-files", "--others", "--exclude-standard", "-z", "--", "*.yml"];
    const byGit = execFileSync("git", ["-c", "core.excludesFile=", ...list], { cwd: folder, encoding: "utf8" });
    assert.deepEqual((await found(folder)).sort(), byGit.split("\0").filter(Boolean).sort());
  });

  it("heeds the .gitignore files above the folder, up to the repository's root", async () => {
    const folder = makeFolder({
      ".gitignore": "all.yml",
      "repo/.git/HEAD": "",
      "repo/.gitignore": "/sub/a.yml",
      "repo/sub/a.yml": "",
    });
    writeFileSync(path.join(folder, "repo/sub/all.yml"), "");
    assert.deepEqual(await found(path.join(folder, "repo/sub")), ["all.yml"]);
  });

  it("takes a repository within a repository as one of its own", async () => {
    const folder = makeFolder({
      ".git/HEAD": "",
      ".gitignore": "a.yml",
      "clone/.git/HEAD": "",
      "clone/a.yml": "",
      "a.yml": "",
    });
    assert.deepEqual(await found(folder), ["clone/a.yml"]);
  });

  it("finds files of other names where the settings give them to a CI system, unless they are ignored", async () => {
    const folder = makeFolder({
      ".git/HEAD": "",
      ".gitignore": "ignored.tpl",
      ".pipewarden.yml": "globs: {gitlab-ci: ['ci/**/*.tpl', ignored.tpl]}\n",
      "ci/deep/a.tpl": "",
      "ci/b.txt": "",
      "other/a.tpl": "",
      "ignored.tpl": "",
      "clone/.git/HEAD": "",
      "clone/ci/a.tpl": "",
      Jenkinsfile: "",
    });
    const isNamed = createNamedTest({ "gitlab-ci": ["b.txt"], drone: ["Jenkinsfile"] });
    // What the repository says of a system goes before what the person says of it, and each repository speaks for itself.
    assert.deepEqual(await found(folder, { isNamed }), [".pipewarden.yml", "Jenkinsfile", "ci/deep/a.tpl"]);
    assert.deepEqual(await found(folder), [".pipewarden.yml"]);
  });

  it("leaves out excluded files and folders", async () => {
    const folder = makeFolder({ "a.yml": "", "x/a.yml": "", "x/b.yml": "", "y/x/c.yml": "", "z/d.yml": "" });
    assert.deepEqual(await found(folder, { exclude: ["/x/", "d.*", "y/**"] }), ["a.yml"]);
  });

  it("survives a hostile .gitignore", async () => {
    const deep = "a/".repeat(60);
    const folder = makeFolder({ [`${deep}a.yml`]: "", ".gitignore": `${"**/a/".repeat(40)}b\n${"*a".repeat(200)}b\n` });
    assert.deepEqual(await found(folder), [`${deep}a.yml`]);
  });

  it("does not follow links to folders, so that loops end and nothing is met twice", async () => {
    const folder = makeFolder({ "real/a.yml": "" });
    symlinkSync(folder, path.join(folder, "real/loop"));
    symlinkSync("real", path.join(folder, "alias"));
    assert.deepEqual(await found(folder), ["real/a.yml"]);
  });

  it("takes a link to a file only where the file lies within the folder", async () => {
    const outside = makeFolder({ "secret.yml": "" });
    const folder = makeFolder({ "real.txt": "" });
    symlinkSync(path.join(outside, "secret.yml"), path.join(folder, "out.yml"));
    symlinkSync("real.txt", path.join(folder, "in.yml"));
    symlinkSync("self.yml", path.join(folder, "self.yml"));
    symlinkSync("nowhere", path.join(folder, "broken.yml"));
    assert.deepEqual(await found(folder), ["in.yml"]);
  });

  it("tells of a folder that it may not list, and goes on", async () => {
    const folder = makeFolder({ "a/a.yml": "", "b/b.yml": "", "c/c.yml": "" });
    chmodSync(folder, 0o755);
    chmodSync(path.join(folder, "b"), 0o000);
    const told: string[] = [];
    const onUnreadable = (each: string, reason: string) => told.push(`${path.relative(folder, each)} ${reason}`);
    assert.deepEqual(await withoutPrivileges(() => found(folder, { onUnreadable })), ["a/a.yml", "c/c.yml"]);
    chmodSync(path.join(folder, "b"), 0o755);
    assert.deepEqual(told, ["b cannot be read: permission denied"]);
  });

  it("takes a folder that vanishes meanwhile for one that is not there", async () => {
    const folder = makeFolder({ "a.yml": "", "b/b.yml": "" });
    const told: string[] = [];
    const walk = discover(folder, { respectIgnore: true, onUnreadable: (each) => told.push(each) });
    assert.equal((await walk.next()).value, path.join(folder, "a.yml"));
    execFileSync("rm", ["-r", path.join(folder, "b")]);
    assert.equal((await walk.next()).done, true);
    assert.deepEqual(told, []);
  });

  it("tells of a folder that does not exist", async () => {
    const told: string[] = [];
    const missing = path.join(makeFolder(), "missing");
    await found(missing, { onUnreadable: (each, reason) => told.push(`${each} ${reason}`) });
    assert.deepEqual(told, [`${missing} does not exist`]);
  });

  it("ends at the limit, and when it is aborted", async () => {
    const folder = makeFolder({ "a.yml": "", "b.yml": "", "c.yml": "" });
    assert.deepEqual(await found(folder, { limit: 2 }), ["a.yml", "b.yml"]);
    const controller = new AbortController();
    const walk = discover(folder, { respectIgnore: true, signal: controller.signal });
    await walk.next();
    controller.abort();
    assert.equal((await walk.next()).done, true);
  });

  it("takes no folder for a file", async () => {
    const folder = makeFolder();
    mkdirSync(path.join(folder, "a.yml"));
    assert.deepEqual(await found(folder), []);
  });
});

async function found(folder: string, options: Partial<DiscoverOptions> = {}): Promise<string[]> {
  const paths: string[] = [];
  for await (const file of discover(folder, { respectIgnore: true, ...options }))
    paths.push(path.relative(folder, file));
  return paths;
}
