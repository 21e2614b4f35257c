import { withoutAccepted } from "../baseline/baseline.ts";
import { type Analysis, analyze, USUAL_BASELINE } from "../core/index.ts";
import type { Source } from "./source.ts";

/** The analysis of a source, without what its repository's baseline accepts. It is stale when the baseline changes. */
export function analyzeSource(source: Source): Analysis {
  const analysis = analyze(source.file, source.context, source.settings);
  const path = baselinePath(source);
  if (path === undefined || analysis.system === undefined) return analysis;
  const accepted = withoutAccepted(analysis, source.context.read(path), textAt(source));
  return { ...accepted, asked: [...analysis.asked, path] };
}

/** From the repository's root; `undefined` where there is to be none. The settings of an opened repository must not lead out of it. */
export function baselinePath({ settings: { baseline = USUAL_BASELINE } }: Source): string | undefined {
  return baseline === "" || /^[/\\]|^[a-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)/i.test(baseline) ? undefined : baseline;
}

/** Text of a file of a source's repository by its path from the root. */
export function textAt(source: Source): (path: string) => string | undefined {
  return (path) => (path === source.file.path ? source.file.text : source.context.read(path));
}
