import type { Span } from "../text.ts";

/** A string literal of a program. */
export interface Literal {
  /** With its quotes. */
  readonly outer: Span;
  readonly inner: Span;
  readonly quote: string;
}

/**
 * The string literals of a Python or JavaScript program that say what they look like: no prefixed ones (`f"…"`), none with `${…}` in it,
 * and none that is not closed. Comments and regular expressions are passed over. Linear in the length of the text.
 */
export function literalsIn(text: string, language: "python" | "javascript"): readonly Literal[] {
  const found: Literal[] = [];
  const token = language === "python" ? PYTHON : JAVASCRIPT;
  for (const match of text.matchAll(token)) {
    const { index, 0: whole } = match;
    const quote = /^(?:'''|"""|['"`])/.exec(whole)?.[0];
    if (quote === undefined || !whole.endsWith(quote) || whole.length < 2 * quote.length) continue;
    if (quote === "`" && whole.includes("${")) continue;
    const outer = { start: index, end: index + whole.length };
    if (isPartOfMore(text, outer, language)) continue;
    found.push({ outer, inner: { start: outer.start + quote.length, end: outer.end - quote.length }, quote });
  }
  return found;
}

/** Literals side by side are one in Python; a tag in front of a template gets its text; a key has to be a literal. */
function isPartOfMore(text: string, { start, end }: Span, language: "python" | "javascript"): boolean {
  const before = /\S?\s{0,99}$/.exec(text.slice(Math.max(0, start - 100), start))?.[0].trim() ?? "";
  const after = /^\s{0,99}(\S)/.exec(text.slice(end, end + 100))?.[1] ?? "";
  if (language === "python") return /['"]/.test(before + after);
  return (text[start] === "`" && /[\w$)\]]/.test(text[start - 1] ?? "")) || (after === ":" && /[{,]/.test(before));
}

/** Comments, words with the string that they are the prefix of, strings. */
const PYTHON =
  /#[^\n]*|\b[A-Za-z]{1,2}(?:'''[\s\S]*?'''|"""[\s\S]*?"""|'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*")|'''(?:\\[\s\S]|[^\\])*?'''|"""(?:\\[\s\S]|[^\\])*?"""|'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/g;

/** Comments, regular expressions where a value can stand, strings. */
const JAVASCRIPT =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|\/(?<=(?:^|[(,=:[!&|?{};\n]|\breturn)\s{0,99}\/)(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])*\/\w*|'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;
