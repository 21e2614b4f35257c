import { deepEqual, equal, match } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Question } from "../../server/core/index.ts";
import { createResolver } from "../../server/resolvers/network.ts";
import { execute } from "../support/execute.ts";
import { createGitHost, type GitHost } from "../support/git-host.ts";
import { answers, startNetwork, type TestNetwork } from "../support/network.ts";
import { refused } from "../support/refused.ts";

describe("The resolver", () => {
  const shared: { network?: TestNetwork; host?: GitHost; commit?: string } = {};
  const network = (): TestNetwork => shared.network ?? raise();
  const script: Question = { kind: "scriptHash", url: "https://codecov.io/bash" };
  const action: Question = { kind: "commit", host: "github.com", repo: "actions/checkout", ref: "v4" };
  before(async () => {
    shared.network = await startNetwork();
    shared.host = createGitHost();
    const repository = shared.host.repository("actions/checkout");
    shared.commit = repository.commit("one");
    repository.annotatedTag("v4", shared.commit);
    repository.tag("v4.2.2", shared.commit);
    network().site("codecov.io", answers.text("#!/bin/bash\n"));
    network().site("github.com", shared.host.handler);
  });
  beforeEach(() => network().forget());
  after(async () => {
    await network().close();
    shared.host?.close();
  });

  const scriptAnswer = {
    kind: "scriptHash",
    sha256: createHash("sha256").update("#!/bin/bash\n").digest("hex"),
    sha384: createHash("sha384").update("#!/bin/bash\n").digest("hex"),
    sha512: createHash("sha512").update("#!/bin/bash\n").digest("hex"),
    finalUrl: "https://codecov.io/bash",
    text: "#!/bin/bash\n",
  };
  const actionAnswer = () => ({ kind: "commit", commit: shared.commit, refKind: "tag", versionTag: "v4.2.2" });

  it("asks nobody before it is asked", () => {
    createResolver({ env: network().env });
    deepEqual(network().connections, []);
  });
  it("answers questions of different kinds at the same time", async () => {
    const resolver = createResolver({ env: { ...network().env, PATH: process.env.PATH } });
    const questions = [script, action, script, action];
    deepEqual(await Promise.all(questions.map((question) => resolver.resolve(question))), [
      scriptAnswer,
      actionAnswer(),
      scriptAnswer,
      actionAnswer(),
    ]);
  });
  it("lists a repository once for all questions about it, and anew for the next resolver", async () => {
    const options = { env: { ...network().env, PATH: process.env.PATH } };
    const resolver = createResolver(options);
    const other: Question = { ...action, ref: "v4.2.2" };
    const missing: Question = { ...action, ref: "v9" };
    await Promise.all([resolver.resolve(action), resolver.resolve(other), refused(resolver.resolve(missing))]);
    await resolver.resolve(other);
    const listings = () => network().requests.filter(({ url }) => url.includes("/info/refs")).length;
    equal(listings(), 1);
    await createResolver(options).resolve(action);
    equal(listings(), 2);
  });
  it("goes on with a listing for those who did not cancel it", async () => {
    const resolver = createResolver({ env: { ...network().env, PATH: process.env.PATH } });
    const abort = new AbortController();
    const first = refused(resolver.resolve(action, { signal: abort.signal }));
    const second = resolver.resolve(action);
    abort.abort();
    match(await first, /^cancelled: /u);
    deepEqual(await second, actionAnswer());
  });
  it("cancels one question and not the others", async () => {
    const resolver = createResolver({ env: network().env });
    const cancelled = resolver.resolve(script, { signal: AbortSignal.abort() });
    const other = resolver.resolve(script);
    match(await refused(cancelled), /^cancelled: /u);
    equal((await other).kind, "scriptHash");
  });

  describe("in a process of its own, with nothing but environment variables", () => {
    const ask = async (question: Question, env: Readonly<Record<string, string>>): Promise<unknown> => {
      const program = join(import.meta.dirname, "../support/resolve.ts");
      const given = { PATH: process.env.PATH, HOME: process.env.HOME, ...env };
      const { stdout, stderr } = await execute(process.execPath, [program, JSON.stringify(question)], { env: given });
      equal(stderr, "");
      return JSON.parse(stdout);
    };
    it("hashes a script", async () => deepEqual(await ask(script, network().env), scriptAnswer));
    it("finds a commit", async () => deepEqual(await ask(action, network().env), actionAnswer()));
    it("ends by itself after a refusal", async () => {
      const asked = await ask({ kind: "scriptHash", url: "https://elsewhere.example.com/" }, network().env);
      match(JSON.stringify(asked), /"code":"proxy"/u);
    });
  });
});

function raise(): never {
  throw new Error("the network has not been started");
}
