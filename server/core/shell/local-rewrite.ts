import type { Hole } from "../masking.ts";
import type { ScriptChange } from "../model.ts";
import type { Edit, Span } from "../text.ts";
import type { Notation } from "./local-program.ts";

/** A script in a file of the repository. */
export interface LocalText {
  /** From the repository's root. */
  readonly path: string;
  readonly notation: Notation;
  /** Offsets are those of the file. */
  readonly text: string;
  /** The masked expressions, which changes may carry along as they were written. */
  readonly holes: readonly Hole[];
}

/** The span of the file for a span of the script, which may begin or end between an escape's character and the blanks beside it. */
export function spanInFile({ notation, text }: LocalText, file: string, { start, end }: Span): Span {
  if (notation !== "json") return { start, end };
  return { start: placeInJson(text, file, start), end: placeInJson(text, file, end) };
}

/** Edits of the file that make changes of the script; `undefined` where the file's notation cannot hold the result. */
export function rewriteLocal(
  local: LocalText,
  file: string,
  changes: readonly ScriptChange[],
): readonly Edit[] | undefined {
  const edits = changes.flatMap(({ span, text }) => {
    const written = WRITERS[local.notation](text, local.holes);
    return written === undefined ? [] : [{ path: local.path, span: spanInFile(local, file, span), text: written }];
  });
  return edits.length === changes.length ? edits : undefined;
}

const WRITERS: Readonly<Record<Notation, (text: string, holes: readonly Hole[]) => string | undefined>> = {
  script: (text) => text,
  json: (text) => JSON.stringify(text).slice(1, -1),
  // A recipe's line ends with the line, and what make replaces in it, such as `$$`, is not told from the shell's own `$`.
  makefile: (text, holes) => {
    const own = holes.reduce((rest, hole) => rest.replaceAll(hole.text, ""), text);
    return /[\n$]/.test(own) ? undefined : text;
  },
};

/** An offset within an escape goes to that end of the escape on whose side its character stands in the script. */
function placeInJson(text: string, file: string, offset: number): number {
  for (let start = Math.max(0, offset - MAX_ESCAPE + 1); start < offset; start++) {
    const backslashes = /\\*$/.exec(file.slice(Math.max(0, start - MAX_RUN), start))?.[0].length ?? 0;
    if (file[start] !== "\\" || backslashes % 2 === 1) continue;
    const end = start + (file[start + 1] === "u" ? MAX_ESCAPE : 2);
    if (offset < end) return text.slice(start, offset).trim() === "" ? start : end;
  }
  return offset;
}

/** Of an escape such as `\u0026`. */
const MAX_ESCAPE = 6;

/** Backslashes in a row that are looked at. */
const MAX_RUN = 100;
