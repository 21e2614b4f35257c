import { indentationStep, lineBreakOf, lineStart } from "../lines.ts";
import type { Areas, Permit } from "../model.ts";
import type { Edit } from "../text.ts";
import {
  childInsertion,
  entries,
  entry,
  get,
  insertion,
  items,
  scalar,
  text,
  type YamlEntry,
  type YamlMap,
  type YamlNode,
} from "../yaml.ts";
import { wordEdit } from "./reading.ts";
import { permissionsOf } from "./reading-workflow-token.ts";

// Where a workflow and its jobs can say what the token may do.

/**
 * The place of a workflow: above its jobs. None in a workflow that only others call, as it has at most what its callers grant; and no
 * edits where others may call it, because asking for more than a caller grants is an error of the whole run.
 */
export function workflowPermit(document: string, root: YamlNode | undefined): Permit | undefined {
  const jobs = entry(root, "jobs");
  const on = get(root, "on");
  const names = [
    text(on) ?? [],
    items(on).flatMap((each) => text(each) ?? []),
    entries(on).map(({ key }) => key),
  ].flat();
  if (root?.kind !== "map" || jobs === undefined || jobs.merged || names.every((name) => name === "workflow_call"))
    return undefined;
  const permit = permitAbove(document, root, jobs);
  return permit && names.includes("workflow_call") ? { span: permit.span, edits: () => undefined } : permit;
}

/** The place of a job: above its steps. @param key the job's own entry */
export function jobPermit(document: string, key: Permit["span"], job: YamlNode | undefined): Permit | undefined {
  const steps = entry(job, "steps");
  if (job?.kind !== "map") return undefined;
  if (steps === undefined || steps.merged || job.alias !== undefined || job.anchored)
    return { span: key, edits: () => undefined };
  const permit = permitAbove(document, job, steps);
  return permit && { ...permit, span: permit.span === steps.keySpan ? key : permit.span };
}

function permitAbove(document: string, owner: YamlMap, next: YamlEntry): Permit | undefined {
  const written = entry(owner, "permissions");
  if (written === undefined)
    return { span: next.keySpan, edits: (areas) => added(document, owner, next, linesOf(areas)) };
  if (permissionsOf(owner) === undefined) return undefined;
  return {
    span: written.value?.kind === "map" ? written.keySpan : written.span,
    edits: (areas) => (written.merged ? undefined : changed(document, owner, written, areas)),
  };
}

function linesOf(areas: Areas): readonly string[] {
  return Object.entries(areas)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([area, access]) => `${area}: ${granted(area, access)}`);
}

/** Some rights can be had or not be had. */
function granted(area: string, access: Areas[string]): string {
  return access === "read" && /^(?:id-token|copilot-requests)$/.test(area) ? "none" : access;
}

function added(
  document: string,
  owner: YamlMap,
  next: YamlEntry,
  lines: readonly string[],
): readonly Edit[] | undefined {
  if (owner.flow) {
    const slot = childInsertion(document, owner, "permissions");
    const inserted = slot && `${slot.before}${lines.join(slot.between)}${slot.after}`;
    return slot && [{ span: { start: slot.at, end: slot.at }, text: inserted ?? "" }];
  }
  const pad = document.slice(lineStart(document, next.keySpan.start), next.keySpan.start);
  if (!/^ *$/.test(pad)) return undefined;
  const at = aboveComments(document, lineStart(document, next.keySpan.start), pad);
  const lineBreak = lineBreakOf(document, at);
  const apart = /(?:^|\n)\r?\n$/.test(document.slice(0, at)) ? lineBreak : "";
  const deeper = pad + " ".repeat(stepOf(document, next));
  const block = [`${pad}permissions:`, ...lines.map((line) => deeper + line)].join(lineBreak);
  return [{ span: { start: at, end: at }, text: block + lineBreak + apart }];
}

/** Comments right above a key belong to it. */
function aboveComments(document: string, start: number, pad: string): number {
  let at = start;
  for (let lines = 0; at > 0 && lines < 100; lines++) {
    const previous = lineStart(document, at - 1);
    if (!document.startsWith(`${pad}#`, previous)) break;
    at = previous;
  }
  return at;
}

/** By how much the content of an entry is indented, seen at the entry itself where it is a map. */
function stepOf(document: string, { keySpan, value }: YamlEntry): number {
  const first = value?.kind === "map" && !value.flow ? value.entries[0] : undefined;
  const step = first === undefined ? 0 : columnOf(document, first.keySpan.start) - columnOf(document, keySpan.start);
  return step >= 2 && step <= 8 ? step : indentationStep(document, keySpan.start);
}

function columnOf(document: string, offset: number): number {
  return offset - lineStart(document, offset);
}

/** Areas that are written and not asked for stay as they are. */
function changed(document: string, owner: YamlMap, written: YamlEntry, areas: Areas): readonly Edit[] | undefined {
  const { value, keySpan, span } = written;
  const word = scalar(value);
  if (word !== undefined) {
    if (
      word.alias !== undefined ||
      word.anchored ||
      !/^(["']?)[\w-]+\1$/.test(document.slice(word.span.start, word.span.end))
    )
      return undefined;
    const pad = " ".repeat(columnOf(document, keySpan.start) + stepOf(document, written));
    const between = lineBreakOf(document, keySpan.start) + pad;
    const lines = linesOf(areas);
    const block = owner.flow ? ` { ${lines.join(", ")} }` : lines.map((line) => between + line).join("");
    return [{ span: { start: keySpan.end, end: span.end }, text: `:${block}` }];
  }
  if (value?.kind !== "map" || value.alias !== undefined || value.anchored) return undefined;
  const edits: Edit[] = [];
  const missing = new Map(Object.entries(areas));
  for (const { key, value: access, merged } of entries(value)) {
    const wanted = missing.get(key);
    missing.delete(key);
    const own = scalar(access);
    if (wanted === undefined || own?.text === wanted) continue;
    const edit = merged || own === undefined ? undefined : wordEdit(own, granted(key, wanted));
    if (edit === undefined) return undefined;
    edits.push(edit);
  }
  if (missing.size === 0) return edits;
  const slot = insertion(document, value);
  if (slot === undefined) return undefined;
  const inserted = slot.before + linesOf(Object.fromEntries(missing)).join(slot.between) + slot.after;
  return [...edits, { span: { start: slot.at, end: slot.at }, text: inserted }];
}
