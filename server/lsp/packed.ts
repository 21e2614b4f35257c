import type { Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Range } from "vscode-languageserver";
import { pageOf, RULES } from "../core/index.ts";

// Diagnostics of files that are not open are kept as text: there may be those of 10,000 files, and as objects they take several times
// the memory.

/** What is packed of nothing. */
export const NO_ITEMS = "[]";

/**
 * The diagnostics of a file as text, without line breaks and in ASCII, of which each character takes one byte of memory and not two.
 * What follows from the rule is left out.
 */
export function pack(items: readonly Diagnostic[], uri: string): string {
  if (items.length === 0) return NO_ITEMS;
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(items.map((item) => short(item, uri))).replace(/[^\0-\x7f]/g, escaped);
}

/** The diagnostics of a text from {@link pack}, for the same URI. */
export function unpack(packed: string, uri: string): Diagnostic[] {
  if (packed === NO_ITEMS) return [];
  const items: readonly (Short | Diagnostic)[] = JSON.parse(packed);
  return items.map((item) => (Array.isArray(item) ? long(item, uri) : item));
}

/** First line, its column, last line, its column. */
type ShortRange = readonly [number, number, number, number];

/** A diagnostic of a rule; related places have an empty URI where they lie in the same file. */
type Short = [
  rule: string,
  severity: DiagnosticSeverity,
  range: ShortRange,
  message: string,
  related: readonly (readonly [uri: string, range: ShortRange, message: string])[],
];

const PAGES: ReadonlyMap<string, string> = new Map(RULES.map((rule) => [rule.id, pageOf(rule)]));

/** Everything that the short form does not say; what has more is kept as it is. */
function commonParts(rule: string, href: string): Pick<Diagnostic, "source" | "codeDescription" | "data"> {
  return { source: "pipewarden", codeDescription: { href }, data: { rule } };
}

function short(item: Diagnostic, uri: string): Short | Diagnostic {
  const { code, severity, range, message, relatedInformation, ...common } = item;
  const href = PAGES.get(String(code));
  const isCommon =
    typeof code === "string" &&
    typeof message === "string" &&
    href !== undefined &&
    severity !== undefined &&
    relatedInformation !== undefined &&
    JSON.stringify(common) === JSON.stringify(commonParts(code, href));
  if (!isCommon) return item;
  const related = relatedInformation.map(
    ({ location, message: text }) =>
      [location.uri === uri ? "" : location.uri, shortRange(location.range), text] as const,
  );
  return [code, severity, shortRange(range), message, related];
}

function long([code, severity, range, message, related]: Short, uri: string): Diagnostic {
  const relatedInformation: DiagnosticRelatedInformation[] = related.map(([other, place, text]) => ({
    location: { uri: other === "" ? uri : other, range: longRange(place) },
    message: text,
  }));
  const { source, ...rest } = commonParts(code, PAGES.get(code) ?? "");
  return { range: longRange(range), severity, source, code, message, relatedInformation, ...rest } as Diagnostic;
}

function shortRange({ start, end }: Range): ShortRange {
  return [start.line, start.character, end.line, end.character];
}

function longRange([startLine, startCharacter, endLine, endCharacter]: ShortRange): Range {
  return {
    start: { line: startLine, character: startCharacter },
    end: { line: endLine, character: endCharacter },
  };
}
