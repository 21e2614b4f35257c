import type { Access, Areas, GitUse, Variable } from "../model.ts";

// What well-known actions do with the token of the job, and with the credential that a checkout leaves for git.

/** What an action needs. */
export interface ActionNeed {
  /** Of the job's token. */
  readonly areas: Areas;
  readonly git: GitUse;
}

/**
 * What a step that calls a well-known action needs; `undefined` for other actions, and where an input makes the action do more than the
 * table knows. An action that is handed another credential leaves the token alone.
 * Source: the readme of each action, which says what `permissions` it wants.
 *
 * @param action `owner/name`, with the path of the action in its repository
 */
export function actionNeed(action: string, inputs: readonly Variable[]): ActionNeed | undefined {
  const row = KNOWN.get(action.toLowerCase());
  if (row === undefined || inputs.some(({ name }) => row.except.includes(name))) return undefined;
  const kinds = inputs.flatMap(({ secrets }) => secrets.map(({ kind }) => kind));
  const unused = kinds.includes("token") ? false : row.named || kinds.includes("named");
  const identity = Object.entries(row.areas).filter(([area]) => area === "id-token");
  return { areas: unused ? Object.fromEntries(identity) : row.areas, git: row.git };
}

/**
 * What a script needs that has the token in its environment: known where it does nothing with it but call `gh`, and nothing else that
 * could take it from there.
 */
export function scriptNeed(script: string): Areas | undefined {
  const areas: Record<string, Access> = {};
  for (const piece of script.replace(/\\\n/g, " ").split(/\n|;|&&|\|\|?|\$\(|`/)) {
    const [first = "", ...words] = piece
      .replace(/^[\s({]*(?:[A-Za-z_]\w*=\S*\s+)*(?:(?:if|then|else|do|while|until|!)\s+)*/, "")
      .split(/\s+/);
    if (first === "gh") {
      const need = GH.find(([command]) => command.test(words.join(" ")))?.[1];
      if (need === undefined) return undefined;
      for (const [area, access] of Object.entries(need)) if (areas[area] !== "write") areas[area] = access;
    } else if (!HARMLESS.test(first) && !/^[A-Za-z_]\w*=/.test(first)) return undefined;
  }
  return areas;
}

/** Programs that do not look for a token in their environment. */
const HARMLESS =
  /^(?:|[#)}\]"'-].*|\[\[?|echo|printf|set|if|elif|then|else|fi|for|do|done|while|case|esac|cd|mkdir|cp|mv|rm|ls|cat|jq|yq|grep|sed|awk|tr|cut|sort|head|tail|wc|tar|zip|unzip|gzip|sha256sum|shasum|test|exit|true|false|read|date|sleep|basename|dirname|tee|export|local|shift|break|continue|return)$/;

/** Source: docs.github.com, "Permissions required for GitHub Apps", for what each command of `gh` asks of the API. */
const GH: readonly (readonly [RegExp, Areas])[] = [
  [/^release (?:create|upload|edit|delete)\b/, { contents: "write" }],
  [/^release (?:view|list|download)\b/, { contents: "read" }],
  [/^pr merge\b/, { contents: "write", "pull-requests": "write" }],
  [/^pr (?:comment|edit|review|close|reopen|ready)\b/, { contents: "read", issues: "write", "pull-requests": "write" }],
  [/^pr (?:view|list|diff)\b/, { contents: "read", "pull-requests": "read" }],
  [/^issue (?:create|comment|edit|close|reopen|pin|lock)\b/, { contents: "read", issues: "write" }],
  [/^issue (?:view|list)\b/, { contents: "read", issues: "read" }],
  [/^label (?:create|edit|delete)\b/, { issues: "write" }],
  [/^workflow (?:run|enable|disable)\b/, { actions: "write", contents: "read" }],
  [/^run (?:cancel|rerun|delete)\b/, { actions: "write", contents: "read" }],
  [/^run (?:view|list|download|watch)\b/, { actions: "read", contents: "read" }],
  [/^cache (?:delete|list)\b/, { actions: "write" }],
];

interface Row extends ActionNeed {
  /** Uses the token only where the step names it. */
  readonly named: boolean;
  /** Inputs with which the action needs something else. */
  readonly except: readonly string[];
}

/** Needs no right: it works on the machine, asks public servers, or has a credential of its own. */
const NOTHING = `
actions/cache actions/cache/restore actions/cache/save actions/upload-artifact actions/upload-artifact/merge
actions/setup-node actions/setup-python actions/setup-go actions/setup-java actions/setup-dotnet actions/setup-ruby actions/setup-elixir
actions/upload-pages-artifact actions/create-github-app-token actions/add-to-project github/codeql-action/autobuild
DavidAnson/markdownlint-cli2-action DeLaGuardo/setup-clojure Homebrew/actions/setup-homebrew JetBrains/writerside-github-action
KyleMayes/install-llvm-action NuGet/setup-nuget SamKirkland/FTP-Deploy-Action Swatinem/rust-cache
abatilo/actions-poetry actions-rs/cargo actions-rs/toolchain actions-rs/tarpaulin actions-rs/install android-actions/setup-android
appleboy/scp-action appleboy/ssh-action arduino/setup-protoc arduino/setup-task asdf-vm/actions/install asdf-vm/actions/setup
astral-sh/ruff-action astral-sh/setup-uv aws-actions/amazon-ecr-login awalsh128/cache-apt-pkgs-action azure/setup-helm
azure/setup-kubectl azure/docker-login baptiste0928/cargo-install bazel-contrib/setup-bazel bazelbuild/setup-bazelisk
browser-actions/setup-chrome browser-actions/setup-firefox bufbuild/buf-setup-action bwoodsend/setup-winlibs-action
cachix/cachix-action cachix/install-nix-action coactions/setup-xvfb conda-incubator/setup-miniconda coursier/cache-action
coursier/setup-action crate-ci/typos crazy-max/ghaction-import-gpg crazy-max/ghaction-setup-docker cypress-io/github-action
denoland/setup-deno digitalocean/action-doctl docker/setup-buildx-action docker/setup-compose-action docker/setup-docker-action
docker/setup-qemu-action dschep/install-pipenv-action dschep/install-poetry-action dtolnay/rust-toolchain dtolnay/install
easimon/maximize-build-space erlef/setup-beam erlef/setup-elixir excitedleigh/setup-nox extractions/setup-just
GabrielBB/xvfb-action google-github-actions/setup-gcloud goto-bus-stop/setup-zig gradle/gradle-build-action
gradle/wrapper-validation-action gradle/actions/wrapper-validation hadolint/hadolint-action hashicorp/setup-terraform
haskell-actions/setup haskell/actions/setup helm/chart-testing-action helm/kind-action hendrikmuhs/ccache-action
ibiqlik/action-yamllint ilammy/msvc-dev-cmd ilammy/setup-nasm imranismail/setup-kustomize jakebailey/pyright-action jdx/mise-action
jlumbroso/free-disk-space julia-actions/julia-buildpkg julia-actions/julia-processcoverage julia-actions/julia-runtest
julia-actions/setup-julia jurplel/install-qt-action ludeeus/action-shellcheck lukka/get-cmake lukka/run-cmake lukka/run-vcpkg
mamba-org/provision-with-micromamba mamba-org/setup-micromamba maxim-lobanov/setup-xcode microsoft/setup-msbuild
mikefarah/yq mlugg/setup-zig moonrepo/setup-rust mozilla-actions/sccache-action msys2/setup-msys2 mxschmitt/action-tmate
ocaml/setup-ocaml olafurpg/setup-scala opentofu/setup-opentofu oven-sh/setup-bun pdm-project/setup-pdm
peter-evans/dockerhub-description pnpm/action-setup pre-commit/action psf/black pypa/cibuildwheel r-lib/actions/setup-pandoc
r-lib/actions/setup-r r-lib/actions/setup-r-dependencies ramsey/composer-install rtCamp/action-slack-notify ruby/setup-ruby
s-weigand/setup-conda s4u/maven-settings-action sbt/setup-sbt seanmiddleditch/gha-setup-ninja shivammathur/setup-php
sigstore/cosign-installer slackapi/slack-github-action snok/install-poetry subosito/flutter-action
supercharge/mongodb-github-action supercharge/redis-github-action swift-actions/setup-swift taiki-e/cache-cargo-install-action
taiki-e/install-action test-summary/action tlambert03/setup-qt-libs vmactions/freebsd-vm vmactions/netbsd-vm vmactions/openbsd-vm
wntrblm/nox SonarSource/sonarcloud-github-action SonarSource/sonarqube-scan-action aquasecurity/setup-trivy codespell-project/actions-codespell
`;

/**
 * One action a line: its name, what it needs, `git:` where it uses that, `!input` for an input with which it needs something else, and
 * "named" where it uses the token only if the step hands it over by name.
 */
const SOMETHING = `
actions/checkout contents:read
actions/download-artifact actions:read named
actions/attest-build-provenance attestations:write contents:read id-token:write
actions/configure-pages pages:write
actions/create-release contents:write
actions/delete-package-versions packages:write
actions/dependency-review-action contents:read !comment-summary-in-pr
actions/deploy-pages id-token:write pages:write
actions/first-interaction issues:write pull-requests:write
actions/labeler contents:read issues:write pull-requests:write
actions/stale actions:write issues:write pull-requests:write !delete-branch
actions/upload-release-asset contents:write
github/codeql-action/analyze actions:read contents:read security-events:write
github/codeql-action/init actions:read contents:read
github/codeql-action/upload-sarif actions:read contents:read security-events:write
EndBug/add-and-commit contents:write git:writes
FirebaseExtended/action-hosting-deploy checks:write contents:read pull-requests:write
JamesIves/github-pages-deploy-action contents:write
ad-m/github-push-action contents:write
actions-rs/clippy-check checks:write contents:read
amannn/action-semantic-pull-request pull-requests:read !wip
aws-actions/configure-aws-credentials id-token:write
azure/login id-token:write
changesets/action contents:write git:writes issues:write pull-requests:write
cloudflare/wrangler-action contents:read !gitHubToken
codecov/codecov-action contents:read !use_oidc
cycjimmy/semantic-release-action contents:write git:writes issues:write pull-requests:write
dependabot/fetch-metadata contents:read pull-requests:read
dessant/lock-threads discussions:write issues:write pull-requests:write
docker/bake-action contents:read
docker/build-push-action contents:read
docker/login-action packages:write named
docker/metadata-action contents:read
dorny/paths-filter contents:read git:reads pull-requests:read
dorny/test-reporter actions:read checks:write contents:read
EnricoMi/publish-unit-test-result-action checks:write contents:read issues:read pull-requests:write
gittools/actions/gitversion/setup contents:read
gittools/actions/gitversion/execute contents:read git:reads
golangci/golangci-lint-action contents:read pull-requests:read
google-github-actions/auth id-token:write
google-github-actions/release-please-action contents:write issues:write pull-requests:write
googleapis/release-please-action contents:write issues:write pull-requests:write
gradle/actions/setup-gradle contents:read !dependency-graph !add-job-summary-as-pr-comment
helm/chart-releaser-action contents:write git:writes
julia-actions/cache actions:write contents:read
lycheeverse/lychee-action contents:read
marocchino/sticky-pull-request-comment pull-requests:write
marvinpinto/action-automatic-releases contents:write
ncipollo/release-action contents:write !discussionCategory
ossf/scorecard-action actions:read contents:read id-token:write issues:read pull-requests:read security-events:write
peaceiris/actions-gh-pages contents:write
peter-evans/create-or-update-comment issues:write pull-requests:write
peter-evans/create-pull-request contents:write pull-requests:write
peter-evans/find-comment issues:read pull-requests:read
peter-evans/repository-dispatch contents:write
pypa/gh-action-pypi-publish id-token:write
release-drafter/release-drafter contents:write pull-requests:write
softprops/action-gh-release contents:write !discussion_category_name
stefanzweifel/git-auto-commit-action contents:write git:writes
styfle/cancel-workflow-action actions:write
svenstaro/upload-release-action contents:write
taiki-e/create-gh-release-action contents:write
taiki-e/upload-rust-binary-action contents:write
tj-actions/changed-files contents:read git:reads pull-requests:read
wagoid/commitlint-github-action contents:read pull-requests:read
wangyoucao577/go-release-action contents:write
`;

const KNOWN: ReadonlyMap<string, Row> = new Map([
  ...NOTHING.trim()
    .split(/\s+/)
    .map((name) => [name.toLowerCase(), { areas: {}, git: "none", except: [], named: false }] as const),
  ...SOMETHING.trim()
    .split("\n")
    .map((line) => rowOf(line.split(" "))),
]);

function rowOf([name = "", ...words]: readonly string[]): readonly [string, Row] {
  const pairs = words.filter((word) => word.includes(":")).map((word) => word.split(":") as [string, string]);
  return [
    name.toLowerCase(),
    {
      areas: Object.fromEntries(pairs.filter(([area]) => area !== "git")) as Record<string, Access>,
      git: (pairs.find(([area]) => area === "git")?.[1] ?? "none") as GitUse,
      named: words.includes("named"),
      except: words.filter((word) => word.startsWith("!")).map((word) => word.slice(1)),
    },
  ];
}
