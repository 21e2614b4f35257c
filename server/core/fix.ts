import { analyze, pipelineOf, type SourceFile } from "./analyze.ts";
import type { Context } from "./context.ts";
import { partsOf } from "./pulled.ts";
import type { EditFix, Finding } from "./rule.ts";
import type { Settings } from "./settings.ts";
import { suppressionFix } from "./suppression.ts";
import { applyEdits, type Edit } from "./text.ts";

/**
 * Why a fix must not be applied after all, as a sentence for the person who asked; `undefined` where it is sound. Sound means: with all
 * its edits made, in whatever file they lie, the finding is gone, unless the fix only eases it, and none is new.
 */
export function objection(
  file: SourceFile,
  finding: Finding,
  fix: EditFix,
  context: Context,
  settings: Settings,
): string | undefined {
  const { before, after } = aroundEdits(file, fix.edits, context, settings);
  return objectionAmong(finding, fix, before, after);
}

/** The same for who has analysed the texts before and after the edits already. */
export function objectionAmong(
  finding: Finding,
  { eases }: EditFix,
  before: readonly Finding[],
  after: readonly Finding[],
): string | undefined {
  if (!eases && count(after, finding) >= count(before, finding)) {
    return "The fix would not have healed this finding, so nothing was changed.";
  }
  return objectionToNew(before, after);
}

/** The same for edits that heal no finding, such as those that renew a pin: they must bring none. */
export function objectionTo(
  file: SourceFile,
  edits: readonly Edit[],
  context: Context,
  settings: Settings,
): string | undefined {
  const { before, after } = aroundEdits(file, edits, context, settings);
  return objectionToNew(before, after);
}

/** Edits that silence a finding by a comment: at its place, then for its whole file. None where the file has no comments. */
export function silencingFixes(
  file: SourceFile,
  finding: Finding,
  context: Context,
  settings: Settings,
): readonly EditFix[] {
  const pipeline = finding.rule.review === undefined ? pipelineOf(file, context, settings) : undefined;
  if (pipeline === undefined) return [];
  const pipelines = partsOf(pipeline).map((part) => part.pipeline);
  const needsReason = settings.requireReason === true;
  const fixes = (["place", "file"] as const).map((where) => suppressionFix(pipelines, finding, where, needsReason));
  return fixes.filter((fix) => fix !== undefined);
}

/** The file and what is around it as they are once the edits are made. */
export function withEdits(
  file: SourceFile,
  edits: readonly Edit[],
  context: Context,
): { readonly file: SourceFile; readonly context: Context } {
  const edited = { path: file.path, text: editedText(file.text, edits, file.path, file.path) };
  return { file: edited, context: editedContext(edited, edits, context) };
}

function aroundEdits(file: SourceFile, edits: readonly Edit[], context: Context, settings: Settings) {
  const edited = withEdits(file, edits, context);
  return {
    before: analyze(file, context, settings).findings,
    after: analyze(edited.file, edited.context, settings).findings,
  };
}

function objectionToNew(before: readonly Finding[], after: readonly Finding[]): string | undefined {
  // A comment that has nothing to silence any more is no harm that the fix did.
  return after.some((each) => each.rule.review === undefined && count(after, each) > count(before, each))
    ? "The fix would have brought a new finding, so nothing was changed."
    : undefined;
}

/** Two findings are alike where the same rule says the same at whatever place: an edit moves the others along. */
function count(findings: readonly Finding[], like: Finding): number {
  return findings.filter(({ rule, path }) => rule.id === like.rule.id && path === like.path).length;
}

function editedContext(file: SourceFile, edits: readonly Edit[], context: Context): Context {
  const made = new Map(edits.flatMap((edit) => ("create" in edit ? [[edit.path, edit.create] as const] : [])));
  return {
    ...context,
    read: (path) => {
      if (path === file.path) return file.text;
      const text = made.get(path) ?? context.read(path);
      return text === undefined ? undefined : editedText(text, edits, path, file.path);
    },
  };
}

/** @param own the path of the file that edits without a path are for */
function editedText(text: string, edits: readonly Edit[], path: string, own: string): string {
  const here = edits.flatMap((edit) =>
    "span" in edit && (edit.path ?? own) === path ? [{ span: edit.span, text: edit.text }] : [],
  );
  return applyEdits(text, here);
}
