import assert from "node:assert/strict";
import type { Diagnostic } from "vscode-languageserver-protocol/node";
import { DiagnosticSeverity } from "vscode-languageserver-protocol/node";
import { useFolders } from "../support/folder.ts";
import { uriOf, useSessions } from "./session.ts";
import { codecov, rangeOf, workflow } from "./workflows.ts";

describe("diagnostics of a document", () => {
  const start = useSessions();
  const folder = useFolders();
  const uri = "file:///nowhere/.github/workflows/ci.yml";

  it("underline the command alone", async () => {
    const session = await start();
    session.open(uri, workflow());
    const [found, ...others] = await session.pull(uri);
    assert.deepEqual(others, []);
    assert.deepEqual(found?.range, rangeOf(workflow(), codecov));
    assert.equal(found?.code, "unpinned-remote-script");
    assert.equal(found?.source, "pipewarden");
    assert.equal(
      found?.codeDescription?.href,
      "https://github.com/pipewarden/pipewarden/blob/main/docs/rules/unpinned-remote-script.md",
    );
    assert.deepEqual(found?.data, { rule: "unpinned-remote-script" });
  });

  it("name every secret in reach with its line", async () => {
    const session = await start();
    const text = `env:\n  NPM_TOKEN: \${{ secrets.NPM_TOKEN }}\n${workflow()}`;
    session.open(uri, text);
    const found = ofRule(await session.pull(uri), "unpinned-remote-script");
    const related = found?.relatedInformation?.find(({ message }) => message.includes("NPM_TOKEN"));
    assert.match(related?.message ?? "", /^The code that runs here can read NPM_TOKEN, granted by /u);
    assert.equal(related?.location.uri, uri);
    assert.equal(related?.location.range.start.line, 1);
  });

  it("name what a login of an earlier step left behind, with the line that logs in", async () => {
    const session = await start();
    const login = '      - name: Log in\n        run: docker login -p "${{ secrets.PASSWORD }}"\n';
    session.open(
      uri,
      workflow().replace("steps:\n", (found) => found + login),
    );
    const found = ofRule(await session.pull(uri), "unpinned-remote-script");
    const related = found?.relatedInformation?.find(({ message }) => message.includes("PASSWORD"));
    assert.equal(
      related?.message,
      "The code that runs here can read PASSWORD, granted by the login that step “Log in” left behind.",
    );
    assert.equal(
      related?.location.range.start.line,
      workflow()
        .split("\n")
        .findIndex((line) => /steps:$/.test(line)) + 2,
    );
  });

  it("count columns in UTF-16 units after an emoji", async () => {
    const session = await start();
    const text = workflow(`echo "😀é"; ${codecov}`);
    session.open(uri, text);
    assert.deepEqual((await session.pull(uri))[0]?.range, rangeOf(text, codecov));
  });

  it("count lines as the editor does where they end with a carriage return and a line feed", async () => {
    const session = await start();
    session.open(uri, workflow().replaceAll("\n", "\r\n"));
    assert.deepEqual((await session.pull(uri))[0]?.range, rangeOf(workflow(), codecov));
  });

  it("follow what is typed", async () => {
    const session = await start();
    session.open(uri, workflow());
    session.change(uri, "make test", rangeOf(workflow(), codecov));
    assert.deepEqual(await session.pull(uri), []);
    session.change(uri, codecov, rangeOf(workflow("make test"), "make test"));
    assert.equal((await session.pull(uri)).length, 1);
  });

  it("are the same for every language id that a CI file may have", async () => {
    const session = await start();
    session.open(uri, workflow(), "github-actions-workflow");
    assert.equal((await session.pull(uri)).length, 1);
  });

  it("are none for YAML that is no pipeline, and for texts that are no YAML", async () => {
    const session = await start();
    const texts = ["services:\n  web:\n    image: nginx\n", "", "\0\u0001", "- [", "just words", "a: ".repeat(2_000)];
    for (const [index, text] of texts.entries()) {
      const other = `file:///nowhere/other-${index}.yml`;
      session.open(other, text);
      assert.deepEqual(await session.pull(other), []);
    }
    assert.deepEqual(session.logs, []);
  });

  it("are none for a text that no CI system would take, and the server stays answerable", async () => {
    const session = await start();
    session.open(uri, `${workflow()}# ${"x".repeat(3 * 1024 * 1024)}\n`);
    assert.deepEqual(await session.pull(uri), []);
    const other = "file:///nowhere/.github/workflows/other.yml";
    session.open(other, workflow());
    assert.equal((await session.pull(other)).length, 1);
  });

  it("come for documents that are no files, by their path", async () => {
    const session = await start();
    for (const other of [
      "untitled:.github/workflows/ci.yml",
      "vscode-vfs://github/owner/name/.github/workflows/ci.yml",
    ]) {
      session.open(other, workflow());
      assert.equal((await session.pull(other)).length, 1, other);
    }
    session.open("untitled:Untitled-1", "hello: world\n");
    assert.deepEqual(await session.pull("untitled:Untitled-1"), []);
  });

  it("obey the severities that a person has set", async () => {
    const settings = (section: string) =>
      section === "pipewarden" ? { rules: { "unpinned-remote-script": "hint", "no-such-rule": 7 } } : null;
    const session = await start({ settings });
    session.open(uri, workflow());
    assert.equal((await session.pull(uri))[0]?.severity, DiagnosticSeverity.Hint);
  });

  it("change when a rule is switched off", async () => {
    const chosen = { rules: {} as Record<string, string> };
    const session = await start({ settings: () => chosen });
    session.open(uri, workflow());
    assert.equal((await session.pull(uri)).length, 1);
    chosen.rules["unpinned-remote-script"] = "off";
    await session.connection.sendNotification("workspace/didChangeConfiguration", { settings: null });
    await session.until(() => session.refreshes.length > 0);
    assert.deepEqual(await session.pull(uri), []);
  });

  it("are not asked again when other settings change", async () => {
    const session = await start();
    session.open(uri, workflow());
    await session.pull(uri);
    await session.connection.sendNotification("workspace/didChangeConfiguration", { settings: null });
    await session.pull(uri);
    await session.pull(uri);
    assert.deepEqual(session.refreshes, []);
  });

  it("obey the repository's settings file, also while it is being edited", async () => {
    const root = folder({
      ".git/HEAD": "",
      ".github/workflows/ci.yml": workflow(),
      ".pipewarden.yml": "rules:\n  unpinned-remote-script: off\n",
    });
    const session = await start({ settings: () => ({ rules: { "unpinned-remote-script": "error" } }) });
    const file = uriOf(root, ".github/workflows/ci.yml");
    session.open(file, workflow());
    assert.deepEqual(await session.pull(file), []);
    session.open(uriOf(root, ".pipewarden.yml"), "rules:\n  unpinned-remote-script: hint\n");
    await session.until(() => session.refreshes.length > 0);
    assert.equal((await session.pull(file))[0]?.severity, DiagnosticSeverity.Hint);
  });

  it("come from disk for a document that is not open", async () => {
    const root = folder({ ".github/workflows/ci.yml": `\uFEFF${workflow()}` });
    const session = await start();
    assert.deepEqual(
      (await session.pull(uriOf(root, ".github/workflows/ci.yml")))[0]?.range,
      rangeOf(workflow(), codecov),
    );
    assert.deepEqual(await session.pull(uriOf(root, "missing.yml")), []);
  });
});

function ofRule(diagnostics: readonly Diagnostic[], rule: string): Diagnostic | undefined {
  return diagnostics.find(({ code }) => code === rule);
}
