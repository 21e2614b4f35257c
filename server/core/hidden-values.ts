import { type Credential, credentialsOf, withoutValues } from "./credentials.ts";
import { type Pipeline, scopesOf } from "./model.ts";
import type { Fix, NoFix, Problem } from "./rule.ts";

// What a file says in plain text and should not: no message, label or title repeats it.

/** Gives a text without the values of the credentials that stand in some pipelines' files. */
export type Hide = (text: string) => string;

/** The function that hides the credentials of these files, and whatever an address holds in the place of one. */
export function hiderOf(pipelines: readonly Pipeline[]): Hide {
  const all = pipelines.flatMap((pipeline): readonly (readonly [string, readonly Credential[]])[] => {
    const credentials = credentialsOf(pipeline);
    return credentials.length === 0 ? [] : [[pipeline.text, credentials]];
  });
  return (written) =>
    withoutAddressValues(all.reduce((rest, [text, credentials]) => withoutValues(rest, text, credentials), written));
}

/**
 * An address with neither its password nor the value of a parameter that is named as a secret: a guess is enough to say nothing of
 * them. Names of variables stay.
 */
function withoutAddressValues(written: string): string {
  return written.replace(PASSWORD, "$1…@").replace(PARAMETER, "$1…");
}

const PASSWORD = /(:\/\/[^\s:@/?#]{0,100}:)(?!\$)[^\s@/?#$<>{}"'`]{1,300}@/g;

const PARAMETER =
  /([?&](?:[\w.-]{0,40}(?:token|secret|passwd|password|signature|credential|api_?key|access_?key)|sig|pw|pwd|key|auth)=)[^\s&#$<>{}"'`,;)]{1,2000}/gi;

/** Takes credentials out of the labels of a pipeline that was just read: a step without a name is called by its first line. */
export function hideInLabels(pipeline: Pipeline): void {
  const hide = hiderOf([pipeline]);
  // The identity of scopes says which of them are the same, so they stay the objects that they are.
  for (const each of [...scopesOf(pipeline), ...pipeline.jobs.flatMap(({ steps }) => steps)])
    Object.assign(each, { label: hide(each.label) });
  for (const job of pipeline.jobs) Object.assign(job, { id: hide(job.id) });
}

/** The problem with nothing of a credential in what it says. Its edits keep the text of the file. */
export function withHiddenValues(problem: Problem, hide: Hide): Problem {
  return {
    ...problem,
    message: hide(problem.message),
    ...(problem.related && {
      related: problem.related.map((place) => ({ ...place, message: hide(place.message) })),
    }),
    ...(problem.fixes && { fixes: problem.fixes.map((fix) => withHiddenTitle(fix, hide)) }),
  };
}

function withHiddenTitle(fix: Fix, hide: Hide): Fix {
  const title = hide(fix.title);
  if ("edits" in fix) return { ...fix, title };
  const next = (...args: Parameters<typeof fix.next>): Fix | NoFix => {
    const following = fix.next(...args);
    return "refused" in following ? { refused: hide(following.refused) } : withHiddenTitle(following, hide);
  };
  return { ...fix, title, next };
}
