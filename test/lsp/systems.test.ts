import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { FileChangeType } from "vscode-languageserver-protocol/node";
import { BREACH_DIALECTS } from "../support/breach-dialects.ts";
import { useFolders } from "../support/folder.ts";
import { uriOf, useSessions } from "./session.ts";
import { rangeOf } from "./workflows.ts";

const install = "curl -s https://example.com/install.sh | sh";

/** One text after another of a file whose content alone tells what it is, with how many findings it has. */
const VERSIONS: readonly { readonly is: string; readonly text: string; readonly found: 0 | 1 }[] = [
  { is: "GitLab's", text: `build:\n  stage: test\n  script:\n    - ${install}\n`, found: 1 },
  { is: "half of one and half of the other", text: `build:\n  stage: test\nversion: 2.1\njobs:\n`, found: 0 },
  {
    is: "CircleCI's",
    text: `version: 2.1\njobs:\n  build:\n    machine: true\n    steps:\n      - run: ${install}\n`,
    found: 1,
  },
  { is: "nobody's", text: `services:\n  web:\n    image: web\n    command: ${install}\n`, found: 0 },
  {
    is: "Tekton's",
    text: `apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: a}\nspec:\n  steps:\n    - name: a\n      image: node@sha256:${"0".repeat(64)}\n      script: ${install}\n`,
    found: 1,
  },
  { is: "broken", text: `{% if x %}\n\t- [${install}\n`, found: 0 },
  {
    is: "Woodpecker's",
    text: `when:\n  - event: push\nsteps:\n  - name: a\n    image: node@sha256:${"0".repeat(64)}\n    commands:\n      - ${install}\n`,
    found: 1,
  },
  { is: "empty", text: "", found: 0 },
];

for (const pulls of [true, false]) {
  describe(`systems and a client that ${pulls ? "asks for diagnostics" : "has to be sent them"}`, () => {
    const start = useSessions();
    const folder = useFolders();

    it("leave no finding behind in a file that becomes another one's while it is edited", async () => {
      const session = await start({ pulls });
      const uri = "file:///nowhere/ci/build.yml";
      session.open(uri, "");
      for (const { is, text, found } of [...VERSIONS, ...VERSIONS.toReversed()]) {
        session.change(uri, text);
        const expected = found === 0 ? [] : [{ code: "unpinned-remote-script", range: rangeOf(text, install) }];
        const seen = (all: Awaited<ReturnType<typeof session.pull>> = []) =>
          all.map(({ code, range }) => ({ code, range }));
        if (pulls) assert.deepEqual(seen(await session.pull(uri)), expected, is);
        else await session.until(() => JSON.stringify(seen(session.reported.get(uri))) === JSON.stringify(expected));
      }
    });

    it("stand next to each other in one repository, and each goes with its file", async () => {
      const files = Object.entries(VERSIONS.filter(({ found }) => found === 1).map(({ text }) => text));
      const root = folder(Object.fromEntries(files.map(([index, text]) => [`ci/${index}.yml`, text])));
      const session = await start({ folders: [root], pulls });
      if (pulls) session.pullWorkspace();
      const shown = () => files.map(([index]) => session.reported.get(uriOf(root, `ci/${index}.yml`))?.length ?? 0);
      await session.until(() => shown().every((count) => count === 1));
      const gone = path.join(root, "ci/1.yml");
      rmSync(gone);
      session.fileChanged(uriOf(gone), FileChangeType.Deleted);
      await session.until(() => shown().join() === files.map(([index]) => (index === "1" ? 0 : 1)).join());
    });
  });
}

describe("the samples of all dialects in one workspace", () => {
  const start = useSessions();

  it("are all found by the scan, each with its severity", async () => {
    const samples = path.join(import.meta.dirname, "../../samples");
    const session = await start({ folders: [samples] });
    session.pullWorkspace();
    for (const { folder, file, severity } of Object.values(BREACH_DIALECTS)) {
      const uri = uriOf(samples, folder, file);
      const wanted = severity === "error" ? 1 : 2;
      await session.until(
        () =>
          session.reported
            .get(uri)
            ?.some((each) => each.code === "unpinned-remote-script" && each.severity === wanted) === true,
      );
    }
  });
});
