import { hasOption, lastOption, optionStyle, optionValues, readOptions } from "./options.ts";
import {
  type Found,
  found,
  judgeAddress,
  judgeDeno,
  judgeGo,
  judgeRepository,
  judgeVersion,
  type PackageReader,
  withoutUser,
} from "./package-pins.ts";
import type { Value } from "./state.ts";

/** Cargo, Go, RubyGems, Deno, .NET, Composer, and what installs plug-ins that are programs, by the names of their programs. */
export const OTHER_READERS: ReadonlyMap<string, PackageReader> = new Map<string, PackageReader>([
  ["cargo", readCargo],
  ["cargo-binstall", (args) => readCargoInstall("cargo binstall", args)],
  ["go", readGo],
  ["gem", readGem],
  ["deno", readDeno],
  ["dotnet", readDotnet],
  ["dnx", (args) => readDotnetTool("dnx", args, true)],
  ["composer", readComposer],
  ["gh", readGitHubExtension],
  ["helm", readHelmPlugin],
  ["install-module", readPowerShellGallery],
  ["install-script", readPowerShellGallery],
  ["install-psresource", readPowerShellGallery],
]);

const CARGO = optionStyle(
  "--version --vers --git --branch --tag --rev --path --root --registry --index -F --features --profile -j --jobs --target --target-dir " +
    "--config --color -Z -C --bin --example --message-format --targets --manifest-path --pkg-url --pkg-fmt --bin-dir --install-path " +
    "--strategies --disable-strategies --log-level --rate-limit --github-token",
);

function readCargo(args: readonly Value[]): readonly Found[] {
  const own = args[0]?.text.startsWith("+") ? args.slice(1) : args;
  const command = readOptions(own, CARGO).operands[0];
  const rest = own.filter((word) => word !== command);
  if (command?.text === "install") return readCargoInstall("cargo", rest);
  return command?.text === "binstall" ? readCargoInstall("cargo binstall", rest) : [];
}

function readCargoInstall(manager: string, args: readonly Value[]): readonly Found[] {
  const options = readOptions(args, CARGO);
  if (hasOption(options, "--path", "--list", "-V", "--help")) return [];
  const repository = lastOption(options, "--git");
  if (repository !== undefined) {
    const ref = lastOption(options, "--rev") ?? lastOption(options, "--tag", "--branch");
    const exact = `--git ${withoutUser(repository.text)} --rev <commit>`;
    return found(manager, [repository], (word) => {
      if (!/:\/\/|@/.test(word.text) && !/[$‹]/.test(word.text)) return undefined;
      return judgeRepository(bothKnown(word, ref), word.text, ref?.text, exact);
    });
  }
  const version = lastOption(options, "--version", "--vers");
  return found(manager, options.operands, (word) => {
    const [name = "", at] = word.text.split("@", 2);
    if (/^[.~]|[/\\]/.test(name)) return undefined;
    const exact = `${name} --version <version> --locked`;
    return judgeVersion(bothKnown(word, version), version?.text ?? at, exact, /^=?\s*\d+\.\d+\.\d+(?:[-+].*)?$/);
  });
}

/** A word that counts as known only where the other one, which belongs to it, is known as well. */
function bothKnown(word: Value, other: Value | undefined): Value {
  return other === undefined || other.known ? word : { ...word, known: false };
}

const GO = optionStyle(
  "C p o asmflags buildmode compiler gccgoflags gcflags installsuffix ldflags mod modfile overlay pgo pkgdir tags toolexec exec".replace(
    /\w+/g,
    "-$& --$&",
  ),
  { clusters: false },
);

function readGo([command, ...rest]: readonly Value[]): readonly Found[] {
  switch (command?.text) {
    case "run":
      return found("go", readOptions(rest, { ...GO, leading: true }).operands.slice(0, 1), judgeGo, {
        runs: true,
      });
    case "install":
    case "get":
      return found("go", readOptions(rest, GO).operands, judgeGo);
    default:
      return [];
  }
}

const GEM = optionStyle(
  "-v --version -i --install-dir -n --bindir --platform --build-root -s --source -P --trust-policy -p --http-proxy -B --without --document",
);

/** `gem install x`, `gem install x:1.2.3`; what stands behind `--` goes to the build of the gem. */
function readGem(args: readonly Value[]): readonly Found[] {
  const end = args.findIndex(({ text }) => text === "--");
  const options = readOptions(end < 0 ? args : args.slice(0, end), GEM);
  const [command, ...gems] = options.operands;
  if (!/^(?:install|i)$/.test(command?.text ?? "")) return [];
  if (hasOption(options, "-l", "--local", "-g", "--file")) return [];
  const version = lastOption(options, "-v", "--version");
  return found("gem", gems, (word) => {
    if (/\.gem$|[/\\]/.test(word.text)) return undefined;
    const [name = "", own] = word.text.split(":", 2);
    const exact = `${name} -v <version>`;
    return judgeVersion(bothKnown(word, version), own ?? version?.text, exact, /^=?\s*\d[\w.-]*$/);
  });
}

const DENO = optionStyle("-c --config --import-map --location --seed --cert --ext -L --log-level -n --name --root", {
  leading: true,
});

/** With a lock file Deno compares what it fetches. */
function readDeno(args: readonly Value[]): readonly Found[] {
  const outer = readOptions(args, DENO);
  const [first, ...rest] = outer.operands;
  if (first === undefined || hasOption(outer, "--lock", "--frozen", "--cached-only")) return [];
  if (/^(?:https?|npm|jsr):/.test(first.text)) return found("deno", [first], judgeDeno, { runs: true });
  const installs = /^(?:install|i)$/.test(first.text);
  if (!installs && !/^(?:run|serve|test|bench|x|compile)$/.test(first.text)) return [];
  const options = readOptions(rest, DENO);
  if (hasOption(options, "--lock", "--frozen", "--cached-only")) return [];
  return found("deno", options.operands.slice(0, 1), judgeDeno, { runs: !installs });
}

const DOTNET = optionStyle(
  "--version --tool-path --configfile --add-source --source -s --framework -f -v --verbosity -a --arch --tool-manifest",
);

function readDotnet([group, command, ...rest]: readonly Value[]): readonly Found[] {
  if (group?.text !== "tool") return [];
  if (/^(?:install|update)$/.test(command?.text ?? "")) return readDotnetTool("dotnet tool", rest, false);
  return /^exec(?:ute)?$/.test(command?.text ?? "") ? readDotnetTool("dotnet tool exec", rest, true) : [];
}

function readDotnetTool(manager: string, args: readonly Value[], runs: boolean): readonly Found[] {
  const options = readOptions(args, { ...DOTNET, leading: runs });
  const version = lastOption(options, "--version");
  return found(
    manager,
    options.operands.slice(0, 1),
    (word) => {
      const [name = "", at] = word.text.split("@", 2);
      const exact = runs ? `${name}@<version>` : `${name} --version <version>`;
      return judgeVersion(
        bothKnown(word, version),
        version?.text ?? at,
        exact,
        /^\[?\d+\.\d+(?:\.\d+){0,2}(?:-[\w.-]+)?\]?$/,
      );
    },
    { runs },
  );
}

const COMPOSER = optionStyle("-d --working-dir --ignore-platform-req --prefer-install --apcu-autoloader-prefix");

/** `composer global require vendor/name:1.2.3`, the version also behind `=` or in the next word. */
function readComposer(args: readonly Value[]): readonly Found[] {
  const [group, command, ...rest] = readOptions(args, COMPOSER).operands;
  if (group?.text !== "global" || !/^(?:require|r)$/.test(command?.text ?? "")) return [];
  const packages = rest.filter(({ text }) => text.includes("/"));
  return found("Composer", packages, (word) => {
    const [name = "", own] = word.text.split(/[:=]/, 2);
    const next = rest[rest.indexOf(word) + 1];
    const version = own ?? (next === undefined || packages.includes(next) ? undefined : next.text);
    return judgeVersion(word, version, `${name}:<version>`, /^v?\d+(?:\.\d+){1,3}(?:-[\w.]+)?$/);
  });
}

/** `gh extension install owner/name --pin <commit>`. */
function readGitHubExtension(args: readonly Value[]): readonly Found[] {
  const options = readOptions(args, optionStyle("--pin"));
  const [group, command, repository] = options.operands;
  if (!/^ext(?:ensions?)?$/.test(group?.text ?? "") || command?.text !== "install" || repository === undefined)
    return [];
  const pin = lastOption(options, "--pin");
  return found("gh", [repository], (word) => {
    if (/^[./~]/.test(word.text)) return undefined;
    return judgeRepository(bothKnown(word, pin), word.text, pin?.text, `${withoutUser(word.text)} --pin <commit>`);
  });
}

/** `helm plugin install URL --version 1.2.3`: the version is a tag of a repository. */
function readHelmPlugin(args: readonly Value[]): readonly Found[] {
  const options = readOptions(args, optionStyle("--version -n --namespace --kubeconfig --kube-context"));
  const [group, command, address] = options.operands;
  if (!/^plugins?$/.test(group?.text ?? "") || !/^(?:install|add)$/.test(command?.text ?? "")) return [];
  if (address === undefined || !/:\/\//.test(address.text)) return [];
  const version = lastOption(options, "--version");
  const exact = "--version with a full commit id";
  return found("Helm", [address], (word) => {
    return /\.(?:tgz|tar\.gz)$/.test(word.text)
      ? judgeAddress(word, word.text)
      : judgeRepository(bothKnown(word, version), word.text, version?.text, exact);
  });
}

const GALLERY = optionStyle(
  "-name -requiredversion -version -minimumversion -maximumversion -repository -scope -proxy -credential -destinationpath",
  { clusters: false },
);

/** `Install-Module Pester -RequiredVersion 5.5.0`; PowerShell does not care about case. */
function readPowerShellGallery(args: readonly Value[]): readonly Found[] {
  const options = readOptions(
    args.map((word) => (word.text.startsWith("-") ? { ...word, text: word.text.toLowerCase() } : word)),
    GALLERY,
  );
  const version = lastOption(options, "-requiredversion", "-version");
  const names = [...optionValues(options, "-name"), ...options.operands].filter(({ text }) => /^[\w.]+$/.test(text));
  return found("PowerShell", names, (word) => {
    const exact = `-Name ${word.text} -RequiredVersion <version>`;
    return judgeVersion(bothKnown(word, version), version?.text, exact, /^\[?\d+(?:\.\d+){1,3}(?:-\w+)?\]?$/);
  });
}
