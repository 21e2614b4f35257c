import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { remoteExecutions } from "../../server/core/flow.ts";
import { analyze, DEFAULT_SETTINGS, EMPTY_CONTEXT } from "../../server/core/index.ts";
import type { Pipeline } from "../../server/core/model.ts";
import { systemFor } from "../../server/core/systems/index.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { at, busyNotice, megabytes, timed } from "./measure.ts";
import { workflow } from "./workflow.ts";

// npm run bench: how long the analysis of a file takes once the code is warm, and how that compares with the bare YAML parse of the
// same text, measured in turns in the same run. Then what
// scripts cost, hostile ones and those of the corpus. Prints, and judges nothing but the 16 ms of one frame.

const frameMs = 16;
const path = ".github/workflows/bench.yml";

console.log("                 analysis, ms                 bare YAML, ms   ratio");
console.log("    size     median      p95      p99            median   of medians   findings");
for (const [kilobytes, rounds] of [
  [3, 1000],
  [30, 200],
  [300, 40],
] as const) {
  const text = workflow(kilobytes * 1000);
  const analysisMs: number[] = [];
  const parseMs: number[] = [];
  for (let round = -Math.ceil(rounds / 4); round < rounds; round++) {
    const [analysis, parse] = [
      timed(() => analyze({ path, text }, EMPTY_CONTEXT, DEFAULT_SETTINGS)),
      timed(() => parseAllDocuments(text)),
    ];
    if (round >= 0) {
      analysisMs.push(analysis);
      parseMs.push(parse);
    }
  }
  const findings = analyze({ path, text }, EMPTY_CONTEXT, DEFAULT_SETTINGS).findings.length;
  const [median, p95, p99, bare] = [at(0.5, analysisMs), at(0.95, analysisMs), at(0.99, analysisMs), at(0.5, parseMs)];
  const cells = [`${kilobytes} KB`, median.toFixed(2), p95.toFixed(2), p99.toFixed(2), `          ${bare.toFixed(2)}`];
  console.log(
    `${cells.map((cell) => cell.padStart(8)).join(" ")} ${(median / bare).toFixed(2).padStart(12)} ${String(findings).padStart(10)}`,
  );
  if (kilobytes === 30) {
    const verdict = (ms: number) => (ms < frameMs ? "under" : "NOT under");
    console.log(`         30 KB: median ${verdict(median)} ${frameMs} ms, p99 ${verdict(p99)} ${frameMs} ms`);
  }
}

// Scripts that were written to take long: each is to stay under 200 ms.
console.log("\nhostile scripts, best of 5, reading and following them");
const lines = ["curl -fsSL https://x.example/a$X -o a", 'if [ -f "$A" ]; then B=$(cat "$A" | sort) ; fi', "./a --now"];
for (const [name, script] of [
  ["10,000 lines", Array.from({ length: 10_000 }, (_, index) => lines[index % lines.length]).join("\n")],
  ["one line of 10,000 characters", `echo ${"word ".repeat(2000)}`],
  ["1,000 nested substitutions", `echo ${"$(echo ".repeat(1000)}x${")".repeat(1000)}`],
] as const) {
  const job = `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n${script.replace(/^/gm, "          ")}\n`;
  const file = { path, text: job };
  const wholeMs = Math.min(...repeated(5, () => timed(() => analyze(file, EMPTY_CONTEXT, DEFAULT_SETTINGS))));
  const yamlMs = Math.min(...repeated(5, () => timed(() => pipelineOf(file))));
  console.log(`  ${name.padEnd(32)} ${(wholeMs - yamlMs).toFixed(1).padStart(8)} ms`);
}

const corpus = new URL("../../../shared/corpus/files/", import.meta.url);
if (existsSync(corpus)) corpusShare(fileURLToPath(corpus));
else console.log("\nThe share of the shell over real files is not measured: ../shared/corpus is not here.");

/** What reading and following scripts costs against the bare YAML parse of the same files. */
function corpusShare(root: string): void {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => ({ path: name, text: readFileSync(`${root}/${name}`, "utf8") }));
  const pipelines = files.flatMap((file) => pipelineOf(file) ?? []);
  const rounds = repeated(15, () => ({
    shellMs: timed(() => {
      // A copy, because what was worked out for a pipeline is kept with it.
      for (const pipeline of pipelines) remoteExecutions({ ...pipeline });
    }),
    yamlMs: timed(() => {
      for (const { text } of files) parseAllDocuments(text);
    }),
  })).slice(5);
  const ratio = at(
    0.5,
    rounds.map(({ shellMs, yamlMs }) => shellMs / yamlMs),
  );
  console.log(
    `\nshell over ${files.length} real files: ${(100 * ratio).toFixed(0)} % of the bare YAML parse (the aim is 25 %)`,
  );
}

function pipelineOf(file: { readonly path: string; readonly text: string }): Pipeline | undefined {
  const yaml = parseYaml(file.text);
  return systemFor(file.path, yaml)?.read(file, yaml, EMPTY_CONTEXT);
}

function repeated<T>(times: number, work: () => T): readonly T[] {
  return Array.from({ length: times }, work);
}

console.log(busyNotice());
const { rss, heapUsed } = process.memoryUsage();
console.log(`memory of this process: ${megabytes(rss)} MB in all, ${megabytes(heapUsed)} MB of it JavaScript heap`);
