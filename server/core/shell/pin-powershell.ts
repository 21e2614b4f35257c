import type { ScriptChange } from "../model.ts";
import type { NoFix } from "../rule.ts";
import type { Span } from "../text.ts";
import type { Command } from "./command.ts";
import { fileName } from "./pin-name.ts";
import { type PinSite, refuse } from "./pin-site.ts";

// PowerShell's way to download, compare and run. A statement is rewritten as a whole, and only where it has one of a few plain forms;
// `exit` leaves the script from wherever it stands, which `throw` would not (PowerShell issue 19500).

/** Said where a statement has another form. The check is that of PowerShell 4 and later. */
export const POWERSHELL_BY_HAND =
  "This form of PowerShell is not rewritten: save the file, stop with `if ((Get-FileHash <file>).Hash -ne '<SHA-256 that you reviewed>') { exit 1 }`, then run it.";

/** What is known of the content. */
interface Content {
  readonly sha256: string;
  /** Another address for the same content. */
  readonly url?: string;
}

/** The static address of a fetch that {@link pinPowerShell} rewrites; `undefined` of any other. */
export function powerShellUrl(site: PinSite, fetch: Command): string | undefined {
  return readStatement(site, fetch)?.url;
}

/** Changes that make a statement download to a file, compare it and run it, or compare the file that it downloads. */
export function pinPowerShell(site: PinSite, fetch: Command, known: Content): readonly ScriptChange[] | NoFix {
  const statement = readStatement(site, fetch);
  if (statement === undefined) return refuse(POWERSHELL_BY_HAND);
  const { span, before, after, indent, url, form } = statement;
  const separator = site.lineOnly ? "; " : `\n${indent}`;
  const onWindows = site.operatingSystems.includes("windows") && !site.scratch.startsWith("$");
  const folder = onWindows ? "$env:TEMP" : site.scratch.replace(/^\$(?!env:)/, "$env:");
  const path = `${folder}/${fileName(url, "pwsh", site.taken)}`;
  const file = form.file ?? `"${path.replace(/\.(?:sh)?$|(?<!\.\w{1,4})$/, ".ps1")}"`;
  const name = (form.file ?? url.replace(/[?#].*$/s, "")).replace(/["']/g, "").replace(/^.*[\\/]/s, "") || "script";
  const check = `if ((Get-FileHash ${file}).Hash -ne '${known.sha256}') { Write-Host 'SHA-256 mismatch: ${name}'; exit 1 }`;
  const lines = [form.fetch(file), check, ...(form.run === undefined ? [] : [form.run(file)])];
  const text = lines.join(separator);
  // What is known stands in the statement once, as its address.
  const moved = known.url === undefined ? text : text.replace(url, () => known.url ?? url);
  const [front, back] = [before === undefined ? "" : separator, after === undefined ? "" : separator];
  const whole = { start: before?.start ?? span.start, end: after ?? span.end };
  return [{ span: whole, text: `${front}${moved}${back}` }];
}

interface Statement {
  readonly span: Span;
  /** The semicolon in front of it, with the blanks around. */
  readonly before: Span | undefined;
  /** Where the next statement of the line begins. */
  readonly after: number | undefined;
  readonly indent: string;
  readonly url: string;
  readonly form: Form;
}

interface Form {
  /** The file that the statement writes, as written; `undefined` where it runs what it fetches. */
  readonly file?: string;
  fetch(file: string): string;
  run?(file: string): string;
}

function readStatement({ text, holes }: PinSite, { span: fetch }: Command): Statement | undefined {
  const lineStart = text.lastIndexOf("\n", fetch.start - 1) + 1;
  const newline = text.indexOf("\n", lineStart);
  const lineEnd = newline < 0 ? text.length : newline;
  if (fetch.end > lineEnd || holes.some(({ span }) => span.start < lineEnd && lineStart < span.end)) return undefined;
  const line = text.slice(lineStart, lineEnd);
  const [indent = ""] = /^\s*/.exec(line) ?? [];
  for (const { 0: written, index } of line.matchAll(PIECES)) {
    const start = lineStart + index + (written.length - written.trimStart().length);
    const end = start + written.trim().length;
    if (fetch.start < start || fetch.end > end) continue;
    const form = formOf(text.slice(start, end));
    const [left, right] = [text.slice(lineStart, start), text.slice(end, lineEnd)];
    const [gap, rest] = [/;\s*$/.exec(left), /^\s*;[ \t]*(?=\S)/.exec(right)];
    // Within braces on the same line the new lines would stand in the middle of a block, or in front of one that is not entered.
    const isAlone = (left.trim() === "" || gap !== null) && (right.trim() === "" || rest !== null);
    if (form === undefined || !isAlone || /[{}]/.test(left + right)) return undefined;
    const before = gap === null ? undefined : { start: lineStart + gap.index, end: start };
    return { span: { start, end }, before, after: rest === null ? undefined : end + rest[0].length, indent, ...form };
  }
  return undefined;
}

/** The statements of a line, as far as no quote or brace makes it hard to tell. */
const PIECES = /(?:'[^']*'|"[^"`]*"|\([^(){};]*\)|[^;'"{}])+/g;

const ADDRESS = /(?<=\s)(?:'(https:\/\/[^'\s]+)'|"(https:\/\/[^"$`\s]+)"|(https:\/\/[^\s'"$`(),;|]+))(?=\s|$)/i;
const REQUEST = "(?:irm|iwr|Invoke-RestMethod|Invoke-WebRequest)";
const CLIENT = String.raw`\(\s*New-Object\s+(?:System\.)?Net\.WebClient\s*\)`;

function formOf(statement: string): { readonly url: string; readonly form: Form } | undefined {
  for (const { pattern, read } of FORMS) {
    const parts = pattern.exec(statement);
    const found = parts === null ? undefined : read(parts);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Read = (parts: RegExpExecArray) => { readonly url: string; readonly form: Form } | undefined;

const FORMS: readonly { readonly pattern: RegExp; readonly read: Read }[] = [
  {
    pattern: new RegExp(String.raw`^(${REQUEST}\s[^|(){};]*?)\s*\|\s*(iex|Invoke-Expression)$`, "i"),
    read: ([, request = "", run = ""]) => requested(request, (file) => `Get-Content -Raw ${file} | ${run}`),
  },
  {
    pattern: /^(iex|Invoke-Expression)\s*\(\s*((?:irm|Invoke-RestMethod)\s[^|(){};]*?)\s*\)$/i,
    read: ([, run = "", request = ""]) => requested(request, (file) => `${run} (Get-Content -Raw ${file})`),
  },
  {
    pattern: /^(iex|Invoke-Expression)\s*\(\s*\(\s*((?:iwr|Invoke-WebRequest)\s[^|(){};]*?)\s*\)\.Content\s*\)$/i,
    read: ([, run = "", request = ""]) => requested(request, (file) => `${run} (Get-Content -Raw ${file})`),
  },
  {
    pattern:
      /^(&\s*\(\s*\[scriptblock\]::Create\(\s*\()\s*((?:irm|Invoke-RestMethod)\s[^|(){};]*?)\s*(\)\s*\)\s*\)[^|(){};]*)$/i,
    read: ([, start = "", request = "", end = ""]) =>
      requested(request, (file) => `${start}Get-Content -Raw ${file}${end}`),
  },
  {
    pattern: new RegExp(
      String.raw`^${CLIENT}\.DownloadFile\(\s*(?:'(https://[^'\s]+)'|"(https://[^"$\s]+)")\s*,\s*("[^"]+"|'[^']+')\s*\)$`,
      "i",
    ),
    read: ([statement, single, double, file = ""]) => {
      // The class counts paths from another folder than the shell, which is why people write the shell's in front.
      const [, plain] = /^"\$(?:pwd|\(pwd\)|\(Get-Location\))[\\/]([\w.-]+)"$/i.exec(file) ?? [];
      const url = single ?? double;
      return url === undefined ? undefined : { url, form: { file: plain ?? file, fetch: () => statement } };
    },
  },
  {
    pattern: new RegExp(
      String.raw`^(iex|Invoke-Expression)\s*\(\s*(${CLIENT})\.DownloadString\(\s*('https://[^'\s]+'|"https://[^"$\s]+")\s*\)\s*\)$`,
      "i",
    ),
    read: ([, run = "", client = "", quoted = ""]) => ({
      url: quoted.slice(1, -1),
      form: {
        fetch: (file) => `${client}.DownloadFile(${quoted}, ${file})`,
        run: (file) => `${run} (Get-Content -Raw ${file})`,
      },
    }),
  },
  {
    pattern: new RegExp(
      String.raw`^${REQUEST}\s[^|(){};]*?\s-OutFile\s+('[^']+'|"[^"]+"|[^\s'"|(){};]+)[^|(){};]*$`,
      "i",
    ),
    read: ([statement, file = ""]) => stored(statement, file),
  },
  {
    pattern: /^Start-BitsTransfer\s[^|(){};]*?\s-Destination\s+('[^']+'|"[^"]+"|[^\s'"|(){};]+)[^|(){};]*$/i,
    read: ([statement, file = ""]) => stored(statement, file),
  },
];

/** A request whose answer would be run. */
function requested(request: string, run: (file: string) => string): ReturnType<Read> {
  const url = addressIn(request);
  if (url === undefined || /\s-(?:OutF\w*|PassThru|Method|Body)\b/i.test(request)) return undefined;
  return { url, form: { fetch: (file) => `${request} -OutFile ${file}`, run } };
}

function stored(statement: string, file: string): ReturnType<Read> {
  const url = addressIn(statement);
  return url === undefined ? undefined : { url, form: { file, fetch: () => statement } };
}

function addressIn(text: string): string | undefined {
  const [, single, double, bare] = ADDRESS.exec(text) ?? [];
  return single ?? double ?? bare;
}
