import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { analyze } from "../../server/core/analyze.ts";
import type { Shell } from "../../server/core/model.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";
import { parseBash } from "../../server/core/shell/bash.ts";
import { parseCmd } from "../../server/core/shell/cmd.ts";
import { traceJob } from "../../server/core/shell/dataflow.ts";
import { parsePowerShell } from "../../server/core/shell/powershell.ts";

interface Case {
  readonly id: string;
  readonly snippet: string;
  readonly verifies: boolean;
  readonly why: string;
  readonly shell: string;
}

/** Written for this project; most of them were executed in real shells against a server that answers with an altered file. */
const CASES: readonly Case[] = JSON.parse(readFileSync(new URL("verification-cases.json", import.meta.url), "utf8"));

const DIGEST = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";

/** The files of the repository that the snippets name. */
const REPOSITORY: Readonly<Record<string, string>> = {
  "install.sh.sha256": `${DIGEST}  install.sh\n`,
  SHA256SUMS: `${DIGEST}  install.sh\n`,
  OTHERSUMS: `${DIGEST.replaceAll("1", "2")}  README\n`,
};

const read = (path: string): string | undefined => REPOSITORY[path];

describe("verification of downloads", () => {
  for (const { id, snippet, verifies, why, shell } of CASES.filter((each) => isPosix(each.shell))) {
    it(`${id}: ${verifies ? "silent" : "found"}, because ${why}`, () => {
      assert.equal(runsUnverified(whole(snippet), shellOf(shell)), !verifies, snippet);
    });
  }

  for (const { id, snippet, verifies, why, shell } of CASES.filter((each) => /^(?:pwsh|cmd)$/.test(each.shell))) {
    it(`${id}: ${verifies ? "silent" : "found"}, because ${why}`, () => {
      assert.equal(runsUnverifiedOnWindows(snippet, shell), !verifies, snippet);
    });
  }

  for (const { id, snippet, verifies, why } of CASES.filter(({ shell }) => /^(?:github|gitlab)-yaml$/.test(shell))) {
    it(`${id}: ${verifies ? "silent" : "found"}, because ${why}`, () => {
      const steps = snippet.startsWith("steps:");
      const indented = snippet.replaceAll("\n", "\n    ");
      const file = steps
        ? {
            path: ".github/workflows/ci.yml",
            text: `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    ${indented}\n`,
          }
        : { path: ".gitlab-ci.yml", text: `${snippet}\n` };
      const { findings } = analyze(file, { read, list: () => [] }, DEFAULT_SETTINGS);
      assert.equal(findings.length > 0, !verifies, JSON.stringify(findings.map((finding) => finding.message)));
    });
  }

  it("accepts $? where it is looked at right away, and not where something stands between", () => {
    const shell: Shell = { language: "bash", errexit: false, pipefail: false };
    const script = (between: string): string =>
      `curl -o f https://example.com/f\necho "${DIGEST}  f" | sha256sum -c -\n${between}if [ $? -ne 0 ]; then exit 1; fi\nbash f`;
    assert.equal(runsUnverified(script(""), shell), false);
    assert.equal(runsUnverified(script("echo\n"), shell), true);
  });

  it("forgets a check when one of the ways to the run goes around it", () => {
    const shell: Shell = { language: "bash", errexit: true, pipefail: true };
    const script = `curl -o f https://example.com/f\nif [ -n "$CI" ]; then echo "${DIGEST}  f" | sha256sum -c -; fi\nbash f`;
    assert.equal(runsUnverified(script, shell), true);
  });

  it("keeps a check through copies, and forgets it when the file is fetched again", () => {
    const shell: Shell = { language: "bash", errexit: true, pipefail: true };
    const checked = `curl -o f https://example.com/f\necho "${DIGEST}  f" | sha256sum -c -\ncp f g\n`;
    assert.equal(runsUnverified(`${checked}bash g`, shell), false);
    assert.equal(runsUnverified(`${checked}curl -o g https://example.com/f\nbash g`, shell), true);
  });
});

/** Some snippets show the check alone. */
function whole(snippet: string): string {
  const fetched = /\b(?:curl|wget|aria2c|git|ADD|fetch-verified|bin\/fetch)\b/.test(snippet)
    ? ""
    : "curl -fsSL -o install.sh https://example.com/install.sh\n";
  const runs = /\b(?:bash|sh|\.) (?:r\/)?install\.sh|\| bash|bash <\(|bash r\//.test(snippet)
    ? ""
    : "\nbash install.sh";
  return `${fetched}${snippet}${runs}`;
}

function isPosix(shell: string): boolean {
  return /^(?:bash|dash|ash|zsh|ksh)/.test(shell);
}

function shellOf(name: string): Shell {
  const language = name.startsWith("bash") ? "bash" : "sh";
  return { language, errexit: /-e/.test(name), pipefail: /pipefail/.test(name) };
}

/** None of these was executed: there is no such shell on the machines that they were written on. */
function runsUnverifiedOnWindows(snippet: string, shell: string): boolean {
  const file = /install\.\w+/.exec(snippet)?.[0];
  const fetched = snippet.includes("https:") || file === undefined;
  const fetch =
    shell === "cmd" ? `curl -fo ${file} https://example.com/f\n` : `iwr https://example.com/f -OutFile ${file}\n`;
  const text = fetched ? snippet : fetch + snippet;
  const language = shell === "cmd" ? "cmd" : "powershell";
  const program = language === "cmd" ? parseCmd(text) : parsePowerShell(text);
  const setting: Shell = { language, errexit: true, pipefail: undefined };
  const script = {
    text,
    holes: [],
    program,
    shell: setting,
    unit: "a",
    environment: new Map(),
    folder: ".",
    handover: {},
  };
  return traceJob([{ ...script, tolerated: false, always: false }], read).executions.length > 0;
}

function runsUnverified(text: string, shell: Shell): boolean {
  const script = {
    text,
    holes: [],
    program: parseBash(text),
    shell,
    unit: "a",
    environment: new Map(),
    folder: ".",
    handover: {},
  };
  return traceJob([{ ...script, tolerated: false, always: false }], read).executions.length > 0;
}
