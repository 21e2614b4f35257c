import type { Transfer } from "./downloads.ts";
import { hasOption, lastOption, optionStyle, readOptions } from "./options.ts";
import type { Value } from "./state.ts";

// The command lines that copy files from object stores and from releases to this machine, by the manuals of the AWS CLI 2, gsutil 5,
// gcloud 540, the Azure CLI 2, AzCopy 10, rclone 1.71 and gh 2.83. What goes the other way is no download.

type Reader = (args: readonly Value[]) => readonly Transfer[];

/** By the program's name, which is followed by the name of a command. */
export const STORAGE_FETCHERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["gsutil", readGsutil],
  ["gcloud", readGcloud],
  ["aws", readAws],
  ["az", readAz],
  ["azcopy", readAzcopy],
  ["rclone", readRclone],
  ["gh", readGh],
]);

const GSUTIL = optionStyle("-o -h -u -i -j -z -x -I -s -t", { leading: true });
const GCLOUD = optionStyle(
  "--project --account --billing-project --configuration --format --verbosity --impersonate-service-account",
);
const AWS = optionStyle(
  "--profile --region --endpoint-url --output --query --ca-bundle --color --exclude --include --acl --sse --sse-c --sse-c-key " +
    "--storage-class --cache-control --content-type --metadata --page-size --request-payer --source-region --expected-size --bucket --key " +
    "--version-id --range --if-match --cli-read-timeout --cli-connect-timeout",
);
const AZ = optionStyle(
  "-c --container-name -n --name -f --file -d --destination -s --source --pattern --account-name --account-key --sas-token " +
    "--connection-string --auth-mode --subscription -o --output --query --blob-url --destination-path --source-container --source-blob",
);
const AZCOPY = optionStyle(
  "--include-pattern --exclude-pattern --include-path --log-level --output-type --from-to --cap-mbps --put-md5",
);
const RCLONE = optionStyle(
  "--config -f --filter --include --exclude --transfers --checkers --s3-endpoint --log-level --retries",
);
const GH_RELEASE = optionStyle("-R --repo -p --pattern -O --output -D --dir -A --archive");
const GH_API = optionStyle(
  "-X --method -f --raw-field -F --field -H --header --hostname --input -q --jq -t --template --cache -p --preview",
);
const GH_CLONE = optionStyle("-u --upstream-remote-name");

function readGsutil(args: readonly Value[]): readonly Transfer[] {
  const outer = readOptions(args, GSUTIL);
  const [command, ...rest] = outer.operands;
  const inner = readOptions(rest, GSUTIL);
  return fromStore(command?.text, inner.operands, hasOption(inner, "-r", "-R"), /^gs:\/\//);
}

function readGcloud(args: readonly Value[]): readonly Transfer[] {
  const options = readOptions(args, GCLOUD);
  const words = options.operands.filter(({ text }) => text !== "alpha" && text !== "beta");
  const [group, command, ...rest] = words;
  const recursive = hasOption(options, "-r", "-R", "--recursive");
  return group?.text === "storage" ? fromStore(command?.text, rest, recursive, /^gs:\/\//) : [];
}

function readAws(args: readonly Value[]): readonly Transfer[] {
  const options = readOptions(args, AWS);
  const [service, command, ...rest] = options.operands;
  if (service?.text === "s3") return fromStore(command?.text, rest, hasOption(options, "--recursive"), /^s3:\/\//);
  const [target] = rest;
  const [bucket, key] = [lastOption(options, "--bucket"), lastOption(options, "--key")];
  if (service?.text !== "s3api" || command?.text !== "get-object" || !target || !bucket || !key) return [];
  const known = bucket.known && key.known;
  return [{ url: { ...key, text: `s3://${bucket.text}/${key.text}`, known }, ...placeOf(target) }];
}

function readAz(args: readonly Value[]): readonly Transfer[] {
  const options = readOptions(args, AZ);
  const path = options.operands.map(({ text }) => text).join(" ");
  const container = lastOption(options, "-c", "--container-name") ?? lastOption(options, "-s", "--source");
  const name = lastOption(options, "-n", "--name");
  const url = lastOption(options, "--blob-url");
  const at = container && { ...container, text: `azure://${container.text}${name ? `/${name.text}` : ""}` };
  if (path === "storage blob download") {
    const [from, file] = [url ?? at, lastOption(options, "-f", "--file")];
    return from === undefined ? [] : [{ url: from, ...(file === undefined ? { file: undefined } : placeOf(file)) }];
  }
  const folder = lastOption(options, "-d", "--destination");
  if (path === "storage blob download-batch" && at !== undefined && folder !== undefined)
    return [{ url: at, file: folder.text, folder: true }];
  const source = lastOption(options, "-s", "--source");
  if (path !== "storage copy" || source === undefined || folder === undefined) return [];
  return fromStore("cp", [source, folder], hasOption(options, "-r", "--recursive"), /^https:\/\//);
}

function readAzcopy(args: readonly Value[]): readonly Transfer[] {
  const options = readOptions(args, AZCOPY);
  const [command, ...rest] = options.operands;
  const name = command?.text === "copy" || command?.text === "c" ? "cp" : command?.text;
  return fromStore(name, rest, hasOption(options, "--recursive"), /^https:\/\//);
}

/** `rclone copy remote:path folder`: what is copied lies below the folder, that of `copyto` is the file. */
function readRclone(args: readonly Value[]): readonly Transfer[] {
  const [command, source, target] = readOptions(args, RCLONE).operands;
  if (source === undefined || !/^[\w-]{2,}:/.test(source.text)) return [];
  if (command?.text === "cat") return [{ url: source, file: undefined }];
  if (target === undefined || !/^(?:copy|copyto|sync|move|moveto)$/.test(command?.text ?? "")) return [];
  return [
    command?.text.endsWith("to") ? { url: source, ...placeOf(target) } : { url: source, ...below(target, source) },
  ];
}

/** Of releases of the repository itself nothing is told: they are its owner's. */
function readGh(args: readonly Value[]): readonly Transfer[] {
  const [group, command, ...rest] = args;
  if (group?.text === "api") return readGhApi(args.slice(1));
  if (group?.text === "repo" && command?.text === "clone") return readGhClone(rest);
  if (group?.text !== "release" || command?.text !== "download") return [];
  const options = readOptions(rest, GH_RELEASE);
  const repo = lastOption(options, "-R", "--repo");
  if (repo === undefined || OWN.test(repo.text)) return [];
  const url = { ...repo, text: `https://github.com/${repo.text.replace(/^https:\/\/github\.com\//, "")}/releases` };
  const output = lastOption(options, "-O", "--output");
  if (output !== undefined) return [{ url, ...placeOf(output) }];
  const folder = lastOption(options, "-D", "--dir")?.text ?? ".";
  const patterns = [...(options.values.get("-p") ?? []), ...(options.values.get("--pattern") ?? [])];
  if (patterns.length === 0 || patterns.some(({ text }) => /[*?[]/.test(text)))
    return [{ url, file: folder, folder: true }];
  return patterns.map(({ text }) => ({ url, file: `${folder}/${text}` }));
}

/** The content of a file; what else the API tells is data, but who runs it runs what GitHub's answer says. */
function readGhApi(args: readonly Value[]): readonly Transfer[] {
  const options = readOptions(args, GH_API);
  const [path] = options.operands;
  if (path === undefined || OWN.test(path.text) || /[?&]ref=[0-9a-f]{40}(?:&|$)/.test(path.text)) return [];
  if (/^(?!GET$)/.test(lastOption(options, "-X", "--method")?.text ?? "GET")) return [];
  return [{ url: { ...path, text: `https://api.github.com/${path.text.replace(/^\//, "")}` }, file: undefined }];
}

function readGhClone(args: readonly Value[]): readonly Transfer[] {
  const [repo, target] = readOptions(args, GH_CLONE).operands;
  if (repo === undefined || OWN.test(repo.text)) return [];
  const name = repo.text
    .replace(/\/+$/, "")
    .replace(/\.git$/, "")
    .replace(/^.*[/:]/, "");
  const text = repo.text.includes("://") ? repo.text : `https://github.com/${repo.text}`;
  return [{ url: { ...repo, text }, file: target?.text ?? name, folder: true }];
}

/** Ways to say "this repository". */
const OWN = /\{owner\}|GITHUB_REPOSITORY|github\.repository|CI_PROJECT_PATH|:owner/;

/** `cp`, `mv`, `rsync`, `sync` and `cat` of one or more addresses of a store. */
function fromStore(
  command: string | undefined,
  operands: readonly Value[],
  recursive: boolean,
  store: RegExp,
): readonly Transfer[] {
  if (command === "cat")
    return operands.filter(({ text }) => store.test(text)).map((url) => ({ url, file: undefined }));
  const target = operands.at(-1);
  const sources = operands.slice(0, -1).filter(({ text }) => store.test(text));
  if (target === undefined || store.test(target.text) || !/^(?:cp|mv|rsync|sync)$/.test(command ?? "")) return [];
  const many = recursive || command === "rsync" || command === "sync";
  return sources.map((url) =>
    many || /[*?]/.test(url.text) ? { url, file: target.text, folder: true } : { url, ...below(target, url) },
  );
}

/** A file that the target names, or one of the source's name in the folder that the target names: only the disk tells which. */
function below(target: Value, source: Value): Omit<Transfer, "url"> {
  const place = placeOf(target);
  const name = source.text.replace(/[?#].*$/s, "").replace(/^.*[/:]/s, "");
  return place.file === undefined || name === ""
    ? place
    : { ...place, inside: `${target.text.replace(/\/+$/, "")}/${name}` };
}

function placeOf({ text }: Value): Omit<Transfer, "url"> {
  return { file: text === "-" || text === "/dev/stdout" ? undefined : text };
}
