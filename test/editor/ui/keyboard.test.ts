import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { copySample, type SampleCopy } from "../../../scripts/sample.ts";
import { type SampleInternet, startSampleInternet } from "../internet.ts";
import { chooseQuickFix, lines, openQuickFixes, openWorkbench, squiggles, type Workbench } from "../workbench.ts";

const workflow = ".github/workflows/ci.yml";

// Nothing here moves or presses a mouse.
describe("everything by keyboard", () => {
  let sample: SampleCopy;
  let internet: SampleInternet;
  let workbench: Workbench;

  beforeEach(async () => {
    sample = copySample();
    internet = await startSampleInternet();
    const { HTTPS_PROXY: _, https_proxy: __, ...env } = internet.network.env;
    const settings = { "http.proxy": internet.network.proxyUrl };
    workbench = await openWorkbench({
      folder: sample.folder,
      file: workflow,
      settings,
      env: { ...process.env, ...env },
    });
    await squiggles(workbench.page).first().waitFor({ state: "attached" });
    await workbench.page.keyboard.press("Control+1");
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") await workbench?.screenshot("failed-keyboard");
    await workbench?.close();
    await internet?.close();
    sample?.remove();
  });

  /** Runs a command of the palette. */
  async function run(title: string): Promise<void> {
    const { keyboard } = workbench.page;
    await keyboard.press("F1");
    await workbench.page.locator(".quick-input-widget input").waitFor();
    await keyboard.type(title);
    await workbench.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: title }).waitFor();
    await keyboard.press("Enter");
  }

  it("goes from finding to finding, reads one, pins it and saves", async () => {
    const { page } = workbench;
    const line = page.locator("[id='status.editor.selection']", { hasText: "Ln 30," });
    const message = page.locator(".peekview-widget, .zone-widget", { hasText: "codecov.io/bash" });
    for (let left = 20; !(await line.isVisible()); left--) {
      assert.ok(left > 0, "F8 comes to the finding");
      await page.keyboard.press("F8");
      await page.locator(".zone-widget").first().waitFor();
    }
    assert.match((await message.first().textContent()) ?? "", /It could take CODECOV_TOKEN/);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+K");
    await page.keyboard.press("Control+I");
    await page.locator(".monaco-hover:visible", { hasText: "What to do:" }).first().waitFor();
    await page.keyboard.press("Escape");
    await openQuickFixes(page, "Pin");
    await chooseQuickFix(page, "Pin codecov.io");
    await lines(page).filter({ hasText: "sha256sum -c" }).waitFor();
    await page.keyboard.press("Control+S");
    await page.locator(".tab.active:not(.dirty)").waitFor();
    assert.match(readFileSync(path.join(sample.folder, workflow), "utf8"), /sha256sum -c - \|\| exit 1/);
  });

  it("pins everything from the palette, looks at the Problems panel, and goes on to other files", async () => {
    const { page } = workbench;
    await run("Pipewarden: Pin Everything in This File");
    await lines(page).filter({ hasText: "# v4.2.2" }).first().waitFor();
    await page.locator(".notification-toast").first().waitFor();
    await run("Notifications: Clear All Notifications");
    await page.keyboard.press("Control+Shift+M");
    await page.locator(".markers-panel .monaco-list-row").first().waitFor();
    await page.keyboard.press("Control+J");
    await page.keyboard.press("Control+1");
    const other = page.locator(".tab.active", { hasText: /report\.sh|action\.yml|gitlab/ });
    for (let left = 10; !(await other.isVisible()); left--) {
      assert.ok(left > 0, "F8 comes to the findings of other files");
      await page.keyboard.press("F8");
      await page.locator(".zone-widget").first().waitFor();
    }
  });
});
