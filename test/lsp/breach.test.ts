import { deepEqual, equal, match, ok } from "node:assert/strict";
import { WorkDoneProgressCancelNotification } from "vscode-languageserver-protocol/node";
import { breach, clean } from "../cli/command-line.ts";
import { useFolders } from "../support/folder.ts";
import { type Session, uriOf, useSessions } from "./session.ts";

const CI = ".github/workflows/ci.yml";

interface ReportDocument {
  readonly title: string;
  readonly markdown: string;
}

describe("the language server plays through a breach", () => {
  const start = useSessions();
  const folder = useFolders();
  const drill = (session: Session, params: object) =>
    session.connection.sendRequest<ReportDocument | null>("pipewarden/breachDrill", params);

  it("over the files of the workspace, with links to the lines", async () => {
    const root = folder({ [CI]: breach, "other/.gitlab-ci.yml": "a:\n  script:\n    - make\n" });
    const session = await start({ folders: [root] });
    const report = await drill(session, { party: "codecov.io" });
    ok(report);
    equal(report.title, "Breach drill codecov.io");
    match(report.markdown, /^# Breach drill: `codecov\.io`\n\n\*\*1 step in 1 file would have run code/);
    ok(report.markdown.includes(`[${CI}:11](<${uriOf(root, CI)}#L11,14>)`), report.markdown);
    ok(report.markdown.includes("- `DEPLOY_KEY` (GitHub Actions): read by "), report.markdown);
    deepEqual(session.progress, ["Playing through a breach"]);
    deepEqual(session.messages, []);
  });

  it("with links from a folder, as viewers of Markdown have them, also to files beside it", async () => {
    const root = folder({ [`a b/${CI}`]: breach, [`two/${CI}`]: breach });
    const session = await start({ folders: [`${root}/a b`, `${root}/two`] });
    const report = await drill(session, { party: "codecov.io", base: uriOf(root, "a b") });
    ok(report);
    ok(report.markdown.includes(`[a b/${CI}:11](</${CI}#L11,14>)`), report.markdown);
    ok(report.markdown.includes(`[two/${CI}:11](</../two/${CI}#L11,14>)`), report.markdown);
  });

  it("with the text that is open rather than what is on disk", async () => {
    const root = folder({ [CI]: clean });
    const session = await start({ folders: [root] });
    session.open(uriOf(root, CI), breach);
    match((await drill(session, { party: "codecov.io" }))?.markdown ?? "", /1 step in 1 file would have run/);
  });

  it("in a workspace that is not trusted, because nobody outside is asked", async () => {
    const session = await start({
      folders: [folder({ [CI]: breach })],
      initializationOptions: { trusted: false },
    });
    ok(await drill(session, { party: "codecov.io" }));
  });

  it("and gives nothing where the person cancels", async () => {
    const files = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`${index}/${CI}`, breach]));
    const session: Session = await start({
      folders: [folder(files)],
      onProgress: (_, token) =>
        void session.connection.sendNotification(WorkDoneProgressCancelNotification.type, { token }),
    });
    equal(await drill(session, { party: "codecov.io" }), null);
    deepEqual(session.messages, []);
  });

  it("and says why where there is nothing to play through, or nobody is named", async () => {
    const session = await start({ folders: [folder({ "readme.md": "" })] });
    equal(await drill(session, { party: "codecov.io" }), null);
    equal(await drill(session, { party: " " }), null);
    equal(await drill(session, {}), null);
    await session.until(() => session.messages.length === 3);
    match(session.messages[0] ?? "", /no CI file was found/);
    match(session.messages[2] ?? "", /who was altered/);
  });

  it("and lists the parties that code comes from", async () => {
    const session = await start({ folders: [folder({ [CI]: breach })] });
    deepEqual(await session.connection.sendRequest("pipewarden/parties", {}), [
      { text: "codecov.io", kind: "host", steps: 1 },
      { text: "https://codecov.io/bash", kind: "script", steps: 1 },
    ]);
  });

  it("and maps every secret to the code that reaches it", async () => {
    const session = await start({ folders: [folder({ [CI]: breach })] });
    const report = await session.connection.sendRequest<ReportDocument | null>("pipewarden/secretsMap", {});
    match(report?.markdown ?? "", /## `DEPLOY_KEY` \(GitHub Actions\)\n\n- \[/);
    match(report?.markdown ?? "", / {2}- script `https:\/\/codecov\.io\/bash`, not pinned, at \[/);
  });
});
