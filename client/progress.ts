import { ProgressLocation, window } from "vscode";
import type {
  ProgressToken,
  WorkDoneProgressBegin,
  WorkDoneProgressEnd,
  WorkDoneProgressReport,
} from "vscode-languageclient";

/** Shows the server's progress. As the middleware of a language client. */
export type ShowProgress = (
  token: ProgressToken,
  params: WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd,
  next: (token: ProgressToken, params: WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd) => void,
) => void;

/**
 * Progress that can be cancelled becomes a notification with a button; the language client alone would put it into the status bar,
 * where nobody finds how to cancel it. `endAll` closes what a server that died has left open.
 */
export function createProgress(cancel: (token: ProgressToken) => void): { show: ShowProgress; endAll(): void } {
  const ends = new Map<ProgressToken, () => void>();

  function begin(token: ProgressToken, title: string): void {
    const options = { location: ProgressLocation.Notification, title, cancellable: true };
    void window.withProgress(options, (_progress, cancellation) => {
      cancellation.onCancellationRequested(() => cancel(token));
      return new Promise<void>((resolve) => ends.set(token, resolve));
    });
  }

  function end(token: ProgressToken): void {
    ends.get(token)?.();
    ends.delete(token);
  }

  return {
    show: (token, params, next) => {
      if (params.kind === "begin" && params.cancellable) return begin(token, params.title);
      if (params.kind === "end") end(token);
      next(token, params);
    },
    endAll: () => {
      for (const token of ends.keys()) end(token);
    },
  };
}
