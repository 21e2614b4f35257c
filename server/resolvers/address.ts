import { BlockList, isIP } from "node:net";
import { Refusal } from "./resolver.ts";

/**
 * Whether an IP address (IPv4 or IPv6 text, without brackets) belongs to the public internet.
 *
 * Source: IANA's registries of special-purpose addresses, "globally reachable". IPv6 is judged by an allow list, since all
 * public addresses lie in 2000::/3. Of the NAT64 prefix 64:ff9b::/96 the IPv4 address inside decides.
 */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/%.*$/u, "");
  switch (isIP(bare)) {
    case 4:
      return !special4.check(bare, "ipv4");
    case 6:
      return (global6.check(bare, "ipv6") && !special6.check(bare, "ipv6")) || publicNat64(bare);
    default:
      return false;
  }
}

/** The host of a URL without the brackets of IPv6 and without a final dot, in lower case. */
export function bareHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/gu, "")
    .replace(/\.$/u, "");
}

/**
 * True where the text alone shows that a host is not on the public internet: an address that is not public, or a name that is
 * kept for private use (RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`) or has a single label. The WHATWG URL parser has
 * already turned decimal, octal and hexadecimal forms of IPv4 addresses into the dotted form.
 */
export function isPrivateHost(hostname: string): boolean {
  const host = bareHost(hostname);
  if (isIP(host.replace(/%.*$/u, "")) !== 0) return !isPublicAddress(host);
  return !host.includes(".") || /\.(localhost|localdomain|local|internal|home\.arpa)$/u.test(host);
}

/**
 * Whether the person allows requests to this host wherever it leads. An entry is a host name or an IP address, with or without
 * a port, or `*.example.com` for every name below example.com.
 */
export function isAllowedHost(url: URL, allowed: readonly string[] | undefined): boolean {
  const host = bareHost(url.hostname);
  const port = url.port || (url.protocol === "http:" ? "80" : "443");
  return (allowed ?? []).some((entry) => {
    const rule = entry.trim().toLowerCase();
    if (rule.startsWith("*.")) return host.endsWith(rule.slice(1));
    return bareHost(rule) === host || rule === `${host}:${port}` || rule === `[${host}]:${port}`;
  });
}

/** The refusal of a host or address that is not public. `from` is the address that redirected there, if any. */
export function privateAddressRefusal(host: string, address: string | undefined, from: string | undefined): Refusal {
  const what = address === undefined || address === host ? host : `${host} (${address})`;
  const subject = from === undefined ? what : `${from} redirects to ${what}, which`;
  return new Refusal(
    "private-address",
    `${subject} is not a public address and is not asked; allow the host in the settings if it is yours.`,
  );
}

const SPECIAL_4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const;

/** 2001::/23 holds Teredo and other protocol assignments, 2002::/16 is 6to4, the others are documentation. */
const SPECIAL_6 = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const;

const NAT64 = "64:ff9b::";

const special4 = blockList("ipv4", SPECIAL_4);
const special6 = blockList("ipv6", SPECIAL_6);
const global6 = blockList("ipv6", [["2000::", 3]]);
const nat64 = blockList("ipv6", [[NAT64, 96]]);
const specialNat64 = blockList(
  "ipv6",
  SPECIAL_4.map(([net, prefix]) => [NAT64 + net, 96 + prefix] as const),
);

function blockList(family: "ipv4" | "ipv6", subnets: readonly (readonly [net: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, family);
  return list;
}

function publicNat64(address: string): boolean {
  return nat64.check(address, "ipv6") && !specialNat64.check(address, "ipv6");
}
