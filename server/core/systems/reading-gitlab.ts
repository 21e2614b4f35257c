import type { SourceFile } from "../analyze.ts";
import type { Context } from "../context.ts";
import type { Pulled } from "../model.ts";
import type { Span } from "../text.ts";
import { entries, get, items, scalar, text, type YamlFile, type YamlNode, type YamlScalar } from "../yaml.ts";
import { parsedFile, type Trail } from "./reading-pulled.ts";

// The files that GitLab merges into one configuration, and how their jobs find each other.

/** One of the files. */
export interface Document {
  readonly file: SourceFile;
  readonly root: YamlNode | undefined;
  /** The place that includes it; `undefined` for the file that includes the others. */
  readonly by: Pulled["by"] | undefined;
  /** The files that it includes itself. */
  readonly includes: readonly Document[];
}

/** A node with the file that it stands in. */
export interface Part {
  readonly node: YamlNode;
  readonly at: Document;
}

/** A line of a script with the file that it stands in. */
export interface Line {
  readonly line: YamlScalar;
  readonly at: Document;
}

/**
 * A file with all the files of the repository that it includes, each once. What a file says wins over what its includes say, and later
 * includes win over earlier ones. Source: docs.gitlab.com, "Use CI/CD configuration from other files", "Merge method for `include`".
 */
export function documentOf(file: SourceFile, { documents }: YamlFile, context: Context, from: Trail): Document {
  const seen = new Set([file.path]);
  const read = (own: SourceFile, root: YamlNode | undefined, by: Document["by"], trail: Trail): Document => {
    const includes = includedPaths(get(root, "include"), context).flatMap(({ path, span }) => {
      if (seen.has(path)) return [];
      seen.add(path);
      const found = parsedFile([path], trail, context);
      if (found === undefined) return [];
      const inner = { ...trail, paths: [...trail.paths, path] };
      return [read(found.file, found.yaml.documents.at(-1), { span, message: "Included here" }, inner)];
    });
    return { file: own, root, by, includes };
  };
  return read(file, documents.at(-1), undefined, from);
}

/** A document and all that it includes, the ones that win first. */
export function inOrder(document: Document): readonly Document[] {
  return [document, ...[...document.includes].reverse().flatMap(inOrder)];
}

/** A file of the repository that is named somewhere. */
export interface Named {
  readonly path: string;
  readonly span: Span;
}

/**
 * The files of the repository behind an `include`: paths count from its root and may have `*` and `**` in them. What is named with a
 * variable is not known. Source: docs.gitlab.com, `include:local`.
 */
export function includedPaths(node: YamlNode | undefined, { list }: Context): readonly Named[] {
  const all = node?.kind === "sequence" ? node.items : node === undefined ? [] : [node];
  return all.flatMap((each) => {
    const written = scalar(each) ?? scalar(get(each, "local"));
    if (written === undefined || /^[a-z]+:\/\//i.test(written.text)) return [];
    const path = written.text.trim().replace(/^\/+/, "");
    if (path === "" || path.split("/").includes("..") || /[$\\:[\]{}?!]/.test(path)) return [];
    const span = written.map.toDocument({ start: 0, end: written.text.length });
    return (path.includes("*") ? listed(path, list) : [path]).map((found) => ({ path: found, span }));
  });
}

/** `*` stays within a folder, `**` does not: `a/**.yml` is every such file below the folder. */
function listed(glob: string, list: Context["list"]): readonly string[] {
  const everywhere = glob.replace(/\*{2,}(?!\/)/g, "**/*").replace(/(?:\*\*\/){2,}/g, "**/");
  const pattern = glob
    .split(/(\*{2,}\/?|\*)/)
    .map((part) => (part.startsWith("**") ? ".*" : part === "*" ? "[^/]*" : part.replace(/[.+^$()|]/g, "\\$&")))
    .join("");
  const isMeant = new RegExp(`^${pattern}$`);
  return list(everywhere).filter((path) => path.length <= MAX_PATH && isMeant.test(path));
}

/** Longer paths are left out: a chain of `*` takes long to try on them. */
const MAX_PATH = 300;

/** Everything that the documents say under a name of the top level, the winning part first. */
export function definitionsOf(documents: readonly Document[], name: string): readonly Part[] {
  return documents.flatMap((at) => {
    const node = at.root && topOf(at.root).get(name);
    return node === undefined ? [] : [{ node, at }];
  });
}

/** The entries of a whole file by their keys: every job asks for its templates, key by key. */
function topOf(root: YamlNode): ReadonlyMap<string, YamlNode | undefined> {
  const known = TOP.get(root);
  if (known !== undefined) return known;
  const top = new Map(entries(root).map(({ key, value }) => [key, value]));
  TOP.set(root, top);
  return top;
}

const TOP = new WeakMap<YamlNode, ReadonlyMap<string, YamlNode | undefined>>();

/** How many levels of templates `extends` may have. Source: docs.gitlab.com, `extends`. */
export const MAX_LEVELS = 11;

/** What the documents say under a path of keys. */
export function partAt(documents: readonly Document[], ...path: readonly string[]): Part | undefined {
  for (const at of documents) {
    const node = get(at.root, ...path);
    if (node !== undefined) return { node, at };
  }
  return undefined;
}

/**
 * A key of a job as `extends` hands it down: the job's own first, then the templates', the last one named first. Each template is asked
 * once, so that cycles end and webs of templates take no longer than chains.
 *
 * @param job everything that is said of the job, the winning part first
 */
export function lookup(
  documents: readonly Document[],
  job: readonly Part[],
  key: string,
  asked: Set<string> = new Set(),
  level = 0,
): Part | undefined {
  for (const { node, at } of job) {
    const own = get(node, key);
    if (own !== undefined) return { node: own, at };
  }
  if (level >= MAX_LEVELS) return undefined;
  for (const name of parentsOf(job)) {
    if (asked.has(name)) continue;
    asked.add(name);
    const found = lookup(documents, definitionsOf(documents, name), key, asked, level + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The templates that a job extends, the one that wins first. */
export function parentsOf(job: readonly Part[]): readonly string[] {
  const written = job.flatMap(({ node }) => get(node, "extends") ?? [])[0];
  const names = written?.kind === "sequence" ? items(written) : [written];
  return names.flatMap((each) => text(each) ?? []).reverse();
}

/** Lines of a script: a string, a list, lists in lists, and `!reference [job, key]` to another job's lines. */
export function linesIn(documents: readonly Document[], part: Part | undefined, depth = 0): readonly Line[] {
  if (part === undefined || depth > 10) return [];
  const { node, at } = part;
  if (node.kind === "scalar") return [{ line: node, at }];
  if (node.kind === "map") return [];
  if (node.tag === "!reference") {
    const path = node.items.flatMap((each) => text(each) ?? []);
    return linesIn(documents, partAt(documents, ...path), depth + 1);
  }
  return node.items.flatMap((each) => linesIn(documents, { node: each, at }, depth + 1));
}
