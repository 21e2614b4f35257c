import { type Connection, MessageType, ShowMessageNotification } from "vscode-languageserver";
import type { ScanParts, ScanState } from "./workspace-scan.ts";

/** Starts looking through the workspace anew. It has no arguments. */
export const SCAN_WORKSPACE = "pipewarden.scanWorkspace";

/** Ends it. It has no arguments. */
export const STOP_SCAN = "pipewarden.stopScan";

/** For fewer files nobody is told how far the scan is: it is over before one has read it. */
const MANY = 500;

/**
 * Says how far the scan is, calmly: as a progress that clients show in their status bar, without a button. {@link STOP_SCAN} is the way
 * to end it. Where files are left out because there are so many, that is said once for each folder.
 */
export function sayingProgress(connection: Connection): Required<Pick<ScanParts, "onState" | "onLimit">> {
  const told = new Set<string>();
  const state: { progress: Progress | undefined; last: ScanState | undefined } = {
    progress: undefined,
    last: undefined,
  };

  async function begin(): Promise<void> {
    const progress = await connection.window.createWorkDoneProgress();
    progress.begin("Pipewarden", 0, "looking through the workspace", false);
    const say = () => {
      const { last } = state;
      if (last === undefined || last.isOver) progress.done();
      else progress.report(percentage(last), `${last.done} of ${last.total}${last.isWalking ? " or more" : ""} files`);
      return last === undefined || last.isOver;
    };
    if (say()) state.progress = undefined;
    else state.progress = { say };
  }

  return {
    onState: (now) => {
      state.last = now;
      if (state.progress !== undefined) {
        if (typeof state.progress === "object" && state.progress.say()) state.progress = undefined;
      } else if (!now.isOver && now.total >= MANY) {
        state.progress = "beginning";
        begin().catch(() => {
          state.progress = undefined;
        });
      }
    },
    onLimit: (folder, limit, kind) => {
      if (told.has(folder)) return;
      told.add(folder);
      const rest = "The others are checked when they are opened.";
      if (kind === "others") {
        const message = `${folder} has more than ${limit} YAML files whose path does not tell that they are pipelines; so many were checked. ${rest}`;
        connection.console.info(message);
        return;
      }
      const message = `Pipewarden checked ${limit} CI files of ${nameOf(folder)}, which has more. ${rest} The setting pipewarden.scan.limit says how many are checked.`;
      connection.sendNotification(ShowMessageNotification.type, { type: MessageType.Info, message });
    },
  };
}

/** A progress, or that the client was asked for one. */
type Progress = "beginning" | { say(): boolean };

function percentage({ done, total }: ScanState): number {
  return Math.floor((100 * done) / Math.max(total, 1));
}

/** The last part of a folder's URI, as a person would name it. */
function nameOf(folder: string): string {
  const name = folder.replace(/\/+$/u, "").split("/").at(-1) ?? folder;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
