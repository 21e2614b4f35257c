import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Range } from "vscode-languageserver-protocol/node";
import { projectRoot, sourceProgram } from "../cli/command-line.ts";
import { useFolders } from "../support/folder.ts";
import { answers, startNetwork, type TestNetwork } from "../support/network.ts";
import { blocksOf } from "../support/page.ts";
import { codecov, rangeOf, workflow } from "./workflows.ts";

/** What neovim.lua writes down. */
interface Seen {
  readonly before: readonly Shown[];
  readonly after: readonly Shown[];
  readonly titles: readonly string[];
  readonly chosen?: string;
  readonly lines: readonly string[];
  readonly messages: string;
}

/** A diagnostic as Neovim keeps it. */
interface Shown {
  readonly range: Range;
  readonly message: string;
  readonly source: string;
  readonly code: string;
}

const file = ".github/workflows/ci.yml";
const script = "#!/bin/bash\necho uploaded\n";
const text = `permissions: {contents: read}\n${workflow()}`;

describe("Neovim", () => {
  const makeFolder = useFolders();
  let network: TestNetwork;

  let configuration: Readonly<Record<string, string>>;

  before(async function () {
    const version = neovimVersion();
    if (version === undefined) {
      console.log('      Skipped: the program nvim is not on this machine ("apt-get install neovim").');
      this.skip();
    }
    const isNew = version.major > 0 || version.minor >= 11;
    configuration = documented(isNew ? "Neovim 0.11 and later" : "Neovim 0.7 to 0.10");
    network = await startNetwork();
    network.site("codecov.io", answers.text(script));
  });
  beforeEach(() => network.forget());
  after(() => network?.close());

  /** Opens the workflow in a Neovim that has nothing but the configuration of docs/editors.md, and chooses a code action. */
  const choose = async (title: string): Promise<Seen> => {
    const home = makeFolder({
      ...configuration,
      "bin/pipewarden": `#!/bin/sh\nexec '${process.execPath}' '${sourceProgram}' "$@"\n`,
      [`project/${file}`]: text,
      "project/.git/HEAD": "ref: refs/heads/main\n",
    });
    chmodSync(path.join(home, "bin/pipewarden"), 0o755);
    const report = path.join(home, "report.json");
    const env = {
      ...process.env,
      ...network.env,
      PATH: `${path.join(home, "bin")}${path.delimiter}${process.env.PATH}`,
      HOME: home,
      ...Object.fromEntries(
        ["config", "data", "state", "cache"].map((kind) => [`XDG_${kind.toUpperCase()}_HOME`, path.join(home, kind)]),
      ),
      NODE_COMPILE_CACHE: path.join(projectRoot, "out/compile-cache"),
      PIPEWARDEN_REPORT: report,
      PIPEWARDEN_CHOOSE: title,
      PIPEWARDEN_AT: "curl",
    };
    const driver = path.join(import.meta.dirname, "neovim.lua");
    const said = await new Promise<string>((resolve) =>
      execFile(
        "nvim",
        ["--headless", "-n", file, "-c", `luafile ${driver}`],
        { cwd: path.join(home, "project"), env },
        (_error, out, err) => resolve(out + err),
      ),
    );
    assert.ok(existsSync(report), `Neovim came to no end: ${said}`);
    return JSON.parse(readFileSync(report, "utf8"));
  };

  it("shows what the server sends, and takes an edit that needs no network", async () => {
    const seen = await choose("Ignore");
    const [found] = seen.before.filter(({ code }) => code === "unpinned-remote-script");
    assert.ok(found, JSON.stringify(seen));
    assert.deepEqual(found.range, rangeOf(text, codecov));
    assert.equal(found.source, "pipewarden");
    assert.match(found.message, /^This step runs whatever https:\/\/codecov\.io\/bash sends at that moment/);
    assert.ok(
      seen.lines.some((line) => line.includes("# pipewarden: ignore[unpinned-remote-script]")),
      JSON.stringify(seen),
    );
    assert.deepEqual(
      seen.after.filter(({ code }) => code === "unpinned-remote-script"),
      [],
    );
    assert.equal(seen.messages, "");
    assert.deepEqual(network.connections, []);
  });

  it("has the server pin the script, which asks for it, and takes its edit", async () => {
    const seen = await choose("Pin");
    const sha256 = createHash("sha256").update(script).digest("hex");
    assert.ok(
      seen.lines.some((line) => line.includes(sha256)),
      JSON.stringify(seen),
    );
    assert.ok(!seen.lines.some((line) => line.includes(codecov)));
    assert.deepEqual(
      seen.after.filter(({ code }) => code === "unpinned-remote-script"),
      [],
    );
    assert.deepEqual(new Set(network.connections), new Set(["codecov.io:443"]));
  });
});

/** The files that docs/editors.md shows under a heading, by their path from a home whose configuration lies in `config`. */
function documented(heading: string): Readonly<Record<string, string>> {
  const blocks = blocksOf("docs/editors.md").filter((block) => block.heading === heading);
  assert.ok(blocks.length > 0, `docs/editors.md shows no code under “${heading}”`);
  return Object.fromEntries(blocks.map(({ file, code }) => [`${file}`.replace("~/.config/", "config/"), code]));
}

/** `undefined` where there is none. */
function neovimVersion(): { readonly major: number; readonly minor: number } | undefined {
  try {
    const said = execFileSync("nvim", ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const [, major, minor] = /NVIM v(\d+)\.(\d+)/.exec(said) ?? [];
    return { major: Number(major), minor: Number(minor) };
  } catch {
    return undefined;
  }
}
