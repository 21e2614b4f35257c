import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { copySample, type SampleCopy } from "../../../scripts/sample.ts";
import { projectRoot } from "../../../scripts/vscode-host/install.ts";
import { openWorkbench, runCommand, squiggles, type Workbench } from "../workbench.ts";

describe("a language server that crashes", () => {
  let sample: SampleCopy;
  let extension: string;
  let workbench: Workbench;

  beforeEach(() => {
    sample = copySample();
    extension = mkdtempSync(path.join(tmpdir(), "pipewarden-extension-"));
    for (const part of ["package.json", "dist/client.cjs", "dist/server.cjs"])
      cpSync(path.join(projectRoot, part), path.join(extension, part));
    tellStarts(path.join(extension, "dist"));
  });

  afterEach(async () => {
    await workbench?.close();
    rmSync(extension, { recursive: true });
    sample.remove();
  });

  it("is started again with one message, and after the fifth time stays away, with the log one click away", async () => {
    workbench = await openWorkbench({
      folder: sample.folder,
      file: ".github/workflows/ci.yml",
      extensions: [extension],
    });
    const { page } = workbench;
    const toast = (text: string) => page.locator(".notifications-toasts .notification-toast", { hasText: text });
    const crash = async (times: number) => process.kill(await started(times), "SIGKILL");
    const started = (times: number) => start(path.join(extension, "starts"), times);
    await squiggles(page).first().waitFor({ state: "attached" });

    await crash(1);
    await toast("crashed and was started again").waitFor();
    for (const times of [2, 3, 4]) await crash(times);
    await started(5);
    await squiggles(page).first().waitFor({ state: "attached" });
    assert.equal(await toast("Pipewarden").count(), 1);

    await crash(5);
    const last = toast("no longer checks your pipelines");
    await last.getByText("Show Output").click();
    await page.locator(".panel .output-view-container, .panel .output-view").first().waitFor();
    await squiggles(page).first().waitFor({ state: "detached" });

    await runCommand(page, "Pipewarden: Restart");
    await started(6);
    await squiggles(page).first().waitFor({ state: "attached" });
  });
});

/** Lets the server write its process's id into a file when its client is ready for it. */
function tellStarts(dist: string): void {
  renameSync(path.join(dist, "server.cjs"), path.join(dist, "real.cjs"));
  writeFileSync(
    path.join(dist, "server.cjs"),
    `require("./real.cjs");
process.on("message", ({ method }) => {
  if (method === "initialized") require("node:fs").appendFileSync(${JSON.stringify(path.join(dist, "../starts"))}, process.pid + "\\n");
});
`,
  );
}

/** The id of the process that was started as the n-th, once its client is ready for it. */
async function start(file: string, times: number): Promise<number> {
  const end = performance.now() + 60_000;
  for (;;) {
    const pids = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
    assert.ok(pids.length <= times, `started ${pids.length} times instead of ${times}`);
    const pid = pids[times - 1];
    if (pid !== undefined) return Number(pid);
    if (performance.now() > end) assert.fail(`the server was not started for the ${times}. time`);
    await delay(20);
  }
}
