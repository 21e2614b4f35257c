import { equal } from "node:assert/strict";
import { isAllowedHost, isPrivateHost, isPublicAddress } from "../../server/resolvers/address.ts";

describe("Addresses", () => {
  const blocked = [
    ["this network", "0.0.0.0", "0.255.255.255"],
    ["private, 10", "10.0.0.0", "10.255.255.255"],
    ["carrier-grade NAT", "100.64.0.0", "100.127.255.255"],
    ["loopback", "127.0.0.1", "127.255.255.255"],
    ["link-local and cloud metadata", "169.254.0.0", "169.254.169.254"],
    ["private, 172.16", "172.16.0.0", "172.31.255.255"],
    ["protocol assignments", "192.0.0.0", "192.0.0.255"],
    ["documentation", "192.0.2.1", "198.51.100.1", "203.0.113.1"],
    ["private, 192.168", "192.168.0.0", "192.168.255.255"],
    ["benchmarks", "198.18.0.0", "198.19.255.255"],
    ["multicast", "224.0.0.1", "239.255.255.255"],
    ["reserved and broadcast", "240.0.0.1", "255.255.255.255"],
    ["IPv6 unspecified and loopback", "::", "::1", "0:0:0:0:0:0:0:1"],
    ["IPv4-mapped", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:8.8.8.8"],
    ["IPv4-compatible", "::127.0.0.1", "::8.8.8.8"],
    ["NAT64 of a private address", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::8.8.8.8"],
    ["discard", "100::1"],
    ["unique local", "fc00::1", "fdff:ffff::1"],
    ["IPv6 link-local, with and without zone", "fe80::1", "fe80::1%eth0", "febf::1"],
    ["site-local", "fec0::1"],
    ["IPv6 multicast", "ff02::1"],
    ["Teredo", "2001::1"],
    ["6to4", "2002:7f00:1::1"],
    ["IPv6 documentation", "2001:db8::1", "3fff::1"],
    ["no address", "example.com", "", "127.1"],
  ] as const;
  for (const [name, ...addresses] of blocked) {
    for (const address of addresses) {
      it(`does not take "${address}" (${name}) for public`, () => equal(isPublicAddress(address), false));
    }
  }

  const open = ["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"];
  open.push("128.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255");
  open.push("2606:4700::1111", "2a00:1450:4001::200e", "64:ff9b::8.8.8.8");
  for (const address of open) {
    it(`takes ${address} for public`, () => equal(isPublicAddress(address), true));
  }

  const privateUrls = [
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
  ];
  privateUrls.push(
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://0/",
    "https://10.0.0.1:8443/",
    "https://１２７.0.0.1/",
  );
  privateUrls.push(
    "https://localhost/",
    "https://LOCALHOST./",
    "https://a.localhost/",
    "https://printer.local/",
    "https://intranet/",
  );
  privateUrls.push("https://metadata.google.internal/", "https://router.home.arpa/");
  for (const url of privateUrls) {
    it(`sees from the text alone that ${url} is private`, () => equal(isPrivateHost(new URL(url).hostname), true));
  }

  for (const url of [
    "https://codecov.io/",
    "https://1.1.1.1/",
    "https://[2606:4700::1111]/",
    "https://mylocalhost.com/",
  ]) {
    it(`sees nothing private in ${url}`, () => equal(isPrivateHost(new URL(url).hostname), false));
  }

  const allowances = [
    ["https://git.corp/", "git.corp", true],
    ["https://git.corp/", "GIT.corp.", true],
    ["https://git.corp:8443/", "git.corp:8443", true],
    ["https://git.corp/", "git.corp:443", true],
    ["https://git.corp/", "git.corp:8443", false],
    ["https://a.git.corp/", "git.corp", false],
    ["https://a.git.corp/", "*.git.corp", true],
    ["https://evilgit.corp/", "*.git.corp", false],
    ["https://[::1]:5000/", "::1", true],
    ["https://[::1]:5000/", "[::1]:5000", true],
    ["https://2130706433/", "127.0.0.1", true],
  ] as const;
  for (const [url, entry, allowed] of allowances) {
    it(`${allowed ? "allows" : "does not allow"} ${url} by "${entry}"`, () => {
      equal(isAllowedHost(new URL(url), [entry]), allowed);
    });
  }
});
