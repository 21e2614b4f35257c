import type { Severity } from "../core/index.ts";
import { Refusal } from "../resolvers/resolver.ts";
import { readArguments, type ScanCommand, usage } from "./arguments.ts";
import { writeBaselines } from "./baseline.ts";
import { runBreach, runSecrets } from "./breach.ts";
import { runFix } from "./fix.ts";
import { put } from "./output.ts";
import { printable } from "./printable.ts";
import { type Report, SEVERITIES } from "./report.ts";
import { toGithub } from "./report-github.ts";
import { toJson } from "./report-json.ts";
import { toSarif } from "./report-sarif.ts";
import { noticesToText, toText } from "./report-text.ts";
import { scan } from "./scan.ts";
import type { ExitCode, Terminal } from "./terminal.ts";
import { runVerify } from "./verify.ts";

/** Runs the command line with the arguments after the program's name. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const command = readArguments(args);
  try {
    if (command.kind === "scan") return await runScan(command, terminal);
    if (command.kind === "fix") return await runFix(command, terminal);
    if (command.kind === "verify") return await runVerify(command, terminal);
    if (command.kind === "breach") return await runBreach(command, terminal);
    if (command.kind === "secrets") return await runSecrets(command, terminal);
    if (command.kind === "lsp") await terminal.serve();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    terminal.err(`pipewarden: ${printable(error.message)}\n`);
    return 2;
  }
  if (command.kind === "help") terminal.out(usage);
  if (command.kind === "version") terminal.out(`${terminal.version}\n`);
  if (command.kind !== "wrong") return 0;
  terminal.err(`pipewarden: ${printable(command.reason)}\n\n${usage}`);
  return 2;
}

async function runScan(command: ScanCommand, terminal: Terminal): Promise<ExitCode> {
  const { report, baselines } = await scan({ ...command, cwd: terminal.cwd });
  const exitCode = exitCodeOf(report, command.failOn);
  terminal.err(noticesToText(report));
  if (command.writesBaseline) {
    if (report.ciFiles === 0) terminal.out("No CI file found.\n");
    return writeBaselines(baselines, report, terminal) && exitCode !== 2 ? 0 : 2;
  }
  return put(written(report, command, exitCode, terminal), command.output, terminal) ? exitCode : 2;
}

function written(
  report: Report,
  { format, output, showSuppressed }: ScanCommand,
  exitCode: ExitCode,
  terminal: Terminal,
): string {
  switch (format) {
    case "json":
      return toJson(report, terminal.version);
    case "github":
      return toGithub(report, terminal.githubWorkspace ?? terminal.cwd);
    case "sarif":
      return toSarif(report, terminal.version, exitCode, showSuppressed);
    case "text":
      return toText(report, terminal.colours && output === undefined);
  }
}

function exitCodeOf({ results, notices }: Report, failOn: Severity | "never"): ExitCode {
  if (notices.some(({ failure }) => failure)) return 2;
  const grave = SEVERITIES.slice(0, failOn === "never" ? 0 : SEVERITIES.indexOf(failOn) + 1);
  return results.some(({ severity }) => grave.includes(severity)) ? 1 : 0;
}
