import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { answers } from "../../support/network.ts";
import { imageIndex, imageManifest, registrySite } from "../../support/registry.ts";
import { codecovScript } from "../codecov-script.ts";
import { type SampleInternet, startSampleInternet } from "../internet.ts";
import { lines, openWorkbench, runCommand, squiggles, type Workbench } from "../workbench.ts";
import { proxiedBySettings, sha256 } from "./settings.ts";

const FILE = ".github/workflows/release.yml";

/** A workflow with one reference of each kind; the pins are what its references become. */
const workflow = (pins: {
  readonly node: string;
  readonly postgres: string;
  readonly checkout: string;
  readonly lint: string;
  readonly script: string;
  readonly publish: string;
}) => `# Every kind of code that somebody else could change.
name: release
on: push
permissions: {contents: read}

jobs:
  test:
    runs-on: ubuntu-24.04
    container: ${pins.node}   # the same as in .nvmrc
    services:
      db: {image: '${pins.postgres}'}
    steps:
      - uses: ${pins.checkout}
        with: {persist-credentials: false}

      - uses: "docker://${pins.lint}"
      - name: coverage   # a remote script
        run: ${pins.script}
        env: {FLAGS: unit}

  publish:
    needs: test
    uses: acme/ci/.github/workflows/publish.yml@${pins.publish}
`;

describe("pinning everything in VS Code", () => {
  let folder: string;
  let internet: SampleInternet;
  let workbench: Workbench;
  const index = imageIndex({ "linux/amd64": imageManifest("amd64"), "linux/arm64/v8": imageManifest("arm64") });

  const before = workflow({
    node: "node:22",
    postgres: "postgres:17",
    checkout: "actions/checkout@v4",
    lint: "ghcr.io/acme/lint:v2",
    script: "bash <(curl -s https://codecov.io/bash)",
    publish: "main",
  });

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "pipewarden-five-"));
    mkdirSync(path.dirname(path.join(folder, FILE)), { recursive: true });
    writeFileSync(path.join(folder, FILE), before);
    internet = await startSampleInternet();
    const hub = registrySite({ "library/node:22": index, "library/postgres:17": index });
    internet.network.site("registry-1.docker.io", hub);
    internet.network.site("ghcr.io", registrySite({ "acme/lint:v2": index }));
    workbench = await openWorkbench({ folder, file: FILE, ...proxiedBySettings(internet) });
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") await workbench?.screenshot("failed-pin-everything");
    await workbench?.close();
    await internet?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("pins an action, a reusable workflow, images, a docker:// step and a script, and changes nothing else", async () => {
    const { page } = workbench;
    const ci = internet.github.repository("acme/ci");
    const publish = ci.commit("publish");
    ci.branch("main", publish);
    await squiggles(page).first().waitFor({ state: "attached" });
    await page.locator(".view-line", { hasText: "publish.yml@main" }).waitFor();
    await workbench.screenshot("14-five-kinds");
    assert.deepEqual(internet.network.connections, []);

    await runCommand(page, "Pipewarden: Pin Everything in the Workspace");
    await lines(page).filter({ hasText: publish }).waitFor();
    const message = page.locator(".notifications-toasts .notification-list-item-message");
    await message.filter({ hasText: "Pinned 6 references." }).waitFor();
    await workbench.screenshot("15-five-kinds-pinned");
    await page.locator(".tab.active.dirty").waitFor();
    await page.keyboard.press("Control+S");
    await page.locator(".tab.active:not(.dirty)").waitFor();

    const script = [
      "|",
      'curl -fsSL https://codecov.io/bash -o "$RUNNER_TEMP/codecov.sh"',
      `echo "${sha256(codecovScript)}  $RUNNER_TEMP/codecov.sh" | sha256sum -c - || exit 1`,
      'bash "$RUNNER_TEMP/codecov.sh"',
    ];
    assert.equal(
      readFileSync(path.join(folder, FILE), "utf8"),
      workflow({
        node: `node:22@${index.digest}`,
        postgres: `postgres:17@${index.digest}`,
        checkout: `actions/checkout@${internet.checkoutCommit} # v4.2.2`,
        lint: `ghcr.io/acme/lint:v2@${index.digest}`,
        script: script.join("\n          "),
        publish: `${publish} # main`,
      }),
    );
  });

  it("shows the difference of a script that changed since, as text that nobody can edit", async () => {
    const { page } = workbench;
    const publish = internet.github.repository("acme/ci").commit("publish");
    internet.github.repository("acme/ci").branch("main", publish);
    await squiggles(page).first().waitFor({ state: "attached" });
    await runCommand(page, "Pipewarden: Pin Everything in the Workspace");
    await lines(page)
      .filter({ hasText: sha256(codecovScript) })
      .waitFor();
    const marker = path.join(folder, "was-run");
    internet.network.site("codecov.io", answers.text(`#!/bin/bash\ntouch ${marker}\n`));

    await runCommand(page, "Pipewarden: Verify the Pins in the Workspace");
    const rows = page.locator(".quick-input-list .monaco-list-row");
    await rows.filter({ hasText: "https://codecov.io/bash" }).click();
    await rows.filter({ hasText: "Show the difference" }).click();
    await page.locator(".tab.active", { hasText: "bash (pinned ↔ today)" }).waitFor();
    const [old, now] = ["original", "modified"].map((side) =>
      page.locator(`.monaco-diff-editor .editor.${side} .view-lines`),
    );
    assert.ok(old && now);
    await now.filter({ hasText: "was-run" }).waitFor();
    const [first = ""] = codecovScript.split("\n").filter((line) => line !== "" && !line.startsWith("#!"));
    await old.filter({ hasText: first.trim().slice(0, 20) }).waitFor();
    await now.click();
    await page.keyboard.type("x");
    await page.getByText("Cannot edit in read-only editor").first().waitFor();
    await workbench.screenshot("16-difference");
    assert.equal(existsSync(marker), false);
  });
});
