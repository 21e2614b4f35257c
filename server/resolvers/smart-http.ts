import { type HttpOptions, type HttpResponse, httpRequest, statusRefusal } from "./http.ts";
import {
  addRef,
  MAX_REF_BYTES,
  missingRepositoryRefusal,
  notARepositoryRefusal,
  privateRepositoryRefusal,
  type RemoteRef,
  type RemoteRefs,
} from "./refs.ts";
import type { Refusal, ResolveOptions } from "./resolver.ts";

/**
 * The references of a repository by git's smart HTTP protocol, version 0 (gitprotocol-http, gitprotocol-pack), for machines
 * without git. Everything the host shows is listed. No credentials are sent. Rejects with a {@link Refusal}.
 */
export async function listOverHttp(repository: URL, options: HttpOptions & ResolveOptions): Promise<RemoteRefs> {
  const url = new URL(`${repository.href}/info/refs?service=git-upload-pack`);
  const response = await httpRequest(url.href, {
    ...options,
    maxBytes: MAX_REF_BYTES,
    allowedHosts: [...(options.allowedHosts ?? []), repository.hostname],
  });
  if (response.status !== 200) throw repositoryRefusal(repository, response);
  if (!/^application\/x-git-upload-pack-advertisement\b/iu.test(response.headers["content-type"] ?? "")) {
    throw notARepositoryRefusal(repository);
  }
  return readAdvertisement(repository, Buffer.from(response.body));
}

function repositoryRefusal(repository: URL, response: HttpResponse): Refusal {
  if (response.status === 401 || response.status === 403) return privateRepositoryRefusal(repository);
  if (response.status === 404 || response.status === 410) return missingRepositoryRefusal(repository);
  return statusRefusal(repository.href, response);
}

function readAdvertisement(repository: URL, body: Buffer): RemoteRefs {
  const refs = new Map<string, RemoteRef>();
  for (const line of packetLines(repository, body)) {
    if (line.startsWith("ERR ")) throw missingRepositoryRefusal(repository);
    const [, id, name] = /^([0-9a-f]{40}|[0-9a-f]{64}) ([^\0\n]+)/u.exec(line) ?? [];
    if (id !== undefined && name !== undefined && name !== "capabilities^{}") addRef(refs, id, name);
  }
  return refs;
}

/** Packets begin with their own length in four hex digits; lengths below four are marks without content. */
function* packetLines(repository: URL, body: Buffer): Generator<string> {
  let offset = 0;
  while (offset < body.length) {
    const digits = body.toString("latin1", offset, offset + 4);
    const length = /^[0-9a-f]{4}$/iu.test(digits) ? Number.parseInt(digits, 16) : -1;
    if (length < 0 || offset + length > body.length) throw notARepositoryRefusal(repository);
    if (length > 4) yield body.toString("utf8", offset + 4, offset + length);
    offset += Math.max(length, 4);
  }
}
