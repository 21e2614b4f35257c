import assert from "node:assert/strict";
import { useFolders } from "../support/folder.ts";
import { pipewarden } from "./command-line.ts";

const workflow = ".github/workflows/ci.yml";
const text = `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - name: Log in
        run: docker login -u me -p "$PASSWORD"
        env:
          PASSWORD: \${{ secrets.DOCKER_PASSWORD }}
      - name: Upload
        run: bash <(curl -s https://codecov.io/bash)
      - name: Publish
        run: npm publish
        env:
          NPM_TOKEN: \${{ secrets.NPM_TOKEN }}
`;

describe("what code could take, in a report", () => {
  const makeFolder = useFolders();
  const report = async (format: string) =>
    (await pipewarden(["scan", "--format", format], makeFolder({ [workflow]: text }))).out;

  it("stands in SARIF by its names and with the lines that granted it, now and later", async () => {
    const [found] = JSON.parse(await report("sarif")).runs[0].results.filter(isRemoteScript("ruleId"));
    assert.equal(found.level, "error");
    assert.deepEqual([found.properties.reach, found.properties.reachLater], [["DOCKER_PASSWORD"], ["NPM_TOKEN"]]);
    const [login] = found.properties.reachDetails;
    assert.deepEqual(
      [login.kind, login.from, login.scope, login.path, login.region.startLine],
      ["login", "named", "the login that step “Log in” left behind", workflow, 7],
    );
    const [later] = found.properties.reachLaterDetails;
    assert.deepEqual([later.name, later.scope, later.region.startLine], ["NPM_TOKEN", "step “Publish”", 15]);
  });

  it("stands in JSON the same", async () => {
    const [found] = JSON.parse(await report("json")).findings.filter(isRemoteScript("rule"));
    assert.deepEqual(
      [found.reach, found.reachLater].map((list) =>
        list.map((each: Row) => [each.name, each.kind, each.region.startLine]),
      ),
      [[["DOCKER_PASSWORD", "login", 7]], [["NPM_TOKEN", "named", 15]]],
    );
  });

  it("stands in the text below the finding, each on a line of its own", async () => {
    const lines = (await report("text")).split("\n");
    const at = lines.findIndex((line) => line.includes("unpinned-remote-script"));
    assert.deepEqual(
      lines.slice(at + 1, at + 3).map((line) => line.trim()),
      [
        "It could read DOCKER_PASSWORD (the login that step “Log in” left behind).",
        "By tampering with later steps: NPM_TOKEN (step “Publish”).",
      ],
    );
  });
});

interface Row {
  readonly name: string;
  readonly kind: string;
  readonly region: { readonly startLine: number };
}

function isRemoteScript(key: string) {
  return (result: Record<string, unknown>) => result[key] === "unpinned-remote-script";
}
