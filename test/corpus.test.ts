import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { analyze } from "../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../server/core/context.ts";
import { DEFAULT_SETTINGS } from "../server/core/settings.ts";
import { isForeignObject, SYSTEMS, systemFor } from "../server/core/systems/index.ts";
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

const files = filesBelow(quiet);

describe("files that only look like pipelines", () => {
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

describe("objects of Kubernetes that a glance tells", () => {
  const object = "apiVersion: v1\nkind: Pod\nspec: {}\n";

  it("are those that no system has, however many stand in a file", () => {
    const foreign = (text: string, name = "k8s/a.yaml") => isForeignObject(name, text);
    assert.equal(foreign(object), true);
    assert.equal(foreign(`# A comment\n---\n${object}--- # another\n${object}---\n`), true);
    assert.equal(foreign(object.replaceAll("\n", "\r\n")), true);
    assert.equal(foreign(""), false);
    assert.equal(foreign("kind: Pod\nspec: {}\n"), false);
    assert.equal(foreign(`${object}---\njobs: {}\n`), false);
    assert.equal(foreign(`${object}--- {jobs: {}}\n`), false);
    assert.equal(foreign(" apiVersion: v1\n kind: Pod\n"), false);
    assert.equal(foreign(`${object}---\napiVersion: tekton.dev/v1\nkind: Task\n`), false);
    assert.equal(foreign("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n"), false);
  });

  it("are none where the path or a person says what the file is", () => {
    assert.equal(isForeignObject(".github/workflows/a.yml", object), false);
    assert.equal(isForeignObject(".gitlab-ci.yml", object), false);
    assert.equal(isForeignObject("ci/a.yml", object, { "gitlab-ci": ["ci/*.yml"] }), false);
    assert.equal(isForeignObject("ci/a.yml", object, { "gitlab-ci": ["other/*.yml"] }), true);
  });

  it("are claimed by no system when they are read, and are most of the Kubernetes files", () => {
    const texts = files.map((file) => ({ file, text: readFileSync(path.join(quiet, file), "utf8") }));
    const told = texts.filter(({ file, text }) => isForeignObject(file, text));
    for (const { file, text } of told) assert.equal(systemFor(file, parseYaml(text)), undefined, file);
    const kubernetes = told.filter(({ file }) => file.startsWith("kubernetes/"));
    assert.ok(kubernetes.length >= 10, `${kubernetes.length}`);
  });
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
