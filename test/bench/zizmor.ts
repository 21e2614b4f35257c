import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { analyze, DEFAULT_SETTINGS, EMPTY_CONTEXT } from "../../server/core/index.ts";
import { generatedFiles, writeFiles } from "./generate.ts";
import { at, busyNotice, timed } from "./measure.ts";

// npm run bench:zizmor: both on the same generated workflows of GitHub, in turns. Of zizmor the whole process is timed, offline, less what
// it takes for a single file, so that its start does not count; of the analysis here what it takes once the code is warm.

const count = 500;
const rounds = 5;
const files = [...generatedFiles(2 * count)].filter(({ path: file }) => file.includes("/.github/")).slice(0, count);

if (spawnSync("zizmor", ["--version"]).status !== 0) {
  console.log("zizmor is not on the PATH, so nothing is compared.");
} else {
  const folder = mkdtempSync(path.join(tmpdir(), "pipewarden-bench-"));
  try {
    writeFiles(path.join(folder, "all"), files);
    writeFiles(path.join(folder, "one"), files.slice(0, 1));
    const audit = (name: string) => timed(() => spawnSync("zizmor", ["--offline", "--quiet", path.join(folder, name)]));
    const ours = () => timed(() => files.map((file) => analyze(file, EMPTY_CONTEXT, DEFAULT_SETTINGS)));
    for (let round = 0; round < 3; round++) ours();
    const times = Array.from({ length: rounds }, () => {
      const [theirs, own] = [audit("all") - audit("one"), ours()];
      return { theirs, own, ratio: own / theirs };
    });
    const median = (key: "theirs" | "own" | "ratio") =>
      at(
        0.5,
        times.map((each) => each[key]),
      );
    console.log(
      `${files.length} workflows, ms per file: zizmor ${(median("theirs") / files.length).toFixed(2)}, here ${(median("own") / files.length).toFixed(2)}`,
    );
    console.log(`ratio ${median("ratio").toFixed(2)} (the aim is 0.10)`);
    console.log(busyNotice());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
