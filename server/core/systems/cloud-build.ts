import type { SourceFile } from "../analyze.ts";
import { maskNone } from "../masking.ts";
import type { AmbientSecret, Pipeline, Scope, Script, Step, Variable } from "../model.ts";
import type { Span } from "../text.ts";
import {
  entry,
  get,
  items,
  scalar,
  text,
  type YamlEntry,
  type YamlFile,
  type YamlNode,
  type YamlScalar,
} from "../yaml.ts";
import { removal } from "../yaml-edit.ts";
import { itemInsertion, itemRemoval } from "../yaml-list-edit.ts";
import { bareScope, bareStep, type Dialect, firstLine, scriptOf, variablesOf } from "./reading.ts";
import { commandOf, DOUBLED_DOLLAR, shebangShell, type Word } from "./reading-command.ts";
import { assignmentsOf, constant, imageReference, namesIn } from "./reading-container.ts";
import { BRACED_OR_BARE, meaningsOf, withPasted } from "./reading-pasted.ts";
import type { System } from "./system.ts";

/**
 * Google Cloud Build. Source: cloud.google.com/build, "Build configuration file schema", "Run bash scripts", "Substitute variable values".
 */
export const cloudBuild: System = {
  id: "cloud-build",
  name: "Google Cloud Build",
  globs: ["cloudbuild.{yaml,yml,json}", "*.cloudbuild.{yaml,yml,json}"],
  claims: (path, { documents: [root] }) => {
    if (/(?:^|\/)(?:[^/]+\.)?cloudbuild\.(?:ya?ml|json)$/.test(path)) return 2;
    return isBuild(root) ? 1 : 0;
  },
  read: (file, yaml) => readFile(file, yaml),
};

const ROOT_KEYS = [
  "availableSecrets",
  "substitutions",
  "images",
  "logsBucket",
  "serviceAccount",
  "secrets",
  "queueTtl",
];
const STEP_KEYS = ["args", "entrypoint", "waitFor", "secretEnv", "dir", "id", "automapSubstitutions"];
/** Keys of steps elsewhere, among them those where `name` is a title. */
const FOREIGN_STEP = ["image", "uses", "run", "task", "bash", "pwsh", "command", "commands", "displayName", "template"];

/** Every step is named by an image; `name` and `script` alone are steps of other products too. */
function isBuild(root: YamlNode | undefined): boolean {
  const steps = items(get(root, "steps"));
  if (steps.length === 0 || get(root, "kind") !== undefined || get(root, "apiVersion") !== undefined) return false;
  const named = steps.every(
    (step) => text(get(step, "name")) !== undefined && FOREIGN_STEP.every((key) => get(step, key) === undefined),
  );
  const distinctive = steps.some((step) => STEP_KEYS.some((key) => get(step, key) !== undefined));
  const image = steps.some((step) =>
    /^[\w.${}-]+(?::\d+)?\/\S+$|^[\w./-]+[:@]\S+$/.test(text(get(step, "name")) ?? ""),
  );
  return named && distinctive && (image || ROOT_KEYS.some((key) => get(root, key) !== undefined));
}

const DIALECT: Dialect = { mask: maskNone, secretsIn: () => [] };

/** Every step can ask the metadata server for it. */
const AMBIENT: readonly AmbientSecret[] = [{ name: "the token of the build's service account", kind: "token" }];

function readFile(file: SourceFile, { documents: [root] }: YamlFile): Pipeline {
  const options = get(root, "options");
  const scope = bareScope({
    level: "pipeline",
    label: "the whole build",
    parent: undefined,
    ambient: AMBIENT,
    variables: [
      ...variablesOf(file, get(root, "substitutions"), DIALECT).map((each) => ({
        ...each,
        value: constant(each.value),
      })),
      ...assignmentsOf(get(options, "env")),
      ...secretVariables(file, root),
    ],
  });
  const steps = items(get(root, "steps")).filter((step) => step.kind === "map");
  return {
    system: cloudBuild.id,
    systemName: cloudBuild.name,
    path: file.path,
    text: file.text,
    jobs: [
      {
        id: "build",
        span: firstLine(file, get(root, "steps")?.span ?? { start: 0, end: 0 }),
        scope,
        steps: steps.map((step, index) => readStep(file, scope, step, `${index}`)),
        references: [],
        shares: "files",
      },
    ],
    references: [],
    scope,
  };
}

/** Source: cloud.google.com/build, "Substituting variable values": what triggers of pull requests and pushes set. */
const STRANGERS = meaningsOf(
  { _HEAD_BRANCH: "the name of the pull request's branch", BRANCH_NAME: "the name of the branch" },
  false,
);

/**
 * A list of names: the values come from `availableSecrets`, or in old files from `secrets`. Those of `options` are in every step, and can
 * move to the list of one.
 */
function secretVariables(file: SourceFile, root: YamlNode | undefined): readonly Variable[] {
  const options = entry(root, "options");
  const holder = entry(options?.value, "secretEnv");
  const list = holder?.value;
  return items(list).flatMap((item): readonly Variable[] => {
    const removed = options && holder ? removalOf(file, root, options, holder, item) : undefined;
    return namedVariable(item).map((variable) => ({
      ...variable,
      portable: { removal: removed, texts: { secretEnv: variable.name } },
    }));
  });
}

/** With the last name go the list and the options that are nothing else. */
function removalOf(
  { text: document }: SourceFile,
  root: YamlNode | undefined,
  options: YamlEntry,
  holder: YamlEntry,
  item: YamlNode,
): Span | undefined {
  const map = options.value;
  if (map?.kind !== "map" || map.anchored || map.alias !== undefined) return undefined;
  const isAlone = map.entries.length === 1 && items(holder.value).length === 1;
  return isAlone && root?.kind === "map" ? removal(document, root, options) : itemRemoval(document, map, holder, item);
}

function namedVariable(item: YamlNode): readonly Variable[] {
  const written = scalar(item);
  if (written === undefined) return [];
  const span = written.map.toDocument({ start: 0, end: written.text.length });
  const secrets = [{ name: written.text, span, kind: "named" as const }];
  return [{ name: written.text, span, nameSpan: span, value: undefined, secrets, removal: undefined }];
}

function readStep(file: SourceFile, parent: Scope, step: YamlNode, unit: string): Step {
  const label = `step “${text(get(step, "id")) ?? text(get(step, "name")) ?? "?"}”`;
  const variables = [...assignmentsOf(get(step, "env")), ...items(get(step, "secretEnv")).flatMap(namedVariable)];
  const place =
    step.kind === "map" && !file.path.endsWith(".json") ? itemInsertion(file.text, step, "secretEnv") : undefined;
  const shelves = place && { secretEnv: place };
  const scope = bareScope({ level: "step", label, parent, variables, ...(shelves && { shelves }) });
  const failure = text(get(step, "allowFailure")) === "true" || get(step, "allowExitCodes") !== undefined;
  const scripts = readScripts(file, step, unit);
  // A script gets its substitutions as variables, if at all: only arguments are rewritten.
  const rewritten = get(step, "script") === undefined ? scripts : [];
  return bareStep({
    label,
    span: firstLine(file, step.span),
    scope,
    scripts,
    ...withPasted(file.text, rewritten, STRANGERS, BRACED_OR_BARE),
    references: imageReference(get(step, "name"), scope),
    reads: namesIn(get(step, "env")),
    tolerated: failure,
  });
}

/** A script goes to sh unless its first line says otherwise. Arguments go to the entry point, after a substitution that `$$` escapes. */
function readScripts(file: SourceFile, step: YamlNode, unit: string): readonly Script[] {
  const setting = {
    operatingSystems: ["linux"] as const,
    unit,
    scratch: "/tmp",
    folder: text(get(step, "dir")) ?? ".",
  };
  const script = scalar(get(step, "script"));
  if (script !== undefined) {
    const shell = shebangShell(script.text, { language: "sh", errexit: false, pipefail: false });
    return [scriptOf(file, script, DIALECT, { ...setting, shell })];
  }
  const args = get(step, "args");
  const words = (args?.kind === "sequence" ? args.items : [args]).flatMap((each) => scalar(each) ?? []);
  const all: readonly Word[] = [...programOf(step), ...words.map((each) => ({ scalar: each }))];
  return [commandOf(file, all, DIALECT, setting, DOUBLED_DOLLAR) ?? []].flat();
}

/**
 * What gets the arguments: the entry point, or the program that a builder of Google's is named after. Other images mostly run their
 * arguments as a command line.
 */
function programOf(step: YamlNode): readonly Word[] {
  const entrypoint = scalar(get(step, "entrypoint"));
  if (entrypoint !== undefined) return [{ scalar: entrypoint }];
  const name: YamlScalar | undefined = scalar(get(step, "name"));
  const [, before = "", program] =
    /^(.*\/cloud-builders\/|(?:docker\.io\/)?(?:library\/)?(?=docker(?::|@|$)))([\w.-]+)/.exec(name?.text ?? "") ?? [];
  if (name === undefined || program === undefined) return [];
  return [{ scalar: name, part: { start: before.length, end: before.length + program.length } }];
}
