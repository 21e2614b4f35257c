import assert from "node:assert/strict";
import { useFolders } from "../support/folder.ts";
import { sarifChecker } from "../support/sarif-schema.ts";
import { pipewarden } from "./command-line.ts";

const command = "curl -s https://codecov.io/bash | bash";
const other = "wget -qO- https://get.example.com/i.sh | sh";
const script = `#!/bin/bash\n# é😀\nset -e; ${command}\n${other}\n`;

function workflow(run: string, secret?: string): string {
  const env = secret === undefined ? "" : `env:\n  ${secret}: \${{ secrets.${secret} }}\n`;
  return `on: push\n${env}jobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - name: Upload\n        run: ${run}\n`;
}

describe("findings in scripts that pipelines run, on the command line", () => {
  const makeFolder = useFolders();
  const files = {
    ".github/workflows/a.yml": workflow("./ci/upload.sh"),
    ".github/workflows/b.yml": workflow("bash ci/upload.sh", "NPM_TOKEN"),
    ".github/workflows/c.yml": workflow("sh ci/upload.sh", "NPM_TOKEN"),
    "ci/upload.sh": script,
  };
  const scan = async (folder: string, ...args: readonly string[]) => {
    const { code, out, err } = await pipewarden(["scan", "--format", "json", ...args], folder);
    assert.equal(err, "");
    const { findings }: { findings: readonly Found[] } = JSON.parse(out);
    return { code, findings: findings.filter(({ rule }) => rule === "unpinned-remote-script") };
  };

  it("come once for each place, as grave as the gravest, with the steps and the secrets of all", async () => {
    const { code, findings } = await scan(makeFolder(files));
    assert.equal(code, 1);
    assert.deepEqual(
      findings.map(({ path, severity, region }) => [path, severity, region.startLine, region.startColumn]),
      [
        ["ci/upload.sh", "error", 3, 9],
        ["ci/upload.sh", "error", 4, 1],
      ],
    );
    const steps = findings[0]?.related.filter(({ message }) => message.startsWith("Run by"));
    assert.deepEqual(steps?.map(({ path, region }) => [path, region.startLine]).sort(), [
      [".github/workflows/a.yml", 6],
      [".github/workflows/b.yml", 8],
      [".github/workflows/c.yml", 8],
    ]);
    const reach = findings[0]?.reach.map(({ name, path, region }) => [name, path, region?.startLine]).sort();
    assert.deepEqual(reach, [
      ["NPM_TOKEN", ".github/workflows/b.yml", 3],
      ["NPM_TOKEN", ".github/workflows/c.yml", 3],
    ]);
  });

  it("are told in one block of text for each script, each secret once", async () => {
    const { out } = await pipewarden(["scan"], makeFolder(files));
    const lines = out.split("\n");
    assert.equal(lines.filter((line) => line === "ci/upload.sh").length, 1);
    const at = lines.findIndex((line) => line.includes("codecov.io"));
    assert.match(lines[at] ?? "", /^ {5}3:9 {2}error/);
    assert.equal(lines[at + 1]?.trim(), "It could read NPM_TOKEN (the whole workflow).");
  });

  it("have the columns of the script in SARIF, those of the pipeline for its steps, and keep their fingerprints", async () => {
    const sarif = async (text: string) => {
      const { out } = await pipewarden(["scan", "--format", "sarif"], makeFolder({ ...files, "ci/upload.sh": text }));
      const log = JSON.parse(out);
      assert.deepEqual(sarifChecker()(log), []);
      return log.runs[0].results.filter(({ ruleId }: { ruleId: string }) => ruleId === "unpinned-remote-script");
    };
    const [first, second] = await sarif(`\uFEFF${script}`);
    assert.deepEqual(first.locations[0].physicalLocation, {
      artifactLocation: { uri: "ci/upload.sh", uriBaseId: "%SRCROOT%" },
      region: {
        startLine: 3,
        startColumn: 9,
        endLine: 3,
        endColumn: 9 + command.length,
        charOffset: script.indexOf(command),
        charLength: command.length,
      },
    });
    assert.equal(second.locations[0].physicalLocation.region.startLine, 4);
    const step = first.relatedLocations.find(({ message }: { message: { text: string } }) =>
      /^Run by/.test(message.text),
    );
    assert.match(step.physicalLocation.artifactLocation.uri, /^\.github\/workflows\//);
    assert.ok([6, 8].includes(step.physicalLocation.region.startLine));
    assert.deepEqual(first.properties.reach, ["NPM_TOKEN"]);
    const [moved] = await sarif(script.replace("# é😀\n", "# é😀\n\n\n"));
    assert.deepEqual(moved.partialFingerprints, first.partialFingerprints);
  });

  it("stand in the order of the file, whichever pipeline brought them", async () => {
    const apart = {
      ".github/workflows/a.yml": workflow("make late"),
      ".github/workflows/b.yml": workflow("make early"),
      Makefile: `early:\n\t${command}\nlate:\n\t${other}\n`,
    };
    const { findings } = await scan(makeFolder(apart));
    assert.deepEqual(
      findings.map(({ path, region }) => [path, region.startLine]),
      [
        ["Makefile", 2],
        ["Makefile", 4],
      ],
    );
  });

  it("are left out where the settings or --exclude leave out the script", async () => {
    const folder = makeFolder(files);
    assert.deepEqual((await scan(folder, "--exclude", "ci/")).findings, []);
    assert.deepEqual((await scan(folder, ".github/workflows/a.yml", "--exclude", "ci/")).findings, []);
    assert.equal((await scan(folder, ".github/workflows/a.yml")).findings.length, 2);
    const settled = makeFolder({ ...files, ".git/HEAD": "", ".pipewarden.yml": "exclude: [upload.sh]\n" });
    assert.deepEqual((await scan(settled)).findings, []);
  });
});

interface Found {
  readonly rule: string;
  readonly severity: string;
  readonly path: string;
  readonly region: { readonly startLine: number; readonly startColumn: number };
  readonly related: readonly {
    readonly message: string;
    readonly path: string;
    readonly region: { readonly startLine: number };
  }[];
  readonly reach: readonly {
    readonly name: string;
    readonly path: string;
    readonly region?: { readonly startLine: number };
  }[];
}
