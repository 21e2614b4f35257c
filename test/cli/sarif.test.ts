import assert from "node:assert/strict";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { regionsOf } from "../../server/cli/lines.ts";
import { toSarif } from "../../server/cli/report-sarif.ts";
import { applyEdits, RULES, withoutMarks } from "../../server/core/index.ts";
import { useFolders } from "../support/folder.ts";
import { sarifChecker } from "../support/sarif-schema.ts";
import { breach, clean, mild, pipewarden } from "./command-line.ts";

describe("the SARIF report", () => {
  const makeFolder = useFolders();
  const wrongIn = sarifChecker();
  const workflow = ".github/workflows/ci.yml";

  /** The only run of a valid report. */
  const runOf = async (folder: string, ...args: readonly string[]): Promise<Run> => {
    const { out } = await pipewarden(["scan", "--format", "sarif", ...args], folder);
    const log = JSON.parse(out);
    assert.deepEqual(wrongIn(log), []);
    assert.equal(log.runs.length, 1);
    return log.runs[0];
  };

  it("is refused by the schema when it is not SARIF, so that the schema does check", () => {
    assert.notDeepEqual(wrongIn({ version: "2.1.0", runs: [{ tool: {} }] }), []);
  });

  it("says what happened: rules, results, secrets in reach, places", async () => {
    const folder = makeFolder({ [workflow]: breach });
    const { tool, results, invocations, originalUriBaseIds } = await runOf(folder);
    assert.deepEqual(
      tool.driver.rules.map(({ id }) => id),
      RULES.map(({ id }) => id),
    );
    const found = resultOf("unpinned-remote-script", results);
    assert.equal(tool.driver.rules[found.ruleIndex]?.id, "unpinned-remote-script");
    assert.equal(found.level, "error");
    assert.deepEqual(found.properties.reach?.slice(0, 2), ["CODECOV_TOKEN", "DEPLOY_KEY"]);
    assert.equal(found.properties.reachDetails?.[1]?.level, "pipeline");
    assert.equal(found.properties.reachDetails?.[1]?.region?.startLine, 3);
    assert.deepEqual(found.locations[0]?.physicalLocation, {
      artifactLocation: { uri: workflow, uriBaseId: "%SRCROOT%" },
      region: regionOfText(breach, "bash <(curl -s https://codecov.io/bash)"),
    });
    assert.deepEqual(invocations, [{ executionSuccessful: true, exitCode: 1, toolExecutionNotifications: [] }]);
    assert.equal(fileURLToPath(originalUriBaseIds["%SRCROOT%"]?.uri ?? ""), `${folder}${path.sep}`);
  });

  it("explains every rule with an example before and after", async () => {
    const { tool } = await runOf(makeFolder());
    for (const rule of tool.driver.rules) {
      assert.ok(rule.help.text.includes("Instead:"), rule.id);
      assert.ok(rule.help.markdown.split("```yaml\n").length === 3, rule.id);
      assert.doesNotMatch(rule.help.text, /\^\^/);
      assert.match(rule.helpUri, /^https:/);
    }
  });

  it("has a note for information and hints, and one name for each level", async () => {
    const files = { [workflow]: mild, ".pipewarden.yml": "rules:\n  unpinned-action: information\n" };
    const { results } = await runOf(makeFolder(files));
    assert.deepEqual(
      results.map(({ level, properties }) => [level, properties.severity]),
      [["note", "information"]],
    );
  });

  it("counts UTF-16 units, and no byte order mark", async () => {
    const text = `\uFEFF${breach.replace("name: Upload", "name: 'é😀\t'").replace("run: bash", "run: echo 😀; bash").replaceAll("\n", "\r\n")}`;
    const { results } = await runOf(makeFolder({ [workflow]: text }));
    const { region } = resultOf("unpinned-remote-script", results).locations[0]?.physicalLocation ?? {};
    assert.deepEqual(region, regionOfText(text.slice(1), "bash <(curl -s https://codecov.io/bash)"));
  });

  it("keeps a finding's fingerprint when lines move, and tells equal findings apart", async () => {
    const step = "      - uses: someone/something@v1\n";
    const printsOf = async (text: string) => {
      const { results } = await runOf(makeFolder({ [workflow]: text }));
      return results.map(({ partialFingerprints }) => partialFingerprints["pipewarden/v1"]);
    };
    const [before, after] = [await printsOf(mild + step), await printsOf(`# new\n\n${mild}      - run: make\n${step}`)];
    assert.deepEqual(before, after);
    assert.equal(new Set(before).size, 2);
  });

  it("carries the fixes that need no network, and they heal", async () => {
    const example = RULES.find(({ id }) => id === "pipeline-wide-secret")?.examples[0];
    assert.ok(example);
    const text = withoutMarks(example.bad);
    const found = resultOf("pipeline-wide-secret", (await runOf(makeFolder({ [example.path]: text }))).results);
    const [change] = found.fixes?.[0]?.artifactChanges ?? [];
    assert.equal(change?.artifactLocation.uri, example.path);
    const edits = (change?.replacements ?? []).map(
      ({ deletedRegion: { charOffset, charLength }, insertedContent }) => ({
        span: { start: charOffset, end: charOffset + charLength },
        text: insertedContent.text,
      }),
    );
    assert.equal(applyEdits(text, edits), example.good);
  });

  it("says equal things once, as the schema demands", () => {
    const [rule] = RULES;
    assert.ok(rule);
    const place = { file: "/a/b.yml", region: regionsOf("a")({ start: 0, end: 1 }) };
    const [related, fix] = [
      { ...place, message: "here" },
      { title: "Fix", changes: [{ ...place, text: "b" }] },
    ];
    const result = {
      ...place,
      rule,
      severity: "error" as const,
      message: "m",
      reach: undefined,
      reachLater: undefined,
      fingerprint: "f",
    };
    const results = [{ ...result, related: [related, related], fixes: [fix, fix] }];
    const log = JSON.parse(
      toSarif({ base: "/a", ciFiles: 1, results, suppressed: [], gone: [], notices: [] }, "1.0.0", 1),
    );
    assert.deepEqual(wrongIn(log), []);
    assert.equal(log.runs[0].results[0].relatedLocations.length, 1);
  });

  it("encodes odd names in addresses", async () => {
    const name = "a b/%41#?;é\u001b😀/.gitlab-ci.yml";
    const { results } = await runOf(makeFolder({ [name]: "a: {script: curl x.io|sh}" }));
    const { uri } = results[0]?.locations[0]?.physicalLocation.artifactLocation ?? { uri: "" };
    assert.match(uri, /^[\x21-\x7e]+$/);
    assert.equal(decodeURIComponent(uri), name);
  });

  it("has a notification for each bad file, and fails only where a named one cannot be read", async () => {
    const folder = makeFolder({ "bad.yml": "\0", [workflow]: clean });
    const [inFolder, named] = [
      (await runOf(folder)).invocations[0],
      (await runOf(folder, "bad.yml", "missing")).invocations[0],
    ];
    assert.equal(inFolder?.executionSuccessful, true);
    assert.equal(inFolder?.toolExecutionNotifications[0]?.level, "warning");
    assert.equal(named?.executionSuccessful, false);
    assert.deepEqual(
      named?.toolExecutionNotifications.map(({ message }) => message.text),
      ["Does not exist.", "Is a binary file."],
    );
  });
});

interface Run {
  readonly tool: { readonly driver: { readonly rules: readonly SarifRule[] } };
  readonly results: readonly SarifResult[];
  readonly invocations: readonly Invocation[];
  readonly originalUriBaseIds: Readonly<Record<string, { readonly uri: string }>>;
}

interface SarifRule {
  readonly id: string;
  readonly helpUri: string;
  readonly help: { readonly text: string; readonly markdown: string };
}

interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly locations: readonly {
    readonly physicalLocation: { readonly artifactLocation: Artifact; readonly region: unknown };
  }[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly properties: {
    readonly severity: string;
    readonly reach?: readonly string[];
    readonly reachDetails?: readonly { readonly level: string; readonly region?: { readonly startLine: number } }[];
  };
  readonly fixes?: readonly { readonly artifactChanges: readonly ArtifactChange[] }[];
}

interface Artifact {
  readonly uri: string;
}

interface ArtifactChange {
  readonly artifactLocation: Artifact;
  readonly replacements: readonly {
    readonly deletedRegion: { readonly charOffset: number; readonly charLength: number };
    readonly insertedContent: { readonly text: string };
  }[];
}

interface Invocation {
  readonly executionSuccessful: boolean;
  readonly toolExecutionNotifications: readonly {
    readonly level: string;
    readonly message: { readonly text: string };
  }[];
}

function resultOf(rule: string, results: readonly SarifResult[]): SarifResult {
  const result = results.find(({ ruleId }) => ruleId === rule);
  assert.ok(result, `There is no result of ${rule}.`);
  return result;
}

/** The region of the first occurrence of a part that lies in one line. */
function regionOfText(text: string, part: string) {
  const charOffset = text.indexOf(part);
  const line = text.slice(0, charOffset).split("\n").length;
  const column = charOffset - text.lastIndexOf("\n", charOffset);
  return {
    startLine: line,
    startColumn: column,
    endLine: line,
    endColumn: column + part.length,
    charOffset,
    charLength: part.length,
  };
}
