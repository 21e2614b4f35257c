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
  messageWith,
  openQuickFixes,
  openWorkbench,
  problems,
  runCommand,
  squiggles,
  type Workbench,
} from "../workbench.ts";

const workflow = ".github/workflows/ci.yml";
const restricted = { "security.workspace.trust.startupPrompt": "never", "security.workspace.trust.banner": "never" };

describe("a workspace that nobody has trusted", () => {
  let sample: SampleCopy;
  let internet: SampleInternet;
  let workbench: Workbench;

  before(async () => {
    sample = copySample();
    internet = await startSampleInternet();
    workbench = await openWorkbench({
      folder: sample.folder,
      file: workflow,
      isTrusted: false,
      settings: restricted,
      env: { ...process.env, ...internet.network.env },
    });
  });

  after(async () => {
    await workbench?.close();
    await internet?.close();
    sample?.remove();
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") await workbench?.screenshot("failed-untrusted");
  });

  it("is read, and findings, hovers and fixes are shown", async () => {
    const { page } = workbench;
    await page.locator("[id='status.workspaceTrust'], .statusbar-item", { hasText: "Restricted" }).first().waitFor();
    await squiggles(page, "error").first().waitFor({ state: "attached" });
    await (await problems(page)).filter({ hasText: "unpinned-remote-script" }).first().waitFor();
    await page.keyboard.press("Control+J");
    await hoverText(page, "curl -s", "What to do:");
    await page.keyboard.press("Escape");
    await clickText(page, "curl -s");
    await openQuickFixes(page, "Pin");
    await workbench.screenshot("14-untrusted");
  });

  it("has nothing asked of the network: who tries is told why, and nothing is changed", async () => {
    const { page } = workbench;
    const before = readFileSync(path.join(sample.folder, workflow), "utf8");
    await chooseQuickFix(page, "Pin");
    await messageWith(page, /trust/i);
    await closeMessages(page);
    for (const title of ["Pin Everything in the Workspace", "Verify the Pins in the Workspace"]) {
      await runCommand(page, `Pipewarden: ${title}`);
      await messageWith(page, /trusted workspaces only/);
      await closeMessages(page);
    }
    assert.deepEqual(internet.network.connections, []);
    assert.equal(readFileSync(path.join(sample.folder, workflow), "utf8"), before);
    assert.equal(await page.locator(".tab.active.dirty").count(), 0);
  });
});
