import type { SourceFile } from "../analyze.ts";
import { maskNone } from "../masking.ts";
import type { Job, OperatingSystem, Pipeline, Reference, Scope } from "../model.ts";
import { get, scalar, text, type YamlFile, type YamlNode } from "../yaml.ts";
import { bareScope, type Dialect, firstLine, scopeOf } from "./reading.ts";
import { constant, containersIn, readContainer } from "./reading-container.ts";
import type { System } from "./system.ts";

/**
 * Drone: every document is a pipeline, or a file of versions before 1.0 with one pipeline in it.
 * Source: docs.drone.io, "Pipelines"; 0-8-0.docs.drone.io.
 */
export const drone: System = {
  id: "drone",
  name: "Drone",
  globs: [".drone.{yml,yaml}", ".drone/*.{yml,yaml}"],
  claims: (path, { documents }) => {
    if (/(?:^|\/)\.drone\.ya?ml$/.test(path)) return 2;
    return documents.some(isPipeline) ? 1 : 0;
  },
  read: (file, yaml) => readFile(file, yaml),
};

const TYPES = /^(?:docker|kubernetes|exec|ssh|macstadium|digitalocean|aws|nomad|vm)$/;

function isPipeline(document: YamlNode): boolean {
  if (text(get(document, "kind")) !== "pipeline") return false;
  const steps = containersIn(get(document, "steps"));
  return (
    steps.some(({ node }) => get(node, "commands") !== undefined || get(node, "image") !== undefined) ||
    (get(document, "steps") !== undefined && TYPES.test(text(get(document, "type")) ?? ""))
  );
}

const DIALECT: Dialect = { mask: maskNone, secretsIn: () => [] };

function readFile(file: SourceFile, { documents }: YamlFile): Pipeline {
  const scope = bareScope({ level: "pipeline", label: "the whole file", parent: undefined });
  const pipelines = documents.filter((document) => (text(get(document, "kind")) ?? "pipeline") === "pipeline");
  return {
    system: drone.id,
    systemName: drone.name,
    path: file.path,
    text: file.text,
    jobs: pipelines.map((document) => readPipeline(file, scope, document)),
    references: documents.flatMap((document) => templateReference(document, scope)),
    scope,
  };
}

function readPipeline(file: SourceFile, parent: Scope, document: YamlNode): Job {
  const id = text(get(document, "name")) ?? "default";
  const source = { level: "job", label: `pipeline “${id}”`, parent, owner: document, key: "environment" } as const;
  const own = scopeOf(file, source, DIALECT);
  const scope = { ...own, variables: own.variables.map((each) => ({ ...each, value: constant(each.value) })) };
  const bare = /^(?:exec|ssh|macstadium|digitalocean|aws|vm)$/.test(text(get(document, "type")) ?? "");
  const host = { file, scope, operatingSystems: operatingSystemsOf(document), bare };
  // Before 1.0 the steps were a mapping `pipeline`, and before 0.5 there was one, `build`, with `compose` for services.
  const oldest = containersIn(document).filter(
    ({ name, node }) => name === "build" && get(node, "image") !== undefined,
  );
  const steps = [...containersIn(get(document, "steps") ?? get(document, "pipeline")), ...oldest];
  const services = containersIn(get(document, "services") ?? get(document, "compose"));
  return {
    id,
    span: firstLine(file, document.span),
    scope,
    steps: [
      ...containersIn(get(document, "clone")).map((each) => readContainer(host, "clone step", each)),
      ...services.map((each) => readContainer(host, "service", each)),
      ...steps.map((each) => readContainer(host, "step", each)),
    ],
    references: [],
    shares: "files",
  };
}

function operatingSystemsOf(document: YamlNode): readonly OperatingSystem[] {
  const written = text(get(document, "platform", "os")) ?? text(get(document, "platform")) ?? "linux";
  return [/windows/.test(written) ? "windows" : /darwin|macos/.test(written) ? "macos" : "linux"];
}

/** `kind: template`: a file on the server, under a name that its administrators can give to another text. */
function templateReference(document: YamlNode, scope: Scope): readonly Reference[] {
  const load = text(get(document, "kind")) === "template" ? scalar(get(document, "load")) : undefined;
  if (load === undefined) return [];
  const span = load.map.toDocument({ start: 0, end: load.text.length });
  return [
    { kind: "include", text: load.text, span, target: { kind: "other", pin: "unknown" }, scope, repin: undefined },
  ];
}
