import path from "node:path";
import { analyze } from "../core/index.ts";
import { verifyLines, verifySummary } from "../pins/report.ts";
import { keepingScripts } from "../pins/scripts.ts";
import { isChange, type VerifiedPin, type VerifyTarget, verifyPins } from "../pins/verify.ts";
import { createResolver } from "../resolvers/network.ts";
import { createScriptStore, scriptCache, scriptFile } from "../workspace/script-store.ts";
import type { VerifyCommand } from "./arguments.ts";
import { NO_CI_FILE, walk } from "./files.ts";
import { allowed, checkOnline } from "./offline.ts";
import { printable } from "./printable.ts";
import { type Notice, shownPath } from "./report.ts";
import { noticesToText } from "./report-text.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

/** Asks again about every pin in the files that a person named, and reports. Rejects where the person cancels. */
export async function runVerify(command: VerifyCommand, terminal: Terminal): Promise<ExitCode> {
  checkOnline("verify", command.offline);
  const notices: Notice[] = [];
  const { base, files } = walk({ ...command, cwd: terminal.cwd }, notices);
  const folder = scriptCache();
  const scripts = createScriptStore(folder);
  const resolver = keepingScripts(createResolver({ allowedHosts: command.allowedHosts }), scripts);
  const targets: VerifyTarget[] = [];
  for await (const { file, isNamed, root, path: own, text, context, configuration } of files) {
    const identify = (other: string) => path.join(root, other);
    if (analyze({ path: own, text }, context, configuration.settings).system !== undefined)
      targets.push({
        file: { path: own, text },
        context,
        resolver: allowed(resolver, configuration),
        identify,
        isExcluded: configuration.excludes,
      });
    else if (isNamed) notices.push({ file, message: NO_CI_FILE, failure: false });
  }
  const pins = await verifyPins(targets, { signal: terminal.interruption(), scripts });
  terminal.err(noticesToText({ base, notices }));
  terminal.out(
    command.format === "json"
      ? toJson(pins, base, folder, terminal.version)
      : toText(pins, targets.length, base, folder),
  );
  return exitCodeOf(pins, notices);
}

/** What is as it was pinned is counted and not listed. */
function toText(pins: readonly VerifiedPin[], ciFiles: number, base: string, folder: string): string {
  const lines = pins
    .filter(({ verdict }) => verdict !== "held")
    .flatMap((pin, index, all) => {
      const isSameFile = all[index - 1]?.id === pin.id;
      const own = verifyLines([pin], ({ id }) => shownPath({ base }, id)).map(printable);
      return [...own.slice(isSameFile ? 1 : 0), ...differenceOf(pin, folder)];
    });
  const summary = ciFiles === 0 ? "No CI file found." : verifySummary(pins);
  return `${[...lines, ...(lines.length > 0 ? [""] : []), summary].join("\n")}\n`;
}

/** Where both texts of a changed script lie, for whatever shows differences. */
function differenceOf(pin: VerifiedPin, folder: string): readonly string[] {
  const { before, after } = textFiles(pin, folder);
  const indent = " ".repeat(21);
  return [
    ...(before === undefined ? [] : [`${indent}then: ${printable(before)}`]),
    ...(after === undefined ? [] : [`${indent}now:  ${printable(after)}`]),
  ];
}

function textFiles(
  { pin, texts, now }: VerifiedPin,
  folder: string,
): { readonly before?: string; readonly after?: string } {
  if (texts === undefined || now === undefined) return {};
  const after = scriptFile(folder, now);
  return texts.before === undefined ? { after } : { before: scriptFile(folder, pin.expected), after };
}

/** One JSON object; paths are from `base` with forward slashes, those of texts absolute. */
function toJson(pins: readonly VerifiedPin[], base: string, folder: string, version: string): string {
  const document = {
    version,
    base,
    pins: pins.map((each) => ({
      path: shownPath({ base }, each.id),
      line: each.line,
      kind: each.pin.kind,
      subject: each.pin.subject,
      label: each.pin.label,
      pin: each.pin.expected,
      now: each.now,
      verdict: each.verdict,
      message: each.message,
      texts: each.texts === undefined ? undefined : textFiles(each, folder),
    })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function exitCodeOf(pins: readonly VerifiedPin[], notices: readonly Notice[]): ExitCode {
  if (notices.some(({ failure }) => failure)) return 2;
  if (pins.length > 0 && pins.every(({ verdict }) => verdict === "unanswered")) return 2;
  return pins.some(({ verdict }) => isChange(verdict)) ? 1 : 0;
}
