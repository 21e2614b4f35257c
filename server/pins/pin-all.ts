import {
  analyze,
  type Context,
  type Edit,
  type Finding,
  objectionAmong,
  type Settings,
  type Severity,
  type SourceFile,
  type Span,
  withEdits,
} from "../core/index.ts";
import type { Resolver } from "../resolvers/resolver.ts";
import { type Ask, createAsk, followFix, stopIfCancelled } from "./asking.ts";
import { changesOf, type Draft, draftOf, edited, originalOffset, shifted, type TextChange } from "./draft.ts";
import { nameOfPin, nameOfQuestion, onOneLine } from "./wording.ts";

/** A file to pin everything in. */
export interface PinTarget {
  readonly file: SourceFile;
  readonly context: Context;
  readonly settings: Settings;
  readonly resolver: Resolver;
  /** Names a file of the repository around this one, by its path from the root: the same name for the same file in every target. */
  identify(path: string): string;
  /** True for paths that the settings leave out: nothing is pinned there, whoever runs them. */
  isExcluded(path: string): boolean;
}

export interface PinOptions {
  /** Aborted when the person cancels; the promise then rejects with the refusal "cancelled". */
  readonly signal?: AbortSignal | undefined;
  /** Which findings are meant; {@link isPinnable} unless given. */
  accept?(finding: Finding, target: PinTarget): boolean;
  /** Told how many of the fixes have their answers. */
  onProgress?(done: number, total: number): void;
}

/** What came of it. Nothing is written yet. */
export interface PinResult {
  /** The files that are to be changed. */
  readonly files: readonly PinnedFile[];
  /** By file in the order of the targets, then by place. */
  readonly outcomes: readonly PinOutcome[];
}

export interface PinnedFile {
  /** What {@link PinTarget.identify} called it. */
  readonly id: string;
  readonly path: string;
  /** The target that it was changed for. */
  readonly target: PinTarget;
  /** `undefined` where the file is new. */
  readonly before: string | undefined;
  readonly after: string;
  /** What leads from one to the other, in order; spans are those of `before`. */
  readonly changes: readonly TextChange[];
}

/** One finding: what it was pinned to, or why it was left as it is. */
export interface PinOutcome {
  readonly id: string;
  readonly path: string;
  /** Where it lay before anything was changed. */
  readonly offset: number;
  /** The line of that, from 1. */
  readonly line: number;
  readonly rule: string;
  readonly severity: Severity;
  /** What the file called it: "actions/checkout@v4", "node:22", an address. */
  readonly what: string;
  readonly to: { readonly pinned: string } | { readonly left: string };
}

/**
 * Finds everything in the targets that a pin would heal, asks what it stands for, and pins it, one finding after the other, each judged
 * by a new analysis. Refused questions and fixes leave their finding as it is, with the reason, and never end the others. Targets of
 * one repository share its files. Rejects where the person cancels.
 */
export async function pinAll(targets: readonly PinTarget[], options: PinOptions = {}): Promise<PinResult> {
  const ask = createAsk(options.signal);
  const accept: Accept = (finding, target) =>
    !target.isExcluded(finding.path) && (options.accept ?? isPinnable)(finding, target);
  const concerned = await askAhead(targets, accept, ask, options);
  const desk: Desk = { drafts: new Map(), outcomes: new Map() };
  for (const target of concerned) {
    await othersTurn(options.signal);
    await pinTarget(target, desk, accept, ask, options.signal);
  }
  return { files: filesOf(desk), outcomes: inOrder([...desk.outcomes.values()]) };
}

/** True for findings that a pin heals: the first fix asks what a name stands for, or the rule is about pins and has no fix here. */
export function isPinnable({ fixes: [first], rule }: Finding): boolean {
  if (first !== undefined) return "ask" in first;
  return rule.id.startsWith("unpinned-") || rule.examples.some(({ answers }) => answers !== undefined);
}

type Accept = (finding: Finding, target: PinTarget) => boolean;

interface Desk {
  /** Files that were changed, by their identity. */
  readonly drafts: Map<string, { readonly draft: Draft; readonly path: string; readonly target: PinTarget }>;
  readonly outcomes: Map<string, PinOutcome>;
}

/** Asks the questions of all the fixes side by side; their answers are remembered. Gives the targets in which something was found. */
async function askAhead(
  targets: readonly PinTarget[],
  accept: Accept,
  ask: Ask,
  { signal, onProgress }: PinOptions,
): Promise<readonly PinTarget[]> {
  const count = { done: 0, total: 0 };
  const running: Promise<unknown>[] = [];
  const concerned: PinTarget[] = [];
  for (const target of targets) {
    const { file, context, settings, resolver } = target;
    await othersTurn(signal);
    const findings = analyze(file, context, settings).findings.filter((finding) => accept(finding, target));
    if (findings.length > 0) concerned.push(target);
    for (const { fixes } of findings) {
      const [fix] = fixes;
      if (fix === undefined || !("ask" in fix)) continue;
      count.total++;
      const followed = followFix(fix, resolver, ask).then(() => onProgress?.(++count.done, count.total));
      // Where it rejects, this is noticed below, after the other targets were read.
      followed.catch(() => {});
      running.push(followed);
    }
  }
  await Promise.all(running);
  return concerned;
}

/** Lets whoever waits for this process have a turn, such as the message that cancels. */
async function othersTurn(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  stopIfCancelled(signal);
}

/** A finding that stays, known again after edits by its place. */
interface Left {
  readonly finding: Finding;
  readonly span: Span;
}

/** Each round pins a finding, so that there are fewer, or leaves one: it ends. */
async function pinTarget(
  target: PinTarget,
  desk: Desk,
  accept: Accept,
  ask: Ask,
  signal: AbortSignal | undefined,
): Promise<void> {
  let left: readonly Left[] = [];
  let world = worldOf(target, desk);
  let { findings } = analyze(world.file, world.context, target.settings);
  for (;;) {
    const finding = findings.find((each) => accept(each, target) && !left.some((other) => isSame(other, each)));
    if (finding === undefined) return;
    await othersTurn(signal);
    const attempt = await attemptOn(finding, findings, target, world, ask);
    desk.outcomes.set(keyOf(finding, target, desk), attempt.outcome(desk));
    if (attempt.edits === undefined) left = [...left, { finding, span: finding.span }];
    else {
      const changes = changesByPath(attempt.edits, target);
      const own = changes.get(finding.path) ?? [];
      left = left.map((each) => ({ ...each, span: shifted(each.span, changes.get(each.finding.path) ?? []) }));
      if (attempt.eases) left = [...left, { finding, span: grown(finding.span, own) }];
      apply(changes, attempt.edits, target, desk);
      world = worldOf(target, desk);
      findings = attempt.findings;
    }
  }
}

/** A file and its surroundings as they are by now. */
function worldOf({ file, context, identify }: PinTarget, { drafts }: Desk): { file: SourceFile; context: Context } {
  const now = (path: string) => drafts.get(identify(path))?.draft.text;
  return {
    file: { path: file.path, text: now(file.path) ?? file.text },
    context: { ...context, read: (path) => now(path) ?? context.read(path) },
  };
}

function isSame({ finding, span }: Left, other: Finding): boolean {
  return (
    finding.rule.id === other.rule.id &&
    finding.path === other.path &&
    span.start === other.span.start &&
    span.end === other.span.end
  );
}

/** The span of a finding after its own fix, which may have added something at its end. */
function grown({ start, end }: Span, edits: readonly TextChange[]): Span {
  const later = shifted({ start, end: end + 1 }, edits);
  return { start: later.start, end: later.end - 1 };
}

interface Attempt {
  /** `undefined` where the finding is left as it is. */
  readonly edits: readonly Edit[] | undefined;
  /** True where the finding stays all the same. */
  readonly eases: boolean;
  /** Those after the edits. */
  readonly findings: readonly Finding[];
  outcome(desk: Desk): PinOutcome;
}

async function attemptOn(
  finding: Finding,
  findings: readonly Finding[],
  target: PinTarget,
  world: { readonly file: SourceFile; readonly context: Context },
  ask: Ask,
): Promise<Attempt> {
  const [fix] = finding.fixes;
  const source = finding.path === world.file.path ? world.file.text : (world.context.read(finding.path) ?? "");
  const written = onOneLine(source.slice(finding.span.start, finding.span.end));
  const leave = (left: string, what = written): Attempt => ({
    edits: undefined,
    eases: false,
    findings,
    outcome: (desk) => outcomeOf(finding, target, desk, what, { left }),
  });
  if (fix === undefined) return leave(finding.message);
  const { end, exchanges } = await followFix(fix, target.resolver, ask);
  const last = exchanges.at(-1);
  const what = last === undefined ? written : nameOfQuestion(last.question);
  if ("refused" in end) return leave(end.refused, what);
  const after = withEdits(world.file, end.edits, world.context);
  const later = analyze(after.file, after.context, target.settings).findings;
  const against = objectionAmong(finding, end, findings, later);
  if (against !== undefined) return leave(against, what);
  const pinned = last?.answer === undefined ? end.title : nameOfPin(last.answer);
  return {
    edits: end.edits,
    eases: end.eases === true,
    findings: later,
    outcome: (desk) => outcomeOf(finding, target, desk, what, { pinned }),
  };
}

/** Changes of existing files, by path. */
function changesByPath(edits: readonly Edit[], { file }: PinTarget): ReadonlyMap<string, readonly TextChange[]> {
  const changes = new Map<string, TextChange[]>();
  for (const edit of edits) {
    if (!("span" in edit)) continue;
    const path = edit.path ?? file.path;
    changes.set(path, [...(changes.get(path) ?? []), { span: edit.span, text: edit.text }]);
  }
  return changes;
}

function apply(
  changes: ReadonlyMap<string, readonly TextChange[]>,
  edits: readonly Edit[],
  target: PinTarget,
  { drafts }: Desk,
): void {
  const { file, context, identify } = target;
  for (const [path, own] of changes) {
    const known = drafts.get(identify(path));
    const draft = known?.draft ?? draftOf(path === file.path ? file.text : context.read(path));
    drafts.set(identify(path), { draft: edited(draft, own), path, target: known?.target ?? target });
  }
  for (const edit of edits) {
    if (!("create" in edit)) continue;
    const draft = edited(draftOf(undefined), [{ span: { start: 0, end: 0 }, text: edit.create }]);
    drafts.set(identify(edit.path), { draft, path: edit.path, target });
  }
}

/** Two targets may come upon the same finding, in a script that both run. */
function keyOf({ rule, path, span }: Finding, { identify }: PinTarget, desk: Desk): string {
  return JSON.stringify([identify(path), placeBefore(identify(path), span, desk), rule.id]);
}

function placeBefore(id: string, { start }: Span, { drafts }: Desk): number {
  const draft = drafts.get(id)?.draft;
  return draft === undefined ? start : originalOffset(draft, start);
}

function outcomeOf(
  { rule, path, span, severity }: Finding,
  { file, context, identify }: PinTarget,
  desk: Desk,
  what: string,
  to: PinOutcome["to"],
): PinOutcome {
  const id = identify(path);
  const offset = placeBefore(id, span, desk);
  const before = desk.drafts.get(id)?.draft.before ?? (path === file.path ? file.text : context.read(path)) ?? "";
  return { id, path, offset, line: lineAt(before, offset), rule: rule.id, severity, what, to };
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split(/\r\n|\r|\n/).length;
}

function filesOf({ drafts }: Desk): readonly PinnedFile[] {
  return [...drafts].flatMap(([id, { draft, path, target }]) =>
    draft.text === draft.before
      ? []
      : [{ id, path, target, before: draft.before, after: draft.text, changes: changesOf(draft) }],
  );
}

/** Files in the order in which they were come upon. */
function inOrder(outcomes: readonly PinOutcome[]): readonly PinOutcome[] {
  const files = [...new Set(outcomes.map(({ id }) => id))];
  return [...outcomes].sort((a, b) => files.indexOf(a.id) - files.indexOf(b.id) || a.offset - b.offset);
}
