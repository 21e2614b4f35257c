import { type Script, type Step, stepsOf } from "../model.ts";
import type { Problem, Rule } from "../rule.ts";
import { contains, cover, type Span } from "../text.ts";
import { listed } from "../wording.ts";

/** A secret that is written into the text of a script before the shell reads it. */
export const secretOnCommandLine: Rule = {
  id: "secret-on-command-line",
  severity: "information",
  summary: "A secret is written into the text of a script instead of its environment.",
  why:
    "The system puts the value into the script's text: the script lies on the disk with the secret in it, other programs of the machine can read " +
    "command lines, and a value with a quote or a dollar sign in it changes what the script does.",
  examples: [
    {
      title: "A token as an argument",
      path: ".github/workflows/publish.yml",
      bad: `on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: |
          npx vsce package
          npx vsce publish --pat \${{ secrets.MARKETPLACE_TOKEN }}
#                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    },
    {
      title: "Both halves of a login",
      path: ".github/workflows/notify.yml",
      bad: `on: push
jobs:
  notify:
    runs-on: ubuntu-latest
    steps:
      - run: curl -u "\${{ secrets.NAME }}:\${{ secrets.TOKEN }}" https://api.example.com/build
#                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    },
    {
      title: "A secret in the environment of its step is fine",
      path: ".github/workflows/publish.yml",
      bad: `on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: npx vsce publish --pat "$PAT"
        env:
          PAT: \${{ secrets.MARKETPLACE_TOKEN }}
`,
    },
  ],
  check: function* (pipeline) {
    for (const { step } of stepsOf(pipeline))
      for (const script of step.scripts) yield* problems(pipeline.text, step, script);
  },
};

/** One problem for each line, because that is what a person changes. */
function* problems(text: string, step: Step, script: Script): Iterable<Problem> {
  if (script.path !== undefined) return;
  const named = step.secrets.filter(({ kind, span }) => kind === "named" && contains(script.span, span));
  if (named.length === 0) return;
  const lines: { span: Span; names: Set<string> }[] = [];
  for (const hole of script.holes) {
    const span = script.toDocument(hole.span);
    const names = named.filter((use) => contains(span, use.span)).map(({ name }) => name);
    if (names.length === 0) continue;
    const last = lines.at(-1);
    if (last === undefined || text.slice(last.span.end, span.start).includes("\n")) {
      lines.push({ span, names: new Set(names) });
      continue;
    }
    last.span = cover(last.span, span);
    for (const name of names) last.names.add(name);
  }
  for (const { span, names } of lines) yield { span, message: message([...names]) };
}

function message(names: readonly string[]): string {
  const them = names.length === 1 ? "it" : "them";
  return (
    `The value of ${listed(names)} is pasted into the script's text, where other programs of the machine can read ${them} and a quote in the value breaks the script. ` +
    `Hand ${them} over in the step's environment and write the variable in double quotes.`
  );
}
