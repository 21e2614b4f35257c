import { Memo } from "../memo.ts";
import type { Value } from "./state.ts";

/** What a command line comes down to once the programs that only run another program are taken off. */
export interface Unwrapped {
  /** The program and its arguments. Empty where the wrapper runs nothing. */
  readonly words: readonly Value[];
  /** Variables set for it: `env A=1 cmd`, `sudo A=1 cmd`. */
  readonly assignments: readonly Value[];
}

/** Options that take a value in the next word, and how many words stand between the options and the program. */
interface Wrapper {
  readonly valued: string;
  readonly operands: number;
}

/** Programs that run the program named by their arguments, with its standard input and output left as they are. */
const WRAPPERS: ReadonlyMap<string, Wrapper> = new Map(
  Object.entries({
    sudo: {
      valued: "-u -g -h -p -C -T -r -t -D -R -U --user --group --host --prompt --chdir --role --type",
      operands: 0,
    },
    doas: { valued: "-u -C", operands: 0 },
    env: { valued: "-u --unset -C --chdir -S --split-string", operands: 0 },
    nohup: { valued: "", operands: 0 },
    time: { valued: "-f -o --format --output", operands: 0 },
    nice: { valued: "-n --adjustment", operands: 0 },
    ionice: { valued: "-c -n -p --class --classdata", operands: 0 },
    timeout: { valued: "-s -k --signal --kill-after", operands: 1 },
    gtimeout: { valued: "-s -k --signal --kill-after", operands: 1 },
    command: { valued: "", operands: 0 },
    builtin: { valued: "", operands: 0 },
    exec: { valued: "-a", operands: 0 },
    setsid: { valued: "", operands: 0 },
    stdbuf: { valued: "-i -o -e --input --output --error", operands: 0 },
    unbuffer: { valued: "", operands: 0 },
    runuser: { valued: "-u -g -G --user --group --supp-group", operands: 0 },
    chroot: { valued: "--userspec --groups", operands: 1 },
    gosu: { valued: "", operands: 1 },
    "su-exec": { valued: "", operands: 1 },
    fakeroot: { valued: "-l -s -i -b --lib --faked", operands: 0 },
    busybox: { valued: "", operands: 0 },
    toybox: { valued: "", operands: 0 },
    arch: { valued: "-arch", operands: 0 },
    caffeinate: { valued: "-t -w", operands: 0 },
    "xvfb-run": { valued: "-e -f -n -p -s -w --error-file --server-args --server-num", operands: 0 },
    "appveyor-retry": { valued: "", operands: 0 },
    travis_retry: { valued: "", operands: 0 },
    travis_wait: { valued: "", operands: 0 },
    eatmydata: { valued: "", operands: 0 },
    catchsegv: { valued: "", operands: 0 },
    flock: { valued: "-w -E --timeout --conflict-exit-code", operands: 1 },
  } satisfies Record<string, Wrapper>).map(([name, { valued, operands }]) => [name, { valued, operands }]),
);

const MAX_DEPTH = 16;

/** Takes wrappers off the front of a command line, however many there are. */
export function unwrap(words: readonly Value[]): Unwrapped {
  if (!WRAPPERS.has(programName(words[0]))) return { words, assignments: [] };
  const assignments: Value[] = [];
  let rest = words;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const wrapper = WRAPPERS.get(programName(rest[0]));
    if (wrapper === undefined || rest.length < 2) break;
    const inner = afterOptions(rest.slice(1), wrapper, assignments);
    if (inner === undefined) break;
    rest = inner;
  }
  return { words: rest, assignments };
}

/** The name of a program without its folder and Windows ending, lower case: `/usr/bin/bash` is "bash". "" where it is not known. */
export function programName(word: Value | undefined): string {
  return word === undefined ? "" : programOf(word.text).name;
}

/** {@link programName} of a text. */
export function nameOf(text: string): string {
  return programOf(text).name;
}

/** What the text of a command's first word says by itself. */
interface Program {
  readonly name: string;
  readonly system: boolean;
}

/** Asked several times for every command of every script, and scripts name few programs. The unit of the weight is that of text. */
const PROGRAMS = new Memo<Program>(200_000);

function programOf(text: string): Program {
  const known = PROGRAMS.get(text);
  if (known !== undefined) return known;
  const slash = Math.max(text.lastIndexOf("/"), text.lastIndexOf("\\"));
  const name = (slash < 0 ? text : text.slice(slash + 1)).toLowerCase().replace(/\.(?:exe|cmd|bat)$/, "");
  const system = slash < 0 || /^\/(?:usr\/(?:local\/)?)?s?bin\/[^/]+$/.test(text);
  const program = { name, system };
  PROGRAMS.set(text, program, text.length);
  return program;
}

function afterOptions(words: readonly Value[], wrapper: Wrapper, assignments: Value[]): readonly Value[] | undefined {
  const valued = new Set(wrapper.valued.split(" "));
  let operands = wrapper.operands;
  for (let index = 0; index < words.length; index++) {
    const { text = "" } = words[index] ?? {};
    if (text === "--") return operands > 0 ? words.slice(index + 1 + operands) : words.slice(index + 1);
    if (text.startsWith("-") && text.length > 1) {
      if (valued.has(text)) index++;
      continue;
    }
    if (/^[A-Za-z_]\w*=/.test(text)) {
      const word = words[index];
      if (word !== undefined) assignments.push(word);
      continue;
    }
    if (operands-- > 0) continue;
    return words.slice(index);
  }
  return undefined;
}

/** The value of an option: the next word, or what stands behind `=`. `undefined` where the option is not there. */
export function optionValue(words: readonly Value[], name: RegExp): Value | undefined {
  for (const [index, word] of words.entries()) {
    if (name.test(word.text)) return words[index + 1];
    const equals = word.text.indexOf("=");
    if (word.text.startsWith("--") && equals > 0 && name.test(word.text.slice(0, equals))) {
      return { ...word, text: word.text.slice(equals + 1) };
    }
  }
  return undefined;
}

/** True for a name without a folder, or with one that the system's own programs lie in. */
export function isSystemProgram(word: Value | undefined): boolean {
  return word !== undefined && programOf(word.text).system;
}

/** True for a program that runs another one. */
export function isWrapper(name: string): boolean {
  return WRAPPERS.has(name);
}
