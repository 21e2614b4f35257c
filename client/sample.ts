import { Uri, ViewColumn, window, workspace } from "vscode";

/**
 * Opens a pipeline with a bit of everything as an untitled document: there is no file that a person would have to clean up. A page such as
 * the walkthrough stays beside it.
 */
export async function openSample(extension: Uri): Promise<void> {
  const bytes = await workspace.fs.readFile(Uri.joinPath(extension, "samples/breach/.github/workflows/ci.yml"));
  const content = new TextDecoder().decode(bytes);
  const viewColumn = isPageOpen() ? ViewColumn.Beside : ViewColumn.Active;
  await window.showTextDocument(await workspace.openTextDocument({ language: "yaml", content }), { viewColumn });
}

function isPageOpen(): boolean {
  const { activeTab } = window.tabGroups.activeTabGroup;
  return activeTab !== undefined && window.activeTextEditor === undefined;
}
