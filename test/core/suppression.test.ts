import assert from "node:assert/strict";
import { analyze, pipelineOf } from "../../server/core/analyze.ts";
import type { Context } from "../../server/core/context.ts";
import { withoutMarks } from "../../server/core/explain.ts";
import { withEdits } from "../../server/core/fix.ts";
import type { Finding } from "../../server/core/rule.ts";
import { RULES } from "../../server/core/rules/index.ts";
import { DEFAULT_SETTINGS, type Settings } from "../../server/core/settings.ts";
import { suppressionFix } from "../../server/core/suppression.ts";
import { marksOf, readMarks } from "../check.ts";
import { exampleFiles, fuzzedFile, randomOf } from "../support/fuzz-input.ts";
import { isSound } from "./shape.ts";

const workflow = (steps: string) =>
  `on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`;
const contextOf = (files: Readonly<Record<string, string>> = {}): Context => ({
  read: (path) => files[path],
  list: () => [],
});
const path = ".github/workflows/ci.yml";

/** What is still found has to be what the marks show. */
function checkLeft(marked: string, settings: Settings = DEFAULT_SETTINGS): void {
  const { text, marks } = readMarks(marked);
  const { findings } = analyze({ path, text }, contextOf(), settings);
  assert.deepEqual(marksOf(text, findings), marks, text);
}

describe("a comment that silences", () => {
  it("holds for its own line, or alone on its line for the next one", () => {
    checkLeft(
      workflow(`      - uses: acme/a@v1 # pipewarden: ignore[unpinned-action] ours
      # pipewarden: ignore[unpinned-action] ours
      - uses: acme/b@v1
      - uses: acme/c@v1
#             ^^^^^^^^^
`),
    );
  });

  it("may stand behind the comment that names the version, and among other comments", () => {
    checkLeft(
      workflow(`      - uses: acme/a@1321285 # v1 # pipewarden: ignore[unpinned-action]
      # pipewarden: ignore[unpinned-action]
      # See the wiki.
      - uses: acme/b@v1
`),
    );
  });

  it("names each rule that it is about", () => {
    checkLeft(
      workflow(`      - uses: acme/a@v1 # pipewarden: ignore[unpinned-image, unpinned-action] ours
#                                            ^^^^^^^^^^^^^^
      - uses: acme/a@v1 # pipewarden: ignore
#             ^^^^^^^^^
#                       ^^^^^^^^^^^^^^^^^^^^
      - uses: acme/a@v1 # pipewarden: ignore[] ours
#             ^^^^^^^^^
#                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - uses: acme/a@v1 # pipewarden: ignroe[unpinned-action]
#             ^^^^^^^^^
#                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`),
    );
  });

  it("is a comment of the shell inside of a script, and nothing in quotes or a here-document", () => {
    checkLeft(
      workflow(`      - run: |
          # pipewarden: ignore[unpinned-remote-script] ours
          curl -s https://a.example/i.sh \\
            | bash
          curl -s https://b.example/i.sh | sh # pipewarden: ignore[unpinned-remote-script] ours
          echo '# pipewarden: ignore[unpinned-remote-script]'; curl -s https://c.example/i.sh | bash
#                                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          cat <<E
          # pipewarden: ignore[unpinned-remote-script]
          E
          curl -s https://d.example/i.sh | bash
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`),
    );
  });

  it("is REM in a batch script, # in PowerShell", () => {
    checkLeft(
      workflow(`      - shell: cmd
        run: |
          rem pipewarden: ignore[unpinned-remote-script] ours
          powershell -Command "iwr -useb https://a.example/i.ps1 | iex"
      - shell: pwsh
        run: |
          # pipewarden: ignore[unpinned-remote-script] ours
          iwr -useb https://a.example/i.ps1 | iex
          $x = @"
          # pipewarden: ignore[unpinned-remote-script] ours
          "@
`),
    );
  });

  it("above a block of text, or on its first line, holds for all of it", () => {
    checkLeft(
      workflow(`      # pipewarden: ignore[unpinned-remote-script] ours
      - run: >
          curl -s https://a.example/i.sh
          | bash
      - run: | # pipewarden: ignore[unpinned-remote-script] ours
          make
          curl -s https://b.example/i.sh | bash
      - run: curl -s https://c.example/i.sh | bash
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`),
    );
  });

  it("about the whole file stands above everything else", () => {
    const steps = "      - uses: acme/a@v1\n      - uses: acme/b@v1\n";
    checkLeft(`# Build\n---\n# pipewarden: ignore-file[unpinned-action] ours\n${workflow(steps)}`);
    const late = analyze(
      { path, text: `${workflow(steps)}# pipewarden: ignore-file[unpinned-action]\n` },
      contextOf(),
      DEFAULT_SETTINGS,
    );
    assert.deepEqual(
      late.findings.map(({ rule }) => rule.id),
      ["unpinned-action", "unpinned-action", "ineffective-suppression"],
    );
  });

  it("needs a reason where the settings say so", () => {
    const steps = (reason: string) => `      - uses: acme/a@v1 # pipewarden: ignore[unpinned-action]${reason}\n`;
    const settings = { ...DEFAULT_SETTINGS, requireReason: true };
    checkLeft(workflow(steps(" ours")), settings);
    const marks = "#             ^^^^^^^^^\n#                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n";
    checkLeft(workflow(steps("") + marks), settings);
  });

  it("is no news where its rule is switched off", () => {
    const text = workflow("      - uses: acme/a@v1 # pipewarden: ignore[unpinned-action]\n");
    checkLeft(text, { rules: { "unpinned-action": "off" } });
  });

  it("keeps its finding, with the reason", () => {
    const text = workflow("      - uses: acme/a@v1 # pipewarden: ignore[unpinned-action]: our own\n");
    const { suppressed } = analyze({ path, text }, contextOf(), DEFAULT_SETTINGS);
    assert.deepEqual(
      suppressed.map(({ finding, reason }) => [finding.rule.id, reason]),
      [["unpinned-action", "our own"]],
    );
  });
});

describe("the comment that silences a finding", () => {
  const put = (files: Readonly<Record<string, string>>, text: string, needsReason = false) => {
    const context = contextOf(files);
    const pipeline = pipelineOf({ path, text }, context);
    const [finding] = analyze({ path, text }, context, DEFAULT_SETTINGS).findings;
    assert.ok(pipeline && finding);
    const fix = suppressionFix([pipeline], finding, "place", needsReason);
    const edited = fix && withEdits({ path, text }, fix.edits, context);
    return edited && (finding.path === path ? edited.file.text : edited.context.read(finding.path));
  };

  it("stands above the finding with its indentation and line break", () => {
    assert.equal(
      put({}, workflow("      - uses: acme/a@v1\n").replaceAll("\n", "\r\n")),
      workflow("      # pipewarden: ignore[unpinned-action]\n      - uses: acme/a@v1\n").replaceAll("\n", "\r\n"),
    );
    assert.match(put({}, workflow("      - uses: acme/a@v1\n"), true) ?? "", /\[unpinned-action\] TODO: say why\n/);
  });

  it("stands above the first line of a command, and above a text that takes no comment", () => {
    const comment = "# pipewarden: ignore[unpinned-remote-script]\n";
    assert.equal(
      put(
        {},
        workflow("      - run: |\n          make\n          curl -s https://a.example/i.sh \\\n            | bash\n"),
      ),
      workflow(
        `      - run: |\n          make\n          ${comment}          curl -s https://a.example/i.sh \\\n            | bash\n`,
      ),
    );
    assert.equal(
      put({}, workflow("      - run: >\n          curl -s https://a.example/i.sh\n          | bash\n")),
      workflow(`      ${comment}      - run: >\n          curl -s https://a.example/i.sh\n          | bash\n`),
    );
  });

  it("is written into the file that a pipeline runs, as that file writes comments", () => {
    const fetch = "curl -s https://a.example/i.sh | bash";
    const run = (command: string) => workflow(`      - run: ${command}\n`);
    assert.equal(
      put({ "a.sh": `#!/bin/sh\n${fetch}\n` }, run("./a.sh")),
      `#!/bin/sh\n# pipewarden: ignore[unpinned-remote-script]\n${fetch}\n`,
    );
    assert.equal(
      put({ Makefile: `all:\n\t${fetch}\n` }, run("make")),
      `all:\n# pipewarden: ignore[unpinned-remote-script]\n\t${fetch}\n`,
    );
    assert.equal(put({ "package.json": `{"scripts": {"a": "${fetch}"}}` }, run("npm run a")), undefined);
  });

  it("is not held against the comment when another pipeline needs it", () => {
    const files = { "a.sh": "#!/bin/sh\n# pipewarden: ignore[unpinned-remote-script]\nmake\n" };
    const { findings } = analyze({ path, text: workflow("      - run: ./a.sh\n") }, contextOf(files), DEFAULT_SETTINGS);
    assert.deepEqual(findings, []);
  });

  /** What a finding says, without the numbers of lines, which move. */
  const said = ({ rule, message }: Finding) => `${rule.id} ${message.replace(/\bline \d+/g, "line")}`;

  for (const where of ["place", "file"] as const) {
    it(`heals every finding of every example and brings none (${where})`, () => {
      let healed = 0;
      for (const example of RULES.flatMap(({ examples }) => examples)) {
        const file = { path: example.path, text: withoutMarks(example.bad) };
        const pipeline = pipelineOf(file, contextOf());
        const before = analyze(file, contextOf(), DEFAULT_SETTINGS).findings;
        for (const finding of before.filter(({ rule }) => rule.review === undefined)) {
          const fix = pipeline && suppressionFix([pipeline], finding, where, false);
          assert.ok(fix, `${example.title}: ${finding.message}`);
          const edited = withEdits(file, fix.edits, contextOf()).file;
          assert.equal(isSound(edited.text), isSound(file.text), edited.text);
          const after = analyze(edited, contextOf(), DEFAULT_SETTINGS);
          const [gone] = after.suppressed.filter((each) => said(each.finding) === said(finding));
          assert.ok(gone, edited.text);
          const ids = (findings: readonly Finding[]) => findings.map(said).sort();
          assert.deepEqual(ids([...after.findings, ...after.suppressed.map((each) => each.finding)]), ids(before));
          healed++;
        }
      }
      assert.ok(healed > 25, `${healed}`);
    });
  }

  it("never throws and stays in the text, whatever the text is", () => {
    const bases = exampleFiles().map((file) => ({
      ...file,
      text: `# pipewarden: ignore-file[unpinned-action]\n${file.text}# pipewarden: ignore[x`,
    }));
    for (let seed = 0; seed < 500; seed++) {
      const file = fuzzedFile(randomOf(seed), bases);
      const { findings, suppressed } = analyze(file, contextOf(), DEFAULT_SETTINGS);
      for (const { span } of [...findings, ...suppressed.map(({ finding }) => finding)])
        assert.ok(span.start <= span.end && span.end <= file.text.length);
    }
  });
});
