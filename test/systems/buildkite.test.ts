import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { type Pipeline, type Reference, referencesOf, stepsOf } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { buildkite } from "../../server/core/systems/buildkite.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";

const PATH = ".buildkite/pipeline.yml";
const COMMIT = "11bd71901bbe5b1630ceea73d27597364c9af683";
const HASH = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

function read(text: string, path = PATH): Pipeline {
  return buildkite.read({ path, text }, parseYaml(text), EMPTY_CONTEXT);
}

function pluginsIn(text: string, path = PATH): readonly Reference[] {
  return [...referencesOf(read(text, path))].filter(({ kind }) => kind === "plugin");
}

describe("Buildkite", () => {
  it("claims its paths, pipelines of any name, and nothing else", () => {
    const claims = (path: string, text: string) => buildkite.claims(path, parseYaml(text));
    assert.equal(claims(".buildkite/pipeline.yml", ""), 2);
    assert.equal(claims("a/.buildkite/pipeline.deploy.yaml", ""), 2);
    assert.equal(claims("buildkite/pipeline.json", "{}"), 2);
    assert.equal(claims("buildkite.yml", ""), 2);
    assert.equal(claims(".buildkite/steps/test.yml", "steps: []"), 2);
    assert.equal(claims(".buildkite/test.yml", "- command: x"), 2);
    assert.equal(claims(".buildkite/docker-compose.yml", "services: {a: {image: b}}"), 0);
    assert.equal(claims("ci.yml", "steps: [{label: a, command: b}, wait]\n"), 1);
    assert.equal(claims("ci.yml", "steps: [{command: b, plugins: [docker#v1]}]\n"), 1);
    assert.equal(claims("ci.yml", "steps: [{command: b}]\n"), 0);
    assert.equal(claims("tasks.yml", "- {name: a, command: b}\n- {block: [], label: c}\n"), 0);
    assert.equal(claims("azure-pipelines.yml", "pool: x\nsteps: [{script: a, name: b}]\n"), 0);
    assert.equal(claims("woodpecker.yml", "steps: [{name: a, image: b, commands: [c], depends_on: [d]}]\n"), 0);
    assert.equal(claims("cloudbuild.yml", "steps: [{name: a/b, args: [c]}]\n"), 0);
    assert.equal(claims("action.yml", "runs: {using: composite}\nsteps: [{label: a, command: b}]\n"), 0);
  });

  it("reads commands in every form, in groups, in old nested steps and in a bare list", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `steps:
  - curl -s https://no.example/x | sh
  - wait
  - command: curl -s https://a.example/x | sh
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - commands:
      - curl -s https://b.example/x | sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - group: g
    steps:
      - command: [make, "curl -s https://c.example/x | sh"]
#                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - command:
      label: old
      command: curl -s https://d.example/x | sh
#              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  - block: curl -s https://no.example/x | sh
`,
    );
    check(
      "unpinned-remote-script",
      PATH,
      `- label: a
  command: curl -s https://a.example/x | sh | buildkite-agent pipeline upload
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
    check(
      "unpinned-remote-script",
      ".buildkite/pipeline.json",
      `{"steps": [{"command": "curl -s https://a.example/x | sh"}]}
#                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("reads the commands of a step as one script, and every step as a job of its own", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `steps:
  - commands:
      - CODE=$(curl -s https://a.example/x)
      - eval "$$CODE"
#       ^^^^^^^^^^^^^
  - command: eval "$$CODE"
`,
    );
    check(
      "unverified-download",
      PATH,
      `steps:
  - command: curl -so i.sh https://a.example/i.sh
  - command: sh i.sh
`,
    );
  });

  it("takes $$ and \\$ for the shell's own dollar, and leaves a doubled backslash", () => {
    check(
      "unverified-download",
      PATH,
      `steps:
  - commands:
      - FILE=$$(basename x/y.sh)
      - curl -so "\\$FILE" https://a.example/y.sh
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - sh $\${FILE}
      - echo \\\\$FILE
`,
    );
    const text = 'steps: [{command: "a $$B \\\\$C \\\\\\\\$D $E"}]\n';
    assert.equal([...stepsOf(read(text))][0]?.step.scripts[0]?.text, "a $B $C \\\\$D $E");
  });

  it("reads the commands that plugins run in containers", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `steps:
  - plugins:
      - docker#${COMMIT}:
          image: a@sha256:${HASH}
          command: [sh, -c, "curl -s https://a.example/x | sh"]
#                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - kubernetes:
          podSpec:
            containers:
              - image: a@sha256:${HASH}
                command: [sh, -c]
                args: ["curl -s https://b.example/x | sh"]
#                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("names the images that steps and plugins run", () => {
    check(
      "unpinned-image",
      PATH,
      `image: acme/all
#      ^^^^^^^^
steps:
  - image: acme/step:1
#          ^^^^^^^^^^^
    command: make
  - plugins:
      - docker#v5:
          image: acme/plugin
#                ^^^^^^^^^^^
      - kubernetes:
          podSpec:
            containers: [{image: acme/pod}, {image: "acme/pod@sha256:${HASH}"}]
#                                ^^^^^^^^
      - acme/push#v1: {image: acme/app}
`,
    );
  });

  it("knows where a plugin lies, and whether its version can move", () => {
    const target = (plugin: string) => pluginsIn(`steps: [{plugins: [${JSON.stringify(plugin)}]}]\n`)[0]?.target;
    const at = (host: string, repo: string, ref: string | undefined, pin: string, path = "") => ({
      kind: "repository",
      host,
      repo,
      path,
      ref,
      pin,
    });
    const docker = "buildkite-plugins/docker-buildkite-plugin";
    assert.deepEqual(target("docker#v5.13.0"), at("github.com", docker, "v5.13.0", "mutable"));
    assert.deepEqual(target("docker"), at("github.com", docker, undefined, "mutable"));
    assert.deepEqual(target(`docker#${COMMIT}`), at("github.com", docker, COMMIT, "pinned"));
    assert.deepEqual(target("docker#11bd719"), at("github.com", docker, "11bd719", "mutable"));
    assert.deepEqual(target("a/b#v1"), at("github.com", "a/b-buildkite-plugin", "v1", "mutable"));
    assert.deepEqual(target("https://git.example/a/b.git#v1"), at("git.example", "a/b", "v1", "mutable"));
    assert.deepEqual(target("https://git.example/a/b.git/sub#v1"), at("git.example", "a/b", "v1", "mutable", "sub"));
    assert.deepEqual(target("ssh://git@git.example:2222/a/b#v1"), at("git.example", "a/b", "v1", "mutable"));
    assert.deepEqual(target("git@git.example:a/b.git#v1"), at("git.example", "a/b", "v1", "mutable"));
    assert.deepEqual(target("github.com/a/b#v1"), at("github.com", "a/b", "v1", "mutable"));
    assert.deepEqual(target("./tools/x"), { kind: "local", path: "tools/x", pin: "pinned" });
    assert.deepEqual(target("docker#${VERSION}"), { kind: "other", pin: "unknown" });
    assert.deepEqual(target(`zip+https://a.example/p.zip#sha256:${HASH}`), { kind: "other", pin: "pinned" });
    assert.deepEqual(target("zip+https://a.example/p.zip"), { kind: "other", pin: "mutable" });
  });

  it("reads plugins as names, as keys of a list and as keys of a map, with the place of the version", () => {
    const text = `steps:
  - plugins:
      - a/b#v1
      - docker#v2: # the container
          image: x@sha256:${HASH}
      - "c#v3": {d: e}
      - f#v4: ~
  - plugins: {g#v5: {}, 'h#v6': {}}
`;
    const plugins = pluginsIn(text);
    const versions = plugins.map(({ repin }) => text.slice(repin?.version.start, repin?.version.end));
    assert.deepEqual(versions, ["v1", "v2", "v3", "v4", "v5", "v6"]);
    const spans = plugins.map(({ span }) => text.slice(span.start, span.end));
    assert.deepEqual(spans, ["a/b#v1", "docker#v2", "c#v3", "f#v4", "g#v5", "h#v6"]);
    const comments = plugins.map(({ repin }) => repin?.comment && text.slice(repin.version.end, repin.comment.start));
    assert.deepEqual(comments.slice(0, 2), ["", ": # "]);
    const json = '{"steps": [{"plugins": [{"docker#v5": {}}]}]}\n';
    const [plugin] = pluginsIn(json, ".buildkite/pipeline.json");
    assert.deepEqual(
      [json.slice(plugin?.repin?.version.start, plugin?.repin?.version.end), plugin?.repin?.comment],
      ["v5", undefined],
    );
  });

  it("gives a step its own secrets, those of its group's and the pipeline's env, and the token of the job", () => {
    const pipeline = read(`secrets: [ALL]
env: {PASS: $PROD_PASS, NAME: x, SHA: $BUILDKITE_COMMIT, SAME: $NAME}
steps:
  - group: g
    env: {GROUPED: "\${OTHER}"}
    steps:
      - command: a
        secrets: {DEPLOY: PROD_DEPLOY}
  - command: b
    secrets: [OWN]
`);
    const reach = [...stepsOf(pipeline)].map(({ step }) =>
      reachOfStep(step).map(({ name, kind, level }) => `${name} ${kind} ${level}`),
    );
    const all = ["PROD_PASS settings pipeline", "ALL named pipeline", "BUILDKITE_AGENT_ACCESS_TOKEN token pipeline"];
    assert.deepEqual(reach, [
      ["PROD_DEPLOY named step", "OTHER settings group", ...all],
      ["OWN named step", ...all],
    ]);
  });

  it("marks a secret that every step gets though one uses it", () => {
    check(
      "pipeline-wide-secret",
      PATH,
      `secrets:
  DEPLOY_KEY: PROD_KEY
# ^^^^^^^^^^^^^^^^^^^^
env: {}
steps:
  - command: npm test
  - command: ./deploy "$$DEPLOY_KEY"
`,
    );
  });

  it("knows the shells of Windows and of the docker plugin", () => {
    const scriptOf = (rest: string) => [...stepsOf(read(`steps: [{command: x${rest}}]\n`))][0]?.step.scripts[0];
    assert.deepEqual(scriptOf("")?.shell, { language: "bash", errexit: true, pipefail: false });
    assert.deepEqual(scriptOf("")?.operatingSystems, []);
    assert.equal(scriptOf(", plugins: ['docker#v5']")?.shell.language, "sh");
    assert.equal(scriptOf(", agents: {queue: windows-2022}")?.shell.language, "cmd");
    assert.equal(scriptOf(", agents: ['os=windows']")?.scratch, "%TEMP%");
    assert.deepEqual(scriptOf(", agents: {queue: macos}")?.operatingSystems, ["macos"]);
  });

  it("masks the values of a matrix, and no other braces", () => {
    const textOf = (step: string) => [...stepsOf(read(`steps: [${step}]\n`))][0]?.step.scripts[0]?.text;
    assert.equal(textOf('{command: "a {{matrix}}", matrix: [b]}'), "a X_________");
    assert.equal(textOf('{command: "a {{.Name}}"}'), "a {{.Name}}");
  });

  const pairs: readonly (readonly [title: string, rule: string, bad: string, good: string])[] = [
    [
      "a script in a pipe",
      "unpinned-remote-script",
      `curl -sL https://a.example/i.sh | bash
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      "curl -sL https://a.example/i.sh | wc -l\n",
    ],
    [
      "a generator from the network",
      "unpinned-remote-script",
      `wget -qO- https://a.example/gen.py | python3 - | buildkite-agent pipeline upload
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      ".buildkite/gen.py | buildkite-agent pipeline upload\n",
    ],
    [
      "a sourced download",
      "unpinned-remote-script",
      `source <(curl -s https://a.example/env)
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      "source <(buildkite-agent secret get env)\n",
    ],
    [
      "an address from a variable of the shell",
      "unpinned-remote-script",
      `curl -s "$$URL" | sh
^^^^^^^^^^^^^^^^^^^^
`,
      'curl -s "$$URL" | jq .\n',
    ],
    [
      "an address from a variable of the upload",
      "unpinned-remote-script",
      `curl -s "\${URL}/i.sh" | sh
^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      'curl -s "${URL}/i.sh" > i.txt\n',
    ],
    [
      "a script that sudo runs",
      "unpinned-remote-script",
      `curl -s https://a.example/i.sh | sudo -E bash -
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      "curl -s https://a.example/key.gpg | sudo tee key.gpg\n",
    ],
    [
      "a file from one line to the next",
      "unverified-download",
      `curl -so i.sh https://a.example/i.sh
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
bash i.sh
`,
      `curl -so i.sh https://a.example/i.sh
echo "${HASH}  i.sh" | sha256sum -c -
bash i.sh
`,
    ],
    [
      "a program in a folder of programs",
      "unverified-download",
      `wget https://a.example/tool-linux
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
chmod +x tool-linux
sudo mv tool-linux /usr/local/bin/tool
tool --version
`,
      `wget https://a.example/table.csv
sudo mv table.csv /srv/table.csv
`,
    ],
    [
      "an archive that is unpacked and run",
      "unverified-download",
      `curl -sLo t.zip https://a.example/t.zip
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
unzip t.zip -d t
./t/run
`,
      `buildkite-agent artifact download t.zip .
unzip t.zip -d t
./t/run
`,
    ],
    [
      "a check that nobody waits for",
      "ineffective-verification",
      `curl -so i.sh https://a.example/i.sh
set +e
echo "${HASH}  i.sh" | sha256sum -c -
                                                                                ^^^^^^^^^^^^^^
bash i.sh
`,
      `curl -so i.sh https://a.example/i.sh
set -e
echo "${HASH}  i.sh" | sha256sum -c -
bash i.sh
`,
    ],
    [
      "an image of a script",
      "unpinned-image",
      `docker run --rm acme/tool:latest
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      `docker run --rm -e PASS acme/tool@sha256:${HASH}\n`,
    ],
    [
      "an image that podman fetches",
      "unpinned-image",
      `podman pull quay.io/acme/base:1
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      'podman pull "quay.io/acme/base:$$BUILDKITE_COMMIT"\n',
    ],
    [
      "a package in whatever version",
      "unpinned-package",
      `npm install -g yarn
^^^^^^^^^^^^^^^^^^^
`,
      "npm install -g yarn@1.22.22\n",
    ],
    [
      "a program of Go in whatever version",
      "unpinned-package",
      `go install example.com/tool@latest
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      "go install example.com/tool@v1.4.2\n",
    ],
    [
      "code that nobody can read",
      "unpinned-remote-script",
      `echo ZWNobyBoaQo= | base64 -d | bash
                    ^^^^^^^^^^^^^^^^
`,
      "echo ZWNobyBoaQo= | base64 -d\n",
    ],
  ];
  for (const [title, rule, bad, good] of pairs) {
    const block = (code: string) =>
      `steps:\n  - label: test\n    command: |\n${code.replace(/^(?=.)/gm, "      ").replace(/^ {6}( *\^+)$/gm, "#     $1")}`;
    it(`finds ${title}, and not its harmless sibling`, () => {
      check(rule, PATH, block(bad));
      check(rule, PATH, block(good));
    });
  }

  it("reads the wrong shapes of half-typed files without an exception", () => {
    for (const text of [
      "",
      "steps",
      "[1, [2], {command: {a: b}}]",
      "steps: {command: x}",
      "steps: [{command: [[a], {b: c}]}, {group: x, steps: 3}, {plugins: [1, [2], {}]}, {plugins: }]",
      "steps: [{command: a, env: [b], secrets: 3, agents: !x {c: !y}, soft_fail: [{exit_status: 1}]}]",
      "secrets: [[a], {b: {c: d}}]\nenv: x\nsteps: [{command: y, matrix: {setup: z}}]",
      'steps: [{plugins: [{"a\\u0062#v1": {image: [x]}}, {? [k] : v}]}]',
    ]) {
      assert.ok(read(text), text);
    }
  });
});
