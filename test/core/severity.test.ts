import assert from "node:assert/strict";
import { analyze } from "../../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import type { ReachedSecret } from "../../server/core/reach.ts";
import type { Severity } from "../../server/core/rule.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import { type Origin, severityOf } from "../../server/core/severity.ts";

const at = { scope: "job “a”", level: "job", span: { start: 0, end: 1 } } as const;
const NAMED: ReachedSecret = { name: "KEY", kind: "named", ...at };
const LOGIN: ReachedSecret = { name: "KEY", kind: "login", from: "named", ...at };
const WRITES: ReachedSecret = { name: "GITHUB_TOKEN", kind: "token", writes: true, ...at };
const IMPLIED: ReachedSecret = { ...WRITES, implied: true };
const READS: ReachedSecret = { name: "CI_JOB_TOKEN", kind: "token", ...at };
const SETTINGS: ReachedSecret = { name: "every variable", kind: "settings", ...at };
const COMPUTED: ReachedSecret = { name: "a secret", kind: "named", extent: "computed", ...at };

/** What the rule says, and what comes of it with nothing, with what raises, and with what does not. */
const TABLE: readonly (readonly [origin: Origin, usual: Severity, calm: Severity, grave: Severity])[] = [
  ["download", "warning", "warning", "error"],
  ["foreign", "warning", "warning", "error"],
  ["foreign", "information", "information", "error"],
  ["foreign", "hint", "hint", "error"],
  ["trusted", "warning", "information", "warning"],
  ["trusted", "hint", "hint", "warning"],
  ["image", "information", "information", "warning"],
  ["shipped", "hint", "hint", "hint"],
];

describe("the severity of code that can change", () => {
  for (const [origin, usual, calm, grave] of TABLE)
    it(`is ${calm} or ${grave} where it is ${origin} and usually ${usual}`, () => {
      const of = (...now: ReachedSecret[]): Severity => severityOf(origin, usual, now);
      assert.deepEqual([of(NAMED), of(LOGIN), of(WRITES), of(SETTINGS, NAMED)], [grave, grave, grave, grave]);
      assert.deepEqual(
        [of(), of(READS), of(SETTINGS), of(IMPLIED), of(COMPUTED), of(IMPLIED, READS, SETTINGS)],
        [calm, calm, calm, calm, calm, calm],
      );
    });

  const cases: readonly (readonly [title: string, path: string, text: string, expected: readonly string[]])[] = [
    [
      "a script from the network after a login",
      ".github/workflows/a.yml",
      job(`
      - run: docker login -p "$P"
        env: { P: "\${{ secrets.P }}" }
      - run: curl https://x.example/i.sh | sh`),
      ["unpinned-remote-script error"],
    ],
    [
      "a script from the network before a login",
      ".github/workflows/a.yml",
      job(`
      - run: curl https://x.example/i.sh | sh
      - run: docker login -p "$P"
        env: { P: "\${{ secrets.P }}" }`),
      ["unpinned-remote-script warning"],
    ],
    [
      "actions of others and of the makers, each with a secret and without",
      ".github/workflows/a.yml",
      job(`
      - uses: acme/tool@v1
      - uses: acme/tool@v2
        with: { token: "\${{ secrets.T }}" }
      - uses: actions/cache@v3
      - uses: actions/cache@v4
        env: { T: "\${{ secrets.T }}" }`),
      ["unpinned-action warning", "unpinned-action error", "unpinned-action information", "unpinned-action warning"],
    ],
    [
      "an image that a step runs with a secret, and one without",
      ".github/workflows/a.yml",
      job(`
      - uses: docker://acme/a:1
      - uses: docker://acme/b:1
        with: { key: "\${{ secrets.T }}" }`),
      ["unpinned-image information", "unpinned-image warning"],
    ],
    [
      "plugins of others and of the makers, with a secret of the whole pipeline",
      ".buildkite/pipeline.yml",
      `secrets: [DEPLOY_KEY]
steps:
  - command: make
    plugins:
      - acme/tool#v1.0.0: ~
      - docker-login#v3.0.0: ~
`,
      ["unpinned-plugin error", "unpinned-plugin warning"],
    ],
    [
      "tasks of a marketplace and of the system, with a secret",
      "azure-pipelines.yml",
      `steps:
  - task: acme.tools.task.replace@3
    env: { KEY: $(apiToken) }
  - task: Npm@1
    env: { KEY: $(apiToken) }
`,
      ["unpinned-task error", "unpinned-task hint"],
    ],
    [
      "a script from the network where only the settings hold secrets",
      ".gitlab-ci.yml",
      "a:\n  stage: x\n  script:\n    - curl https://x.example/i.sh | sh\n",
      ["unpinned-remote-script warning"],
    ],
  ];
  for (const [title, path, text, expected] of cases)
    it(`holds for ${title}`, () => {
      const { findings } = analyze({ path, text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
      const unpinned = findings.filter(({ rule }) => rule.id.startsWith("unpinned-"));
      assert.deepEqual(
        unpinned.map(({ rule, severity }) => `${rule.id} ${severity}`),
        expected,
      );
    });

  it("is said in the message: what could be taken, and which login holds it", () => {
    const text = job(`
      - name: Log in
        run: docker login -p "\${{ secrets.P }}"
      - uses: acme/tool@v1
        env: { OWN: "\${{ secrets.OWN }}" }`);
    const { findings } = analyze({ path: ".github/workflows/a.yml", text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
    const found = findings.find(({ rule }) => rule.id === "unpinned-action");
    assert.match(
      found?.message ?? "",
      /It could take OWN and the login that step “Log in” left behind \(P\)\. Pin the action/,
    );
  });

  it("leaves what nobody can name to the end of the message", () => {
    const text = "a:\n  stage: x\n  script:\n    - curl https://x.example/i.sh | sh\n";
    const { findings } = analyze({ path: ".gitlab-ci.yml", text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
    assert.match(
      findings[0]?.message ?? "",
      /It could take CI_JOB_TOKEN, and every variable configured in the project's settings\. /,
    );
  });
});

function job(steps: string): string {
  return `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:${steps}\n`;
}
