import { localTexts } from "./flow.ts";
import { type Pipeline, type Step, stepsOf } from "./model.ts";

/** What a step does with the credential that a checkout left for git. */
export interface CredentialUse {
  /** Git fetches. */
  readonly reads: boolean;
  /** Git pushes. */
  readonly writes: boolean;
  /** Code that nobody can see here may do either. */
  readonly unknown: boolean;
}

/** What each step does with the credential of a checkout: from what it calls, from its scripts, and from those that they run. */
export function credentialUses(pipeline: Pipeline): ReadonlyMap<Step, CredentialUse> {
  const locals = localTexts(pipeline);
  return new Map([...stepsOf(pipeline)].map(({ step }) => [step, useOf(step, locals.get(step) ?? [])]));
}

function useOf(step: Step, locals: readonly string[]): CredentialUse {
  const called = step.references.some(({ kind }) => CODE.has(kind)) ? (step.git ?? "unknown") : "none";
  const texts = [...step.scripts.map(({ text }) => text), ...step.inputs.map(({ value }) => value ?? ""), ...locals];
  const code = texts.map(withoutNoise);
  return {
    reads: called === "reads" || code.some((text) => FETCHES.test(text)),
    writes: called === "writes" || code.some((text) => PUSHES.test(text)),
    unknown: called === "unknown" || code.some(runsUnseen),
  };
}

/** Kinds of references that run on the machine of the job and see its files. */
const CODE: ReadonlySet<string> = new Set(["action", "workflow", "image", "orb", "pipe", "plugin", "task"]);

/** Addresses, options such as `--release` and comments say nothing about what is done. */
function withoutNoise(text: string): string {
  return text
    .replace(/\bhttps?:\/\/[^\s"')]+/g, "ADDRESS")
    .replace(/(?<=\s)--?[A-Za-z][\w-]*/g, " ")
    .replace(/^[ \t]*#.*$/gm, "");
}

/** Clones are none of these: a clone has settings of its own, and does not look at those of the work tree. */
const FETCHES =
  /\bgit\b[^\n;&|]*?\b(?:fetch|pull|submodule|ls-remote|lfs|annex|subtree|remote[ \t]+(?:update|show|prune)|archive)\b|\bgh[ \t]+(?:pr[ \t]+checkout|repo[ \t]+sync)\b|\bgit-secret\b|\bgh-?pages\b/;

/** Programs whose work ends with a push to the repository. */
const PUSHES =
  /\bgit\b[^\n;&|]*?\bpush\b|\bmkdocs[ \t]+gh-deploy\b|\bmike[ \t]+(?:deploy|delete|set-default)\b|\bsemantic-release\b|\blerna[ \t]+(?:publish|version)\b|\bchangesets?[ \t]+(?:publish|tag)\b|\bgh-pages\b|\brelease-it\b|\bcargo[ \t]+release\b|\bghp-import\b|\bgh[ \t]+pr[ \t]+create\b|\bgit-(?:town|flow|extras)\b/;

/** What runs code of the repository that cannot be looked into from here. */
const CALLS =
  /(?:\b(?:make|gmake|just|task|rake|mage|invoke|inv|nox|tox|gradlew?|mvnw?|sbt|ant|nx|turbo|npx|bunx|npm|yarn|pnpm|bun|deno|composer|bundle|poetry|uv|hatch|pdm|python3?|node|ruby|perl|php|pwsh|bash|sh|zsh|source)[ \t]|(?:^|[\s;&|(])\.{0,2}\/)[^\n;&|]*/gm;

/** Names under which such code is likely to push. */
const TELLING =
  /(?<![A-Za-z])(?:deploy|publish|release|push|pages|sync|bump|tag|version|changelog|upload|merge|backport|commit|mirror)/i;

/** Publishing to a registry is no push. */
const REGISTRY =
  /\b(?:npm|yarn|pnpm|bun|poetry|uv|hatch|pdm)[ \t]+(?:npm[ \t]+)?(?:publish|version)\b|\btwine\b|\bdocker\b/;

function runsUnseen(text: string): boolean {
  return (text.match(CALLS) ?? []).some((call) => TELLING.test(call) && !REGISTRY.test(call));
}
