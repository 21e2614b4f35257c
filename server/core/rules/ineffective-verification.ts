import { type RemoteExecution, remoteExecutions } from "../flow.ts";
import type { Script, ScriptChange } from "../model.ts";
import { reachOf } from "../reach.ts";
import { addresses, callers, placeIn } from "../remote.ts";
import type { Fix, Problem, Rule } from "../rule.ts";
import { severityOf, theftSentence } from "../severity.ts";
import { parseBash } from "../shell/bash.ts";
import { type Node, type Pipe, staticText } from "../shell/command.ts";
import type { Check, Flaw } from "../shell/dataflow.ts";
import { contains, type Span } from "../text.ts";

/** A check of downloaded code that lets changed code through. */
export const ineffectiveVerification: Rule = {
  id: "ineffective-verification",
  severity: "warning",
  summary: "A download is checked in a way that does not keep a changed one from running.",
  why:
    "The check gives the feeling of safety, and a changed file runs all the same: because its result stops nothing, because it looks at another file, " +
    "or because whoever changes the file changes the expected value with it.",
  examples: [
    {
      title: "The result stops nothing",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          curl -fsSLO https://example.com/tool.sh
          echo "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7  tool.sh" | sha256sum -c - || true
#                                                                                            ^^^^^^^^^^^^^^
          bash tool.sh
`,
      good: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          curl -fsSLO https://example.com/tool.sh
          echo "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7  tool.sh" | sha256sum -c - || exit 1
          bash tool.sh
`,
    },
    {
      title: "The expected value comes from where the file comes from",
      path: ".gitlab-ci.yml",
      bad: `install:
  stage: build
  script:
    - curl -fsSLO https://example.com/tool.sh
    - curl -fsSL https://example.com/tool.sh.sha256 | sha256sum -c -
#                                                     ^^^^^^^^^^^^^^
    - bash tool.sh
`,
    },
    {
      title: "A check that stops the script is fine",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - shell: bash {0}
        run: |
          curl -fsSLO https://example.com/tool.sh
          echo "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7  tool.sh" | sha256sum -c - || exit 1
          bash tool.sh
`,
    },
  ],
  check: function* (pipeline) {
    for (const remote of remoteExecutions(pipeline)) {
      const check = worstOf(remote.execution.checks);
      if (remote.execution.via === "file" && check !== undefined) yield problem(remote, check);
    }
  },
};

/** What a person has to hear first: a check that only prints matters least. */
const ORDER: readonly Flaw[] = ["ignored", "late", "same-host", "self", "empty", "other-file", "weak", "printed"];

function worstOf(checks: readonly Check[]): Check | undefined {
  return [...checks].sort((a, b) => ORDER.indexOf(a.flaw) - ORDER.indexOf(b.flaw))[0];
}

function problem(remote: RemoteExecution, check: Check): Problem {
  const { job, step, script, execution, downloads } = remote;
  const from = remote.scriptOf(check.script);
  const { now: reach, later: reachLater } = reachOf(job, step);
  return {
    ...placeIn(from ?? script, check.span),
    message: `This check does not keep a changed ${addresses(downloads)} from running: ${REASON[check.flaw]}.${theftSentence(reach)} ${CURE[check.flaw]}`,
    severity: severityOf("download", "warning", reach),
    related: [
      ...downloads.map((fetched) => ({
        ...placeIn(fetched.script, fetched.download.span),
        message: "It is downloaded here",
      })),
      { ...placeIn(script, execution.span), message: "It runs here all the same" },
      ...callers(from ?? script, step),
    ],
    reach,
    reachLater,
    fixes: check.flaw === "ignored" && from !== undefined ? stopFix(from, check) : [],
  };
}

/** Makes a plain `check`, or one in front of a `||` that only talks, end the script. Anything more nested is left to the person. */
function stopFix(script: Script, { span }: Check): readonly Fix[] {
  const statement = parseBash(script.text, script.holes).statements.find((each) => contains(each.span, span));
  const change = statement && stopChange(statement.node, span);
  const edits = change && script.rewrite([change]);
  return edits === undefined ? [] : [{ title: "Stop the script when the check fails", edits }];
}

function stopChange(node: Node, check: Span): ScriptChange | undefined {
  if (node.kind === "command" || (node.kind === "pipe" && !node.negated && endsWith(node, check))) {
    return { span: { start: node.span.end, end: node.span.end }, text: " || exit 1" };
  }
  const [first, last] = node.kind === "chain" && node.operands.length === 2 ? node.operands : [];
  if (node.kind !== "chain" || node.operators[0] !== "||" || first === undefined || last?.kind !== "command")
    return undefined;
  if (!contains(first.span, check) || (first.kind === "pipe" && !endsWith(first, check))) return undefined;
  const name = staticText(last.words[0]);
  if (name === "true" || name === ":") return { span: last.span, text: "exit 1" };
  return undefined;
}

function endsWith({ stages }: Pipe, check: Span): boolean {
  const last = stages.at(-1);
  return last !== undefined && contains(last.span, check);
}

const REASON: Readonly<Record<Flaw, string>> = {
  ignored: "its result stops nothing",
  late: "it comes after the run",
  "same-host": "the expected value comes from the same place as the file",
  self: "the file is compared with itself",
  empty: "the expected value can be empty",
  "other-file": "it looks at another file",
  weak: "it does not compare a digest of the whole content",
  printed: "it prints a digest that nobody compares",
};

const CURE: Readonly<Record<Flaw, string>> = {
  ignored: "Add `|| exit 1` to it.",
  late: "Move it in front of the run.",
  "same-host": "Write the expected SHA-256 into this file.",
  self: "Write the expected SHA-256 into this file.",
  empty: "Write the expected SHA-256 into this file.",
  "other-file": "Name the file that runs, with its SHA-256.",
  weak: "Compare the whole SHA-256.",
  printed: "Compare it with the SHA-256 that you expect, and stop where they differ.",
};
