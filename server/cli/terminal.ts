/** What the command line needs from its process. */
export interface Terminal {
  readonly version: string;
  /** Absolute path of the current folder. */
  readonly cwd: string;
  /** Absolute path of the checkout where GitHub's runner called, else `undefined`. */
  readonly githubWorkspace: string | undefined;
  /** True where standard output shows colours. */
  readonly colours: boolean;
  /** True where standard output is read by a person. */
  readonly isTerminal: boolean;
  /** Becomes the language server of whoever holds the standard streams. Resolves when it listens; the process then ends with its client. */
  serve(): Promise<void>;
  /** From now on an interruption by the person no longer ends the process, but aborts this signal. */
  interruption(): AbortSignal;
  out(text: string): void;
  err(text: string): void;
}

/** Exit codes: what a script that calls Pipewarden relies on. */
export type ExitCode = 0 | 1 | 2;
