import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import { startClient } from "./client.ts";
import { generatedFiles, generateWorkspace } from "./generate.ts";
import { at, busyNotice, megabytes, timed } from "./measure.ts";
import { workflow } from "./workflow.ts";

// npm run bench:server [files [others]]: what a person waits for, through the real protocol and with the bundles in dist/. Starting, the
// first diagnostics, a keystroke, and the scan of a generated workspace of so many CI files, 10,000 unless given, among so many other ones,
// none unless given; cold, and again with what the first session kept. Prints, and judges nothing but the aims that it names. Times
// are also given as multiples of the bare YAML parse of the same texts in the same run, since that holds on a busy machine too.

const [ciFiles = 10_000, others = 0] = process.argv.slice(2).map(Number);
const uri = "untitled:.github/workflows/bench.yml";

/** Keystrokes per size; twenty more warm up what compiles on the way. */
const KEYSTROKES = 200;

await keystrokes();
await scans();
console.log(busyNotice());

async function keystrokes(): Promise<void> {
  console.log("keystroke to diagnostics, ms       p50      p99   bare YAML p50   ratio of p50");
  for (const kilobytes of [3, 30, 300]) {
    const text = workflow(kilobytes * 1000);
    const client = await startClient(undefined, undefined);
    client.open(uri, text);
    const firstMs = await client.pull(uri);
    const waited: number[] = [];
    const bare: number[] = [];
    const rounds = kilobytes > 100 ? KEYSTROKES / 4 : KEYSTROKES;
    for (let round = -20; round < rounds; round++) {
      const changed = `${text}# ${round}\n`;
      client.change(uri, changed);
      const ms = await client.pull(uri);
      const yamlMs = timed(() => parseAllDocuments(changed));
      if (round < 0) continue;
      waited.push(ms);
      bare.push(yamlMs);
    }
    const [p50, p99, yaml] = [at(0.5, waited), at(0.99, waited), at(0.5, bare)];
    const cells = [p50.toFixed(2), p99.toFixed(2), yaml.toFixed(2).padStart(15), (p50 / yaml).toFixed(2).padStart(14)];
    console.log(
      `  ${`${kilobytes} KB`.padStart(8)}${" ".repeat(20)}${cells.map((cell) => cell.padStart(8)).join(" ")}`,
    );
    const start = client.startMs.toFixed(0);
    console.log(`           server ready after ${start} ms, first diagnostics ${firstMs.toFixed(0)} ms later`);
    if (kilobytes === 30) console.log(`           the aim is a p99 below 16 ms: ${p99 < 16 ? "met" : "NOT met"}`);
    await client.stop();
  }
}

async function scans(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "pipewarden-bench-"));
  try {
    const [root, storage] = [path.join(folder, "workspace"), path.join(folder, "storage")];
    mkdirSync(storage);
    generateWorkspace(root, ciFiles, others);
    const yamlMs = timed(() => {
      for (const { text } of generatedFiles(ciFiles)) parseAllDocuments(text);
    });
    console.log(
      `\nscan of ${ciFiles} CI files among ${others} others; their bare YAML parse on one thread: ${yamlMs.toFixed(0)} ms`,
    );
    for (const name of ["cold", "warm"]) {
      const client = await startClient(root, storage);
      const { ms, files } = await client.scan();
      const { cpuMs, peak, now } = client.use();
      const times = `${ms.toFixed(0)} ms (${(ms / yamlMs).toFixed(2)} of YAML), ${cpuMs.toFixed(0)} ms of work on all threads (${(cpuMs / yamlMs).toFixed(2)})`;
      console.log(
        `  ${name}: ${times}; ${files} files with findings; memory ${megabytes(now)} MB, at most ${megabytes(peak)} MB`,
      );
      await client.stop();
    }
    console.log("  the aims: cold 4000 ms on two free cores, memory 150 MB");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
