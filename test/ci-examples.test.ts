import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pipewarden, projectRoot } from "./cli/command-line.ts";
import { useFolders } from "./support/folder.ts";
import { blocksOf } from "./support/page.ts";

describe("pipelines of our own", () => {
  const makeFolder = useFolders();

  /** Everything that is found in a file, whatever its severity, also what is silenced. */
  const findingsIn = async (file: string, text: string): Promise<readonly unknown[]> =>
    findingsAt(makeFolder({ [file]: text }), file);
  const findingsAt = async (folder: string, file: string): Promise<readonly unknown[]> => {
    const { out } = await pipewarden(["scan", "--format", "json", file], folder);
    const { ciFiles, findings, suppressed } = JSON.parse(out);
    assert.equal(ciFiles, 1);
    return [...findings, ...suppressed];
  };

  for (const name of readdirSync(path.join(projectRoot, ".github/workflows"))) {
    const file = `.github/workflows/${name}`;
    const text = readFileSync(path.join(projectRoot, file), "utf8");

    it(`are clean: ${file}`, async () => {
      assert.deepEqual(await findingsAt(projectRoot, file), []);
    });

    it(`say what the token of each job may do: ${file}`, () => {
      assert.match(text, /^permissions:/m);
    });
  }

  it("would not be called clean with a tag instead of a commit", async () => {
    const file = ".github/workflows/release.yml";
    const text = readFileSync(path.join(projectRoot, file), "utf8");
    const moved = text.replace(/upload-artifact@\w+ # v4\.6\.2/, "upload-artifact@v4");
    assert.notEqual(moved, text);
    assert.notDeepEqual(await findingsIn(file, moved), []);
  });

  const examples = blocksOf("docs/ci.md").filter(
    ({ file }) => file !== undefined && file !== ".pre-commit-config.yaml",
  );

  it("are documented for code scanning, annotations and GitLab", () => {
    assert.deepEqual(
      examples.map(({ heading, file }) => [heading, file]),
      [
        ["GitHub: code scanning", ".github/workflows/pipewarden.yml"],
        ["GitHub: annotations", ".github/workflows/pipewarden.yml"],
        ["GitLab CI", ".gitlab-ci.yml"],
      ],
    );
  });

  for (const { heading, file = "", code } of examples) {
    it(`are clean: docs/ci.md, ${heading}`, async () => {
      assert.deepEqual(await findingsIn(file, code), []);
    });

    it(`call the command line as it wants to be called: docs/ci.md, ${heading}`, async () => {
      const [line] = /pipewarden scan.*/.exec(code) ?? [];
      const { code: exitCode, err } = await pipewarden((line ?? "").split(" ").slice(1), makeFolder({ [file]: code }));
      assert.deepEqual([exitCode, err], [0, ""]);
    });
  }

  it("name one commit for each version of an action, everywhere", () => {
    const texts = readdirSync(path.join(projectRoot, ".github/workflows")).map((name) =>
      readFileSync(path.join(projectRoot, ".github/workflows", name), "utf8"),
    );
    const commits = new Map<string, Set<string>>();
    for (const text of [...texts, ...examples.map(({ code }) => code)])
      for (const [, action = "", commit = "", version = ""] of text.matchAll(/uses: ([\w/-]+)@(\w{40}) # (v[\d.]+)/g)) {
        const name = `${action.split("/").slice(0, 2).join("/")} ${version}`;
        commits.set(name, (commits.get(name) ?? new Set()).add(commit));
      }
    assert.ok(commits.size > 0);
    for (const [name, known] of commits) assert.equal(known.size, 1, name);
  });
});
