import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { copySample, type SampleCopy } from "../../../scripts/sample.ts";
import { projectRoot } from "../../../scripts/vscode-host/install.ts";
import { openWorkbench, squiggles, type Workbench } from "../workbench.ts";

describe("a language server that cannot start", () => {
  let sample: SampleCopy;
  let extension: string;
  let workbench: Workbench;

  beforeEach(() => {
    sample = copySample();
    extension = mkdtempSync(path.join(tmpdir(), "pipewarden-extension-"));
    for (const part of ["package.json", "dist/client.cjs"])
      cpSync(path.join(projectRoot, part), path.join(extension, part));
  });

  afterEach(async () => {
    await workbench?.close();
    rmSync(extension, { recursive: true });
    sample.remove();
  });

  for (const [what, server] of [
    ["whose file is missing", undefined],
    ["that ends at once", "throw new Error('broken on purpose');"],
  ] as const) {
    it(`${what} is one message with a way out, and starts when it can`, async () => {
      const file = path.join(extension, "dist/server.cjs");
      if (server !== undefined) writeFileSync(file, server);
      workbench = await openWorkbench({
        folder: sample.folder,
        file: ".github/workflows/ci.yml",
        extensions: [extension],
      });
      const { page } = workbench;
      const message = page.locator(".notifications-toasts .notification-toast", {
        hasText: "cannot check your pipelines",
      });
      await message.waitFor();
      assert.equal(await message.count(), 1);
      await message.getByText("Show Output").waitFor();
      cpSync(path.join(projectRoot, "dist/server.cjs"), file);
      await message.getByText("Restart").click();
      await squiggles(page).first().waitFor({ state: "attached" });
    });
  }
});
