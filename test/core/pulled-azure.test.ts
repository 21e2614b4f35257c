import assert from "node:assert/strict";
import { analysisOf, COMMAND, fixedRepository, said } from "../support/repository.ts";

const CI = "azure-pipelines.yml";
const STEPS = `steps:\n- bash: ${COMMAND}\n`;
const USED = "The template is used here";

describe("templates of an Azure pipeline", () => {
  const steps = (path: string) => `pool: {vmImage: ubuntu-24.04}\nsteps:\n- template: ${path}\n`;

  it("of steps are a part of it, by a path from the file or from the root", () => {
    for (const path of ["ci/x.yml", "/ci/x.yml", "./ci/x.yml", "ci/x.yml@self", "ci\\x.yml"]) {
      assert.deepEqual(said({ [CI]: steps(path), "ci/x.yml": STEPS }, CI), [
        `warning ci/x.yml: ${COMMAND} ; - ; ${USED} @ ${CI}:3`,
      ]);
    }
    const below = {
      "a/azure-pipelines.yml": steps("../ci/x.yml"),
      "ci/x.yml": "steps: [{template: y.yml}]\n",
      "ci/y.yml": STEPS,
    };
    assert.deepEqual(said(below, "a/azure-pipelines.yml"), [
      `warning ci/y.yml: ${COMMAND} ; - ; ${USED} @ ci/x.yml:1 ; ${USED} @ a/azure-pipelines.yml:3`,
    ]);
    assert.deepEqual(said({ [CI]: steps("ci/x.yml@other"), "ci/x.yml": STEPS }, CI), []);
  });

  it("of jobs, of stages, and of a whole pipeline are a part of it", () => {
    const jobs = `jobs:\n- job: a\n  pool: {vmImage: ubuntu-24.04}\n  steps:\n  - bash: ${COMMAND}\n`;
    const nested = jobs.replace(/^(?=.)/gm, "  ").replace(/^ {2}/, "- stage: s\n  ");
    for (const [text, template] of [
      ["jobs:\n- template: x.yml\n", jobs],
      ["stages:\n- template: x.yml\n", `stages:\n${nested}`],
      ["extends:\n  template: x.yml\n", jobs],
      ["stages:\n- stage: s\n  jobs:\n  - template: x.yml\n", jobs],
      ["steps:\n- ${{ if eq(1, 1) }}:\n  - template: x.yml\n", STEPS],
    ] as const) {
      const [line, ...others] = said({ [CI]: text, "x.yml": template }, CI);
      assert.match(line ?? "", /^warning x\.yml: curl.*; The template is used here @ azure-pipelines\.yml:\d$/, text);
      assert.deepEqual(others, []);
    }
  });

  it("read the secrets in what they are given, or in the defaults", () => {
    const of = (parameters: string, declared: string) => {
      const call = `steps:\n- template: x.yml\n  parameters: {${parameters}}\n`;
      const template = `parameters:\n${declared}steps:\n- bash: ${COMMAND}\n  env: {T: "\${{ parameters.token }}"}\n`;
      return said({ [CI]: call, "x.yml": template }, CI).map((line) => line.split(" ; ").slice(0, 2).join(" ; "));
    };
    const found = `x.yml: ${COMMAND} ;`;
    assert.deepEqual(of("token: $(UPLOAD_TOKEN)", "- name: token\n"), [`error ${found} UPLOAD_TOKEN of x.yml`]);
    assert.deepEqual(of("other: $(UPLOAD_TOKEN)", "- name: token\n"), [`warning ${found} -`]);
    assert.deepEqual(of("", "- name: token\n  default: $(NPM_TOKEN)\n"), [`error ${found} NPM_TOKEN of x.yml`]);
    assert.deepEqual(of("", "  token: $(NPM_TOKEN)\n"), [`error ${found} NPM_TOKEN of x.yml`]);
    assert.deepEqual(of("token: plain", "  token: $(NPM_TOKEN)\n"), [`warning ${found} -`]);
  });

  it("know the variables and groups of what uses them", () => {
    const variables = "variables:\n- group: prod\n- {name: buildToken, value: x}\n";
    const reads = STEPS.replace("curl", "B=$(buildToken) curl");
    const [line] = said({ [CI]: `${variables}${steps("x.yml")}`, "x.yml": reads }, CI);
    assert.match(line ?? "", /^warning .* ; every variable of the group “prod” ; /);
  });

  it("run where what uses them runs", () => {
    const windows = steps("x.yml").replace("ubuntu-24.04", "windows-2022");
    const script = "steps:\n- script: curl -sL https://x.example/i.cmd -o i.cmd && i.cmd\n";
    assert.equal(said({ [CI]: windows, "x.yml": script }, CI, "unverified-download").length, 1);
    assert.equal(said({ [CI]: steps("x.yml"), "x.yml": script }, CI, "unverified-download").length, 0);
  });

  it("of variables give theirs to the scope that they stand in", () => {
    const files = {
      [CI]: `variables:\n- template: vars/all.yml\nsteps:\n- bash: ${COMMAND}\n  env: {A: $(appToken)}\n`,
      "vars/all.yml": "variables:\n- template: more.yml\n- group: prod\n",
      "vars/more.yml": "variables: {appToken: x}\n",
    };
    assert.deepEqual(said(files, CI), [
      `warning ${CI}: ${COMMAND} ; every variable of the group “prod” of vars/all.yml`,
    ]);
  });

  it("stand beside Dockerfiles that its tasks build", () => {
    const task = (inputs: string) =>
      `pool: {vmImage: ubuntu-24.04}\nsteps:\n- task: Docker@2.1.0\n  inputs: {${inputs}}\n`;
    const docker = `FROM scratch\nARG T\nRUN ${COMMAND}\n`;
    const of = (inputs: string, path: string) =>
      said({ [CI]: task(inputs), [path]: docker }, CI).map((line) => line.split(" ; ").slice(0, 2).join(" ; "));
    assert.deepEqual(of("command: build, Dockerfile: ci/Dockerfile", "ci/Dockerfile"), [
      `warning ci/Dockerfile: ${COMMAND} ; -`,
    ]);
    assert.deepEqual(of("arguments: --build-arg T=$(NPM_TOKEN), command: build", "Dockerfile"), [
      `error Dockerfile: ${COMMAND} ; NPM_TOKEN of Dockerfile`,
    ]);
    assert.deepEqual(of("repository: x", "Dockerfile").length, 1);
    assert.deepEqual(of("command: login", "Dockerfile"), []);
  });

  it("are pinned where the line is", () => {
    const files = { [CI]: steps("x.yml"), "x.yml": STEPS };
    const sha256 = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
    const answers = [{ kind: "scriptHash", sha256, finalUrl: "https://x.example/i.sh", text: "echo\n" }] as const;
    const fixed = fixedRepository(files, CI, "unpinned-remote-script", answers);
    assert.equal(fixed[CI], files[CI]);
    assert.match(fixed["x.yml"] ?? "", new RegExp(sha256));
  });

  it("may be missing, outside of the folder, named by an expression, or come in a circle", () => {
    const circle = { [CI]: steps("x.yml"), "x.yml": `${STEPS}- template: x.yml\n- template: azure-pipelines.yml\n` };
    assert.equal(said(circle, CI).length, 1);
    const paths = ["none.yml", "../../x.yml", "/../x.yml", "${{ parameters.x }}.yml", "$(x).yml"];
    const odd = `variables:\n- template: ../../v.yml\nsteps:\n${paths.map((path) => `- template: ${path}\n`).join("")}`;
    assert.deepEqual(analysisOf({ [CI]: odd }, CI).asked, ["none.yml"]);
    const self = {
      [CI]: "variables:\n- template: v.yml\nsteps: [{bash: x}]\n",
      "v.yml": "variables:\n- template: v.yml\n",
    };
    assert.deepEqual(said(self, CI), []);
  });

  it("are read a bounded number of times", () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`t/${index}.yml`, STEPS] as const));
    const text = `steps:\n${Object.keys(many)
      .map((path) => `- template: ${path}\n`)
      .join("")}`;
    assert.equal(said({ ...many, [CI]: text }, CI).length, 200);
    const vars = "variables: {a: b}\n";
    const others = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`v/${index}.yml`, vars] as const));
    const list = `variables:\n${Object.keys(others)
      .map((path) => `- template: ${path}\n`)
      .join("")}${STEPS}`;
    assert.equal(said({ ...others, [CI]: list }, CI).length, 1);
  });
});
