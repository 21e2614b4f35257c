/**
 * The tag that names a version most exactly, out of tags that lie on one commit: "v4.2.2" rather than "v4.2" or "v4".
 *
 * Tags of the same family as `asked` go first ("codeql-v2" asks for "codeql-v2.1.0", not for "v3.0.0" of the same monorepo),
 * then those without a family name. Among them a full stable version beats a full pre-release, which beats a partial version;
 * then the higher one by semver 2.0.0. Undefined where no tag is a version.
 *
 * @param tags short names, such as "v4.2.2" or "cli/v1.0.0".
 * @param asked the name that was asked for, of any form.
 */
export function mostExactTag(tags: readonly string[], asked: string): string | undefined {
  const family = readVersion(asked)?.family;
  const versions = tags.slice(0, MAX_TAGS).flatMap((tag) => readVersion(tag) ?? []);
  versions.sort(
    (a, b) =>
      familyRank(b, family) - familyRank(a, family) ||
      exactness(b) - exactness(a) ||
      compareVersions(b, a) ||
      compareText(a.tag, b.tag),
  );
  return versions[0]?.tag;
}

/**
 * The newest exact version among names: three numbers, perhaps with a "v" in front, and no pre-release. Undefined where there is none.
 *
 * @param range "5" or "5.2" for versions that begin so, "" for all
 */
export function newestVersion(names: Iterable<string>, range: string): string | undefined {
  const wanted = range === "" ? [] : range.split(".").map(BigInt);
  const versions = [...names]
    .flatMap((name) => readVersion(name) ?? [])
    .filter(({ family, numbers, prerelease }) => {
      const isExact = family === "" && numbers.length === 3 && prerelease.length === 0;
      return isExact && wanted.every((number, index) => numbers[index] === number);
    });
  versions.sort((a, b) => compareVersions(b, a) || compareText(a.tag, b.tag));
  return versions[0]?.tag;
}

interface Version {
  readonly tag: string;
  /** What stands before the number, without a final "v": "" for "v1.2" and "1.2", "cli/" for "cli/v1.2". */
  readonly family: string;
  readonly numbers: readonly bigint[];
  readonly prerelease: readonly string[];
}

/** A version at the end of a name: one to four numbers, which may be dates, then semver's pre-release and build. */
const VERSION =
  /^(?:(?<family>.*?[^0-9A-Za-z.+]))?v?(?<numbers>\d+(?:\.\d+){0,3})(?:-(?<prerelease>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/iu;

/** No version is longer and no commit has more of them; the bounds keep the work small where a host invents names. */
const MAX_LENGTH = 100;
const MAX_TAGS = 10_000;

function readVersion(tag: string): Version | undefined {
  if (tag.length > MAX_LENGTH) return undefined;
  const { family = "", numbers, prerelease } = VERSION.exec(tag)?.groups ?? {};
  if (numbers === undefined) return undefined;
  return { tag, family, numbers: numbers.split(".").map(BigInt), prerelease: prerelease?.split(".") ?? [] };
}

function familyRank(version: Version, family: string | undefined): number {
  if (version.family === family) return 2;
  return version.family === "" ? 1 : 0;
}

function exactness(version: Version): number {
  const parts = Math.min(version.numbers.length, 3);
  if (parts < 3) return parts - 1;
  return version.prerelease.length === 0 ? 4 : 3;
}

function compareVersions(a: Version, b: Version): number {
  for (let index = 0; index < 4; index++) {
    const difference = (a.numbers[index] ?? 0n) - (b.numbers[index] ?? 0n);
    if (difference !== 0n) return difference > 0n ? 1 : -1;
  }
  return comparePrereleases(a.prerelease, b.prerelease) || a.numbers.length - b.numbers.length;
}

/** Semver 2.0.0, item 11: no pre-release is higher than any; numbers compare as numbers and are lower than words. */
function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) return 1;
    const order = compareIdentifiers(left, right);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareIdentifiers(a: string, b: string): number {
  const numeric = [a, b].map((text) => /^\d+$/u.test(text));
  if (numeric[0] && numeric[1]) return Number(BigInt(a) - BigInt(b));
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  return compareText(a, b);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
