import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { execute } from "../support/execute.ts";
import { PAIRS, pinAll, sha256 } from "../support/pin.ts";

/** What the addresses of the pairs serve. */
const SERVED: Readonly<Record<string, string>> = {
  "install.sh": '#!/bin/sh\necho "ran with $# arguments: $* and VAR=$VAR, A=$A"\nleft=behind\n',
  "other.sh": '#!/bin/sh\necho "other $*"\n',
  "one.sh": "echo one; echo line\n",
  "stdin.sh": '#!/bin/sh\necho "read with $*"\nread -r line\necho "got $line"\n',
};
const TAMPERED = Object.fromEntries(Object.entries(SERVED).map(([name, text]) => [name, `echo tampered\n${text}`]));

/** Stand-ins that look at their options and copy from a folder, so that no test needs a network. */
const TOOLS: Readonly<Record<string, string>> = {
  curl: `#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in
    --output) out=$2; shift ;;
    --*) ;;
    -*O) own=1 ;;
    -*o) out=$2; shift ;;
    -o*) out=\${1#-o} ;;
    -*) ;;
    *) name=\${1##*/} ;;
  esac
  shift
done
[ -z "$own" ] || out=$name
if [ "\${out:--}" = - ]; then cat "$SERVED/$name"; else cat "$SERVED/$name" > "$out"; fi
`,
  wget: `#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in
    --output-document=*) out=\${1#*=} ;;
    --*) ;;
    -*O) out=$2; shift ;;
    -*O*) out=\${1#*O} ;;
    -*) ;;
    *) name=\${1##*/} ;;
  esac
  shift
done
if [ "$out" = - ]; then cat "$SERVED/$name"; else cat "$SERVED/$name" > "\${out:-$name}"; fi
`,
  sudo: `#!/bin/sh
while :; do
  case "$1" in
    -u) shift 2 ;;
    -*) shift ;;
    *) exec env "$@" ;;
  esac
done
`,
};

/** One of each way to run, place of the guard and form of the text. */
const EXECUTED =
  "pipe-bash pipe-bash-s-args pipe-sh-s-noddash pipe-sudo-u-bash pipe-var-bash pipe-env-bash-s pipe-bash-redirect pipe-bash-tee-log " +
  "pipe-bash-and wget-pipe-sh pipe-continuation pipe-newline pipe-bg pipe-not pipe-sed-bash pipe-tee-bash pipe-subshell pipe-while-eval " +
  "procsub procsub-s-stdin source-procsub-args sh-c-subst bash-c-subst-name-args bash-c-subst-lostarg eval-subst eval-backtick " +
  "eval-unquoted herestring-s-args var-bash-c o-and-bash O-chmod-run gt-sh wget-run o-source o-later-line mktemp-user if-not or-true " +
  "cond-mid-chain chain-cond-or-x function-in-or if-and subshell cmdsubst-pipe nested-bash-c two-fetches two-pipes-line pipe-o-dash " +
  "wget-long-opts curl-or-wget-pipe curl-or-wget-subst pipe-bash-c-cat stdin-data-procsub case-arm while-read-body function-in-pipe " +
  "function-in-subst brace-group";

const SHELLS: readonly (readonly string[])[] = [["bash", "-e"], ["bash"], ["dash"], ["zsh", "-e"]];

/** The stand-ins are shell scripts. */
const suite = process.platform === "win32" ? describe.skip : describe;

suite("a pinned script, executed", () => {
  const root = mkdtempSync(path.join(tmpdir(), "pipewarden-pin-"));
  const shells = SHELLS.filter(([shell = ""]) => spawnSync(shell, ["-c", "exit 0"]).status === 0);

  before(() => {
    writeFiles(path.join(root, "bin"), TOOLS, 0o755);
    writeFiles(path.join(root, "right"), SERVED, 0o644);
    writeFiles(path.join(root, "tampered"), TAMPERED, 0o644);
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  it("is tried in at least one shell", () => assert.notEqual(shells.length, 0));

  for (const id of EXECUTED.split(" ")) {
    const pair = PAIRS.find((each) => each.id === id);
    it(`${id} does the same with the right content and nothing with another one`, async function () {
      this.slow(2_000);
      assert.ok(pair);
      const usable = shells.filter(([shell = ""]) => (pair.shells ?? ["bash", "dash", "zsh"]).includes(shell));
      await Promise.all(usable.map((shell) => compare(shell, pair.before.join("\n"))));
    });
  }

  async function compare(shell: readonly string[], text: string): Promise<void> {
    const options = {
      scratch: "$SCRATCH",
      operatingSystems: [process.platform === "darwin" ? "macos" : "linux"],
    } as const;
    const pinned = pinAll(text, (name) => sha256(SERVED[name] ?? ""), options);
    const before = await run(shell, `${text}\necho end`, "right");
    const right = await run(shell, `${pinned}\necho end`, "right");
    assert.deepEqual(right, before, `${shell.join(" ")}\n${pinned}`);
    assert.match(before.stdout, /\b(?:ran with|other|one|read)\b/, "the content runs");
    const tampered = await run(shell, `${pinned}\necho end`, "tampered");
    assert.doesNotMatch(
      tampered.stdout,
      /tampered|ran with|other \S|^one|^read|^end/m,
      `${shell.join(" ")}\n${pinned}`,
    );
    assert.notEqual(tampered.code, 0);
  }

  /** What a script prints and its status, without what the checksum tool says. */
  async function run(shell: readonly string[], script: string, served: "right" | "tampered") {
    const folder = mkdtempSync(path.join(root, "step-"));
    mkdirSync(path.join(folder, "a folder"));
    const env = {
      ...process.env,
      PATH: `${path.join(root, "bin")}${path.delimiter}${process.env.PATH}`,
      SERVED: path.join(root, served),
      SCRATCH: path.join(folder, "a folder"),
      KEEP: "kept",
      VAR: "",
      A: "",
    };
    const [program = "", ...args] = shell;
    const { code, stdout } = await execute(program, [...args, "-c", script], { cwd: folder, env });
    const output = stdout.replace(/^.*: (?:OK|FAILED)\n/gm, "");
    return { code, stdout: output };
  }
});

function writeFiles(folder: string, files: Readonly<Record<string, string>>, mode: number): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(path.join(folder, name), content);
    chmodSync(path.join(folder, name), mode);
  }
}
