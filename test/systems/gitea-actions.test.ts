import assert from "node:assert/strict";
import { analyze } from "../../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, referencesOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import { giteaActions } from "../../server/core/systems/gitea-actions.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check, findingsOf } from "../check.ts";

const PATH = ".forgejo/workflows/ci.yml";
const COMMIT = "11bd71901bbe5b1630ceea73d27597364c9af683";
const DIGEST = "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d";

function read(text: string, path = PATH): Pipeline {
  return giteaActions.read({ path, text }, parseYaml(text), EMPTY_CONTEXT);
}

function systemOf(path: string, text: string): string | undefined {
  return analyze({ path, text }, EMPTY_CONTEXT, DEFAULT_SETTINGS).system;
}

describe("Gitea and Forgejo Actions", () => {
  it("claims its folders at any depth, the actions in them, and workflows that name an action by its address", () => {
    const claims = (path: string, text: string) => giteaActions.claims(path, parseYaml(text));
    assert.equal(claims(".gitea/workflows/a.yml", ""), 2);
    assert.equal(claims("clones/x/.forgejo/workflows/a.yaml", "on: push"), 2);
    assert.equal(claims(".gitea/workflows/nested/a.yml", ""), 2);
    assert.equal(claims(".forgejo/setup/action.yml", "runs:\n  using: composite\n"), 2);
    assert.equal(claims(".forgejo/setup/action.yml", "name: x\n"), 0);
    assert.equal(claims(".gitea/issue_template/bug.yml", "name: x\nabout: y\nbody: []\n"), 0);
    const addressed = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: https://a.example/b/c@v1\n";
    assert.equal(claims("templates/ci.yml", addressed), 1);
    assert.equal(claims("templates/ci.yml", addressed.replace("https://a.example/", "")), 0);
    assert.equal(claims("docker-compose.yml", "services:\n  a:\n    image: b\n"), 0);
  });

  it("goes before GitHub where both could claim, and leaves GitHub's own folder to GitHub", () => {
    const workflow = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: https://a.example/b/c@v1\n";
    assert.equal(systemOf("templates/ci.yml", workflow), "gitea-actions");
    assert.equal(systemOf(".github/workflows/ci.yml", workflow), "github-actions");
    assert.equal(systemOf("templates/ci.yml", workflow.replace("https://a.example/", "")), "github-actions");
    const action = "runs:\n  using: composite\n  steps: []\n";
    assert.equal(systemOf(".gitea/actions/x/action.yml", action), "gitea-actions");
    assert.equal(systemOf("actions/x/action.yml", action), "github-actions");
  });

  it("finds a remote script in jobs and in composite actions", () => {
    check(
      "unpinned-remote-script",
      ".gitea/workflows/ci.yaml",
      `on: [push]
jobs:
  a:
    runs-on: docker
    steps:
      - run: curl -s https://a.example/x | sh
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - run: |
          curl -s "\${{ gitea.server_url }}/x" | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
    check(
      "unpinned-remote-script",
      ".forgejo/actions/setup/action.yml",
      `runs:
  using: composite
  steps:
    - run: curl -s https://a.example/x | sh
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("follows a download to a later step by the name of its file, and by PATH in each spelling of the environment file", () => {
    for (const variable of ["GITHUB_PATH", "FORGEJO_PATH", "GITEA_PATH"]) {
      check(
        "unverified-download",
        PATH,
        `on: [push]
jobs:
  a:
    runs-on: docker
    steps:
      - run: |
          curl -so "$HOME/bin/tool" https://a.example/tool
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          chmod +x "$HOME/bin/tool"
          echo "$HOME/bin" >> "$${variable}"
      - run: tool run
`,
      );
    }
  });

  it("knows where an action lies only from its address, and asks nobody for the commit of another", () => {
    const references = [
      ...referencesOf(
        read(`on: [push]
jobs:
  a:
    runs-on: docker
    container: node:20
    services: {db: {image: "postgres:16"}}
    steps:
      - uses: actions/checkout@v4
      - uses: https://code.forgejo.org/actions/setup-go/sub@v5
      - uses: http://10.0.0.5/a/b@${COMMIT}
      - uses: docker://code.forgejo.org/oci/node:22
      - uses: ./.forgejo/actions/x
      - uses: \${{ vars.ACTION }}
  b:
    uses: acme/flows/.forgejo/workflows/x.yml@main
`),
      ),
    ];
    assert.deepEqual(
      references.map(({ kind, target, repin }) => [
        kind,
        target.kind === "repository" ? `${target.host}|${target.repo}|${target.path}|${target.ref}` : target.kind,
        target.pin,
        repin !== undefined,
      ]),
      [
        ["image", "image", "mutable", false],
        ["image", "image", "mutable", false],
        ["action", "|actions/checkout||v4", "mutable", true],
        ["action", "code.forgejo.org|actions/setup-go|sub|v5", "mutable", true],
        ["action", `10.0.0.5|a/b||${COMMIT}`, "pinned", true],
        ["image", "image", "mutable", false],
        ["action", "local", "pinned", false],
        ["action", "other", "unknown", false],
        ["workflow", "|acme/flows|.forgejo/workflows/x.yml|main", "mutable", true],
      ],
    );
  });

  it("pins an action on the host of its address", () => {
    check(
      "unpinned-action",
      PATH,
      `on: [push]
jobs:
  a:
    runs-on: docker
    steps:
      - uses: https://code.forgejo.org/acme/tool@v4
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      {
        fixed: `on: [push]
jobs:
  a:
    runs-on: docker
    steps:
      - uses: https://code.forgejo.org/acme/tool@${COMMIT} # v4.2.2
`,
        answers: [{ kind: "commit", commit: COMMIT, refKind: "tag", versionTag: "v4.2.2" }],
      },
    );
    const text = "on: [push]\njobs:\n  a:\n    runs-on: docker\n    steps:\n      - uses: acme/tool@v4\n";
    assert.deepEqual(
      findingsOf("unpinned-action", PATH, text).map(({ fixes }) => fixes.length),
      [0],
    );
  });

  it("names the job's token by each of its names, and gives it to every step", () => {
    const pipeline = read(`on: [push]
env: {A: "\${{ secrets.A }}"}
jobs:
  a:
    runs-on: docker
    steps:
      - run: x
      - run: echo \${{ forge.token }} \${{ secrets.FORGEJO_TOKEN }}
      - uses: acme/tool@v1
        with: {token: "\${{ secrets.GITEA_TOKEN }}", key: "\${{ secrets.KEY }}", other: "\${{ gitea.token }}"}
`);
    assert.deepEqual(
      pipeline.jobs[0]?.steps.map((step) => reachOfStep(step).map(({ name, kind }) => `${name} ${kind}`)),
      [
        ["A named", "GITHUB_TOKEN token"],
        ["GITHUB_TOKEN token", "FORGEJO_TOKEN token", "A named"],
        ["GITEA_TOKEN token", "KEY named", "GITHUB_TOKEN token", "A named"],
      ],
    );
  });

  it("runs bash with pipefail where the file does not say otherwise", () => {
    const shells = read(`on: [push]
jobs:
  a:
    runs-on: docker
    steps: [{run: x}, {run: x, shell: "sh -e {0}"}, {run: x, shell: bash}]
  b: {runs-on: docker, container: alpine, steps: [{run: x}]}
  c: {runs-on: windows-latest, steps: [{run: x}]}
`).jobs.map((job) => job.steps.map(({ scripts: [script] }) => [script?.shell.language, script?.shell.pipefail]));
    assert.deepEqual(shells, [
      [
        ["bash", true],
        ["sh", false],
        ["bash", true],
      ],
      [["bash", undefined]],
      [["powershell", undefined]],
    ]);
  });

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const text of [
      "",
      "on",
      "jobs: 3",
      "jobs: [1]",
      "jobs:\n  a:",
      "jobs: {a: {steps: [1, [2], {run: [x]}]}}",
      "- a",
    ]) {
      assert.deepEqual([...referencesOf(read(text))], []);
    }
  });

  /** A step in a job that holds a secret, and its counterpart that is fine. */
  const PAIRS: readonly (readonly [title: string, rule: string, bad: string, good: string])[] = [
    [
      "an installer",
      "unpinned-remote-script",
      "- run: curl -fsSL https://get.example.com/install.sh | bash",
      `- run: |
    curl -fsSLo /tmp/install.sh https://get.example.com/install.sh
    echo "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  /tmp/install.sh" | sha256sum -c -
    bash /tmp/install.sh`,
    ],
    [
      "a process substitution",
      "unpinned-remote-script",
      "- run: bash <(wget -qO- https://get.example.com/install.sh)",
      "- run: diff <(wget -qO- https://get.example.com/list.txt) list.txt",
    ],
    [
      "a command substitution",
      "unpinned-remote-script",
      `- run: sh -c "$(curl -fsSL https://get.example.com/install.sh)"`,
      `- run: echo "$(curl -fsSL https://get.example.com/version.txt)"`,
    ],
    [
      "a script in an expression's address",
      "unpinned-remote-script",
      "- run: curl -s ${{ forgejo.api_url }}/install.sh | sh",
      "- run: curl -s ${{ forgejo.api_url }}/version | jq .version",
    ],
    [
      "a branch of a repository and a commit of it",
      "unpinned-remote-script",
      "- run: curl -s https://raw.githubusercontent.com/acme/tool/main/i.sh | sh",
      `- run: curl -s https://raw.githubusercontent.com/acme/tool/${COMMIT}/i.sh | sh`,
    ],
    [
      "a binary",
      "unverified-download",
      `- run: |
    curl -fsSLo tool https://dl.example.com/tool
    chmod +x tool
    ./tool`,
      `- run: |
    curl -fsSLo tool https://dl.example.com/tool
    echo "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  tool" | sha256sum -c -
    chmod +x tool
    ./tool`,
    ],
    [
      "an archive",
      "unverified-download",
      `- run: |
    wget -q https://dl.example.com/tool.tar.gz
    tar xf tool.tar.gz
    ./tool/bin/tool`,
      `- run: |
    wget -q https://dl.example.com/data.tar.gz
    tar xf data.tar.gz
    wc -l data/list.txt`,
    ],
    ["a tag", "unpinned-action", "- uses: acme/tool@v4", `- uses: acme/tool@${COMMIT} # v4.2.2`],
    [
      "a tag at an address",
      "unpinned-action",
      "- uses: https://code.forgejo.org/actions/checkout@v4",
      `- uses: https://code.forgejo.org/actions/checkout@${COMMIT}`,
    ],
    [
      "a branch of an action in a folder",
      "unpinned-action",
      "- uses: https://codeberg.org/acme/tools/setup@main",
      "- uses: ./.forgejo/actions/setup",
    ],
    [
      "no version",
      "unpinned-action",
      "- uses: https://codeberg.org/acme/tools",
      "- uses: https://codeberg.org/acme/tools@${{ vars.VERSION }}",
    ],
    [
      "the beginning of a commit",
      "unpinned-action",
      `- uses: acme/tool@${COMMIT.slice(0, 8)}`,
      `- uses: acme/tool@${COMMIT}`,
    ],
    [
      "an image as an action",
      "unpinned-image",
      "- uses: docker://code.forgejo.org/oci/node:22",
      `- uses: docker://code.forgejo.org/oci/node:22@${DIGEST}`,
    ],
    [
      "an image that a script runs",
      "unpinned-image",
      "- run: docker run --rm acme/lint:2",
      `- run: docker run --rm acme/lint:2@${DIGEST}`,
    ],
    ["a package without a version", "unpinned-package", "- run: npx release-tool publish", "- run: npm ci && npm test"],
    [
      "a package from a branch",
      "unpinned-package",
      "- run: pip install git+https://codeberg.org/acme/tool@main",
      `- run: pip install git+https://codeberg.org/acme/tool@${COMMIT}`,
    ],
  ];

  for (const [title, rule, bad, good] of PAIRS) {
    it(`tells bad from good: ${title}`, () => {
      const job = (step: string) =>
        `on: [push]\njobs:\n  a:\n    runs-on: docker\n    env:\n      KEY: \${{ secrets.KEY }}\n    steps:\n${step.replace(/^/gm, "      ")}\n`;
      assert.equal(findingsOf(rule, PATH, job(bad)).length, 1, bad);
      assert.deepEqual(findingsOf(rule, PATH, job(good)), [], good);
    });
  }
});
