import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as vscode from "vscode";
import { codecovScript } from "../codecov-script.ts";
import { choose, closeEditors, eventually, findingOn, findings, quickFix, ruleOf } from "./editor.ts";

const workflow = `on: push
permissions: {}
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - run: bash <(curl -s https://codecov.io/bash)
      - run: ./ci/upload.sh
`;
const files: Readonly<Record<string, string>> = {
  "/repo/.github/workflows/ci.yml": workflow,
  "/repo/.github/workflows/pin.yml": workflow,
  "/repo/ci/upload.sh": "#!/bin/sh\ncurl -s https://codecov.io/bash | sh\n",
  "/repo/values.yml": "a: 1\n",
};

/** Files in memory, as an extension for some remote service has them. What is written is forgotten. */
class MemoryFiles implements vscode.FileSystemProvider {
  readonly reads: string[] = [];
  readonly onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>().event;

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => {});
  }
  stat({ path }: vscode.Uri): vscode.FileStat {
    const text = files[path];
    if (text !== undefined) return { type: vscode.FileType.File, ctime: 0, mtime: 0, size: text.length };
    if (Object.keys(files).some((name) => name.startsWith(`${path}/`)))
      return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };
    throw vscode.FileSystemError.FileNotFound(path);
  }
  readFile(uri: vscode.Uri): Uint8Array {
    this.reads.push(uri.path);
    const text = files[uri.path];
    if (text === undefined) throw vscode.FileSystemError.FileNotFound(uri);
    return new TextEncoder().encode(text);
  }
  readDirectory(): [string, vscode.FileType][] {
    return [];
  }
  writeFile(): void {}
  createDirectory(): void {}
  delete(): void {}
  rename(): void {}
}

describe("a virtual file system in VS Code", () => {
  const provider = new MemoryFiles();
  const uri = vscode.Uri.parse("memfs:/repo/.github/workflows/ci.yml");
  let registration: vscode.Disposable;

  before(() => {
    registration = vscode.workspace.registerFileSystemProvider("memfs", provider);
  });
  after(() => registration.dispose());
  afterEach(closeEditors);

  it("has its open pipelines checked, and the scripts that they run are not read", async () => {
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document);
    await findingOn(document, "unpinned-remote-script", "bash <(curl -s https://codecov.io/bash)");
    assert.deepEqual(provider.reads, [uri.path]);
    const other = await vscode.workspace.openTextDocument(uri.with({ path: "/repo/values.yml" }));
    assert.deepEqual(await findings(other.uri, () => true), []);
  });

  it("has them fixed and pinned", async () => {
    // A document of its own: one that is closed and opened at the same moment is VS Code's to sort out.
    const own = uri.with({ path: "/repo/.github/workflows/pin.yml" });
    const document = await vscode.workspace.openTextDocument(own);
    await vscode.window.showTextDocument(document);
    const { range } = await findingOn(document, "unpinned-remote-script", "bash <(curl -s https://codecov.io/bash)");
    await choose(await quickFix(own, range, /^Pin/));
    const sha256 = createHash("sha256").update(codecovScript).digest("hex");
    await eventually(
      () => document.getText(),
      (text) => text.includes(sha256),
    );
    await findings(own, (all) => all.every((finding) => ruleOf(finding) !== "unpinned-remote-script"));
  });

  it("keeps the files on disk checked as well", async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder);
    const local = vscode.Uri.joinPath(folder.uri, ".github/workflows/ci.yml");
    await findings(local, (all) => all.length > 0);
  });
});
