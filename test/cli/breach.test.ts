import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { useFolders } from "../support/folder.ts";
import { breach, clean, mild, pipewarden } from "./command-line.ts";

const CI = ".github/workflows/ci.yml";

describe("pipewarden breach", () => {
  const folder = useFolders();

  it("says who would have run it, what that could have taken, and what to revoke", async () => {
    const { code, out, err } = await pipewarden(["breach", "codecov.io"], folder({ [CI]: breach }));
    equal(
      out,
      `Breach drill: codecov.io

1 step in 1 file would have run code of codecov.io and could have taken 2 secrets.

Steps that would have run it
- .github/workflows/ci.yml:8 step “Upload” of job “test”
  - runs https://codecov.io/bash at .github/workflows/ci.yml:11
  - could have read at once:
    - CODECOV_TOKEN, granted by step “Upload” at .github/workflows/ci.yml:10
    - DEPLOY_KEY, granted by the whole workflow at .github/workflows/ci.yml:3

What to revoke
- CODECOV_TOKEN (GitHub Actions): read by .github/workflows/ci.yml:8
- DEPLOY_KEY (GitHub Actions): read by .github/workflows/ci.yml:8

Outside of these files
- Whatever else the machines could reach: caches, artifacts, their networks, and on machines of your own what lies on their disks.
`,
    );
    equal(err, "");
    equal(code, 1);
  });

  it("ends with 0 where no step is known that would have run it, and says so", async () => {
    const { code, out } = await pipewarden(["breach", "tj-actions"], folder({ [CI]: breach }));
    match(out, /^Breach drill: tj-actions\n\nNo step is known that would have run altered code of tj-actions\.\n$/);
    equal(code, 0);
  });

  it("names variables of the project's settings, which no file lists", async () => {
    const text = "test:\n  script:\n    - curl -s https://codecov.io/bash | bash\n";
    const { out } = await pipewarden(["breach", "codecov.io"], folder({ ".gitlab-ci.yml": text }));
    match(out, /could have taken no secret that a file names, and what is configured in the settings\./);
    match(
      out,
      /- every variable configured in the project's settings \(GitLab CI\), for \.gitlab-ci\.yml:1: no file lists/,
    );
    match(out, /- CI_JOB_TOKEN \(GitLab CI\).* nothing to revoke/);
  });

  it("looks into the paths that are named alone", async () => {
    const root = folder({ [`one/${CI}`]: breach, [`two/${CI}`]: clean });
    equal((await pipewarden(["breach", "codecov.io", "two"], root)).code, 0);
    equal((await pipewarden(["breach", "codecov.io", "one", "two"], root)).code, 1);
    equal((await pipewarden(["breach", "codecov.io", "--exclude", "one"], root)).code, 0);
  });

  it("ends with 2 for a path that does not exist, whatever was found, and for nobody to ask about", async () => {
    const root = folder({ [CI]: breach });
    const missing = await pipewarden(["breach", "codecov.io", ".", "missing"], root);
    equal(missing.code, 2);
    match(missing.err, /missing: Does not exist\./);
    for (const args of [
      ["breach"],
      ["breach", ""],
      ["breach", "x", "--format", "sarif"],
      ["breach", "x", "--by", "step"],
    ]) {
      const { code, out } = await pipewarden(args, root);
      deepEqual([code, out], [2, ""], args.join(" "));
    }
  });

  it("writes JSON with every step, secret and place", async () => {
    const { code, out } = await pipewarden(["breach", "codecov.io", "--format", "json"], folder({ [CI]: breach }));
    const document = JSON.parse(out);
    equal(code, 1);
    deepEqual(Object.keys(document), [
      ...["version", "base", "ciFiles", "party", "exposed", "revoke", "unknown", "held", "related", "notices"],
    ]);
    deepEqual(document.party, { asked: "codecov.io", name: "codecov.io" });
    deepEqual(document.exposed, [
      {
        path: CI,
        line: 8,
        column: 9,
        step: "step “Upload”",
        job: "test",
        system: "GitHub Actions",
        now: [
          {
            name: "CODECOV_TOKEN",
            kind: "named",
            scope: "step “Upload”",
            level: "step",
            grantedAt: { path: CI, line: 10, column: 11 },
          },
          {
            name: "DEPLOY_KEY",
            kind: "named",
            scope: "the whole workflow",
            level: "pipeline",
            grantedAt: { path: CI, line: 3, column: 3 },
          },
        ],
        later: [],
        codes: [
          {
            path: CI,
            line: 11,
            column: 14,
            kind: "script",
            text: "https://codecov.io/bash",
            host: "codecov.io",
            versions: [],
            state: "mutable",
          },
        ],
      },
    ]);
    const where = [{ path: CI, line: 8, column: 9, step: "step “Upload”", job: "test" }];
    deepEqual(document.revoke, [
      { name: "CODECOV_TOKEN", kind: "named", systems: ["GitHub Actions"], now: where, later: [] },
      { name: "DEPLOY_KEY", kind: "named", systems: ["GitHub Actions"], now: where, later: [] },
    ]);
  });

  it("writes Markdown with links to the lines, into a file too", async () => {
    const root = folder({ [CI]: breach });
    const args = ["breach", "https://codecov.io/", "--format", "markdown", "--output", "drill.md"];
    const { code, out } = await pipewarden(args, root);
    deepEqual([code, out], [1, ""]);
    const written = readFileSync(path.join(root, "drill.md"), "utf8");
    match(written, /^# Breach drill: `https:\/\/codecov\.io\/`\n/);
    ok(written.includes(`runs \`https://codecov.io/bash\` at [${CI}:11](<${CI}#L11>)`), written);
  });

  it("lets no name in a file steer a terminal or become markup", async () => {
    const hostile = breach
      .replace("name: Upload", '"name": "Up`load | *x* \\u001b[31m\\n# y <img src=x> [z](https://evil.example)"')
      .replace("codecov.io/bash)", "codecov.io/ba|sh`x`)");
    const root = folder({ [CI]: hostile });
    for (const format of ["text", "markdown"]) {
      const { out } = await pipewarden(["breach", "codecov.io", "--format", format], root);
      ok(!out.includes("\u001b"), out);
      ok(!/^# y/m.test(out), out);
      equal(out.match(/Up/g)?.length, 2, out);
    }
    const { out } = await pipewarden(["breach", "codecov.io", "--format", "markdown"], root);
    const bare = out.replace(/(`+)(?!`).*?(?<!`)\1(?!`)/g, "");
    ok(!/<img|\[z\]/.test(bare), bare);
  });
});

describe("pipewarden secrets", () => {
  const folder = useFolders();

  it("prints for each secret the code that reaches it, and where it is granted", async () => {
    const { code, out } = await pipewarden(["secrets"], folder({ [CI]: breach }));
    equal(
      out,
      `Secrets and the code that reaches them

2 secrets, each of them within reach of code that nobody pinned.

CODECOV_TOKEN (GitHub Actions)
- .github/workflows/ci.yml:8 step “Upload” of job “test”, granted by step “Upload” at .github/workflows/ci.yml:10
  - own code in .github/workflows/ci.yml
  - script https://codecov.io/bash, not pinned, at .github/workflows/ci.yml:11

DEPLOY_KEY (GitHub Actions)
- .github/workflows/ci.yml:8 step “Upload” of job “test”, granted by the whole workflow at .github/workflows/ci.yml:3
  - own code in .github/workflows/ci.yml
  - script https://codecov.io/bash, not pinned, at .github/workflows/ci.yml:11
`,
    );
    equal(code, 0);
  });

  it("prints by step as well", async () => {
    const { code, out } = await pipewarden(["secrets", "--by", "step"], folder({ [CI]: breach }));
    match(
      out,
      /\n- \.github\/workflows\/ci\.yml:8 step “Upload” of job “test”\n {2}- reads CODECOV_TOKEN, DEPLOY_KEY\n {2}- own code in /,
    );
    equal(code, 0);
  });

  it("writes JSON with the secrets and all steps", async () => {
    const root = folder({ [CI]: breach, ".github/workflows/mild.yml": mild });
    const { out } = await pipewarden(["secrets", "--format", "json"], root);
    const { secrets, steps, ciFiles } = JSON.parse(out);
    equal(ciFiles, 2);
    deepEqual(
      secrets.map(({ name, now }: { readonly name: string; readonly now: readonly unknown[] }) => [name, now.length]),
      [
        ["CODECOV_TOKEN", 1],
        ["DEPLOY_KEY", 1],
        ["GITHUB_TOKEN", 1],
      ],
    );
    deepEqual(
      steps.map(({ step, own }: { readonly step: string; readonly own: readonly string[] }) => [step, own]),
      [
        ["step “Upload”", [CI]],
        ["step “someone/something”", []],
      ],
    );
  });

  it("writes Markdown, and says where nothing is within reach", async () => {
    const { code, out } = await pipewarden(["secrets", "--format", "markdown"], folder({ [CI]: clean }));
    equal(
      out,
      "# Secrets and the code that reaches them\n\n**No secret that a file names is within reach of any step.**\n",
    );
    equal(code, 0);
  });

  it("takes no other order", async () => {
    const { code, err } = await pipewarden(["secrets", "--by", "name"], folder({ [CI]: clean }));
    equal(code, 2);
    match(err, /--by cannot be “name”: it is one of secret, step\./);
  });
});
