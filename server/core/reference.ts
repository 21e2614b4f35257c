import type { Pin, Repin, Target } from "./model.ts";
import type { Span } from "./text.ts";

/** True for a full commit id: 40 hex digits of SHA-1, or 64 of SHA-256. Short ones can mean another commit tomorrow. */
export function isCommitId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text);
}

/**
 * Reads `owner/name[/path]@ref`, `docker://image`, `./path` and `$/path` as GitHub Actions and its kin write them.
 * Source: the workflow syntax of GitHub Actions, `jobs.<job_id>.steps[*].uses`.
 *
 * @param host where `owner/name` lies
 */
export function readActionReference(text: string, host: string): Target {
  if (/\$\{\{/.test(text)) return { kind: "other", pin: "unknown" };
  if (text.startsWith("docker://")) return readImage(text.slice("docker://".length));
  if (/^\.{1,2}\//.test(text) || text.startsWith("$/"))
    return { kind: "local", path: text.replace(/^(?:\.|\$)\//, ""), pin: "pinned" };
  const [, absolute, owner, name, path = "", ref] =
    /^(?:https?:\/\/([^/]+)\/)?([^/@\s]+)\/([^/@\s]+)((?:\/[^@\s]+)?)(?:@(.*))?$/.exec(text) ?? [];
  if (owner === undefined || name === undefined) return { kind: "other", pin: "unknown" };
  const pin = ref !== undefined && isCommitId(ref) ? "pinned" : "mutable";
  return { kind: "repository", host: absolute ?? host, repo: `${owner}/${name}`, path: path.slice(1), ref, pin };
}

/** Reads `[registry/]path[:tag][@digest]`. Source: the reference grammar of the OCI distribution specification. */
export function readImage(text: string): Target {
  if (text.trim() === "") return { kind: "other", pin: "unknown" };
  const [named = "", digest] = text.split("@", 2);
  const [, name = named, tag] = /^(.*?)(?::([^/:]*))?$/s.exec(named) ?? [];
  const pin: Pin =
    digest !== undefined && /^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/i.test(digest)
      ? "pinned"
      : /[$<{]/.test(text)
        ? "unknown"
        : "mutable";
  return { kind: "image", name, tag, pin };
}

/**
 * Where a pin of a reference goes: its version, and a comment at the end of its line that says what the version was.
 *
 * @param document the whole text
 * @param scalar the reference with its quotes
 * @param version the part behind `@`
 */
export function repinOf(document: string, scalar: Span, version: Span): Repin {
  const lineEnd = endOfLine(document, scalar.end);
  const rest = document.slice(scalar.end, lineEnd);
  const [, space, old] = /^([ \t]+#[ \t]*)(v?\d[\w.+-]*|(?:tag|version)[=:][ \t]*v?\d[\w.+-]*)?/.exec(rest) ?? [];
  if (space !== undefined) {
    const start = scalar.end + space.length;
    const comment = { start, end: start + (old?.length ?? 0) };
    const more = document.slice(comment.end, lineEnd).trim() !== "";
    return { version, comment, commentBefore: "", commentAfter: old === undefined && more ? " # " : "" };
  }
  const end = scalar.end + rest.trimEnd().length;
  const alone = !/[#&*]|: /.test(rest) && onlyReferenceOnLine(document, scalar, end);
  return { version, comment: alone ? { start: end, end } : undefined, commentBefore: " # ", commentAfter: "" };
}

/** A comment speaks for the whole line: a line with a second reference gets none. */
function onlyReferenceOnLine(document: string, scalar: Span, end: number): boolean {
  const line = document.slice(document.lastIndexOf("\n", scalar.start - 1) + 1, end);
  return (line.match(/@/g) ?? []).length <= 1;
}

function endOfLine(document: string, from: number): number {
  const newline = document.indexOf("\n", from);
  const end = newline < 0 ? document.length : newline;
  return document[end - 1] === "\r" ? end - 1 : end;
}
