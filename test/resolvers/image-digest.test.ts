import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join, relative } from "node:path";
import { answerImageDigest } from "../../server/resolvers/image-digest.ts";
import { readImageName } from "../../server/resolvers/image-name.ts";
import { createResolver } from "../../server/resolvers/network.ts";
import { useFolders } from "../support/folder.ts";
import { answers, startNetwork, type TestNetwork } from "../support/network.ts";
import { refused } from "../support/refused.ts";
import {
  basicCredentials,
  hasDockerRegistry,
  imageIndex,
  imageManifest,
  MEDIA_TYPES,
  registrySite,
  startDockerRegistry,
  startTokenServer,
  stored,
  type TestManifest,
} from "../support/registry.ts";

const amd64 = imageManifest("amd64");
const arm64 = imageManifest("arm64");
const index = imageIndex({ "linux/amd64": amd64, "linux/arm64/v8": arm64 });
const SECRET = "p4ss:w0rd";

describe("Image digests", () => {
  const folder = useFolders();
  const shared: { network?: TestNetwork } = {};
  const network = (): TestNetwork => shared.network ?? raise();
  before(async () => {
    shared.network = await startNetwork();
  });
  beforeEach(() => network().forget());
  after(() => network().close());

  /** Asks in a world in which docker's configuration is the given one. */
  const ask = (image: string, config?: unknown, env: Readonly<Record<string, string>> = {}) => {
    const home = folder(config === undefined ? {} : { "config.json": text(config) });
    return answerImageDigest(
      { kind: "imageDigest", image },
      { env: { ...network().env, DOCKER_CONFIG: home, ...env }, storageFolder: folder() },
    );
  };
  const asked = (): string[] => network().requests.map(({ method, host, url }) => `${method} ${host}${url}`);

  describe("of names", () => {
    const names = [
      ["node", "https://registry-1.docker.io", "library/node", "latest"],
      ["node:22", "https://registry-1.docker.io", "library/node", "22"],
      ["grafana/k6:0.5", "https://registry-1.docker.io", "grafana/k6", "0.5"],
      ["docker.io/node:22", "https://registry-1.docker.io", "library/node", "22"],
      ["index.docker.io/library/node", "https://registry-1.docker.io", "library/node", "latest"],
      ["docker.io/x/y", "https://registry-1.docker.io", "x/y", "latest"],
      ["ghcr.io/o/deep/name:v1.2", "https://ghcr.io", "o/deep/name", "v1.2"],
      ["quay.io/o/x", "https://quay.io", "o/x", "latest"],
      ["gcr.io/p/x:1", "https://gcr.io", "p/x", "1"],
      ["europe-docker.pkg.dev/p/r/x:1", "https://europe-docker.pkg.dev", "p/r/x", "1"],
      ["public.ecr.aws/docker/library/node:22", "https://public.ecr.aws", "docker/library/node", "22"],
      ["mcr.microsoft.com/dotnet/sdk:8.0", "https://mcr.microsoft.com", "dotnet/sdk", "8.0"],
      ["Registry.example.com:8443/team/x", "https://registry.example.com:8443", "team/x", "latest"],
      ["localhost:5000/x:tag", "http://localhost:5000", "x", "tag"],
      ["localhost/x", "http://localhost", "x", "latest"],
      ["127.0.0.1:5000/x", "http://127.0.0.1:5000", "x", "latest"],
      ["[::1]:5000/x", "http://[::1]:5000", "x", "latest"],
    ] as const;
    for (const [name, origin, repository, tag] of names) {
      it(`ask for ${name} where docker would`, () => {
        const image = readImageName(name);
        deepEqual([image.origin, image.repository, image.tag], [origin, repository, tag]);
      });
    }
    const strange = ["", "node:", "Node", "a//b", "../x", "a b", "x:y:z", "ghcr.io/", "ghcr.io/x?y", "ghcr.io:99999/x"];
    for (const name of [...strange, "-x", "$IMAGE", "x:\u202e", "user:pw@ghcr.io/x", `x/${"y".repeat(400)}`]) {
      it(`refuse ${JSON.stringify(name.slice(0, 20))} without asking anybody`, async () => {
        match(await refused(ask(name)), /^invalid: .*nothing was asked\.$/u);
        deepEqual(network().connections, []);
      });
    }
    it("refuse a name that has a tag and a digest", async () => {
      match(await refused(ask(`node:22@${index.digest}`)), /^invalid: .*nothing was asked\.$/u);
    });
  });

  describe("of content that is named by its digest", () => {
    it("are the same where the registry still has it", async () => {
      network().site("ghcr.io", registrySite({ "o/x:v1": index }));
      deepEqual(await ask(`ghcr.io/o/x@${index.digest}`), { kind: "imageDigest", digest: index.digest, platforms: 2 });
    });
    it("are refused where it is gone", async () => {
      network().site("ghcr.io", registrySite({ "o/x:v1": index }));
      equal(
        await refused(ask(`ghcr.io/o/x@${amd64.digest}`)),
        `not-found: ghcr.io has nothing in o/x under the digest ${amd64.digest}, or does not show it.`,
      );
    });
  });

  describe("of what a tag names", () => {
    const serve = (manifest: TestManifest): void => {
      network().site("ghcr.io", registrySite({ "o/x:v1": manifest }));
    };
    it("are those of the index, with the number of its platforms", async () => {
      serve(index);
      deepEqual(await ask("ghcr.io/o/x:v1"), { kind: "imageDigest", digest: index.digest, platforms: 2 });
    });
    it("are read from the index by its digest, since the tag may move meanwhile", async () => {
      serve(index);
      await ask("ghcr.io/o/x:v1");
      deepEqual(asked(), ["HEAD ghcr.io/v2/o/x/manifests/v1", `GET ghcr.io/v2/o/x/manifests/${index.digest}`]);
    });
    it("are those of a manifest list", async () => {
      const list = imageIndex({ "linux/amd64": amd64, "windows/amd64": arm64 }, MEDIA_TYPES.dockerList);
      serve(list);
      deepEqual(await ask("ghcr.io/o/x:v1"), { kind: "imageDigest", digest: list.digest, platforms: 2 });
    });
    it("are those of a single manifest, for which the head is enough", async () => {
      for (const type of [MEDIA_TYPES.ociManifest, MEDIA_TYPES.dockerManifest]) {
        const single = imageManifest("single", type);
        serve(single);
        deepEqual(await ask("ghcr.io/o/x:v1"), { kind: "imageDigest", digest: single.digest, platforms: 1 });
      }
      deepEqual(asked(), Array(2).fill("HEAD ghcr.io/v2/o/x/manifests/v1"));
    });
    it("ask for every kind of manifest and index, and not for the old schema 1", async () => {
      serve(amd64);
      await ask("ghcr.io/o/x:v1");
      deepEqual(network().requests[0]?.headers.accept?.split(", ").sort(), Object.values(MEDIA_TYPES).sort());
    });
    it("do not count attestations as platforms", async () => {
      const attested = imageIndex({ "linux/amd64": amd64, "unknown/unknown": arm64 });
      serve(attested);
      equal((await ask("ghcr.io/o/x:v1")).platforms, 1);
    });
    it("are computed where the registry does not say them", async () => {
      for (const manifest of [index, amd64]) {
        network().site("ghcr.io", answers.text(manifest.body, 200, { "Content-Type": manifest.type }));
        equal((await ask("ghcr.io/o/x:v1")).digest, manifest.digest);
      }
    });
    it("are computed where the registry says them in another algorithm", async () => {
      const headers = { "Content-Type": amd64.type, "Docker-Content-Digest": `sha512:${"0".repeat(128)}` };
      network().site("ghcr.io", answers.text(amd64.body, 200, headers));
      equal((await ask("ghcr.io/o/x:v1")).digest, amd64.digest);
    });
    it("are found although the registry does not know HEAD", async () => {
      const site = registrySite({ "o/x:v1": index });
      network().site("ghcr.io", (request, response) => {
        if (request.method === "HEAD") response.writeHead(405).end();
        else site(request, response);
      });
      equal((await ask("ghcr.io/o/x:v1")).digest, index.digest);
    });
  });

  describe("behind a token server", () => {
    it("are asked with a token for exactly this repository that everybody gets", async () => {
      network().site("registry-1.docker.io", tokenRegistry(registrySite({ "library/node:22": index })));
      network().site("auth.docker.io", tokenServer({}));
      deepEqual(await ask("node:22"), { kind: "imageDigest", digest: index.digest, platforms: 2 });
      deepEqual(asked(), [
        "HEAD registry-1.docker.io/v2/library/node/manifests/22",
        "GET auth.docker.io/token?service=registry&scope=repository%3Alibrary%2Fnode%3Apull",
        "HEAD registry-1.docker.io/v2/library/node/manifests/22",
        `GET registry-1.docker.io/v2/library/node/manifests/${index.digest}`,
      ]);
    });
    it("do not look at docker's credentials for an image that is open to everybody", async () => {
      network().site("registry-1.docker.io", tokenRegistry(registrySite({ "library/node:22": index })));
      network().site("auth.docker.io", tokenServer({}));
      await ask("node:22", { auths: { "https://index.docker.io/v1/": auth() }, credsStore: "missing" });
      deepEqual(
        network().requests.filter(({ headers }) => headers.authorization?.startsWith("Basic")),
        [],
      );
    });
    it("keep the scope that the registry names", async () => {
      const challenge = 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"';
      network().site("public.ecr.aws", (request, response) => {
        if (request.url?.startsWith("/token/")) response.end('{"token":"open"}');
        else if (request.headers.authorization === "Bearer open") registrySite({ "a/x:1": index })(request, response);
        else response.writeHead(401, { "WWW-Authenticate": challenge }).end();
      });
      equal((await ask("public.ecr.aws/a/x:1")).digest, index.digest);
      equal(asked()[1], "GET public.ecr.aws/token/?service=public.ecr.aws&scope=aws");
    });
    it("understand a challenge among others, and a token under its other name", async () => {
      const challenge = 'Negotiate, Basic realm="a, b=\\"c\\"", BEARER Realm = "https://ghcr.io/token?x=1" , service=s';
      network().site("ghcr.io", (request, response) => {
        if (request.url?.startsWith("/token")) response.end('{"access_token":"open"}');
        else if (request.headers.authorization === "Bearer open") registrySite({ "o/x:1": index })(request, response);
        else response.writeHead(401, { "WWW-Authenticate": challenge }).end();
      });
      equal((await ask("ghcr.io/o/x:1")).digest, index.digest);
      equal(asked()[1], "GET ghcr.io/token?x=1&service=s&scope=repository%3Ao%2Fx%3Apull");
    });

    const realms = [
      ["http://auth.example.com/token", /^redirect: ghcr\.io sends to http:\/\/auth\.example\.com\/token for a token/u],
      ["https://10.0.0.1/token", /^private-address: 10\.0\.0\.1 is not a public address/u],
      ["https://localhost/token", /^private-address: localhost is not a public address/u],
      ["https://me:pw@auth.example.com/token", /^redirect: ghcr\.io sends to https:\/\/auth\.example\.com\/token/u],
      ["file:///etc/passwd", /^redirect: ghcr\.io sends to file:/u],
      ["", /^redirect: ghcr\.io sends to something that is not an address/u],
    ] as const;
    for (const [realm, expected] of realms) {
      it(`refuse to ask ${realm || "nothing"} for one`, async () => {
        network().site("ghcr.io", challenging(`Bearer realm="${realm}",service="x"`));
        match(await refused(ask("ghcr.io/o/x:1", { auths: { "ghcr.io": auth() } })), expected);
        deepEqual(network().connections, ["ghcr.io:443"]);
      });
    }

    const failures: readonly [name: string, handler: RequestListener, expected: RegExp][] = [
      ["answers no token", answers.text('{"other":"x"}'), /^content: auth\.docker\.io gave no token/u],
      ["answers a token with a line break", answers.text('{"token":"a\\r\\nb"}'), /^content: .* gave no token/u],
      ["answers a web page", answers.html(), /^content: auth\.docker\.io gave no token/u],
      [
        "fails",
        answers.text("x", 503),
        /^status: https:\/\/auth\.docker\.io\/token answered 503 \(Service Unavailable\): the server failed\.$/u,
      ],
      [
        "limits the rate",
        answers.text("x", 429, { "Retry-After": "30" }),
        /^status: auth\.docker\.io limits the rate of requests .* try again in 30 seconds\.$/u,
      ],
      [
        "declines",
        answers.text("x", 403),
        /^authentication: docker\.io does not show library\/node to everybody: it is private or does not exist\. .*"docker login"/u,
      ],
      [
        "answers without end",
        answers.endless(),
        /^too-large: https:\/\/auth\.docker\.io\/token is larger than .* 4 MiB/u,
      ],
    ];
    for (const [name, handler, expected] of failures) {
      it(`are refused where it ${name}`, async () => {
        network().site("registry-1.docker.io", tokenRegistry(registrySite({ "library/node:22": index })));
        network().site("auth.docker.io", handler);
        match(await refused(ask("node:22")), expected);
      });
    }
  });

  describe("of private images", () => {
    const servePrivate = (): void => {
      const site = registrySite({ "o/x:v1": index });
      network().site("ghcr.io", (request, response) => {
        if (basicCredentials(request) === `me:${SECRET}`) site(request, response);
        else response.writeHead(401, { "WWW-Authenticate": 'Basic realm="test"' }).end();
      });
    };
    const found = { kind: "imageDigest", digest: index.digest, platforms: 2 };
    const private_ = /^authentication: ghcr\.io does not show o\/x to everybody: .*"docker login ghcr\.io"/u;

    for (const [name, config] of [
      ["by the registry's name", { auths: { "ghcr.io": auth() } }],
      ["by an old address", { auths: { "https://ghcr.io/v1/": auth() } }],
      ["by a path above the repository", { auths: { "ghcr.io": auth("other:x"), "ghcr.io/o": auth() } }],
      ["as plain fields", { auths: { "ghcr.io": { username: "me", password: SECRET } } }],
    ] as const) {
      it(`are asked with the credentials that docker keeps ${name}`, async () => {
        servePrivate();
        deepEqual(await ask("ghcr.io/o/x:v1", config), found);
      });
    }
    for (const [name, config] of [
      ["no configuration", undefined],
      ["credentials for other registries", { auths: { "ghcr.io.example.com": auth(), "quay.io": auth() } }],
      ["credentials for another path", { auths: { "ghcr.io/other": auth(), "ghcr.io/o/xy": auth() } }],
      ["an empty entry", { auths: { "ghcr.io": {} } }],
      ["odd shapes", { auths: { "ghcr.io": [1] }, credHelpers: 3, credsStore: "" }],
    ] as const) {
      it(`are refused where docker has ${name}`, async () => {
        servePrivate();
        match(await refused(ask("ghcr.io/o/x:v1", config)), private_);
      });
    }
    it("find docker's configuration in the home folder", async () => {
      servePrivate();
      const home = folder({ ".docker/config.json": text({ auths: { "ghcr.io": auth() } }) });
      deepEqual(await ask("ghcr.io/o/x:v1", undefined, { DOCKER_CONFIG: "", HOME: home }), found);
    });
    it("do not look for a configuration below the folder they run in", async () => {
      servePrivate();
      const here = relative(process.cwd(), folder({ "config.json": text({ auths: { "ghcr.io": auth() } }) }));
      match(await refused(ask("ghcr.io/o/x:v1", undefined, { DOCKER_CONFIG: here })), private_);
    });
    it("say that docker's configuration cannot be read, without its text", async () => {
      servePrivate();
      const message = await refused(ask("ghcr.io/o/x:v1", `{"auths": ${SECRET}`));
      match(message, /^authentication: docker's config\.json cannot be read/u);
      doesNotMatch(message, /p4ss/u);
    });
    it("say that the kept credentials do not help, without showing them", async () => {
      servePrivate();
      const message = await refused(ask("ghcr.io/o/x:v1", { auths: { "ghcr.io": auth("me:wrong-secret") } }));
      match(message, /^authentication: ghcr\.io does not show o\/x with the credentials that docker has kept/u);
      doesNotMatch(message, /wrong-secret|d3Jvbmc/u);
    });
    it("show credentials to the token server and the token to the registry", async () => {
      network().site("registry-1.docker.io", tokenRegistry(registrySite({ "me/x:1": index })));
      network().site("auth.docker.io", tokenServer({ credentials: `me:${SECRET}` }));
      const config = { auths: { "https://index.docker.io/v1/": auth() } };
      equal((await ask("me/x:1", config)).digest, index.digest);
      deepEqual(
        network().requests.map(({ host, headers }) => [host, headers.authorization?.split(" ")[0]]),
        [
          ["registry-1.docker.io", undefined],
          ["auth.docker.io", undefined],
          ["registry-1.docker.io", "Bearer"],
          ["registry-1.docker.io", undefined],
          ["auth.docker.io", "Basic"],
          ["registry-1.docker.io", "Bearer"],
          ["registry-1.docker.io", "Bearer"],
        ],
      );
    });
    it("are asked again with credentials where a registry hides what is private or limits strangers", async () => {
      for (const status of [403, 404, 429]) {
        const site = registrySite({ "me/x:1": index });
        network().site("registry-1.docker.io", (request, response) => {
          const { authorization } = request.headers;
          if (authorization === "Bearer mine") site(request, response);
          else if (authorization === "Bearer open") response.writeHead(status).end();
          else challenging(CHALLENGE)(request, response);
        });
        network().site("auth.docker.io", (request, response) => {
          response.end(JSON.stringify({ token: basicCredentials(request) === `me:${SECRET}` ? "mine" : "open" }));
        });
        equal((await ask("me/x:1", { auths: { "docker.io": auth() } })).digest, index.digest);
      }
    });
    it("exchange an identity token, which goes to the token server alone", async () => {
      const site = registrySite({ "o/x:1": index });
      const forms: string[] = [];
      network().site("corp.azurecr.io", (request, response) => {
        const { authorization } = request.headers;
        if (authorization === "Bearer mine") site(request, response);
        else challenging('Bearer realm="https://auth.azurecr.io/token",service="corp"')(request, response);
      });
      network().site("auth.azurecr.io", (request, response) => {
        if (request.method !== "POST") return challenging("Basic")(request, response);
        let form = "";
        request.setEncoding("utf8").on("data", (chunk: string) => {
          form += chunk;
        });
        request.on("end", () => {
          forms.push(form);
          response.end('{"access_token":"mine"}');
        });
      });
      const config = { auths: { "corp.azurecr.io": { ...auth("00000000:"), identitytoken: "refresh&me" } } };
      equal((await ask("corp.azurecr.io/o/x:1", config)).digest, index.digest);
      deepEqual(forms, [
        "grant_type=refresh_token&client_id=pipewarden&refresh_token=refresh%26me&service=corp&scope=repository%3Ao%2Fx%3Apull",
      ]);
    });
    it("do not send an identity token to where the token server redirects", async () => {
      network().site("ghcr.io", challenging('Bearer realm="https://auth.example.com/token"'));
      network().site("auth.example.com", (request, response) => {
        if (request.method === "POST") answers.redirect("https://evil.example.com/", 307)(request, response);
        else response.writeHead(401).end();
      });
      const config = { auths: { "ghcr.io": { identitytoken: "mine" } } };
      match(await refused(ask("ghcr.io/o/x:1", config)), /^redirect: https:\/\/auth\.example\.com\/token redirects/u);
      equal(network().connections.includes("evil.example.com:443"), false);
    });
    it("show a registry token to the registry alone", async () => {
      const site = registrySite({ "o/x:1": index });
      network().site("ghcr.io", (request, response) => {
        if (request.headers.authorization === "Bearer mine") site(request, response);
        else challenging('Bearer realm="https://auth.example.com/token"')(request, response);
      });
      network().site("auth.example.com", answers.text("", 403));
      equal((await ask("ghcr.io/o/x:1", { auths: { "ghcr.io": { registrytoken: "mine" } } })).digest, index.digest);
    });
    it("do not show credentials to a host that the registry redirects to", async () => {
      network().site("ghcr.io", (request, response) => {
        if (request.headers.authorization === undefined) challenging("Basic realm=x")(request, response);
        else answers.redirect("https://cdn.example.com/x")(request, response);
      });
      network().site("cdn.example.com", answers.text(amd64.body, 200, { "Content-Type": amd64.type }));
      equal((await ask("ghcr.io/o/x:1", { auths: { "ghcr.io": auth() } })).digest, amd64.digest);
      deepEqual(
        network().requests.flatMap(({ host, headers }) => (host === "cdn.example.com" ? [headers.authorization] : [])),
        [undefined, undefined],
      );
    });
    it("do not answer the challenge of a host that the registry redirects to", async () => {
      network().site("ghcr.io", answers.redirect("https://evil.example.com/x"));
      network().site("evil.example.com", challenging('Bearer realm="https://evil.example.com/token"'));
      match(await refused(ask("ghcr.io/o/x:1", { auths: { "ghcr.io": auth() } })), private_);
      deepEqual(asked(), ["HEAD ghcr.io/v2/o/x/manifests/1", "HEAD evil.example.com/x"]);
    });

    describe("with a credential helper", () => {
      /** A folder with a helper that writes down how it was run and then goes on as `script` says. */
      const helper = (script: string): { readonly bin: string; readonly path: string; readonly log: string } => {
        const bin = folder();
        const log = join(bin, "log");
        const body = `#!/bin/sh\n{ echo "$0 $*"; cat; echo; ls -A; echo "$$"; } > '${log}'\n${script}\n`;
        const home = folder({ "docker-credential-test": body });
        chmodSync(join(home, "docker-credential-test"), 0o755);
        return { bin: home, path: `${home}:${process.env.PATH}`, log };
      };
      const print = (answer: unknown): string => `printf '%s' '${JSON.stringify(answer)}'`;
      const mine = { ServerURL: "ghcr.io", Username: "me", Secret: SECRET };
      before(function () {
        if (process.platform === "win32") this.skip();
      });

      it("take what it gives, and tell it the registry only, in an empty folder", async () => {
        servePrivate();
        const { bin, path, log } = helper(print(mine));
        const config = { credHelpers: { "ghcr.io": "test" }, credsStore: "missing" };
        deepEqual(await ask("ghcr.io/o/x:v1", config, { PATH: path }), found);
        const [command, stdin, ...rest] = readFileSync(log, "utf8").split("\n");
        deepEqual([command, stdin, rest.length], [`${bin}/docker-credential-test get`, "ghcr.io", 2]);
      });
      it("ask the store of all registries, by Docker Hub's old address", async () => {
        network().site("registry-1.docker.io", tokenRegistry(registrySite({ "me/x:1": index })));
        network().site("auth.docker.io", tokenServer({ credentials: `me:${SECRET}` }));
        const { path, log } = helper(print(mine));
        await ask("me/x:1", { auths: { "https://index.docker.io/v1/": {} }, credsStore: "test" }, { PATH: path });
        match(readFileSync(log, "utf8"), /\nhttps:\/\/index\.docker\.io\/v1\/\n/u);
      });
      it("exchange the identity token that it gives", async () => {
        network().site("ghcr.io", challenging('Bearer realm="https://ghcr.io/token"'));
        const { path } = helper(print({ Username: "<token>", Secret: "mine" }));
        await refused(ask("ghcr.io/o/x:1", { credsStore: "test" }, { PATH: path }));
        equal(asked().at(-1), "POST ghcr.io/token");
      });
      it("go on without where it has nothing, to what the file itself holds", async () => {
        servePrivate();
        const { path } = helper("echo 'credentials not found in native keychain'; exit 1");
        match(await refused(ask("ghcr.io/o/x:v1", { credsStore: "test" }, { PATH: path })), private_);
        const config = { credsStore: "test", auths: { "ghcr.io": auth() } };
        deepEqual(await ask("ghcr.io/o/x:v1", config, { PATH: path }), found);
      });
      it("are not found by relative entries of PATH, nor where npm puts programs", async () => {
        servePrivate();
        const { log, bin } = helper(print(mine));
        const project = folder({
          "node_modules/.bin/docker-credential-test": readFileSync(`${bin}/docker-credential-test`),
        });
        const npm = join(project, "node_modules/.bin");
        chmodSync(join(npm, "docker-credential-test"), 0o755);
        const climbing = join("..", "..", "..", "..", "..", bin);
        for (const path of [npm, `${npm}/`, climbing, "."]) {
          const message = await refused(ask("ghcr.io/o/x:v1", { credsStore: "test" }, { PATH: path }));
          match(message, /^authentication: .* docker-credential-test, which was not found on PATH\.$/u);
        }
        equal(existsSync(log), false);
      });

      const failures = [
        ["fails", `echo ${SECRET}; echo ${SECRET} >&2; exit 3`, /docker-credential-test, which failed\.$/u],
        ["prints no JSON", `echo ${SECRET}`, /docker-credential-test did not answer as a credential helper does\.$/u],
        ["prints without end", "yes", /docker-credential-test did not answer as a credential helper does\.$/u],
      ] as const;
      for (const [name, script, expected] of failures) {
        it(`say so where it ${name}, without its text`, async () => {
          servePrivate();
          const { path } = helper(script);
          const message = await refused(ask("ghcr.io/o/x:v1", { credsStore: "test" }, { PATH: path }));
          match(message, expected);
          doesNotMatch(message, /p4ss/u);
        });
      }
      for (const name of ["../x", "a b", "a;b", "", "-x", 7]) {
        it(`do not run one named ${JSON.stringify(name)}`, async () => {
          servePrivate();
          const message = await refused(ask("ghcr.io/o/x:v1", { credHelpers: { "ghcr.io": name } }));
          match(message, name === "" ? private_ : /not a plain word; it was not run\.$/u);
        });
      }
      it("stop it when the person cancels", async () => {
        servePrivate();
        const { path, log } = helper("sleep 60");
        const controller = new AbortController();
        const home = folder({ "config.json": text({ credsStore: "test" }) });
        const env = { ...network().env, DOCKER_CONFIG: home, PATH: path };
        const answer = answerImageDigest(
          { kind: "imageDigest", image: "ghcr.io/o/x:v1" },
          { env, storageFolder: folder(), signal: controller.signal },
        );
        while (!existsSync(log) || !/\n\d+\n$/u.test(readFileSync(log, "utf8"))) await soon();
        controller.abort();
        match(await refused(answer), /^cancelled: /u);
        const pid = Number(readFileSync(log, "utf8").trim().split("\n").at(-1));
        while (isAlive(pid)) await soon();
      });
      it("tell the registry's own answer where that was not about credentials", async () => {
        network().site("registry-1.docker.io", tokenRegistry(registrySite({})));
        network().site("auth.docker.io", tokenServer({}));
        match(await refused(ask("node:99", { credsStore: "missing" }, { PATH: "/nowhere" })), /^not-found: /u);
      });
    });
  });

  describe("are refused", () => {
    const typed = (manifest: TestManifest, type = manifest.type, headers: Readonly<Record<string, string>> = {}) =>
      answers.text(manifest.body, 200, { "Content-Type": type, ...headers });
    const schema1 = stored("application/vnd.docker.distribution.manifest.v1+prettyjws", { schemaVersion: 1 });
    const failures: readonly [name: string, handler: RequestListener, expected: RegExp][] = [
      [
        "for an unknown tag",
        registrySite({}),
        /^not-found: ghcr\.io has no image o\/x with the tag "v1", or does not show it\.$/u,
      ],
      [
        "for 401 without a way to log in",
        answers.text("", 401),
        /^authentication: ghcr\.io does not show o\/x to every/u,
      ],
      ["for 403", answers.text("", 403), /^authentication: ghcr\.io does not show o\/x to everybody: it is private/u],
      [
        "for a login that is not known",
        challenging("Negotiate"),
        /^authentication: ghcr\.io asks for a kind of login that is not known here\.$/u,
      ],
      [
        "for a rate limit with a time in seconds",
        answers.text("", 429, { "Retry-After": "300" }),
        /^status: ghcr\.io limits the rate of requests and wants no more of them now; try again in 5 minutes\.$/u,
      ],
      [
        "for a rate limit with a date",
        answers.text("", 429, { "Retry-After": new Date(Date.now() + 7_200_000).toUTCString() }),
        /^status: ghcr\.io limits .* try again in 2 hours\.$/u,
      ],
      [
        "for a rate limit without end",
        answers.text("", 429, { "Retry-After": "999999999" }),
        /^status: ghcr\.io limits .* try again later\.$/u,
      ],
      ["for a bare rate limit", answers.text("", 429), /^status: ghcr\.io limits .* try again later\.$/u],
      [
        "for a server that fails",
        answers.text("", 502),
        /^status: https:\/\/ghcr\.io\/v2\/o\/x\/manifests\/v1 answered 502 \(Bad Gateway\): the server failed\.$/u,
      ],
      ["for an odd status", answers.text("", 204), /^status: .* answered 204 \(No Content\), which is no content\.$/u],
      ["for a web page", answers.html(), /^content: Asked for o\/x:v1, ghcr\.io answered with a web page/u],
      [
        "for another content type",
        typed(amd64, "application/json; charset=utf-8"),
        /^content: Asked for o\/x:v1, ghcr\.io answered with content of the type application\/json, not with an image\.$/u,
      ],
      ["for an odd content type", typed(amd64, "<b>"), /ghcr\.io answered with content of no known type/u],
      ["for schema 1", typed(schema1), /^content: Asked for o\/x:v1, ghcr\.io has it in the old schema 1 only/u],
      ["for schema 1 in disguise", typed(schema1, "application/json"), /ghcr\.io has it in the old schema 1 only/u],
      ["for an empty answer", typed(stored(amd64.type, ""), amd64.type, { "Content-Length": "0" }), /^content: /u],
      [
        "for an answer that is no JSON",
        typed({ ...index, body: "{" }),
        /something that is not the JSON of an image\.$/u,
      ],
      ["for an index without images", typed(imageIndex({})), /has an index under that name which lists no image\.$/u],
      [
        "for an index with attestations only",
        typed(imageIndex({ "unknown/unknown": amd64 })),
        /which lists no image\.$/u,
      ],
      [
        "for content that does not have its digest",
        typed(index, index.type, { "Docker-Content-Digest": amd64.digest }),
        /^content: Asked for o\/x:v1, ghcr\.io sent something else than the digest says that it announced\.$/u,
      ],
      ["for content without end", endlessManifest(), /^too-large: .* is larger than the limit of 4 MiB\.$/u],
      [
        "for redirects in a circle",
        answers.redirect("/v2/o/x/manifests/v1"),
        /^redirect: .* redirects in a circle\.$/u,
      ],
      ["for a redirect to http", answers.redirect("http://ghcr.io/x"), /^redirect: .* only https is followed\.$/u],
      ["for a redirect to this machine", answers.redirect("https://127.0.0.1/x"), /^private-address: /u],
      ["for a redirect to plain http here", answers.redirect("http://localhost:5000/x"), /^redirect: /u],
      ["for a connection that breaks", answers.dropped(), /^connection: ghcr\.io broke off the connection/u],
    ];
    for (const [name, handler, expected] of failures) {
      it(name, async () => {
        network().site("ghcr.io", handler);
        match(await refused(ask("ghcr.io/o/x:v1")), expected);
      });
    }
    it("for a certificate that is not trusted", async () => {
      network().site("ghcr.io", registrySite({ "o/x:v1": index }), { certificate: "unknown authority" });
      match(await refused(ask("ghcr.io/o/x:v1")), /^tls: ghcr\.io showed a certificate/u);
    });
    it("for a registry that does not answer in time", async () => {
      network().site("ghcr.io", answers.hang());
      const options = { env: network().env, timeoutMs: 200 };
      const answer = answerImageDigest({ kind: "imageDigest", image: "ghcr.io/o/x:v1" }, options);
      match(await refused(answer), /^timeout: https:\/\/ghcr\.io\/v2\/o\/x\/manifests\/v1 did not answer/u);
    });
    it("for a token server that does not answer in time", async () => {
      network().site("registry-1.docker.io", tokenRegistry(registrySite({})));
      network().site("auth.docker.io", answers.hang());
      const options = { env: network().env, timeoutMs: 400 };
      match(await refused(answerImageDigest({ kind: "imageDigest", image: "node" }, options)), /^timeout: /u);
    });
    it("for a registry with a private address, unless the person allows it", async () => {
      match(await refused(ask("10.0.0.1:5000/x")), /^private-address: 10\.0\.0\.1 is not a public address/u);
      deepEqual(network().connections, []);
    });
    it("for a registry of this machine that is not there", async () => {
      const image = `localhost:${network().closedPort}/x`;
      match(await refused(ask(image)), /^connection: localhost:\d+ refused the connection\.$/u);
    });
  });

  it("are given by the resolver", async () => {
    network().site("ghcr.io", registrySite({ "o/x:v1": index }));
    const resolver = createResolver({ env: network().env });
    equal((await resolver.resolve({ kind: "imageDigest", image: "ghcr.io/o/x:v1" })).kind, "imageDigest");
  });

  describe("of a real registry (Debian's docker-registry)", function () {
    this.timeout(20_000);
    const close: (() => Promise<void>)[] = [];
    const closing = <T extends { close(): Promise<void> }>(server: T): T => {
      close.unshift(server.close);
      return server;
    };
    before(function () {
      if (hasDockerRegistry()) return;
      console.log(
        '      Skipped: the program docker-registry is not on this machine ("apt-get install docker-registry").',
      );
      this.skip();
    });
    after(async () => {
      for (const each of close) await each();
    });
    const multi = {
      blobs: ["amd64", "arm64"],
      manifests: [
        [amd64.digest, amd64],
        [arm64.digest, arm64],
        ["multi", index],
        ["single", amd64],
      ],
    } as const;

    it("are found over plain http on localhost, for one platform and for several", async () => {
      const { host, push } = closing(await startDockerRegistry());
      await push("team/x", multi);
      deepEqual(await ask(`${host}/team/x:multi`), { kind: "imageDigest", digest: index.digest, platforms: 2 });
      deepEqual(await ask(`${host}/team/x:single`), { kind: "imageDigest", digest: amd64.digest, platforms: 1 });
      match(await refused(ask(`${host}/team/x:other`)), /^not-found: localhost:\d+ has no image team\/x with the tag/u);
      match(await refused(ask(`${host}/team/none`)), /^not-found: /u);
    });
    it("follow a tag that moves", async () => {
      const { host, push } = closing(await startDockerRegistry());
      await push("x", multi);
      await push("x", { blobs: [], manifests: [["multi", arm64]] });
      equal((await ask(`${host}/x:multi`)).digest, arm64.digest);
    });
    it("need the user name and password that docker has kept", async () => {
      const htpasswd = "me:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
      const { host, push } = closing(await startDockerRegistry({ htpasswd }));
      await push("x", multi, `Basic ${Buffer.from("me:secret").toString("base64")}`);
      equal((await ask(`${host}/x:multi`, { auths: { [host]: auth("me:secret") } })).digest, index.digest);
      match(await refused(ask(`${host}/x:multi`)), /^authentication: localhost:\d+ does not show x to everybody/u);
      match(
        await refused(ask(`${host}/x:multi`, { auths: { [host]: auth("me:wrong") } })),
        /^authentication: localhost:\d+ does not show x with the credentials that docker has kept/u,
      );
    });
    it("need a token, which everybody gets for a public image and docker's credentials for a private one", async () => {
      const tokens = closing(await startTokenServer("me:secret"));
      const { host, push } = closing(await startDockerRegistry({ tokens }));
      for (const name of ["public/x", "mine/x"])
        await push(name, multi, `Bearer ${tokens.token(name, ["pull", "push"])}`);
      equal((await ask(`${host}/public/x:multi`)).digest, index.digest);
      match(await refused(ask(`${host}/mine/x:multi`)), /^authentication: .* does not show mine\/x to everybody/u);
      const config = { auths: { [host]: auth("me:secret") } };
      equal((await ask(`${host}/mine/x:multi`, config)).digest, index.digest);
      match(await refused(ask(`${host}/mine/x:other`, config)), /^not-found: /u);
    });
  });
});

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const CHALLENGE = 'Bearer realm="https://auth.docker.io/token",service="registry"';

/** An entry of docker's `auths`. */
function auth(credentials = `me:${SECRET}`): { readonly auth: string } {
  return { auth: Buffer.from(credentials).toString("base64") };
}

function challenging(challenge: string): RequestListener {
  return (_request, response) => {
    response.writeHead(401, { "WWW-Authenticate": challenge }).end();
  };
}

/** A registry that wants the token "good", as Docker Hub does. */
function tokenRegistry(site: RequestListener): RequestListener {
  return (request, response) => {
    if (request.headers.authorization === "Bearer good") site(request, response);
    else challenging(CHALLENGE)(request, response);
  };
}

/** A token server that gives "good" to everybody, or to "name:password" alone. */
function tokenServer({ credentials }: { readonly credentials?: string }): RequestListener {
  return (request, response) => {
    const isWelcome = credentials === undefined || basicCredentials(request) === credentials;
    response.end(JSON.stringify({ token: isWelcome ? "good" : "useless" }));
  };
}

function endlessManifest(): RequestListener {
  return (request, response) => {
    response.setHeader("Content-Type", index.type);
    if (request.method === "HEAD") response.end();
    else answers.endless()(request, response);
  };
}

function text(config: unknown): string {
  return typeof config === "string" ? config : JSON.stringify(config);
}

function raise(): never {
  throw new Error("the network has not been started");
}
