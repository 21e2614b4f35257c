import { hasOption, type Options, optionStyle, optionValues, readOptions } from "./options.ts";
import { type Found, found, type Judgement, judgePython, type PackageReader } from "./package-pins.ts";
import type { Value } from "./state.ts";

/** uv and pipx by the names of their programs; pip has many names. Options from the manuals of pip 25, uv 0.9 and pipx 1.7. */
export const PYTHON_READERS: ReadonlyMap<string, PackageReader> = new Map<string, PackageReader>([
  ["uvx", (args) => readUvTool("uvx", args, true)],
  ["uv", readUv],
  ["pipx", readPipx],
]);

const PYTHON_VALUED =
  "-c --constraint --constraints -i --index-url --extra-index-url -f --find-links --python-version --platform --build-constraint " +
  "--build-constraints --index --default-index --index-strategy --keyring-provider --resolution --prerelease --exclude-newer --link-mode " +
  "--cache-dir --color --directory --project --config-file --allow-insecure-host --trusted-host --python-preference --python-platform " +
  "--torch-backend --fork-strategy --upgrade-package --reinstall-package --refresh-package --no-build-package --no-binary-package " +
  "--no-build-isolation-package --config-setting --config-settings -C --log --proxy --timeout --retries --cert --client-cert";
const PIP = optionStyle(
  `${PYTHON_VALUED} -r --requirement --requirements -t --target --implementation --abi --root --prefix -b --build --src ` +
    "--install-option --global-option --no-binary --only-binary --progress-bar --report --root-user-action --exists-action --python -p -P " +
    "--use-feature --use-deprecated --upgrade-strategy --group -o --override --overrides --extra",
);
const UV_VALUED =
  `${PYTHON_VALUED} --from --with --with-editable --with-requirements -w --overrides --override -b --env-file -P -p --python ` +
  "--extra --group --only-group --no-group --package -m --module";
const UV = optionStyle(UV_VALUED, { leading: true });
const PIPX = optionStyle("--spec --pip-args --python --suffix --index-url -i --fetch-missing-python-version", {
  leading: true,
});

/** `pip install`, whatever the program is called. */
export function readPip(args: readonly Value[]): readonly Found[] {
  const options = readOptions(args, PIP);
  const [command, ...requirements] = options.operands;
  return command?.text === "install" ? readPipInstall(options, requirements) : [];
}

/** With hashes demanded, or with nothing but local folders to look in, nothing unknown can come. */
function readPipInstall(options: Options, requirements: readonly Value[]): readonly Found[] {
  if (hasOption(options, "--require-hashes", "--no-index")) return [];
  const editable = [...optionValues(options, "--editable"), ...requirements].filter(({ text }) => text !== "");
  return found("pip", editable, constrained(options));
}

/** A file of constraints may fix the version of what the command line only names. */
function constrained(options: Options): (word: Value) => Judgement | undefined {
  if (!hasOption(options, "-c", "--constraint", "--constraints")) return judgePython;
  return (word) => {
    const judgement = judgePython(word);
    return judgement?.source === "registry" && judgement.pin === "mutable"
      ? { ...judgement, pin: "unknown", why: "", exact: "" }
      : judgement;
  };
}

function readUv(args: readonly Value[]): readonly Found[] {
  const [command, ...rest] = readOptions(args, UV).operands;
  if (command?.text === "pip") return readPip(rest);
  if (command?.text === "run") return readUvRun(rest);
  if (command?.text !== "tool") return [];
  const [tool, ...inner] = readOptions(rest, UV).operands;
  if (tool?.text === "run") return readUvTool("uv tool run", inner, true);
  return tool?.text === "install" ? readUvTool("uv tool install", inner, false) : [];
}

/** `uv run --with x …` and `uv run https://…/script.py`. */
function readUvRun(args: readonly Value[]): readonly Found[] {
  const options = readOptions(args, UV);
  const script = options.operands.slice(0, 1).filter(({ text }) => /^https?:\/\//i.test(text));
  return found("uv run", [...extraPackages(options), ...script], judgePython, { runs: true });
}

/** The command line behind `uv run`. */
export function uvRun(args: readonly Value[]): readonly Value[] | undefined {
  const [command, ...rest] = readOptions(args, UV).operands;
  return command?.text === "run" ? readOptions(rest, UV).operands : undefined;
}

/** `uvx x`, `uvx --from x y`; `uvx python` is an interpreter that uv manages. */
function readUvTool(manager: string, args: readonly Value[], runs: boolean): readonly Found[] {
  const options = readOptions(args, runs ? UV : optionStyle(UV_VALUED));
  if (hasOption(options, "--offline", "-V", "--version", "-h", "--help")) return [];
  const from = optionValues(options, "--from");
  const called = options.operands.slice(0, 1).filter(({ text }) => !/^(?:python|pypy)[\d.]*(?:@|$)/.test(text));
  const packages = [...(from.length > 0 ? from : called), ...extraPackages(options)];
  return found(manager, packages, constrained(options), { runs });
}

/** What `--with a,b` adds to an environment. */
function extraPackages(options: Options): readonly Value[] {
  return optionValues(options, "--with", "-w").flatMap((word) => {
    return word.text.split(",").map((text) => ({ ...word, text: text.trim() }));
  });
}

function readPipx(args: readonly Value[]): readonly Found[] {
  const [command, ...rest] = readOptions(args, PIPX).operands;
  switch (command?.text) {
    case "run": {
      const options = readOptions(rest, PIPX);
      const spec = optionValues(options, "--spec");
      return found("pipx", spec.length > 0 ? spec : options.operands.slice(0, 1), judgePython, { runs: true });
    }
    case "install":
      return found("pipx", readOptions(rest, { ...PIPX, leading: false }).operands, judgePython);
    case "inject":
      return found("pipx", readOptions(rest, { ...PIPX, leading: false }).operands.slice(1), judgePython);
    default:
      return [];
  }
}
