import { type IncomingHttpHeaders, type IncomingMessage, request, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { bareHost, isAllowedHost } from "./address.ts";
import { brokenConnectionRefusal, type ConnectionOptions, openConnection } from "./connection.ts";
import { withDeadline } from "./deadline.ts";
import { basicAuthorization } from "./proxy.ts";
import { Refusal } from "./resolver.ts";

/** Limits of one request, redirects included. */
export interface HttpOptions extends ConnectionOptions {
  /** Total time; 15,000 unless given. */
  readonly timeoutMs?: number;
  /** Largest body in bytes; 5 MiB unless given. */
  readonly maxBytes?: number;
}

/** One request. */
export interface HttpRequest extends HttpOptions {
  readonly method?: "GET" | "HEAD" | "POST";
  /** What POST sends; its type stands in `headers`. It may be secret, so such a request follows no redirect. */
  readonly body?: string;
  /** More headers. `Authorization` is sent to the first host only, not where a redirect leads. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Redirects to follow; 5 unless given. */
  readonly maxRedirects?: number;
  /** Hosts that may be asked over plain http, as entries of `allowedHosts`; none unless given. */
  readonly plainHttpHosts?: readonly string[];
  readonly signal?: AbortSignal;
}

/** An answer with any status but a redirect. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The bytes as `curl` would save them: transfer coding undone, content coding not asked for and never undone. */
  readonly body: Uint8Array;
  /** Where the redirects led, without user name, password and fragment. */
  readonly finalUrl: string;
}

/**
 * The one way to make an HTTP request: https only, bounded in time, bytes and redirects, and to public addresses only, except
 * for `allowedHosts`. Rejects with a {@link Refusal}; a status such as 404 is an answer, see {@link statusRefusal}.
 *
 * Written on Node's own modules because the limits sit between the layers that a library hides: the address is judged as it is
 * connected, the proxy's failures are told apart from the host's, and one abort ends every stage.
 */
export function httpRequest(address: string, options: HttpRequest = {}): Promise<HttpResponse> {
  const first = URL.canParse(address) ? new URL(address) : undefined;
  if (first === undefined || !mayAsk(first, options)) {
    const shown = first === undefined ? "The address" : shownUrl(first);
    return Promise.reject(new Refusal("invalid", `${shown} is not an https address; nothing was fetched.`));
  }
  return withDeadline(shownUrl(first), options.timeoutMs ?? TIMEOUT_MS, options.signal, (signal) =>
    follow(first, options, signal),
  );
}

/** The refusal for an answer whose status is not the one that was needed. `url` may hold secrets; they are not shown. */
export function statusRefusal(url: string, response: Pick<HttpResponse, "status">): Refusal {
  const { status } = response;
  const shown = URL.canParse(url) ? shownUrl(new URL(url)) : "The server";
  const reason = STATUS_CODES[status];
  const answered = `${shown} answered ${status}${reason === undefined ? "" : ` (${reason})`}`;
  switch (status) {
    case 401:
    case 403:
    case 407:
      return new Refusal("authentication", `${answered}: it is not open to everybody, or does not exist.`);
    case 404:
    case 410:
      return new Refusal("not-found", `${answered}: nothing is there.`);
    case 429:
      return new Refusal("status", `${answered}: it limits the rate of requests; try again later.`);
    default:
      return new Refusal(
        "status",
        status >= 500 ? `${answered}: the server failed.` : `${answered}, which is no content.`,
      );
  }
}

/** An address as it may be shown to people: without user name, password, query and fragment, which may hold secrets. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** Time limit of one request, redirects included. */
export const TIMEOUT_MS = 15_000;

const MAX_BYTES = 5 * 1024 * 1024;
const MAX_REDIRECTS = 5;

/** Hosts serve browsers another page than programs, so the request looks like the one that the pipeline will make. */
const USER_AGENT = "curl/8.5.0 (pipewarden)";

function mayAsk(url: URL, options: HttpRequest): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && isAllowedHost(url, options.plainHttpHosts));
}

async function follow(first: URL, options: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  const limit = options.maxRedirects ?? MAX_REDIRECTS;
  const seen = new Set<string>();
  let url = first;
  let from: string | undefined;
  for (;;) {
    seen.add(plainUrl(url));
    const response = await exchange(url, headersFor(url, first, options), options, signal, from);
    if (!("redirect" in response)) return response;
    if (options.body !== undefined) {
      throw new Refusal("redirect", `${shownUrl(url)} redirects a request that is not sent to anybody else.`);
    }
    const next = redirectTarget(url, response.redirect, options);
    if (seen.has(plainUrl(next))) throw new Refusal("redirect", `${shownUrl(first)} redirects in a circle.`);
    if (seen.size > limit) throw new Refusal("redirect", `${shownUrl(first)} redirects more than ${limit} times.`);
    from = shownUrl(url);
    url = next;
  }
}

function headersFor(url: URL, first: URL, options: HttpRequest): Record<string, string> {
  const headers: Record<string, string> = {
    Host: url.host,
    "User-Agent": USER_AGENT,
    Accept: "*/*",
    Connection: "close",
  };
  const sameOrigin = url.origin === first.origin;
  if (sameOrigin && first.username + first.password !== "") headers.Authorization = basicAuthorization(first);
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (sameOrigin || name.toLowerCase() !== "authorization") headers[name] = value;
  }
  return headers;
}

/** Asks once. A redirect is given back with its target, without its body. */
async function exchange(
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: HttpRequest,
  signal: AbortSignal,
  from: string | undefined,
): Promise<HttpResponse | { readonly redirect: string }> {
  const socket = await openConnection(url, options, signal, from);
  try {
    const response = await send(socket, url, headers, options);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (REDIRECTS.has(status) && location !== undefined) return { redirect: location };
    const body = await readBody(response, url, options.maxBytes ?? MAX_BYTES, options.method === "HEAD");
    return { status, headers: response.headers, body, finalUrl: plainUrl(url) };
  } finally {
    socket.destroy();
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function send(
  socket: Socket,
  url: URL,
  headers: Readonly<Record<string, string>>,
  { method = "GET", body }: HttpRequest,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const path = url.pathname + url.search;
    const asked = request({ createConnection: () => socket, method, path, headers, setHost: false });
    asked.once("response", resolve);
    // A failure after the answer began is told by the body's own stream, and this listener keeps it from being uncaught.
    asked.on("error", (error) => reject(answerRefusal(error, url)));
    asked.end(body);
  });
}

function answerRefusal(error: Error, url: URL): Refusal {
  if ("code" in error && typeof error.code === "string" && error.code.startsWith("HPE_")) {
    return new Refusal("content", `${url.host} did not answer in the language of HTTP.`, { cause: error });
  }
  return brokenConnectionRefusal(error, url.host);
}

async function readBody(response: IncomingMessage, url: URL, limit: number, isHead: boolean): Promise<Uint8Array> {
  if (!isHead && Number(response.headers["content-length"] ?? 0) > limit) throw tooLarge(url, limit);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      const bytes: Buffer = chunk;
      size += bytes.length;
      if (size > limit) throw tooLarge(url, limit);
      chunks.push(bytes);
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const message = `${shownUrl(url)} was cut off: the connection ended before the whole answer had come.`;
    throw new Refusal("content", message, { cause: error });
  }
  return Buffer.concat(chunks);
}

function tooLarge(url: URL, limit: number): Refusal {
  return new Refusal("too-large", `${shownUrl(url)} is larger than the limit of ${sizeText(limit)}.`);
}

function sizeText(bytes: number): string {
  const mebibytes = bytes / (1024 * 1024);
  return mebibytes >= 1 ? `${Math.round(mebibytes * 10) / 10} MiB` : `${bytes} bytes`;
}

function redirectTarget(url: URL, location: string, options: HttpRequest): URL {
  if (!URL.canParse(location, url.href)) {
    throw new Refusal("redirect", `${shownUrl(url)} redirects to something that is not an address.`);
  }
  const target = new URL(location, url);
  if (mayAsk(target, options)) return target;
  const scheme = target.protocol.replace(":", "");
  const where = target.host === "" ? "" : ` at ${bareHost(target.hostname)}`;
  throw new Refusal("redirect", `${shownUrl(url)} redirects to ${scheme}${where}; only https is followed.`);
}

function plainUrl(url: URL): string {
  return `${shownUrl(url)}${url.search}`;
}
