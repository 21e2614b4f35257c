import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A CI file of a generated workspace: its path from the root, with forward slashes, and its text. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/**
 * CI files of several systems as a folder full of clones has them, the same ones each time: most for GitHub, sizes from some
 * hundred bytes to 14 KB, 1.5 KB on the average, many with something to find. Fifty files to a repository.
 */
export function* generatedFiles(count: number): Generator<GeneratedFile> {
  const random = createRandom(42);
  for (let index = 0; index < count; index++) {
    const repository = `team-${Math.floor(index / 1000)}/service-${Math.floor(index / 50)}`;
    const make = MAKERS[random(MAKERS.length)] ?? github;
    yield make(`${repository}/part-${index % 50}`, jobCount(random), random);
  }
}

/** Writes a workspace of so many CI files among so many other ones below a folder. */
export function generateWorkspace(folder: string, ciFiles: number, others: number): void {
  writeFiles(folder, generatedFiles(ciFiles));
  writeFiles(folder, otherFiles(others));
}

/** Writes files below a folder, which is made. */
export function writeFiles(folder: string, files: Iterable<GeneratedFile>): void {
  const made = new Set<string>();
  for (const { path: file, text } of files) {
    const target = path.join(folder, file);
    const parent = path.dirname(target);
    if (!made.has(parent)) mkdirSync(parent, { recursive: true });
    made.add(parent);
    writeFileSync(target, text);
  }
}

/** Files that are no CI files, 40 to a folder. */
function* otherFiles(count: number): Generator<GeneratedFile> {
  const endings = ["ts", "go", "json", "md", "py"];
  for (let index = 0; index < count; index++) {
    const parent = `team-${Math.floor(index / 20_000)}/service-${Math.floor(index / 1000)}/src/package-${Math.floor(index / 40)}`;
    yield { path: `${parent}/file-${index}.${endings[index % endings.length]}`, text: "x\n" };
  }
}

/** From one to 20 jobs, mostly few. */
function jobCount(random: Random): number {
  const shape = random(100);
  return shape < 55 ? 1 : shape < 80 ? 2 : shape < 94 ? 4 + random(3) : 10 + random(10);
}

const REMOTE = "bash <(curl -s https://codecov.io/bash) -f coverage.json";
const PINNED = "8f4b7f84864484a7bf31766abe9204da3cbe65b3 # v3.5.0";

function command(random: Random): string {
  const commands = [
    "make test",
    "npm ci && npm test",
    "go build ./...",
    "cargo test --locked",
    "docker build -t app .",
  ];
  return random(6) === 0 ? REMOTE : (commands[random(commands.length)] ?? "make");
}

function script(random: Random, indent: string): string {
  return ["set -euo pipefail", command(random), `echo "built $NAME" | tee build-${random(1000)}.log`, command(random)]
    .map((line) => `${indent}${line}\n`)
    .join("");
}

type Maker = (folder: string, jobs: number, random: Random) => GeneratedFile;

function github(folder: string, jobs: number, random: Random): GeneratedFile {
  let text = `name: ci-${random(1000)}\non:\n  push:\n    branches: [main]\n  pull_request:\npermissions:\n  contents: read\njobs:\n`;
  for (let job = 0; job < jobs; job++) {
    text += `  job-${job}:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        node: [20, 22]
    env:
      NAME: service-\${{ matrix.node }}
    steps:
      - uses: actions/checkout@${random(3) === 0 ? "v4" : PINNED}
      - uses: actions/setup-node@${PINNED}
        with:
          node-version: \${{ matrix.node }}
          cache: npm
      - name: Build
        run: |
${script(random, "          ")}      - name: Publish
        if: github.ref == 'refs/heads/main'
        run: npm publish --access public
        env:
          NODE_AUTH_TOKEN: \${{ secrets.NPM_TOKEN }}
`;
  }
  return { path: `${folder}/.github/workflows/ci.yml`, text };
}

function gitlab(folder: string, jobs: number, random: Random): GeneratedFile {
  let text = "stages: [build, test]\nvariables:\n  NAME: service\ndefault:\n  image: node:22\n";
  for (let job = 0; job < jobs; job++) {
    text += `\njob-${job}:
  stage: ${job % 2 === 0 ? "build" : "test"}
  cache:
    key: $CI_COMMIT_REF_SLUG
    paths: [node_modules/]
  before_script:
    - npm ci
  script:
    - |
${script(random, "      ")}    - ${command(random)}
  rules:
    - if: $CI_PIPELINE_SOURCE == "push"
  artifacts:
    paths: [dist/]
`;
  }
  return { path: `${folder}/.gitlab-ci.yml`, text };
}

function circle(folder: string, jobs: number, random: Random): GeneratedFile {
  let text = "version: 2.1\norbs:\n  node: circleci/node@5.2.0\njobs:\n";
  for (let job = 0; job < jobs; job++) {
    text += `  job-${job}:
    docker:
      - image: cimg/node:22.1
    environment:
      NAME: service
    steps:
      - checkout
      - run:
          name: Build
          command: |
${script(random, "            ")}      - run: ${command(random)}
`;
  }
  text += `workflows:\n  main:\n    jobs:\n${Array.from({ length: jobs }, (_, job) => `      - job-${job}\n`).join("")}`;
  return { path: `${folder}/.circleci/config.yml`, text };
}

function azure(folder: string, jobs: number, random: Random): GeneratedFile {
  let text = "trigger: [main]\npool:\n  vmImage: ubuntu-latest\njobs:\n";
  for (let job = 0; job < jobs; job++) {
    text += `  - job: job_${job}
    steps:
      - task: NodeTool@0
        inputs:
          versionSpec: 22.x
      - bash: |
${script(random, "          ")}        displayName: Build
        env:
          TOKEN: $(NPM_TOKEN)
`;
  }
  return { path: `${folder}/azure-pipelines.yml`, text };
}

/** Each as often as it stands here. */
const MAKERS: readonly Maker[] = [github, github, github, github, gitlab, circle, azure];

/** A number from 0 to below `bound`. */
type Random = (bound: number) => number;

/** Marsaglia's xorshift, 32 bits: the same numbers everywhere. */
function createRandom(seed: number): Random {
  let state = seed;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}
