import type { Hole } from "../masking.ts";
import type { ShellLanguage } from "../model.ts";
import type { Span } from "../text.ts";
import { parseBash } from "./bash.ts";
import type { Block } from "./command.ts";
import { parsePowerShell } from "./powershell.ts";

/** How a language writes a comment of one line; `undefined` for languages whose comments are not read. */
export function commentMark(language: ShellLanguage): "#" | "REM" | undefined {
  if (language === "cmd") return "REM";
  return language === "python" || language === "javascript" || language === "other" ? undefined : "#";
}

/**
 * Which of some places of a script are comments: those without which it says the same. A parser decides, so that quotes and
 * here-documents are none.
 *
 * @param spans places that look like comments to the end of their line; at most 64 of them are looked at one by one
 */
export function commentsAmong(
  language: ShellLanguage,
  text: string,
  holes: readonly Hole[],
  spans: readonly Span[],
): readonly Span[] {
  if (spans.length === 0 || commentMark(language) === undefined) return [];
  if (language === "cmd") return spans.filter(({ start }) => /^\s*@?\s*$/.test(text.slice(lineOf(text, start), start)));
  const before = shape(language, text, holes);
  const isSame = (erased: readonly Span[]) => shape(language, erase(text, erased), holes) === before;
  return isSame(spans) ? spans : spans.slice(0, 64).filter((span) => isSame([span]));
}

/** True where a comment of its own line can be put in front of an offset, which is the start of a line, and the script says the same. */
export function takesComment(language: ShellLanguage, text: string, holes: readonly Hole[], offset: number): boolean {
  const mark = commentMark(language);
  if (mark === undefined) return false;
  if (language === "cmd") return !/\^\r?\n$/.test(text.slice(0, offset));
  const comment = `${mark} x\n`;
  const moved = holes.map((hole) => {
    const by = hole.span.start >= offset ? comment.length : 0;
    return { ...hole, span: { start: hole.span.start + by, end: hole.span.end + by } };
  });
  const after = `${text.slice(0, offset)}${comment}${text.slice(offset)}`;
  return shape(language, after, moved) === shape(language, text, holes);
}

function lineOf(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

function erase(text: string, spans: readonly Span[]): string {
  return spans.reduce(
    (result, { start, end }) => result.slice(0, start) + " ".repeat(end - start) + result.slice(end),
    text,
  );
}

/** What a script says, wherever it says it. */
function shape(language: ShellLanguage, text: string, holes: readonly Hole[]): string {
  return JSON.stringify(read(language, text, holes), (key, value) => (key === "span" ? undefined : value));
}

function read(language: ShellLanguage, text: string, holes: readonly Hole[]): Block {
  return language === "powershell" ? parsePowerShell(text, holes) : parseBash(text, holes);
}
