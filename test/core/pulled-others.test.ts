import assert from "node:assert/strict";
import { COMMAND, type Repository, said } from "../support/repository.ts";

/** Severity and file of each finding, and the place that pulls the file in. */
function found(files: Repository, path: string): readonly string[] {
  return said(files, path).map((line) => {
    const [what = "", , ...callers] = line.split(" ; ");
    return [what.replace(/:.*$/, ""), ...callers].join(" ; ");
  });
}

const reachOf = (files: Repository, path: string) => said(files, path).map((line) => line.split(" ; ")[1]);

describe("files of the repository that other systems pull in", () => {
  it("CircleCI goes on with them by its orbs", () => {
    const CI = ".circleci/config.yml";
    const next = `version: 2.1\njobs:\n  a:\n    docker: [{image: x}]\n    steps: [{run: "${COMMAND}"}]\n`;
    const steps = (parameter: string) =>
      `version: 2.1\nsetup: true\njobs:\n  s:\n    docker: [{image: x}]\n    steps:\n      - continuation/continue:\n          ${parameter}\n`;
    const message = "The pipeline goes on with it here";
    const files = { [CI]: steps("configuration_path: .circleci/next.yml"), ".circleci/next.yml": next };
    assert.deepEqual(found(files, CI), [`warning .circleci/next.yml ; ${message} @ ${CI}:8`]);
    assert.deepEqual(found({ ...files, [CI]: steps("configuration_path: << parameters.x >>") }, CI), []);
    assert.deepEqual(found({ ...files, [CI]: files[CI].replace("setup: true\n", "") }, CI), []);
    const filter = (rest: string) =>
      `version: 2.1\nsetup: true\nworkflows:\n  w:\n    jobs:\n      - path-filtering/filter:\n${rest}`;
    const config = filter("          config-path: .circleci/next.yml\n");
    assert.deepEqual(found({ ...files, [CI]: config }, CI), [`warning .circleci/next.yml ; ${message} @ ${CI}:7`]);
    const mapping = filter(
      "          mapping: |\n            src/.* build true .circleci/next.yml\n            doc/.* docs true\n",
    );
    assert.deepEqual(found({ ...files, [CI]: mapping }, CI).length, 1);
  });

  it("Buildkite uploads them", () => {
    const CI = ".buildkite/pipeline.yml";
    const files = (command: string) => ({
      [CI]: `steps:\n  - label: Up\n    command: ${command}\n`,
      ".buildkite/deploy.yml": `steps:\n  - command: "${COMMAND}"\n`,
    });
    const one = [`warning .buildkite/deploy.yml ; Uploaded by step “Up” @ ${CI}:3`];
    assert.deepEqual(found(files("buildkite-agent pipeline upload .buildkite/deploy.yml"), CI), one);
    assert.deepEqual(found(files("true && buildkite-agent pipeline upload --replace .buildkite/deploy.yml"), CI), one);
    assert.deepEqual(found(files("buildkite-agent pipeline upload .buildkite/pipeline.yml"), CI), []);
    assert.deepEqual(found(files("buildkite-agent pipeline upload $FILE.yml"), CI), []);
  });

  it("Bitbucket imports them", () => {
    const CI = "bitbucket-pipelines.yml";
    const shared = `definitions:\n  pipelines:\n    a:\n      - step: {script: ["${COMMAND}"]}\n`;
    const files = {
      [CI]: "definitions:\n  imports:\n    shared: ci/shared.yml\n    other: acme/x:main:y.yml\n",
      "ci/shared.yml": shared,
    };
    assert.deepEqual(found(files, CI), [`warning ci/shared.yml ; Imported here @ ${CI}:3`]);
  });

  it("Travis imports them, and their variables are everywhere", () => {
    const CI = ".travis.yml";
    const shared = `env:\n  global:\n    - KEY: {secure: abc}\ninstall: ${COMMAND}\n`;
    const files = { [CI]: "language: c\nimport: ./ci/shared.yml\nscript: make\n", "ci/shared.yml": shared };
    assert.deepEqual(found(files, CI), [`error ci/shared.yml ; Imported here @ ${CI}:2`]);
    const outward = {
      [CI]: `import:\n  - source: ci/shared.yml\nscript: ${COMMAND}\n`,
      "ci/shared.yml": "env: {global: [{KEY: {secure: abc}}]}\n",
    };
    assert.match(reachOf(outward, CI)[0] ?? "", /KEY of ci\/shared\.yml$/);
    const inward = {
      [CI]: "env: {global: [{KEY: {secure: abc}}]}\nimport: ci/shared.yml\n",
      "ci/shared.yml": `install: ${COMMAND}\n`,
    };
    assert.match(reachOf(inward, CI)[0] ?? "", /^KEY, every variable/);
  });

  it("Tekton finds tasks and pipelines by their names, and those that an annotation names", () => {
    const CI = ".tekton/run.yaml";
    const task = (name: string) =>
      `apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: ${name}}\nspec:\n  steps:\n    - image: x\n      script: ${COMMAND}\n`;
    const run = (spec: string, more = "") =>
      `apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata:\n  name: r\n${more}spec:\n${spec}`;
    const call =
      "  taskRunTemplate: {podTemplate: {env: [{name: K, valueFrom: {secretKeyRef: {name: s, key: k}}}]}}\n  pipelineSpec: {tasks: [{name: a, taskRef: {name: build}}]}\n";
    const files = { [CI]: run(call), ".tekton/tasks/build.yaml": task("build"), ".tekton/other.yaml": task("other") };
    assert.deepEqual(found(files, CI), [`error .tekton/tasks/build.yaml ; The task is called here @ ${CI}:7`]);
    assert.match(reachOf(files, CI)[0] ?? "", /^s\/k, /);
    const pipeline =
      "apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p}\nspec: {tasks: [{name: a, taskRef: {name: build}}]}\n";
    const nested = { ...files, [CI]: run("  pipelineRef: {name: p}\n"), ".tekton/p.yaml": pipeline };
    assert.deepEqual(found(nested, CI), [
      `warning .tekton/tasks/build.yaml ; The task is called here @ .tekton/p.yaml:4 ; The pipeline is called here @ ${CI}:6`,
    ]);
    const elsewhere = { ...files, [CI]: run("  pipelineRef: {name: p, resolver: cluster}\n") };
    assert.deepEqual(found(elsewhere, CI), []);
    const annotated = run(
      "  pipelineSpec: {}\n",
      '  annotations: {pipelinesascode.tekton.dev/task: "[ci/task.yaml]"}\n',
    );
    assert.deepEqual(found({ [CI]: annotated, "ci/task.yaml": task("x") }, CI), [
      `warning ci/task.yaml ; Fetched here @ ${CI}:5`,
    ]);
  });

  it("CodeBuild builds them in a batch", () => {
    const CI = "buildspec.yml";
    const files = {
      [CI]: "version: 0.2\nbatch:\n  build-list:\n    - identifier: a\n      buildspec: ci/a.yml\n    - identifier: b\n      buildspec: ../x.yml\n",
      "ci/a.yml": `version: 0.2\nphases: {build: {commands: ["${COMMAND}"]}}\n`,
    };
    assert.deepEqual(found(files, CI), [`warning ci/a.yml ; A build of this batch @ ${CI}:5`]);
  });
});
