import { type Script, type Step, stepsOf } from "../model.ts";
import type { EditFix, Problem, Rule } from "../rule.ts";
import { contains, cover, type Span } from "../text.ts";
import { type Pasted, throughEnvironment } from "../through-environment.ts";
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
      good: `on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: |
          npx vsce package
          npx vsce publish --pat "$MARKETPLACE_TOKEN"
        env:
          MARKETPLACE_TOKEN: \${{ secrets.MARKETPLACE_TOKEN }}
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
      good: `on: push
jobs:
  notify:
    runs-on: ubuntu-latest
    steps:
      - run: curl -u "$NAME:$TOKEN" https://api.example.com/build
        env:
          NAME: \${{ secrets.NAME }}
          TOKEN: \${{ secrets.TOKEN }}
`,
    },
    {
      title: "A variable of Azure that the script's text is given",
      path: "azure-pipelines.yml",
      bad: `steps:
  - bash: ./deploy.sh --key '$(deployKey)'
#                            ^^^^^^^^^^^^
    displayName: Deploy
`,
      good: `steps:
  - bash: ./deploy.sh --key "$DEPLOY_KEY"
    displayName: Deploy
    env:
      DEPLOY_KEY: $(deployKey)
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

/** The secrets of one line. */
interface Line {
  span: Span;
  readonly names: Set<string>;
  readonly pieces: Pasted[];
}

/** One problem for each line, because that is what a person changes. */
function* problems(text: string, step: Step, script: Script): Iterable<Problem> {
  if (script.path !== undefined) return;
  const uses = [...step.secrets, ...step.inputs.flatMap(({ secrets }) => secrets)];
  const named = uses.filter(({ kind, span }) => kind === "named" && contains(script.span, span));
  if (named.length === 0) return;
  const lines: Line[] = [];
  for (const hole of script.holes) {
    const span = script.toDocument(hole.span);
    const names = named.filter((use) => contains(span, use.span)).map(({ name }) => name);
    if (names.length === 0) continue;
    const piece = { span: hole.span, expression: hole.text, name: names[0] ?? "" };
    const last = lines.at(-1);
    if (last === undefined || text.slice(last.span.end, span.start).includes("\n")) {
      lines.push({ span, names: new Set(names), pieces: [piece] });
      continue;
    }
    last.span = cover(last.span, span);
    last.pieces.push(piece);
    for (const name of names) last.names.add(name);
  }
  for (const { span, names, pieces } of lines) {
    const fix = environmentFix(step, script, pieces);
    yield { span, message: message([...names]), ...(fix && { fixes: [fix] }) };
  }
}

function environmentFix(step: Step, script: Script, pieces: readonly Pasted[]): EditFix | undefined {
  const made = throughEnvironment(step, script, pieces);
  return made && { title: `Read ${listed(made.names)} from the step's environment`, edits: made.edits };
}

function message(names: readonly string[]): string {
  const [pasted, them, variables] =
    names.length === 1
      ? [`The value of ${listed(names)} is`, "it", "the variable"]
      : [`The values of ${listed(names)} are`, "them", "the variables"];
  return (
    `${pasted} pasted into the script's text, where other programs of the machine can read ${them} and a quote in a value breaks the script. ` +
    `Hand ${them} over in the step's environment and write ${variables} in double quotes.`
  );
}
