import { loadavg } from "node:os";
import { parseAllDocuments } from "yaml";
import { analyze, DEFAULT_SETTINGS, EMPTY_CONTEXT } from "../../server/core/index.ts";

// npm run bench: how long the analysis of a file takes once the code is warm, and how that compares with the bare YAML parse of the
// same text, measured in turns in the same run. Prints, and judges nothing but the 16 ms of one frame.

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
const [load = 0] = loadavg();
if (load > 1.5)
  console.log(
    `other programs keep this machine busy (load ${load.toFixed(1)}): the times are too high, the ratios hold`,
  );
const { rss, heapUsed } = process.memoryUsage();
console.log(`memory of this process: ${megabytes(rss)} MB in all, ${megabytes(heapUsed)} MB of it JavaScript heap`);

/** A workflow of about so many characters: jobs as people write them, every few of them with something to find. */
function workflow(length: number): string {
  const head = "name: bench\non:\n  push:\n    branches: [main]\nenv:\n  NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\njobs:\n";
  let text = head;
  for (let index = 0; text.length < length; index++) text += job(index);
  return text;
}

function job(index: number): string {
  return `  build-${index}:
    name: Build ${index}
    runs-on: \${{ matrix.os }}
    strategy:
      matrix:
        os: [ubuntu-latest, windows-latest]
        node: [20, 22]
    env:
      CI: "true"
      CACHE_KEY: build-\${{ runner.os }}-\${{ hashFiles('**/package-lock.json') }}
    steps:
      - uses: actions/checkout@${index % 3 === 0 ? "v4" : "8f4b7f84864484a7bf31766abe9204da3cbe65b3 # v3.5.0"}
      - uses: actions/setup-node@60edb5dd545a775178f52524783378180af0d1f8 # v4.0.2
        with:
          node-version: \${{ matrix.node }}
          cache: npm
      - name: Install and test
        run: |
          set -euo pipefail
          npm ci --no-audit
          if [ "\${{ matrix.node }}" = "22" ]; then
            npm run lint -- --max-warnings 0
          fi
          npm test -- --reporter dot | tee test.log
          for file in dist/*.js; do
            sha256sum "$file" >> checksums.txt
          done
      - name: Upload coverage
        if: github.event_name == 'push'
        run: ${index % 4 === 0 ? "bash <(curl -s https://codecov.io/bash) -f coverage.json" : "npm run coverage -- --upload"}
        env:
          CODECOV_TOKEN: \${{ secrets.CODECOV_TOKEN }}
`;
}

function timed(work: () => unknown): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

function at(share: number, values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}
