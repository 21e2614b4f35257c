/** Who stands behind several hosts: an altered release of one of them may be on the others too. */
interface Maker {
  readonly hosts: readonly string[];
  /** Their names on GitHub, where they publish actions and sources. */
  readonly owners: readonly string[];
}

// Makers of the installers in shell/vendors.ts that serve them from more than one place, and hosts that serve what others publish.
const MAKERS: readonly Maker[] = [
  { hosts: ["codecov.io"], owners: ["codecov"] },
  { hosts: ["github.com", "githubusercontent.com", "ghcr.io"], owners: ["actions", "github"] },
  { hosts: ["rustup.rs", "rust-lang.org"], owners: ["rust-lang"] },
  { hosts: ["deno.land", "deno.com"], owners: ["denoland"] },
  { hosts: ["bun.sh", "bun.com"], owners: ["oven-sh"] },
  { hosts: ["docker.com", "docker.io"], owners: ["docker"] },
  { hosts: ["npmjs.org", "npmjs.com"], owners: ["npm"] },
  { hosts: ["pypi.org", "pythonhosted.org", "pypa.io"], owners: ["pypa"] },
  { hosts: ["anaconda.com", "anaconda.org", "continuum.io"], owners: ["conda"] },
  { hosts: ["mise.run", "mise.jdx.dev"], owners: ["jdx"] },
  { hosts: ["fossa.com", "fossa.io"], owners: ["fossas"] },
  { hosts: ["railway.app", "railway.com"], owners: ["railwayapp"] },
  { hosts: ["astral.sh"], owners: ["astral-sh"] },
  { hosts: ["snyk.io"], owners: ["snyk"] },
  { hosts: ["sentry.io"], owners: ["getsentry"] },
  { hosts: ["coveralls.io"], owners: ["coverallsapp"] },
  { hosts: ["sonarsource.com", "sonarcloud.io"], owners: ["SonarSource"] },
  { hosts: ["anchore.io"], owners: ["anchore"] },
  { hosts: ["pulumi.com"], owners: ["pulumi"] },
  { hosts: ["fly.io"], owners: ["superfly"] },
  { hosts: ["doppler.com"], owners: ["DopplerHQ"] },
  { hosts: ["tailscale.com"], owners: ["tailscale"] },
  { hosts: ["volta.sh"], owners: ["volta-cli"] },
  { hosts: ["pnpm.io"], owners: ["pnpm"] },
  { hosts: ["dagger.io"], owners: ["dagger"] },
  { hosts: ["goreleaser.com"], owners: ["goreleaser"] },
  { hosts: ["opentofu.org"], owners: ["opentofu"] },
  { hosts: ["determinate.systems"], owners: ["DeterminateSystems"] },
];

/** Every host of the maker that a host belongs to, by the names under which others lie; the host alone where no maker is known. */
export function hostsOfMaker(host: string): readonly string[] {
  const maker = MAKERS.find(({ hosts }) => hosts.some((each) => isBelow(host, each)));
  return maker === undefined ? [host] : [host, ...maker.hosts.filter((each) => each !== host)];
}

/** The names on GitHub of the maker that a host belongs to. */
export function ownersOfMaker(host: string): readonly string[] {
  return MAKERS.find(({ hosts }) => hosts.some((each) => isBelow(host, each)))?.owners ?? [];
}

/** True for a host and for those below it. Whoever has a name has those below it too. */
export function isBelow(host: string, above: string): boolean {
  return host === above || host.endsWith(`.${above}`);
}
