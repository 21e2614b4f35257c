import path from "node:path";
import type { Severity } from "../core/index.ts";
import { isWithin, slashed } from "../workspace/paths.ts";
import { printable } from "./printable.ts";
import type { Report, Result } from "./report.ts";
import { reachLines, summary } from "./report-text.ts";

/**
 * The report as workflow commands, which GitHub shows at the lines of a pull request: one command for each finding, and a line that
 * sums up. Source of the form: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands; of what is escaped
 * in it: `command.ts` of https://github.com/actions/toolkit.
 *
 * @param workspace absolute path of the folder that GitHub reads names of files from, the root of the checkout
 */
export function toGithub(report: Report, workspace: string): string {
  return `${[...report.results.map((result) => commandOf(result, workspace)), summary(report)].join("\n")}\n`;
}

const COMMANDS: { readonly [S in Severity]: string } = {
  error: "error",
  warning: "warning",
  information: "notice",
  hint: "notice",
};

function commandOf({ severity, file, region, rule, message, ...result }: Result, workspace: string): string {
  const { startLine, startColumn, endLine, endColumn } = region;
  // GitHub takes columns only of what lies in one line.
  const columns = startLine === endLine ? { col: startColumn, endColumn } : {};
  const properties = { file: pathFrom(workspace, file), line: startLine, endLine, ...columns, title: rule.id };
  const written = Object.entries(properties).map(([name, value]) => `${name}=${asProperty(String(value))}`);
  const text = [message, ...reachLines(result)].map(printable).join("\n");
  return `::${COMMANDS[severity]} ${written.join(",")}::${asData(text)}`;
}

function pathFrom(workspace: string, file: string): string {
  return slashed(isWithin(workspace, file) ? path.relative(workspace, file) : file).replace(/[^\r\n]+/g, printable);
}

function asData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function asProperty(text: string): string {
  return asData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
