/** The breach as one CI system writes it: a file of the samples, with what is said about the step that runs Codecov's script. */
export interface BreachDialect {
  /** Folder below `samples`. It is the repository: the file's path is taken from here. */
  readonly folder: string;
  readonly file: string;
  readonly severity: "error" | "warning";
  /** The text that is underlined. It occurs once in the file. */
  readonly found: string;
  /** All that the step can read, each secret with the scope that grants it. */
  readonly reads: readonly string[];
  /** All that it could take by altering what later steps run. */
  readonly readsLater: readonly string[];
  /** What the first fix makes of the lines of `found`, given the SHA-256 of the script. */
  readonly pinned: (sha256: string) => string;
}

const CODECOV = "bash <(curl -s https://codecov.io/bash)";

/** Lines that take the place of one line: its beginning, and below it a block with the script that checks what it fetched. */
function block(first: string, indent: string, file: string, args = ""): BreachDialect["pinned"] {
  return (sha256) => {
    const quoted = file.startsWith("$") ? `"${file}"` : file;
    const lines = [
      `curl -fsSL https://codecov.io/bash -o ${quoted}`,
      `echo "${sha256}  ${file}" | sha256sum -c - || exit 1`,
      `bash ${quoted}${args}`,
    ];
    return [first, ...lines.map((line) => `${indent}${line}`)].join("\n");
  };
}

/** By the id of the system. */
export const BREACH_DIALECTS: Readonly<Record<string, BreachDialect>> = {
  appveyor: {
    folder: "dialects/appveyor",
    file: "appveyor.yml",
    severity: "error",
    found: `${CODECOV} -t "$CODECOV_TOKEN"`,
    reads: [
      "SIGNING_PASSWORD of the whole build",
      "CODECOV_TOKEN of the whole build",
      "every variable configured in the project's settings of the whole build",
    ],
    readsLater: ["api_key of the job"],
    pinned: block("  - sh: |", "      ", "/tmp/codecov.sh", ' -t "$CODECOV_TOKEN"'),
  },
  "azure-pipelines": {
    folder: "dialects/azure-pipelines",
    file: "azure-pipelines.yml",
    severity: "error",
    found: CODECOV,
    reads: ["CodecovToken of step “Upload coverage”", "System.AccessToken of step “Upload coverage”"],
    readsLater: ["NpmToken of step “Publish”"],
    pinned: block("  - bash: |", "      ", "$AGENT_TEMPDIRECTORY/codecov.sh"),
  },
  "bitbucket-pipelines": {
    folder: "dialects/bitbucket-pipelines",
    file: "bitbucket-pipelines.yml",
    severity: "warning",
    found: CODECOV,
    reads: [
      "every variable of the deployment environment “production” of step “Test and publish”",
      "BITBUCKET_STEP_OIDC_TOKEN of step “Test and publish”",
      "every variable configured in the settings of the repository or its workspace of the whole file",
    ],
    readsLater: [],
    pinned: block("            - |", "              ", "/tmp/codecov.sh"),
  },
  buildkite: {
    folder: "dialects/buildkite",
    file: ".buildkite/pipeline.yml",
    severity: "error",
    found: CODECOV,
    reads: [
      "CODECOV_TOKEN of step “Test”",
      "NPM_TOKEN of step “Test”",
      "BUILDKITE_AGENT_ACCESS_TOKEN of the whole pipeline",
    ],
    readsLater: [],
    pinned: block("      - |", "        ", "/tmp/codecov.sh"),
  },
  circleci: {
    folder: "dialects/circleci",
    file: ".circleci/config.yml",
    severity: "warning",
    found: CODECOV,
    reads: [
      "every variable of the context “coverage” of job “test”",
      "CIRCLE_OIDC_TOKEN of the whole pipeline",
      "every variable configured in the project's settings of the whole pipeline",
    ],
    readsLater: [],
    pinned: block("          command: |", "            ", "/tmp/codecov.sh"),
  },
  "cloud-build": {
    folder: "dialects/cloud-build",
    file: "cloudbuild.yaml",
    severity: "error",
    found: `${CODECOV} -t "$$CODECOV_TOKEN"`,
    reads: ["CODECOV_TOKEN of step “coverage”", "the token of the build's service account of the whole build"],
    readsLater: ["NPM_TOKEN of step “publish”"],
    pinned: block("      - |", "        ", "/tmp/codecov.sh", ' -t "$$CODECOV_TOKEN"'),
  },
  codebuild: {
    folder: "dialects/codebuild",
    file: "buildspec.yml",
    severity: "error",
    found: CODECOV,
    reads: [
      "DATABASE_URL of the whole build",
      "CODECOV_TOKEN of the whole build",
      "the credentials of the build's role of the whole build",
    ],
    readsLater: [],
    pinned: block("      - |", "        ", "/tmp/codecov.sh"),
  },
  drone: {
    folder: "dialects/drone",
    file: ".drone.yml",
    severity: "error",
    found: "curl -s https://codecov.io/bash | bash",
    reads: ["codecov_token of step “coverage”", "deploy_password of step “coverage”"],
    readsLater: [],
    pinned: block("      - |", "        ", "/tmp/codecov.sh"),
  },
  "gitea-actions": {
    folder: "dialects/gitea-actions",
    file: ".gitea/workflows/ci.yml",
    severity: "error",
    found: CODECOV,
    reads: ["CODECOV_TOKEN of step “Upload coverage”", "NPM_TOKEN of job “test”", "GITHUB_TOKEN of the whole workflow"],
    readsLater: [],
    pinned: block("        run: |", "          ", "$RUNNER_TEMP/codecov.sh"),
  },
  "github-actions": {
    folder: "breach",
    file: ".github/workflows/ci.yml",
    severity: "error",
    found: CODECOV,
    reads: [
      "CODECOV_TOKEN of step “Upload coverage”",
      "GITHUB_TOKEN of the credential that step “actions/checkout” left on the disk",
      "NPM_TOKEN of job “test”",
      "AWS_ACCESS_KEY_ID of the whole workflow",
      "AWS_SECRET_ACCESS_KEY of the whole workflow",
    ],
    readsLater: [],
    pinned: block("        run: |", "          ", "$RUNNER_TEMP/codecov.sh"),
  },
  "gitlab-ci": {
    folder: "breach",
    file: ".gitlab-ci.yml",
    severity: "warning",
    found: 'curl -s https://codecov.io/bash | bash -s -- -t "$CODECOV_TOKEN"',
    reads: [
      "CI_JOB_TOKEN of the whole pipeline",
      "every variable configured in the project's settings of the whole pipeline",
    ],
    readsLater: [],
    pinned: block("    - |", "      ", "/tmp/codecov.sh", ' -t "$CODECOV_TOKEN"'),
  },
  tekton: {
    folder: "dialects/tekton",
    file: ".tekton/test.yaml",
    severity: "error",
    found: CODECOV,
    reads: [
      "codecov/token of step “coverage”",
      "registry/token of task “test”",
      "the token of the service account of the whole file",
      "every credential linked to the service account of the whole file",
    ],
    readsLater: [],
    pinned: (sha256) => block("", "        ", "/tmp/codecov.sh")(sha256).slice(1),
  },
  "travis-ci": {
    folder: "dialects/travis-ci",
    file: ".travis.yml",
    severity: "error",
    found: CODECOV,
    reads: [
      "an encrypted variable of the whole build of the whole build",
      "every variable configured in the repository's settings of the whole build",
    ],
    readsLater: ["api_key of the job"],
    pinned: block("  - |", "    ", "/tmp/codecov.sh"),
  },
  woodpecker: {
    folder: "dialects/woodpecker",
    file: ".woodpecker.yml",
    severity: "error",
    found: "curl -s https://codecov.io/bash | bash -s -- -F unit",
    reads: ["codecov_token of step “test”", "npm_token of step “test”"],
    readsLater: ["deploy_password of step “publish”"],
    pinned: block("      - |", "        ", "/tmp/codecov.sh", " -F unit"),
  },
};

/** The file after its Codecov line was pinned: that line became the lines of the fix, and nothing else changed. */
export function pinnedText(text: string, { found, pinned }: BreachDialect, sha256: string): string {
  const at = text.indexOf(found);
  if (at < 0 || text.includes(found, at + 1)) throw new Error(`${found} has to stand once in the sample`);
  const start = text.lastIndexOf("\n", at) + 1;
  return text.slice(0, start) + pinned(sha256) + text.slice(text.indexOf("\n", at));
}
