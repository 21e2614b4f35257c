import type { Hole } from "../masking.ts";
import { cover } from "../text.ts";
import { parseBashWord } from "./bash.ts";
import { parseCmdWord } from "./cmd.ts";
import type { Block, Part, Word } from "./command.ts";
import { parsePowerShellWord } from "./powershell.ts";
import type { NestedLanguage } from "./windows-commands.ts";

/**
 * Reads the program that arguments of a command hold: one word, or several with blanks between them (`powershell -Command irm U`). Spans index
 * the same text as those of the words. `undefined` where there is no text to read, or where nobody here reads the language.
 *
 * @param text the script text that the words' spans index, in whatever shell
 * @param holes its masked expressions
 */
export function parseNested(
  text: string,
  words: readonly Word[],
  language: NestedLanguage,
  holes: readonly Hole[] = [],
): Block | undefined {
  const word = joinWords(words);
  if (word === undefined) return undefined;
  switch (language) {
    case "powershell":
      return parsePowerShellWord(text, word);
    case "cmd":
      return parseCmdWord(text, word);
    case "shell":
      return parseBashWord(text, word, holes);
    case "other":
      return undefined;
  }
}

/** Words as one, with the blanks that stand between them. */
function joinWords(words: readonly Word[]): Word | undefined {
  const [first, ...rest] = words;
  if (first === undefined || rest.length === 0) return first;
  const parts: Part[] = [...first.parts];
  let end = first.span.end;
  for (const word of rest) {
    const span = { start: end, end: Math.max(end, word.span.start) };
    parts.push({ kind: "text", span, value: " ", quoted: false }, ...word.parts);
    end = Math.max(end, word.span.end);
  }
  return { span: rest.reduce((whole, { span }) => cover(whole, span), first.span), parts };
}
