import assert from "node:assert/strict";
import { check, findingsOf, readMarks } from "../check.ts";

const RULE = "broad-secret-group";
const AZURE = "azure-pipelines.yml";
const CIRCLE = ".circleci/config.yml";

interface Case {
  readonly shows: string;
  readonly path: string;
  readonly text: string;
  readonly fixed?: string;
}

/** CircleCI's jobs by their one command each, with the text of a workflow. */
function circle(jobs: Readonly<Record<string, string>>, workflow: string): string {
  const image = "cimg/base@sha256:1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
  const all = Object.entries(jobs).map(
    ([name, run]) => `  ${name}:\n    docker: [{image: ${image}}]\n    steps: [{run: '${run}'}]\n`,
  );
  return `version: 2.1\njobs:\n${all.join("")}workflows:\n  all:\n    jobs:\n${workflow}`;
}

const FOUND: readonly Case[] = [
  {
    shows: "a group that one of two jobs reads",
    path: AZURE,
    text: `variables:
  - group: shop
#          ^^^^
jobs:
  - job: test
    steps: [{bash: echo fine}]
  - job: push
    steps:
      - bash: curl -H "$KEY" https://a.example
        env: {KEY: $(shopKey)}
`,
    fixed: `jobs:
  - job: test
    steps: [{bash: echo fine}]
  - job: push
    steps:
      - bash: curl -H "$KEY" https://a.example
        env: {KEY: $(shopKey)}
    variables:
      - group: shop
`,
  },
  {
    shows: "a group beside variables, and a job with a list of its own",
    path: AZURE,
    text: `variables:
  - name: mode
    value: fast
  - group: shop # keys
#          ^^^^
jobs:
  - job: test
    steps: [{bash: 'echo "$(mode)"'}]
  - job: push
    variables:
      - name: color
        value: red
      - group: other
    steps:
      - bash: curl -H "$KEY" https://a.example
`,
    fixed: `variables:
  - name: mode
    value: fast
jobs:
  - job: test
    steps: [{bash: 'echo "$(mode)"'}]
  - job: push
    variables:
      - name: color
        value: red
      - group: other
      - group: shop
    steps:
      - bash: curl -H "$KEY" https://a.example
`,
  },
  {
    shows: "a group whose one job has a mapping, which cannot name groups",
    path: AZURE,
    text: `variables: [{group: shop}]
#                   ^^^^
jobs:
  - job: test
    steps: [{bash: echo fine}]
  - job: push
    variables: {color: red}
    steps: [{bash: 'curl -H "$KEY" https://a.example'}]
`,
  },
  {
    shows: "two groups, of which nobody knows which one is meant",
    path: AZURE,
    text: `variables:
  - group: shop
#          ^^^^
  - group: bank
#          ^^^^
jobs:
  - job: test
    steps: [{bash: echo fine}]
  - job: push
    steps: [{bash: 'curl -H "$KEY" https://a.example'}]
`,
  },
  {
    shows: "a group that every job may need",
    path: AZURE,
    text: `variables:
  - group: shop
#          ^^^^
jobs:
  - job: test
    steps: [{bash: pytest tests}]
  - job: push
    steps: [{bash: 'curl -H "$KEY" https://a.example'}]
`,
  },
  {
    shows: "a group beside a task that nobody can look into",
    path: AZURE,
    text: `variables:
  - group: shop
#          ^^^^
jobs:
  - job: a
    steps: [{task: Acme@1}]
  - job: b
    steps: [{bash: 'curl -H "$KEY" https://a.example'}]
`,
  },
  {
    shows: "a group for jobs that are templates",
    path: AZURE,
    text: `variables:
  - group: shop
#          ^^^^
jobs:
  - template: build.yml
  - job: b
    steps: [{bash: echo fine}]
`,
  },
  {
    shows: "a group that stands under a condition",
    path: AZURE,
    text: `variables:
  - \${{ if eq(variables['Build.Reason'], 'Manual') }}:
      - group: shop
#              ^^^^
jobs:
  - job: test
    steps: [{bash: echo fine}]
  - job: push
    steps: [{bash: 'curl -H "$KEY" https://a.example'}]
`,
  },
  {
    shows: "stages, into the job that reads the group",
    path: AZURE,
    text: `variables:
  - group: shop
#          ^^^^
stages:
  - stage: a
    jobs:
      - job: test
        steps: [{bash: echo fine}]
  - stage: b
    jobs:
      - job: push
        steps: [{bash: 'curl -H "$(shopKey)" https://a.example'}]
`,
    fixed: `stages:
  - stage: a
    jobs:
      - job: test
        steps: [{bash: echo fine}]
  - stage: b
    jobs:
      - job: push
        steps: [{bash: 'curl -H "$(shopKey)" https://a.example'}]
        variables:
          - group: shop
`,
  },
  {
    shows: "a context that one of three jobs reads, in every notation",
    path: CIRCLE,
    text: circle(
      { lint: "echo fine", check: "echo good", push: 'curl -H "$KEY" https://a.example' },
      `      - lint: {context: shop}
#                       ^^^^
      - check:
          context: shop
          requires: [lint]
      - push: {context: [shop]}
`,
    ),
    fixed: circle(
      { lint: "echo fine", check: "echo good", push: 'curl -H "$KEY" https://a.example' },
      `      - lint
      - check:
          requires: [lint]
      - push: {context: [shop]}
`,
    ),
  },
  {
    shows: "one context of several",
    path: CIRCLE,
    text: circle(
      { lint: "echo fine", check: "echo good", push: 'curl -H "$KEY" https://a.example' },
      `      - lint: {context: [shop, bank]}
#                        ^^^^
      - check:
          context:
            - shop
            - bank
      - push: {context: [shop]}
`,
    ),
    fixed: circle(
      { lint: "echo fine", check: "echo good", push: 'curl -H "$KEY" https://a.example' },
      `      - lint: {context: [bank]}
      - check:
          context:
            - bank
      - push: {context: [shop]}
`,
    ),
  },
  {
    shows: "a context that three of four jobs read",
    path: CIRCLE,
    text: circle(
      { a: "echo fine", b: 'curl "$B"', c: 'curl "$C"', d: 'curl "$D"' },
      `      - a: {context: shop}
#                    ^^^^
      - b: {context: shop}
      - c: {context: shop}
      - d: {context: shop}
`,
    ),
  },
  {
    shows: "a context of jobs that run programs of the repository",
    path: CIRCLE,
    text: circle(
      { a: "make a", b: "make b", c: "make c" },
      `      - a: {context: shop}
#                    ^^^^
      - b: {context: shop}
      - c: {context: shop}
`,
    ),
  },
  {
    shows: "a context beside a job of an orb",
    path: CIRCLE,
    text: circle(
      { a: "echo a", b: 'curl "$B"' },
      `      - a: {context: shop}
#                    ^^^^
      - b: {context: shop}
      - acme/deploy: {context: shop}
`,
    ),
    fixed: circle(
      { a: "echo a", b: 'curl "$B"' },
      `      - a
      - b: {context: shop}
      - acme/deploy: {context: shop}
`,
    ),
  },
  {
    shows: "a context that an anchor brings to the jobs",
    path: CIRCLE,
    text: circle(
      { a: "echo a", b: "echo b", c: 'curl "$B"' },
      `      - a: &with {context: shop, filters: {branches: {only: main}}}
#                          ^^^^
      - b: {context: shop}
      - c: {context: shop}
`,
    ),
  },
];

const SILENT: readonly Case[] = [
  {
    shows: "the group of one job",
    path: AZURE,
    text: "jobs:\n  - job: a\n    variables: [{group: shop}]\n    steps: [{bash: echo fine}]\n  - job: b\n    steps: [{bash: echo fine}]\n",
  },
  {
    shows: "the group of a pipeline with one job",
    path: AZURE,
    text: "variables: [{group: shop}]\nsteps: [{bash: echo fine}]\n",
  },
  {
    shows: "variables that are written out",
    path: AZURE,
    text: "variables: [{name: a, value: b}]\njobs:\n  - job: a\n    steps: [{bash: echo fine}]\n  - job: b\n    steps: [{bash: echo fine}]\n",
  },
  {
    shows: "a context on two jobs",
    path: CIRCLE,
    text: circle({ a: "echo a", b: "echo b" }, "      - a: {context: shop}\n      - b: {context: shop}\n"),
  },
  {
    shows: "three contexts on a job each",
    path: CIRCLE,
    text: circle(
      { a: "echo a", b: "echo b", c: "echo c" },
      "      - a: {context: x}\n      - b: {context: y}\n      - c: {context: z}\n",
    ),
  },
];

describe("broad-secret-group", () => {
  for (const { shows, path, text, fixed } of FOUND)
    it(`marks${fixed === undefined ? "" : " and narrows"}: ${shows}`, () => {
      check(RULE, path, text, fixed === undefined ? {} : { fixed });
      const fixes = findingsOf(RULE, path, readMarks(text).text).flatMap((finding) => finding.fixes);
      assert.equal(fixes.length > 0, fixed !== undefined);
    });

  for (const { shows, path, text } of SILENT) it(`is silent: ${shows}`, () => check(RULE, path, text));
});
