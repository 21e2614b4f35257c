import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  breachDrill,
  type Drill,
  EMPTY_CONTEXT,
  lossesOf,
  mergedSteps,
  partiesOf,
  readParty,
  type StepCode,
  stepCodeOf,
} from "../../server/core/index.ts";

const CI = ".github/workflows/ci.yml";
const COMMIT = "11bd71901bbe5b1630ceea73d27597364c9af683";
const DIGEST = `sha256:${"beefdbd8".repeat(8)}`;

/** The steps of files by their paths; each may read the others. */
function stepsOf(files: Readonly<Record<string, string>>): readonly StepCode[] {
  const context = { ...EMPTY_CONTEXT, read: (path: string) => files[path] };
  const steps = Object.entries(files).flatMap(([path, text]) => stepCodeOf({ path, text }, context) ?? []);
  return mergedSteps(steps, (_, path) => path);
}

function drillOn(party: string, files: Readonly<Record<string, string>> | string): Drill<StepCode> {
  const read = readParty(party);
  ok(read);
  return breachDrill(read, stepsOf(typeof files === "string" ? { [CI]: files } : files), () => "");
}

/** What is exposed, unknown and held, as "text in label". */
function summaryOf({ exposed, unknown, held }: Drill<StepCode>) {
  const list = (steps: Drill<StepCode>["exposed"]) =>
    steps.flatMap(({ step, codes }) => codes.map(({ text }) => `${text} in ${step.label}`));
  return { exposed: list(exposed), unknown: list(unknown), held: list(held) };
}

function names(secrets: readonly { readonly name: string }[]): readonly string[] {
  return secrets.map(({ name }) => name);
}

/** A workflow whose one job has these steps, each a line of YAML. */
function workflow(...steps: readonly string[]): string {
  return `on: push\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n${steps.map((step) => `      - ${step}\n`).join("")}`;
}

const UPLOAD = `on: push
env:
  DEPLOY_KEY: \${{ secrets.DEPLOY_KEY }}
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - name: Build
        run: make
        env:
          BUILD_KEY: \${{ secrets.BUILD_KEY }}
      - name: Upload
        run: bash <(curl -s https://codecov.io/bash)
        env:
          CODECOV_TOKEN: \${{ secrets.CODECOV_TOKEN }}
`;

describe("a breach drill", () => {
  it("names the steps that run code of a host, and exactly the secrets that these can read", () => {
    const drill = drillOn("codecov.io", UPLOAD);
    deepEqual(summaryOf(drill), { exposed: ["https://codecov.io/bash in step “Upload”"], unknown: [], held: [] });
    deepEqual(names(drill.exposed[0]?.step.now ?? []), ["CODECOV_TOKEN", "DEPLOY_KEY"]);
    deepEqual(
      drill.losses.map(({ secret, now }) => [secret.name, now.length]),
      [
        ["CODECOV_TOKEN", 1],
        ["DEPLOY_KEY", 1],
      ],
    );
    const { place } = drill.losses[1]?.secret ?? {};
    equal(UPLOAD.slice(place?.span.start, place?.span.end), "DEPLOY_KEY: ${{ secrets.DEPLOY_KEY }}");
  });

  it("finds nothing for a host whose name only ends alike, and finds hosts below the one that is asked for", () => {
    const text = workflow("run: curl -s https://get.example.com/x | sh", "run: curl -s https://notexample.com/x | sh");
    deepEqual(summaryOf(drillOn("example.com", text)).exposed, [
      "https://get.example.com/x in step “curl -s https://get.example.com/x | sh”",
    ]);
  });

  it("takes the hosts of one maker for one party, and points to the maker's actions", () => {
    const text = workflow("run: curl -fsSL https://deno.land/install.sh | sh", "uses: denoland/setup-deno@v2");
    const drill = drillOn("deno.com", text);
    equal(drill.exposed.length, 1);
    deepEqual(drill.related, ["denoland"]);
  });

  describe("on an owner or an action", () => {
    const text = workflow(
      "uses: tj-actions/changed-files@v44",
      "uses: tj-actions/branch-names@v8",
      `uses: tj-actions/changed-files@${COMMIT} # v44`,
      "uses: other/changed-files@v44",
      "run: curl -s https://raw.githubusercontent.com/tj-actions/tools/main/x.sh | bash",
    );

    it("finds all that the owner publishes, under whatever form of address", () => {
      deepEqual(summaryOf(drillOn("tj-actions", text)), {
        exposed: [
          "tj-actions/changed-files@v44 in step “tj-actions/changed-files”",
          "tj-actions/branch-names@v8 in step “tj-actions/branch-names”",
          "https://raw.githubusercontent.com/tj-actions/tools/main/x.sh in step “curl -s https://raw.githubusercontent.com/tj-actions/tools/…”",
        ],
        unknown: [],
        held: [`tj-actions/changed-files@${COMMIT} in step “tj-actions/changed-files”`],
      });
    });

    it("lists what is pinned apart, with what it is pinned to", () => {
      const drill = drillOn("TJ-Actions/Changed-Files", text);
      equal(drill.exposed.length, 1);
      equal(drill.held[0]?.codes[0]?.pin, `commit ${COMMIT}`);
    });

    it("is restricted by a version", () => {
      equal(drillOn("tj-actions/changed-files@v44", text).exposed.length, 1);
      equal(drillOn("tj-actions/changed-files@v45", text).exposed.length, 0);
      equal(drillOn("tj-actions/changed-files@v45", text).held.length, 1);
    });

    it("says that a pin to the very commit that was altered protects nobody", () => {
      const drill = drillOn(`tj-actions/changed-files@${COMMIT.slice(0, 12)}`, text);
      deepEqual(summaryOf(drill).exposed, [`tj-actions/changed-files@${COMMIT} in step “tj-actions/changed-files”`]);
      equal(drill.held.length, 0);
    });

    it("finds parts of a repository", () => {
      const parts = workflow("uses: github/codeql-action/init@v3", "uses: github/codeql-action/analyze@v3");
      equal(drillOn("github/codeql-action/init", parts).exposed.length, 1);
      equal(drillOn("github/codeql-action", parts).exposed.length, 2);
    });
  });

  it("finds images by name, tag, owner and registry, in references and in scripts", () => {
    const text = `on: push
jobs:
  test:
    runs-on: ubuntu-24.04
    container: ghcr.io/acme/build:v2
    env:
      KEY: \${{ secrets.KEY }}
    steps:
      - run: docker run acme/lint:latest
      - uses: docker://ghcr.io/acme/build:v2@${DIGEST}
`;
    for (const party of [
      "ghcr.io",
      "ghcr.io/acme",
      "ghcr.io/acme/build",
      "ghcr.io/acme/build:v2",
      "image:acme/build",
    ]) {
      const drill = drillOn(party, text);
      deepEqual([drill.exposed.length, drill.held.length], [1, 1], party);
      deepEqual(names(drill.exposed[0]?.step.now ?? []), ["KEY"]);
    }
    equal(drillOn("ghcr.io/acme/build:v3", text).exposed.length, 0);
    equal(drillOn(`ghcr.io/acme/build@${DIGEST}`, text).exposed.length, 1);
    deepEqual(summaryOf(drillOn("docker.io", text)).exposed, [
      "acme/lint:latest in step “docker run acme/lint:latest”",
    ]);
    equal(drillOn("acme", text).exposed.length, 2);
    equal(drillOn("action:acme", text).exposed.length, 0);
  });

  it("finds packages by name, registry and version", () => {
    const text = workflow("run: npx --yes cowsay@latest hi", "run: pip install ruff==0.14.0", "run: npx @acme/tool");
    for (const party of ["cowsay", "npm:cowsay", "package:cowsay", "cowsay@latest"])
      deepEqual(summaryOf(drillOn(party, text)).exposed, ["cowsay@latest in step “npx --yes cowsay@latest hi”"], party);
    equal(drillOn("registry.npmjs.org", text).exposed.length, 2);
    equal(drillOn("@acme", text).exposed.length, 1);
    equal(drillOn("pypi:ruff", text).held[0]?.codes[0]?.pin, "version 0.14.0");
    equal(drillOn("ruff==0.14.0", text).exposed.length, 1);
    equal(drillOn("npm:ruff", text).held.length, 0);
  });

  it("finds addresses, whole or from their beginning, between slashes alone", () => {
    const text = workflow("run: curl -s https://get.example.com/tool/install.sh?v=1 | sh");
    for (const party of [
      "https://get.example.com/tool/install.sh",
      "https://get.example.com/tool/",
      "get.example.com/tool",
      "http://GET.example.com",
    ])
      equal(drillOn(party, text).exposed.length, 1, party);
    for (const party of ["https://get.example.com/to", "https://get.example.com/tool/install.sh/x"])
      equal(drillOn(party, text).exposed.length, 0, party);
  });

  it("counts downloads that are checked, or named by their content, as not affected", () => {
    const text = workflow(
      `run: |\n          curl -fsSL https://get.example.com/i.sh -o i.sh\n          echo "${"0".repeat(64)}  i.sh" | sha256sum -c - || exit 1\n          sh i.sh`,
      `run: curl -s https://raw.githubusercontent.com/acme/x/${COMMIT}/i.sh | sh`,
    );
    const checked = drillOn("get.example.com", text);
    deepEqual([checked.exposed.length, checked.held.length], [0, 1]);
    equal(checked.held[0]?.codes[0]?.state, "checked");
    const fixed = drillOn("acme", text);
    deepEqual([fixed.exposed.length, fixed.held[0]?.codes[0]?.pin], [0, "the content of its address"]);
  });

  it("says that it cannot tell where only the run knows, and where it does not matter says nothing", () => {
    const text = workflow(
      'run: curl -s "$MIRROR/install.sh" | sh',
      'run: curl -s "https://$NAME.example.com/x" | sh',
      "uses: acme/tool@${{ matrix.version }}",
    );
    equal(drillOn("codecov.io", text).exposed.length, 0);
    deepEqual(summaryOf(drillOn("https://codecov.io/install.sh", text)).unknown, [
      '$MIRROR/install.sh in step “curl -s "$MIRROR/install.sh" | sh”',
    ]);
    deepEqual(summaryOf(drillOn("action:acme/tool", text)).unknown, [
      "acme/tool@${{ matrix.version }} in step “acme/tool”",
    ]);
    deepEqual(summaryOf(drillOn("action:elsewhere/tool", text)).unknown, []);
  });

  it("knows the host of an image whose owner only the run knows, and asks no more of it", () => {
    const files = { "cloudbuild.yaml": "steps:\n  - name: gcr.io/$PROJECT_ID/tool:1\n    args: [build]\n" };
    deepEqual(
      ["gcr.io/acme/tool", "gcr.io/acme", "gcr.io", "ghcr.io", "acme", "gcr.io/acme/other"].map((party) => {
        const { exposed, unknown } = drillOn(party, files);
        return [party, exposed.length, unknown.length];
      }),
      [
        ["gcr.io/acme/tool", 0, 1],
        ["gcr.io/acme", 0, 1],
        ["gcr.io", 0, 1],
        ["ghcr.io", 0, 0],
        ["acme", 0, 0],
        ["gcr.io/acme/other", 0, 1],
      ],
    );
  });

  it("counts a secret once, with every step that could have taken it", () => {
    const text = `on: push
env:
  SHARED: \${{ secrets.SHARED }}
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - uses: acme/tool@v1
  two:
    runs-on: ubuntu-24.04
    steps:
      - uses: acme/tool@v1
`;
    const { losses } = drillOn("acme/tool", text);
    deepEqual(
      losses.map(({ secret, now, later }) => [secret.name, now.map(({ job }) => job), later.length]),
      [
        ["SHARED", ["one", "two"], 0],
        ["GITHUB_TOKEN", ["one", "two"], 0],
      ],
    );
  });

  it("tells what could be taken later, by changing what later steps run, apart from what can be read at once", () => {
    const text = workflow(
      "uses: acme/tool@v1",
      "run: ./deploy\n        env:\n          DEPLOY_KEY: ${{ secrets.DEPLOY_KEY }}",
    );
    const { exposed, losses } = drillOn("acme/tool", text);
    deepEqual(names(exposed[0]?.step.later ?? []), ["DEPLOY_KEY"]);
    const [loss] = losses;
    deepEqual([loss?.secret.name, loss?.now.length, loss?.later.length], ["DEPLOY_KEY", 0, 1]);
  });

  it("gives a script of the repository to every step that runs it", () => {
    const files = {
      [CI]: `on: push
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - run: sh ci/setup.sh
        env:
          ONE: \${{ secrets.ONE }}
  two:
    runs-on: ubuntu-24.04
    steps:
      - run: sh ci/setup.sh
        env:
          TWO: \${{ secrets.TWO }}
`,
      "ci/setup.sh": "curl -s https://get.example.com/i.sh | sh\n",
    };
    const drill = drillOn("get.example.com", files);
    deepEqual(
      drill.exposed.map(({ step, codes }) => [step.job, codes.map(({ place }) => place.path)]),
      [
        ["one", ["ci/setup.sh"]],
        ["two", ["ci/setup.sh"]],
      ],
    );
    deepEqual(names(drill.losses.map(({ secret }) => secret)), ["ONE", "TWO"]);
    deepEqual(
      drill.exposed[0]?.step.own.map(({ path }) => path),
      [CI, "ci/setup.sh"],
    );
  });

  it("gives the steps of an action of the repository what its callers can read", () => {
    const files = {
      [CI]: `on: push
jobs:
  one:
    runs-on: ubuntu-24.04
    env:
      KEY: \${{ secrets.KEY }}
    steps:
      - uses: ./.github/actions/setup
`,
      ".github/actions/setup/action.yml": `name: Set up
runs:
  using: composite
  steps:
    - uses: acme/tool@v1
    - uses: ./.github/actions/setup
`,
    };
    const drill = drillOn("acme/tool", files);
    deepEqual(names(drill.losses.map(({ secret }) => secret)), ["KEY", "GITHUB_TOKEN"]);
    equal(drill.losses[0]?.secret.place?.path, CI);
  });

  it("reads GitLab's includes and images, and says what lies in the settings", () => {
    const text = `include:
  - project: platform/pipelines
    ref: v3
    file: /node.yml
build:
  image: node:22
  script:
    - curl -s https://codecov.io/bash | bash
`;
    const files = { ".gitlab-ci.yml": text };
    for (const party of ["codecov.io", "platform/pipelines", "platform", "node:22", "docker.io"]) {
      const drill = drillOn(party, files);
      equal(drill.exposed.length, 1, party);
      ok(
        drill.losses.some(({ secret }) => secret.kind === "settings" && secret.place === undefined),
        party,
      );
    }
  });

  it("reads orbs, plugins, pipes and tasks", () => {
    const orbs = `version: 2.1
orbs:
  node: circleci/node@5
  fixed: acme/fixed@1.2.3
jobs:
  build:
    docker:
      - image: cimg/base:2024.01
    steps:
      - node/install
      - run: make
workflows:
  main:
    jobs:
      - build:
          context: release
`;
    const orb = drillOn("circleci", { ".circleci/config.yml": orbs });
    deepEqual(orb.exposed[0]?.codes[0]?.text, "circleci/node@5");
    equal(drillOn("acme/fixed", { ".circleci/config.yml": orbs }).held[0]?.codes[0]?.pin, "version 1.2.3");
    const plugins = "steps:\n  - command: make\n    plugins:\n      - docker-compose#v4.0.0:\n          run: app\n";
    equal(drillOn("buildkite-plugins", { ".buildkite/pipeline.yml": plugins }).exposed.length, 1);
    const pipes =
      "pipelines:\n  default:\n    - step:\n        script:\n          - pipe: atlassian/slack-notify:2.0.0\n";
    equal(drillOn("atlassian/slack-notify", { "bitbucket-pipelines.yml": pipes }).exposed.length, 1);
    const tasks = "steps:\n  - task: Acme@1\n";
    equal(drillOn("task:acme", { "azure-pipelines.yml": tasks }).exposed.length, 1);
  });

  it("never throws, whatever a file and a party look like", () => {
    const piece = fc.constantFrom(
      "${{ ",
      "}}",
      "@",
      ":",
      "/",
      "//",
      "\n",
      "  ",
      "…",
      "‹›",
      "docker://",
      "$X",
      "sha256:",
      "'",
    );
    const junk = fc.oneof(piece, fc.string());
    fc.assert(
      fc.property(fc.nat(UPLOAD.length), junk, fc.array(junk), (at, inserted, words) => {
        const text = `${UPLOAD.slice(0, at)}${inserted}${UPLOAD.slice(at)}`;
        const steps = stepsOf({ [CI]: text, ".gitlab-ci.yml": text, "azure-pipelines.yml": text });
        const party = readParty(words.join(""));
        if (party !== undefined) breachDrill(party, steps, () => "");
        for (const { text: name } of partiesOf(steps)) readParty(name);
      }),
      { seed: 5, numRuns: 200 },
    );
    equal(readParty("image:".repeat(100_000))?.kind, "image");
  });

  it("reads no party from nothing", () => {
    for (const text of ["", "  ", "https://", "/", "@"]) equal(readParty(text)?.name ?? "", text === "@" ? "@" : "");
  });
});

describe("the parties of a workspace", () => {
  it("come with the number of steps that each could alter, the widest reach first", () => {
    const text = workflow(
      "uses: acme/one@v1",
      "uses: acme/two@v1",
      `uses: held/tool@${COMMIT}`,
      "run: curl -s https://get.example.com/x | sh",
    );
    deepEqual(
      partiesOf(stepsOf({ [CI]: text })).map(({ text: name, kind, steps }) => `${kind} ${name} ${steps}`),
      [
        "owner acme 2",
        "host github.com 2",
        "action acme/one 1",
        "action acme/two 1",
        "host get.example.com 1",
        "script https://get.example.com/x 1",
        "owner held 0",
        "action held/tool 0",
      ],
    );
  });

  it("can each be drilled by their names, and are found", () => {
    const steps = stepsOf({
      [CI]: workflow(
        "uses: acme/one/sub@v1",
        "uses: docker://ghcr.io/acme/lint:v2",
        "run: npx --yes @acme/cli@latest",
        "run: docker run node:22",
        "run: curl -s https://get.example.com:8443/x | sh",
        "run: go install github.com/acme/x@latest",
      ),
    });
    const parties = partiesOf(steps);
    ok(parties.length > 10);
    for (const { text, steps: count } of parties) {
      const party = readParty(text);
      ok(party);
      ok(breachDrill(party, steps, () => "").exposed.length >= count, text);
    }
  });
});

describe("the map of secrets", () => {
  it("names every step that reaches a secret, also those of one's own code alone", () => {
    const secrets = lossesOf(stepsOf({ [CI]: UPLOAD }), () => "");
    deepEqual(
      secrets.map(({ secret, now }) => [secret.name, now.map(({ label }) => label)]),
      [
        ["BUILD_KEY", ["step “Build”"]],
        ["DEPLOY_KEY", ["step “Build”", "step “Upload”"]],
        ["CODECOV_TOKEN", ["step “Upload”"]],
      ],
    );
  });

  it("keeps apart what two repositories call by one name", () => {
    const steps = stepsOf({ [CI]: UPLOAD }).flatMap((step) => [
      { ...step, repository: "one" },
      { ...step, repository: "two" },
    ]);
    equal(lossesOf(steps, ({ repository }) => repository).length, 6);
  });
});
