import { createHash } from "node:crypto";
import type { ImageDigestAnswer, Question } from "../core/index.ts";
import { withDeadline } from "./deadline.ts";
import { type Credentials, findCredentials } from "./docker-credentials.ts";
import type { GitOptions } from "./git.ts";
import {
  type HttpOptions,
  type HttpRequest,
  type HttpResponse,
  httpRequest,
  statusRefusal,
  TIMEOUT_MS,
} from "./http.ts";
import { type RegistryImage, readImageName } from "./image-name.ts";
import { isRecord, member, parseJson, textMember } from "./json.ts";
import { authorizationFor, Declined, privateMessage, rateLimitMessage } from "./registry-auth.ts";
import { Refusal, type ResolveOptions } from "./resolver.ts";

type Options = HttpOptions & Pick<GitOptions, "storageFolder"> & ResolveOptions;

/**
 * The digest behind an image's tag, or the digest itself where its content is still there, by the registry's own API: of the index where the tag names one, so that every platform
 * stays what it is, else of the one manifest. Rejects with a {@link Refusal}.
 *
 * A registry is first asked as anybody may ask it. Only where it declines are the person's docker credentials looked for, so
 * that no credential helper runs for a public image. Each of the two tries has a time limit of its own.
 *
 * Source: the OCI distribution specification 1.1, "Pulling manifests", and the image specification's index and manifest.
 */
export async function answerImageDigest(
  question: Extract<Question, { kind: "imageDigest" }>,
  options: Options = {},
): Promise<ImageDigestAnswer> {
  const image = readImageName(question.image);
  const reach = image.isLoopback ? withLoopback(image, options) : options;
  try {
    return await tryDigest(image, undefined, reach);
  } catch (error) {
    if (!(error instanceof Declined)) throw error;
    const credentials = await credentialsAfter(error, image, options);
    if (credentials === undefined) throw error;
    return await tryDigest(image, credentials, reach);
  }
}

/** A registry of this machine, and a token server beside it, may be asked without https and although no address is public. */
function withLoopback(image: RegistryImage, options: Options): Options & Pick<HttpRequest, "plainHttpHosts"> {
  const hosts = ["localhost", "127.0.0.1", "[::1]", new URL(image.origin).hostname];
  return { ...options, allowedHosts: [...(options.allowedHosts ?? []), ...hosts], plainHttpHosts: hosts };
}

/** A failure to read credentials is the cause only where the registry said that it wants some. */
async function credentialsAfter(
  refusal: Declined,
  image: RegistryImage,
  options: Options,
): Promise<Credentials | undefined> {
  try {
    return await findCredentials(image, options);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw refusal.code === "authentication" || error.code === "cancelled" ? error : refusal;
  }
}

/** An index of a hundred platforms takes a fiftieth of it. */
const MAX_BYTES = 4 * 1024 * 1024;

function tryDigest(
  image: RegistryImage,
  credentials: Credentials | undefined,
  options: Options,
): Promise<ImageDigestAnswer> {
  const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES } = options;
  return withDeadline(manifestUrl(image, image.tag), timeoutMs, options.signal, (signal) =>
    readDigest(image, credentials, { ...options, maxBytes: Math.min(maxBytes, MAX_BYTES), signal }),
  );
}

/** Docker Hub counts GET against a person's limit and HEAD not, so GET is for what HEAD does not tell. */
async function readDigest(
  image: RegistryImage,
  credentials: Credentials | undefined,
  options: Options,
): Promise<ImageDigestAnswer> {
  const head = await ask({ image, credentials, method: "HEAD", reference: image.tag }, options);
  const announced = head.response.status === 200 ? digestHeader(head.response) : undefined;
  const kind = kindOf(head.response);
  if (announced !== undefined && kind === "manifest") {
    return { kind: "imageDigest", digest: announced, platforms: 1 };
  }
  // An index by its digest, where it is known: the tag may move between the two requests.
  const reference = (kind === "index" ? announced : undefined) ?? image.tag;
  const { response } = await ask({ ...head.asking, method: "GET", reference }, options);
  const platforms = countPlatforms(image, response);
  const digest = `sha256:${createHash("sha256").update(response.body).digest("hex")}`;
  const promised = reference === image.tag ? digestHeader(response) : reference;
  if (promised !== undefined && promised !== digest) {
    throw contentRefusal(image, "sent something else than the digest says that it announced.");
  }
  return { kind: "imageDigest", digest, platforms };
}

interface Asking {
  readonly image: RegistryImage;
  readonly credentials: Credentials | undefined;
  readonly method: "HEAD" | "GET";
  /** Tag or digest. */
  readonly reference: string;
  /** Value of the Authorization header, once the registry has asked for one. */
  readonly authorization?: string;
}

/**
 * Asks for a manifest, and again with an authorization where the registry wants one. The answer's status is 200, or one that
 * says that HEAD is not known.
 */
async function ask(
  asking: Asking,
  options: Options,
): Promise<{ readonly response: HttpResponse; readonly asking: Asking }> {
  const { image, credentials, method, reference, authorization } = asking;
  const response = await httpRequest(manifestUrl(image, reference), {
    ...options,
    method,
    headers: { Accept: ACCEPT, ...(authorization === undefined ? {} : { Authorization: authorization }) },
  });
  const challenge = authorization === undefined ? challengeOf(image, response) : undefined;
  if (challenge !== undefined) {
    const granted = await authorizationFor(challenge, image, credentials, options);
    return ask({ ...asking, authorization: granted }, options);
  }
  const unknownMethod = method === "HEAD" && [400, 405, 501].includes(response.status);
  if (response.status !== 200 && !unknownMethod) throw failure(asking, response);
  return { response, asking };
}

function manifestUrl({ origin, repository }: RegistryImage, reference: string): string {
  return `${origin}/v2/${repository}/manifests/${reference}`;
}

/** The registry's own challenge. That of a host which it redirected to must not get credentials. */
function challengeOf(image: RegistryImage, response: HttpResponse): string | undefined {
  const isOwn = new URL(response.finalUrl).origin === new URL(image.origin).origin;
  return response.status === 401 && isOwn ? response.headers["www-authenticate"] : undefined;
}

/** Where the registry never asked who is there, credentials could not be shown, so they cannot help. */
function failure({ image, credentials, authorization }: Asking, response: HttpResponse): Refusal {
  const Kind = authorization === undefined ? Refusal : Declined;
  const { registry, repository, tag } = image;
  switch (response.status) {
    case 401:
    case 403:
      return new Kind("authentication", privateMessage(image, credentials));
    case 404:
    case 410:
      return new Kind(
        "not-found",
        tag.includes(":")
          ? `${registry} has nothing in ${repository} under the digest ${tag}, or does not show it.`
          : `${registry} has no image ${repository} with the tag "${tag}", or does not show it.`,
      );
    case 429:
      return new Kind("status", rateLimitMessage(registry, response));
    default:
      return statusRefusal(manifestUrl(image, tag), response);
  }
}

function digestHeader(response: HttpResponse): string | undefined {
  const header = response.headers["docker-content-digest"];
  return typeof header === "string" && /^sha256:[0-9a-f]{64}$/u.test(header) ? header : undefined;
}

/** Media types of what a tag may name. */
const KINDS: Readonly<Record<string, "index" | "manifest" | "schema 1">> = {
  "application/vnd.oci.image.index.v1+json": "index",
  "application/vnd.docker.distribution.manifest.list.v2+json": "index",
  "application/vnd.oci.image.manifest.v1+json": "manifest",
  "application/vnd.docker.distribution.manifest.v2+json": "manifest",
  "application/vnd.docker.distribution.manifest.v1+json": "schema 1",
  "application/vnd.docker.distribution.manifest.v1+prettyjws": "schema 1",
};

const ACCEPT = Object.keys(KINDS)
  .filter((type) => KINDS[type] !== "schema 1")
  .join(", ");

function kindOf(response: HttpResponse): "index" | "manifest" | "schema 1" | undefined {
  const type = mediaType(response);
  return Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
}

function mediaType(response: HttpResponse): string {
  return (response.headers["content-type"] ?? "").replace(/\s*;.*$/su, "").toLowerCase();
}

/** How many platforms a manifest or an index stands for. Rejects everything else. */
function countPlatforms(image: RegistryImage, response: HttpResponse): number {
  const kind = kindOf(response);
  const content = parseJson(Buffer.from(response.body).toString("utf8"));
  if (response.body.length === 0) throw contentRefusal(image, "answered without content, so there is no digest.");
  if (kind === "schema 1" || (isRecord(content) && content.schemaVersion === 1)) {
    throw contentRefusal(
      image,
      "has it in the old schema 1 only, which container programs no longer pull; push the image again to renew it.",
    );
  }
  if (kind === undefined) throw contentRefusal(image, `answered with ${shownType(response)}, not with an image.`);
  if (!isRecord(content)) throw contentRefusal(image, "answered with something that is not the JSON of an image.");
  if (kind === "manifest") return 1;
  const platforms = new Set(platformsOf(content));
  if (platforms.size === 0) throw contentRefusal(image, "has an index under that name which lists no image.");
  return platforms.size;
}

function shownType(response: HttpResponse): string {
  const type = mediaType(response);
  if (type === "text/html") return "a web page";
  return /^[\w.+/-]{1,100}$/u.test(type) ? `content of the type ${type}` : "content of no known type";
}

/** One name for each platform of an index. Entries that say "unknown" hold attestations, as docker's buildx writes them. */
function platformsOf(index: Readonly<Record<string, unknown>>): string[] {
  const entries = Array.isArray(index.manifests) ? index.manifests.filter(isRecord) : [];
  return entries.flatMap((entry) => {
    const platform = member(entry, "platform");
    if (platform === undefined) return textMember(entry, "digest") ?? [];
    const parts = ["os", "os.version", "architecture", "variant"].map((part) => textMember(platform, part) ?? "");
    return parts.includes("unknown") ? [] : parts.join("/");
  });
}

function contentRefusal({ registry, repository, tag }: RegistryImage, what: string): Refusal {
  const separator = tag.includes(":") ? "@" : ":";
  return new Refusal("content", `Asked for ${repository}${separator}${tag}, ${registry} ${what}`);
}
