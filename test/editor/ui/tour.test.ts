import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { copySample, type SampleCopy } from "../../../scripts/sample.ts";
import { type SampleInternet, startSampleInternet } from "../internet.ts";
import {
  chooseQuickFix,
  clickText,
  closeMessages,
  hoverText,
  lines,
  messageWith,
  openFile,
  openQuickFixes,
  openWorkbench,
  previewOf,
  problems,
  runCommand,
  squiggles,
  type Theme,
  type Workbench,
} from "../workbench.ts";

const workflow = ".github/workflows/ci.yml";

// What somebody does in the first five minutes, in one go, with a picture of each moment. The pictures of the README and of the walkthrough
// are cut out of these by scripts/screenshots.ts.
for (const theme of ["light", "dark"] satisfies readonly Theme[]) {
  describe(`the first five minutes, ${theme}`, () => {
    let sample: SampleCopy;
    let internet: SampleInternet;
    let workbench: Workbench;

    before(async () => {
      sample = copySample();
      internet = await startSampleInternet();
      const { HTTPS_PROXY: _, https_proxy: __, ...env } = internet.network.env;
      workbench = await openWorkbench({
        folder: sample.folder,
        file: workflow,
        theme,
        settings: { "http.proxy": internet.network.proxyUrl },
        env: { ...process.env, ...env },
      });
    });

    after(async () => {
      await workbench?.close();
      await internet?.close();
      sample?.remove();
    });

    afterEach(async function () {
      if (this.currentTest?.state === "failed") await workbench?.screenshot(`failed-tour-${theme}`);
    });

    const keep = (moment: string) => workbench.screenshot(`tour-${moment}-${theme}`);

    it("open the sample: the line that runs a stranger's script is underlined", async () => {
      const { page } = workbench;
      await squiggles(page, "error").first().waitFor({ state: "attached" });
      await page.locator("[id='status.problems']").waitFor();
      await lines(page).filter({ hasText: "codecov.io" }).waitFor();
      await page.locator("[id='status.languageStatus'] .codicon-loading").waitFor({ state: "detached" });
      await keep("1-underlined");
    });

    it("point at it: what it is, and what it could take", async () => {
      const { page } = workbench;
      const said = await hoverText(page, "curl -s", "What to do:");
      for (const part of ["CODECOV_TOKEN", "AWS_SECRET_ACCESS_KEY", "run by step “Upload coverage”"])
        assert.ok(said.includes(part), said);
      await keep("2-hover");
      await page.keyboard.press("Escape");
    });

    it("play through a breach", async () => {
      const { page } = workbench;
      await runCommand(page, "Pipewarden: Breach Drill");
      await page.locator(".quick-input-list .monaco-list-row", { hasText: "codecov.io" }).first().waitFor();
      await page.locator(".quick-input-widget input").fill("codecov.io");
      await page.keyboard.press("Enter");
      await previewOf(page, "What to revoke");
      await page.locator(".notification-toast").first().waitFor({ state: "detached" });
      await keep("3-drill");
      await runCommand(page, "View: Close Editor");
    });

    it("press Ctrl+. and see the fixes", async () => {
      const { page } = workbench;
      await clickText(page, "curl -s");
      await openQuickFixes(page, "Pin");
      await keep("4-quick-fixes");
      assert.deepEqual(internet.network.connections, []);
    });

    it("choose the first, and compare what came of it with what was saved", async () => {
      const { page } = workbench;
      await chooseQuickFix(page, "Pin");
      await lines(page).filter({ hasText: "sha256sum -c" }).waitFor();
      await runCommand(page, "File: Compare Active File with Saved");
      await page.locator(".monaco-diff-editor .line-insert").first().waitFor();
      await page.locator(".notification-toast").first().waitFor({ state: "detached" });
      await keep("5-pinned");
      await runCommand(page, "View: Close Editor");
      await page.locator(".monaco-diff-editor").waitFor({ state: "detached" });
    });

    it("look at the findings of the whole workspace", async () => {
      const { page } = workbench;
      const rows = await problems(page);
      await rows.filter({ hasText: "unpinned-action" }).first().waitFor();
      await keep("6-problems");
      await page.keyboard.press("Control+J");
    });

    it("pin everything", async () => {
      const { page } = workbench;
      await runCommand(page, "Pipewarden: Pin Everything in the Workspace");
      await messageWith(page, /^Pinned \d/);
      await lines(page)
        .filter({ hasText: `actions/checkout@${internet.checkoutCommit} # v4.2.2` })
        .first()
        .waitFor();
      await keep("7-everything-pinned");
      await closeMessages(page);
      await runCommand(page, "File: Save All");
      await page.locator(".tab.dirty").first().waitFor({ state: "detached" });
      assert.match(readFileSync(path.join(sample.folder, workflow), "utf8"), /# v4\.2\.2/);
    });

    it("verify the pins, and read in a hover what came of it", async () => {
      const { page } = workbench;
      await runCommand(page, "Pipewarden: Verify the Pins in the Workspace");
      await messageWith(page, "No pin changed");
      await keep("8-verified");
      await closeMessages(page);
      const asked = internet.network.connections.length;
      const said = await hoverText(page, "actions/checkout@", "Verified on");
      assert.match(said, /v4\.2\.2 of actions\/checkout is this commit/);
      await keep("9-hover-on-a-pin");
      assert.equal(internet.network.connections.length, asked);
      await page.keyboard.press("Escape");
    });

    it("decide that a finding is all right, with a reason", async () => {
      const { page } = workbench;
      await openFile(page, "ci.yml");
      await clickText(page, "AWS_SECRET_ACCESS_KEY:");
      const entries = await openQuickFixes(page, "ignore");
      assert.ok(entries.length > 1, entries.join("\n"));
      await keep("10-silence");
      await page.keyboard.press("Escape");
    });

    it("find the settings, and what the status says", async () => {
      const { page } = workbench;
      await runCommand(page, "Pipewarden: Open Settings");
      await page.locator(".settings-count-widget", { hasText: "Settings Found" }).waitFor();
      await page.locator(".setting-item-category", { hasText: "Pipewarden" }).first().waitFor();
      await keep("11-settings");
      await page.keyboard.press("Escape");
      await openFile(page, "ci.yml");
      await page.locator("[id='status.languageStatus']").hover();
      await page.locator(".hover-language-status", { hasText: "Pipewarden: " }).first().waitFor();
      await keep("12-status");
    });
  });
}
