import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  type Diagnostic,
  DiagnosticSeverity,
  FileChangeType,
  TextDocumentEdit,
} from "vscode-languageserver-protocol/node";
import { useFolders } from "../support/folder.ts";
import { answers, startNetwork, type TestNetwork } from "../support/network.ts";
import { type Session, uriOf, useSessions } from "./session.ts";
import { codecov, rangeOf, workflow } from "./workflows.ts";

const ci = ".github/workflows/ci.yml";
const nightly = ".github/workflows/nightly.yml";
const upload = "ci/upload.sh";
const script = `#!/bin/bash\necho sending\n${codecov}\n`;
const withSecret = `env:\n  NPM_TOKEN: \${{ secrets.NPM_TOKEN }}\n${workflow("bash ci/upload.sh")}`;

for (const pulls of [true, false]) {
  describe(`findings in a script that a pipeline runs, for a client that ${pulls ? "asks for them" : "has to be sent them"}`, () => {
    const start = useSessions();
    const folder = useFolders();

    const startIn = async (root: string, settings?: () => unknown): Promise<Session> => {
      const session = await start({ folders: [root], pulls, ...(settings && { settings }) });
      if (pulls) session.pullWorkspace();
      return session;
    };
    /** What the client shows in an open document, once `wanted` accepts it: its own answer, asked again when it is told to. */
    const shown = async (session: Session, uri: string, wanted: (items: readonly Diagnostic[]) => boolean) => {
      if (!pulls) {
        await session.until(() => wanted(session.reported.get(uri) ?? []));
        return session.reported.get(uri) ?? [];
      }
      for (;;) {
        const refreshes = session.refreshes.length;
        const items = await session.pull(uri);
        if (wanted(items)) return items;
        await session.until(() => session.refreshes.length > refreshes);
      }
    };
    const reported = (session: Session, uri: string) => session.reported.get(uri) ?? [];

    it("lie in the script, opened or not, and name the step", async () => {
      const root = folder({ [ci]: workflow("./ci/upload.sh"), [upload]: script });
      const session = await startIn(root);
      await session.until(() => reported(session, uriOf(root, upload)).length === 1);
      const [found] = reported(session, uriOf(root, upload));
      assert.equal(found?.code, "unpinned-remote-script");
      assert.deepEqual(found?.range, rangeOf(script, codecov));
      const step = found?.relatedInformation?.find(({ message }) => message.startsWith("Run by "));
      assert.equal(step?.location.uri, uriOf(root, ci));
      assert.equal(step?.location.range.start.line, 5);
      assert.deepEqual(reported(session, uriOf(root, ci)), []);
    });

    it("are shown in the open script, and follow what is typed in it", async () => {
      const root = folder({ [ci]: workflow("./ci/upload.sh"), [upload]: script });
      const session = await startIn(root);
      const uri = uriOf(root, upload);
      session.open(uri, script, "shellscript");
      await shown(session, uri, (items) => items.length === 1);
      const longer = `# ${"é😀".repeat(30)}\n${script}`;
      session.change(uri, longer);
      const [found] = await shown(session, uri, ([item]) => item?.range.start.line === 3);
      assert.deepEqual(found?.range, rangeOf(longer, codecov));
      session.change(uri, "#!/bin/bash\necho sending\n");
      await shown(session, uri, (items) => items.length === 0);
      assert.deepEqual(session.logs, []);
    });

    it("are one finding where two pipelines run it: the gravest, with the steps of both", async () => {
      const root = folder({ [ci]: workflow("./ci/upload.sh"), [nightly]: withSecret, [upload]: script });
      const session = await startIn(root);
      const uri = uriOf(root, upload);
      session.open(uri, script, "shellscript");
      const stepsOf = ([item]: readonly Diagnostic[]) =>
        (item?.relatedInformation ?? []).filter(({ message }) => message.startsWith("Run by "));
      const items = await shown(session, uri, (present) => stepsOf(present).length === 2);
      assert.equal(items.length, 1);
      assert.equal(items[0]?.severity, DiagnosticSeverity.Error);
      assert.deepEqual(
        stepsOf(items)
          .map(({ location }) => location.uri)
          .sort(),
        [uriOf(root, ci), uriOf(root, nightly)],
      );
      const told = items[0]?.relatedInformation?.map((place) => JSON.stringify(place));
      assert.equal(new Set(told).size, told?.length);

      rmSync(path.join(root, nightly));
      session.fileChanged(uriOf(root, nightly), FileChangeType.Deleted);
      const [left] = await shown(session, uri, (present) => stepsOf(present).length === 1);
      assert.equal(left?.severity, DiagnosticSeverity.Warning);
    });

    it("follow the script on disk: changed, deleted with its folder, and made", async () => {
      const root = folder({ [ci]: workflow("./ci/upload.sh"), [upload]: script });
      const session = await startIn(root);
      const [file, uri] = [path.join(root, upload), uriOf(root, upload)];
      await session.until(() => reported(session, uri).length === 1);
      writeFileSync(file, `\n${script}`);
      session.fileChanged(uri, FileChangeType.Changed);
      await session.until(() => reported(session, uri)[0]?.range.start.line === 3);
      rmSync(path.dirname(file), { recursive: true });
      session.fileChanged(uriOf(root, "ci"), FileChangeType.Deleted);
      await session.until(() => reported(session, uri).length === 0);
      mkdirSync(path.dirname(file));
      writeFileSync(file, script);
      session.fileChanged(uriOf(root, "ci"), FileChangeType.Created);
      await session.until(() => reported(session, uri).length === 1);
    });

    it("end when the pipeline no longer runs the script, as typed and on disk", async () => {
      const root = folder({ [ci]: workflow("./ci/upload.sh"), [upload]: script });
      const session = await startIn(root);
      const [pipeline, uri] = [uriOf(root, ci), uriOf(root, upload)];
      session.open(uri, script, "shellscript");
      await shown(session, uri, (items) => items.length === 1);
      session.open(pipeline, workflow("./ci/upload.sh"));
      session.change(pipeline, workflow("make"));
      if (pulls) assert.deepEqual(await session.pull(pipeline), []);
      await shown(session, uri, (items) => items.length === 0);
      session.change(pipeline, workflow("sh ci/upload.sh"));
      if (pulls) assert.deepEqual(await session.pull(pipeline), []);
      await shown(session, uri, (items) => items.length === 1);
      writeFileSync(path.join(root, ci), workflow("make"));
      session.close(pipeline);
      await shown(session, uri, (items) => items.length === 0);
    });

    it("go back to what is on disk when the script is closed without saving", async () => {
      const root = folder({ [ci]: workflow("./ci/upload.sh"), [upload]: "#!/bin/bash\n" });
      const session = await startIn(root);
      const uri = uriOf(root, upload);
      session.open(uri, "#!/bin/bash\n", "shellscript");
      session.change(uri, script);
      await shown(session, uri, (items) => items.length === 1);
      session.close(uri);
      await session.until(() => session.reported.get(uri)?.length === 0);
    });

    it("come from the open script although the pipeline is not open, and the other way round", async () => {
      const root = folder({ [ci]: workflow("make"), [upload]: "#!/bin/bash\n" });
      const session = await startIn(root);
      const uri = uriOf(root, upload);
      session.open(uri, script, "shellscript");
      session.open(uriOf(root, ci), workflow("./ci/upload.sh"));
      if (pulls) await session.pull(uriOf(root, ci));
      assert.equal((await shown(session, uri, (items) => items.length > 0)).length, 1);
      session.close(uri);
      writeFileSync(path.join(root, upload), script);
      session.fileChanged(uri, FileChangeType.Changed);
      await session.until(() => reported(session, uri).length === 1);
    });

    it("are left out where the settings leave out the script", async () => {
      const root = folder({
        [ci]: workflow("./ci/upload.sh"),
        [nightly]: workflow("./ci/other.sh"),
        [upload]: script,
        "ci/other.sh": script,
      });
      const session = await startIn(root, () => ({ exclude: ["upload.sh"] }));
      await session.until(() => reported(session, uriOf(root, "ci/other.sh")).length === 1);
      session.open(uriOf(root, upload), script, "shellscript");
      if (pulls) assert.deepEqual(await session.pull(uriOf(root, upload)), []);
      assert.deepEqual(reported(session, uriOf(root, upload)), []);
    });

    it("have the columns that an editor shows, also behind a byte order mark", async () => {
      const root = folder({
        [ci]: workflow("make upload"),
        [nightly]: workflow("npm run upload"),
        Makefile: `\uFEFFupload:\r\n\t@echo 😀; ${codecov}\r\n`,
        "package.json": `\uFEFF{"scripts": {"upload": "${codecov}"}}`,
      });
      const session = await startIn(root);
      await session.until(() => reported(session, uriOf(root, "package.json")).length === 1);
      await session.until(() => reported(session, uriOf(root, "Makefile")).length === 1);
      const [inJson] = reported(session, uriOf(root, "package.json"));
      assert.deepEqual(inJson?.range, rangeOf(`{"scripts": {"upload": "${codecov}"}}`, codecov));
      const [inMakefile] = reported(session, uriOf(root, "Makefile"));
      assert.deepEqual(inMakefile?.range, rangeOf(`upload:\n\t@echo 😀; ${codecov}\n`, codecov));
    });
  });
}

describe("a document that is no CI file", () => {
  const start = useSessions();
  const folder = useFolders();

  it("is not read as one, and has no findings of its own", async () => {
    const root = folder({ [ci]: workflow("make") });
    const session = await start({ folders: [root] });
    for (const [name, language] of [
      [".github/workflows/other.sh", "shellscript"],
      ["package.json", "json"],
    ] as const) {
      session.open(uriOf(root, name), workflow(), language);
      assert.deepEqual(await session.pull(uriOf(root, name)), []);
      assert.deepEqual(await session.fixes(uriOf(root, name), rangeOf(workflow(), codecov)), []);
    }
    assert.deepEqual(session.refreshes, []);
  });

  it("brings its findings to a client that never asks about the workspace", async () => {
    const root = folder({ [ci]: workflow("./ci/upload.sh"), [upload]: script });
    const session = await start({ folders: [root] });
    const uri = uriOf(root, upload);
    session.open(uri, script, "shellscript");
    for (let found = await session.pull(uri); found.length === 0; found = await session.pull(uri)) {
      const { length } = session.refreshes;
      await session.until(() => session.refreshes.length > length);
    }
  });
});

describe("fixes in a script that a pipeline runs", () => {
  const start = useSessions();
  const folder = useFolders();
  const answer = "echo uploaded\n";
  const sha256 = createHash("sha256").update(answer).digest("hex");
  let network: TestNetwork;

  before(async () => {
    network = await startNetwork();
  });
  beforeEach(() => {
    network.forget();
    network.site("codecov.io", answers.text(answer));
  });
  after(() => network.close());

  const files: Readonly<Record<string, string>> = {
    [ci]: workflow("./ci/upload.sh"),
    [nightly]: withSecret,
    [upload]: script,
  };
  const startWith = async (onEdit?: () => { applied: boolean }) => {
    const root = folder(files);
    const session = await start({ folders: [root], env: network.env, ...(onEdit && { onEdit }) });
    session.pullWorkspace();
    const uri = uriOf(root, upload);
    await session.until(() => (session.reported.get(uri)?.[0]?.relatedInformation?.length ?? 0) > 2);
    return { root, session, uri };
  };
  const fixOf = async (session: Session, uri: string) => {
    const [fix, ...others] = await session.fixes(uri, rangeOf(script, "curl"));
    assert.deepEqual(
      others.map(({ title }) => title),
      ["Ignore unpinned-remote-script here", "Ignore unpinned-remote-script in this file"],
    );
    assert.ok(fix);
    return fix;
  };

  it("are listed once, without the network", async () => {
    const { session, uri } = await startWith();
    session.open(uri, script, "shellscript");
    const fix = await fixOf(session, uri);
    assert.match(fix.title, /^Pin /u);
    assert.deepEqual(fix.diagnostics, await session.pull(uri));
    assert.deepEqual(await session.fixes(uri, rangeOf(script, "echo")), []);
    assert.deepEqual(network.connections, []);
  });

  it("pin it there, in one edit that names the script's version", async () => {
    const { root, session, uri } = await startWith();
    session.open(uri, `${script}\n`, "shellscript");
    session.change(uri, script);
    await session.execute(await fixOf(session, uri));
    assert.deepEqual(session.messages, []);
    const [change, ...others] = session.edits[0]?.edit.documentChanges ?? [];
    assert.deepEqual(others, []);
    assert.ok(TextDocumentEdit.is(change));
    assert.deepEqual(change.textDocument, { uri, version: 2 });
    assert.match(session.text(uri), new RegExp(`^echo "${sha256} .* sha256sum -c`, "mu"));
    assert.deepEqual(await session.pull(uri), []);
    assert.deepEqual(await session.pull(uriOf(root, ci)), []);
  });

  it("pin it in the file on disk where nobody has it open", async () => {
    const { session, uri } = await startWith(() => ({ applied: true }));
    await session.execute(await fixOf(session, uri));
    assert.deepEqual(session.messages, []);
    const [change] = session.edits[0]?.edit.documentChanges ?? [];
    assert.ok(TextDocumentEdit.is(change));
    assert.deepEqual(change.textDocument, { uri, version: null });
  });

  it("are refused where the script or the pipeline has changed since, or changes meanwhile", async () => {
    const { root, session, uri } = await startWith();
    session.open(uri, script, "shellscript");
    const fix = await fixOf(session, uri);
    session.change(uri, `${script}# note\n`);
    await session.execute(fix);
    assert.match(session.messages.at(-1) ?? "", /changed since/u);

    session.change(uri, script);
    const next = await fixOf(session, uri);
    for (const name of [ci, nightly]) {
      session.open(uriOf(root, name), files[name] ?? "");
      session.change(uriOf(root, name), `# note\n${files[name]}`);
    }
    await session.execute(next);
    assert.match(session.messages.at(-1) ?? "", /changed since/u);
    assert.deepEqual(network.connections, []);

    network.site("codecov.io", (request, response) => {
      session.change(uri, `# note\n${script}`);
      answers.text(answer)(request, response);
    });
    await session.execute(await fixOf(session, uri));
    assert.match(session.messages.at(-1) ?? "", /edited while/u);
    assert.equal(session.messages.length, 3);
    assert.deepEqual(session.edits, []);
    assert.equal(session.text(uri), `# note\n${script}`);
  });
});
