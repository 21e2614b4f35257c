import { parseArgs } from "node:util";
import type { Order } from "../breach/secrets-report.ts";
import { type Party, RULES, readParty, type Severity } from "../core/index.ts";
import type { BaselineChoice } from "./baseline.ts";

/** What the person wants. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  /** The language server, over standard input and output. */
  | { readonly kind: "lsp" }
  /** `reason` is a sentence. */
  | { readonly kind: "wrong"; readonly reason: string }
  | ScanCommand
  | FixCommand
  | VerifyCommand
  | BreachCommand
  | SecretsCommand;

/** Which files a command is about. */
interface Files {
  readonly paths: readonly string[];
  readonly exclude: readonly string[];
}

/** `pipewarden scan`, as it was asked for. */
export interface ScanCommand extends Files {
  readonly kind: "scan";
  readonly format: Format;
  readonly failOn: Severity | "never";
  /** The file that the report goes to; absent: standard output. */
  readonly output: string | undefined;
  /** True where a SARIF report holds what comments silence, marked as such. */
  readonly showSuppressed: boolean;
  readonly baseline: BaselineChoice;
  /** True where today's findings are to be accepted instead of reported. */
  readonly writesBaseline: boolean;
}

/** `pipewarden fix`, as it was asked for. */
export interface FixCommand extends Files {
  readonly kind: "fix";
  readonly dryRun: boolean;
  /** Ids of the rules that are meant; empty: all that are about pins. */
  readonly rules: readonly string[];
  /** Hosts that may have a private address. */
  readonly allowedHosts: readonly string[];
  /** True where the network must not be asked, whatever is asked for. */
  readonly offline: boolean;
}

/** `pipewarden verify`, as it was asked for. */
export interface VerifyCommand extends Files {
  readonly kind: "verify";
  readonly format: "text" | "json";
  /** Hosts that may have a private address. */
  readonly allowedHosts: readonly string[];
  /** True where the network must not be asked, whatever is asked for. */
  readonly offline: boolean;
}

/** `pipewarden breach`, as it was asked for. */
export interface BreachCommand extends Files {
  readonly kind: "breach";
  readonly party: Party;
  readonly format: ReportFormat;
  /** The file that the report goes to; absent: standard output. */
  readonly output: string | undefined;
}

/** `pipewarden secrets`, as it was asked for. */
export interface SecretsCommand extends Files {
  readonly kind: "secrets";
  readonly by: Order;
  readonly format: ReportFormat;
  /** The file that the report goes to; absent: standard output. */
  readonly output: string | undefined;
}

/** How `breach` and `secrets` write their reports. */
export type ReportFormat = (typeof REPORT_FORMATS)[number];

const REPORT_FORMATS = ["text", "json", "markdown"] as const;

const ORDERS: readonly Order[] = ["secret", "step"];

/** How `scan` writes its report. */
export type Format = (typeof FORMATS)[number];

const FORMATS = ["text", "json", "sarif", "github"] as const;

const THRESHOLDS = ["error", "warning", "information", "hint", "never"] as const;

/** What `--help` prints. */
export const usage = `Usage: pipewarden scan [path…] [options]
       pipewarden fix [path…] [options]
       pipewarden verify [path…] [options]
       pipewarden breach <host|owner|action|image|package|url> [path…] [options]
       pipewarden secrets [path…] [options]
       pipewarden lsp --stdio

scan    Finds pipeline steps that run code nobody pinned, and the secrets that code could read. Asks no network.
fix     Pins in place what can be pinned: asks git hosts, registries and addresses what each name stands for today.
verify  Asks again about every pin: which tag moved, which comment is wrong, which script or digest changed or is gone.
breach  Plays through that somebody was altered, such as codecov.io, tj-actions, tj-actions/changed-files@v44 or npm:cowsay:
        which steps would have run it, which secrets it could have taken, and so what to revoke. Asks no network.
secrets Prints which code reaches which secret. Asks no network.
lsp     Is the language server, for editors: docs/editors.md says how to set them up.

Without a path they read the current folder and leave out what .gitignore files ignore, node_modules and vendor.
A path that is named is read whole.

Options:
  --exclude PATTERN          leave out what matches, as in a .gitignore file; may be repeated
  --offline                  refuse whatever would ask the network; scan never does
  --help, --version

Options of scan:
  --format text|json|sarif|github
                             how to write the report (default: text); github: as annotations of a workflow's run
  --fail-on SEVERITY         error, warning, information, hint or never: from which severity on the
                             exit code is 1 (default: warning); the report holds everything
  --output FILE              write the report to a file
  --show-suppressed          SARIF: hold what is silenced as well, marked as suppressed
  --write-baseline           accept today's findings: write them to the baseline, and only new ones are shown then
  --baseline FILE            the baseline (default: .pipewarden-baseline.json at a repository's root, if it is there)
  --no-baseline              show what was accepted too

Options of fix:
  --dry-run                  write nothing, print a unified diff
  --rule ID                  only what this rule finds; may be repeated
  --allow-host HOST          may be asked although its address is private; may be repeated

Options of verify:
  --format text|json         how to write the report (default: text)
  --allow-host HOST          as for fix

Options of breach and secrets:
  --format text|json|markdown
                             how to write the report (default: text)
  --by secret|step           of secrets: how to order it (default: secret)
  --output FILE              write the report to a file

Exit codes:
  scan    0 nothing found, 1 findings
  fix     0 everything is pinned, 1 something was left as it is, hints aside
  verify  0 everything is as pinned, 1 something changed
  breach  0 no step is known that would have run it, 1 some step would have
  secrets 0
  all     2 wrong use, a named path that does not exist or cannot be read, or nobody could be asked
`;

/** Reads the arguments after the program's name. */
export function readArguments(args: readonly string[]): Command {
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...args],
      options: OPTIONS,
      allowPositionals: true,
      tokens: true,
    });
    if (values.help) return { kind: "help" };
    if (values.version) return { kind: "version" };
    const [command, ...paths] = positionals;
    if (command === undefined) return wrong("There is nothing to do without a command.");
    const own = OPTIONS_OF.get(command);
    if (own === undefined) return wrong(`There is no command “${command}”.`);
    const foreign = tokens.find((token) => token.kind === "option" && !own.includes(token.name));
    if (foreign?.kind === "option") return wrong(`The command ${command} has no option ${foreign.rawName}.`);
    if (paths.includes("") || values.output === "") return wrong("A path cannot be empty.");
    const { exclude, "allow-host": allowedHosts } = values;
    switch (command) {
      case "fix":
        return fixCommand(
          { paths, exclude },
          { allowedHosts, offline: values.offline },
          values.rule,
          values["dry-run"],
        );
      case "verify":
        return verifyCommand({ paths, exclude }, { allowedHosts, offline: values.offline }, values.format);
      case "breach":
        return breachCommand({ paths: paths.slice(1), exclude }, paths[0], values.format, values.output);
      case "secrets":
        return secretsCommand({ paths, exclude }, values.by, values.format, values.output);
      case "lsp":
        if (paths.length > 0) return wrong("lsp takes no path: editors say what they have opened.");
        return values.stdio
          ? { kind: "lsp" }
          : wrong("lsp needs --stdio: it speaks over standard input and output alone.");
      default:
        return scanCommand({ paths, exclude }, values);
    }
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
  "show-suppressed": { type: "boolean", default: false },
  "write-baseline": { type: "boolean", default: false },
  baseline: { type: "string" },
  "no-baseline": { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
  rule: { type: "string", multiple: true, default: [] as string[] },
  "allow-host": { type: "string", multiple: true, default: [] as string[] },
  by: { type: "string", default: "secret" },
  offline: { type: "boolean", default: false },
  stdio: { type: "boolean", default: false },
  // Clients add it, and the server ends when that process does.
  clientProcessId: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

const OPTIONS_OF: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "scan",
    [
      "exclude",
      "offline",
      "format",
      "fail-on",
      "output",
      "show-suppressed",
      "write-baseline",
      "baseline",
      "no-baseline",
    ],
  ],
  ["fix", ["exclude", "offline", "dry-run", "rule", "allow-host"]],
  ["verify", ["exclude", "offline", "format", "allow-host"]],
  ["breach", ["exclude", "format", "output"]],
  ["secrets", ["exclude", "format", "output", "by"]],
  ["lsp", ["stdio", "clientProcessId"]],
]);

interface ScanValues {
  readonly format: string;
  readonly "fail-on": string;
  readonly output?: string;
  readonly "show-suppressed": boolean;
  readonly "write-baseline": boolean;
  readonly baseline?: string;
  readonly "no-baseline": boolean;
}

function scanCommand(files: Files, values: ScanValues): Command {
  const { format: written, "fail-on": threshold, output, "show-suppressed": showSuppressed } = values;
  const format = FORMATS.find((each) => each === written);
  const failOn = THRESHOLDS.find((each) => each === threshold);
  if (format === undefined) return wrong(`There is no format “${written}”: it is one of ${FORMATS.join(", ")}.`);
  if (failOn === undefined) return wrong(`--fail-on cannot be “${threshold}”: it is one of ${THRESHOLDS.join(", ")}.`);
  const { baseline: named, "no-baseline": isOff, "write-baseline": writesBaseline } = values;
  if (named === "") return wrong("A path cannot be empty.");
  if (isOff && (named !== undefined || writesBaseline)) return wrong("--no-baseline contradicts the other options.");
  const baseline = isOff ? "none" : named === undefined ? "usual" : { file: named };
  return { kind: "scan", ...files, format, failOn, output, showSuppressed, baseline, writesBaseline };
}

type Network = Pick<FixCommand, "allowedHosts" | "offline">;

function fixCommand(files: Files, network: Network, rules: readonly string[], dryRun: boolean): Command {
  const strange = rules.find((each) => !RULES.some(({ id }) => id === each));
  if (strange !== undefined) return wrong(`There is no rule “${strange}”.`);
  return { kind: "fix", ...files, dryRun, rules, ...network };
}

function verifyCommand(files: Files, network: Network, format: string): Command {
  if (format !== "text" && format !== "json")
    return wrong(`verify has no format “${format}”: it is one of text, json.`);
  return { kind: "verify", ...files, format, ...network };
}

function breachCommand(files: Files, written: string | undefined, format: string, output: string | undefined): Command {
  const party = written === undefined ? undefined : readParty(written);
  if (party === undefined)
    return wrong(
      "breach needs to know who was altered: a host, an owner, an action, an image, a package or an address.",
    );
  const known = REPORT_FORMATS.find((each) => each === format);
  return known === undefined ? noFormat("breach", format) : { kind: "breach", ...files, party, format: known, output };
}

function secretsCommand(files: Files, written: string, format: string, output: string | undefined): Command {
  const by = ORDERS.find((each) => each === written);
  if (by === undefined) return wrong(`--by cannot be “${written}”: it is one of ${ORDERS.join(", ")}.`);
  const known = REPORT_FORMATS.find((each) => each === format);
  return known === undefined ? noFormat("secrets", format) : { kind: "secrets", ...files, by, format: known, output };
}

function noFormat(command: string, format: string): Command {
  return wrong(`${command} has no format “${format}”: it is one of ${REPORT_FORMATS.join(", ")}.`);
}

function wrong(reason: string): Command {
  return { kind: "wrong", reason };
}
