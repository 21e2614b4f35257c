import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { analyze } from "../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../server/core/context.ts";
import { DEFAULT_SETTINGS } from "../server/core/settings.ts";
import { SYSTEMS, systemFor } from "../server/core/systems/index.ts";
import { parseYaml } from "../server/core/yaml.ts";

const quiet = path.join(import.meta.dirname, "corpus/quiet");

/** A corpus of real CI files with labels, which lies beside the project where there is one. */
const corpus = path.resolve(import.meta.dirname, "../../shared/corpus");

/** The systems as the labels call them. */
const LABELS: Readonly<Record<string, string>> = {
  appveyor: "appveyor",
  azure: "azure-pipelines",
  bitbucket: "bitbucket-pipelines",
  buildkite: "buildkite",
  buildspec: "codebuild",
  circleci: "circleci",
  cirrus: "cirrus",
  cloudbuild: "cloud-build",
  drone: "drone",
  gha: "github-actions",
  gitlab: "gitlab-ci",
  travis: "travis-ci",
  woodpecker: "woodpecker",
};

/** Paths with forward slashes, as a repository has them. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, "/"))
    .sort();
}

describe("files that only look like pipelines", () => {
  const files = filesBelow(quiet);

  it("are at least sixty, and not empty", () => {
    assert.ok(files.length >= 60, `${files.length}`);
    for (const file of files) {
      const { documents } = parseYaml(readFileSync(path.join(quiet, file), "utf8"));
      assert.ok(documents.length > 0, file);
    }
  });

  for (const file of files) {
    it(`are claimed by no system: ${file}`, () => {
      const text = readFileSync(path.join(quiet, file), "utf8");
      const yaml = parseYaml(text);
      const claims = SYSTEMS.filter((system) => system.claims(file, yaml) > 0).map(({ id }) => id);
      assert.deepEqual(claims, []);
      const { system, findings, asked } = analyze({ path: file, text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
      assert.deepEqual({ system, findings, asked }, { system: undefined, findings: [], asked: [] });
    });
  }
});

describe("the files of the corpus", () => {
  it("are recognised as what their labels say", function () {
    if (!existsSync(corpus)) {
      console.log("      the corpus is not here, so there is nothing to recognise");
      this.skip();
    }
    const lines = readFileSync(path.join(corpus, "labels.jsonl"), "utf8").trim().split("\n");
    const labels = lines.map((line): { readonly file: string; readonly path: string; readonly ci: string } =>
      JSON.parse(line),
    );
    assert.ok(labels.length > 200, `${labels.length}`);
    const wrong = labels.flatMap(({ file, path: own, ci }) => {
      const text = readFileSync(path.join(corpus, "files", file), "utf8");
      // As the repository has it, and as the corpus does.
      const found = [own, file].map((each) => systemFor(each, parseYaml(text))?.id);
      return found.every((each) => each === LABELS[ci]) ? [] : [{ file, own, ci, found }];
    });
    assert.deepEqual(wrong, []);
  });
});
