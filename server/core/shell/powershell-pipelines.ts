import { cover, type Span } from "../text.ts";
import {
  type Assignment,
  type Block,
  type Command,
  type Loop,
  type Node,
  type Part,
  type Redirect,
  staticText,
  type Word,
} from "./command.ts";
import { readAssignment } from "./powershell-assignments.ts";
import { readArgument, readExpression, readItem, startsExpression } from "./powershell-expressions.ts";
import {
  afterBlanks,
  afterSpace,
  type Cursor,
  enter,
  keywordAt,
  lineEnd,
  locate,
  match,
  skipSpace,
  spanFrom,
  textWord,
} from "./powershell-lexis.ts";
import { readBody } from "./powershell-words.ts";
import { blockOf, LOOP, stagesOf, toNode, toWord, type Yield } from "./powershell-yield.ts";
import { Parts } from "./source.ts";

// Chains, pipes and commands of PowerShell. Source: about_Pipelines, about_Pipeline_Chain_Operators, about_Redirection, about_Parsing.

/** `a && b || c`. */
export function readChain(cursor: Cursor): Yield {
  const start = cursor.at;
  const first = readPipeline(cursor);
  const operands: Node[] = [];
  const operators: ("&&" | "||")[] = [];
  for (let mark = chainMark(cursor); mark !== undefined; mark = chainMark(cursor)) {
    skipSpace(cursor);
    if (operands.length === 0) operands.push(toNode(first));
    if (endsStatement(cursor, cursor.at)) break;
    operators.push(mark);
    operands.push(toNode(readPipeline(cursor)));
  }
  if (operators.length === 0) return first;
  const span = spanFrom(cursor, start);
  return { kind: "node", span, node: { kind: "chain", span, operands, operators } };
}

/** Moves behind `&&` or `||`. */
function chainMark(cursor: Cursor): "&&" | "||" | undefined {
  const at = afterBlanks(cursor, cursor.at);
  const { text } = cursor;
  const mark = text.startsWith("&&", at) ? "&&" : text.startsWith("||", at) ? "||" : undefined;
  if (mark === undefined || at + 2 > cursor.end) return undefined;
  cursor.at = at + 2;
  return mark;
}

/** `a | b`, also with the pipe on the next line. */
function readPipeline(cursor: Cursor): Yield {
  const start = cursor.at;
  const first = readStage(cursor, true);
  const stages: Node[] = [];
  while (readPipe(cursor)) {
    if (stages.length === 0) for (const stage of stagesOf(first)) stages.push(stage);
    if (!endsStatement(cursor, cursor.at)) for (const stage of stagesOf(readStage(cursor, false))) stages.push(stage);
  }
  if (stages.length === 0) return first;
  const span = spanFrom(cursor, start);
  return { kind: "node", span, node: { kind: "pipe", span, stages, negated: false } };
}

/** Moves behind a pipe to the next stage. */
function readPipe(cursor: Cursor): boolean {
  const at = afterSpace(cursor, cursor.at);
  if (at >= cursor.end || cursor.text[at] !== "|" || cursor.text[at + 1] === "|") return false;
  cursor.at = at + 1;
  skipSpace(cursor);
  return true;
}

function endsStatement({ text, end }: Cursor, at: number): boolean {
  return at >= end || /[;|)}\r\n#]/.test(text[at] ?? "") || (text[at] === "&" && text[at + 1] === "&");
}

function readStage(cursor: Cursor, first: boolean): Yield {
  const { text, at } = cursor;
  if (/[&.]/.test(text[at] ?? " ") && match(cursor, CALL, at)) return node(readInvocation(cursor));
  const keyword = keywordAt(cursor, at);
  if (keyword !== undefined && FLOW.has(keyword)) return node(readFlow(cursor, keyword));
  if (startsExpression(cursor)) return readValueStage(cursor, first);
  return at < cursor.end && !/[;|)}]/.test(text[at] ?? "")
    ? node(readCommand(cursor))
    : { kind: "word", word: { span: spanFrom(cursor, at), parts: [] } };
}

function node(made: Node): Yield {
  return { kind: "node", span: made.span, node: made };
}

const CALL = /&(?!&)|\.(?=[\s"'$({])/y;
const FLOW = new Set(["return", "throw", "exit", "break", "continue"]);

/** `return`, `exit` and the like, with a pipe as their only argument. */
function readFlow(cursor: Cursor, keyword: string): Command {
  const start = enter(cursor, keyword);
  const words = [textWord(cursor, start, cursor.at)];
  const at = afterBlanks(cursor, cursor.at);
  if (!endsStatement(cursor, at)) {
    cursor.at = at;
    words.push(keyword === "break" || keyword === "continue" ? readItem(cursor) : toWord(readPipeline(cursor)));
  }
  return { kind: "command", span: spanFrom(cursor, start), assignments: [], words, redirects: [] };
}

/** What follows the name of a command. */
interface Tail {
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
}

const STOP = /--%(?=\s|$)/y;
const REDIRECT = /([1-6*])?(>>?)(?:&([12]))?/y;

/** Reads arguments and redirections up to the end of the command, and leaves the cursor behind the last of them. */
function readTail(cursor: Cursor): Tail {
  const words: Word[] = [];
  const redirects: Redirect[] = [];
  for (let at = afterBlanks(cursor, cursor.at); ; at = afterBlanks(cursor, cursor.at)) {
    if (endsStatement(cursor, at) || cursor.text[at] === "&") break;
    cursor.at = at;
    const redirect = />|[1-6*]/.test(cursor.text[at] ?? " ") ? match(cursor, REDIRECT, at) : undefined;
    if (redirect !== undefined) redirects.push(readRedirect(cursor, redirect));
    else if (cursor.text.startsWith("--%", at) && match(cursor, STOP, at) !== undefined)
      words.push(...readVerbatim(cursor));
    else words.push(readArgument(cursor));
    if (cursor.at === at) cursor.at++;
  }
  return { words, redirects };
}

function readRedirect(cursor: Cursor, [written, from, mark, to]: RegExpExecArray): Redirect {
  const start = cursor.at;
  cursor.at = start + written.length;
  const descriptor = from === undefined || from === "*" ? undefined : Number(from);
  let target: Word | undefined;
  if (to !== undefined) target = textWord(cursor, cursor.at - 1, cursor.at);
  else {
    const at = afterBlanks(cursor, cursor.at);
    if (!endsStatement(cursor, at)) {
      cursor.at = at;
      target = readItem(cursor);
    }
  }
  const plain = mark === ">>" ? ">>" : ">";
  const operator = to !== undefined ? ">&" : from === "*" ? (`&${plain}` as const) : plain;
  return { span: spanFrom(cursor, start), operator, descriptor, target };
}

/** `--%` and what follows it up to a pipe or the end of the line: words as another program sees them, with `%NAME%` filled in. */
function readVerbatim(cursor: Cursor): readonly Word[] {
  const start = cursor.at;
  const words = [textWord(cursor, start, start + 3)];
  const line = cursor.text.slice(start, lineEnd(cursor, start));
  const pipe = line.indexOf("|");
  const rest = pipe < 0 ? line : line.slice(0, pipe);
  for (const { 0: written, index } of rest.matchAll(/(?:"[^"]*"?|[^\s"])+/g)) {
    if (index < 3) continue;
    const parts = new Parts(cursor.context.source);
    for (const piece of written.matchAll(/%(\w+)%|"|[^%"]+|%/g)) {
      const at = start + index + piece.index;
      const end = at + piece[0].length;
      if (piece[1] !== undefined) parts.add(environmentPart(cursor, at, end, piece[1]));
      else if (piece[0] !== '"') parts.text(at, end, piece[0], true);
    }
    words.push({ span: locate(cursor, start + index, start + index + written.length), parts: parts.done() });
  }
  cursor.at = start + rest.trimEnd().length;
  return words;
}

function environmentPart(cursor: Cursor, start: number, end: number, name: string): Part {
  const span = locate(cursor, start, end);
  return {
    kind: "variable",
    span,
    name: `env:${name.toLowerCase()}`,
    quoted: true,
    operator: undefined,
    operand: undefined,
  };
}

function readCommand(cursor: Cursor): Node {
  const start = cursor.at;
  const name = readItem(cursor);
  const { words, redirects } = readTail(cursor);
  const span = spanFrom(cursor, start);
  const command: Command = { kind: "command", span, assignments: [], words: [name, ...words], redirects };
  return /^(?:%|foreach|foreach-object)$/i.test(staticText(name) ?? "") ? (loopOf(command) ?? command) : command;
}

/** `ForEach-Object { … }`; `undefined` where it has no script block. */
function loopOf({ span, words, redirects }: Command): Loop | undefined {
  const programs = words.flatMap((word) => scriptBlock(word) ?? []);
  const [first] = programs;
  if (first === undefined) return undefined;
  const place = programs.reduce((whole, program) => cover(whole, program.span), first.span);
  const body: Block = { kind: "block", span: place, statements: programs.flatMap((program) => program.statements) };
  return { ...LOOP, span, variable: "_", body, redirects };
}

function scriptBlock({ parts }: Word): Block | undefined {
  const [part] = parts;
  return part?.kind === "unknown" && parts.length === 1 ? part.programs[0] : undefined;
}

/** `& X …` and `. X …`. */
function readInvocation(cursor: Cursor): Node {
  const start = cursor.at;
  const operator = textWord(cursor, start, start + 1);
  cursor.at = start + 1;
  const at = afterBlanks(cursor, cursor.at);
  if (!endsStatement(cursor, at)) cursor.at = at;
  if (cursor.text[at] === "{" && at < cursor.end) return readCalledBlock(cursor, start);
  const dot = cursor.text[start] === ".";
  const name = cursor.at === at && at < cursor.end ? [readItem(cursor)] : [];
  const { words, redirects } = readTail(cursor);
  const all = [...(dot ? [operator] : []), ...name, ...words];
  return { kind: "command", span: spanFrom(cursor, start), assignments: [], words: all, redirects };
}

/** `& { … } args`: its parameters are set in front of its body. */
function readCalledBlock(cursor: Cursor, start: number): Node {
  const body = readBody(cursor, cursor.at);
  const { words, redirects } = readTail(cursor);
  const span = spanFrom(cursor, start);
  const [first] = body.statements;
  const parameters =
    first?.node.kind === "command" && staticText(first.node.words[0])?.toLowerCase() === "param"
      ? first.node.words.slice(1)
      : [];
  const names = parameters.map(({ parts: [part] }) => (part?.kind === "variable" ? part.name : "args"));
  const values = words.filter((word) => !/^-[A-Za-z]\w*:?$/.test(staticText(word) ?? ""));
  const assignments = values.map((value, index): Assignment => {
    return { span: value.span, name: names[index] ?? "args", value, elements: [], append: false };
  });
  const place = values.reduce((whole, value) => cover(whole, value.span), values[0]?.span ?? span);
  const set: Command = { kind: "command", span: place, assignments, words: [], redirects: [] };
  const statements = assignments.length === 0 ? [] : [{ span: place, node: set, background: false }];
  const whole: Block = {
    ...body,
    span: assignments.length === 0 ? body.span : cover(body.span, place),
    statements: [...statements, ...body.statements],
  };
  return { kind: "group", span, subshell: false, body: whole, redirects };
}

const ASSIGN = /(?:[-+*/%]|\?\?)?=(?!=)/y;

/** A value in place of a command: printed, redirected, or assigned to. */
function readValueStage(cursor: Cursor, first: boolean): Yield {
  const start = cursor.at;
  const value = readExpression(cursor);
  const at = afterBlanks(cursor, cursor.at);
  const assign = first ? match(cursor, ASSIGN, at)?.[0] : undefined;
  if (assign !== undefined) {
    cursor.at = at + assign.length;
    return node(readAssignment(cursor, start, value, assign !== "="));
  }
  const { words, redirects } = readTail(cursor);
  if (words.length === 0 && redirects.length === 0) return value;
  const span = spanFrom(cursor, start);
  const all: Yield = words.length === 0 ? value : { kind: "list", span, items: [toWord(value), ...words] };
  return node(withRedirects(toNode(all), redirects, span));
}

function withRedirects(made: Node, redirects: readonly Redirect[], span: Span): Node {
  if (redirects.length === 0) return made;
  if ("redirects" in made) return { ...made, span, redirects: [...made.redirects, ...redirects] };
  return { kind: "group", span, subshell: false, body: blockOf(made, made.span), redirects };
}
