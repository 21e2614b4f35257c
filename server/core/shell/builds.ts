import type { Span } from "../text.ts";
import { BUILD, subcommand } from "./images.ts";
import { lastOption, optionStyle, optionValues, readOptions } from "./options.ts";
import { repositoryPath } from "./repository-path.ts";
import type { Value } from "./state.ts";
import { programName } from "./wrappers.ts";

// The command lines that build an image from a Dockerfile of the repository.

/** A build of an image. */
export interface BuildUse {
  /** Where its Dockerfile can lie, from the root of the repository: the first that is there counts. */
  readonly paths: readonly string[];
  /** Where the Compose file lies that says what is built, instead of a Dockerfile. */
  readonly compose?: readonly string[];
  /** The folder that it can copy from; `undefined` where that is not known or not in the repository. */
  readonly context: string | undefined;
  /** Build arguments, each `NAME=value`, or `NAME` for a variable of the environment. */
  readonly args: readonly Value[];
  /** Secrets for `RUN --mount=type=secret`: `id=…,env=…`. */
  readonly secrets: readonly Value[];
  /** The command line up to its last word. */
  readonly command: Span;
}

/**
 * Reads a command line, wrappers taken off; `undefined` where it builds nothing, and where its files are not known or not in the repository.
 *
 * @param folder the working directory, "." for the root of the repository
 */
export function readBuild(words: readonly Value[], folder: string): BuildUse | undefined {
  const [program] = words;
  const last = words.at(-1);
  if (program === undefined || last === undefined) return undefined;
  const found = READERS.get(programName(program))?.(words, folder);
  if (found === undefined) return undefined;
  const paths = found.paths.flatMap((path) => path ?? []);
  const compose = found.compose?.flatMap((path) => path ?? []) ?? [];
  const command = { start: program.span.start, end: Math.max(program.span.end, last.span.end) };
  if (paths.length === 0 && compose.length === 0) return undefined;
  const { args, secrets, context } = found;
  return { paths: [...new Set(paths)], context, args, secrets, command, ...(compose.length > 0 && { compose }) };
}

/** True for the name of a program that builds images. */
export function isBuildTool(name: string): boolean {
  return READERS.has(name);
}

type Found = Pick<BuildUse, "args" | "secrets" | "context"> & {
  readonly paths: readonly (string | undefined)[];
  readonly compose?: readonly (string | undefined)[];
};
type Reader = (words: readonly Value[], folder: string) => Found | undefined;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["docker", readDocker],
  ["podman", readDocker],
  ["nerdctl", readDocker],
  ["buildah", readDocker],
  ["img", readDocker],
  ["executor", readKaniko],
  ["docker-compose", (words, folder) => readCompose(words.slice(1), folder)],
  ["podman-compose", (words, folder) => readCompose(words.slice(1), folder)],
]);

/** Source: docs.docker.com, "docker buildx build": `-f` counts from the working directory, and stands at the context's root by default. */
function readDocker(words: readonly Value[], folder: string): Found | undefined {
  const [command, ...rest] = subcommand(words.slice(1), /^(?:image|buildx|builder)$/);
  if (command?.text === "compose") return readCompose(rest, folder);
  if (!/^(?:build|bud|b)$/.test(command?.text ?? "")) return undefined;
  const options = readOptions(rest, BUILD);
  const file = lastOption(options, "-f", "--file");
  const context = options.operands[0];
  if (file?.text === "-" || (context === undefined && file === undefined)) return undefined;
  const around = context === undefined ? undefined : repositoryPath(context.text, folder);
  return {
    paths: file === undefined ? inContext(around) : [repositoryPath(file.text, folder)],
    context: around,
    args: optionValues(options, "--build-arg"),
    secrets: optionValues(options, "--secret"),
  };
}

const COMPOSE = optionStyle(
  "-f --file -p --project-name --profile --project-directory --env-file --ansi --parallel --progress --build-arg --ssh -m --memory",
);

/** Source: docs.docker.com, "docker compose build" and "docker compose up", which builds what is not there. */
function readCompose(args: readonly Value[], folder: string): Found | undefined {
  const options = readOptions(args, COMPOSE);
  if (!/^(?:build|up|run|create|watch)$/.test(options.operands[0]?.text ?? "")) return undefined;
  const place = lastOption(options, "--project-directory");
  const start = place === undefined ? folder : repositoryPath(place.text, folder);
  const named = optionValues(options, "-f", "--file");
  const compose =
    named.length > 0
      ? named.map(({ text }) => repositoryPath(text, folder))
      : COMPOSE_FILES.map((name) => (start === undefined ? undefined : repositoryPath(name, start)));
  return { paths: [], context: undefined, compose, args: optionValues(options, "--build-arg"), secrets: [] };
}

const COMPOSE_FILES = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

const KANIKO = optionStyle(
  "-c --context -f --dockerfile -d --destination --build-arg --cache-repo --cache-dir --target --context-sub-path",
);

/** Source: github.com/GoogleContainerTools/kaniko, README: `--dockerfile` counts from the context, or from the working directory. */
function readKaniko(words: readonly Value[], folder: string): Found | undefined {
  const options = readOptions(words.slice(1), KANIKO);
  const context = lastOption(options, "-c", "--context");
  const file = lastOption(options, "-f", "--dockerfile");
  if (context === undefined && file === undefined) return undefined;
  const around = repositoryPath(context?.text.replace(/^dir:\/\//, "") ?? ".", folder);
  const paths =
    file === undefined
      ? inContext(around)
      : [around === undefined ? undefined : repositoryPath(file.text, around), repositoryPath(file.text, folder)];
  return { paths, context: around, args: optionValues(options, "--build-arg"), secrets: [] };
}

function inContext(folder: string | undefined): readonly (string | undefined)[] {
  return ["Dockerfile", "Containerfile"].map((name) =>
    folder === undefined ? undefined : repositoryPath(name, folder),
  );
}
