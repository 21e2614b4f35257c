import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  createProtocolConnection,
  ExitNotification,
  InitializeRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import { type Packages, writePackages } from "../scripts/package.ts";
import { breach, pipewarden, projectRoot } from "./cli/command-line.ts";
import { useFolders } from "./support/folder.ts";
import { namesInZip } from "./support/zip.ts";

const MAX_BYTES = 1024 * 1024;

describe("what ships", () => {
  const makeFolder = useFolders();
  let folder: string;
  let packages: Packages;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "pipewarden-packages-"));
    packages = await writePackages(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("to VS Code is what runs there, and nothing else", () => {
    assert.deepEqual(namesInZip(packages.extension), [
      "[Content_Types].xml",
      "extension.vsixmanifest",
      "extension/LICENSE.txt",
      "extension/changelog.md",
      "extension/dist/client.cjs",
      "extension/dist/licenses.txt",
      "extension/dist/server.cjs",
      "extension/images/icon.png",
      ...["drill", "find", "pin", "read"].flatMap((name) =>
        ["dark", "light"].map((theme) => `extension/images/walkthrough/${name}-${theme}.webp`),
      ),
      "extension/package.json",
      "extension/readme.md",
      "extension/samples/breach/.github/workflows/ci.yml",
      "extension/schemas/pipewarden.json",
      "extension/syntaxes/expression.injection.tmLanguage.json",
      "extension/syntaxes/script-block.injection.tmLanguage.json",
      "extension/syntaxes/shell-line.injection.tmLanguage.json",
    ]);
    assert.ok(statSync(packages.extension).size < MAX_BYTES);
  });

  it("to VS Code has every file that its manifest names", () => {
    const names = namesInZip(packages.extension);
    const { main, icon, contributes } = JSON.parse(readFileSync(path.join(projectRoot, "package.json"), "utf8"));
    const grammars: readonly { readonly path: string }[] = contributes.grammars;
    const validations: readonly { readonly url: string }[] = contributes.yamlValidation;
    const named = [main, icon, ...grammars.map((each) => each.path), ...validations.map(({ url }) => url)];
    for (const file of named) assert.ok(names.includes(path.posix.join("extension", file)), file);
  });

  describe("to npm", () => {
    let program: string;
    let installed: string;

    before(() => {
      const place = path.join(folder, "installed");
      mkdirSync(place);
      // No package is fetched, and no install script would run: there are none.
      const args = ["install", "--offline", "--no-audit", "--no-fund", "--prefix", place, packages.commandLine];
      execFileSync("npm", args, { cwd: place, stdio: "pipe", shell: process.platform === "win32" });
      installed = path.join(place, "node_modules/pipewarden");
      program = path.join(installed, "dist/cli.js");
    });

    it("is the command line with the language server, without a dependency or an install script", () => {
      const files = readdirSync(installed, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
      const names = files.map((each) => path.relative(installed, path.join(each.parentPath, each.name)));
      assert.deepEqual(names.map((name) => name.replaceAll("\\", "/")).sort(), [
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "dist/cli.js",
        "dist/licenses.txt",
        "dist/server.cjs",
        "package.json",
      ]);
      assert.deepEqual(readdirSync(path.join(folder, "installed/node_modules/.bin")).slice(0, 1), ["pipewarden"]);
      const { dependencies, scripts } = JSON.parse(readFileSync(path.join(installed, "package.json"), "utf8"));
      assert.deepEqual([dependencies, scripts], [undefined, undefined]);
      assert.ok(statSync(packages.commandLine).size < MAX_BYTES);
    });

    it("hands on the licence of each package whose code it holds", () => {
      const licenses = readFileSync(path.join(installed, "dist/licenses.txt"), "utf8");
      for (const name of ["ignore", "picomatch", "unbash", "vscode-languageserver", "yaml"])
        assert.match(licenses, new RegExp(`^${name} [\\d.]+ \\((?:MIT|ISC)\\)$`, "m"));
      const [, ...texts] = licenses.split("-".repeat(80));
      for (const text of texts) assert.match(text, /Permission (?:is hereby granted|to use, copy, modify)|Blue Oak/);
    });

    it("scans as the sources do", async () => {
      const project = makeFolder({ ".github/workflows/ci.yml": breach });
      const scan = ["scan", "--format", "json"];
      assert.deepEqual(await pipewarden(scan, project, program), await pipewarden(scan, project));
    });

    it("is a language server, which ends with its client", async () => {
      const server = spawn(process.execPath, [program, "lsp", "--stdio", `--clientProcessId=${process.pid}`], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      const connection = createProtocolConnection(
        new StreamMessageReader(server.stdout),
        new StreamMessageWriter(server.stdin),
      );
      connection.listen();
      const { serverInfo } = await connection.sendRequest(InitializeRequest.type, {
        processId: process.pid,
        rootUri: null,
        capabilities: {},
        workspaceFolders: null,
      });
      assert.equal(serverInfo?.name, "Pipewarden");
      const ended = new Promise((resolve) => server.on("exit", resolve));
      await connection.sendRequest(ShutdownRequest.type);
      await connection.sendNotification(ExitNotification.type);
      assert.equal(await ended, 0);
      connection.dispose();
    });
  });
});
