import { Uri, window, workspace } from "vscode";

/** What the server returns for each repository. The same as its `BaselineFile`. */
export interface BaselineFile {
  readonly uri: string;
  readonly text: string;
  readonly count: number;
}

/** Writes the baselines that the server makes, so that from now on only new findings are shown, and says how many were accepted. */
export async function acceptFindings(ask: () => PromiseLike<readonly BaselineFile[] | undefined>): Promise<void> {
  const files = await ask();
  const count = files?.reduce((sum, file) => sum + file.count, 0) ?? 0;
  if (files === undefined || files.length === 0) {
    void window.showInformationMessage("There is nothing to accept: Pipewarden found no pipeline in this workspace.");
    return;
  }
  const failures: string[] = [];
  for (const { uri, text } of files) {
    try {
      await workspace.fs.writeFile(Uri.parse(uri), new TextEncoder().encode(text));
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (failures.length > 0) {
    void window.showErrorMessage(`The baseline could not be written: ${failures[0]}`);
    return;
  }
  const what = count === 1 ? "1 finding" : `${count} findings`;
  // The message is the person's to close, so nobody waits for it.
  void window
    .showInformationMessage(`${what} accepted. From now on only new ones are shown.`, "Open the Baseline")
    .then((choice) => {
      if (choice !== undefined) void window.showTextDocument(Uri.parse(files[0]?.uri ?? ""));
    });
}
