import type { Pin, Target } from "../model.ts";
import { readImage } from "../reference.ts";
import type { Span } from "../text.ts";
import { isLocal } from "./downloads.ts";
import {
  fromProgram,
  hasOption,
  lastOption,
  type Options,
  optionStyle,
  optionValues,
  readOptions,
  withSymbols,
} from "./options.ts";
import type { Value } from "./state.ts";
import { programName } from "./wrappers.ts";

// The command lines that fetch a container image by its name.

/** An image that a command line fetches from a registry. */
export interface ImageUse {
  readonly kind: "image";
  /** What fetches it: "docker", "podman". */
  readonly tool: string;
  /** The image as the command line names it, without the name of a transport such as `docker://`. */
  readonly text: string;
  /** The name in one form for all its spellings: what {@link readBuiltImages} gives for an image that was built. */
  readonly name: string;
  /** The word that names it, in the script text. */
  readonly span: Span;
  /** From the program to that word. */
  readonly command: Span;
  readonly target: Target;
  /** unknown where a part of the name that counts is known only when the pipeline runs. */
  readonly pin: Pin;
  /** True where it runs at once, false where it is only fetched. */
  readonly runs: boolean;
}

/** Reads a command line, wrappers taken off. Images of this machine's own registry, image ids and local archives are left out. */
export function readImages(words: readonly Value[]): readonly ImageUse[] {
  const [program, ...args] = words;
  if (program === undefined) return [];
  const tool = programName(program);
  return (READERS.get(tool)?.(args) ?? []).flatMap(({ word, runs }) => {
    const text = withSymbols(word).text.replace(/^(?:docker|oras):\/\//, "");
    if (isElsewhere(text)) return [];
    const target = readImage(text);
    const pin = target.pin === "mutable" && !word.known ? "unknown" : target.pin;
    const command = fromProgram(program, word);
    return [{ kind: "image", tool, text, name: imageName(text), span: word.span, command, target, pin, runs }];
  });
}

/** True for a program whose command lines can fetch or make images. */
export function isImageTool(name: string): boolean {
  return READERS.has(name);
}

/** The names, in one form for all spellings, that a command line gives to images which it builds or retags on this machine. */
export function readBuiltImages(words: readonly Value[]): readonly string[] {
  if (!/^(?:docker|podman|nerdctl|buildah)$/.test(programName(words[0]))) return [];
  const [command, ...rest] = subcommand(words.slice(1), /^(?:container|image|buildx|builder)$/);
  switch (command?.text) {
    case "build":
    case "bud":
      return optionValues(readOptions(rest, BUILD), "-t", "--tag").map(({ text }) => imageName(text));
    case "tag":
    case "import":
    case "commit":
      return readOptions(rest, COMMIT)
        .operands.slice(1)
        .map(({ text }) => imageName(text));
    default:
      return [];
  }
}

/** `docker run`, `docker create`: the image and the command line that it runs; `undefined` for every other command line. */
export function readContainer(
  words: readonly Value[],
): { readonly image: Value; readonly command: readonly Value[] } | undefined {
  if (!CONTAINER_TOOL.test(programName(words[0]))) return undefined;
  const [command, ...rest] = subcommand(words.slice(1));
  if (command?.text !== "run" && command?.text !== "create") return undefined;
  const [image, ...inner] = readOptions(rest, RUN).operands;
  return image === undefined ? undefined : { image, command: inner };
}

/** `alpine`, `docker.io/library/alpine` and `alpine:latest` are one image. */
export function imageName(text: string): string {
  const short = text.replace(/^(?:(?:index\.)?docker\.io|localhost)\//, "").replace(/^library\//, "");
  return /@|:[^/]*$/.test(short) ? short : `${short}:latest`;
}

/** Names that no registry is asked for: the empty image, ids of images, files, and a registry on this machine. */
function isElsewhere(text: string): boolean {
  return (
    text === "scratch" ||
    /^(?:sha256:)?[0-9a-f]{12,64}$/.test(text) ||
    /^(?:[./]|(?:dir|docker-archive|docker-daemon|oci|oci-archive|containers-storage|sif|ostree):)/.test(text) ||
    isLocal(text.includes("/") ? text : "")
  );
}

interface Named {
  readonly word: Value;
  readonly runs: boolean;
}

type Reader = (args: readonly Value[]) => readonly Named[];

const CONTAINER_TOOL = /^(?:docker|podman|nerdctl)$/;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["docker", readDocker],
  ["podman", readDocker],
  ["nerdctl", readDocker],
  ["buildah", readBuildah],
  ["skopeo", readSkopeo],
  ["crictl", readCrictl],
  ["ctr", readCtr],
  ["kubectl", readKubectl],
  ["oc", readKubectl],
  ["apptainer", readApptainer],
  ["singularity", readApptainer],
]);

// Options that take a value, from the manuals of Docker 28, Podman 5, nerdctl 2, Skopeo 1.20, crictl 1.33 and kubectl 1.34.
const GLOBAL = optionStyle(
  "--config -c --context -H --host -l --log-level --tlscacert --tlscert --tlskey --connection --identity --url --root --runroot " +
    "--storage-driver --storage-opt --cgroup-manager --conmon --events-backend --module --namespace -n -a --address --snapshotter " +
    "--network-config-dir --runtime --tmpdir --volumepath --cni-path --data-root --hosts-dir",
  { leading: true },
);
const RUN = optionStyle(
  "-a --attach --add-host --annotation --blkio-weight --blkio-weight-device --cap-add --cap-drop --cgroup-parent --cgroupns --cidfile " +
    "--cpu-count --cpu-percent --cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime -c --cpu-shares --cpus --cpuset-cpus " +
    "--cpuset-mems --detach-keys --device --device-cgroup-rule --device-read-bps --device-read-iops --device-write-bps " +
    "--device-write-iops --dns --dns-opt --dns-option --dns-search --domainname --entrypoint -e --env --env-file --expose --gpus " +
    "--group-add --health-cmd --health-interval --health-retries --health-start-interval --health-start-period --health-timeout -h " +
    "--hostname --io-maxbandwidth --io-maxiops --ip --ip6 --ipc --isolation --kernel-memory -l --label --label-file --link " +
    "--link-local-ip --log-driver --log-opt --mac-address -m --memory --memory-reservation --memory-swap --memory-swappiness --mount " +
    "--name --net --net-alias --network --network-alias --oom-score-adj --pid --pids-limit --platform -p --publish --pull --restart " +
    "--runtime --security-opt --shm-size --stop-signal --stop-timeout --storage-opt --sysctl --tmpfs --ulimit -u --user --userns --uts " +
    "-v --volume --volume-driver --volumes-from -w --workdir --arch --os --variant --authfile --creds --cert-dir --conmon-pidfile " +
    "--pidfile --decryption-key --hooks-dir --image-volume --init-path --passwd-entry --group-entry --gidmap --uidmap --subgidname " +
    "--subuidname --pod --pod-id-file --preserve-fd --preserve-fds --requires --retry --retry-delay --sdnotify --seccomp-policy --secret " +
    "--systemd --timeout --tz --umask --unsetenv --cgroup-conf --cgroups --chrootdirs --hostuser --personality --verify --cosign-key",
  { leading: true },
);
const PULL = optionStyle(
  "--platform --arch --os --variant --authfile --creds --cert-dir --decryption-key --retry --retry-delay --policy --verify --cosign-key " +
    "--name --format --volume -v",
);
/** How the commands that build images read their arguments. */
export const BUILD = optionStyle(
  "-t --tag -f --file --build-arg --label --target --platform --cache-from --cache-to --secret --ssh -o --output --network --progress " +
    "--iidfile --metadata-file --build-context --builder --add-host --shm-size --ulimit -m --memory --allow --attest --sbom --provenance",
);
const COMMIT = optionStyle("-a --author -m --message -c --change --platform");
const SKOPEO = optionStyle(
  "--creds --src-creds --dest-creds --authfile --src-authfile --dest-authfile --src-cert-dir --dest-cert-dir -f --format --multi-arch " +
    "--override-arch --override-os --override-variant --policy --registries.d --tmpdir --command-timeout --digestfile --sign-by --retry-times " +
    "--additional-tag --src-username --src-password --dest-username --dest-password --src-registry-token --dest-registry-token",
);
const CRICTL = optionStyle(
  "-r --runtime-endpoint -i --image-endpoint -t --timeout -c --config --creds --auth --pod-config",
);
const CTR = optionStyle(
  "-a --address -n --namespace --timeout --connect-timeout --snapshotter --platform -u --user --hosts-dir --mount --env --label --runtime",
);
const KUBECTL = optionStyle(
  "--image -n --namespace --context --kubeconfig --cluster --user -s --server --token --as --as-group --request-timeout -l --labels " +
    "--overrides --restart --env --port -f --filename --image-pull-policy --serviceaccount --annotations -o --output --dry-run " +
    "--pod-running-timeout --replicas --schedule --from -c --container --target --copy-to --profile --custom",
);

/** The words from the subcommand on, with the name of its group in front of it taken off. */
export function subcommand(args: readonly Value[], group = /^(?:container|image)$/): readonly Value[] {
  const { operands } = readOptions(args, GLOBAL);
  return group.test(operands[0]?.text ?? "") ? operands.slice(1) : operands;
}

function readDocker(args: readonly Value[]): readonly Named[] {
  const [command, ...rest] = subcommand(args);
  switch (command?.text) {
    case "run":
    case "create": {
      const options = readOptions(rest, RUN);
      return fetchesNothing(options) ? [] : named(options.operands.slice(0, 1), command.text === "run");
    }
    case "pull":
      return named(readOptions(rest, PULL).operands, false);
    default:
      return [];
  }
}

/** `--pull never` takes what is there; `--rootfs` names a folder. */
function fetchesNothing(options: Options): boolean {
  return lastOption(options, "--pull")?.text === "never" || hasOption(options, "--rootfs", "--help");
}

function readBuildah(args: readonly Value[]): readonly Named[] {
  const { operands } = readOptions(args, PULL);
  return /^(?:from|pull)$/.test(operands[0]?.text ?? "") ? named(operands.slice(1, 2), false) : [];
}

/** `skopeo copy docker://source …`: what is copied elsewhere is used there. */
function readSkopeo(args: readonly Value[]): readonly Named[] {
  const [command, source] = readOptions(args, SKOPEO).operands;
  if (command?.text !== "copy" || source === undefined) return [];
  return source.text.startsWith("docker://") ? named([source], false) : [];
}

function readCrictl(args: readonly Value[]): readonly Named[] {
  const [command, image] = readOptions(args, CRICTL).operands;
  return command?.text === "pull" && image !== undefined ? named([image], false) : [];
}

function readCtr(args: readonly Value[]): readonly Named[] {
  const [group, command, image] = readOptions(args, CTR).operands;
  if (group?.text === "run") return command === undefined ? [] : named([command], true);
  const pulls = /^(?:i|images?)$/.test(group?.text ?? "") && command?.text === "pull";
  return pulls && image !== undefined ? named([image], false) : [];
}

/** `kubectl run x --image=y` and the other commands that make a container out of nothing but an image. */
function readKubectl(args: readonly Value[]): readonly Named[] {
  const options = readOptions(args, KUBECTL);
  const image = lastOption(options, "--image");
  return image !== undefined && /^(?:run|debug|create)$/.test(options.operands[0]?.text ?? "")
    ? named([image], true)
    : [];
}

function readApptainer(args: readonly Value[]): readonly Named[] {
  const image = args.find(({ text }) => /^docker:\/\//.test(text));
  const command = args.find(({ text }) => !text.startsWith("-"))?.text ?? "";
  if (image === undefined || !/^(?:run|exec|shell|pull|build)$/.test(command)) return [];
  return named([image], command !== "pull" && command !== "build");
}

function named(words: readonly Value[], runs: boolean): readonly Named[] {
  return words.map((word) => ({ word, runs }));
}
