import type { SourceFile } from "../analyze.ts";
import { maskBraces } from "../masking.ts";
import type { AmbientSecret, Job, Pipeline, Scope, Script, Shell, Step, Variable } from "../model.ts";
import { get, items, scalar, text, type YamlFile, type YamlNode } from "../yaml.ts";
import { bareScope, bareStep, type Dialect, firstLine, linesOf, scriptOf } from "./reading.ts";
import { commandOf, type Escapes, shebangShell } from "./reading-command.ts";
import { imageReference } from "./reading-container.ts";
import type { System } from "./system.ts";

/**
 * Argo Workflows: workflows, their templates, and the workflows in the triggers of Argo Events. No path tells them.
 * Source: argo-workflows.readthedocs.io, "Field Reference", "Core Concepts", "Workflow Variables"; argoproj.github.io/argo-events, "Sensor".
 */
export const argoWorkflows: System = {
  id: "argo-workflows",
  name: "Argo Workflows",
  globs: [".argo/**/*.{yml,yaml}"],
  apiGroup: "argoproj.io",
  claims: (path, { documents }) => {
    if (!documents.some((document) => specsIn(document).length > 0)) return 0;
    return /(?:^|\/)\.argo\//.test(path) ? 2 : 1;
  },
  read: (file, yaml) => readFile(file, yaml),
};

/** Every pod has it, unless its service account says otherwise. Source: "Workflow RBAC". */
const AMBIENT: readonly AmbientSecret[] = [{ name: "the token of the service account", kind: "token" }];

const DIALECT: Dialect = { mask: maskBraces, secretsIn: () => [] };

/** Source: kubernetes.io, "Define a Command and Arguments for a Container": `$$(NAME)` is `$(NAME)`. */
const ESCAPES: Escapes = /(\$)\$(?=\()/g;

/** The specification of a workflow, and the object that holds it. */
interface Found {
  readonly object: YamlNode;
  readonly spec: YamlNode;
}

/**
 * The specifications in a document: a workflow's own, that of a cron workflow, and those in the resources of a sensor's triggers. Other
 * products of Argo have objects of the same version, of other kinds.
 */
function specsIn(document: YamlNode): readonly Found[] {
  const found = (object: YamlNode | undefined, ...path: readonly string[]): readonly Found[] => {
    const spec = get(object, ...path);
    const isOwn = get(spec, "templates")?.kind === "sequence" || get(spec, "workflowTemplateRef") !== undefined;
    return object !== undefined && spec !== undefined && isOwn ? [{ object, spec }] : [];
  };
  if (text(get(document, "apiVersion")) !== "argoproj.io/v1alpha1") return [];
  switch (text(get(document, "kind"))) {
    case "Workflow":
    case "WorkflowTemplate":
    case "ClusterWorkflowTemplate":
      return found(document, "spec");
    case "CronWorkflow":
      return found(document, "spec", "workflowSpec");
    case "Sensor":
      return items(get(document, "spec", "triggers")).flatMap((trigger) =>
        ["k8s", "argoWorkflow"].flatMap((kind) => {
          const resource = get(trigger, "template", kind, "source", "resource");
          return resource === undefined || text(get(resource, "kind")) === "Sensor" ? [] : specsIn(resource);
        }),
      );
    default:
      return [];
  }
}

function readFile(file: SourceFile, { documents }: YamlFile): Pipeline {
  const scope = bareScope({ level: "pipeline", label: "the whole file", parent: undefined, ambient: AMBIENT });
  const specs = documents.flatMap(specsIn);
  return {
    system: argoWorkflows.id,
    systemName: argoWorkflows.name,
    path: file.path,
    text: file.text,
    jobs: specs.flatMap((found) => readWorkflow(file, scope, found)),
    references: specs.flatMap(({ spec }) =>
      ["container", "script"].flatMap((key) => imageReference(get(spec, "templateDefaults", key, "image"), scope)),
    ),
    scope,
  };
}

/** What the pods of a workflow have in common. */
interface Workflow {
  readonly file: SourceFile;
  readonly scope: Scope;
  readonly volumes: readonly YamlNode[];
}

function readWorkflow(file: SourceFile, parent: Scope, { object, spec }: Found): readonly Job[] {
  const name = text(get(object, "metadata", "name")) ?? text(get(object, "metadata", "generateName"));
  const defaults = get(spec, "templateDefaults");
  const scope = bareScope({
    level: "group",
    label: name === undefined ? "the workflow" : `workflow “${name}”`,
    parent,
    variables: ["container", "script"].flatMap((key) => variablesOf(get(defaults, key, "env"))),
    ambient: ["container", "script"].flatMap((key) => wholeSecrets(get(defaults, key), [])),
  });
  const workflow: Workflow = { file, scope, volumes: items(get(spec, "volumes")) };
  return [...items(get(spec, "templates")), ...inlineTemplates(spec)].flatMap((template) =>
    template.kind === "map" ? readTemplate(workflow, template) : [],
  );
}

/** Templates that stand in the steps and tasks that run them. */
function inlineTemplates(spec: YamlNode): readonly YamlNode[] {
  return items(get(spec, "templates")).flatMap((template) => {
    const steps = items(get(template, "steps")).flatMap((group) => (group.kind === "sequence" ? group.items : [group]));
    return [...steps, ...items(get(template, "dag", "tasks"))].flatMap((step) => get(step, "inline") ?? []);
  });
}

/**
 * A template is a pod: its containers share its volumes, and nothing with other pods but what is handed on. Its artifacts are left out: a
 * repository or an address there is mostly what the workflow works on, and nothing tells when it is a tool.
 */
function readTemplate(workflow: Workflow, template: YamlNode): readonly Job[] {
  const { file, scope: parent } = workflow;
  const id = text(get(template, "name")) ?? "inline";
  const label = `template “${id}”`;
  const script = get(template, "script");
  const volumes = [...workflow.volumes, ...items(get(template, "volumes"))];
  const scope = bareScope({ level: "job", label, parent });
  const pod: Pod = { file, scope, volumes };
  const list = (key: string, kind: string, owner = template) =>
    items(get(owner, key)).map((node, index) => {
      const name = text(get(node, "name"));
      return readContainer(pod, node, name === undefined ? `${kind} ${index + 1} of ${label}` : `${kind} “${name}”`);
    });
  const main = [get(template, "container") ?? [], script ?? []].flat();
  const steps = [
    ...list("initContainers", "init container"),
    ...list("sidecars", "sidecar").map((step) => ({ ...step, tolerated: true })),
    ...main.map((node) => readContainer(pod, node, label)),
    ...list("containers", "container", get(template, "containerSet")),
  ];
  if (steps.length === 0) return [];
  return [{ id, span: firstLine(file, template.span), scope, steps, references: [], shares: "files" }];
}

interface Pod {
  readonly file: SourceFile;
  readonly scope: Scope;
  readonly volumes: readonly YamlNode[];
}

function readContainer({ file, scope: parent, volumes }: Pod, node: YamlNode, label: string): Step {
  const variables = variablesOf(get(node, "env"));
  const ambient = wholeSecrets(node, volumes);
  const scope = bareScope({ level: "step", label, parent, variables, ambient });
  const span = firstLine(file, node.span);
  return bareStep({
    label,
    span,
    scope,
    scripts: scriptsOf(file, node),
    references: imageReference(get(node, "image"), scope),
  });
}

/** A list of `{name, value | valueFrom}`, as in any pod. */
function variablesOf(list: YamlNode | undefined): readonly Variable[] {
  return items(list).flatMap((item): readonly Variable[] => {
    const name = scalar(get(item, "name"));
    if (name === undefined) return [];
    const value = text(get(item, "value"));
    const source = get(item, "valueFrom", "secretKeyRef");
    const secret = [text(get(source, "name")), text(get(source, "key"))].filter((part) => part !== undefined).join("/");
    return [
      {
        name: name.text,
        span: item.span,
        nameSpan: name.span,
        value: value === undefined || /\{\{|\$\(/.test(value) ? undefined : value,
        secrets: source === undefined ? [] : [{ name: secret, kind: "named", span: item.span }],
        removal: undefined,
      },
    ];
  });
}

/** Secrets that a container gets whole: as variables, and as files of the volumes that it mounts. */
function wholeSecrets(container: YamlNode | undefined, volumes: readonly YamlNode[]): readonly AmbientSecret[] {
  const named = (node: YamlNode | undefined): readonly AmbientSecret[] => {
    const name = scalar(node);
    return name === undefined ? [] : [{ name: `every key of “${name.text}”`, kind: "named", span: name.span }];
  };
  const groups = items(get(container, "envFrom")).flatMap((each) =>
    named(get(each, "secretRef", "name")).map((secret) => ({ ...secret, extent: "whole" as const })),
  );
  const mounted = new Set(items(get(container, "volumeMounts")).map((each) => text(get(each, "name"))));
  const files = volumes.filter((volume) => mounted.has(text(get(volume, "name"))));
  return [...groups, ...files.flatMap((volume) => named(get(volume, "secret", "secretName")))];
}

/** `source` is a file that the command runs; without one the command and its arguments are what runs. */
function scriptsOf(file: SourceFile, node: YamlNode): readonly Script[] {
  const setting = { operatingSystems: ["linux"], unit: `${node.span.start}`, scratch: "/tmp" } as const;
  const command = linesOf(get(node, "command"));
  const source = scalar(get(node, "source"));
  if (source !== undefined) {
    const shell = interpreterOf(
      command.map((each) => each.text),
      source.text,
    );
    return [scriptOf(file, source, DIALECT, { ...setting, shell })];
  }
  // Without a command the image says what gets the arguments.
  if (command.length === 0) return [];
  const words = [...command, ...linesOf(get(node, "args"))].map((each) => ({ scalar: each }));
  return [commandOf(file, words, DIALECT, setting, ESCAPES) ?? []].flat();
}

/** The program of `command`, with its options; without one the file is started as it is. */
function interpreterOf(command: readonly string[], source: string): Shell {
  const unknown: Shell = { language: "unknown", errexit: undefined, pipefail: undefined };
  return command.length === 0 ? shebangShell(source, unknown) : shebangShell(`#!${command.join(" ")}`, unknown);
}
