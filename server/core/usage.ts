import type { Step } from "./model.ts";

/**
 * True where a step names an environment variable: in an expression, in a script of whatever shell, or in an input. Names are compared as
 * whole words, so that a use is rather seen once too often than overlooked.
 */
export function usesVariable(step: Step, name: string): boolean {
  if (step.reads.includes(name)) return true;
  const word = new RegExp(`(?<![A-Za-z0-9_])${name.replace(/[^\w]/g, "\\$&")}(?![A-Za-z0-9_])`);
  const texts = [
    ...step.scripts.flatMap(({ text, holes }) => [text, ...holes.map((hole) => hole.text)]),
    ...step.inputs.map((input) => input.value ?? ""),
    ...step.scope.variables.filter((variable) => variable.name !== name).map((variable) => variable.value ?? ""),
  ];
  return texts.some((text) => word.test(text));
}
