import { Refusal } from "./resolver.ts";

/** An image as its registry knows it. */
export interface RegistryImage {
  /** The registry as people and docker name it, in lower case: "docker.io", "ghcr.io", "localhost:5000". */
  readonly registry: string;
  /** Where its API lies, such as "https://registry-1.docker.io". */
  readonly origin: string;
  /** Path of the repository in the registry, such as "library/node". */
  readonly repository: string;
  /** Of a reference by digest, "sha256:" and 64 hex digits. */
  readonly tag: string;
  /** True for a registry on this machine, the only kind that is asked over plain http. */
  readonly isLoopback: boolean;
}

/**
 * Reads `[registry[:port]/]path[:tag]` and `[registry[:port]/]path@sha256:…`. A {@link Refusal} is thrown for anything else, so that
 * nothing can be smuggled into an address. Source of the grammar: the OCI distribution specification, "Pulling manifests"; of Docker Hub's short names and of
 * what makes a first part a registry: docker's own reference package.
 */
export function readImageName(text: string): RegistryImage {
  const [, plain = text, digest] = /^(.*)@(sha256:[0-9a-f]{64})$/su.exec(text) ?? [];
  const [, untagged = "", tag = "latest"] = /^(.*?)(?::([^/:]*))?$/su.exec(plain) ?? [];
  const name = digest === undefined ? untagged : plain;
  const [first = "", ...others] = name.split("/");
  const isHost = others.length > 0 && (/[.:A-Z]/u.test(first) || first === "localhost");
  const registry = isHost ? first.toLowerCase() : HUB;
  const path = isHost ? others : [first, ...others];
  const valid = text.length <= MAX_LENGTH && HOST.test(registry) && path.every(isPathPart) && TAG.test(tag);
  const image = valid ? imageAt(registry, path, digest ?? tag) : undefined;
  if (image === undefined || !URL.canParse(image.origin)) {
    throw new Refusal("invalid", "The image is not a name that a registry accepts, so nothing was asked.");
  }
  return image;
}

/** How docker names its Hub in references. */
const HUB = "docker.io";

/** 255 for host and path, 128 for the tag, and a colon. */
const MAX_LENGTH = 384;

const HOST = /^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/u;

const TAG = /^\w[\w.-]{0,127}$/u;

function isPathPart(part: string): boolean {
  return /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/u.test(part);
}

function imageAt(host: string, path: readonly string[], tag: string): RegistryImage {
  const repository = path.join("/");
  if (host === HUB || host === "index.docker.io") {
    const full = path.length === 1 ? `library/${repository}` : repository;
    return { registry: HUB, origin: "https://registry-1.docker.io", repository: full, tag, isLoopback: false };
  }
  const isLoopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/u.test(host);
  return { registry: host, origin: `${isLoopback ? "http" : "https"}://${host}`, repository, tag, isLoopback };
}
