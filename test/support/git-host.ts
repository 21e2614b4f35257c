import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A git host: bare repositories in a folder of its own, served by git's own `git http-backend`. */
export interface GitHost {
  /** To be put at a host name: `network.site("github.com", host.handler)`. */
  readonly handler: RequestListener;
  /** Makes an empty repository at a path such as "owner/name". */
  repository(path: string, options?: RepositoryOptions): TestRepository;
  close(): void;
}

export interface RepositoryOptions {
  /** "user:password"; the host then asks for them, and hides the repository from everybody else. */
  readonly credentials?: string;
}

/** One repository. Commits are deterministic: the same calls give the same ids. */
export interface TestRepository {
  /** Adds a commit on top of the last one and gives its id. No reference leads to it yet. */
  commit(message: string): string;
  /** Sets a branch. */
  branch(name: string, commit: string): void;
  /** Sets a lightweight tag, also where there is one already: that moves it. */
  tag(name: string, commit: string): void;
  /** Sets an annotated tag and gives the id of the tag object. */
  annotatedTag(name: string, commit: string): string;
  /** Sets any reference by its full name. */
  ref(name: string, commit: string): void;
  /** Adds very many tags at once: "bulk/1", "bulk/2" and so on. */
  manyTags(count: number, commit: string): void;
}

/** Starts a host without repositories. */
export function createGitHost(): GitHost {
  const root = mkdtempSync(join(tmpdir(), "pipewarden-git-host-"));
  const credentials = new Map<string, string>();
  return {
    handler: (request, response) => serve(root, credentials, request, response),
    repository: (path, options = {}) => {
      const folder = join(root, `${path}.git`);
      mkdirSync(folder, { recursive: true });
      git(folder, ["init", "--quiet", "--bare", "--initial-branch=main"]);
      if (options.credentials !== undefined) credentials.set(path, options.credentials);
      return openRepository(folder);
    },
    close: () => rmSync(root, { recursive: true, force: true }),
  };
}

function openRepository(folder: string): TestRepository {
  const last: string[] = [];
  const tree = git(folder, ["mktree"]);
  const setRef = (name: string, id: string): void => {
    git(folder, ["update-ref", name, id]);
  };
  return {
    commit: (message) => {
      const id = git(folder, [
        "commit-tree",
        tree,
        "-m",
        message,
        ...last.slice(-1).flatMap((parent) => ["-p", parent]),
      ]);
      last.push(id);
      return id;
    },
    branch: (name, commit) => setRef(`refs/heads/${name}`, commit),
    tag: (name, commit) => setRef(`refs/tags/${name}`, commit),
    annotatedTag: (name, commit) => {
      git(folder, ["tag", "--annotate", "--force", "-m", name, name, commit]);
      return git(folder, ["rev-parse", `refs/tags/${name}`]);
    },
    ref: setRef,
    manyTags: (count, commit) => {
      git(folder, ["pack-refs", "--all"]);
      const names = Array.from({ length: count }, (_, index) => `refs/tags/bulk/${index + 1}`).sort();
      appendFileSync(join(folder, "packed-refs"), names.map((name) => `${commit} ${name}\n`).join(""));
      // Written again by git, since the file has to be in order.
      git(folder, ["pack-refs", "--all"]);
    },
  };
}

/** Runs git without the machine's configuration and gives what it prints. */
function git(folder: string, args: readonly string[]): string {
  const result: SpawnSyncReturns<string> = spawnSync("git", args, {
    cwd: folder,
    env: GIT_ENV,
    encoding: "utf8",
    input: "",
  });
  if (result.status !== 0) throw new Error(`git ${args.join(" ")}: ${result.error?.message ?? result.stderr}`);
  return result.stdout.trim();
}

const GIT_ENV = {
  PATH: process.env.PATH,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Test",
  GIT_AUTHOR_EMAIL: "test@example.com",
  GIT_AUTHOR_DATE: "2024-01-01T00:00:00Z",
  GIT_COMMITTER_NAME: "Test",
  GIT_COMMITTER_EMAIL: "test@example.com",
  GIT_COMMITTER_DATE: "2024-01-01T00:00:00Z",
};

function serve(
  root: string,
  credentials: ReadonlyMap<string, string>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = new URL(request.url ?? "/", "https://host.invalid");
  const path = url.pathname.replace(/^\//u, "").replace(/(?:\.git)?\/(?:info\/refs|git-upload-pack)$/u, "");
  const wanted = credentials.get(path);
  const given = request.headers.authorization?.replace(/^Basic /u, "");
  if (wanted !== undefined && given !== Buffer.from(wanted).toString("base64")) {
    response.writeHead(401, { "WWW-Authenticate": 'Basic realm="git"' }).end("Authentication needed\n");
    return;
  }
  runBackend(root, url, request, response);
}

/** RFC 3875: the request becomes variables and standard input, and the answer begins with header lines. */
function runBackend(root: string, url: URL, request: IncomingMessage, response: ServerResponse): void {
  const child = spawn("git", ["http-backend"], {
    env: {
      ...GIT_ENV,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      REQUEST_METHOD: request.method,
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers["content-type"],
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"],
      GIT_PROTOCOL: request.headers["git-protocol"]?.toString(),
      REMOTE_ADDR: "127.0.0.1",
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.on("error", () => response.writeHead(500).end());
  child.stdin.on("error", () => {});
  request.pipe(child.stdin);
  response.once("close", () => child.kill());
  const state: { head: Buffer | undefined } = { head: Buffer.alloc(0) };
  child.stdout.on("data", (chunk: Buffer) => {
    if (state.head === undefined) {
      response.write(chunk);
      return;
    }
    state.head = Buffer.concat([state.head, chunk]);
    const end = state.head.indexOf("\r\n\r\n");
    if (end < 0) return;
    sendHead(state.head.toString("latin1", 0, end), response);
    response.write(state.head.subarray(end + 4));
    state.head = undefined;
  });
  child.stdout.once("end", () => response.end());
}

function sendHead(head: string, response: ServerResponse): void {
  for (const line of head.split("\r\n")) {
    const [, name = "", value = ""] = /^([^:]+):\s*(.*)$/u.exec(line) ?? [];
    if (name.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
    else if (name !== "") response.setHeader(name, value);
  }
}
