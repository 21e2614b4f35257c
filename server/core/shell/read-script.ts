import type { Hole } from "../masking.ts";
import { Memo } from "../memo.ts";
import type { ShellLanguage } from "../model.ts";
import { parseBash } from "./bash.ts";
import { parseCmd } from "./cmd.ts";
import type { Block } from "./command.ts";
import { parsePowerShell } from "./powershell.ts";

/** The reader of each shell. A script of which nobody knows the shell is most likely one of sh. */
const READERS: Readonly<Partial<Record<ShellLanguage, typeof parseBash>>> = {
  bash: parseBash,
  sh: parseBash,
  zsh: parseBash,
  ksh: parseBash,
  unknown: parseBash,
  powershell: parsePowerShell,
  cmd: parseCmd,
};

/** What scripts say, by their text; the unit of the weight is one of its UTF-16 units. */
const PROGRAMS = new Memo<Block>(200_000);

/** True where {@link readScript} reads the language. */
export function isReadable(language: ShellLanguage): boolean {
  return READERS[language] !== undefined;
}

/**
 * The commands of a script in a pipeline or in a file of the repository; `undefined` where nothing here reads its language.
 *
 * @param text the script with its expressions masked
 * @param holes the masked expressions, with spans into `text`
 */
export function readScript(language: ShellLanguage, text: string, holes: readonly Hole[]): Block | undefined {
  const reader = READERS[language];
  if (reader === undefined) return undefined;
  const key = `${language}\0${text}\0${holesKey(holes)}`;
  const known = PROGRAMS.get(key);
  if (known !== undefined) return known;
  const program = reader(text, holes);
  PROGRAMS.set(key, program, key.length);
  return program;
}

/** The same for all holes that a reader cannot tell apart. */
export function holesKey(holes: readonly Hole[]): string {
  return holes.map(({ span, text, variable }) => `${span.start} ${span.end} ${variable} ${text}`).join("\u0001");
}
