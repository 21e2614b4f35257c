import { equal, match, ok } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { forTerminal, unifiedDiff } from "../../server/cli/diff.ts";
import { applyEdits } from "../../server/core/index.ts";
import type { TextChange } from "../../server/pins/draft.ts";
import { useFolders } from "../support/folder.ts";

describe("The unified diff", () => {
  const folder = useFolders();

  it("shows the changed lines with three lines around them", () => {
    const text = Array.from({ length: 30 }, (_, line) => `line ${line + 1}\n`).join("");
    const changes = [
      replace(text, "line 5", "LINE 5"),
      replace(text, "line 9\n", "line 9\nmore\n"),
      replace(text, "line 25\n", ""),
    ];
    equal(
      unifiedDiff("a/b.yml", text, changes),
      `--- a/a/b.yml
+++ b/a/b.yml
@@ -2,11 +2,12 @@
 line 2
 line 3
 line 4
-line 5
+LINE 5
 line 6
 line 7
 line 8
 line 9
+more
 line 10
 line 11
 line 12
@@ -22,7 +23,6 @@
 line 22
 line 23
 line 24
-line 25
 line 26
 line 27
 line 28
`,
    );
  });

  it("says where a final newline is missing", () => {
    equal(
      unifiedDiff("x", "a\nb", [{ span: { start: 2, end: 3 }, text: "c" }]),
      "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n",
    );
  });

  it("is empty where nothing changes, and adds a new file", () => {
    equal(unifiedDiff("x", "a\n", []), "");
    equal(
      unifiedDiff("x", undefined, [{ span: { start: 0, end: 0 }, text: "a\nb\n" }]),
      "--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b\n",
    );
  });

  it("leads git from the one text to the other, whatever changes", function () {
    this.timeout(30_000);
    const text = fc.array(fc.constantFrom("a", "b\r", "c", "", "  d"), { minLength: 4, maxLength: 40 });
    const cuts = fc.uniqueArray(fc.nat(60), { minLength: 2, maxLength: 8 });
    const judged = { count: 0 };
    fc.assert(
      fc.property(
        text,
        fc.boolean(),
        cuts,
        fc.array(fc.constantFrom("", "x", "y\n", "\nz"), { minLength: 8, maxLength: 8 }),
        (lines, ends, places, added) => {
          const before = lines.join("\n") + (ends && lines.length > 0 ? "\n" : "");
          const changes = changesAt(before, places, added);
          const after = applyEdits(before, changes);
          if (after === before || before === "" || after === "") return;
          judged.count++;
          const root = folder({ "x.yml": before });
          const input = unifiedDiff("x.yml", before, changes);
          const { status, stderr } = spawnSync("git", ["apply", "--whitespace=nowarn", "-"], {
            cwd: root,
            input,
            encoding: "utf8",
          });
          equal(status, 0, `${stderr}\n${input}`);
          equal(readFileSync(path.join(root, "x.yml"), "utf8"), after);
        },
      ),
      { seed: 20260904, numRuns: 150 },
    );
    ok(judged.count > 50, `${judged.count}`);
  });
});

function replace(text: string, part: string, by: string): TextChange {
  const start = text.indexOf(part);
  return { span: { start, end: start + part.length }, text: by };
}

/** Pairs of places are spans, in order. */
function changesAt(text: string, places: readonly number[], added: readonly string[]): readonly TextChange[] {
  const sorted = places.map((place) => Math.min(place, text.length)).sort((a, b) => a - b);
  return sorted.flatMap((start, each) => {
    const end = sorted[each + 1];
    if (each % 2 === 1 || end === undefined || end === start) return [];
    return [{ span: { start, end }, text: added[each] ?? "" }];
  });
}

describe("a diff on a terminal", () => {
  it("holds no credential of the file, and nothing that steers the terminal", () => {
    const token = ["glpat", "x8Kq2ZrT5mWvN7bYcJ3P"].join("-");
    const shown = forTerminal(`-  TOKEN: ${token} # \u001b[2Jold\n+  TOKEN: ${token} # new\n`);
    equal(shown.includes(token), false);
    equal(shown.includes("\u001b"), false);
    match(shown, /^- {2}TOKEN: .*old\n\+ {2}TOKEN: .*new\n$/);
  });
});
