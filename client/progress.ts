import { type Progress, ProgressLocation, window } from "vscode";
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
  const shown = new Map<ProgressToken, Notification>();

  function begin(token: ProgressToken, title: string): void {
    const options = { location: ProgressLocation.Notification, title, cancellable: true };
    const notification = createNotification();
    shown.set(token, notification);
    void window.withProgress(options, (progress, cancellation) => {
      cancellation.onCancellationRequested(() => cancel(token));
      return notification.start(progress);
    });
  }

  function end(token: ProgressToken): void {
    shown.get(token)?.end();
    shown.delete(token);
  }

  return {
    show: (token, params, next) => {
      if (params.kind === "begin" && params.cancellable) return begin(token, params.title);
      if (params.kind === "report" && shown.has(token)) return shown.get(token)?.report(params);
      if (params.kind === "end") end(token);
      next(token, params);
    },
    endAll: () => {
      for (const token of shown.keys()) end(token);
    },
  };
}

interface Notification {
  /** Called when VS Code shows it, which may be after the end. Resolves at the end. */
  start(progress: Progress<Step>): Promise<void>;
  report(params: WorkDoneProgressReport): void;
  end(): void;
}

interface Step {
  message?: string;
  increment?: number;
}

/** The server says how much is done in all, VS Code wants to know how much more that is. */
function createNotification(): Notification {
  const state: { progress: Progress<Step> | undefined; done: number; end: () => void } = {
    progress: undefined,
    done: 0,
    end: () => {},
  };
  const ended = new Promise<void>((resolve) => {
    state.end = resolve;
  });
  return {
    start: (progress) => {
      state.progress = progress;
      return ended;
    },
    report: ({ message, percentage }) => {
      const increment = Math.max(0, (percentage ?? state.done) - state.done);
      if (state.progress !== undefined) state.done += increment;
      state.progress?.report({ increment, ...(message === undefined ? {} : { message }) });
    },
    end: () => state.end(),
  };
}
