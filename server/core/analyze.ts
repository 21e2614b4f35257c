import type { Context } from "./context.ts";
import type { Pipeline } from "./model.ts";
import { policyOf } from "./policy.ts";
import type { Finding, Problem, Review, Rule, Severity } from "./rule.ts";
import { RULES } from "./rules/index.ts";
import type { Settings } from "./settings.ts";
import { type SuppressedFinding, silence } from "./suppression.ts";
import { systemFor } from "./systems/index.ts";
import { parseYaml } from "./yaml.ts";

/** A CI file: its path from the repository's root, with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface Analysis {
  /** Id of the system that claimed the file; `undefined` where it is no CI file. */
  readonly system: string | undefined;
  /** Sorted by path and place. */
  readonly findings: readonly Finding[];
  /** What comments silence, sorted in the same way. */
  readonly suppressed: readonly SuppressedFinding[];
  /** Paths that the analysis asked its context for: when one of them changes, the analysis is stale. */
  readonly asked: readonly string[];
}

/** Reads a file and finds what is wrong with it. Never throws, waits for nothing, touches nothing. */
export function analyze(file: SourceFile, context: Context, settings: Settings): Analysis {
  const asked = new Set<string>();
  const watched: Context = {
    read: (path) => {
      asked.add(path);
      return context.read(path);
    },
    list: (glob) => context.list(glob),
    ...(context.remote === undefined ? {} : { remote: context.remote }),
  };
  const policy = policyOf(settings, context);
  const pipeline = pipelineOf(file, watched);
  if (pipeline === undefined) return { system: undefined, findings: [], suppressed: [], asked: [] };
  const ask = (problemsOf: (rule: Rule) => Iterable<Problem>) =>
    RULES.flatMap((rule) => {
      const chosen = settings.rules[rule.id];
      return chosen === "off"
        ? []
        : unique([...problemsOf(rule)]).map((problem) => finding(rule, problem, file.path, chosen));
    });
  const found = ask((rule) => rule.check(pipeline, policy));
  const { findings, suppressed, suppressions } = silence(pipeline, found, settings.requireReason === true);
  const review: Review = { suppressions, statusOf: (id) => statusOf(id, settings) };
  const reviewed = suppressions.length === 0 ? [] : ask((rule) => rule.review?.(review) ?? []);
  return {
    system: pipeline.system,
    findings: [...findings, ...reviewed].sort(byPlace),
    suppressed: suppressed.toSorted((a, b) => byPlace(a.finding, b.finding)),
    asked: [...asked],
  };
}

function statusOf(id: string, settings: Settings): ReturnType<Review["statusOf"]> {
  if (!RULES.some((rule) => rule.id === id)) return "unknown";
  return settings.rules[id] === "off" ? "off" : "on";
}

/** What a file says as a pipeline; `undefined` where it is no CI file. Never throws. */
export function pipelineOf(file: SourceFile, context: Context): Pipeline | undefined {
  const yaml = parseYaml(file.text);
  const system = systemFor(file.path, yaml);
  return system && { ...system.read(file, yaml, context), readFile: context.read };
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

function byPlace(a: Finding, b: Finding): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : a.span.start - b.span.start || a.span.end - b.span.end;
}
