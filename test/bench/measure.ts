import { loadavg } from "node:os";

// What the benchmarks have in common.

/** Milliseconds that the work takes. */
export function timed(work: () => unknown): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

/** The value below which that share of all values lies: 0.5 gives the median. */
export function at(share: number, values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

/** What to think of the times where other programs keep the machine busy; empty where none do. */
export function busyNotice(): string {
  const [load = 0] = loadavg();
  return load > 1.5
    ? `other programs keep this machine busy (load ${load.toFixed(1)}): the times are too high, the ratios hold`
    : "";
}
