import type { Example, Rule } from "./rule.ts";

/** What a person should know about a rule: the same content twice. */
export interface Explanation {
  readonly text: string;
  readonly markdown: string;
}

/** Summary, reason and an example before and after, from what the rule says about itself. */
export function explain(rule: Rule): Explanation {
  const healed = rule.examples.find(({ good }) => good !== undefined);
  const harmless = rule.examples.find(({ bad }) => bad === withoutMarks(bad));
  const first = rule.examples[0];
  // A rule without a fix shows what is right by an example that it has nothing to say about.
  const example = healed ?? (first && harmless ? { ...first, good: harmless.bad } : first);
  return {
    text: [rule.summary, rule.why, ...textOf(example)].join("\n\n"),
    markdown: [
      `**${rule.summary}**`,
      rule.why,
      ...markdownOf(example),
      `[More about ${rule.id}](${pageOf(rule)})`,
    ].join("\n\n"),
  };
}

/** Address of the rule's page in the documentation. */
export function pageOf(rule: Rule): string {
  return `https://github.com/pipewarden/pipewarden/blob/main/docs/rules/${rule.id}.md`;
}

/** The file of an example before any fix, without the lines that mark its problems. */
export function withoutMarks(bad: string): string {
  return bad.replace(/^#[ \t]*\^+[ \t]*(?:\n|$)/gm, "");
}

function textOf(example: Example | undefined): readonly string[] {
  if (example === undefined) return [];
  const after = example.good === undefined ? [] : ["Instead:", indented(example.good)];
  return [`Example, ${example.path}:`, indented(withoutMarks(example.bad)), ...after];
}

function markdownOf(example: Example | undefined): readonly string[] {
  if (example === undefined) return [];
  const after = example.good === undefined ? [] : ["Instead:", fenced(example.good)];
  return [`Example, \`${example.path}\`:`, fenced(withoutMarks(example.bad)), ...after];
}

function indented(code: string): string {
  return code.trimEnd().replace(/^(?=.)/gm, "    ");
}

function fenced(code: string): string {
  return `\`\`\`yaml\n${code.trimEnd()}\n\`\`\``;
}
