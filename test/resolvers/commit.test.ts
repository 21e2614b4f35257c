import { deepEqual, equal, match, ok } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerCommit } from "../../server/resolvers/commit.ts";
import type { NetworkOptions } from "../../server/resolvers/network.ts";
import type { ResolveOptions } from "../../server/resolvers/resolver.ts";
import { execute } from "../support/execute.ts";
import { createGitHost, type GitHost, type TestRepository } from "../support/git-host.ts";
import { answers, startNetwork, type TestNetwork } from "../support/network.ts";
import { refused } from "../support/refused.ts";

/** Everything that the tests below share; made once, since making repositories takes time. */
interface World {
  readonly folder: string;
  readonly home: string;
  readonly network: TestNetwork;
  readonly host: GitHost;
  readonly checkout: TestRepository;
  readonly commits: readonly [string, string, string];
  readonly annotated: string;
}

/** A reference of actions/checkout, the index of its commit, and what else the answer says. */
interface Case {
  readonly name: string;
  readonly ref: string | ((world: World) => string);
  readonly commit: 0 | 1 | 2;
  readonly rest: string;
}

/** Where it matters how the references are listed. */
const LISTED: readonly Case[] = [
  { name: "a lightweight tag", ref: "v1.0.0", commit: 0, rest: "tag v1.0.0" },
  { name: "an annotated tag, peeled, with the most exact version", ref: "v2", commit: 1, rest: "tag v2.1.0" },
  { name: "a branch", ref: "main", commit: 2, rest: "branch none" },
  { name: "a reference outside of tags and branches", ref: "refs/pull/1/head", commit: 2, rest: "branch none" },
  { name: "HEAD", ref: "HEAD", commit: 2, rest: "branch none" },
];

/** Where it matters which of the listed references is chosen. */
const CHOSEN: readonly Case[] = [
  { name: "a branch with a version tag on it", ref: "releases/v1", commit: 0, rest: "branch v1.0.0" },
  { name: "a tag rather than a branch of the same name", ref: "both", commit: 0, rest: "tag v1.0.0" },
  { name: "a branch by its full name", ref: "refs/heads/both", commit: 2, rest: "branch none" },
  { name: "a tag by its full name", ref: "refs/tags/v2", commit: 1, rest: "tag v2.1.0" },
  { name: "a tag by the name without refs/", ref: "tags/v2", commit: 1, rest: "tag v2.1.0" },
  { name: "a full commit id", ref: (w) => w.commits[1], commit: 1, rest: "commit v2.1.0" },
  { name: "a full commit id in capitals", ref: (w) => w.commits[1].toUpperCase(), commit: 1, rest: "commit v2.1.0" },
  { name: "the id of an annotated tag", ref: (w) => w.annotated, commit: 1, rest: "commit v2.1.0" },
  { name: "a short commit id", ref: (w) => w.commits[1].slice(0, 7), commit: 1, rest: "commit v2.1.0" },
  { name: "a branch rather than a short commit id of the same name", ref: "abcdef0", commit: 2, rest: "branch none" },
];

describe("Commits of references", () => {
  const shared: { world?: World } = {};
  const world = (): World => shared.world ?? raise();
  before(async () => {
    shared.world = await createWorld();
  });
  beforeEach(() => {
    world().network.site("github.com", world().host.handler);
    world().network.forget();
    writeFileSync(join(world().home, ".gitconfig"), "");
  });
  after(async () => {
    await world().network.close();
    world().host.close();
    rmSync(world().folder, { recursive: true, force: true });
  });

  for (const tool of ["with git", "without git"] as const) {
    const options = (): NetworkOptions => ({
      env: environment(world(), tool),
      storageFolder: join(world().folder, "storage"),
    });
    const ask = (
      ref: string,
      more: NetworkOptions & ResolveOptions = {},
      repo = "actions/checkout",
      host = "github.com",
    ) => answerCommit({ kind: "commit", host, repo, ref }, { ...options(), ...more });

    describe(tool, () => {
      for (const { name, ref, commit, rest } of tool === "with git" ? LISTED : [...LISTED, ...CHOSEN]) {
        it(`are found for ${name}`, async () => {
          const answer = await ask(typeof ref === "string" ? ref : ref(world()));
          equal(answer.commit, world().commits[commit]);
          equal(`${answer.refKind} ${answer.versionTag ?? "none"}`, rest);
        });
      }
      it("are said to be listed where a tag or branch leads to exactly the id that was asked for", async () => {
        const [, second] = world().commits;
        deepEqual([(await ask(second)).listed, (await ask("v2")).listed], [true, undefined]);
      });
      it("are found although no reference leads to the full id", async () => {
        const id = "0123456789012345678901234567890123456789";
        deepEqual(await ask(id), { kind: "commit", commit: id, refKind: "commit" });
      });
      it("follow a tag that was moved", async () => {
        const { checkout, commits } = world();
        checkout.tag("moving", commits[0]);
        equal((await ask("moving")).commit, commits[0]);
        checkout.tag("moving", commits[1]);
        equal((await ask("moving")).commit, commits[1]);
      });
      it("are found among a hundred thousand references", async () => {
        const { commit, refKind } = await ask("bulk/100000", {}, "big/repository");
        deepEqual([commit, refKind], [world().commits[0], "tag"]);
      });
      it("are found in a repository that was renamed", async () => {
        world().network.site("github.com", (request, response) => {
          const old = request.url?.startsWith("/old/name.git");
          if (!old) return world().host.handler(request, response);
          answers.redirect((request.url ?? "").replace("/old/name", "/actions/checkout"), 301)(request, response);
        });
        equal((await ask("v1.0.0", {}, "old/name")).commit, world().commits[0]);
      });

      it("are refused for a name that is not there", async () => {
        equal(await refused(ask("v99")), 'not-found: actions/checkout on github.com has no tag or branch named "v99".');
      });
      it("are refused for a short id that no listed commit begins with", async () => {
        match(
          await refused(ask("0123456")),
          /^not-found: No tag or branch of actions\/checkout on github\.com tells which commit "0123456" is/u,
        );
      });
      it("are refused for a repository that is not there", async () => {
        equal(
          await refused(ask("v1", {}, "actions/nothing")),
          "not-found: https://github.com/actions/nothing.git was not found; it may be private or have another name.",
        );
      });
      it("are refused for a private repository without a prompt", async () => {
        equal(
          await refused(ask("v1", {}, "own/private")),
          "authentication: https://github.com/own/private.git does not exist or is private, and no credentials that github.com accepts are at hand.",
        );
      });
      it("are refused for an address that is not a git repository", async () => {
        world().network.site("github.com", answers.html());
        match(
          await refused(ask("v1")),
          /^content: https:\/\/github\.com\/actions\/checkout\.git is not a git repository/u,
        );
      });
      it("are refused where the host fails", async () => {
        world().network.site("github.com", answers.text("x", 503));
        match(await refused(ask("v1")), /^status: .*503.*: the server failed\.$/u);
      });
      it("are refused where the host limits the rate", async () => {
        world().network.site("github.com", answers.text("x", 429));
        match(await refused(ask("v1")), /^status: .*429.*try again later\.$/u);
      });
      it("are refused where the host hangs up", async () => {
        world().network.site("github.com", answers.dropped());
        match(await refused(ask("v1")), /^connection: github\.com broke off the connection/u);
      });
      it("are refused where the certificate is not trusted", async () => {
        world().network.site("github.com", answers.hang(), { certificate: "unknown authority" });
        match(await refused(ask("v1")), /^tls: .*github\.com/u);
      });
      it("are refused where the certificate has another name", async () => {
        world().network.site("github.com", answers.hang(), { certificate: "other name" });
        match(await refused(ask("v1")), /^tls: .*github\.com/u);
      });
      it("are found with any certificate where the setting says so", async () => {
        world().network.site("github.com", world().host.handler, { certificate: "unknown authority" });
        equal((await ask("v1.0.0", { strictSsl: false })).commit, world().commits[0]);
      });
      it("are refused where the proxy refuses", async () => {
        match(await refused(ask("v1", {}, "a/b", "elsewhere.example.com")), /^proxy: /u);
      });
      it("are refused where the proxy asks for credentials, and found with them", async () => {
        const guarded = await startNetwork({ proxyCredentials: "me:secret" });
        try {
          guarded.site("github.com", world().host.handler);
          const env = { ...environment(world(), tool), ...guarded.env };
          equal((await ask("v1.0.0", { env })).commit, world().commits[0]);
          // The proxy of the setting goes before the environment's.
          const proxy = guarded.proxyUrl.replace("me:secret", "me:wrong");
          const message = await refused(ask("v1.0.0", { env, proxy }));
          match(message, /^proxy: The proxy .*asks for a user name and password/u);
          ok(!message.includes("wrong"));
        } finally {
          await guarded.close();
        }
      });
      it("are refused where a redirect leads to http", async () => {
        world().network.site("github.com", answers.redirect("http://github.com/x/info/refs?service=git-upload-pack"));
        match(await refused(ask("v1")), /^redirect: /u);
      });
      it("are refused where a redirect leads in a circle", async () => {
        world().network.site("github.com", (request, response) =>
          answers.redirect(request.url ?? "/")(request, response),
        );
        match(await refused(ask("v1")), /^redirect: /u);
      });
      it("are refused where a redirect leads to a private address", async () => {
        world().network.site(
          "github.com",
          answers.redirect("https://10.0.0.1/x.git/info/refs?service=git-upload-pack"),
        );
        const message = await refused(ask("v1"));
        match(message, /^(?:redirect|private-address|proxy): /u);
        deepEqual(
          world().network.requests.filter(({ host }) => host === "10.0.0.1"),
          [],
        );
      });
      it("are refused for a tag that is missing, with the name of the tag", async () => {
        equal(await refused(ask("v99")), 'not-found: actions/checkout on github.com has no tag or branch named "v99".');
      });
      it("are refused where no answer comes in time", async () => {
        world().network.site("github.com", answers.hang());
        equal(
          await refused(ask("v1", { timeoutMs: 500 })),
          `timeout: https://github.com/actions/checkout.git${tool === "with git" ? "" : "/info/refs"} did not answer in full within 0.5 seconds.`,
        );
      });
      it("are refused at once when the person cancels, and leave no folder behind", async () => {
        const controller = new AbortController();
        world().network.site("github.com", () => controller.abort());
        equal(await refused(ask("v1", { signal: controller.signal })), "cancelled: Cancelled; nothing was changed.");
        await until(() => readdirSync(join(world().folder, "storage")).length === 0);
      });

      const strangeRefs = [
        "",
        "-",
        "--upload-pack=touch x",
        "-v1",
        "v 1",
        "v1\n",
        "a\u0000b",
        "a..b",
        "a^",
        "a~1",
        "a:b",
        "a*",
        "a?",
      ];
      strangeRefs.push(
        "a[b",
        "a\\b",
        "@{u}",
        "a@{1}",
        "/a",
        "a/",
        "a//b",
        "a.",
        "a.lock",
        "x".repeat(2000),
        "a\u00a0b",
        "a\u2028b",
        "a\u202eb",
        "a\u200bb",
      );
      for (const ref of strangeRefs) {
        it(`are refused for the reference ${JSON.stringify(ref.slice(0, 30))} without asking anybody`, async () => {
          match(await refused(ask(ref)), /^invalid: /u);
          deepEqual(world().network.connections, []);
        });
      }
      const strangePlaces = [
        ["github.com/x", "a/b"],
        ["me:secret@github.com", "a/b"],
        ["-oProxyCommand=x", "a/b"],
        ["github.com\n", "a/b"],
        ["", "a/b"],
        ["github.com:x", "a/b"],
        ["github.com", ""],
        ["github.com", "../b"],
        ["github.com", "a/./b"],
        ["github.com", "a b"],
        ["github.com", "a\nb"],
        ["github.com", "a?b=c"],
        ["github.com", "a#b"],
        ["github.com", "a\\b"],
        ["github.com", "/a/b"],
        ["github.com", "-a/b"],
      ] as const;
      for (const [host, repo] of strangePlaces) {
        it(`are refused for ${JSON.stringify(repo)} on ${JSON.stringify(host)} without asking anybody`, async () => {
          match(await refused(ask("v1", {}, repo, host)), /^invalid: /u);
          deepEqual(world().network.connections, []);
        });
      }
      for (const host of ["localhost", "127.0.0.1", "[::1]", "169.254.169.254", "0x7f000001"]) {
        it(`are refused for the host ${host} without asking anybody`, async () => {
          match(await refused(ask("v1", {}, "a/b", host)), /^private-address: /u);
          deepEqual(world().network.connections, []);
        });
      }
      it("are found on a private host that is allowed", async () => {
        world().network.site("localhost", world().host.handler);
        const env = { ...environment(world(), tool), NO_PROXY: "localhost", no_proxy: "localhost" };
        const host = `localhost:${world().network.port}`;
        equal(
          (await ask("v1.0.0", { env, allowedHosts: ["localhost"] }, "actions/checkout", host)).commit,
          world().commits[0],
        );
        deepEqual(world().network.connections, []);
      });
    });
  }

  describe("of a git host", () => {
    const ask = (more: NetworkOptions = {}, repo = "actions/checkout") =>
      answerCommit(
        { kind: "commit", host: "github.com", repo, ref: "v1.0.0" },
        { env: environment(world(), "with git"), ...more },
      );

    it("are found in a private repository by the person's own credential helper", async () => {
      writeFileSync(join(world().home, ".gitconfig"), helper("me", "secret"));
      equal((await ask({}, "own/private")).commit, world().commits[0]);
    });
    it("are refused in words without a password where the credentials are wrong", async () => {
      writeFileSync(join(world().home, ".gitconfig"), helper("me", "wrong-password"));
      const message = await refused(ask({}, "own/private"));
      match(message, /^authentication: https:\/\/github\.com\/own\/private\.git does not exist or is private/u);
      ok(!message.includes("wrong-password"));
    });
    it("are found although the person's configuration leads https addresses to ssh", async () => {
      writeFileSync(join(world().home, ".gitconfig"), '[url "git@github.com:"]\n\tinsteadOf = https://github.com/\n');
      equal((await ask()).commit, world().commits[0]);
    });
    it("follow the person's configuration to another https address", async () => {
      writeFileSync(
        join(world().home, ".gitconfig"),
        '[url "https://mirror.example.com/"]\n\tinsteadOf = https://github.com/\n',
      );
      world().network.site("mirror.example.com", world().host.handler);
      equal((await ask()).commit, world().commits[0]);
      ok(world().network.connections.every((each) => each === "mirror.example.com:443"));
    });
    it("ask for tags and branches only", async () => {
      await ask();
      equal(world().network.requests.length, 2, "one request for the protocol, one for the list");
    });
    it("do not add .git for Azure Repos", async () => {
      await refused(ask({}, "org/project/_git/name"));
      match(world().network.requests[0]?.url ?? "", /^\/org\/project\/_git\/name\/info\/refs/u);
    });
    it("are refused where the program in the settings is not git", async () => {
      const program = join(world().folder, "not-executable");
      writeFileSync(program, "");
      match(await refused(ask({ gitPath: program })), /^git: git could not be started/u);
    });

    if (process.platform !== "win32") {
      it("end git and what it started when the person cancels", async () => {
        const { folder } = world();
        const program = join(folder, "slow-git");
        const pids = join(folder, "pids");
        writeFileSync(
          program,
          `#!/bin/sh\nsleep 20 &\necho $$ $! > '${pids}.part'\nmv '${pids}.part' '${pids}'\nwait\n`,
        );
        chmodSync(program, 0o755);
        const controller = new AbortController();
        const message = refused(ask({ gitPath: program, ...{ signal: controller.signal } }));
        await until(() => existsSync(pids));
        controller.abort();
        match(await message, /^cancelled: /u);
        const started = readFileSync(pids, "utf8").trim().split(" ").map(Number);
        equal(started.length, 2);
        await until(() => started.every((pid) => !isRunning(pid)));
      });
    }

    it("are not steered by the workspace that the process stands in", async () => {
      const { network, folder } = world();
      const { workspace, marker, env } = createHostileWorkspace(world());
      network.site("evil.example.com", world().host.handler);
      await execute("git", ["ls-remote", "https://github.com/own/private.git"], { cwd: workspace, env });
      ok(existsSync(marker) && network.connections.includes("evil.example.com:443"), "the workspace can steer a git");
      rmSync(marker);
      network.forget();
      const question = { kind: "commit", host: "github.com", repo: "own/private", ref: "v1.0.0" };
      for (const storageFolder of [join(workspace, "storage"), folder]) {
        const args = [RESOLVE, JSON.stringify(question), JSON.stringify({ storageFolder })];
        match((await execute(process.execPath, args, { cwd: workspace, env })).stdout, /"code":"authentication"/u);
      }
      equal(existsSync(marker), false);
      deepEqual([...new Set(network.connections)], ["github.com:443"]);
    });
  });
});

/** The program that asks one question in a process of its own. */
const RESOLVE = join(import.meta.dirname, "../support/resolve.ts");

async function createWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "pipewarden-commit-"));
  for (const name of ["home", "storage", "nothing"]) mkdirSync(join(folder, name));
  const host = createGitHost();
  const checkout = host.repository("actions/checkout");
  const commits = [checkout.commit("one"), checkout.commit("two"), checkout.commit("three")] as const;
  const annotated = fill(checkout, commits);
  const hidden = host.repository("own/private", { credentials: "me:secret" });
  hidden.tag("v1.0.0", hidden.commit("one"));
  const big = host.repository("big/repository");
  big.manyTags(100_000, big.commit("one"));
  return { folder, home: join(folder, "home"), network: await startNetwork(), host, checkout, commits, annotated };
}

/** Gives the id of the annotated tag v2. */
function fill(repository: TestRepository, [first, second, third]: World["commits"]): string {
  repository.branch("main", third);
  repository.branch("releases/v1", first);
  repository.tag("v1.0.0", first);
  repository.tag("both", first);
  repository.branch("both", third);
  repository.branch("abcdef0", third);
  repository.annotatedTag("v2.1.0", second);
  repository.tag("v2.1", second);
  repository.ref("refs/pull/1/head", third);
  return repository.annotatedTag("v2", second);
}

/** Without git: a PATH that leads to an empty folder. */
function environment({ folder, home, network }: World, tool: "with git" | "without git"): Record<string, string> {
  const path = tool === "with git" ? (process.env.PATH ?? "") : join(folder, "nothing");
  return { ...network.env, PATH: path, HOME: home, XDG_CONFIG_HOME: home };
}

function helper(user: string, password: string): string {
  return `[credential]\n\thelper = "!f() { echo username=${user}; echo password=${password}; }; f"\n`;
}

/** A repository whose configuration, and an environment whose variables, run a program or lead elsewhere wherever git lets them. */
function createHostileWorkspace(world: World) {
  const workspace = join(world.folder, "hostile");
  const marker = join(world.folder, "marker");
  const trap = join(world.folder, "trap");
  writeFileSync(trap, `#!/bin/sh\ntouch '${marker}'\n`);
  chmodSync(trap, 0o755);
  mkdirSync(join(workspace, "storage"), { recursive: true });
  const env = environment(world, "with git");
  spawnSync("git", ["init", "--quiet", workspace], { env });
  const traps = `[core]\n\tsshCommand = ${trap}\n\tfsmonitor = ${trap}\n\taskPass = ${trap}\n[credential]\n\thelper = !${trap}\n`;
  const detour = '[url "https://evil.example.com/"]\n\tinsteadOf = https://github.com/\n';
  appendFileSync(join(workspace, ".git", "config"), traps + detour);
  const steering = {
    GIT_DIR: join(workspace, ".git"),
    GIT_ASKPASS: trap,
    SSH_ASKPASS: trap,
    GIT_SSH_COMMAND: trap,
    GIT_PROXY_COMMAND: trap,
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "credential.helper",
    GIT_CONFIG_VALUE_0: `!${trap}`,
    GIT_CONFIG_GLOBAL: join(workspace, ".git", "config"),
  };
  return { workspace, marker, env: { ...env, ...steering } };
}

/** Waits until something holds, and fails where it does not within some seconds. */
async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!holds()) {
    ok(Date.now() < end, "did not come about");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A process that has ended but was not yet asked for its status counts as ended. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

function raise(): never {
  throw new Error("the world has not been made");
}
