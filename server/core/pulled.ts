import { buildsOf } from "./builds.ts";
import type { Pipeline } from "./model.ts";
import type { Fix, NoFix, Problem, Related } from "./rule.ts";
import type { Edit } from "./text.ts";

/** A file that an analysis speaks about, with the places that led to it, innermost first. The analysed file has none. */
export interface Part {
  readonly pipeline: Pipeline;
  readonly callers: readonly Related[];
}

/** The pipeline of the analysed file, and every file of the repository that it pulls in, also through others. */
export function partsOf(pipeline: Pipeline): readonly Part[] {
  return [{ pipeline, callers: [] }, ...pulledBy(pipeline, [])];
}

function pulledBy(holder: Pipeline, callers: readonly Related[]): readonly Part[] {
  return [...(holder.pulled ?? []), ...buildsOf(holder)].flatMap(({ pipeline, by }) => {
    const all = [{ ...by, path: by.path ?? holder.path }, ...callers];
    return [{ pipeline, callers: all }, ...pulledBy(pipeline, all)];
  });
}

/** A problem of a part as one of the whole analysis: its places and edits name their file, and the places that led there are related to it. */
export function placedIn({ pipeline: { path }, callers }: Part, problem: Problem): Problem {
  if (callers.length === 0) return problem;
  const related = (problem.related ?? []).map((place) => ({ ...place, path: place.path ?? path }));
  return {
    ...problem,
    path: problem.path ?? path,
    related: [...related, ...callers],
    fixes: (problem.fixes ?? []).map((fix) => fixIn(path, fix)),
  };
}

/** Edits of a part's own text as edits of the file that it stands in. */
export function editsIn(path: string, edits: readonly Edit[]): readonly Edit[] {
  return edits.map((edit) => ("create" in edit ? edit : { ...edit, path: edit.path ?? path }));
}

function fixIn(path: string, fix: Fix): Fix {
  if ("edits" in fix) return { ...fix, edits: editsIn(path, fix.edits) };
  const next = (...args: Parameters<typeof fix.next>): Fix | NoFix => {
    const following = fix.next(...args);
    return "refused" in following ? following : fixIn(path, following);
  };
  return { ...fix, next };
}
