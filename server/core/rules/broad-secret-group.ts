import { type AmbientSecret, type Job, ownScopes, type Pipeline } from "../model.ts";
import { shelved } from "../narrowing.ts";
import type { EditFix, Problem, Rule } from "../rule.ts";
import type { Span } from "../text.ts";
import { surest, type Usage, usageOfUnknown } from "../usage.ts";

/** From so many jobs on, a group that each of them names is one that nobody thinks about any more. */
const MANY_JOBS = 3;

/** A group of secrets that more jobs can read than anyone can watch. */
export const broadSecretGroup: Rule = {
  id: "broad-secret-group",
  severity: "information",
  summary: "A whole group of secrets is handed to the whole pipeline or to many of its jobs.",
  why:
    "A group brings every secret that somebody put into it, today and later. Each job that has it can lose all of them, although it may " +
    "need one or none.",
  examples: [
    {
      title: "A variable group moves to the job that reads it",
      path: "azure-pipelines.yml",
      bad: `variables:
  - group: docker-login
#          ^^^^^^^^^^^^
jobs:
  - job: lint
    steps: [{bash: shellcheck ci/*.sh}]
  - job: push
    steps:
      - bash: docker login -u shop --password-stdin <<< "$PASSWORD"
        env: {PASSWORD: $(dockerPassword)}
`,
      good: `jobs:
  - job: lint
    steps: [{bash: shellcheck ci/*.sh}]
  - job: push
    steps:
      - bash: docker login -u shop --password-stdin <<< "$PASSWORD"
        env: {PASSWORD: $(dockerPassword)}
    variables:
      - group: docker-login
`,
    },
    {
      title: "The group of one job is where it belongs",
      path: "azure-pipelines.yml",
      bad: `jobs:
  - job: test
    steps: [{script: npm test}]
  - job: push
    variables:
      - group: docker-login
    steps: [{script: docker push "$IMAGE"}]
`,
    },
    {
      title: "A context on every job",
      path: ".circleci/config.yml",
      bad: `version: 2.1
jobs:
  build: &job
    docker: [{image: cimg/base@sha256:1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7}]
    steps: [{run: make build}]
  test: *job
  push: *job
workflows:
  all:
    jobs:
      - build: {context: publishing}
#                        ^^^^^^^^^^
      - test: {context: publishing}
      - push: {context: publishing}
`,
    },
    {
      title: "Every SSH key of a project, where the fingerprints of some would do",
      path: ".circleci/config.yml",
      bad: `version: 2.1
jobs:
  build:
    docker: [{image: cimg/base@sha256:1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7}]
    steps:
      - add_ssh_keys
#       ^^^^^^^^^^^^
      - run: ./deploy
  publish:
    docker: [{image: cimg/base@sha256:1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7}]
    steps:
      - add_ssh_keys: {fingerprints: ["SHA256:NPj4IcXxqQEKGXOghi/QbG2sohoNfvZ30JwCcdSSNM0"]}
      - run: ./publish
`,
    },
  ],
  check: function* (pipeline) {
    if (pipeline.jobs.length > 1)
      for (const group of pipeline.scope.ambient.filter(isGroup))
        if (group.span !== undefined) yield wide(pipeline, group, group.span);
    for (const group of groupsOfJobs(pipeline)) if (group.holders.length >= MANY_JOBS) yield spread(pipeline, group);
    yield* greedy(pipeline);
  },
};

/** A group is kept in the settings; a value that stands encrypted in the file is none. */
function isGroup({ kind }: AmbientSecret): boolean {
  return kind === "settings";
}

function wide(pipeline: Pipeline, group: AmbientSecret, span: Span): Problem {
  const fix = moveFix(pipeline, group);
  return {
    span,
    message: `Every job of this pipeline has ${group.name}, so a step that is tampered with in any of them can take all of it. Move it to the jobs that need it.`,
    ...(fix && { fixes: [fix] }),
  };
}

/**
 * Hands the group to the jobs that need something of it, where all others are known to need nothing. What a group holds stands elsewhere:
 * a job needs it where it reads a variable that nothing in the file sets.
 */
function moveFix(pipeline: Pipeline, { portable, name }: AmbientSecret): EditFix | undefined {
  const gone = portable?.removal;
  // A name of one group cannot be told from that of another.
  if (portable === undefined || gone === undefined || pipeline.scope.ambient.filter(isGroup).length !== 1)
    return undefined;
  const needing = pipeline.jobs.filter((job) => needs(pipeline, job) !== "none");
  if (needing.length === 0 || needing.length === pipeline.jobs.length || needing.length >= MANY_JOBS) return undefined;
  const added = needing.map(({ scope }) => (scope.level === "job" ? shelved(portable, scope) : undefined));
  const places = added.filter((edit) => edit !== undefined);
  if (places.length < needing.length || new Set(places.map(({ span }) => span.start)).size < places.length)
    return undefined;
  const target = needing.length === 1 ? (needing[0]?.scope.label ?? "the job") : `the ${needing.length} jobs`;
  return {
    title: `Move ${name} to ${target} that may need it`,
    edits: [{ span: gone, text: "" }, ...places],
  };
}

/** The most that a step of a job needs of variables that stand in no line of the file. */
function needs(pipeline: Pipeline, job: Job): Usage {
  if (job.references.some(({ kind }) => kind !== "image")) return "possible";
  return surest(job.steps.map((step) => usageOfUnknown(pipeline, step)));
}

/** A job that asks for everything where it could name what it needs. */
function* greedy(pipeline: Pipeline): Iterable<Problem> {
  for (const { scope } of pipeline.jobs) {
    const own = ownScopes(pipeline, scope).filter(({ level }) => level === "job");
    for (const { name, span, narrower } of own.flatMap(({ ambient }) => ambient)) {
      if (span === undefined || narrower === undefined) continue;
      yield {
        span,
        message: `This adds ${name} to ${scope.label}, those of later days too, and every command behind it can use them all. Name ${narrower}.`,
      };
    }
  }
}

/** A group that jobs name themselves. */
interface Group {
  readonly name: string;
  readonly holders: readonly Holder[];
}

/** A job with the places where it names the group. */
interface Holder {
  readonly job: Job;
  readonly span: Span;
  readonly removals: readonly (Span | undefined)[];
}

function spread(pipeline: Pipeline, group: Group): Problem {
  const [first, ...others] = group.holders.map(({ span }) => span);
  const fix = dropFix(pipeline, group);
  return {
    span: first ?? pipeline.scope.ambient[0]?.span ?? { start: 0, end: 0 },
    message: `${group.holders.length} jobs have ${group.name}, so a step that is tampered with in any of them can take all of it. Keep it on the jobs that need it, or split it.`,
    related: others.map((span) => ({ span, message: "Another job that has it" })),
    ...(fix && { fixes: [fix] }),
  };
}

/** Takes the group from the jobs that need nothing of it, where few others are left. */
function dropFix(pipeline: Pipeline, { name, holders }: Group): EditFix | undefined {
  const idle = holders.filter(({ job }) => needs(pipeline, job) === "none");
  const removals = idle.flatMap((holder) => holder.removals);
  const spans = removals.filter((span) => span !== undefined);
  const left = holders.length - idle.length;
  if (left === 0 || left >= MANY_JOBS || spans.length < removals.length) return undefined;
  const from = idle.length === 1 ? (idle[0]?.job.scope.label ?? "the job") : `the ${idle.length} jobs`;
  return {
    title: `Take ${name} from ${from} that ${idle.length === 1 ? "needs" : "need"} none of it`,
    edits: spans.map((span) => ({ span, text: "" })),
  };
}

/** The groups that jobs name themselves, each job once, at the first place where it does. */
function groupsOfJobs(pipeline: Pipeline): readonly Group[] {
  const groups = new Map<string, Map<number, Holder>>();
  for (const job of pipeline.jobs) {
    const own = ownScopes(pipeline, job.scope).filter(({ level }) => level === "job");
    for (const { name, span, portable } of own.flatMap(({ ambient }) => ambient.filter(isGroup))) {
      if (span === undefined) continue;
      const holders = groups.get(name) ?? new Map<number, Holder>();
      const known = [...holders.values()].find((holder) => holder.job === job);
      if (known !== undefined)
        holders.set(known.span.start, { ...known, removals: [...known.removals, portable?.removal] });
      else if (!holders.has(span.start)) holders.set(span.start, { job, span, removals: [portable?.removal] });
      groups.set(name, holders);
    }
  }
  return [...groups].map(([name, holders]) => ({ name, holders: [...holders.values()] }));
}
