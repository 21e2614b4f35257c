import type { Severity } from "../core/index.ts";
import { printable } from "./printable.ts";
import { grouped, type Notice, type Report, type Result, shownPath } from "./report.ts";

/** The report for a person: findings by file, what each could have read, and a line that sums up. */
export function toText(report: Report, colours: boolean): string {
  const paint = colours ? painted : (text: string) => text;
  const files = [...grouped(report.results, (result) => result.file)].map(([file, results]) =>
    [paint(printable(shownPath(report, file)), "file"), ...results.flatMap((result) => linesOf(result, paint))].join(
      "\n",
    ),
  );
  return `${[...files, summary(report)].join("\n\n")}\n`;
}

/** What there is to say about the scan itself, one line each. */
export function noticesToText(report: Pick<Report, "base" | "notices">): string {
  return report.notices
    .map((notice) => `pipewarden: ${printable(whereOf(report, notice))}: ${printable(notice.message)}\n`)
    .join("");
}

type Paint = (text: string, style: Style) => string;

type Style = Severity | "file" | "quiet";

const CODES: { readonly [S in Style]: string } = {
  error: "31",
  warning: "33",
  information: "36",
  hint: "36",
  file: "4",
  quiet: "2",
};

function painted(text: string, style: Style): string {
  return `\u001b[${CODES[style]}m${text}\u001b[0m`;
}

function linesOf({ region, severity, message, rule, ...result }: Result, paint: Paint): readonly string[] {
  const place = `${region.startLine}:${region.startColumn}`.padStart(8);
  const head = `${place}  ${paint(severity.padEnd(11), severity)}  ${printable(message)} ${paint(`[${rule.id}]`, "quiet")}`;
  const indent = " ".repeat(23);
  return [head, ...reachLines(result).map((line) => indent + line)];
}

/** Which secrets the code behind a finding could have read, and which it could take later: a sentence each, where there are any. */
export function reachLines({ reach = [], reachLater = [] }: Pick<Result, "reach" | "reachLater">): readonly string[] {
  return [
    ...(reach.length === 0 ? [] : [`It could read ${reachText(reach)}.`]),
    ...(reachLater.length === 0 ? [] : [`By tampering with later steps: ${reachText(reachLater)}.`]),
  ];
}

/** "A and B (the whole workflow), C (job “build”)": each scope once, in the order of the reach. */
function reachText(reach: NonNullable<Result["reach"]>): string {
  return [...grouped(reach, ({ scope }) => scope)]
    .map(
      ([scope, secrets]) =>
        `${[...new Set(secrets.map(({ name }) => printable(name)))].join(", ")} (${printable(scope)})`,
    )
    .join(", ");
}

/** How many findings there are in how many files: one line, in which nothing of a file stands. */
export function summary({ results, suppressed, gone, ciFiles }: Report): string {
  if (ciFiles === 0) return "No CI file found.";
  const known = suppressed.filter(({ by }) => by === "baseline").length;
  const others = suppressed.length - known;
  const quiet = [
    ...(others === 0 ? [] : [` ${others} suppressed.`]),
    ...(known === 0 ? [] : [` ${known} accepted before.`]),
    ...(gone.length === 0 ? [] : [` ${gone.length} accepted before are gone: --write-baseline forgets them.`]),
  ].join("");
  if (results.length === 0) return `Nothing to report in ${counted(ciFiles, "CI file")}.${quiet}`;
  const counts = (["error", "warning", "information", "hint"] as const).flatMap((severity) => {
    const count = results.filter((result) => result.severity === severity).length;
    return count === 0 ? [] : [severity === "information" ? `${count} information` : counted(count, severity)];
  });
  const files = new Set(results.map(({ file }) => file)).size;
  return `${counts.join(", ")} in ${counted(files, "file")}; ${counted(ciFiles, "CI file")} read.${quiet}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function whereOf(report: Pick<Report, "base">, { file, line }: Notice): string {
  return line === undefined ? shownPath(report, file) : `${shownPath(report, file)}:${line}`;
}
