import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { remoteExecutions } from "../../server/core/flow.ts";
import { analyze, DEFAULT_SETTINGS, EMPTY_CONTEXT } from "../../server/core/index.ts";
import type { Pipeline, Step } from "../../server/core/model.ts";
import { systemFor } from "../../server/core/systems/index.ts";
import { parseYaml } from "../../server/core/yaml.ts";
import { at, busyNotice, megabytes, timed } from "./measure.ts";
import { workflow } from "./workflow.ts";

// npm run bench: how long the analysis of a file takes once the code is warm, and how that compares with the bare YAML parse of the
// same text, measured in turns in the same run. What was found out about jobs is kept, so there are two figures: for a text that nobody
// has seen before, and for one in which a single line is new, as it is while somebody types. Then what scripts cost, hostile ones and
// those of the corpus. Prints, and judges nothing but the 16 ms of one frame.

const frameMs = 16;
const path = ".github/workflows/bench.yml";

console.log("                          analysis, ms             bare YAML, ms    ratio");
console.log("    size   what is new    median      p95      p99        median  of medians   findings");
for (const [kilobytes, rounds] of [
  [3, 400],
  [30, 100],
  [300, 20],
] as const) {
  const text = workflow(kilobytes * 1000);
  for (const [news, variant] of [
    ["all of it", (round: number) => text.replaceAll("npm ci --no-audit", `npm ci --no-audit # ${round}`)],
    ["a line", (round: number) => text.replace("npm ci --no-audit", `npm ci --no-audit # a ${round}`)],
  ] as const) {
    const analysisMs: number[] = [];
    const parseMs: number[] = [];
    for (let round = -Math.ceil(rounds / 4); round < rounds; round++) {
      const written = variant(round);
      const analysis = timed(() => analyze({ path, text: written }, EMPTY_CONTEXT, DEFAULT_SETTINGS));
      const parse = timed(() => parseAllDocuments(written));
      if (round < 0) continue;
      analysisMs.push(analysis);
      parseMs.push(parse);
    }
    const findings = analyze({ path, text }, EMPTY_CONTEXT, DEFAULT_SETTINGS).findings.length;
    const [median, bare] = [at(0.5, analysisMs), at(0.5, parseMs)];
    const cells = [median, at(0.95, analysisMs), at(0.99, analysisMs)].map((ms) => ms.toFixed(2).padStart(8));
    console.log(
      `${`${kilobytes} KB`.padStart(8)}   ${news.padEnd(11)} ${cells.join(" ")} ${bare.toFixed(2).padStart(13)} ${(median / bare).toFixed(2).padStart(11)} ${String(findings).padStart(10)}`,
    );
    if (kilobytes !== 30) continue;
    const verdict = (ms: number) => (ms < frameMs ? "under" : "NOT under");
    console.log(
      `           median ${verdict(median)} ${frameMs} ms, p99 ${verdict(at(0.99, analysisMs))} ${frameMs} ms`,
    );
  }
}

// Most YAML files of a repository are no pipelines.
const manifest = (index: number) =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: shop-${index} }\nspec:\n  template:\n    spec:\n      containers:\n${"        - name: shop\n          image: acme/shop:3\n          command: [sh, -c, ./shop]\n          resources: { limits: { cpu: 100m } }\n".repeat(20)}`;
const manifests = Array.from({ length: 1000 }, (_, index) => ({ path: `k8s/${index}.yaml`, text: manifest(index) }));
for (const round of ["cold", "warm"]) {
  const glanceMs = timed(() => manifests.forEach((file) => void analyze(file, EMPTY_CONTEXT, DEFAULT_SETTINGS)));
  const readMs = timed(() => manifests.forEach(({ text }) => void parseAllDocuments(text)));
  console.log(
    `\n1,000 Kubernetes manifests, ${round}: ${glanceMs.toFixed(0)} ms; their bare YAML: ${readMs.toFixed(0)} ms`,
  );
}

// Scripts that were written to take long: each is to stay under 200 ms. Each round has a text of its own, so that nothing of it is known.
console.log("\nhostile scripts, best of 5, reading and following them");
const lines = ["curl -fsSL https://x.example/a$X -o a", 'if [ -f "$A" ]; then B=$(cat "$A" | sort) ; fi', "./a --now"];
for (const [name, script] of [
  ["10,000 lines", Array.from({ length: 10_000 }, (_, index) => lines[index % lines.length]).join("\n")],
  ["one line of 10,000 characters", `echo ${"word ".repeat(2000)}`],
  ["1,000 nested substitutions", `echo ${"$(echo ".repeat(1000)}x${")".repeat(1000)}`],
] as const) {
  const job = `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n${script.replace(/^/gm, "          ")}\n`;
  const fileOf = (round: number) => ({ path, text: `${job}          # ${round}\n` });
  const wholeMs = repeated(5, (round) => timed(() => analyze(fileOf(round), EMPTY_CONTEXT, DEFAULT_SETTINGS)));
  const yamlMs = repeated(5, (round) => timed(() => pipelineOf(fileOf(round))));
  console.log(`  ${name.padEnd(32)} ${(Math.min(...wholeMs) - Math.min(...yamlMs)).toFixed(1).padStart(8)} ms`);
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
  const rounds = repeated(15, (round) => {
    const unseen = pipelines.map((pipeline) => withNewScripts(pipeline, round));
    const shellMs = timed(() => {
      for (const pipeline of unseen) remoteExecutions(pipeline);
    });
    const yamlMs = timed(() => {
      for (const { text } of files) parseAllDocuments(text);
    });
    return shellMs / yamlMs;
  }).slice(5);
  console.log(
    `\nshell over ${files.length} real files, nothing of them known: ${(100 * at(0.5, rounds)).toFixed(0)} % of the bare YAML parse (the aim is 25 %)`,
  );
}

/** The pipeline with a comment behind each script, so that nothing that is kept fits. */
function withNewScripts(pipeline: Pipeline, round: number): Pipeline {
  const withComments = (step: Step): Step => ({
    ...step,
    scripts: step.scripts.map((script) => ({ ...script, text: `${script.text} # ${round}` })),
  });
  return { ...pipeline, jobs: pipeline.jobs.map((job) => ({ ...job, steps: job.steps.map(withComments) })) };
}

function pipelineOf(file: { readonly path: string; readonly text: string }): Pipeline | undefined {
  const yaml = parseYaml(file.text);
  return systemFor(file.path, yaml)?.read(file, yaml, EMPTY_CONTEXT);
}

function repeated<T>(times: number, work: (round: number) => T): readonly T[] {
  return Array.from({ length: times }, (_, round) => work(round));
}

console.log(busyNotice());
const { rss, heapUsed } = process.memoryUsage();
console.log(`memory of this process: ${megabytes(rss)} MB in all, ${megabytes(heapUsed)} MB of it JavaScript heap`);
