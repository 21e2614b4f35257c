import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { useFolders } from "../support/folder.ts";
import { clean, pipewarden } from "./command-line.ts";

const ci = ".github/workflows/ci.yml";
const file = ".pipewarden-baseline.json";
const uses = (...names: readonly string[]) => clean + names.map((name) => `      - uses: ${name}\n`).join("");

describe("a baseline", () => {
  const makeFolder = useFolders();
  const git = { ".git/HEAD": "" };
  const scan = async (folder: string, ...args: readonly string[]) => {
    const { out, code, err } = await pipewarden(["scan", "--format", "json", ...args], folder);
    const report = JSON.parse(out);
    const rules = (list: readonly { rule: string; region: { startLine: number } }[]) =>
      list.map((each) => each.region.startLine);
    return { code, err, found: rules(report.findings), suppressed: rules(report.suppressed), gone: report.gone.length };
  };
  const write = (folder: string, ...args: readonly string[]) =>
    pipewarden(["scan", "--write-baseline", ...args], folder);

  it("hides what was accepted, wherever lines move it, and shows what is new", async () => {
    const folder = makeFolder({ ...git, [ci]: uses("acme/a@v1", "acme/a@v1", "acme/b@v1") });
    const { out, code } = await write(folder);
    assert.deepEqual([out, code], [`${file} accepts 3 findings.\n`, 0]);
    assert.deepEqual(await scan(folder), { code: 0, err: "", found: [], suppressed: [8, 9, 10], gone: 0 });
    writeFileSync(
      path.join(folder, ci),
      `# moved\n\n${uses("acme/new@v1", "acme/a@v1", "acme/a@v1", "acme/a@v1", "acme/b@v1")}`,
    );
    const { code: after, found, suppressed } = await scan(folder);
    assert.deepEqual([after, found, suppressed], [1, [10, 13], [11, 12, 14]]);
    assert.deepEqual((await scan(folder, "--no-baseline")).found.length, 5);
  });

  it("tells what is gone, and forgets it when it is written again", async () => {
    const folder = makeFolder({ ...git, [ci]: uses("acme/a@v1", "acme/b@v1") });
    await write(folder);
    writeFileSync(path.join(folder, ci), uses("acme/b@v1"));
    assert.equal((await scan(folder)).gone, 1);
    const { out } = await pipewarden(["scan"], folder);
    assert.equal(
      out,
      "Nothing to report in 1 CI file. 1 accepted before. 1 accepted before are gone: --write-baseline forgets them.\n",
    );
    assert.equal((await write(folder)).out, `${file} accepts 1 finding. 1 that are gone were dropped.\n`);
    assert.equal((await scan(folder)).gone, 0);
  });

  it("keeps what was not looked at", async () => {
    const other = ".github/workflows/other.yml";
    const folder = makeFolder({ ...git, [ci]: uses("acme/a@v1"), [other]: uses("acme/b@v1") });
    await write(folder);
    assert.equal((await scan(folder, ci)).gone, 0);
    writeFileSync(path.join(folder, ci), clean);
    assert.equal((await write(folder, ci)).out, `${file} accepts 1 finding. 1 that are gone were dropped.\n`);
    assert.deepEqual((await scan(folder)).found, []);
  });

  it("is the same text however the findings were come upon, a line for each, and holds no line of a pipeline", async () => {
    const secret = "curl -H 'X-Key:hunter2' https://a.example/i.sh | sh";
    const folder = makeFolder({ ...git, [ci]: `${uses("acme/b@v1", "acme/a@v1")}      - run: ${secret}\n` });
    await write(folder);
    const text = readFileSync(path.join(folder, file), "utf8");
    await write(folder);
    assert.equal(readFileSync(path.join(folder, file), "utf8"), text);
    assert.doesNotMatch(text, /hunter2|acme/);
    const lines = text.split("\n").filter((line) => line.includes("fingerprint"));
    assert.deepEqual(lines.length, 3);
    assert.deepEqual(
      lines.map((line) => line.replace(/,$/, "")),
      lines.map((line) => line.replace(/,$/, "")).sort(),
    );
  });

  it("does not take what comments silence", async () => {
    const folder = makeFolder({ ...git, [ci]: uses("acme/a@v1 # pipewarden: ignore[unpinned-action]") });
    assert.equal((await write(folder)).out, `${file} accepts 0 findings.\n`);
  });

  it("lies where the options or the settings say", async () => {
    const folder = makeFolder({ ...git, [ci]: uses("acme/a@v1"), ".pipewarden.yml": "baseline: ci/accepted.json\n" });
    await write(folder);
    assert.ok(existsSync(path.join(folder, "ci/accepted.json")));
    assert.deepEqual((await scan(folder)).found, []);
    await write(folder, "--baseline", "elsewhere.json");
    assert.ok(existsSync(path.join(folder, "elsewhere.json")));
    assert.deepEqual((await scan(folder, "--baseline", "elsewhere.json")).found, []);
    assert.deepEqual((await pipewarden(["scan", "--baseline", "missing.json"], folder)).code, 2);
  });

  it("never leads out of the repository by its settings", async () => {
    const folder = makeFolder({
      "a/.git/HEAD": "",
      [`a/${ci}`]: uses("acme/a@v1"),
      "a/.pipewarden.yml": "baseline: ../out.json\n",
    });
    await write(folder);
    assert.ok(!existsSync(path.join(folder, "out.json")));
  });

  it("that cannot be read hides nothing, and says so", async () => {
    for (const text of ["{", "[]", '{"version": 2, "findings": []}', '{"version": 1, "findings": [{}]}']) {
      const { found, err } = await scan(makeFolder({ ...git, [ci]: uses("acme/a@v1"), [file]: text }));
      assert.deepEqual(found, [8], text);
      assert.match(err, /so everything is shown/);
    }
  });
});
