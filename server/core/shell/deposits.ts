import type { Span } from "../text.ts";
import { type Block, blocksOf, type Command, type Node, programsOf, type Redirect, type Word } from "./command.ts";
import { NOWHERE } from "./state.ts";
import { programName, unwrap } from "./wrappers.ts";

// What a script leaves behind for whatever runs after it on the same machine: logins, files, variables of the job.

/** home: outside of the repository's folder. tree: in it. environment: variables that later steps of the job get. */
export type Place = "home" | "tree" | "environment";

/** Text that a script puts where later programs find it, and what the text is made of. */
export interface Deposit {
  /** The command line that does it. */
  readonly span: Span;
  readonly place: Place;
  /** What it is kept under, so that whoever takes it away can be matched: a program, or a path as written. */
  readonly key: string;
  /** Names of the variables whose values go in, in lower case; assignments of the script are followed. */
  readonly variables: readonly string[];
  /** Expressions of the CI system that go in. */
  readonly holes: readonly Span[];
}

/** What a script leaves behind, without what it takes away again; and what it takes away of what others left. */
export interface Deposits {
  readonly left: readonly Deposit[];
  readonly removed: readonly string[];
}

/** A text without these words leaves nothing, so that most scripts need no second look. */
export const MAY_LEAVE =
  /login|auth|credential|config|[._](?:npmrc|netrc|pypirc|env)|ssh|_ENV\b|setvariable|>|\btee\b|out-file|-content|gpg|clone|remote|alias/i;

/** Reads what the commands of a program leave behind, in the order of the text. Ways that may not be taken count as taken. */
export function depositsOf(program: Block): Deposits {
  const reader: Reader = { left: new Map(), removed: new Set(), assigned: new Map() };
  readBlock(program, reader, false);
  return { left: [...reader.left.values()].flat(), removed: [...reader.removed] };
}

interface Reader {
  readonly left: Map<string, Deposit[]>;
  readonly removed: Set<string>;
  /** What variables of the script are made of. */
  readonly assigned: Map<string, Uses>;
}

interface Uses {
  readonly variables: readonly string[];
  readonly holes: readonly Span[];
}

const NOTHING: Uses = { variables: [], holes: [] };

/** @param nested true where a condition decides whether the block runs: then nothing is sure to be taken away */
function readBlock({ statements }: Block, reader: Reader, nested: boolean): void {
  for (const { node } of statements) readNode(node, reader, nested);
}

function readNode(node: Node, reader: Reader, nested: boolean): void {
  switch (node.kind) {
    case "command":
    case "pipe":
      readLine(node, reader, nested);
      return;
    case "chain":
      node.operands.forEach((each, index) => {
        readNode(each, reader, nested || node.operators[index - 1] === "||");
      });
      return;
    case "test":
      return;
    default: {
      const conditional = nested || node.kind !== "group";
      for (const block of blocksOf(node)) readBlock(block, reader, conditional);
      if (node.kind !== "function") readWriting(node, node.redirects, commandsIn(node), reader);
    }
  }
}

/** A command, or commands joined by pipes. */
function readLine(node: Node & { readonly kind: "command" | "pipe" }, reader: Reader, nested: boolean): void {
  const commands = commandsIn(node);
  for (const command of commands) {
    remember(command, reader);
    const line = lineOf(command);
    const key = takenAway(line);
    if (key.length > 0 && !nested) for (const each of key) forget(each, reader);
    const login = LOGINS.find(({ line: pattern }) => pattern.test(line));
    if (login !== undefined) {
      const uses = [usesIn(node, reader, false), { variables: implied(commands), holes: [] }];
      leave({ span: node.span, place: login.place(line), key: line.split(" ", 1)[0] ?? "", ...joined(uses) }, reader);
      return;
    }
  }
  readWriting(node, node.kind === "command" ? node.redirects : redirectsOf(commands), commands, reader);
}

/** Text that goes into a file as it is, or into the variables of the job. */
function readWriting(node: Node, redirects: readonly Redirect[], commands: readonly Command[], reader: Reader): void {
  const lines = commands.map(lineOf);
  if (!lines.every((line) => PRINTER.test(line))) return;
  const files = [...redirects.flatMap(fileOf), ...lines.flatMap(filesWritten)];
  const uses = usesIn(node, reader, true);
  if (uses.variables.length + uses.holes.length === 0) return;
  for (const file of files) {
    const place = placeOf(file);
    if (place !== undefined) leave({ span: node.span, place, key: file, ...uses }, reader);
  }
  const announced = lines.some((line) => /##vso\[task\.setvariable\b(?![^\]]*issecret=true)/i.test(line));
  if (announced && files.length === 0) leave({ span: node.span, place: "environment", key: "", ...uses }, reader);
}

function leave(deposit: Deposit, { left }: Reader): void {
  if (deposit.variables.length + deposit.holes.length === 0) return;
  left.set(deposit.key, [...(left.get(deposit.key) ?? []), deposit]);
}

function forget(key: string, { left, removed }: Reader): void {
  left.delete(key);
  removed.add(key);
}

/** A command line as one text: variables as `$name`, what only the run knows as `…`, wrappers such as sudo taken off. */
function lineOf({ words }: Command): string {
  const { words: own } = unwrap(
    words.map((word) => ({ text: textOf(word), span: word.span, known: true, whole: false, ...NOWHERE })),
  );
  return [programName(own[0]), ...own.slice(1).map(({ text }) => text)].join(" ");
}

function textOf({ parts }: Word): string {
  return parts
    .map((part) => {
      if (part.kind === "text" || part.kind === "glob") return part.value;
      return part.kind === "variable" ? `$${part.name.replace(/^env:/, "")}` : "…";
    })
    .join("");
}

/** Commands that keep what they are given, and where: in the home folder unless they write into the repository's own settings. */
const LOGINS: readonly { readonly line: RegExp; readonly place: (line: string) => Place }[] = [
  // Registries of images and charts.
  at("home", /^(?:docker|podman|buildah|nerdctl|skopeo|oras|crane|helm|regctl|flux|az|aws) (?:.* )?login(?: |$)/),
  // Packages.
  at("tree", /^(?:npm|pnpm) .*--(?:location[= ]project|userconfig[= ]\.npmrc).*/),
  at("home", /^(?:npm|pnpm|yarn|bun) (?:config )?set /),
  at("home", /^(?:pip3?|poetry|uv|conda|mamba) (?:config|auth) /),
  at("home", /^(?:cargo|anaconda|gem|twine) (?:login|signin) /),
  at("home", /^bundle config /),
  (() => ({
    line: /^composer config /,
    place: (line: string) => (/ (?:-g|--global)(?: |$)/.test(line) ? "home" : "tree"),
  }))(),
  at("home", /^(?:nuget|dotnet) (?:nuget )?(?:sources? (?:add|update)|(?:add|update) source|setapikey)(?: |$)/i),
  // Repositories. Without --global, git writes into the folder of the repository.
  (() => ({
    line: /^git (?:-\S+ )*config /,
    place: (line: string) => (/ --(?:global|system)(?: |$)/.test(line) ? "home" : "tree"),
  }))(),
  at("tree", /^git (?:-\S+ )*(?:clone|remote (?:add|set-url)|submodule add) /),
  at("home", /^git (?:-\S+ )*credential(?:-\S+)? (?:approve|store)/),
  at("home", /^(?:gh|glab) auth login/),
  at("home", /^ssh-add(?: |$)/),
  at("home", /^gpg2? (?:.* )?--import(?: |$)/),
  // Clouds and services.
  at("home", /^aws configure(?: |$)/),
  at("home", /^gcloud auth (?:activate-service-account|login)(?: |$)/),
  at("home", /^kubectl config set/),
  at(
    "home",
    /^(?:oc|cf|vault|argocd|heroku|ibmcloud|doctl|flyctl|fly|snyk|sentry-cli|firebase|pulumi) (?:auth )?(?:login|init)(?: |$)/,
  ),
  at("home", /^snyk (?:auth|config set)(?: |$)/),
  at("home", /^(?:mc alias set|s3cmd --configure|rclone config create|doppler configure set)(?: |$)/),
];

function at(place: Place, line: RegExp): { readonly line: RegExp; readonly place: (line: string) => Place } {
  return { line, place: () => place };
}

/** What takes a login or a file away: `docker logout`, `rm ~/.netrc`. */
function takenAway(line: string): readonly string[] {
  const [program = "", ...rest] = line.split(" ");
  if (/^(?:rm|shred|del|unlink|remove-item)$/.test(program)) return rest.filter((word) => !word.startsWith("-"));
  return /^(?:docker|podman|buildah|skopeo|oras|helm|az|oc|vault) (?:.* )?logout(?: |$)/.test(line) ? [program] : [];
}

/** Programs whose output is what they were given, in this form or another. */
const PRINTER =
  /^(?:echo|printf|print|cat|tee|base64|tr|sed|envsubst|xxd|gunzip|gzip|jq|write-output|write-host|out-file|set-content|add-content)(?: |$)|^$/;

/** The variables that a program reads by itself, where a login is made of what it prints. */
function implied(commands: readonly Command[]): readonly string[] {
  return commands.some((command) => /^aws (?:ecr|codeartifact) /.test(lineOf(command)))
    ? ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"]
    : [];
}

function fileOf({ operator, target }: Redirect): readonly string[] {
  return target !== undefined && /^(?:&?>>?|>\|)$/.test(operator) ? [textOf(target)] : [];
}

/** The operands of programs that write what they are given into files. */
function filesWritten(line: string): readonly string[] {
  const [program = "", ...rest] = line.split(" ");
  const operands = rest.filter((word) => word !== "" && !word.startsWith("-"));
  if (program === "tee") return operands;
  if (!/^(?:out-file|set-content|add-content)$/.test(program)) return [];
  const named = rest[rest.findIndex((word) => /^-(?:file|literal)?path$/i.test(word)) + 1];
  return named !== undefined && named !== rest[0] ? [named] : operands.slice(0, 1);
}

/** Where a path lies; `undefined` for what is no file that stays. */
function placeOf(path: string): Place | undefined {
  if (/^\$\{?(?:(?:GITHUB|GITEA|FORGEJO)_ENV|BASH_ENV)\}?$/i.test(path)) return "environment";
  if (path === "" || /^(?:\/dev\/|&|nul$|\$null$)/i.test(path) || /_(?:OUTPUT|STATE|STEP_SUMMARY|PATH)\b/i.test(path))
    return undefined;
  if (/^(?:\/workspace\/|\$\{?(?:GITHUB_WORKSPACE|CI_WORKSPACE|DRONE_WORKSPACE|PWD))/i.test(path)) return "tree";
  return /^(?:[~/\\$]|[a-z]:)/i.test(path) ? "home" : "tree";
}

/** Every command of a node, with those of the pipes and blocks in it. */
function commandsIn(node: Node): readonly Command[] {
  switch (node.kind) {
    case "command":
      return [node];
    case "pipe":
      return node.stages.flatMap(commandsIn);
    case "chain":
      return node.operands.flatMap(commandsIn);
    default:
      return blocksOf(node).flatMap(({ statements }) => statements.flatMap((each) => commandsIn(each.node)));
  }
}

function redirectsOf(commands: readonly Command[]): readonly Redirect[] {
  return commands.flatMap(({ redirects }) => redirects);
}

/** What the words, assignments and here-documents of a node are made of. @param plain true to leave out what other programs compute */
function usesIn(node: Node, reader: Reader, plain: boolean): Uses {
  const words = commandsIn(node).flatMap(({ words: own, assignments, redirects }) => [
    ...own,
    ...assignments.flatMap(({ value }) => value ?? []),
    ...redirects.flatMap(({ operator, target }) => (/^<</.test(operator) ? (target ?? []) : [])),
  ]);
  return joined(words.map((word) => usesOf(word, reader, plain)));
}

function usesOf(word: Word, reader: Reader, plain: boolean): Uses {
  const own = word.parts.map((part): Uses => {
    if (part.kind === "variable") return usesOfVariable(part.name, reader);
    if (part.kind === "hole")
      return { variables: part.variable === undefined ? [] : [part.variable.toLowerCase()], holes: [part.span] };
    return NOTHING;
  });
  const programs = [...programsOf(word)].flatMap((block): Uses[] => {
    const node: Node = { kind: "group", span: block.span, subshell: true, body: block, redirects: [] };
    const printed = commandsIn(node).every((command) => PRINTER.test(lineOf(command)));
    return printed || !plain ? [usesIn(node, reader, plain)] : [];
  });
  return joined([...own, ...programs]);
}

function usesOfVariable(written: string, { assigned }: Reader): Uses {
  const name = written.toLowerCase().replace(/^env:/, "");
  return assigned.get(name) ?? { variables: [name], holes: [] };
}

/** Keeps what a variable of the script is made of: `A=$B`, `export A=$B`, `$a = $env:B`. */
function remember({ words: [first, ...words], assignments }: Command, reader: Reader): void {
  const keep = (name: string, uses: Uses, append: boolean): void => {
    const key = name.toLowerCase().replace(/^env:/, "");
    reader.assigned.set(key, append ? joined([usesOfVariable(key, reader), uses]) : uses);
  };
  if (first === undefined) {
    for (const { name, value, append } of assignments)
      keep(name, value === undefined ? NOTHING : usesOf(value, reader, true), append);
    return;
  }
  if (!/^(?:export|declare|local|readonly|typeset|set)$/i.test(textOf(first))) return;
  for (const word of words) {
    const [, name, append] = /^(\w+)(\+?)=/.exec(textOf(word)) ?? [];
    if (name !== undefined) keep(name, usesOf(word, reader, true), append === "+");
  }
}

function joined(uses: readonly Uses[]): Uses {
  return {
    variables: [...new Set(uses.flatMap(({ variables }) => variables))],
    holes: uses.flatMap(({ holes }) => holes),
  };
}
