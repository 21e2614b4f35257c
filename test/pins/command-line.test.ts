import { deepEqual, equal, match, ok } from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pipewarden, sourceProgram } from "../cli/command-line.ts";
import { useFolders } from "../support/folder.ts";
import { answers } from "../support/network.ts";
import { registrySite } from "../support/registry.ts";
import { index, otherIndex, sha256, useWorld, workflow } from "./world.ts";

const CI = ".github/workflows/ci.yml";
const UNPINNED = workflow("uses: acme/tool@v4", "run: curl -fsSL https://get.example.com/install.sh | sh");

describe("pipewarden fix and verify", () => {
  const world = useWorld();
  const makeFolder = useFolders();
  const run = (args: readonly string[], folder: string, cache = path.join(folder, ".cache")) =>
    pipewarden(args, folder, sourceProgram, { ...world().network.env, XDG_CACHE_HOME: cache });
  const read = (folder: string, file = CI) => readFileSync(path.join(folder, file), "utf8");
  const pinned = () =>
    workflow(
      `uses: acme/tool@${world().commits[1]} # v4.2.2`,
      `run: |
          curl -fsSL https://get.example.com/install.sh -o "$RUNNER_TEMP/example-install.sh"
          echo "${sha256(world().script)}  $RUNNER_TEMP/example-install.sh" | sha256sum -c - || exit 1
          sh "$RUNNER_TEMP/example-install.sh"`,
    );

  describe("fix", () => {
    it("pins in place, says what it did, and ends with 0", async () => {
      const folder = makeFolder({ [CI]: UNPINNED });
      const { code, out, err } = await run(["fix"], folder);
      deepEqual([code, err], [0, ""]);
      equal(read(folder), pinned());
      equal(
        out,
        `${CI}
     6  pinned       acme/tool@v4 → ${world().commits[1]} (v4.2.2)
     7  pinned       https://get.example.com/install.sh → SHA-256 ${sha256(world().script)}

Pinned 2 references.
`,
      );
    });

    it("changes nothing the second time", async () => {
      const folder = makeFolder({ [CI]: UNPINNED });
      await run(["fix"], folder);
      const before = statSync(path.join(folder, CI)).mtimeMs;
      deepEqual(await run(["fix"], folder), { code: 0, out: "Everything is pinned already.\n", err: "" });
      equal(statSync(path.join(folder, CI)).mtimeMs, before);
    });

    it("keeps CRLF, a byte order mark, a missing final newline and the file's mode", async () => {
      const dos = (text: string) => `\uFEFF${text.trimEnd().replaceAll("\n", "\r\n")}`;
      const folder = makeFolder({ [CI]: dos(UNPINNED) });
      chmodSync(path.join(folder, CI), 0o640);
      equal((await run(["fix"], folder)).code, 0);
      equal(read(folder), dos(pinned()));
      equal(statSync(path.join(folder, CI)).mode & 0o777, 0o640);
    });

    it("ends with 1 where something is left, says why, and pins the rest", async () => {
      const folder = makeFolder({ [CI]: workflow("uses: acme/tool@v4", "uses: acme/tool@v99") });
      const { code, out, err } = await run(["fix", CI], folder);
      deepEqual([code, err], [1, ""]);
      match(out, /^ {5}7 {2}left {9}acme\/tool@v99: .* has no tag or branch named "v99"\.$/mu);
      match(out, /Pinned 1 of 2 references; 1 was left as it is\.\n$/u);
      equal(read(folder), workflow(`uses: acme/tool@${world().commits[1]} # v4.2.2`, "uses: acme/tool@v99"));
    });

    it("does not count hints as left", async () => {
      const { code, out } = await run(["fix"], makeFolder({ [CI]: workflow("run: npx --yes cowsay@latest") }));
      equal(code, 0);
      match(out, /left/u);
    });

    it("pins only what a named rule finds", async () => {
      const folder = makeFolder({ [CI]: UNPINNED });
      equal((await run(["fix", "--rule", "unpinned-action"], folder)).code, 0);
      equal(read(folder), UNPINNED.replace("tool@v4", `tool@${world().commits[1]} # v4.2.2`));
    });

    it("pins a script that a pipeline runs", async () => {
      const folder = makeFolder({
        ".git/HEAD": "",
        [CI]: workflow("run: sh ci/setup.sh"),
        "ci/setup.sh": "curl -fsSL https://get.example.com/install.sh | sh\n",
      });
      const { out } = await run(["fix"], folder);
      match(out, /^ci\/setup\.sh$/mu);
      ok(read(folder, "ci/setup.sh").includes(sha256(world().script)));
    });

    it("prints a diff that git takes, and writes nothing, with --dry-run", async () => {
      const two = workflow(
        "run: |\n          make\n          make test\n          make all",
        "uses: acme/tool@v1.0.0",
      ).trimEnd();
      const files = { ".git/HEAD": "", [CI]: UNPINNED, ".github/workflows/two.yml": two };
      const folder = makeFolder(files);
      const { code, out, err } = await run(["fix", "--dry-run"], folder);
      equal(code, 0);
      match(err, /Pinned 3 references\.\n$/u);
      deepEqual([read(folder), read(folder, ".github/workflows/two.yml")], [UNPINNED, two]);
      const bare = makeFolder({ [CI]: UNPINNED, ".github/workflows/two.yml": two });
      const applied = spawnSync("git", ["apply", "-"], { cwd: bare, input: out, encoding: "utf8" });
      deepEqual([applied.status, applied.stderr], [0, ""]);
      equal(read(bare), pinned());
      equal(
        read(bare, ".github/workflows/two.yml"),
        `${two.replace("tool@v1.0.0", `tool@${world().commits[0]} # v1.0.0`)}`,
      );
    });

    it("keeps the text of what it pinned, readable for nobody else, and cannot run it", async () => {
      const folder = makeFolder({ [CI]: UNPINNED });
      await run(["fix"], folder);
      const kept = path.join(folder, ".cache/pipewarden/scripts", `${sha256(world().script)}.txt`);
      equal(readFileSync(kept, "utf8"), world().script);
      equal(statSync(kept).mode & 0o777, 0o600);
    });

    it("works although nothing can be kept", async () => {
      const folder = makeFolder({ [CI]: UNPINNED, cache: "a file" });
      equal((await run(["fix"], folder, path.join(folder, "cache"))).code, 0);
      equal(read(folder), pinned());
    });

    it("does not touch a file that was changed meanwhile", async () => {
      const folder = makeFolder({ [CI]: UNPINNED });
      const { script } = world();
      world().network.site("get.example.com", (request, response) => {
        writeFileSync(path.join(folder, CI), `# mine\n${UNPINNED}`);
        answers.text(script)(request, response);
      });
      const { code, out, err } = await run(["fix"], folder);
      equal(code, 2);
      match(err, /Was changed by somebody else meanwhile/u);
      match(out, /Pinned none of 2 references\./u);
      equal(read(folder), `# mine\n${UNPINNED}`);
    });

    it("writes nothing when it is interrupted", async () => {
      const folder = makeFolder({ [CI]: UNPINNED });
      const asked = new Promise<void>((resolve) => world().network.site("get.example.com", () => resolve()));
      const env = { ...process.env, ...world().network.env, XDG_CACHE_HOME: folder };
      const child = spawn(process.execPath, [sourceProgram, "fix"], { cwd: folder, env, stdio: "pipe" });
      const said: string[] = [];
      child.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text));
      await asked;
      child.kill("SIGINT");
      deepEqual(await once(child, "close"), [2, null]);
      equal(said.join(""), "pipewarden: Cancelled; nothing was changed.\n");
      equal(read(folder), UNPINNED);
    });

    it("asks nobody where nothing is to be pinned", async () => {
      await run(["fix"], makeFolder({ [CI]: workflow("run: make") }));
      deepEqual(world().network.connections, []);
    });

    it("asks a host with a private address where that is allowed", async () => {
      const { network, host, commits } = world();
      network.site("localhost", host.handler);
      const address = `https://localhost:${network.port}/acme/tool`;
      const folder = makeFolder({ ".gitea/workflows/ci.yml": workflow(`uses: ${address}@v4`) });
      const direct = { ...network.env, NO_PROXY: "localhost", no_proxy: "localhost", XDG_CACHE_HOME: folder };
      const fix = (...more: readonly string[]) => pipewarden(["fix", ...more], folder, sourceProgram, direct);
      const refused = await fix();
      equal(refused.code, 1);
      match(refused.out, /private|localhost/u);
      equal((await fix("--allow-host", "localhost")).code, 0);
      equal(read(folder, ".gitea/workflows/ci.yml"), workflow(`uses: ${address}@${commits[1]} # v4.2.2`));
    });
  });

  describe("verify", () => {
    const pin = async (text: string) => {
      const folder = makeFolder({ [CI]: text });
      equal((await run(["fix"], folder)).code, 0);
      world().network.forget();
      return folder;
    };
    const all = workflow(
      "uses: acme/tool@v4",
      "uses: docker://node:22",
      "run: curl -fsSL https://get.example.com/install.sh | sh",
    );

    it("ends with 0 where everything is as pinned", async () => {
      deepEqual(await run(["verify"], await pin(all)), { code: 0, out: "No pin changed, of 3.\n", err: "" });
    });

    it("ends with 1 and names what changed, with both texts of a script", async () => {
      const folder = await pin(all);
      const { network, tool, commits, digest } = world();
      tool.tag("v4.2.2", commits[2]);
      for (const tag of ["v4", "v4.2"]) tool.tag(tag, commits[2]);
      network.site("registry-1.docker.io", registrySite({ "library/node:22": otherIndex, "library/node:22.1": index }));
      network.site("get.example.com", answers.text("#!/bin/sh\nsteal\n"));
      const before = read(folder);
      const { code, out, err } = await run(["verify"], folder);
      deepEqual([code, err], [1, ""]);
      match(
        out,
        /^ {5}6 {2}moved {8}v4\.2\.2 of acme\/tool no longer stands for the pinned commit but for [0-9a-f]{12}\./mu,
      );
      match(out, /^ {5}7 {2}moved {8}node:22 stands for another digest today/mu);
      match(out, /^ {4}10 {2}changed {6}https:\/\/get\.example\.com\/install\.sh no longer has the content/mu);
      match(out, /\n3 of 3 pins are not as pinned: 1 changed, 2 moved\.\n$/u);
      const [, then = "", now = ""] = /then: (.*)\n +now: {2}(.*)\n/u.exec(out) ?? [];
      equal(readFileSync(then, "utf8"), world().script);
      equal(readFileSync(now, "utf8"), "#!/bin/sh\nsteal\n");
      equal(read(folder), before);
      ok(digest.length > 0);
    });

    it("says all of it as JSON", async () => {
      const folder = await pin(all);
      world().network.site("get.example.com", answers.text("#!/bin/sh\nsteal\n"));
      const { code, out } = await run(["verify", "--format", "json"], folder);
      equal(code, 1);
      const { pins } = JSON.parse(out);
      deepEqual(
        pins.map(({ path: file, line, kind, subject, verdict }: Record<string, unknown>) => [
          file,
          line,
          kind,
          subject,
          verdict,
        ]),
        [
          [CI, 6, "commit", "acme/tool", "held"],
          [CI, 7, "digest", "node:22", "held"],
          [CI, 10, "hash", "https://get.example.com/install.sh", "changed"],
        ],
      );
      deepEqual(Object.keys(pins[2].texts), ["before", "after"]);
      equal(pins[2].now, sha256("#!/bin/sh\nsteal\n"));
    });

    it("says that the old text is not known where it was never kept", async () => {
      const folder = await pin(all);
      world().network.site("get.example.com", answers.text("#!/bin/sh\nsteal\n"));
      const { out } = await run(["verify"], folder, makeFolder());
      match(out, /The old text is not known on this machine/u);
      ok(!out.includes("then:"));
    });

    it("ends with 0 where some could not be asked about, and says which", async () => {
      const folder = await pin(all);
      world().network.site("get.example.com", answers.text("", 503));
      const { code, out } = await run(["verify"], folder);
      equal(code, 0);
      match(out, /no answer .*answered 503/u);
      match(out, /No pin changed, of 3\. 1 pin could not be asked about\.\n$/u);
    });

    it("ends with 2 where nobody could be asked", async () => {
      const folder = await pin(workflow("uses: acme/tool@v4"));
      world().network.site("github.com", answers.text("", 503));
      const { code, out } = await run(["verify"], folder);
      equal(code, 2);
      match(out, /None of 1 pin could be asked about\.\n$/u);
    });

    it("ends with 0 where there is no pin", async () => {
      deepEqual(await run(["verify"], makeFolder({ [CI]: UNPINNED })), {
        code: 0,
        out: "There is no pin to verify.\n",
        err: "",
      });
    });
  });

  describe("are told what is wrong", () => {
    for (const [args, reason] of [
      [["fix", "--rule", "unpinned-thing"], "There is no rule “unpinned-thing”."],
      [["fix", "--format", "json"], "The command fix has no option --format."],
      [["scan", "--dry-run"], "The command scan has no option --dry-run."],
      [["verify", "--format", "sarif"], "verify has no format “sarif”"],
      [["verify", "--rule=x"], "The command verify has no option --rule."],
    ] as const) {
      it(`for: pipewarden ${args.join(" ")}`, async () => {
        const { code, out, err } = await run(args, makeFolder());
        deepEqual([code, out], [2, ""]);
        ok(err.includes(reason), err);
      });
    }

    it("for a path that does not exist", async () => {
      for (const command of ["fix", "verify"]) {
        const { code, err } = await run([command, "missing.yml"], makeFolder());
        deepEqual([code, err], [2, "pipewarden: missing.yml: Does not exist.\n"]);
      }
    });

    it("for a file that is no CI file", async () => {
      const { code, out, err } = await run(["fix", "x.yml"], makeFolder({ "x.yml": "a: b\n" }));
      deepEqual(
        [code, out, err],
        [0, "No CI file found.\n", "pipewarden: x.yml: Is no CI file that Pipewarden knows.\n"],
      );
    });
  });

  it("leave nothing behind in the folder for temporary files", async () => {
    const folder = makeFolder({ [CI]: UNPINNED, "tmp/x": "" });
    const env = {
      ...world().network.env,
      XDG_CACHE_HOME: path.join(folder, ".cache"),
      TMPDIR: path.join(folder, "tmp"),
    };
    await pipewarden(["fix"], folder, sourceProgram, env);
    deepEqual(readdirSync(path.join(folder, "tmp")), ["x"]);
    ok(existsSync(path.join(folder, ".cache")));
  });
});
