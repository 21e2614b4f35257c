import type { Job, Scope, Script, Step } from "../model.ts";
import { entries, get, items, text, type YamlEntry, type YamlNode } from "../yaml.ts";
import { bareStep, type Dialect, firstLine, type Reading, type ScriptSetting, scriptOf } from "./reading.ts";

const PHASES = ["machine", "checkout", "dependencies", "compile", "database", "test", "deployment"];

/**
 * The phases of a `circle.yml` of CircleCI's first version as one job; none where the file has no phase. Every command has a shell of its
 * own, and the files that it leaves stay. Source: circleci.com/docs/1.0, "Configuring CircleCI 1.0".
 */
export function readPhases(file: Reading, root: YamlNode | undefined, scope: Scope, dialect: Dialect): readonly Job[] {
  const steps = PHASES.flatMap((phase) => {
    const named = entries(get(root, phase)).map(({ key, value }) => ({
      label: `${phase}: ${key}`,
      list: /^(?:pre|override|post)$/.test(key) ? value : get(value, "commands"),
    }));
    return named.flatMap(({ label, list }) => readStep(file, label, list, scope, dialect));
  });
  const [first] = steps;
  return first === undefined ? [] : [{ id: "circle.yml", span: first.span, scope, steps, references: [] }];
}

function readStep(
  file: Reading,
  label: string,
  list: YamlNode | undefined,
  scope: Scope,
  dialect: Dialect,
): readonly Step[] {
  const scripts = items(list).flatMap((item, index) => readCommand(file, item, `${label} ${index}`, dialect));
  const [first] = scripts;
  if (first === undefined) return [];
  return [bareStep({ label: `“${label}”`, span: firstLine(file, first.span), scope, scripts })];
}

/** A command, or a mapping whose key is the command and whose value holds its options. */
function readCommand(file: Reading, item: YamlNode, unit: string, dialect: Dialect): readonly Script[] {
  const setting: ScriptSetting = {
    shell: { language: "bash", errexit: undefined, pipefail: undefined },
    operatingSystems: ["linux"],
    unit,
    scratch: "/tmp",
  };
  if (item.kind === "scalar") return [scriptOf(file, item, dialect, setting)];
  return entries(item)
    .slice(0, 1)
    .map((entry) => scriptOfKey(file, entry, { ...setting, folder: text(get(entry.value, "pwd")) ?? "." }));
}

/** Where the key stands as it reads, its characters are known; no edit is made in a key. */
function scriptOfKey(file: Reading, { key, keySpan }: YamlEntry, setting: ScriptSetting): Script {
  const at = file.text.slice(keySpan.start, keySpan.end).indexOf(key);
  const from = keySpan.start + at;
  return {
    folder: ".",
    handover: {},
    ...setting,
    text: key,
    holes: [],
    span: keySpan,
    toDocument: ({ start, end }) => (at < 0 ? keySpan : { start: from + start, end: from + end }),
    rewrite: () => undefined,
  };
}
