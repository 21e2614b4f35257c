import { commands, type Disposable, type QuickPickItem, Range, Uri, ViewColumn, window, workspace } from "vscode";
import type { ExecuteCommandSignature } from "vscode-languageclient";

/** What the server returns for the pins that are not as they were. The same as its `ChangedPin`. */
interface ChangedPin {
  readonly uri: string;
  readonly range: { readonly start: Position; readonly end: Position };
  readonly subject: string;
  readonly verdict: string;
  readonly message: string;
  /** SHA-256 in hex of the text that was pinned, and of today's. */
  readonly texts?: { readonly before?: string; readonly after: string };
  readonly update?: { readonly title: string };
}

interface Position {
  readonly line: number;
  readonly character: number;
}

/** Asks the server for the text of a script under its SHA-256; `null` where it is not kept. */
export type AskForScript = (sha256: string) => PromiseLike<string | null>;

/** What the client adds to the server's commands. */
export interface Pins extends Disposable {
  /** As the middleware of a language client. */
  executeCommand(command: string, args: unknown[], next: ExecuteCommandSignature): Promise<unknown>;
}

/** Scheme of the documents that show scripts. They are read-only and lie on no disk, so nobody runs them by accident. */
const SCRIPT_SCHEME = "pipewarden-script";

/**
 * Hands the server's commands the file that is open where they are called without one, and shows the pins that changed: a list, and
 * for each the place, the difference of a script, and its update.
 */
export function createPins(askForScript: AskForScript): Pins {
  const registration = workspace.registerTextDocumentContentProvider(SCRIPT_SCHEME, {
    provideTextDocumentContent: async ({ query }) => (await askForScript(query)) ?? "The text is no longer kept.\n",
  });
  return {
    dispose: () => registration.dispose(),
    executeCommand: async (command, args, next) => {
      const result: unknown = await next(command, command === "pipewarden.pinFile" ? [fileOf(args)] : args);
      // The list is the person's to close, so nobody waits for it.
      if (command === "pipewarden.verifyPins" && isList(result)) showList(result).catch(showError);
      return result;
    },
  };
}

function showError(error: unknown): void {
  void window.showErrorMessage(error instanceof Error ? error.message : String(error));
}

/**
 * The URI in the arguments, as the server and as VS Code's menus write it, else that of the active editor. Beside a page such as the
 * walkthrough that is the editor which is to be seen.
 */
function fileOf([argument]: unknown[]): string | undefined {
  if (typeof argument === "string") return argument;
  const editor = window.activeTextEditor ?? window.visibleTextEditors[0];
  return (argument instanceof Uri ? argument : editor?.document.uri)?.toString();
}

function isList(result: unknown): result is readonly ChangedPin[] {
  return Array.isArray(result) && result.length > 0;
}

interface PinItem extends QuickPickItem {
  readonly pin: ChangedPin;
}

interface ActionItem extends QuickPickItem {
  run(): PromiseLike<unknown>;
  /** True where the pin is then as it should be. */
  readonly isDone?: boolean;
}

/** The pins one after the other, until the person has seen enough. */
async function showList(pins: readonly ChangedPin[]): Promise<void> {
  const items = pins.map(
    (pin): PinItem => ({
      label: pin.subject,
      description: placeOf(pin),
      detail: `${pin.verdict}: ${pin.message}`,
      pin,
    }),
  );
  const title = "Pins that are not as they were";
  const chosen = await window.showQuickPick(items, { title, matchOnDescription: true, matchOnDetail: true });
  if (chosen === undefined) return;
  const { pin } = chosen;
  const action = await window.showQuickPick(actionsFor(pin), { title: pin.subject, placeHolder: pin.message });
  await action?.run();
  if (action?.isDone) await showNext(pins.filter((each) => each !== pin));
}

async function showNext(pins: readonly ChangedPin[]): Promise<void> {
  if (pins.length > 0) await showList(pins);
}

function actionsFor(pin: ChangedPin): readonly ActionItem[] {
  const { texts, update } = pin;
  const difference =
    texts?.before === undefined
      ? []
      : [{ label: "Show the difference", run: () => showDifference(pin, texts.before ?? "", texts.after) }];
  const text = texts === undefined ? [] : [{ label: "Show today's text", run: () => showScript(pin, texts.after) }];
  const renewal =
    update === undefined
      ? []
      : [
          {
            label: update.title,
            run: () => commands.executeCommand("pipewarden.updatePin", update),
            isDone: true,
          },
        ];
  return [...difference, ...text, { label: "Go to the pin", run: () => showPin(pin) }, ...renewal];
}

function showDifference(pin: ChangedPin, before: string, after: string): Thenable<unknown> {
  const title = `${nameOf(pin)} (pinned ↔ today)`;
  return commands.executeCommand("vscode.diff", scriptUri(pin, before), scriptUri(pin, after), title);
}

async function showScript(pin: ChangedPin, sha256: string): Promise<void> {
  await window.showTextDocument(scriptUri(pin, sha256), { preview: true });
}

async function showPin({ uri, range: { start, end } }: ChangedPin): Promise<void> {
  const selection = new Range(start.line, start.character, end.line, end.character);
  await window.showTextDocument(Uri.parse(uri), { selection, viewColumn: ViewColumn.Active });
}

function scriptUri(pin: ChangedPin, sha256: string): Uri {
  return Uri.from({ scheme: SCRIPT_SCHEME, path: `/${nameOf(pin)}`, query: sha256 });
}

/** The last part of the script's address, so that the editor knows its language. */
function nameOf({ subject }: ChangedPin): string {
  return /([\w.-]+)\/*(?:[?#].*)?$/.exec(subject)?.[1] ?? "script";
}

function placeOf({ uri, range }: ChangedPin): string {
  return `${workspace.asRelativePath(Uri.parse(uri))}:${range.start.line + 1}`;
}
