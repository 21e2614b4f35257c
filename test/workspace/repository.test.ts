import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import path from "node:path";
import { contextFor, createRepositories } from "../../server/workspace/repository.ts";
import { useFolders } from "../support/folder.ts";

describe("repositoryOf", () => {
  const makeFolder = useFolders();
  const located = (folder: string, file: string) => {
    const repository = createRepositories().repositoryOf(path.join(folder, file));
    return [path.relative(folder, repository.root), repository.path];
  };

  it("takes the nearest folder that holds .git, be it a folder or a file", () => {
    const folder = makeFolder({ ".git/HEAD": "", "x/tree/.git": "gitdir: elsewhere" });
    assert.deepEqual(located(folder, "x/.github/workflows/a.yml"), ["", "x/.github/workflows/a.yml"]);
    assert.deepEqual(located(folder, "x/tree/.github/workflows/a.yml"), ["x/tree", ".github/workflows/a.yml"]);
  });

  it("takes the folder above the CI path where there is no .git", () => {
    const folder = makeFolder();
    assert.deepEqual(located(folder, "x/y/.github/workflows/a.yml"), ["x/y", ".github/workflows/a.yml"]);
    assert.deepEqual(located(folder, "x/y/.gitlab-ci.yml"), ["x/y", ".gitlab-ci.yml"]);
    assert.deepEqual(located(folder, "x/.github/actions/a/action.yml"), ["x", ".github/actions/a/action.yml"]);
  });

  it("takes the file's own folder where nothing tells more", () => {
    assert.deepEqual(located(makeFolder(), "x/y/z.yml"), ["x/y", "z.yml"]);
  });

  it("gives the same answers when it cannot remember much", () => {
    const folder = makeFolder({ "a/.git/HEAD": "", "b/.git/HEAD": "" });
    const { repositoryOf } = createRepositories(2);
    for (const name of ["a", "b", "a"]) {
      assert.equal(repositoryOf(path.join(folder, name, "x/y/z.yml")).root, path.join(folder, name));
    }
  });
});

describe("contextFor", () => {
  const makeFolder = useFolders();

  it("reads files of the repository", () => {
    const context = contextFor(makeFolder({ "ci/a.sh": "echo" }));
    assert.equal(context.read("ci/a.sh"), "echo");
    assert.equal(context.read("./ci/../ci/a.sh"), "echo");
    assert.equal(context.read("missing"), undefined);
    assert.equal(context.read("ci"), undefined);
  });

  it("never reads outside of the root", () => {
    const folder = makeFolder({ secret: "s", "secret-too/file": "s", "root/in": "i" });
    symlinkSync("../secret", path.join(folder, "root/link"));
    symlinkSync("../secret-too", path.join(folder, "root/folder"));
    symlinkSync("in", path.join(folder, "root/fine"));
    const context = contextFor(path.join(folder, "root"));
    const hostile = [
      "../secret",
      path.join(folder, "secret"),
      "link",
      "folder/file",
      "a/../../secret",
      "in\0",
      "",
      ".",
    ];
    assert.deepEqual(
      hostile.map((file) => context.read(file)),
      hostile.map(() => undefined),
    );
    assert.equal(context.read("fine"), "i");
    assert.deepEqual(context.list("folder/*"), []);
    assert.deepEqual(context.list("../*"), []);
  });

  it("reads neither large files nor such that are no UTF-8", () => {
    const context = contextFor(makeFolder({ large: "x".repeat(1024 * 1024 + 1), binary: Buffer.from([0xff, 0x00]) }));
    assert.equal(context.read("large"), undefined);
    assert.equal(context.read("binary"), undefined);
  });

  it("prefers what is open in an editor, within the root", () => {
    const folder = makeFolder({ a: "disk" });
    const context = contextFor(folder, (file) =>
      path.basename(file) === "missing" ? undefined : `open ${path.relative(folder, file)}`,
    );
    assert.equal(context.read("a"), "open a");
    assert.equal(context.read("../a"), undefined);
    assert.equal(context.read("missing"), undefined);
  });

  it("lists what a glob matches", () => {
    const context = contextFor(
      makeFolder({ "ci/a.yml": "", "ci/b.txt": "", "ci/x/c.yml": "", "d.yml": "", ".git/e.yml": "" }),
    );
    assert.deepEqual(context.list("ci/*.yml"), ["ci/a.yml"]);
    assert.deepEqual(context.list("/ci/**/*.yml"), ["ci/a.yml", "ci/x/c.yml"]);
    assert.deepEqual(context.list("**/*.yml"), ["ci/a.yml", "ci/x/c.yml", "d.yml"]);
    assert.deepEqual(context.list("d.yml"), ["d.yml"]);
  });
});
