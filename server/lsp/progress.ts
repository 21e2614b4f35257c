import type { CancellationToken, Connection } from "vscode-languageserver";

/** Says how far work is: "3 of 12". */
export type ReportProgress = (done: number, total: number) => void;

/**
 * Runs work under a progress that the person can cancel. The signal is aborted by that, and by `token`.
 *
 * @param title what is being done
 */
export async function withProgress<T>(
  connection: Connection,
  title: string,
  token: CancellationToken,
  work: (signal: AbortSignal, report: ReportProgress) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const progress = await connection.window.createWorkDoneProgress();
  const cancellations = [token, progress.token].map((each) => each.onCancellationRequested(() => abort.abort()));
  progress.begin(title, 0, undefined, true);
  try {
    return await work(abort.signal, (done, total) =>
      progress.report(total === 0 ? 100 : Math.floor((100 * done) / total), `${done} of ${total}`),
    );
  } finally {
    progress.done();
    for (const cancellation of cancellations) cancellation.dispose();
  }
}
