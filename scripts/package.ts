// `npm run package`: writes pipewarden-<version>.vsix at the top level, with what runs and nothing else.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";

const root = path.join(import.meta.dirname, "..");
const { version }: { version: string } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
const target = `pipewarden-${version}.vsix`;
const MAX_BYTES = 1024 * 1024;

run("scripts/build.ts", "--production");
run("node_modules/@vscode/vsce/vsce", "package", "--no-dependencies", "--out", target);
const { size } = statSync(path.join(root, target));
console.log(`${target}: ${(size / 1024).toFixed(0)} KB`);
if (size > MAX_BYTES) {
  console.error("The package is larger than 1 MB: look at what it holds (vsce ls).");
  process.exitCode = 1;
}

function run(...args: readonly string[]): void {
  execFileSync(process.execPath, args, { cwd: root, stdio: "inherit" });
}
