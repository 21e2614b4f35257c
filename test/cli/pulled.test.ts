import assert from "node:assert/strict";
import { useFolders } from "../support/folder.ts";
import { sarifChecker } from "../support/sarif-schema.ts";
import { pipewarden } from "./command-line.ts";

const command = "curl -s https://codecov.io/bash | bash";
const action = `name: Upload
inputs: {token: {required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {TOKEN: "\${{ inputs.token }}"}
      run: ${command}
`;

function workflow(input: string): string {
  return `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - name: Send
        uses: ./ci/upload
        with: {token: "${input}"}
`;
}

interface Log {
  readonly runs: readonly [{ readonly results: readonly SarifResult[] }];
}

interface SarifResult {
  readonly ruleId: string;
  readonly level: string;
  readonly locations: readonly Location[];
  readonly relatedLocations: readonly (Location & { readonly message: { readonly text: string } })[];
  readonly properties: {
    readonly reachDetails: readonly {
      readonly name: string;
      readonly path: string;
      readonly region: { readonly startLine: number };
    }[];
  };
}

interface Location {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string };
    readonly region: { readonly startLine: number };
  };
}

const at = ({ physicalLocation: { artifactLocation, region } }: Location) =>
  `${artifactLocation.uri}:${region.startLine}`;

describe("files that pipelines pull in, on the command line", () => {
  const makeFolder = useFolders();
  const files = {
    ".github/workflows/a.yml": workflow("x"),
    ".github/workflows/b.yml": workflow("${{ secrets.UPLOAD }}"),
    "ci/upload/action.yml": action,
  };

  it("have each finding once, as grave as the gravest caller makes it, with the steps of all", async () => {
    const { out, err } = await pipewarden(["scan", "--format", "sarif"], makeFolder(files));
    assert.equal(err, "");
    const log: Log = JSON.parse(out);
    assert.deepEqual(sarifChecker()(log), []);
    const results = log.runs[0].results.filter(({ ruleId }) => ruleId === "unpinned-remote-script");
    assert.deepEqual(
      results.map(({ level, locations }) => [level, ...locations.map(at)]),
      [["error", "ci/upload/action.yml:8"]],
    );
    const [result] = results;
    assert.deepEqual(
      result?.relatedLocations
        .filter(({ message }) => message.text.startsWith("Run by"))
        .map(at)
        .sort(),
      [".github/workflows/a.yml:6", ".github/workflows/b.yml:6"],
    );
    assert.deepEqual(
      result?.properties.reachDetails.map(({ name, path, region }) => `${name} ${path}:${region.startLine}`),
      ["UPLOAD ci/upload/action.yml:7"],
    );
  });

  it("are reported where one pipeline alone is named, and left out where that is asked for", async () => {
    const folder = makeFolder(files);
    const lines = async (...args: readonly string[]) => {
      const { out } = await pipewarden(["scan", ...args], folder);
      return out.split("\n").filter((line) => line.includes("unpinned-remote-script")).length;
    };
    assert.equal(await lines(".github/workflows/b.yml"), 1);
    assert.equal(await lines(".github/workflows/b.yml", "--exclude", "ci/"), 0);
  });
});
