import assert from "node:assert/strict";
import type { Masking } from "../../server/core/masking.ts";
import { maskNone } from "../../server/core/masking.ts";
import { parseBash } from "../../server/core/shell/bash.ts";
import type { Part } from "../../server/core/shell/command.ts";
import type { Value } from "../../server/core/shell/state.ts";
import { unwrap } from "../../server/core/shell/wrappers.ts";

/** The words of a command line as the flow hands them to the readers of command lines: variables unknown, wrappers taken off. */
export function wordsOf(line: string, mask: Masking = maskNone): readonly Value[] {
  const { text, holes } = mask(line);
  const node = parseBash(text, holes).statements[0]?.node;
  assert.equal(node?.kind, "command");
  const words = node.words.map(({ span, parts }): Value => {
    const known = parts.every(({ kind }) => kind === "text" || kind === "glob");
    const plain = parts.map((part) => textOf(part, line)).join("");
    return { text: plain, known, origins: [], digests: [], whole: false, span };
  });
  return unwrap(words).words;
}

function textOf(part: Part, line: string): string {
  if (part.kind === "text" || part.kind === "glob") return part.value;
  if (part.kind === "hole") return part.text;
  if (part.kind === "variable" && part.operator === undefined) return `$${part.name}`;
  return line.slice(part.span.start, part.span.end);
}
