import assert from "node:assert/strict";
import { vendorOf } from "../../server/core/shell/vendors.ts";

describe("known installers", () => {
  const known: readonly (readonly [string, string])[] = [
    ["https://codecov.io/bash", "the Codecov bash uploader"],
    ["https://cli.codecov.io/latest/linux/codecov", "the Codecov CLI"],
    ["https://uploader.codecov.io/latest/linux/codecov", "the Codecov uploader"],
    ["https://sh.rustup.rs", "rustup"],
    ["sh.rustup.rs", "rustup"],
    ["https://static.rust-lang.org/rustup/dist/x86_64-apple-darwin/rustup-init", "rustup"],
    ["https://raw.githubusercontent.com/nvm-sh/nvm/v0.40.1/install.sh", "nvm"],
    ["https://github.com/nvm-sh/nvm/raw/refs/heads/master/install.sh", "nvm"],
    ["https://cdn.jsdelivr.net/gh/nvm-sh/nvm@master/install.sh", "nvm"],
    ["https://github.com/nvm-sh/nvm.git", "nvm"],
    ["https://deb.nodesource.com/setup_$NODE.x", "Node.js from NodeSource"],
    ["https://raw.githubusercontent.com/tj/n/master/bin/n", "n"],
    ["https://deno.land/install.sh", "Deno"],
    ["https://deno.land/x/install/install.sh", "Deno"],
    ["https://bun.sh/install", "Bun"],
    ["https://get.volta.sh", "Volta"],
    ["https://get.pnpm.io/install.sh", "pnpm"],
    ["https://raw.githubusercontent.com/helm/helm/main/scripts/get-helm-3", "Helm"],
    ["https://dl.k8s.io/release/‹0.1›/bin/linux/amd64/kubectl", "kubectl"],
    ["https://storage.googleapis.com/kubernetes-release/release/$V/bin/linux/amd64/kubectl", "kubectl"],
    ["https://raw.githubusercontent.com/kubernetes-sigs/kustomize/master/hack/install_kustomize.sh", "kustomize"],
    ["https://kind.sigs.k8s.io/dl/latest/kind-linux-amd64", "kind"],
    ["https://get.k3s.io", "k3s"],
    ["https://raw.githubusercontent.com/k3d-io/k3d/main/install.sh", "k3d"],
    ["https://fluxcd.io/install.sh", "Flux"],
    ["https://get.docker.com/", "Docker"],
    ["https://www.get.docker.com/", "Docker"],
    ["https://github.com/docker/compose/releases/latest/download/docker-compose-linux-x86_64", "Docker Compose"],
    ["https://install.python-poetry.org", "Poetry"],
    ["https://astral.sh/uv/install.sh", "uv"],
    ["https://bootstrap.pypa.io/get-pip.py", "pip"],
    ["https://bootstrap.pypa.io/pip/3.6/get-pip.py", "pip"],
    ["https://get.sdkman.io?rcupdate=false", "SDKMAN"],
    ["https://getcomposer.org/installer", "Composer"],
    ["https://raw.githubusercontent.com/golangci/golangci-lint/HEAD/install.sh", "golangci-lint"],
    ["https://raw.githubusercontent.com/aquasecurity/trivy/main/contrib/install.sh", "Trivy"],
    ["https://get.anchore.io/syft", "Syft and Grype"],
    ["https://static.snyk.io/cli/latest/snyk-linux", "the Snyk CLI"],
    ["https://sentry.io/get-cli/", "the Sentry CLI"],
    ["https://awscli.amazonaws.com/awscli-exe-linux-x86_64.zip", "the AWS CLI"],
    ["https://aka.ms/InstallAzureCLIDeb", "the Azure CLI"],
    ["https://get.pulumi.com", "Pulumi"],
    ["https://fly.io/install.sh", "flyctl"],
    ["https://raw.githubusercontent.com/Homebrew/install/HEAD/install.sh", "Homebrew"],
    ["https://nixos.org/nix/install", "Nix"],
    ["https://install.determinate.systems/nix", "Determinate Nix"],
    ["https://dot.net/v1/dotnet-install.ps1", ".NET"],
    ["https://community.chocolatey.org/install.ps1", "Chocolatey"],
    ["https://goreleaser.com/static/run", "GoReleaser"],
    ["https://mise.run", "mise"],
    ["https://cli.doppler.com/install.sh", "Doppler"],
    ["https://packagecloud.io/install/repositories/x/y/script.deb.sh", "a package repository"],
    ["https://foundry.paradigm.xyz", "Foundry"],
  ];
  for (const [url, name] of known) it(`knows ${url}`, () => assert.equal(vendorOf(url)?.name, name));

  const unknown = [
    "https://x.io/install.sh",
    "https://example.com/sh.rustup.rs",
    "https://sh.rustup.rs.example.com/",
    "https://notbun.sh/install",
    "https://raw.githubusercontent.com/other/nvm/master/install.sh",
    "https://dl.k8s.io/release/v1.30.0/bin/linux/amd64/kubectl",
    "https://kind.sigs.k8s.io/dl/v0.20.0/kind-linux-amd64",
    "https://astral.sh/uv/0.4.1/install.sh",
    "https://codecov.io/bashful",
    "$URL",
    "",
  ];
  for (const url of unknown) it(`does not know ${url}`, () => assert.equal(vendorOf(url), undefined));

  it("gives the address of a version for the platform that was asked for", () => {
    const forms: readonly (readonly [string, string, string | undefined])[] = [
      [
        "https://cli.codecov.io/latest/macos/codecov",
        "https://cli.codecov.io/v{version}/macos/codecov",
        "https://cli.codecov.io/v{version}/macos/codecov.SHA256SUM",
      ],
      [
        "https://dl.k8s.io/release/‹0.1›/bin/darwin/arm64/kubectl",
        "https://dl.k8s.io/release/v{version}/bin/darwin/arm64/kubectl",
        "https://dl.k8s.io/release/v{version}/bin/darwin/arm64/kubectl.sha256",
      ],
      ["https://astral.sh/uv/install.ps1", "https://astral.sh/uv/{version}/install.ps1", undefined],
      [
        "https://repo.anaconda.com/miniconda/Miniconda3-latest-Linux-x86_64.sh",
        "https://repo.anaconda.com/miniconda/Miniconda3-{version}-Linux-x86_64.sh",
        undefined,
      ],
    ];
    for (const [url, versioned, checksum] of forms) {
      assert.equal(vendorOf(url)?.versioned, versioned);
      assert.equal(vendorOf(url)?.checksum, checksum);
    }
  });

  it("fills every form but the version, and gives one sentence of advice", () => {
    for (const [url] of known) {
      const vendor = vendorOf(url);
      assert.ok(vendor);
      if (vendor.versioned !== undefined) {
        assert.match(vendor.versioned, /^https:\/\/[^{}]*\{version\}[^{}]*$/);
        assert.equal(vendorOf(vendor.versioned.replace("{version}", "1.2.3"))?.versioned, undefined, vendor.name);
      }
      if (vendor.action !== undefined) assert.match(vendor.action, /^[\w-]+\/[\w.-]+(?:\/[\w-]+)?$/);
      assert.match(vendor.advice, /^[A-Z][^!?]*\.$/);
      assert.doesNotMatch(vendor.advice, /\. [A-Z]/);
    }
  });
});
