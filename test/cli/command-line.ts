import { spawn } from "node:child_process";
import path from "node:path";

export const projectRoot = path.resolve(import.meta.dirname, "../..");

/** The command line as it stands in the sources. */
export const sourceProgram = path.join(projectRoot, "server/main.cli.ts");

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in a process of its own. */
export function pipewarden(
  args: readonly string[],
  cwd: string,
  program: string = sourceProgram,
  more: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  // The sources are compiled for each process; remembering the outcome makes that three times as fast.
  const env = { ...process.env, ...more, NODE_COMPILE_CACHE: path.join(projectRoot, "out/compile-cache") };
  const child = spawn(process.execPath, [program, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk) => out.push(chunk));
  child.stderr.on("data", (chunk) => err.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }),
    );
  });
}

/** A workflow that runs an unpinned script with two secrets in reach. The script stands in line 11. */
export const breach = `on: push
env:
  DEPLOY_KEY: \${{ secrets.DEPLOY_KEY }}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - name: Upload
        env:
          CODECOV_TOKEN: \${{ secrets.CODECOV_TOKEN }}
        run: bash <(curl -s https://codecov.io/bash)
`;

/** A workflow with nothing to report. */
export const clean =
  "on: push\npermissions: {contents: read}\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n";

/** A workflow whose only finding is milder than an error. */
export const mild =
  "on: push\npermissions: {contents: read}\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: someone/something@v1\n";
