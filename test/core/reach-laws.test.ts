import assert from "node:assert/strict";
import { pipelineOf } from "../../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { stepsOf } from "../../server/core/model.ts";
import { reachOf } from "../../server/core/reach.ts";
import { pick, type Random, randomOf } from "../support/fuzz-input.ts";

/** A workflow by its parts, so that a part can be added or taken away. Steps are known by their names. */
interface Workflow {
  readonly secrets: readonly string[];
  readonly jobs: readonly Job[];
}

interface Job {
  readonly id: string;
  readonly secrets: readonly string[];
  readonly steps: readonly Step[];
}

interface Step {
  readonly name: string;
  readonly secrets: readonly string[];
  /** What it does, mostly with its first secret. */
  readonly does: string;
}

const SECRETS = ["A", "B", "C", "D", "E"];

/** `S` is a secret of the step. Nothing here takes away what another step left: then a step less could mean a secret more. */
const DEEDS = [
  "run: make",
  'run: docker login -p "$S"',
  'run: echo "$S" > ~/.npmrc',
  'run: echo "X=$S" >> "$GITHUB_ENV"',
  "run: git config --global http.extraheader $S",
  "uses: actions/checkout@v4",
  "uses: acme/tool@v1",
  "uses: docker://acme/tool:1",
  'uses: docker/login-action@v3\n        with: { password: "${{ secrets.S }}" }',
];

function someWorkflow(random: Random): Workflow {
  const some = (): readonly string[] => SECRETS.filter(() => random() < 0.2);
  let count = 0;
  const step = (): Step => {
    const secrets = some();
    const does = pick(random, DEEDS).replaceAll(/\bS\b/g, secrets[0] ?? "NONE");
    return { name: `step ${count++}`, secrets, does };
  };
  const job = (id: string): Job => ({ id, secrets: some(), steps: Array.from({ length: 1 + random() * 6 }, step) });
  return { secrets: some(), jobs: [job("one"), job("two")].slice(0, 1 + Math.round(random())) };
}

function textOf({ secrets, jobs }: Workflow): string {
  const env = (names: readonly string[]) =>
    `env: { NODE_ENV: test${names.map((name) => `, ${name}: "\${{ secrets.${name} }}"`).join("")} }`;
  const step = ({ name, secrets: own, does }: Step) => `      - name: ${name}\n        ${env(own)}\n        ${does}\n`;
  const job = ({ id, secrets: own, steps }: Job) =>
    `  ${id}:\n    runs-on: ubuntu-latest\n    ${env(own)}\n    steps:\n${steps.map(step).join("")}`;
  return `on: push\n${env(secrets)}\njobs:\n${jobs.map(job).join("")}`;
}

interface Names {
  readonly now: readonly string[];
  readonly later: readonly string[];
}

/** What each step reaches, by its name. */
function reaches(workflow: Workflow): ReadonlyMap<string, Names> {
  const pipeline = pipelineOf({ path: ".github/workflows/ci.yml", text: textOf(workflow) }, EMPTY_CONTEXT);
  assert.ok(pipeline);
  return new Map(
    [...stepsOf(pipeline)].map(({ job, step }) => {
      const { now, later } = reachOf(job, step);
      return [step.label, { now: now.map(({ name }) => name), later: later.map(({ name }) => name) }];
    }),
  );
}

function* workflows(): Iterable<readonly [Random, Workflow]> {
  for (let seed = 0; seed < 150; seed++) {
    const random = randomOf(seed);
    yield [random, someWorkflow(random)];
  }
}

describe("the reach of steps, whatever they do", () => {
  it("names each secret once, and none both now and later", () => {
    for (const [, workflow] of workflows())
      for (const { now, later } of reaches(workflow).values())
        assert.equal(new Set([...now, ...later]).size, now.length + later.length, textOf(workflow));
  });

  it("grows by a secret of a scope in exactly the steps within, and in no other way", () => {
    for (const [random, workflow] of workflows()) {
      const { grown, within, before } = withSecret(random, workflow, "NEW");
      const [old, fresh] = [reaches(workflow), reaches(grown)];
      for (const [label, { now, later }] of fresh) {
        const name = label.slice("step “".length, -1);
        assert.equal(now.includes("NEW"), within.has(name), textOf(grown));
        assert.equal(later.includes("NEW"), before.has(name), textOf(grown));
        const without = (names: readonly string[]) => names.filter((each) => each !== "NEW");
        assert.deepEqual({ now: without(now), later: without(later) }, old.get(label), textOf(grown));
      }
    }
  });

  it("never grows because a step is gone", () => {
    for (const [random, workflow] of workflows()) {
      const job = pick(random, workflow.jobs);
      const gone = pick(random, job.steps);
      const steps = job.steps.filter((step) => step !== gone);
      const jobs = workflow.jobs.map((each) => (each === job ? { ...job, steps } : each));
      const all = reaches(workflow);
      for (const [label, { now, later }] of reaches({ ...workflow, jobs })) {
        const known = all.get(label);
        assert.ok(known, label);
        assert.deepEqual(
          now.filter((name) => !known.now.includes(name)),
          [],
          textOf(workflow),
        );
        const whole = [...known.now, ...known.later];
        assert.deepEqual(
          [...now, ...later].filter((name) => !whole.includes(name)),
          [],
          textOf(workflow),
        );
      }
    }
  });
});

/** One more secret somewhere: which steps have it then, and which come before the one step that has it. */
function withSecret(random: Random, workflow: Workflow, secret: string) {
  const where = random();
  const names = (steps: readonly Step[]) => new Set(steps.map(({ name }) => name));
  if (where < 0.3) {
    const grown = { ...workflow, secrets: [...workflow.secrets, secret] };
    return { grown, within: names(workflow.jobs.flatMap(({ steps }) => steps)), before: names([]) };
  }
  const job = pick(random, workflow.jobs);
  const changed = (next: Job): Workflow => ({
    ...workflow,
    jobs: workflow.jobs.map((each) => (each === job ? next : each)),
  });
  if (where < 0.6)
    return {
      grown: changed({ ...job, secrets: [...job.secrets, secret] }),
      within: names(job.steps),
      before: names([]),
    };
  const step = pick(random, job.steps);
  const grownStep = { ...step, secrets: [...step.secrets, secret] };
  return {
    grown: changed({ ...job, steps: job.steps.map((each) => (each === step ? grownStep : each)) }),
    within: names([step]),
    before: names(job.steps.slice(0, job.steps.indexOf(step))),
  };
}
