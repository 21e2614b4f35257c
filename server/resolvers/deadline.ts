import { Refusal } from "./resolver.ts";

/**
 * Runs `work` under a time limit and the caller's signal. The signal that `work` gets is aborted with the {@link Refusal} that
 * the returned promise rejects with: "timeout" after `milliseconds`, "cancelled" as soon as `cancel` is aborted. The promise
 * never waits for work that does not react, such as a name lookup.
 *
 * @param subject what did not answer in time, as the beginning of a sentence, such as "https://example.com/x".
 */
export async function withDeadline<T>(
  subject: string,
  milliseconds: number,
  cancel: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const onCancel = (): void => controller.abort(new Refusal("cancelled", "Cancelled; nothing was changed."));
  if (cancel?.aborted) onCancel();
  signal.throwIfAborted();
  cancel?.addEventListener("abort", onCancel, { once: true });
  const timer = setTimeout(() => controller.abort(timeoutRefusal(subject, milliseconds)), milliseconds);
  try {
    return await Promise.race([aborted(signal), work(signal)]);
  } catch (error) {
    // What the work says about being torn down is only a consequence.
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(timer);
    cancel?.removeEventListener("abort", onCancel);
  }
}

function timeoutRefusal(subject: string, milliseconds: number): Refusal {
  const seconds = Math.round(milliseconds / 100) / 10;
  return new Refusal("timeout", `${subject} did not answer in full within ${seconds} seconds.`);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
