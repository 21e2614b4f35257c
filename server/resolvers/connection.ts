import dns from "node:dns";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import tls from "node:tls";
import { bareHost, isAllowedHost, isPrivateHost, isPublicAddress, privateAddressRefusal } from "./address.ts";
import { type Environment, type ProxyOptions, type ProxyServer, proxyFor, proxyName } from "./proxy.ts";
import { Refusal } from "./resolver.ts";

/** How to reach a host. */
export interface ConnectionOptions extends ProxyOptions {
  /** VS Code's `http.proxyStrictSSL`: false accepts any certificate. */
  readonly strictSsl?: boolean;
  /** Hosts that may have a private address: names, addresses, either with `:port`, or `*.example.com`. */
  readonly allowedHosts?: readonly string[];
}

/**
 * Opens a connection to the host of `url`, through a proxy where one is set, and speaks TLS on it unless the scheme is http.
 * The connection ends when `signal` is aborted. Rejects with a {@link Refusal} that names the cause.
 *
 * Private addresses: without a proxy the address that is really connected to is judged, at the moment of connecting, so a name
 * that changes its address between two look-ups gains nothing. With a proxy it is the proxy that resolves names, and nobody
 * here learns the address: only literal addresses and names kept for private use can be judged.
 *
 * @param from the address that redirected to this one, for the message.
 */
export async function openConnection(
  url: URL,
  options: ConnectionOptions,
  signal: AbortSignal,
  from?: string,
): Promise<Socket> {
  const allowed = isAllowedHost(url, options.allowedHosts);
  const host = bareHost(url.hostname);
  if (!allowed && isPrivateHost(host)) throw privateAddressRefusal(host, undefined, from);
  const proxy = url.protocol === "https:" ? proxyFor(url, options) : undefined;
  const raw =
    proxy === undefined
      ? await dial(host, portOf(url), allowed ? undefined : publicLookup(from), signal, nameOf(url))
      : await tunnel(proxy, url, options, signal);
  return url.protocol === "https:" ? startTls(raw, host, options, signal, nameOf(url), "tls") : raw;
}

/** The refusal for an error of a socket that was connected: `subject` begins the sentence, such as "example.com". */
export function brokenConnectionRefusal(error: unknown, subject: string): Refusal {
  if (error instanceof Refusal) return error;
  const code = errorCode(error);
  if (code.startsWith("ERR_SSL") || code === "EPROTO") return tlsRefusal(error, subject, "tls");
  return new Refusal("connection", `${subject} broke off the connection before it had answered.`, { cause: error });
}

/** The refusal for a proxy's answer to CONNECT. `name` and `subject` are the proxy and the host, as a message names them. */
export function tunnelRefusal(status: number, name: string, subject: string): Refusal {
  if (status === 407) {
    return new Refusal("proxy", `${name} asks for a user name and password; put them into the proxy setting.`);
  }
  if (status === 502 || status === 503 || status === 504) {
    return new Refusal("connection", `${name} could not reach ${subject} (it answered ${status}).`);
  }
  return new Refusal("proxy", `${name} refused to connect to ${subject} (it answered ${status}).`);
}

/** A TCP connection. `lookup` decides which addresses may be used; without it every address may. */
function dial(
  host: string,
  port: number,
  lookup: LookupFunction | undefined,
  signal: AbortSignal,
  subject: string,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...(lookup === undefined ? {} : { lookup }) });
    endWith(socket, signal);
    socket.once("error", (error) => reject(dialRefusal(error, subject)));
    socket.once("connect", () => resolve(socket));
  });
}

/** Ends the socket when the signal is aborted. The listener for errors stays, so that a late one is never uncaught. */
function endWith(socket: Socket, signal: AbortSignal): void {
  const end = (): void => {
    socket.destroy();
  };
  socket.on("error", () => {});
  signal.addEventListener("abort", end, { once: true });
  socket.once("close", () => signal.removeEventListener("abort", end));
  if (signal.aborted) end();
}

/** A lookup that gives only public addresses, and fails with a {@link Refusal} where a name has no public one. */
function publicLookup(from: string | undefined): LookupFunction {
  return (hostname, options, callback) => {
    dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, "", 0);
      const usable = addresses.filter(({ address }) => isPublicAddress(address));
      const [first] = usable;
      if (first === undefined) return callback(privateAddressRefusal(hostname, addresses[0]?.address, from), "", 0);
      return options.all === true ? callback(null, usable) : callback(null, first.address, first.family);
    });
  };
}

/** A connection to the host of `url` through an HTTP proxy (RFC 9110, CONNECT). */
async function tunnel(proxy: ProxyServer, url: URL, options: ConnectionOptions, signal: AbortSignal): Promise<Socket> {
  const name = `The proxy ${proxyName(proxy)}`;
  const plain = await dial(proxy.host, proxy.port, undefined, signal, name).catch((error: unknown) => {
    throw new Refusal("proxy", error instanceof Error ? error.message : String(error), { cause: error });
  });
  const socket = proxy.secure ? await startTls(plain, proxy.host, options, signal, name, "proxy") : plain;
  const authority = `${url.hostname}:${portOf(url)}`;
  const headers = {
    Host: authority,
    ...(proxy.authorization === undefined ? {} : { "Proxy-Authorization": proxy.authorization }),
  };
  return new Promise((resolve, reject) => {
    const asked = request({ createConnection: () => socket, method: "CONNECT", path: authority, headers });
    asked.once("error", (error) => {
      reject(new Refusal("proxy", `${name} broke off the connection to ${nameOf(url)}.`, { cause: error }));
    });
    asked.once("connect", (response, _socket, head) => {
      const status = response.statusCode ?? 0;
      if (status === 200) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      } else {
        socket.destroy();
        reject(tunnelRefusal(status, name, nameOf(url)));
      }
    });
    asked.end();
  });
}

function startTls(
  raw: Socket,
  host: string,
  options: ConnectionOptions,
  signal: AbortSignal,
  subject: string,
  code: "tls" | "proxy",
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const ca = trustedCertificates(options.env ?? process.env);
    const secured = tls.connect({
      socket: raw,
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
      ALPNProtocols: ["http/1.1"],
      rejectUnauthorized: options.strictSsl !== false,
    });
    endWith(secured, signal);
    secured.once("error", (error) => reject(tlsRefusal(error, subject, code)));
    secured.once("secureConnect", () => resolve(secured));
  });
}

/**
 * The authorities to trust: Node's own, those of the operating system where this Node can list them (22.15 and later; company
 * certificates are kept there), and the files that NODE_EXTRA_CA_CERTS and SSL_CERT_FILE name, which an embedded Node may not
 * have read at its start. Undefined stands for Node's default. A file that cannot be read adds nothing, as in Node.
 */
function trustedCertificates(env: Environment): string[] | undefined {
  const files = [env.NODE_EXTRA_CA_CERTS, env.SSL_CERT_FILE].flatMap((path) => (path ? readIfPossible(path) : []));
  const { getCACertificates } = tls as NewerTls;
  if (getCACertificates !== undefined) {
    return [...new Set([...getCACertificates("default"), ...getCACertificates("system"), ...files])];
  }
  return files.length === 0 ? undefined : [...tls.rootCertificates, ...files];
}

/** What Node 22.15 added to its module. */
type NewerTls = { readonly getCACertificates?: (type: "default" | "system") => string[] };

function readIfPossible(path: string): string[] {
  try {
    return [readFileSync(path, "utf8")];
  } catch {
    return [];
  }
}

function dialRefusal(error: unknown, subject: string): Refusal {
  // Where several addresses were tried, each has its own error and the first one stands for all.
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const refusal = errors.find((each) => each instanceof Refusal);
  if (refusal instanceof Refusal) return refusal;
  const cause = { cause: error };
  switch (errorCode(errors[0])) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_FAIL":
    case "ENODATA":
      return new Refusal("offline", `${subject} could not be found by name; check the network and the name.`, cause);
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "ENETDOWN":
    case "EADDRNOTAVAIL":
      return new Refusal("offline", `${subject} cannot be reached from this network.`, cause);
    case "ECONNREFUSED":
      return new Refusal("connection", `${subject} refused the connection.`, cause);
    case "ETIMEDOUT":
      return new Refusal("timeout", `${subject} did not answer the attempt to connect.`, cause);
    default:
      return new Refusal("connection", `The connection to ${subject} failed.`, cause);
  }
}

function tlsRefusal(error: unknown, subject: string, code: "tls" | "proxy"): Refusal {
  return new Refusal(code, `${subject} ${tlsReason(errorCode(error))}`, { cause: error });
}

function tlsReason(code: string): string {
  switch (code) {
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "showed a certificate for another name, so nothing was fetched.";
    case "CERT_HAS_EXPIRED":
      return "showed a certificate that has expired, so nothing was fetched.";
    case "CERT_NOT_YET_VALID":
      return "showed a certificate that is not valid yet; check this machine's clock.";
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "CERT_UNTRUSTED":
      return "showed a certificate of an authority that is not trusted here; a company's own authority can be named in NODE_EXTRA_CA_CERTS.";
    case "ECONNRESET":
    case "EPIPE":
      return "broke off the TLS handshake.";
    default:
      return "could not agree on a TLS connection, or its certificate is not valid.";
  }
}

function portOf(url: URL): number {
  return Number(url.port || (url.protocol === "http:" ? 80 : 443));
}

function nameOf(url: URL): string {
  return url.host;
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
