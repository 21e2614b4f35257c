import { type ChildProcess, spawn } from "node:child_process";
import { readFile, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { endTree, makeEmptyFolder } from "./child.ts";
import { withDeadline } from "./deadline.ts";
import type { RegistryImage } from "./image-name.ts";
import { isRecord, member, parseJson, textMember } from "./json.ts";
import type { Environment } from "./proxy.ts";
import { Refusal } from "./resolver.ts";

/** What `docker login` has kept for a registry. Nothing of it may get into a message or to another host. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** An OAuth 2 refresh token, to be exchanged at the token server. */
  | { readonly kind: "identityToken"; readonly token: string }
  /** A token for the registry itself. */
  | { readonly kind: "registryToken"; readonly token: string };

/** Where to look for credentials. */
export interface CredentialOptions {
  /** The environment variables of the process, `process.env` unless given: DOCKER_CONFIG, HOME, PATH. */
  readonly env?: Environment;
  /** Folder in which the helper's empty working folder is made; the system's folder for temporary files unless given. */
  readonly storageFolder?: string;
  readonly signal?: AbortSignal;
}

/**
 * The credentials that the person's docker configuration holds for an image's registry, or undefined where it holds none:
 * `credHelpers`, `credsStore`, then `auths`. Rejects with a {@link Refusal} where they cannot be read.
 *
 * Source: docker's `config.json` and the protocol of its credential helpers. Entries of `auths` with a path, as podman writes
 * them, count for the repositories below that path only.
 *
 * Only the person's own configuration is read, and nothing of the workspace can steer a helper: it runs without a shell in an
 * empty folder, is found by absolute entries of PATH only, and not in a `node_modules/.bin` that npm put there.
 */
export async function findCredentials(
  image: RegistryImage,
  options: CredentialOptions,
): Promise<Credentials | undefined> {
  const config = await readConfig(options.env ?? process.env);
  const helper = entryFor(member(config, "credHelpers"), image) ?? member(config, "credsStore");
  const kept = helper === undefined || helper === "" ? undefined : await askHelper(helper, image, options);
  return kept ?? credentialsOf(entryFor(member(config, "auths"), image));
}

/** A larger file is not a configuration. */
const MAX_CONFIG_BYTES = 1024 * 1024;

async function readConfig(env: Environment): Promise<unknown> {
  const text = await readConfigText(env);
  if (text === undefined) return undefined;
  const config = parseJson(text.replace(/^\ufeff/u, ""));
  if (!isRecord(config)) throw unreadableRefusal();
  return config;
}

async function readConfigText(env: Environment): Promise<string | undefined> {
  try {
    const folder = env.DOCKER_CONFIG || join(env.HOME || env.USERPROFILE || homedir(), ".docker");
    // A relative folder would be looked for in the workspace.
    if (!isAbsolute(folder)) return undefined;
    const file = join(folder, "config.json");
    const found = await stat(file);
    if (!found.isFile() || found.size > MAX_CONFIG_BYTES) throw unreadableRefusal();
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return;
    throw unreadableRefusal(error);
  }
}

function unreadableRefusal(cause?: unknown): Refusal {
  return credentialRefusal("docker's config.json cannot be read, so there are no credentials to log in with.", cause);
}

/** The value for the image's registry; of several that fit, the one for the longest path. */
function entryFor(entries: unknown, image: RegistryImage): unknown {
  if (!isRecord(entries)) return undefined;
  const fitting = Object.entries(entries)
    .map(([key, value]) => ({ key: plainKey(key), value }))
    .filter(({ key }) => namesOf(image).some((name) => name === key || name.startsWith(`${key}/`)))
    .sort((a, b) => b.key.length - a.key.length);
  return fitting[0]?.value;
}

/** Older versions of docker wrote whole addresses: `https://index.docker.io/v1/`. */
function plainKey(key: string): string {
  return key
    .toLowerCase()
    .replace(/^https?:\/\//u, "")
    .replace(/(?:\/v[12])?\/?$/u, "");
}

function namesOf({ registry, repository }: RegistryImage): string[] {
  const hosts = registry === "docker.io" ? ["docker.io", "index.docker.io", "registry-1.docker.io"] : [registry];
  return hosts.map((host) => `${host}/${repository}`);
}

function credentialsOf(entry: unknown): Credentials | undefined {
  const registryToken = textMember(entry, "registrytoken");
  if (registryToken !== undefined) return { kind: "registryToken", token: registryToken };
  const identityToken = textMember(entry, "identitytoken");
  if (identityToken !== undefined) return { kind: "identityToken", token: identityToken };
  const decoded = Buffer.from(textMember(entry, "auth") ?? "", "base64").toString("utf8");
  const [, user = textMember(entry, "username"), secret = textMember(entry, "password")] =
    /^([^:]+):(.*)$/su.exec(decoded.replace(/\0+$/u, "")) ?? [];
  return user === undefined || !secret ? undefined : { kind: "password", username: user, password: secret };
}

/** A helper may have to unlock a key chain. */
const HELPER_TIMEOUT_MS = 10_000;

const MAX_HELPER_BYTES = 65_536;

async function askHelper(
  name: unknown,
  image: RegistryImage,
  options: CredentialOptions,
): Promise<Credentials | undefined> {
  // With a dot inside, since docker's own on Windows machines, seen from their Linux side, is "desktop.exe".
  if (typeof name !== "string" || !/^\w[\w.-]{0,99}$/u.test(name)) {
    throw credentialRefusal("docker's config.json names a credential helper that is not a plain word; it was not run.");
  }
  const program = `docker-credential-${name}`;
  const server = image.registry === "docker.io" ? "https://index.docker.io/v1/" : image.registry;
  const output = await withDeadline(program, HELPER_TIMEOUT_MS, options.signal, async (signal) => {
    const folder = await makeEmptyFolder(options.storageFolder, "docker").catch((error: unknown) => {
      throw credentialRefusal("No empty folder could be made for a credential helper to work in.", error);
    });
    try {
      return await runHelper(program, server, folder, options, signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
  return output === undefined ? undefined : readHelperAnswer(output, program);
}

function readHelperAnswer(output: string, program: string): Credentials | undefined {
  const answer = parseJson(output);
  if (!isRecord(answer)) throw credentialRefusal(`${program} did not answer as a credential helper does.`);
  const user = textMember(answer, "Username");
  const secret = textMember(answer, "Secret");
  if (user === undefined || secret === undefined) return undefined;
  if (user === "<token>") return { kind: "identityToken", token: secret };
  return { kind: "password", username: user, password: secret };
}

/** What the helper prints; undefined where it says that it has nothing. */
function runHelper(
  program: string,
  server: string,
  folder: string,
  options: CredentialOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  signal.throwIfAborted();
  const child = spawn(program, ["get"], {
    cwd: folder,
    env: helperEnvironment(options.env ?? process.env),
    stdio: ["pipe", "pipe", "ignore"],
    windowsHide: true,
    // A group of its own, without a terminal to ask at: so that the programs that it starts end with it.
    detached: process.platform !== "win32",
  });
  const end = (): void => endTree(child);
  signal.addEventListener("abort", end, { once: true });
  // A helper that is missing or does not read its input says so in other ways.
  child.stdin.on("error", () => {});
  child.stdin.end(server);
  return collect(child, program).finally(() => signal.removeEventListener("abort", end));
}

function helperEnvironment(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, name.toUpperCase() === "PATH" ? safePath(value ?? "") : value]),
  );
}

function safePath(path: string): string {
  const safe = (entry: string): boolean => isAbsolute(entry) && !/[\\/]node_modules[\\/]\.bin[\\/]?$/u.test(entry);
  return path.split(delimiter).filter(safe).join(delimiter);
}

function collect(child: ChildProcess, program: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout?.on("data", (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= MAX_HELPER_BYTES) return;
      endTree(child);
      reject(credentialRefusal(`${program} did not answer as a credential helper does.`));
    });
    child.once("error", (error) => {
      const missing = "code" in error && error.code === "ENOENT";
      const what = missing ? "was not found on PATH" : "could not be started";
      reject(credentialRefusal(`docker keeps its credentials in the program ${program}, which ${what}.`, error));
    });
    child.once("close", (code) => {
      const output = Buffer.concat(chunks).toString("utf8");
      if (code === 0) resolve(output);
      else if (/credentials not found/iu.test(output)) resolve(undefined);
      else reject(credentialRefusal(`docker keeps its credentials in the program ${program}, which failed.`));
    });
  });
}

function credentialRefusal(message: string, cause?: unknown): Refusal {
  return new Refusal("authentication", message, cause === undefined ? {} : { cause });
}
