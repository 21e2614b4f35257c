import { type AmbientSecret, ownScopes, type Pipeline } from "../model.ts";
import type { Problem, Rule } from "../rule.ts";
import type { Span } from "../text.ts";

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
      title: "A variable group at the top of a pipeline",
      path: "azure-pipelines.yml",
      bad: `variables:
  - group: docker-login
#          ^^^^^^^^^^^^
jobs:
  - job: test
    steps: [{script: npm test}]
  - job: push
    steps: [{script: docker push "$IMAGE"}]
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
  ],
  check: function* (pipeline) {
    if (pipeline.jobs.length > 1)
      for (const group of pipeline.scope.ambient.filter(isGroup)) if (group.span) yield wide(group, group.span);
    for (const [name, spans] of groupsOfJobs(pipeline)) {
      const [first, ...others] = spans;
      if (first === undefined || spans.length < MANY_JOBS) continue;
      yield {
        span: first,
        message: `${spans.length} jobs have ${name}, so a step that is tampered with in any of them can take all of it. Keep it on the jobs that need it, or split it.`,
        related: others.map((span) => ({ span, message: "Another job that has it" })),
      };
    }
  },
};

/** A group is kept in the settings; a value that stands encrypted in the file is none. */
function isGroup({ kind }: AmbientSecret): boolean {
  return kind === "settings";
}

function wide({ name }: AmbientSecret, span: Span): Problem {
  return {
    span,
    message: `Every job of this pipeline has ${name}, so a step that is tampered with in any of them can take all of it. Move it to the jobs that need it.`,
  };
}

/** The groups that jobs name themselves, each with the places where they do. */
function groupsOfJobs(pipeline: Pipeline): ReadonlyMap<string, readonly Span[]> {
  const groups = new Map<string, Span[]>();
  for (const job of pipeline.jobs) {
    const own = ownScopes(pipeline, job.scope).filter(({ level }) => level === "job");
    for (const { name, span } of own.flatMap(({ ambient }) => ambient.filter(isGroup))) {
      if (span === undefined) continue;
      const spans = groups.get(name) ?? [];
      if (!spans.some(({ start }) => start === span.start)) spans.push(span);
      groups.set(name, spans);
    }
  }
  return groups;
}
