import { hasOption, lastOption, type Options, optionStyle, optionValues, readOptions } from "./options.ts";
import { type Found, found, judgeNode, type PackageReader } from "./package-pins.ts";
import type { Value } from "./state.ts";
import { programName } from "./wrappers.ts";

/** npm, pnpm, Yarn and Bun by the names of their programs. Options from the manuals of npm 11, pnpm 10, Yarn 4 and Bun 1.3. */
export const NODE_READERS: ReadonlyMap<string, PackageReader> = new Map<string, PackageReader>([
  ["npx", (args) => readRunner("npx", args)],
  ["bunx", (args) => readRunner("bunx", args)],
  ["pnpx", (args) => readRunner("pnpx", args)],
  ["npm", readNpm],
  ["pnpm", readPnpm],
  ["yarn", readYarn],
  ["yarnpkg", readYarn],
  ["bun", readBun],
  ["corepack", readCorepack],
]);

/** True for a command line that installs the dependencies of the project itself, such as `npm ci`. */
export function installsProject(words: readonly Value[]): boolean {
  const [program, ...args] = programName(words[0]) === "corepack" ? words.slice(1) : words;
  const name = programName(program);
  if (!/^(?:npm|pnpm|yarn|yarnpkg|bun)$/.test(name)) return false;
  const options = readOptions(args, NODE);
  const [command, ...rest] = options.operands.map(({ text }) => text);
  if (isGlobal(options)) return false;
  if (command === undefined) return name.startsWith("yarn") && !hasOption(options, "-v", "--version", "-h", "--help");
  if (/^(?:ci|clean-install|cit|install-ci-test|it|install-test)$/.test(command)) return true;
  return /^(?:install|i)$/.test(command) && rest.length === 0;
}

const NODE_VALUED =
  "--prefix --registry --workspace --loglevel --cache --userconfig --globalconfig --tag --omit --include --location --otp --script-shell " +
  "--shell --fetch-retries --fetch-timeout --network-timeout --mutex --modules-folder --cwd --dir --filter --store-dir --reporter " +
  "--cache-folder --scope --maxsockets --noproxy --proxy --https-proxy --cafile --allow-build --install-strategy --before --config -C";
const NODE = optionStyle(NODE_VALUED);
const NPM = optionStyle(`${NODE_VALUED} -w`);
const NODE_LEADING = optionStyle(NODE_VALUED, { leading: true });
const RUNNER = optionStyle(`${NODE_VALUED} -p --package -c --call --node-arg -w`, { leading: true });

function isGlobal(options: Options): boolean {
  return hasOption(options, "-g", "--global") || lastOption(options, "--location")?.text === "global";
}

/**
 * `npx x`, `npm exec x`, `pnpm dlx x`, `yarn dlx x`, `bunx x`: a package runs at once. npx and bunx look among the project's own
 * dependencies first; with `--yes` the author expects a fetch.
 */
function readRunner(manager: string, args: readonly Value[], outer?: Options): readonly Found[] {
  const options = readOptions(args, RUNNER);
  if (hasOption(options, "--no-install", "--no", "--offline", "-v", "--version", "-h", "--help")) return [];
  const named = [
    ...(outer === undefined ? [] : optionValues(outer, "--package")),
    ...optionValues(options, "-p", "--package"),
  ];
  const called = hasOption(options, "-c", "--call") ? [] : options.operands.slice(0, 1);
  const own = /^(?:npx|npm exec|bunx)$/.test(manager) && !hasOption(options, "-y", "--yes");
  return found(manager, named.length > 0 ? named : called, judgeNode, { runs: true, shadowed: own });
}

/** `npm init x` and its kin run the package create-x. */
function readCreate(manager: string, args: readonly Value[]): readonly Found[] {
  const [template] = readOptions(args, NODE_LEADING).operands;
  if (template === undefined) return [];
  const exact = `${template.text.replace(/(?<=.)@[^@/]*$/, "")}@<version>`;
  return found(
    manager,
    [template],
    (word) => {
      const judgement = judgeNode(word, initializer(word.text));
      return judgement?.pin === "mutable" && judgement.source === "registry" ? { ...judgement, exact } : judgement;
    },
    { runs: true },
  );
}

function initializer(text: string): string {
  const [, scope = "", name = "", version = ""] = /^(@[^/@]+)?\/?([^@]*)(@.*)?$/s.exec(text) ?? [];
  if (/[:/]/.test(name) || text.startsWith(".")) return text;
  return scope === "" ? `create-${name}${version}` : `${scope}/create${name === "" ? "" : `-${name}`}${version}`;
}

/**
 * Packages of an install or add command. Without a global place they become dependencies of the project, where manifest and lock file
 * have their say: then only what is plainly remote or named by a moving tag is told.
 */
function readNodeInstall(manager: string, options: Options, packages: readonly Value[]): readonly Found[] {
  const alone = isGlobal(options) || hasOption(options, "--no-save");
  return found(manager, packages, judgeNode).filter(({ source, word }) => {
    return alone || source === "remote" || /.@[a-z][\w.-]*$/i.test(word.text);
  });
}

function readNpm(args: readonly Value[]): readonly Found[] {
  const [command, ...rest] = readOptions(args, { ...NPM, leading: true }).operands;
  switch (command?.text) {
    case "exec":
    case "x":
      return readRunner("npm exec", rest);
    case "init":
    case "create":
      return readCreate("npm init", rest);
    case "install":
    case "i":
    case "add": {
      const options = readOptions(args, NPM);
      return readNodeInstall("npm", options, options.operands.slice(1));
    }
    default:
      return [];
  }
}

function readPnpm(args: readonly Value[]): readonly Found[] {
  const outer = readOptions(args, optionStyle(`${NODE_VALUED} --package -F`, { leading: true }));
  const [command, ...rest] = outer.operands;
  if (command?.text === "dlx") return readRunner("pnpm dlx", rest, outer);
  if (command?.text === "create") return readCreate("pnpm create", rest);
  if (!/^(?:add|install|i)$/.test(command?.text ?? "")) return [];
  const options = readOptions(args, optionStyle(`${NODE_VALUED} -F`));
  return readNodeInstall("pnpm", options, options.operands.slice(1));
}

function readYarn(args: readonly Value[]): readonly Found[] {
  const [command, ...rest] = readOptions(args, NODE_LEADING).operands;
  if (command?.text === "dlx") return readRunner("yarn dlx", rest);
  if (command?.text === "create") return readCreate("yarn create", rest);
  const options = readOptions(args, NODE);
  const [first, second, ...others] = options.operands;
  if (first?.text === "global" && second?.text === "add") return found("yarn", others, judgeNode);
  return first?.text === "add" ? readNodeInstall("yarn", options, options.operands.slice(1)) : [];
}

function readBun(args: readonly Value[]): readonly Found[] {
  const [command, ...rest] = readOptions(args, NODE_LEADING).operands;
  if (command?.text === "x") return readRunner("bunx", rest);
  if (command?.text === "create") return readCreate("bun create", rest);
  if (!/^(?:add|a|install|i)$/.test(command?.text ?? "")) return [];
  const options = readOptions(args, NODE);
  return readNodeInstall("bun", options, options.operands.slice(1));
}

/** `corepack prepare pnpm@latest`; a version with a hash is as exact as one without. */
function readCorepack(args: readonly Value[]): readonly Found[] {
  const options = readOptions(args, optionStyle("--output -o"));
  const [command, ...packages] = options.operands;
  const fetches =
    command?.text === "prepare" || command?.text === "use" || (command?.text === "install" && isGlobal(options));
  return fetches ? found("corepack", packages, judgeNode) : [];
}
