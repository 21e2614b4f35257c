import assert from "node:assert/strict";
import { type Analysis, analyze } from "../../server/core/analyze.ts";
import type { Context } from "../../server/core/context.ts";
import { objection, withEdits } from "../../server/core/fix.ts";
import type { Answer } from "../../server/core/question.ts";
import type { Finding } from "../../server/core/rule.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import { patternTest } from "../../server/workspace/globs.ts";
import { answered } from "../check.ts";

/** Texts by their paths from the root. */
export type Repository = Readonly<Record<string, string>>;

/** A command that is one finding of `unpinned-remote-script`. */
export const COMMAND = "curl -s https://x.example/i.sh | bash";

/** What an analysis may read of a repository. */
export function contextOf(files: Repository): Context {
  return {
    read: (path) => (Object.hasOwn(files, path) ? files[path] : undefined),
    list: (glob) =>
      Object.keys(files)
        .filter(patternTest([`/${glob}`]))
        .sort(),
  };
}

export function analysisOf(files: Repository, path: string): Analysis {
  return analyze({ path, text: files[path] ?? "" }, contextOf(files), DEFAULT_SETTINGS);
}

/**
 * What the analysis of one file of a repository finds by some rules, a line each: severity, file, the text of the place, the secrets in
 * reach with the file that grants them where that is another one than the analysed, and the places that led there with their lines.
 */
export function said(files: Repository, path: string, ...rules: readonly string[]): readonly string[] {
  const chosen = rules.length === 0 ? ["unpinned-remote-script"] : rules;
  return analysisOf(files, path)
    .findings.filter(({ rule }) => chosen.includes(rule.id))
    .map((finding) => describeFinding(files, path, finding));
}

function describeFinding(
  files: Repository,
  own: string,
  { severity, path, span, reach = [], related }: Finding,
): string {
  const secrets = reach.map((secret) => `${secret.name}${secret.path === undefined ? "" : ` of ${secret.path}`}`);
  const callers = related.map((place) => {
    const file = place.path ?? own;
    const line = (files[file] ?? "").slice(0, place.span.start).split("\n").length;
    return `${place.message} @ ${file}:${line}`;
  });
  const place = (files[path] ?? "").slice(span.start, span.end);
  return [`${severity} ${path}: ${place}`, secrets.join(", ") || "-", ...callers].join(" ; ");
}

/** The repository after the first fix of the only finding of a rule, which must be sound. */
export function fixedRepository(files: Repository, path: string, rule: string, answers: readonly Answer[]): Repository {
  const file = { path, text: files[path] ?? "" };
  const context = contextOf(files);
  const found = analysisOf(files, path).findings.filter((finding) => finding.rule.id === rule);
  assert.equal(found.length, 1);
  const [finding] = found;
  const [fix] = finding?.fixes ?? [];
  assert.ok(finding && fix);
  const edits = answered(fix, answers);
  assert.equal(objection(file, finding, edits, context, DEFAULT_SETTINGS), undefined);
  const after = withEdits(file, edits.edits, context);
  return Object.fromEntries(Object.keys(files).map((each) => [each, after.context.read(each) ?? ""]));
}
