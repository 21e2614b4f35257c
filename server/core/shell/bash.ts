import type * as Bash from "unbash";
import { forEachChild, type ParsedScript, parse, parseRegion, type SyntaxNode } from "unbash";
import type { Hole } from "../masking.ts";
import type { Span } from "../text.ts";
import type { Assignment, Block, Condition, Node, Part, Redirect, Statement, Word } from "./command.ts";

/**
 * Reads bash, sh, dash, ash, zsh and ksh. The only file that knows the parser. Never throws: broken text gives what could be read.
 *
 * @param text the script with its expressions masked
 * @param holes the masked expressions, with spans into `text`
 */
export function parseBash(text: string, holes: readonly Hole[] = []): Block {
  const frame: Frame = { text, holes, depth: 0, locate: exactly };
  const statements = statementsWithResync(text, frame);
  return { kind: "block", span: { start: 0, end: text.length }, statements };
}

/**
 * Reads the program that a word holds as text, such as the argument of `sh -c`. Spans index the same script text as the word's, exactly
 * where the word has no escapes in it, else they are the word's own. A word that is not text (`"$(cmd)"`, `$code`) has no program to read.
 *
 * @param text the script text that the word's spans index
 */
export function parseBashWord(text: string, word: Word, holes: readonly Hole[] = []): Block | undefined {
  if (word.parts.every((part) => part.kind !== "text")) return undefined;
  const written = text.slice(word.span.start, word.span.end);
  const quote = /^(?:"|'|)/.exec(written)?.[0] ?? "";
  const closed = written.length > 1 && written.endsWith(quote);
  const span = { start: word.span.start + quote.length, end: word.span.end - (closed ? quote.length : 0) };
  if (isVerbatim(text, word, span, quote)) {
    return block(parseRegion(text, span.start, span.end), { text, holes, depth: 0, locate: exactly });
  }
  const values = word.parts.map((part) => {
    if (part.kind === "text") return part.value;
    return part.span.start > word.span.start ? text.slice(part.span.start, part.span.end) : undefined;
  });
  if (values.includes(undefined)) return undefined;
  const value = values.join("");
  return block(parse(value), { text: value, holes: [], depth: 0, locate: () => word.span });
}

/** True where the text between the quotes is the program, character by character: no escapes, and every part at a place of its own. */
function isVerbatim(text: string, { parts }: Word, span: Span, quote: string): boolean {
  const inner = text.slice(span.start, span.end);
  if (quote !== "'" && /[\\"'`]/.test(inner.replace(/\$\([^()"\\`]*\)/g, ""))) return false;
  const ordered = parts.every((part, index) => index === 0 || part.span.start >= (parts[index - 1]?.span.end ?? 0));
  const [only] = parts;
  return ordered && (parts.length > 1 || (only?.kind === "text" && only.value === inner));
}

/** The text that positions index, and where they lie in the script that was given to the reader. */
interface Frame {
  readonly text: string;
  readonly holes: readonly Hole[];
  /** How many substitutions it lies in. */
  readonly depth: number;
  locate(start: number, end: number): Span;
}

/** Broken backticks can hold themselves without end: deeper programs than this are left out. */
const MAX_DEPTH = 64;

function exactly(start: number, end: number): Span {
  return { start, end };
}

const RESYNC_ROUNDS = 8;

/** The parser gives up on the rest of the text after some errors (`a | | b`). What it has not seen is read again from the next line on. */
function statementsWithResync(text: string, frame: Frame): readonly Statement[] {
  const statements: Statement[] = [];
  let from = 0;
  for (let round = 0; round < RESYNC_ROUNDS; round++) {
    const script = parse(from === 0 ? text : " ".repeat(from) + text.slice(from));
    statements.push(...script.commands.map((each) => statement(each, frame)));
    if (script.errors === undefined || script.errors.length === 0) break;
    const seen = Math.max(from, script.commands.at(-1)?.end ?? from);
    const lineEnd = text.indexOf("\n", Math.max(seen, script.errors[0]?.pos ?? seen));
    if (lineEnd < 0 || text.slice(seen).trim() === "" || text.slice(lineEnd).trim() === "") break;
    from = lineEnd + 1;
  }
  return statements;
}

function block(
  list: { readonly commands: readonly Bash.Statement[]; readonly pos: number; readonly end: number },
  frame: Frame,
): Block {
  return {
    kind: "block",
    span: frame.locate(list.pos, list.end),
    statements: list.commands.map((each) => statement(each, frame)),
  };
}

/** The program inside a substitution. Escaped backticks index a decoded text of their own: everything in it lies at the outer span. */
function program(script: ParsedScript | undefined, outer: Span, frame: Frame): Block {
  const depth = frame.depth + 1;
  if (script === undefined || depth > MAX_DEPTH) return { kind: "block", span: outer, statements: [] };
  const escaped = script.source !== undefined;
  const inner: Frame = escaped ? { text: script.source, holes: [], depth, locate: () => outer } : { ...frame, depth };
  return block(script, inner);
}

function statement(source: Bash.Statement, frame: Frame): Statement {
  return {
    span: frame.locate(source.pos, source.end),
    node: node(source.command, frame),
    background: source.background === true,
  };
}

function node(source: Bash.PipelineNode | Bash.AndOr, frame: Frame): Node {
  const span = frame.locate(source.pos, source.end);
  switch (source.type) {
    case "AndOr":
      return {
        kind: "chain",
        span,
        operands: source.commands.map((each) => node(each, frame)),
        operators: source.operators,
      };
    case "Pipeline": {
      const negated = source.prefixes.filter((prefix) => prefix.type === "Negation").length % 2 === 1;
      return { kind: "pipe", span, stages: source.commands.map((each) => node(each, frame)), negated };
    }
    case "Redirected":
      return withRedirects(
        compound(source.command, frame),
        source.redirects.map((each) => redirect(each, frame)),
        span,
      );
    case "Command":
      return {
        kind: "command",
        span,
        assignments: source.prefix.flatMap((each) => (each.type === "Assignment" ? [assignment(each, frame)] : [])),
        words: [
          ...(source.name === undefined ? [] : [word(source.name, frame)]),
          ...source.args.map((each) => (each.type === "Assignment" ? assignmentWord(each, frame) : word(each, frame))),
        ],
        redirects: source.redirects.map((each) => redirect(each, frame)),
      };
    case "Function":
      return { kind: "function", span, name: source.name.value, body: bodyOf(source.body, frame) };
    case "Coproc":
      return { kind: "group", span, subshell: true, body: bodyOf(source.body, frame), redirects: [] };
    default:
      return compound(source, frame);
  }
}

function compound(source: Bash.CompoundCommand, frame: Frame): Node {
  const span = frame.locate(source.pos, source.end);
  const redirects: readonly Redirect[] = [];
  switch (source.type) {
    case "Subshell":
    case "BraceGroup":
      return { kind: "group", span, subshell: source.type === "Subshell", body: block(source.body, frame), redirects };
    case "If": {
      const branches = [source, ...source.elif].map((each) => ({
        condition: block(each.clause, frame),
        body: block(each.then, frame),
      }));
      return { kind: "if", span, branches, otherwise: source.else && block(source.else, frame), redirects };
    }
    case "For":
    case "Select": {
      const values = source.wordlist?.map((each) => word(each, frame));
      const loop = {
        kind: "loop",
        span,
        variable: source.name.value,
        values,
        condition: undefined,
        until: false,
      } as const;
      return { ...loop, body: block(source.body, frame), redirects };
    }
    case "ArithmeticFor": {
      const loop = {
        kind: "loop",
        span,
        variable: undefined,
        values: undefined,
        condition: undefined,
        until: false,
      } as const;
      return { ...loop, body: block(source.body, frame), redirects };
    }
    case "While": {
      const loop = {
        kind: "loop",
        span,
        variable: undefined,
        values: undefined,
        condition: block(source.clause, frame),
      } as const;
      return { ...loop, until: source.kind === "until", body: block(source.body, frame), redirects };
    }
    case "Case": {
      const arms = source.items.map((item) => ({
        patterns: item.pattern.map((each) => word(each, frame)),
        body: block(item.body, frame),
      }));
      return { kind: "case", span, subject: word(source.word, frame), arms, redirects };
    }
    case "TestCommand":
      return { kind: "test", span, condition: condition(source.expression, frame), redirects };
    case "ArithmeticCommand":
      return { kind: "test", span, condition: undefined, redirects };
  }
}

function withRedirects(inner: Node, redirects: readonly Redirect[], span: Span): Node {
  return "redirects" in inner ? { ...inner, span, redirects: [...inner.redirects, ...redirects] } : inner;
}

function bodyOf(
  source: Bash.Command | Bash.CompoundCommand | Bash.Redirected | Bash.CompoundList,
  frame: Frame,
): Block {
  if (source.type === "CompoundList") return block(source, frame);
  const inner = node(source, frame);
  const plainGroup = inner.kind === "group" && !inner.subshell && inner.redirects.length === 0;
  if (plainGroup) return inner.body;
  return { kind: "block", span: inner.span, statements: [{ span: inner.span, node: inner, background: false }] };
}

function condition(source: Bash.TestExpression, frame: Frame): Condition {
  switch (source.type) {
    case "TestUnary":
      return { kind: "unary", operator: source.operator, operand: word(source.operand, frame) };
    case "TestBinary":
      return {
        kind: "binary",
        operator: source.operator,
        left: word(source.left, frame),
        right: word(source.right, frame),
      };
    case "TestLogical":
      return {
        kind: "logical",
        operator: source.operator,
        operands: source.operands.map((each) => condition(each, frame)),
      };
    case "TestNot": {
      const operand = condition(source.operand, frame);
      return source.negations.length % 2 === 1 ? { kind: "not", operand } : operand;
    }
    case "TestGroup":
      return condition(source.expression, frame);
  }
}

function assignment(source: Bash.Assignment, frame: Frame): Assignment {
  return {
    span: frame.locate(source.pos, source.end),
    name: source.name,
    value: source.value.type === "Word" ? word(source.value, frame) : undefined,
    elements: source.value.type === "ArrayValue" ? source.value.elements.map((each) => word(each, frame)) : [],
    append: source.append === true,
  };
}

/** `export A=b`: the parser reads `A=b` as an assignment; to the command model it is one word of the command. */
function assignmentWord(source: Bash.Assignment, frame: Frame): Word {
  const span = frame.locate(source.pos, source.end);
  const value = source.value.type === "Word" ? source.value : undefined;
  const nameEnd = value?.pos ?? source.end;
  const name = frame.locate(source.pos, nameEnd);
  const text = `${source.name}${source.append ? "+=" : "="}`;
  return {
    span,
    parts: [{ kind: "text", span: name, value: text, quoted: false }, ...(value ? word(value, frame).parts : [])],
  };
}

function redirect(source: Bash.Redirection, frame: Frame): Redirect {
  const span = frame.locate(source.pos, source.end);
  const descriptor = source.descriptor?.type === "FileDescriptor" ? source.descriptor.value : undefined;
  if (source.type === "HereDoc") return { span, operator: "<<", descriptor, target: hereDocument(source, frame) };
  return { span, operator: source.operator, descriptor, target: source.target && word(source.target, frame) };
}

function hereDocument(source: Bash.HereDoc, frame: Frame): Word {
  const { body } = source;
  const span = frame.locate(body.pos, body.end);
  const whole: Bash.LiteralPart = { type: "Literal", pos: body.pos, end: body.end, text: body.text, value: body.text };
  return { span, parts: (body.parts ?? [whole]).flatMap((each) => parts(each, true, frame)) };
}

function word(source: Bash.Word, frame: Frame): Word {
  const span = frame.locate(source.pos, source.end);
  const { parts: pieces } = source;
  // Most words are plain: they are made without a detour, since a script has thousands of them.
  if (pieces === undefined && frame.holes.length === 0) {
    return { span, parts: [{ kind: "text", span, value: source.value, quoted: false }] };
  }
  if (pieces !== undefined) return { span, parts: pieces.flatMap((each) => parts(each, false, frame)) };
  const whole: Bash.LiteralPart = {
    type: "Literal",
    pos: source.pos,
    end: source.end,
    text: source.text,
    value: source.value,
  };
  return { span, parts: literal(whole, false, frame) };
}

function parts(source: Bash.WordPart, quoted: boolean, frame: Frame): readonly Part[] {
  const span = frame.locate(source.pos, source.end);
  switch (source.type) {
    case "Literal":
      return literal(source, quoted, frame);
    case "SingleQuoted":
    case "AnsiCQuoted":
      return literal(source, true, frame);
    case "DoubleQuoted":
    case "LocaleString":
      return source.parts.length === 0
        ? [{ kind: "text", span, value: "", quoted: true }]
        : source.parts.flatMap((each) => parts(each, true, frame));
    case "SimpleExpansion": {
      const name = source.text.slice(1);
      return [{ kind: "variable", span, name, quoted, operator: undefined, operand: undefined }];
    }
    case "ParameterExpansion": {
      const { operation } = source;
      const operator =
        source.prefix ??
        (source.index === undefined ? operation && ("operator" in operation ? operation.operator : "?") : "[");
      const operand =
        operation !== undefined && "operand" in operation && operation.operand
          ? word(operation.operand, frame)
          : undefined;
      return [{ kind: "variable", span, name: source.parameter, quoted, operator, operand }];
    }
    case "CommandExpansion":
      return [{ kind: "substitution", span, body: program(source.script, span, frame), quoted }];
    case "ProcessSubstitution": {
      const direction = source.operator === "<" ? "in" : "out";
      return [{ kind: "process", span, body: program(source.script, span, frame), direction }];
    }
    case "Glob":
      return [{ kind: "glob", span, value: source.text }];
    default:
      return [{ kind: "unknown", span, programs: programsBelow(source, frame) }];
  }
}

/** Text with the masked expressions in it taken out as holes of their own. */
function literal(
  source: { readonly pos: number; readonly end: number; readonly text: string; readonly value: string },
  quoted: boolean,
  frame: Frame,
): readonly Part[] {
  const inside =
    frame.holes.length === 0
      ? frame.holes
      : frame.holes.filter((hole) => source.pos <= hole.span.start && hole.span.end <= source.end);
  const plain = (start: number, end: number, value: string): Part => ({
    kind: "text",
    span: frame.locate(start, end),
    value,
    quoted,
  });
  if (inside.length === 0) return [plain(source.pos, source.end, source.value)];
  const result: Part[] = [];
  let at = source.pos;
  for (const hole of inside) {
    const before = unescaped(source, at, hole.span.start);
    if (before !== "") result.push(plain(at, hole.span.start, before));
    result.push({ kind: "hole", span: hole.span, text: hole.text, quoted, variable: hole.variable });
    at = hole.span.end;
  }
  const rest = unescaped(source, at, source.end);
  if (rest !== "") result.push(plain(at, source.end, rest));
  return result;
}

function unescaped(
  source: { readonly pos: number; readonly text: string; readonly value: string },
  start: number,
  end: number,
): string {
  const raw = source.text.slice(start - source.pos, end - source.pos);
  if (source.value === source.text) return raw;
  const quote = /^\$?'/.exec(source.text)?.[0];
  const bare = quote === undefined ? raw : raw.replace(start === source.pos ? quote : "", "").replace(/'$/, "");
  return quote === "'" ? bare : bare.replace(/\\([\s\S])/g, "$1");
}

/** The programs that run somewhere below a part that computes text in a way the model does not follow. */
function programsBelow(source: SyntaxNode, frame: Frame): readonly Block[] {
  const found: Block[] = [];
  const visit = (each: SyntaxNode): void => {
    if (each.type === "Script") found.push(program(each, frame.locate(source.pos, source.end), frame));
    else forEachChild(each, visit);
  };
  forEachChild(source, visit);
  return found;
}
