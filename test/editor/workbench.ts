import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { FrameLocator, Locator, Page } from "playwright-core";
import { launchBrowser, type ServerOptions, startServer, workbenchUrl } from "../../scripts/vscode-host/host.ts";
import { installHost, projectRoot } from "../../scripts/vscode-host/install.ts";

/** What {@link openWorkbench} shows, with which settings, environment and extensions. `extensions` is the project itself unless given. */
export interface WorkbenchOptions extends Pick<ServerOptions, "settings" | "env" | "extensions" | "extensionsDir"> {
  /** Absolute path of the folder to open. */
  readonly folder: string;
  /** The file to open, relative to the folder. */
  readonly file?: string;
  /** False is a folder that the person has still to decide about. Default: it is trusted. */
  readonly isTrusted?: boolean;
  /** Default: VS Code's own choice. */
  readonly theme?: Theme;
}

/** One of VS Code's own colour themes. */
export type Theme = "light" | "dark";

const THEMES: { readonly [T in Theme]: string } = { light: "Default Light Modern", dark: "Default Dark Modern" };

/** A VS Code workbench in a browser of 1280 × 800. A test drives it by mouse and keyboard and looks at what a person sees. */
export interface Workbench {
  readonly page: Page;
  /** Keeps a picture of the whole window as `out/screenshots/NAME.png`. */
  screenshot(name: string): Promise<void>;
  /** Ends VS Code and the browser with all their processes and temporary folders. */
  close(): Promise<void>;
}

/** Opens the workbench and waits until it can be used. */
export async function openWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  const host = installHost();
  const { folder, file, isTrusted = true, theme, ...serverOptions } = options;
  const settings = { ...(theme && { "workbench.colorTheme": THEMES[theme] }), ...serverOptions.settings };
  const server = await startServer(host, {
    extensions: [projectRoot],
    ...serverOptions,
    settings,
    trustEveryFolder: isTrusted,
  });
  try {
    const browser = await launchBrowser(host);
    const page = await browser.newPage({
      viewport: { width: 1280, height: 800 },
      ...(theme && { colorScheme: theme }),
    });
    // Generous for a busy machine; nothing waits for longer than it takes.
    page.setDefaultTimeout(60_000);
    const content = { workspace: folder, ...(file !== undefined && { openFile: path.join(folder, file) }) };
    await page.goto(workbenchUrl(server, content));
    await page.locator(".monaco-workbench").waitFor();
    if (file !== undefined) await lines(page).first().waitFor();
    return {
      page,
      async screenshot(name) {
        const pictures = path.join(projectRoot, "out/screenshots");
        mkdirSync(pictures, { recursive: true });
        await page.screenshot({ path: path.join(pictures, `${name}.png`) });
      },
      async close() {
        await browser.close();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The squiggles in the visible part of the editor. */
export function squiggles(page: Page, severity?: "error" | "warning" | "info" | "hint"): Locator {
  const editor = page.locator(".editor-instance");
  return severity === undefined ? editor.locator("[class*=squiggly-]") : editor.locator(`.squiggly-${severity}`);
}

/** The lines in the visible part of the editor. */
export function lines(page: Page): Locator {
  return page.locator(".editor-instance .view-line");
}

/** The rows of the Problems panel, which is opened if it is not. */
export async function problems(page: Page): Promise<Locator> {
  const panel = page.locator(".markers-panel");
  if (!(await panel.isVisible())) await page.keyboard.press("Control+Shift+M");
  await panel.waitFor();
  return panel.locator(".monaco-list-row");
}

/** Opens another file of the folder, by its name. */
export async function openFile(page: Page, name: string): Promise<void> {
  await page.keyboard.press("Control+P");
  await page.locator(".quick-input-widget input").fill(name);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().click();
  await page.locator(".tab.active", { hasText: path.basename(name) }).waitFor();
}

/** Runs a command by its title in the palette. */
export async function runCommand(page: Page, title: string): Promise<void> {
  await page.keyboard.press("F1");
  await page.locator(".quick-input-widget input").fill(`>${title}`);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().click();
}

/** The Markdown preview, once it shows the text. */
export async function previewOf(page: Page, text: string): Promise<FrameLocator> {
  const preview = page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  await preview.getByText(text).first().waitFor();
  return preview;
}

/** Waits until a message with the text is shown, and nothing that is still going on. */
export async function messageWith(page: Page, text: string | RegExp): Promise<Locator> {
  const messages = page.locator(".notifications-toasts .notification-toast");
  const said = page.locator(".notification-list-item-message", { hasText: text });
  await messages.filter({ has: said }).first().waitFor();
  await messages.filter({ hasNot: said }).first().waitFor({ state: "detached" });
  return messages.filter({ has: said }).first();
}

/** Closes every message that is shown. */
export async function closeMessages(page: Page): Promise<void> {
  await runCommand(page, "Notifications: Clear All Notifications");
  await page.locator(".notifications-toasts .notification-toast").first().waitFor({ state: "detached" });
}

/** Clicks into the first occurrence of a text that the visible part of the editor shows in one line, and takes the mouse away. */
export async function clickText(page: Page, text: string): Promise<void> {
  const { x, y } = await middleOf(page, text);
  await page.mouse.click(x, y);
  await restMouse(page);
}

/** Points at the text with the mouse, and returns what the hover says once `wanted` is part of it. */
export async function hoverText(page: Page, text: string, wanted: string): Promise<string> {
  const hover = page.locator(".monaco-hover:visible", { hasText: wanted }).first();
  return retried(`a hover with "${wanted}"`, async () => {
    await restMouse(page);
    const { x, y } = await middleOf(page, text);
    await page.mouse.move(x, y, { steps: 4 });
    return (await appears(hover)) ? ((await hover.textContent()) ?? undefined) : undefined;
  });
}

/** Opens the quick-fix menu at the cursor, and returns its entries once one of them has the title. */
export async function openQuickFixes(page: Page, title: string): Promise<readonly string[]> {
  return retried(`a quick fix "${title}"`, async () => {
    await page.keyboard.press("Control+.");
    if (await appears(quickFixes(page).filter({ hasText: title }).first())) return quickFixes(page).allInnerTexts();
    await page.keyboard.press("Escape");
    return undefined;
  });
}

/** Chooses the entry with the title in the open quick-fix menu, by keyboard. */
export async function chooseQuickFix(page: Page, title: string): Promise<void> {
  const focused = page.locator(".action-widget .monaco-list-row.focused");
  for (let left = await quickFixes(page).count(); !(await focused.textContent())?.includes(title); left--) {
    assert.ok(left > 0, `no entry "${title}" in the quick-fix menu`);
    await page.keyboard.press("ArrowDown");
  }
  await page.keyboard.press("Enter");
}

/** To the title bar, where it raises no hover. */
function restMouse(page: Page): Promise<void> {
  return page.mouse.move(640, 16);
}

function quickFixes(page: Page): Locator {
  return page.locator(".action-widget .monaco-list-row.action");
}

/** A pixel in the middle of the text. An editor line is made of many elements, and its spaces are non-breaking ones. */
async function middleOf(page: Page, text: string): Promise<{ readonly x: number; readonly y: number }> {
  await lines(page).filter({ hasText: text }).first().waitFor();
  const place = await lines(page).evaluateAll((elements, text) => {
    for (const element of elements) {
      const start = (element.textContent ?? "").replaceAll("\u00a0", " ").indexOf(text);
      if (start < 0) continue;
      const range = document.createRange();
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      let offset = 0;
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        const end = offset + (node.textContent ?? "").length;
        if (offset <= start && start < end) range.setStart(node, start - offset);
        if (offset < start + text.length && start + text.length <= end)
          range.setEnd(node, start + text.length - offset);
        offset = end;
      }
      const box = range.getBoundingClientRect();
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    }
    return undefined;
  }, text);
  assert.ok(place, `the editor shows "${text}"`);
  return place;
}

/**
 * Tries again until an attempt gives a result. In its first seconds VS Code now and then drops a request for a menu or a hover,
 * because yet another provider registers.
 */
async function retried<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let attempts = 0; attempts < 10; attempts++) {
    const result = await attempt();
    if (result !== undefined) return result;
    await delay(200);
  }
  return assert.fail(`VS Code did not show ${what}`);
}

function appears(locator: Locator): Promise<boolean> {
  return locator.waitFor({ timeout: 2500 }).then(
    () => true,
    () => false,
  );
}
