import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { writePackages } from "../scripts/package.ts";
import { SYSTEMS } from "../server/core/index.ts";
import { systemPathTest } from "../server/workspace/globs.ts";
import { breach, clean, projectRoot, sourceProgram } from "./cli/command-line.ts";
import { useFolders } from "./support/folder.ts";
import { blocksOf } from "./support/page.ts";

const VERSION = "4.7.0";
const workflow = ".github/workflows/ci.yml";

describe("the paths that pre-commit hands over", () => {
  const hooks = readFileSync(path.join(projectRoot, ".pre-commit-hooks.yaml"), "utf8");
  const [, written = ""] = /files: \|\n\s+\(\?x\)(.*)$/s.exec(hooks) ?? [];
  const isHandedOver = new RegExp(written.replace(/\s/g, ""));
  const isCiPath = systemPathTest();
  const named = SYSTEMS.flatMap(({ globs }) => globs.flatMap(pathsOf));

  it("are those where a CI system looks for its files", () => {
    for (const file of named) assert.ok(isHandedOver.test(file) && isCiPath(file), file);
    for (const file of named) assert.ok(isHandedOver.test(`a b/.c/${file}`), `in a folder: ${file}`);
  });

  it("are no others", () => {
    const others = named.flatMap((file) => [
      `x${file}`,
      file.slice(1),
      `${file}.txt`,
      file.replace(/\.\w+$/, ""),
      file.replace(".", "x"),
      file.replace("/", "-"),
      file.replace("/", "/x/"),
      path.posix.basename(file),
    ]);
    assert.ok(others.some((file) => !isCiPath(file)));
    for (const file of others) assert.equal(isHandedOver.test(file), isCiPath(file), file);
  });
});

describe("pre-commit", function () {
  this.timeout(180_000);
  const makeFolder = useFolders();
  let home: string;
  let preCommit: PreCommit;

  before(async function () {
    const program = findPreCommit();
    if (program === undefined) {
      console.log(
        `      Skipped: pre-commit is not on this machine, and pip could not install it ("pip install pre-commit==${VERSION}").`,
      );
      this.skip();
    }
    preCommit = program;
    home = mkdtempSync(path.join(tmpdir(), "pipewarden-pre-commit-"));
  });
  after(() => {
    if (home !== undefined) rmSync(home, { recursive: true, force: true });
  });

  const [own, shared] = blocksOf("docs/ci.md").filter(({ heading }) => heading === "pre-commit");

  /** Stages files in a new repository with this configuration, and runs the hook as a commit would. */
  const commit = (
    config: string,
    files: Readonly<Record<string, string>>,
    more: Readonly<Record<string, string>> = {},
  ) => {
    const folder = makeFolder({ ...files, ".pre-commit-config.yaml": config });
    git(folder, "init", "-q");
    git(folder, "add", "-A");
    const env = { ...process.env, ...preCommit.env, ...more, PRE_COMMIT_HOME: path.join(home, "cache") };
    const { status, stdout, stderr } = spawnSync(preCommit.program, [...preCommit.args, "run"], {
      cwd: folder,
      env,
      encoding: "utf8",
    });
    return { status, said: stdout + stderr };
  };

  const everyCase = (config: string, more?: Readonly<Record<string, string>>) => {
    // The second file has the same line, and lies where no CI system looks for it.
    const found = commit(config, { [workflow]: breach, "examples/old.yml": breach, "README.md": "# Read me\n" }, more);
    assert.equal(found.status, 1, found.said);
    assert.match(found.said, /pipewarden\.+Failed/);
    assert.ok(found.said.includes("[unpinned-remote-script]"), found.said);
    assert.ok(found.said.includes(workflow) && !found.said.includes("examples/old.yml"), found.said);
    const passed = commit(config, { [workflow]: clean, "README.md": "# Read me\n" }, more);
    assert.deepEqual([passed.status, /pipewarden\.+Passed/.test(passed.said)], [0, true], passed.said);
    const skipped = commit(config, { "README.md": "# Read me\n" }, more);
    assert.deepEqual([skipped.status, /no files to check\)Skipped/.test(skipped.said)], [0, true], skipped.said);
  };

  it("installs the package for itself, without the network but for the package, and scans what is committed", async () => {
    const { commandLine } = await writePackages(home);
    const config = own?.code.replace(/"pipewarden@[\d.]+"/, JSON.stringify(commandLine)) ?? "";
    assert.ok(config.includes(commandLine), config);
    everyCase(config, { npm_config_offline: "true", npm_config_cache: path.join(home, "npm") });
  });

  it("takes the hook from our repository, and the program from the PATH", () => {
    const source = makeFolder();
    cpSync(path.join(projectRoot, ".pre-commit-hooks.yaml"), path.join(source, ".pre-commit-hooks.yaml"));
    git(source, "init", "-q");
    git(source, "add", "-A");
    git(source, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x");
    git(source, "tag", "v0.1.0");
    const config = shared?.code.replace(/repo: .*/, `repo: ${source}`).replace(/rev: .*/, "rev: v0.1.0") ?? "";
    const bin = makeFolder();
    writeFileSync(path.join(bin, "pipewarden"), `#!/bin/sh\nexec '${process.execPath}' '${sourceProgram}' "$@"\n`);
    chmodSync(path.join(bin, "pipewarden"), 0o755);
    everyCase(config, { PATH: `${bin}${path.delimiter}${process.env.PATH}` });
  });
});

interface PreCommit {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The one on the PATH, else one from PyPI, which stays in out/; `undefined` where neither can be had. */
function findPreCommit(): PreCommit | undefined {
  if (process.platform === "win32") return undefined;
  if (spawnSync("pre-commit", ["--version"], { stdio: "ignore" }).status === 0)
    return { program: "pre-commit", args: [], env: {} };
  const folder = path.join(projectRoot, `out/pre-commit-${VERSION}`);
  const found = { program: "python3", args: ["-m", "pre_commit"], env: { PYTHONPATH: folder } };
  if (!existsSync(folder)) {
    const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "0"];
    const { status } = spawnSync("python3", [...args, "--target", folder, `pre-commit==${VERSION}`], {
      stdio: "ignore",
      timeout: 100_000,
    });
    if (status !== 0) rmSync(folder, { recursive: true, force: true });
  }
  const { status } = spawnSync(found.program, [...found.args, "--version"], {
    env: { ...process.env, ...found.env },
    stdio: "ignore",
  });
  return status === 0 ? found : undefined;
}

function git(cwd: string, ...args: readonly string[]): void {
  execFileSync("git", args, { cwd, stdio: "pipe" });
}

/** Paths that a glob matches: each alternative, with and without what `*` and `**` leave open. */
function pathsOf(glob: string): readonly string[] {
  const braces = /\{([^{}]*)\}/.exec(glob);
  if (braces !== null) return (braces[1] ?? "").split(",").flatMap((each) => pathsOf(glob.replace(braces[0], each)));
  return [
    ["", "x"],
    ["a/.b/", "x-1.y"],
  ].map(([folders = "", name = ""]) =>
    glob
      .replaceAll("**/", folders)
      .replaceAll("*", name)
      .replace(/\[(.).*?\]/g, "$1"),
  );
}
