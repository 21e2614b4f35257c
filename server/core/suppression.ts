import { type Comments, commentsOfFile, commentsOfPipeline } from "./comments.ts";
import { matchesGlob } from "./glob.ts";
import { lineBreakOf, lineEnd, lineStart } from "./lines.ts";
import type { Pipeline } from "./model.ts";
import type { EditFix, Finding } from "./rule.ts";
import type { Settings } from "./settings.ts";
import type { Edit, Span } from "./text.ts";

// A comment `# pipewarden: ignore[rule, rule] reason` silences findings of these rules: behind something on its line, in the lines that
// it shares with them; alone on its line, in the next line that is more than a comment. Where text of several lines begins on that
// line, such as a block scalar, all of it is meant. `ignore-file[…]` among the comments that a file begins with is about the whole file.

/** A comment that is meant to silence findings. */
export interface Suppression {
  /** From the mark of the comment to the end of its line, without blanks at the end. */
  readonly span: Span;
  readonly isWholeFile: boolean;
  /** The ids as written, each with its place. Empty where the comment is not written as it has to be. */
  readonly rules: readonly { readonly id: string; readonly span: Span }[];
  /** Why, in the words of the person; "" where the comment does not say. */
  readonly reason: string;
  /** Why the comment holds for nothing at all, as a sentence. */
  readonly flaw?: string;
  /** Findings that touch this are meant. */
  readonly covers: Span;
  /** The ids of those rules that it silenced something of. */
  readonly used: readonly string[];
  /** What to take away so that the comment is gone; absent where that would change what the text says. */
  readonly removal?: Span;
}

/** A finding that is not shown: because of a comment, the settings, or a baseline, of which the core itself knows nothing. */
export interface SuppressedFinding {
  readonly finding: Finding;
  readonly by: "comment" | "settings" | "baseline";
  readonly reason: string;
}

/** What is left of findings, what is not, and the comments of the analysed file that decided it. */
export interface Silenced {
  readonly findings: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
  /**
   * Those in the analysed file. The comments of a script that pipelines run are not among them: a comment that one of the pipelines has
   * no use for may be needed by another one.
   */
  readonly suppressions: readonly Suppression[];
}

/**
 * Takes out the findings that the settings silence by the path of their file, and those that comments silence, each by the comments of the
 * file that it lies in.
 *
 * @param pipelines the analysed file first, then the files that it pulls in
 */
export function silence(pipelines: readonly Pipeline[], all: readonly Finding[], settings: Settings): Silenced {
  const ignored = new Set(all.filter(({ rule, path }) => isIgnored(rule.id, path, settings)));
  const findings = all.filter((finding) => !ignored.has(finding));
  const needsReason = settings.requireReason === true;
  const own = pipelines[0]?.path ?? "";
  const paths = [...new Set([own, ...findings.map(({ path }) => path)])];
  const silenced = paths.map((path) => {
    const inFile = findings.filter((finding) => finding.path === path);
    const text = textOf(path, pipelines);
    if (text === undefined || !MAY_HOLD.test(text)) return { findings: inFile, suppressed: [], suppressions: [] };
    return silenceIn(text, commentsOf(path, text, pipelines), inFile, needsReason);
  });
  return {
    findings: silenced.flatMap((each) => each.findings),
    suppressed: [
      ...[...ignored].map((finding) => ({ finding, by: "settings" as const, reason: "" })),
      ...silenced.flatMap((each) => each.suppressed),
    ],
    suppressions: silenced[0]?.suppressions ?? [],
  };
}

/**
 * Edits that put a comment above a finding, or above everything in its file, so that it is silent; `undefined` where the file has no place
 * for comments.
 */
export function suppressionFix(
  pipelines: readonly Pipeline[],
  { rule, path, span }: Pick<Finding, "rule" | "path" | "span">,
  where: "place" | "file",
  needsReason: boolean,
): EditFix | undefined {
  const isOwn = path === pipelines[0]?.path;
  const text = textOf(path, pipelines);
  if (text === undefined) return undefined;
  const comments = commentsOf(path, text, pipelines);
  const place = comments.placeAbove(where === "file" ? firstContent(text) : span.start);
  if (place === undefined) return undefined;
  const at = where === "file" ? headEnd(text) : place.at;
  const indent = /^(?:makefile|gnumakefile)$|\.mk$/i.test(path.replace(/^.*\//, ""))
    ? ""
    : (/^[ \t]*/.exec(text.slice(place.at, place.at + 400))?.[0] ?? "");
  const word = where === "file" ? "ignore-file" : "ignore";
  const line = `${where === "file" ? "" : indent}${place.mark} pipewarden: ${word}[${rule.id}]${needsReason ? " TODO: say why" : ""}`;
  const edit: Edit = {
    ...(isOwn ? {} : { path }),
    span: { start: at, end: at },
    text: `${line}${lineBreakOf(text, at)}`,
  };
  return {
    title: where === "file" ? `Ignore ${rule.id} in this file` : `Ignore ${rule.id} here`,
    edits: [edit],
  };
}

function textOf(path: string, pipelines: readonly Pipeline[]): string | undefined {
  return pipelines.find((each) => each.path === path)?.text ?? pipelines[0]?.readFile?.(path);
}

/** A file that is read as a pipeline of its own has comments in its scripts too. */
function commentsOf(path: string, text: string, pipelines: readonly Pipeline[]): Comments {
  const pipeline = pipelines.find((each) => each.path === path);
  const isFirst = pipeline !== undefined && pipeline === pipelines[0];
  return pipeline !== undefined && (isFirst || /\.ya?ml$/i.test(path))
    ? commentsOfPipeline(pipeline)
    : commentsOfFile(path, text);
}

function isIgnored(rule: string, path: string, { ignore = {} }: Settings): boolean {
  return Object.entries(ignore).some(([pattern, rules]) => rules.includes(rule) && matchesGlob(pattern, path));
}

const MAY_HOLD = /pipewarden:/i;

/** A comment's mark, the word behind the name, and what stands in brackets behind that. */
const COMMENT =
  /(#|::|\brem\b)[ \t]*pipewarden:[ \t]*([a-z-]+)([ \t]*\[([^\]\r\n]*)(\]?))?[ \t]*[:–—-]*[ \t]*([^\r\n]*)/gi;

const WRITE = "Write it as “pipewarden: ignore[rule-id] reason”.";

function silenceIn(text: string, comments: Comments, findings: readonly Finding[], needsReason: boolean): Silenced {
  const suppressions = suppressionsIn(text, comments, needsReason);
  const uses = suppressions.map(() => new Set<string>());
  const suppressed: SuppressedFinding[] = [];
  const left = findings.filter((finding) => {
    const fitting = [...suppressions.keys()].filter((index) => isMeant(suppressions[index], finding));
    for (const index of fitting) uses[index]?.add(finding.rule.id);
    // The nearest comment has the reason: one for the whole file comes last.
    const nearest = suppressions[fitting.find((index) => !suppressions[index]?.isWholeFile) ?? fitting[0] ?? -1];
    if (nearest !== undefined) suppressed.push({ finding, by: "comment", reason: nearest.reason });
    return nearest === undefined;
  });
  const used = suppressions.map((each, index) => ({ ...each, used: [...(uses[index] ?? [])] }));
  return { findings: left, suppressed, suppressions: used };
}

function isMeant(suppression: Suppression | undefined, { rule, span }: Finding): boolean {
  if (suppression === undefined || suppression.flaw !== undefined) return false;
  const { covers, rules } = suppression;
  return span.start <= covers.end && covers.start <= span.end && rules.some(({ id }) => id === rule.id);
}

function suppressionsIn(text: string, comments: Comments, needsReason: boolean): readonly Suppression[] {
  const matches = [...text.matchAll(COMMENT)].filter(([, , word = "", brackets]) => /^ignore/i.test(word) || brackets);
  const spans = matches.map(({ index, 0: { length } }) => ({ start: index, end: index + length }));
  const real = new Set(comments.among(spans).map(({ start }) => start));
  const head = firstContent(text);
  return matches.flatMap((match) =>
    real.has(match.index) ? [suppressionOf(text, match, comments, head, needsReason)] : [],
  );
}

function suppressionOf(
  text: string,
  match: RegExpExecArray,
  comments: Comments,
  head: number,
  needsReason: boolean,
): Suppression {
  const [whole, , word = "", , inner = "", closed, reason = ""] = match;
  const start = match.index;
  const span = { start, end: start + whole.trimEnd().length };
  const isWholeFile = word.toLowerCase() === "ignore-file";
  const rules = rulesIn(inner, start + whole.indexOf("[") + 1);
  const line = { start: lineStart(text, start), end: lineEnd(text, start) };
  const isAlone = /^[ \t]*@?[ \t]*$/.test(text.slice(line.start, start));
  const flaw = flawOf(
    word.toLowerCase(),
    closed === "]",
    rules.length,
    needsReason && reason.trim() === "",
    start < head,
  );
  const removal = comments.isRemovable(start) ? removalOf(text, line, span, isAlone) : undefined;
  return {
    span,
    isWholeFile,
    rules,
    reason: reason.trim(),
    ...(flaw !== undefined && { flaw }),
    covers: isWholeFile ? { start: 0, end: text.length } : coveredBy(text, line, isAlone, comments),
    used: [],
    ...(removal && { removal }),
  };
}

function flawOf(
  word: string,
  isClosed: boolean,
  ids: number,
  lacksReason: boolean,
  isHead: boolean,
): string | undefined {
  if (word !== "ignore" && word !== "ignore-file") return `“${word}” is no word of it. ${WRITE}`;
  if (!isClosed || ids === 0) return `It names no rule. ${WRITE}`;
  if (word === "ignore-file" && !isHead)
    return "A comment about the whole file has to stand above everything that is no comment.";
  return lacksReason
    ? "It gives no reason, and the setting “requireReason” asks for one. Say why behind the bracket."
    : undefined;
}

function rulesIn(inner: string, offset: number): Suppression["rules"] {
  return [...inner.matchAll(/[^,\s](?:[^,]*[^,\s])?/g)].map(({ index, 0: id }) => ({
    id,
    span: { start: offset + index, end: offset + index + id.length },
  }));
}

/** Its own line, or the next one that says something, with the lines that go on from there and the text that begins there. */
function coveredBy(text: string, line: Span, isAlone: boolean, comments: Comments): Span {
  let covered = line;
  while (isAlone && covered.end < text.length && IS_COMMENT.test(text.slice(covered.start, covered.end))) {
    const start = text.indexOf("\n", covered.end) + 1;
    covered = { start, end: lineEnd(text, start) };
  }
  const { start } = covered;
  while (covered.end < text.length && /[\\`^]$/.test(text.slice(covered.start, covered.end)))
    covered = { start, end: lineEnd(text, text.indexOf("\n", covered.end) + 1) };
  const block = comments.blockOn({ start, end: covered.end });
  return { start, end: Math.max(covered.end, block?.end ?? 0) };
}

const IS_COMMENT = /^[ \t]*(?:#|::|@?rem\b)/i;

/** Its whole line with the line break; behind something else, what stands from the blanks in front of it on. */
function removalOf(text: string, line: Span, span: Span, isAlone: boolean): Span {
  if (!isAlone) return { start: text.slice(0, span.start).trimEnd().length, end: span.end };
  const feed = text.indexOf("\n", line.end);
  return { start: line.start, end: feed < 0 ? text.length : feed + 1 };
}

/** Offset of the first line that is more than a comment, a directive of YAML or `---`. */
function firstContent(text: string): number {
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  while (at < text.length && IS_HEAD.test(text.slice(at, lineEnd(text, at)))) {
    const feed = text.indexOf("\n", at);
    at = feed < 0 ? text.length : feed + 1;
  }
  return at;
}

const IS_HEAD = /^[ \t]*(?:$|#|::|@?rem\b|@echo off|%|---[ \t]*$)/i;

/** Where a comment about the file goes: behind the lines that have to come first. */
function headEnd(text: string): number {
  return /^\uFEFF?(?:#!.*\n|%.*\n|# syntax=.*\n|@echo off[ \t]*\r?\n)*/i.exec(text)?.[0].length ?? 0;
}
