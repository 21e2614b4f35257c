import assert from "node:assert/strict";
import fc from "fast-check";
import { maskGitHub } from "../../server/core/masking.ts";
import { parseBashWord } from "../../server/core/shell/bash.ts";
import type { Command } from "../../server/core/shell/command.ts";
import { staticText } from "../../server/core/shell/command.ts";
import { traceJob } from "../../server/core/shell/dataflow.ts";
import {
  checkBefore,
  downloadedFile,
  followsRedirects,
  type Known,
  type PinSite,
  pinFetch,
  pinnedUrl,
  pinObstacle,
} from "../../server/core/shell/pin.ts";
import { fileName } from "../../server/core/shell/pin-name.ts";
import { commandsOf } from "../../server/core/shell/pin-path.ts";
import { applyEdits } from "../../server/core/text.ts";
import { fetchesOf, filledIn, PAIRS, pinAll, REFUSED, sha256, siteOf, systemsOf } from "../support/pin.ts";

const HASH = "a".repeat(64);
const URL_TEXT = "https://example.com/install.sh";

describe("pinning a fetched script", () => {
  describe("gives the text that was executed", () => {
    for (const { id, os = ["linux", "macos", "alpine"], before, after, equal, line, lineBefore } of PAIRS) {
      for (const system of os) {
        const options = { operatingSystems: systemsOf(system) };
        it(`${id} on ${system}`, () => {
          assert.equal(pinAll(before.join("\n"), sha256, options), filledIn(equal ?? after, system, sha256));
        });
        if (line === undefined) continue;
        it(`${id} on ${system}, on one line`, () => {
          const expected = filledIn(line === true ? after.join("; ") : line, system, sha256);
          assert.equal(pinAll(lineBefore ?? before.join("\n"), sha256, { ...options, lineOnly: true }), expected);
        });
      }
    }
  });

  describe("is refused with a reason and a way out", () => {
    for (const { id, before, suggests } of REFUSED) {
      it(id, () => {
        const site = siteOf(before.join("\n"), { mask: maskGitHub });
        const { refused = "" } = pinObstacle(site, firstFetch(site)) ?? {};
        assert.ok(refused.includes(suggests) && refused.endsWith("."), refused);
      });
    }

    for (const [text, reason] of [
      [`while curl -s ${URL_TEXT} | bash; do :; done`, /retried/],
      [`if a; then :; elif curl -s ${URL_TEXT} | bash; then :; fi`, /elif/],
      [`docker exec c curl -s ${URL_TEXT} | bash`, /container/],
      [`ssh host "curl -s ${URL_TEXT} | bash"`, /another machine/],
      [`su user -c "curl -s ${URL_TEXT} | bash"`, /Another user/],
      [`bash -c "curl -s \\"${URL_TEXT}\\" | bash"`, /quoting/],
      [`(cd d && curl -sO ${URL_TEXT}); bash d/install.sh`, /shell of its own/],
      [`curl -so f ${URL_TEXT} & wait; bash f`, /background/],
      [`curl -s ${URL_TEXT} >> f; bash f`, /added to other text/],
      [`curl -so "$(mktemp)" ${URL_TEXT}`, /computed/],
      [`echo x | curl -s ${URL_TEXT} | bash`, /reads from a pipe/],
      [`curl -s ${URL_TEXT} | bash < f`, /file of its own/],
      [`curl -H "X-Api-Key: 1" ${URL_TEXT} | bash`, /credential/],
      [`curl -A agent ${URL_TEXT} | bash`, /request headers/],
      [`curl -s "https://user:p@example.com/install.sh" | bash`, /credential/],
      [`curl -s "https://example.com/{a,b}.sh" | bash`, /several files/],
      [`curl -s ftp://example.com/a.sh | bash`, /http and https/],
      [`fetch -o - ${URL_TEXT} | sh`, /curl and wget/],
      [`a && curl -s ${URL_TEXT} | bash <<EOF\nx\nEOF`, /file of its own|here-document/],
    ] as const) {
      it(text.replaceAll("\n", "⏎"), () => {
        const site = siteOf(text);
        assert.match(pinObstacle(site, firstFetch(site))?.refused ?? "", reason);
      });
    }

    it("where the script is not one of a shell", () => {
      const site = siteOf(`curl ${URL_TEXT} | bash`, {
        shell: { language: "python", errexit: false, pipefail: false },
      });
      assert.match(pinObstacle(site, firstFetch(site))?.refused ?? "", /POSIX/);
    });

    it("where the file is already compared with a checksum", () => {
      const site = siteOf(`curl -so f ${URL_TEXT}\necho "${HASH}  f" | sha256sum -c -\nbash f`);
      assert.match(pinObstacle(site, firstFetch(site))?.refused ?? "", /already compared/);
    });
  });

  describe("puts the guard where a mismatch stops the step and nothing is fetched too early", () => {
    shows(
      "a loop fed by a redirection keeps its data",
      'while read -r x; do\n  curl -s U | bash -s "$x"\ndone < list',
      ["while read -r x; do", "  curl -fsSL U -o F", "  CHECK F", '  bash -s "$x" < F', "done < list"],
    );
    shows("a condition in a subshell is not climbed over", "(apt-get update && curl -s U | bash)", [
      "(apt-get update && {",
      "  curl -fsSL U -o F",
      "  CHECK F",
      "  bash F",
      "})",
    ]);
    shows(
      "a variable of the subshell stays in front of the download",
      '(V=1; curl -s "https://example.com/$V/install.sh" | bash)',
      ["(V=1", '  curl -fsSL "https://example.com/$V/install.sh" -o F', "  CHECK F", "  bash F)"],
    );
    shows("a function that prints the script is guarded in front", "fetch() { curl -sSL U; }\nfetch | bash", [
      "curl -fsSL U -o F",
      "CHECK F",
      "fetch() { cat F; }",
      "fetch | bash",
    ]);
    shows(
      "a function called in a pipe is not left before its variable is set",
      'f() { curl "$A/install.sh" | bash; }\nA=b\nf | cat',
      [
        "f() {",
        '  curl -fsSL "$A/install.sh" -o /tmp/script-install.sh',
        "  CHECK /tmp/script-install.sh",
        "  bash /tmp/script-install.sh; }",
        "A=b",
        "f | cat",
      ],
    );
    shows("a group in the background is guarded in the foreground", "{ curl -s U | bash; } &\nwait", [
      "curl -fsSL U -o F",
      "CHECK F",
      "{ bash F; } &",
      "wait",
    ]);
    shows("a here-document on the line keeps its place", "cat <<EOF; curl -s U | bash\nbody\nEOF", [
      "cat <<EOF; curl -fsSL U -o F; CHECK F; bash F",
      "body",
      "EOF",
    ]);
    shows(
      "a string of single quotes is guarded inside where something comes first",
      "sudo bash -c 'apt-get update && curl -s U | bash'",
      ["sudo bash -c 'apt-get update && { curl -fsSL U -o F; CHECK F; bash F; }'"],
    );
    shows("a substitution that begins with a parenthesis stays one", "X=$(curl -s U | (cat | bash))", [
      "curl -fsSL U -o F",
      "CHECK F",
      "X=$( (cat | bash) < F)",
    ]);
    shows("the folder of a teed file is not left", "(cd d && curl -s U | tee install.sh | bash)", [
      "curl -fsSL U -o F",
      "CHECK F",
      "(cd d && tee install.sh < F | bash)",
    ]);
  });

  describe("checks a file that the script downloads itself", () => {
    shows("in front of the first use, over a message", "curl -so f U\necho ok\nbash f", [
      "curl -fso f U",
      "echo ok",
      "CHECK f",
      "bash f",
    ]);
    shows("before the folder changes", "curl -so f U; cd d; bash ../f", [
      "curl -fso f U",
      "CHECK f",
      "cd d; bash ../f",
    ]);
    shows(
      "in braces behind a condition, with every way to fetch it",
      "[ -f f ] || curl -so f U || wget -qO f U\nbash f",
      ["[ -f f ] || {", "  curl -fso f U || wget -qO f U", "  CHECK f", "}", "bash f"],
    );
    shows("in the branch that a download opens", "if curl -so f U; then\n  bash f\nfi", [
      "if curl -fso f U; then",
      "  CHECK f",
      "  bash f",
      "fi",
    ]);
    shows("behind a loop that tries again", "until curl -so f U; do sleep 1; done\nbash f", [
      "until curl -fso f U; do sleep 1; done",
      "CHECK f",
      "bash f",
    ]);
    shows("behind the download where the script does not run it, and behind its comment", "curl -so f U # get", [
      "curl -fso f U # get",
      "CHECK f",
    ]);
    shows("within continued lines", "curl -so f U \\\n  && chmod +x f \\\n  && ./f", [
      "curl -fso f U",
      "CHECK f",
      "chmod +x f \\",
      "  && ./f",
    ]);
    shows("under a folder option", "wget -q -P /opt/x U && sh /opt/x/install.sh", [
      "wget -q -P /opt/x U",
      "CHECK /opt/x/install.sh",
      "sh /opt/x/install.sh",
    ]);
    shows("by the home folder's variable, because a tilde does not work within quotes", "curl -so ~/f U; bash ~/f", [
      "curl -fso ~/f U",
      "CHECK $HOME/f",
      "bash ~/f",
    ]);

    it("in another script that runs it, while the download only gets -f", () => {
      const site = siteOf(`curl -sSLo f ${URL_TEXT}`);
      const fetch = firstFetch(site);
      assert.equal(
        applied(site, pinFetch(site, fetch, { sha256: HASH, checkedElsewhere: true })),
        `curl -fsSLo f ${URL_TEXT}`,
      );
      const file = downloadedFile(site, fetch);
      assert.ok(file);
      const other = siteOf("set -x && bash f | tee log");
      const run = [...commandsOf(other)].find(({ command }) => staticText(command.words[0]) === "bash")?.command;
      assert.ok(run);
      const moved = siteOf("cd d\nbash f");
      const there = [...commandsOf(moved)].at(-1)?.command;
      assert.match(there ? applied(moved, checkBefore(moved, there, file, HASH)) : "", /another folder/);
      assert.equal(
        applied(other, checkBefore(other, run, file, HASH)),
        `set -x && {\n  echo "${HASH}  f" | sha256sum -c - || exit 1\n  bash f | tee log\n}`,
      );
    });
  });

  describe("keeps what the command line says", () => {
    shows("a backslash in front of the name", "\\curl -sSL U | bash -s stable", [
      "\\curl -fsSL U -o F",
      "CHECK F",
      "bash F stable",
    ]);
    shows("long options", "curl --retry 3 U | bash", ["curl --fail --retry 3 U -o F", "CHECK F", "bash F"]);
    shows("flags in several words", "curl -s -L U | bash", ["curl -fsSL U -o F", "CHECK F", "bash F"]);
    shows("options of the shell", "curl -s U | bash -es -o pipefail -- a", [
      "curl -fsSL U -o F",
      "CHECK F",
      "bash -e -o pipefail F a",
    ]);
    shows("the device that stands for the pipe", "curl -s U | bash /dev/stdin a", [
      "curl -fsSL U -o F",
      "CHECK F",
      "bash F a",
    ]);
    shows("exec in a pipe, which ends only its part of it", "curl -s U | exec bash", [
      "curl -fsSL U -o F",
      "CHECK F",
      "cat F | exec bash",
    ]);
    shows("options that only the run knows", "curl -s U | bash $O", ["curl -fsSL U -o F", "CHECK F", "bash $O < F"]);
    shows("a reader in a function of the script", "r() { bash; }\ncurl -s U | r", [
      "r() { bash; }",
      "curl -fsSL U -o F",
      "CHECK F",
      "cat F | r",
    ]);

    it("feeds a script that asks where it lies as before", () => {
      const known = { sha256: HASH, text: 'cd "$(dirname "$0")"' };
      assert.match(pinned("curl -s U | bash -s a", known), /\nbash -s a < F$/);
      assert.match(pinned('sh -c "$(curl -s U)" x a', known), /\nsh -c "\$\(cat F\)" x a$/);
    });

    it("moves to another address of the same bytes", () => {
      const url = "https://example.com/0123456789abcdef/install.sh?a=1&b=2";
      assert.match(
        pinned("(curl -s U || wget -qO- U) | sh", { sha256: HASH, url }),
        /^curl -fsSL '([^']*)' -o F \|\| wget -qO F '\1'\n/,
      );
      assert.match(pinned("curl -sO U; sh install.sh", { sha256: HASH, url: "https://example.com/x" }), /another name/);
      assert.match(pinned("sh -c 'true; a && curl -s U | sh'", { sha256: HASH, url }), /quoting/);
    });

    it("writes masked expressions as they were, also where they move", () => {
      const text = 'OUT=$(curl -s "https://example.com/${{ inputs.v }}/install.sh" | bash -s -- ${{ inputs.a }})';
      const site = siteOf(text, { mask: maskGitHub, scratch: "$RUNNER_TEMP" });
      assert.equal(
        applied(site, pinFetch(site, firstFetch(site), { sha256: HASH }), text),
        'curl -fsSL "https://example.com/${{ inputs.v }}/install.sh" -o "$RUNNER_TEMP/example-install.sh"\n' +
          `echo "${HASH}  $RUNNER_TEMP/example-install.sh" | sha256sum -c - || exit 1\n` +
          'OUT=$(bash "$RUNNER_TEMP/example-install.sh" ${{ inputs.a }})',
      );
    });

    it("quotes a variable folder by what stands around it", () => {
      const run = (text: string) => pinned(text, { sha256: HASH }, { scratch: "$RUNNER_TEMP" }).split("\n").at(-1);
      assert.equal(run("curl -s U | bash"), 'bash "$RUNNER_TEMP/example-install.sh"');
      assert.equal(run('bash -c "curl -s U | bash"'), "bash -c \"bash '$RUNNER_TEMP/example-install.sh'\"");
      assert.equal(run("sudo bash -c 'curl -s U | bash'"), "sudo bash -c 'bash F'");
    });
  });

  it("takes the checksum tool that all systems have", () => {
    const tool = (operatingSystems: PinSite["operatingSystems"]) => {
      const site = siteOf(`curl -s ${URL_TEXT} | sh`, { operatingSystems });
      return /\| (.*) -c -/.exec(applied(site, pinFetch(site, firstFetch(site), { sha256: HASH })))?.[1];
    };
    assert.equal(tool([]), "sha256sum");
    assert.equal(tool(["linux", "windows"]), "sha256sum");
    assert.equal(tool(["linux", "macos", "windows"]), "shasum -a 256");
  });

  it("names the file after the address", () => {
    const names = {
      "https://codecov.io/bash": "codecov.sh",
      "https://get.docker.com": "docker.sh",
      "https://sh.rustup.rs": "rustup.sh",
      "https://raw.githubusercontent.com/nvm-sh/nvm/v0.39.7/install.sh": "nvm-install.sh",
      "https://get.k3s.io": "k3s.sh",
      "https://bun.sh/install": "bun-install.sh",
      "https://deb.nodesource.com/setup_20.x": "nodesource-setup_20.x.sh",
      "https://raw.githubusercontent.com/helm/helm/main/scripts/get-helm-3": "helm-get-helm-3.sh",
      "https://example.com/-a b.tar.gz?x=1": "example-a-b.tar.gz",
    };
    for (const [url, name] of Object.entries(names)) assert.equal(fileName(url, "bash"), name);
    assert.equal(fileName("https://install.python-poetry.org", "python3"), "python-poetry.py");
    assert.equal(fileName("https://codecov.io/bash", "bash", ["codecov.sh"]), "codecov-2.sh");
    assert.match(pinned(`echo ${"F"}\ncurl -s U | bash`, { sha256: HASH }), /example-install-2\.sh/);
    assert.match(
      pinned("curl -s U | bash", { sha256: HASH }, { taken: ["example-install.sh"] }),
      /example-install-2\.sh/,
    );
  });

  it("tells the address to hash", () => {
    const url = (text: string) => {
      const site = siteOf(text);
      return pinnedUrl(site, firstFetch(site));
    };
    assert.equal(url("curl -H 'A: https://other.example' -s U | bash".replace("U", URL_TEXT)), URL_TEXT);
    assert.equal(url("curl -sL get.example.com | bash"), "http://get.example.com");
    assert.equal(url('curl -sL "$URL" | bash'), undefined);
    assert.equal(url("curl -s https://a.example/a https://a.example/b | bash"), undefined);
  });

  it("takes an address that only the caller knows", () => {
    const site = siteOf('curl -sL "https://example.com/$V/install.sh" | bash');
    assert.match(pinObstacle(site, firstFetch(site))?.refused ?? "", /known only/);
    assert.equal(pinObstacle(site, firstFetch(site), "https://example.com/1.2/install.sh"), undefined);
  });

  it("knows who follows redirects", () => {
    const follows = (text: string) => {
      const site = siteOf(text);
      return followsRedirects(site, firstFetch(site));
    };
    assert.deepEqual(
      ["curl -fsSL a", "curl --location a", "curl -s a", "curl -H -L a", "wget -q a", "wget --max-redirect=0 a"].map(
        follows,
      ),
      [true, true, false, false, true, false],
    );
  });

  describe("by every combination of a place and a fetch", () => {
    const fetches = [
      "curl -sSL U | sh",
      'curl -s U | bash -s -- "${{ inputs.a }}" b',
      "bash <(curl -s U) ${{ inputs.a }}",
      'sh -c "$(curl -s U)" "" x',
      'eval "$(curl -H "A: ${{ inputs.a }}" -s U)"',
      ". <(wget -qO- U)",
      "curl -so f U && bash f y",
      "wget -q U; sh install.sh",
      "(curl -s U || wget -qO- U) | sh",
      'curl -s U | while read -r l; do eval "$l"; done',
      "curl -s U | sudo -u nobody bash -s q",
      'curl -s "https://example.com/${{ inputs.v }}/install.sh" | bash',
    ];
    const places = [
      "@",
      "a; @; b # c",
      "if a; then\n  @\nfi",
      'if [ -n "${{ inputs.b }}" ]; then @; fi',
      "a && @ || b",
      "( @ )",
      "(cd sub && @)",
      "f() {\n\t@\n}\nf | cat",
      "X=$(@); echo $X",
      "{ @; } > log",
      'printf "1\\n" | while read -r v; do @; done',
      "for v in 1 2; do\n  @\ndone",
      "case x in\n  x) @ ;;\nesac",
      "@ & wait",
      "if ! @; then b; fi",
      "echo ${{ inputs.c }}\n\n@\n",
    ];
    const combination = fc.record({
      fetch: fc.constantFrom(...fetches),
      place: fc.constantFrom(...places),
      lineOnly: fc.boolean(),
    });

    const check = ({ fetch, place, lineOnly }: { fetch: string; place: string; lineOnly: boolean }) => {
      const before = place.replace("@", fetch).replaceAll(/\bU\b/g, URL_TEXT);
      const site = siteOf(before, { mask: maskGitHub, lineOnly, scratch: "$RUNNER_TEMP" });
      const changes = pinFetch(site, firstFetch(site), { sha256: HASH });
      if ("refused" in changes) return fc.pre(false);
      let last = -1;
      for (const { span } of changes) {
        assert.ok(
          last < span.start && span.start <= span.end && span.end <= before.length,
          "changes are in order and apart",
        );
        last = span.end;
        for (const hole of site.holes) {
          const apart = hole.span.end <= span.start || span.end <= hole.span.start;
          assert.ok(apart || (span.start <= hole.span.start && hole.span.end <= span.end), "no expression is cut");
        }
      }
      const after = applyEdits(before, changes);
      for (const { text } of site.holes)
        assert.equal(after.split(text).length, before.split(text).length, `${text} is kept`);
      if (lineOnly) assert.equal(after.split("\n").length, before.split("\n").length, "no line is added");
      const again = siteOf(after, { mask: maskGitHub });
      for (const each of fetchesOf(again)) assert.ok(pinObstacle(again, each), "a pinned fetch is not pinned again");
      for (const errexit of [true, false]) {
        assert.equal(runsUnverified(again, errexit), false, "nothing runs unverified");
      }
    };

    it("changes the least, keeps every expression, and leaves nothing unverified", () => {
      fc.assert(fc.property(combination, check), { seed: 7, numRuns: 400 });
    });
  });
});

/** A test with `U` for the address, `F` for the file of a fetch without one, and `CHECK F` for its check line. */
function shows(behaviour: string, before: string, after: readonly string[]): void {
  it(behaviour, () => assert.equal(pinned(before, { sha256: HASH }), after.join("\n")));
}

/** The pinned script in the words of {@link shows}, or the reason for a refusal. */
function pinned(before: string, known: Known, options: Parameters<typeof siteOf>[1] = {}): string {
  const site = siteOf(before.replaceAll(/\bU\b/g, URL_TEXT).replaceAll(/\bF\b/g, "/tmp/example-install.sh"), options);
  const after = applied(site, pinFetch(site, firstFetch(site), known))
    .replaceAll(URL_TEXT, "U")
    .replaceAll("/tmp/example-install.sh", "F");
  return after.replaceAll(new RegExp(`echo (["'])${HASH}  (.*?)\\1 \\| sha256sum -c - \\|\\| exit 1`, "g"), "CHECK $2");
}

function applied(site: PinSite, changes: ReturnType<typeof pinFetch>, text: string = site.text): string {
  return "refused" in changes ? changes.refused : applyEdits(text, changes);
}

/** The first fetch of a script, those of strings and here-documents included. */
function firstFetch(site: PinSite): Command {
  const [first] = fetchesOf(site);
  if (first !== undefined) return first;
  for (const { command } of commandsOf(site)) {
    for (const word of [...command.words, ...command.redirects.flatMap(({ target }) => target ?? [])]) {
      const program = parseBashWord(site.text, word, site.holes);
      const found = program && fetchesOf({ ...site, program })[0];
      if (found !== undefined) return found;
    }
    if (staticText(command.words[0]) === "fetch") return command;
  }
  throw new Error(`no fetch in ${site.text}`);
}

function runsUnverified(site: PinSite, errexit: boolean): boolean {
  const script = {
    ...site,
    shell: { language: "bash", errexit, pipefail: false },
    unit: "a",
    environment: new Map(),
    folder: ".",
    handover: {},
    tolerated: false,
    always: false,
  } as const;
  return traceJob([script]).executions.length > 0;
}
