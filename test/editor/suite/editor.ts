import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import * as vscode from "vscode";

/** The address of a file of the sample workspace. */
export function fileUri(relativePath: string): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder, "a folder is open");
  return vscode.Uri.joinPath(folder.uri, relativePath);
}

/** Opens a file of the sample workspace in an editor. */
export async function openFile(relativePath: string): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(fileUri(relativePath)));
}

/**
 * Asks again until `wanted` accepts the answer, and returns that answer. VS Code reports much of what happens by no event
 * that a test could await. After 20 s it throws with the last answer.
 */
export async function eventually<T>(ask: () => T | PromiseLike<T>, wanted: (answer: T) => boolean): Promise<T> {
  const end = performance.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (performance.now() > end) assert.fail(`still not as wanted: ${JSON.stringify(answer, undefined, 2)}`);
    await delay(50);
  }
}

/** Our findings on a file, once `wanted` accepts them. */
export function findings(
  uri: vscode.Uri,
  wanted: (findings: readonly vscode.Diagnostic[]) => boolean,
): Promise<readonly vscode.Diagnostic[]> {
  return eventually(() => vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "pipewarden"), wanted);
}

/** The finding of one rule on exactly this text of the document, once it is there. */
export async function findingOn(document: vscode.TextDocument, rule: string, text: string): Promise<vscode.Diagnostic> {
  const isIt = (finding: vscode.Diagnostic) => ruleOf(finding) === rule && document.getText(finding.range) === text;
  const all = await findings(document.uri, (present) => present.some(isIt));
  return all.find(isIt) ?? assert.fail("the finding went away");
}

/** The id of the rule that a finding comes from. */
export function ruleOf({ code }: vscode.Diagnostic): string {
  return String(typeof code === "object" ? code.value : code);
}

/** The quick fix with this title at a finding. It is asked for again and again: VS Code answers with nothing while another provider registers. */
export async function quickFix(uri: vscode.Uri, range: vscode.Range, title: RegExp): Promise<vscode.CodeAction> {
  const actions = await eventually(
    () =>
      vscode.commands.executeCommand<vscode.CodeAction[]>("vscode.executeCodeActionProvider", uri, range, "quickfix"),
    (present) => present.some((action) => title.test(action.title)),
  );
  return actions.find((action) => title.test(action.title)) ?? assert.fail("the quick fix went away");
}

/** Does what VS Code does when a person chooses a code action: first its edit, then its command. */
export async function choose({ edit, command }: vscode.CodeAction): Promise<void> {
  if (edit !== undefined) assert.ok(await vscode.workspace.applyEdit(edit), "VS Code took the edit");
  if (command !== undefined) await vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
}

/** Closes all editors. What was changed in them and not saved is gone. */
export async function closeEditors(): Promise<void> {
  while (vscode.window.activeTextEditor !== undefined) {
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  }
}

/** The hosts to which anything in VS Code tried to connect so far, as "host:port", in order. */
export async function attempts(): Promise<readonly string[]> {
  return JSON.parse(await text(connect(Number(process.env.EDITOR_SUITE_ATTEMPTS_PORT), "127.0.0.1")));
}
