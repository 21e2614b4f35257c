import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { createSecureContext, type SecureContext } from "node:tls";
import { createAuthority, type TestAuthority } from "./certificates.ts";

/**
 * The internet as tests see it: real names behind a loopback proxy, as in a company. The proxy leads the registered names to a
 * TLS server on loopback, whose certificates a test authority signs, refuses every other name, and remembers who was asked for.
 */
export interface TestNetwork {
  /** Environment for a process that shall live in this network: proxy and certificate variables for Node, git and curl. */
  readonly env: Readonly<Record<string, string>>;
  /** Address of the proxy, with the credentials it asks for. */
  readonly proxyUrl: string;
  /** File with the authority's certificate, PEM. */
  readonly caFile: string;
  /** Port on 127.0.0.1 of the TLS server itself; it shows a certificate for localhost and 127.0.0.1 there. */
  readonly port: number;
  /** A loopback port on which nothing listens. */
  readonly closedPort: number;
  /** Every attempt to connect, "host:port", in order, those that the proxy refused included. */
  readonly connections: readonly string[];
  /** Every request that came to a site, in order. */
  readonly requests: readonly TestRequest[];
  /** Puts a site at a host name, or replaces it. "localhost" and "127.0.0.1" are reached by {@link port}. */
  site(name: string, handler: RequestListener, options?: SiteOptions): void;
  /** Forgets the attempts and requests so far. */
  forget(): void;
  close(): Promise<void>;
}

/** A request as a site got it. */
export interface TestRequest {
  readonly host: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** What is wrong with a site before it is asked anything. */
export interface SiteOptions {
  readonly certificate?: "other name" | "expired" | "unknown authority";
  /** The status with which the proxy declines to connect. */
  readonly proxyStatus?: number;
}

/** How the proxy behaves. */
export interface NetworkOptions {
  /** "user:password" that the proxy asks for. */
  readonly proxyCredentials?: string;
  /** True makes it a proxy that is itself reached over TLS. */
  readonly secureProxy?: boolean;
}

/** Starts a network; `close` ends it and removes its files. */
export async function startNetwork(options: NetworkOptions = {}): Promise<TestNetwork> {
  const authority = createAuthority();
  const sites = new Map<string, Site>();
  const connections: string[] = [];
  const requests: TestRequest[] = [];
  const sockets = new Set<Duplex>();
  const web = startSites(authority, sites, requests);
  const port = await listen(web, sockets);
  const proxy = options.secureProxy ? createSecureServer(authority.issue(["localhost", "127.0.0.1"])) : createServer();
  proxy.on("request", (_request, response) => response.writeHead(405).end());
  proxy.on("connect", (request, socket, head) => {
    connections.push(request.url ?? "");
    forward(request, socket, head, { sites, port, sockets, credentials: options.proxyCredentials });
  });
  const proxyPort = await listen(proxy, sockets);
  const folder = mkdtempSync(join(tmpdir(), "pipewarden-network-"));
  const caFile = join(folder, "authority.pem");
  writeFileSync(caFile, authority.certificate);
  const user = options.proxyCredentials === undefined ? "" : `${options.proxyCredentials}@`;
  const proxyUrl = `${options.secureProxy ? "https" : "http"}://${user}localhost:${proxyPort}`;
  return {
    env: environment(proxyUrl, caFile),
    proxyUrl,
    caFile,
    port,
    closedPort: await freePort(),
    connections,
    requests,
    site: (name, handler, site = {}) => {
      sites.set(name, { ...site, handler });
    },
    forget: () => {
      connections.length = 0;
      requests.length = 0;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([web, proxy].map((server) => new Promise((resolve) => server.close(resolve))));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Handlers for sites that answer in the usual and in the unusual ways. */
export const answers = {
  /** A body, with status 200 unless said otherwise. */
  text:
    (body: string | Uint8Array, status = 200, headers: Readonly<Record<string, string>> = {}): RequestListener =>
    (_request, response) => {
      response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", ...headers }).end(body);
    },
  html: (): RequestListener =>
    answers.text("<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", 200, { "Content-Type": "text/html" }),
  redirect:
    (location: string, status = 302): RequestListener =>
    (_request, response) => {
      response.writeHead(status, { Location: location }).end();
    },
  /** Another body each time. */
  changing: (): RequestListener => {
    const count = { value: 0 };
    return (_request, response) => {
      count.value += 1;
      response.end(`echo ${count.value}\n`);
    };
  },
  /** Takes the request and never answers. */
  hang: (): RequestListener => () => {},
  /** A body without end. */
  endless: (): RequestListener => (_request, response) => {
    const piece = Buffer.alloc(65_536, "#");
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", more);
    more();
  },
  /** Announces more than it sends, then closes the connection. */
  cutShort: (): RequestListener => (_request, response) => {
    response.writeHead(200, { "Content-Length": "1000" });
    response.write("echo begun\n", () => response.destroy());
  },
  /** The same with chunks. */
  cutChunks: (): RequestListener => (_request, response) => {
    response.write("echo begun\n", () => response.destroy());
  },
  /** Closes the connection instead of answering. */
  dropped: (): RequestListener => (request) => {
    request.socket.destroy();
  },
  /** Speaks something that is not HTTP. */
  notHttp: (): RequestListener => (request) => {
    request.socket.end("220 mail.example ESMTP\r\n");
  },
} as const;

interface Site extends SiteOptions {
  readonly handler: RequestListener;
}

/** One TLS server for all sites; the name in the handshake says which certificate, the Host header which site. */
function startSites(authority: TestAuthority, sites: ReadonlyMap<string, Site>, requests: TestRequest[]): Server {
  const contexts = new Map<string, SecureContext>();
  const contextOf = (name: string): SecureContext => {
    const kind = sites.get(name)?.certificate;
    const key = `${name} ${kind}`;
    const known = contexts.get(key) ?? createSecureContext(certificateFor(authority, name, kind));
    contexts.set(key, known);
    return known;
  };
  return createSecureServer(
    { ...authority.issue(["localhost", "127.0.0.1"]), SNICallback: (name, done) => done(null, contextOf(name)) },
    (request, response) => {
      const host = (request.headers.host ?? "").replace(/:\d+$/u, "");
      requests.push({ host, method: request.method ?? "", url: request.url ?? "", headers: request.headers });
      const site = sites.get(host);
      if (site === undefined) response.writeHead(421).end();
      else site.handler(request, response);
    },
  );
}

function certificateFor(authority: TestAuthority, name: string, kind: SiteOptions["certificate"]) {
  switch (kind) {
    case "other name":
      return authority.issue(["other.example"]);
    case "expired":
      return authority.issue([name], "expired");
    case "unknown authority":
      return createAuthority("Unknown authority").issue([name]);
    default:
      return authority.issue([name]);
  }
}

interface Route {
  readonly sites: ReadonlyMap<string, Site>;
  readonly port: number;
  readonly sockets: Set<Duplex>;
  readonly credentials: string | undefined;
}

/** Answers one CONNECT request. */
function forward(request: IncomingMessage, socket: Duplex, head: Buffer, route: Route): void {
  socket.on("error", () => {});
  const decline = (status: number, header = ""): void => {
    socket.end(`HTTP/1.1 ${status} Declined\r\nContent-Length: 0\r\nConnection: close\r\n${header}\r\n`);
  };
  const wanted = route.credentials && `Basic ${Buffer.from(route.credentials).toString("base64")}`;
  if (wanted && request.headers["proxy-authorization"] !== wanted) {
    decline(407, 'Proxy-Authenticate: Basic realm="test"\r\n');
    return;
  }
  const site = route.sites.get((request.url ?? "").replace(/:\d+$/u, ""));
  if (site === undefined || site.proxyStatus !== undefined) {
    decline(site?.proxyStatus ?? 403);
    return;
  }
  const upstream = connect(route.port, "127.0.0.1", () => {
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
  });
  track(upstream, route.sockets);
  socket.once("close", () => upstream.destroy());
  upstream.once("close", () => socket.destroy());
}

/** Upper and lower case both, since a program prefers one of them and the machine may have set the other. */
function environment(proxyUrl: string, caFile: string): Record<string, string> {
  return {
    HTTPS_PROXY: proxyUrl,
    https_proxy: proxyUrl,
    ALL_PROXY: "",
    all_proxy: "",
    NO_PROXY: "",
    no_proxy: "",
    NODE_EXTRA_CA_CERTS: caFile,
    GIT_SSL_CAINFO: caFile,
    GIT_PROXY_SSL_CAINFO: caFile,
    CURL_CA_BUNDLE: caFile,
  };
}

async function listen(server: Server, sockets: Set<Duplex>): Promise<number> {
  server.on("connection", (socket: Socket) => track(socket, sockets));
  server.on("secureConnection", (socket: Socket) => track(socket, sockets));
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function track(socket: Duplex, sockets: Set<Duplex>): void {
  socket.on("error", () => {});
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
