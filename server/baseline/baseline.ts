import { createHash } from "node:crypto";
import type { Analysis, Finding } from "../core/index.ts";

// A baseline is a file with the findings that a person accepted, so that only new ones are shown. A finding is known by its rule, its file
// and the text that it underlines, and equal ones of a file by their order: so it stays the same while lines move.

/** A finding that was accepted. */
export interface Accepted {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly rule: string;
  /** 64 hex digits. */
  readonly fingerprint: string;
}

/** What a finding is, whatever line it stands in. `text` is that of its file. */
export function identityOf({ rule, path, span }: Pick<Finding, "rule" | "path" | "span">, text: string): string {
  return JSON.stringify([rule.id, path, text.slice(span.start, span.end).replace(/\s+/g, " ")]);
}

/** The items with a fingerprint each; equal identities are told apart by their order. */
export function withFingerprints<T extends { readonly identity: string }>(
  items: readonly T[],
): readonly (T & { readonly fingerprint: string })[] {
  const counts = new Map<string, number>();
  return items.map((item) => {
    const count = counts.get(item.identity) ?? 0;
    counts.set(item.identity, count + 1);
    return { ...item, fingerprint: createHash("sha256").update(`${item.identity}#${count}`).digest("hex") };
  });
}

/** The accepted findings of a file's text, or why it cannot be read, as the end of a sentence. */
export function readBaseline(text: string): { readonly accepted: readonly Accepted[] } | { readonly wrong: string } {
  const json = parse(text);
  if (!isRecord(json) || !Array.isArray(json.findings)) return { wrong: "is no baseline of Pipewarden" };
  if (json.version !== VERSION) return { wrong: `is a baseline of another version than ${VERSION}` };
  const accepted = json.findings.filter(isAccepted);
  return accepted.length === json.findings.length ? { accepted } : { wrong: "has entries that are no findings" };
}

/** The text of a baseline: sorted, each finding on a line of its own, so that two people's changes merge. */
export function writeBaseline(accepted: readonly Accepted[]): string {
  const lines = accepted
    .map(({ path, rule, fingerprint }) => JSON.stringify({ path, rule, fingerprint }))
    .sort()
    .map((line) => `    ${line}`);
  const findings = lines.length === 0 ? "[]" : `[\n${lines.join(",\n")}\n  ]`;
  return `{\n  "version": ${VERSION},\n  "findings": ${findings}\n}\n`;
}

const VERSION = 1;

/**
 * An analysis without what a baseline accepts; that is suppressed then. A baseline that cannot be read accepts nothing.
 *
 * @param baseline the file's text; `undefined` where there is none
 * @param textAt text of a file by its path from the repository's root
 */
export function withoutAccepted(
  analysis: Analysis,
  baseline: string | undefined,
  textAt: (path: string) => string | undefined,
): Analysis {
  const read = baseline === undefined ? undefined : readBaseline(baseline);
  if (read === undefined || "wrong" in read || read.accepted.length === 0) return analysis;
  const known = new Set(read.accepted.map(({ fingerprint }) => fingerprint));
  const accepted = new Set(
    [...fingerprintsOf(analysis, textAt)].flatMap(([finding, fingerprint]) =>
      known.has(fingerprint) ? [finding] : [],
    ),
  );
  const hidden = analysis.findings.filter((finding) => accepted.has(finding));
  return {
    ...analysis,
    findings: analysis.findings.filter((finding) => !accepted.has(finding)),
    suppressed: [
      ...analysis.suppressed,
      ...hidden.map((finding) => ({ finding, by: "baseline" as const, reason: "" })),
    ],
  };
}

/** Every finding of an analysis with its fingerprint, the suppressed ones counted as well. */
export function fingerprintsOf(
  { findings, suppressed }: Pick<Analysis, "findings" | "suppressed">,
  textAt: (path: string) => string | undefined,
): ReadonlyMap<Finding, string> {
  const all = [...findings, ...suppressed.map(({ finding }) => finding)].sort(byPlace);
  const named = all.map((finding) => ({ finding, identity: identityOf(finding, textAt(finding.path) ?? "") }));
  return new Map(withFingerprints(named).map(({ finding, fingerprint }) => [finding, fingerprint]));
}

function byPlace(a: Finding, b: Finding): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : a.span.start - b.span.start || a.span.end - b.span.end;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
}

function isAccepted(value: unknown): value is Accepted {
  return (
    isRecord(value) &&
    typeof value.path === "string" &&
    typeof value.rule === "string" &&
    /^[0-9a-f]{64}$/.test(String(value.fingerprint))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
