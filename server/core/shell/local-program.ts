import type { Hole } from "../masking.ts";
import type { ShellLanguage } from "../model.ts";
import type { FileCall, LocalCall, MakeCall, ScriptCall } from "./local-call.ts";
import { readMakefile } from "./makefile.ts";
import { readPackageScript } from "./package-script.ts";
import { readShellLine, type ShellLine, shellLanguage } from "./shell-line.ts";

export { type LocalCall, readLocalCall } from "./local-call.ts";

/** Code in a file of the repository, read as its shell would read it. */
export interface LocalProgram extends ShellLine {
  /** From the repository's root. */
  readonly path: string;
  readonly notation: Notation;
  readonly language: ShellLanguage;
  /** The working directory of its shells from the repository's root; `undefined` where it is that of the caller. */
  readonly folder: string | undefined;
  /** Variables that the file itself sets for all its parts, such as those of a makefile. Holes name them. */
  readonly variables: ReadonlyMap<string, string>;
  /** Scripts that run one after another, each in a shell of its own, such as the lines of a makefile's recipe. A script file has one. */
  readonly parts: readonly LocalPart[];
}

/** How a file holds its scripts: as nothing but one, in the recipes of a makefile, or in the strings of a JSON document. */
export type Notation = "script" | "makefile" | "json";

/** One script of a program. */
export interface LocalPart {
  /**
   * Its offsets and lines are those of the file: what is no code of the part is blank. It may end before the file does. Escapes of the
   * file's own notation are as long as they were, with blanks where they lose a character.
   */
  readonly text: string;
  /** Expressions of the file's own notation, masked in the text. */
  readonly holes: readonly Hole[];
  /** True where a failure does not keep the next part from running. */
  readonly tolerated: boolean;
}

/**
 * The code of the repository that a call runs; nothing where the file is missing, too long, or in a language that is not read here.
 *
 * @param read text of a file by its path from the repository's root
 */
export function readLocalProgram(call: LocalCall, read: (path: string) => string | undefined): readonly LocalProgram[] {
  const reader = (path: string) => readable(read(path));
  switch (call.how) {
    case "file":
      return readScriptFile(call, reader);
    case "make":
      return readMakefileOf(call, reader);
    case "npm-script":
      return readPackage(call, reader);
  }
}

/** In UTF-16 units. Scripts that people write are far below; what is above was generated. */
const MAX_LENGTH = 256 * 1024;

function readable(text: string | undefined): string | undefined {
  return text === undefined || text.length > MAX_LENGTH || text.includes("\0") ? undefined : text;
}

function readScriptFile(call: FileCall, read: (path: string) => string | undefined): readonly LocalProgram[] {
  const text = read(call.path);
  const shell = text === undefined ? undefined : shellOf(call, text);
  if (text === undefined || shell === undefined) return [];
  const part: LocalPart = { text: text.replace(/^\ufeff/, " "), holes: [], tolerated: false };
  return [{ path: call.path, notation: "script", ...shell, folder: undefined, variables: new Map(), parts: [part] }];
}

/** For a program that the command line names, `#!` is a comment and its options have no effect. */
function shellOf(call: FileCall, text: string): ShellLine | undefined {
  const { interpreter, errexit, pipefail } = call;
  if (interpreter !== undefined) {
    const language = shellLanguage(interpreter);
    return language && { language, errexit, pipefail };
  }
  const shebang = shebangOf(text);
  if (shebang !== undefined) {
    const shell = readShellLine(shebang);
    return shell && call.sourced ? { ...shell, errexit: false, pipefail: false } : shell;
  }
  const extension = /^.+\.(\w+)$/.exec(call.path.replace(/^.*\//, ""))?.[1]?.toLowerCase();
  const language = extension === undefined ? undefined : EXTENSIONS.get(extension);
  if (language !== undefined) return { language, errexit: false, pipefail: false };
  if (call.sourced) return { language: "bash", errexit: false, pipefail: false };
  return extension === undefined ? { language: "sh", errexit: false, pipefail: false } : undefined;
}

const EXTENSIONS: ReadonlyMap<string, ShellLanguage> = new Map<string, ShellLanguage>([
  ["sh", "sh"],
  ["bash", "bash"],
  ["zsh", "zsh"],
  ["ksh", "ksh"],
  ["ps1", "powershell"],
  ["psm1", "powershell"],
  ["bat", "cmd"],
  ["cmd", "cmd"],
]);

/** What stands behind `#!`. nix-shell names its interpreter in a line of its own. */
function shebangOf(text: string): string | undefined {
  const [, line] = /^\ufeff?#!(.*)/.exec(text) ?? [];
  if (line === undefined || !/\bnix-shell\b/.test(line)) return line;
  return /^#!.*\bnix-shell\b.*\s-i\s+(\S+)/m.exec(text)?.[1] ?? line;
}

const MAKEFILES = ["GNUmakefile", "makefile", "Makefile"] as const;

function readMakefileOf(call: MakeCall, read: (path: string) => string | undefined): readonly LocalProgram[] {
  const paths = call.file === undefined ? MAKEFILES.map((name) => inFolder(call.folder, name)) : [call.file];
  for (const path of paths) {
    const text = read(path);
    if (text === undefined) continue;
    const makefile = readMakefile(text, call.targets, call.overrides);
    return makefile === undefined ? [] : [{ path, notation: "makefile", folder: call.folder, ...makefile }];
  }
  return [];
}

/** npm and its kin look for package.json in the working directory and, where there is none, above it. */
function readPackage(call: ScriptCall, read: (path: string) => string | undefined): readonly LocalProgram[] {
  for (let folder: string | undefined = call.folder; folder !== undefined; folder = parentOf(folder)) {
    const path = inFolder(folder, "package.json");
    const text = read(path);
    if (text === undefined) continue;
    const parts = readPackageScript(text, call.script);
    if (parts.length === 0) return [];
    const shell = { language: "sh", errexit: false, pipefail: false } as const;
    return [{ path, notation: "json", ...shell, folder, variables: new Map(), parts }];
  }
  return [];
}

function inFolder(folder: string, name: string): string {
  return folder === "." ? name : `${folder}/${name}`;
}

function parentOf(folder: string): string | undefined {
  if (folder === ".") return undefined;
  const slash = folder.lastIndexOf("/");
  return slash < 0 ? "." : folder.slice(0, slash);
}
