import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { writePackages } from "../../../scripts/package.ts";
import { copySample, type SampleCopy } from "../../../scripts/sample.ts";
import { installHost } from "../../../scripts/vscode-host/install.ts";
import { openWorkbench, problems, squiggles, type Workbench } from "../workbench.ts";

describe("the package for VS Code", () => {
  let sample: SampleCopy;
  let folder: string;
  let workbench: Workbench;

  before(() => {
    sample = copySample();
    folder = mkdtempSync(path.join(tmpdir(), "pipewarden-clean-"));
  });
  after(async () => {
    await workbench?.close();
    rmSync(folder, { recursive: true, force: true });
    sample.remove();
  });

  it("is installed into a clean VS Code and finds what there is to find, in files that nobody opened too", async () => {
    const { extension } = await writePackages(folder);
    const extensionsDir = path.join(folder, "extensions");
    const { node, vscode } = installHost();
    const server = path.join(vscode, "out/server-main.js");
    const places = ["--extensions-dir", extensionsDir, "--server-data-dir", path.join(folder, "server")];
    execFileSync(node, [server, ...places, "--accept-server-license-terms", "--install-extension", extension], {
      stdio: "pipe",
    });
    workbench = await openWorkbench({
      folder: sample.folder,
      file: ".github/workflows/ci.yml",
      extensions: [],
      extensionsDir,
    });
    const { page } = workbench;
    await squiggles(page).first().waitFor({ state: "attached" });
    const rows = await problems(page);
    await rows.filter({ hasText: "unpinned-remote-script" }).first().waitFor();
    await page.getByRole("button", { name: "Collapse All" }).last().click();
    await rows.filter({ hasText: ".gitlab-ci.yml" }).first().waitFor();
  });
});
