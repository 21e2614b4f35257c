import { check } from "../check.ts";

/** A file with marks under what a rule finds, and the file as it should be, in which the rule finds nothing. */
export type Pair = readonly [name: string, rule: string, bad: string, good: string];

/** A test for each pair, in files of one path. */
export function tellsApart(path: string, pairs: readonly Pair[]): void {
  for (const [name, rule, bad, good] of pairs) {
    it(name, () => {
      check(rule, path, bad);
      check(rule, path, good);
    });
  }
}
