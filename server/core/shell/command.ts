import type { Span } from "../text.ts";

// The one command model of all shells. A reader (bash.ts, powershell.ts, cmd.ts) turns script text into it; data flow and rules read
// nothing else. Spans are half-open UTF-16 offsets into the script text that was given to the reader.

/** A list of statements: a whole script, or the body of a compound command. */
export interface Block {
  readonly kind: "block";
  readonly span: Span;
  readonly statements: readonly Statement[];
}

/** One entry of a list. */
export interface Statement {
  readonly span: Span;
  readonly node: Node;
  /** True where nobody waits for it: `cmd &`. */
  readonly background: boolean;
}

/** A command of any kind, simple or made of others. */
export type Node = Command | Pipe | Chain | Group | If | Loop | Case | FunctionDefinition | Test;

/** A simple command: assignments in front, then words of which the first names the command. */
export interface Command {
  readonly kind: "command";
  readonly span: Span;
  readonly assignments: readonly Assignment[];
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
}

/** `a | b`: each stage reads what the one before it writes. */
export interface Pipe {
  readonly kind: "pipe";
  readonly span: Span;
  readonly stages: readonly Node[];
  /** An odd number of `!` in front. */
  readonly negated: boolean;
}

/** `a && b || c`. `operators[i]` stands between `operands[i]` and `operands[i + 1]`. */
export interface Chain {
  readonly kind: "chain";
  readonly span: Span;
  readonly operands: readonly Node[];
  readonly operators: readonly ("&&" | "||")[];
}

/** `{ …; }`, or `( … )` with a shell of its own. */
export interface Group {
  readonly kind: "group";
  readonly span: Span;
  readonly subshell: boolean;
  readonly body: Block;
  readonly redirects: readonly Redirect[];
}

/** Branches, of which the first whose condition succeeds runs. */
export interface If {
  readonly kind: "if";
  readonly span: Span;
  readonly branches: readonly { readonly condition: Block; readonly body: Block }[];
  readonly otherwise: Block | undefined;
  readonly redirects: readonly Redirect[];
}

/** `for`, `while`, `until`, `select`. */
export interface Loop {
  readonly kind: "loop";
  readonly span: Span;
  readonly variable: string | undefined;
  /** The words that the variable runs through; `undefined` where the loop has none. */
  readonly values: readonly Word[] | undefined;
  readonly condition: Block | undefined;
  readonly until: boolean;
  readonly body: Block;
  readonly redirects: readonly Redirect[];
}

/** Branches that are chosen by patterns for one word. */
export interface Case {
  readonly kind: "case";
  readonly span: Span;
  readonly subject: Word;
  readonly arms: readonly { readonly patterns: readonly Word[]; readonly body: Block }[];
  readonly redirects: readonly Redirect[];
}

/** The definition of a function, which runs where it is called. */
export interface FunctionDefinition {
  readonly kind: "function";
  readonly span: Span;
  readonly name: string;
  readonly body: Block;
}

/** `[[ … ]]` and `(( … ))`. */
export interface Test {
  readonly kind: "test";
  readonly span: Span;
  /** `undefined` for arithmetic. */
  readonly condition: Condition | undefined;
  readonly redirects: readonly Redirect[];
}

/** What `[[ … ]]`, and what PowerShell and cmd have in its place, compares. */
export type Condition =
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Word }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Word; readonly right: Word }
  | { readonly kind: "logical"; readonly operator: "&&" | "||"; readonly operands: readonly Condition[] }
  | { readonly kind: "not"; readonly operand: Condition };

/** `name=value`, alone or in front of a command. */
export interface Assignment {
  readonly span: Span;
  readonly name: string;
  /** `undefined` for arrays. */
  readonly value: Word | undefined;
  /** The elements of an array. */
  readonly elements: readonly Word[];
  /** `name+=value`. */
  readonly append: boolean;
}

/** One word as the shell sees it after splitting into words and before expansion. */
export interface Word {
  readonly span: Span;
  readonly parts: readonly Part[];
}

/** A piece of a word. `quoted` pieces are not split or globbed. */
export type Part =
  | { readonly kind: "text"; readonly span: Span; readonly value: string; readonly quoted: boolean }
  /** `$name`, `${name…}`; `fallback` is the word of `${name:-word}`, `operator` what follows the name. */
  | {
      readonly kind: "variable";
      readonly span: Span;
      readonly name: string;
      readonly quoted: boolean;
      readonly operator: string | undefined;
      readonly operand: Word | undefined;
    }
  /** `$( … )` or backticks: the output of a program. */
  | { readonly kind: "substitution"; readonly span: Span; readonly body: Block; readonly quoted: boolean }
  /** `<( … )`: a file name whose content is the output; `>( … )`: one whose input is read by the program. */
  | { readonly kind: "process"; readonly span: Span; readonly body: Block; readonly direction: "in" | "out" }
  | { readonly kind: "glob"; readonly span: Span; readonly value: string }
  /** A masked CI expression: unknown text until the pipeline runs. */
  | {
      readonly kind: "hole";
      readonly span: Span;
      readonly text: string;
      readonly quoted: boolean;
      /** The environment variable whose value the expression is, where it is nothing else. */
      readonly variable: string | undefined;
    }
  /** Anything else that computes text. Programs inside it still run. */
  | { readonly kind: "unknown"; readonly span: Span; readonly programs: readonly Block[] };

/** A redirection of one stream from or to a file. */
export interface Redirect {
  readonly span: Span;
  readonly operator: ">" | ">>" | "<" | "<>" | ">|" | "<&" | ">&" | "&>" | "&>>" | "<<" | "<<<";
  /** The file descriptor in front of the operator, where one is written. */
  readonly descriptor: number | undefined;
  /** The file, or the text of a here-string or here-document. */
  readonly target: Word | undefined;
}

/** The text of a word where it holds nothing but text; `undefined` otherwise. */
export function staticText(word: Word | undefined): string | undefined {
  if (word === undefined) return undefined;
  let text = "";
  for (const part of word.parts) {
    if (part.kind !== "text") return undefined;
    text += part.value;
  }
  return text;
}

/** Every program inside a word: substitutions and the like, in order. */
export function* programsOf(word: Word): Iterable<Block> {
  for (const part of word.parts) {
    if (part.kind === "substitution" || part.kind === "process") yield part.body;
    if (part.kind === "unknown") yield* part.programs;
    if (part.kind === "variable" && part.operand !== undefined) yield* programsOf(part.operand);
  }
}

/** The nodes directly inside a node, with the blocks that hold them, in order of appearance. */
export function blocksOf(node: Node): readonly Block[] {
  switch (node.kind) {
    case "group":
    case "function":
      return [node.body];
    case "if":
      return [
        ...node.branches.flatMap(({ condition, body }) => [condition, body]),
        ...(node.otherwise ? [node.otherwise] : []),
      ];
    case "loop":
      return [...(node.condition ? [node.condition] : []), node.body];
    case "case":
      return node.arms.map((arm) => arm.body);
    default:
      return [];
  }
}
