import assert from "node:assert/strict";
import fc from "fast-check";
import { maskGitHub } from "../../server/core/masking.ts";
import { installsProject, type PackageUse, readPackages } from "../../server/core/shell/packages.ts";
import type { Value } from "../../server/core/shell/state.ts";
import { wordsOf } from "../support/command-words.ts";

function uses(line: string): readonly PackageUse[] {
  return readPackages(wordsOf(line, maskGitHub));
}

/** `manager: text` of every package of one pin state. */
function named(line: string, pin: PackageUse["pin"]): readonly string[] {
  return uses(line).flatMap((use) => (use.pin === pin ? [`${use.manager}: ${use.text}`] : []));
}

const PIECES =
  "npx npm exec install -g i pip -e git+ https:// @ # == main o/r uv tool run --with uvx cargo --git --rev go x@latest gem -v deno npm: jsr: $X ${{ } ‹› . / -- - = ~ yarn dlx add create corepack python -m".split(
    " ",
  );

const COMMIT = "11bd71901bbe5b1630ceea73d27597364c9af683";

/** Command lines with the packages in them that can change. */
const MUTABLE: readonly (readonly [string, ...string[]])[] = [
  ["npx cowsay hi", "npx: cowsay"],
  ["npx -y cowsay@latest hi", "npx: cowsay@latest"],
  ["npx cowsay@^1.6", "npx: cowsay@^1.6"],
  ["npx cowsay@1", "npx: cowsay@1"],
  ["npx.cmd cowsay", "npx: cowsay"],
  ["/usr/bin/npx --yes @acme/cli deploy --prod", "npx: @acme/cli"],
  ["npx -p typescript -p @types/node@20.1.0 tsc -p .", "npx: typescript"],
  ["npx --package=acme -c 'acme run'", "npx: acme"],
  ["npx acme/tool", "npx: acme/tool"],
  [`npx github:acme/tool#${COMMIT.slice(0, 8)}`, `npx: github:acme/tool#${COMMIT.slice(0, 8)}`],
  ["npx https://github.com/acme/tool", "npx: https://github.com/acme/tool"],
  ["npm exec -- cowsay hi", "npm exec: cowsay"],
  ["npm --prefix web exec cowsay", "npm exec: cowsay"],
  ["npm create vite@latest app -- --template vue", "npm init: vite@latest"],
  ["npm init @acme app", "npm init: @acme"],
  ["pnpm dlx cowsay", "pnpm dlx: cowsay"],
  ["pnpm --package=acme dlx tool", "pnpm dlx: acme"],
  ["pnpx cowsay", "pnpx: cowsay"],
  ["yarn dlx -q cowsay", "yarn dlx: cowsay"],
  ["yarn dlx -p acme tool", "yarn dlx: acme"],
  ["corepack yarn dlx cowsay", "yarn dlx: cowsay"],
  ["corepack prepare pnpm@latest --activate", "corepack: pnpm@latest"],
  ["bunx --bun cowsay", "bunx: cowsay"],
  ["bun x cowsay", "bunx: cowsay"],
  ["npm install -g typescript @vscode/vsce", "npm: typescript", "npm: @vscode/vsce"],
  ["npm i --location=global npm@latest", "npm: npm@latest"],
  ["npm install --registry https://npm.example -g eclint", "npm: eclint"],
  ["npm i yaml-language-server@next", "npm: yaml-language-server@next"],
  ["npm install --no-save lodash", "npm: lodash"],
  ["npm install git+https://github.com/acme/tool.git#main", "npm: git+https://github.com/acme/tool.git#main"],
  ["npm install git@github.com:acme/tool.git", "npm: git@github.com:acme/tool.git"],
  ["npm install tool@github:acme/tool", "npm: tool@github:acme/tool"],
  ["npm install https://pkg.example/tool.tgz", "npm: https://pkg.example/tool.tgz"],
  ["yarn global add gulp", "yarn: gulp"],
  ["yarn add acme/tool#semver:^2", "yarn: acme/tool#semver:^2"],
  ["pnpm add -g @acme/cli", "pnpm: @acme/cli"],
  ["bun add -g tool", "bun: tool"],
  ["pip install ruff", "pip: ruff"],
  ["pip3 install --user -U 'pytest>=8,<9' tox", "pip: pytest>=8,<9", "pip: tox"],
  ["python3 -m pip install --upgrade pip", "pip: pip"],
  ["python -W ignore -m pip --quiet install ruff", "pip: ruff"],
  ["pip install 'black[jupyter]~=24.1'", "pip: black[jupyter]~=24.1"],
  ["pip install black==24.*", "pip: black==24.*"],
  ["pip install -r requirements.txt coverage", "pip: coverage"],
  ["pip install 'tomli; python_version < \"3.11\"'", 'pip: tomli; python_version < "3.11"'],
  ["pip install git+https://github.com/acme/tool@main", "pip: git+https://github.com/acme/tool@main"],
  [
    "pip install -e git+https://github.com/acme/tool.git#egg=tool",
    "pip: git+https://github.com/acme/tool.git#egg=tool",
  ],
  ["pip install 'tool @ git+ssh://git@github.com/acme/tool@v1'", "pip: tool @ git+ssh://git@github.com/acme/tool@v1"],
  ["pip install hg+https://hg.example.org/tool", "pip: hg+https://hg.example.org/tool"],
  ["sage -pip install hg+https://hg.example.org/tool", "pip: hg+https://hg.example.org/tool"],
  ["pip install https://github.com/acme/tool/archive/main.zip", "pip: https://github.com/acme/tool/archive/main.zip"],
  ["pip install git+https://${{ secrets.TOKEN }}@github.com/acme/tool", "pip: git+https://github.com/acme/tool"],
  ["pip install -c constraints.txt git+https://github.com/acme/tool", "pip: git+https://github.com/acme/tool"],
  ["pipenv run pip install pytest", "pip: pytest"],
  ["uv pip install --system ruff", "pip: ruff"],
  ["uvx ruff check .", "uvx: ruff"],
  ["uvx ruff@latest", "uvx: ruff@latest"],
  ["uvx --python 3.12 --from 'acme[cli]' --with extra==1.0 acme run", "uvx: acme[cli]"],
  ["uv tool run ruff", "uv tool run: ruff"],
  ["uv tool install ruff", "uv tool install: ruff"],
  ["uv run --with rich,ruff==0.14.0 check.py", "uv run: rich"],
  ["uv run https://tools.example/check.py", "uv run: https://tools.example/check.py"],
  ["uv run --group ci pip install tox", "pip: tox"],
  ["pipx run --spec black black .", "pipx: black"],
  ["pipx run cowsay", "pipx: cowsay"],
  ["pipx install poetry", "pipx: poetry"],
  ["pipx inject poetry poetry-plugin-export", "pipx: poetry-plugin-export"],
  ["cargo install --git https://github.com/acme/tool tool", "cargo: https://github.com/acme/tool"],
  [
    "cargo install tool --locked --git=ssh://git@github.com/acme/tool --tag v1",
    "cargo: ssh://git@github.com/acme/tool",
  ],
  ["cargo +nightly install --locked cargo-fuzz", "cargo: cargo-fuzz"],
  ["cargo install mdbook mdbook-toc@0.14.2", "cargo: mdbook"],
  ["cargo install tool --version '^1'", "cargo: tool"],
  ["cargo binstall -y cargo-nextest", "cargo binstall: cargo-nextest"],
  ["go install example.com/tool@latest", "go: example.com/tool@latest"],
  ["go install -tags 'a b' example.com/tool/cmd/x@v1", "go: example.com/tool/cmd/x@v1"],
  ["go run -mod=mod example.com/tool@main ./...", "go: example.com/tool@main"],
  ["go get example.com/tool@master", "go: example.com/tool@master"],
  ["gem install --no-document fpm", "gem: fpm"],
  ["gem install fpm -v '~> 1.0'", "gem: fpm"],
  ["gem install bundler changelogerator:0.9.1", "gem: bundler"],
  ["deno run -A https://tools.example/m.ts", "deno: https://tools.example/m.ts"],
  ["deno run -A npm:cowsay hi", "deno: npm:cowsay"],
  ["deno install -gA -n tool jsr:@acme/tool", "deno: jsr:@acme/tool"],
  ["dotnet tool install --global acme-tool", "dotnet tool: acme-tool"],
  ["dotnet tool update -g acme-tool --version '1.*'", "dotnet tool: acme-tool"],
  ["dnx acme-tool --flag", "dnx: acme-tool"],
  ["composer global require --no-progress acme/tool:^2", "Composer: acme/tool:^2"],
  ["composer global require acme/tool acme/other 1.2.3", "Composer: acme/tool"],
  ["gh extension install acme/gh-tool", "gh: acme/gh-tool"],
  ["gh ext install acme/gh-tool --pin v1.2.0", "gh: acme/gh-tool"],
  ["helm plugin install https://github.com/acme/helm-x --version v3", "Helm: https://github.com/acme/helm-x"],
  ["Install-Module -Name Pester -Force", "PowerShell: Pester"],
];

/** Command lines whose every package is fixed, and those that fetch none by name. */
const SILENT: readonly string[] = [
  "npx cowsay@1.6.0 hi",
  "npx -y @acme/cli@2.0.0-rc.1 deploy",
  `npx github:acme/tool#${COMMIT}`,
  "npx --no-install eslint .",
  "npx --no eslint",
  "npx ./tools/check",
  "npx --version",
  "npm exec --package=cowsay@1.6.0 -- cowsay",
  "npm ci",
  "npm install",
  "npm i lodash --save-dev",
  "npm install -g ./tool",
  "npm install -g acme-1.0.0.tgz",
  "npm install -g markdownlint-cli@0.25.0",
  "npm install tool@file:../tool",
  "npm init -y",
  "npm run build",
  "npm install-test",
  `npm install git+https://github.com/acme/tool.git#${COMMIT}`,
  "npm install -g https://registry.npmjs.org/tool/-/tool-1.2.3.tgz",
  "npm install -g tool@npm:other@1.2.3",
  "pnpm exec eslint",
  "pnpm install --frozen-lockfile",
  "pnpm add -w left-pad",
  "yarn",
  "yarn install --immutable",
  "yarn eslint .",
  "yarn workspace web add react",
  "bun install --frozen-lockfile",
  "bun run build",
  "corepack enable",
  "corepack prepare pnpm@9.1.0+sha512.abcdef --activate",
  "pip install -r requirements.txt",
  "pip install --requirement=requirements.txt -q",
  "pip install --require-hashes -r requirements.txt tool",
  "pip install --no-index --find-links wheels tool",
  "pip install ruff==0.14.0 'black[d]==24.1.0'",
  "pip install .",
  "pip install -e '.[test]'",
  "pip install dist/*.whl",
  "pip install tool-1.0.tar.gz",
  "pip install --editable=./lib",
  "pip install $PWD/dist/tool.whl",
  "pip install -c constraints.txt tool",
  "pip install $PACKAGES",
  "pip install cbmc-viewer==${{ env.CBMC_VIEWER_VERSION }}",
  "pip install ${{ matrix.package }}",
  "pip install 'http://localhost:8000/tool.whl'",
  `pip install git+https://github.com/acme/tool@${COMMIT}#egg=tool`,
  `pip install https://github.com/acme/tool/archive/${COMMIT}.zip`,
  "pip install https://files.pythonhosted.org/packages/aa/bb/tool-1.0-py3-none-any.whl",
  "pip install git+https://github.com/acme/tool@${REF:-main}",
  "pip download tool",
  "pip freeze",
  "python -m build",
  "python setup.py install",
  "python -m venv pip",
  "uv sync --locked",
  "uv run --locked pytest",
  "uvx ruff@0.14.0 check",
  "uvx --from acme==1.0 acme",
  "uvx python@3.12 -c pass",
  "uv tool install ruff==0.14.0",
  "pipx run black==24.1.0 .",
  "pipx install gcovr==8.3",
  "poetry install",
  "cargo install --path .",
  "cargo install",
  "cargo install rustup-toolchain-install-master@1.11.0",
  "cargo install tool --version 1.2.3 --locked",
  `cargo install --git https://github.com/acme/tool --rev ${COMMIT}`,
  "cargo install --git ../tool",
  "cargo build --locked",
  "go install ./cmd/tool",
  "go install example.com/tool/cmd/x",
  "go install example.com/tool@v1.4.2",
  `go install example.com/tool@${COMMIT.slice(0, 12)}`,
  "go run ./cmd/release https://example.com@latest",
  "go run main.go",
  "go get -t -v ./...",
  "go install example.com/tool@${{ env.VERSION }}",
  "gem install fpm -v 1.15.1",
  "gem install fpm:1.15.1",
  "gem install --local codecov-0.4.1.gem",
  "gem install pkg/acme-1.0.gem",
  "bundle install",
  "deno run main.ts",
  "deno run -A --lock=deno.lock --frozen https://tools.example/m.ts",
  "deno run https://deno.land/x/tool@v1.2.3/mod.ts",
  "deno run -A npm:cowsay@1.6.0",
  "deno task build",
  "dotnet tool restore",
  "dotnet tool install -g acme-tool --version 1.2.3",
  "composer install",
  "composer global require acme/tool:1.2.3",
  `gh extension install acme/gh-tool --pin ${COMMIT}`,
  "gh extension install .",
  "helm plugin list",
  "Install-Module Pester -RequiredVersion 5.5.0",
  "echo npx cowsay",
  "brew install jq",
  "apt-get install -y python3-pip npm",
  "my-npx cowsay",
];

describe("packages of a command line", () => {
  for (const [line, ...expected] of MUTABLE) {
    it(`can change: ${line}`, () => assert.deepEqual(named(line, "mutable"), expected));
  }

  for (const line of SILENT) {
    it(`cannot change, or is none: ${line}`, () => assert.deepEqual(named(line, "mutable"), []));
  }

  it("are pinned by an exact version or a full commit id", () => {
    assert.deepEqual(named("npx cowsay@1.6.0", "pinned"), ["npx: cowsay@1.6.0"]);
    assert.deepEqual(named(`pip install git+https://h.example/o/r@${COMMIT} ruff==1.0`, "pinned"), [
      `pip: git+https://h.example/o/r@${COMMIT}`,
      "pip: ruff==1.0",
    ]);
  });

  it("are unknown where only the run knows what decides", () => {
    assert.equal(uses("npx cowsay@${{ inputs.version || 'a@b' }}")[0]?.pin, "unknown");
    assert.equal(uses("go run $TOOL")[0], undefined);
    assert.equal(uses("cargo install tool --version $V")[0]?.pin, "unknown");
    assert.equal(uses("cargo install --git $URL --branch main")[0]?.pin, "mutable");
    assert.equal(uses("npx $TOOL@latest")[0]?.pin, "mutable");
  });

  it("tell code of repositories from packages of registries", () => {
    const source = (line: string) => uses(line)[0]?.source;
    assert.equal(source("pip install ruff"), "registry");
    assert.equal(source("pip install git+https://h.example/o/r"), "remote");
    assert.equal(source("npx acme/tool"), "remote");
    assert.equal(source("go install example.com/tool@latest"), "registry");
    assert.equal(source("go install example.com/tool@main"), "remote");
    assert.equal(source("deno run https://h.example/m.ts"), "remote");
  });

  it("run at once or are installed for later", () => {
    assert.deepEqual(
      ["npx x", "go run x.example/y@latest", "uvx x", "pip install x", "go install x.example/y@latest"].map(
        (line) => uses(line)[0]?.runs,
      ),
      [true, true, true, false, false],
    );
  });

  it("give way to the project's own dependencies with npx and bunx, unless a fetch is asked for", () => {
    assert.deepEqual(
      ["npx x", "npm exec x", "bunx x", "npx -y x", "pnpm dlx x", "npm i -g x"].map((line) => uses(line)[0]?.shadowed),
      [true, true, true, false, false, false],
    );
  });

  it("say why they can change and what to write instead", () => {
    const told = (line: string) => uses(line).map(({ why, exact }) => `${why} | ${exact}`);
    assert.deepEqual(told("npx cowsay"), ["without a version that is whatever was published last | cowsay@<version>"]);
    assert.deepEqual(told("npx cowsay@next"), [
      "next is whatever was published last under that name | cowsay@<version>",
    ]);
    assert.deepEqual(told("pip install 'ruff>=1'"), [">=1 takes any later release of it | ruff==<version>"]);
    assert.deepEqual(told("npm create vite@latest"), [
      "latest is whatever was published last under that name | vite@<version>",
    ]);
    assert.deepEqual(told("pip install git+https://user:pw@h.example/o/r@main"), [
      "main is a branch or tag that its owner can move | git+https://h.example/o/r@<commit>",
    ]);
    assert.deepEqual(told("cargo install --git https://h.example/o/r --rev 11bd719"), [
      "11bd719 is only the beginning of a commit id | --git https://h.example/o/r --rev <commit>",
    ]);
  });

  it("have the span of their word, and their command's from the program to it", () => {
    const line = "cargo install --git https://h.example/o/r tool";
    const [use] = uses(line);
    assert.equal(line.slice(use?.span.start, use?.span.end), "https://h.example/o/r");
    assert.equal(line.slice(use?.command.start, use?.command.end), "cargo install --git https://h.example/o/r");
  });

  it("are read from any words at all", () => {
    const word = fc.oneof(
      fc.constantFrom(...PIECES),
      fc.string({ maxLength: 12 }),
      fc.tuple(fc.constantFrom(...PIECES), fc.constantFrom(...PIECES)).map(([a, b]) => a + b),
    );
    const words = fc.array(fc.record({ text: word, known: fc.boolean() }), { maxLength: 8 });
    fc.assert(
      fc.property(words, (texts) => {
        const values = texts.map(({ text, known }, start): Value => {
          return { text, known, origins: [], digests: [], whole: false, span: { start, end: start + 1 } };
        });
        installsProject(values);
        for (const { pin, why, exact, command, span } of readPackages(values)) {
          assert.equal(pin === "mutable", why !== "" && exact !== "");
          assert.ok(command.start <= span.start && span.end <= command.end);
        }
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  it("are read in bounded time and depth from hostile lines", () => {
    assert.deepEqual(uses(`${"python -m ".repeat(2000)}pip install x`), []);
    assert.equal(uses(`pip install ${"${{".repeat(3000)}`).length, 1);
    assert.equal(uses(`pip install ${"x ".repeat(5000)}`).length, 5000);
  });
});

describe("the project's own dependencies", () => {
  const installs = (line: string): boolean => installsProject(wordsOf(line, maskGitHub));

  for (const line of [
    "npm ci",
    "npm install",
    "npm i --prefix web",
    "yarn",
    "yarn install --immutable",
    "pnpm i",
    "bun install",
  ]) {
    it(`are installed by: ${line}`, () => assert.ok(installs(line)));
  }
  for (const line of [
    "npm i -g x",
    "npm install x",
    "npm run ci",
    "yarn --version",
    "yarn build",
    "pip install .",
    "pnpm dlx x",
  ]) {
    it(`are not installed by: ${line}`, () => assert.ok(!installs(line)));
  }
});
