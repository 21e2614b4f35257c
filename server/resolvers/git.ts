import { type ChildProcess, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { endTree, makeEmptyFolder } from "./child.ts";
import { tunnelRefusal } from "./connection.ts";
import { withDeadline } from "./deadline.ts";
import { type HttpOptions, statusRefusal as httpStatusRefusal, shownUrl } from "./http.ts";
import type { Environment } from "./proxy.ts";
import {
  addRef,
  MAX_REF_BYTES,
  missingRepositoryRefusal,
  notARepositoryRefusal,
  privateRepositoryRefusal,
  type RefQuery,
  type RemoteRef,
  type RemoteRefs,
} from "./refs.ts";
import { Refusal, type ResolveOptions } from "./resolver.ts";

/** How to run git. */
export interface GitOptions {
  /** The git program; found on PATH unless given. */
  readonly gitPath?: string;
  /** Folder in which the empty working folders are made; the system's folder for temporary files unless given. */
  readonly storageFolder?: string;
}

/**
 * The references of a repository by `git ls-remote`, or undefined where no git is found. Rejects with a {@link Refusal}.
 *
 * git runs with the person's own configuration, credential helpers and proxies, but nothing else may steer it and nothing may
 * ask: it works in an empty folder of its own from which it cannot climb into a repository, without any GIT_* variable that
 * could point elsewhere, speaks https only, and has no terminal and no program to ask for a password.
 */
export function listWithGit(
  repository: URL,
  query: RefQuery,
  options: GitOptions & HttpOptions & ResolveOptions,
): Promise<RemoteRefs | undefined> {
  return withDeadline(shownUrl(repository), options.timeoutMs ?? GIT_TIMEOUT_MS, options.signal, async (signal) => {
    const folder = await makeWorkingFolder(options.storageFolder);
    try {
      const run = (extra: readonly string[]) => runGit(repository, query, extra, folder, options, signal);
      const first = await run([]);
      if (first === undefined || "refs" in first) return first?.refs;
      // The person's `url.….insteadOf` led to ssh or the like; a longer rule for this very address leads back to https.
      const second = rewrittenToOtherScheme(first.errors)
        ? await run(["-c", `url.${repository.href}.insteadOf=${repository.href}`])
        : first;
      if (second === undefined || "refs" in second) return second?.refs;
      throw gitRefusal(repository, second.errors);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/** Longer than for a script: a large repository lists a hundred thousand references. */
const GIT_TIMEOUT_MS = 30_000;

/** git's messages are short; the last part is where the cause stands. */
const MAX_ERROR_CHARACTERS = 16_384;

async function makeWorkingFolder(parent: string | undefined): Promise<string> {
  try {
    return await makeEmptyFolder(parent, "git");
  } catch (error) {
    throw new Refusal("git", "No empty folder could be made for git to work in; is the disk full?", { cause: error });
  }
}

type GitResult = { readonly refs: RemoteRefs } | { readonly errors: string };

function runGit(
  repository: URL,
  query: RefQuery,
  extra: readonly string[],
  folder: string,
  options: GitOptions & HttpOptions,
  signal: AbortSignal,
): Promise<GitResult | undefined> {
  signal.throwIfAborted();
  const kinds = query.everything ? [] : ["--tags", "--heads"];
  const child = spawn(
    options.gitPath || "git",
    ["--no-pager", ...QUIET, ...extra, "ls-remote", ...kinds, "--", repository.href],
    {
      cwd: folder,
      env: gitEnvironment(folder, options),
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
      // A group of its own, without a terminal: so that the helpers that git starts end with it.
      detached: process.platform !== "win32",
    },
  );
  const end = (): void => endTree(child);
  signal.addEventListener("abort", end, { once: true });
  return collect(child, repository).finally(() => signal.removeEventListener("abort", end));
}

/** Nothing may ask: no askpass program, no dialog of a credential helper. */
const QUIET = ["-c", "core.askPass=", "-c", "credential.interactive=false", "-c", "credential.guiPrompt=false"];

function gitEnvironment(folder: string, options: GitOptions & HttpOptions): Environment {
  const env: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(options.env ?? process.env)) {
    if (isHarmless(name.toUpperCase())) env[name] = value;
  }
  if (options.proxy) Object.assign(env, { https_proxy: options.proxy, HTTPS_PROXY: options.proxy });
  if (options.noProxy) Object.assign(env, { no_proxy: options.noProxy, NO_PROXY: options.noProxy });
  if (options.strictSsl === false) env.GIT_SSL_NO_VERIFY = "1";
  return {
    ...env,
    GIT_ALLOW_PROTOCOL: "https",
    GIT_CEILING_DIRECTORIES: dirname(folder),
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "",
    SSH_ASKPASS: "",
    GCM_INTERACTIVE: "never",
    GCM_GUI_PROMPT: "0",
    // Messages are read below, so they must be in English.
    LC_ALL: "C",
    LANGUAGE: "",
  };
}

/** Of git's own variables only those stay that say where its programs lie and which certificates to use. */
function isHarmless(name: string): boolean {
  return !/^(?:GIT_|SSH_ASKPASS)/u.test(name) || name === "GIT_EXEC_PATH" || /^GIT_(?:PROXY_)?SSL_/u.test(name);
}

/** Reads git's listing as it comes. Undefined where there is no git to run. */
function collect(child: ChildProcess, repository: URL): Promise<GitResult | undefined> {
  return new Promise((resolve, reject) => {
    const refs = new Map<string, RemoteRef>();
    let rest = "";
    let size = 0;
    let errors = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      size += chunk.length;
      if (size > MAX_REF_BYTES) {
        endTree(child);
        reject(new Refusal("too-large", `${shownUrl(repository)} has more references than can be read.`));
        return;
      }
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [, id, name] = /^([0-9a-f]{40}|[0-9a-f]{64})\t(.+)$/u.exec(line) ?? [];
        if (id !== undefined && name !== undefined) addRef(refs, id, name);
      }
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      errors = (errors + chunk).slice(-MAX_ERROR_CHARACTERS);
    });
    child.once("error", (error) => {
      if ("code" in error && error.code === "ENOENT") resolve(undefined);
      else
        reject(
          new Refusal("git", "git could not be started; check the path to git in the settings.", { cause: error }),
        );
    });
    child.once("close", (code) => {
      if (code === 0) resolve({ refs });
      else resolve(isPlaceholder(errors) ? undefined : { errors });
    });
  });
}

/** macOS without developer tools has a `git` that only offers to install them. */
function isPlaceholder(errors: string): boolean {
  return /^xcode-select: |^xcrun: error/mu.test(errors);
}

function rewrittenToOtherScheme(errors: string): boolean {
  return /transport '\w+' not allowed/u.test(errors);
}

/** Turns what git and its libcurl say into one plain sentence. Nothing of their text is passed on: it could hold credentials. */
function gitRefusal(repository: URL, errors: string): Refusal {
  return proxyRefusal(repository, errors) ?? statusRefusal(repository, errors) ?? causeRefusal(repository, errors);
}

/** libcurl 8 says "CONNECT tunnel failed, response 407", older ones "Received HTTP code 407 from proxy after CONNECT". */
function proxyRefusal({ host }: URL, errors: string): Refusal | undefined {
  const status = Number(/(?:tunnel failed, response|HTTP code) (\d{3})/u.exec(errors)?.[1] ?? 0);
  if (status > 0) return tunnelRefusal(status, "The proxy", host);
  return /resolve proxy|connect to proxy|proxy CONNECT|HTTP_PROXY|SSL.*proxy/iu.test(errors)
    ? new Refusal("proxy", `The proxy could not be reached or broke off the connection to ${host}.`)
    : undefined;
}

function statusRefusal(repository: URL, errors: string): Refusal | undefined {
  const status = Number(/requested URL returned error: (\d{3})/u.exec(errors)?.[1] ?? 0);
  if (status === 0) return undefined;
  if (status === 401 || status === 403) return privateRepositoryRefusal(repository);
  if (status === 404 || status === 410) return missingRepositoryRefusal(repository);
  return httpStatusRefusal(repository.href, { status });
}

function causeRefusal(repository: URL, errors: string): Refusal {
  const { host } = repository;
  const shown = shownUrl(repository);
  const causes: readonly (readonly [pattern: RegExp, refusal: () => Refusal])[] = [
    [/could not read (?:Username|Password)|Authentication failed/iu, () => privateRepositoryRefusal(repository)],
    [
      /resolve host/iu,
      () => new Refusal("offline", `${host} could not be found by name; check the network and the name.`),
    ],
    [/timed out|timeout/iu, () => new Refusal("timeout", `${host} did not answer git in time.`)],
    [
      /recv error|SSL_read|SSL_ERROR_SYSCALL|reset by peer|Empty reply|hung up|unexpected disconnect|early EOF|unexpected eof/iu,
      () => new Refusal("connection", `${host} broke off the connection before it had answered.`),
    ],
    [
      /certificate|SSL|TLS|schannel/iu,
      () =>
        new Refusal(
          "tls",
          `git does not trust the certificate of ${host}; git's setting http.sslCAInfo names the authorities.`,
        ),
    ],
    [
      /protocol .*(?:not supported|disabled)|redirection|redirects followed/iu,
      () => new Refusal("redirect", `${shown} redirects in a circle or to an address that git does not follow.`),
    ],
    [/not found/iu, () => missingRepositoryRefusal(repository)],
    [
      /is this a git repository|not valid|protocol error|expected flush|HTTP\/0\.9|not a git repository/iu,
      () => notARepositoryRefusal(repository),
    ],
    [
      /connection refused|couldn't connect|could not connect|failed to connect/iu,
      () => new Refusal("connection", `${host} refused the connection.`),
    ],
  ];
  const found = causes.find(([pattern]) => pattern.test(errors));
  return found?.[1]() ?? new Refusal("git", `git could not list the tags and branches of ${shown}.`);
}
