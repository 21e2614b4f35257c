import type { Span } from "./text.ts";

/** An instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals, without `ONBUILD` in front. */
  readonly name: string;
  /** True for what runs in the builds of other images alone. */
  readonly onBuild: boolean;
  /** The line of its name, from 1. */
  readonly line: number;
  /** From the name to the end of what belongs to it, its here-documents left out. */
  readonly span: Span;
  /** `--name=value` in front of the arguments, by their names in lower case. One may stand several times. */
  readonly flags: readonly Flag[];
  /** Where what is behind the flags stands. */
  readonly arguments: Span;
  /**
   * That text at its own length, as the shell of the image gets it: what makes a line go on, and the comments between such lines, are blank.
   */
  readonly text: string;
  readonly documents: readonly HereDocument[];
}

/** An option of an instruction, such as `--checksum=sha256:…`. */
export interface Flag {
  readonly name: string;
  readonly value: string;
  readonly span: Span;
}

/** `<<NAME` with the lines up to one that is nothing but the name. */
export interface HereDocument {
  /** The lines, without the one that ends them. */
  readonly span: Span;
}

/** A Dockerfile with more instructions than this is a generated one, and only its beginning is read. */
const MAX_INSTRUCTIONS = 1_000;

/**
 * The instructions of a Dockerfile, broken or not, in their order. What is none is left out. Source: docs.docker.com, "Dockerfile
 * reference": format, parser directives, here-documents; github.com/moby/buildkit, frontend/dockerfile/parser.
 */
export function readInstructions(text: string): readonly Instruction[] {
  const mark = escapeOf(text);
  const found: Instruction[] = [];
  let at = 0;
  let line = 1;
  let counted = 0;
  while (at < text.length && found.length < MAX_INSTRUCTIONS) {
    const end = lineEndAt(text, at);
    if (/^\s*(?:#|$)/.test(text.slice(at, end))) {
      at = end + 1;
      continue;
    }
    const last = logicalEnd(text, at, mark);
    const instruction = instructionAt(text, { start: at, end: last }, mark);
    if (instruction === undefined) at = last + 1;
    else {
      for (; counted < at; counted++) if (text[counted] === "\n") line++;
      found.push({ ...instruction.read, line });
      at = instruction.next;
    }
  }
  return found;
}

/** `# escape=` counts only among the comments that a file begins with. */
function escapeOf(text: string): "\\" | "`" {
  for (const line of text.replace(/^\uFEFF/, "").split("\n", 20)) {
    const [, name, value] = /^\s*#\s*([A-Za-z][\w-]*)\s*=\s*(\S+)\s*$/.exec(line) ?? [];
    if (name === undefined) return "\\";
    if (name.toLowerCase() === "escape") return value === "`" ? "`" : "\\";
  }
  return "\\";
}

/** The line break, or the end of the text. */
function lineEndAt(text: string, at: number): number {
  const newline = text.indexOf("\n", at);
  return newline < 0 ? text.length : newline;
}

/** The end of the last line that an instruction goes on to: empty lines and comments do not end it. */
function logicalEnd(text: string, start: number, mark: string): number {
  let end = lineEndAt(text, start);
  let open = goesOn(text.slice(start, end), mark);
  while (open && end < text.length) {
    const next = lineEndAt(text, end + 1);
    const line = text.slice(end + 1, next);
    if (!/^\s*(?:#|$)/.test(line)) open = goesOn(line, mark);
    end = next;
  }
  return end;
}

function goesOn(line: string, mark: string): boolean {
  return line.trimEnd().endsWith(mark);
}

/** The text with its length, on one line, and with nothing in it but what a shell of the image gets. */
function shellText(text: string, { start, end }: Span, mark: string): string {
  const lines = text.slice(start, end).split("\n");
  return lines
    .map((line, index) => {
      const length = line.length + (index === lines.length - 1 ? 0 : 1);
      if (index > 0 && /^\s*(?:#|$)/.test(line)) return " ".repeat(length);
      return (goesOn(line, mark) ? line.trimEnd().slice(0, -1) : line).padEnd(length);
    })
    .join("");
}

function instructionAt(
  text: string,
  line: Span,
  mark: string,
): { readonly read: Omit<Instruction, "line">; readonly next: number } | undefined {
  const whole = shellText(text, line, mark);
  const [head, before = "", onBuild, name] = /^(\uFEFF?\s*)(ONBUILD\s+)?([A-Za-z]+)(?=\s|$)/i.exec(whole) ?? [];
  if (head === undefined || name === undefined) return undefined;
  const flags: Flag[] = [];
  let at = head.length;
  for (;;) {
    const flag = /^\s+--([A-Za-z][\w-]*)(?:=(\S*))?(?=\s|$)/.exec(whole.slice(at));
    if (flag === null) break;
    const [matched, key = "", value = ""] = flag;
    const end = line.start + at + matched.length;
    flags.push({ name: key.toLowerCase(), value, span: { start: end - matched.trimStart().length, end } });
    at += matched.length;
  }
  at += /^\s*/.exec(whole.slice(at))?.[0].length ?? 0;
  const end = line.start + whole.trimEnd().length;
  const start = Math.min(line.start + at, end);
  const code = whole.slice(start - line.start, end - line.start);
  const documents = hereDocuments(text, code, line.end + 1, name.toUpperCase());
  return {
    read: {
      name: name.toUpperCase(),
      onBuild: onBuild !== undefined,
      span: { start: line.start + before.length, end },
      flags,
      arguments: { start, end },
      text: code,
      documents: documents.read,
    },
    next: documents.next,
  };
}

/** Only these instructions take here-documents. */
const WITH_DOCUMENTS = new Set(["RUN", "COPY", "ADD"]);

function hereDocuments(
  text: string,
  code: string,
  from: number,
  instruction: string,
): { readonly read: readonly HereDocument[]; readonly next: number } {
  const read: HereDocument[] = [];
  let next = from;
  if (!WITH_DOCUMENTS.has(instruction)) return { read, next };
  const words = code.matchAll(
    /(?<![<\w])\d*<<(-?)(?:(["'])([^"'\n]{1,200})\2|([A-Za-z_][\w.-]{0,199}))(?=\s|$|[;&|)>])/g,
  );
  for (const [, tabs, , quoted, plain] of words) {
    const start = next;
    const name = quoted ?? plain ?? "";
    let at = next;
    for (; ; at = lineEndAt(text, at) + 1) {
      if (at >= text.length) return { read, next: from };
      const line = text.slice(at, lineEndAt(text, at)).replace(/\r$/, "");
      if ((tabs === "-" ? line.replace(/^\t+/, "") : line) === name) break;
    }
    read.push({ span: { start, end: at } });
    next = lineEndAt(text, at) + 1;
  }
  return { read, next };
}
