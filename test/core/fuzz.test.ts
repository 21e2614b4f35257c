import assert from "node:assert/strict";
import { type FuzzReport, fuzz } from "../support/fuzz.ts";
import { exampleFiles, systemFiles } from "../support/fuzz-input.ts";

describe("analysis of damaged files", () => {
  const reports: FuzzReport[] = [];

  after(() => {
    const worst = reports.map((report) => report.worst).sort((a, b) => b.ms - a.ms)[0];
    const count = reports.reduce((total, report) => total + report.count, 0);
    console.log(
      `      ${count} inputs; the longest analysis took ${worst?.ms.toFixed(1)} ms for ${worst?.length} characters`,
    );
  });

  for (let seed = 1; seed <= 10; seed++) {
    it(`neither throws nor leaves the text, fixes included, on 10,000 inputs of seed ${seed}`, function () {
      this.timeout(0);
      const report = fuzz(10_000, seed, [...exampleFiles(), ...systemFiles()]);
      reports.push(report);
      assert.deepEqual(report.failure, undefined);
      assert.ok(report.findings > 1000 && report.fixes > 1000, "The inputs are too broken to try anything.");
    });
  }
});
