import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import {
  type CodeAction,
  TextDocumentEdit,
  WorkDoneProgressCancelNotification,
} from "vscode-languageserver-protocol/node";
import { type Session, type SessionOptions, uriOf, useSessions } from "../lsp/session.ts";
import { rangeOf } from "../lsp/workflows.ts";
import { useFolders } from "../support/folder.ts";
import { answers } from "../support/network.ts";
import { registrySite } from "../support/registry.ts";
import { index, otherIndex, sha256, useWorld, workflow } from "./world.ts";

const CI = ".github/workflows/ci.yml";
const uri = `file:///nowhere/${CI}`;
const FIVE = workflow(
  "uses: acme/tool@v4",
  "uses: acme/tool/sub@main # why",
  "uses: docker://ghcr.io/acme/lint:v2",
  "run: docker run --rm node:22 node --version",
  "run: |\n          curl -fsSLO https://get.example.com/install.sh\n          sh install.sh",
);

const IGNORE = ["Ignore unpinned-action here", "Ignore unpinned-action in this file"];

describe("the language server pins everything", () => {
  const world = useWorld();
  const start = useSessions();
  const folder = useFolders();
  const startOnline = (options: SessionOptions = {}) => start({ env: world().network.env, ...options });
  const execute = (session: Session, command: string, ...args: readonly unknown[]) =>
    session.execute({ title: "", command: { title: "", command, arguments: [...args] } });
  const pinned = () =>
    workflow(
      `uses: acme/tool@${world().commits[1]} # v4.2.2`,
      `uses: acme/tool/sub@${world().commits[2]} # main # why`,
      `uses: docker://ghcr.io/acme/lint:v2@${world().digest}`,
      `run: docker run --rm node:22@${world().digest} node --version`,
      `run: |
          curl -fsSLO https://get.example.com/install.sh
          echo "${sha256(world().script)}  install.sh" | sha256sum -c - || exit 1
          sh install.sh`,
    );

  describe("of a file", () => {
    it("in one edit with the document's version, and says so", async () => {
      const session = await startOnline();
      session.open(uri, FIVE);
      await execute(session, "pipewarden.pinFile", uri);
      equal(session.text(uri), pinned());
      equal(session.edits.length, 1);
      deepEqual(
        session.edits[0]?.edit.documentChanges?.map((change) => TextDocumentEdit.is(change) && change.textDocument),
        [{ uri, version: 1 }],
      );
      deepEqual(session.messages, ["Pinned 5 references."]);
      deepEqual(session.progress, ["Pinning everything in this file"]);
      await session.until(() => session.logs.length > 0);
      match(
        session.logs[0] ?? "",
        /^Pinned 5 references\.\nfile:\/\/\/nowhere\/.*\n {5}6 {2}pinned {7}acme\/tool@v4 → /u,
      );
    });

    it("touches the lines of the references alone", async () => {
      const session = await startOnline();
      session.open(uri, FIVE);
      await execute(session, "pipewarden.pinFile", uri);
      const [change] = session.edits[0]?.edit.documentChanges ?? [];
      ok(TextDocumentEdit.is(change));
      const lines = change.edits.flatMap((edit) =>
        "range" in edit ? [edit.range.start.line, edit.range.end.line] : [],
      );
      deepEqual(
        [...new Set(lines)].sort((a, b) => a - b),
        [5, 6, 7, 8, 11],
      );
    });

    it("says the reason where one is left, and pins the others", async () => {
      const session = await startOnline();
      const text = workflow("uses: acme/tool@v4", "uses: acme/tool@v99");
      session.open(uri, text);
      await execute(session, "pipewarden.pinFile", uri);
      equal(session.text(uri), text.replace("@v4", `@${world().commits[1]} # v4.2.2`));
      equal(session.messages.length, 1);
      match(session.messages[0] ?? "", /^Pinned 1 of 2 references; 1 was left as it is\. .* named "v99"\.$/u);
    });

    it("is offered beside each finding that can be pinned, where there are several", async () => {
      const session = await startOnline();
      const text = `env:\n  TOKEN: \${{ secrets.TOKEN }}\n${FIVE}      - run: ./deploy "$TOKEN"\n`;
      session.open(uri, text);
      const titles = async (part: string) =>
        (await session.fixes(uri, rangeOf(text, part))).map(({ title }: CodeAction) => title);
      const all = "Pin all 5 references in this file";
      deepEqual(await titles("acme/tool@v4"), ["Pin acme/tool to the commit of v4", all, ...IGNORE]);
      ok((await titles("curl")).includes(all));
      deepEqual(
        (await titles("TOKEN")).filter((title) => title === all),
        [],
      );
      const [, action] = await session.fixes(uri, rangeOf(text, "acme/tool@v4"));
      ok(action);
      equal(action.isPreferred, undefined);
      await session.execute(action);
      equal(session.text(uri).match(/@[0-9a-f]{40}|sha256/gu)?.length, 5);
      deepEqual(world().network.requests.filter(({ url }) => url.includes("/info/refs")).length, 1);
    });

    it("is not offered for a single one", async () => {
      const session = await startOnline();
      const text = workflow("uses: acme/tool@v4");
      session.open(uri, text);
      deepEqual(
        (await session.fixes(uri, rangeOf(text, "acme/tool@v4"))).map(({ title }) => title),
        ["Pin acme/tool to the commit of v4", ...IGNORE],
      );
      deepEqual(world().network.connections, []);
    });

    it("that pipelines run, and leaves the pipelines alone", async () => {
      const root = folder({
        ".git/HEAD": "",
        [CI]: workflow("uses: acme/tool@v4", "run: sh ci/setup.sh"),
        "ci/setup.sh": "curl -fsSLO https://get.example.com/install.sh\nsh install.sh\n",
      });
      const session = await startOnline({ folders: [root] });
      const file = uriOf(root, "ci/setup.sh");
      session.pullWorkspace();
      await session.until(() => session.reported.get(file)?.length === 1);
      session.open(file, readFileSync(path.join(root, "ci/setup.sh"), "utf8"), "shellscript");
      await execute(session, "pipewarden.pinFile", file);
      deepEqual(session.messages, ["Pinned 1 reference."]);
      ok(session.text(file).includes(sha256(world().script)));
      equal(session.edits[0]?.edit.documentChanges?.length, 1);
    });

    it("does nothing where everything is pinned, or where no pipeline is", async () => {
      const session = await startOnline();
      session.open(uri, workflow("run: make"));
      await execute(session, "pipewarden.pinFile", uri);
      session.open("file:///nowhere/x.yml", "a: b\n");
      await execute(session, "pipewarden.pinFile", "file:///nowhere/x.yml");
      await execute(session, "pipewarden.pinFile");
      deepEqual(
        session.messages.map((message) => message.slice(0, 30)),
        ["Everything is pinned already.", "There is nothing to pin here: ", "There is nothing to pin here: "],
      );
      deepEqual([session.edits, world().network.connections], [[], []]);
    });
  });

  describe("of the workspace", () => {
    const two = workflow("uses: acme/tool@v1.0.0");

    it("in one edit, open documents with their version and others as they are on disk", async () => {
      const root = folder({ [CI]: FIVE, ".github/workflows/two.yml": two, "node_modules/x/action.yml": two });
      const session = await startOnline({ folders: [root], onEdit: () => ({ applied: true }) });
      session.open(uriOf(root, CI), FIVE);
      await execute(session, "pipewarden.pinWorkspace");
      deepEqual(session.messages, ["Pinned 6 references."]);
      deepEqual(
        session.edits[0]?.edit.documentChanges?.map((change) => TextDocumentEdit.is(change) && change.textDocument),
        [
          { uri: uriOf(root, CI), version: 1 },
          { uri: uriOf(root, ".github/workflows/two.yml"), version: null },
        ],
      );
    });

    it("says how far it is", async () => {
      const root = folder({ [CI]: FIVE });
      const session = await startOnline({ folders: [root], onEdit: () => ({ applied: true }) });
      await execute(session, "pipewarden.pinWorkspace");
      deepEqual(session.progressReports, ["20 1 of 5", "40 2 of 5", "60 3 of 5", "80 4 of 5", "100 5 of 5"]);
    });

    it("leaves out the file that was edited meanwhile, and no other", async () => {
      const root = folder({
        [CI]: workflow("run: curl -fsSL https://get.example.com/install.sh | sh"),
        ".github/workflows/two.yml": two,
      });
      const [one, other] = [uriOf(root, CI), uriOf(root, ".github/workflows/two.yml")];
      const session = await startOnline({ folders: [root] });
      session.open(one, readFileSync(path.join(root, CI), "utf8"));
      session.open(other, two);
      const { script, network, commits } = world();
      network.site("get.example.com", (request, response) => {
        session.change(one, "# mine\n");
        answers.text(script)(request, response);
      });
      await execute(session, "pipewarden.pinWorkspace");
      equal(session.text(one), "# mine\n");
      equal(session.text(other), two.replace("@v1.0.0", `@${commits[0]} # v1.0.0`));
      match(session.messages[0] ?? "", /^Pinned 1 of 2 references; 1 was left as it is\. The file was edited while/u);
    });

    it("goes on without a document that is edited at the very last moment", async () => {
      const root = folder({ [CI]: FIVE, ".github/workflows/two.yml": two });
      const [one, other] = [uriOf(root, CI), uriOf(root, ".github/workflows/two.yml")];
      const session: Session = await startOnline({
        folders: [root],
        onEdit: () => {
          if (session.edits.length === 1) session.change(one, "# mine\n");
          return undefined;
        },
      });
      session.open(one, FIVE);
      session.open(other, two);
      await execute(session, "pipewarden.pinWorkspace");
      equal(session.edits.length, 2);
      equal(session.text(one), "# mine\n");
      ok(session.text(other).includes(world().commits[0]));
    });

    it("says so where the editor does not take the edit", async () => {
      const root = folder({ [CI]: two });
      const session = await startOnline({
        folders: [root],
        onEdit: () => ({ applied: false, failureReason: "it is read-only" }),
      });
      await execute(session, "pipewarden.pinWorkspace");
      match(session.messages[0] ?? "", /^Pinned none of 1 reference\. The editor did not take .*it is read-only/u);
    });

    it("heeds the settings: rules that are off, and where the network is forbidden", async () => {
      const [one, off] = [folder({ [CI]: FIVE }), folder({ [CI]: two })];
      writeFileSync(path.join(one, ".pipewarden.yml"), "rules:\n  unpinned-image: off\n");
      const session = await startOnline({
        folders: [one, off],
        settings: (section, scope) =>
          section === "pipewarden" && scope === uriOf(off) ? { network: { enabled: false } } : null,
        onEdit: () => ({ applied: true }),
      });
      await execute(session, "pipewarden.pinWorkspace");
      match(session.messages[0] ?? "", /^Pinned 3 of 4 references; .* The setting pipewarden\.network\.enabled/u);
      deepEqual(session.edits[0]?.edit.documentChanges?.length, 1);
    });

    it("is refused where the workspace is not trusted", async () => {
      const root = folder({ [CI]: two });
      const session = await startOnline({ folders: [root], initializationOptions: { trusted: false } });
      await execute(session, "pipewarden.pinWorkspace");
      await execute(session, "pipewarden.verifyPins");
      match(session.messages[0] ?? "", /trusted workspaces only/u);
      match(session.messages[1] ?? "", /trusted workspaces only/u);
      deepEqual([session.edits, world().network.connections], [[], []]);
    });

    it("can be cancelled: nothing is changed and nothing is said", async () => {
      const root = folder({ [CI]: FIVE });
      const session: Session = await startOnline({
        folders: [root],
        onProgress: ({ cancellable }, token) => {
          equal(cancellable, true);
          void session.connection.sendNotification(WorkDoneProgressCancelNotification.type, { token });
        },
      });
      world().network.site("get.example.com", answers.hang());
      await execute(session, "pipewarden.pinWorkspace");
      deepEqual([session.messages, session.edits], [[], []]);
    });
  });

  describe("and verifies the pins", () => {
    const startKept = async (root: string, options: SessionOptions = {}) => {
      const storage = pathToFileURL(path.join(folder(), "global storage")).href;
      return startOnline({ folders: [root], initializationOptions: { storage }, ...options });
    };
    /** A document with everything pinned by the server itself. */
    const openPinned = async () => {
      const root = folder({ [CI]: FIVE });
      const session = await startKept(root);
      const file = uriOf(root, CI);
      session.open(file, FIVE);
      await execute(session, "pipewarden.pinFile", file);
      return { session, file };
    };

    it("and finds nothing to say where everything is as pinned", async () => {
      const { session, file } = await openPinned();
      deepEqual(await execute(session, "pipewarden.verifyPins"), []);
      deepEqual(session.messages.slice(1), ["No pin changed, of 5."]);
      equal(session.text(file), pinned());
    });

    it("and lists what changed, with the texts of a script", async () => {
      const { session, file } = await openPinned();
      const { network, tool, commits } = world();
      for (const tag of ["v4", "v4.2", "v4.2.2"]) tool.tag(tag, commits[2]);
      network.site("ghcr.io", registrySite({ "acme/lint:v2": otherIndex, "acme/lint:v1": index }));
      network.site("get.example.com", answers.text("steal\n"));
      const changed = (await execute(session, "pipewarden.verifyPins")) as Record<string, never>[];
      deepEqual(
        changed.map(({ subject, verdict, texts }) => [subject, verdict, texts]),
        [
          ["acme/tool", "moved", undefined],
          ["ghcr.io/acme/lint:v2", "moved", undefined],
          [
            "https://get.example.com/install.sh",
            "changed",
            { before: sha256(world().script), after: sha256("steal\n") },
          ],
        ],
      );
      equal(
        session.messages[1],
        "3 of 5 pins are not as pinned: 1 changed, 2 moved. The output of Pipewarden says more.",
      );
      const text = (hash: string) => session.connection.sendRequest("pipewarden/scriptText", { sha256: hash });
      equal(await text(sha256(world().script)), world().script);
      equal(await text(sha256("steal\n")), "steal\n");
      deepEqual([await text("0".repeat(64)), await text("../../secret")], [null, null]);
      equal(session.text(file), pinned(), "nothing is changed by verifying");

      for (const { update } of changed) await execute(session, "pipewarden.updatePin", update);
      equal(
        session.text(file),
        pinned()
          .replace(`${commits[1]} # v4.2.2`, `${commits[2]} # v4.2.2`)
          .replace(`lint:v2@${index.digest}`, `lint:v2@${otherIndex.digest}`)
          .replace(sha256(world().script), sha256("steal\n")),
      );
      deepEqual(session.messages.slice(2), []);
    });

    it("keeps the text when a single fix pins it", async () => {
      const root = folder();
      const session = await startKept(root);
      const text = workflow("run: curl -fsSL https://get.example.com/install.sh | sh");
      session.open(uri, text);
      const [fix] = await session.fixes(uri, rangeOf(text, "curl"));
      ok(fix);
      await session.execute(fix);
      const hash = sha256(world().script);
      equal(await session.connection.sendRequest("pipewarden/scriptText", { sha256: hash }), world().script);
    });

    it("and does not update a pin that is no longer there", async () => {
      const { session, file } = await openPinned();
      world().network.site("get.example.com", answers.text("steal\n"));
      const [changed] = (await execute(session, "pipewarden.verifyPins")) as Record<string, unknown>[];
      session.change(file, FIVE);
      await execute(session, "pipewarden.updatePin", changed?.update);
      match(session.messages.at(-1) ?? "", /no longer there, so nothing was changed/u);
      equal(session.text(file), FIVE);
    });
  });
});
