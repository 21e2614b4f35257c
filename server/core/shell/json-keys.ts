import type { Span } from "../text.ts";
import { type Block, blocksOf, type Command, type Node, programsOf, staticText, type Word } from "./command.ts";

/** A place where a script takes one key out of the JSON in a variable. */
export interface KeyRead {
  readonly key: string;
  /** The variable as written, with its `$`. */
  readonly span: Span;
}

/** Where a program takes single keys out of a variable: `echo "$ALL" | jq -r .KEY` and `jq -r .KEY <<< "$ALL"`. */
export function keysRead(program: Block, variable: string): readonly KeyRead[] {
  return [...nodesIn(program)].flatMap((node): readonly KeyRead[] => {
    if (node.kind === "pipe") {
      const [printer, reader] = node.stages;
      const span = printer?.kind === "command" ? printed(printer, variable) : undefined;
      const key = reader?.kind === "command" ? keyOf(reader) : undefined;
      return span === undefined || key === undefined ? [] : [{ key, span }];
    }
    if (node.kind !== "command") return [];
    const here = node.redirects.find(({ operator }) => operator === "<<<");
    const span = soleVariable(here?.target, variable);
    const key = keyOf(node);
    return span === undefined || key === undefined ? [] : [{ key, span }];
  });
}

/** Every node of a program, those inside of words and of other nodes included. */
function* nodesIn(program: Block): Iterable<Node> {
  const open: Node[] = program.statements.map(({ node }) => node);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node;
    const words = node.kind === "command" ? wordsOf(node) : node.kind === "loop" ? (node.values ?? []) : [];
    const blocks = [...blocksOf(node), ...words.flatMap((word) => [...programsOf(word)])];
    for (const { statements } of blocks) open.push(...statements.map((each) => each.node));
    if (node.kind === "pipe") open.push(...node.stages);
    if (node.kind === "chain") open.push(...node.operands);
  }
}

function wordsOf({ words, assignments, redirects }: Command): readonly Word[] {
  const values = assignments.flatMap(({ value, elements }) => value ?? elements);
  return [...words, ...values, ...redirects.flatMap(({ target }) => target ?? [])];
}

/** The variable that a command prints and nothing else. */
function printed({ words, redirects }: Command, variable: string): Span | undefined {
  const name = staticText(words[0]);
  if (redirects.length > 0 || (name !== "echo" && name !== "printf")) return undefined;
  const args = words.slice(1).filter((word) => !/^(?:-[nE]+|%s(?:\\n)?)$/.test(staticText(word) ?? "$"));
  return args.length === 1 ? soleVariable(args[0], variable) : undefined;
}

function soleVariable(word: Word | undefined, variable: string): Span | undefined {
  const [part, ...others] = word?.parts ?? [];
  if (part?.kind !== "variable" || others.length > 0) return undefined;
  return part.name === variable && part.operator === undefined ? part.span : undefined;
}

/** The key of `jq -r .KEY`, where that is all that jq is told. */
function keyOf({ words }: Command): string | undefined {
  if (staticText(words[0]) !== "jq") return undefined;
  const args = words.slice(1).map((word) => staticText(word) ?? "$");
  const [filter, ...others] = args.filter(
    (arg) => !/^(?:-[rejcM]+|--raw-output|--exit-status|--join-output)$/.test(arg),
  );
  if (filter === undefined || others.length > 0) return undefined;
  const [, plain, quoted] = /^\.(?:([A-Za-z_]\w*)|\[?"([\w-]+)"\]?)$/.exec(filter) ?? [];
  return plain ?? quoted;
}
