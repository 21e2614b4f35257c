import type { Context } from "../context.ts";
import { indentationStep, lineBreakOf, lineEnd, lineStart } from "../lines.ts";
import type { Inheritance, Needs, Reference } from "../model.ts";
import type { Edit } from "../text.ts";
import {
  childInsertion,
  entries,
  entry,
  get,
  insertion,
  parseYaml,
  removal,
  scalar,
  text,
  type YamlEntry,
  type YamlNode,
} from "../yaml.ts";
import { type Reading, scalarsBelow } from "./reading.ts";
import { EVERY_SECRET, type SecretNames, secretReader, valuesIn } from "./reading-expressions.ts";

// `secrets: inherit`: what a job hands to the workflow that it calls, and what that workflow takes of it.

/** What the reading of a call needs to know. */
export interface Caller {
  readonly file: Reading;
  readonly names: SecretNames;
  readonly context: Context;
}

/** Where a job says `secrets: inherit`. Source: docs.github.com, `jobs.<job_id>.secrets.inherit`. */
export function inheritanceOf(
  caller: Caller,
  job: YamlNode | undefined,
  workflow: Reference | undefined,
): Inheritance | undefined {
  const said = entry(job, "secrets");
  const value = scalar(said?.value);
  if (said === undefined || value?.text.trim() !== "inherit" || job?.kind !== "map") return undefined;
  const path = workflow?.target.kind === "local" ? workflow.target.path : undefined;
  const needs: Needs = path === undefined ? ELSEWHERE : needsOf(caller, path);
  return {
    span: said.span,
    valueSpan: value.span,
    workflow,
    what: EVERY_SECRET,
    needs,
    narrowed: (names) => {
      if (said.merged || value.alias !== undefined || value.anchored || path === undefined) return undefined;
      const listed = listing(caller.file.text, job, said, names);
      const declared = declaring(caller.context.read(path) ?? "", path, names);
      return listed && declared && [...listed, ...declared];
    },
  };
}

const ELSEWHERE: Needs = { known: false, why: "elsewhere" };

/** Deeper calls and more files than any product allows are not followed. */
const MAX_FILES = 50;

function needsOf({ names, context }: Caller, path: string): Needs {
  const needed = new Set<string>();
  const why = collect({ names, read: context.read, seen: new Set(), needed }, path);
  return why === undefined ? { known: true, names: [...needed] } : { known: false, why };
}

interface Collection {
  readonly names: SecretNames;
  readonly read: Context["read"];
  /** Files that were looked at: a circle of calls ends. */
  readonly seen: Set<string>;
  readonly needed: Set<string>;
}

type Why = Extract<Needs, { known: false }>["why"];

/** Adds what a workflow declares and uses, and what those need that it hands everything to; tells what stands in the way. */
function collect(collection: Collection, path: string): Why | undefined {
  const { seen, needed, names, read } = collection;
  if (seen.has(path)) return undefined;
  seen.add(path);
  const written = seen.size > MAX_FILES ? undefined : read(path);
  const root = written === undefined ? undefined : parseYaml(written).documents[0];
  const jobs = entries(get(root, "jobs"));
  if (jobs.length === 0) return "unreadable";
  for (const { key } of entries(get(root, "on", "workflow_call", "secrets"))) needed.add(key);
  const rest = entries(root).filter(({ key }) => key !== "jobs" && key !== "on");
  const parts = [
    ...rest.map(({ value }) => ({ value, job: undefined })),
    ...jobs.map(({ value }) => ({ value, job: value })),
  ];
  for (const { value, job } of parts) {
    const secretsIn = secretReader(names, valuesIn(root, job));
    const uses = scalarsBelow(value)
      .flatMap((each) => secretsIn(each))
      .filter(({ kind }) => kind === "named");
    if (uses.some(({ extent }) => extent !== undefined)) return "computed";
    if (uses.length > 0 && get(job, "environment") !== undefined) return "environment";
    for (const { name } of uses) needed.add(name);
    if (text(get(job, "secrets")) !== "inherit") continue;
    const local = /^(?:\.|\$)\/(.+)$/.exec(text(get(job, "uses")) ?? "")?.[1];
    const why = local === undefined ? "elsewhere" : collect(collection, local);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** The list in the place of `inherit`; without names the whole entry goes. */
function listing(
  document: string,
  job: YamlNode,
  said: YamlEntry,
  names: readonly string[],
): readonly Edit[] | undefined {
  const { value, keySpan, span } = said;
  if (job.kind !== "map" || value === undefined) return undefined;
  if (names.length === 0) {
    const gone = removal(document, job, said);
    return gone && [{ span: gone, text: "" }];
  }
  if (job.flow) {
    const list = names.map((name) => `${name}: "\${{ secrets.${name} }}"`).join(", ");
    return [{ span: value.span, text: `{ ${list} }` }];
  }
  const start = lineStart(document, keySpan.start);
  const column = keySpan.start - start;
  const end = lineEnd(document, span.end);
  const colon = document.indexOf(":", keySpan.end);
  if (document.slice(start, keySpan.start).trim() !== "" || !/^[ \t]*(?:#.*)?$/.test(document.slice(span.end, end)))
    return undefined;
  const before = lineBreakOf(document, span.end) + " ".repeat(column + indentationStep(document, keySpan.start));
  const list = names.map((name) => `${before}${name}: \${{ secrets.${name} }}`).join("");
  const behind = document.slice(span.end, end);
  // Behind a comment the list is an edit of its own; without one, both are one place.
  if (behind === "") return [{ span: { start: colon + 1, end }, text: list }];
  return [
    { span: { start: colon + 1, end: span.end }, text: "" },
    { span: { start: end, end }, text: list },
  ];
}

/**
 * Adds to the called workflow what it uses and does not declare: a caller may list declared secrets alone. Source: docs.github.com,
 * `on.workflow_call.secrets`.
 */
function declaring(document: string, path: string, names: readonly string[]): readonly Edit[] | undefined {
  const call = entry(get(parseYaml(document).documents[0], "on"), "workflow_call");
  const declared = entries(get(call?.value, "secrets")).map(({ key }) => key);
  const missing = names.filter((name) => !declared.includes(name));
  if (missing.length === 0) return [];
  const list = missing.map((name) => `${name}: { required: false }`);
  const { value } = call ?? {};
  const secrets = entry(value, "secrets");
  const map = secrets?.value;
  if (value?.kind === "map" && (secrets === undefined || map?.kind === "map")) {
    const slot = map?.kind === "map" ? insertion(document, map) : childInsertion(document, value, "secrets");
    if (slot === undefined) return undefined;
    const added = slot.before + list.join(slot.between) + slot.after;
    return [{ path, span: { start: slot.at, end: slot.at }, text: added }];
  }
  // `workflow_call:` with nothing behind it.
  if (call === undefined || (value !== undefined && text(value) !== "")) return undefined;
  const at = lineEnd(document, call.keySpan.end);
  const start = lineStart(document, call.keySpan.start);
  const pad = document.slice(start, call.keySpan.start);
  if (!/^ *$/.test(pad) || !/^:[ \t]*$/.test(document.slice(call.keySpan.end, at))) return undefined;
  const step = " ".repeat(indentationStep(document, call.keySpan.start));
  const lineBreak = lineBreakOf(document, at) + pad + step;
  return [
    {
      path,
      span: { start: at, end: at },
      text: [`${lineBreak}secrets:`, ...list.map((each) => `${lineBreak}${step}${each}`)].join(""),
    },
  ];
}
