import { deepEqual, equal, ok } from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceFile } from "../../server/core/index.ts";
import { judge, pinnedText } from "./laws.ts";

const CORPUS = fileURLToPath(new URL("../../../shared/corpus/files/", import.meta.url));

describe("Pinning everything with made-up answers in files that people wrote", () => {
  it("keeps what holds in every file of the corpus, and does the same where lines end with CRLF", async function () {
    if (!existsSync(CORPUS)) {
      console.log("      the corpus is not here, so there is no such file to pin");
      this.skip();
    }
    this.timeout(300_000);
    const files = realFiles();
    ok(files.length > 200, `only ${files.length} files`);
    const broken: string[] = [];
    const count = { pinned: 0, changed: 0 };
    for (const file of files) {
      try {
        const unix = file.text.replaceAll("\r\n", "\n");
        const judged = await judge({ ...file, text: unix });
        count.pinned += judged.pinned;
        if (judged.text !== unix) count.changed++;
        // With the same result, everything that was judged above holds for it too.
        equal(await pinnedText({ ...file, text: dos(unix) }), dos(judged.text), "CRLF makes no other difference");
      } catch (error) {
        broken.push(`${file.path}: ${error instanceof Error ? error.message : error}`);
      }
    }
    deepEqual(broken, []);
    ok(count.pinned > 500 && count.changed > 100, `only ${count.pinned} pins in ${count.changed} files`);
  });
});

/** Each file under the path that it has in its own repository: the corpus keeps it below the repository's name and commit. */
function realFiles(): readonly SourceFile[] {
  return readdirSync(CORPUS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.relative(CORPUS, path.join(parentPath, name)).replaceAll(path.sep, "/"))
    .sort()
    .map((name) => ({ path: name.split("/").slice(2).join("/"), text: readFileSync(`${CORPUS}${name}`, "utf8") }));
}

function dos(text: string): string {
  return text.replaceAll("\n", "\r\n");
}
