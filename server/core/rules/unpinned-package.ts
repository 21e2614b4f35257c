import { type Pull, pullsOf } from "../flow.ts";
import type { Pipeline } from "../model.ts";
import { namedSecrets, reachOf } from "../reach.ts";
import { placeIn } from "../remote.ts";
import type { Problem, Rule } from "../rule.ts";
import { theftSentence } from "../severity.ts";
import type { PackageUse } from "../shell/packages.ts";
import { cover } from "../text.ts";
import { listed, shortened } from "../wording.ts";

/** Packages that a script fetches and runs in whatever version is newest, or straight from a repository. */
export const unpinnedPackage: Rule = {
  id: "unpinned-package",
  severity: "hint",
  summary: "A script fetches a package without an exact version or commit and runs its code.",
  why:
    "Without an exact version the newest release comes, and whoever steals the account of one maintainer decides what that is. " +
    "Registries keep a published version as it is, so an exact one brings what you tested; of a repository or an address only a full commit id does.",
  examples: [
    {
      title: "Tools in the newest version, code from a branch",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: npx --yes cowsay@latest hello
#            ^^^^^^^^^^^^^^^^^^^^^^^
      - run: |
          pip install --upgrade ruff pytest
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          cargo install --git https://github.com/acme/tool tool
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
`,
    },
    {
      title: "Exact versions, commits, lock files and local packages are fine",
      path: ".github/workflows/ci.yml",
      bad: `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          npm ci
          npx --yes cowsay@1.6.0 hello
          pip install -r requirements.txt
          pip install ruff==0.14.0 -e .
          cargo install --git https://github.com/acme/tool --rev 11bd71901bbe5b1630ceea73d27597364c9af683 tool
          go install example.com/tool@v1.4.2
      - run: go run ./cmd/release
`,
    },
  ],
  check: function* (pipeline) {
    for (const group of commandsOf(pipeline)) yield problem(group);
  },
};

/** What one command line fetches, most direct first. */
interface Group {
  readonly pull: Pull;
  readonly uses: readonly PackageUse[];
}

/** A command line is one finding, however many packages it names and however often the script comes to it. */
function commandsOf(pipeline: Pipeline): readonly Group[] {
  const groups = new Map<string, { readonly pull: Pull; readonly uses: PackageUse[] }>();
  for (const pull of pullsOf(pipeline)) {
    const { use, script } = pull;
    if (use.kind !== "package" || use.pin !== "mutable") continue;
    const { start } = script.toDocument(use.command);
    const key = `${start}:${use.manager}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { pull, uses: [use] });
    else if (group.uses.every(({ text }) => text !== use.text)) group.uses.push(use);
  }
  return [...groups.values()].map(({ pull, uses }) => ({ pull, uses: uses.sort(bySource) }));
}

function bySource(a: PackageUse, b: PackageUse): number {
  return Number(b.source === "remote") - Number(a.source === "remote");
}

function problem({ pull: { job, step, script }, uses }: Group): Problem {
  const { now: reach, later: reachLater } = reachOf(job, step);
  const span = uses.map(({ command }) => command).reduce(cover);
  const remote = uses.some(({ source }) => source === "remote");
  return {
    ...placeIn(script, span),
    message: `${whatComes(uses)}.${theftSentence(namedSecrets(reach))} ${cure(uses)}`,
    severity: remote ? "information" : "hint",
    reach,
    reachLater,
  };
}

function whatComes([first, ...others]: readonly PackageUse[]): string {
  if (first === undefined) return "";
  const verb = first.runs ? "runs" : "installs";
  const names = listed([first, ...others].map(({ text }) => shortened(text)));
  if (others.length === 0) return `${first.manager} ${verb} ${names}, and ${shortened(first.why)}`;
  return `${first.manager} ${verb} ${names}, each in whatever state it is in at that moment`;
}

function cure([first, ...others]: readonly PackageUse[]): string {
  if (first === undefined) return "";
  return others.length === 0
    ? `Write ${shortened(first.exact, 120)}.`
    : `Name an exact version or commit of each, as in ${shortened(first.exact, 120)}.`;
}
