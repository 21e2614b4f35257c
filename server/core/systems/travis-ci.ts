import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import { maskNone } from "../masking.ts";
import type {
  AmbientSecret,
  Job,
  OperatingSystem,
  Pipeline,
  Reference,
  Scope,
  Script,
  Step,
  Target,
  Variable,
} from "../model.ts";
import { isCommitId, repinOf } from "../reference.ts";
import { repositoryPath } from "../shell/repository-path.ts";
import { entries, entry, get, items, scalar, text, type YamlFile, type YamlNode, type YamlScalar } from "../yaml.ts";
import {
  alternatives,
  bareScope,
  bareStep,
  type Dialect,
  firstLine,
  linesOf,
  scriptOf,
  sealedVariablesOf,
} from "./reading.ts";
import { type Call, localReferences, parsedFile, pullNamed, trailOf } from "./reading-pulled.ts";
import type { System } from "./system.ts";

/**
 * Travis CI.
 * Source: docs.travis-ci.com, "Job Lifecycle", "Environment Variables", "Build Matrix", "Importing Shared Build Configuration".
 */
export const travisCi: System = {
  id: "travis-ci",
  name: "Travis CI",
  globs: [".travis.yml"],
  claims: (path, { documents: [root] }) => {
    if (/(?:^|\/)\.travis\.yml$/.test(path)) return 2;
    return signsOf(root).filter((present) => present).length >= 2 ? 1 : 0;
  },
  read: (file, yaml, context, call) => readFile(file, yaml, context, call),
};

/** What no other YAML format says in this way, as one truth value each. */
function signsOf(root: YamlNode | undefined): readonly boolean[] {
  const runs = (phase: string): boolean => linesOf(get(root, phase)).length > 0;
  const provider = text(get(root, "deploy", "provider") ?? get(root, "deploy", 0, "provider")) ?? "";
  return [
    LANGUAGES.test(text(get(root, "language")) ?? ""),
    /^(?:precise|trusty|xenial|bionic|focal|jammy|noble)$/.test(text(get(root, "dist")) ?? ""),
    ["before_install", "after_success", "after_failure", "before_cache"].some(runs),
    ["install", "before_script", "script", "after_script"].filter(runs).length >= 2,
    ["jobs", "matrix"].some((key) => get(root, key, "include")?.kind === "sequence") && runs("script"),
    ["apt", "snaps", "homebrew", "coverity_scan", "sonarcloud"].some((key) => get(root, "addons", key) !== undefined),
    /^[a-z][a-z_]*$/.test(provider),
  ];
}

const LANGUAGES =
  /^(?:android|bash|c|cpp|c\+\+|clojure|crystal|csharp|d|dart|elixir|elm|erlang|generic|go|groovy|haskell|haxe|java|julia|minimal|nix|node_js|objective-c|perl6?|php|python|r|ruby|rust|scala|sh|shell|smalltalk|swift)$/;

const AMBIENT: readonly AmbientSecret[] = [
  { name: "every variable configured in the repository's settings", kind: "settings" },
];

/** Nothing is interpolated, and a value `{secure: …}` is read where it can stand. */
const DIALECT: Dialect = { mask: maskNone, secretsIn: () => [] };

function readFile(
  file: SourceFile,
  { documents: [root] }: YamlFile,
  context: Context,
  call: Call | undefined,
): Pipeline {
  const written = get(root, "env");
  const shared = rowsOf(file, get(written, "global"));
  const around = call?.scope ?? importedScope(file, root, context, call);
  const scope = scopeWith("pipeline", "the whole build", around, shared, shared.flatMap(variablesOfRow), [
    ...addonSecrets(get(root, "addons")),
    // What the settings hand to every job stands around what is imported.
    ...(call?.scope === undefined ? AMBIENT : []),
  ]);
  const matrix = get(written, "jobs") ?? get(written, "matrix");
  const rows = rowsOf(file, matrix ?? (get(written, "global") === undefined ? written : undefined));
  const label = rows.length > 1 ? "the jobs of the matrix" : "the job";
  const own = scopeWith("job", label, scope, rows, alternatives(rows.map(variablesOfRow)));
  const reader: Reader = { file, root };
  const jobs = [
    readJob(reader, { node: root, scope: own, name: undefined }),
    ...included(root).map((node, index) => {
      const env = get(node, "env");
      const name = text(get(node, "name")) ?? text(get(node, "stage")) ?? text(env) ?? `${index + 1}`;
      // A job that says nothing of a dimension of the matrix has its first value.
      const given = env === undefined ? rows.slice(0, 1) : rowsOf(file, env);
      const ambient = addonSecrets(get(node, "addons"));
      const inner = scopeWith("job", `job “${name}”`, scope, given, given.flatMap(variablesOfRow), ambient);
      return readJob(reader, { node, scope: inner, name });
    }),
  ];
  const references = importReferences(file, get(root, "import"), scope);
  const imported = localReferences(references, "Imported here");
  return {
    system: travisCi.id,
    systemName: travisCi.name,
    path: file.path,
    text: file.text,
    // A line that several jobs run is reported for the first of them, so those with more secrets come first.
    jobs: jobs.sort((a, b) => secretsOf(b.scope) - secretsOf(a.scope)),
    references,
    scope,
    pulled: pullNamed(readFile, file, imported, context, call, scope),
  };
}

/** What imported files say is merged with what the file says: their variables are in all its jobs. */
function importedScope(
  file: SourceFile,
  root: YamlNode | undefined,
  context: Context,
  call: Call | undefined,
): Scope | undefined {
  const named = localReferences(importReferences(file, get(root, "import"), bareScope(NO_SCOPE)), "");
  const trail = trailOf(file, call);
  return named.reduce((outer: Scope | undefined, { path: name }) => {
    const path = repositoryPath(name, ".");
    const found = path === undefined ? undefined : parsedFile([path], trail, context);
    if (found === undefined) return outer;
    const [other] = found.yaml.documents;
    const rows = rowsOf(found.file, get(other, "env", "global"));
    const ambient = addonSecrets(get(other, "addons"));
    const label = `the whole build, by ${found.file.path}`;
    const scope = scopeWith("pipeline", label, outer, rows, rows.flatMap(variablesOfRow), ambient);
    return { ...scope, path: found.file.path };
  }, undefined);
}

const NO_SCOPE = { level: "pipeline", label: "the whole build", parent: undefined } as const;

/** The jobs that are written out; `matrix` is the old name of `jobs`. */
function included(root: YamlNode | undefined): readonly YamlNode[] {
  return ["jobs", "matrix"].flatMap((key) => {
    const list = get(root, key, "include") ?? get(root, key);
    return list?.kind === "map" && get(root, key, "include") === list ? [list] : items(list);
  });
}

interface Reader {
  readonly file: SourceFile;
  readonly root: YamlNode | undefined;
}

interface PlacedJob {
  /** The map whose keys win over those of the file. */
  readonly node: YamlNode | undefined;
  readonly scope: Scope;
  /** Undefined for the jobs that the file's own keys make. */
  readonly name: string | undefined;
}

/**
 * All phases are one bash process: directories and variables stay. A command of the phases before `script` that fails ends the job.
 */
function readJob(reader: Reader, job: PlacedJob): Job {
  const { file, root } = reader;
  const { node, scope, name } = job;
  const systems = linesOf(get(node, "os") ?? get(root, "os")).flatMap(({ text: os }): readonly OperatingSystem[] =>
    os === "osx" ? ["macos"] : os === "windows" ? ["windows"] : /^linux/.test(os) ? ["linux"] : [],
  );
  const setting = {
    shell: { language: "bash", errexit: false, pipefail: false },
    operatingSystems: [...new Set(systems)],
    unit: "job",
    scratch: "/tmp",
  } as const;
  const scriptsIn = (written: YamlNode | undefined, checked = true): readonly Script[] =>
    linesOf(written).map((line) => scriptOf(file, line, DIALECT, { ...setting, checked }));
  const of = name === undefined ? "" : ` of job “${name}”`;
  const steps = PHASES.flatMap((phase): readonly Step[] => {
    const found = entry(node, phase) ?? entry(root, phase);
    if (found === undefined) return [];
    const at = { span: firstLine(file, found.keySpan), scope };
    if (phase === "deploy")
      return providersIn(found.value).map((each) => readDeployment(reader, each, of, at, scriptsIn));
    if (phase === "addons") {
      const scan = get(found.value, "coverity_scan");
      const scripts = ["build_command_prepend", "build_command"].flatMap((key) => scriptsIn(get(scan, key)));
      return scripts.length === 0 ? [] : [bareStep({ ...at, label: `the Coverity scan${of}`, scripts })];
    }
    const scripts = scriptsIn(found.value, CHECKED.has(phase));
    const always = phase === "after_failure" || phase === "after_script";
    return scripts.length === 0 ? [] : [bareStep({ ...at, label: `phase “${phase}”${of}`, scripts, always })];
  });
  const span = node === root ? steps[0]?.span : node?.span;
  return { id: name ?? "job", span: firstLine(file, span ?? { start: 0, end: 0 }), scope, steps, references: [] };
}

/** In the order in which they run; the Coverity add-on runs its commands in place of the script. */
const PHASES = [
  "before_install",
  "install",
  "before_script",
  "addons",
  "script",
  "before_cache",
  "after_success",
  "after_failure",
  "before_deploy",
  "deploy",
  "after_deploy",
  "after_script",
];

/** The phases that a failing command ends, and the job with them. */
const CHECKED = new Set(["before_install", "install", "before_script", "before_deploy"]);

function providersIn(deploy: YamlNode | undefined): readonly YamlNode[] {
  return deploy?.kind === "map" ? [deploy] : items(deploy);
}

/** A deployment: code of the file where its provider is `script`, and what `run` has done on the other side. */
function readDeployment(
  { file }: Reader,
  node: YamlNode,
  of: string,
  at: Pick<Step, "span" | "scope">,
  scriptsIn: (written: YamlNode | undefined) => readonly Script[],
): Step {
  const provider = text(get(node, "provider"));
  return bareStep({
    ...at,
    label: `the deployment${provider === undefined ? "" : ` by “${provider}”`}${of}`,
    scripts: ["script", "run"].flatMap((key) => scriptsIn(get(node, key))),
    inputs: sealedVariablesOf(file, node, DIALECT),
    references: edgeReferences(node, at.scope),
  });
}

/** `edge` has the deployment tool built from source. Which one of its own branches runs is Travis's choice in any case. */
function edgeReferences(deployment: YamlNode, scope: Scope): readonly Reference[] {
  const source = scalar(get(deployment, "edge", "source"));
  if (source === undefined || source.text === "" || source.text.startsWith("travis-ci/")) return [];
  const ref = text(get(deployment, "edge", "branch"));
  const pin = ref !== undefined && isCommitId(ref) ? "pinned" : "mutable";
  const target: Target = { kind: "repository", host: "github.com", repo: source.text, path: "", ref, pin };
  const span = source.map.toDocument({ start: 0, end: source.text.length });
  return [{ kind: "plugin", text: source.text, span, target, scope, repin: undefined }];
}

/** One entry of `env`: the variables of one job of the matrix, or a part of those of all. */
interface Row {
  readonly variables: readonly Variable[];
  /** Encrypted entries, which do not show their names. */
  readonly unnamed: readonly YamlScalar[];
}

/** The entries of `env`, each a text `A=1 B=2` or a map. */
function rowsOf(file: SourceFile, node: YamlNode | undefined): readonly Row[] {
  const list = node?.kind === "sequence" ? node.items : node === undefined ? [] : [node];
  return list.map((item) => {
    const unnamed = scalar(get(item, "secure"));
    if (unnamed !== undefined) return { variables: [], unnamed: [unnamed] };
    if (item.kind === "scalar") return { variables: assignmentsIn(item), unnamed: [] };
    return { variables: sealedVariablesOf(file, item, DIALECT), unnamed: [] };
  });
}

function variablesOfRow({ variables }: Row): readonly Variable[] {
  return variables;
}

/** `NAME=value` as bash would read it: the text is a part of the script that Travis makes. */
function assignmentsIn(written: YamlScalar): readonly Variable[] {
  const found = written.text.matchAll(/(?<!\S)([A-Za-z_]\w*)=((?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])*)/gs);
  return [...found].map(({ index, 0: assignment, 1: name = "", 2: value = "" }) => ({
    name,
    span: written.map.toDocument({ start: index, end: index + assignment.length }),
    nameSpan: written.map.toDocument({ start: index, end: index + name.length }),
    value: wordOf(value),
    secrets: [],
    removal: undefined,
  }));
}

/** A word without its quotes; undefined where the shell puts something into it. */
function wordOf(word: string): string | undefined {
  if (/[$`]/.test(word.replace(/'[^']*'|\\./gs, ""))) return undefined;
  return word.replace(
    /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs,
    (_, double?: string, single?: string, escaped?: string) =>
      double?.replace(/\\([$`"\\])/g, "$1") ?? single ?? escaped ?? "",
  );
}

function scopeWith(
  level: Scope["level"],
  label: string,
  parent: Scope | undefined,
  rows: readonly Row[],
  variables: readonly Variable[],
  ambient: readonly AmbientSecret[] = [],
): Scope {
  const sealed = rows.flatMap(({ unnamed }) => unnamed);
  const [first] = sealed;
  if (first === undefined) return bareScope({ level, label, parent, variables, ambient });
  const name = `${sealed.length === 1 ? "an encrypted variable" : `${sealed.length} encrypted variables`} of ${label}`;
  return bareScope({
    level,
    label,
    parent,
    variables,
    ambient: [{ name, kind: "named", span: first.span }, ...ambient],
  });
}

/** What add-ons with an account put into the environment of every phase. */
function addonSecrets(addons: YamlNode | undefined): readonly AmbientSecret[] {
  return entries(addons).flatMap(({ key: addon, value }) => {
    if (!/^(?:artifacts|browserstack|code_climate|jwt|sauce_connect|sonarcloud|sonarqube)$/.test(addon)) return [];
    return entries(value).flatMap(({ key, keySpan, value: setting }): readonly AmbientSecret[] => {
      if (key !== "secure" && get(setting, "secure") === undefined) return [];
      const name = key === "secure" ? `the secret of the add-on ${addon}` : `${key} of the add-on ${addon}`;
      return [{ name, kind: "named", span: keySpan }];
    });
  });
}

function secretsOf({ variables, ambient }: Scope): number {
  return ambient.length + variables.filter(({ secrets }) => secrets.length > 0).length;
}

function importReferences(file: SourceFile, node: YamlNode | undefined, scope: Scope): readonly Reference[] {
  const list = node?.kind === "sequence" ? node.items : node === undefined ? [] : [node];
  return list.flatMap((each): readonly Reference[] => {
    const written = scalar(each) ?? scalar(get(each, "source"));
    if (written === undefined || written.text === "") return [];
    const span = written.map.toDocument({ start: 0, end: written.text.length });
    const [, repo, path = "", ref] = /^([^/:@\s]+\/[^:@\s]+):([^@]+)(?:@(.*))?$/.exec(written.text) ?? [];
    if (repo === undefined) {
      const local: Target = {
        kind: "local",
        path: written.text.replace(/@.*$/s, "").replace(/^\//, ""),
        pin: "pinned",
      };
      return [{ kind: "include", text: written.text, span, target: local, scope, repin: undefined }];
    }
    const pin = ref !== undefined && isCommitId(ref) ? "pinned" : "mutable";
    const target: Target = { kind: "repository", host: "github.com", repo, path, ref, pin };
    const version = { start: written.text.lastIndexOf("@") + 1, end: written.text.length };
    const block = written.style === "literal" || written.style === "folded";
    const repin = ref && !block ? repinOf(file.text, written.span, written.map.toDocument(version)) : undefined;
    return [{ kind: "include", text: written.text, span, target, scope, repin }];
  });
}
