import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { run } from "../../server/cli/run.ts";
import { useFolders, withoutPrivileges } from "../support/folder.ts";
import { breach, clean, mild, type Outcome, pipewarden, projectRoot, sourceProgram } from "./command-line.ts";

describe("pipewarden scan", () => {
  const makeFolder = useFolders();

  describe("chooses files", () => {
    const paths = async (args: readonly string[], cwd: string) => {
      const { out } = await pipewarden(["scan", "--format", "json", ...args], cwd);
      const { findings }: { findings: { path: string }[] } = JSON.parse(out);
      return [...new Set(findings.map((finding) => finding.path))];
    };
    const everywhere = {
      ".gitignore": "ignored/\n",
      ".git/HEAD": "",
      "a/.github/workflows/ci.yml": mild,
      "ignored/.gitlab-ci.yml": "a:\n  script: curl -s https://x.io/i.sh | sh\n",
      "vendor/lib/.github/workflows/ci.yml": mild,
    };

    it("leaves out ignored and vendored ones where nothing is named", async () => {
      assert.deepEqual(await paths([], makeFolder(everywhere)), ["a/.github/workflows/ci.yml"]);
    });

    it("reads a named folder whole", async () => {
      const all = ["a/.github/workflows/ci.yml", "ignored/.gitlab-ci.yml", "vendor/lib/.github/workflows/ci.yml"];
      assert.deepEqual(await paths(["."], makeFolder(everywhere)), all);
    });

    it("leaves out what --exclude matches, in folders and among named files", async () => {
      const folder = makeFolder(everywhere);
      assert.deepEqual(await paths([".", "--exclude", "vendor", "--exclude", "*-ci.yml"], folder), [
        "a/.github/workflows/ci.yml",
      ]);
      assert.deepEqual(await paths(["ignored/.gitlab-ci.yml", "--exclude", "ignored/"], folder), []);
    });

    it("shows paths from a single named folder, else from the current one", async () => {
      const folder = makeFolder({
        "a/.gitlab-ci.yml": "a: {script: curl x.io|sh}",
        "b/.gitlab-ci.yml": "a: {script: curl x.io|sh}",
      });
      assert.deepEqual(await paths(["a"], folder), [".gitlab-ci.yml"]);
      assert.deepEqual(await paths(["a/.gitlab-ci.yml"], folder), ["a/.gitlab-ci.yml"]);
      assert.deepEqual(await paths(["b", "a"], folder), ["b/.gitlab-ci.yml", "a/.gitlab-ci.yml"]);
      assert.deepEqual(await paths(["../a"], path.join(folder, "b")), [".gitlab-ci.yml"]);
    });

    it("reads a file that is named twice once", async () => {
      const folder = makeFolder({ ".gitlab-ci.yml": "a: {script: curl x.io|sh}" });
      const { out } = await pipewarden(["scan", ".", ".gitlab-ci.yml", folder, "--format", "json"], folder);
      assert.equal(JSON.parse(out).findings.length, 1);
    });

    it("heeds the settings file of the repository, and tells of mistakes in it", async () => {
      const folder = makeFolder({
        ".git/HEAD": "",
        ".pipewarden.yml": "rules:\n  unpinned-action: off\n  nonsense: off\nexclude: [b/]\n",
        "a/.github/workflows/ci.yml": mild,
        "b/.gitlab-ci.yml": "a: {script: curl x.io|sh}",
      });
      const { code, out, err } = await pipewarden(["scan"], folder);
      assert.deepEqual([code, out], [0, "Nothing to report in 1 CI file.\n"]);
      assert.match(err, /^pipewarden: \.pipewarden\.yml:3: There is no rule “nonsense”\./);
    });
  });

  describe("meets bad files", () => {
    const noticesOf = ({ out }: Outcome): readonly string[] =>
      JSON.parse(out).notices.map(
        ({ path: file, message }: { path: string; message: string }) => `${file}: ${message}`,
      );

    it("and goes on, with the exit code that the good ones give", async () => {
      const folder = makeFolder({
        "binary.yml": "a\0b",
        "huge.yml": "#".repeat(2 * 1024 * 1024 + 1),
        "latin.yml": Buffer.from("a: ü", "latin1"),
        "utf16.yml": Buffer.from("\uFEFFa: b", "utf16le"),
        "empty.yml": "",
        "broken.yml": "{[}: - *x\n\t&",
        ".github/workflows/ci.yml": clean,
      });
      symlinkSync("nowhere", path.join(folder, "broken-link.yml"));
      symlinkSync(folder, path.join(folder, "loop"));
      execFileSync("mkfifo", [path.join(folder, "pipe.yml")]);
      const outcome = await pipewarden(["scan", ".", "--format", "json"], folder);
      assert.equal(outcome.code, 0);
      assert.deepEqual(noticesOf(outcome), [
        "binary.yml: Is a binary file.",
        "huge.yml: Is larger than 2 MiB.",
        "latin.yml: Is not UTF-8 text.",
        "utf16.yml: Is UTF-16 text; only UTF-8 is read.",
      ]);
      assert.equal(outcome.err.split("\n").length, 5);
    });

    it("that it has no permission to read, in a folder that it has none to list", async () => {
      const folder = makeFolder({ "guarded.yml": "", "closed/a.yml": "", ".github/workflows/ci.yml": clean });
      chmodSync(folder, 0o755);
      chmodSync(path.join(folder, "guarded.yml"), 0);
      chmodSync(path.join(folder, "closed"), 0);
      const outcome = await withoutPrivileges(() => inProcess(["scan", "--format", "json"], folder));
      chmodSync(path.join(folder, "closed"), 0o755);
      assert.equal(outcome.code, 0);
      const denied = "Cannot be read: permission denied.";
      assert.deepEqual(noticesOf(outcome), [`guarded.yml: ${denied}`, `closed: ${denied}`]);
    });

    it("that were named and are no CI files, and says so", async () => {
      const { code, err } = await pipewarden(["scan", "a.yml"], makeFolder({ "a.yml": "a: b\n" }));
      assert.deepEqual([code, err], [0, "pipewarden: a.yml: Is no CI file that Pipewarden knows.\n"]);
    });
  });

  describe("as text", () => {
    it("groups findings by file, lists what each could have read, and sums up", async () => {
      const folder = makeFolder({ "a/.github/workflows/ci.yml": breach, "b/.github/workflows/ci.yml": clean });
      const { out } = await pipewarden(["scan"], folder);
      const lines = out.split("\n");
      assert.equal(lines[0], "a/.github/workflows/ci.yml");
      const at = lines.findIndex((line) => line.endsWith("[unpinned-remote-script]"));
      assert.match(lines[at] ?? "", /^ {3}11:14 {2}error {8}.*codecov\.io/);
      assert.match(lines[at + 1] ?? "", /^ {23}It could read CODECOV_TOKEN \(.*DEPLOY_KEY \(/);
      assert.match(lines.at(-2) ?? "", /^2 errors|^1 error, 1 warning in 1 file; 2 CI files read\.$/);
    });

    it("is coloured on a terminal alone", async () => {
      const folder = makeFolder({ ".github/workflows/ci.yml": breach });
      const [plain, coloured] = [await inProcess(["scan"], folder), await inProcess(["scan"], folder, true)];
      assert.ok(!plain.out.includes("\u001b"));
      assert.ok(coloured.out.includes("\u001b[31merror"));
      assert.equal(coloured.out.replace(/\u001b\[\d+m/g, ""), plain.out);
    });

    it("shows characters that would steer the terminal as codes", async () => {
      const name = "\u001b[2J\n\u202egpj.yml";
      const folder = makeFolder({
        [`${name}/.gitlab-ci.yml`]: 'a:\n  script: "curl -s https://x.io/\u009b31m | sh"\n',
        "\u0007.yml": "\0",
      });
      const { out, err } = await pipewarden(["scan"], folder);
      assert.equal(out.split("\n")[0], "\\u{1b}[2J\\u{a}\\u{202e}gpj.yml/.gitlab-ci.yml");
      assert.equal(err, "pipewarden: \\u{7}.yml: Is a binary file.\n");
      assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    });
  });

  it("writes the report to a file, without colours", async () => {
    const folder = makeFolder({ ".github/workflows/ci.yml": breach });
    const { out } = await inProcess(["scan"], folder);
    const written = await inProcess(["scan", "--output", "r.txt"], folder, true);
    assert.deepEqual(written, { code: 1, out: "", err: "" });
    assert.equal(readFileSync(path.join(folder, "r.txt"), "utf8"), out);
  });

  it("ends in silence when its reader goes away", async () => {
    const step = "      - uses: someone/something@v1\n";
    const folder = makeFolder({ ".github/workflows/ci.yml": mild + step.repeat(2000) });
    const child = spawn(process.execPath, [sourceProgram, "scan", "--format", "json"], { cwd: folder });
    const err: Buffer[] = [];
    child.stderr.on("data", (chunk) => err.push(chunk));
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.deepEqual([code, Buffer.concat(err).toString()], [1, ""]);
  });

  const built = path.join(projectRoot, "dist/cli.js");
  (existsSync(built) ? it : it.skip)("says the same when it is built", async () => {
    const folder = makeFolder({ ".github/workflows/ci.yml": breach });
    const args = ["scan", "--format", "sarif"];
    assert.deepEqual(await pipewarden(args, folder, built), await pipewarden(args, folder));
  });
});

async function inProcess(args: readonly string[], cwd: string, colours = false): Promise<Outcome> {
  const texts = { out: "", err: "" };
  const terminal = {
    version: "0",
    cwd,
    colours,
    isTerminal: false,
    githubWorkspace: undefined,
    serve: () => assert.fail("a scan serves nobody"),
    interruption: () => new AbortController().signal,
    out: (text: string) => (texts.out += text),
    err: (text: string) => (texts.err += text),
  };
  return { code: await run(args, terminal), ...texts };
}
