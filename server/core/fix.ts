import { analyze, type SourceFile } from "./analyze.ts";
import type { Context } from "./context.ts";
import type { EditFix, Finding } from "./rule.ts";
import type { Settings } from "./settings.ts";
import { applyEdits } from "./text.ts";

/**
 * Why a fix must not be applied after all, as a sentence for the person who asked; `undefined` where it is sound. Sound means: in the
 * edited text the finding is gone, every other finding is still there and none is new.
 */
export function objection(
  file: SourceFile,
  finding: Finding,
  fix: EditFix,
  context: Context,
  settings: Settings,
): string | undefined {
  const before = analyze(file, context, settings).findings;
  const after = analyze({ path: file.path, text: applyEdits(file.text, fix.edits) }, context, settings).findings;
  const count = (findings: readonly Finding[], like: Finding) => findings.filter((each) => kin(each, like)).length;
  if (count(after, finding) >= count(before, finding)) {
    return "The fix would not have healed this finding, so nothing was changed.";
  }
  if (after.some((each) => count(after, each) > count(before, each))) {
    return "The fix would have brought a new finding, so nothing was changed.";
  }
  return undefined;
}

/** Two findings are alike where the same rule says the same at whatever place: an edit moves the others along. */
function kin(a: Finding, b: Finding): boolean {
  return a.rule.id === b.rule.id && a.path === b.path;
}
