// `npm test`: everything that has to hold, in the order in which it fails fastest. Ends with one line of totals.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const STEPS: readonly Step[] = [
  { name: "format and lint", command: ["biome", "check", "--error-on-warnings"] },
  { name: "types", command: ["tsc", "-b"] },
  { name: "layers", command: ["depcruise", "--config", "test/layers.cjs", "server", "client", "scripts", "test"] },
  { name: "build", command: ["node", "scripts/build.ts"] },
  { name: "unit and protocol tests", command: ["mocha", "test/**/*.test.ts"] },
  { name: "grammar tests", command: ["node", "test/grammar/run.ts"] },
  { name: "extension host tests in VS Code", command: ["node", "test/editor/run-extension-tests.ts"] },
  { name: "workbench tests in VS Code", command: ["node", "test/editor/run-workbench-tests.ts"] },
];

const wanted = process.argv.slice(2);
const totals = { passed: 0, failed: 0 };
const broken: string[] = [];
for (const step of STEPS) {
  if (wanted.length > 0 && !wanted.some((word) => step.name.includes(word))) continue;
  console.log(`\n== ${step.name}`);
  const started = performance.now();
  const code = await run(step);
  console.log(
    `== ${step.name}: ${code === 0 ? "ok" : `failed with ${code}`}, ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
  if (code !== 0) broken.push(step.name);
}
if (broken.length > 0) console.log(`\nfailed: ${broken.join(", ")}`);
console.log(`\n${totals.passed} passed, ${Math.max(totals.failed, broken.length)} failed`);
process.exitCode = broken.length > 0 ? 1 : 0;

/** Runs a step with its output shown as it comes, and adds up what its test runner counted. */
function run({ command: [program = "", ...args] }: Step): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
      shell: process.platform === "win32",
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      process.stdout.write(chunk);
      output += chunk;
    });
    child.on("error", (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.on("close", (code) => {
      totals.passed += sum(output, /^\s*(\d+) passing/gm);
      totals.failed += sum(output, /^\s*(\d+) failing/gm);
      resolve(code ?? 1);
    });
  });
}

function sum(output: string, pattern: RegExp): number {
  return [...output.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
}
