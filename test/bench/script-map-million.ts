import fc from "fast-check";
import { checkMap, scalarsOf, yamlDocuments } from "../core/scalars.ts";

// node test/bench/script-map-million.ts [count] [seed]: the law of script maps, for a million scalars unless told otherwise.

const count = Number(process.argv[2] ?? 1_000_000);
const firstSeed = Number(process.argv[3] ?? 1);
const batch = 20_000;

let scalars = 0;
let documents = 0;
let failures = 0;
for (let seed = firstSeed; scalars < count; seed++) {
  for (const text of fc.sample(yamlDocuments(), { seed, numRuns: batch })) {
    documents++;
    for (const scalar of scalarsOf(text)) {
      scalars++;
      try {
        checkMap(text, scalar);
      } catch (error) {
        failures++;
        if (failures <= 5) console.error(`${JSON.stringify(text)} at ${scalar.span.start}: ${String(error)}`);
      }
    }
  }
}
console.log(`${scalars} scalars of ${documents} documents, first seed ${firstSeed}, ${failures} failures`);
process.exitCode = failures > 0 ? 1 : 0;
