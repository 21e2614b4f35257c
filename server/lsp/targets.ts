import { analyze } from "../core/index.ts";
import type { PinTarget } from "../pins/pin-all.ts";
import { Refusal, type Resolver } from "../resolvers/resolver.ts";
import type { Session } from "./server.ts";
import type { Source } from "./source.ts";
import { uriKey } from "./uri.ts";

/** A CI file with what pinning it and verifying its pins needs. */
export interface Target extends PinTarget {
  readonly source: Source;
}

const OFF = "The setting pipewarden.network.enabled forbids to ask the network.";

/**
 * What is to be worked on: the CI file with that URI together with those that run it, or without a URI every CI file of the workspace
 * folders. Each resolver among them asks a git host once for all. Rejects where the person cancels.
 */
export async function findTargets(
  session: Session,
  uri: string | undefined,
  signal: AbortSignal,
): Promise<readonly Target[]> {
  const resolvers = await createResolvers(session);
  const targets: Target[] = [];
  for await (const each of uri === undefined ? everywhere(session) : around(session, uri)) {
    if (signal.aborted) throw new Refusal("cancelled", "Cancelled; nothing was changed.");
    const source = await session.sources.find(each);
    if (source === undefined) continue;
    const { file, context, settings, isExcluded } = source;
    if (analyze(file, context, settings).system === undefined) continue;
    const identify = (path: string) => uriKey(source.uriOf(path));
    targets.push({ source, file, context, settings, identify, isExcluded, resolver: resolvers(source) });
  }
  return targets;
}

async function* around({ sources, scan }: Session, uri: string): AsyncGenerator<string> {
  await scan.examined(uri);
  if (await sources.mayBePipeline(uri)) yield uri;
  yield* scan.reporters(uri).filter((each) => uriKey(each) !== uriKey(uri));
}

/**
 * The files of the workspace folders that may be CI files, each once, and the open documents that lie on no disk, such as untitled ones
 * and those of virtual folders. Without any folder, all that is open is the workspace.
 */
export async function* everywhere({ folders, runtime, settings, documents, sources }: Session): AsyncGenerator<string> {
  const seen = new Set<string>();
  for (const { uri } of documents.all()) {
    const isLoose = folders.size === 0 || !isOnDisk(uri);
    if (!isLoose || !(await sources.mayBePipeline(uri))) continue;
    seen.add(uriKey(uri));
    yield uri;
  }
  for (const folder of folders.values()) {
    const { core, scan } = await settings.for(folder);
    for await (const uri of runtime.files.discover(folder, undefined, core.globs, scan.ignored)) {
      if (!seen.has(uriKey(uri))) yield uri;
      seen.add(uriKey(uri));
    }
  }
}

/** What to add where too little was found, because folders lie on no disk: a sentence, or "". */
export function virtualNote({ folders }: Pick<Session, "folders">): string {
  const isVirtual = [...folders.values()].some((folder) => !isOnDisk(folder));
  return isVirtual ? " Of a virtual workspace Pipewarden sees only the documents that are open." : "";
}

function isOnDisk(uri: string): boolean {
  return /^file:/iu.test(uri);
}

/** One resolver for all sources with equal settings. */
async function createResolvers({ runtime, settings }: Session): Promise<(source: Source) => Resolver> {
  const http = await settings.http();
  const known = new Map<string, Resolver>();
  return ({ network: { enabled, allowedHosts } }) => {
    const key = JSON.stringify([enabled, allowedHosts]);
    const resolver = known.get(key) ?? (enabled ? runtime.resolver({ ...http, allowedHosts }) : FORBIDDEN);
    known.set(key, resolver);
    return resolver;
  };
}

const FORBIDDEN: Resolver = { resolve: () => Promise.reject(new Refusal("invalid", OFF)) };
