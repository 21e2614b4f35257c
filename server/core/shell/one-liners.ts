import type { Value } from "./state.ts";
import { programName } from "./wrappers.ts";

/** What a program in the text of an argument does with the network. */
export interface OneLiner {
  /** Addresses that stand in the code as text and are fetched by it. */
  readonly urls: readonly string[];
  /** True where what is fetched runs as code. */
  readonly executes: boolean;
  /** True where what is fetched goes to standard output. */
  readonly prints: boolean;
  /** The file that it is stored in. */
  readonly file: string | undefined;
}

/**
 * Reads the code of `python -c`, `node -e`, `ruby -e`, `perl -e`, `php -r` and the like; `undefined` where it fetches nothing. The code is
 * cut into strings, names and brackets, so that words in strings and comments count for nothing.
 */
export function readOneLiner(words: readonly Value[]): OneLiner | undefined {
  const language = LANGUAGES.find(({ names }) => names.test(programName(words[0])));
  const at =
    language === undefined ? -1 : words.findIndex(({ text }, index) => index > 0 && language.option.test(text));
  const code = at < 0 ? undefined : words[at + 1];
  if (language === undefined || code === undefined || code.text.length > MAX_LENGTH) return undefined;
  const call = parse(tokens(code.text, language.comment));
  const urls = fetched(call);
  if (urls.length === 0) return undefined;
  const tainted = assigned(call);
  const carries = (each: Item): boolean => (each.kind === "name" ? tainted.has(each.text) : holds(each, tainted));
  const calls = every(call);
  const reaches = (names: RegExp): boolean =>
    calls.some((each) => {
      const called =
        names.test(each.callee) && (each.items.some(carries) || (each.chained && fetched(call).length > 0));
      return (
        called ||
        each.items.some(
          (item, index) => item.kind === "name" && names.test(item.text) && restOf(each.items, index).some(carries),
        )
      );
    });
  const handed = calls.some(
    ({ callee, items }) => callee === "then" && items.some((item) => item.kind === "name" && RUNS.test(item.text)),
  );
  return { urls, executes: reaches(RUNS) || handed, prints: reaches(PRINTS), file: storedFile(calls, carries) };
}

const MAX_LENGTH = 20_000;

/** Callees by the last part of their dotted name. */
const FETCHES =
  /^(?:urlopen|urlretrieve|get|get_response|getstore|getprint|request|fetch|file_get_contents|copy|open|openStream|URL|Request)$/;
const RUNS =
  /^(?:exec|eval|compile|execfile|instance_eval|class_eval|system|popen|Popen|run|call|check_call|check_output|execSync|spawn|spawnSync|Function|runInThisContext|runInNewContext|assert|shell_exec|passthru)$/;
const PRINTS = /^(?:print|puts|write|echo|log|printf|getprint)$/;
const STORES = /^(?:urlretrieve|getstore|copy|write|writeFileSync|writeFile|file_put_contents|binwrite|open)$/;

const LANGUAGES: readonly { readonly names: RegExp; readonly option: RegExp; readonly comment: RegExp }[] = [
  { names: /^(?:python|pypy)[\d.]*$/, option: /^-[bBdEhiIOqsSuvx]*c$/, comment: /#[^\n]*/y },
  {
    names: /^(?:node|nodejs|bun|deno)$/,
    option: /^(?:-e|--eval|-p|--print|eval)$/,
    comment: /\/\/[^\n]*|\/\*[\s\S]*?\*\//y,
  },
  { names: /^(?:ruby|jruby)[\d.]*$/, option: /^-[a-zA-Z0]*e$/, comment: /#[^\n]*/y },
  { names: /^perl[\d.]*$/, option: /^-[a-zA-Z0]*[eE]$/, comment: /#[^\n]*/y },
  { names: /^php[\d.]*$/, option: /^(?:-r|--run)$/, comment: /(?:#|\/\/)[^\n]*/y },
];

type Token = { readonly kind: "string" | "name" | "mark"; readonly text: string };

function tokens(code: string, comment: RegExp): readonly Token[] {
  const result: Token[] = [];
  const take = (pattern: RegExp, at: number): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(code)?.[0];
  };
  for (let at = 0; at < code.length; ) {
    const space = take(/\s+/y, at) ?? take(comment, at);
    const string =
      space === undefined
        ? take(/"(?:[^"\\]|\\[\s\S])*"?|'(?:[^'\\]|\\[\s\S])*'?|`(?:[^`\\]|\\[\s\S])*`?/y, at)
        : undefined;
    const name = take(/[$@]?[A-Za-z_]\w*/y, at);
    const piece = space ?? string ?? name ?? code[at] ?? "";
    if (string !== undefined) result.push({ kind: "string", text: string.slice(1).replace(/["'`]$/, "") });
    else if (space === undefined) result.push({ kind: name === undefined ? "mark" : "name", text: piece });
    at += piece.length;
  }
  return result;
}

/** A bracket with the name in front of it, and what stands in it. */
interface Call {
  readonly kind: "call";
  readonly callee: string;
  /** True where it is called on the result of another call. */
  readonly chained: boolean;
  readonly items: readonly Item[];
}

type Item = Token | Call;

const MAX_NESTING = 100;

function parse(all: readonly Token[]): Call {
  const root: Item[] = [];
  const open: Item[][] = [root];
  const calls: { callee: string; chained: boolean }[] = [];
  const close = (): void => {
    const items = open.pop();
    const call = calls.pop();
    if (items !== undefined && call !== undefined) open.at(-1)?.push({ kind: "call", ...call, items });
  };
  for (const token of all) {
    const here = open.at(-1) ?? root;
    if (token.kind === "mark" && /[([{]/.test(token.text) && open.length < MAX_NESTING) {
      const callee = token.text === "(" ? here.at(-1) : undefined;
      const chained = here.at(-2)?.kind === "mark" && here.at(-3)?.kind === "call";
      calls.push({ callee: callee?.kind === "name" ? callee.text : "", chained });
      open.push([]);
    } else if (token.kind === "mark" && /[)\]}]/.test(token.text) && open.length > 1) close();
    else here.push(token);
  }
  while (open.length > 1) close();
  return { kind: "call", callee: "", chained: false, items: root };
}

/** The arguments of a call without brackets, as Ruby and Perl allow it. */
function restOf(items: readonly Item[], index: number): readonly Item[] {
  const end = items.findIndex((each, at) => at > index && each.kind === "mark" && each.text === ";");
  return items.slice(index + 1, end < 0 ? undefined : end);
}

/** The call and all calls in it, the inner ones behind the outer ones. */
function every(call: Call): readonly Call[] {
  return [call, ...call.items.flatMap((item) => (item.kind === "call" ? every(item) : []))];
}

/** Addresses that calls of fetching functions are given. */
function fetched(call: Call): readonly string[] {
  return every(call)
    .filter(({ callee }) => FETCHES.test(callee))
    .flatMap((each) =>
      each.items.flatMap((item) => (item.kind === "string" ? [item.text] : item.kind === "call" ? texts(item) : [])),
    )
    .filter((text) => /^https?:\/\//i.test(text));
}

function texts(call: Call): readonly string[] {
  return call.items.flatMap((item) => (item.kind === "string" ? [item.text] : item.kind === "call" ? texts(item) : []));
}

/** True where a call fetches, or uses a variable that holds what was fetched. */
function holds(item: Item, tainted: ReadonlySet<string>): boolean {
  if (item.kind === "name") return tainted.has(item.text);
  if (item.kind !== "call") return false;
  return fetched(item).length > 0 || item.items.some((each) => holds(each, tainted));
}

/** Variables that are set to something fetched: `name = … fetch(…) …` up to the end of the statement. */
function assigned(call: Call): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { items } of every(call)) {
    for (const [index, item] of items.entries()) {
      const name = items[index - 1];
      if (item.kind !== "mark" || item.text !== "=" || name?.kind !== "name") continue;
      const end = items.findIndex((each, at) => at > index && each.kind === "mark" && each.text === ";");
      if (items.slice(index, end < 0 ? undefined : end).some((each) => holds(each, names))) names.add(name.text);
    }
  }
  return names;
}

/** The file of `urlretrieve(url, "f")`, `copy(url, "f")`, `writeFileSync("f", fetched)`. */
function storedFile(calls: readonly Call[], carries: (item: Item) => boolean): string | undefined {
  for (const { callee, items } of calls) {
    if (!STORES.test(callee)) continue;
    const strings = items.flatMap((item) => (item.kind === "string" ? [item.text] : []));
    const [url, second] = strings;
    if (url !== undefined && second !== undefined && /^https?:/i.test(url) && !/^https?:|^[rw]b?\+?$/.test(second))
      return second;
    if (/write|file_put_contents/i.test(callee) && url !== undefined && items.some(carries)) return url;
  }
  return undefined;
}
