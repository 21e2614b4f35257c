import { entries, get, parseYaml, type YamlScalar } from "../yaml.ts";
import type { LocalPart } from "./local-program.ts";

/**
 * The scripts of a package.json that `npm run NAME` runs in turn; nothing where there is none of that name. JSON is read as the YAML that it is.
 *
 * @param text the file
 * @param script the script's name; "install" also stands for what an installation of the project runs
 */
export function readPackageScript(text: string, script: string): readonly LocalPart[] {
  const scripts = new Map(
    entries(get(parseYaml(text).documents[0], "scripts")).flatMap(({ key, value }) => {
      return value?.kind === "scalar" && value.style === "double" && value.map.exact ? [[key, value] as const] : [];
    }),
  );
  if (script !== "install" && !scripts.has(script)) return [];
  const names = script === "install" ? LIFE_CYCLE : [`pre${script}`, script, `post${script}`];
  return names.flatMap((name) => {
    const scalar = scripts.get(name);
    return scalar === undefined ? [] : [{ text: codeOf(text, scalar), holes: [], tolerated: false }];
  });
}

/** What `npm install` and `npm ci` run for the project itself, in order. Source: npm 11, "scripts", life cycle operation order. */
const LIFE_CYCLE = ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];

/** The code of a script at its offsets in the file: an escape is its one character and blanks. */
export function codeOf(text: string, { map: { segments, value } }: YamlScalar): string {
  const start = segments[0]?.d ?? 0;
  const escapes = new Map(segments.flatMap(({ v, dl, linear }) => (linear ? [] : [[v, dl] as const])));
  const cells = placements(value, escapes);
  const code = segments.map(({ v, vl, dl, linear }) => {
    const char = value.slice(v, v + vl);
    if (linear) return char;
    if (cells[v] === "doubled") return '""';
    return cells[v] === "first" ? char.padEnd(dl) : char.padStart(dl);
  });
  return text.slice(0, start).replace(/[^\n]/g, " ") + code.join("");
}

/**
 * Where the character of an escape stands within the escape's length. Blanks in front of it split no word that begins there, blanks behind it
 * none that ends. A quoted text that is part of a longer word, such as `A=\"b\"`, must not be split at all: where it means the same without
 * quotes they are doubled, which quotes nothing and fills the length, else the blanks stay inside of them. An escape directly behind another
 * one stands first, because `\\\"` is one escape of the shell and `\u0026\u0026` one operator.
 */
type Placement = "first" | "last" | "doubled";

/** @param escapes the lengths of the escapes by their offsets in the value */
function placements(value: string, escapes: ReadonlyMap<number, number>): readonly Placement[] {
  const cells: Placement[] = [];
  let quote: "'" | '"' | undefined;
  let escaped = false;
  let doubled: number | undefined;
  for (let at = 0; at < value.length; at++) {
    const char = value.charAt(at);
    cells[at] = escapes.has(at - 1) && cells[at - 1] === "last" ? "first" : "last";
    if (escaped) escaped = false;
    else if (char === "\\") escaped = quote !== "'";
    else if (char === "'" && quote !== '"') quote = quote === undefined ? "'" : undefined;
    else if (char === '"' && quote === undefined) {
      const end = value.indexOf('"', at + 1);
      const glued = !isBoundary(value[at - 1]) || !isBoundary(value[end + 1]);
      const fits = escapes.get(at) === 2 && escapes.get(end) === 2;
      doubled = fits && glued && PLAIN.test(value.slice(at + 1, end)) ? end : undefined;
      cells[at] = doubled !== undefined ? "doubled" : isBoundary(value[at - 1]) ? "last" : "first";
      quote = '"';
    } else if (char === '"' && quote === '"') {
      cells[at] = doubled === at ? "doubled" : isBoundary(value[at + 1]) ? "first" : "last";
      quote = undefined;
    }
  }
  return cells;
}

/** Text that means the same with quotes and without. */
const PLAIN = /^(?:[\w./:=@%+,-]|\$\w|\$\{\w+\})+$/;

/** What no word of a shell goes on through. */
function isBoundary(char: string | undefined): boolean {
  return char === undefined || /[\s;|&()<>`]/.test(char);
}
