import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import type { BuildArgument } from "../docker-build.ts";
import {
  type OperatingSystem,
  type Pipeline,
  type Pulled,
  type Scope,
  type Step,
  scopeChain,
  type Variable,
} from "../model.ts";
import { repositoryPath } from "../shell/repository-path.ts";
import type { Span } from "../text.ts";
import { scalar, text, type YamlFile, type YamlNode, type YamlScalar } from "../yaml.ts";
import { type Dialect, secretsBelow } from "./reading.ts";
import { field, fields, listOf, type Names, namesIn, pairs } from "./reading-azure.ts";
import { type Call, parsedFile, pullDockerfile, pullIn, type Trail, trailOf } from "./reading-pulled.ts";

// Templates of Azure Pipelines that lie in the repository: what they get, and what they give.

/** How a file pulls in templates, and what it has pulled in so far. */
export interface Templates {
  readonly context: Context;
  readonly trail: Trail;
  readonly pulled: Pulled[];
  /** The systems that the steps run on where the file does not say so itself. */
  readonly machines: readonly OperatingSystem[];
  /** @param machines as in {@link Templates} */
  read(file: SourceFile, yaml: YamlFile, context: Context, call: Call, machines: readonly OperatingSystem[]): Pipeline;
}

/** A file that has pulled in nothing yet. */
export function templatesOf(
  file: SourceFile,
  context: Context,
  call: Call | undefined,
  machines: readonly OperatingSystem[],
  read: Templates["read"],
): Templates {
  return { context, trail: trailOf(file, call), pulled: [], machines, read };
}

/** A place that uses a template. */
export interface Use {
  /** The step in whose place the template runs; absent for templates of jobs and stages. */
  readonly step?: Step;
  readonly span: Span;
  /** The scope around the place: a template is a part of what uses it. */
  readonly scope: Scope;
  readonly parameters: readonly Variable[];
  readonly machines: readonly OperatingSystem[];
}

/** Pulls in a template of stages, jobs or steps, or one that a pipeline extends. */
export function pullTemplate(templates: Templates, file: SourceFile, written: YamlScalar, use: Use): void {
  const path = templatePath(written, file.path);
  if (path === undefined) return;
  const { span, scope, parameters: inputs, machines, step } = use;
  const calling = { paths: [path], by: { span, message: "The template is used here" }, scope, inputs };
  const { trail, context } = templates;
  const pulled = pullIn((...args) => templates.read(...args, machines), calling, trail, context);
  templates.pulled.push(...pulled.map((each) => (step === undefined ? each : { ...each, step })));
}

/**
 * The Dockerfile that the task for Docker builds. Without a name it is the first one that the task comes upon, so that one in the root is a
 * good guess. Source: learn.microsoft.com, "Docker@2".
 */
export function pullBuild(templates: Templates, step: Step): void {
  const input = (name: RegExp) => step.inputs.find((each) => name.test(each.name));
  if (!/^build/i.test(input(/^command$/i)?.value?.trim() ?? "buildAndPush")) return;
  const file = input(/^dockerfile$/i)?.value?.trim() ?? "**/Dockerfile";
  const path = repositoryPath(file.replace(/^\*\*\//, ""), ".");
  if (path === undefined) return;
  const given = input(/^arguments$/i);
  const args = [...(given?.value ?? "").matchAll(/--build-arg[ =]"?([\w.-]+)=("[^"]*"|\S*)/g)].map(
    ([, name = "", value = ""]): [string, BuildArgument] => {
      const secrets = given?.secrets.filter((use) => value.includes(`(${use.name})`)) ?? [];
      return [name, { value: value.includes("$") ? undefined : value.replaceAll('"', ""), secrets }];
    },
  );
  const build = { system: "azure-pipelines", systemName: "Azure Pipelines", args: new Map(args), secrets: new Map() };
  const by = { span: step.span, message: `Built by ${step.label}` };
  templates.pulled.push(...pullDockerfile([path], by, build, templates.trail, templates.context));
}

/** The documents behind the templates in a list of variables. */
export function variableTemplates(
  { context, trail }: Pick<Templates, "context" | "trail">,
  file: SourceFile,
  variables: YamlNode | undefined,
): readonly { readonly file: SourceFile; readonly root: YamlNode | undefined; readonly trail: Trail }[] {
  return listOf(variables).flatMap((item) => {
    const written = scalar(field(item, "template"));
    const path = written && templatePath(written, file.path);
    const found = path === undefined ? undefined : parsedFile([path], trail, context);
    if (found === undefined) return [];
    const inner = { ...trail, paths: [...trail.paths, found.file.path] };
    return [{ file: found.file, root: found.yaml.documents[0], trail: inner }];
  });
}

/** The names that a file explains, together with those of its variable templates and of whoever uses it. */
export function namesAround(
  templates: Pick<Templates, "context" | "trail">,
  file: SourceFile,
  root: YamlNode | undefined,
  call: Call | undefined,
): Names {
  const own = namesIn(root);
  const variables = new Map(own.variables);
  const secrets = new Set(own.secrets);
  const declare = (name: string, values: readonly string[]): void => {
    if (!variables.has(name.toLowerCase())) variables.set(name.toLowerCase(), { name, values });
  };
  const collect = (at: SourceFile, node: YamlNode | undefined, trail: Trail): void => {
    for (const list of listsOfVariables(node)) {
      for (const found of variableTemplates({ context: templates.context, trail }, at, list)) {
        const names = namesIn(found.root);
        for (const { name, values } of names.variables.values()) declare(name, values);
        for (const name of names.secrets) secrets.add(name);
        collect(found.file, found.root, found.trail);
      }
    }
  };
  collect(file, root, templates.trail);
  for (const { variables: around } of call?.scope ? scopeChain(call.scope) : [])
    for (const { name, value } of around) declare(name, value === undefined ? [] : [value]);
  return { variables, secrets };
}

/** The variables of a pipeline, of its stages and of their jobs. */
function listsOfVariables(root: YamlNode | undefined): readonly YamlNode[] {
  const stages = fields(root, "stages").flatMap(listOf);
  const owners = [root, ...stages];
  const jobs = owners.flatMap((owner) => fields(owner, "jobs").flatMap(listOf));
  return [...owners, ...jobs].flatMap((owner) => fields(owner, "variables"));
}

/** `${{ parameters.name }}` stands for the secrets in what a template is given, or in the default. */
export function withParameters(dialect: Dialect, root: YamlNode | undefined, call: Call | undefined): Dialect {
  if (call === undefined) return dialect;
  const declared = field(root, "parameters");
  const defaults = [
    ...pairs(declared).map(({ key, value }) => [key, value] as const),
    ...listOf(declared).map((item) => [text(field(item, "name")) ?? "", field(item, "default")] as const),
  ].map(([name, value]) => [name, secretsBelow(value, dialect)] as const);
  const given = call.inputs.map(({ name, secrets }) => [name, secrets] as const);
  const known = new Map([...new Map([...defaults, ...given])].filter(([, secrets]) => secrets.length > 0));
  if (known.size === 0) return dialect;
  return {
    ...dialect,
    secretsIn: (written) => {
      const own = dialect.secretsIn(written);
      if (!written.text.includes("parameters")) return own;
      const named = [...written.text.matchAll(/\$\{\{\s*parameters(?:\.([\w-]+)|\['([^']+)'\])\s*\}\}/g)];
      const behind = named.flatMap(({ 0: found, 1: name, 2: indexed, index }) => {
        const span = written.map.toDocument({ start: index, end: index + found.length });
        return (known.get(name ?? indexed ?? "") ?? []).map((use) => ({ ...use, span }));
      });
      return [...own, ...behind];
    },
  };
}

/**
 * A path counts from the folder of the file that names it, or from the root of the repository where it starts with a slash. What lies in
 * another repository is not here. Source: learn.microsoft.com, "Template types & usage", "Reference template paths".
 */
function templatePath({ text: written }: YamlScalar, from: string): string | undefined {
  const [, path = "", alias = "self"] = /^([^@]*)(?:@(.*))?$/s.exec(written.trim()) ?? [];
  if (alias !== "self" || path === "") return undefined;
  const slash = from.lastIndexOf("/");
  const rooted = /^[/\\]/.test(path);
  return repositoryPath(path.replace(/^[/\\]+/, ""), rooted || slash < 0 ? "." : from.slice(0, slash));
}
