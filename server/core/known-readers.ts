import { Memo } from "./memo.ts";
import type { Reference } from "./model.ts";

// Which programs read which variables of their environment without being handed them by name.

/** Programs that look for a variable by themselves. */
export interface Readers {
  /** True where a script runs one of them. */
  reads(script: string, read: (path: string) => string | undefined): boolean;
  /** True where these are all, so that a program of the repository that nobody can look into does not need the variable. */
  readonly alone: boolean;
}

interface Row {
  readonly variables: RegExp;
  readonly tools: RegExp;
  /** Most programs of a repository read variables of clouds through a library; the credential of a registry is for its tool. */
  readonly alone: boolean;
}

const CLOUD_TOOLS =
  "terraform|terragrunt|tofu|tflint|pulumi|packer|serverless|sls|cdk|cdktf|sst|ansible(?:-playbook)?|kubectl|helm|helmfile|sops|vault|rclone|restic|duplicity|boto3?|fastlane";

const row = (variables: RegExp, tools: string, alone: boolean): Row => ({ variables, tools: command(tools), alone });

/**
 * The variables by their names, with what reads them.
 * Sources: the manual of each tool on its environment, such as docs.aws.amazon.com/cli ("Environment variables to configure the AWS CLI"),
 * cli.github.com/manual/gh_help_environment, docs.npmjs.com, twine.readthedocs.io, doc.rust-lang.org/cargo ("Environment Variables"),
 * cloud.google.com ("Application Default Credentials"), registry.terraform.io (azurerm), docs.codecov.com, docs.sonarsource.com.
 */
const KNOWN: readonly Row[] = [
  row(/^AWS_/, `aws|sam|eb|ecs-cli|ecs-deploy|eksctl|copilot|s3cmd|s5cmd|chalice|zappa|amplify|${CLOUD_TOOLS}`, false),
  row(
    /^(?:GOOGLE|GCLOUD|GCP|CLOUDSDK|FIREBASE)_/,
    `gcloud|gsutil|bq|firebase|skaffold|cloud-build-local|${CLOUD_TOOLS}`,
    false,
  ),
  row(/^(?:ARM|AZURE)_/, `az|azd|azcopy|func|swa|${CLOUD_TOOLS}`, false),
  row(/^TF_/, "terraform|terragrunt|tofu|tflint", true),
  row(
    /^(?:GITHUB_TOKEN|GH_TOKEN|GITHUB_API_TOKEN|HOMEBREW_GITHUB_API_TOKEN|GH_ENTERPRISE_TOKEN|GITHUB_ENTERPRISE_TOKEN)$/,
    "gh|hub|brew|semantic-release|release-it|goreleaser|lerna|changeset|auto|mise|asdf|composer|danger|renovate|ghr|cr|octokit|conventional-github-releaser|nerdbank|pkl|electron-builder|trivy|jib|git-cliff",
    false,
  ),
  row(
    /^(?:GITLAB_TOKEN|GL_TOKEN|GITLAB_ACCESS_TOKEN)$/,
    "glab|semantic-release|goreleaser|release-cli|renovate",
    false,
  ),
  row(/^NODE_AUTH_TOKEN$/, "npm|npx|yarn|pnpm|bunx?|lerna|changeset|semantic-release", true),
  row(
    /^NPM_(?:AUTH_)?TOKEN$/,
    "(?:npm|yarn|pnpm|bun)\\s+(?:\\S+\\s+){0,3}?publish|semantic-release|release-it|lerna|changeset|np|auto|shipjs|nx\\s+release",
    true,
  ),
  row(/^YARN_NPM_/, "yarn", true),
  row(
    /^CODECOV_/,
    "codecov|codecovcli|bash\\s+<\\(curl[^)]*codecov[^)]*\\)|cargo\\s+tarpaulin|curl[^\\n]*codecov",
    true,
  ),
  row(/^COVERALLS_/, "coveralls|goveralls|coveralls-lcov|cargo\\s+tarpaulin", true),
  row(/^CC_TEST_REPORTER_/, "cc-test-reporter|\\./cc-test-reporter|codeclimate-test-reporter", true),
  row(/^CODACY_/, "codacy|codacy-coverage|bash\\s+<\\(curl[^)]*codacy[^)]*\\)", true),
  row(/^SONAR_/, "sonar-scanner|sonar|mvnw?|\\./mvnw|gradlew?|\\./gradlew|dotnet", true),
  row(/^SNYK_/, "snyk", true),
  row(/^SENTRY_/, "sentry-cli|sentry|npm|yarn|pnpm|npx", false),
  row(/^(?:TWINE|PYPI|FLIT|POETRY|HATCH|UV|PDM)_/, "twine|flit|poetry|hatch|uv|pdm|pip|tox|nox|setup\\.py", true),
  row(/^CARGO_REGISTRY/, "cargo\\s+(?:\\S+\\s+){0,3}?publish|cargo\\s+release|release-plz|cargo-release", true),
  row(/^(?:GEM_HOST_API_KEY|RUBYGEMS_API_KEY|BUNDLE_)/, "gem|bundle|rake|rubygems", true),
  row(
    /^(?:MAVEN|OSSRH|SONATYPE|GPG|ORG_GRADLE_PROJECT|SIGNING|CENTRAL)_/i,
    "mvnw?|\\./mvnw|gradlew?|\\./gradlew|sbt|mill",
    true,
  ),
  row(/^(?:NUGET|DOTNET)_/, "(?:dotnet[ \\t]+)?nuget[ \\t]+push|\\S*build\\.(?:sh|ps1|cmd)", true),
  row(
    /^(?:DOCKER|DOCKERHUB|REGISTRY|QUAY|CR)_/,
    "docker[- ]compose|skaffold|jib|kaniko|ko|goreleaser|mvnw?|gradlew?|\\./gradlew",
    true,
  ),
  row(/^(?:CLOUDFLARE|CF)_/, "wrangler|cloudflared|flarectl|npm\\s+run|yarn|pnpm|terraform|tofu|pulumi", false),
  row(/^VERCEL_/, "vercel|now|turbo", true),
  row(/^TURBO_/, "turbo|npm|yarn|pnpm|npx", true),
  row(/^NX_/, "nx|npm|yarn|pnpm|npx", true),
  row(/^NETLIFY_/, "netlify|ntl", true),
  row(/^HEROKU_/, "heroku|git\\s+push", true),
  row(/^(?:DIGITALOCEAN|DO)_/, `doctl|${CLOUD_TOOLS}`, true),
  row(/^(?:FLY)_/, "fly|flyctl", true),
  row(/^(?:EXPO|EAS)_/, "expo|eas", true),
  row(/^(?:MATCH|FASTLANE|APP_STORE_CONNECT|SUPPLY|PILOT|DELIVER)_/, "fastlane|bundle", true),
  row(/^(?:VAULT)_/, `vault|consul-template|${CLOUD_TOOLS}`, false),
  row(/^PULUMI_/, "pulumi", true),
  row(/^(?:VSCE|OVSX)_/, "vsce|ovsx|npx", true),
  row(/^HF_|^HUGGING_?FACE_/, "huggingface-cli|hf", false),
  row(/^CACHIX_/, "cachix|nix\\S*", true),
  row(/^(?:ANSIBLE)_/, "ansible\\S*", true),
  row(/^KUBE(?:CONFIG|_)/, "kubectl|helm|helmfile|kustomize|skaffold|k9s|argocd|flux", true),
];

/** Files that a tool fills with variables of the environment by itself: they say which. */
const TEMPLATES: readonly (readonly [RegExp, readonly string[]])[] = [
  [command("npm|npx|yarn|pnpm|lerna"), [".npmrc", ".yarnrc.yml", ".yarnrc"]],
  [
    command("docker[- ]compose|docker-compose"),
    ["docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"],
  ],
  [command("mvn|mvnw|\\./mvnw"), ["settings.xml", ".mvn/settings.xml", "pom.xml"]],
  [command("dotnet|nuget"), ["nuget.config", "NuGet.config", "NuGet.Config"]],
  [command("goreleaser"), [".goreleaser.yml", ".goreleaser.yaml"]],
  [
    command("gradle|gradlew|\\./gradlew"),
    ["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"],
  ],
  [command("bundle|gem|fastlane"), ["Gemfile", "fastlane/Fastfile"]],
];

/** The programs that read a variable by themselves, as far as its name tells. */
export function readsByItself(name: string): Readers {
  const known = READERS.get(name);
  if (known !== undefined) return known;
  const readers = readersOf(name);
  READERS.set(name, readers, 1);
  return readers;
}

/** By the names of variables, which are asked for again at every step. */
const READERS = new Memo<Readers>(2000);

function readersOf(name: string): Readers {
  const rows = KNOWN.filter(({ variables }) => variables.test(name));
  const [first = ""] = name.toLowerCase().split("_");
  // A tool that is called as the variable starts reads it, whatever it is: HEROKU_API_KEY and `heroku`.
  const namesake = first.length > 2 ? new RegExp(`(?<![\\w$])${first.replace(/\W/g, "\\$&")}(?!\\w)`, "i") : undefined;
  const word = new RegExp(`(?<!\\w)${name.replace(/\W/g, "\\$&")}(?!\\w)`);
  return {
    alone: rows.length > 0 && rows.every(({ alone }) => alone),
    reads: (script, read) => {
      if (WHOLE.test(script) || rows.some(({ tools }) => tools.test(script))) return true;
      if (rows.length === 0 && namesake?.test(script) === true) return true;
      return TEMPLATES.some(
        ([tools, paths]) => tools.test(script) && paths.some((path) => word.test(read(path) ?? "")),
      );
    },
  };
}

/** Commands that take the whole environment as it is. */
const WHOLE =
  /(?:^|[\s;&|(])(?:printenv|envsubst|export\s+-p|sudo\s+(?:-\w+\s+)*(?:-E|--preserve-env)\b|env\s*(?:$|[|>]))/m;

/**
 * True where scripts run a program of the repository that nobody here can look into. What a shell, make or package.json runs is read
 * elsewhere, as far as the files are there.
 *
 * @param scripts what a step runs itself
 * @param read the programs of the repository that were found behind it
 */
export function runsOpaqueCode(scripts: readonly string[], read: readonly string[]): boolean {
  const all = [...scripts, ...read];
  if (all.some((text) => OPAQUE.test(text))) return true;
  return all.reduce((count, text) => count + [...text.matchAll(READABLE)].length, 0) > read.length;
}

/** A program without a file is one that stands in its arguments or comes through a pipe: it is read, or it is a stranger's installer. */
const FILE = "[ \\t]+(?:-[a-zA-Z]+[ \\t]+)*[\\w./${}\"'~][^\\s|<]*";

/** Programs whose files are followed. */
const READABLE = new RegExp(
  command(
    `\\.{1,2}/[^\\s;|&]{1,200}|(?:[^\\s;|&<>=(/]{0,80}/){1,9}[^\\s;|&/]{1,80}\\.sh|(?:ba|z|k|da)?sh(?![ \\t]+-[a-z]*c\\b)${FILE}|source${FILE}|` +
      "make|(?:npm|yarn|pnpm|bun)[ \\t]+(?:t|tst|test|run\\S*|start)",
  ),
  "gm",
);

const OPAQUE = command(
  `(?:[^\\s/]{0,80}/){1,9}[^\\s/]{1,80}\\.(?:py|rb|js|ts|pl|php|ps1)|(?:pwsh|powershell|cmd)(?![ \\t]+-c)${FILE}|just|task|rake|invoke|pytest|tox|nox|` +
    `python\\d?(?:\\.\\d+)?(?![ \\t]+-(?:c|V|-version|m[ \\t]+(?:pip|venv|build|ensurepip|virtualenv|twine))\\b)${FILE}|` +
    `(?:node|deno|ruby|perl|php|Rscript)(?![ \\t]+-(?:e|p|v|-version)\\b)${FILE}|bundle[ \\t]+exec|jest|mocha|vitest|cypress|playwright|` +
    "(?:npm|yarn|pnpm|bun)[ \\t]+(?:exec|x|build|deploy)|mvnw?|gradlew?|sbt|ant|bazel(?:isk)?|" +
    "cargo[ \\t]+(?:test|run|bench|nextest|xtask)|go[ \\t]+(?:test|run|generate)|dotnet[ \\t]+(?:test|run)|swift[ \\t]+(?:test|run)|" +
    "mix|rebar3|stack|cabal|phpunit|docker[ \\t]+compose|docker-compose|ctest|msbuild|xcodebuild|fastlane|flutter|dart",
);

/**
 * The names at the start of a command: of a line, behind an operator, or behind what starts another program. Whatever can repeat has a
 * limit, here and in the names: a long line of brackets or quotes has a start at each of them.
 */
function command(names: string): RegExp {
  return new RegExp(
    `(?:^|[;&|({\`"'!](?!["'])|\\b(?:sudo|exec|time|if|while|then|do|else|xargs|npx|env|nice|nohup|run)\\s|-[cC]\\s|=\\S{0,200}\\s)(?=(?<lead>[ \\t"'@-]{0,99}))\\k<lead>(?:${names})(?![\\w.=-])`,
    "m",
  );
}

/** Actions that read no variable of the workflow but those that the pattern names. Source: the readme and the code of each. */
const ACTIONS: readonly (readonly [RegExp, RegExp])[] = [
  [/^actions\/(?!github-script|setup-node)/, /^(?:GITHUB_TOKEN|ACTIONS_)/],
  [/^actions\/setup-node/, /^(?:NODE_AUTH_TOKEN)$/],
  [/^actions\/github-script/, /^(?!)/],
  [/^github\/codeql-action\/(?!autobuild)/, /^(?:GITHUB_TOKEN|CODEQL_)/],
  [
    /^docker\/(?:setup-(?:buildx|qemu|docker|compose)-action|metadata-action|login-action)/,
    /^(?:GITHUB_TOKEN|DOCKER_|BUILDX_)/,
  ],
  [/^docker\/(?:build-push|bake)-action/, /^(?:GITHUB_TOKEN|DOCKER_|BUILDX_|AWS_)/],
  [/^codecov\/codecov-action/, /^CODECOV_/],
  [/^coverallsapp\/github-action/, /^COVERALLS_/],
  [/^aws-actions\//, /^AWS_/],
  [/^azure\/(?:login|docker-login|setup-)/, /^(?:AZURE_|ARM_)/],
  [/^google-github-actions\//, /^(?:GOOGLE|GCLOUD|CLOUDSDK|GCP)_/],
  [/^hashicorp\/setup-/, /^(?:TF_|VAULT_|HCP_)/],
  [
    /^(?:dtolnay\/rust-toolchain|actions-rs\/toolchain|moonrepo\/setup-rust|swatinem\/rust-cache|taiki-e\/install-action|dtolnay\/install)/,
    /^(?:GITHUB_TOKEN|CARGO_)/,
  ],
  [
    /^(?:astral-sh\/setup-uv|oven-sh\/setup-bun|denoland\/setup-deno|mlugg\/setup-zig|extractions\/setup-just)/,
    /^GITHUB_TOKEN$/,
  ],
  [/^pnpm\/action-setup/, /^(?:NPM_|NODE_AUTH_TOKEN)/],
  [/^shivammathur\/setup-php/, /^(?:GITHUB_TOKEN|COMPOSER_|PACKAGIST_)/],
  [
    /^(?:softprops\/action-gh-release|ncipollo\/release-action|peter-evans\/|dorny\/|peaceiris\/actions-gh-pages)/,
    /^(?:GITHUB_TOKEN|GH_TOKEN|GITHUB_REPOSITORY)$/,
  ],
  [
    /^(?:jlumbroso\/free-disk-space|easimon\/maximize-build-space|hadolint\/hadolint-action|ludeeus\/action-shellcheck|crate-ci\/typos)/,
    /^(?!)/,
  ],
  [/^(?:slackapi\/slack-github-action|rtcamp\/action-slack-notify|8398a7\/action-slack)/, /^SLACK_/],
];

/** Tasks of Azure that install, fetch or publish, and run no code of others. Source: learn.microsoft.com, "Azure Pipelines task reference". */
const TASKS =
  /^(?:NodeTool|UseNode|UsePythonVersion|UseDotNet|UseRubyVersion|JavaToolInstaller|GoTool|NuGetToolInstaller|CopyFiles|DeleteFiles|ArchiveFiles|ExtractFiles|PublishBuildArtifacts|PublishPipelineArtifact|DownloadBuildArtifacts|DownloadPipelineArtifact|PublishTestResults|PublishCodeCoverageResults|Cache|InstallSSHKey|DownloadSecureFile)@/i;

/**
 * True where called code may read a variable that it is not handed. Code that nobody here knows may read any.
 *
 * @param name `undefined` for a variable whose name nobody knows
 */
export function actionReads({ kind, text, target }: Reference, name: string | undefined): boolean {
  if (kind === "task" && TASKS.test(text.trim())) return false;
  if (target.kind !== "repository") return true;
  const action = `${target.repo}/${target.path}`.toLowerCase();
  const row = kind === "action" ? ACTIONS.find(([pattern]) => pattern.test(action)) : undefined;
  return row === undefined || (name !== undefined && row[1].test(name));
}
