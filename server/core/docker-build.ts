import { type Flag, type Instruction, readInstructions } from "./dockerfile.ts";
import type { Hole } from "./masking.ts";
import type {
  Job,
  Pipeline,
  Reference,
  Scope,
  Script,
  ScriptChange,
  SecretUse,
  Shell,
  Step,
  Variable,
} from "./model.ts";
import { readImage } from "./reference.ts";
import { imageName } from "./shell/images.ts";
import { rewriteLocal, spanInFile } from "./shell/local-rewrite.ts";
import { codeOf } from "./shell/package-script.ts";
import { shellLanguage, shellOptions } from "./shell/shell-line.ts";
import type { Edit, Span } from "./text.ts";
import { items, parseYaml, type YamlScalar } from "./yaml.ts";

// A Dockerfile that a pipeline builds, in the vocabulary of pipelines: each stage is a job, each RUN and each ADD of an address a step.

/** What a build hands to its Dockerfile. */
export interface Build extends Pick<Pipeline, "system" | "systemName"> {
  /** What build arguments are given, by their names. */
  readonly args: ReadonlyMap<string, BuildArgument>;
  /** The secrets behind what `RUN --mount=type=secret` mounts, by their ids. */
  readonly secrets: ReadonlyMap<string, readonly SecretUse[]>;
  /** The folder of the repository that COPY takes files from; absent where it is not known. */
  readonly context?: string | undefined;
  /** Names, as {@link imageName} has them, of images that no registry is asked for. */
  readonly built?: ReadonlySet<string>;
}

/** What a build is handed for an `ARG` of the Dockerfile. */
export interface BuildArgument {
  /** `undefined` where only the run knows it. */
  readonly value: string | undefined;
  readonly secrets: readonly SecretUse[];
}

/** What a person should know of a build, behind the words that say who builds. */
export const WHAT_RUN_SEES =
  "a RUN sees its build arguments and the secrets mounted in it, not the environment of the step";

/** Larger files are generated ones. In UTF-16 units. */
const MAX_LENGTH = 256 * 1024;

/**
 * Reads a Dockerfile. Nothing of what is around the build passes into it but build arguments, from their ARG on, and secrets where a RUN
 * mounts them. Total. Source: docs.docker.com, "Dockerfile reference".
 */
export function readDockerfile(path: string, text: string, build: Build): Pipeline {
  const scope: Scope = {
    level: "pipeline",
    label: "the whole build",
    path,
    parent: undefined,
    variables: [],
    ambient: [],
    removal: undefined,
    slot: undefined,
  };
  const instructions = text.length > MAX_LENGTH ? [] : readInstructions(text);
  const { system, systemName } = build;
  return {
    system,
    systemName,
    path,
    text,
    references: [],
    scope,
    jobs: readStages({ path, text, build, scope }, instructions),
  };
}

interface Reader {
  readonly path: string;
  readonly text: string;
  readonly build: Build;
  readonly scope: Scope;
}

/** What instructions have changed for those that follow in their stage. */
interface Stage {
  readonly label: string;
  readonly scope: Scope;
  readonly span: Span;
  readonly references: Reference[];
  readonly steps: Step[];
  /** By name, the last one of it. */
  readonly variables: Map<string, Variable>;
  shell: Shell;
  folder: string;
  windows: boolean;
}

function readStages(reader: Reader, instructions: readonly Instruction[]): readonly Job[] {
  const stages: Stage[] = [];
  const names = new Map<string, Stage>();
  const globals = new Map<string, Variable>();
  for (const instruction of instructions) {
    if (instruction.onBuild) continue;
    const stage = stages.at(-1);
    if (instruction.name === "FROM") {
      const { image, name } = fromOf(instruction);
      const label = `stage “${name ?? stages.length}”`;
      const base = names.get(image?.text.toLowerCase() ?? "");
      const next = stageOf(reader, instruction, label, base);
      if (base === undefined) next.references.push(...imageReferences(reader, image, globals, next.scope));
      if (base === undefined && /windows|nanoserver|servercore/i.test(image?.text ?? "")) makeWindows(next);
      names.set(`${stages.length}`, next);
      if (name !== undefined) names.set(name.toLowerCase(), next);
      stages.push(next);
    } else if (stage !== undefined) readInstruction(reader, stage, instruction, names, globals);
    else if (instruction.name === "ARG") declare(reader, globals, instruction, globals);
  }
  return stages.map(({ label, span, scope, steps, references }) => ({ id: label, span, scope, steps, references }));
}

function stageOf(reader: Reader, { span }: Instruction, label: string, base: Stage | undefined): Stage {
  return {
    label,
    span,
    scope: { ...reader.scope, level: "job", label, parent: reader.scope },
    references: [],
    steps: [],
    variables: new Map(base?.variables),
    shell: base?.shell ?? { language: "sh", errexit: false, pipefail: false },
    folder: base?.folder ?? "/",
    windows: base?.windows ?? false,
  };
}

function makeWindows(stage: Stage): void {
  stage.shell = { language: "cmd", errexit: false, pipefail: undefined };
  stage.windows = true;
}

function readInstruction(
  reader: Reader,
  stage: Stage,
  instruction: Instruction,
  names: ReadonlyMap<string, Stage>,
  globals: ReadonlyMap<string, Variable>,
): void {
  switch (instruction.name) {
    case "ARG":
      declare(reader, stage.variables, instruction, globals);
      break;
    case "ENV":
      setVariables(stage, instruction);
      break;
    case "SHELL":
      setShell(stage, instruction);
      break;
    case "WORKDIR": {
      const folder = resolved(instruction.text.trim(), stage.variables);
      stage.folder = /^(?:\/|[A-Za-z]:)/.test(folder) ? folder : `${stage.folder.replace(/\/$/, "")}/${folder}`;
      break;
    }
    case "RUN":
      stage.steps.push(runStep(reader, stage, instruction));
      break;
    case "COPY":
      enterContext(reader, stage, instruction);
      break;
    case "ADD":
      enterContext(reader, stage, instruction);
      stage.steps.push(...addSteps(stage, instruction));
      break;
  }
  for (const image of copiedFrom(reader, instruction)) {
    if (!names.has(image.text.toLowerCase()))
      stage.references.push(...imageReferences(reader, image, stage.variables, stage.scope));
  }
}

/** A name in the file. */
interface Written {
  readonly text: string;
  readonly span: Span;
}

function fromOf({ text, arguments: { start } }: Instruction): { readonly image?: Written; readonly name?: string } {
  const [, image, name] = /^(\S+)(?:\s+AS\s+(\S+))?/i.exec(text) ?? [];
  return image === undefined
    ? {}
    : { image: { text: image, span: { start, end: start + image.length } }, ...(name === undefined ? {} : { name }) };
}

/** Once all of the context lies in the working directory, that is the folder of the repository. */
function enterContext({ build }: Reader, stage: Stage, { text, flags }: Instruction): void {
  const [source = "", target = "", more] = wordsOf(text).map((word) => resolved(word, stage.variables));
  const isWhole = /^(?:\.|\.?\/|\*)$/.test(source) && more === undefined && !flags.some(({ name }) => name === "from");
  const isHere = /^\.\/?$/.test(target) || target.replace(/(.)\/$/, "$1") === stage.folder;
  if (isWhole && isHere && build.context !== undefined) stage.folder = build.context;
}

/** The image of `COPY --from=` and of a mount's `from=`. */
function copiedFrom({ text: document }: Reader, { name, flags }: Instruction): readonly Written[] {
  return flags.flatMap((flag): readonly Written[] => {
    const own = name === "COPY" && flag.name === "from" ? flag.value : undefined;
    const [, mounted] = name === "RUN" && flag.name === "mount" ? (/(?:^|,)from=([^,]+)/.exec(flag.value) ?? []) : [];
    const image = own ?? mounted;
    if (image === undefined || image === "") return [];
    const start = document.indexOf(image, flag.span.start);
    return start < 0 || start >= flag.span.end ? [] : [{ text: image, span: { start, end: start + image.length } }];
  });
}

/**
 * Arguments in the name of an image have their defaults where the build gives no other. One that is nothing but an argument is written
 * where its default is.
 */
function imageReferences(
  { text: document, build }: Reader,
  image: Written | undefined,
  variables: ReadonlyMap<string, Variable>,
  scope: Scope,
): readonly Reference[] {
  if (image === undefined || /^scratch$/i.test(image.text)) return [];
  const name = resolved(image.text, variables);
  if (build.built?.has(imageName(name)) === true) return [];
  const given = (argument: string) => build.args.has(argument) || !variables.has(argument);
  const [, only] = /^\$(?:\{(\w+)\}|(\w+))$/.exec(image.text)?.filter((each) => each !== undefined) ?? [];
  const variable = only === undefined || given(only) ? undefined : variables.get(only);
  const end = variable?.span.end ?? 0;
  const isPlain = variable?.value !== undefined && document.slice(end - variable.value.length, end) === variable.value;
  const span = variable !== undefined && isPlain ? { start: end - name.length, end } : image.span;
  const text = isPlain ? name : image.text;
  return [{ kind: "image", text, span, target: readImage(name), scope, repin: undefined }];
}

/** `NAME`, `${NAME}`, `${NAME:-default}`: replaced where the file or the build tells the value. */
function resolved(text: string, variables: ReadonlyMap<string, Variable>): string {
  return text.replace(
    /\\?\$(?:\{(\w+)(?:(:?[-+])([^{}]*))?\}|(\w+))/g,
    (written, braced?: string, operator?: string, word = "", plain?: string) => {
      if (written.startsWith("\\")) return written;
      const variable = variables.get(braced ?? plain ?? "");
      if (operator?.endsWith("+")) return variable === undefined ? "" : word;
      if (variable === undefined) return operator === undefined ? written : word;
      return variable.value === "" && operator === ":-" ? word : (variable.value ?? written);
    },
  );
}

/** `ARG NAME=default …`: a value of the build wins over the default, and without one an argument of the file's top is meant. */
function declare(
  { build }: Reader,
  into: Map<string, Variable>,
  { text, arguments: { start: from } }: Instruction,
  globals: ReadonlyMap<string, Variable>,
): void {
  for (const { name, value, start, end } of assignmentsIn(text, true)) {
    const given = build.args.get(name);
    const top = value === undefined ? globals.get(name) : undefined;
    const span = { start: from + start, end: from + end };
    into.set(name, {
      name,
      span: top?.span ?? span,
      nameSpan: span,
      value: given === undefined ? (value === undefined ? top?.value : resolved(value, into)) : given.value,
      secrets: given?.secrets ?? top?.secrets ?? [],
      removal: undefined,
    });
  }
}

/** A variable that is made from an argument holds what that holds. */
function setVariables({ variables }: Stage, { text, arguments: { start: from } }: Instruction): void {
  for (const { name, value = "", start, end } of assignmentsIn(text, false)) {
    const span = { start: from + start, end: from + end };
    const names = [...value.matchAll(/\$\{?(\w+)/g)].map(([, used = ""]) => used);
    const secrets = names.flatMap((used) => variables.get(used)?.secrets ?? []).map((use) => ({ ...use, span }));
    const known = resolved(value, variables);
    variables.set(name, {
      name,
      span,
      nameSpan: span,
      value: known.includes("$") ? undefined : known,
      secrets,
      removal: undefined,
    });
  }
}

interface Assignment extends Span {
  readonly name: string;
  readonly value: string | undefined;
}

/** `A=1 B="x y"`, `ARG A`, and the old `ENV A some words`. */
function assignmentsIn(text: string, bare: boolean): readonly Assignment[] {
  const [old, name, words] = bare ? [] : (/^(\w+)[ \t]+(?!=)([^\n]*)$/.exec(text) ?? []);
  if (old !== undefined && name !== undefined) return [{ name, value: words, start: 0, end: old.length }];
  const found = text.matchAll(/(?<![^\s])(\w+)(?:=((?:"(?:[^"\\]|\\.)*"|'[^']*'|\\[^\n]|[^\s"'\\])*))?(?=\s|$)/gs);
  return [...found].flatMap(({ index: start, 0: written, 1: key = "", 2: value }) =>
    value === undefined && !bare
      ? []
      : [{ name: key, value: value && unquoted(value), start, end: start + written.length }],
  );
}

function unquoted(word: string): string {
  return word.replace(
    /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs,
    (_, double?: string, single?: string, escaped?: string) =>
      double?.replace(/\\(["\\])/g, "$1") ?? single ?? escaped ?? "",
  );
}

/** `SHELL ["powershell", "-Command"]` is about every shell form that follows. */
function setShell(stage: Stage, { text }: Instruction): void {
  const [program = "", ...options] = stringsIn(text).map((each) => each.text);
  const name = program
    .replace(/^.*[/\\]/, "")
    .replace(/\.exe$/i, "")
    .toLowerCase();
  const language = shellLanguage(name);
  const isPosix = language !== "powershell" && language !== "cmd";
  const { errexit, pipefail } = shellOptions(options);
  if (language === undefined) stage.shell = { language: "other", errexit: undefined, pipefail: undefined };
  else stage.shell = { language, errexit: isPosix && errexit, pipefail: isPosix ? pipefail : undefined };
}

/** The strings of a JSON array, [] for everything else. */
function stringsIn(json: string): readonly YamlScalar[] {
  if (!/^\s*\[[\s\S]*\]$/.test(json)) return [];
  const [list] = parseYaml(json).documents;
  return items(list).flatMap((item) => (item.kind === "scalar" && item.style === "double" ? [item] : []));
}

function runStep(reader: Reader, stage: Stage, instruction: Instruction): Step {
  const secrets = mountedSecrets(reader.build, instruction.flags);
  return stepOf(stage, instruction, scriptsOf(reader, stage, instruction), secrets);
}

function stepOf(
  { scope: outer, variables }: Stage,
  { name, line, span }: Instruction,
  scripts: readonly Script[],
  secrets: readonly SecretUse[],
): Step {
  const label = `${name} in line ${line}`;
  const scope: Scope = { ...outer, level: "step", label, parent: outer, variables: [...variables.values()] };
  return {
    label,
    span,
    scope,
    scripts,
    references: [],
    inputs: [],
    secrets,
    reads: [],
    tolerated: false,
    always: false,
  };
}

/** Source: docs.docker.com, `RUN --mount=type=secret`: the id, or the name of the file that it is mounted at. */
function mountedSecrets({ secrets }: Build, flags: readonly Flag[]): readonly SecretUse[] {
  return flags.flatMap(({ name, value, span }) => {
    if (name !== "mount" || !/(?:^|,)type=secret(?:,|$)/.test(value)) return [];
    const id =
      /(?:^|,)id=([^,]+)/.exec(value)?.[1] ?? /(?:^|,)(?:target|dst|destination)=(?:[^,]*\/)?([^,/]+)/.exec(value)?.[1];
    return (secrets.get(id ?? "") ?? []).map((use) => ({ ...use, span }));
  });
}

function scriptsOf(reader: Reader, stage: Stage, instruction: Instruction): readonly Script[] {
  const { text: document } = reader;
  const { text, arguments: place, documents, line } = instruction;
  const [first] = documents;
  const last = documents.at(-1);
  if (first === undefined || last === undefined) {
    const words = stringsIn(text);
    return words.length > 0 ? execScripts(reader, stage, instruction, words) : [shellScript(stage, line, place, text)];
  }
  if (/^<<-?\s*(["']?)[\w.-]+\1$/.test(text.trim())) {
    const body = document.slice(first.span.start, first.span.end);
    const [, shebang] = /^#!(.*)/.exec(body) ?? [];
    const shell = shebang === undefined ? stage.shell : shebangShell(shebang);
    return [{ ...shellScript(stage, line, first.span, body, true), shell }];
  }
  // The here-documents are those of a command, with their ends.
  const end = document.indexOf("\n", last.span.end);
  const whole = { start: place.start, end: end < 0 ? document.length : end };
  const code = text + document.slice(place.end, whole.end);
  return [shellScript(stage, line, whole, code)];
}

function shebangShell(line: string): Shell {
  const [program = "", ...options] = line
    .trim()
    .split(/\s+/)
    .slice(/\/env(?:\s|$)/.test(line) ? 1 : 0);
  const language = shellLanguage(program.replace(/^.*\//, ""));
  if (language !== undefined) return { language, ...shellOptions(options) };
  return { language: /python/.test(program) ? "python" : "other", errexit: undefined, pipefail: undefined };
}

const NO_HOLES: readonly Hole[] = [];

/** Code that stands in the file as the shell reads it, character by character. The shell form of an instruction has one line. */
function shellScript(stage: Stage, line: number, place: Span, text: string, isBlock = false): Script {
  const toDocument = (span: Span): Span => shifted(span, place.start);
  return {
    text,
    holes: NO_HOLES,
    shell: stage.shell,
    operatingSystems: stage.windows ? ["windows"] : ["linux"],
    unit: `line ${line}`,
    scratch: stage.windows ? "$env:TEMP" : "/tmp",
    folder: stage.folder,
    handover: {},
    lineOnly: !isBlock,
    span: place,
    toDocument,
    rewrite: (changes) => {
      if (!isBlock && changes.some((change) => change.text.includes("\n"))) return undefined;
      return changes.map((change): Edit => ({ span: toDocument(change.span), text: change.text }));
    },
  };
}

/** The code that a shell is handed as one of the words, else the words themselves where they need no quotes. */
function execScripts(
  reader: Reader,
  stage: Stage,
  { arguments: { start: from }, text, line }: Instruction,
  words: readonly YamlScalar[],
): readonly Script[] {
  const [program, ...others] = words.map((word) => word.text);
  const language = shellLanguage(
    (program ?? "")
      .replace(/^.*[/\\]/, "")
      .replace(/\.exe$/i, "")
      .toLowerCase(),
  );
  const isWindows = language === "powershell" || language === "cmd";
  const flag = isWindows ? /^[-/](?:c|command)$/i : /^-[A-Za-z]*c$/;
  const at = language === undefined ? -1 : others.findIndex((word) => flag.test(word));
  const code = at < 0 ? undefined : words[at + 2];
  const whole = { start: from, end: from + text.length };
  if (code !== undefined && language !== undefined) {
    if (!code.map.exact) return [];
    const local = { path: reader.path, notation: "json", text: codeOf(text, code), holes: NO_HOLES } as const;
    const options = isWindows ? { errexit: false, pipefail: undefined } : shellOptions(others.slice(0, at + 1));
    return [
      {
        ...shellScript(stage, line, whole, local.text),
        shell: { language, ...options },
        toDocument: (span) => shifted(spanInFile(local, text, span), from),
        rewrite: (changes) =>
          rewriteLocal(local, text, changes)?.flatMap((edit) =>
            "span" in edit ? [{ span: shifted(edit.span, from), text: edit.text }] : [],
          ),
      },
    ];
  }
  if (!words.every((word) => /^[\w@%+=:,./-]+$/.test(word.text))) return [];
  const bare = text.replace(/[[\]",]/g, " ");
  const shell: Shell = { language: "sh", errexit: false, pipefail: false };
  return [{ ...shellScript(stage, line, whole, bare), shell, rewrite: () => undefined }];
}

function shifted({ start, end }: Span, by: number): Span {
  return { start: start + by, end: end + by };
}

/** `ADD https://…` stores a file, and `--checksum` compares it first: the same as a download and a check in a script. */
function addSteps(stage: Stage, instruction: Instruction): readonly Step[] {
  const { text, flags, span, line } = instruction;
  const words = wordsOf(text).map((word) => resolved(word, stage.variables));
  const target = words.at(-1);
  const addresses = words.slice(0, -1).filter((word) => /^https?:\/\//i.test(word) && !/\.git(?:#|$)/.test(word));
  if (target === undefined || addresses.length === 0) return [];
  const checksum = flags.find(({ name }) => name === "checksum");
  const [, sha256] = /^sha256:([0-9a-f]{64})$/i.exec(checksum?.value ?? "") ?? [];
  const lines = addresses.map((address) => {
    const folder = target.endsWith("/") || addresses.length > 1 || target === ".";
    const file = folder ? `${target.replace(/\/$/, "")}/${/[^/?#]*(?=[?#]|$)/.exec(address)?.[0] ?? ""}` : target;
    const fetch = `curl -fsSLo ${quoted(file)} ${quoted(address)}`;
    return sha256 === undefined ? fetch : `${fetch} && echo "${sha256}  ${file}" | sha256sum -c - || exit 1`;
  });
  const script: Script = {
    ...shellScript(stage, line, span, lines.join("\n")),
    shell: { language: "sh", errexit: true, pipefail: false },
    toDocument: () => span,
    checksItself: true,
    rewrite: (changes) => (addresses.length === 1 ? checksumEdit(instruction, checksum, changes) : undefined),
  };
  return [stepOf(stage, instruction, [script], [])];
}

/** Words of an instruction, or the strings of its JSON form. */
function wordsOf(text: string): readonly string[] {
  const strings = stringsIn(text);
  if (strings.length > 0) return strings.map((each) => each.text);
  return text.split(/\s+/).flatMap((word) => (word === "" || word.startsWith("<<") ? [] : [unquoted(word)]));
}

/** Single quotes keep everything but a single quote, which no address has. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "")}'`;
}

/** A check of a SHA-256 is an option here. */
function checksumEdit(
  { span }: Instruction,
  checksum: Flag | undefined,
  changes: readonly ScriptChange[],
): readonly Edit[] | undefined {
  const [digest] = changes.flatMap(({ text }) => /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/.exec(text)?.[0] ?? []);
  if (digest === undefined) return undefined;
  if (checksum !== undefined) return [{ span: checksum.span, text: `--checksum=sha256:${digest}` }];
  const at = span.start + "ADD".length;
  return [{ span: { start: at, end: at }, text: ` --checksum=sha256:${digest}` }];
}
