import type { Reference, Target, Versions } from "./model.ts";
import type { Answer } from "./question.ts";
import type { EditFix, Fix, NoFix } from "./rule.ts";
import type { Edit } from "./text.ts";
import { shortened } from "./wording.ts";

// How references are pinned in place, whatever the notation around them.

type Repository = Extract<Target, { kind: "repository" }>;
type Image = Extract<Target, { kind: "image" }>;
type Address = Extract<Target, { kind: "address" }>;

/** The fixes that a reference's target and notation allow; none where there is nothing to ask or no place for the answer. */
export function pinFixesFor(reference: Reference, document: string): readonly Fix[] {
  const { target, addition, versions } = reference;
  if (versions !== undefined) return versionFix(reference, versions);
  switch (target.kind) {
    case "repository":
      return commitFix(reference, target);
    case "image":
      // What an argument puts together has no place for a digest.
      return reference.text.includes("$")
        ? []
        : digestFix(target, (digest) => appended(reference, document, `@${digest}`));
    case "address":
      return addition === undefined ? [] : integrityFix(target, addition);
    default:
      return [];
  }
}

/** Replaces a ref by the commit behind it and says in a comment what it was; where no ref is written, adds the commit. */
function commitFix({ repin, addition }: Reference, { host, repo, ref }: Repository): readonly Fix[] {
  const written = ref === undefined || ref === "" ? undefined : ref;
  if (host === "" || (written === undefined ? addition === undefined : repin === undefined)) return [];
  const title = `Pin ${repo} to the commit of ${written ?? "its default branch"}`;
  const next = (answer: Answer): EditFix | NoFix => {
    if (answer.kind !== "commit") return UNEXPECTED;
    if (written === undefined || repin === undefined)
      return { title, edits: addition ? [added(addition, answer.commit)] : [] };
    const comment = answer.refKind === "commit" ? answer.versionTag : (answer.versionTag ?? written);
    const edits: Edit[] = [{ span: repin.version, text: answer.commit }];
    if (repin.comment !== undefined && comment !== undefined) {
      edits.push({ span: repin.comment, text: `${repin.commentBefore}${comment}${repin.commentAfter}` });
    }
    return { title, edits };
  };
  return [{ title, ask: { kind: "commit", host, repo, ref: written ?? "HEAD" }, next }];
}

/** Asks the registry what stands behind an image's tag today. `edit` says where the digest goes, `undefined` where it has no place. */
export function digestFix({ name, tag }: Image, edit: (digest: string) => readonly Edit[] | undefined): readonly Fix[] {
  const image = tag === undefined ? name : `${name}:${tag}`;
  const title = `Pin ${shortened(image, 60)} to its digest`;
  const next = (answer: Answer): EditFix | NoFix => {
    const edits = answer.kind === "imageDigest" ? edit(answer.digest) : undefined;
    return edits === undefined ? NO_PLACE : { title, edits };
  };
  return [{ title, ask: { kind: "imageDigest", image }, next }];
}

/** Writes the newest exact version: the best there is where a system has no hashes, which the title says. */
function versionFix({ text, repin }: Reference, { list, range, slot, before }: Versions): readonly Fix[] {
  const name = shortened(list.kind === "orb" ? list.name : list.repo, 60);
  const which = range === "" ? "its newest exact version" : `the newest exact version of ${range}`;
  const next = (answer: Answer): EditFix | NoFix => {
    if (answer.kind !== "newestVersion") return UNEXPECTED;
    const { version } = answer;
    if (text.endsWith(`${before}${version}`)) return { refused: `${name} is at its newest exact version already.` };
    const edits: Edit[] = [{ span: slot, text: `${before}${version}` }];
    const { comment } = repin ?? {};
    // A comment that named the old version would be wrong, and a new one would say nothing.
    if (comment !== undefined && comment.end > comment.start) edits.push({ span: comment, text: version });
    return { title: `Pin ${name} to ${version}, ${which} (there is no hash)`, edits, ...EASES[list.kind] };
  };
  return [{ title: `Pin ${name} to ${which} (there is no hash)`, ask: { kind: "newestVersion", list, range }, next }];
}

/** A released orb never changes. A tag can be moved, so that its finding stays, though nothing new is taken over by itself any more. */
const EASES = { orb: {}, tags: { eases: true } } as const;

/** Adds the SHA-256 of what lies behind an address, in the base64 form of subresource integrity. */
function integrityFix({ url }: Address, addition: NonNullable<Reference["addition"]>): readonly Fix[] {
  const title = `Pin ${shortened(url.replace(/^https?:\/\/(?:[^@/?#]*@)?/, ""), 60)} by its SHA-256`;
  const next = (answer: Answer): EditFix | NoFix => {
    if (answer.kind !== "scriptHash") return UNEXPECTED;
    return { title, edits: [added(addition, `'sha256-${base64OfHex(answer.sha256)}'`)] };
  };
  return [{ title, ask: { kind: "scriptHash", url }, next }];
}

const UNEXPECTED: NoFix = { refused: "The answer does not fit the question, so nothing was changed." };
const NO_PLACE: NoFix = { refused: "The pin has no place in this notation, so nothing was changed." };

/** Text behind a reference that stands in the document as it reads. */
function appended({ span, text }: Reference, document: string, suffix: string): readonly Edit[] | undefined {
  const end = span.start + text.trimEnd().length;
  if (document.slice(span.start, end) !== text.trimEnd()) return undefined;
  return [{ span: { start: end, end }, text: suffix }];
}

function added({ key, slot }: NonNullable<Reference["addition"]>, value: string): Edit {
  return { span: { start: slot.at, end: slot.at }, text: `${slot.before}${key}: ${value}${slot.after}` };
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The hex form of bytes that are given in base64 (RFC 4648). */
export function hexOfBase64(base64: string): string {
  const bits = [...base64.replace(/=+$/, "")]
    .map((digit) => DIGITS.indexOf(digit).toString(2).padStart(6, "0"))
    .join("");
  const bytes = bits.match(/[01]{8}/g) ?? [];
  return bytes.map((byte) => Number.parseInt(byte, 2).toString(16).padStart(2, "0")).join("");
}

/** The base64 form (RFC 4648) of bytes that are given in hex. */
export function base64OfHex(hex: string): string {
  const bytes = hex.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? [];
  let result = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = bytes.slice(at, at + 3);
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    const digits = [18, 12, 6, 0].map((shift) => DIGITS[(bits >> shift) & 63] ?? "");
    result += digits
      .slice(0, c === undefined ? (b === undefined ? 2 : 3) : 4)
      .join("")
      .padEnd(4, "=");
  }
  return result;
}
