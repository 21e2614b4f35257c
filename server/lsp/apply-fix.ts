import { type CancellationToken, type Connection, MessageType, ShowMessageNotification } from "vscode-languageserver";
import { analyze, type EditFix, type Finding, type Fix, type NoFix, objection, type Span } from "../core/index.ts";
import { Refusal, type Resolver } from "../resolvers/resolver.ts";
import { toWorkspaceEdit } from "./convert.ts";
import type { Runtime } from "./runtime.ts";
import type { SettingsStore } from "./settings.ts";
import type { Source, Sources } from "./source.ts";

/** The command behind every fix that asks. Its one argument is a {@link FixCommand}. */
export const APPLY_FIX = "pipewarden.applyFix";

/** Names a fix of a finding, so that a later analysis of the same texts finds it again. */
export interface FixCommand {
  /** The CI file whose analysis found it. */
  readonly pipeline: Stamp;
  /** The file that it lies in: the CI file, or one that the CI file runs. */
  readonly file: Stamp;
  readonly rule: string;
  readonly span: Span;
  /** Index among the finding's fixes. */
  readonly fix: number;
}

/** A text as it was when a fix was listed. */
export interface Stamp {
  readonly uri: string;
  /** Version of the document; `null` where it was not open. */
  readonly version: number | null;
  /** {@link fingerprint} of the text. */
  readonly fingerprint: number;
}

/** What applying a fix needs. */
export interface FixParts {
  readonly connection: Connection;
  readonly sources: Sources;
  readonly settings: SettingsStore;
  readonly runtime: Runtime;
  /** False where the person does not trust the workspace. */
  isTrusted(): boolean;
  readonly documentChanges: boolean;
}

const STALE = "The file has changed since this fix was offered, so nothing was changed. Open the list of fixes again.";
const GONE = "The finding that this fix belongs to is no longer there, so nothing was changed.";
const UNTRUSTED =
  "This fix has to ask the network, which Pipewarden does in trusted workspaces only. Trust this workspace and try again.";
const OFF = "This fix has to ask the network, and the setting pipewarden.network.enabled forbids it.";
const EDITED = "The file was edited while the fix was being prepared, so nothing was changed. Apply the fix again.";
const BROKEN = "The fix failed because of an error in Pipewarden, so nothing was changed. The output has the details.";

/**
 * Applies a fix that asks: finds the finding again, resolves the questions with progress and cancel, judges the result, and hands
 * the client one versioned edit. Whatever stands against it ends in one message with the cause; the document is then untouched.
 */
export async function applyFix(argument: unknown, parts: FixParts, token: CancellationToken): Promise<void> {
  try {
    const command = readFixCommand(argument);
    const reason = await prepareAndApply(command, parts, token);
    if (reason !== undefined) tell(parts.connection, MessageType.Warning, reason);
  } catch (error) {
    if (error instanceof Refusal) {
      if (error.code !== "cancelled") tell(parts.connection, MessageType.Error, error.message);
      return;
    }
    tell(parts.connection, MessageType.Error, BROKEN);
    throw error;
  }
}

/** The stamp of a path of a source's repository; `undefined` where there is no such file. */
export function stampOf(source: Source, path: string): Stamp | undefined {
  const document = source.documentAt(path);
  if (document === undefined) return undefined;
  const { uri } = document;
  return { uri, version: source.versionOf(uri), fingerprint: fingerprint(document.getText()) };
}

/** A number that two different texts hardly share (32-bit FNV-1a over the UTF-16 units, mixed with the length). */
export function fingerprint(text: string): number {
  let hash = 0x811c9dc5 ^ text.length;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** The reason why nothing was changed; `undefined` where the fix was applied. */
async function prepareAndApply(
  command: FixCommand,
  parts: FixParts,
  token: CancellationToken,
): Promise<string | undefined> {
  const source = await parts.sources.find(command.pipeline.uri);
  if (source === undefined || isStale(command.pipeline, source) || isStale(command.file, source)) return STALE;
  const finding = findAgain(command, source);
  const chosen = finding?.fixes[command.fix];
  if (finding === undefined || chosen === undefined) return GONE;
  if ("ask" in chosen && !parts.isTrusted()) return UNTRUSTED;
  if ("ask" in chosen && !source.network.enabled) return OFF;

  const fix = await resolveAll(chosen, parts, source.network.allowedHosts, token);
  if ("refused" in fix) return fix.refused;
  const against = objection(source.file, finding, fix, source.context, source.settings);
  if (against !== undefined) return against;

  const now = await parts.sources.find(command.pipeline.uri);
  const paths = [
    source.file.path,
    finding.path,
    ...fix.edits.flatMap((edit) => ("span" in edit ? (edit.path ?? []) : [])),
  ];
  if (now === undefined || paths.some((path) => hasChanged(path, source, now))) return EDITED;
  const edit = toWorkspaceEdit(fix.edits, now, parts.documentChanges);
  const { applied, failureReason } = await parts.connection.workspace.applyEdit({ label: fix.title, edit });
  return applied
    ? undefined
    : `The editor did not take the edit, so nothing was changed${failureReason ? `: ${failureReason}` : "."}`;
}

/** A document may have been opened or closed between listing and clicking: then the text itself has to be the same. */
function isStale(stamp: Stamp, source: Source): boolean {
  const path = source.pathOf(stamp.uri);
  const now = path === undefined ? undefined : stampOf(source, path);
  return now === undefined || !isSameText(stamp, now);
}

/** True where a path of a repository has another text in the later source, or another version. */
export function hasChanged(path: string, before: Source, after: Source): boolean {
  const [then, now] = [stampOf(before, path), stampOf(after, path)];
  return then === undefined || now === undefined || !isSameText(then, now);
}

function isSameText(a: Stamp, b: Stamp): boolean {
  const isOtherVersion = a.version !== null && b.version !== null && a.version !== b.version;
  return !isOtherVersion && a.fingerprint === b.fingerprint;
}

function findAgain({ file, rule, span }: FixCommand, source: Source): Finding | undefined {
  const path = source.pathOf(file.uri);
  return analyze(source.file, source.context, source.settings).findings.find(
    (each) =>
      each.path === path && each.rule.id === rule && each.span.start === span.start && each.span.end === span.end,
  );
}

/** Asks until there are edits, or a reason why there are none. */
async function resolveAll(
  chosen: Fix,
  { connection, settings, runtime }: FixParts,
  allowedHosts: readonly string[],
  token: CancellationToken,
): Promise<EditFix | NoFix> {
  if ("edits" in chosen) return chosen;
  const resolver = runtime.resolver({ ...(await settings.http()), allowedHosts });
  const abort = new AbortController();
  const progress = await connection.window.createWorkDoneProgress();
  const cancellations = [token, progress.token].map((each) => each.onCancellationRequested(() => abort.abort()));
  progress.begin(chosen.title, undefined, undefined, true);
  try {
    return await follow(chosen, resolver, abort.signal);
  } finally {
    progress.done();
    for (const cancellation of cancellations) cancellation.dispose();
  }
}

async function follow(fix: Fix | NoFix, resolver: Resolver, signal: AbortSignal): Promise<EditFix | NoFix> {
  if (!("ask" in fix)) return fix;
  const answer = await resolver.resolve(fix.ask, { signal });
  if (signal.aborted) throw new Refusal("cancelled", "The fix was cancelled.");
  return follow(fix.next(answer), resolver, signal);
}

/** A notification rather than a request: nobody waits for the person to close the message. */
function tell(connection: Connection, type: MessageType, message: string): void {
  connection.sendNotification(ShowMessageNotification.type, { type, message });
}

function readFixCommand(argument: unknown): FixCommand {
  if (!isFixCommand(argument))
    throw new Error(`${APPLY_FIX} was called with wrong arguments: ${JSON.stringify(argument)}`);
  return argument;
}

function isFixCommand(value: unknown): value is FixCommand {
  if (!isRecord(value) || !isRecord(value.span)) return false;
  const numbers = [value.fix, value.span.start, value.span.end];
  return (
    numbers.every((each) => typeof each === "number") &&
    typeof value.rule === "string" &&
    isStamp(value.pipeline) &&
    isStamp(value.file)
  );
}

function isStamp(value: unknown): value is Stamp {
  return (
    isRecord(value) &&
    typeof value.uri === "string" &&
    typeof value.fingerprint === "number" &&
    (value.version === null || typeof value.version === "number")
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
