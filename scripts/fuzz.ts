import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { SourceFile } from "../server/core/index.ts";
import { type FuzzReport, fuzz } from "../test/support/fuzz.ts";
import { exampleFiles, systemFiles } from "../test/support/fuzz-input.ts";

// npm run fuzz -- [count] [seed]: analyses damaged files and tries their fixes. Exits with 1 on the first exception.

const [count = 100_000, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number);
if (!Number.isSafeInteger(count) || !Number.isSafeInteger(seed) || count < 1) {
  console.error("Usage: npm run fuzz -- [count] [seed]");
  process.exit(2);
}

const corpus = path.resolve(import.meta.dirname, "../../shared/corpus/files");
const real = existsSync(corpus) ? pieces(corpus) : [];
console.log(
  `Damaging the rules' examples, the files of the table${real.length > 0 ? ` and ${real.length} pieces of real files` : "; there is no corpus of real files"}.`,
);

const batch = 10_000;
const reports: FuzzReport[] = [];
const startedMs = performance.now();
for (let done = 0, each = seed; done < count && reports.at(-1)?.failure === undefined; done += batch, each++) {
  reports.push(fuzz(Math.min(batch, count - done), each, [...exampleFiles(), ...systemFiles(), ...real]));
}

const sum = (of: (report: FuzzReport) => number) => reports.reduce((total, report) => total + of(report), 0);
const worst = reports.map((report) => report.worst).sort((a, b) => b.ms - a.ms)[0];
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
console.log(
  `${sum(({ count }) => count)} inputs from seed ${seed} on, ${sum(({ findings }) => findings)} findings, ${sum(({ fixes }) => fixes)} fixes, ${seconds} s.`,
);
console.log(`The longest analysis took ${worst?.ms.toFixed(1)} ms for ${worst?.length} characters.`);
const failure = reports.at(-1)?.failure;
if (failure === undefined) {
  console.log("0 exceptions.");
} else {
  console.error(`Input ${failure.index} of seed ${seed + reports.length - 1} failed:`, failure.error);
  console.error(`The smallest such input, for ${failure.file.path}:\n${JSON.stringify(failure.file.text)}`);
  process.exitCode = 1;
}

/** The first lines of every file below a folder, and its lines in pieces: small inputs are many inputs. */
function pieces(folder: string): readonly SourceFile[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.flatMap((entry) => {
    const file = path.join(entry.parentPath, entry.name);
    const lines = readFileSync(file, "utf8").split("\n");
    const starts = Array.from({ length: Math.ceil(lines.length / 40) }, (_, index) => index * 40);
    return starts.map((start) => ({
      path: path.relative(folder, file),
      text: lines.slice(start, start + 60).join("\n"),
    }));
  });
}
