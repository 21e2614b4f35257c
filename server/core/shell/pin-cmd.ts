import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import { contains } from "../text.ts";
import { type Command, staticText, type Word } from "./command.ts";
import { type CmdDownload, readCmdDownload } from "./pin-cmd-download.ts";
import { type CmdPlace, exitOf, joined, placeOf } from "./pin-cmd-place.ts";
import type { PinDialect } from "./pin-dialect.ts";
import { quotedUrl } from "./pin-download.ts";
import type { PinFile } from "./pin-file.ts";
import { fileName } from "./pin-name.ts";
import { commandsOf, pathTo, type Step } from "./pin-path.ts";
import { addressObstacle } from "./pin-plan.ts";
import type { Known } from "./pin-run.ts";
import { insert, isRefusal, type PinSite, refuse, rewritten, written } from "./pin-site.ts";
import { namesFile, quotedPath } from "./pin-windows-file.ts";
import { lastName } from "./windows-commands.ts";

/**
 * cmd.exe: `certutil` prints the hash on a line of its own and `findstr` looks for that whole line. `||` behind a pipe belongs to the pipe, and a
 * script goes on after a failed line, so that the check ends it itself.
 */
export const CMD: PinDialect = {
  urlOf(site, fetch) {
    const download = readCmdDownload(site, fetch);
    const text = isRefusal(download) ? undefined : staticText(download.url);
    return text === undefined || /^[a-z][\w+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  },
  obstacle(site, fetch, url) {
    const changes = CMD.pin(site, fetch, { sha256: "0".repeat(64) });
    if (isRefusal(changes)) return changes;
    const download = readCmdDownload(site, fetch);
    return isRefusal(download) ? download : (addressObstacle(download.url, url) ?? download.request);
  },
  pin(site, fetch, known) {
    const download = readCmdDownload(site, fetch);
    if (isRefusal(download)) return download;
    const path = pathTo(site, download.holder.span);
    if (path === undefined) return refuse(NESTED);
    const { file } = download;
    if (file !== undefined) return pinFile(site, path, download, file, known);
    return download.nested ? pinNested(site, path, download, known) : pinPipe(site, path, download, known);
  },
  fileOf(site, fetch) {
    const download = readCmdDownload(site, fetch);
    return isRefusal(download) ? undefined : download.file;
  },
  checkBefore(site, run, file, sha256) {
    if (file.language !== "cmd" && /[$%]/.test(file.quoted))
      return refuse("Another shell names the file by a variable; name it by a plain path, then pin it.");
    const moves = commandsOf(site).some(
      ({ command }) =>
        command.span.end <= run.span.start && /^(?:cd|chdir|pushd|popd)$/i.test(staticText(command.words[0]) ?? ""),
    );
    if (moves && !/^(?:[%/]|[A-Za-z]:)/.test(file.quoted)) {
      return refuse(
        "The script goes to another folder before it runs the file; name the file by its whole path, then pin it.",
      );
    }
    const path = pathTo(site, run.span);
    const place = path === undefined ? refuse(NESTED) : placeOf(site, path);
    if (isRefusal(place)) return place;
    const word = file.language === "cmd" ? file.word : quotedPath(file.quoted.replaceAll("/", "\\"), false, "cmd");
    return joined(place, [checkLine(word, sha256, exitOf(place))], undefined);
  },
  followsRedirects(site, fetch) {
    const download = readCmdDownload(site, fetch);
    return isRefusal(download) || download.followsRedirects;
  },
};

const NESTED =
  "The command stands in text that another program reads, where a change could alter its quoting; write it as a command of this script, then pin it.";

/** The only gate. `/x`: the whole line, not a part of it; `/c:`: one text, whatever is in it. */
function checkLine(word: string, sha256: string, otherwise: string): string {
  return `certutil -hashfile ${word} SHA256 | findstr /i /x /c:"${sha256}" >nul${otherwise}`;
}

/** The download writes a file already: the check goes behind it. */
function pinFile(
  site: PinSite,
  path: readonly Step[],
  download: CmdDownload,
  file: PinFile,
  known: Known,
): readonly ScriptChange[] | NoFix {
  if (isCompared(site, download.command, file)) {
    return refuse("The file's hash is already looked at; let a wrong one stop the script with `|| exit /b 1`.");
  }
  const changes = download.into(undefined, known.url);
  if (isRefusal(changes)) return changes;
  if (known.checkedElsewhere) return changes;
  const chain = path.findLast((step) => step.kind === "operand");
  const place = placeOf(site, path);
  if (isRefusal(place)) return place;
  const check = checkLine(file.word, known.sha256, exitOf(place));
  const used = chain?.kind === "operand" ? chain.node.operands[chain.index + 1] : undefined;
  if (chain?.kind === "operand" && chain.index === 0 && chain.node.operators[0] === "&&" && used !== undefined) {
    const gap = { start: chain.node.operands[0]?.span.end ?? 0, end: used.span.start };
    const short = place.whole && place.chain;
    const text = short
      ? ` && ${checkLine(file.word, known.sha256, "")} && `
      : place.separator + check + place.separator;
    return [...changes, { span: gap, text }, ...(place.around === undefined ? [] : joined(place, [], []))];
  }
  if (place.around !== undefined) return [...changes, ...joined(place, [], [check])];
  return [...changes, behindStatement(site, place, check)];
}

function behindStatement({ text }: PinSite, { step, separator, newline }: CmdPlace, check: string): ScriptChange {
  const { end } = step.statement.span;
  const gap = /^[ \t]*&(?!&)[ \t]*/.exec(text.slice(end))?.[0];
  return newline && gap !== undefined
    ? { span: { start: end, end: end + gap.length }, text: separator + check + separator }
    : insert(end, separator + check);
}

/** True where a later command already asks for the file's hash. */
function isCompared(site: PinSite, { span }: Command, file: PinFile): boolean {
  return commandsOf(site).some(({ command }) => {
    // Asked for every download of a script, about every command behind it: what costs least comes first.
    if (command.span.start < span.end || !/^certutil(?:\.exe)?$/i.test(staticText(command.words[0]) ?? ""))
      return false;
    if (!command.words.some((word) => /^[-/]hashfile$/i.test(staticText(word) ?? ""))) return false;
    return namesFile(site.text.slice(command.span.start, command.span.end), file);
  });
}

/** `curl U | cmd`: the reader takes the file as its input. */
function pinPipe(
  site: PinSite,
  path: readonly Step[],
  download: CmdDownload,
  known: Known,
): readonly ScriptChange[] | NoFix {
  const stage = path.at(-1);
  const reader = stage?.kind === "stage" && stage.index === 0 ? stage.node.stages[1] : undefined;
  if (reader?.kind !== "command" || reader.redirects.some(({ operator }) => operator.startsWith("<"))) {
    return refuse(
      "The download is read by more than a command of this line; save it with -o and run that file, then pin it.",
    );
  }
  const place = placeOf(site, path);
  if (isRefusal(place)) return place;
  const shell = /^cmd(?:\.exe)?$/i.test(staticText(reader.words[0]) ?? "");
  const file = readFileOf(site, download, shell ? "cmd" : staticText(reader.words[0]));
  const into = download.into(file, known.url);
  if (isRefusal(into)) return into;
  const words = reader.words.at(-1)?.span.end ?? reader.span.end;
  const { span } = download.command;
  const fetched = rewritten(site, span, into);
  const check = checkLine(file.word, known.sha256, exitOf(place));
  const run = [{ span: { start: span.start, end: reader.span.start }, text: "" }, insert(words, ` < ${file.word}`)];
  if (place.chain && place.whole) {
    const short = checkLine(file.word, known.sha256, "");
    return [insert(span.start, `${fetched} && ${short} && `), ...run];
  }
  return [...run, ...joined(place, [fetched, check], undefined)];
}

/** A batch file keeps its name, because it may ask for it; other content goes to the folder for downloads. */
function readFileOf(site: PinSite, { url }: CmdDownload, runner: string | undefined): PinFile {
  const address = staticText(url) ?? "";
  const own = lastName(address.replace(/^[a-z][\w+.-]*:\/\/[^/?#]*/i, ""));
  if (runner === "cmd" && /^[\w.-]+\.(?:bat|cmd)$/i.test(own)) return { word: own, quoted: own, language: "cmd" };
  return scratchFile(site, address, runner);
}

function scratchFile(site: PinSite, address: string, runner: string | undefined): PinFile {
  const taken = [...(site.taken ?? [])];
  for (;;) {
    const name = fileName(address, runner, taken);
    if (new RegExp(`[\\\\/]${name.replaceAll(/[.+]/g, "\\$&")}(?![\\w.-])`).test(site.text)) {
      taken.push(name);
      continue;
    }
    const folder = site.scratch.startsWith("%") ? site.scratch : "%TEMP%";
    const path = `${folder}\\${name}`;
    return { word: `"${path}"`, quoted: path.replaceAll("\\", "/"), language: "cmd" };
  }
}

/** `powershell -Command "iex (irm U)"`: the program of one call becomes a file. */
function pinNested(
  site: PinSite,
  path: readonly Step[],
  download: CmdDownload,
  known: Known,
): readonly ScriptChange[] | NoFix {
  const { holder, command, url } = download;
  const program = holder.words.at(-1);
  const address = known.url ?? staticText(url);
  if (program === undefined || address === undefined || !contains(program.span, command.span)) return refuse(NESTED);
  const option = holder.words.at(-2);
  if (!/^[-/](?:c|command)$/i.test(staticText(option) ?? "") || !runsOnly(site, program, command))
    return refuse(NESTED);
  const options = holder.words.slice(1, -1).map((word) => staticText(word)?.toLowerCase() ?? "");
  if (!options.some((text, at) => /^(?:bypass|unrestricted)$/.test(text) && /^[-/]ex?/.test(options[at - 1] ?? ""))) {
    return refuse(
      "The execution policy of the machine may not let PowerShell run a file; add -ExecutionPolicy Bypass in front of -Command, then pin it.",
    );
  }
  const place = placeOf(site, path);
  if (isRefusal(place)) return place;
  const file = scratchFile(site, address, "powershell");
  const source = known.url === undefined ? written(site, url.span).replace(/^(["'])(.*)\1$/s, "$2") : undefined;
  const fetched = `curl -fsSLo ${file.word} ${source !== undefined && SAFE_URL.test(source) ? source : quotedUrl(address, "cmd")}`;
  const run = { span: { start: option?.span.start ?? 0, end: program.span.end }, text: `-File ${file.word}` };
  const check = checkLine(file.word, known.sha256, exitOf(place));
  // `@` would now silence the download alone.
  const at = site.text[place.step.statement.span.start - 1] === "@" && place.around === undefined;
  const changes = joined(place, [fetched, check], undefined);
  const silent = at
    ? [{ span: { start: place.step.statement.span.start - 1, end: place.step.statement.span.start }, text: "" }]
    : [];
  return [...silent, ...changes, run];
}

const SAFE_URL = /^[\w.:/@%+~-]+$/;

/** True for a program that runs what it fetches, and does nothing else. */
function runsOnly({ text }: PinSite, { span }: Word, command: Command): boolean {
  const around = `${text.slice(span.start, command.span.start)}U${text.slice(command.span.end, span.end)}`;
  const program = around.replace(/^"(.*)"$/s, "$1").trim();
  return /^(?:(?:iex|invoke-expression)\s*\(*U\)*(?:\.content)?|\(*U\)*(?:\.content)?\s*\|\s*(?:iex|invoke-expression));?$/i.test(
    program,
  );
}
