import { Refusal, type Resolver } from "../resolvers/resolver.ts";
import { type Configuration, configurationFile } from "../workspace/configuration.ts";

/** The resolver, or for a repository whose settings forbid the network one that refuses and says so. */
export function allowed(resolver: Resolver, { settings }: Configuration): Resolver {
  return settings.network?.enabled === false ? FORBIDDEN : resolver;
}

/** Throws where the person wants no network: what a command is for cannot be done then. */
export function checkOnline(command: string, isOffline: boolean): void {
  if (isOffline)
    throw new Refusal("invalid", `--offline forbids to ask the network, and ${command} can do nothing without it.`);
}

const FORBIDDEN: Resolver = {
  resolve: () =>
    Promise.reject(new Refusal("invalid", `network.enabled in ${configurationFile} forbids to ask the network.`)),
};
