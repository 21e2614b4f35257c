import { type RemoteExecution, remoteExecutions } from "../flow.ts";
import type { Pipeline } from "../model.ts";
import type { Answer, Question } from "../question.ts";
import { namedSecrets, type Reach, reachOfStep } from "../reach.ts";
import type { Fix, NoFix, Problem, Rule } from "../rule.ts";
import { hostOf } from "../shell/downloads.ts";
import { movableGitAddress } from "../shell/git-address.ts";
import { followsRedirects, type PinSite, pinFetch, pinnedUrl, pinObstacle } from "../shell/pin.ts";
import { listed, shortened, theft, theftList } from "../wording.ts";

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
  check: function* (pipeline) {
    for (const remote of remoteExecutions(pipeline)) {
      if (remote.execution.via === "direct") yield problem(pipeline, remote);
    }
  },
};

function problem(pipeline: Pipeline, remote: RemoteExecution): Problem {
  const { step, script, execution, downloads } = remote;
  const reach = reachOfStep(step);
  const elsewhere = downloads.filter(
    ({ download, script: from }) => from !== script || !within(download.span, execution.span),
  );
  return {
    span: script.toDocument(execution.span),
    message: message(remote, reach),
    severity: namedSecrets(reach).length > 0 ? "error" : "warning",
    related: [
      ...elsewhere.map(({ download, script: from }) => ({
        span: from.toDocument(download.span),
        message: "It is downloaded here",
      })),
      ...theftList(reach),
    ],
    reach,
    fixes: fixesFor(pipeline, remote),
  };
}

function within(
  inner: { readonly start: number; readonly end: number },
  outer: { readonly start: number; readonly end: number },
): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

function message({ execution, downloads }: RemoteExecution, reach: Reach): string {
  const urls = listed([...new Set(downloads.map(({ download }) => shortened(download.url)))]);
  const taken = theft(reach);
  const why = taken === "" ? "" : ` It could take ${taken}.`;
  return `This step runs whatever ${urls} sends at that moment: ${execution.runner} gets it with no check of its content.${why} Download it, compare its SHA-256, then run it.`;
}

/** One fix for each fetch that can be pinned. */
function fixesFor(pipeline: Pipeline, { downloads }: RemoteExecution): readonly Fix[] {
  return downloads.flatMap(({ download, script, program }) => {
    const { text, holes, shell, operatingSystems, scratch } = script;
    const site: PinSite = { text, holes, program, shell, operatingSystems, scratch };
    const url = pinnedUrl(site, download.command);
    if (url === undefined || !/^https:/i.test(url) || pinObstacle(site, download.command) !== undefined) return [];
    const title = `Pin ${shortened(url.replace(/^https:\/\//, ""), 60)} by its SHA-256`;
    return [pinFix(title, url, { pipeline, site, script, command: download.command })];
  });
}

type Place = Pick<RemoteExecution, "script"> & {
  readonly pipeline: Pipeline;
  readonly site: PinSite;
  readonly command: Parameters<typeof pinFetch>[1];
};

/** An address on a branch or tag is first moved to the commit behind it: a hash of a moving file would break the next build. */
function pinFix(title: string, url: string, place: Place): Fix {
  const git = movableGitAddress(url);
  if (git === undefined)
    return { title, ask: { kind: "scriptHash", url }, next: (answer) => pinned(title, url, url, answer, place) };
  const ask: Question = { kind: "commit", host: git.host, repo: git.repo, ref: git.ref };
  return {
    title: `${title}, at today's commit of ${git.ref}`,
    ask,
    next: (answer) => {
      if (answer.kind !== "commit") return unexpected;
      const fixed = git.at(answer.commit);
      return { title, ask: { kind: "scriptHash", url: fixed }, next: (hash) => pinned(title, url, fixed, hash, place) };
    },
  };
}

const unexpected: NoFix = { refused: "The answer does not fit the question, so nothing was changed." };

function pinned(
  title: string,
  written: string,
  url: string,
  answer: Answer,
  { site, script, command }: Place,
): Fix | NoFix {
  if (answer.kind !== "scriptHash") return unexpected;
  if (answer.finalUrl !== url && !followsRedirects(command)) {
    return {
      refused: `${hostOf(written) ?? written} redirects to another address, and the command does not follow redirects: it runs an empty script today. Check the address first.`,
    };
  }
  const known = { sha256: answer.sha256, text: answer.text, ...(url === written ? {} : { url }) };
  const changes = pinFetch(site, command, known);
  if ("refused" in changes) return changes;
  const edits = script.rewrite(changes);
  return edits === undefined
    ? {
        refused:
          "The pinned form needs several lines, and this place cannot hold them. Write the script as a block first.",
      }
    : { title, edits };
}
