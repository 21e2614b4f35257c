import { type RemoteExecution, remoteExecutions } from "../flow.ts";
import type { Pipeline, Script } from "../model.ts";
import type { Policy } from "../policy.ts";
import { reachOf, reachOfAll } from "../reach.ts";
import { callers, cureFor, type Fetched, isTrusted, lineOf, pinFixes, placeIn } from "../remote.ts";
import type { Problem, Rule } from "../rule.ts";
import { severityOf, theftSentence } from "../severity.ts";
import { shortened } from "../wording.ts";

/** A file that is downloaded and run later, with nothing in between that looks at its content. */
export const unverifiedDownload: Rule = {
  id: "unverified-download",
  severity: "warning",
  summary: "A downloaded file is run and nothing has checked its content.",
  why:
    "Whoever controls the address decides what the file holds when the pipeline fetches it next, and the pipeline runs it with everything that the step can read. " +
    "One line that compares its SHA-256 stops the step as soon as the file is not the one that you looked at.",
  examples: [
    {
      title: "Downloaded on one line, run on another",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          curl -Os https://uploader.example.com/v0.8.0/linux/uploader
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          chmod +x uploader
          ./uploader -t x
`,
      good: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          curl -fOs https://uploader.example.com/v0.8.0/linux/uploader
          echo "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7  uploader" | sha256sum -c - || exit 1
          chmod +x uploader
          ./uploader -t x
`,
      answers: [
        {
          kind: "scriptHash",
          sha256: "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7",
          finalUrl: "https://uploader.example.com/v0.8.0/linux/uploader",
          text: "",
        },
      ],
    },
    {
      title: "An installer on Windows, in PowerShell and in a batch script",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: windows-latest
    steps:
      - run: |
          Invoke-WebRequest https://example.com/setup.exe -OutFile setup.exe
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          Start-Process -Wait ./setup.exe /S
      - shell: cmd
        run: |
          curl -sSLo install.bat https://example.com/install.bat
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          call install.bat /q
`,
      good: `on: push
jobs:
  test:
    runs-on: windows-latest
    steps:
      - run: |
          Invoke-WebRequest https://example.com/setup.exe -OutFile setup.exe
          if ((Get-FileHash setup.exe).Hash -ne '1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7') { Write-Host 'SHA-256 mismatch: setup.exe'; exit 1 }
          Start-Process -Wait ./setup.exe /S
      - shell: cmd
        run: |
          curl -fsSLo install.bat https://example.com/install.bat
          certutil -hashfile install.bat SHA256 | findstr /i /x /c:"1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7" >nul || exit /b 1
          call install.bat /q
`,
      answers: [
        {
          kind: "scriptHash",
          sha256: "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7",
          finalUrl: "https://example.com/setup.exe",
          text: "",
        },
      ],
    },
    {
      title: "From one step to another",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: wget -q https://example.com/tool.tar.gz
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      - run: tar xzf tool.tar.gz -C /opt/tool
      - run: /opt/tool/bin/tool --version
`,
    },
    {
      title: "A checked download is fine, and so is one that nobody runs",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          curl -fsSLO https://example.com/tool.sh
          echo "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7  tool.sh" | sha256sum -c -
          bash tool.sh
      - run: curl -fsSLO https://example.com/data.json && jq . data.json
`,
    },
  ],
  check: function* (pipeline, policy) {
    const runs = remoteExecutions(pipeline).filter(
      ({ execution }) => execution.via === "file" && execution.checks.length === 0,
    );
    const fetches = new Map<string, { readonly fetched: Fetched; readonly runs: RemoteExecution[] }>();
    for (const run of runs) {
      for (const fetched of run.downloads.filter(({ download }) => !download.hidden)) {
        const { path = "", span } = placeIn(fetched.script, fetched.download.span);
        const key = `${path}:${span.start}:${span.end}`;
        const known = fetches.get(key);
        if (known === undefined) fetches.set(key, { fetched, runs: [run] });
        else known.runs.push(run);
      }
    }
    for (const { fetched, runs: places } of fetches.values()) yield problem(pipeline, fetched, places, policy);
  },
};

function problem(pipeline: Pipeline, fetched: Fetched, runs: readonly RemoteExecution[], policy: Policy): Problem {
  const [first] = runs;
  const { now: reach, later: reachLater } = reachOfAll(runs.map(({ job, step }) => reachOf(job, step)));
  const place = placeIn(fetched.script, fetched.download.span);
  const fixes = pinFixes([fetched], first);
  const verb = first?.execution.runner === "chmod" ? "made a program" : "run";
  const cure = cureFor([fetched], fixes, "Compare its SHA-256 in between.");
  return {
    ...place,
    message: `${shortened(fetched.download.url)} is downloaded here and ${verb} ${whereOf(pipeline, fetched, runs)}, and nothing checks its content on the way.${theftSentence(reach)} ${cure}`,
    severity: isTrusted([fetched], policy) ? "information" : severityOf("download", "warning", reach),
    related: [
      ...runs.map(({ script, execution }) => ({
        ...placeIn(script, execution.span),
        message:
          execution.runner === "chmod" ? "It becomes a program here" : `${shortened(execution.runner)} runs it here`,
      })),
      ...callers(fetched.script, first?.step ?? fetched.step),
    ],
    reach,
    reachLater,
    fixes,
  };
}

function whereOf(pipeline: Pipeline, { script: from, download }: Fetched, [first]: readonly RemoteExecution[]): string {
  if (first === undefined) return "later";
  const { script, execution } = first;
  const line = lineOf(textAround(pipeline, script), script.toDocument(execution.span).start);
  if (script.path !== from.path) return `in line ${line} of ${script.path ?? "the pipeline"}`;
  const file = textAround(pipeline, from);
  const [here, there] = [from.toDocument(download.span).start, script.toDocument(execution.span).start];
  const between = file.slice(Math.min(here, there), Math.max(here, there));
  return between.includes("\n") ? `in line ${line}` : "on the same line";
}

/** The text of the file that a script stands in. */
function textAround({ text, readFile }: Pipeline, script: Script): string {
  return script.path === undefined ? text : (readFile?.(script.path) ?? script.text);
}
