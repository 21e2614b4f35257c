import type { Hole } from "./masking.ts";
import type { Edit, Span } from "./text.ts";

/**
 * What one CI file says, in one vocabulary for all CI systems. A system builds it, rules read it; neither knows the other.
 * Every piece carries the span of the document text that says it.
 */
export interface Pipeline {
  /** Id of the system that read the file, shown in messages as `systemName`. */
  readonly system: string;
  readonly systemName: string;
  /** Path of the file as the caller named it, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly jobs: readonly Job[];
  /** References that belong to the file and to no job: includes, templates. */
  readonly references: readonly Reference[];
  /** The outermost scope. */
  readonly scope: Scope;
  /** Events that people without write access can cause, and that run this file with the repository's secrets. */
  readonly openTriggers?: readonly Trigger[];
  /** Files of the repository that become a part of it. */
  readonly pulled?: readonly Pulled[];
  /** Text of a file of the repository that the pipeline names, by its path from the root. Set by the analysis, not by a system. */
  readonly readFile?: (path: string) => string | undefined;
}

/** A file of the repository that a pipeline pulls in, such as a local action, a template or an included file. */
export interface Pulled {
  /** What the file says. Around its scopes are those of the place that pulls it in, as far as that hands its variables on. */
  readonly pipeline: Pipeline;
  /** The place that pulls it in, and in words what it does with it: "Run by step “Set up”". Without a path it lies in the pulling file. */
  readonly by: { readonly path?: string; readonly span: Span; readonly message: string };
  /** The step in whose place the file runs; absent where it becomes a part in another way. */
  readonly step?: Step;
}

/** An event that starts a pipeline. */
export interface Trigger {
  /** As the file calls it, such as "pull_request_target". */
  readonly name: string;
  readonly span: Span;
}

/** A unit that runs on one machine: its steps share files, in order. */
export interface Job {
  readonly id: string;
  readonly span: Span;
  readonly scope: Scope;
  readonly steps: readonly Step[];
  /** What the job itself pulls in: its image, services, a called workflow. */
  readonly references: readonly Reference[];
  /** Of a job that runs in place of a step of another file, such as the steps of a local action: that step, with its job. */
  readonly within?: { readonly job: Job; readonly step: Step };
  /** files: each step is a container of its own that shares nothing but the work tree. Absent: the steps share a machine. */
  readonly shares?: "files";
  /** What the job itself needs of the run's own token, such as to fetch its image; absent where the token does not get there. */
  readonly token?: TokenNeed;
  /** Where the job hands every secret that it could have to the workflow that it calls. */
  readonly inheritance?: Inheritance;
}

/** The place that says "all secrets" to a called workflow, such as `secrets: inherit`. */
export interface Inheritance {
  /** Key and value as written. */
  readonly span: Span;
  /** The value alone. */
  readonly valueSpan: Span;
  readonly workflow: Reference | undefined;
  /** What is handed over, to a person, such as "every secret that this workflow can have". */
  readonly what: string;
  readonly needs: Needs;
  readonly narrowed: Narrowing;
}

/**
 * What the called workflow takes of all that it is handed: names in the order in which it names them, or why nobody can tell from here.
 * elsewhere: it lies in another repository. unreadable: its file is not there or is no workflow. computed: it names secrets by
 * expressions, or all of them at once. environment: its jobs take the secrets of an environment, which a caller cannot name.
 */
export type Needs =
  | { readonly known: true; readonly names: readonly string[] }
  | { readonly known: false; readonly why: "elsewhere" | "unreadable" | "computed" | "environment" };

/** One entry of a job that runs something. */
export interface Step {
  /** How a person would call it: "step “Upload coverage”". */
  readonly label: string;
  /** The part of the document that declares the step. */
  readonly span: Span;
  readonly scope: Scope;
  readonly scripts: readonly Script[];
  /** What the step calls, such as an action. */
  readonly references: readonly Reference[];
  /** Named values handed to what the step calls. */
  readonly inputs: readonly Variable[];
  /** Secrets that the step's own text names outside of its variables and inputs, such as inside a script. */
  readonly secrets: readonly SecretUse[];
  /** Names of environment variables that the step's expressions read. */
  readonly reads: readonly string[];
  /** Set where the step brings the repository's code to the machine. */
  readonly checkout?: Checkout;
  /** What the code that the step calls does with git and the credential that a checkout left; absent where nobody knows. */
  readonly git?: GitUse;
  /** True where the step keeps the whole work tree for others to fetch, hidden files included. */
  readonly uploadsTree?: boolean;
  /** What the step needs of the run's own token; absent where the token does not get to it. */
  readonly token?: TokenNeed;
  /** The jobs of the files that run in its place, such as those of a local action. */
  readonly runs?: readonly Job[];
  /** Text that strangers choose and that the system puts into a script before the shell reads it. */
  readonly injections?: readonly Injection[];
  /** True where a failure of this step does not keep the next ones from running. */
  readonly tolerated: boolean;
  /** True where the step runs although an earlier one failed. */
  readonly always: boolean;
}

/** none: it does not use the credential of the repository. */
export type GitUse = "none" | "reads" | "writes" | "unknown";

/** What a token may do in one area. */
export type Access = "read" | "write" | "none";

/** Rights of a token by the name of each area, such as "contents". */
export type Areas = Readonly<Record<string, Access>>;

/** What a step does with the run's own token. */
export interface TokenNeed {
  /** Absent where nobody can tell. */
  readonly areas?: Areas;
}

/** How a step brings code to the machine. */
export interface Checkout {
  /** What asks for it. */
  readonly span: Span;
  /** Where the code lies, from the root of the work tree; "" for the root itself. */
  readonly folder: string;
  /** True where the code may come from somebody without write access: the head of a pull request under a trigger with secrets. */
  readonly foreign: boolean;
  /** Where the file asks for such code. */
  readonly foreignSpan?: Span;
  /** What somebody with more rights has to do before such code comes here, to a person: "a label". Absent: nothing that the file tells. */
  readonly guard?: string;
  /** True where a credential stays on the disk for later steps. */
  readonly keepsCredentials: boolean;
  /** True where that credential lies in the work tree, so that who gets the tree gets it as well. */
  readonly inTree: boolean;
  /** How to make it keep none; absent where this notation has no place for it, or where the place is shared with others. */
  readonly drop?: CredentialDrop;
}

/** What makes a checkout leave no credential behind. */
export interface CredentialDrop {
  /** As the file would say it, such as "persist-credentials: false". */
  readonly text: string;
  readonly edits: readonly Edit[];
}

/** An expression that a stranger controls, inside of a script. */
export interface Injection {
  /** The expression with its marks, such as `${{ github.event.issue.title }}`. */
  readonly span: Span;
  /** What it is, to a person: "the title of the issue". */
  readonly what: string;
  /** True where a run that a stranger causes has secrets of the repository, or a token that can change it. */
  readonly privileged?: boolean;
  /** The environment variable that has the same text, where the step has one. */
  readonly variable?: string;
}

/** The language of a script; the flow is followed through those that flow.ts has a reader for. */
export type ShellLanguage =
  | "bash"
  | "sh"
  | "zsh"
  | "ksh"
  | "powershell"
  | "cmd"
  | "python"
  | "javascript"
  | "other"
  | "unknown";

/** How a script is run. `undefined` means that the file does not tell. */
export interface Shell {
  readonly language: ShellLanguage;
  /** True where a failing command ends the script. */
  readonly errexit: boolean | undefined;
  /** True where a pipe fails with any of its commands. */
  readonly pipefail: boolean | undefined;
}

/** What a job may run on. */
export type OperatingSystem = "linux" | "macos" | "windows";

/** Code in the document that one shell process runs, or a part of it: scripts of a step with equal `unit` share a process, in order. */
export interface Script {
  /** The file that it stands in, from the repository's root; absent for the analysed file. */
  readonly path?: string;
  /** The code, with expressions masked in equal length. Offsets into it are what {@link toDocument} takes. */
  readonly text: string;
  /** The masked expressions: text that is unknown until the pipeline runs. */
  readonly holes: readonly Hole[];
  readonly shell: Shell;
  /** True where the system ends the process when this script fails, though the shell has no errexit. */
  readonly checked?: boolean;
  /** The systems it may run on; empty where the file does not tell. */
  readonly operatingSystems: readonly OperatingSystem[];
  /** Names the process that runs the script, unique within its job. */
  readonly unit: string;
  /** Where downloads belong: a folder as this shell spells it, outside of the work tree, such as `$RUNNER_TEMP` or `/tmp`. */
  readonly scratch: string;
  /** The working directory from the root of the repository, as the file says it; "." where it says nothing. */
  readonly folder: string;
  readonly handover: Handover;
  /** True where a check belongs to the download itself, wherever the file runs. */
  readonly checksItself?: true;
  /** True where no line may be added to the code. */
  readonly lineOnly?: boolean;
  readonly span: Span;
  /** The document span of a span of `text`. */
  toDocument(span: Span): Span;
  /** Document edits that replace spans of `text`, or `undefined` where this notation cannot hold the result. Spans must not overlap. */
  rewrite(changes: readonly ScriptChange[]): readonly Edit[] | undefined;
}

/** How a script hands something to the later steps of the job: mostly files, as a script spells them. Absent: the system has no such way. */
export interface Handover {
  /** Lines are folders that are searched for programs. */
  readonly path?: string;
  /** Lines `NAME=value` are variables. */
  readonly environment?: string;
  /** Every shell of a later step sources the file. */
  readonly sourced?: string;
  /** True where lines of the log that begin with `##vso[` are commands to the system. */
  readonly logged?: boolean;
}

/** Replaces a span of a script's text. */
export interface ScriptChange {
  readonly span: Span;
  readonly text: string;
  /** True where every variable in the text is the shell's, though the product puts in one of the same name elsewhere in the script. */
  readonly forShell?: boolean;
}

/** The part of a pipeline that a scope belongs to. */
export type ScopeLevel = "pipeline" | "stage" | "group" | "job" | "service" | "step";

/** A place that hands variables to everything inside it. */
export interface Scope {
  readonly level: ScopeLevel;
  /** The file that it stands in, from the repository's root; absent for the analysed file. */
  readonly path?: string;
  /** How a person would call it: "the whole workflow", "job “build”". */
  readonly label: string;
  readonly parent: Scope | undefined;
  readonly variables: readonly Variable[];
  /** Secrets that the system itself hands to everything in this scope, whatever the file says. */
  readonly ambient: readonly AmbientSecret[];
  /** What the file lets the run's own token do here; absent where it says nothing. */
  readonly permissions?: Permissions;
  /** How to say here what that token may do; absent where the notation has no words for it. */
  readonly permit?: Permit;
  /** How to take all the variables away together; `undefined` where there are none or where that cannot be done. */
  readonly removal: Span | undefined;
  /** How to add a variable here; `undefined` where this notation has no place for one. */
  readonly slot: Slot | undefined;
  /** How to add what is {@link Portable} here, by the notations that it can be written in. */
  readonly shelves?: Readonly<Record<string, Slot>>;
}

/** The place in a scope where the file says what the run's own token may do. */
export interface Permit {
  /** What is written there; where nothing is, the key that stands for the scope. */
  readonly span: Span;
  /** Edits after which the scope grants these rights; `undefined` where that cannot be done, or would change what other files mean. */
  edits(areas: Areas): readonly Edit[] | undefined;
}

/** What the run's own token may do, by the name of each area, such as "contents". */
export interface Permissions {
  /** Key and value as written. */
  readonly span: Span;
  /** "all": one word for every area. */
  readonly grants: { readonly all: Access } | { readonly areas: Areas };
}

/** What another scope can hold as well, though not among its variables: a group, or a name in a list of secrets. */
export interface Portable {
  /** What to delete so that it is gone from its place; `undefined` where that cannot be done, or where others share the place. */
  readonly removal: Span | undefined;
  /** How it is written, by the notations that {@link Scope.shelves} names, the ones to prefer first. */
  readonly texts: Readonly<Record<string, string>>;
}

/** Text that adds entries to a mapping or a list: `before + entries.join(between) + after`, inserted at one offset. */
export interface Slot {
  readonly at: number;
  readonly before: string;
  readonly between: string;
  readonly after: string;
}

/** A name with a value, in the environment of a scope or among the inputs of a step. */
export interface Variable {
  readonly name: string;
  /** Name and value as written. */
  readonly span: Span;
  readonly nameSpan: Span;
  /** The resolved value text; `undefined` where the value is no plain text. */
  readonly value: string | undefined;
  readonly secrets: readonly SecretUse[];
  /** What to delete so that the entry is gone and the rest is unchanged; `undefined` where that cannot be done. */
  readonly removal: Span | undefined;
  /** Where it is none of the scope's own entries for variables: how it moves. */
  readonly portable?: Portable;
}

/** A place in the document that names a secret. */
export interface SecretUse {
  readonly name: string;
  readonly span: Span;
  readonly kind: SecretKind;
  /** whole: the place hands over everything that a store holds. computed: only the run knows the name. Absent: one secret, by its name. */
  readonly extent?: "whole" | "computed";
  /** Where the place hands over a whole store: edits after which it hands over these secrets alone, if this notation can say that. */
  readonly narrowed?: Narrowing;
}

/** Edits after which a place that hands over a whole store holds these of its secrets alone; `undefined` where that cannot be done. */
export type Narrowing = (names: readonly string[]) => readonly Edit[] | undefined;

/**
 * named: a secret that the file names. token: a credential that the system makes for each run. settings: variables that are
 * configured outside the file. login: what an earlier step left behind, such as a registry's password in a file.
 */
export type SecretKind = "named" | "token" | "settings" | "login";

/** A secret whose own name stands in no line of the file. */
export interface AmbientSecret {
  /** A name, or a phrase such as "every variable configured in the project's settings". */
  readonly name: string;
  readonly kind: SecretKind;
  /** Where the file asks for it, such as the name of a group of variables; absent where it does not. */
  readonly span?: Span;
  /** True where the file gives a token the right to change something. */
  readonly writes?: boolean;
  /** How the file could ask for less than everything, as the end of "Name …". */
  readonly narrower?: string;
  /** As that of a {@link SecretUse}: the place hands over everything that a store holds, such as all keys of a secret. */
  readonly extent?: "whole";
  /** See {@link SecretUse}. */
  readonly narrowed?: Narrowing;
  /** How it moves to another scope; absent where the notation has no way. */
  readonly portable?: Portable;
}

/** What a reference names; each system has its own few of these. */
export type ReferenceKind = "action" | "workflow" | "image" | "include" | "orb" | "pipe" | "plugin" | "task" | "bundle";

/** A name in the document that stands for code kept elsewhere. */
export interface Reference {
  readonly kind: ReferenceKind;
  /** The reference as written, without quotes. */
  readonly text: string;
  readonly span: Span;
  readonly target: Target;
  readonly scope: Scope;
  /** How to replace the version and say in a comment what it was; `undefined` where this notation cannot. */
  readonly repin: Repin | undefined;
  /** Where the notation has a key of its own for the pin: the key, and how to add it next to the reference. */
  readonly addition?: { readonly key: string; readonly slot: Slot };
  /** Of a notation that takes versions and no hash, where it names no exact one: how an exact one is found and written. */
  readonly versions?: Versions;
  /** What to do instead, as a sentence, where the notation takes neither a commit nor a hash. */
  readonly instead?: string;
}

/** How a range of versions becomes an exact one. */
export interface Versions {
  readonly list: VersionList;
  /** "5" or "5.2" for what begins so; "" where any version will do. */
  readonly range: string;
  /** What the exact version replaces; empty where no version is written. */
  readonly slot: Span;
  /** What then stands in front of it, such as ":". */
  readonly before: string;
}

/** Who knows the versions of something: CircleCI's registry of orbs, or the tags of a git repository. */
export type VersionList =
  | { readonly kind: "orb"; readonly name: string }
  | { readonly kind: "tags"; readonly host: string; readonly repo: string };

/** Spans that a pin touches. */
export interface Repin {
  /** The version alone: what follows `@`. */
  readonly version: Span;
  /** Where the comment belongs: an empty span at the end of the line, or the old comment's version. */
  readonly comment: Span | undefined;
  /** Text in front of and behind the new comment, such as " # ". */
  readonly commentBefore: string;
  readonly commentAfter: string;
}

/** What a reference points to, as far as its text tells. */
export type Target =
  | {
      readonly kind: "repository";
      /** "" where the file does not tell, because the settings of a server decide. */
      readonly host: string;
      /** Path of the repository on its host: "owner/name". */
      readonly repo: string;
      /** Path within the repository, "" for its root. */
      readonly path: string;
      /** Tag, branch or commit; `undefined` where none is written. */
      readonly ref: string | undefined;
      readonly pin: Pin;
    }
  | { readonly kind: "image"; readonly name: string; readonly tag: string | undefined; readonly pin: Pin }
  /** Content behind a web address. */
  | {
      readonly kind: "address";
      readonly url: string;
      readonly pin: Pin;
      /** Where the file says what the content has to be: "sha256-" and base64, without quotes. */
      readonly integrity?: Span;
    }
  | { readonly kind: "local"; readonly path: string; readonly pin: "pinned" }
  | { readonly kind: "other"; readonly pin: Pin };

/** pinned: content that cannot change. mutable: a name that somebody else can move. unknown: the text does not tell. */
export type Pin = "pinned" | "mutable" | "unknown";

/** Every step of the file with its job, in order of appearance. */
export function* stepsOf(pipeline: Pipeline): Iterable<{ readonly job: Job; readonly step: Step }> {
  for (const job of pipeline.jobs) for (const step of job.steps) yield { job, step };
}

/** Every reference of the file, in order of appearance within each job. */
export function* referencesOf(pipeline: Pipeline): Iterable<Reference> {
  yield* pipeline.references;
  for (const job of pipeline.jobs) {
    yield* job.references;
    for (const step of job.steps) yield* step.references;
  }
}

/** Every scope of the file that holds variables, each once, outermost first within each job. */
export function* scopesOf(pipeline: Pipeline): Iterable<Scope> {
  const seen = new Set<Scope>();
  for (const scope of [
    pipeline.scope,
    ...pipeline.jobs.flatMap((job) => [job.scope, ...job.steps.map((step) => step.scope)]),
  ]) {
    for (const each of ownScopes(pipeline, scope).reverse()) {
      if (!seen.has(each)) yield each;
      seen.add(each);
    }
  }
}

/** The scope and those around it that stand in the file of a pipeline, innermost first. */
export function ownScopes(pipeline: Pipeline, scope: Scope): Scope[] {
  return scopeChain(scope).filter(({ path }) => path === pipeline.scope.path);
}

/** The scope and everything around it, innermost first; the outer ones may stand in files that pull the scope's own file in. */
export function scopeChain(scope: Scope): Scope[] {
  const chain: Scope[] = [];
  for (let each: Scope | undefined = scope; each !== undefined; each = each.parent) chain.push(each);
  return chain;
}

/** True where the file lets the run's own token change something here. The innermost permissions replace all around them. */
export function canWrite(scope: Scope): boolean {
  const permissions = scopeChain(scope).find((each) => each.permissions !== undefined)?.permissions;
  return permissions !== undefined && changesSomething(permissions);
}

/** True for the right to change something. `id-token` is the right to ask for another token. */
export function changesSomething({ grants }: Permissions): boolean {
  if ("all" in grants) return grants.all === "write";
  return Object.entries(grants.areas).some(([area, access]) => access === "write" && area !== "id-token");
}
