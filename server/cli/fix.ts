import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { analyze } from "../core/index.ts";
import { isPinnable, type PinnedFile, type PinOutcome, type PinTarget, pinAll } from "../pins/pin-all.ts";
import { pinLines, pinSummary, withdrawn } from "../pins/report.ts";
import { keepingScripts } from "../pins/scripts.ts";
import { createResolver } from "../resolvers/network.ts";
import { readText, reasonOf } from "../workspace/read-file.ts";
import { createScriptStore, scriptCache } from "../workspace/script-store.ts";
import type { FixCommand } from "./arguments.ts";
import { forTerminal, unifiedDiff } from "./diff.ts";
import { NO_CI_FILE, walk } from "./files.ts";
import { allowed, checkOnline } from "./offline.ts";
import { printable } from "./printable.ts";
import { type Notice, shownPath } from "./report.ts";
import { noticesToText } from "./report-text.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

/** Pins everything in the files that a person named, or shows how. Rejects where the person cancels; nothing is written then. */
export async function runFix(command: FixCommand, terminal: Terminal): Promise<ExitCode> {
  const { allowedHosts, rules, dryRun } = command;
  checkOnline("fix", command.offline);
  const notices: Notice[] = [];
  const { base, files } = walk({ ...command, cwd: terminal.cwd }, notices);
  const resolver = keepingScripts(createResolver({ allowedHosts }), createScriptStore(scriptCache()));
  const targets: PinTarget[] = [];
  for await (const { file, isNamed, root, path: own, text, context, configuration } of files) {
    const { settings } = configuration;
    const identify = (other: string) => path.join(root, other);
    if (analyze({ path: own, text }, context, settings).system !== undefined)
      targets.push({
        file: { path: own, text },
        context,
        settings,
        resolver: allowed(resolver, configuration),
        identify,
        isExcluded: configuration.excludes,
      });
    else if (isNamed) notices.push({ file, message: NO_CI_FILE, failure: false });
  }
  const result = await pinAll(targets, {
    signal: terminal.interruption(),
    accept: (finding) => isPinnable(finding) && (rules.length === 0 || rules.includes(finding.rule.id)),
  });
  const failures = dryRun ? new Map<string, string>() : write(result.files);
  for (const [file, message] of failures) notices.push({ file, message, failure: true });
  const outcomes = withdrawn(result.outcomes, failures);
  terminal.err(noticesToText({ base, notices }));
  if (dryRun) {
    for (const { id, before, changes } of result.files)
      terminal.out(safely(unifiedDiff(shownPath({ base }, id), before, changes), terminal));
  }
  const lines = pinLines(outcomes, ({ id }) => shownPath({ base }, id)).map(printable);
  const summary = targets.length === 0 ? "No CI file found." : pinSummary(outcomes);
  const report = `${[...lines, ...(lines.length > 0 ? [""] : []), summary].join("\n")}\n`;
  // What is shown on standard output is the diff alone then, so that another program can take it.
  if (dryRun) terminal.err(report);
  else terminal.out(report);
  return exitCodeOf(outcomes, notices);
}

/** Writes the files, and says why where it did not. A file that is no longer what was read stays as it is. */
function write(files: readonly PinnedFile[]): ReadonlyMap<string, string> {
  const failures = new Map<string, string>();
  for (const { id, before, after } of files) {
    const now = readText(id);
    const text = "text" in now ? now.text : undefined;
    if (text !== before) {
      failures.set(id, "Was changed by somebody else meanwhile, so nothing of it was changed.");
      continue;
    }
    try {
      if (before === undefined) mkdirSync(path.dirname(id), { recursive: true });
      writeFileSync(id, after);
    } catch (error) {
      failures.set(id, `Could not be written: it ${reasonOf(error)}.`);
    }
  }
  return failures;
}

/** A file or a program gets the text as it is, since `git apply` takes no other. */
function safely(diff: string, { isTerminal }: Terminal): string {
  return isTerminal ? forTerminal(diff) : diff;
}

function exitCodeOf(outcomes: readonly PinOutcome[], notices: readonly Notice[]): ExitCode {
  if (notices.some(({ failure }) => failure)) return 2;
  return outcomes.some(({ to, severity }) => "left" in to && severity !== "hint") ? 1 : 0;
}
