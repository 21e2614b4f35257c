import type { Injection, Script } from "../model.ts";
import { isWordList } from "./reading-command.ts";

// Text of strangers in the systems that replace variables in a script before a shell reads it.

/** What a person calls such a text, and the variable of the environment that has it too. */
export type Meaning = Omit<Injection, "span" | "privileged">;

/** What an expression, as it is written, stands for; `undefined` where no stranger chooses it. */
export type Meanings = (expression: string) => Meaning | undefined;

/** Texts by the names of the variables that have them. */
export type StrangersTexts = Readonly<Record<string, string>>;

/** `${NAME…}` */
export const BRACED = /\$\{\w+[^}\n]*\}/g;

/** `$NAME` and `${NAME…}` */
export const BRACED_OR_BARE = /\$(?:\{\w+[^}\n]*\}|\w+)/g;

/**
 * The meaning of `$NAME` and `${NAME}` among these texts. With an operator, `${NAME##x}`, no variable has what comes out.
 *
 * @param exported true where the step has the variables in its environment as well
 */
export function meaningsOf(texts: StrangersTexts, exported: boolean): Meanings {
  return (expression) => {
    const [, braced, operator = "", bare] = /^\$(?:\{(\w+)([^}]*)\}|(\w+))$/.exec(expression) ?? [];
    const name = braced ?? bare ?? "";
    const what = Object.hasOwn(texts, name) ? texts[name] : undefined;
    if (what === undefined) return undefined;
    return { what, ...(exported && operator === "" && { variable: name }) };
  };
}

/**
 * The places in scripts where such a text is put in: masked expressions, and what `pattern` finds where the file has the same characters,
 * which it has not where they are escaped. A list of words is not read by any shell.
 */
function pastedTexts(
  document: string,
  scripts: readonly Script[],
  meanings: Meanings,
  pattern?: RegExp,
): readonly Injection[] {
  return scripts
    .filter((script) => !isWordList(script))
    .flatMap((script) => {
      const matches = pattern === undefined ? [] : [...script.text.matchAll(pattern)];
      const written = matches.map(({ index, 0: text }) => ({ text, span: { start: index, end: index + text.length } }));
      return [...script.holes, ...written].flatMap(({ text, span }) => {
        const meaning = meanings(text);
        if (meaning === undefined) return [];
        const place = script.toDocument(span);
        return document.slice(place.start, place.end) === text ? [{ ...meaning, span: place }] : [];
      });
    });
}

/** The same as a part of a step, absent where there is none. */
export function withPasted(...found: Parameters<typeof pastedTexts>): { readonly injections?: readonly Injection[] } {
  const injections = pastedTexts(...found);
  return injections.length === 0 ? {} : { injections };
}
