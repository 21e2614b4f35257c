import { maskGitHub } from "../masking.ts";
import type { Narrowing, SecretUse } from "../model.ts";
import { shortened } from "../wording.ts";
import { get, items, text, type YamlNode, type YamlScalar } from "../yaml.ts";
import type { Dialect } from "./reading.ts";

// What the expressions of GitHub Actions and its kin say about secrets: `${{ secrets.NAME }}` and all that can stand around it.

/** What to call a use of the whole context. It is a secret that the file names: who reads this place, reads each of them. */
export const EVERY_SECRET = "every secret that this workflow can have";

/** What tells the products apart. */
export interface SecretNames {
  /** Names of the context that has the job's token as `.token`. */
  readonly contexts: readonly string[];
  /** Names of the job's token among the secrets; the first one stands for the context's. */
  readonly tokens: readonly string[];
}

/**
 * The secrets that the expressions of a scalar name: `secrets.NAME`, `secrets['NAME']`, the token that every job gets, the whole context
 * as in `toJSON(secrets)`, and names that are computed. Those that the file itself decides, such as `secrets[matrix.name]` with a matrix
 * that is written out, count as what they are.
 *
 * @param values what an expression can be, where the file tells
 */
export function secretReader({ contexts, tokens }: SecretNames, values: Values): Dialect["secretsIn"] {
  const token = new RegExp(`(?<![\\w.-])(?:${contexts.join("|")})\\s*\\.\\s*token\\b`, "gi");
  const kindOf = (name: string): SecretUse["kind"] => (tokens.includes(name.toUpperCase()) ? "token" : "named");
  return (written) => {
    if (!written.text.includes("${{")) return [];
    return maskGitHub(written.text).holes.flatMap(({ span, text: code }) => {
      const plain = withoutStrings(code);
      const at = (start: number, end: number) =>
        written.map.toDocument({ start: span.start + start, end: span.start + end });
      const own = [...plain.matchAll(token)].map(({ index, 0: found }): SecretUse => {
        return { name: tokens[0] ?? "", kind: "token", span: at(index, index + found.length) };
      });
      const others = usesIn(code, plain, values).flatMap(({ start, end, names, whole }): SecretUse[] => {
        const place = at(start, end);
        if (names !== undefined) return names.map((name) => ({ name, kind: kindOf(name), span: place }));
        if (!whole)
          return [{ name: shortened(code.slice(start, end)), kind: "named", span: place, extent: "computed" }];
        const narrowed = narrowing(written, code.slice(start, end));
        return [{ name: EVERY_SECRET, kind: "named", span: place, extent: "whole", ...(narrowed && { narrowed }) }];
      });
      return [...others, ...own].sort((a, b) => a.span.start - b.span.start);
    });
  };
}

/** A place of an expression that names secrets: their names, all of them, or neither where only the run knows. */
interface Use {
  readonly start: number;
  readonly end: number;
  readonly names?: readonly string[];
  readonly whole?: boolean;
}

/** Source: docs.github.com, "Evaluate expressions in workflows": contexts are read by `.`, by `[ ]`, and all at once by `.*`. */
function usesIn(code: string, plain: string, values: Values): readonly Use[] {
  return [...plain.matchAll(/(?<![\w.-])secrets(?![\w-])/gi)].map(({ index: start }): Use => {
    const behind = start + "secrets".length;
    const property = /\s*\.\s*([A-Za-z_][\w-]*|\*)/y;
    property.lastIndex = behind;
    const found = property.exec(plain);
    if (found?.[1] === "*") return { start, end: property.lastIndex, whole: true };
    if (found?.[1] !== undefined) return { start, end: property.lastIndex, names: [found[1]] };
    const bracket = /\s*\[/y;
    bracket.lastIndex = behind;
    if (!bracket.test(plain)) return wholeContext(plain, start, behind);
    const close = closing(plain, bracket.lastIndex);
    const inner = code.slice(bracket.lastIndex, close).trim();
    if (inner === "*") return { start, end: close + 1, whole: true };
    const names = values(inner);
    return { start, end: Math.min(code.length, close + 1), ...(names !== undefined && { names }) };
  });
}

/** The context by itself; the call of `toJSON` that it stands in belongs to it. */
function wholeContext(plain: string, start: number, end: number): Use {
  const call = /\btoJSON\s{0,9}\(\s{0,9}$/i.exec(plain.slice(Math.max(0, start - 30), start));
  const bracket = /\s*\)/y;
  bracket.lastIndex = end;
  if (call === null || !bracket.test(plain)) return { start, end, whole: true };
  return { start: start - call[0].length, end: bracket.lastIndex, whole: true };
}

/** Nobody writes a longer name, and whoever repeats the beginning of one must not make the reading slow. */
const MAX_INDEX = 400;

/** Where the bracket that was opened in front of `from` closes; where it does not, the end of what is looked at. */
function closing(plain: string, from: number): number {
  let depth = 1;
  const end = Math.min(plain.length, from + MAX_INDEX);
  for (let at = from; at < end; at++) {
    if (plain[at] === "[") depth++;
    if (plain[at] === "]" && --depth === 0) return at;
  }
  return end;
}

/** What stands in strings is no code: it becomes spaces of equal length. */
function withoutStrings(code: string): string {
  return code.replace(/'(?:[^']|'')*'/g, (string) => `'${" ".repeat(string.length - 2)}'`);
}

/** A value that is nothing but `toJSON(secrets)` can hold the object of a few secrets instead: who reads it, sees no difference. */
function narrowing(written: YamlScalar, use: string): Narrowing | undefined {
  const [, expression] = /^\$\{\{\s*(.*?)\s*\}\}$/s.exec(written.text.trim()) ?? [];
  if (expression !== use || !/^toJSON/i.test(use) || written.anchored || written.alias !== undefined) return undefined;
  return (names) => {
    const members = names.map((name) => `"${name}": \${{ toJSON(secrets.${name}) }}`);
    const object = `{${members.join(", ")}}`;
    if (written.style === "plain") return [{ span: written.span, text: `'${object}'` }];
    const edit = written.map.edit({ start: 0, end: written.text.length }, object);
    return edit && [edit];
  };
}

/** The texts that an expression can be; `undefined` where the file does not tell. */
export type Values = (expression: string) => readonly string[] | undefined;

/** More of them than anybody writes by hand are not followed. */
const MAX_VALUES = 64;

/**
 * What expressions can be in a job: literals, values of a matrix that is written out, options of an input that are, one of several by
 * `a && b || c`, and `format` of them.
 *
 * @param root the workflow
 */
export function valuesIn(root: YamlNode | undefined, job: YamlNode | undefined): Values {
  const evaluate = (expression: string, depth: number): readonly string[] | undefined => {
    const code = expression.trim();
    const literal = /^'((?:[^']|'')*)'$/.exec(code)?.[1];
    if (literal !== undefined) return [literal.replaceAll("''", "'")];
    if (depth > 8) return undefined;
    const alternatives = split(code, "||");
    if (alternatives.length > 1) {
      return merged(alternatives.map((each) => evaluate(split(each, "&&").at(-1) ?? "", depth + 1)));
    }
    const path = /^(matrix|inputs|github\.event\.inputs)\.([\w-]+(?:\.[\w-]+)*)$/.exec(code);
    if (path !== null) {
      const keys = (path[2] ?? "").split(".");
      return path[1] === "matrix" ? matrixValues(job, keys) : optionsOf(root, keys);
    }
    const format = /^format\s*\((.*)\)$/is.exec(code)?.[1];
    if (format === undefined) return undefined;
    const [pattern, ...others] = split(format, ",").map((each) => evaluate(each, depth + 1));
    const [template] = pattern ?? [];
    return template === undefined || pattern?.length !== 1 ? undefined : filled(template, others);
  };
  return (expression) => evaluate(expression, 0);
}

/** Every way of filling `{0}` and the like. */
function filled(template: string, values: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  let texts: readonly string[] = [template];
  for (const [index, own] of values.entries()) {
    if (own === undefined || own.length * texts.length > MAX_VALUES) return undefined;
    texts = texts.flatMap((each) => own.map((value) => each.replaceAll(`{${index}}`, () => value)));
  }
  return texts;
}

/** The parts of an expression between operators or commas that stand in no string and in no bracket. */
function split(code: string, separator: string): readonly string[] {
  const plain = withoutStrings(code);
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < plain.length; at++) {
    if ("([".includes(plain.charAt(at))) depth++;
    if (")]".includes(plain.charAt(at))) depth--;
    if (depth > 0 || !plain.startsWith(separator, at)) continue;
    parts.push(code.slice(from, at));
    from = at + separator.length;
    at = from - 1;
  }
  return [...parts, code.slice(from)];
}

function merged(lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const all = lists.flatMap((list) => list ?? []);
  return lists.includes(undefined) || all.length > MAX_VALUES ? undefined : [...new Set(all)];
}

/** The values of `matrix.a.b` over all combinations. */
function matrixValues(
  job: YamlNode | undefined,
  [key = "", ...path]: readonly string[],
): readonly string[] | undefined {
  const matrix = get(job, "strategy", "matrix");
  const own = get(matrix, key);
  if (matrix?.kind !== "map" || (own !== undefined && own.kind !== "sequence")) return undefined;
  const include = get(matrix, "include");
  if (include !== undefined && include.kind !== "sequence") return undefined;
  const values = [...items(own), ...items(include).flatMap((each) => get(each, key) ?? [])];
  return known(values.map((value) => get(value, ...path)));
}

/** Source: docs.github.com, `on.workflow_dispatch.inputs.<input_id>.type`: of a choice nobody can take anything but its options. */
function optionsOf(root: YamlNode | undefined, [key = "", ...path]: readonly string[]): readonly string[] | undefined {
  const triggers = get(root, "on");
  const called = get(triggers, "workflow_call", "inputs", key);
  const input = get(triggers, "workflow_dispatch", "inputs", key);
  if (called !== undefined || path.length > 0 || text(get(input, "type")) !== "choice") return undefined;
  return known(items(get(input, "options")));
}

function known(values: readonly (YamlNode | undefined)[]): readonly string[] | undefined {
  const texts = values.flatMap((value) => {
    const written = text(value);
    return written === undefined || written.includes("${{") ? [] : [written];
  });
  return texts.length === 0 || texts.length < values.length || texts.length > MAX_VALUES
    ? undefined
    : [...new Set(texts)];
}
