import type { ShellLanguage } from "../model.ts";

/** A shell with the options it is started with. */
export interface ShellLine {
  readonly language: ShellLanguage;
  readonly errexit: boolean;
  readonly pipefail: boolean;
}

/**
 * Reads the command line that starts a shell, such as what stands behind `#!` or the value of make's `SHELL`: `/usr/bin/env -S bash -eu`.
 * `undefined` where the program is no shell that can be read.
 */
export function readShellLine(line: string): ShellLine | undefined {
  const words = line.trim().split(/\s+/);
  let at = 0;
  while (/^(?:env|busybox|sudo)$/.test(baseName(words[at]))) {
    at++;
    while (/^-|^\w+=/.test(words[at] ?? "")) at++;
  }
  const language = shellLanguage(baseName(words[at]));
  return language && { language, ...shellOptions(words.slice(at + 1)) };
}

/** The language of a shell's name, lower case and without a folder; `undefined` where it is none that can be read. */
export function shellLanguage(name: string): ShellLanguage | undefined {
  return LANGUAGES.get(name);
}

/** What `-e`, `-eo pipefail` and the like in the arguments of a shell switch on. */
export function shellOptions(args: readonly string[]): Omit<ShellLine, "language"> {
  let errexit = false;
  let pipefail = false;
  for (const [index, arg] of args.entries()) {
    if (!/^-[A-Za-z]+$/.test(arg)) continue;
    const named = arg.includes("o") ? args[index + 1] : undefined;
    errexit ||= arg.includes("e") || named === "errexit";
    pipefail ||= named === "pipefail";
  }
  return { errexit, pipefail };
}

const LANGUAGES: ReadonlyMap<string, ShellLanguage> = new Map<string, ShellLanguage>([
  ["bash", "bash"],
  ["rbash", "bash"],
  ["sh", "sh"],
  ["dash", "sh"],
  ["ash", "sh"],
  ["yash", "sh"],
  ["zsh", "zsh"],
  ["ksh", "ksh"],
  ["ksh93", "ksh"],
  ["mksh", "ksh"],
  ["pdksh", "ksh"],
  ["pwsh", "powershell"],
  ["powershell", "powershell"],
  ["cmd", "cmd"],
]);

function baseName(path = ""): string {
  return path
    .replace(/^.*[/\\]/, "")
    .replace(/\.exe$/i, "")
    .toLowerCase();
}
