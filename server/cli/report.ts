import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Accepted } from "../baseline/baseline.ts";
import type { ReachedSecret, Rule, Severity, SuppressedFinding } from "../core/index.ts";
import { isWithin, slashed } from "../workspace/paths.ts";
import type { Region } from "./lines.ts";

/** What a scan found, ready to be written in any format. */
export interface Report {
  /** Absolute path of the folder that paths are shown from. */
  readonly base: string;
  /** How many files a CI system claimed. */
  readonly ciFiles: number;
  /** By file in the order of the walk, then by place. */
  readonly results: readonly Result[];
  /** What comments, settings and baselines silence, in the same order. */
  readonly suppressed: readonly SuppressedResult[];
  /** What baselines accept and nobody finds any more. */
  readonly gone: readonly Accepted[];
  readonly notices: readonly Notice[];
}

/** A part of a file of the disk. */
export interface Place {
  /** Absolute path. */
  readonly file: string;
  readonly region: Region;
}

/** A finding whose places hold without the text. */
export interface Result extends Place {
  readonly rule: Rule;
  readonly severity: Severity;
  readonly message: string;
  readonly related: readonly (Place & { readonly message: string })[];
  /** The secrets in reach, innermost grant first; `undefined` where the finding is not about code that runs. */
  readonly reach: readonly ReachedAt[] | undefined;
  /** What the code could take besides, by tampering with what later steps of its job run. */
  readonly reachLater: readonly ReachedAt[] | undefined;
  /** The fixes that need nothing from outside. */
  readonly fixes: readonly { readonly title: string; readonly changes: readonly Change[] }[];
  /** 64 hex digits that stay the same while lines move. */
  readonly fingerprint: string;
}

/** A finding that is not to be shown. */
export interface SuppressedResult extends Result {
  readonly by: SuppressedFinding["by"];
  /** Why, in the words of the person; "" where nobody said. */
  readonly reason: string;
}

/** A secret in reach, and the CI file that grants it, with the place where its text does. */
export type ReachedAt = ReachedSecret & { readonly file: string; readonly region: Region | undefined };

/** A secret in reach as the reports write it. */
export function reachedOf(report: Pick<Report, "base">, secret: ReachedAt) {
  const { name, kind, from, scope, level, writes, file, region } = secret;
  return {
    name,
    kind,
    ...(from !== undefined && { from }),
    scope,
    level,
    ...(writes === true && { writes }),
    path: shownPath(report, file),
    region,
  };
}

/** Replaces a region of a file; without a region it makes the file. */
export interface Change {
  readonly file: string;
  readonly region: Region | undefined;
  readonly text: string;
}

/** Something about the scan itself. */
export interface Notice {
  readonly file: string;
  /** Counted from 1. */
  readonly line?: number;
  /** A whole sentence without the file's name. */
  readonly message: string;
  /** True where the scan did not do what it was asked for. */
  readonly failure: boolean;
}

/** The path as a person at the base would write it, with forward slashes. */
export function shownPath(report: Pick<Report, "base">, file: string): string {
  return slashed(path.relative(report.base, file)) || ".";
}

/** A relative URI reference for what lies in the base folder, else a file URI. */
export function uriOf(report: Report, file: string): { readonly uri: string; readonly isRelative: boolean } {
  if (!isWithin(report.base, file)) return { uri: pathToFileURL(file).href, isRelative: false };
  const parts = slashed(path.relative(report.base, file)).split("/");
  return { uri: parts.map((part) => encodeURIComponent(wellFormed(part))).join("/"), isRelative: true };
}

/** The items by key, keys in the order of their first item. */
export function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** The items without those that say the same as an earlier one. */
export function distinct<T>(items: readonly T[]): readonly T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

/** From the gravest to the mildest. */
export const SEVERITIES: readonly Severity[] = ["error", "warning", "information", "hint"];

/** File names of Windows may hold half a surrogate pair, which no URI can say. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\uFFFD");
}
