import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
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
const action = "ci/upload/action.yml";
const secret = "env:\n  NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\n";
const caller = `${secret}${workflow("true").replace("run: true", "uses: ./ci/upload")}`;
const composite = (command: string) =>
  `name: Upload\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      run: ${command}\n`;

const remote = (items: readonly Diagnostic[] = []) => items.filter(({ code }) => code === "unpinned-remote-script");

describe("files that a pipeline pulls in", () => {
  const start = useSessions();
  const folder = useFolders();

  const startIn = async (files: Readonly<Record<string, string>>) => {
    const root = folder(files);
    const session = await start({ folders: [root] });
    session.pullWorkspace();
    const found = (name: string) => remote(session.reported.get(uriOf(root, name)));
    return { root, session, found };
  };

  it("show one finding, as grave as the pipeline makes it, with the step that leads there", async () => {
    const { root, session, found } = await startIn({ [ci]: caller, [action]: composite(codecov) });
    await session.until(() => found(action)[0]?.severity === DiagnosticSeverity.Error);
    assert.equal(found(action).length, 1);
    assert.deepEqual(found(action)[0]?.range, rangeOf(composite(codecov), codecov));
    const places = found(action)[0]?.relatedInformation?.map(
      ({ message, location }) => `${message} ${location.uri} ${location.range.start.line}`,
    );
    assert.deepEqual(places, [
      `Run by step “./ci/upload” ${uriOf(root, ci)} 7`,
      `The code that runs here can read NPM_TOKEN, granted by the whole workflow. ${uriOf(root, ci)} 1`,
    ]);
  });

  it("are looked at again when they change, with what pulls them in and nothing else", async () => {
    const { root, session, found } = await startIn({
      [ci]: caller,
      [nightly]: workflow(),
      [action]: composite("true"),
      "ci/other.txt": "",
    });
    await session.until(() => found(nightly).length === 1 && session.reported.has(uriOf(root, ci)));
    const others = session.reported.get(uriOf(root, nightly));
    writeFileSync(path.join(root, action), composite(codecov));
    session.fileChanged(uriOf(root, action), FileChangeType.Changed);
    await session.until(() => found(action)[0]?.severity === DiagnosticSeverity.Error);
    assert.equal(session.reported.get(uriOf(root, nightly)), others);
    const before = session.reported.get(uriOf(root, action));
    session.fileChanged(uriOf(root, "ci/other.txt"), FileChangeType.Changed);
    session.fileChanged(uriOf(root, nightly), FileChangeType.Changed);
    await session.until(() => session.reported.get(uriOf(root, nightly)) !== others);
    assert.equal(session.reported.get(uriOf(root, action)), before);
  });

  it("come and go", async () => {
    const { root, session, found } = await startIn({ [ci]: caller, "ci/upload/README.md": "" });
    await session.until(() => session.reported.has(uriOf(root, ci)));
    writeFileSync(path.join(root, action), composite(codecov));
    session.fileChanged(uriOf(root, action), FileChangeType.Created);
    await session.until(() => found(action)[0]?.severity === DiagnosticSeverity.Error);
    rmSync(path.join(root, action));
    session.fileChanged(uriOf(root, action), FileChangeType.Deleted);
    await session.until(() => session.reported.get(uriOf(root, action))?.length === 0);
  });

  it("come and go among those that a glob names, and nothing else makes them be looked at again", async () => {
    const job = (command: string) => `test:\n  script: ${command}\n`;
    const { root, session, found } = await startIn({
      ".gitlab-ci.yml": "include: 'ci/*.yml'\n",
      "other/.gitlab-ci.yml": job(codecov),
      "ci/a.yml": job(codecov),
      "docs/x.md": "",
    });
    await session.until(() => found("ci/a.yml").length === 1 && found("other/.gitlab-ci.yml").length === 1);
    const others = session.reported.get(uriOf(root, "other/.gitlab-ci.yml"));
    const known = session.reported.get(uriOf(root, "ci/a.yml"));
    writeFileSync(path.join(root, "docs/y.yml"), "a: b\n");
    session.fileChanged(uriOf(root, "docs/y.yml"), FileChangeType.Created);
    writeFileSync(path.join(root, "ci/b.yml"), job(codecov));
    session.fileChanged(uriOf(root, "ci/b.yml"), FileChangeType.Created);
    await session.until(() => found("ci/b.yml").length === 1);
    assert.equal(session.reported.get(uriOf(root, "other/.gitlab-ci.yml")), others);
    assert.notEqual(session.reported.get(uriOf(root, "ci/a.yml")), known);
    rmSync(path.join(root, "ci/b.yml"));
    session.fileChanged(uriOf(root, "ci/b.yml"), FileChangeType.Deleted);
    await session.until(() => session.reported.get(uriOf(root, "ci/b.yml"))?.length === 0);
  });

  it("need not be CI files by themselves", async () => {
    const { root, session, found } = await startIn({
      ".gitlab-ci.yml": "include: lib/build.yml\nbuild: {extends: .base}\n",
      "lib/build.yml": `.base:\n  script: ${codecov}\n`,
    });
    await session.until(() => found("lib/build.yml").length === 1);
    const uri = uriOf(root, "lib/build.yml");
    session.open(uri, `.base:\n  script: ${codecov}\n`);
    assert.equal(remote(await session.pull(uri)).length, 1);
    session.change(uri, ".base:\n  script: make\n");
    await session.until(() => session.refreshes.length > 0);
    assert.deepEqual(remote(await session.pull(uri)), []);
    session.change(uri, `# é\n.base:\n  script: ${codecov}\n`);
    await session.until(() => session.refreshes.length > 1);
    assert.equal(remote(await session.pull(uri))[0]?.range.start.line, 2);
    assert.deepEqual(session.logs, []);
  });

  it("follow what is typed in the pipeline", async () => {
    const { root, session } = await startIn({ [ci]: caller, [action]: composite(codecov) });
    const uri = uriOf(root, action);
    session.open(uri, composite(codecov));
    const severity = async () => remote(await session.pull(uri))[0]?.severity;
    session.open(uriOf(root, ci), caller);
    await session.pull(uriOf(root, ci));
    assert.equal(await severity(), DiagnosticSeverity.Error);
    session.change(uriOf(root, ci), caller.replace(secret, ""));
    await session.pull(uriOf(root, ci));
    assert.equal(await severity(), DiagnosticSeverity.Warning);
    assert.deepEqual(session.logs, []);
  });
});

describe("fixes in files that a pipeline pulls in", () => {
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

  const applied = async (
    session: Session,
    uri: string,
    text: string,
    part: string,
    language = "yaml",
  ): Promise<string> => {
    session.open(uri, text, language);
    const [fix] = await session.fixes(uri, rangeOf(text, part));
    assert.ok(fix);
    await session.execute(fix);
    assert.deepEqual(session.messages, []);
    const [change, ...others] = session.edits[0]?.edit.documentChanges ?? [];
    assert.deepEqual(others, []);
    assert.ok(TextDocumentEdit.is(change));
    assert.deepEqual(change.textDocument, { uri, version: 1 });
    return session.text(uri);
  };

  it("pin the script in an action of the repository", async () => {
    const root = folder({ [ci]: caller, [action]: composite(codecov) });
    const session = await start({ folders: [root], env: network.env });
    session.pullWorkspace();
    const text = await applied(session, uriOf(root, action), composite(codecov), "curl");
    assert.match(text, new RegExp(`^ +echo "${sha256} .* sha256sum -c`, "mu"));
  });

  it("pin the script and the check of a download in a Dockerfile", async () => {
    const dockerfile = `FROM scratch\nRUN ${codecov.replace(/^bash <\((.*)\)$/, "$1 | bash")}\nRUN true\n`;
    const root = folder({ [ci]: workflow("docker build ."), Dockerfile: dockerfile });
    const session = await start({ folders: [root], env: network.env });
    session.pullWorkspace();
    const uri = uriOf(root, "Dockerfile");
    await session.until(() => remote(session.reported.get(uri)).length === 1);
    const text = await applied(session, uri, dockerfile, "curl", "dockerfile");
    assert.match(text, new RegExp(`^RUN curl .*; echo "${sha256} .* sha256sum -c`, "mu"));
    assert.deepEqual(remote(await session.pull(uri)), []);
  });
});
