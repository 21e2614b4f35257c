import assert from "node:assert/strict";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import type { Pipeline } from "../../server/core/model.ts";
import { reachOfStep } from "../../server/core/reach.ts";
import { giteaActions } from "../../server/core/systems/gitea-actions.ts";
import { githubActions } from "../../server/core/systems/github-actions.ts";
import type { System } from "../../server/core/systems/system.ts";
import { applyEdits } from "../../server/core/text.ts";
import { parseYaml } from "../../server/core/yaml.ts";

function read(text: string, system: System = githubActions): Pipeline {
  return system.read({ path: ".github/workflows/ci.yml", text }, parseYaml(text), EMPTY_CONTEXT);
}

describe("the token of a workflow", () => {
  it("has the permissions of the job, else those of the workflow, else unknown ones", () => {
    const granted = (text: string) => read(text).jobs.map(({ scope }) => scope.permissions?.grants);
    const jobs = `jobs:
  a: {runs-on: x, steps: []}
  b: {runs-on: x, permissions: {packages: write, contents: read}, steps: []}
  c: {runs-on: x, permissions: write-all, steps: []}
  d: {runs-on: x, permissions: {}, steps: []}
  e: {runs-on: x, permissions: [odd], steps: []}
`;
    assert.deepEqual(granted(jobs), [
      undefined,
      { areas: { packages: "write", contents: "read" } },
      { all: "write" },
      { all: "none" },
      undefined,
    ]);
    assert.deepEqual(read(`permissions: read-all\n${jobs}`).scope.permissions, {
      span: { start: 0, end: 21 },
      grants: { all: "read" },
    });
  });

  it("is within reach of every action, and writes only where the file says so", () => {
    const token = (permissions: string) =>
      read(`on: push
${permissions}
jobs: {a: {runs-on: x, steps: [{uses: o/r@v1}, {run: make}, {uses: "docker://alpine"}]}}
`).jobs[0]?.steps.map((step) => reachOfStep(step).map(({ name }) => name)) ?? [];
    assert.deepEqual(token(""), [["GITHUB_TOKEN"], [], []]);
    const writes = (permissions: string) =>
      read(`on: push\n${permissions}\njobs: {a: {runs-on: x, steps: [{uses: o/r@v1}]}}\n`).jobs[0]?.steps[0]?.scope
        .ambient[0]?.writes ?? false;
    const cases = ["", "permissions: read-all", "permissions: {contents: read}", "permissions: {id-token: write}"];
    assert.deepEqual(cases.map(writes), [false, false, false, false]);
    assert.deepEqual(["permissions: write-all", "permissions: {issues: write}"].map(writes), [true, true]);
  });

  it("of OpenID Connect is within reach of every step of a job that may ask for one", () => {
    const pipeline = read(`on: push
permissions: {id-token: write}
jobs:
  a: {runs-on: x, steps: [{run: make}]}
  b: {runs-on: x, permissions: {contents: read}, steps: [{run: make}]}
`);
    const names = pipeline.jobs.map(({ steps }) => steps.flatMap((step) => reachOfStep(step).map(({ name }) => name)));
    assert.deepEqual(names, [["the job's OpenID Connect token"], []]);
  });

  it("has no permissions that anyone can rely on in Gitea and Forgejo", () => {
    const pipeline = read(
      "on: push\npermissions: {}\njobs: {a: {runs-on: x, steps: [{uses: o/r@v1}]}}\n",
      giteaActions,
    );
    assert.equal(pipeline.scope.permissions, undefined);
    assert.deepEqual(pipeline.jobs[0]?.steps[0]?.scope.ambient, []);
  });
});

describe("a checkout", () => {
  const step = (written: string, system?: System) =>
    read(`on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${written}`, system).jobs[0]?.steps[0]?.checkout;

  it("keeps its credential unless an input says otherwise, also where another forge hosts the action", () => {
    const keeps = (written: string, system?: System) => step(written, system)?.keepsCredentials;
    assert.equal(keeps("      - uses: actions/checkout@v4\n"), true);
    assert.equal(keeps("      - uses: Actions/Checkout@v6\n        with: {persist-credentials: true}\n"), true);
    assert.equal(keeps('      - uses: actions/checkout@v4\n        with: {persist-credentials: "false"}\n'), false);
    const unknown = "{persist-credentials: '${{ inputs.keep }}'}";
    assert.equal(keeps(`      - uses: actions/checkout@v4\n        with: ${unknown}\n`), false);
    assert.equal(keeps('      - uses: "https://code.forgejo.org/actions/checkout@v4"\n', giteaActions), true);
    assert.equal(keeps("      - uses: someone/checkout@v4\n"), undefined);
  });

  it("drops the credential by the smallest edit that its notation allows", () => {
    const dropped = (written: string) => {
      const text = `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${written}`;
      const edits = read(text).jobs[0]?.steps[0]?.checkout?.drop?.edits;
      return edits && applyEdits(text, edits).slice(text.indexOf("steps:\n") + 7);
    };
    assert.equal(
      dropped("      - uses: actions/checkout@v4 # pinned\n      - run: x\n"),
      "      - uses: actions/checkout@v4 # pinned\n        with:\n          persist-credentials: false\n      - run: x\n",
    );
    assert.equal(
      dropped("      - {uses: actions/checkout@v4}\n"),
      "      - {uses: actions/checkout@v4, with: { persist-credentials: false }}\n",
    );
    assert.equal(
      dropped("      - uses: actions/checkout@v4\r\n        with:\r\n          ref: main # x\r\n"),
      "      - uses: actions/checkout@v4\r\n        with:\r\n          ref: main # x\r\n          persist-credentials: false\r\n",
    );
    assert.equal(
      dropped("      - uses: actions/checkout@v4\n        with: {persist-credentials: 'true'}\n"),
      "      - uses: actions/checkout@v4\n        with: {persist-credentials: 'false'}\n",
    );
    assert.equal(dropped("      - &co\n        uses: actions/checkout@v4\n      - *co\n"), undefined);
    assert.equal(dropped("      - uses: actions/checkout@v4\n        with: &in {ref: main}\n"), undefined);
  });
});

describe("what strangers send", () => {
  const foreign = (on: string, job: string) => {
    const checkout = read(
      `on: ${on}\njobs:\n  gate: {runs-on: x, environment: guarded, steps: []}\n  a: ${job}\n`,
    ).jobs[1]?.steps.find((step) => step.checkout !== undefined)?.checkout;
    return checkout && (checkout.foreign ? (checkout.guard ?? "open") : "own");
  };
  const head = "{uses: actions/checkout@v4, with: {ref: '${{ github.event.pull_request.head.sha }}'}}";
  const job = (more = "", step = head) => `{runs-on: x, ${more}steps: [${step}]}`;

  it("is brought by a checkout of the head under an event that strangers cause", () => {
    assert.equal(foreign("pull_request_target", job()), "open");
    assert.equal(foreign("[push, pull_request_target]", job()), "open");
    assert.equal(foreign("{pull_request_target: {branches: [main]}}", job()), "open");
    assert.equal(foreign("pull_request", job()), "own");
    assert.equal(foreign("pull_request_target", job("", "{uses: actions/checkout@v4}")), "own");
    const by = (event: string, inputs: string) =>
      foreign(event, job("", `{uses: actions/checkout@v4, with: {${inputs}}}`));
    assert.equal(by("pull_request_target", "ref: '${{ github.head_ref }}'"), "open");
    assert.equal(by("pull_request_target", "ref: 'refs/pull/${{ github.event.number }}/merge'"), "open");
    assert.equal(
      by("pull_request_target", "repository: '${{ github.event.pull_request.head.repo.full_name }}'"),
      "open",
    );
    assert.equal(by("pull_request_target", "ref: '${{ github.event.pull_request.base.sha }}'"), "own");
    assert.equal(by("workflow_run", "ref: '${{ github.event.workflow_run.head_sha }}'"), "open");
    assert.equal(by("workflow_run", "ref: '${{ github.sha }}'"), "own");
    assert.equal(by("issue_comment", "ref: 'refs/pull/${{ github.event.issue.number }}/head'"), "open");
  });

  it("comes with the events that they cause and that have secrets, in every way to write them", () => {
    const triggers = (on: string) => {
      const text = `on: ${on}\njobs: {}\n`;
      return read(text).openTriggers?.map(({ name, span }) => [name, text.slice(span.start, span.end)]);
    };
    assert.deepEqual(triggers("pull_request_target"), [["pull_request_target", "pull_request_target"]]);
    assert.deepEqual(triggers("[push, 'issue_comment']"), [["issue_comment", "'issue_comment'"]]);
    assert.deepEqual(triggers("{workflow_run: {workflows: [ci]}, push: }"), [["workflow_run", "workflow_run"]]);
    assert.deepEqual(triggers("[push, pull_request, workflow_call, schedule]"), []);
  });

  it("is brought by a script", () => {
    const by = (run: string) => foreign("issue_comment", `\n    runs-on: x\n    steps:\n      - run: ${run}`);
    assert.equal(by("gh pr checkout $NUMBER"), "open");
    assert.equal(by("git fetch origin pull/$NUMBER/head:pr && git checkout pr"), "open");
    assert.equal(by("git fetch origin main"), undefined);
  });

  it("does not come where conditions keep it out", () => {
    for (const condition of [
      "github.event.pull_request.head.repo.full_name == github.repository",
      "${{ github.repository == github.event.pull_request.head.repo.full_name }}",
      "github.event.pull_request.head.repo.fork == false",
      "!github.event.pull_request.head.repo.fork",
      "github.event_name == 'push'",
      "github.event_name != 'pull_request_target'",
      "(github.event_name == 'push' || github.event.pull_request.head.repo.fork == false) && always()",
      "github.event.pull_request.merged == true",
    ])
      assert.equal(foreign("[push, pull_request_target]", job(`if: "${condition}", `)), "own", condition);
  });

  it("is guarded where somebody has to let it in, and not where another way is open", () => {
    const label = "contains(github.event.pull_request.labels.*.name, 'safe to test')";
    assert.equal(foreign("pull_request_target", job(`if: "${label}", `)), "a label");
    assert.equal(foreign("{pull_request_target: {types: [labeled]}}", job()), "a label");
    assert.equal(foreign("{pull_request_target: {types: [labeled, synchronize]}}", job()), "open");
    assert.equal(foreign("pull_request_target", job("environment: guarded, ")), "the rules of an environment");
    assert.equal(foreign("pull_request_target", job("needs: gate, ")), "the rules of an environment");
    assert.equal(foreign("pull_request_target", job(`if: "${label} || success()", `)), "open");
    assert.equal(
      foreign(
        "issue_comment",
        `{runs-on: x, if: "github.event.comment.author_association == 'MEMBER'", steps: [{run: gh pr checkout 1}]}`,
      ),
      "the author's role",
    );
  });
});
