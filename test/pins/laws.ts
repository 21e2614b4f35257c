import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { isMap, isNode, isPair, isScalar, isSeq, type Node, parseAllDocuments } from "yaml";
import { analyze, applyEdits, type Finding, type Question, type SourceFile } from "../../server/core/index.ts";
import { isPinnable, pinAll } from "../../server/pins/pin-all.ts";
import type { Resolver } from "../../server/resolvers/resolver.ts";
import { targetOf } from "./world.ts";

/** What pinning everything in a file came to: the text, and how many findings it healed and left. */
export interface Judged {
  readonly text: string;
  readonly pinned: number;
  readonly left: number;
}

/**
 * What has to hold for pinning everything in a file, whatever the file, with made-up answers: only what was found is changed, the YAML
 * stays valid and keeps its structure, findings are healed, line ends stay, and a second run changes nothing.
 */
export async function judge(file: SourceFile): Promise<Judged> {
  const { context } = targetOf("", MADE_UP);
  const before = analyze(file, context, { rules: {} }).findings.filter(isPinnable);
  const { files: changed, outcomes } = await pinAll([targetOf(file.text, MADE_UP, file.path)]);
  const [own] = changed;
  const left = outcomes.filter(({ to }) => "left" in to).length;
  const judged = { text: own?.after ?? file.text, pinned: outcomes.length - left, left };
  if (own === undefined) {
    equal(left, outcomes.length);
    return judged;
  }
  equal(applyEdits(file.text, own.changes), own.after, "the changes lead to the text");
  const again = await pinAll([targetOf(own.after, MADE_UP, file.path)]);
  // The exact version of a pipe is a tag, which is better than a range of versions and can be moved all the same.
  const eased = outcomes.filter(({ rule, to }) => rule === "unpinned-pipe" && "pinned" in to).length;
  equal(again.outcomes.length, left + eased, "what was pinned is healed");
  deepEqual(again.files, [], "a second run changes nothing");
  const altered = compareStructure(file.text, own.after);
  for (const { start, end } of altered)
    ok(
      before.some((finding) => touches(finding, start, end)),
      `no finding at ${file.text.slice(start, end)}`,
    );
  for (const { span } of own.changes) {
    const isNamed = altered.some(({ start, end }) => span.start >= start && span.end <= lineEnd(file.text, end));
    ok(isNamed, `changed besides: ${JSON.stringify(file.text.slice(span.start, span.end))}`);
  }
  const isDos = /\r\n/.test(file.text) && !/[^\r]\n/.test(file.text);
  if (isDos) ok(!/[^\r]\n/.test(own.after), "line ends stay");
  return judged;
}

/** The text after everything in a file was pinned with the answers that {@link judge} makes up. */
export async function pinnedText({ path, text }: SourceFile): Promise<string> {
  const { files } = await pinAll([targetOf(text, MADE_UP, path)]);
  return files[0]?.after ?? text;
}

/** Where an answer is made up from the question, so that equal questions have equal answers. */
const MADE_UP: Resolver = {
  resolve: async (question) => {
    const sha256 = createHash("sha256").update(JSON.stringify(question)).digest("hex");
    switch (question.kind) {
      case "commit":
        return { kind: "commit", commit: sha256.slice(0, 40), ...versionOf(question) };
      case "scriptHash":
        return { kind: "scriptHash", sha256, finalUrl: question.url, text: "echo\n" };
      case "imageDigest":
        return { kind: "imageDigest", digest: `sha256:${sha256}`, platforms: 2 };
      case "newestVersion":
        return { kind: "newestVersion", version: versionWithin(question.range) };
    }
  },
};

function versionOf({ ref }: Extract<Question, { kind: "commit" }>) {
  if (!/^v?\d/.test(ref)) return { refKind: "branch" } as const;
  return { refKind: "tag", versionTag: /^v?\d+$/.test(ref) ? `${ref}.2.3` : ref } as const;
}

function versionWithin(range: string): string {
  return [...(range === "" ? [] : range.split(".")), "1", "2", "3"].slice(0, 3).join(".");
}

function touches({ span, related }: Finding, start: number, end: number): boolean {
  return [{ span }, ...related].some((place) => place.span.start < end && start < place.span.end);
}

function lineEnd(text: string, offset: number): number {
  const end = text.slice(offset).search(/\r?\n|$/);
  return offset + end;
}

/** The scalars that are not equal, by their places in the first text. Everything else has to be. */
function compareStructure(before: string, after: string): readonly { readonly start: number; readonly end: number }[] {
  const [old, now] = [parseAllDocuments(before), parseAllDocuments(after)];
  deepEqual(
    [...now].flatMap(({ errors }) => errors.map(({ code }) => code)),
    [...old].flatMap(({ errors }) => errors.map(({ code }) => code)),
  );
  equal(now.length, old.length);
  return [...old].flatMap((document, each) => compareNodes(document.contents, [...now][each]?.contents));
}

function compareNodes(a: unknown, b: unknown): { start: number; end: number }[] {
  if (isScalar(a) && isScalar(b)) {
    const same = a.value === b.value && a.anchor === b.anchor && a.tag === b.tag;
    const [start = 0, end = 0] = a.range ?? [];
    return same ? [] : [{ start, end }];
  }
  if (isMap(a) && isMap(b)) {
    const kept = b.items.filter(({ key }) => !isScalar(key) || !ADDED.has(key.value) || a.has(key.value));
    equal(kept.length, a.items.length);
    const [start = 0, end = 0] = a.range ?? [];
    const own = b.items.length === kept.length ? [] : [{ start, end }];
    const inside = a.items.flatMap(({ key, value }, each) => [
      ...compareNodes(key, kept[each]?.key),
      ...compareNodes(value, kept[each]?.value),
    ]);
    return [...own, ...inside];
  }
  if (isSeq(a) && isSeq(b)) {
    equal(b.items.length, a.items.length);
    return a.items.flatMap((item, each) => compareNodes(item, b.items[each]));
  }
  equal(kindOf(b), kindOf(a));
  return [];
}

/** Keys that hold nothing but a pin. */
const ADDED: ReadonlySet<unknown> = new Set(["ref", "integrity", "digest", "revision"]);

function kindOf(node: unknown): string {
  return isPair(node) ? "pair" : isNode(node) ? (node as Node).constructor.name : String(node);
}
