import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash, createSign, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority } from "./certificates.ts";

/** A manifest or an index as a registry stores it. */
export interface TestManifest {
  readonly type: string;
  readonly body: string;
  readonly digest: string;
}

export const MEDIA_TYPES = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
} as const;

/** What a registry stores under the digest of its bytes. */
export function stored(type: string, content: unknown): TestManifest {
  const body = JSON.stringify(content);
  return { type, body, digest: sha256(body) };
}

/** The manifest of an image without layers, which is about nothing but its configuration. */
export function imageManifest(config: string, type: string = MEDIA_TYPES.ociManifest): TestManifest {
  const configType = "application/vnd.oci.image.config.v1+json";
  const size = Buffer.byteLength(config);
  return stored(type, {
    schemaVersion: 2,
    mediaType: type,
    config: { mediaType: configType, digest: sha256(config), size },
    layers: [],
  });
}

/** The index of manifests, each for a platform such as "linux/arm64". */
export function imageIndex(
  manifests: Readonly<Record<string, TestManifest>>,
  type: string = MEDIA_TYPES.ociIndex,
): TestManifest {
  return stored(type, {
    schemaVersion: 2,
    mediaType: type,
    manifests: Object.entries(manifests).map(([platform, { type: mediaType, body, digest }]) => {
      const [os, architecture, variant] = platform.split("/");
      return { mediaType, digest, size: Buffer.byteLength(body), platform: { os, architecture, variant } };
    }),
  });
}

/** "sha256:" and the hash in hex. */
export function sha256(content: string): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** A registry's site that serves manifests, by paths such as "library/node:22", to everybody. */
export function registrySite(manifests: Readonly<Record<string, TestManifest>>): RequestListener {
  return (request, response) => {
    const [, repository, reference] = /^\/v2\/(.+)\/manifests\/(.+)$/u.exec(request.url ?? "") ?? [];
    const found = Object.entries(manifests).find(
      ([name, { digest }]) =>
        name === `${repository}:${reference}` || (name.startsWith(`${repository}:`) && digest === reference),
    )?.[1];
    if (found === undefined) response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
    else {
      response.writeHead(200, { "Content-Type": found.type, "Docker-Content-Digest": found.digest }).end(found.body);
    }
  };
}

/** User name and password of a basic Authorization header, as "name:password". */
export function basicCredentials(request: IncomingMessage): string | undefined {
  const [, encoded] = /^Basic (.+)$/u.exec(request.headers.authorization ?? "") ?? [];
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString("utf8");
}

/** Debian's package `docker-registry`: the program that Docker Hub and others are built on. */
export interface DockerRegistry {
  /** "localhost:<port>", as an image's name begins. */
  readonly host: string;
  /** Pushes blobs and manifests, the latter under a tag or by their digest. */
  push(repository: string, content: PushedContent, authorization?: string): Promise<void>;
  close(): Promise<void>;
}

export interface PushedContent {
  readonly blobs: readonly string[];
  readonly manifests: readonly (readonly [reference: string, manifest: TestManifest])[];
}

/** Whether the program is on this machine. */
export function hasDockerRegistry(): boolean {
  return spawnSync("docker-registry", ["--version"], { stdio: "ignore" }).error === undefined;
}

/** How a registry asks who is there. */
export type RegistryLogin =
  /** An htpasswd line with a bcrypt hash. */
  { readonly htpasswd: string } | { readonly tokens: TokenServer };

/** Starts the program on a free port, with a folder of its own; `close` ends it and removes the folder. */
export async function startDockerRegistry(login?: RegistryLogin): Promise<DockerRegistry> {
  const folder = mkdtempSync(join(tmpdir(), "pipewarden-registry-"));
  const configuration = {
    version: 0.1,
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: { addr: "127.0.0.1:0", secret: "test" },
    ...(login === undefined ? {} : { auth: authentication(login, folder) }),
  };
  const file = join(folder, "config.yml");
  writeFileSync(file, JSON.stringify(configuration));
  const child = spawn("docker-registry", ["serve", file], {
    env: { PATH: process.env.PATH, OTEL_TRACES_EXPORTER: "none" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const close = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once("close", resolve));
    if (child.exitCode === null && child.kill()) await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const host = `localhost:${await portOf(child)}`;
    return {
      host,
      push: (repository, content, authorization) => push(host, repository, content, authorization),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function authentication(login: RegistryLogin, folder: string): unknown {
  if ("htpasswd" in login) {
    const path = join(folder, "htpasswd");
    writeFileSync(path, `${login.htpasswd}\n`);
    return { htpasswd: { realm: "test", path } };
  }
  const rootcertbundle = join(folder, "tokens.pem");
  writeFileSync(rootcertbundle, login.tokens.authority);
  return { token: { realm: login.tokens.realm, service: SERVICE, issuer: ISSUER, rootcertbundle } };
}

/** The program says on which port it listens in its log. */
function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let log = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      const [, port] = /listening on 127\.0\.0\.1:(\d+)/u.exec(log) ?? [];
      if (port !== undefined) resolve(Number(port));
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`docker-registry ended: ${log}`)));
  });
}

/** The OCI distribution specification's "Pushing blobs" and "Pushing manifests". */
async function push(
  host: string,
  repository: string,
  content: PushedContent,
  authorization: string | undefined,
): Promise<void> {
  const base = `http://${host}/v2/${repository}`;
  const headers: Record<string, string> = authorization === undefined ? {} : { Authorization: authorization };
  const send = async (method: string, url: string, type: string, body: string): Promise<Response> => {
    const response = await fetch(url, { method, headers: { ...headers, "Content-Type": type }, body });
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
    return response;
  };
  for (const blob of content.blobs) {
    const started = await send("POST", `${base}/blobs/uploads/`, "application/octet-stream", "");
    const upload = new URL(started.headers.get("location") ?? "", base);
    upload.searchParams.set("digest", sha256(blob));
    await send("PUT", upload.href, "application/octet-stream", blob);
  }
  for (const [reference, { type, body }] of content.manifests) {
    await send("PUT", `${base}/manifests/${reference}`, type, body);
  }
}

/** A token server as distribution's specification describes it, on loopback. */
export interface TokenServer {
  readonly realm: string;
  /** Certificate that its tokens are judged by, PEM. */
  readonly authority: string;
  /** A token for a repository, as the server gives one. */
  token(repository: string, actions: readonly string[]): string;
  close(): Promise<void>;
}

const SERVICE = "test-registry";
const ISSUER = "test-issuer";

/** Starts a token server that lets everybody pull repositories below "public/", and "name:password" all of them. */
export async function startTokenServer(credentials: string): Promise<TokenServer> {
  const authority = createAuthority("Test tokens");
  const signer = authority.issue(["tokens"]);
  const token = (repository: string, actions: readonly string[]): string => signedToken(signer, repository, actions);
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const [, repository = ""] = /^repository:(.+):pull$/u.exec(url.searchParams.get("scope") ?? "") ?? [];
    const isKnown = basicCredentials(request) === credentials;
    const mayPull = url.searchParams.get("service") === SERVICE && (isKnown || repository.startsWith("public/"));
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ token: token(repository, mayPull ? ["pull"] : []) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    authority: authority.certificate,
    token,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A JSON web token (RFC 7519) with the certificate of its key. */
function signedToken(
  signer: { readonly cert: string; readonly key: string },
  repository: string,
  actions: readonly string[],
): string {
  const seconds = Math.floor(Date.now() / 1000);
  const chain = [new X509Certificate(signer.cert).raw.toString("base64")];
  const claims = {
    iss: ISSUER,
    sub: "test",
    aud: SERVICE,
    iat: seconds,
    nbf: seconds - 60,
    exp: seconds + 600,
    jti: "test",
    access: [{ type: "repository", name: repository, actions }],
  };
  const content = [{ typ: "JWT", alg: "RS256", x5c: chain }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${content}.${createSign("RSA-SHA256").update(content).sign(signer.key).toString("base64url")}`;
}
