import { deepEqual, equal, ok } from "node:assert/strict";
import { applyEdits, type Context, EMPTY_CONTEXT, type PinnedPlace, pinsOf } from "../../server/core/index.ts";
import { workflow } from "./world.ts";

const COMMIT = "11bd71901bbe5b1630ceea73d27597364c9af683";
const DIGEST = "sha256:beefdbd8a1da6d2915566fde36db9db0b524eb737fc57cd1367effd16dc0d06d";
const HASH = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";

function pins(text: string, path = ".github/workflows/ci.yml", context: Context = EMPTY_CONTEXT) {
  return pinsOf({ path, text }, context);
}

function shown({ kind, subject, label, expected }: PinnedPlace): readonly unknown[] {
  return [kind, subject, label, expected];
}

const PS_CHECK = `if ((Get-FileHash "$env:RUNNER_TEMP/tool-i.ps1").Hash -ne '${HASH}') { exit 1 }`;
const CMD_CHECK = `certutil -hashfile i.bat SHA256 | findstr /i /x /c:"${HASH}" >nul || exit /b 1`;

describe("The pins of a file", () => {
  it("are commits with what the comment calls them", () => {
    const names: readonly (readonly [comment: string, label: string | undefined])[] = [
      ["", undefined],
      [" # v4.2.2", "v4.2.2"],
      ["  #v4", "v4"],
      [" # tag=v4.2.2", "v4.2.2"],
      [" # pin@v4", "v4"],
      [" # v4.2.2 # the fast one", "v4.2.2"],
      [" # v4.2.2, renovate does not touch it", undefined],
      [" # 2024.1 is the last good one", "2024.1"],
      [" # main", "main"],
      [" # main # follows it", "main"],
      [" # releases/v1", "releases/v1"],
      [" # the fast one", undefined],
      [" #", undefined],
    ];
    for (const [comment, label] of names) {
      const [pin, ...others] = pins(workflow(`uses: acme/tool/sub@${COMMIT}${comment}`));
      deepEqual([pin && shown(pin), others], [["commit", "acme/tool", label, COMMIT], []], comment);
      deepEqual(pin?.ask, label && { kind: "commit", host: "github.com", repo: "acme/tool", ref: label });
      deepEqual(pin?.alive, { kind: "commit", host: "github.com", repo: "acme/tool", ref: COMMIT });
    }
  });

  it("have nobody to ask where the settings of a server decide on the host", () => {
    const [pin] = pins(workflow(`uses: acme/tool@${COMMIT} # v4`), ".gitea/workflows/ci.yml");
    deepEqual([pin?.expected, pin?.ask, pin?.alive], [COMMIT, undefined, undefined]);
  });

  it("are digests of images, of references and in scripts", () => {
    const text = workflow(
      `uses: docker://ghcr.io/acme/lint:v2@${DIGEST}`,
      `run: docker run --rm node@${DIGEST} node -v`,
    ).replace("    steps:", `    container: node:22@${DIGEST}\n    steps:`);
    deepEqual(pins(text).map(shown), [
      ["digest", "node:22", "22", DIGEST],
      ["digest", "ghcr.io/acme/lint:v2", "v2", DIGEST],
      ["digest", "node", undefined, DIGEST],
    ]);
    deepEqual(
      pins(text).map(({ ask, alive }) => [ask, alive]),
      [
        [image("node:22"), image(`node@${DIGEST}`)],
        [image("ghcr.io/acme/lint:v2"), image(`ghcr.io/acme/lint@${DIGEST}`)],
        [undefined, image(`node@${DIGEST}`)],
      ],
    );
  });

  it("are hashes of downloads that the scripts check", () => {
    const scripts: readonly (readonly [script: string, urls: readonly string[]])[] = [
      ["curl -fsSLO https://x.dev/i.sh\necho '<>  i.sh' | sha256sum -c -\nsh i.sh", ["https://x.dev/i.sh"]],
      [
        'curl -fsSL https://x.dev/i.sh -o "$RUNNER_TEMP/i.sh"\necho "<>  $RUNNER_TEMP/i.sh" | sha256sum -c - || exit 1',
        ["https://x.dev/i.sh"],
      ],
      ["curl -fsSLO https://x.dev/i.sh && echo '<>  i.sh' | shasum -a 256 -c - && sh i.sh", ["https://x.dev/i.sh"]],
      ["wget -q https://x.dev/i.sh\necho '<> *i.sh' > sums\nsha256sum --check sums", ["https://x.dev/i.sh"]],
      ["V=1.2\nwget -qO t.tgz https://x.dev/t-$V.tgz\necho '<>  t.tgz' | sha256sum -c", ["https://x.dev/t-1.2.tgz"]],
      [
        'curl -sLo i.sh https://x.dev/i.sh\nif [ "$(sha256sum i.sh | cut -d" " -f1)" != <> ]; then exit 1; fi',
        ["https://x.dev/i.sh"],
      ],
      ['f=$(mktemp)\ncurl -sLo "$f" https://x.dev/i.sh\necho "<>  $f" | sha256sum -c -', ["https://x.dev/i.sh"]],
      [
        "curl -sLo i.sh https://x.dev/i.sh\nmv i.sh /tmp/i.sh\necho '<>  /tmp/i.sh' | sha256sum -c -",
        ["https://x.dev/i.sh"],
      ],
    ];
    for (const [script, urls] of scripts) {
      const text = workflow(`run: |\n${script.replaceAll("<>", HASH).replace(/^/gmu, "          ")}`);
      const found = pins(text);
      deepEqual(
        found.map(shown),
        urls.map((url) => ["hash", url, undefined, HASH]),
        script,
      );
      for (const { span, ask, subject } of found) {
        equal(text.slice(span.start, span.end), HASH, script);
        deepEqual(ask, { kind: "scriptHash", url: subject });
      }
    }
  });

  it("are hashes that PowerShell, cmd and the longer algorithms compare with", () => {
    const [sha256, sha384, sha512] = [HASH, "c".repeat(96), "d".repeat(128)];
    const windows = (shell: string, ...lines: readonly string[]) =>
      workflow(`shell: ${shell}\n        run: |\n          ${lines.join("\n          ")}`);
    const iwr = "iwr https://x.dev/i.ps1 -OutFile i.ps1";
    const curl = "curl -fsSLo i.cmd https://x.dev/i.cmd";
    const cases: readonly (readonly [text: string, digest: string])[] = [
      [windows("pwsh", iwr, `if ((Get-FileHash i.ps1).Hash -ne '${sha256}') { exit 1 }`, "./i.ps1"), sha256],
      [
        windows(
          "pwsh",
          iwr,
          `if ((Get-FileHash ./i.ps1 -Algorithm SHA256).Hash -eq '${sha256.toUpperCase()}') { ./i.ps1 }`,
        ),
        sha256,
      ],
      [
        windows(
          "pwsh",
          `$want = '${sha512}'`,
          iwr,
          "$got = (Get-FileHash -Algorithm SHA512 -Path i.ps1).Hash",
          "if ($got -ne $want) { throw 'no' }",
          "./i.ps1",
        ),
        sha512,
      ],
      [
        windows(
          "cmd",
          curl,
          `certutil -hashfile i.cmd SHA256 | findstr /i /x /c:"${sha256}" >nul || exit /b 1`,
          "call i.cmd",
        ),
        sha256,
      ],
      [
        windows(
          "cmd",
          curl,
          `certutil -hashfile i.cmd SHA512 | findstr /i /x /c:"${sha512}" >nul || exit /b 1`,
          "call i.cmd",
        ),
        sha512,
      ],
      [windows("bash", "curl -fsSLo i.sh https://x.dev/i.sh", `echo "${sha384}  i.sh" | sha384sum -c -`), sha384],
      [windows("bash", "curl -fsSLo i.sh https://x.dev/i.sh", `echo "${sha512}  i.sh" | shasum -a 512 -c -`), sha512],
      [
        windows(
          "bash",
          "curl -fsSLo i.sh https://x.dev/i.sh",
          `[ "$(sha512sum i.sh | cut -d' ' -f1)" = "${sha512}" ] || exit 1`,
        ),
        sha512,
      ],
    ];
    for (const [text, digest] of cases) {
      const [pin, ...others] = pins(text);
      deepEqual([pin?.expected, others], [digest, []], text);
      equal(pin && text.slice(pin.span.start, pin.span.end).toLowerCase(), digest);
      const other = "0".repeat(digest.length);
      equal(updated(text, pin, other).toLowerCase(), text.toLowerCase().replace(digest, other));
    }
    const none = [
      windows("bash", "curl -fsSLo i.sh https://x.dev/i.sh", `echo "${sha512}  i.sh" | b2sum -c -`),
      windows("bash", "curl -fsSLo i.sh https://x.dev/i.sh", `echo "${sha256}  i.sh" | b3sum -c -`),
      windows(
        "pwsh",
        "iwr https://x.dev/a.zip -OutFile a.zip",
        "Expand-Archive a.zip -DestinationPath out",
        `if ((Get-FileHash out/t.ps1).Hash -ne '${sha256}') { exit 1 }`,
        "out/t.ps1",
      ),
    ];
    for (const text of none) deepEqual(pins(text), [], text);
  });

  it("are hashes of what an address with a commit gives, such as our own fixes write", () => {
    for (const url of [
      `https://raw.githubusercontent.com/acme/tool/${COMMIT}/i.sh`,
      `https://cdn.jsdelivr.net/gh/acme/tool@${COMMIT}/i.sh`,
    ]) {
      for (const [fetch, file] of [
        ["-fsSLO", "i.sh"],
        ['-o "$RUNNER_TEMP/tool-i.sh" -fsSL', "$RUNNER_TEMP/tool-i.sh"],
      ]) {
        const text = workflow(
          `run: |\n          curl ${fetch} ${url}\n          echo "${HASH}  ${file}" | sha256sum -c - || exit 1\n          sh "${file}"`,
        );
        const [pin, ...others] = pins(text);
        deepEqual([pin && shown(pin), others], [["hash", url, undefined, HASH], []], text);
        equal(pin && text.slice(pin.span.start, pin.span.end), HASH);
        equal(updated(text, pin, "0".repeat(64)), text.replace(HASH, "0".repeat(64)));
      }
      for (const [shell, fetch, check, run] of [
        ["pwsh", `irm ${url} -OutFile "$env:RUNNER_TEMP/tool-i.ps1"`, PS_CHECK, "& $env:RUNNER_TEMP/tool-i.ps1"],
        ["cmd", `curl -fsSLo i.bat ${url}`, CMD_CHECK, "call i.bat"],
      ] as const) {
        const text = workflow(
          `shell: ${shell}\n        run: |\n          ${fetch}\n          ${check}\n          ${run}`,
        );
        const [pin, ...others] = pins(text);
        deepEqual([pin && shown(pin), others], [["hash", url, undefined, HASH], []], text);
        equal(pin && text.slice(pin.span.start, pin.span.end), HASH);
      }
      const other = workflow(
        `run: |\n          curl -fsSLO ${url}\n          echo "${HASH}  other.sh" | sha256sum -c -\n          sh i.sh`,
      );
      deepEqual(pins(other), []);
    }
  });

  it("are hashes that the system itself checks", () => {
    const [own, other] = [
      "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=",
      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ];
    const text = `include:\n  - integrity: 'sha256-${own}' # why\n    remote: https://ci.example.com/base.yml\n`;
    const [pin, ...others] = pins(text, ".gitlab-ci.yml");
    const expected = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    deepEqual([pin && shown(pin), others], [["hash", "https://ci.example.com/base.yml", undefined, expected], []]);
    deepEqual(pin?.ask, { kind: "scriptHash", url: "https://ci.example.com/base.yml" });
    equal(updated(text, pin, "0".repeat(64)), text.replace(own, other));
  });

  it("are none where the checked file is not what the address gives", () => {
    for (const script of [
      "curl -s https://x.dev/t.gz | gunzip > t\n          echo '<>  t' | sha256sum -c -",
      "curl -sO https://x.dev/t.tgz\n          tar xf t.tgz\n          echo '<>  bin/t' | sha256sum -c -",
      "echo '<>  committed.sh' | sha256sum -c -",
      'curl -sO https://x.dev/i.sh\n          echo "$EXPECTED  i.sh" | sha256sum -c -',
    ])
      deepEqual(pins(workflow(`run: |\n          ${script.replaceAll("<>", HASH)}`)), [], script);
  });

  it("ask nothing where only the run knows the address", () => {
    const script = `curl -sLo i.sh "https://x.dev/$GITHUB_SHA/i.sh"\n          echo '${HASH}  i.sh' | sha256sum -c -`;
    const [pin] = pins(workflow(`run: |\n          ${script}`));
    equal(pin?.kind, "hash");
    equal(pin?.ask, undefined);
  });

  it("are found in the files that a pipeline runs, at their place there", () => {
    const sh = `#!/bin/sh\ncurl -fsSLO https://x.dev/i.sh\necho "${HASH}  i.sh" | sha256sum -c - || exit 1\nsh i.sh\n`;
    const context = { ...EMPTY_CONTEXT, read: (path: string) => (path === "ci/setup.sh" ? sh : undefined) };
    const [pin, ...others] = pins(workflow("run: sh ci/setup.sh"), undefined, context);
    deepEqual([pin?.path, others], ["ci/setup.sh", []]);
    ok(pin);
    equal(sh.slice(pin.span.start, pin.span.end), HASH);
    deepEqual(pin.update("0".repeat(64)), [{ path: "ci/setup.sh", span: pin.span, text: "0".repeat(64) }]);
  });

  it("are listed once where an anchor or two jobs bring them", () => {
    const text = `x: &step\n  uses: acme/tool@${COMMIT} # v4\non: push\njobs:\n  a:\n    runs-on: x\n    steps: [*step, *step]\n`;
    equal(pins(text).length, 1);
  });

  it("are none in a file that is no CI file", () => {
    deepEqual(pins(`image: node@${DIGEST}\n`, "compose.yml"), []);
  });

  it("can be updated, with nothing else changed", () => {
    const text = workflow(
      `uses: 'acme/tool@${COMMIT}'  # v4.2.2 # why`,
      `uses: docker://node:22@${DIGEST}`,
      `run: |\n          curl -fsSLO https://x.dev/i.sh\n          echo "${HASH}  i.sh" | sha256sum -c - || exit 1`,
    );
    const [action, node, script] = pins(text);
    const other = "0".repeat(40);
    equal(updated(text, action, other, "v5.0.0"), text.replace(COMMIT, other).replace("v4.2.2", "v5.0.0"));
    equal(updated(text, action, COMMIT, "v4.2.1"), text.replace("v4.2.2", "v4.2.1"));
    equal(updated(text, node, `sha256:${"0".repeat(64)}`), text.replace(DIGEST, `sha256:${"0".repeat(64)}`));
    equal(updated(text, script, "0".repeat(64)), text.replace(HASH, "0".repeat(64)));
  });
});

function image(name: string) {
  return { kind: "imageDigest", image: name };
}

function updated(text: string, pin: PinnedPlace | undefined, to: string, label?: string): string {
  return applyEdits(
    text,
    (pin?.update(to, label) ?? [])
      .flatMap((edit) => ("span" in edit ? [{ ...edit, path: undefined }] : []))
      .map(({ span, text: added }) => ({ span, text: added })),
  );
}
