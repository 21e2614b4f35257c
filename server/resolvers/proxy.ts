import { BlockList, isIP } from "node:net";
import { bareHost } from "./address.ts";
import { Refusal } from "./resolver.ts";

/** What decides about proxies. */
export interface ProxyOptions {
  /** VS Code's `http.proxy`: a proxy address that goes before the environment's. Empty is as good as absent. */
  readonly proxy?: string;
  /** VS Code's `http.noProxy` or the like, comma-separated; goes before the environment's NO_PROXY. Empty is as good as absent. */
  readonly noProxy?: string;
  /** The environment variables of the process, `process.env` unless given. */
  readonly env?: Environment;
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One HTTP proxy. `authorization` is the value of the Proxy-Authorization header and must not get into a message. */
export interface ProxyServer {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly authorization?: string;
}

/**
 * The proxy for an address, or undefined where it is asked directly. The variables and their order are curl's: the lower-case
 * form first, then the upper-case one, then those for all schemes. Rejects a proxy address that is not http or https.
 */
export function proxyFor(url: URL, options: ProxyOptions): ProxyServer | undefined {
  const env = options.env ?? process.env;
  const address = options.proxy || env.https_proxy || env.HTTPS_PROXY || env.all_proxy || env.ALL_PROXY;
  if (!address) return undefined;
  if (isExempt(url, options.noProxy || env.no_proxy || env.NO_PROXY || "")) return undefined;
  return readProxy(address);
}

/** What a message calls a proxy: host and port, without credentials. */
export function proxyName(proxy: ProxyServer): string {
  return `${proxy.host}:${proxy.port}`;
}

/** The value of a basic Authorization header for the user and password of a URL. */
export function basicAuthorization(url: URL): string {
  return `Basic ${Buffer.from(`${decode(url.username)}:${decode(url.password)}`).toString("base64")}`;
}

/**
 * Whether the rules exempt a URL from the proxy. Rules are separated by commas or spaces: `*`, a host name (which exempts the
 * names below it, with or without a leading `.` or `*.`), an IP address, an address range such as 10.0.0.0/8, each name or
 * address optionally with a port.
 */
function isExempt(url: URL, rules: string): boolean {
  const host = bareHost(url.hostname);
  const port = url.port || (url.protocol === "http:" ? "80" : "443");
  return rules.split(/[\s,]+/u).some((rule) => rule !== "" && exempts(rule.toLowerCase(), host, port));
}

function exempts(rule: string, host: string, port: string): boolean {
  if (rule === "*") return true;
  if (rule.includes("/")) return inRange(rule, host);
  if (isIP(bareHost(rule)) !== 0) return bareHost(rule) === host;
  const [, name = "", rulePort] = /^(.*?)(?::(\d+))?$/u.exec(rule) ?? [];
  if (rulePort !== undefined && rulePort !== port) return false;
  const suffix = bareHost(name.replace(/^\*?\./u, ""));
  return suffix !== "" && (host === suffix || (isIP(host) === 0 && host.endsWith(`.${suffix}`)));
}

function inRange(rule: string, host: string): boolean {
  const family = isIP(host);
  const [net = "", prefix = ""] = rule.split("/");
  const bits = /^\d+$/u.test(prefix) ? Number(prefix) : -1;
  if (family === 0 || isIP(net) !== family || bits < 0 || bits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const name = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(net, bits, name);
  return list.check(host, name);
}

function readProxy(address: string): ProxyServer {
  const url = parse(/^[a-z][a-z0-9+.-]*:\/\//iu.test(address) ? address : `http://${address}`);
  if (url === undefined || url.hostname === "" || !["http:", "https:"].includes(url.protocol)) {
    throw new Refusal("proxy", "The proxy that is set is not an http or https address; correct the proxy setting.");
  }
  const secure = url.protocol === "https:";
  const proxy = { secure, host: bareHost(url.hostname), port: Number(url.port || (secure ? 443 : 80)) };
  return url.username === "" && url.password === "" ? proxy : { ...proxy, authorization: basicAuthorization(url) };
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
