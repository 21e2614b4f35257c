// `npm run package`: writes pipewarden-<version>.vsix for VS Code and pipewarden-<version>.tgz for npm at the top level, with what runs
// and nothing else.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { client, commandLine, server } from "./build.ts";
import { licensesOf } from "./licenses.ts";

const root = path.join(import.meta.dirname, "..");
const MAX_BYTES = 1024 * 1024;
const LICENSES = "dist/licenses.txt";

/** The two files that a release consists of. Absolute paths. */
export interface Packages {
  /** For VS Code. .vscodeignore says what it holds. */
  readonly extension: string;
  /** For npm: the command line with the language server. It has no dependency and no install script. */
  readonly commandLine: string;
}

/** Builds what ships in a folder of its own, so that dist/ stays as it is, and writes the packages into `folder`, an absolute path. */
export async function writePackages(folder: string): Promise<Packages> {
  const stage = mkdtempSync(path.join(tmpdir(), "pipewarden-package-"));
  try {
    const built = [client, commandLine, server].map(({ outfile = "", ...options }) =>
      build({ ...options, outfile: path.join(stage, outfile), minify: true, sourcemap: false, metafile: true }),
    );
    const metafiles = (await Promise.all(built)).map(({ metafile }) => metafile);
    writeFileSync(path.join(stage, LICENSES), licensesOf(metafiles, root));
    return { extension: packExtension(stage, folder), commandLine: packCommandLine(stage, folder) };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function packExtension(stage: string, folder: string): string {
  const kept = readFileSync(path.join(root, ".vscodeignore"), "utf8").matchAll(/^!([^/\n]+)/gm);
  const parts = new Set([".vscodeignore", ...[...kept].flatMap(([, part = ""]) => (part === "dist" ? [] : [part]))]);
  for (const part of parts) cpSync(path.join(root, part), path.join(stage, part), { recursive: true });
  const file = path.join(folder, `pipewarden-${manifest().version}.vsix`);
  const vsce = path.join(root, "node_modules/@vscode/vsce/vsce");
  execFileSync(process.execPath, [vsce, "package", "--no-dependencies", "--out", file], { cwd: stage, stdio: "pipe" });
  return file;
}

function packCommandLine(stage: string, folder: string): string {
  const inner = path.join(stage, "npm");
  for (const part of ["dist/cli.js", "dist/server.cjs", LICENSES, "README.md", "CHANGELOG.md", "LICENSE"]) {
    mkdirSync(path.dirname(path.join(inner, part)), { recursive: true });
    cpSync(path.join(stage, part), path.join(inner, part));
  }
  const { name, version, description, license, keywords, homepage, bugs, repository, type, bin, engines } = manifest();
  const about = { name, version, description, license, keywords, homepage, bugs, repository, type, bin };
  const own = { ...about, engines: { node: engines.node }, publishConfig: { access: "public", provenance: true } };
  writeFileSync(path.join(inner, "package.json"), `${JSON.stringify(own, undefined, 2)}\n`);
  // On Windows npm is a batch file, which only a shell can start.
  const options = { cwd: inner, stdio: "pipe", shell: process.platform === "win32" } as const;
  execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], options);
  return path.join(folder, `${name}-${version}.tgz`);
}

interface Manifest extends Record<string, unknown> {
  readonly name: string;
  readonly version: string;
  readonly engines: { readonly node: string };
}

function manifest(): Manifest {
  return JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
}

if (process.argv[1] === import.meta.filename) {
  for (const file of Object.values(await writePackages(root))) {
    const { size } = statSync(file);
    console.log(`${path.basename(file)}: ${(size / 1024).toFixed(0)} KB`);
    if (size <= MAX_BYTES) continue;
    console.error("The package is larger than 1 MB: look at what it holds (unzip -l, tar -tvf).");
    process.exitCode = 1;
  }
}
