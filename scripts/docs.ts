// `npm run docs` writes every text that says what the code already says: the rules' pages, the tables of the README, and the rules' settings
// and activation events in package.json. A test compares the files with what this would write.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  analyze,
  DEFAULT_SETTINGS,
  EMPTY_CONTEXT,
  RULES,
  type Rule,
  SETTINGS,
  SYSTEMS,
  schemaOf,
  settingsSchema,
  withoutMarks,
} from "../server/core/index.ts";

/** A file of the project as it should be: its path from the project's folder, and its whole text. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** The files that are generated, or in part: what people wrote in them stays as it is on disk. */
export function generatedFiles(): readonly GeneratedFile[] {
  return [
    ...RULES.map((rule) => ({ path: `docs/rules/${rule.id}.md`, text: pageOf(rule) })),
    { path: "README.md", text: withTables(read("README.md")) },
    { path: "docs/ci.md", text: withHook(read("docs/ci.md")) },
    { path: "docs/editors.md", text: withVersion(read("docs/editors.md")) },
    { path: ".pre-commit-hooks.yaml", text: hooks() },
    { path: "package.json", text: withContributions(read("package.json")) },
    { path: "schemas/pipewarden.json", text: `${JSON.stringify(settingsSchema(), undefined, 2)}\n` },
  ];
}

const projectRoot = path.resolve(import.meta.dirname, "..");

function read(file: string): string {
  return readFileSync(path.join(projectRoot, file), "utf8");
}

type Example = Rule["examples"][number];

function pageOf(rule: Rule): string {
  return `${[
    `<!-- Written by scripts/docs.ts from server/core/rules/${rule.id}.ts. -->`,
    `# ${rule.id}`,
    rule.summary,
    `Severity: ${rule.severity}. A single finding may weigh more or less than that, such as where it can reach a secret.`,
    "## Why it matters",
    rule.why,
    "## Examples",
    "Marks show what is underlined.",
    ...rule.examples.flatMap(exampleOf),
    ...(rule.review === undefined ? silencing(rule) : []),
    "## Another severity, or none",
    "In a file `.pipewarden.yml` at the root of the repository, for everybody who works on it:",
    fenced("yaml", `rules:\n  ${rule.id}: off # or error, warning, information, hint`),
    "In the settings of VS Code, for yourself:",
    fenced("json", `"pipewarden.rules": { "${rule.id}": "off" }`),
  ].join("\n\n")}\n`;
}

function silencing({ id }: Rule): readonly string[] {
  return [
    "## Silencing one finding",
    "By a comment behind it or on the line above, with the reason behind the bracket:",
    fenced("yaml", `# pipewarden: ignore[${id}] why this is fine`),
  ];
}

function exampleOf({ title, path: file, bad, good, files = {} }: Example): readonly string[] {
  const others = Object.entries(files).flatMap(([name, text]) => [`Where \`${name}\` is`, fenced("yaml", text)]);
  const before = [`### ${title}`, `\`${file}\``, fenced("yaml", bad), ...others];
  return good === undefined ? before : [...before, "After the fix:", fenced("yaml", good)];
}

function fenced(language: string, code: string): string {
  return `\`\`\`${language}\n${code.trimEnd()}\n\`\`\``;
}

function withTables(readme: string): string {
  const rules = RULES.map(
    ({ id, severity, summary, examples }) =>
      `| [${id}](docs/rules/${id}.md) | ${severity} | ${summary} | ${fixOf(id, examples)} |`,
  );
  const systems = SYSTEMS.map(({ name, globs }) => `| ${name} | ${globs.map((glob) => `\`${glob}\``).join(", ")} |`);
  const settings = SETTINGS.map(
    ({ key, where, meaning }) => `| \`pipewarden.${key}\` | ${where === "both" ? "yes" : "no"} | ${meaning} |`,
  );
  return between(
    between(
      between(readme, "settings", ["| Setting | In `.pipewarden.yml` | Meaning |", "|---|---|---|", ...settings]),
      "rules",
      ["| Rule | Severity | What it finds | Its fix |", "|---|---|---|---|", ...rules],
    ),
    "systems",
    ["| System | Files |", "|---|---|", ...systems],
  );
}

/** What kind of fix a rule has for its examples. */
function fixOf(id: string, examples: readonly Example[]): string {
  const fixes = examples.flatMap(({ path, bad, files = {} }) => {
    const context = { ...EMPTY_CONTEXT, read: (name: string) => files[name] };
    const { findings } = analyze({ path, text: withoutMarks(bad) }, context, DEFAULT_SETTINGS);
    return findings.flatMap(({ rule, fixes }) => (rule.id === id ? fixes : []));
  });
  if (fixes.length === 0) return "none";
  return fixes.some((fix) => "ask" in fix) ? "asks the network" : "needs no network";
}

/** Replaces what stands between the two marks of a name. */
function between(text: string, name: string, lines: readonly string[]): string {
  const [start, end] = [`<!-- ${name}: written by scripts/docs.ts -->\n`, `\n<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`There are no marks around ${name}.`);
  return `${text.slice(0, from + start.length)}\n${lines.join("\n")}\n${text.slice(to)}`;
}

function withContributions(manifest: string): string {
  const json = JSON.parse(manifest);
  const events: readonly string[] = json.activationEvents;
  json.activationEvents = [
    ...events.filter((event) => !event.startsWith("workspaceContains:")),
    ...SYSTEMS.flatMap(({ globs }) => globs.map((glob) => `workspaceContains:**/${glob}`)),
  ];
  json.contributes.configuration.properties = Object.fromEntries(
    SETTINGS.map((setting) => {
      const { description: _, ...schema } = schemaOf(setting);
      return [`pipewarden.${setting.key}`, { scope: setting.scope, ...schema }];
    }),
  );
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

/**
 * What pre-commit reads in this repository. It runs what is on the PATH: for a language of its own pre-commit would install the repository
 * itself, where nothing is built, and no script may run to build it.
 */
function hooks(): string {
  return `# Written by scripts/docs.ts. docs/ci.md says how to use it.
- id: pipewarden
  name: pipewarden
  description: Finds steps of CI pipelines that run code nobody pinned, and the secrets which that code could read.
  language: system
  entry: pipewarden scan
  require_serial: true
${filesOfHook("  ")}
`;
}

function withHook(page: string): string {
  const config = `repos:
  - repo: local
    hooks:
      - id: pipewarden
        name: pipewarden
        language: node
        additional_dependencies: ["pipewarden@${version()}"]
        entry: pipewarden scan
        require_serial: true
${filesOfHook("        ")}`;
  return between(withVersion(page), "pre-commit", [fenced("yaml", config)]);
}

/** A page whose commands and examples name the version that it belongs to. */
function withVersion(page: string): string {
  return page.replace(/pipewarden@\d[\w.-]*/g, `pipewarden@${version()}`).replace(/rev: v\S+/, `rev: v${version()}`);
}

function version(): string {
  return JSON.parse(read("package.json")).version;
}

/** The paths of all systems as a regular expression of Python, one line for each glob. */
function filesOfHook(indent: string): string {
  const globs = SYSTEMS.flatMap((system) => system.globs.map(toPattern));
  return ["files: |", "  (?x)^(?:.*/)?(?:", `    ${globs.join(`\n${indent}    | `)}`, "  )$"]
    .map((line) => indent + line)
    .join("\n");
}

/** A glob of a system as a regular expression: `**` is any folders, `*` any part of a name, and braces are alternatives. */
function toPattern(glob: string): string {
  return glob.replace(/^(?:\*\*\/)+/, "").replace(/\*\*\/|[*.{},]/g, (sign) => PATTERNS[sign] ?? sign);
}

const PATTERNS: Readonly<Record<string, string>> = {
  "**/": "(?:.*/)?",
  "*": "[^/]*",
  ".": "\\.",
  "{": "(?:",
  ",": "|",
  "}": ")",
};

if (process.argv[1] === import.meta.filename) {
  mkdirSync(path.join(projectRoot, "docs/rules"), { recursive: true });
  for (const file of generatedFiles()) writeFileSync(path.join(projectRoot, file.path), file.text);
}
