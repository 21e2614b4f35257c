import { createHash } from "node:crypto";
import { DEFAULT_SETTINGS, EMPTY_CONTEXT } from "../../server/core/index.ts";
import type { PinTarget } from "../../server/pins/pin-all.ts";
import type { NetworkOptions } from "../../server/resolvers/network.ts";
import { createResolver } from "../../server/resolvers/network.ts";
import type { Resolver } from "../../server/resolvers/resolver.ts";
import { createGitHost, type GitHost, type TestRepository } from "../support/git-host.ts";
import { answers, startNetwork, type TestNetwork } from "../support/network.ts";
import { imageIndex, imageManifest, registrySite } from "../support/registry.ts";

/** An internet with one of each thing that a pipeline refers to. */
export interface World {
  readonly network: TestNetwork;
  readonly host: GitHost;
  /** acme/tool on github.com: v1.0.0 on the first commit, v4, v4.2 and v4.2.2 on the second, main on the third. */
  readonly tool: TestRepository;
  readonly commits: readonly [string, string, string];
  /** What get.example.com/install.sh and raw.githubusercontent.com serve. */
  readonly script: string;
  /** Digest of node:22 on Docker Hub and ghcr.io/acme/lint:v2. */
  readonly digest: string;
  /** A resolver of this world. It waits as long as the real one: a busy machine is no misbehaving server. */
  resolver(options?: NetworkOptions): Resolver;
  /** The same, but it soon gives up on scripts, for servers that never answer. */
  impatientResolver(): Resolver;
}

export const index = imageIndex({ "linux/amd64": imageManifest("amd64"), "linux/arm64/v8": imageManifest("arm64") });
export const otherIndex = imageIndex({ "linux/amd64": imageManifest("amd64, later") });

/** Starts a world before the tests of the suite it is called in, sets it right before each, and ends it. */
export function useWorld(): () => World {
  const started: { world?: World } = {};
  before(async () => {
    started.world = await startWorld();
  });
  beforeEach(() => {
    const { network, host, tool, commits, script } = started.world ?? raise();
    network.forget();
    network.site("github.com", host.handler);
    network.site("registry-1.docker.io", registrySite({ "library/node:22": index }));
    network.site("ghcr.io", registrySite({ "acme/lint:v2": index }));
    network.site("get.example.com", answers.text(script));
    network.site("raw.githubusercontent.com", answers.text(script));
    for (const tag of ["v4", "v4.2", "v4.2.2"]) tool.annotatedTag(tag, commits[1]);
  });
  after(async () => {
    await started.world?.network.close();
    started.world?.host.close();
  });
  return () => started.world ?? raise();
}

async function startWorld(): Promise<World> {
  const network = await startNetwork();
  const host = createGitHost();
  const tool = host.repository("acme/tool");
  const commits = [tool.commit("one"), tool.commit("two"), tool.commit("three")] as const;
  tool.tag("v1.0.0", commits[0]);
  tool.branch("main", commits[2]);
  const resolver = (options: NetworkOptions = {}) =>
    createResolver({ env: { ...network.env, PATH: process.env.PATH }, ...options });
  return {
    network,
    host,
    tool,
    commits,
    script: "#!/bin/sh\necho installed\n",
    digest: index.digest,
    resolver,
    impatientResolver: () => {
      const [patient, impatient] = [resolver(), resolver({ timeoutMs: 500 })];
      return {
        resolve: (question, options) =>
          (question.kind === "scriptHash" ? impatient : patient).resolve(question, options),
      };
    },
  };
}

/** A file that stands alone, to be pinned. */
export function targetOf(text: string, resolver: Resolver, path = ".github/workflows/ci.yml"): PinTarget {
  return {
    file: { path, text },
    context: EMPTY_CONTEXT,
    settings: DEFAULT_SETTINGS,
    resolver,
    identify: (each) => each,
    isExcluded: () => false,
  };
}

/** A workflow whose one job has these steps, each a line of YAML. */
export function workflow(...steps: readonly string[]): string {
  return ["on: push", "jobs:", "  test:", "    runs-on: ubuntu-24.04", "    steps:", ...steps.map(step), ""].join("\n");
}

function step(line: string): string {
  return `      - ${line}`;
}

/** SHA-256 in hex. */
export function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

function raise(): never {
  throw new Error("the world has not been started");
}
