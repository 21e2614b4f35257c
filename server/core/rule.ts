import type { Pipeline } from "./model.ts";
import type { Policy } from "./policy.ts";
import type { Answer, Question } from "./question.ts";
import type { Reach } from "./reach.ts";
import type { Suppression } from "./suppression.ts";
import type { Edit, Span } from "./text.ts";

/** How grave a finding is, gravest first. The names are those of editors. */
export type Severity = "error" | "warning" | "information" | "hint";

/** One law about pipelines. Its examples are its documentation and its tests at once. */
export interface Rule {
  /** Kebab-case, equal to the file's name; reads as "allow <id>". */
  readonly id: string;
  /** The severity of a problem that does not say its own. */
  readonly severity: Severity;
  /** One line: what the rule finds. */
  readonly summary: string;
  /** One paragraph: why it matters. */
  readonly why: string;
  readonly examples: readonly Example[];
  /** Yields what is wrong. Pure: looks at nothing but the pipeline and what the person decided about others' code. */
  check(pipeline: Pipeline, policy: Policy): Iterable<Problem>;
  /** Yields what is wrong with the comments that silence findings, once all rules have checked. Few rules are about these. */
  review?(review: Review): Iterable<Problem>;
}

/** The comments of a file that are meant to silence findings, and what they came to. */
export interface Review {
  readonly suppressions: readonly Suppression[];
  /** The rules, as far as a comment can name them. */
  statusOf(rule: string): "on" | "off" | "unknown";
}

/**
 * A file before and after. In `bad`, a line `#  ^^^^` marks a problem on the line above; `good` is `bad` without the marks
 * and with the first fix of each problem applied, where `answers` are what the outside world would have said.
 * Without `good` the marked problems have no fix that heals them; without marks the example is harmless.
 */
export interface Example {
  readonly title: string;
  readonly path: string;
  readonly bad: string;
  readonly good?: string;
  readonly answers?: readonly Answer[];
  /** Other files of the repository that the rule looks at, by their paths. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Something wrong at one place, with what can be done about it. */
export interface Problem {
  /** Absent: the analysed file. */
  readonly path?: string;
  readonly span: Span;
  /** What, why it matters, what to do; one or two plain sentences. */
  readonly message: string;
  readonly related?: readonly Related[];
  readonly severity?: Severity;
  /** The secrets that the code at this place can read; absent where the problem is not about code that runs. */
  readonly reach?: Reach;
  /** What that code could take besides, by tampering with what later steps of its job run. */
  readonly reachLater?: Reach;
  readonly fixes?: readonly Fix[];
}

/** A place that explains a problem. */
export interface Related {
  readonly path?: string;
  readonly span: Span;
  readonly message: string;
}

/**
 * A way to heal a problem: edits, or a question whose answer leads to a fix. `next` never throws; where the answer forbids a fix it
 * returns a {@link NoFix} that says why. (Not named `then`: an `await` would take the fix for a promise.)
 */
export type Fix = EditFix | AskFix;

/** A fix that knows what to change. */
export interface EditFix {
  readonly title: string;
  readonly edits: readonly Edit[];
  /** True where the finding stays, in a milder form: the notation knows nothing that would heal it. */
  readonly eases?: true;
}

/** A fix that has to know something from outside first. */
export interface AskFix {
  readonly title: string;
  readonly ask: Question;
  next(answer: Answer): Fix | NoFix;
}

/** Why there is no fix after all, in one plain sentence for the person who asked. */
export interface NoFix {
  readonly refused: string;
}

/** A problem together with the rule that found it: what editors and reports show. */
export interface Finding {
  readonly rule: Rule;
  readonly path: string;
  readonly span: Span;
  readonly severity: Severity;
  readonly message: string;
  readonly related: readonly Related[];
  readonly reach: Reach | undefined;
  readonly reachLater: Reach | undefined;
  readonly fixes: readonly Fix[];
}
