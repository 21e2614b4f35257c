import { pipelineOf, type SourceFile } from "./analyze.ts";
import type { Context } from "./context.ts";
import { type CheckedDownload, checkedDownloads, pullsOf, type SettledDownload, settledDownloads } from "./flow.ts";
import { type Pipeline, type Reference, referencesOf, type Script, type Target } from "./model.ts";
import { base64OfHex, hexOfBase64 } from "./pinning.ts";
import { editsIn, partsOf } from "./pulled.ts";
import type { Question } from "./question.ts";
import { isCommitId } from "./reference.ts";
import { placeIn } from "./remote.ts";
import { downloadedFile } from "./shell/pin.ts";
import type { Edit, Span } from "./text.ts";

/** Something that a file names by its content, and what to ask to see whether that is still what people get. */
export interface PinnedPlace {
  /** commit: of a git repository. digest: of an image. hash: of a downloaded file. */
  readonly kind: "commit" | "digest" | "hash";
  /** The file that it stands in, from the repository's root. */
  readonly path: string;
  /** The reference, or of a hash its digits. */
  readonly span: Span;
  /** What is pinned, without the pin: "actions/checkout", "node:22", an address. */
  readonly subject: string;
  /** The pin in lower case: a commit id, "sha256:" and 64 hex digits, of a hash 64, 96 or 128 hex digits by SHA-256, -384 or -512. */
  readonly expected: string;
  /** The name beside the pin: what the comment behind a commit says, the tag in front of a digest. */
  readonly label: string | undefined;
  /** Tells what that name or address stands for today; `undefined` where there is none, or only the run knows it. */
  readonly ask: Question | undefined;
  /** Tells whether what is pinned is there; `undefined` where `ask` tells that as well. */
  readonly alive: Question | undefined;
  /** Edits that write another pin, and another name beside it; `undefined` where this notation cannot. */
  update(pin: string, label?: string): readonly Edit[] | undefined;
}

/** Everything that is pinned in a file and in the files of the repository that it runs, by path and place. Total, and asks nothing. */
export function pinsOf(file: SourceFile, context: Context): readonly PinnedPlace[] {
  const pipeline = pipelineOf(file, context);
  return pipeline === undefined ? [] : pinsIn(pipeline);
}

/** The same of a pipeline that was read. */
export function pinsIn(pipeline: Pipeline): readonly PinnedPlace[] {
  const places = partsOf(pipeline).flatMap(({ pipeline: part, callers }) =>
    callers.length === 0 ? placesIn(part) : placesIn(part).map((place) => elsewhere(part.path, place)),
  );
  return unique(places).sort(byPlace);
}

function placesIn(pipeline: Pipeline): readonly PinnedPlace[] {
  return [
    ...[...referencesOf(pipeline)].flatMap((reference) => ofReference(pipeline, reference)),
    ...imagesOfScripts(pipeline),
    ...checkedDownloads(pipeline).flatMap((checked) => ofDownload(pipeline, checked)),
    ...settledDownloads(pipeline).flatMap((settled) => ofFixedAddress(pipeline, settled)),
  ];
}

/** A place of a file that the pipeline pulls in. */
function elsewhere(path: string, place: PinnedPlace): PinnedPlace {
  return {
    ...place,
    update: (pin, label) => {
      const edits = place.update(pin, label);
      return edits && editsIn(path, edits);
    },
  };
}

function ofReference(pipeline: Pipeline, reference: Reference): readonly PinnedPlace[] {
  const { target } = reference;
  if (target.kind === "repository") return ofCommit(pipeline, reference, target);
  if (target.kind === "address") return ofAddress(pipeline, target);
  if (target.kind !== "image" || target.pin !== "pinned") return [];
  const digest = digestIn(reference.text);
  if (digest === undefined) return [];
  const start = pipeline.text.indexOf(digest, reference.span.start);
  const isThere = start >= 0 && start + digest.length <= reference.span.end;
  const place = { path: pipeline.path, span: reference.span };
  return [
    ofImage(place, target, digest, (text) =>
      isThere ? [{ span: { start, end: start + digest.length }, text }] : undefined,
    ),
  ];
}

function ofCommit(
  { path, text }: Pipeline,
  { span, repin }: Reference,
  { host, repo, ref }: Extract<Target, { kind: "repository" }>,
): readonly PinnedPlace[] {
  if (ref === undefined || !isCommitId(ref)) return [];
  const comment = commentBehind(text, span.end);
  return [
    {
      kind: "commit",
      path,
      span,
      subject: repo,
      expected: ref.toLowerCase(),
      label: comment && text.slice(comment.start, comment.end),
      // Without a host nobody here can be asked: the settings of a server decide where it lies.
      ask:
        comment === undefined || host === ""
          ? undefined
          : { kind: "commit", host, repo, ref: text.slice(comment.start, comment.end) },
      alive: host === "" ? undefined : { kind: "commit", host, repo, ref },
      update: (pin, label) => {
        if (repin === undefined || text.slice(repin.version.start, repin.version.end) !== ref) return undefined;
        const named = label !== undefined && comment !== undefined ? [{ span: comment, text: label }] : [];
        return pin === ref.toLowerCase() ? named : [{ span: repin.version, text: pin }, ...named];
      },
    },
  ];
}

/** The name that a comment at the end of a line gives a commit: its version, or its only word, such as a branch's name. */
function commentBehind(document: string, from: number): Span | undefined {
  const newline = document.indexOf("\n", from);
  const rest = document.slice(from, newline < 0 ? document.length : newline);
  const [, before = "", comment = ""] =
    /^(["']?[ \t]+#[ \t]*(?:(?:tag|version|pin|ref)[=:@][ \t]*)?)(.*?)(?:[ \t]+#.*)?$/s.exec(rest.trimEnd()) ?? [];
  const [, name] = /^(v?\d[\w.+-]*)(?:\s|$)/.exec(comment) ?? [];
  const word = name ?? (/^[\w./-]+$/.test(comment) ? comment : undefined);
  const start = from + before.length;
  return word === undefined ? undefined : { start, end: start + word.length };
}

function ofAddress({ path, text }: Pipeline, { url, integrity }: Extract<Target, { kind: "address" }>) {
  const [, base64] =
    /^sha256-([A-Za-z0-9+/]{43}=)$/.exec(integrity ? text.slice(integrity.start, integrity.end) : "") ?? [];
  if (integrity === undefined || base64 === undefined) return [];
  const place: PinnedPlace = {
    kind: "hash",
    path,
    span: integrity,
    subject: url,
    expected: hexOfBase64(base64),
    label: undefined,
    ask: /^https:[^$]*$/i.test(url) ? { kind: "scriptHash", url } : undefined,
    alive: undefined,
    update: (pin) => [{ span: integrity, text: `sha256-${base64OfHex(pin)}` }],
  };
  return [place];
}

/** The digest at the end of an image's name. */
function digestIn(text: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})\s*$/i.exec(text)?.[1];
}

function ofImage(
  place: Pick<PinnedPlace, "path" | "span">,
  { name, tag }: Extract<Target, { kind: "image" }>,
  digest: string,
  rewrite: (text: string) => readonly Edit[] | undefined,
): PinnedPlace {
  const expected = digest.toLowerCase();
  return {
    kind: "digest",
    ...place,
    subject: tag === undefined ? name : `${name}:${tag}`,
    expected,
    label: tag,
    ask: tag === undefined ? undefined : { kind: "imageDigest", image: `${name}:${tag}` },
    alive: { kind: "imageDigest", image: `${name}@${expected}` },
    update: (pin) => rewrite(pin),
  };
}

function imagesOfScripts(pipeline: Pipeline): readonly PinnedPlace[] {
  return pullsOf(pipeline).flatMap(({ script, use }) => {
    const digest = use.kind === "image" && use.target.kind === "image" ? digestIn(use.text) : undefined;
    if (digest === undefined || use.kind !== "image" || use.target.kind !== "image" || use.pin !== "pinned") return [];
    const span = within(script, digest, use.span);
    const place = inFile(pipeline, script, use.span);
    return [ofImage(place, use.target, digest, (text) => span && script.rewrite([{ span, text }]))];
  });
}

/** A hash is about one address only where the file that was checked is the one that the command wrote, and not what became of it. */
function ofDownload(pipeline: Pipeline, { script, check, download, from }: CheckedDownload): readonly PinnedPlace[] {
  if (download.hidden || download.tool === "git" || OTHER_DIGESTS.test(script.text)) return [];
  if (!isWritten(check.file, from, download) && !isHashed(script, from, download)) return [];
  const digits = digitsOf(script.text, check);
  // A list of digests may be a file of its own.
  const isHere = digits !== undefined;
  const isAddress = download.known && /^https:/i.test(download.url);
  return [
    {
      kind: "hash",
      ...inFile(pipeline, script, isHere ? digits : check.span),
      subject: download.url,
      expected: check.digest,
      label: undefined,
      ask: isAddress ? { kind: "scriptHash", url: download.url } : undefined,
      alive: undefined,
      update: (pin) => (isHere ? script.rewrite([{ span: digits, text: pin }]) : undefined),
    },
  ];
}

/** Programs whose digests are as long as those of SHA-2. */
const OTHER_DIGESTS = /\bb[23]sum\b|\bblake[23]|\bsha3[-_]|\brhash\b/i;

/** Where the digest stands: in front of the command that compares it, or behind it in the same line, as in PowerShell. */
function digitsOf(text: string, { span, digest }: CheckedDownload["check"]): Span | undefined {
  const lower = text.toLowerCase();
  const before = lower.lastIndexOf(digest, span.end);
  const near = before >= 0 && text.slice(before + digest.length, span.start).split("\n").length <= MAX_DISTANCE;
  const behind = lower.slice(span.end).split("\n", 1)[0]?.indexOf(digest) ?? -1;
  if (!near && behind < 0) return undefined;
  const start = near ? before : span.end + behind;
  return { start, end: start + digest.length };
}

/** Lines between a digest and the command that compares it. */
const MAX_DISTANCE = 50;

/**
 * The data flow does not follow what lies behind an address that names its commit, since nothing has to be compared there. Where something
 * is compared all the same, as behind our own fixes, the digest stands in front of the file's name in the line that compares.
 */
function ofFixedAddress(pipeline: Pipeline, { by, download, from: script }: SettledDownload): readonly PinnedPlace[] {
  const { command, url, known } = download;
  if (by !== "address" || !known || !/^https:/i.test(url) || OTHER_DIGESTS.test(script.text)) return [];
  const own = script.text.slice(command.span.start, command.span.end);
  const names = new Set([...fileNamesIn(own), ...fileNamesIn(url.replace(/^[a-z]+:\/\/|[?#].*$/gi, ""))]);
  for (const { digest, file, start } of comparisonsIn(script.text)) {
    if (start < command.span.start || !fileNamesIn(file).some((name) => names.has(name))) continue;
    const digits = { start, end: start + digest.length };
    return [
      {
        kind: "hash",
        ...inFile(pipeline, script, digits),
        subject: url,
        expected: digest.toLowerCase(),
        label: undefined,
        ask: { kind: "scriptHash", url },
        alive: undefined,
        update: (pin) => script.rewrite([{ span: digits, text: pin }]),
      },
    ];
  }
  return [];
}

/** Digests that a text compares files with, and what is said of the file. */
function comparisonsIn(
  text: string,
): readonly { readonly digest: string; readonly file: string; readonly start: number }[] {
  const listed = [...text.matchAll(COMPARED)].flatMap(({ 0: found, 1: digest = "", 2: file = "", index }) => {
    const isCompared = /sum\b/.test(text.slice(index + found.length).split("\n", 1)[0] ?? "");
    return isCompared ? [{ digest, file, start: index }] : [];
  });
  const hashed = [...text.matchAll(COMPARED_ON_WINDOWS)].map(({ 0: found, 1: file = "", 2: digest = "", index }) => {
    return { digest, file, start: index + found.length - digest.length };
  });
  return [...listed, ...hashed];
}

/** `(Get-FileHash F).Hash -ne 'H'`, `certutil -hashfile F SHA256 | findstr /c:"H"`. */
const COMPARED_ON_WINDOWS =
  /(?:\bGet-FileHash\b|\bcertutil(?:\.exe)?\s+[-/]hashfile\b)([^\n|]{0,500}?)(?:\.Hash\s+-[ci]?ne\s+["']?|\|\s*findstr\b[^\n|]{0,100}?)(?<![0-9a-f])([0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64})(?![0-9a-f])/gi;

const COMPARED = /(?<![0-9a-f])([0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})[ \t]+\*?([^\s"'|;&]+)/gi;

/** True where a program of Windows hashes a file by the name that the download gives it: `Get-FileHash x`, `certutil -hashfile x`. */
function isHashed(
  script: Script,
  { script: { text } }: CheckedDownload["from"],
  { command }: CheckedDownload["download"],
): boolean {
  const stored = new Set(fileNamesIn(text.slice(command.span.start, command.span.end)));
  const hashed = [
    ...script.text.matchAll(/\bGet-FileHash\b([^\n|)]*)|\bcertutil(?:\.exe)?\s+[-/]hashfile\b([^\n|]*)/gi),
  ];
  return hashed.some(([, one = "", other = ""]) => fileNamesIn(one + other).some((name) => stored.has(name)));
}

/** The last parts of the words of a command that are no options and no addresses. */
function fileNamesIn(command: string): readonly string[] {
  const words = command.toLowerCase().match(/[^\s"'(),;]+/g) ?? [];
  return words.flatMap((word) => (/^-|:\/\//.test(word) ? [] : (/[^\\/]+$/.exec(word)?.[0] ?? [])));
}

function isWritten(
  checked: string | undefined,
  { script, program }: CheckedDownload["from"],
  { command }: CheckedDownload["download"],
): boolean {
  const { text, holes, shell, operatingSystems, scratch } = script;
  const file = downloadedFile({ text, holes, program, shell, operatingSystems, scratch }, command);
  if (file === undefined) return false;
  // There a comparison names no file, and isHashed looks for it.
  if (checked === undefined) return shell.language !== "powershell" && shell.language !== "cmd";
  const [own, other] = [file.quoted, checked].map((path) => path.replace(/^.*\//s, ""));
  // Of a name that only the run knows, the data flow has said already that both mean the same file.
  return own === other || /[$`]/.test(own ?? "") || /[$‹]/.test(other ?? "");
}

function inFile(pipeline: Pipeline, script: Script, span: Span): Pick<PinnedPlace, "path" | "span"> {
  return { path: pipeline.path, ...placeIn(script, span) };
}

/** The last occurrence of a piece of text within a span of a script. */
function within(script: Script, piece: string, span: Span): Span | undefined {
  const start = script.text.lastIndexOf(piece, span.end - piece.length);
  return start >= span.start ? { start, end: start + piece.length } : undefined;
}

/** What an anchor brings to several places is pinned once, and so is what several jobs run. */
function unique(places: readonly PinnedPlace[]): PinnedPlace[] {
  const seen = new Set<string>();
  return places.filter(({ path, span, subject }) => {
    const key = JSON.stringify([path, span.start, span.end, subject]);
    return !seen.has(key) && seen.add(key);
  });
}

function byPlace(a: PinnedPlace, b: PinnedPlace): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : a.span.start - b.span.start;
}
