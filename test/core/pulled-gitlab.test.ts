import assert from "node:assert/strict";
import { analysisOf, COMMAND, fixedRepository, said } from "../support/repository.ts";

const CI = ".gitlab-ci.yml";
const SETTINGS = "CI_JOB_TOKEN, every variable configured in the project's settings";

/** Without the secrets that every job of GitLab has. */
const found = (files: Readonly<Record<string, string>>, path = CI) =>
  said(files, path).map((line) => line.replace(SETTINGS, "*"));

describe("files that a GitLab pipeline includes", () => {
  it("are a part of it, wherever include says so, with the place that includes them", () => {
    const build = `build:\n  script: ${COMMAND}\n`;
    for (const include of [
      "include: ci/build.yml",
      "include: [/ci/build.yml]",
      "include:\n  local: /ci/build.yml",
      "include:\n  - local: 'ci/*.yml'",
      "include:\n  - local: 'ci/**.yml'\n    rules: [{if: $X}]",
    ]) {
      const [line, ...others] = found({ [CI]: include, "ci/build.yml": build });
      assert.match(line ?? "", /^warning ci\/build\.yml: curl .* ; \* ; Included here @ \.gitlab-ci\.yml:\d$/, include);
      assert.deepEqual(others, []);
    }
    const deep = { [CI]: "include: 'ci/*.yml'", "ci/x/build.yml": build };
    assert.deepEqual(found(deep), []);
    assert.equal(found({ ...deep, [CI]: "include: 'ci/**/*.yml'" }).length, 1);
  });

  it("and the file that includes them extend each other's jobs, in both directions and through references", () => {
    const template = `.base:\n  before_script:\n    - ${COMMAND}\n`;
    const files = {
      [CI]: "include: base.yml\nbuild:\n  extends: .base\n  id_tokens: {AWS: {aud: x}}\n  script: make\n",
      "base.yml": template,
    };
    assert.deepEqual(found(files), [
      `warning base.yml: ${COMMAND} ; AWS, * ; Run by job “build” @ ${CI}:2 ; Included here @ ${CI}:1`,
    ]);
    const reference = {
      ...files,
      [CI]: "include: base.yml\nbuild:\n  secrets: {KEY: {vault: a/b}}\n  script: [!reference [.base, before_script]]\n",
    };
    assert.deepEqual(found(reference), [
      `error base.yml: ${COMMAND} ; KEY, * ; Run by job “build” @ ${CI}:2 ; Included here @ ${CI}:1`,
    ]);
    const inward = {
      [CI]: `include: jobs.yml\n.base:\n  script:\n    - ${COMMAND}\n`,
      "jobs.yml": "build:\n  extends: .base\n",
    };
    assert.deepEqual(
      found(inward).map((line) => line.split(":")[0]),
      [`warning ${CI}`],
    );
  });

  it("share defaults, and secrets that their jobs ask for", () => {
    const files = {
      [CI]: "include: [defaults.yml, job.yml]\n",
      "defaults.yml": `default:\n  before_script: [${COMMAND}]\n`,
      "job.yml": "build:\n  secrets: {KEY: {vault: a/b}}\n  script: make\n",
    };
    const [line, ...others] = found(files);
    assert.deepEqual(others, []);
    assert.match(line ?? "", /^error defaults\.yml: .* ; KEY of job\.yml, \* ; /);
  });

  it("win in the order of GitLab: the including file, then the last include", () => {
    const files = {
      [CI]: "include: [a.yml, b.yml]\nbuild:\n  extends: .base\n",
      "a.yml": `.base:\n  script: ${COMMAND}\n  secrets: {A: {vault: a}}\n`,
      "b.yml": ".base:\n  script: make\n",
    };
    assert.deepEqual(found(files), [`error a.yml: ${COMMAND} ; A of a.yml, * ; Included here @ ${CI}:1`]);
    const turned = { ...files, [CI]: "include: [b.yml, a.yml]\nbuild:\n  extends: .base\n  secrets: {}\n" };
    assert.match(found(turned)[0] ?? "", /Run by job “build”/);
  });

  it("are pinned where the line is", () => {
    const sha256 = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
    const files = {
      [CI]: "include: base.yml\nbuild:\n  extends: .base\n",
      "base.yml": `.base:\n  script:\n    - ${COMMAND}\n`,
    };
    const answers = [{ kind: "scriptHash", sha256, finalUrl: "https://x.example/i.sh", text: "echo\n" }] as const;
    const fixed = fixedRepository(files, CI, "unpinned-remote-script", answers);
    assert.equal(fixed[CI], files[CI]);
    assert.match(fixed["base.yml"] ?? "", new RegExp(sha256));
  });

  it("show their images and includes, each once", () => {
    const files = {
      [CI]: "include: [a.yml, b.yml]\n",
      "a.yml": "include: b.yml\nimage: node:22\n",
      "b.yml": "x:\n  image: ruby:3\n  script: x\n",
    };
    assert.deepEqual(
      said(files, CI, "unpinned-image").map((line) => line.split(" ; ")[0]),
      ["information a.yml: node:22", "information b.yml: ruby:3"],
    );
  });

  it("may be missing, named by a variable, outside of the folder, or come in a circle", () => {
    const circle = {
      [CI]: "include: a.yml\n",
      "a.yml": `include: [.gitlab-ci.yml, b.yml]\nx: {script: "${COMMAND}"}\n`,
      "b.yml": "include: a.yml\n",
    };
    assert.equal(found(circle).length, 1);
    const odd =
      "include: [none.yml, $FILE, /../../etc/passwd, a/../../x, {local: {}}, {local: []}, 'https://x.example/y.yml']\n";
    const { asked, listed } = analysisOf({ [CI]: odd }, CI);
    assert.deepEqual([...asked], ["none.yml"]);
    assert.deepEqual([...listed], []);
  });

  it("are read a bounded number of times", () => {
    const many = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, index) => [`ci/${index}.yml`, `job${index}:\n  script: ${COMMAND}\n`]),
    );
    const files = { ...many, [CI]: "include: 'ci/*.yml'\n" };
    assert.equal(found(files).length, 200);
    assert.deepEqual(analysisOf(files, CI).listed, ["ci/*.yml"]);
  });
});

describe("child pipelines of a GitLab pipeline", () => {
  it("get the variables of the job that starts them", () => {
    const child = `test:\n  script: ${COMMAND}\n`;
    const job = "start:\n  secrets: {KEY: {vault: a/b}}\n  trigger:\n    include: child.yml\n";
    const [line, ...others] = found({ [CI]: job, "child.yml": child });
    assert.deepEqual(others, []);
    assert.match(line ?? "", /^error child\.yml: .* ; .*KEY.* ; Started by job “start” @ \.gitlab-ci\.yml:4$/);
    const listed = job.replace("child.yml", "[{local: /child.yml}, {artifact: made.yml, job: x}]");
    assert.equal(found({ [CI]: listed, "child.yml": child, "made.yml": child }).length, 1);
  });
});
