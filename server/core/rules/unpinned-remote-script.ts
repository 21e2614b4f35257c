import { type RemoteExecution, remoteExecutions } from "../flow.ts";
import type { Policy } from "../policy.ts";
import { type Reach, reachOf } from "../reach.ts";
import { addresses, callers, cureFor, isTrusted, pinFixes, placeIn } from "../remote.ts";
import type { Problem, Rule } from "../rule.ts";
import { severityOf, theftSentence } from "../severity.ts";
import { contains } from "../text.ts";

/** Downloaded text that goes straight into an interpreter. */
export const unpinnedRemoteScript: Rule = {
  id: "unpinned-remote-script",
  severity: "warning",
  summary: "A script from the network runs without a check of its content.",
  why:
    "Whoever controls the address, or the way to it, decides what the pipeline runs next time, with everything that the step can read. " +
    "In 2021 an altered uploader took the environments of thousands of pipelines in this way for two months. A pinned SHA-256 stops the step instead.",
  examples: [
    {
      title: "An uploader that runs as it comes",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: bash <(curl -s https://codecov.io/bash) -t x
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      good: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          curl -fsSL https://codecov.io/bash -o "$RUNNER_TEMP/codecov.sh"
          echo "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7  $RUNNER_TEMP/codecov.sh" | sha256sum -c - || exit 1
          bash "$RUNNER_TEMP/codecov.sh" -t x
`,
      answers: [
        {
          kind: "scriptHash",
          sha256: "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7",
          finalUrl: "https://codecov.io/bash",
          text: "echo uploading\n",
        },
      ],
    },
    {
      title: "Deep inside a block, only the command is marked",
      path: ".gitlab-ci.yml",
      bad: `build:
  stage: build
  script:
    - |
      echo "installing"
      if ! command -v tool; then
        wget -qO- https://get.example.com/install.sh | sudo sh -s -- --yes
#       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      fi
`,
      good: `build:
  stage: build
  script:
    - |
      echo "installing"
      if ! command -v tool; then
        wget -qO /tmp/example-install.sh https://get.example.com/install.sh
        echo "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  /tmp/example-install.sh" | sha256sum -c - || exit 1
        sudo sh /tmp/example-install.sh --yes
      fi
`,
      answers: [
        {
          kind: "scriptHash",
          sha256: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
          finalUrl: "https://get.example.com/install.sh",
          text: "foo",
        },
      ],
    },
    {
      title: "The same in PowerShell, where the file's text takes the place of the download",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: windows-latest
    steps:
      - run: iex ((New-Object System.Net.WebClient).DownloadString('https://get.example.com/install.ps1'))
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
      good: `on: push
jobs:
  test:
    runs-on: windows-latest
    steps:
      - run: |
          (New-Object System.Net.WebClient).DownloadFile('https://get.example.com/install.ps1', "$env:RUNNER_TEMP/example-install.ps1")
          if ((Get-FileHash "$env:RUNNER_TEMP/example-install.ps1").Hash -ne '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae') { Write-Host 'SHA-256 mismatch: install.ps1'; exit 1 }
          iex (Get-Content -Raw "$env:RUNNER_TEMP/example-install.ps1")
`,
      answers: [
        {
          kind: "scriptHash",
          sha256: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
          finalUrl: "https://get.example.com/install.ps1",
          text: "foo",
        },
      ],
    },
    {
      title: "Code that nobody can read",
      path: ".gitlab-ci.yml",
      bad: `build:
  stage: build
  script:
    - echo ZWNobyBoaQo= | base64 -d | bash
#                         ^^^^^^^^^^^^^^^^
`,
    },
    {
      title: "Data that is parsed, local services and immutable addresses are fine",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: curl -s https://api.example.com/releases | python3 -m json.tool
      - run: curl -s http://localhost:8080/health | bash
      - run: curl -fsSL https://raw.githubusercontent.com/o/r/568a04821935cc92de7b4b05ea6fa9f6bf8a0592/i.sh | bash
      - run: 'echo "Run: curl https://example.com/i.sh | bash"'
`,
    },
  ],
  check: function* (pipeline, policy) {
    for (const remote of remoteExecutions(pipeline)) {
      if (remote.execution.via === "direct" || isHidden(remote)) yield problem(remote, policy);
    }
  },
};

function isHidden({ downloads }: Pick<RemoteExecution, "downloads">): boolean {
  return downloads.length > 0 && downloads.every(({ download }) => download.hidden);
}

function hiddenMessage(runner: string, reach: Reach): string {
  return `This step decodes text and hands it to ${runner}, so nobody who reads the file can see what runs.${theftSentence(reach)} Write the script out in plain text.`;
}

function problem({ job, step, script, execution, downloads }: RemoteExecution, policy: Policy): Problem {
  const { now: reach, later: reachLater } = reachOf(job, step);
  const fixes = pinFixes(downloads);
  const cure = cureFor(downloads, fixes, "Download it, compare its SHA-256, then run it.");
  const elsewhere = downloads.filter(
    ({ download, script: from }) => from !== script || !contains(execution.span, download.span),
  );
  return {
    ...placeIn(script, execution.span),
    message: isHidden({ downloads })
      ? hiddenMessage(execution.runner, reach)
      : `This step runs whatever ${addresses(downloads)} sends at that moment: ${execution.runner} gets it with no check of its content.${theftSentence(reach)} ${cure}`,
    severity: isTrusted(downloads, policy) ? "information" : severityOf("download", "warning", reach),
    related: [
      ...elsewhere.map(({ download, script: from }) => ({
        ...placeIn(from, download.span),
        message: "It is downloaded here",
      })),
      ...callers(script, step),
    ],
    reach,
    reachLater,
    fixes,
  };
}
