import assert from "node:assert/strict";
import { isInside, pathOf, rootOf, uriBelow, uriKey } from "../../server/lsp/uri.ts";

describe("URIs", () => {
  it("have one key in every spelling", () => {
    assert.equal(uriKey("file:///C:/a%20b/%5Bx%5D.yml"), uriKey("file:///c%3A/a%20b/[x].yml"));
    assert.equal(uriKey("file:///a%"), "file:///a%");
  });

  it("lie inside of a folder, but not of one whose name only begins alike", () => {
    assert.equal(isInside("file:///a/b/c.yml", "file:///a/b"), true);
    assert.equal(isInside("file:///a/b/c.yml", "file:///a/b/"), true);
    assert.equal(isInside("file:///a/bc.yml", "file:///a/b"), false);
  });

  it("consist of a root and a path", () => {
    for (const [uri, root, path] of [
      ["untitled:Untitled-1", "untitled:", "Untitled-1"],
      ["untitled:/home/.gitlab-ci.yml", "untitled:/", "home/.gitlab-ci.yml"],
      ["vscode-vfs://github/owner/na%20me/ci.yml?ref=1", "vscode-vfs://github/", "owner/na me/ci.yml"],
    ] as const) {
      assert.equal(rootOf(uri), root);
      assert.equal(pathOf(uri), path);
    }
    assert.equal(uriBelow("file:///r/", "a b/c#.sh"), "file:///r/a%20b/c%23.sh");
  });
});
