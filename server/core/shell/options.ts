import { cover, type Span } from "../text.ts";
import type { Value } from "./state.ts";

/** The arguments of a command line, sorted by the rules of the tool that reads them. */
export interface Options {
  /** Values by the option's name with its dashes. An option without a value has an empty text. */
  readonly values: ReadonlyMap<string, readonly Value[]>;
  /** Everything that is neither an option nor the value of one. */
  readonly operands: readonly Value[];
}

/** How a tool reads its arguments. */
export interface OptionStyle {
  /** Names of the options, with their dashes, whose value may stand in the next word. */
  readonly valued: ReadonlySet<string>;
  /** True where the first operand ends the options: what follows belongs to another program. */
  readonly leading?: boolean;
  /** False where `-abc` is the name of one option, as in Go, and not three short ones. */
  readonly clusters?: boolean;
}

/** A style whose valued options are written as one text with spaces between. */
export function optionStyle(valued: string, rest: Omit<OptionStyle, "valued"> = {}): OptionStyle {
  return { valued: new Set(valued.split(/\s+/).filter((name) => name !== "")), ...rest };
}

/** Reads `-abc value`, `-ovalue`, `--name value`, `--name=value` and `--`. Unknown options take no value. */
export function readOptions(args: readonly Value[], style: OptionStyle): Options {
  const values = new Map<string, Value[]>();
  const operands: Value[] = [];
  const withRest = (from: number): Options => ({ values, operands: [...operands, ...args.slice(from)] });
  const add = (name: string, value: Value): void => {
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  };
  for (let index = 0; index < args.length; index++) {
    const arg = args[index];
    if (arg === undefined) break;
    const { text } = arg;
    if (text === "--") return withRest(index + 1);
    if (!text.startsWith("-") || text === "-") {
      if (style.leading) return withRest(index);
      operands.push(arg);
      continue;
    }
    for (const { name, value, next } of readOption(arg, style)) {
      add(name, next ? (args[index + 1] ?? value) : value);
      if (next) index++;
    }
  }
  return { values, operands };
}

interface Option {
  readonly name: string;
  readonly value: Value;
  /** True where the value stands in the next word. */
  readonly next: boolean;
}

function readOption(arg: Value, { valued, clusters = true }: OptionStyle): readonly Option[] {
  const { text } = arg;
  const from = (at: number): Value => ({ ...arg, text: text.slice(at) });
  const equals = text.indexOf("=");
  if (text.startsWith("--") || !clusters) {
    if (equals > 0) return [{ name: text.slice(0, equals), value: from(equals + 1), next: false }];
    return [{ name: text, value: from(text.length), next: valued.has(text) }];
  }
  const options: Option[] = [];
  for (let at = 1; at < text.length; at++) {
    const name = `-${text[at]}`;
    const last = at + 1 === text.length;
    if (valued.has(name) && !last) return [...options, { name, value: from(at + 1), next: false }];
    options.push({ name, value: from(text.length), next: valued.has(name) });
  }
  return options;
}

/** True where one of the options is there. */
export function hasOption({ values }: Options, ...names: readonly string[]): boolean {
  return names.some((name) => values.has(name));
}

/** All values of options that mean the same, in no particular order. */
export function optionValues({ values }: Options, ...names: readonly string[]): readonly Value[] {
  return names.flatMap((name) => values.get(name) ?? []);
}

/** The value that counts where an option is given more than once. */
export function lastOption(options: Options, ...names: readonly string[]): Value | undefined {
  return optionValues(options, ...names).at(-1);
}

/**
 * A word in which what only the run knows stands as a symbol: the expressions of CI products hold blanks, slashes and `@`, which would
 * be taken for marks of a package's or image's name.
 */
export function withSymbols(word: Value): Value {
  return word.known ? word : { ...word, text: word.text.replace(EXPRESSION, "‹›") };
}

const EXPRESSION =
  /\$\{\{.{0,400}?\}\}|\$\[\[.{0,400}?\]\]|\{\{.{0,400}?\}\}|<<.{0,400}?>>|<\+.{0,400}>|\(\(.{0,400}?\)\)|\$\([^()]{0,400}\)|\$\{[^{}]{0,400}\}/gs;

/** From the program to the word that names what it fetches; the word alone where it was written earlier, into a variable. */
export function fromProgram(program: Value, word: Value): Span {
  return word.span.start < program.span.start ? word.span : cover(program.span, word.span);
}
