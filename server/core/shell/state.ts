import type { Span } from "../text.ts";
import type { Block, Command } from "./command.ts";

// What the data flow knows at one point of a job. States are values: a change makes a new one, and branches that share a state share it.

/** One act of fetching. Two evaluations of the same command are two acts: the second answer may differ from the first. */
export interface Download {
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
  readonly variables: ReadonlyMap<string, Value>;
  readonly functions: ReadonlyMap<string, Block>;
  /** The working directory as a symbolic path; "." is where the job starts. */
  readonly folder: string;
  readonly errexit: boolean;
  readonly pipefail: boolean;
}

/** What all processes of a job share. */
export interface WorldState {
  readonly files: ReadonlyMap<string, FileState>;
  /** For each act of fetching whether its content was compared with something fixed, on every way to here. */
  readonly verdicts: ReadonlyMap<Download, boolean>;
  /** Downloads that signature keys were taken from. */
  readonly keys: readonly Download[];
  /** Folders of programs that a download filled and that are searched for commands, and programs put into such folders. */
  readonly programs: ReadonlyMap<string, readonly Download[]>;
  /** Variables that were handed over to the later steps of the job. */
  readonly exports: ReadonlyMap<string, Value>;
}

export interface State {
  readonly shell: ShellState;
  readonly world: WorldState;
}

export const EMPTY_WORLD: WorldState = {
  files: new Map(),
  verdicts: new Map(),
  keys: [],
  programs: new Map(),
  exports: new Map(),
};

export const NOWHERE: Provenance = { origins: [], digests: [] };

/** More entries than this are not tracked: it bounds the cost of hostile scripts, and no real one comes near. */
const MAX_ENTRIES = 400;
const MAX_DOWNLOADS = 64;

export function withVariable(state: State, name: string, value: Value): State {
  return { ...state, shell: { ...state.shell, variables: assign(state.shell.variables, name, value) } };
}

export function withFunction(state: State, name: string, body: Block): State {
  return { ...state, shell: { ...state.shell, functions: assign(state.shell.functions, name, body) } };
}

export function withFolder(state: State, folder: string): State {
  return { ...state, shell: { ...state.shell, folder } };
}

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
  if (downloads.every((download) => state.world.verdicts.get(download) === verdict)) return state;
  let { verdicts } = state.world;
  for (const download of downloads) verdicts = assign(verdicts, download, verdict);
  return { ...state, world: { ...state.world, verdicts } };
}

export function withKeys(state: State, keys: readonly Download[]): State {
  return keys.length === 0 ? state : { ...state, world: { ...state.world, keys: union(state.world.keys, keys) } };
}

/** A command of that name is found in a folder that is searched for programs. */
export function withProgram(state: State, name: string, origins: readonly Download[]): State {
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
  const named = [...state.world.files].reduce((before, [file, { origins, folder }]) => {
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
  return [...state.world.files.keys()].filter((path) => pattern.test(path));
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

/** What may hold where two ways meet. */
export function join(a: State | undefined, b: State | undefined): State | undefined {
  if (a === undefined || a === b) return b;
  if (b === undefined) return a;
  const shell = a.shell === b.shell ? a.shell : joinShell(a.shell, b.shell);
  const world = a.world === b.world ? a.world : joinWorld(a.world, b.world);
  return shell === b.shell && world === b.world ? b : { shell, world };
}

function joinShell(a: ShellState, b: ShellState): ShellState {
  return {
    variables: merge(a.variables, b.variables, joinValues),
    functions: merge(a.functions, b.functions, (_, second) => second),
    // Where two ways end in different folders, the one on which all went well is what the script was written for.
    folder: a.folder,
    errexit: a.errexit && b.errexit,
    pipefail: a.pipefail && b.pipefail,
  };
}

function joinWorld(a: WorldState, b: WorldState): WorldState {
  return {
    files: merge(a.files, b.files, joinFiles),
    // A download that only one way has made counts as that way left it: on the other there is nothing to run.
    verdicts: merge(a.verdicts, b.verdicts, (first, second) => first && second),
    keys: union(a.keys, b.keys),
    programs: merge(a.programs, b.programs, union),
    exports: merge(a.exports, b.exports, joinValues),
  };
}

function joinValues(a: Value, b: Value): Value {
  const same = a.text === b.text;
  return { ...b, ...joinProvenance(a, b), known: same && a.known && b.known, whole: a.whole && b.whole };
}

function joinFiles(a: FileState, b: FileState): FileState {
  const text = a.text === b.text ? a.text : undefined;
  return { ...joinProvenance(a, b), folder: a.folder || b.folder, text };
}

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

function merge<K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>, both: (a: V, b: V) => V): ReadonlyMap<K, V> {
  if (a === b || a.size === 0) return b;
  if (b.size === 0) return a;
  const result = new Map(a);
  for (const [key, value] of b) {
    const other = result.get(key);
    result.set(key, other === undefined || other === value ? value : both(other, value));
  }
  return result;
}

function assign<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  if (map.size >= MAX_ENTRIES && !map.has(key)) return map;
  return new Map(map).set(key, value);
}

function parentOf(path: string): string | undefined {
  const slash = path.lastIndexOf("/");
  return slash > 0 ? path.slice(0, slash) : path === "." || slash === 0 ? undefined : ".";
}
