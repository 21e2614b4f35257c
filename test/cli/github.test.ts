import assert from "node:assert/strict";
import path from "node:path";
import { useFolders } from "../support/folder.ts";
import { breach, clean, mild, pipewarden } from "./command-line.ts";

/** A workflow command as GitHub's runner reads it. */
interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

describe("the report for GitHub", () => {
  const makeFolder = useFolders();
  const workflow = ".github/workflows/ci.yml";

  /** The lines of the report that are commands, and the others. */
  const reportOf = async (
    folder: string,
    args: readonly string[] = [],
    more: Readonly<Record<string, string>> = {},
  ) => {
    const { out, code } = await pipewarden(["scan", "--format", "github", ...args], folder, undefined, {
      GITHUB_WORKSPACE: "",
      ...more,
    });
    const lines = out.trimEnd().split(/\r\n|\r|\n/);
    const commands = lines.flatMap((line) => readCommand(line) ?? []);
    return { code, commands, others: lines.filter((line) => readCommand(line) === undefined) };
  };

  it("is an annotation at the place, with the rule as its title and the secrets in its text", async () => {
    const { code, commands, others } = await reportOf(makeFolder({ [workflow]: breach }));
    const found = commands.find(({ properties }) => properties.title === "unpinned-remote-script");
    assert.equal(code, 1);
    assert.equal(found?.name, "error");
    assert.deepEqual(found?.properties, {
      file: workflow,
      line: "11",
      endLine: "11",
      col: "14",
      endColumn: "53",
      title: "unpinned-remote-script",
    });
    assert.match(found.message, /^This step runs .*\nIt could read CODECOV_TOKEN/);
    assert.match(others.join("\n"), /^\d+ errors?, .* in 1 file; 1 CI file read\.$/);
  });

  it("knows errors, warnings and notices", async () => {
    const at = async (severity: string) => {
      const settings = `rules:\n  unpinned-action: ${severity}\n`;
      const { commands } = await reportOf(makeFolder({ [workflow]: mild, ".pipewarden.yml": settings }));
      return commands.map(({ name }) => name);
    };
    assert.deepEqual(await at("error"), ["error"]);
    assert.deepEqual(await at("warning"), ["warning"]);
    assert.deepEqual(await at("information"), ["notice"]);
    assert.deepEqual(await at("hint"), ["notice"]);
  });

  it("gives no columns for what takes several lines", async () => {
    const script = "run: |\n          curl -s https://codecov.io/bash \\\n            | bash\n";
    const { commands } = await reportOf(makeFolder({ [workflow]: breach.replace(/run: .*\n/, script) }));
    const found = commands.find(({ properties }) => properties.title === "unpinned-remote-script");
    assert.deepEqual(
      [found?.properties.line, found?.properties.endLine, found?.properties.col, found?.properties.endColumn],
      ["12", "13", undefined, undefined],
    );
  });

  it("names files from the root of the checkout, wherever it was called", async () => {
    const folder = makeFolder({ [`app/${workflow}`]: mild });
    const fileOf = async (cwd: string, args: readonly string[], more: Readonly<Record<string, string>>) => {
      const { commands } = await reportOf(cwd, args, more);
      return commands[0]?.properties.file;
    };
    const checkout = { GITHUB_WORKSPACE: folder };
    assert.equal(await fileOf(folder, [], checkout), `app/${workflow}`);
    assert.equal(await fileOf(path.join(folder, "app"), [], checkout), `app/${workflow}`);
    assert.equal(await fileOf(folder, ["app"], checkout), `app/${workflow}`);
    assert.equal(await fileOf(folder, ["app"], {}), `app/${workflow}`);
    assert.equal(
      await fileOf(folder, [], { GITHUB_WORKSPACE: path.join(folder, "elsewhere") }),
      `${folder}/app/${workflow}`,
    );
  });

  const itWithOddNames = process.platform === "win32" ? it.skip : it;
  for (const name of [
    "a,line=1::b",
    "100%0A",
    "::error::x",
    "line\nbreak",
    "line\r\n::stop-commands::x",
    "##[error]",
  ]) {
    itWithOddNames(`stays one command with a folder ${JSON.stringify(name)}`, async () => {
      const { commands, others } = await reportOf(makeFolder({ [`${name}/${workflow}`]: mild }));
      assert.deepEqual(
        commands.map(({ properties }) => [properties.file, properties.title]),
        [[`${name}/${workflow}`, "unpinned-action"]],
      );
      assert.deepEqual(others, ["1 warning in 1 file; 1 CI file read."]);
    });
  }

  itWithOddNames("does not hand characters that steer a terminal to the log", async () => {
    const text = mild.replace("someone/something@v1", '"someone/some\\e[31mthing@v1"');
    const { out } = await pipewarden(["scan", "--format", "github"], makeFolder({ [`\u001b[2J/${workflow}`]: text }));
    assert.ok(out.includes("\\u{1b}[2J/"), out);
    assert.ok(!out.includes("\u001b"), out);
  });

  it("is one line where nothing is found", async () => {
    const { code, commands, others } = await reportOf(makeFolder({ [workflow]: clean }));
    assert.deepEqual([code, commands, others], [0, [], ["Nothing to report in 1 CI file."]]);
  });
});

/**
 * Reads a line as the runner does (`ActionCommand.TryParseV2` of https://github.com/actions/runner): properties end at the first `::`
 * and are divided by commas, and escapes are undone last.
 */
function readCommand(line: string): Command | undefined {
  const [, name, written = "", message = ""] = /^\s*::([\w-]+)(?: (.*?))?::(.*)$/.exec(line) ?? [];
  if (name === undefined) return undefined;
  const properties = Object.fromEntries(
    written.split(",").map((each) => {
      const [key = "", ...value] = each.split("=");
      return [key, unescaped(value.join("=").replaceAll("%3A", ":").replaceAll("%2C", ","))];
    }),
  );
  return { name, properties, message: unescaped(message) };
}

function unescaped(text: string): string {
  return text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
}
