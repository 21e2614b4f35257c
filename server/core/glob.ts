/**
 * True where a pattern means a path, as in a .gitignore file: without a slash before its end it holds at any depth, one that means a folder
 * holds for everything in it; `*` and `?` stay within one part of the path, `**` is any number of parts. There are no sets and no `!`.
 * Time grows with the product of both lengths at most, whatever the pattern is.
 *
 * @param path from the repository's root, with forward slashes
 */
export function matchesGlob(pattern: string, path: string): boolean {
  const anchored = /\/./.test(pattern);
  const wanted = pattern
    .replace(/^\.?\//, "")
    .replace(/\/$/, "")
    .split("/");
  return matchesParts(anchored ? wanted : ["**", ...wanted], path.split("/"));
}

/** Keeps, for each number of parts of the pattern, whether they can have taken in the parts of the path so far. */
function matchesParts(pattern: readonly string[], path: readonly string[]): boolean {
  let reached = closure(
    pattern,
    pattern.map((_, index) => index === 0),
  );
  for (const part of path) {
    const next = pattern.map(() => false);
    for (const [index, wanted] of pattern.entries()) {
      if (reached[index] !== true) continue;
      // At its end it means everything below.
      if (wanted === "**" && index === pattern.length - 1) return true;
      if (wanted === "**") next[index] = true;
      else if (matchesPart(wanted, part)) {
        // The pattern is at its end, so it means this file or the folder around it.
        if (index === pattern.length - 1) return true;
        next[index + 1] = true;
      }
    }
    reached = closure(pattern, next);
  }
  return false;
}

/** `**` may stand for nothing. */
function closure(pattern: readonly string[], reached: readonly boolean[]): readonly boolean[] {
  const all = [...reached];
  for (const [index, wanted] of pattern.entries()) {
    if (all[index] === true && wanted === "**" && index + 1 < pattern.length) all[index + 1] = true;
  }
  return all;
}

/** The last `*` alone has to be tried again: what an earlier one took in can only have left more. */
function matchesPart(pattern: string, part: string): boolean {
  let [at, from] = [0, 0];
  let star: { readonly at: number; from: number } | undefined;
  while (from < part.length) {
    if (pattern[at] === "*") star = { at: at++, from };
    else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === part[from])) {
      at++;
      from++;
    } else if (star !== undefined) {
      at = star.at + 1;
      from = ++star.from;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}
