import assert from "node:assert/strict";
import {
  type Answer,
  analyze,
  applyEdits,
  type Context,
  DEFAULT_SETTINGS,
  type Edit,
  type Finding,
  type Fix,
  type NoFix,
  type Question,
  type SourceFile,
} from "../../server/core/index.ts";
import { fuzzedFile, randomOf } from "./fuzz-input.ts";

export interface FuzzReport {
  readonly count: number;
  /** Findings and fixes that were met: none of them would mean that the inputs are too broken to try anything. */
  readonly findings: number;
  readonly fixes: number;
  /** The longest single analysis and the length of its text in UTF-16 units. */
  readonly worst: { readonly ms: number; readonly length: number };
  readonly failure: FuzzFailure | undefined;
}

export interface FuzzFailure {
  /** Which input it was, counted from 0. */
  readonly index: number;
  readonly error: unknown;
  /** The smallest file found that fails too. */
  readonly file: SourceFile;
}

/** Analyses `count` files that the seed determines, tries every fix, and stops at the first exception or broken promise. */
export function fuzz(count: number, seed: number, bases: readonly SourceFile[]): FuzzReport {
  const tally: Tally = { findings: 0, fixes: 0, worst: { ms: 0, length: 0 } };
  const { stackTraceLimit } = Error;
  // The YAML parser makes an error object for each mistake in a file. Half of the time would go into their stack traces.
  Error.stackTraceLimit = 0;
  try {
    for (let index = 0; index < count; index++) {
      const file = fuzzedFile(randomOf(Math.imul(seed, 0x9e3779b1) + index), bases);
      if (exceptionOf(file, tally) === undefined) continue;
      const small = smallest(file);
      Error.stackTraceLimit = stackTraceLimit;
      return { ...tally, count: index + 1, failure: { index, error: exceptionOf(small), file: small } };
    }
    return { ...tally, count, failure: undefined };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function exceptionOf(file: SourceFile, tally: Tally = { findings: 0, fixes: 0, worst: { ms: 0, length: 0 } }): unknown {
  try {
    exercise(file, tally);
    return undefined;
  } catch (error) {
    return error;
  }
}

interface Tally {
  findings: number;
  fixes: number;
  worst: { ms: number; length: number };
}

function exercise(file: SourceFile, tally: Tally): void {
  // Every file that the analysis asks for is the file itself: what pulls in others comes in circles.
  const context: Context = { read: () => file.text, list: () => [file.path] };
  const [findings, firstMs] = timedAnalysis(file, context);
  if (firstMs > tally.worst.ms) {
    // A machine that is busy with other things makes any input look slow, but hardly the same one three times.
    const ms = Math.min(firstMs, timedAnalysis(file, context)[1], timedAnalysis(file, context)[1]);
    if (ms > tally.worst.ms) tally.worst = { ms, length: file.text.length };
  }
  tally.findings += findings.length;
  for (const finding of findings) {
    assertWithin(finding.span, file.text);
    for (const fix of finding.fixes) tryFix(fix, file, context, tally);
  }
}

function timedAnalysis(file: SourceFile, context: Context): readonly [findings: readonly Finding[], ms: number] {
  const startedMs = performance.now();
  const { findings } = analyze(file, context, DEFAULT_SETTINGS);
  return [findings, performance.now() - startedMs];
}

/** Every answer is tried. A question may lead to another one, but not for ever. */
function tryFix(fix: Fix | NoFix, file: SourceFile, context: Context, tally: Tally, depth = 0): void {
  assert.ok(depth < 5, "A fix that asks again and again.");
  if ("refused" in fix) {
    assert.ok(fix.refused.length > 0);
  } else if ("ask" in fix) {
    for (const answer of answersTo(fix.ask)) tryFix(fix.next(answer), file, context, tally, depth + 1);
  } else {
    tally.fixes++;
    assertApart(fix.edits, file.text);
    const text = applyEdits(file.text, fix.edits);
    const after: Context = { ...context, read: () => text };
    for (const { span } of analyze({ path: file.path, text }, after, DEFAULT_SETTINGS).findings)
      assertWithin(span, text);
  }
}

function answersTo(question: Question): readonly Answer[] {
  switch (question.kind) {
    case "commit":
      return [
        { kind: "commit", commit: "0123456789abcdef0123456789abcdef01234567", refKind: "tag", versionTag: "v1.2.3" },
        { kind: "commit", commit: "89abcdef0123456789abcdef0123456789abcdef", refKind: "branch" },
      ];
    case "scriptHash":
      return ["#!/bin/sh\necho hello\n", ""].map((text) => ({
        kind: "scriptHash",
        sha256: "01".repeat(32),
        finalUrl: question.url,
        text,
      }));
    case "imageDigest":
      return [{ kind: "imageDigest", digest: `sha256:${"23".repeat(32)}`, platforms: 2 }];
    case "newestVersion":
      return [{ kind: "newestVersion", version: "1.2.3" }];
  }
}

function assertWithin(span: { readonly start: number; readonly end: number }, text: string): void {
  assert.ok(
    0 <= span.start && span.start <= span.end && span.end <= text.length,
    `Span ${span.start}-${span.end} of ${text.length}`,
  );
}

function assertApart(edits: readonly Edit[], text: string): void {
  const spans = edits.flatMap((edit) => ("span" in edit && edit.path === undefined ? [edit.span] : []));
  spans.sort((a, b) => a.start - b.start || a.end - b.end);
  spans.forEach((span, index) => {
    assertWithin(span, text);
    assert.ok((spans[index - 1]?.end ?? 0) <= span.start, "Edits that overlap.");
  });
}

/** Leaves out pieces as long as the rest still fails, ever smaller ones. */
function smallest(file: SourceFile): SourceFile {
  const fails = (text: string) => exceptionOf({ path: file.path, text }) !== undefined;
  let text = file.text;
  for (let size = text.length >> 1; size >= 1; ) {
    const before = text.length;
    for (let at = 0; at < text.length; ) {
      const shorter = text.slice(0, at) + text.slice(at + size);
      if (fails(shorter)) text = shorter;
      else at += size;
    }
    if (text.length === before || size > text.length) size >>= 1;
  }
  return { path: file.path, text };
}
