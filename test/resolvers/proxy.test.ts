import { deepEqual, equal, throws } from "node:assert/strict";
import { proxyFor } from "../../server/resolvers/proxy.ts";
import { Refusal } from "../../server/resolvers/resolver.ts";

describe("The proxy for an address", () => {
  const url = new URL("https://codecov.io/bash");
  const hostFor = (env: Record<string, string>, address = url): string | undefined => proxyFor(address, { env })?.host;

  it("is none where nothing is set", () => equal(proxyFor(url, { env: {} }), undefined));
  it("comes from HTTPS_PROXY", () => {
    deepEqual(proxyFor(url, { env: { HTTPS_PROXY: "http://proxy.corp:3128" } }), {
      secure: false,
      host: "proxy.corp",
      port: 3128,
    });
  });
  it("comes from https_proxy before HTTPS_PROXY", () =>
    equal(hostFor({ https_proxy: "http://a", HTTPS_PROXY: "http://b" }), "a"));
  it("comes from ALL_PROXY where no other is set", () => equal(hostFor({ ALL_PROXY: "http://a" }), "a"));
  it("does not come from HTTP_PROXY, which is for http", () => equal(hostFor({ HTTP_PROXY: "http://a" }), undefined));
  it("comes from the setting before the environment", () => {
    equal(proxyFor(url, { proxy: "http://set", env: { https_proxy: "http://a" } })?.host, "set");
  });
  it("comes from the environment where the setting is empty", () => {
    equal(proxyFor(url, { proxy: "", env: { https_proxy: "http://a" } })?.host, "a");
  });
  it("may be written without a scheme", () => {
    deepEqual(proxyFor(url, { env: { https_proxy: "proxy.corp:8080" } }), {
      secure: false,
      host: "proxy.corp",
      port: 8080,
    });
  });
  it("may be reached over TLS", () => {
    deepEqual(proxyFor(url, { env: { https_proxy: "https://proxy.corp" } }), {
      secure: true,
      host: "proxy.corp",
      port: 443,
    });
  });
  it("carries the credentials of its address, decoded", () => {
    const { authorization = "" } = proxyFor(url, { env: { https_proxy: "http://me:p%40ss@proxy.corp" } }) ?? {};
    equal(Buffer.from(authorization.replace("Basic ", ""), "base64").toString(), "me:p@ss");
  });
  it("is refused in words that hold no password where it is of another kind", () => {
    throws(
      () => proxyFor(url, { env: { https_proxy: "socks5://me:secret@proxy.corp" } }),
      (error) => error instanceof Refusal && error.code === "proxy" && !error.message.includes("secret"),
    );
  });

  const exemptions = [
    ["https://codecov.io/", "*", true],
    ["https://codecov.io/", "codecov.io", true],
    ["https://codecov.io/", "CODECOV.IO", true],
    ["https://uploader.codecov.io/", "codecov.io", true],
    ["https://uploader.codecov.io/", ".codecov.io", true],
    ["https://uploader.codecov.io/", "*.codecov.io", true],
    ["https://evilcodecov.io/", "codecov.io", false],
    ["https://codecov.io/", "example.com, codecov.io", true],
    ["https://codecov.io/", "example.com codecov.io", true],
    ["https://codecov.io/", "codecov.io:443", true],
    ["https://codecov.io/", "codecov.io:8443", false],
    ["https://codecov.io:8443/", "codecov.io:8443", true],
    ["https://codecov.io/", "io.codecov", false],
    ["https://codecov.io/", ",, ,", false],
    ["https://10.1.2.3/", "10.0.0.0/8", true],
    ["https://11.1.2.3/", "10.0.0.0/8", false],
    ["https://10.1.2.3/", "2.3", false],
    ["https://10.1.2.3/", "10.0.0.0/99", false],
    ["https://[fd00::1]/", "fd00::/8", true],
    ["https://[fd00::1]/", "[fd00::1]", true],
  ] as const;
  for (const [address, rules, exempt] of exemptions) {
    it(`${exempt ? "is not used" : "is used"} for ${address} with NO_PROXY "${rules}"`, () => {
      const env = { https_proxy: "http://proxy.corp", NO_PROXY: rules };
      equal(hostFor(env, new URL(address)), exempt ? undefined : "proxy.corp");
    });
  }
  it("has its exemptions from the setting before the environment", () => {
    const env = { https_proxy: "http://proxy.corp", NO_PROXY: "*" };
    equal(proxyFor(url, { env, noProxy: "example.com" })?.host, "proxy.corp");
  });
});
