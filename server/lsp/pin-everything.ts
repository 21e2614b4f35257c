import {
  type CancellationToken,
  MessageType,
  ShowMessageNotification,
  type WorkspaceEdit,
} from "vscode-languageserver";
import { isPinnable, type PinnedFile, type PinOutcome, pinAll } from "../pins/pin-all.ts";
import { pinLines, pinSummary, withdrawn } from "../pins/report.ts";
import { Refusal } from "../resolvers/resolver.ts";
import { hasChanged } from "./apply-fix.ts";
import { toWorkspaceEdit } from "./convert.ts";
import { withProgress } from "./progress.ts";
import type { Session } from "./server.ts";
import { findTargets, type Target, virtualNote } from "./targets.ts";
import { uriKey } from "./uri.ts";

/** Pins everything in one file. Its one argument is the file's URI. */
export const PIN_FILE = "pipewarden.pinFile";

/** Pins everything in the workspace folders. It has no arguments. */
export const PIN_WORKSPACE = "pipewarden.pinWorkspace";

const NO_FILE = "There is nothing to pin here: open a CI file first.";
const NO_PIPELINE = "There is nothing to pin here: Pipewarden knows no CI system that reads this file.";
const NO_WORKSPACE = "There is nothing to pin: no CI file was found in the workspace.";
const UNTRUSTED =
  "Pinning has to ask the network, which Pipewarden does in trusted workspaces only. Trust this workspace and try again.";
const EDITED = "The file was edited while the pins were being prepared, so nothing in it was changed. Pin again.";
const BROKEN = "Pinning failed because of an error in Pipewarden. The output has the details.";

/** Pins everything in a file, or without one in the workspace: one edit, one message, and what came of each finding in the output. */
export async function pinEverything(
  command: typeof PIN_FILE | typeof PIN_WORKSPACE,
  argument: unknown,
  session: Session,
  isTrusted: boolean,
  token: CancellationToken,
): Promise<void> {
  const tell = (type: MessageType, message: string) =>
    session.connection.sendNotification(ShowMessageNotification.type, { type, message });
  try {
    if (command === PIN_FILE && typeof argument !== "string") return void tell(MessageType.Warning, NO_FILE);
    if (!isTrusted) return void tell(MessageType.Warning, UNTRUSTED);
    const uri = command === PIN_FILE && typeof argument === "string" ? argument : undefined;
    const outcomes = await pin(session, uri, token);
    const note = uri === undefined ? virtualNote(session) : "";
    if (outcomes === undefined)
      return void tell(MessageType.Warning, `${uri === undefined ? NO_WORKSPACE : NO_PIPELINE}${note}`);
    const left = outcomes.flatMap(({ to }) => ("left" in to ? [to.left] : []));
    const reasons = new Set(left);
    const why = reasons.size === 0 ? "" : reasons.size === 1 ? ` ${left[0]}` : " The output of Pipewarden says why.";
    tell(left.length === 0 ? MessageType.Info : MessageType.Warning, `${pinSummary(outcomes)}${why}${note}`);
  } catch (error) {
    if (error instanceof Refusal) {
      if (error.code !== "cancelled") tell(MessageType.Error, error.message);
      return;
    }
    tell(MessageType.Error, BROKEN);
    throw error;
  }
}

/** What came of it; `undefined` where there is no CI file. */
async function pin(
  session: Session,
  uri: string | undefined,
  token: CancellationToken,
): Promise<readonly PinOutcome[] | undefined> {
  const title = uri === undefined ? "Pinning everything in the workspace" : "Pinning everything in this file";
  const found = await withProgress(session.connection, title, token, async (signal, onProgress) => {
    const targets = await findTargets(session, uri, signal);
    const wanted = uri === undefined ? undefined : uriKey(uri);
    const result = await pinAll(targets, {
      signal,
      onProgress,
      accept: (finding, { identify }) =>
        isPinnable(finding) && (wanted === undefined || identify(finding.path) === wanted),
    });
    return { targets, result };
  });
  const { targets, result } = found;
  if (targets.length === 0) return undefined;
  const outcomes = withdrawn(result.outcomes, await applyAll(session, result.files, targets));
  const uris = new Map(targets.map(({ source }) => [uriKey(source.uri), source.uri]));
  const lines = pinLines(outcomes, ({ id }) => uris.get(id) ?? id);
  session.connection.console.info([pinSummary(outcomes), ...lines].join("\n"));
  return outcomes;
}

/** Hands the editor one edit for all files. Gives the reasons for the files that it was not made in, by their identity. */
async function applyAll(
  session: Session,
  files: readonly PinnedFile[],
  targets: readonly Target[],
): Promise<ReadonlyMap<string, string>> {
  const { connection, client } = session;
  const reasons = new Map<string, string>();
  for (;;) {
    const edits: WorkspaceEdit[] = [];
    for (const file of files.filter(({ id }) => !reasons.has(id))) {
      const edit = await editOf(file, session, targets);
      if (edit === undefined) reasons.set(file.id, EDITED);
      else edits.push(edit);
    }
    if (edits.length === 0) return reasons;
    const edit = joined(edits, client.documentChanges);
    const { applied, failureReason } = await connection.workspace.applyEdit({ label: "Pin everything", edit });
    if (applied) return reasons;
    const before = reasons.size;
    for (const file of files.filter(({ id }) => !reasons.has(id))) {
      if ((await editOf(file, session, targets)) === undefined) reasons.set(file.id, EDITED);
    }
    // Where a document was edited at the last moment the others have to go on without it.
    if (reasons.size > before) continue;
    const reason = `The editor did not take the edit, so nothing was changed${failureReason ? `: ${failureReason}` : "."}`;
    for (const { id } of files) if (!reasons.has(id)) reasons.set(id, reason);
    return reasons;
  }
}

/** The edit of one file as it is now; `undefined` where it is no longer what was pinned. */
async function editOf(
  { path, target, before, after, changes }: PinnedFile,
  { sources, client }: Session,
  targets: readonly Target[],
): Promise<WorkspaceEdit | undefined> {
  const source = targets.find((each) => each === target)?.source;
  const now = source && (await sources.find(source.uri));
  if (source === undefined || now === undefined) return undefined;
  if (before === undefined) return toWorkspaceEdit([{ path, create: after }], now, client.documentChanges);
  if (hasChanged(path, source, now)) return undefined;
  return toWorkspaceEdit(
    changes.map((change) => ({ path, ...change })),
    now,
    client.documentChanges,
  );
}

function joined(edits: readonly WorkspaceEdit[], documentChanges: boolean): WorkspaceEdit {
  return documentChanges
    ? { documentChanges: edits.flatMap((edit) => edit.documentChanges ?? []) }
    : { changes: Object.assign({}, ...edits.map((edit) => edit.changes ?? {})) };
}
