import type { Credentials } from "./docker-credentials.ts";
import { type HttpOptions, type HttpResponse, httpRequest, shownUrl, statusRefusal } from "./http.ts";
import type { RegistryImage } from "./image-name.ts";
import { parseJson, textMember } from "./json.ts";
import { Refusal, type ResolveOptions } from "./resolver.ts";

/** The refusal of a registry, or of its token server, that may answer somebody else: credentials may help. */
export class Declined extends Refusal {}

/**
 * The value of the Authorization header that a registry's challenge (the WWW-Authenticate header of its answer 401) asks for:
 * a token that its token server gives, to anybody where there are no credentials, or the user name and password themselves.
 * Rejects with a {@link Declined} or another {@link Refusal}.
 *
 * Credentials go to the registry and to the token server that it names itself, over https; over plain http only from one port
 * of this machine to another. The caller must not pass on the challenge of a host that the registry redirected to.
 *
 * Source: distribution's specifications of token authentication ("token", "scope" and "oauth"), RFC 7617, RFC 9110.
 */
export async function authorizationFor(
  challenge: string,
  image: RegistryImage,
  credentials: Credentials | undefined,
  options: HttpOptions & ResolveOptions,
): Promise<string> {
  const challenges = readChallenges(challenge);
  const bearer = challenges.get("bearer");
  if (bearer !== undefined) {
    if (credentials?.kind === "registryToken") return bearerHeader(credentials.token, image.registry);
    return askForToken(bearer, image, credentials, options);
  }
  if (!challenges.has("basic")) {
    throw new Refusal("authentication", `${image.registry} asks for a kind of login that is not known here.`);
  }
  if (credentials?.kind !== "password") throw new Declined("authentication", privateMessage(image, credentials));
  return basicHeader(credentials);
}

/** Says that a registry does not show an image. Registries do not tell whether such an image exists. */
export function privateMessage(image: RegistryImage, credentials: Credentials | undefined): string {
  const { registry, repository } = image;
  const login = registry === "docker.io" ? "docker login" : `docker login ${registry}`;
  return credentials === undefined
    ? `${registry} does not show ${repository} to everybody: it is private or does not exist. If it is yours, run "${login}" and try again.`
    : `${registry} does not show ${repository} with the credentials that docker has kept: it does not exist, or they are wrong, out of date or not meant for it. "${login}" renews them.`;
}

/** Says that a host limits requests, and until when as far as its Retry-After header tells (RFC 9110: seconds or a date). */
export function rateLimitMessage(host: string, response: HttpResponse): string {
  const header = response.headers["retry-after"] ?? "";
  const seconds = /^\d{1,9}$/u.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return `${host} limits the rate of requests and wants no more of them now; try again ${waitText(seconds)}.`;
}

function waitText(seconds: number): string {
  if (!(seconds > 0 && seconds < 7 * 24 * 3600)) return "later";
  const [size, unit] = seconds > 5400 ? [3600, "hour"] : seconds > 90 ? [60, "minute"] : [1, "second"];
  const count = Math.ceil(seconds / size);
  return `in ${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** Parameters of a challenge by their name in lower case. */
type ChallengeParameters = ReadonlyMap<string, string>;

/** A longer header is not a challenge. */
const MAX_CHALLENGE_CHARACTERS = 8192;

/** The challenges of a WWW-Authenticate header by their scheme in lower case; of several with one scheme the first. */
function readChallenges(header: string): ReadonlyMap<string, ChallengeParameters> {
  const challenges = new Map<string, Map<string, string>>();
  const parts = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))|([\w-]+)(?=[\s,]|$)/gsu;
  let current = new Map<string, string>();
  for (const [, name, quoted, plain, scheme] of header.slice(0, MAX_CHALLENGE_CHARACTERS).matchAll(parts)) {
    if (scheme !== undefined) {
      current = new Map();
      if (!challenges.has(scheme.toLowerCase())) challenges.set(scheme.toLowerCase(), current);
    } else if (name !== undefined) {
      current.set(name.toLowerCase(), quoted?.replace(/\\(.)/gsu, "$1") ?? plain ?? "");
    }
  }
  return challenges;
}

async function askForToken(
  bearer: ChallengeParameters,
  image: RegistryImage,
  credentials: Credentials | undefined,
  options: HttpOptions & ResolveOptions,
): Promise<string> {
  const realm = readRealm(bearer.get("realm") ?? "", image);
  const wanted = tokenParameters(bearer, image);
  const response =
    credentials?.kind === "identityToken"
      ? await exchangeToken(realm, wanted, credentials.token, options)
      : await fetchToken(realm, wanted, credentials, options);
  if (response.status !== 200) throw tokenRefusal(realm, response, image, credentials);
  const answer = parseJson(Buffer.from(response.body).toString("utf8"));
  return bearerHeader(textMember(answer, "token") ?? textMember(answer, "access_token"), realm.host);
}

function readRealm(text: string, image: RegistryImage): URL {
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  const plain = realm?.protocol === "http:" && image.isLoopback;
  if (realm === undefined || realm.username + realm.password !== "" || !(realm.protocol === "https:" || plain)) {
    const where = realm === undefined ? "something that is not an address" : shownUrl(realm);
    throw new Refusal(
      "redirect",
      `${image.registry} sends to ${where} for a token; only plain https is asked for one.`,
    );
  }
  return realm;
}

/** The scope is the registry's own, since some name theirs in another way than the specification does. */
function tokenParameters(bearer: ChallengeParameters, image: RegistryImage): URLSearchParams {
  const service = bearer.get("service");
  const scope = bearer.get("scope") || `repository:${image.repository}:pull`;
  return new URLSearchParams(service ? { service, scope } : { scope });
}

function fetchToken(
  realm: URL,
  wanted: URLSearchParams,
  credentials: Credentials | undefined,
  options: HttpOptions & ResolveOptions,
): Promise<HttpResponse> {
  const url = new URL(realm);
  for (const [name, value] of wanted) url.searchParams.append(name, value);
  const headers: Record<string, string> =
    credentials?.kind === "password" ? { Authorization: basicHeader(credentials) } : {};
  return httpRequest(url.href, { ...options, headers });
}

function exchangeToken(
  realm: URL,
  wanted: URLSearchParams,
  token: string,
  options: HttpOptions & ResolveOptions,
): Promise<HttpResponse> {
  const grant = { grant_type: "refresh_token", client_id: "pipewarden", refresh_token: token };
  return httpRequest(realm.href, {
    ...options,
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams([...Object.entries(grant), ...wanted]).toString(),
  });
}

function tokenRefusal(
  realm: URL,
  response: HttpResponse,
  image: RegistryImage,
  credentials: Credentials | undefined,
): Refusal {
  // RFC 6749 answers 400 to a refresh token that is no longer good.
  const unwelcome = [401, 403].includes(response.status) || (response.status === 400 && credentials !== undefined);
  if (unwelcome) return new Declined("authentication", privateMessage(image, credentials));
  if (response.status === 429) return new Declined("status", rateLimitMessage(realm.host, response));
  return statusRefusal(realm.href, response);
}

/** A token becomes a header, so it must consist of visible characters. */
function bearerHeader(token: string | undefined, host: string): string {
  if (token === undefined || !/^[\x21-\x7e]{1,65536}$/u.test(token)) {
    throw new Refusal("content", `${host} gave no token that could be shown to the registry.`);
  }
  return `Bearer ${token}`;
}

function basicHeader({ username, password }: Extract<Credentials, { kind: "password" }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
