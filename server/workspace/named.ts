import { dirname, join } from "node:path";
import { mergeSettings, type Settings, systemNamed } from "../core/index.ts";
import { readConfiguration } from "./configuration.ts";
import type { PathTest } from "./globs.ts";
import { createRepositories, type Repositories } from "./repository.ts";

/** Patterns of files by the id of the CI system that they belong to. */
export type Globs = Settings["globs"];

/**
 * A test for files, by their absolute paths, that settings give to a CI system: those of the person, and of the repository around the
 * file, which win. It keeps what it has read of repositories, so that a change needs a new one.
 */
export function createNamedTest(person: Globs, repositories: Repositories = createRepositories()): PathTest {
  const own = { rules: {}, ...(person !== undefined && { globs: person }) };
  const inRepository = remembering((root) => {
    const globs = mergeSettings(own, readConfiguration(root).settings).globs ?? {};
    return { globs: Object.values(globs).some((patterns) => patterns.length > 0) ? globs : undefined };
  });
  // Most files lie where no settings speak of any, and a walk asks about each of them.
  const inFolder = remembering((folder) => inRepository(repositories.repositoryOf(join(folder, "x")).root));
  return (file) => {
    const { globs } = inFolder(dirname(file));
    return globs !== undefined && systemNamed(repositories.repositoryOf(file).path, globs) !== undefined;
  };
}

function remembering<V extends object>(make: (key: string) => V): (key: string) => V {
  const known = new Map<string, V>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}
