import {
  type Command,
  type Disposable,
  type DocumentSelector,
  LanguageStatusSeverity,
  languages,
  window,
} from "vscode";
import { isVirtualWorkspace } from "./documents.ts";

/** What the server tells. The same as its `Status`. */
export interface ServerStatus {
  readonly findings: number;
  readonly files: number;
  readonly scan?: { readonly done: number; readonly total: number };
}

/** Where the server is: on its way, at work, or stopped until somebody restarts it. */
export type ServerState = "starting" | "running" | "stopped";

/** What the status says of one document. */
export interface StatusText {
  readonly text: string;
  readonly detail: string;
  readonly isBusy: boolean;
  readonly isError: boolean;
  readonly command: Command;
}

/** The one entry among the language statuses of the documents that may be pipelines. It asks for nobody's attention. */
export interface StatusItem extends Disposable {
  setSelector(selector: DocumentSelector): void;
  setState(state: ServerState): void;
  setStatus(status: ServerStatus): void;
  /** What it says now. */
  current(): StatusText;
}

const PROBLEMS: Command = { title: "Show Problems", command: "workbench.actions.view.problems" };
const SCAN: Command = { title: "Scan the Workspace", command: "pipewarden.scanWorkspace" };
const OUTPUT: Command = { title: "Show Output", command: "pipewarden.showOutput" };

/** The entry, which is shown where the editor shows language statuses. */
export function createStatus(selector: DocumentSelector): StatusItem {
  const item = languages.createLanguageStatusItem("pipewarden.status", selector);
  item.name = "Pipewarden";
  const state: { server: ServerState; status: ServerStatus } = {
    server: "starting",
    status: { findings: 0, files: 0 },
  };
  const current = () => wording(state.server, state.status, findingsHere());
  const show = () => {
    const { text, detail, isBusy, isError, command } = current();
    item.text = text;
    item.detail = detail;
    item.busy = isBusy;
    item.severity = isError ? LanguageStatusSeverity.Error : LanguageStatusSeverity.Information;
    item.command = command;
  };
  const listeners = [
    item,
    window.onDidChangeActiveTextEditor(show),
    languages.onDidChangeDiagnostics(({ uris }) => {
      const here = window.activeTextEditor?.document.uri.toString();
      if (uris.some((uri) => uri.toString() === here)) show();
    }),
  ];
  show();
  return {
    setSelector: (now) => {
      item.selector = now;
    },
    setState: (server) => {
      state.server = server;
      if (server !== "running") state.status = { findings: 0, files: 0 };
      show();
    },
    setStatus: (status) => {
      state.status = status;
      show();
    },
    current,
    dispose: () => {
      for (const each of listeners) each.dispose();
    },
  };
}

function findingsHere(): number {
  const uri = window.activeTextEditor?.document.uri;
  return uri === undefined ? 0 : languages.getDiagnostics(uri).filter(({ source }) => source === "pipewarden").length;
}

function wording(server: ServerState, { findings, files, scan }: ServerStatus, here: number): StatusText {
  if (server === "starting")
    return { text: "Pipewarden is starting", detail: "", isBusy: true, isError: false, command: OUTPUT };
  if (server === "stopped") {
    const detail = "its language server is not running";
    return { text: "Pipewarden has stopped", detail, isBusy: false, isError: true, command: OUTPUT };
  }
  const open = isVirtualWorkspace() ? "only open documents are checked: this workspace is virtual" : undefined;
  const all = `${counted(findings, "finding")} in ${counted(files, "file")} altogether`;
  return {
    text: `Pipewarden: ${here === 0 ? "no findings" : counted(here, "finding")} here`,
    detail: scan === undefined ? (open ?? all) : `${all}, looked at ${scan.done} of ${scan.total} files`,
    isBusy: scan !== undefined,
    isError: false,
    command: findings > 0 ? PROBLEMS : SCAN,
  };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
