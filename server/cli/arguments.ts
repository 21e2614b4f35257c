import { parseArgs } from "node:util";
import type { Severity } from "../core/index.ts";

/** What the person wants. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  /** `reason` is a sentence. */
  | { readonly kind: "wrong"; readonly reason: string }
  | ScanCommand;

export interface ScanCommand {
  readonly kind: "scan";
  readonly paths: readonly string[];
  readonly format: Format;
  readonly failOn: Severity | "never";
  readonly exclude: readonly string[];
  /** The file that the report goes to; absent: standard output. */
  readonly output: string | undefined;
}

export type Format = (typeof FORMATS)[number];

const FORMATS = ["text", "json", "sarif"] as const;

const THRESHOLDS = ["error", "warning", "information", "hint", "never"] as const;

export const usage = `Usage: pipewarden scan [path…] [options]

Finds pipeline steps that run code nobody pinned, and the secrets that code could read.

Without a path it scans the current folder and leaves out what .gitignore files ignore, node_modules and vendor.
A path that is named is read whole.

Options:
  --format text|json|sarif   how to write the report (default: text)
  --fail-on SEVERITY         error, warning, information, hint or never: from which severity on the
                             exit code is 1 (default: warning); the report holds everything
  --exclude PATTERN          leave out what matches, as in a .gitignore file; may be repeated
  --output FILE              write the report to a file
  --help, --version

Exit codes: 0 nothing found, 1 findings, 2 wrong use, or a named path that does not exist or cannot be read.
`;

/** Reads the arguments after the program's name. */
export function readArguments(args: readonly string[]): Command {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    if (values.help) return { kind: "help" };
    if (values.version) return { kind: "version" };
    const [command, ...paths] = positionals;
    const format = FORMATS.find((each) => each === values.format);
    const failOn = THRESHOLDS.find((each) => each === values["fail-on"]);
    if (command === undefined) return wrong("There is nothing to do without a command.");
    if (command !== "scan") return wrong(`There is no command “${command}”.`);
    if (format === undefined)
      return wrong(`There is no format “${values.format}”: it is one of ${FORMATS.join(", ")}.`);
    if (failOn === undefined)
      return wrong(`--fail-on cannot be “${values["fail-on"]}”: it is one of ${THRESHOLDS.join(", ")}.`);
    if (paths.includes("") || values.output === "") return wrong("A path cannot be empty.");
    return { kind: "scan", paths, format, failOn, exclude: values.exclude, output: values.output };
  } catch (error) {
    // parseArgs goes on after the first sentence with advice that does not fit here.
    return wrong(error instanceof Error ? `${error.message.split(/\. |\n/)[0]}.` : String(error));
  }
}

const OPTIONS = {
  format: { type: "string", default: "text" },
  "fail-on": { type: "string", default: "warning" },
  exclude: { type: "string", multiple: true, default: [] as string[] },
  output: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

function wrong(reason: string): Command {
  return { kind: "wrong", reason };
}
