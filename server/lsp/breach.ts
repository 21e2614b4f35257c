import { type CancellationToken, MessageType, ShowMessageNotification } from "vscode-languageserver";
import { type Block, type PlaceNames, toMarkdown } from "../breach/document.ts";
import { drillReport } from "../breach/drill-report.ts";
import { type CodeFile, type Inventory, type Spot, takeInventory } from "../breach/inventory.ts";
import { secretsReport } from "../breach/secrets-report.ts";
import { breachDrill, type KnownParty, lossesOf, partiesOf, readParty } from "../core/index.ts";
import { Refusal } from "../resolvers/resolver.ts";
import { withProgress } from "./progress.ts";
import type { Session } from "./server.ts";
import { everywhere, virtualNote } from "./targets.ts";
import { pathBelow, pathOf, rootOf } from "./uri.ts";

/** Request of a client: the parties that code of the workspace comes from, {@link KnownParty}s; `null` where there are none to tell. */
const PARTIES = "pipewarden/parties";

/**
 * Request of a client: what would have happened if `{ party }` had been altered, as a {@link ReportDocument}; `null` where there is none.
 * With `base`, the URI of a folder, links are paths that start there, as viewers of Markdown have them; else they are URIs.
 */
const BREACH_DRILL = "pipewarden/breachDrill";

/** Request of a client: which code reaches which secret, as a {@link ReportDocument}. Its parameter is `{ base }` as above. */
const SECRETS_MAP = "pipewarden/secretsMap";

/** A report that a client shows to a person. */
export interface ReportDocument {
  readonly title: string;
  readonly markdown: string;
}

const NO_FILES = "There is nothing to play through: no CI file was found in the workspace.";
const NOBODY =
  "A breach drill needs to know who was altered: a host, an owner, an action, an image, a package or an address.";
const BROKEN = "The report failed because of an error in Pipewarden. The output has the details.";

/** Answers the three requests. They ask no network, so they need no trust. */
export function serveBreach(session: Session): void {
  const { connection, guard } = session;
  connection.onRequest(PARTIES, (_: unknown, token: CancellationToken) =>
    guard("list the parties", null, () =>
      ask(session, "Looking for whose code runs", token, ({ steps }): readonly KnownParty[] => partiesOf(steps)),
    ),
  );
  connection.onRequest(BREACH_DRILL, (params: unknown, token: CancellationToken) =>
    guard("play through a breach", null, async () => {
      const party = readParty(textIn(params, "party") ?? "");
      if (party === undefined) return tell(session, MessageType.Warning, NOBODY);
      return ask(session, "Playing through a breach", token, ({ steps }) => {
        const drill = breachDrill(party, steps, ({ repository }) => repository);
        return report(session, `Breach drill ${party.text}`, drillReport(drill), params);
      });
    }),
  );
  connection.onRequest(SECRETS_MAP, (params: unknown, token: CancellationToken) =>
    guard("map the secrets", null, () =>
      ask(session, "Looking for what reaches which secret", token, ({ steps }) => {
        const secrets = lossesOf(steps, ({ repository }) => repository);
        return report(session, "Map of secrets", secretsReport(secrets, steps, "secret"), params);
      }),
    ),
  );
}

/** What the code of the workspace comes to; `null` where there is none, or where the person cancels. */
async function ask<T>(
  session: Session,
  title: string,
  token: CancellationToken,
  answer: (inventory: Inventory) => T,
): Promise<T | null> {
  try {
    const inventory = await withProgress(session.connection, title, token, async (signal, onProgress) => {
      const uris: string[] = [];
      for await (const uri of everywhere(session)) {
        if (signal.aborted) throw new Refusal("cancelled", "Cancelled.");
        uris.push(uri);
      }
      const state = { done: 0 };
      async function* files(): AsyncGenerator<CodeFile> {
        for (const uri of uris) {
          const file = await codeFile(session, uri);
          if (file !== undefined) yield file;
          onProgress(++state.done, uris.length);
        }
      }
      return takeInventory(files(), { signal });
    });
    return inventory.ciFiles === 0
      ? tell(session, MessageType.Warning, `${NO_FILES}${virtualNote(session)}`)
      : answer(inventory);
  } catch (error) {
    if (error instanceof Refusal && error.code === "cancelled") return null;
    tell(session, MessageType.Error, BROKEN);
    throw error;
  }
}

async function codeFile({ sources }: Session, uri: string): Promise<CodeFile | undefined> {
  const source = await sources.find(uri);
  if (source === undefined) return undefined;
  const { file, context, uriOf } = source;
  return { file, context, repository: uriOf(""), identify: uriOf };
}

function report(session: Session, title: string, blocks: readonly Block[], params: unknown): ReportDocument {
  return { title, markdown: toMarkdown(blocks, placeNames(session, textIn(params, "base"))) };
}

/** Files by their path from their workspace folder, and with several folders with the folder's name in front. */
function placeNames({ folders }: Session, base: string | undefined): PlaceNames {
  const roots = [...folders.values()];
  return {
    shown: ({ id }) => {
      for (const folder of roots) {
        const path = pathBelow(withSlash(folder), id);
        if (path !== undefined) return roots.length === 1 ? path : `${pathOf(folder).replace(/^.*\//s, "")}/${path}`;
      }
      return pathOf(id);
    },
    link: (spot) => (base === undefined ? addressOf(spot) : fromBase(base, spot)),
  };
}

function withSlash(folder: string): string {
  return folder.endsWith("/") ? folder : `${folder}/`;
}

function addressOf({ id, line, column }: Spot): string {
  return `${id}#L${line},${column}`;
}

/** The way from a folder to a spot, through the folders above it where that has to be. Another machine's spot keeps its address. */
function fromBase(base: string, spot: Spot): string {
  if (rootOf(base) !== rootOf(spot.id)) return addressOf(spot);
  const [from, to] = [pathOf(withSlash(base)).split("/").slice(0, -1), pathOf(spot.id).split("/")];
  const different = to.findIndex((part, index) => part !== from[index]);
  const common = different < 0 ? to.length - 1 : different;
  const way = [...from.slice(common).map(() => ".."), ...to.slice(common).map(encodeURIComponent)];
  return `/${way.join("/")}#L${spot.line},${spot.column}`;
}

/** A notification rather than a request: nobody waits for the person to close the message. */
function tell({ connection }: Session, type: MessageType, message: string): null {
  connection.sendNotification(ShowMessageNotification.type, { type, message });
  return null;
}

function textIn(params: unknown, key: string): string | undefined {
  const value = typeof params === "object" && params !== null ? Reflect.get(params, key) : undefined;
  return typeof value === "string" ? value : undefined;
}
