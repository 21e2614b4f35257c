import assert from "node:assert/strict";
import { DEFAULT_SETTINGS, parseSettings, readSettings } from "../../server/core/index.ts";
import { exampleFiles, fuzzedFile, randomOf } from "../support/fuzz-input.ts";

describe("readSettings", () => {
  it("takes what is right and drops what is not", () => {
    assert.deepEqual(
      readSettings({ rules: { a: "off", b: "hint", c: "loud", d: 1 }, exclude: ["x", 2], other: true }),
      {
        rules: { a: "off", b: "hint" },
        exclude: ["x"],
      },
    );
  });

  it("gives the defaults for input of any other shape", () => {
    for (const input of [undefined, null, 1, "rules", [], { rules: [] }, { rules: null, exclude: "x" }]) {
      assert.deepEqual(readSettings(input), DEFAULT_SETTINGS);
    }
  });
});

describe("parseSettings", () => {
  it("marks the key or value that is wrong", () => {
    const text = "rules:\n  unpinned-action: of\n  unpinned: off\nexclude:\n  - {}\nseverity: x\n";
    const marked = parseSettings(text).problems.map(({ span }) => text.slice(span.start, span.end));
    assert.deepEqual(marked, ["of", "unpinned", "{}", "severity"]);
  });

  it("never throws and stays in the text, whatever the text is", () => {
    const bases = [...exampleFiles(), { path: "", text: "rules:\n  unpinned-action: off\nexclude:\n  - vendor/\n" }];
    for (let seed = 0; seed < 2000; seed++) {
      const { text } = fuzzedFile(randomOf(seed), bases);
      for (const { span } of parseSettings(text).problems) assert.ok(span.start <= span.end && span.end <= text.length);
    }
  });
});
