import type { SourceFile } from "../analyze.ts";
import type { Job, OperatingSystem, Pipeline } from "../model.ts";
import { entries, get, text, type YamlFile, type YamlNode } from "../yaml.ts";
import { bareScope, firstLine, linesOf } from "./reading.ts";
import { containersIn, readContainer } from "./reading-container.ts";
import type { System } from "./system.ts";

const PATH = /(?:^|\/)\.(?:woodpecker|crow)(?:\.ya?ml|\/[^/]+\.ya?ml)$/;

/**
 * Woodpecker, and Crow, which reads the same files.
 * Source: woodpecker-ci.org, "Workflow syntax".
 */
export const woodpecker: System = {
  id: "woodpecker",
  name: "Woodpecker",
  globs: [".woodpecker.{yml,yaml}", ".woodpecker/*.{yml,yaml}", ".crow.{yml,yaml}", ".crow/*.{yml,yaml}"],
  claims: (path, { documents: [root] }) => (PATH.test(path) ? 2 : isWorkflow(root) ? 1 : 0),
  read: (file, yaml) => readFile(file, yaml),
};

/** Keys at the top or in a step that other formats with `steps` and images have. */
const FOREIGN = ["kind", "apiVersion", "version", "jobs", "stages", "spec", "on", "runs", "image"];
const FOREIGN_STEP = ["type", "title", "stage", "uses", "script", "run", "template", "ruleset"];

function isWorkflow(root: YamlNode | undefined): boolean {
  if (FOREIGN.some((key) => get(root, key) !== undefined)) return false;
  const containers = containersIn(get(root, "steps") ?? get(root, "pipeline"));
  const nodes = containers.map(({ node }) => node);
  const own = (node: YamlNode): boolean =>
    isImage(text(get(node, "image"))) && FOREIGN_STEP.every((key) => get(node, key) === undefined);
  const commanded = nodes.some((node) => linesOf(get(node, "commands")).length > 0);
  // Slides and tours have steps with an image and settings as well.
  const plugged = nodes.some((node) => get(node, "settings")?.kind === "map");
  const conditional = get(root, "when") !== undefined || nodes.some((node) => get(node, "when") !== undefined);
  return nodes.length > 0 && nodes.every(own) && (commanded || (plugged && conditional));
}

/** A picture is none. */
function isImage(name: string | undefined): boolean {
  return name !== undefined && /^[\w.$]\S*$/.test(name) && !/\.(?:png|jpe?g|gif|svg|webp|avif|ico)$/i.test(name);
}

function readFile(file: SourceFile, { documents: [root] }: YamlFile): Pipeline {
  const scope = bareScope({ level: "pipeline", label: "the whole workflow", parent: undefined });
  const labels = new Map(entries(get(root, "labels")).map(({ key, value }) => [key, text(value) ?? ""]));
  const platform = labels.get("platform") ?? text(get(root, "platform")) ?? "linux";
  const backend = labels.get("backend");
  const bare = backend === undefined ? undefined : backend === "local";
  const host = { file, scope, operatingSystems: systemsOf(platform), bare };
  const job: Job = {
    id: file.path.replace(/^.*\//, "").replace(/\.ya?ml$/, ""),
    span: firstLine(file, root?.span ?? { start: 0, end: 0 }),
    scope,
    steps: [
      ...containersIn(get(root, "clone")).map((each) => readContainer(host, "clone step", each)),
      ...containersIn(get(root, "services")).map((each) => readContainer(host, "service", each)),
      ...containersIn(get(root, "steps") ?? get(root, "pipeline")).map((each) => readContainer(host, "step", each)),
    ],
    references: [],
    shares: "files",
  };
  return {
    system: woodpecker.id,
    systemName: woodpecker.name,
    path: file.path,
    text: file.text,
    jobs: [job],
    references: [],
    scope,
  };
}

function systemsOf(platform: string): readonly OperatingSystem[] {
  return [/windows/.test(platform) ? "windows" : /darwin/.test(platform) ? "macos" : "linux"];
}
