import { deepEqual, equal, match } from "node:assert/strict";
import dns from "node:dns";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type HttpRequest, httpRequest } from "../../server/resolvers/http.ts";
import { answers, startNetwork, type TestNetwork } from "../support/network.ts";
import { refused } from "../support/refused.ts";

describe("HTTP requests", () => {
  const open: TestNetwork[] = [];
  const start = async (options?: Parameters<typeof startNetwork>[0]): Promise<TestNetwork> => {
    const network = await startNetwork(options);
    open.push(network);
    return network;
  };
  const shared: { network?: TestNetwork } = {};
  const network = (): TestNetwork => shared.network ?? raise();
  const ask = (url: string, options: HttpRequest = {}) => httpRequest(url, { env: network().env, ...options });
  before(async () => {
    shared.network = await start();
  });
  beforeEach(() => network().forget());
  after(() => Promise.all(open.map((each) => each.close())));

  describe("through a proxy", () => {
    it("give the bytes as curl would save them", async () => {
      const body = Buffer.from([0x1f, 0x8b, 0x00, 0xff]);
      network().site("codecov.io", answers.text(body, 200, { "Content-Encoding": "gzip" }));
      deepEqual(Buffer.from((await ask("https://codecov.io/bash?x=1#top")).body), body);
      deepEqual(network().connections, ["codecov.io:443"]);
    });
    it("look like curl's and do not offer to decode anything", async () => {
      network().site("codecov.io", answers.text("x"));
      await ask("https://codecov.io/bash");
      const { "user-agent": agent, ...headers } = network().requests[0]?.headers ?? {};
      match(agent ?? "", /^curl\//u);
      deepEqual(headers, { host: "codecov.io", accept: "*/*", connection: "close" });
    });
    it("follow redirects and tell where they led, without the fragment", async () => {
      network().site("a.example.com", answers.redirect("https://b.example.com/x?y=1#z"));
      network().site("b.example.com", answers.text("here"));
      equal((await ask("https://a.example.com/")).finalUrl, "https://b.example.com/x?y=1");
    });
    it("send the credentials of an address to its own host only, and do not show them", async () => {
      network().site("a.example.com", answers.redirect("https://b.example.com/"));
      network().site("b.example.com", answers.text("here"));
      const response = await ask("https://me:secret@a.example.com/", { headers: { "X-Kept": "1" } });
      deepEqual(
        network().requests.map(({ headers }) => [headers.authorization, headers["x-kept"]]),
        [
          [`Basic ${Buffer.from("me:secret").toString("base64")}`, "1"],
          [undefined, "1"],
        ],
      );
      equal(response.finalUrl, "https://b.example.com/");
    });
    it("give any status but a redirect as an answer", async () => {
      network().site("codecov.io", answers.text("no", 404));
      equal((await ask("https://codecov.io/bash")).status, 404);
    });
    it("can ask for the head alone", async () => {
      network().site("codecov.io", answers.text("x", 200, { "Content-Length": "99999999" }));
      const response = await ask("https://codecov.io/bash", { method: "HEAD" });
      deepEqual([response.headers["content-length"], response.body.length], ["99999999", 0]);
    });
    it("authenticate to the proxy with the credentials of its address", async () => {
      const guarded = await start({ proxyCredentials: "me:p%40ss".replace("%40", "-") });
      guarded.site("codecov.io", answers.text("x"));
      equal((await httpRequest("https://codecov.io/", { env: guarded.env })).status, 200);
      const anonymous = { ...guarded.env, https_proxy: guarded.proxyUrl.replace("me:p-ss@", "") };
      match(
        await refused(httpRequest("https://codecov.io/", { env: anonymous })),
        /^proxy: The proxy localhost:\d+ asks for a user name and password/u,
      );
    });
    it("reach a proxy over TLS", async () => {
      const secure = await start({ secureProxy: true });
      secure.site("codecov.io", answers.text("x"));
      equal((await httpRequest("https://codecov.io/", { env: secure.env })).status, 200);
      deepEqual(secure.connections, ["codecov.io:443"]);
      const untrusting = { ...secure.env, NODE_EXTRA_CA_CERTS: "" };
      match(
        await refused(httpRequest("https://codecov.io/", { env: untrusting })),
        /^proxy: The proxy localhost:\d+ showed/u,
      );
    });
    it("accept any certificate where the setting says so", async () => {
      network().site("codecov.io", answers.text("x"), { certificate: "unknown authority" });
      equal((await ask("https://codecov.io/", { strictSsl: false })).status, 200);
    });
  });

  describe("that fail", () => {
    const failures: readonly [
      name: string,
      expected: RegExp,
      prepare: (network: TestNetwork) => void,
      options?: HttpRequest,
    ][] = [
      [
        "the proxy refuses",
        /^proxy: The proxy localhost:\d+ refused to connect to codecov\.io \(it answered 403\)\.$/u,
        (n) => n.site("codecov.io", answers.hang(), { proxyStatus: 403 }),
      ],
      [
        "the proxy cannot reach the host",
        /^connection: The proxy localhost:\d+ could not reach codecov\.io \(it answered 502\)\.$/u,
        (n) => n.site("codecov.io", answers.hang(), { proxyStatus: 502 }),
      ],
      [
        "the certificate has another name",
        /^tls: codecov\.io showed a certificate for another name/u,
        (n) => n.site("codecov.io", answers.hang(), { certificate: "other name" }),
      ],
      [
        "the certificate has expired",
        /^tls: codecov\.io showed a certificate that has expired/u,
        (n) => n.site("codecov.io", answers.hang(), { certificate: "expired" }),
      ],
      [
        "nobody knows the authority",
        /^tls: codecov\.io showed a certificate of an authority that is not trusted here/u,
        (n) => n.site("codecov.io", answers.hang(), { certificate: "unknown authority" }),
      ],
      [
        "no answer comes in time",
        /^timeout: https:\/\/codecov\.io\/bash did not answer in full within 0\.3 seconds\.$/u,
        (n) => n.site("codecov.io", answers.hang()),
        { timeoutMs: 300 },
      ],
      [
        "the answer is larger than the limit",
        /^too-large: https:\/\/codecov\.io\/bash is larger than the limit of 2 MiB\.$/u,
        (n) => n.site("codecov.io", answers.endless()),
        { maxBytes: 2 * 1024 * 1024 },
      ],
      [
        "the answer announces more than the limit",
        /^too-large: .* is larger than the limit of 10 bytes\.$/u,
        (n) => n.site("codecov.io", answers.text("12345678901", 200, { "Content-Length": "11" })),
        { maxBytes: 10 },
      ],
      [
        "the answer is cut short",
        /^content: https:\/\/codecov\.io\/bash was cut off/u,
        (n) => n.site("codecov.io", answers.cutShort()),
      ],
      [
        "the answer is cut within chunks",
        /^content: https:\/\/codecov\.io\/bash was cut off/u,
        (n) => n.site("codecov.io", answers.cutChunks()),
      ],
      [
        "the host hangs up",
        /^connection: codecov\.io broke off the connection/u,
        (n) => n.site("codecov.io", answers.dropped()),
      ],
      [
        "the host does not speak HTTP",
        /^content: codecov\.io did not answer in the language of HTTP\.$/u,
        (n) => n.site("codecov.io", answers.notHttp()),
      ],
      [
        "a redirect leads to http",
        /^redirect: https:\/\/codecov\.io\/bash redirects to http at codecov\.io; only https is followed\.$/u,
        (n) => n.site("codecov.io", answers.redirect("http://codecov.io/bash")),
      ],
      [
        "a redirect leads to a file",
        /^redirect: https:\/\/codecov\.io\/bash redirects to file; only https is followed\.$/u,
        (n) => n.site("codecov.io", answers.redirect("file:///etc/passwd")),
      ],
      [
        "a redirect leads to no address",
        /^redirect: https:\/\/codecov\.io\/bash redirects to something that is not an address\.$/u,
        (n) => n.site("codecov.io", answers.redirect("https://[/")),
      ],
      [
        "a redirect leads to a private address",
        /^private-address: https:\/\/codecov\.io\/bash redirects to 169\.254\.169\.254, which is not a public address/u,
        (n) => n.site("codecov.io", answers.redirect("https://169.254.169.254/latest")),
      ],
      [
        "redirects go in a circle",
        /^redirect: https:\/\/codecov\.io\/bash redirects in a circle\.$/u,
        (n) => n.site("codecov.io", answers.redirect("/bash")),
      ],
      [
        "redirects do not end",
        /^redirect: https:\/\/codecov\.io\/bash redirects more than 5 times\.$/u,
        (n) => n.site("codecov.io", (request, response) => answers.redirect(`${request.url}x`)(request, response)),
      ],
    ];
    for (const [name, expected, prepare, options] of failures) {
      it(`say so where ${name}`, async () => {
        prepare(network());
        match(await refused(ask("https://codecov.io/bash", options)), expected);
      });
    }

    it("follow exactly five redirects", async () => {
      const hop = /\/(\d)$/u;
      network().site("codecov.io", (request, response) => {
        const left = Number(hop.exec(request.url ?? "")?.[1]);
        (left === 0 ? answers.text("end") : answers.redirect(`/${left - 1}`))(request, response);
      });
      equal((await ask("https://codecov.io/5")).finalUrl, "https://codecov.io/0");
      match(await refused(ask("https://codecov.io/6")), /more than 5 times/u);
    });
    it("show neither the query nor the credentials of an address", async () => {
      network().site("codecov.io", answers.cutShort());
      equal(
        await refused(ask("https://me:secret@codecov.io/bash?token=secret#secret")),
        "content: https://codecov.io/bash was cut off: the connection ended before the whole answer had come.",
      );
    });
    it("end at once when they are cancelled", async () => {
      const controller = new AbortController();
      network().site("codecov.io", () => controller.abort());
      const message = await refused(ask("https://codecov.io/bash", { signal: controller.signal }));
      equal(message, "cancelled: Cancelled; nothing was changed.");
    });
    it("ask nobody when they are cancelled before they begin", async () => {
      const message = await refused(ask("https://codecov.io/bash", { signal: AbortSignal.abort() }));
      match(message, /^cancelled: /u);
      deepEqual(network().connections, []);
    });
    for (const url of [
      "http://codecov.io/bash",
      "ftp://codecov.io/bash",
      "file:///etc/passwd",
      "codecov.io/bash",
      "",
    ]) {
      it(`refuse "${url}" without asking anybody`, async () => {
        match(await refused(ask(url)), /^invalid: .* is not an https address; nothing was fetched\.$/u);
        deepEqual(network().connections, []);
      });
    }
    const privateAddresses = [
      "https://127.0.0.1/",
      "https://[::1]/",
      "https://2130706433/",
      "https://0177.1/",
      "https://localhost/",
    ];
    for (const url of privateAddresses) {
      it(`refuse ${url} without asking the proxy`, async () => {
        match(await refused(ask(url)), /^private-address: .* is not a public address and is not asked/u);
        deepEqual(network().connections, []);
      });
    }
    it("say so where the proxy itself refuses the connection", async () => {
      const env = { https_proxy: `http://localhost:${network().closedPort}` };
      match(
        await refused(ask("https://codecov.io/", { env })),
        /^proxy: The proxy localhost:\d+ refused the connection\.$/u,
      );
    });
    it("do not begin with a proxy of an unknown kind", async () => {
      match(
        await refused(ask("https://codecov.io/", { proxy: "socks5://me:secret@localhost" })),
        /^proxy: The proxy that is set/u,
      );
    });
  });

  describe("without a proxy", () => {
    const direct = (): HttpRequest => ({
      env: { NODE_EXTRA_CA_CERTS: network().caFile },
      allowedHosts: ["localhost", "127.0.0.1"],
    });

    it("reach a private host that is allowed", async () => {
      network().site("localhost", answers.text("own"));
      network().site("127.0.0.1", answers.text("address"));
      const { port } = network();
      equal(Buffer.from((await ask(`https://localhost:${port}/`, direct())).body).toString(), "own");
      equal(Buffer.from((await ask(`https://127.0.0.1:${port}/`, direct())).body).toString(), "address");
      deepEqual(network().connections, []);
    });
    it("leave the proxy out where NO_PROXY says so", async () => {
      network().site("localhost", answers.text("own"));
      const env = { ...network().env, NO_PROXY: "localhost" };
      equal((await ask(`https://localhost:${network().port}/`, { ...direct(), env })).status, 200);
      deepEqual(network().connections, []);
    });
    it("say so where the host refuses the connection", async () => {
      const { closedPort } = network();
      equal(
        await refused(ask(`https://localhost:${closedPort}/`, direct())),
        `connection: localhost:${closedPort} refused the connection.`,
      );
    });
    it("say so where the certificate is not trusted", async () => {
      const options = { ...direct(), env: {} };
      match(
        await refused(ask(`https://localhost:${network().port}/`, options)),
        /^tls: localhost:\d+ showed a certificate of an auth/u,
      );
    });

    describe("judge the address that a name leads to", () => {
      const { lookup } = dns;
      const names = new Map<string, readonly dns.LookupAddress[] | Error>();
      const asked: string[] = [];
      beforeEach(() => {
        asked.length = 0;
        names.clear();
        dns.lookup = ((name: string, _options: unknown, done: (error: Error | null, found?: unknown) => void) => {
          asked.push(name);
          const found = names.get(name) ?? new Error("unexpected name");
          if (found instanceof Error) done(found);
          else done(null, found);
        }) as typeof dns.lookup;
      });
      afterEach(() => {
        dns.lookup = lookup;
      });

      it("and refuse a public name that leads to a private address", async () => {
        names.set("rebinding.example.com", [{ address: "127.0.0.1", family: 4 }]);
        equal(
          await refused(ask(`https://rebinding.example.com:${network().port}/`, { env: {} })),
          "private-address: rebinding.example.com (127.0.0.1) is not a public address and is not asked; allow the host in the settings if it is yours.",
        );
        deepEqual([network().requests, asked], [[], ["rebinding.example.com"]]);
      });
      it("at the moment of connecting, once per connection", async () => {
        names.set("rebinding.example.com", [{ address: "127.0.0.1", family: 4 }]);
        network().site("rebinding.example.com", answers.text("own"));
        const allowed = { ...direct(), allowedHosts: ["rebinding.example.com"] };
        equal((await ask(`https://rebinding.example.com:${network().port}/`, allowed)).status, 200);
        deepEqual(asked, ["rebinding.example.com"]);
      });
      it("and refuse a redirect to such a name", async () => {
        names.set("a.example.com", [{ address: "127.0.0.1", family: 4 }]);
        names.set("b.example.com", [
          { address: "::1", family: 6 },
          { address: "10.0.0.1", family: 4 },
        ]);
        network().site("a.example.com", answers.redirect(`https://b.example.com:${network().port}/`));
        const url = `https://a.example.com:${network().port}/`;
        equal(
          await refused(ask(url, { ...direct(), allowedHosts: ["a.example.com"] })),
          `private-address: ${url} redirects to b.example.com (::1), which is not a public address and is not asked; allow the host in the settings if it is yours.`,
        );
      });
      it("and say so where a name leads nowhere", async () => {
        names.set("codecov.io", Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" }));
        equal(
          await refused(ask("https://codecov.io/bash", { env: {} })),
          "offline: codecov.io could not be found by name; check the network and the name.",
        );
      });
    });
  });

  describe("over plain http", () => {
    const shop: { server?: Server; port?: number } = {};
    before(async () => {
      const server = createServer((_request, response) => response.end("registry"));
      shop.server = server;
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      shop.port = (server.address() as AddressInfo).port;
    });
    after(() => shop.server?.close());

    it("reach only a host that the caller names for it, never by the proxy", async () => {
      const url = `http://localhost:${shop.port}/v2/`;
      equal((await ask(url, { allowedHosts: ["localhost"], plainHttpHosts: ["localhost"] })).status, 200);
      deepEqual(network().connections, []);
      match(await refused(ask(url, { allowedHosts: ["localhost"] })), /^invalid: /u);
      match(await refused(ask(url, { plainHttpHosts: ["localhost"] })), /^private-address: /u);
    });
  });
});

function raise(): never {
  throw new Error("the network has not been started");
}
