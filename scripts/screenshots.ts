// `npm run screenshots`: makes the pictures of the README and of the walkthrough anew, from the tour that the workbench tests take
// through a real VS Code. Run it after a change of what people see. With `--cut` the pictures of the last tour are taken.
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import Mocha from "mocha";
import type { Page } from "playwright-core";
import { launchBrowser } from "./vscode-host/host.ts";
import { hostObstacle, installHost, projectRoot } from "./vscode-host/install.ts";

/** The part of a moment's picture of 1280 × 800 that is shown. */
interface Cut {
  readonly moment: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const EDITOR = { left: 352, top: 62, width: 926, height: 640 };
/** Without the overview at the right side. */
const TEXT = { ...EDITOR, width: 812 };

const CUTS: Readonly<Record<string, Cut>> = {
  find: { moment: "1-underlined", ...TEXT },
  read: { moment: "9-hover-on-a-pin", ...EDITOR, height: 420 },
  pin: { moment: "5-pinned", ...EDITOR, height: 460 },
  drill: { moment: "3-drill", ...EDITOR, height: 480 },
};

/** The whole package may have 1 MB, so each picture has to be small. */
const MAX_BYTES = 48 * 1024;

const obstacle = hostObstacle();
if (obstacle === undefined) await make();
else {
  console.error(obstacle);
  process.exitCode = 2;
}

async function make(): Promise<void> {
  if (!process.argv.includes("--cut")) await tour();
  const browser = await launchBrowser(installHost());
  const page = await browser.newPage();
  const folder = path.join(projectRoot, "images/walkthrough");
  mkdirSync(folder, { recursive: true });
  for (const [name, cut] of Object.entries(CUTS)) {
    for (const theme of ["light", "dark"]) {
      const picture = readFileSync(path.join(projectRoot, `out/screenshots/tour-${cut.moment}-${theme}.png`));
      const file = path.join(folder, `${name}-${theme}.webp`);
      writeFileSync(file, await cutOut(page, picture, cut));
      const { size } = statSync(file);
      console.log(`${path.relative(projectRoot, file)}: ${(size / 1024).toFixed(0)} KB`);
      if (size > MAX_BYTES) throw new Error(`${file} is larger than ${MAX_BYTES} bytes`);
    }
  }
  await browser.close();
}

/** Takes the tour. Rejects where it does not go as it should: a picture of a mistake helps nobody. */
async function tour(): Promise<void> {
  const mocha = new Mocha({ timeout: 120_000 });
  mocha.addFile(path.join(projectRoot, "test/editor/ui/tour.test.ts"));
  await mocha.loadFilesAsync();
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} moments of the tour failed.`);
}

/** A part of a PNG as WebP, which the browser knows how to write. */
async function cutOut(page: Page, png: Buffer, { left, top, width, height }: Cut): Promise<Buffer> {
  const base64 = await page.evaluate(
    async ({ source, left, top, width, height }) => {
      const image = new Image();
      image.src = `data:image/png;base64,${source}`;
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = height;
      canvas.getContext("2d")?.drawImage(image, left, top, width, height, 0, 0, width, height);
      return canvas.toDataURL("image/webp", 0.7).split(",")[1] ?? "";
    },
    { source: png.toString("base64"), left, top, width, height },
  );
  return Buffer.from(base64, "base64");
}
