import type { Range } from "vscode-languageserver-protocol/node";

/** The line that handed the secrets of thousands of pipelines to a stranger. */
export const codecov = "bash <(curl -s https://codecov.io/bash)";

/** A workflow with one step. */
export function workflow(command: string = codecov): string {
  return `on: push
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - run: ${command}
`;
}

/** The range of the first occurrence of a part, which lies on one line. */
export function rangeOf(text: string, part: string): Range {
  const before = text.slice(0, text.indexOf(part)).split("\n");
  const start = { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
  return { start, end: { line: start.line, character: start.character + part.length } };
}
