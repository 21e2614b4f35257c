import assert from "node:assert/strict";
import type { Diagnostic } from "vscode-languageserver";
import { pageOf, RULES } from "../../server/core/index.ts";
import { NO_ITEMS, pack, unpack } from "../../server/lsp/packed.ts";

const uri = "file:///w/ci.yml";
const range = { start: { line: 1, character: 2 }, end: { line: 3, character: 4 } };
const [rule] = RULES;
if (rule === undefined) throw new Error("There is no rule.");

const ofRule: Diagnostic = {
  range,
  severity: 2,
  source: "pipewarden",
  code: rule.id,
  codeDescription: { href: pageOf(rule) },
  message: "“é” \u{1f600}\n\t",
  relatedInformation: [
    { location: { uri, range }, message: "here" },
    { location: { uri: "file:///w/ci.sh", range }, message: "there" },
  ],
  data: { rule: rule.id },
};

describe("packed diagnostics", () => {
  it("come back as they were, those of rules and others", () => {
    const other: Diagnostic = { range, severity: 2, source: "pipewarden", code: "settings", message: "x" };
    const tagged: Diagnostic = { ...ofRule, tags: [1] };
    const elsewhere: Diagnostic = { ...ofRule, data: { rule: "another" } };
    const items = [ofRule, other, tagged, elsewhere];
    assert.deepEqual(unpack(pack(items, uri), uri), items);
    assert.deepEqual(unpack(pack([], uri), uri), []);
    assert.equal(pack([], uri), NO_ITEMS);
  });

  it("are one line of printable ASCII", () => {
    assert.match(pack([ofRule], uri), /^[ -~]+$/);
  });
});
