import { lineStart } from "./lines.ts";
import type { Hole } from "./masking.ts";
import { type Pipeline, type Script, type ShellLanguage, stepsOf } from "./model.ts";
import { commentMark, commentsAmong, takesComment } from "./shell/comments.ts";
import type { Span } from "./text.ts";
import { parseYaml, type YamlNode, type YamlScalar } from "./yaml.ts";

/** The comments of one file, as far as a question about them needs them. */
export interface Comments {
  /** The ones among places that look like comments to the end of their line, each from its mark on. */
  among(spans: readonly Span[]): readonly Span[];
  /** The text, such as a block scalar of several lines, that begins on the line of `span` outside of any other; `undefined` where none does. */
  blockOn(line: Span): Span | undefined;
  /** True where a line with nothing but a comment, and the line break behind it, can go. */
  isRemovable(offset: number): boolean;
  /**
   * Where a comment of its own line can be put so that it stands directly above `offset`, or above the text of several lines that holds it:
   * the start of a line, and the mark to begin with. `undefined` where the file has no comments.
   */
  placeAbove(offset: number): { readonly at: number; readonly mark: "#" | "REM" } | undefined;
}

/** The comments of a CI file: those of YAML, and those of the scripts in it. */
export function commentsOfPipeline(pipeline: Pipeline): Comments {
  const own = [...stepsOf(pipeline)].flatMap(({ step }) => step.scripts.filter(({ path }) => path === undefined));
  const scripts = [...new Map(own.map((script) => [`${script.span.start}:${script.span.end}`, script])).values()];
  return commentsOfYaml(pipeline.text, scripts);
}

/** The comments of another file that a pipeline names. What it is, its name and its first line tell. */
export function commentsOfFile(path: string, text: string): Comments {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (/\.ya?ml$/.test(name)) return commentsOfYaml(text, []);
  if (/\.jsonc?$/.test(name)) return NO_COMMENTS;
  if (/^(?:gnu)?makefile$|\.mk$|^dockerfile(?:\.|$)|\.dockerfile$|^containerfile$/.test(name))
    return commentsOfLines(text);
  const language: ShellLanguage = /\.(?:bat|cmd)$/.test(name)
    ? "cmd"
    : /\.psm?1$/.test(name) || /^#!.*\b(?:pwsh|powershell)\b/.test(text)
      ? "powershell"
      : "bash";
  return {
    among: (spans) => commentsAmong(language, text, [], spans),
    blockOn: () => undefined,
    isRemovable: () => true,
    placeAbove: (offset) => {
      const at = freeLine(language, text, [], offset);
      const mark = commentMark(language);
      return at === undefined || mark === undefined ? undefined : { at, mark };
    },
  };
}

const NO_COMMENTS: Comments = {
  among: () => [],
  blockOn: () => undefined,
  isRemovable: () => false,
  placeAbove: () => undefined,
};

/** A makefile or a Dockerfile: `#` begins a comment at the start of a line, and a shell's one within it. */
function commentsOfLines(text: string): Comments {
  return {
    among: (spans) =>
      spans.filter(({ start }) => text[start] === "#" && /(?:^|\s)$/.test(text.slice(start - 1, start))),
    blockOn: () => undefined,
    isRemovable: () => true,
    placeAbove: (offset) => {
      let at = lineStart(text, offset);
      while (at > 0 && /\\[ \t]*\r?\n$/.test(text.slice(Math.max(0, at - 100), at))) at = lineStart(text, at - 1);
      return { at, mark: "#" };
    },
  };
}

function commentsOfYaml(text: string, scripts: readonly Script[]): Comments {
  const scalars = scalarsOf(text);
  const around = (offset: number) => scalars.find((each) => holds(text, each, offset));
  return {
    among: (spans) => {
      const inScripts = new Set(scripts.flatMap((script) => commentsIn(script, text, spans)));
      return spans.filter((span) => {
        if (around(span.start) !== undefined) return inScripts.has(span.start);
        return text[span.start] === "#" && /^$|[\s#]/.test(text.slice(Math.max(0, span.start - 1), span.start));
      });
    },
    blockOn: (line) =>
      scalars.find(({ span }) => span.start >= line.start && span.start <= line.end && span.end > line.end)?.span,
    isRemovable: (offset) => {
      const scalar = around(offset);
      return scalar === undefined || scalar.style === "literal";
    },
    placeAbove: (offset) => {
      const line = lineStart(text, offset);
      const scalar = around(line);
      if (scalar === undefined || scalar.span.start === line) return { at: line, mark: "#" };
      const script = scripts.find(({ span }) => span.start <= offset && offset <= span.end);
      return (script && placeIn(script, scalar, text, offset)) ?? { at: lineStart(text, scalar.span.start), mark: "#" };
    },
  };
}

/** The start of a line of a literal block, where the script that it holds takes a comment there. */
function placeIn(
  script: Script,
  scalar: YamlScalar,
  document: string,
  offset: number,
): ReturnType<Comments["placeAbove"]> {
  const { language } = script.shell;
  const mark = commentMark(language);
  if (scalar.style !== "literal" || script.lineOnly === true || mark === undefined) return undefined;
  const inText = offsetIn(script, offset);
  const start = inText === undefined ? undefined : freeLine(language, script.text, script.holes, inText);
  if (start === undefined) return undefined;
  const at = lineStart(document, script.toDocument({ start, end: start + 1 }).start);
  return at > scalar.span.start ? { at, mark } : undefined;
}

/** The nearest line start at or above an offset where a comment changes nothing: above the first line of a command. */
function freeLine(language: ShellLanguage, text: string, holes: readonly Hole[], offset: number): number | undefined {
  let at = lineStart(text, offset);
  for (let tries = 0; tries < 20; tries++) {
    if (!CONTINUED.test(text.slice(Math.max(0, at - 100), at)) && takesComment(language, text, holes, at)) return at;
    if (at === 0) return undefined;
    at = lineStart(text, at - 1);
  }
  return undefined;
}

/** The end of a line that goes on in the next one. */
const CONTINUED = /[\\`^]\r?\n$/;

/** The offset in a script's text of a place in the document. The map is monotonous, so halving finds it. */
function offsetIn(script: Script, place: number): number | undefined {
  let low = 0;
  let high = script.text.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (script.toDocument({ start: middle, end: middle + 1 }).end <= place) low = middle + 1;
    else high = middle;
  }
  return low < script.text.length ? low : undefined;
}

/** The starts in the document of those places that are comments of a script. */
function commentsIn(script: Script, document: string, spans: readonly Span[]): readonly number[] {
  const inside = spans.filter(({ start }) => script.span.start <= start && start < script.span.end);
  const found = inside.flatMap(({ start }) => {
    const from = offsetIn(script, start);
    if (from === undefined || script.text[from] !== document[start]) return [];
    const end = script.text.indexOf("\n", from);
    return [{ start: from, end: end < 0 ? script.text.length : end, place: start }];
  });
  const real = new Set(commentsAmong(script.shell.language, script.text, script.holes, found));
  return found.filter((span) => real.has(span)).map(({ place }) => place);
}

/** Every scalar of a text, each once. */
function scalarsOf(text: string): readonly YamlScalar[] {
  const scalars: YamlScalar[] = [];
  const visit = (node: YamlNode | undefined): void => {
    if (node === undefined || node.alias !== undefined) return;
    if (node.kind === "scalar") scalars.push(node);
    else if (node.kind === "sequence") node.items.forEach(visit);
    else for (const entry of node.entries) visit(entry.value);
  };
  parseYaml(text).documents.forEach(visit);
  return scalars;
}

/** True where an offset lies within a scalar's text. The first line of a block scalar is its head, where YAML has comments. */
function holds(text: string, { span, style }: YamlScalar, offset: number): boolean {
  const isBlock = style === "literal" || style === "folded";
  return offset < span.end && (isBlock ? offset > text.indexOf("\n", span.start) : offset >= span.start);
}
