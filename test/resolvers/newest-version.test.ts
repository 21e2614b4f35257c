import { deepEqual, equal, match } from "node:assert/strict";
import type { RequestListener } from "node:http";
import { text as textOf } from "node:stream/consumers";
import type { Question } from "../../server/core/index.ts";
import { createResolver } from "../../server/resolvers/network.ts";
import { newestVersion } from "../../server/resolvers/version-tag.ts";
import { createGitHost, type GitHost } from "../support/git-host.ts";
import { answers, startNetwork, type TestNetwork } from "../support/network.ts";
import { refused } from "../support/refused.ts";

type List = Extract<Question, { kind: "newestVersion" }>["list"];

describe("The newest exact version", () => {
  let network: TestNetwork;
  let host: GitHost;
  before(async () => {
    network = await startNetwork();
    host = createGitHost();
  });
  beforeEach(() => {
    network.forget();
    network.site("bitbucket.org", host.handler);
    network.site("circleci.com", orbSite({ "circleci/node": ["7.0.0", "6.3.0", "5.10.1", "5.9.0", "5.2.0"] }));
  });
  after(async () => {
    await network.close();
    host.close();
  });
  const ask = async (list: List, range = "") => {
    const resolver = createResolver({ env: { ...network.env, PATH: process.env.PATH } });
    const answer = await resolver.resolve({ kind: "newestVersion", list, range });
    return answer.kind === "newestVersion" ? answer.version : answer;
  };
  const orb = (name: string, range?: string) => ask({ kind: "orb", name }, range);
  const pipe = (repo: string, range?: string) => ask({ kind: "tags", host: "bitbucket.org", repo }, range);

  describe("of an orb", () => {
    it("is what the range stands for today, and the newest of all where there is no range", async () => {
      equal(await orb("circleci/node"), "7.0.0");
      equal(await orb("circleci/node", "5"), "5.10.1");
      equal(await orb("circleci/node", "5.9"), "5.9.0");
    });

    it("asks circleci.com once, with the orb's name as data and no credentials", async () => {
      await orb("circleci/node", "5");
      deepEqual(network.connections, ["circleci.com:443"]);
      const [request] = network.requests;
      deepEqual([request?.method, request?.url], ["POST", "/graphql-unstable"]);
      deepEqual([request?.headers.authorization, request?.headers.cookie], [undefined, undefined]);
    });

    it("is taken from the list where the range comes back as it was asked", async () => {
      network.site(
        "circleci.com",
        json({ data: { orbVersion: { version: "5", orb: { versions: versions("5.1.0") } } } }),
      );
      equal(await orb("circleci/node", "5"), "5.1.0");
    });

    const BAD: readonly (readonly [name: string, site: RequestListener, refusal: RegExp])[] = [
      [
        "no such orb",
        orbSite({}),
        /^not-found: CircleCI shows no release of the orb circleci\/node that begins with 5/u,
      ],
      [
        "no release in the range",
        json({ data: { orbVersion: { version: "dev:first", orb: { versions: [] } } } }),
        /^not-found: The orb circleci\/node has no released version that begins with 5\.$/u,
      ],
      [
        "an error of the interface",
        json({ errors: [{ message: "no" }], data: null }),
        /^content: circleci\.com answered/u,
      ],
      ["a web page", answers.html(), /^content: circleci\.com answered with something else/u],
      ["a rate limit", answers.text("", 429), /^status: .*limits the rate of requests/u],
      ["a failing server", answers.text("", 503), /^status: .*the server failed/u],
      ["a redirect", answers.redirect("https://example.com/"), /^redirect: /u],
    ];
    for (const [name, site, refusal] of BAD) {
      it(`is refused with the cause: ${name}`, async () => {
        network.site("circleci.com", site);
        match(await refused(orb("circleci/node", "5")), refusal);
      });
    }
  });

  describe("of a pipe", () => {
    before(() => {
      const repository = host.repository("acme/deploy");
      const commits = ["one", "two", "three"].map((message) => repository.commit(message));
      const [one = "", two = "", three = ""] = commits;
      repository.branch("master", three);
      for (const name of ["1.2.0", "1.10.0", "1.10.0-rc.1", "1.11.0-beta"]) repository.tag(name, one);
      for (const name of ["2.0.1", "latest", "2", "nightly-2030.01.01"]) repository.annotatedTag(name, two);
      host.repository("acme/untagged").branch("master", host.repository("acme/untagged").commit("one"));
      host.repository("acme/private", { credentials: "me:secret" }).commit("one");
    });

    it("is the highest release among the tags of its repository, in the range where there is one", async () => {
      equal(await pipe("acme/deploy"), "2.0.1");
      equal(await pipe("acme/deploy", "1"), "1.10.0");
      equal(await pipe("acme/deploy", "1.2"), "1.2.0");
    });

    it("is refused with the cause", async () => {
      equal(
        await refused(pipe("acme/deploy", "3")),
        "not-found: acme/deploy on bitbucket.org has no released version that begins with 3.",
      );
      equal(await refused(pipe("acme/untagged")), "not-found: acme/untagged on bitbucket.org has no released version.");
      match(await refused(pipe("acme/private")), /^authentication: .*does not exist or is private/u);
    });
  });

  it("compares numbers as numbers, and leaves out pre-releases, parts and other families", () => {
    equal(newestVersion(["v1.9.0", "v1.10.0", "v2.0.0-rc.1", "v3", "cli/v9.0.0", "1.2.3.4"], ""), "v1.10.0");
    equal(newestVersion(["1.2.3", "10.0.0"], "1"), "1.2.3");
    equal(newestVersion(["latest"], ""), undefined);
  });
});

/** What circleci.com answers: the newest release that a reference stands for, and the newest releases of its orb. */
function orbSite(orbs: Readonly<Record<string, readonly string[]>>): RequestListener {
  return async (request, response) => {
    const { variables } = JSON.parse(await textOf(request));
    const [name = "", range = ""] = String(variables.ref).split("@");
    const released = orbs[name];
    const version = released?.find((each) => range === "volatile" || each.startsWith(`${range}.`));
    const orbVersion = version && { version, orb: { versions: versions(...(released ?? [])) } };
    json({ data: { orbVersion: orbVersion ?? null } })(request, response);
  };
}

function versions(...names: readonly string[]) {
  return names.map((version) => ({ version }));
}

function json(value: unknown): RequestListener {
  return answers.text(JSON.stringify(value), 200, { "Content-Type": "application/json" });
}
