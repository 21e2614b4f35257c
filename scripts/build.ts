import { type BuildOptions, build } from "esbuild";

// Bundles what ships into dist: `node scripts/build.ts [--production]`. Without the option the bundles stay readable and have source
// maps.

const isProduction = process.argv.includes("--production");

const common: BuildOptions = {
  absWorkingDir: `${import.meta.dirname}/..`,
  bundle: true,
  platform: "node",
  target: "node20",
  minify: isProduction,
  sourcemap: !isProduction,
  legalComments: "none",
  logLevel: "warning",
};

/** The command line is an ES module, in which the CommonJS packages inside of it still want a `require`. */
const requireForPackages =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

/** The command line. It starts the language server that lies beside it. */
export const commandLine: BuildOptions = {
  ...common,
  entryPoints: ["server/main.cli.ts"],
  outfile: "dist/cli.js",
  format: "esm",
  banner: { js: `#!/usr/bin/env node\n${requireForPackages}` },
};

/** The language server. */
export const server: BuildOptions = {
  ...common,
  entryPoints: ["server/main.node.ts"],
  outfile: "dist/server.cjs",
  format: "cjs",
};

/** What runs inside of VS Code. */
export const client: BuildOptions = {
  ...common,
  entryPoints: ["client/extension.node.ts"],
  outfile: "dist/client.cjs",
  format: "cjs",
  external: ["vscode"],
};

if (process.argv[1] === import.meta.filename) {
  // esbuild has already printed what is wrong.
  await Promise.all([commandLine, server, client].map((options) => build(options))).catch(() => {
    process.exitCode = 1;
  });
}
