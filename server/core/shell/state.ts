import type { Span } from "../text.ts";
import type { Block, Command } from "./command.ts";
import { Table } from "./table.ts";

// What the data flow knows at one point of a job. States are values: a change makes a new one, and branches that share a state share it.

/** One act of fetching. Two evaluations of the same command are two acts: the second answer may differ from the first. */
export interface Download {
  /** Different for every act of the trace. */
  readonly id: string;
  readonly command: Command;
  /** The fetching command in the script text. */
  readonly span: Span;
  /** Index of the script that the span belongs to. */
  readonly script: number;
  /** What fetched it, such as "curl". */
  readonly tool: string;
  /** The address as far as it is known; pieces that only the run knows stand as they are written (`$VERSION`). */
  readonly url: string;
  /** True where every character of the address is known. */
  readonly known: boolean;
  /** True where nothing was fetched: the code stands in the script, encoded so that nobody can read it. */
  readonly hidden: boolean;
}

/** Where text or a file comes from. */
export interface Provenance {
  /** Downloads whose content is part of it. */
  readonly origins: readonly Download[];
  /** Downloads of whose content it holds a digest or the verdict of a signature. */
  readonly digests: readonly Download[];
}

/** Text with its origin. */
export interface Value extends Provenance {
  /** Where parts of it are unknown they stand as symbols, equal for equal unknowns, so that paths can be compared. */
  readonly text: string;
  /** True where `text` holds no symbol. */
  readonly known: boolean;
  /** True where the text is nothing but downloaded content. */
  readonly whole: boolean;
  readonly span: Span;
  /** Of a variable's value the place where it was set, in the script of that number. */
  readonly setAt?: { readonly script: number; readonly span: Span };
}

/** What lies under a path. */
export interface FileState extends Provenance {
  /** Everything below the path comes from `origins`: an unpacked archive, a cloned repository. */
  readonly folder: boolean;
  /** The text that a command of the script wrote there, where it is short and known. */
  readonly text: string | undefined;
}

/** What a shell process knows: gone when it ends. */
export interface ShellState {
  readonly variables: Table<Value>;
  readonly functions: Table<Block>;
  /** The working directory as a symbolic path; "." is where the job starts. */
  readonly folder: string;
  readonly errexit: boolean;
  readonly pipefail: boolean;
}

/** What all processes of a job share. */
export interface WorldState {
  readonly files: Table<FileState>;
  /** For each act of fetching, by its id, whether its content was compared with something fixed, on every way to here. */
  readonly verdicts: Table<Verdict>;
  /** Downloads that signature keys were taken from. */
  readonly keys: readonly Download[];
  /** Folders of programs that a download filled and that are searched for commands, and programs put into such folders. */
  readonly programs: Table<readonly Download[]>;
  /** Variables that were handed over to the later steps of the job. */
  readonly exports: Table<Value>;
}

/** What is known of a download's content. */
export interface Verdict {
  readonly download: Download;
  readonly verified: boolean;
}

/** What may be known at one point of a job: in the running shell, and on the machine. */
export interface State {
  readonly shell: ShellState;
  readonly world: WorldState;
}

/** A machine on which no script has run yet. */
export const EMPTY_WORLD: WorldState = {
  files: Table.empty(),
  verdicts: Table.empty(),
  keys: [],
  programs: Table.empty(),
  exports: Table.empty(),
};

/** The provenance of what was not downloaded. */
export const NOWHERE: Provenance = { origins: [], digests: [] };

/** More entries than this are not tracked: it bounds the cost of hostile scripts, and no real one comes near. */
const MAX_ENTRIES = 400;
const MAX_DOWNLOADS = 64;

/** The state after a variable was set. */
export function withVariable(state: State, name: string, value: Value): State {
  return { ...state, shell: { ...state.shell, variables: assign(state.shell.variables, name, value) } };
}

/** The state after a function was defined. */
export function withFunction(state: State, name: string, body: Block): State {
  return { ...state, shell: { ...state.shell, functions: assign(state.shell.functions, name, body) } };
}

/** The state after a change to a folder, named by its absolute path. */
export function withFolder(state: State, folder: string): State {
  return { ...state, shell: { ...state.shell, folder } };
}

/** The state after options of the shell were set; those that are absent stay. */
export function withOptions(state: State, options: { readonly errexit?: boolean; readonly pipefail?: boolean }): State {
  return { ...state, shell: { ...state.shell, ...options } };
}

/** The file at a path that {@link resolvePath} made. */
export function withFile(state: State, path: string, file: FileState): State {
  const plain = file.origins.length === 0 && file.digests.length === 0 && file.text === undefined;
  if (plain && !state.world.files.has(path)) return state;
  return { ...state, world: { ...state.world, files: assign(state.world.files, path, file) } };
}

/** The downloads are known to have the content that somebody fixed (`true`), or are new and nobody has looked (`false`). */
export function withVerdict(state: State, downloads: readonly Download[], verdict: boolean): State {
  let { verdicts } = state.world;
  for (const download of downloads) {
    if (verdicts.get(download.id)?.verified !== verdict)
      verdicts = assign(verdicts, download.id, { download, verified: verdict });
  }
  return verdicts === state.world.verdicts ? state : { ...state, world: { ...state.world, verdicts } };
}

/** True where a download's content was compared with something fixed, on every way to here. */
export function isVerified(state: State, { id }: Download): boolean {
  return state.world.verdicts.get(id)?.verified === true;
}

/** The downloads whose content was compared with nothing. */
export function unverified(state: State): readonly Download[] {
  return state.world.verdicts.entries().flatMap(([, { download, verified }]) => (verified ? [] : [download]));
}

/** A command of that name is found in a folder that is searched for programs. */
function withProgram(state: State, name: string, origins: readonly Download[]): State {
  return { ...state, world: { ...state.world, programs: assign(state.world.programs, name, origins) } };
}

/** A variable that the later steps of the job will have. */
export function withExport(state: State, name: string, value: Value): State {
  return { ...state, world: { ...state.world, exports: assign(state.world.exports, name, value) } };
}

/** Folders where a shell looks for commands. */
const PROGRAM_FOLDER = /(?:^|\/)(?:s?bin|\.local\/bin)$|^(?:\$HOME|~)\/bin$/;

/** Puts a file under a path. In a folder where commands are looked for, it is a command from now on. */
export function store(state: State, path: string, file: FileState): State {
  const stored = withFile(state, path, file);
  const slash = path.lastIndexOf("/");
  const found = file.origins.length > 0 && slash > 0 && PROGRAM_FOLDER.test(path.slice(0, slash));
  return found ? withProgram(stored, path.slice(slash + 1), file.origins) : stored;
}

/** A folder whose files are commands from now on. */
export function withProgramFolder(state: State, path: string): State {
  const prefix = path === "." ? "" : `${path}/`;
  const named = state.world.files.entries().reduce((before, [file, { origins, folder }]) => {
    const name = file.slice(prefix.length);
    const inside = origins.length > 0 && !folder && file.startsWith(prefix) && !name.includes("/");
    return inside ? withProgram(before, name, origins) : before;
  }, state);
  const file = fileAt(state, path);
  return file?.folder && file.origins.length > 0 ? withProgram(named, `*${file.text ?? ""}`, file.origins) : named;
}

/** True where a shell looks for commands in this folder, or in one that an archive brings along: `/usr/local/go/bin`, `C:/Ruby/bin`. */
export function holdsPrograms(path: string): boolean {
  return PROGRAM_FOLDER.test(path) || /^(?:\/(?:usr\/local|usr|opt)?|[A-Za-z]:\/?)$/.test(path);
}

/** What may lie under a path: the file itself, or an unpacked folder around it. */
export function fileAt(state: State, path: string): FileState | undefined {
  const file = state.world.files.get(path);
  if (file !== undefined) return file;
  if (state.world.files.size === 0) return undefined;
  for (let folder = parentOf(path); folder !== undefined; folder = parentOf(folder)) {
    const around = state.world.files.get(folder);
    if (around?.folder) return around;
  }
  return undefined;
}

/** Paths of files that match a glob. */
export function filesLike(state: State, glob: string): readonly string[] {
  if (state.world.files.size === 0) return [];
  const pieces = glob.split(/[*?]+/).map((piece) => piece.replace(/[.+^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`^${pieces.join("[^/]*")}$`);
  return state.world.files.entries().flatMap(([path]) => (pattern.test(path) ? [path] : []));
}

/** A path against a folder, without `.` and `..` where they can be resolved. */
export function resolvePath(folder: string, path: string): string {
  const absolute = /^(?:\/|~|\$|‹|[A-Za-z]:[\\/])/.test(path);
  const start = /^\$(?:PWD|GITHUB_WORKSPACE|CI_PROJECT_DIR)(?=\/|$)/.exec(path)?.[0];
  const full = start !== undefined ? `.${path.slice(start.length)}` : absolute ? path : `${folder}/${path}`;
  const pieces: string[] = [];
  for (const piece of full.split("/")) {
    if (piece === "." || (piece === "" && pieces.length > 0)) continue;
    if (piece === ".." && pieces.length > 0 && pieces.at(-1) !== ".." && pieces.at(-1) !== "") pieces.pop();
    else pieces.push(piece);
  }
  return pieces.join("/") || ".";
}

/** What is left of a world where nothing goes on but the work tree: files by paths within it, and programs by no name. */
export function treeOf(world: WorldState): WorldState {
  // Other absolute paths may be where a system puts the work tree.
  const outside = /^(?:~|\$HOME|\/(?:usr|s?bin|opt|root|home|etc|lib\w*|tmp|var|run|srv)(?:\/|$))/;
  const within = world.files.entries().filter(([path]) => !outside.test(path));
  return { ...world, files: Table.of(within), programs: Table.empty() };
}

/** What may hold where two ways meet. */
export function join(a: State | undefined, b: State | undefined): State | undefined {
  if (a === undefined || a === b) return b;
  if (b === undefined) return a;
  const shell = a.shell === b.shell ? a.shell : joinShell(a.shell, b.shell);
  const world = a.world === b.world ? a.world : joinWorld(a.world, b.world);
  return shell === b.shell && world === b.world ? b : { shell, world };
}

function joinShell(a: ShellState, b: ShellState): ShellState {
  const variables = a.variables.join(b.variables, joinValues);
  const functions = a.functions.join(b.functions, (_, second) => second);
  // Where two ways end in different folders, the one on which all went well is what the script was written for.
  const { folder } = a;
  const errexit = a.errexit && b.errexit;
  const pipefail = a.pipefail && b.pipefail;
  const same = variables === b.variables && functions === b.functions && folder === b.folder;
  return same && errexit === b.errexit && pipefail === b.pipefail
    ? b
    : { variables, functions, folder, errexit, pipefail };
}

function joinWorld(a: WorldState, b: WorldState): WorldState {
  const files = a.files.join(b.files, joinFiles);
  // A download that only one way has made counts as that way left it: on the other there is nothing to run.
  const verdicts = a.verdicts.join(b.verdicts, (first, second) => (first.verified ? second : first));
  const keys = union(a.keys, b.keys);
  const programs = a.programs.join(b.programs, union);
  const exports = a.exports.join(b.exports, joinValues);
  const same = files === b.files && verdicts === b.verdicts && keys === b.keys;
  return same && programs === b.programs && exports === b.exports ? b : { files, verdicts, keys, programs, exports };
}

function joinValues(a: Value, b: Value): Value {
  const same = a.text === b.text;
  const { origins, digests } = joinProvenance(a, b);
  const known = same && a.known && b.known;
  const whole = a.whole && b.whole;
  const equal = origins === b.origins && digests === b.digests && known === b.known && whole === b.whole;
  return equal ? b : { ...b, origins, digests, known, whole };
}

function joinFiles(a: FileState, b: FileState): FileState {
  const text = a.text === b.text ? a.text : undefined;
  const { origins, digests } = joinProvenance(a, b);
  const folder = a.folder || b.folder;
  const equal = origins === b.origins && digests === b.digests && folder === b.folder && text === b.text;
  return equal ? b : { origins, digests, folder, text };
}

/** The provenance of what is made of two things. */
export function joinProvenance(a: Provenance, b: Provenance): Provenance {
  return { origins: union(a.origins, b.origins), digests: union(a.digests, b.digests) };
}

/** Both lists, each download once; of very many the newest. */
export function union(a: readonly Download[], b: readonly Download[]): readonly Download[] {
  if (a.length === 0 || a === b) return b;
  if (b.length === 0) return a;
  const all = [...new Set([...a, ...b])];
  return all.length > MAX_DOWNLOADS ? all.slice(-MAX_DOWNLOADS) : all;
}

function assign<V>(table: Table<V>, key: string, value: V): Table<V> {
  return table.size >= MAX_ENTRIES && !table.has(key) ? table : table.with(key, value);
}

function parentOf(path: string): string | undefined {
  const slash = path.lastIndexOf("/");
  return slash > 0 ? path.slice(0, slash) : path === "." || slash === 0 ? undefined : ".";
}
