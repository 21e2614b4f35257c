import assert from "node:assert/strict";
import { analyze } from "../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../server/core/context.ts";
import type { Answer } from "../server/core/question.ts";
import type { EditFix, Finding, Fix } from "../server/core/rule.ts";
import { DEFAULT_SETTINGS } from "../server/core/settings.ts";
import { applyEdits } from "../server/core/text.ts";

/** A text without its marks, and the places that they mark. */
export interface Marked {
  readonly text: string;
  /** `line:start-end`, zero-based; a mark shows the part of a span that lies on its first line. */
  readonly marks: readonly string[];
}

const MARK = /^#\s*\^+\s*$/;

/** Reads a text in which a line `#  ^^^^` marks a part of the line above it. In `#^^^` the mark starts at the `#` itself. */
export function readMarks(marked: string): Marked {
  const lines: string[] = [];
  const marks: string[] = [];
  for (const line of marked.split("\n")) {
    const from = line.startsWith("#^") ? 0 : line.indexOf("^");
    if (MARK.test(line)) marks.push(`${lines.length - 1}:${from}-${line.lastIndexOf("^") + 1}`);
    else lines.push(line);
  }
  return { text: lines.join("\n"), marks };
}

/** What a rule finds in a text, written as marks are. */
export function marksOf(text: string, findings: readonly Finding[]): readonly string[] {
  return findings.map(({ span }) => {
    const lineStart = text.lastIndexOf("\n", span.start - 1) + 1;
    const lineEnd = text.indexOf("\n", span.start) < 0 ? text.length : text.indexOf("\n", span.start);
    const line = text.slice(0, lineStart).split("\n").length - 1;
    return `${line}:${span.start - lineStart}-${Math.min(span.end, lineEnd) - lineStart}`;
  });
}

/** Other files of the repository, by their paths. */
export type Files = Readonly<Record<string, string>>;

/** Findings of one rule in a file that stands alone, or with others. */
export function findingsOf(rule: string, path: string, text: string, files: Files = {}): readonly Finding[] {
  const context = { ...EMPTY_CONTEXT, read: (name: string) => files[name] };
  const { findings } = analyze({ path, text }, context, DEFAULT_SETTINGS);
  return findings.filter((finding) => finding.rule.id === rule);
}

/**
 * The one harness: `rule` must find in `marked` exactly what its marks show, whatever it finds in other files. With `fixed`, the first fix of each finding, applied to all
 * of them one after another with `answers`, must give exactly that text, and leave nothing for the rule to find.
 */
export function check(
  rule: string,
  path: string,
  marked: string,
  expected: { readonly fixed?: string; readonly answers?: readonly Answer[]; readonly files?: Files } = {},
): void {
  const { text, marks } = readMarks(marked);
  const { fixed: wanted, answers = [], files = {} } = expected;
  const found = (of: string) => findingsOf(rule, path, of, files).filter((finding) => finding.path === path);
  assert.deepEqual(marksOf(text, found(text)), marks, text);
  if (wanted === undefined) return;
  const fixed = fixAll(rule, path, text, answers, files);
  assert.equal(fixed, wanted);
  assert.deepEqual(marksOf(fixed, found(fixed)), []);
}

/** Applies the first fix of the first finding until no finding with a fix is left. */
export function fixAll(
  rule: string,
  path: string,
  text: string,
  answers: readonly Answer[],
  files: Files = {},
): string {
  let current = text;
  for (let round = 0; round < 50; round++) {
    const own = findingsOf(rule, path, current, files).filter((finding) => finding.path === path);
    const fix = own.flatMap((finding) => finding.fixes.slice(0, 1))[0];
    if (fix === undefined) return current;
    current = applyEdits(current, answered(fix, answers).edits);
  }
  throw new Error(`the fixes of ${rule} do not converge`);
}

/** Follows a fix through its questions, each answered by the first answer of its kind. */
export function answered(fix: Fix, answers: readonly Answer[]): EditFix {
  let current: Fix = fix;
  for (let round = 0; round < 5 && "ask" in current; round++) {
    const { ask } = current;
    const answer = answers.find((each) => each.kind === ask.kind);
    assert.ok(answer, `no answer for ${JSON.stringify(ask)}`);
    const next = current.next(answer);
    if ("refused" in next) throw new Error(next.refused);
    current = next;
  }
  assert.ok("edits" in current);
  return current;
}
