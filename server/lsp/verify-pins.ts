import {
  type CancellationToken,
  type Connection,
  MessageType,
  type Range,
  ShowMessageNotification,
} from "vscode-languageserver";
import { objectionTo, pinsOf } from "../core/index.ts";
import { verifyLines, verifySummary } from "../pins/report.ts";
import { isChange, type PinUpdate, type Verdict, type VerifiedPin, verifyPins as verifyAll } from "../pins/verify.ts";
import { Refusal } from "../resolvers/resolver.ts";
import { toRange, toWorkspaceEdit } from "./convert.ts";
import { withProgress } from "./progress.ts";
import type { Session } from "./server.ts";
import { findTargets, type Target, virtualNote } from "./targets.ts";
import { uriKey } from "./uri.ts";

/** Asks again about every pin of the workspace folders, or of the file whose URI is its argument. Returns {@link ChangedPin}s. */
export const VERIFY_PINS = "pipewarden.verifyPins";

/** Makes a pin fit what {@link VERIFY_PINS} found. Its one argument is the `update` of a {@link ChangedPin}. */
export const UPDATE_PIN = "pipewarden.updatePin";

/** Request of a client: the text of a script that was pinned or verified, `{ sha256 }` in hex, or the longer digest of SHA-384 or SHA-512; `null` where it is not kept. */
export const SCRIPT_TEXT = "pipewarden/scriptText";

/** A pin that is not as it was, for a client that lists them. */
export interface ChangedPin {
  readonly uri: string;
  readonly range: Range;
  /** "actions/checkout", "node:22", an address. */
  readonly subject: string;
  readonly verdict: Verdict;
  readonly message: string;
  /** The SHA-256 under which {@link SCRIPT_TEXT} gives the text that was pinned, and today's. */
  readonly texts?: { readonly before?: string; readonly after: string };
  readonly update?: UpdateCommand;
}

/** The argument of {@link UPDATE_PIN}: which pin it is, and what it becomes. The file may have changed around it meanwhile. */
export interface UpdateCommand extends PinUpdate {
  /** URI of the CI file in which the pin was found. */
  readonly pipeline: string;
  /** URI of the file that it stands in. */
  readonly uri: string;
  readonly subject: string;
  /** The pin as it was. */
  readonly expected: string;
}

const UNTRUSTED =
  "Verifying pins has to ask the network, which Pipewarden does in trusted workspaces only. Trust this workspace and try again.";
const BROKEN = "Verifying the pins failed because of an error in Pipewarden. The output has the details.";
const GONE = "The pin is no longer there, so nothing was changed. Verify the pins again.";
/** Verifies, says in a message how it stands and in the output what is the matter with each pin. */
export async function verifyPins(
  argument: unknown,
  session: Session,
  isTrusted: boolean,
  token: CancellationToken,
): Promise<readonly ChangedPin[]> {
  const { connection, scripts, pinMemory } = session;
  try {
    if (!isTrusted) {
      tell(connection, MessageType.Warning, UNTRUSTED);
      return [];
    }
    const uri = typeof argument === "string" ? argument : undefined;
    const { pins, targets } = await withProgress(connection, "Verifying pins", token, async (signal, onProgress) => {
      const found = await findTargets(session, uri, signal);
      return { targets: found, pins: await verifyAll(found, { signal, scripts, onProgress }) };
    });
    await pinMemory.note(pins, new Date().toISOString().slice(0, "YYYY-MM-DD".length));
    const uris = new Map(targets.map(({ source }) => [uriKey(source.uri), source.uri]));
    const lines = verifyLines(pins, ({ id }) => uris.get(id) ?? id);
    connection.console.info([verifySummary(pins), ...lines].join("\n"));
    const changed = pins.filter(({ verdict }) => isChange(verdict));
    const note = uri === undefined ? virtualNote(session) : "";
    const isFine = pins.every(({ verdict }) => verdict !== "unanswered" && !isChange(verdict));
    const where = isFine ? "" : " The output of Pipewarden says more.";
    tell(connection, isFine ? MessageType.Info : MessageType.Warning, `${verifySummary(pins)}${where}${note}`);
    return changed.flatMap((pin) => toChangedPin(pin, targets));
  } catch (error) {
    if (error instanceof Refusal) {
      if (error.code !== "cancelled") tell(connection, MessageType.Error, error.message);
      return [];
    }
    tell(connection, MessageType.Error, BROKEN);
    throw error;
  }
}

/** Applies an update as one edit, everywhere in its file where the same is pinned, unless a new finding would come. Asks nobody. */
export async function updatePin(argument: unknown, { connection, sources, client }: Session): Promise<void> {
  const { pipeline, uri, subject, expected, to, label, title } = readUpdate(argument);
  const source = await sources.find(pipeline);
  const path = source?.pathOf(uri);
  if (source === undefined || path === undefined) return tell(connection, MessageType.Warning, GONE);
  const pins = pinsOf(source.file, source.context).filter(
    (pin) => pin.path === path && pin.subject === subject && pin.expected === expected,
  );
  const edits = pins.flatMap((pin) => pin.update(to, label) ?? []);
  if (edits.length === 0) return tell(connection, MessageType.Warning, GONE);
  const against = objectionTo(source.file, edits, source.context, source.settings);
  if (against !== undefined) return tell(connection, MessageType.Warning, against);
  const edit = toWorkspaceEdit(edits, source, client.documentChanges);
  const { applied, failureReason } = await connection.workspace.applyEdit({ label: title, edit });
  if (!applied) {
    const reason = failureReason ? `: ${failureReason}` : ".";
    tell(connection, MessageType.Warning, `The editor did not take the edit, so nothing was changed${reason}`);
  }
}

/** The text of a script, for a client that shows differences; `null` where it is not kept. */
export async function scriptText(params: unknown, { scripts }: Session): Promise<string | null> {
  const sha256 = isRecord(params) ? params.sha256 : undefined;
  return typeof sha256 === "string" && /^(?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/.test(sha256)
    ? ((await scripts.read(sha256)) ?? null)
    : null;
}

function toChangedPin(verified: VerifiedPin, targets: readonly Target[]): readonly ChangedPin[] {
  const { pin, verdict, message, texts, now, update } = verified;
  const source = targets.find((each) => each === verified.target)?.source;
  const document = source?.documentAt(pin.path);
  if (source === undefined || document === undefined) return [];
  const { subject, expected } = pin;
  const { uri } = document;
  const before = texts?.before === undefined ? {} : { before: expected };
  return [
    {
      uri,
      range: toRange(pin.span, document),
      subject,
      verdict,
      message,
      ...(texts === undefined || now === undefined ? {} : { texts: { ...before, after: now } }),
      ...(update === undefined ? {} : { update: { ...update, pipeline: source.uri, uri, subject, expected } }),
    },
  ];
}

/** A notification rather than a request: nobody waits for the person to close the message. */
function tell(connection: Connection, type: MessageType, message: string): void {
  connection.sendNotification(ShowMessageNotification.type, { type, message });
}

function readUpdate(argument: unknown): UpdateCommand {
  if (!isUpdate(argument))
    throw new Error(`${UPDATE_PIN} was called with wrong arguments: ${JSON.stringify(argument)}`);
  return argument;
}

function isUpdate(value: unknown): value is UpdateCommand {
  if (!isRecord(value) || !["string", "undefined"].includes(typeof value.label)) return false;
  const texts = [value.title, value.pipeline, value.uri, value.subject, value.expected, value.to];
  return texts.every((each) => typeof each === "string");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
