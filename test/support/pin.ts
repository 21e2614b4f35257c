import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Masking, maskNone } from "../../server/core/masking.ts";
import type { OperatingSystem } from "../../server/core/model.ts";
import { parseBash } from "../../server/core/shell/bash.ts";
import { parseCmd } from "../../server/core/shell/cmd.ts";
import { type Command, staticText } from "../../server/core/shell/command.ts";
import { type Download, traceJob } from "../../server/core/shell/dataflow.ts";
import { type PinSite, pinFetch } from "../../server/core/shell/pin.ts";
import { commandsOf } from "../../server/core/shell/pin-path.ts";
import { parsePowerShell } from "../../server/core/shell/powershell.ts";
import { applyEdits, type Edit } from "../../server/core/text.ts";

/** A script with an unpinned fetch, and the same with it pinned. Texts are lists of lines. */
export interface Pair {
  readonly id: string;
  /** linux, macos and alpine where the data does not say. */
  readonly os?: readonly string[];
  /** The shells in which the script works before; bash, dash and zsh where the data does not say. */
  readonly shells?: readonly string[];
  readonly before: readonly string[];
  /** `<install.sh>` is the SHA-256 of what the address ending so serves, `<sha256sum>` the checksum tool of the system. */
  readonly after: readonly string[];
  /** The pinned script where no line may be added; `true` where it is `after` with semicolons. */
  readonly line?: string | true;
  /** The script that `line` comes from, where it is not `before`. */
  readonly lineBefore?: string;
  /** What the transformation gives instead, with the same effect. */
  readonly equal?: readonly string[];
}

/** A script that is left alone. */
export interface Refused {
  readonly id: string;
  readonly before: readonly string[];
  /** What the refusal tells to do instead. */
  readonly suggests: string;
}

/** A script of PowerShell or cmd before and after. No shell has run these pairs. */
export interface WindowsPair {
  readonly id: string;
  readonly language: "powershell" | "cmd";
  /** True where no line may be added. */
  readonly lineOnly?: boolean;
  readonly before: readonly string[];
  /** `<hash>` is the SHA-256 of what the address serves. */
  readonly after: readonly string[];
}

/** Written for this project; the pairs were executed in bash, dash, BusyBox ash, zsh, ksh93 and mksh with right and tampered content. */
export const {
  pairs: PAIRS,
  refused: REFUSED,
  windows: WINDOWS_PAIRS,
}: {
  readonly pairs: readonly Pair[];
  readonly refused: readonly Refused[];
  readonly windows: readonly WindowsPair[];
} = JSON.parse(readFileSync(new URL("../core/pin-cases.json", import.meta.url), "utf8"));

/** A fetch in a script of its own. Masked expressions are read by `mask`. */
export function siteOf(
  text: string,
  options: Partial<Omit<PinSite, "text" | "holes" | "program">> & { readonly mask?: Masking } = {},
): PinSite {
  const { mask = maskNone, ...rest } = options;
  const masked = mask(text);
  return {
    ...masked,
    program: (PARSERS.get(options.shell?.language) ?? parseBash)(masked.text, masked.holes),
    shell: { language: "bash", errexit: true, pipefail: false },
    operatingSystems: ["linux"],
    scratch: "/tmp",
    ...rest,
  };
}

const PARSERS = new Map<string | undefined, typeof parseBash>([
  ["powershell", parsePowerShell],
  ["cmd", parseCmd],
]);

/** A script of PowerShell or cmd on a machine of GitHub. */
export function windowsSite(
  text: string,
  language: "powershell" | "cmd",
  options: Parameters<typeof siteOf>[1] = {},
): PinSite {
  const shell = { language, errexit: false, pipefail: false };
  return siteOf(text, { shell, operatingSystems: ["windows"], scratch: "$RUNNER_TEMP", ...options });
}

/** The downloads of a script that run unverified, as the data flow finds them. */
export function unverified(site: PinSite): readonly Download[] {
  const script = {
    ...site,
    unit: "a",
    environment: new Map(),
    folder: ".",
    handover: {},
    tolerated: false,
    always: false,
  } as const;
  return traceJob([script]).executions.flatMap(({ downloads }) => downloads);
}

/** The fetching commands of a script, in order. */
export function fetchesOf(site: PinSite): readonly Command[] {
  const fetches = [...commandsOf(site)].filter(({ command: { words, span } }) => {
    const names = words.some((word) => /^(?:curl|wget)$/.test(staticText(word) ?? ""));
    return names && !/ install -y /.test(site.text.slice(span.start, span.end));
  });
  return fetches.map(({ command }) => command);
}

/** The script with one fetch after the other pinned, in order, until none can be. */
export function pinAll(
  text: string,
  digest: (name: string) => string,
  options: Parameters<typeof siteOf>[1] = {},
): string {
  let result = text;
  for (let rounds = 0; rounds < 4; rounds++) {
    const site = siteOf(result, options);
    const changes = fetchesOf(site)
      .map((fetch) => pinFetch(site, fetch, { sha256: digest(servedName(site, fetch)) }))
      .find((each): each is Exclude<typeof each, { refused: string }> => !("refused" in each));
    if (changes === undefined) break;
    result = applyEdits(result, changes as readonly Edit[]);
  }
  return result;
}

/** The last part of the address that a command fetches. */
function servedName(site: PinSite, { span }: Command): string {
  return /https?:[^\s"'|)`]*\/([^\s"'|)`]*)/.exec(site.text.slice(span.start, span.end))?.[1] ?? "";
}

/** A pair's text with its digests and the checksum tool of a system filled in. */
export function filledIn(lines: readonly string[] | string, os: string, digest: (name: string) => string): string {
  const text = typeof lines === "string" ? lines : lines.join("\n");
  const tool = os === "macos" ? "shasum -a 256" : "sha256sum";
  return text.replace(/<([\w.]+)>/g, (_, name: string) => (name === "sha256sum" ? tool : digest(name)));
}

/** The systems of the model that a system of the data stands for. */
export function systemsOf(os: string): readonly OperatingSystem[] {
  return [os === "macos" || os === "windows" ? os : "linux"];
}

/** SHA-256 in hex. */
export function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
