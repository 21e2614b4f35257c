import assert from "node:assert/strict";
import type { Hole } from "../../server/core/masking.ts";
import {
  type Block,
  blocksOf,
  type Command,
  type Condition,
  type Node,
  type Part,
  type Redirect,
  type Word,
} from "../../server/core/shell/command.ts";
import type { Span } from "../../server/core/text.ts";

/** One test for each script: it is read as the tree beside it, and no span of that tree leaves the one around it. */
export function itReads(
  parse: (script: string) => Block,
  what: string,
  cases: readonly (readonly [script: string, tree: string])[],
): void {
  for (const [script, tree] of cases) {
    it(`${what} ${JSON.stringify(script)}`, () => {
      const block = parse(script);
      assert.equal(render(block), tree);
      checkSpans(block, script);
    });
  }
}

/** What masking leaves of the expression `${{ x }}` in a script for tests. */
export const HOLE = "X____";

/** The masked expressions of a text. */
export function holesIn(text: string): readonly Hole[] {
  return [...text.matchAll(/X_{4}/g)].map(({ index }) => {
    return { span: { start: index, end: index + HOLE.length }, text: "${{ x }}", ambiguous: false };
  });
}

/** Fails where a span of the tree leaves the one around it, or the tree the text. Gives the number of spans. */
export function checkSpans(block: Block, text: string): number {
  let count = 0;
  const enter = (span: Span, outer: Span, what: string): void => {
    count++;
    const nested = outer.start <= span.start && span.start <= span.end && span.end <= outer.end;
    if (!nested) assert.fail(`${what} ${show(span)} lies outside of ${show(outer)} in ${JSON.stringify(text)}`);
  };
  const visitBlock = (each: Block, outer: Span): void => {
    enter(each.span, outer, "block");
    for (const statement of each.statements) {
      enter(statement.span, each.span, "statement");
      visitNode(statement.node, statement.span);
    }
  };
  const visitPart = (part: Part, outer: Span): void => {
    enter(part.span, outer, part.kind);
    if (part.kind === "substitution" || part.kind === "process") visitBlock(part.body, part.span);
    if (part.kind === "unknown") for (const program of part.programs) visitBlock(program, part.span);
    if (part.kind === "variable" && part.operand !== undefined) visitWord(part.operand, part.span);
  };
  const visitWord = (word: Word, outer: Span): void => {
    enter(word.span, outer, "word");
    for (const part of word.parts) visitPart(part, word.span);
  };
  const visitCondition = (condition: Condition, outer: Span): void => {
    if (condition.kind === "unary") visitWord(condition.operand, outer);
    else if (condition.kind === "not") visitCondition(condition.operand, outer);
    else if (condition.kind === "logical") for (const each of condition.operands) visitCondition(each, outer);
    else for (const word of [condition.left, condition.right]) visitWord(word, outer);
  };
  const visitRedirects = (redirects: readonly Redirect[], outer: Span): void => {
    for (const redirect of redirects) {
      enter(redirect.span, outer, "redirect");
      if (redirect.target !== undefined && redirect.operator !== "<<") visitWord(redirect.target, redirect.span);
    }
  };
  const visitCommand = ({ assignments, words, span }: Command): void => {
    for (const { span: whole, value, elements } of assignments) {
      enter(whole, span, "assignment");
      for (const word of value === undefined ? elements : [value]) visitWord(word, whole);
    }
    for (const word of words) visitWord(word, span);
  };
  const visitNode = (node: Node, outer: Span): void => {
    enter(node.span, outer, node.kind);
    if (node.kind === "command") visitCommand(node);
    if (node.kind === "pipe") for (const stage of node.stages) visitNode(stage, node.span);
    if (node.kind === "chain") for (const operand of node.operands) visitNode(operand, node.span);
    if (node.kind === "loop") for (const word of node.values ?? []) visitWord(word, node.span);
    if (node.kind === "case")
      for (const word of [node.subject, ...node.arms.flatMap((arm) => arm.patterns)]) visitWord(word, node.span);
    if (node.kind === "test" && node.condition !== undefined) visitCondition(node.condition, node.span);
    if ("redirects" in node) visitRedirects(node.redirects, node.span);
    for (const inner of blocksOf(node)) visitBlock(inner, node.span);
  };
  visitBlock(block, { start: 0, end: text.length });
  return count;
}

function show({ start, end }: Span): string {
  return `${start}–${end}`;
}

/** Every word of the tree that stands in the text, programs inside of words included. */
export function wordsOf(block: Block): readonly Word[] {
  const found: Word[] = [];
  const visitWord = (word: Word): void => {
    if (word.span.start < word.span.end) found.push(word);
    for (const part of word.parts) {
      if (part.kind === "substitution" || part.kind === "process") visitBlock(part.body);
      if (part.kind === "unknown") part.programs.forEach(visitBlock);
    }
  };
  const visitNode = (node: Node): void => {
    if (node.kind === "command") {
      for (const { value, elements } of node.assignments) (value === undefined ? elements : [value]).forEach(visitWord);
      node.words.forEach(visitWord);
    }
    if (node.kind === "pipe") node.stages.forEach(visitNode);
    if (node.kind === "chain") node.operands.forEach(visitNode);
    if (node.kind === "loop") (node.values ?? []).forEach(visitWord);
    blocksOf(node).forEach(visitBlock);
  };
  const visitBlock = (each: Block): void => {
    for (const statement of each.statements) visitNode(statement.node);
  };
  visitBlock(block);
  return found;
}

/**
 * A tree on one line, for comparisons. `"text"` was quoted, `$x` is a variable, `$( … )` a substitution, `?[ … ]` unknown text with programs,
 * `⟦ … ⟧` a hole, `‹word›` a word that nobody wrote, `a | b` in `< >` a pipe.
 */
export function render(block: Block): string {
  return block.statements.map(({ node, background }) => renderNode(node) + (background ? " &" : "")).join("; ");
}

export function renderWord(word: Word): string {
  return word.parts.map(renderPart).join("") || "∅";
}

function renderPart(part: Part): string {
  switch (part.kind) {
    case "text":
      return part.quoted ? JSON.stringify(part.value) : part.value;
    case "variable":
      return `$${part.name}${part.operator === undefined ? "" : `{${part.operator}${part.operand ? renderWord(part.operand) : ""}}`}`;
    case "substitution":
      return `$(${render(part.body)})`;
    case "process":
      return `${part.direction}(${render(part.body)})`;
    case "glob":
      return part.value;
    case "hole":
      return `⟦${part.text}⟧`;
    case "unknown":
      return `?[${part.programs.map(render).join(" ¦ ")}]`;
  }
}

function renderCondition(condition: Condition): string {
  switch (condition.kind) {
    case "unary":
      return `(${condition.operator} ${renderWord(condition.operand)})`;
    case "binary":
      return `(${renderWord(condition.left)} ${condition.operator} ${renderWord(condition.right)})`;
    case "logical":
      return `(${condition.operands.map(renderCondition).join(` ${condition.operator} `)})`;
    case "not":
      return `!${renderCondition(condition.operand)}`;
  }
}

function renderNode(node: Node): string {
  switch (node.kind) {
    case "command":
      return [
        ...node.assignments.map(renderAssignment),
        ...node.words.map(renderNamed),
        ...node.redirects.map(renderRedirect),
      ].join(" ");
    case "pipe":
      return `<${node.stages.map(renderNode).join(" | ")}>`;
    case "chain":
      return `(${node.operands.map((operand, index) => `${node.operators[index - 1] ?? ""} ${renderNode(operand)}`.trim()).join(" ")})`;
    case "group":
      return [`{${render(node.body)}}`, ...node.redirects.map(renderRedirect)].join(" ");
    case "if": {
      const branches = node.branches.map(({ condition, body }) => `[${render(condition)}]{${render(body)}}`);
      return `if ${branches.join(" ")}${node.otherwise === undefined ? "" : ` else {${render(node.otherwise)}}`}`;
    }
    case "loop": {
      const values = node.values === undefined ? "" : ` in ${node.values.map(renderWord).join(" ")}`;
      const condition =
        node.condition === undefined ? "" : ` ${node.until ? "until" : "while"} [${render(node.condition)}]`;
      return `loop ${node.variable ?? "∅"}${values}${condition} {${render(node.body)}}`;
    }
    case "case":
      return `case ${renderWord(node.subject)} ${node.arms.map(({ patterns, body }) => `${patterns.map(renderWord).join("|")}{${render(body)}}`).join(" ")}`;
    case "function":
      return `function ${node.name} {${render(node.body)}}`;
    case "test":
      return `test${node.condition === undefined ? "" : renderCondition(node.condition)}`;
  }
}

function renderNamed(word: Word): string {
  return word.span.start === word.span.end && word.parts.length > 0 ? `‹${renderWord(word)}›` : renderWord(word);
}

function renderAssignment({ name, value, elements, append }: Command["assignments"][number]): string {
  return `${name}${append ? "+" : ""}=${value === undefined ? `(${elements.map(renderWord).join(" ")})` : renderWord(value)}`;
}

function renderRedirect({ operator, descriptor, target }: Redirect): string {
  return `${descriptor ?? ""}${operator}${target === undefined ? "" : renderWord(target)}`;
}
