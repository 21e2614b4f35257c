/** Runs work; where it throws, logs the error and returns the innocent value instead. */
export type Guard = <T>(what: string, innocent: T, work: () => T | Promise<T>) => Promise<T>;

/** A guard that logs each distinct error once: an error that comes with every keystroke must not flood the output. */
export function createGuard(log: (message: string) => void): Guard {
  const logged = new Set<string>();
  return async (what, innocent, work) => {
    try {
      return await work();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (!logged.has(text)) log(`Pipewarden could not ${what}. Please report this error.\n${text}`);
      logged.add(text);
      return innocent;
    }
  };
}
