import type { Connection } from "vscode-languageserver";
import type { FileReport } from "./reports.ts";
import { uriKey } from "./uri.ts";
import type { ScanState, WorkspaceScan } from "./workspace-scan.ts";

/** Notification to a client that asked for it by the initialization option `status: true`. Its parameter is a {@link Status}. */
export const STATUS = "pipewarden/status";

/** How it stands with the workspace, and with documents that are open. */
export interface Status {
  readonly findings: number;
  /** Files with findings. */
  readonly files: number;
  /** How far the scan is; absent where nothing is left to look at, or little. */
  readonly scan?: { readonly done: number; readonly total: number };
}

/** Says how it stands, at most once for all that happens at one moment. */
export interface StatusReporter {
  onState(state: ScanState): void;
  /** Counts what the scan finds from now on. */
  follow(scan: WorkspaceScan): void;
}

/** Looking at fewer files is over before one has read it, and a mark that flickers while somebody types is not calm. */
const MANY = 64;

/** A reporter to a client that wants to know. */
export function createStatusReporter(connection: Connection): StatusReporter {
  const counts = new Map<string, number>();
  const state: { scan: ScanState | undefined; findings: number; isCalled: boolean; told: string } = {
    scan: undefined,
    findings: 0,
    isCalled: false,
    told: "",
  };

  function tell(): void {
    state.isCalled = false;
    const { scan, findings } = state;
    const isOver = scan === undefined || scan.isOver || scan.total < MANY;
    const progress = isOver ? {} : { scan: { done: scan.done, total: scan.total } };
    const status: Status = { findings, files: counts.size, ...progress };
    const text = JSON.stringify(status);
    if (text === state.told) return;
    state.told = text;
    // A client that is gone needs no status, and sending to it throws at once.
    Promise.resolve()
      .then(() => connection.sendNotification(STATUS, status))
      .catch(() => {});
  }

  function tellSoon(): void {
    if (!state.isCalled) setImmediate(tell);
    state.isCalled = true;
  }

  function count({ uri, items }: FileReport): void {
    const key = uriKey(uri);
    state.findings += items.length - (counts.get(key) ?? 0);
    if (items.length === 0) counts.delete(key);
    else counts.set(key, items.length);
  }

  return {
    onState: (scan) => {
      state.scan = scan;
      tellSoon();
    },
    follow: (scan) => {
      scan.subscribe((reports) => {
        for (const report of reports) count(report);
        tellSoon();
      });
    },
  };
}

/** For clients that do not want to know. */
export const NO_STATUS: StatusReporter = { onState: () => {}, follow: () => {} };
