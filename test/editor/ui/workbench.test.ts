import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { copySample, type SampleCopy } from "../../../scripts/sample.ts";
import { answers } from "../../support/network.ts";
import { codecovScript } from "../codecov-script.ts";
import { type SampleInternet, startSampleInternet } from "../internet.ts";
import {
  chooseQuickFix,
  clickText,
  hoverText,
  lines,
  openFile,
  openQuickFixes,
  openWorkbench,
  previewOf,
  problems,
  runCommand,
  squiggles,
  type Workbench,
} from "../workbench.ts";
import { proxiedBySettings, sha256 as sha256Of } from "./settings.ts";

const workflow = ".github/workflows/ci.yml";
const command = "bash <(curl -s https://codecov.io/bash)";

describe("what a person sees in VS Code", () => {
  let sample: SampleCopy;
  let internet: SampleInternet;
  let workbench: Workbench;

  beforeEach(async () => {
    sample = copySample();
    internet = await startSampleInternet();
    workbench = await openWorkbench({ folder: sample.folder, file: workflow, ...proxiedBySettings(internet) });
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed")
      await workbench?.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, "-")}`);
    await workbench?.close();
    await internet?.close();
    sample?.remove();
  });

  it("sees the Codecov line underlined, learns what it could take, and pins it", async () => {
    const { page } = workbench;
    await squiggles(page).first().waitFor({ state: "attached" });
    await page.locator("[id='status.problems']").waitFor();
    await workbench.screenshot("1-underlined");
    const rows = await problems(page);
    await rows.filter({ hasText: "unpinned-remote-script" }).first().waitFor();
    await workbench.screenshot("2-problems");
    await page.getByRole("button", { name: "Collapse All" }).last().click();
    for (const file of ["ci.yml", "action.yml", ".gitlab-ci.yml", "report.sh"])
      await rows.filter({ hasText: file }).first().waitFor();
    assert.equal(
      await rows.count(),
      4,
      "of the files that nobody opened, the pipelines, what they run, and nothing else",
    );
    await page.keyboard.press("Control+J");
    await hoverText(page, "curl -s", "AWS_SECRET_ACCESS_KEY");
    await workbench.screenshot("3-hover");
    await clickText(page, "curl -s");
    await openQuickFixes(page, "Pin");
    await workbench.screenshot("4-quick-fix");
    assert.deepEqual(internet.network.connections, []);
    await chooseQuickFix(page, "Pin");
    const sha256 = sha256Of(codecovScript);
    await lines(page).filter({ hasText: sha256 }).waitFor();
    await squiggles(page, "error").first().waitFor({ state: "detached" });
    await page.locator(".notification-toast").waitFor({ state: "detached" });
    await workbench.screenshot("5-pinned");
    await page.locator(".tab.active.dirty").waitFor();
    await page.keyboard.press("Control+S");
    await page.locator(".tab.active:not(.dirty)").waitFor();
    const saved = readFileSync(path.join(sample.folder, workflow), "utf8");
    assert.ok(saved.includes(sha256) && !saved.includes(command), saved);
  });

  it("pins an action to the commit of its tag, and sees which version that is", async () => {
    const { page } = workbench;
    await squiggles(page).first().waitFor({ state: "attached" });
    await clickText(page, "actions/checkout@v4");
    await openQuickFixes(page, "Pin");
    await chooseQuickFix(page, "Pin");
    await lines(page)
      .filter({ hasText: `uses: actions/checkout@${internet.checkoutCommit} # v4.2.2` })
      .waitFor();
    await workbench.screenshot("6-pinned-action");
  });

  it("sees the line of a script underlined that a pipeline runs, learns what it could take, and pins it there", async () => {
    const { page } = workbench;
    await squiggles(page).first().waitFor({ state: "attached" });
    await openFile(page, "report.sh");
    await hoverText(page, "-o codecov.sh", "CI_JOB_TOKEN");
    await workbench.screenshot("8-script");
    await clickText(page, "-o codecov.sh");
    await openQuickFixes(page, "Pin");
    assert.deepEqual(internet.network.connections, []);
    await chooseQuickFix(page, "Pin");
    const sha256 = sha256Of(codecovScript);
    await lines(page).filter({ hasText: sha256 }).waitFor();
    await squiggles(page).first().waitFor({ state: "detached" });
    await workbench.screenshot("9-script-pinned");
  });

  it("plays through a breach, reads what to revoke, and comes to the line by a click", async () => {
    const { page } = workbench;
    await squiggles(page).first().waitFor({ state: "attached" });
    await runCommand(page, "Pipewarden: Breach Drill");
    const input = page.locator(".quick-input-widget input");
    const rows = page.locator(".quick-input-list .monaco-list-row");
    await rows.filter({ hasText: "codecov.io" }).first().waitFor();
    await page.locator(".notification-toast").waitFor({ state: "detached" });
    await workbench.screenshot("10-drill-parties");
    await input.fill("codecov.io");
    await page.keyboard.press("Enter");
    const preview = await previewOf(page, "What to revoke");
    assert.match((await preview.locator("h1").first().textContent()) ?? "", /Breach drill: codecov\.io/);
    await workbench.screenshot("11-drill");
    await preview.locator("a", { hasText: "ci.yml:30" }).first().click();
    await page.locator(".tab.active", { hasText: "ci.yml" }).waitFor();
    await page.locator("[id='status.editor.selection']", { hasText: "Ln 30" }).waitFor();
    await workbench.screenshot("12-drill-line");
  });

  it("sees the map of secrets", async () => {
    const { page } = workbench;
    await squiggles(page).first().waitFor({ state: "attached" });
    await runCommand(page, "Pipewarden: Map of Secrets");
    await previewOf(page, "CODECOV_TOKEN");
    await workbench.screenshot("13-secrets");
  });

  it("is told in one message why a script cannot be pinned, and keeps the file as it was", async () => {
    const { page } = workbench;
    internet.network.site("codecov.io", answers.text("gone\n", 404));
    await squiggles(page).first().waitFor({ state: "attached" });
    await clickText(page, "curl -s");
    await openQuickFixes(page, "Pin");
    await chooseQuickFix(page, "Pin");
    const messages = page.locator(".notifications-toasts .notification-list-item-message");
    await messages.filter({ hasText: "404" }).waitFor();
    await messages.filter({ hasNotText: "404" }).waitFor({ state: "detached" });
    await workbench.screenshot("7-refused");
    assert.equal(await messages.count(), 1);
    assert.equal(await lines(page).filter({ hasText: command }).count(), 1);
    assert.equal(await page.locator(".tab.active.dirty").count(), 0);
  });

  it("can cancel while the network does not answer, and keeps the file as it was", async () => {
    const { page } = workbench;
    internet.network.site("codecov.io", answers.hang());
    await squiggles(page).first().waitFor({ state: "attached" });
    await clickText(page, "curl -s");
    await openQuickFixes(page, "Pin");
    await chooseQuickFix(page, "Pin");
    await page.locator(".notifications-toasts .monaco-button", { hasText: "Cancel" }).click();
    await page.locator(".notifications-toasts .notification-toast").first().waitFor({ state: "detached" });
    assert.equal(await lines(page).filter({ hasText: command }).count(), 1);
    assert.equal(await page.locator(".tab.active.dirty").count(), 0);
  });
});
