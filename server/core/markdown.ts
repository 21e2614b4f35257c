import { printable } from "./printable.ts";

/**
 * Text from anywhere as prose in Markdown, in which no markup, link or command of it takes effect. Many readers make links of bare
 * addresses, which no escape keeps them from: a word with one stands as code.
 */
export function prose(text: string): string {
  return text
    .split(/(\s+)/)
    .map((word, index) => {
      if (/:\/\/|www\.|[\w.+-]@\w/i.test(word)) return codeSpan(word);
      const escaped = printable(word).replace(/[\\`*_{}[\]<>|~#&!$]/g, "\\$&");
      return index === 0
        ? escaped.replace(/^([-+]|\d+[.)])$/, (mark) => `${mark.slice(0, -1)}\\${mark.slice(-1)}`)
        : escaped;
    })
    .join("");
}

/** Text from anywhere as code in Markdown, on one line. The fence is longer than every run of back quotes inside. */
export function codeSpan(text: string): string {
  const inside = printable(text);
  const longest = Math.max(0, ...[...inside.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = /^`|`$|^ .* $/.test(inside) || inside === "" ? " " : "";
  return `${fence}${space}${inside}${space}${fence}`;
}
