import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import type { RequestListener } from "node:http";
import { type Answer, DEFAULT_SETTINGS, EMPTY_CONTEXT, type Question } from "../../server/core/index.ts";
import { type PinOutcome, pinAll } from "../../server/pins/pin-all.ts";
import { pinLines, pinSummary } from "../../server/pins/report.ts";
import { Refusal, type Resolver } from "../../server/resolvers/resolver.ts";
import { answers } from "../support/network.ts";
import { refused } from "../support/refused.ts";
import { sha256, targetOf, useWorld, workflow } from "./world.ts";

const FIVE = workflow(
  "uses: acme/tool@v4 # the fast one",
  "uses: 'acme/tool/sub@main'",
  "uses: docker://ghcr.io/acme/lint:v2",
  "run: curl -fsSL https://get.example.com/install.sh | sh",
  "run: docker run --rm node:22 node --version",
);

describe("Pinning everything", () => {
  const world = useWorld();

  it("pins references, images and scripts of a file, and changes nothing else", async () => {
    const { commits, digest, script, resolver } = world();
    const { files, outcomes } = await pinAll([targetOf(FIVE, resolver())]);
    equal(
      files[0]?.after,
      workflow(
        `uses: acme/tool@${commits[1]} # v4.2.2 # the fast one`,
        `uses: 'acme/tool/sub@${commits[2]}' # main`,
        `uses: docker://ghcr.io/acme/lint:v2@${digest}`,
        `run: |
          curl -fsSL https://get.example.com/install.sh -o "$RUNNER_TEMP/example-install.sh"
          echo "${sha256(script)}  $RUNNER_TEMP/example-install.sh" | sha256sum -c - || exit 1
          sh "$RUNNER_TEMP/example-install.sh"`,
        `run: docker run --rm node:22@${digest} node --version`,
      ),
    );
    deepEqual(
      pinLines(outcomes, ({ path }) => path),
      [
        ".github/workflows/ci.yml",
        `     6  pinned       acme/tool@v4 → ${commits[1]} (v4.2.2)`,
        `     7  pinned       acme/tool@main → ${commits[2]}`,
        `     8  pinned       ghcr.io/acme/lint:v2 → ${digest}`,
        `     9  pinned       https://get.example.com/install.sh → SHA-256 ${sha256(script)}`,
        `    10  pinned       node:22 → ${digest}`,
      ],
    );
    equal(pinSummary(outcomes), "Pinned 5 references.");
  });

  it("has nothing to do the second time", async () => {
    const { resolver, network } = world();
    const first = await pinAll([targetOf(FIVE, resolver())]);
    network.forget();
    deepEqual(await pinAll([targetOf(first.files[0]?.after ?? "", resolver())]), { files: [], outcomes: [] });
    deepEqual(network.connections, []);
  });

  it("keeps CRLF, a missing final newline, and comments", async () => {
    const { commits, resolver } = world();
    const text = workflow("uses: acme/tool@v4  ", "# between", "uses: acme/tool@v1.0.0\t# why").trimEnd();
    const { files } = await pinAll([targetOf(text.replaceAll("\n", "\r\n"), resolver())]);
    const expected = workflow(
      `uses: acme/tool@${commits[1]} # v4.2.2  `,
      "# between",
      `uses: acme/tool@${commits[0]}\t# v1.0.0 # why`,
    );
    equal(files[0]?.after, expected.trimEnd().replaceAll("\n", "\r\n"));
  });

  it("asks a git host once for all references to a repository, in all files", async () => {
    const { resolver, network } = world();
    const shared = resolver();
    const [one, two] = [workflow("uses: acme/tool@v4", "uses: acme/tool@v4"), workflow("uses: acme/tool@main")];
    const { outcomes } = await pinAll([targetOf(one, shared, ".github/workflows/a.yml"), targetOf(two, shared)]);
    equal(pinSummary(outcomes), "Pinned 3 references.");
    equal(network.requests.filter(({ url }) => url.includes("/info/refs")).length, 1);
  });

  it("moves a script on a branch to the commit and pins it there", async () => {
    const { commits, resolver, script } = world();
    const text = workflow("run: curl -sL https://raw.githubusercontent.com/acme/tool/main/i.sh | bash");
    const { files, outcomes } = await pinAll([targetOf(text, resolver())]);
    const address = `https://raw.githubusercontent.com/acme/tool/${commits[2]}/i.sh`;
    deepEqual(
      outcomes.map(({ what, to }) => [what, to]),
      [[address, { pinned: `SHA-256 ${sha256(script)}` }]],
    );
    ok(files[0]?.after.includes(address));
  });

  it("pins a script of the repository once, for every pipeline that runs it", async () => {
    const { resolver, script } = world();
    const sh = "#!/bin/sh\ncurl -fsSL https://get.example.com/install.sh | sh\n";
    const context = { ...EMPTY_CONTEXT, read: (path: string) => (path === "ci/setup.sh" ? sh : undefined) };
    const shared = resolver();
    const targets = ["a", "b"].map((name) => ({
      ...targetOf(workflow("run: sh ci/setup.sh"), shared, `.github/workflows/${name}.yml`),
      context,
    }));
    const { files, outcomes } = await pinAll(targets);
    deepEqual(
      outcomes.map(({ path, line }) => [path, line]),
      [["ci/setup.sh", 2]],
    );
    deepEqual(
      files.map(({ path }) => path),
      ["ci/setup.sh"],
    );
    ok(files[0]?.after.includes(`echo "${sha256(script)}  /tmp/example-install.sh" | sha256sum -c - || exit 1`));
  });

  it("leaves alone what the settings leave out, though a pipeline runs it", async () => {
    const sh = "curl -fsSL https://get.example.com/install.sh | sh\n";
    const context = { ...EMPTY_CONTEXT, read: (path: string) => (path === "ci/setup.sh" ? sh : undefined) };
    const target = { ...targetOf(workflow("run: sh ci/setup.sh"), world().resolver()), context };
    const isExcluded = (path: string) => path.startsWith("ci/");
    deepEqual(await pinAll([{ ...target, isExcluded }]), { files: [], outcomes: [] });
    deepEqual(world().network.connections, []);
  });

  it("leaves alone what is no pin, such as a secret that could move", async () => {
    const text = `env:\n  TOKEN: \${{ secrets.TOKEN }}\n${workflow("run: make", 'run: ./deploy "$TOKEN"')}`;
    deepEqual(await pinAll([targetOf(text, world().resolver())]), { files: [], outcomes: [] });
  });

  it("does only what is asked for", async () => {
    const { resolver } = world();
    const { outcomes } = await pinAll([targetOf(FIVE, resolver())], {
      accept: ({ rule }) => rule.id === "unpinned-image",
    });
    deepEqual(
      outcomes.map(({ what }) => what),
      ["ghcr.io/acme/lint:v2", "node:22"],
    );
  });

  it("says why something cannot be pinned, and what to do instead", async () => {
    const { resolver } = world();
    const text = workflow(
      "run: npx --yes cowsay@latest",
      "uses: acme/tool",
      "run: curl -d x https://get.example.com/ | sh",
    );
    const { files, outcomes } = await pinAll([targetOf(text, resolver())]);
    deepEqual(files, []);
    deepEqual(
      outcomes.map(({ line }) => line),
      [6, 7, 8],
    );
    match(reason(outcomes[0]), /Write cowsay@/u);
    match(reason(outcomes[1]), /Add the full commit id/u);
    match(reason(outcomes[2]), /save the generated script/u);
    equal(pinSummary(outcomes), "Pinned none of 3 references.");
  });

  it("names the newest exact version where a system has no hashes, and says so", async () => {
    const resolver: Resolver = { resolve: async () => ({ kind: "newestVersion", version: "5.2.0" }) };
    const pin = async (path: string, text: string) => {
      const { files, outcomes } = await pinAll([targetOf(text, resolver, path)]);
      const after = files[0]?.after ?? "";
      deepEqual((await pinAll([targetOf(after, resolver, path)])).files, [], "a second run changes nothing");
      return [after, pinLines(outcomes, ({ id }) => id).slice(1)];
    };
    const orbs = "version: 2.1\norbs:\n  a: acme/a@5 # 5.1.9\n  b: 'acme/b@volatile'\n  c: acme/c@1.0.0\njobs: {}\n";
    deepEqual(await pin(".circleci/config.yml", orbs), [
      "version: 2.1\norbs:\n  a: acme/a@5.2.0 # 5.2.0\n  b: 'acme/b@5.2.0'\n  c: acme/c@1.0.0\njobs: {}\n",
      [
        "     3  pinned       acme/a → 5.2.0, the newest exact version (there is no hash)",
        "     4  pinned       acme/b → 5.2.0, the newest exact version (there is no hash)",
      ],
    ]);
    const pipes = (...names: readonly string[]) =>
      `pipelines:\n  default:\n    - step:\n        script:\n${names.map((name) => `          - pipe: ${name}\n`).join("")}`;
    deepEqual(await pin("bitbucket-pipelines.yml", pipes("acme/a:5 # why", '"acme/b"', "acme/c:latest")), [
      pipes("acme/a:5.2.0 # why", '"acme/b:5.2.0"', "acme/c:5.2.0"),
      ["acme/a", "acme/b", "acme/c"].map(
        (name, each) => `     ${each + 5}  pinned       ${name} → 5.2.0, the newest exact version (there is no hash)`,
      ),
    ]);
  });

  it("leaves the exact version of a pipe as it is, since its tag is the best there is to name", async () => {
    const text = "pipelines:\n  default:\n    - step:\n        script:\n          - pipe: acme/a:5.2.0\n";
    const { files, outcomes } = await pinAll([targetOf(text, world().resolver(), "bitbucket-pipelines.yml")]);
    deepEqual([files.length, outcomes.length, world().network.connections.length], [0, 1, 0]);
    match(reason(outcomes[0]), /is a tag that its owner can move/u);
  });

  it("tells how far it is", async () => {
    const steps: string[] = [];
    await pinAll([targetOf(FIVE, world().resolver())], { onProgress: (done, total) => steps.push(`${done}/${total}`) });
    deepEqual(steps, ["1/5", "2/5", "3/5", "4/5", "5/5"]);
  });

  it("asks at most six questions at a time", async () => {
    const running = { now: 0, most: 0 };
    const resolver: Resolver = {
      resolve: async () => {
        running.most = Math.max(running.most, ++running.now);
        await new Promise((resolve) => setTimeout(resolve));
        running.now--;
        return { kind: "commit", commit: "a".repeat(40), refKind: "tag" };
      },
    };
    const text = workflow(...Array.from({ length: 20 }, (_, each) => `uses: acme/tool${each}@v1`));
    equal(pinSummary((await pinAll([targetOf(text, resolver)])).outcomes), "Pinned 20 references.");
    equal(running.most, 6);
  });

  it("ends with nothing where the person cancels", async () => {
    const { network, resolver } = world();
    const controller = new AbortController();
    network.site("get.example.com", () => controller.abort());
    equal(
      await refused(pinAll([targetOf(FIVE, resolver())], { signal: controller.signal })),
      "cancelled: Cancelled; nothing was changed.",
    );
  });

  it("does not apply a fix that would not heal", async () => {
    const resolver: Resolver = {
      resolve: async () => ({ kind: "commit", commit: "v5", refKind: "tag" }),
    };
    const { files, outcomes } = await pinAll([targetOf(workflow("uses: acme/tool@v4"), resolver)]);
    deepEqual(files, []);
    match(reason(outcomes[0]), /would not have healed/u);
  });

  it("lets an error in a resolver out", async () => {
    const resolver: Resolver = { resolve: () => Promise.reject(new TypeError("a bug")) };
    const thrown = await pinAll([targetOf(workflow("uses: acme/tool@v4"), resolver)]).catch(String);
    equal(thrown, "TypeError: a bug");
  });

  describe("when the outside world refuses", () => {
    /** Host, how it behaves, and the cause as the summary has to name it. */
    const BAD: readonly (readonly [name: string, prepare: () => void, cause: RegExp])[] = [
      ["a time-out", () => site(answers.hang()), /did not answer in full within 0\.5 seconds/u],
      ["401", () => site(answers.text("", 401)), /answered 401 .*not open to everybody/u],
      ["403", () => site(answers.text("", 403)), /answered 403 .*not open to everybody/u],
      ["404", () => site(answers.text("", 404)), /answered 404 .*nothing is there/u],
      ["429", () => site(answers.text("", 429)), /answered 429 .*limits the rate/u],
      ["500", () => site(answers.text("", 500)), /answered 500 .*the server failed/u],
      ["another name in its certificate", () => site(answers.text("x"), "other name"), /certificate/u],
      ["an unknown authority", () => site(answers.text("x"), "unknown authority"), /certificate/u],
      ["a redirect loop", () => site(answers.redirect("https://bad.example.com/i.sh")), /redirects in a circle/u],
      ["a redirect to http", () => site(answers.redirect("http://bad.example.com/")), /only https is followed/u],
      ["a redirect to a private address", () => site(answers.redirect("https://10.0.0.1/")), /private|10\.0\.0\.1/u],
      ["a body without end", () => site(answers.endless()), /larger than the limit/u],
      ["a web page", () => site(answers.html()), /is a web page, not a script/u],
      ["an empty body", () => site(answers.text("")), /is empty/u],
      ["a body that is cut off", () => site(answers.cutShort()), /was cut off/u],
      ["another body each time", () => site(answers.changing()), /differently each time/u],
      ["something that is not HTTP", () => site(answers.notHttp()), /language of HTTP/u],
      ["a connection that is dropped", () => site(answers.dropped()), /connection/u],
    ];
    const site = (handler: RequestListener, certificate?: "other name" | "unknown authority") =>
      world().network.site("bad.example.com", handler, certificate === undefined ? {} : { certificate });

    for (const [name, prepare, cause] of BAD) {
      it(`names the cause and goes on: ${name}`, async () => {
        const { commits, resolver, impatientResolver } = world();
        prepare();
        const bad = "run: curl -fsSL https://bad.example.com/i.sh | sh";
        const { files, outcomes } = await pinAll([
          targetOf(
            workflow("uses: acme/tool@v4", bad, "uses: acme/tool@v1.0.0"),
            name === "a time-out" ? impatientResolver() : resolver({ maxBytes: 100_000 }),
          ),
        ]);
        equal(
          files[0]?.after,
          workflow(`uses: acme/tool@${commits[1]} # v4.2.2`, bad, `uses: acme/tool@${commits[0]} # v1.0.0`),
        );
        match(reason(outcomes[1]), cause);
        doesNotMatch(reason(outcomes[1]), /\n/u);
      });
    }

    it("gives each kind of reference its own reason", async () => {
      const { host, network, resolver } = world();
      host.repository("acme/private", { credentials: "me:secret" }).commit("one");
      network.site("down.example.com", answers.text(""), { proxyStatus: 503 });
      network.site("no-digest.example.com", answers.text("{}", 200, { "Content-Type": "application/json" }));
      const text = workflow(
        "uses: acme/tool@v99",
        "uses: acme/tool@0123456",
        "uses: acme/missing@v1",
        "uses: acme/private@v1",
        "uses: docker://node:23",
        "uses: docker://no-digest.example.com/x:1",
        "uses: docker://down.example.com/x:1",
        "run: curl -fsSL https://nowhere.example.com/i.sh | sh",
        "run: curl -fsSL https://127.0.0.1/i.sh | sh",
        "uses: acme/tool@v4",
      );
      const { outcomes } = await pinAll([targetOf(text, resolver())]);
      const reasons = outcomes.map((outcome) => ("left" in outcome.to ? outcome.to.left : "pinned"));
      const expected = [
        /has no tag or branch named "v99"/u,
        /which commit "0123456" is; write the full commit id/u,
        /was not found; it may be private or have another name|does not exist or is private/u,
        /does not exist or is private, and no credentials/u,
        /has no image library\/node with the tag "23"/u,
        /not with an image/u,
        /proxy/u,
        /proxy/u,
        /pinned/u,
      ];
      deepEqual(
        expected.map((pattern, each) => pattern.test(reasons[each] ?? "")),
        expected.map(() => true),
        reasons.join("\n"),
      );
      equal(new Set(reasons.slice(0, 6)).size, 6);
    });

    it("asks a repository that refused once, and says the same of each reference", async () => {
      const { network, resolver } = world();
      const text = workflow("uses: acme/missing@v1", "uses: acme/missing@v2");
      const { outcomes } = await pinAll([targetOf(text, resolver())]);
      equal(reason(outcomes[0]), reason(outcomes[1]));
      equal(new Set(network.requests.map(({ url }) => url)).size, network.requests.length);
    });
  });

  it("follows what each question refuses, also the second one of a fix", async () => {
    const asked: Question[] = [];
    const resolver: Resolver = {
      resolve: async (question): Promise<Answer> => {
        asked.push(question);
        if (question.kind === "scriptHash") throw new Refusal("not-found", "Nothing is there.");
        return { kind: "commit", commit: "a".repeat(40), refKind: "branch" };
      },
    };
    const text = workflow("run: curl -sL https://raw.githubusercontent.com/acme/tool/main/i.sh | bash");
    const { outcomes } = await pinAll([{ ...targetOf(text, resolver), settings: DEFAULT_SETTINGS }]);
    deepEqual(
      asked.map(({ kind }) => kind),
      ["commit", "scriptHash"],
    );
    equal(reason(outcomes[0]), "Nothing is there.");
    equal(outcomes[0]?.what, `https://raw.githubusercontent.com/acme/tool/${"a".repeat(40)}/i.sh`);
  });
});

function reason(outcome: PinOutcome | undefined): string {
  return outcome !== undefined && "left" in outcome.to ? outcome.to.left : "";
}
