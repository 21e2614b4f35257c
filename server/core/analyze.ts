import type { Context } from "./context.ts";
import { framed } from "./frames.ts";
import { hideInLabels, hiderOf, withHiddenValues } from "./hidden-values.ts";
import type { Pipeline } from "./model.ts";
import { type Policy, policyOf } from "./policy.ts";
import { type Part, partsOf, placedIn } from "./pulled.ts";
import type { Reach } from "./reach.ts";
import type { Finding, Problem, Review, Rule, Severity } from "./rule.ts";
import { RULES } from "./rules/index.ts";
import type { Settings } from "./settings.ts";
import { type SuppressedFinding, silence } from "./suppression.ts";
import { isForeignObject, systemFor } from "./systems/index.ts";
import { parseYaml } from "./yaml.ts";

/** A CI file: its path from the repository's root, with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** What an analysis found in a file and in all that this file pulls in, and what it rests on. */
export interface Analysis {
  /** Id of the system that claimed the file; `undefined` where it is no CI file. */
  readonly system: string | undefined;
  /** Sorted by path and place. */
  readonly findings: readonly Finding[];
  /** What comments silence, sorted in the same way. */
  readonly suppressed: readonly SuppressedFinding[];
  /** Paths that the analysis asked its context for: when one of them changes, the analysis is stale. */
  readonly asked: readonly string[];
  /** Globs that the analysis asked its context for: when a file that one of them means comes or goes, the analysis is stale. */
  readonly listed: readonly string[];
}

/** Reads a file and finds what is wrong with it. Never throws, waits for nothing, touches nothing. */
export function analyze(file: SourceFile, context: Context, settings: Settings): Analysis {
  const asked = new Set<string>();
  const listed = new Set<string>();
  const watched: Context = {
    read: (path) => {
      asked.add(path);
      return context.read(path);
    },
    list: (glob) => {
      listed.add(glob);
      return context.list(glob);
    },
    ...(context.remote === undefined ? {} : { remote: context.remote }),
  };
  const policy = policyOf(settings, context);
  const pipeline = pipelineOf(file, watched, settings);
  if (pipeline === undefined) return { system: undefined, findings: [], suppressed: [], asked: [], listed: [] };
  const parts = partsOf(pipeline);
  const hide = hiderOf(parts.map((part) => part.pipeline));
  const ask = (rule: Rule, problems: Iterable<Problem>) => {
    const chosen = settings.rules[rule.id];
    if (chosen === "off") return [];
    return unique([...problems]).map((problem) => finding(rule, withHiddenValues(problem, hide), file.path, chosen));
  };
  const found = RULES.flatMap((rule) => {
    const all = parts.flatMap((part) => ask(rule, placedProblems(part, rule, policy)));
    return parts.length === 1 ? all : merged(all);
  });
  const { findings, suppressed, suppressions } = silence(
    parts.map((part) => part.pipeline),
    found,
    settings,
  );
  const review: Review = { suppressions, statusOf: (id) => statusOf(id, settings) };
  const reviewed = suppressions.length === 0 ? [] : RULES.flatMap((rule) => ask(rule, rule.review?.(review) ?? []));
  return {
    system: pipeline.system,
    findings: [...findings, ...reviewed].sort(byPlace),
    suppressed: suppressed.toSorted((a, b) => byPlace(a.finding, b.finding)),
    asked: [...asked],
    listed: [...listed],
  };
}

function* placedProblems(part: Part, rule: Rule, policy: Policy): Iterable<Problem> {
  for (const problem of rule.check(part.pipeline, policy)) yield placedIn(part, problem);
}

function statusOf(id: string, settings: Settings): ReturnType<Review["statusOf"]> {
  if (!RULES.some((rule) => rule.id === id)) return "unknown";
  return settings.rules[id] === "off" ? "off" : "on";
}

/** What a file says as a pipeline; `undefined` where it is no CI file. Never throws. */
export function pipelineOf(
  file: SourceFile,
  context: Context,
  { globs }: Pick<Settings, "globs"> = {},
): Pipeline | undefined {
  if (isForeignObject(file.path, file.text, globs)) return undefined;
  const yaml = parseYaml(file.text);
  const system = systemFor(file.path, yaml, globs);
  if (system === undefined) return undefined;
  const pipeline = { ...system.read(file, yaml, context), readFile: context.read };
  for (const part of partsOf(pipeline)) hideInLabels(part.pipeline);
  return framed(pipeline);
}

function finding(rule: Rule, problem: Problem, path: string, chosen: Severity | undefined): Finding {
  return {
    rule,
    path: problem.path ?? path,
    span: problem.span,
    severity: chosen ?? problem.severity ?? rule.severity,
    message: problem.message,
    related: problem.related ?? [],
    reach: problem.reach,
    reachLater: problem.reachLater,
    fixes: problem.fixes ?? [],
  };
}

/** A thing written once is reported once, though an anchor may bring it to several places. */
function unique(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ path = "", span }) => {
    const key = `${path}:${span.start}:${span.end}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** What several places bring to one line of the file that they pull in is one finding. */
function merged(findings: readonly Finding[]): readonly Finding[] {
  const places = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${finding.path}:${finding.span.start}:${finding.span.end}`;
    const known = places.get(key);
    if (known === undefined) places.set(key, [finding]);
    else known.push(finding);
  }
  return [...places.values()].flatMap(together);
}

/** The gravest of the findings of one rule at one place, with the related places and the secrets of all. */
function together(findings: readonly Finding[]): readonly Finding[] {
  const [gravest, ...others] = findings.toSorted(
    (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity),
  );
  if (gravest === undefined || others.length === 0) return findings;
  return [
    {
      ...gravest,
      related: distinct(findings.flatMap(({ related }) => related)),
      reach: union(findings.map(({ reach }) => reach)),
      reachLater: union(findings.map(({ reachLater }) => reachLater)),
    },
  ];
}

const SEVERITIES: readonly Severity[] = ["error", "warning", "information", "hint"];

function union(reaches: readonly (Reach | undefined)[]): Reach | undefined {
  const known = reaches.filter((reach) => reach !== undefined);
  return known.length === 0 ? undefined : distinct(known.flat());
}

function distinct<T>(all: readonly T[]): readonly T[] {
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
}

function byPlace(a: Finding, b: Finding): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : a.span.start - b.span.start || a.span.end - b.span.end;
}
