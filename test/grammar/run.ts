// Runs the grammar tests of this folder, `node test/grammar/run.ts`, once for each grammar that YAML can have where Pipewarden runs.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { hostObstacle, installHost, projectRoot } from "../../scripts/vscode-host/install.ts";

const TESTS = ["github", "gitlab", "expression"].map((name) => path.join(import.meta.dirname, `${name}.yml`));

/** TextMate's grammars, which VS Code had before it took another one for YAML. */
const OLD = ["yaml", "shellscript"].map((name) =>
  path.join(projectRoot, `node_modules/tm-grammars/grammars/${name}.json`),
);

const temporary = mkdtempSync(path.join(tmpdir(), "pipewarden-grammar-"));
const failed = [
  run("older VS Code", OLD, TESTS),
  run("the workflow language of GitHub's extension", ...underOtherName("source.github-actions-workflow")),
  ...(hostObstacle() === undefined ? [run("VS Code of today, from the embedded one", hostGrammars(), TESTS)] : []),
].filter((passed) => !passed);
rmSync(temporary, { recursive: true });
process.exitCode = failed.length > 0 ? 1 : 0;

function run(name: string, grammars: readonly string[], tests: readonly string[]): boolean {
  console.log(`\n${name}`);
  const program = path.join(projectRoot, "node_modules/vscode-tmgrammar-test/dist/unit.js");
  const options = grammars.flatMap((grammar) => ["--grammar", grammar]);
  return (
    spawnSync(process.execPath, [program, ...options, ...tests], { cwd: projectRoot, stdio: "inherit" }).status === 0
  );
}

/** GitHub's extension has a copy of the old YAML grammar, whose one difference is its name. */
function underOtherName(scopeName: string): readonly [grammars: readonly string[], tests: readonly string[]] {
  const [yaml = "", ...others] = OLD;
  const grammar = path.join(temporary, "yaml.json");
  writeFileSync(grammar, JSON.stringify({ ...JSON.parse(readFileSync(yaml, "utf8")), scopeName }));
  const test = path.join(temporary, "github.yml");
  writeFileSync(
    test,
    readFileSync(path.join(import.meta.dirname, "github.yml"), "utf8").replace("source.yaml", scopeName),
  );
  return [[grammar, ...others], [test]];
}

function hostGrammars(): readonly string[] {
  const extensions = path.join(installHost().vscode, "extensions");
  const yaml = ["", "-1.0", "-1.1", "-1.2", "-1.3", "-embedded"].map(
    (version) => `yaml/syntaxes/yaml${version}.tmLanguage.json`,
  );
  return [...yaml, "shellscript/syntaxes/shell-unix-bash.tmLanguage.json"].map((file) => path.join(extensions, file));
}
