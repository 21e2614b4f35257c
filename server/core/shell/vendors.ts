/** A well-known installer, and what to use in its place. */
export interface Vendor {
  /** What is installed, as a person would call it. */
  readonly name: string;
  /**
   * The address of one version, with `{version}` in the place of its number without a "v". For the platform that the address asks for, where
   * it names one, else for Linux on x86-64.
   */
  readonly versioned?: string;
  /** Where the maker publishes the SHA-256 of what lies at `versioned`. */
  readonly checksum?: string;
  /** An action for GitHub, "owner/name" or "owner/name/folder", that installs it. It has to be pinned like every other. */
  readonly action?: string;
  /** One sentence for a message: what to use instead, in whatever CI system. */
  readonly advice: string;
}

/** The known installer that an address belongs to. Parts of the address that only the run knows may stand in it as they are written. */
export function vendorOf(url: string): Vendor | undefined {
  const place = placeOf(url);
  if (place === undefined) return undefined;
  for (const { address, versioned, checksum, ...vendor } of INSTALLERS) {
    const found = address.exec(place);
    if (found === null) continue;
    const fill = (form: string): string =>
      form.replace(/\{(\w+)\}/g, (written, name: string) => found.groups?.[name] ?? written);
    const filled = versioned === undefined ? undefined : fill(versioned);
    return {
      ...vendor,
      ...(filled === undefined ? {} : { versioned: filled }),
      ...(filled === undefined || checksum === undefined ? {} : { checksum: filled + checksum }),
    };
  }
  return undefined;
}

/**
 * Host and path. What lies in a repository of GitHub is `github:owner/name/path` whatever the ref and the address form, a release of it
 * `release:owner/name/asset`.
 */
function placeOf(url: string): string | undefined {
  const [, host = "", path = ""] = /^(?:https?:\/\/)?(?:[^@/?#]*@)?([^/?#:]+)(?::\d+)?(\/[^?#]*)?/i.exec(url) ?? [];
  if (!host.includes(".")) return undefined;
  const place = `${host.toLowerCase().replace(/^www\./, "")}${path.replace(/\/+$/, "")}`;
  for (const { form, as } of GITHUB_FORMS) if (form.test(place)) return place.replace(form, as);
  return place;
}

const REF = "(?:refs/(?:heads|tags)/)?[^/]+";

const GITHUB_FORMS: readonly { readonly form: RegExp; readonly as: string }[] = [
  { form: new RegExp(`^raw\\.githubusercontent\\.com/([^/]+/[^/]+)/${REF}/`), as: "github:$1/" },
  { form: new RegExp(`^github\\.com/([^/]+/[^/]+)/(?:raw|blob)/${REF}/`), as: "github:$1/" },
  { form: /^cdn\.jsdelivr\.net\/gh\/([^/]+\/[^/@]+)(?:@[^/]+)?\//, as: "github:$1/" },
  { form: /^github\.com\/([^/]+\/[^/]+)\/releases\/(?:latest\/download|download\/[^/]+)\//, as: "release:$1/" },
  { form: /^github\.com\/([^/]+\/[^/]+?)(?:\.git)?$/, as: "github:$1/" },
];

/** A row of the table. `checksum` is what follows the versioned address. */
interface Installer extends Vendor {
  readonly address: RegExp;
}

const RELEASE = "Download one release and check it against a SHA-256 that you keep in your repository.";
const SCRIPT =
  "Name a commit in the script's address, give the script a fixed version to install, and check the script's SHA-256.";

// Addresses that their makers tell people to install from. Forms and checksums stand here only where they were seen in use, actions only where
// their repository holds the action's file.
const INSTALLERS: readonly Installer[] = [
  {
    name: "the Codecov bash uploader",
    address: /^codecov\.io\/(?:bash|env)$/,
    action: "codecov/codecov-action",
    advice:
      "Codecov withdrew this script after somebody had changed it unnoticed in 2021: use one version of its CLI instead.",
  },
  {
    name: "the Codecov CLI",
    address: /^cli\.codecov\.io\/latest\/(?<os>[\w-]+)\/(?<file>codecov(?:\.exe)?)$/,
    versioned: "https://cli.codecov.io/v{version}/{os}/{file}",
    checksum: ".SHA256SUM",
    action: "codecov/codecov-action",
    advice: "Codecov serves every version under an address of its own, with a signed SHA-256 beside it.",
  },
  {
    name: "the Codecov uploader",
    address: /^uploader\.codecov\.io\//,
    action: "codecov/codecov-action",
    advice: "Use one version of the Codecov CLI, which took this uploader's place, and check its SHA-256.",
  },
  {
    name: "rustup",
    address: /^static\.rust-lang\.org\/rustup\/(?:dist\/)?(?<triple>[^/]+)\/(?<file>rustup-init(?:\.exe)?)$/,
    versioned: "https://static.rust-lang.org/rustup/archive/{version}/{triple}/{file}",
    checksum: ".sha256",
    action: "dtolnay/rust-toolchain",
    advice: "Download rustup-init of one version, check its SHA-256, and name the toolchain's version.",
  },
  {
    name: "rustup",
    address: /^(?:sh|win)\.rustup\.rs(?=\/|$)|^static\.rust-lang\.org\/rustup\/rustup-init/,
    versioned: "https://static.rust-lang.org/rustup/archive/{version}/x86_64-unknown-linux-gnu/rustup-init",
    checksum: ".sha256",
    action: "dtolnay/rust-toolchain",
    advice: "Download rustup-init of one version, check its SHA-256, and name the toolchain's version.",
  },
  {
    name: "nvm",
    address: /^github:(?:nvm-sh|creationix)\/nvm\//i,
    action: "actions/setup-node",
    advice: "Use an image that has the Node.js you need, or name a commit in the script's address.",
  },
  {
    name: "Node.js from NodeSource",
    address: /^(?:deb|rpm)\.nodesource\.com\//,
    action: "actions/setup-node",
    advice:
      "Use an image that has the Node.js you need, or unpack one release from nodejs.org after checking its SHA-256.",
  },
  {
    name: "n",
    address: /^github:tj\/n\//i,
    action: "actions/setup-node",
    advice: "Use an image that has the Node.js you need, or name a commit in the script's address.",
  },
  {
    name: "Deno",
    address: /^deno\.land\/(?:x\/)?install|^deno\.com\/install|^github:denoland\/deno_install\//i,
    versioned: "https://dl.deno.land/release/v{version}/deno-x86_64-unknown-linux-gnu.zip",
    checksum: ".sha256sum",
    action: "denoland/setup-deno",
    advice: "Unpack one release after checking its SHA-256, or use Deno's image by its digest.",
  },
  {
    name: "Bun",
    address: /^bun\.(?:sh|com)\/install/,
    action: "oven-sh/setup-bun",
    advice: RELEASE,
  },
  { name: "Volta", address: /^get\.volta\.sh(?=\/|$)/, action: "volta-cli/action", advice: RELEASE },
  {
    name: "fnm",
    address: /^fnm\.vercel\.app\/install|^github:schniz\/fnm\//i,
    action: "actions/setup-node",
    advice: "Use an image that has the Node.js you need, or one release of fnm with a checked SHA-256.",
  },
  {
    name: "pnpm",
    address: /^get\.pnpm\.io\//,
    action: "pnpm/action-setup",
    advice: "Let Corepack install the version and hash that the packageManager field of package.json names.",
  },
  {
    name: "Yarn",
    address: /^yarnpkg\.com\/install/,
    action: "actions/setup-node",
    advice: "Let Corepack install the version and hash that the packageManager field of package.json names.",
  },
  {
    name: "Helm",
    address: /^github:helm\/helm\/scripts\/get|^git\.io\/get_helm\.sh$/i,
    versioned: "https://get.helm.sh/helm-v{version}-linux-amd64.tar.gz",
    checksum: ".sha256sum",
    action: "Azure/setup-helm",
    advice: "Unpack one release of Helm after checking its SHA-256.",
  },
  {
    name: "kubectl",
    address:
      /^(?:dl\.k8s\.io|storage\.googleapis\.com\/kubernetes-release)\/(?!(?:release\/)?v[\d$‹])(?:.*\/)?bin\/(?<os>\w+)\/(?<arch>\w+)\/(?<file>kubectl(?:\.exe)?)$/,
    versioned: "https://dl.k8s.io/release/v{version}/bin/{os}/{arch}/{file}",
    checksum: ".sha256",
    action: "Azure/setup-kubectl",
    advice: "Write the version into the address in place of the newest one, and check the SHA-256.",
  },
  {
    name: "kustomize",
    address: /^github:kubernetes-sigs\/kustomize\/hack\//i,
    action: "imranismail/setup-kustomize",
    advice: SCRIPT,
  },
  {
    name: "kind",
    address: /^kind\.sigs\.k8s\.io\/dl\/(?!v\d)[^/]+\/(?<file>kind-.+)$/,
    versioned: "https://kind.sigs.k8s.io/dl/v{version}/{file}",
    action: "helm/kind-action",
    advice: "Write the version into the address and check the file's SHA-256.",
  },
  {
    name: "minikube",
    address: /^storage\.googleapis\.com\/minikube\/releases\/latest\/(?<file>[^/]+)$/,
    versioned: "https://storage.googleapis.com/minikube/releases/v{version}/{file}",
    action: "medyagh/setup-minikube",
    advice: "Write the version into the address and check the file's SHA-256.",
  },
  {
    name: "k3s",
    address: /^get\.k3s\.io(?=\/|$)/,
    action: "nolar/setup-k3d-k3s",
    advice: "Take the script from a commit of k3s-io/k3s, check its SHA-256, and set INSTALL_K3S_VERSION.",
  },
  { name: "k3d", address: /^github:(?:k3d-io|rancher)\/k3d\//i, action: "nolar/setup-k3d-k3s", advice: SCRIPT },
  {
    name: "Flux",
    address: /^fluxcd\.io\/install|^toolkit\.fluxcd\.io\/install/,
    action: "fluxcd/flux2/action",
    advice: RELEASE,
  },
  { name: "Dapr", address: /^github:dapr\/cli\//i, action: "dapr/setup-dapr", advice: SCRIPT },
  { name: "the Argo CD CLI", address: /^release:argoproj\/argo-cd\//i, advice: RELEASE },
  { name: "Istio", address: /^istio\.io\/downloadistio/i, advice: RELEASE },
  { name: "Linkerd", address: /^run\.linkerd\.io\//, advice: RELEASE },
  {
    name: "Docker",
    address: /^(?:get|test)\.docker\.com(?=\/|$)/,
    action: "docker/setup-docker-action",
    advice:
      "Install Docker's packages in an exact version from its signed repository, or use a runner that has Docker.",
  },
  {
    name: "Docker Compose",
    address: /^release:docker\/compose\//i,
    action: "docker/setup-compose-action",
    advice: RELEASE,
  },
  {
    name: "Poetry",
    address: /^install\.python-poetry\.org(?=\/|$)|^github:python-poetry\/(?:poetry|install\.python-poetry\.org)\//i,
    action: "snok/install-poetry",
    advice: "Install an exact version of Poetry with pip and the hashes of a requirements file.",
  },
  {
    name: "uv",
    address: /^astral\.sh\/uv\/(?<file>install\.(?:sh|ps1))$/,
    versioned: "https://astral.sh/uv/{version}/{file}",
    action: "astral-sh/setup-uv",
    advice: "Write the version into the address and check the script's SHA-256, or use uv's image by its digest.",
  },
  {
    name: "Ruff",
    address: /^astral\.sh\/ruff\/install/,
    advice: "Install an exact version of Ruff with the hashes of a requirements file.",
  },
  {
    name: "pip",
    address: /^bootstrap\.pypa\.io\/.*get-pip\.py$/,
    action: "actions/setup-python",
    advice: "Use the pip that comes with Python: python -m ensurepip installs it without a download.",
  },
  {
    name: "pixi",
    address: /^pixi\.sh\/install/,
    action: "prefix-dev/setup-pixi",
    advice: RELEASE,
  },
  {
    name: "Miniconda",
    address: /^repo\.(?:anaconda|continuum)\.(?:com|io)\/miniconda\/Miniconda(?<major>\d)-latest-(?<file>.+)$/i,
    versioned: "https://repo.anaconda.com/miniconda/Miniconda{major}-{version}-{file}",
    action: "conda-incubator/setup-miniconda",
    advice: "Write the version into the installer's address and check its SHA-256.",
  },
  {
    name: "Miniforge",
    address: /^release:conda-forge\/miniforge\//i,
    action: "conda-incubator/setup-miniconda",
    advice: RELEASE,
  },
  {
    name: "SDKMAN",
    address: /^get\.sdkman\.io(?=\/|$)/,
    action: "actions/setup-java",
    advice: "Use an image that has the JDK you need: SDKMAN has no installer of a fixed version.",
  },
  {
    name: "RVM",
    address: /^get\.rvm\.io(?=\/|$)|^github:rvm\/rvm\/|^github:rbenv\/rbenv-installer\//i,
    action: "ruby/setup-ruby",
    advice: "Use an image that has the Ruby you need, or name a commit in the script's address.",
  },
  {
    name: "Composer",
    address: /^getcomposer\.org\/(?:installer|composer(?:-stable)?\.phar|download\/latest-[^/]+\/composer\.phar)$/,
    versioned: "https://getcomposer.org/download/{version}/composer.phar",
    checksum: ".sha256sum",
    action: "shivammathur/setup-php",
    advice: "Download composer.phar of one version and check its SHA-256.",
  },
  {
    name: "golangci-lint",
    address: /^github:golangci\/golangci-lint\/|^golangci-lint\.run\/install|^install\.goreleaser\.com\/.*golangci/i,
    action: "golangci/golangci-lint-action",
    advice: SCRIPT,
  },
  { name: "Trivy", address: /^github:aquasecurity\/trivy\//i, action: "aquasecurity/setup-trivy", advice: SCRIPT },
  {
    name: "Syft and Grype",
    address: /^github:anchore\/(?:syft|grype)\/|^get\.anchore\.io\//i,
    action: "anchore/sbom-action",
    advice: SCRIPT,
  },
  { name: "TruffleHog", address: /^github:trufflesecurity\/trufflehog\//i, advice: SCRIPT },
  {
    name: "the Snyk CLI",
    address: /^(?:static|downloads)\.snyk\.io\/cli\/(?:latest|stable)\/(?<file>snyk[\w.-]*)$/,
    versioned: "https://downloads.snyk.io/cli/v{version}/{file}",
    checksum: ".sha256",
    action: "snyk/actions/setup",
    advice: "Snyk serves every version under an address of its own, with its SHA-256 beside it.",
  },
  {
    name: "the FOSSA CLI",
    address: /^github:fossas\/(?:fossa-cli|spectrometer)\/|^app\.fossa\.(?:com|io)\/api\/cli\/install/i,
    action: "fossas/fossa-action",
    advice: RELEASE,
  },
  {
    name: "the Sonar scanner",
    address: /^binaries\.sonarsource\.com\//,
    action: "SonarSource/sonarqube-scan-action",
    advice: "Name an exact version in the address and check the archive's SHA-256.",
  },
  {
    name: "the Code Climate reporter",
    address: /^codeclimate\.com\/downloads\/test-reporter\//,
    advice: "The reporter is no longer maintained: remove it, or check the SHA-256 of one version.",
  },
  {
    name: "the Coveralls reporter",
    address: /^coveralls\.io\/coveralls-|^release:coverallsapp\/coverage-reporter\//i,
    action: "coverallsapp/github-action",
    advice: RELEASE,
  },
  {
    name: "the Sentry CLI",
    address: /^sentry\.io\/get-cli(?=\/|$)/,
    action: "getsentry/action-release",
    advice:
      "Install an exact version of the package @sentry/cli from a lock file, or one release with a checked SHA-256.",
  },
  {
    name: "the AWS CLI",
    address: /^awscli\.amazonaws\.com\/awscli-exe-linux-(?<arch>x86_64|aarch64)\.zip$/,
    versioned: "https://awscli.amazonaws.com/awscli-exe-linux-{arch}-{version}.zip",
    advice: "Write the version into the address, and check the archive's SHA-256 or its signature by the AWS CLI team.",
  },
  {
    name: "the AWS SAM CLI",
    address: /^release:aws\/aws-sam-cli\//i,
    action: "aws-actions/setup-sam",
    advice: RELEASE,
  },
  { name: "eksctl", address: /^release:(?:eksctl-io|weaveworks)\/eksctl\//i, advice: RELEASE },
  {
    name: "the Google Cloud CLI",
    address: /^sdk\.cloud\.google\.com(?=\/|$)|^dl\.google\.com\/dl\/cloudsdk\/.*install_google_cloud_sdk/,
    action: "google-github-actions/setup-gcloud",
    advice: "Unpack the archive of one version after checking its SHA-256, or use Google's image by its digest.",
  },
  {
    name: "the Azure CLI",
    address: /^aka\.ms\/installazurecli/i,
    advice:
      "Install azure-cli in an exact version from Microsoft's signed package repository, or use a runner that has it.",
  },
  {
    name: "the Azure Developer CLI",
    address: /^aka\.ms\/install-azd/i,
    action: "Azure/setup-azd",
    advice: RELEASE,
  },
  {
    name: "PowerShell",
    address: /^aka\.ms\/install-powershell/i,
    advice: "Use a runner or image that has PowerShell, or one release with a checked SHA-256.",
  },
  {
    name: "OpenTofu",
    address: /^get\.opentofu\.org(?=\/|$)/,
    action: "opentofu/setup-opentofu",
    advice: RELEASE,
  },
  {
    name: "TFLint",
    address: /^github:terraform-linters\/tflint\//i,
    action: "terraform-linters/setup-tflint",
    advice: SCRIPT,
  },
  { name: "tfsec", address: /^github:aquasecurity\/tfsec\//i, advice: SCRIPT },
  { name: "Infracost", address: /^github:infracost\/infracost\//i, advice: SCRIPT },
  {
    name: "Pulumi",
    address: /^get\.pulumi\.com(?:\/install\.(?:sh|ps1))?$/,
    versioned: "https://get.pulumi.com/releases/sdk/pulumi-v{version}-linux-x64.tar.gz",
    action: "pulumi/actions",
    advice: "Unpack one release of Pulumi after checking its SHA-256.",
  },
  {
    name: "flyctl",
    address: /^fly\.io\/install|^l\.fly\.io\//,
    action: "superfly/flyctl-actions/setup-flyctl",
    advice: RELEASE,
  },
  {
    name: "the Firebase CLI",
    address: /^firebase\.tools(?=\/|$)/,
    advice: "Install an exact version of the package firebase-tools from a lock file.",
  },
  {
    name: "the Heroku CLI",
    address: /^cli-assets\.heroku\.com\/|^toolbelt\.heroku\.com\//,
    advice: "Install an exact version of the package heroku from a lock file.",
  },
  { name: "the Railway CLI", address: /^railway\.(?:app|com)\/install/, advice: RELEASE },
  {
    name: "Homebrew",
    address: /^github:homebrew\/install\//i,
    action: "Homebrew/actions/setup-homebrew",
    advice: "Name a commit of Homebrew/install in the script's address, or use a runner that has Homebrew.",
  },
  {
    name: "Oh My Zsh",
    address: /^github:(?:ohmyzsh|robbyrussell)\/(?:ohmyzsh|oh-my-zsh)\/|^install\.ohmyz\.sh(?=\/|$)/i,
    advice: "A pipeline needs no interactive shell: remove it, or name a commit in the script's address.",
  },
  {
    name: "Nix",
    address: /^nixos\.org\/nix\/install/,
    versioned: "https://releases.nixos.org/nix/nix-{version}/install",
    action: "cachix/install-nix-action",
    advice: "Take the installer of one version and check its SHA-256.",
  },
  {
    name: "Determinate Nix",
    address: /^install\.determinate\.systems\/nix$/,
    versioned: "https://install.determinate.systems/nix/tag/v{version}",
    action: "DeterminateSystems/nix-installer-action",
    advice: "Write the version into the address and check the script's SHA-256.",
  },
  { name: "Starship", address: /^starship\.rs\/install/, advice: "A pipeline needs no prompt: remove it." },
  { name: "Oh My Posh", address: /^ohmyposh\.dev\/install/, advice: "A pipeline needs no prompt: remove it." },
  {
    name: ".NET",
    address: /^dot\.net\/v1\/dotnet-install|^builds\.dotnet\.microsoft\.com\/dotnet\/scripts\//,
    action: "actions/setup-dotnet",
    advice:
      "Check the SHA-256 or signature of the script and name an exact version in global.json, or use a .NET image by its digest.",
  },
  {
    name: "Chocolatey",
    address: /^(?:community\.)?chocolatey\.org\/install\.ps1$/,
    advice: "Use a Windows runner that has Chocolatey, or check the script's SHA-256.",
  },
  {
    name: "Scoop",
    address: /^get\.scoop\.sh(?=\/|$)|^github:scoopinstaller\/install\//i,
    advice: "Name a commit of ScoopInstaller/Install in the script's address and check the script's SHA-256.",
  },
  { name: "Dagger", address: /^dl\.dagger\.io\/dagger\/install/, action: "dagger/dagger-for-github", advice: RELEASE },
  { name: "Earthly", address: /^release:earthly\/earthly\//i, advice: RELEASE },
  { name: "Buf", address: /^release:bufbuild\/buf\//i, action: "bufbuild/buf-action", advice: RELEASE },
  {
    name: "GoReleaser",
    address: /^goreleaser\.com\/static\/run$/,
    action: "goreleaser/goreleaser-action",
    advice:
      "Use one release of GoReleaser with a checked SHA-256: VERSION alone does not fix what the script itself does.",
  },
  { name: "Task", address: /^taskfile\.dev\/install/, action: "arduino/setup-task", advice: RELEASE },
  { name: "just", address: /^just\.systems\/install/, advice: RELEASE },
  {
    name: "mise",
    address: /^mise\.(?:run|jdx\.dev)(?=\/|$)/,
    action: "jdx/mise-action",
    advice:
      "Use one release of mise with a checked SHA-256: MISE_VERSION alone does not fix what the script itself does.",
  },
  {
    name: "Doppler",
    address: /^cli\.doppler\.com\/install/,
    action: "DopplerHQ/cli-action",
    advice: RELEASE,
  },
  {
    name: "a package repository",
    address:
      /^packagecloud\.io\/install\/|^dl\.cloudsmith\.io\/.*setup\.|^packages\.gitlab\.com\/install\/|^artifacts-cli\.infisical\.com\/setup/,
    advice:
      "Write the repository's source entry yourself, with signed-by and a key whose fingerprint you have checked.",
  },
  { name: "Tailscale", address: /^tailscale\.com\/install/, action: "tailscale/github-action", advice: RELEASE },
  {
    name: "Foundry",
    address: /^foundry\.paradigm\.xyz(?=\/|$)|^github:foundry-rs\/foundry\//i,
    action: "foundry-rs/foundry-toolchain",
    advice: RELEASE,
  },
  {
    name: "GHCup",
    address: /^get-ghcup\.haskell\.org(?=\/|$)|^get\.haskellstack\.org(?=\/|$)/,
    action: "haskell-actions/setup",
    advice: "Use an image that has the GHC you need, or one release of GHCup with a checked SHA-256.",
  },
  { name: "Cosign", address: /^release:sigstore\/cosign\//i, action: "sigstore/cosign-installer", advice: RELEASE },
  {
    name: "cargo-binstall",
    address: /^github:cargo-bins\/cargo-binstall\//i,
    action: "taiki-e/install-action",
    advice: RELEASE,
  },
];
