import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import type { SourceFile } from "../../server/core/index.ts";
import { projectRoot } from "../cli/command-line.ts";
import { exampleFiles } from "../support/fuzz-input.ts";
import { judge } from "./laws.ts";
import { workflow } from "./world.ts";

describe("Pinning everything with made-up answers", () => {
  for (const { name, file } of files()) {
    it(`keeps what holds: ${name}`, async () => void (await judge(file)));
    it(`keeps what holds with CRLF: ${name}`, async () =>
      void (await judge({ path: file.path, text: file.text.replaceAll(/\r?\n/g, "\r\n") })));
  }

  it("keeps what holds in files of all styles", async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(FILE, async (text) => void (await judge({ path: ".github/workflows/ci.yml", text }))),
      { seed: 20260902, numRuns: 150 },
    );
  });
});

/** The rules' own examples, and the files that show the product. */
function files(): readonly { readonly name: string; readonly file: SourceFile }[] {
  const examples = exampleFiles().map((file, index) => ({ name: `example ${index} (${file.path})`, file }));
  const samples = path.join(projectRoot, "samples");
  const shown = readdirSync(samples, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => ({ name, file: { path: name, text: readFileSync(path.join(samples, name), "utf8") } }));
  return [...examples, ...shown];
}

const REFERENCE = fc.constantFrom("acme/tool@v4", "acme/tool/sub@main", "docker://node:22", "acme/other@1.2");
const FETCH = fc.constantFrom(
  "curl -fsSL https://example.com/i.sh | sh",
  "bash <(curl -s https://example.com/bash) -t x",
  "curl -sO https://example.com/t.sh && sh t.sh",
  "wget -qO- https://raw.githubusercontent.com/acme/tool/main/i.sh | bash -s -- --yes",
  "docker run --rm node:22 node -v",
);
const WINDOWS_FETCH = fc.constantFrom(
  ["pwsh", "irm https://example.com/i.ps1 | iex"],
  ["powershell", "iex ((New-Object Net.WebClient).DownloadString('https://example.com/i.ps1'))"],
  ["pwsh", "iwr https://raw.githubusercontent.com/acme/tool/main/t.exe -OutFile t.exe; ./t.exe /S"],
  ["pwsh", "if ($env:CI) { irm https://example.com/i.ps1 | iex }"],
  ["cmd", "curl -o t.bat https://example.com/t.bat && t.bat"],
  ["cmd", "certutil -urlcache -split -f https://example.com/t.exe t.exe & t.exe /S"],
);
const QUOTES = fc.constantFrom("", "'", '"');
const TAIL = fc.constantFrom("", "  ", " # why", "\t# v4", " #", " # renovate: keep");
const STEP = fc.oneof(
  fc.tuple(REFERENCE, QUOTES, TAIL).map(([text, quote, tail]) => `uses: ${quote}${text}${quote}${tail}`),
  fc
    .tuple(FETCH, fc.constantFrom("|", "|-", ">", "|2"))
    .map(([text, style]) =>
      style === "|2"
        ? `run: |\n\n          set -e\n          ${text}\n\n          echo done`
        : `run: ${style}\n          ${text}`,
    ),
  fc.tuple(FETCH, TAIL).map(([text, tail]) => `run: ${text}${tail}`),
  FETCH.map((text) => `{ run: '${text}' }`),
  fc
    .tuple(WINDOWS_FETCH, fc.constantFrom("|", "|-", ">"), TAIL)
    .map(([[shell, text], style, tail]) => `shell: ${shell}${tail}\n        run: ${style}\n          ${text}`),
  WINDOWS_FETCH.map(([shell, text = ""]) => `{ shell: ${shell}, run: ${JSON.stringify(text)} }`),
  fc.tuple(REFERENCE, TAIL).map(([text, tail]) => `name: one\n        uses: &ref ${text}${tail}\n      - uses: *ref`),
  fc.constantFrom("# only a comment", "run: make", "uses: ./local", "uses: actions/checkout@v4\n        with: {a: b}"),
);
const FILE = fc
  .tuple(
    fc.uniqueArray(STEP, { minLength: 1, maxLength: 6, selector: (step) => /&/.test(step) || step }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([steps, dos, ends]) => {
    const text = workflow(...steps);
    const unix = ends ? text : text.trimEnd();
    return dos ? unix.replaceAll("\n", "\r\n") : unix;
  });
