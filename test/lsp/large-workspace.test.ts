import assert from "node:assert/strict";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { useFolders } from "../support/folder.ts";
import { type Session, type SessionOptions, uriOf, useSessions } from "./session.ts";
import { codecov, workflow } from "./workflows.ts";

const ci = ".github/workflows/ci.yml";

/** Of the same length as the workflow, and without a finding. */
const quiet = workflow("echo ".padEnd(codecov.length, "x"));

describe("a large workspace", () => {
  const start = useSessions();
  const folder = useFolders();

  /** Starts a session that keeps reports in `storage`, and waits until the file has so many findings. */
  const look = async (root: string, storage: string, count: number, options: SessionOptions = {}): Promise<Session> => {
    const initializationOptions = { storage: pathToFileURL(storage).href };
    const session = await start({ folders: [root], initializationOptions, ...options });
    session.pullWorkspace();
    const marker = uriOf(root, "marker", ci);
    // The marker is found in every session, so what has not been reported by then is not there.
    await session.until(() => session.reported.get(marker)?.length === 1);
    await session.until(() => (session.reported.get(uriOf(root, ci))?.length ?? 0) === count);
    return session;
  };
  /** A workspace whose files are older than the steps of any file system's clock. */
  const workspace = (files: Readonly<Record<string, string>>) => {
    const root = folder({ ...files, [`marker/${ci}`]: workflow() });
    for (const file of [...Object.keys(files), `marker/${ci}`]) age(path.join(root, file));
    return root;
  };
  const keptFile = (storage: string) =>
    readdirSync(storage)
      .filter((name) => name.endsWith(".reports"))
      .map((name) => path.join(storage, name))[0];
  const kept = async (storage: string): Promise<string> => {
    for (;;) {
      const file = keptFile(storage);
      if (file !== undefined) return file;
      await new Promise(setImmediate);
    }
  };

  describe("after a restart", () => {
    it("reads no file again whose size and time are as they were", async () => {
      const [root, storage] = [workspace({ [ci]: workflow() }), folder()];
      const first = await look(root, storage, 1);
      await kept(storage);
      await first.stop();
      replace(path.join(root, ci), quiet);
      await look(root, storage, 1);
    });

    for (const [what, change] of [
      ["time", (file: string) => replace(file, quiet, 5)],
      ["size", (file: string) => replace(file, `${quiet}#\n`)],
    ] as const) {
      it(`reads a file again whose ${what} is another`, async () => {
        const [root, storage] = [workspace({ [ci]: workflow() }), folder()];
        const first = await look(root, storage, 1);
        await kept(storage);
        await first.stop();
        change(path.join(root, ci));
        await look(root, storage, 0);
      });
    }

    it("analyses again where the settings are others", async () => {
      const [root, storage] = [workspace({ [ci]: workflow() }), folder()];
      const first = await look(root, storage, 1);
      await kept(storage);
      await first.stop();
      replace(path.join(root, ci), quiet);
      const settings = (section: string) =>
        section === "pipewarden" ? { rules: { "pipeline-wide-secret": "off" } } : null;
      await look(root, storage, 0, { settings });
    });

    it("analyses again where the repository has a settings file now", async () => {
      const [root, storage] = [workspace({ ".git/HEAD": "", [ci]: workflow() }), folder()];
      const first = await look(root, storage, 1);
      await kept(storage);
      await first.stop();
      writeFileSync(path.join(root, ".pipewarden.yml"), `exclude: [/${ci}]\n`);
      await look(root, storage, 0);
    });

    it("analyses again where another build of the program has written what is kept", async () => {
      const [root, storage] = [workspace({ [ci]: workflow() }), folder()];
      const first = await look(root, storage, 1);
      const file = await kept(storage);
      await first.stop();
      const [, ...lines] = readFileSync(file, "utf8").split("\n");
      writeFileSync(file, ["another build", ...lines].join("\n"));
      replace(path.join(root, ci), quiet);
      await look(root, storage, 0);
    });

    it("takes what is damaged for what is not there", async () => {
      const [root, storage] = [workspace({ [ci]: workflow() }), folder()];
      const first = await look(root, storage, 1);
      const file = await kept(storage);
      await first.stop();
      const [build = ""] = readFileSync(file, "utf8").split("\n");
      writeFileSync(file, `${build}\n${uriOf(root, ci)}\t{"settings"\tnothing\n${uriOf(root, ci)}`);
      await look(root, storage, 1);
    });

    it("finds no text of a file in what is kept, and nobody else may read it", async () => {
      const text = `${workflow()}# a-comment-of-the-file\n`;
      const [root, storage] = [workspace({ [ci]: text }), folder()];
      const session = await look(root, storage, 1);
      const file = await kept(storage);
      assert.equal(readFileSync(file, "utf8").includes("a-comment-of-the-file"), false);
      if (process.platform !== "win32") assert.equal(statSync(file).mode & 0o077, 0);
      await session.stop();
    });
  });

  it("is shown as far as the limit, which is said once", async () => {
    const files = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`team-${index}/${ci}`, workflow()]));
    const session = await start({
      folders: [folder(files)],
      settings: (section) => (section === "pipewarden" ? { scan: { limit: 3 } } : null),
    });
    session.pullWorkspace();
    await session.until(() => session.messages.length > 0 && session.reported.size === 3);
    assert.match(session.messages.join(), /^Pipewarden checked 3 CI files of .*pipewarden\.scan\.limit/);
  });

  it("holds what ignore files leave out, and vendored files, where a person asks for them", async () => {
    const ignored = [`build/${ci}`, `vendor/kit/${ci}`, `node_modules/kit/${ci}`];
    const files = [ci, ...ignored].map((name) => [name, workflow()] as const);
    const root = folder({ ".gitignore": "build/\n", ...Object.fromEntries(files) });
    for (const [chosen, names] of [
      [false, [ci]],
      [true, [ci, ...ignored]],
    ] as const) {
      const session = await start({
        folders: [root],
        settings: (section) => (section === "pipewarden" ? { scan: { ignored: chosen } } : null),
      });
      session.pullWorkspace();
      await session.until(() => session.reported.size === names.length);
      assert.deepEqual([...session.reported.keys()].sort(), names.map((name) => uriOf(root, name)).sort());
      await session.stop();
    }
  });

  it("is left alone where the scan is switched off, and open files are not", async () => {
    const root = folder({ [ci]: workflow(), [`team/${ci}`]: workflow() });
    const session = await start({
      folders: [root],
      settings: (section) => (section === "pipewarden" ? { scan: { enabled: false } } : null),
    });
    session.pullWorkspace();
    session.open(uriOf(root, ci), workflow());
    assert.equal((await session.pull(uriOf(root, ci))).length, 1);
    assert.deepEqual([...session.reported.keys()], [uriOf(root, ci)]);
  });

  it("says how far the scan is, and ends it when a person says so", async () => {
    const files = Object.fromEntries(Array.from({ length: 700 }, (_, index) => [`team-${index}/${ci}`, workflow()]));
    const session = await start({ folders: [folder(files)] });
    session.pullWorkspace();
    await session.until(() => session.progressReports.length > 0);
    await session.connection.sendRequest("workspace/executeCommand", { command: "pipewarden.stopScan" });
    const count = session.reported.size;
    assert.equal(count < 700, true);
    assert.match(session.progressReports[0] ?? "", /^\d+ \d+ of \d+(?: or more)? files$/);
    // Started anew it goes on to the end.
    await session.connection.sendRequest("workspace/executeCommand", { command: "pipewarden.scanWorkspace" });
    await session.until(() => session.reported.size === 700);
  });

  it("is scanned to the end although a folder goes and links lead in circles", async () => {
    const files = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`team-${index}/${ci}`, workflow()]));
    const root = folder(files);
    mkdirSync(path.join(root, "loop"));
    symlinkSync(root, path.join(root, "loop/again"));
    symlinkSync("ci.yml", path.join(root, "team-1/.github/workflows/self.yml"));
    symlinkSync("turn.yml", path.join(root, "loop/turn.yml"));
    const session = await start({ folders: [root] });
    session.pullWorkspace();
    rmSync(path.join(root, "team-599"), { recursive: true });
    await session.until(() => session.reported.has(uriOf(root, "team-598", ci)));
    await session.until(() => session.reported.has(uriOf(root, "team-1/.github/workflows/self.yml")));
    assert.deepEqual(session.logs, []);
  });
});

function age(file: string): void {
  const time = new Date("2026-01-01T00:00:00Z");
  utimesSync(file, time, time);
}

/** Writes another text with the time that {@link age} gives, or so many seconds later. */
function replace(file: string, text: string, seconds = 0): void {
  writeFileSync(file, text);
  const time = new Date(Date.parse("2026-01-01T00:00:00Z") + seconds * 1000);
  utimesSync(file, time, time);
}
