import assert from "node:assert/strict";
import { analysisOf, COMMAND, fixedRepository, type Repository, said } from "../support/repository.ts";

const CI = ".github/workflows/ci.yml";
const ACTION = ".github/actions/upload/action.yml";

function workflow(step: string, env = "env:\n  NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\n"): string {
  return `on: push\n${env}jobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n${step.replace(/^(?=.)/gm, "      ")}`;
}

function action(steps: string): string {
  return `name: Upload\ninputs:\n  token: {required: false}\n  own: {default: "\${{ github.token }}"}\nruns:\n  using: composite\n  steps:\n${steps.replace(/^(?=.)/gm, "    ")}`;
}

const USE = "- name: Send\n  uses: ./.github/actions/upload\n";
const RUN = `- shell: bash\n  run: ${COMMAND}\n`;

describe("an action of the repository", () => {
  it("is read with the step that uses it: the finding lies in the action, with the step's reach", () => {
    const files = { [CI]: workflow(USE), [ACTION]: action(RUN) };
    assert.deepEqual(said(files, CI), [`error ${ACTION}: ${COMMAND} ; NPM_TOKEN ; Run by step “Send” @ ${CI}:8`]);
    assert.deepEqual(said(files, ACTION), [`warning ${ACTION}: ${COMMAND} ; -`]);
  });

  it("is found as action.yaml, in the root, and from every product of the notation", () => {
    const yaml = { [CI]: workflow(USE), ".github/actions/upload/action.yaml": action(RUN) };
    assert.match(said(yaml, CI)[0] ?? "", /^error \.github\/actions\/upload\/action\.yaml/);
    const root = { [CI]: workflow("- uses: ./\n"), "action.yml": action(RUN) };
    assert.match(said(root, CI)[0] ?? "", /^error action\.yml/);
    const gitea = ".gitea/workflows/ci.yml";
    const own = { [gitea]: workflow("- uses: ./.gitea/upload\n"), ".gitea/upload/action.yml": action(RUN) };
    assert.match(said(own, gitea)[0] ?? "", /^error \.gitea\/upload\/action\.yml.* NPM_TOKEN/);
  });

  it("reads the secrets that it is given behind its inputs, and no others", () => {
    const given = `${USE}  with:\n    token: \${{ secrets.UPLOAD }}\n`;
    const reads = (expression: string) => `- shell: bash\n  env: {T: "\${{ ${expression} }}"}\n  run: ${COMMAND}\n`;
    const of = (expression: string) =>
      said({ [CI]: workflow(given, ""), [ACTION]: action(reads(expression)) }, CI).map((line) => line.split(" ; ")[1]);
    assert.deepEqual(of("inputs.token"), [`UPLOAD of ${ACTION}`]);
    assert.deepEqual(of("inputs['TOKEN']"), [`UPLOAD of ${ACTION}`]);
    assert.deepEqual(of("inputs.own"), [`GITHUB_TOKEN of ${ACTION}`]);
    assert.deepEqual(of("secrets.OTHER"), ["-"]);
    const plain = { [CI]: workflow(`${USE}  with: {own: x}\n`, ""), [ACTION]: action(reads("inputs.own")) };
    assert.match(said(plain, CI)[0] ?? "", / ; - ; Run by/);
    assert.deepEqual(of("inputs.other"), ["-"]);
  });

  it("hands secrets on to the actions that it uses, each with the places that led there", () => {
    const inner = ".github/actions/inner/action.yml";
    const files = {
      [CI]: workflow(`${USE}  with:\n    token: \${{ secrets.UPLOAD }}\n`, ""),
      [ACTION]: action("- name: Inner\n  uses: ./.github/actions/inner\n  with: {token: '${{ inputs.token }}'}\n"),
      [inner]: action(`- shell: bash\n  run: X=\${{ inputs.token }} && ${COMMAND}\n`),
    };
    assert.deepEqual(said(files, CI), [
      `error ${inner}: ${COMMAND} ; UPLOAD of ${inner} ; Run by step “Inner” @ ${ACTION}:8 ; Run by step “Send” @ ${CI}:6`,
    ]);
  });

  it("is one finding for all the steps that use it: the gravest, with the secrets and the steps of all", () => {
    const second = "- name: Again\n  uses: ./.github/actions/upload\n  env: {PYPI: '${{ secrets.PYPI }}'}\n";
    const files = { [CI]: workflow(USE + second, ""), [ACTION]: action(RUN) };
    assert.deepEqual(said(files, CI), [
      `error ${ACTION}: ${COMMAND} ; PYPI ; Run by step “Send” @ ${CI}:6 ; Run by step “Again” @ ${CI}:8`,
    ]);
  });

  it("shows the references in it as those of the pipeline", () => {
    const files = { [CI]: workflow(USE), [ACTION]: action("- uses: some/thing@v1\n") };
    assert.deepEqual(said(files, CI, "unpinned-action"), [
      `error ${ACTION}: some/thing@v1 ; GITHUB_TOKEN of ${ACTION}, NPM_TOKEN ; Run by step “Send” @ ${CI}:8`,
    ]);
    const commit = "11bd71901bbe5b1630ceea73d27597364c9af683";
    const answers = [{ kind: "commit", commit, refKind: "tag" }] as const;
    const fixed = fixedRepository(files, CI, "unpinned-action", answers);
    assert.deepEqual(fixed, { ...files, [ACTION]: action(`- uses: some/thing@${commit} # v1\n`) });
  });

  it("is not blamed for what its caller says, and counts as a use of the caller's variables", () => {
    const everything = "env:\n  ALL: ${{ toJSON(secrets) }}\n";
    const files = { [CI]: workflow(USE, everything), [ACTION]: action("- shell: bash\n  run: make\n") };
    assert.deepEqual(
      said(files, CI, "dumped-secrets").map((line) => line.replace(/ ; .*$/, "")),
      [`warning ${CI}: toJSON(secrets)`],
    );
    const other = "- run: make\n";
    const wide = (run: string) =>
      analysisOf({ [CI]: workflow(USE + other), [ACTION]: action(`- shell: bash\n  run: ${run}\n`) }, CI)
        .findings.filter(({ rule }) => rule.id === "pipeline-wide-secret")
        .map(({ message }) => message);
    assert.match(wide("upload $NPM_TOKEN")[0] ?? "", /only step “Send” uses it/);
    assert.match(wide("upload")[0] ?? "", /no step of this file names it/);
  });

  it("shares its files with the steps around it, in both directions and with other actions", () => {
    const rule = "unverified-download";
    const fetch = "curl -fsSLo tool https://x.example/tool";
    const inner = (run: string) => action(`- shell: bash\n  run: ${run}\n`);
    const outward = { [CI]: workflow(`${USE}- run: bash ./tool\n`, ""), [ACTION]: inner(fetch) };
    assert.deepEqual(said(outward, CI, rule), [
      `warning ${ACTION}: ${fetch} ; - ; bash runs it here @ ${CI}:8 ; Run by step “bash ./tool” @ ${CI}:8`,
    ]);
    assert.deepEqual(said(outward, ACTION, rule), []);
    const inward = { [CI]: workflow(`- run: ${fetch}\n${USE}`, ""), [ACTION]: inner("bash ./tool") };
    assert.match(
      said(inward, CI, rule)[0] ?? "",
      /^warning \.github\/workflows\/ci\.yml: curl .* ; bash runs it here @ \.github\/actions/,
    );
    const checked = `- run: echo "${"a".repeat(64)}  tool" | sha256sum -c -\n`;
    assert.deepEqual(said({ ...outward, [CI]: workflow(`${USE}${checked}- run: bash ./tool\n`) }, CI, rule), []);
    const sha256 = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
    const answers = [{ kind: "scriptHash", sha256, finalUrl: "https://x.example/tool", text: "echo\n" }] as const;
    const fixed = fixedRepository(outward, CI, rule, answers);
    assert.match(`${fixed[CI]}${fixed[ACTION]}`, new RegExp(`${sha256}  .*tool" \\| sha256sum -c`));
    const second = ".github/actions/b/action.yml";
    const across = {
      [CI]: workflow(`${USE}- uses: ./.github/actions/b\n`, ""),
      [ACTION]: inner(fetch),
      [second]: inner("sh tool"),
    };
    assert.deepEqual(said(across, CI, rule).length, 1);
    const other = {
      ...across,
      [CI]: `${workflow(USE, "")}  other:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./.github/actions/b\n`,
    };
    assert.deepEqual(said(other, CI, rule), []);
  });

  it("is pinned where the line is, also where a script becomes longer", () => {
    const sha256 = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
    const files = { [CI]: workflow(USE), [ACTION]: action(RUN) };
    const answers = [{ kind: "scriptHash", sha256, finalUrl: "https://x.example/i.sh", text: "echo\n" }] as const;
    const fixed = fixedRepository(files, CI, "unpinned-remote-script", answers);
    assert.equal(fixed[CI], files[CI]);
    assert.match(fixed[ACTION] ?? "", new RegExp(`run: \\|\\n(?:.*\\n)+.*${sha256}.*\\n`));
  });

  it("may be missing, escape from the folder, come in a circle, or be no action: nothing is said and nothing is thrown", () => {
    const circle = action(`${RUN}- uses: ./.github/actions/upload\n- uses: ./.github/actions/b\n`);
    const files: Repository = {
      [ACTION]: circle,
      ".github/actions/b/action.yml": action("- uses: ./.github/actions/upload\n"),
      ".github/actions/list/action.yml": "- a\n- b\n",
      ".github/actions/broken/action.yml": "runs: {using: composite, steps: [[[",
    };
    const uses = (...names: readonly string[]) => names.map((name) => `- uses: ${name}\n`).join("");
    assert.equal(said({ ...files, [CI]: workflow(uses("./.github/actions/upload")) }, CI).length, 1);
    const odd = uses("./.github/actions/none", "./.github/actions/list", "./.github/actions/broken");
    assert.deepEqual(said({ ...files, [CI]: workflow(odd) }, CI), []);
    const outside = uses("../other", "./../../etc", "./a/../../..", "./${{ matrix.x }}", "./C:/x", ".//etc/passwd");
    const { asked } = analysisOf({ ...files, [CI]: workflow(outside) }, CI);
    assert.deepEqual(
      asked.filter((path) => path.startsWith("/") || path.includes("..") || path.includes("$")),
      [],
    );
  });

  it("is read a bounded number of times", () => {
    const many = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, index) => [`a/${index}/action.yml`, action(RUN)] as const),
    );
    const uses = Object.keys(many).map((path) => `- uses: ./${path.replace("/action.yml", "")}\n`);
    const found = said({ ...many, [CI]: workflow(uses.join("")) }, CI);
    assert.equal(found.length, 200);
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefg"
      .split("")
      .map((name, index) => `${name}: &${name} [${`*${"abcdef"[index]},`.repeat(9)}]\n`)
      .join("")}runs: {using: composite, steps: *g}\n`;
    const bombs = Object.fromEntries(
      Array.from(
        { length: 50 },
        (_, index) => [`a/${index}/action.yml`, bomb.replace("a: &a", `a: &a # ${index}\n  `)] as const,
      ),
    );
    assert.deepEqual(said({ ...bombs, [CI]: workflow(uses.slice(0, 50).join("")) }, CI), []);
  });
});

describe("a workflow of the repository that a job calls", () => {
  const REUSABLE = ".github/workflows/release.yml";
  const call = (rest: string) =>
    `on: push\nenv: {WIDE: "\${{ secrets.WIDE }}"}\njobs:\n  release:\n    uses: ./.github/workflows/release.yml\n${rest}`;
  const called = (secret: string) =>
    `on: {workflow_call: {}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    env: {T: "\${{ secrets.${secret} }}"}\n    steps:\n      - run: ${COMMAND}\n`;
  const reachOf = (rest: string, secret: string) =>
    said({ [CI]: call(rest), [REUSABLE]: called(secret) }, CI).map((line) => line.split(" ; ").slice(0, 2).join(" ; "));

  it("gets the secrets that the job names, all where it says so, and none of the caller's variables", () => {
    const [found] = [`${REUSABLE}: ${COMMAND}`];
    assert.deepEqual(reachOf("    secrets: {T: '${{ secrets.NPM }}'}\n", "T"), [`error ${found} ; T of ${REUSABLE}`]);
    assert.deepEqual(reachOf("    secrets: {T: '${{ secrets.NPM }}'}\n", "OTHER"), [`warning ${found} ; -`]);
    assert.deepEqual(reachOf("    secrets: inherit\n", "OTHER"), [`error ${found} ; OTHER of ${REUSABLE}`]);
    assert.deepEqual(reachOf("", "T"), [`warning ${found} ; -`]);
    assert.deepEqual(reachOf("", "GITHUB_TOKEN"), [`warning ${found} ; GITHUB_TOKEN of ${REUSABLE}`]);
  });

  it("names the job that calls it", () => {
    const files = { [CI]: call("    secrets: inherit\n"), [REUSABLE]: called("T") };
    assert.match(said(files, CI)[0] ?? "", /; Called by job “release” @ \.github\/workflows\/ci\.yml:4$/);
  });

  it("hands on no more than it got", () => {
    const middle = ".github/workflows/middle.yml";
    const files = {
      [CI]: call("    secrets: {A: '${{ secrets.A }}'}\n").replace("release.yml", "middle.yml"),
      [middle]: "on: workflow_call\njobs:\n  inner:\n    uses: ./.github/workflows/release.yml\n    secrets: inherit\n",
      [REUSABLE]: called("B"),
    };
    assert.deepEqual(said(files, CI), [
      `warning ${REUSABLE}: ${COMMAND} ; - ; Called by job “inner” @ ${middle}:3 ; Called by job “release” @ ${CI}:4`,
    ]);
  });
});
