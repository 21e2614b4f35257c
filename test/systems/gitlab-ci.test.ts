import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import type { Pipeline } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { gitlabCi } from "../../server/core/systems/gitlab-ci.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { check } from "../check.ts";

const PATH = ".gitlab-ci.yml";

function read(text: string): Pipeline {
  return gitlabCi.read({ path: PATH, text }, parseYaml(text), EMPTY_CONTEXT);
}

describe("GitLab CI", () => {
  it("claims its file names, files with the keys of its jobs, and nothing else", () => {
    const claims = (path: string, text: string) => gitlabCi.claims(path, parseYaml(text));
    assert.equal(claims(".gitlab-ci.yml", ""), 2);
    assert.equal(claims("group/project/.gitlab-ci.yml", ""), 2);
    assert.equal(claims("ci/test.gitlab-ci.yaml", ""), 2);
    assert.equal(claims("ci/publish.yml", "publish:\n  stage: x\n  script: [y]\n"), 1);
    assert.equal(claims("values.yml", "server:\n  image: x\n  script: y\n"), 0);
    assert.equal(claims("deployment.yml", "apiVersion: v1\nkind: Pod\nspec: {}\n"), 0);
  });

  it("reads scripts as strings, lists, lists in lists and references", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `.shared:
  script:
    - curl -s https://a.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
one:
  script: curl -s https://b.example/x | sh
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
two:
  script:
    - !reference [.shared, script]
    - [echo, 'curl -s https://c.example/x | sh']
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  after_script:
    - |
      echo
      curl -s https://d.example/$[[ inputs.name ]] | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    );
  });

  it("reports once, where it is written, what default, extends and anchors bring into several jobs", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `default:
  before_script:
    - curl -s https://a.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
.base: &base
  script:
    - curl -s https://b.example/x | sh
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
one:
  <<: *base
two:
  extends: .base
`,
    );
  });

  it("follows a download from one line of the script to the next", () => {
    check(
      "unpinned-remote-script",
      PATH,
      `one:
  before_script:
    - CODE=$(curl -s https://a.example/x)
  script:
    - eval "$CODE"
#     ^^^^^^^^^^^^
`,
    );
  });

  it("gives a job the variables of the file, of itself and of what it extends, and says what the settings add", () => {
    const pipeline = read(`variables: {A: $UI_SECRET, B: $CI_COMMIT_SHA, C: plain}
.base:
  variables: {D: $OTHER}
one:
  extends: .base
  id_tokens: {ID: {aud: x}}
  secrets: {DB: {vault: a/b/c@d}}
  script: [x]
`);
    const step = pipeline.jobs[0]?.steps[0];
    assert.ok(step);
    assert.deepEqual(
      reachOfStep(step).map(({ name, kind }) => `${name} ${kind}`),
      [
        "OTHER settings",
        "DB named",
        "ID token",
        "UI_SECRET settings",
        "CI_JOB_TOKEN token",
        "every variable configured in the project's settings settings",
      ],
    );
  });

  it("lets an exit end the script without errexit, and a list that fails in front go on with it", () => {
    const hash = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
    const lines = (...check: readonly string[]) => `one:
  script:
    - set +e
    - wget -q https://a.example/t
${check.join("\n")}
    - bash t
`;
    check("ineffective-verification", PATH, lines(`    - echo "${hash}  t" | sha256sum -c - || exit 1`));
    const mark = "#                                                                                  ^^^^^^^^^^^^^^";
    check("ineffective-verification", PATH, lines(`    - echo "${hash}  t" | sha256sum -c -`, mark));
    check(
      "ineffective-verification",
      PATH,
      lines("    - set -e", `    - echo "${hash}  t" | sha256sum -c - && ls`, mark),
    );
  });

  it("ends at circular extends and references", () => {
    const pipeline = read(`a: {extends: b, script: [!reference [b, script]]}
b: {extends: a, script: [!reference [a, script]]}
`);
    assert.equal(pipeline.jobs.length, 2);
  });
});
