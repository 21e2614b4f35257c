import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import type { AmbientSecret, Job, OperatingSystem, Pipeline, Reference, Scope, Step, Variable } from "../model.ts";
import { repinOf } from "../reference.ts";
import { entries, insertion, items, scalar, text, type YamlFile, type YamlNode } from "../yaml.ts";
import { itemInsertion, itemRemoval } from "../yaml-list-edit.ts";
import { alternatives, bareScope, bareStep, type Dialect, firstLine, scalarsBelow, variableOf } from "./reading.ts";
import { DIRECTIVE, dialectOf, field, fields, listOf, type Names, pairs, pairVariables } from "./reading-azure.ts";
import {
  type AzureReader,
  callsTemplate,
  containerReference,
  type Host,
  isStep,
  readSteps,
  repositoryTarget,
  templateReference,
} from "./reading-azure-steps.ts";
import {
  namesAround,
  pullTemplate,
  templatesOf,
  variableTemplates,
  withParameters,
} from "./reading-azure-templates.ts";
import type { Call } from "./reading-pulled.ts";
import type { System } from "./system.ts";

/**
 * Azure Pipelines: pipelines and templates.
 * Source: learn.microsoft.com, "YAML schema reference for Azure Pipelines".
 */
export const azurePipelines: System = {
  id: "azure-pipelines",
  name: "Azure Pipelines",
  globs: [
    "azure-pipelines*.{yml,yaml}",
    ".azure-pipelines/**/*.{yml,yaml}",
    ".azuredevops/**/*.{yml,yaml}",
    ".vsts-*.{yml,yaml}",
  ],
  claims: (path, { documents: [root] }) => {
    if (/(?:^|\/)azure-pipelines(?:[._-][^/]*)?\.ya?ml$/.test(path)) return 2;
    const shape = shapeOf(root);
    if (/(?:^|\/)(?:\.azure-pipelines\/.*|\.azuredevops\/.*|\.vsts-[^/]*)\.ya?ml$/.test(path)) return shape > 0 ? 2 : 0;
    return shape > 0 && shape + pairs(root).filter(({ key }) => ROOT_KEYS.has(key)).length > 1 ? 1 : 0;
  },
  read: (file, yaml, context, call) => readFile(file, yaml, context, call, []),
};

/** Keys of the top level that are no sign of their own. */
const ROOT_KEYS = new Set([
  "trigger",
  "pr",
  "pool",
  "resources",
  "schedules",
  "parameters",
  "variables",
  "lockBehavior",
]);

/** How many signs of Azure the content of the lists shows, none of which another system has in such a place. */
function shapeOf(root: YamlNode | undefined): number {
  const lists = ["stages", "jobs", "steps"].flatMap((key) => listOf(field(root, key)));
  const keys = new Set(lists.flatMap((item) => pairs(item).map(({ key, value }) => (value ? key : ""))));
  const kinds = lists.some((item) => isStep(item) || hasKey(item, "stage", "job", "deployment"));
  const named = items(field(root, "variables")).some((item) => /^(?:group|template)$/.test(pairs(item)[0]?.key ?? ""));
  const template = [...lists, ...fields(root, "extends")].some(callsTemplate);
  if (!kinds && !template && !named) return 0;
  const maps = root?.kind === "map" ? [root, ...root.entries.flatMap(({ value }) => [value, ...items(value)])] : [];
  const directed = maps.some((node) => node?.kind === "map" && node.entries.some(({ key }) => DIRECTIVE.test(key)));
  const more = ["displayName", "inputs", "dependsOn", "condition", "deployment", "parameters"].some((key) =>
    keys.has(key),
  );
  return [kinds, template, named, directed, more].filter(Boolean).length;
}

/** True where an item has one of the keys, with a name or with none. */
function hasKey(item: YamlNode, ...keys: readonly string[]): boolean {
  return pairs(item).some(({ key, value }) => keys.includes(key) && (value === undefined || value.kind === "scalar"));
}

interface Reader extends AzureReader {
  readonly names: Names;
}

function readFile(
  file: SourceFile,
  { documents: [root] }: YamlFile,
  context: Context,
  call: Call | undefined,
  machines: readonly OperatingSystem[],
): Pipeline {
  const templates = templatesOf(file, context, call, machines, readFile);
  const explained = namesAround(templates, file, root, call);
  const named = (kind: string, key: string): readonly (readonly [string, YamlNode])[] =>
    listOf(field(root, "resources", kind)).map((node) => [text(field(node, key)) ?? "", node] as const);
  const repositories = named("repositories", "repository").filter(([name]) => name !== "self");
  const containers = new Map(named("containers", "container"));
  const template = field(root, "parameters") !== undefined;
  const reader: Reader = {
    file,
    names: explained,
    templates,
    dialect: withParameters(dialectOf(explained), root, call),
    containers,
    repositories: new Set(repositories.map(([name]) => name)),
    template,
  };
  const scope = variablesScope(reader, "pipeline", "the whole pipeline", call?.scope, root);
  const { id: system, name: systemName } = azurePipelines;
  return {
    system,
    systemName,
    path: file.path,
    text: file.text,
    jobs: [
      ...readJobs(reader, root, scope, undefined),
      ...readHanded(reader, field(root, "parameters"), scope, undefined),
    ],
    references: [
      ...repositories.flatMap(([, node]) => repositoryReference(reader, node, scope)),
      ...[...containers.values()].flatMap((node) => containerReference(reader, node, undefined)),
      ...extendedReferences(reader, root, scope),
      ...[root, ...listOf(field(root, "stages"))].flatMap((node) => variableReferences(reader, node, scope)),
    ],
    scope,
    pulled: templates.pulled,
  };
}

/** The template that a pipeline extends. */
function extendedReferences(reader: Reader, root: YamlNode | undefined, scope: Scope): readonly Reference[] {
  const { file, dialect, templates } = reader;
  const template = scalar(field(root, "extends", "template"));
  if (template === undefined) return [];
  const parameters = pairVariables(file, field(root, "extends", "parameters"), dialect);
  const machines = operatingSystemsOf(reader, field(root, "pool"));
  pullTemplate(templates, file, template, { span: template.span, scope, parameters, machines });
  return templateReference(reader, template, scope);
}

/** The templates among the variables of a pipeline, stage or job. */
function variableReferences(reader: Reader, owner: YamlNode | undefined, scope: Scope): readonly Reference[] {
  return listOf(field(owner, "variables")).flatMap((item) => {
    const template = scalar(field(item, "template"));
    return template === undefined ? [] : templateReference(reader, template, scope);
  });
}

/** Every template of a repository that the file declares has the version that stands here. */
function repositoryReference({ file }: Reader, node: YamlNode, scope: Scope): readonly Reference[] {
  const alias = scalar(field(node, "repository"));
  if (alias === undefined) return [];
  const ref = scalar(field(node, "ref"));
  const found: Reference = {
    kind: "include",
    text: alias.text,
    span: alias.map.toDocument({ start: 0, end: alias.text.length }),
    target: repositoryTarget(text(field(node, "type")) ?? "git", text(field(node, "name")) ?? alias.text, ref?.text),
    scope,
    repin: undefined,
  };
  if (ref !== undefined) {
    const block = ref.style === "literal" || ref.style === "folded";
    const version = ref.map.toDocument({ start: 0, end: ref.text.length });
    return [block ? found : { ...found, repin: repinOf(file.text, ref.span, version) }];
  }
  const slot = node.kind === "map" && node.alias === undefined ? insertion(file.text, node) : undefined;
  return [slot === undefined ? found : { ...found, addition: { key: "ref", slot } }];
}

/**
 * The variables of a pipeline, stage or job, in either notation, and its groups. Their names are those of the environment in capitals and
 * with underscores, so that a variable has two. A macro names one as well, so it cannot move to the environment of a step.
 */
function variablesScope(
  reader: Reader,
  level: Scope["level"],
  label: string,
  parent: Scope | undefined,
  owner: YamlNode | undefined,
): Scope {
  const { file, dialect } = reader;
  const lists = fields(owner, "variables");
  const around = lists
    .flatMap((list) => variableTemplates(reader.templates, file, list))
    .reduce((outer: Scope | undefined, { file: other, root, trail }): Scope => {
      const templates = { ...reader.templates, trail };
      const named = `the variables of ${other.path}`;
      const scope = variablesScope({ ...reader, file: other, templates }, level, named, outer, root);
      return { ...scope, path: other.path };
    }, parent);
  const listed = lists.flatMap((list) => listOf(list).flatMap((item) => listedVariable(file, item, dialect)));
  const own = alternatives([[...lists.flatMap((map) => pairVariables(file, map, dialect)), ...listed]]);
  const variables = own.flatMap((variable): readonly Variable[] => {
    const fixed = { ...variable, removal: undefined };
    const name = variable.name.toUpperCase().replace(/[^A-Z\d_]/g, "_");
    return name === variable.name || variable.secrets.length > 0 ? [fixed] : [fixed, { ...fixed, name }];
  });
  const place = owner?.kind === "map" ? itemInsertion(file.text, owner, "variables") : undefined;
  const shelves = place && { "variables as a list": place };
  const ambient = lists.flatMap((list) => groupsOf(file, owner, list));
  return bareScope({ level, label, parent: around, variables, ambient, ...(shelves && { shelves }) });
}

/** `- name: x` with its value, or with the values that directives give it. */
function listedVariable(file: SourceFile, item: YamlNode, dialect: Dialect): readonly Variable[] {
  const all = pairs(item);
  const name = all.find(({ key }) => key === "name");
  if (name?.value?.kind !== "scalar" || name.value.text.includes("${{")) return [];
  const { text: named, span: nameSpan } = name.value;
  return all
    .filter(({ key }) => key === "value")
    .map((value) => ({
      ...variableOf(file, value.owner, value, dialect),
      name: named,
      span: { start: Math.min(name.span.start, value.span.start), end: Math.max(name.span.end, value.span.end) },
      nameSpan,
    }));
}

function groupsOf(file: SourceFile, owner: YamlNode | undefined, variables: YamlNode): readonly AmbientSecret[] {
  const holder = owner?.kind === "map" ? owner.entries.find(({ value }) => value === variables) : undefined;
  return listOf(variables).flatMap((item) => {
    const group = scalar(field(item, "group"));
    if (group === undefined) return [];
    const isItem = holder !== undefined && items(variables).includes(item) && entries(item).length === 1;
    const removed = isItem && owner?.kind === "map" ? itemRemoval(file.text, owner, holder, item) : undefined;
    const written = file.text.slice(group.span.start, group.span.end);
    const portable = { removal: removed, texts: { "variables as a list": `group: ${written}` } };
    return [{ name: `every variable of the group “${group.text}”`, kind: "settings", span: group.span, portable }];
  });
}

/** The jobs of what has stages, jobs or steps: a pipeline, a stage, a template. */
function readJobs(
  reader: Reader,
  owner: YamlNode | undefined,
  scope: Scope,
  pool: YamlNode | undefined,
): readonly Job[] {
  const machine = field(owner, "pool") ?? pool;
  const extended = field(owner, "extends");
  return [
    ...fields(owner, "stages").flatMap((list) =>
      listOf(list).flatMap((item) => readStage(reader, item, scope, machine)),
    ),
    ...fields(owner, "jobs").flatMap((list) => listOf(list).flatMap((item) => readJob(reader, item, scope, machine))),
    ...(fields(owner, "steps").length > 0
      ? [jobOf(reader, owner, "the job", bareScope({ level: "job", label: "the job", parent: scope }), machine)]
      : []),
    ...(extended === undefined ? [] : readHanded(reader, field(extended, "parameters"), scope, machine)),
  ];
}

function readStage(reader: Reader, stage: YamlNode, scope: Scope, pool: YamlNode | undefined): readonly Job[] {
  if (field(stage, "template") !== undefined) return readTemplate(reader, stage, scope, pool);
  const name = text(field(stage, "stage")) || text(field(stage, "displayName")) || "?";
  return readJobs(reader, stage, variablesScope(reader, "stage", `stage “${name}”`, scope, stage), pool);
}

function readJob(reader: Reader, job: YamlNode, scope: Scope, pool: YamlNode | undefined): readonly Job[] {
  if (field(job, "template") !== undefined) return readTemplate(reader, job, scope, pool);
  if (job.kind !== "map") return [];
  const name = ["job", "deployment", "displayName"].flatMap((key) => text(field(job, key)) || [])[0] ?? "?";
  const label = `job “${name}”`;
  return [jobOf(reader, job, label, variablesScope(reader, "job", label, scope, job), field(job, "pool") ?? pool)];
}

/** A call of a template of jobs or stages, with the code that is handed to it. */
function readTemplate(reader: Reader, item: YamlNode, scope: Scope, pool: YamlNode | undefined): readonly Job[] {
  const { file, dialect } = reader;
  const template = scalar(field(item, "template"));
  const label = `template “${template?.text ?? "?"}”`;
  const parameters = pairVariables(file, field(item, "parameters"), dialect);
  const inputs = parameters.filter(({ value }) => value !== undefined);
  const references = template === undefined ? [] : templateReference(reader, template, scope);
  const step = bareStep({ label, span: firstLine(file, item.span), scope, references, inputs });
  const call: Job = { id: label, span: step.span, scope, steps: [step], references: [] };
  const machines = operatingSystemsOf(reader, pool);
  if (template !== undefined)
    pullTemplate(reader.templates, file, template, { span: step.span, scope, parameters, machines });
  return [call, ...readHanded(reader, field(item, "parameters"), scope, pool)];
}

/** Jobs, stages and steps in the parameters of a template, or in their defaults, at any depth. */
function readHanded(
  reader: Reader,
  parameters: YamlNode | undefined,
  scope: Scope,
  pool: YamlNode | undefined,
): readonly Job[] {
  const list = listOf(parameters);
  if (list.some((item) => hasKey(item, "stage"))) return list.flatMap((item) => readStage(reader, item, scope, pool));
  if (list.some((item) => hasKey(item, "job", "deployment")))
    return list.flatMap((item) => readJob(reader, item, scope, pool));
  if (list.some(isStep)) return [stepsJob(reader, parameters, list, scope, pool)];
  if (list.some(callsTemplate)) return list.flatMap((item) => readTemplate(reader, item, scope, pool));
  const values = [
    ...list.map((item) => field(item, "default") ?? item),
    ...pairs(parameters).map(({ value }) => value),
  ];
  return values.flatMap((value) => (value?.kind === "scalar" ? [] : readHanded(reader, value, scope, pool)));
}

/** Steps that a template gets: on which machine they run is known to the template. */
function stepsJob(
  reader: Reader,
  node: YamlNode | undefined,
  list: readonly YamlNode[],
  scope: Scope,
  pool: YamlNode | undefined,
): Job {
  const steps = readSteps(reader, list, { scope, operatingSystems: operatingSystemsOf(reader, pool) });
  const span = firstLine(reader.file, node?.span ?? { start: 0, end: 0 });
  return { id: "steps of a template", span, scope, steps, references: [] };
}

function jobOf(reader: Reader, job: YamlNode | undefined, id: string, outer: Scope, pool: YamlNode | undefined): Job {
  const lists = [...fields(job, "steps").map((list) => ({ list, always: false })), ...deploymentSteps(job)];
  const scope: Scope = { ...outer, ambient: [...outer.ambient, ...lists.flatMap(({ list }) => takenBy(list))] };
  const container = field(job, "container");
  const inside = containerScope(reader, container, "job", `the container of ${id}`, scope);
  const host: Host = { scope: inside ?? scope, operatingSystems: operatingSystemsOf(reader, pool) };
  const services = pairs(field(job, "services")).flatMap(({ key, value }) =>
    containerReference(reader, value, containerScope(reader, value, "service", `service “${key}”`, undefined)),
  );
  return {
    id,
    span: firstLine(reader.file, job?.span ?? { start: 0, end: 0 }),
    scope,
    steps: lists.flatMap(({ list, always }): readonly Step[] => {
      const steps = readSteps(reader, listOf(list), host);
      return always ? steps.map((step) => ({ ...step, always })) : steps;
    }),
    references: [
      ...containerReference(reader, container, host.scope),
      ...services,
      ...variableReferences(reader, job, scope),
    ],
  };
}

/** Source: learn.microsoft.com, "jobs.deployment.strategy": the hooks in the order in which they run. */
function deploymentSteps(job: YamlNode | undefined): readonly { readonly list: YamlNode; readonly always: boolean }[] {
  return ["runOnce", "rolling", "canary"].flatMap((kind) => {
    const strategy = field(job, "strategy", kind);
    const hooks = ["preDeploy", "deploy", "routeTraffic", "postRouteTraffic"].map((hook) => field(strategy, hook));
    const all = [...hooks, field(strategy, "on", "success"), field(strategy, "on", "failure")];
    return all.flatMap((hook, index) =>
      fields(hook, "steps").map((list) => ({ list, always: index === all.length - 1 })),
    );
  });
}

/** What steps leave for the rest of their job: the token in the repository's settings, and the secrets of a vault. */
function takenBy(steps: YamlNode): readonly AmbientSecret[] {
  return listOf(steps).flatMap((step): readonly AmbientSecret[] => {
    const persisted = pairs(step).find(({ key }) => key === "persistCredentials");
    if (/^true$/i.test(text(persisted?.value) ?? ""))
      return [{ name: "System.AccessToken", kind: "token", span: persisted?.span ?? step.span }];
    const task = scalar(field(step, "task"));
    if (task === undefined || !/^AzureKeyVault@/i.test(task.text)) return [];
    const inputs = pairs(field(step, "inputs"));
    const input = (name: RegExp): string | undefined => text(inputs.find(({ key }) => name.test(key))?.value);
    if ((input(/^secretsFilter$/i) ?? "*").trim() !== "*") return [];
    const name = `every secret of the key vault “${input(/^keyVaultName$/i) ?? "?"}”`;
    return [{ name, kind: "settings", span: task.span }];
  });
}

/** The environment of a container, which a job can name where the file declares it. */
function containerScope(
  { file, dialect, containers }: Reader,
  node: YamlNode | undefined,
  level: Scope["level"],
  label: string,
  parent: Scope | undefined,
): Scope | undefined {
  const declared = containers.get(text(node) ?? "") ?? node;
  const variables = pairVariables(file, field(declared, "env"), dialect);
  return variables.length === 0 && parent !== undefined ? undefined : bareScope({ level, label, parent, variables });
}

/** From the image of the machines; a variable is looked up in all of the file, a matrix included. */
function operatingSystemsOf({ names, templates }: Reader, pool: YamlNode | undefined): readonly OperatingSystem[] {
  if (pool === undefined) return templates.machines;
  const written = [pool, ...pairs(pool).map(({ value }) => value)].flatMap((node) => scalarsBelow(node));
  const images = written.flatMap(({ text: image }) => {
    const variable = /^\$\(([\w.-]+)\)$|^\$\{\{\s*variables\.([\w.-]+)\s*\}\}$/.exec(image.trim());
    const name = variable?.[1] ?? variable?.[2];
    return name === undefined ? [image] : (names.variables.get(name.toLowerCase())?.values ?? []);
  });
  const systems = images.flatMap((image): OperatingSystem[] => {
    if (/windows|^vs20\d\d|^win\d/i.test(image)) return ["windows"];
    if (/mac-?os|^osx|darwin/i.test(image)) return ["macos"];
    return /ubuntu|linux|debian/i.test(image) ? ["linux"] : [];
  });
  return [...new Set(systems)];
}
